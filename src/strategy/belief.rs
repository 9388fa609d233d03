//! How likely a massive purchase is: the base rate, the rate in a like state, the engine's own draws.
//!
//! May use the core files, `forecast`, `signals`, `situation`, `rate` and `rule`. Learns from
//! situations whose outcome was public on the day that it speaks of, and from nothing else.

use super::rate::Rate;
use super::rule::Rule;
use super::signals::Signals;
use super::situation::{QUARTERS, Situation};
use crate::archive::Snapshot;
use crate::draws::sorted_quantile;
use crate::error::{Error, Result};
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::series::SeriesId;

/// What presses, in two words: states of equal words are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Whether the others' growth lies above the median of all earlier situations.
    pub rivals: Level,
    /// Whether an own outlook is open that reaches the threshold.
    pub outlook: Level,
}

/// On which side of its limit a signal lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Above.
    Up,
    /// Not above, or nothing is said.
    Down,
}

/// What is believed of a company on a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    /// Share of all resolved company-quarters in which the event came.
    pub base: Rate,
    /// The probability: the base rate moved by the resolved company-quarters in a like state.
    pub probability: Rate,
    /// The state; `None` where the others' growth is not known, and the base rate stands alone.
    pub state: Option<State>,
    /// The median of the others' growth over earlier situations.
    pub rivals_median: Option<f64>,
}

/// The event in the engine's own worlds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// Share of worlds in which it comes.
    pub probability: f64,
    /// Whether the engine withholds one of the four quarters, so that it claims none of this.
    pub is_refused: bool,
}

/// What the past says of a situation; `None` where fewer company-quarters are resolved than the rule asks
/// for.
///
/// The base rate is `Beta(1/2 + hits/o, 1/2 + misses/o)`, with `o` the rule's overlap: windows of four
/// quarters that start a quarter apart share three. The probability is the base rate moved by how much more
/// often the event came in the same state ([`Rate::moved`]).
///
/// - `rows`: situations of any day; later ones and those unresolved are passed over.
pub fn belief(rows: &[Situation], now: &Situation, rule: &Rule) -> Option<Belief> {
    let earlier = || rows.iter().filter(|row| row.origin < now.origin);
    let resolved: Vec<(&Signals, bool)> = earlier()
        .filter_map(|row| {
            let outcome = row.resolved_by(now.origin)?;
            Some((&row.signals, outcome.is_event(rule.threshold)))
        })
        .collect();
    if resolved.len() < rule.min_rows {
        return None;
    }
    let counted = |cases: &[bool]| (cases.iter().filter(|hit| **hit).count(), cases.len());
    let all: Vec<bool> = resolved.iter().map(|(_, hit)| *hit).collect();
    let (n_hits, n) = counted(&all);
    let base = Rate::of(n_hits, n, rule.size());
    let rivals_median = median(earlier().filter_map(|row| row.signals.rivals));
    let of = |signals: &Signals| state(signals, rivals_median, rule);
    let mine = of(&now.signals);
    let alike = resolved.iter().filter(|(signals, _)| mine.is_some() && of(signals) == mine);
    let alike: Vec<bool> = alike.map(|(_, hit)| *hit).collect();
    let moved = base.moved(counted(&alike), rule.prior_weight, rule.size());
    let probability = if mine.is_some() { moved } else { base };
    Some(Belief { base, probability, state: mine, rivals_median })
}

/// The state that signals make; `None` where the others' growth is not known.
pub fn state(signals: &Signals, rivals_median: Option<f64>, rule: &Rule) -> Option<State> {
    let level = |is_up| if is_up { Level::Up } else { Level::Down };
    Some(State {
        rivals: level(signals.rivals? > rivals_median?),
        outlook: level(signals.outlook.is_some_and(|outlook| outlook >= rule.threshold)),
    })
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| sorted_quantile(&sorted, 0.5))
}

/// The share of the engine's worlds in which the next four quarters reach the threshold; `None` where the
/// engine has no forecast of four quarters.
///
/// # Errors
/// As [`Book::forecast`], but for too short a past.
pub fn by_draws(
    known: &Snapshot,
    series: &SeriesId,
    spent: f64,
    rule: &Rule,
    seed: u64,
) -> Result<Option<Drawn>> {
    let horizon = usize::try_from(QUARTERS).unwrap_or(4);
    let forecast = match Book::new(known, horizon)?.forecast(&Chipcast, series) {
        Ok(forecast) if forecast.steps.len() == horizon => forecast,
        Ok(_) | Err(Error::Insufficient(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let draws = forecast.draws(seed, rule.n_draws);
    let sum = |world: usize| draws.iter().map(|quarter| quarter.values()[world]).sum::<f64>();
    let n_worlds = draws.iter().map(crate::draws::Draws::n_draws).min().unwrap_or(0);
    let n_hits = (0..n_worlds).filter(|world| sum(*world) / spent >= rule.threshold).count();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 worlds")]
    let probability = n_hits as f64 / n_worlds as f64;
    let is_refused = forecast.steps.iter().any(|step| step.refusal.is_some());
    Ok((n_worlds > 0).then_some(Drawn { probability, is_refused }))
}
