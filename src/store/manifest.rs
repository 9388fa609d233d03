//! The manifest and the segments of an archive as bytes: pure, and checked to the last byte.
//!
//! May use `archive`'s batch, `error`, `observation`, `parquet`, `period`, `series`. No disk here: `store` brings
//! the bytes and names their file.

use std::ops::{Range, RangeInclusive};

use chrono::NaiveDate;
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::archive::Batch;
use crate::error::{Error, Result};
use crate::observation::{Action, Announcement, Observations};
use crate::parquet;
use crate::period::Period;
use crate::series::SeriesId;

/// Version of the manifest's form; an unknown one is an error.
const SCHEMA_VERSION: u32 = 1;
/// Hexadecimal digits of its hash that name a segment's file.
const NAME_LEN: usize = 32;
/// Rows that are decoded together: a row group of a segment's file.
const BLOCK_ROWS: usize = 8_192;
/// Level of compression; 3 is usual, 4 makes up for what small row groups cost.
const ZSTD_LEVEL: i32 = 4;

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
    /// Its blocks; none if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocks: Option<Blocks>,
}

/// How a segment is cut into blocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Blocks {
    /// Rows of each but the last.
    n_rows: usize,
    /// The first series of each but the first.
    next_series: Vec<String>,
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
        let bytes = written(observations.frame())
            .map_err(|e| Error::store("a segment cannot be written").caused_by(e))?;
        Ok((Self::told(observations, &bytes)?, bytes))
    }

    /// The segment that some bytes are, whose table is at hand.
    pub(super) fn told(observations: &Observations, bytes: &[u8]) -> Result<Self> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let n_rows = observations.n_rows();
        let series = |row_idx| Ok::<_, Error>(observations.row(row_idx)?.series.to_string());
        let later_blocks = (BLOCK_ROWS..n_rows).step_by(BLOCK_ROWS);
        let next_series = later_blocks.map(series).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            file: file_name(&hash),
            blake3: hash,
            content: observations.digest()?.to_hex().to_string(),
            n_rows,
            first_series: series(0)?,
            last_series: series(n_rows.saturating_sub(1))?,
            owners: owners(observations)?,
            blocks: (!next_series.is_empty()).then_some(Blocks { n_rows: BLOCK_ROWS, next_series }),
        })
    }

    /// The first and the last series of each block. A series may go on in the block after.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a word that is no series.
    pub(super) fn ranges(&self) -> Result<Vec<RangeInclusive<SeriesId>>> {
        let next = self.blocks.iter().flat_map(|blocks| &blocks.next_series);
        let borders = [&self.first_series].into_iter().chain(next).chain([&self.last_series]);
        let borders = borders.map(|id| SeriesId::new(id)).collect::<Result<Vec<_>>>()?;
        Ok(borders.windows(2).map(|pair| pair[0].clone()..=pair[1].clone()).collect())
    }

    /// The rows of a block.
    pub(super) fn rows(&self, block_idx: usize) -> Range<usize> {
        let n_rows = self.blocks.as_ref().map_or(self.n_rows, |blocks| blocks.n_rows);
        let start = block_idx.saturating_mul(n_rows).min(self.n_rows);
        start..start.saturating_add(n_rows).min(self.n_rows)
    }

    /// No path of an attacker's making: the name follows from the hash.
    fn is_named_by_its_hash(&self) -> bool {
        let is_hash = self.blake3.len() == 64 && self.blake3.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash && self.file == file_name(&self.blake3)
    }
}

/// A table as Parquet, with a row group for each block.
fn written(frame: &DataFrame) -> PolarsResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = ParquetWriter::new(&mut bytes)
        .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(ZSTD_LEVEL)?)))
        .batched(frame.schema())?;
    let mut rest = frame.clone();
    while rest.height() > 0 {
        writer.write_batch(&rest.head(Some(BLOCK_ROWS)))?;
        rest = rest.tail(Some(rest.height().saturating_sub(BLOCK_ROWS)));
    }
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

/// The name of the segment whose bytes have a hash.
pub(super) fn file_name(hash: &str) -> String {
    format!("{}.parquet", hash.get(..NAME_LEN).unwrap_or(hash))
}

/// Some rows of a segment's bytes; no row group but theirs is decoded.
///
/// # Errors
/// [`Error::Store`] if they are no Parquet table of observations.
pub fn decode_segment(bytes: &[u8], rows: Range<usize>) -> Result<Observations> {
    let mut frame = parquet::rows(bytes, rows)
        .map_err(|e| Error::store("it is not a sound Parquet file").caused_by(e))?;
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
        let announcement = Announcement {
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
        };
        announcement.check()?;
        Ok(announcement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::{Observation, VintageBasis};
    use crate::units::Unit;

    fn table(n_rows: u32) -> Observations {
        let day = NaiveDate::from_ymd_opt(2020, 3, 31).expect("a day");
        let row = |idx: u32| Observation {
            series: SeriesId::new(&format!("c{:05}.revenue", idx / 3)).expect("an id"),
            period: Period::months(2000 + i32::try_from(idx % 3).expect("small"), 1, 3)
                .expect("a quarter"),
            value: f64::from(idx),
            unit: Unit::Usd,
            vintage: day,
            vintage_basis: VintageBasis::Filing,
            source: "made up".to_owned(),
            locator: idx.to_string(),
            retrieved_at: day,
        };
        Observations::from_rows((0..n_rows).map(row).collect()).expect("sound rows")
    }

    #[test]
    fn a_block_is_its_rows_and_a_segment_of_before_is_one() {
        let whole = table(20_000);
        let (segment, bytes) = Segment::of(&whole).expect("written");
        let rows: Vec<_> = (0..4).map(|block_idx| segment.rows(block_idx)).collect();
        assert_eq!(rows, [0..8_192, 8_192..16_384, 16_384..20_000, 20_000..20_000]);
        let ranges = segment.ranges().expect("series");
        let borders: Vec<_> = ranges.iter().map(|range| range.start().as_str()).collect();
        // Row 8,192 is the last of three of its series.
        assert_eq!(borders, ["c00000.revenue", "c02730.revenue", "c05461.revenue"]);
        assert_eq!(ranges[0].end(), ranges[1].start(), "it may go on");
        for (block_idx, rows) in rows[..3].iter().enumerate() {
            let block = decode_segment(&bytes, segment.rows(block_idx)).expect("a table");
            assert_eq!(block.n_rows(), rows.len());
            for (row_idx, row) in rows.clone().enumerate() {
                assert_eq!(block.row(row_idx).expect("a row"), whole.row(row).expect("a row"));
            }
        }
        // One row group and no word of blocks, as segments were written before.
        let mut frame = whole.frame().clone();
        let mut bytes = Vec::new();
        ParquetWriter::new(&mut bytes).finish(&mut frame).expect("written");
        let before = Segment { blocks: None, ..segment };
        assert_eq!((before.ranges().expect("series").len(), before.rows(0)), (1, 0..20_000));
        let read = decode_segment(&bytes, before.rows(0)).expect("a table");
        assert_eq!(read.digest().expect("whole").to_hex().as_str(), before.content);
        // Its manifest lost, it is cut into blocks that are no row groups.
        let told = Segment::told(&read, &bytes).expect("told");
        let block = decode_segment(&bytes, told.rows(1)).expect("a table");
        assert_eq!(block.row(0).expect("a row"), whole.row(8_192).expect("a row"));
    }
}
