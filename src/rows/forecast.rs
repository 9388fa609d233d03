//! Rows of a forecast, in the form of the forecasting hubs.
//!
//! May use the core, `forecast`, `report` for words, and `rows`. Makes no forecast.

use serde_json::{Value, json};

use super::Rows;
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::few::lab::{Extrapolation, Lab};
use crate::forecast::skill::Refusal;
use crate::forecast::specified::selection::Selection;
use crate::forecast::{Forecast, Outlook};
use crate::observation::Announcement;
use crate::report::format;
use crate::series::SeriesId;

/// How many of [`COLUMNS`] bear the forecasting hubs' names.
pub const N_HUB_COLUMNS: usize = 9;

/// Columns of forecast rows: the forecasting hubs' names, then ours.
pub const COLUMNS: [&str; 14] = [
    "model_id",
    "target",
    "origin_date",
    "horizon",
    "target_end_date",
    "output_type",
    "output_type_id",
    "value",
    "unit",
    "run_id",
    "model_used",
    "fallback_reason",
    "grade",
    "note",
];

/// A forecast, and what of its inputs lies outside what was seen.
pub struct Told<'a> {
    /// The forecast.
    pub forecast: &'a Forecast,
    /// [`outside`] of its series.
    pub outside: Option<String>,
}

impl<'a> Told<'a> {
    /// A forecast made from what is known.
    pub fn of(known: &Snapshot, forecast: &'a Forecast) -> Self {
        Self { forecast, outside: outside(known, &forecast.target) }
    }
}

/// What is asked of each forecast.
pub struct Asked<'a> {
    /// Coverage of the central intervals.
    pub coverage: &'a [f64],
    /// Whether the mean stands beside the median.
    pub with_mean: bool,
    /// Sample paths.
    pub n_samples: usize,
    /// The run.
    pub run_id: &'a str,
    /// Seed of the sample paths.
    pub seed: u64,
}

/// Whether each coverage is a share that an interval can have.
///
/// # Errors
/// [`Error::Invalid`] unless each lies above 0 and below 1.
pub fn check_coverage(coverage: &[f64]) -> Result<()> {
    match coverage.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
        None => Ok(()),
        Some(share) => Err(Error::invalid(format!(
            "coverage {share} asked; needed is a share above 0 and below 1"
        ))),
    }
}

/// The rows of forecasts, with the announcements that went in beside them.
pub fn rows(told: &[Told<'_>], asked: &Asked<'_>) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for told in told {
        push_rows(&mut rows, told, asked);
    }
    rows.beside("announcements", announcements(told));
    rows
}

/// Variables of the series' own past and words that lie outside what was seen at earlier origins, in words;
/// none where too little is known.
pub fn outside(known: &Snapshot, series: &SeriesId) -> Option<String> {
    let lab = Lab::of(known, series, Selection::bundled()).ok()?;
    let is_own = |outside: &Extrapolation| lab.variables()[outside.variable].is_own;
    let found = lab.extrapolations().into_iter().filter(is_own).map(|outside| {
        let Extrapolation { variable, value, low, high, .. } = outside;
        format!("{} {value:+.2} (seen {low:+.2} to {high:+.2})", lab.names()[variable])
    });
    let found: Vec<_> = found.collect();
    (!found.is_empty()).then(|| format!("outside what was seen: {}", found.join(", ")))
}

/// What a row says of its step: kind of output, its id, its value, and a word on it.
struct Output<'a> {
    kind: &'a str,
    id: Value,
    value: Value,
    note: Value,
}

/// A row in the form of the forecasting hubs.
fn hub_row(forecast: &Forecast, step: &Outlook, run_id: &str, output: Output<'_>) -> Vec<Value> {
    vec![
        json!(forecast.model),
        json!(forecast.target.as_str()),
        json!(forecast.origin),
        json!(step.horizon),
        json!(step.period.end()),
        json!(output.kind),
        output.id,
        output.value,
        json!(forecast.unit.word()),
        json!(run_id),
        json!(step.model_used),
        json!(forecast.fallback_reason),
        json!(forecast.skill.grade_at(step.horizon).letter()),
        output.note,
    ]
}

fn push_rows(rows: &mut Rows, told: &Told<'_>, asked: &Asked<'_>) {
    let Told { forecast, outside } = told;
    let run_id = asked.run_id;
    for step in &forecast.steps {
        let mut push = |kind: &str, id: Value, value: Value, note: Value| {
            rows.push(hub_row(forecast, step, run_id, Output { kind, id, value, note }));
        };
        let refusal = |r: &Refusal| json!(format!("{}; {}", r.measured, r.would_answer));
        if let Some(r) = &step.refusal {
            push("refusal", json!(r.code.word()), Value::Null, refusal(r));
            continue;
        }
        let guided = forecast.announcement.as_ref().filter(|_| step.horizon == 1);
        let notes: Vec<String> =
            guided.map(guide_note).into_iter().chain(outside.clone()).collect();
        let note = if notes.is_empty() { Value::Null } else { json!(notes.join("; ")) };
        push("median", Value::Null, json!(step.median), note);
        if asked.with_mean {
            push("mean", Value::Null, json!(step.quantiles.mean()), Value::Null);
        }
        for coverage in asked.coverage {
            let tail = (1.0 - coverage) / 2.0;
            match step.too_high(*coverage) {
                Some(r) => push("refusal", json!(r.code.word()), Value::Null, refusal(&r)),
                None => {
                    for level in [tail, 1.0 - tail] {
                        let id = json!((level * 1e6).round() / 1e6);
                        push("quantile", id, json!(step.quantiles.at(level)), Value::Null);
                    }
                }
            }
        }
    }
    push_samples(rows, forecast, asked);
}

fn push_samples(rows: &mut Rows, forecast: &Forecast, asked: &Asked<'_>) {
    if asked.n_samples == 0 {
        return;
    }
    let draws = forecast.draws(asked.seed, asked.n_samples);
    for (step, draws) in forecast.steps.iter().zip(&draws).filter(|(s, _)| s.refusal.is_none()) {
        for (draw_idx, value) in draws.values().iter().enumerate() {
            let (id, value, note) = (json!(draw_idx), json!(value), Value::Null);
            let output = Output { kind: "sample", id, value, note };
            rows.push(hub_row(forecast, step, asked.run_id, output));
        }
    }
}

/// The guide that went into a step, in words.
fn guide_note(a: &Announcement) -> String {
    let (mid, end) = (format::words(a.mid, a.unit, 1), a.period.end());
    let metric = a.metric.replace(['_', '.'], " ");
    format!("guide of {}: {metric} {mid} for the period to {end}; {}", a.published, a.locator)
}

fn announcements(told: &[Told<'_>]) -> Value {
    let used =
        told.iter().filter_map(|t| t.forecast.announcement.as_ref().map(|a| (t.forecast, a)));
    let rows = used.map(|(forecast, a)| {
        json!({
            "target": forecast.target.as_str(),
            "company": a.company,
            "published": a.published,
            "metric": a.metric,
            "period_start": a.period.start(),
            "period_end": a.period.end(),
            "low": a.low,
            "mid": a.mid,
            "high": a.high,
            "unit": a.unit.word(),
            "action": a.action.word(),
            "quote": a.quote,
            "locator": a.locator,
        })
    });
    Value::Array(rows.collect())
}
