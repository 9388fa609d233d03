//! Placebo targets: made-up series that nothing can foretell, to see how often skill is claimed of
//! them all the same.
//!
//! May use the core files and all of `forecast`. Made in memory, with the vintages of the series
//! that they stand for.

use rayon::prelude::*;

use super::backtest::Book;
use super::bootstrap::visit_circular;
use super::engine::Chipcast;
use super::pooled::panel;
use super::skill::Basis;
use super::spec::Spec;
use crate::archive::{Archive, Batch, Snapshot};
use crate::draws::Randomness;
use crate::error::Result;
use crate::observation::Observation;
use crate::series::SeriesId;

/// What a placebo is made of. Both have no drift, so that the last value is the best forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The series' own changes less their mean, in blocks drawn anew: neither time nor season is kept.
    Shuffled,
    /// A random walk with the standard deviation of the series' changes.
    RandomWalk,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Shuffled, Self::RandomWalk];

    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shuffled => "shuffled",
            Self::RandomWalk => "random_walk",
        }
    }
}

/// What stands beside a placebo in its panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbours {
    /// Placebos of the other companies: nowhere is there anything to know.
    Placebos,
    /// The other companies as they are, whose skill may vouch for the placebo.
    Real,
}

impl Neighbours {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Placebos, Self::Real];

    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Placebos => "placebos",
            Self::Real => "real",
        }
    }
}

/// How often the engine answered at one horizon though there was nothing to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FalseAlarms {
    /// Periods ahead.
    pub horizon: usize,
    /// Placebos asked.
    pub n: usize,
    /// Placebos answered instead of refused.
    pub n_answered: usize,
    /// Of these, answered by the panel's record and not the series' own.
    pub n_by_panel: usize,
}

/// Asks the engine for `n` placebos of a series, each in a panel of its own.
///
/// # Errors
/// As [`Book::forecast`].
pub fn false_alarms(
    known: &Snapshot,
    target: &SeriesId,
    (kind, neighbours): (Kind, Neighbours),
    (horizon, n): (usize, usize),
    seed: u64,
) -> Result<Vec<FalseAlarms>> {
    let members = panel(known, target)?;
    let is_placebo = |member: &SeriesId| neighbours == Neighbours::Placebos || member == target;
    let (made_up, real): (Vec<_>, Vec<_>) = members.into_iter().partition(is_placebo);
    let one = |i: usize| -> Result<Vec<(bool, bool)>> {
        let archive = made_up_beside(known, (&made_up, &real), kind, i, seed)?;
        let forecast = Book::new(&archive, horizon)?.forecast(&Chipcast, target)?;
        let by_horizon = forecast.skill.by_horizon.iter().map(|at| {
            let answered = forecast.skill.refusal(at.horizon).is_none();
            (answered, answered && at.basis == Basis::Panel)
        });
        Ok(by_horizon.collect())
    };
    let asked: Vec<_> = (0..n).into_par_iter().map(one).collect::<Result<_>>()?;
    let count = |ahead: usize, keep: &dyn Fn(&(bool, bool)) -> bool| {
        asked.iter().filter(|by_horizon| by_horizon.get(ahead).is_some_and(keep)).count()
    };
    let alarms = (0..horizon).map(|ahead| FalseAlarms {
        horizon: ahead + 1,
        n,
        n_answered: count(ahead, &|(answered, _)| *answered),
        n_by_panel: count(ahead, &|(_, by_panel)| *by_panel),
    });
    Ok(alarms.collect())
}

/// A snapshot in which some series are made up and others as they are; `number` tells one from the next.
///
/// # Errors
/// As [`Snapshot::vintages`].
pub fn made_up_beside(
    known: &Snapshot,
    (made_up, real): (&[SeriesId], &[SeriesId]),
    kind: Kind,
    number: usize,
    seed: u64,
) -> Result<Snapshot> {
    let mut observations = Vec::new();
    for member in real {
        observations.extend(known.vintages(member)?);
    }
    for member in made_up {
        let key = format!("placebo.{}.{member}", kind.word());
        let mut random = Randomness::new(seed, &key, known.as_of()).draw(number);
        observations.extend(placebo(first_rows(known.vintages(member)?), kind, &mut random));
    }
    let known_through = known.as_of();
    let batch = Batch { observations, announcements: Vec::new(), known_through };
    Archive::of(batch)?.as_of(known_through)
}

/// The first release of each period; rows come by period and vintage.
fn first_rows(mut rows: Vec<Observation>) -> Vec<Observation> {
    rows.dedup_by(|later, first| later.period == first.period);
    rows
}

/// The same periods and vintages with values that nothing foretells.
fn placebo(mut rows: Vec<Observation>, kind: Kind, random: &mut Randomness) -> Vec<Observation> {
    let is_log = rows.iter().all(|row| row.value > 0.0);
    let level = |value: f64| if is_log { value.ln() } else { value };
    let changes: Vec<f64> =
        rows.windows(2).map(|pair| level(pair[1].value) - level(pair[0].value)).collect();
    let Some(mean) = super::score::mean(&changes) else { return rows };
    let squares: Vec<f64> = changes.iter().map(|change| (change - mean).powi(2)).collect();
    let deviation = super::score::mean(&squares).unwrap_or(0.0).sqrt();
    let mut drawn = Vec::with_capacity(changes.len());
    match kind {
        Kind::RandomWalk => drawn.extend(changes.iter().map(|_| deviation * random.normal())),
        Kind::Shuffled => {
            let block = Spec::bundled().skill.block_length;
            visit_circular(changes.len(), block, random, |at| drawn.push(changes[at] - mean));
        }
    }
    let mut at = level(rows[0].value);
    for (row, change) in rows.iter_mut().skip(1).zip(drawn) {
        at += change;
        row.value = if is_log { at.exp() } else { at };
    }
    rows
}
