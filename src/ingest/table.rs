//! Tables of a user's own: CSV or Parquet, with a column map.
//!
//! May use the core files and polars. Pure: bytes in, observations out. An error names the file, the
//! line and the column, what was found and what was needed.

use std::collections::BTreeMap;
use std::io::Cursor;

use chrono::NaiveDate;
use polars::prelude::*;

use super::{Parsed, Raw};
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
        let mut map = BTreeMap::new();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (ours, theirs) = pair.split_once('=').ok_or_else(|| {
                Error::invalid(format!("`{pair}` in the column map has no `=`"))
                    .hint("write `value=amount,series==acme.revenue`: our name, then the table's column; `==` gives a constant")
            })?;
            if !COLUMNS.contains(&ours) && ours != BASIS_COLUMN {
                return Err(Error::invalid(format!(
                    "`{ours}` in the column map is no column of an import"
                ))
                .hint(format!("the columns are {}", COLUMNS.join(","))));
            }
            map.insert(ours.to_owned(), theirs.to_owned());
        }
        Ok(Self(map))
    }

    fn theirs<'a>(&'a self, ours: &'a str) -> &'a str {
        self.0.get(ours).map_or(ours, String::as_str)
    }
}

/// Reads observations from a CSV or Parquet file; the kind is told by the file's first bytes.
///
/// # Errors
/// [`Error::Parse`] if the bytes are no table or a column is missing; [`Error::Invalid`] for a cell
/// that cannot be used. Each names the file, and the line and column.
pub fn observations(raw: &Raw, map: &ColumnMap) -> Result<Parsed> {
    let cells = Cells::read(raw)?;
    let needed = COLUMNS.map(|ours| map.theirs(ours));
    cells.require(&needed)?;
    let observations: Result<Vec<_>> = (0..cells.n_rows())
        .map(|row_idx| {
            let row = Row { cells: &cells, row_idx, map };
            row.observation(raw.retrieved_at)
        })
        .collect();
    let observations = observations?;
    let read_through = observations.iter().map(|row| row.vintage).max();
    Ok(Parsed { observations, read_through, ..Parsed::default() })
}

/// Reads a file of announcements with the columns [`ANNOUNCEMENT_COLUMNS`].
///
/// # Errors
/// As [`observations`].
pub fn announcements(raw: &Raw) -> Result<Vec<Announcement>> {
    let cells = Cells::read(raw)?;
    cells.require(&ANNOUNCEMENT_COLUMNS)?;
    let map = ColumnMap::default();
    (0..cells.n_rows())
        .map(|row_idx| Row { cells: &cells, row_idx, map: &map }.announcement())
        .collect()
}

/// A table as text cells, whatever file it came from.
struct Cells<'a> {
    name: &'a str,
    columns: BTreeMap<String, StringChunked>,
    header: Vec<String>,
}

impl<'a> Cells<'a> {
    fn read(raw: &'a Raw) -> Result<Self> {
        let unreadable = |what: &str, e: PolarsError| {
            Error::parse(format!("`{}` is not a {what} table", raw.name))
                .hint("every line needs as many cells as the header; a cell with a comma is quoted")
                .caused_by(e)
        };
        let frame = if raw.bytes.starts_with(b"PAR1") {
            ParquetReader::new(Cursor::new(&raw.bytes))
                .finish()
                .map_err(|e| unreadable("Parquet", e))?
        } else {
            std::str::from_utf8(&raw.bytes).map_err(|e| {
                Error::parse(format!("`{}` is neither Parquet nor UTF-8 text", raw.name))
                    .caused_by(e)
            })?;
            CsvReadOptions::default()
                .with_infer_schema_length(Some(0))
                .map_parse_options(|options| options.with_missing_is_null(false))
                .into_reader_with_file_handle(Cursor::new(&raw.bytes))
                .finish()
                .map_err(|e| unreadable("CSV", e))?
        };
        let header = frame.get_column_names().iter().map(ToString::to_string).collect();
        let mut columns = BTreeMap::new();
        for column in frame.columns() {
            let text = column.cast(&DataType::String)?;
            columns.insert(column.name().to_string(), text.str()?.clone());
        }
        Ok(Self { name: &raw.name, columns, header })
    }

    fn n_rows(&self) -> usize {
        self.columns.values().next().map_or(0, polars::prelude::ChunkedArray::len)
    }

    fn require(&self, names: &[&str]) -> Result<()> {
        let missing: Vec<_> = names
            .iter()
            .filter(|name| !name.starts_with('=') && !self.columns.contains_key(**name))
            .copied()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::parse(format!(
            "`{}` line 1: column `{}` is missing; found `{}`",
            self.name,
            missing.join("`, `"),
            self.header.join(",")
        ))
        .hint(format!(
            "needed is the header `{}`, or a column map with `--map ours=theirs,...`",
            names.iter().map(|n| n.trim_start_matches('=')).collect::<Vec<_>>().join(",")
        )))
    }
}

/// One row of a table, with its place for messages.
struct Row<'a> {
    cells: &'a Cells<'a>,
    row_idx: usize,
    map: &'a ColumnMap,
}

impl Row<'_> {
    fn text<'s>(&'s self, ours: &'s str) -> &'s str {
        let theirs = self.map.theirs(ours);
        if let Some(constant) = theirs.strip_prefix('=') {
            return constant;
        }
        let column = self.cells.columns.get(theirs);
        column.and_then(|column| column.get(self.row_idx)).unwrap_or_default().trim()
    }

    fn place(&self, ours: &str) -> String {
        let column = self.map.theirs(ours).trim_start_matches('=');
        format!("`{}` line {}, column `{column}`", self.cells.name, self.row_idx + 2)
    }

    fn date(&self, ours: &str) -> Result<NaiveDate> {
        let text = self.text(ours);
        let time_follows = |rest: &str| rest.is_empty() || rest.starts_with(['T', ' ']);
        let day = text.split_at_checked(10).filter(|(_, rest)| time_follows(rest));
        day.map_or(text, |(day, _)| day).parse().map_err(|_| {
            Error::invalid(format!("{}: found `{text}`, needed a date", self.place(ours)))
                .hint("dates are written 2026-08-26")
        })
    }

    fn number(&self, ours: &str) -> Result<f64> {
        let text = self.text(ours);
        text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(|| {
            Error::invalid(format!("{}: found `{text}`, needed a finite number", self.place(ours)))
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
        Ok(Announcement {
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
        })
    }
}
