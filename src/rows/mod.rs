//! Rows under named columns: what the command line prints and the web page answers, made in one place.
//!
//! May use the core, `forecast`, `scaling`, `ingest` and `report`. One file a subject. The names of the
//! columns are the contract; nothing here prints, and nothing here rounds.

pub mod backtest;
pub mod data;
pub mod forecast;
pub mod ledger;
pub mod news;
pub mod require;
pub mod runs;
pub mod scale;
pub mod skill;

use chrono::NaiveDate;
use polars::prelude::{Column, DataFrame, DataType, ParquetWriter};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::observation::days;

/// Version of the rows' form.
pub const SCHEMA_VERSION: u32 = 1;

/// Rows under named columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
    extra: Map<String, Value>,
}

/// What a column holds; each may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A day, written `YYYY-MM-DD`.
    Date,
    /// A number in the row's unit.
    Number,
    /// A count.
    Integer,
    /// Yes or no.
    Boolean,
    /// A level of a quantile, the number of a draw, or the code of a refusal.
    Mixed,
}

impl Kind {
    /// The kind of a column, by its name: one name means one thing in every table.
    pub fn of(column: &str) -> Self {
        let is_of = |names: &str| names.split_whitespace().any(|name| name == column);
        match column {
            "output_type_id" => Self::Mixed,
            _ if is_of(DATES) => Self::Date,
            _ if is_of(INTEGERS) => Self::Integer,
            _ if is_of(BOOLEANS) => Self::Boolean,
            _ if is_of(NUMBERS) || is_measure(column) => Self::Number,
            _ => Self::Text,
        }
    }
}

/// Columns that hold a day.
const DATES: &str = "period_start period_end vintage published first last last_vintage origin_date \
    target_end_date date made_on as_of target_period_start target_period_end event_date from to";
/// Columns that hold a count.
const INTEGERS: &str = "n horizon horizon_cap n_variables horizon_a horizon_b seed n_forecasts n_values \
    n_answered";
/// Columns that hold yes or no.
const BOOLEANS: &str = "inside_80 in_mcs is_reported";
/// Columns that hold a number, beside the measures of a backtest.
const NUMBERS: &str = "value change low mid high median lower_80 upper_80 lower_95 upper_95 withheld naive \
    guide actual error naive_error guide_error news revision refit code assumption estimate_a estimate_b \
    total p05 p50 p95 baseline_p05 baseline_p50 baseline_p95 scenario_p05 scenario_p50 scenario_p95 \
    delta_p05 delta_p50 delta_p95 expected surprise weight estimate_before impact impact_percent \
    impact_on_scale estimate_after estimate_prev estimate_new impact_of_revisions impact_of_news \
    total_impact of_which_refit exponent efficiency_per_doubling compute_multiple gpu_hours_multiple";

impl Rows {
    /// No rows yet, under these columns.
    pub fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), extra: Map::new() }
    }

    /// Adds a row: one cell a column.
    pub fn push(&mut self, row: Vec<Value>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// Adds the rows of another table with the same columns.
    pub fn extend(&mut self, other: Self) {
        debug_assert_eq!(self.columns, other.columns);
        self.rows.extend(other.rows);
    }

    /// A key beside `rows` in the JSON document.
    pub fn beside(&mut self, key: &str, value: Value) {
        self.extra.insert(key.to_owned(), value);
    }

    /// Every row, in order.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// What stands beside the rows, by key.
    pub fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// The rows as a list of objects, to stand beside those of another table.
    pub fn objects(&self) -> Value {
        let object = |row: &Vec<Value>| {
            let pairs = self.columns.iter().zip(row);
            Value::Object(pairs.map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
        };
        self.rows.iter().map(object).collect()
    }

    /// One document: `schema_version`, what stands beside the rows, and `rows`.
    ///
    /// # Errors
    /// [`Error::Store`] if a value cannot be written, which is a bug.
    pub fn json(&self) -> Result<String> {
        let mut document = Map::new();
        document.insert("schema_version".to_owned(), json!(SCHEMA_VERSION));
        document.extend(self.extra.clone());
        document.insert("rows".to_owned(), self.objects());
        serde_json::to_string_pretty(&Value::Object(document))
            .map_err(|e| Error::store("the rows cannot be written as JSON").caused_by(e))
    }

    /// Comma-separated values under the columns' names; see [`csv_cell`].
    ///
    /// # Errors
    /// [`Error::Store`] if a value cannot be written, which is a bug.
    pub fn csv(&self) -> Result<String> {
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

    /// The same as a file, its last line ended.
    ///
    /// # Errors
    /// As [`Self::csv`].
    pub fn csv_bytes(&self) -> Result<Vec<u8>> {
        Ok(format!("{}\n", self.csv()?).into_bytes())
    }

    /// The rows as a frame, its types given by [`Kind::of`] and never by the rows.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be made, which is a bug.
    pub fn frame(&self) -> Result<DataFrame> {
        let columns: Result<Vec<_>, _> =
            (0..self.columns.len()).map(|column_idx| self.column(column_idx)).collect();
        columns
            .and_then(|columns| DataFrame::new(self.rows.len(), columns))
            .map_err(|e| Error::store("the rows cannot be written as a frame").caused_by(e))
    }

    /// A Parquet file of [`Rows::frame`].
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be written, which is a bug.
    pub fn parquet(&self) -> Result<Vec<u8>> {
        parquet(&mut self.frame()?)
    }

    fn column(&self, column_idx: usize) -> Result<Column, polars::error::PolarsError> {
        let name = self.columns[column_idx];
        let cells = self.rows.iter().map(|row| &row[column_idx]);
        match Kind::of(name) {
            Kind::Number => {
                Ok(Column::new(name.into(), cells.map(Value::as_f64).collect::<Vec<_>>()))
            }
            Kind::Integer => {
                Ok(Column::new(name.into(), cells.map(Value::as_i64).collect::<Vec<_>>()))
            }
            Kind::Boolean => {
                Ok(Column::new(name.into(), cells.map(Value::as_bool).collect::<Vec<_>>()))
            }
            Kind::Date => {
                let day = |cell: &Value| cell.as_str()?.parse::<NaiveDate>().ok().map(days);
                Column::new(name.into(), cells.map(day).collect::<Vec<_>>()).cast(&DataType::Date)
            }
            Kind::Text | Kind::Mixed => {
                let text = |cell: &Value| (!cell.is_null()).then(|| plain(cell));
                Ok(Column::new(name.into(), cells.map(text).collect::<Vec<_>>()))
            }
        }
    }
}

/// A frame as a Parquet file.
///
/// # Errors
/// [`Error::Store`] if it cannot be written, which is a bug.
pub fn parquet(frame: &mut DataFrame) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes)
        .finish(frame)
        .map_err(|e| Error::store("the rows cannot be written as Parquet").caused_by(e))?;
    Ok(bytes)
}

/// Whether a column holds a measure of a backtest: its name, over the answered ones, or an end of its bar.
fn is_measure(column: &str) -> bool {
    const MEASURES: &str = "mae_log mase wis coverage_80 coverage_95 skill crps pinball_10 pinball_50 \
        pinball_90 interval_score_80 pit_p ljung_box_p dm_hln dm_p mcs_p";
    let plain = ["_answered", "_lower", "_upper"].iter().find_map(|end| column.strip_suffix(end));
    let plain = plain.unwrap_or(column);
    MEASURES.split_whitespace().any(|measure| measure == plain)
}

/// A cell as plain text; nothing where it is missing.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A cell of a CSV file. A text that a spreadsheet would read as a formula gets an apostrophe before
/// it, as OWASP advises; a number never does.
pub fn csv_cell(value: &Value) -> String {
    const OPENS_FORMULA: [char; 11] =
        ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    match value {
        Value::String(text) if text.starts_with(OPENS_FORMULA) => format!("'{text}"),
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{ParquetReader, SerReader};

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
    fn an_empty_table_has_every_column_and_its_type() {
        let rows = Rows::new(&["vintage", "value", "horizon", "locator"]);
        let bytes = rows.parquet().expect("an empty file");
        let frame = ParquetReader::new(std::io::Cursor::new(bytes)).finish().expect("readable");
        let types = [DataType::Date, DataType::Float64, DataType::Int64, DataType::String];
        assert_eq!(frame.dtypes(), types);
    }
}
