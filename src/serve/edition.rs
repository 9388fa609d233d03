//! One state of what is served: the archive, what is known on the day shown, and what was made of it once.
//!
//! May use `report`, `forecast`, `scaling` the core, and the files of `serve`. Never changes: a
//! new archive is a new edition.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::time::Instant;

use super::query::Query;
use super::sliders::Base;
use super::{Opened, Settings};
use crate::archive::{Archive, Snapshot};
use crate::error::{Error, Result};
use crate::forecast::backtest::Book;
use crate::forecast::ledger::Ledger;
use crate::forecast::run_record::{self, RunRecord};
use crate::report::desk::{Desk, HORIZON};
use crate::store::{self, Store, ledger::LedgerFile};

/// Most bytes of the record of a run.
const RECORD_BYTES: u64 = 32 << 20;
/// Runs that are listed, the latest first.
const MAX_RUNS: usize = 500;

/// Everything that the pages of one archive share.
pub(super) struct Edition {
    pub(super) archive: Archive,
    pub(super) desk: Desk,
    /// When it was read.
    pub(super) read_at: Instant,
    data: PathBuf,
    runs: PathBuf,
    version: String,
    bases: Mutex<BTreeMap<String, Arc<OnceLock<Arc<Base>>>>>,
}

/// What an answer depends on beside the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The archive.
    Archive,
    /// The archive, the ledger and the folder of runs.
    Books,
}

/// What tells two states of the files apart, looked at without opening them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps {
    pub(super) archive: Option<String>,
    pub(super) books: String,
}

impl Stamps {
    pub(super) fn look(settings: &Settings) -> Result<Self> {
        let runs = store::list_folders(&settings.runs);
        let of_run = |id: &String| {
            store::stamp(&settings.runs.join(id).join(run_record::FILE_NAME)).unwrap_or_default()
        };
        let stamps: Vec<_> = runs.iter().map(|id| format!("{id} {}", of_run(id))).collect();
        let ledger = LedgerFile::at(&settings.data).stamp().unwrap_or_default();
        let books = blake3::hash(format!("{ledger}\n{}", stamps.join("\n")).as_bytes());
        let archive = Store::at(&settings.data)?.stamp();
        Ok(Self { archive, books: books.to_hex().to_string() })
    }
}

impl Edition {
    /// Reads the archive.
    ///
    /// # Errors
    /// What `settings.open` says, and as [`Desk::new`].
    pub(super) fn read(settings: &Settings) -> Result<Self> {
        let Opened { archive, known, run_id } = (settings.open)()?;
        // The run's name holds the program's version, the day and the seed; a program that was built
        // again makes other pages under the same version.
        let program = std::env::current_exe().ok().and_then(|path| store::stamp(&path));
        let version = format!("{run_id} {} {}", known.digest(), program.unwrap_or_default());
        Ok(Self {
            desk: Desk::new(known, run_id, settings.seed)?,
            archive,
            read_at: Instant::now(),
            data: settings.data.clone(),
            runs: settings.runs.clone(),
            version,
            bases: Mutex::new(BTreeMap::new()),
        })
    }

    pub(super) fn known(&self) -> &Snapshot {
        &self.desk.known
    }

    /// What answers of a scope depend on.
    pub(super) fn version(&self, scope: Scope, stamps: &Stamps) -> String {
        match scope {
            Scope::Archive => self.version.clone(),
            Scope::Books => format!("{} {}", self.version, stamps.books),
        }
    }

    /// What was known on the day that a query asks for.
    pub(super) fn as_of(&self, query: &Query) -> Result<Snapshot> {
        match query.date("as_of")? {
            None => Ok(self.known().clone()),
            Some(day) if day > self.known().as_of() => Err(Error::invalid(format!(
                "snapshot as of {day} asked, but this page is known through {}",
                self.known().as_of()
            ))),
            Some(day) => self.known().rewind(day),
        }
    }

    /// A book of what was known: the desk's own, or one of an earlier day.
    pub(super) fn with_book<T>(
        &self,
        known: &Snapshot,
        make: impl FnOnce(&Book) -> Result<T>,
    ) -> Result<T> {
        if known.as_of() == self.known().as_of() {
            make(&self.desk.book)
        } else {
            make(&Book::new(known, HORIZON)?)
        }
    }

    /// What a company's sliders start from; made once.
    pub(super) fn base(&self, company: &str) -> Result<Arc<Base>> {
        let place = {
            let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
            if bases.len() > MAX_RUNS {
                bases.clear();
            }
            Arc::clone(bases.entry(company.to_owned()).or_default())
        };
        if let Some(base) = place.get() {
            return Ok(Arc::clone(base));
        }
        let base = Arc::new(Base::of(&self.desk, company)?);
        Ok(Arc::clone(place.get_or_init(|| base)))
    }

    /// The ledger as it is now.
    pub(super) fn ledger(&self) -> Result<Ledger> {
        let chain = LedgerFile::at(&self.data).read()?;
        Ledger::read(chain.rows.iter().map(String::as_str))
    }

    /// The runs of the folder, the latest day first; a folder without a sound record is left out.
    pub(super) fn runs(&self) -> Vec<RunRecord> {
        let named = store::list_folders(&self.runs);
        // A folder of another name cannot be asked for by the run's own.
        let read = |id: &String| self.run(id).ok().filter(|run| run.run_id == *id);
        let mut runs: Vec<_> = named.iter().take(MAX_RUNS).filter_map(read).collect();
        runs.sort_by(|a, b| (b.as_of, &b.run_id).cmp(&(a.as_of, &a.run_id)));
        runs
    }

    /// The record of a run of the folder.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the folder has no such run.
    pub(super) fn run(&self, id: &str) -> Result<RunRecord> {
        let is_name = (1..=64).contains(&id.len())
            && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let path = self.runs.join(id).join(run_record::FILE_NAME);
        if !is_name || !store::is_file(&path) {
            let shown: String = id.chars().take(40).collect();
            return Err(Error::not_found(format!("no run `{shown}` is in the folder of runs"))
                .hint("`/runs` lists them; `chipcast run` writes one"));
        }
        RunRecord::read(&store::read_file(&path, RECORD_BYTES)?)
    }
}
