//! Where the values of one payload come from: what all its observations say alike.
//!
//! May use the core files. Never reads the clock.

use chrono::NaiveDate;

use super::{Raw, SetAside};
use crate::error::Result;
use crate::observation::{Observation, VintageBasis};
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::Unit;

/// Source, unit, vintage and day of reading, shared by the values of a payload.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The source in words.
    pub(super) source: String,
    /// The unit of the values.
    pub(super) unit: Unit,
    /// The first day on which the public could know them.
    pub(super) vintage: NaiveDate,
    /// How that day is known.
    pub(super) basis: VintageBasis,
    /// The day on which they were read.
    pub(super) retrieved_at: NaiveDate,
}

impl Origin {
    /// Values that became public on a day that the user stated, or else count from the day on which
    /// they were read.
    pub(super) fn stated_or_retrieved(
        source: impl Into<String>,
        unit: Unit,
        stated: Option<NaiveDate>,
        raw: &Raw,
    ) -> Self {
        Self {
            source: source.into(),
            unit,
            vintage: stated.unwrap_or(raw.retrieved_at),
            basis: stated.map_or(VintageBasis::Retrieved, |_| VintageBasis::Publication),
            retrieved_at: raw.retrieved_at,
        }
    }

    /// The same with another unit.
    pub(super) fn in_unit(&self, unit: Unit) -> Self {
        Self { unit, ..self.clone() }
    }

    /// The same, with more said about the source.
    pub(super) fn noting(&self, note: &str) -> Self {
        Self { source: format!("{}; {note}", self.source), ..self.clone() }
    }

    /// A value, or the reason why it cannot be one.
    pub(super) fn row(
        &self,
        series: &str,
        period: Period,
        value: f64,
        locator: impl Into<String>,
    ) -> Result<Observation> {
        let row = Observation {
            series: SeriesId::new(series)?,
            period,
            value,
            unit: self.unit,
            vintage: self.vintage,
            vintage_basis: self.basis,
            source: self.source.clone(),
            locator: locator.into(),
            retrieved_at: self.retrieved_at,
        };
        row.check()?;
        Ok(row)
    }
}

/// Something that is not used, with its reason.
pub(super) fn aside(
    series: impl Into<String>,
    period: Option<Period>,
    locator: impl Into<String>,
    reason: impl Into<String>,
) -> SetAside {
    SetAside { series: series.into(), period, locator: locator.into(), reason: reason.into() }
}

/// A word as a part of a series id: lower case, everything else an underscore.
pub(super) fn slug(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("_")
}
