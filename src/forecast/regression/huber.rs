//! Huber's regression with the scale fitted beside the coefficients.
//!
//! May use `error`. The objective is convex in coefficients and scale together; Newton's method with a
//! shrinking step finds its minimum.

use ndarray::{Array2, ArrayView2};

use super::Fitted;
use super::solve::{Centred, cholesky, cholesky_solve, count};
use crate::error::{Error, Result};

const MAX_ITERATIONS: usize = 500;
/// Relative size of a step at which the iteration has converged.
const TOLERANCE: f64 = 1e-12;
/// Smallest scale, as a share of the target's: below it the fit is exact.
const MIN_SCALE: f64 = 1e-12;

/// Minimises `Σ(σ + H((y − Xw − b)/σ)·σ) + penalty·‖w‖²`, `H(z) = z²` up to `epsilon` and
/// `2·epsilon·|z| − epsilon²` beyond.
///
/// # Source
/// Huber and Ronchetti (2009), Robust Statistics, section 7.7; Owen (2007)
pub(super) fn fit(x: ArrayView2<'_, f64>, y: &[f64], epsilon: f64, penalty: f64) -> Result<Fitted> {
    let centred = Centred::of(x, y);
    let deviation = |values: &mut dyn Iterator<Item = f64>| {
        (values.map(|v| v * v).sum::<f64>() / count(y.len())).sqrt()
    };
    let y_scale = deviation(&mut centred.y.iter().copied());
    if y_scale == 0.0 {
        return Ok(Fitted::uncentred(vec![0.0; x.ncols()], &centred.x_means, centred.y_mean));
    }
    let x_scales: Vec<f64> =
        centred.x.columns().into_iter().map(|c| deviation(&mut c.iter().copied())).collect();
    let k = x.ncols();
    let problem = Problem {
        x: Array2::from_shape_fn((y.len(), k + 1), |(i, j)| {
            if j < k { centred.x[[i, j]] / x_scales[j] } else { 1.0 }
        }),
        y: centred.y.iter().map(|value| value / y_scale).collect(),
        penalties: x_scales.iter().map(|scale| penalty * y_scale / scale.powi(2)).collect(),
        epsilon,
    };
    let at = problem.minimise()?;
    let coefficients = (0..k).map(|j| at[j] * y_scale / x_scales[j]).collect();
    let y_mean = centred.y_mean + at[k] * y_scale;
    let mut fitted = Fitted::uncentred(coefficients, &centred.x_means, y_mean);
    fitted.scale = Some(at[k + 1] * y_scale);
    Ok(fitted)
}

/// The problem in standardised columns, the last one constant; a point is `(w, b, σ)`.
struct Problem {
    x: Array2<f64>,
    y: Vec<f64>,
    penalties: Vec<f64>,
    epsilon: f64,
}

impl Problem {
    fn minimise(&self) -> Result<Vec<f64>> {
        let n_parameters = self.x.ncols() + 1;
        let mut at = vec![0.0; n_parameters];
        at[n_parameters - 1] = 1.0;
        let mut value = self.value(&at);
        for _ in 0..MAX_ITERATIONS {
            let (gradient, hessian) = self.derivatives(&at);
            let step = newton_step(&gradient, hessian)?;
            let slope: f64 = gradient.iter().zip(&step).map(|(g, s)| g * s).sum();
            // No step is longer than ten, where few rows are near and the curvature says nothing; and
            // none takes more than nine tenths of the scale, which stays positive.
            let longest = step.iter().map(|s| s.abs()).fold(0.0, f64::max);
            let limit = if longest > 10.0 { 10.0 / longest } else { 1.0 };
            let (sigma, fall) = (at[n_parameters - 1], -step[n_parameters - 1]);
            let first = if fall * limit > 0.9 * sigma { 0.9 * sigma / fall } else { limit };
            let mut length = first;
            let next = loop {
                let next: Vec<f64> = at.iter().zip(&step).map(|(a, s)| a + length * s).collect();
                let there = self.value(&next);
                if there <= value + 1e-4 * length * slope {
                    value = there;
                    break Some(next);
                }
                length /= 2.0;
                if length < 1e-12 * first {
                    break None;
                }
            };
            let Some(next) = next else {
                // Nothing to gain beyond rounding: the minimum, or a majority that fits exactly.
                return if -slope * first <= 1e-9 * value { Ok(at) } else { Err(stuck()) };
            };
            let moved = at.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            at = next;
            if moved < TOLERANCE || at[n_parameters - 1] < MIN_SCALE {
                return Ok(at);
            }
        }
        Err(stuck())
    }

    fn residuals<'a>(&'a self, at: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        self.x.rows().into_iter().zip(&self.y).map(move |(row, y)| {
            let fitted: f64 = row.iter().zip(at).map(|(x, w)| x * w).sum();
            y - fitted
        })
    }

    /// The objective; infinite where the scale is not positive.
    fn value(&self, at: &[f64]) -> f64 {
        let sigma = at[at.len() - 1];
        if sigma <= 0.0 {
            return f64::INFINITY;
        }
        let epsilon = self.epsilon;
        let losses = self.residuals(at).map(|r| {
            if r.abs() <= epsilon * sigma {
                sigma + r * r / sigma
            } else {
                sigma + 2.0 * epsilon * r.abs() - epsilon * epsilon * sigma
            }
        });
        let size: f64 = self.penalties.iter().zip(at).map(|(p, w)| p * w * w).sum();
        losses.sum::<f64>() + size
    }

    fn derivatives(&self, at: &[f64]) -> (Vec<f64>, Array2<f64>) {
        let m = at.len();
        let (sigma, last) = (at[m - 1], m - 1);
        let mut gradient = vec![0.0; m];
        let mut hessian = Array2::zeros((m, m));
        for (row, r) in self.x.rows().into_iter().zip(self.residuals(at)) {
            if r.abs() > self.epsilon * sigma {
                gradient[last] += 1.0 - self.epsilon.powi(2);
                for (j, x) in row.iter().enumerate() {
                    gradient[j] -= 2.0 * self.epsilon * r.signum() * x;
                }
                continue;
            }
            gradient[last] += 1.0 - (r / sigma).powi(2);
            hessian[[last, last]] += 2.0 * r * r / sigma.powi(3);
            for (j, x) in row.iter().enumerate() {
                gradient[j] -= 2.0 * r * x / sigma;
                hessian[[last, j]] += 2.0 * r * x / sigma.powi(2);
                for (i, other) in row.iter().enumerate().skip(j) {
                    hessian[[i, j]] += 2.0 * x * other / sigma;
                }
            }
        }
        for (j, penalty) in self.penalties.iter().enumerate() {
            gradient[j] += 2.0 * penalty * at[j];
            hessian[[j, j]] += 2.0 * penalty;
        }
        for j in 0..m {
            for i in 0..j {
                hessian[[i, j]] = hessian[[j, i]];
            }
        }
        (gradient, hessian)
    }
}

fn stuck() -> Error {
    Error::insufficient(format!("`huber` did not converge in {MAX_ITERATIONS} steps"))
}

/// `−H⁻¹g`, the diagonal raised until the matrix is positive definite.
fn newton_step(gradient: &[f64], hessian: Array2<f64>) -> Result<Vec<f64>> {
    let size = hessian.diag().iter().fold(1.0_f64, |a, b| a.max(*b));
    let mut raise = 0.0;
    loop {
        let mut raised = hessian.clone();
        raised.diag_mut().iter_mut().for_each(|value| *value += raise * size);
        match cholesky(&raised) {
            Ok(lower) => {
                let negative: Vec<f64> = gradient.iter().map(|g| -g).collect();
                return Ok(cholesky_solve(&lower, &negative));
            }
            Err(error) if raise >= 1.0 => return Err(error),
            Err(_) => raise = if raise == 0.0 { 1e-12 } else { raise * 100.0 },
        }
    }
}
