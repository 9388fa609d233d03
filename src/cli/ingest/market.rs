//! `chipcast ingest fred|twse|statcounter|epoch|described`: the sources of the GPU market.

use std::path::PathBuf;

use chrono::{Datelike, NaiveDate};
use clap::{Args, ValueEnum};

use super::{Read, files_of, open_client, pull, raw_of};
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::ingest::described::{self, Described};
use crate::ingest::epoch::{self, Epoch};
use crate::ingest::fred::{self, Fred};
use crate::ingest::statcounter::{self, Market, StatCounter};
use crate::ingest::twse::{self, Companies, Twse};
use crate::ingest::{Raw, Secret, Source};
use crate::period::Period;
use crate::store;
use crate::units::Unit;

/// The largest file of descriptions.
const SOURCES_LIMIT: u64 = 1 << 20;
/// The first month that StatCounter has.
const FIRST_MONTH: (i32, u32) = (2009, 1);

#[derive(Debug, Args)]
pub(in crate::cli) struct FredArguments {
    /// Names of FRED series, such as `INDPRO`
    #[arg(required = true, value_name = "SERIES")]
    series: Vec<String>,
    /// Unit of the values, which FRED does not say: USD, TWD, unit, h100e, W, FLOP, FLOP/s, ratio,
    /// index
    #[arg(long)]
    unit: Option<String>,
    /// Values are in units of ten to this power: 9 for billions, -2 for percent
    #[arg(long, value_name = "N", default_value_t = 0, allow_hyphen_values = true)]
    places: i32,
    /// Key of the interface; without one the graph's CSV is read, which knows no vintages
    #[arg(long, value_name = "KEY", env = "FRED_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// A saved answer: JSON of the interface or CSV of the graph
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Where FRED is; by default the interface with a key, and the graphs without one
    #[arg(long, value_name = "URL", env = "CHIPCAST_FRED_URL")]
    base_url: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TwseArguments {
    /// Code of a company; may be given more than once, or `all`
    #[arg(long, value_name = "CODE", default_value = "2330")]
    company: Vec<String>,
    /// The month, from its page; the newest one from the open data by default
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Option<Period>,
    /// A saved answer: JSON or CSV of the open data, or a page
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Where it is; by default the open data, and the observation post with `--month`
    #[arg(long, value_name = "URL", env = "CHIPCAST_TWSE_URL")]
    base_url: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StatCounterArguments {
    /// Which devices are counted
    #[arg(long, value_enum, default_value_t = Devices::Desktop)]
    market: Devices,
    /// First month; 2009-01 by default
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    from: Option<Period>,
    /// Last month; the last one that is over by default
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    to: Option<Period>,
    /// The day on which the figures were on show; the day of reading by default
    #[arg(long, value_name = "DATE")]
    published: Option<NaiveDate>,
    /// A saved CSV
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Where it is
    #[arg(
        long,
        value_name = "URL",
        default_value = statcounter::BASE_URL,
        env = "CHIPCAST_STATCOUNTER_URL"
    )]
    base_url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Devices {
    Desktop,
    Mobile,
    Tablet,
    All,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct EpochArguments {
    /// A zip file, a CSV file, or a folder of CSV files; may be given more than once
    #[arg(long, value_name = "PATH")]
    from_file: Vec<PathBuf>,
    /// The day on which the release became public; the day of reading by default
    #[arg(long, value_name = "DATE")]
    released: Option<NaiveDate>,
    /// Where the releases are
    #[arg(long, value_name = "URL", default_value = epoch::BASE_URL, env = "CHIPCAST_EPOCH_URL")]
    base_url: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DescribedArguments {
    /// Names of described sources; all names there are, if none is given
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// A file with descriptions of your own, which stand beside the bundled ones
    #[arg(long, value_name = "FILE")]
    sources: Option<PathBuf>,
    /// Read this file instead of the address of the source
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Ask here instead of at the host of the description
    #[arg(long, value_name = "URL", env = "CHIPCAST_DESCRIBED_URL")]
    base_url: Option<String>,
}

pub(super) fn fred(context: &Context, arguments: &FredArguments) -> Result<Outcome> {
    let unit: Unit = arguments.unit.as_deref().map_or_else(|| Err(no_unit()), str::parse)?;
    let key = arguments.api_key.as_deref().map(str::trim).filter(|key| !key.is_empty());
    let secret = key.map(|key| Secret::new("api_key", key));
    let base_url = match (&arguments.base_url, &secret) {
        (Some(url), _) => url.as_str(),
        (None, Some(_)) => fred::BASE_URL,
        (None, None) => fred::GRAPH_URL,
    };
    if arguments.from_file.is_some() && arguments.series.len() > 1 {
        return Err(Error::invalid("one file holds one series; several were named")
            .hint("read each file with the name of its series"));
    }
    let mut read = Read::new(context)?;
    for series in &arguments.series {
        let source = Fred::new(base_url, series, unit, arguments.places, secret.clone())?;
        take(context, &source, arguments.from_file.as_ref(), base_url, &mut read)?;
    }
    read.finish()
}

fn no_unit() -> Error {
    let words = Unit::ALL.map(Unit::word).join(", ");
    Error::invalid("`--unit` is missing; FRED does not say the unit of a value")
        .hint(format!("use one of {words}, and `--places 9` where values are in billions"))
}

pub(super) fn twse(context: &Context, arguments: &TwseArguments) -> Result<Outcome> {
    let base_url = match (&arguments.base_url, arguments.month) {
        (Some(url), _) => url.as_str(),
        (None, Some(_)) => twse::HISTORY_URL,
        (None, None) => twse::BASE_URL,
    };
    let companies = if arguments.company.iter().any(|code| code == "all") {
        Companies::All
    } else {
        Companies::Codes(arguments.company.clone())
    };
    let source = Twse::new(base_url, arguments.month, companies);
    let mut read = Read::new(context)?;
    take(context, &source, arguments.from_file.as_ref(), base_url, &mut read)?;
    read.finish()
}

pub(super) fn statcounter(context: &Context, arguments: &StatCounterArguments) -> Result<Outcome> {
    let (year, month) = FIRST_MONTH;
    let from = arguments.from.or_else(|| Period::months(year, month, 1));
    let to = arguments.to.or_else(|| statcounter::last_month_over(Context::today()));
    let (Some(from), Some(to)) = (from, to) else {
        return Err(Error::invalid("the months are beyond the calendar"));
    };
    if to < from {
        return Err(Error::invalid(format!("`--to` {to} lies before `--from` {from}"))
            .hint("months are written 2026-08"));
    }
    let market = match arguments.market {
        Devices::Desktop => Market::Desktop,
        Devices::Mobile => Market::Mobile,
        Devices::Tablet => Market::Tablet,
        Devices::All => Market::All,
    };
    let base_url = arguments.base_url.as_str();
    let source = StatCounter::new(base_url, market, (from, to), arguments.published);
    let mut read = Read::new(context)?;
    take(context, &source, arguments.from_file.as_ref(), base_url, &mut read)?;
    read.finish()
}

pub(super) fn epoch(context: &Context, arguments: &EpochArguments) -> Result<Outcome> {
    let source = Epoch::new(arguments.base_url.as_str(), arguments.released);
    let mut read = Read::new(context)?;
    let mut raws = Vec::new();
    for path in &arguments.from_file {
        let files = files_of(path, "csv")?;
        if files.is_empty() {
            return Err(Error::not_found(format!("no `.csv` file in folder `{}`", path.display()))
                .hint(
                    "give ai_chip_sales.zip, ai_chip_owners.zip, or a folder of their CSV files",
                ));
        }
        raws.extend(files.iter().map(|file| raw_of(file)).collect::<Result<Vec<_>>>()?);
    }
    if arguments.from_file.is_empty() {
        let client = open_client(context, &arguments.base_url)?;
        for request in source.requests(read.archive().known_through()) {
            context.say(format!("fetching {}", request.url));
            let bytes = client.get(&request)?;
            raws.push(Raw::new(request.url, bytes, Context::today()));
        }
    }
    read.take(&source.read_together(&raws)?)?;
    read.finish()
}

pub(super) fn described(context: &Context, arguments: &DescribedArguments) -> Result<Outcome> {
    let mut sources = described::read("datasets/sources.toml", described::BUNDLED)?;
    if let Some(path) = &arguments.sources {
        let name = path.display().to_string();
        let text = String::from_utf8(store::read_file(path, SOURCES_LIMIT)?)
            .map_err(|e| Error::parse(format!("`{name}` is not UTF-8 text")).caused_by(e))?;
        let own = described::read(&name, &text)?;
        sources.retain(|source| !own.iter().any(|o| o.id() == source.id()));
        sources.extend(own);
    }
    let known: Vec<_> = sources.iter().map(|source| source.id().to_owned()).collect();
    if arguments.names.is_empty() {
        return Err(Error::invalid("no source was named")
            .hint(format!("the described sources are {}", known.join(", "))));
    }
    if arguments.from_file.is_some() && arguments.names.len() > 1 {
        return Err(Error::invalid("one file is of one source; several were named")
            .hint("read each file with the name of its source"));
    }
    let mut read = Read::new(context)?;
    for name in &arguments.names {
        let source = sources.iter().find(|source| source.id() == *name).ok_or_else(|| {
            Error::not_found(format!("no source `{name}` is described"))
                .hint(format!("the described sources are {}", known.join(", ")))
        })?;
        one_described(context, source, arguments, &mut read)?;
    }
    read.finish()
}

fn one_described(
    context: &Context,
    source: &Described,
    arguments: &DescribedArguments,
    read: &mut Read,
) -> Result<()> {
    let source = match &arguments.base_url {
        Some(base_url) => source.clone().at(base_url),
        None => source.clone(),
    };
    let description = source.description();
    context.say(format!("{}: {} ({})", source.id(), description.attribution, description.licence));
    let file = arguments.from_file.clone().or_else(|| description.file.as_ref().map(PathBuf::from));
    let url = description.url.clone().unwrap_or_default();
    take(context, &source, file.as_ref(), &url, read)
}

/// Reads a source from a file, or asks for it.
fn take(
    context: &Context,
    source: &dyn Source,
    from_file: Option<&PathBuf>,
    base_url: &str,
    read: &mut Read,
) -> Result<()> {
    match from_file {
        Some(file) => read.take(&source.parse(&raw_of(file)?)?),
        None => pull(
            context,
            source,
            &open_client(context, base_url)?,
            read.archive().known_through(),
            read,
        ),
    }
}

/// A month written 2026-08.
fn month(text: &str) -> Result<Period, String> {
    let first: Option<NaiveDate> = format!("{text}-01").parse().ok();
    let first = first.filter(|_| text.len() == 7);
    first
        .and_then(|first| Period::months(first.year(), first.month(), 1))
        .ok_or_else(|| format!("`{text}` is no month; months are written 2026-08"))
}
