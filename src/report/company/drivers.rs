//! What makes up the forecast: its terms, the growth that it carries on, and the variables tried.
//!
//! May use the core, `forecast` and the rest of `report`. The terms add up to the median exactly;
//! a variable is shown with its price, whether or not it earned a place.

use super::Material;
use crate::error::{Error, Result};
use crate::forecast::few::lab::Lab;
use crate::forecast::few::price::{Choice, Verdict};
use crate::forecast::guidance;
use crate::forecast::history::{History, Scale};
use crate::forecast::pooled::{Growth, Shared, shared};
use crate::forecast::specified::selection::Selection;
use crate::forecast::{Forecast, Outlook, Term};
use crate::report::chart::{Bar, Bars, Waterfall};
use crate::report::moves::{first, history, metric_words, noun};
use crate::report::{Block, Cell, Chart, Prose, Section, SourceRef, Sources, Table, Tone, format};
use crate::series::{SeriesId, company_name};
use crate::units::Unit;

/// Rivals that the chart of growth shows.
const SHOWN_RIVALS: usize = 10;
/// Standard deviations of a normal that hold 80% between them.
const SD_80: f64 = 1.2816;

/// What makes up the forecast.
pub(super) fn section(material: &Material<'_>) -> Result<Section> {
    let forecast = material.forecast;
    let sources = material.forecast_sources()?;
    let history = history(material.known, forecast)?;
    let mut blocks = Vec::new();
    let mut heading = "What the engine would carry on, if skill were measured".to_owned();
    if let (Some(step), Some(terms)) = (first(forecast), forecast.terms.first()) {
        let parts = parts(&history, step, terms, forecast);
        heading = headline(forecast, &parts);
        blocks.extend(waterfall(material, &history, step, (parts, &sources)));
        blocks.push(terms_table(material, &sources)?.into());
    }
    blocks.extend(surprises(material, &history));
    blocks.extend(growth(material)?);
    blocks.extend(prices(material)?);
    if blocks.is_empty() {
        let text = "The forecast is the last value alone: it is no sum of terms.";
        blocks.push(Block::Note(Tone::Remark, Prose::plain(text)));
    }
    Ok(Section::new("drivers", heading, blocks))
}

/// What a term is called in words.
fn name(term: &str) -> &str {
    match term {
        "guide" => "Company guide",
        "expected_surprise" => "Usual surprise over the guide",
        "drift" => "Growth carried on",
        "season" => "Season",
        "guide_of_whole" => "Guide of the whole company",
        other => other,
    }
}

/// What each term adds to the last value, in the order of the terms; the amounts add up to the median.
fn parts(
    history: &History,
    step: &Outlook,
    terms: &[Term],
    forecast: &Forecast,
) -> Vec<(String, f64)> {
    let mut parts = Vec::new();
    let mut level: f64 = 0.0;
    let mut before = forecast.last_value;
    for term in terms {
        level += term.contribution();
        let after = history.value(level, step.period);
        let label = match term.name.as_str() {
            "last_level" => "Days in the period",
            other => name(other),
        };
        parts.push((label.to_owned(), after - before));
        before = after;
    }
    let is_felt = |change: f64| change.abs() > 1e-9 * forecast.last_value.abs();
    parts.retain(|(_, change)| is_felt(*change));
    parts
}

fn headline(forecast: &Forecast, parts: &[(String, f64)]) -> String {
    let mut sorted: Vec<_> = parts.iter().collect();
    sorted.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let words = |value: f64| format::words(value.abs(), forecast.unit, 1);
    let one = |(label, change): &(String, f64)| {
        let verb = if *change < 0.0 { "takes" } else { "adds" };
        let subject = match label.as_str() {
            "Company guide" => "the guide",
            "Usual surprise over the guide" => "the usual surprise",
            "Growth carried on" => "growth",
            "Season" => "the season",
            "Guide of the whole company" => "the guide of the whole",
            _ => "the length of the period",
        };
        format!("{subject} {verb} {}", words(*change))
    };
    let said = match &sorted[..] {
        [] => "the last value is carried on unchanged".to_owned(),
        [only] => one(only),
        [largest, next, ..] => format!("{}, {}", one(largest), one(next)),
    };
    format::capitalised(&said)
}

fn waterfall(
    material: &Material<'_>,
    history: &History,
    step: &Outlook,
    (parts, sources): (Vec<(String, f64)>, &Sources),
) -> Option<Block> {
    if parts.is_empty() {
        return None;
    }
    let forecast = material.forecast;
    let last = format!("Last value, to {}", format::date(history.last_period().end()));
    let end = format!("Forecast, to {}", format::date(step.period.end()));
    let growth = step.median / forecast.last_value - 1.0;
    let title = format!(
        "From the last value to the forecast: {} in all",
        format::signed(growth, Unit::Ratio, 1)
    );
    let chart = Chart::new(
        title,
        format!("What each term of the model adds to {}", metric_words(&forecast.target)),
        "The last value, what each term adds or takes, and the forecast median.",
        forecast.unit,
        Waterfall { start: (last, forecast.last_value), changes: parts, end },
        sources.clone(),
    );
    Some(chart.into())
}

/// The exact terms of every answered step, each as what it multiplies the level by.
fn terms_table(material: &Material<'_>, sources: &Sources) -> Result<Table> {
    let forecast = material.forecast;
    let mut names: Vec<&str> = Vec::new();
    for term in forecast.terms.iter().flatten() {
        if !names.contains(&term.name.as_str()) {
            names.push(&term.name);
        }
    }
    let is_level = |name: &str| name == "last_level" || name == "guide";
    names.retain(|name| !is_level(name));
    let rows = forecast.steps.iter().zip(&forecast.terms).map(|(step, terms)| {
        let is_refused = step.refusal.is_some();
        let missing = || Cell::missing("refused: no skill is measured this far ahead");
        let start = terms
            .iter()
            .find(|term| is_level(&term.name))
            .map_or("", |term| if term.name == "guide" { "the guide" } else { "the last value" });
        let mut row = vec![Cell::date(step.period.end()), Cell::label(start)];
        row.extend(names.iter().map(|name| {
            let term = terms.iter().find(|term| term.name == *name);
            match (term, forecast.scale) {
                _ if is_refused => missing(),
                (None, _) => Cell::label(""),
                (Some(term), Scale::Log) => {
                    Cell::change(term.contribution().exp_m1(), Unit::Ratio, 1, sources)
                }
                (Some(term), Scale::Linear) => {
                    Cell::change(term.contribution(), forecast.unit, 1, sources)
                }
            }
        }));
        row.push(if is_refused {
            missing()
        } else {
            Cell::number(step.median, forecast.unit, 1, sources)
        });
        row
    });
    let noun = noun(forecast);
    let to = format!("{} to", format::capitalised(noun));
    let mut headings = vec![to.as_str(), "Starts from"];
    headings.extend(names.iter().map(|term| name(term)));
    headings.push("Median");
    let table = Table::new("Every term of every answer", &headings, rows.collect())?;
    Ok(table.with_note(Prose::plain(
        "Terms multiply: the start, by the week where quarters differ in weeks, times one plus each \
         percentage is the median, exactly. The command chipcast forecast --explain prints them on \
         the logarithmic scale.",
    )))
}

/// How the company's values came in beside its own guides.
fn surprises(material: &Material<'_>, history: &History) -> Option<Block> {
    let forecast = material.forecast;
    let guide = forecast.own_guide()?;
    let found = guidance::surprises(material.known, &forecast.target, history);
    if found.is_empty() {
        return None;
    }
    let n_above = found.iter().filter(|surprise| **surprise > 0.0).count();
    let mut sorted = found.clone();
    sorted.sort_by(f64::total_cmp);
    let median = crate::draws::sorted_quantile(&sorted, 0.5).exp_m1();
    let text = format!(
        "The guide of {} for the {} to {} has its middle at {}. Of {} resolved guides, {} were beaten; \
         the median surprise is {}.",
        format::date(guide.published),
        noun(forecast),
        format::date(guide.period.end()),
        format::words(guide.mid, guide.unit, 1),
        found.len(),
        n_above,
        format::signed(median, Unit::Ratio, 1),
    );
    let sources = Sources::from(&SourceRef::announced(guide))
        .and(&material.model("surprises: the value over the first guide of its period"));
    Some(Block::text(Prose::cited(text, sources)))
}

/// The company's own growth, what the panel shares, and what is carried on.
fn growth(material: &Material<'_>) -> Result<Option<Block>> {
    let forecast = material.forecast;
    let uses = forecast.terms.iter().flatten().any(|term| term.name == "drift");
    let Some(shared) = shared(material.known, &forecast.target)?.filter(|_| uses) else {
        return Ok(None);
    };
    if forecast.scale == Scale::Linear {
        return Ok(None);
    }
    let source = material.model("growth after season, pulled toward the panel's mean");
    let mut sources = Sources::from(&source);
    let mut rivals: Vec<&(SeriesId, Growth)> = shared.others.iter().collect();
    rivals.sort_by(|a, b| b.1.drift.total_cmp(&a.1.drift));
    let n_left_out = rivals.len().saturating_sub(SHOWN_RIVALS);
    for (series, _) in rivals.iter().take(SHOWN_RIVALS) {
        if let Some(last) = SourceRef::last_of(material.known, series)? {
            sources = sources.and(&last);
        }
    }
    let noun = noun(forecast);
    let bars = growth_bars(forecast, &shared, &rivals);
    let name = company_name(forecast.target.owner());
    let percent = |drift: f64| format::words(drift.exp_m1(), Unit::Ratio, 1);
    let title = shared.mean.map_or_else(
        || format!("Growth of {} a {noun} is carried on", percent(shared.used)),
        |mean| {
            let (own, used) = (percent(shared.own.drift), percent(shared.used));
            if own == used {
                format!("{name}'s own growth of {own} a {noun} is carried on as it is")
            } else {
                format!(
                    "{name}'s own {own} a {noun} is pulled to {used} by the {} that all share",
                    percent(mean)
                )
            }
        },
    );
    let left_out = if n_left_out == 0 {
        String::new()
    } else {
        format!("; {n_left_out} slower ones are not shown")
    };
    let chart = Chart::new(
        title,
        format!("Growth a {noun} after season, with 80% intervals{left_out}"),
        "Bars of growth by company, the panel's mean, and what the forecast carries on.",
        Unit::Ratio,
        bars,
        sources,
    );
    Ok(Some(chart.into()))
}

fn growth_bars(forecast: &Forecast, shared: &Shared, rivals: &[&(SeriesId, Growth)]) -> Bars {
    let bar = |label: String, growth: &Growth, is_emphasised: bool| {
        let sd = growth.drift_variance.sqrt() * SD_80;
        let ends = ((growth.drift - sd).exp_m1(), (growth.drift + sd).exp_m1());
        Bar { label, value: growth.drift.exp_m1(), interval: Some(ends), is_emphasised }
    };
    let plain = |label: &str, drift: f64, is_emphasised: bool| Bar {
        label: label.to_owned(),
        value: drift.exp_m1(),
        interval: None,
        is_emphasised,
    };
    let name = company_name(forecast.target.owner());
    let mut bars = vec![plain("Carried on", shared.used, true)];
    bars.push(bar(format!("{name}, own"), &shared.own, true));
    bars.extend(shared.mean.map(|mean| plain("Shared by the panel", mean, false)));
    let of_rival = |(series, growth): &&(SeriesId, Growth)| {
        bar(company_name(series.owner()).to_owned(), growth, false)
    };
    bars.extend(rivals.iter().take(SHOWN_RIVALS).map(of_rival));
    Bars { bars }
}

/// The variables tried beside the last value, each with its price.
fn prices(material: &Material<'_>) -> Result<Vec<Block>> {
    let lab = match Lab::of(material.known, &material.forecast.target, Selection::bundled()) {
        Ok(lab) => lab,
        Err(Error::Insufficient(_) | Error::Invalid(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let choice = lab.bench(1).price_now();
    let source = material.model("price of a variable: skill added out of sample, nested origins");
    let rows = choice.offers.iter().map(|offer| {
        let ratio = |value: Option<f64>| {
            value.map_or_else(
                || Cell::missing("no price: too few resolved forecasts, or not known today"),
                |value| Cell::change(value, Unit::Ratio, 1, &source),
            )
        };
        vec![
            Cell::label(variable_words(&lab.names()[offer.variable])),
            ratio(offer.price),
            ratio(offer.lower),
            Cell::count(offer.n, "", &source),
            Cell::label(verdict_words(offer.verdict)),
        ]
    });
    let headings = ["Variable", "Skill added", "At least", "Compared", "Verdict"];
    let table = Table::new(caption(&choice, &lab), &headings, rows.collect())?;
    let noun = noun(material.forecast);
    let note = format!(
        "One {noun} ahead, each priced beside those accepted, in pseudo real time. A variable is \
         accepted if the lower bound of the skill that it adds lies above zero; the bound's level is \
         shared among all that were looked at, and {} resolved forecasts allow {} at most. The engine \
         above uses none of them.",
        choice.n_rows,
        format::count(choice.budget, "variable"),
    );
    Ok(vec![table.with_note(Prose::cited(note, &source)).into()])
}

fn caption(choice: &Choice, lab: &Lab<'_>) -> String {
    let n = lab.names().len();
    match &choice.accepted[..] {
        [] => format!("None of {n} variables earns a place beside the last value"),
        accepted => {
            let names: Vec<_> =
                accepted.iter().map(|at| variable_words(&lab.names()[*at])).collect();
            format!("{} of {n} variables earn a place: {}", names.len(), names.join(", "))
        }
    }
}

/// A variable's name in words.
fn variable_words(name: &str) -> String {
    let known = match name {
        "growth_of_year" => "Own growth over the year",
        "growth_same_span_year_before" => "Own growth of the same span a year before",
        "panel_growth_of_year" => "The panel's growth over the year",
        "guide" => "Company guide",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    if let Some(lag) = name.strip_prefix("change_lag_") {
        return format!("Own change, {lag} back");
    }
    match name.strip_prefix("growth_of_").map(SeriesId::new) {
        Some(Ok(series)) => {
            format!("{}, growth of {}", company_name(series.owner()), metric_words(&series))
        }
        _ => name.replace('_', " "),
    }
}

fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::NotKnown => "not known today",
        Verdict::ShortRecord => "record too short",
        Verdict::NoGain => "rejected: no gain",
        Verdict::NotSure => "rejected: gain not sure",
        Verdict::BudgetSpent => "left out: budget spent",
    }
}
