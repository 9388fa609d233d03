//! SEC's nightly archives into the archive: a few members at a time, each commit on record, so that an
//! interrupted run goes on where it stopped and the next night's reads only what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Read;
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::ingest::edgar::Edgar;
use crate::ingest::edgar::bulk::{Archive, Member};
use crate::ingest::{Raw, Source};
use crate::store;

/// Members, and bytes of them, that are held at one time.
const CHUNK_MEMBERS: usize = 64;
const CHUNK_BYTES: u64 = 64 << 20;
/// The note of what was read, beside the archive.
const JOURNAL: &str = "bulk.json";
const SCHEMA_VERSION: u32 = 1;

/// The members that the archive holds, by name, with the stamp of what was read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    schema_version: u32,
    members: BTreeMap<String, String>,
}

/// Reads the members of a zip file, those of `companies` or all.
pub(super) fn run(context: &Context, path: &Path, companies: &BTreeSet<u64>) -> Result<Outcome> {
    let shown = path.display().to_string();
    let mut zip = Archive::open(shown.as_str(), store::open_file(path)?)?;
    let mut journal = Journal::read(context)?;
    let is_wanted =
        |m: &Member| companies.is_empty() || m.cik().is_some_and(|cik| companies.contains(&cik));
    let wanted: Vec<_> = zip.members()?.into_iter().filter(is_wanted).collect();
    let n_wanted = wanted.len();
    let new: Vec<_> = wanted.into_iter().filter(|m| !journal.holds(m)).collect();
    context.say(format!(
        "`{shown}`: {} documents to read, {} already read",
        new.len(),
        n_wanted - new.len()
    ));
    let mut read = Read::new(context)?;
    let mut n_done = 0;
    for chunk in chunks(&new) {
        let taken = take(&mut zip, chunk, &mut read)?;
        read.commit()?;
        let stamps = taken.into_iter().map(|m| (m.name.clone(), m.stamp.clone()));
        journal.members.extend(stamps);
        journal.write(context)?;
        n_done += chunk.len();
        context.say(format!("{n_done} of {} documents stored", new.len()));
    }
    read.finish()
}

/// Runs of members that fit into memory together.
fn chunks(members: &[Member]) -> impl Iterator<Item = &[Member]> {
    let mut rest = members;
    std::iter::from_fn(move || {
        let mut n_bytes = 0;
        let fits = |m: &&Member| {
            n_bytes += m.n_bytes;
            n_bytes <= CHUNK_BYTES
        };
        let n = rest.iter().take(CHUNK_MEMBERS).take_while(fits).count().max(1);
        let (chunk, after) = rest.split_at_checked(n)?;
        rest = after;
        Some(chunk)
    })
}

/// Takes members, and says which could be read; the others are tried again the next time.
fn take<'m>(
    zip: &mut Archive<std::fs::File>,
    chunk: &'m [Member],
    read: &mut Read<'_>,
) -> Result<Vec<&'m Member>> {
    let today = Context::today();
    let raws: Vec<_> = chunk
        .iter()
        .map(|member| zip.read(member).map(|bytes| Raw::new(member.name.as_str(), bytes, today)))
        .collect();
    let source = Edgar::default();
    let parse = |raw: Result<Raw>| raw.and_then(|raw| source.parse(&raw));
    let parsed: Vec<_> = raws.into_par_iter().map(parse).collect();
    let mut taken = Vec::with_capacity(chunk.len());
    for (member, parsed) in chunk.iter().zip(parsed) {
        match parsed {
            Ok(parsed) => {
                read.take(&parsed)?;
                taken.push(member);
            }
            Err(error) => read.failed(&member.name, &error)?,
        }
    }
    Ok(taken)
}

impl Journal {
    fn read(context: &Context) -> Result<Self> {
        let none = Self { schema_version: SCHEMA_VERSION, members: BTreeMap::new() };
        let Some(bytes) = context.store()?.note(JOURNAL)? else { return Ok(none) };
        let journal: Self = serde_json::from_slice(&bytes).map_err(|e| {
            Error::store(format!("the note `{JOURNAL}` beside the archive is damaged"))
                .hint("remove it: every document is then read again, and nothing is stored twice")
                .caused_by(e)
        })?;
        if journal.schema_version != SCHEMA_VERSION {
            return Err(Error::store(format!(
                "the note `{JOURNAL}` has schema version {}; this version reads {SCHEMA_VERSION}",
                journal.schema_version
            )));
        }
        Ok(journal)
    }

    fn write(&self, context: &Context) -> Result<()> {
        let bytes = serde_json::to_vec(self)
            .map_err(|e| Error::store(format!("`{JOURNAL}` cannot be written")).caused_by(e))?;
        context.store()?.write_note(JOURNAL, &bytes)
    }

    fn holds(&self, member: &Member) -> bool {
        self.members.get(&member.name) == Some(&member.stamp)
    }
}
