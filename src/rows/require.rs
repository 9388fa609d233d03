//! Rows of what a capability takes by a day: the run, the fleet, the purchase, and what binds.
//!
//! May use the core, `scaling`, `report` and `rows`. Never answers without the verdict.

use chrono::{Months, NaiveDate};
use serde_json::{Value, json};

use super::Rows;
use super::scale::three;
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::report::require::{Answer, verdict};
use crate::scaling::inverse::{Required, Target};
use crate::scaling::law::Scale;

/// Months from the day as of which is asked to the release, where no day is given.
const DEFAULT_MONTHS: Months = Months::new(24);

/// Columns of what a capability takes.
pub const COLUMNS: [&str; 6] = ["law", "quantity", "unit", "p05", "p50", "p95"];

/// The target that words such as `eci=160` name; two years ahead where no day is given.
///
/// # Errors
/// [`Error::Invalid`] if it is no scale and value, or no law of the scale is fitted to compute.
pub fn target(known: &Snapshot, capability: &str, by: Option<NaiveDate>) -> Result<Target> {
    let (scale, value) = asked(capability)?;
    Ok(Target { scale, value, by: by.unwrap_or(known.as_of() + DEFAULT_MONTHS) })
}

/// What the capability takes by each law; verdicts, buyers and days stand beside the rows.
pub fn rows(known: &Snapshot, target: Target, answer: &Answer) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for one in &answer.found {
        for (quantity, unit, [low, median, high]) in quantities(one) {
            rows.push(vec![
                json!(one.law),
                json!(quantity),
                json!(unit),
                json!(low),
                json!(median),
                json!(high),
            ]);
        }
    }
    rows.beside("verdicts", answer.found.iter().map(verdict_of).collect());
    rows.beside("buyers", json!(answer.buyers.name));
    rows.beside("by", json!(target.by));
    rows.beside("as_of", json!(known.as_of()));
    rows
}

/// Scale and value of `eci=160`.
fn asked(capability: &str) -> Result<(Scale, f64)> {
    let wrong = || {
        Error::invalid(format!("`{capability}` is no capability"))
            .hint("write the scale and the value, such as `--capability eci=160`")
    };
    let (scale, value) = capability.split_once('=').ok_or_else(wrong)?;
    let scale: Scale = scale.trim().parse()?;
    let value: f64 = value.trim().parse().map_err(|_| wrong())?;
    if scale != Scale::Eci {
        return Err(Error::invalid(format!(
            "no law of scale `{}` is fitted to compute",
            scale.word()
        ))
        .hint("the scale that can be asked for is eci"));
    }
    Ok((scale, value))
}

/// Every quantity of an answer: its name, its unit, and its 5%, 50% and 95% quantile.
pub fn quantities(one: &Required) -> Vec<(String, &'static str, [f64; 3])> {
    let mut all = vec![
        ("training run".to_owned(), "FLOP", three(&one.run)),
        ("fleet of one lab".to_owned(), "h100e", three(&one.fleet)),
        ("still to buy".to_owned(), "h100e", three(&one.to_buy)),
    ];
    for (chip, units) in &one.by_chip {
        all.push((format!("of that, {chip}"), "unit", three(units)));
    }
    all.extend([
        ("dollars for chips".to_owned(), "USD", three(&one.spend)),
        ("capex with buildings and power".to_owned(), "USD", three(&one.capex)),
        ("the same by power and USD a watt".to_owned(), "USD", three(&one.capex_by_power)),
        ("facility power of what is bought".to_owned(), "W", three(&one.power)),
        ("facility power of the run's cluster".to_owned(), "W", three(&one.run_power)),
        (
            "quarters of buying at today's pace".to_owned(),
            "quarter",
            three(&one.quarters_of_buying),
        ),
        ("quarters left to buy in".to_owned(), "quarter", three(&one.quarters_left)),
    ]);
    all
}

fn verdict_of(one: &Required) -> Value {
    let (word, binding) = verdict(one);
    let shares = one.bindings.shares.iter().map(|(c, share)| (c.word().to_owned(), json!(share)));
    json!({
        "law": one.law,
        "expression": one.expression,
        "verdict": word,
        "binding": binding,
        "share_infeasible": one.bindings.any,
        "shares": Value::Object(shares.collect()),
        "floor": one.floor,
        "ceiling": one.ceiling,
        "extrapolated": one.extrapolated,
    })
}
