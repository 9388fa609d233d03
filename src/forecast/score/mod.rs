//! Metrics: the only definitions of error, score and skill in the crate.
//!
//! May use `error`; `compare` also `bootstrap`. Pure arithmetic on slices; never sees a series or a
//! day. Here: what the engine is judged by; `point`: further point scores; `distribution`: scores of
//! whole distributions; `compare`: tests of which forecast is better.

pub mod compare;
pub mod distribution;
pub mod point;

use crate::error::{Error, Result};

/// The quantile levels over which the weighted interval score is taken.
pub const WIS_LEVELS: [f64; 5] = [0.025, 0.1, 0.5, 0.9, 0.975];

/// Arithmetic mean; `None` of no value.
pub fn mean(values: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 values")]
    let n = values.len() as f64;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / n)
}

/// Absolute error on the log scale, `|ln ŷ − ln y|`: 0.05 is about five percent.
///
/// - `actual`, `predicted`: positive, in one unit.
/// - Returns a ratio without unit; `None` if either is not positive.
pub fn absolute_log_error(actual: f64, predicted: f64) -> Option<f64> {
    (actual > 0.0 && predicted > 0.0).then(|| (predicted.ln() - actual.ln()).abs())
}

/// Pinball loss, `max(q·(y−ŷ), (q−1)·(y−ŷ))`, without a factor 2.
///
/// - `quantile_level`: in (0, 1). `actual`, `predicted`: in one unit, which the loss has too.
///
/// # Source
/// Koenker and Bassett (1978), doi:10.2307/1913643
pub fn pinball(quantile_level: f64, actual: f64, predicted: f64) -> f64 {
    let error = actual - predicted;
    (quantile_level * error).max((quantile_level - 1.0) * error)
}

/// Weighted interval score: the mean of `2·pinball` over quantile levels.
///
/// - `quantiles`: pairs of quantile level and predicted value.
/// - Returns a score in the unit of `actual`; lower is better.
///
/// # Source
/// Bracher, Ray, Gneiting and Reich (2021), doi:10.1371/journal.pcbi.1008618
pub fn wis(actual: f64, quantiles: &[(f64, f64)]) -> f64 {
    let losses: Vec<_> =
        quantiles.iter().map(|(level, value)| 2.0 * pinball(*level, actual, *value)).collect();
    mean(&losses).unwrap_or(f64::NAN)
}

/// Mean absolute scaled error: `mean|y − ŷ| / mean|yₜ − yₜ₋ₘ|`, the latter over `train`.
///
/// - `actual`, `predicted`: shape `(n,)`, in the target's unit. `train`: shape `(t,)`, `t > m`.
/// - Returns a ratio; 1 is as good as the seasonal naive on the training window.
///
/// # Errors
/// [`Error::Insufficient`] if `train` has `m` values or fewer, or is constant at lag `m`.
/// # Source
/// Hyndman and Koehler (2006), doi:10.1016/j.ijforecast.2006.03.001
pub fn mase(actual: &[f64], predicted: &[f64], train: &[f64], season: usize) -> Result<f64> {
    let scale = seasonal_naive_scale(train, season)?;
    let errors: Vec<_> = actual.iter().zip(predicted).map(|(y, f)| (y - f).abs()).collect();
    mean(&errors)
        .map(|mae| mae / scale)
        .ok_or_else(|| Error::insufficient("a mean error needs at least one forecast"))
}

/// `mean|yₜ − yₜ₋ₘ|` over a training window: the scale of [`mase`].
///
/// # Errors
/// [`Error::Insufficient`] if `train` has `season` values or fewer, or is constant at that lag.
pub fn seasonal_naive_scale(train: &[f64], season: usize) -> Result<f64> {
    let steps: Vec<_> =
        train.iter().zip(train.iter().skip(season)).map(|(a, b)| (b - a).abs()).collect();
    mean(&steps).filter(|scale| *scale > 0.0).ok_or_else(|| {
        Error::insufficient(format!(
            "the seasonal naive's error needs more than {season} values that are not all alike; {} found",
            train.len()
        ))
    })
}

/// Brier score of a probability: `(p − y)²`, with `y` 1 where it happened and 0 where not.
///
/// - `probability`: in [0, 1]. Returns a score without unit; lower is better.
///
/// # Source
/// Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
pub fn brier(probability: f64, happened: bool) -> f64 {
    (probability - f64::from(u8::from(happened))).powi(2)
}

/// Share of actuals inside their interval, ends included.
pub fn coverage(intervals: &[(f64, f64)], actual: &[f64]) -> Option<f64> {
    let inside: Vec<_> = intervals
        .iter()
        .zip(actual)
        .map(|((low, high), y)| f64::from(u8::from(low <= y && y <= high)))
        .collect();
    mean(&inside)
}

/// Skill against a reference: `1 − mean(error) / mean(reference error)`; 0 is no better, 1 is perfect.
///
/// `None` without an error or where the reference is never wrong.
pub fn skill(errors: &[f64], reference: &[f64]) -> Option<f64> {
    let (error, reference) = (mean(errors)?, mean(reference)?);
    (reference > 0.0).then(|| 1.0 - error / reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wis_of_one_interval_is_half_alpha_times_the_interval_score() {
        let (alpha, low, high, y) = (0.2, 1.0, 3.0, 4.5);
        let interval_score = (high - low) + 2.0 / alpha * (y - high);
        let two = wis(y, &[(alpha / 2.0, low), (1.0 - alpha / 2.0, high)]);
        assert!((two - alpha / 2.0 * interval_score).abs() < 1e-12);
    }

    #[test]
    fn mase_of_a_line_by_hand() {
        let train = [1.0, 2.0, 3.0, 4.0, 5.0];
        let value = mase(&[6.0, 7.0], &[5.0, 5.0], &train, 4).expect("a scale of 4");
        assert!((value - 1.5 / 4.0).abs() < 1e-12);
        assert!(mase(&[1.0], &[1.0], &[2.0; 9], 4).is_err());
    }

    #[test]
    fn brier_by_hand() {
        assert!(
            (brier(0.8, true) - 0.04).abs() < 1e-12 && (brier(0.8, false) - 0.64).abs() < 1e-12
        );
    }

    #[test]
    fn skill_is_none_where_the_reference_is_never_wrong() {
        assert_eq!(skill(&[1.0], &[0.0]), None);
        assert!((skill(&[1.0, 1.0], &[2.0, 2.0]).expect("some") - 0.5).abs() < 1e-15);
    }
}
