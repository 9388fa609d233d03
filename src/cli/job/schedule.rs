//! `chipcast job schedule`: runs a job at its times, in the foreground, and sleeps in between.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::Args;

use super::log::LogArguments;
use super::run::outcome;
use super::{Context, File, Outcome, now, pause, with_means};
use crate::error::{Error, Result};
use crate::job::file::Job;
use crate::job::history::{History, URL_VARIABLE};
use crate::job::run::{self as runs, Asked, Asking};
use crate::job::schedule::Times;

/// The longest sleep at once, so that a changed clock is seen.
const NAP: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: File,
    /// End after the last time of this day
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,
    /// Run what is due now, and end
    #[arg(long)]
    once: bool,
    /// Wait so long for another run of the job
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait: u64,
    #[command(flatten)]
    log: LogArguments,
}

/// The worst end of many runs.
struct Worst {
    outcome: Outcome,
    error: Option<Error>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    arguments.log.begin(context);
    let job = arguments.file.read()?;
    let Some(schedule) = &job.schedule else {
        return Err(Error::invalid(format!("job `{}` has no `[schedule]`", job.name))
            .hint("add one with `cron`, or run it now with `chipcast job run`"));
    };
    let times = Times::new(schedule)?;
    let end = arguments
        .until
        .map(|day| day.and_time(NaiveTime::MIN).and_utc() + Duration::from_hours(24));
    let mut worst = Worst { outcome: Outcome::Done, error: None };
    let began = now();
    loop {
        let at = end.map_or(now(), |end| end.min(now()));
        let is_past = end.is_some_and(|end| end < now());
        let last = history(context)?.last_due(&job.name)?;
        // Without a last time, what comes after the beginning of this process counts.
        for due in times.due(last.or_else(|| schedule.start.is_none().then_some(began)), at) {
            let as_of = (due.is_missed || is_past).then_some(due.day);
            one(context, &job, (due.at, as_of), arguments, &mut worst)?;
        }
        let Some(next) = times.next(now(), 1).first().map(DateTime::to_utc) else { break };
        if arguments.once || end.is_some_and(|end| next >= end) {
            break;
        }
        context.say(format!("next run of job `{}`: {next}", job.name));
        sleep_until(next);
        one(context, &job, (next, None), arguments, &mut worst)?;
    }
    match worst.error {
        Some(error) => Err(error),
        None => Ok(worst.outcome),
    }
}

fn history(context: &Context) -> Result<History> {
    History::open(&context.global.data, super::variable(URL_VARIABLE).as_deref())
}

fn sleep_until(next: DateTime<Utc>) {
    while let Ok(left) = (next - now()).to_std() {
        if left.is_zero() {
            return;
        }
        pause(left.min(NAP));
    }
}

/// Runs the job of one time; a failure is told and does not end the schedule.
fn one(
    context: &Context,
    job: &Job,
    (due, as_of): (DateTime<Utc>, Option<NaiveDate>),
    arguments: &Arguments,
    worst: &mut Worst,
) -> Result<()> {
    // A day that the archive has not come to yet is no past to replay.
    let known_through = context.archive()?.known_through();
    let as_of = as_of.filter(|day| *day <= known_through);
    let asking = if as_of.is_some() { Asking::Local } else { Asking::All };
    let asked = Asked { as_of, asking, wait: Duration::from_secs(arguments.wait) };
    let ended = with_means(context, |means| runs::run(job, means, asked));
    let word = match &ended {
        Ok(ended) => {
            let manifest = &ended.manifest;
            context.say(format!(
                "{due}: run {} as of {}: {}{}",
                manifest.record.run_id,
                manifest.record.as_of,
                manifest.status.word(),
                if ended.is_earlier { ", published before" } else { "" }
            ));
            manifest.status.word()
        }
        Err(_) => "failed",
    };
    history(context)?.done(&job.name, due, word)?;
    match ended {
        Ok(ended) => match outcome(context, &ended) {
            Outcome::Done => {}
            other => worst.outcome = other,
        },
        Err(error) => {
            Context::fail(format!("{} at {due}", job.name), &error);
            worst.error = Some(error);
        }
    }
    Ok(())
}
