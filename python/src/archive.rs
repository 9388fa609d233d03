//! `Archive` and `Snapshot`: every value with its vintage, and what was known on a day.
//!
//! May use `forecast` for what a snapshot can say, and `rows`. Reads an archive and never writes one.
#![expect(clippy::doc_link_with_quotes, reason = "the examples are Python")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chipcast::archive::{self, Snapshot};
use chipcast::error::{Error, Result};
use chipcast::forecast::backtest::Book;
use chipcast::forecast::engine;
use chipcast::forecast::record::Truth;
use chipcast::ingest::bundled;
use chipcast::report::machines::Workshop;
use chipcast::rows::{backtest, data};
use chipcast::series::{Registry, SeriesId};
use chipcast::store::Store;
use chrono::NaiveDate;
use pyo3::prelude::*;

use crate::call::{Watch, watched};
use crate::errors::{detached, warn};
use crate::forecast::PyForecast;
use crate::rows::{Day, date, frame, table};

/// Adds what is here to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyArchive>()?;
    module.add_class::<PySnapshot>()
}

/// Every value with every vintage: what was known, and since when.
///
/// >>> from chipcast import Archive
/// >>> archive = Archive.bundled()
/// >>> archive
/// Archive(bundled, known through 2026-09-24)
/// >>> archive.as_of("2026-09-01").series_ids[:2]
/// ['aapl.revenue', 'aib.units']
#[pyclass(frozen, name = "Archive", module = "chipcast")]
pub(crate) struct PyArchive {
    archive: archive::Archive,
    place: String,
}

/// The archive that comes with the package; made once.
pub(crate) fn bundle() -> Result<archive::Archive> {
    static BUNDLE: OnceLock<archive::Archive> = OnceLock::new();
    if let Some(held) = BUNDLE.get() {
        return Ok(held.clone());
    }
    let made = bundled::archive()?;
    Ok(BUNDLE.get_or_init(|| made).clone())
}

#[pymethods]
impl PyArchive {
    /// The archive of the data that come with the package.
    ///
    /// >>> from chipcast import Archive
    /// >>> Archive.bundled().known_through
    /// datetime.date(2026, 9, 24)
    #[staticmethod]
    fn bundled(py: Python<'_>) -> PyResult<Self> {
        let archive = detached(py, bundle)?;
        Ok(Self { archive, place: "bundled".to_owned() })
    }

    /// The archive in a folder: the one that the command line is given as `--data`. Read only.
    ///
    /// Raises `NotFoundError` if there is none, `StoreError` if it is damaged.
    #[staticmethod]
    fn open(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        let place = folder.display().to_string();
        let archive = detached(py, || {
            let store = Store::at(&folder)?;
            if store.exists() {
                return store.read();
            }
            Err(Error::not_found(format!("no archive in `{}`", folder.display())).hint(
                "`chipcast ingest` makes one below `--data`; `Archive.bundled()` needs no folder",
            ))
        })?;
        Ok(Self { archive, place })
    }

    /// The last day up to which the sources were read.
    #[getter]
    fn known_through<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        date(py, self.archive.known_through())
    }

    /// A hash of all that it holds: two archives that say the same have the same.
    #[getter]
    fn digest(&self) -> String {
        self.archive.digest()
    }

    /// Every series as a frame: unit, kind, span, last vintage.
    ///
    /// >>> from chipcast import Archive
    /// >>> len(Archive.bundled().series()) > 100
    /// True
    fn series(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let rows = detached(py, || data::series(&latest(&self.archive)?))?;
        frame(py, &rows)
    }

    /// What was known at the end of a day; of the last day known where none is given.
    ///
    /// A later day than `known_through` raises `InvalidError`.
    ///
    /// >>> from chipcast import Archive
    /// >>> Archive.bundled().as_of("2026-09-01")
    /// Snapshot(as_of=2026-09-01, 408 series)
    #[pyo3(signature = (day=None))]
    fn as_of(&self, py: Python<'_>, day: Option<Day>) -> PyResult<PySnapshot> {
        let day = day.map(|day| day.0);
        let known = detached(py, || {
            self.archive.as_of(day.unwrap_or_else(|| self.archive.known_through()))
        })?;
        Ok(PySnapshot::of(known))
    }

    fn __repr__(&self) -> String {
        format!("Archive({}, known through {})", self.place, self.archive.known_through())
    }
}

fn latest(archive: &archive::Archive) -> Result<Snapshot> {
    archive.as_of(archive.known_through())
}

/// What the public could know at the end of a day; no later value is in it, and none can be asked of it.
///
/// >>> from chipcast import Archive
/// >>> snapshot = Archive.bundled().as_of("2026-09-01")
/// >>> snapshot.as_of
/// datetime.date(2026, 9, 1)
/// >>> forecast = snapshot.forecast("nvda.revenue")
/// >>> f"{forecast.median / 1e9:.0f} billion USD, grade {forecast.grade}"
/// '113 billion USD, grade A'
#[pyclass(frozen, name = "Snapshot", module = "chipcast")]
pub(crate) struct PySnapshot(pub(crate) Arc<Held>);

/// A snapshot with what was made from it, so that nothing is made twice.
pub(crate) struct Held {
    pub(crate) known: Snapshot,
    books: Mutex<BTreeMap<usize, Arc<Book>>>,
    workshops: Mutex<BTreeMap<u64, Arc<Workshop>>>,
}

impl Held {
    /// The book of forecasts up to a horizon.
    pub(crate) fn book(&self, horizon: usize) -> Result<Arc<Book>> {
        let made = Arc::new(Book::new(&self.known, horizon)?);
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(books.entry(horizon).or_insert(made).clone())
    }

    /// The laws, tables and worlds of a seed.
    pub(crate) fn workshop(&self, seed: u64) -> Result<Arc<Workshop>> {
        let held = || self.workshops.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(workshop) = held().get(&seed) {
            return Ok(workshop.clone());
        }
        // Not under the lock: fitting works in several threads.
        let made = Arc::new(Workshop::new(seed, self.known.as_of())?);
        Ok(held().entry(seed).or_insert(made).clone())
    }
}

impl PySnapshot {
    fn of(known: Snapshot) -> Self {
        let (books, workshops) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Held { known, books, workshops }))
    }
}

/// The snapshot given, or the bundled archive as of its last day, which is made once.
pub(crate) fn given(
    py: Python<'_>,
    snapshot: Option<PyRef<'_, PySnapshot>>,
) -> PyResult<Arc<Held>> {
    static LATEST: OnceLock<Arc<Held>> = OnceLock::new();
    if let Some(snapshot) = snapshot {
        return Ok(Arc::clone(&snapshot.0));
    }
    if let Some(held) = LATEST.get() {
        return Ok(Arc::clone(held));
    }
    let made = detached(py, || Ok(PySnapshot::of(latest(&bundle()?)?).0))?;
    Ok(Arc::clone(LATEST.get_or_init(|| made)))
}

/// One series or several.
#[derive(FromPyObject)]
pub(crate) enum Names {
    #[pyo3(transparent)]
    One(String),
    #[pyo3(transparent)]
    Several(Vec<String>),
}

impl Names {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(name) => vec![name],
            Self::Several(names) => names,
        }
    }
}

#[pymethods]
impl PySnapshot {
    /// The day whose end it shows.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        date(py, self.0.known.as_of())
    }

    /// A hash of the archive behind it.
    #[getter]
    fn digest(&self) -> String {
        self.0.known.digest()
    }

    /// Every series that had a public value, sorted.
    #[getter]
    fn series_ids(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let ids = detached(py, || self.0.known.series_ids())?;
        Ok(ids.iter().map(ToString::to_string).collect())
    }

    /// A series as it was known: one row a period, with vintage, source and locator.
    ///
    /// >>> from chipcast import Archive
    /// >>> snapshot = Archive.bundled().as_of("2026-09-01")
    /// >>> frame = snapshot.series("nvda.revenue")
    /// >>> snapshot.series("nvda.revenues")
    /// Traceback (most recent call last):
    ///     ...
    /// chipcast.NotFoundError: ...
    fn series(&self, py: Python<'_>, series: &str) -> PyResult<Py<PyAny>> {
        let rows = detached(py, || data::observations(&self.0.known, &SeriesId::new(series)?))?;
        frame(py, &rows)
    }

    /// Every value that a series ever had by then, with its change from the vintage before.
    ///
    /// >>> from chipcast import Archive
    /// >>> frame = Archive.bundled().as_of().vintages("msft.capex_cash")
    fn vintages(&self, py: Python<'_>, series: &str) -> PyResult<Py<PyAny>> {
        let rows = detached(py, || data::vintages(&self.0.known, &SeriesId::new(series)?))?;
        frame(py, &rows)
    }

    /// What a company had said of its future by then, in order of publication.
    ///
    /// >>> from chipcast import Archive
    /// >>> frame = Archive.bundled().as_of("2026-09-01").announcements("nvda")
    fn announcements(&self, py: Python<'_>, company: &str) -> PyResult<Py<PyAny>> {
        let company = company.to_ascii_lowercase();
        let rows = detached(py, || Ok(data::announcements(self.0.known.announcements(&company))))?;
        frame(py, &rows)
    }

    /// A forecast of a series with its measured trust, or its refusal.
    ///
    /// - `h`: periods ahead, 1 to 40. `level`: coverage of the central intervals, per cent.
    /// - `model`: the engine's own choice, or one of its rivals by name.
    ///
    /// A refusal is an answer: `forecast.refusal` says what was measured and what would do. Errors are
    /// `NotFoundError` for an unknown series or model, `InsufficientError` if too little was known.
    ///
    /// >>> from chipcast import Archive
    /// >>> forecast = Archive.bundled().as_of("2026-09-01").forecast("nvda.revenue", h=2)
    /// >>> low, high = forecast.interval
    /// >>> low < forecast.median < high
    /// True
    #[pyo3(signature = (series, h=1, level=None, model="chipcast"))]
    fn forecast(
        &self,
        py: Python<'_>,
        series: &str,
        h: usize,
        level: Option<Vec<f64>>,
        model: &str,
    ) -> PyResult<PyForecast> {
        let level = level.unwrap_or_else(|| vec![80.0, 95.0]);
        detached(py, || PyForecast::make(&self.0, series, h, level, model))
    }

    /// What models would have said at every earlier origin, each seeing its own day alone, beside what
    /// came.
    ///
    /// - `series`: one series or a list. `models`: names; all of them where none is given.
    /// - `by`: `"horizon"` for one row a series, model and horizon; `"origin"` for one row a forecast.
    /// - `truth`: which value counts, `"first_release"` or `"latest"`. `start`: the first origin.
    ///
    /// A model that never had an answer is named in a warning.
    ///
    /// >>> from chipcast import Archive
    /// >>> snapshot = Archive.bundled().as_of("2026-09-01")
    /// >>> frame = snapshot.backtest("nvda.revenue", models=["chipcast", "naive"], h=2)
    /// >>> len(frame)
    /// 4
    #[pyo3(signature = (series, models=None, h=4, *, start=None, by="horizon", truth="first_release"))]
    #[expect(clippy::too_many_arguments, reason = "named arguments of a Python method")]
    fn backtest(
        &self,
        py: Python<'_>,
        series: Names,
        models: Option<Vec<String>>,
        h: usize,
        start: Option<Day>,
        by: &str,
        truth: &str,
    ) -> PyResult<Py<PyAny>> {
        let by = By::read(by).map_err(crate::errors::raise)?;
        let truth = read_truth(truth).map_err(crate::errors::raise)?;
        let from = start.map(|day| day.0);
        let names = series.list();
        let held = Arc::clone(&self.0);
        let (rows, said) = watched(py, None, None, move |watch| {
            replay(&held, &names, models, h, (from, by, truth), watch)
        })?;
        for words in said {
            warn(py, &words)?;
        }
        frame(py, &rows)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let n = detached(py, || Ok(self.0.known.series_ids()?.len()))?;
        Ok(format!("Snapshot(as_of={}, {n} series)", self.0.known.as_of()))
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        let (shown, n) = detached(py, || self.lines())?;
        let header = ["series", "title", "last value", "unit", "public"];
        let caption = format!("Known at the end of {}: {n} series", self.0.known.as_of());
        Ok(table(&caption, &header, &shown))
    }
}

/// Series that the look of a snapshot names.
const SHOWN: usize = 12;

impl PySnapshot {
    /// The first series of the engine's main job: id, title, last value, unit and vintage.
    fn lines(&self) -> Result<(Vec<Vec<String>>, usize)> {
        let known = &self.0.known;
        let mut lines = Vec::new();
        for id in chipcast::report::desk::Desk::main_series()?.into_iter().take(SHOWN) {
            let Ok(held) = known.series(&id) else { continue };
            let Some(last) = held.points.last() else { continue };
            lines.push(vec![
                id.to_string(),
                Registry::bundled().title(&id),
                chipcast::report::format::short(last.value, held.unit, 1),
                held.unit.word().to_owned(),
                last.vintage.to_string(),
            ]);
        }
        Ok((lines, known.series_ids()?.len()))
    }
}

/// Rows of the backtest, and what models had no answer; it stops before the next series when told to.
fn replay(
    held: &Held,
    names: &[String],
    models: Option<Vec<String>>,
    h: usize,
    (from, by, truth): (Option<NaiveDate>, By, Truth),
    watch: &Watch,
) -> Result<(chipcast::rows::Rows, Vec<String>)> {
    let book = held.book(h)?;
    let models = match models {
        None => engine::models().to_vec(),
        Some(names) => names.iter().map(|name| engine::model(name)).collect::<Result<_>>()?,
    };
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for name in names {
        if !watch.goes_on() {
            break;
        }
        let (rows, failed) = book.backtests(&models, &SeriesId::new(name)?, from, truth)?;
        found.extend(rows);
        failures.extend(failed);
    }
    if found.is_empty()
        && let Some((_, error)) = failures.pop()
    {
        return Err(error);
    }
    let said = failures.iter().map(|(model, why)| format!("no rows of `{model}`: {why}"));
    let said = said.collect();
    Ok(match by {
        By::Origin => (backtest::by_origin(&found), said),
        By::Horizon => {
            let groups = backtest::grouped(&found);
            (backtest::by_horizon(&backtest::measured(&groups)), said)
        }
    })
}

/// What a row of a backtest is about.
#[derive(Clone, Copy)]
enum By {
    Horizon,
    Origin,
}

impl By {
    fn read(word: &str) -> Result<Self> {
        match word {
            "horizon" => Ok(Self::Horizon),
            "origin" => Ok(Self::Origin),
            _ => Err(Error::invalid(format!("by `{word}`; needed is `horizon` or `origin`"))),
        }
    }
}

fn read_truth(word: &str) -> Result<Truth> {
    match word {
        "first_release" => Ok(Truth::FirstRelease),
        "latest" => Ok(Truth::Latest),
        _ => Err(Error::invalid(format!("truth `{word}`; needed is `first_release` or `latest`"))),
    }
}
