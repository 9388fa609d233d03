//! `chipcast data`: looks into the archive, and imports a table of a user's own. One file a reading of
//! the data; here is the list of them, and of the series.

mod check;
mod import;
mod revisions;
mod show;

use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::archive::Status;
use crate::error::Result;
use crate::ingest::table as tables;
use crate::observation::Observation;
use crate::report::format;
use crate::series::Registry;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List every series: unit, kind, span, last vintage
    List,
    /// Show a series as it was known: one row a period
    Show(show::ShowArguments),
    /// Show every value a series ever had: one row a vintage, with source, accession and change
    Vintages(show::VintagesArguments),
    /// Show how much first releases were revised, and how late they came
    Revisions(revisions::Arguments),
    /// Show what a company announced about periods to come
    Announcements {
        /// Ticker, such as `nvda`
        company: String,
    },
    /// Check every stored value: hashes, sums, order of percentiles, scale, gaps, shape, vintages
    ///
    /// Findings come worst first. Exit code 1 if one of them is an error.
    Check(check::Arguments),
    /// Import a table: CSV, Parquet, JSON or Excel (.xlsx), told apart by the first bytes
    ///
    /// JSON is a list of objects, one object a line, or the `{"rows": [...]}` that `--format json` prints.
    /// The header is `series,period_start,period_end,value,unit,vintage,source,locator`; another table
    /// is read through a column map: `--map value=amount,series==acme.revenue` (our name, `=`, the
    /// table's column; `==` gives a constant). Rows that cannot be true are set aside with the reason.
    Import(import::Arguments),
}

pub(super) fn run(context: &Context, command: &Command) -> Result<Outcome> {
    match command {
        Command::List => list(context),
        Command::Show(arguments) => show::show(context, arguments),
        Command::Vintages(arguments) => show::vintages(context, arguments),
        Command::Revisions(arguments) => revisions::run(context, arguments),
        Command::Announcements { company } => announcements(context, company),
        Command::Check(arguments) => check::run(context, arguments),
        Command::Import(arguments) => import::run(context, arguments),
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
