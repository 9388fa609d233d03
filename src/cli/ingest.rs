//! `chipcast ingest`: pulls a source into the archive, from a file or over HTTP.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::data::{key_and_value, status_word};
use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::archive::{Archive, Batch, Status};
use crate::error::{Error, Result};
use crate::ingest::edgar::{self, Edgar};
use crate::ingest::http::{Client, Hosts};
use crate::ingest::{Parsed, Raw, Source};
use crate::observation::Observation;
use crate::report::format;
use crate::series::Registry;
use crate::store;

/// The largest payload that is read from a file.
const PAYLOAD_LIMIT: u64 = 512 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// SEC companyfacts: every filed value with every vintage, quarters from year-to-date figures
    ///
    /// SEC asks every caller to say who they are: give `--user-agent "Name name@example.org"`, or set
    /// `CHIPCAST_USER_AGENT`. From a file no network is used, and the company comes from the payload.
    Edgar(EdgarArguments),
}

#[derive(Debug, Args)]
pub(super) struct EdgarArguments {
    /// Ticker, such as `nvda`; may be given more than once
    #[arg(long, value_name = "TICKER", required_unless_present = "from_file")]
    company: Vec<String>,
    /// A companyfacts file, or a folder of them
    #[arg(long, value_name = "PATH", conflicts_with = "company")]
    from_file: Option<PathBuf>,
    /// Who you are: a name and an e-mail address
    #[arg(long, value_name = "NAME EMAIL", env = "CHIPCAST_USER_AGENT")]
    user_agent: Option<String>,
    /// Where companyfacts are served
    #[arg(long, value_name = "URL", default_value = edgar::BASE_URL, env = "CHIPCAST_EDGAR_URL")]
    base_url: String,
}

pub(super) fn run(context: &Context, command: &Command) -> Result<Outcome> {
    let Command::Edgar(arguments) = command;
    let mut read = Read::new(context)?;
    if let Some(path) = &arguments.from_file {
        for file in payloads(path)? {
            let raw = Raw {
                name: file.display().to_string(),
                bytes: store::read_file(&file, PAYLOAD_LIMIT)?,
                retrieved_at: Context::today(),
            };
            read.take(&Edgar::new(0, arguments.base_url.as_str()).parse(&raw)?)?;
        }
    } else {
        fetch(context, arguments, &mut read)?;
    }
    read.finish(context)
}

/// The files that a path names: itself, or the JSON files of a folder.
fn payloads(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let files = store::list_files(path, "json")?;
    if files.is_empty() {
        return Err(Error::not_found(format!("no `.json` file in folder `{}`", path.display()))
            .hint("give a companyfacts file, such as CIK0001045810.json, or a folder of them"));
    }
    Ok(files)
}

fn fetch(context: &Context, arguments: &EdgarArguments, read: &mut Read) -> Result<()> {
    let hosts = Hosts::known().with_base(&arguments.base_url)?;
    let client = Client::new(arguments.user_agent.as_deref(), hosts)?;
    for company in &arguments.company {
        let cik = Registry::bundled().cik(company)?;
        let source = Edgar::new(cik, arguments.base_url.as_str());
        for request in source.requests(read.before.known_through()) {
            context.say(format!("fetching {}", request.url));
            let bytes = client.get(&request)?;
            let raw = Raw { name: request.url.clone(), bytes, retrieved_at: Context::today() };
            read.take(&source.parse(&raw)?)?;
        }
    }
    Ok(())
}

/// Everything read in one call; stored in one commit at the end, or not at all.
struct Read {
    before: Archive,
    after: Archive,
    batch: Batch,
    rows: Vec<Vec<Value>>,
    counts: BTreeMap<&'static str, usize>,
    reasons: BTreeMap<String, usize>,
}

impl Read {
    fn new(context: &Context) -> Result<Self> {
        let before = context.archive()?;
        let batch = Batch {
            observations: Vec::new(),
            announcements: Vec::new(),
            known_through: before.known_through(),
        };
        let after = before.clone();
        let (rows, counts, reasons) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        Ok(Self { before, after, batch, rows, counts, reasons })
    }

    /// Takes one payload: a value that contradicts a held one is set aside, visibly.
    fn take(&mut self, parsed: &Parsed) -> Result<()> {
        let mut kept = Vec::new();
        let mut read = parsed.observations.clone();
        self.after.align(&mut read)?;
        let statuses = self.after.review(&read)?;
        for (row, status) in read.iter().zip(&statuses) {
            let reason = if let Status::Conflict { held, source } = status {
                Some(format!("the archive holds {held} for this key, from {source}"))
            } else {
                kept.push(row.clone());
                None
            };
            self.observed(row, status_word(status), reason);
        }
        for aside in &parsed.set_aside {
            *self.counts.entry("set_aside").or_default() += 1;
            *self.reasons.entry(aside.reason.clone()).or_default() += 1;
            self.rows.push(vec![
                json!("observation"),
                json!(aside.series),
                json!(aside.period.map(super::super::period::Period::start)),
                json!(aside.period.map(super::super::period::Period::end)),
                Value::Null,
                Value::Null,
                Value::Null,
                json!(aside.locator),
                json!("set_aside"),
                json!(aside.reason),
            ]);
        }
        let kept = Parsed { observations: kept, ..parsed.clone() };
        let batch = kept.batch(self.before.known_through());
        let (after, fresh) = self.after.append(&batch)?;
        self.after = after;
        self.batch.observations.extend(fresh.observations);
        self.batch.announcements.extend(fresh.announcements);
        self.batch.known_through = self.batch.known_through.max(fresh.known_through);
        Ok(())
    }

    fn observed(&mut self, row: &Observation, status: &'static str, reason: Option<String>) {
        *self.counts.entry(status).or_default() += 1;
        if let Some(reason) = &reason {
            *self.reasons.entry(reason.clone()).or_default() += 1;
        }
        let mut cells = vec![json!("observation")];
        cells.extend(key_and_value(row));
        cells.extend([json!(row.locator), json!(status), json!(reason)]);
        self.rows.push(cells);
    }

    fn finish(self, context: &Context) -> Result<Outcome> {
        let after = context.append(&self.batch)?;
        let mut rows = Rows::new(&[
            "kind",
            "series",
            "period_start",
            "period_end",
            "value",
            "unit",
            "vintage",
            "locator",
            "status",
            "reason",
        ]);
        for row in self.rows {
            rows.push(row);
        }
        let mut shown: Vec<Vec<String>> = Vec::new();
        for (status, n) in &self.counts {
            shown.push(vec![(*status).to_owned(), n.to_string(), String::new()]);
        }
        for (reason, n) in self.reasons.iter().take(20) {
            shown.push(vec!["set aside because".to_owned(), n.to_string(), reason.clone()]);
        }
        rows.print(context.global.format, || table(&["status", "values", "reason"], &[1], shown))?;
        context.say(format!(
            "archive known through {}; `chipcast data list` shows what it holds",
            format::date(after.known_through())
        ));
        Ok(Outcome::Done)
    }
}
