//! SEC's nightly archives: one JSON document a company, thousands in one zip file.
//!
//! May use `error`. Reads one member at a time from whatever can be read and sought; never unpacks a
//! member past its limit, and uses no path that a member names.

use std::io::{Read, Seek};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::{Error, Result};

/// Bytes of one member, unpacked; the largest of SEC's have a tenth of it.
const MEMBER_BYTES_MAX: u64 = 256 << 20;

/// An open archive.
pub struct Archive<R> {
    name: String,
    zip: ZipArchive<R>,
}

/// A member, and what tells whether it changed since the last night.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, such as `CIK0001045810.json`.
    pub name: String,
    /// Its place in the archive.
    pub index: usize,
    /// Bytes, unpacked, as the archive says.
    pub n_bytes: u64,
    /// Check sum and size as text: another content has another stamp.
    pub stamp: String,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens an archive by its directory.
    ///
    /// # Errors
    /// [`Error::Parse`] if it is no zip file, or was cut short.
    pub fn open(name: impl Into<String>, reader: R) -> Result<Self> {
        let name = name.into();
        let zip = ZipArchive::new(reader).map_err(|e| {
            Error::parse(format!("`{name}` is not a whole zip file"))
                .hint("download it again: a nightly archive that was cut short has no directory")
                .caused_by(e)
        })?;
        Ok(Self { name, zip })
    }

    /// The JSON members, by name.
    ///
    /// # Errors
    /// [`Error::Parse`] if the directory is broken.
    pub fn members(&mut self) -> Result<Vec<Member>> {
        let mut members = Vec::new();
        for index in 0..self.zip.len() {
            let file = self.zip.by_index_raw(index).map_err(|e| broken(&self.name, e))?;
            let name = file.name().map_err(|e| broken(&self.name, e))?.into_owned();
            let ending = Path::new(&name).extension();
            if file.is_file() && ending.is_some_and(|e| e.eq_ignore_ascii_case("json")) {
                members.push(Member {
                    name,
                    index,
                    n_bytes: file.size(),
                    stamp: format!("{:08x}-{}", file.crc32(), file.size()),
                });
            }
        }
        members.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(members)
    }

    /// A member's bytes, checked against its check sum.
    ///
    /// # Errors
    /// [`Error::Parse`] if it is damaged, or larger unpacked than a document can be.
    pub fn read(&mut self, member: &Member) -> Result<Vec<u8>> {
        let place = format!("`{}` member `{}`", self.name, member.name);
        let too_large = || {
            Error::parse(format!(
                "{place} unpacks to more than {MEMBER_BYTES_MAX} bytes; needed less"
            ))
        };
        if member.n_bytes > MEMBER_BYTES_MAX {
            return Err(too_large());
        }
        let file = self.zip.by_index(member.index).map_err(|e| broken(&place, e))?;
        let mut bytes = Vec::new();
        file.take(MEMBER_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|e| {
            Error::parse(format!("{place} is damaged: it cannot be unpacked")).caused_by(e)
        })?;
        // The directory may say less than there is.
        if bytes.len() as u64 > MEMBER_BYTES_MAX { Err(too_large()) } else { Ok(bytes) }
    }
}

impl Member {
    /// The company's key, as SEC writes it into the names.
    pub fn cik(&self) -> Option<u64> {
        cik_in(&self.name)
    }
}

/// The key in a name such as `CIK0001045810.json` or `CIK0001045810-submissions-001.json`.
pub(super) fn cik_in(name: &str) -> Option<u64> {
    let name = name.rsplit('/').next()?;
    name.strip_prefix("CIK")?.get(..10)?.parse().ok()
}

fn broken(place: &str, cause: ZipError) -> Error {
    Error::parse(format!("{place} cannot be read")).caused_by(cause)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).expect("a name");
            writer.write_all(bytes).expect("in memory");
        }
        writer.finish().expect("in memory").into_inner()
    }

    #[test]
    fn members_are_read_by_name_and_damage_is_told() {
        let bytes = zipped(&[
            ("CIK0000000002.json", b"{}"),
            ("readme.txt", b"no"),
            ("CIK0000000001.json", b"{\"cik\":1}"),
        ]);
        let mut archive = Archive::open("facts.zip", Cursor::new(&bytes)).expect("a zip");
        let members = archive.members().expect("a directory");
        assert_eq!(members.iter().map(Member::cik).collect::<Vec<_>>(), [Some(1), Some(2)]);
        assert_eq!(archive.read(&members[0]).expect("whole"), b"{\"cik\":1}");
        let mut damaged = bytes.clone();
        let at = damaged.windows(2).position(|w| w == b"{}").or(Some(48)).expect("some place");
        damaged[at] ^= 0xff;
        let mut archive = Archive::open("facts.zip", Cursor::new(damaged)).expect("a directory");
        let error = archive.read(&members[1]).expect_err("damaged");
        assert!(error.to_string().contains("member `CIK0000000002.json`"), "{error}");
        let cut = &bytes[..bytes.len() - 30];
        let error = Archive::open("facts.zip", Cursor::new(cut)).err().expect("cut short");
        assert!(error.to_string().contains("not a whole zip file"), "{error}");
    }
}
