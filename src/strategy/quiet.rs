//! Placebo on real values: the same machinery where nobody was forced, and with the signals moved in time.
//!
//! May use the core files, `forecast`, `rule`, `situation` and `trial`. Says how often it alarms
//! and whether it claims skill where there is nothing to find; changes nothing in the machinery.

use chrono::{Months, NaiveDate};

use super::rule::Rule;
use super::situation::{QUARTERS, Situation, panel, situations, situations_of};
use super::trial::{Engine, Score, Trial, Way, false_alarms, score, stated};
use crate::archive::Snapshot;
use crate::draws::sorted_quantile;
use crate::error::Result;
use crate::forecast::reliability::Share;
use crate::forecast::score::mean;
use crate::series::{Registry, SeriesId};

/// What stands in for spend where nobody is forced to buy machines for AI.
const INSTEAD: &str = "revenue";
/// Months after the last quiet quarter in which the four quarters after it become public.
const MONTHS_TO_RESOLVE: u32 = 15;

/// What the machinery made of a panel in which nothing was forced.
#[derive(Debug, Clone)]
pub struct Quiet {
    /// Companies of the panel.
    pub companies: Vec<String>,
    /// Growth over four quarters from which the event counts.
    pub threshold: f64,
    /// How often it came.
    pub events: Share,
    /// Alarms among statements after which it did not come.
    pub false_alarms: Share,
    /// The same of the base rate alone.
    pub base_alarms: Share,
    /// The signals beside the base rate.
    pub score: Score,
}

/// The companies' revenue in quarters that ended before a day: the next four quarters at `threshold` times
/// the last four, once at the rule's own threshold and once at that which `as_often` of the rows reach.
///
/// # Errors
/// As [`situations_of`].
pub fn revenue_before(
    known: &Snapshot,
    before: NaiveDate,
    as_often: Share,
    rule: &Rule,
) -> Result<Vec<Quiet>> {
    let day = before.checked_add_months(Months::new(MONTHS_TO_RESOLVE)).unwrap_or(before);
    let known = known.rewind(day.min(known.as_of()))?;
    let is_company = |id: &SeriesId| Registry::bundled().company(id.owner()).is_some();
    let members = known.matching(|id| id.metric() == INSTEAD && is_company(id))?;
    let mut rows = situations_of(&known, &members)?;
    rows.retain(|row| row.last.end() < before);
    let mut ratios: Vec<f64> =
        rows.iter().filter_map(|row| row.outcome.map(|outcome| outcome.ratio)).collect();
    ratios.sort_by(f64::total_cmp);
    let mut thresholds = vec![rule.threshold];
    if let Some(share) = as_often.value().filter(|_| !ratios.is_empty()) {
        thresholds.push(sorted_quantile(&ratios, 1.0 - share));
    }
    let mut companies: Vec<_> = rows.iter().map(|row| row.company().to_owned()).collect();
    companies.sort();
    companies.dedup();
    let of = |threshold: f64| -> Result<Quiet> {
        let rule = rule.with_threshold(threshold)?;
        let trials = stated(&known, &rows, &rule, Engine::LeftOut)?;
        Ok(Quiet {
            companies: companies.clone(),
            threshold,
            events: events(&trials, known.as_of(), &rule),
            false_alarms: false_alarms(&trials, Way::Signals, known.as_of(), &rule),
            base_alarms: false_alarms(&trials, Way::BaseRate, known.as_of(), &rule),
            score: score(&trials, Way::Signals, known.as_of(), &rule),
        })
    };
    thresholds.into_iter().map(of).collect()
}

/// How often the event came after a statement.
pub fn events(trials: &[Trial], day: NaiveDate, rule: &Rule) -> Share {
    let came: Vec<bool> = trials.iter().filter_map(|trial| trial.came(day, rule)).collect();
    Share { n_hits: came.iter().filter(|came| **came).count(), n: came.len() }
}

/// What the machinery made of the real panel with its signals moved along the calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Places by which they were moved at least, either way round.
    pub n_places: usize,
    /// Mean Brier score of the signals over all moves; `None` of none.
    pub brier: Option<f64>,
    /// Moves with a score at or below that of the signals in their place.
    pub as_good: Share,
    /// Moves after which the signals were found to beat the base rate.
    pub claims: Share,
    /// Alarms among statements after which nothing came, all moves together.
    pub false_alarms: Share,
}

/// Gives every situation the signals of the one `k` places later, round the whole list in order of time, for
/// each `k` of four quarters of the panel or more: what a company and its quarter have in common stays, what
/// the signals say of what came is gone.
///
/// # Errors
/// As [`situations`].
pub fn moved(known: &Snapshot, rule: &Rule) -> Result<Moved> {
    let day = known.as_of();
    let rows = situations(known)?;
    let n_places = panel(known)?.len() * usize::try_from(QUARTERS).unwrap_or(4);
    let brier = |rows: &[Situation]| -> Result<(Score, Share)> {
        let trials = stated(known, rows, rule, Engine::LeftOut)?;
        let alarms = false_alarms(&trials, Way::Signals, day, rule);
        Ok((score(&trials, Way::Signals, day, rule), alarms))
    };
    let (real, _) = brier(&rows)?;
    let (mut scores, mut alarms) = (Vec::new(), Share { n_hits: 0, n: 0 });
    for places in n_places..=rows.len().saturating_sub(n_places) {
        let (score, quiet) = brier(&at(&rows, places))?;
        alarms = Share { n_hits: alarms.n_hits + quiet.n_hits, n: alarms.n + quiet.n };
        scores.push(score);
    }
    let n = scores.len();
    let count = |is_such: &dyn Fn(&Score) -> bool| Share {
        n_hits: scores.iter().filter(|score| is_such(score)).count(),
        n,
    };
    let briers: Vec<f64> = scores.iter().filter_map(|score| score.brier).collect();
    Ok(Moved {
        n_places,
        brier: mean(&briers),
        as_good: count(&|score| score.brier.zip(real.brier).is_some_and(|(a, b)| a <= b)),
        claims: count(&Score::beats_base_rate),
        false_alarms: alarms,
    })
}

/// The situations with the signals of those `places` later, round the list.
fn at(rows: &[Situation], places: usize) -> Vec<Situation> {
    let signals = rows.iter().cycle().skip(places).map(|row| row.signals.clone());
    let moved = rows.iter().zip(signals);
    moved.map(|(row, signals)| Situation { signals, ..row.clone() }).collect()
}
