//! Periods and fiscal calendars: what comes after a period, and how long it is.
//!
//! May use `error`. The only place that knows about 52/53-week years; never reads the clock.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use crate::error::{Error, Result};

/// Days in a week (definition).
const DAYS_PER_WEEK: f64 = 7.0;

/// A span of days, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    start: NaiveDate,
    end: NaiveDate,
}

/// How often a series has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Frequency {
    /// A stock at a date.
    Day,
    /// Calendar months.
    Month,
    /// Quarters, calendar or fiscal.
    Quarter,
    /// Years, calendar or fiscal.
    Year,
}

impl Frequency {
    /// Periods in a year; 1 where there is no season.
    pub fn season(self) -> usize {
        match self {
            Self::Day | Self::Year => 1,
            Self::Month => 12,
            Self::Quarter => 4,
        }
    }

    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

impl Period {
    /// A period from its first to its last day.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it ends before it starts.
    pub fn new(start: NaiveDate, end: NaiveDate) -> Result<Self> {
        if end < start {
            return Err(Error::invalid(format!(
                "period ends on {end}, before its start on {start}"
            )));
        }
        Ok(Self { start, end })
    }

    /// One day: the period of a stock.
    pub fn day(date: NaiveDate) -> Self {
        Self { start: date, end: date }
    }

    /// A number of whole calendar months from the first day of one on; nothing for a month that no
    /// calendar has.
    pub fn months(year: i32, month: u32, n_months: u32) -> Option<Self> {
        let start = NaiveDate::from_ymd_opt(year, month, 1)?;
        let end = start.checked_add_months(Months::new(n_months))?.pred_opt()?;
        Self::new(start, end).ok()
    }

    /// Its first day.
    pub fn start(self) -> NaiveDate {
        self.start
    }

    /// Its last day.
    pub fn end(self) -> NaiveDate {
        self.end
    }

    /// Its length in days.
    pub fn n_days(self) -> i64 {
        (self.end - self.start).num_days() + 1
    }

    /// Its length in weeks; 13 or 14 for a fiscal quarter of whole weeks.
    pub fn n_weeks(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a period has fewer than 2^52 days")]
        let days = self.n_days() as f64;
        days / DAYS_PER_WEEK
    }

    /// Month, quarter or year by its length; `None` for anything between, such as nine months.
    ///
    /// A quarter has 12 to 14 weeks (84 to 98 days), a year 350 to 378 days.
    pub fn frequency(self) -> Option<Frequency> {
        match self.n_days() {
            1 => Some(Frequency::Day),
            28..=31 => Some(Frequency::Month),
            80..=100 => Some(Frequency::Quarter),
            350..=380 => Some(Frequency::Year),
            _ => None,
        }
    }

    /// Whether two quarters or years differ by a week at most at either end: one period under two sets
    /// of dates, as filers' clerical slips and vendors' month ends make them.
    pub fn is_nearly(self, other: Self) -> bool {
        let close = |a: NaiveDate, b: NaiveDate| (a - b).num_days().abs() <= 7;
        matches!(self.frequency(), Some(Frequency::Quarter | Frequency::Year))
            && self.frequency() == other.frequency()
            && close(self.start, other.start)
            && close(self.end, other.end)
    }

    /// The calendar quarter that a day lies in.
    pub fn quarter_of(day: NaiveDate) -> Self {
        Self::months(day.year(), day.month0() / 3 * 3 + 1, 3).unwrap_or(Self::day(day))
    }

    /// Share of this period's days that lie in another: `days(self ∩ other) / days(self)`, 0 to 1.
    pub fn share_in(self, other: Self) -> f64 {
        let shared = (self.end.min(other.end) - self.start.max(other.start)).num_days() + 1;
        #[expect(clippy::cast_precision_loss, reason = "a period has fewer than 2^52 days")]
        let share = shared.max(0) as f64 / self.n_days() as f64;
        share
    }

    /// What turns flows over `parts` into this period's: the index of each part that reaches in and
    /// its [`Period::share_in`]. Nothing unless each of this period's days lies in exactly one.
    pub fn made_of(self, parts: &[Self]) -> Option<Vec<(usize, f64)>> {
        let shares = parts.iter().enumerate().map(|(i, part)| (i, part.share_in(self)));
        let mut inside: Vec<_> = shares.filter(|(_, share)| *share > 0.0).collect();
        inside.sort_by_key(|(i, _)| parts[*i]);
        let (first, last) = (parts[inside.first()?.0], parts[inside.last()?.0]);
        let joined =
            |two: &[(usize, f64)]| parts[two[0].0].end + Days::new(1) == parts[two[1].0].start;
        let covers = first.start <= self.start && self.end <= last.end;
        (covers && inside.windows(2).all(joined)).then_some(inside)
    }

    /// The calendar quarter that holds the middle of this period, as (year, quarter 1-4).
    pub fn calendar_quarter(self) -> (i32, u32) {
        let middle = self.start + Days::new(self.n_days().unsigned_abs() / 2);
        (middle.year(), middle.month0() / 3 + 1)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// The rule by which a reporter's periods follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FiscalCalendar {
    /// Whole calendar months.
    Months {
        /// Months in one period.
        per_period: u32,
    },
    /// Quarters of 13 weeks that end on one weekday; the year's last quarter takes a 53rd week.
    Weeks {
        /// The day on which every period ends.
        weekday: Weekday,
        /// The month in which the year's last quarter ends and the rule of its end, if it is known.
        year_end: Option<(u32, YearEnd)>,
    },
    /// A stock read once a number of days.
    EveryDays(i64),
}

/// When a 52/53-week year ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearEnd {
    /// On the last such weekday of the month.
    LastOfMonth,
    /// On the such weekday nearest to the month's end.
    NearestMonthEnd,
}

impl FiscalCalendar {
    /// Reads the calendar off the periods of a series.
    ///
    /// Whole months if every period starts on a first and ends on a last day of a month; weeks if the
    /// lengths are whole weeks. The 53-week rule is the one that agrees with every quarter that ended
    /// in the month of a 14-week quarter; without one, quarters are taken as 13 weeks.
    ///
    /// # Errors
    /// [`Error::Insufficient`] on no period, [`Error::Invalid`] where lengths follow no rule.
    pub fn infer(periods: &[Period]) -> Result<Self> {
        let last = periods
            .last()
            .ok_or_else(|| Error::insufficient("no period to read a calendar off"))?;
        if let Some(per_period) = whole_months(*last) {
            return Ok(Self::Months { per_period });
        }
        if last.n_days() == 1 {
            let before = periods.iter().rev().nth(1);
            let step = before.map_or(1, |before| (last.end - before.end).num_days());
            return Ok(Self::EveryDays(step));
        }
        if last.frequency() == Some(Frequency::Quarter) {
            return Ok(Self::weeks(periods, last.end.weekday()));
        }
        Err(Error::invalid(format!("period {last} is neither whole months nor a fiscal quarter")))
    }

    fn weeks(periods: &[Period], weekday: Weekday) -> Self {
        let long = periods.iter().rev().find(|p| p.n_days() >= 95);
        let year_end = long.and_then(|long| {
            let month = anchor_month(long.end);
            let ends: Vec<_> = periods
                .iter()
                .map(|p| p.end)
                .filter(|end| end.weekday() == weekday && anchor_month(*end) == month)
                .collect();
            [YearEnd::LastOfMonth, YearEnd::NearestMonthEnd]
                .into_iter()
                .find(|rule| ends.iter().all(|end| rule.date(*end, month, weekday) == *end))
                .map(|rule| (month, rule))
        });
        Self::Weeks { weekday, year_end }
    }

    /// The period after `period`.
    pub fn next(self, period: Period) -> Period {
        let start = period.end + Days::new(1);
        let end = match self {
            Self::Months { per_period } => start + Months::new(per_period) - Days::new(1),
            Self::EveryDays(step) => {
                let date = period.end + chrono::Duration::days(step);
                return Period { start: date, end: date };
            }
            Self::Weeks { weekday, year_end } => {
                let plain = period.end + Days::new(91);
                year_end
                    .filter(|(month, _)| anchor_month(plain) == *month)
                    .map_or(plain, |(month, rule)| rule.date(plain, month, weekday))
            }
        };
        Period { start, end }
    }

    /// The `n` periods after `period`, nearest first.
    pub fn following(self, period: Period, n: usize) -> Vec<Period> {
        std::iter::successors(Some(self.next(period)), |p| Some(self.next(*p))).take(n).collect()
    }
}

impl YearEnd {
    /// The year end by this rule that lies nearest to `near`.
    fn date(self, near: NaiveDate, month: u32, weekday: Weekday) -> NaiveDate {
        (near.year() - 1..=near.year() + 1)
            .filter_map(|year| {
                let last = last_day(year, month)?;
                let back = (last.weekday().num_days_from_monday() + 7
                    - weekday.num_days_from_monday())
                    % 7;
                let last_such = last - Days::new(back.into());
                Some(match self {
                    Self::NearestMonthEnd if back > 3 => last_such + Days::new(7),
                    _ => last_such,
                })
            })
            .min_by_key(|date| (*date - near).num_days().abs())
            .unwrap_or(near)
    }
}

/// The month whose end a week-based date belongs to: early days belong to the month before.
fn anchor_month(end: NaiveDate) -> u32 {
    (end - Days::new(10)).month()
}

fn last_day(year: i32, month: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, 1)?
        .checked_add_months(Months::new(1))?
        .checked_sub_days(Days::new(1))
}

/// The number of whole calendar months that a period covers, if it covers whole ones.
fn whole_months(period: Period) -> Option<u32> {
    let after = period.end + Days::new(1);
    if period.start.day() != 1 || after.day() != 1 {
        return None;
    }
    let months = (after.year() - period.start.year()) * 12 + after.month0().cast_signed()
        - period.start.month0().cast_signed();
    u32::try_from(months).ok().filter(|months| *months > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(start: &str, end: &str) -> Period {
        let date = |text: &str| text.parse().expect("an ISO date");
        Period::new(date(start), date(end)).expect("start before end")
    }

    #[test]
    fn nvidia_fiscal_2027_has_53_weeks() {
        let known = [
            period("2019-10-28", "2020-01-26"),
            period("2020-10-26", "2021-01-31"),
            period("2025-10-27", "2026-01-25"),
            period("2026-04-27", "2026-07-26"),
        ];
        let calendar = FiscalCalendar::infer(&known).expect("weeks");
        let next = calendar.following(known[3], 3);
        assert_eq!(next[0], period("2026-07-27", "2026-10-25"));
        assert_eq!(next[1], period("2026-10-26", "2027-01-31"));
        assert!((next[1].n_weeks() - 14.0).abs() < 1e-12);
        assert_eq!(next[2], period("2027-02-01", "2027-05-02"));
    }

    #[test]
    fn calendar_quarters_follow_months() {
        let quarter = period("2026-04-01", "2026-06-30");
        let calendar = FiscalCalendar::infer(&[quarter]).expect("months");
        assert_eq!(calendar.next(quarter), period("2026-07-01", "2026-09-30"));
        let month = period("2026-01-01", "2026-01-31");
        let calendar = FiscalCalendar::infer(&[month]).expect("months");
        assert_eq!(calendar.next(month), period("2026-02-01", "2026-02-28"));
    }

    #[test]
    fn fiscal_quarters_make_a_calendar_quarter_by_days() {
        // 2022Q1 is January out of NVIDIA's fiscal 2022Q4 and 60 of the 91 days of 2023Q1.
        let parts = [period("2021-11-01", "2022-01-30"), period("2022-01-31", "2022-05-01")];
        let quarter = Period::quarter_of(parts[0].end());
        assert_eq!(quarter, period("2022-01-01", "2022-03-31"));
        let made = quarter.made_of(&parts).expect("every day is covered");
        assert_eq!(made, [(0, 30.0 / 91.0), (1, 60.0 / 91.0)]);
        assert_eq!(quarter.made_of(&parts[1..]), None, "January is missing");
        assert_eq!(quarter.made_of(&[parts[0], parts[1], parts[1]]), None, "a day twice");
    }

    #[test]
    fn nine_months_are_no_frequency() {
        assert_eq!(period("2024-01-29", "2024-10-27").frequency(), None);
        assert_eq!(period("2024-07-29", "2024-10-27").frequency(), Some(Frequency::Quarter));
    }
}
