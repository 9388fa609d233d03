//! Series of FRED, the data base of the Federal Reserve Bank of St. Louis: with every vintage
//! through its interface, which asks for a key, or as the CSV of its graphs, which knows no
//! vintages.
//!
//! May use the core files and `origin`. The interface gives vintages only where `realtime_start`
//! and `realtime_end` ask for a span of days. Where an answer is one day's view, its
//! `realtime_start` is the day of the question, not of the publication: such values count from the
//! day on which they were read. The key is sent with a request and stands in no URL, name or
//! locator. Neither form says the unit: the caller does.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;
use serde_json::Value;

use super::origin::{Origin, aside, slug};
use super::{Parsed, Raw, Request, Secret, Source};
use crate::cells::{Cells, short};
use crate::error::{Error, Result};
use crate::observation::{Observation, VintageBasis};
use crate::period::Period;
use crate::units::{Unit, scaled};

/// Where the interface is.
pub const BASE_URL: &str = "https://api.stlouisfed.org";
/// Where the CSV of graphs is.
pub const GRAPH_URL: &str = "https://fred.stlouisfed.org";
/// Vintages in one answer at most.
const VINTAGES_MAX: usize = 2_000;
/// The ends of time, as the interface writes them.
const EVER: (&str, &str) = ("1776-07-04", "9999-12-31");

/// One series.
#[derive(Debug, Clone)]
pub struct Fred {
    base_url: String,
    series: String,
    unit: Unit,
    places: i32,
    key: Option<Secret>,
}

impl Fred {
    /// A series by its FRED name, such as `INDPRO`, in a unit of ours; values are given in units of
    /// ten to the power of `places` (9 for billions). With a key every vintage is asked for,
    /// without one the graph.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name is none that FRED can have.
    pub fn new(
        base_url: impl Into<String>,
        series: &str,
        unit: Unit,
        places: i32,
        key: Option<Secret>,
    ) -> Result<Self> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if series.is_empty() || series.len() > 60 || !series.bytes().all(is_name) {
            return Err(Error::invalid(format!("`{}` is no name of a FRED series", short(series)))
                .hint("give its name as in the address of its page, such as `INDPRO`"));
        }
        let series = series.to_ascii_uppercase();
        Ok(Self { base_url: base_url.into(), series, unit, places, key })
    }

    fn ask(&self, what: &str, query: &str) -> Request {
        let base = self.base_url.trim_end_matches('/');
        let series = &self.series;
        let url = format!("{base}/fred/series/{what}?series_id={series}&file_type=json{query}");
        Request { secret: self.key.clone(), ..Request::open(url) }
    }

    fn id(&self) -> String {
        format!("fred.{}", slug(&self.series))
    }

    fn origin(&self, raw: &Raw, what: &str) -> Origin {
        let source = format!("FRED, Federal Reserve Bank of St. Louis, {}{what}", self.series);
        Origin::stated_or_retrieved(source, self.unit, None, raw)
    }

    /// Turns points into observations; those without a value are set aside together.
    fn read(&self, raw: &Raw, points: &[Point], what: &str, parsed: &mut Parsed) -> Result<()> {
        let dates: BTreeSet<NaiveDate> = points.iter().map(|point| point.date).collect();
        let frequency = Spacing::of(&dates).map_err(|e| e.within(format!("`{}`", raw.name)))?;
        let unvintaged = self.origin(raw, what);
        let vintaged = self.origin(raw, "");
        let mut missing = Vec::new();
        for point in points {
            let period = frequency.period(point.date);
            if ["", "."].contains(&point.value.as_str()) {
                missing.push(point.date);
                continue;
            }
            let origin = match point.vintage {
                None => unvintaged.clone(),
                Some(vintage) => {
                    let basis = VintageBasis::Publication;
                    Origin { vintage, basis, ..vintaged.clone() }
                }
            };
            match self.row(&origin, point, period, raw) {
                Ok(row) => {
                    parsed.read_through = parsed.read_through.max(Some(row.vintage));
                    parsed.observations.push(row);
                }
                Err(reason) => {
                    parsed.set_aside.push(aside(self.id(), Some(period), &raw.name, reason));
                }
            }
        }
        if let Some(first) = missing.first() {
            let (n, of) = (missing.len(), points.len());
            let reason = format!("{n} of {of} rows have no value, the first for {first}");
            parsed.set_aside.push(aside(self.id(), None, &raw.name, reason));
        }
        Ok(())
    }

    fn row(
        &self,
        origin: &Origin,
        point: &Point,
        period: Period,
        raw: &Raw,
    ) -> Result<Observation, String> {
        let value = scaled(&point.value, self.places)
            .ok_or_else(|| format!("`{}` is no number", short(&point.value)))?;
        if origin.vintage > raw.retrieved_at {
            return Err(format!("its vintage, {}, is to come", origin.vintage));
        }
        let locator = format!("{} {}", self.series, point.date);
        origin.row(&self.id(), period, value, locator).map_err(|e| e.to_string())
    }

    /// The answer to which days had a new vintage: spans of days to ask for.
    fn spans(&self, raw: &Raw, dates: &VintageDates) -> Result<Vec<Request>> {
        if dates.vintage_dates.is_empty() {
            return Err(Error::parse(format!("`{}` names no vintage", raw.name)));
        }
        if dates.count > dates.vintage_dates.len() {
            return Err(Error::parse(format!(
                "`{}` names {} vintages of {}; needed all",
                raw.name,
                dates.vintage_dates.len(),
                dates.count
            )));
        }
        let chunks: Vec<_> = dates.vintage_dates.chunks(VINTAGES_MAX).collect();
        let starts = chunks.iter().map(|chunk| chunk[0]).collect::<Vec<_>>();
        let spans = starts.iter().enumerate().map(|(idx, start)| {
            let end = starts.get(idx + 1).and_then(NaiveDate::pred_opt);
            let end = end.map_or(EVER.1.to_owned(), |end| end.to_string());
            self.ask("observations", &format!("&realtime_start={start}&realtime_end={end}"))
        });
        Ok(spans.collect())
    }
}

impl Source for Fred {
    fn id(&self) -> &'static str {
        "fred"
    }

    fn requests(&self, _since: NaiveDate) -> Vec<Request> {
        if self.key.is_some() {
            return vec![self.ask(
                "vintagedates",
                &format!("&realtime_start={}&realtime_end={}&limit=10000", EVER.0, EVER.1),
            )];
        }
        let base = self.base_url.trim_end_matches('/');
        vec![Request::open(format!("{base}/graph/fredgraph.csv?id={}", self.series))]
    }

    fn parse(&self, raw: &Raw) -> Result<Parsed> {
        let mut parsed = Parsed::default();
        let text = std::str::from_utf8(&raw.bytes)
            .map_err(|e| Error::parse(format!("`{}` is not UTF-8 text", raw.name)).caused_by(e))?;
        if !text.trim_start().starts_with('{') {
            let points = graph(raw, text, &self.series)?;
            let what = ", graph CSV without vintages";
            self.read(raw, &points, what, &mut parsed)?;
            parsed.read_through = Some(raw.retrieved_at);
            return Ok(parsed);
        }
        let unreadable = |e: serde_json::Error| {
            Error::parse(format!("`{}` is no answer of FRED", raw.name)).caused_by(e)
        };
        let document: Value = serde_json::from_str(text).map_err(unreadable)?;
        if let Some(message) = document.get("error_message").map(ToString::to_string) {
            let message = self.key.as_ref().map_or(message.clone(), |key| key.hidden_in(&message));
            return Err(Error::parse(format!("`{}`: FRED says {message}", raw.name))
                .hint("check the name of the series, and the key"));
        }
        if document.get("vintage_dates").is_some() {
            let dates: VintageDates = serde_json::from_value(document).map_err(unreadable)?;
            parsed.follow_up = self.spans(raw, &dates)?;
            return Ok(parsed);
        }
        let answer: Answer = serde_json::from_value(document).map_err(unreadable)?;
        let points = answer.points(raw)?;
        self.read(raw, &points, ", one day's view without vintages", &mut parsed)?;
        let seen = answer.offset + answer.observations.len();
        if answer.count > seen && !answer.observations.is_empty() {
            let Answer { realtime_start: start, realtime_end: end, .. } = answer;
            parsed.follow_up.push(self.ask(
                "observations",
                &format!("&realtime_start={start}&realtime_end={end}&offset={seen}"),
            ));
        }
        Ok(parsed)
    }
}

/// The days on which a series had a new vintage.
#[derive(Debug, Deserialize)]
struct VintageDates {
    #[serde(default)]
    count: usize,
    vintage_dates: Vec<NaiveDate>,
}

/// An answer of the interface.
#[derive(Debug, Deserialize)]
struct Answer {
    realtime_start: NaiveDate,
    realtime_end: NaiveDate,
    /// The transformation; `lin` is none.
    #[serde(default)]
    units: String,
    #[serde(default)]
    count: usize,
    #[serde(default)]
    offset: usize,
    observations: Vec<serde_json::Map<String, Value>>,
}

/// A value as it was known from a day on, if that day is given.
struct Point {
    date: NaiveDate,
    value: String,
    vintage: Option<NaiveDate>,
}

impl Answer {
    fn points(&self, raw: &Raw) -> Result<Vec<Point>> {
        if !["", "lin"].contains(&self.units.as_str()) {
            return Err(Error::parse(format!(
                "`{}` holds values transformed by `{}`; needed levels (`lin`)",
                raw.name,
                short(&self.units)
            )));
        }
        // One day's view, or a span that begins today: rows say the day of the question.
        let is_view =
            self.realtime_start == self.realtime_end || self.realtime_start >= raw.retrieved_at;
        let mut points = Vec::new();
        for (idx, row) in self.observations.iter().enumerate() {
            let broken = |what: &str| {
                Error::parse(format!("`{}` observation {}: {what}", raw.name, idx + 1))
            };
            let day = |key: &str| row.get(key)?.as_str()?.parse::<NaiveDate>().ok();
            let date = day("date").ok_or_else(|| broken("`date` is no day"))?;
            let text = |value: &Value| match value {
                Value::String(text) => text.trim().to_owned(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            if let Some(value) = row.get("value") {
                let start = day("realtime_start");
                let start = start.ok_or_else(|| broken("`realtime_start` is no day"))?;
                let vintage = (!is_view).then_some(start);
                points.push(Point { date, value: text(value), vintage });
                continue;
            }
            // A column a vintage: `GDP_20190726`.
            for (key, value) in row {
                let stamp = key.rsplit_once('_').map(|(_, stamp)| stamp);
                let vintage = stamp.and_then(|s| NaiveDate::parse_from_str(s, "%Y%m%d").ok());
                match vintage {
                    Some(vintage) => {
                        points.push(Point { date, value: text(value), vintage: Some(vintage) });
                    }
                    None if key == "date" => {}
                    None => return Err(broken(&format!("`{}` is no vintage", short(key)))),
                }
            }
        }
        if points.is_empty() {
            return Err(Error::parse(format!("`{}` holds no observation", raw.name)));
        }
        Ok(points)
    }
}

/// The points of a graph's CSV: `observation_date,SERIES`, once `DATE,SERIES`.
fn graph(raw: &Raw, text: &str, series: &str) -> Result<Vec<Point>> {
    let cells = Cells::csv(raw.name.as_str(), text)?;
    let date = ["observation_date", "DATE"].into_iter().find(|name| cells.has(name));
    let column = cells.header().iter().find(|name| name.eq_ignore_ascii_case(series));
    let (Some(date), Some(column)) = (date, column) else {
        return Err(Error::parse(format!(
            "`{}` line 1: found `{}`, needed `observation_date,{series}`",
            raw.name,
            short(&cells.header().join(","))
        ))
        .hint("the CSV must be the one of the series that was named, without a transformation"));
    };
    cells
        .rows()
        .map(|row| {
            let value = row.get(column).unwrap_or_default().to_owned();
            Ok(Point { date: row.date(date)?, value, vintage: None })
        })
        .collect()
}

/// How far apart the dates of a series stand; a date is the first day of its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spacing {
    /// Days and weeks: the day itself.
    Days,
    /// Whole months: 1, 3 or 12.
    Months(u32),
}

impl Spacing {
    /// The spacing of dates, by the two that are nearest: values may be missing between others.
    fn of(dates: &BTreeSet<NaiveDate>) -> Result<Self> {
        let later = dates.iter().skip(1);
        let nearest = dates.iter().zip(later).map(|(a, b)| (*b - *a).num_days()).min();
        let all = |is: fn(&NaiveDate) -> bool| dates.iter().all(is);
        let is_first: fn(&NaiveDate) -> bool = |date| date.day() == 1;
        match nearest {
            None => Err(Error::insufficient("one date tells no frequency; needed are 2 or more")),
            Some(1..=16) => Ok(Self::Days),
            Some(28..=31) if all(is_first) => Ok(Self::Months(1)),
            Some(89..=92) if all(|date| date.day() == 1 && date.month0().is_multiple_of(3)) => {
                Ok(Self::Months(3))
            }
            Some(365 | 366) if all(|date| date.ordinal() == 1) => Ok(Self::Months(12)),
            Some(days) => Err(Error::parse(format!(
                "dates {days} days apart are neither days, weeks, months, quarters nor years"
            ))),
        }
    }

    fn period(self, date: NaiveDate) -> Period {
        match self {
            Self::Months(n_months) => Period::months(date.year(), date.month(), n_months),
            Self::Days => None,
        }
        .unwrap_or_else(|| Period::day(date))
    }
}
