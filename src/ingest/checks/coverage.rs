//! Periods of one series: gaps, overlaps, and one value that stands in two periods.
//!
//! May use the core files and its sibling files.

use std::collections::{BTreeMap, HashMap};

use super::held::{Held, Step, is_estimate, n_digits, step};
use super::{Finding, Severity};
use crate::observation::Observation;
use crate::period::{Frequency, Period};

/// From this many digits on, two equal values of one series are no chance.
const DIGITS_OF_A_COPY: usize = 5;

/// Gaps, overlaps and repeated values of a series.
pub(super) fn check(held: &Held) -> Vec<Finding> {
    let mut findings = overlaps(&held.rows);
    findings.extend(gaps(held));
    findings.extend(repeats(held));
    findings
}

/// Two periods that share days: a year among quarters, or one quarter under two sets of dates.
fn overlaps(rows: &[Observation]) -> Vec<Finding> {
    let mut found: BTreeMap<&str, Vec<(&Observation, &Observation)>> = BTreeMap::new();
    let mut longest: Option<&Observation> = None;
    for row in rows {
        let before = longest.filter(|before| before.period.end() >= row.period.start());
        if let Some(before) = before.filter(|before| !is_slip(before.period, row.period)) {
            let twins = before.period.is_nearly(row.period);
            found
                .entry(if twins { "duplicate" } else { "overlap" })
                .or_default()
                .push((before, row));
        }
        if longest.is_none_or(|longest| longest.period.end() <= row.period.end()) {
            longest = Some(row);
        }
    }
    let told = |(kind, pairs): (&str, Vec<(&Observation, &Observation)>)| {
        let (before, row) = pairs.first()?;
        let found =
            format!("{} of {} periods share days with the one before", pairs.len(), rows.len());
        let found = format!("{found}, first {} and {}", before.period, row.period);
        let finding = Finding::of_row(kind, Severity::Error, row, found);
        Some(finding.needed("periods of one series that follow each other"))
    };
    found.into_iter().filter_map(told).collect()
}

/// Whether two periods follow each other with a few days counted twice, as filers' dates have it.
fn is_slip(before: Period, after: Period) -> bool {
    !before.is_nearly(after) && step(before, after) == Step::Next
}

/// Periods that a regular series leaves out.
fn gaps(held: &Held) -> Option<Finding> {
    let regular = |row: &&Observation| {
        matches!(row.period.frequency(), Some(Frequency::Month | Frequency::Quarter))
    };
    let rows: Vec<_> = held.rows.iter().filter(regular).collect();
    let gaps: Vec<_> = rows
        .windows(2)
        .filter_map(|pair| match step(pair[0].period, pair[1].period) {
            Step::Gap(n) => Some((n, pair[0].period.end())),
            _ => None,
        })
        .collect();
    let n_missing: i64 = gaps.iter().map(|(n, _)| n).sum();
    let shown: Vec<_> = gaps.iter().take(6).map(|(n, end)| format!("{n} after {end}")).collect();
    let more = if gaps.len() > shown.len() { ", ..." } else { "" };
    (n_missing > 0).then(|| {
        let found = format!(
            "{n_missing} of {} periods are missing: {}{more}",
            rows.len() + usize::try_from(n_missing).unwrap_or(0),
            shown.join(", ")
        );
        Finding::of_series("gap", Severity::Note, held.id.as_str(), found)
            .needed("a value for each period between the first and the last")
    })
}

/// One value in two periods of a series, to more digits than chance would have it.
fn repeats(held: &Held) -> Vec<Finding> {
    let mut seen: HashMap<u64, &Observation> = HashMap::new();
    let mut findings = Vec::new();
    if is_estimate(&held.id) || is_guidance(held) {
        return findings;
    }
    for row in held.rows.iter().filter(|row| row.period.n_days() > 1) {
        if n_digits(row.value) < DIGITS_OF_A_COPY {
            continue;
        }
        if let Some(first) = seen.insert(row.value.to_bits(), row) {
            let found = format!("{} stands in {} too", row.value, first.period);
            findings.push(
                Finding::of_row("repeat", Severity::Warning, row, found)
                    .needed("a value of its own for each period"),
            );
        }
    }
    findings
}

/// What a company says to expect may be the same twice.
fn is_guidance(held: &Held) -> bool {
    held.id.metric().starts_with("guidance.")
}
