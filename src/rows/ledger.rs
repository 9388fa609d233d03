//! Rows of the ledger: what was said, beside what came.
//!
//! May use `forecast` and `rows`.

use serde_json::{Value, json};

use super::Rows;
use crate::forecast::ledger::{Entry, Said};

/// Columns of the ledger.
pub const COLUMNS: [&str; 24] = [
    "series",
    "origin_date",
    "horizon",
    "target_end_date",
    "basis",
    "model_id",
    "model_used",
    "unit",
    "median",
    "lower_80",
    "upper_80",
    "grade",
    "refusal",
    "withheld",
    "naive",
    "guide",
    "actual",
    "error",
    "inside_80",
    "naive_error",
    "guide_error",
    "method_version",
    "run_id",
    "made_on",
];

/// Entries in the order given.
pub fn rows<'a, 'b: 'a>(entries: impl IntoIterator<Item = &'a Entry<'b>>) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for entry in entries {
        rows.push(row(entry));
    }
    rows
}

/// `actual / forecast − 1`.
pub fn error(entry: &Entry<'_>, forecast: Option<f64>) -> Option<f64> {
    let actual = entry.resolution?.actual;
    forecast.filter(|forecast| *forecast != 0.0).map(|forecast| actual / forecast - 1.0)
}

/// The 80% interval, if it could be claimed.
pub fn interval(said: &Said) -> Option<(f64, f64)> {
    Some((said.quantile(0.1)?, said.quantile(0.9)?))
}

/// Whether the 80% interval held what came.
pub fn inside(entry: &Entry<'_>) -> Option<bool> {
    let ((low, high), actual) = (interval(entry.said)?, entry.resolution?.actual);
    Some(low <= actual && actual <= high)
}

/// An entry under [`COLUMNS`].
pub fn row(entry: &Entry<'_>) -> Vec<Value> {
    let said = entry.said;
    let (low, high) = interval(said).unzip();
    vec![
        json!(said.series),
        json!(said.origin_date),
        json!(said.horizon),
        json!(said.period_end),
        json!(entry.basis().word()),
        json!(said.model_id),
        json!(said.model_used),
        json!(said.unit),
        json!(said.median),
        json!(low),
        json!(high),
        json!(said.grade),
        json!(said.refusal),
        json!(said.withheld),
        json!(said.naive),
        json!(said.guide),
        json!(entry.resolution.map(|resolution| resolution.actual)),
        json!(error(entry, said.median)),
        json!(inside(entry)),
        json!(error(entry, Some(said.naive))),
        json!(error(entry, said.guide)),
        json!(said.method_version),
        json!(said.run_id),
        json!(said.made_on),
    ]
}
