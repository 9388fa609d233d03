//! Reconciliation: forecasts of parts and wholes made to add up.
//!
//! May use `error`, `units` and ndarray. Linear algebra of small matrices; never sees a series.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use crate::error::{Error, Result};
use crate::units::count;

/// How much the base forecast of each node is trusted.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// The bottom nodes alone; wholes are their sums.
    BottomUp,
    /// Every node alike.
    Alike,
    /// A node less, the more bottom nodes it holds.
    Structure,
    /// By the mean square of each node's own errors: rows are nodes, columns times.
    Squares(&'a Array2<f64>),
    /// By the errors' whole covariance.
    Covariance(&'a Array2<f64>),
    /// By their covariance, shrunk toward its diagonal.
    Shrunk(&'a Array2<f64>),
}

/// The linear map from base forecasts to forecasts that add up.
#[derive(Debug, Clone)]
pub struct Reconciliation {
    summing: Array2<f64>,
    projection: Array2<f64>,
}

impl Reconciliation {
    /// The minimum-trace map `S(S'W⁻¹S)⁻¹S'W⁻¹`, where `W` is what the trust says of the errors.
    ///
    /// - `summing`: shape `(nodes, bottom)`; row `i` says which bottom nodes node `i` sums up. The last
    ///   rows are the bottom nodes themselves.
    ///
    /// # Errors
    /// [`Error::Invalid`] if shapes do not fit, or the errors' covariance cannot be inverted.
    /// # Source
    /// Wickramasuriya, Athanasopoulos and Hyndman (2019), doi:10.1080/01621459.2018.1448825
    pub fn new(summing: Array2<f64>, trust: Trust<'_>) -> Result<Self> {
        let (n_nodes, n_bottom) = summing.dim();
        if n_bottom == 0 || n_bottom > n_nodes {
            return Err(Error::invalid(format!(
                "a hierarchy of {n_nodes} nodes has {n_bottom} bottom nodes; needed are 1 to {n_nodes}"
            )));
        }
        if let Trust::Squares(errors) | Trust::Covariance(errors) | Trust::Shrunk(errors) = trust
            && (errors.nrows() != n_nodes || errors.ncols() < 2)
        {
            return Err(Error::invalid(format!(
                "errors have the shape {:?}; needed is ({n_nodes}, 2 or more)",
                errors.dim()
            )));
        }
        let weights = match trust {
            Trust::BottomUp => {
                let mut projection = Array2::zeros((n_bottom, n_nodes));
                for i in 0..n_bottom {
                    projection[(i, n_nodes - n_bottom + i)] = 1.0;
                }
                return Ok(Self { summing, projection });
            }
            Trust::Alike => Array2::eye(n_nodes),
            Trust::Structure => Array2::from_diag(&summing.sum_axis(Axis(1))),
            Trust::Squares(errors) => {
                let squares = errors.map_axis(Axis(1), |row| row.dot(&row) / count(row.len()));
                Array2::from_diag(&squares)
            }
            Trust::Covariance(errors) => covariance(errors),
            Trust::Shrunk(errors) => shrunk_covariance(errors),
        };
        let weighted = solve(&weights, &summing)?;
        let projection = solve(&weighted.t().dot(&summing), &weighted.t().to_owned())?;
        Ok(Self { summing, projection })
    }

    /// Forecasts that add up, from one base forecast a node.
    pub fn apply(&self, base: ArrayView1<'_, f64>) -> Array1<f64> {
        self.summing.dot(&self.projection.dot(&base))
    }
}

/// Covariance of rows, divided by `n − 1`.
fn covariance(errors: &Array2<f64>) -> Array2<f64> {
    let centred = centred(errors);
    centred.dot(&centred.t()) / (count(errors.ncols()) - 1.0)
}

fn centred(errors: &Array2<f64>) -> Array2<f64> {
    let means = errors.mean_axis(Axis(1)).unwrap_or_default();
    errors - &means.insert_axis(Axis(1))
}

/// Floor of a standard deviation and of a sum of squares, so that constant errors divide nothing by zero.
const TINY: f64 = 2e-8;

/// Covariance whose off-diagonal is shrunk by the intensity that minimises the expected squared error
/// of the correlations.
///
/// # Source
/// Schäfer and Strimmer (2005), doi:10.2202/1544-6115.1175
fn shrunk_covariance(errors: &Array2<f64>) -> Array2<f64> {
    let n = count(errors.ncols());
    let centred = centred(errors);
    let mut covariance = covariance(errors);
    let sd = centred.map_axis(Axis(1), |row| (row.dot(&row) / n).sqrt() + TINY);
    let (mut variances, mut squares) = (0.0, 0.0);
    for i in 0..errors.nrows() {
        for j in 0..i {
            let products = &centred.row(i) * &centred.row(j) / (sd[i] * sd[j]);
            let mean = products.sum() / n;
            variances += products.mapv(|product| (product - mean).powi(2)).sum();
            squares += mean * mean;
        }
    }
    let intensity = (variances / (n * (n - 1.0)) / (squares + TINY)).clamp(0.0, 1.0);
    for ((i, j), value) in covariance.indexed_iter_mut() {
        *value = if i == j { value.max(TINY) } else { *value * (1.0 - intensity) };
    }
    covariance
}

/// `A⁻¹B` of a symmetric positive definite `A`, by Cholesky's factors.
fn solve(a: &Array2<f64>, b: &Array2<f64>) -> Result<Array2<f64>> {
    let n = a.nrows();
    let mut lower = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[(i, k)] * lower[(j, k)]).sum();
            let rest = a[(i, j)] - known;
            if i == j && (rest.is_nan() || rest <= 1e-12 * a[(i, i)].abs()) {
                return Err(Error::invalid(format!(
                    "node {i} of {n} adds nothing to the errors of the others; its weight is not defined"
                ))
                .hint("trust the squares alone, or shrink the covariance"));
            }
            lower[(i, j)] = if i == j { rest.sqrt() } else { rest / lower[(j, j)] };
        }
    }
    let mut x = b.clone();
    for mut column in x.columns_mut() {
        for i in 0..n {
            let known: f64 = (0..i).map(|k| lower[(i, k)] * column[k]).sum();
            column[i] = (column[i] - known) / lower[(i, i)];
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|k| lower[(k, i)] * column[k]).sum();
            column[i] = (column[i] - known) / lower[(i, i)];
        }
    }
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_total_and_two_parts_meet_half_way() {
        let summing = array![[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
        let base = array![13.0, 4.0, 6.0];
        let alike = Reconciliation::new(summing.clone(), Trust::Alike).expect("a hierarchy");
        let sums = alike.apply(base.view());
        // The gap of 3 is shared by three nodes that are trusted alike.
        assert!((sums[0] - 12.0).abs() < 1e-12 && (sums[1] - 5.0).abs() < 1e-12);
        let up = Reconciliation::new(summing, Trust::BottomUp).expect("a hierarchy");
        assert!((up.apply(base.view())[0] - 10.0).abs() < 1e-12);
    }

    #[test]
    fn errors_that_say_nothing_are_refused() {
        let summing = array![[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
        let errors = array![[2.0, 4.0, 1.0], [1.0, 2.0, 0.5], [1.0, 2.0, 0.5]];
        let error = Reconciliation::new(summing.clone(), Trust::Covariance(&errors));
        assert!(error.expect_err("singular").to_string().contains("adds nothing"));
        let short = array![[1.0, 2.0]];
        assert!(Reconciliation::new(summing, Trust::Squares(&short)).is_err());
    }
}
