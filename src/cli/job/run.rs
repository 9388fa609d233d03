//! `chipcast job run`: one run of a job, or one a week of a past year.

use std::time::Duration;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::log::LogArguments;
use super::{Context, File, Outcome, backfill, summarise, with_means};
use crate::cli::output::{Rows, table};
use crate::error::{Error, Result};
use crate::job::file::Job;
use crate::job::manifest::Status;
use crate::job::run::{self as runs, Asked, Asking, Ended};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: File,
    /// Replay the job as of each of many days, from this one on: each run sees only what was known then
    #[arg(long, value_name = "DATE", requires = "to", conflicts_with = "as_of")]
    from: Option<NaiveDate>,
    /// The last day of the replay
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<NaiveDate>,
    /// How far the days are apart
    #[arg(long, value_enum, default_value_t = Every::Week, requires = "from")]
    every: Every,
    /// Wait so long for another run of the job; 0 ends with exit code 5 at once
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    #[command(flatten)]
    log: LogArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Every {
    Day,
    Week,
    Month,
    Quarter,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    arguments.log.begin(context);
    let job = arguments.file.read()?;
    let wait = Duration::from_secs(arguments.wait);
    if let (Some(from), Some(to)) = (arguments.from, arguments.to) {
        if to < from {
            return Err(Error::invalid(format!("`--to` {to} lies before `--from` {from}")));
        }
        return backfill::run(context, &job, (from, to, arguments.every), wait);
    }
    let as_of = context.global.as_of;
    let asking = if as_of.is_some() { Asking::Local } else { Asking::All };
    let ended = with_means(context, |means| runs::run(&job, means, Asked { as_of, asking, wait }))?;
    summarise(context, &job, || print(context, &job, &ended))?;
    Ok(outcome(context, &ended))
}

/// How a run ended, said to people and as an outcome.
pub(super) fn outcome(context: &Context, ended: &Ended) -> Outcome {
    for trouble in &ended.troubles {
        Context::fail("run", &Error::fetch(trouble.clone()));
    }
    for age in &ended.ages {
        context.say(format!("late: {age}"));
    }
    if ended.manifest.status == Status::Stale {
        Context::fail(
            &ended.manifest.run_key.job,
            &Error::invalid(format!(
                "data are older than the job allows, nothing was published: {}",
                ended.ages.join("; ")
            ))
            .hint("read newer data, or change `error_after` of the job's `[[freshness]]`"),
        );
    }
    match ended.exit_code() {
        0 => Outcome::Done,
        3 => Outcome::Refused,
        4 => Outcome::Stale,
        _ => Outcome::Partial,
    }
}

const COLUMNS: [&str; 6] = ["series", "status", "model_used", "reason", "n_periods", "n_refused"];

fn print(context: &Context, job: &Job, ended: &Ended) -> Result<()> {
    let manifest = &ended.manifest;
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for series in &manifest.series {
        rows.push(vec![
            json!(series.series),
            json!(series.status),
            json!(series.model_used),
            json!(series.reason),
            json!(series.n_periods),
            json!(series.n_refused),
        ]);
        shown.push(vec![
            series.series.clone(),
            series.status.clone(),
            series.model_used.clone().unwrap_or_default(),
            format!("{} of {}", series.n_periods - series.n_refused, series.n_periods),
            series.reason.clone().unwrap_or_default(),
        ]);
    }
    let outputs: Vec<_> = manifest.outputs.iter().map(|file| json!(file.name)).collect();
    rows.beside("job", json!(job.name));
    rows.beside("run_id", json!(manifest.record.run_id));
    rows.beside("run_key", json!(manifest.run_key));
    rows.beside("as_of", json!(manifest.record.as_of));
    rows.beside("status", json!(manifest.status));
    rows.beside("is_earlier", json!(ended.is_earlier));
    rows.beside("folder", json!(ended.folder));
    rows.beside("outputs", json!(outputs));
    rows.beside("notes", json!(manifest.notes));
    rows.beside("n_alerts", json!(ended.n_told));
    rows.print(context.global.format, || {
        let done = if ended.is_earlier { "was published before; nothing was made" } else { "" };
        let mut text = format!(
            "job {}, run {} as of {}: {} {done}\n\n{}\n",
            job.name,
            manifest.record.run_id,
            manifest.record.as_of,
            manifest.status.word(),
            table(&["series", "status", "model", "answered", "reason"], &[], shown),
        );
        for note in &manifest.notes {
            text.push_str(&format!("\n{note}"));
        }
        if manifest.status.is_published() {
            let n = manifest.outputs.len();
            text.push_str(&format!("\n{n} files in {}", ended.folder.display()));
        }
        text.push_str(&format!("\n{} alerts told; {:.1} s", ended.n_told, ended.seconds));
        text
    })
}
