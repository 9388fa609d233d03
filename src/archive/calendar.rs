//! Calendar quarters out of fiscal ones, and the label of the calendar frame that a period falls in.
//!
//! May use what `archive` may. A reading of rows: nothing is stored, and nothing is filled in.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::observation::Observation;
use crate::period::{Frequency, Period};
use crate::units::Unit;

/// How a row of calendar quarters came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As reported.
    Reported,
    /// Split by days from fiscal quarters.
    Calendarised,
}

impl Method {
    /// The word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Calendarised => "calendarised",
        }
    }
}

/// Rows of a series with its fiscal quarters turned into calendar quarters.
///
/// A calendar quarter `Q` is worth `Σ vᵢ · days(Q ∩ Pᵢ) / days(Pᵢ)` over the fiscal quarters `Pᵢ`:
/// each day of a fiscal quarter carries the same part of its value, so that sums over whole spans stay.
/// Every day of `Q` must lie in exactly one fiscal quarter, else there is no row. The vintage is the
/// latest of those used, the unit stays. Stocks, shares and indexes, months, years and calendar
/// quarters are given as reported.
///
/// - `rows`: current rows of one series, one a period.
/// - Returns rows in order of their periods' ends.
pub fn calendar_quarters(rows: &[Observation]) -> Vec<(Observation, Method)> {
    let (fiscal, reported): (Vec<_>, Vec<_>) = rows.iter().partition(|row| is_fiscal_flow(row));
    let mut all: BTreeMap<(NaiveDate, NaiveDate), (Observation, Method)> = BTreeMap::new();
    let key = |period: Period| (period.end(), period.start());
    for row in reported {
        all.insert(key(row.period), (row.clone(), Method::Reported));
    }
    let touched: BTreeSet<_> = fiscal
        .iter()
        .flat_map(|row| [row.period.start(), row.period.end()].map(Period::quarter_of))
        .collect();
    for quarter in touched {
        if let Some(row) = split(quarter, &fiscal).filter(|_| !all.contains_key(&key(quarter))) {
            all.insert(key(quarter), (row, Method::Calendarised));
        }
    }
    all.into_values().collect()
}

/// The calendar frame that holds the middle of a period, as SEC names its frames: `CY2026Q2` for
/// quarters and shorter periods, `CY2026` for years, `CY2026Q2I` for a day.
pub fn frame(period: Period) -> String {
    let (year, quarter) = period.calendar_quarter();
    match period.frequency() {
        Some(Frequency::Year) => format!("CY{year}"),
        Some(Frequency::Day) => format!("CY{year}Q{quarter}I"),
        _ => format!("CY{year}Q{quarter}"),
    }
}

/// Whether a value adds up over time and its quarter is not a calendar quarter.
fn is_fiscal_flow(row: &Observation) -> bool {
    let adds_up = !matches!(row.unit, Unit::Ratio | Unit::Index | Unit::Watt | Unit::FlopPerSecond);
    let is_quarter = row.period.frequency() == Some(Frequency::Quarter);
    adds_up && is_quarter && Period::quarter_of(row.period.end()) != row.period
}

/// The flow over a period out of the rows that cover it, each row's value spread over its days:
/// `Σ vᵢ · days(period ∩ Pᵢ) / days(Pᵢ)`. Nothing unless each day lies in exactly one row.
///
/// The vintage is the latest of the rows used, the unit stays.
pub fn over(period: Period, rows: &[Observation]) -> Option<Observation> {
    split(period, &rows.iter().collect::<Vec<_>>())
}

fn split(period: Period, rows: &[&Observation]) -> Option<Observation> {
    let periods: Vec<_> = rows.iter().map(|row| row.period).collect();
    let made = period.made_of(&periods)?;
    let latest = made.iter().map(|(i, _)| rows[*i]).max_by_key(|row| row.vintage)?;
    let locators: Vec<_> = made.iter().map(|(i, _)| rows[*i].locator.as_str()).collect();
    Some(Observation {
        period,
        value: made.iter().map(|(i, share)| rows[*i].value * share).sum(),
        source: format!("split by days; {}", latest.source),
        locator: format!("derived: {}", locators.join(" + ")),
        ..latest.clone()
    })
}
