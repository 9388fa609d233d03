//! Competition and pressure: the part of a company's page that says who is being forced to buy.
//!
//! May use the core, `strategy` and the rest of `report`. Composes; computes nothing of its own.
//! Of a company that sells it shows the market alone: no statement on purchases is made.

use chrono::NaiveDate;

use super::{Material, competition};
use crate::error::{Error, Result};
use crate::report::statement;
use crate::report::{
    Block, Cell, Prose, Section, SourceKind, SourceRef, Sources, Table, Tone, format,
};
use crate::series::company_name;
use crate::strategy::options::Way;
use crate::strategy::precedents::{Like, Precedents};
use crate::strategy::pressure::{Falsifier, Pressure, pressure};
use crate::strategy::rate::Rate;
use crate::strategy::rule::Rule;
use crate::strategy::signals::Evidence;
use crate::strategy::standing::share_signal;
use crate::strategy::trial::{self, Score};
use crate::units::Unit;

/// The part of the page, if there is a statement to make or a market to show.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read.
pub(super) fn section(material: &Material<'_>) -> Result<Option<Section>> {
    let target = &material.forecast.target;
    if !target.metric().starts_with("capex") {
        return of_seller(material);
    }
    let (rule, seed) = (Rule::bundled(), material.workshop.worlds.seed);
    let (known, company) = (material.known, target.owner());
    let share = share_signal(known, company)?;
    let found = match pressure(known, company, rule, share.as_ref(), seed, material.past) {
        Ok(found) => found,
        Err(Error::NotFound(_) | Error::Insufficient(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let model = material
        .model("base rate of massive purchases, moved by like states")
        .of(found.belief.as_ref().map_or(0, |belief| belief.base.n));
    let mut blocks = vec![Block::text(Prose::cited(statement::statement(&found, rule), &model))];
    blocks.extend(competition::of_buyers(material)?.map(Block::from));
    let beside = statement::beside(&found);
    blocks.push(Block::List(beside.into_iter().map(|line| Prose::cited(line, &model)).collect()));
    blocks.push(signals(&found)?.into());
    blocks.push(options(&found)?.into());
    blocks.push(precedents(material, &found, rule)?.into());
    if !found.falsifiers.is_empty() {
        blocks.push(falsifiers(&found, &model)?.into());
    }
    blocks.push(record(material, rule, &model)?.into());
    Ok(Some(Section::new("pressure", heading(&found), blocks)))
}

/// The market of a company that sells.
fn of_seller(material: &Material<'_>) -> Result<Option<Section>> {
    let Some(chart) = competition::of_sellers(material)? else { return Ok(None) };
    let name = company_name(material.forecast.target.owner());
    let text = format!(
        "{name} sells what others buy: whether a buyer is being forced to buy stands on the buyers' pages. \
         `share` gives shares of markets with what measures them, or a refusal."
    );
    let heading = format!("{name} and those who sell the same");
    let blocks = vec![chart.into(), Block::Note(Tone::Remark, Prose::plain(text))];
    Ok(Some(Section::new("pressure", heading, blocks)))
}

/// What the statement comes to.
fn heading(found: &Pressure) -> String {
    let name = company_name(found.situation.company());
    let Some(belief) = found.belief else {
        return format!("Whether {name} is being forced to buy cannot be told yet");
    };
    let share = format::words(belief.probability.value, Unit::Ratio, 0);
    let apart = belief.probability.value - belief.base.value;
    let against = if apart.abs() < 0.05 {
        "no different from the base rate"
    } else if apart > 0.0 {
        "more than the base rate"
    } else {
        "less than the base rate"
    };
    format!("{name} buys massively within a year with a probability of {share}, {against}")
}

/// What a piece of evidence is a source of: its meaning, and where it is held.
fn held(e: &Evidence, day: NaiveDate) -> Sources {
    Sources::from(&SourceRef::new(SourceKind::Filed, e.meaning, e.source.clone(), day))
}

fn signals(found: &Pressure) -> Result<Table> {
    let row = |e: &Evidence| {
        let value = match e.value {
            None => Cell::missing(e.source.clone()),
            Some(value) => {
                let (unit, digits) = match e.unit {
                    Unit::Usd => (Unit::Usd, 1),
                    Unit::Count => (Unit::Index, 0),
                    _ => (Unit::Index, 2),
                };
                Cell::number(value, unit, digits, held(e, found.situation.origin))
            }
        };
        vec![Cell::label(e.meaning), value]
    };
    let rows = found.evidence.iter().map(row).collect();
    let table = Table::new("What presses", &["Signal", "Value"], rows)?;
    Ok(table.with_note(Prose::plain(
        "Growth is a ratio: one means no change. What is missing is named, never filled.",
    )))
}

fn options(found: &Pressure) -> Result<Table> {
    let row = |way: &Way| {
        let word = way.kind.word();
        let source = SourceRef::new(
            SourceKind::Estimate,
            format!("{}: what it costs", format::capitalised(word)),
            way.words.clone(),
            found.situation.origin,
        );
        let unit = if way.unit == "ratio" { "of its share of spend" } else { way.unit };
        vec![
            Cell::label(format::capitalised(word)),
            statement::cost(way).map_or_else(
                || Cell::missing("nothing held tells it"),
                |cost| Cell::cited(cost, &source),
            ),
            Cell::label(unit.strip_prefix("USD ").unwrap_or(unit)),
            Cell::cited(way.words.clone(), &source),
        ]
    };
    let headings = ["Way out", "Cost", "Counted", "What it means"];
    Table::new(
        "What it could do, and what that costs",
        &headings,
        found.ways.iter().map(row).collect(),
    )
}

fn percent(share: f64, source: &SourceRef) -> Cell {
    Cell::number(share, Unit::Ratio, 0, source)
}

fn interval(rate: Rate, source: &SourceRef) -> Cell {
    Cell::cited(format::range(rate.lower, rate.upper, Unit::Ratio, 0), source)
}

/// How often incumbents under pressure bought massively.
fn precedents(material: &Material<'_>, found: &Pressure, rule: &Rule) -> Result<Table> {
    let day = material.known.as_of();
    let cases = Precedents::bundled();
    let label = "dated cases of incumbents under pressure";
    let source = SourceRef::new(SourceKind::Estimate, label, "models/precedents.toml", day);
    let like = [Like::All, Like::Eroding, Like::Holding].into_iter().map(|like| {
        let rate = cases.rate(like, day, rule);
        let words = match like {
            Like::All => "All complete cases",
            Like::Eroding => "Share or revenue fell",
            Like::Holding => "Share or revenue did not fall",
        };
        let mark = if like == found.like { ", like this company" } else { "" };
        vec![
            Cell::label(format!("{words}{mark}")),
            Cell::count(rate.n, "", &source),
            Cell::count(rate.n_hits, "", &source),
            percent(rate.value, &source),
            interval(rate, &source),
        ]
    });
    let headings = ["Precedents", "Cases", "Bought", "Rate", "Interval"];
    let kept_out = cases.cases.iter().filter(|case| !case.missing().is_empty()).count();
    let coverage = format::percent(rule.coverage);
    let note = format!(
        "Bought massively within {} days. {} with an unknown value are kept out. Intervals: {coverage}, \
         Jeffreys. `pressure --precedents` lists every case with its sources.",
        cases.horizon_days,
        format::count(kept_out, "case")
    );
    let table = Table::new("What incumbents did in such a place", &headings, like.collect())?;
    Ok(table.with_note(Prose::cited(note, &source)))
}

fn falsifiers(found: &Pressure, model: &SourceRef) -> Result<Table> {
    let row = |f: &Falsifier| {
        let unit = if f.unit == "USD" { Unit::Usd } else { Unit::Index };
        let digits = if f.unit == "USD" { 1 } else { 2 };
        vec![
            Cell::label(format::capitalised(&f.words)),
            Cell::number(f.limit, unit, digits, model),
            f.probability.map_or_else(|| Cell::missing("not computed"), |p| percent(p, model)),
        ]
    };
    let headings = ["If", "Limit", "Then the probability is"];
    Table::new("What would lower it", &headings, found.falsifiers.iter().map(row).collect())
}

/// How statements of each kind did on all of the past.
fn record(material: &Material<'_>, rule: &Rule, model: &SourceRef) -> Result<Table> {
    let number = |value: Option<f64>| {
        value.map_or_else(
            || Cell::missing("no statement of the past is resolved"),
            |value| Cell::number(value, Unit::Index, 3, model),
        )
    };
    let row = |score: &Score| {
        let words = match score.way {
            trial::Way::BaseRate => "Base rate alone",
            trial::Way::Signals => "Signals, as stated here",
            trial::Way::EngineClaimed => "Engine's worlds, where it claims them",
            trial::Way::EngineAll => "Engine's worlds, withheld ones too",
        };
        let verdict = match score.way {
            trial::Way::BaseRate => "the reference",
            _ if score.n == 0 => "nothing to score",
            _ if score.beats_base_rate() => "beats the base rate",
            _ => "does not beat it",
        };
        let apart = score.difference.map_or_else(
            || Cell::missing("too few statements"),
            |(low, high)| Cell::cited(format::range(low, high, Unit::Index, 3), model),
        );
        vec![
            Cell::label(words),
            Cell::count(score.n, "", model),
            number(score.brier),
            number(score.brier_base),
            apart,
            Cell::label(verdict),
        ]
    };
    let day = material.known.as_of();
    let scores = trial::Way::ALL.map(|way| trial::score(material.past, way, day, rule));
    let headings =
        ["Whose probability", "Scored", "Brier score", "Base rate's", "Difference, 90%", "Verdict"];
    let caption = "How such statements did, over all companies and origins";
    let table = Table::new(caption, &headings, scores.iter().map(row).collect())?;
    Ok(table.with_note(Prose::plain(
        "Brier score: the mean squared distance of the probability from what came; lower is better. A \
         difference below zero is better than the base rate on the same statements.",
    )))
}
