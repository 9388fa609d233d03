//! Laws as published: constants that others fitted, from `models/published_laws.toml`.
//!
//! May use `error`, `units`, and the laws of `chinchilla` and `loss`. The only reader of that
//! file, which is compiled in. Refits nothing.

use serde::Deserialize;

use super::chinchilla::Chinchilla;
use super::loss::{DataConstrained, Kaplan};
use crate::error::{Error, Result};
use crate::units::Flop;

const BUNDLED: &str = include_str!("../../models/published_laws.toml");

/// Everything in the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedLaws {
    /// Laws of loss.
    pub chinchilla: Vec<Chinchilla>,
    /// Laws of loss in compute alone.
    pub kaplan: Vec<Kaplan>,
    /// Laws of loss where data are read again.
    pub data_constrained: Vec<DataConstrained>,
    /// The training run at which laws of loss are compared.
    pub reference_run: ReferenceRun,
    /// Laws of how parameters grow with compute.
    pub allocation: Vec<Allocation>,
    /// Efficiencies per doubling for which tables are printed.
    pub efficiency: Vec<PublishedEfficiency>,
    /// Claims that tables are held against.
    pub claim: Vec<Claim>,
}

/// A training run that many speak of.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceRun {
    /// Its compute.
    compute_flop: f64,
    /// Whose it is.
    pub source: String,
}

impl ReferenceRun {
    /// Its compute.
    pub fn compute(&self) -> Flop {
        Flop(self.compute_flop)
    }
}

/// `N ~ C^exponent`: how parameters grow where compute is spent best.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// Name in tables.
    pub name: String,
    /// The exponent, above 0.
    pub exponent: f64,
    /// Who found it.
    pub source: String,
}

/// What is left of the utilisation when a cluster doubles.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedEfficiency {
    /// phi, a ratio.
    pub per_doubling: f64,
    /// Whose runs come near it.
    pub source: String,
}

/// A statement that twice the parameters needs so many times the compute.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Name in tables.
    pub name: String,
    /// The multiple that it states.
    pub compute_multiple: f64,
    /// Who says so.
    pub source: String,
}

impl PublishedLaws {
    /// Those that come with the program.
    ///
    /// # Errors
    /// [`Error::Parse`] if the bundled file is broken.
    pub fn bundled() -> Result<Self> {
        toml::from_str(BUNDLED).map_err(|e| {
            Error::parse(format!("`models/published_laws.toml` cannot be read: {}", e.message()))
                .caused_by(e)
        })
    }

    /// One law of loss.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none of that name.
    pub fn chinchilla(&self, name: &str) -> Result<&Chinchilla> {
        self.chinchilla.iter().find(|law| law.name == name).ok_or_else(|| {
            let known: Vec<_> = self.chinchilla.iter().map(|law| law.name.as_str()).collect();
            Error::not_found(format!("law of loss `{name}` does not exist"))
                .hint(format!("the laws are {}", known.join(", ")))
        })
    }
}
