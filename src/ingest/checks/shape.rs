//! Series whose shape says that they were made up: too smooth, interpolated, constant, all round, or
//! another's.
//!
//! May use the core files and its sibling files. Such a shape is a suspicion, so nothing here is
//! an error; of an estimate, whose makers may say that they spread it, it is a note.

use std::collections::{BTreeMap, HashMap};

use super::held::{Held, is_estimate, n_digits};
use super::{Finding, Severity};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::observation::Observation;
use crate::period::Period;
use crate::series::{Kind, Registry, SeriesId};

/// Second differences below this share of the value are none: four figures on one line.
const ON_ONE_LINE: f64 = 2e-4;
/// Values on one line that are no chance.
const N_ON_ONE_LINE: usize = 4;
/// Values whose growth is compared.
const N_SMOOTH: usize = 8;
/// Growth varies by less than this share of itself,
const SMOOTH: f64 = 0.15;
/// and is more than this a period.
const GROWS: f64 = 0.01;
/// Equal values in a row.
const N_EQUAL: usize = 4;
/// Digits of a value that does not repeat by rounding.
const EQUAL_DIGITS: usize = 2;
/// Values that are all round.
const N_ROUND: usize = 8;
/// Digits of a round value.
const ROUND_DIGITS: usize = 2;
/// Equal values of two companies in one period that are no chance.
const N_COPIED: usize = 3;
/// Digits of a value that two companies do not share by chance.
const COPIED_DIGITS: usize = 4;

/// Every suspicious shape of one series; what a company guides to, and percentiles, are left out.
pub(super) fn check(held: &Held) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !held.is_flow() || held.id.metric().starts_with("guidance.") || is_percentile(&held.id) {
        return findings;
    }
    for run in held.runs() {
        let equal = equal(run);
        findings.extend(equal.clone().or_else(|| on_one_line(run)).or_else(|| smooth(run)));
    }
    findings.extend(round(held));
    findings
}

/// Two companies with the same values of one metric in the same periods.
pub(super) fn copies(known: &Snapshot, ids: &[SeriesId]) -> Result<Vec<Finding>> {
    let registry = Registry::bundled();
    let is_filed =
        |id: &SeriesId| registry.definition(id).is_none_or(|found| found.kind == Kind::Filed);
    let mut first: HashMap<(&str, Period, u64), &SeriesId> = HashMap::new();
    let mut shared: BTreeMap<(&SeriesId, &SeriesId), usize> = BTreeMap::new();
    for id in ids.iter().filter(|id| is_filed(id)) {
        for point in known.series(id)?.points {
            if n_digits(point.value) < COPIED_DIGITS {
                continue;
            }
            let key = (id.metric(), point.period, point.value.to_bits());
            let other = *first.entry(key).or_insert(id);
            if other != id {
                *shared.entry((other, id)).or_default() += 1;
            }
        }
    }
    let copies = shared.iter().filter(|(_, n)| **n >= N_COPIED);
    Ok(copies
        .map(|((other, id), n)| {
            let found = format!("{n} values are those of `{other}` in the same periods");
            Finding::of_series("copy", Severity::Warning, id.as_str(), found)
                .needed("values of its own")
        })
        .collect())
}

fn is_percentile(id: &SeriesId) -> bool {
    super::rules::PERCENTILES.iter().any(|ending| id.as_str().ends_with(ending))
}

fn suspicion(check: &str, rows: &[Observation], found: &str, needed: &str) -> Option<Finding> {
    let (first, last) = (rows.first()?, rows.last()?);
    let found = format!("{} values from {} to {found}", rows.len(), first.period.end());
    let found = format!("{found} ({} to {})", first.value, last.value);
    let severity = if is_estimate(&last.series) { Severity::Note } else { Severity::Warning };
    Some(Finding::of_row(check, severity, last, found).needed(needed))
}

/// The longest stretch of values that are the same.
fn equal(run: &[Observation]) -> Option<Finding> {
    let stretches = run.chunk_by(|a, b| a.value.to_bits() == b.value.to_bits());
    let told = |rows: &&[Observation]| n_digits(rows[0].value) >= EQUAL_DIGITS;
    let longest = stretches.filter(told).max_by_key(|rows| rows.len())?;
    let end = longest.last()?.period.end().to_string();
    (longest.len() >= N_EQUAL).then(|| {
        suspicion("constant", longest, &format!("{end} are the same"), "values that move")
    })?
}

/// The longest stretch of values on one straight line, or of one growth rate to four figures.
fn on_one_line(run: &[Observation]) -> Option<Finding> {
    let straight = longest(run, |a, b, c| (c - 2.0 * b + a).abs() / b.abs());
    let geometric = longest(run, |a, b, c| (c.ln() - 2.0 * b.ln() + a.ln()).abs());
    let rows = [straight, geometric].into_iter().max_by_key(|rows| rows.len())?;
    let end = rows.last()?.period.end();
    (rows.len() >= N_ON_ONE_LINE).then(|| {
        let found = format!("{end} lie on one line");
        suspicion("interpolated", rows, &found, "values that were measured one by one")
    })?
}

/// The longest stretch whose every three values in a row have a second difference near zero, and which
/// moves.
fn longest(run: &[Observation], bend: impl Fn(f64, f64, f64) -> f64) -> &[Observation] {
    let (mut best, mut start) = (&run[..0], 0);
    for row_idx in 2..run.len() {
        let [a, b, c] = [2, 1, 0].map(|back| run[row_idx - back].value);
        let moves = (b / a).ln().abs() > 1e-3;
        if !(a > 0.0 && b > 0.0 && c > 0.0 && moves && bend(a, b, c) < ON_ONE_LINE) {
            start = row_idx - 1;
        } else if row_idx + 1 - start > best.len() {
            best = &run[start..=row_idx];
        }
    }
    best
}

/// Growth that hardly varies.
fn smooth(run: &[Observation]) -> Option<Finding> {
    let window = run.windows(N_SMOOTH).find(|rows| {
        let growth: Vec<f64> = rows.windows(2).map(|p| (p[1].value / p[0].value).ln()).collect();
        #[expect(clippy::cast_precision_loss, reason = "few values")]
        let n = growth.len() as f64;
        let mean = growth.iter().sum::<f64>() / n;
        let variance = growth.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n;
        mean.abs() > GROWS && variance.sqrt() < SMOOTH * mean.abs()
    })?;
    let end = window.last()?.period.end();
    let found = format!("{end} grow at nearly one rate");
    suspicion("smooth", window, &found, "the ups and downs of a business")
}

/// A series of figures that are all round.
fn round(held: &Held) -> Option<Finding> {
    let is_round = |row: &Observation| n_digits(row.value) <= ROUND_DIGITS;
    let all = held.rows.len() >= N_ROUND && held.rows.iter().all(is_round);
    all.then(|| {
        let found = format!("all {} values have two figures at most", held.rows.len());
        Finding::of_series("round", Severity::Note, held.id.as_str(), found)
            .needed("figures as they were counted")
    })
}
