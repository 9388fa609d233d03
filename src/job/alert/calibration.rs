//! Whether the ledger's resolved forecasts lie inside their intervals as often as was said.
//!
//! May use `forecast`. Counts each target once, by the last forecast made before its value came, since
//! forecasts of one target made week after week are right or wrong together.

use std::collections::BTreeMap;

use statrs::distribution::{Binomial, DiscreteCDF};

use crate::forecast::ledger::{Entry, Ledger};

/// The state of a coverage that chance allows.
pub const INSIDE: &str = "inside";

/// How many forecasts lay inside their interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// What was said.
    pub coverage: f64,
    /// Targets with an interval and a value.
    pub n: u64,
    /// Those whose value lay inside.
    pub n_inside: u64,
}

/// Counts the targets of the series asked; `None` if none is resolved yet.
pub fn measure(
    ledger: &Ledger,
    is_asked: impl Fn(&str) -> bool,
    coverage: f64,
) -> Option<Coverage> {
    let entries = ledger.entries();
    let mut last: BTreeMap<_, (&Entry<'_>, bool)> = BTreeMap::new();
    for entry in &entries {
        let ends = ends(entry, coverage).filter(|_| is_asked(&entry.said.series));
        let (Some((low, high)), Some(came)) = (ends, entry.resolution) else { continue };
        let key = (entry.said.series.as_str(), entry.said.period_end);
        let is_inside = low <= came.actual && came.actual <= high;
        let held = last.entry(key).or_insert((entry, is_inside));
        if held.0.said.origin_date <= entry.said.origin_date {
            *held = (entry, is_inside);
        }
    }
    let n_inside = last.values().filter(|(_, is_inside)| *is_inside).count() as u64;
    let n = last.len() as u64;
    (n > 0).then_some(Coverage { coverage, n, n_inside })
}

fn ends(entry: &Entry<'_>, coverage: f64) -> Option<(f64, f64)> {
    let (low, high) = match coverage {
        0.5 => (0.25, 0.75),
        0.8 => (0.1, 0.9),
        _ => (0.025, 0.975),
    };
    Some((entry.said.quantile(low)?, entry.said.quantile(high)?))
}

impl Coverage {
    /// `inside`, `below` or `above` what chance allows: outside if so few or so many, or fewer or more,
    /// had at most half the significance as their probability, by the binomial distribution.
    pub fn state(&self, significance: f64) -> &'static str {
        let Ok(chance) = Binomial::new(self.coverage, self.n) else { return INSIDE };
        let at_most = chance.cdf(self.n_inside);
        let at_least = if self.n_inside == 0 { 1.0 } else { chance.sf(self.n_inside - 1) };
        if at_most <= significance / 2.0 {
            "below"
        } else if at_least <= significance / 2.0 {
            "above"
        } else {
            INSIDE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_are_those_of_the_binomial_distribution() {
        // scipy.stats.binom(20, 0.8): cdf(10) = 0.00259, cdf(11) = 0.00998, sf(19) = 0.01153.
        let state = |n_inside| Coverage { coverage: 0.8, n: 20, n_inside }.state(0.01);
        assert_eq!([state(10), state(11), state(16), state(20)], ["below", INSIDE, INSIDE, INSIDE]);
        // binom(40, 0.8).sf(39) = 0.000133.
        assert_eq!(Coverage { coverage: 0.8, n: 40, n_inside: 40 }.state(0.01), "above");
    }
}
