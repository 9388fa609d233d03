//! The choice from a grid inside the training window, by nested rolling origin.
//!
//! May use `features`, `regression` and `score`. Each validation row is forecast by a fit on rows
//! whose growth was known at that row's own period; nothing of the row to be forecast takes part.

use super::features::Row;
use crate::error::Result;
use crate::forecast::regression::{Design, Estimator, Linear, fit};

/// Resolved rows before a validation row counts.
const MIN_RESOLVED: usize = 8;

/// Fits the candidate of least mean absolute error on the last rows; of equals the later, stronger one.
/// Where no validation row has rows enough before it, the last candidate is taken.
///
/// - `ahead`: periods after which a row's growth is known.
pub(super) fn choose_and_fit(
    candidates: &[Estimator],
    is_scaled: bool,
    names: &[String],
    rows: &[Row],
    (ahead, n_validation): (i64, usize),
) -> Result<(Estimator, Linear)> {
    let chosen = match candidates {
        [one] => *one,
        many => choose(many, is_scaled, names, rows, (ahead, n_validation)),
    };
    let all: Vec<&Row> = rows.iter().collect();
    Ok((chosen, fit_scaled(&chosen, is_scaled, names, &all)?))
}

fn choose(
    candidates: &[Estimator],
    is_scaled: bool,
    names: &[String],
    rows: &[Row],
    (ahead, n_validation): (i64, usize),
) -> Estimator {
    let mut best = (f64::INFINITY, candidates[candidates.len() - 1]);
    for candidate in candidates {
        let mut errors = Vec::new();
        for at in rows.iter().rev().take(n_validation) {
            let resolved: Vec<&Row> =
                rows.iter().filter(|row| row.number + ahead <= at.number).collect();
            if resolved.len() < MIN_RESOLVED {
                continue;
            }
            let predicted = fit_scaled(candidate, is_scaled, names, &resolved)
                .and_then(|line| line.predict(&at.x));
            errors.push(predicted.map_or(f64::INFINITY, |value| (at.y - value).abs()));
        }
        let error = crate::forecast::score::mean(&errors).unwrap_or(f64::INFINITY);
        if error <= best.0 && error.is_finite() {
            best = (error, *candidate);
        }
    }
    best.1
}

/// A fit on columns and target of standard deviation 1 where a penalty compares them, told in the
/// units of the rows.
pub(super) fn fit_scaled(
    estimator: &Estimator,
    is_scaled: bool,
    names: &[String],
    rows: &[&Row],
) -> Result<Linear> {
    let y: Vec<f64> = rows.iter().map(|row| row.y).collect();
    if !is_scaled {
        let x: Vec<Vec<f64>> = rows.iter().map(|row| row.x.clone()).collect();
        return fit(estimator, &Design::new(names.to_vec(), &x)?, &y);
    }
    let y_scale = deviation(y.iter().copied());
    let scales: Vec<f64> =
        (0..names.len()).map(|j| deviation(rows.iter().map(|row| row.x[j]))).collect();
    let scaled = |row: &&Row| row.x.iter().zip(&scales).map(|(x, scale)| x / scale).collect();
    let x: Vec<Vec<f64>> = rows.iter().map(scaled).collect();
    let y: Vec<f64> = y.iter().map(|value| value / y_scale).collect();
    let mut line = fit(estimator, &Design::new(names.to_vec(), &x)?, &y)?;
    line.intercept *= y_scale;
    for (weight, scale) in line.coefficients.iter_mut().zip(&scales) {
        *weight *= y_scale / scale;
    }
    line.scale = line.scale.map(|scale| scale * y_scale);
    Ok(line)
}

/// Standard deviation; 1 of values that do not vary.
fn deviation(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    let centre = crate::forecast::score::mean(&values).unwrap_or(0.0);
    let squares: Vec<f64> = values.iter().map(|value| (value - centre).powi(2)).collect();
    let variance = crate::forecast::score::mean(&squares).unwrap_or(0.0);
    if variance > 1e-24 { variance.sqrt() } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |i: i64| {
            let x = f64::from(i32::try_from(i).expect("small")) * 0.7;
            Row { number: i, x: vec![x.sin(), 100.0 * x.cos()], y: 0.5 * x.sin() }
        };
        (0..40).map(row).collect()
    }

    #[test]
    fn the_choice_is_blind_to_what_is_not_resolved_at_the_validation_rows() {
        let names = ["a", "b"].map(str::to_owned);
        let grid = [0.01, 1.0, 1e6].map(|penalty| Estimator::Ridge { penalty });
        let (chosen, line) =
            choose_and_fit(&grid, true, &names, &rows(), (1, 8)).expect("forty rows");
        assert_eq!(chosen, grid[0]);
        assert!((line.coefficients[0] - 0.5).abs() < 1e-3, "{line:?}");
        // Growth four periods ahead: the last four rows of a window of ten resolve none of each other.
        let few = &rows()[..10];
        let (chosen, _) = choose_and_fit(&grid, true, &names, few, (4, 4)).expect("ten rows");
        assert_eq!(chosen, grid[2], "no row is resolved: the strongest penalty");
    }
}
