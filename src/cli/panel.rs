//! `chipcast panel`: forecasts of a table of a user's own, one row a series, period and coverage.
//!
//! Reads the file; what its rows mean is said in `forecast/panel`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use polars::prelude::{Column, DataFrame, ParquetCompression, ParquetWriter};
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Format, Outcome};
use crate::cells::{Cells, Row, short};
use crate::error::{Error, Result};
use crate::forecast::panel::{self, Asked, Cell, Ds, Forecast, HORIZON_MAX, Point, SEASON_MAX};
use crate::ingest::Raw;
use crate::ingest::tabular::{self, Kind};
use crate::store;

/// The largest file that is read.
const FILE_LIMIT: u64 = 2 << 30;
/// What a missing value may be written as, beside nothing.
const MISSING: [&str; 5] = ["nan", "na", "n/a", "null", "none"];
/// The columns of a row.
const COLUMNS: [&str; 10] = [
    "unique_id",
    "ds",
    "step",
    "yhat",
    "lo",
    "hi",
    "coverage",
    "model_used",
    "fallback_reason",
    "status",
];
/// Rows shown to people; `--format csv` and `--out` have them all.
const ROWS_SHOWN: usize = 60;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file: columns `unique_id, ds, y`; `ds` is a date, a timestamp or a whole number
    file: PathBuf,
    /// Periods to forecast
    #[arg(long, value_name = "N")]
    horizon: usize,
    /// Periods in a season; by default as usual for the step of `ds`: 12 for months, 4 for quarters
    #[arg(long, value_name = "M")]
    season: Option<usize>,
    /// Coverage of an interval; may be given several times
    #[arg(long, value_name = "SHARE", default_values_t = [0.95])]
    coverage: Vec<f64>,
    /// Write the rows here, as CSV or Parquet by the name's ending, and not to stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let asked = asked(arguments)?;
    let ending = arguments.out.as_deref().map(ending).transpose()?;
    let file = &arguments.file;
    let bytes = store::read_file(file, FILE_LIMIT)?;
    let raw = Raw::new(file.display().to_string(), bytes, Context::today());
    let outcomes = panel::forecast(series(&tabular::read(&raw, &Kind::Told)?)?, &asked);
    drop(raw);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in &outcomes {
        *counts.entry(outcome.status.word()).or_default() += 1;
    }
    let lines = lines(&outcomes, &asked);
    match (&arguments.out, ending) {
        (Some(path), Some(Ending::Csv)) => store::write_atomic(path, &rows(&lines).csv_bytes()?)?,
        (Some(path), Some(Ending::Parquet)) => store::write_atomic(path, &parquet(&lines)?)?,
        _ if context.global.format == Format::Table => print_for_people(&lines)?,
        _ => rows(&lines).print(context.global.format, String::new)?,
    }
    let words: Vec<_> = counts.iter().map(|(word, n)| format!("{n} {word}")).collect();
    context.say(format!("{} series: {}", outcomes.len(), words.join(", ")));
    Ok(if counts.contains_key("failed") { Outcome::Partial } else { Outcome::Done })
}

fn asked(arguments: &Arguments) -> Result<Asked> {
    let Arguments { horizon, season, coverage, .. } = arguments;
    if !(1..=HORIZON_MAX).contains(horizon) {
        return Err(Error::invalid(format!(
            "horizon {horizon} asked; needed is 1 to {HORIZON_MAX} periods"
        )));
    }
    if let Some(season) = season.filter(|season| !(1..=SEASON_MAX).contains(season)) {
        return Err(Error::invalid(format!(
            "season {season} asked; needed is 1 to {SEASON_MAX} periods"
        )));
    }
    if let Some(share) = coverage.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
        return Err(Error::invalid(format!("coverage {share} asked; needed is a share below 1"))
            .hint("95% is written 0.95"));
    }
    Ok(Asked { horizon: *horizon, season: *season, coverages: coverage.clone() })
}

/// How the file to write is to look.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Csv,
    Parquet,
}

fn ending(path: &Path) -> Result<Ending> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Ok(Ending::Csv),
        Some("parquet") => Ok(Ending::Parquet),
        _ => Err(Error::invalid(format!("`{}` ends in neither .csv nor .parquet", path.display()))
            .hint("the ending says how the rows are written")),
    }
}

/// The points of each series, in any order.
fn series(cells: &Cells) -> Result<BTreeMap<String, Vec<Point>>> {
    cells.require(&["unique_id", "ds", "y"])?;
    let mut series: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for row in cells.rows() {
        let id = row.text("unique_id")?;
        series.entry(id.to_owned()).or_default().push(point(row)?);
    }
    if series.is_empty() {
        return Err(Error::insufficient(format!("`{}` has no rows", cells.name())));
    }
    Ok(series)
}

fn point(row: Row<'_>) -> Result<Point> {
    let (ds, y) = (row.text("ds")?, row.text("y")?);
    let y = match y.parse::<f64>() {
        Ok(value) => Cell::Value(value),
        Err(_) if y.is_empty() || MISSING.contains(&y.to_ascii_lowercase().as_str()) => {
            Cell::Missing
        }
        Err(_) => Cell::Unreadable,
    };
    Ok(Point { ds: Ds::read(ds).ok_or_else(|| short(ds)), y })
}

/// One row of the answer; a failed series has no step.
struct Line<'a> {
    outcome: &'a panel::Outcome,
    step: usize,
    forecast: Option<&'a Forecast>,
    coverage: f64,
    ends: Option<(f64, f64)>,
}

/// A row a series, period and coverage; a failed series has the rows, without numbers.
fn lines<'a>(outcomes: &'a [panel::Outcome], asked: &Asked) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for outcome in outcomes {
        for step in 1..=asked.horizon {
            let forecast = outcome.steps.get(step - 1);
            for (idx, coverage) in asked.coverages.iter().copied().enumerate() {
                let ends = forecast.map(|forecast| forecast.intervals[idx]);
                lines.push(Line { outcome, step, forecast, coverage, ends });
            }
        }
    }
    lines
}

impl Line<'_> {
    fn cells(&self) -> Vec<Value> {
        vec![
            json!(self.outcome.unique_id),
            json!(self.forecast.map(|forecast| forecast.ds.to_string())),
            json!(self.step),
            json!(self.forecast.map(|forecast| forecast.yhat)),
            json!(self.ends.map(|ends| ends.0)),
            json!(self.ends.map(|ends| ends.1)),
            json!(self.coverage),
            json!(self.outcome.model_used),
            json!(self.outcome.reason),
            json!(self.outcome.status.word()),
        ]
    }
}

fn rows(lines: &[Line<'_>]) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for line in lines {
        rows.push(line.cells());
    }
    rows
}

fn print_for_people(lines: &[Line<'_>]) -> Result<()> {
    let number =
        |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6e}"));
    let text = |line: &Line<'_>| {
        vec![
            line.outcome.unique_id.clone(),
            line.forecast.map_or_else(String::new, |forecast| forecast.ds.to_string()),
            number(line.forecast.map(|forecast| forecast.yhat)),
            number(line.ends.map(|ends| ends.0)),
            number(line.ends.map(|ends| ends.1)),
            line.coverage.to_string(),
            line.outcome.status.word().to_owned(),
            line.outcome.reason.clone().unwrap_or_default(),
        ]
    };
    let mut shown: Vec<_> = lines.iter().take(ROWS_SHOWN).map(text).collect();
    if lines.len() > ROWS_SHOWN {
        shown.push(vec![format!("... and {} more", lines.len() - ROWS_SHOWN)]);
    }
    let header = ["unique_id", "ds", "yhat", "lo", "hi", "coverage", "status", "reason"];
    super::output::print(&table(&header, &[2, 3, 4, 5], shown))
}

fn parquet(lines: &[Line<'_>]) -> Result<Vec<u8>> {
    let texts = |name: &str, text: &dyn Fn(&Line<'_>) -> Option<String>| {
        Column::new(name.into(), lines.iter().map(text).collect::<Vec<Option<String>>>())
    };
    let numbers = |name: &str, number: &dyn Fn(&Line<'_>) -> Option<f64>| {
        Column::new(name.into(), lines.iter().map(number).collect::<Vec<Option<f64>>>())
    };
    let steps: Vec<i64> =
        lines.iter().map(|line| i64::try_from(line.step).unwrap_or(i64::MAX)).collect();
    let columns = vec![
        texts("unique_id", &|line| Some(line.outcome.unique_id.clone())),
        texts("ds", &|line| line.forecast.map(|forecast| forecast.ds.to_string())),
        Column::new("step".into(), steps),
        numbers("yhat", &|line| line.forecast.map(|forecast| forecast.yhat)),
        numbers("lo", &|line| line.ends.map(|ends| ends.0)),
        numbers("hi", &|line| line.ends.map(|ends| ends.1)),
        numbers("coverage", &|line| Some(line.coverage)),
        texts("model_used", &|line| Some(line.outcome.model_used.to_owned())),
        texts("fallback_reason", &|line| line.outcome.reason.clone()),
        texts("status", &|line| Some(line.outcome.status.word().to_owned())),
    ];
    let mut frame = DataFrame::new(lines.len(), columns)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(None))
        .finish(&mut frame)
        .map_err(|e| Error::store("the rows cannot be written as Parquet").caused_by(e))?;
    Ok(bytes)
}
