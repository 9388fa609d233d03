//! `chipcast data`: looks into the archive, and imports a table of a user's own. One file a reading of
//! the data; here is the list of them, and of the series.

mod check;
mod import;
mod repair;
mod revisions;
mod show;

use clap::Subcommand;
use serde_json::Value;

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::archive::Status;
use crate::error::Result;
use crate::report::format;
use crate::rows::{data, plain};

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
    /// Check every stored file and value: hashes, sums, order of percentiles, scale, gaps, shape, vintages
    ///
    /// Findings come worst first. Exit code 1 if one of them is an error.
    Check(check::Arguments),
    /// Restore damaged files: segments from their copies or the bundled data, the manifest from its copy
    ///
    /// Exit code 1 if something was set aside or is lost.
    Repair(repair::Arguments),
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
        Command::Repair(arguments) => repair::run(context, arguments),
        Command::Import(arguments) => import::run(context, arguments),
    }
}

fn list(context: &Context) -> Result<Outcome> {
    let known = context.snapshot()?;
    let rows = Rows::from(data::series(&known)?);
    // The title is left to programs: the table is wide without it.
    let line = |row: &Vec<Value>| {
        row.iter().enumerate().filter(|(i, _)| *i != 1).map(|(_, cell)| plain(cell)).collect()
    };
    let shown = rows.rows().iter().map(line).collect();
    let header = ["series", "unit", "frequency", "kind", "n", "first", "last", "last vintage"];
    rows.print(context.global.format, || table(&header, &[4], shown))?;
    context.say(format!("as of {}", known.as_of()));
    Ok(Outcome::Done)
}

fn announcements(context: &Context, company: &str) -> Result<Outcome> {
    let known = context.snapshot()?;
    let company = company.to_ascii_lowercase();
    let rows = Rows::from(data::announcements(known.announcements(&company)));
    let mut shown = Vec::new();
    for a in known.announcements(&company) {
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

/// The word by which rows name what became of a value.
pub(super) fn status_word(status: &Status) -> &'static str {
    match status {
        Status::Added => "added",
        Status::Repeat => "repeat",
        Status::Revision => "revision",
        Status::Conflict { .. } => "set_aside",
    }
}
