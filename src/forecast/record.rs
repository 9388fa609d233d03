//! The record: what a model would have said at every earlier origin, and what came.
//!
//! May use the core files, `history`, `naive`, `pooled` and `score`. Each attempt sees the
//! snapshot of its own origin and nothing later; the actual joins it only in
//! [`Attempt::resolved_by`].

use chrono::{Days, NaiveDate};

use super::history::{History, Scale};
use super::naive::Naive;
use super::pooled;
use super::{Forecaster, Path};
use crate::archive::{Known, Point, Snapshot};
use crate::error::{Error, Result};
use crate::period::Period;
use crate::series::SeriesId;

/// Which value counts as what came. There is no default: say which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// The first public value of the period.
    FirstRelease,
    /// The last public value, revisions in.
    Latest,
}

/// One forecast of one period from one earlier origin.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The day from which it was made.
    pub origin: NaiveDate,
    /// Periods ahead.
    pub horizon: usize,
    /// The period forecast.
    pub period: Period,
    /// The model's median.
    pub median: f64,
    /// The last value at the origin: the naive forecast.
    pub naive: f64,
    /// The model that answered.
    pub model_used: &'static str,
    /// Whether the company's own guide went into this step.
    pub footing: Footing,
    /// Standard deviation of a change in the values known at the origin, on the scale of errors.
    pub volatility: Option<f64>,
    /// Mean absolute change a season apart in the values known at the origin: the scale of MASE.
    pub mase_scale: Option<f64>,
    /// What came, if it came.
    pub actual: Option<Point>,
    /// The scale on which errors are taken, which depends on what came.
    pub scale: Scale,
    /// The scale of its interval, told by what was known at the origin.
    pub interval_scale: Scale,
}

/// What a step stands on: its errors are compared with those of like steps alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Footing {
    /// The company's open guide.
    Guided,
    /// Growth of the past.
    Grown,
}

/// Everything that a model said of a series.
#[derive(Debug, Clone)]
pub struct Record {
    /// Which series.
    pub series: SeriesId,
    /// The attempts, by origin and horizon.
    pub attempts: Vec<Attempt>,
    /// Origins at which the model had no answer, and why.
    pub failures: Vec<(NaiveDate, String)>,
}

impl Attempt {
    /// What came, if it was public by a day.
    pub fn resolved_by(&self, as_of: NaiveDate) -> Option<f64> {
        self.actual.filter(|point| point.is_public(as_of)).map(|point| point.value)
    }

    /// Actual less median, on the attempt's scale: the signed residual.
    pub fn residual(&self, actual: f64) -> f64 {
        difference(self.scale, actual, self.median)
    }

    /// Actual less the naive forecast, on the attempt's scale.
    pub fn naive_residual(&self, actual: f64) -> f64 {
        difference(self.scale, actual, self.naive)
    }
}

/// A guide speaks of the first step alone.
pub fn footing(has_guide: bool, horizon: usize) -> Footing {
    if has_guide && horizon == 1 { Footing::Guided } else { Footing::Grown }
}

fn difference(scale: Scale, actual: f64, forecast: f64) -> f64 {
    match scale {
        Scale::Log => actual.ln() - forecast.ln(),
        Scale::Linear => actual - forecast,
    }
}

/// The origins of a series in a snapshot: the day after each period's first vintage, once each; a
/// period that overlaps another makes none.
///
/// # Errors
/// As [`Snapshot::series`].
pub fn origins(known: &Snapshot, series: &SeriesId) -> Result<Vec<NaiveDate>> {
    let first = known.first_releases(series)?;
    let Ok(history) = History::of(known, series, 1) else { return Ok(Vec::new()) };
    let regular = first.points.iter().filter(|point| history.periods.contains(&point.period));
    let mut days: Vec<_> = regular.map(|point| point.vintage + Days::new(1)).collect();
    days.sort_unstable();
    days.dedup();
    days.retain(|day| *day <= known.as_of());
    Ok(days)
}

/// Lets a model forecast from every origin of a series that lies in the snapshot.
///
/// # Errors
/// As [`Snapshot::series`]; an origin at which the model has no answer is a failure in the record.
pub fn record(
    model: &dyn Forecaster,
    known: &Snapshot,
    series: &SeriesId,
    horizon: usize,
    truth: Truth,
) -> Result<Record> {
    let truths = match truth {
        Truth::FirstRelease => known.first_releases(series)?,
        Truth::Latest => known.series(series)?,
    };
    let mut record = Record { series: series.clone(), attempts: Vec::new(), failures: Vec::new() };
    for origin in origins(known, series)? {
        match attempts(model, &known.rewind(origin)?, series, horizon, &truths) {
            Ok(attempts) => record.attempts.extend(attempts),
            Err(Error::Insufficient(why)) => record.failures.push((origin, why.to_string())),
            Err(other) => return Err(other),
        }
    }
    Ok(record)
}

fn attempts(
    model: &dyn Forecaster,
    known: &Snapshot,
    series: &SeriesId,
    horizon: usize,
    truths: &Known,
) -> Result<Vec<Attempt>> {
    let Path { steps, announcement, .. } = model.path(known, series, horizon)?;
    let naive = Naive.path(known, series, horizon)?;
    let history = History::of(known, series, 1)?;
    let season = history.frequency.season();
    let mase_scale = super::score::seasonal_naive_scale(&history.values, season).ok();
    let volatility = pooled::fit(known, series)?.volatility;
    let attempts = steps.iter().zip(&naive.steps).zip(1..).map(|((step, naive), horizon)| {
        let actual = truths.points.iter().find(|point| point.period == step.period).copied();
        let interval_scale =
            if step.median > 0.0 && naive.median > 0.0 { history.scale } else { Scale::Linear };
        let has_log = actual.is_none_or(|point| point.value > 0.0);
        Attempt {
            origin: known.as_of(),
            horizon,
            period: step.period,
            median: step.median,
            naive: naive.median,
            model_used: step.model_used,
            footing: footing(announcement.is_some(), horizon),
            volatility: Some(volatility).filter(|v| v.is_finite() && *v > 0.0),
            mase_scale,
            actual,
            scale: if has_log { interval_scale } else { Scale::Linear },
            interval_scale,
        }
    });
    Ok(attempts.collect())
}
