//! The module `chipcast._core`: the library for Python, one file a subject.
//!
//! May use the library alone. Never holds the interpreter's lock over work that takes long.

mod archive;
mod bridge;
mod call;
mod errors;
mod forecast;
mod panel;
mod plugin;
mod report;
mod rows;
mod scaling;

use pyo3::prelude::*;

/// The compiled part of `chipcast`; import from `chipcast` instead.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(run_command_line, module)?)?;
    panel::register(module)?;
    archive::register(module)?;
    forecast::register(module)?;
    scaling::register(module)?;
    report::register(module)
}

/// Runs the command line and gives its exit code; Ctrl-C ends it as it ends the program.
#[pyfunction]
fn run_command_line(py: Python<'_>, arguments: Vec<String>) -> u8 {
    py.detach(|| chipcast::cli::run(arguments))
}
