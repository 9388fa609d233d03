//! The bridge between two runs: news, revision, refit, code and assumption, which add up to the change.
//!
//! May use the core files, `engine`, `news` and `run_record`. What each run said is compared with
//! what this program says of the same day; what lies between the two days is told by the events.

use std::collections::BTreeMap;

use super::engine;
use super::news::events::Scope;
use super::news::{Account, News, Part, is_same, news};
use super::run_record::{Method, RunRecord, RunRow};
use crate::archive::{Archive, Snapshot};
use crate::error::{Error, Result};
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::Unit;

/// How one number came from what run A said to what run B said.
#[derive(Debug, Clone)]
pub struct Span {
    /// The series, or what of the chain it is.
    pub series: String,
    /// The period.
    pub period: Period,
    /// Its unit.
    pub unit: Unit,
    /// What run A said.
    pub a: Said,
    /// What run B said.
    pub b: Said,
    /// Change by new values and announcements, what was learned held.
    pub news: f64,
    /// Change by revisions, what was learned held.
    pub revision: f64,
    /// Change by what the model learned.
    pub refit: f64,
    /// Change by the program.
    pub code: f64,
    /// Change by the engine's constants or the chain's assumptions.
    pub assumption: f64,
    /// What could not be told apart, in words.
    pub note: Option<String>,
}

/// What a run said of a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Periods ahead.
    pub horizon: usize,
    /// The median, withheld or not.
    pub estimate: f64,
    /// Code of the refusal, if it was withheld.
    pub refusal: Option<String>,
}

/// How the method of a run differs from that of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// By the program alone, if at all.
    Code,
    /// By constants or assumptions alone.
    Assumption,
    /// By both, which cannot be told apart.
    Both,
}

impl Gap {
    /// How a method differs in the program and in the file whose digest `file` gives.
    pub fn of(run: &Method, file: fn(&Method) -> &str) -> Self {
        let current = Method::current();
        match (run.code_version == current.code_version, file(run) == file(&current)) {
            (_, true) => Self::Code,
            (true, false) => Self::Assumption,
            (false, false) => Self::Both,
        }
    }
}

impl Span {
    /// What run B said less what run A said.
    pub fn total(&self) -> f64 {
        self.b.estimate - self.a.estimate
    }

    /// Enters how far a run's number lies from what this program says of the same day.
    pub fn method(&mut self, gap: Gap, run: &str, change: f64) {
        match gap {
            Gap::Assumption => self.assumption += change,
            Gap::Code | Gap::Both => self.code += change,
        }
        if gap == Gap::Both && change != 0.0 {
            let what = format!("code and constants of run {run} both differ, counted as code");
            let before = self.note.take().map_or_else(String::new, |note| format!("{note}; "));
            self.note = Some(before + &what);
        }
    }
}

/// The spans of one series, or why there is none.
pub type Spans = (SeriesId, Result<Vec<Span>>);

/// The bridge of every series that both runs forecast, over the periods that both forecast.
///
/// # Errors
/// [`Error::Invalid`] if run A saw a later day than run B, or one lies past the archive's last day. A
/// series of whose rows the archive has other ones than a run saw is an error of its own.
pub fn bridge(a: &RunRecord, b: &RunRecord, archive: &Archive) -> Result<Vec<Spans>> {
    if a.as_of > b.as_of {
        return Err(Error::invalid(format!(
            "run {} saw {}, later than {} of run {}",
            a.run_id, a.as_of, b.as_of, b.run_id
        ))
        .hint("name the earlier run first"));
    }
    let (then, now) = (archive.as_of(a.as_of)?, archive.as_of(b.as_of)?);
    let (rows_a, rows_b) = (by_series(a)?, by_series(b)?);
    let both = rows_a.into_iter().filter_map(|(key, rows)| Some((rows_b.get(&key)?, key, rows)));
    let spans = both.map(|(rows_b, (series, model), rows_a)| {
        let of_series = || -> Result<Vec<Span>> {
            held(a, &rows_a, &then, &series)?;
            held(b, rows_b, &now, &series)?;
            let horizon = rows_b.iter().map(|row| row.horizon).max().unwrap_or(1);
            let told = news(engine::model(&model)?, &then, &now, &series, horizon)?;
            Ok(spans((a, &rows_a), (b, rows_b), &told))
        };
        let spans = of_series();
        (series, spans)
    });
    Ok(spans.collect())
}

type Rows<'a> = BTreeMap<(SeriesId, String), Vec<&'a RunRow>>;

fn by_series(run: &RunRecord) -> Result<Rows<'_>> {
    let mut rows = Rows::new();
    for row in &run.forecasts {
        row.period().and(row.unit()).map_err(|e| e.within(format!("run {}", run.run_id)))?;
        let key = (SeriesId::new(&row.series)?, row.model.clone());
        rows.entry(key).or_default().push(row);
    }
    Ok(rows)
}

/// Refuses a series of which the archive now shows other rows than the run saw.
fn held(run: &RunRecord, rows: &[&RunRow], known: &Snapshot, series: &SeriesId) -> Result<()> {
    let digest = known.digest_of(&Scope::panel(known, series)?.series)?;
    match rows.iter().find(|row| row.data_digest != digest) {
        None => Ok(()),
        Some(row) => Err(Error::invalid(format!(
            "run {} saw other rows of {series:?} or its panel as of {} (digest {}) than the archive \
             holds (digest {digest})",
            run.run_id, run.as_of, row.data_digest
        ))
        .hint("name the run's own archive with `--data`, or run again as of that day")),
    }
}

fn spans(
    (a, rows_a): (&RunRecord, &[&RunRow]),
    (b, rows_b): (&RunRecord, &[&RunRow]),
    told: &News,
) -> Vec<Span> {
    let gap = |run: &RunRecord| Gap::of(&run.method, |method| &method.spec_digest);
    let (gap_a, gap_b) = (gap(a), gap(b));
    let span = |row_b: &&RunRow| {
        let period = row_b.period().ok()?;
        let row_a = rows_a.iter().find(|row| row.period().is_ok_and(|p| is_same(p, period)))?;
        let account = told.accounts.iter().find(|account| is_same(account.period, period))?;
        let (said_a, said_b) = (said(row_a)?, said(row_b)?);
        let mut span = told_by(account, &row_b.series, told.unit, (said_a, said_b));
        span.period = period;
        span.method(gap_a, &a.run_id, account.prev - span.a.estimate);
        span.method(gap_b, &b.run_id, span.b.estimate - account.new);
        Some(span)
    };
    rows_b.iter().filter_map(span).collect()
}

fn said(row: &RunRow) -> Option<Said> {
    let estimate = row.estimate()?;
    Some(Said { horizon: row.horizon, estimate, refusal: row.refusal.clone() })
}

fn told_by(account: &Account, series: &str, unit: Unit, (a, b): (Said, Said)) -> Span {
    Span {
        series: series.to_owned(),
        period: account.period,
        unit,
        a,
        b,
        news: account.by(Part::News) + account.by(Part::Announcement),
        revision: account.by(Part::Revision),
        refit: account.by(Part::Refit),
        code: 0.0,
        assumption: 0.0,
        note: None,
    }
}
