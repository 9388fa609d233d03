//! A company's standing in the market that presses it: its share, and the change of it.
//!
//! May use the core files, `market` and `signals`. All is read from one snapshot: a share counts from the day
//! on which every member's figure was public, and what is not known is missing.

use super::market::{Market, Unknown, share};
use super::signals::{ShareSignal, last_row};
use crate::archive::{Snapshot, last_vintages};
use crate::error::{Error, Result};
use crate::observation::Observation;

/// The change of a company's share over four quarters, with where it comes from: `s(t) - s(t - 4)` of the
/// last quarter `t` in which every member's figure is known. `None` for a company of no such market, and
/// where one of the two quarters is not known.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read; [`Error::Invalid`] if the market's file names no ids.
pub fn share_signal(known: &Snapshot, company: &str) -> Result<Option<ShareSignal>> {
    let Some((market, _)) = Market::pressing(company) else { return Ok(None) };
    let rows = last_vintages(&odds(known, company)?);
    let Some(last) = rows.last() else { return Ok(None) };
    let year_before = |row: &&Observation| {
        let (year, quarter) = last.period.calendar_quarter();
        row.period.calendar_quarter() == (year - 1, quarter)
    };
    let Some(before) = rows.iter().find(year_before) else { return Ok(None) };
    let mut sources = Vec::new();
    for member in &market.members {
        sources.push(last_row(known, &member.series()?)?);
    }
    let told = |row: &Observation| {
        format!("{:.1}% in the quarter to {}", 100.0 * share(row.value), row.period.end())
    };
    Ok(Some(ShareSignal {
        change: share(last.value) - share(before.value),
        source: format!(
            "market `{}`, of its members' sum: {}, {}; {}",
            market.name,
            told(before),
            told(last),
            sources.join("; ")
        ),
    }))
}

/// The odds of a company's share in the market that presses it, every vintage; none where a member's series
/// is not held.
///
/// # Errors
/// As [`share_signal`].
pub fn odds(known: &Snapshot, company: &str) -> Result<Vec<Observation>> {
    let Some((market, member)) = Market::pressing(company) else { return Ok(Vec::new()) };
    match market.odds_known(known, Unknown::LeftOut) {
        Ok(odds) => odds.archive.vintages(&member.odds()?),
        Err(Error::NotFound(_) | Error::Insufficient(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
