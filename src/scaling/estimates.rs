//! Estimates that others made afterwards, read off a snapshot with their intervals.
//!
//! May use the core files, `assumption` and `installed`. Gives what was public on the snapshot's day
//! and nothing else; never adds percentiles up where draws can be added.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::assumption::{Assumption, Shape, Worlds};
use super::installed::StockEstimate;
use crate::archive::Snapshot;
use crate::draws::Draws;
use crate::error::{Error, Result};
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
    /// [`Error::Invalid`] if the quantiles are not positive and in order.
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
/// [`Error::Store`] if the archive cannot be read.
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
/// [`Error::Store`] if the archive cannot be read.
pub fn parts(known: &Snapshot, series: &str) -> Result<Vec<String>> {
    let below = format!("{series}.");
    let part = |id: &SeriesId| {
        let rest = id.as_str().strip_prefix(&below)?;
        (!rest.contains('.') && !matches!(rest, "p05" | "p95" | "omdia")).then(|| rest.to_owned())
    };
    Ok(known.matching(|id| part(id).is_some())?.iter().filter_map(part).collect())
}

/// Every public estimate of a stock, in the order of dates.
///
/// The interval is the series' own, or, for an owner, that of its makers added up: their errors are
/// taken to go together, which is the wider choice. Without either the median stands for all three.
///
/// - `series`: such as `msft.installed_h100e` or `openai.compute_in_use_h100e`.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read.
pub fn stocks(known: &Snapshot, series: &str) -> Result<Vec<StockEstimate>> {
    let mut by_maker: BTreeMap<Period, (f64, f64)> = BTreeMap::new();
    for maker in parts(known, series)? {
        for held in estimates(known, &format!("{series}.{maker}"))? {
            if let Some((p05, p95)) = held.interval {
                let sum = by_maker.entry(held.period).or_default();
                *sum = (sum.0 + p05, sum.1 + p95);
            }
        }
    }
    let stock = |estimate: Estimate| {
        let median = estimate.median;
        let ends = estimate.interval.or_else(|| by_maker.get(&estimate.period).copied());
        let in_order = |(low, high): &(f64, f64)| 0.0 < *low && *low <= median && median <= *high;
        let (low, high) = ends.filter(in_order).unwrap_or((median, median));
        StockEstimate {
            date: estimate.period.end(),
            low: H100e(low),
            median: H100e(median),
            high: H100e(high),
            source: estimate.source,
        }
    };
    Ok(estimates(known, series)?.into_iter().map(stock).collect())
}

/// The last public estimate, on or before a day, of what a company has installed.
///
/// # Errors
/// As [`stocks`].
pub fn stock(known: &Snapshot, owner: &str, day: NaiveDate) -> Result<Option<StockEstimate>> {
    let all = stocks(known, &format!("{owner}.installed_h100e"))?;
    Ok(all.into_iter().rev().find(|stock| stock.date <= day))
}

/// A stock on a day: each quantile interpolated in its logarithm between the estimates before and
/// after, drawn in the owner's worlds. Before the first and after the last nothing is said.
///
/// # Errors
/// [`Error::Insufficient`] outside the dates of the estimates.
pub fn stock_on(
    known: &Snapshot,
    series: &SeriesId,
    day: NaiveDate,
    worlds: &Worlds,
) -> Result<Draws<H100e>> {
    let all = stocks(known, series.as_str())?;
    let after = all.iter().position(|stock| stock.date >= day);
    let between = after.and_then(|idx| {
        let at = &all[idx];
        let before = if at.date == day { at } else { all.get(idx.checked_sub(1)?)? };
        Some((before, at))
    });
    let (before, at) = between.ok_or_else(|| {
        let ends = all.first().zip(all.last());
        let known = ends.map_or_else(
            || "of no day".to_owned(),
            |(first, last)| format!("from {} to {}", first.date, last.date),
        );
        Error::insufficient(format!("`{series}` is known {known}; {day} lies outside"))
    })?;
    let days = |a: NaiveDate, b: NaiveDate| {
        f64::from(i32::try_from((b - a).num_days()).unwrap_or(i32::MAX))
    };
    let whole = days(before.date, at.date);
    let share = if whole > 0.0 { days(before.date, day) / whole } else { 1.0 };
    let mix = |a: H100e, b: H100e| H100e((a.0.ln() * (1.0 - share) + b.0.ln() * share).exp());
    let estimate = StockEstimate {
        date: day,
        low: mix(before.low, at.low),
        median: mix(before.median, at.median),
        high: mix(before.high, at.high),
        source: at.source.clone(),
    };
    estimate.draws(series.owner(), worlds)
}
