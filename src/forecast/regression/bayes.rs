//! Ridge whose penalty comes out of the data, by evidence maximisation.
//!
//! May use `error`. Priors are scikit-learn's, so that numbers compare.

use ndarray::ArrayView2;

use super::Fitted;
use super::solve::{Centred, cholesky, cholesky_inverse, cholesky_solve, count};
use crate::error::Result;

/// Shape and rate of both gamma priors.
const PRIOR: f64 = 1e-6;
/// Relative change of coefficients at which the iteration stops.
const TOLERANCE: f64 = 1e-12;
const MAX_ITERATIONS: usize = 1000;

/// MacKay's fixed point for noise precision `alpha` and coefficient precision `lambda`.
///
/// # Source
/// MacKay (1992), doi:10.1162/neco.1992.4.3.415; Tipping (2001)
pub(super) fn fit(x: ArrayView2<'_, f64>, y: &[f64]) -> Result<Fitted> {
    let centred = Centred::of(x, y);
    let (gram, right) = centred.normal();
    let (n, k) = (count(y.len()), count(x.ncols()));
    let variance = centred.y.iter().map(|value| value * value).sum::<f64>() / n;
    let (mut alpha, mut lambda) = (1.0 / (variance + f64::EPSILON), 1.0);
    let mut before: Option<Vec<f64>> = None;
    let update = |alpha: f64, lambda: f64| {
        let mut penalised = gram.clone();
        penalised.diag_mut().iter_mut().for_each(|value| *value += lambda / alpha);
        let lower = cholesky(&penalised)?;
        let coefficients = cholesky_solve(&lower, &right);
        Ok::<_, crate::Error>((lower, coefficients))
    };
    for _ in 0..MAX_ITERATIONS {
        let (lower, coefficients) = update(alpha, lambda)?;
        let trace = cholesky_inverse(&lower).diag().sum();
        let gamma = k - lambda / alpha * trace;
        let fitted = centred.x.rows().into_iter().zip(&centred.y);
        let squares: f64 = fitted
            .map(|(row, y)| {
                let sum: f64 = row.iter().zip(&coefficients).map(|(x, w)| x * w).sum();
                (y - sum).powi(2)
            })
            .sum();
        let size: f64 = coefficients.iter().map(|w| w * w).sum();
        lambda = (gamma + 2.0 * PRIOR) / (size + 2.0 * PRIOR);
        alpha = (n - gamma + 2.0 * PRIOR) / (squares + 2.0 * PRIOR);
        let change = before.as_ref().map(|before| {
            before.iter().zip(&coefficients).map(|(a, b)| (a - b).abs()).sum::<f64>()
        });
        let reach = TOLERANCE * coefficients.iter().map(|w| w.abs()).sum::<f64>();
        if change.is_some_and(|change| change <= reach) {
            break;
        }
        before = Some(coefficients);
    }
    let (_, coefficients) = update(alpha, lambda)?;
    let mut fitted = Fitted::uncentred(coefficients, &centred.x_means, centred.y_mean);
    fitted.scale = Some(alpha.sqrt().recip());
    Ok(fitted)
}
