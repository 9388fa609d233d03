//! A user's own panel: rows of `unique_id, ds, y` to forecasts with intervals, whatever the rows are.
//!
//! May use `univariate` alone. Pure: never reads a file. A broken series fails by itself, with its
//! reason: it takes part in nothing that is pooled, so that the others do not change by a bit.

mod dates;
mod interval;
mod past;
mod tidy;

pub use dates::Ds;
pub use tidy::{Cell, Point};

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::univariate::{self, Answer, LENGTH_NEEDED, Question};
use interval::Intervals;
use past::Past;
use tidy::Tidy;

/// The furthest period ahead that may be asked.
pub const HORIZON_MAX: usize = 400;
/// The longest season that may be asked.
pub const SEASON_MAX: usize = 400;
/// What is asked of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Periods to forecast, at most [`HORIZON_MAX`].
    pub horizon: usize,
    /// Periods in a season, at most [`SEASON_MAX`]; told by `ds` if not given.
    pub season: Option<usize>,
    /// Coverages of the intervals, each between 0 and 1.
    pub coverages: Vec<f64>,
}

/// How far a forecast is to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Better than the last value or the last season, or too short to tell.
    Good,
    /// In the series' own past the last value or the last season was as good.
    NoSkill,
    /// Another model or fewer values than usual; `reason` says why.
    Fallback,
    /// No forecast; `reason` says why.
    Failed,
}

impl Status {
    /// Its word in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::NoSkill => "no_skill",
            Self::Fallback => "fallback",
            Self::Failed => "failed",
        }
    }
}

/// The forecast of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Which series.
    pub unique_id: String,
    /// How far it is to be trusted.
    pub status: Status,
    /// Why it failed or fell back.
    pub reason: Option<String>,
    /// The model that made it; empty if it failed.
    pub model_used: &'static str,
    /// One entry a period ahead, nearest first; none if it failed.
    pub steps: Vec<Forecast>,
}

/// The forecast of a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The period.
    pub ds: Ds,
    /// The forecast.
    pub yhat: f64,
    /// Lower and upper end, for each coverage asked.
    pub intervals: Vec<(f64, f64)>,
}

/// Forecasts every series; the answer is sorted by `unique_id`.
pub fn forecast(panel: BTreeMap<String, Vec<Point>>, asked: &Asked) -> Vec<Outcome> {
    let tidied: Vec<(String, Result<Tidy, String>)> =
        panel.into_par_iter().map(|(id, points)| tidied(id, points)).collect();
    let good: Vec<&Tidy> = tidied.iter().filter_map(|(_, tidy)| tidy.as_ref().ok()).collect();
    let season = asked.season.unwrap_or_else(|| usual_season(&good));
    let question = Question { season: season.clamp(1, SEASON_MAX), horizon: asked.horizon };
    let panel: Vec<&[f64]> = good.iter().map(|tidy| tidy.y.as_slice()).collect();
    let teachers = teachers(&good);
    let past = Past::of(&panel, &teachers, question);
    let intervals = Intervals::new(&past.attempts, question.horizon, &asked.coverages);
    let answers = univariate::forecast_taught(&panel, &teachers, question);
    let mut answers = answers.into_iter().zip(past.gains);
    let outcome = |(unique_id, tidy): (String, Result<Tidy, String>)| match tidy {
        Ok(tidy) => {
            let (answer, gain) = answers.next().expect("every good series is answered");
            outcome(unique_id, &tidy, &answer, gain, &intervals)
        }
        Err(reason) => failed(unique_id, reason),
    };
    tidied.into_iter().map(outcome).collect()
}

fn tidied(id: String, points: Vec<Point>) -> (String, Result<Tidy, String>) {
    let tidy = match id.as_str() {
        "" => Err(format!("{} rows have no `unique_id`", points.len())),
        _ => tidy::tidy(points),
    };
    (id, tidy)
}

/// The series from which the others learn: whole ones that do not explode, so that an odd one changes
/// no other; all of them if those are less than half.
fn teachers(panel: &[&Tidy]) -> Vec<usize> {
    let teaches = |idx: &usize| panel[*idx].left_out.is_none() && panel[*idx].is_tame();
    let whole: Vec<usize> = (0..panel.len()).filter(teaches).collect();
    if 2 * whole.len() < panel.len() { (0..panel.len()).collect() } else { whole }
}

/// The season that most series have by their steps.
fn usual_season(panel: &[&Tidy]) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for tidy in panel {
        *counts.entry(tidy.step.season()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, n)| *n).map_or(1, |(season, _)| season)
}

fn failed(unique_id: String, reason: String) -> Outcome {
    let (status, reason) = (Status::Failed, Some(reason));
    Outcome { unique_id, status, reason, model_used: "", steps: Vec::new() }
}

fn outcome(
    unique_id: String,
    tidy: &Tidy,
    answer: &Answer,
    gain: Option<f64>,
    intervals: &Intervals,
) -> Outcome {
    let around = answer.path.iter().zip(intervals.around(&tidy.y, answer)).zip(1..);
    let steps = around.map(|((yhat, intervals), ahead)| {
        let ds = tidy.last.after(tidy.step, ahead)?;
        Some(Forecast { ds, yhat: *yhat, intervals })
    });
    let steps: Option<Vec<_>> = steps.collect();
    let Some(steps) = steps else {
        return failed(unique_id, format!("`ds` ends after `{}`", tidy.last));
    };
    let reason = reason(tidy, answer);
    let status = match (&reason, gain) {
        (Some(_), _) => Status::Fallback,
        (None, Some(gain)) if gain <= 0.0 => Status::NoSkill,
        _ => Status::Good,
    };
    Outcome { unique_id, status, reason, model_used: answer.model_used, steps }
}

fn reason(tidy: &Tidy, answer: &Answer) -> Option<String> {
    let n = tidy.y.len();
    let plain = answer.model_used != "univariate";
    let simple = match n {
        _ if !plain => None,
        ..LENGTH_NEEDED => Some(format!("{n} values are known, {LENGTH_NEEDED} are needed")),
        _ => Some("no other model stays near the values".to_owned()),
    };
    let parts: Vec<String> = tidy.left_out.iter().cloned().chain(simple).collect();
    if parts.is_empty() { None } else { Some(parts.join("; ")) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of residuals are far below 2^53")]
fn count(n: usize) -> f64 {
    n as f64
}
