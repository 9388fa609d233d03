//! Whether the capex model may use the signals: each priced by the skill that it adds out of sample.
//!
//! May use the core files, `forecast::few`, `situation` and `standing`. Changes no model: a price
//! at or below zero is an answer.

use super::situation::panel;
use super::standing::odds;
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::few::lab::Lab;
use crate::forecast::few::price::Verdict;
use crate::forecast::specified::selection::Selection;
use crate::series::SeriesId;

/// The seller's revenue, priced beside the rivals.
const SELLER: &str = "nvda.revenue.data_center";
/// Quarters ahead for which signals are priced.
const HORIZONS: usize = 4;

/// A signal with what it adds to the forecast of a company's capex.
#[derive(Debug, Clone, PartialEq)]
pub struct Priced {
    /// The company's capex.
    pub series: SeriesId,
    /// Quarters ahead.
    pub horizon: usize,
    /// The signal.
    pub signal: String,
    /// Skill added beside what was accepted before; `None` where too few origins compare.
    pub price: Option<f64>,
    /// Its lower bound, shared among all candidates.
    pub lower: Option<f64>,
    /// Origins at which both spoke.
    pub n: usize,
    /// What became of it.
    pub verdict: Verdict,
}

/// Prices the others' growth, NVIDIA's data center growth and the growth of the odds of the company's share in
/// the market that presses it as variables of its capex, beside its own past, by the spec of
/// `models/few.toml`. An outlook for a year is no variable there: it is not priced.
///
/// # Errors
/// [`crate::Error::Insufficient`] with too short a past.
pub fn priced(known: &Snapshot, series: &SeriesId) -> Result<Vec<Priced>> {
    let mut drivers: Vec<String> = panel(known)?.iter().map(ToString::to_string).collect();
    drivers.push(SELLER.to_owned());
    let mut spec = Selection::bundled().clone();
    spec.drivers = drivers;
    let standing = odds(known, series.owner())?;
    spec.drivers.extend(standing.first().map(|row| row.series.to_string()));
    let lab = Lab::of(&known.with(standing)?, series, &spec)?;
    let mut found = Vec::new();
    for horizon in 1..=HORIZONS.min(lab.max_horizon()) {
        let choice = lab.bench(horizon).price_now();
        let offers = choice.offers.into_iter().filter(|o| !lab.variables()[o.variable].is_own);
        found.extend(offers.map(|offer| Priced {
            series: series.clone(),
            horizon,
            signal: lab.names()[offer.variable].clone(),
            price: offer.price,
            lower: offer.lower,
            n: offer.n,
            verdict: offer.verdict,
        }));
    }
    Ok(found)
}

/// Whether a signal may enter the capex model: only with a lower bound above zero.
pub fn may_enter(priced: &Priced) -> bool {
    priced.verdict == Verdict::Accepted
}
