//! The ledger: what was forecast, what came, and when the method changed in between.
//!
//! May use the core files and `forecast`'s own. Says which rows are to be added; `store/ledger.rs`
//! keeps them. A row says what was said on its day and is never changed: a refused forecast claims no
//! number, and its median stands aside, for audit.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::archive::{Point, Snapshot, is_public};
use crate::error::{Error, Result};
use crate::period::Period;
use crate::series::SeriesId;
use rows::Target;

pub use rows::{Basis, LEVELS, MethodChange, Resolution, Row, Said};

/// Version of the rows' form.
const SCHEMA_VERSION: u32 = 1;

/// A forecast of the ledger beside what came.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// What was said.
    pub said: &'a Said,
    /// What came, if it came after.
    pub resolution: Option<&'a Resolution>,
    /// Whether its method differs from the one that the target began with.
    pub is_method_changed: bool,
}

/// Every row, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    rows: Vec<Row>,
}

/// The source of a first release and what finds it there.
fn locator(known: &Snapshot, series: &SeriesId, point: &Point) -> Result<String> {
    let rows = known.vintages(series)?;
    let row = rows.iter().find(|r| r.period == point.period && r.vintage == point.vintage);
    Ok(row.map_or_else(String::new, |row| format!("{}; {}", row.source, row.locator)))
}

impl Ledger {
    /// Reads rows as they are kept.
    ///
    /// # Errors
    /// [`Error::Parse`] with the line, if a row has a form that this version does not know.
    pub fn read<'a>(rows: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let read = |(text, line): (&str, usize)| {
            let row: Row = serde_json::from_str(text).map_err(|e| {
                Error::parse(format!("line {line} of the ledger is no row that this version knows"))
                    .caused_by(e)
            })?;
            match row {
                Row::Genesis { schema_version } if schema_version != SCHEMA_VERSION => {
                    Err(Error::parse(format!(
                        "the ledger has schema version {schema_version}; this version reads \
                         {SCHEMA_VERSION}"
                    )))
                }
                row => Ok(row),
            }
        };
        let rows: Result<_> = rows.into_iter().zip(1..).map(read).collect();
        Ok(Self { rows: rows? })
    }

    /// Every row, oldest first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether nothing was ever forecast.
    pub fn is_empty(&self) -> bool {
        self.forecasts().next().is_none()
    }

    /// The rows with which a ledger takes in what was said: the first row of all if there is none
    /// yet, changes of method, and each forecast that it does not hold.
    pub fn additions(&self, said: Vec<Said>) -> Vec<Row> {
        let held: BTreeSet<_> = self.forecasts().map(Said::key).collect();
        let mut methods: BTreeMap<Target, String> = BTreeMap::new();
        for row in &self.rows {
            match row {
                Row::Forecast(said) => {
                    methods.entry(said.target()).or_insert_with(|| said.method_version.clone());
                }
                Row::MethodChange(change) => {
                    methods.insert(change.target(), change.to.clone());
                }
                Row::Genesis { .. } | Row::Resolution(_) => {}
            }
        }
        let (mut changes, mut fresh, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
        for said in said.into_iter().filter(|said| !held.contains(&said.key())) {
            if !seen.insert(said.key()) {
                continue;
            }
            let now = said.method_version.clone();
            let before = methods.insert(said.target(), now.clone());
            if let Some(from) = before.filter(|from| *from != now) {
                changes.push(Row::MethodChange(MethodChange::of(&said, from)));
            }
            fresh.push(Row::Forecast(Box::new(said)));
        }
        changes.extend(fresh);
        self.begun(changes)
    }

    /// The rows that resolve forecasts: one a target whose first release is public now, and was not
    /// when it was forecast.
    ///
    /// # Errors
    /// [`Error::Store`] if the archive cannot be read.
    pub fn resolutions(&self, known: &Snapshot) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (series, targets) in self.open_targets() {
            let id = SeriesId::new(&series)?;
            let released = match known.first_releases(&id) {
                Ok(released) => released,
                Err(Error::NotFound(_)) => continue,
                Err(error) => return Err(error),
            };
            for ((start, end), origin) in targets {
                let period = Period::new(start, end)?;
                let is_it = |p: &&Point| p.period == period || p.period.is_nearly(period);
                let came = released.points.iter().find(is_it).filter(|p| !p.is_public(origin));
                if let Some(point) = came {
                    rows.push(Row::Resolution(Resolution {
                        series: series.clone(),
                        period_start: start,
                        period_end: end,
                        actual: point.value,
                        vintage: point.vintage,
                        locator: locator(known, &id, point)?,
                        truth: "first_release".to_owned(),
                    }));
                }
            }
        }
        Ok(self.begun(rows))
    }

    /// Targets without a resolution, by series, each with its first origin.
    fn open_targets(&self) -> BTreeMap<String, BTreeMap<(NaiveDate, NaiveDate), NaiveDate>> {
        let held: BTreeSet<_> = self.resolved().map(Resolution::target).collect();
        let mut open: BTreeMap<String, BTreeMap<_, NaiveDate>> = BTreeMap::new();
        for said in self.forecasts().filter(|said| !held.contains(&said.target())) {
            let targets = open.entry(said.series.clone()).or_default();
            let first = targets.entry((said.period_start, said.period_end));
            let first = first.or_insert(said.origin_date);
            *first = (*first).min(said.origin_date);
        }
        open
    }

    /// Every forecast beside what came, in the order in which they were made.
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let resolved: BTreeMap<_, _> = self.resolved().map(|r| (r.target(), r)).collect();
        let mut methods: BTreeMap<Target, &str> = BTreeMap::new();
        let mut entries = Vec::new();
        for said in self.forecasts() {
            let came = resolved.get(&said.target()).copied();
            let first = *methods.entry(said.target()).or_insert(&said.method_version);
            entries.push(Entry {
                said,
                resolution: came.filter(|r| !is_public(r.vintage, said.origin_date)),
                is_method_changed: first != said.method_version,
            });
        }
        entries
    }

    /// The same rows with more behind them.
    #[must_use]
    pub fn with(mut self, rows: Vec<Row>) -> Self {
        self.rows.extend(rows);
        self
    }

    /// Rows to add, behind the first row of all where there is none yet.
    fn begun(&self, rows: Vec<Row>) -> Vec<Row> {
        let genesis = Row::Genesis { schema_version: SCHEMA_VERSION };
        let is_first = self.rows.is_empty() && !rows.is_empty();
        is_first.then_some(genesis).into_iter().chain(rows).collect()
    }

    fn forecasts(&self) -> impl Iterator<Item = &Said> {
        self.rows.iter().filter_map(|row| match row {
            Row::Forecast(said) => Some(said.as_ref()),
            _ => None,
        })
    }

    fn resolved(&self) -> impl Iterator<Item = &Resolution> {
        self.rows.iter().filter_map(|row| match row {
            Row::Resolution(resolution) => Some(resolution),
            _ => None,
        })
    }
}

impl Entry<'_> {
    /// How the forecast came about: live only if what came was not public on the day it was made.
    pub fn basis(&self) -> Basis {
        let was_public = self.resolution.is_some_and(|r| is_public(r.vintage, self.said.made_on));
        if was_public { Basis::Replayed } else { self.said.basis }
    }
}
