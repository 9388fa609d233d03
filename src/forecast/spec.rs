//! The constants of the engine, read from `models/chipcast.toml`.
//!
//! May use `error` and `serde`. Compiled in; an unknown key is an error.

use std::sync::OnceLock;

use serde::Deserialize;

/// Every constant of the engine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Version of the file's form.
    pub schema_version: u32,
    /// Drift, seasonality and volatility.
    pub growth: Growth,
    /// The guide's typical surprise.
    pub guide: Guide,
    /// Conformal intervals.
    pub interval: Interval,
    /// How worlds hang together.
    pub copula: Copula,
    /// The envelope.
    pub skill: SkillRule,
}

/// Constants of `pooled`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Half-life of a change's weight, in years.
    pub half_life_years: f64,
    /// Changes that each season needs.
    pub min_per_season: usize,
    /// Values that a member of the pool needs.
    pub min_member: usize,
    /// Limit of the pull to the pool, in own standard errors.
    pub translation_limit: f64,
    /// Spread of drifts where the pool is too small to measure it.
    pub prior_drift_sd: f64,
    /// Floor of a variance.
    pub variance_floor: f64,
}

/// Constants of `guidance`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guide {
    /// Pseudo-pairs without surprise.
    pub prior_pairs: f64,
}

/// Constants of `interval`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Step of the adaptive allowance.
    pub gamma: f64,
    /// Own residuals before they stand alone.
    pub min_own_residuals: usize,
    /// Residuals a series that rolling intervals keep.
    pub rolling_window: usize,
}

/// Constants of the joint draws: what is taken where nothing is measured.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copula {
    /// Share of a shock common to all series.
    pub common_share: f64,
    /// Correlation of neighbouring horizons.
    pub persistence: f64,
    /// Quarters of origins for which the two above count when they are fitted.
    pub prior_quarters: f64,
}

/// Constants of the envelope.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillRule {
    /// Furthest horizon.
    pub max_horizon: usize,
    /// Own attempts before the panel's are left out.
    pub min_own: usize,
    /// One-sided level of the lower bound.
    pub bound_level: f64,
    /// Origins a block.
    pub block_length: usize,
    /// Resamples.
    pub n_bootstraps: usize,
}

impl Spec {
    /// The bundled constants.
    pub fn bundled() -> &'static Self {
        static SPEC: OnceLock<Spec> = OnceLock::new();
        SPEC.get_or_init(|| {
            toml::from_str(include_str!("../../models/chipcast.toml"))
                .expect("the bundled model file is checked by a test")
        })
    }
}
