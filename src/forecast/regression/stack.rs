//! Weights of a combination that are zero or more and sum to one.
//!
//! May use `error`. Exact: every set of members is tried, so there may be eight at most.

use ndarray::Array2;

use super::solve::{cholesky, cholesky_solve};
use crate::error::{Error, Result};

/// Most members of a combination.
pub const MAX_MEMBERS: usize = 8;
/// Share of the mean square that keeps members apart that never differ.
const JITTER: f64 = 1e-9;

/// `min ‖E·w‖²` with `w ≥ 0`, `Σw = 1`: the combination of least squared error.
///
/// - `errors`: shape `(n, m)`, the error of each member in each row.
/// - Returns shape `(m,)`.
///
/// # Errors
/// [`Error::Invalid`] unless there are one to eight members with finite errors.
/// # Source
/// Granger and Ramanathan (1984), doi:10.1002/for.3980030207, with Breiman's (1996) constraint,
/// doi:10.1007/BF00117832
pub fn stacking_weights(errors: &[Vec<f64>]) -> Result<Vec<f64>> {
    let m = errors.first().map_or(0, Vec::len);
    let good = errors.iter().all(|row| row.len() == m && row.iter().all(|e| e.is_finite()));
    if !(1..=MAX_MEMBERS).contains(&m) || !good {
        return Err(Error::invalid(format!(
            "stacking needs 1 to {MAX_MEMBERS} members with finite errors; {m} are given"
        )));
    }
    let moment = |i: usize, j: usize| errors.iter().map(|row| row[i] * row[j]).sum::<f64>();
    let mut squares = Array2::from_shape_fn((m, m), |(i, j)| moment(i, j));
    let jitter = JITTER * squares.diag().sum() + f64::MIN_POSITIVE;
    squares.diag_mut().iter_mut().for_each(|value| *value += jitter);
    let mut best: Option<(f64, Vec<f64>)> = None;
    for set in 1_usize..1 << m {
        let members: Vec<usize> = (0..m).filter(|i| set >> i & 1 == 1).collect();
        let size = members.len();
        let part = Array2::from_shape_fn((size, size), |(i, j)| squares[[members[i], members[j]]]);
        let Ok(lower) = cholesky(&part) else { continue };
        let raw = cholesky_solve(&lower, &vec![1.0; size]);
        let total: f64 = raw.iter().sum();
        let loss = total.recip();
        let allowed = raw.iter().all(|w| *w >= 0.0) && total > 0.0 && loss.is_finite();
        if allowed && best.as_ref().is_none_or(|(held, _)| loss < *held) {
            let mut weights = vec![0.0; m];
            for (member, w) in members.iter().zip(&raw) {
                weights[*member] = w / total;
            }
            best = Some((loss, weights));
        }
    }
    best.map(|(_, weights)| weights)
        .ok_or_else(|| Error::invalid("stacking found no weights: errors are too large or none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_a_share_and_a_bad_member_gets_none() {
        // Errors of variance 1 and 4 without correlation: weights 4/5 and 1/5.
        let errors = [[1.0, 2.0], [1.0, -2.0], [-1.0, 2.0], [-1.0, -2.0]].map(Vec::from);
        let weights = stacking_weights(&errors).expect("two members");
        assert!((weights[0] - 0.8).abs() < 1e-8 && (weights[1] - 0.2).abs() < 1e-8);
        let errors = [[1.0, 3.0], [-1.0, -3.0], [2.0, 6.0]].map(Vec::from);
        assert_eq!(stacking_weights(&errors).expect("two members"), [1.0, 0.0]);
        assert!(stacking_weights(&[]).is_err());
        assert!(stacking_weights(&[vec![f64::NAN]]).is_err());
        assert_eq!(stacking_weights(&[vec![0.0]]).expect("one member"), [1.0]);
    }
}
