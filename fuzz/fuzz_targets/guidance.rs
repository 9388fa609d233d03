//! Any bytes as an earnings release: guides with their ends in order, a count of words, and nothing that
//! cannot be kept.

#![no_main]

use chipcast::ingest::Raw;
use chipcast::ingest::edgar;
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let published = NaiveDate::from_ymd_opt(2025, 5, 28).expect("a date");
    let raw = Raw::new("fuzz.htm", bytes.to_vec(), published);
    if let Ok(parsed) = edgar::release(&raw, "nvda", published, &[]) {
        for row in &parsed.observations {
            row.check().expect("a count of words can be stored");
        }
        for guide in &parsed.announcements {
            assert!(guide.low <= guide.mid && guide.mid <= guide.high, "{guide:?}");
            for row in guide.observations(published).expect("a metric makes an id") {
                row.check().expect("what is read can be stored");
            }
        }
    }
});
