//! `chipcast job gc`: removes published runs that the job's rules do not keep.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Context, File, Outcome};
use crate::cli::output::{Rows, table};
use crate::error::Result;
use crate::job::{forecasts, gc};
use crate::store::lock::JobLock;
use crate::store::runs::RunFolder;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: File,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

const COLUMNS: [&str; 4] = ["run_id", "as_of", "verdict", "reason"];

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let job = arguments.file.read()?;
    let data = &context.global.data;
    let runs = RunFolder::at(Path::new(&job.out), &job.name);
    let _held = if arguments.dry_run { None } else { Some(JobLock::take(data, &job.name)?) };
    let ledger = forecasts::read(data)?;
    let rules = (job.name.as_str(), &job.retention);
    let verdicts = gc::judge(rules, &runs, &ledger, Context::today())?;
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for verdict in &verdicts {
        let word = match (&verdict.kept, arguments.dry_run) {
            (Some(_), _) => "kept",
            (None, true) => "would be removed",
            (None, false) => {
                runs.remove(&verdict.run_id)?;
                "removed"
            }
        };
        rows.push(vec![
            json!(verdict.run_id),
            json!(verdict.as_of),
            json!(word),
            json!(verdict.kept),
        ]);
        shown.push(vec![
            verdict.run_id.clone(),
            verdict.as_of.to_string(),
            word.to_owned(),
            verdict.kept.clone().unwrap_or_default(),
        ]);
    }
    rows.print(context.global.format, || table(&["run", "as of", "verdict", "why"], &[], shown))?;
    Ok(Outcome::Done)
}
