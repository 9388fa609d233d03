//! Curves: the forms that a law of capability can take, and their least-squares fits.
//!
//! May use `error`. Pure arithmetic on points; knows nothing of files, draws or scales.

use std::f64::consts::LN_10;

use super::solve::{levenberg_marquardt, linear_least_squares};
use crate::error::{Error, Result};

/// The year from which time is counted.
const YEAR_ZERO: f64 = 2023.0;
/// Decades of FLOP from which compute is counted, so that fits are well conditioned.
const DECADE_ZERO: f64 = 23.0;
/// Score of guessing among four answers (definition of the benchmark).
const CHANCE_OF_FOUR: f64 = 0.25;
/// log10 of the smallest X0 tried, the step and the number of steps: 1e-40 to 1e27.
const GRID: (f64, f64, u16) = (-40.0, 0.05, 1341);

/// The form of a law; `C` is training compute, `X` the same in FLOP, `t` years from 2023.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// `y = a`.
    Constant,
    /// `y = c ln(X + 1)`, X in FLOP.
    LogLiteral,
    /// `y = c ln(X/X0 + 1)`: the seed law.
    Log,
    /// `y = a + b log10 C`.
    Linear,
    /// `y = exp(a + b (log10 C − 23))`.
    Power,
    /// `y = U / (1 + exp(−k (log10 C − m)))`.
    Logistic,
    /// `y = a + b log10 C + g t`.
    LinearTime,
    /// `y = c ln(C rᵗ / X0 + 1)`, r the assumed algorithmic progress a year.
    LogEffective,
    /// `y = 1/4 + 3/4 / (1 + exp(−k (log10(C rᵗ) − m)))`, for a benchmark of four answers.
    ChoiceOfFour,
    /// `y = a + g t`; compute plays no part.
    Trend,
}

/// One row of a fit: decades of compute, decimal year, score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) decades: f64,
    pub(super) year: f64,
    pub(super) score: f64,
}

/// A form with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    form: Form,
    parameters: [f64; 3],
    log10_progress: f64,
}

impl Form {
    /// The eight forms that are compared on the capability index, in the order of the table.
    pub const COMPARED: [Self; 8] = [
        Self::Constant,
        Self::LogLiteral,
        Self::Log,
        Self::Linear,
        Self::Power,
        Self::Logistic,
        Self::LinearTime,
        Self::LogEffective,
    ];

    /// The word that names it on the command line and in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::LogLiteral => "log_literal",
            Self::Log => "log",
            Self::Linear => "linear",
            Self::Power => "power",
            Self::Logistic => "logistic",
            Self::LinearTime => "linear_time",
            Self::LogEffective => "log_effective",
            Self::ChoiceOfFour => "choice_of_four",
            Self::Trend => "trend",
        }
    }

    /// The formula shown to people.
    pub fn expression(self) -> &'static str {
        match self {
            Self::Constant => "a",
            Self::LogLiteral => "c ln(X + 1), X in FLOP",
            Self::Log => "c ln(X/X0 + 1)",
            Self::Linear => "a + b log10 C",
            Self::Power => "exp(a + b (log10 C - 23))",
            Self::Logistic => "U / (1 + exp(-k (log10 C - m)))",
            Self::LinearTime => "a + b log10 C + g (t - 2023)",
            Self::LogEffective => "c ln(C r^(t - 2023) / X0 + 1)",
            Self::ChoiceOfFour => "1/4 + 3/4 / (1 + exp(-k (log10(C r^(t - 2023)) - m)))",
            Self::Trend => "a + g (t - 2023)",
        }
    }

    /// Whether the date of release plays a part.
    pub fn uses_time(self) -> bool {
        matches!(self, Self::LinearTime | Self::LogEffective | Self::ChoiceOfFour | Self::Trend)
    }

    /// Whether training compute plays a part.
    pub fn uses_compute(self) -> bool {
        !matches!(self, Self::Constant | Self::Trend)
    }

    /// Names of the parameters, in the order of [`Curve::parameters`].
    pub fn parameter_names(self) -> &'static [&'static str] {
        match self {
            Self::Constant => &["a"],
            Self::LogLiteral => &["c"],
            Self::Log | Self::LogEffective => &["c", "log10_x0"],
            Self::Linear | Self::Power => &["a", "b"],
            Self::Logistic => &["u", "k", "m"],
            Self::LinearTime => &["a", "b", "g"],
            Self::ChoiceOfFour => &["k", "m"],
            Self::Trend => &["a", "g"],
        }
    }
}

impl std::str::FromStr for Form {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::COMPARED.into_iter().chain([Self::ChoiceOfFour, Self::Trend]);
        let words: Vec<_> = known.clone().map(Self::word).collect();
        known.into_iter().find(|form| form.word() == text).ok_or_else(|| {
            Error::not_found(format!("law `{text}` does not exist"))
                .hint(format!("the laws are {}", words.join(", ")))
        })
    }
}

impl Curve {
    /// The form.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Names and values of the parameters.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.form.parameter_names().iter().copied().zip(self.parameters)
    }

    /// The curve's value.
    ///
    /// - `decades`: log10 of training compute in FLOP. `year`: decimal year of release.
    /// - Returns a score in the unit of the rows that were fitted.
    pub fn value(&self, decades: f64, year: f64) -> f64 {
        let [p, q, r] = self.parameters;
        let effective = decades + self.log10_progress * (year - YEAR_ZERO);
        match self.form {
            Form::Constant => p,
            Form::LogLiteral => p * ln_one_plus_ten_to(decades),
            Form::Log => p * ln_one_plus_ten_to(decades - q),
            Form::Linear => p + q * decades,
            Form::Power => (p + q * (decades - DECADE_ZERO)).exp(),
            Form::Logistic => p * sigmoid(q * (decades - r)),
            Form::LinearTime => p + q * decades + r * (year - YEAR_ZERO),
            Form::LogEffective => p * ln_one_plus_ten_to(effective - q),
            Form::ChoiceOfFour => {
                CHANCE_OF_FOUR + (1.0 - CHANCE_OF_FOUR) * sigmoid(p * (effective - q))
            }
            Form::Trend => p + q * (year - YEAR_ZERO),
        }
    }
}

/// `ln(10^x + 1)` without overflow.
fn ln_one_plus_ten_to(x: f64) -> f64 {
    let x = x * LN_10;
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Fits one form to one set of points, again and again with other weights.
pub(super) struct Fitter<'a> {
    form: Form,
    points: &'a [Point],
    log10_progress: f64,
    /// For the logarithmic laws: `ln(X/X0 + 1)` of every point, for every X0 tried.
    grid: Vec<(f64, Vec<f64>)>,
}

impl<'a> Fitter<'a> {
    /// Prepares a fit; `progress_per_year` is r, used by forms that speak of effective compute.
    pub(super) fn new(form: Form, points: &'a [Point], progress_per_year: f64) -> Self {
        let log10_progress = progress_per_year.log10();
        let mut fitter = Self { form, points, log10_progress, grid: Vec::new() };
        if matches!(form, Form::Log | Form::LogEffective) {
            let (first, step, n_steps) = GRID;
            let decades = (0..n_steps).map(|step_idx| first + step * f64::from(step_idx));
            fitter.grid = decades.map(|x0| (x0, fitter.log_column(x0))).collect();
        }
        fitter
    }

    fn log_column(&self, log10_x0: f64) -> Vec<f64> {
        let curve = self.curve([1.0, log10_x0, 0.0]);
        self.points.iter().map(|point| curve.value(point.decades, point.year)).collect()
    }

    fn curve(&self, parameters: [f64; 3]) -> Curve {
        Curve { form: self.form, parameters, log10_progress: self.log10_progress }
    }

    /// Weighted least squares; iterative forms begin at `start`, or search for a beginning.
    pub(super) fn fit(&self, weights: &[f64], start: Option<Curve>) -> Result<Curve> {
        let parameters = match self.form {
            Form::Constant => self.linear(weights, |_| [1.0, 0.0, 0.0], 1)?,
            Form::LogLiteral => {
                self.linear(weights, |p| [ln_one_plus_ten_to(p.decades), 0.0, 0.0], 1)?
            }
            Form::Linear => {
                let [a, b, _] = self.linear(weights, |p| [1.0, p.decades - DECADE_ZERO, 0.0], 2)?;
                [a - b * DECADE_ZERO, b, 0.0]
            }
            Form::LinearTime => {
                let basis = |p: &Point| [1.0, p.decades - DECADE_ZERO, p.year - YEAR_ZERO];
                let [a, b, g] = self.linear(weights, basis, 3)?;
                [a - b * DECADE_ZERO, b, g]
            }
            Form::Trend => self.linear(weights, |p| [1.0, p.year - YEAR_ZERO, 0.0], 2)?,
            Form::Log | Form::LogEffective => self.on_grid(weights)?,
            Form::Power | Form::Logistic | Form::ChoiceOfFour => {
                let start = match start {
                    Some(curve) => curve.parameters,
                    None => self.beginning(weights)?,
                };
                self.iterate(weights, start)
            }
        };
        Ok(self.curve(parameters))
    }

    fn linear(
        &self,
        weights: &[f64],
        basis: impl Fn(&Point) -> [f64; 3],
        n_parameters: usize,
    ) -> Result<[f64; 3]> {
        let rows = self.points.iter().zip(weights).map(|(p, w)| (basis(p), p.score, *w));
        linear_least_squares(rows, n_parameters).ok_or_else(|| {
            Error::insufficient(format!(
                "law `{}` needs {n_parameters} rows that differ; {} do not settle it",
                self.form.word(),
                self.points.len()
            ))
        })
    }

    /// X0 by the grid, c in closed form: `c = Σ w f y / Σ w f²`.
    fn on_grid(&self, weights: &[f64]) -> Result<[f64; 3]> {
        let mut best = (f64::INFINITY, [0.0; 3]);
        for (log10_x0, column) in &self.grid {
            let (mut fy, mut ff, mut yy) = (0.0, 0.0, 0.0);
            for ((f, point), w) in column.iter().zip(self.points).zip(weights) {
                fy += w * f * point.score;
                ff += w * f * f;
                yy += w * point.score * point.score;
            }
            let left = yy - fy * fy / ff;
            if left < best.0 {
                best = (left, [fy / ff, *log10_x0, 0.0]);
            }
        }
        let found = best.0.is_finite();
        found.then_some(best.1).ok_or_else(|| Error::insufficient("no row to fit a law to"))
    }

    /// A place to begin: the best of a coarse search, or the straight line through the logarithms.
    fn beginning(&self, weights: &[f64]) -> Result<[f64; 3]> {
        if self.form == Form::Power {
            let logs: Vec<_> =
                self.points.iter().map(|p| Point { score: p.score.ln(), ..*p }).collect();
            let line = Fitter {
                form: Form::Linear,
                points: &logs,
                grid: Vec::new(),
                log10_progress: self.log10_progress,
            };
            return line.linear(weights, |p| [1.0, p.decades - DECADE_ZERO, 0.0], 2);
        }
        let mut best = (f64::INFINITY, [0.0; 3]);
        for steepness in [0.1, 0.25, 0.5, 1.0, 2.0] {
            for middle in (16..32).step_by(2).map(f64::from) {
                let start = if self.form == Form::Logistic {
                    let shape = |p: &Point| [sigmoid(steepness * (p.decades - middle)), 0.0, 0.0];
                    let [top, ..] = self.linear(weights, shape, 1)?;
                    [top, steepness, middle]
                } else {
                    [steepness, middle, 0.0]
                };
                let left = self.sum_of_squares(&start, weights);
                if left < best.0 {
                    best = (left, start);
                }
            }
        }
        Ok(best.1)
    }

    fn iterate(&self, weights: &[f64], start: [f64; 3]) -> [f64; 3] {
        let residuals = |parameters: &[f64; 3]| -> Vec<f64> {
            let curve = self.curve(*parameters);
            let errors = self.points.iter().zip(weights);
            errors.map(|(p, w)| w.sqrt() * (p.score - curve.value(p.decades, p.year))).collect()
        };
        levenberg_marquardt(start, self.form.parameter_names().len(), residuals)
    }

    fn sum_of_squares(&self, parameters: &[f64; 3], weights: &[f64]) -> f64 {
        let curve = self.curve(*parameters);
        let errors = self.points.iter().zip(weights);
        errors.map(|(p, w)| w * (p.score - curve.value(p.decades, p.year)).powi(2)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_finds_the_curve_that_made_the_points() {
        let truths = [
            (Form::Linear, [-180.0, 12.0, 0.0]),
            (Form::Power, [4.6, 0.1, 0.0]),
            (Form::Logistic, [200.0, 0.25, 23.0]),
            (Form::LinearTime, [-180.0, 12.0, 5.0]),
            (Form::Log, [5.0, 15.0, 0.0]),
            (Form::LogEffective, [5.0, 15.0, 0.0]),
            (Form::ChoiceOfFour, [1.0, 24.0, 0.0]),
            (Form::Trend, [2.0, 3.0, 0.0]),
        ];
        for (form, parameters) in truths {
            let truth = Curve { form, parameters, log10_progress: 2.0_f64.log10() };
            let points: Vec<_> = (0..30_u8)
                .map(|i| {
                    let (decades, year) =
                        (21.0 + f64::from(i) * 0.2, 2023.0 + f64::from(i % 7) / 3.0);
                    Point { decades, year, score: truth.value(decades, year) }
                })
                .collect();
            let found = Fitter::new(form, &points, 2.0).fit(&[1.0; 30], None).expect("settled");
            for (found, needed) in found.parameters.iter().zip(parameters) {
                assert!((found - needed).abs() < 1e-6 * needed.abs().max(1.0), "{form:?} {found}");
            }
        }
    }

    #[test]
    fn one_column_cannot_settle_two_parameters() {
        let points = [Point { decades: 23.0, year: 2023.0, score: 1.0 }; 5];
        let error = Fitter::new(Form::Linear, &points, 2.0).fit(&[1.0; 5], None);
        assert!(error.expect_err("constant column").to_string().contains("`linear`"));
    }
}
