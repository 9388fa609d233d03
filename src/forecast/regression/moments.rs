//! Means and products of columns that grow row by row: a ridge fitted anew after each few rows.
//!
//! May use `error`. Rows are taken in once and never let go, so that a fit at many origins of a
//! series costs its rows once and a small system an origin. The same rows in the same order are the
//! same bits.

use ndarray::Array2;

use super::Linear;
use super::solve::{cholesky, cholesky_solve, count};

/// Share of a column's squares that earlier columns must leave unexplained.
pub(super) const MIN_OWN_SHARE: f64 = 1e-10;
/// Squares, around the mean, below which a column is constant.
pub(super) const MIN_SQUARES: f64 = 1e-18;
/// How far above both products alone have to be: they are rounded where columns nearly depend.
const PLAINLY: f64 = 1e4;

/// Means of columns, and sums of products of what they are away from them.
#[derive(Debug, Clone)]
pub(crate) struct Moments {
    n_rows: usize,
    means: Vec<f64>,
    /// Shape `(k, k)`, by rows; below the diagonal and on it.
    products: Vec<f64>,
    away: Vec<f64>,
}

impl Moments {
    /// Of no rows yet.
    pub(crate) fn new(n_columns: usize) -> Self {
        let zeros = vec![0.0; n_columns];
        let products = vec![0.0; n_columns * n_columns];
        Self { n_rows: 0, means: zeros.clone(), products, away: zeros }
    }

    /// How many rows were taken in.
    pub(crate) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Takes a row in: with `d` what it is away from the means so far, `n` rows with it make the
    /// means `m + d/n` and the products `P + (n − 1)/n · d·dᵀ`, which loses no digits to a large mean.
    ///
    /// - `row`: one value a column; more are not looked at.
    ///
    /// # Source
    /// Welford (1962), doi:10.1080/00401706.1962.10490022
    pub(crate) fn see(&mut self, row: impl Iterator<Item = f64>) {
        self.n_rows += 1;
        let share = 1.0 / count(self.n_rows);
        let part = count(self.n_rows - 1) * share;
        for ((away, mean), value) in self.away.iter_mut().zip(&mut self.means).zip(row) {
            *away = value - *mean;
            *mean += share * *away;
        }
        for (i, of_one) in self.products.chunks_exact_mut(self.means.len().max(1)).enumerate() {
            let one = part * self.away[i];
            for (product, other) in of_one.iter_mut().zip(&self.away[..=i]) {
                *product += one * other;
            }
        }
    }

    /// `(XᵀX + penalty·I)⁻¹ Xᵀy` on centred columns, the last column being the target; the intercept
    /// is not penalised. None where a column does not plainly add to the others, so that it has to
    /// be looked at closely, or where a number is not finite.
    pub(crate) fn ridge(&self, penalty: f64) -> Option<Linear> {
        let k = self.means.len().checked_sub(1)?;
        let mut gram = self.plain_products(k)?;
        gram.diag_mut().iter_mut().for_each(|value| *value += penalty);
        let right: Vec<f64> = (0..k).map(|j| self.product(k, j)).collect();
        let coefficients = cholesky_solve(&cholesky(&gram).ok()?, &right);
        let shift: f64 = coefficients.iter().zip(&self.means).map(|(w, mean)| w * mean).sum();
        let intercept = self.means[k] - shift;
        let is_finite = intercept.is_finite() && coefficients.iter().all(|w| w.is_finite());
        let (left_out, n_rows) = (Vec::new(), self.n_rows);
        is_finite.then_some(Linear { intercept, coefficients, left_out, n_rows, scale: None })
    }

    /// The products of the first `k` columns, if every one plainly varies and plainly adds to those
    /// before it.
    pub(super) fn plain_products(&self, k: usize) -> Option<Array2<f64>> {
        let products = Array2::from_shape_fn((k, k), |(i, j)| self.product(i.max(j), i.min(j)));
        let varies = |j: usize| {
            let squares = products[[j, j]] + count(self.n_rows) * self.means[j].powi(2);
            products[[j, j]] > PLAINLY * MIN_SQUARES * squares.max(1.0)
        };
        let lower = (0..k).all(varies).then(|| cholesky(&products).ok()).flatten()?;
        let adds = |j: usize| lower[[j, j]].powi(2) > PLAINLY * MIN_OWN_SHARE * products[[j, j]];
        (0..k).all(adds).then_some(products)
    }

    fn product(&self, i: usize, j: usize) -> f64 {
        self.products[i * self.means.len() + j]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::regression::{Design, Estimator, fit};

    fn row(i: u32, offset: f64) -> [f64; 3] {
        let (a, b) = ((f64::from(i) * 0.7).sin() + offset, (f64::from(i) * 1.3).cos() - offset);
        [a, b, 2.0 + a - 0.5 * b + 0.1 * (f64::from(i) * 3.1).sin()]
    }

    #[test]
    fn a_ridge_of_grown_products_is_that_of_all_rows() {
        for (offset, tolerance) in [(0.0, 1e-13), (1e3, 1e-12), (1e6, 1e-9)] {
            let mut moments = Moments::new(3);
            for n in 1..60_u32 {
                moments.see(row(n, offset).into_iter());
                let rows: Vec<[f64; 3]> = (1..=n).map(|i| row(i, offset)).collect();
                let x: Vec<Vec<f64>> = rows.iter().map(|row| row[..2].to_vec()).collect();
                let y: Vec<f64> = rows.iter().map(|row| row[2]).collect();
                let design = Design::new(["a", "b"].map(str::to_owned).to_vec(), &x).expect("ok");
                match (moments.ridge(0.5), fit(&Estimator::Ridge { penalty: 0.5 }, &design, &y)) {
                    (Some(found), Ok(needed)) => {
                        for (found, needed) in found.coefficients.iter().zip(&needed.coefficients) {
                            assert!((found - needed).abs() < tolerance, "{n}: {found} {needed}");
                        }
                    }
                    (found, _) => assert!(found.is_none() && n < 3, "{n} rows at {offset}"),
                }
            }
        }
    }

    #[test]
    fn what_does_not_plainly_add_or_is_no_number_is_left_to_a_closer_look() {
        let mut twice = Moments::new(3);
        let mut broken = Moments::new(3);
        for i in 0..30 {
            let [a, b, y] = row(i, 1.0);
            twice.see([a, 2.0 * a, y].into_iter());
            broken.see([a, if i == 20 { f64::INFINITY } else { b }, y].into_iter());
        }
        assert_eq!((twice.ridge(1.0), broken.ridge(1.0)), (None, None));
    }
}
