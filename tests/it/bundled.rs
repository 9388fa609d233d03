//! The bundled data: every file reads, every rule holds, every count in the dictionary is true.

use chipcast::archive::Status;
use chipcast::ingest::{bundled, checks};
use chipcast::observation::VintageBasis;
use chipcast::series::Registry;
use chrono::Days;

use crate::support::{day, id};

#[test]
fn every_bundled_row_reads_and_is_no_repeat_or_conflict() {
    let batch = bundled::batch().expect("the bundled data read");
    assert!(batch.observations.len() > 5_000 && batch.announcements.len() > 40);
    let empty = chipcast::archive::Archive::empty(batch.known_through);
    let statuses = empty.review(&batch.observations).expect("units agree");
    assert!(statuses.iter().all(|s| matches!(s, Status::Added | Status::Revision)));
    for row in &batch.observations {
        assert!(row.vintage <= batch.known_through, "{row:?}");
        assert!(!row.source.is_empty() && !row.locator.is_empty(), "{row:?}");
        let is_reported = !row.series.metric().starts_with("guidance.");
        if is_reported
            && matches!(row.vintage_basis, VintageBasis::PressRelease | VintageBasis::Filing)
        {
            assert!(row.vintage > row.period.end(), "{row:?}");
        }
    }
}

#[test]
fn checks_find_no_contradiction() {
    let archive = bundled::archive().expect("the bundled data read");
    let snapshot = archive.as_of(archive.known_through()).expect("known");
    let findings = checks::run(&snapshot).expect("readable");
    let errors: Vec<_> =
        findings.iter().filter(|f| f.severity == checks::Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(findings.iter().any(|f| f.check == "vintage"), "unusable rows are visible");
    for year in 2006..=2026 {
        let then = snapshot.rewind(day(&format!("{year}-03-15"))).expect("earlier");
        let findings = checks::run(&then).expect("readable");
        let errors: Vec<_> =
            findings.iter().filter(|f| f.severity == checks::Severity::Error).collect();
        assert!(errors.is_empty(), "{year}: {errors:#?}");
    }
}

#[test]
fn hand_checked_values() {
    let archive = bundled::archive().expect("the bundled data read");
    let snapshot = archive.as_of(archive.known_through()).expect("known");
    // NVIDIA 10-Q 0001045810-24-000316: revenue of the quarter to 2024-10-27 is 35,082 million.
    let revenue = snapshot.series(&id("nvda.revenue")).expect("bundled");
    let quarter = revenue.points.iter().find(|p| p.period.end() == day("2024-10-27"));
    assert_eq!(quarter.expect("the quarter").value, 35_082e6);
    assert_eq!(revenue.points.last().expect("a last").value, 96_221e6);
    // Meta restated the capital expenditure of 2023Q1 from 6,842 to 6,823 million.
    let capex = snapshot.vintages(&id("meta.capex_cash")).expect("bundled");
    let first: Vec<_> = capex
        .iter()
        .filter(|row| row.period.end() == day("2023-03-31"))
        .map(|row| row.value)
        .collect();
    assert_eq!(first, [6_842e6, 6_823e6]);
    // The open guide: 108.0 billion, plus or minus 2%, published 2026-08-26.
    let guide = snapshot.announcements("nvda").filter(|a| a.metric == "revenue").last();
    let guide = guide.expect("a guide");
    assert_eq!((guide.mid, guide.published), (108.0e9, day("2026-08-26")));
    assert_eq!((guide.period.end(), guide.high), (day("2026-10-25"), 110.16e9));
}

#[test]
fn every_bundled_series_has_a_definition() {
    let archive = bundled::archive().expect("the bundled data read");
    let undefined: Vec<_> = archive
        .series_ids()
        .expect("readable")
        .iter()
        .filter(|series| Registry::bundled().definition(series).is_none())
        .collect();
    assert!(undefined.is_empty(), "{undefined:?}");
    assert_eq!(Registry::bundled().ticker(1_045_810), "nvda");
    assert_eq!(Registry::bundled().ticker(9_999_999_999), "cik9999999999");
}

#[test]
fn every_metric_of_edgar_has_a_definition() {
    let concepts = include_str!("../../datasets/concepts.toml");
    let metrics = concepts.lines().filter_map(|line| line.strip_prefix("metric = \""));
    let metrics: Vec<_> = metrics.map(|rest| rest.trim_end_matches('"')).collect();
    assert!(metrics.len() > 15);
    for metric in metrics {
        let series = id(&format!("acme.{metric}"));
        let found = Registry::bundled().definition(&series).expect("defined");
        assert_eq!(found.kind.word(), "filed", "{series:?}");
    }
    let year = Registry::bundled().definition(&id("acme.gross_profit.annual"));
    assert_eq!(year.expect("defined").title, "Gross profit of the year");
}

#[test]
fn values_of_unknown_vintage_stay_out_of_earlier_snapshots() {
    let archive = bundled::archive().expect("the bundled data read");
    let day_before = archive.known_through() - Days::new(1);
    let snapshot = archive.as_of(day_before).expect("known");
    for series in archive.series_ids().expect("readable") {
        for row in snapshot.vintages(series).expect("readable") {
            assert_ne!(row.vintage_basis, VintageBasis::Retrieved, "{row:?}");
        }
    }
}
