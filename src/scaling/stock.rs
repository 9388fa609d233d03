//! Stocks: what an owner holds or a lab uses at a date, by estimates that were public on a day.
//!
//! May use the core files and `installed`. Reads a [`Snapshot`] alone, so that nothing from later
//! enters; between two dates it interpolates, before the first and after the last it says nothing.

use chrono::NaiveDate;

use super::assumption::Worlds;
use super::installed::StockEstimate;
use crate::archive::Snapshot;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::series::SeriesId;
use crate::units::H100e;

/// Every estimate of a stock, in the order of dates.
///
/// The interval is that of `SERIES.p05` and `SERIES.p95`, or, for an owner, the sum over makers of
/// `SERIES.MAKER.p05` and so on: their errors are taken to go together, which is the wider choice.
/// Where there is none, the three quantiles are the same.
///
/// - `series`: such as `msft.installed_h100e` or `openai.compute_in_use_h100e`.
///
/// # Errors
/// [`Error::NotFound`] if the series is not known.
pub fn stocks(known: &Snapshot, series: &SeriesId) -> Result<Vec<StockEstimate>> {
    let held = known.series(series)?;
    let ends = [ends_of(known, series, "p05")?, ends_of(known, series, "p95")?];
    held.points
        .iter()
        .map(|point| {
            let date = point.period.end();
            let sum = |rows: &[(NaiveDate, f64)]| -> f64 {
                rows.iter().filter(|(day, _)| *day == date).map(|(_, value)| value).sum()
            };
            let [low, high] = [sum(&ends[0]), sum(&ends[1])];
            let in_order = 0.0 < low && low <= point.value && point.value <= high;
            let (low, high) = if in_order { (low, high) } else { (point.value, point.value) };
            let row = known.source_of(series, point.period)?;
            let source =
                row.map_or_else(String::new, |row| format!("{} ({})", row.source, row.locator));
            Ok(StockEstimate {
                date,
                low: H100e(low),
                median: H100e(point.value),
                high: H100e(high),
                source,
            })
        })
        .collect()
}

/// Values of the series that hold one end of the interval.
fn ends_of(known: &Snapshot, series: &SeriesId, end: &str) -> Result<Vec<(NaiveDate, f64)>> {
    let is_end = |id: &SeriesId| {
        let rest = id.as_str().strip_prefix(series.as_str());
        let rest = rest.and_then(|rest| rest.strip_prefix('.'));
        rest.and_then(|rest| rest.strip_suffix(end)).is_some_and(|middle| {
            middle.is_empty() || (middle.ends_with('.') && middle.matches('.').count() == 1)
        })
    };
    let mut found = Vec::new();
    for id in known.matching(is_end)? {
        let held = known.series(&id)?;
        found.extend(held.points.iter().map(|point| (point.period.end(), point.value)));
    }
    Ok(found)
}

/// The stock on a day: each quantile interpolated in its logarithm between the estimates before
/// and after, drawn in the owner's worlds.
///
/// # Errors
/// [`Error::NotFound`] if the series is not known, [`Error::Insufficient`] outside its dates.
pub fn stock_on(
    known: &Snapshot,
    series: &SeriesId,
    date: NaiveDate,
    worlds: &Worlds,
) -> Result<Draws<H100e>> {
    let all = stocks(known, series)?;
    let after = all.iter().position(|stock| stock.date >= date);
    let between = after.and_then(|idx| {
        let at = &all[idx];
        let before = if at.date == date { at } else { all.get(idx.checked_sub(1)?)? };
        Some((before, at))
    });
    let (before, at) = between.ok_or_else(|| {
        let (first, last) = (all.first(), all.last());
        Error::insufficient(format!(
            "`{series}` is known from {} to {}; {date} lies outside",
            first.map_or(String::new(), |stock| stock.date.to_string()),
            last.map_or(String::new(), |stock| stock.date.to_string()),
        ))
    })?;
    let share = share_of_way(before.date, at.date, date);
    let mix = |a: H100e, b: H100e| H100e((a.0.ln() * (1.0 - share) + b.0.ln() * share).exp());
    let estimate = StockEstimate {
        date,
        low: mix(before.low, at.low),
        median: mix(before.median, at.median),
        high: mix(before.high, at.high),
        source: at.source.clone(),
    };
    estimate.draws(series.owner(), worlds)
}

fn share_of_way(from: NaiveDate, to: NaiveDate, at: NaiveDate) -> f64 {
    let days = |a: NaiveDate, b: NaiveDate| {
        f64::from(i32::try_from((b - a).num_days()).unwrap_or(i32::MAX))
    };
    if to == from { 1.0 } else { days(from, at) / days(from, to) }
}
