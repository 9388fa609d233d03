//! Any bytes as an answer of each market source; the first byte picks the source.

#![no_main]

use chipcast::ingest::epoch::Epoch;
use chipcast::ingest::fred::Fred;
use chipcast::ingest::statcounter::{Market, StatCounter};
use chipcast::ingest::twse::{Companies, Twse};
use chipcast::ingest::{Raw, Source};
use chipcast::period::Period;
use chipcast::units::Unit;
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let read = NaiveDate::from_ymd_opt(2030, 1, 1).expect("a date");
    let month = Period::months(2026, 8, 1).expect("a month");
    let base = "https://example.org";
    let source: Box<dyn Source> = match kind % 4 {
        0 => Box::new(Epoch::new(base, None)),
        1 => Box::new(Fred::new(base, "INDPRO", Unit::Index, 0, None).expect("a name")),
        2 => Box::new(StatCounter::new(base, Market::Desktop, (month, month), None)),
        _ => Box::new(Twse::new(base, Some(month), Companies::All)),
    };
    let raw = Raw::new("fuzz", rest.to_vec(), read);
    if let Ok(parsed) = source.parse(&raw) {
        for row in &parsed.observations {
            row.check().expect("what is read can be stored");
        }
    }
});
