//! `chipcast data`: looks into the archive, and imports a table of a user's own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::archive::Status;
use crate::error::Result;
use crate::ingest::table::{self as tables, ColumnMap};
use crate::ingest::{Raw, checks};
use crate::observation::Observation;
use crate::report::format;
use crate::series::{Registry, SeriesId};
use crate::store;

/// The largest file that an import reads.
const IMPORT_LIMIT: u64 = 2 << 30;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List every series: unit, kind, span, last vintage
    List,
    /// Show a series as it was known: one row a period
    Show {
        /// Series id, such as `nvda.revenue`
        series: String,
    },
    /// Show every value a series ever had: one row a vintage, with source and accession
    Vintages {
        /// Series id
        series: String,
    },
    /// Show what a company announced about periods to come
    Announcements {
        /// Ticker, such as `nvda`
        company: String,
    },
    /// Check every stored value: hashes, identities, order of percentiles, staleness
    Check,
    /// Import a CSV or Parquet table
    ///
    /// The header is `series,period_start,period_end,value,unit,vintage,source,locator`; another table
    /// is read through a column map: `--map value=amount,series==acme.revenue` (our name, `=`, the
    /// table's column; `==` gives a constant).
    Import {
        /// The file
        file: PathBuf,
        /// Which of the table's columns stands for which of ours
        #[arg(long, value_name = "OURS=THEIRS,...")]
        map: Option<String>,
    },
}

pub(super) fn run(context: &Context, command: &Command) -> Result<Outcome> {
    match command {
        Command::List => list(context),
        Command::Show { series } => show(context, &SeriesId::new(series)?),
        Command::Vintages { series } => vintages(context, &SeriesId::new(series)?),
        Command::Announcements { company } => announcements(context, company),
        Command::Check => check(context),
        Command::Import { file, map } => import(context, file, map.as_deref()),
    }
}

fn list(context: &Context) -> Result<Outcome> {
    let known = context.snapshot()?;
    let registry = Registry::bundled();
    let mut rows = Rows::new(&[
        "series",
        "title",
        "unit",
        "frequency",
        "kind",
        "n",
        "first",
        "last",
        "last_vintage",
    ]);
    let mut shown = Vec::new();
    for id in known.series_ids()? {
        let held = known.series(&id)?;
        let (Some(first), Some(last)) = (held.points.first(), held.points.last()) else { continue };
        let frequency = held.frequency().map_or("irregular", |f| f.word());
        let kind = registry.definition(&id).map_or("imported", |d| d.kind.word());
        let vintage = held.points.iter().map(|point| point.vintage).max().unwrap_or(last.vintage);
        rows.push(vec![
            json!(id.as_str()),
            json!(registry.title(&id)),
            json!(held.unit.word()),
            json!(frequency),
            json!(kind),
            json!(held.points.len()),
            json!(first.period.end()),
            json!(last.period.end()),
            json!(vintage),
        ]);
        shown.push(vec![
            id.to_string(),
            held.unit.to_string(),
            frequency.to_owned(),
            kind.to_owned(),
            held.points.len().to_string(),
            first.period.end().to_string(),
            last.period.end().to_string(),
            vintage.to_string(),
        ]);
    }
    let header = ["series", "unit", "frequency", "kind", "n", "first", "last", "last vintage"];
    rows.print(context.global.format, || table(&header, &[4], shown))?;
    context.say(format!("as of {}", known.as_of()));
    Ok(Outcome::Done)
}

const OBSERVATION_COLUMNS: [&str; 8] = tables::COLUMNS;

fn show(context: &Context, series: &SeriesId) -> Result<Outcome> {
    let known = context.snapshot()?;
    print_observations(context, &known.current(series)?)?;
    context.say(format!("{}, as of {}", Registry::bundled().title(series), known.as_of()));
    Ok(Outcome::Done)
}

fn vintages(context: &Context, series: &SeriesId) -> Result<Outcome> {
    let known = context.snapshot()?;
    print_observations(context, &known.vintages(series)?)?;
    Ok(Outcome::Done)
}

fn print_observations(context: &Context, observations: &[Observation]) -> Result<()> {
    let mut columns = OBSERVATION_COLUMNS.to_vec();
    columns.push("vintage_basis");
    let mut rows = Rows::new(&columns);
    let mut shown = Vec::with_capacity(observations.len());
    for row in observations {
        let mut cells = key_and_value(row).to_vec();
        cells.extend([&row.source, &row.locator].map(|text| json!(text)));
        cells.push(json!(row.vintage_basis.word()));
        rows.push(cells);
        shown.push(vec![
            row.period.start().to_string(),
            row.period.end().to_string(),
            format::short(row.value, row.unit, 3),
            row.vintage.to_string(),
            row.vintage_basis.to_string(),
            row.source.clone(),
        ]);
    }
    let header = ["from", "to", "value", "vintage", "basis", "source"];
    rows.print(context.global.format, || table(&header, &[2], shown))
}

fn announcements(context: &Context, company: &str) -> Result<Outcome> {
    let known = context.snapshot()?;
    let mut rows = Rows::new(&tables::ANNOUNCEMENT_COLUMNS);
    let mut shown = Vec::new();
    for a in known.announcements(&company.to_ascii_lowercase()) {
        rows.push(vec![
            json!(a.company),
            json!(a.published),
            json!(a.metric),
            json!(a.period.start()),
            json!(a.period.end()),
            json!(a.low),
            json!(a.mid),
            json!(a.high),
            json!(a.unit.word()),
            json!(a.action.word()),
            json!(a.quote),
            json!(a.locator),
        ]);
        shown.push(vec![
            a.published.to_string(),
            a.metric.clone(),
            a.period.end().to_string(),
            format::short(a.low, a.unit, 4),
            format::short(a.mid, a.unit, 4),
            format::short(a.high, a.unit, 4),
            a.action.word().to_owned(),
            a.locator.clone(),
        ]);
    }
    let header = ["published", "metric", "period end", "low", "mid", "high", "action", "locator"];
    rows.print(context.global.format, || table(&header, &[3, 4, 5], shown))?;
    Ok(Outcome::Done)
}

fn check(context: &Context) -> Result<Outcome> {
    let known = context.snapshot()?;
    let findings = checks::run(&known)?;
    let mut rows = Rows::new(&["check", "severity", "series", "found"]);
    let mut shown = Vec::new();
    for finding in &findings {
        rows.push(vec![
            json!(finding.check),
            json!(finding.severity.word()),
            json!(finding.series),
            json!(finding.found),
        ]);
        shown.push(vec![
            finding.severity.word().to_owned(),
            finding.check.to_owned(),
            finding.series.clone(),
            finding.found.clone(),
        ]);
    }
    rows.print(context.global.format, || {
        table(&["severity", "check", "series", "found"], &[], shown)
    })?;
    let failed = findings.iter().any(|finding| finding.severity == checks::Severity::Error);
    Ok(if failed { Outcome::Partial } else { Outcome::Done })
}

fn import(context: &Context, file: &std::path::Path, map: Option<&str>) -> Result<Outcome> {
    let map = map.map_or_else(|| Ok(ColumnMap::default()), ColumnMap::parse)?;
    let raw = Raw::new(
        file.display().to_string(),
        store::read_file(file, IMPORT_LIMIT)?,
        Context::today(),
    );
    let parsed = tables::observations(&raw, &map)?;
    let before = context.archive()?;
    let statuses = before.review(&parsed.observations)?;
    let batch = parsed.batch(before.known_through());
    let after = context.append(&batch)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows =
        Rows::new(&["series", "period_start", "period_end", "value", "unit", "vintage", "status"]);
    for (row, status) in parsed.observations.iter().zip(&statuses) {
        let word = status_word(status);
        *counts.entry(word).or_default() += 1;
        let mut cells = key_and_value(row).to_vec();
        cells.push(json!(word));
        rows.push(cells);
    }
    let shown = counts.iter().map(|(word, n)| vec![(*word).to_owned(), n.to_string()]).collect();
    rows.print(context.global.format, || table(&["status", "rows"], &[1], shown))?;
    context.say(format!("archive known through {}", after.known_through()));
    Ok(Outcome::Done)
}

/// The cells that say which value it is: series, period, value, unit, vintage.
pub(super) fn key_and_value(row: &Observation) -> [Value; 6] {
    [
        json!(row.series.as_str()),
        json!(row.period.start()),
        json!(row.period.end()),
        json!(row.value),
        json!(row.unit.word()),
        json!(row.vintage),
    ]
}

/// The word by which rows name what became of a value.
pub(super) fn status_word(status: &Status) -> &'static str {
    match status {
        Status::Added => "added",
        Status::Repeat => "repeat",
        Status::Revision => "revision",
        Status::Conflict { .. } => "set_aside",
    }
}
