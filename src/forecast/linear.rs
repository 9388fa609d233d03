//! `ols`: a regression of growth on few lags and one driver, fitted by linfa.
//!
//! May use the core files, `history` and `pooled`. linfa's traps are guarded here: shapes are checked,
//! constant and duplicate columns are found before the fit, and nothing that is not finite goes in.

use linfa::Dataset;
use linfa::traits::{Fit, Predict};
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2};

use super::history::History;
use super::{Forecaster, Path, pooled};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::series::SeriesId;

/// Least squares, direct for each horizon: growth over `h` periods on the last change, the change of
/// the last year, and the panel's mean change of the year before, a period late.
#[derive(Debug, Clone, Copy)]
pub struct LeastSquares;

/// Rows that each coefficient needs.
const ROWS_PER_COEFFICIENT: usize = 5;

impl Forecaster for LeastSquares {
    fn name(&self) -> &'static str {
        "ols"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        self.path_with(known, known, target, horizon)
    }

    fn path_with(
        &self,
        learned: &Snapshot,
        known: &Snapshot,
        target: &SeriesId,
        horizon: usize,
    ) -> Result<Path> {
        let view = |known: &Snapshot| -> Result<(History, Driver)> {
            let history = History::of(known, target, 8)?;
            let driver = Driver::of(known, target, &history)?;
            Ok((history, driver))
        };
        let (history, driver) = view(known)?;
        let now = features_now(&history, &driver)?;
        let n_peers = driver.0.len();
        let (past, driver) = view(learned)
            .ok()
            .filter(|(past, held)| {
                past.scale == history.scale && held.0.is_empty() == (n_peers == 0)
            })
            .unwrap_or_else(|| (history.clone(), driver));
        let steps =
            history.next_periods(horizon).into_iter().zip(1_i64..).map(|(period, ahead)| {
                let growth = least_squares(&rows(&past, &driver, ahead), &now)?;
                let median = history.value(history.last_level() + growth, period);
                Ok((period, median))
            });
        Ok(Path::new(self, steps.collect::<Result<Vec<_>>>()?))
    }
}

/// Mean yearly change of the other companies of the panel, by period number.
struct Driver(Vec<History>);

impl Driver {
    fn of(known: &Snapshot, target: &SeriesId, history: &History) -> Result<Self> {
        let peers = pooled::panel(known, target)?;
        let peers = peers.iter().filter(|peer| *peer != target);
        let alike = |peer: &History| peer.scale == history.scale;
        Ok(Self(peers.filter_map(|p| History::of(known, p, 8).ok()).filter(alike).collect()))
    }

    /// The mean change over the year that ended one period before `number`; `None` if no peer has it.
    fn at(&self, number: i64, season: i64) -> Option<f64> {
        let change =
            |peer: &History| Some(peer.level_at(number - 1)? - peer.level_at(number - 1 - season)?);
        super::score::mean(&self.0.iter().filter_map(change).collect::<Vec<_>>())
    }
}

fn features(history: &History, driver: &Driver, number: i64) -> Option<Vec<f64>> {
    let season = i64::try_from(history.frequency.season()).ok()?;
    let now = history.level_at(number)?;
    let mut row = vec![now - history.level_at(number - 1)?];
    if season > 1 {
        row.push(now - history.level_at(number - season)?);
    }
    if !driver.0.is_empty() {
        row.push(driver.at(number, season)?);
    }
    Some(row)
}

/// The features at the last value.
fn features_now(history: &History, driver: &Driver) -> Result<Vec<f64>> {
    features(history, driver, history.last_number()).ok_or_else(|| {
        Error::insufficient(format!(
            "`ols` needs the year up to {} of {:?} without a gap",
            history.last_period(),
            history.series
        ))
    })
}

/// Features and the growth that followed, of every period that has both.
fn rows(history: &History, driver: &Driver, ahead: i64) -> Vec<(Vec<f64>, f64)> {
    let row = |number: &i64| {
        let growth = history.level_at(number + ahead)? - history.level_at(*number)?;
        Some((features(history, driver, *number)?, growth))
    };
    history.numbers.iter().filter_map(row).collect()
}

/// Fits `y = b₀ + x·b` by least squares (linfa, QR) and evaluates it at `at`.
///
/// - `rows`: pairs of features, shape `(k,)`, and target. `at`: shape `(k,)`.
/// - Columns that are constant or repeat another are left out: they carry nothing.
///
/// # Errors
/// [`Error::Insufficient`] with fewer than five rows a coefficient.
pub fn least_squares(rows: &[(Vec<f64>, f64)], at: &[f64]) -> Result<f64> {
    let n_needed = ROWS_PER_COEFFICIENT * (at.len() + 1);
    if rows.len() < n_needed {
        return Err(Error::insufficient(format!(
            "`ols` with {} variables needs {n_needed} rows; {} are known",
            at.len(),
            rows.len()
        )));
    }
    let kept = informative(rows, at.len());
    let x = Array2::from_shape_fn((rows.len(), kept.len()), |(i, j)| rows[i].0[kept[j]]);
    let y = Array1::from_iter(rows.iter().map(|row| row.1));
    if x.iter().chain(&y).any(|value| !value.is_finite()) {
        return Err(Error::invalid("`ols` was given a value that is not a finite number"));
    }
    if kept.is_empty() {
        return super::score::mean(&y.to_vec())
            .ok_or_else(|| Error::insufficient("`ols` needs a row"));
    }
    let fitted = LinearRegression::new()
        .fit(&Dataset::new(x, y))
        .map_err(|e| Error::invalid("`ols` could not be fitted").caused_by(e))?;
    let at = Array2::from_shape_fn((1, kept.len()), |(_, j)| at[kept[j]]);
    Ok(fitted.predict(&at)[0])
}

/// Columns that vary and do not repeat an earlier one.
fn informative(rows: &[(Vec<f64>, f64)], n_columns: usize) -> Vec<usize> {
    let column = |j: usize| rows.iter().map(move |row| row.0[j]);
    let centred = |j: usize| -> Vec<f64> {
        let values: Vec<_> = column(j).collect();
        let mean = super::score::mean(&values).unwrap_or(0.0);
        values.into_iter().map(|v| v - mean).collect()
    };
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let mut kept: Vec<(usize, Vec<f64>)> = Vec::new();
    for j in 0..n_columns {
        let mine = centred(j);
        let size = dot(&mine, &mine);
        let repeats = |other: &(usize, Vec<f64>)| {
            let across = dot(&mine, &other.1);
            across * across >= (1.0 - 1e-10) * size * dot(&other.1, &other.1)
        };
        if size > 1e-18 && !kept.iter().any(repeats) {
            kept.push((j, mine));
        }
    }
    kept.into_iter().map(|(j, _)| j).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_a_constant_column_left_out() {
        let rows: Vec<_> = (0..20)
            .map(|i| {
                let x = f64::from(i);
                (vec![x, 1.0, 2.0 * x], 3.0 + 2.0 * x)
            })
            .collect();
        let at = least_squares(&rows, &[100.0, 1.0, 200.0]).expect("twenty rows");
        assert!((at - 203.0).abs() < 1e-9);
        assert!(least_squares(&rows[..5], &[1.0, 1.0, 1.0]).is_err());
    }
}
