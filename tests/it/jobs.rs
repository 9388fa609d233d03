//! The main job and the ways data come in, through the binary.

use std::path::Path;

use polars::prelude::{Column, DataFrame, ParquetWriter};

use crate::server::{answer, serve};
use crate::support::chipcast;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn pages(folder: &Path) -> Vec<(String, String)> {
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .expect("the reports")
        .flatten()
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).expect("a page");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    pages.sort();
    pages
}

#[test]
fn the_main_job_forecasts_scales_and_reports_offline() {
    let folder = folder();
    let run = chipcast(folder.path(), &["run", "--out", "reports", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("Epoch AI"), "attribution: {}", run.err);
    let rows = run.rows();
    for series in ["msft.capex_cash", "nvda.revenue", "tsmc.revenue_monthly"] {
        let of = rows.iter().filter(|row| row["series"] == series);
        assert_eq!(of.count(), 4, "four horizons of {series}");
    }
    let document: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    let purchases = document["purchases"].as_array().expect("purchases");
    assert_eq!(purchases.len(), 6, "five buyers and what NVIDIA sells");
    for row in purchases {
        let at = |key: &str| row[key].as_f64().expect("a number");
        assert!(0.0 < at("lower_80") && at("lower_80") < at("purchases_h100e"), "{row}");
        assert!(at("purchases_h100e") < at("upper_80") && at("upper_80") < 1e8, "{row}");
    }
    let first = pages(&folder.path().join("reports"));
    let names: Vec<_> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "amzn.html",
            "googl.html",
            "industry.html",
            "meta.html",
            "msft.html",
            "nvda.html",
            "orcl.html",
            "run.json"
        ]
    );
    for (name, text) in first.iter().filter(|(name, _)| name != "run.json") {
        assert!(text.len() < 1_000_000, "{name} is too large");
        assert!(text.contains("<svg") && !text.contains("<script"), "{name}");
        assert!(!text.contains("src=\"http"), "{name} loads something");
    }
    // The archive holds the bundle now; the same run says the same, byte for byte.
    assert!(folder.path().join("data/archive/manifest.json").exists());
    let again = chipcast(folder.path(), &["run", "--out", "again", "--format", "json"]);
    assert_eq!(again.out.replace("again/", "reports/"), run.out);
    assert_eq!(pages(&folder.path().join("again")), first);
}

#[test]
fn companyfacts_come_over_http_with_the_declared_identity() {
    let folder = folder();
    let payload = include_str!("../fixtures/edgar/same_end.json");
    let (base, questions) =
        serve(vec![answer("200 OK", "", payload), answer("404 Not Found", "", "")]);
    let arguments = ["--empty", "--format", "json", "ingest", "edgar", "--company", "nvda"];
    let identity = ["--user-agent", "Ada Lovelace ada@example.org", "--base-url", &base];
    let run = chipcast(folder.path(), &[&arguments[..], &identity[..]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let asked = questions.recv().expect("one question");
    assert!(asked.contains("user-agent: ada lovelace ada@example.org"), "{asked}");
    assert!(asked.contains("/api/xbrl/companyfacts/cik0001045810.json"), "{asked}");
    let rows = run.rows();
    let quarter =
        rows.iter().find(|row| row["period_end"] == "2024-10-27" && row["status"] == "added");
    assert_eq!(quarter.expect("the quarter")["value"], 35_082e6);
    let show = ["--format", "json", "data", "show", "nvda.revenue"];
    assert!(!chipcast(folder.path(), &show).rows().is_empty());
    let without =
        chipcast(folder.path(), &["ingest", "edgar", "--company", "nvda", "--base-url", &base]);
    assert_eq!(without.code, 2);
    assert!(without.err.contains("CHIPCAST_USER_AGENT"), "{}", without.err);
}

#[test]
fn what_a_source_answered_is_kept_and_confirmed_the_next_time() {
    let folder = folder();
    let payload = include_str!("../fixtures/edgar/same_end.json");
    let tag = "ETag: \"1\"\r\n";
    let (base, questions) =
        serve(vec![answer("200 OK", tag, payload), answer("304 Not Modified", tag, "")]);
    let identity = ["--user-agent", "Ada Lovelace ada@example.org", "--base-url", &base];
    let arguments =
        ["--empty", "--format", "csv", "ingest", "edgar", "--company", "nvda", "--only", "facts"];
    let ingest = || chipcast(folder.path(), &[&arguments[..], &identity[..]].concat());
    let (first, second) = (ingest(), ingest());
    assert_eq!((first.code, second.code), (0, 0), "{}{}", first.err, second.err);
    assert_eq!(first.out.replace(",added,", ",repeat,"), second.out);
    assert!(!first.err.contains('\r'), "no bar is drawn into a pipe: {:?}", first.err);
    assert!(questions.iter().nth(1).is_some_and(|q| q.contains("if-none-match: \"1\"")));
    let hash = blake3::hash(payload.as_bytes()).to_hex().to_string();
    let body = folder.path().join("data/raw").join(&hash[..2]).join(&hash);
    assert_eq!(std::fs::read(body).expect("kept"), payload.as_bytes());
    assert_eq!(chipcast(folder.path(), &["--data", "other", "data", "list"]).code, 0);
    assert!(!folder.path().join("other").exists(), "what only reads writes nothing");
}

#[test]
fn a_truncated_payload_and_an_empty_folder_leave_the_archive_as_it_was() {
    let folder = folder();
    let whole = include_str!("../fixtures/edgar/same_end.json");
    std::fs::write(folder.path().join("whole.json"), whole).expect("writable");
    std::fs::write(folder.path().join("half.json"), &whole[..whole.len() / 2]).expect("writable");
    std::fs::create_dir(folder.path().join("empty")).expect("writable");
    let ingest =
        |path: &str| chipcast(folder.path(), &["--empty", "ingest", "edgar", "--from-file", path]);
    assert_eq!(ingest("whole.json").code, 0);
    let manifest = folder.path().join("data/archive/manifest.json");
    let before = std::fs::read(&manifest).expect("written");
    for (path, named) in
        [("half.json", "`half.json`"), ("empty", "`empty`"), ("none.json", "none.json")]
    {
        let run = ingest(path);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(named), "{}", run.err);
        assert_eq!(std::fs::read(&manifest).expect("still there"), before);
    }
    // Again the same payload: nothing new, and nothing written.
    assert_eq!(ingest("whole.json").code, 0);
    assert_eq!(std::fs::read(&manifest).expect("still there"), before);
}

#[test]
fn a_parquet_table_is_imported_like_csv() {
    let folder = folder();
    let text = |name: &str, value: &str| Column::new(name.into(), [value]);
    let mut frame = DataFrame::new(
        1,
        vec![
            text("series", "acme.revenue"),
            text("period_start", "2020-01-01"),
            text("period_end", "2020-03-31"),
            Column::new("value".into(), [0.1_f64 + 0.2]),
            text("unit", "USD"),
            text("vintage", "2020-05-01"),
            text("source", "books"),
            text("locator", "page 1"),
        ],
    )
    .expect("one row");
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).expect("written");
    std::fs::write(folder.path().join("t.parquet"), bytes).expect("writable");
    let run = chipcast(folder.path(), &["data", "import", "t.parquet"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let run = chipcast(folder.path(), &["--format", "json", "data", "show", "acme.revenue"]);
    assert_eq!(run.rows()[0]["value"], 0.1 + 0.2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_cannot_be_written_is_told_and_can_still_be_read() {
    let folder = folder();
    let table = "series,period_start,period_end,value,unit,vintage,source,locator\n\
                 a.b,2020-01-01,2020-03-31,1,USD,2020-05-01,s,l\n";
    std::fs::write(folder.path().join("t.csv"), table).expect("writable");
    let run = chipcast(folder.path(), &["--data", "/proc/chipcast", "data", "import", "t.csv"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.err.contains("cannot be written") && run.err.contains("hint: "), "{}", run.err);
    let read =
        chipcast(folder.path(), &["--data", "/proc/chipcast", "-q", "forecast", "nvda.revenue"]);
    assert_eq!(read.code, 0, "{}", read.err);
}

#[test]
fn what_twice_the_parameters_cost() {
    let run =
        chipcast(folder().path(), &["--format", "json", "scale", "multiple", "--parameters", "2"]);
    let rows = run.rows();
    let of = |law: &str, efficiency: f64| {
        let row =
            rows.iter().find(|r| r["law"] == law && r["efficiency_per_doubling"] == efficiency);
        let row = row.expect("a row");
        (row["compute_multiple"].as_f64(), row["gpu_hours_multiple"].as_f64())
    };
    let near = |value: Option<f64>, published: f64| {
        assert!((value.expect("a number") - published).abs() < 0.005, "{value:?} {published}");
    };
    let (compute, hours) = of("besiroglu", 0.965);
    near(compute, 3.85);
    near(hours, 4.14);
    near(of("data_fixed", 0.98).0, 2.0);
}

#[test]
fn a_message_reads_like_this() {
    let run = chipcast(folder().path(), &["--as-of", "2030-01-01", "forecast", "nvda.revenue"]);
    insta::assert_snapshot!(run.err, @r"
    error: snapshot as of 2030-01-01 asked, but the archive is known through 2026-09-24
    hint: run `chipcast ingest edgar --company TICKER`, or ask for an earlier date
    ");
}
