//! `chipcast scale`: purchases to capability, the laws side by side, and what twice the parameters cost.

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{Rows, print, table};
use super::{Context, Format, Outcome};
use crate::error::{Error, Result};
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::report::format;
use crate::report::machines::{Workshop, machines};
use crate::scaling::compute::Running;
use crate::scaling::inverse::{Feasibility, Means, required};
use crate::scaling::law::{Scale, ScalingLaw};
use crate::scaling::multiple::{claims, multiple};
use crate::scaling::published::PublishedLaws;
use crate::series::SeriesId;
use crate::units::Unit;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Ticker: what this company's forecast spend buys
    #[arg(required = true)]
    company: Option<String>,
    /// Quarters of forecast spend that go in
    #[arg(long, default_value_t = 4, value_name = "N")]
    horizon: usize,
    /// Print every step with its kind, expression, value and source
    #[arg(long)]
    trace: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The laws side by side, fitted to models up to 2023 and scored on later ones
    Law,
    /// What more parameters cost in compute and GPU-hours, by each published law
    Multiple {
        /// How many times the parameters
        #[arg(long, default_value_t = 2.0, value_name = "X")]
        parameters: f64,
    },
    /// What a capability would take: the run, the fleet, the purchase
    Require {
        /// The target, such as `eci=160`
        #[arg(long, value_name = "SCALE=VALUE")]
        capability: String,
    },
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    match (&arguments.command, &arguments.company) {
        (Some(Command::Law), _) => law(context),
        (Some(Command::Multiple { parameters }), _) => multiples(context, *parameters),
        (Some(Command::Require { capability }), _) => require(context, capability),
        (None, Some(company)) => company_chain(context, company, arguments),
        (None, None) => {
            Err(Error::invalid("`scale` needs a company, `law`, `multiple` or `require`"))
        }
    }
}

/// The series whose spend buys a company's machines.
fn spend_series(company: &str) -> Result<SeriesId> {
    let company = company.to_ascii_lowercase();
    let metric = if company == "nvda" { "revenue.data_center" } else { "capex_cash" };
    SeriesId::new(&format!("{company}.{metric}"))
}

fn company_chain(context: &Context, company: &str, arguments: &Arguments) -> Result<Outcome> {
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

fn law(context: &Context) -> Result<Outcome> {
    let known = context.snapshot()?;
    let comparison = Workshop::new(context.global.seed, known.as_of())?.comparison;
    let mut rows =
        Rows::new(&["law", "formula", "rmse_out_of_sample", "rmse_in_sample", "parameters"]);
    let mut shown = Vec::new();
    for score in &comparison.scores {
        let parameters: Vec<_> =
            score.curve.parameters().map(|(name, value)| format!("{name} = {value:.4}")).collect();
        rows.push(vec![
            json!(score.form.word()),
            json!(score.form.expression()),
            json!(score.rmse_out_of_sample),
            json!(score.rmse_in_sample),
            json!(parameters.join("; ")),
        ]);
        shown.push(vec![
            score.form.expression().to_owned(),
            format!("{:.1}", score.rmse_out_of_sample),
            format!("{:.1}", score.rmse_in_sample),
            parameters.join("; "),
        ]);
    }
    rows.beside("n_train", json!(comparison.n_train));
    rows.beside("n_test", json!(comparison.n_test));
    rows.beside("verdict", json!(comparison.verdict()));
    let header = ["law", "error out of sample", "error in sample", "parameters"];
    rows.print(context.global.format, || table(&header, &[1, 2], shown))?;
    context.say(format!("{}.", comparison.verdict()));
    Ok(Outcome::Done)
}

fn multiples(context: &Context, parameters: f64) -> Result<Outcome> {
    let laws = PublishedLaws::bundled()?;
    let mut rows = Rows::new(&[
        "law",
        "exponent",
        "efficiency_per_doubling",
        "compute_multiple",
        "gpu_hours_multiple",
    ]);
    let mut shown = Vec::new();
    for row in multiple(parameters, &laws)? {
        rows.push(vec![
            json!(row.law),
            json!(row.exponent),
            json!(row.efficiency_per_doubling),
            json!(row.compute_multiple),
            json!(row.gpu_hours_multiple),
        ]);
        shown.push(vec![
            row.law.clone(),
            format!("N ~ C^{}", row.exponent),
            format!("{:.3}", row.efficiency_per_doubling),
            format!("{:.2}x", row.compute_multiple),
            format!("{:.2}x", row.gpu_hours_multiple),
        ]);
    }
    let claims = claims(&laws)?;
    rows.beside(
        "claims",
        json!(claims.iter().map(|claim| claim.words.clone()).collect::<Vec<_>>()),
    );
    let header = ["law", "parameters by compute", "kept per doubling", "compute", "GPU-hours"];
    rows.print(context.global.format, || table(&header, &[2, 3, 4], shown))?;
    if context.global.format == Format::Table {
        for claim in &claims {
            print(&format!("\n{}", claim.words))?;
        }
    }
    Ok(Outcome::Done)
}

fn require(context: &Context, capability: &str) -> Result<Outcome> {
    let wrong = || {
        Error::invalid(format!("`{capability}` is no capability"))
            .hint("write the scale and the value, such as `--capability eci=160`")
    };
    let (scale, target) = capability.split_once('=').ok_or_else(wrong)?;
    let target: f64 = target.parse().map_err(|_| wrong())?;
    if scale.parse::<Scale>()? != Scale::Eci {
        return Err(Error::invalid(format!("no law of scale `{scale}` is fitted to compute"))
            .hint("the scale that can be asked for is eci"));
    }
    let known = context.snapshot()?;
    let workshop = Workshop::new(context.global.seed, known.as_of())?;
    let law = workshop.law_on(known.as_of());
    let running = Running::sample(&workshop.tables.assumptions, &workshop.worlds)?;
    let price = workshop.price_per_h100e(known.as_of())?;
    let means = Means {
        assumptions: &workshop.tables.assumptions,
        running: &running,
        price: &price,
        installed: None,
        worlds: &workshop.worlds,
    };
    let found = required(&law, target, &means)?;
    let mut rows = Rows::new(&["quantity", "unit", "p05", "p50", "p95", "at_medians"]);
    let mut shown = Vec::new();
    let (run, fleet, spend) = found.at_medians;
    let levels = [0.05, 0.5, 0.95];
    for (name, unit, quantiles, at_medians) in [
        ("largest training run", Unit::Flop, found.run.quantiles(&levels), Some(run.0)),
        ("fleet", Unit::H100e, found.fleet.quantiles(&levels), Some(fleet.0)),
        ("accelerators bought new", Unit::Usd, found.spend.quantiles(&levels), Some(spend.0)),
        ("with buildings and power", Unit::Usd, found.capex.quantiles(&levels), None),
    ] {
        rows.push(vec![
            json!(name),
            json!(unit.word()),
            json!(quantiles[0]),
            json!(quantiles[1]),
            json!(quantiles[2]),
            json!(at_medians),
        ]);
        let mut line = vec![name.to_owned()];
        line.extend([1, 0, 2].map(|at| format::words(quantiles[at], unit, 1)));
        line.push(at_medians.map_or_else(|| "-".to_owned(), |value| format::words(value, unit, 1)));
        shown.push(line);
    }
    let verdict = match found.feasibility {
        Feasibility::Feasible => "feasible",
        Feasibility::Infeasible => "infeasible: beyond what today's networks can do",
        Feasibility::Unreachable => "unreachable: no amount of compute is enough by this law",
    };
    rows.beside("feasibility", json!(verdict));
    rows.beside("extrapolated", json!(found.extrapolated));
    rows.beside("law", json!(law.expression()));
    let header = ["what it takes", "median", "5%", "95%", "at medians"];
    rows.print(context.global.format, || table(&header, &[1, 2, 3, 4], shown))?;
    context.say(format!("{scale}={target} is {verdict}"));
    Ok(Outcome::Done)
}
