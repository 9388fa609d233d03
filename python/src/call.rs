//! Work that may take long: it can be watched, and stopped by Ctrl-C.
//!
//! The work runs in a thread of its own with a pool of its own; the caller's thread waits without the
//! interpreter's lock and looks at signals. When one raises, the work is told to stop and left to end at
//! its next series.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use chipcast::error::{Error, Result};
use chipcast::forecast::panel::Stage;
use pyo3::prelude::*;

use crate::errors;

/// How long a signal may wait.
const PATIENCE: Duration = Duration::from_millis(50);

/// What work and caller tell each other.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    is_stopped: AtomicBool,
    n_done: AtomicUsize,
}

impl Watch {
    /// One series more is done; whether to go on.
    pub(crate) fn goes_on(&self) -> bool {
        self.n_done.fetch_add(1, Ordering::Relaxed);
        !self.is_stopped.load(Ordering::Relaxed)
    }

    /// The same for work on a panel, where what is learned from is no series done.
    pub(crate) fn stages(&self) -> impl Fn(Stage) -> bool + Sync {
        |stage| match stage {
            Stage::Learn => !self.is_stopped.load(Ordering::Relaxed),
            Stage::Answer => self.goes_on(),
        }
    }
}

/// Runs work with so many threads (one for each core if none); `progress` is called with the series done.
pub(crate) fn watched<T: Send + 'static>(
    py: Python<'_>,
    n_threads: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Watch) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let watch = Arc::new(Watch::default());
    let (sender, mut receiver) = mpsc::sync_channel(1);
    let theirs = Arc::clone(&watch);
    let run = move || {
        let result =
            catch_unwind(AssertUnwindSafe(|| errors::pool(n_threads)?.install(|| work(&theirs))));
        // Nobody listens any more after a signal.
        let _ = sender.send(result);
    };
    let spawned = std::thread::Builder::new().name("chipcast".to_owned()).spawn(run);
    spawned.map_err(|cause| {
        errors::raise(Error::invalid("no thread can be started").caused_by(cause))
    })?;
    let stop = |error| {
        watch.is_stopped.store(true, Ordering::Relaxed);
        error
    };
    let result = loop {
        // A receiver belongs to one thread: it goes along, and comes back.
        let (told, back) = py.detach(move || (receiver.recv_timeout(PATIENCE), receiver));
        receiver = back;
        match told {
            Ok(result) => break result,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(errors::panicked(&"the work ended without a word"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        py.check_signals().map_err(stop)?;
        if let Some(progress) = progress {
            progress.call1((watch.n_done.load(Ordering::Relaxed),)).map_err(stop)?;
        }
    };
    match result {
        Ok(result) => result.map_err(errors::raise),
        Err(payload) => Err(errors::panicked(payload.as_ref())),
    }
}
