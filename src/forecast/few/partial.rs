//! What the sums of a window say: the base's fit, each candidate's partial correlation, and forecasts
//! with the best one, the best few, or the mean of many.
//!
//! May use `gram`. All buffers are made once and used again: nothing is allocated at an origin.

use super::gram::Gram;

/// Base columns at most.
const MAX_BASE: usize = 4;
/// Squares left by the base, in a candidate's own variance, below which it says nothing new: a norm of
/// 1e-6 deviations, as in the reference script.
const MIN_PARTIAL: f64 = 1e-12;

/// A candidate after the base has been taken out of it.
#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    /// Its products with the base, in the base's orthonormal columns.
    on_base: [f64; MAX_BASE],
    /// Squares that the base leaves.
    squares: f64,
    /// Its product with the target after the base.
    with_target: f64,
    /// Partial correlation with the target, times the target's norm; 0 where it says nothing new.
    score: f64,
}

/// The fits of one window.
#[derive(Debug, Clone)]
pub struct Partial {
    n_base: usize,
    /// Lower factor of the base's Gram matrix.
    factor: [[f64; MAX_BASE]; MAX_BASE],
    /// The target's products with the base's orthonormal columns.
    target: [f64; MAX_BASE],
    candidates: Vec<Candidate>,
    order: Vec<usize>,
    n_rows: f64,
    /// Lower factor of the chosen candidates' partial Gram matrix, and the two solved vectors.
    chosen: Vec<f64>,
    solved: Vec<(f64, f64)>,
}

/// A row at which a window's fits are evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The whole row, `[base.., candidates..]`.
    values: &'a [f64],
    /// Its base in the base's orthonormal columns.
    on_base: [f64; MAX_BASE],
}

impl Partial {
    /// Buffers for windows of a Gram matrix's shape, of which up to `n_chosen` candidates are fitted
    /// together.
    pub fn new(gram: &Gram, n_chosen: usize) -> Self {
        assert!(gram.n_base() <= MAX_BASE, "a base has at most {MAX_BASE} columns");
        let n = n_chosen.min(gram.n_candidates());
        Self {
            n_base: gram.n_base(),
            factor: [[0.0; MAX_BASE]; MAX_BASE],
            target: [0.0; MAX_BASE],
            candidates: vec![Candidate::default(); gram.n_candidates()],
            order: (0..gram.n_candidates()).collect(),
            n_rows: 0.0,
            chosen: vec![0.0; n * n],
            solved: vec![(0.0, 0.0); n],
        }
    }

    /// Reads a window: takes the base out of every candidate and ranks the candidates by the size of
    /// their partial correlation with the target.
    ///
    /// - Returns false where the base's own columns depend on each other.
    pub fn read(&mut self, gram: &Gram) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
        let n_rows = gram.n_rows() as f64;
        self.n_rows = n_rows;
        if !self.factorise(gram) {
            return false;
        }
        let products = std::array::from_fn(|i| base(i, self.n_base, |i| gram.with_target(i)));
        self.target = self.forward(products);
        for j in 0..self.candidates.len() {
            self.candidates[j] = self.candidate(gram, self.n_base + j);
        }
        let candidates = &self.candidates;
        self.order.iter_mut().enumerate().for_each(|(idx, at)| *at = idx);
        self.order.sort_unstable_by(|a, b| {
            let by_score = candidates[*b].score.total_cmp(&candidates[*a].score);
            by_score.then(a.cmp(b))
        });
        true
    }

    /// Candidates by partial correlation with the target, the largest first.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// A row in the terms of this window.
    pub fn row<'a>(&self, values: &'a [f64]) -> Row<'a> {
        let on_base = std::array::from_fn(|i| base(i, self.n_base, |i| values[i]));
        Row { values, on_base: self.forward(on_base) }
    }

    /// The base's own forecast.
    pub fn base(&self, row: &Row<'_>) -> f64 {
        dot(&row.on_base, &self.target)
    }

    /// What the model of the base and one candidate adds to the base's forecast.
    ///
    /// - `clip`: deviations of the candidate after the base beyond which it is clipped; infinite for no
    ///   clip.
    pub fn with_one(&self, row: &Row<'_>, candidate: usize, clip: f64) -> f64 {
        let found = &self.candidates[candidate];
        if found.score == 0.0 {
            return 0.0;
        }
        let limit = clip * (found.squares / self.n_rows).sqrt();
        let own = self.own(row, candidate);
        let own = if limit.is_finite() { own.clamp(-limit, limit) } else { own };
        found.with_target / found.squares * own
    }

    /// The mean of what the best single-variable models add.
    pub fn mean_of_best(&self, row: &Row<'_>, n_members: usize, clip: f64) -> f64 {
        let n = n_members.min(self.order.len());
        let sum: f64 = self.order[..n].iter().map(|c| self.with_one(row, *c, clip)).sum();
        #[expect(clippy::cast_precision_loss, reason = "members are few")]
        let n = n.max(1) as f64;
        sum / n
    }

    /// Forecasts with the first 1, 2, .. candidates of the ranking fitted together by least squares.
    ///
    /// One Cholesky factor serves all of them, since the candidates of each are the first of the next.
    /// - `said`: what is forecast with each number of variables is put here.
    pub fn with_first(&mut self, gram: &Gram, row: &Row<'_>, min_own_share: f64, said: &mut [f64]) {
        let n = self.solved.len();
        let mut sum = self.base(row);
        for (a, said) in said.iter_mut().enumerate().take(n) {
            let candidate = self.order[a];
            let found = self.candidates[candidate];
            let mut own = found.squares;
            let mut solved = (found.with_target, self.own(row, candidate));
            for b in 0..a {
                let other = self.order[b];
                let mut product = gram.product(self.n_base + candidate, self.n_base + other)
                    - dot(&found.on_base, &self.candidates[other].on_base);
                for c in 0..b {
                    product -= self.chosen[a * n + c] * self.chosen[b * n + c];
                }
                let pivot = self.chosen[b * n + b];
                let weight = if pivot > 0.0 { product / pivot } else { 0.0 };
                self.chosen[a * n + b] = weight;
                own -= weight * weight;
                solved.0 -= weight * self.solved[b].0;
                solved.1 -= weight * self.solved[b].1;
            }
            let is_new = found.score > 0.0 && own > min_own_share * found.squares;
            let pivot = if is_new { own.sqrt() } else { 0.0 };
            self.chosen[a * n + a] = pivot;
            let over = |value: f64| if is_new { value / pivot } else { 0.0 };
            self.solved[a] = (over(solved.0), over(solved.1));
            sum += self.solved[a].0 * self.solved[a].1;
            *said = sum;
        }
    }

    /// A row's candidate less what the base says of it.
    fn own(&self, row: &Row<'_>, candidate: usize) -> f64 {
        let on_base = &self.candidates[candidate].on_base;
        row.values[self.n_base + candidate] - dot(&row.on_base, on_base)
    }

    fn candidate(&self, gram: &Gram, column: usize) -> Candidate {
        let products = std::array::from_fn(|i| base(i, self.n_base, |i| gram.product(i, column)));
        let on_base = self.forward(products);
        let squares = gram.product(column, column) - dot(&on_base, &on_base);
        let with_target = gram.with_target(column) - dot(&on_base, &self.target);
        let mean = gram.product(0, column) / self.n_rows;
        let variance = gram.product(column, column) / self.n_rows - mean * mean;
        let says_something = variance > 0.0 && squares > MIN_PARTIAL * variance;
        let score = if says_something { with_target.abs() / squares.sqrt() } else { 0.0 };
        Candidate { on_base, squares, with_target, score }
    }

    fn factorise(&mut self, gram: &Gram) -> bool {
        for i in 0..self.n_base {
            for j in 0..=i {
                let known: f64 = (0..j).map(|k| self.factor[i][k] * self.factor[j][k]).sum();
                let rest = gram.product(i, j) - known;
                if i > j {
                    self.factor[i][j] = rest / self.factor[j][j];
                } else if rest > MIN_PARTIAL * gram.product(i, i) {
                    self.factor[i][i] = rest.sqrt();
                } else {
                    return false;
                }
            }
        }
        true
    }

    /// Solves the base's lower factor for a vector.
    fn forward(&self, mut vector: [f64; MAX_BASE]) -> [f64; MAX_BASE] {
        for i in 0..self.n_base {
            for k in 0..i {
                vector[i] -= self.factor[i][k] * vector[k];
            }
            vector[i] /= self.factor[i][i];
        }
        vector
    }
}

/// The value of a base column; 0 beyond them.
fn base(idx: usize, n_base: usize, value: impl Fn(usize) -> f64) -> f64 {
    if idx < n_base { value(idx) } else { 0.0 }
}

fn dot(a: &[f64; MAX_BASE], b: &[f64; MAX_BASE]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::regression::{Design, Estimator, fit};

    fn rows(n: u32) -> (Vec<Vec<f64>>, Vec<f64>) {
        let row = |i: u32| {
            let t = f64::from(i);
            let lag = (t * 0.31).sin() + 80.0;
            let x = [(t * 0.7).cos(), (t * 1.3).sin() * 5.0, (t * 0.05).cos(), (t * 2.1).sin()];
            [vec![1.0, lag, (t * 0.9).sin()], x.to_vec()].concat()
        };
        let rows: Vec<_> = (0..n).map(row).collect();
        let y = |r: &Vec<f64>| 2.0 + 0.5 * r[1] + 3.0 * r[4] + r[5] * r[6] + r[3] * r[2];
        let y = rows.iter().map(y).collect();
        (rows, y)
    }

    #[test]
    fn updated_sums_give_the_forecasts_of_a_refit_by_linfa() {
        let (rows, y) = rows(80);
        let mut gram = Gram::new(3, 4);
        let mut partial = Partial::new(&gram, 4);
        for (at, (row, target)) in rows.iter().zip(&y).enumerate() {
            if at >= 20 {
                assert!(partial.read(&gram));
                let mut said = [0.0; 4];
                let now = partial.row(row);
                partial.with_first(&gram, &now, 1e-10, &mut said);
                for k in 1..=4 {
                    let columns: Vec<usize> = [1, 2]
                        .into_iter()
                        .chain(partial.order()[..k].iter().map(|c| 3 + c))
                        .collect();
                    let pick = |row: &Vec<f64>| columns.iter().map(|c| row[*c]).collect::<Vec<_>>();
                    let x: Vec<_> = rows[..at].iter().map(pick).collect();
                    let names = columns.iter().map(|c| format!("x{c}")).collect();
                    let design = Design::new(names, &x).expect("finite");
                    let line = fit(&Estimator::LeastSquares {}, &design, &y[..at]).expect("fits");
                    let refit = line.predict(&pick(row)).expect("as wide");
                    let close = (said[k - 1] - refit).abs() <= 1e-9 * refit.abs().max(1.0);
                    assert!(close, "row {at}, {k} variables: {} {refit}", said[k - 1]);
                }
                let one = partial.base(&now) + partial.with_one(&now, partial.order()[0], 1e9);
                assert!((one - said[0]).abs() < 1e-9);
            }
            gram.add(row, *target);
        }
        assert_eq!((gram.n_rows(), gram.range(0)), (80, (1.0, 1.0)));
    }

    #[test]
    fn a_repeated_candidate_adds_nothing() {
        let mut gram = Gram::new(1, 2);
        for i in 0..12 {
            let x = f64::from(i * i % 7);
            gram.add(&[1.0, x, 2.0 * x], 3.0 * x + 1.0);
        }
        let mut partial = Partial::new(&gram, 2);
        assert!(partial.read(&gram));
        let mut said = [0.0; 2];
        let row = partial.row(&[1.0, 10.0, 20.0]);
        partial.with_first(&gram, &row, 1e-10, &mut said);
        assert!((said[0] - 31.0).abs() < 1e-9 && (said[1] - 31.0).abs() < 1e-9, "{said:?}");
    }
}
