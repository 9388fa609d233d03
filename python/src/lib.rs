//! The module `chipcast._core`: the library for Python, one file a subject.
//!
//! May use the library alone. Never holds the interpreter's lock over work that takes long.

mod archive;
mod forecast;
mod report;
mod scaling;

use pyo3::prelude::*;

/// The compiled part of `chipcast`; import from `chipcast` instead.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    archive::register(module)?;
    forecast::register(module)?;
    scaling::register(module)?;
    report::register(module)
}
