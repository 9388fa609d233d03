//! The statement for one company: how likely a massive purchase is, why, how sure, and what would lower it.
//!
//! May use the core files, `forecast` and the files of `strategy` before it. An answer that has not beaten
//! the base rate says so.

use super::belief::{Belief, Drawn, Level, State, belief, by_draws};
use super::options::{Way, ways};
use super::precedents::{Like, Precedents};
use super::rate::Rate;
use super::rule::Rule;
use super::signals::{Evidence, ShareSignal, evidence};
use super::situation::{Situation, member, panel, situations};
use super::trial::{self, Score, Trial};
use crate::archive::Snapshot;
use crate::error::{Error, Result};

/// Everything that is said of a company on a day.
#[derive(Debug, Clone)]
pub struct Pressure {
    /// The company on the day.
    pub situation: Situation,
    /// What is believed; `None` where too few company-quarters are resolved: the answer is refused.
    pub belief: Option<Belief>,
    /// The engine's own worlds, if it has a forecast of four quarters.
    pub drawn: Option<Drawn>,
    /// How such statements did up to the day, beside the base rate.
    pub record: Score,
    /// How the engine's worlds did, withheld ones too.
    pub drawn_record: Score,
    /// The signals with their sources.
    pub evidence: Vec<Evidence>,
    /// What it could do.
    pub ways: Vec<Way>,
    /// What would lower the probability.
    pub falsifiers: Vec<Falsifier>,
    /// Among complete precedents that are like it, those that bought massively.
    pub precedents: Rate,
    /// How they are like it.
    pub like: Like,
}

/// Something to look for, and what it would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Falsifier {
    /// What.
    pub words: String,
    /// The limit.
    pub limit: f64,
    /// Unit of the limit.
    pub unit: &'static str,
    /// The probability beyond it; `None` where it is not computed.
    pub probability: Option<f64>,
}

/// What is said of a company on the snapshot's day.
///
/// - `share`: the change of the company's share in its market, if one is measured. `past`: every statement
///   that would have been made up to the day ([`trial::trials`]), the same for all companies.
///
/// # Errors
/// [`Error::NotFound`] for a company that is not watched, naming those that are;
/// [`Error::Insufficient`] where four quarters in a row of its capex are not known.
pub fn pressure(
    known: &Snapshot,
    company: &str,
    rule: &Rule,
    share: Option<&ShareSignal>,
    seed: u64,
    past: &[Trial],
) -> Result<Pressure> {
    let series = member(known, company)?;
    let day = known.as_of();
    let situation = Situation::of(known, &series, &panel(known)?)?.ok_or_else(|| {
        Error::insufficient(format!(
            "pressure on `{}` needs four quarters in a row of `{series}` above 0; they are not known as of \
             {day}",
            series.owner()
        ))
    })?;
    let rows = situations(known)?;
    let belief = belief(&rows, &situation, rule);
    let cases = Precedents::bundled();
    let like = Like::of(share);
    Ok(Pressure {
        drawn: by_draws(known, &series, situation.spent, rule, seed)?,
        record: trial::score(past, trial::Way::Signals, day, rule),
        drawn_record: trial::score(past, trial::Way::EngineAll, day, rule),
        evidence: evidence(known, &series, share)?,
        ways: ways(known, &situation, rule)?,
        falsifiers: belief.map_or_else(Vec::new, |b| falsifiers(&rows, &situation, &b, rule)),
        precedents: cases.rate(like, day, rule),
        like,
        belief,
        situation,
    })
}

fn falsifiers(
    rows: &[Situation],
    now: &Situation,
    believed: &Belief,
    rule: &Rule,
) -> Vec<Falsifier> {
    let mut found = Vec::new();
    let otherwise = |change: &dyn Fn(&mut Situation)| {
        let mut other = now.clone();
        change(&mut other);
        let known = belief(rows, &other, rule).map(|belief| belief.probability);
        known.filter(|probability| probability.n > 0).map(|probability| probability.value)
    };
    if let (Some(State { rivals, .. }), Some(median)) = (believed.state, believed.rivals_median) {
        let side = match rivals {
            Level::Up => "falls to",
            Level::Down => "rises above",
        };
        let beyond = if rivals == Level::Up { median } else { median * (1.0 + 1e-9) };
        found.push(Falsifier {
            words: format!("the others' growth over four quarters {side} its past median"),
            limit: median,
            unit: "ratio",
            probability: otherwise(&|other| other.signals.rivals = Some(beyond)),
        });
    }
    if now.signals.outlook.is_some_and(|outlook| outlook >= rule.threshold) {
        let words = "its own outlook is cut below the threshold, over the year before";
        found.push(Falsifier {
            words: words.to_owned(),
            limit: rule.threshold,
            unit: "ratio",
            probability: otherwise(&|other| other.signals.outlook = None),
        });
    }
    // What is computed and does not lower it is no falsifier.
    found.retain(|f| f.probability.is_some_and(|p| p < believed.probability.value));
    if let Some(needed) = next_quarter(now, rule) {
        found.push(Falsifier {
            words: "the next quarter's capex comes in below the even path to the event".to_owned(),
            limit: needed,
            unit: "USD",
            probability: None,
        });
    }
    found
}

/// The next quarter on an even path to the event: `v·g`, with `v(g + g² + g³ + g⁴) = threshold · spent`.
fn next_quarter(now: &Situation, rule: &Rule) -> Option<f64> {
    let needed = rule.threshold * now.spent / now.last_quarter;
    if !(needed.is_finite() && needed > 0.0) {
        return None;
    }
    let sum = |g: f64| g + g.powi(2) + g.powi(3) + g.powi(4);
    let (mut low, mut high) = (0.0, needed.max(1.0));
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if sum(middle) < needed { low = middle } else { high = middle }
    }
    Some(now.last_quarter * f64::midpoint(low, high))
}
