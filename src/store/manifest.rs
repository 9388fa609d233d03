//! The manifest and the segments of an archive as bytes: pure, and checked to the last byte.
//!
//! May use `archive`'s batch, `error`, `observation`, `period`. No disk here: `store` brings the bytes
//! and names their file.

use std::io::Cursor;

use chrono::NaiveDate;
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::archive::Batch;
use crate::error::{Error, Result};
use crate::observation::{Action, Announcement, Observations};
use crate::period::Period;

/// Version of the manifest's form; an unknown one is an error.
const SCHEMA_VERSION: u32 = 1;
/// Hexadecimal digits of its hash that name a segment's file.
const NAME_LEN: usize = 32;

/// What an archive holds: its segments by their hashes, and every announcement.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    schema_version: u32,
    pub(super) known_through: NaiveDate,
    pub(super) segments: Vec<Segment>,
    announcements: Vec<AnnouncementRow>,
    /// Hash of all the above, so that a flipped bit in the manifest itself is seen.
    blake3: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Segment {
    pub(super) file: String,
    pub(super) blake3: String,
    /// Hash of what the rows say.
    pub(super) content: String,
    pub(super) n_rows: usize,
    pub(super) first_series: String,
    pub(super) last_series: String,
    /// The owners of its series, sorted; none where they were not noted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) owners: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnnouncementRow {
    company: String,
    published: NaiveDate,
    metric: String,
    period_start: NaiveDate,
    period_end: NaiveDate,
    low: f64,
    mid: f64,
    high: f64,
    unit: String,
    action: String,
    quote: String,
    locator: String,
}

impl Manifest {
    pub(super) fn new(known_through: NaiveDate) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            known_through,
            segments: Vec::new(),
            announcements: Vec::new(),
            blake3: String::new(),
        }
    }

    /// Reads a manifest's bytes. Every byte counts: they must be those that this manifest is written as.
    ///
    /// # Errors
    /// [`Error::Store`] on anything else, on another version, and on a segment that is named as none is.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let damaged = |what: &str| Error::store(format!("the manifest is damaged: {what}"));
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|e| damaged("it is not the manifest of an archive").caused_by(e))?;
        if manifest.schema_version != SCHEMA_VERSION {
            return Err(Error::store(format!(
                "the manifest has schema version {}; this version reads {SCHEMA_VERSION}",
                manifest.schema_version
            )));
        }
        if manifest.blake3 != manifest.digest()? {
            return Err(damaged("its content does not match its hash"));
        }
        if manifest.written()? != bytes {
            return Err(damaged("it is not as it was written"));
        }
        match manifest.segments.iter().find(|segment| !segment.is_named_by_its_hash()) {
            Some(segment) => Err(damaged(&format!("`{:.80}` names no segment", segment.file))),
            None => Ok(manifest),
        }
    }

    /// Every announcement.
    ///
    /// # Errors
    /// [`Error::Invalid`] for words or days that no version wrote.
    pub fn announcements(&self) -> Result<Vec<Announcement>> {
        self.announcements.iter().map(AnnouncementRow::read).collect()
    }

    /// Takes the announcements of a batch, and the day up to which it was read.
    pub(super) fn add(&mut self, batch: &Batch) {
        self.announcements.extend(batch.announcements.iter().map(AnnouncementRow::write));
        self.known_through = self.known_through.max(batch.known_through);
    }

    /// Its bytes, with a hash of what it says now.
    pub(super) fn encode(mut self) -> Result<Vec<u8>> {
        self.blake3 = self.digest()?;
        self.written()
    }

    fn written(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self).map_err(unwritable)?;
        text.push(b'\n');
        Ok(text)
    }

    fn digest(&self) -> Result<String> {
        let content =
            (self.schema_version, self.known_through, &self.segments, &self.announcements);
        let bytes = serde_json::to_vec(&content).map_err(unwritable)?;
        Ok(blake3::hash(&bytes).to_hex().to_string())
    }
}

fn unwritable(cause: serde_json::Error) -> Error {
    Error::store("the manifest cannot be written").caused_by(cause)
}

impl Segment {
    /// The segment of a sorted table of one row or more, and its bytes.
    pub(super) fn of(observations: &Observations) -> Result<(Self, Vec<u8>)> {
        let mut bytes = Vec::new();
        let mut frame = observations.frame().clone();
        ParquetWriter::new(&mut bytes)
            .with_compression(ParquetCompression::Zstd(None))
            .finish(&mut frame)
            .map_err(|e| Error::store("a segment cannot be written").caused_by(e))?;
        Ok((Self::told(observations, &bytes)?, bytes))
    }

    /// The segment that some bytes are, whose table is at hand.
    pub(super) fn told(observations: &Observations, bytes: &[u8]) -> Result<Self> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let last_row = observations.n_rows().saturating_sub(1);
        Ok(Self {
            file: file_name(&hash),
            blake3: hash,
            content: observations.digest()?.to_hex().to_string(),
            n_rows: observations.n_rows(),
            first_series: observations.row(0)?.series.to_string(),
            last_series: observations.row(last_row)?.series.to_string(),
            owners: owners(observations)?,
        })
    }

    /// No path of an attacker's making: the name follows from the hash.
    fn is_named_by_its_hash(&self) -> bool {
        let is_hash = self.blake3.len() == 64 && self.blake3.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash && self.file == file_name(&self.blake3)
    }
}

/// The name of the segment whose bytes have a hash.
pub(super) fn file_name(hash: &str) -> String {
    format!("{}.parquet", hash.get(..NAME_LEN).unwrap_or(hash))
}

/// The table of a segment's bytes.
///
/// # Errors
/// [`Error::Store`] if they are no Parquet table of observations.
pub fn decode_segment(bytes: Vec<u8>) -> Result<Observations> {
    let mut frame = Error::caught("the segment", || {
        ParquetReader::new(Cursor::new(bytes))
            .finish()
            .map_err(|e| Error::store("it is not a Parquet file").caused_by(e))
    })?;
    frame.rechunk_mut_par();
    Observations::from_frame(frame)
}

/// The owners of the series of a sorted table.
fn owners(observations: &Observations) -> Result<Vec<String>> {
    let column = observations.frame().column("series")?.str()?;
    let mut owners: Vec<String> = Vec::new();
    for owner in column.iter().flatten().filter_map(|id| id.split('.').next()) {
        if owners.last().is_none_or(|last| last != owner) {
            owners.push(owner.to_owned());
        }
    }
    owners.sort();
    owners.dedup();
    Ok(owners)
}

impl AnnouncementRow {
    fn write(a: &Announcement) -> Self {
        Self {
            company: a.company.clone(),
            published: a.published,
            metric: a.metric.clone(),
            period_start: a.period.start(),
            period_end: a.period.end(),
            low: a.low,
            mid: a.mid,
            high: a.high,
            unit: a.unit.to_string(),
            action: a.action.word().to_owned(),
            quote: a.quote.clone(),
            locator: a.locator.clone(),
        }
    }

    fn read(&self) -> Result<Announcement> {
        Ok(Announcement {
            company: self.company.clone(),
            published: self.published,
            metric: self.metric.clone(),
            period: Period::new(self.period_start, self.period_end)?,
            low: self.low,
            mid: self.mid,
            high: self.high,
            unit: self.unit.parse()?,
            action: self.action.parse::<Action>()?,
            quote: self.quote.clone(),
            locator: self.locator.clone(),
        })
    }
}
