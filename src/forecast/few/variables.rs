//! The candidate variables of a series as they were known on a day.
//!
//! May use the core files, `history`, `guidance`, `spec` and `specified`. Everything is read from one
//! snapshot: a value that was not public on its day, or is too old to speak of it, is missing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Days, NaiveDate};

use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::guidance::open_guide;
use crate::forecast::history::{History, Scale};
use crate::forecast::spec::Spec;
use crate::forecast::specified::bridge::growth_ahead;
use crate::forecast::specified::features::Past;
use crate::forecast::specified::selection::Selection;
use crate::period::Frequency;
use crate::series::SeriesId;

/// Days after the end of a driver's last period beyond which its growth says nothing of today.
const STALE_DAYS: u64 = 200;

/// A variable by its name, and whether it is of the company's own past and words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name in tables.
    pub name: String,
    /// Whether it is the target's own past, its guide or its panel, and no other series.
    pub is_own: bool,
}

/// What was known of a series and its candidates on a day.
#[derive(Debug)]
pub struct DayRow {
    /// The day.
    pub day: NaiveDate,
    /// The target's history on that day.
    pub history: History,
    /// By horizon, nearest first, then by variable; `None` where it was not known.
    values: Vec<Vec<Option<f64>>>,
}

impl DayRow {
    /// The variables for growth over a horizon.
    pub fn values(&self, horizon: usize) -> &[Option<f64>] {
        &self.values[horizon - 1]
    }
}

/// The furthest horizon for which rows are made: no claim is made beyond it.
pub fn max_horizon() -> usize {
    Spec::bundled().skill.max_horizon
}

/// The candidates of a target, in the order of its rows. A driver that is the target is left out.
pub fn variables(spec: &Selection, target: &SeriesId) -> Vec<Variable> {
    let own = |name: String| Variable { name, is_own: true };
    let lags = spec.lags.iter().map(|lag| own(format!("change_lag_{lag}")));
    let features = spec.features.iter().map(|feature| own(feature.column().to_owned()));
    let guide = spec.guide.then(|| own("guide".to_owned()));
    let drivers = drivers(spec, target)
        .map(|driver| Variable { name: format!("growth_of_{driver}"), is_own: false });
    lags.chain(features).chain(guide).chain(drivers).collect()
}

fn drivers<'a>(spec: &'a Selection, target: &'a SeriesId) -> impl Iterator<Item = &'a str> {
    spec.drivers.iter().map(String::as_str).filter(|driver| *driver != target.as_str())
}

/// Rows of one state of a target, by day and spec.
#[derive(Default)]
struct Rows(Mutex<BTreeMap<(NaiveDate, String), Arc<DayRow>>>);

/// The row of a snapshot's day, made once.
///
/// # Errors
/// As [`History::of`].
pub fn row(known: &Snapshot, target: &SeriesId, spec: &Selection) -> Result<Arc<DayRow>> {
    let memo: Arc<Rows> = known.derived(target, |_| Rows::default())?;
    let key = (known.as_of(), spec.words());
    let held = || memo.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(row) = held().get(&key) {
        return Ok(row.clone());
    }
    let made = Arc::new(make(known, target, spec)?);
    Ok(held().entry(key).or_insert(made).clone())
}

fn make(known: &Snapshot, target: &SeriesId, spec: &Selection) -> Result<DayRow> {
    let history = History::of(known, target, 2)?;
    let past = Past::of(known, target, &history, &spec.lags, &spec.features)?;
    let mut fixed = Vec::new();
    if spec.guide {
        let next = history.next_periods(1)[0];
        let guide = open_guide(known, target, next).filter(|_| history.scale == Scale::Log);
        fixed.push(guide.map(|guide| history.level(guide.mid, next) - history.last_level()));
    }
    for driver in drivers(spec, target) {
        fixed.push(growth(known, &SeriesId::new(driver)?, &history)?);
    }
    let values = (1_i64..).take(max_horizon()).map(|ahead| {
        let mut row = past.each_at(history.last_number(), ahead);
        row.extend(&fixed);
        row
    });
    let values = values.collect();
    Ok(DayRow { day: known.as_of(), history, values })
}

/// A driver's growth as known: of a monthly one in the target's next quarter, through a bridge; of
/// another over its last year.
fn growth(known: &Snapshot, driver: &SeriesId, target: &History) -> Result<Option<f64>> {
    if !known.holds(driver)? {
        return Ok(None);
    }
    let Ok(history) = History::of(known, driver, 2) else { return Ok(None) };
    if history.scale != Scale::Log {
        return Ok(None);
    }
    if history.frequency == Frequency::Month {
        return Ok(growth_ahead(driver, known, target));
    }
    let is_recent = history.last_period().end() + Days::new(STALE_DAYS) >= known.as_of();
    let season = i64::try_from(history.frequency.season()).unwrap_or(1);
    let year_before = history.level_at(history.last_number() - season);
    Ok(year_before.filter(|_| is_recent).map(|before| history.last_level() - before))
}
