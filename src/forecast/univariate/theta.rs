//! The theta family: simple smoothing of a series beside a line through it.
//!
//! Pure. The first level is found by least squares, in closed form: errors are linear in it.
//!
//! # Source
//! Fiorucci, Pellegrini, Louzada, Petropoulos and Koehler (2016), doi:10.1016/j.ijforecast.2016.02.005

use super::count;
use super::simplex::Search;

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
    let [path] = side_by_side([y], theta, horizon);
    path
}

/// The same of several series: four go through the arithmetic side by side, and each gets the same
/// bits as alone.
///
/// The longest of four is waited for, so that neighbours should be of like length.
pub fn paths(series: &[&[f64]], theta: Theta, horizon: usize) -> Vec<Vec<f64>> {
    let (fours, rest) = series.as_chunks::<4>();
    let (twos, ones) = rest.as_chunks::<2>();
    let fours = fours.iter().flat_map(|four| side_by_side(*four, theta, horizon));
    let twos = twos.iter().flat_map(|two| side_by_side(*two, theta, horizon));
    let ones = ones.iter().map(|y| path(y, theta, horizon));
    fours.chain(twos).chain(ones).collect()
}

/// The same of a few series.
pub(super) fn side_by_side<const N: usize>(
    series: [&[f64]; N],
    theta: Theta,
    horizon: usize,
) -> [Vec<f64>; N] {
    let table = Table::new(series, theta);
    let mut searches = [(); N].map(|()| Search::new(&STARTS, ([ALPHA.0], [ALPHA.1]), 45));
    while searches.iter().any(|search| search.asks().is_some()) {
        let filters =
            table.run(searches.each_ref().map(|search| search.asks().unwrap_or([1.0])[0]));
        for (search, filter) in searches.iter_mut().zip(&filters) {
            search.tell(filter.fit(theta).squares);
        }
    }
    let filters = table.run(searches.each_ref().map(|search| search.best()[0]));
    std::array::from_fn(|lane| {
        let (origin, mut line, mut filter) = (series[lane][0], table.lines[lane], filters[lane]);
        let Fit { first_level, weight, .. } = filter.fit(theta);
        filter.level += first_level * filter.decay;
        let next = |n_seen: usize| {
            let expected = filter.level + weight * filter.line_part(&line);
            filter.see(expected);
            line.see(expected, n_seen + 1);
            origin + expected
        };
        (series[lane].len()..series[lane].len() + horizon).map(next).collect()
    })
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
    /// The line that follows the values seen, which start at 0.
    fn so_far() -> Self {
        Self { start: 0.0, slope: 0.0, mean: 0.0, moves: true }
    }

    /// The least-squares line through all values, counted from 1.
    fn through(y: impl ExactSizeIterator<Item = f64> + Clone) -> Self {
        let n = count(y.len());
        let middle = 0.5 * (n + 1.0);
        let mean = y.clone().sum::<f64>() / n;
        let at = |(idx, value): (usize, f64)| (count(idx + 1) - middle) * (value - mean);
        let spread = n * (n * n - 1.0) / 12.0;
        let product: f64 = y.enumerate().map(at).sum();
        let slope = if spread > 0.0 { product / spread } else { 0.0 };
        Self { start: mean - slope * middle, slope, mean, moves: false }
    }

    /// Takes the `n`-th value in, if the line follows the values.
    fn see(&mut self, value: f64, n: usize) {
        if !self.moves || n < 2 {
            return;
        }
        let (before, n) = (self.mean, count(n));
        self.mean += (value - before) / n;
        self.slope = ((n - 2.0) * self.slope + 6.0 / n * (value - before)) / (n + 1.0);
        self.start = self.mean - 0.5 * (n + 1.0) * self.slope;
    }
}

/// What does not depend on how far series are smoothed, of several beside each other.
struct Table<const N: usize> {
    /// One a period of the longest series.
    rows: Vec<Row<N>>,
    lengths: [usize; N],
    /// The line of each series after its last value.
    lines: [Line; N],
}

/// A value of each series, less its first one, and the line before it; zeros after a series' end.
#[derive(Debug, Clone, Copy)]
struct Row<const N: usize> {
    value: [f64; N],
    start: [f64; N],
    slope: [f64; N],
}

impl<const N: usize> Table<N> {
    fn new(series: [&[f64]; N], theta: Theta) -> Self {
        let lengths = series.map(<[f64]>::len);
        let zeros = [0.0; N];
        let row = Row { value: zeros, start: zeros, slope: zeros };
        let mut rows = vec![row; lengths.into_iter().max().unwrap_or(0)];
        let lines = std::array::from_fn(|lane| {
            let y = series[lane];
            for (row, value) in rows.iter_mut().zip(y) {
                row.value[lane] = value - y[0];
            }
            let values = rows[..y.len()].iter().map(|row| row.value[lane]);
            let mut line = match theta {
                Theta::Dynamic | Theta::DynamicOptimised => Line::so_far(),
                Theta::Standard | Theta::Optimised => Line::through(values),
            };
            for (row, n) in rows[..y.len()].iter_mut().zip(1..) {
                (row.start[lane], row.slope[lane]) = (line.start, line.slope);
                line.see(row.value[lane], n);
            }
            line
        });
        Self { rows, lengths, lines }
    }

    /// Smooths each series by an `alpha` of its own.
    ///
    /// Errors count after [`N_BEFORE`] values, or at the last alone if there are no more.
    fn run(&self, alpha: [f64; N]) -> [Filter; N] {
        let kept = alpha.map(|alpha| 1.0 - alpha);
        let (mut level, mut decay, mut sums) = ([0.0; N], [1.0; N], [[0.0; N]; 6]);
        let mut filters = alpha.map(Filter::new);
        let mut start = 0;
        while start < self.rows.len() {
            if start <= N_BEFORE {
                sums = [[0.0; N]; 6];
            }
            let ends = self.lengths.into_iter().filter(|length| *length > start);
            let end = if start < N_BEFORE { start + 1 } else { ends.min().unwrap_or(usize::MAX) };
            for row in &self.rows[start..end] {
                for lane in 0..N {
                    let (error, response) = (row.value[lane] - level[lane], decay[lane]);
                    decay[lane] *= kept[lane];
                    let grown = (1.0 - decay[lane]) / alpha[lane];
                    let line = response * row.start[lane] + grown * row.slope[lane];
                    sums[0][lane] += error * error;
                    sums[1][lane] += error * response;
                    sums[2][lane] += error * line;
                    sums[3][lane] += response * response;
                    sums[4][lane] += response * line;
                    sums[5][lane] += line * line;
                    level[lane] += alpha[lane] * error;
                }
            }
            start = end;
            for lane in (0..N).filter(|lane| self.lengths[*lane] == end) {
                let sums = sums.map(|sum| sum[lane]);
                filters[lane] =
                    Filter { alpha: alpha[lane], level: level[lane], decay: decay[lane], sums };
            }
        }
        filters
    }
}

/// The recursion at its end, with sums of products over its errors.
///
/// An error is `error − first_level · response − weight · line`, linear in what is fitted; the
/// response of the level to its first value is the decay so far.
#[derive(Debug, Clone, Copy)]
struct Filter {
    alpha: f64,
    level: f64,
    decay: f64,
    sums: Sums,
}

/// Of error and error, error and response, error and line, response and response, response and
/// line, line and line.
type Sums = [f64; 6];

/// The first level and the line's weight that fit best, and the squared errors left.
#[derive(Debug, Clone, Copy)]
struct Fit {
    first_level: f64,
    weight: f64,
    squares: f64,
}

impl Filter {
    fn new(alpha: f64) -> Self {
        Self { alpha, level: 0.0, decay: 1.0, sums: [0.0; 6] }
    }

    /// What a line adds to the next value, at a weight of 1.
    fn line_part(&self, line: &Line) -> f64 {
        let grown = (1.0 - self.decay * (1.0 - self.alpha)) / self.alpha;
        self.decay * line.start + grown * line.slope
    }

    fn see(&mut self, value: f64) {
        self.level += self.alpha * (value - self.level);
        self.decay *= 1.0 - self.alpha;
    }

    /// Least squares over the first level, and over the weight where theta is fitted: from 0 to 1,
    /// so that theta is 1 or more without an upper bound.
    fn fit(&self, theta: Theta) -> Fit {
        let [errors, error_response, error_line, responses, response_line, lines] = self.sums;
        let share =
            |product: f64| if responses > f64::MIN_POSITIVE { product / responses } else { 0.0 };
        let weight = match theta {
            Theta::Standard | Theta::Dynamic => STANDARD_WEIGHT,
            Theta::Optimised | Theta::DynamicOptimised => {
                let own = lines - share(response_line) * response_line;
                let product = error_line - share(error_response) * response_line;
                if own > 1e-12 * lines { (product / own).clamp(0.0, 1.0) } else { 0.0 }
            }
        };
        let first_level = share(error_response - weight * response_line);
        let squares = errors - 2.0 * weight * error_line + weight * weight * lines
            - first_level * (error_response - weight * response_line);
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
    fn side_by_side_every_series_gets_the_bits_that_it_gets_alone() {
        let value = |t: usize| 50.0 + count(t) + 3.0 * count(t * t * 7 % 11);
        let of = |n: usize| (0..n).map(|t| value(t + n)).collect();
        let panel: Vec<Vec<f64>> = [9, 1, 40, 2, 3, 4, 5, 30, 31, 32, 7].map(of).to_vec();
        let panel: Vec<&[f64]> = panel.iter().map(Vec::as_slice).collect();
        for theta in [Theta::Standard, Theta::Optimised, Theta::Dynamic, Theta::DynamicOptimised] {
            let alone: Vec<_> = panel.iter().map(|y| path(y, theta, 4)).collect();
            assert_eq!(paths(&panel, theta, 4), alone);
        }
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
