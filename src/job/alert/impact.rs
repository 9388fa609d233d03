//! How far news moved a forecast, against how far it usually moves.
//!
//! May use the core and `forecast`. The yardstick of a day is made of what was known on that day alone.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use rayon::prelude::*;

use crate::archive::Snapshot;
use crate::draws::sorted_quantile;
use crate::error::{Error, Result};
use crate::forecast::Forecaster;
use crate::forecast::engine::Chipcast;
use crate::forecast::news::events::Says;
use crate::forecast::news::{Account, News, news};
use crate::period::Period;
use crate::series::{Registry, SeriesId};

/// Weeks whose releases are looked at.
const RELEASE_WEEKS: u64 = 260;
/// Weeks without a release that are looked at.
const OTHER_WEEKS: u64 = 52;
/// Weeks of a kind that its usual revision needs.
const MIN_RELEASES: usize = 8;
const MIN_OTHERS: usize = 26;
/// Days around a first value that belong to its release: the company's word may come before or after.
const RELEASE_DAYS: i64 = 3;
/// Ratio of the standard deviation of a normal distribution to the median of its size.
const PER_MEDIAN: f64 = 1.482_602_218_505_602;

/// What the news of one day did to a forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The day.
    pub day: NaiveDate,
    /// The period whose forecast moved most.
    pub period: Period,
    /// Its estimate before.
    pub before: f64,
    /// Its estimate after.
    pub after: f64,
    /// `after / before − 1`.
    pub relative: f64,
    /// The event that did most of it.
    pub what: String,
}

/// How far the forecast of a series' next period usually moves in a week, as a share of it.
///
/// Releases and other weeks are told apart: a quarter's value and the guide beside it move a forecast by a
/// tenth as a rule, and in most other weeks nothing does.
#[derive(Debug, Clone, PartialEq)]
pub struct Usual {
    /// In weeks with a first value of the series; `None` with fewer than 8 of them in five years.
    pub release: Option<f64>,
    /// In the other weeks of the last year; `None` with fewer than 26.
    pub other: Option<f64>,
    releases: Vec<NaiveDate>,
}

impl Usual {
    /// The usual revision of the kind of week that a day lies in, where it is known.
    ///
    /// - `releases`: days of first values up to that day, as known then.
    pub fn of(&self, day: NaiveDate, releases: &[NaiveDate]) -> Option<f64> {
        let mut days = self.releases.iter().chain(releases);
        let is_near = days.any(|release| (day - *release).num_days().abs() <= RELEASE_DAYS);
        if is_near { self.release } else { self.other }
    }
}

/// The days on which first values of a series became public.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read.
pub fn releases(known: &Snapshot, series: &SeriesId) -> Result<Vec<NaiveDate>> {
    let rows = known.vintages(series)?;
    let first = rows.chunk_by(|a, b| a.period == b.period).filter_map(<[_]>::first);
    Ok(first.map(|row| row.vintage).collect())
}

/// The usual revision of a series by kind of week: 1.4826 times the median size of its relative changes
/// from one week to the next, in weeks that end on the snapshot's day of the week.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read.
pub fn usual(known: &Snapshot, series: &SeriesId) -> Result<Usual> {
    let as_of = known.as_of();
    let releases = releases(known, series)?;
    let mut with_release: Vec<u64> = releases
        .iter()
        .filter_map(|day| u64::try_from((as_of - *day).num_days()).ok())
        .map(|age| age / 7)
        .filter(|week| *week < RELEASE_WEEKS)
        .collect();
    with_release.sort_unstable();
    with_release.dedup();
    let is_near = |week: &u64| {
        let (first, last) = (as_of - Days::new(7 * week + 6), as_of - Days::new(7 * week));
        let near = chrono::Duration::days(RELEASE_DAYS);
        releases.iter().any(|day| first - near <= *day && *day <= last + near)
    };
    let others: Vec<u64> = (0..OTHER_WEEKS).filter(|week| !is_near(week)).collect();
    let scale = |weeks: &[u64], min: usize| -> Result<Option<f64>> {
        let revisions: Vec<Option<f64>> = weeks
            .par_iter()
            .map(|week| {
                let after = as_of - Days::new(7 * week);
                revision(&known.rewind(after - Days::new(7))?, &known.rewind(after)?, series)
            })
            .collect::<Result<_>>()?;
        let mut sizes: Vec<f64> = revisions.into_iter().flatten().map(f64::abs).collect();
        sizes.sort_by(f64::total_cmp);
        Ok((sizes.len() >= min).then(|| PER_MEDIAN * sorted_quantile(&sizes, 0.5)))
    };
    let (release, other) = (scale(&with_release, MIN_RELEASES)?, scale(&others, MIN_OTHERS)?);
    Ok(Usual { release, other, releases })
}

/// The relative change of the estimate of the period that is next on the later day.
fn revision(then: &Snapshot, now: &Snapshot, series: &SeriesId) -> Result<Option<f64>> {
    let path = |known: &Snapshot, horizon| match Chipcast.path(known, series, horizon) {
        Ok(path) => Ok(Some(path)),
        Err(Error::Insufficient(_) | Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    };
    let (Some(before), Some(after)) = (path(then, 3)?, path(now, 1)?) else { return Ok(None) };
    let Some(next) = after.steps.first() else { return Ok(None) };
    let held = before
        .steps
        .iter()
        .find(|step| step.period == next.period || step.period.is_nearly(next.period));
    Ok(held.filter(|held| held.median != 0.0).map(|held| next.median / held.median - 1.0))
}

/// What the news of each day between two snapshots did to the estimates of periods that were still to be
/// reported after it: of each day the period that it moved most.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read.
pub fn impacts(then: &Snapshot, now: &Snapshot, series: &SeriesId) -> Result<Vec<Moved>> {
    let told = match news(&Chipcast, then, now, series, 1) {
        Ok(told) => told,
        Err(Error::Insufficient(_) | Error::NotFound(_) | Error::Invalid(_)) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut by_day: BTreeMap<NaiveDate, Moved> = BTreeMap::new();
    for account in &told.accounts {
        for moved in days(&told, account) {
            let held = by_day.entry(moved.day).or_insert_with(|| moved.clone());
            if held.relative.abs() < moved.relative.abs() {
                *held = moved;
            }
        }
    }
    Ok(by_day.into_values().collect())
}

/// What each day did to the estimate of one period while it was ahead.
fn days(told: &News, account: &Account) -> Vec<Moved> {
    let day = |event_idx: usize| told.events[event_idx].day;
    let ahead: Vec<_> = account.effects.iter().filter(|effect| effect.horizon > 0).collect();
    let by_day = ahead.chunk_by(|a, b| day(a.event_idx) == day(b.event_idx));
    by_day
        .filter_map(|effects| {
            let (first, last) = (effects.first()?, effects.last()?);
            let most =
                effects.iter().max_by(|a, b| a.impact().abs().total_cmp(&b.impact().abs()))?;
            let (before, after) = (first.before, last.after);
            (before != 0.0).then(|| Moved {
                day: day(first.event_idx),
                period: account.period,
                before,
                after,
                relative: after / before - 1.0,
                what: what(told, most.event_idx),
            })
        })
        .collect()
}

fn what(told: &News, event_idx: usize) -> String {
    let event = &told.events[event_idx];
    let title = Registry::bundled().title(&event.series);
    match &event.says {
        Says::Announced(a) => {
            format!("the company's word ({} to {})", a.action.word(), a.period.end())
        }
        Says::Revisions(_) => format!("a revision of {title}"),
        Says::Values(rows) => rows.last().map_or_else(
            || format!("a value of {title}"),
            |row| format!("the value of {title} to {}", row.period.end()),
        ),
    }
}
