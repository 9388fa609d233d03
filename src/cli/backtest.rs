//! `chipcast backtest`: replays the past in pseudo real time, beside every rival.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Outcome, model, series_ids};
use crate::error::Result;
use crate::forecast::backtest::{Book, Row};
use crate::forecast::record::Truth;
use crate::forecast::summary::{Metrics, summarise};
use crate::forecast::{Forecaster, engine, score};
use crate::report::format;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Series ids, such as `msft.capex_cash`
    #[arg(required = true, value_name = "SERIES")]
    series: Vec<String>,
    /// Models, separated by commas; all of them by default. The engine's own choice is `chipcast`
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    models: Vec<String>,
    /// A spec file of your own; its model joins those named. May be given more than once
    #[arg(long, value_name = "FILE")]
    spec: Vec<PathBuf>,
    /// Periods ahead
    #[arg(long, default_value_t = 4, value_name = "N")]
    horizon: usize,
    /// First origin
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// One row a horizon, or one row a forecast
    #[arg(long, value_enum, default_value_t = By::Horizon)]
    by: By,
    /// Which value counts as what came
    #[arg(long, value_enum, default_value_t = TruthArgument::FirstRelease)]
    truth: TruthArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Horizon,
    Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TruthArgument {
    FirstRelease,
    Latest,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let book = Book::new(&known, arguments.horizon)?;
    let mut models: Vec<&'static dyn Forecaster> =
        if arguments.models.is_empty() && arguments.spec.is_empty() {
            engine::models().to_vec()
        } else {
            arguments.models.iter().map(|name| engine::model(name)).collect::<Result<_>>()?
        };
    for file in &arguments.spec {
        models.push(model::from_spec(file)?);
    }
    let truth = match arguments.truth {
        TruthArgument::FirstRelease => Truth::FirstRelease,
        TruthArgument::Latest => Truth::Latest,
    };
    let (mut rows, mut failures, mut answered) = (Vec::new(), Vec::new(), 0_usize);
    let all = series_ids(&arguments.series)?;
    for series in &all {
        let mut any = false;
        for model in &models {
            match book.backtest(*model, series, arguments.from, truth) {
                Ok(more) => {
                    any = true;
                    rows.extend(more);
                }
                Err(error @ crate::Error::Insufficient(_)) => failures.push((model.name(), error)),
                Err(error) => return Err(error),
            }
        }
        answered += usize::from(any);
    }
    if answered == 0
        && let Some((_, error)) = failures.pop()
    {
        return Err(error);
    }
    match arguments.by {
        By::Horizon => print_by_horizon(context, &rows, &models)?,
        By::Origin => print_by_origin(context, &rows)?,
    }
    for (model, error) in &failures {
        context.say(format!("no rows of `{model}`: {error}"));
    }
    Ok(if answered < all.len() { Outcome::Partial } else { Outcome::Done })
}

const COLUMNS: [&str; 18] = [
    "series",
    "model",
    "horizon",
    "n",
    "mae_log",
    "mase",
    "wis",
    "coverage_80",
    "coverage_95",
    "skill",
    "skill_lower",
    "n_answered",
    "mae_log_answered",
    "mase_answered",
    "wis_answered",
    "coverage_80_answered",
    "coverage_95_answered",
    "skill_answered",
];

fn print_by_horizon(
    context: &Context,
    rows: &[Row],
    models: &[&'static dyn Forecaster],
) -> Result<()> {
    let mut groups: BTreeMap<(String, usize, usize), Vec<&Row>> = BTreeMap::new();
    let mut pooled: BTreeMap<(usize, usize), Vec<&Row>> = BTreeMap::new();
    let all_models = engine::models().iter().chain(models);
    let order = |name: &str| all_models.clone().position(|m| m.name() == name).unwrap_or(0);
    for row in rows.iter().filter(|row| row.actual.is_some()) {
        let rank = order(row.model);
        groups.entry((row.series.to_string(), row.horizon, rank)).or_default().push(row);
        pooled.entry((row.horizon, rank)).or_default().push(row);
    }
    let n_series =
        groups.keys().map(|(series, _, _)| series).collect::<std::collections::BTreeSet<_>>().len();
    let mut printed = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for ((series, horizon, _), group) in &groups {
        let metrics = summarise(group);
        printed.push(values(series, group[0].model, *horizon, &metrics));
        shown.push(people(series, group[0].model, *horizon, &metrics));
    }
    let mut all = Vec::new();
    if n_series > 1 {
        for ((horizon, _), group) in &pooled {
            let metrics = summarise(group);
            let cells = values("all", group[0].model, *horizon, &metrics);
            all.push(Value::Object(
                COLUMNS.iter().zip(cells).map(|(k, v)| ((*k).to_owned(), v)).collect(),
            ));
            shown.push(people("all", group[0].model, *horizon, &metrics));
        }
    }
    printed.beside("pooled", Value::Array(all));
    let header = [
        "series", "model", "h", "n", "mae log", "mase", "cover 80", "cover 95", "skill",
        "at least", "answered", "mae log",
    ];
    printed
        .print(context.global.format, || table(&header, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11], shown))
}

fn values(series: &str, model: &str, horizon: usize, m: &Metrics) -> Vec<Value> {
    vec![
        json!(series),
        json!(model),
        json!(horizon),
        json!(m.all.n),
        json!(m.all.mae_log),
        json!(m.all.mase),
        json!(m.all.wis),
        json!(m.all.coverage_80),
        json!(m.all.coverage_95),
        json!(m.all.skill),
        json!(m.skill_lower),
        json!(m.answered.n),
        json!(m.answered.mae_log),
        json!(m.answered.mase),
        json!(m.answered.wis),
        json!(m.answered.coverage_80),
        json!(m.answered.coverage_95),
        json!(m.answered.skill),
    ]
}

fn people(series: &str, model: &str, horizon: usize, m: &Metrics) -> Vec<String> {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    vec![
        series.to_owned(),
        model.to_owned(),
        horizon.to_string(),
        m.all.n.to_string(),
        number(m.all.mae_log, 4),
        number(m.all.mase, 3),
        number(m.all.coverage_80, 2),
        number(m.all.coverage_95, 2),
        number(m.all.skill, 3),
        number(m.skill_lower, 3),
        m.answered.n.to_string(),
        number(m.answered.mae_log, 4),
    ]
}

const ORIGIN_COLUMNS: [&str; 13] = [
    "series",
    "model",
    "origin_date",
    "horizon",
    "target_end_date",
    "median",
    "lower_80",
    "upper_80",
    "lower_95",
    "upper_95",
    "actual",
    "refusal",
    "model_used",
];

fn print_by_origin(context: &Context, rows: &[Row]) -> Result<()> {
    let mut printed = Rows::new(&ORIGIN_COLUMNS);
    let mut shown = Vec::new();
    for row in rows {
        let (low_80, high_80) = ends(row, 0.8);
        let (low_95, high_95) = ends(row, 0.95);
        let refusal = row.refusal.as_ref().map(|r| r.code.word());
        printed.push(vec![
            json!(row.series.as_str()),
            json!(row.model),
            json!(row.origin),
            json!(row.horizon),
            json!(row.period.end()),
            json!(row.median),
            json!(low_80),
            json!(high_80),
            json!(low_95),
            json!(high_95),
            json!(row.actual),
            json!(refusal),
            json!(row.model_used),
        ]);
        let error = row.actual.and_then(|actual| score::absolute_log_error(actual, row.median));
        shown.push(vec![
            row.series.to_string(),
            row.model.to_owned(),
            row.origin.to_string(),
            row.horizon.to_string(),
            row.period.end().to_string(),
            format::plain(row.median, 4),
            row.actual.map_or_else(|| "not yet".to_owned(), |actual| format::plain(actual, 4)),
            error.map_or_else(|| "-".to_owned(), |error| format!("{error:.4}")),
            refusal.unwrap_or_default().to_owned(),
        ]);
    }
    let header = [
        "series",
        "model",
        "origin",
        "h",
        "period end",
        "median",
        "actual",
        "|log error|",
        "refusal",
    ];
    printed.print(context.global.format, || table(&header, &[3, 5, 6, 7], shown))
}

/// The ends of a central interval, where residuals were known.
fn ends(row: &Row, coverage: f64) -> (Option<f64>, Option<f64>) {
    row.quantiles.interval(coverage).unzip()
}
