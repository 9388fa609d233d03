//! The bundled tables of the scaling chain: CSV compiled into the binary, read by column name.
//!
//! May use the core files and polars. Never touches the disk. An error names the file, line and
//! column.

use std::collections::BTreeMap;
use std::io::Cursor;

use chrono::NaiveDate;
use polars::prelude::*;

use crate::error::{Error, Result};

/// A table as text cells.
pub(super) struct Table {
    name: &'static str,
    columns: BTreeMap<String, StringChunked>,
    n_rows: usize,
}

/// One row of a [`Table`].
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    table: &'a Table,
    row_idx: usize,
}

impl Table {
    /// Reads CSV text with a header line.
    pub(super) fn read(name: &'static str, text: &'static str) -> Result<Self> {
        let frame = CsvReadOptions::default()
            .with_infer_schema_length(Some(0))
            .map_parse_options(|options| options.with_missing_is_null(false))
            .into_reader_with_file_handle(Cursor::new(text.as_bytes()))
            .finish()
            .map_err(|e| Error::parse(format!("`{name}` is not a CSV table")).caused_by(e))?;
        let mut columns = BTreeMap::new();
        for column in frame.columns() {
            columns.insert(column.name().to_string(), column.str()?.clone());
        }
        Ok(Self { name, columns, n_rows: frame.height() })
    }

    /// The rows, in the order of the file.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.n_rows).map(|row_idx| Row { table: self, row_idx })
    }
}

impl<'a> Row<'a> {
    /// The text of a cell; empty where the file has nothing.
    pub(super) fn text(self, column: &str) -> Result<&'a str> {
        let cells = self.table.columns.get(column).ok_or_else(|| {
            Error::parse(format!("`{}` has no column `{column}`", self.table.name))
        })?;
        Ok(cells.get(self.row_idx).unwrap_or_default().trim())
    }

    /// A number, or nothing where the cell is empty.
    pub(super) fn number_if_any(self, column: &str) -> Result<Option<f64>> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().ok().filter(|value: &f64| value.is_finite());
        number.map(Some).ok_or_else(|| self.unusable(column, text, "a finite number"))
    }

    /// A number that must be there.
    pub(super) fn number(self, column: &str) -> Result<f64> {
        self.number_if_any(column)?.ok_or_else(|| self.unusable(column, "", "a finite number"))
    }

    /// A date that must be there.
    pub(super) fn date(self, column: &str) -> Result<NaiveDate> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.unusable(column, text, "a date such as 2025-12-31"))
    }

    fn unusable(self, column: &str, found: &str, needed: &str) -> Error {
        let line = self.row_idx + 2;
        Error::parse(format!(
            "`{}` line {line}, column `{column}`: found `{found}`, needed {needed}",
            self.table.name
        ))
    }
}
