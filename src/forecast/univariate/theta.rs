//! The theta family: simple smoothing of a series beside a line through it.
//!
//! Pure. The first level is found by least squares, in closed form: errors are linear in it.
//!
//! # Source
//! Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016), doi:10.1016/j.ijforecast.2016.02.005

use super::count;
use super::simplex::minimise;

/// What is smoothed how far.
#[derive(Debug, Clone, Copy, PartialEq)]
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
/// The bounds of theta.
const THETA: (f64, f64) = (1.0, 8.0);

/// The next `horizon` values of a series without season.
///
/// `y` must not be empty; one value is carried on.
pub fn path(y: &[f64], theta: Theta, horizon: usize) -> Vec<f64> {
    let origin = y[0];
    let x: Vec<f64> = y.iter().map(|value| value - origin).collect();
    let dynamic = matches!(theta, Theta::Dynamic | Theta::DynamicOptimised);
    let line = if dynamic { Line::so_far(x[0]) } else { Line::through(&x) };
    let low = [ALPHA.0];
    let [alpha, theta] = match theta {
        Theta::Standard | Theta::Dynamic => {
            let [alpha] = minimise([0.5], (low, [ALPHA.1]), 50, |[alpha]| {
                Filter::new(*alpha, 2.0, line).run(&x).least_squares()
            });
            [alpha, 2.0]
        }
        Theta::Optimised | Theta::DynamicOptimised => {
            let bounds = ([ALPHA.0, THETA.0], [ALPHA.1, THETA.1]);
            minimise([0.5, 2.0], bounds, 120, |[alpha, theta]| {
                Filter::new(*alpha, *theta, line).run(&x).least_squares()
            })
        }
    };
    let mut filter = Filter::new(alpha, theta, line).run(&x);
    filter.level += filter.first_level() * filter.level_response;
    let next = |_| {
        let expected = filter.expected();
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

/// The recursion, with the response of the level to its first value.
struct Filter {
    alpha: f64,
    weight: f64,
    line: Line,
    n_seen: f64,
    level: f64,
    level_response: f64,
    decay: f64,
    squares: f64,
    cross: f64,
    response_squares: f64,
}

impl Filter {
    fn new(alpha: f64, theta: f64, line: Line) -> Self {
        Self {
            alpha,
            weight: 1.0 - 1.0 / theta,
            line,
            n_seen: 0.0,
            level: 0.0,
            level_response: 1.0,
            decay: 1.0,
            squares: 0.0,
            cross: 0.0,
            response_squares: 0.0,
        }
    }

    fn expected(&self) -> f64 {
        let grown = (1.0 - self.decay * (1.0 - self.alpha)) / self.alpha;
        self.level + self.weight * (self.decay * self.line.start + grown * self.line.slope)
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

    /// Errors count from the third value on: before, a line is not known.
    fn run(mut self, y: &[f64]) -> Self {
        for (idx, value) in y.iter().enumerate() {
            if idx >= 2 {
                let error = value - self.expected();
                self.squares += error * error;
                self.cross += error * self.level_response;
                self.response_squares += self.level_response * self.level_response;
            }
            self.see(*value);
        }
        self
    }

    fn first_level(&self) -> f64 {
        if self.response_squares > 1e-12 { self.cross / self.response_squares } else { 0.0 }
    }

    fn least_squares(&self) -> f64 {
        let left = self.squares - self.first_level() * self.cross;
        if left.is_finite() { left.max(0.0) } else { f64::INFINITY }
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
