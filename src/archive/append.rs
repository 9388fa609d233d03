//! What a new row means to an archive: added, a repeat, a revision, or a contradiction.
//!
//! May use what `archive` may. An append never changes a held row; nothing is stored on a conflict.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use super::{Archive, Part};
use crate::error::{Error, Result};
use crate::observation::{Action, Announcement, Observation, Observations};
use crate::period::Period;
use crate::series::SeriesId;

/// What an appended row meant to the archive.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// The first value of its period.
    Added,
    /// Says what was known before.
    Repeat,
    /// Another value for a known period, or an earlier day for a known value.
    Revision,
    /// The same key as a held row, with another value.
    Conflict {
        /// The value held.
        held: f64,
        /// Where the held value came from.
        source: String,
    },
}

/// Rows on their way into an archive.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Values.
    pub observations: Vec<Observation>,
    /// Announcements.
    pub announcements: Vec<Announcement>,
    /// The day up to which their source was read.
    pub known_through: NaiveDate,
}

impl Batch {
    /// A batch without a row.
    pub fn empty(known_through: NaiveDate) -> Self {
        Self { observations: Vec::new(), announcements: Vec::new(), known_through }
    }
}

/// Rows of a series by their period.
type ByPeriod = HashMap<Period, Vec<Observation>>;

impl Archive {
    /// Says for each row what appending it would do. Rows see the rows before them.
    ///
    /// # Errors
    /// As [`Observation::check`]; [`Error::Invalid`] if a row's unit is not its series' unit.
    pub fn review(&self, rows: &[Observation]) -> Result<Vec<Status>> {
        let mut held: BTreeMap<SeriesId, ByPeriod> = BTreeMap::new();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|i| (rows[*i].period, rows[*i].vintage));
        let mut statuses = vec![Status::Repeat; rows.len()];
        for row_idx in order {
            let row = &rows[row_idx];
            row.check()?;
            if !held.contains_key(&row.series) {
                held.insert(row.series.clone(), self.by_period(&row.series)?);
            }
            let by_period = held.get_mut(&row.series).expect("inserted just above");
            let first = by_period.values().flatten().next();
            if let Some(first) = first.filter(|first| first.unit != row.unit) {
                return Err(Error::invalid(format!(
                    "{:?} {} is in {}; the archive holds it in {}",
                    row.series, row.period, row.unit, first.unit
                )));
            }
            let same_period = by_period.entry(row.period).or_default();
            statuses[row_idx] = status(same_period, row);
            if matches!(statuses[row_idx], Status::Added | Status::Revision) {
                same_period.push(row.clone());
            }
        }
        Ok(statuses)
    }

    /// The archive with more rows, and the table of those that are new to it.
    ///
    /// A repeat of the last value is dropped; a value with an earlier vintage than the one held is
    /// inserted.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a row has the key of a held row and another value: nothing is appended.
    pub fn append(&self, batch: &Batch) -> Result<(Self, Batch)> {
        self.append_reviewed(batch, &self.review(&batch.observations)?)
    }

    /// [`Archive::append`] of rows whose statuses this archive gave just now.
    ///
    /// # Errors
    /// As [`Archive::append`].
    pub fn append_reviewed(&self, batch: &Batch, statuses: &[Status]) -> Result<(Self, Batch)> {
        let mut fresh = Vec::new();
        for (row, status) in batch.observations.iter().zip(statuses) {
            match status {
                Status::Added | Status::Revision => fresh.push(row.clone()),
                Status::Repeat => {}
                Status::Conflict { held, source } => {
                    return Err(Error::invalid(format!(
                        "{:?} {} with vintage {}: found {}, but the archive holds {held} from {source}",
                        row.series, row.period, row.vintage, row.value
                    ))
                    .hint("a corrected value needs its own, later vintage; nothing was stored"));
                }
            }
        }
        let announcements: Vec<_> =
            batch.announcements.iter().filter(|new| !self.holds(new)).cloned().collect();
        let mut parts = self.0.parts.clone();
        if !fresh.is_empty() {
            parts.push(Arc::new(Part::of(Observations::from_rows(fresh.clone())?)?));
        }
        let all = self.0.announcements.iter().chain(&announcements).cloned().collect();
        let known_through = self.known_through().max(batch.known_through);
        let archive = Self::from_parts(parts, all, known_through);
        Ok((archive, Batch { observations: fresh, announcements, known_through }))
    }

    /// Puts rows under the periods that the archive holds: quarters and years whose first and last day
    /// differ from a held period's by a week at most are that period, filed under other dates. The
    /// row's locator says so.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read.
    pub fn align(&self, rows: &mut [Observation]) -> Result<()> {
        let mut held: BTreeMap<SeriesId, Vec<Period>> = BTreeMap::new();
        for row in rows {
            if !held.contains_key(&row.series) {
                let periods = self.by_period(&row.series)?.into_keys().collect();
                held.insert(row.series.clone(), periods);
            }
            let periods = &held[&row.series];
            if periods.contains(&row.period) {
                continue;
            }
            if let Some(twin) = periods.iter().find(|period| period.is_nearly(row.period)) {
                row.locator = format!("{}; filed for {}", row.locator, row.period);
                row.period = *twin;
            }
        }
        Ok(())
    }

    /// Says of each announcement how it changes what the company said before of the same period, and
    /// puts it under the dates that the archive holds for that period.
    ///
    /// Only first words ([`Action::Guide`]) are judged: an announcement that says itself what it does
    /// keeps its action.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read.
    pub fn align_announcements(&self, announcements: &mut [Announcement]) -> Result<()> {
        for new in announcements {
            let series = SeriesId::new(&format!("{}.{}", new.company, new.metric))?;
            let mut held: Vec<Period> = self.by_period(&series)?.into_keys().collect();
            let same_metric = |a: &&Announcement| a.metric == new.metric;
            let others: Vec<_> =
                self.announcements(&new.company).filter(same_metric).cloned().collect();
            held.extend(others.iter().map(|a| a.period));
            if let Some(twin) = held.iter().find(|period| period.is_nearly(new.period)) {
                new.period = *twin;
            }
            let earlier = others.iter().filter(|a| a.period == new.period);
            let before =
                earlier.filter(|a| a.published < new.published).max_by_key(|a| a.published);
            if let Some(before) = before.filter(|_| new.action == Action::Guide) {
                new.action = Action::between(before.mid, new.mid);
            }
        }
        Ok(())
    }

    /// Whether an announcement is known already, in whatever words.
    pub fn holds(&self, new: &Announcement) -> bool {
        self.0.announcements.iter().any(|held| held.says_the_same(new))
    }

    fn by_period(&self, series: &SeriesId) -> Result<ByPeriod> {
        let mut held = ByPeriod::new();
        for row in self.rows_of(series)? {
            held.entry(row.period).or_default().push(row);
        }
        Ok(held)
    }
}

/// What a row means beside the rows held for its period.
fn status(held: &[Observation], row: &Observation) -> Status {
    if let Some(twin) = held.iter().find(|h| h.vintage == row.vintage) {
        return if twin.value.to_bits() == row.value.to_bits() {
            Status::Repeat
        } else {
            Status::Conflict { held: twin.value, source: twin.source.clone() }
        };
    }
    let before = held.iter().filter(|h| h.vintage < row.vintage).max_by_key(|h| h.vintage);
    match before {
        Some(last) if last.value.to_bits() == row.value.to_bits() => Status::Repeat,
        None if held.is_empty() => Status::Added,
        _ => Status::Revision,
    }
}
