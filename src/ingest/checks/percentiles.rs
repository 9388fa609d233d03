//! `p05 <= p50 <= p95` wherever a series has percentile siblings, and a low guide below a high one.
//!
//! May use the core files and its sibling files.

use super::held::Held;
use super::{Finding, Severity};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::observation::Observation;
use crate::series::SeriesId;

/// The order of a median, or of a guide's middle, and its two ends.
pub(super) fn check(known: &Snapshot, held: &Held) -> Result<Vec<Finding>> {
    let id = held.id.as_str();
    let (below, above) = match id.strip_suffix(".mid") {
        Some(whole) => (format!("{whole}.low"), format!("{whole}.high")),
        None => (format!("{id}.p05"), format!("{id}.p95")),
    };
    let (below, above) = (sibling(known, &below)?, sibling(known, &above)?);
    let mut findings = Vec::new();
    for row in &held.rows {
        let twin = |rows: &[Observation]| rows.iter().find(|t| t.period == row.period).cloned();
        let (low, high) = (twin(&below), twin(&above));
        if let Some(low) = low.filter(|low| low.value > row.value) {
            findings.push(finding(&low, row, "at most"));
        }
        if let Some(high) = high.filter(|high| high.value < row.value) {
            findings.push(finding(&high, row, "at least"));
        }
    }
    Ok(findings)
}

fn finding(end: &Observation, middle: &Observation, at: &str) -> Finding {
    let found = format!("{} beside a middle of {}", end.value, middle.value);
    Finding::of_row("percentiles", Severity::Error, end, found)
        .needed(format!("{at} {}", middle.value))
}

/// Current rows of a series that need not be there.
fn sibling(known: &Snapshot, id: &str) -> Result<Vec<Observation>> {
    let Ok(id) = SeriesId::new(id) else { return Ok(Vec::new()) };
    if known.holds(&id)? { known.current(&id) } else { Ok(Vec::new()) }
}
