//! A model of your own against the engine and its rivals, replayed in pseudo real time: every forecast sees
//! the snapshot of its own day and nothing later, so that a model cannot leak what it is not shown.
//!
//! `cargo run --release --example backtest_own_model [SERIES]`

use std::io::Write;

use chipcast::archive::Snapshot;
use chipcast::forecast::backtest::{Book, Row};
use chipcast::forecast::record::Truth;
use chipcast::forecast::summary::{Metrics, summarise};
use chipcast::forecast::{Forecaster, Path, engine};
use chipcast::ingest::bundled;
use chipcast::series::SeriesId;
use chipcast::{Error, Result};

/// Each quarter is the one of the year before, grown as the last quarter grew over its own.
pub(crate) struct LastYearsGrowth;

impl Forecaster for LastYearsGrowth {
    fn name(&self) -> &'static str {
        "last_years_growth"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let history = known.series(target)?;
        let mut values: Vec<f64> = history.points.iter().map(|point| point.value).collect();
        let n_known = values.len();
        if n_known < 5 {
            return Err(Error::insufficient(format!(
                "5 values of `{target}` are needed; {n_known} are known as of {}",
                known.as_of()
            )));
        }
        let growth = values[n_known - 1] / values[n_known - 5];
        for _ in 0..horizon {
            values.push(values[values.len() - 4] * growth);
        }
        let periods = history.next_periods(horizon)?;
        Ok(Path::new(self, periods.into_iter().zip(values.split_off(n_known))))
    }
}

/// Periods ahead.
const HORIZON: usize = 4;

/// What was measured of each model at each horizon: name, horizon, metrics.
pub(crate) fn measured(series: &str) -> Result<Vec<(&'static str, usize, Metrics)>> {
    let archive = bundled::archive()?;
    let known = archive.as_of(archive.known_through())?;
    let book = Book::new(&known, HORIZON)?;
    let models = [&LastYearsGrowth, engine::model("naive")?, engine::model("chipcast")?];
    let series = SeriesId::new(series)?;
    let mut found = Vec::new();
    for model in models {
        let rows = book.backtest(model, &series, None, Truth::FirstRelease)?;
        for horizon in 1..=HORIZON {
            let of: Vec<&Row> = rows.iter().filter(|row| row.horizon == horizon).collect();
            found.push((model.name(), horizon, summarise(&of)));
        }
    }
    Ok(found)
}

pub(crate) fn main() -> anyhow::Result<()> {
    let series = std::env::args().nth(1).unwrap_or_else(|| "msft.capex_cash".to_owned());
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{:20} {:>2} {:>4} {:>8} {:>8} {:>8}",
        "model", "h", "n", "mae log", "mase", "skill"
    )?;
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
    for (model, horizon, metrics) in measured(&series)? {
        let all = &metrics.all;
        let [mae, mase, skill] = [all.mae_log, all.mase, all.skill].map(number);
        writeln!(out, "{model:20} {horizon:>2} {:>4} {mae:>8} {mase:>8} {skill:>8}", all.n)?;
    }
    Ok(())
}
