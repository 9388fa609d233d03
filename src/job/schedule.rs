//! When a job runs: the times of its cron line in its time zone, and what is done about missed ones.
//!
//! May use `error` and `job::file`. Never looks at the clock: the time is handed in.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;

use super::file::{CatchUp, Schedule};
use crate::error::{Error, Result};

/// Missed times that are looked at; more are the sign of a cron line that was not meant.
const MAX_MISSED: usize = 10_000;

/// The times of a schedule.
#[derive(Debug, Clone)]
pub struct Times {
    cron: Cron,
    zone: Tz,
    catch_up: CatchUp,
    start: Option<NaiveDate>,
}

/// A time at which a job is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The time.
    pub at: DateTime<Utc>,
    /// Its day in the schedule's time zone: the day that a replay of it shows.
    pub day: NaiveDate,
    /// Whether it was missed: a later time has come already.
    pub is_missed: bool,
}

impl Times {
    /// The times of a schedule.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the key, if the line is no cron line or the zone is unknown.
    pub fn new(schedule: &Schedule) -> Result<Self> {
        let Schedule { cron: line, time_zone, catch_up, start } = schedule;
        let cron = Cron::from_str(line).map_err(|e| {
            Error::invalid(format!("`schedule.cron` is `{line}`: {e}")).hint(
                "five fields are needed: minute, hour, day of the month, month, day of the week, \
                 such as `0 7 * * MON`",
            )
        })?;
        let zone = Tz::from_str(time_zone).map_err(|_| {
            Error::invalid(format!("`schedule.time_zone` is `{time_zone}`, which is no time zone"))
                .hint("time zones are named as in `America/New_York`, `Asia/Taipei`, `UTC`")
        })?;
        Ok(Self { cron, zone, catch_up: *catch_up, start: *start })
    }

    /// The next `n` times after a moment. A time that a change of the clock skips is run after it; one
    /// that comes twice is run once.
    pub fn next(&self, after: DateTime<Utc>, n: usize) -> Vec<DateTime<Tz>> {
        self.cron.iter_after(after.with_timezone(&self.zone)).take(n).collect()
    }

    /// The times after the last that was dealt with, up to `now`: all that are to be run, oldest first.
    ///
    /// - `last`: the last time dealt with; without one, times from the schedule's start count, and
    ///   without a start none.
    pub fn due(&self, last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Due> {
        let start = self.start.and_then(|day| self.midnight(day)).map(just_before);
        let after = match (last, start) {
            (Some(last), Some(start)) => last.max(start),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => return Vec::new(),
        };
        if after >= now {
            return Vec::new();
        }
        let come = self.cron.iter_after(after.with_timezone(&self.zone));
        let mut due: Vec<_> = come
            .take_while(|at| *at <= now)
            .take(MAX_MISSED)
            .map(|at| Due { at: at.to_utc(), day: at.date_naive(), is_missed: true })
            .collect();
        if let Some(newest) = due.last_mut() {
            newest.is_missed = false;
        }
        match self.catch_up {
            CatchUp::All => due,
            CatchUp::Latest => due.pop().into_iter().collect(),
            CatchUp::None => Vec::new(),
        }
    }

    fn midnight(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let local = day.and_time(NaiveTime::MIN);
        self.zone.from_local_datetime(&local).earliest().map(|at| at.to_utc())
    }
}

fn just_before(at: DateTime<Utc>) -> DateTime<Utc> {
    at - chrono::Duration::seconds(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(cron: &str, zone: &str, catch_up: CatchUp, start: Option<&str>) -> Times {
        let start = start.map(|day| day.parse().expect("a day"));
        Times::new(&Schedule { cron: cron.into(), time_zone: zone.into(), catch_up, start })
            .expect("a schedule")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn missed_times_are_run_as_asked() {
        let now = at("2026-03-20T12:00:00Z");
        let last = Some(at("2026-03-02T07:00:00Z"));
        let days = |catch_up| -> Vec<String> {
            let times = times("0 7 * * MON", "UTC", catch_up, None);
            times.due(last, now).iter().map(|due| due.day.to_string()).collect()
        };
        assert_eq!(days(CatchUp::All), ["2026-03-09", "2026-03-16"]);
        assert_eq!(days(CatchUp::Latest), ["2026-03-16"]);
        assert!(days(CatchUp::None).is_empty());
        let weekly = times("0 7 * * MON", "UTC", CatchUp::All, Some("2026-03-16"));
        assert_eq!(weekly.due(None, now).len(), 1);
        assert!(times("0 7 * * MON", "UTC", CatchUp::All, None).due(None, now).is_empty());
    }

    #[test]
    fn a_clock_set_back_runs_nothing_twice() {
        let weekly = times("0 7 * * MON", "UTC", CatchUp::All, Some("2026-01-01"));
        let last = Some(at("2026-03-16T07:00:00Z"));
        assert!(weekly.due(last, at("2026-02-01T00:00:00Z")).is_empty());
        assert!(weekly.due(last, at("2026-03-16T07:00:00Z")).is_empty());
        assert_eq!(weekly.due(last, at("2026-03-23T07:00:00Z")).len(), 1);
    }

    #[test]
    fn a_time_of_the_day_keeps_to_the_zone_through_both_changes_of_the_clock() {
        let daily = times("30 2 * * *", "America/New_York", CatchUp::All, None);
        let told = |from: &str, n| -> Vec<String> {
            daily.next(at(from), n).iter().map(|at| at.to_utc().to_rfc3339()).collect()
        };
        // 2026-03-08 has no 02:30 there: it is run when the clock has jumped. 2026-11-01 has one 02:30,
        // and 01:30 twice.
        let spring = told("2026-03-07T08:00:00Z", 2);
        assert_eq!(spring[1], "2026-03-09T06:30:00+00:00", "{spring:?}");
        let jump = "2026-03-08T07:00:00+00:00".."2026-03-08T08:00:00+00:00";
        assert!(jump.contains(&spring[0].as_str()), "{spring:?}");
        let autumn = times("30 1 * * *", "America/New_York", CatchUp::All, None);
        let days: Vec<_> =
            autumn.next(at("2026-10-31T12:00:00Z"), 3).iter().map(DateTime::date_naive).collect();
        assert_eq!(days.len(), 3);
        assert!(days.windows(2).all(|pair| pair[0] < pair[1]), "once a day: {days:?}");
    }
}
