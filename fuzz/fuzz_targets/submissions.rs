//! Any bytes as submissions, and as the index page of a filing: no follow-up leaves SEC's sites.

#![no_main]

use chipcast::ingest::edgar::{Filings, Sites};
use chipcast::ingest::{Filing, Raw, Source};
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let since = NaiveDate::MIN;
    let source = Filings::new(1_045_810, Sites::default(), since, Vec::new());
    let mut raw = Raw::new("x-index.html", bytes.to_vec(), NaiveDate::default());
    let mut parsed = source.parse(&raw).unwrap_or_default();
    raw.filing = Some(Filing {
        cik: 1_045_810,
        accession: "0001045810-24-000262".to_owned(),
        form: "8-K".to_owned(),
        items: Vec::new(),
        filed: NaiveDate::default(),
        report_end: None,
    });
    parsed.follow_up.extend(source.parse(&raw).unwrap_or_default().follow_up);
    for request in &parsed.follow_up {
        let is_secs =
            ["https://www.sec.gov/Archives/edgar/data/", "https://data.sec.gov/submissions/"];
        assert!(is_secs.iter().any(|site| request.url.starts_with(site)), "{}", request.url);
        assert!(!request.url.contains(".."), "{}", request.url);
    }
});
