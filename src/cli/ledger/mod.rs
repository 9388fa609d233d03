//! `chipcast ledger`: what was forecast, what came of it, and how reliable it was.

mod calibration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{Rows, table};
use super::{Context, Outcome, series_ids};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::Forecast;
use crate::forecast::ledger::{Basis, Entry, Ledger, Row};
use crate::job;
use crate::report::format;
use crate::rows::ledger::{COLUMNS, error, inside, interval, row};
use crate::series::SeriesId;
use crate::store::ledger::LedgerFile;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List forecasts beside what came
    Show(Show),
    /// Add what came of forecasts whose period has a first release now
    Resolve,
    /// Measure coverage, errors and skill of resolved forecasts, as rows and as a page
    Calibration(calibration::Arguments),
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// Series ids; all by default
    #[arg(value_name = "SERIES")]
    series: Vec<String>,
    /// Only forecasts whose value has not come
    #[arg(long, conflicts_with = "resolved")]
    open: bool,
    /// Only forecasts whose value has come
    #[arg(long)]
    resolved: bool,
}

pub(super) fn run(context: &Context, command: &Command) -> Result<Outcome> {
    match command {
        Command::Show(arguments) => show(context, arguments),
        Command::Resolve => resolve_command(context),
        Command::Calibration(arguments) => calibration::run(context, arguments),
    }
}

/// Takes the forecasts of a run into the ledger; those that it holds are not taken twice.
pub(super) fn keep(
    context: &Context,
    known: &Snapshot,
    run_id: &str,
    forecasts: &[Forecast],
) -> Result<()> {
    let is_last_day = known.as_of() == context.archive()?.known_through();
    let basis = if is_last_day { Basis::Live } else { Basis::Replayed };
    let made = (basis, Context::today());
    let added = job::forecasts::keep(&context.global.data, known, run_id, forecasts, made)?;
    let changes: Vec<_> = added
        .iter()
        .filter_map(|row| match row {
            Row::MethodChange(change) => Some(change),
            _ => None,
        })
        .collect();
    if let Some(first) = changes.first() {
        context.say(format!(
            "the method changed while {} targets were open: {}; the ledger says so",
            changes.len(),
            first.reason
        ));
    }
    let n_forecasts = added.iter().filter(|row| matches!(row, Row::Forecast(_))).count();
    if n_forecasts > 0 {
        context.say(format!("{n_forecasts} forecasts were added to the ledger"));
    }
    Ok(())
}

/// Adds what came of the ledger's forecasts, as known in a snapshot, and gives the rows added.
pub(super) fn resolve(context: &Context, known: &Snapshot) -> Result<Vec<Row>> {
    let added = job::forecasts::resolve(&context.global.data, known)?;
    if !added.is_empty() {
        context.say(format!("{} targets of the ledger were resolved", added.len()));
    }
    Ok(added)
}

/// Reads and checks the ledger.
fn read(context: &Context) -> Result<Ledger> {
    let chain = LedgerFile::at(&context.global.data).read()?;
    if chain.n_torn_bytes > 0 {
        context.say(format!(
            "the ledger ends in {} bytes of a write that was cut short; the next write removes \
             them",
            chain.n_torn_bytes
        ));
    }
    Ledger::read(chain.rows.iter().map(String::as_str))
}

fn show(context: &Context, arguments: &Show) -> Result<Outcome> {
    let asked = asked(&arguments.series)?;
    let ledger = read(context)?;
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for entry in ledger.entries() {
        let is_resolved = entry.resolution.is_some();
        let is_wanted = !(arguments.open && is_resolved || arguments.resolved && !is_resolved);
        if is_wanted && (asked.is_empty() || asked.contains(&entry.said.series)) {
            rows.push(row(&entry));
            shown.push(line(&entry)?);
        }
    }
    let n_shown = shown.len();
    let header = [
        "origin",
        "series",
        "period end",
        "h",
        "median",
        "80% interval",
        "grade",
        "actual",
        "error",
        "inside",
        "naive",
        "guide",
        "method",
        "basis",
    ];
    rows.print(context.global.format, || table(&header, &[3, 4, 5, 7, 8, 10, 11], shown))?;
    if n_shown == 0 {
        context.say("the ledger holds no such forecast; `chipcast run` adds those that it makes");
    }
    Ok(Outcome::Done)
}

fn line(entry: &Entry<'_>) -> Result<Vec<String>> {
    let said = entry.said;
    let unit = said.unit.parse()?;
    let short = |value: f64| format::short(value, unit, 1);
    let percent = |value: Option<f64>| {
        value.map_or_else(String::new, |value| format!("{:+.1}%", value * 100.0))
    };
    let method = if entry.is_method_changed { " (changed)" } else { "" };
    Ok(vec![
        said.origin_date.to_string(),
        said.series.clone(),
        said.period_end.to_string(),
        said.horizon.to_string(),
        said.median.map_or_else(|| "refused".to_owned(), short),
        interval(said).map_or_else(String::new, |(l, h)| format!("{} to {}", short(l), short(h))),
        said.grade.clone(),
        entry.resolution.map_or_else(|| "open".to_owned(), |r| short(r.actual)),
        percent(error(entry, said.median)),
        inside(entry).map_or("", |inside| if inside { "yes" } else { "no" }).to_owned(),
        percent(error(entry, Some(said.naive))),
        percent(error(entry, said.guide)),
        format!("{}{method}", said.method_version),
        entry.basis().word().to_owned(),
    ])
}

fn resolve_command(context: &Context) -> Result<Outcome> {
    let added = resolve(context, &context.snapshot()?)?;
    let mut rows = Rows::new(&[
        "series",
        "period_start",
        "target_end_date",
        "actual",
        "vintage",
        "locator",
        "truth",
    ]);
    let mut shown = Vec::new();
    for resolution in added.iter().filter_map(|row| match row {
        Row::Resolution(resolution) => Some(resolution),
        _ => None,
    }) {
        rows.push(vec![
            json!(resolution.series),
            json!(resolution.period_start),
            json!(resolution.period_end),
            json!(resolution.actual),
            json!(resolution.vintage),
            json!(resolution.locator),
            json!(resolution.truth),
        ]);
        shown.push(vec![
            resolution.series.clone(),
            resolution.period_end.to_string(),
            format::plain(resolution.actual, 0),
            resolution.vintage.to_string(),
            resolution.locator.clone(),
        ]);
    }
    let header = ["series", "period end", "actual", "public from", "source"];
    rows.print(context.global.format, || table(&header, &[2], shown))?;
    if added.is_empty() {
        context.say("no open forecast of the ledger has a first release yet");
    }
    Ok(Outcome::Done)
}

fn asked(series: &[String]) -> Result<Vec<String>> {
    Ok(series_ids(series)?.iter().map(SeriesId::to_string).collect())
}
