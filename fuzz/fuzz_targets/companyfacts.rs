//! Any bytes as one of EDGAR's JSON documents: data or an error, and every value usable.

#![no_main]

use chipcast::ingest::edgar::Edgar;
use chipcast::ingest::{Raw, Source};
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let raw = Raw::new("fuzz.json", bytes.to_vec(), NaiveDate::default());
    if let Ok(parsed) = Edgar::default().parse(&raw) {
        for row in &parsed.observations {
            row.check().expect("what is read can be stored");
        }
    }
});
