//! The theta family: simple smoothing of a series beside a line through it.
//!
//! Pure. The first level is found by least squares, in closed form: errors are linear in it.
//!
//! # Source
//! Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016), doi:10.1016/j.ijforecast.2016.02.005

use super::count;
use super::simplex::minimise;

/// What is smoothed how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theta {
    /// Theta is 2, the line that of all values.
    Standard,
    /// Theta is fitted, the line that of all values.
    Optimised,
    /// Theta is 2, the line that of the values so far.
    Dynamic,
    /// Theta is fitted, the line that of the values so far.
    DynamicOptimised,
}

/// The bounds of `alpha`, those of the reference implementations.
const ALPHA: (f64, f64) = (0.1, 0.99);
/// Where the search for `alpha` may start: at the best of these.
const STARTS: [[f64; 1]; 5] = [[0.1], [0.3], [0.5], [0.75], [0.99]];
/// The weight of the line, `1 − 1/θ`, where theta is 2.
const STANDARD_WEIGHT: f64 = 0.5;
/// Values before the first error that counts: a line needs some to be known.
const N_BEFORE: usize = 3;

/// The next `horizon` values of a series without season.
///
/// `y` must not be empty; one value is carried on.
pub fn path(y: &[f64], theta: Theta, horizon: usize) -> Vec<f64> {
    let origin = y[0];
    let x: Vec<f64> = y.iter().map(|value| value - origin).collect();
    let dynamic = matches!(theta, Theta::Dynamic | Theta::DynamicOptimised);
    let line = if dynamic { Line::so_far(x[0]) } else { Line::through(&x) };
    let squares = |alpha: f64| Filter::new(alpha, line).run(&x).fit(theta).squares;
    let [alpha] = minimise(&STARTS, ([ALPHA.0], [ALPHA.1]), 45, |[alpha]| squares(*alpha));
    let mut filter = Filter::new(alpha, line).run(&x);
    let Fit { first_level, weight, .. } = filter.fit(theta);
    filter.level += first_level * filter.level_response;
    let next = |_| {
        let expected = filter.level + weight * filter.line_part();
        filter.see(expected);
        origin + expected
    };
    (0..horizon).map(next).collect()
}

/// A line through values, which may follow them.
#[derive(Debug, Clone, Copy)]
struct Line {
    start: f64,
    slope: f64,
    mean: f64,
    moves: bool,
}

impl Line {
    /// The line that follows the values seen.
    fn so_far(first: f64) -> Self {
        Self { start: first, slope: 0.0, mean: first, moves: true }
    }

    /// The least-squares line through all values, counted from 1.
    fn through(y: &[f64]) -> Self {
        let n = count(y.len());
        let middle = 0.5 * (n + 1.0);
        let mean = y.iter().sum::<f64>() / n;
        let at = |(idx, value): (usize, &f64)| (count(idx + 1) - middle) * (value - mean);
        let spread = n * (n * n - 1.0) / 12.0;
        let product: f64 = y.iter().enumerate().map(at).sum();
        let slope = if spread > 0.0 { product / spread } else { 0.0 };
        Self { start: mean - slope * middle, slope, mean, moves: false }
    }

    /// Takes the `n`-th value in; `n` is 2 or more.
    fn see(&mut self, value: f64, n: f64) {
        let before = self.mean;
        self.mean += (value - before) / n;
        self.slope = ((n - 2.0) * self.slope + 6.0 / n * (value - before)) / (n + 1.0);
        self.start = self.mean - 0.5 * (n + 1.0) * self.slope;
    }
}

/// The recursion, with the response of the level to its first value, and products of its errors.
///
/// An error is `error − first_level · response − weight · line`: linear in what is fitted.
struct Filter {
    alpha: f64,
    line: Line,
    n_seen: f64,
    level: f64,
    level_response: f64,
    decay: f64,
    products: Products,
}

/// Sums of products over the errors that count.
#[derive(Debug, Clone, Copy, Default)]
struct Products {
    error_error: f64,
    error_response: f64,
    error_line: f64,
    response_response: f64,
    response_line: f64,
    line_line: f64,
}

/// The first level and the line's weight that fit best, and the squared errors left.
#[derive(Debug, Clone, Copy)]
struct Fit {
    first_level: f64,
    weight: f64,
    squares: f64,
}

impl Filter {
    fn new(alpha: f64, line: Line) -> Self {
        let products = Products::default();
        Self { alpha, line, n_seen: 0.0, level: 0.0, level_response: 1.0, decay: 1.0, products }
    }

    /// What the line adds to the next value, at a weight of 1.
    fn line_part(&self) -> f64 {
        let grown = (1.0 - self.decay * (1.0 - self.alpha)) / self.alpha;
        self.decay * self.line.start + grown * self.line.slope
    }

    fn see(&mut self, value: f64) {
        self.level += self.alpha * (value - self.level);
        self.level_response *= 1.0 - self.alpha;
        self.decay *= 1.0 - self.alpha;
        self.n_seen += 1.0;
        if self.line.moves && self.n_seen > 1.0 {
            self.line.see(value, self.n_seen);
        }
    }

    /// Errors count after [`N_BEFORE`] values, or at the last alone if there are no more.
    fn run(mut self, y: &[f64]) -> Self {
        let n_before = N_BEFORE.min(y.len().saturating_sub(1));
        for (idx, value) in y.iter().enumerate() {
            if idx >= n_before {
                let (error, line) = (value - self.level, self.line_part());
                let (response, sums) = (self.level_response, &mut self.products);
                sums.error_error += error * error;
                sums.error_response += error * response;
                sums.error_line += error * line;
                sums.response_response += response * response;
                sums.response_line += response * line;
                sums.line_line += line * line;
            }
            self.see(*value);
        }
        self
    }

    /// Least squares over the first level, and over the weight where theta is fitted: from 0 to 1,
    /// so that theta is 1 or more without an upper bound.
    fn fit(&self, theta: Theta) -> Fit {
        let sums = &self.products;
        let share = |product: f64| {
            let known = sums.response_response;
            if known > f64::MIN_POSITIVE { product / known } else { 0.0 }
        };
        let weight = match theta {
            Theta::Standard | Theta::Dynamic => STANDARD_WEIGHT,
            Theta::Optimised | Theta::DynamicOptimised => {
                let own = sums.line_line - share(sums.response_line) * sums.response_line;
                let product = sums.error_line - share(sums.error_response) * sums.response_line;
                if own > 1e-12 * sums.line_line { (product / own).clamp(0.0, 1.0) } else { 0.0 }
            }
        };
        let first_level = share(sums.error_response - weight * sums.response_line);
        let squares = sums.error_error - 2.0 * weight * sums.error_line
            + weight * weight * sums.line_line
            - first_level * (sums.error_response - weight * sums.response_line);
        let squares = if squares.is_finite() { squares.max(0.0) } else { f64::INFINITY };
        Fit { first_level, weight, squares }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_and_a_single_value_are_carried_on() {
        assert_eq!(path(&[7.0; 9], Theta::DynamicOptimised, 3), [7.0; 3]);
        assert_eq!(path(&[7.0], Theta::Standard, 2), [7.0; 2]);
        assert!(path(&[7.0, 8.0], Theta::Optimised, 2).iter().all(|value| value.is_finite()));
    }

    #[test]
    fn theta_of_two_grows_by_half_the_slope_of_a_line() {
        let y: Vec<f64> = (0_u32..50).map(|t| 3.0 * f64::from(t)).collect();
        let path = path(&y, Theta::Standard, 5);
        for pair in path.windows(2) {
            assert!((pair[1] - pair[0] - 1.5).abs() < 1e-6, "{path:?}");
        }
    }
}
