//! `chipcast data revisions`: how much first releases were revised, and how late they came.

use clap::Args;
use serde_json::json;

use crate::archive::{Largest, Revisions};
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome, series_ids};
use crate::error::Result;

/// The columns of a row.
const COLUMNS: [&str; 14] = [
    "series",
    "n_periods",
    "n_revised",
    "share_revised",
    "mean_revision",
    "mean_abs_revision",
    "max_abs_revision",
    "max_period_start",
    "max_period_end",
    "median_lag_days",
    "lag_to_final_days",
    "largest",
    "largest_first_value",
    "largest_last_value",
];

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Series ids; every series with a revision by default
    series: Vec<String>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let all = arguments.series.is_empty();
    let ids = if all { known.series_ids()? } else { series_ids(&arguments.series)? };
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for id in &ids {
        let found = known.revisions(id)?;
        if found.n_revised == 0 && all {
            continue;
        }
        rows.push(cells(&found));
        shown.push(line(&found));
    }
    let header = [
        "series",
        "periods",
        "revised",
        "mean",
        "mean size",
        "largest",
        "of the period to",
        "days to first",
        "days to last",
    ];
    rows.print(context.global.format, || table(&header, &[1, 2, 3, 4, 5, 7, 8], shown))?;
    context.say(format!("revision = last / first value - 1; as of {}", known.as_of()));
    Ok(Outcome::Done)
}

fn cells(found: &Revisions) -> Vec<serde_json::Value> {
    let largest = found.largest;
    vec![
        json!(found.series.as_str()),
        json!(found.n_periods),
        json!(found.n_revised),
        json!(found.share_revised),
        json!(found.mean_revision),
        json!(found.mean_abs_revision),
        json!(largest.map(|largest| largest.revision().abs())),
        json!(largest.map(|largest| largest.period.start())),
        json!(largest.map(|largest| largest.period.end())),
        json!(found.median_lag_days),
        json!(found.lag_to_final_days),
        json!(largest.map(Largest::revision)),
        json!(largest.map(|largest| largest.first)),
        json!(largest.map(|largest| largest.last)),
    ]
}

fn line(found: &Revisions) -> Vec<String> {
    let percent = |ratio: Option<f64>| {
        ratio.map_or_else(String::new, |ratio| format!("{:+.2}%", ratio * 100.0))
    };
    let size = found.mean_abs_revision.map(|size| format!("{:.2}%", size * 100.0));
    let days = |days: Option<f64>| days.map_or_else(String::new, |days| format!("{days:.0}"));
    vec![
        found.series.to_string(),
        found.n_periods.to_string(),
        found.n_revised.to_string(),
        percent(found.mean_revision),
        size.unwrap_or_default(),
        percent(found.largest.map(Largest::revision)),
        found.largest.map_or_else(String::new, |largest| largest.period.end().to_string()),
        days(found.median_lag_days),
        days(found.lag_to_final_days),
    ]
}
