//! Laws of loss beside Chinchilla's: Kaplan's power of compute, and data that are read again.
//!
//! May use the core files, `chinchilla`, `law` and `published`. Holds no constant: they are
//! published ([`PublishedLaws`]). Fits nothing.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::chinchilla::{Chinchilla, FLOP_PER_PARAMETER_TOKEN, Optimum};
use super::law::{Capability, Scale, ScalingLaw};
use super::published::PublishedLaws;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::units::Flop;

/// Steps of a golden-section search: the bracket shrinks to its 1e-12.
const SEARCH_STEPS: usize = 58;

/// `L = (C₀ / C)^exponent`: Kaplan et al. (2020), compute spent best.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kaplan {
    /// Name in tables.
    pub name: String,
    /// C₀, petaflop/s-days.
    pub critical_pf_days: f64,
    /// The exponent.
    pub exponent: f64,
    /// The smallest compute that was fitted, petaflop/s-days.
    pub smallest_run_pf_days: f64,
    /// The largest compute that was fitted, petaflop/s-days.
    pub largest_run_pf_days: f64,
    /// Who fitted it.
    pub source: String,
}

/// `L = E + A / N'^α + B / D'^β`, where data read again and parameters beyond what the data need
/// count for less: Muennighoff et al. (2023).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConstrained {
    /// A, B, E, α and β of data read once, with name, domain and source.
    pub once: Chinchilla,
    /// R*_D: repetitions after which a token read again is worth `1/e` of a new one.
    pub repetitions_of_data: f64,
    /// R*_N: the same of parameters beyond the best number for the unique tokens.
    pub excess_of_parameters: f64,
    /// U: tokens there are to read.
    pub unique_tokens: f64,
    /// Who counted them.
    pub unique_tokens_source: String,
}

/// What one law says of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct LossByLaw {
    /// The law's name.
    pub law: String,
    /// Loss where the compute is spent best, nat a token.
    pub loss: f64,
    /// Whether the compute lies outside the runs that the law was fitted to.
    pub extrapolated: bool,
    /// The law's formula.
    pub formula: String,
    /// Where it comes from.
    pub citation: String,
}

/// Every published law of loss on one training run, side by side. The laws were fitted to different
/// texts and tokens, so that levels differ; none is the true one.
///
/// - `compute`: of one run. Returns nat a token, a row a law.
///
/// # Errors
/// [`Error::Invalid`] unless the compute is above 0.
pub fn losses(compute: Flop, laws: &PublishedLaws) -> Result<Vec<LossByLaw>> {
    if !(compute.0 > 0.0 && compute.0.is_finite()) {
        return Err(Error::invalid(format!(
            "compute of {} FLOP buys no loss; needed more than 0",
            compute.0
        )));
    }
    let row = |name: &str, law: &dyn ScalingLaw| LossByLaw {
        law: name.to_owned(),
        loss: law.curve(0, compute),
        extrapolated: !law.domain().contains(&compute),
        formula: law.expression(),
        citation: law.citation().to_owned(),
    };
    let chinchilla = laws.chinchilla.iter().map(|law| row(&law.name, law));
    let kaplan = laws.kaplan.iter().map(|law| row(&law.name, law));
    let constrained = laws.data_constrained.iter().map(|law| row(&law.once.name, law));
    Ok(chinchilla.chain(kaplan).chain(constrained).collect())
}

/// A law of loss on sampled compute. Published constants come without their covariance, so the
/// draws carry the uncertainty of compute alone.
pub(super) fn along(law: &impl ScalingLaw, compute: &Draws<Flop>) -> Capability {
    let domain = law.domain();
    let outside = compute.map(|c| f64::from(u8::from(!domain.contains(&c)))).mean();
    Capability {
        scale: Scale::Loss,
        draws: compute.map(|c| law.curve(0, c)),
        extrapolated: outside >= 0.5,
        share_outside: outside,
    }
}

impl ScalingLaw for Kaplan {
    fn expression(&self) -> String {
        format!("loss = ({:e} PF-days / C)^{}", self.critical_pf_days, self.exponent)
    }

    fn citation(&self) -> &str {
        &self.source
    }

    fn domain(&self) -> RangeInclusive<Flop> {
        Flop::from_pf_days(self.smallest_run_pf_days)..=Flop::from_pf_days(self.largest_run_pf_days)
    }

    fn capability(&self, compute: &Draws<Flop>) -> Capability {
        along(self, compute)
    }

    fn curve(&self, _draw_idx: usize, compute: Flop) -> f64 {
        (Flop::from_pf_days(self.critical_pf_days) / compute).powf(self.exponent)
    }

    fn n_curves(&self) -> usize {
        1
    }

    fn scale(&self) -> Scale {
        Scale::Loss
    }
}

impl DataConstrained {
    /// The same law where there are so many tokens to read.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `unique_tokens` is above 0.
    pub fn with_unique_tokens(mut self, unique_tokens: f64, source: &str) -> Result<Self> {
        if !(unique_tokens > 0.0 && unique_tokens.is_finite()) {
            return Err(Error::invalid(format!(
                "{unique_tokens} unique tokens asked; needed more than 0"
            )));
        }
        self.unique_tokens = unique_tokens;
        source.clone_into(&mut self.unique_tokens_source);
        Ok(self)
    }

    /// What `tokens` read are worth in new ones: `D' = U + U R* (1 − exp(−R / R*))` with
    /// `R = D/U − 1` repetitions; D itself up to U.
    ///
    /// # Source
    /// Muennighoff et al. (2023), arXiv 2305.16264, equation 5.
    pub fn effective_tokens(&self, tokens: f64) -> f64 {
        decayed(tokens, self.unique_tokens, self.repetitions_of_data)
    }

    /// What `parameters` are worth where the tokens call for fewer: as [`Self::effective_tokens`],
    /// with the best number for the unique tokens in the place of U.
    ///
    /// # Source
    /// Muennighoff et al. (2023), arXiv 2305.16264, equation 6.
    pub fn effective_parameters(&self, parameters: f64, tokens: f64) -> f64 {
        let needed = self.once.parameters_for(tokens.min(self.unique_tokens));
        decayed(parameters, needed, self.excess_of_parameters)
    }

    /// Loss of a model: `E + A / N'^α + B / D'^β`.
    ///
    /// - `parameters`: N. `tokens`: D, those read again counted each time. Returns nat a token.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless both are above 0.
    pub fn loss(&self, parameters: f64, tokens: f64) -> Result<f64> {
        self.once.loss(parameters, tokens)?;
        Ok(self.loss_of(parameters, tokens))
    }

    /// The N and D that give the lowest loss for `compute = 6 N D`, by golden-section search over
    /// ln N: the loss falls with N while data abound, and rises once they are wanting.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the compute is above 0.
    pub fn optimum(&self, compute: Flop) -> Result<Optimum> {
        self.once.optimum(compute)?;
        Ok(self.optimum_of(compute))
    }

    fn loss_of(&self, parameters: f64, tokens: f64) -> f64 {
        self.once
            .loss_of(self.effective_parameters(parameters, tokens), self.effective_tokens(tokens))
    }

    fn optimum_of(&self, compute: Flop) -> Optimum {
        let product = compute.0 / FLOP_PER_PARAMETER_TOKEN;
        let loss = |ln_parameters: f64| {
            let parameters = ln_parameters.exp();
            self.loss_of(parameters, product / parameters)
        };
        let parameters = golden_section(loss, 0.0, product.ln().max(1.0)).exp();
        let tokens = product / parameters;
        Optimum { parameters, tokens, loss: self.loss_of(parameters, tokens) }
    }
}

impl ScalingLaw for DataConstrained {
    fn expression(&self) -> String {
        let Chinchilla { a, b, e, alpha, beta, .. } = &self.once;
        format!(
            "loss = {e} + {a} / N'^{alpha} + {b} / D'^{beta} at the best N and D of C = 6 N D; \
             D' = U + U R (1 - exp(-(D/U - 1) / R)), R = {} and U = {:e} tokens; N' alike, R = {}",
            self.repetitions_of_data, self.unique_tokens, self.excess_of_parameters
        )
    }

    fn citation(&self) -> &str {
        &self.once.source
    }

    fn domain(&self) -> RangeInclusive<Flop> {
        self.once.domain()
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

/// `U + U R* (1 − exp(−R / R*))` with `R = amount/U − 1`; the amount itself up to U.
fn decayed(amount: f64, unique: f64, scale: f64) -> f64 {
    if amount <= unique {
        return amount;
    }
    let repetitions = amount / unique - 1.0;
    unique * (1.0 - scale * (-repetitions / scale).exp_m1())
}

/// Where a function with one valley between `low` and `high` is lowest (Kiefer 1953).
fn golden_section(value: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let share = (5.0_f64.sqrt() - 1.0) / 2.0;
    let inside = |low: f64, high: f64| (high - share * (high - low), low + share * (high - low));
    let (mut left, mut right) = inside(low, high);
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..SEARCH_STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = inside(low, high).0;
            at_left = value(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = inside(low, high).1;
            at_right = value(right);
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laws() -> PublishedLaws {
        PublishedLaws::bundled().expect("bundled")
    }

    fn constrained(unique_tokens: f64) -> DataConstrained {
        let law = laws().data_constrained.swap_remove(0);
        law.with_unique_tokens(unique_tokens, "a test").expect("above 0")
    }

    #[test]
    fn kaplan_by_hand() {
        let law = &laws().kaplan[0];
        // One PF-day: (3.1e8)^0.05 = exp(0.05 x 19.5520) = 2.658.
        let loss = law.curve(0, Flop(8.64e19));
        assert!((loss - 2.658).abs() < 5e-4, "{loss}");
        // Ten times the compute: a factor of 10^-0.05 = 0.8913.
        assert!((law.curve(0, Flop(8.64e20)) / loss - 0.8913).abs() < 5e-5);
        let found = law.capability(&Draws::constant(Flop(1e25), 10));
        assert!(found.extrapolated && found.scale == Scale::Loss);
        assert!(!law.capability(&Draws::constant(Flop(8.64e19), 10)).extrapolated);
    }

    #[test]
    fn four_epochs_are_nearly_as_good_as_new_data_and_forty_are_not() {
        let law = constrained(1e9);
        assert_eq!(law.effective_tokens(0.5e9), 0.5e9);
        // R = 3: 1 + 15.387756 (1 - exp(-0.194960)) = 1 + 15.387756 x 0.177132 = 3.7257.
        assert!((law.effective_tokens(4e9) / 1e9 - 3.7257).abs() < 5e-4);
        // R = 15: 1 + 15.387756 (1 - exp(-0.974801)) = 1 + 15.387756 x 0.622732 = 10.582.
        assert!((law.effective_tokens(16e9) / 1e9 - 10.582).abs() < 5e-3);
        // However often they are read: 1 + 15.387756.
        assert!((law.effective_tokens(1e15) / 1e9 - 16.387_756).abs() < 1e-6);
        // The paper's 8.7e9 parameters on 178e9 tokens: four epochs cost less than a percent.
        let (new, again) = (constrained(178e9), constrained(44.5e9));
        let loss = |law: &DataConstrained| law.loss(8.7e9, 178e9).expect("above 0");
        let (new, again) = (loss(&new), loss(&again));
        assert!(again > new && again < 1.01 * new, "{new} {again}");
        assert!(law.loss(0.0, 1e9).is_err());
    }

    #[test]
    fn read_once_the_law_is_chinchillas_with_twenty_tokens_a_parameter() {
        let law = constrained(3e14);
        let (found, once) =
            (law.optimum(Flop(9.3e21)).expect("ok"), law.once.optimum(Flop(9.3e21)).expect("ok"));
        assert!((found.parameters / once.parameters - 1.0).abs() < 1e-5, "{found:?} {once:?}");
        assert!((found.loss / once.loss - 1.0).abs() < 1e-12);
        assert!((found.tokens / found.parameters - 20.05).abs() < 0.01);
    }

    #[test]
    fn with_few_data_the_best_model_is_smaller_and_no_other_split_is_better() {
        // The paper trains 27 % fewer parameters than Chinchilla's 8.7e9 on 25e9 unique tokens.
        let law = constrained(25e9);
        let best = law.optimum(Flop(9.3e21)).expect("above 0");
        let once = law.once.optimum(Flop(9.3e21)).expect("above 0");
        let share = best.parameters / once.parameters;
        assert!((0.70..0.80).contains(&share), "{share}");
        for step in -40..=40 {
            let factor = 1.1_f64.powi(step);
            let other = law.loss(best.parameters * factor, best.tokens / factor).expect("above 0");
            assert!(other >= best.loss, "{factor}");
        }
        assert!(law.optimum(Flop(f64::NAN)).is_err());
        assert!(law.with_unique_tokens(0.0, "nobody").is_err());
    }

    #[test]
    fn every_law_of_loss_side_by_side() {
        let rows = losses(Flop(1e22), &laws()).expect("above 0");
        let names: Vec<_> = rows.iter().map(|row| row.law.as_str()).collect();
        let needed = ["hoffmann", "besiroglu", "besiroglu_optimum", "kaplan", "muennighoff"];
        assert_eq!(names, needed);
        assert!(rows.iter().all(|row| (1.8..2.6).contains(&row.loss)), "{rows:?}");
        let outside: Vec<_> = rows.iter().map(|row| row.extrapolated).collect();
        assert_eq!(outside, [false, false, false, true, true]);
        assert!(rows.iter().all(|row| row.citation.contains("20") && row.formula.contains('=')));
        assert!(losses(Flop(0.0), &laws()).is_err());
    }
}
