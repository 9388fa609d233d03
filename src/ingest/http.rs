//! The network: one blocking client that says who it is, keeps to each host's pace and gives up
//! politely. The only file that may open a connection or sleep.
//!
//! May use `error` and `ingest`'s request. Never writes to disk, never follows a link to a host
//! that is not on its list, and never asks again after a refusal.

use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::DateTime;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_LENGTH, DATE, RETRY_AFTER};
use reqwest::{StatusCode, Url, redirect};

use super::{Identity, Request};
use crate::error::{Error, Result};

/// Hosts of the sources that are built in.
const HOSTS: [&str; 9] = [
    "data.sec.gov",
    "www.sec.gov",
    "efts.sec.gov",
    "fred.stlouisfed.org",
    "api.stlouisfed.org",
    "openapi.twse.com.tw",
    "mopsov.twse.com.tw",
    "epoch.ai",
    "gs.statcounter.com",
];
/// What hosts that do not ask for a name are told.
const ANONYMOUS: &str = concat!("chipcast/", env!("CARGO_PKG_VERSION"));
/// How to say who you are.
const IDENTITY_HINT: &str =
    "set `--user-agent \"Name name@example.org\"` or the variable `CHIPCAST_USER_AGENT`";
/// Links followed from one request.
const REDIRECTS_MAX: usize = 5;

/// Gets what sources ask for.
///
/// ```
/// use chipcast::ingest::http::{Client, Hosts};
///
/// let client = Client::new(Some("Ada Lovelace ada@example.org"), Hosts::known())?;
/// assert!(Client::new(Some("no address"), Hosts::known()).is_err());
/// # drop(client);
/// # Ok::<(), chipcast::Error>(())
/// ```
#[derive(Debug)]
pub struct Client {
    inner: reqwest::blocking::Client,
    user_agent: Option<String>,
    hosts: Hosts,
    limits: Limits,
    next_turn: Mutex<HashMap<String, Instant>>,
}

/// The hosts that may be asked.
#[derive(Debug, Clone)]
pub struct Hosts {
    names: BTreeSet<String>,
    has_loopback: bool,
}

/// How much, how fast and how often.
///
/// | field | default | purpose | range |
/// |---|---|---|---|
/// | `attempts` | 4 | times one request is tried | 1 and more |
/// | `backoff` | 0.5 s | wait before the second try, doubled for each further one | 0 and more |
/// | `wait_max` | 60 s | longest wait that a source may ask for | 0 and more |
/// | `timeout` | 120 s | time for one try, body included | above 0 |
/// | `bytes_max` | 256 MB | size of an answer, unpacked | above 0 |
/// | `per_second` | 8 | requests to one host in a second | 1 and more |
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Times one request is tried.
    pub attempts: u32,
    /// Wait before the second try.
    pub backoff: Duration,
    /// Longest wait that a source may ask for.
    pub wait_max: Duration,
    /// Time for one try.
    pub timeout: Duration,
    /// Size of an answer, unpacked.
    pub bytes_max: u64,
    /// Requests to one host in a second.
    pub per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 4,
            backoff: Duration::from_millis(500),
            wait_max: Duration::from_mins(1),
            timeout: Duration::from_mins(2),
            bytes_max: 256_000_000,
            per_second: 8,
        }
    }
}

impl Hosts {
    /// The hosts of the built-in sources.
    pub fn known() -> Self {
        Self { names: HOSTS.map(str::to_owned).into(), has_loopback: false }
    }

    /// The same, and the host of a base URL that the user configured.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is no URL, or neither https nor on this machine.
    pub fn with_base(mut self, base_url: &str) -> Result<Self> {
        let url = parse_url(base_url)?;
        let is_loopback = is_loopback(&url);
        if url.scheme() != "https" && !is_loopback {
            return Err(Error::invalid(format!(
                "base URL `{base_url}` is neither https nor on this machine"
            )));
        }
        self.has_loopback |= is_loopback;
        self.names.extend(url.host_str().map(str::to_owned));
        Ok(self)
    }

    /// Whether a URL may be asked; plain http only on this machine.
    fn allow(&self, url: &Url) -> bool {
        let is_listed = url.host_str().is_some_and(|host| self.names.contains(host));
        is_listed && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
    }
}

impl Client {
    /// A client with the default [`Limits`].
    ///
    /// `user_agent` is the caller's name and e-mail address, sent only where a source asks for it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `user_agent` has no e-mail address; [`Error::Fetch`] if the machine's
    /// certificates cannot be read.
    pub fn new(user_agent: Option<&str>, hosts: Hosts) -> Result<Self> {
        Self::with_limits(user_agent, hosts, Limits::default())
    }

    /// A client with limits of one's own.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_limits(user_agent: Option<&str>, hosts: Hosts, limits: Limits) -> Result<Self> {
        let user_agent = user_agent.map(check_identity).transpose()?;
        let allowed = hosts.clone();
        let policy = redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > REDIRECTS_MAX {
                attempt.error("too many redirects")
            } else if allowed.allow(attempt.url()) {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "the network is reached here and nowhere else"
        )]
        let mut builder = reqwest::blocking::Client::builder()
            .redirect(policy)
            .timeout(limits.timeout)
            .connect_timeout(limits.timeout.min(Duration::from_secs(15)));
        if hosts.has_loopback {
            builder = builder.no_proxy();
        }
        let inner = builder
            .build()
            .map_err(|e| Error::fetch("no connection can be made on this machine").caused_by(e))?;
        Ok(Self { inner, user_agent, hosts, limits, next_turn: Mutex::default() })
    }

    /// The whole answer to a request, unpacked.
    ///
    /// Network errors, 429 and 5xx are tried again with growing waits, or after the time that the
    /// source names. A refusal (403) is not: it would prolong itself.
    ///
    /// # Errors
    /// [`Error::Fetch`] if the host is not listed, identity is missing, or the source does not
    /// answer with success; [`Error::NotFound`] on 404.
    pub fn get(&self, request: &Request) -> Result<Vec<u8>> {
        let url = parse_url(&request.url)?;
        if !self.hosts.allow(&url) {
            return Err(Error::fetch(format!("`{url}` is not on the list of sources"))
                .hint("sources are asked over https; a mirror is named by its base URL"));
        }
        let user_agent = self.identity(request)?;
        let mut failed_attempts = 0;
        loop {
            self.wait_for_turn(url.host_str().unwrap_or_default());
            let failure = match self.attempt(&url, request.identity, user_agent) {
                Ok(bytes) => return Ok(bytes),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(failure)) => failure,
            };
            failed_attempts += 1;
            if failed_attempts >= self.limits.attempts.max(1) {
                return Err(failure.error.hint(format!(
                    "tried {failed_attempts} times; try again later, or read a saved file with \
                     `--from-file`"
                )));
            }
            let backoff = backoff(self.limits.backoff, &request.url, failed_attempts);
            let wait = failure.retry_after.unwrap_or(backoff);
            if wait > self.limits.wait_max {
                return Err(failure.error.hint(format!(
                    "the source asks to wait {} s: try again then",
                    wait.as_secs()
                )));
            }
            sleep(wait);
        }
    }

    fn identity(&self, request: &Request) -> Result<&str> {
        match (request.identity, &self.user_agent) {
            (Identity::NotAsked, _) => Ok(ANONYMOUS),
            (Identity::Required, Some(user_agent)) => Ok(user_agent),
            (Identity::Required, None) => Err(Error::fetch(format!(
                "`{}` answers only callers who say who they are; no name was given",
                request.url
            ))
            .hint(IDENTITY_HINT)),
        }
    }

    fn attempt(
        &self,
        url: &Url,
        identity: Identity,
        user_agent: &str,
    ) -> std::result::Result<Vec<u8>, Failure> {
        let answer = self.inner.get(url.clone()).header("User-Agent", user_agent).send();
        let response = answer
            .map_err(|e| Failure::passing(format!("`{url}` cannot be reached"), None).because(e))?;
        let status = response.status();
        if status.is_success() {
            return self.body(url, response);
        }
        if status == StatusCode::FORBIDDEN {
            return Err(Failure::Final(refusal(url, identity)));
        }
        if status == StatusCode::NOT_FOUND {
            return Err(Failure::Final(Error::not_found(format!("`{url}` does not exist (404)"))));
        }
        let message = format!("`{url}` answered {status}; needed 200");
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Err(Failure::passing(message, retry_after(&response)));
        }
        let link = response.headers().get("location").and_then(|link| link.to_str().ok());
        Err(Failure::Final(match link.filter(|_| status.is_redirection()) {
            Some(link) => Error::fetch(format!(
                "`{url}` links on to `{link}`, which is not on the list of sources"
            )),
            None => Error::fetch(message),
        }))
    }

    /// Reads an answer up to the size limit, unpacked.
    fn body(&self, url: &Url, response: Response) -> std::result::Result<Vec<u8>, Failure> {
        let limit = self.limits.bytes_max;
        let promised = response.headers().get(CONTENT_LENGTH).and_then(|n| n.to_str().ok());
        let promised = promised.and_then(|n| n.parse::<u64>().ok());
        let too_large = || {
            Failure::Final(Error::fetch(format!(
                "`{url}` sends more than {limit} bytes; needed less"
            )))
        };
        if promised.is_some_and(|n| n > limit) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        response.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| {
            let of = promised.map_or(String::new(), |n| format!(" of {n}"));
            let message = format!("`{url}` broke off after {} bytes{of}", bytes.len());
            Failure::passing(message, None).because(e)
        })?;
        if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
    }

    /// Waits until the host may be asked again, and takes that turn.
    fn wait_for_turn(&self, host: &str) {
        let now = now();
        let turn = {
            let mut next = self.next_turn.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = next.get(host).copied().unwrap_or(now).max(now);
            let pace = Duration::from_secs(1) / self.limits.per_second.max(1);
            next.insert(host.to_owned(), turn + pace);
            turn
        };
        sleep(turn - now);
    }
}

/// Why a try failed.
enum Failure {
    /// Trying again can help.
    Passing(Box<Passing>),
    /// Trying again cannot help, or is not wanted.
    Final(Error),
}

struct Passing {
    error: Error,
    retry_after: Option<Duration>,
}

impl Failure {
    fn passing(message: String, retry_after: Option<Duration>) -> Self {
        Self::Passing(Box::new(Passing { error: Error::fetch(message), retry_after }))
    }

    fn because(self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        match self {
            Self::Passing(passing) => {
                let Passing { error, retry_after } = *passing;
                Self::Passing(Box::new(Passing { error: error.caused_by(cause), retry_after }))
            }
            Self::Final(error) => Self::Final(error.caused_by(cause)),
        }
    }
}

/// A refusal, explained: SEC answers 403 both to callers without a name and to those in a hurry.
fn refusal(url: &Url, identity: Identity) -> Error {
    match identity {
        Identity::Required => Error::fetch(format!(
            "`{url}` answered 403: refused for want of a name and e-mail address, or for too \
             many requests"
        ))
        .hint(format!("wait ten minutes, keep to one run at a time, and {IDENTITY_HINT}")),
        Identity::NotAsked => Error::fetch(format!("`{url}` answered 403: refused"))
            .hint("the source may have closed this address; read a saved file with `--from-file`"),
    }
}

/// The wait that an answer asks for, in seconds or as a date counted from the answer's own.
fn retry_after(response: &Response) -> Option<Duration> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let text = header(RETRY_AFTER)?;
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| DateTime::parse_from_rfc2822(text).ok();
    (date(text)? - date(header(DATE)?)?).to_std().ok()
}

/// The wait before another try: doubled each time, between half of it and all of it by a hash of
/// the URL and the try, so that many callers do not come back at once.
fn backoff(base: Duration, url: &str, failed_attempts: u32) -> Duration {
    let hash = blake3::hash(format!("{url}#{failed_attempts}").as_bytes());
    let share = 0.5 + 0.5 * f64::from(hash.as_bytes()[0]) / f64::from(u8::MAX);
    base.saturating_mul(1 << (failed_attempts - 1).min(10)).mul_f64(share)
}

/// A name and an e-mail address, as SEC asks for.
fn check_identity(user_agent: &str) -> Result<String> {
    let user_agent = user_agent.trim();
    let is_address = |word: &str| {
        let word = word.trim_matches(|c| matches!(c, '(' | ')' | '<' | '>' | ',' | ';'));
        word.split_once('@').is_some_and(|(local, domain)| {
            let named = !local.is_empty() && !domain.contains('@');
            named && domain.split('.').count() > 1 && domain.split('.').all(|part| !part.is_empty())
        })
    };
    let words: Vec<_> = user_agent.split_whitespace().collect();
    let is_printable = user_agent.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if is_printable && words.len() > 1 && words.iter().any(|word| is_address(word)) {
        return Ok(user_agent.to_owned());
    }
    let shown: String = user_agent.escape_default().take(60).collect();
    Err(Error::invalid(format!(
        "user agent `{shown}` does not say who you are; needed a name and an e-mail address \
         in ASCII"
    ))
    .hint(IDENTITY_HINT))
}

fn parse_url(text: &str) -> Result<Url> {
    Url::parse(text)
        .map_err(|e| Error::invalid(format!("`{text}` is not a whole URL")).caused_by(e))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[expect(clippy::disallowed_methods, reason = "the pace of requests is kept here and nowhere else")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the pace of requests is kept here and nowhere else")]
fn sleep(wait: Duration) {
    if !wait.is_zero() {
        std::thread::sleep(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_a_name_and_an_address() {
        for good in ["Ada Lovelace ada@example.org", "Chipcast/1.0 (ada@example.org)"] {
            assert!(check_identity(good).is_ok(), "{good}");
        }
        for bad in
            ["", "Ada", "ada@example.org", "Ada ada@", "Ada ada@org", "Ada a@b..c", "A\nb@c.d x"]
        {
            let error = check_identity(bad).expect_err(bad);
            assert!(error.advice().is_some_and(|hint| hint.contains("--user-agent")));
        }
    }

    #[test]
    fn only_listed_hosts_over_https_are_asked() {
        let hosts = Hosts::known().with_base("http://127.0.0.1:8080").expect("on this machine");
        let allow = |url: &str| hosts.allow(&parse_url(url).expect("a URL"));
        assert!(allow("https://data.sec.gov/x") && allow("http://127.0.0.1:9/x"));
        for no in ["http://data.sec.gov/x", "https://data.sec.gov.evil.org/", "file:///etc/passwd"]
        {
            assert!(!allow(no), "{no}");
        }
        assert!(Hosts::known().with_base("http://mirror.example.org").is_err());
    }

    #[test]
    fn waits_grow_and_are_the_same_each_time() {
        let wait = |attempt| backoff(Duration::from_millis(500), "https://data.sec.gov/x", attempt);
        assert_eq!(wait(1), wait(1));
        assert!(wait(1) <= Duration::from_millis(500) && wait(1) >= Duration::from_millis(250));
        assert!(wait(4) >= Duration::from_secs(2));
    }
}
