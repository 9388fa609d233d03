//! `chipcast ingest`: pulls a source into the archive, from a file or over HTTP. One file a kind of
//! source; here is what they share.

mod bulk;
mod edgar;
mod market;
mod read;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use self::read::Read;
use super::{Context, Outcome, progress};
use crate::error::{Error, Result};
use crate::ingest::http::{Client, Hosts};
use crate::ingest::{Raw, Source};
use crate::store::{self, raw::RawStore};

/// The largest payload that is read from a file.
const PAYLOAD_LIMIT: u64 = 512 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// SEC EDGAR: every filed value with every vintage, filings, segments and guidance
    ///
    /// SEC asks every caller to say who they are: give `--user-agent "Name name@example.org"`, or set
    /// `CHIPCAST_USER_AGENT`. From a file no network is used, and the company comes from the document.
    Edgar(edgar::EdgarArguments),
    /// Segments and platforms from the inline XBRL of a 10-Q or 10-K, and its words on scarce capacity
    Filing(edgar::FilingArguments),
    /// Guidance from an earnings release, and its words on scarce capacity
    Press(edgar::PressArguments),
    /// Series of FRED: every vintage with a key (`FRED_API_KEY`), today's view without one
    Fred(market::FredArguments),
    /// Monthly revenue of companies listed in Taiwan, such as TSMC
    Twse(market::TwseArguments),
    /// Shares of operating systems by month, from StatCounter
    Statcounter(market::StatCounterArguments),
    /// AI chips sold and owned, as Epoch AI estimates them
    Epoch(market::EpochArguments),
    /// A CSV or JSON source that is described by data, bundled or your own
    Described(market::DescribedArguments),
}

/// Who asks.
#[derive(Debug, Args)]
struct Caller {
    /// Who you are: a name and an e-mail address
    #[arg(long, value_name = "NAME EMAIL", env = "CHIPCAST_USER_AGENT")]
    user_agent: Option<String>,
}

pub(super) fn run(context: &Context, command: &Command) -> Result<Outcome> {
    match command {
        Command::Edgar(arguments) => edgar::run(context, arguments),
        Command::Filing(arguments) => edgar::filing(context, arguments),
        Command::Press(arguments) => edgar::press(context, arguments),
        Command::Fred(arguments) => market::fred(context, arguments),
        Command::Twse(arguments) => market::twse(context, arguments),
        Command::Statcounter(arguments) => market::statcounter(context, arguments),
        Command::Epoch(arguments) => market::epoch(context, arguments),
        Command::Described(arguments) => market::described(context, arguments),
    }
}

/// The client of a source: copies of what it is told lie in `raw/` of the data folder, and a person
/// sees how far it is.
fn client(context: &Context, name: Option<&str>, base_url: &str) -> Result<Client> {
    let store = RawStore::at(&context.global.data);
    let hosts = Hosts::known().with_base(base_url)?;
    let client = Client::new(name, hosts)?.with_cache(store);
    Ok(match progress::bar(context) {
        Some(bar) => client.with_progress(bar),
        None => client,
    })
}

/// The client of a source that asks nobody's name.
fn open_client(context: &Context, base_url: &str) -> Result<Client> {
    client(context, None, base_url)
}

/// Asks for everything that a source wants since a day, and for what the answers point at.
///
/// A document of a filing that is not there, or cannot be read, is put on record; the others go on.
fn pull(
    context: &Context,
    source: &dyn Source,
    client: &Client,
    since: NaiveDate,
    read: &mut Read<'_>,
) -> Result<()> {
    let mut queue = VecDeque::from(source.requests(since));
    while let Some(request) = queue.pop_front() {
        context.say(format!("fetching {}", request.url));
        let is_document = request.filing.is_some();
        let parsed = client.get(&request).and_then(|bytes| {
            let raw = Raw::new(request.url.as_str(), bytes, Context::today());
            source.parse(&Raw { filing: request.filing, ..raw })
        });
        match parsed {
            Ok(mut parsed) => {
                queue.extend(std::mem::take(&mut parsed.follow_up));
                if is_document {
                    read.take_report(&parsed)?;
                } else {
                    read.take(&parsed)?;
                }
            }
            Err(error @ Error::NotFound(_)) if is_document => read.missing(&request.url, &error)?,
            Err(error @ (Error::Parse(_) | Error::Invalid(_))) if is_document => {
                read.failed(&request.url, &error)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The bytes of a file that the user named.
fn raw_of(file: &Path) -> Result<Raw> {
    let bytes = store::read_file(file, PAYLOAD_LIMIT)?;
    Ok(Raw::new(file.display().to_string(), bytes, Context::today()))
}

/// The files that a path names: itself, or the files of a folder with an ending.
fn files_of(path: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    store::list_files(path, ending)
}
