//! What a panel teaches, as texts, and the answers that another machine makes with them.
//!
//! May use its neighbours. With a lesson each series is answered for alone, wherever it is done.

use std::sync::Arc;

use chipcast::error::{Error, Result};
use chipcast::forecast::panel::{self, Lesson, Outcome};
use pyo3::prelude::*;
use rayon::prelude::*;

use super::{Answers, Held, Panel, Plan, Spec, frames, stopped};
use crate::bridge::{self, Frame};
use crate::call::{self, Watch};

/// Adds what is here to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(learn, module)?)?;
    module.add_function(wrap_pyfunction!(answer, module)?)
}

/// What a panel teaches each model of a plan, and its fallback after them.
#[pyfunction]
fn learn(py: Python<'_>, panel: PyRef<'_, Panel>, plan: Plan) -> PyResult<Vec<String>> {
    let (held, n_threads) = (Arc::clone(&panel.held), plan.n_threads);
    call::watched(py, n_threads, None, move |watch| {
        let lesson = |spec: &Spec| {
            let lesson = panel::learn_while(&held.series, &spec.asked(&plan)?, &watch.stages());
            Ok(lesson.ok_or_else(stopped)?.to_json())
        };
        plan.specs().map(lesson).collect()
    })
}

/// Forecasts as `Panel.forecast` makes them, by what `learn` gave for the same plan and any panel.
#[pyfunction]
fn answer<'py>(
    py: Python<'py>,
    panel: PyRef<'py, Panel>,
    plan: Plan,
    lessons: Vec<String>,
) -> PyResult<(Bound<'py, Frame>, Bound<'py, Frame>)> {
    let (held, n_threads) = (Arc::clone(&panel.held), plan.n_threads);
    let (forecasts, status) = call::watched(py, n_threads, None, move |watch| {
        let answers = held.answers_by(&plan, &lessons, watch)?;
        Ok((frames::forecasts(&held, &plan, &answers)?, frames::status(&held, &answers)?))
    })?;
    Ok((bridge::stream(py, forecasts)?, bridge::stream(py, status)?))
}

impl Held {
    fn answers_by(
        &self,
        plan: &Plan,
        lessons: &[String],
        watch: &Watch,
    ) -> Result<Vec<Answers<Outcome>>> {
        let (n, needed) = (lessons.len(), plan.specs().count());
        if n != needed {
            return Err(Error::invalid(format!("{n} lessons are given; needed is {needed}")));
        }
        plan.answers(|idx, spec| self.taught(plan, spec, &lessons[idx], watch), |outcome| outcome)
    }

    /// Every series by one lesson.
    fn taught(
        &self,
        plan: &Plan,
        spec: &Spec,
        lesson: &str,
        watch: &Watch,
    ) -> Result<Vec<Outcome>> {
        let lesson = Lesson::from_json(lesson)?;
        if *lesson.asked() != spec.asked(plan)? {
            let alias = &spec.alias;
            return Err(Error::invalid(format!("what `{alias}` learned was for another plan")));
        }
        let answer = |series| watch.goes_on().then(|| lesson.answer(series));
        let outcomes: Option<Vec<_>> = self.series.par_iter().map(answer).collect();
        self.held_to(plan.freq()?, outcomes)
    }
}
