//! Words on scarce capacity: a labelled list with its misses, real filings, and the way to `pressure`.

use chipcast::ingest::Raw;
use chipcast::ingest::edgar::capacity::{Said, in_release, said};
use chipcast::ingest::edgar::report;
use serde_json::Value;

use crate::ixbrl::filing;
use crate::support::{Run, chipcast, day, id, shared};

fn word(said: Option<Said>) -> &'static str {
    match said {
        Some(Said::Short) => "short",
        Some(Said::Conditional) => "conditional",
        Some(Said::Eased) => "eased",
        None => "none",
    }
}

#[test]
fn labelled_sentences_are_found_as_far_as_a_list_of_phrases_goes() {
    let labelled = include_str!("../fixtures/capacity/sentences.csv");
    let mut reader = csv::Reader::from_reader(labelled.as_bytes());
    let (mut n, mut counted, mut right, mut short) = (0, 0, 0, 0);
    for record in reader.records() {
        let record = record.expect("a row");
        let (label, expected, sentence) = (&record[0], &record[1], &record[2]);
        let found = word(said(sentence));
        assert_eq!(found, expected, "{sentence}");
        n += 1;
        short += usize::from(label == "short");
        counted += usize::from(found == "short");
        right += usize::from(found == "short" && label == "short");
    }
    // Precision 10 of 12, recall 10 of 16: what is missed and what is wrong stands in the file.
    assert_eq!((n, counted, right, short), (39, 12, 10, 16));
}

/// A release of a fourth quarter, with two sentences that count, one of them twice.
const RELEASE: &str = "Acme reports results for the second quarter of fiscal 2026 ended June 30, 2026.\n\n\
    Demand continues to exceed our available supply. We are capacity-constrained in most regions.\n\n\
    We may be unable to meet demand.\n\nWe are capacity-constrained in most regions.\n";

#[test]
fn a_release_is_counted_once_a_sentence_and_dated_by_its_quarter() {
    let raw = Raw::new("dir/release.txt", RELEASE.into(), day("2026-11-23"));
    let parsed = in_release(&raw, "MSFT", day("2026-07-29"), &[]).expect("text");
    let row = &parsed.observations[0];
    assert_eq!((row.series.clone(), row.value), (id("msft.words.capacity_short.release"), 2.0));
    assert_eq!((row.period.end(), row.vintage), (day("2026-06-30"), day("2026-07-29")));
    assert_eq!(row.locator, "file release.txt; paragraphs 2, 2");
    assert_eq!(parsed.set_aside.len(), 1);
    assert!(parsed.set_aside[0].reason.contains("could be short"), "{:?}", parsed.set_aside);
    let undated = Raw::new("a.txt", "We are capacity constrained.".into(), day("2026-11-23"));
    let parsed = in_release(&undated, "msft", day("2026-07-29"), &[]).expect("text");
    assert!(parsed.observations.is_empty());
    assert!(parsed.set_aside[0].reason.contains("does not tell which quarter"));
}

fn constrained(run: &Run) -> Value {
    let document: Value = serde_json::from_str(&run.out).expect("a document");
    let evidence = document["evidence"].as_array().expect("evidence");
    evidence.iter().find(|e| e["name"] == "constrained_words").expect("there").clone()
}

#[test]
fn pressure_reads_the_count_from_the_day_on_which_it_was_public() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("release.txt");
    std::fs::write(&file, RELEASE).expect("writable");
    let path = file.to_str().expect("a path");
    let press = ["ingest", "press", path, "--company", "msft", "--published", "2026-07-29"];
    let run = chipcast(folder.path(), &press);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("msft.words.capacity_short.release: 2 say"), "{}", run.err);
    let ask = |day: &str| {
        let run =
            chipcast(folder.path(), &["pressure", "msft", "--as-of", day, "--format", "json"]);
        assert_eq!(run.code, 0, "{}", run.err);
        constrained(&run)
    };
    let after = ask("2026-07-29");
    assert_eq!((&after["value"], &after["unit"]), (&Value::from(2.0), &Value::from("unit")));
    assert!(after["source"].as_str().is_some_and(|s| s.contains("paragraphs 2, 2")), "{after}");
    let before = ask("2026-07-28");
    assert_eq!(before["value"], Value::Null, "it was not public");
    assert!(before["source"].as_str().is_some_and(|s| s.contains("ingest filing")), "{before}");
}

#[test]
fn a_report_has_a_count_beside_its_figures_and_no_fourth_quarter_of_words() {
    let bytes = include_bytes!("../fixtures/ixbrl/year.htm").to_vec();
    let raw = Raw::new("year.htm", bytes, day("2026-11-23"));
    let raw = Raw { filing: Some(filing("0000000001-26-000001", "2026-03-01")), ..raw };
    let parsed = report(&raw, "own").expect("a report");
    let counts: Vec<_> = parsed
        .observations
        .iter()
        .filter(|row| row.series.metric().starts_with("words."))
        .map(|row| (row.series.metric(), row.value, row.locator.as_str()))
        .collect();
    let place = "accn 0000000001-26-000001; no such sentence";
    assert_eq!(counts, [("words.capacity_short.year", 0.0, place)]);
}

#[test]
fn nvidias_reports_say_it_once_as_read_by_hand() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("data/raw/filings/nvidia");
    let Ok(files) = std::fs::read_dir(folder) else { return };
    let mut n_documents = 0;
    for file in files {
        let path = file.expect("readable").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let raw = Raw::new(name.as_str(), std::fs::read(&path).expect("there"), day("2026-11-23"));
        let filed = Some(filing("", "2026-09-24"));
        let parsed = report(&Raw { filing: filed, ..raw }, "nvda").expect(&name);
        let is_words = |series: &str| series.starts_with("nvda.words.");
        let row = parsed.observations.iter().find(|row| is_words(row.series.as_str()));
        let row = row.expect("a count");
        // "We expect our next-generation products to be supply-constrained", fiscal 2024, twice the same.
        let by_hand = if name.starts_with("FY2024Q4") { 1.0 } else { 0.0 };
        assert_eq!(row.value, by_hand, "{name}: {}", row.locator);
        n_documents += 1;
    }
    assert!(n_documents > 5, "the filings are there");
}
