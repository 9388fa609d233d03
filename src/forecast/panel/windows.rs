//! A panel forecast from earlier origins, each of which sees only what was known there.
//!
//! May use its neighbours. Pure. What series teach each other at an origin ends at that origin too, for
//! each of them: a series that ends later teaches nothing of what comes after.

use rayon::prelude::*;

use super::drivers::Seen;
use super::lesson::{Lesson, learn_from};
use super::tidy::Tidy;
use super::{Asked, Ds, GoesOn, Outcome, Series, Shard, Stage, failed};
use crate::error::{Error, Result};

/// Different days, of the origins of one window, at which the panel is learned from, at most.
const LESSONS_MAX: usize = 8;

/// Which origins: as in other forecasting packages, counted from the end of each series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// How many.
    pub n_windows: usize,
    /// Periods from one to the next.
    pub step_size: usize,
    /// How often the panel is learned from anew.
    pub refit: Refit,
}

/// How often the panel is learned from; what a series' own values say is fitted at every origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refit {
    /// At the first origin alone.
    Once,
    /// At the first origin, and then at every so many-th.
    Every(usize),
}

/// The forecast of a series from an origin, and what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The origin: the last period that was known; none if the series is too short.
    pub cutoff: Option<Ds>,
    /// The forecast.
    pub outcome: Outcome,
    /// What came, nearest first.
    pub actual: Vec<f64>,
}

/// Forecasts a panel from earlier origins: of `n` values of a series, the origins know
/// `n − horizon − step · (n_windows − 1)`, and `step` more each. A shard answers for its series and learns
/// from all. Sorted by `unique_id` and origin.
///
/// # Errors
/// [`Error::Invalid`] if there is no window or no step.
pub fn cross_validate(
    panel: &[Series],
    asked: &Asked,
    windows: &Windows,
    shard: Shard,
) -> Result<Vec<Window>> {
    Ok(cross_validate_while(panel, asked, windows, shard, &|_| true)?.expect("nobody stops it"))
}

/// The same, as long as `goes_on`; none once it said no.
///
/// # Errors
/// As [`cross_validate`].
pub fn cross_validate_while(
    panel: &[Series],
    asked: &Asked,
    windows: &Windows,
    shard: Shard,
    goes_on: &GoesOn,
) -> Result<Option<Vec<Window>>> {
    let Windows { n_windows, step_size, refit } = *windows;
    if n_windows == 0 || step_size == 0 || refit == Refit::Every(0) {
        return Err(Error::invalid(format!(
            "{n_windows} windows every {step_size} periods asked; needed is 1 or more of each"
        )));
    }
    let mut sorted: Vec<&Series> = panel.iter().collect();
    sorted.par_sort_by_key(|series| series.unique_id());
    let is_held = |series: &&&Series| shard.holds(&series.unique_id);
    let mut held: Vec<Held> =
        sorted.iter().filter(is_held).map(|series| Held::new(series)).collect();
    let mut lessons: Vec<(Ds, Lesson)> = Vec::new();
    for nth in 0..n_windows {
        let back = (n_windows - 1 - nth).saturating_mul(step_size).saturating_add(asked.horizon);
        let is_due = match refit {
            Refit::Once => false,
            Refit::Every(every) => nth % every == 0,
        };
        if is_due || lessons.is_empty() {
            let Some(found) = learn_at(&sorted, back, asked, goes_on) else { return Ok(None) };
            lessons = found;
        }
        let answer = |held: &mut Held| {
            let goes_on = goes_on(Stage::Answer);
            if goes_on {
                held.answer(back, asked, &lessons);
            }
            goes_on
        };
        if !held.par_iter_mut().all(answer) {
            return Ok(None);
        }
    }
    Ok(Some(held.into_iter().flat_map(|held| held.found).collect()))
}

/// A series, its windows so far, and what was seen of it at their origins.
struct Held<'a> {
    series: &'a Series,
    found: Vec<Window>,
    seen: Seen,
}

impl<'a> Held<'a> {
    fn new(series: &'a Series) -> Self {
        Self { series, found: Vec::new(), seen: Seen::default() }
    }

    fn answer(&mut self, back: usize, asked: &Asked, lessons: &[(Ds, Lesson)]) {
        self.found.push(match Cut::of(self.series, back) {
            Ok(cut) => cut.answer(self.series, asked, lessons, &mut self.seen),
            Err(reason) => Window::failed(self.series, None, reason),
        });
    }
}

impl Window {
    fn failed(series: &Series, cutoff: Option<Ds>, reason: String) -> Self {
        let outcome = failed(series.unique_id.clone(), reason);
        Self { cutoff, outcome, actual: Vec::new() }
    }
}

/// A series as it was known at an origin, and what came.
struct Cut<'a> {
    known: Tidy,
    came: &'a [f64],
}

impl<'a> Cut<'a> {
    /// Without its last `back` values.
    fn of(series: &'a Series, back: usize) -> Result<Self, String> {
        let tidy = series.tidy.as_ref().map_err(Clone::clone)?;
        let n = tidy.y.len();
        let known = n.checked_sub(back).and_then(|n_known| tidy.up_to(n_known));
        let known =
            known.ok_or_else(|| format!("{n} values are known, more than {back} are needed"))?;
        let came = &tidy.y[known.y.len()..];
        Ok(Self { known, came })
    }

    /// By the latest lesson that saw nothing after this origin.
    fn answer(
        &self,
        series: &Series,
        asked: &Asked,
        lessons: &[(Ds, Lesson)],
        seen: &mut Seen,
    ) -> Window {
        let cutoff = self.known.last;
        let lesson = lessons.iter().rev().find(|(at, _)| at.is_kin(cutoff) && *at <= cutoff);
        let Some((_, lesson)) = lesson else {
            let reason = "no lesson is as old as this origin".to_owned();
            return Window::failed(series, Some(cutoff), reason);
        };
        let outcome = lesson.outcome(&series.unique_id, &self.known, None, seen);
        let n = asked.horizon.min(self.came.len());
        Window { cutoff: Some(cutoff), outcome, actual: self.came[..n].to_vec() }
    }
}

/// What the panel teaches at the origins of a window: at each if they are few, else at some of them, the
/// first of each kind among them. In order.
fn learn_at(
    panel: &[&Series],
    back: usize,
    asked: &Asked,
    goes_on: &GoesOn,
) -> Option<Vec<(Ds, Lesson)>> {
    let origin = |series: &&Series| {
        let tidy = series.tidy.as_ref().ok()?;
        tidy.at(tidy.y.len().checked_sub(back)?.checked_sub(1)?)
    };
    let mut origins: Vec<Ds> = panel.iter().filter_map(origin).collect();
    origins.sort_unstable();
    origins.dedup();
    let kinds = origins.chunk_by(|one, other| one.is_kin(*other));
    let some = kinds.flat_map(|origins| {
        let n = origins.len().min(LESSONS_MAX);
        (0..n).map(move |nth| origins[nth * origins.len() / n])
    });
    let lesson = |at: Ds| {
        let known: Vec<Tidy> = panel
            .par_iter()
            .filter_map(|series| {
                let tidy = series.tidy.as_ref().ok()?;
                at.is_kin(tidy.first).then(|| tidy.up_to(tidy.n_until(at))).flatten()
            })
            .collect();
        Some((at, learn_from(&known.iter().collect::<Vec<_>>(), asked, goes_on)?.0))
    };
    some.map(lesson).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, Model, Point};
    use super::*;

    fn series(id: &str, start: i64, y: &[f64]) -> Series {
        let point = |(at, y): (i64, &f64)| Point { ds: Ok(Ds::Number(at)), y: Cell::Value(*y) };
        Series::new(id, (start..).zip(y).map(point).collect())
    }

    fn asked(model: Model) -> Asked {
        Asked::new(model, 2, Some(1), vec![0.8]).expect("in bounds")
    }

    fn panel(later: f64) -> Vec<Series> {
        let wave = |idx: u32, t: u32| 50.0 + f64::from(t + idx) + f64::from(t * (idx + 3) % 7);
        let mut panel: Vec<_> = (0..30)
            .map(|idx| {
                let y: Vec<f64> = (0..40).map(|t| wave(idx, t)).collect();
                series(&format!("s{idx:02}"), 0, &y)
            })
            .collect();
        // One that goes on much later than the others' origins.
        let y: Vec<f64> = (0..60).map(|t| wave(9, t) + if t >= 36 { later } else { 0.0 }).collect();
        panel.push(series("z", 0, &y));
        panel
    }

    #[test]
    fn origins_lie_as_in_other_packages_and_see_nothing_later() {
        let windows = Windows { n_windows: 3, step_size: 1, refit: Refit::Every(1) };
        let found = cross_validate(&panel(0.0), &asked(Model::Chipcast), &windows, Shard::WHOLE)
            .expect("valid");
        let of_first: Vec<_> = found[..3].iter().map(|window| window.cutoff).collect();
        assert_eq!(of_first, [35, 36, 37].map(|at| Some(Ds::Number(at))));
        assert_eq!(found[0].actual.len(), 2);
        let changed = cross_validate(&panel(1e4), &asked(Model::Chipcast), &windows, Shard::WHOLE);
        for (one, other) in found.iter().zip(&changed.expect("valid")) {
            if one.outcome.unique_id == "s00" && one.cutoff == Some(Ds::Number(35)) {
                assert_eq!(one, other);
            }
        }
        let differs = |nth: usize| {
            let again =
                cross_validate(&panel(1e4), &asked(Model::Chipcast), &windows, Shard::WHOLE);
            again.expect("valid")[nth].outcome != found[nth].outcome
        };
        assert!(differs(2), "the later origin sees the change, so the test could fail");
    }

    #[test]
    fn a_short_series_is_a_row_and_no_windows_are_an_error() {
        let windows = Windows { n_windows: 2, step_size: 4, refit: Refit::Once };
        let short = [series("a", 0, &[1.0, 2.0, 3.0, 4.0, 5.0])];
        let found = cross_validate(
            &short,
            &asked(Model::Alone(crate::forecast::univariate::Local::Naive)),
            &windows,
            Shard::WHOLE,
        );
        let reasons: Vec<_> = found.expect("valid").into_iter().map(|w| w.outcome.reason).collect();
        assert_eq!(reasons[0].as_deref(), Some("5 values are known, more than 6 are needed"));
        assert_eq!(reasons[1], None);
        let none = Windows { n_windows: 0, ..windows };
        assert!(cross_validate(&short, &asked(Model::Chipcast), &none, Shard::WHOLE).is_err());
    }
}
