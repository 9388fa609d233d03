//! Estimates that others made afterwards, read off a snapshot with their intervals.
//!
//! May use the core files, `assumption` and `installed`. Gives what was public on the snapshot's day
//! and nothing else; never adds percentiles up where draws can be added.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::assumption::{Assumption, Shape};
use super::installed::StockEstimate;
use crate::archive::Snapshot;
use crate::draws::Draws;
use crate::error::Result;
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::H100e;

/// One estimate of one quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The days for which it speaks; one day for a stock.
    pub period: Period,
    /// Median, in the series' unit.
    pub median: f64,
    /// 5 % and 95 % quantiles, where they were given.
    pub interval: Option<(f64, f64)>,
    /// Who estimates, and where.
    pub source: String,
    /// The day on which it was published.
    pub published: NaiveDate,
}

impl Estimate {
    /// Draws through the three quantiles, two-piece lognormal, at given standard normal numbers; the
    /// median in every world where no interval was given.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the quantiles are not positive and in order.
    pub fn through(&self, normal: &Draws<f64>) -> Result<Draws<f64>> {
        let Some((low, high)) = self.interval else {
            return Ok(Draws::constant(self.median, normal.n_draws()));
        };
        let quantiles = [low, self.median, high];
        let what = format!("estimate for {}", self.period);
        let (shape, source) = (Shape::Positive, self.source.as_str());
        let estimate =
            Assumption::estimate(&what, quantiles, "as given", shape, source, self.published)?;
        Ok(estimate.through(normal))
    }
}

/// Every public estimate of a series, with `SERIES.p05` and `SERIES.p95` as its interval; empty if
/// the series does not exist or nothing of it was public.
///
/// # Errors
/// [`crate::Error::Store`] if the archive cannot be read.
pub fn estimates(known: &Snapshot, series: &str) -> Result<Vec<Estimate>> {
    let rows = |id: String| {
        let id = SeriesId::new(&id)?;
        if known.holds(&id)? { known.current(&id) } else { Ok(Vec::new()) }
    };
    let values = |ending: &str| -> Result<BTreeMap<Period, f64>> {
        let rows = rows(format!("{series}.{ending}"))?;
        Ok(rows.into_iter().map(|row| (row.period, row.value)).collect())
    };
    let (low, high) = (values("p05")?, values("p95")?);
    let estimate = |row: crate::observation::Observation| {
        let interval = low.get(&row.period).copied().zip(high.get(&row.period).copied());
        Estimate {
            period: row.period,
            median: row.value,
            interval: interval.filter(|(low, high)| {
                0.0 < *low && *low <= row.value && row.value <= *high && low < high
            }),
            source: format!("{} ({})", row.source, row.locator),
            published: row.vintage,
        }
    };
    Ok(rows(series.to_owned())?.into_iter().map(estimate).collect())
}

/// The parts of a series one level below: `msft.gpu_purchases_h100e` gives `nvda` and `amd`.
///
/// # Errors
/// [`crate::Error::Store`] if the archive cannot be read.
pub fn parts(known: &Snapshot, series: &str) -> Result<Vec<String>> {
    let below = format!("{series}.");
    let part = |id: &SeriesId| {
        let rest = id.as_str().strip_prefix(&below)?;
        (!rest.contains('.') && !matches!(rest, "p05" | "p95" | "omdia")).then(|| rest.to_owned())
    };
    Ok(known.matching(|id| part(id).is_some())?.iter().filter_map(part).collect())
}

/// The last public estimate, on or before a day, of what a company has installed.
///
/// Its makers' 5 % and 95 % quantiles are added up: their errors are taken to go together, which is
/// the wider choice. Without quantiles the median stands for all three.
///
/// # Errors
/// [`crate::Error::Store`] if the archive cannot be read.
pub fn stock(known: &Snapshot, owner: &str, day: NaiveDate) -> Result<Option<StockEstimate>> {
    let total = format!("{owner}.installed_h100e");
    let all = estimates(known, &total)?;
    let Some(last) = all.into_iter().rev().find(|stock| stock.period.end() <= day) else {
        return Ok(None);
    };
    let (mut low, mut high) = (0.0, 0.0);
    for maker in parts(known, &total)? {
        let held = estimates(known, &format!("{total}.{maker}"))?;
        let held = held.into_iter().find(|stock| stock.period == last.period);
        if let Some((p05, p95)) = held.and_then(|stock| stock.interval) {
            (low, high) = (low + p05, high + p95);
        }
    }
    let in_order = 0.0 < low && low <= last.median && last.median <= high;
    let (low, high) = if in_order { (low, high) } else { (last.median, last.median) };
    Ok(Some(StockEstimate {
        date: last.period.end(),
        low: H100e(low),
        median: H100e(last.median),
        high: H100e(high),
        source: last.source,
    }))
}
