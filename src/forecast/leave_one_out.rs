//! Leave one company out: a company forecast with what other companies teach, and nothing of its own
//! but its history as an input.
//!
//! May use the core files and all of `forecast`. Kept out are the company's share in the pool's
//! drift, and its residuals: intervals stand on those of an archive that never held the company.

use chrono::NaiveDate;

use super::backtest::{Book, Row, Scene};
use super::engine::{Chipcast, LeftOut};
use super::pooled::panel;
use super::record::{self, Truth};
use crate::archive::{Archive, Batch, Snapshot};
use crate::error::{Error, Result};
use crate::series::SeriesId;

/// Every forecast of a series that the engine would have made without the company in its panel.
///
/// A guided step has no residuals of other companies' guides to stand on, and takes those of growth.
///
/// # Errors
/// As [`Book::backtest`]; [`Error::Insufficient`] if the series has no panel.
pub fn left_out(
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
    from: Option<NaiveDate>,
    truth: Truth,
) -> Result<Vec<Row>> {
    let mut members = panel(known, target)?;
    members.retain(|member| member.owner() != target.owner());
    if members.is_empty() {
        return Err(Error::insufficient(format!(
            "{target:?} shares its growth with no other company; there is nobody to leave it out of"
        )));
    }
    let others = without(known, &members)?;
    let book = Book::new(&others, horizon)?;
    let records: Vec<_> =
        members.iter().map(|member| book.record(&Chipcast, member)).collect::<Result<_>>()?;
    let records: Vec<_> = records.iter().map(AsRef::as_ref).collect();
    let own = record::record(&LeftOut, known, target, horizon, Truth::FirstRelease)?;
    let scene = Scene { known, target, horizon, from, truth, method: book.method() };
    scene.rows("left_out", &own, &records)
}

/// An archive of these series alone, as of the same day.
fn without(known: &Snapshot, members: &[SeriesId]) -> Result<Snapshot> {
    let mut observations = Vec::new();
    let mut announcements = Vec::new();
    let mut owners: Vec<&str> = members.iter().map(SeriesId::owner).collect();
    owners.dedup();
    for member in members {
        observations.extend(known.vintages(member)?);
    }
    for owner in owners {
        announcements.extend(known.announcements(owner).cloned());
    }
    let known_through = known.as_of();
    Archive::of(Batch { observations, announcements, known_through })?.as_of(known_through)
}
