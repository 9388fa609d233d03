//! The bitemporal archive, and THE point-in-time rule: `vintage <= as_of`, the last vintage wins,
//! nothing past `known_through`.
//!
//! May use `error`, `observation`, `period`, `series`, `units`. [`Archive::as_of`] is the only way to a
//! [`Snapshot`], and models accept nothing else. Never reads the clock or the disk: `store` brings the
//! tables.

mod append;
mod calendar;
mod growth;
mod part;
mod revisions;
mod since;

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::NaiveDate;

use self::part::{Columns, Table};
use crate::error::{Error, Result};
use crate::observation::{Announcement, Observation, Observations, days, from_days};
use crate::period::{FiscalCalendar, Frequency, Period};
use crate::series::SeriesId;
use crate::units::Unit;

pub use append::{Batch, Status};
pub use calendar::{Method, calendar_quarters, frame, over};
pub use growth::{Growth, growth};
pub use part::Part;
pub use revisions::{Largest, Revisions};

/// Every value with every vintage. Cheap to clone; append-only.
#[derive(Clone)]
pub struct Archive(Arc<Inner>);

struct Inner {
    parts: Vec<Arc<Part>>,
    announcements: Vec<Announcement>,
    known_through: NaiveDate,
    series_ids: OnceLock<Vec<SeriesId>>,
    memo: Mutex<Memo>,
}

/// Values derived from one state of one series; a state is told by its number of public rows, since
/// an archive never changes and each later day sees all rows of the days before.
type Memo = HashMap<(SeriesId, usize, TypeId), Arc<dyn Any + Send + Sync>>;

/// What is known of a series as of a day: one point a period, in order of their ends.
#[derive(Debug, Clone)]
pub struct Known {
    /// Which series.
    pub series: SeriesId,
    /// Unit of every value.
    pub unit: Unit,
    /// The points.
    pub points: Vec<Point>,
}

/// The value of a period that holds as of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The days covered.
    pub period: Period,
    /// The value, in the series' unit.
    pub value: f64,
    /// The day from which on it was public.
    pub vintage: NaiveDate,
}

/// The archive as the public could know it at the end of a day.
#[derive(Clone)]
pub struct Snapshot {
    archive: Archive,
    as_of: NaiveDate,
}

/// The point-in-time rule. Nothing else in the crate compares a vintage with an as-of day.
pub(crate) fn is_public<D: PartialOrd>(vintage: D, as_of: D) -> bool {
    vintage <= as_of
}

/// The last vintage of each period, of rows sorted by period and vintage: it is the one that holds.
pub fn last_vintages(rows: &[Observation]) -> Vec<Observation> {
    rows.chunk_by(|a, b| a.period == b.period).filter_map(<[Observation]>::last).cloned().collect()
}

impl Archive {
    /// An archive without a row, known through a day.
    pub fn empty(known_through: NaiveDate) -> Self {
        Self::from_parts(Vec::new(), Vec::new(), known_through)
    }

    /// An archive of one batch whose rows are known to be free of repeats and conflicts.
    ///
    /// # Errors
    /// As [`Observation::check`].
    pub fn of(batch: Batch) -> Result<Self> {
        let part = Part::of(Observations::from_rows(batch.observations)?)?;
        Ok(Self::from_parts(vec![Arc::new(part)], batch.announcements, batch.known_through))
    }

    /// Joins parts that were checked when they were written.
    pub fn from_parts(
        parts: Vec<Arc<Part>>,
        mut announcements: Vec<Announcement>,
        known_through: NaiveDate,
    ) -> Self {
        announcements.sort_by(|a, b| {
            (&a.company, a.published, a.period).cmp(&(&b.company, b.published, b.period))
        });
        Self(Arc::new(Inner {
            parts,
            announcements,
            known_through,
            series_ids: OnceLock::new(),
            memo: Mutex::default(),
        }))
    }

    /// The archive as the public could know it at the end of `as_of`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `as_of` lies past the day up to which the sources were read.
    pub fn as_of(&self, as_of: NaiveDate) -> Result<Snapshot> {
        if as_of > self.known_through() {
            return Err(Error::invalid(format!(
                "snapshot as of {as_of} asked, but the archive is known through {}",
                self.known_through()
            ))
            .hint("run `chipcast ingest edgar --company TICKER`, or ask for an earlier date"));
        }
        Ok(Snapshot { archive: self.clone(), as_of })
    }

    /// The last day up to which the sources were read.
    pub fn known_through(&self) -> NaiveDate {
        self.0.known_through
    }

    /// Hash of all that it holds: two archives that say the same have the same.
    pub fn digest(&self) -> String {
        let mut digests: Vec<_> = self.0.parts.iter().map(|part| part.digest()).collect();
        digests.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        for digest in digests {
            hasher.update(digest.as_bytes());
        }
        for a in &self.0.announcements {
            hasher
                .update(format!("{} {} {} {}", a.company, a.published, a.period, a.mid).as_bytes());
        }
        hasher.update(self.known_through().to_string().as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// Every series, sorted.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read.
    pub fn series_ids(&self) -> Result<&[SeriesId]> {
        if let Some(ids) = self.0.series_ids.get() {
            return Ok(ids);
        }
        let mut ids = BTreeSet::new();
        for table in self.0.parts.iter().flat_map(|part| part.tables()) {
            ids.extend(table?.series_ids()?);
        }
        Ok(self.0.series_ids.get_or_init(|| ids.into_iter().collect()))
    }

    /// Every row of a series, sorted by period and vintage: its whole history of revisions.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown series, with the nearest names.
    pub fn vintages(&self, series: &SeriesId) -> Result<Vec<Observation>> {
        let rows = self.rows_of(series)?;
        if rows.is_empty() { Err(self.unknown(series)) } else { Ok(rows) }
    }

    /// As [`Archive::vintages`], and no row for a series that is not held.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read.
    pub fn rows_of(&self, series: &SeriesId) -> Result<Vec<Observation>> {
        let mut rows = Vec::new();
        for (table, range) in self.tables_with(series)? {
            for row_idx in range {
                rows.push(table.row(row_idx)?);
            }
        }
        rows.sort_by_key(|row| (row.period.end(), row.period.start(), row.vintage));
        Ok(rows)
    }

    /// Every announcement of a company, in order of publication.
    pub fn announcements<'a>(&'a self, company: &'a str) -> impl Iterator<Item = &'a Announcement> {
        self.0.announcements.iter().filter(move |a| a.company == company)
    }

    /// Every announcement.
    pub fn all_announcements(&self) -> &[Announcement] {
        &self.0.announcements
    }

    fn tables_with(&self, series: &SeriesId) -> Result<Vec<(&Table, Range<usize>)>> {
        let mut found = Vec::new();
        for table in self.0.parts.iter().flat_map(|part| part.tables_with(series)) {
            let table = table?;
            found.extend(table.rows_of(series).map(|rows| (table, rows)));
        }
        Ok(found)
    }

    fn unknown(&self, series: &SeriesId) -> Error {
        let ids = self.series_ids().unwrap_or(&[]);
        let same_owner: Vec<_> =
            ids.iter().filter(|id| id.owner() == series.owner()).map(SeriesId::as_str).collect();
        let hint = match same_owner.as_slice() {
            [] => "`chipcast data list` shows every series".to_owned(),
            some => format!("`{}` has {}", series.owner(), some[..some.len().min(8)].join(", ")),
        };
        Error::not_found(format!("no series {series:?} in the archive")).hint(hint)
    }
}

impl Snapshot {
    /// The day whose end it shows.
    pub fn as_of(&self) -> NaiveDate {
        self.as_of
    }

    /// What is known of a series: one point a period, the last public vintage.
    ///
    /// A series that exists but had no public value yet has no point.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown series; [`Error::Store`] if its part cannot be read.
    pub fn series(&self, series: &SeriesId) -> Result<Known> {
        let tables = self.archive.tables_with(series)?;
        let (first, range) = tables.first().ok_or_else(|| self.archive.unknown(series))?;
        let unit = first.row(range.start)?.unit;
        let mut held: BTreeMap<(i32, i32), (i32, f64)> = BTreeMap::new();
        for (table, range) in tables {
            let Columns { start, end, vintage, value } = table.columns()?;
            for i in range.filter(|i| is_public(vintage[*i], days(self.as_of))) {
                let kept = held.entry((end[i], start[i])).or_insert((vintage[i], value[i]));
                if kept.0 <= vintage[i] {
                    *kept = (vintage[i], value[i]);
                }
            }
        }
        let points = held.into_iter().map(|((end, start), (vintage, value))| {
            let date = |day| from_days(day).ok_or_else(|| Error::store("a date is out of range"));
            let period = Period::new(date(start)?, date(end)?)?;
            Ok(Point { period, value, vintage: date(vintage)? })
        });
        Ok(Known { series: series.clone(), unit, points: points.collect::<Result<_>>()? })
    }

    /// A value that follows from what is known of one series alone, made once for each state of it.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn derived<T: Send + Sync + 'static>(
        &self,
        series: &SeriesId,
        make: impl FnOnce(Known) -> T,
    ) -> Result<Arc<T>> {
        let mut n_public = 0;
        for (table, range) in self.archive.tables_with(series)? {
            let vintage = table.columns()?.vintage;
            n_public += range.filter(|i| is_public(vintage[*i], days(self.as_of))).count();
        }
        let key = (series.clone(), n_public, TypeId::of::<T>());
        let memo = || self.archive.0.memo.lock().unwrap_or_else(PoisonError::into_inner);
        let held = memo().get(&key).cloned();
        if let Some(held) = held.and_then(|held| held.downcast::<T>().ok()) {
            return Ok(held);
        }
        let made = Arc::new(make(self.series(series)?));
        memo().insert(key, made.clone());
        Ok(made)
    }

    /// The first public value of each period, later revisions left aside.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn first_releases(&self, series: &SeriesId) -> Result<Known> {
        let mut known = self.series(series)?;
        let mut first: BTreeMap<Period, (i32, f64)> = BTreeMap::new();
        for (table, range) in self.archive.tables_with(series)? {
            let Columns { start, end, vintage, value } = table.columns()?;
            for i in range.filter(|i| is_public(vintage[*i], days(self.as_of))) {
                if let (Some(start), Some(end)) = (from_days(start[i]), from_days(end[i])) {
                    let release = (vintage[i], value[i]);
                    let kept = first.entry(Period::new(start, end)?).or_insert(release);
                    if release.0 < kept.0 {
                        *kept = release;
                    }
                }
            }
        }
        for point in &mut known.points {
            if let Some((vintage, value)) = first.get(&point.period) {
                point.value = *value;
                point.vintage = from_days(*vintage).unwrap_or(point.vintage);
            }
        }
        Ok(known)
    }

    /// Hash of the archive behind it.
    pub fn digest(&self) -> String {
        self.archive.digest()
    }

    /// The same archive at the end of an earlier day.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `as_of` is later than this snapshot's day: a snapshot never looks ahead.
    pub fn rewind(&self, as_of: NaiveDate) -> Result<Self> {
        if as_of > self.as_of {
            return Err(Error::invalid(format!(
                "a snapshot as of {} cannot show {as_of}, which is later",
                self.as_of
            )));
        }
        self.archive.as_of(as_of)
    }

    /// The same day with further rows, such as those of a series that is computed from others.
    ///
    /// # Errors
    /// As [`Archive::append`].
    pub fn with(&self, observations: Vec<Observation>) -> Result<Self> {
        if observations.is_empty() {
            return Ok(self.clone());
        }
        let known_through = self.archive.known_through();
        let batch = Batch { observations, announcements: Vec::new(), known_through };
        self.archive.append(&batch)?.0.as_of(self.as_of)
    }

    /// Every series of one metric: a company and its peers.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read.
    pub fn peers(&self, series: &SeriesId) -> Result<Vec<SeriesId>> {
        self.matching(|id| id.metric() == series.metric())
    }

    /// Every series that has a public value and whose id is kept, sorted; no other series is read.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read.
    pub fn matching(&self, keep: impl Fn(&SeriesId) -> bool) -> Result<Vec<SeriesId>> {
        let mut ids = Vec::new();
        for id in self.archive.series_ids()?.iter().filter(|id| keep(id)) {
            if self.holds(id)? {
                ids.push(id.clone());
            }
        }
        Ok(ids)
    }

    /// Every series that has a public value, sorted.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read.
    pub fn series_ids(&self) -> Result<Vec<SeriesId>> {
        self.matching(|_| true)
    }

    /// The announcements of a company that were public, in order of publication.
    pub fn announcements<'a>(&'a self, company: &'a str) -> impl Iterator<Item = &'a Announcement> {
        self.archive.announcements(company).filter(|a| is_public(a.published, self.as_of))
    }

    /// Every public row of a series, sorted by period and vintage.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn vintages(&self, series: &SeriesId) -> Result<Vec<Observation>> {
        let mut rows = self.archive.vintages(series)?;
        rows.retain(|row| is_public(row.vintage, self.as_of));
        Ok(rows)
    }

    /// Whether a series has a public value.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read.
    pub fn holds(&self, series: &SeriesId) -> Result<bool> {
        for (table, range) in self.archive.tables_with(series)? {
            let vintage = table.columns()?.vintage;
            if vintage[range].iter().any(|day| is_public(*day, days(self.as_of))) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rows behind [`Snapshot::series`], with source and locator: one a period, in order.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn current(&self, series: &SeriesId) -> Result<Vec<Observation>> {
        Ok(last_vintages(&self.vintages(series)?))
    }

    /// The public row behind a point, for its source and locator.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn source_of(&self, series: &SeriesId, period: Period) -> Result<Option<Observation>> {
        Ok(self.current(series)?.into_iter().find(|row| row.period == period))
    }
}

impl Point {
    /// Whether the value was public at the end of a day.
    pub fn is_public(&self, as_of: NaiveDate) -> bool {
        is_public(self.vintage, as_of)
    }
}

impl Known {
    /// The frequency of its last point, if it has one.
    pub fn frequency(&self) -> Option<Frequency> {
        self.points.last()?.period.frequency()
    }

    /// The periods after its last point.
    ///
    /// # Errors
    /// As [`FiscalCalendar::infer`].
    pub fn next_periods(&self, n: usize) -> Result<Vec<Period>> {
        let periods: Vec<_> = self.points.iter().map(|point| point.period).collect();
        let calendar = FiscalCalendar::infer(&periods)?;
        Ok(periods.last().map_or_else(Vec::new, |last| calendar.following(*last, n)))
    }
}
