//! `chipcast forecast`: median, intervals, model used and grade of each period, or a refusal.

use std::path::PathBuf;

use clap::Args;

use super::output::{Rows, table};
use super::{Context, Outcome, explain, model, series_ids};
use crate::error::Result;
use crate::forecast::backtest::Book;
use crate::forecast::{Forecast, Forecaster, Outlook, engine};
use crate::report::format;
use crate::rows::forecast::{Asked, Told, check_coverage, rows};
use crate::series::{Registry, SeriesId};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Series ids, such as `nvda.revenue`
    #[arg(required = true, value_name = "SERIES")]
    series: Vec<String>,
    /// Periods ahead
    #[arg(long, default_value_t = 4, value_name = "N")]
    horizon: usize,
    /// Coverage of the central intervals, such as 0.8; may be given more than once
    #[arg(long, value_name = "SHARE", default_values_t = [0.8])]
    coverage: Vec<f64>,
    /// The model; the engine's own choice by default
    #[arg(long, default_value = "chipcast", value_name = "NAME")]
    model: String,
    /// A spec file of your own that describes the model
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    spec: Option<PathBuf>,
    /// Add the mean of each distribution to the rows, beside its median
    #[arg(long)]
    mean: bool,
    /// Show instead what each median is made of: terms that add up to it
    #[arg(long)]
    explain: bool,
    /// Add this many sample paths to the rows (json and csv)
    #[arg(long, default_value_t = 0, value_name = "N")]
    samples: usize,
    /// End with exit code 3 if any horizon asked is refused
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    check_coverage(&arguments.coverage)?;
    let known = context.snapshot()?;
    let book = Book::new(&known, arguments.horizon)?;
    let model: &'static dyn Forecaster = match &arguments.spec {
        Some(file) => model::from_spec(file)?,
        None => engine::model(&arguments.model)?,
    };
    let run_id = context.run_id(&known);
    let (mut forecasts, mut failures) = (Vec::new(), Vec::new());
    for series in series_ids(&arguments.series)? {
        match book.forecast(model, &series) {
            Ok(forecast) => forecasts.push(forecast),
            Err(error) => failures.push((series, error)),
        }
    }
    if forecasts.is_empty()
        && let Some((_, error)) = failures.pop()
    {
        return Err(error);
    }
    if arguments.explain {
        explain::print(context, &forecasts)?;
        return Ok(outcome(&forecasts, arguments, !failures.is_empty()));
    }
    let told: Vec<Told<'_>> = forecasts.iter().map(|f| Told::of(&known, f)).collect();
    let Arguments { coverage, mean, samples, .. } = arguments;
    let asked = Asked {
        coverage,
        with_mean: *mean,
        n_samples: *samples,
        run_id: &run_id,
        seed: context.global.seed,
    };
    let rows = Rows::from(rows(&told, &asked));
    rows.print(context.global.format, || people(&told, arguments))?;
    for (series, error) in &failures {
        Context::fail(series, error);
    }
    Ok(outcome(&forecasts, arguments, !failures.is_empty()))
}

fn outcome(forecasts: &[Forecast], arguments: &Arguments, failed: bool) -> Outcome {
    let refused = |step: &Outlook| step.refusal.is_some();
    let all = forecasts.iter().all(|f| f.steps.iter().all(refused));
    let any = forecasts.iter().any(|f| f.steps.iter().any(refused));
    if failed {
        Outcome::Partial
    } else if all || (arguments.strict && any) {
        Outcome::Refused
    } else {
        Outcome::Done
    }
}

fn people(told: &[Told<'_>], arguments: &Arguments) -> String {
    let first = arguments.coverage.first().copied().unwrap_or(0.8);
    let mut text = String::new();
    for Told { forecast, outside } in told {
        text.push_str(&format!("{}\n", heading(&forecast.target, forecast)));
        if let Some(outside) = outside {
            text.push_str(&format!("{outside}\n"));
        }
        let shown =
            forecast.steps.iter().map(|step| people_row(forecast, step, arguments)).collect();
        let mut header = vec!["period end".to_owned(), "median".to_owned()];
        header.extend(arguments.mean.then(|| "mean".to_owned()));
        header.extend(arguments.coverage.iter().map(|c| format!("{:.0}% interval", c * 100.0)));
        header.extend(["skill", "grade", "model", "note"].map(str::to_owned));
        let header: Vec<_> = header.iter().map(String::as_str).collect();
        text.push_str(&table(&header, &[1, 2], shown));
        text.push_str("\n\n");
    }
    debug_assert!(first > 0.0);
    text.trim_end().to_owned()
}

fn heading(series: &SeriesId, forecast: &Forecast) -> String {
    let title = Registry::bundled().title(series);
    let mut line = format!("{title} ({series}), as of {}", forecast.origin);
    if let Some(a) = &forecast.announcement {
        line.push_str(&format!(
            "\nuses the guide of {}: {} {} for the period to {} ({})",
            a.published,
            a.metric.replace(['_', '.'], " "),
            format::short(a.mid, a.unit, 1),
            a.period.end(),
            a.locator
        ));
    }
    line
}

fn people_row(forecast: &Forecast, step: &Outlook, arguments: &Arguments) -> Vec<String> {
    let unit = forecast.unit;
    let measured = forecast.skill.by_horizon.get(step.horizon - 1);
    let skill = measured.and_then(|at| Some((at.skill?, at.lower?, at.n)));
    let skill = skill.map_or_else(
        || "not measured".to_owned(),
        |(skill, lower, n)| format!("{skill:.2} (at least {lower:.2}, n {n})"),
    );
    let mut row = vec![step.period.end().to_string()];
    if step.refusal.is_some() {
        row.push("refused".to_owned());
        row.extend(arguments.mean.then(String::new));
        row.extend(arguments.coverage.iter().map(|_| String::new()));
    } else {
        row.push(format::short(step.median, unit, 1));
        row.extend(arguments.mean.then(|| format::short(step.quantiles.mean(), unit, 1)));
        row.extend(arguments.coverage.iter().map(|coverage| {
            match (step.too_high(*coverage), step.quantiles.interval(*coverage)) {
                (None, Some((low, high))) => {
                    format!("{} to {}", format::short(low, unit, 1), format::short(high, unit, 1))
                }
                _ => format!("refused above {:.2}", step.quantiles.highest_coverage()),
            }
        }));
    }
    row.push(skill);
    row.push(forecast.skill.grade_at(step.horizon).letter().to_owned());
    row.push(step.model_used.to_owned());
    let note = step.refusal.as_ref().map(|r| format!("{}; try {}", r.code.word(), r.would_answer));
    let over = (step.period.end() < forecast.origin)
        .then(|| "this period is over; its value is not in the archive".to_owned());
    row.push(note.or_else(|| forecast.fallback_reason.clone()).or(over).unwrap_or_default());
    row
}
