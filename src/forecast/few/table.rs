//! A table of plain numbers: columns by period, every cell finite.
//!
//! May use `error`. Checked once, so that nothing below has to.

use crate::error::{Error, Result};

/// Columns of equal length under names.
#[derive(Debug, Clone)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

impl Table {
    /// A table of columns.
    ///
    /// - `columns`: one a name, each of shape `(n,)`, one value a period, oldest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for columns of different length or a value that is not finite;
    /// [`Error::Insufficient`] with fewer than two columns or no row.
    pub fn new(names: Vec<String>, columns: Vec<Vec<f64>>) -> Result<Self> {
        let n_rows = columns.first().map_or(0, Vec::len);
        if names.len() != columns.len() || columns.len() < 2 || n_rows == 0 {
            return Err(Error::insufficient(format!(
                "a table needs two columns under names and a row; found are {} names, {} columns, {n_rows} rows",
                names.len(),
                columns.len()
            )));
        }
        for (name, column) in names.iter().zip(&columns) {
            if column.len() != n_rows {
                return Err(Error::invalid(format!(
                    "column `{name}` has {} rows; needed are {n_rows}",
                    column.len()
                )));
            }
            if let Some(row_idx) = column.iter().position(|value| !value.is_finite()) {
                return Err(Error::invalid(format!(
                    "column `{name}` is {} in row {row_idx}; needed is a finite number",
                    column[row_idx]
                )));
            }
        }
        Ok(Self { names, columns })
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many periods.
    pub fn n_rows(&self) -> usize {
        self.columns[0].len()
    }

    /// How many columns.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// A column by its index.
    pub fn column(&self, column: usize) -> &[f64] {
        &self.columns[column]
    }

    /// The index of a column.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown name.
    pub fn index(&self, name: &str) -> Result<usize> {
        self.names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| Error::not_found(format!("no column `{name}` in the table")))
    }

    /// The same table with every column at mean 0 and deviation 1 over its first rows, and those means
    /// and deviations: a change of units, which changes no forecast and keeps sums of squares small.
    pub(super) fn standardised(&self, n_first: usize) -> (Self, Vec<(f64, f64)>) {
        let units: Vec<_> = self.columns.iter().map(|c| unit(&c[..n_first.min(c.len())])).collect();
        let scaled = |(column, (centre, scale)): (&Vec<f64>, &(f64, f64))| {
            column.iter().map(|value| (value - centre) / scale).collect()
        };
        let columns = self.columns.iter().zip(&units).map(scaled).collect();
        (Self { names: self.names.clone(), columns }, units)
    }
}

/// Mean and deviation; a deviation of 1 where values do not vary.
fn unit(values: &[f64]) -> (f64, f64) {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 rows")]
    let n = values.len().max(1) as f64;
    let centre = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / n;
    let scale = variance.sqrt();
    let varies = scale > 1e-9 * centre.abs() && scale.is_finite() && scale > 0.0;
    (centre, if varies { scale } else { 1.0 })
}
