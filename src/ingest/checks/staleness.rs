//! Series whose next value is overdue, and series that ended, with the reason.
//!
//! May use the core files and its sibling files. What ended and which sources are slow stands in
//! `datasets/checks.toml`.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::rules::{Closed, PERCENTILES, Rules};
use super::{Finding, Severity};
use crate::archive::{Known, Snapshot};
use crate::error::Result;
use crate::period::Frequency;
use crate::series::SeriesId;

/// Days after its period in which a monthly figure comes.
const MONTH: u64 = 75;
/// Days after its period in which the next quarter is over and filed.
const QUARTER: u64 = 160;
/// Days after its period in which the next year is over and filed.
const YEAR: u64 = 500;
/// Endings of series that follow another: the ends of a guide.
const FOLLOWERS: [&str; 2] = ["low", "high"];

/// Values from which on a rhythm can be told.
const N_REGULAR: usize = 3;
/// Days without a value after which a series has ended.
const ENDED: u64 = 730;

/// Overdue series one by one, series that ended grouped by why.
pub(super) fn check(known: &Snapshot, ids: &[SeriesId], rules: &Rules) -> Result<Vec<Finding>> {
    let mut series = BTreeMap::new();
    for id in ids.iter().filter(|id| !is_follower(id)) {
        series.insert(id.clone(), known.series(id)?);
    }
    let goes_on = last_of_siblings(&series);
    let mut findings = Vec::new();
    let mut ended: BTreeMap<&str, Vec<&SeriesId>> = BTreeMap::new();
    for (id, held) in series.iter().filter(|(_, held)| held.points.len() >= N_REGULAR) {
        let Some(last) = held.points.last().map(|point| point.period.end()) else { continue };
        let of_siblings = id.parent().and_then(|parent| goes_on.get(&parent).copied());
        let rule = rules.closed.iter().find(|rule| is_closed(rule, id, last, of_siblings));
        let (allowed, why) = allowed(rules, id, held);
        if let Some(rule) = rule {
            ended.entry(&rule.reason).or_default().push(id);
        } else if allowed.is_some() && last + Days::new(ENDED) < known.as_of() {
            ended.entry("no value for two years").or_default().push(id);
        } else if allowed.is_some_and(|allowed| last + Days::new(allowed) < known.as_of()) {
            let found = format!("the last value is of the period that ended on {last}");
            findings.push(
                Finding::of_series("staleness", Severity::Warning, id.as_str(), found).needed(why),
            );
        }
    }
    findings.extend(ended.iter().map(|(reason, series)| closed(reason, series)));
    Ok(findings)
}

/// The last end among the parts of each whole.
fn last_of_siblings(series: &BTreeMap<SeriesId, Known>) -> BTreeMap<SeriesId, NaiveDate> {
    let mut last = BTreeMap::new();
    for (id, held) in series {
        if let (Some(parent), Some(point)) = (id.parent(), held.points.last()) {
            let end = last.entry(parent).or_insert(point.period.end());
            *end = point.period.end().max(*end);
        }
    }
    last
}

/// Percentiles and the ends of a guide end with their middle.
fn is_follower(id: &SeriesId) -> bool {
    let last = id.as_str().rsplit('.').next().unwrap_or_default();
    PERCENTILES.contains(&last) || FOLLOWERS.contains(&last) && id.metric().starts_with("guidance.")
}

fn is_closed(rule: &Closed, id: &SeriesId, last: NaiveDate, siblings: Option<NaiveDate>) -> bool {
    let ended = match rule.after.0 {
        Some(after) => last <= after,
        None => siblings.is_some_and(|siblings| last < siblings),
    };
    ended && rule.series.matches(id)
}

/// Days that the next value may take, and why.
fn allowed(rules: &Rules, id: &SeriesId, held: &Known) -> (Option<u64>, String) {
    if let Some(rule) = rules.cadence.iter().find(|rule| rule.series.matches(id)) {
        return (Some(rule.days), format!("a value within {} days: {}", rule.days, rule.reason));
    }
    let n = held.points.len();
    let step = (n > 1)
        .then(|| (held.points[n - 1].period.end() - held.points[n - 2].period.end()).num_days());
    let days = match (held.frequency(), step) {
        (Some(Frequency::Month), _) => Some(MONTH),
        (Some(Frequency::Quarter), _) | (Some(Frequency::Day), Some(26..=100)) => Some(QUARTER),
        (Some(Frequency::Year), _) | (Some(Frequency::Day), Some(_)) => Some(YEAR),
        (Some(Frequency::Day) | None, _) => None,
    };
    let why = days.map_or_else(String::new, |days| {
        format!("the next value within {days} days of the last period's end")
    });
    (days, why)
}

fn closed(reason: &str, series: &[&SeriesId]) -> Finding {
    let named = match series {
        [only] => only.to_string(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    };
    let found = match series.len() {
        1 => "the series ended".to_owned(),
        n => format!("{n} series ended"),
    };
    Finding::of_series("closed", Severity::Note, &named, found).needed(reason)
}
