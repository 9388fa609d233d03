//! Calibration: whether what was said to be likely came as often as said, with error bars.
//!
//! May use `draws`, `backtest`, `bootstrap`, `history`, `interval`, `score`, `spec` and `summary`.
//! Rows without an actual, or made before any residual was known, are passed over.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::backtest::Row;
use super::bootstrap;
use super::history::Scale;
use super::interval::Quantiles;
use super::score::distribution::{Between, crps_quantiles};
use super::score::{self, point};
use crate::draws::Randomness;

/// A mean over forecasts with its 90% interval, by block bootstrap over quarters of origins.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bar {
    /// The mean; `None` of no forecast.
    pub value: Option<f64>,
    /// Lower end; `None` with fewer than two quarters.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
}

/// What was measured of one model at one horizon.
#[derive(Debug, Clone, Default)]
pub struct Calibrated {
    /// Forecasts whose actual and distribution are known.
    pub n: usize,
    /// Absolute log error.
    pub mae_log: Bar,
    /// Weighted interval score, in the target's unit.
    pub wis: Bar,
    /// CRPS of the whole distribution, in the target's unit.
    pub crps: Bar,
    /// Pinball loss at each of [`PINBALL_LEVELS`], in the target's unit.
    pub pinball: [Bar; 3],
    /// Interval score of the 80% interval, in the target's unit.
    pub interval_score_80: Bar,
    /// Share of actuals inside the central interval of each of [`COVERAGES`].
    pub coverage: [Bar; 4],
    /// Share of actuals in each tenth of the distribution, from the lowest.
    pub tenths: [Bar; 10],
    /// p-value of the hypothesis that every tenth is as likely; small where it is not.
    pub uniform_p: Option<f64>,
}

/// Levels at which pinball loss is shown.
pub const PINBALL_LEVELS: [f64; 3] = [0.1, 0.5, 0.9];
/// Coverages that are checked.
pub const COVERAGES: [f64; 4] = [0.5, 0.8, 0.9, 0.95];

/// The probability integral transform: the level at which the distribution holds an actual.
///
/// Beyond the outermost knot the distribution says only how much lies there; the middle of that mass is
/// returned. `None` where no residual was known.
///
/// # Source
/// Dawid (1984), doi:10.2307/2981683
pub fn pit(quantiles: &Quantiles, actual: f64) -> Option<f64> {
    let knots = Some(quantiles.knots()).filter(|_| quantiles.n_residuals() > 0)?;
    let (first, last) = (knots.first()?, knots.last()?);
    if actual < first.1 {
        return Some(first.0 / 2.0);
    }
    let inside = knots.windows(2).find(|pair| pair[0].1 <= actual && actual <= pair[1].1);
    let Some([(p0, v0), (p1, v1)]) = inside else {
        return Some(f64::midpoint(last.0, 1.0));
    };
    let share = match quantiles.scale() {
        _ if v0 == v1 => 0.5,
        Scale::Log => (actual / v0).ln() / (v1 / v0).ln(),
        Scale::Linear => (actual - v0) / (v1 - v0),
    };
    Some(p0 + share * (p1 - p0))
}

/// CRPS of a distribution, in the target's unit; `None` where no residual was known.
pub fn crps(quantiles: &Quantiles, actual: f64) -> Option<f64> {
    let between = match quantiles.scale() {
        Scale::Log => Between::LogLine,
        Scale::Linear => Between::Line,
    };
    let knots = Some(quantiles.knots()).filter(|_| quantiles.n_residuals() > 0)?;
    crps_quantiles(actual, &knots, between)
}

/// Scores the rows of one model and horizon.
pub fn calibrated(rows: &[&Row]) -> Calibrated {
    let Some(first) = rows.first() else { return Calibrated::default() };
    let key = format!("{}.{}", first.model, first.horizon);
    let bar = |value: &dyn Fn(&Row, f64) -> Option<f64>| {
        let values = rows.iter().filter_map(|row| Some((row.origin, value(row, row.actual?)?)));
        Bar::of(&values.collect::<Vec<_>>(), &key, first.horizon)
    };
    let known = |row: &Row| row.quantiles.n_residuals() > 0;
    let of_known = |row: &Row, value: f64| known(row).then_some(value);
    let pits: Vec<(NaiveDate, f64)> = rows
        .iter()
        .filter_map(|row| Some((row.origin, pit(&row.quantiles, row.actual?)?)))
        .collect();
    let tenth = |k: u8| {
        let (low, high) = (f64::from(k) / 10.0, f64::from(k + 1) / 10.0);
        let inside = |u: f64| low <= u && (u < high || k == 9);
        let values: Vec<_> =
            pits.iter().map(|(day, u)| (*day, f64::from(u8::from(inside(*u))))).collect();
        Bar::of(&values, &key, first.horizon)
    };
    let quantiles = |row: &Row| score::WIS_LEVELS.map(|level| (level, row.quantiles.at(level)));
    Calibrated {
        n: pits.len(),
        mae_log: bar(&|row, y| score::absolute_log_error(y, row.median)),
        wis: bar(&|row, y| of_known(row, score::wis(y, &quantiles(row)))),
        crps: bar(&|row, y| crps(&row.quantiles, y)),
        pinball: PINBALL_LEVELS.map(|level| {
            bar(&|row, y| of_known(row, score::pinball(level, y, row.quantiles.at(level))))
        }),
        interval_score_80: bar(&|row, y| {
            Some(point::interval_score(y, row.quantiles.interval(0.8)?, 0.8))
        }),
        coverage: COVERAGES.map(|coverage| {
            bar(&|row, y| score::coverage(&[row.quantiles.interval(coverage)?], &[y]))
        }),
        tenths: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(tenth),
        uniform_p: uniformity(&pits, &key, first.horizon),
    }
}

impl Bar {
    fn of(values: &[(NaiveDate, f64)], key: &str, horizon: usize) -> Self {
        let ends = bootstrap::mean_interval(values, key, horizon);
        let plain: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
        Self {
            value: score::mean(&plain),
            lower: ends.map(|ends| ends.0),
            upper: ends.map(|ends| ends.1),
        }
    }
}

/// Kolmogorov and Smirnov's distance of levels from the uniform, and how often blocks of quarters, drawn
/// anew, move as far from what was seen: forecasts that overlap, and companies hit by one shock, are
/// not taken for independent. `None` with fewer than two quarters.
///
/// # Source
/// Corradi and Swanson (2006), doi:10.1016/S1574-0706(05)01005-0, for the block bootstrap of such tests
pub fn uniformity(levels: &[(NaiveDate, f64)], key: &str, horizon: usize) -> Option<f64> {
    let last = levels.iter().map(|(origin, _)| *origin).max()?;
    let mut quarters: BTreeMap<(i32, u32), Vec<f64>> = BTreeMap::new();
    for (origin, level) in levels {
        quarters.entry(bootstrap::quarter(*origin)).or_default().push(*level);
    }
    let quarters: Vec<Vec<f64>> = quarters.into_values().collect();
    if quarters.len() < 2 {
        return None;
    }
    let mut seen: Vec<f64> = quarters.concat();
    seen.sort_unstable_by(f64::total_cmp);
    let measured = distance(&seen, |at| at);
    let stream = Randomness::new(0, &format!("pit.{key}"), last);
    let block = bootstrap::block_length(horizon, quarters.len());
    let n_bootstraps = super::spec::Spec::bundled().skill.n_bootstraps;
    let as_far = (0..n_bootstraps).filter(|resample| {
        let mut drawn = Vec::with_capacity(seen.len());
        bootstrap::visit_circular(quarters.len(), block, &mut stream.draw(*resample), |quarter| {
            drawn.extend_from_slice(&quarters[quarter]);
        });
        drawn.sort_unstable_by(f64::total_cmp);
        let share_below = |at: f64| share(seen.partition_point(|level| *level <= at), seen.len());
        distance(&drawn, share_below) >= measured
    });
    Some(share(as_far.count() + 1, n_bootstraps + 1))
}

/// The largest gap between the shares of sorted values and a distribution function.
fn distance(sorted: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let gap = |(i, value): (usize, &f64)| {
        let at = cdf(*value);
        (share(i + 1, sorted.len()) - at).abs().max((at - share(i, sorted.len())).abs())
    };
    sorted.iter().enumerate().map(gap).fold(0.0, f64::max)
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 forecasts")]
fn share(n: usize, of: usize) -> f64 {
    n as f64 / of as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Months;

    /// Two levels a quarter over a hundred quarters.
    fn levels(shape: impl Fn(f64) -> f64) -> Vec<(NaiveDate, f64)> {
        let start = NaiveDate::from_ymd_opt(2000, 1, 20).expect("a date");
        let stream = Randomness::new(0, "levels", start);
        let level = |i: u32| {
            let day = start + Months::new(3 * (i / 2));
            (day, shape(stream.draw(i as usize).uniform()))
        };
        (0..200).map(level).collect()
    }

    #[test]
    fn levels_that_are_uniform_pass_and_bent_ones_do_not() {
        let fair = uniformity(&levels(|u| u), "a", 1).expect("quarters");
        assert!(fair > 0.1, "{fair}");
        let bent = uniformity(&levels(|u| u * u), "a", 1).expect("quarters");
        assert!(bent < 0.01, "{bent}");
        assert_eq!(uniformity(&levels(|u| u)[..2], "a", 1), None);
    }
}
