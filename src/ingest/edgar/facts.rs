//! From a companyfacts document to observations: the whole chain in one function.
//!
//! May use its sibling files and the core files. Pure: bytes in, values with their vintages out.

use chrono::NaiveDate;
use memchr::memmem;

use super::concepts::{Families, Family, Kind};
use super::history::Aside;
use super::quarters::{self, Value};
use super::rows::{self, Sorted};
use super::stocks::{self, Closings};
use super::{payload, rows::parse_date};
use crate::error::Result;
use crate::ingest::{Parsed, Raw, SetAside};
use crate::observation::{Observation, VintageBasis};
use crate::series::{Registry, SeriesId};

/// The primary source, as observations name it.
const SOURCE: &str = "SEC EDGAR companyfacts";
/// A payload speaks for filings up to this long after the last that carries a line we read.
const QUIET_DAYS: i64 = 366;

/// Reads a companyfacts document: every vintage of every quarter, year and balance of the families
/// in `datasets/concepts.toml`, with what was set aside and why.
///
/// The company is the payload's own. Values are in base units; the vintage is the day of the filing
/// that first gives the value, over equivalent concepts ([`VintageBasis::Filing`]). companyfacts
/// hold no segments: `nvda.revenue.data_center` comes from the filing's inline XBRL.
///
/// # Errors
/// [`crate::Error::Parse`] naming the file and the place, if the bytes are not a whole companyfacts
/// document.
pub fn parse(raw: &Raw) -> Result<Parsed> {
    let (payload, units) = payload::read(&raw.name, &raw.bytes)?;
    let owner = Registry::bundled().ticker(payload.cik);
    let mut sorted = rows::sort(&payload, &units, &owner);
    let mut parsed = Parsed {
        read_through: read_through(&raw.bytes, &sorted),
        set_aside: std::mem::take(&mut sorted.set_aside),
        ..Parsed::default()
    };
    let families = &Families::bundled().all;
    let closings = Closings::of(&sorted, families.iter().map(|family| family.kind));
    for (family, facts) in families.iter().zip(&sorted.facts) {
        let (values, asides) = match family.kind {
            Kind::Flow => quarters::flows(facts, &sorted.filings, family.sign),
            Kind::Stock => stocks::stocks(facts, &sorted, &closings),
        };
        let series = Names::new(&owner, family)?;
        let observe = |value: &Value| series.observation(value, family, &sorted, raw.retrieved_at);
        parsed.observations.extend(values.iter().map(observe));
        parsed.set_aside.extend(asides.into_iter().map(|aside| series.set_aside(aside)));
    }
    Ok(parsed)
}

/// The ids of a family's series.
struct Names {
    quarterly: SeriesId,
    annual: SeriesId,
}

impl Names {
    fn new(owner: &str, family: &Family) -> Result<Self> {
        let quarterly = SeriesId::new(&format!("{owner}.{}", family.metric))?;
        let annual = SeriesId::new(&format!("{quarterly}.annual"))?;
        Ok(Self { quarterly, annual })
    }

    fn observation(
        &self,
        value: &Value,
        family: &Family,
        sorted: &Sorted<'_>,
        retrieved_at: NaiveDate,
    ) -> Observation {
        let filing = &sorted.filings[value.origin.filing_idx()];
        let series = if value.is_year { &self.annual } else { &self.quarterly };
        Observation {
            series: series.clone(),
            period: value.period,
            value: value.amount,
            unit: family.unit,
            vintage: filing.filed,
            vintage_basis: VintageBasis::Filing,
            source: format!("{SOURCE}, {}", filing.form_name),
            locator: value.origin.locator(&sorted.filings),
            retrieved_at,
        }
    }

    fn set_aside(&self, aside: Aside) -> SetAside {
        let is_year = aside.period.n_days() >= 350;
        let series = if is_year { &self.annual } else { &self.quarterly };
        let concept = &Families::bundled().member(aside.member_idx).name;
        SetAside {
            series: series.to_string(),
            period: Some(aside.period),
            locator: rows::locator(&aside.accn, concept),
            reason: aside.reason,
        }
    }
}

/// The last day on which anything in the payload was filed, concepts that are not read included.
///
/// A day far after every row that was read is a broken one, and does not count.
fn read_through(bytes: &[u8], sorted: &Sorted<'_>) -> Option<NaiveDate> {
    let last_read = sorted.filings.last().map(|filing| filing.filed);
    let latest = last_read.map_or(NaiveDate::MAX, |day| day + chrono::Duration::days(QUIET_DAYS));
    let mut last: &[u8] = b"";
    let mut last_day = last_read;
    for at in memmem::find_iter(bytes, b"\"filed\"") {
        let after = &bytes[at + 7..];
        let value = after.iter().position(|b| !matches!(b, b' ' | b':' | b'\n' | b'\r' | b'\t'));
        let Some(text) = value.and_then(|skip| after.get(skip + 1..skip + 11)) else { continue };
        if text > last
            && let Some(day) = parse_date(text).filter(|day| *day <= latest)
        {
            last = text;
            last_day = last_day.max(Some(day));
        }
    }
    last_day
}
