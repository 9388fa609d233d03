//! Tables of a user's own: CSV, Parquet, JSON or Excel, with a column map.
//!
//! May use the core files and `tabular`. Pure: bytes in, observations out. An error names the file,
//! the line or row and the column, what was found and what was needed.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::tabular::{self, Kind};
use super::{Parsed, Raw};
use crate::cells::{self, Cells, short};
use crate::error::{Error, Result};
use crate::observation::{Action, Announcement, Observation, VintageBasis};
use crate::period::Period;

/// The columns of an import, in order.
pub const COLUMNS: [&str; 8] =
    ["series", "period_start", "period_end", "value", "unit", "vintage", "source", "locator"];
/// The columns of a file of announcements, in order.
pub const ANNOUNCEMENT_COLUMNS: [&str; 12] = [
    "company",
    "published",
    "metric",
    "period_start",
    "period_end",
    "low",
    "mid",
    "high",
    "unit",
    "action",
    "quote",
    "locator",
];
/// An optional column: how the vintage is known; `stated` where it is absent.
const BASIS_COLUMN: &str = "vintage_basis";

/// How a column map is written.
const MAP_EXAMPLE: &str = "write `value=amount,series==acme.revenue`: our name, then the table's \
                           column; `==` gives a constant";

/// Which column of a user's table stands for which of ours: `our name -> their name`, or
/// `our name -> =constant`.
#[derive(Debug, Clone, Default)]
pub struct ColumnMap(BTreeMap<String, String>);

impl ColumnMap {
    /// Reads `value=revenue,unit==USD`: our name, `=`, the table's column; `==` gives a constant.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a name that no import has.
    pub fn parse(text: &str) -> Result<Self> {
        let known: Vec<_> = COLUMNS.into_iter().chain([BASIS_COLUMN]).collect();
        Ok(Self(cells::column_pairs(text, &known, MAP_EXAMPLE)?))
    }

    fn theirs<'a>(&'a self, ours: &'a str) -> &'a str {
        self.0.get(ours).map_or(ours, String::as_str)
    }
}

/// Reads observations from a file; `kind` says how, or leaves it to the file's first bytes.
///
/// # Errors
/// [`Error::Parse`] if the bytes are no table, a column is missing or a cell cannot be read;
/// [`Error::Invalid`] for a row that breaks a rule. Each names the file, and the line and column.
pub fn observations(raw: &Raw, map: &ColumnMap, kind: &Kind) -> Result<Parsed> {
    let cells = tabular::read(raw, kind)?;
    require(&cells, &COLUMNS.map(|ours| map.theirs(ours)))?;
    let rows = cells.rows().map(|row| Row { row, map }.observation(raw.retrieved_at));
    let observations = rows.collect::<Result<Vec<_>>>()?;
    let read_through = observations.iter().map(|row| row.vintage).max();
    Ok(Parsed { observations, read_through, ..Parsed::default() })
}

/// Reads a file of announcements with the columns [`ANNOUNCEMENT_COLUMNS`].
///
/// # Errors
/// As [`observations`].
pub fn announcements(raw: &Raw) -> Result<Vec<Announcement>> {
    let cells = tabular::read(raw, &Kind::Told)?;
    require(&cells, &ANNOUNCEMENT_COLUMNS)?;
    let map = ColumnMap::default();
    cells.rows().map(|row| Row { row, map: &map }.announcement()).collect()
}

/// Asks for columns; a constant needs none.
fn require(cells: &Cells, names: &[&str]) -> Result<()> {
    let columns: Vec<_> = names.iter().copied().filter(|name| !name.starts_with('=')).collect();
    cells.require(&columns).map_err(|e| {
        let header: Vec<_> = names.iter().map(|name| name.trim_start_matches('=')).collect();
        e.hint(format!(
            "needed is the header `{}`, or a column map with `--map ours=theirs,...`",
            header.join(",")
        ))
    })
}

/// One row of a table, read through a column map.
struct Row<'a> {
    row: cells::Row<'a>,
    map: &'a ColumnMap,
}

impl Row<'_> {
    fn text<'s>(&'s self, ours: &'s str) -> &'s str {
        let theirs = self.map.theirs(ours);
        theirs.strip_prefix('=').unwrap_or_else(|| self.row.get(theirs).unwrap_or_default())
    }

    fn place(&self, ours: &str) -> String {
        self.row.place(self.map.theirs(ours).trim_start_matches('='))
    }

    fn date(&self, ours: &str) -> Result<NaiveDate> {
        let text = self.text(ours);
        cells::iso_date(text).ok_or_else(|| {
            let (place, found) = (self.place(ours), short(text));
            Error::parse(format!("{place}: found `{found}`, needed a date"))
                .hint("dates are written 2026-08-26; in Excel the cell has the format of a date")
        })
    }

    fn number(&self, ours: &str) -> Result<f64> {
        let text = self.text(ours);
        text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(|| {
            let (place, found) = (self.place(ours), short(text));
            Error::parse(format!("{place}: found `{found}`, needed a finite number"))
                .hint("numbers have a decimal point and no thousands separators")
        })
    }

    fn word<T: std::str::FromStr<Err = Error>>(&self, ours: &str) -> Result<T> {
        self.text(ours).parse().map_err(|e: Error| e.within(self.place(ours)))
    }

    fn period(&self) -> Result<Period> {
        let (start, end) = (self.date("period_start")?, self.date("period_end")?);
        Period::new(start, end).map_err(|e| e.within(self.place("period_end")))
    }

    fn observation(&self, retrieved_at: NaiveDate) -> Result<Observation> {
        let basis = match self.text(BASIS_COLUMN) {
            "" => VintageBasis::Stated,
            _ => self.word(BASIS_COLUMN)?,
        };
        for needed in ["source", "locator"] {
            if self.text(needed).is_empty() {
                return Err(Error::invalid(format!("{} is empty", self.place(needed)))
                    .hint("every value leads back to its source"));
            }
        }
        let row = Observation {
            series: self.word("series")?,
            period: self.period()?,
            value: self.number("value")?,
            unit: self.word("unit")?,
            vintage: self.date("vintage")?,
            vintage_basis: basis,
            source: self.text("source").to_owned(),
            locator: self.text("locator").to_owned(),
            retrieved_at,
        };
        row.check().map_err(|e| e.within(self.place("vintage")))?;
        Ok(row)
    }

    fn announcement(&self) -> Result<Announcement> {
        let announcement = Announcement {
            company: self.text("company").to_owned(),
            published: self.date("published")?,
            metric: self.text("metric").to_owned(),
            period: self.period()?,
            low: self.number("low")?,
            mid: self.number("mid")?,
            high: self.number("high")?,
            unit: self.word("unit")?,
            action: self.word::<Action>("action")?,
            quote: self.text("quote").to_owned(),
            locator: self.text("locator").to_owned(),
        };
        announcement.check().map_err(|e| e.within(self.place("mid")))?;
        Ok(announcement)
    }
}
