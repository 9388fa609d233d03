//! The ledger of forecasts on disk: rows are decided by `forecast::ledger` and kept by `store::ledger`.
//!
//! May use both. The one place where the two meet, for the command line and for jobs.

use std::path::Path;

use chrono::NaiveDate;

use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::Forecast;
use crate::forecast::ledger::{Basis, Ledger, Row, Said};
use crate::store::Store;
use crate::store::ledger::LedgerFile;

/// Reads and checks the ledger below `data`.
///
/// # Errors
/// As [`LedgerFile::read`] and [`Ledger::read`].
pub fn read(data: &Path) -> Result<Ledger> {
    Ledger::read(LedgerFile::at(data).read()?.rows.iter().map(String::as_str))
}

/// Adds the rows that `decide` asks for; takes the lock only if there are any, and decides again
/// under it.
///
/// # Errors
/// As [`read`] and [`LedgerFile::append`].
pub fn extend(data: &Path, decide: impl Fn(&Ledger) -> Result<Vec<Row>>) -> Result<Vec<Row>> {
    if decide(&read(data)?)?.is_empty() {
        return Ok(Vec::new());
    }
    let store = Store::at(data)?;
    let held = store.lock()?;
    let rows = decide(&read(data)?)?;
    let texts: Vec<_> = rows.iter().map(Row::text).collect::<Result<_>>()?;
    LedgerFile::at(data).append(&held, &texts)?;
    Ok(rows)
}

/// Takes the forecasts of a run in; those that the ledger holds are not taken twice. `made` is how the
/// forecasts came about, and the day on which they were made.
///
/// # Errors
/// As [`extend`].
pub fn keep(
    data: &Path,
    known: &Snapshot,
    run_id: &str,
    forecasts: &[Forecast],
    made: (Basis, NaiveDate),
) -> Result<Vec<Row>> {
    let said: Vec<_> =
        forecasts.iter().flat_map(|forecast| Said::of(forecast, known, run_id, made)).collect();
    extend(data, |ledger| Ok(ledger.additions(said.clone())))
}

/// Adds what came of the ledger's forecasts, as known in a snapshot.
///
/// # Errors
/// As [`extend`].
pub fn resolve(data: &Path, known: &Snapshot) -> Result<Vec<Row>> {
    extend(data, |ledger| ledger.resolutions(known))
}
