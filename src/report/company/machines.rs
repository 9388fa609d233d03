//! From money to machines: every step of the chain, with what it rests on.
//!
//! May use `scaling` and the rest of `report`.

use super::Material;
use crate::error::Result;
use crate::report::machines::Machines;
use crate::report::{Block, Cell, Prose, Section, SourceKind, SourceRef, Table, Tone, format};
use crate::scaling::chain::{Step, StepKind};
use crate::units::Unit;

/// Step names after which a chain without an installed base says nothing more.
const LAST_STEP_WITHOUT_STOCK: &str = "purchases";

/// The chain; none where it could not be computed.
pub(super) fn section(material: &Material<'_>) -> Result<Option<Section>> {
    let Some(machines) = material.machines else { return Ok(None) };
    let chain = &machines.chain;
    let own = material.drawn("scaling chain, draw by draw");
    let upto = chain.steps.iter().position(|step| step.name == LAST_STEP_WITHOUT_STOCK);
    let shown = match (machines.stock.is_some(), upto) {
        (false, Some(at)) => &chain.steps[..=at],
        _ => &chain.steps[..],
    };
    let rows = shown.iter().map(|step| trace_row(step, &own, material));
    let headings = ["Step", "Median", "90% range", "Unit", "Kind", "How"];
    let table = Table::new("Every step, with what it rests on", &headings, rows.collect())?;
    let mut blocks: Vec<Block> = vec![spent(material, machines)?, table.into()];
    for warning in &chain.warnings {
        blocks.push(Block::Note(Tone::Caution, Prose::cited(format!("{warning}."), &own)));
    }
    Ok(Some(Section::new("machines", "From money to machines", blocks)))
}

/// What was spent since the last estimate of the installed base, and what is forecast on top.
fn spent(material: &Material<'_>, machines: &Machines) -> Result<Block> {
    let mut sources = material.forecast_sources()?;
    for row in &machines.spent {
        sources = sources.and(&SourceRef::observed(row));
    }
    let text = format!(
        "The chain adds {} of reported spend and {} of forecast spend{}.",
        format::count(machines.spent.len(), "quarter"),
        format::count(machines.n_forecast, "quarter"),
        machines.stock.as_ref().map_or_else(String::new, |stock| format!(
            " to what was installed on {} by estimate",
            format::date(stock.date)
        )),
    );
    Ok(Block::text(Prose::cited(text, sources)))
}

fn trace_row(step: &Step, own: &SourceRef, material: &Material<'_>) -> Vec<Cell> {
    let is_work = step.unit.starts_with("FLOP");
    let unit = if is_work { Unit::Flop } else { step.unit.parse().unwrap_or(Unit::Index) };
    let kind = match step.kind {
        StepKind::Assumption => SourceKind::Assumption,
        StepKind::Estimate | StepKind::Fact => SourceKind::Estimate,
        StepKind::Model => SourceKind::Model,
    };
    let source = match step.kind {
        StepKind::Model => own.clone(),
        _ => SourceRef::new(
            kind,
            format!("{}: {}", step.name, step.source),
            "models/assumptions.toml and datasets/",
            material.known.as_of(),
        ),
    };
    let digits = if step.p50 >= 100.0 && unit == Unit::Index { 0 } else { 2 };
    vec![
        Cell::label(step.name.clone()),
        Cell::number(step.p50, unit, digits, &source),
        Cell::cited(format::range(step.p05, step.p95, unit, digits), &source),
        Cell::label(step.unit.clone()),
        Cell::label(step.kind.word()),
        Cell::label(step.expression.clone()),
    ]
}
