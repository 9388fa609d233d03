//! Solves the normal equations of a least-squares fit, by Cholesky.
//!
//! Pure. A direction without information gets no weight, and never a NaN.

/// Solves `gram · x = rhs` in place: `rhs` becomes `x`, `gram` its factor.
///
/// - `gram`: shape `(k, k)`, symmetric and not negative, by rows; `rhs`: shape `(k,)`.
/// - A pivot below 1e-12 of its diagonal entry is no information: its `x` is 0.
pub(in crate::forecast) fn solve(gram: &mut [f64], rhs: &mut [f64]) {
    let k = rhs.len();
    for i in 0..k {
        let (above, rest) = gram.split_at_mut(i * k);
        let row = &mut rest[..=i];
        let diagonal = row[i];
        for j in 0..i {
            let other = &above[j * k..=j * k + j];
            let known: f64 = row[..j].iter().zip(other).map(|(a, b)| a * b).sum();
            row[j] = if other[j] > 0.0 { (row[j] - known) / other[j] } else { 0.0 };
        }
        let left = diagonal - row[..i].iter().map(|value| value * value).sum::<f64>();
        row[i] = if left > 1e-12 * diagonal { left.sqrt() } else { 0.0 };
    }
    for i in 0..k {
        let row = &gram[i * k..=i * k + i];
        let known: f64 = row[..i].iter().zip(&rhs[..i]).map(|(a, b)| a * b).sum();
        rhs[i] = if row[i] > 0.0 { (rhs[i] - known) / row[i] } else { 0.0 };
    }
    for i in (0..k).rev() {
        let known: f64 = (i + 1..k).map(|j| gram[j * k + i] * rhs[j]).sum();
        let pivot = gram[i * k + i];
        rhs[i] = if pivot > 0.0 { (rhs[i] - known) / pivot } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved_and_a_direction_without_information_gets_no_weight() {
        let mut x = [1.0, 2.0];
        solve(&mut [4.0, 1.0, 1.0, 3.0], &mut x);
        assert!((4.0 * x[0] + x[1] - 1.0).abs() < 1e-12 && (x[0] + 3.0 * x[1] - 2.0).abs() < 1e-12);
        let mut x = [2.0, 2.0, 0.0];
        solve(&mut [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], &mut x);
        assert_eq!(x, [2.0, 0.0, 0.0]);
    }
}
