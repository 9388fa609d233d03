//! Competition and pressure: the part of a company's page that says who is being forced to buy.
//!
//! May use `strategy` and the rest of `report`. Composes; computes nothing of its own. A company that is not
//! watched, or whose spend is not known for a year, has no such part.

use super::Material;
use crate::error::{Error, Result};
use crate::report::{
    Block, Cell, Prose, Section, SourceKind, SourceRef, Sources, Table, Tone, format,
};
use crate::series::Registry;
use crate::strategy::belief::Belief;
use crate::strategy::pressure::{Pressure, pressure};
use crate::strategy::rate::Rate;
use crate::strategy::rule::Rule;
use crate::strategy::signals::Evidence;
use crate::strategy::standing::share_signal;
use crate::units::Unit;

/// The part of the page, if the company is watched and enough of the past is resolved.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read.
pub(super) fn section(material: &Material<'_>) -> Result<Option<Section>> {
    let forecast = material.forecast;
    if !forecast.target.metric().starts_with("capex") {
        return Ok(None);
    }
    let (rule, seed) = (Rule::bundled(), material.workshop.worlds.seed);
    let (known, company) = (material.known, forecast.target.owner());
    let share = share_signal(known, company)?;
    let found = match pressure(known, company, rule, share.as_ref(), seed, material.past) {
        Ok(found) => found,
        Err(Error::NotFound(_) | Error::Insufficient(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(belief) = found.belief else { return Ok(None) };
    let model =
        material.model("base rate of massive purchases, moved by like states").of(belief.base.n);
    let record = record(&found);
    let blocks = vec![
        Block::text(Prose::cited(statement(&found, &belief, rule), &model)),
        signals(material, &found)?.into(),
        falsifiers(&found, &model)?.into(),
        Block::Note(Tone::Remark, Prose::cited(record, &model)),
    ];
    Ok(Some(Section::new("pressure", "Is it being forced to buy?", blocks)))
}

/// The statement with its base rate.
fn statement(found: &Pressure, belief: &Belief, rule: &Rule) -> String {
    let now = &found.situation;
    let name = Registry::bundled().company(now.company()).map_or(now.company(), |c| &c.name);
    format!(
        "With spend known through {}, the probability that {name}'s cash capex of the next four quarters \
         comes to {} times that of the last four ({}) or more is {}; the base rate is {}, by {} \
         company-quarters. Of precedents that were like it, {} of {} bought massively within four \
         quarters.",
        format::date(now.last.end()),
        rule.threshold,
        format::words(now.spent, Unit::Usd, 1),
        rate(belief.probability),
        rate(belief.base),
        belief.base.n,
        found.precedents.n_hits,
        found.precedents.n,
    )
}

fn rate(rate: Rate) -> String {
    format!(
        "{} ({} to {})",
        format::percent(rate.value),
        format::percent(rate.lower),
        format::percent(rate.upper)
    )
}

fn signals(material: &Material<'_>, found: &Pressure) -> Result<Table> {
    let as_of = material.known.as_of();
    let row = |e: &Evidence| {
        let source = SourceRef::new(SourceKind::Filed, e.meaning, e.source.clone(), as_of);
        let value = e.value.map_or_else(
            || Cell::missing(e.source.clone()),
            |value| {
                let (unit, digits) = match e.unit {
                    Unit::Usd => (Unit::Usd, 1),
                    Unit::Count => (Unit::Index, 0),
                    _ => (Unit::Index, 2),
                };
                Cell::number(value, unit, digits, Sources::from(&source))
            },
        );
        vec![Cell::label(e.meaning), value]
    };
    Table::new("What presses", &["Signal", "Value"], found.evidence.iter().map(row).collect())
}

fn falsifiers(found: &Pressure, model: &SourceRef) -> Result<Table> {
    let row = |f: &crate::strategy::pressure::Falsifier| {
        let unit = if f.unit == "USD" { Unit::Usd } else { Unit::Index };
        let digits = if f.unit == "USD" { 1 } else { 2 };
        vec![
            Cell::label(f.words.clone()),
            Cell::number(f.limit, unit, digits, model),
            f.probability.map_or_else(
                || Cell::missing("not computed"),
                |p| Cell::number(p, Unit::Ratio, 0, model),
            ),
        ]
    };
    let headings = ["If", "Limit", "Then the probability is"];
    Table::new("What would lower it", &headings, found.falsifiers.iter().map(row).collect())
}

/// How such statements did, in words.
fn record(found: &Pressure) -> String {
    let score = &found.record;
    let did = if score.beats_base_rate() {
        "have beaten the base rate"
    } else {
        "have not beaten the base rate: read that"
    };
    let brier = score.brier.zip(score.brier_base).map_or_else(String::new, |(own, base)| {
        format!(" (Brier score {own:.3} against {base:.3}, lower is better, n {})", score.n)
    });
    format!("Grade {}. Such statements {did}{brier}.", score.grade().letter())
}
