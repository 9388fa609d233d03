//! The connection: one question, one answer, links followed within the list of hosts.
//!
//! May use `error` and its sibling files. The only file that makes a connection. A proxy that the
//! environment names is used, save for this machine.

use std::time::Duration;

use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{StatusCode, Url, redirect};

use super::hosts::{Hosts, is_loopback};
use super::limits::Limits;
use super::pace::Pace;
use super::retry::Failure;
use crate::error::{Error, Result};
use crate::ingest::Secret;

/// Links followed from one request.
const REDIRECTS_MAX: usize = 5;

/// How an answer may be packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// By gzip, unpacked as it is read.
    Gzip,
    /// Not at all, so that it can be resumed at any byte.
    Plain,
}

/// What goes along with a URL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) headers: &'a HeaderMap,
    /// A key, added to the query as it is sent and named nowhere else.
    pub(super) secret: Option<&'a Secret>,
}

/// Ways out of this machine.
#[derive(Debug)]
pub(super) struct Wire {
    outside: Client,
    /// To this machine, past any proxy.
    inside: Option<Client>,
    stall: Duration,
}

impl Wire {
    /// # Errors
    /// [`Error::Fetch`] if the machine's certificates cannot be read.
    pub(super) fn new(hosts: &Hosts, limits: &Limits, packing: Packing) -> Result<Self> {
        let outside = build(client(limits, packing))?;
        let inside = hosts.has_loopback().then(|| build(client(limits, packing).no_proxy()));
        Ok(Self { outside, inside: inside.transpose()?, stall: limits.stall })
    }

    /// The answer at a URL or where it links to, each step at the source's pace.
    pub(super) fn ask(
        &self,
        url: &Url,
        ask: &Ask<'_>,
        hosts: &Hosts,
        pace: &Pace,
    ) -> Result<Response, Failure> {
        let mut at = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            pace.take_turn(&at)?;
            // A key is for the host that it was given for, and for no other.
            let secret = ask.secret.filter(|_| at.host_str() == url.host_str());
            let response = self.send(&at, ask.headers, secret)?;
            match link(&at, &response)? {
                None => return Ok(response),
                Some(next) if hosts.allow(&next) => at = next,
                Some(mut next) => {
                    // A source may write the key back into its link.
                    next.set_query(
                        next.query().filter(|_| ask.secret.is_none()).map(str::to_owned).as_deref(),
                    );
                    return Err(unlisted(&at, &next).into());
                }
            }
        }
        let message = format!("`{url}` links on more than {REDIRECTS_MAX} times; needed an answer");
        Err(Error::fetch(message).into())
    }

    fn send(
        &self,
        url: &Url,
        headers: &HeaderMap,
        secret: Option<&Secret>,
    ) -> Result<Response, Failure> {
        let client = self.inside.as_ref().filter(|_| is_loopback(url)).unwrap_or(&self.outside);
        let mut asked = client.get(url.clone()).headers(headers.clone());
        if let Some(secret) = secret {
            asked = asked.query(&[secret.pair()]);
        }
        asked.send().map_err(|e| {
            if e.is_builder() {
                let error = Error::invalid(format!("`{url}` cannot be asked for"));
                return Failure::lasting(error.caused_by(e.without_url()));
            }
            let message = if e.is_timeout() {
                format!("`{url}` did not answer within {} s", self.stall.as_secs_f32())
            } else {
                format!("`{url}` cannot be reached")
            };
            Failure::passing(message, None).because(e.without_url())
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the network is reached here and nowhere else")]
fn client(limits: &Limits, packing: Packing) -> ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .gzip(packing == Packing::Gzip)
        .timeout(limits.stall)
        .connect_timeout(limits.connect.min(limits.stall))
}

fn build(builder: ClientBuilder) -> Result<Client> {
    builder
        .build()
        .map_err(|e| Error::fetch("no connection can be made on this machine").caused_by(e))
}

/// Where an answer links to, if it does.
fn link(url: &Url, response: &Response) -> Result<Option<Url>> {
    let status = response.status();
    if !status.is_redirection() || status == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let link = response.headers().get(LOCATION).and_then(|link| link.to_str().ok());
    let next = link.and_then(|link| url.join(link).ok());
    next.map(Some).ok_or_else(|| {
        Error::fetch(format!(
            "`{url}` answered {status} with the link `{}`; needed a URL",
            link.unwrap_or_default()
        ))
    })
}

fn unlisted(from: &Url, to: &Url) -> Error {
    Error::fetch(format!("`{from}` links on to `{to}`, which is not on the list of sources"))
        .hint("sources are asked over https; a mirror is named by its base URL")
}
