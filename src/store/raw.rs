//! What sources answered, kept as bytes: bodies named by their hash, what is known of each URL, and
//! downloads that are not finished.
//!
//! ```text
//! raw/ab/abcd...          a body, or a copy of a segment; its name is the blake3 hash of its bytes
//! raw/http/KEY.json       what is known of a URL, and the hash of its body; sealed with a hash
//! raw/damaged/            what a repair found not to be as it was written
//! raw/part/KEY.part       a download so far; KEY.json says of what, KEY.lock that it runs
//! ```
//!
//! May use `error` and `store`. Nothing is ever removed but a finished download's notes. A body whose
//! bytes do not match its name is as good as absent.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    Busy, DAMAGED, framed, list_folders, make_folder, move_into, unwritable, write_atomic,
};
use crate::error::{Error, Result};

/// Version of the form of a download's notes; others are as good as absent.
const SCHEMA_VERSION: u32 = 1;
/// The folder of what is known of URLs.
const HTTP: &str = "http";
/// The largest note that is read.
const NOTE_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a download after which it is flushed and noted.
const CHECKPOINT_BYTES: u64 = 16 << 20;

/// The folder of raw answers: `DIR/raw`. Made when something is first kept.
#[derive(Debug, Clone)]
pub struct RawStore {
    folder: PathBuf,
}

/// A download that is not finished, held by one process at a time.
#[derive(Debug)]
pub struct PartFile {
    store: RawStore,
    file: File,
    path: PathBuf,
    note_path: PathBuf,
    note: Note,
    n_bytes: u64,
    lock: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    schema_version: u32,
    /// What the source calls this state of the file.
    validator: Option<String>,
    /// Bytes in all.
    total: Option<u64>,
    /// Bytes that are safely on disk.
    n_bytes: u64,
}

impl RawStore {
    /// The raw answers below `data`; nothing is made or read yet.
    pub fn at(data: &Path) -> Self {
        Self { folder: data.join("raw") }
    }

    /// Keeps a body, and gives its hash.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn put(&self, bytes: &[u8]) -> Result<String> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        if self.get(&hash, bytes.len() as u64).is_none() {
            write_atomic(&self.place(&hash)?, bytes)?;
        }
        Ok(hash)
    }

    /// A body of at most `limit` bytes, if it is kept and whole.
    pub fn get(&self, hash: &str, limit: u64) -> Option<Vec<u8>> {
        let bytes = read_up_to(&self.body_path(hash)?, limit)?;
        (blake3::hash(&bytes).to_hex().as_str() == hash).then_some(bytes)
    }

    /// The file of a body, if it is kept and whole.
    pub fn path(&self, hash: &str) -> Option<PathBuf> {
        let path = self.body_path(hash)?;
        (hash_of(File::open(&path).ok()?).ok()? == hash).then_some(path)
    }

    /// Removes a body, if the disk lets go of it.
    pub fn forget(&self, hash: &str) {
        if let Some(path) = self.body_path(hash) {
            let _ = fs::remove_file(path);
        }
    }

    /// What is known under a key, if anything; a damaged entry is as good as none.
    pub fn read_entry(&self, key: &str) -> Option<Vec<u8>> {
        let path = self.folder.join(HTTP).join(format!("{key}.json"));
        framed::open(&read_up_to(&path, NOTE_BYTES_MAX)?).map(<[u8]>::to_owned)
    }

    /// Keeps what is known under a key: a JSON document.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn write_entry(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let folder = self.folder.join(HTTP);
        make_folder(&folder)?;
        write_atomic(&folder.join(format!("{key}.json")), &framed::seal(bytes))
    }

    /// Every body and entry that is not as it was written, sorted.
    pub fn damaged(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for name in list_folders(&self.folder) {
            let is_sound: fn(&Self, &str) -> bool = match name.as_str() {
                HTTP => Self::is_sound_entry,
                _ if name.len() == 2 => |store, name| store.path(name).is_some(),
                _ => continue,
            };
            let files = fs::read_dir(self.folder.join(&name)).into_iter().flatten().flatten();
            found.extend(files.map(|file| file.path()).filter(|path| {
                let named = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                // A write that is cut short leaves a temporary file, which nobody reads.
                path.is_file() && !named.starts_with('.') && !is_sound(self, named)
            }));
        }
        found.sort();
        found
    }

    fn is_sound_entry(&self, name: &str) -> bool {
        name.strip_suffix(".json").is_some_and(|key| self.read_entry(key).is_some())
    }

    /// Moves a file of the store out of the way: `raw/damaged/NAME`.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn set_aside(&self, path: &Path) -> Result<PathBuf> {
        move_into(path, &self.folder.join(DAMAGED))
    }

    /// Opens the download under a key where it was left, or begins it.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses, or another process is at it.
    pub fn part(&self, key: &str) -> Result<PartFile> {
        let folder = self.folder.join("part");
        make_folder(&folder)?;
        let named = |ending: &str| folder.join(format!("{key}.{ending}"));
        let (path, note_path, lock_path) = (named("part"), named("json"), named("lock"));
        let lock = lock(&lock_path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(|e| unwritable(&path, e))?;
        let mut part = PartFile {
            store: self.clone(),
            note: read_note(&note_path).unwrap_or_default(),
            n_bytes: 0,
            file,
            path,
            note_path,
            lock,
        };
        part.recover().map_err(|e| unwritable(&part.path, e))?;
        Ok(part)
    }

    fn body_path(&self, hash: &str) -> Option<PathBuf> {
        let is_hash = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        is_hash.then(|| self.folder.join(&hash[..2]).join(hash))
    }

    /// Where a body goes; its folder is made.
    fn place(&self, hash: &str) -> Result<PathBuf> {
        let folder = self.folder.join(&hash[..2]);
        make_folder(&folder)?;
        Ok(folder.join(hash))
    }
}

impl PartFile {
    /// Bytes so far.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// What the source called the state of the file that these bytes are of.
    pub fn validator(&self) -> Option<&str> {
        self.note.validator.as_deref()
    }

    /// Bytes in all, where known.
    pub fn total(&self) -> Option<u64> {
        self.note.total
    }

    /// Begins anew: `validator` is what the source calls the state that comes now.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn restart(&mut self, validator: Option<String>, total: Option<u64>) -> Result<()> {
        self.note = Note { schema_version: SCHEMA_VERSION, validator, total, n_bytes: 0 };
        self.truncate(0).map_err(|e| unwritable(&self.path, e))?;
        self.checkpoint()
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| unwritable(&self.path, e))?;
        self.n_bytes += bytes.len() as u64;
        if self.n_bytes - self.note.n_bytes >= CHECKPOINT_BYTES {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Makes what is there safe, so that the download can go on from it at another time.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn checkpoint(&mut self) -> Result<()> {
        self.file.sync_all().map_err(|e| unwritable(&self.path, e))?;
        self.note.n_bytes = self.n_bytes;
        let note = serde_json::to_vec(&self.note)
            .map_err(|e| Error::store("the note of a download cannot be written").caused_by(e))?;
        write_atomic(&self.note_path, &note)
    }

    /// Makes the file a body of the store, and gives its hash and path.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn finish(mut self) -> Result<(String, PathBuf)> {
        self.checkpoint()?;
        let rewound = self.file.rewind().and_then(|()| hash_of(&self.file));
        let hash = rewound.map_err(|e| unwritable(&self.path, e))?;
        let place = self.store.place(&hash)?;
        fs::rename(&self.path, &place).map_err(|e| unwritable(&place, e))?;
        // A note without its file begins anew, so that it may stay if the disk insists.
        let _ = fs::remove_file(&self.note_path);
        Ok((hash, place))
    }

    /// Goes back to the bytes that are known to be safe, those of a known state alone.
    fn recover(&mut self) -> std::io::Result<()> {
        let length = self.file.metadata()?.len();
        let is_usable = self.note.validator.is_some() && self.note.n_bytes <= length;
        if !is_usable {
            self.note = Note::default();
        }
        self.truncate(self.note.n_bytes)
    }

    fn truncate(&mut self, n_bytes: u64) -> std::io::Result<()> {
        self.file.set_len(n_bytes)?;
        self.file.seek(SeekFrom::Start(n_bytes))?;
        self.n_bytes = n_bytes;
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

fn lock(path: &Path) -> Result<File> {
    let lock = File::create(path).map_err(|e| unwritable(path, e))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(Error::store(format!("`{}` is locked by another download", path.display()))
                .hint("wait for it to end: its file serves this run too")
                .caused_by(Busy))
        }
        Err(TryLockError::Error(e)) => Err(unwritable(path, e)),
    }
}

fn read_note(path: &Path) -> Option<Note> {
    let note: Note = serde_json::from_slice(&read_up_to(path, NOTE_BYTES_MAX)?).ok()?;
    (note.schema_version == SCHEMA_VERSION).then_some(note)
}

/// A file's bytes, if it is there, readable and not larger than it should be.
fn read_up_to(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= limit).then_some(bytes)
}

fn hash_of(file: impl Read) -> std::io::Result<String> {
    Ok(blake3::Hasher::new().update_reader(file)?.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, RawStore) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = RawStore::at(folder.path());
        (folder, store)
    }

    #[test]
    fn a_body_is_named_by_its_bytes_and_a_damaged_one_is_absent() {
        let (folder, store) = store();
        let hash = store.put(b"abc").expect("kept");
        let path = folder.path().join("raw").join(&hash[..2]).join(&hash);
        assert_eq!(store.get(&hash, 3).as_deref(), Some(&b"abc"[..]));
        assert_eq!(store.get(&hash, 2), None, "larger than asked");
        assert_eq!(store.path(&hash), Some(path.clone()));
        fs::write(&path, b"abd").expect("writable");
        assert_eq!((store.get(&hash, 3), store.path(&hash)), (None, None));
        assert_eq!(store.put(b"abc").expect("mended"), hash);
        assert_eq!(store.get(&hash, 3).as_deref(), Some(&b"abc"[..]));
        for no_hash in ["", "../../etc/passwd", &"/".repeat(64), &"é".repeat(32)] {
            assert_eq!(store.get(no_hash, 9), None);
        }
    }

    #[test]
    fn a_download_goes_on_from_what_is_safe() {
        let (folder, store) = store();
        let mut part = store.part("k").expect("begun");
        part.restart(Some("\"1\"".into()), Some(6)).expect("written");
        part.append(b"abc").expect("written");
        part.checkpoint().expect("written");
        part.append(b"lost in the cut").expect("written");
        assert!(store.part("k").is_err(), "one at a time");
        drop(part);
        let mut part = store.part("k").expect("opened");
        assert_eq!((part.n_bytes(), part.validator(), part.total()), (3, Some("\"1\""), Some(6)));
        part.append(b"def").expect("written");
        let (hash, path) = part.finish().expect("whole");
        assert_eq!(store.get(&hash, 6).as_deref(), Some(&b"abcdef"[..]));
        assert_eq!(store.path(&hash), Some(path));
        assert_eq!(store.part("k").expect("anew").n_bytes(), 0);
        fs::write(folder.path().join("raw/part/k.json"), b"{").expect("writable");
        assert_eq!(store.part("k").expect("anew").validator(), None);
    }
}
