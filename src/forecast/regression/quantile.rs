//! Quantile regression at an exact vertex of its linear programme.
//!
//! May use `error`. A vertex passes through as many rows as there are coefficients; from it the best of
//! all edges is followed as far as the loss falls, until no edge lowers it (simplex with long steps).

use ndarray::{Array2, ArrayView2};

use super::Fitted;
use super::solve::{count, inverse, mean};
use crate::error::{Error, Result};

/// Rows are moved by shares of this size of the target's spread, so that no two tie at a vertex; the
/// answer is read off the rows as they are.
const NUDGE: f64 = 1e-9;
/// Slope below which an edge no longer lowers the loss.
const FLAT: f64 = 1e-11;

/// Minimises `Σ pinball(level, y − b − Xw)/n + penalty·‖w‖₁`.
///
/// The penalty enters as two rows a column, `±n·penalty·w`, whose losses add up to it.
///
/// # Source
/// Koenker and Bassett (1978), doi:10.2307/1913643; Barrodale and Roberts (1973), doi:10.1137/0710069
pub(super) fn fit(x: ArrayView2<'_, f64>, y: &[f64], level: f64, penalty: f64) -> Result<Fitted> {
    let k = x.ncols();
    let scales: Vec<f64> =
        x.columns().into_iter().map(|c| c.iter().fold(0.0_f64, |a, b| a.max(b.abs()))).collect();
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(y.len() + 2 * k);
    for row in x.rows() {
        let scaled = row.iter().zip(&scales).map(|(x, scale)| x / scale);
        rows.push(std::iter::once(1.0).chain(scaled).collect());
    }
    let mut target = y.to_vec();
    if penalty > 0.0 {
        for (j, scale) in scales.iter().enumerate() {
            for sign in [1.0, -1.0] {
                let mut row = vec![0.0; k + 1];
                row[j + 1] = sign * count(y.len()) * penalty / scale;
                rows.push(row);
                target.push(0.0);
            }
        }
    }
    let vertex = Programme::new(rows, target, level).solve()?;
    let coefficients = vertex[1..].iter().zip(&scales).map(|(w, scale)| w / scale).collect();
    Ok(Fitted { intercept: vertex[0], coefficients, scale: None })
}

struct Programme {
    rows: Vec<Vec<f64>>,
    target: Vec<f64>,
    nudged: Vec<f64>,
    level: f64,
}

impl Programme {
    fn new(rows: Vec<Vec<f64>>, target: Vec<f64>, level: f64) -> Self {
        let centre = mean(&target);
        let spread = target.iter().map(|value| (value - centre).abs()).fold(0.0, f64::max);
        let spread = if spread > 0.0 { spread } else { centre.abs().max(1.0) };
        // The golden ratio's multiples spread evenly and never repeat.
        let share = |i: usize| (count(i + 1) * 0.618_033_988_749_895).fract() - 0.5;
        let nudged =
            target.iter().enumerate().map(|(i, v)| v + NUDGE * spread * share(i)).collect();
        Self { rows, target, nudged, level }
    }

    /// Walks from vertex to vertex. Where rows repeat each other up to rounding the walk may stand
    /// still; the best vertex is then the answer, since no edge lowers the loss by more than rounding.
    fn solve(&self) -> Result<Vec<f64>> {
        let mut basis = self.first_basis()?;
        let mut best = (f64::INFINITY, basis.clone());
        let mut n_idle = 0;
        for _ in 0..50 * self.rows.len() {
            let inverse = inverse(&self.matrix(&basis))?;
            let at = product(&inverse, &at_basis(&basis, &self.nudged));
            let loss = self.loss(&at);
            n_idle = if loss < best.0 { 0 } else { n_idle + 1 };
            if loss < best.0 {
                best = (loss, basis.clone());
            }
            let edge = self.best_edge(&basis, &inverse, &at);
            let Some((leaving, direction)) = edge.filter(|_| n_idle <= self.rows.len()) else {
                break;
            };
            match self.long_step(&basis, leaving, &direction, &at) {
                Some(entering) => basis[leaving] = entering,
                None => break,
            }
        }
        let basis = best.1;
        Ok(product(&inverse(&self.matrix(&basis))?, &at_basis(&basis, &self.target)))
    }

    fn loss(&self, at: &[f64]) -> f64 {
        let residuals = self.rows.iter().zip(&self.nudged).map(|(row, y)| y - dot(row, at));
        residuals.map(|r| (self.level * r).max((self.level - 1.0) * r)).sum()
    }

    /// Rows that are independent, by elimination with pivots.
    fn first_basis(&self) -> Result<Vec<usize>> {
        let width = self.rows[0].len();
        let mut left = self.rows.clone();
        let mut basis = Vec::with_capacity(width);
        for j in 0..width {
            let free = (0..left.len()).filter(|i| !basis.contains(i));
            let pivot = free
                .max_by(|a, b| left[*a][j].abs().total_cmp(&left[*b][j].abs()))
                .filter(|i| left[*i][j].abs() > 1e-12)
                .ok_or_else(|| Error::invalid("the columns of a fit depend on each other"))?;
            let row = left[pivot].clone();
            for (i, other) in left.iter_mut().enumerate() {
                if i != pivot {
                    let factor = other[j] / row[j];
                    other.iter_mut().zip(&row).for_each(|(value, r)| *value -= factor * r);
                }
            }
            basis.push(pivot);
        }
        Ok(basis)
    }

    fn matrix(&self, basis: &[usize]) -> Array2<f64> {
        Array2::from_shape_fn((basis.len(), basis.len()), |(i, j)| self.rows[basis[i]][j])
    }

    /// The edge along which the loss falls fastest: the place in the basis of the row that leaves, and
    /// the direction; `None` at the minimum.
    fn best_edge(
        &self,
        basis: &[usize],
        inverse: &Array2<f64>,
        at: &[f64],
    ) -> Option<(usize, Vec<f64>)> {
        let mut pull = vec![0.0; at.len()];
        let mut size = 0.0_f64;
        for (i, row) in self.rows.iter().enumerate().filter(|(i, _)| !basis.contains(i)) {
            let above = self.nudged[i] - dot(row, at) > 0.0;
            let weight = if above { -self.level } else { 1.0 - self.level };
            pull.iter_mut().zip(row).for_each(|(p, x)| *p += weight * x);
            size += row.iter().map(|x| x.abs()).fold(0.0, f64::max);
        }
        let mut best: Option<(f64, usize, f64)> = None;
        for place in 0..basis.len() {
            let along: f64 = (0..at.len()).map(|j| pull[j] * inverse[[j, place]]).sum();
            // Forward the leaving row's residual falls below zero, backward it rises above.
            for (sign, own) in [(1.0, 1.0 - self.level), (-1.0, self.level)] {
                let slope = sign * along + own;
                if slope < -FLAT * (1.0 + size) && best.is_none_or(|(held, _, _)| slope < held) {
                    best = Some((slope, place, sign));
                }
            }
        }
        let (_, place, sign) = best?;
        Some((place, (0..at.len()).map(|j| sign * inverse[[j, place]]).collect()))
    }

    /// The row at which the loss along a direction stops to fall.
    fn long_step(
        &self,
        basis: &[usize],
        leaving: usize,
        direction: &[f64],
        at: &[f64],
    ) -> Option<usize> {
        let own = dot(&self.rows[basis[leaving]], direction);
        let mut slope = if own > 0.0 { 1.0 - self.level } else { self.level };
        let mut crossings: Vec<(f64, f64, usize)> = Vec::new();
        for (i, row) in self.rows.iter().enumerate().filter(|(i, _)| !basis.contains(i)) {
            let (residual, change) = (self.nudged[i] - dot(row, at), dot(row, direction));
            let weight = if residual > 0.0 { -self.level } else { 1.0 - self.level };
            slope += weight * change;
            if residual * change > 0.0 && change.abs() > 1e-12 {
                crossings.push((residual / change, change.abs(), i));
            }
        }
        crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, rise, row) in crossings {
            slope += rise;
            if slope >= 0.0 {
                return Some(row);
            }
        }
        None
    }
}

fn at_basis(basis: &[usize], target: &[f64]) -> Vec<f64> {
    basis.iter().map(|row| target[*row]).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn product(matrix: &Array2<f64>, vector: &[f64]) -> Vec<f64> {
    matrix.rows().into_iter().map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum()).collect()
}
