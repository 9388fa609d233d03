//! What the engine promises of its forecasts, on the bundled data and in pseudo real time.
//!
//! The rows are fixed; which constants were chosen on which rows is in DESIGN.md.

use chipcast::archive::Snapshot;
use chipcast::forecast::backtest::{Book, Row};
use chipcast::forecast::record::Truth;
use chipcast::forecast::{engine, score};
use chipcast::ingest::bundled;
use chrono::NaiveDate;

use crate::support::{day, id};

fn snapshot() -> Snapshot {
    let archive = bundled::archive().expect("the bundled data read");
    archive.as_of(archive.known_through()).expect("known")
}

fn rows(book: &Book, model: &str, series: &str, from: NaiveDate) -> Vec<Row> {
    let model = engine::model(model).expect("a model");
    book.backtest(model, &id(series), Some(from), Truth::FirstRelease).expect("rows")
}

fn mae_log<'a>(rows: impl Iterator<Item = &'a Row>) -> (usize, f64) {
    let errors: Vec<f64> =
        rows.filter_map(|row| score::absolute_log_error(row.actual?, row.median)).collect();
    (errors.len(), score::mean(&errors).expect("rows to score"))
}

#[test]
fn nvidia_revenue_with_a_guide_one_quarter_ahead() {
    let snapshot = snapshot();
    let book = Book::new(&snapshot, 1).expect("a horizon");
    let measured = |model: &str| {
        let rows = rows(&book, model, "nvda.revenue", day("2020-11-01"));
        let scored = rows.iter().filter(|row| row.period.end() <= day("2026-07-26"));
        mae_log(scored)
    };
    let (n, chipcast) = measured("chipcast");
    assert_eq!(n, 23, "fiscal 2021Q4 to 2027Q2");
    assert!(chipcast <= 0.042, "{chipcast}");
    let (_, guide) = measured("guide");
    let (_, naive) = measured("naive");
    assert!((guide - 0.066).abs() < 0.0005, "{guide}");
    assert!((naive - 0.160).abs() < 0.0005, "{naive}");
}

#[test]
fn nvidia_origins_are_the_days_after_the_releases() {
    let snapshot = snapshot();
    let book = Book::new(&snapshot, 1).expect("a horizon");
    let rows = rows(&book, "chipcast", "nvda.revenue", day("2020-11-01"));
    let of = |end: &str| rows.iter().find(|r| r.period.end() == day(end)).expect("a row").origin;
    // Released 2024-11-20 (8-K), so the forecast of the next quarter is made on the 21st.
    assert_eq!(of("2025-01-26"), day("2024-11-21"));
    // The 10-K of fiscal 2026 came later than the release of 2026-02-25.
    assert_eq!(of("2026-04-26"), day("2026-02-26"));
}

#[test]
fn capital_expenditure_of_four_buyers_up_to_four_quarters_ahead() {
    let snapshot = snapshot();
    let book = Book::new(&snapshot, 4).expect("a horizon");
    let (mut chipcast, mut naive) = (Vec::new(), Vec::new());
    for company in ["msft", "googl", "amzn", "meta"] {
        let series = format!("{company}.capex_cash");
        chipcast.extend(rows(&book, "chipcast", &series, day("2021-04-01")));
        naive.extend(rows(&book, "naive", &series, day("2021-04-01")));
    }
    for (horizon, n, least) in [(1, 84, 0.12), (2, 80, 0.20), (3, 76, 0.20), (4, 72, 0.20)] {
        let of = |rows: &[Row]| mae_log(rows.iter().filter(|row| row.horizon == horizon));
        let ((n_chipcast, error), (n_naive, reference)) = (of(&chipcast), of(&naive));
        assert_eq!((n_chipcast, n_naive), (n, n), "horizon {horizon}");
        let better = 1.0 - error / reference;
        assert!(better >= least, "horizon {horizon}: {better}");
    }
}

#[test]
fn intervals_cover_what_they_say_on_the_four_buyers() {
    let snapshot = snapshot();
    let book = Book::new(&snapshot, 4).expect("a horizon");
    let mut inside = Vec::new();
    for company in ["msft", "googl", "amzn", "meta"] {
        for row in rows(&book, "chipcast", &format!("{company}.capex_cash"), day("2021-04-01")) {
            if let (Some(actual), Some((low, high))) = (row.actual, row.quantiles.interval(0.8)) {
                inside.push(f64::from(u8::from(low <= actual && actual <= high)));
            }
        }
    }
    let coverage = score::mean(&inside).expect("rows to score");
    // 312 rows that overlap in time: about 20 independent origins, a standard error of 5 points.
    assert!((0.70..=0.90).contains(&coverage), "{coverage}");
}
