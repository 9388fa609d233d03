//! Which model is better: each against the last value, and the set that holds the best one.
//!
//! May use `backtest`, `bootstrap`, `score`, `spec` and `summary`. Losses are absolute errors on the
//! model's scale, averaged over the companies of one quarter of origins.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::backtest::Row;
use super::bootstrap::quarter;
use super::score;
use super::score::compare::{
    self, EqualAccuracy, Resampling, Statistic, equal_accuracy, model_confidence_set,
};
use super::spec::Spec;
use super::summary::errors;
use crate::draws::Randomness;
use crate::series::SeriesId;

/// Level of the model confidence set: models with a p-value above it are in the set of 90%.
pub const LEVEL: f64 = 0.1;

/// Lags of the check that one-step errors are free of autocorrelation: a year of quarters.
const N_LAGS: usize = 4;

/// Diebold and Mariano's test of a model against the last value, on rows of one horizon.
pub fn against_last_value(rows: &[&Row]) -> Option<EqualAccuracy> {
    let horizon = rows.first()?.horizon;
    let pairs = rows.iter().filter_map(|row| errors(row));
    let differences = in_order(rows, pairs.map(|(day, error, naive)| (day, error - naive)));
    equal_accuracy(&differences, horizon)
}

/// The p-value of Ljung and Box's test on the signed errors of one series, one step ahead; further
/// ahead errors overlap, and are correlated if the model is perfect.
pub fn autocorrelation_p(rows: &[&Row]) -> Option<f64> {
    let first = rows.first().filter(|row| row.horizon == 1)?;
    if rows.iter().any(|row| row.series != first.series) {
        return None;
    }
    let signed = |row: &&Row| match (row.actual?, row.median) {
        (actual, median) if actual > 0.0 && median > 0.0 => Some((actual / median).ln()),
        _ => None,
    };
    let signed: Vec<f64> = rows.iter().filter_map(signed).collect();
    compare::ljung_box(&signed, N_LAGS).map(|(_, p)| p)
}

/// Means by origin of one series, by quarter of several, in order.
fn in_order(rows: &[&Row], values: impl Iterator<Item = (NaiveDate, f64)>) -> Vec<f64> {
    let series: BTreeSet<&SeriesId> = rows.iter().map(|row| &row.series).collect();
    let mut groups: BTreeMap<(i32, u32, Option<NaiveDate>), Vec<f64>> = BTreeMap::new();
    for (day, value) in values {
        let (year, number) = quarter(day);
        let own = (series.len() == 1).then_some(day);
        groups.entry((year, number, own)).or_default().push(value);
    }
    groups.values().filter_map(|group| score::mean(group)).collect()
}

/// A forecast told by what it speaks of: series, origin.
type Key = (SeriesId, NaiveDate);

/// The model confidence set over the forecasts of one horizon that all contestants made.
///
/// - `models`: the rows of each model. Returns one p-value a model; `None` of a model that answered
///   fewer than nine in ten of the forecasts of the most complete one.
pub fn confidence_set(models: &[Vec<&Row>], key: &str) -> Vec<Option<f64>> {
    let losses: Vec<BTreeMap<Key, f64>> = models
        .iter()
        .map(|rows| {
            let of = |row: &&Row| Some(((row.series.clone(), row.origin), errors(row)?.1));
            rows.iter().filter_map(of).collect()
        })
        .collect();
    let most = losses.iter().map(BTreeMap::len).max().unwrap_or(0);
    let contests: Vec<bool> =
        losses.iter().map(|held| !held.is_empty() && 10 * held.len() >= 9 * most).collect();
    let contestants = || losses.iter().zip(&contests).filter(|(_, c)| **c).map(|(held, _)| held);
    let Some(first) = contestants().next() else { return vec![None; models.len()] };
    let shared = first.keys().filter(|key| contestants().all(|held| held.contains_key(*key)));
    let mut quarters: BTreeMap<(i32, u32), Vec<Vec<f64>>> = BTreeMap::new();
    let mut last = NaiveDate::MIN;
    for key in shared {
        let row = contestants().map(|held| held[key]).collect();
        quarters.entry(quarter(key.1)).or_default().push(row);
        last = last.max(key.1);
    }
    let mean_row = |rows: Vec<Vec<f64>>| -> Vec<f64> {
        let column = |j: usize| rows.iter().map(|row| row[j]).collect::<Vec<_>>();
        (0..rows[0].len()).filter_map(|j| score::mean(&column(j))).collect()
    };
    let table: Vec<Vec<f64>> = quarters.into_values().map(mean_row).collect();
    let rule = &Spec::bundled().skill;
    let horizon = models.iter().flatten().next().map_or(1, |row| row.horizon);
    #[expect(clippy::cast_precision_loss, reason = "a block is short")]
    let resampling = Resampling {
        mean_block: rule.block_length.max(horizon) as f64,
        n_bootstraps: 2 * rule.n_bootstraps,
        stream: Randomness::new(0, &format!("mcs.{key}.{horizon}"), last),
    };
    let mut p_values =
        model_confidence_set(&table, Statistic::Range, &resampling).unwrap_or_default().into_iter();
    contests.iter().map(|contests| if *contests { p_values.next() } else { None }).collect()
}
