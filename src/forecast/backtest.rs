//! The book of records, and what follows from it: a forecast from today, and the backtest of the past.
//!
//! May use the core files and all of `forecast`. Records are made once and shared; what a day may use
//! of them is decided by the vintage of each actual.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use rayon::prelude::*;

use super::conformal::Method;
use super::copula::Dependence;
use super::history::{History, Scale};
use super::interval::{Calibration, Quantiles};
use super::record::{self, Attempt, Footing, Record, Truth, footing};
use super::skill::{self, Refusal};
use super::{Forecast, Forecaster, Outlook, Path, pooled};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::period::Period;
use crate::series::SeriesId;

/// Records of models and series in one snapshot, made when first asked for.
pub struct Book {
    known: Snapshot,
    horizon: usize,
    method: Method,
    members: Option<Vec<SeriesId>>,
    records: Mutex<BTreeMap<(&'static str, SeriesId), Arc<Record>>>,
}

/// One forecast of the past beside what came.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which series.
    pub series: SeriesId,
    /// The model asked.
    pub model: &'static str,
    /// The model that answered.
    pub model_used: &'static str,
    /// The day from which it was made.
    pub origin: NaiveDate,
    /// Periods ahead.
    pub horizon: usize,
    /// The period forecast.
    pub period: Period,
    /// The median.
    pub median: f64,
    /// The last value at the origin.
    pub naive: f64,
    /// The distribution.
    pub quantiles: Quantiles,
    /// The scale on which errors are taken.
    pub scale: Scale,
    /// Scale of MASE at the origin.
    pub mase_scale: Option<f64>,
    /// What came, if it came.
    pub actual: Option<f64>,
    /// Why it would have been withheld, if so. The numbers stay.
    pub refusal: Option<Refusal>,
}

/// Rows of several models, and those that never had an answer, with the reason.
pub type Backtests = (Vec<Row>, Vec<(&'static str, Error)>);

impl Book {
    /// A book for forecasts up to a horizon.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the horizon is between 1 and 40.
    pub fn new(known: &Snapshot, horizon: usize) -> Result<Self> {
        if !(1..=40).contains(&horizon) {
            return Err(Error::invalid(format!("horizon {horizon} asked; needed is 1 to 40")));
        }
        let method = Method::bundled();
        let (known, records) = (known.clone(), Mutex::default());
        Ok(Self { known, horizon, method, members: None, records })
    }

    /// The same book with these series as everyone's panel, and not the covered companies'.
    #[must_use]
    pub fn among(self, members: Vec<SeriesId>) -> Self {
        Self { members: Some(members), ..self }
    }

    /// The same book with intervals by another method.
    #[must_use]
    pub fn with_intervals(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// The method of its intervals.
    pub fn method(&self) -> Method {
        self.method
    }

    /// A forecast as of the book's day.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown series; [`Error::Insufficient`] if the model has no answer.
    pub fn forecast(&self, model: &'static dyn Forecaster, target: &SeriesId) -> Result<Forecast> {
        let day = self.known.as_of();
        let path = model.path(&self.known, target, self.horizon)?;
        let history = History::of(&self.known, target, 1)?;
        let volatility = volatility(&self.known, target)?;
        let records = self.panel(model, target)?;
        let records: Vec<_> = records.iter().map(Arc::as_ref).collect();
        let calibration = Calibration::of(&records, target, self.horizon, &[day], self.method);
        let footings: Vec<_> =
            (1..=path.steps.len()).map(|h| footing(path.announcement.is_some(), h)).collect();
        let skill = skill::assess(&records, target, &footings, day);
        let scale =
            if path.steps.iter().all(|s| s.median > 0.0) { history.scale } else { Scale::Linear };
        let steps = path.steps.iter().zip(&footings).zip(1..).map(|((step, footing), horizon)| {
            let around = (step.median, scale);
            Outlook {
                horizon,
                period: step.period,
                median: step.median,
                model_used: step.model_used,
                quantiles: calibration.quantiles(0, horizon, *footing, around, volatility),
                refusal: skill.refusal(horizon),
            }
        });
        let steps = steps.collect();
        let dependence = Dependence::fit(&records, self.horizon, day);
        let model_used = path.model_used();
        let Path { fallback_reason, announcement, terms, .. } = path;
        Ok(Forecast {
            model: model.name().to_owned(),
            model_used,
            fallback_reason,
            target: target.clone(),
            unit: history.unit,
            origin: day,
            last_value: history.last_value(),
            steps,
            skill,
            dependence,
            announcement,
            terms,
            scale: history.scale,
        })
    }

    /// Every forecast that a model would have made from an origin at or after `from`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown series; [`Error::Insufficient`] if the model never had an
    /// answer.
    pub fn backtest(
        &self,
        model: &'static dyn Forecaster,
        target: &SeriesId,
        from: Option<NaiveDate>,
        truth: Truth,
    ) -> Result<Vec<Row>> {
        let panel = self.panel(model, target)?;
        let records: Vec<_> = panel.iter().map(Arc::as_ref).collect();
        let own = self.record(model, target)?;
        let (known, horizon, method) = (&self.known, self.horizon, self.method);
        Scene { known, target, horizon, from, truth, method }.rows(model.name(), &own, &records)
    }

    /// [`Book::backtest`] of several models, one after the other; those that never had an answer stand
    /// beside the rows, with the reason.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown series.
    pub fn backtests(
        &self,
        models: &[&'static dyn Forecaster],
        target: &SeriesId,
        from: Option<NaiveDate>,
        truth: Truth,
    ) -> Result<Backtests> {
        let (mut rows, mut failures) = (Vec::new(), Vec::new());
        for model in models {
            match self.backtest(*model, target, from, truth) {
                Ok(more) => rows.extend(more),
                Err(error @ Error::Insufficient(_)) => failures.push((model.name(), error)),
                Err(error) => return Err(error),
            }
        }
        Ok((rows, failures))
    }

    /// The record of a model and series, made on first use.
    ///
    /// # Errors
    /// As [`record::record`].
    pub fn record(&self, model: &'static dyn Forecaster, series: &SeriesId) -> Result<Arc<Record>> {
        let key = (model.name(), series.clone());
        let held = |book: &Self| {
            book.records.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
        };
        if let Some(record) = held(self) {
            return Ok(record);
        }
        let truth = Truth::FirstRelease;
        let record = Arc::new(record::record(model, &self.known, series, self.horizon, truth)?);
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(records.entry(key).or_insert(record).clone())
    }

    /// The records of a series' whole panel.
    fn panel(&self, model: &'static dyn Forecaster, target: &SeriesId) -> Result<Vec<Arc<Record>>> {
        let members = match &self.members {
            Some(members) => members.clone(),
            None => pooled::panel(&self.known, target)?,
        };
        members.par_iter().map(|member| self.record(model, member)).collect()
    }
}

/// What a backtest is about, and how its intervals are made.
pub(super) struct Scene<'a> {
    pub(super) known: &'a Snapshot,
    pub(super) target: &'a SeriesId,
    pub(super) horizon: usize,
    pub(super) from: Option<NaiveDate>,
    pub(super) truth: Truth,
    pub(super) method: Method,
}

impl Scene<'_> {
    /// The rows of a model's own record, with intervals and skill from the records of a panel.
    pub(super) fn rows(
        &self,
        model: &'static str,
        own: &Record,
        records: &[&Record],
    ) -> Result<Vec<Row>> {
        let days: Vec<_> = {
            let mut days: Vec<_> = own.attempts.iter().map(|a| a.origin).collect();
            days.dedup();
            days.retain(|day| self.from.is_none_or(|from| *day >= from));
            days
        };
        let calibration = Calibration::of(records, self.target, self.horizon, &days, self.method);
        let latest = self.known.series(self.target)?;
        let rows = days.par_iter().enumerate().map(|(day_idx, day)| {
            let attempts: Vec<_> = own.attempts.iter().filter(|a| a.origin == *day).collect();
            let footings: Vec<Footing> = attempts.iter().map(|a| a.footing).collect();
            let skill = skill::assess(records, self.target, &footings, *day);
            let rows = attempts.into_iter().map(|a| {
                let around = (a.median, a.interval_scale);
                let quantiles =
                    calibration.quantiles(day_idx, a.horizon, a.footing, around, a.volatility);
                let revised = || latest.points.iter().find(|p| p.period == a.period).copied();
                let actual = match self.truth {
                    Truth::FirstRelease => a.actual,
                    Truth::Latest => revised(),
                };
                let actual = actual.map(|p| p.value);
                row(model, self.target, a, quantiles, actual, skill.refusal(a.horizon))
            });
            rows.collect::<Vec<_>>()
        });
        let rows: Vec<_> = rows.collect::<Vec<_>>().into_iter().flatten().collect();
        if rows.is_empty() {
            let why =
                own.failures.last().map_or("no origin lies in the span asked", |(_, why)| why);
            return Err(Error::insufficient(format!(
                "`{model}` has no forecast of {:?} to score: {why}",
                self.target
            )));
        }
        Ok(rows)
    }
}

fn volatility(known: &Snapshot, target: &SeriesId) -> Result<Option<f64>> {
    let volatility = pooled::fit(known, target)?.volatility;
    Ok(Some(volatility).filter(|v| v.is_finite() && *v > 0.0))
}

fn row(
    model: &'static str,
    series: &SeriesId,
    attempt: &Attempt,
    quantiles: Quantiles,
    actual: Option<f64>,
    refusal: Option<Refusal>,
) -> Row {
    Row {
        series: series.clone(),
        model,
        model_used: attempt.model_used,
        origin: attempt.origin,
        horizon: attempt.horizon,
        period: attempt.period,
        median: attempt.median,
        naive: attempt.naive,
        quantiles,
        scale: attempt.scale,
        mase_scale: attempt.mase_scale,
        actual,
        refusal,
    }
}
