//! One sorted table of the archive in blocks of rows, each read when a series in it is first asked for.
//!
//! May use what `archive` may. `store` brings the rows. Never reads the disk, never compares a vintage
//! with a day.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::sync::OnceLock;

use polars::prelude::StringChunked;

use crate::error::{Error, Result};
use crate::observation::{Observation, Observations};
use crate::series::SeriesId;

/// Reads the block of a number.
type Load = Box<dyn Fn(usize) -> Result<Observations> + Send + Sync>;

/// One sorted table of the archive: blocks of rows, in order, one after the other.
pub struct Part {
    blocks: Vec<Block>,
    owners: Option<BTreeSet<String>>,
    digest: String,
    load: Load,
}

/// Rows of the series from the first to the last; these two may go on in the blocks beside it.
struct Block {
    range: RangeInclusive<SeriesId>,
    table: OnceLock<Table>,
}

/// The rows of a block, and where each series of it begins.
pub(super) struct Table {
    observations: Observations,
    ids: StringChunked,
    starts: Vec<usize>,
}

/// The columns that the point-in-time rule reads, as plain slices.
pub(super) struct Columns<'a> {
    pub(super) start: &'a [i32],
    pub(super) end: &'a [i32],
    pub(super) vintage: &'a [i32],
    pub(super) value: &'a [f64],
}

impl Part {
    /// A part whose blocks are read on first use.
    ///
    /// - `ranges`: the first and the last series of each block, in order.
    /// - `digest`: the hash of what all rows say.
    pub fn lazy(ranges: Vec<RangeInclusive<SeriesId>>, digest: String, load: Load) -> Self {
        let block = |range| Block { range, table: OnceLock::new() };
        let blocks = ranges.into_iter().map(block).collect();
        Self { blocks, owners: None, digest, load }
    }

    /// The same part, known to hold series of these owners alone; nothing is known of an empty list.
    #[must_use]
    pub fn of_owners(mut self, owners: impl Iterator<Item = String>) -> Self {
        self.owners = Some(owners.collect()).filter(|owners: &BTreeSet<_>| !owners.is_empty());
        self
    }

    /// A part of rows at hand; there must be one or more.
    ///
    /// # Errors
    /// [`Error::Invalid`] on an empty table.
    pub fn of(observations: Observations) -> Result<Self> {
        let digest = observations.digest()?.to_hex().to_string();
        let Some(last_row) = observations.n_rows().checked_sub(1) else {
            return Err(Error::invalid("a part of an archive needs a row"));
        };
        let range = observations.row(0)?.series..=observations.row(last_row)?.series;
        let table = OnceLock::from(Table::new(observations)?);
        let load = |_| Err(Error::store("a part of rows at hand is never loaded"));
        Ok(Self {
            blocks: vec![Block { range, table }],
            owners: None,
            digest,
            load: Box::new(load),
        })
    }

    /// Hash of what its rows say.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    /// All of its rows.
    pub(super) fn tables(&self) -> impl Iterator<Item = Result<&Table>> {
        self.tables_in(0..self.blocks.len())
    }

    /// The blocks that may hold rows of a series.
    pub(super) fn tables_with(&self, series: &SeriesId) -> impl Iterator<Item = Result<&Table>> {
        let start = self.blocks.partition_point(|block| block.range.end() < series);
        let n = self.blocks[start..].partition_point(|block| block.range.start() <= series);
        let may_own = |owners: &BTreeSet<String>| owners.contains(series.owner());
        let n = if n > 0 && self.owners.as_ref().is_none_or(may_own) { n } else { 0 };
        self.tables_in(start..start + n)
    }

    fn tables_in(&self, blocks: Range<usize>) -> impl Iterator<Item = Result<&Table>> {
        blocks.map(|block_idx| {
            let block = &self.blocks[block_idx];
            if let Some(table) = block.table.get() {
                return Ok(table);
            }
            let table = Table::new((self.load)(block_idx)?)?;
            Ok(block.table.get_or_init(|| table))
        })
    }
}

impl Table {
    fn new(observations: Observations) -> Result<Self> {
        let ids = observations.frame().column("series")?.str()?.clone();
        if ids.null_count() > 0 {
            return Err(Error::store("a segment has a row without a series"));
        }
        let (mut starts, mut last) = (Vec::new(), None);
        for (row_idx, id) in ids.iter().enumerate() {
            if id != last {
                starts.push(row_idx);
                last = id;
            }
        }
        Ok(Self { observations, ids, starts })
    }

    /// Every series, sorted.
    pub(super) fn series_ids(&self) -> Result<Vec<SeriesId>> {
        self.starts.iter().filter_map(|row_idx| self.ids.get(*row_idx)).map(SeriesId::new).collect()
    }

    /// The rows of a series, which lie side by side; none if it has none here.
    pub(super) fn rows_of(&self, series: &SeriesId) -> Option<Range<usize>> {
        let series = series.as_str();
        let is_before = |row_idx: &usize| self.ids.get(*row_idx).is_some_and(|id| id < series);
        let idx = self.starts.partition_point(is_before);
        let start = *self.starts.get(idx)?;
        let end = self.starts.get(idx + 1).copied().unwrap_or(self.ids.len());
        (self.ids.get(start) == Some(series)).then_some(start..end)
    }

    /// One row.
    pub(super) fn row(&self, row_idx: usize) -> Result<Observation> {
        self.observations.row(row_idx)
    }

    pub(super) fn columns(&self) -> Result<Columns<'_>> {
        let frame = self.observations.frame();
        let dates = |name: &str| Ok::<_, Error>(frame.column(name)?.date()?.phys.cont_slice()?);
        Ok(Columns {
            start: dates("period_start")?,
            end: dates("period_end")?,
            vintage: dates("vintage")?,
            value: frame.column("value")?.f64()?.cont_slice()?,
        })
    }
}
