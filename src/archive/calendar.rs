//! Calendar quarters out of fiscal ones, and the label of the calendar frame that a period falls in.
//!
//! May use what `archive` may. A reading of rows: nothing is stored, and nothing is filled in.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, Months, NaiveDate};

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
        .flat_map(|row| [quarter_of(row.period.start()), quarter_of(row.period.end())])
        .flatten()
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
    adds_up && is_quarter && quarter_of(row.period.end()) != Some(row.period)
}

/// The calendar quarter that a day lies in.
fn quarter_of(day: NaiveDate) -> Option<Period> {
    let start = NaiveDate::from_ymd_opt(day.year(), day.month0() / 3 * 3 + 1, 1)?;
    Period::new(start, start.checked_add_months(Months::new(3))? - Days::new(1)).ok()
}

/// The value of a calendar quarter, if fiscal quarters cover each of its days once.
fn split(quarter: Period, fiscal: &[&Observation]) -> Option<Observation> {
    let shared = |row: &Observation| {
        let start = row.period.start().max(quarter.start());
        let end = row.period.end().min(quarter.end());
        (end - start).num_days() + 1
    };
    let mut parts: Vec<_> = fiscal.iter().copied().filter(|row| shared(row) > 0).collect();
    parts.sort_by_key(|row| row.period);
    let apart = parts.windows(2).any(|p| p[0].period.end() + Days::new(1) != p[1].period.start());
    let (first, last) = (parts.first()?, parts.last()?);
    if apart || quarter.start() < first.period.start() || last.period.end() < quarter.end() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a period has fewer than 2^52 days")]
    let weight = |row: &Observation| shared(row) as f64 / row.period.n_days() as f64;
    let latest = parts.iter().max_by_key(|row| row.vintage)?;
    let locators: Vec<_> = parts.iter().map(|row| row.locator.as_str()).collect();
    Some(Observation {
        period: quarter,
        value: parts.iter().map(|row| row.value * weight(row)).sum(),
        source: format!("split by days; {}", latest.source),
        locator: format!("derived: {}", locators.join(" + ")),
        ..(*latest).clone()
    })
}
