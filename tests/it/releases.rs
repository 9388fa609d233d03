//! The calendar of what comes next, and the bridge between two runs.

use std::path::Path;

use chipcast::forecast::engine;
use chipcast::forecast::releases::{Brings, releases};
use chipcast::observation::VintageBasis;
use chrono::Days;
use serde_json::Value;

use crate::support::{Run, archive, chipcast, day, id, quarter, row};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn the_day_of_a_release_follows_from_the_same_quarter_of_earlier_years() {
    // First quarters come after 16 and 32 days, the others after 64; one deadline says nothing.
    let lag = |idx: u32| if idx.is_multiple_of(4) { [16, 32, 32][idx as usize / 4] } else { 64 };
    let rows = (0..12_u32).map(|idx| {
        let period = quarter(idx);
        let mut row =
            row("acme.revenue", period, f64::from(idx + 1), period.end() + Days::new(lag(idx)));
        if idx == 4 {
            row.vintage_basis = VintageBasis::Deadline;
        }
        row
    });
    let archive = archive(rows.collect(), "2013-03-31");
    let known = archive.as_of(day("2013-03-31")).expect("known");
    let model = engine::model("naive").expect("a model");
    let target = id("acme.revenue");
    let found =
        releases(model, &known, &target, std::slice::from_ref(&target)).expect("a calendar");
    let [release] = &found[..] else { panic!("no guide was ever given: {found:?}") };
    assert_eq!((release.brings, release.period), (Brings::Value, quarter(12)));
    assert_eq!(release.due.n_lags, 2, "the deadline is left out");
    assert_eq!(release.due.median, day("2013-03-31") + Days::new(24));
    assert!(release.due.low < release.due.median && release.due.median < release.due.high);
    // The naive forecast moves by one on 5, 6, ... 11: eight relative sizes, 1/11 the smallest.
    assert_eq!((release.n, release.target_period), (8, quarter(13)));
    let effect = release.effect.expect("eight past releases");
    assert!((1.0 / 11.0..=1.0 / 3.0).contains(&effect), "{effect}");
}

#[test]
fn the_calendar_names_day_content_and_effect() {
    let run = chipcast(folder().path(), &["--format", "json", "calendar", "nvda.revenue"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    let own = |kind: &str| {
        let row = rows.iter().find(|row| row["company"] == "nvda" && row["kind"] == kind);
        row.expect("NVIDIA's own").clone()
    };
    let (value, guide) = (own("value"), own("guide"));
    assert_eq!(
        (&value["period_end"], &guide["period_end"]),
        (&"2026-10-25".into(), &"2027-01-31".into())
    );
    assert_eq!(value["date_median"], guide["date_median"]);
    let text = |key: &str| value[key].as_str().expect("a day").to_owned();
    assert!("2026-11-10" < text("date_low").as_str() && text("date_high").as_str() < "2026-11-30");
    let effect = |row: &Value| row["expected_effect"].as_f64().expect("a number");
    assert!(effect(&guide) > effect(&value), "NVIDIA's word moves more than its report");
    assert_eq!(value["n"], 8);
    for (subject, code) in [("msft", 0), ("nobody", 2), ("nvda.sales", 2)] {
        let run = chipcast(folder().path(), &["calendar", subject]);
        assert_eq!(run.code, code, "{}", run.err);
        assert!(code == 0 || run.err.contains(&format!("`{subject}`")), "{}", run.err);
    }
    assert_eq!(chipcast(folder().path(), &["calendar"]).code, 0);
    let company = chipcast(folder().path(), &["--format", "json", "calendar", "nvda"]).rows();
    let is_estimate = |row: &Value| row["metric"].as_str().is_some_and(|m| m.starts_with("gpu_"));
    assert!(!company.is_empty() && !company.iter().any(is_estimate), "{company:?}");
}

fn run_as_of(folder: &Path, day: &str, out: &str) {
    let run = chipcast(folder, &["-q", "--as-of", day, "run", "--out", out]);
    assert_eq!(run.code, 0, "{}", run.err);
}

fn diff(folder: &Path, a: &str, b: &str) -> Run {
    chipcast(folder, &["--format", "json", "diff", a, b])
}

/// A copy of a run's record with some of its text replaced.
fn altered(folder: &Path, run: &str, copy: &str, replace: &[(&str, &str)]) {
    let text = std::fs::read_to_string(folder.join(run).join("run.json")).expect("a record");
    let text = replace.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    std::fs::create_dir_all(folder.join("runs").join(copy)).expect("writable");
    std::fs::write(folder.join("runs").join(copy).join("run.json"), text).expect("writable");
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("{key} of {row}"))
}

/// The five parts add up to the change.
fn adds_up(rows: &[Value]) {
    assert!(!rows.is_empty());
    for row in rows {
        let parts = ["estimate_a", "news", "revision", "refit", "code", "assumption"];
        let sum: f64 = parts.iter().map(|key| number(row, key)).sum();
        let b = number(row, "estimate_b");
        assert!((sum - b).abs() <= 1e-9 * b.abs(), "{row}");
    }
}

#[test]
fn two_runs_are_bridged_in_five_parts() {
    let folder = folder();
    let folder = folder.path();
    run_as_of(folder, "2026-07-01", "a");
    run_as_of(folder, "2026-09-24", "b");
    let run = diff(folder, "a", "b/run.json");
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    adds_up(&rows);
    let of = |rows: &[Value], series: &str| {
        rows.iter().find(|row| row["series"] == series).expect("a row").clone()
    };
    let nvda = of(&rows, "nvda.revenue");
    assert!(number(&nvda, "news") > 1e9, "a report and a guide came: {nvda}");
    assert!(rows.iter().all(|row| number(row, "code") == 0.0 && number(row, "assumption") == 0.0));
    // Another program, other constants, and both: what the runs say differs, the archive does not.
    let method = |what: &str| {
        let text = std::fs::read_to_string(folder.join("a/run.json")).expect("a record");
        let record: Value = serde_json::from_str(&text).expect("JSON");
        record["method"][what].as_str().expect("text").to_owned()
    };
    let said = number(&nvda, "estimate_a").to_string();
    let other = (number(&nvda, "estimate_a") + 1e9).to_string();
    let version = format!("\"code_version\": \"{}\"", method("code_version"));
    let spec = method("spec_digest");
    let code = [(version.as_str(), "\"code_version\": \"0.0.9\""), (said.as_str(), other.as_str())];
    let constants = [(spec.as_str(), "0000000000000000"), (said.as_str(), other.as_str())];
    altered(folder, "a", "code", &code);
    altered(folder, "a", "constants", &constants);
    altered(folder, "a", "both", &[code[0], constants[0], code[1]]);
    for (run, part) in [("code", "code"), ("constants", "assumption"), ("both", "code")] {
        let found = diff(folder, run, "b");
        assert_eq!(found.code, 0, "{}", found.err);
        adds_up(&found.rows());
        let row = of(&found.rows(), "nvda.revenue");
        assert!((number(&row, part) + 1e9).abs() < 1.0, "{run}: {row}");
        assert_eq!(row["note"].is_null(), run != "both", "{row}");
    }
}

#[test]
fn runs_that_cannot_be_bridged_are_named() {
    let folder = folder();
    let folder = folder.path();
    run_as_of(folder, "2026-07-01", "a");
    run_as_of(folder, "2026-09-24", "b");
    let refused = |run: Run, named: &str| {
        assert_eq!(run.code, 2, "{}", run.out);
        assert!(run.err.contains(named) && run.err.contains("hint: "), "{}", run.err);
        assert!(run.out.is_empty());
    };
    refused(diff(folder, "b", "a"), "later than 2026-07-01");
    refused(diff(folder, "none", "b"), "no run `none`");
    altered(folder, "a", "newer", &[("\"schema_version\": 1", "\"schema_version\": 2")]);
    let run = diff(folder, "newer", "b");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("needed is 1") && run.err.contains("newer"), "{}", run.err);
    altered(folder, "a", "broken", &[("\"forecasts\": [", "\"forecasts\": [3,")]);
    refused(diff(folder, "broken", "b"), "not the record of a run");
    // An earlier row came into the archive since: what run A saw is gone.
    let table = "series,period_start,period_end,value,unit,vintage,source,locator\n\
                 dell.revenue,2026-05-02,2026-07-31,1,USD,2026-06-30,s,l\n";
    std::fs::write(folder.join("t.csv"), table).expect("writable");
    assert_eq!(chipcast(folder, &["data", "import", "t.csv"]).code, 0);
    let run = diff(folder, "a", "b");
    assert_eq!(run.code, 1, "capital expenditure is not touched: {}", run.err);
    assert!(run.err.contains("nvda.revenue") && run.err.contains("digest"), "{}", run.err);
    assert!(run.rows().iter().all(|row| row["series"] != "nvda.revenue"));
}
