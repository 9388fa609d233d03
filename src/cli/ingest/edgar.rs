//! `chipcast ingest edgar|filing|press`: what companies file with SEC.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use clap::{Args, ValueEnum};

use super::{Caller, Read, bulk, client, files_of, pull, raw_of};
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::ingest::edgar::{self, Bulk, Edgar, Filings, Sites, capacity, tickers};
use crate::ingest::http::Client;
use crate::ingest::{Filing, Parsed, Raw, Source};
use crate::series::Registry;

/// How far back filings are asked for where nobody says.
const DAYS_BACK: u64 = 400;

#[derive(Debug, Args)]
#[group(id = "what_to_get", required = true, multiple = true)]
pub(in crate::cli) struct EdgarArguments {
    /// Ticker, such as `nvda`; may be given more than once
    #[arg(long, value_name = "TICKER", group = "what_to_get")]
    company: Vec<String>,
    /// A document that was saved (companyfacts, companyconcept, submissions, a frame), a folder of
    /// them, or one of SEC's nightly zip files
    #[arg(long, value_name = "PATH", group = "what_to_get", conflicts_with_all = ["bulk", "frame"])]
    from_file: Option<PathBuf>,
    /// SEC's nightly archive of every company (over 1 GB), or of those given with `--company`
    #[arg(long, value_enum, group = "what_to_get", conflicts_with = "frame")]
    bulk: Option<BulkKind>,
    /// One concept of every company for a period, such as `Revenues/CY2026Q2`
    #[arg(long, value_name = "CONCEPT/PERIOD", group = "what_to_get", conflicts_with = "company")]
    frame: Option<String>,
    /// Only this concept of the companies, such as `PaymentsToAcquireProductiveAssets`
    #[arg(long, value_name = "CONCEPT", requires = "company")]
    concept: Option<String>,
    /// Facts of the statements, or filings: when they came, segments, guidance; both by default
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Read filings from this day on; by default what came since the archive was last read, at most
    /// 400 days back
    #[arg(long, value_name = "DATE")]
    since: Option<NaiveDate>,
    #[command(flatten)]
    caller: Caller,
    /// Where SEC's documents are served
    #[arg(long, value_name = "URL", default_value = edgar::BASE_URL, env = "CHIPCAST_EDGAR_URL")]
    base_url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BulkKind {
    /// Every company's facts.
    Companyfacts,
    /// Every company's filings.
    Submissions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Values of the statements.
    Facts,
    /// Filings, and what is read out of them.
    Filings,
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
    if let Some(path) = &arguments.from_file {
        return from_file(context, arguments, path);
    }
    let name = arguments.caller.user_agent.as_deref();
    let client = client(context, name, &arguments.base_url)?;
    let sites = Sites::at(&arguments.base_url);
    let mut keys = Vec::new();
    for company in &arguments.company {
        keys.push((company.as_str(), cik(company, &sites, &client)?));
    }
    if let Some(kind) = arguments.bulk {
        let kind = match kind {
            BulkKind::Companyfacts => Bulk::Companyfacts,
            BulkKind::Submissions => Bulk::Submissions,
        };
        let path = client.download(&sites.bulk(kind))?;
        let companies = keys.iter().map(|(_, cik)| *cik).collect();
        return bulk::run(context, &path, &companies);
    }
    let mut read = Read::new(context)?;
    if let Some(frame) = &arguments.frame {
        let (concept, period) = frame.split_once('/').ok_or_else(|| {
            Error::invalid(format!("frame `{frame}` has no period"))
                .hint("write `Revenues/CY2026Q2`, or `InventoryNet/CY2026Q2I` for a balance")
        })?;
        let request = sites.frame(concept, "USD", period);
        let raw = Raw::new(request.url.as_str(), client.get(&request)?, Context::today());
        read.take(&Edgar::default().parse(&raw)?)?;
        return read.finish();
    }
    for (company, cik) in &keys {
        if let Err(error) = company_since(context, arguments, *cik, &client, &mut read) {
            if read.is_empty() {
                return Err(error);
            }
            // What was read before the failure is whole, and is kept.
            read.commit()?;
            read.failed(company, &error)?;
            if matches!(error, Error::Fetch(_) | Error::Store(_)) {
                break;
            }
        }
        read.commit()?;
    }
    read.finish()
}

/// Everything that is asked of one company.
fn company_since(
    context: &Context,
    arguments: &EdgarArguments,
    cik: u64,
    client: &Client,
    read: &mut Read<'_>,
) -> Result<()> {
    let sites = Sites::at(&arguments.base_url);
    let known_through = read.archive().known_through();
    let since = arguments
        .since
        .unwrap_or_else(|| known_through.max(Context::today() - Days::new(DAYS_BACK)));
    if let Some(concept) = &arguments.concept {
        let request = sites.concept(cik, concept);
        let raw = Raw::new(request.url.as_str(), client.get(&request)?, Context::today());
        return read.take(&Edgar::default().parse(&raw)?);
    }
    if arguments.only != Some(Only::Filings) {
        pull(context, &Edgar::new(cik, &arguments.base_url), client, since, read)?;
    }
    if arguments.only != Some(Only::Facts) {
        let calendar = read.quarters(&Registry::bundled().ticker(cik))?;
        let filings = Filings::new(cik, sites, since, calendar);
        match pull(context, &filings, client, since, read) {
            Err(error @ Error::NotFound(_)) if !read.is_empty() => {
                read.missing("submissions", &error)?;
            }
            other => other?,
        }
    }
    Ok(())
}

/// SEC's key of a ticker; one that the bundled table does not know is looked up in SEC's own.
fn cik(company: &str, sites: &Sites, client: &Client) -> Result<u64> {
    let unknown = match Registry::bundled().cik(company) {
        Ok(cik) => return Ok(cik),
        Err(unknown) => unknown,
    };
    let request = sites.tickers();
    let Ok(bytes) = client.get(&request) else { return Err(unknown) };
    let table = tickers::read(&Raw::new(request.url, bytes, Context::today()))?;
    table.get(&company.to_lowercase()).copied().ok_or(unknown)
}

/// Saved documents: the company comes from each of them.
fn from_file(context: &Context, arguments: &EdgarArguments, path: &Path) -> Result<Outcome> {
    let mut companies = BTreeSet::new();
    for company in &arguments.company {
        companies.insert(Registry::bundled().cik(company)?);
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
        return bulk::run(context, path, &companies);
    }
    if let Some(company) = arguments.company.first() {
        return Err(Error::invalid(format!(
            "`--company {company}` beside a document: the company comes from the document"
        ))
        .hint("`--company` picks companies out of a nightly zip file"));
    }
    let files = files_of(path, "json")?;
    if files.is_empty() {
        return Err(Error::not_found(format!("no `.json` file in folder `{}`", path.display()))
            .hint("give a companyfacts file, such as CIK0001045810.json, or a folder of them"));
    }
    let mut read = Read::new(context)?;
    for file in files {
        read.take(&Edgar::default().parse(&raw_of(&file)?)?)?;
    }
    read.finish()
}

pub(super) fn filing(context: &Context, arguments: &FilingArguments) -> Result<Outcome> {
    let FilingArguments { file, company, filed, accession } = arguments;
    if *filed > Context::today() {
        return Err(Error::invalid(format!("`--filed` is {filed}, a day that is still to come")));
    }
    let filing = Filing {
        cik: Registry::bundled().cik(company)?,
        accession: accession.clone().unwrap_or_default(),
        form: String::new(),
        items: Vec::new(),
        filed: *filed,
        report_end: None,
    };
    let owner = Registry::bundled().ticker(filing.cik);
    let raw = Raw { filing: Some(filing), ..raw_of(file)? };
    let mut read = Read::new(context)?;
    let parsed = edgar::report(&raw, &owner)?;
    say_words(context, &parsed);
    read.take_report(&parsed)?;
    read.finish()
}

/// The count of words on scarce capacity, for people: it is one row among hundreds.
fn say_words(context: &Context, parsed: &Parsed) {
    for row in parsed.observations.iter().filter(|row| capacity::is_count(&row.series)) {
        let (n, place) = (row.value, &row.locator);
        context.say(format!("{}: {n} say that capacity is short ({place})", row.series));
    }
}

pub(super) fn press(context: &Context, arguments: &PressArguments) -> Result<Outcome> {
    let PressArguments { file, company, published, accession } = arguments;
    let company = company.to_ascii_lowercase();
    let mut raw = raw_of(file)?;
    raw.filing = accession.clone().map(|accession| Filing {
        cik: Registry::bundled().cik(&company).unwrap_or_default(),
        accession,
        form: "8-K".to_owned(),
        items: Vec::new(),
        filed: *published,
        report_end: None,
    });
    if *published > Context::today() {
        return Err(Error::invalid(format!(
            "`--published` is {published}, a day that is still to come"
        )));
    }
    let mut read = Read::new(context)?;
    let calendar = read.quarters(&company)?;
    let parsed = edgar::release(&raw, &company, *published, &calendar)?;
    if parsed.announcements.is_empty() {
        context.say(format!("no guidance was read in `{}`", raw.name));
    }
    say_words(context, &parsed);
    read.take(&parsed)?;
    read.finish()
}
