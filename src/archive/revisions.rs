//! How much a series is revised after its first release, and how late releases come: a reading of its
//! vintages.
//!
//! May use what `archive` may. Sees only rows that a snapshot shows.

use std::collections::BTreeMap;

use super::Snapshot;
use crate::error::Result;
use crate::observation::{Observation, VintageBasis};
use crate::period::Period;
use crate::series::SeriesId;

/// What became of the first releases of one series.
///
/// The revision of a period is `last / first − 1`, over the vintages public at the snapshot's day. Only
/// periods with two vintages or more, and a first value above zero, have one; the sizes are over those.
#[derive(Debug, Clone, PartialEq)]
pub struct Revisions {
    /// Which series.
    pub series: SeriesId,
    /// Periods with a value.
    pub n_periods: usize,
    /// Periods that had two different values or more, one after the other.
    pub n_revised: usize,
    /// `n_revised / n_periods`.
    pub share_revised: f64,
    /// Mean revision, a ratio: the bias of first releases, positive if they are too low.
    pub mean_revision: Option<f64>,
    /// Mean of the revisions' sizes, a ratio.
    pub mean_abs_revision: Option<f64>,
    /// The revision of largest size.
    pub largest: Option<Largest>,
    /// Median days from a period's end to its first vintage; values of unknown day are left out.
    pub median_lag_days: Option<f64>,
    /// Median days from the first vintage to the last one that changed the value, over revised periods.
    pub lag_to_final_days: Option<f64>,
}

/// The revision of largest size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Largest {
    /// Of which period.
    pub period: Period,
    /// The first value.
    pub first: f64,
    /// The last value.
    pub last: f64,
}

impl Largest {
    /// `last / first − 1`.
    pub fn revision(self) -> f64 {
        self.last / self.first - 1.0
    }
}

impl Snapshot {
    /// How the values of a series were revised, as far as is public.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn revisions(&self, series: &SeriesId) -> Result<Revisions> {
        let rows = self.vintages(series)?;
        let mut by_period: BTreeMap<Period, Vec<&Observation>> = BTreeMap::new();
        for row in &rows {
            by_period.entry(row.period).or_default().push(row);
        }
        let periods: Vec<_> = by_period.values().collect();
        let revised: Vec<_> = periods.iter().filter_map(|rows| changed(rows)).collect();
        let sizes: Vec<Largest> = periods.iter().filter_map(|rows| size(rows)).collect();
        let largest = sizes.iter().max_by(|a, b| a.revision().abs().total_cmp(&b.revision().abs()));
        let lags = periods.iter().filter_map(|rows| lag(rows[0]));
        Ok(Revisions {
            series: series.clone(),
            n_periods: periods.len(),
            n_revised: revised.len(),
            share_revised: ratio(revised.len(), periods.len()),
            mean_revision: mean(sizes.iter().map(|size| size.revision())),
            mean_abs_revision: mean(sizes.iter().map(|size| size.revision().abs())),
            largest: largest.copied(),
            median_lag_days: median(lags.collect()),
            lag_to_final_days: median(revised),
        })
    }
}

/// Days from the first vintage to the last that changed the value; `None` if none did.
fn changed(rows: &[&Observation]) -> Option<i64> {
    let is_change = |pair: &&[&Observation]| pair[0].value.to_bits() != pair[1].value.to_bits();
    let last = rows.windows(2).rev().find(is_change)?;
    Some((last[1].vintage - rows[0].vintage).num_days())
}

fn size(rows: &[&Observation]) -> Option<Largest> {
    let [first, .., last] = rows else { return None };
    let size = Largest { period: first.period, first: first.value, last: last.value };
    (first.value > 0.0).then_some(size)
}

fn lag(first: &Observation) -> Option<i64> {
    (first.vintage_basis != VintageBasis::Retrieved)
        .then(|| (first.vintage - first.period.end()).num_days())
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 periods")]
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

fn median(mut days: Vec<i64>) -> Option<f64> {
    days.sort_unstable();
    let (low, high) = (days.get(days.len().checked_sub(1)? / 2)?, days.get(days.len() / 2)?);
    #[expect(clippy::cast_precision_loss, reason = "days between two dates")]
    Some(f64::midpoint(*low as f64, *high as f64))
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 periods")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
