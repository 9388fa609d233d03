//! The ledger of runs: which runs there were and how they ended, which alerts stand, what is still to be
//! delivered, when sources last answered, which times of the schedule were dealt with.
//!
//! May use `store::database`. SQLite in `DATA/runs.sqlite`, or PostgreSQL where `CHIPCAST_LEDGER_URL`
//! names one. The folders of runs are what counts: a run that is there and not in here is taken in.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Serialize;

use super::manifest::Status;
use crate::error::{Error, Result};
use crate::store::database::{Database, Sqlite, TextRow};

/// The variable that names a PostgreSQL database.
pub const URL_VARIABLE: &str = "CHIPCAST_LEDGER_URL";
/// The file of the ledger of runs.
pub const FILE: &str = "runs.sqlite";

const TABLES: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS runs (
        job TEXT NOT NULL, run_key TEXT NOT NULL, run_id TEXT NOT NULL, as_of TEXT NOT NULL,
        status TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, attempts INTEGER NOT NULL,
        error TEXT, PRIMARY KEY (job, run_key))",
    "CREATE TABLE IF NOT EXISTS alert_states (
        job TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, since TEXT NOT NULL,
        PRIMARY KEY (job, subject))",
    "CREATE TABLE IF NOT EXISTS deliveries (
        job TEXT NOT NULL, alert_id TEXT NOT NULL, sink TEXT NOT NULL, body TEXT NOT NULL,
        delivered TEXT, PRIMARY KEY (job, alert_id, sink))",
    "CREATE TABLE IF NOT EXISTS answers (
        job TEXT NOT NULL, source TEXT NOT NULL, answered TEXT NOT NULL,
        PRIMARY KEY (job, source))",
    "CREATE TABLE IF NOT EXISTS times (
        job TEXT NOT NULL, due TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (job, due))",
];

/// The status of a run that has not ended.
pub const RUNNING: &str = "running";

/// The ledger of runs.
#[derive(Debug)]
pub struct History(Box<dyn Database>);

/// A run as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The job.
    pub job: String,
    /// Hash of the run's key.
    pub run_key: String,
    /// The run.
    pub run_id: String,
    /// The day whose end it saw.
    pub as_of: String,
    /// How it ended, or `running`.
    pub status: String,
    /// When its last attempt began.
    pub started: String,
    /// When it ended.
    pub ended: Option<String>,
    /// How often it was begun.
    pub attempts: u32,
    /// Why it failed.
    pub error: Option<String>,
}

/// What names a run.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The job.
    pub job: &'a str,
    /// Hash of its key.
    pub run_key: &'a str,
    /// The run.
    pub run_id: &'a str,
    /// The day whose end it sees.
    pub as_of: NaiveDate,
}

/// An alert on its way to a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The alert.
    pub alert_id: String,
    /// The sink: its place in the job file, and its kind.
    pub sink: String,
    /// What is told.
    pub body: String,
}

/// The changes that one run makes to what is announced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// States that changed: a subject beside its state.
    pub states: Vec<(String, String)>,
    /// What is told of it.
    pub deliveries: Vec<Delivery>,
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn some<const N: usize>(values: [&str; N]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}

fn text(row: &[Option<String>], idx: usize) -> String {
    row.get(idx).cloned().flatten().unwrap_or_default()
}

impl History {
    /// The ledger of runs below `data`, or at the address given.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be opened; [`Error::Invalid`] for an address that is none.
    pub fn open(data: &Path, url: Option<&str>) -> Result<Self> {
        match url.filter(|url| !url.trim().is_empty()) {
            Some(url) => Self::with(remote(url)?),
            None => Self::with(Box::new(Sqlite::open(&data.join(FILE))?)),
        }
    }

    /// The ledger of runs in a database.
    ///
    /// # Errors
    /// [`Error::Store`] if the tables cannot be made.
    pub fn with(mut database: Box<dyn Database>) -> Result<Self> {
        let tables: Vec<_> = TABLES.iter().map(|text| (*text, Vec::new())).collect();
        database.apply(&tables)?;
        Ok(Self(database))
    }

    /// A run begins; a key that was begun before has one more attempt.
    ///
    /// # Errors
    /// [`Error::Store`], as for every function here.
    pub fn begin(&mut self, named: Named<'_>, at: DateTime<Utc>) -> Result<()> {
        let Named { job, run_key, run_id, as_of } = named;
        let (as_of, at) = (as_of.to_string(), moment(at));
        self.0.apply(&[(
            "INSERT INTO runs (job, run_key, run_id, as_of, status, started, ended, attempts, error)
             VALUES ($1, $2, $3, $4, $5, $6, NULL, 1, NULL)
             ON CONFLICT (job, run_key) DO UPDATE SET status = excluded.status,
             started = excluded.started, ended = NULL, error = NULL, attempts = runs.attempts + 1",
            some([job, run_key, run_id, &as_of, RUNNING, &at]),
        )])
    }

    /// A run ends, and with it the states of alerts change: all in one step.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn end(
        &mut self,
        named: Named<'_>,
        (status, error): (Status, Option<&str>),
        announced: &Announced,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let Named { job, run_key, run_id, as_of } = named;
        let (as_of, at) = (as_of.to_string(), moment(at));
        let mut values = some([job, run_key, run_id, &as_of, status.word(), &at]);
        values.push(error.map(str::to_owned));
        // A run that was published by a process that was killed may not have been begun in here.
        let mut changes = vec![(
            "INSERT INTO runs (job, run_key, run_id, as_of, status, started, ended, attempts, error)
             VALUES ($1, $2, $3, $4, $5, $6, $6, 1, $7)
             ON CONFLICT (job, run_key) DO UPDATE SET status = excluded.status,
             ended = excluded.ended, error = excluded.error",
            values,
        )];
        for (subject, state) in &announced.states {
            changes.push((
                "INSERT INTO alert_states (job, subject, state, since) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (job, subject) DO UPDATE SET state = excluded.state,
                 since = excluded.since",
                some([job, subject, state, &as_of]),
            ));
        }
        for delivery in &announced.deliveries {
            changes.push((
                "INSERT INTO deliveries (job, alert_id, sink, body, delivered)
                 VALUES ($1, $2, $3, $4, NULL) ON CONFLICT (job, alert_id, sink) DO NOTHING",
                some([job, &delivery.alert_id, &delivery.sink, &delivery.body]),
            ));
        }
        self.0.apply(&changes)
    }

    /// Every run, or those of a job, by day and start.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn runs(&mut self, job: Option<&str>) -> Result<Vec<Entry>> {
        let rows = self.0.rows(&(
            "SELECT job, run_key, run_id, as_of, status, started, ended,
             CAST(attempts AS TEXT), error FROM runs
             WHERE $1 = '' OR job = $1 ORDER BY job, as_of, started, run_id",
            some([job.unwrap_or_default()]),
        ))?;
        Ok(rows.iter().map(|row| Entry::of(row)).collect())
    }

    /// The run of a key.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn run(&mut self, job: &str, run_key: &str) -> Result<Option<Entry>> {
        Ok(self.runs(Some(job))?.into_iter().find(|entry| entry.run_key == run_key))
    }

    /// The state of every subject of a job's alerts.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn alert_states(&mut self, job: &str) -> Result<BTreeMap<String, String>> {
        let rows = self
            .0
            .rows(&("SELECT subject, state FROM alert_states WHERE job = $1", some([job])))?;
        Ok(rows.iter().map(|row| (text(row, 0), text(row, 1))).collect())
    }

    /// What a job has still to deliver.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn pending(&mut self, job: &str) -> Result<Vec<Delivery>> {
        let rows = self.0.rows(&(
            "SELECT alert_id, sink, body FROM deliveries WHERE job = $1 AND delivered IS NULL
             ORDER BY alert_id, sink",
            some([job]),
        ))?;
        let delivery = |row: &TextRow| Delivery {
            alert_id: text(row, 0),
            sink: text(row, 1),
            body: text(row, 2),
        };
        Ok(rows.iter().map(delivery).collect())
    }

    /// An alert has arrived.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn delivered(&mut self, job: &str, delivery: &Delivery, at: DateTime<Utc>) -> Result<()> {
        self.0.apply(&[(
            "UPDATE deliveries SET delivered = $1 WHERE job = $2 AND alert_id = $3 AND sink = $4",
            some([&moment(at), job, &delivery.alert_id, &delivery.sink]),
        )])
    }

    /// A source has answered on a day.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn answered(&mut self, job: &str, source: &str, day: NaiveDate) -> Result<()> {
        self.0.apply(&[(
            "INSERT INTO answers (job, source, answered) VALUES ($1, $2, $3)
             ON CONFLICT (job, source) DO UPDATE SET answered = excluded.answered",
            some([job, source, &day.to_string()]),
        )])
    }

    /// The day on which each source of a job last answered.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn answers(&mut self, job: &str) -> Result<BTreeMap<String, NaiveDate>> {
        let rows =
            self.0.rows(&("SELECT source, answered FROM answers WHERE job = $1", some([job])))?;
        rows.iter()
            .map(|row| {
                let day = text(row, 1).parse().map_err(|_| {
                    Error::store(format!("`{}` in the ledger of runs is no day", text(row, 1)))
                })?;
                Ok((text(row, 0), day))
            })
            .collect()
    }

    /// A time of the schedule was dealt with.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn done(&mut self, job: &str, due: DateTime<Utc>, outcome: &str) -> Result<()> {
        self.0.apply(&[(
            "INSERT INTO times (job, due, outcome) VALUES ($1, $2, $3)
             ON CONFLICT (job, due) DO UPDATE SET outcome = excluded.outcome",
            some([job, &moment(due), outcome]),
        )])
    }

    /// The last time of the schedule that was dealt with.
    ///
    /// # Errors
    /// As [`History::begin`].
    pub fn last_due(&mut self, job: &str) -> Result<Option<DateTime<Utc>>> {
        let rows = self.0.rows(&("SELECT MAX(due) FROM times WHERE job = $1", some([job])))?;
        let Some(Some(last)) = rows.first().and_then(|row| row.first()).cloned() else {
            return Ok(None);
        };
        let wrong = |_| Error::store(format!("`{last}` in the ledger of runs is no time"));
        last.parse().map(Some).map_err(wrong)
    }
}

#[cfg(feature = "postgres")]
fn remote(url: &str) -> Result<Box<dyn Database>> {
    Ok(Box::new(crate::store::database::Postgres::connect(url)?))
}

#[cfg(not(feature = "postgres"))]
fn remote(_url: &str) -> Result<Box<dyn Database>> {
    Err(Error::invalid(format!("`{URL_VARIABLE}` is set, but this program was built without it"))
        .hint("build it with `--features postgres`"))
}

impl Entry {
    fn of(row: &[Option<String>]) -> Self {
        Self {
            job: text(row, 0),
            run_key: text(row, 1),
            run_id: text(row, 2),
            as_of: text(row, 3),
            status: text(row, 4),
            started: text(row, 5),
            ended: row.get(6).cloned().flatten(),
            attempts: text(row, 7).parse().unwrap_or_default(),
            error: row.get(8).cloned().flatten(),
        }
    }

    /// Whether its outputs were published.
    pub fn is_published(&self) -> bool {
        [Status::Ok, Status::Degraded, Status::Partial, Status::Refused]
            .iter()
            .any(|status| status.word() == self.status)
    }
}
