//! The machinery on every company and origin, scored: Brier, reliability, false alarms.
//!
//! May use the core files, `forecast`, `rule`, `situation` and `belief`. Every probability is made
//! from what was public on its own day; one that is no better than the base rate is scored like
//! any other.

use chrono::NaiveDate;
use rayon::prelude::*;

use super::belief::{Belief, Drawn, belief, by_draws};
use super::rule::Rule;
use super::situation::{QUARTERS, Situation, situations};
use crate::archive::{Snapshot, is_public};
use crate::error::Result;
use crate::forecast::bootstrap::mean_interval;
use crate::forecast::reliability::Share;
use crate::forecast::score::{brier, mean, skill};
use crate::forecast::skill::{Basis, Grade, SkillAt, lower_bound};

/// One statement of the past, and what came.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The company on its day.
    pub situation: Situation,
    /// What was believed.
    pub belief: Belief,
    /// What the engine's worlds said, if it was asked and had a forecast.
    pub drawn: Option<Drawn>,
}

/// Whether the engine's worlds are drawn beside, which takes most of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// From this seed.
    Drawn(u64),
    /// Not at all.
    LeftOut,
}

/// Whose probabilities are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The base rate alone: the reference.
    BaseRate,
    /// The base rate moved by like states.
    Signals,
    /// The engine's worlds where it claims all four quarters.
    EngineClaimed,
    /// The engine's worlds, withheld ones too.
    EngineAll,
}

impl Way {
    /// All of them, the reference first.
    pub const ALL: [Self; 4] =
        [Self::BaseRate, Self::Signals, Self::EngineClaimed, Self::EngineAll];

    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::BaseRate => "base_rate",
            Self::Signals => "signals",
            Self::EngineClaimed => "engine_claimed",
            Self::EngineAll => "engine_all",
        }
    }
}

/// How a way did beside the base rate, on the statements that it made.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Whose.
    pub way: Way,
    /// Statements whose outcome is known.
    pub n: usize,
    /// Mean Brier score; `None` of no statement.
    pub brier: Option<f64>,
    /// The base rate's on the same statements.
    pub brier_base: Option<f64>,
    /// The 90% interval of its score less the base rate's, by blocks of quarters; below 0 is better.
    pub difference: Option<(f64, f64)>,
    /// Share of the base rate's score that is gone.
    pub skill: Option<f64>,
    /// Its lower bound, by blocks of quarters.
    pub skill_lower: Option<f64>,
}

impl Score {
    /// Whether the lower bound of skill lies above zero: the base rate is beaten.
    pub fn beats_base_rate(&self) -> bool {
        self.skill_lower.is_some_and(|lower| lower > 0.0)
    }

    /// The grade: `C` at most, since one panel speaks for all; `D` where skill is not above zero.
    pub fn grade(&self) -> Grade {
        let (n, skill, lower) = (self.n, self.skill, self.skill_lower);
        let horizon = usize::try_from(QUARTERS).unwrap_or(4);
        Grade::of(&SkillAt { horizon, n, skill, lower, basis: Basis::Panel })
    }
}

/// Statements of about one probability, and how often the event came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Lower end of the class.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Mean probability stated.
    pub stated: f64,
    /// How often it came.
    pub came: Share,
}

impl Trial {
    /// The probability of a way; `None` where it made no statement.
    pub fn probability(&self, way: Way) -> Option<f64> {
        match way {
            Way::BaseRate => Some(self.belief.base.value),
            Way::Signals => Some(self.belief.probability.value),
            Way::EngineClaimed => {
                self.drawn.filter(|drawn| !drawn.is_refused).map(|drawn| drawn.probability)
            }
            Way::EngineAll => self.drawn.map(|drawn| drawn.probability),
        }
    }

    /// Whether the event came, if that was public on a day.
    pub fn came(&self, day: NaiveDate, rule: &Rule) -> Option<bool> {
        self.situation.resolved_by(day).map(|outcome| outcome.is_event(rule.threshold))
    }
}

/// Every statement that would have been made, oldest first.
///
/// # Errors
/// As [`situations`].
pub fn trials(known: &Snapshot, rule: &Rule, engine: Engine) -> Result<Vec<Trial>> {
    stated(known, &situations(known)?, rule, engine)
}

/// The statement about each situation, from those before it, in their order.
///
/// # Errors
/// As [`by_draws`]; none where the engine is left out.
pub fn stated(
    known: &Snapshot,
    rows: &[Situation],
    rule: &Rule,
    engine: Engine,
) -> Result<Vec<Trial>> {
    let trial = |situation: &Situation| -> Result<Option<Trial>> {
        let Some(belief) = belief(rows, situation, rule) else { return Ok(None) };
        let drawn = match engine {
            Engine::LeftOut => None,
            Engine::Drawn(seed) => {
                let then = known.rewind(situation.origin)?;
                by_draws(&then, &situation.series, situation.spent, rule, seed)?
            }
        };
        Ok(Some(Trial { situation: situation.clone(), belief, drawn }))
    };
    let found: Vec<_> = rows.par_iter().map(trial).collect::<Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

/// Scores a way against the base rate, on statements whose outcome was public on a day.
pub fn score(trials: &[Trial], way: Way, day: NaiveDate, rule: &Rule) -> Score {
    let scored: Vec<(NaiveDate, f64, f64)> = trials
        .iter()
        .filter(|trial| is_public(trial.situation.origin, day))
        .filter_map(|trial| {
            let (probability, came) = (trial.probability(way)?, trial.came(day, rule)?);
            let base = brier(trial.belief.base.value, came);
            Some((trial.situation.origin, brier(probability, came), base))
        })
        .collect();
    let (own, base): (Vec<f64>, Vec<f64>) =
        scored.iter().map(|(_, own, base)| (*own, *base)).unzip();
    let differences: Vec<_> = scored.iter().map(|(day, own, base)| (*day, own - base)).collect();
    let key = format!("pressure.{}", way.word());
    let horizon = usize::try_from(QUARTERS).unwrap_or(4);
    Score {
        way,
        n: scored.len(),
        brier: mean(&own),
        brier_base: mean(&base),
        difference: mean_interval(&differences, &key, horizon),
        skill: skill(&own, &base),
        skill_lower: lower_bound(&scored, &key, horizon),
    }
}

/// How often the event came where a probability of each class was stated.
pub fn reliability(trials: &[Trial], way: Way, day: NaiveDate, rule: &Rule) -> Vec<Bin> {
    let stated: Vec<(f64, bool)> = trials
        .iter()
        .filter_map(|trial| Some((trial.probability(way)?, trial.came(day, rule)?)))
        .collect();
    let edge = |bin: u32| f64::from(bin) / f64::from(rule.n_bins);
    let bins = (0..rule.n_bins).filter_map(|bin| {
        let (low, high) = (edge(bin), edge(bin + 1));
        let is_last = bin + 1 == rule.n_bins;
        let inside = |p: f64| low <= p && (p < high || is_last);
        let inside: Vec<_> = stated.iter().filter(|(p, _)| inside(*p)).collect();
        let n_hits = inside.iter().filter(|(_, came)| *came).count();
        let probabilities: Vec<f64> = inside.iter().map(|(p, _)| *p).collect();
        let came = Share { n_hits, n: inside.len() };
        Some(Bin { low, high, stated: mean(&probabilities)?, came })
    });
    bins.collect()
}

/// Alarms among statements after which nothing came: the false-alarm rate.
pub fn false_alarms(trials: &[Trial], way: Way, day: NaiveDate, rule: &Rule) -> Share {
    let quiet = trials.iter().filter(|trial| trial.came(day, rule) == Some(false));
    let stated: Vec<f64> = quiet.filter_map(|trial| trial.probability(way)).collect();
    Share { n_hits: stated.iter().filter(|p| **p >= rule.alarm).count(), n: stated.len() }
}
