//! `chipcast scale marginal`: what the next part of a fleet adds, from the fleet to the capability.

use clap::Args;
use serde_json::json;

use super::words::{shown_value, three};
use crate::archive::Snapshot;
use crate::cli::output::{Rows, print, table};
use crate::cli::{Context, Format, Outcome};
use crate::draws::Draws;
use crate::error::Result;
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::report::buyers::spend_series;
use crate::report::format;
use crate::report::machines::{Workshop, machines};
use crate::scaling::compute::Running;
use crate::scaling::law::ScalingLaw;
use crate::scaling::marginal::{Flat, Margin, MarginalRow};
use crate::units::H100e;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Ticker whose forecast fleet is marked in the table
    company: Option<String>,
    /// How many times the fleet: 1.1 asks what the next ten percent adds
    #[arg(long, default_value_t = 1.1, value_name = "X", allow_negative_numbers = true)]
    factor: f64,
    /// Quarters of forecast spend that go into the company's fleet
    #[arg(long, default_value_t = 4, value_name = "N")]
    horizon: usize,
}

const COLUMNS: [&str; 12] = [
    "whose",
    "fleet_h100e",
    "run_flop_p05",
    "run_flop_p50",
    "run_flop_p95",
    "run_growth_p50",
    "capability_p50",
    "added_p05",
    "added_p50",
    "added_p95",
    "cost_usd_p50",
    "usd_per_point_p50",
];

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let workshop = Workshop::new(context.global.seed, known.as_of())?;
    let assumptions = &workshop.tables.assumptions;
    let running = Running::sample(assumptions, &workshop.worlds)?;
    let price = workshop.price_per_h100e(known.as_of())?;
    let law = workshop.law_on(known.as_of());
    let margin = Margin::new(&law, &running, &price, arguments.factor)?;
    let table_rows = margin.table()?;
    let mut all: Vec<_> = table_rows.iter().map(|row| (String::new(), row.clone())).collect();
    if let Some(company) = &arguments.company {
        let fleet = fleet_of(&known, company, arguments.horizon, &workshop)?;
        all.push((company.to_ascii_lowercase(), margin.row(&fleet)?));
        all.sort_by(|a, b| a.1.fleet.median().total_cmp(&b.1.fleet.median()));
    }
    let flat = flatness(&margin, &table_rows)?;
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for (whose, row) in &all {
        push(&mut rows, &mut shown, whose, row);
    }
    rows.beside("law", json!(law.expression()));
    rows.beside("factor", json!(arguments.factor));
    rows.beside("flat", json!(flat));
    let next = format!("next {}", format::percent(arguments.factor - 1.0));
    let header = ["", "fleet, h100e", "run, FLOP", "capability", &next, "5%", "95%", "cost, USD"];
    let header: Vec<_> = header.into_iter().chain(["USD a point"]).collect();
    rows.print(context.global.format, || table(&header, &[1, 2, 3, 4, 5, 6, 7, 8], shown))?;
    if context.global.format == Format::Table {
        print(&format!("\n{}", flat.join("\n")))?;
    }
    context.say(format!(
        "fleets are what one lab uses; models released on {}; chips at the price of that day",
        known.as_of()
    ));
    Ok(Outcome::Done)
}

/// What one lab may use of a company's fleet at the end of its forecast.
fn fleet_of(
    known: &Snapshot,
    company: &str,
    horizon: usize,
    workshop: &Workshop,
) -> Result<Draws<H100e>> {
    let book = Book::new(known, horizon)?;
    let forecast = book.forecast(&Chipcast, &spend_series(known, company)?)?;
    let found = machines(known, &forecast, workshop)?;
    let share = workshop.tables.assumptions.draws("lab_share_of_fleet", &workshop.worlds)?;
    found.chain.installed.zip(&share, |installed, share| installed * share)
}

fn push(rows: &mut Rows, shown: &mut Vec<Vec<String>>, whose: &str, row: &MarginalRow) {
    let (run, added) = (three(&row.run), three(&row.added));
    let (fleet, capability) = (row.fleet.median(), row.capability.median());
    let (cost, per_point) = (row.cost.median(), row.usd_per_point.median());
    rows.push(vec![
        json!(whose),
        json!(fleet),
        json!(run[0]),
        json!(run[1]),
        json!(run[2]),
        json!(row.run_growth.median()),
        json!(capability),
        json!(added[0]),
        json!(added[1]),
        json!(added[2]),
        json!(cost),
        json!(per_point),
    ]);
    let points = |value: f64| format!("{value:.3}");
    shown.push(vec![
        whose.to_owned(),
        shown_value(fleet, "h100e"),
        shown_value(run[1], "FLOP"),
        format!("{capability:.1}"),
        points(added[1]),
        points(added[0]),
        points(added[2]),
        shown_value(cost, "USD"),
        shown_value(per_point, "USD"),
    ]);
}

/// Where the curve goes flat, and why, in sentences.
fn flatness(margin: &Margin<'_>, rows: &[MarginalRow]) -> Result<Vec<String>> {
    let mut words = Vec::new();
    for (share, name) in [(0.5, "half"), (0.1, "a tenth")] {
        words.push(match margin.flat(rows, share)? {
            Flat::From(fleet) => format!(
                "The next part adds less than {name} of what it adds at the first row from {} h100e \
                 on.",
                shown_value(fleet.0, "h100e")
            ),
            Flat::Not(left) => format!(
                "Within the table the next part never adds less than {name} of what it adds at the \
                 first row: at the last it still adds {:.0}%.",
                100.0 * left
            ),
        });
    }
    if let [first, .., last] = rows {
        let decades = |row: &MarginalRow| row.run_growth.median().log10();
        let yields = |row: &MarginalRow| row.added.median() / decades(row);
        words.push(format!(
            "Why: the same growth of a fleet grows the run by {:.1}% at the first row and {:.1}% at \
             the last (the network's part); a decade of run adds {:.1} and {:.1} points (the law's \
             part: a law that is a line in log compute never flattens per percent).",
            100.0 * (first.run_growth.median() - 1.0),
            100.0 * (last.run_growth.median() - 1.0),
            yields(first),
            yields(last)
        ));
    }
    Ok(words)
}
