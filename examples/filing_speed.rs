//! How fast a filing becomes observations: `filing_speed FILE... [rows|aside]`.
//!
//! Prints the best of some runs in MB/s; with `rows` or `aside` at the end, what was read instead.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads and writes for itself"
)]

use std::time::Instant;

use anyhow::Context;
use chipcast::ingest::edgar::ixbrl;
use chipcast::ingest::{Filing, Raw};

const N_RUNS: u32 = 30;

fn main() -> anyhow::Result<()> {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let what = names.pop_if(|last| last == "rows" || last == "aside").unwrap_or_default();
    for name in names {
        let bytes = std::fs::read(&name).with_context(|| format!("cannot read `{name}`"))?;
        let today = "2026-11-23".parse()?;
        // Company and form come from the document; no day of filing is needed to measure.
        let filing = Filing {
            cik: 0,
            accession: String::new(),
            form: String::new(),
            items: Vec::new(),
            filed: today,
            report_end: None,
        };
        let raw = Raw { filing: Some(filing), ..Raw::new(name.as_str(), bytes, today) };
        show(&raw, &what)?;
    }
    Ok(())
}

fn show(raw: &Raw, what: &str) -> anyhow::Result<()> {
    let parsed = ixbrl::parse(raw, "filer")?;
    match what {
        "rows" => {
            for row in &parsed.observations {
                println!("{},{},{},{}", row.series, row.period, row.value, row.locator);
            }
        }
        "aside" => {
            for row in &parsed.set_aside {
                let period = row.period.map_or(String::new(), |period| period.to_string());
                println!("{}|{period}|{}|{}", row.series, row.locator, row.reason);
            }
        }
        _ => {
            let best = (0..N_RUNS)
                .map(|_| {
                    let start = Instant::now();
                    std::hint::black_box(ixbrl::parse(raw, "filer")).map(|_| start.elapsed())
                })
                .collect::<chipcast::Result<Vec<_>>>()?
                .into_iter()
                .min()
                .context("no run")?;
            #[expect(clippy::cast_precision_loss, reason = "a file is smaller than 2^52 bytes")]
            let megabytes = raw.bytes.len() as f64 / 1e6;
            println!(
                "{}: {:.0} MB/s ({megabytes:.2} MB in {:.2} ms; {} observations, {} set aside)",
                raw.name,
                megabytes / best.as_secs_f64(),
                best.as_secs_f64() * 1e3,
                parsed.observations.len(),
                parsed.set_aside.len(),
            );
        }
    }
    Ok(())
}
