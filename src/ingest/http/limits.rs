//! How much, how fast and how often.
//!
//! Uses nothing of the crate. Numbers only; nothing here acts on them.

use std::time::Duration;

/// How much, how fast and how often.
///
/// | field | default | purpose | range |
/// |---|---|---|---|
/// | `attempts` | 4 | times one request is tried | 1 and more |
/// | `backoff` | 0.5 s | wait before the second try, doubled for each further one | 0 and more |
/// | `wait_max` | 60 s | longest wait that a source may ask for | 0 and more |
/// | `connect` | 15 s | time to reach a host | above 0 |
/// | `stall` | 30 s | time without an answer, or with hardly a byte of it | above 0 |
/// | `timeout` | 120 s | time for one try of `get`, body included | above 0 |
/// | `bytes_max` | 256 MB | size of an answer to `get`, unpacked | above 0 |
/// | `download_max` | 4 GB | size of a file that `download` takes | above 0 |
/// | `per_second` | 8 | requests to the hosts of one source in a second | 1 and more |
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Times one request is tried.
    pub attempts: u32,
    /// Wait before the second try; each wait is longer by a random share of itself.
    pub backoff: Duration,
    /// Longest wait that a source may ask for.
    pub wait_max: Duration,
    /// Time to reach a host.
    pub connect: Duration,
    /// Time without an answer, or in which less than 1 kB a second comes.
    pub stall: Duration,
    /// Time for one try of `get`.
    pub timeout: Duration,
    /// Size of an answer to `get`, unpacked.
    pub bytes_max: u64,
    /// Size of a file that `download` takes.
    pub download_max: u64,
    /// Requests to the hosts of one source in a second.
    pub per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 4,
            backoff: Duration::from_millis(500),
            wait_max: Duration::from_mins(1),
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(30),
            timeout: Duration::from_mins(2),
            bytes_max: 256_000_000,
            download_max: 4_000_000_000,
            per_second: 8,
        }
    }
}
