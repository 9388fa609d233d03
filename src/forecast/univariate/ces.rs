//! Complex exponential smoothing: a level and a hidden companion that carries trends on.
//!
//! Pure. A season is the same recursion at the lag of a season.
//!
//! # Source
//! Svetunkov, Kourentzes and Ord (2022), doi:10.1002/nav.22074

use super::count;
use super::simplex::minimise;

/// The next values, and how well the model fits.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The next values, nearest first.
    pub path: Vec<f64>,
    /// The squared errors of the last run through the values, which the fit minimises.
    pub squares: f64,
}

/// Fits the model. `season` is 1 for none; more needs as many values.
pub fn fit(y: &[f64], season: usize, horizon: usize) -> Fit {
    let start: Vec<State> = if season > 1 {
        y[..season].iter().map(|value| State::at(*value)).collect()
    } else {
        let first = &y[..y.len().min(10)];
        vec![State::at(first.iter().sum::<f64>() / count(first.len()))]
    };
    let mut states = start.clone();
    let weights = minimise(&[[1.3, 1.0]], ([0.01, 0.01], [1.8, 1.9]), 150, |weights| {
        states.copy_from_slice(&start);
        let squares = run(y, &mut states, weights);
        if squares.is_finite() { squares } else { f64::INFINITY }
    });
    states.copy_from_slice(&start);
    let squares = run(y, &mut states, &weights);
    let next = |ahead: usize| {
        let state = &mut states[(y.len() + ahead) % season];
        let expected = state.level;
        state.see(0.0, &weights);
        expected
    };
    Fit { path: (0..horizon).map(next).collect(), squares }
}

#[derive(Debug, Clone, Copy)]
struct State {
    level: f64,
    hidden: f64,
}

impl State {
    fn at(level: f64) -> Self {
        Self { level, hidden: level / 1.1 }
    }

    fn see(&mut self, error: f64, &[real, imaginary]: &[f64; 2]) {
        let Self { level, hidden } = *self;
        self.level = level - (1.0 - imaginary) * hidden + (real - imaginary) * error;
        self.hidden = level + (1.0 - real) * hidden + (real + imaginary) * error;
    }
}

/// Runs forward, back and forward again, so that the first states matter little; the squared errors
/// of the last run.
fn run(y: &[f64], states: &mut [State], weights: &[f64; 2]) -> f64 {
    let season = states.len();
    let mut pass = |idx: usize| {
        let state = &mut states[idx % season];
        let error = y[idx] - state.level;
        state.see(error, weights);
        error * error
    };
    for idx in (0..y.len()).chain((0..y.len()).rev()) {
        pass(idx);
    }
    (0..y.len()).map(pass).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_a_repeated_season_are_carried_on() {
        let line: Vec<f64> = (0_u32..60).map(|t| 100.0 + 2.0 * f64::from(t)).collect();
        for (found, needed) in fit(&line, 1, 3).path.iter().zip([220.0, 222.0, 224.0]) {
            assert!((found / needed - 1.0).abs() < 0.01, "{found} for {needed}");
        }
        let season: Vec<f64> = [10.0, 20.0, 15.0, 30.0].repeat(8);
        for (found, needed) in fit(&season, 4, 4).path.iter().zip(&season) {
            assert!((found / needed - 1.0).abs() < 0.05, "{found} for {needed}");
        }
    }
}
