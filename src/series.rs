//! Series ids and the registry that says what each series measures.
//!
//! May use `error` and `units`. The registry is `datasets/series.toml`, compiled in; a series that is
//! not in it still works: its title is its id.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::error::{Error, Result};

/// A lower-case path, owner first: `nvda.revenue.data_center`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(Arc<str>);

impl SeriesId {
    /// Checks and wraps an id.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it has two or more parts of `a-z`, `0-9`, `_` joined by dots.
    pub fn new(text: &str) -> Result<Self> {
        let part_ok = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if text.contains('.') && text.len() <= 200 && text.split('.').all(part_ok) {
            return Ok(Self(text.into()));
        }
        Err(Error::invalid(format!("`{text}` is not a series id"))
            .hint("ids are lower-case paths, owner first, such as `nvda.revenue.data_center`"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first part: a company, lab, market or maker.
    pub fn owner(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }

    /// Everything after the owner: the metric and its parts.
    pub fn metric(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, metric)| metric)
    }

    /// The whole that it is a part of: `nvda.revenue` of `nvda.revenue.data_center`.
    pub fn parent(&self) -> Option<Self> {
        let (whole, _) = self.0.rsplit_once('.')?;
        Self::new(whole).ok()
    }
}

impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl FromStr for SeriesId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

/// How a value came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Filed with a regulator, audited or reviewed.
    Filed,
    /// Said by the company about its own future.
    Guided,
    /// Somebody's estimate, made afterwards.
    Estimate,
    /// Published by a market source.
    Market,
}

impl Kind {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Guided => "guided",
            Self::Estimate => "estimate",
            Self::Market => "market",
        }
    }
}

/// What the registry knows of a family of series.
#[derive(Debug, Clone, Deserialize)]
pub struct Definition {
    /// The id, or a pattern with parts such as `{owner}`, each of which stands for any one part.
    pub id: String,
    /// A short name for people.
    pub title: String,
    /// How its values came to be.
    pub kind: Kind,
    /// The metric's definition in one sentence.
    #[serde(default)]
    pub metric: String,
}

/// What the registry knows of a company.
#[derive(Debug, Clone, Deserialize)]
pub struct Company {
    /// Lower-case ticker: the owner part of its series ids.
    pub ticker: String,
    /// Its name.
    pub name: String,
    /// SEC's central index key; 0 where it files elsewhere.
    #[serde(default)]
    pub cik: u64,
}

impl Definition {
    fn matches(&self, series: &SeriesId) -> bool {
        let (pattern, parts) = (self.id.split('.'), series.as_str().split('.'));
        pattern.clone().count() == parts.clone().count()
            && pattern.zip(parts).all(|(p, part)| p == part || p.starts_with('{'))
    }
}

#[derive(Debug, Deserialize)]
struct RegistryFile {
    #[serde(default)]
    series: Vec<Definition>,
    #[serde(default)]
    company: Vec<Company>,
}

/// The definitions of `datasets/series.toml`.
#[derive(Debug)]
pub struct Registry {
    definitions: Vec<Definition>,
    companies: BTreeMap<String, Company>,
    tickers: BTreeMap<u64, &'static str>,
}

/// A company as people know it; its ticker where the registry has no name for it.
pub fn company_name(ticker: &str) -> &str {
    Registry::bundled().company(ticker).map_or(ticker, |company| company.name.as_str())
}

impl Registry {
    /// The bundled registry.
    pub fn bundled() -> &'static Self {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        REGISTRY.get_or_init(|| {
            let file: RegistryFile = toml::from_str(include_str!("../datasets/series.toml"))
                .expect("the bundled registry is checked by a test");
            let tickers = include_str!("../datasets/tickers.csv").lines().skip(1);
            Self {
                definitions: file.series,
                companies: file.company.into_iter().map(|c| (c.ticker.clone(), c)).collect(),
                tickers: tickers
                    .filter_map(|line| line.split_once(','))
                    .filter_map(|(cik, ticker)| Some((cik.parse().ok()?, ticker)))
                    .collect(),
            }
        })
    }

    /// The definition of a series: an exact id before a pattern, and among patterns the one with the
    /// fewest names in braces.
    pub fn definition(&self, series: &SeriesId) -> Option<&Definition> {
        let matching = self.definitions.iter().filter(|d| d.matches(series));
        matching.min_by_key(|d| d.id.matches('{').count())
    }

    /// A name for people: `Microsoft: Cash capital expenditure`.
    pub fn title(&self, series: &SeriesId) -> String {
        let Some(found) = self.definition(series) else { return series.to_string() };
        if !found.id.contains('{') {
            return found.title.clone();
        }
        let owner = company_name(series.owner());
        let pattern = found.id.split('.').zip(series.as_str().split('.')).skip(1);
        let named: Vec<_> =
            pattern.filter(|(p, _)| p.starts_with('{')).map(|(_, part)| part).collect();
        let part =
            if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
        format!("{owner}: {}{part}", found.title)
    }

    /// A company by its ticker.
    pub fn company(&self, ticker: &str) -> Option<&Company> {
        self.companies.get(ticker)
    }

    /// The ticker under which a company's series are kept: the first that SEC's table lists for the
    /// key, or `cik0000000000` where there is none.
    pub fn ticker(&self, cik: u64) -> String {
        let listed = self.tickers.get(&cik).map(|ticker| ticker.replace('-', "_"));
        listed.unwrap_or_else(|| format!("cik{cik:010}"))
    }

    /// SEC's key of a ticker.
    ///
    /// # Errors
    /// [`Error::NotFound`] where SEC's table has no such ticker.
    pub fn cik(&self, ticker: &str) -> Result<u64> {
        let wanted = ticker.to_ascii_lowercase();
        if let Some(company) = self.company(&wanted).filter(|company| company.cik > 0) {
            return Ok(company.cik);
        }
        let found = self.tickers.iter().find(|(_, listed)| **listed == wanted);
        found.map(|(cik, _)| *cik).ok_or_else(|| {
            Error::not_found(format!("no SEC filer with ticker `{ticker}` is known"))
                .hint("give the ticker as SEC lists it, or the file with `--from-file`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lower_case_paths() {
        let id = SeriesId::new("nvda.revenue.data_center").expect("good id");
        assert_eq!((id.owner(), id.metric()), ("nvda", "revenue.data_center"));
        for bad in ["nvda", "Nvda.revenue", "nvda..revenue", "nvda.rev enue", "", "../x.y"] {
            assert!(SeriesId::new(bad).is_err(), "{bad}");
        }
    }
}
