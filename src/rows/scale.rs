//! Rows of the chain from purchases to capability: its steps, and what a scenario changes.
//!
//! May use `scaling`, `draws` and `rows`.

use serde_json::{Value, json};

use super::Rows;
use crate::draws::Draws;
use crate::scaling::chain::Chain;
use crate::scaling::scenario::Change;

/// Columns of the chain's steps.
pub const STEP_COLUMNS: [&str; 10] =
    ["company", "date", "step", "kind", "expression", "unit", "p05", "p50", "p95", "source"];

/// Columns of what a scenario changes.
pub const CHANGE_COLUMNS: [&str; 12] = [
    "scenario",
    "quantity",
    "unit",
    "baseline_p05",
    "baseline_p50",
    "baseline_p95",
    "scenario_p05",
    "scenario_p50",
    "scenario_p95",
    "delta_p05",
    "delta_p50",
    "delta_p95",
];

/// Every step of a chain.
pub fn steps(chain: &Chain) -> Rows {
    let mut rows = Rows::new(&STEP_COLUMNS);
    for step in &chain.steps {
        rows.push(vec![
            json!(chain.company),
            json!(chain.date),
            json!(step.name),
            json!(step.kind.word()),
            json!(step.expression),
            json!(step.unit),
            json!(step.p05),
            json!(step.p50),
            json!(step.p95),
            json!(step.source),
        ]);
    }
    rows
}

/// What a scenario changes, quantity by quantity.
pub fn changes(scenario: &str, changes: &[Change]) -> Rows {
    let mut rows = Rows::new(&CHANGE_COLUMNS);
    for change in changes {
        rows.push(change_row(scenario, change));
    }
    rows
}

/// One quantity under [`CHANGE_COLUMNS`].
pub fn change_row(scenario: &str, change: &Change) -> Vec<Value> {
    let mut row = vec![json!(scenario), json!(change.quantity), json!(change.unit)];
    let parts = [&change.baseline, &change.scenario, &change.delta].map(three::<f64>);
    row.extend(parts.iter().flatten().map(|value| json!(value)));
    row
}

/// The 5%, 50% and 95% quantile.
pub fn three<T: Copy + Into<f64>>(draws: &Draws<T>) -> [f64; 3] {
    let quantiles = draws.quantiles(&[0.05, 0.5, 0.95]);
    [quantiles[0], quantiles[1], quantiles[2]]
}
