//! Small solvers: Cholesky's method, and for up to four parameters weighted linear least squares
//! and Levenberg-Marquardt.
//!
//! May use nothing else of the crate. Written out because linfa has no weights and no non-linear
//! least squares, and because constant columns must be noticed (linfa's QR returns 1e13 and `Ok`).

/// The most parameters that a law has.
pub(super) const MOST: usize = 4;
/// Values of parameters; those past the law's own are 0.
pub(super) type Parameters = [f64; MOST];

/// A pivot below this share of its column's norm counts as zero.
const SINGULAR: f64 = 1e-12;
/// Steps after which an iteration stops in any case.
const MAX_STEPS: usize = 500;
/// Relative step of a numerical derivative, about the cube root of the precision.
const DERIVATIVE_STEP: f64 = 6e-6;

/// Minimises `Σ w (y − Σ bᵢ xᵢ)²` over the first `n` coefficients.
///
/// - `rows`: basis, target and weight. Returns the coefficients and the part of `Σ w y²` that they
///   explain; `None` if the columns do not settle them.
pub(super) fn linear_least_squares(
    rows: impl Iterator<Item = (Parameters, f64, f64)>,
    n: usize,
) -> Option<(Parameters, f64)> {
    let mut matrix = [[0.0; MOST]; MOST];
    let mut target = [0.0; MOST];
    for (basis, y, weight) in rows {
        for i in 0..n {
            target[i] += weight * basis[i] * y;
            for j in 0..n {
                matrix[i][j] += weight * basis[i] * basis[j];
            }
        }
    }
    let solution = solve(matrix, target, n)?;
    let explained = solution.iter().zip(&target).map(|(b, t)| b * t).sum();
    Some((solution, explained))
}

/// Solves a symmetric positive definite system, the first `n` of `P` unknowns, by Cholesky's
/// method; `None` if it is singular or not positive definite.
pub(in crate::scaling) fn solve<const P: usize>(
    matrix: [[f64; P]; P],
    target: [f64; P],
    n: usize,
) -> Option<[f64; P]> {
    let mut lower = [[0.0; P]; P];
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let left = matrix[i][j] - known;
            if i == j {
                if left.is_nan() || left <= SINGULAR * matrix[i][i] {
                    return None;
                }
                lower[i][i] = left.sqrt();
            } else {
                lower[i][j] = left / lower[j][j];
            }
        }
    }
    let mut half = [0.0; P];
    for i in 0..n {
        let known: f64 = (0..i).map(|k| lower[i][k] * half[k]).sum();
        half[i] = (target[i] - known) / lower[i][i];
    }
    let mut solution = [0.0; P];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| lower[k][i] * solution[k]).sum();
        solution[i] = (half[i] - known) / lower[i][i];
    }
    Some(solution)
}

/// Minimises the sum of squares of `residuals` from `start` (Levenberg 1944, Marquardt 1963).
///
/// - `n`: how many of the parameters are free. Returns the best parameters found.
pub(super) fn levenberg_marquardt(
    start: Parameters,
    n: usize,
    residuals: impl Fn(&Parameters) -> Vec<f64>,
) -> Parameters {
    let square = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
    let mut at = start;
    let mut errors = residuals(&at);
    let mut damping = 1e-3;
    for _ in 0..MAX_STEPS {
        let (normal, gradient) = normal_equations(&at, n, &errors, &residuals);
        let mut damped = normal;
        for i in 0..n {
            damped[i][i] += damping * normal[i][i].max(f64::MIN_POSITIVE);
        }
        let Some(step) = solve(damped, gradient, n) else { break };
        let mut next = at;
        for i in 0..n {
            next[i] += step[i];
        }
        let next_errors = residuals(&next);
        let (old, new) = (square(&errors), square(&next_errors));
        if new < old {
            (at, errors) = (next, next_errors);
            damping = (damping * 0.2).max(1e-12);
            let small = (0..n).all(|i| step[i].abs() <= 1e-10 * (at[i].abs() + 1e-10));
            if small {
                break;
            }
        } else {
            damping *= 5.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    at
}

/// `JᵀJ` and `Jᵀe`, J the derivative of the curve (minus that of the residuals), by central
/// differences.
fn normal_equations(
    at: &Parameters,
    n: usize,
    errors: &[f64],
    residuals: &impl Fn(&Parameters) -> Vec<f64>,
) -> ([Parameters; MOST], Parameters) {
    let mut columns: [Vec<f64>; MOST] = Default::default();
    for i in 0..n {
        let step = DERIVATIVE_STEP * at[i].abs().max(1e-3);
        let shifted = |by: f64| {
            let mut moved = *at;
            moved[i] += by;
            residuals(&moved)
        };
        let (up, down) = (shifted(step), shifted(-step));
        columns[i] = up.iter().zip(&down).map(|(u, d)| (d - u) / (2.0 * step)).collect();
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut normal = [[0.0; MOST]; MOST];
    let mut gradient = [0.0; MOST];
    for i in 0..n {
        gradient[i] = dot(&columns[i], errors);
        for j in 0..n {
            normal[i][j] = dot(&columns[i], &columns[j]);
        }
    }
    (normal, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_three_points() {
        let rows = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)];
        let found =
            linear_least_squares(rows.iter().map(|(x, y)| ([1.0, *x, 0.0, 0.0], *y, 1.0)), 2);
        let ([a, b, ..], explained) = found.expect("settled");
        assert!((a - 1.0).abs() < 1e-12 && (b - 2.0).abs() < 1e-12);
        assert!((explained - 35.0).abs() < 1e-9, "all of 1 + 9 + 25: {explained}");
        let same = [([1.0, 2.0, 0.0, 0.0], 1.0, 1.0); 4];
        assert_eq!(linear_least_squares(same.into_iter(), 2), None);
    }

    #[test]
    fn rosenbrocks_valley() {
        let found = levenberg_marquardt([-1.2, 1.0, 0.0, 0.0], 2, |p| {
            vec![1.0 - p[0], 10.0 * (p[1] - p[0] * p[0])]
        });
        assert!((found[0] - 1.0).abs() < 1e-6 && (found[1] - 1.0).abs() < 1e-6, "{found:?}");
    }
}
