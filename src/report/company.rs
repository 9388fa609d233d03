//! The page of one company: what it will spend, how far that can be trusted, and what it buys.
//!
//! May use `forecast`, `scaling`, `strategy` and the rest of `report`. Composes; computes nothing of its own.

use chrono::NaiveDate;

use super::machines::{Machines, Workshop};
use super::sections::{self, Track};
use super::{Cell, KeyFigure, Prose, Report, SourceRef, Sources, format, pressure};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::{Forecast, Outlook};
use crate::series::{Registry, SeriesId};
use crate::strategy::trial::Trial;

/// What a page is made of.
pub struct Material<'a> {
    /// What was known.
    pub known: &'a Snapshot,
    /// The run that makes it.
    pub run_id: &'a str,
    /// The forecast that the page is about.
    pub forecast: &'a Forecast,
    /// What the model and its rivals said at earlier origins.
    pub track: &'a Track,
    /// What the spend buys, if it could be computed.
    pub machines: Option<&'a Machines>,
    /// The laws.
    pub workshop: &'a Workshop,
    /// What would have been said of pressure up to the day.
    pub past: &'a [Trial],
}

impl Material<'_> {
    /// The source of a number that this run computed.
    pub(super) fn model(&self, step: &str) -> SourceRef {
        SourceRef::model(step, self.run_id, self.known.as_of())
    }

    /// The source of the last known value.
    pub(super) fn last_value(&self) -> Result<Option<SourceRef>> {
        last_source(self.known, &self.forecast.target)
    }

    /// Sources of a forecast number: the model, the guide if one went in, and the last value.
    pub(super) fn forecast_sources(&self) -> Result<Sources> {
        let mut sources = Sources::from(&self.model("forecast with conformal intervals"));
        if let Some(guide) = &self.forecast.announcement {
            sources = sources.and(&SourceRef::announced(guide));
        }
        if let Some(last) = self.last_value()? {
            sources = sources.and(&last);
        }
        Ok(sources)
    }
}

/// The source of a series' last known value.
///
/// # Errors
/// As [`Snapshot::current`].
pub(super) fn last_source(known: &Snapshot, series: &SeriesId) -> Result<Option<SourceRef>> {
    Ok(known.current(series)?.last().map(SourceRef::observed))
}

/// The report on a company.
///
/// # Errors
/// [`crate::Error::Store`] if the archive cannot be read.
pub fn company(material: &Material<'_>) -> Result<Report> {
    let forecast = material.forecast;
    let registry = Registry::bundled();
    let owner = forecast.target.owner();
    let name = registry.company(owner).map_or(owner, |company| company.name.as_str());
    let title = registry.title(&forecast.target);
    let mut sections = vec![sections::outlook(material)?, sections::trust(material)?];
    sections.extend(sections::announcements(material)?);
    sections.extend(pressure::section(material)?);
    sections.extend(sections::machines(material)?);
    sections.push(sections::method(material)?);
    Ok(Report {
        title: if title.contains(name) { title.clone() } else { format!("{name}: {title}") },
        finding: finding(material, name)?,
        subtitle: "Forecast in pseudo real time from public filings, with its measured reach"
            .to_owned(),
        as_of: material.known.as_of(),
        run_id: material.run_id.to_owned(),
        data_hash: material.known.digest()[..16].to_owned(),
        key_figures: key_figures(material)?,
        bullets: bullets(material)?,
        sections,
        disclosures: disclosures(),
    })
}

/// The first step, if it is answered.
fn first<'a>(material: &'a Material<'_>) -> Option<&'a Outlook> {
    material.forecast.steps.first().filter(|step| step.refusal.is_none())
}

fn finding(material: &Material<'_>, name: &str) -> Result<Prose> {
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
    let change = format::signed(step.median / last - 1.0, crate::units::Unit::Ratio, 0);
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

fn key_figures(material: &Material<'_>) -> Result<Vec<KeyFigure>> {
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

fn bullets(material: &Material<'_>) -> Result<Vec<Prose>> {
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
        let unit = crate::units::Unit::H100e;
        let text = format!(
            "What it means in compute: {} installed by {} ({}, a 90% interval), by estimates made \
             afterwards and stated assumptions.",
            format::words(installed[1], unit, 2),
            format::date(chain.date),
            format::range(installed[0], installed[2], unit, 2),
        );
        bullets.push(Prose::cited(text, material.model("scaling chain, draw by draw")));
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

/// What every page ends with.
pub(super) fn disclosures() -> Vec<Prose> {
    [
        "Model output, not investment advice. No rating and no price target is given or implied.",
        "Filed figures, companies' own guides, estimates made afterwards, assumptions and model \
         output are marked apart in the list of sources.",
        "Estimates of chips bought and installed are by Epoch AI, used under CC BY; they were made \
         after the fact and revised, so no backtest uses them before their publication.",
        "A dated figure counts as public from its vintage on; where the publication day is unknown, \
         from the day on which it was read.",
    ]
    .map(Prose::plain)
    .to_vec()
}
