//! `chipcast scale require`: the run, the fleet and the purchase that a capability would take.

use clap::Args;
use serde_json::json;

use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::report::format;
use crate::report::machines::Workshop;
use crate::scaling::compute::Running;
use crate::scaling::inverse::{Feasibility, Means, required};
use crate::scaling::law::{Scale, ScalingLaw};
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The target, such as `eci=160`
    #[arg(long, value_name = "SCALE=VALUE")]
    capability: String,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let capability = arguments.capability.as_str();
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
