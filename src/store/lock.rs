//! The lock of a job: held by one process at a time, and it says by which.
//!
//! May use `error` and `store`. The kernel lets go of a lock when its process ends, however that came;
//! the owner's note tells people who holds it, and the next holder that the last one was killed. A note
//! of another machine is believed: its process cannot be looked at from here.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Busy, make_folder, unwritable};
use crate::error::{Error, Result};

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The process.
    pub pid: u32,
    /// Its machine.
    pub host: String,
    /// When it was started, in the kernel's own count, so that a number that is used again is told from
    /// the process that had it first.
    pub started: Option<u64>,
}

/// A held lock; let go when dropped.
#[derive(Debug)]
pub struct JobLock {
    file: File,
    /// The owner before, if it was killed.
    pub left_by: Option<Owner>,
}

impl Owner {
    /// This process.
    pub fn current() -> Self {
        let pid = std::process::id();
        Self { pid, host: host(), started: process_start(pid) }
    }

    /// Whether it is gone: its process on this machine has ended. Of another machine nothing is known.
    pub fn is_gone(&self) -> bool {
        self.host == host() && (self.started.is_none() || process_start(self.pid) != self.started)
    }
}

/// The name of this machine.
pub fn host() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname");
    let name = kernel.or_else(|_| std::env::var("HOSTNAME")).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

/// When a process was started, in ticks since the machine was; `None` if there is none, or no way to know.
fn process_start(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields after it are counted from the third on.
    let rest = stat.rsplit_once(')')?.1;
    rest.split_whitespace().nth(19)?.parse().ok()
}

impl JobLock {
    /// Takes the lock of a job below `data`: `DATA/jobs/NAME.lock`.
    ///
    /// # Errors
    /// [`Error::Store`] with the cause [`Busy`] if another process holds it, or one of another machine
    /// left its note; [`Error::Store`] if the disk refuses.
    pub fn take(data: &Path, job: &str) -> Result<Self> {
        let folder = data.join("jobs");
        make_folder(&folder)?;
        let path = folder.join(format!("{job}.lock"));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(|e| unwritable(&path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(job, &path, owner(&mut file))),
            Err(TryLockError::Error(e)) => return Err(unwritable(&path, e)),
        }
        let left_by = owner(&mut file);
        if let Some(other) =
            left_by.as_ref().filter(|other| !other.is_gone() && other.host != host())
        {
            let error = busy(job, &path, Some(other.clone()));
            return Err(error.hint(format!(
                "if `{}` is gone for good, remove `{}`",
                other.host,
                path.display()
            )));
        }
        let mut lock = Self { file, left_by };
        lock.write(&serde_json::to_vec(&Owner::current()).unwrap_or_default())
            .map_err(|e| unwritable(&path, e))?;
        Ok(lock)
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(bytes)?;
        self.file.sync_all()
    }
}

impl Drop for JobLock {
    fn drop(&mut self) {
        let _ = self.write(b"");
        let _ = self.file.unlock();
    }
}

fn owner(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn busy(job: &str, path: &Path, owner: Option<Owner>) -> Error {
    let by = owner.map_or_else(
        || "another process".to_owned(),
        |owner| format!("process {} on `{}`", owner.pid, owner.host),
    );
    Error::store(format!("job `{job}` is run by {by}, which holds `{}`", path.display()))
        .hint("wait for it with `--wait SECONDS`")
        .caused_by(Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_a_dead_owners_is_taken_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = JobLock::take(folder.path(), "weekly").expect("free");
        assert_eq!(held.left_by, None);
        let told = JobLock::take(folder.path(), "weekly").expect_err("held").to_string();
        assert!(told.contains(&format!("process {}", std::process::id())), "{told}");
        JobLock::take(folder.path(), "daily").expect("another job has its own");
        drop(held);
        let path = folder.path().join("jobs/weekly.lock");
        // A process that was killed left its note: a number that was used again is not taken for it.
        let killed = Owner { started: Some(1), ..Owner::current() };
        let text = |owner: &Owner| serde_json::to_string(owner).expect("JSON");
        fs::write(&path, text(&killed)).expect("writable");
        let taken = JobLock::take(folder.path(), "weekly").expect("its owner is gone");
        assert_eq!(taken.left_by.as_ref(), Some(&killed));
        drop(taken);
        let far = Owner { host: "elsewhere.example".to_owned(), ..killed };
        fs::write(&path, text(&far)).expect("writable");
        let told = JobLock::take(folder.path(), "weekly").expect_err("another machine's");
        assert!(told.to_string().contains("elsewhere.example"), "{told}");
    }
}
