//! Zip files, unpacked in memory within limits.
//!
//! May use the core files. The names of members are words in messages: no path is ever made of
//! them, and nothing is written. A file that unpacks to more than the limits is refused before it
//! fills memory.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;

use super::Raw;
use crate::cells::short;
use crate::error::{Error, Result};

/// How much a zip file may hold.
///
/// | field | default | purpose | range |
/// |---|---|---|---|
/// | `members` | 1,000 | files in it | 1 and more |
/// | `member_bytes` | 256 MiB | size of one, unpacked | above 0 |
/// | `all_bytes` | 512 MiB | size of all, unpacked | above 0 |
/// | `ratio` | 200 | bytes unpacked for one byte packed, from 1 MiB on | above 1 |
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files in it.
    pub members: usize,
    /// Size of one, unpacked.
    pub member_bytes: u64,
    /// Size of all, unpacked.
    pub all_bytes: u64,
    /// Bytes unpacked for one byte packed.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { members: 1_000, member_bytes: 256 << 20, all_bytes: 512 << 20, ratio: 200 }
    }
}

/// From this size on, the ratio counts: small texts pack well.
const RATIO_FROM: u64 = 1 << 20;

/// A file in a zip file.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name there.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Whether bytes begin as a zip file does.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// The members of a zip file whose names end as `ending` says, in their order.
///
/// # Errors
/// [`Error::Parse`] if it is no zip file or breaks a limit.
pub fn members(raw: &Raw, ending: &str, limits: &Limits) -> Result<Vec<Member>> {
    let mut found = Vec::new();
    walk(raw, limits, |name, bytes| {
        if name.to_ascii_lowercase().ends_with(ending) {
            found.push(Member { name: name.to_owned(), bytes });
        }
    })?;
    Ok(found)
}

/// Unpacks everything and keeps nothing: whether a zip file stays within the limits.
///
/// # Errors
/// As [`members`].
pub fn check(raw: &Raw, limits: &Limits) -> Result<()> {
    walk(raw, limits, |_, _| ())
}

fn walk(raw: &Raw, limits: &Limits, mut take: impl FnMut(&str, Vec<u8>)) -> Result<()> {
    let broken = |e: zip::result::ZipError| {
        Error::parse(format!("`{}` is not a whole zip file", raw.name)).caused_by(e)
    };
    let mut archive = ZipArchive::new(Cursor::new(raw.bytes.as_slice())).map_err(broken)?;
    if archive.len() > limits.members {
        return Err(Error::parse(format!(
            "`{}` holds {} files; at most {} are read",
            raw.name,
            archive.len(),
            limits.members
        )));
    }
    let mut left = limits.all_bytes;
    for idx in 0..archive.len() {
        let mut file = archive.by_index(idx).map_err(broken)?;
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_or_else(|_| format!("member {idx}"), Cow::into_owned);
        let bytes = unpacked(raw, &mut file, &name, limits, left)?;
        left -= bytes.len() as u64;
        take(&name, bytes);
    }
    Ok(())
}

/// Reads one member up to what is left of the limits, whatever size it claims to have.
fn unpacked(
    raw: &Raw,
    file: &mut ZipFile<'_, Cursor<&[u8]>>,
    name: &str,
    limits: &Limits,
    left: u64,
) -> Result<Vec<u8>> {
    let name = short(name);
    let by_ratio = file.compressed_size().saturating_mul(limits.ratio).max(RATIO_FROM);
    let limit = limits.member_bytes.min(left).min(by_ratio);
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| {
        Error::parse(format!("`{}` holds `{name}`, which is damaged", raw.name)).caused_by(e)
    })?;
    if bytes.len() as u64 > limit {
        return Err(Error::parse(format!(
            "`{}` holds `{name}`, which unpacks to more than {limit} bytes; needed less",
            raw.name
        ))
        .hint("the file may be made to fill memory; unpack it yourself and give what is in it"));
    }
    Ok(bytes)
}
