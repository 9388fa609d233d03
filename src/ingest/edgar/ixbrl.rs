//! Inline XBRL of a 10-Q or 10-K: what companyfacts lack, the parts of a company.
//!
//! May use its sibling files and the core files. Pure: bytes in, values with their vintages out.
//!
//! `document` reads the markup in one pass (`text`, `names`, `contexts` and `numbers` are its
//! means), `filing` says whose it is, `facts` joins what is said twice, `sums` checks that parts
//! add up, `segments` makes observations of them, and `fourth` the quarters that no filing gives.
//! Which member belongs to which series stands in `datasets/members.toml`.

mod contexts;
mod document;
mod facts;
mod filing;
mod fourth;
mod members;
mod names;
mod numbers;
mod segments;
mod sums;
mod text;

pub use fourth::{fourth_quarters, years_beside};

use crate::error::Result;
use crate::ingest::{Parsed, Raw};

/// Reads the main document of a quarterly or annual report: quarters and fiscal years of the flows
/// in `datasets/concepts.toml`, for the whole company and for its parts by product, segment and
/// geography, comparatives of earlier years included.
///
/// `owner` is the first part of the series' ids. `raw.filing` gives the day of filing, which is the
/// vintage ([`crate::observation::VintageBasis::Filing`]); its `cik` (0), `form` and `accession`
/// (empty) may be left open, and what is given must be what the document says. Without an
/// accession, locators carry the file's name.
///
/// Parts are given out only if they add up to the total of the same filing, within the rounding
/// that the filing states; otherwise all of them are set aside, with both sums. Geography is no
/// exception: a filing that names a few countries alone gives no geography. Years to date make no
/// series.
///
/// # Errors
/// [`crate::Error::Parse`] with line and byte, if the document is broken, cut, or without inline
/// XBRL; [`crate::Error::Invalid`] if the filing's particulars are missing or contradict it.
pub fn parse(raw: &Raw, owner: &str) -> Result<Parsed> {
    let text = text::decode(&raw.name, &raw.bytes)?;
    let document = document::read(&raw.name, &text)?;
    let report = filing::Report::of(raw, &document)?;
    let sorted = facts::sort(&document, &report, owner);
    let parsed = segments::observations(sorted, &report, owner, raw.retrieved_at);
    Ok(Parsed { read_through: Some(report.filed), ..parsed })
}
