//! `chipcast scale COMPANY`: what a company's forecast spend buys, step by step.

use clap::Args;
use serde_json::json;

use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::report::format;
use crate::report::machines::{Workshop, machines};
use crate::series::SeriesId;
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Quarters of forecast spend that go in
    #[arg(long, default_value_t = 4, value_name = "N")]
    horizon: usize,
    /// Print every step with its kind, expression, value and source
    #[arg(long)]
    trace: bool,
}

/// The series whose spend buys a company's machines.
fn spend_series(company: &str) -> Result<SeriesId> {
    let company = company.to_ascii_lowercase();
    let metric = if company == "nvda" { "revenue.data_center" } else { "capex_cash" };
    SeriesId::new(&format!("{company}.{metric}"))
}

pub(super) fn run(context: &Context, company: &str, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let book = Book::new(&known, arguments.horizon)?;
    let forecast = book.forecast(&Chipcast, &spend_series(company)?)?;
    let workshop = Workshop::new(context.global.seed, known.as_of())?;
    let machines = machines(&known, &forecast, &workshop)?;
    let chain = &machines.chain;
    let mut rows = Rows::new(&[
        "company",
        "date",
        "step",
        "kind",
        "expression",
        "unit",
        "p05",
        "p50",
        "p95",
        "source",
    ]);
    let mut shown = Vec::new();
    for step in &chain.steps {
        rows.push(vec![
            json!(chain.company),
            json!(chain.date),
            json!(step.name),
            json!(step.kind.word()),
            json!(step.expression),
            json!(step.unit),
            json!(step.p05),
            json!(step.p50),
            json!(step.p95),
            json!(step.source),
        ]);
        let mut line = vec![step.name.clone()];
        line.extend([step.p50, step.p05, step.p95].map(|value| shown_value(value, &step.unit)));
        line.extend([step.unit.clone(), step.kind.word().to_owned()]);
        if arguments.trace {
            line.extend([step.expression.clone(), step.source.clone()]);
        }
        shown.push(line);
    }
    let mut header = vec!["step", "median", "5%", "95%", "unit", "kind"];
    if arguments.trace {
        header.extend(["expression", "source"]);
    }
    rows.beside("extrapolated", json!(chain.capability.extrapolated));
    rows.beside("warnings", json!(chain.warnings));
    rows.print(context.global.format, || table(&header, &[1, 2, 3], shown))?;
    for warning in &chain.warnings {
        context.say(format!("caution: {warning}"));
    }
    Ok(if machines.n_forecast == 0 { Outcome::Refused } else { Outcome::Done })
}

/// A value of a step in short form; rates of work as powers of ten.
fn shown_value(value: f64, unit: &str) -> String {
    let work = unit.starts_with("FLOP");
    let unit = if work { Unit::Flop } else { unit.parse().unwrap_or(Unit::Index) };
    format::short(value, unit, if (1e3..1e6).contains(&value.abs()) { 0 } else { 2 })
}
