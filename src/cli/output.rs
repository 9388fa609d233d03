//! Rows on stdout: a table for people, one JSON document, or CSV with the same keys.
//!
//! May use `error` and `report`'s rule of plain text. The keys of the rows are the contract; the table
//! is for the eye. What came from outside can neither steer a terminal nor run as a formula.

use std::io::{Seek, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use serde_json::{Map, Value, json};
use tempfile::SpooledTempFile;

use super::Format;
use crate::error::{Error, Result};
use crate::report::plain;

/// Version of the rows' form.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// Rows under named columns.
pub(super) struct Rows {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
    extra: Map<String, Value>,
}

impl Rows {
    pub(super) fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), extra: Map::new() }
    }

    pub(super) fn push(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// A key beside `rows` in the JSON document.
    pub(super) fn beside(&mut self, key: &str, value: Value) {
        self.extra.insert(key.to_owned(), value);
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

    /// The rows as a list of objects, to stand beside those of another table.
    pub(super) fn objects(&self) -> Value {
        let object = |row: &Vec<Value>| {
            let pairs = self.columns.iter().zip(row);
            Value::Object(pairs.map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
        };
        self.rows.iter().map(object).collect()
    }

    fn json(&self) -> Result<String> {
        let mut document = Map::new();
        document.insert("schema_version".to_owned(), json!(SCHEMA_VERSION));
        document.extend(self.extra.clone());
        document.insert("rows".to_owned(), self.objects());
        serde_json::to_string_pretty(&Value::Object(document))
            .map_err(|e| Error::store("the rows cannot be written as JSON").caused_by(e))
    }

    /// The rows as a CSV file.
    pub(super) fn csv_bytes(&self) -> Result<Vec<u8>> {
        Ok(format!("{}\n", self.csv()?).into_bytes())
    }

    fn csv(&self) -> Result<String> {
        let broken = |e: csv::Error| Error::store("the rows cannot be written as CSV").caused_by(e);
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.columns).map_err(broken)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(csv_cell)).map_err(broken)?;
        }
        let bytes = writer.into_inner().map_err(|e| {
            Error::store("the rows cannot be written as CSV").caused_by(e.into_error())
        })?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
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

/// A cell of a CSV file. A text that a spreadsheet would read as a formula gets an apostrophe before
/// it, as OWASP advises; a number never does.
fn csv_cell(value: &Value) -> String {
    const OPENS_FORMULA: [char; 11] =
        ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(OPENS_FORMULA) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
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
    fn text_that_opens_a_formula_is_text_and_numbers_stay_numbers() {
        let mut rows = Rows::new(&["text", "number"]);
        for text in ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "plain"] {
            rows.push(vec![json!(text), json!(-1.5)]);
        }
        let csv = rows.csv().expect("written");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let read: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
        for row in &read[..6] {
            assert!(row[0].starts_with('\''), "{row:?}");
        }
        assert_eq!((&read[0][0], &read[6][0]), ("'=cmd|' /C calc'!A0", "plain"));
        assert!(read.iter().all(|row| &row[1] == "-1.5"));
    }

    #[test]
    fn a_table_cannot_steer_the_terminal() {
        let poison = "\u{1b}[2Ja\r\nb\u{202e}c\u{9b}31m";
        let shown = table(&["text"], &[], vec![vec![poison.to_owned()]]);
        assert!(shown.ends_with("a  bc"), "{shown:?}");
        assert!(shown.lines().all(plain::is_plain), "{shown:?}");
        assert_eq!(shown.lines().count(), 2, "{shown:?}");
    }
}
