//! What moved a forecast: effects add up, each by hand on powers of two, and the command as a user
//! meets it.

use chipcast::Result;
use chipcast::archive::{Archive, Batch, Snapshot};
use chipcast::forecast::history::History;
use chipcast::forecast::news::{Effect, News, Part, difference, news};
use chipcast::forecast::{Forecaster, Path, engine};
use chipcast::ingest::bundled;
use chipcast::observation::Action;
use chipcast::series::SeriesId;
use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use crate::support::{archive, chipcast, day, guide, id, quarter, row};

const LN_2: f64 = std::f64::consts::LN_2;

fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{found} is not {wanted}");
}

fn told(archive: &Archive, model: &str, from: &str, to: &str, horizon: usize) -> News {
    let at = |text: &str| archive.as_of(day(text)).expect("known");
    let model = engine::model(model).expect("a model");
    news(model, &at(from), &at(to), &id("acme.revenue"), horizon).expect("an account")
}

/// Growth by a factor of two, then a jump, then its revision.
fn jump() -> Archive {
    let rows = vec![
        row("acme.revenue", quarter(0), 1.0, day("2010-05-01")),
        row("acme.revenue", quarter(1), 2.0, day("2010-08-01")),
        row("acme.revenue", quarter(2), 16.0, day("2010-11-01")),
        row("acme.revenue", quarter(2), 4.0, day("2010-12-01")),
    ];
    archive(rows, "2011-12-31")
}

#[test]
fn each_effect_of_drift_by_hand() {
    let told = told(&jump(), "drift", "2010-08-01", "2010-12-01", 1);
    let [reported, ahead] = &told.accounts[..] else { panic!("two periods: {told:?}") };
    assert_eq!((reported.period, ahead.period), (quarter(2), quarter(3)));
    assert_eq!((reported.horizon, ahead.horizon), (0, 1));
    // 1, 2 and a drift of ln 2 make 4 and 8; 16 with that drift makes 32, with its own, ln 4, 64;
    // 4 with a drift of ln 4 makes 16, with its own, ln 2, 8.
    near(reported.prev, 4.0);
    near(reported.new, 4.0);
    near(ahead.prev, 8.0);
    near(ahead.new, 8.0);
    let found: Vec<_> = ahead.effects.iter().map(|e| (e.part, e.horizon)).collect();
    let wanted = [(Part::News, 1), (Part::Refit, 1), (Part::Revision, 1), (Part::Refit, 1)];
    assert_eq!(found, wanted);
    for (effect, impact) in ahead.effects.iter().zip([24.0, 32.0, -48.0, -8.0]) {
        near(effect.impact(), impact);
    }
    let (value, revision) = (&ahead.effects[0], &ahead.effects[2]);
    near(value.expected.expect("a forecast"), 4.0);
    near(value.actual.expect("a value"), 16.0);
    near(value.surprise.expect("both"), 2.0 * LN_2);
    near(value.weight.expect("one value"), 1.0);
    near(revision.expected.expect("held"), 16.0);
    near(revision.surprise.expect("both"), -2.0 * LN_2);
    near(revision.weight.expect("one value"), 1.0);
    near(ahead.revisions(&told.events), -56.0);
    near(ahead.news(&told.events), 56.0);
    near(reported.news(&told.events), 12.0);
    near(reported.revisions(&told.events), -12.0);
}

#[test]
fn a_guide_is_expected_where_it_would_leave_the_forecast() {
    let batch = Batch {
        observations: Vec::new(),
        announcements: vec![
            guide("2010-11-01", 32.0, Action::Guide),
            guide("2010-11-20", 8.0, Action::Revise),
        ],
        known_through: day("2011-12-31"),
    };
    let archive = jump().append(&batch).expect("no conflict").0;
    let told = told(&archive, "guidance", "2010-11-01", "2010-11-30", 1);
    let [account] = &told.accounts[..] else { panic!("one period: {told:?}") };
    near(account.prev, 32.0);
    let [revise] = &account.effects[..] else { panic!("one event: {account:?}") };
    assert_eq!(revise.part, Part::Announcement);
    near(revise.expected.expect("the guide before"), 32.0);
    near(revise.surprise.expect("both"), -2.0 * LN_2);
    near(revise.weight.expect("one"), 1.0);
    near(revise.impact(), -24.0);
    // On the day of a report the value comes first and the word about the next period after it.
    let whole = crate::news::told(&archive, "chipcast", "2010-08-01", "2010-11-01", 1);
    let parts: Vec<_> = whole.accounts[1].effects.iter().map(|effect| effect.part).collect();
    assert_eq!(parts.first(), Some(&Part::News));
    assert_eq!(parts.last(), Some(&Part::Announcement));
}

/// Forecasts a series by the last value of another one, which no panel names.
struct Elsewhere;

impl Forecaster for Elsewhere {
    fn name(&self) -> &'static str {
        "elsewhere"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let last = History::of(known, &id("zeta.orders"), 1)?.last_value();
        let next = History::of(known, target, 1)?.next_periods(horizon);
        Ok(Path::new(self, next.into_iter().map(|period| (period, last))))
    }
}

#[test]
fn what_a_model_reads_elsewhere_is_found() {
    let rows = vec![
        row("acme.revenue", quarter(0), 1.0, day("2010-05-01")),
        row("zeta.orders", quarter(0), 2.0, day("2010-05-01")),
        row("zeta.orders", quarter(1), 32.0, day("2010-07-01")),
        row("zeta.orders", quarter(2), 128.0, day("2011-01-01")),
    ];
    let archive = archive(rows, "2011-12-31");
    let at = |text: &str| archive.as_of(day(text)).expect("known");
    let (then, now) = (at("2010-06-01"), at("2010-12-01"));
    let told = news(&Elsewhere, &then, &now, &id("acme.revenue"), 1).expect("an account");
    let [effect] = &told.accounts[0].effects[..] else { panic!("one event: {told:?}") };
    assert_eq!(told.events[effect.event_idx].series, id("zeta.orders"));
    near(effect.impact(), 30.0);
    assert!(news(&Elsewhere, &now, &then, &id("acme.revenue"), 1).is_err(), "time runs one way");
}

#[test]
fn a_peers_value_moves_a_forecast_by_what_is_learned_of_it_alone() {
    let archive = bundled::archive().expect("bundled");
    let at = |text: &str| archive.as_of(day(text)).expect("known");
    let model = engine::model("pooled").expect("a model");
    let told = news(model, &at("2026-05-01"), &at("2026-09-24"), &id("msft.capex_cash"), 1)
        .expect("an account");
    let account = told.accounts.last().expect("a period ahead");
    let is_peer = |event_idx: usize| told.events[event_idx].series != told.target;
    let of_peers: Vec<_> = account.effects.iter().filter(|e| is_peer(e.event_idx)).collect();
    assert!(of_peers.iter().any(|e| e.part == Part::Refit), "the pool is learned anew");
    assert!(of_peers.iter().all(|e| e.part == Part::Refit || e.impact() == 0.0));
}

fn estimate(
    model: &dyn Forecaster,
    archive: &Archive,
    at: NaiveDate,
    told: &News,
    i: usize,
) -> f64 {
    let known = archive.as_of(at).expect("known");
    let account = &told.accounts[i];
    let held = known.series(&told.target).expect("a series");
    let held = held.points.iter().find(|point| point.period == account.period);
    held.map_or_else(
        || {
            let path = |horizon| model.path(&known, &told.target, horizon).ok();
            let path = (1..40).rev().find_map(path).expect("a path");
            let step = path.steps.iter().find(|s| s.period.end() == account.period.end());
            step.map_or(f64::NAN, |step| step.median)
        },
        |point| point.value,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn effects_add_up_for_every_model(
        series in prop::sample::select(vec![
            "nvda.revenue", "msft.capex_cash", "tsmc.revenue_monthly", "amd.revenue",
            "nvda.revenue.data_center", "orcl.capex_cash",
        ]),
        model_idx in 0..engine::models().len(),
        start in 0_u64..2200,
        length in 0_u64..500,
        horizon in 1_usize..5,
    ) {
        let archive = bundled::archive().expect("bundled");
        let from = day("2019-01-01") + Days::new(start);
        let to = (from + Days::new(length)).min(archive.known_through());
        let at = |day: NaiveDate| archive.as_of(day).expect("known");
        let model = engine::models()[model_idx];
        let target = SeriesId::new(series).expect("an id");
        let Ok(told) = news(model, &at(from), &at(to), &target, horizon) else { return Ok(()) };
        for (i, account) in told.accounts.iter().enumerate() {
            let size = account.prev.abs().max(account.new.abs());
            let sum: f64 = account.effects.iter().map(Effect::impact).sum();
            prop_assert!((sum - account.total()).abs() <= 1e-9 * size);
            let five = account.revisions(&told.events) + account.news(&told.events);
            prop_assert!((five - account.total()).abs() <= 1e-9 * size);
            let parts = [Part::Revision, Part::News, Part::Announcement, Part::Refit];
            let by_part: f64 = parts.iter().map(|part| account.by(*part)).sum();
            prop_assert!((by_part - account.total()).abs() <= 1e-9 * size);
            for (day, said) in [(from, account.prev), (to, account.new)] {
                let own = estimate(model, &archive, day, &told, i);
                prop_assert!(own.is_nan() || own == said, "{own} {said}");
            }
            for effect in &account.effects {
                if let (Some(weight), Some(surprise)) = (effect.weight, effect.surprise) {
                    let moved = difference(told.scale, effect.after, effect.before);
                    prop_assert!((weight * surprise - moved).abs() <= 1e-9 * moved.abs().max(1.0));
                }
            }
        }
    }

    #[test]
    fn a_models_own_value_weighs_one(start in 0_u64..2600) {
        let archive = bundled::archive().expect("bundled");
        let from = day("2019-01-01") + Days::new(start);
        let at = |day: NaiveDate| archive.as_of(day).expect("known");
        let to = (from + Days::new(100)).min(archive.known_through());
        let model = engine::model("pooled").expect("a model");
        let target = id("nvda.revenue");
        let told = news(model, &at(from), &at(to), &target, 2).expect("an account");
        for effect in told.accounts.iter().flat_map(|account| &account.effects) {
            let event = &told.events[effect.event_idx];
            if let Some(weight) = effect.weight.filter(|_| event.series == target) {
                let one = if effect.part == Part::News { 1.0 } else { 0.0 };
                prop_assert!((weight - one).abs() < 1e-6, "{weight} {event:?}");
            }
        }
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn the_announcement_of_august_2022_moves_the_forecast_onto_it() {
    let arguments = ["--format", "json", "news", "nvda.revenue"];
    let span = ["--from", "2022-08-05", "--to", "2022-08-09"];
    let run = chipcast(folder().path(), &[&arguments[..], &span].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    let revise = rows.iter().find(|row| row["action"] == "revise").expect("the announcement");
    assert_eq!(
        (&revise["kind"], &revise["event_date"]),
        (&"announcement".into(), &"2022-08-08".into())
    );
    assert_eq!(revise["target_period_end"], "2022-07-31");
    assert_eq!(
        (revise["actual"].as_f64(), revise["estimate_after"].as_f64()),
        (Some(6.7e9), Some(6.7e9))
    );
    assert_eq!(revise["locator"], "accn 0001045810-22-000133");
    let url = "https://www.sec.gov/Archives/edgar/data/1045810/000104581022000133/";
    assert!(revise["url"].as_str().expect("a link").starts_with(url), "{revise}");
    let document: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let summary = &document["summary"][0];
    let at = |key: &str| summary[key].as_f64().expect("a number");
    assert_eq!(at("estimate_new"), 6.7e9);
    near(at("estimate_prev") + at("impact_of_revisions") + at("impact_of_news"), 6.7e9);
    near(at("estimate_prev") + at("total_impact"), 6.7e9);
    let people = chipcast(folder().path(), &[&arguments[2..], &span].concat());
    assert!(people.out.contains("the company's word (revise to 2022-07-31)"), "{}", people.out);
}

#[test]
fn rows_have_the_columns_of_the_contract() {
    let span = ["news", "msft.capex_cash", "--from", "2026-07-01", "--horizon", "2"];
    let run = chipcast(folder().path(), &[&["--format", "csv"][..], &span].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    insta::assert_snapshot!(run.out.lines().next().expect("a header"), @"target,target_period_start,target_period_end,horizon,event_date,kind,action,series,period_start,period_end,n_values,expected,actual,event_unit,surprise,weight,estimate_before,impact,impact_percent,impact_on_scale,estimate_after,unit,model,locator,url");
    let again = chipcast(folder().path(), &[&["--format", "csv"][..], &span].concat());
    assert_eq!(run.out, again.out);
}

#[test]
fn bad_input_is_named() {
    let refused = |arguments: &[&str], named: &str| {
        let run = chipcast(folder().path(), arguments);
        assert_eq!(run.code, 2, "{}", run.out);
        assert!(run.err.starts_with("error: ") && run.err.contains(named), "{}", run.err);
        assert!(run.out.is_empty());
    };
    let span =
        |from: &'static str, to: &'static str| ["news", "nvda.revenue", "--from", from, "--to", to];
    refused(&span("2026-02-01", "2026-01-01"), "the first day lies after the last");
    refused(&span("2026-02-01", "2030-01-01"), "known through 2026-09-24");
    refused(&["news", "nvda.revenue", "--from", "2030-01-01"], "lies after the last");
    refused(&span("1990-01-01", "2026-01-01"), "are known as of 1990-01-01");
    refused(&["news", "nvda.sales", "--from", "2026-01-01"], "`nvda.sales`");
    refused(&["news", "nvda.revenue", "--from", "2026-01-01", "--model", "oracle"], "`oracle`");
    refused(&["news", "nvda.revenue", "--from", "2026-01-01", "--horizon", "0"], "1 to 40");
    let guide = ["news", "msft.capex_cash", "--from", "2026-01-01", "--model", "guide"];
    refused(&guide, "`guide` had no forecast of `msft.capex_cash` as of 2026-01-01");
    let nothing = chipcast(folder().path(), &span("2026-02-01", "2026-02-01"));
    assert_eq!(nothing.code, 0, "{}", nothing.err);
    assert!(nothing.out.contains("nothing moved it"), "{}", nothing.out);
}
