//! A share of cases with its width: the beta distribution, and nothing else.
//!
//! May use `units`. Cases may be parts of one where they overlap.

use statrs::distribution::{Beta, ContinuousCDF};

use crate::units::count;

/// A probability and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Cases in which it happened.
    pub n_hits: usize,
    /// Of how many.
    pub n: usize,
    /// The mean of the beta distribution.
    pub value: f64,
    /// Lower end of its central interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Rate {
    /// The rate of `n_hits` of `n` cases by Jeffreys: `Beta(1/2 + hits/overlap, 1/2 + misses/overlap)`.
    ///
    /// # Source
    /// Brown, Cai and DasGupta (2001), doi:10.1214/ss/1009213286
    pub fn of(n_hits: usize, n: usize, size: Size) -> Self {
        let a = 0.5 + count(n_hits) / size.overlap;
        let b = 0.5 + count(n - n_hits) / size.overlap;
        Self::beta((n_hits, n), (a, b), size.coverage)
    }

    /// This rate moved by how much more often it happened in some of its cases:
    /// `m = rate + k/(k + weight) · (hits/n − all hits/all n)` with `k = n/overlap`, and
    /// `Beta((k + weight)·m, (k + weight)·(1 − m))`. Where it happened as often, nothing moves.
    ///
    /// - `n_hits`, `n`: of those cases. `weight`: cases for which the rate itself counts, 1 or more.
    #[must_use]
    pub fn moved(self, (n_hits, n): (usize, usize), weight: f64, size: Size) -> Self {
        let k = count(n) / size.overlap;
        let more = if n > 0 && self.n > 0 {
            count(n_hits) / count(n) - count(self.n_hits) / count(self.n)
        } else {
            0.0
        };
        let mean = self.value + k / (k + weight) * more;
        let total = k + weight;
        Self::beta((n_hits, n), (total * mean, total * (1.0 - mean)), size.coverage)
    }

    fn beta((n_hits, n): (usize, usize), (a, b): (f64, f64), coverage: f64) -> Self {
        let value = a / (a + b);
        let (lower, upper) = Beta::new(a, b).map_or((value, value), |beta| {
            let tail = (1.0 - coverage) / 2.0;
            (beta.inverse_cdf(tail), beta.inverse_cdf(1.0 - tail))
        });
        Self { n_hits, n, value, lower, upper }
    }
}

/// How cases are counted, and how wide an interval is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Cases that count as one.
    pub overlap: f64,
    /// Of the central interval.
    pub coverage: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jeffreys_by_table_and_a_move_by_hand() {
        let size = |overlap| Size { overlap, coverage: 0.9 };
        // scipy.stats.beta(2.5, 8.5): 5% and 95% points.
        let rate = Rate::of(2, 10, size(1.0));
        assert!((rate.value - 2.5 / 11.0).abs() < 1e-12);
        let off = (rate.lower - 0.060_213_718_3).abs().max((rate.upper - 0.452_495_637).abs());
        assert!(off < 1e-6, "{rate:?}");
        // 12 of 40 quarters are 3 of 10: (1/2 + 3) / 11. Of 16 alike 8: 4 cases beside 4, half of 0.2 more.
        let base = Rate::of(12, 40, size(4.0));
        let moved = base.moved((8, 16), 4.0, size(4.0));
        assert!((moved.value - (3.5 / 11.0 + 0.5 * 0.2)).abs() < 1e-12);
        let same = base.moved((3, 10), 4.0, size(4.0));
        assert!((same.value - base.value).abs() < 1e-12, "as often as overall moves nothing");
        assert!((base.moved((0, 0), 4.0, size(4.0)).value - base.value).abs() < 1e-12);
        let least = Rate::of(40, 40, size(4.0)).moved((0, 40), 1.0, size(4.0));
        assert!(least.value > 0.0, "never out of range");
    }
}
