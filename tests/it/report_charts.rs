//! The pages' charts and tables against what other commands and the library say.

use std::path::Path;
use std::sync::OnceLock;

use chipcast::forecast::backtest::Book;
use chipcast::forecast::engine::model;
use chipcast::forecast::record::Truth;
use chipcast::forecast::score::compare::wilson;
use chipcast::ingest::bundled;
use chipcast::report::format;
use chipcast::report::stress::bundled as scenarios;
use chipcast::units::Unit;
use chrono::Months;
use serde_json::Value;

use crate::support::{chipcast, id};

/// Microsoft's page as JSON, made once.
fn page() -> &'static Value {
    static PAGE: OnceLock<Value> = OnceLock::new();
    PAGE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let run = chipcast(folder.path(), &["report", "msft", "--format", "json"]);
        assert_eq!(run.code, 0, "{}", run.err);
        let text = std::fs::read(folder.path().join("msft.json")).expect("a page");
        serde_json::from_slice(&text).expect("JSON")
    })
}

fn json(arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = arguments.to_vec();
    all.extend(["--format", "json"]);
    let run = chipcast(Path::new(folder.path()), &all);
    serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {} {}", run.out, run.err))
}

fn section(name: &str) -> &'static Value {
    let sections = page()["sections"].as_array().expect("sections");
    sections.iter().find(|section| section["id"] == name).expect("the section")
}

/// The rows of a section's first table or chart whose headings begin with some.
fn table(name: &str, headings: &[&str]) -> &'static Vec<Value> {
    let blocks = section(name)["blocks"].as_array().expect("blocks");
    let tables = blocks.iter().map(|b| if b["kind"] == "chart" { &b["data"] } else { b });
    let begins = |table: &&Value| {
        table["headings"].as_array().is_some_and(|found| {
            headings.iter().zip(found).all(|(wanted, heading)| heading == wanted)
        })
    };
    tables.into_iter().find(begins).expect("the table")["rows"].as_array().expect("rows")
}

fn number(cell: &Value) -> f64 {
    cell["value"].as_f64().unwrap_or_else(|| panic!("no number in {cell}"))
}

#[test]
fn the_score_interval_of_published_examples() {
    // Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
    for (n_hits, n, lower, upper) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let (low, high) = wilson(n_hits, n, 0.95).expect("some");
        assert!((low - lower).abs() < 5e-5 && (high - upper).abs() < 5e-5, "{low} {high}");
    }
}

#[test]
fn coverage_dots_are_counted_from_the_claimed_intervals() {
    let archive = bundled::archive().expect("bundled");
    let known = archive.as_of(archive.known_through()).expect("known");
    let from = known.as_of() - Months::new(66);
    let book = Book::new(&known, 4).expect("four quarters");
    let engine = model("chipcast").expect("the engine");
    let rows = book
        .backtest(engine, &id("msft.capex_cash"), Some(from), Truth::FirstRelease)
        .expect("a record");
    let dots = table("trust", &["Interval", "Horizon", "Inside", "Scored"]);
    assert_eq!(dots.len(), 12, "three intervals, four horizons");
    for dot in dots {
        let words = |at: usize| dot[at]["words"].as_str().expect("words");
        let nominal: f64 = words(0).trim_end_matches('%').parse().expect("a percentage");
        let nominal = nominal / 100.0;
        let horizon: usize = words(1).split(' ').next().expect("a word").parse().expect("a number");
        let inside: Vec<bool> = rows
            .iter()
            .filter(|row| row.horizon == horizon && row.refusal.is_none())
            .filter(|row| row.quantiles.highest_coverage() + 1e-9 >= nominal)
            .filter_map(|row| {
                let (low, high) = row.quantiles.interval(nominal)?;
                Some(low <= row.actual? && row.actual? <= high)
            })
            .collect();
        let hits = inside.iter().filter(|hit| **hit).count();
        assert_eq!((&dot[2]["value"], &dot[3]["value"]), (&hits.into(), &inside.len().into()));
        let (low, high) = wilson(hits, inside.len(), 0.95).expect("some");
        assert!((number(&dot[5]) - low).abs() < 1e-12 && (number(&dot[6]) - high).abs() < 1e-12);
    }
}

#[test]
fn the_tornado_draws_the_rows_of_the_command() {
    let document = json(&["scale", "msft", "--sensitivity"]);
    let rows = document["rows"].as_array().expect("rows");
    let bars = table("scenarios", &["Assumption", "Held low", "Held high"]);
    assert!(bars.len() >= 5 && bars.len() <= rows.len(), "{}", bars.len());
    for (bar, row) in bars.iter().zip(rows) {
        let name = row["assumption"].as_str().expect("a name").replace('_', " ");
        let label = bar[0]["words"].as_str().expect("words").to_lowercase();
        assert_eq!(label, name.to_lowercase());
        assert_eq!(bar[3]["value"], row["capability_at_low"], "{name}");
        assert_eq!(bar[4]["value"], row["capability_at_high"], "{name}");
        assert_eq!(bar[5]["value"], row["swing"], "{name}");
    }
}

#[test]
fn scenarios_change_what_the_command_says_they_change() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/models/scenarios/");
    let files: Vec<_> =
        scenarios().iter().map(|one| format!("{folder}{}.toml", one.file)).collect();
    let mut arguments = vec!["scale", "msft"];
    arguments.extend(files.iter().flat_map(|file| ["--scenario", file.as_str()]));
    let document = json(&arguments);
    let rows = document["rows"].as_array().expect("rows");
    let told = table("scenarios", &["Scenario", "Purchases"]);
    assert_eq!(told.len(), 6);
    for line in told {
        let title = &line[0]["words"];
        for (at, quantity, unit, digits) in [
            (1, "purchases", Unit::H100e, 2),
            (2, "installed", Unit::H100e, 2),
            (3, "power", Unit::Watt, 1),
            (4, "run", Unit::Flop, 1),
            (5, "capability", Unit::Index, 1),
        ] {
            let same = |row: &&Value| row["scenario"] == *title && row["quantity"] == quantity;
            let row = rows.iter().find(same).expect("a row");
            let ends = ["delta_p50", "delta_p05", "delta_p95"].map(|key| number_of(row, key));
            let needed = if ends.iter().all(|end| *end == 0.0) {
                "no change".to_owned()
            } else {
                let scale = format::Scale::of(ends, unit, digits);
                let [median, low, high] = ends.map(|end| format::signed_number(scale, end, digits));
                format!("{median} ({low} to {high}) {}", scale.heading()).trim_end().to_owned()
            };
            assert_eq!(line[at]["words"], needed, "{title} {quantity}");
        }
    }
    assert!(told.iter().any(|line| line[5]["words"] != "no change"), "some scenario matters");
}

fn number_of(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("no {key} in {row}"))
}

#[test]
fn a_scenario_binds_on_the_page_as_it_does_for_the_command() {
    let told = table("scenarios", &["Scenario", "What is different"]);
    let base = told.iter().find(|line| line[0]["words"] == "base").expect("the base");
    let lead = section("inverse")["blocks"][0]["items"][0]["text"].as_str().expect("words");
    let inverse = table("inverse", &["Law", "Training run"]);
    let verdict = inverse[0][6]["words"].as_str().expect("a verdict");
    let binds = base[2]["words"].as_str().expect("a verdict");
    assert!(binds.starts_with(verdict), "the base is the question itself: {binds}, {verdict}");
    assert!(lead.contains("10 points above"), "{lead}");
}

#[test]
fn one_statement_is_worded_once() {
    let document = json(&["pressure", "msft"]);
    let said = document["statement"].as_str().expect("a statement");
    assert_eq!(section("pressure")["blocks"][0]["items"][0]["text"], said);
    assert!(said.contains("base rate") && said.contains("Brier"), "{said}");
}

#[test]
fn every_company_has_a_page_that_renders() {
    let folder = tempfile::tempdir().expect("a folder");
    for company in ["googl", "orcl", "nvda", "amd", "tsmc"] {
        let run = chipcast(folder.path(), &["report", company]);
        assert_eq!(run.code, 0, "{company}: {}", run.err);
        let text = std::fs::read_to_string(folder.path().join(format!("{company}.html")));
        let text = text.expect("a page");
        assert!(text.len() < 1_000_000, "{company}: {} bytes", text.len());
        for id in ["trust", "announcements"] {
            assert!(text.contains(&format!("<section id=\"{id}\">")), "{company}: {id}");
        }
    }
}
