//! The engine's own choice, named `chipcast`: the guide where one is open, pooled growth from there.
//!
//! May use the core files and the models beside it. The choice is a rule stated in advance, not a
//! contest on the rows it is judged on.

use std::sync::OnceLock;

use super::guidance::Guidance;
use super::naive::{Drift, Guide, Naive, SeasonalNaive};
use super::pooled::{self, Pooled};
use super::{Forecaster, Path, Step, specified};
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
        let (mut steps, mut terms) = (guided.steps.clone(), guided.terms.clone());
        let Step { period, median, .. } = steps[0];
        let first = history.level(median, period);
        for (period, ahead) in history.next_periods(horizon).into_iter().zip(1_i64..).skip(1) {
            let level = growth.level_from(1, first, ahead);
            let median = history.value(level, period);
            steps.push(Step { period, median, model_used: Pooled.name() });
            let mut of_step = guided.terms.first().cloned().unwrap_or_default();
            of_step.extend(growth.terms_from(1, ahead));
            terms.push(of_step);
        }
        Ok(Path { steps, terms, ..guided })
    }
}

/// Every model, the engine's own last.
pub fn models() -> &'static [&'static dyn Forecaster] {
    static MODELS: OnceLock<Vec<&'static dyn Forecaster>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let mut models: Vec<&'static dyn Forecaster> =
            vec![&Naive, &SeasonalNaive, &Drift, &Guide, &Guidance];
        models.extend(specified::bundled().iter().map(|model| *model as &dyn Forecaster));
        models.extend([&Pooled as &dyn Forecaster, &Chipcast]);
        models
    })
}

/// A model by its name.
///
/// # Errors
/// [`Error::NotFound`] with the names there are.
pub fn model(name: &str) -> Result<&'static dyn Forecaster> {
    models().iter().copied().find(|model| model.name() == name).ok_or_else(|| {
        let known: Vec<_> = models().iter().map(|model| model.name()).collect();
        Error::not_found(format!("no model `{name}`"))
            .hint(format!("models are {}", known.join(", ")))
    })
}
