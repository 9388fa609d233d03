//! One run of a job from start to end: lock, fetch, judge, make, publish, announce.
//!
//! May use everything above and `job`. The order makes a kill harmless at any moment: data go into the
//! archive first, forecasts into their ledger second, the folder of the run appears third, `latest` moves
//! fourth, and the ledger of runs learns of it last; each step can be done again without doing it twice.
//! Clock, environment, waits and fetches are handed in.

mod end;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use super::file::{Job, OnError};
use super::forecasts;
use super::freshness::{self, Judged, Level};
use super::history::{History, Named, URL_VARIABLE};
use super::key::RunKey;
use super::make::{self, Made};
use super::manifest::{self, Input, Manifest, Stage, Status};
use super::source::Source;
use crate::archive::{Archive, Snapshot};
use crate::error::{Error, Result};
use crate::forecast::ledger::Basis;
use crate::forecast::run_record::{self, RunRecord};
use crate::series::SeriesId;
use crate::store::is_busy;
use crate::store::lock::{JobLock, host};
use crate::store::runs::RunFolder;

/// What a run needs of the outside.
pub struct Means<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// The time.
    pub now: &'a dyn Fn() -> DateTime<Utc>,
    /// Waits.
    pub pause: &'a dyn Fn(Duration),
    /// A variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The bytes of a file that a source is read from.
    pub bytes: &'a dyn Fn(&Path) -> Result<Vec<u8>>,
    /// Reads a source into the archive.
    pub fetch: &'a dyn Fn(&Source) -> Result<Extent>,
    /// The archive.
    pub archive: &'a dyn Fn() -> Result<Archive>,
    /// Says a word to people.
    pub say: &'a dyn Fn(&str),
    /// Writes a line on stdout.
    pub print: &'a dyn Fn(&str) -> Result<()>,
}

/// How much of a source was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All that it had.
    Whole,
    /// Not every document of it.
    Part,
}

/// Which sources are asked before a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// All of them.
    All,
    /// Those that need no network: a replay shows the past of the archive.
    Local,
    /// None: they were asked for the run before.
    None,
}

/// Which run is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// The day to be shown; the last day known without one.
    pub as_of: Option<NaiveDate>,
    /// Which sources are asked.
    pub asking: Asking,
    /// How long to wait for another run of the job.
    pub wait: Duration,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// What is known of it.
    pub manifest: Manifest,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it had been done before, so that nothing was made.
    pub is_earlier: bool,
    /// How old data are, where they are late.
    pub ages: Vec<String>,
    /// Alerts that were told.
    pub n_told: usize,
    /// Alerts, figures and the like that could not be written or delivered.
    pub troubles: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Ended {
    /// How it ended; what could not be delivered makes it partial.
    pub fn exit_code(&self) -> u8 {
        match self.manifest.status.exit_code() {
            0 if !self.troubles.is_empty() => Status::Partial.exit_code(),
            code => code,
        }
    }
}

/// A run in the making.
pub(super) struct Work<'a> {
    job: &'a Job,
    means: &'a Means<'a>,
    runs: RunFolder,
    history: History,
    started: DateTime<Utc>,
    stages: Vec<Stage>,
    sources: Vec<Input>,
}

/// What was found out before anything is made.
pub(super) struct Ground {
    known: Snapshot,
    basis: Basis,
    key: RunKey,
    judged: Vec<Judged>,
    missing: Vec<String>,
}

/// Runs a job once, or finds that the same run was done before.
///
/// # Errors
/// [`Error::Store`] with the cause [`crate::store::Busy`] if the job is run by another process;
/// otherwise whatever made it fail, which is on record then.
pub fn run(job: &Job, means: &Means<'_>, asked: Asked) -> Result<Ended> {
    let lock = lock(job, means, asked.wait)?;
    if let Some(left) = &lock.left_by {
        let pid = left.pid;
        tracing::warn!(job = %job.name, pid, "the run before was killed");
        (means.say)(&format!(
            "process {pid} left its lock: its run was killed; going on from there"
        ));
    }
    let runs = RunFolder::at(Path::new(&job.out), &job.name);
    runs.clean()?;
    let history = History::open(means.data, (means.variable)(URL_VARIABLE).as_deref())?;
    let started = (means.now)();
    let (stages, sources) = (Vec::new(), Vec::new());
    let mut work = Work { job, means, runs, history, started, stages, sources };
    let ended = work.attempt(asked);
    if let Err(error) = &ended {
        work.failed(asked.as_of, error);
    }
    ended
}

fn lock(job: &Job, means: &Means<'_>, wait: Duration) -> Result<JobLock> {
    let step = Duration::from_millis(500);
    let mut waited = Duration::ZERO;
    loop {
        match JobLock::take(means.data, &job.name) {
            Err(error) if is_busy(&error) && waited < wait => {
                (means.pause)(step.min(wait.saturating_sub(waited)));
                waited += step;
            }
            other => return other,
        }
    }
}

impl Work<'_> {
    fn attempt(&mut self, asked: Asked) -> Result<Ended> {
        let missing = self.staged("fetch", |work| work.fetch(asked.asking))?;
        let ground = self.staged("judge", |work| work.ground(asked.as_of, missing))?;
        let run_id = ground.key.run_id();
        tracing::info!(job = %self.job.name, run_id, as_of = %ground.known.as_of(), "run");
        if ground.judged.iter().any(|judged| judged.level == Level::TooOld) {
            return self.stale(&ground);
        }
        if let Some(earlier) = self.earlier(&ground)? {
            return Ok(earlier);
        }
        let named = named(&ground);
        self.history.begin(named.as_named(), self.started)?;
        self.staged("resolve", |work| forecasts::resolve(work.means.data, &ground.known))?;
        let late = freshness::notes(&ground.key.degraded);
        let made =
            self.staged("make", |work| make::make(work.job, &ground.known, &run_id, &late))?;
        let manifest = self.manifest(&ground, Some(&made))?;
        self.staged("ledger", |work| {
            let made_on = (work.means.now)().date_naive();
            let basis = (ground.basis, made_on);
            forecasts::keep(work.means.data, &ground.known, &run_id, &made.forecasts, basis)
        })?;
        self.publish(&manifest, made.files.clone(), &ground)?;
        self.finish(&ground, manifest, &made)
    }

    /// Does a stage and notes how long it took.
    fn staged<T>(&mut self, name: &str, does: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let began = (self.means.now)();
        let done = does(self);
        let seconds = seconds_between(began, (self.means.now)());
        tracing::info!(job = %self.job.name, stage = name, seconds, "stage");
        self.stages.push(Stage { name: name.to_owned(), seconds });
        done
    }

    /// Asks the sources; gives those that could not be read, where the job goes on without them.
    fn fetch(&mut self, asking: Asking) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for (idx, source) in self.job.sources.iter().enumerate() {
            if asking == Asking::None || asking == Asking::Local && source.is_remote() {
                continue;
            }
            let name = format!("{idx} {}", source.kind());
            let mut files = Vec::new();
            for file in source.files() {
                // A folder has no hash of its own; what is in it shows in the archive.
                let bytes = (self.means.bytes)(Path::new(file));
                files.extend(
                    bytes.map(|b| (file.to_owned(), blake3::hash(&b).to_hex().to_string())),
                );
            }
            let told = self.tries(source);
            let error = told.as_ref().err().map(ToString::to_string);
            self.sources.push(Input::Source { name: name.clone(), files, error });
            match told {
                Ok(extent) => {
                    let today = (self.means.now)().date_naive();
                    self.history.answered(&self.job.name, source.kind(), today)?;
                    missing.extend((extent == Extent::Part).then_some(name));
                }
                Err(error) if self.job.fetch.on_error == OnError::GoOn => {
                    (self.means.say)(&format!("source `{name}` could not be read: {error}"));
                    missing.push(name);
                }
                Err(error) => return Err(error.within(format!("source `{name}`"))),
            }
        }
        Ok(missing)
    }

    /// A fetch that failed in the network can pass; everything else cannot.
    fn tries(&self, source: &Source) -> Result<Extent> {
        let attempts = self.job.fetch.attempts;
        for attempt in 1..attempts {
            match (self.means.fetch)(source) {
                Err(error @ Error::Fetch(_)) => {
                    (self.means.say)(&format!("try {attempt} of {attempts} failed: {error}"));
                    (self.means.pause)(Duration::from_secs(self.job.fetch.wait_seconds));
                }
                other => return other,
            }
        }
        (self.means.fetch)(source)
    }

    fn ground(&mut self, as_of: Option<NaiveDate>, missing: Vec<String>) -> Result<Ground> {
        let archive = (self.means.archive)()?;
        let known = archive.as_of(as_of.unwrap_or(archive.known_through()))?;
        let day = as_of.unwrap_or_else(|| (self.means.now)().date_naive());
        let answers: Option<BTreeMap<_, _>> = match as_of {
            Some(_) => None,
            None => Some(self.history.answers(&self.job.name)?),
        };
        let judged = freshness::judge(self.job, &known, day, answers.as_ref())?;
        let is_old = |judged: &&Judged| judged.level != Level::Fresh;
        let mut degraded: Vec<_> =
            judged.iter().filter(is_old).map(|j| j.subject.clone()).collect();
        degraded.extend(missing.iter().map(|name| freshness::missing(name)));
        let key = RunKey::new(self.job, known.as_of(), known.digest(), degraded);
        let is_last_day = known.as_of() == archive.known_through();
        let basis = if is_last_day { Basis::Live } else { Basis::Replayed };
        Ok(Ground { known, basis, key, judged, missing })
    }

    /// The same run, if it was published before; what a kill left undone is done now.
    fn earlier(&mut self, ground: &Ground) -> Result<Option<Ended>> {
        let run_id = ground.key.run_id();
        let Some(bytes) = self.runs.read(&run_id, run_record::FILE_NAME)? else { return Ok(None) };
        let manifest = Manifest::read(&bytes)?;
        if manifest.run_key != ground.key {
            return Err(Error::store(format!(
                "`{}` holds a run with another key",
                self.runs.path(&run_id).display()
            ))
            .hint("give each job a folder of its own with `out`"));
        }
        let entry = self.history.run(&self.job.name, &ground.key.hash())?;
        if entry.is_some_and(|entry| entry.is_published()) {
            self.advance(&manifest)?;
            let (n_told, mut troubles) = (0, Vec::new());
            self.deliver(&mut troubles)?;
            return Ok(Some(self.ended(manifest, ground, true, (n_told, troubles))));
        }
        let made =
            make::make(self.job, &ground.known, &run_id, &freshness::notes(&ground.key.degraded))?;
        self.finish(ground, manifest, &made).map(Some)
    }

    fn manifest(&self, ground: &Ground, made: Option<&Made>) -> Result<Manifest> {
        let none = Made::default();
        let made = made.unwrap_or(&none);
        let known = &ground.known;
        let run_id = ground.key.run_id();
        let made_by = (run_id.as_str(), self.job.seed);
        let mut inputs = self.sources.clone();
        for spec in make::asked(self.job)? {
            inputs.extend(make::input(known, &SeriesId::new(&spec.series)?)?);
        }
        let is_refused =
            |f: &crate::forecast::Forecast| f.steps.iter().all(|s| s.refusal.is_some());
        let status = if made.forecasts.iter().all(is_refused) {
            Status::Refused
        } else if !made.failures.is_empty() || !ground.missing.is_empty() {
            Status::Partial
        } else if !ground.key.degraded.is_empty() {
            Status::Degraded
        } else {
            Status::Ok
        };
        let mut words = freshness::notes(&ground.key.degraded);
        words.extend(made.failures.iter().cloned());
        Ok(Manifest {
            record: RunRecord::of(known, made_by, &made.forecasts, made.purchases.clone())?,
            manifest_version: manifest::SCHEMA_VERSION,
            status,
            notes: words,
            run_key_hash: ground.key.hash(),
            run_key: ground.key.clone(),
            parameters: self.job.shown(),
            inputs,
            series: made.series.clone(),
            outputs: made.files.iter().map(|(n, b)| manifest::OutputFile::of(n, b)).collect(),
        })
    }
}

/// What names the run of a ground.
struct NameOf(String, String, String, NaiveDate);

impl NameOf {
    fn as_named(&self) -> Named<'_> {
        Named { job: &self.0, run_key: &self.1, run_id: &self.2, as_of: self.3 }
    }
}

fn named(ground: &Ground) -> NameOf {
    let key = &ground.key;
    NameOf(key.job.clone(), key.hash(), key.run_id(), key.as_of)
}

fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).to_std().map_or(0.0, |passed| passed.as_secs_f64())
}

fn attempt_of(work: &Work<'_>, run_id: &str, ages: Vec<String>) -> manifest::Attempt {
    manifest::Attempt {
        schema_version: manifest::SCHEMA_VERSION,
        run_id: run_id.to_owned(),
        started: work.started,
        ended: (work.means.now)(),
        host: host(),
        pid: std::process::id(),
        stages: work.stages.clone(),
        ages,
    }
}
