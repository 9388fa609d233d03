//! Sums that must hold: parts and totals, quarters and years, stocks and flows.
//!
//! May use the core files and its sibling files. Which sums there are stands in
//! `datasets/checks.toml`.

use std::collections::HashMap;

use chrono::Days;

use super::held::{is_estimate, rounding};
use super::rules::{Absent, Binding, Identity, Reading, Rules, Total};
use super::{Finding, Severity};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::observation::Observation;
use crate::period::{Frequency, Period};
use crate::series::SeriesId;

/// A sum that is off by more than this share contradicts its total; less is rounding, or a
/// restatement of one side.
const CONTRADICTION: f64 = 0.1;
/// Quarters as first filed against a year as last filed.
const YEAR_SHARE: f64 = 0.005;
/// Five roundings of half a step each: four quarters and a year.
const YEAR_ROUNDINGS: f64 = 2.5;
/// Endings of the series that hold years beside the quarters of their parent.
const YEARS: [&str; 2] = ["annual", "year"];

/// Every sum of the rules, in every period.
pub(super) fn check(known: &Snapshot, ids: &[SeriesId], rules: &Rules) -> Result<Vec<Finding>> {
    let mut shelf = Shelf { known, rows: HashMap::new() };
    let mut findings = Vec::new();
    for identity in &rules.identities {
        match &identity.total {
            Total::Constant(value) => {
                let terms = terms(identity, ids, &Binding::new());
                findings.extend(shelf.constant(identity, *value, &terms)?);
            }
            Total::Series(pattern) => {
                for id in ids {
                    let Some(bound) = pattern.bind(id, &Binding::new()) else { continue };
                    let terms = terms(identity, ids, &bound);
                    findings.extend(shelf.series(identity, id, &terms)?);
                }
            }
        }
    }
    Ok(findings)
}

/// Four quarters against the year that they make up, wherever both are known.
pub(super) fn years(known: &Snapshot, ids: &[SeriesId]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for id in ids {
        let Some((whole, ending)) = id.as_str().rsplit_once('.') else { continue };
        let Ok(whole) = SeriesId::new(whole) else { continue };
        if !YEARS.contains(&ending) || ids.binary_search(&whole).is_err() {
            continue;
        }
        let quarters = known.current(&whole)?;
        for year in known.current(id)? {
            let Some(sum) = four_quarters(&quarters, year.period) else { continue };
            let gap = (sum - year.value).abs();
            let slip = YEAR_ROUNDINGS * rounding(year.value);
            if gap > YEAR_SHARE * year.value.abs().max(sum.abs()) + slip {
                let found = format!("the year is {}, its four quarters are {sum}", year.value);
                let severity = severity(&year.series, gap, year.value, sum);
                let finding = Finding::of_row("quarters", severity, &year, found);
                findings.push(finding.needed("quarters that add up to the year within 0.5%"));
            }
        }
    }
    Ok(findings)
}

/// Pairs of series of which one is zero where the other is not.
pub(super) fn together(known: &Snapshot, ids: &[SeriesId], rules: &Rules) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for rule in &rules.together {
        for one in ids {
            let Some(bound) = rule.one.bind(one, &Binding::new()) else { continue };
            for other in ids.iter().filter(|id| rule.other.bind(id, &bound).is_some()) {
                let rows = known.current(other)?;
                for row in known.current(one)? {
                    let twin = rows.iter().find(|twin| twin.period == row.period);
                    if let Some(twin) = twin.filter(|t| (t.value == 0.0) != (row.value == 0.0)) {
                        let found = format!("{} beside {} of {}", row.value, twin.value, other);
                        let finding = Finding::of_row("zero", Severity::Error, &row, found);
                        findings.push(finding.needed(rule.reason.clone()));
                    }
                }
            }
        }
    }
    Ok(findings)
}

/// The series that a sum takes, each with its sign.
fn terms(identity: &Identity, ids: &[SeriesId], bound: &Binding) -> Vec<(f64, SeriesId)> {
    let mut terms = Vec::new();
    for part in &identity.parts {
        let fits = |id: &&SeriesId| {
            part.series.bind(id, bound).is_some()
                && !identity.without.iter().any(|without| without.matches(id))
        };
        terms.extend(ids.iter().filter(fits).map(|id| (part.sign, id.clone())));
    }
    terms
}

/// What the terms of a sum add up to.
struct Sum {
    value: f64,
    /// Whether a term is unknown, so that the total may be more.
    is_part: bool,
}

/// Current rows of series, read once.
struct Shelf<'a> {
    known: &'a Snapshot,
    rows: HashMap<SeriesId, Vec<Observation>>,
}

impl Shelf<'_> {
    fn rows(&mut self, id: &SeriesId) -> Result<&[Observation]> {
        if !self.rows.contains_key(id) {
            self.rows.insert(id.clone(), self.known.current(id)?);
        }
        Ok(&self.rows[id])
    }

    /// The sum of the terms in a period, where it can be made.
    fn sum(
        &mut self,
        identity: &Identity,
        terms: &[(f64, SeriesId)],
        period: Period,
    ) -> Result<Option<Sum>> {
        let (mut value, mut n_known) = (0.0, 0);
        for (sign, id) in terms {
            if let Some(row) = self.rows(id)?.iter().find(|row| row.period == period) {
                (value, n_known) = (value + sign * row.value, n_known + 1);
            }
        }
        let is_whole = n_known == terms.len() && terms.len() >= identity.parts.len();
        let usable = is_whole || (n_known > 0 && identity.absent != Absent::Skips);
        let is_part = !is_whole && identity.absent == Absent::Less;
        Ok(usable.then_some(Sum { value, is_part }))
    }

    fn series(
        &mut self,
        identity: &Identity,
        total: &SeriesId,
        terms: &[(f64, SeriesId)],
    ) -> Result<Vec<Finding>> {
        let rows = self.rows(total)?.to_vec();
        let mut findings = Vec::new();
        for (row_idx, row) in rows.iter().enumerate() {
            let meant = match identity.reading {
                Reading::Level => Some((row.value, row.period)),
                Reading::Change => {
                    row_idx.checked_sub(1).and_then(|before| change(&rows[before], row))
                }
            };
            let Some((value, period)) = meant.filter(|(_, period)| identity.covers(*period)) else {
                continue;
            };
            if let Some(sum) = self.sum(identity, terms, period)? {
                findings.extend(compared(identity, row, value, sum));
            }
        }
        Ok(findings)
    }

    fn constant(
        &mut self,
        identity: &Identity,
        total: f64,
        terms: &[(f64, SeriesId)],
    ) -> Result<Vec<Finding>> {
        let mut rows: Vec<Observation> = Vec::new();
        for (_, id) in terms {
            rows.extend(self.rows(id)?.iter().cloned());
        }
        rows.sort_by_key(|row| row.period);
        rows.dedup_by_key(|row| row.period);
        let mut findings = Vec::new();
        for row in rows.iter().filter(|row| identity.covers(row.period)) {
            if let Some(sum) = self.sum(identity, terms, row.period)? {
                findings.extend(compared(identity, row, total, sum));
            }
        }
        Ok(findings)
    }
}

/// What a stock grew by, and over which period.
fn change(before: &Observation, row: &Observation) -> Option<(f64, Period)> {
    let period = Period::new(before.period.end() + Days::new(1), row.period.end()).ok()?;
    (period.frequency() == Some(Frequency::Quarter)).then_some((row.value - before.value, period))
}

fn compared(identity: &Identity, row: &Observation, total: f64, sum: Sum) -> Option<Finding> {
    let Sum { value, is_part } = sum;
    let gap = (value - total).abs();
    if gap <= identity.tolerance + identity.share * total.abs() || (is_part && value < total) {
        return None;
    }
    let what = if identity.reading == Reading::Change { "grew by" } else { "is" };
    let found = format!("the total {what} {total}, its parts add up to {value}");
    let severity = severity(&row.series, gap, total, value);
    Some(Finding::of_row(&identity.name, severity, row, found).needed(identity.reason.clone()))
}

/// A large gap is a contradiction, but for estimates, whose medians need not add up.
fn severity(series: &SeriesId, gap: f64, total: f64, sum: f64) -> Severity {
    let is_large = gap > CONTRADICTION * total.abs().max(sum.abs());
    if is_large && !is_estimate(series) { Severity::Error } else { Severity::Warning }
}

/// The sum of the four quarters that make up a year; a week of slip at either end is forgiven.
fn four_quarters(quarters: &[Observation], year: Period) -> Option<f64> {
    let week = Days::new(7);
    let inside: Vec<_> = quarters
        .iter()
        .filter(|q| q.period.frequency() == Some(Frequency::Quarter))
        .filter(|q| year.start() <= q.period.start() + week && q.period.end() <= year.end() + week)
        .collect();
    (inside.len() == 4 && year.frequency() == Some(Frequency::Year))
        .then(|| inside.iter().map(|q| q.value).sum())
}
