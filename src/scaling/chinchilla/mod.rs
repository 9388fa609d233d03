//! Chinchilla: loss from parameters and tokens, how to spend compute best, and the fit to runs.
//!
//! May use the core files, `law` and `loss`. Holds no constant of a law: they are published
//! ([`super::published`]) or fitted to runs that a caller brings ([`Fit`]). Never reads a file.

mod bootstrap;
mod fit;
mod runs;

use std::ops::RangeInclusive;

use serde::Deserialize;

pub use self::bootstrap::{Distance, Estimate, Fit, Resampling};
pub use self::runs::{RunColumns, TrainingRun, runs};

use super::law::{Capability, Scale, ScalingLaw};
use super::loss::along;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::units::Flop;

/// Training FLOP per parameter and token (definition of the approximation C = 6 N D).
pub(super) const FLOP_PER_PARAMETER_TOKEN: f64 = 6.0;

/// `L(N, D) = E + A / N^α + B / D^β`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chinchilla {
    /// Name in tables.
    pub name: String,
    /// A, nat a token.
    pub a: f64,
    /// B, nat a token.
    pub b: f64,
    /// E, the loss that no size removes, nat a token.
    pub e: f64,
    /// α.
    pub alpha: f64,
    /// β.
    pub beta: f64,
    /// The smallest run that was fitted, FLOP.
    pub smallest_run_flop: f64,
    /// The largest run that was fitted, FLOP.
    pub largest_run_flop: f64,
    /// Who fitted it.
    pub source: String,
}

/// The best way to spend a training run's compute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Optimum {
    /// Parameters.
    pub parameters: f64,
    /// Training tokens.
    pub tokens: f64,
    /// Loss, nat a token.
    pub loss: f64,
}

impl Chinchilla {
    /// Loss of a model: `E + A / N^α + B / D^β`.
    ///
    /// - `parameters`: N. `tokens`: D. Returns nat a token.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless both are above 0.
    /// # Source
    /// Hoffmann et al. (2022), arXiv 2203.15556, equation 2.
    pub fn loss(&self, parameters: f64, tokens: f64) -> Result<f64> {
        if parameters > 0.0 && tokens > 0.0 {
            return Ok(self.loss_of(parameters, tokens));
        }
        Err(Error::invalid(format!(
            "a loss needs parameters and tokens above 0; found {parameters} and {tokens}"
        )))
    }

    /// The N and D that give the lowest loss for `compute = 6 N D`:
    /// `N = G (C/6)^a`, `D = (C/6)/N`, `a = β/(α+β)`, `G = (αA / βB)^(1/(α+β))`.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the compute is above 0.
    /// # Source
    /// Hoffmann et al. (2022), arXiv 2203.15556, equation 4.
    pub fn optimum(&self, compute: Flop) -> Result<Optimum> {
        if compute.0.is_nan() || compute.0 <= 0.0 {
            return Err(Error::invalid(format!(
                "compute of {} FLOP cannot be spent; needed more than 0",
                compute.0
            )));
        }
        Ok(self.optimum_of(compute))
    }

    /// a of `N ~ C^a` along the optimum: `β / (α + β)`.
    pub fn exponent(&self) -> f64 {
        self.beta / (self.alpha + self.beta)
    }

    /// The N for which `tokens` are the best D: `N = G (G D)^(β/α)`, G as in
    /// [`Chinchilla::optimum`].
    pub(super) fn parameters_for(&self, tokens: f64) -> f64 {
        let balance = self.balance();
        balance * (balance * tokens).powf(self.beta / self.alpha)
    }

    /// A, B, E, α and β under their names in tables.
    pub fn constants(&self) -> [(&'static str, f64); 5] {
        [("A", self.a), ("B", self.b), ("E", self.e), ("alpha", self.alpha), ("beta", self.beta)]
    }

    pub(super) fn loss_of(&self, parameters: f64, tokens: f64) -> f64 {
        self.e + self.a / parameters.powf(self.alpha) + self.b / tokens.powf(self.beta)
    }

    /// G: how parameters and tokens share the work.
    fn balance(&self) -> f64 {
        (self.alpha * self.a / (self.beta * self.b)).powf(1.0 / (self.alpha + self.beta))
    }

    fn optimum_of(&self, compute: Flop) -> Optimum {
        let product = compute.0 / FLOP_PER_PARAMETER_TOKEN;
        let parameters = self.balance() * product.powf(self.exponent());
        let tokens = product / parameters;
        Optimum { parameters, tokens, loss: self.loss_of(parameters, tokens) }
    }
}

/// Loss along the optimum.
impl ScalingLaw for Chinchilla {
    fn expression(&self) -> String {
        format!(
            "loss = {} + {} / N^{} + {} / D^{} at the best N and D of C = 6 N D",
            self.e, self.a, self.alpha, self.b, self.beta
        )
    }

    fn citation(&self) -> &str {
        &self.source
    }

    fn domain(&self) -> RangeInclusive<Flop> {
        Flop(self.smallest_run_flop)..=Flop(self.largest_run_flop)
    }

    fn capability(&self, compute: &Draws<Flop>) -> Capability {
        along(self, compute)
    }

    fn curve(&self, _draw_idx: usize, compute: Flop) -> f64 {
        self.optimum_of(compute).loss
    }

    fn n_curves(&self) -> usize {
        1
    }

    fn scale(&self) -> Scale {
        Scale::Loss
    }
}

#[cfg(test)]
mod tests {
    use super::super::published::PublishedLaws;
    use super::*;

    #[test]
    fn the_optimum_of_besiroglu_to_the_printed_digits() {
        let laws = PublishedLaws::bundled().expect("bundled");
        let law = laws.chinchilla("besiroglu_optimum").expect("published");
        assert_eq!(format!("{:.3}", law.exponent()), "0.514");
        let best = law.optimum(Flop(5.88e23)).expect("above 0");
        assert_eq!(format!("{:.1}", best.tokens / best.parameters), "17.9");
        assert!((best.parameters * best.tokens * 6.0 / 5.88e23 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn no_other_split_is_better_and_chinchilla_itself_by_hand() {
        let laws = PublishedLaws::bundled().expect("bundled");
        let law = laws.chinchilla("hoffmann").expect("published");
        let best = law.optimum(Flop(1e23)).expect("above 0");
        for factor in [0.9, 1.1] {
            let other = law.loss(best.parameters * factor, best.tokens / factor).expect("above 0");
            assert!(other > best.loss);
        }
        // 70e9 parameters, 1.4e12 tokens: 1.69 + 406.4/4870.5 + 410.7/2508.9 = 1.937
        let loss = law.loss(70e9, 1.4e12).expect("above 0");
        assert!((loss - 1.937).abs() < 2e-3, "{loss}");
        assert!(law.loss(0.0, 1.0).is_err());
    }
}
