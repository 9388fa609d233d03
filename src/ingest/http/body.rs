//! A body, read piece by piece within limits of size and time.
//!
//! May use nothing of the crate outside `http`. Never keeps more than one piece itself.

use std::io::Read;
use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};

use super::retry::Failure;
use crate::error::Error;

/// Bytes read at a time.
const PIECE: usize = 64 << 10;
/// Bytes a second below which a body stalls.
const TRICKLE: u128 = 1000;

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is read.
    pub url: &'a str,
    /// Bytes so far, unpacked.
    pub done: u64,
    /// Bytes in all, where the source says so.
    pub total: Option<u64>,
    /// Whether it ended, well or not: the last word about this transfer.
    pub over: bool,
}

/// Who is told how far a transfer is.
pub(super) type Hook = dyn Fn(Progress<'_>) + Send + Sync;

/// What a body may be.
pub(super) struct Rules {
    /// Bytes in all, those from before included.
    pub(super) limit: u64,
    /// Time for all of it.
    pub(super) timeout: Option<Duration>,
    /// Time in which hardly a byte comes.
    pub(super) stall: Duration,
}

/// A body to be read.
pub(super) struct Body<'a> {
    pub(super) url: &'a Url,
    /// Bytes that are there from an earlier try.
    pub(super) before: u64,
    /// Bytes in all, where the source says so.
    pub(super) total: Option<u64>,
}

/// The bytes that the headers promise.
pub(super) fn promised(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

impl Body<'_> {
    /// Reads to the end, handing on each piece.
    pub(super) fn read(
        &self,
        from: impl Read,
        rules: &Rules,
        hook: &Hook,
        take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut done = self.before;
        let outcome = self.pieces(from, rules, hook, take, &mut done);
        hook(Progress { url: self.url.as_str(), done, total: self.total, over: true });
        outcome
    }

    fn pieces(
        &self,
        mut from: impl Read,
        rules: &Rules,
        hook: &Hook,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
        done: &mut u64,
    ) -> Result<(), Failure> {
        let (url, total) = (self.url, self.total);
        if total.is_some_and(|total| total > rules.limit) {
            return Err(too_large(url, rules.limit));
        }
        let of = total.map_or(String::new(), |total| format!(" of {total}"));
        let mut watch = Watch::new(rules);
        let mut piece = vec![0; PIECE];
        loop {
            hook(Progress { url: url.as_str(), done: *done, total, over: false });
            let n = from.read(&mut piece).map_err(|e| {
                let message = format!("`{url}` broke off after {done} bytes{of}");
                Failure::passing(message, None).because(e)
            })?;
            if n == 0 {
                return Ok(());
            }
            *done += n as u64;
            if *done > rules.limit {
                return Err(too_large(url, rules.limit));
            }
            take(&piece[..n])?;
            watch.saw(n).map_err(|why| {
                Failure::passing(format!("`{url}` {why}, after {done} bytes{of}"), None)
            })?;
        }
    }
}

fn too_large(url: &Url, limit: u64) -> Failure {
    Error::fetch(format!("`{url}` sends more than {limit} bytes; needed less")).into()
}

/// Sees that a body does not trickle on for ever. A pause without any byte is ended by the connection.
struct Watch<'a> {
    rules: &'a Rules,
    begun: Instant,
    window_begun: Instant,
    window_bytes: u128,
}

impl<'a> Watch<'a> {
    fn new(rules: &'a Rules) -> Self {
        let now = now();
        Self { rules, begun: now, window_begun: now, window_bytes: 0 }
    }

    fn saw(&mut self, n: usize) -> Result<(), String> {
        self.saw_at(n, now())
    }

    fn saw_at(&mut self, n: usize, now: Instant) -> Result<(), String> {
        if let Some(timeout) = self.rules.timeout.filter(|t| now - self.begun > *t) {
            return Err(format!("did not end within {} s", timeout.as_secs_f32()));
        }
        self.window_bytes += n as u128;
        let window = now - self.window_begun;
        if window > self.rules.stall {
            let rate = self.window_bytes * 1000 / window.as_millis().max(1);
            if rate < TRICKLE {
                return Err(format!("stalls at {rate} bytes a second; needed {TRICKLE}"));
            }
            (self.window_begun, self.window_bytes) = (now, 0);
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "the time that an answer takes is measured here")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(timeout: Option<u64>) -> Rules {
        let timeout = timeout.map(Duration::from_secs);
        Rules { limit: 1000, timeout, stall: Duration::from_secs(30) }
    }

    #[test]
    fn a_trickle_is_ended_and_a_stream_is_not() {
        let rules = rules(None);
        let mut watch = Watch::new(&rules);
        let at = |watch: &Watch<'_>, seconds| watch.begun + Duration::from_secs(seconds);
        for second in 1..=3600 {
            let now = at(&watch, second);
            assert!(watch.saw_at(1001, now).is_ok(), "second {second}");
        }
        let mut watch = Watch::new(&rules);
        let first = (1..100).find(|second| {
            let now = at(&watch, *second);
            watch.saw_at(1, now).is_err()
        });
        assert_eq!(first, Some(31), "a byte a second");
    }

    #[test]
    fn a_body_that_takes_too_long_is_ended() {
        let rules = rules(Some(120));
        let mut watch = Watch::new(&rules);
        let now = watch.begun + Duration::from_secs(121);
        let why = watch.saw_at(1 << 20, now).expect_err("too late");
        assert_eq!(why, "did not end within 120 s");
    }
}
