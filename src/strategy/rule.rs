//! The constants of `models/pressure.toml`, compiled in.
//!
//! May use `error` and `rate`. The only reader of that file.

use std::sync::OnceLock;

use serde::Deserialize;

use super::rate::Size;
use crate::error::{Error, Result};

/// How pressure is weighed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    schema_version: u32,
    /// Cash capex of the next four quarters over the last four from which it is a massive purchase.
    pub threshold: f64,
    /// Company-quarters that count as one independent case.
    pub overlap: f64,
    /// Resolved company-quarters below which nothing is said.
    pub min_rows: usize,
    /// Independent cases for which the base rate counts beside those in a like state.
    pub prior_weight: f64,
    /// Coverage of intervals around rates and probabilities.
    pub coverage: f64,
    /// Probability from which on a statement is an alarm.
    pub alarm: f64,
    /// Worlds of the engine in which the event is counted.
    pub n_draws: usize,
    /// Classes of stated probability whose frequencies are compared.
    pub n_bins: u32,
}

impl Rule {
    /// The bundled rule.
    pub fn bundled() -> &'static Self {
        static RULE: OnceLock<Rule> = OnceLock::new();
        RULE.get_or_init(|| {
            toml::from_str(include_str!("../../models/pressure.toml"))
                .expect("the bundled rule is checked by a test")
        })
    }

    /// How company-quarters are counted.
    pub fn size(&self) -> Size {
        Size { overlap: self.overlap, coverage: self.coverage }
    }

    /// How cases are counted that do not overlap.
    pub fn size_of_cases(&self) -> Size {
        Size { overlap: 1.0, coverage: self.coverage }
    }

    /// The same rule with another threshold.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it is a number above 0.
    pub fn with_threshold(&self, threshold: f64) -> Result<Self> {
        if threshold.is_finite() && threshold > 0.0 {
            return Ok(Self { threshold, ..self.clone() });
        }
        Err(Error::invalid(format!("`threshold` is {threshold}; needed is a ratio above 0"))
            .hint("1.5 asks whether four quarters' capex comes to half as much again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_a_ratio_above_zero() {
        let rule = Rule::bundled();
        assert!((rule.with_threshold(1.2).expect("above 0").threshold - 1.2).abs() < 1e-15);
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(rule.with_threshold(wrong).is_err(), "{wrong}");
        }
    }
}
