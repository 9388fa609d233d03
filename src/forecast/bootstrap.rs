//! Resampling in blocks, so that what one shock hits stays together: the only bootstrap of forecasts.
//!
//! May use `draws` and `spec`. Every stream is keyed, so that the same rows give the same bounds.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::spec::Spec;
use crate::draws::{Randomness, sorted_quantile};

/// The two ends of a bootstrapped interval.
pub const LEVELS: (f64, f64) = (0.05, 0.95);

/// Calendar quarter of an origin: forecasts made in one quarter are hit by the same shocks.
pub fn quarter(origin: NaiveDate) -> (i32, u32) {
    (origin.year(), origin.month0() / 3)
}

/// Sums of two values by quarter of origin, in order.
pub fn by_quarter(pairs: &[(NaiveDate, f64, f64)]) -> Vec<(f64, f64)> {
    let mut quarters: BTreeMap<(i32, u32), (f64, f64)> = BTreeMap::new();
    for (origin, a, b) in pairs {
        let sums = quarters.entry(quarter(*origin)).or_default();
        *sums = (sums.0 + a, sums.1 + b);
    }
    quarters.into_values().collect()
}

/// A statistic of two sums over resamples of blocks, sorted: the circular block bootstrap.
///
/// - `sums`: one pair a quarter, in order. `block`: quarters a block.
/// - `statistic`: of the two sums over a resample; `None` leaves the resample out.
///
/// # Source
/// Politis and Romano (1992), circular block-resampling
pub fn circular(
    sums: &[(f64, f64)],
    block: usize,
    stream: &Randomness,
    statistic: impl Fn(f64, f64) -> Option<f64>,
) -> Vec<f64> {
    Blocks::of(sums.len(), block, stream).statistics(sums, statistic)
}

/// The resamples of [`circular`], drawn once for many statistics of as many sums.
#[derive(Debug, Clone)]
pub struct Blocks {
    n: usize,
    block: usize,
    /// First index of every block, resample by resample.
    starts: Vec<usize>,
}

impl Blocks {
    /// Draws the blocks for `n` sums; none for no sum.
    pub fn of(n: usize, block: usize, stream: &Randomness) -> Self {
        let block = block.max(1);
        let n_bootstraps = if n == 0 { 0 } else { Spec::bundled().skill.n_bootstraps };
        let starts = (0..n_bootstraps).flat_map(|resample| {
            let mut random = stream.draw(resample);
            (0..n.div_ceil(block)).map(move |_| random.index(n))
        });
        Self { n, block, starts: starts.collect() }
    }

    /// A statistic of two sums over every resample, sorted; `None` leaves the resample out.
    ///
    /// - `sums`: shape `(n,)`, as many as the blocks were drawn for.
    pub fn statistics(
        &self,
        sums: &[(f64, f64)],
        statistic: impl Fn(f64, f64) -> Option<f64>,
    ) -> Vec<f64> {
        debug_assert_eq!(sums.len(), self.n);
        let per_resample = self.n.div_ceil(self.block).max(1);
        let of_resample = |starts: &[usize]| {
            let (mut a, mut b) = (0.0, 0.0);
            for start in starts {
                for step in 0..self.block {
                    let at = start + step;
                    let sum = sums[if at < self.n { at } else { at % self.n }];
                    (a, b) = (a + sum.0, b + sum.1);
                }
            }
            statistic(a, b)
        };
        let mut values: Vec<f64> =
            self.starts.chunks(per_resample).filter_map(of_resample).collect();
        values.sort_by(f64::total_cmp);
        values
    }
}

/// Visits the indexes of one circular resample of `n` things in blocks.
pub fn visit_circular(
    n: usize,
    block: usize,
    random: &mut Randomness,
    mut visit: impl FnMut(usize),
) {
    for _ in 0..n.div_ceil(block.max(1)) {
        let start = random.index(n);
        for step in 0..block.max(1) {
            visit((start + step) % n);
        }
    }
}

/// Visits the indexes of one stationary resample of `n` things: blocks of geometric length.
///
/// # Source
/// Politis and Romano (1994), doi:10.1080/01621459.1994.10476870
pub fn visit_stationary(
    n: usize,
    mean_block: f64,
    random: &mut Randomness,
    mut visit: impl FnMut(usize),
) {
    let mut at = random.index(n);
    visit(at);
    for _ in 1..n {
        let starts = random.uniform() < 1.0 / mean_block.max(1.0);
        at = if starts { random.index(n) } else { (at + 1) % n };
        visit(at);
    }
}

/// The quarters a block: the rule's, or the horizon if that is longer, and never more than there are.
pub fn block_length(horizon: usize, n_quarters: usize) -> usize {
    Spec::bundled().skill.block_length.max(horizon).min(n_quarters)
}

/// The 90% interval of a mean over forecasts; `None` with fewer than two quarters of origins.
pub fn mean_interval(values: &[(NaiveDate, f64)], key: &str, horizon: usize) -> Option<(f64, f64)> {
    let last = values.iter().map(|(origin, _)| *origin).max()?;
    let sums = by_quarter(&values.iter().map(|(origin, v)| (*origin, *v, 1.0)).collect::<Vec<_>>());
    if sums.len() < 2 {
        return None;
    }
    let stream = Randomness::new(0, &format!("mean.{key}"), last);
    let block = block_length(horizon, sums.len());
    let means = circular(&sums, block, &stream, |sum, n| (n > 0.0).then_some(sum / n));
    Some((sorted_quantile(&means, LEVELS.0), sorted_quantile(&means, LEVELS.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(month: u32) -> NaiveDate {
        let (year, month0) = (2000 + month / 12, month % 12);
        NaiveDate::from_ymd_opt(i32::try_from(year).expect("small"), month0 + 1, 5).expect("a date")
    }

    #[test]
    fn the_interval_of_a_mean_holds_it_and_narrows_with_n() {
        let values = |n: u32| -> Vec<(NaiveDate, f64)> {
            (0..n).map(|i| (day(i * 3), f64::from(i * 7 % 10))).collect()
        };
        let (low, high) = mean_interval(&values(100), "a", 1).expect("quarters");
        assert!(low < 4.5 && 4.5 < high, "{low} {high}");
        let (wide_low, wide_high) = mean_interval(&values(20), "a", 1).expect("quarters");
        assert!(wide_high - wide_low > high - low);
        assert_eq!(mean_interval(&values(1), "a", 1), None);
    }

    #[test]
    fn a_resample_visits_as_many_things_as_there_are() {
        let stream = Randomness::new(1, "x", day(0));
        let (mut circular, mut stationary) = (0, 0);
        visit_circular(12, 4, &mut stream.draw(0), |_| circular += 1);
        visit_stationary(12, 4.0, &mut stream.draw(0), |at| {
            assert!(at < 12);
            stationary += 1;
        });
        assert_eq!((circular, stationary), (12, 12));
    }
}
