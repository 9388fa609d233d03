//! Ingest: bytes of a source become observations, announcements, and what was set aside and why.
//!
//! May use the core files. [`Source::parse`] is pure; only `http` touches the network, and `store` the
//! disk.

pub mod bundled;
pub mod checks;
pub mod described;
pub mod edgar;
pub mod epoch;
pub mod fred;
pub mod http;
mod origin;
pub mod statcounter;
pub mod table;
pub mod tabular;
pub mod twse;
pub mod unpack;

use std::fmt;

use chrono::NaiveDate;

use crate::archive::Batch;
use crate::error::Result;
use crate::observation::{Announcement, Observation};
use crate::period::Period;

/// Somewhere that data come from. Says what to get and reads what came; never does I/O itself.
pub trait Source {
    /// A short lower-case name, such as `edgar`.
    fn id(&self) -> &str;
    /// What to ask for to learn everything that came since a day.
    fn requests(&self, since: NaiveDate) -> Vec<Request>;
    /// Reads one answer.
    ///
    /// # Errors
    /// [`crate::Error::Parse`] if the bytes are not what the source promises.
    fn parse(&self, raw: &Raw) -> Result<Parsed>;
}

/// One thing to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The whole URL.
    pub url: String,
    /// Whether the source answers only callers who say who they are.
    pub identity: Identity,
    /// Whether what is there can change.
    pub lifetime: Lifetime,
    /// The filing that it belongs to, for documents that do not say so themselves.
    pub filing: Option<Filing>,
    /// A key that is sent with it, and shown nowhere.
    pub secret: Option<Secret>,
}

impl Request {
    /// Something that may change, and that anyone may ask for.
    pub fn open(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            identity: Identity::NotAsked,
            lifetime: Lifetime::Changing,
            filing: None,
            secret: None,
        }
    }

    /// Something that may change, for callers who say who they are.
    pub fn named(url: impl Into<String>) -> Self {
        Self { identity: Identity::Required, ..Self::open(url) }
    }
}

/// A key of the caller's: a parameter of the query that is in no URL that is shown, logged or kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    parameter: &'static str,
    value: String,
}

impl Secret {
    /// A key that is sent as this parameter.
    pub fn new(parameter: &'static str, value: impl Into<String>) -> Self {
        Self { parameter, value: value.into() }
    }

    /// A source's words without the key, should they repeat it.
    pub(in crate::ingest) fn hidden_in(&self, words: &str) -> String {
        if self.value.is_empty() { words.to_owned() } else { words.replace(&self.value, "***") }
    }

    /// The parameter and the key: for the client alone.
    pub(in crate::ingest) fn pair(&self) -> (&str, &str) {
        (self.parameter, &self.value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=***", self.parameter)
    }
}

/// Whether a source asks callers who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// A `User-Agent` with a name and an e-mail address is required.
    Required,
    /// Anyone may ask.
    NotAsked,
}

/// Whether what is at a URL can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Asked for again each time, with the tags of the copy at hand.
    Changing,
    /// The same for ever, like a filing: a copy at hand is never asked for again.
    Immutable,
}

/// A filing, as the documents in it need to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// SEC's central index key of the company.
    pub cik: u64,
    /// The accession number, with dashes.
    pub accession: String,
    /// The form, such as `10-Q` or `8-K`.
    pub form: String,
    /// Item codes of an 8-K, such as `2.02`.
    pub items: Vec<String>,
    /// The day on which it was filed.
    pub filed: NaiveDate,
    /// The day to which it reports, or on which its event took place.
    pub report_end: Option<NaiveDate>,
}

/// Bytes as they came, with their name for messages and the day they were read.
#[derive(Debug, Clone)]
pub struct Raw {
    /// File name or URL.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The day on which they were read.
    pub retrieved_at: NaiveDate,
    /// The filing that they belong to, where they do not say so themselves.
    pub filing: Option<Filing>,
}

impl Raw {
    /// Bytes that say themselves what they are.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>, retrieved_at: NaiveDate) -> Self {
        Self { name: name.into(), bytes, retrieved_at, filing: None }
    }
}

/// What was read out of [`Raw`] bytes.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// Values.
    pub observations: Vec<Observation>,
    /// Companies' words about periods to come.
    pub announcements: Vec<Announcement>,
    /// What was not used, each with its reason.
    pub set_aside: Vec<SetAside>,
    /// The last day that the payload speaks for.
    pub read_through: Option<NaiveDate>,
    /// What to ask for next, to learn what this payload only points at.
    pub follow_up: Vec<Request>,
}

/// Something in a payload that gave no value.
#[derive(Debug, Clone, PartialEq)]
pub struct SetAside {
    /// The series it would have belonged to, or the concept's name.
    pub series: String,
    /// The period it would have covered, where known.
    pub period: Option<Period>,
    /// Where it stands in the payload.
    pub locator: String,
    /// Why it was not used.
    pub reason: String,
}

impl Parsed {
    /// What was read here and there of one payload.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.observations.extend(other.observations);
        self.announcements.extend(other.announcements);
        self.set_aside.extend(other.set_aside);
        self.follow_up.extend(other.follow_up);
        self.read_through = self.read_through.max(other.read_through);
        self
    }

    /// What goes into the archive; `otherwise` is the day it speaks for if the payload names none.
    pub fn batch(&self, otherwise: NaiveDate) -> Batch {
        Batch {
            observations: self.observations.clone(),
            announcements: self.announcements.clone(),
            known_through: self.read_through.unwrap_or(otherwise),
        }
    }
}
