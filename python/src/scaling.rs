//! From purchases to capability and back: `scale`, `scenario`, `required_purchase`, `multiple`.
//!
//! May use `archive` and `rows`. Draws in the same worlds as the command line with the same seed.
#![expect(clippy::doc_link_with_quotes, reason = "the examples are Python")]

use std::path::PathBuf;
use std::sync::Arc;

use chipcast::draws::Draws;
use chipcast::error::{Error, Result};
use chipcast::forecast::Forecast;
use chipcast::forecast::engine::Chipcast;
use chipcast::report::buyers::spend_series;
use chipcast::report::machines::{Machines, machines};
use chipcast::report::require::{Question, answer};
use chipcast::report::stress::{Bench, MAX_BYTES, named, of_file};
use chipcast::rows::{Rows, require, scale as rows};
use chipcast::scaling::scenario::Scenario;
use chipcast::store;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::Value;

use crate::archive::{Held, PySnapshot, given};
use crate::errors::detached;
use crate::rows::{Day, date, frame, table, value};

/// Adds what is here to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyChain>()?;
    module.add_class::<PyRequirement>()?;
    module.add_function(wrap_pyfunction!(scale, module)?)?;
    module.add_function(wrap_pyfunction!(scenario, module)?)?;
    module.add_function(wrap_pyfunction!(required_purchase, module)?)?;
    module.add_function(wrap_pyfunction!(multiple, module)?)
}

/// The forecast of the spend that buys a company's machines.
fn spend(held: &Held, company: &str, h: usize) -> Result<Forecast> {
    held.book(h)?.forecast(&Chipcast, &spend_series(&held.known, company)?)
}

/// What a company's forecast spend buys, step by step, from dollars to capability.
///
/// - `snapshot`: what is known; the bundled data as of their last day where none is given.
/// - `h`: quarters of forecast spend that go in. `seed`: of the draws.
///
/// Raises `NotFoundError` for a company without a series of spend.
///
/// >>> import chipcast
/// >>> chain = chipcast.scale("msft")
/// >>> chain.company, chain.capability["unit"]
/// ('msft', 'index')
#[pyfunction]
#[pyo3(signature = (company, snapshot=None, *, h=4, seed=0))]
fn scale(
    py: Python<'_>,
    company: &str,
    snapshot: Option<PyRef<'_, PySnapshot>>,
    h: usize,
    seed: u64,
) -> PyResult<PyChain> {
    let held = given(py, snapshot)?;
    let found =
        detached(py, || machines(&held.known, &spend(&held, company, h)?, &*held.workshop(seed)?))?;
    Ok(PyChain(Arc::new(found)))
}

/// From a company's purchases to the capability that they buy, every step with its source.
///
/// >>> import chipcast
/// >>> chain = chipcast.scale("meta")
/// >>> chain.capability["p05"] < chain.capability["p50"] < chain.capability["p95"]
/// True
/// >>> len(chain.draws())
/// 10000
#[pyclass(frozen, name = "Chain", module = "chipcast")]
pub(crate) struct PyChain(Arc<Machines>);

#[pymethods]
impl PyChain {
    /// The company.
    #[getter]
    fn company(&self) -> &str {
        &self.0.chain.company
    }

    /// The day on which the fleet is counted.
    #[getter]
    fn date<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        date(py, self.0.chain.date)
    }

    /// Every step: kind, expression, unit, 5%, 50% and 95% quantile, source.
    #[getter]
    fn frame(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        frame(py, &rows::steps(&self.0.chain))
    }

    /// What its largest training run buys: `p05`, `p50`, `p95` and `unit`.
    #[getter]
    fn capability<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let capability = &self.0.chain.capability;
        let summary = PyDict::new(py);
        for (name, value) in ["p05", "p50", "p95"].iter().zip(rows::three(&capability.draws)) {
            summary.set_item(name, value)?;
        }
        summary.set_item("unit", capability.scale.unit())?;
        Ok(summary)
    }

    /// The capability in each world, in the order of the worlds.
    ///
    /// >>> import chipcast
    /// >>> min(chipcast.scale("msft").draws()) > 0
    /// True
    fn draws(&self) -> Vec<f64> {
        values(&self.0.chain.capability.draws)
    }

    /// Whether the law speaks outside the models to which it was fitted.
    #[getter]
    fn extrapolated(&self) -> bool {
        self.0.chain.capability.extrapolated
    }

    /// What a reader must know: carried prices, limits, extrapolation.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.chain.warnings.clone()
    }

    /// What its largest run is like, told by known models.
    #[getter]
    fn likeness<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let rows = rows::machines(&self.0);
        value(py, rows.extra().get("likeness").unwrap_or(&Value::Null))
    }

    /// Quarters of forecast spend that went in; 0 where every one is refused.
    #[getter]
    fn n_forecast(&self) -> usize {
        self.0.n_forecast
    }

    fn __repr__(&self) -> String {
        let chain = &self.0.chain;
        let [low, median, high] = rows::three(&chain.capability.draws);
        let unit = chain.capability.scale.unit();
        format!(
            "Chain({}, fleet of {}, capability {median:.1} [{low:.1} to {high:.1}] {unit})",
            chain.company, chain.date
        )
    }

    fn _repr_html_(&self) -> String {
        let chain = &self.0.chain;
        let shown = |value, unit: &str| chipcast::report::format::shown_value(value, unit);
        let line = |step: &chipcast::scaling::chain::Step| {
            let [median, low, high] = [step.p50, step.p05, step.p95].map(|v| shown(v, &step.unit));
            let (kind, unit) = (step.kind.word().to_owned(), step.unit.clone());
            vec![step.name.clone(), median, low, high, unit, kind, step.expression.clone()]
        };
        let lines: Vec<_> = chain.steps.iter().map(line).collect();
        let header = ["step", "median", "5%", "95%", "unit", "kind", "how"];
        let caption = format!("{}, fleet of {}", chain.company, chain.date);
        table(&caption, &header, &lines)
    }
}

fn values<T: Copy + Into<f64>>(draws: &Draws<T>) -> Vec<f64> {
    draws.values().iter().map(|value| (*value).into()).collect()
}

/// What other spend or other assumptions change, world by world.
///
/// - `given`: the name of a scenario that comes with the package (`accelerate`, `cut`, ...), the path of
///   a file, or the text of one (docs/scenarios.md describes its form).
/// - Returns one row a quantity: baseline, scenario, and the difference in each world.
///
/// >>> import chipcast
/// >>> len(chipcast.scenario("msft", "cut"))
/// 5
/// >>> frame = chipcast.scenario("msft", 'title = "half"\nspend_factor = 0.5')
#[pyfunction]
#[pyo3(name = "scenario", signature = (company, given, snapshot=None, *, h=4, seed=0))]
fn scenario(
    py: Python<'_>,
    company: &str,
    given: &Bound<'_, PyAny>,
    snapshot: Option<PyRef<'_, PySnapshot>>,
    h: usize,
    seed: u64,
) -> PyResult<Py<PyAny>> {
    let held = self::given(py, snapshot)?;
    let asked = Asked::read(given)?;
    let rows = detached(py, || {
        let scenario = asked.scenario()?;
        let (forecast, workshop) = (spend(&held, company, h)?, held.workshop(seed)?);
        let bench = Bench::new(&held.known, &forecast, &workshop)?;
        let changes = bench.changes(&scenario, &bench.before()?);
        Ok(rows::changes(&scenario.title, &changes.map_err(|e| asked.place(e))?))
    })?;
    frame(py, &rows)
}

/// What a scenario was asked by.
enum Asked {
    Name(String),
    Text(String),
    File(PathBuf),
}

impl Asked {
    /// A path object is a file, as is a text that ends in `.toml`; a text with a `=` is a scenario itself.
    fn read(given: &Bound<'_, PyAny>) -> PyResult<Self> {
        let Ok(text) = given.extract::<String>() else {
            return Ok(Self::File(crate::rows::path(given)?));
        };
        let is_file = std::path::Path::new(&text).extension().is_some_and(|end| end == "toml");
        Ok(match text {
            text if text.contains('=') => Self::Text(text),
            text if is_file => Self::File(text.into()),
            text => Self::Name(text),
        })
    }

    fn scenario(&self) -> Result<Scenario> {
        match self {
            Self::Name(name) => named(name).cloned(),
            Self::Text(text) => Scenario::read(text).map_err(|e| self.place(e)),
            Self::File(file) => {
                of_file(&file.display().to_string(), store::read_file(file, MAX_BYTES)?)
            }
        }
    }

    fn place(&self, error: Error) -> Error {
        match self {
            Self::Name(name) => error.within(format!("`{name}`")),
            Self::Text(_) => error.within("scenario"),
            Self::File(file) => error.within(format!("`{}`", file.display())),
        }
    }
}

/// The run, fleet and purchase that a capability takes by a day, and what stands in the way.
///
/// - `capability`: scale and value, such as `"eci=160"`. `company`: the buyer; all hyperscalers together
///   where none is given. `by`: the day of the release; two years ahead where none is given.
///
/// >>> import chipcast
/// >>> found = chipcast.required_purchase("eci=400")
/// >>> found.verdict, found.binding
/// ('infeasible', 'network')
#[pyfunction]
#[pyo3(signature = (capability, company=None, snapshot=None, *, by=None, seed=0))]
fn required_purchase(
    py: Python<'_>,
    capability: &str,
    company: Option<&str>,
    snapshot: Option<PyRef<'_, PySnapshot>>,
    by: Option<Day>,
    seed: u64,
) -> PyResult<PyRequirement> {
    let held = given(py, snapshot)?;
    let by = by.map(|day| day.0);
    let rows = detached(py, || {
        let target = require::target(&held.known, capability, by)?;
        let answer = answer(&held.known, &*held.workshop(seed)?, Question { target, company })?;
        Ok(require::rows(&held.known, target, &answer))
    })?;
    Ok(PyRequirement { asked: capability.to_owned(), rows })
}

/// What a capability takes, by each law; the law that is used comes first.
///
/// >>> import chipcast
/// >>> found = chipcast.required_purchase("eci=160", "msft", by="2027-12-31")
/// >>> found.verdict in ("feasible", "infeasible", "below_floor")
/// True
/// >>> sorted(found.verdicts[0])[:3]
/// ['binding', 'ceiling', 'expression']
#[pyclass(frozen, name = "Requirement", module = "chipcast")]
pub(crate) struct PyRequirement {
    asked: String,
    rows: Rows,
}

impl PyRequirement {
    fn said<'a>(&'a self, key: &str) -> &'a Value {
        self.rows.extra().get(key).unwrap_or(&Value::Null)
    }

    fn word(&self, key: &str) -> Option<&str> {
        self.said("verdicts").get(0)?.get(key)?.as_str()
    }
}

#[pymethods]
impl PyRequirement {
    /// What it takes by each law: 5%, 50% and 95% quantile; null in worlds where nothing is enough.
    #[getter]
    fn frame(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        frame(py, &self.rows)
    }

    /// `feasible`, `infeasible` or `below_floor`, by the law that is used.
    #[getter]
    fn verdict(&self) -> Option<&str> {
        self.word("verdict")
    }

    /// What binds, where it is infeasible: law, time, network, chips, power or cash.
    #[getter]
    fn binding(&self) -> Option<&str> {
        self.word("binding")
    }

    /// The verdict of each law with the share of worlds in which each constraint binds.
    #[getter]
    fn verdicts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value(py, self.said("verdicts"))
    }

    /// Who buys.
    #[getter]
    fn buyers(&self) -> Option<&str> {
        self.said("buyers").as_str()
    }

    /// The day by which.
    #[getter]
    fn by<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let day = self.said("by").as_str().and_then(|day| day.parse().ok());
        day.map_or_else(|| Ok(py.None().into_bound(py)), |day| date(py, day))
    }

    fn __repr__(&self) -> String {
        let said = |key: &str| self.said(key).as_str().unwrap_or_default();
        let verdict = self.verdict().unwrap_or_default();
        let binds = self.binding().map_or_else(String::new, |word| format!(", {word} binds"));
        let (by, buyers) = (said("by"), said("buyers"));
        format!("Requirement({} by {by}, bought by {buyers}: {verdict}{binds})", self.asked)
    }
}

/// What so many times the parameters cost in compute and GPU-hours, by each published law.
///
/// >>> import chipcast
/// >>> len(chipcast.multiple(2))
/// 25
#[pyfunction]
#[pyo3(signature = (parameters=2.0))]
fn multiple(py: Python<'_>, parameters: f64) -> PyResult<Py<PyAny>> {
    let rows = detached(py, || {
        let (found, claims) = rows::parameters(parameters)?;
        Ok(rows::multiples(&found, &claims))
    })?;
    frame(py, &rows)
}
