//! One autoregression for a whole panel: what comes next as a sum of the latest changes, and of how
//! large changes are, so that a rise common to the series is learned beside the pull of their own.
//!
//! Pure. Each horizon has weights of its own, fitted to least absolute errors over all series, each
//! of which counts the same whatever its length. Does not depend on the order of threads.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::count;
use super::normal::solve;

/// Columns beside the latest changes.
const N_BESIDE: usize = 3;
/// Rows that a fit reads at most; of more, the latest of each series.
const ROWS_MAX: usize = 30_000;
/// Latest values of a series from which a fit learns.
const WINDOWS_MAX: usize = 30;
/// Rows that each weight needs.
const ROWS_PER_WEIGHT: usize = 20;
/// Times that a fit is weighted anew by its errors.
const ROUNDS: usize = 8;
/// Error, in mean changes, below which an absolute error counts like a squared one.
const SMALL_ERROR: f64 = 0.5;
/// Share of the mean variance that is added to each: changes of one series are much alike.
const RIDGE: f64 = 1e-5;

/// A series in units of its mean change.
#[derive(Debug, Clone)]
pub(super) struct Scaled {
    values: Vec<f64>,
    unit: f64,
}

impl Scaled {
    pub(super) fn new(y: &[f64]) -> Self {
        let changes = y.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let unit = changes.sum::<f64>() / count(y.len().saturating_sub(1).max(1));
        let unit = if unit > 0.0 { unit } else { 1.0 };
        Self { values: y.iter().map(|value| value / unit).collect(), unit }
    }

    /// The last `n_lags` changes up to value `at`, the mean change of all so far, and the sizes of both:
    /// the mean of the former, without their signs, and the latter without its sign.
    fn features(&self, at: usize, n_lags: usize, row: &mut [f64]) {
        for (lag, cell) in row[..n_lags].iter_mut().enumerate() {
            *cell = self.values[at - lag] - self.values[at - lag - 1];
        }
        let mean = (self.values[at] - self.values[0]) / count(at);
        let size = row[..n_lags].iter().map(|change| change.abs()).sum::<f64>() / count(n_lags);
        row[n_lags..].copy_from_slice(&[mean, size, mean.abs()]);
    }
}

/// What a panel teaches: for each horizon the weights of what is seen of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Pool {
    n_lags: usize,
    weights: Vec<Vec<f64>>,
}

impl Pool {
    /// Learns from the `teachers`; nothing if they are too few.
    pub(super) fn learn(teachers: &[Scaled], n_lags: usize, horizon: usize) -> Option<Self> {
        let rows = Rows::of(teachers, n_lags);
        if rows.at.len() < ROWS_PER_WEIGHT * rows.width {
            return None;
        }
        let weights = (1..=horizon).into_par_iter().map(|ahead| rows.fit(ahead)).collect();
        Some(Self { n_lags, weights })
    }

    /// The next values of a series, if it has more than `n_lags`.
    pub(super) fn path(&self, series: &Scaled) -> Option<Vec<f64>> {
        let at = series.values.len().checked_sub(1).filter(|at| *at >= self.n_lags)?;
        let mut row = vec![0.0; self.n_lags + N_BESIDE];
        series.features(at, self.n_lags, &mut row);
        let next = |weights: &Vec<f64>| (series.values[at] + dot(&row, weights)) * series.unit;
        Some(self.weights.iter().map(next).collect())
    }
}

/// Every moment of every series from which the weights are learned.
struct Rows<'a> {
    panel: &'a [Scaled],
    width: usize,
    features: Vec<f64>,
    at: Vec<Moment>,
}

struct Moment {
    series: usize,
    at: usize,
    weight: f64,
}

impl<'a> Rows<'a> {
    fn of(panel: &'a [Scaled], n_lags: usize) -> Self {
        let width = n_lags + N_BESIDE;
        let n_windows = (ROWS_MAX / panel.len().max(1)).clamp(2, WINDOWS_MAX);
        let moments = |series: usize| {
            let last = panel[series].values.len().saturating_sub(1);
            let first = n_lags.max(last.saturating_sub(n_windows));
            let weight = 1.0 / count(last.saturating_sub(first).max(1));
            (first..last).map(move |at| Moment { series, at, weight })
        };
        let at: Vec<Moment> = (0..panel.len()).flat_map(moments).collect();
        let mut features = vec![0.0; at.len() * width];
        features
            .par_chunks_mut(width)
            .zip(&at)
            .for_each(|(row, moment)| panel[moment.series].features(moment.at, n_lags, row));
        Self { panel, width, features, at }
    }

    /// The weights of one horizon.
    fn fit(&self, ahead: usize) -> Vec<f64> {
        let k = self.width;
        let mut weights = vec![0.0; k];
        let (mut gram, mut product) = (vec![0.0; k * k], vec![0.0; k]);
        for round in 0..ROUNDS {
            gram.fill(0.0);
            product.fill(0.0);
            for (row, moment) in self.features.chunks_exact(k).zip(&self.at) {
                let values = &self.panel[moment.series].values;
                let Some(next) = values.get(moment.at + ahead) else { continue };
                let change = next - values[moment.at];
                let error = (change - dot(row, &weights)).abs();
                let trust = if round == 0 { 1.0 } else { 1.0 / error.max(SMALL_ERROR) };
                for (i, cell) in row.iter().enumerate() {
                    let cell = moment.weight * trust * cell;
                    product[i] += cell * change;
                    let line = &mut gram[i * k..=i * k + i];
                    line.iter_mut().zip(row).for_each(|(sum, other)| *sum += cell * other);
                }
            }
            let trace: f64 = (0..k).map(|i| gram[i * k + i]).sum();
            for i in 0..k {
                gram[i * k + i] += RIDGE * trace / count(k);
            }
            solve(&mut gram, &mut product);
            weights.copy_from_slice(&product);
        }
        weights
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_common_to_all_series_is_learned() {
        // Each change is half the one before and a push that cannot be foreseen.
        let mut seed = 1_u32;
        let mut push = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(seed >> 8) / f64::from(1_u32 << 24) - 0.5
        };
        let mut series = || {
            let mut values = vec![0.0, push()];
            for _ in 0..40 {
                let [.., before, last] = values[..] else { panic!("too short") };
                values.push(last + 0.5 * (last - before) + push());
            }
            Scaled::new(&values)
        };
        let panel: Vec<_> = (0..60).map(|_| series()).collect();
        let pool = Pool::learn(&panel, 4, 1).expect("enough rows");
        for series in &panel {
            let [.., before, last] = series.values[..] else { panic!("too short") };
            let needed = (last + 0.5 * (last - before)) * series.unit;
            let found = pool.path(series).expect("long enough")[0];
            assert!((found - needed).abs() < 0.5 * series.unit, "{found} for {needed}");
        }
    }

    #[test]
    fn a_small_panel_teaches_nothing() {
        assert_eq!(Pool::learn(&[Scaled::new(&[1.0, 2.0, 4.0])], 2, 3), None);
        assert_eq!(Pool::learn(&[], 2, 3), None);
    }
}
