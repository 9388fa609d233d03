//! An archive of SEC's shape with made-up values, in the store's own segments:
//! `made_up_archive DIR ROWS by-company|by-day`.
//!
//! Companies of 500 concepts x 60 quarters (30,000 rows) each, `c0000001.concept_001` and so on. `by-company` is what
//! a bulk load leaves: full segments, each of few companies. `by-day` is what a load a day leaves: a
//! segment or more for each of 60 filing days, each with every company. Rows go through `Store::lock` and
//! `Locked::commit` as an ingest's do; what an ingest does before (reading, checking against what is held)
//! is left out.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads the clock and prints"
)]

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use chipcast::archive::Batch;
use chipcast::observation::{Observation, VintageBasis};
use chipcast::period::Period;
use chipcast::series::SeriesId;
use chipcast::store::Store;
use chipcast::units::Unit;
use chrono::{Days, NaiveDate};

const N_CONCEPTS: usize = 500;
const N_QUARTERS: usize = 60;
const ROWS_A_COMPANY: usize = N_CONCEPTS * N_QUARTERS;
/// Rows of one commit.
const ROWS_A_BATCH: usize = 250_000;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, n_rows, layout] = arguments.as_slice() else {
        anyhow::bail!("needed are a folder, a number of rows and a layout");
    };
    let n_companies = n_rows.parse::<usize>()?.div_ceil(ROWS_A_COMPANY);
    let quarters = quarters()?;
    let store = Store::at(Path::new(folder))?;
    anyhow::ensure!(!store.exists(), "`{folder}` holds an archive already");
    let start = Instant::now();
    let last = quarters[N_QUARTERS - 1].end() + Days::new(60);
    let mut writer = Writer { store, rows: Vec::new(), known_through: last };
    match layout.as_str() {
        "by-company" => {
            for company in 0..n_companies {
                for concept in 0..N_CONCEPTS {
                    for (quarter, period) in quarters.iter().enumerate() {
                        writer.push(row(company, concept, quarter, *period)?)?;
                    }
                }
            }
        }
        "by-day" => {
            for (quarter, period) in quarters.iter().enumerate() {
                for company in 0..n_companies {
                    for concept in 0..N_CONCEPTS {
                        writer.push(row(company, concept, quarter, *period)?)?;
                    }
                }
                writer.flush()?;
            }
        }
        other => anyhow::bail!("no layout `{other}`"),
    }
    writer.flush()?;
    println!(
        "{} rows, {n_companies} companies, {:.3} s",
        n_companies * ROWS_A_COMPANY,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

struct Writer {
    store: Store,
    rows: Vec<Observation>,
    known_through: NaiveDate,
}

impl Writer {
    fn push(&mut self, row: Observation) -> anyhow::Result<()> {
        self.rows.push(row);
        if self.rows.len() >= ROWS_A_BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        if !self.rows.is_empty() {
            let observations = std::mem::take(&mut self.rows);
            let batch = Batch { observations, ..Batch::empty(self.known_through) };
            self.store.lock()?.commit(&batch)?;
        }
        Ok(())
    }
}

/// The sixty calendar quarters of 2011 to 2025.
fn quarters() -> anyhow::Result<Vec<Period>> {
    let of = |quarter: usize| {
        let (year, month) = (2011 + quarter / 4, 1 + 3 * (quarter % 4));
        Period::months(i32::try_from(year).ok()?, u32::try_from(month).ok()?, 3)
    };
    (0..N_QUARTERS).map(of).collect::<Option<_>>().context("quarters are periods")
}

fn row(
    company: usize,
    concept: usize,
    quarter: usize,
    period: Period,
) -> anyhow::Result<Observation> {
    let row_idx = (company * N_CONCEPTS + concept) * N_QUARTERS + quarter;
    let vintage = period.end() + Days::new(35);
    Ok(Observation {
        series: SeriesId::new(&format!("c{company:07}.concept_{concept:03}"))?,
        period,
        value: 1e3 * f64::from(digits(u64::try_from(row_idx)?)),
        unit: Unit::Usd,
        vintage,
        vintage_basis: VintageBasis::Filing,
        source: "made up".to_owned(),
        locator: format!("accn {company:010}-{quarter:02} concept_{concept:03}"),
        retrieved_at: vintage,
    })
}

/// Up to nine digits that follow no pattern, so that they take as much room as a filer's (splitmix64).
fn digits(row_idx: u64) -> u32 {
    let mut z = row_idx.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((z ^ (z >> 31)) % 1_000_000_000).unwrap_or(0)
}
