//! Ridge regression in closed form.
//!
//! May use `error`. linfa's elastic net does not converge with a pure square penalty, so this is ours;
//! it is checked against linfa near that limit.

use ndarray::ArrayView2;

use super::Fitted;
use super::solve::{Centred, cholesky, cholesky_solve};
use crate::error::Result;

/// `(XᵀX + penalty·I)⁻¹ Xᵀy` on centred columns; the intercept is not penalised.
///
/// # Source
/// Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634
pub(super) fn ridge(x: ArrayView2<'_, f64>, y: &[f64], penalty: f64) -> Result<Fitted> {
    let centred = Centred::of(x, y);
    let (mut gram, right) = centred.normal();
    gram.diag_mut().iter_mut().for_each(|value| *value += penalty);
    let coefficients = cholesky_solve(&cholesky(&gram)?, &right);
    Ok(Fitted::uncentred(coefficients, &centred.x_means, centred.y_mean))
}

#[cfg(test)]
mod tests {
    use crate::forecast::regression::{Design, Estimator, fit};

    #[test]
    fn ridge_is_the_limit_of_linfas_elastic_net() {
        let rows: Vec<Vec<f64>> = (0..40)
            .map(|i| {
                let i = f64::from(i);
                vec![(i * 0.7).sin() + 5.0, (i * 1.3).cos(), (i * 0.31).sin() * i / 20.0]
            })
            .collect();
        let y: Vec<f64> = rows.iter().map(|r| 2.0 + r[0] - 0.5 * r[1] + 0.2 * r[2]).collect();
        let design = Design::new(["a", "b", "c"].map(str::to_owned).to_vec(), &rows).expect("ok");
        // scikit-learn's ridge penalty is n times the elastic net's.
        let ridge = fit(&Estimator::Ridge { penalty: 4.0 }, &design, &y).expect("fits");
        let near = Estimator::ElasticNet { penalty: 0.1, l1_ratio: 1e-9 };
        let near = fit(&near, &design, &y).expect("fits");
        for (ours, linfas) in ridge.coefficients.iter().zip(&near.coefficients) {
            assert!((ours - linfas).abs() < 1e-7, "{ours} {linfas}");
        }
    }
}
