//! Rows and values of the library as Python objects: a frame of the caller's library, plain values, days.
//!
//! May use `bridge`. Makes no rows.

use std::path::PathBuf;

use chipcast::rows::Rows;
use chrono::{NaiveDate, NaiveDateTime};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde_json::Value;

use crate::{bridge, errors};

/// Rows as a frame: of polars if it is there, else of pyarrow, else a dict of lists.
pub(crate) fn frame(py: Python<'_>, rows: &Rows) -> PyResult<Py<PyAny>> {
    let frame = rows.frame().map_err(errors::raise)?;
    let stream = bridge::stream(py, frame)?;
    Ok(py.import("chipcast.frames")?.call_method1("default", (stream,))?.unbind())
}

/// Words as a table of a page.
pub(crate) fn table(caption: &str, header: &[&str], lines: &[Vec<String>]) -> String {
    let escaped = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        text.replace('>', "&gt;").replace('"', "&quot;")
    };
    let cells = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let lines = lines.iter().map(|line| cells("td", &mut line.iter().map(String::as_str)));
    format!(
        "<table><caption>{}</caption><thead>{}</thead><tbody>{}</tbody></table>",
        escaped(caption),
        cells("th", &mut header.iter().copied()),
        lines.collect::<String>()
    )
}

/// A JSON value as Python's own.
pub(crate) fn value<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(held) => held.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into_pyobject(py)?.into_any(),
            None => number.as_f64().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => text.into_pyobject(py)?.into_any(),
        Value::Array(items) => {
            let items: Vec<_> =
                items.iter().map(|item| self::value(py, item)).collect::<PyResult<_>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Object(pairs) => {
            let dict = PyDict::new(py);
            for (key, item) in pairs {
                dict.set_item(key, self::value(py, item)?)?;
            }
            dict.into_any()
        }
    })
}

/// A day as `datetime.date`.
pub(crate) fn date(py: Python<'_>, day: NaiveDate) -> PyResult<Bound<'_, PyAny>> {
    py.import("datetime")?.getattr("date")?.call_method1("fromisoformat", (day.to_string(),))
}

/// A day given as `YYYY-MM-DD`, a date, or a timestamp, of which the day counts.
pub(crate) struct Day(pub(crate) NaiveDate);

impl<'py> FromPyObject<'_, 'py> for Day {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text = match given.extract::<String>() {
            Ok(text) => text,
            Err(_) if given.hasattr("isoformat")? => {
                given.call_method0("isoformat")?.extract::<String>()?
            }
            Err(_) => {
                let kind = given.get_type().name()?;
                return Err(PyTypeError::new_err(format!(
                    "a day is a date or a text such as `2026-09-01`; found is `{kind}`"
                )));
            }
        };
        let day = text
            .parse::<NaiveDate>()
            .or_else(|_| text.parse::<NaiveDateTime>().map(|moment| moment.date()));
        day.map(Self).map_err(|_| {
            PyValueError::new_err(format!("`{text}` is no day; needed is one such as `2026-09-01`"))
        })
    }
}

/// A path given as text or `os.PathLike`.
pub(crate) fn path(given: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    given.extract()
}
