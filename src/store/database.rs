//! A small database that a job's tables live in: SQLite in a file, or PostgreSQL at an address.
//!
//! May use `error` and `store`. One set of statements serves both: every value is text or null, and
//! parameters are written `$1`, `$2`, ... in the order of their first use. A list of statements is
//! applied whole or not at all. An address with its password is never shown.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::make_folder;
use crate::error::{Error, Result};

/// A statement and its parameters.
pub type Statement = (&'static str, Vec<Option<String>>);
/// A row of text or null.
pub type TextRow = Vec<Option<String>>;

/// What a job's tables need of a database.
pub trait Database: fmt::Debug {
    /// Applies statements in one transaction.
    ///
    /// # Errors
    /// [`Error::Store`] if the database refuses; nothing is changed then.
    fn apply(&mut self, statements: &[Statement]) -> Result<()>;

    /// The rows of a query, whose columns are all text.
    ///
    /// # Errors
    /// [`Error::Store`] if the database refuses.
    fn rows(&mut self, statement: &Statement) -> Result<Vec<TextRow>>;
}

/// SQLite in a file.
pub struct Sqlite {
    connection: rusqlite::Connection,
    shown: String,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLite in {}", self.shown)
    }
}

/// How long a statement waits for another process.
const BUSY: Duration = Duration::from_secs(20);

impl Sqlite {
    /// Opens a file, which is made if missing.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be opened, or is no database.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        let shown = format!("`{}`", path.display());
        let open = || -> rusqlite::Result<rusqlite::Connection> {
            let connection = rusqlite::Connection::open(path)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            Ok(connection)
        };
        let connection = open().map_err(|e| refused(&shown, e))?;
        Ok(Self { connection, shown })
    }
}

impl Database for Sqlite {
    fn apply(&mut self, statements: &[Statement]) -> Result<()> {
        let apply = || -> rusqlite::Result<()> {
            let change = rusqlite::Transaction::new_unchecked(
                &self.connection,
                rusqlite::TransactionBehavior::Immediate,
            )?;
            for (text, values) in statements {
                change.execute(text, rusqlite::params_from_iter(values))?;
            }
            change.commit()
        };
        apply().map_err(|e| refused(&self.shown, e))
    }

    fn rows(&mut self, (text, values): &Statement) -> Result<Vec<TextRow>> {
        let read = || -> rusqlite::Result<Vec<TextRow>> {
            let mut query = self.connection.prepare(text)?;
            let n_columns = query.column_count();
            let mut found = query.query(rusqlite::params_from_iter(values))?;
            let mut rows = Vec::new();
            while let Some(row) = found.next()? {
                let cells = (0..n_columns).map(|idx| row.get(idx));
                rows.push(cells.collect::<rusqlite::Result<TextRow>>()?);
            }
            Ok(rows)
        };
        read().map_err(|e| refused(&self.shown, e))
    }
}

fn refused(shown: &str, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::store(format!("the ledger of runs in {shown} cannot be used: {cause}"))
        .hint("check that it can be written and has room; forecasts and archive are as they were")
        .caused_by(cause)
}

/// PostgreSQL at an address.
#[cfg(feature = "postgres")]
pub struct Postgres {
    client: postgres::Client,
    shown: String,
}

#[cfg(feature = "postgres")]
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgreSQL at {}", self.shown)
    }
}

#[cfg(feature = "postgres")]
impl Postgres {
    /// Connects to `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, without encryption: a database on
    /// this machine or in a private network.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no address; [`Error::Store`] if nobody answers.
    pub fn connect(url: &str) -> Result<Self> {
        let mut config: postgres::Config = url.parse().map_err(|_| {
            Error::invalid("`CHIPCAST_LEDGER_URL` is no address of a PostgreSQL database")
                .hint("needed is `postgres://USER:PASSWORD@HOST:PORT/DATABASE`")
        })?;
        config.connect_timeout(BUSY);
        let hosts: Vec<_> = config.get_hosts().iter().map(|host| format!("{host:?}")).collect();
        let shown = format!("PostgreSQL at {}", hosts.join(", "));
        let client = config.connect(postgres::NoTls).map_err(|e| refused(&shown, e))?;
        Ok(Self { client, shown })
    }
}

#[cfg(feature = "postgres")]
fn values(values: &[Option<String>]) -> Vec<&(dyn postgres::types::ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn postgres::types::ToSql + Sync)).collect()
}

#[cfg(feature = "postgres")]
impl Database for Postgres {
    fn apply(&mut self, statements: &[Statement]) -> Result<()> {
        let mut apply = || -> std::result::Result<(), postgres::Error> {
            let mut change = self.client.transaction()?;
            for (text, held) in statements {
                change.execute(*text, &values(held))?;
            }
            change.commit()
        };
        apply().map_err(|e| refused(&self.shown, e))
    }

    fn rows(&mut self, (text, held): &Statement) -> Result<Vec<TextRow>> {
        let rows = self.client.query(*text, &values(held)).map_err(|e| refused(&self.shown, e))?;
        let cells = |row: &postgres::Row| -> std::result::Result<TextRow, postgres::Error> {
            (0..row.len()).map(|idx| row.try_get(idx)).collect()
        };
        rows.iter()
            .map(cells)
            .collect::<std::result::Result<_, _>>()
            .map_err(|e| refused(&self.shown, e))
    }
}
