//! Rows of the chain from purchases to capability: its steps, and what a scenario changes.
//!
//! May use `scaling`, `draws`, `report` for words, and `rows`.

use serde_json::{Value, json};

use super::Rows;
use crate::draws::Draws;
use crate::error::Result;
use crate::report::company::in_words;
use crate::report::machines::Machines;
use crate::scaling::chain::Chain;
use crate::scaling::multiple::{ClaimCheck, MultipleRow, claims, multiple};
use crate::scaling::published::PublishedLaws;
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

/// Columns of what more parameters cost.
pub const MULTIPLE_COLUMNS: [&str; 5] =
    ["law", "exponent", "efficiency_per_doubling", "compute_multiple", "gpu_hours_multiple"];

/// Every step of a company's chain; what a reader must know, and what its largest run is like, stand
/// beside them.
pub fn machines(machines: &Machines) -> Rows {
    let chain = &machines.chain;
    let mut rows = steps(chain);
    rows.beside("extrapolated", json!(chain.capability.extrapolated));
    rows.beside("warnings", json!(chain.warnings));
    rows.beside("likeness", json!(in_words(&machines.likeness)));
    rows
}

/// What so many times the parameters cost by each published law, and the popular claims, checked.
///
/// # Errors
/// As [`multiple`] and [`claims`].
pub fn parameters(times: f64) -> Result<(Vec<MultipleRow>, Vec<ClaimCheck>)> {
    let laws = PublishedLaws::bundled()?;
    Ok((multiple(times, &laws)?, claims(&laws)?))
}

/// The answer of [`parameters`] as rows; the claims stand beside them, in words.
pub fn multiples(found: &[MultipleRow], claims: &[ClaimCheck]) -> Rows {
    let mut rows = Rows::new(&MULTIPLE_COLUMNS);
    for row in found {
        rows.push(vec![
            json!(row.law),
            json!(row.exponent),
            json!(row.efficiency_per_doubling),
            json!(row.compute_multiple),
            json!(row.gpu_hours_multiple),
        ]);
    }
    rows.beside("claims", claims.iter().map(|claim| json!(claim.words)).collect());
    rows
}

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
