//! The one error type of the library: six kinds, each with a message, an optional hint and cause.
//!
//! May use nothing else of the crate. Never prints and never exits: `cli` does both.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What every fallible function of the library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

thread_local! {
    /// Readers that this thread runs inside one another.
    static CATCHES: Cell<usize> = const { Cell::new(0) };
}
/// Readers that are running in all threads: they decode on threads of polars.
static N_CATCHING: AtomicUsize = AtomicUsize::new(0);
const POOL: &str = "polars-";

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A source could not be reached, or refused.
    #[error(transparent)]
    Fetch(Detail),
    /// A series, company, file or model that was named does not exist.
    #[error(transparent)]
    NotFound(Detail),
    /// Bytes that are not what their format promises.
    #[error(transparent)]
    Parse(Detail),
    /// A request or value that breaks a rule.
    #[error(transparent)]
    Invalid(Detail),
    /// Too few observations for what was asked.
    #[error(transparent)]
    Insufficient(Detail),
    /// The archive or another file on disk could not be read or written.
    #[error(transparent)]
    Store(Detail),
}

/// Message, hint and cause of an [`Error`].
#[derive(Debug)]
pub struct Detail {
    message: String,
    hint: Option<String>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A source could not be reached, or refused.
    pub fn fetch(message: impl Into<String>) -> Self {
        Self::Fetch(Detail::new(message))
    }
    /// Something named does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(Detail::new(message))
    }
    /// Bytes do not follow their format.
    pub fn parse(message: impl Into<String>) -> Self {
        Self::Parse(Detail::new(message))
    }
    /// A request or value breaks a rule.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(Detail::new(message))
    }
    /// Too few observations.
    pub fn insufficient(message: impl Into<String>) -> Self {
        Self::Insufficient(Detail::new(message))
    }
    /// A file could not be read or written.
    pub fn store(message: impl Into<String>) -> Self {
        Self::Store(Detail::new(message))
    }

    /// Adds advice, shown on its own `hint:` line.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.detail_mut().hint = Some(hint.into());
        self
    }

    /// Records the underlying cause, reachable through [`StdError::source`].
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.detail_mut().cause = Some(cause.into());
        self
    }

    /// The advice, if any.
    pub fn advice(&self) -> Option<&str> {
        self.detail().hint.as_deref()
    }

    /// Puts where it happened (a file, a line) before the message; kind, hint and cause stay.
    #[must_use]
    pub fn within(mut self, place: impl fmt::Display) -> Self {
        let detail = self.detail_mut();
        detail.message = format!("{place}: {}", detail.message);
        self
    }

    /// Runs somebody else's reader, which may panic on bytes that were made to break it: a panic of its is
    /// an [`Error::Parse`] here.
    ///
    /// # Errors
    /// What the reader says; [`Error::Parse`] if it panicked.
    pub fn caught<T>(what: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
        CATCHES.set(CATCHES.get() + 1);
        N_CATCHING.fetch_add(1, Ordering::Relaxed);
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
        N_CATCHING.fetch_sub(1, Ordering::Relaxed);
        CATCHES.set(CATCHES.get() - 1);
        read.unwrap_or_else(|_| Err(Self::parse(format!("{what} is damaged: its reader gave up"))))
    }

    /// Whether a panic of this thread becomes an error by [`Error::caught`]: a program's panic hook has
    /// nothing to print then.
    #[must_use]
    pub fn catches_panics() -> bool {
        let is_pool = || std::thread::current().name().is_some_and(|name| name.starts_with(POOL));
        CATCHES.get() > 0 || (N_CATCHING.load(Ordering::Relaxed) > 0 && is_pool())
    }

    fn detail(&self) -> &Detail {
        match self {
            Self::Fetch(detail)
            | Self::NotFound(detail)
            | Self::Parse(detail)
            | Self::Invalid(detail)
            | Self::Insufficient(detail)
            | Self::Store(detail) => detail,
        }
    }

    fn detail_mut(&mut self) -> &mut Detail {
        match self {
            Self::Fetch(detail)
            | Self::NotFound(detail)
            | Self::Parse(detail)
            | Self::Invalid(detail)
            | Self::Insufficient(detail)
            | Self::Store(detail) => detail,
        }
    }
}

impl Detail {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, cause: None }
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Detail {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

impl From<polars::error::PolarsError> for Error {
    fn from(cause: polars::error::PolarsError) -> Self {
        Self::parse("the table does not have the shape that was expected").caused_by(cause)
    }
}
