//! `chipcast replay`: makes a job's run again from its manifest, and compares what comes out.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{Context, Outcome};
use crate::cli::output::{Rows, table};
use crate::error::{Error, Result};
use crate::forecast::run_record::FILE_NAME;
use crate::job::file::Job;
use crate::job::key::RunKey;
use crate::job::manifest::{Manifest, OutputFile};
use crate::job::{freshness, make};
use crate::store;

#[derive(Debug, Args)]
pub(in crate::cli) struct ReplayArguments {
    /// The run: its id, or its folder
    run_id: String,
    /// The folder in which a run is looked for by its id
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
}

/// The largest manifest that is read.
const MANIFEST_BYTES: u64 = 64 << 20;
const COLUMNS: [&str; 4] = ["file", "verdict", "then", "now"];

pub(super) fn run(context: &Context, arguments: &ReplayArguments) -> Result<Outcome> {
    let named = PathBuf::from(&arguments.run_id);
    let places = [named.join(FILE_NAME), arguments.out.join(&named).join(FILE_NAME)];
    let found = places.iter().find(|place| store::is_file(place)).ok_or_else(|| {
        Error::not_found(format!(
            "no run `{}`: there is no `{}`",
            arguments.run_id,
            places[1].display()
        ))
        .hint("`chipcast job list` shows runs; `--out` names the folder that holds them")
    })?;
    let manifest = Manifest::read(&store::read_file(found, MANIFEST_BYTES)?)
        .map_err(|e| e.within(format!("`{}`", found.display())))?;
    if !manifest.status.is_published() {
        return Err(Error::invalid(format!(
            "run `{}` ended as {} and published nothing to compare with",
            manifest.record.run_id,
            manifest.status.word()
        )));
    }
    let job: Job = serde_json::from_value(manifest.parameters.clone()).map_err(|e| {
        Error::parse(format!("`{}` holds no job that this version reads", found.display()))
            .caused_by(e)
    })?;
    let known = context.archive()?.as_of(manifest.record.as_of)?;
    let then = &manifest.run_key;
    let key = RunKey::new(&job, known.as_of(), known.digest(), then.degraded.clone());
    let late = freshness::notes(&then.degraded);
    let made = make::make(&job, &known, &manifest.record.run_id, &late)?;
    let fresh: Vec<_> =
        made.files.iter().map(|(name, bytes)| OutputFile::of(name, bytes)).collect();
    let differs = [
        ("job file", then.config != key.config),
        ("code", then.code != key.code),
        ("data", then.data != key.data),
    ];
    let differs: Vec<_> = differs.iter().filter(|(_, is)| *is).map(|(what, _)| *what).collect();
    let is_same = print(context, &manifest, &fresh, &differs)?;
    Ok(if is_same { Outcome::Done } else { Outcome::Partial })
}

fn print(
    context: &Context,
    manifest: &Manifest,
    fresh: &[OutputFile],
    differs: &[&str],
) -> Result<bool> {
    let names: BTreeSet<_> =
        manifest.outputs.iter().chain(fresh).map(|file| file.name.as_str()).collect();
    let mut rows = Rows::new(&COLUMNS);
    let (mut shown, mut is_same) = (Vec::new(), true);
    for name in names {
        let hash = |files: &[OutputFile]| {
            files.iter().find(|file| file.name == name).map(|file| file.blake3.clone())
        };
        let (then, now) = (hash(&manifest.outputs), hash(fresh));
        let verdict = match (&then, &now) {
            (Some(then), Some(now)) if then == now => "same",
            (Some(_), Some(_)) => "differs",
            (Some(_), None) => "gone",
            (None, _) => "new",
        };
        is_same &= verdict == "same";
        shown.push(vec![name.to_owned(), verdict.to_owned()]);
        rows.push(vec![json!(name), json!(verdict), json!(then), json!(now)]);
    }
    rows.beside("run_id", json!(manifest.record.run_id));
    rows.beside("as_of", json!(manifest.record.as_of));
    rows.beside("differs", json!(differs));
    rows.print(context.global.format, || {
        let key = match differs {
            [] => "with the same job, code and data".to_owned(),
            some => format!("with another {}", some.join(" and ")),
        };
        format!(
            "run {} as of {} made again {key}\n\n{}",
            manifest.record.run_id,
            manifest.record.as_of,
            table(&["file", ""], &[], shown)
        )
    })?;
    Ok(is_same)
}
