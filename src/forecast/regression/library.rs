//! linfa's estimators, guarded against their traps.
//!
//! May use `error`. Shapes and finiteness are checked by the caller; columns are centred here, since
//! linfa's elastic net centres the target alone; whether it converged is asked afterwards.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use linfa_linear::LinearRegression;
use linfa_pls::PlsRegression;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::Fitted;
use super::solve::{Centred, count};
use crate::error::{Error, Result};

/// Duality gap, as a share of the target's squares, at which coordinate descent has converged.
const GAP: f64 = 1e-13;
const MAX_STEPS: u32 = 100_000;

/// Least squares by linfa's QR.
pub(super) fn least_squares(x: Array2<f64>, y: &[f64]) -> Result<Fitted> {
    let fitted = LinearRegression::new()
        .fit(&Dataset::new(x, Array1::from_iter(y.iter().copied())))
        .map_err(|e| Error::invalid("`least_squares` could not be fitted").caused_by(e))?;
    let coefficients = fitted.params().to_vec();
    Ok(Fitted { intercept: fitted.intercept(), coefficients, scale: None })
}

/// Lasso and elastic net by linfa's coordinate descent.
pub(super) fn elastic_net(
    x: ArrayView2<'_, f64>,
    y: &[f64],
    penalty: f64,
    l1_ratio: f64,
) -> Result<Fitted> {
    let centred = Centred::of(x, y);
    let squares: f64 = centred.y.iter().map(|value| value * value).sum();
    if squares == 0.0 {
        return Ok(Fitted::uncentred(vec![0.0; x.ncols()], &centred.x_means, centred.y_mean));
    }
    let target = Array1::from_iter(centred.y.iter().copied());
    let fitted = ElasticNet::params()
        .penalty(penalty)
        .l1_ratio(l1_ratio)
        .with_intercept(false)
        .tolerance(GAP)
        .max_iterations(MAX_STEPS)
        .fit(&Dataset::new(centred.x, target))
        .map_err(|e| Error::invalid("`elastic_net` could not be fitted").caused_by(e))?;
    // With nearly no absolute penalty linfa's gap never closes; full steps then mean a standstill.
    let stood_still = l1_ratio < 1e-6 && fitted.n_steps() >= MAX_STEPS;
    if fitted.duality_gap() >= GAP * squares && !stood_still {
        return Err(Error::insufficient(format!(
            "`elastic_net` did not converge: a gap of {:.1e} after {} steps",
            fitted.duality_gap() / squares,
            fitted.n_steps()
        )));
    }
    let coefficients = fitted.hyperplane().to_vec();
    Ok(Fitted::uncentred(coefficients, &centred.x_means, centred.y_mean))
}

/// Partial least squares by linfa, columns and target standardised.
pub(super) fn partial_least_squares(
    x: ArrayView2<'_, f64>,
    y: &[f64],
    n_components: usize,
) -> Result<Fitted> {
    let centred = Centred::of(x, y);
    let deviation = |squares: f64| (squares / (count(y.len()) - 1.0)).sqrt();
    let y_scale = deviation(centred.y.iter().map(|value| value * value).sum());
    if y_scale == 0.0 {
        return Ok(Fitted::uncentred(vec![0.0; x.ncols()], &centred.x_means, centred.y_mean));
    }
    let columns = centred.x.columns().into_iter();
    let x_scales: Vec<f64> = columns.map(|c| deviation(c.iter().map(|v| v * v).sum())).collect();
    let x = Array2::from_shape_fn(x.dim(), |(i, j)| centred.x[[i, j]] / x_scales[j]);
    let target = Array1::from_iter(centred.y.iter().map(|v| v / y_scale)).insert_axis(Axis(1));
    let n_components = n_components.min(x.ncols());
    let fitted = PlsRegression::params(n_components)
        .scale(false)
        .max_iterations(1000)
        .fit(&Dataset::new(x, target))
        .map_err(|e| Error::invalid("`partial_least_squares` could not be fitted").caused_by(e))?;
    let coefficients = fitted.coefficients().iter().zip(&x_scales);
    let coefficients = coefficients.map(|(w, scale)| w * y_scale / scale).collect();
    Ok(Fitted::uncentred(coefficients, &centred.x_means, centred.y_mean))
}
