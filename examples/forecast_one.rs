//! One series, one forecast: the median, its interval, and how far it can be trusted; or the refusal.
//!
//! `cargo run --release --example forecast_one [SERIES]`

use std::io::Write;

use chipcast::forecast::backtest::Book;
use chipcast::forecast::engine::Chipcast;
use chipcast::ingest::bundled;
use chipcast::report::format;
use chipcast::series::SeriesId;

fn main() -> anyhow::Result<()> {
    let series = std::env::args().nth(1).unwrap_or_else(|| "nvda.revenue".to_owned());
    let archive = bundled::archive()?;
    let known = archive.as_of(archive.known_through())?;
    let forecast = Book::new(&known, 4)?.forecast(&Chipcast, &SeriesId::new(&series)?)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{series}, as of {}", forecast.origin)?;
    for step in &forecast.steps {
        let (end, grade) = (step.period.end(), forecast.skill.grade_at(step.horizon).letter());
        match (&step.refusal, step.quantiles.interval(0.8)) {
            (Some(refusal), _) => writeln!(out, "{end}  refused: {}", refusal.measured)?,
            (None, Some((low, high))) => {
                let [low, median, high] =
                    [low, step.median, high].map(|value| format::short(value, forecast.unit, 1));
                writeln!(out, "{end}  {median}, 80% in {low} to {high}, grade {grade}")?;
            }
            (None, None) => writeln!(out, "{end}  {}, no interval yet", step.median)?,
        }
    }
    Ok(())
}
