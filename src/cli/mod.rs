//! The command line: one file a command. Data go to stdout, words for people to stderr.
//!
//! May use everything. The only code that asks what time it is: here for the day on which bytes were read,
//! in `job` for the times of runs.

mod backtest;
mod calendar;
mod data;
mod diff;
mod explain;
mod forecast;
mod hierarchy;
mod ingest;
mod job;
mod leak_test;
mod ledger;
mod model;
mod news;
mod output;
mod panel;
mod pressure;
mod progress;
mod run;
mod scale;
#[cfg(feature = "serve")]
mod serve;
mod share;
mod skill;

use std::error::Error as _;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::archive::{Archive, Batch, Snapshot};
use crate::error::{Error, Result};
use crate::forecast::run_record::run_id;
use crate::ingest::bundled;
use crate::report::plain;
use crate::series::SeriesId;
use crate::store::{Busy, Locked, Store, is_busy};

/// How a command ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All that was asked was done.
    Done,
    /// Some series failed.
    Partial,
    /// Every series asked was refused.
    Refused,
    /// Data are older than a job allows; nothing was published.
    Stale,
}

const LONG_ABOUT: &str = "\
Chipcast forecasts which companies will buy how many GPUs in the coming quarters, says how far that \
forecast can be trusted, and turns the purchases into the AI capability they buy.

Try:
  chipcast run                                    the main job, offline, on bundled data
  chipcast forecast nvda.revenue --horizon 2      the next two quarters, with an interval and a grade
  chipcast backtest msft.capex_cash               how wrong it would have been, quarter by quarter
  chipcast news nvda.revenue --from 2026-05-01    what moved the forecast since then
  chipcast data list                              every series there is
  chipcast job run examples/jobs/weekly.toml      a job: fetch, forecast, report, alert, on record

Exit codes: 0 ok, 1 a series failed, 2 failure, 3 every asked series is refused, \
4 data older than the job allows, 5 locked by another run.";

/// The arguments.
#[derive(Debug, Parser)]
#[command(name = "chipcast", version, about = "Forecasts who buys how many GPUs, and what they buy with it", long_about = LONG_ABOUT)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Args)]
struct Global {
    /// Folder that holds the archive (`archive/`) and what sources answered (`raw/`); made when something
    /// is stored
    #[arg(long, global = true, value_name = "DIR", default_value = "data", env = "CHIPCAST_DATA")]
    data: PathBuf,
    /// Start a new archive without the bundled data
    #[arg(long, global = true)]
    empty: bool,
    /// Show what was known at the end of this day; the last day known by default
    #[arg(long, global = true, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// Seed of the sample paths: the same seed gives the same bits
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How to print data
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Say nothing on stderr but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// Comma-separated values.
    Csv,
    /// A page of `report`, its default.
    Html,
    /// A page of `report`.
    Md,
    /// A page of `report`, on paper.
    Pdf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The main job: forecasts, scaling and reports for the whole industry, offline, on what is known
    Run(run::RunArguments),
    /// Pull a source into the archive: `ingest edgar --company nvda`, or `--from-file companyfacts.json`
    #[command(subcommand)]
    Ingest(ingest::Command),
    /// Jobs described by a file: run, schedule, plan, list, gc, schema
    #[command(subcommand)]
    Job(job::Command),
    /// Make a job's run again and compare what comes out, byte by byte
    Replay(job::ReplayArguments),
    /// Look into the archive: list, show, vintages, announcements, check; import a table of your own
    #[command(subcommand)]
    Data(data::Command),
    /// Forecast series: median, intervals, model used, grade, or a refusal
    Forecast(forecast::Arguments),
    /// Forecast a table of your own: columns `unique_id, ds, y`, CSV or Parquet
    Panel(panel::Arguments),
    /// Put the shards of a panel's forecasts together: the bytes that one run would have written
    Merge(panel::merge::Arguments),
    /// What the hyperscalers will spend in sum, made to agree with what NVIDIA will sell them
    Hierarchy(hierarchy::Arguments),
    /// Replay the past in pseudo real time: metrics by horizon, beside every rival
    Backtest(backtest::Arguments),
    /// Show how far ahead a series can be forecast, and what measures it
    Skill(skill::Arguments),
    /// Prove that no forecast saw the future: absurd later values may not move a bit of it
    LeakTest(leak_test::Arguments),
    /// Every forecast made, scored when the value arrives: show, resolve, calibration
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Keep a fitted model in a file, look into it, and apply it to what is known now
    #[command(subcommand)]
    Model(model::Command),
    /// What moved a forecast between two days: each announcement, value and revision with its effect
    News(news::Arguments),
    /// What comes next, and how far it usually moves a forecast
    Calendar(calendar::Arguments),
    /// How what one run said became what another said: news, revision, refit, code, assumption
    Diff(diff::Arguments),
    /// From purchases to capability: `scale msft`, `scale law`, `scale multiple --parameters 2`
    Scale(scale::Arguments),
    /// Who is being forced to buy: base rate, probability with its width, signals, falsifiers, record
    Pressure(pressure::Arguments),
    /// Who loses a market, how fast, and whether the data can tell: `share desktop_os --company windows`;
    /// `share list` names the markets
    Share(share::Arguments),
    /// Write the page of a company, or of the `industry`, as html, md or json
    Report(run::ReportArguments),
    /// Serve the pages and a JSON API, read-only, on this machine alone unless `--bind` says otherwise
    #[cfg(feature = "serve")]
    Serve(serve::Arguments),
}

/// The day up to which an archive without a row is known.
const NOTHING_KNOWN: NaiveDate = NaiveDate::from_epoch_days(0).expect("the epoch is a date");

/// What every command gets.
pub(crate) struct Context {
    global: Global,
    /// Whether a command is run for a job, which has a summary of its own to print.
    is_for_job: bool,
}

impl Context {
    /// The archive: the one on disk, or the bundled data where there is none yet.
    fn archive(&self) -> Result<Archive> {
        let store = self.store()?;
        if store.exists() {
            return store.read();
        }
        if self.global.empty { Ok(Archive::empty(NOTHING_KNOWN)) } else { bundled::archive() }
    }

    fn store(&self) -> Result<Store> {
        Store::at(&self.global.data)
    }

    /// The snapshot as of the day asked, or the last day known.
    fn snapshot(&self) -> Result<Snapshot> {
        let archive = self.archive()?;
        let known = archive.as_of(self.global.as_of.unwrap_or_else(|| archive.known_through()))?;
        if self.global.verbose {
            let stored = if self.store()?.exists() { "on disk" } else { "bundled, not stored" };
            self.say(format!(
                "archive in `{}` ({stored}), known through {}, content {}",
                self.global.data.display(),
                archive.known_through(),
                &archive.digest()[..16]
            ));
        }
        Ok(known)
    }

    /// Appends rows to the archive on disk, which is made if there is none, and gives the archive after.
    ///
    /// A new archive starts from the bundled data, unless `--empty` asks for one without them.
    fn append(&self, batch: &Batch) -> Result<Archive> {
        let store = self.store()?;
        let locked = self.locked(&store)?;
        let old = self.archive()?;
        let (archive, fresh) = old.append(batch)?;
        let says_nothing = fresh.observations.is_empty() && fresh.announcements.is_empty();
        if !(says_nothing && archive.known_through() == old.known_through() && store.exists()) {
            locked.commit(&fresh)?;
        }
        Ok(archive)
    }

    /// [`Context::append`] of rows that are known to be new to the archive `known`: they are reviewed
    /// again only if another process wrote since.
    fn append_to(&self, known: &Archive, batch: &Batch) -> Result<()> {
        let store = self.store()?;
        let locked = self.locked(&store)?;
        if self.archive()?.digest() != known.digest() {
            drop(locked);
            return self.append(batch).map(drop);
        }
        let says_nothing = batch.observations.is_empty() && batch.announcements.is_empty();
        if says_nothing && batch.known_through <= known.known_through() && store.exists() {
            return Ok(());
        }
        locked.commit(batch)
    }

    /// The write lock of the archive on disk, which is made if there is none.
    fn locked<'a>(&self, store: &'a Store) -> Result<Locked<'a>> {
        let locked = store.lock()?;
        if !store.exists() && !self.global.empty {
            locked.commit(&bundled::batch()?)?;
        }
        Ok(locked)
    }

    /// Makes the archive on disk hold the bundled data, as the main job's ingest does.
    fn store_bundle(&self) -> Result<()> {
        if !self.global.empty {
            self.append(&bundled::batch()?)?;
        }
        Ok(())
    }

    /// The day on which bytes are read.
    #[expect(
        clippy::disallowed_methods,
        reason = "the command line is where the clock may be read"
    )]
    fn today() -> NaiveDate {
        chrono::Utc::now().date_naive()
    }

    /// Runs a command of `chipcast ingest` or `data import` for a job: what it would print is left out.
    fn for_job(&self, words: &[String]) -> Result<Outcome> {
        let command = parsed(words)?;
        let global = Global { format: Format::Table, as_of: None, ..self.global.clone() };
        let context = Self { global, is_for_job: true };
        match &command {
            Command::Ingest(command) => ingest::run(&context, command),
            Command::Data(command) => data::run(&context, command),
            _ => Err(Error::invalid(format!("`{}` is no way to read a source", words.join(" ")))),
        }
    }

    /// A word for people, unless they asked for quiet; a line of the log where one is kept.
    fn say(&self, words: impl std::fmt::Display) {
        let words = plain::lines(&words.to_string());
        if self.global.quiet {
            return;
        }
        if is_logged() {
            tracing::info!("{words}");
        } else {
            let _ = writeln!(std::io::stderr(), "{words}");
        }
    }

    /// A failure of one series among others, which quiet does not silence.
    fn fail(series: impl std::fmt::Display, error: &Error) {
        let words = plain::lines(&format!("{series}: {error}"));
        let hint = error.advice().map(plain::lines);
        if is_logged() {
            tracing::error!(hint, "failed: {words}");
            return;
        }
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "failed: {words}");
        if let Some(hint) = hint {
            let _ = writeln!(err, "hint: {hint}");
        }
    }

    /// The name of what is computed from a snapshot with the seed that was asked for.
    fn run_id(&self, known: &Snapshot) -> String {
        run_id(known, self.global.seed)
    }
}

/// Runs the command line on the arguments of the process and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let report_panic = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !Error::catches_panics() {
            report_panic(panic);
        }
    }));
    ExitCode::from(run(std::env::args_os()))
}

/// Runs the command line on arguments, the first of which is its name, and gives the exit code.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let cli = Cli::parse_from(arguments);
    let context = Context { global: cli.global, is_for_job: false };
    let outcome = match &cli.command {
        Command::Run(arguments) => run::run(&context, arguments),
        Command::Ingest(command) => ingest::run(&context, command),
        Command::Job(command) => job::run(&context, command),
        Command::Replay(arguments) => job::replay(&context, arguments),
        Command::Data(command) => data::run(&context, command),
        Command::Forecast(arguments) => forecast::run(&context, arguments),
        Command::Panel(arguments) => panel::run(&context, arguments),
        Command::Merge(arguments) => panel::merge::run(&context, arguments),
        Command::Hierarchy(arguments) => hierarchy::run(&context, arguments),
        Command::Backtest(arguments) => backtest::run(&context, arguments),
        Command::Skill(arguments) => skill::run(&context, arguments),
        Command::LeakTest(arguments) => leak_test::run(&context, arguments),
        Command::Ledger(command) => ledger::run(&context, command),
        Command::Model(command) => model::run(&context, command),
        Command::News(arguments) => news::run(&context, arguments),
        Command::Calendar(arguments) => calendar::run(&context, arguments),
        Command::Diff(arguments) => diff::run(&context, arguments),
        Command::Scale(arguments) => scale::run(&context, arguments),
        Command::Pressure(arguments) => pressure::run(&context, arguments),
        Command::Share(arguments) => share::run(&context, arguments),
        Command::Report(arguments) => run::report(&context, arguments),
        #[cfg(feature = "serve")]
        Command::Serve(arguments) => serve::run(&context, arguments),
    };
    match outcome {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Partial) => 1,
        Ok(Outcome::Refused) => 3,
        Ok(Outcome::Stale) => 4,
        Err(error) => {
            report_error(&error);
            if is_busy(&error) { 5 } else { 2 }
        }
    }
}

/// Whether `--log` was given, so that stderr holds lines of a log and nothing else.
fn is_logged() -> bool {
    tracing::enabled!(tracing::Level::ERROR)
}

/// Prints an error, its causes and its hint, one a line; or all of it as one line of the log.
fn report_error(error: &Error) {
    let words = plain::lines(&error.to_string());
    let hint = error.advice().map(plain::lines);
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let causes = causes.take_while(|cause| !cause.is::<Busy>());
    let causes: Vec<_> = causes.map(|cause| plain::lines(&cause.to_string())).collect();
    if is_logged() {
        let cause = (!causes.is_empty()).then(|| causes.join(": "));
        tracing::error!(cause, hint, "{words}");
        return;
    }
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "error: {words}");
    for cause in causes {
        let _ = writeln!(err, "cause: {cause}");
    }
    if let Some(hint) = hint {
        let _ = writeln!(err, "hint: {hint}");
    }
}

/// The command that some words are.
fn parsed(words: &[String]) -> Result<Command> {
    let all = std::iter::once("chipcast").chain(words.iter().map(String::as_str));
    Cli::try_parse_from(all).map(|cli| cli.command).map_err(|e| {
        let told = e.to_string();
        let first = told.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Error::invalid(first.to_owned()).hint(format!(
            "`chipcast {} --help` says what it needs",
            words[..2.min(words.len())].join(" ")
        ))
    })
}

/// Series ids from the command line.
fn series_ids(texts: &[String]) -> Result<Vec<SeriesId>> {
    texts.iter().map(|text| SeriesId::new(text)).collect()
}
