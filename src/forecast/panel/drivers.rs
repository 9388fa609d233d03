//! Ridge regression of a series on its own lags and on columns that are known ahead.
//!
//! May use `error`, `regression`, `univariate` and its neighbours. Pure.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::Values;
use crate::error::{Error, Result};
use crate::forecast::regression::{Design, Estimator, Linear, fit};
use crate::forecast::univariate::{Answer, Question, answer_by};

/// What the regression sees of a series, and how far its weights are drawn to zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ridge {
    lags: Vec<usize>,
    penalty: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { lags: vec![1], penalty: 1.0 }
    }
}

/// The furthest lag that may be asked.
const LAG_MAX: usize = 400;

impl Ridge {
    /// - `lags`: periods back, each from 1; none is allowed where columns are given.
    /// - `penalty`: added to the diagonal of `XᵀX`, as scikit-learn's `alpha`; 0 or more.
    ///
    /// # Errors
    /// [`Error::Invalid`] names what is out of bounds.
    pub fn new(lags: Vec<usize>, penalty: f64) -> Result<Self> {
        if let Some(lag) = lags.iter().find(|lag| !(1..=LAG_MAX).contains(*lag)) {
            return Err(Error::invalid(format!("lag {lag} asked; needed is 1 to {LAG_MAX}")));
        }
        if !(penalty >= 0.0 && penalty.is_finite()) {
            return Err(Error::invalid(format!("penalty {penalty} asked; needed is 0 or more")));
        }
        Ok(Self { lags, penalty })
    }

    fn furthest(&self) -> usize {
        self.lags.iter().copied().max().unwrap_or(0)
    }

    /// Values that a series needs: two more than are lost to lags.
    pub(super) fn n_needed(&self) -> usize {
        self.furthest() + 2
    }

    /// `y_t = a + Σ φ_l · y_(t−l) + Σ β_k · x_(k,t)`; further periods use the forecasts of nearer ones.
    ///
    /// Without columns for every period known and asked the last value is carried on.
    pub(super) fn answer(&self, values: Values<'_>, question: Question) -> Answer {
        let path = self.path(values, question.horizon);
        answer_by(values.y, path, question, super::model::RIDGE)
    }

    fn path(&self, Values { y, x }: Values<'_>, horizon: usize) -> Option<Vec<f64>> {
        let n_columns = self.lags.len() + x.len();
        let known_ahead = x.iter().all(|column| column.len() >= y.len() + horizon);
        if n_columns == 0 || !known_ahead || y.len() < self.n_needed() {
            return None;
        }
        let (n_lags, first) = (self.lags.len(), self.furthest());
        let cell = |y: &[f64], at: usize, column: usize| match self.lags.get(column) {
            Some(lag) => y[at - lag],
            None => x[column - n_lags][at],
        };
        let rows = Array2::from_shape_fn((y.len() - first, n_columns), |(row, column)| {
            cell(y, first + row, column)
        });
        let linear = self.fit(rows, &y[first..]).ok()?;
        let mut all = y.to_vec();
        let mut row = vec![0.0; n_columns];
        for at in y.len()..y.len() + horizon {
            for (column, x) in row.iter_mut().enumerate() {
                *x = cell(&all, at, column);
            }
            all.push(linear.predict(&row).ok()?);
        }
        Some(all.split_off(y.len()))
    }

    fn fit(&self, rows: Array2<f64>, y: &[f64]) -> Result<Linear> {
        let names = (0..rows.ncols()).map(|idx| idx.to_string()).collect();
        fit(&Estimator::Ridge { penalty: self.penalty }, &Design::of(names, rows)?, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_that_of_scikit_learn() {
        // tests/reference/panel_ridge.py: Ridge(alpha=0.5) on lag 1 and two columns, recursive.
        let y: Vec<f64> =
            (0..20).map(|t| 10.0 + f64::from(t * 7 % 5) + 0.3 * f64::from(t)).collect();
        let x = vec![
            (0..23).map(|t| f64::from(t * 3 % 7)).collect::<Vec<f64>>(),
            (0..23).map(|t| f64::from(t * t % 11)).collect(),
        ];
        let ridge = Ridge::new(vec![1], 0.5).expect("in bounds");
        let path = ridge.path(Values { y: &y, x: &x }, 3).expect("enough");
        let needed = [16.641_056_190_253_014, 16.090_077_779_253_672, 15.809_546_547_448_976];
        for (found, needed) in path.iter().zip(needed) {
            assert!((found - needed).abs() < 1e-9, "{path:?}");
        }
        assert_eq!(ridge.path(Values { y: &y, x: &[vec![0.0; 22]] }, 3), None);
        assert!(Ridge::new(vec![0], 1.0).is_err() && Ridge::new(vec![1], f64::NAN).is_err());
    }
}
