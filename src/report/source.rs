//! Sources: where a number comes from, on which day it became public, and its footnote.
//!
//! May use `archive`, `error`, `observation`, `series` and what `ingest` knows of accessions. The
//! only place that turns a locator into a link: http and https as they stand, an SEC accession
//! through its filer's folder, nothing else.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::ingest::edgar::submissions::is_accession;
use crate::observation::{Announcement, Observation, VintageBasis};
use crate::report::{format, plain};
use crate::series::{Kind, Registry, SeriesId};

/// How a number came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceKind {
    /// Filed with a regulator.
    Filed,
    /// Said by the company about its own future.
    Guided,
    /// Somebody's estimate, made afterwards.
    Estimate,
    /// Published by a market source.
    Market,
    /// Computed by this run.
    Model,
    /// Taken from `models/assumptions.toml`.
    Assumption,
}

impl SourceKind {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Guided => "guided",
            Self::Estimate => "estimate",
            Self::Market => "market",
            Self::Model => "model",
            Self::Assumption => "assumption",
        }
    }
}

impl From<Kind> for SourceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Filed => Self::Filed,
            Kind::Guided => Self::Guided,
            Kind::Estimate => Self::Estimate,
            Kind::Market => Self::Market,
        }
    }
}

/// One source of one number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceRef {
    /// How the number came to be.
    pub kind: SourceKind,
    /// What it is, in words: `NVIDIA 10-Q for the quarter to 26 Jul 2026`.
    pub label: String,
    /// What finds it: accession, URL, table and row, run and step.
    pub locator: String,
    /// The first day on which the public could know it; the as-of day for what a model computes.
    pub vintage: NaiveDate,
    /// SEC's key of the filer, without which an accession has no address.
    pub cik: Option<u64>,
    /// How many scored forecasts, rows or draws stand behind what a model computed.
    pub n: Option<usize>,
}

impl SourceRef {
    /// A source by its parts. None can be left out, least of all the vintage:
    /// ```compile_fail
    /// use chipcast::report::{SourceKind, SourceRef};
    /// SourceRef::new(SourceKind::Filed, "10-Q", "0001045810-26-000123");
    /// ```
    pub fn new(
        kind: SourceKind,
        label: impl Into<String>,
        locator: impl Into<String>,
        vintage: NaiveDate,
    ) -> Self {
        let (label, locator) = (plain::text(&label.into()), plain::text(&locator.into()));
        Self { kind, label, locator, vintage, cik: None, n: None }
    }

    /// An SEC filing of the company with key `cik`; its accession becomes a link.
    pub fn filing(
        label: impl Into<String>,
        accession: impl Into<String>,
        vintage: NaiveDate,
        cik: u64,
    ) -> Self {
        Self { cik: Some(cik), ..Self::new(SourceKind::Filed, label, accession, vintage) }
    }

    /// What this run computed: `step` says how, `run_id` finds it. A number needs [`SourceRef::of`]
    /// too; words about a method do not.
    pub fn model(step: impl Into<String>, run_id: &str, as_of: NaiveDate) -> Self {
        Self::new(SourceKind::Model, step, format!("run {run_id}"), as_of)
    }

    /// The same source with its n: how many scored forecasts, rows or draws stand behind it.
    #[must_use]
    pub fn of(self, n: usize) -> Self {
        Self { n: Some(n), ..self }
    }

    /// What stands beside the label in the list of sources: `model, n 84`.
    pub fn standing(&self) -> String {
        let n = self.n.map(|n| format!(", n {}", format::count(n, ""))).unwrap_or_default();
        format!("{}{n}", self.kind.word())
    }

    /// The source of a series' last known value.
    ///
    /// # Errors
    /// As [`Snapshot::current`].
    pub fn last_of(known: &Snapshot, series: &SeriesId) -> Result<Option<Self>> {
        Ok(known.current(series)?.last().map(Self::observed))
    }

    /// The source of an observation; its kind is the registry's for the series.
    pub fn observed(observation: &Observation) -> Self {
        let registry = Registry::bundled();
        let series = &observation.series;
        let kind = registry.definition(series).map_or_else(
            || match observation.vintage_basis {
                VintageBasis::PressRelease | VintageBasis::Filing | VintageBasis::Deadline => {
                    SourceKind::Filed
                }
                VintageBasis::Publication => SourceKind::Market,
                VintageBasis::Retrieved | VintageBasis::Stated => SourceKind::Estimate,
            },
            |definition| definition.kind.into(),
        );
        let label = format!(
            "{}, {} to {}: {}",
            registry.title(series),
            observation.period.frequency().map_or("period", |frequency| frequency.word()),
            format::date(observation.period.end()),
            observation.source
        );
        let cik = registry.cik(series.owner()).ok();
        Self { cik, ..Self::new(kind, label, observation.locator.clone(), observation.vintage) }
    }

    /// The source of a company's own announcement.
    pub fn announced(announcement: &Announcement) -> Self {
        let registry = Registry::bundled();
        let company = registry.company(&announcement.company);
        let label = format!(
            "{}: {} announced for the period to {}",
            company.map_or(announcement.company.as_str(), |company| company.name.as_str()),
            announcement.metric.replace(['_', '.'], " "),
            format::date(announcement.period.end()),
        );
        Self {
            cik: registry.cik(&announcement.company).ok(),
            ..Self::new(
                SourceKind::Guided,
                label,
                announcement.locator.clone(),
                announcement.published,
            )
        }
    }

    /// The locator in parts, each with the address it leads to, if it is safe to link.
    pub fn locator_parts(&self) -> Vec<(&str, Option<String>)> {
        self.locator.split_whitespace().map(|word| (word, self.address(word))).collect()
    }

    fn address(&self, word: &str) -> Option<String> {
        let word = word.trim_end_matches([',', ';']);
        if self.locator.ends_with(plain::CUT) {
            return None;
        }
        if is_web_address(word) {
            return Some(word.to_owned());
        }
        let cik = self.cik.filter(|_| is_accession(word))?;
        let folder = word.replace('-', "");
        Some(format!("https://www.sec.gov/Archives/edgar/data/{cik}/{folder}/{word}-index.htm"))
    }
}

/// Whether `word` is an http or https address that may stand in a link.
pub fn is_web_address(word: &str) -> bool {
    let rest = word.strip_prefix("https://").or_else(|| word.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !rest.contains(|c: char| c.is_control() || c.is_whitespace() || "\"'<>`".contains(c))
    })
}

/// One source or more: a number cannot be made without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources(Vec<SourceRef>);

impl Sources {
    /// Sources of a value that was computed from several.
    ///
    /// # Errors
    /// [`Error::Invalid`] on none.
    pub fn new(sources: Vec<SourceRef>) -> Result<Self> {
        if sources.is_empty() {
            return Err(Error::invalid("a number in a report needs a source; none was given"));
        }
        Ok(Self(sources))
    }

    /// These sources and one more.
    #[must_use]
    pub fn and(mut self, other: &SourceRef) -> Self {
        if !self.0.contains(other) {
            self.0.push(other.clone());
        }
        self
    }

    /// The sources, at least one.
    pub fn as_slice(&self) -> &[SourceRef] {
        &self.0
    }
}

impl From<SourceRef> for Sources {
    fn from(source: SourceRef) -> Self {
        Self(vec![source])
    }
}

impl From<&SourceRef> for Sources {
    fn from(source: &SourceRef) -> Self {
        Self(vec![source.clone()])
    }
}

impl From<&Self> for Sources {
    fn from(sources: &Self) -> Self {
        sources.clone()
    }
}

/// The numbered footnotes of a report: each source once, in the order in which it is first used.
#[derive(Debug, Default)]
pub struct Footnotes<'a> {
    notes: Vec<&'a SourceRef>,
    numbers: HashMap<&'a SourceRef, usize>,
}

impl<'a> Footnotes<'a> {
    /// Numbers sources by first use.
    pub fn number(sources: impl IntoIterator<Item = &'a SourceRef>) -> Self {
        let mut footnotes = Self::default();
        for source in sources {
            let next = footnotes.notes.len() + 1;
            if *footnotes.numbers.entry(source).or_insert(next) == next {
                footnotes.notes.push(source);
            }
        }
        footnotes
    }

    /// The notes; the first has number 1.
    pub fn notes(&self) -> &[&'a SourceRef] {
        &self.notes
    }

    /// The numbers of `sources`, ascending.
    pub fn numbers_of(&self, sources: &[SourceRef]) -> Vec<usize> {
        let mut numbers: Vec<_> =
            sources.iter().filter_map(|source| self.numbers.get(source).copied()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 8, 27).expect("a date")
    }

    #[test]
    fn an_accession_is_linked_only_with_its_filer() {
        let accession = "0001045810-26-000123";
        let known = SourceRef::filing("10-Q", accession, day(), 1_045_810);
        let address = known.locator_parts()[0].1.clone().expect("derived");
        assert_eq!(
            address,
            concat!(
                "https://www.sec.gov/Archives/edgar/data/1045810/000104581026000123/",
                "0001045810-26-000123-index.htm"
            )
        );
        let unknown = SourceRef::new(SourceKind::Filed, "10-Q", accession, day());
        assert_eq!(unknown.locator_parts(), [(accession, None)]);
    }

    #[test]
    fn only_web_addresses_are_linked() {
        for bad in
            ["javascript:alert(1)", "ftp://x.y", "https://", "https://a\"b", "//x.y", "data:x"]
        {
            assert!(!is_web_address(bad), "{bad}");
        }
        assert!(is_web_address("https://www.twse.com.tw/en/"));
    }

    #[test]
    fn no_sources_are_refused_and_footnotes_are_numbered_by_first_use() {
        assert!(Sources::new(Vec::new()).is_err());
        let a = SourceRef::new(SourceKind::Filed, "a", "x", day());
        let b = SourceRef::new(SourceKind::Model, "b", "y", day());
        let notes = Footnotes::number([&b, &a, &b]);
        assert_eq!(notes.notes(), [&b, &a]);
        assert_eq!(notes.numbers_of(&[a.clone(), b.clone()]), [1, 2]);
    }
}
