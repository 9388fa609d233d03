//! `chipcast scale require --scenario FILE`: what binds with other spend and other assumptions, in the same
//! worlds as without.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::scenario;
use super::words::{shown_change, shown_value, three};
use crate::archive::Snapshot;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::report::format;
use crate::report::machines::Workshop;
use crate::report::require::{Question, under, verdict};
use crate::scaling::inverse::Required;
use crate::scaling::limits::Constraint;
use crate::units::Usd;

const COLUMNS: [&str; 16] = [
    "scenario",
    "law",
    "verdict",
    "binding",
    "share_infeasible",
    "share_cash",
    "share_chips",
    "share_power",
    "share_network",
    "share_time",
    "capex_p05",
    "capex_p50",
    "capex_p95",
    "delta_capex_p05",
    "delta_capex_p50",
    "delta_capex_p95",
];
/// What can bind that money or makers could mend, and what they could not.
const SHOWN: [Constraint; 5] =
    [Constraint::Cash, Constraint::Chips, Constraint::Power, Constraint::Network, Constraint::Time];

pub(super) fn run(
    context: &Context,
    known: &Snapshot,
    workshop: &Workshop,
    question: Question<'_>,
    files: &[PathBuf],
) -> Result<Outcome> {
    let before = under(known, workshop, question, None)?;
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    push(&mut rows, &mut shown, "as forecast", &before, &before)?;
    for file in files {
        let scenario = scenario::read(file)?;
        let after = under(known, workshop, question, Some(&scenario))
            .map_err(|e| e.within(format!("`{}`", file.display())))?;
        push(&mut rows, &mut shown, &scenario.title, &before, &after)?;
    }
    rows.beside("by", json!(question.target.by));
    rows.beside("as_of", json!(known.as_of()));
    let header = [
        "scenario",
        "verdict",
        "binds",
        "cash",
        "chips",
        "power",
        "network",
        "time",
        "capex",
        "change in each world",
    ];
    rows.print(context.global.format, || table(&header, &[3, 4, 5, 6, 7, 8, 9], shown))?;
    Ok(Outcome::Done)
}

fn push(
    rows: &mut Rows,
    shown: &mut Vec<Vec<String>>,
    title: &str,
    before: &Required,
    after: &Required,
) -> Result<()> {
    let (verdict, binding) = verdict(after);
    let share = |wanted: Constraint| {
        let found = after.bindings.shares.iter().find(|(constraint, _)| *constraint == wanted);
        found.map_or(0.0, |(_, share)| *share)
    };
    let shares = SHOWN.map(share);
    // A world in which no amount is enough has no difference.
    let delta =
        before.capex.zip(&after.capex, |Usd(a), Usd(b)| if a == b { 0.0 } else { b - a })?;
    let (capex, delta) = (three(&after.capex), three(&delta));
    let mut row: Vec<Value> = vec![json!(title), json!(after.law), json!(verdict), json!(binding)];
    row.push(json!(after.bindings.any));
    row.extend(shares.iter().map(|share| json!(share)));
    row.extend(capex.iter().chain(&delta).map(|value| json!(value)));
    rows.push(row);
    let mut line = vec![title.to_owned(), verdict.to_owned(), binding.unwrap_or("-").to_owned()];
    line.extend(shares.iter().map(|share| format::percent(*share)));
    line.push(shown_value(capex[1], "USD"));
    line.push(shown_change(delta[1], "USD"));
    shown.push(line);
    Ok(())
}
