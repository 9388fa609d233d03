//! `Forecast`: median, intervals and grade of each period, or a refusal; its skill, news and fan.
//!
//! May use `archive` and `rows`. A refused median is not shown: nobody can take it for an answer.

use std::sync::Arc;

use chipcast::error::{Error, Result};
use chipcast::forecast::news::news;
use chipcast::forecast::run_record::run_id;
use chipcast::forecast::{self, Outlook, engine};
use chipcast::report::{self, glance, html};
use chipcast::rows::forecast::{Asked, Told, check_coverage, rows};
use chipcast::rows::{Rows, news as news_rows, skill as skill_rows};
use chipcast::series::SeriesId;
use chrono::NaiveDate;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;

use crate::archive::{Held, PySnapshot};
use crate::errors::{detached, raise};
use crate::report::Svg;
use crate::rows::{Day, date, frame};

/// Adds what is here to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyForecast>()?;
    module.add_class::<PyOutlook>()?;
    module.add_class::<PyRefusal>()
}

/// Seed of what is drawn; rows of a forecast without sample paths read none.
const SEED: u64 = 0;

/// A forecast of one series from one day, with its measured trust.
///
/// The plain attributes are those of the next period; `forecast[1]` is the one after it. A refused
/// period has no median: `refusal` says why.
///
/// >>> from chipcast import Archive
/// >>> forecast = Archive.bundled().as_of("2026-09-01").forecast("nvda.revenue", h=2)
/// >>> forecast.unit, forecast.grade, forecast.refusal, len(forecast)
/// ('USD', 'A', None, 2)
/// >>> forecast[1].period_end
/// datetime.date(2027, 1, 31)
#[pyclass(frozen, name = "Forecast", module = "chipcast")]
pub(crate) struct PyForecast {
    held: Arc<Held>,
    made: Arc<forecast::Forecast>,
    run_id: String,
    levels: Arc<Vec<f64>>,
}

impl PyForecast {
    pub(crate) fn make(
        held: &Arc<Held>,
        series: &str,
        h: usize,
        levels: Vec<f64>,
        model: &str,
    ) -> Result<Self> {
        let coverage: Vec<f64> = levels.iter().map(|level| level / 100.0).collect();
        check_coverage(&coverage)
            .map_err(|e| e.hint("`level` is in per cent: 80 is a coverage of 0.8"))?;
        let (series, model) = (SeriesId::new(series)?, engine::model(model)?);
        let made = Arc::new(held.book(h)?.forecast(model, &series)?);
        let run_id = run_id(&held.known, SEED);
        Ok(Self { held: Arc::clone(held), made, run_id, levels: Arc::new(levels) })
    }

    fn rows(&self) -> Rows {
        let coverage: Vec<f64> = self.levels.iter().map(|level| level / 100.0).collect();
        let told = [Told::of(&self.held.known, &self.made)];
        let run_id = &self.run_id;
        let asked =
            Asked { coverage: &coverage, with_mean: false, n_samples: 0, run_id, seed: SEED };
        rows(&told, &asked)
    }

    fn outlook(&self, step_idx: usize) -> PyOutlook {
        PyOutlook { made: Arc::clone(&self.made), step_idx, levels: Arc::clone(&self.levels) }
    }

    /// The report of this forecast alone.
    fn report(&self) -> Result<report::Report> {
        glance::report(&self.held.known, &self.run_id, &self.made)
    }

    fn moved(&self, from: NaiveDate, by: Moved) -> Result<Rows> {
        let now = &self.held.known;
        if from > now.as_of() {
            return Err(Error::invalid(format!(
                "news from {from} to {} asked; the first day lies after the last",
                now.as_of()
            )));
        }
        let (then, horizon) = (now.rewind(from)?, self.made.steps.len());
        let model = engine::model(&self.made.model)?;
        let told = news(model, &then, now, &self.made.target, horizon)?;
        match by {
            Moved::ByEvent => {
                Ok(news_rows::rows(&told, &news_rows::refusals(now, &told, horizon)?))
            }
            Moved::ByPeriod => {
                Ok(news_rows::summary(&told, &news_rows::refusals(now, &told, horizon)?))
            }
        }
    }
}

/// What a row of news is about.
#[derive(Clone, Copy)]
enum Moved {
    ByEvent,
    ByPeriod,
}

/// An earlier day: a day itself, or a forecast or snapshot of it.
#[derive(FromPyObject)]
enum Earlier<'py> {
    #[pyo3(transparent)]
    Forecast(PyRef<'py, PyForecast>),
    #[pyo3(transparent)]
    Snapshot(PyRef<'py, PySnapshot>),
    #[pyo3(transparent)]
    Day(Day),
}

impl Earlier<'_> {
    /// The day, if it is one of the same archive.
    fn day(&self, held: &Held) -> Result<NaiveDate> {
        let other = match self {
            Self::Day(day) => return Ok(day.0),
            Self::Forecast(forecast) => &forecast.held.known,
            Self::Snapshot(snapshot) => &snapshot.0.known,
        };
        if other.digest() == held.known.digest() {
            return Ok(other.as_of());
        }
        Err(Error::invalid("the two forecasts stand on different archives")
            .hint("give the day alone; what is told is then of this forecast's archive"))
    }
}

#[pymethods]
impl PyForecast {
    /// The series forecast.
    #[getter]
    fn series(&self) -> &str {
        self.made.target.as_str()
    }

    /// Its unit.
    #[getter]
    fn unit(&self) -> &'static str {
        self.made.unit.word()
    }

    /// The day from which it is made.
    #[getter]
    fn origin<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        date(py, self.made.origin)
    }

    /// The model asked.
    #[getter]
    fn model(&self) -> &str {
        &self.made.model
    }

    /// The models that answered, nearest period first.
    #[getter]
    fn model_used(&self) -> &str {
        &self.made.model_used
    }

    /// Why they differ, if they do.
    #[getter]
    fn fallback_reason(&self) -> Option<&str> {
        self.made.fallback_reason.as_deref()
    }

    /// The last known value.
    #[getter]
    fn last_value(&self) -> f64 {
        self.made.last_value
    }

    /// The last horizon that is answered; 0 if none is.
    #[getter]
    fn horizon_cap(&self) -> usize {
        self.made.skill.horizon_cap
    }

    /// The rows that the command line prints, in the columns of the forecasting hubs and ours.
    #[getter]
    fn frame(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let rows = detached(py, || Ok(self.rows()))?;
        frame(py, &rows)
    }

    /// The median of the next period; None where it is refused.
    #[getter]
    fn median(&self) -> Option<f64> {
        self.outlook(0).median()
    }

    /// The ends of the first level's interval; None where they cannot be claimed.
    #[getter]
    fn interval(&self) -> Option<(f64, f64)> {
        self.outlook(0).interval(None)
    }

    /// How far it can be trusted: A to C, or D where it is refused.
    #[getter]
    fn grade(&self) -> &'static str {
        self.outlook(0).grade()
    }

    /// Why the next period is withheld, if it is.
    #[getter]
    fn refusal(&self) -> Option<PyRefusal> {
        self.outlook(0).refusal()
    }

    /// Measured skill by horizon: n, skill against the last value, its lower bound, grade and cap.
    ///
    /// >>> from chipcast import Archive
    /// >>> snapshot = Archive.bundled().as_of("2026-09-01")
    /// >>> len(snapshot.forecast("nvda.revenue").skill(h=4))
    /// 4
    #[pyo3(signature = (h=8))]
    fn skill(&self, py: Python<'_>, h: usize) -> PyResult<Py<PyAny>> {
        let rows = detached(py, || {
            let model = engine::model(&self.made.model)?;
            let forecast = self.held.book(h)?.forecast(model, &self.made.target)?;
            Ok(skill_rows::rows(&[(self.made.model.as_str(), forecast)]))
        })?;
        frame(py, &rows)
    }

    /// What moved it since an earlier day: one row an event, whose impacts add up to the change of each
    /// period's estimate.
    ///
    /// - `prev`: a day, or a forecast or snapshot of one.
    /// - `by`: `"event"`, or `"period"` for the five columns of the nowcasting literature.
    ///
    /// >>> from chipcast import Archive
    /// >>> forecast = Archive.bundled().as_of("2026-09-01").forecast("nvda.revenue")
    /// >>> len(forecast.news("2026-05-01", by="period"))
    /// 3
    #[pyo3(signature = (prev, by="event"))]
    fn news(&self, py: Python<'_>, prev: Earlier<'_>, by: &str) -> PyResult<Py<PyAny>> {
        let by = match by {
            "event" => Moved::ByEvent,
            "period" => Moved::ByPeriod,
            _ => {
                let wrong = format!("by `{by}`; needed is `event` or `period`");
                return Err(raise(Error::invalid(wrong)));
            }
        };
        let from = prev.day(&self.held).map_err(raise)?;
        let rows = detached(py, || self.moved(from, by))?;
        frame(py, &rows)
    }

    /// The fan: what was known, the forecast with its bands, and hatching where no claim is made.
    ///
    /// >>> from chipcast import Archive
    /// >>> fan = Archive.bundled().as_of("2026-09-01").forecast("nvda.revenue", h=4).plot()
    /// >>> fan.svg[:4]
    /// '<svg'
    fn plot(&self, py: Python<'_>) -> PyResult<Svg> {
        let svg = detached(py, || glance::fan(&self.held.known, &self.run_id, &self.made))?;
        Ok(Svg { svg })
    }

    fn __len__(&self) -> usize {
        self.made.steps.len()
    }

    fn __getitem__(&self, idx: isize) -> PyResult<PyOutlook> {
        let n = self.made.steps.len();
        let at = if idx < 0 { idx.checked_add_unsigned(n) } else { Some(idx) };
        let at = at.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < n);
        at.map(|at| self.outlook(at)).ok_or_else(|| {
            PyIndexError::new_err(format!("period {idx} asked of a forecast of {n}"))
        })
    }

    fn __repr__(&self) -> String {
        let Self { made, .. } = self;
        format!("Forecast({}, origin={}, {})", made.target, made.origin, self.outlook(0).said())
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || html::body(&self.report()?))
    }
}

/// What a forecast says of one period.
#[pyclass(frozen, name = "Outlook", module = "chipcast")]
pub(crate) struct PyOutlook {
    made: Arc<forecast::Forecast>,
    step_idx: usize,
    levels: Arc<Vec<f64>>,
}

impl PyOutlook {
    fn step(&self) -> &Outlook {
        &self.made.steps[self.step_idx]
    }

    fn said(&self) -> String {
        match (self.median(), self.interval(None), self.refusal()) {
            (_, _, Some(refusal)) => format!("refused: {}", refusal.reason),
            (Some(median), Some((low, high)), _) => {
                let level = self.levels.first().copied().unwrap_or_default();
                format!(
                    "median={median:.6e}, {level}%=[{low:.6e}, {high:.6e}], grade={}",
                    self.grade()
                )
            }
            (Some(median), None, _) => format!("median={median:.6e}, grade={}", self.grade()),
            (None, ..) => "no answer".to_owned(),
        }
    }
}

#[pymethods]
impl PyOutlook {
    /// Periods ahead; 1 is the first without a value at the origin.
    #[getter]
    fn horizon(&self) -> usize {
        self.step().horizon
    }

    /// First day of the period.
    #[getter]
    fn period_start<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        date(py, self.step().period.start())
    }

    /// Last day of the period.
    #[getter]
    fn period_end<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        date(py, self.step().period.end())
    }

    /// The median; None where it is refused.
    #[getter]
    fn median(&self) -> Option<f64> {
        Some(self.step().median).filter(|_| self.step().refusal.is_none())
    }

    /// The ends of a central interval: of the first level asked, or of another, in per cent; None where
    /// they cannot be claimed.
    #[pyo3(signature = (level=None))]
    fn interval(&self, level: Option<f64>) -> Option<(f64, f64)> {
        let step = self.step();
        let coverage = level.or(self.levels.first().copied())? / 100.0;
        let may = step.refusal.is_none() && step.too_high(coverage).is_none();
        step.quantiles.interval(coverage).filter(|_| may)
    }

    /// How far it can be trusted.
    #[getter]
    fn grade(&self) -> &'static str {
        self.made.skill.grade_at(self.step().horizon).letter()
    }

    /// The model that made it.
    #[getter]
    fn model_used(&self) -> &'static str {
        self.step().model_used
    }

    /// Why it is withheld, if it is.
    #[getter]
    fn refusal(&self) -> Option<PyRefusal> {
        self.step().refusal.as_ref().map(|refusal| PyRefusal {
            reason: refusal.code.word(),
            measured: refusal.measured.clone(),
            needs: refusal.would_answer.clone(),
        })
    }

    fn __repr__(&self) -> String {
        let step = self.step();
        format!("Outlook(horizon={}, to {}, {})", step.horizon, step.period.end(), self.said())
    }
}

/// Why an answer is withheld: an answer, not an error.
///
/// >>> from chipcast import Archive
/// >>> forecast = Archive.bundled().as_of("2026-09-01").forecast("nvda.revenue", h=20)
/// >>> forecast[19].refusal.reason
/// 'beyond_horizon'
#[pyclass(frozen, get_all, name = "Refusal", module = "chipcast")]
pub(crate) struct PyRefusal {
    /// What kind: `no_skill`, `short_record`, `beyond_horizon`.
    reason: &'static str,
    /// What was measured.
    measured: String,
    /// What would make it answerable.
    needs: String,
}

#[pymethods]
impl PyRefusal {
    fn __repr__(&self) -> String {
        format!("Refusal({}: {}; it would take {})", self.reason, self.measured, self.needs)
    }
}
