//! The answers of `scale` as a user meets them: rows, words, refusals.

use std::path::Path;

use serde_json::Value;

use crate::support::{Run, chipcast};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn scale(arguments: &[&str]) -> Run {
    chipcast(folder().path(), &[&["scale"], arguments].concat())
}

fn json(arguments: &[&str]) -> (Run, Value) {
    let run = scale(&[arguments, &["--format", "json"]].concat());
    let document = serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}", run.err));
    (run, document)
}

/// Exit code 2, the message, and a hint.
fn refused(arguments: &[&str], said: &str) {
    let run = scale(arguments);
    assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
    assert!(run.err.contains(said), "`{said}` is not said in {}", run.err);
    assert!(run.err.contains("\nhint: "), "no hint in {}", run.err);
    assert!(run.out.is_empty(), "{}", run.out);
}

#[test]
fn what_a_capability_takes_by_a_day_by_each_law_with_what_binds() {
    let (run, document) =
        json(&["require", "--capability", "eci=160", "--by", "2027-12-31", "--company", "msft"]);
    let rows = document["rows"].as_array().expect("rows");
    let median = |law: &str, quantity: &str| {
        let found = rows.iter().find(|row| row["law"] == law && row["quantity"] == quantity);
        found.unwrap_or_else(|| panic!("no {quantity} by {law}"))["p50"].as_f64()
    };
    for law in ["log_effective", "log", "linear_time", "linear"] {
        let verdicts = document["verdicts"].as_array().expect("verdicts");
        let verdict = verdicts.iter().find(|one| one["law"] == law).expect("a verdict");
        let shares = verdict["shares"].as_object().expect("shares");
        assert_eq!(shares.len(), 6);
        assert!(
            shares.values().all(|share| (0.0..=1.0).contains(&share.as_f64().expect("a share")))
        );
        let infeasible = verdict["verdict"] == "infeasible";
        assert_eq!(infeasible, verdict["binding"].is_string(), "{verdict}");
        assert!(median(law, "training run").is_some_and(|run| run > 1e20));
    }
    // 463 days less 100 of training less a quarter: near three quarters, by every law.
    let left = median("log", "quarters left to buy in").expect("a number");
    assert!((2.5..3.5).contains(&left), "{left}");
    let used = &document["verdicts"][0]["verdict"];
    assert_eq!(run.code, if used == "feasible" { 0 } else { 3 }, "{used}");
}

#[test]
fn rows_stand_where_the_answer_is_infeasible() {
    let (run, document) = json(&["require", "--capability", "eci=190", "--by", "2026-10-31"]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert_eq!(document["verdicts"][0]["binding"], "time");
    assert!(document["rows"].as_array().is_some_and(|rows| rows.len() > 30));
}

#[test]
fn impossible_requirements_are_refused_in_words() {
    let ask = |capability: &str, by: &str, said: &str| {
        refused(&["require", "--capability", capability, "--by", by], said);
    };
    ask("eci=160", "2025-01-01", "a capability by 2025-01-01 is asked for, which is not after");
    ask("eci=1", "2027-12-31", "eci = 1 would need no compute");
    ask("eci=1000000", "2027-12-31", "above the ceiling of every law");
    ask("eci=high", "2027-12-31", "`eci=high` is no capability");
    ask("iq=160", "2027-12-31", "capability scale `iq` does not exist");
    ask("mmlu=0.9", "2027-12-31", "no law of scale `mmlu` is fitted to compute");
    let run = scale(&["require", "--capability", "eci=-5"]);
    assert!(run.err.contains("eci = -5; needed a number above 0"), "{}", run.err);
    refused(&["require", "--capability", "eci=160", "--company", "nvda"], "`nvda` sells chips");
    let early = ["require", "--capability", "eci=160", "--as-of", "2025-06-01"];
    refused(&early, "needs a series `MAKER.gpu_shipments_h100e`");
}

#[test]
fn a_company_without_spend_a_horizon_of_nothing_and_a_fleet_that_shrinks() {
    let needed = "`crwv` has no series of spend from which chips could be counted; needed is \
                  `crwv.capex_cash`, quarter by quarter";
    refused(&["crwv"], needed);
    refused(&["require", "--capability", "eci=160", "--company", "crwv"], needed);
    let run = scale(&["msft", "--horizon", "0"]);
    assert_eq!((run.code, run.err.contains("horizon 0 asked")), (2, true), "{}", run.err);
    refused(&["marginal", "--factor", "-1"], "a fleet that grows -1-fold is asked for");
    refused(&["marginal", "--factor", "NaN"], "needed a factor above 1");
    refused(
        &["multiple", "--parameters", "-2"],
        "a parameter multiple is -2; needed a number above 0",
    );
}

#[test]
fn the_margin_of_a_company_stands_in_the_table() {
    let (run, document) = json(&["marginal", "msft"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = document["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 14);
    let number = |row: &Value, key: &str| row[key].as_f64().expect("a number");
    assert!(
        rows.windows(2)
            .all(|pair| { number(&pair[0], "fleet_h100e") < number(&pair[1], "fleet_h100e") })
    );
    assert_eq!(rows.iter().filter(|row| row["whose"] == "msft").count(), 1);
    assert!(rows.iter().all(|row| number(row, "added_p05") <= number(row, "added_p50")));
    assert_eq!(document["flat"].as_array().map(Vec::len), Some(3));
}

#[test]
fn scenarios_run_in_the_same_worlds_and_broken_ones_name_file_and_key() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    write("more.toml", "title = 'more'\nspend_factor = 1.5\n");
    write("same.toml", "title = 'same'\nspend_factor = 1.0\n");
    write("odd.toml", "title = 'odd'\nspend_fcator = 1.5\n");
    write("less.toml", "title = 'less'\nspend_factor = -0.5\n");
    write("set.toml", "title = 'set'\n[set]\nclster_share = 0.5\n");
    let run = |files: &[&str]| {
        let mut arguments = vec!["scale", "msft", "--format", "json"];
        arguments.extend(files.iter().flat_map(|file| ["--scenario", file]));
        chipcast(Path::new(folder.path()), &arguments)
    };
    let rows = run(&["more.toml", "same.toml"]).rows();
    assert_eq!(rows.len(), 10);
    for row in &rows {
        let delta = row["delta_p50"].as_f64().expect("a number");
        assert!(if row["scenario"] == "same" { delta == 0.0 } else { delta > 0.0 }, "{row}");
    }
    for (file, said) in [
        ("odd.toml", "`odd.toml`: line 2: unknown field `spend_fcator`"),
        ("less.toml", "`less.toml`: `spend_factor` is -0.5; needed a ratio of 0 or more"),
        ("set.toml", "`set.toml`: assumption `clster_share` does not exist"),
        ("none.toml", "`none.toml` cannot be read"),
    ] {
        let run = run(&[file]);
        assert_eq!(run.code, 2, "{file}");
        assert!(run.err.contains(said), "`{said}` is not said in {}", run.err);
    }
}

#[test]
fn a_trace_names_the_series_the_model_and_the_day_and_keeps_to_the_page() {
    for company in ["msft", "nvda"] {
        let run = scale(&[company, "--trace"]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.out.lines().all(|line| line.chars().count() <= 100), "{}", run.out);
        assert!(run.out.contains(&format!("`{company}.")), "{}", run.out);
        assert!(run.out.contains("as of 2026-09-24"), "{}", run.out);
        assert!(!run.out.contains("source: given"), "{}", run.out);
        let blocks = run.out.matches("\n    source: ").count();
        assert!(blocks >= 22 && blocks == run.out.matches("\n    = ").count(), "{blocks}");
    }
}

#[test]
fn the_tornado_is_sorted_and_says_what_it_leaves_out() {
    let (run, document) = json(&["msft", "--sensitivity"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = document["rows"].as_array().expect("rows");
    let swings: Vec<_> = rows.iter().filter_map(|row| row["swing"].as_f64()).collect();
    assert!(swings.len() > 10 && swings.windows(2).all(|pair| pair[0] >= pair[1]), "{swings:?}");
    assert!(document["n_unmoved"].as_u64().is_some_and(|n| n > 0));
}
