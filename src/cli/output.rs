//! Rows on stdout: a table for people, one JSON document, or CSV with the same keys.
//!
//! May use `error`, `rows` and `report`'s rule of plain text. The keys of the rows are the contract; the
//! table is for the eye. What came from outside can neither steer a terminal nor run as a formula.

use std::io::{Seek, Write};
use std::ops::{Deref, DerefMut};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;
use tempfile::SpooledTempFile;

use super::Format;
use crate::error::{Error, Result};
use crate::report::plain;
use crate::rows::{self, SCHEMA_VERSION, csv_cell};

/// Rows that are printed; made here or in `rows`.
pub(super) struct Rows(rows::Rows);

impl Rows {
    pub(super) fn new(columns: &[&'static str]) -> Self {
        Self(rows::Rows::new(columns))
    }

    /// Prints the rows; `table` makes the table for people.
    pub(super) fn print(&self, format: Format, table: impl FnOnce() -> String) -> Result<()> {
        match format {
            Format::Table => print(&table()),
            Format::Json => write(&self.json()?),
            Format::Csv => write(&self.csv()?),
            Format::Html | Format::Md | Format::Pdf => Err(no_rows()),
        }
    }
}

impl From<rows::Rows> for Rows {
    fn from(rows: rows::Rows) -> Self {
        Self(rows)
    }
}

impl Deref for Rows {
    type Target = rows::Rows;

    fn deref(&self) -> &rows::Rows {
        &self.0
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut rows::Rows {
        &mut self.0
    }
}

/// Rows that may be too many to hold: written as they come, beyond [`SPOOL_BYTES`] to a temporary file,
/// and printed whole at the end, so that a failure leaves stdout empty.
pub(super) struct Spool {
    format: Format,
    columns: Vec<&'static str>,
    file: SpooledTempFile,
    n_rows: usize,
}

/// Bytes of rows that are kept in memory.
const SPOOL_BYTES: usize = 16 << 20;

impl Spool {
    pub(super) fn new(format: Format, columns: &[&'static str]) -> Result<Self> {
        let file = tempfile::spooled_tempfile(SPOOL_BYTES);
        let mut spool = Self { format, columns: columns.to_vec(), file, n_rows: 0 };
        match format {
            Format::Table => {}
            Format::Json => spool
                .write(format!("{{\"schema_version\": {SCHEMA_VERSION}, \"rows\": [").as_bytes())?,
            Format::Csv => spool.record(spool.columns.clone())?,
            Format::Html | Format::Md | Format::Pdf => return Err(no_rows()),
        }
        Ok(spool)
    }

    /// Whether rows are printed at all, and not only counted.
    pub(super) fn is_wanted(&self) -> bool {
        self.format != Format::Table
    }

    pub(super) fn push(&mut self, row: Vec<Value>) -> Result<()> {
        debug_assert_eq!(row.len(), self.columns.len());
        match self.format {
            Format::Json => {
                let pairs = self.columns.iter().map(|key| (*key).to_owned()).zip(row);
                let object = Value::Object(pairs.collect());
                let comma = if self.n_rows == 0 { "\n" } else { ",\n" };
                self.write(format!("{comma}{object}").as_bytes())?;
            }
            Format::Csv => self.record(row.iter().map(csv_cell).collect())?,
            _ => {}
        }
        self.n_rows += 1;
        Ok(())
    }

    /// Prints what was pushed; `table` makes the table for people.
    pub(super) fn print(mut self, table: impl FnOnce() -> String) -> Result<()> {
        match self.format {
            Format::Table => return print(&table()),
            Format::Json => self.write(b"\n]}\n")?,
            _ => {}
        }
        let mut copy = || -> std::io::Result<()> {
            self.file.rewind()?;
            let mut stdout = std::io::stdout().lock();
            std::io::copy(&mut self.file, &mut stdout)?;
            stdout.flush()
        };
        match copy() {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Error::store("stdout cannot be written").caused_by(e))
            }
            _ => Ok(()),
        }
    }

    fn record<T: AsRef<[u8]>>(&mut self, cells: Vec<T>) -> Result<()> {
        let mut writer = csv::Writer::from_writer(&mut self.file);
        let written = writer.write_record(cells).and_then(|()| Ok(writer.flush()?));
        drop(writer);
        written.map_err(|e| Error::store("the rows cannot be written as CSV").caused_by(e))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file
            .write_all(bytes)
            .map_err(|e| Error::store("the rows cannot be kept for printing").caused_by(e))
    }
}

fn no_rows() -> Error {
    Error::invalid("rows are printed as table, json or csv")
        .hint("pages in html, pdf and md are written by `chipcast report`")
}

/// A table for people: text to the left, the columns named in `numbers` to the right.
pub(super) fn table(header: &[&str], numbers: &[usize], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let align = |i: usize, text: String| {
        let right = numbers.contains(&i);
        let side = if right { CellAlignment::Right } else { CellAlignment::Left };
        Cell::new(plain::text(&text)).set_alignment(side)
    };
    table.set_header(header.iter().enumerate().map(|(i, h)| align(i, (*h).to_owned())));
    for row in rows {
        table.add_row(row.into_iter().enumerate().map(|(i, text)| align(i, text)));
    }
    table.trim_fmt()
}

/// Writes words for people to stdout, as plain text.
pub(super) fn print(text: &str) -> Result<()> {
    write(&plain::lines(text))
}

/// Writes a document to stdout; a reader who has gone away is no failure.
fn write(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::store("stdout cannot be written").caused_by(e))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_cannot_steer_the_terminal() {
        let poison = "\u{1b}[2Ja\r\nb\u{202e}c\u{9b}31m";
        let shown = table(&["text"], &[], vec![vec![poison.to_owned()]]);
        assert!(shown.ends_with("a  bc"), "{shown:?}");
        assert!(shown.lines().all(plain::is_plain), "{shown:?}");
        assert_eq!(shown.lines().count(), 2, "{shown:?}");
    }
}
