//! Counts of what was asked and how long it took, in the text form that Prometheus reads.
//!
//! May use the standard library alone. A route's name is its pattern, never what a client sent.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the histogram's bins, in seconds.
const BINS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Requests so far.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(String, u16), u64>,
    latency: BTreeMap<String, Latency>,
}

#[derive(Debug, Default)]
struct Latency {
    bins: [u64; BINS.len()],
    seconds: f64,
    n: u64,
}

/// What is measured when asked.
pub(super) struct Now {
    /// Days from the last day known to today.
    pub(super) age_days: i64,
    /// Seconds since the archive was read.
    pub(super) loaded_seconds: f64,
    /// Bytes of memory held, where the system tells.
    pub(super) resident_bytes: Option<u64>,
    /// Pages that are kept.
    pub(super) n_kept: usize,
    /// Bytes of them.
    pub(super) kept_bytes: u64,
}

impl Metrics {
    /// One request to a route.
    pub(super) fn count(&self, route: &str, status: u16, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry((route.to_owned(), status)).or_default() += 1;
        let latency = counts.latency.entry(route.to_owned()).or_default();
        let seconds = took.as_secs_f64();
        for (bin, bound) in latency.bins.iter_mut().zip(BINS) {
            *bin += u64::from(seconds <= bound);
        }
        latency.seconds += seconds;
        latency.n += 1;
    }

    /// Everything as text.
    pub(super) fn text(&self, now: &Now) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        head(&mut text, "chipcast_requests_total", "counter", "Requests by route and status.");
        for ((route, status), n) in &counts.requests {
            let _ = writeln!(
                text,
                "chipcast_requests_total{{route=\"{route}\",status=\"{status}\"}} {n}"
            );
        }
        let name = "chipcast_request_seconds";
        head(&mut text, name, "histogram", "Time from request to answer.");
        for (route, latency) in &counts.latency {
            for (bound, n) in BINS.iter().zip(latency.bins) {
                let _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"{bound}\"}} {n}");
            }
            let Latency { seconds, n, .. } = latency;
            let _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"+Inf\"}} {n}");
            let _ = writeln!(text, "{name}_sum{{route=\"{route}\"}} {seconds}");
            let _ = writeln!(text, "{name}_count{{route=\"{route}\"}} {n}");
        }
        let mut gauge = |name: &str, help: &str, value: String| {
            head(&mut text, name, "gauge", help);
            let _ = writeln!(text, "{name} {value}");
        };
        let days = "Days from the last day known to today.";
        gauge("chipcast_archive_age_days", days, now.age_days.to_string());
        let seconds = "Seconds since the archive was read.";
        gauge("chipcast_archive_loaded_seconds", seconds, now.loaded_seconds.to_string());
        if let Some(bytes) = now.resident_bytes {
            gauge("process_resident_memory_bytes", "Memory held.", bytes.to_string());
        }
        gauge("chipcast_kept_pages", "Pages in the cache.", now.n_kept.to_string());
        gauge("chipcast_kept_bytes", "Bytes in the cache.", now.kept_bytes.to_string());
        text
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
