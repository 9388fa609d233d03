//! The forecast, as a fan and as a table.
//!
//! May use the core, `forecast` and the rest of `report`. Text is made from the same rows as the
//! tables.

use super::Material;
use super::basis::Basis;
use crate::error::Result;
use crate::forecast::Outlook;
use crate::report::chart::{Band, Dated, Fan, FanStep, Reference, ReferenceKind};
use crate::report::moves::{history, metric_words, noun};
use crate::report::{Block, Cell, Chart, Prose, Section, Sources, Table, Tone, format};
use crate::series::Registry;
use crate::units::Unit;

/// Periods of history that the fan shows.
const SHOWN_PERIODS: usize = 16;

/// The forecast, as a fan and as a table.
pub(crate) fn section(material: &Material<'_>) -> Result<Section> {
    of(material.basis(), previous(material))
}

/// The same of a forecast alone, over what an earlier one said.
pub(crate) fn of(basis: Basis<'_>, previous: Vec<Dated>) -> Result<Section> {
    let forecast = basis.forecast;
    let sources = basis.forecast_sources()?;
    let answered: Vec<&Outlook> =
        forecast.steps.iter().filter(|step| step.refusal.is_none()).collect();
    let title = Registry::bundled().title(&forecast.target);
    let noun = noun(forecast);
    let alt = format!(
        "{title}: reported values, then the forecast median with its intervals, the last report's \
         forecast dashed, and hatching where no claim is made."
    );
    let heading = match answered.len() {
        0 => format!("No {noun} ahead is answerable today"),
        1 => format!("The next {noun} is answered, the ones after it are refused"),
        n if n == forecast.steps.len() => {
            format!("All {n} {noun}s asked lie inside the measured reach")
        }
        n => format!("The next {n} {noun}s are answered, the ones after them are refused"),
    };
    let fan = fan(basis, &answered, previous)?;
    let chart =
        Chart::new(finding(basis, &answered), title, alt, forecast.unit, fan, sources.clone());
    let mut blocks: Vec<Block> = vec![chart.into(), steps_table(basis, &sources)?.into()];
    blocks.extend(refusal(basis));
    Ok(Section::new("outlook", heading, blocks))
}

/// What the fan shows, in a sentence.
fn finding(basis: Basis<'_>, answered: &[&Outlook]) -> String {
    let forecast = basis.forecast;
    let metric = metric_words(&forecast.target);
    let Some(step) = answered.last() else {
        let last = format::words(forecast.last_value, forecast.unit, 1);
        return format!("The last value of {metric}, {last}, is the last word");
    };
    let median = format::words(step.median, forecast.unit, 1);
    let times = step.median / forecast.last_value - 1.0;
    format!(
        "Heading for {metric} of {median} in the {} to {}, {} on the last one",
        noun(forecast),
        format::date(step.period.end()),
        format::signed(times, Unit::Ratio, 0),
    )
}

pub(crate) fn bands(step: &Outlook) -> Vec<Band> {
    let claimable = |c: &f64| *c <= step.quantiles.highest_coverage() + 1e-12;
    let band = |coverage: f64| {
        let (low, high) = step.quantiles.interval(coverage)?;
        Some(Band { coverage, low, high })
    };
    [0.5, 0.8, 0.95].into_iter().filter(claimable).filter_map(band).collect()
}

fn fan(basis: Basis<'_>, answered: &[&Outlook], previous: Vec<Dated>) -> Result<Fan> {
    let forecast = basis.forecast;
    let history = history(basis.known, forecast)?;
    let actuals = history.periods.iter().map(|p| p.end()).zip(history.values.iter().copied());
    let actuals: Vec<Dated> = actuals.collect();
    let mut references = Vec::new();
    if let Some(guide) = forecast.own_guide() {
        let date = guide.period.end();
        references.push(Reference { kind: ReferenceKind::Guide, date, value: guide.mid });
    }
    if let Some(step) = forecast.steps.first() {
        let date = step.period.end();
        let value = forecast.last_value;
        references.push(Reference { kind: ReferenceKind::Naive, date, value });
    }
    let step = |step: &&Outlook| FanStep {
        date: step.period.end(),
        median: step.median,
        bands: bands(step),
    };
    let refused = forecast.steps.iter().filter(|step| step.refusal.is_some());
    Ok(Fan {
        actuals: actuals[actuals.len().saturating_sub(SHOWN_PERIODS)..].to_vec(),
        steps: answered.iter().map(step).collect(),
        references,
        previous,
        as_of: basis.known.as_of(),
        refused: refused.map(|step| step.period.end()).collect(),
    })
}

/// What the last report said of the period reported since and of those ahead; neither what it withheld nor
/// what is withheld today.
pub(crate) fn previous(material: &Material<'_>) -> Vec<Dated> {
    let Some(since) = &material.moves.since else { return Vec::new() };
    let is_told = |horizon: usize| {
        let step = material.forecast.steps.iter().find(|step| step.horizon == horizon);
        step.is_none_or(|step| step.refusal.is_none())
    };
    let accounts = since.told.accounts.iter().filter(|account| {
        let was_refused = material.track.refusal_then(since.day, account.period).is_some();
        is_told(account.horizon) && !was_refused
    });
    accounts.map(|account| (account.period.end(), account.prev)).collect()
}

/// Why the further periods are withheld, and what would make them answerable.
fn refusal(basis: Basis<'_>) -> Option<Block> {
    let steps = &basis.forecast.steps;
    let step = steps.iter().find(|step| step.refusal.is_some())?;
    let refusal = step.refusal.as_ref()?;
    let text = format!(
        "From the {} to {} on the answer is withheld ({}): {}. It would take {}. What would follow from \
         stated assumptions is told by the scenarios, which claim no likelihood.",
        noun(basis.forecast),
        format::date(step.period.end()),
        refusal.code.word().replace('_', " "),
        refusal.measured,
        refusal.would_answer
    );
    let source = basis.model("skill against the last value, by rolling origin");
    Some(Block::Note(Tone::Refusal, Prose::cited(text, &source)))
}

fn steps_table(basis: Basis<'_>, sources: &Sources) -> Result<Table> {
    let forecast = basis.forecast;
    let skill = basis.model("skill against the last value, by rolling origin");
    let sources = &sources.clone().and(&skill);
    let rows = forecast.steps.iter().map(|step| {
        let is_refused = step.refusal.is_some();
        let refused = || Cell::missing("refused: no skill is measured this far ahead");
        let interval = |coverage: f64| match step.quantiles.interval(coverage) {
            _ if is_refused => refused(),
            Some(ends) if coverage <= step.quantiles.highest_coverage() + 1e-12 => {
                Cell::interval(ends, coverage, forecast.unit, 1, sources)
            }
            _ => Cell::missing("more scored forecasts are needed for this coverage"),
        };
        let at = forecast.skill.by_horizon.get(step.horizon - 1);
        let ratio = |value: Option<f64>| {
            value.map_or_else(
                || Cell::missing("too few scored forecasts"),
                |value| Cell::change(value, Unit::Ratio, 0, sources),
            )
        };
        vec![
            Cell::date(step.period.end()),
            if is_refused {
                refused()
            } else {
                Cell::number(step.median, forecast.unit, 1, sources)
            },
            interval(0.8),
            interval(0.95),
            ratio(at.and_then(|at| at.skill)),
            ratio(at.and_then(|at| at.lower)),
            Cell::count(at.map_or(0, |at| at.n), "", sources),
            Cell::label(forecast.skill.grade_at(step.horizon).letter()),
        ]
    });
    let noun = noun(forecast);
    let first = format!("{} to", format::capitalised(noun));
    let headings =
        [&first, "Median", "80% interval", "95% interval", "Skill", "At least", "Scored", "Grade"];
    let table = Table::new(format!("The forecast, {noun} by {noun}"), &headings, rows.collect())?;
    let used = format!(
        "Made by the rule {}. Skill is the share of the last value's error that the model removed at \
         earlier origins; at least: its lower bound.",
        forecast.model_used
    );
    Ok(table.with_note(Prose::cited(used, sources)))
}
