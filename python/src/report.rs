//! `Report`: the page of a company or of the industry, in every format that the command line writes.
//!
//! May use `archive`. Composes nothing: the desk of the library does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chipcast::error::{Error, Result};
use chipcast::forecast::run_record::run_id;
use chipcast::report::desk::Desk;
use chipcast::report::{self, Html, Json, Markdown, Pdf, Render, html};
use chipcast::store;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::archive::{PySnapshot, given};
use crate::call::watched;
use crate::errors::detached;
use crate::rows::{Day, date};

/// Adds what is here to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyReport>()?;
    module.add_class::<Svg>()
}

/// The page of a company, or of the `industry`.
///
/// - `subject`: a ticker, or `"industry"`. `snapshot`: what is known; the bundled data as of their last
///   day where none is given. `since`: the day since which changes are told.
///
/// >>> from chipcast import Report
/// >>> report = Report("nvda")
/// >>> report.title
/// 'NVIDIA revenue'
/// >>> report.to_markdown().startswith("#")
/// True
#[pyclass(frozen, name = "Report", module = "chipcast")]
pub(crate) struct PyReport(Arc<report::Report>);

impl PyReport {
    fn text(&self, py: Python<'_>, render: &(impl Render + Sync)) -> PyResult<String> {
        detached(py, || {
            String::from_utf8(render.render(&self.0)?)
                .map_err(|e| Error::invalid("a page is no text, which is a bug").caused_by(e))
        })
    }
}

/// The renderer of a file by its ending.
fn renderer(path: &Path) -> Result<&'static dyn Render> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html") => Ok(&Html),
        Some("json") => Ok(&Json),
        Some("md") => Ok(&Markdown),
        Some("pdf") => Ok(&Pdf),
        _ => Err(Error::invalid(format!("`{}` names no format of a page", path.display()))
            .hint("end the name in .html, .pdf, .md or .json")),
    }
}

#[pymethods]
impl PyReport {
    #[new]
    #[pyo3(signature = (subject, snapshot=None, *, since=None, seed=0))]
    fn new(
        py: Python<'_>,
        subject: &str,
        snapshot: Option<PyRef<'_, PySnapshot>>,
        since: Option<Day>,
        seed: u64,
    ) -> PyResult<Self> {
        let held = given(py, snapshot)?;
        let (subject, since) = (subject.to_ascii_lowercase(), since.map(|day| day.0));
        let made = watched(py, None, None, move |_| {
            let known = held.known.clone();
            let run_id = run_id(&known, seed);
            Desk::new(known, run_id, seed)?.since(since).report(&subject)
        })?;
        Ok(Self(Arc::new(made)))
    }

    /// What it is about.
    #[getter]
    fn title(&self) -> &str {
        &self.0.title
    }

    /// What it found, in one sentence.
    #[getter]
    fn finding(&self) -> &str {
        &self.0.finding.text
    }

    /// What was known at the end of this day.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        date(py, self.0.as_of)
    }

    /// The run: version, data, day and seed, in one name.
    #[getter]
    fn run_id(&self) -> &str {
        &self.0.run_id
    }

    /// One page that holds everything, readable without scripts.
    fn to_html(&self, py: Python<'_>) -> PyResult<String> {
        self.text(py, &Html)
    }

    /// The same as Markdown.
    fn to_markdown(&self, py: Python<'_>) -> PyResult<String> {
        self.text(py, &Markdown)
    }

    /// The same as one JSON document, the text of it; `docs/report.schema.json` is its schema.
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        self.text(py, &Json)
    }

    /// The same as a note on A4 pages; the same report gives the same bytes.
    fn to_pdf<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = detached(py, || Pdf.render(&self.0))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Writes it to a file, in the format of the name's ending: .html, .pdf, .md or .json.
    ///
    /// >>> import pathlib, tempfile
    /// >>> from chipcast import Report
    /// >>> with tempfile.TemporaryDirectory() as folder:
    /// ...     Report("msft").save(pathlib.Path(folder) / "msft.html").name
    /// 'msft.html'
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<Py<PyAny>> {
        detached(py, || store::write_atomic(&path, &renderer(&path)?.render(&self.0)?))?;
        Ok(path.into_pyobject(py)?.into_any().unbind())
    }

    fn __repr__(&self) -> String {
        format!("Report({}, as of {})", self.0.title, self.0.as_of)
    }

    /// The front page alone; `to_html` has everything.
    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || html::front(&self.0))
    }
}

/// A drawing that a notebook shows.
///
/// >>> from chipcast import Archive
/// >>> fan = Archive.bundled().as_of("2026-09-01").forecast("nvda.revenue").plot()
/// >>> fan.svg.endswith("</svg>")
/// True
#[pyclass(frozen, get_all, module = "chipcast")]
pub(crate) struct Svg {
    /// The drawing, as a file that stands alone.
    pub(crate) svg: String,
}

#[pymethods]
impl Svg {
    /// Writes the drawing to a file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<Py<PyAny>> {
        detached(py, || store::write_atomic(&path, self.svg.as_bytes()))?;
        Ok(path.into_pyobject(py)?.into_any().unbind())
    }

    fn _repr_svg_(&self) -> &str {
        &self.svg
    }

    fn __repr__(&self) -> String {
        format!("Svg({} bytes)", self.svg.len())
    }
}
