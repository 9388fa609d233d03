//! Outcomes as columns: a row for each series and period ahead, and a row for each series and model.
//!
//! Pure. A series that failed has its rows, without numbers.

use chipcast::error::Result;
use chipcast::forecast::panel::{Ds, Forecast, Outcome, Window};
use polars::prelude::{
    Column, DataFrame, Float64Chunked, IntoColumn, NamedFrom, NewChunkedArray, Series,
};

use super::{Answers, Held, Origins, Plan, Spec, rows};

/// Name, `ds`, and the columns of each model.
pub(super) fn forecasts(
    held: &Held,
    plan: &Plan,
    answers: &[Answers<Outcome>],
) -> Result<DataFrame> {
    let h = plan.h;
    let first = |idx: usize, ahead: usize| {
        answers.iter().find_map(|answers| answers.found[idx].steps.get(ahead))
    };
    let points: Vec<Option<Ds>> =
        rows_of(held, h).map(|(idx, ahead)| first(idx, ahead).map(|step| step.ds)).collect();
    let mut columns = vec![names(held, h)?, held.kind.column(&held.time_col, &points)?];
    for Answers { spec, found } in answers {
        let step = |(idx, ahead): (usize, usize)| found[idx].steps.get(ahead);
        add(&mut columns, spec, || rows_of(held, h).map(step));
    }
    Ok(DataFrame::new(held.order.len() * h, columns)?)
}

/// Name, `ds`, `cutoff`, what came, and the columns of each model.
pub(super) fn windows(
    held: &Held,
    plan: &Plan,
    origins: &Origins,
    answers: &[Answers<Window>],
) -> Result<DataFrame> {
    let (h, n) = (plan.h, origins.n_windows);
    let rows = || {
        held.order.iter().flat_map(move |idx| {
            (0..n).flat_map(move |nth| (0..h).map(move |ahead| (idx * n + nth, ahead)))
        })
    };
    let step = |replay: &'_ Answers<Window>, (idx, ahead): (usize, usize)| {
        replay.found[idx].outcome.steps.get(ahead).map(|step| step.ds)
    };
    let points: Vec<Option<Ds>> =
        rows().map(|row| answers.iter().find_map(|replay| step(replay, row))).collect();
    let first = answers.first().map_or(&[][..], |replay| &replay.found);
    let cutoffs: Vec<Option<Ds>> = rows().map(|(idx, _)| first.get(idx)?.cutoff).collect();
    let actual = rows().map(|(idx, ahead)| first.get(idx)?.actual.get(ahead).copied());
    let actual = Float64Chunked::from_iter_options(held.target_col.as_str().into(), actual);
    let mut columns = vec![
        names(held, n * h)?,
        held.kind.column(&held.time_col, &points)?,
        held.kind.column("cutoff", &cutoffs)?,
        actual.into_column(),
    ];
    for Answers { spec, found: windows } in answers {
        let step = |(idx, ahead): (usize, usize)| windows[idx].outcome.steps.get(ahead);
        add(&mut columns, spec, || rows().map(step));
    }
    Ok(DataFrame::new(held.order.len() * n * h, columns)?)
}

/// How far each forecast is to be trusted.
pub(super) fn status(held: &Held, answers: &[Answers<Outcome>]) -> Result<DataFrame> {
    let all = || {
        let each = |idx: &usize| {
            answers
                .iter()
                .map(move |answers| (answers.spec.alias.as_str(), &answers.found[*idx]))
                .collect::<Vec<_>>()
        };
        held.order.iter().flat_map(each)
    };
    let mut columns = vec![names(held, answers.len())?];
    add_status(&mut columns, all().collect());
    Ok(DataFrame::new(held.order.len() * answers.len(), columns)?)
}

/// The same for each origin.
pub(super) fn status_of_windows(
    held: &Held,
    origins: &Origins,
    answers: &[Answers<Window>],
) -> Result<DataFrame> {
    let n = origins.n_windows;
    let mut found = Vec::new();
    let mut cutoffs = Vec::new();
    for idx in &held.order {
        for nth in 0..n {
            for Answers { spec, found: windows } in answers {
                let window = &windows[idx * n + nth];
                found.push((spec.alias.as_str(), &window.outcome));
                cutoffs.push(window.cutoff);
            }
        }
    }
    let mut columns = vec![names(held, n * answers.len())?, held.kind.column("cutoff", &cutoffs)?];
    let height = found.len();
    add_status(&mut columns, found);
    Ok(DataFrame::new(height, columns)?)
}

/// Indexes of series and periods ahead, in the order of the answer.
fn rows_of(held: &Held, h: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
    held.order.iter().flat_map(move |idx| (0..h).map(move |ahead| (*idx, ahead)))
}

/// The name of each series, so many times.
fn names(held: &Held, times: usize) -> Result<Column> {
    let idx = (0..held.order.len()).map(rows::index).collect::<Result<Vec<_>>>()?;
    let idx: Vec<_> = idx.into_iter().flat_map(|idx| std::iter::repeat_n(idx, times)).collect();
    Ok(held.ids.take_slice(&idx)?.into_column())
}

/// Adds the columns of a model.
fn add<'a, I>(columns: &mut Vec<Column>, spec: &Spec, steps: impl Fn() -> I)
where
    I: Iterator<Item = Option<&'a Forecast>>,
{
    for (name, part, level) in &spec.columns {
        let value = |step: &Forecast| match part.as_str() {
            "lo" => step.intervals[*level].0,
            "hi" => step.intervals[*level].1,
            _ => step.yhat,
        };
        let values = steps().map(|step| step.map(value));
        let values = Float64Chunked::from_iter_options(name.as_str().into(), values);
        columns.push(values.into_column());
    }
}

fn add_status(columns: &mut Vec<Column>, found: Vec<(&str, &Outcome)>) {
    let mut add = |name: &str, text: &dyn Fn(&(&str, &Outcome)) -> Option<String>| {
        let texts: Vec<Option<String>> = found.iter().map(text).collect();
        columns.push(Series::new(name.into(), texts).into_column());
    };
    add("model", &|(alias, _)| Some((*alias).to_owned()));
    add("status", &|(_, outcome)| Some(outcome.status.word().to_owned()));
    add("model_used", &|(_, outcome)| {
        Some(outcome.model_used).filter(|name| !name.is_empty()).map(str::to_owned)
    });
    add("fallback_reason", &|(_, outcome)| outcome.reason.clone());
}
