//! Rows of what the archive holds: series, values, vintages, announcements.
//!
//! May use the core, `ingest` for the columns of a table, and `rows`.

use serde_json::{Value, json};

use super::Rows;
use crate::archive::Snapshot;
use crate::error::Result;
use crate::ingest::table::{ANNOUNCEMENT_COLUMNS, COLUMNS};
use crate::observation::{Announcement, Observation};
use crate::series::{Registry, SeriesId};

/// Columns of the list of series.
pub const SERIES_COLUMNS: [&str; 9] =
    ["series", "title", "unit", "frequency", "kind", "n", "first", "last", "last_vintage"];

/// Every series with a public value: unit, kind, span, last vintage.
///
/// # Errors
/// [`crate::Error::Store`] if the archive cannot be read.
pub fn series(known: &Snapshot) -> Result<Rows> {
    let registry = Registry::bundled();
    let mut rows = Rows::new(&SERIES_COLUMNS);
    for id in known.series_ids()? {
        let held = known.series(&id)?;
        let (Some(first), Some(last)) = (held.points.first(), held.points.last()) else { continue };
        let vintage = held.points.iter().map(|point| point.vintage).max().unwrap_or(last.vintage);
        rows.push(vec![
            json!(id.as_str()),
            json!(registry.title(&id)),
            json!(held.unit.word()),
            json!(held.frequency().map_or("irregular", |f| f.word())),
            json!(registry.definition(&id).map_or("imported", |d| d.kind.word())),
            json!(held.points.len()),
            json!(first.period.end()),
            json!(last.period.end()),
            json!(vintage),
        ]);
    }
    Ok(rows)
}

/// Columns of a value: those of an import, and how its vintage is known.
pub fn observation_columns() -> Vec<&'static str> {
    COLUMNS.into_iter().chain(["vintage_basis"]).collect()
}

/// A value under [`observation_columns`].
pub fn observation_row(row: &Observation) -> Vec<Value> {
    let mut cells = key_and_value(row).to_vec();
    cells.extend([&row.source, &row.locator].map(|text| json!(text)));
    cells.push(json!(row.vintage_basis.word()));
    cells
}

/// A series as it was known: one row a period.
///
/// # Errors
/// [`crate::Error::NotFound`] if there is no such series, or no value of it was public.
pub fn observations(known: &Snapshot, series: &SeriesId) -> Result<Rows> {
    let mut rows = Rows::new(&observation_columns());
    for row in known.current(series)? {
        rows.push(observation_row(&row));
    }
    Ok(rows)
}

/// Every value that a series ever had, with its change from the vintage before.
///
/// # Errors
/// As [`observations`].
pub fn vintages(known: &Snapshot, series: &SeriesId) -> Result<Rows> {
    let mut columns = observation_columns();
    columns.push("change");
    let mut rows = Rows::new(&columns);
    let held = known.vintages(series)?;
    for (row, change) in held.iter().zip(changes(&held)) {
        let mut cells = observation_row(row);
        cells.push(json!(change));
        rows.push(cells);
    }
    Ok(rows)
}

/// The change of each value from the vintage of the same period before it, as a ratio.
pub fn changes(rows: &[Observation]) -> Vec<Option<f64>> {
    let before = std::iter::once(None).chain(rows.iter().map(Some));
    let change = |(row, before): (&Observation, Option<&Observation>)| {
        let before = before.filter(|before| before.period == row.period && before.value != 0.0)?;
        Some(row.value / before.value - 1.0)
    };
    rows.iter().zip(before).map(change).collect()
}

/// Announcements in the order given.
pub fn announcements<'a>(held: impl IntoIterator<Item = &'a Announcement>) -> Rows {
    let mut rows = Rows::new(&ANNOUNCEMENT_COLUMNS);
    for a in held {
        rows.push(vec![
            json!(a.company),
            json!(a.published),
            json!(a.metric),
            json!(a.period.start()),
            json!(a.period.end()),
            json!(a.low),
            json!(a.mid),
            json!(a.high),
            json!(a.unit.word()),
            json!(a.action.word()),
            json!(a.quote),
            json!(a.locator),
        ]);
    }
    rows
}

/// The cells that say which value it is: series, period, value, unit, vintage.
pub fn key_and_value(row: &Observation) -> [Value; 6] {
    [
        json!(row.series.as_str()),
        json!(row.period.start()),
        json!(row.period.end()),
        json!(row.value),
        json!(row.unit.word()),
        json!(row.vintage),
    ]
}
