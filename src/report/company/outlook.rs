//! The forecast, as a fan and as a table.
//!
//! May use `forecast` and the rest of `report`. Text is made from the same rows as the tables.

use super::Material;
use crate::error::Result;
use crate::forecast::Outlook;
use crate::report::chart::{Band, Fan, FanStep, Reference, ReferenceKind};
use crate::report::{Block, Cell, Chart, Prose, Section, Sources, Table, Tone, format};
use crate::series::Registry;
use crate::units::Unit;

/// Quarters of history that the fan shows.
const SHOWN_PERIODS: usize = 16;

/// The forecast, as a fan and as a table.
pub(super) fn section(material: &Material<'_>) -> Result<Section> {
    let forecast = material.forecast;
    let sources = material.forecast_sources()?;
    let known = material.known.series(&forecast.target)?;
    let shown = known.points.len().saturating_sub(SHOWN_PERIODS);
    let actuals: Vec<_> = known.points[shown..].iter().map(|p| (p.period.end(), p.value)).collect();
    let answered = || forecast.steps.iter().filter(|step| step.refusal.is_none());
    let bands = |step: &Outlook| {
        let claimable = |c: &f64| *c <= step.quantiles.highest_coverage() + 1e-12;
        let band = |coverage: f64| {
            let (low, high) = step.quantiles.interval(coverage)?;
            Some(Band { coverage, low, high })
        };
        [0.5, 0.8, 0.95].into_iter().filter(claimable).filter_map(band).collect::<Vec<_>>()
    };
    let mut references = Vec::new();
    if let Some(guide) = forecast.own_guide() {
        let date = guide.period.end();
        references.push(Reference { kind: ReferenceKind::Guide, date, value: guide.mid });
    }
    if let (Some(step), Some(last)) = (forecast.steps.first(), known.points.last()) {
        let date = step.period.end();
        references.push(Reference { kind: ReferenceKind::Naive, date, value: last.value });
    }
    let fan = Fan {
        actuals,
        steps: answered()
            .map(|s| FanStep { date: s.period.end(), median: s.median, bands: bands(s) })
            .collect(),
        references,
        previous: Vec::new(),
        as_of: material.known.as_of(),
        refused: forecast
            .steps
            .iter()
            .filter(|step| step.refusal.is_some())
            .map(|step| step.period.end())
            .collect(),
    };
    let title = Registry::bundled().title(&forecast.target);
    let alt = format!("{title}: reported values, then the forecast median with its intervals.");
    let heading = match answered().count() {
        0 => "No quarter ahead is answerable today",
        n if n == forecast.steps.len() => "Every quarter asked lies inside the measured reach",
        _ => "The nearer quarters are answered, the further ones refused",
    };
    let finding = answered().next_back().map_or_else(
        || "The last value is the last word".to_owned(),
        |step| {
            let median = format::words(step.median, forecast.unit, 1);
            format!("Heading for {median} in the quarter to {}", format::date(step.period.end()))
        },
    );
    let chart = Chart::new(finding, title, alt, forecast.unit, fan, sources.clone());
    let mut blocks: Vec<Block> = vec![chart.into(), steps_table(material, &sources)?.into()];
    if let Some(step) = forecast.steps.iter().find(|step| step.refusal.is_some())
        && let Some(refusal) = &step.refusal
    {
        let text = format!(
            "From the quarter to {} on the answer is withheld ({}): {}. It would take {}.",
            format::date(step.period.end()),
            refusal.code.word().replace('_', " "),
            refusal.measured,
            refusal.would_answer
        );
        let source = material.model("skill against the last value, by rolling origin");
        blocks.push(Block::Note(Tone::Refusal, Prose::cited(text, &source)));
    }
    Ok(Section::new("outlook", heading, blocks))
}

fn steps_table(material: &Material<'_>, sources: &Sources) -> Result<Table> {
    let forecast = material.forecast;
    let skill_source = material.model("skill against the last value, by rolling origin");
    let rows = forecast.steps.iter().map(|step| {
        let refused = |what: &str| Cell::missing(format!("refused: {what}"));
        let interval = |coverage: f64| match step.quantiles.interval(coverage) {
            _ if step.refusal.is_some() => refused("no skill"),
            Some(ends) if coverage <= step.quantiles.highest_coverage() + 1e-12 => {
                Cell::interval(ends, coverage, forecast.unit, 1, sources.clone())
            }
            _ => refused("more scored forecasts are needed for this coverage"),
        };
        let at = forecast.skill.by_horizon.get(step.horizon - 1);
        let ratio = |value: Option<f64>| {
            value.map_or_else(
                || Cell::missing("too few scored forecasts"),
                |value| Cell::change(value, Unit::Ratio, 0, &skill_source),
            )
        };
        vec![
            Cell::date(step.period.end()),
            match step.refusal {
                Some(_) => refused("no skill"),
                None => Cell::number(step.median, forecast.unit, 1, sources.clone()),
            },
            interval(0.8),
            interval(0.95),
            ratio(at.and_then(|at| at.skill)),
            ratio(at.and_then(|at| at.lower)),
            Cell::count(at.map_or(0, |at| at.n), "", &skill_source),
            Cell::label(forecast.skill.grade_at(step.horizon).letter()),
            Cell::label(step.model_used),
        ]
    });
    let headings = [
        "Quarter to",
        "Median",
        "80% interval",
        "95% interval",
        "Skill",
        "At least",
        "Scored",
        "Grade",
        "Model",
    ];
    Table::new("The forecast, quarter by quarter", &headings, rows.collect())
}
