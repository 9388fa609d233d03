//! SEC EDGAR: statements' values, filings, segments and guidance.
//!
//! May use the core files and `ingest`. Says what to get and reads what came; never does I/O.
//!
//! Facts: `payload` reads the JSON, `rows` checks each fact, `history` remembers what each filing said
//! of each period, `quarters` and `stocks` make values of it, and `facts` is the chain of them all.
//! Which concepts measure which metric stands in `datasets/concepts.toml`. Filings: `submissions` lists
//! them, `filing_index` finds a filing's press release, `ixbrl` reads a report's segments, `guidance`
//! a release's outlook, `capacity` counts in both who says that supply is short. `frames` and `tickers` read what their names say; `documents` tells them apart.

pub mod bulk;
pub mod capacity;
mod concepts;
mod documents;
mod facts;
mod filing_index;
mod frames;
pub mod guidance;
mod history;
pub mod ixbrl;
mod payload;
mod quarters;
mod rows;
mod stocks;
pub mod submissions;
pub mod tickers;

use chrono::NaiveDate;

pub(super) use concepts::cannot_be_negative;
pub use facts::parse;

use self::documents::Kind;
use super::{Filing, Parsed, Raw, Request, Source};
use crate::error::{Error, Result};
use crate::period::Period;

/// Where SEC serves its data interface.
pub const BASE_URL: &str = "https://data.sec.gov";
/// Where SEC keeps the filings themselves.
pub const ARCHIVES_URL: &str = "https://www.sec.gov";

/// Where SEC's documents are: its own sites, but for tests and mirrors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sites {
    data: String,
    archives: String,
}

impl Default for Sites {
    fn default() -> Self {
        Self::at(BASE_URL)
    }
}

impl Sites {
    /// The sites behind a base URL: SEC's two for [`BASE_URL`], else everything at one address.
    pub fn at(base_url: &str) -> Self {
        let data = base_url.trim_end_matches('/').to_owned();
        let archives = if data == BASE_URL { ARCHIVES_URL.to_owned() } else { data.clone() };
        Self { data, archives }
    }

    /// The table of tickers.
    pub fn tickers(&self) -> Request {
        Request::named(format!("{}/files/company_tickers.json", self.archives))
    }

    /// The nightly archive of every company's facts, or of every company's submissions.
    pub fn bulk(&self, kind: Bulk) -> Request {
        let path = match kind {
            Bulk::Companyfacts => "daily-index/xbrl/companyfacts.zip",
            Bulk::Submissions => "daily-index/bulkdata/submissions.zip",
        };
        Request::named(format!("{}/Archives/edgar/{path}", self.archives))
    }

    /// One concept of one company.
    pub fn concept(&self, cik: u64, concept: &str) -> Request {
        let Self { data, .. } = self;
        let url = format!("{data}/api/xbrl/companyconcept/CIK{cik:010}/us-gaap/{concept}.json");
        Request::named(url)
    }

    /// One concept of every company for a period such as `CY2026Q2`, or `CY2026Q2I` for a balance.
    pub fn frame(&self, concept: &str, unit: &str, period: &str) -> Request {
        let Self { data, .. } = self;
        Request::named(format!("{data}/api/xbrl/frames/us-gaap/{concept}/{unit}/{period}.json"))
    }
}

/// SEC's nightly archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bulk {
    /// Every company's facts.
    Companyfacts,
    /// Every company's filings.
    Submissions,
}

/// The facts of one company.
///
/// ```
/// use chipcast::ingest::{Source, edgar::{BASE_URL, Edgar}};
///
/// let nvidia = Edgar::new(1_045_810, BASE_URL);
/// let since = "2026-01-01".parse().expect("a date");
/// assert_eq!(
///     nvidia.requests(since)[0].url,
///     "https://data.sec.gov/api/xbrl/companyfacts/CIK0001045810.json"
/// );
/// ```
#[derive(Debug, Clone)]
pub struct Edgar {
    cik: u64,
    sites: Sites,
}

impl Default for Edgar {
    /// No company of its own: for documents that say whose they are.
    fn default() -> Self {
        Self::new(0, BASE_URL)
    }
}

impl Edgar {
    /// The company with a central index key; `base_url` is [`BASE_URL`] but for tests and mirrors.
    pub fn new(cik: u64, base_url: impl AsRef<str>) -> Self {
        Self { cik, sites: Sites::at(base_url.as_ref()) }
    }
}

impl Source for Edgar {
    fn id(&self) -> &'static str {
        "edgar"
    }

    /// One document holds every fact ever filed, so the day does not matter.
    fn requests(&self, _since: NaiveDate) -> Vec<Request> {
        let Self { cik, sites } = self;
        let url = format!("{}/api/xbrl/companyfacts/CIK{cik:010}.json", sites.data);
        vec![Request::named(url)]
    }

    /// Any of EDGAR's JSON documents, told by its first keys; the company comes from the payload.
    fn parse(&self, raw: &Raw) -> Result<Parsed> {
        match documents::kind(&raw.bytes) {
            // What they lead to is the business of `Filings`.
            Some(Kind::Submissions) => submissions::parse(raw, &self.sites, NaiveDate::MAX),
            Some(Kind::Frame) => frames::parse(raw),
            Some(Kind::Tickers) => Err(Error::invalid(format!(
                "`{}` is SEC's table of tickers, which holds no values",
                raw.name
            ))
            .hint("give companyfacts, companyconcept, submissions or a frame")),
            Some(Kind::Facts) | None => parse(raw),
        }
    }
}

/// The filings of one company: when they came, the segments in its reports, the guidance in its
/// releases.
#[derive(Debug, Clone)]
pub struct Filings {
    cik: u64,
    owner: String,
    sites: Sites,
    since: NaiveDate,
    calendar: Vec<Period>,
}

impl Filings {
    /// The filings of a company from `since` on. `calendar` is its known quarters, by which a release's
    /// "next quarter" gets its dates.
    pub fn new(cik: u64, sites: Sites, since: NaiveDate, calendar: Vec<Period>) -> Self {
        let owner = crate::series::Registry::bundled().ticker(cik);
        Self { cik, owner, sites, since, calendar }
    }

    fn document(&self, raw: &Raw, filing: &Filing) -> Result<Parsed> {
        if filing_index::is_index(&raw.name) {
            return Ok(filing_index::parse(raw, filing, &self.sites));
        }
        if filing.form.starts_with("8-K") {
            return release(raw, &self.owner, filing.filed, &self.calendar);
        }
        report(raw, &self.owner)
    }
}

/// A quarterly or annual report: its segments, and its words on scarce capacity.
///
/// # Errors
/// As [`ixbrl::parse`].
pub fn report(raw: &Raw, owner: &str) -> Result<Parsed> {
    let figures = ixbrl::parse(raw, owner)?;
    let words = capacity::in_report(raw, owner, &figures)?;
    Ok(figures.and(words))
}

/// An earnings release: its guidance, and its words on scarce capacity.
///
/// # Errors
/// As [`guidance::read`].
pub fn release(
    raw: &Raw,
    company: &str,
    published: NaiveDate,
    calendar: &[Period],
) -> Result<Parsed> {
    let guides = guidance::read(raw, company, published, calendar)?;
    let words = capacity::in_release(raw, company, published, calendar)?;
    Ok(guides.and(words))
}

impl Source for Filings {
    fn id(&self) -> &'static str {
        "edgar filings"
    }

    fn requests(&self, _since: NaiveDate) -> Vec<Request> {
        let Self { cik, sites, .. } = self;
        vec![Request::named(format!("{}/submissions/CIK{cik:010}.json", sites.data))]
    }

    fn parse(&self, raw: &Raw) -> Result<Parsed> {
        match &raw.filing {
            Some(filing) if !filing.accession.is_empty() => self.document(raw, filing),
            _ => submissions::parse(raw, &self.sites, self.since),
        }
    }
}
