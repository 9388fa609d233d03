//! Models of kind `combination`: members' answers weighed into one, on the scale of the target.
//!
//! May use the core files, `engine`, `history`, `record`, `regression` and the spec. Weights come
//! from origins inside the window whose outcome is known at the snapshot's day, and from nothing
//! else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;

use super::spec::{Combination as Spec, Weights};
use super::term;
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::history::{History, Scale};
use crate::forecast::regression::stack::stacking_weights;
use crate::forecast::{Forecaster, Path, engine, record};
use crate::series::SeriesId;

/// Levels of a member, period by period; `None` where it had no answer.
type Levels = Option<Vec<f64>>;
/// Members' paths from one state of one series, by member, day and horizon.
#[derive(Default)]
struct Paths(Mutex<BTreeMap<(&'static str, NaiveDate, usize), Levels>>);

pub(super) fn path(
    model: &impl Forecaster,
    spec: &Spec,
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
) -> Result<Path> {
    let history = History::of(known, target, 2)?;
    let mut answers: Vec<(&'static dyn Forecaster, Vec<f64>)> = Vec::new();
    for name in &spec.members {
        let member = engine::model(name)?;
        if let Some(levels) = levels(member, known, target, horizon)? {
            answers.push((member, levels));
        }
    }
    let n_steps = answers.iter().map(|(_, levels)| levels.len()).max().unwrap_or(0);
    if n_steps == 0 {
        return Err(Error::insufficient(format!(
            "`{}` needs an answer of one of {} for {target:?}; none has one as of {}",
            model.name(),
            spec.members.join(", "),
            known.as_of()
        )));
    }
    let members: Vec<_> = answers.iter().map(|(member, _)| *member).collect();
    let past = match spec.weights {
        Weights::Median => Vec::new(),
        _ => past_errors(spec, &members, known, target, &history, horizon)?,
    };
    let (mut medians, mut terms, mut short) = (Vec::new(), Vec::new(), 0);
    for (step, period) in history.next_periods(n_steps).into_iter().enumerate() {
        let able: Vec<usize> =
            (0..members.len()).filter(|member| answers[*member].1.len() > step).collect();
        let said: Vec<f64> = able.iter().map(|member| answers[*member].1[step]).collect();
        let (weights, is_measured) = weights(spec, &past, &able, &said, step)?;
        short += usize::from(!is_measured);
        let level: f64 = said.iter().zip(&weights).map(|(level, w)| level * w).sum();
        medians.push((period, history.value(level, period)));
        let named = able.iter().zip(&said).zip(&weights);
        terms.push(
            named.map(|((member, level), w)| term(members[*member].name(), *level, *w)).collect(),
        );
    }
    let mut path = Path::new(model, medians);
    path.terms = terms;
    path.fallback_reason = (short > 0).then(|| {
        format!(
            "members weigh the same at {short} of {n_steps} horizons: fewer than {} resolved origins",
            spec.min_origins.max(1)
        )
    });
    Ok(path)
}

/// The weights of the members that answer a step, and whether the past had a say.
fn weights(
    spec: &Spec,
    past: &[Errors],
    able: &[usize],
    said: &[f64],
    step: usize,
) -> Result<(Vec<f64>, bool)> {
    #[expect(clippy::cast_precision_loss, reason = "members are few")]
    let equal = vec![1.0 / able.len() as f64; able.len()];
    if spec.weights == Weights::Median {
        return Ok((middle(said), true));
    }
    let rows: Vec<Vec<f64>> = past
        .iter()
        .filter_map(|errors| able.iter().map(|member| errors.at(*member, step)).collect())
        .collect();
    if rows.len() < spec.min_origins.max(1) {
        return Ok((equal, false));
    }
    if spec.weights == Weights::Stacking {
        return Ok((stacking_weights(&rows)?, true));
    }
    let sizes: Vec<f64> = (0..able.len())
        .map(|member| rows.iter().map(|row| row[member].abs()).sum::<f64>())
        .collect();
    let smallest = sizes.iter().copied().filter(|size| *size > 0.0).fold(f64::INFINITY, f64::min);
    if !smallest.is_finite() {
        return Ok((equal, true));
    }
    // A member that was never wrong counts as ten times as good as the next.
    let shares: Vec<f64> = sizes.iter().map(|size| size.max(smallest / 10.0).recip()).collect();
    let total: f64 = shares.iter().sum();
    Ok((shares.iter().map(|share| share / total).collect(), true))
}

/// All weight on the middle value, or half on each of the middle two.
fn middle(said: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..said.len()).collect();
    order.sort_by(|a, b| said[*a].total_cmp(&said[*b]));
    let mut weights = vec![0.0; said.len()];
    let n = said.len();
    weights[order[(n - 1) / 2]] += 0.5;
    weights[order[n / 2]] += 0.5;
    weights
}

/// Errors of one origin: by member, then by step; `None` where it said nothing or nothing came yet.
struct Errors(Vec<Vec<Option<f64>>>);

impl Errors {
    fn at(&self, member: usize, step: usize) -> Option<f64> {
        *self.0[member].get(step)?
    }
}

/// Errors of members at the last origins inside the window, as far as their outcome is known.
fn past_errors(
    spec: &Spec,
    members: &[&'static dyn Forecaster],
    known: &Snapshot,
    target: &SeriesId,
    history: &History,
    horizon: usize,
) -> Result<Vec<Errors>> {
    let mut origins = record::origins(known, target)?;
    origins.retain(|day| *day < known.as_of());
    let mut past = Vec::new();
    for day in origins.iter().rev().take(spec.max_origins) {
        let then = known.rewind(*day)?;
        let Ok(earlier) = History::of(&then, target, 2) else { continue };
        if earlier.scale != history.scale {
            continue;
        }
        let came: Vec<Option<f64>> = earlier
            .next_periods(horizon)
            .iter()
            .map(|period| Some(history.levels[history.periods.binary_search(period).ok()?]))
            .collect();
        if came.iter().all(Option::is_none) {
            continue;
        }
        let mut errors = Vec::with_capacity(members.len());
        for member in members {
            let said = levels(*member, &then, target, horizon)?.unwrap_or_default();
            let of_step = |(said, came): (f64, &Option<f64>)| Some(said - (*came)?);
            errors.push(said.into_iter().zip(&came).map(of_step).collect());
        }
        past.push(Errors(errors));
    }
    Ok(past)
}

/// A member's path on the scale of the target, made once for each day.
fn levels(
    member: &'static dyn Forecaster,
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
) -> Result<Levels> {
    let memo: Arc<Paths> = known.derived(target, |_| Paths::default())?;
    let key = (member.name(), known.as_of(), horizon);
    let held = || memo.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(levels) = held().get(&key) {
        return Ok(levels.clone());
    }
    let made = match member.path(known, target, horizon) {
        Ok(path) => {
            let history = History::of(known, target, 1)?;
            let positive = path.steps.iter().all(|step| step.median > 0.0);
            let on_scale = positive || history.scale == Scale::Linear;
            let level = |step: &crate::forecast::Step| history.level(step.median, step.period);
            on_scale.then(|| path.steps.iter().map(level).collect())
        }
        Err(Error::Insufficient(_)) => None,
        Err(error) => return Err(error),
    };
    Ok(held().entry(key).or_insert(made).clone())
}
