//! `chipcast ingest edgar|filing|press`: what companies file with SEC.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

use super::{Caller, Read, files_of, pull, raw_of};
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::ingest::Source;
use crate::ingest::edgar::{self, Edgar};
use crate::ingest::http::{Client, Hosts};
use crate::series::Registry;

#[derive(Debug, Args)]
pub(in crate::cli) struct EdgarArguments {
    /// Ticker, such as `nvda`; may be given more than once
    #[arg(long, value_name = "TICKER", required_unless_present = "from_file")]
    company: Vec<String>,
    /// A companyfacts file, or a folder of them
    #[arg(long, value_name = "PATH", conflicts_with = "company")]
    from_file: Option<PathBuf>,
    #[command(flatten)]
    caller: Caller,
    /// Where companyfacts are served
    #[arg(long, value_name = "URL", default_value = edgar::BASE_URL, env = "CHIPCAST_EDGAR_URL")]
    base_url: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FilingArguments {
    /// The filing's main document, as HTML with inline XBRL
    file: PathBuf,
    /// Ticker of the company
    #[arg(long, value_name = "TICKER")]
    company: String,
    /// The day on which it was filed
    #[arg(long, value_name = "DATE")]
    filed: NaiveDate,
    /// Its accession number
    #[arg(long, value_name = "ACCN")]
    accession: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PressArguments {
    /// The release, as HTML or text
    file: PathBuf,
    /// Ticker of the company
    #[arg(long, value_name = "TICKER")]
    company: String,
    /// The day on which it was published
    #[arg(long, value_name = "DATE")]
    published: NaiveDate,
    /// Its accession number
    #[arg(long, value_name = "ACCN")]
    accession: Option<String>,
}

pub(super) fn run(context: &Context, arguments: &EdgarArguments) -> Result<Outcome> {
    let mut read = Read::new(context)?;
    if let Some(path) = &arguments.from_file {
        let files = files_of(path, "json")?;
        if files.is_empty() {
            return Err(Error::not_found(format!(
                "no `.json` file in folder `{}`",
                path.display()
            ))
            .hint("give a companyfacts file, such as CIK0001045810.json, or a folder of them"));
        }
        for file in files {
            read.take(&Edgar::new(0, arguments.base_url.as_str()).parse(&raw_of(&file)?)?)?;
        }
    } else {
        let hosts = Hosts::known().with_base(&arguments.base_url)?;
        let client = Client::new(arguments.caller.user_agent.as_deref(), hosts)?;
        for company in &arguments.company {
            let source = Edgar::new(Registry::bundled().cik(company)?, arguments.base_url.as_str());
            let since = read.known_through();
            pull(context, &source, &client, since, &mut read)?;
        }
    }
    read.finish(context)
}

pub(super) fn filing(context: &Context, arguments: &FilingArguments) -> Result<Outcome> {
    let _ = (context, arguments);
    Err(Error::invalid("not built yet"))
}

pub(super) fn press(context: &Context, arguments: &PressArguments) -> Result<Outcome> {
    let _ = (context, arguments);
    Err(Error::invalid("not built yet"))
}
