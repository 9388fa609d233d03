//! The rows of every origin of a series up to a day, with what came of each.
//!
//! May use the core files, `bench`, `record`, `specified` and `variables`. A row holds what was
//! known at its own origin; what came joins it with the day on which it was public.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::bench::Bench;
use super::variables::{self, DayRow, Variable};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::record;
use crate::forecast::specified::selection::Selection;
use crate::period::Period;
use crate::series::SeriesId;

/// Growth that came, and the day on which it was public.
pub type Came = (f64, NaiveDate);

/// What a series and its candidates were at each earlier origin, and are now.
pub struct Lab<'a> {
    spec: &'a Selection,
    target: SeriesId,
    variables: Vec<Variable>,
    names: Vec<String>,
    rows: Vec<Arc<DayRow>>,
    now: Arc<DayRow>,
    first_releases: BTreeMap<Period, (f64, NaiveDate)>,
}

/// A variable whose value now lies outside the values on which anything was learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Extrapolation {
    /// Its index among the variables.
    pub variable: usize,
    /// Its value now.
    pub value: f64,
    /// The least value at an earlier origin.
    pub low: f64,
    /// The greatest.
    pub high: f64,
    /// Earlier origins at which it was known.
    pub n: usize,
}

impl<'a> Lab<'a> {
    /// Everything up to the snapshot's day; rows on another scale than today's are left out.
    ///
    /// # Errors
    /// As [`crate::forecast::history::History::of`].
    pub fn of(known: &Snapshot, target: &SeriesId, spec: &'a Selection) -> Result<Self> {
        let now = variables::row(known, target, spec)?;
        let mut rows = Vec::new();
        for day in record::origins(known, target)? {
            if day >= known.as_of() {
                break;
            }
            match variables::row(&known.rewind(day)?, target, spec) {
                Ok(row) if row.history.scale == now.history.scale => rows.push(row),
                Ok(_) | Err(crate::Error::Insufficient(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let released = known.first_releases(target)?.points.into_iter();
        let first_releases = released.map(|p| (p.period, (p.value, p.vintage))).collect();
        let variables = variables::variables(spec, target);
        let names = variables.iter().map(|variable| variable.name.clone()).collect();
        Ok(Self { spec, target: target.clone(), variables, names, rows, now, first_releases })
    }

    /// The spec.
    pub fn spec(&self) -> &Selection {
        self.spec
    }

    /// The series.
    pub fn target(&self) -> &SeriesId {
        &self.target
    }

    /// The candidates.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Their names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The furthest horizon.
    pub fn max_horizon(&self) -> usize {
        variables::max_horizon()
    }

    /// The rows of earlier origins, oldest first.
    pub fn rows(&self) -> &[Arc<DayRow>] {
        &self.rows
    }

    /// Today's row.
    pub fn now(&self) -> &DayRow {
        &self.now
    }

    /// Nested rolling origins at one horizon.
    pub fn bench(&self, horizon: usize) -> Bench<'_> {
        let came = self.rows.iter().map(|row| self.came(row, horizon)).collect();
        Bench::new(self, horizon, came)
    }

    /// The growth over a horizon that followed a row, if it was public by today.
    fn came(&self, row: &DayRow, horizon: usize) -> Option<Came> {
        let history = &row.history;
        let period = *history.next_periods(horizon).get(horizon - 1)?;
        let (value, vintage) = self.first_releases.get(&period)?;
        let growth = history.level(*value, period) - history.last_level();
        growth.is_finite().then_some((growth, *vintage))
    }

    /// Variables that lie outside the range of the earlier origins whose next period is known: the rows
    /// that anything was learned from. At least so many of them as a price needs.
    pub fn extrapolations(&self) -> Vec<Extrapolation> {
        let of = |variable: usize| {
            let value = self.now.values(1)[variable]?;
            let trained = self.rows.iter().filter(|row| self.came(row, 1).is_some());
            let seen: Vec<f64> = trained.filter_map(|row| row.values(1)[variable]).collect();
            let low = seen.iter().copied().fold(f64::INFINITY, f64::min);
            let high = seen.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let is_outside = value < low || value > high;
            (is_outside && seen.len() >= self.spec.min_validations).then_some(Extrapolation {
                variable,
                value,
                low,
                high,
                n: seen.len(),
            })
        };
        (0..self.variables.len()).filter_map(of).collect()
    }
}
