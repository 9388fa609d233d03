//! What comes next: the day on which a value is expected, and how far such a release usually moves a
//! forecast.
//!
//! May use the core files, `history` and `news`. Days come from the lags of past first vintages whose
//! day is known; a deadline or a day of reading says nothing about when a company reports. Never reads
//! the clock: the day is the snapshot's.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use rayon::prelude::*;

use super::history::History;
use super::news::events::{Event, Says, Scope, State};
use super::news::news;
use super::{Forecaster, Step};
use crate::archive::Snapshot;
use crate::draws::sorted_quantile;
use crate::error::{Error, Result};
use crate::observation::{Action, Announcement, Observation, VintageBasis};
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::Unit;

/// Past releases that are looked at.
const N_PAST: usize = 8;
/// Lags of the same fiscal quarter below which those of all quarters are taken.
const MIN_LAGS: usize = 2;
/// Days after a release within which a guide counts as given with it.
const GUIDE_DAYS: u64 = 3;

/// A release that is expected, and what it usually does to one forecast.
#[derive(Debug, Clone)]
pub struct Release {
    /// The series that gets a value or is spoken of.
    pub series: SeriesId,
    /// What comes.
    pub brings: Brings,
    /// The period that it is about.
    pub period: Period,
    /// When.
    pub due: Due,
    /// The forecast that it may move.
    pub target: SeriesId,
    /// The period of that forecast.
    pub target_period: Period,
    /// Unit of the forecast.
    pub unit: Unit,
    /// The forecast as it stands.
    pub estimate: f64,
    /// Median size of the relative impact of like events of the past.
    pub effect: Option<f64>,
    /// The size that 80% of them did not exceed.
    pub effect_80: Option<f64>,
    /// How many they are.
    pub n: usize,
}

/// What a release brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Brings {
    /// The period's first value.
    Value,
    /// The company's guide.
    Guide,
}

impl Brings {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Guide => "guide",
        }
    }
}

/// When a release is expected, by past lags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The end of its period and the 10% quantile of the lags.
    pub low: NaiveDate,
    /// The same with the median lag.
    pub median: NaiveDate,
    /// The same with the 90% quantile.
    pub high: NaiveDate,
    /// Lags behind it.
    pub n_lags: usize,
}

/// What is expected of some series, and what it usually does to the forecast of a target.
///
/// A company's own value is judged by what it does to the period after it, a guide and a peer's value by
/// what they do to the next period. Impacts are relative to the estimate of their time, since a forecast
/// grows. A series whose days are not known gives nothing.
///
/// # Errors
/// As [`news`].
pub fn releases(
    model: &dyn Forecaster,
    known: &Snapshot,
    target: &SeriesId,
    sources: &[SeriesId],
) -> Result<Vec<Release>> {
    let ahead = model.path(known, target, 2)?.steps;
    let unit = History::of(known, target, 1)?.unit;
    let mut expected = Vec::new();
    for series in sources {
        expected.extend(Expected::of(known, series)?);
    }
    let days: BTreeSet<NaiveDate> = expected.iter().flat_map(|e| e.past.iter().copied()).collect();
    let impacts: Vec<Vec<Impact>> = days
        .into_par_iter()
        .map(|day| impacts(model, known, target, day))
        .collect::<Result<_>>()?;
    let impacts: Vec<Impact> = impacts.into_iter().flatten().collect();
    let release = |expected: &Expected, brings: Brings| {
        let is_own = expected.series == *target;
        let step = ahead.get(usize::from(is_own)).or(ahead.first())?;
        let mut sizes: Vec<f64> = impacts
            .iter()
            .filter(|impact| impact.brings == brings && impact.series == expected.series)
            .filter(|impact| expected.past.contains(&impact.day))
            .map(|impact| impact.relative.abs())
            .collect();
        sizes.sort_by(f64::total_cmp);
        let size = |level: f64| (!sizes.is_empty()).then(|| sorted_quantile(&sizes, level));
        Some(Release {
            series: expected.series.clone(),
            brings,
            period: expected.periods[usize::from(brings == Brings::Guide)],
            due: expected.due,
            target: target.clone(),
            target_period: step.period,
            unit,
            estimate: step.median,
            effect: size(0.5),
            effect_80: size(0.8),
            n: sizes.len(),
        })
    };
    let brings = |e: &Expected| {
        let guide = (e.guides && e.series == *target).then_some(Brings::Guide);
        std::iter::once(Brings::Value).chain(guide)
    };
    Ok(expected.iter().flat_map(|e| brings(e).filter_map(|b| release(e, b))).collect())
}

/// What is supposed of a release that has not come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Supposed {
    /// Its day.
    pub day: NaiveDate,
    /// The value of the target's next period.
    pub value: f64,
    /// The middle of the company's guide for the period after it, if one came with it.
    pub guide: Option<f64>,
}

/// What the model would say of the period after the next one, if the next one's value were as supposed:
/// the row is put into the archive and the forecast is made again, what is learned of it included.
///
/// # Errors
/// As [`Forecaster::path`]; [`Error::Insufficient`] of a guide where the company never gave one.
pub fn suppose(
    model: &dyn Forecaster,
    known: &Snapshot,
    target: &SeriesId,
    supposed: Supposed,
) -> Result<Step> {
    let (periods, last) = (History::of(known, target, 1)?.next_periods(2), known.current(target)?);
    let ([period, after], Some(last)) = (&periods[..], last.last()) else {
        return Err(Error::insufficient(format!("no period comes after those of {target:?}")));
    };
    let day = supposed.day.max(known.as_of());
    let mut state = State::at(known, &Scope::panel(known, target)?, day)?;
    let row = Observation {
        period: *period,
        value: supposed.value,
        vintage: day,
        retrieved_at: day,
        source: "supposed".to_owned(),
        locator: "supposed".to_owned(),
        ..last.clone()
    };
    state.insert(&Event { day, series: target.clone(), says: Says::Values(vec![row]) })?;
    if let Some(mid) = supposed.guide {
        let words = known.announcements(target.owner());
        let guides = words.filter(|a| a.metric == target.metric() && a.action == Action::Guide);
        let said = guides.last().ok_or_else(|| {
            Error::insufficient(format!("no guide of {target:?} was ever given by {day}"))
        })?;
        let (period, published) = (*after, day);
        let word = Announcement { period, published, low: mid, mid, high: mid, ..said.clone() };
        state.insert(&Event { day, series: target.clone(), says: Says::Announced(word) })?;
    }
    let steps = model.path(&state.snapshot()?, target, 1)?.steps;
    steps.into_iter().next().ok_or_else(|| Error::insufficient("the model had no answer"))
}

/// What one past event did to the period that was next after it.
struct Impact {
    day: NaiveDate,
    series: SeriesId,
    brings: Brings,
    relative: f64,
}

/// The release of a series that comes next.
struct Expected {
    series: SeriesId,
    periods: [Period; 2],
    due: Due,
    past: Vec<NaiveDate>,
    guides: bool,
}

impl Expected {
    /// `None` for a series without a history, or without a known day of release.
    fn of(known: &Snapshot, series: &SeriesId) -> Result<Option<Self>> {
        let Ok(history) = History::of(known, series, 2) else { return Ok(None) };
        let next = history.next_periods(2);
        let [period, after] = next[..] else { return Ok(None) };
        let first = first_values(known, series, &history)?;
        let Some(due) = due(&first, &history, period) else { return Ok(None) };
        let past: Vec<_> = first.iter().rev().take(N_PAST).map(|(_, row)| row.vintage).collect();
        let guided = |day: &&NaiveDate| {
            known.announcements(series.owner()).any(|a| {
                let with_it = a.published >= **day && a.published <= **day + Days::new(GUIDE_DAYS);
                a.metric == series.metric() && with_it
            })
        };
        let guides = past.iter().take(4).filter(guided).count() >= 2;
        Ok(Some(Self { series: series.clone(), periods: [period, after], due, past, guides }))
    }
}

/// First values of regular periods with a known day of release, each with its period's number.
fn first_values(
    known: &Snapshot,
    series: &SeriesId,
    history: &History,
) -> Result<Vec<(i64, Observation)>> {
    let rows = known.vintages(series)?;
    let first = rows.chunk_by(|a, b| a.period == b.period).filter_map(<[Observation]>::first);
    let is_known = |row: &&Observation| {
        !matches!(row.vintage_basis, VintageBasis::Deadline | VintageBasis::Retrieved)
    };
    let numbered = first.filter(is_known).filter_map(|row| {
        let at = history.periods.iter().position(|period| *period == row.period)?;
        Some((history.numbers[at], row.clone()))
    });
    Ok(numbered.collect())
}

/// The expected day of a period's value, by the lags of the same fiscal quarter or month.
fn due(first: &[(i64, Observation)], history: &History, period: Period) -> Option<Due> {
    let season = i64::try_from(history.frequency.season()).ok()?;
    let number = history.last_number() + 1;
    let lags = |keep: &dyn Fn(i64) -> bool| -> Vec<f64> {
        let kept = first.iter().rev().filter(|(at, _)| keep(*at)).take(N_PAST);
        let lag = |row: &Observation| (row.vintage - row.period.end()).num_days();
        kept.filter_map(|(_, row)| i32::try_from(lag(row)).ok()).map(f64::from).collect()
    };
    let mut days = lags(&|at| (at - number).rem_euclid(season) == 0);
    if days.len() < MIN_LAGS {
        days = lags(&|_| true);
    }
    if days.is_empty() {
        return None;
    }
    days.sort_by(f64::total_cmp);
    let date = |level: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "a lag of days is small")]
        let lag = sorted_quantile(&days, level).round() as i64;
        period.end().checked_add_signed(chrono::Duration::days(lag))
    };
    let (low, median, high) = (date(0.1)?, date(0.5)?, date(0.9)?);
    Some(Due { low, median, high, n_lags: days.len() })
}

/// What the events of one day did to the period that was next after each.
fn impacts(
    model: &dyn Forecaster,
    known: &Snapshot,
    target: &SeriesId,
    day: NaiveDate,
) -> Result<Vec<Impact>> {
    let (then, now) = (known.rewind(day - Days::new(1))?, known.rewind(day)?);
    let told = match news(model, &then, &now, target, 1) {
        Ok(told) => told,
        Err(Error::Insufficient(_)) => return Ok(Vec::new()),
        Err(other) => return Err(other),
    };
    let impact = |(event_idx, event): (usize, &Event)| {
        let brings = match event.says {
            Says::Values(_) => Brings::Value,
            Says::Announced(_) => Brings::Guide,
            Says::Revisions(_) => return None,
        };
        let of_event = |account: &&super::news::Account| {
            account.effects.iter().any(|e| e.event_idx == event_idx && e.horizon == 1)
        };
        let account = told.accounts.iter().find(of_event)?;
        let parts: Vec<_> = account.effects.iter().filter(|e| e.event_idx == event_idx).collect();
        let (first, last) = (parts.first()?, parts.last()?);
        let relative = (last.after - first.before) / first.before.abs();
        let series = event.series.clone();
        relative.is_finite().then_some(Impact { day, series, brings, relative })
    };
    Ok(told.events.iter().enumerate().filter_map(impact).collect())
}
