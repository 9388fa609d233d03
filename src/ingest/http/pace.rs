//! The pace of requests: a token bucket of one token for each source, shared by all threads. And the
//! only wait for a source.
//!
//! May use `error` and `hosts`. Never lets two requests to one source go closer together than its
//! pace.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use reqwest::Url;

use super::hosts::domain;
use crate::error::{Error, Result};

/// How much further apart turns are than the pace needs: two requests may take unlike times on their
/// way, and the source counts when they arrive.
const MARGIN: f64 = 1.02;

/// Sources that want to be asked less often: FRED allows 120 requests a minute.
const SLOW: [&str; 1] = ["stlouisfed.org"];
/// Requests a second to those.
const SLOW_PER_SECOND: u32 = 2;

type Turns<C> =
    RateLimiter<String, HashMapStateStore<String>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The turns of each source, and the sources that asked to be left alone.
pub(super) struct Pace<C: Clock = DefaultClock> {
    turns: Turns<C>,
    slow_turns: Turns<C>,
    standings: Mutex<BTreeMap<String, Standing>>,
}

/// How a source took our requests, once it refused one for being too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It named a wait, which was kept.
    Warned,
    /// It is not asked any more.
    Closed,
}

impl Pace {
    /// Turns by the machine's clock.
    pub(super) fn new(per_second: u32) -> Self {
        Self::by_clock(per_second, DefaultClock::default())
    }

    /// Waits until the source of a URL may be asked, and takes that turn.
    ///
    /// # Errors
    /// [`Error::Fetch`] if the source refused further requests in this run.
    pub(super) fn take_turn(&self, url: &Url) -> Result<()> {
        let source = domain(url);
        loop {
            if self.standings().get(&source) == Some(&Standing::Closed) {
                return Err(Error::fetch(format!(
                    "`{url}` was not asked: `{source}` refused for too many requests in this run"
                ))
                .hint("wait ten minutes, and keep to one run at a time"));
            }
            match self.turn(&source) {
                None => return Ok(()),
                Some(wait) => sleep(wait),
            }
        }
    }

    /// Asks the source of a URL no more.
    pub(super) fn close(&self, url: &Url) {
        self.standings().insert(domain(url), Standing::Closed);
    }

    /// Notes that the source of a URL named a wait; whether this was the first time.
    pub(super) fn warn(&self, url: &Url) -> bool {
        let mut standings = self.standings();
        let is_first = !standings.contains_key(&domain(url));
        standings.entry(domain(url)).or_insert(Standing::Warned);
        is_first
    }

    fn standings(&self) -> MutexGuard<'_, BTreeMap<String, Standing>> {
        self.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock + Clone> Pace<C> {
    fn by_clock(per_second: u32, clock: C) -> Self {
        let turns = |per_second: u32| {
            let period = Duration::from_secs(1).mul_f64(MARGIN) / per_second.max(1);
            let quota = Quota::with_period(period.max(Duration::from_nanos(1)))
                .expect("a nanosecond is above zero");
            RateLimiter::hashmap_with_clock(quota, clock.clone())
        };
        let slow_turns = turns(per_second.min(SLOW_PER_SECOND));
        Self { turns: turns(per_second), slow_turns, standings: Mutex::default() }
    }

    /// Takes a turn, or says how long to wait before asking for one again.
    fn turn(&self, source: &String) -> Option<Duration> {
        let is_slow = SLOW.contains(&source.as_str());
        let turns = if is_slow { &self.slow_turns } else { &self.turns };
        let busy = turns.check_key(source).err()?;
        Some(busy.wait_time_from(turns.clock().now()))
    }
}

impl<C: Clock> fmt::Debug for Pace<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("standings", &self.standings).finish_non_exhaustive()
    }
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "the one place that waits")]
pub(super) fn sleep(wait: Duration) {
    if !wait.is_zero() {
        std::thread::sleep(wait);
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    /// Virtual times at which a source that is asked without rest gets its turns.
    fn turns(source: &str, per_second: u32, n: usize) -> Vec<Duration> {
        let clock = FakeRelativeClock::default();
        let pace = Pace::by_clock(per_second, clock.clone());
        let (mut now, mut taken) = (Duration::ZERO, Vec::new());
        while taken.len() < n {
            match pace.turn(&source.to_owned()) {
                None => taken.push(now),
                Some(wait) => {
                    now += wait;
                    clock.advance(wait);
                }
            }
        }
        taken
    }

    #[test]
    fn no_second_sees_more_turns_than_the_pace() {
        for per_second in [1, 8, 10] {
            let taken = turns("sec.gov", per_second, 50);
            let second = Duration::from_secs(1);
            let busiest = taken
                .iter()
                .map(|from| taken.iter().filter(|t| (*from..*from + second).contains(*t)).count())
                .max();
            assert_eq!(busiest, Some(per_second as usize));
        }
    }

    #[test]
    fn fred_is_asked_at_most_120_times_a_minute() {
        let taken = turns("stlouisfed.org", 8, 121);
        assert!(taken[0] + Duration::from_mins(1) <= taken[120], "{taken:?}");
    }

    #[test]
    fn sources_do_not_wait_for_one_another() {
        let pace = Pace::by_clock(8, FakeRelativeClock::default());
        assert_eq!(pace.turn(&"sec.gov".to_owned()), None);
        assert_eq!(pace.turn(&"epoch.ai".to_owned()), None);
        assert_eq!(pace.turn(&"sec.gov".to_owned()), Some(Duration::from_micros(127_500)));
    }

    #[test]
    fn a_source_that_refused_is_left_alone() {
        let pace = Pace::new(1000);
        let url = |text: &str| Url::parse(text).expect("a URL");
        pace.close(&url("https://data.sec.gov/a"));
        let error = pace.take_turn(&url("https://www.sec.gov/b")).expect_err("closed");
        assert!(error.to_string().contains("`sec.gov` refused for too many requests"), "{error}");
        assert!(pace.take_turn(&url("https://epoch.ai/")).is_ok());
    }
}
