//! The rows of the ledger, as they are kept.
//!
//! May use the core files and `forecast`'s own. A refused forecast claims no number; its median stands
//! aside, for audit.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::{Forecast, Outlook, guidance, method};

/// The quantile levels that are kept, where they can be claimed.
pub const LEVELS: [f64; 7] = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975];

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Row {
    /// The first row: the form of those that follow.
    Genesis {
        /// Version of the form.
        schema_version: u32,
    },
    /// A forecast of one period.
    Forecast(Box<Said>),
    /// What came.
    Resolution(Resolution),
    /// The method changed while the target was open.
    MethodChange(MethodChange),
}

/// How a forecast came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Made before what came was public.
    Live,
    /// Made as of an earlier day of an archive that knew more, or when what came was public already
    /// and not yet in the archive: pseudo real time.
    Replayed,
    /// A row of a backtest; never kept: pseudo real time.
    Backtest,
}

impl Basis {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replayed => "replayed",
            Self::Backtest => "backtest",
        }
    }

    /// What people should read it as.
    pub fn label(self) -> &'static str {
        match self {
            Self::Live => "made before the value was known",
            Self::Replayed => "pseudo real time: replayed from an earlier day",
            Self::Backtest => "pseudo real time: backtest",
        }
    }
}

/// What was said of one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The run that said it.
    pub run_id: String,
    /// Hash of the archive that it was said from.
    pub data: String,
    /// How it came about, as far as was known then; [`super::Entry::basis`] knows more.
    pub basis: Basis,
    /// The day from which it was made.
    pub origin_date: NaiveDate,
    /// The day on which it was made.
    pub made_on: NaiveDate,
    /// Which series.
    pub series: String,
    /// Unit of every value.
    pub unit: String,
    /// Periods ahead.
    pub horizon: usize,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// Last day of the period.
    pub period_end: NaiveDate,
    /// The model asked.
    pub model_id: String,
    /// The model that answered.
    pub model_used: String,
    /// What made it: [`method::version`].
    pub method_version: String,
    /// The median; none where it was refused.
    pub median: Option<f64>,
    /// Quantile levels that could be claimed, with their values.
    pub quantiles: Vec<(f64, f64)>,
    /// The last value known: the naive forecast.
    pub naive: f64,
    /// Middle of the company's open guide of the period.
    pub guide: Option<f64>,
    /// Grade of the horizon.
    pub grade: String,
    /// Code of the refusal.
    pub refusal: Option<String>,
    /// The median that a refusal withheld.
    pub withheld: Option<f64>,
}

/// What came of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// Which series.
    pub series: String,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// Last day of the period.
    pub period_end: NaiveDate,
    /// The first public value.
    pub actual: f64,
    /// The day from which on it was public.
    pub vintage: NaiveDate,
    /// Its source and what finds it there.
    pub locator: String,
    /// Which value counts: always the first release.
    pub truth: String,
}

/// A change of the method while a target was open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MethodChange {
    /// Which series.
    pub series: String,
    /// First day of the period.
    pub period_start: NaiveDate,
    /// Last day of the period.
    pub period_end: NaiveDate,
    /// The version before.
    pub from: String,
    /// The version from here on.
    pub to: String,
    /// What differs.
    pub reason: String,
}

/// A target: a series and the first and last day of a period.
pub(super) type Target = (String, NaiveDate, NaiveDate);

impl Said {
    /// What a forecast says of each of its periods; `made` is how and on which day.
    pub fn of(
        forecast: &Forecast,
        known: &Snapshot,
        run_id: &str,
        made: (Basis, NaiveDate),
    ) -> Vec<Self> {
        let data = known.digest();
        forecast
            .steps
            .iter()
            .map(|step| said(forecast, step, known, (run_id, &data, made)))
            .collect()
    }

    /// The value at a quantile level, if it was claimed.
    pub fn quantile(&self, level: f64) -> Option<f64> {
        self.quantiles.iter().find(|(held, _)| *held == level).map(|(_, value)| *value)
    }

    pub(super) fn target(&self) -> Target {
        (self.series.clone(), self.period_start, self.period_end)
    }

    /// What makes two rows the same: day, data, method, target, horizon and model.
    pub(super) fn key(&self) -> (NaiveDate, String, String, Target, usize, String) {
        let Self { origin_date, data, method_version, horizon, model_id, .. } = self;
        let (data, method, model) = (data.clone(), method_version.clone(), model_id.clone());
        (*origin_date, data, method, self.target(), *horizon, model)
    }
}

fn said(
    forecast: &Forecast,
    step: &Outlook,
    known: &Snapshot,
    (run_id, data, (basis, made_on)): (&str, &str, (Basis, NaiveDate)),
) -> Said {
    let is_refused = step.refusal.is_some();
    let guide = guidance::open_guide(known, &forecast.target, step.period);
    Said {
        run_id: run_id.to_owned(),
        data: data[..16].to_owned(),
        basis,
        origin_date: forecast.origin,
        made_on,
        series: forecast.target.to_string(),
        unit: forecast.unit.word().to_owned(),
        horizon: step.horizon,
        period_start: step.period.start(),
        period_end: step.period.end(),
        model_id: forecast.model.clone(),
        model_used: step.model_used.to_owned(),
        method_version: method::version().to_owned(),
        median: Some(step.median).filter(|_| !is_refused),
        quantiles: if is_refused { Vec::new() } else { step.quantiles.claimable(&LEVELS) },
        naive: forecast.last_value,
        guide: guide.filter(|a| a.unit == forecast.unit).map(|a| a.mid),
        grade: forecast.skill.grade_at(step.horizon).letter().to_owned(),
        refusal: step.refusal.as_ref().map(|refusal| refusal.code.word().to_owned()),
        withheld: Some(step.median).filter(|_| is_refused),
    }
}

impl Row {
    /// The row as it is kept.
    ///
    /// # Errors
    /// [`Error::Store`] if it has no JSON form.
    pub fn text(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|e| Error::store("a row of the ledger cannot be written").caused_by(e))
    }
}

impl Resolution {
    pub(super) fn target(&self) -> Target {
        (self.series.clone(), self.period_start, self.period_end)
    }
}

impl MethodChange {
    pub(super) fn of(said: &Said, from: String) -> Self {
        let to = said.method_version.clone();
        let reason = method::difference(&from, &to);
        let (series, period_start, period_end) = said.target();
        Self { series, period_start, period_end, from, to, reason }
    }

    pub(super) fn target(&self) -> Target {
        (self.series.clone(), self.period_start, self.period_end)
    }
}
