//! Any bytes as a filing in inline XBRL: data or an error, and every value and count usable.

#![no_main]

use chipcast::ingest::edgar;
use chipcast::ingest::{Filing, Raw};
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let filed = NaiveDate::from_ymd_opt(2030, 1, 1).expect("a date");
    let filing = Filing {
        cik: 1_045_810,
        accession: "0001045810-30-000001".to_owned(),
        form: String::new(),
        items: Vec::new(),
        filed,
        report_end: None,
    };
    let raw = Raw { filing: Some(filing), ..Raw::new("fuzz.htm", bytes.to_vec(), filed) };
    if let Ok(parsed) = edgar::report(&raw, "nvda") {
        for row in &parsed.observations {
            row.check().expect("what is read can be stored");
        }
    }
});
