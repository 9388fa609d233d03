//! Any bytes as a table of a user's own: CSV, JSON, Excel or Parquet.

#![no_main]

use chipcast::ingest::Raw;
use chipcast::ingest::table::{ColumnMap, observations};
use chipcast::ingest::tabular::Kind;
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // The readers of Parquet and Excel are somebody else's: `Error::caught` makes errors of their panics.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let raw = Raw::new("fuzz.csv", bytes.to_vec(), NaiveDate::default());
        if let Ok(parsed) = observations(&raw, &ColumnMap::default(), &Kind::Told) {
            for row in &parsed.observations {
                row.check().expect("what is read can be stored");
            }
        }
    }
);
