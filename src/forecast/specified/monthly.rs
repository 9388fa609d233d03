//! A monthly driver up to a month: what is known, and year-on-year growth carried on where it is not.
//!
//! May use nothing else of the crate. Pure: months by number in, months by number out.

use std::collections::BTreeMap;

/// Months in a year (definition).
const YEAR: i64 = 12;
/// Year-on-year changes below which nothing is carried on.
const MIN_CHANGES: usize = 12;
/// Furthest that growth is carried on, in months.
const MAX_MISSING: i64 = 12;

/// Log levels of months, the ones after `cut` made by a first-order autoregression of year-on-year log
/// growth, `g(m+1) = c + φ·g(m)`, fitted by least squares to the months up to `cut`.
///
/// - `known`: log level by the month's number. `cut`: last month that may be used. `through`: last month
///   needed.
/// - Returns `None` where too few months are known, or `through` lies too far ahead.
pub(super) fn completed(
    known: &BTreeMap<i64, f64>,
    cut: i64,
    through: i64,
) -> Option<BTreeMap<i64, f64>> {
    let mut months: BTreeMap<i64, f64> = known.range(..=cut).map(|(m, v)| (*m, *v)).collect();
    let last = *months.keys().next_back()?;
    if through - last > MAX_MISSING {
        return None;
    }
    if through <= last {
        return Some(months);
    }
    let growth = |months: &BTreeMap<i64, f64>, month: i64| {
        Some(months.get(&month)? - months.get(&(month - YEAR))?)
    };
    let pairs: Vec<(f64, f64)> = months
        .keys()
        .filter_map(|month| Some((growth(&months, month - 1)?, growth(&months, *month)?)))
        .collect();
    if pairs.len() < MIN_CHANGES {
        return None;
    }
    let (constant, slope) = line(&pairs);
    let mut last_growth = growth(&months, last)?;
    for month in last + 1..=through {
        last_growth = constant + slope * last_growth;
        let level = months.get(&(month - YEAR))? + last_growth;
        months.insert(month, level);
    }
    Some(months)
}

/// Log of the sum of three months from `first` on.
pub(super) fn quarter(months: &BTreeMap<i64, f64>, first: i64) -> Option<f64> {
    let levels = [first, first + 1, first + 2].map(|month| months.get(&month).copied());
    let sum = levels.iter().try_fold(0.0, |sum, level| Some(sum + (*level)?.exp()))?;
    Some(sum.ln())
}

/// Constant and slope of `y` on `x` by least squares, the slope kept between 0 and 1.
fn line(pairs: &[(f64, f64)]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 months")]
    let n = pairs.len() as f64;
    let (x, y) = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let (x, y) = (x / n, y / n);
    let across: f64 = pairs.iter().map(|pair| (pair.0 - x) * (pair.1 - y)).sum();
    let squares: f64 = pairs.iter().map(|pair| (pair.0 - x).powi(2)).sum();
    let slope = if squares > 0.0 { (across / squares).clamp(0.0, 1.0) } else { 0.0 };
    (y - slope * x, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(n: i64) -> BTreeMap<i64, f64> {
        let level = |m: i64| f64::from(i32::try_from(m).expect("small")) * 0.02;
        (0..n).map(|m| (m, 5.0 + level(m) + if m % 12 == 0 { 0.3 } else { 0.0 })).collect()
    }

    #[test]
    fn steady_growth_with_a_season_is_carried_on_as_it_was() {
        let (known, all) = (steady(60), steady(66));
        let made = completed(&known, 59, 65).expect("five years");
        for month in 60..66 {
            assert!((made[&month] - all[&month]).abs() < 1e-9, "{month}");
        }
        assert!(
            (quarter(&made, 63).expect("made") - quarter(&all, 63).expect("known")).abs() < 1e-9
        );
    }

    #[test]
    fn nothing_after_the_cut_is_used() {
        let known = steady(60);
        let mut changed = known.clone();
        changed.iter_mut().filter(|(m, _)| **m > 50).for_each(|(_, level)| *level += 9.0);
        assert_eq!(completed(&known, 50, 53), completed(&changed, 50, 53));
        assert!(completed(&known, 59, 80).is_none(), "too far ahead");
        assert!(completed(&steady(20), 19, 21).is_none(), "too few months");
    }
}
