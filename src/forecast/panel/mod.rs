//! A user's own panel: rows of `unique_id, ds, y` to forecasts with intervals, whatever the rows are.
//!
//! May use `univariate` alone. Pure: never reads a file. A broken series fails by itself, with its
//! reason: it takes part in nothing that is pooled, so that the others do not change by a bit.

mod dates;
mod interval;
mod tidy;

pub use dates::Ds;
pub use tidy::{Cell, Point};

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::univariate::{self, Answer, LENGTH_NEEDED, Question};
use interval::{Attempt, Residuals, Weights};
use tidy::Tidy;

/// The furthest period ahead that may be asked.
pub const HORIZON_MAX: usize = 400;
/// The longest season that may be asked.
pub const SEASON_MAX: usize = 400;
/// Forecasts of the past that intervals rest on: about so many, from 10 to 40 origins a series. A
/// shock hits all series at once, so that even of a large panel few origins say little.
const ATTEMPTS: usize = 1_000;
const ORIGINS: (usize, usize) = (10, 40);
/// Horizons that the origins span, from the last but one value back: the fewest and more than those.
const SPAN: (usize, usize) = (2, 4);

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
        panel.into_par_iter().map(|(id, points)| (id, tidy::tidy(points))).collect();
    let good: Vec<&Tidy> = tidied.iter().filter_map(|(_, tidy)| tidy.as_ref().ok()).collect();
    let season = asked.season.unwrap_or_else(|| usual_season(&good));
    let question = Question { season: season.clamp(1, SEASON_MAX), horizon: asked.horizon };
    let panel: Vec<&[f64]> = good.iter().map(|tidy| tidy.y.as_slice()).collect();
    let past = Past::of(&panel, question);
    let weights = past.weights;
    let ends: Vec<_> = asked.coverages.iter().map(|level| past.residuals.ends(*level)).collect();
    let mut answers = univariate::forecast(&panel, question).into_iter().zip(past.gains);
    let outcome = |(unique_id, tidy): (String, Result<Tidy, String>)| match tidy {
        Ok(tidy) => {
            let (answer, gain) = answers.next().expect("every good series is answered");
            outcome(unique_id, &tidy, &answer, gain, (&weights, &ends))
        }
        Err(reason) => failed(unique_id, reason),
    };
    tidied.into_iter().map(outcome).collect()
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
    (weights, ends): (&Weights, &[Vec<(f64, f64)>]),
) -> Outcome {
    let scales = weights.scales(&tidy.y, answer);
    let step = |(idx, yhat): (usize, &f64)| {
        let ds = tidy.last.after(tidy.step, u32::try_from(idx + 1).ok()?)?;
        let end = |shift: f64| (yhat + shift * scales[idx]).clamp(f64::MIN, f64::MAX);
        let intervals = ends.iter().map(|at| (end(at[idx].0), end(at[idx].1))).collect();
        Some(Forecast { ds, yhat: *yhat, intervals })
    };
    let steps: Option<Vec<_>> = answer.path.iter().enumerate().map(step).collect();
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

/// What the panel's forecasts would have been at earlier origins, and how wrong.
struct Past {
    weights: Weights,
    residuals: Residuals,
    /// For each series, the error that it saved against the better of the last value and the last
    /// season; none where it has no past.
    gains: Vec<Option<f64>>,
}

impl Past {
    fn of(panel: &[&[f64]], question: Question) -> Self {
        let Question { season, horizon } = question;
        let shortest = LENGTH_NEEDED.max(2 * season + 2);
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut errors = vec![Errors::default(); panel.len()];
        for back in origins(panel.len(), horizon) {
            let long = |y: &&[f64]| y.len() >= shortest + back;
            let idxs: Vec<usize> = (0..panel.len()).filter(|idx| long(&panel[*idx])).collect();
            let known: Vec<&[f64]> =
                idxs.iter().map(|idx| &panel[*idx][..panel[*idx].len() - back]).collect();
            let answers = univariate::forecast(&known, question);
            for ((idx, known), answer) in idxs.iter().zip(known).zip(&answers) {
                let came = &panel[*idx][known.len()..known.len() + horizon.min(back)];
                for (ahead, (actual, parts)) in came.iter().zip(interval::parts(answer)).enumerate()
                {
                    let error = actual - answer.path[ahead];
                    attempts.extend(parts.map(|parts| Attempt { ahead, error, parts }));
                    let lag = if season > 1 { season - ahead % season } else { 1 };
                    let rivals = [known[known.len() - 1], known[known.len() - lag]];
                    errors[*idx].add(*actual, answer.path[ahead], rivals);
                }
            }
        }
        let gains = errors.iter().map(Errors::gain).collect();
        let weights = Weights::fit(&attempts, horizon);
        let residuals = Residuals::new(horizon, &attempts, &weights);
        Self { weights, residuals, gains }
    }
}

/// How many periods before the end each origin lies, none twice, evenly from 1 on; of one nearer than
/// the horizon only the first periods have come true.
fn origins(n_series: usize, horizon: usize) -> BTreeSet<usize> {
    let n_origins = ATTEMPTS.div_ceil(n_series.max(1)).clamp(ORIGINS.0, ORIGINS.1);
    let span = if n_origins == ORIGINS.0 { SPAN.0 } else { SPAN.1 } * horizon - 1;
    (0..n_origins).map(|nth| 1 + (nth * span + (n_origins - 1) / 2) / (n_origins - 1)).collect()
}

/// Sums of absolute errors of a series, in halves so that none overflows.
#[derive(Debug, Clone, Copy, Default)]
struct Errors {
    n: usize,
    own: f64,
    rivals: [f64; 2],
}

impl Errors {
    fn add(&mut self, actual: f64, own: f64, rivals: [f64; 2]) {
        let error = |said: f64| (actual / 1024.0 - said / 1024.0).abs();
        self.n += 1;
        self.own += error(own);
        self.rivals[0] += error(rivals[0]);
        self.rivals[1] += error(rivals[1]);
    }

    fn gain(&self) -> Option<f64> {
        let best = self.rivals[0].min(self.rivals[1]);
        (self.n > 0).then_some(best - self.own)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of residuals are far below 2^53")]
fn count(n: usize) -> f64 {
    n as f64
}
