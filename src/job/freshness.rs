//! Whether data are fresh enough for a job, by its own rules.
//!
//! May use the core and `job::file`. Judges; whoever asks decides what follows.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::file::{Against, Freshness, Job};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::series::SeriesId;

/// How old data are by one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What is judged: a series, or `source KIND`.
    pub subject: String,
    /// How it stands.
    pub level: Level,
    /// The day of its newest news; none if there never was any.
    pub newest: Option<NaiveDate>,
    /// Days since then.
    pub age_days: Option<i64>,
    /// The age that it has passed, in days.
    pub limit_days: Option<u32>,
}

/// How data stand by a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Fresh.
    Fresh,
    /// Late: the run is degraded.
    Late,
    /// Too old to publish anything.
    TooOld,
}

impl Judged {
    /// How old it is, in words with figures, for messages.
    pub fn words(&self) -> String {
        let limit =
            self.limit_days.map_or_else(String::new, |days| format!(", allowed are {days}"));
        match (self.newest, self.age_days) {
            (Some(newest), Some(age)) => {
                format!("{}: newest of {newest}, {age} days old{limit}", self.subject)
            }
            _ => format!("{}: nothing is known of it{limit}", self.subject),
        }
    }
}

/// What a missing source is called in a run's key.
const MISSING: &str = "missing ";

/// The name of a source that could not be read, in a run's key.
pub fn missing(source: &str) -> String {
    format!("{MISSING}{source}")
}

/// What stands on pages of what makes a run degraded, by the names in its key: no figure, since none of
/// them would have a source there.
pub fn notes(degraded: &[String]) -> Vec<String> {
    let note = |name: &String| {
        if name.starts_with(MISSING) {
            return "Late data: a source of this job could not be read.".to_owned();
        }
        let has_figure = name.contains(|c: char| c.is_ascii_digit());
        let subject = if has_figure { "a series" } else { name.as_str() };
        format!("Late data: {subject} is older than this job's rule of freshness allows.")
    };
    let mut notes: Vec<_> = degraded.iter().map(note).collect();
    notes.dedup();
    notes
}

/// Judges every rule of a job.
///
/// - `day`: the day on which the run is made; of a replay, the day that it shows.
/// - `answers`: when each source last answered; `None` for a replay, in which sources are not asked.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read.
pub fn judge(
    job: &Job,
    known: &Snapshot,
    day: NaiveDate,
    answers: Option<&BTreeMap<String, NaiveDate>>,
) -> Result<Vec<Judged>> {
    let mut judged = Vec::new();
    for rule in &job.freshness {
        let (subject, newest) = match (&rule.series, &rule.source) {
            (Some(id), _) => (id.clone(), newest(known, &SeriesId::new(id)?)?),
            (None, Some(kind)) => match answers {
                Some(answers) => (format!("source {kind}"), answers.get(kind).copied()),
                None => continue,
            },
            (None, None) => continue,
        };
        let day = match rule.against {
            Against::Today => day.max(known.as_of()),
            Against::AsOf => known.as_of(),
        };
        judged.push(by_rule(rule, subject, newest, day));
    }
    Ok(judged)
}

fn by_rule(rule: &Freshness, subject: String, newest: Option<NaiveDate>, day: NaiveDate) -> Judged {
    let age_days = newest.map(|newest| (day - newest).num_days());
    let passed = |limit: Option<super::file::Age>| {
        limit.filter(|limit| age_days.is_none_or(|age| age > i64::from(limit.0)))
    };
    let (level, limit) = match (passed(rule.error_after), passed(rule.warn_after)) {
        (Some(limit), _) => (Level::TooOld, Some(limit)),
        (None, Some(limit)) => (Level::Late, Some(limit)),
        (None, None) => (Level::Fresh, None),
    };
    Judged { subject, level, newest, age_days, limit_days: limit.map(|limit| limit.0) }
}

/// The day on which the newest value of a series became public.
fn newest(known: &Snapshot, series: &SeriesId) -> Result<Option<NaiveDate>> {
    match known.vintages(series) {
        Ok(rows) => Ok(rows.iter().map(|row| row.vintage).max()),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
