//! The library's errors as Python's, and the calls that may raise them.
//!
//! The classes are written in `chipcast/errors.py`. A panic is our bug: it becomes an `InternalError`, which
//! `except Exception` catches, and never pyo3's `PanicException`, which it does not.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chipcast::error::{Error, Result};
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;

/// A library error as the class of its kind, with its causes in the message and its `hint`.
pub(crate) fn raise(error: Error) -> PyErr {
    let class = match &error {
        Error::Fetch(_) => "FetchError",
        Error::NotFound(_) => "NotFoundError",
        Error::Parse(_) => "ParseError",
        Error::Invalid(_) => "InvalidError",
        Error::Insufficient(_) => "InsufficientError",
        Error::Store(_) => "StoreError",
    };
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        message = format!("{message}: {inner}");
        cause = inner.source();
    }
    new(class, &message, error.advice())
}

/// An error of one of the classes.
pub(crate) fn new(class: &str, message: &str, hint: Option<&str>) -> PyErr {
    Python::attach(|py| {
        let made = py
            .import("chipcast.errors")
            .and_then(|module| module.getattr(class)?.call1((message, hint)));
        made.map_or_else(|error| error, PyErr::from_value)
    })
}

/// A panic as an error.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> PyErr {
    let told = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    let hint = "this is a bug of chipcast: please report it with the lines above";
    new("InternalError", &format!("a rule that should hold does not: {told}"), Some(hint))
}

/// Runs what takes longer than a moment: without the interpreter's lock, in a pool of threads of its own
/// (a pool that is kept would hang in a forked child), with panics as errors.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    let done = py.detach(|| {
        let pool = pool(None)?;
        Ok(catch_unwind(AssertUnwindSafe(|| pool.install(work))))
    });
    py.check_signals()?;
    match done.map_err(raise)? {
        Ok(result) => result.map_err(raise),
        Err(payload) => Err(panicked(payload.as_ref())),
    }
}

/// A pool of so many threads, or one for each core.
pub(crate) fn pool(n_threads: Option<usize>) -> Result<rayon::ThreadPool> {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(n_threads.unwrap_or(0));
    builder
        .thread_name(|idx| format!("chipcast-{idx}"))
        .build()
        .map_err(|cause| Error::invalid("no threads can be started").caused_by(cause))
}

/// Warns as Python does.
pub(crate) fn warn(py: Python<'_>, words: &str) -> PyResult<()> {
    py.import("warnings")?.call_method1("warn", (words, py.get_type::<PyUserWarning>())).map(drop)
}
