//! Placebo: the same machinery where nothing presses, to see how often it claims that something does.
//!
//! May use the core files, `forecast::placebo`, `rule`, `situation`, `trial` and `quiet`. The
//! panel's spend is made up, with the vintages of the real one; what the others spend says nothing
//! of what a company will.

use chrono::NaiveDate;
use rayon::prelude::*;

use super::quiet::events;
use super::rule::Rule;
use super::situation::panel;
use super::trial::{Engine, Trial, Way, false_alarms, score, trials};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::placebo::{Kind, made_up_beside};
use crate::forecast::reliability::Share;

/// What the machinery made of panels that were made up.
#[derive(Debug, Clone, PartialEq)]
pub struct Placebo {
    /// How they were made up.
    pub kind: Kind,
    /// Alarms among statements after which nothing came.
    pub false_alarms: Share,
    /// Panels in which the signals were found to beat the base rate, their lower bound above zero.
    pub claims: Share,
    /// How often the event came by chance.
    pub events: Share,
}

/// Asks `n` made-up panels of each kind.
///
/// # Errors
/// As [`trials`].
pub fn placebos(known: &Snapshot, rule: &Rule, n: usize, seed: u64) -> Result<Vec<Placebo>> {
    let made_up = panel(known)?;
    let day = known.as_of();
    Kind::ALL
        .into_iter()
        .map(|kind| {
            let one = |number: usize| -> Result<Vec<Trial>> {
                let made = made_up_beside(known, (&made_up, &[]), kind, number, seed)?;
                trials(&made, rule, Engine::LeftOut)
            };
            let panels: Vec<Vec<Trial>> = (0..n).into_par_iter().map(one).collect::<Result<_>>()?;
            let claimed = panels
                .iter()
                .filter(|panel| score(panel, Way::Signals, day, rule).beats_base_rate());
            let claims = Share { n_hits: claimed.count(), n: panels.len() };
            let alarms = panels.iter().map(|panel| false_alarms(panel, Way::Signals, day, rule));
            let events = panels.iter().map(|panel| events(panel, day, rule));
            Ok(Placebo { kind, false_alarms: sum(alarms), claims, events: sum(events) })
        })
        .collect()
}

/// Statements about quarters that ended before a year, when nothing was forced, with their alarms.
pub fn quiet(trials: &[Trial], before: NaiveDate, day: NaiveDate, rule: &Rule) -> Share {
    let early: Vec<Trial> =
        trials.iter().filter(|trial| trial.situation.last.end() < before).cloned().collect();
    false_alarms(&early, Way::Signals, day, rule)
}

fn sum(shares: impl Iterator<Item = Share>) -> Share {
    shares.fold(Share { n_hits: 0, n: 0 }, |sum, share| Share {
        n_hits: sum.n_hits + share.n_hits,
        n: sum.n + share.n,
    })
}
