//! The command line as a user meets it: exit codes, stdout and stderr together.

use std::path::Path;

use serde_json::Value;

use crate::support::{Run, chipcast};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Exit code, what stderr names, and that a hint is given; nothing may be left in the folder.
fn refused(run: &Run, code: i32, named: &str) {
    assert_eq!(run.code, code, "{}", run.err);
    assert!(run.err.starts_with("error: "), "{}", run.err);
    assert!(run.err.contains(named), "`{named}` is not named in {}", run.err);
    assert!(run.err.contains("\nhint: "), "no hint in {}", run.err);
    assert!(run.out.is_empty(), "{}", run.out);
}

#[test]
fn the_open_guide_is_used_and_named() {
    let folder = folder();
    let arguments = ["forecast", "nvda.revenue", "--horizon", "2", "--as-of", "2026-09-01"];
    let run = chipcast(folder.path(), &[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    let median = rows.iter().find(|row| row["output_type"] == "median").expect("a median");
    assert_eq!(median["target_end_date"], "2026-10-25");
    assert_eq!(median["horizon"], 1);
    assert!(median["model_used"].as_str().expect("text").starts_with("guidance"));
    let value = median["value"].as_f64().expect("a number");
    assert!((1.08e11..1.25e11).contains(&value), "{value}");
    let document: Value = serde_json::from_str(&run.out).expect("JSON");
    let guide = &document["announcements"][0];
    assert_eq!((guide["mid"].as_f64(), &guide["published"]), (Some(108e9), &"2026-08-26".into()));
    // Fiscal 2027 has 53 weeks: its last quarter ends on 2027-01-31.
    assert!(rows.iter().any(|row| row["target_end_date"] == "2027-01-31"));
    assert_eq!(files(folder.path()), 0, "a reading command writes nothing");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let folder = folder();
    let run = |seed: &str| {
        let arguments = ["--seed", seed, "--format", "csv", "forecast", "msft.capex_cash"];
        chipcast(folder.path(), &[&arguments[..], &["--samples", "20"]].concat())
    };
    assert_eq!(run("1").out, run("1").out);
    assert_ne!(run("1").out, run("2").out);
}

#[test]
fn an_unknown_series_names_what_there_is() {
    let folder = folder();
    let run = chipcast(folder.path(), &["forecast", "nvda.revenues"]);
    refused(&run, 2, "`nvda.revenues`");
    assert!(run.err.contains("nvda.revenue"), "{}", run.err);
    refused(&chipcast(folder.path(), &["data", "show", "NVDA"]), 2, "`NVDA`");
}

#[test]
fn a_day_past_what_is_known_is_an_error() {
    let run = chipcast(folder().path(), &["--as-of", "2030-01-01", "forecast", "nvda.revenue"]);
    refused(&run, 2, "2026-09-24");
}

#[test]
fn one_failing_series_of_two_is_a_partial_result() {
    let run = chipcast(folder().path(), &["forecast", "nvda.revenue", "nobody.revenue"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.out.contains("nvda.revenue") && run.err.contains("nobody.revenue"));
}

#[test]
fn a_series_without_skill_is_refused_with_its_reason() {
    let folder = folder();
    let run = chipcast(
        folder.path(),
        &["--format", "json", "forecast", "crwv.revenue", "--horizon", "2"],
    );
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    for row in run.rows() {
        assert_eq!(row["output_type"], "refusal");
        assert!(row["value"].is_null());
        assert!(!row["note"].as_str().expect("a reason").is_empty());
        assert_eq!(row["grade"], "D");
    }
}

#[test]
fn a_wrong_header_a_bad_cell_and_a_bad_unit_are_named_by_line() {
    let folder = folder();
    let import = |text: &str| {
        std::fs::write(folder.path().join("t.csv"), text).expect("writable");
        chipcast(folder.path(), &["data", "import", "t.csv"])
    };
    let header = "series,period_start,period_end,value,unit,vintage,source,locator\n";
    refused(&import("date,amount\n2020-01-01,5\n"), 2, "`t.csv` line 1");
    let row = |value: &str, unit: &str, vintage: &str| {
        format!("{header}a.b,2020-01-01,2020-03-31,{value},{unit},{vintage},s,l\n")
    };
    refused(&import(&row("1,5", "USD", "2020-05-01")), 2, "t.csv");
    refused(&import(&row("abc", "USD", "2020-05-01")), 2, "line 2, column `value`");
    refused(&import(&row("1", "USD_million", "2020-05-01")), 2, "`USD_million`");
    refused(&import(&row("1", "USD", "soon")), 2, "column `vintage`");
    refused(&import(&row("1", "USD", "2019-05-01")), 2, "before the period starts");
    assert!(!folder.path().join("data").exists(), "no archive was made");
    let run = import(&row("1.5", "usd", "2020-05-01"));
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn an_import_is_stored_once_and_a_conflict_changes_nothing() {
    let folder = folder();
    let header = "series,period_start,period_end,value,unit,vintage,source,locator\n";
    let import = |value: &str| {
        let text = format!("{header}a.b,2020-01-01,2020-03-31,{value},USD,2020-05-01,s,l\n");
        std::fs::write(folder.path().join("t.csv"), text).expect("writable");
        chipcast(folder.path(), &["--format", "json", "data", "import", "t.csv"])
    };
    assert_eq!(import("1").rows()[0]["status"], "added");
    assert_eq!(import("1").rows()[0]["status"], "repeat");
    let manifest = folder.path().join("data/archive/manifest.json");
    let before = std::fs::read(&manifest).expect("written");
    let run = import("2");
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.err.contains("`a.b`") && run.err.contains("hint:"), "{}", run.err);
    assert_eq!(std::fs::read(&manifest).expect("still there"), before);
    // The bundled data stand beside the import.
    let run = chipcast(folder.path(), &["--format", "json", "data", "show", "nvda.revenue"]);
    assert!(run.rows().len() > 80);
}

#[test]
fn a_column_map_reads_a_table_of_another_shape() {
    let folder = folder();
    let text = "from,to,amount,known\n2020-01-01,2020-03-31,5.5,2020-05-01\n";
    std::fs::write(folder.path().join("t.csv"), text).expect("writable");
    let map = "series==acme.revenue,period_start=from,period_end=to,value=amount,unit==USD,\
               vintage=known,source==my books,locator==page 1";
    let run = chipcast(folder.path(), &["data", "import", "t.csv", "--map", map]);
    assert_eq!(run.code, 0, "{}", run.err);
    let run = chipcast(folder.path(), &["--format", "json", "data", "show", "acme.revenue"]);
    assert_eq!(run.rows()[0]["value"], 5.5);
}

#[test]
fn a_data_path_that_is_a_file_and_a_damaged_manifest_are_told_apart() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "x").expect("writable");
    refused(&chipcast(folder.path(), &["--data", "file", "data", "list"]), 2, "is a file");
    std::fs::create_dir_all(folder.path().join("d/archive")).expect("writable");
    let manifest = folder.path().join("d/archive/manifest.json");
    std::fs::write(&manifest, "{\"schema_version\": 1, ").expect("writable");
    refused(&chipcast(folder.path(), &["--data", "d", "data", "list"]), 2, "is damaged");
    assert_eq!(std::fs::read(&manifest).expect("there"), b"{\"schema_version\": 1, ");
}

#[test]
fn columns_of_rows_are_the_contract() {
    let folder = folder();
    let header = |arguments: &[&str]| {
        let run = chipcast(folder.path(), &[&["--format", "csv"], arguments].concat());
        run.out.lines().next().unwrap_or_default().to_owned()
    };
    assert!(header(&["forecast", "nvda.revenue"]).starts_with(
        "model_id,target,origin_date,horizon,target_end_date,output_type,output_type_id,value,unit,\
         run_id,model_used,fallback_reason,grade"
    ));
    let backtest = ["backtest", "nvda.revenue", "--from", "2026-01-01", "--models", "chipcast"];
    assert!(header(&backtest).starts_with(
        "series,model,horizon,n,mae_log,mase,wis,coverage_80,coverage_95,skill,skill_lower"
    ));
    assert!(header(&[&backtest[..], &["--by", "origin"]].concat()).starts_with(
        "series,model,origin_date,horizon,target_end_date,median,lower_80,upper_80,lower_95,\
         upper_95,actual,refusal"
    ));
    assert!(
        header(&["data", "show", "nvda.revenue"])
            .starts_with("series,period_start,period_end,value,unit,vintage,source,locator")
    );
    assert_eq!(
        header(&["data", "announcements", "nvda"]),
        "company,published,metric,period_start,period_end,low,mid,high,unit,action,quote,locator"
    );
    let nobody = chipcast(folder.path(), &["data", "announcements", "nobody"]);
    assert_eq!(nobody.code, 0);
}
