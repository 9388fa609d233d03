//! From money to machines: every step of the chain, with what it rests on.
//!
//! May use the core, `scaling` and the rest of `report`. Numbers are the chain's own; what was
//! reported and what is forecast are marked apart.

use super::Material;
use crate::error::Result;
use crate::report::chart::{Bar, Bars};
use crate::report::machines::Machines;
use crate::report::{
    Block, Cell, Chart, Prose, Section, SourceKind, SourceRef, Table, Tone, format,
};
use crate::scaling::chain::{Step, StepKind};
use crate::units::{Unit, count};

/// Step names after which a chain without an installed base says nothing more.
const LAST_STEP_WITHOUT_STOCK: &str = "purchases";
/// Quarters of purchases that the chart shows.
const SHOWN_QUARTERS: usize = 8;
/// The way from money to the run: names of steps, and what each is to a reader.
const FLOW: [(&str, &str); 9] = [
    ("cash capex", "Money spent"),
    ("data-center revenue", "Money taken for data centers"),
    ("spend on accelerators", "of it on chips"),
    ("purchases", "Chips bought"),
    ("installed before", "Installed before"),
    ("installed", "Installed at the end"),
    ("facility power", "Power to run them"),
    ("largest cluster", "Running in the largest cluster"),
    ("largest training run", "Largest training run"),
];

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
    let mut blocks: Vec<Block> = vec![spent(material, machines)?];
    blocks.push(flow(shown, &own)?.into());
    blocks.extend(purchases(machines, &own, material)?.map(Block::from));
    for warning in &chain.warnings {
        blocks.push(Block::Note(Tone::Caution, Prose::cited(format!("{warning}."), &own)));
    }
    blocks.push(trace(shown, &own, material)?.into());
    Ok(Some(Section::new("machines", heading(machines), blocks)))
}

/// What the money becomes.
fn heading(machines: &Machines) -> String {
    let chain = &machines.chain;
    if machines.stock.is_none() {
        return match machines.next_purchase() {
            Some((period, bought)) => format!(
                "The quarter to {} pays for {}",
                format::date(period.end()),
                format::words(bought.median(), Unit::H100e, 1)
            ),
            None => "From money to machines".to_owned(),
        };
    }
    format!(
        "The money becomes {} by {}",
        format::words(chain.installed.median(), Unit::H100e, 1),
        format::date(chain.date)
    )
}

/// What was spent since the last estimate of the installed base, and what is forecast on top.
fn spent(material: &Material<'_>, machines: &Machines) -> Result<Block> {
    let mut sources = material.forecast_sources()?;
    for row in &machines.spent {
        sources = sources.and(&SourceRef::observed(row));
    }
    let text = format!(
        "The chain adds {} of reported spend and {} of forecast spend{}. Every step is drawn in the same \
         {} worlds, so that ranges carry through.",
        format::count(machines.spent.len(), "quarter"),
        format::count(machines.n_forecast, "quarter"),
        machines.stock.as_ref().map_or_else(String::new, |stock| format!(
            " to what was installed on {} by estimate",
            format::date(stock.date)
        )),
        format::plain(count(machines.chain.run.n_draws()), 0),
    );
    Ok(Block::text(Prose::cited(text, sources)))
}

/// The way from money to the run in a few lines.
fn flow(steps: &[Step], own: &SourceRef) -> Result<Table> {
    let found = FLOW.iter().filter_map(|(name, words)| {
        let step = steps.iter().find(|step| step.name == *name)?;
        let (unit, digits) = shown_in(step);
        let how = match step.name.as_str() {
            "largest cluster" => {
                "one lab's share of the fleet x the share in one cluster".to_owned()
            }
            _ => step.expression.clone(),
        };
        Some(vec![
            Cell::label(*words),
            Cell::number(step.p50, unit, digits, own),
            Cell::cited(format::range(step.p05, step.p95, unit, digits), own),
            Cell::label(step.kind.word()),
            Cell::label(how),
        ])
    });
    let headings = ["Step", "Median", "90% range", "Kind", "How"];
    Table::new("From money to the largest run", &headings, found.collect())
}

/// Unit and decimals in which a step reads well.
fn shown_in(step: &Step) -> (Unit, usize) {
    if step.unit.starts_with("FLOP") {
        return (Unit::Flop, 1);
    }
    match step.unit.parse().unwrap_or(Unit::Index) {
        // A factor that may lie above one is no share.
        Unit::Ratio if step.p95 > 1.0 => (Unit::Index, 2),
        Unit::Ratio => (Unit::Ratio, 1),
        Unit::Index if step.p50 >= 100.0 => (Unit::Index, 0),
        Unit::Index => (Unit::Index, 1),
        unit @ (Unit::Usd | Unit::Watt) => (unit, 1),
        unit => (unit, 2),
    }
}

/// Chips bought by quarter, the forecast ones standing out.
fn purchases(
    machines: &Machines,
    own: &SourceRef,
    material: &Material<'_>,
) -> Result<Option<Chart>> {
    let all = &machines.chain.purchases;
    let from = all.len().saturating_sub(SHOWN_QUARTERS);
    let bars: Vec<Bar> = all
        .iter()
        .enumerate()
        .skip(from)
        .map(|(at, (period, bought))| {
            let found = bought.quantiles(&[0.05, 0.5, 0.95]);
            let is_forecast = at >= machines.spent.len();
            let basis = if is_forecast { "forecast" } else { "reported spend" };
            Bar {
                label: format!("Quarter to {}, {basis}", format::date(period.end())),
                value: found[1],
                interval: Some((found[0], found[2])),
                is_emphasised: is_forecast,
            }
        })
        .collect();
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return Ok(None) };
    let title = if bars.len() > 1 && first.value > 0.0 {
        format!(
            "Purchases go from {} a quarter",
            format::range(first.value, last.value, Unit::H100e, 2)
        )
    } else {
        format!("Purchases of {} a quarter", format::words(last.value, Unit::H100e, 2))
    };
    Ok(Some(Chart::new(
        title,
        "Chips bought by quarter with 90% intervals; grey: reported spend, blue: forecast spend",
        "Bars: H100 equivalents bought in each quarter, with 90% intervals.",
        Unit::H100e,
        Bars { bars },
        material.forecast_sources()?.and(own),
    )))
}

/// Every step with its range, expression and source.
fn trace(steps: &[Step], own: &SourceRef, material: &Material<'_>) -> Result<Table> {
    let rows = steps.iter().map(|step| trace_row(step, own, material));
    let headings = ["Step", "Median", "90% range", "Kind", "How"];
    Table::new("Every step, with what it rests on", &headings, rows.collect())
}

fn trace_row(step: &Step, own: &SourceRef, material: &Material<'_>) -> Vec<Cell> {
    let (unit, digits) = shown_in(step);
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
    // A unit that has no words of its own stands with the name.
    let name = match (unit, step.unit.as_str()) {
        (Unit::Index, "ratio" | "index") => step.name.clone(),
        (Unit::Index, other) if !step.name.contains(other) => format!("{}, {other}", step.name),
        _ => step.name.clone(),
    };
    let how = if step.kind == StepKind::Assumption && !step.expression.contains(' ') {
        "assumed".to_owned()
    } else {
        step.expression.clone()
    };
    vec![
        Cell::label(name),
        Cell::number(step.p50, unit, digits, &source),
        Cell::cited(format::range(step.p05, step.p95, unit, digits), &source),
        Cell::label(step.kind.word()),
        Cell::label(how),
    ]
}
