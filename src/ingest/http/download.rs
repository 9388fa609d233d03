//! Very large files: streamed to disk, and gone on with where they broke off.
//!
//! May use `error`, `store` and `ingest`'s request, and its sibling files. Never holds more than a
//! piece of the file in memory, and never joins pieces of two states of it.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::blocking::Response;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE,
    LAST_MODIFIED, RANGE,
};
use reqwest::{StatusCode, Url};

use super::body::{Body, Rules, promised};
use super::cache::{Cache, Held};
use super::retry::{Failure, retry};
use super::wire::{Ask, Packing, Wire};
use super::{Client, sign};
use crate::error::{Error, Result};
use crate::ingest::Request;
use crate::store::raw::PartFile;

/// How a try ended well.
enum Arrived {
    /// The file is whole; the headers that came with its end.
    Whole(HeaderMap),
    /// The source confirmed the copy at hand.
    Unchanged(PathBuf),
}

/// One file on its way.
struct Transfer<'a> {
    client: &'a Client,
    request: &'a Request,
    url: &'a Url,
    name: &'a str,
    wire: Wire,
    cache: &'a Cache,
    held: Option<Held<PathBuf>>,
    part: PartFile,
}

impl Client {
    /// The file at a URL, streamed to disk; needs [`Client::with_cache`], in whose folder it lies.
    ///
    /// A transfer that breaks off goes on where it broke, in this call or a later one, if the source
    /// can do so and the file is still the same; otherwise it begins anew.
    ///
    /// # Errors
    /// As [`Client::get`]; [`Error::Invalid`] without a cache; [`Error::Store`] if the disk refuses
    /// or another process is at the same file.
    pub fn download(&self, request: &Request) -> Result<PathBuf> {
        let cache = self.cache.as_ref().ok_or_else(|| {
            Error::invalid(format!("`{}` is downloaded; needed a folder for it", request.url))
        })?;
        let url = self.hosts.check(&request.url)?;
        let part = cache.part(&url)?;
        let held = cache.find_file(&url);
        if let Some(held) = held.as_ref().filter(|_| self.is_settled(request)) {
            return Ok(held.body.clone());
        }
        let name = self.may_ask(request, &url)?;
        let wire = Wire::new(&self.hosts, &self.limits, Packing::Plain)?;
        let mut transfer =
            Transfer { client: self, request, url: &url, name, wire, cache, held, part };
        match retry(&self.limits, || transfer.attempt())? {
            Arrived::Unchanged(path) => Ok(path),
            Arrived::Whole(headers) => cache.keep_file(&url, &headers, transfer.part),
        }
    }
}

impl Transfer<'_> {
    fn attempt(&mut self) -> Result<Arrived, Failure> {
        let client = self.client;
        let headers = self.headers();
        let ask = Ask { headers: &headers, secret: self.request.secret.as_ref() };
        let response = self.wire.ask(self.url, &ask, &client.hosts, &client.pace)?;
        let is_resumed = headers.contains_key(RANGE);
        match response.status() {
            StatusCode::NOT_MODIFIED if self.held.is_some() => self.unchanged(&response),
            StatusCode::RANGE_NOT_SATISFIABLE if is_resumed => self.beyond_the_end(&response),
            StatusCode::PARTIAL_CONTENT if is_resumed && self.goes_on(response.headers()) => {
                self.receive(response)
            }
            StatusCode::PARTIAL_CONTENT if is_resumed => {
                Err(self.anew("sends another part of the file than was asked for"))
            }
            _ => {
                let response = client.accept(self.request, self.url, response)?;
                self.begin(response.headers())?;
                self.receive(response)
            }
        }
    }

    /// Whether a part begins where the bytes at hand end, and is of as large a file.
    fn goes_on(&self, headers: &HeaderMap) -> bool {
        content_range(headers).is_some_and(|(first, total)| {
            let is_as_large = total.zip(self.part.total()).is_none_or(|(new, old)| new == old);
            first == self.part.n_bytes() && is_as_large
        })
    }

    /// Asks for the rest of what is there; or else whether the copy at hand is still good.
    fn headers(&self) -> HeaderMap {
        let resumed = self.part.validator().filter(|_| self.part.n_bytes() > 0);
        let validator = resumed.and_then(|validator| HeaderValue::from_str(validator).ok());
        let range = HeaderValue::from_str(&format!("bytes={}-", self.part.n_bytes()));
        let mut headers = match (validator, range) {
            (Some(validator), Ok(range)) => {
                HeaderMap::from_iter([(IF_RANGE, validator), (RANGE, range)])
            }
            _ => self.held.as_ref().map(|held| held.conditions(self.url)).unwrap_or_default(),
        };
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        sign(&mut headers, self.name);
        headers
    }

    fn begin(&mut self, headers: &HeaderMap) -> Result<(), Failure> {
        if let Some(packing) = headers.get(CONTENT_ENCODING).filter(|v| *v != "identity") {
            let packing = String::from_utf8_lossy(packing.as_bytes()).into_owned();
            return Err(Error::fetch(format!(
                "`{}` comes packed by `{packing}`, though it was asked for as it is",
                self.url
            ))
            .into());
        }
        Ok(self.part.restart(validator(headers), promised(headers))?)
    }

    /// Reads the body to the end of the file; what comes before a break is kept.
    fn receive(&mut self, response: Response) -> Result<Arrived, Failure> {
        let headers = response.headers().clone();
        let limits = &self.client.limits;
        let rules = Rules { limit: limits.download_max, timeout: None, stall: limits.stall };
        let (before, total) = (self.part.n_bytes(), self.part.total());
        let body = Body { url: self.url, before, total };
        let part = &mut self.part;
        let outcome =
            body.read(response, &rules, &*self.client.hook, |piece| Ok(part.append(piece)?));
        if let Err(failure) = outcome {
            part.checkpoint()?;
            return Err(failure);
        }
        self.whole(headers)
    }

    fn whole(&mut self, headers: HeaderMap) -> Result<Arrived, Failure> {
        let (n_bytes, total) = (self.part.n_bytes(), self.part.total());
        if n_bytes > 0 && total.is_none_or(|total| total == n_bytes) {
            return Ok(Arrived::Whole(headers));
        }
        let needed = total.map_or("some".to_owned(), |total| total.to_string());
        Err(self.anew(&format!("ended after {n_bytes} bytes; needed {needed}")))
    }

    /// Nothing comes after the bytes that are there: they are the whole file, or not of this one.
    fn beyond_the_end(&mut self, response: &Response) -> Result<Arrived, Failure> {
        if self.part.total() == Some(self.part.n_bytes()) {
            return Ok(Arrived::Whole(response.headers().clone()));
        }
        Err(self.anew("has no bytes after those that are here"))
    }

    fn unchanged(&mut self, response: &Response) -> Result<Arrived, Failure> {
        if let Some(held) = self.held.take()
            && let Some(path) = self.cache.confirm(self.url, held, response.headers())?
        {
            return Ok(Arrived::Unchanged(path));
        }
        Err(self.anew("says that another state of the file did not change"))
    }

    /// Forgets what is there, and begins the next try at once.
    fn anew(&mut self, why: &str) -> Failure {
        match self.part.restart(None, None) {
            Ok(()) => Failure::passing(format!("`{}` {why}", self.url), Some(Duration::ZERO)),
            Err(error) => error.into(),
        }
    }
}

/// What a source calls the state of a file, if it can be trusted to tell two states apart.
fn validator(headers: &HeaderMap) -> Option<String> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let tag = header(ETAG).filter(|tag| !tag.starts_with("W/"));
    tag.or_else(|| header(LAST_MODIFIED)).map(str::to_owned)
}

/// First byte and whole length of `bytes FIRST-LAST/LENGTH`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?.trim().strip_prefix("bytes ")?;
    let (range, total) = text.split_once('/')?;
    Some((range.split_once('-')?.0.trim().parse().ok()?, total.trim().parse().ok()))
}
