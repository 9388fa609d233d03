//! `chipcast calendar`: what comes next, and how far it usually moves a forecast.

use std::collections::BTreeSet;

use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::engine;
use crate::forecast::news::events::Scope;
use crate::forecast::releases::{Release, releases};
use crate::report::format;
use crate::series::{Kind, Registry, SeriesId};
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A series, with every release that may move its forecast, or a company; revenue and capital
    /// expenditure of every covered company by default
    subject: Option<String>,
    /// The model; the engine's own choice by default
    #[arg(long, default_value = "chipcast", value_name = "NAME")]
    model: String,
}

const COLUMNS: [&str; 18] = [
    "date_low",
    "date_median",
    "date_high",
    "company",
    "metric",
    "period_start",
    "period_end",
    "target",
    "expected_effect",
    "n",
    "kind",
    "expected_effect_80",
    "expected_effect_percent",
    "target_period_start",
    "target_period_end",
    "estimate",
    "unit",
    "n_lags",
];

/// What is shown of each company unless one is named.
const METRICS: [&str; 3] = ["revenue", "capex_cash", "revenue_monthly"];
/// Days after its expected day beyond which a release is not expected any more.
const GIVEN_UP_DAYS: i64 = 120;

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let model = engine::model(&arguments.model)?;
    let asked = asked(&known, arguments.subject.as_deref())?;
    let found: Vec<Result<Vec<Release>>> = asked
        .par_iter()
        .map(|(target, sources)| releases(model, &known, target, sources))
        .collect();
    let (mut all, mut n_without) = (Vec::new(), 0);
    for found in found {
        match found {
            Ok(releases) => {
                n_without += usize::from(releases.is_empty());
                all.extend(releases);
            }
            Err(Error::Insufficient(_) | Error::Invalid(_)) => n_without += 1,
            Err(error) => return Err(error),
        }
    }
    let as_of = known.as_of();
    let n_found = all.len();
    all.retain(|release| (as_of - release.due.high).num_days() <= GIVEN_UP_DAYS);
    let n_given_up = n_found - all.len();
    all.sort_by(|a, b| {
        let key = |r: &Release| (r.due.median, r.series.clone(), r.brings, r.target.clone());
        key(a).cmp(&key(b))
    });
    if all.is_empty() {
        return Err(Error::insufficient(format!(
            "no release can be expected as of {as_of}: the days of past ones are not known"
        ))
        .hint("`chipcast data vintages SERIES` shows how each day is known"));
    }
    print(context, &known, &all)?;
    if n_without + n_given_up > 0 {
        context.say(format!(
            "left out: {n_without} series without a known day of release, {n_given_up} releases more \
             than {GIVEN_UP_DAYS} days late"
        ));
    }
    Ok(Outcome::Done)
}

/// Targets, each with the series whose releases may move it.
fn asked(known: &Snapshot, subject: Option<&str>) -> Result<Vec<(SeriesId, Vec<SeriesId>)>> {
    let registry = Registry::bundled();
    let subject = subject.map(str::to_ascii_lowercase);
    if let Some(series) = subject.as_deref().filter(|subject| subject.contains('.')) {
        let target = SeriesId::new(series)?;
        known.series(&target)?;
        let sources = Scope::panel(known, &target)?.series.into_iter().collect();
        return Ok(vec![(target, sources)]);
    }
    let is_asked = |id: &SeriesId| match &subject {
        Some(company) => id.owner() == company && is_reported(id),
        None => registry.company(id.owner()).is_some() && METRICS.contains(&id.metric()),
    };
    let targets = known.matching(is_asked)?;
    if targets.is_empty() {
        let owners: BTreeSet<_> =
            known.matching(|_| true)?.iter().map(|id| id.owner().to_owned()).collect();
        let owners: Vec<_> =
            owners.into_iter().filter(|owner| registry.company(owner).is_some()).collect();
        return Err(Error::not_found(format!(
            "no series of `{}` in the archive",
            subject.unwrap_or_default()
        ))
        .hint(format!("companies are {}", owners.join(", "))));
    }
    Ok(targets.into_iter().map(|target| (target.clone(), vec![target])).collect())
}

/// Whether a series is filed or published; nobody announces when an estimate is made.
fn is_reported(id: &SeriesId) -> bool {
    let definition = Registry::bundled().definition(id);
    let is_guidance = id.metric().starts_with("guidance.");
    !is_guidance && definition.is_none_or(|d| matches!(d.kind, Kind::Filed | Kind::Market))
}

fn print(context: &Context, known: &Snapshot, all: &[Release]) -> Result<()> {
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for release in all {
        let amount = |share: Option<f64>| share.map(|share| share * release.estimate.abs());
        let (effect, effect_80) = (amount(release.effect), amount(release.effect_80));
        rows.push(vec![
            json!(release.due.low),
            json!(release.due.median),
            json!(release.due.high),
            json!(release.series.owner()),
            json!(release.series.metric()),
            json!(release.period.start()),
            json!(release.period.end()),
            json!(release.target.as_str()),
            json!(effect),
            json!(release.n),
            json!(release.brings.word()),
            json!(effect_80),
            json!(release.effect.map(|share| 100.0 * share)),
            json!(release.target_period.start()),
            json!(release.target_period.end()),
            json!(release.estimate),
            json!(release.unit.word()),
            json!(release.due.n_lags),
        ]);
        let short = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| format::short(value, release.unit, 2))
        };
        let share = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| format::short(value, Unit::Ratio, 1))
        };
        let is_late = release.due.high < known.as_of();
        let late = if is_late { " (overdue)" } else { "" };
        shown.push(vec![
            format!("{}{late}", release.due.median),
            format!("{} to {}", release.due.low, release.due.high),
            release.series.to_string(),
            release.brings.word().to_owned(),
            release.period.end().to_string(),
            format!("{} to {}", release.target, release.target_period.end()),
            short(effect),
            share(release.effect),
            share(release.effect_80),
            release.n.to_string(),
        ]);
    }
    let header = [
        "expected",
        "between",
        "series",
        "brings",
        "period to",
        "moves",
        "by usually",
        "%",
        "80% by",
        "n",
    ];
    rows.print(context.global.format, || table(&header, &[6, 7, 8, 9], shown))
}
