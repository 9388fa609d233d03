//! The front page: the finding, its figures, and three points.
//!
//! May use the core, `forecast`, `scaling` and the rest of `report`.

use super::Material;
use super::basis::Basis;
use crate::error::Result;
use crate::forecast::news::Account;
use crate::forecast::releases::{Brings, Release};
use crate::period::Period;
use crate::report::desk::HORIZON;
use crate::report::moves::{Since, Test, first, label, metric_words, noun, span};
use crate::report::{Cell, KeyFigure, Prose, SourceRef, Sources, format};
use crate::units::Unit;

/// Events that the first point names.
const NAMED: usize = 2;

/// What the forecast found, in a sentence.
pub(crate) fn finding(basis: Basis<'_>, name: &str) -> Result<Prose> {
    let forecast = basis.forecast;
    let sources = basis.forecast_sources()?;
    let (metric, noun) = (metric_words(&forecast.target), noun(forecast));
    let Some(step) = first(forecast) else {
        let last = format::words(forecast.last_value, forecast.unit, 1);
        let text = format!(
            "No forecast of {name}'s {metric} can be trusted further than its last value, {last}."
        );
        return Ok(Prose::cited(text, sources));
    };
    let median = format::words(step.median, forecast.unit, 1);
    let when = format::date(step.period.end());
    let change = format::signed(step.median / forecast.last_value - 1.0, Unit::Ratio, 0);
    let heading = if step.period.end() <= basis.known.as_of() {
        format!("{name} will report {metric} of {median} for the {noun} to {when}")
    } else {
        format!("{name} is heading for {metric} of {median} in the {noun} to {when}")
    };
    Ok(Prose::cited(format!("{heading}, {change} on the {noun} before."), sources))
}

pub(super) fn key_figures(material: &Material<'_>) -> Result<Vec<KeyFigure>> {
    let forecast = material.forecast;
    let (unit, noun) = (forecast.unit, noun(forecast));
    let skill = material.model("skill against the last value, by rolling origin");
    let sources = material.forecast_sources()?;
    let last = Cell::number(forecast.last_value, unit, 1, sources.clone());
    let mut figures = Vec::new();
    if let Some(step) = first(forecast) {
        let (low, high) = step.quantiles.interval(0.8).unwrap_or((step.median, step.median));
        let change = change(material, step.period);
        figures.push(KeyFigure {
            label: format!("{}, median", format::capitalised(&format!("next {noun}"))),
            value: Cell::number(step.median, unit, 1, sources.clone()),
            interval: Some(Cell::interval((low, high), 0.8, unit, 1, sources.clone())),
            note: None,
            change: Some(change.unwrap_or((
                Cell::change(step.median - forecast.last_value, unit, 1, sources),
                format!("on the last {noun}"),
            ))),
        });
    }
    figures.push(KeyFigure::fact(
        format::capitalised(&format!("last {noun}")),
        last,
        "as reported",
    ));
    figures.push(KeyFigure::fact(
        "Grade",
        Cell::label(forecast.skill.grade.letter()),
        "A is most reliable; D is refused",
    ));
    let cap = forecast.skill.horizon_cap;
    let note = match cap {
        0 => "no period ahead is answered",
        cap if cap >= HORIZON => "as far as this page asks",
        _ => "no claim is made further ahead",
    };
    figures.push(KeyFigure::fact("Horizon cap", Cell::count(cap, noun, &skill), note));
    if let Some(at) = forecast.skill.by_horizon.first() {
        figures.push(KeyFigure::fact(
            "Scored forecasts",
            Cell::count(at.n, "origin", &skill),
            format!("behind the skill of the next {noun}").as_str(),
        ));
    }
    Ok(figures)
}

/// The change of the next period's forecast since the last report.
fn change(material: &Material<'_>, period: Period) -> Option<(Cell, String)> {
    let since = material.moves.since.as_ref()?;
    let account = since.account(period)?;
    let source = material.model("account of news: the forecast made again after each event");
    let cell = Cell::change(account.total(), material.forecast.unit, 1, &source);
    Some((cell, format!("since the report of {}", format::date(since.day))))
}

pub(super) fn bullets(material: &Material<'_>) -> Result<Vec<Prose>> {
    let mut bullets = vec![moved(material)?];
    bullets.extend(compute(material));
    bullets.push(mind(material)?);
    Ok(bullets)
}

/// What moved it: the largest effects with their documents.
fn moved(material: &Material<'_>) -> Result<Prose> {
    let forecast = material.forecast;
    let step = forecast.steps.first();
    let since = material.moves.since.as_ref();
    let Some((since, account)) = since.and_then(|s| Some((s, s.account(step?.period)?))) else {
        let text = "What moved it: there is no earlier report to compare with.";
        return Ok(Prose::cited(text, material.forecast_sources()?));
    };
    let moved = since.moved(account);
    let day = format::date(since.day);
    if moved.is_empty() {
        let text = format!("What moved it: nothing that became public since {day}.");
        return Ok(Prose::cited(text, material.model("account of news")));
    }
    let mut sources: Vec<SourceRef> = Vec::new();
    let named = moved.iter().take(NAMED).map(|(idx, impact)| {
        let event = &since.told.events[*idx];
        sources.extend(SourceRef::of_event(event));
        format!(
            "{} ({}{})",
            lowered(&label(event, &forecast.target)),
            beside(since, account, *idx),
            format::signed(*impact, forecast.unit, 1)
        )
    });
    let named: Vec<String> = named.collect();
    let rest: f64 = moved.iter().skip(NAMED).map(|(_, impact)| impact).sum();
    let rest = match moved.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(
            "; {} added {}",
            format::count(n, "other event"),
            format::signed(rest, forecast.unit, 1)
        ),
    };
    let text = format!(
        "What moved it since {day}, by {} in all: {}{rest}.",
        format::signed(account.total(), forecast.unit, 1),
        named.join(", then "),
    );
    let sources = Sources::new(sources).unwrap_or(material.forecast_sources()?);
    Ok(Prose::cited(text, sources))
}

/// `$108.0 billion where $101.0 billion was expected, `, where both are known.
fn beside(since: &Since, account: &Account, event_idx: usize) -> String {
    let effect = account.effects.iter().find(|effect| effect.event_idx == event_idx);
    let pair = effect.and_then(|effect| effect.actual.zip(effect.expected));
    let (Some((actual, expected)), Some((_, unit))) = (pair, since.told.events[event_idx].about())
    else {
        return String::new();
    };
    let words = |value: f64| format::words(value, unit, 1);
    format!("{} where {} was expected, ", words(actual), words(expected))
}

fn lowered(text: &str) -> String {
    match text.strip_prefix("Own ") {
        Some(rest) => format!("own {rest}"),
        None => text.to_owned(),
    }
}

/// What it means in compute.
fn compute(material: &Material<'_>) -> Option<Prose> {
    let machines = material.machines?;
    let unit = Unit::H100e;
    let mut text = String::from("What it means in compute: ");
    let bought = machines.next_purchase().map(|(period, draws)| {
        let found = draws.quantiles(&[0.1, 0.5, 0.9]);
        format!(
            "{} bought in the quarter to {} ({}, an 80% interval)",
            format::words(found[1], unit, 2),
            format::date(period.end()),
            format::range(found[0], found[2], unit, 2)
        )
    });
    let fleet = machines.stock.is_some().then(|| {
        let chain = &machines.chain;
        let found = chain.installed.quantiles(&[0.05, 0.5, 0.95]);
        format!(
            "{} installed by {} ({}, a 90% interval)",
            format::words(found[1], unit, 2),
            format::date(chain.date),
            format::range(found[0], found[2], unit, 2),
        )
    });
    let parts: Vec<String> = bought.into_iter().chain(fleet).collect();
    if parts.is_empty() {
        return None;
    }
    text.push_str(&parts.join(", and "));
    text.push_str("; by estimates made afterwards and stated assumptions.");
    Some(Prose::cited(text, material.drawn("scaling chain, draw by draw")))
}

/// What would change our mind: the next release, its day, and the values that move the forecast.
fn mind(material: &Material<'_>) -> Result<Prose> {
    let forecast = material.forecast;
    let mut sources = Sources::from(&material.model("calendar of past releases"));
    if let Some(last) = material.last_value()? {
        sources = sources.and(&last);
    }
    let next = &material.moves.next;
    let value = next.iter().find(|release| release.brings == Brings::Value);
    let guide = next.iter().find(|release| release.brings == Brings::Guide);
    let mut text = format!("What would change our mind: {}", when(material, value));
    if let Some(test) = &material.moves.tests {
        text.push_str(&falsifier(material, test, guide));
    }
    let size = guide.or(value).and_then(|r| Some((r.effect?, r)));
    if let Some((effect, release)) = size {
        text.push_str(&format!(
            " The last {} moved it by {} at the median.",
            format::count(release.n, if guide.is_some() { "guide" } else { "release" }),
            format::words(effect, Unit::Ratio, 1)
        ));
    }
    if first(forecast).is_none() {
        text.push_str(" Until skill is measured above zero, no answer is given.");
    }
    Ok(Prose::cited(text, sources))
}

fn when(material: &Material<'_>, value: Option<&Release>) -> String {
    let noun = noun(material.forecast);
    let period = material.forecast.steps.first().map(|step| format::date(step.period.end()));
    let period = period.unwrap_or_default();
    match value {
        Some(release) if release.due.high < material.known.as_of() => {
            format!("the results of the {noun} to {period}, which are overdue.")
        }
        Some(release) if release.due.low == release.due.high => {
            format!("the results expected on {}.", format::date(release.due.median))
        }
        Some(release) => format!(
            "the results expected on {} ({}).",
            format::date(release.due.median),
            span(release.due.low, release.due.high)
        ),
        None => format!(
            "the results of the {noun} to {period}; the days of past ones are not known well enough to \
             name theirs."
        ),
    }
}

fn falsifier(material: &Material<'_>, test: &Test, guide: Option<&Release>) -> String {
    let forecast = material.forecast;
    let words = |value: f64| format::words(value, forecast.unit, 1);
    let (noun, ahead) = (noun(forecast), format::date(test.moves.end()));
    if let Some(middle) = test.guide.filter(|_| guide.is_some()) {
        return format!(
            " A guide for the {noun} to {ahead} above {} would raise its forecast of {}, one below \
             would cut it.",
            words(middle),
            words(test.stands)
        );
    }
    let is_refused = forecast.steps.get(1).is_none_or(|step| step.refusal.is_some());
    if is_refused {
        return format!(
            " A value outside {} for the {noun} to {} would be a miss of the 80% interval.",
            format::range(test.low.0, test.high.0, forecast.unit, 1),
            format::date(test.period.end()),
        );
    }
    format!(
        " {} or more for the {noun} to {} would lift the next one's forecast from {} to {}; {} or less \
         would cut it to {}. Both are the ends of the 80% interval.",
        words(test.high.0),
        format::date(test.period.end()),
        words(test.stands),
        words(test.high.1),
        words(test.low.0),
        words(test.low.1),
    )
}
