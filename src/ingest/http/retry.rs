//! When a failed try is followed by another, and after what wait.
//!
//! May use `error`, `limits` and `pace`. Never asks again after a refusal, unless the source names
//! a short wait.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use backon::{BlockingRetryable, ExponentialBuilder};
use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::limits::Limits;
use super::pace::sleep;
use crate::error::{Error, Result};

/// Why a try failed, and whether another can help.
#[derive(Debug)]
pub(super) struct Failure {
    error: Error,
    again: Again,
}

/// Whether another try can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It cannot, or is not wanted.
    Never,
    /// After the usual wait.
    Soon,
    /// After the wait that the source asks for.
    After(Duration),
    /// After the rest that the source asks for, where it says how long.
    Rest(Option<Duration>),
}

impl Failure {
    /// Another try cannot help.
    pub(super) fn lasting(error: Error) -> Self {
        Self { error, again: Again::Never }
    }

    /// Another try can help, after the wait that the source asks for or the usual one.
    pub(super) fn passing(message: String, wait: Option<Duration>) -> Self {
        Self { error: Error::fetch(message), again: wait.map_or(Again::Soon, Again::After) }
    }

    /// A refusal for too many requests, which ends by itself; the source may say when.
    pub(super) fn refused(error: Error, wait: Option<Duration>) -> Self {
        Self { error, again: Again::Rest(wait) }
    }

    /// Whether the source asks for fewer requests.
    pub(super) fn asks_for_rest(&self) -> bool {
        matches!(self.again, Again::Rest(_))
    }

    /// The same, with no other try.
    pub(super) fn without_wait(self) -> Self {
        Self { again: Again::Never, ..self }
    }

    /// Records the underlying cause.
    pub(super) fn because(self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { error: self.error.caused_by(cause), ..self }
    }

    /// The wait that the source asks for.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self.again {
            Again::Never | Again::Soon => None,
            Again::After(wait) => Some(wait),
            Again::Rest(wait) => wait,
        }
    }

    /// The error of a request that is given up.
    fn give_up(self, n_tried: u32, limits: &Limits) -> Error {
        match self.wait() {
            Some(wait) if wait > limits.wait_max => self.error.hint(format!(
                "the source asks to wait {} s, and at most {} s are waited here: try again then",
                wait.as_secs(),
                limits.wait_max.as_secs()
            )),
            _ if matches!(self.again, Again::Soon | Again::After(_)) => self.error.hint(format!(
                "tried {n_tried} times; try again later, or read a saved file with `--from-file`"
            )),
            _ => self.error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::lasting(error)
    }
}

/// Tries until it succeeds, cannot, or was tried often enough: with waits that double and vary, or
/// after the time that the source names.
pub(super) fn retry<T>(
    limits: &Limits,
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<T> {
    let n_tried = Cell::new(0);
    let wait = Rc::new(Cell::new(Duration::ZERO));
    let kept = Rc::clone(&wait);
    let counted = || {
        n_tried.set(n_tried.get() + 1);
        attempt()
    };
    let may_follow = |failure: &Failure| match failure.again {
        Again::Never => false,
        Again::Soon => true,
        Again::After(wait) => wait <= limits.wait_max,
        Again::Rest(wait) => wait.is_some_and(|wait| wait <= limits.wait_max),
    };
    counted
        .retry(waits(limits))
        .when(may_follow)
        .notify(|failure, usual| wait.set(failure.wait().unwrap_or(usual)))
        .sleep(move |_| sleep(kept.get()))
        .call()
        .map_err(|failure| failure.give_up(n_tried.get(), limits))
}

/// The usual waits: each up to twice the one before, by chance, so that many callers do not come
/// back at once.
fn waits(limits: &Limits) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(limits.backoff)
        .with_max_delay(limits.wait_max)
        .with_max_times(limits.attempts.max(1) as usize - 1)
        .with_jitter()
}

/// The wait that an answer asks for, in seconds or as a date counted from the answer's own.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let text = header(RETRY_AFTER)?;
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let wait = http_date(text)? - http_date(header(DATE)?)?;
    Some(wait.to_std().unwrap_or_default())
}

/// A date in one of the three forms that HTTP knows.
pub(super) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let old = |form| NaiveDateTime::parse_from_str(text, form).ok().map(|date| date.and_utc());
    let usual = DateTime::parse_from_rfc2822(text).ok().map(DateTime::<Utc>::from);
    usual.or_else(|| old("%A, %d-%b-%y %H:%M:%S GMT")).or_else(|| old("%a %b %e %H:%M:%S %Y"))
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;

    use super::*;

    #[test]
    fn waits_grow_and_vary_within_bounds() {
        let bounds = [500, 1000, 2000];
        for _ in 0..20 {
            let waits: Vec<_> = waits(&Limits::default()).build().collect();
            assert_eq!(waits.len(), bounds.len(), "three waits between four tries");
            for (wait, low) in waits.iter().zip(bounds) {
                let low = Duration::from_millis(low);
                assert!(*wait >= low && *wait <= 2 * low, "{wait:?}");
            }
        }
        let none = Limits { backoff: Duration::ZERO, ..Limits::default() };
        assert!(waits(&none).build().all(|wait| wait.is_zero()));
        assert_eq!(waits(&Limits { attempts: 0, ..none }).build().count(), 0);
    }

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date() {
        let wait = |after: &str, date: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, after.parse().expect("a value"));
            headers.insert(DATE, date.parse().expect("a value"));
            retry_after(&headers).map(|wait| wait.as_secs())
        };
        let date = "Tue, 24 Nov 2026 10:00:00 GMT";
        assert_eq!(wait("7", date), Some(7));
        assert_eq!(wait("99999999999999999999999", date), Some(u64::MAX));
        assert_eq!(wait("Tue, 24 Nov 2026 10:00:30 GMT", date), Some(30));
        assert_eq!(wait("Tuesday, 24-Nov-26 10:00:30 GMT", date), Some(30));
        assert_eq!(wait("Tue Nov 24 10:00:30 2026", date), Some(30));
        assert_eq!(wait("Tue, 24 Nov 2026 09:00:00 GMT", date), Some(0), "past");
        for unusable in ["", "-1", "soon", "1.5"] {
            assert_eq!(wait(unusable, date), None, "{unusable}");
        }
        assert_eq!(wait("Tue, 24 Nov 2026 10:00:30 GMT", "none"), None, "no date to count from");
    }

    #[test]
    fn a_refusal_is_followed_only_by_the_wait_it_names() {
        let limits = Limits { backoff: Duration::ZERO, attempts: 3, ..Limits::default() };
        for (wait, n_expected) in [(None, 1), (Some(0), 3), (Some(61), 1)] {
            let mut n_tried = 0;
            let given_up = retry::<()>(&limits, || {
                n_tried += 1;
                let error = Error::fetch("no").hint("rest");
                Err(Failure::refused(error, wait.map(Duration::from_secs)))
            });
            assert_eq!(n_tried, n_expected);
            let error = given_up.expect_err("refused");
            let hint = if wait == Some(61) { "wait 61 s, and at most 60 s" } else { "rest" };
            assert!(error.advice().is_some_and(|advice| advice.contains(hint)), "{error:?}");
        }
    }
}
