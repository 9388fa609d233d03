//! `chipcast scale COMPANY --scenario FILE`: what other spend or other assumptions change.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::words::{shown_change, shown_value, three};
use crate::archive::Snapshot;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::forecast::Forecast;
use crate::report::machines::Workshop;
use crate::report::stress::{Bench, MAX_BYTES, of_file};
use crate::rows::scale;
use crate::scaling::scenario::{Change, Scenario};
use crate::store;

/// Reads a scenario from a file.
pub(super) fn read(file: &Path) -> Result<Scenario> {
    of_file(&file.display().to_string(), store::read_file(file, MAX_BYTES)?)
}

pub(super) fn run(
    context: &Context,
    known: &Snapshot,
    forecast: &Forecast,
    workshop: &Workshop,
    files: &[PathBuf],
) -> Result<Outcome> {
    let scenarios: Vec<_> = files.iter().map(|file| read(file)).collect::<Result<_>>()?;
    let bench = Bench::new(known, forecast, workshop)?;
    let before = bench.before()?;
    let mut rows = Rows::new(&scale::CHANGE_COLUMNS);
    let mut shown = Vec::new();
    for (scenario, file) in scenarios.iter().zip(files) {
        let changes = bench
            .changes(scenario, &before)
            .map_err(|e| e.within(format!("`{}`", file.display())))?;
        for change in &changes {
            push(&mut rows, &mut shown, scenario, change);
        }
    }
    let supply = &bench.supply;
    rows.beside("company", json!(supply.input.company));
    rows.beside("date", json!(supply.input.date));
    let header = ["scenario", "quantity", "unit", "baseline", "scenario", "change in each world"];
    rows.print(context.global.format, || table(&header, &[3, 4, 5], shown))?;
    context.say(format!(
        "medians with 5% and 95%; fleet of {}, purchases of {} forecast quarters; the change is taken \
         world by world, so it is not the difference of the columns",
        supply.input.date, supply.n_forecast
    ));
    Ok(if supply.n_forecast == 0 { Outcome::Refused } else { Outcome::Done })
}

fn push(rows: &mut Rows, shown: &mut Vec<Vec<String>>, scenario: &Scenario, change: &Change) {
    let parts = [&change.baseline, &change.scenario, &change.delta].map(three);
    rows.push(scale::change_row(&scenario.title, change));
    let range = |[low, median, high]: [f64; 3], show: fn(f64, &str) -> String| {
        let [low, median, high] = [low, median, high].map(|value| show(value, change.unit));
        format!("{median} [{low} to {high}]")
    };
    shown.push(vec![
        scenario.title.clone(),
        change.quantity.to_owned(),
        change.unit.to_owned(),
        range(parts[0], shown_value),
        range(parts[1], shown_value),
        range(parts[2], shown_change),
    ]);
}
