//! Sources that are described by data: a CSV or JSON file on the web or on this machine, and which
//! of its columns holds what. `datasets/sources.toml` describes some, a user's own file others.
//!
//! May use the core files, `origin` and `tabular`. Never reads the disk: a local file comes in as
//! bytes. A key that no description has is an error that names it and its line.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use super::origin::{Origin, aside, slug};
use super::tabular::{self, Kind};
use super::{Parsed, Raw, Request, Source};
use crate::cells::{Cells, Row, iso_date, short};
use crate::error::{Error, Result};
use crate::observation::{Observation, VintageBasis};
use crate::period::Period;
use crate::units::{Unit, scaled};

/// The descriptions that come with the program.
pub const BUNDLED: &str = include_str!("../../datasets/sources.toml");

/// A description.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// A short lower-case name.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// Words that must stand with its values.
    pub attribution: String,
    /// Under which licence they are.
    pub licence: String,
    /// Where it is on the web.
    pub url: Option<String>,
    /// Where it is on this machine; relative to the folder of the command.
    pub file: Option<String>,
    format: Format,
    /// For JSON: a pointer to the rows, such as `/data/rows`.
    #[serde(default)]
    rows: String,
    series: String,
    period: String,
    #[serde(default = "iso")]
    date_format: String,
    frequency: Frequency,
    value: String,
    unit: String,
    /// Values are given in units of ten to this power.
    #[serde(default)]
    places: i32,
    /// The column with the day of publication; values count from the day of reading without it.
    vintage: Option<String>,
    #[serde(default)]
    missing: Vec<String>,
    /// Rows count where these columns hold these words.
    #[serde(default)]
    only: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Frequency {
    Day,
    Month,
    Quarter,
    Year,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    source: Vec<Description>,
}

fn iso() -> String {
    "%Y-%m-%d".to_owned()
}

/// Reads a file of descriptions.
///
/// # Errors
/// [`Error::Parse`] that names the file, the line and the key; [`Error::Invalid`] if a description
/// contradicts itself.
pub fn read(name: &str, text: &str) -> Result<Vec<Described>> {
    let file: File = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        Error::parse(format!("`{name}` line {line}: {}", e.message())).hint(
            "a source has name, title, attribution, licence, url or file, format, series, \
                   period, frequency, value and unit",
        )
    })?;
    let mut sources: Vec<Described> = Vec::new();
    for description in file.source {
        if sources.iter().any(|source| source.description.name == description.name) {
            let known = &description.name;
            return Err(Error::invalid(format!("`{name}`: source `{known}` stands twice")));
        }
        let place = format!("`{name}`, source `{}`", description.name);
        sources.push(Described::new(description).map_err(|e| e.within(place))?);
    }
    Ok(sources)
}

/// A source that a description makes.
#[derive(Debug, Clone)]
pub struct Described {
    description: Description,
    unit: Unit,
}

impl Described {
    fn new(description: Description) -> Result<Self> {
        let unit = description.unit.parse()?;
        if description.name.is_empty() || slug(&description.name) != description.name {
            return Err(Error::invalid("a name has lower-case letters, digits and `_`"));
        }
        match (&description.url, &description.file) {
            (Some(url), None) if url.starts_with("https://") => {}
            (Some(url), None) => {
                return Err(Error::invalid(format!("`{url}` is not an https address")));
            }
            (None, Some(_)) => {}
            _ => return Err(Error::invalid("either `url` or `file` is needed")),
        }
        if description.format == Format::Csv && !description.rows.is_empty() {
            return Err(Error::invalid("`rows` points into JSON; the format is csv"));
        }
        Ok(Self { description, unit })
    }

    /// What describes it.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The same source, asked for at another base URL.
    #[must_use]
    pub fn at(mut self, base_url: &str) -> Self {
        let url = self.description.url.as_deref().and_then(|url| url.strip_prefix("https://"));
        if let Some((_, path)) = url.and_then(|url| url.split_once('/')) {
            self.description.url = Some(format!("{}/{path}", base_url.trim_end_matches('/')));
        }
        self
    }

    fn cells(&self, raw: &Raw) -> Result<Cells> {
        let kind = match self.description.format {
            Format::Csv => Kind::Csv,
            Format::Json => Kind::Json(self.description.rows.clone()),
        };
        tabular::read(raw, &kind)
    }

    /// One row, or the reason why it is none.
    fn row(&self, row: Row<'_>, origin: &Origin, parsed: &mut Parsed) -> Result<()> {
        let described = &self.description;
        for (column, wanted) in &described.only {
            if row.text(column)? != wanted {
                return Ok(());
            }
        }
        let text = row.text(&described.value)?;
        let locator = row.place(&described.value);
        let id = match self.id(row)? {
            Ok(id) => id,
            Err(reason) => {
                let name = described.name.as_str();
                parsed.set_aside.push(aside(name, None, locator, reason));
                return Ok(());
            }
        };
        if text.is_empty() || described.missing.iter().any(|word| word == text) {
            let reason = format!("no value in `{}`", described.value);
            parsed.set_aside.push(aside(id, None, locator, reason));
            return Ok(());
        }
        let period = row.text(&described.period)?;
        if period.is_empty() {
            let reason = format!("no date in `{}`", described.period);
            parsed.set_aside.push(aside(id, None, locator, reason));
            return Ok(());
        }
        let period = self.period(period).ok_or_else(|| {
            row.unusable(&described.period, &format!("a date as `{}`", described.date_format))
        })?;
        let value = scaled(text, described.places)
            .ok_or_else(|| row.unusable(&described.value, "a finite number"))?;
        let origin = self.dated(row, origin)?;
        match origin.row(&id, period, value, locator.as_str()) {
            Ok(read) => {
                parsed.read_through = parsed.read_through.max(Some(read.vintage));
                parsed.observations.push(read);
            }
            Err(e) => parsed.set_aside.push(aside(id, Some(period), locator, e.to_string())),
        }
        Ok(())
    }

    /// The series of a row: `{Column}` in the description stands for the words of that cell.
    fn id(&self, row: Row<'_>) -> Result<Result<String, String>> {
        let mut id = String::new();
        let mut rest = self.description.series.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (column, after) = after.split_once('}').ok_or_else(|| {
                Error::invalid(format!(
                    "`{}` has a brace without its twin",
                    self.description.series
                ))
            })?;
            let part = slug(row.text(column)?);
            if part.is_empty() {
                return Ok(Err(format!("`{column}` holds no word for the id of the series")));
            }
            id.push_str(before);
            id.push_str(&part);
            rest = after;
        }
        Ok(Ok(id + rest))
    }

    fn day(&self, text: &str) -> Option<NaiveDate> {
        let format = &self.description.date_format;
        if format == "%Y-%m-%d" {
            return iso_date(text);
        }
        // A month or a year alone is its first day.
        NaiveDate::parse_from_str(text, format)
            .or_else(|_| NaiveDate::parse_from_str(&format!("{text} 1"), &format!("{format} %d")))
            .or_else(|_| {
                NaiveDate::parse_from_str(&format!("{text} 1 1"), &format!("{format} %m %d"))
            })
            .ok()
    }

    fn period(&self, text: &str) -> Option<Period> {
        let day = self.day(text)?;
        let n_months = match self.description.frequency {
            Frequency::Day => return Some(Period::day(day)),
            Frequency::Month => 1,
            Frequency::Quarter => 3,
            Frequency::Year => 12,
        };
        Period::months(day.year(), day.month0() / n_months * n_months + 1, n_months)
    }

    /// The origin of a row, with its own vintage where a column states it.
    fn dated(&self, row: Row<'_>, origin: &Origin) -> Result<Origin> {
        let Some(column) = &self.description.vintage else { return Ok(origin.clone()) };
        let text = row.text(column)?;
        let vintage = self.day(text).ok_or_else(|| {
            row.unusable(column, &format!("a date as `{}`", self.description.date_format))
        })?;
        if vintage > origin.retrieved_at {
            return Err(row.unusable(column, "a day that is not to come"));
        }
        Ok(Origin { vintage, basis: VintageBasis::Publication, ..origin.clone() })
    }
}

impl Source for Described {
    fn id(&self) -> &str {
        &self.description.name
    }

    fn requests(&self, _since: NaiveDate) -> Vec<Request> {
        self.description.url.iter().map(|url| Request::open(url.as_str())).collect()
    }

    fn parse(&self, raw: &Raw) -> Result<Parsed> {
        let cells = self.cells(raw)?;
        let described = &self.description;
        let mut needed = vec![described.value.as_str(), described.period.as_str()];
        needed.extend(described.only.keys().map(String::as_str));
        needed.extend(described.vintage.as_deref());
        cells.require(&needed)?;
        let source =
            format!("{}; {} ({})", described.attribution, described.title, described.licence);
        let origin = Origin::stated_or_retrieved(short_source(&source), self.unit, None, raw);
        let mut parsed = Parsed::default();
        for row in cells.rows() {
            self.row(row, &origin, &mut parsed)?;
        }
        set_ambiguous_aside(&mut parsed);
        if described.vintage.is_none() {
            parsed.read_through = Some(raw.retrieved_at);
        }
        Ok(parsed)
    }
}

/// Sets aside values that stand in one table for the same series, period and day, and differ: which
/// of them is meant, nobody can tell.
fn set_ambiguous_aside(parsed: &mut Parsed) {
    let key = |row: &Observation| (row.series.clone(), row.period, row.vintage);
    let mut values: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for row in &parsed.observations {
        values.entry(key(row)).or_default().push(row.value.to_bits());
    }
    for row in std::mem::take(&mut parsed.observations) {
        let same = &values[&key(&row)];
        if same.iter().all(|value| *value == same[0]) {
            parsed.observations.push(row);
        } else {
            let reason = format!("{} different rows stand for this series and period", same.len());
            let series = row.series.to_string();
            parsed.set_aside.push(aside(series, Some(row.period), row.locator, reason));
        }
    }
}

/// A source in words stands with every value: it is kept short.
fn short_source(source: &str) -> String {
    if source.chars().count() <= 200 { source.to_owned() } else { short(source) }
}
