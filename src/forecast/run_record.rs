//! The record of a run, `run.json` beside its reports: what it said, of what data, by which method.
//!
//! May use the core files, `news`, `spec` and the forecast types. Holds no path and no clock: the
//! same run writes the same bytes. A refused median stands under `withheld_median`, so that nobody
//! takes it for an answer.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Forecast;
use super::news::events::Scope;
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::period::Period;
use crate::units::Unit;

/// Version of the record's form.
pub const SCHEMA_VERSION: u32 = 1;
/// The file's name in the run's folder.
pub const FILE_NAME: &str = "run.json";

/// The name of what was computed from what: version, data, day and seed.
pub fn run_id(known: &Snapshot, seed: u64) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let key = format!("{version} {} {} {seed}", known.digest(), known.as_of());
    blake3::hash(key.as_bytes()).to_hex()[..12].to_owned()
}

/// Everything that a run said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of this form.
    pub schema_version: u32,
    /// The run.
    pub run_id: String,
    /// The day whose end it saw.
    pub as_of: NaiveDate,
    /// Seed of its draws.
    pub seed: u64,
    /// By which method.
    pub method: Method,
    /// Hash of the whole archive behind it.
    pub data_digest: String,
    /// One row a series and period.
    pub forecasts: Vec<RunRow>,
    /// What the spend buys, one row a company.
    pub purchases: Vec<Bought>,
}

/// The method of a run: program, constants of the engine, assumptions of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// Version of the program.
    pub code_version: String,
    /// Hash of `models/chipcast.toml`.
    pub spec_digest: String,
    /// Hash of `models/assumptions.toml`.
    pub assumptions_digest: String,
}

/// What a run said of one period of one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// The series.
    pub series: String,
    /// Its unit.
    pub unit: String,
    /// The model asked.
    pub model: String,
    /// The model that answered.
    pub model_used: String,
    /// Periods ahead.
    pub horizon: usize,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// Last day of the period.
    pub period_end: NaiveDate,
    /// The median; none where it is refused.
    pub median: Option<f64>,
    /// Lower end of the 80% interval.
    pub lower_80: Option<f64>,
    /// Upper end of the 80% interval.
    pub upper_80: Option<f64>,
    /// The median that was withheld.
    pub withheld_median: Option<f64>,
    /// Grade of this horizon.
    pub grade: String,
    /// Code of the refusal, if it is refused.
    pub refusal: Option<String>,
    /// Hash of the public rows of the series' panel.
    pub data_digest: String,
}

/// What a company's next quarter of spend buys, and what its fleet then is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bought {
    /// The company.
    pub company: String,
    /// Last day of the quarter.
    pub target_end_date: NaiveDate,
    /// Median of the chips bought in it.
    pub purchases_h100e: f64,
    /// Lower end of the 80% interval.
    pub lower_80: f64,
    /// Upper end of the 80% interval.
    pub upper_80: f64,
    /// The day of what follows.
    pub fleet_date: NaiveDate,
    /// Median of the chips installed, where an installed base is known.
    pub installed_h100e: Option<f64>,
    /// Median of the largest training run, likewise.
    pub largest_run_flop: Option<f64>,
    /// Median of the capability that it buys, likewise.
    pub capability_eci: Option<f64>,
}

impl Method {
    /// The method of this program.
    pub fn current() -> Self {
        let digest = |text: &str| blake3::hash(text.as_bytes()).to_hex()[..16].to_owned();
        Self {
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            spec_digest: digest(include_str!("../../models/chipcast.toml")),
            assumptions_digest: digest(include_str!("../../models/assumptions.toml")),
        }
    }
}

impl RunRow {
    /// The rows of a forecast, nearest period first.
    ///
    /// # Errors
    /// As [`Scope::panel`].
    pub fn of(forecast: &Forecast, known: &Snapshot) -> Result<Vec<Self>> {
        let data_digest = known.digest_of(&Scope::panel(known, &forecast.target)?.series)?;
        let row = |step: &super::Outlook| {
            let answered = step.refusal.is_none();
            let interval = step.quantiles.interval(0.8).filter(|_| answered);
            Self {
                series: forecast.target.to_string(),
                unit: forecast.unit.word().to_owned(),
                model: forecast.model.clone(),
                model_used: step.model_used.to_owned(),
                horizon: step.horizon,
                period_start: step.period.start(),
                period_end: step.period.end(),
                median: Some(step.median).filter(|_| answered),
                lower_80: interval.map(|ends| ends.0),
                upper_80: interval.map(|ends| ends.1),
                withheld_median: Some(step.median).filter(|_| !answered),
                grade: forecast.skill.grade_at(step.horizon).letter().to_owned(),
                refusal: step.refusal.as_ref().map(|refusal| refusal.code.word().to_owned()),
                data_digest: data_digest.clone(),
            }
        };
        Ok(forecast.steps.iter().map(row).collect())
    }

    /// The median, withheld or not.
    pub fn estimate(&self) -> Option<f64> {
        self.median.or(self.withheld_median).filter(|value| value.is_finite())
    }

    /// The period.
    ///
    /// # Errors
    /// As [`Period::new`].
    pub fn period(&self) -> Result<Period> {
        Period::new(self.period_start, self.period_end)
    }

    /// The unit.
    ///
    /// # Errors
    /// [`Error::Invalid`] on an unknown word.
    pub fn unit(&self) -> Result<Unit> {
        self.unit.parse()
    }
}

impl RunRecord {
    /// The record of what a run made from a snapshot, by this program's method.
    ///
    /// # Errors
    /// As [`RunRow::of`].
    pub fn of(
        known: &Snapshot,
        (run_id, seed): (&str, u64),
        forecasts: &[Forecast],
        purchases: Vec<Bought>,
    ) -> Result<Self> {
        let rows: Vec<_> = forecasts.iter().map(|f| RunRow::of(f, known)).collect::<Result<_>>()?;
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            run_id: run_id.to_owned(),
            as_of: known.as_of(),
            seed,
            method: Method::current(),
            data_digest: known.digest(),
            forecasts: rows.into_iter().flatten().collect(),
            purchases,
        })
    }

    /// The record as it is written.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be written as JSON.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|e| Error::store("the record of a run is no JSON").caused_by(e))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`Error::Parse`] on what is no record, or one of another form.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let record: Self = serde_json::from_slice(bytes).map_err(|e| {
            Error::parse(format!("this is not the record of a run: {e}"))
                .hint("`chipcast run` writes `run.json` beside its reports")
        })?;
        if record.schema_version != SCHEMA_VERSION {
            return Err(Error::parse(format!(
                "the record has schema_version {}; needed is {SCHEMA_VERSION}",
                record.schema_version
            )));
        }
        Ok(record)
    }
}
