//! Standard errors of least squares: classic, robust to unequal variance, and to autocorrelation.
//!
//! May use `error`. The design carries its own constant column, if it is to have one.

use ndarray::{Array2, ArrayView2};
use statrs::distribution::{ContinuousCDF, FisherSnedecor, StudentsT};

use super::solve::{cholesky, cholesky_inverse, cholesky_solve, count, mean};
use crate::error::{Error, Result};

/// How the covariance of coefficients is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covariance {
    /// One variance for all rows.
    Classic,
    /// White's.
    Hc0,
    /// White's times `n/(n − k)`.
    Hc1,
    /// Residuals over `1 − leverage`.
    Hc2,
    /// Residuals over `(1 − leverage)²`.
    Hc3,
    /// Newey and West's, with Bartlett weights up to a lag.
    NeweyWest {
        /// The furthest lag.
        max_lag: usize,
        /// Whether the sample is small.
        correction: Correction,
    },
}

/// Correction of a robust covariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// None.
    None,
    /// Times `n/(n − k)`.
    SmallSample,
}

/// Least squares with what can be said of its coefficients.
#[derive(Debug, Clone)]
pub struct Inference {
    /// Coefficients, shape `(k,)`.
    pub coefficients: Vec<f64>,
    /// Their covariance, shape `(k, k)`.
    pub covariance: Array2<f64>,
    /// Their standard errors, shape `(k,)`.
    pub standard_errors: Vec<f64>,
    /// Coefficients over standard errors.
    pub t_values: Vec<f64>,
    /// Two-sided, by Student's t with `n − k` degrees of freedom.
    pub p_values: Vec<f64>,
    /// Measures of the fit as a whole; of a fit without weights alone.
    pub fit: Measures,
    degrees: f64,
}

/// Measures of a least-squares fit as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Share of the target's variance explained.
    pub r_squared: f64,
    /// The same, the number of coefficients counted.
    pub r_squared_adjusted: f64,
    /// Residual squares over `n − k`.
    pub residual_variance: f64,
    /// Log likelihood of normal residuals.
    pub log_likelihood: f64,
    /// Akaike's criterion.
    pub aic: f64,
    /// Schwarz's criterion.
    pub bic: f64,
    /// All slopes against none.
    pub f_value: f64,
    /// Its p-value.
    pub f_p_value: f64,
    /// Durbin and Watson's statistic.
    pub durbin_watson: f64,
}

/// Fits by (weighted) least squares and says how sure each coefficient is.
///
/// - `x`: shape `(n, k)`, constant included. `y`: shape `(n,)`. `weights`: shape `(n,)`, positive.
///
/// # Errors
/// [`Error::Insufficient`] with `k` rows or fewer; [`Error::Invalid`] for shapes that differ, values
/// that are not finite or columns that depend on each other.
/// # Source
/// White (1980), doi:10.2307/1912934; MacKinnon and White (1985), doi:10.1016/0304-4076(85)90158-7;
/// Newey and West (1987), doi:10.2307/1913610
pub fn least_squares(
    x: ArrayView2<'_, f64>,
    y: &[f64],
    weights: Option<&[f64]>,
    covariance: Covariance,
) -> Result<Inference> {
    check(x, y, weights)?;
    let root = |i: usize| weights.map_or(1.0, |w| w[i].sqrt());
    let x = Array2::from_shape_fn(x.dim(), |(i, j)| x[[i, j]] * root(i));
    let y: Vec<f64> = y.iter().enumerate().map(|(i, value)| value * root(i)).collect();
    let (n, k) = (count(x.nrows()), count(x.ncols()));
    let lower = cholesky(&x.t().dot(&x))?;
    let inverse = cholesky_inverse(&lower);
    let right = |target: &[f64]| -> Vec<f64> {
        let columns = x.columns().into_iter();
        columns.map(|c| c.iter().zip(target).map(|(a, b)| a * b).sum()).collect()
    };
    let residuals_of = |coefficients: &[f64]| -> Vec<f64> {
        let rows = x.rows().into_iter().zip(&y);
        rows.map(|(row, y)| y - row.iter().zip(coefficients).map(|(a, b)| a * b).sum::<f64>())
            .collect()
    };
    let mut coefficients = cholesky_solve(&lower, &right(&y));
    // One round of refinement takes back what squaring the matrix cost.
    let repair = cholesky_solve(&lower, &right(&residuals_of(&coefficients)));
    coefficients.iter_mut().zip(&repair).for_each(|(w, more)| *w += more);
    let residuals = residuals_of(&coefficients);
    let fit = measures(&y, &residuals, k);
    let meat = |factor: f64, squares: &dyn Fn(usize) -> f64| {
        let weighted = Array2::from_shape_fn(x.dim(), |(i, j)| x[[i, j]] * squares(i) * factor);
        inverse.dot(&x.t().dot(&weighted)).dot(&inverse)
    };
    let leverage = |i: usize| x.row(i).dot(&inverse.dot(&x.row(i)));
    let estimated = match covariance {
        Covariance::Classic => inverse.mapv(|v| v * fit.residual_variance),
        Covariance::Hc0 => meat(1.0, &|i| residuals[i].powi(2)),
        Covariance::Hc1 => meat(n / (n - k), &|i| residuals[i].powi(2)),
        Covariance::Hc2 => meat(1.0, &|i| residuals[i].powi(2) / (1.0 - leverage(i))),
        Covariance::Hc3 => meat(1.0, &|i| (residuals[i] / (1.0 - leverage(i))).powi(2)),
        Covariance::NeweyWest { max_lag, correction } => {
            let long_run = newey_west(&x, &residuals, max_lag);
            let factor = match correction {
                Correction::None => 1.0,
                Correction::SmallSample => n / (n - k),
            };
            inverse.dot(&long_run).dot(&inverse).mapv(|v| v * factor)
        }
    };
    let standard_errors: Vec<f64> = estimated.diag().iter().map(|v| v.sqrt()).collect();
    let t_values: Vec<f64> =
        coefficients.iter().zip(&standard_errors).map(|(w, error)| w / error).collect();
    let student = StudentsT::new(0.0, 1.0, n - k);
    let two_sided =
        |t: &f64| student.as_ref().map_or(f64::NAN, |student| 2.0 * student.cdf(-t.abs()));
    let p_values = t_values.iter().map(two_sided).collect();
    Ok(Inference {
        coefficients,
        covariance: estimated,
        standard_errors,
        t_values,
        p_values,
        fit,
        degrees: n - k,
    })
}

impl Inference {
    /// The central interval of each coefficient.
    ///
    /// - `coverage`: a share inside 0 and 1.
    pub fn intervals(&self, coverage: f64) -> Vec<(f64, f64)> {
        let student = StudentsT::new(0.0, 1.0, self.degrees);
        let reach = student.map_or(f64::NAN, |d| d.inverse_cdf(f64::midpoint(1.0, coverage)));
        let around = |(w, error): (&f64, &f64)| (w - reach * error, w + reach * error);
        self.coefficients.iter().zip(&self.standard_errors).map(around).collect()
    }
}

fn check(x: ArrayView2<'_, f64>, y: &[f64], weights: Option<&[f64]>) -> Result<()> {
    let (n, k) = x.dim();
    if n != y.len() || weights.is_some_and(|w| w.len() != n) {
        return Err(Error::invalid(format!(
            "a fit of {n} rows was given {} targets and {} weights",
            y.len(),
            weights.map_or(n, <[f64]>::len)
        )));
    }
    if n <= k || k == 0 {
        return Err(Error::insufficient(format!(
            "standard errors of {k} coefficients need more than {k} rows; {n} are known"
        )));
    }
    let good = x.iter().chain(y).all(|value| value.is_finite());
    if !good || weights.is_some_and(|w| w.iter().any(|w| !(w.is_finite() && *w > 0.0))) {
        return Err(Error::invalid("a fit needs finite values and positive weights"));
    }
    Ok(())
}

fn measures(y: &[f64], residuals: &[f64], k: f64) -> Measures {
    let n = count(y.len());
    let squares = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
    let centre = mean(y);
    let total: f64 = y.iter().map(|value| (value - centre).powi(2)).sum();
    let rest = squares(residuals);
    let r_squared = 1.0 - rest / total;
    let residual_variance = rest / (n - k);
    let log_likelihood = -n / 2.0 * ((std::f64::consts::TAU * rest / n).ln() + 1.0);
    let f_value = (total - rest) / (k - 1.0) / residual_variance;
    let steps: Vec<f64> = residuals.windows(2).map(|pair| pair[1] - pair[0]).collect();
    Measures {
        r_squared,
        r_squared_adjusted: 1.0 - (1.0 - r_squared) * (n - 1.0) / (n - k),
        residual_variance,
        log_likelihood,
        aic: 2.0 * k - 2.0 * log_likelihood,
        bic: k * n.ln() - 2.0 * log_likelihood,
        f_value,
        f_p_value: FisherSnedecor::new(k - 1.0, n - k).map_or(f64::NAN, |d| d.sf(f_value)),
        durbin_watson: squares(&steps) / rest,
    }
}

/// `Σ` over lags of Bartlett-weighted products of scores.
fn newey_west(x: &Array2<f64>, residuals: &[f64], max_lag: usize) -> Array2<f64> {
    let scores = Array2::from_shape_fn(x.dim(), |(i, j)| x[[i, j]] * residuals[i]);
    let n = x.nrows();
    let mut sum = scores.t().dot(&scores);
    for lag in 1..=max_lag.min(n - 1) {
        let weight = 1.0 - count(lag) / (count(max_lag) + 1.0);
        let product = Array2::from_shape_fn(sum.dim(), |(i, j)| {
            (lag..n).map(|row| scores[[row, i]] * scores[[row - lag, j]]).sum::<f64>()
        });
        sum = sum + (&product + &product.t()).mapv(|v| v * weight);
    }
    sum
}
