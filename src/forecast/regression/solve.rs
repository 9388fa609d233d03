//! Small dense algebra: Gram matrices, Cholesky, and a general solve with pivots.
//!
//! May use `error`. For matrices of a few dozen columns; nothing here is a library for large ones.

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};

/// Arithmetic mean of one value or more.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

/// A count as a number.
pub(super) fn count(n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
    let n = n as f64;
    n
}

/// The mean of each column, each summed from its first row to its last.
pub(super) fn column_means(x: ArrayView2<'_, f64>) -> Vec<f64> {
    let mut sums = vec![0.0; x.ncols()];
    for row in x.rows() {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums.iter().map(|sum| sum / count(x.nrows())).collect()
}

/// Columns and target less their means, with the means.
pub(super) struct Centred {
    pub(super) x: Array2<f64>,
    pub(super) y: Vec<f64>,
    pub(super) x_means: Vec<f64>,
    pub(super) y_mean: f64,
}

impl Centred {
    pub(super) fn of(x: ArrayView2<'_, f64>, y: &[f64]) -> Self {
        let x_means = column_means(x);
        let y_mean = mean(y);
        let mut x = x.to_owned();
        for mut row in x.rows_mut() {
            for (value, mean) in row.iter_mut().zip(&x_means) {
                *value -= mean;
            }
        }
        Self { x, y: y.iter().map(|value| value - y_mean).collect(), x_means, y_mean }
    }

    /// `XᵀX` and `Xᵀy`.
    pub(super) fn normal(&self) -> (Array2<f64>, Vec<f64>) {
        let right = self.x.columns().into_iter();
        let right = right.map(|c| c.iter().zip(&self.y).map(|(a, b)| a * b).sum()).collect();
        (self.x.t().dot(&self.x), right)
    }
}

/// The lower factor of a symmetric positive-definite matrix.
///
/// # Errors
/// [`Error::Invalid`] if it is not positive definite.
pub(super) fn cholesky(a: &Array2<f64>) -> Result<Array2<f64>> {
    let n = a.nrows();
    let mut lower = Array2::zeros((n, n));
    for j in 0..n {
        for i in j..n {
            let sum: f64 = (0..j).map(|k| lower[[i, k]] * lower[[j, k]]).sum();
            let rest = a[[i, j]] - sum;
            if i > j {
                lower[[i, j]] = rest / lower[[j, j]];
            } else if rest > 0.0 && rest.is_finite() {
                lower[[j, j]] = rest.sqrt();
            } else {
                return Err(Error::invalid("the columns of a fit depend on each other"));
            }
        }
    }
    Ok(lower)
}

/// Solves `L·Lᵀ·x = b`.
pub(super) fn cholesky_solve(lower: &Array2<f64>, b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let mut x = b.to_vec();
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| lower[[i, k]] * x[k]).sum();
        x[i] = (x[i] - sum) / lower[[i, i]];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| lower[[k, i]] * x[k]).sum();
        x[i] = (x[i] - sum) / lower[[i, i]];
    }
    x
}

/// The inverse that a Cholesky factor stands for.
pub(super) fn cholesky_inverse(lower: &Array2<f64>) -> Array2<f64> {
    let n = lower.nrows();
    let mut inverse = Array2::zeros((n, n));
    for j in 0..n {
        let mut unit = vec![0.0; n];
        unit[j] = 1.0;
        for (i, value) in cholesky_solve(lower, &unit).into_iter().enumerate() {
            inverse[[i, j]] = value;
        }
    }
    inverse
}

/// The inverse of a square matrix, by elimination with row pivots.
///
/// # Errors
/// [`Error::Invalid`] if it is singular.
pub(super) fn inverse(a: &Array2<f64>) -> Result<Array2<f64>> {
    let n = a.nrows();
    let (mut a, mut inverse) = (a.clone(), Array2::eye(n));
    for j in 0..n {
        let pivot = (j..n).max_by(|p, q| a[[*p, j]].abs().total_cmp(&a[[*q, j]].abs()));
        let pivot = pivot.filter(|p| a[[*p, j]].abs() > 0.0 && a[[*p, j]].is_finite());
        let pivot =
            pivot.ok_or_else(|| Error::invalid("the rows of a fit depend on each other"))?;
        for k in 0..n {
            a.swap([j, k], [pivot, k]);
            inverse.swap([j, k], [pivot, k]);
        }
        let scale = a[[j, j]];
        for k in 0..n {
            a[[j, k]] /= scale;
            inverse[[j, k]] /= scale;
        }
        for i in (0..n).filter(|i| *i != j) {
            let factor = a[[i, j]];
            for k in 0..n {
                a[[i, k]] -= factor * a[[j, k]];
                inverse[[i, k]] -= factor * inverse[[j, k]];
            }
        }
    }
    Ok(inverse)
}
