//! The days of a named period: from the release's own dates, the company's known quarters, or months.
//!
//! May use `label`, `text`, `tokens` and the core files. A name whose days cannot be told is refused with
//! the reason; it is never guessed.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate};

use super::label::{self, Label, Span, YearKind, days, labels};
use super::text::{Block, Kind, sentences};
use super::tokens::tokens;
use crate::period::{FiscalCalendar, Frequency, Period};

/// A release comes within so many days of the quarter's end.
const DELAY: u64 = 110;
/// Quarters ahead that a guide may speak of.
const QUARTERS_AHEAD: i32 = 9;
const QUARTERS: i32 = 4;

/// What a release says about the company's calendar.
#[derive(Debug)]
pub(super) struct Dates {
    published: NaiveDate,
    rule: FiscalCalendar,
    /// The last quarter that had ended, and its number in the company's year.
    reported: Option<Reported>,
}

#[derive(Debug, Clone, Copy)]
struct Reported {
    period: Period,
    quarter: u32,
    year: i32,
}

/// The days of a named period, and whether it had ended when the release came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) period: Period,
    pub(super) has_ended: bool,
}

impl Dates {
    /// Reads the calendar off a release; `calendar` are the quarters that are known otherwise.
    pub(super) fn of(blocks: &[Block], published: NaiveDate, calendar: &[Period]) -> Self {
        let seen = Seen::of(blocks, published);
        let mut known: Vec<_> = calendar.to_vec();
        known.retain(|period| is_quarter(*period));
        known.sort_by_key(|period| period.end());
        let end = seen.end;
        let from_calendar = last_quarter(&known, published, end);
        let (rule, period) = match (from_calendar, end) {
            (Some((rule, period)), _) => (rule, Some(period)),
            (None, Some(end)) => {
                let rule = seen.rule(end);
                (rule, ending(rule, end))
            }
            (None, None) => (FiscalCalendar::Months { per_period: 3 }, None),
        };
        let reported = match period {
            Some(period) => seen.number(period),
            None => seen.by_name(published),
        };
        Self { published, rule, reported }
    }

    /// The quarter that the release reports.
    pub(super) fn reported(&self) -> Option<Place> {
        self.reported.map(|reported| Place { period: reported.period, has_ended: true })
    }

    /// The days of a label; `scope` is the period that the text is about, if it says so.
    ///
    /// A last day that is said and one that follows from the name must be the same.
    pub(super) fn place(&self, label: &Label, scope: Option<&Label>) -> Result<Place, String> {
        let by_name = self.by_name(label, scope);
        let Some(end) = label.end else { return by_name };
        let said = || {
            let period = ending(rule_of(end, &[]), end).filter(|_| !label.span.is_year());
            period.map(|period| Place { period, has_ended: end <= self.published })
        };
        match by_name {
            Ok(place) if place.period.end() == end => Ok(place),
            Ok(place) if (place.period.end() - end).num_days().abs() <= 7 => {
                Ok(said().unwrap_or(place))
            }
            Ok(place) => Err(format!(
                "it is said to end on {end}, but by its name it ends on {}",
                place.period.end()
            )),
            Err(reason) => said().ok_or(reason),
        }
    }

    fn by_name(&self, label: &Label, scope: Option<&Label>) -> Result<Place, String> {
        let (quarter, year) = self.numbers(label, scope)?;
        if label.span == Span::Half {
            return Err("half a year is neither a quarter nor a year".to_owned());
        }
        let Some(reported) = self.reported.filter(|_| label.kind != YearKind::Calendar) else {
            return self.calendar_place(label, quarter, year);
        };
        let ahead = |quarter: u32| {
            (year - reported.year) * QUARTERS + quarter.cast_signed()
                - reported.quarter.cast_signed()
        };
        if label.kind == YearKind::Unsaid && label.span == Span::Year && !reported.is_calendar() {
            return Err(format!(
                "`{year}` can be the calendar's or the company's year, which ends in another month"
            ));
        }
        let last = ahead(quarter.unwrap_or(4));
        if last > QUARTERS_AHEAD {
            return Err(format!("`{year}` lies more than two years ahead: a target, no guide"));
        }
        let end = self.quarter(reported, last)?;
        let start = if quarter.is_some() { end } else { self.quarter(reported, ahead(1))? };
        let period = Period::new(start.start(), end.end()).map_err(|e| e.to_string())?;
        Ok(Place { period, has_ended: period.end() <= self.published })
    }

    /// Quarter (none of a year) and year that a label names.
    fn numbers(&self, label: &Label, scope: Option<&Label>) -> Result<(Option<u32>, i32), String> {
        let scope = scope.filter(|scope| {
            !matches!(scope.span, Span::ThisQuarter | Span::ThisYear) && *scope != label
        });
        let of_scope = || scope.and_then(|scope| self.numbers(scope, None).ok());
        let reported =
            || self.reported.ok_or_else(|| "no quarter is known to count from".to_owned());
        let after = |n: u32| -> Result<(u32, i32), String> {
            let reported = reported()?;
            let count = reported.quarter - 1 + n;
            Ok((count % 4 + 1, reported.year + (count / 4).cast_signed()))
        };
        match label.span {
            Span::Quarter(quarter) => {
                let year = match (label.year, of_scope()) {
                    (Some(year), _) => year,
                    (None, Some((Some(same), year))) if same == quarter => year,
                    (None, Some((None, year))) if self.is_ahead(quarter, year) => year,
                    _ => self.nearest(quarter)?,
                };
                Ok((Some(quarter), year))
            }
            Span::ThisQuarter => match of_scope() {
                Some((Some(quarter), year)) => Ok((Some(quarter), year)),
                _ => after(1).map(|(quarter, year)| (Some(quarter), year)),
            },
            Span::NextQuarter => after(1).map(|(quarter, year)| (Some(quarter), year)),
            Span::Half => Ok((None, label.year.unwrap_or(0))),
            Span::Year => label.year.map(|year| (None, year)).ok_or_else(|| "no year".to_owned()),
            Span::ThisYear => {
                if let Some(end) = label.end {
                    return Ok((None, year_of(end, 4)));
                }
                if let Some((_, year)) = of_scope() {
                    return Ok((None, year));
                }
                let reported = reported()?;
                if reported.quarter == 4 {
                    return Err("`the year` can be the one reported or the one to come".to_owned());
                }
                Ok((None, reported.year))
            }
            Span::NextYear => reported().map(|reported| (None, reported.year + 1)),
        }
    }

    fn is_ahead(&self, quarter: u32, year: i32) -> bool {
        self.reported.is_some_and(|reported| (year, quarter) > (reported.year, reported.quarter))
    }

    /// The year of the next quarter with a number: the reported one at the earliest.
    fn nearest(&self, quarter: u32) -> Result<i32, String> {
        let Some(reported) = self.reported else {
            return Err(
                "a quarter without its year, and no quarter is known to count from".to_owned()
            );
        };
        Ok(reported.year + i32::from(quarter < reported.quarter))
    }

    /// Steps from the reported quarter; back by quarters of equal length.
    fn quarter(&self, reported: Reported, ahead: i32) -> Result<Period, String> {
        let mut period = reported.period;
        for _ in 0..ahead.max(0) {
            period = self.rule.next(period);
        }
        let too_far = || "lies too far in the past".to_owned();
        for _ in 0..(-ahead.max(-QUARTERS_AHEAD)).max(0) {
            let end = period.start().pred_opt().ok_or_else(too_far)?;
            period = ending(self.rule, end).ok_or_else(too_far)?;
        }
        if ahead < -QUARTERS_AHEAD { Err(too_far()) } else { Ok(period) }
    }

    /// Calendar quarters and years, where the release tells no date of its own.
    fn calendar_place(
        &self,
        label: &Label,
        quarter: Option<u32>,
        year: i32,
    ) -> Result<Place, String> {
        if label.kind == YearKind::Fiscal {
            return Err(
                "the days of the fiscal period are not known: the release names no quarter's \
                        end, and no quarters are known"
                    .to_owned(),
            );
        }
        let month = quarter.map_or(1, |quarter| 3 * quarter - 2);
        let months = if quarter.is_some() { 3 } else { 12 };
        let start = NaiveDate::from_ymd_opt(year, month, 1).ok_or("no such year")?;
        let end = start + Months::new(months) - Days::new(1);
        if start > self.published + Months::new(24) || end + Months::new(12) < self.published {
            return Err(format!("`{year}` lies too far from the day of the release"));
        }
        let period = Period::new(start, end).map_err(|error| error.to_string())?;
        Ok(Place { period, has_ended: period.end() <= self.published })
    }
}

impl Reported {
    /// Whether the company's year is the calendar's, give or take a week.
    fn is_calendar(&self) -> bool {
        self.period.calendar_quarter() == (self.year, self.quarter)
    }
}

/// Whether a period is a quarter of whole weeks or months: vendors mix the dates of both.
fn is_quarter(period: Period) -> bool {
    let is_months = period.start().day() == 1 && is_month_end(period.end());
    period.frequency() == Some(Frequency::Quarter) && (is_months || period.n_days() % 7 == 0)
}

fn is_month_end(date: NaiveDate) -> bool {
    date.succ_opt().is_some_and(|next| next.day() == 1)
}

/// The last quarter that had ended by a known calendar, under the dates that the release gives if any.
fn last_quarter(
    known: &[Period],
    published: NaiveDate,
    end: Option<NaiveDate>,
) -> Option<(FiscalCalendar, Period)> {
    let rule = FiscalCalendar::infer(known).ok()?;
    let latest = known.iter().rev().find(|period| period.end() < published)?;
    let mut period = *latest;
    if let Some(end) = end {
        let near = |period: &Period| (period.end() - end).num_days().abs() <= 7;
        for _ in 0..40 {
            if near(&period) || period.end() > end {
                break;
            }
            period = rule.next(period);
        }
        // The release's own date counts. A calendar of other dates, as vendors round them to months,
        // is no calendar of this company.
        let is_own = period.end() == end
            || matches!(rule, FiscalCalendar::Weeks { weekday, .. } if weekday == end.weekday());
        let own = if period.end() == end { Some(period) } else { ending(rule, end) };
        return own.filter(|_| near(&period) && is_own).map(|period| (rule, period));
    }
    for _ in 0..40 {
        let next = rule.next(period);
        if next.end() >= published {
            break;
        }
        period = next;
    }
    Some((rule, period))
}

/// The quarter that ends on a day.
fn ending(rule: FiscalCalendar, end: NaiveDate) -> Option<Period> {
    let start = match rule {
        FiscalCalendar::Months { .. } => {
            let first = end.with_day(1)?;
            first.checked_sub_months(Months::new(2))?
        }
        _ => end.checked_sub_days(Days::new(90))?,
    };
    Period::new(start, end).ok()
}

/// Months if the quarter ends with a month and no other date of a statement speaks against it.
fn rule_of(end: NaiveDate, month_days: &[(u32, u32)]) -> FiscalCalendar {
    let other = month_days.iter().any(|(month, day)| {
        NaiveDate::from_ymd_opt(end.year(), *month, *day).is_some_and(|date| {
            // Only days a whole number of quarters away are heads of the company's statements.
            let off = (date - end).num_days().rem_euclid(91);
            let is_february = (*month, *day) == (2, 28);
            !is_month_end(date) && !is_february && (off <= 8 || off >= 83)
        })
    });
    if is_month_end(end) && !other {
        FiscalCalendar::Months { per_period: 3 }
    } else {
        FiscalCalendar::Weeks { weekday: end.weekday(), year_end: None }
    }
}

/// The dates and quarters that a release names.
struct Seen {
    end: Option<NaiveDate>,
    /// Heads of statements such as `July 28,`.
    month_days: Vec<(u32, u32)>,
    /// The quarters that are named: those in headings and beside `ended` first, and marked.
    named: Vec<(bool, Label)>,
}

impl Seen {
    fn of(blocks: &[Block], published: NaiveDate) -> Self {
        let (mut said, mut headed, mut dated) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut month_days = Vec::new();
        let mut named: Vec<(bool, Label)> = Vec::new();
        let mut last_table = (0, false);
        let mut open_days: Vec<(u32, u32)> = Vec::new();
        for block in blocks {
            if let Kind::Row(cells) = &block.kind {
                if last_table.0 != block.table {
                    last_table = (block.table, false);
                }
                last_table.1 |= block.text.to_lowercase().contains("months ended");
                for date in completed(&open_days, cells) {
                    if in_window(date, published) && date < published {
                        *headed.entry(date).or_insert(0) += 1;
                    }
                }
                open_days = cells.iter().filter_map(|cell| month_day(cell)).collect();
                month_days.extend(&open_days);
                for cell in cells {
                    head(cell, published, last_table.1, &mut month_days, &mut headed);
                }
            } else {
                for sentence in sentences(&block.text) {
                    let tokens = tokens(sentence);
                    let found = labels(&tokens);
                    let is_title = block.kind == Kind::Heading && !is_outlook(sentence);
                    let mut speaks_of_results = is_title && found.len() < 3;
                    for day in days(&tokens).iter().filter(|day| day.is_end) {
                        if in_window(day.date, published) {
                            *said.entry(day.date).or_insert(0) += 1;
                            speaks_of_results = true;
                        }
                    }
                    for day in days(&tokens).iter().filter(|day| day.is_state) {
                        if in_window(day.date, published) && day.date < published {
                            *dated.entry(day.date).or_insert(0) += 1;
                        }
                    }
                    let quarter = |label: &&Label| matches!(label.span, Span::Quarter(_));
                    named.extend(
                        found
                            .iter()
                            .filter(quarter)
                            .take(1)
                            .map(|label| (speaks_of_results, *label)),
                    );
                }
            }
        }
        named.sort_by_key(|(is_of_results, _)| !is_of_results);
        let latest = |dates: &BTreeMap<NaiveDate, i32>| dates.keys().next_back().copied();
        Self {
            end: latest(&said).or_else(|| latest(&headed)).or_else(|| latest(&dated)),
            month_days,
            named,
        }
    }

    fn rule(&self, end: NaiveDate) -> FiscalCalendar {
        rule_of(end, &self.month_days)
    }

    /// The calendar quarter that the release reports by its name alone.
    fn by_name(&self, published: NaiveDate) -> Option<Reported> {
        self.named.iter().find_map(|(_, label)| {
            let (Span::Quarter(quarter), Some(year)) = (label.span, label.year) else {
                return None;
            };
            let start = NaiveDate::from_ymd_opt(year, 3 * quarter - 2, 1)?;
            let end = start + Months::new(3) - Days::new(1);
            let period = Period::new(start, end).ok()?;
            (label.kind != YearKind::Fiscal && end < published && in_window(end, published))
                .then_some(Reported { period, quarter, year })
        })
    }

    /// The number of the reported quarter in the company's year, as the release calls it.
    fn number(&self, period: Period) -> Option<Reported> {
        let calendar = period.calendar_quarter();
        let mut plain: Option<u32> = None;
        for (is_of_results, label) in &self.named {
            let Span::Quarter(quarter) = label.span else { continue };
            let fits = |year: i32| year == year_of(period.end(), quarter);
            // Elsewhere than over the results, the quarter named may be the next one.
            let is_own = *is_of_results || calendar.1 == quarter || plain == Some(quarter);
            match label.year {
                Some(year) if fits(year) && is_own => {
                    return Some(Reported { period, quarter, year });
                }
                None if *is_of_results && plain.is_none() => plain = Some(quarter),
                _ => {}
            }
        }
        let quarter = plain.unwrap_or(calendar.1);
        let year = year_of(period.end(), quarter);
        (plain.is_some() || self.named.is_empty()).then_some(Reported { period, quarter, year })
    }
}

/// The year that a fiscal year is called by: the one in which it ends, ten days' grace given.
fn year_of(end: NaiveDate, quarter: u32) -> i32 {
    (end - Days::new(10) + Months::new(3 * (4 - quarter.min(4)))).year()
}

fn in_window(date: NaiveDate, published: NaiveDate) -> bool {
    date <= published && date + Days::new(DELAY) >= published
}

fn is_outlook(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["outlook", "guidance", "forecast"].iter().any(|word| lower.contains(word))
}

/// Reads `July 28,`, of which the year stands in the row below.
fn month_day(cell: &str) -> Option<(u32, u32)> {
    if cell.len() > 20 {
        return None;
    }
    match tokens(cell).as_slice() {
        [name, day] => Some((label::month(name.word())?, day.bare()?)),
        [name, day, comma] if comma.is_mark(',') => Some((label::month(name.word())?, day.bare()?)),
        _ => None,
    }
}

/// The days of one row with the years of the row below it.
fn completed(month_days: &[(u32, u32)], years: &[String]) -> Vec<NaiveDate> {
    let read: Vec<i32> = years.iter().filter_map(|cell| cell.trim().parse().ok()).collect();
    if read.len() != years.len() || read.len() != month_days.len() {
        return Vec::new();
    }
    let days = month_days.iter().zip(read);
    days.filter_map(|((month, day), year)| NaiveDate::from_ymd_opt(year, *month, *day)).collect()
}

/// Reads the head of a statement's column: `December 27, 2025`.
fn head(
    cell: &str,
    published: NaiveDate,
    in_statement: bool,
    month_days: &mut Vec<(u32, u32)>,
    headed: &mut BTreeMap<NaiveDate, i32>,
) {
    if cell.len() > 60 {
        return;
    }
    let tokens = tokens(cell);
    for day in days(&tokens) {
        if day.first == 0 || day.is_end {
            month_days.push((day.date.month(), day.date.day()));
        }
        if (in_statement || day.first == 0)
            && in_window(day.date, published)
            && day.date < published
        {
            *headed.entry(day.date).or_insert(0) += 1;
        }
    }
}
