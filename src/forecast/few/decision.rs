//! How far a combination is followed, and when the autoregression takes over: from resolved errors alone.
//!
//! May use `score` and the spec. Whoever calls it says what is resolved; it cannot look ahead.

use super::spec::Rule;
use crate::forecast::score::compare::equal_accuracy;

/// What became of a combination and its base at the origins resolved so far.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    rule: &'a Rule,
    horizon: usize,
    step_times_error: f64,
    step_squares: f64,
    differences: Vec<f64>,
}

/// What is done at an origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Share of the combination's step away from the base, 0 to 1.
    pub weight: f64,
    /// Whether the combination is refused, so that the base answers alone.
    pub is_refused: bool,
}

impl<'a> Decision<'a> {
    /// Nothing resolved yet.
    ///
    /// - `n_origins`: how many there will be at most.
    pub fn new(rule: &'a Rule, horizon: usize, n_origins: usize) -> Self {
        let differences = Vec::with_capacity(n_origins);
        Self { rule, horizon, step_times_error: 0.0, step_squares: 0.0, differences }
    }

    /// Takes in an origin whose outcome is known.
    ///
    /// - `error`: actual less the base's forecast. `step`: combination less base.
    pub fn resolve(&mut self, error: f64, step: f64) {
        self.step_times_error += step * error;
        self.step_squares += step * step;
        self.differences.push(error * error - (error - step) * (error - step));
    }

    /// What is done at the next origin.
    ///
    /// The weight is the least-squares share of the step in the base's errors, pulled to its prior as if
    /// `prior_origins` more had been seen: `(Σ step·error + n₀·v·w₀) / (Σ step² + n₀·v)`, with `v` the
    /// mean of `step²`, kept between 0 and 1. The combination is refused where the base was better by
    /// Diebold and Mariano's test with Harvey, Leybourne and Newbold's correction.
    pub fn verdict(&self) -> Verdict {
        let n = self.differences.len();
        let prior = self.rule.weight.prior;
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 origins")]
        let v = self.step_squares / n.max(1) as f64;
        let pull = self.rule.weight.prior_origins * v;
        let weight = if v > 0.0 {
            (self.step_times_error + pull * prior) / (self.step_squares + pull)
        } else {
            prior
        };
        let is_refused = n >= self.rule.refusal.min_origins
            && equal_accuracy(&self.differences, self.horizon)
                .is_some_and(|test| test.p_less < self.rule.refusal.level);
        Verdict { weight: weight.clamp(0.0, 1.0), is_refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weight_starts_at_its_prior_and_follows_what_resolved() {
        let rule = Rule::bundled();
        let mut decision = Decision::new(rule, 1, 60);
        assert_eq!(decision.verdict(), Verdict { weight: 1.0, is_refused: false });
        for i in 0..20 {
            // Steps of half the error, then of the wrong sign.
            decision.resolve(1.0, if i % 2 == 0 { 0.5 } else { -0.5 });
        }
        let n0 = rule.weight.prior_origins;
        let expected = n0 * 0.25 / (20.0 * 0.25 + n0 * 0.25);
        assert!((decision.verdict().weight - expected).abs() < 1e-12);
        for i in 0..40 {
            decision.resolve(1.0, -0.5 - f64::from(i % 3) / 10.0);
        }
        assert!(decision.verdict().is_refused, "the base was better nearly always");
    }
}
