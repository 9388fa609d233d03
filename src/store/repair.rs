//! What of the kept files is damaged, and what of it can be restored.
//!
//! May use `archive`, `error`, `observation` and `store`. A segment is restored from its copy among the
//! bodies of `raw/`, or made anew from rows at hand that say the same; the manifest from its copy, or from
//! the segments. Every file is written whole beside and renamed. Nothing sound is removed; what cannot be
//! restored is moved aside where that is asked for, and never deleted.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::ledger::LedgerFile;
use super::manifest::{Manifest, Segment, decode_segment, file_name};
use super::raw::RawStore;
use super::{
    DAMAGED, Locked, MANIFEST, MANIFEST_COPY, SEGMENTS, Store, batch_chunks, list_files, move_into,
    write_atomic,
};
use crate::archive::Batch;
use crate::error::{Error, Result};
use crate::observation::Observations;

/// A file that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: String,
    /// What is wrong, in words that name the file.
    pub what: String,
    /// Whether the archive cannot be read with it.
    pub stops_reading: bool,
}

/// What a repair came to for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// The file.
    pub file: String,
    /// How it ended.
    pub end: End,
    /// From what it was restored, or what is lost and how it comes back.
    pub note: String,
}

/// How the repair of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it was.
    Restored,
    /// Moved out of the way: `damaged/NAME` beside it.
    SetAside,
    /// Nothing could be done, and nothing was.
    Lost,
}

/// What is done with a segment that cannot be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrestorable {
    /// It stays, and the archive cannot be read in full.
    Stays,
    /// It is moved aside, and the archive goes on without its rows.
    SetAside,
}

impl End {
    /// The word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::SetAside => "set_aside",
            Self::Lost => "lost",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Damage {
    fn new(path: &Path, what: impl Into<String>) -> Self {
        Self { file: path.display().to_string(), what: what.into(), stops_reading: false }
    }

    fn stopping(self) -> Self {
        Self { stops_reading: true, ..self }
    }
}

impl Mended {
    fn new(path: &Path, end: End, note: impl Into<String>) -> Self {
        Self { file: path.display().to_string(), end, note: note.into() }
    }
}

/// Looks at every byte of the archive, of what sources answered and of the ledger below `data`.
///
/// - Returns the damaged files, those first without which the archive cannot be read.
///
/// # Errors
/// [`Error::Store`] if `data` is a file.
pub fn survey(data: &Path) -> Result<Vec<Damage>> {
    let store = Store::at(data)?;
    let mut found = Vec::new();
    if store.exists() {
        let manifest = store.read_manifest();
        let copy = store.manifest_in(MANIFEST_COPY);
        if let Err(error) = &manifest {
            found.push(Damage::new(&store.folder.join(MANIFEST), error.to_string()).stopping());
        }
        let copy_path = store.folder.join(MANIFEST_COPY);
        if let Some(error) = copy.as_ref().err().filter(|_| copy_path.exists()) {
            found.push(Damage::new(&copy_path, error.to_string()));
        }
        for segment in manifest.or(copy).iter().flat_map(|manifest| &manifest.segments) {
            if let Err(error) = store.segment_bytes(segment) {
                let path = store.segment_path(&segment.file);
                found.push(Damage::new(&path, error.to_string()).stopping());
            }
        }
    }
    found.extend(RawStore::at(data).damaged().iter().map(|path| {
        let what = format!(
            "`{}` is not as it was written: what a source answered, or a copy of a segment",
            path.display()
        );
        Damage::new(path, what)
    }));
    if let Err(error) = LedgerFile::at(data).read() {
        found.push(Damage::new(&data.join("ledger"), error.to_string()));
    }
    Ok(found)
}

/// Restores what [`survey`] finds, under the write lock, and makes the copies that are missing.
///
/// - `at_hand`: rows that the program carries; a segment of the same rows is made anew from them.
///
/// # Errors
/// [`Error::Store`] if there is nothing to repair at all, another process writes, or the disk refuses.
pub fn repair(data: &Path, at_hand: &Batch, lost: Unrestorable) -> Result<Vec<Mended>> {
    let store = Store::at(data)?;
    let raw = RawStore::at(data);
    let is_there = store.exists();
    if !is_there && raw.damaged().is_empty() && LedgerFile::at(data).stamp().is_none() {
        return Err(Error::store(format!("`{}` holds no archive", data.display()))
            .hint("`--data` names the folder that holds `archive/`"));
    }
    let held = store.lock()?;
    let mut done = Vec::new();
    if is_there {
        Repair { held: &held, at_hand, lost, done: &mut done }.archive()?;
    }
    // By now every body that is a copy of a sound segment is sound.
    for path in raw.damaged() {
        raw.set_aside(&path)?;
        let note = "as good as absent before; the next ingest asks its source again";
        done.push(Mended::new(&path, End::SetAside, note));
    }
    done.extend(mend_ledger(data, &held)?);
    Ok(done)
}

struct Repair<'a> {
    held: &'a Locked<'a>,
    at_hand: &'a Batch,
    lost: Unrestorable,
    done: &'a mut Vec<Mended>,
}

impl Repair<'_> {
    fn store(&self) -> &Store {
        self.held.store
    }

    fn archive(mut self) -> Result<()> {
        let path = |name: &str| self.store().folder.join(name);
        let (main, copy) = (path(MANIFEST), path(MANIFEST_COPY));
        let is_sound = self.store().read_manifest().is_ok();
        let mut manifest = self.manifest()?;
        let mut segments = Vec::with_capacity(manifest.segments.len());
        let before = manifest.segments.clone();
        for segment in before {
            segments.extend(self.segment(segment)?);
        }
        let is_changed = segments != manifest.segments;
        manifest.segments = segments;
        let is_copied = is_sound && fs::read(&copy).ok() == fs::read(&main).ok();
        if !is_copied || is_changed {
            if is_sound && copy.exists() && !is_copied {
                self.done.push(Mended::new(&copy, End::Restored, "from the manifest"));
            }
            self.held.write_manifest(manifest)?;
        }
        Ok(())
    }

    /// The manifest, its copy, or what the segments themselves tell.
    fn manifest(&mut self) -> Result<Manifest> {
        if let Ok(manifest) = self.store().read_manifest() {
            return Ok(manifest);
        }
        let path = self.store().folder.join(MANIFEST);
        if path.exists() {
            let kept = fs::read(&path).map_err(|e| super::unwritable(&path, e))?;
            let aside = self.store().folder.join(DAMAGED);
            super::make_folder(&aside)?;
            write_atomic(&aside.join(MANIFEST), &kept)?;
        }
        if let Ok(manifest) = self.store().manifest_in(MANIFEST_COPY) {
            self.done.push(Mended::new(&path, End::Restored, "from its copy"));
            return Ok(manifest);
        }
        let (manifest, n_rows) = self.told_by_segments()?;
        let note = format!(
            "{} segments of {n_rows} rows were found whole; announcements that are not bundled, and days \
             read past {}, are lost: ingest their sources again",
            manifest.segments.len(),
            manifest.known_through
        );
        self.done.push(Mended::new(&path, End::Restored, note));
        Ok(manifest)
    }

    /// A manifest of every whole segment on disk, in the order of their names.
    fn told_by_segments(&self) -> Result<(Manifest, usize)> {
        let mut found: Vec<Segment> = Vec::new();
        let mut known_through = None;
        for path in list_files(&self.store().folder.join(SEGMENTS), "parquet")? {
            let Ok(bytes) = fs::read(&path) else { continue };
            let hash = blake3::hash(&bytes).to_hex().to_string();
            if path.file_name().and_then(|n| n.to_str()) != Some(file_name(&hash).as_str()) {
                continue;
            }
            let Ok(rows) = decode_segment(&bytes, 0..usize::MAX) else { continue };
            known_through = known_through.max(last_day(&rows)?);
            found.push(Segment::told(&rows, &bytes)?);
        }
        let n_rows = found.iter().map(|segment| segment.n_rows).sum();
        let is_bundle = |rows: Observations| {
            let content = rows.digest()?.to_hex().to_string();
            Ok::<_, Error>(found.iter().any(|segment| segment.content == content))
        };
        let mut holds_bundle = false;
        for rows in batch_chunks(&self.at_hand.observations)? {
            holds_bundle |= is_bundle(rows)?;
        }
        let none = Batch::empty(known_through.unwrap_or(self.at_hand.known_through));
        let mut manifest = Manifest::new(none.known_through);
        manifest.add(if holds_bundle { self.at_hand } else { &none });
        manifest.segments = found;
        Ok((manifest, n_rows))
    }

    /// A segment as it stands after the repair; none if the archive goes on without it.
    fn segment(&mut self, segment: Segment) -> Result<Option<Segment>> {
        let path = self.store().segment_path(&segment.file);
        let raw = self.store().raw();
        if let Ok(bytes) = self.store().segment_bytes(&segment) {
            // Archives of before there were copies get them here.
            raw.put(&bytes)?;
            return Ok(Some(segment));
        }
        if let Some(bytes) = raw.get(&segment.blake3, u64::MAX) {
            write_atomic(&path, &bytes)?;
            let note = format!("{} rows, byte by byte from their copy in `raw/`", segment.n_rows);
            self.done.push(Mended::new(&path, End::Restored, note));
            return Ok(Some(segment));
        }
        if let Some(rows) = self.same_rows(&segment)? {
            let anew = self.held.write_segment(&rows)?;
            if anew.file != segment.file && path.exists() {
                self.aside(&path)?;
            }
            let note = format!("{} rows, from the bundled data", anew.n_rows);
            self.done.push(Mended::new(&path, End::Restored, note));
            return Ok(Some(anew));
        }
        let of = format!("{} rows of {}", segment.n_rows, owners(&segment));
        if self.lost == Unrestorable::Stays {
            let note = format!("{of}; there is no copy: `--set-aside` goes on without them");
            self.done.push(Mended::new(&path, End::Lost, note));
            return Ok(Some(segment));
        }
        if path.exists() {
            self.aside(&path)?;
        }
        let note = format!(
            "{of} are missing now; `chipcast ingest` of their source brings them back, from answers kept in \
             `raw/` where they never change"
        );
        self.done.push(Mended::new(&path, End::SetAside, note));
        Ok(None)
    }

    fn aside(&self, path: &Path) -> Result<PathBuf> {
        move_into(path, &self.store().folder.join(DAMAGED))
    }

    /// Rows at hand that say what the segment said.
    fn same_rows(&self, segment: &Segment) -> Result<Option<Observations>> {
        for rows in batch_chunks(&self.at_hand.observations)? {
            let says_the_same = rows.digest()?.to_hex().as_str() == segment.content;
            if rows.n_rows() == segment.n_rows && says_the_same {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }
}

fn owners(segment: &Segment) -> String {
    let n = segment.owners.len();
    let mut shown = segment.owners.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if n > 5 {
        shown.push_str(&format!(" and {} more", n - 5));
    }
    if n == 0 { format!("{} to {}", segment.first_series, segment.last_series) } else { shown }
}

/// The last vintage of a table: its archive is known through that day at least.
fn last_day(rows: &Observations) -> Result<Option<chrono::NaiveDate>> {
    let vintage = rows.frame().column("vintage")?.date()?;
    let last = vintage.phys.iter().flatten().max();
    Ok(last.and_then(crate::observation::from_days))
}

/// A head that is lost is made anew of whole lines; lines that are lost are lost.
fn mend_ledger(data: &Path, held: &Locked<'_>) -> Result<Option<Mended>> {
    let ledger = LedgerFile::at(data);
    let Err(error) = ledger.read() else { return Ok(None) };
    Ok(Some(match ledger.restore_head(held)? {
        Some(n_rows) => {
            let note = format!("from {n_rows} whole rows; rows cut off the end would not be seen");
            Mended::new(&ledger.head_path(), End::Restored, note)
        }
        None => Mended::new(&data.join("ledger"), End::Lost, error.to_string()),
    }))
}
