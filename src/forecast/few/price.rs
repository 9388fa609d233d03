//! The price of a variable: the skill that it adds out of sample, with a lower bound.
//!
//! May use `draws`, `bench`, `bootstrap` and `spec`. A variable is accepted only if the bound lies
//! above zero; the level of the bound is shared among the candidates that were looked at, so that
//! ten columns of noise do not get in by their number.

use chrono::NaiveDate;

use super::bench::Bench;
use crate::draws::sorted_quantile;
use crate::forecast::bootstrap::by_quarter;
use crate::forecast::spec::Spec;

/// One origin at which both models spoke.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// The origin.
    pub origin: NaiveDate,
    /// Absolute error without the variable less that with it.
    pub gain: f64,
    /// Absolute error of the last value.
    pub naive: f64,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its lower bound lies above zero.
    Accepted,
    /// It is not known today.
    NotKnown,
    /// Too few resolved forecasts with and without it, or too few blocks of them for a bound.
    ShortRecord,
    /// It raised the error, or left it as it was.
    NoGain,
    /// It lowered the error, but the bound does not lie above zero.
    NotSure,
    /// The budget is spent on variables of a higher price.
    BudgetSpent,
}

impl Verdict {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotKnown => "not_known_today",
            Self::ShortRecord => "short_record",
            Self::NoGain => "no_gain",
            Self::NotSure => "bound_not_above_zero",
            Self::BudgetSpent => "budget_spent",
        }
    }
}

/// A candidate with its price.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Its index among the variables.
    pub variable: usize,
    /// The variables accepted before it, beside which it is priced.
    pub given: Vec<usize>,
    /// Skill added: `Σ(error without − error with) / Σ error of the last value`.
    pub price: Option<f64>,
    /// Its lower bound, by block bootstrap over quarters of origins.
    pub lower: Option<f64>,
    /// Origins at which both spoke.
    pub n: usize,
    /// What became of it.
    pub verdict: Verdict,
}

/// What was chosen at a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Variables accepted, in that order.
    pub accepted: Vec<usize>,
    /// How many there may be: `f(n)`.
    pub budget: usize,
    /// Resolved rows `n`.
    pub n_rows: usize,
    /// Every candidate, accepted ones first; filled by `listed` alone.
    pub offers: Vec<Offer>,
}

/// Accepts variables one by one, each time the one of the highest price among those whose bound lies above
/// zero, until the budget is spent.
pub(super) fn choose(bench: &mut Bench<'_>, day: NaiveDate, values: &[Option<f64>]) -> Choice {
    let n_rows = bench.n_resolved(day);
    let budget = bench.lab().spec().budget(n_rows);
    let mut choice = Choice { accepted: Vec::new(), budget, n_rows, offers: Vec::new() };
    while choice.accepted.len() < budget {
        let offers = ranked(bench, &choice.accepted, day, values);
        let mut bounded =
            offers.into_iter().take_while(|offer| offer.price > Some(0.0)).map(|offer| {
                let lower = bound(bench, &offer, day, values);
                Offer { lower, ..offer }
            });
        let Some(offer) = bounded.find(|offer| offer.lower > Some(0.0)) else { break };
        choice.accepted.push(offer.variable);
        choice.offers.push(Offer { verdict: Verdict::Accepted, ..offer });
    }
    choice
}

/// The same choice with every candidate: those accepted at the price at which they were, the others
/// beside all that were accepted.
pub(super) fn listed(bench: &mut Bench<'_>, day: NaiveDate, values: &[Option<f64>]) -> Choice {
    let mut choice = choose(bench, day, values);
    let given = choice.accepted.clone();
    let is_spent = given.len() >= choice.budget;
    let mut others: Vec<Offer> = (0..values.len())
        .filter(|variable| !given.contains(variable))
        .map(|variable| {
            if values[variable].is_none() {
                let given = given.clone();
                let verdict = Verdict::NotKnown;
                return Offer { variable, given, price: None, lower: None, n: 0, verdict };
            }
            let offer = offer(bench, &given, variable, day);
            let lower = offer.price.and_then(|_| bound(bench, &offer, day, values));
            let verdict = match (offer.price, lower) {
                (None, _) => Verdict::ShortRecord,
                (Some(price), _) if price <= 0.0 => Verdict::NoGain,
                (Some(_), Some(lower)) if lower > 0.0 && is_spent => Verdict::BudgetSpent,
                _ => Verdict::NotSure,
            };
            Offer { lower, verdict, ..offer }
        })
        .collect();
    sort(&mut others);
    choice.offers.extend(others);
    choice
}

/// The first `n` variables by price, taken one by one without a bound or a budget; fewer where none
/// more can be priced.
pub(super) fn forced(
    bench: &mut Bench<'_>,
    day: NaiveDate,
    values: &[Option<f64>],
    n: usize,
) -> Vec<usize> {
    let mut taken = Vec::new();
    while taken.len() < n {
        let Some(best) = ranked(bench, &taken, day, values).into_iter().next() else { break };
        taken.push(best.variable);
    }
    taken
}

/// Every candidate that has a price beside what is given, the highest first.
fn ranked(
    bench: &mut Bench<'_>,
    given: &[usize],
    day: NaiveDate,
    values: &[Option<f64>],
) -> Vec<Offer> {
    let candidates = (0..values.len()).filter(|v| values[*v].is_some() && !given.contains(v));
    let mut offers: Vec<Offer> =
        candidates.map(|variable| offer(bench, given, variable, day)).collect();
    offers.retain(|offer| offer.price.is_some());
    sort(&mut offers);
    offers
}

/// The highest price first, those without one last.
fn sort(offers: &mut [Offer]) {
    offers.sort_by(|a, b| {
        let price = |offer: &Offer| offer.price.unwrap_or(f64::NEG_INFINITY);
        price(b).total_cmp(&price(a)).then(a.variable.cmp(&b.variable))
    });
}

/// A candidate's price beside what is given; without one where too few origins compare.
fn offer(bench: &mut Bench<'_>, given: &[usize], variable: usize, day: NaiveDate) -> Offer {
    let compared = bench.compare(given, variable, day);
    let n = compared.len();
    let gain: f64 = compared.iter().map(|c| c.gain).sum();
    let naive: f64 = compared.iter().map(|c| c.naive).sum();
    let price =
        (bench.is_enough(compared.iter().map(|c| c.origin)) && naive > 0.0).then(|| gain / naive);
    let given = given.to_vec();
    Offer { variable, given, price, lower: None, n, verdict: Verdict::NotSure }
}

/// The lower bound of a price at the rule's level over the number of candidates looked at.
fn bound(
    bench: &mut Bench<'_>,
    offer: &Offer,
    day: NaiveDate,
    values: &[Option<f64>],
) -> Option<f64> {
    let compared = bench.compare(&offer.given, offer.variable, day);
    let last = compared.last()?.origin;
    let sums =
        by_quarter(&compared.iter().map(|c| (c.origin, c.gain, c.naive)).collect::<Vec<_>>());
    let blocks = bench.blocks(sums.len(), last);
    let prices = blocks.statistics(&sums, |gain, naive| (naive > 0.0).then(|| gain / naive));
    let n_looked_at = values.iter().flatten().count().saturating_sub(offer.given.len()).max(1);
    #[expect(clippy::cast_precision_loss, reason = "candidates are few")]
    let level = Spec::bundled().skill.bound_level / n_looked_at as f64;
    (!prices.is_empty()).then(|| sorted_quantile(&prices, level))
}
