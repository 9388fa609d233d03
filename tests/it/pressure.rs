//! Who is being forced to buy: the event by hand, no look-ahead, scores by hand, cases kept out, refusals.

use std::path::Path;

use chipcast::forecast::reliability::Share;
use chipcast::observation::Observation;
use chipcast::strategy::belief::{self, Level};
use chipcast::strategy::noise::placebos;
use chipcast::strategy::pressure::pressure;
use chipcast::strategy::quiet::{moved, revenue_before};
use chipcast::strategy::rule::Rule;
use chipcast::strategy::signals::ShareSignal;
use chipcast::strategy::situation::{Situation, situations};
use chipcast::strategy::trial::{Engine, Way, false_alarms, score, trials};
use chrono::Days;
use serde_json::Value;

use crate::leakage::panel;
use crate::support::{Run, archive, chipcast, day, id, quarter, row};

fn run(arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = vec!["pressure"];
    all.extend(arguments);
    chipcast(Path::new(folder.path()), &all)
}

/// The bundled rule with something else in it.
fn rule(change: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = Rule::bundled().clone();
    change(&mut rule);
    rule
}

fn json(arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let run = run(&all);
    serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {} {}", run.out, run.err))
}

/// Twelve quarters of powers of two for one company and of a constant for another; one is revised.
fn powers() -> Vec<Observation> {
    let public = |idx: u32| quarter(idx).end() + Days::new(30);
    let mut rows: Vec<_> = (0..12)
        .flat_map(|idx| {
            let value = f64::from(1 << idx);
            [
                row("msft.capex_cash", quarter(idx), value, public(idx)),
                row("googl.capex_cash", quarter(idx), 100.0, public(idx)),
            ]
        })
        .collect();
    // The fifth quarter doubles, but only after all that is asked of it here.
    rows.push(row("msft.capex_cash", quarter(4), 32.0, public(11)));
    rows
}

#[test]
fn the_event_is_four_quarters_over_four_by_first_releases() {
    let known = archive(powers(), "2013-06-01").as_of(day("2013-06-01")).expect("known");
    let rows = situations(&known).expect("rows");
    let of = |idx: u32| {
        let at = |s: &&Situation| s.series == id("msft.capex_cash") && s.last == quarter(idx);
        rows.iter().find(at).expect("a situation")
    };
    // Quarters 0 to 3 are 1 + 2 + 4 + 8; 4 to 7 are 16 + 32 + 64 + 128, the revision left aside.
    let first = of(3);
    assert!((first.spent - 15.0).abs() < 1e-12);
    let outcome = first.outcome.expect("all came");
    assert!((outcome.ratio - 240.0 / 15.0).abs() < 1e-12);
    assert_eq!(outcome.public, quarter(7).end() + Days::new(30));
    assert!(outcome.is_event(16.0) && !outcome.is_event(16.1));
    assert_eq!(first.resolved_by(outcome.public - Days::new(1)), None);
    assert!(first.resolved_by(outcome.public).is_some());
    assert_eq!(of(8).outcome, None, "the last of its four quarters has not come");
    assert!(rows.iter().all(|s| s.last.end() >= quarter(3).end()), "four quarters are needed");
    // Eight quarters tell growth: own 4 to 7 over 0 to 3; the other's is flat.
    assert!((of(7).signals.own.expect("eight") - 16.0).abs() < 1e-12);
    assert!((of(7).signals.rivals.expect("eight") - 1.0).abs() < 1e-12);
    assert_eq!(of(6).signals.own, None);
}

#[test]
fn nothing_that_came_later_moves_a_statement() {
    let rule = rule(|rule| rule.min_rows = 8);
    let cut = quarter(24).end() + Days::new(35);
    let later = |mut rows: Vec<Observation>| {
        for row in rows.iter_mut().filter(|row| row.vintage > cut) {
            row.value *= 1000.0;
        }
        rows
    };
    let end = day("2021-01-01");
    let whole = archive(panel(), "2026-01-01").as_of(end).expect("known");
    let other = archive(later(panel()), "2026-01-01").as_of(end).expect("known");
    let said = |known| trials(known, &rule, Engine::Drawn(0)).expect("trials");
    let (whole, other) = (said(&whole), said(&other));
    let up_to = |all: &[chipcast::strategy::trial::Trial]| -> Vec<_> {
        all.iter()
            .filter(|t| t.situation.origin <= cut)
            .map(|t| (t.situation.origin, t.situation.signals.clone(), t.belief, t.drawn))
            .collect()
    };
    assert!(up_to(&whole).len() > 40);
    assert_eq!(up_to(&whole), up_to(&other));
    let after = |all: &[chipcast::strategy::trial::Trial]| all.last().map(|t| t.belief.base.value);
    assert_ne!(after(&whole), after(&other), "the change was large enough to be seen");
}

#[test]
fn a_statement_is_the_one_that_the_backtest_scores() {
    let document = json(&["--backtest", "--placebos", "2"]);
    let rows = document["rows"].as_array().expect("rows");
    let at = |company: &str, origin: &str| {
        let same = |row: &&Value| row["company"] == company && row["origin"] == origin;
        rows.iter().find(same).expect("a row").clone()
    };
    let past = at("msft", "2023-01-25");
    let said = json(&["msft", "--as-of", "2023-01-25"]);
    for key in ["probability", "lower", "upper", "base_rate", "n", "n_like", "engine", "spent_usd"]
    {
        assert_eq!(said["rows"][0][key], past[key], "{key}");
    }
    assert_eq!(said["rows"][0]["outcome"], Value::Null, "what came later is not known");
    // Microsoft spent 35.2 billion in 2023 after 24.8 in 2022.
    assert_eq!(past["outcome"], false);
    assert!((past["ratio"].as_f64().expect("came") - 1.42).abs() < 0.01);
    let number = |row: &Value, key: &str| row[key].as_f64().expect("a number");
    for row in rows {
        let p = number(row, "probability");
        assert!(number(row, "lower") <= p && p <= number(row, "upper") && p > 0.0 && p < 1.0);
    }
    // Brier by hand over the rows that came.
    let came: Vec<_> = rows.iter().filter(|row| !row["outcome"].is_null()).collect();
    let brier = |key: &str| {
        let square = |row: &&Value| {
            let y = f64::from(u8::from(row["outcome"] == true));
            (number(row, key) - y).powi(2)
        };
        let n = u32::try_from(came.len()).expect("few");
        came.iter().map(square).sum::<f64>() / f64::from(n)
    };
    let scored = document["scores"].as_array().expect("scores");
    let of = |way: &str| scored.iter().find(|s| s["way"] == way).expect("a way").clone();
    for (way, key) in
        [("signals", "probability"), ("base_rate", "base_rate"), ("engine_all", "engine")]
    {
        let (found, by_hand) = (number(&of(way), "brier"), brier(key));
        assert!((found - by_hand).abs() < 1e-12, "{way}: {found} {by_hand}");
        assert_eq!(of(way)["n"], came.len());
    }
    assert_eq!(document["placebos"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["false_alarms_before_2016"]["n"], 0, "no such quarter is bundled");
    quiet_panels_agree_with_another_program(&document);
}

/// The same placebo written apart in Python, with its own calendar, median and Brier score.
fn quiet_panels_agree_with_another_program(document: &Value) {
    let panels = document["quiet_panels"].as_array().expect("panels");
    let expected = [
        (1.5, 28, (0, 292), 0.082_217_557_090_037, 0.083_089_995_355_716),
        (1.147_232_292, 138, (116, 182), 0.269_766_504_901_668, 0.270_944_977_851_628),
    ];
    assert_eq!(panels.len(), expected.len());
    for (panel, (threshold, n_events, alarms, brier, base)) in panels.iter().zip(expected) {
        let near = |value: &Value, to: f64| value.as_f64().is_some_and(|v| (v - to).abs() < 1e-9);
        assert!(near(&panel["threshold"], threshold), "{panel}");
        assert_eq!(panel["companies"].as_array().map(Vec::len), Some(12));
        assert_eq!(
            (&panel["events"]["hits"], &panel["events"]["n"]),
            (&n_events.into(), &320.into())
        );
        let found = (&panel["false_alarms"]["hits"], &panel["false_alarms"]["n"]);
        assert_eq!(found, (&alarms.0.into(), &alarms.1.into()));
        assert!(near(&panel["score"]["brier"], brier), "{panel}");
        assert!(near(&panel["score"]["brier_base_rate"], base), "{panel}");
    }
    let moved = &document["moved"];
    let n_rows = document["rows"].as_array().map_or(0, Vec::len);
    assert_eq!(moved["places"], 20, "five companies and four quarters");
    assert!(moved["claims"]["n"].as_u64().is_some_and(|n| n > 30), "{moved} {n_rows}");
    assert_eq!(moved["claims"]["n"], moved["as_good"]["n"]);
}

#[test]
fn placebos_on_real_values_see_no_future_and_keep_what_came() {
    let revenue = |extra: f64| {
        let rows = panel().into_iter().map(|mut row| {
            row.series = id(&format!("{}.revenue", row.series.owner()));
            if row.vintage > day("2018-01-01") {
                row.value *= extra;
            }
            row
        });
        archive(rows.collect(), "2026-01-01").as_of(day("2026-01-01")).expect("known")
    };
    let rule = rule(|rule| rule.threshold = 1.1);
    let half = Share { n_hits: 1, n: 2 };
    let ask = |known| {
        let found = revenue_before(&known, day("2016-01-01"), half, &rule).expect("panels");
        format!("{found:?}")
    };
    assert_eq!(ask(revenue(1.0)), ask(revenue(50.0)), "nothing after the quiet years counts");
    let known = archive(panel(), "2026-01-01").as_of(day("2021-01-01")).expect("known");
    let sure = self::rule(|rule| rule.alarm = 0.0);
    let found = moved(&known, &sure).expect("moves");
    let trials = trials(&known, &sure, Engine::LeftOut).expect("trials");
    let quiet = false_alarms(&trials, Way::Signals, known.as_of(), &sure);
    assert_eq!(found.n_places, 16, "four companies and four quarters");
    // What came stays where it was: every move has as many quiet statements as the real panel.
    assert_eq!(found.false_alarms.n, quiet.n * found.claims.n);
    assert_eq!(found.false_alarms.n_hits, found.false_alarms.n);
}

#[test]
fn like_states_move_the_base_rate_and_too_few_rows_say_nothing() {
    let known = archive(panel(), "2026-01-01").as_of(day("2021-01-01")).expect("known");
    let rule = rule(|rule| rule.threshold = 1.1);
    let rows = situations(&known).expect("rows");
    let now = rows.last().expect("a row");
    let found = belief::belief(&rows, now, &rule).expect("enough");
    let state = found.state.expect("rivals are known");
    assert_eq!(state.outlook, Level::Down, "nobody announced anything");
    let mut announced = now.clone();
    announced.signals.outlook = Some(2.0);
    let alone = belief::belief(&rows, &announced, &rule).expect("enough");
    assert_eq!(alone.probability.n, 0, "no earlier state is like it");
    assert!((alone.probability.value - found.base.value).abs() < 1e-12);
    let mut unknown = now.clone();
    unknown.signals.rivals = None;
    assert_eq!(belief::belief(&rows, &unknown, &rule).expect("enough").state, None);
    let strict = self::rule(|rule| rule.min_rows = rows.len() + 1);
    assert_eq!(belief::belief(&rows, now, &strict), None);
    let share = ShareSignal { change: -0.1, source: "by hand".to_owned() };
    let with = pressure(&known, "msft", &rule, Some(&share), 0, &[]).expect("known");
    let without = pressure(&known, "msft", &rule, None, 0, &[]).expect("known");
    assert!(with.precedents.n < without.precedents.n, "only cases that eroded are like it");
    for falsifier in &with.falsifiers {
        let lowers = falsifier
            .probability
            .is_none_or(|p| with.belief.is_some_and(|belief| p < belief.probability.value));
        assert!(lowers, "{falsifier:?}");
    }
}

#[test]
fn made_up_panels_are_the_same_from_the_same_seed_and_count_what_is_quiet() {
    let known = archive(panel(), "2026-01-01").as_of(day("2021-01-01")).expect("known");
    let rule = Rule::bundled();
    let one = placebos(&known, rule, 4, 1).expect("placebos");
    assert_eq!(one, placebos(&known, rule, 4, 1).expect("placebos"));
    assert!(one.iter().all(|p| p.claims.n == 4 && p.false_alarms.n <= p.events.n));
    let trials = trials(&known, rule, Engine::LeftOut).expect("trials");
    let sure = self::rule(|rule| rule.alarm = 0.0);
    let all = false_alarms(&trials, Way::Signals, known.as_of(), &sure);
    assert!(all.n > 0 && all.n_hits == all.n, "every statement is an alarm at 0");
    let none = score(&trials, Way::EngineAll, known.as_of(), rule);
    assert_eq!((none.n, none.brier), (0, None), "the engine was left out");
}

#[test]
fn the_backlog_and_its_growth_are_those_that_were_public() {
    let of = |day: &str, name: &str| {
        let document = json(&["googl", "--as-of", day]);
        let evidence = document["evidence"].as_array().expect("evidence").clone();
        evidence.into_iter().find(|e| e["name"] == name).expect("there")
    };
    // Alphabet 10-Q 0001652044-25-000091: 157.7 billion on 2025-09-30; a year before 86.8 billion.
    let level = of("2025-10-30", "backlog");
    assert_eq!((&level["value"], &level["unit"]), (&Value::from(157.7e9), &Value::from("USD")));
    let growth = of("2025-10-30", "backlog_growth");
    assert!(growth["value"].as_f64().is_some_and(|g| (g - 157.7 / 86.8).abs() < 1e-12), "{growth}");
    let words = growth["source"].as_str().expect("words");
    assert!(words.contains("0001652044-25-000091") && words.contains("0001652044-24-000118"));
    assert_eq!(of("2025-10-29", "backlog")["value"], 108.2e9, "the day before");
    let document = json(&["meta"]);
    let missing = document["evidence"].to_string();
    assert!(missing.contains("ingest edgar --company meta"), "{missing}");
}

#[test]
fn cases_with_unknown_values_are_listed_and_kept_out() {
    let document = json(&["--precedents"]);
    let rows = document["rows"].as_array().expect("rows");
    let complete: Vec<_> = rows.iter().filter(|row| row["missing"] == "").collect();
    assert!(rows.len() >= 10 && complete.len() < rows.len());
    let all = &document["rates"][0];
    assert_eq!(all["n"], complete.len());
    let bought = complete.iter().filter(|row| row["bought"] == true).count();
    assert_eq!(all["bought"], bought);
    assert!(complete.iter().all(|row| row["sources"].as_str().is_some_and(|s| s.len() > 40)));
    let early = json(&["--precedents", "--as-of", "2012-01-01"]);
    assert!(early["rates"][0]["n"].as_u64() < all["n"].as_u64(), "later cases were not known");
}

#[test]
fn wrong_questions_are_told_and_too_early_ones_refused() {
    for (arguments, said) in [
        (vec!["tsla"], "companies: msft, googl, amzn, meta, orcl"),
        (vec!["msft", "--threshold", "0"], "`threshold` is 0; needed is a ratio above 0"),
        (vec!["msft", "--threshold=-1"], "`threshold` is -1; needed is a ratio above 0"),
        (vec![], "`pressure` needs a company, `--backtest` or `--precedents`"),
    ] {
        let run = run(&arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(said), "`{said}` is not said in {}", run.err);
    }
    let early = run(&["googl", "--as-of", "2017-01-31"]);
    assert_eq!(early.code, 3, "{}", early.err);
    let words = early.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("is not stated: fewer than 12 company-quarters"), "{words}");
    let low = json(&["msft", "--as-of", "2023-01-31", "--threshold", "1.2"]);
    let high = json(&["msft", "--as-of", "2023-01-31", "--threshold", "2"]);
    let base = |document: &Value| document["rows"][0]["base_rate"].as_f64().expect("a rate");
    assert!(base(&low) > base(&high), "a lower threshold is met more often");
}

#[test]
fn every_bundled_scenario_names_what_binds_in_the_same_worlds() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/models/scenarios/");
    let files: Vec<String> = ["base", "accelerate", "cut", "rivals_move", "export_ban"]
        .iter()
        .map(|name| format!("{scenarios}{name}.toml"))
        .collect();
    let mut arguments = vec!["scale", "require", "--capability", "eci=180", "--company", "msft"];
    arguments.extend(["--by", "2027-12-31", "--format", "json"]);
    arguments.extend(files.iter().flat_map(|file| ["--scenario", file.as_str()]));
    let run = chipcast(folder.path(), &arguments);
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    assert_eq!(rows.len(), 6);
    let number = |at: usize, key: &str| rows[at][key].as_f64().expect("a number");
    assert_eq!(number(1, "delta_capex_p50"), 0.0, "the base changes nothing");
    assert_eq!(number(1, "share_cash"), number(0, "share_cash"));
    assert!(number(2, "share_cash") <= number(0, "share_cash"), "more money binds less");
    assert!(number(5, "delta_capex_p50") > 0.0, "chips are dearer under a ban");
    assert!(number(5, "share_chips") > number(0, "share_chips"), "and fewer");
    assert_eq!(rows[0]["binding"], "cash", "the binding constraint is named");
}
