//! The engine's own choice, named `chipcast`: the guide where one is open, pooled growth from there.
//!
//! May use the core files and the models beside it. The choice is a rule stated in advance, not a
//! contest on the rows it is judged on.

use super::guidance::Guidance;
use super::linear::LeastSquares;
use super::naive::{Drift, Guide, Naive, SeasonalNaive};
use super::own_past::{Ets, OwnPast, Theta};
use super::pooled::{self, Pooled};
use super::{Forecaster, Path, Step};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::series::SeriesId;

/// The engine's model.
#[derive(Debug, Clone, Copy)]
pub struct Chipcast;

impl Forecaster for Chipcast {
    fn name(&self) -> &'static str {
        "chipcast"
    }

    /// `guidance` for the first step if a guide is open, carried on by `pooled` growth; `pooled` alone
    /// otherwise.
    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let Ok(guided) = Guidance.path(known, target, 1) else {
            return Pooled.path(known, target, horizon);
        };
        let growth = pooled::fit(known, target)?;
        let history = growth.history();
        let mut steps = guided.steps.clone();
        let Step { period, median, .. } = steps[0];
        let first = history.level(median, period);
        for (period, ahead) in history.next_periods(horizon).into_iter().zip(1_i64..).skip(1) {
            let level = growth.level_from(1, first, ahead);
            let median = history.value(level, period);
            steps.push(Step { period, median, model_used: Pooled.name() });
        }
        Ok(Path { steps, ..guided })
    }
}

/// Every model, the engine's own last.
pub const MODELS: [&dyn Forecaster; 11] = [
    &Naive,
    &SeasonalNaive,
    &Drift,
    &Guide,
    &Ets,
    &Theta,
    &OwnPast,
    &Guidance,
    &LeastSquares,
    &Pooled,
    &Chipcast,
];

/// A model by its name.
///
/// # Errors
/// [`Error::NotFound`] with the names there are.
pub fn model(name: &str) -> Result<&'static dyn Forecaster> {
    MODELS.into_iter().find(|model| model.name() == name).ok_or_else(|| {
        let known: Vec<_> = MODELS.iter().map(|model| model.name()).collect();
        Error::not_found(format!("no model `{name}`"))
            .hint(format!("models are {}", known.join(", ")))
    })
}
