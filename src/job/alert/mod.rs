//! Alerts: what changed its state since the last run, and is told once.
//!
//! May use the core, `forecast`, `job`, and `report` for words. A rule gives each of its subjects
//! a state; a subject whose state is the one on record tells nothing. The first state of a
//! forecast is its starting point and no news. Delivers nothing: `deliver` does.

pub mod calibration;
pub mod impact;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::file::{Alert, Job};
use super::freshness::{Judged, Level};
use super::history::{Announced, Delivery};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::Forecast;
use crate::forecast::interval::Quantiles;
use crate::forecast::ledger::Ledger;
use crate::report::format;
use crate::series::{Registry, SeriesId};

/// Version of the form of what is told.
pub const SCHEMA_VERSION: u32 = 1;

/// What a run knows when it asks what is to be told.
pub struct Facts<'a> {
    /// The run.
    pub run_id: &'a str,
    /// What is known.
    pub known: &'a Snapshot,
    /// The day that the run before saw; none for the first.
    pub since: Option<NaiveDate>,
    /// The run's forecasts; none if it published nothing.
    pub forecasts: &'a [Forecast],
    /// The ledger of forecasts.
    pub ledger: &'a Ledger,
    /// How fresh the data are.
    pub judged: &'a [Judged],
}

/// A subject and its state.
struct Finding {
    kind: &'static str,
    subject: String,
    state: String,
    /// The state in which it is before anything was on record; none if the first state tells nothing.
    first: Option<&'static str>,
    message: String,
    details: Value,
}

/// What is to be told, given the states on record.
///
/// # Errors
/// As the rules: [`crate::Error::Store`] if the archive cannot be read.
pub fn announced(
    job: &Job,
    facts: &Facts<'_>,
    states: &BTreeMap<String, String>,
) -> Result<Announced> {
    let mut announced = Announced::default();
    for alert in &job.alerts {
        for finding in findings(alert, facts)? {
            let held = states.get(&finding.subject).map(String::as_str);
            let seen = announced.states.iter().any(|(subject, _)| *subject == finding.subject);
            if seen || held == Some(finding.state.as_str()) {
                continue;
            }
            announced.states.push((finding.subject.clone(), finding.state.clone()));
            let before = held.or(finding.first);
            if before.is_some_and(|before| before != finding.state) {
                announced.deliveries.extend(deliveries(job, facts, &finding, before));
            }
        }
    }
    Ok(announced)
}

fn deliveries(
    job: &Job,
    facts: &Facts<'_>,
    finding: &Finding,
    before: Option<&str>,
) -> Vec<Delivery> {
    let as_of = facts.known.as_of();
    let key = format!("{} {} {} {as_of}", job.name, finding.subject, finding.state);
    let alert_id = blake3::hash(key.as_bytes()).to_hex()[..16].to_owned();
    let body = json!({
        "schema_version": SCHEMA_VERSION,
        "id": alert_id,
        "job": job.name,
        "run_id": facts.run_id,
        "as_of": as_of,
        "kind": finding.kind,
        "subject": finding.subject,
        "state": finding.state,
        "previous_state": before,
        "message": finding.message,
        "details": finding.details,
    });
    let delivery =
        |sink: String| Delivery { alert_id: alert_id.clone(), sink, body: body.to_string() };
    (0..job.sinks.len()).map(|idx| delivery(super::deliver::sink_name(job, idx))).collect()
}

fn findings(alert: &Alert, facts: &Facts<'_>) -> Result<Vec<Finding>> {
    match alert {
        Alert::Impact { series, times, at_least } => impacts(series, (*times, *at_least), facts),
        Alert::Threshold { series, horizon, value, probability } => {
            let forecast = facts.forecasts.iter().find(|f| f.target.as_str() == series.as_str());
            Ok(forecast
                .and_then(|f| threshold(f, *horizon, (*value, *probability)))
                .into_iter()
                .collect())
        }
        Alert::Refusal { series } => {
            let is_asked = |f: &&Forecast| {
                series.is_empty() || series.iter().any(|id| id == f.target.as_str())
            };
            Ok(facts.forecasts.iter().filter(is_asked).filter_map(refusal).collect())
        }
        Alert::Calibration { coverage, significance } => {
            let is_ours = |id: &str| facts.forecasts.iter().any(|f| f.target.as_str() == id);
            let of = calibration::measure(facts.ledger, is_ours, *coverage);
            Ok(of.map(|of| coverage_state(&of, *coverage, *significance)).into_iter().collect())
        }
        Alert::Stale {} => Ok(facts.judged.iter().map(stale).collect()),
    }
}

fn impacts(
    series: &[String],
    (times, at_least): (f64, f64),
    facts: &Facts<'_>,
) -> Result<Vec<Finding>> {
    let Some(since) = facts.since else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for id in series {
        let id = SeriesId::new(id)?;
        if !facts.known.holds(&id)? {
            continue;
        }
        let then = facts.known.rewind(since)?;
        let mut large = impact::impacts(&then, facts.known, &id)?;
        large.retain(|moved| moved.relative.abs() >= at_least);
        if large.is_empty() {
            continue;
        }
        let usual = impact::usual(&then, &id)?;
        let releases = impact::releases(facts.known, &id)?;
        for moved in large {
            let Some(usual) = usual.of(moved.day, &releases) else { continue };
            if moved.relative.abs() < times * usual {
                continue;
            }
            let message = format!(
                "{}: news of {} moved the forecast of the period to {} by {:+.1}%, where {:.1}% is \
                 usual in such a week; most of it is {}",
                Registry::bundled().title(&id),
                moved.day,
                moved.period.end(),
                100.0 * moved.relative,
                100.0 * usual,
                moved.what,
            );
            found.push(Finding {
                kind: "impact",
                subject: format!("impact:{id}:{}", moved.day),
                state: "told".to_owned(),
                first: Some("untold"),
                message,
                details: json!({
                    "series": id.as_str(),
                    "event_date": moved.day,
                    "period_end": moved.period.end(),
                    "estimate_before": moved.before,
                    "estimate_after": moved.after,
                    "relative": moved.relative,
                    "usual_revision": usual,
                }),
            });
        }
    }
    Ok(found)
}

fn threshold(
    forecast: &Forecast,
    horizon: usize,
    (value, probability): (f64, f64),
) -> Option<Finding> {
    let step = forecast.steps.iter().find(|step| step.horizon == horizon)?;
    if step.refusal.is_some() {
        return None;
    }
    let exceeds = 1.0 - level_of(&step.quantiles, value);
    let is_above = if probability == 0.5 { step.median > value } else { exceeds >= probability };
    let state = if is_above { "above" } else { "below" };
    let words = |amount: f64| format::words(amount, forecast.unit, 2);
    Some(Finding {
        kind: "threshold",
        subject: format!("threshold:{}:{horizon}:{value}:{probability}", forecast.target),
        state: state.to_owned(),
        first: None,
        message: format!(
            "{}: the forecast of the period to {} is {} now, with {:.0}% for more than {}",
            Registry::bundled().title(&forecast.target),
            step.period.end(),
            words(step.median),
            100.0 * exceeds,
            words(value),
        ),
        details: json!({
            "series": forecast.target.as_str(),
            "period_end": step.period.end(),
            "median": step.median,
            "value": value,
            "probability_above": exceeds,
        }),
    })
}

/// The quantile level at which a value stands, by bisection: quantiles grow with their level.
fn level_of(quantiles: &Quantiles, value: f64) -> f64 {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if quantiles.at(middle) < value { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

fn refusal(forecast: &Forecast) -> Option<Finding> {
    let step = forecast.steps.first()?;
    let state = step.refusal.as_ref().map_or("answered", |refusal| refusal.code.word());
    Some(Finding {
        kind: "refusal",
        subject: format!("refusal:{}", forecast.target),
        state: state.to_owned(),
        first: None,
        message: format!(
            "{}: the next period, to {}, is {}",
            Registry::bundled().title(&forecast.target),
            step.period.end(),
            if state == "answered" {
                "answered again".to_owned()
            } else {
                format!("refused: {state}")
            },
        ),
        details: json!({ "series": forecast.target.as_str(), "period_end": step.period.end() }),
    })
}

fn coverage_state(of: &calibration::Coverage, coverage: f64, significance: f64) -> Finding {
    let state = of.state(significance);
    Finding {
        kind: "calibration",
        subject: format!("calibration:{coverage}"),
        state: state.to_owned(),
        first: Some(calibration::INSIDE),
        message: format!(
            "{} of {} resolved forecasts lay inside their {:.0}% interval: {state} what chance allows",
            of.n_inside,
            of.n,
            100.0 * coverage,
        ),
        details: json!({
            "coverage": coverage,
            "n": of.n,
            "n_inside": of.n_inside,
            "significance": significance,
        }),
    }
}

fn stale(judged: &Judged) -> Finding {
    let state = match judged.level {
        Level::Fresh => "fresh",
        Level::Late => "late",
        Level::TooOld => "too_old",
    };
    Finding {
        kind: "stale",
        subject: format!("stale:{}", judged.subject),
        state: state.to_owned(),
        first: Some("fresh"),
        message: format!("{} ({})", judged.words(), state.replace('_', " ")),
        details: json!({
            "newest": judged.newest,
            "age_days": judged.age_days,
            "limit_days": judged.limit_days,
        }),
    }
}
