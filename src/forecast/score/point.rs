//! Scores of point forecasts. `actual` and `predicted` have shape `(n,)` and one unit throughout.
//!
//! May use `score` alone. `None` of no forecast, of slices of different length, or of a scale of zero.

use super::{mean, seasonal_naive_scale};

fn mean_of(actual: &[f64], predicted: &[f64], loss: impl Fn(f64, f64) -> f64) -> Option<f64> {
    let losses: Vec<_> = actual.iter().zip(predicted).map(|(y, f)| loss(*y, *f)).collect();
    mean(&losses).filter(|_| actual.len() == predicted.len())
}

/// Mean absolute error, `mean|y − ŷ|`, in the target's unit.
pub fn mae(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(actual, predicted, |y, f| (y - f).abs())
}

/// Mean squared error, `mean (y − ŷ)²`.
pub fn mse(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(actual, predicted, |y, f| (y - f).powi(2))
}

/// Root of [`mse`], in the target's unit.
pub fn rmse(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mse(actual, predicted).map(f64::sqrt)
}

/// Bias, `mean(ŷ − y)`: positive where the forecast is too high.
pub fn bias(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(actual, predicted, |y, f| f - y)
}

/// Mean absolute percentage error as a ratio, `mean |y − ŷ|/|y|`.
pub fn mape(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(actual, predicted, |y, f| (y - f).abs() / y.abs()).filter(|value| value.is_finite())
}

/// Symmetric mean absolute percentage error, `mean |y − ŷ|/(|y| + |ŷ|)`, between 0 and 1. The M4
/// competition's is 200 times as large.
pub fn smape(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    let loss = |y: f64, f: f64| match y.abs() + f.abs() {
        0.0 => 0.0,
        size => (y - f).abs() / size,
    };
    mean_of(actual, predicted, loss)
}

/// Normalised deviation, `Σ|y − ŷ| / Σ|y|`.
pub fn normalised_deviation(actual: &[f64], predicted: &[f64]) -> Option<f64> {
    let size: f64 = actual.iter().map(|y| y.abs()).sum();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 values")]
    let n = actual.len() as f64;
    Some(mae(actual, predicted)? * n / size).filter(|value| value.is_finite())
}

/// Mean absolute error against a reference forecast's.
pub fn relative_mae(actual: &[f64], predicted: &[f64], reference: &[f64]) -> Option<f64> {
    let scale = mae(actual, reference).filter(|scale| *scale > 0.0)?;
    Some(mae(actual, predicted)? / scale)
}

/// Mean squared scaled error: [`mse`] over that of the seasonal naive on `train`.
///
/// # Source
/// Makridakis, Spiliotis and Assimakopoulos (2022), doi:10.1016/j.ijforecast.2021.11.013
pub fn msse(actual: &[f64], predicted: &[f64], train: &[f64], season: usize) -> Option<f64> {
    let scale = mse(train.get(season..)?, &train[..train.len() - season]).filter(|s| *s > 0.0)?;
    Some(mse(actual, predicted)? / scale)
}

/// Root of [`msse`].
pub fn rmsse(actual: &[f64], predicted: &[f64], train: &[f64], season: usize) -> Option<f64> {
    msse(actual, predicted, train, season).map(f64::sqrt)
}

/// Overall weighted average: the mean of two ratios against a reference, of sMAPE and of MASE.
///
/// # Source
/// Makridakis, Spiliotis and Assimakopoulos (2020), doi:10.1016/j.ijforecast.2019.04.014
pub fn owa(ours: (f64, f64), reference: (f64, f64)) -> Option<f64> {
    let owa = f64::midpoint(ours.0 / reference.0, ours.1 / reference.1);
    owa.is_finite().then_some(owa)
}

/// Mean scaled interval score: `mean (high − low + 2/α·(distance outside))` over the scale of MASE.
///
/// - `intervals`: ends of the central interval of coverage `1 − α`.
///
/// # Source
/// Gneiting and Raftery (2007), doi:10.1198/016214506000001437, as scaled in the M4 competition
pub fn msis(
    actual: &[f64],
    intervals: &[(f64, f64)],
    coverage: f64,
    train: &[f64],
    season: usize,
) -> Option<f64> {
    let pairs = intervals.iter().zip(actual);
    let scores: Vec<_> = pairs.map(|(ends, y)| interval_score(*y, *ends, coverage)).collect();
    Some(mean(&scores)? / seasonal_naive_scale(train, season).ok()?)
}

/// Interval score of a central interval: its width, and `2/α` times the distance of an actual outside.
///
/// # Source
/// Gneiting and Raftery (2007), doi:10.1198/016214506000001437
pub fn interval_score(actual: f64, (low, high): (f64, f64), coverage: f64) -> f64 {
    let outside = (low - actual).max(0.0) + (actual - high).max(0.0);
    (high - low) + 2.0 / (1.0 - coverage) * outside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_two_forecasts_by_hand() {
        let (y, f) = ([10.0, 20.0], [11.0, 16.0]);
        assert_eq!(mae(&y, &f), Some(2.5));
        assert_eq!(bias(&y, &f), Some(-1.5));
        assert_eq!(mse(&y, &f), Some(8.5));
        assert!((mape(&y, &f).expect("positive") - 0.15).abs() < 1e-15);
        assert_eq!(relative_mae(&y, &f, &[15.0, 15.0]), Some(0.5));
        assert_eq!(mae(&y, &f[..1]), None, "one forecast is missing");
        assert_eq!(msse(&y, &f, &[3.0; 8], 4), None, "a constant window has no scale");
        assert_eq!(owa((0.1, 1.0), (0.2, 1.0)), Some(0.75));
    }
}
