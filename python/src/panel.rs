//! `Panel`: a table of `unique_id, ds, y` put in order once, and forecast by any number of models.
//!
//! May use `bridge` for tables and `call` for work that can be stopped. Makes columns of what the library
//! says and nothing else: names and their order come from Python.

mod ds;
mod frames;
mod lessons;
mod rows;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use chipcast::error::{Error, Result};
use chipcast::forecast::panel::{
    self, Asked, Ds, Model, Outcome, Refit, Ridge, Series, Shard, Status, Step, Window, Windows,
};
use pyo3::prelude::*;

use crate::bridge::{self, Frame};
use crate::call::{self, Watch};
use ds::Kind;

/// Adds what is here to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Frame>()?;
    module.add_class::<Panel>()?;
    lessons::register(module)?;
    module.add("MODELS", Model::all().map(Model::name).collect::<Vec<_>>())
}

/// The series of a table, put in order: 8 bytes a value are kept, and the table is let go.
#[pyclass(frozen, module = "chipcast._core")]
pub(crate) struct Panel {
    held: Arc<Held>,
}

struct Held {
    /// In the order of their names as text.
    series: Vec<Series>,
    /// Of each, its last known point and how many there are.
    ends: Vec<End>,
    /// Of each, what its drivers are at its points; empty without drivers.
    drivers: Vec<Drivers>,
    /// Rows of the answer: indexes of series.
    order: Vec<usize>,
    /// The names in the order of the answer, of the type they came in.
    ids: polars::prelude::Series,
    kind: Kind,
    time_col: String,
    target_col: String,
}

/// The drivers of a series by points.
type Drivers = BTreeMap<Ds, Vec<f64>>;

#[derive(Debug, Clone, Copy)]
struct End {
    last: Option<Ds>,
    n_known: usize,
}

/// A model as Python tells it: its own name here, its season, and the columns to make of its answer.
#[derive(Debug, Clone, FromPyObject)]
#[pyo3(from_item_all)]
struct Spec {
    alias: String,
    name: String,
    season: Option<usize>,
    /// Lags and penalty of a ridge regression.
    ridge: Option<(Vec<usize>, f64)>,
    /// Name, `yhat`, `lo` or `hi`, and the index of the level.
    columns: Vec<(String, String, usize)>,
}

/// What is asked of every model.
#[derive(Debug, Clone, FromPyObject)]
#[pyo3(from_item_all)]
struct Plan {
    models: Vec<Spec>,
    fallback: Option<Spec>,
    h: usize,
    level: Vec<f64>,
    freq: Option<(String, i64)>,
    n_threads: Option<usize>,
}

/// What a model answers, in the order of the series: an outcome each, or its windows from the first
/// origin on.
struct Answers<T> {
    spec: Spec,
    found: Vec<T>,
}

/// The origins to forecast from, as Python tells them.
#[derive(Debug, Clone, FromPyObject)]
#[pyo3(from_item_all)]
struct Origins {
    n_windows: usize,
    step_size: usize,
    /// Every so many windows; 0 at the first alone.
    refit: usize,
}

#[pymethods]
impl Panel {
    #[new]
    #[pyo3(signature = (table, id_col, time_col, target_col, n_threads=None, drivers=None))]
    fn new(
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        id_col: String,
        time_col: String,
        target_col: String,
        n_threads: Option<usize>,
        drivers: Option<Vec<String>>,
    ) -> PyResult<Self> {
        let mut columns = vec![id_col, time_col, target_col];
        columns.extend(drivers.unwrap_or_default());
        let frame = bridge::read(table, Some(&columns))?;
        let held = call::watched(py, n_threads, None, move |watch| rows::held(frame, watch))?;
        Ok(Self { held: Arc::new(held) })
    }

    /// Series.
    fn __len__(&self) -> usize {
        self.held.series.len()
    }

    /// Forecasts, and a row for each series and model that says how far to trust them. `ahead` has the names,
    /// the points, and the drivers at the points to come.
    #[pyo3(signature = (plan, progress=None, ahead=None))]
    fn forecast<'py>(
        &self,
        py: Python<'py>,
        plan: Plan,
        progress: Option<&Bound<'py, PyAny>>,
        ahead: Option<(Bound<'py, PyAny>, Vec<String>)>,
    ) -> PyResult<(Bound<'py, Frame>, Bound<'py, Frame>)> {
        let (held, n_threads) = (Arc::clone(&self.held), plan.n_threads);
        let ahead =
            ahead.map(|(table, columns)| bridge::read(&table, Some(&columns))).transpose()?;
        let (forecasts, status) = call::watched(py, n_threads, progress, move |watch| {
            let ahead = ahead.map(|ahead| rows::drivers_ahead(&held, ahead)).transpose()?;
            let answers = held.answers(&plan, ahead.as_deref(), watch)?;
            Ok((frames::forecasts(&held, &plan, &answers)?, frames::status(&held, &answers)?))
        })?;
        Ok((bridge::stream(py, forecasts)?, bridge::stream(py, status)?))
    }

    /// Forecasts from earlier origins beside what came, and a row for each series, origin and model.
    #[pyo3(signature = (plan, origins, progress=None))]
    fn cross_validate<'py>(
        &self,
        py: Python<'py>,
        plan: Plan,
        origins: Origins,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, Frame>, Bound<'py, Frame>)> {
        let (held, n_threads) = (Arc::clone(&self.held), plan.n_threads);
        let (forecasts, status) = call::watched(py, n_threads, progress, move |watch| {
            let answers = held.windows(&plan, &origins, watch)?;
            let forecasts = frames::windows(&held, &plan, &origins, &answers)?;
            Ok((forecasts, frames::status_of_windows(&held, &origins, &answers)?))
        })?;
        Ok((bridge::stream(py, forecasts)?, bridge::stream(py, status)?))
    }
}

impl Held {
    /// The series beside their drivers, which may be known further than the values.
    fn driven(&self, ahead: Option<&[Drivers]>) -> Cow<'_, [Series]> {
        if self.drivers.is_empty() {
            return Cow::Borrowed(&self.series);
        }
        let driven = |(idx, series): (usize, &Series)| {
            let mut rows = self.drivers[idx].clone();
            if let Some(ahead) = ahead {
                rows.extend(ahead[idx].iter().map(|(at, values)| (*at, values.clone())));
            }
            series.clone().with_drivers(&rows)
        };
        self.series.iter().enumerate().map(driven).collect()
    }

    fn answers(
        &self,
        plan: &Plan,
        ahead: Option<&[Drivers]>,
        watch: &Watch,
    ) -> Result<Vec<Answers<Outcome>>> {
        let (freq, series) = (plan.freq()?, self.driven(ahead));
        let of = |_, spec: &Spec| {
            let asked = spec.asked(plan)?;
            let outcomes = panel::forecast_while(&series, &asked, Shard::WHOLE, &watch.stages());
            self.held_to(freq, outcomes)
        };
        plan.answers(of, |outcome| outcome)
    }

    /// Outcomes that keep to a frequency, unless they were stopped.
    fn held_to(&self, freq: Option<Step>, outcomes: Option<Vec<Outcome>>) -> Result<Vec<Outcome>> {
        let mut outcomes = outcomes.ok_or_else(stopped)?;
        if let Some(freq) = freq {
            ds::hold(freq, &mut outcomes, &self.ends);
        }
        Ok(outcomes)
    }

    fn windows(
        &self,
        plan: &Plan,
        origins: &Origins,
        watch: &Watch,
    ) -> Result<Vec<Answers<Window>>> {
        let refit = if origins.refit == 0 { Refit::Once } else { Refit::Every(origins.refit) };
        let Origins { n_windows, step_size, .. } = *origins;
        let windows = Windows { n_windows, step_size, refit };
        let series = self.driven(None);
        let of = |_, spec: &Spec| {
            let asked = spec.asked(plan)?;
            let stages = watch.stages();
            panel::cross_validate_while(&series, &asked, &windows, Shard::WHOLE, &stages)?
                .ok_or_else(stopped)
        };
        plan.answers(of, |window| &mut window.outcome)
    }
}

impl Spec {
    fn asked(&self, plan: &Plan) -> Result<Asked> {
        let coverages = plan.level.iter().map(|level| level / 100.0).collect();
        let asked = Asked::new(Model::read(&self.name)?, plan.h, self.season, coverages)?;
        match &self.ridge {
            Some((lags, penalty)) => {
                Ok(Asked { ridge: Ridge::new(lags.clone(), *penalty)?, ..asked })
            }
            None => Ok(asked),
        }
    }
}

impl Plan {
    fn freq(&self) -> Result<Option<Step>> {
        self.freq.as_ref().map(|(unit, n)| ds::step(unit, *n)).transpose()
    }

    /// The models, and the fallback after them.
    fn specs(&self) -> impl Iterator<Item = &Spec> {
        self.models.iter().chain(&self.fallback)
    }

    /// What each model answers, and the fallback where a model has none. `of` gets a model and its
    /// place in [`Self::specs`]; `outcome` finds the outcome in what it gave.
    fn answers<T>(
        &self,
        of: impl Fn(usize, &Spec) -> Result<Vec<T>>,
        outcome: impl Fn(&mut T) -> &mut Outcome,
    ) -> Result<Vec<Answers<T>>> {
        let fallback = self.fallback.as_ref().map(|spec| of(self.models.len(), spec));
        let mut others = fallback.transpose()?.unwrap_or_default();
        let mut answers = Vec::new();
        for (idx, spec) in self.models.iter().enumerate() {
            let mut found = of(idx, spec)?;
            for (one, other) in found.iter_mut().zip(&mut others) {
                fall_back(outcome(one), outcome(other));
            }
            answers.push(Answers { spec: spec.clone(), found });
        }
        Ok(answers)
    }
}

/// The answer of the fallback model where a model has none; the reason stays.
fn fall_back(outcome: &mut Outcome, other: &Outcome) {
    if outcome.status == Status::Failed && other.status != Status::Failed {
        let reason = outcome.reason.take();
        *outcome = Outcome { status: Status::Fallback, reason, ..other.clone() };
    }
}

fn stopped() -> Error {
    Error::invalid("stopped before its end")
}
