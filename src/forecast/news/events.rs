//! What became public between two days, event by event, and the archive as it stood after each.
//!
//! May use the core files. An archive is built of rows that snapshots showed, so that a state holds
//! what was public and nothing else, also between two events of one day.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::archive::{Archive, Part, Snapshot};
use crate::error::Result;
use crate::observation::{Action, Announcement, Observation, Observations};
use crate::period::Period;
use crate::series::{Registry, SeriesId};
use crate::units::Unit;

/// What became public at once: the values of one series on one day, or one announcement.
#[derive(Debug, Clone)]
pub struct Event {
    /// The first day on which the public could know it.
    pub day: NaiveDate,
    /// The series; of an announcement the one that it speaks of.
    pub series: SeriesId,
    /// What it says.
    pub says: Says,
}

/// What an event says.
#[derive(Debug, Clone)]
pub enum Says {
    /// Other values for known periods, in order of their ends.
    Revisions(Vec<Observation>),
    /// First values of periods, in order of their ends.
    Values(Vec<Observation>),
    /// A company's own word about a period to come.
    Announced(Announcement),
}

/// Which series and whose announcements a model may have read.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The series.
    pub series: BTreeSet<SeriesId>,
    /// Owners of the announcements.
    pub companies: BTreeSet<String>,
}

/// The archive as it stands after some of the events.
pub struct State {
    parts: Vec<Arc<Part>>,
    announcements: Vec<Announcement>,
    day: NaiveDate,
    known_through: NaiveDate,
}

impl Event {
    /// The rows, none for an announcement.
    pub fn rows(&self) -> &[Observation] {
        match &self.says {
            Says::Revisions(rows) | Says::Values(rows) => rows,
            Says::Announced(_) => &[],
        }
    }

    /// What it does, of an announcement.
    pub fn action(&self) -> Option<Action> {
        match &self.says {
            Says::Announced(a) => Some(a.action),
            _ => None,
        }
    }

    /// The period that it speaks of, and the unit in which; of several values the last one's.
    pub fn about(&self) -> Option<(Period, Unit)> {
        match &self.says {
            Says::Announced(a) => Some((a.period, a.unit)),
            _ => self.rows().last().map(|row| (row.period, row.unit)),
        }
    }

    /// Revisions come before first values, and values before the word about the next.
    fn rank(&self) -> usize {
        match self.says {
            Says::Revisions(_) => 0,
            Says::Values(_) => 1,
            Says::Announced(_) => 2,
        }
    }
}

impl Scope {
    /// The covered companies' series of the target's metric and of the whole that it is a part of; the
    /// words of the target's owner.
    ///
    /// # Errors
    /// As [`Snapshot::matching`].
    pub fn panel(known: &Snapshot, target: &SeriesId) -> Result<Self> {
        let whole = target.parent();
        let alike = |id: &SeriesId| {
            let same = |other: &SeriesId| id.metric() == other.metric();
            let covered = Registry::bundled().company(id.owner()).is_some();
            id == target || covered && (same(target) || whole.as_ref().is_some_and(same))
        };
        let series = known.matching(alike)?.into_iter().collect();
        Ok(Self { series, companies: BTreeSet::from([target.owner().to_owned()]) })
    }

    /// Everything in the archive.
    ///
    /// # Errors
    /// As [`Snapshot::matching`].
    pub fn everything(known: &Snapshot) -> Result<Self> {
        let series: BTreeSet<_> = known.matching(|_| true)?.into_iter().collect();
        let companies = series.iter().map(|id| id.owner().to_owned()).collect();
        Ok(Self { series, companies })
    }
}

/// The events between two snapshots of one archive, by day: on one day revisions, then values, then
/// announcements, those of `first` before those of other series.
///
/// # Errors
/// As [`Snapshot::series`].
pub fn events(
    then: &Snapshot,
    now: &Snapshot,
    scope: &Scope,
    first: &SeriesId,
) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for series in &scope.series {
        let held: BTreeSet<_> = then.series(series)?.points.iter().map(|p| p.period).collect();
        let fresh = now.vintages_since(then, series)?;
        let mut seen = BTreeSet::new();
        let (values, revisions): (Vec<_>, Vec<_>) = fresh
            .into_iter()
            .partition(|row| seen.insert(row.period) && !held.contains(&row.period));
        let mut push = |mut rows: Vec<Observation>, says: fn(Vec<Observation>) -> Says| {
            rows.sort_by_key(|row| row.vintage);
            for rows in rows.chunk_by(|a, b| a.vintage == b.vintage) {
                let (day, series) = (rows[0].vintage, series.clone());
                events.push(Event { day, series, says: says(rows.to_vec()) });
            }
        };
        push(revisions, Says::Revisions);
        push(values, Says::Values);
    }
    for company in &scope.companies {
        for a in now.announcements_since(then, company) {
            let series = SeriesId::new(&format!("{company}.{}", a.metric))?;
            events.push(Event { day: a.published, series, says: Says::Announced(a.clone()) });
        }
    }
    events.sort_by(|a, b| {
        let key = |e: &Event| (e.day, e.rank(), e.series != *first, e.series.clone());
        key(a).cmp(&key(b))
    });
    Ok(events)
}

impl State {
    /// The state at a snapshot's day.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn at(then: &Snapshot, scope: &Scope, known_through: NaiveDate) -> Result<Self> {
        let mut rows = Vec::new();
        for series in &scope.series {
            rows.extend(then.vintages(series)?);
        }
        let words = scope.companies.iter().flat_map(|company| then.announcements(company));
        let announcements = words.cloned().collect();
        let mut state = Self { parts: Vec::new(), announcements, day: then.as_of(), known_through };
        state.put(rows)?;
        Ok(state)
    }

    /// Lets an event happen.
    ///
    /// # Errors
    /// As [`Observation::check`].
    pub fn insert(&mut self, event: &Event) -> Result<()> {
        self.day = event.day;
        if let Says::Announced(announcement) = &event.says {
            self.announcements.push(announcement.clone());
        }
        self.put(event.rows().to_vec())
    }

    /// What the public could know in this state.
    ///
    /// # Errors
    /// As [`Archive::as_of`].
    pub fn snapshot(&self) -> Result<Snapshot> {
        let (parts, announcements) = (self.parts.clone(), self.announcements.clone());
        Archive::from_parts(parts, announcements, self.known_through).as_of(self.day)
    }

    fn put(&mut self, rows: Vec<Observation>) -> Result<()> {
        if !rows.is_empty() {
            self.parts.push(Arc::new(Part::of(Observations::from_rows(rows)?)?));
        }
        Ok(())
    }
}
