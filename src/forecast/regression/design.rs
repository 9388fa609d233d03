//! The matrix of a regression, with names for its columns.
//!
//! May use `error`. Checks shapes and finiteness once, so that no estimator has to.

use ndarray::Array2;

use super::moments::{MIN_OWN_SHARE, MIN_SQUARES, Moments};
use crate::error::{Error, Result};

/// Rows of features under named columns; every value finite.
#[derive(Debug, Clone)]
pub struct Design {
    names: Vec<String>,
    x: Array2<f64>,
}

/// A column that was left out of a fit, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// The reason in words.
    pub reason: String,
}

impl Design {
    /// Rows under names.
    ///
    /// - `rows`: shape `(n, k)` with `k` names.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a row has another length or holds a value that is not finite.
    pub fn new(names: Vec<String>, rows: &[Vec<f64>]) -> Result<Self> {
        for (row_idx, row) in rows.iter().enumerate() {
            if row.len() != names.len() {
                return Err(Error::invalid(format!(
                    "row {row_idx} of a design has {} values; needed are {}",
                    row.len(),
                    names.len()
                )));
            }
            if let Some(column) = row.iter().position(|value| !value.is_finite()) {
                return Err(not_finite(&names[column], row[column], row_idx));
            }
        }
        let x = Array2::from_shape_fn((rows.len(), names.len()), |(i, j)| rows[i][j]);
        Ok(Self { names, x })
    }

    /// A matrix under names, one a column; see [`Design::new`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if a value is not finite.
    pub(crate) fn of(names: Vec<String>, x: Array2<f64>) -> Result<Self> {
        match x.indexed_iter().find(|(_, value)| !value.is_finite()) {
            Some(((row, column), value)) => Err(not_finite(&names[column], *value, row)),
            None => Ok(Self { names, x }),
        }
    }

    /// How many rows.
    pub fn n_rows(&self) -> usize {
        self.x.nrows()
    }

    /// How many columns.
    pub fn n_columns(&self) -> usize {
        self.x.ncols()
    }

    pub(super) fn columns(&self, kept: &[usize]) -> Array2<f64> {
        if kept.len() == self.n_columns() {
            return self.x.clone();
        }
        Array2::from_shape_fn((self.n_rows(), kept.len()), |(i, j)| self.x[[i, kept[j]]])
    }

    pub(super) fn check_target(&self, y: &[f64]) -> Result<()> {
        if y.len() != self.n_rows() || y.is_empty() {
            return Err(Error::insufficient(format!(
                "a fit needs one target a row and at least one; {} targets and {} rows are known",
                y.len(),
                self.n_rows()
            )));
        }
        match y.iter().find(|value| !value.is_finite()) {
            Some(value) => {
                Err(Error::invalid(format!("a target is {value}; needed is a finite number")))
            }
            None => Ok(()),
        }
    }

    /// Columns that vary and do not follow from earlier ones, and those left out.
    pub(super) fn informative(&self) -> (Vec<usize>, Vec<LeftOut>) {
        if self.all_plain() {
            return ((0..self.n_columns()).collect(), Vec::new());
        }
        self.looked_at_closely()
    }

    fn looked_at_closely(&self) -> (Vec<usize>, Vec<LeftOut>) {
        let mut kept: Vec<(usize, Vec<f64>)> = Vec::new();
        let mut left_out = Vec::new();
        for j in 0..self.n_columns() {
            let centred = self.centred(j);
            let squares = dot(&centred, &centred);
            if squares <= MIN_SQUARES * self.magnitude(j) {
                left_out.push(self.leave(j, "it is constant".to_owned()));
                continue;
            }
            let mut own = centred.clone();
            for (_, basis) in &kept {
                let share = dot(&own, basis) / dot(basis, basis);
                own.iter_mut().zip(basis).for_each(|(value, b)| *value -= share * b);
            }
            if dot(&own, &own) > MIN_OWN_SHARE * squares {
                kept.push((j, own));
                continue;
            }
            let others = kept.iter().map(|(other, _)| *other);
            let reason = others.clone().find(|other| self.repeats(&centred, *other)).map_or_else(
                || "it follows from the columns before it".to_owned(),
                |other| format!("it repeats `{}`", self.names[other]),
            );
            left_out.push(self.leave(j, reason));
        }
        (kept.into_iter().map(|(j, _)| j).collect(), left_out)
    }

    /// Whether every column plainly varies and plainly adds to those before it, by its products with
    /// the others alone; if not, each is looked at for itself.
    fn all_plain(&self) -> bool {
        let mut moments = Moments::new(self.n_columns());
        for row in self.x.rows() {
            moments.see(row.iter().copied());
        }
        moments.plain_products(self.n_columns()).is_some()
    }

    fn repeats(&self, centred: &[f64], other: usize) -> bool {
        let other = self.centred(other);
        let across = dot(centred, &other);
        across * across >= (1.0 - MIN_OWN_SHARE) * dot(centred, centred) * dot(&other, &other)
    }

    fn leave(&self, column: usize, reason: String) -> LeftOut {
        LeftOut { name: self.names[column].clone(), reason }
    }

    fn centred(&self, column: usize) -> Vec<f64> {
        let values = self.x.column(column).to_vec();
        let mean = super::solve::mean(&values);
        values.into_iter().map(|value| value - mean).collect()
    }

    /// Squares against which a column is judged constant: its own, and 1 at least.
    fn magnitude(&self, column: usize) -> f64 {
        self.x.column(column).iter().map(|value| value * value).sum::<f64>().max(1.0)
    }
}

fn not_finite(name: &str, value: f64, row_idx: usize) -> Error {
    Error::invalid(format!(
        "`{name}` is {value} in row {row_idx} of a design; needed is a finite number"
    ))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_products_call_plain_a_close_look_keeps() {
        let wave = |i: u32, pace: f64| (f64::from(i) * pace).sin();
        let mut n_plain = 0;
        for offset in [0.0, 1e3, 1e6, 1e9] {
            for size in [1.0, 1e-2, 1e-4, 1e-6, 1e-8, 0.0] {
                let row = |i| {
                    let first = offset + wave(i, 0.7);
                    vec![first, wave(i, 1.3), first + size * wave(i, 0.31)]
                };
                let rows: Vec<Vec<f64>> = (0..60).map(row).collect();
                let names = ["a", "b", "c"].map(str::to_owned).to_vec();
                let design = Design::new(names, &rows).expect("finite");
                assert_eq!(design.informative(), design.looked_at_closely(), "{offset} {size}");
                n_plain += usize::from(design.all_plain());
            }
        }
        assert!((4..20).contains(&n_plain), "{n_plain} of 24 designs are plain");
    }
}
