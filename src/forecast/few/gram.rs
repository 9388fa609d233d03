//! Sums of squares and products of a window, kept up to date as it grows by a row.
//!
//! May use nothing else of the crate. Adding a row is exact but for rounding: the sums are those of a
//! refit, added in the same order. A test holds them to linfa's least squares at 1e-9.

/// Sufficient statistics of a regression on a few base columns and many candidates.
///
/// A row is `[base.., candidates..]` beside its target. Adding one costs half the square of its length;
/// nothing is refitted and nothing allocated.
#[derive(Debug, Clone)]
pub struct Gram {
    n_base: usize,
    n_columns: usize,
    n_rows: usize,
    /// Lower triangle of the products of columns, row by row.
    cross: Vec<f64>,
    /// Products of columns with the target.
    with_target: Vec<f64>,
    target_squares: f64,
    range: Vec<(f64, f64)>,
}

impl Gram {
    /// No row yet.
    ///
    /// - `n_base`: columns that every model has; the first must be the constant 1.
    pub fn new(n_base: usize, n_candidates: usize) -> Self {
        let n_columns = n_base + n_candidates;
        Self {
            n_base,
            n_columns,
            n_rows: 0,
            cross: vec![0.0; n_columns * (n_columns + 1) / 2],
            with_target: vec![0.0; n_columns],
            target_squares: 0.0,
            range: vec![(f64::INFINITY, f64::NEG_INFINITY); n_columns],
        }
    }

    /// Adds a row: one update of rank one.
    ///
    /// - `row`: shape `(n_base + n_candidates,)`. `target`: its target.
    pub fn add(&mut self, row: &[f64], target: f64) {
        debug_assert_eq!(row.len(), self.n_columns);
        let mut rest = self.cross.as_mut_slice();
        for (i, value) in row.iter().enumerate() {
            let (of_row, after) = rest.split_at_mut(i + 1);
            of_row.iter_mut().zip(row).for_each(|(sum, other)| *sum += value * other);
            rest = after;
        }
        for ((sum, (low, high)), value) in self.with_target.iter_mut().zip(&mut self.range).zip(row)
        {
            *sum += value * target;
            (*low, *high) = (low.min(*value), high.max(*value));
        }
        self.target_squares += target * target;
        self.n_rows += 1;
    }

    /// Columns that every model has.
    pub fn n_base(&self) -> usize {
        self.n_base
    }

    /// Candidates.
    pub fn n_candidates(&self) -> usize {
        self.n_columns - self.n_base
    }

    /// Rows so far.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Sum of products of two columns.
    pub fn product(&self, i: usize, j: usize) -> f64 {
        let (low, high) = (i.min(j), i.max(j));
        self.cross[high * (high + 1) / 2 + low]
    }

    /// Sum of products of a column with the target.
    pub fn with_target(&self, column: usize) -> f64 {
        self.with_target[column]
    }

    /// Sum of squares of the target.
    pub fn target_squares(&self) -> f64 {
        self.target_squares
    }

    /// Least and greatest value of a column over the rows.
    pub fn range(&self, column: usize) -> (f64, f64) {
        self.range[column]
    }
}
