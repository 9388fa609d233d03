//! `outlook`: pooled growth, tilted so that the year adds up to what the company said it would spend.
//!
//! May use the core files, `history`, `guidance`, `pooled` and `spec`. A year's outlook is a
//! statement about the quarters that are left: what is already reported is taken off it.

use super::history::{History, Scale};
use super::pooled::{self, Outgrowth, Pooled};
use super::spec::Spec;
use super::{Forecaster, Path, Step, Term, guidance};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::observation::Announcement;
use crate::period::{Frequency, Period};
use crate::series::SeriesId;

/// The outlook model: `vᵢ = gᵢ·exp(λ·i)` for the quarters left of the year, with `gᵢ` pooled growth and
/// `λ` such that they add up to `guide·exp(Σ ln(year/guide) / (n + prior)) − reported`.
///
/// A company may guide under its own definition, such as with finance leases, while the target is cash:
/// the mean log ratio of earlier years to their guides carries that difference. Later periods go on at
/// pooled growth.
#[derive(Debug, Clone, Copy)]
pub struct Outlook;

impl Forecaster for Outlook {
    fn name(&self) -> &'static str {
        "outlook"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        self.path_with(known, known, target, horizon)
    }

    fn path_with(
        &self,
        learned: &Snapshot,
        known: &Snapshot,
        target: &SeriesId,
        horizon: usize,
    ) -> Result<Path> {
        let growth = pooled::fit_with(learned, known, target, pooled::Pool::WithOwn)?;
        let history = growth.history();
        let periods = history.next_periods(horizon.max(4));
        let guide = open_outlook(known, target, periods[0]).ok_or_else(|| {
            Error::insufficient(format!(
                "`outlook` needs an open guide for the year that holds {}; none of {target:?} is known \
                 as of {}",
                periods[0],
                known.as_of()
            ))
        })?;
        let year = spent(history, guide.period);
        let left = periods.iter().filter(|period| lies_in(**period, guide.period)).count();
        let Some(reported) = year.filter(|(_, n)| n + left == 4).map(|(sum, _)| sum) else {
            return Err(Error::insufficient(format!(
                "`outlook` needs every reported quarter of {} of {target:?}; one is not known as of {}",
                guide.period,
                known.as_of()
            )));
        };
        let expected = guide.mid * definition(learned, target, history).exp() - reported;
        let plain = carried(&growth, &periods);
        let Some(tilt) = tilt(&plain[..left], expected) else {
            return Err(Error::insufficient(format!(
                "`outlook`: {} of {target:?} is already spent by {}",
                guide.period,
                history.last_period()
            )));
        };
        let mut path = Path::new(self, []);
        path.announcement = Some(guide.clone());
        path.steps = steps(&plain, left, tilt, &periods, horizon);
        path.terms = terms(&growth, left, tilt, horizon);
        Ok(path)
    }
}

/// The company's last word about the year in which a quarter lies, under any definition of the metric.
pub fn open_outlook<'a>(
    known: &'a Snapshot,
    target: &'a SeriesId,
    quarter: Period,
) -> Option<&'a Announcement> {
    outlooks(known, target).filter(|a| lies_in(quarter, a.period)).last()
}

/// Guides of whole years for the target's metric or another definition of it: `capex_guided` speaks of
/// `capex_cash`.
pub fn outlooks<'a>(
    known: &'a Snapshot,
    target: &'a SeriesId,
) -> impl Iterator<Item = &'a Announcement> {
    let family = |metric: &'a str| metric.split(['_', '.']).next().unwrap_or(metric);
    known.announcements(target.owner()).filter(move |a| {
        family(&a.metric) == family(target.metric())
            && a.period.frequency() == Some(Frequency::Year)
            && a.mid > 0.0
    })
}

/// Whether a quarter belongs to a year, as well as vendors' dates tell.
fn lies_in(quarter: Period, year: Period) -> bool {
    let middle = quarter.start() + chrono::Days::new(45);
    quarter.frequency() == Some(Frequency::Quarter)
        && year.start() <= middle
        && middle <= year.end()
}

/// Sum and number of a year's known quarters; `None` unless they are its first ones, without a gap.
pub fn spent(history: &History, year: Period) -> Option<(f64, usize)> {
    let of_year = || {
        let known = history.periods.iter().zip(&history.values).zip(&history.numbers);
        known.filter(|((period, _), _)| lies_in(**period, year))
    };
    let n = of_year().count();
    let gapless = of_year().zip(of_year().skip(1)).all(|((_, a), (_, b))| *b == *a + 1);
    gapless.then(|| (of_year().map(|((_, value), _)| value).sum(), n))
}

/// The mean log ratio of whole years to their last outlook, pulled to none.
fn definition(known: &Snapshot, target: &SeriesId, history: &History) -> f64 {
    let mut years: Vec<&Announcement> = Vec::new();
    for outlook in outlooks(known, target) {
        years.retain(|held| !guidance::same_period(held.period, outlook.period));
        years.push(outlook);
    }
    let ratios: Vec<f64> = years
        .iter()
        .filter_map(|outlook| {
            let (sum, n) = spent(history, outlook.period)?;
            (n == 4 && sum > 0.0).then(|| (sum / outlook.mid).ln())
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a company has few outlooks")]
    let n = ratios.len() as f64;
    ratios.iter().sum::<f64>() / (n + Spec::bundled().guide.prior_pairs)
}

fn carried(growth: &Outgrowth, periods: &[Period]) -> Vec<f64> {
    let history = growth.history();
    let ahead = periods.iter().zip(1_i64..);
    ahead
        .map(|(period, ahead)| {
            history.value(growth.level_from(0, history.last_level(), ahead), *period)
        })
        .collect()
}

/// `λ` with `Σ gᵢ·exp(λ·i) = total`, by bisection: the sum grows with it. `None` unless both are positive.
fn tilt(plain: &[f64], total: f64) -> Option<f64> {
    let positive = |value: &f64| *value > 0.0 && value.is_finite();
    if plain.is_empty() || !plain.iter().all(positive) || !positive(&total) {
        return None;
    }
    let sum = |tilt: f64| -> f64 {
        plain.iter().zip(1_i32..).map(|(v, i)| v * (tilt * f64::from(i)).exp()).sum()
    };
    let (mut low, mut high) = (-1.0, 1.0);
    while sum(low) > total {
        low *= 2.0;
    }
    while sum(high) < total {
        high *= 2.0;
    }
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if sum(middle) < total { low = middle } else { high = middle }
    }
    Some(f64::midpoint(low, high))
}

fn steps(plain: &[f64], left: usize, tilt: f64, periods: &[Period], horizon: usize) -> Vec<Step> {
    let lifted = |at: usize| {
        let i = i32::try_from(at.min(left - 1) + 1).unwrap_or(i32::MAX);
        plain[at] * (tilt * f64::from(i)).exp()
    };
    let step = |(at, period): (usize, &Period)| {
        let model_used = if at < left { Outlook.name() } else { Pooled.name() };
        Step { period: *period, median: lifted(at), model_used }
    };
    periods.iter().enumerate().take(horizon).map(step).collect()
}

/// The terms of pooled growth, and what the outlook adds; none where growth is not on the log scale.
fn terms(growth: &Outgrowth, left: usize, tilt: f64, horizon: usize) -> Vec<Vec<Term>> {
    let history = growth.history();
    if history.scale != Scale::Log {
        return Vec::new();
    }
    let term = |name: &str, value, weight| Term { name: name.to_owned(), value, weight };
    let of_step = |ahead: i64| {
        let last = usize::try_from(ahead).unwrap_or(left).min(left);
        let mut terms = vec![Term::last_level(history)];
        terms.extend(growth.terms_from(0, ahead));
        terms.push(term("outlook", tilt, f64::from(u32::try_from(last).unwrap_or(u32::MAX))));
        terms
    };
    (1_i64..).take(horizon).map(of_step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quarters_left_add_up() {
        let plain = [10.0, 11.0, 12.0];
        let tilt = tilt(&plain, 40.0).expect("positive");
        let sum: f64 =
            plain.iter().zip(1_i32..).map(|(v, i)| v * (tilt * f64::from(i)).exp()).sum();
        assert!((sum - 40.0).abs() < 1e-12, "{sum}");
        assert_eq!(super::tilt(&plain, -1.0), None);
        assert_eq!(super::tilt(&[], 1.0), None);
    }

    #[test]
    fn one_quarter_left_is_the_rest_of_the_year() {
        let tilt = tilt(&[7.0], 5.0).expect("positive");
        assert!((7.0 * tilt.exp() - 5.0).abs() < 1e-12);
    }
}
