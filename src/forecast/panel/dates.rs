//! The column `ds`: whole numbers, dates or timestamps, and the steps between them.
//!
//! Pure. Never guesses a date: a text that is none of the three is told as it stands. A series goes
//! on in its own step: month ends stay month ends.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Duration, Months, NaiveDate, NaiveDateTime};

/// A point on the axis of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ds {
    /// A whole number.
    Number(i64),
    /// A day.
    Day(NaiveDate),
    /// A day with a time.
    Time(NaiveDateTime),
}

/// The distance between two neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// In whole numbers.
    Numbers(i64),
    /// In months of the calendar, on a day of the month; 31 is its end.
    Months {
        /// How many.
        n: u32,
        /// The day of the month, or its last if it is shorter.
        day: u32,
    },
    /// In days.
    Days(u64),
    /// In seconds.
    Seconds(i64),
}

impl Ds {
    /// Reads a whole number, which may be written `3.0`, `2026-08-31`, or `2026-08-31T12:00:00`; a time zone after it is let go.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(number) = text.parse() {
            return Some(Self::Number(number));
        }
        if let Some(number) = text.strip_suffix(".0").and_then(|whole| whole.parse().ok()) {
            return Some(Self::Number(number));
        }
        if let Ok(day) = text.parse() {
            return Some(Self::Day(day));
        }
        let text = text.strip_suffix('Z').unwrap_or(text).replacen(' ', "T", 1);
        let whole = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f%:z"];
        whole
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok())
            .map(Self::Time)
    }

    /// The point `n` steps on; none where the calendar ends.
    pub fn after(self, step: Step, n: u32) -> Option<Self> {
        Some(match (self, step) {
            (Self::Number(at), Step::Numbers(by)) => {
                Self::Number(at.checked_add(by.checked_mul(i64::from(n))?)?)
            }
            (Self::Day(at), step) => Self::Day(day_after(at, step, n)?),
            (Self::Time(at), Step::Seconds(by)) => {
                let seconds = by.checked_mul(i64::from(n))?;
                Self::Time(at.checked_add_signed(Duration::try_seconds(seconds)?)?)
            }
            (Self::Time(at), step) => {
                Self::Time(day_after(at.date(), step, n)?.and_time(at.time()))
            }
            (Self::Number(_), _) => return None,
        })
    }

    /// Whether both stand on one axis: numbers, days or times.
    pub(super) fn is_kin(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    fn day(self) -> Option<NaiveDate> {
        match self {
            Self::Number(_) => None,
            Self::Day(day) => Some(day),
            Self::Time(time) => Some(time.date()),
        }
    }
}

impl std::fmt::Display for Ds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Day(day) => write!(f, "{day}"),
            Self::Time(time) => write!(f, "{}", time.format("%Y-%m-%dT%H:%M:%S%.f")),
        }
    }
}

fn day_after(at: NaiveDate, step: Step, n: u32) -> Option<NaiveDate> {
    match step {
        Step::Months { n: months, day } => {
            let first = at.with_day(1)?.checked_add_months(Months::new(months.checked_mul(n)?))?;
            (28..=day).rev().chain([day]).find_map(|day| first.with_day(day))
        }
        Step::Days(days) => at.checked_add_days(Days::new(days.checked_mul(u64::from(n))?)),
        Step::Seconds(_) | Step::Numbers(_) => None,
    }
}

impl Step {
    /// The step of sorted, distinct points of one kind: the one that most neighbours are apart, the
    /// shorter where two are as frequent. A single point has the step of a day, or of 1.
    pub fn of(points: &[Ds]) -> Self {
        match points {
            [Ds::Number(_), ..] => Self::Numbers(most(points.windows(2).map(seconds_apart)).max(1)),
            [] | [_] => Self::Days(1),
            _ => Self::in_months(points).unwrap_or_else(|| Self::in_time(points)),
        }
    }

    /// Periods in a season of this step, where there is a usual one.
    pub fn season(self) -> usize {
        match self {
            Self::Months { n: 1, .. } => 12,
            Self::Months { n: 3, .. } => 4,
            Self::Months { n: 6, .. } => 2,
            Self::Days(1) => 7,
            Self::Seconds(3_600) => 24,
            _ => 1,
        }
    }

    /// The same distance from a point on: months stand on its day, or on their last if it is the last
    /// of its own.
    #[must_use]
    pub fn going_on_from(self, point: Ds) -> Self {
        match (self, point.day()) {
            (Self::Months { n, .. }, Some(day)) => {
                Self::Months { n, day: if is_last(day) { 31 } else { day.day() } }
            }
            _ => self,
        }
    }

    /// Whether one point lies a step after another; a step in months may end on any day of its month.
    pub fn leads(self, from: Ds, to: Ds) -> bool {
        match (self, from.day(), to.day()) {
            (Self::Months { n, .. }, Some(from), Some(to)) => {
                month_number(to) - month_number(from) == i64::from(n)
            }
            _ => from.after(self, 1) == Some(to),
        }
    }

    /// Months, if every point stands on the same day of its month, or on the last if that is shorter.
    fn in_months(points: &[Ds]) -> Option<Self> {
        let days: Option<Vec<NaiveDate>> = points.iter().map(|point| point.day()).collect();
        let days = days?;
        let times = |point: &Ds| if let Ds::Time(time) = point { Some(time.time()) } else { None };
        if points.windows(2).any(|pair| times(&pair[0]) != times(&pair[1])) {
            return None;
        }
        let all_last = days.iter().all(|at| is_last(*at));
        let day = if all_last { 31 } else { days.iter().map(Datelike::day).max()? };
        if !days.iter().all(|at| at.day() == day || (at.day() < day && is_last(*at))) {
            return None;
        }
        let apart = days.windows(2).map(|pair| month_number(pair[1]) - month_number(pair[0]));
        let n = u32::try_from(most(apart)).ok().filter(|n| *n > 0)?;
        Some(Self::Months { n, day })
    }

    fn in_time(points: &[Ds]) -> Self {
        const DAY: i64 = 86_400;
        let seconds = most(points.windows(2).map(seconds_apart)).max(1);
        match u64::try_from(seconds / DAY) {
            Ok(days) if days > 0 && seconds % DAY == 0 => Self::Days(days),
            _ => Self::Seconds(seconds),
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Numbers(n) => write!(f, "{n}"),
            Self::Months { n, .. } => write!(f, "{n} months"),
            Self::Days(n) => write!(f, "{n} days"),
            Self::Seconds(n) => write!(f, "{n} seconds"),
        }
    }
}

/// Whether a day is the last of its month.
fn is_last(day: NaiveDate) -> bool {
    day.checked_add_days(Days::new(1)).is_none_or(|next| next.day() == 1)
}

fn month_number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

/// Whole numbers, or seconds, from one point to the next.
fn seconds_apart(pair: &[Ds]) -> i64 {
    match (pair[0], pair[1]) {
        (Ds::Number(one), Ds::Number(other)) => other.saturating_sub(one),
        (Ds::Day(one), Ds::Day(other)) => (other - one).num_seconds(),
        (Ds::Time(one), Ds::Time(other)) => (other - one).num_seconds(),
        _ => 0,
    }
}

/// The most frequent number, the smallest of several; 0 of none.
fn most(numbers: impl Iterator<Item = i64>) -> i64 {
    let mut counts = BTreeMap::new();
    for number in numbers {
        *counts.entry(number).or_insert(0_usize) += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, n)| *n).map_or(0, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(texts: &[&str]) -> (Step, String) {
        let points: Vec<_> = texts.iter().map(|text| Ds::read(text).expect("a point")).collect();
        let step = Step::of(&points);
        (step, points[points.len() - 1].after(step, 1).expect("a next").to_string())
    }

    #[test]
    fn a_series_goes_on_in_its_own_step() {
        assert_eq!(next(&["1", "2", "3"]).1, "4");
        assert_eq!(next(&["1990", "1995", "2000"]).1, "2005");
        assert_eq!(next(&["2025-12-31", "2026-01-31"]).1, "2026-02-28");
        assert_eq!(next(&["2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28"]).1, "2026-03-31");
        assert_eq!(next(&["2025-11-30", "2025-12-30", "2026-01-30"]).1, "2026-02-28");
        assert_eq!(next(&["2025-06-30", "2025-09-30", "2025-12-31"]).1, "2026-03-31");
        assert_eq!(next(&["2023-02-28", "2024-02-29"]).1, "2025-02-28");
        assert_eq!(next(&["2026-08-03", "2026-08-10"]), (Step::Days(7), "2026-08-17".to_owned()));
        assert_eq!(next(&["2026-08-03", "2026-08-04"]).0.season(), 7);
        let hours = ["2026-08-03T22:00:00", "2026-08-03 23:00:00Z"];
        assert_eq!(next(&hours), (Step::Seconds(3_600), "2026-08-04T00:00:00".to_owned()));
        let months = ["2026-01-31 00:00:00", "2026-02-28 00:00:00"];
        assert_eq!(next(&months).1, "2026-03-31T00:00:00");
    }

    #[test]
    fn a_step_in_months_goes_on_from_the_day_it_stands_on() {
        let (step, at) = (Step::Months { n: 1, day: 1 }, |text| Ds::read(text).expect("a point"));
        let next = |text| at(text).after(step.going_on_from(at(text)), 1).map(|ds| ds.to_string());
        assert_eq!(next("2026-02-28").as_deref(), Some("2026-03-31"));
        assert_eq!(next("2026-03-28").as_deref(), Some("2026-04-28"));
        assert!(step.leads(at("2026-01-31"), at("2026-02-27")));
        assert!(!step.leads(at("2026-01-31"), at("2026-03-31")));
        assert!(Step::Days(7).leads(at("2026-01-01"), at("2026-01-08")));
        assert!(!Step::Days(7).leads(at("7"), at("14")));
        assert_eq!(
            (step.to_string(), Step::Days(7).to_string()),
            ("1 months".into(), "7 days".into())
        );
    }

    #[test]
    fn the_calendar_and_the_numbers_end() {
        let last = Ds::Number(i64::MAX);
        assert_eq!(last.after(Step::Numbers(1), 1), None);
        assert_eq!(Ds::Day(NaiveDate::MAX).after(Step::Days(1), 1), None);
        assert_eq!(Ds::Day(NaiveDate::MAX).after(Step::Months { n: 12, day: 31 }, 400), None);
        assert_eq!((Ds::read("Q3 2026"), Ds::read("1.5")), (None, None));
        assert_eq!(Ds::read("7.0"), Some(Ds::Number(7)));
        assert_eq!(Step::of(&[Ds::Number(7)]), Step::Numbers(1));
    }
}
