//! A table as text cells: CSV read with its line numbers, and cells read as numbers and dates.
//!
//! May use `error`. Pure: text in, cells out. A cell is data, whatever it looks like: nothing is
//! evaluated. An error names the file, the line or row, and the column.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use csv::{Position, ReaderBuilder, StringRecord};

use crate::error::{Error, Result};

/// Columns that a table may have.
pub const COLUMNS_MAX: usize = 2_000;
/// Characters of a cell that a message shows.
const SHOWN: usize = 60;
/// What may stand between two cells; the one that the header has most of counts.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// A table as text cells, whatever file it came from.
#[derive(Debug, Clone)]
pub struct Cells {
    name: String,
    counted_in: &'static str,
    header: Vec<String>,
    columns: HashMap<String, usize>,
    rows: Vec<StringRecord>,
}

/// One row of [`Cells`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    cells: &'a Cells,
    record: &'a StringRecord,
}

impl Cells {
    /// Reads CSV with a header line: comma, semicolon or tab between cells, any line ends.
    ///
    /// # Errors
    /// [`Error::Parse`] if there is no header, a row has not as many cells as it, a column stands
    /// twice, or a quote is never closed. Each names the line.
    pub fn csv(name: impl Into<String>, text: &str) -> Result<Self> {
        let name = name.into();
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = ReaderBuilder::new()
            .delimiter(separator(text))
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let unreadable =
            |e: csv::Error| Error::parse(format!("`{name}` is not a CSV table")).caused_by(e);
        let header = match records.next() {
            Some(header) => header.map_err(unreadable)?,
            None => {
                return Err(Error::parse(format!("`{name}` is empty; a header line is needed")));
            }
        };
        let header = header.iter().map(|cell| cell.trim().to_owned()).collect();
        let mut cells = Self::new(name.clone(), "line", header)?;
        let (mut start, mut line) = (0, 1);
        for record in records {
            let mut record = record.map_err(unreadable)?;
            // The reader counts line ends of two characters and blank lines to the row after.
            let byte = record.position().map_or(0, Position::byte);
            let before = start;
            start = usize::try_from(byte).unwrap_or(usize::MAX).min(text.len());
            start += text.as_bytes()[start..].iter().take_while(|b| b"\r\n".contains(b)).count();
            line += text.get(before..start).unwrap_or_default().matches('\n').count() as u64;
            record.set_position(Some(position(line)));
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            cells.push(record)?;
        }
        let last = cells.rows.last().filter(|row| row.iter().any(|cell| cell.contains('\n')));
        if let Some(last) = last.filter(|_| text.matches('"').count() % 2 == 1) {
            let line = last.position().map_or(0, Position::line);
            return Err(Error::parse(format!("`{name}` line {line}: a quote is never closed")));
        }
        Ok(cells)
    }

    /// A table without rows yet; rows are counted in `line`s or `row`s.
    ///
    /// # Errors
    /// [`Error::Parse`] if a column stands twice, or there are more than [`COLUMNS_MAX`].
    pub fn new(
        name: impl Into<String>,
        counted_in: &'static str,
        header: Vec<String>,
    ) -> Result<Self> {
        let name = name.into();
        if header.len() > COLUMNS_MAX {
            return Err(Error::parse(format!(
                "`{name}` has {} columns; at most {COLUMNS_MAX} are read",
                header.len()
            )));
        }
        let mut columns = HashMap::new();
        for (idx, column) in header.iter().enumerate() {
            let before = columns.insert(column.clone(), idx);
            if before.is_some() && !column.is_empty() {
                return Err(Error::parse(format!(
                    "`{name}` {counted_in} 1: column `{}` stands twice",
                    short(column)
                )));
            }
        }
        Ok(Self { name, counted_in, header, columns, rows: Vec::new() })
    }

    /// Adds a row, which carries the number of its line in its position.
    ///
    /// # Errors
    /// [`Error::Parse`] if it has not as many cells as the header.
    pub fn push(&mut self, record: StringRecord) -> Result<()> {
        if record.len() != self.header.len() {
            let number = record.position().map_or(0, Position::line);
            return Err(Error::parse(format!(
                "`{}` {} {number}: found {} cells, needed {} as in the header",
                self.name,
                self.counted_in,
                record.len(),
                self.header.len()
            ))
            .hint("a cell with a comma stands in quotes"));
        }
        self.rows.push(record);
        Ok(())
    }

    /// Adds a row of cells with its number.
    ///
    /// # Errors
    /// As [`Cells::push`].
    pub fn push_cells(&mut self, number: u64, cells: &[String]) -> Result<()> {
        let mut record = StringRecord::from(cells);
        record.set_position(Some(position(number)));
        self.push(record)
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the columns, in order.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Whether there is such a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// The rows, in the order of the file.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.rows.iter().map(|record| Row { cells: self, record })
    }

    /// Asks for columns.
    ///
    /// # Errors
    /// [`Error::Parse`] that names those that are missing and what was found.
    pub fn require(&self, columns: &[&str]) -> Result<()> {
        let missing: Vec<_> = columns.iter().copied().filter(|column| !self.has(column)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let header = self.header.join(",");
        let found: String = header.chars().take(5 * SHOWN).collect();
        Err(Error::parse(format!(
            "`{}` {} 1: column `{}` is missing; found `{found}`",
            self.name,
            self.counted_in,
            missing.join("`, `")
        )))
    }
}

impl<'a> Row<'a> {
    /// The number of its line or row in the file.
    pub fn line(self) -> u64 {
        self.record.position().map_or(0, Position::line)
    }

    /// Where it stands: `` `t.csv` line 3, column `value` ``.
    pub fn place(self, column: &str) -> String {
        let Cells { name, counted_in, .. } = self.cells;
        format!("`{name}` {counted_in} {}, column `{column}`", self.line())
    }

    /// The text of a cell, trimmed; nothing where there is no such column.
    pub fn get(self, column: &str) -> Option<&'a str> {
        let idx = self.cells.columns.get(column)?;
        self.record.get(*idx).map(str::trim)
    }

    /// The text of a cell, trimmed; empty where the file has nothing.
    ///
    /// # Errors
    /// [`Error::Parse`] if there is no such column.
    pub fn text(self, column: &str) -> Result<&'a str> {
        self.get(column)
            .ok_or_else(|| Error::parse(format!("`{}` has no column `{column}`", self.cells.name)))
    }

    /// A number, or nothing where the cell is empty.
    ///
    /// # Errors
    /// [`Error::Parse`] if it is no finite number.
    pub fn number_if_any(self, column: &str) -> Result<Option<f64>> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().ok().filter(|value: &f64| value.is_finite());
        number.map(Some).ok_or_else(|| {
            self.unusable(column, "a finite number")
                .hint("numbers have a decimal point and no thousands separators")
        })
    }

    /// A number that must be there.
    ///
    /// # Errors
    /// As [`Row::number_if_any`], and if the cell is empty.
    pub fn number(self, column: &str) -> Result<f64> {
        self.number_if_any(column)?.ok_or_else(|| self.unusable(column, "a finite number"))
    }

    /// A date, with a time of day or without.
    ///
    /// # Errors
    /// [`Error::Parse`] if it is none.
    pub fn date(self, column: &str) -> Result<NaiveDate> {
        iso_date(self.text(column)?)
            .ok_or_else(|| self.unusable(column, "a date").hint("dates are written 2026-08-26"))
    }

    /// The error that says what a cell holds and what it should.
    pub fn unusable(self, column: &str, needed: &str) -> Error {
        let found = short(self.get(column).unwrap_or_default());
        Error::parse(format!("{}: found `{found}`, needed {needed}", self.place(column)))
    }
}

/// A column map, `ours=theirs,ours=theirs`: which of a user's columns stands for which of ours.
///
/// - `known`: our columns. `example`: how a map is written, for the hint.
///
/// # Errors
/// [`Error::Invalid`] on a pair without `=`, or a name that is none of ours.
pub fn column_pairs(text: &str, known: &[&str], example: &str) -> Result<BTreeMap<String, String>> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (ours, theirs) = pair.split_once('=').ok_or_else(|| {
            Error::invalid(format!("`{}` in the column map has no `=`", short(pair))).hint(example)
        })?;
        if !known.contains(&ours) {
            let found = short(ours);
            return Err(Error::invalid(format!(
                "`{found}` in the column map is none of our columns"
            ))
            .hint(format!("our columns are {}; {example}", known.join(", "))));
        }
        Ok((ours.to_owned(), theirs.to_owned()))
    });
    pairs.collect()
}

/// An ISO day; a time of day after it is let go.
pub fn iso_date(text: &str) -> Option<NaiveDate> {
    let (day, rest) = text.split_at_checked(10)?;
    if rest.is_empty() || rest.starts_with(['T', ' ']) { day.parse().ok() } else { None }
}

/// The beginning of a text that may be of any length.
pub fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    shown
}

fn position(line: u64) -> Position {
    let mut position = Position::new();
    position.set_line(line);
    position
}

fn separator(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |separator: &char| header.matches(*separator).count();
    let most = SEPARATORS.iter().rev().max_by_key(|separator| count(separator));
    match most {
        Some(';') => b';',
        Some('\t') => b'\t',
        _ => b',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Cells::csv("t.csv", text).expect_err("broken").to_string()
    }

    #[test]
    fn csv_of_any_make_is_read() {
        let text = "\u{feff}a;b\r\n1;\"two\nlines; and\"\r\n\r\n3;=CMD()\r\n";
        let cells = Cells::csv("t.csv", text).expect("a table");
        let rows: Vec<_> = cells.rows().collect();
        assert_eq!(rows[0].get("b"), Some("two\nlines; and"));
        assert_eq!((rows[1].line(), rows[1].get("b")), (5, Some("=CMD()")));
        assert_eq!(rows[1].number("a").expect("a number"), 3.0);
        assert_eq!(rows[0].get("c"), None);
    }

    #[test]
    fn what_is_wrong_is_told_by_line() {
        assert_eq!(
            error("a,b\n1,2\n3,4,5\n"),
            "`t.csv` line 3: found 3 cells, needed 2 as in the header"
        );
        assert_eq!(error("a,b\n1,2\n3,\"x\n4,5\n"), "`t.csv` line 3: a quote is never closed");
        assert_eq!(error(""), "`t.csv` is empty; a header line is needed");
        assert_eq!(error("a,a\n"), "`t.csv` line 1: column `a` stands twice");
        let cells = Cells::csv("t.csv", "a,day\nx,2026-02-30\n").expect("a table");
        let row = cells.rows().next().expect("a row");
        let found = row.date("day").expect_err("no date").to_string();
        assert_eq!(found, "`t.csv` line 2, column `day`: found `2026-02-30`, needed a date");
        assert!(row.number("a").is_err() && row.number("day").is_err());
    }

    #[test]
    fn a_day_may_carry_a_time() {
        assert_eq!(iso_date("2026-01-31T12:00:00Z"), "2026-01-31".parse().ok());
        assert_eq!(iso_date("2026-01-311"), None);
    }
}
