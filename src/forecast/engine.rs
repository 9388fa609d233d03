//! The engine's own choice, named `chipcast`: the guide where one is open, pooled growth from there.
//!
//! May use the core files and the models beside it. The choice is a rule stated in advance, not a
//! contest on the rows it is judged on.

use std::sync::OnceLock;

use super::guidance::Guidance;
use super::history::{History, Scale};
use super::naive::{Drift, Guide, Naive, SeasonalNaive};
use super::outlook::Outlook;
use super::own_past::{Ets, OwnPast, Theta};
use super::pooled::{self, Pool, Pooled};
use super::{Forecaster, Path, Step, Term, specified};
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

    /// `guidance` for the first step if a guide is open, carried on by `pooled` growth; the same lift for
    /// a part if the guide speaks of its whole; `pooled` alone otherwise.
    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        path_in(known, known, target, horizon, Pool::WithOwn)
    }

    fn path_with(
        &self,
        learned: &Snapshot,
        known: &Snapshot,
        target: &SeriesId,
        horizon: usize,
    ) -> Result<Path> {
        path_in(learned, known, target, horizon, Pool::WithOwn)
    }
}

/// The engine's model with the target's own growth kept out of the pool, for leave-one-company-out.
#[derive(Debug, Clone, Copy)]
pub struct LeftOut;

impl Forecaster for LeftOut {
    fn name(&self) -> &'static str {
        "left_out"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        path_in(known, known, target, horizon, Pool::Others)
    }
}

fn path_in(
    learned: &Snapshot,
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
    pool: Pool,
) -> Result<Path> {
    let Ok(guided) = Guidance.path_with(learned, known, target, 1) else {
        return match guided_part(learned, known, target, horizon, pool)? {
            Some(path) => Ok(path),
            None => pooled::path_in(learned, known, target, horizon, pool),
        };
    };
    let growth = pooled::fit_with(learned, known, target, pool)?;
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

/// A part of a guided whole: `part = pooled part × guided whole / pooled whole`, period by period. What
/// the guide adds to the whole, it adds to each part; their drifts and seasons stay their own.
fn guided_part(
    learned: &Snapshot,
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
    pool: Pool,
) -> Result<Option<Path>> {
    let Some(whole) = target.parent().filter(|whole| known.holds(whole).unwrap_or(false)) else {
        return Ok(None);
    };
    let (Ok(guided), Ok(grown)) = (
        path_in(learned, known, &whole, horizon, pool),
        pooled::path_in(learned, known, &whole, horizon, pool),
    ) else {
        return Ok(None);
    };
    let mut part = pooled::path_in(learned, known, target, horizon, pool)?;
    // The first periods tell: far ahead two calendars may guess a long year apart.
    let alike = part.steps[0].period.is_nearly(grown.steps[0].period);
    let positive = History::of(known, target, 1)?.scale == Scale::Log
        && grown.steps.iter().zip(&guided.steps).all(|(a, b)| a.median > 0.0 && b.median > 0.0);
    if guided.announcement.is_none() || part.fallback_reason.is_some() || !alike || !positive {
        return Ok(None);
    }
    for (((step, terms), guided), grown) in
        part.steps.iter_mut().zip(&mut part.terms).zip(&guided.steps).zip(&grown.steps)
    {
        let lift = guided.median / grown.median;
        step.median *= lift;
        terms.push(Term { name: "guide_of_whole".to_owned(), value: lift.ln(), weight: 1.0 });
    }
    part.steps[0].model_used = GUIDED_WHOLE;
    Ok(Some(Path { announcement: guided.announcement, ..part }))
}

/// What a part's first step is called where the guide speaks of its whole.
const GUIDED_WHOLE: &str = "guided_whole";
/// Every model, the engine's own last.
pub fn models() -> &'static [&'static dyn Forecaster] {
    static MODELS: OnceLock<Vec<&'static dyn Forecaster>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let mut models: Vec<&'static dyn Forecaster> = vec![
            &Naive,
            &SeasonalNaive,
            &Drift,
            &Guide,
            &Ets,
            &Theta,
            &OwnPast,
            &Guidance,
            &Outlook,
        ];
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
