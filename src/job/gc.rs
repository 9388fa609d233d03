//! Which runs of a job may be removed.
//!
//! May use `error`, `forecast::ledger`, `store` and `job`. The latest run stays, and each whose
//! forecasts are still open in the ledger; of the rest, what either rule of the job keeps.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::file::Retention;
use super::manifest::Manifest;
use crate::error::Result;
use crate::forecast::ledger::Ledger;
use crate::forecast::run_record::FILE_NAME;
use crate::store::runs::RunFolder;

/// What becomes of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The run.
    pub run_id: String,
    /// The day whose end it saw.
    pub as_of: NaiveDate,
    /// Why it is kept; none if it may go.
    pub kept: Option<String>,
}

/// Judges every published run of a job, oldest day first. A folder that holds no manifest of this job is
/// not looked at.
///
/// # Errors
/// [`crate::Error::Store`] if the folder cannot be read.
pub fn judge(
    (job, retention): (&str, &Retention),
    runs: &RunFolder,
    ledger: &Ledger,
    today: NaiveDate,
) -> Result<Vec<Verdict>> {
    let mut found = Vec::new();
    for run_id in runs.run_ids()? {
        let Some(bytes) = runs.read(&run_id, FILE_NAME)? else { continue };
        let Ok(manifest) = Manifest::read(&bytes) else { continue };
        if manifest.run_key.job == job && manifest.record.run_id == run_id {
            found.push((manifest.record.as_of, run_id));
        }
    }
    found.sort();
    let latest = runs.latest();
    let open: BTreeSet<_> = ledger
        .entries()
        .iter()
        .filter(|entry| entry.resolution.is_none())
        .map(|entry| entry.said.run_id.clone())
        .collect();
    let n = found.len();
    let verdict = |(idx, (as_of, run_id)): (usize, (NaiveDate, String))| {
        let age = (today - as_of).num_days();
        let by_rule = match (retention.keep_runs, retention.keep_days) {
            (None, None) => Some("no rule of retention".to_owned()),
            (Some(keep), _) if n - idx <= keep => Some(format!("among the last {keep}")),
            (_, Some(keep)) if age <= i64::from(keep) => Some(format!("{age} days old")),
            _ => None,
        };
        let kept = if latest.as_deref() == Some(run_id.as_str()) {
            Some("the latest".to_owned())
        } else if open.contains(&run_id) {
            Some("forecasts of it are open in the ledger".to_owned())
        } else {
            by_rule
        };
        Verdict { run_id, as_of, kept }
    };
    Ok(found.into_iter().enumerate().map(verdict).collect())
}
