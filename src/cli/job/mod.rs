//! `chipcast job` and `chipcast replay`: jobs described by a file. One file a command; here is what they
//! share: the file, the clock, the environment and the fetches that a run is handed.

mod backfill;
mod gc;
mod list;
mod log;
mod plan;
mod replay;
mod run;
mod schedule;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::{Context, Outcome, output};
use crate::error::{Error, Result};
use crate::job::file::{Job, Sink};
use crate::job::history::{History, URL_VARIABLE};
use crate::job::load::load;
use crate::job::run::{Extent, Means};
use crate::job::source::Source;
use crate::store;

pub(super) use replay::ReplayArguments;

/// The largest job file that is read.
const JOB_LIMIT: u64 = 1 << 20;
/// The largest file whose hash is noted.
const HASHED_LIMIT: u64 = 4 << 30;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a job: fetch, judge, forecast, report, publish, announce. The same run twice is done once
    ///
    /// Exit codes: 0 published (or the same run was published before), 1 published without some series,
    /// pages, sources or deliveries, 2 failed, 3 every series was refused, 4 data older than the job
    /// allows and nothing published, 5 the job is run by another process.
    Run(run::Arguments),
    /// Run a job at the times of its schedule, in the foreground
    Schedule(schedule::Arguments),
    /// Say what a run would do: fetches, series, outputs, key, next times. Writes and asks nothing
    Plan(File),
    /// List the runs on record
    List(list::Arguments),
    /// Remove published runs that the job's rules do not keep
    Gc(gc::Arguments),
    /// Print the JSON Schema of job files
    Schema,
}

/// The job file.
#[derive(Debug, Args)]
pub(super) struct File {
    /// The job file, in TOML; variables such as `CHIPCAST_JOB__SEED=7` override its keys
    file: PathBuf,
}

pub(super) fn run(context: &Context, command: &Command) -> Result<Outcome> {
    match command {
        Command::Run(arguments) => run::run(context, arguments),
        Command::Schedule(arguments) => schedule::run(context, arguments),
        Command::Plan(file) => plan::run(context, &file.read()?),
        Command::List(arguments) => list::run(context, arguments),
        Command::Gc(arguments) => gc::run(context, arguments),
        Command::Schema => {
            output::print(Job::schema().trim_end())?;
            Ok(Outcome::Done)
        }
    }
}

pub(super) fn replay(context: &Context, arguments: &ReplayArguments) -> Result<Outcome> {
    replay::run(context, arguments)
}

impl File {
    /// Reads and checks the job.
    fn read(&self) -> Result<Job> {
        let name = self.file.display().to_string();
        let text = String::from_utf8(store::read_file(&self.file, JOB_LIMIT)?)
            .map_err(|e| Error::parse(format!("`{name}` is not UTF-8 text")).caused_by(e))?;
        load(
            &name,
            &text,
            std::env::vars_os().filter_map(|(key, value)| {
                Some((key.into_string().ok()?, value.into_string().ok()?))
            }),
        )
    }
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "the command line is where the clock may be read")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a job waits for its time, its turn and its receivers"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads a source into the archive.
fn fetch(context: &Context, source: &Source) -> Result<Extent> {
    if matches!(source, Source::Bundled {}) {
        context.store_bundle()?;
        return Ok(Extent::Whole);
    }
    Ok(match context.for_job(&source.command())? {
        Outcome::Done => Extent::Whole,
        Outcome::Partial | Outcome::Refused | Outcome::Stale => Extent::Part,
    })
}

/// Hands a run what it needs of the outside.
fn with_means<T>(context: &Context, does: impl FnOnce(&Means<'_>) -> Result<T>) -> Result<T> {
    does(&Means {
        data: &context.global.data,
        now: &now,
        pause: &pause,
        variable: &variable,
        bytes: &|path: &Path| store::read_file(path, HASHED_LIMIT),
        fetch: &|source: &Source| fetch(context, source),
        archive: &|| context.archive(),
        say: &|words: &str| context.say(words),
        print: &output::print,
    })
}

/// The ledger of runs; none where there is no file of it, since who only reads makes none.
fn history(context: &Context) -> Result<Option<History>> {
    let url = variable(URL_VARIABLE).filter(|url| !url.trim().is_empty());
    let file = context.global.data.join(crate::job::history::FILE);
    if url.is_none() && !store::is_file(&file) {
        return Ok(None);
    }
    History::open(&context.global.data, url.as_deref()).map(Some)
}

/// Prints a summary, beside the alerts where a sink of the job has stdout for itself.
fn summarise(context: &Context, job: &Job, print: impl FnOnce() -> Result<()>) -> Result<()> {
    if job.sinks.iter().any(|sink| matches!(sink, Sink::Stdout {})) {
        context.say("stdout is the job's sink of alerts; `chipcast job list` shows the run");
        return Ok(());
    }
    print()
}
