//! What several tests need: rows of powers of two, and the binary with a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chipcast::archive::{Archive, Batch};
use chipcast::observation::{Action, Announcement, Observation, VintageBasis};
use chipcast::period::Period;
use chipcast::series::SeriesId;
use chipcast::units::Unit;
use chrono::{Days, Months, NaiveDate};

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().expect("an ISO date")
}

pub(crate) fn id(text: &str) -> SeriesId {
    SeriesId::new(text).expect("a series id")
}

/// The folder of public payloads beside the project, or the one that `CHIPCAST_SHARED` names; `None`, with
/// a word, where it is not there.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared"));
    let folder = std::env::var_os("CHIPCAST_SHARED").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("left out: {} is not here", folder.display());
    None
}

/// A file of golden values in that folder, as JSON.
pub(crate) fn golden(file: &str) -> Option<serde_json::Value> {
    let path = shared()?.join("golden").join(file);
    let text = std::fs::read_to_string(path).expect("the shared cases");
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// The calendar quarter with number `idx` from 2010-01-01 on.
pub(crate) fn quarter(idx: u32) -> Period {
    let start = day("2010-01-01") + Months::new(3 * idx);
    Period::new(start, start + Months::new(3) - Days::new(1)).expect("start before end")
}

pub(crate) fn row(series: &str, period: Period, value: f64, vintage: NaiveDate) -> Observation {
    Observation {
        series: id(series),
        period,
        value,
        unit: Unit::Usd,
        vintage,
        vintage_basis: VintageBasis::Filing,
        source: "10-Q".to_owned(),
        locator: "accn 0".to_owned(),
        retrieved_at: day("2026-09-24"),
    }
}

/// What `acme` says of its revenue in the fourth of the [`quarter`]s.
pub(crate) fn guide(published: &str, mid: f64, action: Action) -> Announcement {
    Announcement {
        company: "acme".to_owned(),
        published: day(published),
        metric: "revenue".to_owned(),
        period: quarter(3),
        low: mid,
        mid,
        high: mid,
        unit: Unit::Usd,
        action,
        quote: String::new(),
        locator: "accn 1".to_owned(),
    }
}

pub(crate) fn archive(observations: Vec<Observation>, known_through: &str) -> Archive {
    let known_through = day(known_through);
    let batch = Batch { observations, announcements: Vec::new(), known_through };
    Archive::empty(known_through).append(&batch).expect("rows without conflict").0
}

/// Whether the slow kinds run in full.
pub(crate) fn slow() -> bool {
    std::env::var_os("CHIPCAST_SLOW").is_some()
}

/// Runs the binary in a folder.
pub(crate) fn chipcast(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_chipcast"))
        .current_dir(folder)
        .env_remove("CHIPCAST_DATA")
        .env_remove("CHIPCAST_USER_AGENT")
        .args(arguments)
        .output()
        .expect("the binary is built with the tests");
    Run::of(&output)
}

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The JSON rows on stdout.
    pub(crate) fn rows(&self) -> Vec<serde_json::Value> {
        let document: serde_json::Value =
            serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out));
        assert_eq!(document["schema_version"], 1);
        document["rows"].as_array().expect("rows is an array").clone()
    }
}
