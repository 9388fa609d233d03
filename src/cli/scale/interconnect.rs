//! `chipcast scale interconnect`: what is left of the MFU when a cluster doubles, by system.

use clap::Args;
use serde_json::json;

use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::scaling::assumption::Assumptions;
use crate::scaling::interconnect::{Efficiency, Rows as Used, by_system, fit, measurements};

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(context: &Context, _arguments: &Arguments) -> Result<Outcome> {
    let measured = measurements()?;
    let mut rows = Rows::new(&[
        "system",
        "parameters",
        "scaling",
        "n_gpus_min",
        "n_gpus_max",
        "per_doubling",
        "lower_95",
        "upper_95",
        "clustered_lower_95",
        "clustered_upper_95",
        "n_rows",
    ]);
    let mut shown = Vec::new();
    let mut add = |name: &str,
                   parameters: Option<f64>,
                   scaling: &str,
                   n: Option<(f64, f64)>,
                   phi: Efficiency| {
        rows.push(vec![
            json!(name),
            json!(parameters),
            json!(scaling),
            json!(n.map(|(low, _)| low)),
            json!(n.map(|(_, high)| high)),
            json!(phi.per_doubling),
            json!(phi.lower_95),
            json!(phi.upper_95),
            json!(phi.clustered_95.map(|(low, _)| low)),
            json!(phi.clustered_95.map(|(_, high)| high)),
            json!(phi.n_rows),
        ]);
        let range = |ends: Option<(f64, f64)>| {
            ends.map_or_else(String::new, |(low, high)| format!("{low:.3} to {high:.3}"))
        };
        shown.push(vec![
            name.to_owned(),
            parameters.map_or_else(String::new, |n| format!("{:.0}B", n / 1e9)),
            scaling.to_owned(),
            n.map_or_else(String::new, |(low, high)| format!("{low:.0} to {high:.0}")),
            format!("{:.3}", phi.per_doubling),
            range(phi.lower_95.zip(phi.upper_95)),
            range(phi.clustered_95),
            phi.n_rows.to_string(),
        ]);
    };
    for own in by_system(&measured)? {
        add(&own.system, own.parameters, own.scaling, Some(own.n_gpus), own.efficiency);
    }
    for (name, scaling, used) in [
        ("pooled, ZeRO-3 left out", "strong", Used::Pooled),
        ("pooled, without Megatron-Core's end points", "strong", Used::WithoutEndPoints),
        ("pooled", "weak", Used::Weak),
    ] {
        add(name, None, scaling, None, fit(&measured, used)?);
    }
    let header = ["system", "model", "scaling", "GPUs", "per doubling", "95%", "by system", "rows"];
    rows.print(context.global.format, || table(&header, &[3, 4, 7], shown))?;
    let drawn = Assumptions::bundled()?;
    let drawn = drawn.get("efficiency_per_doubling")?;
    context.say(format!(
        "drawn in forecasts: {:.3} [{:.3}, {:.3}], the spread between systems. In weak scaling the model grows \
         with the cluster, so a figure above 1 is no gain of the network.",
        drawn.median, drawn.low, drawn.high
    ));
    Ok(Outcome::Done)
}
