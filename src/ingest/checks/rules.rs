//! What the checks know of the data, read from `datasets/checks.toml`.
//!
//! May use the core files and its sibling files. Holds no series' name itself; a new sum or a
//! series that ended is a line in the data file.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::period::Period;
use crate::series::SeriesId;

/// Endings of percentiles, which are no parts of a whole.
pub(super) const PERCENTILES: [&str; 2] = ["p05", "p95"];

/// The rules of the bundled data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    #[serde(rename = "identity")]
    pub(super) identities: Vec<Identity>,
    #[serde(default)]
    pub(super) closed: Vec<Closed>,
    #[serde(default)]
    pub(super) cadence: Vec<Cadence>,
    #[serde(default)]
    pub(super) together: Vec<Together>,
}

/// A total and its parts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) total: Total,
    pub(super) parts: Vec<Part>,
    #[serde(default)]
    pub(super) reading: Reading,
    #[serde(default)]
    pub(super) absent: Absent,
    #[serde(default)]
    pub(super) without: Vec<Pattern>,
    #[serde(default)]
    pub(super) tolerance: f64,
    #[serde(default)]
    pub(super) share: f64,
    #[serde(default)]
    from: Day,
    #[serde(default)]
    to: Day,
    pub(super) reason: String,
}

/// A series that ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Closed {
    pub(super) series: Pattern,
    #[serde(default)]
    pub(super) after: Day,
    pub(super) reason: String,
}

/// How long after a period the next value may take.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cadence {
    pub(super) series: Pattern,
    pub(super) days: u64,
    pub(super) reason: String,
}

/// Two series of which neither can be zero where the other is not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Together {
    pub(super) one: Pattern,
    pub(super) other: Pattern,
    pub(super) reason: String,
}

/// What parts add up to.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Total {
    Series(Pattern),
    Constant(f64),
}

/// One term of a sum.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Part {
    pub(super) sign: f64,
    pub(super) series: Pattern,
}

/// Whether a total stands for itself or for its change over the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reading {
    #[default]
    Level,
    Change,
}

/// What a part without a value in a period means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Absent {
    #[default]
    Skips,
    Nothing,
    Less,
}

/// A day of the data file, where it gives one.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "toml::value::Datetime")]
pub(super) struct Day(pub(super) Option<NaiveDate>);

/// Which ids are meant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(super) struct Pattern(Vec<String>);

/// What the names in braces of a pattern stand for.
pub(super) type Binding = BTreeMap<String, String>;

impl Rules {
    /// The rules compiled into the library.
    pub(super) fn bundled() -> &'static Self {
        static RULES: OnceLock<Rules> = OnceLock::new();
        RULES.get_or_init(|| {
            Self::read(include_str!("../../../datasets/checks.toml"))
                .expect("the bundled rules are checked by a test")
        })
    }

    fn read(text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|e| Error::parse("`checks.toml` cannot be read").caused_by(e))
    }
}

impl Identity {
    /// Whether it holds for a period.
    pub(super) fn covers(&self, period: Period) -> bool {
        self.from.0.is_none_or(|from| from <= period.end())
            && self.to.0.is_none_or(|to| period.end() <= to)
    }
}

impl Pattern {
    /// What the names stand for if an id matches, given what some of them stand for already.
    pub(super) fn bind(&self, id: &SeriesId, bound: &Binding) -> Option<Binding> {
        let mut bound = bound.clone();
        let mut parts = id.as_str().split('.');
        for word in &self.0 {
            if word == "**" {
                return Some(bound);
            }
            let part = parts.next()?;
            let name = word.strip_prefix('{').and_then(|word| word.strip_suffix('}'));
            let fits = match name {
                _ if word == "*" => !PERCENTILES.contains(&part),
                Some(name) => bound.entry(name.to_owned()).or_insert_with(|| part.into()) == part,
                None => word == part,
            };
            if !fits {
                return None;
            }
        }
        parts.next().is_none().then_some(bound)
    }

    /// Whether an id matches.
    pub(super) fn matches(&self, id: &SeriesId) -> bool {
        self.bind(id, &Binding::new()).is_some()
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self(text.split('.').map(str::to_owned).collect())
    }
}

impl TryFrom<String> for Total {
    type Error = std::num::ParseFloatError;
    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        match text.strip_prefix('=') {
            Some(number) => Ok(Self::Constant(number.parse()?)),
            None => Ok(Self::Series(text.into())),
        }
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        match text.strip_prefix('-') {
            Some(taken_off) => Self { sign: -1.0, series: taken_off.to_owned().into() },
            None => Self { sign: 1.0, series: text.into() },
        }
    }
}

impl TryFrom<toml::value::Datetime> for Day {
    type Error = chrono::ParseError;
    fn try_from(day: toml::value::Datetime) -> std::result::Result<Self, Self::Error> {
        day.to_string().parse().map(|day| Self(Some(day)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> SeriesId {
        SeriesId::new(text).expect("an id")
    }

    #[test]
    fn bundled_rules_are_readable() {
        let rules = Rules::bundled();
        assert!(rules.identities.len() > 10 && !rules.closed.is_empty());
        assert!(rules.identities[0].covers(period("2026-01-25")));
        assert!(!rules.identities[0].covers(period("2026-04-26")));
    }

    fn period(end: &str) -> Period {
        let end = end.parse().expect("a date");
        Period::new(end, end).expect("one day")
    }

    #[test]
    fn names_bind_and_percentiles_are_no_parts() {
        let pattern = Pattern::from("{maker}.gpu_shipments_units.*".to_owned());
        let bound = pattern.bind(&id("nvda.gpu_shipments_units.h20"), &Binding::new());
        let bound = bound.expect("fits");
        assert_eq!(bound["maker"], "nvda");
        assert!(pattern.bind(&id("amd.gpu_shipments_units.mi300x"), &bound).is_none());
        assert!(!pattern.matches(&id("nvda.gpu_shipments_units.p05")));
        assert!(!pattern.matches(&id("nvda.gpu_shipments_units")));
        assert!(!pattern.matches(&id("nvda.gpu_shipments_units.h20.p05")));
        assert!(Pattern::from("nvda.**".to_owned()).matches(&id("nvda.a.b.c")));
    }

    #[test]
    fn a_rule_with_an_unknown_key_is_refused() {
        let error = Rules::read("[[identity]]\nnome = 'x'").expect_err("`nome` is no key");
        assert!(error.to_string().contains("checks.toml"), "{error}");
    }
}
