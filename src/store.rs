//! The archive on disk: Parquet segments named by their content, one manifest, one lock.
//!
//! May use `archive`, `error`, `observation`, `series`. With `store/` the only code of the library
//! that calls `std::fs`. A write makes its segments first and renames the manifest last, so that a crash at any
//! point leaves the old or the new archive. Never compares a vintage with a day.

#![expect(clippy::disallowed_methods, reason = "the one module that may use the disk")]

pub mod database;
mod framed;
pub mod ledger;
pub mod lock;
pub mod manifest;
pub mod raw;
pub mod repair;
pub mod runs;

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::manifest::{Manifest, Segment};
use self::raw::RawStore;
use crate::archive::{Archive, Batch, Part};
use crate::error::{Error, Result};
use crate::observation::{Observation, Observations};

/// Rows of one segment at most, so that reading one series checks little else.
const MAX_SEGMENT_ROWS: usize = 65_536;

const MANIFEST: &str = "manifest.json";
/// The same bytes again, so that a damaged manifest can be restored.
const MANIFEST_COPY: &str = "manifest.copy.json";
const SEGMENTS: &str = "segments";
/// The folder of files that a repair could not restore.
const DAMAGED: &str = "damaged";
/// The advice on damage.
const REPAIR_HINT: &str = "`chipcast data check` names all that is damaged, and `chipcast data repair` \
                           restores what can be";
const LOCK: &str = "lock";
/// Stands while the first write of an archive has not got to its manifest.
const UNFINISHED: &str = "unfinished";

/// The folder of an archive: `DIR/archive`.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// The cause of an error when another process holds the lock.
#[derive(Debug, thiserror::Error)]
#[error("the lock is held")]
pub struct Busy;

/// Whether an error says that another process holds the lock.
pub fn is_busy(error: &Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error + 'static>::is::<Busy>)
}

/// A held lock; let go when dropped.
#[derive(Debug)]
pub struct Locked<'a> {
    store: &'a Store,
    lock: File,
}

impl Store {
    /// The store below `data`; nothing is made or read yet.
    ///
    /// # Errors
    /// [`Error::Store`] if `data` is a file.
    pub fn at(data: &Path) -> Result<Self> {
        if data.is_file() {
            return Err(Error::store(format!(
                "`{}` is a file; a folder is needed",
                data.display()
            ))
            .hint("give `--data` the folder that holds the archive, or one to be made"));
        }
        Ok(Self { folder: data.join("archive") })
    }

    /// Whether an archive was written here; a first write that was cut short left none. Segments whose
    /// manifest is gone are an archive still: a damaged one.
    pub fn exists(&self) -> bool {
        let has_segments = || {
            list_files(&self.folder.join(SEGMENTS), "parquet").is_ok_and(|files| !files.is_empty())
        };
        self.folder.join(MANIFEST).exists()
            || (has_segments() && !self.folder.join(UNFINISHED).exists())
    }

    /// What changes when the archive does, read without opening it; none where there is no archive.
    pub fn stamp(&self) -> Option<String> {
        stamp(&self.folder.join(MANIFEST))
    }

    /// Reads the archive; tables are read when a series is first asked for, and checked against their
    /// hash then.
    ///
    /// # Errors
    /// [`Error::Store`] if the manifest is missing, damaged or of another version.
    pub fn read(&self) -> Result<Archive> {
        let manifest = self.read_manifest()?;
        let announcements = manifest.announcements()?;
        let mut parts = Vec::with_capacity(manifest.segments.len());
        for mut segment in manifest.segments {
            let (ranges, content) = (segment.ranges()?, segment.content.clone());
            let owners = std::mem::take(&mut segment.owners);
            let store = self.clone();
            let load = move |block_idx| store.read_block(&segment, block_idx);
            let part = Part::lazy(ranges, content, Box::new(load));
            parts.push(Arc::new(part.of_owners(owners.into_iter())));
        }
        Ok(Archive::from_parts(parts, announcements, manifest.known_through))
    }

    /// Takes the write lock.
    ///
    /// # Errors
    /// [`Error::Store`] if the folder cannot be made, or another process holds the lock.
    pub fn lock(&self) -> Result<Locked<'_>> {
        let segments = self.folder.join(SEGMENTS);
        fs::create_dir_all(&segments).map_err(|e| unwritable(&segments, e))?;
        let path = self.folder.join(LOCK);
        let lock = File::create(&path).map_err(|e| unwritable(&path, e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Locked { store: self, lock }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::store(format!("`{}` is locked by another run", self.folder.display()))
                    .hint("wait for it to end, or give another folder with `--data`")
                    .caused_by(Busy))
            }
            Err(TryLockError::Error(e)) => Err(unwritable(&path, e)),
        }
    }

    /// A small file of JSON beside the manifest, if there is one.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be read, or is not as it was written.
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.folder.join(name);
        let shown = path.display();
        match fs::read(&path) {
            Ok(bytes) => framed::open(&bytes).map(|note| Some(note.to_owned())).ok_or_else(|| {
                Error::store(format!("`{shown}` is damaged: its content does not match its hash"))
                    .hint(
                        "remove it: what it notes is then read again, and nothing is stored twice",
                    )
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::store(format!("`{shown}` cannot be read")).caused_by(e)),
        }
    }

    /// Writes a small file beside the manifest, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn write_note(&self, name: &str, bytes: &[u8]) -> Result<()> {
        write_atomic(&self.folder.join(name), &framed::seal(bytes))
    }

    fn read_manifest(&self) -> Result<Manifest> {
        self.manifest_in(MANIFEST)
    }

    fn manifest_in(&self, name: &str) -> Result<Manifest> {
        let path = self.folder.join(name);
        let shown = format!("`{}`", path.display());
        let text = fs::read(&path)
            .map_err(|e| Error::store(format!("{shown} cannot be read")).caused_by(e));
        text.and_then(|bytes| Manifest::decode(&bytes).map_err(|e| e.within(&shown)))
            .map_err(|error| error.hint(REPAIR_HINT))
    }

    fn segment_path(&self, file: &str) -> PathBuf {
        self.folder.join(SEGMENTS).join(file)
    }

    /// The bytes of a segment, as they were written.
    fn segment_bytes(&self, segment: &Segment) -> Result<Vec<u8>> {
        let path = self.segment_path(&segment.file);
        let damaged = |what: &str| {
            Error::store(format!("segment `{}` {what}", path.display())).hint(REPAIR_HINT)
        };
        let bytes = fs::read(&path).map_err(|e| damaged("cannot be read").caused_by(e))?;
        if blake3::hash(&bytes).to_hex().as_str() == segment.blake3 {
            return Ok(bytes);
        }
        Err(damaged("is damaged: its content does not match its hash"))
    }

    /// A block of a segment, all of whose bytes are checked first.
    fn read_block(&self, segment: &Segment, block_idx: usize) -> Result<Observations> {
        let bytes = self.segment_bytes(segment)?;
        manifest::decode_segment(&bytes, segment.rows(block_idx)).map_err(|error| {
            error.within(format!("segment `{}`", self.segment_path(&segment.file).display()))
        })
    }

    /// The bodies that are kept beside the archive; a copy of each segment is one of them.
    fn raw(&self) -> RawStore {
        RawStore::at(self.folder.parent().unwrap_or(&self.folder))
    }
}

impl Drop for Locked<'_> {
    /// Lets go at once: a child that another thread is starting may still share the open file.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

impl Locked<'_> {
    /// Makes `batch` part of the archive on disk: segments first, the manifest last.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses; the old archive stays as it was.
    pub fn commit(&self, batch: &Batch) -> Result<()> {
        let mut manifest = if self.store.exists() {
            self.store.read_manifest()?
        } else {
            write_atomic(&self.store.folder.join(UNFINISHED), b"")?;
            Manifest::new(batch.known_through)
        };
        for chunk in batch_chunks(&batch.observations)? {
            manifest.segments.push(self.write_segment(&chunk)?);
        }
        manifest.add(batch);
        self.write_manifest(manifest)?;
        // With the manifest in place the mark means nothing, so that it may stay if the disk insists.
        let _ = fs::remove_file(self.store.folder.join(UNFINISHED));
        Ok(())
    }

    /// The copy first, then the manifest: what the copy says before was acknowledged by nobody.
    fn write_manifest(&self, manifest: Manifest) -> Result<()> {
        let text = manifest.encode()?;
        write_atomic(&self.store.folder.join(MANIFEST_COPY), &text)?;
        write_atomic(&self.store.folder.join(MANIFEST), &text)
    }

    fn write_segment(&self, observations: &Observations) -> Result<Segment> {
        let (segment, bytes) = Segment::of(observations)?;
        self.store.raw().put(&bytes)?;
        write_atomic(&self.store.segment_path(&segment.file), &bytes)?;
        Ok(segment)
    }
}

fn batch_chunks(rows: &[Observation]) -> Result<Vec<Observations>> {
    let mut sorted: Vec<&Observation> = rows.iter().collect();
    sorted.sort_by_key(|row| &row.series);
    let chunks = sorted.chunks(MAX_SEGMENT_ROWS);
    chunks.map(|rows| Observations::from_rows(rows.iter().copied().cloned().collect())).collect()
}

/// Writes a file so that a reader sees the old bytes or the new, never a part: a temporary file in
/// the same folder, flushed to disk, renamed, and the folder flushed.
///
/// # Errors
/// [`Error::Store`] if the disk refuses.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = new_file(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|e| unwritable(path, e))
}

/// A temporary file with the permissions that any new file gets.
fn new_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Makes a folder and its parents.
///
/// # Errors
/// [`Error::Store`] if the disk refuses.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| unwritable(path, e))
}

/// Moves a file into a folder, which is made; a namesake there gives way.
fn move_into(path: &Path, folder: &Path) -> Result<PathBuf> {
    make_folder(folder)?;
    let to = folder.join(path.file_name().unwrap_or_default());
    fs::rename(path, &to).map_err(|e| unwritable(&to, e))?;
    Ok(to)
}

/// Whether a path leads to a file.
pub fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|facts| facts.is_file())
}

/// Length and last change of a file; none where there is none.
pub fn stamp(path: &Path) -> Option<String> {
    let facts = fs::metadata(path).ok()?;
    Some(format!("{} {:?}", facts.len(), facts.modified().ok()?))
}

/// The names of the folders in a folder, sorted; none where it cannot be read.
pub fn list_folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(std::result::Result::ok);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders.filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Bytes of memory that this process holds; `None` where the kernel does not say.
pub fn resident_bytes() -> Option<u64> {
    memory_bytes("VmRSS:")
}

/// The most memory that this process has held, in bytes; `None` where the kernel does not say.
pub fn peak_memory_bytes() -> Option<u64> {
    memory_bytes("VmHWM:")
}

fn memory_bytes(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Reads a whole file that a user named, up to `limit` bytes.
///
/// # Errors
/// [`Error::NotFound`] if there is none, [`Error::Invalid`] if it is a folder or larger than `limit`.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let shown = path.display();
    let facts = fs::metadata(path)
        .map_err(|e| Error::not_found(format!("`{shown}` cannot be read")).caused_by(e))?;
    if facts.is_dir() {
        return Err(Error::invalid(format!("`{shown}` is a folder; a file is needed")));
    }
    if facts.len() > limit {
        return Err(Error::invalid(format!(
            "`{shown}` has {} bytes; at most {limit} are read",
            facts.len()
        )));
    }
    fs::read(path).map_err(|e| Error::store(format!("`{shown}` cannot be read")).caused_by(e))
}

/// Opens a file that a user named, to be read in parts.
///
/// # Errors
/// [`Error::NotFound`] if it cannot be opened.
pub fn open_file(path: &Path) -> Result<File> {
    File::open(path)
        .map_err(|e| Error::not_found(format!("`{}` cannot be read", path.display())).caused_by(e))
}

/// The files with an ending in a folder that a user named, sorted by name.
///
/// # Errors
/// [`Error::NotFound`] if the folder cannot be read.
pub fn list_files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| {
        Error::not_found(format!("folder `{}` cannot be read", folder.display())).caused_by(e)
    })?;
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && path.extension().is_some_and(|e| e == ending))
        .collect();
    paths.sort();
    Ok(paths)
}

fn unwritable(path: &Path, cause: std::io::Error) -> Error {
    Error::store(format!("`{}` cannot be written", path.display()))
        .hint("check that the disk is writable and has room; the archive is as it was")
        .caused_by(cause)
}
