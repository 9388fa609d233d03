//! What dollars buy: a company's capex of a year, as chips, as a fleet, as a training run, as capability.
//!
//! `cargo run --release --example purchases_to_capability [USD_A_QUARTER]`

use std::io::Write;

use anyhow::Context;
use chipcast::draws::Draws;
use chipcast::period::Period;
use chipcast::report::format::shown_value;
use chipcast::scaling::assumption::Worlds;
use chipcast::scaling::chain::{ChainInput, ChainTables, FleetUse, Purchases, chain};
use chipcast::scaling::law::{Form, Law, Sampling, Scale, rows};
use chipcast::scaling::shipments::Buyer;
use chipcast::units::Usd;
use chrono::NaiveDate;

fn main() -> anyhow::Result<()> {
    let quarter_usd: f64 = match std::env::args().nth(1) {
        Some(text) => text.parse().with_context(|| format!("`{text}` is no amount of dollars"))?,
        None => 30e9,
    };
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).context("a day");
    let worlds = Worlds { seed: 0, origin: day(2026, 9, 24)?, n_draws: 1_000 };
    let tables = ChainTables::bundled()?;
    let sampling = Sampling { worlds, n_bootstraps: 100 };
    let law = Law::fit(
        Scale::Eci,
        Form::LOG_EFFECTIVE,
        &rows(Scale::Eci)?,
        &tables.assumptions,
        sampling,
    )?;
    let quarters = [
        Period::new(day(2026, 10, 1)?, day(2026, 12, 31)?)?,
        Period::new(day(2027, 1, 1)?, day(2027, 3, 31)?)?,
        Period::new(day(2027, 4, 1)?, day(2027, 6, 30)?)?,
        Period::new(day(2027, 7, 1)?, day(2027, 9, 30)?)?,
    ];
    let spend =
        quarters.map(|quarter| (quarter, Draws::constant(Usd(quarter_usd), worlds.n_draws)));
    let input = ChainInput {
        company: "msft",
        purchases: Purchases::Capex(spend.to_vec(), Buyer::of("msft")),
        stock: None,
        fleet_use: FleetUse::Owner,
        date: day(2027, 12, 31)?,
    };
    let found = chain(&input, &tables, &law.released(input.date), &worlds)?;
    let mut out = std::io::stdout().lock();
    for step in &found.steps {
        let [low, median, high] =
            [step.p05, step.p50, step.p95].map(|value| shown_value(value, &step.unit));
        writeln!(out, "{:32} {median:>10} [{low} to {high}] {}", step.name, step.unit)?;
    }
    for warning in &found.warnings {
        writeln!(out, "caution: {warning}")?;
    }
    Ok(())
}
