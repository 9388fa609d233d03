//! The ledger on disk: one JSON line a row, chained by hashes, and a head that says what was
//! acknowledged.
//!
//! ```text
//! ledger/ledger.jsonl   {"hash":"H","row":{...}}   H = blake3(hash of the line before, row)
//! ledger/head.json      number of rows, bytes, and the last hash
//! ```
//!
//! May use `error` and `store`. A row is never changed or removed. Rows are appended and flushed
//! first, and the head is renamed into place last. What stands behind the head after a crash is kept
//! where it is whole; a last line that is not was never acknowledged, and the next append cuts it.
//! Never looks into a row.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Locked, make_folder, unwritable, write_atomic};
use crate::error::{Error, Result};

/// Version of the form of lines and head.
const SCHEMA_VERSION: u32 = 1;
const LINES: &str = "ledger.jsonl";
const HEAD: &str = "head.json";
/// What stands before, between and behind the two parts of a line.
const FRAME: [&str; 3] = ["{\"hash\":\"", "\",\"row\":", "}"];
/// Hexadecimal digits of a hash.
const HASH_LEN: usize = 64;

/// The folder of a ledger: `DIR/ledger`. Made when something is first kept.
#[derive(Debug, Clone)]
pub struct LedgerFile {
    folder: PathBuf,
}

/// The rows of a ledger, each checked against the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The rows as JSON texts, oldest first.
    pub rows: Vec<String>,
    /// Bytes behind the last whole row: a write that was cut short.
    pub n_torn_bytes: u64,
    hash: String,
    n_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Head {
    schema_version: u32,
    n_rows: usize,
    n_bytes: u64,
    hash: String,
}

impl LedgerFile {
    /// The ledger below `data`; nothing is made or read yet.
    pub fn at(data: &Path) -> Self {
        Self { folder: data.join("ledger") }
    }

    /// What changes when the ledger does, read without opening it; none where there is no ledger.
    pub fn stamp(&self) -> Option<String> {
        super::stamp(&self.folder.join(LINES))
    }

    /// Reads and checks every row; an absent ledger has none.
    ///
    /// # Errors
    /// [`Error::Store`] if a row or the head is not what was written: the line is named.
    pub fn read(&self) -> Result<Chain> {
        let (lines, head) = (self.bytes(LINES)?, self.bytes(HEAD)?);
        match (lines, head) {
            (None, None) => Ok(Chain::empty()),
            (Some(_), None) => Err(self.damaged(HEAD, "is missing")),
            (lines, Some(head)) => {
                let head = self.head(&head)?;
                self.chain(&lines.unwrap_or_default(), &head)
            }
        }
    }

    /// Adds rows at the end: all of them are acknowledged, or none.
    ///
    /// - `rows`: JSON objects on one line each.
    ///
    /// # Errors
    /// As [`LedgerFile::read`]; [`Error::Store`] if the disk refuses.
    pub fn append(&self, _held: &Locked<'_>, rows: &[String]) -> Result<()> {
        let mut chain = self.read()?;
        if rows.is_empty() {
            return Ok(());
        }
        let path = self.folder.join(LINES);
        if chain.n_bytes == 0 {
            make_folder(&self.folder)?;
            self.write_head(&chain)?;
        }
        let from = chain.n_bytes;
        let text: String = rows.iter().map(|row| chain.push(row)).collect();
        let write = || -> std::io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(false).open(&path)?;
            file.set_len(from)?;
            file.seek(SeekFrom::Start(from))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|e| unwritable(&path, e))?;
        self.write_head(&chain)
    }

    /// Where the head is.
    pub(super) fn head_path(&self) -> PathBuf {
        self.folder.join(HEAD)
    }

    /// Writes a head anew where it is missing or no head at all, of lines that are whole to the last byte.
    /// A head that can be read says how many rows there were, and is never replaced.
    ///
    /// - Returns the number of rows; none where nothing was written.
    pub(super) fn restore_head(&self, _held: &Locked<'_>) -> Result<Option<usize>> {
        let head = self.bytes(HEAD)?;
        if head.is_some_and(|bytes| self.head(&bytes).is_ok()) {
            return Ok(None);
        }
        let Some(bytes) = self.bytes(LINES)? else { return Ok(None) };
        let mut chain = Chain::empty();
        while let Some(row) = chain.next(&bytes) {
            chain.push(&row);
        }
        if chain.rows.is_empty() || chain.n_bytes != bytes.len() as u64 {
            return Ok(None);
        }
        self.write_head(&chain)?;
        Ok(Some(chain.rows.len()))
    }

    fn write_head(&self, chain: &Chain) -> Result<()> {
        write_atomic(&self.folder.join(HEAD), &chain.head().bytes()?)
    }

    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => {
                Err(Error::store(format!("`{}` cannot be read", path.display())).caused_by(e))
            }
        }
    }

    fn head(&self, bytes: &[u8]) -> Result<Head> {
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|e| self.damaged(HEAD, "is damaged").caused_by(e))?;
        if head.schema_version != SCHEMA_VERSION {
            let what = format!(
                "has schema version {}; this version reads {SCHEMA_VERSION}",
                head.schema_version
            );
            return Err(self.damaged(HEAD, &what));
        }
        if head.bytes()? != bytes {
            return Err(self.damaged(HEAD, "is damaged: it is not as it was written"));
        }
        Ok(head)
    }

    /// Walks through the lines; up to the head each must be whole, and the head must be met.
    fn chain(&self, bytes: &[u8], head: &Head) -> Result<Chain> {
        let mut chain = Chain::empty();
        let mut is_met = chain.head() == *head;
        while let Some(row) = chain.next(bytes) {
            chain.push(&row);
            is_met |= chain.head() == *head;
        }
        chain.n_torn_bytes = bytes.len() as u64 - chain.n_bytes;
        if is_met {
            return Ok(chain);
        }
        let what = if chain.rows.len() < head.n_rows {
            let found = if chain.n_torn_bytes == 0 { "is missing" } else { "is damaged" };
            format!("line {} {found}: {} rows were written", chain.rows.len() + 1, head.n_rows)
        } else {
            format!("does not lead to the head of {} rows in `{HEAD}`", head.n_rows)
        };
        Err(self.damaged(LINES, &what))
    }

    fn damaged(&self, name: &str, what: &str) -> Error {
        Error::store(format!("`{}` {what}", self.folder.join(name).display())).hint(
            "restore both files of the ledger from a backup; nothing is appended to a damaged one",
        )
    }
}

impl Head {
    fn bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)
            .map_err(|e| Error::store("the head of a ledger cannot be written").caused_by(e))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl Chain {
    fn empty() -> Self {
        Self { rows: Vec::new(), n_torn_bytes: 0, hash: "0".repeat(HASH_LEN), n_bytes: 0 }
    }

    fn head(&self) -> Head {
        Head {
            schema_version: SCHEMA_VERSION,
            n_rows: self.rows.len(),
            n_bytes: self.n_bytes,
            hash: self.hash.clone(),
        }
    }

    /// Adds a row and gives its line.
    fn push(&mut self, row: &str) -> String {
        self.hash = chained(&self.hash, row);
        let [open, between, close] = FRAME;
        let line = format!("{open}{}{between}{row}{close}\n", self.hash);
        self.n_bytes += line.len() as u64;
        self.rows.push(row.to_owned());
        line
    }

    /// The row that follows in `bytes`; none where the line is not whole or not the next of the chain.
    fn next(&self, bytes: &[u8]) -> Option<String> {
        let rest = bytes.get(usize::try_from(self.n_bytes).ok()?..)?;
        let line = rest.split(|byte| *byte == b'\n').next().filter(|l| l.len() < rest.len())?;
        let text = std::str::from_utf8(line).ok()?;
        let [open, between, close] = FRAME;
        let (hash, row) = text.strip_prefix(open)?.split_at_checked(HASH_LEN)?;
        let row = row.strip_prefix(between)?.strip_suffix(close)?;
        (chained(&self.hash, row) == hash).then(|| row.to_owned())
    }
}

/// The hash of a row that follows one with the hash `previous`.
fn chained(previous: &str, row: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous.as_bytes()).update(row.as_bytes());
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    fn rows(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|n| format!("{{\"n\":{n}}}")).collect()
    }

    fn held(folder: &Path, n: usize) -> (Store, LedgerFile) {
        let (store, file) = (Store::at(folder).expect("a folder"), LedgerFile::at(folder));
        file.append(&store.lock().expect("free"), &rows(0..n)).expect("written");
        (store, file)
    }

    #[test]
    fn rows_come_back_in_order_and_each_changed_byte_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(LedgerFile::at(folder.path()).read().expect("absent").rows.is_empty());
        let (store, file) = held(folder.path(), 3);
        file.append(&store.lock().expect("free"), &rows(3..5)).expect("written");
        assert_eq!(file.read().expect("whole").rows, rows(0..5));
        for name in [LINES, HEAD] {
            let path = folder.path().join("ledger").join(name);
            let bytes = fs::read(&path).expect("there");
            for at in 0..bytes.len() {
                for flip in [1, 32, 128] {
                    let mut other = bytes.clone();
                    other[at] ^= flip;
                    fs::write(&path, &other).expect("writable");
                    let error = file.read().expect_err("a changed byte").to_string();
                    assert!(error.contains(name) || error.contains(LINES), "{error}");
                }
            }
            fs::write(&path, &bytes[..bytes.len() - 1]).expect("writable");
            assert!(file.read().is_err(), "a lost end is seen");
            fs::remove_file(&path).expect("there");
            assert!(file.read().is_err(), "a lost file is seen");
            fs::write(&path, &bytes).expect("writable");
        }
        assert_eq!(file.read().expect("whole").rows, rows(0..5));
    }

    #[test]
    fn a_write_cut_at_any_byte_keeps_what_was_acknowledged() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, file) = held(folder.path(), 2);
        let path = |name: &str| folder.path().join("ledger").join(name);
        let (old, head) =
            (fs::read(path(LINES)).expect("there"), fs::read(path(HEAD)).expect("there"));
        file.append(&store.lock().expect("free"), &rows(2..4)).expect("written");
        let new = fs::read(path(LINES)).expect("there");
        for cut in old.len()..=new.len() {
            fs::write(path(LINES), &new[..cut]).expect("writable");
            fs::write(path(HEAD), &head).expect("writable");
            let chain = file.read().expect("what is behind the head harms nothing");
            let n_whole = 2 + new[old.len()..cut].split(|byte| *byte == b'\n').count() - 1;
            assert_eq!(chain.rows, rows(0..n_whole), "cut at {cut}");
            file.append(&store.lock().expect("free"), &rows(n_whole..4)).expect("written");
            if n_whole < 4 {
                assert_eq!(fs::read(path(LINES)).expect("there"), new, "cut at {cut}");
            }
        }
    }
}
