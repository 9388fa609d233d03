//! Conformal prediction: which past error bounds the next one. Split, rolling, adaptive.
//!
//! May use `draws`, `units` and `spec`. Only ranks and levels; `interval` brings the residuals and
//! their days.

use super::spec::Spec;
use crate::draws::sorted_quantile;
use crate::units::count;

/// Which past residuals count, and whether misses move the allowance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// All that are known, the nominal allowance: split conformal prediction.
    Split,
    /// The last ones alone, so that old times are forgotten.
    Rolling {
        /// How many a series of the panel.
        window: usize,
    },
    /// All that are known, and an allowance that past misses narrow or widen.
    Adaptive {
        /// How far one miss moves it.
        gamma: f64,
    },
}

impl Method {
    /// The engine's own: adaptive, with the step of the model file.
    pub fn bundled() -> Self {
        Self::Adaptive { gamma: Spec::bundled().interval.gamma }
    }

    /// The step of the allowance.
    pub fn gamma(self) -> f64 {
        match self {
            Self::Adaptive { gamma } => gamma,
            Self::Split | Self::Rolling { .. } => 0.0,
        }
    }

    /// How many residuals of a panel of `n_series` are kept.
    pub fn window(self, n_series: usize) -> usize {
        match self {
            Self::Rolling { window } => window.max(1) * n_series.max(1),
            Self::Split | Self::Adaptive { .. } => usize::MAX,
        }
    }
}

/// The rank, from 1, of the absolute residual that bounds the next with probability `1 − miss` or
/// more: `⌈(n + 1)(1 − miss)⌉`; `None` where `n` residuals cannot.
///
/// # Source
/// Lei, G'Sell, Rinaldo, Tibshirani and Wasserman (2018), doi:10.1080/01621459.2017.1307116
pub fn split_rank(n_scores: usize, miss: f64) -> Option<usize> {
    let rank = round_up((count(n_scores) + 1.0) * (1.0 - miss));
    (1..=n_scores).contains(&rank).then_some(rank)
}

/// The bound of split conformal prediction: the score with [`split_rank`].
pub fn split_bound(scores: &[f64], miss: f64) -> Option<f64> {
    let rank = split_rank(scores.len(), miss)?;
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(sorted[rank - 1])
}

/// The allowance before each forecast when each miss takes and each hit gives:
/// `αₜ₊₁ = αₜ + γ·(α − missₜ)`, from `α` on.
///
/// # Source
/// Gibbs and Candès (2021), arXiv 2106.00170
pub fn adaptive_path(miss: f64, gamma: f64, missed: &[f64]) -> Vec<f64> {
    let step = |allowance: &mut f64, missed: &f64| {
        let before = *allowance;
        *allowance += gamma * (miss - missed);
        Some(before)
    };
    missed.iter().scan(miss, step).collect()
}

/// Quantiles of a forecast from absolute errors at the same horizon, laid to both sides of it.
///
/// - `absolute_errors`: of earlier windows. Returns one value a level, in the forecast's unit.
pub fn symmetric_quantiles(forecast: f64, absolute_errors: &[f64], levels: &[f64]) -> Vec<f64> {
    let sides = absolute_errors.iter().flat_map(|e| [forecast - e, forecast + e]);
    let mut sides: Vec<f64> = sides.collect();
    sides.sort_unstable_by(f64::total_cmp);
    if sides.is_empty() {
        sides.push(forecast);
    }
    levels.iter().map(|level| sorted_quantile(&sides, *level)).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank is small; a negative one saturates to zero"
)]
fn round_up(rank: f64) -> usize {
    (rank - 1e-9).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_scores_bound_the_tenth_at_ninety_percent_and_no_more() {
        assert_eq!(split_rank(9, 0.1), Some(9));
        assert_eq!(split_rank(9, 0.05), None);
        assert_eq!(split_bound(&[3.0, 1.0, 2.0], 0.5), Some(2.0));
    }

    #[test]
    fn a_miss_takes_more_than_a_hit_gives() {
        let path = adaptive_path(0.1, 0.5, &[0.0, 1.0, 0.0]);
        assert!((path[1] - 0.15).abs() < 1e-12 && (path[2] + 0.3).abs() < 1e-12);
        assert_eq!(Method::Split.gamma(), 0.0);
        assert_eq!(Method::Rolling { window: 8 }.window(6), 48);
    }

    #[test]
    fn without_an_error_every_quantile_is_the_forecast() {
        assert_eq!(symmetric_quantiles(5.0, &[], &[0.1, 0.9]), vec![5.0, 5.0]);
        assert_eq!(symmetric_quantiles(5.0, &[1.0], &[0.0, 0.5, 1.0]), vec![4.0, 5.0, 6.0]);
    }
}
