//! Any bytes as a table of a user's own: CSV, Parquet, JSON or Excel.

#![no_main]

use chipcast::ingest::Raw;
use chipcast::ingest::table::{ColumnMap, observations};
use chipcast::ingest::tabular::Kind;
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let raw = Raw::new("fuzz.csv", bytes.to_vec(), NaiveDate::default());
    if let Ok(parsed) = observations(&raw, &ColumnMap::default(), &Kind::Told) {
        for row in &parsed.observations {
            row.check().expect("what is read can be stored");
        }
    }
});
