//! The bundled data: `datasets/`, compiled into the binary, so that it works in any folder.
//!
//! May use `table`, `tabular` and the core files. Never reads the disk.

use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::NaiveDate;
use serde::Deserialize;

use super::tabular::Kind;
use super::{Raw, table};
use crate::archive::{Archive, Batch};
use crate::error::{Error, Result};
use crate::observation::{Announcement, Observation};

macro_rules! bundled {
    ($($path:literal),+ $(,)?) => {
        [$(($path, include_str!(concat!("../../datasets/", $path)))),+]
    };
}

/// Files of observations.
const OBSERVATIONS: [(&str, &str); 16] = bundled![
    "observations/backlog.csv",
    "observations/capex.csv",
    "observations/cloud_revenue.csv",
    "observations/gpu_boards_and_chips.csv",
    "observations/gpu_purchases.csv",
    "observations/gpu_purchases_omdia.csv",
    "observations/gpu_shipments.csv",
    "observations/installed_base.csv",
    "observations/lab_compute.csv",
    "observations/nvidia_platforms.csv",
    "observations/nvidia_revenue.csv",
    "observations/os_share.csv",
    "observations/revenue.csv",
    "observations/segments.csv",
    "observations/smartphone_os.csv",
    "observations/tsmc_monthly.csv",
];
/// Files of announcements.
const ANNOUNCEMENTS: [(&str, &str); 1] = bundled!["announcements.csv"];

/// What `datasets/manifest.toml` says of the bundle.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    /// The last day up to which the sources were read.
    pub known_through: NaiveDate,
    /// Words that must be shown wherever the data are.
    pub attribution: Vec<String>,
}

/// The bundle's manifest.
pub fn manifest() -> &'static Manifest {
    static MANIFEST: OnceLock<Manifest> = OnceLock::new();
    MANIFEST.get_or_init(|| {
        toml::from_str(include_str!("../../datasets/manifest.toml"))
            .expect("the bundled manifest is checked by a test")
    })
}

/// Every bundled row, ready to be appended to an archive.
///
/// # Errors
/// [`Error::Parse`] or [`Error::Invalid`] if a bundled file is broken; a test reads them all.
pub fn batch() -> Result<Batch> {
    let known_through = manifest().known_through;
    let mut observations = Vec::new();
    for (path, text) in OBSERVATIONS {
        let raw = raw(path, text, known_through);
        observations.extend(
            table::observations(&raw, &table::ColumnMap::default(), &Kind::Told)?.observations,
        );
    }
    let mut announcements = Vec::new();
    for (path, text) in ANNOUNCEMENTS {
        announcements.extend(table::announcements(&raw(path, text, known_through))?);
    }
    observations.extend(guidance(&announcements, known_through)?);
    Ok(Batch { observations, announcements, known_through })
}

/// Announcements, in the order of their days, as dated series: an end that did not move says nothing
/// new, and is left out as any repeat.
fn guidance(announcements: &[Announcement], read: NaiveDate) -> Result<Vec<Observation>> {
    let mut last = HashMap::new();
    let mut rows = Vec::new();
    for announcement in announcements {
        for row in announcement.observations(read)? {
            let held = last.insert((row.series.clone(), row.period), row.value);
            if held != Some(row.value) {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// A new archive that holds the bundle.
///
/// # Errors
/// As [`batch`].
pub fn archive() -> Result<Archive> {
    let batch = batch()?;
    Archive::of(batch).map_err(|e: Error| e.within("the bundled data"))
}

fn raw(path: &str, text: &str, retrieved_at: NaiveDate) -> Raw {
    Raw::new(format!("datasets/{path}"), text.as_bytes().to_vec(), retrieved_at)
}
