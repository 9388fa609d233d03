//! Observations and announcements: what may enter the archive, and the table that carries it.
//!
//! May use `error`, `period`, `series`, `units`. The table's columns follow from [`schema`], never from
//! the rows. Never reads a file.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use polars::prelude::*;

use crate::error::{Error, Result};
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::Unit;

/// How the day is known on which a value became public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VintageBasis {
    /// The earnings release that carries the figure.
    PressRelease,
    /// The filing that first carries the figure.
    Filing,
    /// The regulator's deadline: an upper bound, late but never early.
    Deadline,
    /// The source's own publication day.
    Publication,
    /// Unknown: the day on which it was read. Keeps the value out of earlier backtests.
    Retrieved,
    /// Stated by the user who imported it.
    Stated,
}

impl VintageBasis {
    /// Every basis.
    pub const ALL: [Self; 6] = [
        Self::PressRelease,
        Self::Filing,
        Self::Deadline,
        Self::Publication,
        Self::Retrieved,
        Self::Stated,
    ];

    /// The word written in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::PressRelease => "press_release",
            Self::Filing => "filing",
            Self::Deadline => "deadline",
            Self::Publication => "publication",
            Self::Retrieved => "retrieved",
            Self::Stated => "stated",
        }
    }
}

impl fmt::Display for VintageBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for VintageBasis {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|basis| basis.word() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|basis| basis.word()).collect();
            Error::invalid(format!("vintage basis `{text}` is not known"))
                .hint(format!("use one of {}", known.join(", ")))
        })
    }
}

/// One value of one period, as it was known from one day on.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Which series.
    pub series: SeriesId,
    /// The days that it covers.
    pub period: Period,
    /// The value, in base units.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
    /// The first day on which the public could know it.
    pub vintage: NaiveDate,
    /// How that day is known.
    pub vintage_basis: VintageBasis,
    /// The primary source, in words.
    pub source: String,
    /// What finds it there: accession, page, URL.
    pub locator: String,
    /// The day on which it was read.
    pub retrieved_at: NaiveDate,
}

/// A company's own word about a period to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// Ticker.
    pub company: String,
    /// The first day on which the public could know it.
    pub published: NaiveDate,
    /// Which of the company's series it speaks of, such as `revenue`.
    pub metric: String,
    /// The period that it speaks of.
    pub period: Period,
    /// Lower end.
    pub low: f64,
    /// Middle.
    pub mid: f64,
    /// Upper end.
    pub high: f64,
    /// Unit of the three.
    pub unit: Unit,
    /// Whether it is a first word about the period, or how it changes an earlier one.
    pub action: Action,
    /// The quoted words, where they are at hand.
    pub quote: String,
    /// Accession or URL.
    pub locator: String,
}

/// What an announcement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Says what to expect.
    Guide,
    /// Expects more than was said before.
    Raise,
    /// Expects less than was said before.
    Lower,
    /// Says the same again.
    Reiterate,
    /// Changes what was said out of turn, as a pre-announcement within the period does.
    Revise,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 5] =
        [Self::Guide, Self::Raise, Self::Lower, Self::Reiterate, Self::Revise];

    /// The word written in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Guide => "guide",
            Self::Raise => "raise",
            Self::Lower => "lower",
            Self::Reiterate => "reiterate",
            Self::Revise => "revise",
        }
    }

    /// What a word does to the one before about the same figure and period, by their middles.
    pub fn between(before: f64, now: f64) -> Self {
        match now.total_cmp(&before) {
            std::cmp::Ordering::Greater => Self::Raise,
            std::cmp::Ordering::Less => Self::Lower,
            std::cmp::Ordering::Equal => Self::Reiterate,
        }
    }

    /// Whether it speaks of a period that was spoken of before.
    pub fn is_later_word(self) -> bool {
        self != Self::Guide
    }
}

impl FromStr for Action {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|action| action.word() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::word).join(", ");
            Error::invalid(format!("action `{text}` is not known"))
                .hint(format!("use one of {known}"))
        })
    }
}

impl Announcement {
    /// Refuses a range that is none.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the ends are finite and `low ≤ mid ≤ high`.
    pub fn check(&self) -> Result<()> {
        let Self { low, mid, high, .. } = *self;
        if low.is_finite() && high.is_finite() && low <= mid && mid <= high {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "`{}.{}` {}: found low {low}, mid {mid}, high {high}, needed is low <= mid <= high",
            self.company, self.metric, self.period
        )))
    }

    /// Whether two announcements say the same on the same day, whatever words they quote.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let key = |a: &Self| (a.company.clone(), a.published, a.metric.clone(), a.unit);
        let bits = |a: &Self| [a.low, a.mid, a.high].map(f64::to_bits);
        key(self) == key(other)
            && bits(self) == bits(other)
            && (self.period == other.period || self.period.is_nearly(other.period))
    }

    /// The announcement as dated series: `nvda.guidance.revenue.low`, `.mid` and `.high`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if company and metric make no series id.
    pub fn observations(&self, retrieved_at: NaiveDate) -> Result<[Observation; 3]> {
        let row = |end: &str, value: f64| -> Result<Observation> {
            Ok(Observation {
                series: SeriesId::new(&format!(
                    "{}.{GUIDANCE}.{}.{end}",
                    self.company, self.metric
                ))?,
                period: self.period,
                value,
                unit: self.unit,
                vintage: self.published,
                vintage_basis: VintageBasis::PressRelease,
                source: "company guidance".to_owned(),
                locator: self.locator.clone(),
                retrieved_at,
            })
        };
        Ok([row("low", self.low)?, row("mid", self.mid)?, row("high", self.high)?])
    }
}

/// The second part of the ids of series made of announcements; only these speak of periods to come.
const GUIDANCE: &str = "guidance";

impl Observation {
    /// Refuses a value that no model could use.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the value is not finite, or if it would have been public before its
    /// period began.
    pub fn check(&self) -> Result<()> {
        if !self.value.is_finite() {
            return Err(Error::invalid(format!(
                "{:?} {}: value {} is not a finite number",
                self.series, self.period, self.value
            )));
        }
        let is_guidance = self.series.metric().split('.').next() == Some(GUIDANCE);
        if self.vintage < self.period.start() && !is_guidance {
            return Err(Error::invalid(format!(
                "{:?} {}: vintage {} lies before the period starts",
                self.series, self.period, self.vintage
            ))
            .hint("`vintage` is the day on which the value became public"));
        }
        Ok(())
    }
}

/// A checked table of observations, sorted by series, period and vintage.
#[derive(Debug, Clone)]
pub struct Observations(DataFrame);

/// The columns of a table of observations.
pub fn schema() -> Schema {
    let date = DataType::Date;
    [
        ("series", DataType::String),
        ("period_start", date.clone()),
        ("period_end", date.clone()),
        ("value", DataType::Float64),
        ("unit", DataType::String),
        ("vintage", date.clone()),
        ("vintage_basis", DataType::String),
        ("source", DataType::String),
        ("locator", DataType::String),
        ("retrieved_at", date),
    ]
    .into_iter()
    .map(|(name, dtype)| Field::new(name.into(), dtype))
    .collect()
}

impl Observations {
    /// Checks and sorts rows into a table.
    ///
    /// # Errors
    /// As [`Observation::check`].
    pub fn from_rows(mut rows: Vec<Observation>) -> Result<Self> {
        for row in &rows {
            row.check()?;
        }
        rows.sort_by(|a, b| {
            (&a.series, a.period.end(), a.period.start(), a.vintage).cmp(&(
                &b.series,
                b.period.end(),
                b.period.start(),
                b.vintage,
            ))
        });
        let text = |name: &str, f: &dyn Fn(&Observation) -> String| {
            Column::new(name.into(), rows.iter().map(f).collect::<Vec<_>>())
        };
        let date = |name: &str, f: &dyn Fn(&Observation) -> NaiveDate| {
            Int32Chunked::from_vec(name.into(), rows.iter().map(|row| days(f(row))).collect())
                .into_date()
                .into_column()
        };
        let value: Vec<f64> = rows.iter().map(|row| row.value).collect();
        let frame = DataFrame::new(
            rows.len(),
            vec![
                text("series", &|row| row.series.to_string()),
                date("period_start", &|row| row.period.start()),
                date("period_end", &|row| row.period.end()),
                Column::new("value".into(), value),
                text("unit", &|row| row.unit.to_string()),
                date("vintage", &|row| row.vintage),
                text("vintage_basis", &|row| row.vintage_basis.to_string()),
                text("source", &|row| row.source.clone()),
                text("locator", &|row| row.locator.clone()),
                date("retrieved_at", &|row| row.retrieved_at),
            ],
        )?;
        Ok(Self(frame))
    }

    /// Accepts a table that was written from [`Observations`] before.
    ///
    /// # Errors
    /// [`Error::Store`] if its columns are not those of [`schema`].
    pub fn from_frame(frame: DataFrame) -> Result<Self> {
        let (found, needed) = (frame.schema().as_ref().clone(), schema());
        if found != needed {
            return Err(Error::store(format!(
                "a segment has columns {:?}; needed {:?}",
                found.iter_names().collect::<Vec<_>>(),
                needed.iter_names().collect::<Vec<_>>()
            )));
        }
        Ok(Self(frame))
    }

    /// The table.
    pub fn frame(&self) -> &DataFrame {
        &self.0
    }

    /// Hash of what the rows say, whatever file they come from.
    ///
    /// # Errors
    /// [`Error::Store`] if a row holds nulls.
    pub fn digest(&self) -> Result<blake3::Hash> {
        let frame = &self.0;
        let text = frame.column("series")?.str()?;
        let dates = |name: &str| Ok::<_, Error>(frame.column(name)?.date()?.phys.cont_slice()?);
        let (start, end) = (dates("period_start")?, dates("period_end")?);
        let vintage = dates("vintage")?;
        let value = frame.column("value")?.f64()?.cont_slice()?;
        let mut hasher = blake3::Hasher::new();
        for (row_idx, series) in text.iter().enumerate() {
            let series = series.ok_or_else(|| null_cell("series", row_idx))?;
            hasher.update(series.as_bytes());
            for date in [start[row_idx], end[row_idx], vintage[row_idx]] {
                hasher.update(&date.to_le_bytes());
            }
            hasher.update(&value[row_idx].to_le_bytes());
        }
        Ok(hasher.finalize())
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.0.height()
    }

    /// Row `row_idx` as a record.
    ///
    /// # Errors
    /// [`Error::Store`] if the row holds nulls or words that no version wrote.
    pub fn row(&self, row_idx: usize) -> Result<Observation> {
        let text = |name: &str| -> Result<&str> {
            self.0.column(name)?.str()?.get(row_idx).ok_or_else(|| null_cell(name, row_idx))
        };
        let date = |name: &str| -> Result<NaiveDate> {
            let day = self.0.column(name)?.date()?.phys.get(row_idx);
            day.and_then(from_days).ok_or_else(|| null_cell(name, row_idx))
        };
        let value = self.0.column("value")?.f64()?.get(row_idx);
        Ok(Observation {
            series: SeriesId::new(text("series")?)?,
            period: Period::new(date("period_start")?, date("period_end")?)?,
            value: value.ok_or_else(|| null_cell("value", row_idx))?,
            unit: text("unit")?.parse()?,
            vintage: date("vintage")?,
            vintage_basis: text("vintage_basis")?.parse()?,
            source: text("source")?.to_owned(),
            locator: text("locator")?.to_owned(),
            retrieved_at: date("retrieved_at")?,
        })
    }
}

fn null_cell(column: &str, row_idx: usize) -> Error {
    Error::store(format!("row {row_idx} of a segment has no `{column}`"))
}

/// Days since 1970-01-01, the form in which tables hold dates.
pub fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - UNIX_EPOCH_FROM_CE
}

/// The date of a number of days since 1970-01-01.
pub fn from_days(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(UNIX_EPOCH_FROM_CE)?)
}

/// 1970-01-01 as a day of the common era.
const UNIX_EPOCH_FROM_CE: i32 = 719_163;
