//! What became public between two snapshots, and the hash of what one of them shows of some series.
//!
//! May use what `archive` may. Sees only rows that a snapshot shows.

use std::collections::{BTreeSet, HashSet};

use chrono::NaiveDate;

use super::Snapshot;
use crate::error::Result;
use crate::observation::{Announcement, Observation};
use crate::period::Period;
use crate::series::SeriesId;

impl Snapshot {
    /// The rows of a series that this snapshot shows and an earlier one of the same archive does not.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn vintages_since(&self, then: &Self, series: &SeriesId) -> Result<Vec<Observation>> {
        let key = |row: &Observation| -> (Period, NaiveDate) { (row.period, row.vintage) };
        let held: HashSet<_> = then.vintages(series)?.iter().map(key).collect();
        let mut rows = self.vintages(series)?;
        rows.retain(|row| !held.contains(&key(row)));
        Ok(rows)
    }

    /// The announcements of a company that this snapshot shows and an earlier one of the same archive
    /// does not, in order of publication.
    pub fn announcements_since<'a>(
        &'a self,
        then: &Self,
        company: &'a str,
    ) -> impl Iterator<Item = &'a Announcement> {
        self.announcements(company).skip(then.announcements(company).count())
    }

    /// Hash of every public row of some series and of their owners' announcements: two snapshots from
    /// which the same follows have the same.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn digest_of(&self, series: &BTreeSet<SeriesId>) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        for id in series {
            for row in self.vintages(id)? {
                hasher.update(format!("{id} {} {} ", row.period, row.vintage).as_bytes());
                hasher.update(&row.value.to_le_bytes());
            }
        }
        let owners: BTreeSet<_> = series.iter().map(SeriesId::owner).collect();
        for a in owners.into_iter().flat_map(|owner| self.announcements(owner)) {
            let key = (&a.company, a.published, &a.metric, a.period, a.action.word());
            hasher.update(format!("{key:?}").as_bytes());
            for value in [a.low, a.mid, a.high] {
                hasher.update(&value.to_le_bytes());
            }
        }
        Ok(hasher.finalize().to_hex()[..16].to_owned())
    }
}
