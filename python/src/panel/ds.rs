//! The column `ds` in and out, and the frequency that a caller names.
//!
//! Pure. A point comes back in the type that it came in: the same unit and the same time zone.

use chipcast::error::{Error, Result};
use chipcast::forecast::panel::{Ds, Outcome, Status, Step};
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use polars::prelude::{
    Column, DataType, Int32Chunked, Int64Chunked, IntoColumn, IntoSeries, NamedFrom,
    NewChunkedArray, Series, StringChunked, TimeUnit,
};

use super::End;

/// What the column `ds` is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Whole numbers, of this type.
    Numbers(DataType),
    /// Days.
    Days,
    /// Times in a unit since 1970, in a zone if one is named.
    Times(TimeUnit, Option<Tz>, DataType),
    /// Texts: dates, times or whole numbers.
    Texts,
}

/// The points of a column, read one by one.
pub(super) enum Points {
    Numbers(Int64Chunked),
    Wholes(polars::prelude::Float64Chunked),
    Days(Int32Chunked),
    Times(Int64Chunked, TimeUnit, Option<Tz>),
    Texts(StringChunked),
}

impl Points {
    /// Of a column in one piece.
    pub(super) fn new(column: &Series) -> Result<(Self, Kind)> {
        let as_numbers = || Ok::<_, Error>(column.cast(&DataType::Int64)?.i64()?.clone());
        Ok(match column.dtype() {
            DataType::Int32 | DataType::Int64 | DataType::UInt32 | DataType::UInt64 => {
                (Self::Numbers(as_numbers()?), Kind::Numbers(column.dtype().clone()))
            }
            DataType::Float32 | DataType::Float64 => {
                let wholes = column.cast(&DataType::Float64)?.f64()?.clone();
                (Self::Wholes(wholes), Kind::Numbers(DataType::Int64))
            }
            DataType::Date => (Self::Days(column.to_physical_repr().i32()?.clone()), Kind::Days),
            dtype @ DataType::Datetime(unit, zone) => {
                let zone = zone.as_ref().and_then(|zone| zone.as_str().parse::<Tz>().ok());
                let times = column.to_physical_repr().i64()?.clone();
                (Self::Times(times, *unit, zone), Kind::Times(*unit, zone, dtype.clone()))
            }
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) | DataType::Null => {
                (Self::Texts(column.cast(&DataType::String)?.str()?.clone()), Kind::Texts)
            }
            other => {
                let name = column.name();
                return Err(Error::invalid(format!(
                    "`{name}` is of the type {other}; needed are dates, times or whole numbers"
                )));
            }
        })
    }

    /// The point of a row, or what stands there instead.
    pub(super) fn at(&self, row: usize) -> Result<Ds, String> {
        match self {
            Self::Numbers(held) => held.get(row).map(Ds::Number).ok_or_else(String::new),
            Self::Wholes(held) => {
                let value = held.get(row).ok_or_else(String::new)?;
                Ds::read(&value.to_string()).ok_or_else(|| value.to_string())
            }
            Self::Days(held) => {
                held.get(row).map(|days| Ds::Day(day(days))).ok_or_else(String::new)
            }
            Self::Times(held, unit, zone) => {
                let value = held.get(row).ok_or_else(String::new)?;
                let time = moment(value, *unit).ok_or_else(|| value.to_string())?;
                Ok(Ds::Time(zone.map_or(time, |zone| zone.from_utc_datetime(&time).naive_local())))
            }
            Self::Texts(held) => {
                let text = held.get(row).ok_or_else(String::new)?;
                Ds::read(text).ok_or_else(|| text.chars().take(40).collect())
            }
        }
    }
}

impl Kind {
    /// A column of points, of the type that they came in.
    pub(super) fn column(&self, name: &str, points: &[Option<Ds>]) -> Result<Column> {
        let name = name.into();
        Ok(match self {
            Self::Numbers(dtype) => {
                let numbers =
                    Int64Chunked::from_iter_options(name, points.iter().copied().map(number));
                numbers.into_series().cast(dtype)?.into_column()
            }
            Self::Days => {
                let days = points.iter().map(|point| point.as_ref().and_then(days));
                Int32Chunked::from_iter_options(name, days).into_date().into_column()
            }
            Self::Times(unit, zone, dtype) => {
                let times = points.iter().map(|point| since_1970(point.as_ref()?, *unit, *zone));
                let times = Int64Chunked::from_iter_options(name, times);
                // A cast would lose the zone.
                let zone = if let DataType::Datetime(_, zone) = dtype { zone } else { &None };
                times.into_datetime(*unit, zone.clone()).into_column()
            }
            Self::Texts => text_column(name, points),
        })
    }
}

/// Of texts: whole numbers if all are, times if all are days or times, else texts again.
fn text_column(name: polars::prelude::PlSmallStr, points: &[Option<Ds>]) -> Column {
    let all = |is: fn(&Ds) -> bool| points.iter().flatten().all(is);
    if all(|point| matches!(point, Ds::Number(_))) && points.iter().any(Option::is_some) {
        let numbers = points.iter().copied().map(number);
        return Int64Chunked::from_iter_options(name, numbers).into_column();
    }
    if all(|point| !matches!(point, Ds::Number(_))) {
        let unit = TimeUnit::Microseconds;
        let times = points.iter().map(|point| since_1970(point.as_ref()?, unit, None));
        let times = Int64Chunked::from_iter_options(name, times);
        return times.into_datetime(unit, None).into_column();
    }
    let texts: Vec<Option<String>> =
        points.iter().map(|point| point.map(|point| point.to_string())).collect();
    Series::new(name, texts).into_column()
}

fn number(point: Option<Ds>) -> Option<i64> {
    if let Some(Ds::Number(number)) = point { Some(number) } else { None }
}

fn day(days: i32) -> NaiveDate {
    let epoch = NaiveDate::from_epoch_days(0).expect("the epoch is a date");
    epoch.checked_add_signed(Duration::days(days.into())).unwrap_or(epoch)
}

fn days(point: &Ds) -> Option<i32> {
    match point {
        Ds::Day(day) => Some(day.to_epoch_days()),
        Ds::Time(time) => Some(time.date().to_epoch_days()),
        Ds::Number(_) => None,
    }
}

fn moment(value: i64, unit: TimeUnit) -> Option<NaiveDateTime> {
    let time = match unit {
        TimeUnit::Nanoseconds => DateTime::from_timestamp_nanos(value),
        TimeUnit::Microseconds => DateTime::from_timestamp_micros(value)?,
        TimeUnit::Milliseconds => DateTime::from_timestamp_millis(value)?,
    };
    Some(time.naive_utc())
}

fn since_1970(point: &Ds, unit: TimeUnit, zone: Option<Tz>) -> Option<i64> {
    let local = match point {
        Ds::Day(day) => day.and_time(chrono::NaiveTime::MIN),
        Ds::Time(time) => *time,
        Ds::Number(_) => return None,
    };
    let utc = match zone {
        None => local.and_utc(),
        // An hour that a clock skips is read an hour later.
        Some(zone) => zone
            .from_local_datetime(&local)
            .earliest()
            .or_else(|| zone.from_local_datetime(&(local + Duration::hours(1))).earliest())?
            .to_utc(),
    };
    match unit {
        TimeUnit::Nanoseconds => utc.timestamp_nanos_opt(),
        TimeUnit::Microseconds => Some(utc.timestamp_micros()),
        TimeUnit::Milliseconds => Some(utc.timestamp_millis()),
    }
}

/// The step that the caller names for the whole panel.
pub(super) fn step(unit: &str, n: i64) -> Result<Step> {
    let wrong = || Error::invalid(format!("frequency of {n} {unit} asked; needed is 1 or more"));
    if n < 1 {
        return Err(wrong());
    }
    Ok(match unit {
        "numbers" => Step::Numbers(n),
        "months" => Step::Months { n: u32::try_from(n).map_err(|_| wrong())?, day: 1 },
        "days" => Step::Days(n.unsigned_abs()),
        "seconds" => Step::Seconds(n),
        _ => return Err(Error::invalid(format!("no unit `{unit}` of a frequency"))),
    })
}

/// A series with one value has no step of its own: it takes this one. One whose own step is another
/// fails, as a frequency that is not that of the data is a mistake.
pub(super) fn hold(freq: Step, outcomes: &mut [Outcome], ends: &[End]) {
    for (outcome, end) in outcomes.iter_mut().zip(ends) {
        let (Some(last), Some(first)) = (end.last, outcome.steps.first().map(|step| step.ds))
        else {
            continue;
        };
        if end.n_known == 1 {
            for (step, ahead) in outcome.steps.iter_mut().zip(1..) {
                step.ds = last.after(freq.going_on_from(last), ahead).unwrap_or(step.ds);
            }
        } else if !freq.leads(last, first) {
            outcome.status = Status::Failed;
            outcome.reason =
                Some(format!("`freq` is {freq}, and `ds` goes on from `{last}` to `{first}`"));
            outcome.model_used = "";
            outcome.steps.clear();
        }
    }
}
