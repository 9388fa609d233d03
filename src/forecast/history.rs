//! What a model sees of a series: a regular history on the scale on which it is modelled.
//!
//! May use the core files. Made from a [`Snapshot`] alone, so that a model cannot see the future.
//! Never fills a gap: a missing period stays missing.

use chrono::{Datelike, Days};

use crate::archive::{Known, Snapshot};
use crate::error::{Error, Result};
use crate::period::{FiscalCalendar, Frequency, Period};
use crate::series::SeriesId;
use crate::units::Unit;

/// The scale on which a series is modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Logarithms: every value is positive.
    Log,
    /// As it is: some value is zero or negative.
    Linear,
}

/// Why a series gives no history.
#[derive(Debug, Clone)]
enum NoHistory {
    /// No value was public.
    Empty,
    /// Its periods follow no calendar.
    NoCalendar(String),
}

fn too_short(series: &SeriesId, n_needed: usize, n_known: usize, known: &Snapshot) -> Error {
    Error::insufficient(format!(
        "{} or more values of {series:?} are needed; {n_known} are known as of {}",
        n_needed.max(1),
        known.as_of()
    ))
}

/// A series as a model sees it.
#[derive(Debug, Clone)]
pub struct History {
    /// Which series.
    pub series: SeriesId,
    /// Unit of its values.
    pub unit: Unit,
    /// Its frequency.
    pub frequency: Frequency,
    /// The scale of `levels`.
    pub scale: Scale,
    /// Periods with a value, in order.
    pub periods: Vec<Period>,
    /// The value of each period, in `unit`.
    pub values: Vec<f64>,
    /// The same on the model's scale, per week where the calendar has 52/53-week years.
    pub levels: Vec<f64>,
    /// The number of each period on one calendar for all series; a gap shows as a jump.
    pub numbers: Vec<i64>,
    calendar: FiscalCalendar,
}

impl History {
    /// The regular history of a series in a snapshot.
    ///
    /// Keeps the periods that have the frequency of the last one and do not overlap.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown series; [`Error::Insufficient`] if fewer than `n_needed`
    /// periods were known.
    pub fn of(known: &Snapshot, series: &SeriesId, n_needed: usize) -> Result<Self> {
        let history = known.derived(series, Self::regular)?;
        match history.as_ref() {
            Ok(history) if history.values.len() >= n_needed.max(1) => Ok(history.clone()),
            Ok(history) => Err(too_short(series, n_needed, history.values.len(), known)),
            Err(NoHistory::Empty) => Err(too_short(series, n_needed, 0, known)),
            Err(NoHistory::NoCalendar(why)) => Err(Error::invalid(why.clone())),
        }
    }

    /// The periods of one frequency that do not overlap, on the model's scale.
    fn regular(held: Known) -> Result<Self, NoHistory> {
        let last = held.points.last().ok_or(NoHistory::Empty)?.period;
        let frequency = last.frequency().ok_or_else(|| {
            NoHistory::NoCalendar(format!(
                "period {last} of {:?} has {} days; needed is a day, a month, a quarter or a year",
                held.series,
                last.n_days()
            ))
        })?;
        let mut periods: Vec<Period> = Vec::new();
        let mut values: Vec<f64> = Vec::new();
        for point in &held.points {
            let follows = periods.last().is_none_or(|last| last.end() < point.period.start());
            if point.period.frequency() == Some(frequency) && follows {
                periods.push(point.period);
                values.push(point.value);
            }
        }
        let calendar =
            FiscalCalendar::infer(&periods).map_err(|e| NoHistory::NoCalendar(e.to_string()))?;
        let scale =
            if values.iter().all(|value| *value > 0.0) { Scale::Log } else { Scale::Linear };
        let mut history = Self {
            series: held.series,
            unit: held.unit,
            frequency,
            scale,
            numbers: numbers(&periods, frequency),
            levels: Vec::with_capacity(values.len()),
            periods,
            values,
            calendar,
        };
        history.levels = history
            .values
            .iter()
            .zip(&history.periods)
            .map(|(v, p)| history.level(*v, *p))
            .collect();
        Ok(history)
    }

    /// A value on the model's scale.
    pub fn level(&self, value: f64, period: Period) -> f64 {
        let value = value / self.weeks(period);
        match self.scale {
            Scale::Log => value.ln(),
            Scale::Linear => value,
        }
    }

    /// The value that a level stands for in a period.
    pub fn value(&self, level: f64, period: Period) -> f64 {
        let value = match self.scale {
            Scale::Log => level.exp(),
            Scale::Linear => level,
        };
        value * self.weeks(period)
    }

    /// The periods after the last one.
    pub fn next_periods(&self, n: usize) -> Vec<Period> {
        self.calendar.following(self.last_period(), n)
    }

    /// The last period with a value.
    pub fn last_period(&self) -> Period {
        self.periods[self.periods.len() - 1]
    }

    /// The last level.
    pub fn last_level(&self) -> f64 {
        self.levels[self.levels.len() - 1]
    }

    /// The last value.
    pub fn last_value(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    /// The last period's number.
    pub fn last_number(&self) -> i64 {
        self.numbers[self.numbers.len() - 1]
    }

    /// The levels after the last gap: a run of periods none of which is missing.
    pub fn unbroken(&self) -> &[f64] {
        let gap = self.numbers.windows(2).rposition(|pair| pair[1] != pair[0] + 1);
        &self.levels[gap.map_or(0, |at| at + 1)..]
    }

    /// The level of the period with a number, if it has one.
    pub fn level_at(&self, number: i64) -> Option<f64> {
        self.numbers.binary_search(&number).ok().map(|at| self.levels[at])
    }

    /// Changes between neighbouring periods: the later one's number and the change.
    pub fn changes(&self) -> impl Iterator<Item = (i64, f64)> + '_ {
        let pairs = self.numbers.windows(2).zip(self.levels.windows(2));
        pairs.filter(|(n, _)| n[1] == n[0] + 1).map(|(n, level)| (n[1], level[1] - level[0]))
    }

    /// Weeks in a period of a week-based calendar; 1 elsewhere.
    fn weeks(&self, period: Period) -> f64 {
        match self.calendar {
            FiscalCalendar::Weeks { .. } => period.n_weeks(),
            FiscalCalendar::Months { .. } | FiscalCalendar::EveryDays(_) => 1.0,
        }
    }
}

/// Numbers periods on one calendar for all series, so that months of different length and 14-week
/// quarters count one, and the same number is nearly the same time everywhere.
fn numbers(periods: &[Period], frequency: Frequency) -> Vec<i64> {
    let number = |period: &Period| {
        let back = |days| period.end() - Days::new(days);
        match frequency {
            Frequency::Day => i64::MIN,
            Frequency::Month => i64::from(back(15).year()) * 12 + i64::from(back(15).month0()),
            Frequency::Quarter => i64::from(back(45).year()) * 4 + i64::from(back(45).month0() / 3),
            Frequency::Year => i64::from(back(20).year()),
        }
    };
    let mut last = -1;
    let numbered = periods.iter().map(|period| {
        last = number(period).max(last + 1);
        last
    });
    numbered.collect()
}
