//! SEC EDGAR: statements' values from companyfacts JSON.
//!
//! May use the core files and `ingest`. Says what to get and reads what came; never does I/O.
//!
//! `payload` reads the JSON, `rows` checks each fact, `history` remembers what each filing said of
//! each period, `quarters` and `stocks` make values of it, and `facts` is the chain of them all.
//! Which concepts measure which metric stands in `datasets/concepts.toml`.

mod concepts;
mod facts;
mod history;
mod payload;
mod quarters;
mod rows;
mod stocks;

use chrono::NaiveDate;

pub use facts::parse;

use super::{Parsed, Raw, Request, Source};
use crate::error::Result;

/// Where SEC serves its data interface.
pub const BASE_URL: &str = "https://data.sec.gov";

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
    base_url: String,
}

impl Edgar {
    /// The company with a central index key; `base_url` is [`BASE_URL`] but for tests and mirrors.
    pub fn new(cik: u64, base_url: impl Into<String>) -> Self {
        let mut base_url = base_url.into();
        base_url.truncate(base_url.trim_end_matches('/').len());
        Self { cik, base_url }
    }
}

impl Source for Edgar {
    fn id(&self) -> &'static str {
        "edgar"
    }

    /// One document holds every fact ever filed, so the day does not matter.
    fn requests(&self, _since: NaiveDate) -> Vec<Request> {
        let Self { cik, base_url } = self;
        let url = format!("{base_url}/api/xbrl/companyfacts/CIK{cik:010}.json");
        vec![Request::named(url)]
    }

    /// As [`parse`]: the company comes from the payload.
    fn parse(&self, raw: &Raw) -> Result<Parsed> {
        parse(raw)
    }
}
