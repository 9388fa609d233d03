//! The front page: the finding, its figures, and three points.
//!
//! May use `forecast`, `scaling` and the rest of `report`.

use chrono::NaiveDate;

use super::Material;
use crate::error::Result;
use crate::forecast::Outlook;
use crate::report::{Cell, KeyFigure, Prose, SourceRef, format};
use crate::units::Unit;

/// The first step, if it is answered.
fn first<'a>(material: &'a Material<'_>) -> Option<&'a Outlook> {
    material.forecast.steps.first().filter(|step| step.refusal.is_none())
}

pub(super) fn finding(material: &Material<'_>, name: &str) -> Result<Prose> {
    let forecast = material.forecast;
    let sources = material.forecast_sources()?;
    let Some(step) = first(material) else {
        return Ok(Prose::cited(
            format!("No forecast of {name} can be trusted further than its last value today."),
            sources,
        ));
    };
    let median = format::words(step.median, forecast.unit, 1);
    let when = format::date(step.period.end());
    let known = material.known.series(&forecast.target)?;
    let last = known.points.last().map_or(step.median, |point| point.value);
    let change = format::signed(step.median / last - 1.0, Unit::Ratio, 0);
    let metric = match forecast.target.metric() {
        "capex_cash" => "cash capital expenditure",
        "revenue" => "revenue",
        "revenue.data_center" => "data center revenue",
        other => other,
    };
    let text = format!(
        "{name} is heading for {metric} of {median} in the quarter to {when} ({change} on the quarter before)."
    );
    Ok(Prose::cited(text, sources))
}

pub(super) fn key_figures(material: &Material<'_>) -> Result<Vec<KeyFigure>> {
    let forecast = material.forecast;
    let skill = material.model("skill against the last value, by rolling origin");
    let mut figures = Vec::new();
    if let Some(step) = first(material) {
        let sources = material.forecast_sources()?;
        let known = material.known.series(&forecast.target)?;
        let last = known.points.last().map_or(step.median, |point| point.value);
        let (low, high) = step.quantiles.interval(0.8).unwrap_or((step.median, step.median));
        figures.push(KeyFigure::forecast(
            "Next quarter, median",
            Cell::number(step.median, forecast.unit, 1, sources.clone()),
            Cell::interval((low, high), 0.8, forecast.unit, 1, sources.clone()),
            (Cell::change(step.median - last, forecast.unit, 1, sources), "on the last quarter"),
        ));
    }
    figures.push(KeyFigure::fact(
        "Grade",
        Cell::label(forecast.skill.grade.letter()),
        "A is most reliable; D is refused",
    ));
    figures.push(KeyFigure::fact(
        "Horizon cap",
        Cell::count(forecast.skill.horizon_cap, "quarter", &skill),
        "no claim is made further ahead",
    ));
    if let Some(at) = forecast.skill.by_horizon.first() {
        figures.push(KeyFigure::fact(
            "Scored forecasts",
            Cell::count(at.n, "origin", &skill),
            "behind the skill of the next quarter",
        ));
    }
    Ok(figures)
}

pub(super) fn bullets(material: &Material<'_>) -> Result<Vec<Prose>> {
    let mut bullets = Vec::new();
    let forecast = material.forecast;
    if let Some(guide) = &forecast.announcement {
        let text = format!(
            "What moved it: the guide of {}, {} {} for the period to {}.",
            format::date(guide.published),
            guide.metric.replace(['_', '.'], " "),
            format::range(guide.low, guide.high, guide.unit, 1),
            format::date(guide.period.end()),
        );
        bullets.push(Prose::cited(text, SourceRef::announced(guide)));
    } else if let Some(last) = material.last_value()? {
        let text = "What moved it: the last reported quarter, carried on by growth that is shared \
                    with the other companies of the panel.";
        bullets.push(Prose::cited(text, &last));
    }
    if let Some(machines) = material.machines.filter(|m| m.stock.is_some()) {
        let chain = &machines.chain;
        let installed = chain.installed.quantiles(&[0.05, 0.5, 0.95]);
        let unit = Unit::H100e;
        let text = format!(
            "What it means in compute: {} installed by {} ({}, a 90% interval), by estimates made \
             afterwards and stated assumptions.",
            format::words(installed[1], unit, 2),
            format::date(chain.date),
            format::range(installed[0], installed[2], unit, 2),
        );
        bullets.push(Prose::cited(text, material.drawn("scaling chain, draw by draw")));
    }
    let next = next_release(material)?;
    let text = format!(
        "What would change our mind: the figure of the quarter to {}, a revised guide before it, or \
         a lower bound of skill that falls to zero.",
        format::date(next)
    );
    bullets.push(Prose::cited(text, material.model("calendar of the series")));
    Ok(bullets)
}

fn next_release(material: &Material<'_>) -> Result<NaiveDate> {
    let known = material.known.series(&material.forecast.target)?;
    let next = known.next_periods(1)?;
    Ok(next.first().map_or(material.known.as_of(), |period| period.end()))
}
