//! `chipcast ingest` through the binary: twice, interrupted, at once, in bulk; what was known stays.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::server::site;
use crate::support::{Run, chipcast, day, shared};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn ingest(folder: &Path, arguments: &[&str]) -> Run {
    chipcast(folder, &[&["--empty", "--format", "json", "ingest"], arguments].concat())
}

/// Every file below the archive with its bytes.
fn stored(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.join("data/archive")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("an archive").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if entry.file_name() != "lock" {
                files.insert(path.clone(), std::fs::read(path).expect("readable"));
            }
        }
    }
    files
}

/// A made-up company's facts: one quarter a year from 2020 on, in powers of two.
fn facts(cik: u64, n_years: i32) -> String {
    let rows: Vec<_> = (0..n_years)
        .map(|i| {
            let year = 2020 + i;
            format!(
                r#"{{"start":"{year}-01-01","end":"{year}-03-31","val":{},"accn":"{cik:010}-{:02}-000001",
                "form":"10-Q","filed":"{year}-05-01"}}"#,
                1_i64 << (20 + i),
                year % 100
            )
        })
        .collect();
    format!(
        r#"{{"cik":{cik},"entityName":"Acme","facts":{{"us-gaap":{{"Revenues":{{"units":{{"USD":[{}]}}}}}}}}}}"#,
        rows.join(",")
    )
}

fn zipped(path: &Path, members: &[(&str, &str)]) {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a name");
        writer.write_all(text.as_bytes()).expect("in memory");
    }
    let bytes = writer.finish().expect("in memory").into_inner();
    std::fs::write(path, bytes).expect("a file");
}

#[test]
fn a_later_capture_changes_no_earlier_snapshot() {
    let Some(shared) = shared() else { return };
    let folder = folder();
    let path = |name: &str| {
        shared.join("data/raw/edgar").join(name).join("CIK0001045810.json").display().to_string()
    };
    let april = ingest(folder.path(), &["edgar", "--from-file", &path("companyfacts_2026-04")]);
    assert_eq!(april.code, 0, "{}", april.err);
    let listed = chipcast(folder.path(), &["data", "list", "--format", "json"]).rows();
    let snapshots = || -> Vec<String> {
        let mut shown = Vec::new();
        for row in &listed {
            let series = row["series"].as_str().expect("an id");
            for as_of in ["2015-03-12", "2022-08-31", "2024-11-20", "2026-02-25"] {
                let command = ["data", "show", series, "--as-of", as_of, "--format", "csv"];
                let run = chipcast(folder.path(), &command);
                assert!(run.code == 0 || run.err.contains("no series"), "{}", run.err);
                shown.push(run.out);
            }
        }
        shown
    };
    let before = snapshots();
    let july = ingest(folder.path(), &["edgar", "--from-file", &path("companyfacts")]);
    assert_eq!(july.code, 0, "{}", july.err);
    assert_eq!(snapshots(), before, "what April knew, July knows alike");
    // Exactly the vintages of the filings that came between are new.
    let rows = july.rows();
    let fresh: Vec<_> = rows
        .iter()
        .filter(|row| row["status"] == "added" || row["status"] == "revision")
        .map(|row| day(row["vintage"].as_str().expect("a day")))
        .collect();
    let read_in_april = day("2026-02-25");
    assert!(!fresh.is_empty() && fresh.iter().all(|vintage| *vintage > read_in_april));
    let later = |row: &&serde_json::Value| {
        row["vintage"].as_str().is_some_and(|vintage| day(vintage) > read_in_april)
    };
    let of_later_filings = rows.iter().filter(later);
    assert!(
        of_later_filings.clone().all(|row| row["status"] != "repeat"),
        "a value of a later filing that says nothing new is no row at all"
    );
    assert_eq!(of_later_filings.count(), fresh.len());
    // The same bytes once more change nothing, down to the files.
    let files = stored(folder.path());
    let again = ingest(folder.path(), &["edgar", "--from-file", &path("companyfacts")]);
    assert!(
        again.rows().iter().all(|row| row["status"] == "repeat" || row["status"] == "set_aside")
    );
    assert_eq!(stored(folder.path()), files);
}

#[test]
fn a_nightly_archive_is_read_once_and_its_changes_the_next_night() {
    let folder = folder();
    let zip = folder.path().join("companyfacts.zip");
    let path = zip.display().to_string();
    let (one, two) = (facts(9_000_000_001, 2), facts(9_000_000_002, 2));
    let names = ["CIK9000000001.json", "CIK9000000002.json", "CIK9000000003.json"];
    zipped(&zip, &[(names[0], &one), (names[1], &two), (names[2], "{\"cik\":"), ("x.txt", "no")]);
    let first = ingest(folder.path(), &["edgar", "--from-file", &path]);
    assert_eq!(first.code, 1, "one member is broken: {}", first.err);
    assert!(first.err.contains("failed: CIK9000000003.json"), "{}", first.err);
    let added = |run: &Run| run.rows().iter().filter(|row| row["status"] == "added").count();
    assert_eq!(added(&first), 4);
    let files = stored(folder.path());
    let again = ingest(folder.path(), &["edgar", "--from-file", &path]);
    assert!(again.err.contains("1 documents to read, 2 already read"), "{}", again.err);
    assert_eq!((again.code, again.rows().len()), (1, 1), "still broken: {}", again.err);
    assert_eq!(stored(folder.path()), files);
    let more = facts(9_000_000_002, 3);
    zipped(&zip, &[(names[0], &one), (names[1], &more)]);
    let next = ingest(folder.path(), &["edgar", "--from-file", &path]);
    assert!(next.err.contains("1 documents to read, 1 already read"), "{}", next.err);
    assert_eq!((next.code, added(&next)), (0, 1), "{}", next.err);
    let show =
        chipcast(folder.path(), &["data", "show", "cik9000000002.revenue", "--format", "csv"]);
    assert_eq!(show.out.lines().count(), 4, "{}", show.out);
}

#[test]
fn a_nightly_archive_comes_over_http_for_the_companies_asked_for() {
    let folder = folder();
    let zip = folder.path().join("served.zip");
    let (one, two) = (facts(1_045_810, 2), facts(1_652_044, 3));
    zipped(&zip, &[("CIK0001045810.json", &one), ("CIK0001652044.json", &two)]);
    let path = "/archives/edgar/daily-index/xbrl/companyfacts.zip".to_owned();
    let (base, _asked) = site(vec![(path, std::fs::read(&zip).expect("a zip"))]);
    let identity = ["--user-agent", "Ada Lovelace ada@example.org", "--base-url", &base];
    let bulk = ["edgar", "--bulk", "companyfacts", "--company", "googl"];
    let run = ingest(folder.path(), &[&bulk[..], &identity[..]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["series"] == "googl.revenue"), "{rows:?}");
}

#[test]
fn a_nightly_archive_that_was_cut_short_stores_nothing() {
    let folder = folder();
    let zip = folder.path().join("companyfacts.zip");
    zipped(&zip, &[("CIK9000000001.json", &facts(9_000_000_001, 2))]);
    let bytes = std::fs::read(&zip).expect("a zip");
    std::fs::write(&zip, &bytes[..bytes.len() / 2]).expect("a file");
    let run = ingest(folder.path(), &["edgar", "--from-file", &zip.display().to_string()]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("is not a whole zip file"), "{}", run.err);
    assert!(run.out.is_empty(), "{}", run.out);
    assert!(!folder.path().join("data").exists());
}

#[test]
fn two_ingests_at_once_store_both_or_say_who_waits() {
    let folder = folder();
    let paths: Vec<_> = (1..=2)
        .map(|i| {
            let path = folder.path().join(format!("{i}.json"));
            std::fs::write(&path, facts(9_000_000_000 + i, 3)).expect("a file");
            path.display().to_string()
        })
        .collect();
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let folder = folder.path();
        let run = |path: &String| ingest(folder, &["edgar", "--from-file", path]);
        let started: Vec<_> = paths.iter().map(|path| scope.spawn(move || run(path))).collect();
        started.into_iter().map(|run| run.join().expect("no panic")).collect()
    });
    assert!(runs.iter().any(|run| run.code == 0));
    for (run, path) in runs.iter().zip(&paths) {
        assert!(run.code == 0 || run.code == 5, "{}", run.err);
        if run.code == 5 {
            let again = ingest(folder.path(), &["edgar", "--from-file", path]);
            assert_eq!(again.code, 0, "{}", again.err);
        }
    }
    for series in ["cik9000000001.revenue", "cik9000000002.revenue"] {
        let show = chipcast(folder.path(), &["data", "show", series, "--format", "csv"]);
        assert_eq!(show.out.lines().count(), 4, "{}", show.err);
    }
}

#[test]
fn every_document_of_edgar_is_told_by_its_content() {
    let folder = folder();
    let write = |name: &str, text: &str| -> String {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let concept = write(
        "a.json",
        r#"{"cik":9000000001,"taxonomy":"us-gaap","tag":"Revenues","units":{"USD":[
            {"start":"2020-01-01","end":"2020-03-31","val":8,"accn":"9000000001-20-000001",
             "form":"10-Q","filed":"2020-05-01"}]}}"#,
    );
    let run = ingest(folder.path(), &["edgar", "--from-file", &concept]);
    assert_eq!(run.rows()[0]["series"], "cik9000000001.revenue", "{}", run.err);
    let frame = write(
        "b.json",
        r#"{"taxonomy":"us-gaap","tag":"Revenues","ccp":"CY2020Q2","uom":"USD","data":[
            {"accn":"9000000001-20-000002","cik":9000000001,"start":"2020-04-01",
             "end":"2020-06-30","val":16}]}"#,
    );
    let run = ingest(folder.path(), &["edgar", "--from-file", &frame]);
    assert_eq!(run.rows()[0]["value"], 16.0, "{}", run.err);
    let unknown = write("c.json", r#"{"cik":1,"tag":"Goodwill","units":{"USD":[]}}"#);
    let run = ingest(folder.path(), &["edgar", "--from-file", &unknown]);
    assert!(run.err.contains("concept `Goodwill` measures no metric"), "{}", run.err);
    let other = write("d.json", r#"{"rows":[]}"#);
    let run = ingest(folder.path(), &["edgar", "--from-file", &other]);
    assert!(run.err.contains("needed a number of up to ten digits"), "{}", run.err);
    assert_eq!(run.code, 2);
}
