//! `chipcast scale COMPANY --sensitivity`: how far each assumption alone moves the capability.

use serde_json::json;

use super::words::shown_value;
use crate::archive::Snapshot;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::forecast::Forecast;
use crate::report::format;
use crate::report::machines::Workshop;
use crate::report::stress::{Bench, N_DRAWS};
use crate::scaling::sensitivity::{Swing, Tornado};

/// Columns of the bar chart.
const BAR: usize = 31;
const COLUMNS: [&str; 9] = [
    "assumption",
    "unit",
    "low",
    "high",
    "capability_at_low",
    "capability_at_high",
    "run_decades_at_low",
    "run_decades_at_high",
    "swing",
];

pub(super) fn run(
    context: &Context,
    known: &Snapshot,
    forecast: &Forecast,
    workshop: &Workshop,
) -> Result<Outcome> {
    let bench = Bench::within(known, forecast, workshop, N_DRAWS)?;
    let (supply, found) = (&bench.supply, bench.tornado()?);
    let mut rows = Rows::new(&COLUMNS);
    for swing in &found.swings {
        rows.push(vec![
            json!(swing.assumption),
            json!(swing.unit),
            json!(swing.held.0),
            json!(swing.held.1),
            json!(swing.capability.0),
            json!(swing.capability.1),
            json!(swing.run_decades.0),
            json!(swing.run_decades.1),
            json!(swing.size()),
        ]);
    }
    rows.beside("company", json!(supply.input.company));
    rows.beside("date", json!(supply.input.date));
    rows.beside("capability", json!(found.capability));
    rows.beside("run_flop", json!(found.run));
    rows.beside("n_unmoved", json!(found.n_unmoved));
    rows.beside("n_draws", json!(found.n_draws));
    rows.print(context.global.format, || people(&found))?;
    context.say(format!(
        "each held at its 5% and 95% quantile in {} worlds, the others drawn as before; `*` is the \
         baseline, {:.1}, `-` towards the low end, `=` towards the high end; {} that move nothing are \
         left out",
        found.n_draws,
        found.capability,
        format::count(found.n_unmoved, "assumption")
    ));
    Ok(if supply.n_forecast == 0 { Outcome::Refused } else { Outcome::Done })
}

fn people(found: &Tornado) -> String {
    let ends = || found.swings.iter().flat_map(|swing| [swing.capability.0, swing.capability.1]);
    let (low, high) = ends().fold((found.capability, found.capability), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let line = |swing: &Swing| {
        // A factor that may lie above 1 is no share: both of its ends stand bare.
        let unit = if swing.held.1 >= 1.0 && swing.unit == "ratio" { "index" } else { &swing.unit };
        vec![
            swing.assumption.clone(),
            shown_value(swing.held.0, unit),
            shown_value(swing.held.1, unit),
            swing.unit.clone(),
            format!("{:.1}", swing.capability.0),
            format!("{:.1}", swing.capability.1),
            format!("{:+.2}", swing.run_decades.0),
            format!("{:+.2}", swing.run_decades.1),
            bar(swing, found.capability, (low, high)),
        ]
    };
    let header = ["assumption", "5%", "95%", "unit", "at 5%", "at 95%", "run, decades", "", ""];
    table(&header, &[1, 2, 4, 5, 6, 7], found.swings.iter().map(line).collect())
}

/// A bar from capability at the low end to capability at the high end, on the scale of all bars.
fn bar(swing: &Swing, baseline: f64, (low, high): (f64, f64)) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a column of a short bar"
    )]
    let column = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        (share.clamp(0.0, 1.0) * (BAR - 1) as f64).round() as usize
    };
    let middle = column(baseline);
    let mut cells = vec![' '; BAR];
    for (end, mark) in [(swing.capability.0, '-'), (swing.capability.1, '=')] {
        let end = column(end);
        for cell in &mut cells[middle.min(end)..=middle.max(end)] {
            *cell = mark;
        }
    }
    cells[middle] = '*';
    cells.into_iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_runs_from_the_low_end_over_the_baseline_to_the_high_end() {
        let swing = Swing {
            assumption: "a".to_owned(),
            unit: "ratio".to_owned(),
            held: (0.1, 0.3),
            capability: (90.0, 120.0),
            run_decades: (-0.1, 0.2),
        };
        let found = bar(&swing, 100.0, (90.0, 120.0));
        assert_eq!(found, "----------*====================");
    }
}
