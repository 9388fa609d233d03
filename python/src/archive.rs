//! The Python side of `archive`: thin, over what the command line uses.

use pyo3::prelude::*;

/// Adds what is here to the module.
pub(crate) fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
