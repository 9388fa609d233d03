//! Share erosion: no look-ahead, the unknown bucket's bounds, refusals, and what the bundled data say.

use chipcast::forecast::Forecaster;
use chipcast::observation::{Observation, VintageBasis};
use chipcast::strategy::erosion::Study;
use chipcast::strategy::market::{Market, Unknown, odds, share};
use chipcast::strategy::placebo::eroding_walks;
use chipcast::strategy::substitution::{Chosen, Model};
use chipcast::units::Unit;
use chrono::Days;
use serde_json::Value;

use crate::support::{archive, chipcast, day, id, quarter, row};

/// Thirty quarters of three makers, each public forty days after its quarter.
fn makers() -> Vec<Observation> {
    let mut rows = Vec::new();
    for idx in 0..30 {
        let (period, t) = (quarter(idx), f64::from(idx));
        let public = period.end() + Days::new(40);
        let wobble = 1.0 + 0.05 * f64::from(idx * 7 % 5);
        rows.push(row("nvda.revenue.data_center", period, 100.0 * (0.12 * t).exp(), public));
        rows.push(row("amd.revenue.data_center", period, 90.0 * wobble, public));
        rows.push(row("intc.revenue.dcai", period, 900.0 / wobble, public));
    }
    rows
}

fn all_that_is_said(rows: Vec<Observation>) -> String {
    let market = Market::named("data_center_filed").expect("a market");
    let known = archive(rows, "2020-01-01");
    let as_of = (day("2015-06-30"), 4);
    let study = Study::new(market, &known, as_of, Unknown::LeftOut).expect("a study");
    let mut text = String::new();
    for member in &study.members {
        let (mut steps, skill) = study.ahead(member).expect("a forecast");
        for step in &mut steps {
            step.actual = None;
        }
        let backtest = study.backtest(&Chosen, member).expect("rows");
        let (speeds, passages) = (study.speeds(member), study.passages(member, 7));
        text += &format!("{member} {steps:?} {skill:?} {backtest:?} {speeds:?} {passages:?}\n");
    }
    text
}

#[test]
fn values_public_after_the_day_change_nothing() {
    let before = all_that_is_said(makers());
    let mut later = makers();
    let mut n_changed = 0;
    for row in later.iter_mut().filter(|row| row.vintage > day("2015-06-30")) {
        row.value *= if n_changed % 2 == 0 { 1e6 } else { 1e-6 };
        n_changed += 1;
    }
    assert!(n_changed > 20, "{n_changed}");
    assert_eq!(before, all_that_is_said(later));
    // One that was public moves it.
    let mut earlier = makers();
    earlier[57].value *= 1.5;
    assert_ne!(before, all_that_is_said(earlier));
}

#[test]
fn a_value_of_unknown_day_counts_from_the_dating_on_and_a_first_print_from_its_own() {
    let mut rows = Vec::new();
    for idx in 0..6 {
        let mut one = row("smartphone_os.share.symbian", quarter(idx), 0.5, day("2026-09-24"));
        (one.unit, one.vintage_basis) = (Unit::Ratio, VintageBasis::Retrieved);
        rows.push(one);
    }
    for system in ["android", "ios", "blackberry", "windows_mobile", "bada"] {
        let mut one =
            row(&format!("smartphone_os.share.{system}"), quarter(0), 0.1, day("2026-09-24"));
        (one.unit, one.vintage_basis) = (Unit::Ratio, VintageBasis::Retrieved);
        rows.push(one);
    }
    let mut print = row("smartphone_os.share.symbian", quarter(5), 0.25, quarter(5).end());
    (print.unit, print.vintage_basis) = (Unit::Ratio, VintageBasis::Publication);
    rows.push(print);
    let market = Market::named("smartphone_os").expect("a market");
    let made = market.odds(&archive(rows, "2026-09-24"), Unknown::LeftOut).expect("odds");
    let last = |text: &str| {
        let known = made.archive.as_of(day(text)).expect("known").series(&id("symbian.odds"));
        let point = *known.expect("a series").points.last().expect("a point");
        (point.period, share(point.value))
    };
    // The fifth quarter ends on 2011-03-31 and counts 60 days later; the sixth has a day of its own.
    assert_eq!(last("2011-05-29"), (quarter(3), 0.5));
    assert_eq!(last("2011-05-30"), (quarter(4), 0.5));
    assert_eq!(last("2011-06-30"), (quarter(5), 0.25));
    assert_eq!(last("2026-09-23"), (quarter(5), 0.25), "a restatement of unknown day waits");
    assert_eq!(last("2026-09-24"), (quarter(5), 0.5));
    assert_eq!(made.n_dated, 10);
}

#[test]
fn a_logistic_substitution_is_recovered_from_an_archive() {
    // Two makers whose log odds fall by 0.2 a quarter from ln 3 on; a third so small that it is nothing.
    let rows = (0..16).flat_map(|idx| {
        let (period, z) = (quarter(idx), 3.0_f64.ln() - 0.2 * f64::from(idx));
        let public = period.end() + Days::new(40);
        let held = share(z.exp());
        [
            row("nvda.revenue.data_center", period, 1e9 * held, public),
            row("amd.revenue.data_center", period, 1e9 * (1.0 - held), public),
            row("intc.revenue.dcai", period, 0.0, public),
        ]
    });
    let known = archive(rows.collect(), "2015-01-01");
    let market = Market::named("data_center_filed").expect("a market");
    let study = Study::new(market, &known, (day("2015-01-01"), 4), Unknown::LeftOut);
    let study = study.expect("a study");
    let member = id("nvidia.odds");
    let [speed, _] = study.speeds(&member).expect("a speed");
    assert!((speed.per_year + 0.8).abs() < 1e-6, "{speed:?}");
    let years = speed.half_life[1].expect("it falls");
    assert!((years - std::f64::consts::LN_2 / 0.8).abs() < 1e-6);
    let path = Forecaster::path(&Model::FisherPry, &study.known, &member, 4).expect("a path");
    let by_hand = share((3.0_f64.ln() - 0.2 * 19.0).exp());
    assert!((share(path.steps[3].median) - by_hand).abs() < 1e-6);
    assert!(!study.members.contains(&id("intel.odds")), "a share of zero has no odds");
    assert_eq!((odds(0.0), odds(1.0)), (None, None));
}

fn json(arguments: &[&str], code: i32) -> (Value, Vec<Value>) {
    let folder = tempfile::tempdir().expect("a folder");
    let run = chipcast(folder.path(), &[arguments, &["--format", "json"]].concat());
    assert_eq!(run.code, code, "{}", run.err);
    assert_eq!(std::fs::read_dir(folder.path()).map_or(0, Iterator::count), 0);
    (serde_json::from_str(&run.out).expect("JSON"), run.rows())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn symbian_in_august_2010_knew_the_first_prints_alone() {
    let arguments = ["share", "smartphone_os", "--company", "symbian", "--as-of", "2010-08-15"];
    let (document, rows) = json(&arguments, 3);
    assert_eq!(rows.len(), 8);
    let first = &rows[0];
    assert_eq!((&first["period_end"], &first["member"]), (&"2010-09-30".into(), &"symbian".into()));
    assert!((number(&first["naive"]) - 0.412).abs() < 1e-12, "as printed, not as restated");
    assert!((number(&first["actual"]) - 0.366).abs() < 1e-12);
    assert_eq!(first["refusal"], "short_record");
    let last = &rows[7];
    assert!((number(&last["actual"]) - 0.059).abs() < 1e-12);
    assert_eq!(number(&last["actual_units"]), 9_072_000.0, "Gartner's table");
    // scipy 1.17.1 on 0.493, 0.51, 0.4457, 0.4434, 0.443, 0.412: linregress of the log odds, the
    // deviation of their changes, and Student's t with four degrees of freedom.
    let speed = &document["members"][0]["speed"];
    for (key, by_scipy) in [
        ("log_odds_per_year", -0.280_551_523_877_361_15),
        ("lower_95", -0.978_835_773_549_643_4),
        ("upper_95", 0.417_732_725_794_921_04),
    ] {
        assert!((number(&speed[key]) - by_scipy).abs() < 1e-9, "{key} {speed}");
    }
    assert_eq!(speed["verdict"], "undecided");
    for (key, by_scipy) in [
        ("median", 0.356_821_556_612_338_7),
        ("lower_80", 0.176_497_348_730_671_16),
        ("upper_80", 0.589_497_422_464_999_5),
        ("lower_95", 0.090_177_990_951_203_75),
        ("upper_95", 0.756_408_847_252_320_6),
        ("hazard_half", 0.143_852_913_207_635_85),
    ] {
        assert!((number(&last[key]) - by_scipy).abs() < 1e-9, "{key} {last}");
    }
}

#[test]
fn the_unknown_bucket_is_no_erosion() {
    let (document, rows) = json(&["share", "desktop_os", "--company", "windows"], 3);
    assert!(rows.iter().all(|row| row["refusal"] == "no_skill"), "{rows:?}");
    let windows = &document["members"][0];
    assert!((number(&windows["share"]) - 0.5654 / (1.0 - 0.2147)).abs() < 1e-9);
    let bounds = windows["bounds"].as_array().expect("bounds");
    let shares: Vec<f64> = bounds.iter().map(|bound| number(&bound["share"])).collect();
    for (found, by_hand) in shares.iter().zip([0.719_979_625_6, 0.5654, 0.7801]) {
        assert!((found - by_hand).abs() < 1e-9, "{found} {by_hand}");
    }
    assert!(bounds.iter().all(|bound| bound["speed"]["verdict"] == "undecided"), "{bounds:?}");
    assert_eq!(document["dating_days"], 45);
    assert_eq!(document["n_dated"], document["n_values"]);
}

#[test]
fn what_cannot_be_said_is_refused_with_what_would_answer_it() {
    let (document, rows) = json(&["share", "aib"], 3);
    assert!(rows.is_empty());
    let members = document["members"].as_array().expect("members");
    assert_eq!(members.len(), 3);
    for member in members {
        assert_eq!(member["refusal"]["code"], "short_record");
        assert!(member["refusal"]["would_answer"].as_str().is_some_and(|text| text.len() > 10));
    }
    let (_, rows) = json(&["share", "ai_chips", "--company", "nvidia"], 3);
    assert!(rows.iter().all(|row| row["refusal"] == "short_record"));
}

#[test]
fn unknown_names_are_answered_with_the_known_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, said, hint) in [
        (&["share", "phones"][..], "no market `phones`", "desktop_os, desktop_os_steam"),
        (&["share", "aib", "--company", "s3"], "no member `s3`", "nvidia, amd, intel"),
        (&["--empty", "share", "cloud"], "market `cloud`: no series", "chipcast ingest filing"),
        (&["share", "aib", "--horizon", "0"], "horizon 0", ""),
    ] {
        let run = chipcast(folder.path(), arguments);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(said) && run.err.contains(hint), "{}", run.err);
        assert!(run.out.is_empty(), "{}", run.out);
    }
    let (_, rows) = json(&["share", "list"], 0);
    assert_eq!(rows.len(), Market::all().len());
}

#[test]
fn the_choice_beats_the_last_value_on_phones_and_not_on_desktops() {
    let all = |market: &str| {
        let (_, rows) = json(&["share", market, "--backtest", "--horizon", "4"], 0);
        let is_ours = |row: &&Value| row["member"] == "all" && row["model"] == "erosion";
        rows.iter().filter(is_ours).cloned().collect::<Vec<_>>()
    };
    for row in all("smartphone_os") {
        assert!(number(&row["skill_lower"]) > 0.1, "{row}");
        assert!(number(&row["coverage_80"]) > 0.7, "{row}");
    }
    for row in all("desktop_os_steam") {
        assert!(number(&row["skill"]) < 0.05, "{row}");
        assert!((0.74..=0.86).contains(&number(&row["coverage_80"])), "{row}");
    }
}

#[test]
fn placebos_are_counted_and_the_same_from_the_same_seed() {
    let arguments = ["share", "smartphone_os", "--company", "symbian", "--placebo", "20"];
    let (_, rows) = json(&arguments, 0);
    assert_eq!(rows, json(&arguments, 0).1);
    let of = |kind: &str| rows.iter().filter(|row| row["placebo"] == kind).collect::<Vec<_>>();
    assert_eq!(of("random_walk_answered").len(), 8);
    assert_eq!(of("shuffled_answered").len(), 8);
    let halved: f64 = of("halved_and_called").iter().map(|row| number(&row["n"])).sum();
    assert!(halved > 10.0, "Symbian halved from many origins");
    let known = archive(makers(), "2020-01-01");
    let market = Market::named("data_center_filed").expect("a market");
    let study =
        Study::new(market, &known, (day("2019-01-01"), 2), Unknown::LeftOut).expect("known");
    let called = eroding_walks(&study, &id("amd.odds"), 1000, 1).expect("walks");
    assert!((10..=45).contains(&called), "one side of a 95% interval: {called} of 1000");
}

#[test]
fn a_long_record_is_answered_where_it_shows_skill() {
    let as_of = |day: &'static str| {
        ["share", "smartphone_os", "--company", "symbian", "--horizon", "2", "--as-of", day]
    };
    let (_, rows) = json(&as_of("2012-06-01"), 0);
    assert!(rows[0]["refusal"].is_null(), "{rows:?}");
    let (document, rows) = json(&as_of("2011-08-31"), 3);
    assert_eq!(rows[0]["refusal"], "short_record");
    let skill = &document["members"][0]["skill"][0];
    assert!(skill["refusal"]["measured"].as_str().is_some_and(|text| text.contains("needed")));
}
