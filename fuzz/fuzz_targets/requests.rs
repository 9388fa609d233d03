//! Any bytes as what a client of the page sends: heads, paths and queries, whole or not, on one connection.
//! Nothing is answered with the contents of a file, and nothing with an error of the server's own.

#![no_main]

use std::sync::OnceLock;

use chipcast::archive::{Archive, Batch};
use chipcast::observation::{Observation, VintageBasis};
use chipcast::period::Period;
use chipcast::series::SeriesId;
use chipcast::serve::{Local, Opened, Settings};
use chipcast::units::Unit;
use chrono::NaiveDate;
use libfuzzer_sys::fuzz_target;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).expect("a date")
}

/// A few quarters of one series: pages that are quick to make.
fn archive() -> Archive {
    let quarter = |idx: u32| {
        let month = 1 + 3 * (idx % 4);
        Period::months(2024 + i32::from(idx >= 4), month, 3).expect("a quarter")
    };
    let observations = (0..8).map(|idx| Observation {
        series: SeriesId::new("nvda.revenue").expect("an id"),
        period: quarter(idx),
        value: f64::from(1_u32 << idx) * 1e9,
        unit: Unit::Usd,
        vintage: quarter(idx).end() + chrono::Days::new(40),
        vintage_basis: VintageBasis::Filing,
        source: "10-Q".to_owned(),
        locator: "accn 0".to_owned(),
        retrieved_at: day(),
    });
    let observations = observations.collect();
    Archive::of(Batch { observations, announcements: Vec::new(), known_through: day() })
        .expect("rows")
}

fn page() -> &'static Local {
    static PAGE: OnceLock<Local> = OnceLock::new();
    PAGE.get_or_init(|| {
        let folder = std::env::temp_dir().join("chipcast-fuzz-no-such-folder");
        let open = || {
            let archive = archive();
            let known = archive.as_of(day())?;
            Ok(Opened { archive, known, run_id: "fuzz".to_owned() })
        };
        Local::open(Settings {
            bind: "127.0.0.1:80".parse().expect("an address"),
            allowed_hosts: Vec::new(),
            data: folder.join("data"),
            runs: folder.join("runs"),
            seed: 0,
            open: Box::new(open),
            today: day,
        })
        .expect("an archive")
    })
}

fuzz_target!(|bytes: &[u8]| {
    let told = page().ask(bytes);
    if told.is_empty() {
        return;
    }
    assert!(told.starts_with(b"HTTP/1."), "{}", String::from_utf8_lossy(&told));
    let status = told.get(9..12).unwrap_or_default();
    assert!(status != b"500", "{}", String::from_utf8_lossy(&told));
    assert!(!told.windows(10).any(|part| part == b"root:x:0:0"), "a file of the system");
});
