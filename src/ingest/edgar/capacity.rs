//! Words on scarce capacity: how many sentences of a filing or release say that supply is short.
//!
//! May use `guidance` for the text, and the core files. Pure. The phrases stand in
//! `models/capacity_words.toml`, of which this is the only reader; no other list is consulted, and nothing
//! is weighed: a count is a count.

use std::collections::HashSet;
use std::sync::OnceLock;

use chrono::NaiveDate;
use regex::Regex;
use serde::Deserialize;

use super::guidance;
use crate::error::{Error, Result};
use crate::ingest::{Parsed, Raw, SetAside};
use crate::observation::{Observation, VintageBasis};
use crate::period::{Frequency, Period};
use crate::series::SeriesId;
use crate::units::{Unit, count};

/// The series of quarterly reports; annual reports and releases stand beside it.
const SERIES: &str = "words.capacity_short";
/// Paragraphs that a locator names.
const PARAGRAPHS: usize = 8;
/// Characters of a sentence in a reason.
const QUOTE_LIMIT: usize = 160;

/// What a sentence says of capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// That it is short.
    Short,
    /// That it could be.
    Conditional,
    /// That it is not, or is so less.
    Eased,
}

/// What a sentence says of capacity; `None` if it has none of the phrases.
///
/// ```
/// use chipcast::ingest::edgar::capacity::{Said, said};
///
/// assert_eq!(said("Demand continues to exceed available supply."), Some(Said::Short));
/// assert_eq!(said("We may be unable to meet demand."), Some(Said::Conditional));
/// assert_eq!(said("We are no longer supply-constrained."), Some(Said::Eased));
/// assert_eq!(said("Revenue rose by 5%."), None);
/// ```
pub fn said(sentence: &str) -> Option<Said> {
    let lists = Lists::bundled();
    let words = plain(sentence);
    if !lists.short.is_match(&words) {
        return None;
    }
    Some(if lists.eased.is_match(&words) || lists.negated.is_match(&words) {
        Said::Eased
    } else if lists.conditional.is_match(&words) {
        Said::Conditional
    } else {
        Said::Short
    })
}

/// Whether a series holds counts of such sentences.
pub fn is_count(series: &SeriesId) -> bool {
    series.metric().starts_with(SERIES)
}

/// The count of a 10-Q or 10-K, dated as its figures are: the period that ends last among them, and their
/// day of filing.
///
/// # Errors
/// [`Error::Parse`] if the bytes are no text.
pub fn in_report(raw: &Raw, owner: &str, figures: &Parsed) -> Result<Parsed> {
    let is_whole = |row: &&Observation| {
        matches!(row.period.frequency(), Some(Frequency::Quarter | Frequency::Year))
    };
    // Of a quarter and a year that end on one day, the report is about the year.
    let last = figures.observations.iter().filter(is_whole);
    let Some(last) = last.max_by_key(|row| (row.period.end(), row.period.n_days())) else {
        return Ok(undated(raw, owner, "no figure of it tells its period"));
    };
    let is_year = last.period.frequency() == Some(Frequency::Year);
    let metric = if is_year { format!("{SERIES}.year") } else { SERIES.to_owned() };
    let row = Observation {
        series: SeriesId::new(&format!("{owner}.{metric}"))?,
        unit: Unit::Count,
        locator: String::new(),
        ..last.clone()
    };
    counted(raw, row)
}

/// The count of an earnings release, or of the words of a call: of the quarter that it reports, public on
/// the day on which it came out. `calendar`: the company's known quarters, as in [`guidance::read`].
///
/// # Errors
/// [`Error::Parse`] if the bytes are no text, [`Error::Invalid`] if `company` is no part of a series id.
pub fn in_release(
    raw: &Raw,
    company: &str,
    published: NaiveDate,
    calendar: &[Period],
) -> Result<Parsed> {
    let owner = company.to_ascii_lowercase();
    let Some(period) = guidance::quarter_reported(raw, published, calendar)? else {
        return Ok(undated(raw, &owner, "it does not tell which quarter it reports"));
    };
    let row = Observation {
        series: SeriesId::new(&format!("{owner}.{SERIES}.release"))?,
        period,
        value: 0.0,
        unit: Unit::Count,
        vintage: published,
        vintage_basis: VintageBasis::PressRelease,
        source: "company release".to_owned(),
        locator: String::new(),
        retrieved_at: raw.retrieved_at,
    };
    counted(raw, row)
}

/// The row with the count in it; what is not counted is set aside with its words.
fn counted(raw: &Raw, row: Observation) -> Result<Parsed> {
    let mut parsed = Parsed { read_through: Some(row.vintage), ..Parsed::default() };
    let place = place(raw);
    let (mut seen, mut paragraphs) = (HashSet::new(), Vec::new());
    for (paragraph, sentence) in guidance::sentences(raw)? {
        let Some(said) = said(&sentence) else { continue };
        // The same sentence twice is boilerplate: once is enough.
        if !seen.insert(plain(&sentence)) {
            continue;
        }
        let why = match said {
            Said::Short => {
                paragraphs.push(paragraph);
                continue;
            }
            Said::Conditional => "says that capacity could be short, and is not counted",
            Said::Eased => "says that capacity is not short or less so, and is not counted",
        };
        let quote: String = sentence.chars().take(QUOTE_LIMIT).collect();
        parsed.set_aside.push(SetAside {
            series: row.series.as_str().to_owned(),
            period: Some(row.period),
            locator: format!("{place}; paragraph {paragraph}"),
            reason: format!("{why}: {quote}"),
        });
    }
    let shown: Vec<_> = paragraphs.iter().take(PARAGRAPHS).map(ToString::to_string).collect();
    let more = if paragraphs.len() > PARAGRAPHS { " and more" } else { "" };
    let locator = match paragraphs.len() {
        0 => format!("{place}; no such sentence"),
        1 => format!("{place}; paragraph {}", shown[0]),
        _ => format!("{place}; paragraphs {}{more}", shown.join(", ")),
    };
    parsed.observations.push(Observation { value: count(paragraphs.len()), locator, ..row });
    Ok(parsed)
}

fn undated(raw: &Raw, owner: &str, why: &str) -> Parsed {
    let reason = format!("words on capacity are not counted: {why}");
    let series = format!("{owner}.{SERIES}");
    let aside = SetAside { series, period: None, locator: place(raw), reason };
    Parsed { set_aside: vec![aside], ..Parsed::default() }
}

/// The accession, or the file's own name.
fn place(raw: &Raw) -> String {
    match &raw.filing {
        Some(filing) if !filing.accession.is_empty() => format!("accn {}", filing.accession),
        _ => format!("file {}", raw.name.rsplit(['/', '\\']).next().unwrap_or(&raw.name)),
    }
}

/// Lower case, one blank for all that is neither a letter of English nor a digit.
fn plain(sentence: &str) -> String {
    let lower = sentence.to_lowercase().replace(['\'', '’'], "");
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "schema_version")]
    _schema_version: u32,
    gap: u32,
    short: Vec<String>,
    conditional: Vec<String>,
    eased: Vec<String>,
    negations: Vec<String>,
}

struct Lists {
    short: Regex,
    conditional: Regex,
    eased: Regex,
    negated: Regex,
}

impl Lists {
    fn bundled() -> &'static Self {
        static LISTS: OnceLock<Lists> = OnceLock::new();
        LISTS.get_or_init(|| {
            Self::read(include_str!("../../../models/capacity_words.toml"))
                .expect("the bundled phrases are checked by a test")
        })
    }

    fn read(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)
            .map_err(|e| Error::parse("`capacity_words.toml` cannot be read").caused_by(e))?;
        let short = any_of(&file.short, file.gap);
        let negations = any_of(&file.negations, file.gap);
        Ok(Self {
            conditional: regex(&any_of(&file.conditional, file.gap))?,
            eased: regex(&any_of(&file.eased, file.gap))?,
            negated: regex(&format!("{negations}(?: {WORD}+){{0,2}} {short}"))?,
            short: regex(&short)?,
        })
    }
}

fn regex(pattern: &str) -> Result<Regex> {
    Regex::new(pattern)
        .map_err(|e| Error::parse("a phrase of `capacity_words.toml` is no pattern").caused_by(e))
}

/// A letter or digit of a plain sentence. Of all scripts, a list of patterns would be too large to compile.
const WORD: &str = "[a-z0-9]";
/// Where a word of it begins or ends.
const EDGE: &str = r"(?-u:\b)";

/// The pattern of a list of phrases.
fn any_of(phrases: &[String], gap: u32) -> String {
    let patterns: Vec<_> = phrases.iter().map(|phrase| pattern(phrase, gap)).collect();
    format!("(?:{})", patterns.join("|"))
}

fn pattern(phrase: &str, gap: u32) -> String {
    let mut found = String::from(EDGE);
    let mut between = "";
    let any = format!("(?: {WORD}+){{0,{gap}}} ");
    for word in phrase.split(' ') {
        if word == ".." {
            between = &any;
            continue;
        }
        found.push_str(between);
        match word.strip_suffix('*') {
            Some(start) => found.push_str(&format!("{}{WORD}*", regex::escape(start))),
            None => found.push_str(&regex::escape(word)),
        }
        between = " ";
    }
    found + EDGE
}
