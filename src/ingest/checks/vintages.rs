//! Days on which values became public: too early, too late, all on one day, unknown, or of a column
//! that slipped.
//!
//! May use the core files and its sibling files.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;

use super::held::{Held, n_digits};
use super::{Finding, Severity};
use crate::observation::{Observation, VintageBasis};
use crate::period::Period;

/// Years after its period in which a value is first filed at the latest.
const LATE_YEARS: u64 = 10;
/// Values of one series that can become public on one day, as the comparatives of a first report do.
const N_ON_ONE_DAY: usize = 12;
/// Digits of a value that another period does not share by chance.
const SHIFTED_DIGITS: usize = 4;
/// Values that moved to the next period.
const N_SHIFTED: usize = 3;

/// Oddities of one series' vintages.
pub(super) fn check(held: &Held) -> Vec<Finding> {
    let mut findings: Vec<_> = held.history.iter().filter_map(early).collect();
    findings.extend(late(held));
    findings.extend(one_day(held));
    findings.extend(shifted(held));
    findings
}

/// Whether a report of a period is dated before the period was over.
pub(super) fn is_early(row: &Observation) -> bool {
    matches!(row.vintage_basis, VintageBasis::Filing | VintageBasis::PressRelease)
        && row.vintage < row.period.end()
        && !row.series.metric().starts_with("guidance.")
}

fn early(row: &Observation) -> Option<Finding> {
    is_early(row).then(|| {
        let found = format!("public on {}, before the period was over", row.vintage);
        Finding::of_row("early", Severity::Error, row, found)
            .needed("a report dated after the period's last day")
    })
}

/// Values that were first filed many years after their period.
fn late(held: &Held) -> Option<Finding> {
    let is_dated = |row: &&Observation| row.vintage_basis != VintageBasis::Retrieved;
    let first = first_releases(&held.history);
    let limit = Days::new(LATE_YEARS * 365);
    let late: Vec<_> = first
        .values()
        .copied()
        .filter(is_dated)
        .filter(|row| row.period.end() + limit < row.vintage)
        .collect();
    let row = late.last()?;
    let found = format!("{} values were first public {LATE_YEARS} years late or more", late.len());
    Some(
        Finding::of_row("late", Severity::Warning, row, found)
            .needed("the day of the first report"),
    )
}

/// A long series that says of all its values that they became public on one day.
fn one_day(held: &Held) -> Option<Finding> {
    let is_said = |row: &Observation| {
        matches!(
            row.vintage_basis,
            VintageBasis::Filing | VintageBasis::PressRelease | VintageBasis::Deadline
        )
    };
    let days: BTreeSet<_> = held.rows.iter().map(|row| row.vintage).collect();
    let row = held.rows.last()?;
    let all = held.rows.len() > N_ON_ONE_DAY && days.len() == 1 && held.rows.iter().all(is_said);
    all.then(|| {
        let found = format!("all {} values are dated {}", held.rows.len(), row.vintage);
        Finding::of_series("one_day", Severity::Warning, held.id.as_str(), found)
            .needed("the day on which each value was first reported")
    })
}

/// Revisions that give periods what their neighbours had before: a column that slipped.
fn shifted(held: &Held) -> Option<Finding> {
    let first = first_releases(&held.history);
    let periods: Vec<Period> = first.keys().copied().collect();
    let n_moved = |side: fn(usize) -> Option<usize>| {
        let moved = held.rows.iter().filter(|row| {
            let own = &first[&row.period];
            let place = periods.binary_search(&row.period).ok().and_then(side);
            let neighbour = place.and_then(|i| periods.get(i)).and_then(|p| first.get(p));
            own.value.to_bits() != row.value.to_bits()
                && n_digits(row.value) >= SHIFTED_DIGITS
                && neighbour.is_some_and(|n| n.value.to_bits() == row.value.to_bits())
        });
        moved.count()
    };
    let n = n_moved(|i| i.checked_sub(1)).max(n_moved(|i| Some(i + 1)));
    (n >= N_SHIFTED).then(|| {
        let found = format!("{n} revised values are the first values of the periods beside them");
        Finding::of_series("shifted", Severity::Error, held.id.as_str(), found)
            .needed("each value under its own period")
    })
}

/// The earliest row of each period.
fn first_releases(history: &[Observation]) -> BTreeMap<Period, &Observation> {
    let mut first: BTreeMap<Period, &Observation> = BTreeMap::new();
    for row in history {
        let kept = first.entry(row.period).or_insert(row);
        if row.vintage < kept.vintage {
            *kept = row;
        }
    }
    first
}

/// Values that no backtest can see, since nobody knows when they became public.
#[derive(Default)]
pub(super) struct Unusable {
    series: Vec<String>,
    n_values: usize,
}

impl Unusable {
    pub(super) fn count(&mut self, held: &Held) {
        let is_unknown = |row: &&Observation| row.vintage_basis == VintageBasis::Retrieved;
        let n = held.history.iter().filter(is_unknown).count();
        if n > 0 {
            self.series.push(held.id.to_string());
            self.n_values += n;
        }
    }

    pub(super) fn finding(self) -> Option<Finding> {
        let (first, last) = (self.series.first()?, self.series.last()?);
        let named = if first == last { first.clone() } else { format!("{first} to {last}") };
        let found = format!(
            "{} values of {} series have no known publication day; they count as public from the day \
             they were read, so backtests before it do not see them",
            self.n_values,
            self.series.len()
        );
        Some(Finding::of_series("vintage", Severity::Note, &named, found))
    }
}
