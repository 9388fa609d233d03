//! The envelope: how far ahead a model is measurably better than the last value, and the refusal of
//! what lies beyond.
//!
//! May use the core files, `bootstrap`, `history`, `record`, `score` and `spec`. A forecast cannot
//! be built without a [`Skill`].

use chrono::NaiveDate;

use super::bootstrap::{self, by_quarter};
use super::history::Scale;
use super::record::{Attempt, Footing, Record};
use super::score;
use super::spec::Spec;
use crate::draws::{Randomness, sorted_quantile};
use crate::series::SeriesId;

/// Measured skill by horizon, and what follows from it.
#[derive(Debug, Clone)]
pub struct Skill {
    /// One entry a horizon, nearest first.
    pub by_horizon: Vec<SkillAt>,
    /// The last horizon up to which every lower bound lies above zero; 0 if none does.
    pub horizon_cap: usize,
    /// Reliability grade of the first horizon.
    pub grade: Grade,
}

/// Skill at one horizon.
#[derive(Debug, Clone)]
pub struct SkillAt {
    /// Periods ahead.
    pub horizon: usize,
    /// Resolved forecasts behind it.
    pub n: usize,
    /// `1 − error/naive error`; `None` where too few are resolved.
    pub skill: Option<f64>,
    /// Its one-sided lower bound, by block bootstrap over origins.
    pub lower: Option<f64>,
    /// Whose forecasts were counted.
    pub basis: Basis,
}

/// Whose record a skill was measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The series' own.
    Own,
    /// The whole panel's, because the series' own is too short.
    Panel,
}

/// How far a forecast can be trusted, in one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The lower bound of skill is a quarter or more.
    A,
    /// A tenth or more.
    B,
    /// Above zero, or shown by the panel alone.
    C,
    /// Not above zero, or not measured: refused.
    D,
}

impl Grade {
    /// The letter.
    pub fn letter(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }

    /// The grade that a lower bound earns; what only the panel shows earns `C` at most.
    pub fn of(at: &SkillAt) -> Self {
        match at.lower {
            Some(lower) if lower > 0.0 && at.basis == Basis::Panel => Self::C,
            Some(lower) if lower >= 0.25 => Self::A,
            Some(lower) if lower >= 0.10 => Self::B,
            Some(lower) if lower > 0.0 => Self::C,
            _ => Self::D,
        }
    }
}

/// Why an answer is withheld: an answer, not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of refusal.
    pub code: RefusalCode,
    /// What was measured.
    pub measured: String,
    /// What would make it answerable.
    pub would_answer: String,
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// Skill was measured, and its lower bound is not above zero.
    NoSkill,
    /// Too few forecasts are resolved to measure skill.
    ShortRecord,
    /// Further ahead than any claim is made.
    BeyondHorizon,
    /// A higher coverage than the sample can support.
    CoverageTooHigh,
    /// An interval that holds one answer and its opposite.
    Inconclusive,
}

impl RefusalCode {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoSkill => "no_skill",
            Self::ShortRecord => "short_record",
            Self::BeyondHorizon => "beyond_horizon",
            Self::CoverageTooHigh => "coverage_too_high",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// Resolved forecasts below which no skill is stated at all.
const MIN_MEASURED: usize = 8;

/// Measures skill at a day, from what was resolved by then.
///
/// - `footings`: what the step at each horizon stands on; only like steps are counted where there are
///   enough of them.
pub fn assess(
    records: &[&Record],
    target: &SeriesId,
    footings: &[Footing],
    as_of: NaiveDate,
) -> Skill {
    let rule = &Spec::bundled().skill;
    let by_horizon: Vec<_> = footings
        .iter()
        .zip(1..)
        .map(|(footing, horizon)| assess_at(records, target, horizon, *footing, as_of))
        .collect();
    let above = |at: &&SkillAt| at.lower.is_some_and(|lower| lower > 0.0);
    Skill {
        horizon_cap: by_horizon.iter().take_while(above).count().min(rule.max_horizon),
        grade: by_horizon.first().map_or(Grade::D, Grade::of),
        by_horizon,
    }
}

impl Skill {
    /// The grade of one horizon: that of its own lower bound, `D` beyond the cap.
    pub fn grade_at(&self, horizon: usize) -> Grade {
        let within = horizon >= 1 && horizon <= self.horizon_cap;
        let at = self.by_horizon.get(horizon.wrapping_sub(1)).filter(|_| within);
        at.map_or(Grade::D, Grade::of)
    }

    /// Why the step at a horizon is withheld, if it is.
    pub fn refusal(&self, horizon: usize) -> Option<Refusal> {
        let max_horizon = Spec::bundled().skill.max_horizon;
        if horizon <= self.horizon_cap {
            return None;
        }
        if horizon > max_horizon {
            return Some(Refusal {
                code: RefusalCode::BeyondHorizon,
                measured: format!("no claim is made beyond {max_horizon} periods"),
                would_answer: format!("a horizon of at most {}", self.horizon_cap.max(1)),
            });
        }
        let failing = self.by_horizon.get(self.horizon_cap)?;
        let shorter = match self.horizon_cap {
            0 => "an announcement for the period, or more periods of history".to_owned(),
            cap => format!("a horizon of at most {cap}, or an announcement for the period"),
        };
        Some(match (failing.skill, failing.lower) {
            (Some(skill), Some(lower)) => Refusal {
                code: RefusalCode::NoSkill,
                measured: format!(
                    "skill against the last value at horizon {}: {skill:.2}, lower bound {lower:.2}, n = {}",
                    failing.horizon, failing.n
                ),
                would_answer: shorter,
            },
            _ if failing.n >= MIN_MEASURED => Refusal {
                code: RefusalCode::NoSkill,
                measured: format!(
                    "the last value was never wrong in {} forecasts at horizon {}; nothing can beat it",
                    failing.n, failing.horizon
                ),
                would_answer: "a series that changes".to_owned(),
            },
            _ => Refusal {
                code: RefusalCode::ShortRecord,
                measured: format!(
                    "{} forecasts at horizon {} are resolved; {MIN_MEASURED} are needed",
                    failing.n, failing.horizon
                ),
                would_answer: shorter,
            },
        })
    }
}

/// Skill at one horizon: the series' own where its record shows it; the panel's where only that shows
/// it and the series' own points the same way.
fn assess_at(
    records: &[&Record],
    target: &SeriesId,
    horizon: usize,
    footing: Footing,
    as_of: NaiveDate,
) -> SkillAt {
    let rule = &Spec::bundled().skill;
    let resolved = |keep: &dyn Fn(&Record, &Attempt) -> bool| -> Vec<(NaiveDate, f64, f64)> {
        let attempts = records.iter().flat_map(|r| r.attempts.iter().map(move |a| (r, a)));
        attempts
            .filter(|(record, a)| a.horizon == horizon && a.origin < as_of && keep(record, a))
            .filter_map(|(_, a)| {
                let actual = a.resolved_by(as_of)?;
                Some((a.origin, a.residual(actual).abs(), a.naive_residual(actual).abs()))
            })
            .collect()
    };
    let measure = |basis: Basis, pairs: &[(NaiveDate, f64, f64)]| {
        let measured = pairs.len() >= MIN_MEASURED;
        let skill = measured.then(|| skill_of(pairs.iter().map(|(_, e, r)| (*e, *r)))).flatten();
        let lower = skill.and_then(|_| lower_bound(pairs, &format!("{target}.{horizon}"), horizon));
        SkillAt { horizon, n: pairs.len(), skill, lower, basis }
    };
    let is_own = |record: &Record| record.series == *target;
    let like = resolved(&|record, a| is_own(record) && a.footing == footing);
    let own = if like.len() >= rule.min_own {
        measure(Basis::Own, &like)
    } else {
        measure(Basis::Own, &resolved(&|record, _| is_own(record)))
    };
    let shows = |at: &SkillAt| at.lower.is_some_and(|lower| lower > 0.0);
    if own.n >= rule.min_own && shows(&own) || records.len() < 2 {
        return own;
    }
    let panel = measure(Basis::Panel, &resolved(&|_, a| a.scale == Scale::Log));
    let agrees = own.skill.is_some_and(|skill| skill > 0.0);
    if agrees && shows(&panel) { panel } else { own }
}

fn skill_of(pairs: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (errors, reference): (Vec<_>, Vec<_>) = pairs.unzip();
    score::skill(&errors, &reference)
}

/// Lower bound of skill by the circular block bootstrap over calendar quarters of origins, so that
/// overlapping horizons and companies hit by one shock stay together; `None` with nothing to measure.
///
/// - `pairs`: origin, absolute error, absolute error of the reference.
pub fn lower_bound(pairs: &[(NaiveDate, f64, f64)], key: &str, horizon: usize) -> Option<f64> {
    let rule = &Spec::bundled().skill;
    let sums = by_quarter(pairs);
    let last = pairs.iter().map(|pair| pair.0).max()?;
    let stream = Randomness::new(0, &format!("skill.{key}"), last);
    let block = bootstrap::block_length(horizon, sums.len());
    let skill = |error: f64, reference: f64| (reference > 0.0).then(|| 1.0 - error / reference);
    let skills = bootstrap::circular(&sums, block, &stream, skill);
    (!skills.is_empty()).then(|| sorted_quantile(&skills, rule.bound_level))
}
