//! Metrics of many forecasts of one model and horizon: over all of them, and over those not refused.
//!
//! May use `backtest`, `history`, `score` and `skill`. Hides no number: a refused forecast counts
//! in `all`.

use chrono::NaiveDate;

use super::backtest::Row;
use super::history::Scale;
use super::score;
use super::skill;

/// Metrics over all forecasts and over the answered ones.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Over all.
    pub all: Scores,
    /// Over those that were not refused.
    pub answered: Scores,
    /// Lower bound of skill over all, by block bootstrap over origins.
    pub skill_lower: Option<f64>,
}

/// Metrics of a set of forecasts; `None` where it holds nothing to measure.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    /// Forecasts scored.
    pub n: usize,
    /// Mean absolute log error.
    pub mae_log: Option<f64>,
    /// Mean absolute scaled error, each scaled by its own training window.
    pub mase: Option<f64>,
    /// Mean weighted interval score, in the target's unit.
    pub wis: Option<f64>,
    /// Share of actuals inside the 80% interval.
    pub coverage_80: Option<f64>,
    /// Share of actuals inside the 95% interval.
    pub coverage_95: Option<f64>,
    /// Skill against the last value, by absolute (log) error.
    pub skill: Option<f64>,
}

/// Scores rows whose actual is known; rows without one are passed over.
pub fn summarise(rows: &[&Row]) -> Metrics {
    let answered: Vec<_> = rows.iter().filter(|row| row.refusal.is_none()).copied().collect();
    let pairs: Vec<_> = rows.iter().filter_map(|row| errors(row)).collect();
    let key = rows.first().map_or(String::new(), |row| format!("{}.{}", row.model, row.horizon));
    let horizon = rows.first().map_or(1, |row| row.horizon);
    Metrics {
        all: scores(rows),
        answered: scores(&answered),
        skill_lower: skill::lower_bound(&pairs, &key, horizon),
    }
}

/// Origin, absolute error and the naive forecast's, on the model's scale; `None` without an actual.
pub fn errors(row: &Row) -> Option<(NaiveDate, f64, f64)> {
    let actual = row.actual?;
    let error = |forecast: f64| match row.scale {
        Scale::Log => score::absolute_log_error(actual, forecast),
        Scale::Linear => Some((actual - forecast).abs()),
    };
    Some((row.origin, error(row.median)?, error(row.naive)?))
}

fn scores(rows: &[&Row]) -> Scores {
    let resolved: Vec<_> = rows.iter().filter_map(|row| Some((*row, row.actual?))).collect();
    let log_errors: Vec<_> =
        resolved.iter().filter_map(|(row, y)| score::absolute_log_error(*y, row.median)).collect();
    let scaled: Vec<_> = resolved
        .iter()
        .filter_map(|(row, y)| Some((y - row.median).abs() / row.mase_scale?))
        .collect();
    let wis: Vec<_> = resolved
        .iter()
        .filter(|(row, _)| row.quantiles.n_residuals() > 0)
        .map(|(row, y)| score::wis(*y, &score::WIS_LEVELS.map(|q| (q, row.quantiles.at(q)))))
        .collect();
    let (errors, naive): (Vec<_>, Vec<_>) =
        rows.iter().filter_map(|row| errors(row)).map(|(_, e, n)| (e, n)).unzip();
    Scores {
        n: resolved.len(),
        mae_log: score::mean(&log_errors).filter(|_| log_errors.len() == resolved.len()),
        mase: score::mean(&scaled),
        wis: score::mean(&wis),
        coverage_80: covered(&resolved, 0.8),
        coverage_95: covered(&resolved, 0.95),
        skill: score::skill(&errors, &naive),
    }
}

fn covered(resolved: &[(&Row, f64)], coverage: f64) -> Option<f64> {
    let (intervals, actual): (Vec<_>, Vec<_>) = resolved
        .iter()
        .filter_map(|(row, y)| Some((row.quantiles.interval(coverage)?, *y)))
        .unzip();
    score::coverage(&intervals, &actual)
}
