//! The inverse question: what a step beyond the company's forecast fleet would take, and what binds.
//!
//! May use the core, `scaling` and the rest of `report`. Asks what `scale require` asks; never
//! gives the number without the constraint that binds.

use chrono::{Datelike, NaiveDate};

use super::{Material, scenarios};
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::report::chart::{Bar, Bars};
use crate::report::machines::{Machines, Workshop};
use crate::report::require::{Answer, Question, answer, timing, verdict};
use crate::report::{Block, Cell, Chart, Prose, Section, Sources, Table, Tone, format};
use crate::scaling::inverse::{Required, Target};
use crate::scaling::law::Scale;
use crate::scaling::limits::Verdict;
use crate::series::company_name;
use crate::units::Unit;

/// Points of the index above what the forecast fleet's largest run reaches.
const STEP: f64 = 10.0;
/// Worlds in which the question is asked.
const N_DRAWS: usize = 2_000;

/// The question of a page: so many points above its fleet, by the end of next year.
pub(super) fn target(material: &Material<'_>, machines: &Machines) -> Option<Target> {
    let by = NaiveDate::from_ymd_opt(material.known.as_of().year() + 1, 12, 31)?;
    let value = machines.chain.capability.draws.median().round() + STEP;
    Some(Target { scale: Scale::Eci, value, by })
}

/// The workshop with fewer worlds: the first ones of the same.
pub(super) fn fewer(workshop: &Workshop) -> Workshop {
    let worlds = crate::scaling::assumption::Worlds { n_draws: N_DRAWS, ..workshop.worlds };
    Workshop { worlds, ..workshop.clone() }
}

/// What it would take; none of a company without a fleet.
pub(super) fn section(material: &Material<'_>) -> Result<Option<Section>> {
    let Some(machines) = scenarios::fleet(material) else { return Ok(None) };
    let Some(target) = target(material, machines) else { return Ok(None) };
    let company = material.forecast.target.owner();
    let workshop = fewer(material.workshop);
    let question = Question { target, company: Some(company) };
    let found = match answer(material.known, &workshop, question) {
        Ok(Answer { found, .. }) => found,
        Err(error @ (Error::Invalid(_) | Error::Insufficient(_))) => {
            return Ok(Some(refused(material, &error)));
        }
        Err(error) => return Err(error),
    };
    let Some(used) = found.first() else { return Ok(None) };
    let sources = sources(material);
    let blocks = vec![
        Block::text(Prose::cited(lead(material, target, used, &workshop, &found)?, &sources)),
        binding(used, &sources).into(),
        table(&found, &sources)?.into(),
    ];
    let word = match used.verdict {
        Verdict::Feasible => "can be bought in time",
        Verdict::Infeasible(_) => "cannot be bought in time in most worlds",
        Verdict::BelowFloor => "takes no compute worth the name",
    };
    let heading =
        format!("A score of {:.0} by the end of {} {word}", target.value, target.by.year());
    Ok(Some(Section::new("inverse", heading, blocks)))
}

fn sources(material: &Material<'_>) -> Sources {
    Sources::from(&material.drawn("laws solved for compute in every world, and limits by then"))
}

/// A question that no law can answer, in its own words.
fn refused(material: &Material<'_>, error: &Error) -> Section {
    let text = format!("The inverse question has no answer: {error}.");
    let blocks = vec![Block::Note(Tone::Refusal, Prose::cited(text, sources(material)))];
    Section::new("inverse", "What it would take cannot be told", blocks)
}

fn lead(
    material: &Material<'_>,
    target: Target,
    used: &Required,
    workshop: &Workshop,
    found: &[Required],
) -> Result<String> {
    let name = company_name(material.forecast.target.owner());
    let run = used.run.quantiles(&[0.05, 0.5, 0.95]);
    let range = format::range(run[0], run[2], Unit::Flop, 1);
    let asked = format!(
        "Asked is {STEP:.0} points above what the largest run of {name}'s forecast fleet reaches: {:.0} on the \
         index by {}.",
        target.value,
        format::date(target.by)
    );
    let takes = if run.iter().all(|flop| flop.is_finite()) {
        format!(
            "By the law that is used it takes a run of {} ({range}, a 90% interval).",
            format::words(run[1], Unit::Flop, 1)
        )
    } else {
        "By the law that is used no amount of compute is enough in some worlds.".to_owned()
    };
    let binds = match used.verdict {
        Verdict::Feasible => format!(
            "Something stands in the way in {} of worlds.",
            format::words(used.bindings.any, Unit::Ratio, 0)
        ),
        Verdict::Infeasible(constraint) => format!(
            "In {} of worlds something stands in the way, most often {}: {}.",
            format::words(used.bindings.any, Unit::Ratio, 0),
            constraint.word(),
            constraint.words()
        ),
        Verdict::BelowFloor => "The smallest model of the data would do.".to_owned(),
    };
    Ok(format!("{asked} {takes} {binds} {}", timing(workshop, found)?))
}

/// How often each constraint binds, by the law that is used.
fn binding(used: &Required, sources: &Sources) -> Chart {
    let (word, constraint) = verdict(used);
    let title = constraint.map_or_else(
        || format!("Nothing binds in most worlds: {}", word.replace('_', " ")),
        |constraint| format!("What binds most often is {constraint}"),
    );
    let mut shares = used.bindings.shares.to_vec();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let bars = shares.into_iter().map(|(constraint, share)| Bar {
        label: constraint.word().to_owned(),
        value: share,
        interval: None,
        is_emphasised: used.verdict == Verdict::Infeasible(constraint),
    });
    Chart::new(
        title,
        "Share of worlds in which each constraint stands in the way, by the law that is used",
        "Bars: in which share of worlds each constraint binds.",
        Unit::Ratio,
        Bars { bars: bars.collect() },
        sources,
    )
}

/// What it takes by each law.
fn table(found: &[Required], sources: &Sources) -> Result<Table> {
    let row = |one: &Required| {
        let (word, constraint) = verdict(one);
        let word = word.replace('_', " ");
        vec![
            Cell::label(one.law.replace('_', " ")),
            amount(&one.run, Unit::Flop, 1, sources),
            amount(&one.fleet, Unit::H100e, 1, sources),
            amount(&one.to_buy, Unit::H100e, 1, sources),
            amount(&one.capex, Unit::Usd, 0, sources),
            amount(&one.run_power, Unit::Watt, 1, sources),
            Cell::label(constraint.map_or(word.clone(), |binds| format!("{word}: {binds}"))),
        ]
    };
    let headings = [
        "Law",
        "Training run",
        "Fleet of one lab",
        "Still to buy",
        "Capex for that",
        "Power of the run",
        "Verdict",
    ];
    let table =
        Table::new("What it takes by each law", &headings, found.iter().map(row).collect())?;
    let n_draws = found.first().map_or(0, |one| one.run.n_draws());
    Ok(table.with_note(Prose::cited(
        format!(
            "Medians with 90% ranges over {}, the first of those of the chain; a range without \
             an end holds worlds in which no amount is enough. `scale require` asks any other question.",
            format::count(n_draws, "world")
        ),
        sources,
    )))
}

/// A median with its range, or what can be said of it where some worlds have no amount.
fn amount<T: Copy + Into<f64>>(
    draws: &Draws<T>,
    unit: Unit,
    digits: usize,
    sources: &Sources,
) -> Cell {
    let found = draws.quantiles(&[0.05, 0.5, 0.95]);
    let words = |value: f64| format::words(value, unit, digits);
    let text = match (found[0].is_finite(), found[1].is_finite(), found[2].is_finite()) {
        (_, true, true) => {
            format!("{} ({})", words(found[1]), format::range(found[0], found[2], unit, digits))
        }
        (_, true, false) => format!("{} ({} or more)", words(found[1]), words(found[0])),
        (true, false, _) => {
            format!("no amount is enough in most worlds ({} or more)", words(found[0]))
        }
        (false, false, _) => "no amount is enough".to_owned(),
    };
    Cell::cited(text, sources)
}
