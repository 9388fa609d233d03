//! Microseconds a series of our theta and combination, the best of some runs on one thread:
//! `univariate_speed TABLE.csv SEASON HORIZON`, the columns as for `chipcast panel`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an example reads and writes for itself"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use anyhow::Context;
use chipcast::cells::Cells;
use chipcast::forecast::univariate::theta::{self, Theta};
use chipcast::forecast::univariate::{self, Question};

const N_RUNS: u32 = 5;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, season, horizon] = arguments.as_slice() else {
        anyhow::bail!("needed are a table, a season and a horizon");
    };
    let question = Question { season: season.parse()?, horizon: horizon.parse()? };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read `{file}`"))?;
    let panel = series(&Cells::csv(file.as_str(), &text)?)?;
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let ours = |y: &[f64], _, horizon| theta::path(y, Theta::Standard, horizon);
    let dynamic = |y: &[f64], _, horizon| theta::path(y, Theta::DynamicOptimised, horizon);
    let standard = time(&panel, |y| drop(black_box(univariate::alone(y, question, ours))));
    let dynamic = time(&panel, |y| drop(black_box(univariate::alone(y, question, dynamic))));
    let values: Vec<&[f64]> = panel.values().map(Vec::as_slice).collect();
    let start = Instant::now();
    one_thread.install(|| black_box(univariate::forecast(&values, question)));
    let all = start.elapsed().as_secs_f64() / f64::from(u32::try_from(panel.len())?);
    println!("theta                  {:9.1} us a series", standard * 1e6);
    println!("dynamic optimised theta{:9.1} us a series", dynamic * 1e6);
    println!("combination of eight   {:9.1} us a series", all * 1e6);
    Ok(())
}

fn series(cells: &Cells) -> anyhow::Result<BTreeMap<String, Vec<f64>>> {
    let mut panel: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in cells.rows() {
        panel.entry(row.text("unique_id")?.to_owned()).or_default().push(row.number("y")?);
    }
    Ok(panel)
}

/// Seconds a series, the best of some runs.
fn time(panel: &BTreeMap<String, Vec<f64>>, run: impl Fn(&[f64])) -> f64 {
    let once = |_| {
        let start = Instant::now();
        for y in panel.values() {
            run(y);
        }
        start.elapsed().as_secs_f64()
    };
    let best = (0..N_RUNS).map(once).fold(f64::INFINITY, f64::min);
    best / f64::from(u32::try_from(panel.len()).unwrap_or(u32::MAX))
}
