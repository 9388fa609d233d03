//! A file of any kind as a table of text cells: CSV, Parquet, JSON, Excel.
//!
//! May use the core files, polars and `unpack`. Pure: bytes in, cells out. A formula is not run: an
//! Excel cell is the value that was saved with it. Rows and columns are read as they come, so that
//! a sheet that claims to be huge fills no memory.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader, Xlsx};
use polars::prelude::{Column, DataType, PolarsError, StringChunked};
use serde_json::{Map, Value};

use super::Raw;
use super::unpack::{self, Limits};
use crate::cells::{COLUMNS_MAX, Cells, short};
use crate::error::{Error, Result};

/// How a file is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Kind {
    /// As its first bytes say.
    #[default]
    Told,
    /// CSV with a header line.
    Csv,
    /// JSON: an array of objects, one object a line, or `{"rows": [...]}`; a pointer leads to the
    /// rows.
    Json(String),
    /// An Excel workbook: the sheet with this name.
    Sheet(String),
}

/// Reads a file.
///
/// # Errors
/// [`Error::Parse`] that names the file, and the line or row; [`Error::NotFound`] for a sheet that
/// it does not have.
pub fn read(raw: &Raw, kind: &Kind) -> Result<Cells> {
    let bytes = raw.bytes.as_slice();
    let start = bytes.iter().copied().find(|b| !b.is_ascii_whitespace());
    match kind {
        Kind::Sheet(name) => excel(raw, Some(name)),
        Kind::Json(pointer) => json(raw, pointer),
        Kind::Told if bytes.starts_with(b"PAR1") => parquet(raw),
        Kind::Told if unpack::is_zip(bytes) => excel(raw, None),
        Kind::Told if bytes.starts_with(b"\xd0\xcf\x11\xe0") => {
            Err(Error::parse(format!("`{}` is a workbook of Excel before 2007", raw.name))
                .hint("save it as .xlsx or .csv"))
        }
        Kind::Told if matches!(start, Some(b'[' | b'{')) => json(raw, ""),
        Kind::Csv | Kind::Told => csv(raw),
    }
}

fn csv(raw: &Raw) -> Result<Cells> {
    let text = std::str::from_utf8(&raw.bytes).map_err(|e| {
        Error::parse(format!("`{}` is neither Parquet, Excel, JSON nor UTF-8 text", raw.name))
            .caused_by(e)
    })?;
    Cells::csv(raw.name.as_str(), text)
}

/// A Parquet table. Its values may be what polars has no text for, such as days beyond every calendar.
fn parquet(raw: &Raw) -> Result<Cells> {
    Error::caught(&format!("`{}`", raw.name), || columns(raw))
}

fn columns(raw: &Raw) -> Result<Cells> {
    let unreadable = |e: PolarsError| {
        Error::parse(format!("`{}` is not a Parquet table", raw.name)).caused_by(e)
    };
    let frame =
        crate::parquet::table(&raw.bytes).map_err(|e| e.within(format!("`{}`", raw.name)))?;
    let header: Vec<_> = frame.get_column_names().iter().map(ToString::to_string).collect();
    let mut cells = Cells::new(raw.name.as_str(), "row", header)?;
    let texts = |column: &Column| -> Result<StringChunked> {
        let text = |column: &Column| Ok(column.cast(&DataType::String)?.str()?.clone());
        text(&without_zone(raw, column)?).map_err(unreadable)
    };
    let columns: Vec<_> = frame.columns().iter().map(texts).collect::<Result<_>>()?;
    for row_idx in 0..frame.height() {
        let row: Vec<_> = columns
            .iter()
            .map(|column| column.get(row_idx).unwrap_or_default().to_owned())
            .collect();
        cells.push_cells(row_idx as u64 + 1, &row)?;
    }
    Ok(cells)
}

/// Timestamps in UTC without their zone. Others would need a table of zones: 00:00 in New York is one
/// hour in summer and another in winter.
fn without_zone(raw: &Raw, column: &Column) -> Result<Column> {
    match column.dtype() {
        DataType::Datetime(unit, Some(zone)) if zone.as_str() == "UTC" => {
            Ok(column.cast(&DataType::Datetime(*unit, None))?)
        }
        DataType::Datetime(_, Some(zone)) => Err(Error::invalid(format!(
            "`{}` column `{}` has the time zone `{zone}`; needed is UTC or none",
            raw.name,
            column.name()
        ))
        .hint("take the zone off the timestamps before they are written")),
        _ => Ok(column.clone()),
    }
}

fn json(raw: &Raw, pointer: &str) -> Result<Cells> {
    let objects = json_objects(raw, pointer)?;
    let mut header: Vec<String> = Vec::new();
    let mut idx_of: BTreeMap<String, usize> = BTreeMap::new();
    for key in objects.iter().flat_map(Map::keys) {
        if !idx_of.contains_key(key) {
            idx_of.insert(key.clone(), header.len());
            header.push(key.clone());
        }
        if header.len() > COLUMNS_MAX {
            return Err(Error::parse(format!(
                "`{}` has more than {COLUMNS_MAX} keys; needed rows with the same keys",
                raw.name
            )));
        }
    }
    let width = header.len();
    let mut cells = Cells::new(raw.name.as_str(), "row", header)?;
    for (row_idx, object) in objects.iter().enumerate() {
        let mut row = vec![String::new(); width];
        for (key, value) in object {
            row[idx_of[key]] = match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                Value::Array(_) | Value::Object(_) => {
                    return Err(Error::parse(format!(
                        "`{}` row {}, column `{}`: found a list or an object, needed text or \
                         a number",
                        raw.name,
                        row_idx + 1,
                        short(key)
                    )));
                }
            };
        }
        cells.push_cells(row_idx as u64 + 1, &row)?;
    }
    Ok(cells)
}

/// The rows of a JSON file.
fn json_objects(raw: &Raw, pointer: &str) -> Result<Vec<Map<String, Value>>> {
    let bytes = raw.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&raw.bytes);
    let unreadable = |e: serde_json::Error| {
        let message = format!("`{}` line {}: not JSON", raw.name, e.line());
        Error::parse(message).caused_by(e)
    };
    let mut documents = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    let first = documents.next().transpose().map_err(unreadable)?.unwrap_or_default();
    let rows = match (first.pointer(pointer), first.get("rows")) {
        (Some(Value::Array(rows)), _) | (_, Some(Value::Array(rows))) => rows.clone(),
        (Some(Value::Object(_)), None) if pointer.is_empty() => {
            let mut rows = vec![first];
            for document in documents {
                rows.push(document.map_err(unreadable)?);
            }
            return objects(raw, rows);
        }
        _ => {
            let place = if pointer.is_empty() { "a list of rows" } else { pointer };
            return Err(Error::parse(format!("`{}` has no rows at `{place}`", raw.name))
                .hint("needed is a list of objects, one object a line, or `{\"rows\": [...]}`"));
        }
    };
    if documents.next().is_some() {
        return Err(Error::parse(format!("`{}` goes on after its rows", raw.name)));
    }
    objects(raw, rows)
}

fn objects(raw: &Raw, rows: Vec<Value>) -> Result<Vec<Map<String, Value>>> {
    rows.into_iter()
        .enumerate()
        .map(|(row_idx, row)| match row {
            Value::Object(object) => Ok(object),
            _ => Err(Error::parse(format!(
                "`{}` row {}: found no object, needed `{{\"column\": value, ...}}`",
                raw.name,
                row_idx + 1
            ))),
        })
        .collect()
}

/// The first sheet of a workbook, or the one that is named. The reader is somebody else's.
fn excel(raw: &Raw, sheet: Option<&str>) -> Result<Cells> {
    Error::caught(&format!("`{}`", raw.name), || workbook(raw, sheet))
}

fn workbook(raw: &Raw, sheet: Option<&str>) -> Result<Cells> {
    unpack::check(raw, &Limits::default())?;
    let unreadable = |e: calamine::XlsxError| {
        Error::parse(format!("`{}` is not an Excel workbook (.xlsx)", raw.name)).caused_by(e)
    };
    let mut book = Xlsx::new(Cursor::new(raw.bytes.as_slice())).map_err(unreadable)?;
    let names = book.sheet_names();
    let name = match sheet {
        None => names.first().cloned(),
        Some(wanted) => names.iter().find(|name| *name == wanted).cloned(),
    };
    let name = name.ok_or_else(|| {
        Error::not_found(format!("`{}` has no sheet `{}`", raw.name, sheet.unwrap_or("1")))
            .hint(format!("its sheets are {}", short(&names.join(", "))))
    })?;
    let mut reader = book.worksheet_cells_reader(&name).map_err(unreadable)?;
    let mut rows: BTreeMap<u32, Vec<(u32, String)>> = BTreeMap::new();
    while let Some(cell) = reader.next_cell().map_err(unreadable)? {
        let (row, column) = cell.get_position();
        let text = excel_text(cell.get_value()).map_err(|what| {
            Error::parse(format!("`{}` row {}, column {}: {what}", raw.name, row + 1, column + 1))
        })?;
        if !text.trim().is_empty() {
            rows.entry(row).or_default().push((column, text));
        }
    }
    sheet_cells(raw, &name, rows)
}

/// The cells of a sheet as a table: the first row with a cell is the header.
fn sheet_cells(raw: &Raw, sheet: &str, rows: BTreeMap<u32, Vec<(u32, String)>>) -> Result<Cells> {
    let name = format!("{}, sheet {sheet}", raw.name);
    let mut rows = rows.into_iter();
    let (_, header) = rows
        .next()
        .ok_or_else(|| Error::parse(format!("`{name}` is empty; a header row is needed")))?;
    let beyond = |row: u32, column: u32, width: usize| {
        Error::parse(format!(
            "`{name}` row {}: a cell in column {}, but the header has {width}",
            row + 1,
            column + 1
        ))
    };
    let width = header.iter().map(|(column, _)| *column as usize + 1).max().unwrap_or_default();
    if width > COLUMNS_MAX {
        return Err(Error::parse(format!(
            "`{name}` has {width} columns; needed {COLUMNS_MAX} at most"
        )));
    }
    let line = |cells: Vec<(u32, String)>, row: u32| {
        let mut line = vec![String::new(); width];
        for (column, text) in cells {
            let cell = line.get_mut(column as usize).ok_or_else(|| beyond(row, column, width))?;
            *cell = text;
        }
        Ok::<_, Error>(line)
    };
    let mut cells = Cells::new(name.as_str(), "row", line(header, 0)?)?;
    for (row, found) in rows {
        cells.push_cells(u64::from(row) + 1, &line(found, row)?)?;
    }
    Ok(cells)
}

/// A cell of a sheet as text: dates as ISO, numbers so that they read back to the bit.
fn excel_text(value: &DataRef<'_>) -> Result<String, String> {
    Ok(match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.clone()
        }
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::Error(error) => return Err(format!("the cell is an error, {error}")),
        DataRef::DateTime(date) if date.is_duration() => date.as_f64().to_string(),
        DataRef::DateTime(date) => {
            let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
            let day = format!("{year:04}-{month:02}-{day:02}");
            match (hour, minute, second) {
                (0, 0, 0) => day,
                _ => format!("{day}T{hour:02}:{minute:02}:{second:02}"),
            }
        }
    })
}
