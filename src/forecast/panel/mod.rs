//! A user's own panel: rows of `unique_id, ds, y` to forecasts with intervals, whatever the rows are.
//!
//! May use `univariate`, `regression` and the error type. Pure: never reads a file. What series teach each other is
//! learned once, as a [`Lesson`]; each is answered for alone then, so that the answer is the same bytes
//! wherever it is made. A broken series fails by itself, with its reason: it takes part in nothing that
//! is pooled, so that the others do not change by a bit.

mod dates;
mod drivers;
mod interval;
mod lesson;
mod model;
mod past;
mod shard;
mod tidy;
mod windows;

pub use dates::{Ds, Step};
pub use drivers::Ridge;
pub use lesson::{Lesson, learn, learn_while};
pub use model::Model;
pub use shard::Shard;
pub use tidy::{Cell, Point};
pub use windows::{Refit, Window, Windows, cross_validate, cross_validate_while};

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::univariate::Answer;
use crate::error::{Error, Result};
use interval::Intervals;
use tidy::{Tidy, Values};

/// The furthest period ahead that may be asked.
pub const HORIZON_MAX: usize = 400;
/// The longest season that may be asked.
pub const SEASON_MAX: usize = 400;
/// What is asked of a panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// What forecasts.
    pub model: Model,
    /// Periods to forecast, at most [`HORIZON_MAX`].
    pub horizon: usize,
    /// Periods in a season, at most [`SEASON_MAX`]; told by `ds` if not given.
    pub season: Option<usize>,
    /// Coverages of the intervals, each between 0 and 1.
    pub coverages: Vec<f64>,
    /// What [`Model::Ridge`] sees; the other models do without.
    pub ridge: Ridge,
}

impl Asked {
    /// Checks the bounds of each key.
    ///
    /// # Errors
    /// [`Error::Invalid`] names what lies outside its bounds.
    pub fn new(
        model: Model,
        horizon: usize,
        season: Option<usize>,
        coverages: Vec<f64>,
    ) -> Result<Self> {
        if !(1..=HORIZON_MAX).contains(&horizon) {
            return Err(Error::invalid(format!(
                "horizon {horizon} asked; needed is 1 to {HORIZON_MAX} periods"
            )));
        }
        if let Some(season) = season.filter(|season| !(1..=SEASON_MAX).contains(season)) {
            return Err(Error::invalid(format!(
                "season {season} asked; needed is 1 to {SEASON_MAX} periods"
            )));
        }
        if let Some(share) = coverages.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
            return Err(Error::invalid(format!(
                "coverage {share} asked; needed is a share below 1"
            ))
            .hint("95% is written 0.95"));
        }
        Ok(Self { model, horizon, season, coverages, ridge: Ridge::default() })
    }
}

/// A series of a panel, put in order; one that cannot be forecast keeps the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    unique_id: String,
    tidy: Result<Tidy, String>,
}

impl Series {
    /// Of points in any order.
    pub fn new(unique_id: impl Into<String>, points: Vec<Point>) -> Self {
        let unique_id = unique_id.into();
        let tidy = match unique_id.as_str() {
            "" => Err(format!("{} rows have no `unique_id`", points.len())),
            _ => tidy::tidy(points),
        };
        Self { unique_id, tidy }
    }

    /// The same with columns that are known beside the values and ahead of them, for [`Model::Ridge`]: one
    /// number a column at each point, as many at all of them.
    #[must_use]
    pub fn with_drivers(self, rows: &BTreeMap<Ds, Vec<f64>>) -> Self {
        Self { tidy: self.tidy.map(|tidy| tidy.beside(rows)), ..self }
    }

    /// Its name.
    pub fn unique_id(&self) -> &str {
        &self.unique_id
    }
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

/// Forecasts every series that a shard holds, learning from all; the answer is sorted by `unique_id`.
pub fn forecast(panel: &[Series], asked: &Asked, shard: Shard) -> Vec<Outcome> {
    forecast_while(panel, asked, shard, &|_| true).expect("nobody stops it")
}

/// Whether to go on; asked before each series that is learned from, and each that is answered for.
pub type GoesOn<'a> = dyn Fn(Stage) -> bool + Sync + 'a;

/// What is to come for a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The panel learns from it.
    Learn,
    /// It is answered for, once for each origin.
    Answer,
}

/// The same, as long as `goes_on`; none once it said no.
pub fn forecast_while(
    panel: &[Series],
    asked: &Asked,
    shard: Shard,
    goes_on: &GoesOn,
) -> Option<Vec<Outcome>> {
    let mut sorted: Vec<&Series> = panel.iter().collect();
    sorted.par_sort_by_key(|series| series.unique_id());
    let (lesson, errors) = lesson::learn_with_errors(&sorted, asked, goes_on)?;
    let held = sorted.par_iter().zip(errors).filter(|(series, _)| shard.holds(&series.unique_id));
    let answer = |(series, errors): (&&Series, _)| {
        goes_on(Stage::Answer).then(|| lesson.answer_with(series, errors))
    };
    held.map(answer).collect()
}

fn failed(unique_id: String, reason: String) -> Outcome {
    let (status, reason) = (Status::Failed, Some(reason));
    Outcome { unique_id, status, reason, model_used: "", steps: Vec::new() }
}

fn outcome(
    unique_id: String,
    tidy: &Tidy,
    answer: &Answer,
    usual: (&str, usize),
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
    let reason = reason(tidy, answer, usual);
    let status = match (&reason, gain) {
        (Some(_), _) => Status::Fallback,
        (None, Some(gain)) if gain <= 0.0 => Status::NoSkill,
        _ => Status::Good,
    };
    Outcome { unique_id, status, reason, model_used: answer.model_used, steps }
}

/// Why another model than the usual one made a forecast: its name, and the values that it needs.
fn reason(tidy: &Tidy, answer: &Answer, (name, n_needed): (&str, usize)) -> Option<String> {
    let n = tidy.y.len();
    let plain = answer.model_used != name;
    let simple = match n {
        _ if !plain => None,
        _ if n < n_needed => Some(format!("{n} values are known, {n_needed} are needed")),
        _ if name == model::RIDGE => {
            Some("a driver is not known for every period, or nothing can be fitted".to_owned())
        }
        _ => Some("no other model stays near the values".to_owned()),
    };
    let parts: Vec<String> = tidy.left_out.iter().cloned().chain(simple).collect();
    if parts.is_empty() { None } else { Some(parts.join("; ")) }
}
