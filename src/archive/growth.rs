//! Growth per week, so that a quarter of 14 weeks does not look like growth.
//!
//! May use what `archive` may. A reading of rows: nothing is stored.

use chrono::NaiveDate;

use crate::observation::Observation;
use crate::period::Frequency;
use crate::units::Unit;

/// How far the end of the period a year before may lie from a year before, in days.
const YEAR_SLACK: i64 = 10;
/// How far the days of two periods that follow each other may lie apart, or overlap.
const NEXT_SLACK: i64 = 7;

/// Growth of one value over earlier ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Weeks of the period; `None` where values are compared as they stand (stocks, shares, indexes).
    pub weeks: Option<f64>,
    /// Over the period before, a ratio.
    pub sequential: Option<f64>,
    /// Over the period that ended a year before, a ratio.
    pub yearly: Option<f64>,
}

/// Growth of each row: `(v / weeks) / (v₀ / weeks₀) − 1`, with `v₀` the period just before, or the one of
/// the same length that ended a year before.
///
/// A stock, a share or an index has no weeks: `v / v₀ − 1`. There is no growth where the earlier period is
/// missing, or where its value is zero or less.
///
/// - `rows`: current rows of one series, in order of their periods' ends.
/// - Returns one growth for each row.
pub fn growth(rows: &[Observation]) -> Vec<Growth> {
    rows.iter()
        .enumerate()
        .map(|(row_idx, row)| {
            let before = &rows[..row_idx];
            Growth {
                weeks: weeks(row),
                sequential: before
                    .iter()
                    .rev()
                    .find(|b| follows(b, row))
                    .and_then(|b| over(b, row)),
                yearly: before.iter().rev().find(|b| year_apart(b, row)).and_then(|b| over(b, row)),
            }
        })
        .collect()
}

fn weeks(row: &Observation) -> Option<f64> {
    let is_rate = matches!(row.unit, Unit::Ratio | Unit::Index | Unit::Watt | Unit::FlopPerSecond);
    (row.period.n_days() > 1 && !is_rate).then(|| row.period.n_weeks())
}

fn over(before: &Observation, row: &Observation) -> Option<f64> {
    let rate = |row: &Observation| row.value / weeks(row).unwrap_or(1.0);
    (before.value > 0.0).then(|| rate(row) / rate(before) - 1.0)
}

/// Whether a period is the one just before another of its kind.
fn follows(before: &Observation, row: &Observation) -> bool {
    let days = (row.period.start() - before.period.end()).num_days() - 1;
    let frequency = row.period.frequency();
    let next = match frequency {
        Some(Frequency::Day) => (1..=100).contains(&days),
        _ => days.abs() <= NEXT_SLACK,
    };
    frequency.is_some() && before.period.frequency() == frequency && next
}

/// Whether a period ended a year before another of its kind.
fn year_apart(before: &Observation, row: &Observation) -> bool {
    let days = |date: NaiveDate| (row.period.end() - date).num_days();
    before.period.frequency() == row.period.frequency()
        && (days(before.period.end()) - 365).abs() <= YEAR_SLACK
}
