//! The network: one blocking client that says who it is, keeps to each source's pace, keeps copies of
//! what it was told, and gives up politely.
//!
//! May use `error`, `store` and `ingest`'s request. This file and its folder are the only code that
//! asks a source or waits for one. Never follows a link to a host that is not on its list, never asks
//! again after a refusal, and never gives a damaged or cut copy for data.

mod body;
mod cache;
mod download;
mod hosts;
mod identity;
mod limits;
mod pace;
mod refusal;
mod retry;
mod wire;

use std::fmt;
use std::io::Read;
use std::time::Duration;

use reqwest::blocking::Response;
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{StatusCode, Url};

use self::body::{Body, Hook, Rules, promised};
use self::cache::{Cache, Held};
use self::pace::Pace;
use self::retry::{Failure, retry};
use self::wire::{Ask, Packing, Wire};
use super::{Lifetime, Request};
use crate::error::{Error, Result};
use crate::store::raw::RawStore;

pub use self::body::Progress;
pub use self::hosts::Hosts;
pub use self::limits::Limits;

/// Gets what sources ask for. May be shared by threads, which then share its pace.
///
/// ```
/// use chipcast::ingest::http::{Client, Hosts};
///
/// let client = Client::new(Some("Ada Lovelace ada@example.org"), Hosts::known())?;
/// assert!(Client::new(Some("no address"), Hosts::known()).is_err());
/// # drop(client);
/// # Ok::<(), chipcast::Error>(())
/// ```
pub struct Client {
    wire: Wire,
    user_agent: Option<String>,
    hosts: Hosts,
    limits: Limits,
    pace: Pace,
    cache: Option<Cache>,
    reach: Reach,
    hook: Box<Hook>,
}

/// What may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Network,
    CopiesAlone,
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
        Ok(Self {
            user_agent: user_agent.map(identity::check).transpose()?,
            wire: Wire::new(&hosts, &limits, Packing::Gzip)?,
            hosts,
            limits,
            pace: Pace::new(limits.per_second),
            cache: None,
            reach: Reach::Network,
            hook: Box::new(|_| ()),
        })
    }

    /// The same, with copies of answers on disk. What never changes is asked for once; all else is
    /// confirmed by its source each time. Without this nothing is written.
    #[must_use]
    pub fn with_cache(self, store: RawStore) -> Self {
        Self { cache: Some(Cache::new(store)), ..self }
    }

    /// The same, telling how far each transfer is.
    #[must_use]
    pub fn with_progress(self, hook: impl Fn(Progress<'_>) + Send + Sync + 'static) -> Self {
        Self { hook: Box::new(hook), ..self }
    }

    /// The same, without the network: copies at hand are all there is, whatever their age.
    #[must_use]
    pub fn offline(self) -> Self {
        Self { reach: Reach::CopiesAlone, ..self }
    }

    /// The whole answer to a request, unpacked.
    ///
    /// Network errors, 429 and 5xx are tried again with growing waits, or after the time that the
    /// source names. A refusal (403) is not, as it would prolong itself, save once if SEC names a short
    /// wait; then that source is left alone by this client.
    ///
    /// # Errors
    /// [`Error::Fetch`] if the host is not listed, identity is missing, or the source does not
    /// answer with success; [`Error::NotFound`] on 404; [`Error::Store`] if a copy cannot be kept.
    pub fn get(&self, request: &Request) -> Result<Vec<u8>> {
        let url = self.hosts.check(&request.url)?;
        let mut held = self.cache.as_ref().and_then(|c| c.find(&url, self.limits.bytes_max));
        if self.is_settled(request)
            && let Some(held) = held
        {
            return Ok(held.body);
        }
        let name = self.may_ask(request, &url)?;
        retry(&self.limits, || self.attempt(request, &url, name, &mut held))
    }

    fn attempt(
        &self,
        request: &Request,
        url: &Url,
        name: &str,
        held: &mut Option<Held<Vec<u8>>>,
    ) -> Result<Vec<u8>, Failure> {
        let mut headers = held.as_ref().map(|held| held.conditions(url)).unwrap_or_default();
        sign(&mut headers, name);
        let ask = Ask { headers: &headers, secret: request.secret.as_ref() };
        let response = self.wire.ask(url, &ask, &self.hosts, &self.pace)?;
        if response.status() == StatusCode::NOT_MODIFIED
            && let (Some(cache), Some(held)) = (&self.cache, held.take())
        {
            let confirmed = cache.confirm(url, held, response.headers())?;
            return confirmed.ok_or_else(|| {
                let message = format!("`{url}` says that another state of it did not change");
                Failure::passing(message, Some(Duration::ZERO))
            });
        }
        let response = self.accept(request, url, response)?;
        let (at, headers) = (response.url().clone(), response.headers().clone());
        let is_whole = cache::is_end_marked(&response);
        let bytes = self.read(url, response)?;
        if let Some(failure) = refusal::wrong_page(url, request.identity, &headers, &bytes) {
            return Err(self.heed(&at, failure));
        }
        if let Some(cache) = self.cache.as_ref().filter(|_| is_whole) {
            cache.keep(url, request.lifetime, &headers, &bytes)?;
        }
        Ok(bytes)
    }

    /// Reads an answer up to the size limit, unpacked.
    fn read(&self, url: &Url, response: Response) -> Result<Vec<u8>, Failure> {
        let Limits { bytes_max: limit, timeout, stall, .. } = self.limits;
        let rules = Rules { limit, timeout: Some(timeout), stall };
        let body = Body { url, before: 0, total: promised(response.headers()) };
        let mut bytes = Vec::new();
        body.read(response, &rules, &*self.hook, |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        if bytes.is_empty() {
            return Err(Failure::passing(format!("`{url}` sent no bytes; needed some"), None));
        }
        Ok(bytes)
    }

    /// Lets pass what may be what was asked for; all else is explained, from the page if need be.
    fn accept(
        &self,
        request: &Request,
        url: &Url,
        response: Response,
    ) -> Result<Response, Failure> {
        let (status, headers) = (response.status(), response.headers().clone());
        if status == StatusCode::OK && !refusal::is_page_for_data(url, &headers) {
            return Ok(response);
        }
        let at = response.url().clone();
        let page = self.peek(url, response);
        let told = (status == StatusCode::OK)
            .then(|| refusal::wrong_page(url, request.identity, &headers, &page))
            .flatten();
        let failure = told.unwrap_or_else(|| {
            refusal::unsuccessful(url, request.identity, status, &headers, &page)
        });
        Err(self.heed(&at, failure))
    }

    /// The beginning of a page that explains something; what cannot be read in good time is left out.
    fn peek(&self, url: &Url, response: Response) -> Vec<u8> {
        let rules = Rules {
            limit: refusal::PAGE_BYTES as u64,
            timeout: Some(self.limits.stall),
            stall: self.limits.stall,
        };
        let mut page = Vec::new();
        let body = Body { url, before: 0, total: None };
        let _ = body.read(response.take(rules.limit), &rules, &|_| (), |piece| {
            page.extend_from_slice(piece);
            Ok(())
        });
        page
    }

    /// Leaves a source alone that asks for it, unless it names a wait that is not too long, and this
    /// for the first time.
    fn heed(&self, at: &Url, failure: Failure) -> Failure {
        if !failure.asks_for_rest() {
            return failure;
        }
        let is_waited = failure.wait().is_some_and(|wait| wait <= self.limits.wait_max);
        if is_waited && self.pace.warn(at) {
            return failure;
        }
        self.pace.close(at);
        if is_waited { failure.without_wait() } else { failure }
    }

    /// Whether a copy at hand needs no word of its source.
    fn is_settled(&self, request: &Request) -> bool {
        request.lifetime == Lifetime::Immutable || self.reach == Reach::CopiesAlone
    }

    /// What the source is told about who asks, if it may be asked.
    fn may_ask(&self, request: &Request, url: &Url) -> Result<&str> {
        if self.reach == Reach::CopiesAlone {
            return Err(Error::not_found(format!("no copy of `{url}` is at hand"))
                .hint("copies are all that is used offline; ask for it once with the network"));
        }
        identity::of(request, self.user_agent.as_deref())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("hosts", &self.hosts)
            .field("limits", &self.limits)
            .field("cache", &self.cache)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

/// Says who asks; a name was checked to be ASCII.
fn sign(headers: &mut HeaderMap, name: &str) {
    if let Ok(name) = HeaderValue::from_str(name) {
        headers.insert(USER_AGENT, name);
    }
}
