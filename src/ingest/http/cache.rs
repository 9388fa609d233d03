//! Copies of answers: what is kept of each URL, when it is asked for again, and what a source's word
//! that nothing changed is good for.
//!
//! May use `error`, `store` and `ingest`'s request, and its sibling files. Reads no clock: a copy
//! of something that may change is confirmed by the source each time, whatever age the source
//! allows. Keeps no name.

use std::path::PathBuf;
use std::time::SystemTime;

use chrono::NaiveDate;
use http_cache_semantics::{AfterResponse, BeforeRequest, CacheOptions, CachePolicy};
use reqwest::blocking::Response;
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, DATE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED,
    TRANSFER_ENCODING, VARY,
};
use reqwest::{StatusCode, Url, Version};
use serde::{Deserialize, Serialize};

use super::body::promised;
use super::retry::http_date;
use crate::error::{Error, Result};
use crate::ingest::Lifetime;
use crate::store::raw::{PartFile, RawStore};

/// Version of an entry's form; others are as good as absent.
const SCHEMA_VERSION: u32 = 1;
/// The headers of an answer that say how long its copy is good.
const TOLD: [HeaderName; 4] = [CACHE_CONTROL, ETAG, LAST_MODIFIED, VARY];
/// The time of all that is reckoned: no age counts here.
const NO_TIME: SystemTime = SystemTime::UNIX_EPOCH;

/// Copies of answers on disk.
#[derive(Debug)]
pub(super) struct Cache {
    store: RawStore,
}

/// What is known of a URL.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    schema_version: u32,
    url: String,
    /// The body's hash, which is its name.
    blake3: String,
    n_bytes: u64,
    /// The day on which the source says it answered.
    retrieved: Option<NaiveDate>,
    policy: CachePolicy,
}

/// A copy at hand: what is known of it, and its body or the path of that.
#[derive(Debug)]
pub(super) struct Held<B> {
    entry: Entry,
    pub(super) body: B,
}

impl Cache {
    pub(super) fn new(store: RawStore) -> Self {
        Self { store }
    }

    /// The copy of a URL's answer, if it is at hand and whole.
    pub(super) fn find(&self, url: &Url, limit: u64) -> Option<Held<Vec<u8>>> {
        let entry = self.entry(url)?;
        let body = self.store.get(&entry.blake3, limit)?;
        Some(Held { entry, body })
    }

    /// The same for a file too large to be read at once.
    pub(super) fn find_file(&self, url: &Url) -> Option<Held<PathBuf>> {
        let entry = self.entry(url)?;
        let body = self.store.path(&entry.blake3)?;
        Some(Held { entry, body })
    }

    /// Keeps an answer, unless the source forbids it. What never changes is public record and is kept
    /// in any case.
    pub(super) fn keep(
        &self,
        url: &Url,
        lifetime: Lifetime,
        headers: &HeaderMap,
        bytes: &[u8],
    ) -> Result<()> {
        let Some(policy) = policy(url, headers) else { return Ok(()) };
        if lifetime != Lifetime::Immutable && !policy.is_storable() {
            return Ok(());
        }
        let hash = self.store.put(bytes)?;
        self.write(url, hash, bytes.len() as u64, headers, policy)
    }

    /// Keeps a file that was downloaded, in place of the one before it: these are too large to be kept
    /// night after night.
    pub(super) fn keep_file(
        &self,
        url: &Url,
        headers: &HeaderMap,
        part: PartFile,
    ) -> Result<PathBuf> {
        let n_bytes = part.n_bytes();
        let before = self.entry(url).map(|entry| entry.blake3);
        let (hash, path) = part.finish()?;
        if let Some(policy) = policy(url, headers) {
            self.write(url, hash.clone(), n_bytes, headers, policy)?;
            if let Some(before) = before.filter(|before| *before != hash) {
                self.store.forget(&before);
            }
        }
        Ok(path)
    }

    /// Takes a source's word that nothing changed. `None` if it speaks of another state than ours.
    pub(super) fn confirm<B>(
        &self,
        url: &Url,
        held: Held<B>,
        headers: &HeaderMap,
    ) -> Result<Option<B>> {
        let Held { entry, body } = held;
        let told = told(headers);
        let (Some(request), Some(answer)) =
            (question(url), answer(StatusCode::NOT_MODIFIED, &told))
        else {
            return Ok(None);
        };
        match entry.policy.after_response(&request, &answer, NO_TIME) {
            AfterResponse::NotModified(policy, _) => {
                self.write(url, entry.blake3, entry.n_bytes, headers, policy)?;
                Ok(Some(body))
            }
            // Servers leave out the tag of what they confirm, though it is the one they were asked for.
            AfterResponse::Modified(..) if !told.contains_key(ETAG) => Ok(Some(body)),
            AfterResponse::Modified(..) => Ok(None),
        }
    }

    /// The unfinished download of a URL.
    pub(super) fn part(&self, url: &Url) -> Result<PartFile> {
        self.store.part(&key(url))
    }

    fn entry(&self, url: &Url) -> Option<Entry> {
        let entry: Entry = serde_json::from_slice(&self.store.read_entry(&key(url))?).ok()?;
        let is_ours = entry.schema_version == SCHEMA_VERSION && entry.url == url.as_str();
        is_ours.then_some(entry)
    }

    fn write(
        &self,
        url: &Url,
        blake3: String,
        n_bytes: u64,
        headers: &HeaderMap,
        policy: CachePolicy,
    ) -> Result<()> {
        let date = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
        let entry = Entry {
            schema_version: SCHEMA_VERSION,
            url: url.to_string(),
            blake3,
            n_bytes,
            retrieved: date.map(|date| date.date_naive()),
            policy,
        };
        let mut text = serde_json::to_vec_pretty(&entry).map_err(|e| {
            Error::store(format!("the entry of `{url}` cannot be written")).caused_by(e)
        })?;
        text.push(b'\n');
        self.store.write_entry(&key(url), &text)
    }
}

impl<B> Held<B> {
    /// The headers that ask whether a copy is still good.
    pub(super) fn conditions(&self, url: &Url) -> HeaderMap {
        let Some(request) = question(url) else { return HeaderMap::new() };
        match self.entry.policy.before_request(&request, NO_TIME) {
            BeforeRequest::Stale { request, matches: true } => request.headers,
            BeforeRequest::Stale { .. } | BeforeRequest::Fresh(_) => HeaderMap::new(),
        }
    }
}

fn key(url: &Url) -> String {
    blake3::hash(url.as_str().as_bytes()).to_hex().to_string()
}

/// What asks for a URL, as far as copies depend on it: the caller's name is left out.
fn question(url: &Url) -> Option<http::Request<()>> {
    http::Request::get(url.as_str())
        .header(ACCEPT_ENCODING, "gzip")
        .header(CACHE_CONTROL, "no-cache")
        .body(())
        .ok()
}

fn answer(status: StatusCode, told: &HeaderMap) -> Option<http::Response<()>> {
    let mut answer = http::Response::builder().status(status).body(()).ok()?;
    answer.headers_mut().clone_from(told);
    Some(answer)
}

fn told(headers: &HeaderMap) -> HeaderMap {
    TOLD.into_iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone()))).collect()
}

fn policy(url: &Url, headers: &HeaderMap) -> Option<CachePolicy> {
    let (request, answer) = (question(url)?, answer(StatusCode::OK, &told(headers))?);
    let options = CacheOptions { shared: false, ..CacheOptions::default() };
    Some(CachePolicy::new_options(&request, &answer, NO_TIME, options))
}

/// Whether an answer that was cut would be seen to be: one that ends with its connection would not.
/// What was unpacked has lost its length, and has an end of its own.
pub(super) fn is_end_marked(response: &Response) -> bool {
    let headers = response.headers();
    let closes = headers.get(CONNECTION).is_some_and(|word| word == "close");
    promised(headers).is_some()
        || headers.contains_key(TRANSFER_ENCODING)
        || !(closes || response.version() == Version::HTTP_10)
}
