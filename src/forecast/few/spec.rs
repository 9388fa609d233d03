//! The constants of the engine's choice among many variables, read from `models/few_variables.toml`.
//!
//! May use `error` and `serde`. Compiled in; an unknown key is an error.

use std::sync::OnceLock;

use serde::Deserialize;

/// Every constant of the choice.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Version of the file's form.
    pub schema_version: u32,
    /// Specifications of plain least squares.
    pub least_squares: LeastSquares,
    /// The combination of single-variable models.
    pub combination: Combination,
    /// How far the combination is followed.
    pub weight: Weight,
    /// When the autoregression takes over.
    pub refusal: Refusal,
}

/// Plain least squares on the variables that correlate most.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeastSquares {
    /// Numbers of variables, ascending.
    pub n_variables: Vec<usize>,
    /// Share of a variable's squares that those before it must leave unexplained.
    pub min_own_share: f64,
}

/// The mean of the best single-variable models.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    /// How many.
    pub n_members: usize,
    /// Rows of the window before the first origin that goes on record.
    pub min_rows: usize,
    /// Deviations at which the plain mean clips a variable.
    pub clip: f64,
}

/// The share of the combination's step away from the autoregression.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weight {
    /// Before anything is resolved.
    pub prior: f64,
    /// Origins for which the prior counts.
    pub prior_origins: f64,
}

/// When the autoregression takes over.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Resolved origins that it needs.
    pub min_origins: usize,
    /// One-sided level of its test.
    pub level: f64,
}

impl Rule {
    /// The bundled constants.
    pub fn bundled() -> &'static Self {
        static RULE: OnceLock<Rule> = OnceLock::new();
        RULE.get_or_init(|| {
            toml::from_str(include_str!("../../../models/few_variables.toml"))
                .expect("the bundled rule is read by a test")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_rule_reads() {
        let rule = Rule::bundled();
        assert_eq!(rule.schema_version, 1);
        assert!(rule.least_squares.n_variables.is_sorted());
        assert!((0.0..=1.0).contains(&rule.weight.prior));
    }
}
