//! The folder of a job's runs: a run is written beside, and is there whole or not at all.
//!
//! ```text
//! runs/RUN_ID/            a published run; never changed
//! runs/latest             leads to the run that was published last
//! runs/failed/RUN_ID/     what is known of a run that published nothing
//! runs/.staging-NAME-*    a run that is being written, or was when its process was killed
//! ```
//!
//! May use `error` and `store`. Files and folders are flushed before they are renamed, and `latest`
//! moves last. Never changes a published run.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{make_folder, unwritable};
use crate::error::{Error, Result};

const LATEST: &str = "latest";
const FAILED: &str = "failed";
const STAGING: &str = ".staging-";

/// The folder of the runs of one job.
#[derive(Debug, Clone)]
pub struct RunFolder {
    folder: PathBuf,
    job: String,
}

/// A file to be written: its name and bytes.
pub type OutFile = (String, Vec<u8>);

impl RunFolder {
    /// The folder of a job's runs; nothing is made or read yet.
    pub fn at(folder: &Path, job: &str) -> Self {
        Self { folder: folder.to_owned(), job: job.to_owned() }
    }

    /// Where a run lies, or would lie.
    pub fn path(&self, run_id: &str) -> PathBuf {
        self.folder.join(run_id)
    }

    /// Whether a run was published.
    pub fn holds(&self, run_id: &str) -> bool {
        self.path(run_id).is_dir()
    }

    /// A file of a published run, if there is one.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be read.
    pub fn read(&self, run_id: &str, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(run_id).join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => {
                Err(Error::store(format!("`{}` cannot be read", path.display())).caused_by(e))
            }
        }
    }

    /// Publishes a run: all its files, or nothing. One that is there already stays as it is.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses; what was published before stays as it was.
    pub fn publish(&self, run_id: &str, files: &[OutFile]) -> Result<PathBuf> {
        let path = self.path(run_id);
        if path.is_dir() {
            return Ok(path);
        }
        self.place(&path, files)?;
        Ok(path)
    }

    /// Keeps what is known of a run that published nothing, instead of what was kept of it before.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn keep_failed(&self, run_id: &str, files: &[OutFile]) -> Result<PathBuf> {
        let folder = self.folder.join(FAILED);
        make_folder(&folder)?;
        let path = folder.join(run_id);
        match fs::remove_dir_all(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(unwritable(&path, e)),
            _ => {}
        }
        self.place(&path, files)?;
        Ok(path)
    }

    /// Writes a folder beside, flushed, and renames it into place.
    fn place(&self, path: &Path, files: &[OutFile]) -> Result<()> {
        make_folder(&self.folder)?;
        let staging = tempfile::Builder::new()
            .prefix(&self.staging())
            .tempdir_in(&self.folder)
            .map_err(|e| unwritable(&self.folder, e))?;
        let write = || -> std::io::Result<()> {
            for (name, bytes) in files {
                let mut file = File::create(staging.path().join(name))?;
                file.write_all(bytes)?;
                file.sync_all()?;
            }
            open_to_all(staging.path())?;
            File::open(staging.path())?.sync_all()?;
            fs::rename(staging.path(), path)?;
            if let Some(parent) = path.parent() {
                File::open(parent)?.sync_all()?;
            }
            Ok(())
        };
        write().map_err(|e| unwritable(path, e))?;
        // It is not there under its old name any more.
        drop(staging.keep());
        Ok(())
    }

    /// The run that was published last, if there is one.
    pub fn latest(&self) -> Option<String> {
        let path = self.folder.join(LATEST);
        let named = match fs::read_link(&path) {
            Ok(target) => target.to_str()?.to_owned(),
            Err(_) => fs::read_to_string(&path).ok()?.trim().to_owned(),
        };
        self.holds(&named).then_some(named)
    }

    /// Moves `latest` to a published run, in one step: a link, or where links are unknown a file with
    /// its name.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn set_latest(&self, run_id: &str) -> Result<()> {
        if self.latest().as_deref() == Some(run_id) {
            return Ok(());
        }
        let path = self.folder.join(LATEST);
        let beside = tempfile::Builder::new()
            .prefix(&self.staging())
            .tempdir_in(&self.folder)
            .map_err(|e| unwritable(&self.folder, e))?;
        let fresh = beside.path().join(LATEST);
        let write = || -> std::io::Result<()> {
            #[cfg(unix)]
            std::os::unix::fs::symlink(run_id, &fresh)?;
            #[cfg(not(unix))]
            fs::write(&fresh, run_id)?;
            fs::rename(&fresh, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|e| unwritable(&path, e))
    }

    /// Removes what killed runs of this job left behind; only its lock's holder may ask. Gives how many
    /// folders that were.
    ///
    /// # Errors
    /// [`Error::Store`] if the disk refuses.
    pub fn clean(&self) -> Result<usize> {
        let prefix = self.staging();
        let left: Vec<_> = self.names()?.into_iter().filter(|n| n.starts_with(&prefix)).collect();
        for name in &left {
            let path = self.folder.join(name);
            fs::remove_dir_all(&path).map_err(|e| unwritable(&path, e))?;
        }
        Ok(left.len())
    }

    /// The names of published runs, sorted; runs of another job in the folder are among them.
    ///
    /// # Errors
    /// [`Error::Store`] if the folder cannot be read.
    pub fn run_ids(&self) -> Result<Vec<String>> {
        let mut names = self.names()?;
        names.retain(|name| {
            let is_other = name.starts_with('.') || name == LATEST || name == FAILED;
            !is_other && self.holds(name)
        });
        names.sort();
        Ok(names)
    }

    /// Removes a published run, in one step: it is renamed away first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the latest run; [`Error::Store`] if the disk refuses.
    pub fn remove(&self, run_id: &str) -> Result<()> {
        if self.latest().as_deref() == Some(run_id) {
            return Err(Error::invalid(format!("`{run_id}` is the latest run, which is kept")));
        }
        let away = tempfile::Builder::new()
            .prefix(&self.staging())
            .tempdir_in(&self.folder)
            .map_err(|e| unwritable(&self.folder, e))?;
        let path = self.path(run_id);
        fs::rename(&path, away.path().join(run_id)).map_err(|e| unwritable(&path, e))
    }

    fn staging(&self) -> String {
        format!("{STAGING}{}-", self.job)
    }

    fn names(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => {
                let what = format!("folder `{}` cannot be read", self.folder.display());
                return Err(Error::store(what).caused_by(e));
            }
        };
        Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    }
}

/// Gives a temporary folder the permissions that any new folder gets.
fn open_to_all(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A folder made the usual way tells what the process' mask leaves of 777.
        let sample = path.join(".mode");
        fs::create_dir(&sample)?;
        let mode = fs::metadata(&sample)?.permissions().mode();
        fs::remove_dir(&sample)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o777))?;
    }
    Ok(())
}

/// Adds lines at the end of a file, flushed.
///
/// # Errors
/// [`Error::Store`] if the disk refuses.
pub fn append_line(path: &Path, line: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        file.sync_all()
    };
    write().map_err(|e| unwritable(path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Vec<OutFile> {
        vec![("a.txt".to_owned(), text.into()), ("b.txt".to_owned(), text.into())]
    }

    #[test]
    fn a_run_is_there_whole_and_stays_and_the_latest_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = RunFolder::at(&folder.path().join("runs"), "weekly");
        assert_eq!((runs.latest(), runs.run_ids().expect("none")), (None, Vec::new()));
        runs.publish("one", &files("1")).expect("written");
        runs.set_latest("one").expect("written");
        runs.publish("one", &files("2")).expect("kept");
        assert_eq!(runs.read("one", "a.txt").expect("there"), Some(b"1".to_vec()));
        runs.publish("two", &files("2")).expect("written");
        runs.set_latest("two").expect("written");
        runs.keep_failed("three", &files("3")).expect("written");
        runs.keep_failed("three", &files("4")).expect("written again");
        assert_eq!(runs.latest().as_deref(), Some("two"));
        assert!(runs.remove("two").is_err(), "the latest is kept");
        runs.remove("one").expect("removed");
        assert_eq!(runs.run_ids().expect("listed"), ["two"]);
        fs::create_dir(folder.path().join("runs/.staging-weekly-x")).expect("writable");
        fs::create_dir(folder.path().join("runs/.staging-daily-x")).expect("writable");
        assert_eq!(runs.clean().expect("cleaned"), 1);
        assert!(folder.path().join("runs/.staging-daily-x").exists(), "another job's stays");
    }
}
