//! EDGAR frames: one concept of every company for one period.
//!
//! May use its sibling files and the core files. Pure. A frame holds the value of each company's
//! newest filing, and neither its form nor its day: it moves as filings come. So its values count as
//! public from the day they were read, and never stand for a first release.

use serde::Deserialize;

use super::concepts::Families;
use super::rows::locator;
use crate::error::{Error, Result};
use crate::ingest::{Parsed, Raw, SetAside};
use crate::observation::{Observation, VintageBasis};
use crate::period::{Frequency, Period};
use crate::series::{Registry, SeriesId};

/// The primary source, as observations name it.
const SOURCE: &str = "SEC EDGAR frames";

#[derive(Deserialize)]
struct Frame {
    tag: String,
    ccp: String,
    uom: String,
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    accn: String,
    cik: u64,
    #[serde(default)]
    start: Option<String>,
    end: String,
    val: f64,
}

/// Reads a frame: a quarter, a year, or a balance of every company that filed it.
///
/// # Errors
/// [`Error::Parse`] naming the file and place if the bytes are no frame; [`Error::Invalid`] for a
/// concept or unit of no family.
pub(super) fn parse(raw: &Raw) -> Result<Parsed> {
    let frame: Frame = serde_json::from_slice(&raw.bytes).map_err(|e| {
        let (line, column) = (e.line(), e.column());
        Error::parse(format!("`{}` line {line}, column {column}: not a whole frame", raw.name))
            .hint("needed is the JSON of `https://data.sec.gov/api/xbrl/frames/us-gaap/...`")
            .caused_by(e)
    })?;
    let families = Families::bundled();
    let member_idx = families.member_idx(&frame.tag).ok_or_else(|| {
        Error::invalid(format!(
            "`{}`: concept `{}` measures no metric that is kept",
            raw.name, frame.tag
        ))
        .hint("the concepts that are read stand in `datasets/concepts.toml`")
    })?;
    let family = families.family_of(member_idx);
    if frame.uom != family.unit.word() {
        return Err(Error::invalid(format!(
            "`{}` is in `{}`; `{}` is kept in `{}`",
            raw.name, frame.uom, frame.tag, family.unit
        )));
    }
    let mut parsed = Parsed { read_through: Some(raw.retrieved_at), ..Parsed::default() };
    for row in &frame.data {
        let owner = Registry::bundled().ticker(row.cik);
        let base = SeriesId::new(&format!("{owner}.{}", family.metric))?;
        match period(row) {
            Ok(period) => parsed.observations.push(Observation {
                series: if period.frequency() == Some(Frequency::Year) {
                    SeriesId::new(&format!("{base}.annual"))?
                } else {
                    base
                },
                period,
                value: row.val,
                unit: family.unit,
                vintage: raw.retrieved_at,
                vintage_basis: VintageBasis::Retrieved,
                source: format!("{SOURCE}, {}", frame.ccp),
                locator: locator(&row.accn, &frame.tag),
                retrieved_at: raw.retrieved_at,
            }),
            Err(reason) => parsed.set_aside.push(SetAside {
                series: base.to_string(),
                period: None,
                locator: locator(&row.accn, &frame.tag),
                reason,
            }),
        }
    }
    Ok(parsed)
}

fn period(row: &Row) -> std::result::Result<Period, String> {
    let date = |text: &str| text.parse().map_err(|_| format!("`{text}` is no date"));
    let end = date(&row.end)?;
    let start = row.start.as_deref().map_or(Ok(end), date)?;
    let period = Period::new(start, end).map_err(|e| e.to_string())?;
    match period.frequency() {
        Some(Frequency::Quarter | Frequency::Year | Frequency::Day) => Ok(period),
        _ => Err(format!("{} days are neither a quarter, a year nor a balance", period.n_days())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_counts_from_the_day_it_was_read() {
        let text = r#"{"taxonomy":"us-gaap","tag":"Revenues","ccp":"CY2026Q1","uom":"USD","data":[
            {"accn":"0001045810-26-000050","cik":1045810,"start":"2026-01-26","end":"2026-04-26","val":4},
            {"accn":"0000000001-26-000001","cik":1045810,"start":"2026-01-01","end":"2026-02-26","val":8}]}"#;
        let day = "2026-11-01".parse().expect("a date");
        let raw = Raw::new("frame.json", text.as_bytes().to_vec(), day);
        let parsed = parse(&raw).expect("a frame");
        let row = &parsed.observations[0];
        assert_eq!((row.series.as_str(), row.vintage), ("nvda.revenue", day));
        assert_eq!(row.vintage_basis, VintageBasis::Retrieved);
        assert!(parsed.set_aside[0].reason.starts_with("57 days"), "{:?}", parsed.set_aside);
    }
}
