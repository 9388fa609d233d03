//! Assumptions: what the chain takes for granted, each with an interval, a unit, a source and a
//! date.
//!
//! May use `error` and `draws`. The only reader of `models/assumptions.toml`, which is compiled in;
//! a user's file of the same form lies over it. Never holds a number itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use chrono::NaiveDate;
use rayon::prelude::*;
use serde::Deserialize;

use crate::draws::{Draws, Randomness};
use crate::error::{Error, Result};

/// The assumptions that come with the program.
const BUNDLED: &str = include_str!("../../models/assumptions.toml");
/// Standard normal quantile at 0.95: `low` and `high` lie this many deviations from `median`.
const Z_95: f64 = 1.644_853_626_951_472_2;

/// How the three quantiles are joined into a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Two-piece lognormal: the logarithm is two-piece normal; for what must stay above zero.
    Positive,
    /// Two-piece logit-normal: the log odds are two-piece normal; for what must stay between 0 and
    /// 1.
    Share,
    /// Two-piece normal.
    Real,
}

/// Something taken for granted: 5 %, 50 % and 95 % quantiles with where they come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// 5 % quantile, in `unit`.
    pub low: f64,
    /// Median, in `unit`.
    pub median: f64,
    /// 95 % quantile, in `unit`.
    pub high: f64,
    /// Unit of the three.
    pub unit: String,
    /// How they are joined.
    pub shape: Shape,
    /// Where they come from, in words with the reference.
    pub source: String,
    /// The day for which the source speaks.
    pub dated: NaiveDate,
}

/// One sampled set of worlds: what a draw's index refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Worlds {
    /// Seed of everything random.
    pub seed: u64,
    /// The forecast's origin.
    pub origin: NaiveDate,
    /// How many worlds are sampled.
    pub n_draws: usize,
}

impl Worlds {
    /// One standard normal number a world for a key: the same key gives the same numbers. Every company
    /// and case asks for the same ones, so what was drawn is kept.
    pub fn normal(&self, key: &str) -> Draws<f64> {
        let n_draws = self.n_draws.max(1);
        let name = (self.seed, self.origin, key.to_owned());
        let held = || DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held().get(&name).filter(|known| known.len() >= n_draws).cloned();
        let normals = known.unwrap_or_else(|| {
            let stream = Randomness::new(self.seed, key, self.origin);
            let worlds = (0..n_draws).into_par_iter();
            let drawn: Arc<[f64]> = worlds.map(|draw_idx| stream.draw(draw_idx).normal()).collect();
            if n_draws <= MAX_KEPT_DRAWS {
                let mut held = held();
                if held.len() >= MAX_KEPT {
                    held.clear();
                }
                held.insert(name, Arc::clone(&drawn));
            }
            drawn
        });
        Draws::from_fn(n_draws, |draw_idx| normals[draw_idx])
    }
}

/// Normal numbers by seed, origin and key.
type Drawn = HashMap<(u64, NaiveDate, String), Arc<[f64]>>;
static DRAWN: LazyLock<Mutex<Drawn>> = LazyLock::new(Mutex::default);
/// Keys that are kept, and the most draws of one: 42 MB in all. A run asks for some sixty of one seed and
/// origin.
const MAX_KEPT: usize = 256;
const MAX_KEPT_DRAWS: usize = 20_000;

impl Assumption {
    /// An estimate of one quantity, such as an installed base: 5 %, 50 % and 95 % quantiles.
    ///
    /// # Errors
    /// [`Error::Invalid`] on quantiles out of order or outside `shape`, or without unit or source.
    pub fn estimate(
        name: &str,
        quantiles: [f64; 3],
        unit: &str,
        shape: Shape,
        source: &str,
        dated: NaiveDate,
    ) -> Result<Self> {
        let [low, median, high] = quantiles;
        let (unit, source) = (unit.to_owned(), source.to_owned());
        let estimate = Self { low, median, high, unit, shape, source, dated };
        estimate.check(name)?;
        Ok(estimate)
    }

    /// Draws through the three quantiles, keyed `assumption.NAME`.
    ///
    /// With `g` the identity, ln or logit, and `z` standard normal:
    /// `g(x) = g(median) + z/1.645 · (z < 0 ? g(median) − g(low) : g(high) − g(median))`, so that
    /// the 5 %, 50 % and 95 % quantiles are exactly `low`, `median` and `high`. The density has a
    /// step at the median where the two halves differ.
    ///
    /// - Returns draws in the assumption's unit.
    pub fn draws(&self, name: &str, worlds: &Worlds) -> Draws<f64> {
        self.through(&worlds.normal(&format!("assumption.{name}")))
    }

    /// The value of each standard normal number under this distribution.
    pub fn through(&self, normal: &Draws<f64>) -> Draws<f64> {
        let (low, median, high) = (self.shape.straighten(self.low), self.at_median(), self.top());
        normal.map(|z| {
            let side = if z < 0.0 { median - low } else { high - median };
            self.shape.bend(median + z / Z_95 * side)
        })
    }

    fn at_median(&self) -> f64 {
        self.shape.straighten(self.median)
    }

    fn top(&self) -> f64 {
        self.shape.straighten(self.high)
    }

    /// Refuses what is not ordered, outside its shape, or without unit or source.
    fn check(&self, name: &str) -> Result<()> {
        let found = format!("{}, {}, {}", self.low, self.median, self.high);
        if !(self.low <= self.median && self.median <= self.high) {
            return Err(Error::invalid(format!(
                "assumption `{name}`: found {found}, needed low <= median <= high"
            )));
        }
        let inside = match self.shape {
            Shape::Positive => self.low > 0.0 && self.high.is_finite(),
            Shape::Share => self.low > 0.0 && self.high < 1.0,
            Shape::Real => self.low.is_finite() && self.high.is_finite(),
        };
        if !inside {
            let needed = match self.shape {
                Shape::Positive => "numbers above 0",
                Shape::Share => "numbers between 0 and 1",
                Shape::Real => "finite numbers",
            };
            return Err(Error::invalid(format!(
                "assumption `{name}`: found {found}, needed {needed}"
            )));
        }
        if self.unit.trim().is_empty() || self.source.trim().is_empty() {
            return Err(Error::invalid(format!("assumption `{name}` has no unit or no source")));
        }
        Ok(())
    }
}

impl Shape {
    fn straighten(self, value: f64) -> f64 {
        match self {
            Self::Positive => value.ln(),
            Self::Share => (value / (1.0 - value)).ln(),
            Self::Real => value,
        }
    }

    fn bend(self, value: f64) -> f64 {
        match self {
            Self::Positive => value.exp(),
            Self::Share => 1.0 / (1.0 + (-value).exp()),
            Self::Real => value,
        }
    }
}

/// All assumptions, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumptions(BTreeMap<String, Assumption>);

impl Assumptions {
    /// Those that come with the program.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the bundled file breaks its own rules.
    pub fn bundled() -> Result<Self> {
        Self::read(BUNDLED).map_err(|e| e.within("`models/assumptions.toml`"))
    }

    /// Reads a file of the form of `models/assumptions.toml`: one table an assumption.
    ///
    /// # Errors
    /// [`Error::Parse`] on what is not TOML, lacks a key or has an unknown one; [`Error::Invalid`]
    /// on quantiles out of order, outside their shape, or without unit or source.
    pub fn read(text: &str) -> Result<Self> {
        let found: BTreeMap<String, Assumption> = toml::from_str(text).map_err(|e| {
            Error::parse(format!("assumptions cannot be read: {}", e.message()))
                .hint("each needs low, median, high, unit, shape, source and dated, nothing else")
                .caused_by(e)
        })?;
        Self::of(found)
    }

    /// Those of a map, once each has been checked.
    ///
    /// # Errors
    /// [`Error::Invalid`] on quantiles out of order, outside their shape, or without unit or source.
    pub(super) fn of(found: BTreeMap<String, Assumption>) -> Result<Self> {
        for (name, assumption) in &found {
            assumption.check(name)?;
        }
        Ok(Self(found))
    }

    /// These with one of them held at `value` in every world; all others are drawn as before.
    ///
    /// - `value`: in the assumption's unit.
    ///
    /// # Errors
    /// [`Error::NotFound`] on an unknown name, [`Error::Invalid`] on a value outside its shape.
    pub fn pinned(mut self, name: &str, value: f64) -> Result<Self> {
        let mut held = self.get(name)?.clone();
        (held.low, held.median, held.high) = (value, value, value);
        held.check(name)?;
        self.0.insert(name.to_owned(), held);
        Ok(self)
    }

    /// These with another set laid over them; a name that is not known here is an error.
    ///
    /// # Errors
    /// [`Error::NotFound`] on an unknown name, [`Error::Invalid`] on another unit.
    pub fn overlaid(mut self, other: Self) -> Result<Self> {
        for (name, assumption) in other.0 {
            let known = self.get(&name)?;
            if known.unit != assumption.unit {
                return Err(Error::invalid(format!(
                    "assumption `{name}` is in {}, needed {}",
                    assumption.unit, known.unit
                )));
            }
            self.0.insert(name, assumption);
        }
        Ok(self)
    }

    /// One assumption.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that name.
    pub fn get(&self, name: &str) -> Result<&Assumption> {
        self.0.get(name).ok_or_else(|| {
            Error::not_found(format!("assumption `{name}` does not exist"))
                .hint("the names are the tables of models/assumptions.toml")
        })
    }

    /// Draws of one assumption, in its unit.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that name.
    pub fn draws(&self, name: &str, worlds: &Worlds) -> Result<Draws<f64>> {
        Ok(self.get(name)?.draws(name, worlds))
    }

    /// Every assumption with its name, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Assumption)> {
        self.0.iter().map(|(name, assumption)| (name.as_str(), assumption))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worlds() -> Worlds {
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        Worlds { seed: 7, origin, n_draws: 20_000 }
    }

    #[test]
    fn draws_pass_through_the_three_quantiles_of_every_assumption() {
        let all = Assumptions::bundled().expect("the bundled file is sound");
        assert!(all.iter().count() >= 20);
        for (name, assumption) in all.iter() {
            let draws = assumption.draws(name, &worlds());
            let found = draws.quantiles(&[0.05, 0.5, 0.95]);
            let spread = assumption.high - assumption.low;
            for (found, needed) in
                found.iter().zip([assumption.low, assumption.median, assumption.high])
            {
                assert!((found - needed).abs() <= 0.04 * spread, "{name}: {found} for {needed}");
            }
        }
    }

    #[test]
    fn a_share_stays_inside_and_the_same_name_is_the_same_world() {
        let all = Assumptions::bundled().expect("sound");
        let share = all.draws("cluster_share", &worlds()).expect("known");
        assert!(share.values().iter().all(|value| *value > 0.0 && *value < 1.0));
        assert_eq!(share, all.draws("cluster_share", &worlds()).expect("known"));
    }

    #[test]
    fn unordered_and_unknown_keys_are_refused() {
        let good = "[a]\nlow=1\nmedian=2\nhigh=3\nunit='W'\nshape='positive'\nsource='s'\n\
                    dated='2026-01-01'\n";
        assert!(Assumptions::read(good).is_ok());
        let error =
            Assumptions::read(&good.replace("median=2", "median=4")).expect_err("unordered");
        assert_eq!(
            error.to_string(),
            "assumption `a`: found 1, 4, 3, needed low <= median <= high"
        );
        let error = Assumptions::read(&format!("{good}colour='red'\n")).expect_err("unknown key");
        assert!(error.to_string().contains("unknown field `colour`"), "{error}");
        let error = Assumptions::read(&good.replace("low=1", "low=0")).expect_err("not positive");
        assert_eq!(error.to_string(), "assumption `a`: found 0, 2, 3, needed numbers above 0");
    }
}
