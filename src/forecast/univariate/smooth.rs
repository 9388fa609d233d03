//! Exponential smoothing with additive errors: a level, perhaps a trend, perhaps a season.
//!
//! Pure. Errors are linear in the first states, so these are found by least squares and only the
//! smoothing weights are searched for; a season's search starts from its figure.
//!
//! # Source
//! Hyndman, Koehler, Snyder and Grose (2002), doi:10.1016/S0169-2070(01)00110-8

use super::count;
use super::normal::solve;
use super::season::figure;
use super::simplex::minimise;

/// How the level moves on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// Not at all.
    Absent,
    /// By a slope.
    Linear,
    /// By a slope that fades.
    Damped,
}

/// The bounds of each weight, and of the fading of a slope: those of the reference implementations.
const WEIGHT: (f64, f64) = (1e-4, 0.9999);
const PHI: (f64, f64) = (0.8, 0.98);

/// The largest weight of an error in the slope, as a share of its weight in the level: for members of a mean and
/// rivals of the engine.
pub const BETA_MAX: f64 = WEIGHT.1;
/// For a model by itself, which goes astray where it follows the last change alone. Picked among 0.03, 0.1, 0.2, 0.3,
/// 0.5 and 1 on three windows of the training rows of three panels.
pub const BETA_MAX_ALONE: f64 = 0.3;

/// The next values, and how well the model fits.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The next values, nearest first.
    pub path: Vec<f64>,
    /// Akaike's criterion, corrected for few values: lower is better.
    pub aicc: f64,
    /// The squared errors, which the fit minimises.
    pub squares: f64,
}

/// The next `horizon` values by the trend that Akaike's criterion prefers.
pub fn automatic(y: &[f64], season: usize, beta_max: f64, horizon: usize) -> Vec<f64> {
    let trends = [Trend::Absent, Trend::Linear, Trend::Damped];
    let fits = trends.map(|trend| fit(y, season, trend, beta_max, horizon));
    let best = fits.into_iter().min_by(|a, b| a.aicc.total_cmp(&b.aicc));
    best.expect("there are three fits").path
}

/// Fits one model.
///
/// - `y`: at least one value; `season` is 1 for none, else `y` has two seasons and a value or more.
pub fn fit(y: &[f64], season: usize, trend: Trend, beta_max: f64, horizon: usize) -> Fit {
    let x: Vec<f64> = y.iter().map(|value| value - y[0]).collect();
    let mut search = Responses::new(&x, season, trend, First::Figure);
    let weights = best_weights(season, trend, beta_max, |weights| search.least_squares(weights));
    let mut exact = Responses::new(&x, season, trend, First::Fitted);
    let squares = exact.least_squares(&weights);
    let mut state = exact.first_state();
    exact.last_errors(&mut state, &weights);
    let next = |ahead: usize| {
        state.level += weights.phi * state.slope;
        state.slope *= weights.phi;
        y[0] + state.level + state.season[(y.len() + ahead) % season]
    };
    let path = (0..horizon).map(next).collect();
    let n_weights = 1 + usize::from(trend != Trend::Absent) + usize::from(trend == Trend::Damped);
    let n_fitted = n_weights + usize::from(season > 1) + exact.n_columns;
    Fit { path, aicc: aicc(squares, y.len(), n_fitted), squares }
}

/// Weights of the new error in level, slope and season, and the share of the slope that stays.
#[derive(Debug, Clone, Copy)]
struct Weights {
    alpha: f64,
    beta: f64,
    gamma: f64,
    phi: f64,
}

/// Searches the weights that a model has; `beta` is below `beta_max · alpha`, `gamma` below `1 − alpha`.
fn best_weights(
    season: usize,
    trend: Trend,
    beta_max: f64,
    mut squares: impl FnMut(&Weights) -> f64,
) -> Weights {
    let of = |alpha: f64, beta: f64, gamma: f64, phi: f64| Weights {
        alpha,
        beta: alpha * beta,
        gamma: gamma * (1.0 - alpha),
        phi,
    };
    let (low, high) = WEIGHT;
    match (season > 1, trend) {
        (false, Trend::Absent) => {
            let weights = |[a]: &[f64; 1]| of(*a, 0.0, 0.0, 1.0);
            weights(&minimise(&[[0.5]], ([low], [high]), 60, |x| squares(&weights(x))))
        }
        (false, Trend::Linear) => {
            let weights = |[a, b]: &[f64; 2]| of(*a, *b, 0.0, 1.0);
            let bounds = ([low; 2], [high, beta_max]);
            weights(&minimise(&[[0.5, 0.1]], bounds, 200, |x| squares(&weights(x))))
        }
        (false, Trend::Damped) => {
            let weights = |[a, b, phi]: &[f64; 3]| of(*a, *b, 0.0, *phi);
            let bounds = ([low, low, PHI.0], [high, beta_max, PHI.1]);
            weights(&minimise(&[[0.5, 0.1, 0.94]], bounds, 300, |x| squares(&weights(x))))
        }
        (true, Trend::Absent) => {
            let weights = |[a, g]: &[f64; 2]| of(*a, 0.0, *g, 1.0);
            weights(&minimise(&[[0.4, 0.1], [0.2, 0.9]], ([low; 2], [high; 2]), 120, |x| {
                squares(&weights(x))
            }))
        }
        (true, Trend::Linear) => {
            let weights = |[a, b, g]: &[f64; 3]| of(*a, *b, *g, 1.0);
            let bounds = ([low; 3], [high, beta_max, high]);
            weights(&minimise(&[[0.4, 0.1, 0.1], [0.2, 0.1, 0.9]], bounds, 200, |x| {
                squares(&weights(x))
            }))
        }
        (true, Trend::Damped) => {
            let weights = |[a, b, g, phi]: &[f64; 4]| of(*a, *b, *g, *phi);
            let bounds = ([low, low, low, PHI.0], [high, beta_max, high, PHI.1]);
            weights(&minimise(&[[0.4, 0.1, 0.1, 0.94], [0.2, 0.1, 0.9, 0.94]], bounds, 250, |x| {
                squares(&weights(x))
            }))
        }
    }
}

/// Level, slope and season, the latter by phase.
#[derive(Debug, Clone)]
struct State {
    level: f64,
    slope: f64,
    season: Vec<f64>,
}

impl State {
    fn zero(season: usize) -> Self {
        Self { level: 0.0, slope: 0.0, season: vec![0.0; season] }
    }

    /// Runs through values and writes down the error of each.
    fn run(&mut self, y: &[f64], weights: &Weights, errors: &mut [f64]) {
        let Weights { alpha, beta, gamma, phi } = *weights;
        let (mut level, mut slope) = (self.level, self.slope);
        if let [none] = self.season.as_slice() {
            for (value, error) in y.iter().zip(errors) {
                let expected = level + phi * slope;
                *error = value - expected - none;
                level = expected + alpha * *error;
                slope = phi * slope + beta * *error;
            }
        } else {
            let mut phase = 0;
            for (value, error) in y.iter().zip(errors) {
                let expected = level + phi * slope;
                *error = value - expected - self.season[phase];
                level = expected + alpha * *error;
                slope = phi * slope + beta * *error;
                self.season[phase] += gamma * *error;
                phase = if phase + 1 == self.season.len() { 0 } else { phase + 1 };
            }
        }
        (self.level, self.slope) = (level, slope);
    }
}

/// Whether the first season is the figure or fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Figure,
    Fitted,
}

/// The errors of a series, and how each responds to each first state.
struct Responses<'a> {
    y: &'a [f64],
    /// The first states that are fitted, each with one entry of 1; the last is where the series starts.
    starts: Vec<State>,
    n_columns: usize,
    /// Room for the seasons of four states.
    season: Vec<f64>,
    errors: Vec<f64>,
    gram: Vec<f64>,
    solution: Vec<f64>,
}

impl<'a> Responses<'a> {
    fn new(y: &'a [f64], season: usize, trend: Trend, first: First) -> Self {
        let mut starts = vec![State { level: 1.0, ..State::zero(season) }];
        if trend != Trend::Absent {
            starts.push(State { slope: 1.0, ..State::zero(season) });
        }
        let mut origin = State::zero(season);
        if season > 1 && first == First::Figure {
            origin.season = figure(y, season);
        } else {
            for phase in 0..season - 1 {
                let mut start = State::zero(season);
                (start.season[phase], start.season[season - 1]) = (1.0, -1.0);
                starts.push(start);
            }
        }
        let n_columns = starts.len();
        starts.push(origin);
        Self {
            y,
            starts,
            n_columns,
            season: vec![0.0; 4 * season],
            errors: vec![0.0; (n_columns + 1) * y.len()],
            gram: vec![0.0; n_columns * n_columns],
            solution: vec![0.0; n_columns],
        }
    }

    /// The least sum of squared errors over all first states; infinity where there is none.
    fn least_squares(&mut self, weights: &Weights) -> f64 {
        let (n, k) = (self.y.len(), self.n_columns);
        self.run(weights);
        let column = |j: usize| &self.errors[j * n..(j + 1) * n];
        for i in 0..k {
            for j in 0..=i {
                let product = dot(column(i), column(j));
                (self.gram[i * k + j], self.gram[j * k + i]) = (product, product);
            }
            self.solution[i] = -dot(column(i), column(k));
        }
        solve(&mut self.gram, &mut self.solution);
        let (fitted, own) = self.errors.split_at_mut(k * n);
        for (errors, share) in fitted.chunks_exact(n).zip(&self.solution) {
            own.iter_mut().zip(errors).for_each(|(own, error)| *own += share * error);
        }
        let squares = dot(own, own);
        if squares.is_finite() { squares } else { f64::INFINITY }
    }

    /// Runs through the series from every start, four side by side: the series itself from the last,
    /// and no values from the others.
    fn run(&mut self, weights: &Weights) {
        let (mut first, n_starts) = (0, self.starts.len());
        while n_starts - first > 4 {
            self.side_by_side::<4, false>(first, weights);
            first += 4;
        }
        match n_starts - first {
            1 => self.side_by_side::<1, true>(first, weights),
            2 => self.side_by_side::<2, true>(first, weights),
            3 => self.side_by_side::<3, true>(first, weights),
            _ => self.side_by_side::<4, true>(first, weights),
        }
    }

    /// The same from `N` starts, the last of which is `OWN`: where the series starts.
    fn side_by_side<const N: usize, const OWN: bool>(&mut self, first: usize, weights: &Weights) {
        let Weights { alpha, beta, gamma, phi } = *weights;
        let (n, starts) = (self.y.len(), &self.starts[first..first + N]);
        let mut columns = self.errors[first * n..].chunks_exact_mut(n);
        let mut errors: [&mut [f64]; N] =
            std::array::from_fn(|_| columns.next().expect("there is a column a start"));
        let mut level: [f64; N] = std::array::from_fn(|lane| starts[lane].level);
        let mut slope: [f64; N] = std::array::from_fn(|lane| starts[lane].slope);
        let n_phases = starts[0].season.len();
        let season = &mut self.season.as_chunks_mut::<N>().0[..n_phases];
        for (phase, season) in season.iter_mut().enumerate() {
            *season = std::array::from_fn(|lane| starts[lane].season[phase]);
        }
        let mut phase = 0;
        for (at, own) in self.y.iter().enumerate() {
            let mut error = [0.0; N];
            if OWN {
                error[N - 1] = *own;
            }
            for lane in 0..N {
                let expected = level[lane] + phi * slope[lane];
                error[lane] = error[lane] - expected - season[phase][lane];
                level[lane] = expected + alpha * error[lane];
                slope[lane] = phi * slope[lane] + beta * error[lane];
            }
            if n_phases > 1 {
                for (season, error) in season[phase].iter_mut().zip(&error) {
                    *season += gamma * error;
                }
                phase = if phase + 1 == n_phases { 0 } else { phase + 1 };
            }
            for (column, error) in errors.iter_mut().zip(error) {
                column[at] = error;
            }
        }
    }

    /// The first state of the last least squares.
    fn first_state(&self) -> State {
        let mut state = self.starts[self.n_columns].clone();
        for (start, share) in self.starts.iter().zip(&self.solution) {
            state.level += share * start.level;
            state.slope += share * start.slope;
            state.season.iter_mut().zip(&start.season).for_each(|(s, one)| *s += share * one);
        }
        state
    }

    /// Runs through the series from a first state, which becomes the last.
    fn last_errors(&mut self, state: &mut State, weights: &Weights) {
        let n = self.y.len();
        state.run(self.y, weights, &mut self.errors[..n]);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (left, right) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in left.zip(right) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Akaike's corrected criterion; infinite where there are too few values for the model.
fn aicc(squares: f64, n: usize, n_fitted: usize) -> f64 {
    // The variance of the errors is fitted too.
    let k = count(n_fitted + 1);
    let left = count(n) - k - 1.0;
    let penalty = if left > 0.0 { 2.0 * k * (k + 1.0) / left } else { f64::INFINITY };
    count(n) * squares.max(1e-300).ln() + 2.0 * k + penalty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_is_made_for_is_carried_on() {
        let season = [5.0, -3.0, -4.0, 2.0];
        let line: Vec<f64> = (0..40).map(|t| 10.0 + 0.5 * count(t) + season[t % 4]).collect();
        for (ahead, found) in automatic(&line, 4, BETA_MAX, 6).iter().enumerate() {
            let needed = 10.0 + 0.5 * count(40 + ahead) + season[ahead % 4];
            assert!((found - needed).abs() < 1e-6, "{found} for {needed}");
        }
        let path = fit(&[4.0; 12], 1, Trend::Damped, BETA_MAX, 3).path;
        assert!(path.iter().all(|value| (value - 4.0).abs() < 1e-9), "{path:?}");
    }

    #[test]
    fn one_leap_at_the_end_moves_a_bounded_slope_less() {
        // A wave, whose slope has to turn with every value.
        let leap = |t: usize| 100.0 * (count(t) / 3.0).sin() + if t == 19 { 200.0 } else { 0.0 };
        let y: Vec<f64> = (0..20).map(leap).collect();
        let rise = |beta_max| {
            let path = fit(&y, 1, Trend::Linear, beta_max, 2).path;
            path[1] - path[0]
        };
        assert!(
            rise(BETA_MAX_ALONE) < 0.5 * rise(BETA_MAX),
            "{} {}",
            rise(BETA_MAX_ALONE),
            rise(BETA_MAX)
        );
    }

    #[test]
    fn few_values_give_numbers_and_the_smallest_model() {
        for n in 1..8 {
            let y: Vec<f64> = (0..n).map(|t| count(t * t)).collect();
            assert!(automatic(&y, 1, BETA_MAX, 4).iter().all(|value| value.is_finite()), "{n}");
        }
        assert_eq!(automatic(&[1.0, 5.0], 1, BETA_MAX, 1).len(), 1);
    }
}
