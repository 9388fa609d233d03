//! `chipcast job list`: the runs on record.

use clap::Args;
use serde_json::json;

use super::{Context, Outcome, history};
use crate::cli::output::{Rows, table};
use crate::error::Result;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Name of a job; all by default
    job: Option<String>,
}

const COLUMNS: [&str; 9] =
    ["job", "as_of", "run_id", "status", "attempts", "started", "ended", "error", "run_key"];

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let entries = match history(context)? {
        Some(mut history) => history.runs(arguments.job.as_deref())?,
        None => Vec::new(),
    };
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for entry in &entries {
        rows.push(vec![
            json!(entry.job),
            json!(entry.as_of),
            json!(entry.run_id),
            json!(entry.status),
            json!(entry.attempts),
            json!(entry.started),
            json!(entry.ended),
            json!(entry.error),
            json!(entry.run_key),
        ]);
        shown.push(vec![
            entry.job.clone(),
            entry.as_of.clone(),
            entry.run_id.clone(),
            entry.status.clone(),
            entry.attempts.to_string(),
            entry.started.clone(),
            entry.error.clone().unwrap_or_default(),
        ]);
    }
    let header = ["job", "as of", "run", "status", "attempts", "started", "error"];
    rows.print(context.global.format, || table(&header, &[4], shown))?;
    if entries.is_empty() {
        context.say("no run is on record; `chipcast job run FILE` makes one");
    }
    Ok(Outcome::Done)
}
