//! How fast companyfacts become observations: `companyfacts_speed FILE [rows|aside]`.
//!
//! Prints the best of some runs in MB/s; with `rows` or `aside`, what was read instead.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads and writes for itself"
)]

use std::time::Instant;

use anyhow::Context;
use chipcast::ingest::{Raw, edgar};

const N_RUNS: u32 = 50;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let name = args.next().context("needed is the path of a companyfacts file")?;
    let bytes = std::fs::read(&name).with_context(|| format!("cannot read `{name}`"))?;
    let retrieved_at = "2026-09-24".parse()?;
    let raw = Raw::new(name, bytes, retrieved_at);
    let parsed = edgar::parse(&raw)?;
    match args.next().as_deref() {
        Some("rows") => {
            for row in &parsed.observations {
                let (p, s) = (row.period, &row.series);
                println!(
                    "{s},{},{},{},{},{},{}",
                    p.start(),
                    p.end(),
                    row.value,
                    row.vintage,
                    row.source,
                    row.locator
                );
            }
        }
        Some("aside") => {
            for row in &parsed.set_aside {
                let period = row.period.map_or(String::new(), |period| period.to_string());
                println!("{}|{period}|{}|{}", row.series, row.locator, row.reason);
            }
        }
        _ => {
            let best = (0..N_RUNS)
                .map(|_| {
                    let start = Instant::now();
                    std::hint::black_box(edgar::parse(&raw)).map(|_| start.elapsed())
                })
                .collect::<chipcast::Result<Vec<_>>>()?
                .into_iter()
                .min()
                .context("no run")?;
            #[expect(clippy::cast_precision_loss, reason = "a file is smaller than 2^52 bytes")]
            let megabytes = raw.bytes.len() as f64 / 1e6;
            println!(
                "{:.0} MB/s ({megabytes:.2} MB in {:.2} ms; {} observations, {} set aside, read through {:?})",
                megabytes / best.as_secs_f64(),
                best.as_secs_f64() * 1e3,
                parsed.observations.len(),
                parsed.set_aside.len(),
                parsed.read_through
            );
        }
    }
    Ok(())
}
