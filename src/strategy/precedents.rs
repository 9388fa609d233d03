//! Precedents: dated, sourced cases of incumbents under pressure, from `models/precedents.toml`.
//!
//! May use `error`, `archive`'s rule, `rate`, `rule` and `signals`. The only reader of that file.
//! A feature that was not public on the case's day is an error; a case with an unknown value is
//! kept out of the base rate.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::rate::Rate;
use super::rule::Rule;
use super::signals::ShareSignal;
use crate::archive::is_public;
use crate::error::{Error, Result};

/// All cases.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precedents {
    schema_version: u32,
    /// Days after a case's day within which it bought or did not.
    pub horizon_days: u64,
    /// The cases.
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
}

/// An incumbent on a day, what it did and what followed; unknown fields are left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name in tables.
    pub id: String,
    /// Who.
    pub incumbent: String,
    /// Where.
    pub market: String,
    /// The day as of which its features were public.
    pub as_of: NaiveDate,
    /// Which way out it took.
    pub option: Option<WayOut>,
    /// What it did, in words.
    pub did: Option<String>,
    /// The day on which it did.
    pub did_on: Option<NaiveDate>,
    /// Where that is written.
    pub did_source: Option<String>,
    /// What it cost or brought, in `currency`.
    pub amount: Option<f64>,
    /// The currency of `amount`.
    pub currency: Option<String>,
    /// Whether it bought massively, as the head of the file defines it.
    pub bought: Option<bool>,
    /// What that rests on.
    pub bought_source: Option<String>,
    /// What followed, in words.
    pub followed: Option<String>,
    /// The day on which that was known.
    pub followed_on: Option<NaiveDate>,
    /// Where that is written.
    pub followed_source: Option<String>,
    /// Whether it held its place.
    pub held: Option<bool>,
    /// What was public at the time.
    #[serde(default, rename = "feature")]
    pub features: Vec<Feature>,
}

/// A number that was public at the time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// What it is, such as `own_now`.
    pub name: String,
    /// The number.
    pub value: f64,
    /// `ratio` of a share or a change, `USD` of revenue.
    pub unit: String,
    /// The time that it speaks of.
    pub period: String,
    /// The day on which it was public.
    pub public: NaiveDate,
    /// Who says so.
    pub source: String,
    /// Where.
    pub locator: String,
}

/// A way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayOut {
    /// Its own.
    Build,
    /// Somebody else's.
    Buy,
    /// Together with somebody.
    Partner,
    /// Nothing new.
    Wait,
    /// Gave the market up.
    Leave,
}

impl WayOut {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Buy => "buy",
            Self::Partner => "partner",
            Self::Wait => "wait",
            Self::Leave => "leave",
        }
    }
}

/// Which cases count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Like {
    /// All of them: nothing is known of the company's share.
    All,
    /// Those that lost.
    Eroding,
    /// Those that did not.
    Holding,
}

impl Like {
    /// The cases that are like a company, by the change of its share.
    pub fn of(share: Option<&ShareSignal>) -> Self {
        match share {
            None => Self::All,
            Some(share) if share.change < 0.0 => Self::Eroding,
            Some(_) => Self::Holding,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::All => "all complete cases: the company's share in its market is not given",
            Self::Eroding => "complete cases whose share or revenue fell",
            Self::Holding => "complete cases whose share or revenue did not fall",
        }
    }
}

impl Precedents {
    /// The bundled cases.
    pub fn bundled() -> &'static Self {
        static CASES: OnceLock<Precedents> = OnceLock::new();
        CASES.get_or_init(|| {
            Self::read(include_str!("../../models/precedents.toml"))
                .expect("the bundled cases are checked by a test")
        })
    }

    /// Reads cases from text.
    ///
    /// # Errors
    /// [`Error::Parse`] on what is not TOML or has an unknown key; [`Error::Invalid`] where a feature was
    /// not public on its case's day or stands twice, a number has no source, or an id stands twice.
    pub fn read(text: &str) -> Result<Self> {
        let found: Self = toml::from_str(text).map_err(|e| {
            let place = e.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            Error::parse(format!("line {place}: {}", e.message())).caused_by(e)
        })?;
        let mut ids = BTreeSet::new();
        for case in &found.cases {
            case.check().map_err(|error| error.within(format!("case `{}`", case.id)))?;
            if !ids.insert(case.id.as_str()) {
                return Err(Error::invalid(format!("case `{}` stands twice", case.id)));
            }
        }
        Ok(found)
    }

    /// Among complete cases that are like it, those that bought massively; only cases whose time was over on
    /// a day count.
    pub fn rate(&self, like: Like, day: NaiveDate, rule: &Rule) -> Rate {
        let over = |case: &&Case| is_public(case.as_of + Days::new(self.horizon_days), day);
        let counted = self.cases.iter().filter(over).filter_map(|case| {
            let (own, _, bought) = case.known()?;
            let counts = match like {
                Like::All => true,
                Like::Eroding => own < 0.0,
                Like::Holding => own >= 0.0,
            };
            counts.then_some(bought)
        });
        let counted: Vec<bool> = counted.collect();
        let n_hits = counted.iter().filter(|bought| **bought).count();
        Rate::of(n_hits, counted.len(), rule.size_of_cases())
    }
}

impl Case {
    /// The change of its own share or revenue: a difference of shares, a relative change of revenue.
    pub fn own_change(&self) -> Option<f64> {
        self.change("own")
    }

    /// The same of its largest rival.
    pub fn rival_change(&self) -> Option<f64> {
        self.change("rival")
    }

    /// What is not known of it, so that it is kept out of the base rate.
    pub fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        for (name, is_known) in [
            ("own change", self.own_change().is_some()),
            ("rival change", self.rival_change().is_some()),
            ("bought", self.bought.is_some()),
        ] {
            if !is_known {
                missing.push(name);
            }
        }
        missing
    }

    /// Own change, rival's change, and whether it bought, if all are known.
    fn known(&self) -> Option<(f64, f64, bool)> {
        Some((self.own_change()?, self.rival_change()?, self.bought?))
    }

    fn change(&self, whose: &str) -> Option<f64> {
        let named =
            |what: &str| self.features.iter().find(|f| f.name.strip_prefix(whose) == Some(what));
        if let Some(change) = named("_change") {
            return Some(change.value);
        }
        let (now, before) = (named("_now")?, named("_before")?);
        match (now.unit.as_str(), before.unit.as_str()) {
            ("ratio", "ratio") => Some(now.value - before.value),
            ("USD", "USD") if before.value > 0.0 => Some(now.value / before.value - 1.0),
            _ => None,
        }
    }

    fn check(&self) -> Result<()> {
        let mut names = BTreeSet::new();
        for feature in &self.features {
            if !is_public(feature.public, self.as_of) {
                return Err(Error::invalid(format!(
                    "`{}` was public on {}; needed is a day up to `as_of`, {}",
                    feature.name, feature.public, self.as_of
                )));
            }
            if !feature.value.is_finite() || feature.locator.trim().is_empty() {
                return Err(Error::invalid(format!(
                    "`{}` is {} at `{}`; needed is a finite number with a locator",
                    feature.name, feature.value, feature.locator
                )));
            }
            if !matches!(feature.unit.as_str(), "ratio" | "USD") {
                return Err(Error::invalid(format!(
                    "`{}` has unit `{}`; needed is `ratio` or `USD`",
                    feature.name, feature.unit
                )));
            }
            if !names.insert(feature.name.as_str()) {
                return Err(Error::invalid(format!("`{}` stands twice", feature.name)));
            }
        }
        for (what, is_said, source) in [
            ("did", self.did.is_some(), &self.did_source),
            ("bought", self.bought.is_some(), &self.bought_source),
            ("followed", self.followed.is_some(), &self.followed_source),
        ] {
            if is_said && source.as_ref().is_none_or(|source| source.trim().is_empty()) {
                return Err(Error::invalid(format!("`{what}` needs `{what}_source`")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(text: &str) -> String {
        let head =
            "schema_version = 1\nhorizon_days = 365\n[[case]]\nid = \"a\"\nincumbent = \"A\"\n";
        format!("{head}market = \"m\"\nas_of = \"2013-01-31\"\n{text}\n")
    }

    fn feature(name: &str, value: f64, public: &str) -> String {
        format!(
            "{{ name = \"{name}\", value = {value:?}, unit = \"ratio\", period = \"p\", \
             public = \"{public}\", source = \"s\", locator = \"l\" }}"
        )
    }

    #[test]
    fn a_case_is_complete_with_both_changes_and_what_it_did() {
        let pairs =
            [("own_now", 0.3), ("own_before", 0.5), ("rival_now", 0.4), ("rival_before", 0.1)];
        let features: Vec<_> = pairs.iter().map(|(n, v)| feature(n, *v, "2013-01-30")).collect();
        let text = case(&format!(
            "bought = true\nbought_source = \"s\"\nfeature = [{}]",
            features.join(", ")
        ));
        let found = Precedents::read(&text).expect("a case");
        assert!((found.cases[0].own_change().expect("both") + 0.2).abs() < 1e-12);
        assert!((found.cases[0].rival_change().expect("both") - 0.3).abs() < 1e-12);
        assert!(found.cases[0].missing().is_empty());
        let day = |text: &str| text.parse().expect("a date");
        let rule = Rule::bundled();
        let rate = found.rate(Like::Eroding, day("2014-01-31"), rule);
        assert_eq!((rate.n_hits, rate.n), (1, 1));
        assert_eq!(found.rate(Like::Holding, day("2014-01-31"), rule).n, 0);
        assert_eq!(found.rate(Like::All, day("2014-01-30"), rule).n, 0, "its year is not over");
        let unknown = Precedents::read(&text.replace("own_before", "own_once")).expect("a case");
        assert_eq!(unknown.cases[0].missing(), ["own change"]);
        assert_eq!(unknown.rate(Like::All, day("2020-01-01"), rule).n, 0);
    }

    #[test]
    fn what_was_not_public_and_what_has_no_source_is_refused() {
        let late = case(&format!("feature = [{}]", feature("own_now", 0.3, "2013-02-01")));
        let error = Precedents::read(&late).expect_err("known too late").to_string();
        assert!(error.contains("case `a`") && error.contains("2013-02-01"), "{error}");
        let bare = Precedents::read(&case("bought = false")).expect_err("no source").to_string();
        assert!(bare.contains("bought_source"), "{bare}");
        let unknown = Precedents::read(&case("colour = 1")).expect_err("a key").to_string();
        assert!(unknown.contains("line 8") && unknown.contains("colour"), "{unknown}");
        let one = feature("own_now", 0.3, "2013-01-01");
        assert!(Precedents::read(&case(&format!("feature = [{one}, {one}]"))).is_err());
    }

    #[test]
    fn the_bundled_cases_are_read_and_some_are_kept_out() {
        let found = Precedents::bundled();
        assert!((10..=20).contains(&found.cases.len()));
        let complete = found.cases.iter().filter(|case| case.missing().is_empty()).count();
        assert!(complete >= 5 && complete < found.cases.len(), "{complete}");
        assert!(found.cases.iter().any(|case| case.held == Some(true)));
    }
}
