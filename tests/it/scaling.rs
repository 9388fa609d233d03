//! Scaling from the outside: the chain end to end, its trace, and the same world in every step.

use chipcast::Result;
use chipcast::draws::Draws;
use chipcast::ingest::bundled;
use chipcast::period::Period;
use chipcast::scaling::assumption::{Assumptions, Worlds};
use chipcast::scaling::chain::{
    Chain, ChainInput, ChainTables, FleetUse, Purchases, StepKind, chain,
};
use chipcast::scaling::installed::StockEstimate;
use chipcast::scaling::known_runs::{Route, calibrate, check_runs, implied_shares, summarize};
use chipcast::scaling::law::{Form, Law, Sampling, Scale, rows};
use chipcast::scaling::scenario::{Baseline, Scenario};
use chipcast::scaling::sensitivity::{Swing, tornado};
use chipcast::scaling::shipments::Buyer;
use chipcast::units::{H100e, Usd};
use chrono::NaiveDate;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("an ISO date")
}

fn worlds(n_draws: usize) -> Worlds {
    Worlds { seed: 2026, origin: day("2026-09-24"), n_draws }
}

fn law(form: Form, worlds: Worlds) -> Law {
    let assumptions = Assumptions::bundled().expect("bundled");
    let rows = rows(Scale::Eci).expect("bundled");
    let sampling = Sampling { worlds, n_bootstraps: 100 };
    Law::fit(Scale::Eci, form, &rows, &assumptions, sampling).expect("80 models")
}

fn quarters_of_2026(worlds: &Worlds) -> Vec<(Period, Draws<Usd>)> {
    let ends = [("01-01", "03-31"), ("04-01", "06-30"), ("07-01", "09-30"), ("10-01", "12-31")];
    ends.iter()
        .map(|(start, end)| {
            let at = |rest| day(&format!("2026-{rest}"));
            let period = Period::new(at(start), at(end)).expect("ordered");
            let capex = worlds.normal("test.capex").map(|z| Usd(35e9 * (0.1 * z).exp()));
            (period, capex)
        })
        .collect()
}

fn microsoft_input(worlds: &Worlds) -> ChainInput<'static> {
    ChainInput {
        company: "msft",
        purchases: Purchases::Capex(quarters_of_2026(worlds), Buyer::of("msft")),
        stock: Some(StockEstimate {
            date: day("2025-12-31"),
            low: H100e(2.62e6),
            median: H100e(3.42e6),
            high: H100e(4.43e6),
            source: "Epoch AI, sum of medians over makers".to_owned(),
        }),
        fleet_use: FleetUse::Owner,
        date: day("2026-12-31"),
    }
}

fn microsoft(worlds: &Worlds) -> Result<Chain> {
    let input = microsoft_input(worlds);
    let law = law(Form::LOG_EFFECTIVE, *worlds).released(input.date);
    chain(&input, &ChainTables::bundled()?, &law, worlds)
}

#[test]
fn microsofts_2026_from_capex_to_capability() {
    let found = microsoft(&worlds(4000)).expect("tables cover it");
    // 140 G$ x 0.38 at about 11,500 $ a h100e is near 4.7M h100e, on top of 3.4M.
    let installed = found.installed.median();
    assert!((5e6..1e7).contains(&installed), "{installed}");
    let run = found.run.median();
    assert!((3e26..1e28).contains(&run), "{run}");
    let eci = found.capability.draws.median();
    assert!((140.0..190.0).contains(&eci), "{eci}");
    assert!(found.capability.extrapolated, "2026 lies after the last model of the table");
    assert!(found.warnings.iter().any(|warning| warning.contains("carried")));
}

#[test]
fn every_step_is_on_record_with_its_source() {
    let found = microsoft(&worlds(1000)).expect("tables cover it");
    let names: Vec<_> = found.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "cash capex",
            "accelerator share of capex merchant",
            "spend on accelerators",
            "price of an h100e",
            "purchases",
            "installed before",
            "deployment lag quarters",
            "service life years",
            "installed",
            "power w per h100e",
            "power usage effectiveness",
            "facility power",
            "lab share of fleet",
            "compute in use by one lab",
            "cluster share",
            "mfu 8bit",
            "availability",
            "reference cluster h100e",
            "efficiency per doubling",
            "run days",
            "network knee flop",
            "network limit flop",
            "largest cluster",
            "MFU of it",
            "fleet's year",
            "largest training run",
            "capability",
        ]
    );
    for step in &found.steps {
        assert!(step.p05 <= step.p50 && step.p50 <= step.p95, "{step:?}");
        assert!(!step.source.is_empty() && !step.unit.is_empty(), "{step:?}");
        assert!(step.kind != StepKind::Assumption || step.source.contains("20"), "{step:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_worlds_and_more_worlds_begin_alike() {
    let (few, many) = (microsoft(&worlds(200)).expect("ok"), microsoft(&worlds(400)).expect("ok"));
    assert_eq!(few.capability.draws.values(), &many.capability.draws.values()[..200]);
}

#[test]
fn more_capex_in_a_world_is_more_compute_in_that_world() {
    let worlds = worlds(500);
    let tables = ChainTables::bundled().expect("bundled");
    let law = law(Form::LOG, worlds);
    let run = |factor: f64| {
        let quarters = quarters_of_2026(&worlds);
        let quarters = quarters.into_iter().map(|(p, usd)| (p, usd.map(|usd| usd * factor)));
        let input = ChainInput {
            company: "msft",
            purchases: Purchases::Capex(quarters.collect(), Buyer::Merchant),
            stock: None,
            fleet_use: FleetUse::Owner,
            date: day("2027-03-31"),
        };
        chain(&input, &tables, &law, &worlds).expect("tables cover it").run
    };
    let (one, two) = (run(1.0), run(2.0));
    assert!(one.values().iter().zip(two.values()).all(|(a, b)| b.0 > a.0 && b.0 < 2.0 * a.0));
}

#[test]
fn a_stock_after_the_day_and_nothing_at_all_are_refused() {
    let worlds = worlds(100);
    let tables = ChainTables::bundled().expect("bundled");
    let law = law(Form::LOG, worlds);
    let mut input = ChainInput {
        company: "xai",
        purchases: Purchases::H100e(Vec::new()),
        stock: None,
        fleet_use: FleetUse::Lab,
        date: day("2025-06-30"),
    };
    let error = chain(&input, &tables, &law, &worlds).expect_err("nothing is known");
    assert_eq!(
        error.to_string(),
        "the chain of `xai` needs purchases or an installed base; neither is known"
    );
    input.stock = Some(StockEstimate {
        date: day("2025-12-31"),
        low: H100e(553_714.0),
        median: H100e(553_714.0),
        high: H100e(553_714.0),
        source: "Epoch AI".to_owned(),
    });
    let error = chain(&input, &tables, &law, &worlds).expect_err("too early");
    assert_eq!(
        error.to_string(),
        "installed base of `xai` is dated 2025-12-31, after the day asked for, 2025-06-30"
    );
}

#[test]
fn a_scenarios_change_is_taken_world_by_world() {
    let worlds = worlds(2000);
    let tables = ChainTables::bundled().expect("bundled");
    let input = microsoft_input(&worlds);
    let law_of = |assumptions: &Assumptions| {
        let sampling = Sampling { worlds, n_bootstraps: 50 };
        Law::fit(Scale::Eci, Form::LOG, &rows(Scale::Eci)?, assumptions, sampling)
    };
    let law = law_of(&tables.assumptions).expect("80 models");
    let before = chain(&input, &tables, &law, &worlds).expect("tables cover it");
    let baseline = Baseline { input: &input, n_known: 2, tables: &tables, worlds: &worlds };
    let run = |text: &str| {
        let scenario = Scenario::read(text).expect("sound");
        scenario.run(&baseline, &before, law_of).expect("the chain runs")
    };
    let more = run("title = 'more'\nspend_factor = 1.5\n");
    let names: Vec<_> = more.iter().map(|change| change.quantity).collect();
    assert_eq!(names, ["purchases", "installed", "power", "run", "capability"]);
    // Half as much again of the two forecast quarters, in every world.
    for (delta, bought) in more[0].delta.values().iter().zip(more[0].baseline.values()) {
        assert!((delta / bought - 0.5).abs() < 1e-9);
    }
    // What is bought last may not run yet on the day: nothing falls, and most rises.
    for change in &more {
        assert!(change.delta.values().iter().all(|delta| *delta >= 0.0), "{}", change.quantity);
        assert!(change.delta.median() > 0.0, "{}", change.quantity);
    }
    // Held at 0.5, the share of a lab's largest run rises most where it was small: the quantiles of
    // the change are not the differences of the quantiles.
    let bigger = run("title = 'bigger'\n[set]\ncluster_share = 0.5\n");
    let capability = &bigger[4];
    let levels = [0.05, 0.95];
    let of = |draws: &Draws<f64>| draws.quantiles(&levels);
    let (with, without) = (of(&capability.scenario), of(&capability.baseline));
    let delta = of(&capability.delta);
    for at in 0..levels.len() {
        let naive = with[at] - without[at];
        assert!((delta[at] - naive).abs() > 1.0, "{} and {naive} at {}", delta[at], levels[at]);
    }
    assert!(bigger[0].delta.values().iter().all(|delta| delta.abs() < 1e-9), "same purchases");
}

#[test]
fn no_assumption_is_left_out_of_the_tornado_unless_it_moves_nothing() {
    let worlds = worlds(500);
    let tables = ChainTables::bundled().expect("bundled");
    let input = microsoft_input(&worlds);
    let law_of = |assumptions: &Assumptions| {
        let sampling = Sampling { worlds, n_bootstraps: 20 };
        let models = rows(Scale::Eci)?;
        let law = Law::fit(Scale::Eci, Form::LOG_EFFECTIVE, &models, assumptions, sampling)?;
        Ok(law.released(day("2026-12-31")))
    };
    let baseline = Baseline { input: &input, n_known: 0, tables: &tables, worlds: &worlds };
    let found = tornado(&baseline, law_of).expect("the chain runs");
    let names: Vec<_> = found.swings.iter().map(|swing| swing.assumption.as_str()).collect();
    for moves in
        ["cluster_share", "lab_share_of_fleet", "algorithmic_progress_per_year", "run_days"]
    {
        assert!(names.contains(&moves), "{moves} is missing in {names:?}");
    }
    for moves_nothing in ["accelerator_share_of_capex_google", "capex_usd_per_w"] {
        assert!(!names.contains(&moves_nothing), "{moves_nothing} cannot move Microsoft's run");
    }
    assert_eq!(names.len() + found.n_unmoved, tables.assumptions.iter().count());
    let sizes: Vec<_> = found.swings.iter().map(Swing::size).collect();
    assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]), "{sizes:?}");
}

#[test]
fn the_cluster_share_is_what_known_runs_tell() {
    let archive = bundled::archive().expect("the bundled data read");
    let known = archive.as_of(archive.known_through()).expect("known");
    let assumptions = Assumptions::bundled().expect("bundled");
    let worlds = worlds(4000);
    let shares = implied_shares(&known, &assumptions, &worlds).expect("known fleets");
    assert_eq!(shares.len(), 14);
    let (found, stated) =
        (calibrate(&shares).expect("enough"), assumptions.get("cluster_share").expect("stated"));
    for (found, stated) in
        [(found.low, stated.low), (found.median, stated.median), (found.high, stated.high)]
    {
        assert!((found / stated).ln().abs() < 0.05, "{found} for {stated}");
    }
    // Epoch estimated the fleets afterwards: before, no share was known and none is made up.
    let before = known.rewind(day("2026-04-01")).expect("earlier");
    assert!(implied_shares(&before, &assumptions, &worlds).expect("none").is_empty());
}

#[test]
fn known_runs_lie_in_their_intervals_about_as_often_as_promised() {
    let archive = bundled::archive().expect("the bundled data read");
    let known = archive.as_of(archive.known_through()).expect("known");
    let assumptions = Assumptions::bundled().expect("bundled");
    let worlds = worlds(2000);
    let shares = implied_shares(&known, &assumptions, &worlds).expect("known fleets");
    let checks = check_runs(&shares, &assumptions, &worlds).expect("computed");
    for (route, n) in [(Route::Cluster, 22), (Route::Fleet, 14)] {
        let found = summarize(&checks, route).expect("runs");
        assert_eq!(found.n, n);
        // Two binomial standard errors about 0.9, at most 1; and no bias beyond a factor of two.
        let error = 2.0 * (0.09 / f64::from(u8::try_from(n).expect("few"))).sqrt();
        assert!(found.coverage_90 >= 0.9 - error, "{found:?}");
        assert!((0.5..2.0).contains(&found.median_ratio), "{found:?}");
    }
}

#[test]
fn adding_percentiles_gives_another_answer_and_the_chain_does_not() {
    let worlds = worlds(4000);
    let found = microsoft(&worlds).expect("tables cover it");
    let bought = &found.purchases;
    let total = bought.iter().skip(1).fold(bought[0].1.clone(), |sum, (_, next)| {
        sum.zip(next, |a, b| a + b).expect("the same worlds")
    });
    let step = found.steps.iter().find(|step| step.name == "purchases").expect("on record");
    assert_eq!(step.p95, total.quantile(0.95), "the trace sums world by world");
    // Independent quarters: with errors of its own in each quarter, the sum of the 95 % quantiles
    // lies above the quantile of the sum.
    let own = |key: &str| worlds.normal(key).map(|z| H100e(1e6 * (0.5 * z).exp()));
    let (first, second) = (own("test.first"), own("test.second"));
    let both = first.zip(&second, |a, b| a + b).expect("the same worlds");
    let added = first.quantile(0.95) + second.quantile(0.95);
    assert!(added > 1.1 * both.quantile(0.95), "{added} and {}", both.quantile(0.95));
}
