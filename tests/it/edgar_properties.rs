//! What holds of any companyfacts and submissions: quarters come back out of year-to-date figures, the
//! order of rows does not matter, and no bytes make the readers panic.

use std::collections::BTreeMap;

use chipcast::ingest::edgar::{Edgar, Filings, Sites};
use chipcast::ingest::{Raw, Source};
use chrono::{Days, Months, NaiveDate};
use proptest::prelude::*;

use crate::support::{day, slow};

fn config() -> ProptestConfig {
    ProptestConfig { cases: if slow() { 2000 } else { 100 }, ..ProptestConfig::default() }
}

/// First and last day of a quarter counted from 2012-01-01.
fn quarter(idx: u32) -> (NaiveDate, NaiveDate) {
    let start = day("2012-01-01") + Months::new(3 * idx);
    (start, start + Months::new(3) - Days::new(1))
}

/// A cash flow statement's rows: each report gives its year to date, and last year's beside it.
fn rows(values: &[i64]) -> Vec<String> {
    let year_to_date = |idx: usize| -> i64 { values[idx - idx % 4..=idx].iter().sum() };
    let mut rows = Vec::new();
    for (idx, place) in values.iter().enumerate().map(|(idx, _)| idx).zip(0_u32..) {
        let filed = quarter(place).1 + Days::new(35);
        let form = if idx % 4 == 3 { "10-K" } else { "10-Q" };
        let accn = format!("0000000009-{:02}-{:06}", filed.format("%y"), idx + 1);
        let told = [Some(idx), idx.checked_sub(4)];
        for (told, place) in told.into_iter().flatten().zip([place, place.wrapping_sub(4)]) {
            let (start, end) = (quarter(place - place % 4).0, quarter(place).1);
            rows.push(format!(
                r#"{{"start":"{start}","end":"{end}","val":{},"accn":"{accn}","form":"{form}",
                "filed":"{filed}"}}"#,
                year_to_date(told)
            ));
        }
    }
    rows
}

fn document(rows: &[String]) -> String {
    format!(
        r#"{{"cik":9000000001,"entityName":"Acme","facts":{{"us-gaap":{{
        "PaymentsToAcquirePropertyPlantAndEquipment":{{"units":{{"USD":[{}]}}}}}}}}}}"#,
        rows.join(",")
    )
}

fn read(text: &str) -> Vec<(NaiveDate, NaiveDate, f64, NaiveDate)> {
    let raw = Raw::new("facts.json", text.as_bytes().to_vec(), day("2026-09-24"));
    let parsed = Edgar::default().parse(&raw).expect("a whole document");
    let quarters = parsed.observations.iter().filter(|row| row.series.metric() == "capex_cash");
    let mut read: Vec<_> = quarters
        .map(|row| (row.period.start(), row.period.end(), row.value, row.vintage))
        .collect();
    read.sort_by(|a, b| a.partial_cmp(b).expect("finite"));
    read
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn quarters_come_back_out_of_year_to_date_figures(
        values in prop::collection::vec(1_i64..5_000, 4..24),
    ) {
        let values: Vec<_> = values.iter().map(|value| value * 1_000_000).collect();
        let read = read(&document(&rows(&values)));
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let needed: Vec<_> = values
            .iter()
            .zip(0_u32..)
            .map(|(value, idx)| {
                let (start, end) = quarter(idx);
                (start, end, *value as f64, end + Days::new(35))
            })
            .collect();
        prop_assert_eq!(read, needed);
    }

    #[test]
    fn the_order_of_rows_does_not_matter(
        values in prop::collection::vec(1_i64..5_000, 4..16),
        keys in prop::collection::vec(any::<u32>(), 32),
    ) {
        let in_order = rows(&values);
        let keyed = in_order.iter().zip(keys).map(|(row, key)| (key, row.clone()));
        let mut shuffled: Vec<_> = keyed.collect();
        shuffled.sort();
        let shuffled: Vec<_> = shuffled.into_iter().map(|(_, row)| row).collect();
        prop_assume!(shuffled.len() == in_order.len());
        prop_assert_eq!(read(&document(&shuffled)), read(&document(&in_order)));
    }

    #[test]
    fn no_bytes_make_the_readers_panic(
        cut in 0_usize..2_000,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        noise in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let facts = document(&rows(&[1, 2, 3, 4, 5]));
        let listed = r#"{"cik":"0001045810","filings":{"recent":{"accessionNumber":
            ["0001045810-24-000262"],"filingDate":["2024-08-28"],"form":["8-K"],"items":["2.02"],
            "primaryDocument":["a.htm"]},"files":[]}}"#;
        for text in [facts.as_bytes(), listed.as_bytes(), noise.as_slice()] {
            let mut bytes = text.to_vec();
            for (at, byte) in &changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *byte;
                }
            }
            bytes.truncate(bytes.len().max(cut) - cut % bytes.len().max(1));
            let raw = Raw::new("any.json", bytes, day("2026-09-24"));
            let usable = |parsed: chipcast::Result<chipcast::ingest::Parsed>| {
                let rows = parsed.map(|parsed| parsed.observations).unwrap_or_default();
                rows.iter().all(|row| row.check().is_ok())
            };
            prop_assert!(usable(Edgar::default().parse(&raw)));
            let filings = Filings::new(1_045_810, Sites::default(), NaiveDate::MIN, Vec::new());
            prop_assert!(usable(filings.parse(&raw)));
        }
    }
}

#[test]
fn a_restated_year_to_date_is_a_vintage_of_its_own() {
    let values: Vec<_> = (1..=8).map(|i| i * 1_000_000).collect();
    let mut restated = rows(&values);
    // A year later the first quarter is said to have been 1.5 million instead of 1.
    let last = restated.iter().rposition(|row| row.contains(r#""end":"2012-03-31","val":1000000"#));
    let row = &mut restated[last.expect("the comparative")];
    *row = row.replace("\"val\":1000000", "\"val\":1500000");
    let mut by_period: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (start, _, value, vintage) in read(&document(&restated)) {
        by_period.entry(start).or_default().push((vintage, value));
    }
    assert_eq!(
        by_period[&day("2012-01-01")],
        [(day("2012-05-05"), 1e6), (day("2013-05-05"), 1.5e6)]
    );
}
