//! `chipcast backtest`: replays the past in pseudo real time, beside every rival.

mod by_horizon;
mod reliability;
mod trials;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::output::{Rows, table};
use super::{Context, Outcome, model, series_ids};
use crate::error::Result;
use crate::forecast::backtest::{Book, Row};
use crate::forecast::conformal::Method;
use crate::forecast::record::Truth;
use crate::forecast::spec::Spec;
use crate::forecast::{Forecaster, engine, score};
use crate::report::format;
use crate::rows::backtest::by_origin;

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
    /// One row a horizon, one row a forecast, or how often what was likely came
    #[arg(long, value_enum, default_value_t = By::Horizon)]
    by: By,
    /// How past errors become intervals; the engine's own are adaptive
    #[arg(long, value_enum, default_value_t = Intervals::Adaptive)]
    intervals: Intervals,
    /// Forecast each company with what the others alone teach, beside the engine's own
    #[arg(long, conflicts_with_all = ["models", "by", "placebo"])]
    leave_one_out: bool,
    /// Ask the engine for N made-up series of each kind that nothing can foretell, and count the answers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2000), conflicts_with_all = ["models", "by"])]
    placebo: Option<u16>,
    /// Which value counts as what came
    #[arg(long, value_enum, default_value_t = TruthArgument::FirstRelease)]
    truth: TruthArgument,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    Horizon,
    Origin,
    Calibration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Intervals {
    Split,
    Rolling,
    Adaptive,
}

impl Intervals {
    fn method(self) -> Method {
        match self {
            Self::Split => Method::Split,
            Self::Rolling => Method::Rolling { window: Spec::bundled().interval.rolling_window },
            Self::Adaptive => Method::bundled(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TruthArgument {
    FirstRelease,
    Latest,
}

impl TruthArgument {
    fn truth(self) -> Truth {
        match self {
            Self::FirstRelease => Truth::FirstRelease,
            Self::Latest => Truth::Latest,
        }
    }
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    if arguments.leave_one_out {
        return trials::leave_one_out(context, arguments);
    }
    if let Some(n) = arguments.placebo {
        return trials::placebo(context, arguments, n.into());
    }
    let known = context.snapshot()?;
    let book = Book::new(&known, arguments.horizon)?.with_intervals(arguments.intervals.method());
    let mut models: Vec<&'static dyn Forecaster> =
        if arguments.models.is_empty() && arguments.spec.is_empty() {
            engine::models().to_vec()
        } else {
            arguments.models.iter().map(|name| engine::model(name)).collect::<Result<_>>()?
        };
    for file in &arguments.spec {
        models.push(model::from_spec(file)?);
    }
    let truth = arguments.truth.truth();
    let (mut rows, mut failures, mut answered) = (Vec::new(), Vec::new(), 0_usize);
    let all = series_ids(&arguments.series)?;
    for series in &all {
        let (more, failed) = book.backtests(&models, series, arguments.from, truth)?;
        answered += usize::from(!more.is_empty());
        rows.extend(more);
        failures.extend(failed);
    }
    if answered == 0
        && let Some((_, error)) = failures.pop()
    {
        return Err(error);
    }
    match arguments.by {
        By::Horizon => by_horizon::print(context, &rows)?,
        By::Origin => print_by_origin(context, &rows)?,
        By::Calibration => reliability::print(context, &rows)?,
    }
    for (model, error) in &failures {
        context.say(format!("no rows of `{model}`: {error}"));
    }
    Ok(if answered < all.len() { Outcome::Partial } else { Outcome::Done })
}

fn print_by_origin(context: &Context, rows: &[Row]) -> Result<()> {
    let mut shown = Vec::new();
    for row in rows {
        let refusal = row.refusal.as_ref().map(|r| r.code.word());
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
    let printed = Rows::from(by_origin(rows));
    printed.print(context.global.format, || table(&header, &[3, 5, 6, 7], shown))
}
