//! The bundled data: `datasets/`, compiled into the binary, so that it works in any folder.
//!
//! May use `table` and the core files. Never reads the disk.

use std::sync::OnceLock;

use chrono::NaiveDate;
use serde::Deserialize;

use super::{Raw, table};
use crate::archive::{Archive, Batch};
use crate::error::{Error, Result};

macro_rules! bundled {
    ($($path:literal),+ $(,)?) => {
        [$(($path, include_str!(concat!("../../datasets/", $path)))),+]
    };
}

/// Files of observations.
const OBSERVATIONS: [(&str, &str); 14] = bundled![
    "observations/capex.csv",
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
        observations.extend(table::observations(&raw, &table::ColumnMap::default())?.observations);
    }
    let mut announcements = Vec::new();
    for (path, text) in ANNOUNCEMENTS {
        announcements.extend(table::announcements(&raw(path, text, known_through))?);
    }
    Ok(Batch { observations, announcements, known_through })
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
    Raw { name: format!("datasets/{path}"), bytes: text.as_bytes().to_vec(), retrieved_at }
}
