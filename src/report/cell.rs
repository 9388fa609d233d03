//! Cells, prose and tables: the parts of a report that carry numbers, each with its sources.
//!
//! May use `error`, `units`, `format`, `plain`, `source`. A number cannot be put into a cell
//! without [`Sources`]; what is missing says why (never a silent blank). Words become plain text
//! on entry.

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::report::format::{self, Scale};
use crate::report::plain;
use crate::report::source::{SourceRef, Sources};
use crate::units::Unit;

/// What a cell holds; numbers in base units.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Words that state something; a number among them needs a source, as in prose.
    Text(String),
    /// The name of a row, a model, a period: digits in it are no measurement.
    Label(String),
    /// A day.
    Date(NaiveDate),
    /// A quantity.
    Number {
        /// In base units.
        value: f64,
        /// Its unit.
        unit: Unit,
        /// Decimals shown after scaling.
        digits: usize,
    },
    /// A change of a quantity, shown with its sign.
    Change {
        /// In base units.
        value: f64,
        /// Its unit.
        unit: Unit,
        /// Decimals shown after scaling.
        digits: usize,
    },
    /// A central interval.
    Interval {
        /// Lower end, in base units.
        low: f64,
        /// Upper end, in base units.
        high: f64,
        /// 0.8 of an 80% interval.
        coverage: f64,
        /// Unit of both ends.
        unit: Unit,
        /// Decimals shown after scaling.
        digits: usize,
    },
    /// A count of things that have a name.
    Count {
        /// How many.
        n: usize,
        /// The thing in the singular: `quarter`.
        noun: String,
    },
    /// No value, and why.
    Missing(String),
}

/// One entry of a table or of the front page.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    value: Value,
    sources: Vec<SourceRef>,
}

impl Cell {
    /// Words. Give a number its own cell, or [`Cell::cited`].
    pub fn text(text: impl Into<String>) -> Self {
        Self { value: Value::Text(plain::text(&text.into())), sources: Vec::new() }
    }

    /// Words with numbers in them, and their sources.
    pub fn cited(text: impl Into<String>, sources: impl Into<Sources>) -> Self {
        Self::sourced(Value::Text(plain::text(&text.into())), sources)
    }

    /// The name of a row, model or period.
    pub fn label(text: impl Into<String>) -> Self {
        Self { value: Value::Label(plain::text(&text.into())), sources: Vec::new() }
    }

    /// A day.
    pub fn date(day: NaiveDate) -> Self {
        Self { value: Value::Date(day), sources: Vec::new() }
    }

    /// A quantity: `value` in base units of `unit`, `digits` decimals after scaling.
    pub fn number(value: f64, unit: Unit, digits: usize, sources: impl Into<Sources>) -> Self {
        Self::sourced(Value::Number { value, unit, digits }, sources)
    }

    /// A change, shown with its sign.
    pub fn change(value: f64, unit: Unit, digits: usize, sources: impl Into<Sources>) -> Self {
        Self::sourced(Value::Change { value, unit, digits }, sources)
    }

    /// A central interval with its coverage.
    pub fn interval(
        (low, high): (f64, f64),
        coverage: f64,
        unit: Unit,
        digits: usize,
        sources: impl Into<Sources>,
    ) -> Self {
        Self::sourced(Value::Interval { low, high, coverage, unit, digits }, sources)
    }

    /// A count: `Cell::count(41, "forecast", &source)` reads `41 forecasts`.
    pub fn count(n: usize, noun: impl Into<String>, sources: impl Into<Sources>) -> Self {
        Self::sourced(Value::Count { n, noun: plain::text(&noun.into()) }, sources)
    }

    /// No value, and why: `refused: beyond the horizon cap`.
    pub fn missing(reason: impl Into<String>) -> Self {
        Self { value: Value::Missing(plain::text(&reason.into())), sources: Vec::new() }
    }

    fn sourced(value: Value, sources: impl Into<Sources>) -> Self {
        let sources: Sources = sources.into();
        Self { value, sources: sources.as_slice().to_vec() }
    }

    /// What it holds.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Where its numbers come from; empty for words, labels, dates and what is missing.
    pub fn sources(&self) -> &[SourceRef] {
        &self.sources
    }

    /// The cell as it reads on its own, with its unit: `$96.2 billion`.
    pub fn words(&self) -> String {
        match &self.value {
            Value::Text(text) | Value::Label(text) => text.clone(),
            Value::Date(day) => format::date(*day),
            Value::Number { value, unit, digits } => format::words(*value, *unit, *digits),
            Value::Change { value, unit, digits } => format::signed(*value, *unit, *digits),
            Value::Interval { low, high, coverage, unit, digits } => {
                format::interval(*low, *high, *coverage, *unit, *digits)
            }
            Value::Count { n, noun } => format::count(*n, noun),
            Value::Missing(_) => "–".to_owned(),
        }
    }

    /// Whether it reads as a figure, and so is set to the right.
    pub fn is_figure(&self) -> bool {
        !matches!(self.value, Value::Text(_) | Value::Label(_) | Value::Date(_))
    }

    /// Its numbers, unit and decimals, if it holds a quantity.
    fn quantity(&self) -> Option<(Vec<f64>, Unit, usize)> {
        match self.value {
            Value::Number { value, unit, digits } | Value::Change { value, unit, digits } => {
                Some((vec![value], unit, digits))
            }
            Value::Interval { low, high, unit, digits, .. } => {
                Some((vec![low, high], unit, digits))
            }
            _ => None,
        }
    }

    /// The cell on its column's scale, without the unit.
    fn on_scale(&self, scale: Scale) -> String {
        match self.value {
            Value::Number { value, digits, .. } => scale.number(value, digits),
            Value::Change { value, digits, .. } => format::signed_number(scale, value, digits),
            Value::Interval { low, high, digits, .. } => {
                format!("{} to {}", scale.number(low, digits), scale.number(high, digits))
            }
            _ => self.words(),
        }
    }
}

/// A sentence or two, with the sources of the numbers in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prose {
    /// The words.
    pub text: String,
    sources: Vec<SourceRef>,
}

impl Prose {
    /// Words without numbers; the lint refuses a number in them.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: plain::text(&text.into()), sources: Vec::new() }
    }

    /// Words with the sources of their numbers.
    pub fn cited(text: impl Into<String>, sources: impl Into<Sources>) -> Self {
        let sources: Sources = sources.into();
        Self { text: plain::text(&text.into()), sources: sources.as_slice().to_vec() }
    }

    /// Where its numbers come from.
    pub fn sources(&self) -> &[SourceRef] {
        &self.sources
    }
}

impl From<&str> for Prose {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

/// A table whose caption states what it shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    caption: String,
    headings: Vec<String>,
    rows: Vec<Vec<Cell>>,
    note: Option<Prose>,
}

/// A table's column as it is printed: heading with unit, and one text a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The heading, without the unit.
    pub heading: String,
    /// The shared unit and scale, if the column has one: `USD billion`.
    pub unit: Option<String>,
    /// The text of each row.
    pub texts: Vec<String>,
    /// Whether the column holds figures.
    pub is_figure: bool,
}

impl Table {
    /// A table from its headings and rows; the first cell of a row is its heading.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a row has more or fewer cells than there are headings.
    pub fn new(
        caption: impl Into<String>,
        headings: &[&str],
        rows: Vec<Vec<Cell>>,
    ) -> Result<Self> {
        let caption = plain::text(&caption.into());
        if let Some((row_idx, row)) =
            rows.iter().enumerate().find(|(_, row)| row.len() != headings.len())
        {
            return Err(Error::invalid(format!(
                "table `{caption}`: row {row_idx} has {} cells; {} needed",
                row.len(),
                headings.len()
            )));
        }
        let headings = headings.iter().map(|heading| plain::text(heading)).collect();
        Ok(Self { caption, headings, rows, note: None })
    }

    /// The table with a note under it.
    #[must_use]
    pub fn with_note(self, note: impl Into<Prose>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// What it shows.
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// The headings of its columns, without units.
    pub fn headings(&self) -> &[String] {
        &self.headings
    }

    /// Its rows.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// What stands under it.
    pub fn note(&self) -> Option<&Prose> {
        self.note.as_ref()
    }

    /// The columns as they are printed. A column of one unit shares one scale, named in its
    /// heading, unless its smallest value would vanish on it; other cells carry their own unit.
    pub fn columns(&self) -> Vec<Column> {
        let column = |(column_idx, heading): (usize, &String)| {
            let cells: Vec<&Cell> = self.rows.iter().map(|row| &row[column_idx]).collect();
            let scale = common_scale(&cells);
            let texts = cells
                .iter()
                .map(|cell| scale.map_or_else(|| cell.words(), |scale| cell.on_scale(scale)))
                .collect();
            Column {
                heading: heading.clone(),
                unit: scale.map(Scale::heading).filter(|heading| !heading.is_empty()),
                texts,
                is_figure: column_idx > 0 && cells.iter().any(|cell| cell.is_figure()),
            }
        };
        self.headings.iter().enumerate().map(column).collect()
    }

    /// Why values are missing, each reason once.
    pub fn reasons(&self) -> Vec<&str> {
        let mut reasons: Vec<&str> = Vec::new();
        for cell in self.rows.iter().flatten() {
            if let Value::Missing(reason) = cell.value()
                && !reasons.contains(&reason.as_str())
            {
                reasons.push(reason);
            }
        }
        reasons
    }

    /// Every source in reading order.
    pub fn sources(&self) -> impl Iterator<Item = &SourceRef> {
        let note = self.note.iter().flat_map(Prose::sources);
        self.rows.iter().flatten().flat_map(Cell::sources).chain(note)
    }
}

/// Share of the largest value below which a value would lose its digits on a shared scale.
const SMALLEST_SHARE: f64 = 0.005;

fn common_scale(cells: &[&Cell]) -> Option<Scale> {
    let quantities: Vec<_> = cells.iter().filter_map(|cell| cell.quantity()).collect();
    let (_, unit, digits) = quantities.first()?.clone();
    if quantities.iter().any(|(_, other, _)| *other != unit) {
        return None;
    }
    let sizes: Vec<f64> =
        quantities.iter().flat_map(|(values, ..)| values).map(|v| v.abs()).collect();
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    let scale = Scale::of(sizes.iter().copied(), unit, digits);
    let vanishes = |size: &f64| *size > 0.0 && *size < largest * SMALLEST_SHARE;
    let is_scaled = scale.factor() > 1.0;
    (!(is_scaled && sizes.iter().any(vanishes))).then_some(scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::source::SourceKind;

    fn source() -> SourceRef {
        let day = NaiveDate::from_ymd_opt(2026, 8, 27).expect("a date");
        SourceRef::new(SourceKind::Filed, "10-Q", "0001045810-26-000123", day)
    }

    #[test]
    fn a_column_of_one_unit_shares_its_scale() {
        let row = |value: f64| vec![Cell::label("x"), Cell::number(value, Unit::Usd, 1, source())];
        let table = Table::new("Sales", &["Quarter", "Revenue"], vec![row(96.2e9), row(900e6)]);
        let column = table.expect("even rows").columns().remove(1);
        assert_eq!(column.unit.as_deref(), Some("USD billion"));
        assert_eq!(column.texts, ["96.2", "0.9"]);
    }

    #[test]
    fn a_value_that_would_vanish_keeps_its_own_scale() {
        let row = |value: f64| vec![Cell::label("x"), Cell::number(value, Unit::Usd, 1, source())];
        let table = Table::new("Sales", &["Quarter", "Revenue"], vec![row(96.2e9), row(9e6)]);
        let column = table.expect("even rows").columns().remove(1);
        assert_eq!((column.unit, column.texts[1].as_str()), (None, "$9.0 million"));
    }

    #[test]
    fn a_ragged_table_is_refused() {
        let error = Table::new("T", &["a", "b"], vec![vec![Cell::label("x")]]);
        let error = error.expect_err("one cell for two headings").to_string();
        assert_eq!(error, "table `T`: row 0 has 1 cells; 2 needed");
    }
}
