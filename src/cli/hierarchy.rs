//! `chipcast hierarchy`: what the buyers will spend in sum, beside what NVIDIA will sell them.

use clap::Args;
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::draws::{DEFAULT_N_DRAWS, Draws};
use crate::error::Result;
use crate::forecast::hierarchy::{Hierarchy, Link, Node, Quarter, hierarchy};
use crate::report::format;
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Quarters ahead
    #[arg(long, default_value_t = 4, value_name = "N")]
    horizon: usize,
}

const COLUMNS: [&str; 8] =
    ["node", "horizon", "target_end_date", "unit", "stage", "median", "lower_80", "upper_80"];

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let all = hierarchy(&known, arguments.horizon, context.global.seed, DEFAULT_N_DRAWS)?;
    let mut rows = Rows::new(&COLUMNS);
    for quarter in &all.quarters {
        for node in nodes(quarter) {
            push(&mut rows, quarter, &node.name, Unit::Usd, ("base", &node.base));
            push(&mut rows, quarter, &node.name, Unit::Usd, ("reconciled", &node.reconciled));
        }
        let share = quarter.hyperscale.base.zip(&quarter.total.base, |h, total| h / total)?;
        push(&mut rows, quarter, "share_of_capex", Unit::Ratio, ("base", &share));
    }
    let links = all.links.iter().map(|link| {
        json!({
            "period_end": link.end,
            "hyperscale_usd": link.hyperscale_usd,
            "capex_usd": link.capex_usd,
            "share_of_capex": link.share_of_capex(),
            "share_of_sales": link.share_of_sales,
        })
    });
    rows.beside("links", Value::Array(links.collect()));
    rows.beside("refusal", json!(all.refusal));
    rows.print(context.global.format, || people(&all))?;
    Ok(if all.quarters.is_empty() { Outcome::Refused } else { Outcome::Done })
}

fn nodes(quarter: &Quarter) -> impl Iterator<Item = &Node> {
    quarter.parts.iter().chain([&quarter.total, &quarter.hyperscale, &quarter.gap])
}

/// The quantiles that a row shows: 0.1, 0.5 and 0.9.
fn three(draws: &Draws<f64>) -> [f64; 3] {
    let found = draws.quantiles(&[0.1, 0.5, 0.9]);
    [found[0], found[1], found[2]]
}

fn push(
    rows: &mut Rows,
    quarter: &Quarter,
    name: &str,
    unit: Unit,
    (stage, draws): (&str, &Draws<f64>),
) {
    let [low, median, high] = three(draws);
    rows.push(vec![
        json!(name),
        json!(quarter.horizon),
        json!(quarter.end),
        json!(unit.word()),
        json!(stage),
        json!(median),
        json!(low),
        json!(high),
    ]);
}

fn people(all: &Hierarchy) -> String {
    let usd = |value: f64| format::short(value, Unit::Usd, 1);
    let range = |draws: &Draws<f64>| {
        let [low, median, high] = three(draws);
        format!("{} [{} to {}]", usd(median), usd(low), usd(high))
    };
    let mut text =
        "NVIDIA's Hyperscale revenue as a share of the buyers' capital expenditure\n".to_owned();
    let line = |link: &Link| {
        vec![
            link.end.to_string(),
            usd(link.hyperscale_usd),
            usd(link.capex_usd),
            format!("{:.2}", link.share_of_capex()),
            format!("{:.2}", link.share_of_sales),
        ]
    };
    let header = ["quarter to", "hyperscale", "capex", "share", "of data center"];
    text.push_str(&table(&header, &[1, 2, 3, 4], all.links.iter().map(line).collect()));
    text.push_str("\n\nforecast, and as made to agree; medians with 80% intervals\n");
    let mut shown = Vec::new();
    for quarter in &all.quarters {
        for node in nodes(quarter) {
            shown.push(vec![
                quarter.end.to_string(),
                node.name.clone(),
                range(&node.base),
                range(&node.reconciled),
            ]);
        }
    }
    text.push_str(&table(&["quarter to", "what", "forecast", "agreed"], &[2, 3], shown));
    text.push_str("\n\ngap: Hyperscale revenue less its known share of the sum, draw by draw");
    if let Some(why) = &all.refusal {
        text.push_str(&format!("\nno further: {why}"));
    }
    text
}
