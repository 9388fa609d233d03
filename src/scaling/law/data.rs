//! The rows that laws are fitted to: models with their training compute, date and score.
//!
//! May use the core files. Bundled tables only; never drops a row silently: a caller asks for rows
//! with compute, or for all.

use chrono::{Datelike, NaiveDate};

use super::Scale;
use crate::cells::Cells;
use crate::error::{Error, Result};
use crate::units::Flop;

/// Days in a year (definition).
const DAYS_PER_YEAR: f64 = 365.25;
/// The mark of a model that led when it was released.
const LED: &str = "state of the art at release";

/// A model's score on one scale.
#[derive(Debug, Clone, PartialEq)]
pub struct CapabilityRow {
    /// Name of the model.
    pub model: String,
    /// Who trained it.
    pub organization: String,
    /// Day of release.
    pub released: NaiveDate,
    /// Training compute, where it is known.
    pub compute: Option<Flop>,
    /// The score, in the scale's unit.
    pub score: f64,
    /// What the table says besides.
    pub note: String,
    /// Where the row comes from.
    pub source: String,
}

impl CapabilityRow {
    /// Whether the model led its scale when it was released, as the table says.
    pub fn led(&self) -> bool {
        self.note.contains(LED)
    }
}

/// The bundled rows of a scale, in the order of release.
///
/// # Errors
/// [`Error::Parse`] if the bundled table is broken; [`Error::NotFound`] for the scale `loss`, which
/// has no table of models.
pub fn rows(scale: Scale) -> Result<Vec<CapabilityRow>> {
    let (name, text) = match scale {
        Scale::Eci => {
            ("datasets/capability/eci.csv", include_str!("../../../datasets/capability/eci.csv"))
        }
        Scale::Mmlu => {
            ("datasets/capability/mmlu.csv", include_str!("../../../datasets/capability/mmlu.csv"))
        }
        Scale::Gpqa => {
            ("datasets/capability/gpqa.csv", include_str!("../../../datasets/capability/gpqa.csv"))
        }
        Scale::TimeHorizon => {
            ("datasets/capability/metr.csv", include_str!("../../../datasets/capability/metr.csv"))
        }
        Scale::Loss => {
            return Err(Error::not_found("scale `loss` has no table of models").hint(
                "losses come from a Chinchilla law; ask for `eci`, `mmlu`, `gpqa` or `time_horizon`",
            ));
        }
    };
    let table = Cells::csv(name, text)?;
    let rows = table.rows().map(|row| {
        Ok(CapabilityRow {
            model: row.text("model")?.to_owned(),
            organization: row.text("organization")?.to_owned(),
            released: row.date("date")?,
            compute: row.number_if_any("training_compute_flop")?.map(Flop),
            score: row.number("score")?,
            note: row.text("note")?.to_owned(),
            source: row.text("source")?.to_owned(),
        })
    });
    rows.collect()
}

/// A date as a decimal year: `year + (day of year − 1) / 365.25`.
pub fn decimal_year(date: NaiveDate) -> f64 {
    f64::from(date.year()) + f64::from(date.ordinal0()) / DAYS_PER_YEAR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_their_rows() {
        let eci = rows(Scale::Eci).expect("bundled");
        assert_eq!(eci.len(), 80);
        let cut = NaiveDate::from_ymd_opt(2023, 12, 31).expect("a date");
        assert_eq!(eci.iter().filter(|row| row.released <= cut).count(), 31);
        assert_eq!(rows(Scale::Mmlu).expect("bundled").len(), 64);
        assert_eq!(rows(Scale::Gpqa).expect("bundled").len(), 40);
        let horizons = rows(Scale::TimeHorizon).expect("bundled");
        assert_eq!(horizons.len(), 24);
        assert!(horizons.iter().filter(|row| row.compute.is_some()).count() >= 6);
    }

    #[test]
    fn the_third_of_january_2023() {
        let day = NaiveDate::from_ymd_opt(2023, 1, 3).expect("a date");
        assert!((decimal_year(day) - (2023.0 + 2.0 / 365.25)).abs() < 1e-12);
    }
}
