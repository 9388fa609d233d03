//! Rows of runs: which there are, and how what one said became what another said.
//!
//! May use `forecast` and `rows`.

use serde_json::json;

use super::Rows;
use crate::forecast::bridge::Span;
use crate::forecast::run_record::RunRecord;

/// Columns of the list of runs.
pub const COLUMNS: [&str; 5] = ["run_id", "as_of", "seed", "code_version", "n_forecasts"];
/// Columns of the bridge between two runs.
pub const SPAN_COLUMNS: [&str; 17] = [
    "series",
    "period_start",
    "period_end",
    "unit",
    "horizon_a",
    "horizon_b",
    "estimate_a",
    "news",
    "revision",
    "refit",
    "code",
    "assumption",
    "estimate_b",
    "total",
    "refusal_a",
    "refusal_b",
    "note",
];

/// Runs in the order given.
pub fn rows<'a>(runs: impl IntoIterator<Item = &'a RunRecord>) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for run in runs {
        rows.push(vec![
            json!(run.run_id),
            json!(run.as_of),
            json!(run.seed),
            json!(run.method.code_version),
            json!(run.forecasts.len()),
        ]);
    }
    rows
}

/// What changed from one run to another, number by number.
pub fn spans(spans: &[Span]) -> Rows {
    let mut rows = Rows::new(&SPAN_COLUMNS);
    for span in spans {
        rows.push(vec![
            json!(span.series),
            json!(span.period.start()),
            json!(span.period.end()),
            json!(span.unit.word()),
            json!(span.a.horizon),
            json!(span.b.horizon),
            json!(span.a.estimate),
            json!(span.news),
            json!(span.revision),
            json!(span.refit),
            json!(span.code),
            json!(span.assumption),
            json!(span.b.estimate),
            json!(span.total()),
            json!(span.a.refusal),
            json!(span.b.refusal),
            json!(span.note),
        ]);
    }
    rows
}
