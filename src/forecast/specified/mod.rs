//! Models chosen by specs: one file of `models/` each, or a user's own.
//!
//! May use the core files, `history`, `pooled`, `intervention`, `regression` and `few`. A spec holds no code:
//! it names an estimator, features and members that are written here.

pub(crate) mod bridge;
mod combination;
pub(crate) mod features;
mod monthly;
mod nested;
pub mod regression;
pub mod selection;
pub mod spec;

use std::sync::OnceLock;

use super::{Forecaster, Path, Term};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::series::SeriesId;
use spec::{ModelSpec, Rule};

/// The bundled specs, in the order in which tables show them.
const BUNDLED: [(&str, &str); 13] = [
    ("models/ols.toml", include_str!("../../../models/ols.toml")),
    ("models/ridge.toml", include_str!("../../../models/ridge.toml")),
    ("models/bayesian_ridge.toml", include_str!("../../../models/bayesian_ridge.toml")),
    ("models/lasso.toml", include_str!("../../../models/lasso.toml")),
    ("models/elastic_net.toml", include_str!("../../../models/elastic_net.toml")),
    ("models/pls.toml", include_str!("../../../models/pls.toml")),
    ("models/huber.toml", include_str!("../../../models/huber.toml")),
    ("models/quantile.toml", include_str!("../../../models/quantile.toml")),
    ("models/bridge.toml", include_str!("../../../models/bridge.toml")),
    ("models/few.toml", include_str!("../../../models/few.toml")),
    ("models/median.toml", include_str!("../../../models/median.toml")),
    ("models/inverse_error.toml", include_str!("../../../models/inverse_error.toml")),
    ("models/stacking.toml", include_str!("../../../models/stacking.toml")),
];

/// A model that a spec describes.
#[derive(Debug)]
pub struct Specified {
    name: &'static str,
    rule: Rule,
}

impl Specified {
    /// A model of a spec, kept for as long as the program runs: models are named by static words.
    pub fn kept(spec: ModelSpec) -> &'static Self {
        let name = Box::leak(spec.name.into_boxed_str());
        Box::leak(Box::new(Self { name, rule: spec.rule }))
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it does.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }
}

impl Forecaster for Specified {
    fn name(&self) -> &'static str {
        self.name
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        self.path_with(known, known, target, horizon)
    }

    /// A regression keeps the coefficients of `learned`; what has none to keep is made anew.
    fn path_with(
        &self,
        learned: &Snapshot,
        known: &Snapshot,
        target: &SeriesId,
        horizon: usize,
    ) -> Result<Path> {
        match &self.rule {
            Rule::Regression(spec) => {
                regression::path(self, spec, (learned, known), target, horizon)
            }
            Rule::Combination(spec) => combination::path(self, spec, known, target, horizon),
            Rule::Bridge(spec) => bridge::path(self, spec, known, target, horizon),
            Rule::Selection(spec) => selection::path(self, spec, known, target, horizon),
        }
    }
}

/// The models of the bundled specs, made once.
pub fn bundled() -> &'static [&'static Specified] {
    static MODELS: OnceLock<Vec<&'static Specified>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let read = |(file, text): &(&str, &str)| {
            let spec =
                ModelSpec::read(file, text).expect("the bundled specs are checked by a test");
            Specified::kept(spec)
        };
        BUNDLED.iter().map(read).collect()
    })
}

/// A term of a forecast: its value times its weight.
fn term(name: impl Into<String>, value: f64, weight: f64) -> Term {
    Term { name: name.into(), value, weight }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_spec_reads_and_is_named_as_its_file() {
        for ((file, _), model) in BUNDLED.iter().zip(bundled()) {
            assert_eq!(*file, format!("models/{}.toml", model.name()));
            if let Rule::Combination(spec) = model.rule() {
                for member in &spec.members {
                    let member = crate::forecast::engine::model(member).expect("a model");
                    assert!(!bundled().iter().any(|other| other.name() == member.name()
                        && matches!(other.rule(), Rule::Combination(_))));
                }
            }
        }
    }
}
