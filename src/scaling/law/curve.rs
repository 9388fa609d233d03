//! Curves: a form with its parameters, and what it says.
//!
//! May use `units`, `chinchilla`, `published` and its sibling files. Pure arithmetic; fits
//! nothing.

use std::f64::consts::LN_10;
use std::sync::LazyLock;

use super::ScalingLaw;
use super::form::{Form, Shape, Time};
use super::solve::Parameters;
use crate::scaling::published::PublishedLaws;
use crate::units::Flop;

/// The year from which time is counted.
pub(super) const YEAR_ZERO: f64 = 2023.0;
/// Decades of FLOP from which compute is counted, so that fits are well conditioned.
pub(super) const DECADE_ZERO: f64 = 23.0;
/// Score of guessing among four answers (definition of the benchmark).
const CHANCE_OF_FOUR: f64 = 0.25;

/// The fit of the Chinchilla runs that stands for them.
const OF_CHINCHILLA: &str = "besiroglu";

static LAWS: LazyLock<PublishedLaws> =
    LazyLock::new(|| PublishedLaws::bundled().expect("a test reads the bundled file"));

/// A form with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    pub(super) form: Form,
    pub(super) parameters: Parameters,
    pub(super) log10_progress: f64,
}

impl Curve {
    /// The form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Names and values of the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.form.parameter_names().zip(self.parameters)
    }

    /// The curve's value.
    ///
    /// - `decades`: log10 of training compute in FLOP. `year`: decimal year of release.
    /// - Returns a score in the unit of the rows that were fitted.
    pub fn value(&self, decades: f64, year: f64) -> f64 {
        let [p, q, r, _] = self.parameters;
        let x = self.effective(decades, year);
        let by_compute = match self.form.shape {
            Shape::Constant => p,
            Shape::LogLiteral => p * ln_one_plus_ten_to(x),
            Shape::Log => p * ln_one_plus_ten_to(x - q),
            Shape::Linear => p + q * x,
            Shape::Power => (p + q * (x - DECADE_ZERO)).exp(),
            Shape::ErrorPower => p - q * missing(r, x),
            Shape::Logistic => p * sigmoid(q * (x - r)),
            Shape::ChoiceOfFour => CHANCE_OF_FOUR + (1.0 - CHANCE_OF_FOUR) * sigmoid(p * (x - q)),
            Shape::Chinchilla | Shape::Kaplan | Shape::DataConstrained => {
                p - q * loss(self.form.shape, x)
            }
        };
        by_compute + self.per_year() * (year - YEAR_ZERO)
    }

    /// Whether the fit found its bend inside the grid that was searched.
    pub(super) fn is_settled(&self) -> bool {
        let least = super::fit::GRID_OF_EXPONENTS.0;
        self.form.shape != Shape::ErrorPower || self.parameters[2] > least
    }

    /// Decades of effective compute.
    pub(super) fn effective(&self, decades: f64, year: f64) -> f64 {
        let rate = if self.form.time == Time::Progress { self.log10_progress } else { 0.0 };
        decades + rate * (year - YEAR_ZERO)
    }

    fn per_year(&self) -> f64 {
        if self.form.time == Time::Term {
            self.parameters[self.form.shape.parameter_names().len()]
        } else {
            0.0
        }
    }
}

/// `ln(10^x + 1)` without overflow.
pub(super) fn ln_one_plus_ten_to(x: f64) -> f64 {
    let x = x * LN_10;
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `10^(−b (x − 23))`: the part of what is missing that falls as a power of compute.
pub(super) fn missing(exponent: f64, decades: f64) -> f64 {
    10.0_f64.powf(-exponent * (decades - DECADE_ZERO))
}

/// The loss that compute buys, nat a token, by the published law of a shape.
pub(super) fn loss(shape: Shape, decades: f64) -> f64 {
    let compute = Flop(10.0_f64.powf(decades));
    match shape {
        Shape::Kaplan => LAWS.kaplan[0].curve(0, compute),
        Shape::DataConstrained => LAWS.data_constrained[0].curve(0, compute),
        _ => LAWS.chinchilla(OF_CHINCHILLA).expect("a test reads it").curve(0, compute),
    }
}
