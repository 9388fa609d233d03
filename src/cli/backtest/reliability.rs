//! `--by calibration`: how often what was said to be likely came.

use serde_json::json;

use super::super::Context;
use super::super::output::{Rows, table};
use crate::error::Result;
use crate::forecast::backtest::Row;
use crate::forecast::calibration::{Bar, COVERAGES, calibrated};
use crate::rows::backtest::grouped;

const COLUMNS: [&str; 10] =
    ["series", "model", "horizon", "n", "kind", "level", "expected", "share", "lower", "upper"];

pub(super) fn print(context: &Context, rows: &[Row]) -> Result<()> {
    let mut printed = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for ((series, horizon), models) in grouped(rows) {
        for rows in models {
            let measured = calibrated(&rows);
            let model = rows[0].model;
            let mut push = |kind: &str, level: f64, expected: f64, bar: &Bar| {
                printed.push(vec![
                    json!(series),
                    json!(model),
                    json!(horizon),
                    json!(measured.n),
                    json!(kind),
                    json!(level),
                    json!(expected),
                    json!(bar.value),
                    json!(bar.lower),
                    json!(bar.upper),
                ]);
            };
            for (coverage, bar) in COVERAGES.iter().zip(&measured.coverage) {
                push("coverage", *coverage, *coverage, bar);
            }
            for (tenth, bar) in (1_u8..).zip(&measured.tenths) {
                push("pit", f64::from(tenth) / 10.0, 0.1, bar);
            }
            let mut line =
                vec![series.clone(), model.to_owned(), horizon.to_string(), measured.n.to_string()];
            line.extend(measured.coverage.iter().map(with_bar));
            let tenths = measured.tenths.iter().map(|bar| percent(bar.value));
            line.push(tenths.collect::<Vec<_>>().join(" "));
            line.push(measured.uniform_p.map_or_else(|| "-".to_owned(), |p| format!("{p:.3}")));
            shown.push(line);
        }
    }
    let header = [
        "series",
        "model",
        "h",
        "n",
        "in 50%",
        "in 80%",
        "in 90%",
        "in 95%",
        "% in each tenth, lowest first",
        "p",
    ];
    printed.print(context.global.format, || {
        format!(
            "{}\n90% intervals in brackets; p: of equal tenths; both by block bootstrap over quarters",
            table(&header, &[2, 3, 4, 5, 6, 7, 9], shown)
        )
    })
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}", share * 100.0))
}

fn with_bar(bar: &Bar) -> String {
    match (bar.value, bar.lower, bar.upper) {
        (Some(value), Some(low), Some(high)) => format!("{value:.2} [{low:.2} {high:.2}]"),
        (Some(value), _, _) => format!("{value:.2}"),
        _ => "-".to_owned(),
    }
}
