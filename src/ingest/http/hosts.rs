//! The hosts that may be asked.
//!
//! May use `error`. Never asks anyone: it says who may be asked.

use std::collections::BTreeSet;
use std::net::IpAddr;

use reqwest::Url;

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

/// The hosts that may be asked.
#[derive(Debug, Clone)]
pub struct Hosts {
    names: BTreeSet<String>,
    has_loopback: bool,
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
    pub(super) fn allow(&self, url: &Url) -> bool {
        let is_listed = url.host_str().is_some_and(|host| self.names.contains(host));
        is_listed && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
    }

    /// The URL of a request, if it may be asked.
    pub(super) fn check(&self, text: &str) -> Result<Url> {
        let url = parse_url(text)?;
        if self.allow(&url) {
            return Ok(url);
        }
        Err(Error::fetch(format!("`{url}` is not on the list of sources"))
            .hint("sources are asked over https; a mirror is named by its base URL"))
    }

    /// Whether a host on this machine is among them.
    pub(super) fn has_loopback(&self) -> bool {
        self.has_loopback
    }
}

/// The name under which a host's requests are counted: its domain, since a source counts the
/// requests to all of its hosts together.
pub(super) fn domain(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    if is_loopback(url) || host.parse::<IpAddr>().is_ok() {
        return host.to_owned();
    }
    let labels: Vec<_> = host.rsplit('.').take(2).collect();
    labels.into_iter().rev().collect::<Vec<_>>().join(".")
}

/// A whole URL, without the part that a server never sees.
pub(super) fn parse_url(text: &str) -> Result<Url> {
    let mut url = Url::parse(text)
        .map_err(|e| Error::invalid(format!("`{text}` is not a whole URL")).caused_by(e))?;
    url.set_fragment(None);
    Ok(url)
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn hosts_of_one_source_share_a_pace() {
        let domain = |url: &str| domain(&parse_url(url).expect("a URL"));
        assert_eq!(domain("https://data.sec.gov/x"), "sec.gov");
        assert_eq!(domain("https://www.sec.gov/y"), "sec.gov");
        assert_eq!(domain("https://epoch.ai/"), "epoch.ai");
        assert_eq!(domain("http://127.0.0.1:80/"), "127.0.0.1");
    }
}
