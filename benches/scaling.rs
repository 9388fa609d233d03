//! From money to capability: Chinchilla's law fitted with its bootstrap, and the whole chain.

use std::hint::black_box;

use chipcast::draws::{Draws, Randomness};
use chipcast::period::Period;
use chipcast::scaling::assumption::Worlds;
use chipcast::scaling::chain::{ChainInput, ChainTables, FleetUse, Purchases, chain};
use chipcast::scaling::chinchilla::{Fit, Resampling, TrainingRun};
use chipcast::scaling::law::{Form, Law, Sampling, Scale, rows};
use chipcast::scaling::shipments::Buyer;
use chipcast::units::Usd;
use chrono::NaiveDate;
use divan::Bencher;
use divan::counter::ItemsCount;

/// Runs of the published fit.
const N_RUNS: usize = 240;

fn main() {
    divan::main();
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// Runs on a law with constants near the published ones, with noise.
fn runs() -> Vec<TrainingRun> {
    let mut random = Randomness::new(0, "bench", day("2026-09-24"));
    let run = |_| {
        let parameters = 10_f64.powf(8.0 + 2.2 * random.uniform());
        let tokens = 10_f64.powf(9.0 + 2.2 * random.uniform());
        let loss = 1.8 + 482.0 * parameters.powf(-0.35) + 2085.0 * tokens.powf(-0.37);
        TrainingRun { parameters, tokens, loss: loss * (0.003 * random.normal()).exp() }
    };
    (0..N_RUNS).map(run).collect()
}

/// Items are refits.
#[divan::bench(args = [100, 400], sample_count = 10)]
fn chinchilla(bencher: Bencher, n_bootstraps: usize) {
    let runs = runs();
    let resampling = Resampling { seed: 0, n_bootstraps };
    bencher
        .counter(ItemsCount::new(n_bootstraps))
        .bench(|| Fit::new("bench", black_box(&runs), resampling).expect("they settle it"));
}

/// Items are worlds.
#[divan::bench(args = [1_000, 10_000], sample_count = 20)]
fn scaling_chain(bencher: Bencher, n_draws: usize) {
    let worlds = Worlds { seed: 1, origin: day("2026-01-31"), n_draws };
    let tables = ChainTables::bundled().expect("the bundled tables are sound");
    let sampling = Sampling { worlds, n_bootstraps: 100 };
    let models = rows(Scale::Eci).expect("the bundled models are sound");
    let law = Law::fit(Scale::Eci, Form::LOG_EFFECTIVE, &models, &tables.assumptions, sampling)
        .expect("models enough")
        .released(day("2026-12-31"));
    let quarter = Period::new(day("2026-01-01"), day("2026-03-31")).expect("in order");
    let capex = Draws::constant(Usd(30e9), n_draws);
    let input = ChainInput {
        company: "msft",
        purchases: Purchases::Capex(vec![(quarter, capex)], Buyer::of("msft")),
        stock: None,
        fleet_use: FleetUse::Owner,
        date: day("2026-12-31"),
    };
    bencher
        .counter(ItemsCount::new(n_draws))
        .bench(|| chain(black_box(&input), &tables, &law, &worlds).expect("the tables cover it"));
}
