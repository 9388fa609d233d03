//! Fits: weighted least squares of every form, again and again with other weights.
//!
//! May use `error` and its sibling files. Where one parameter bends the curve and the others scale
//! it, the one is searched on a grid and the others follow in closed form; the rest is iterated.

use super::curve::{Curve, DECADE_ZERO, YEAR_ZERO, ln_one_plus_ten_to, loss, missing, sigmoid};
use super::form::{Form, Shape, Time};
use super::solve::{MOST, Parameters, levenberg_marquardt, linear_least_squares};
use crate::error::{Error, Result};

/// log10 of the smallest X0 tried, the step and the number of steps: 1e-40 to 1e27.
const GRID_OF_X0: (f64, f64, u16) = (-40.0, 0.05, 1341);
/// The exponents of the error power law that are tried: 0.005 to 1.5 a decade.
pub(super) const GRID_OF_EXPONENTS: (f64, f64, u16) = (0.005, 0.005, 300);

/// One row of a fit: decades of compute, decimal year, score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) decades: f64,
    pub(super) year: f64,
    pub(super) score: f64,
}

/// Fits one form to one set of points.
pub(super) struct Fitter<'a> {
    form: Form,
    points: &'a [Point],
    log10_progress: f64,
    /// The bending parameter, and the columns that it makes of every point.
    grid: Vec<(f64, Vec<Parameters>)>,
}

impl<'a> Fitter<'a> {
    /// Prepares a fit; `progress_per_year` is r, used by forms that speak of effective compute.
    pub(super) fn new(form: Form, points: &'a [Point], progress_per_year: f64) -> Self {
        let log10_progress = progress_per_year.log10();
        let mut fitter = Self { form, points, log10_progress, grid: Vec::new() };
        let bends = match form.shape {
            Shape::Log => steps(GRID_OF_X0),
            Shape::ErrorPower => steps(GRID_OF_EXPONENTS),
            Shape::Power | Shape::Logistic | Shape::ChoiceOfFour => Vec::new(),
            _ => vec![0.0],
        };
        fitter.grid = bends.into_iter().map(|bend| (bend, fitter.columns(bend))).collect();
        fitter
    }

    /// The columns of every point in which the form is linear once it is bent.
    fn columns(&self, bend: f64) -> Vec<Parameters> {
        let n_shape = self.n_scales();
        let column = |point: &Point| {
            let x = self.curve([0.0; MOST]).effective(point.decades, point.year);
            let mut basis = match self.form.shape {
                Shape::LogLiteral => [ln_one_plus_ten_to(x), 0.0, 0.0, 0.0],
                Shape::Log => [ln_one_plus_ten_to(x - bend), 0.0, 0.0, 0.0],
                Shape::Linear => [1.0, x - DECADE_ZERO, 0.0, 0.0],
                Shape::ErrorPower => [1.0, -missing(bend, x), 0.0, 0.0],
                Shape::Chinchilla | Shape::Kaplan | Shape::DataConstrained => {
                    [1.0, -loss(self.form.shape, x), 0.0, 0.0]
                }
                _ => [1.0, 0.0, 0.0, 0.0],
            };
            if self.form.time == Time::Term {
                basis[n_shape] = point.year - YEAR_ZERO;
            }
            basis
        };
        self.points.iter().map(column).collect()
    }

    /// How many parameters of the shape only scale.
    fn n_scales(&self) -> usize {
        let bends = matches!(self.form.shape, Shape::Log | Shape::ErrorPower);
        self.form.shape.parameter_names().len() - usize::from(bends)
    }

    fn curve(&self, parameters: Parameters) -> Curve {
        Curve { form: self.form, parameters, log10_progress: self.log10_progress }
    }

    /// Weighted least squares; iterative forms begin at `start`, or search for a beginning.
    pub(super) fn fit(&self, weights: &[f64], start: Option<Curve>) -> Result<Curve> {
        let parameters = if self.grid.is_empty() {
            let start = match start {
                Some(curve) => curve.parameters,
                None => self.beginning(weights)?,
            };
            self.iterate(weights, start)
        } else {
            self.on_grid(weights).ok_or_else(|| self.unsettled())?
        };
        Ok(self.curve(parameters))
    }

    /// The best bend of the grid with its scales: `min over bends of Σ w y² − cᵀ Fᵀ W y`.
    fn on_grid(&self, weights: &[f64]) -> Option<Parameters> {
        let n_term = usize::from(self.form.time == Time::Term);
        let n = self.n_scales() + n_term;
        let mut best: Option<(f64, f64, Parameters)> = None;
        for (bend, columns) in &self.grid {
            let rows = columns.iter().zip(self.points).zip(weights);
            let rows = rows.map(|((basis, point), w)| (*basis, point.score, *w));
            let Some((scales, explained)) = linear_least_squares(rows, n) else { continue };
            let rises = self.form.shape != Shape::ErrorPower || scales[1] > 0.0;
            if rises && best.is_none_or(|(most, ..)| explained > most) {
                best = Some((explained, *bend, scales));
            }
        }
        let (_, bend, scales) = best?;
        Some(self.parameters_of(bend, scales))
    }

    /// Bend and scales in the order of the form's parameters.
    fn parameters_of(&self, bend: f64, scales: Parameters) -> Parameters {
        let n_shape = self.form.shape.parameter_names().len();
        let mut parameters = [0.0; MOST];
        parameters[..self.n_scales()].copy_from_slice(&scales[..self.n_scales()]);
        if self.form.shape == Shape::Linear {
            parameters[0] -= scales[1] * DECADE_ZERO;
        }
        if n_shape > self.n_scales() {
            parameters[n_shape - 1] = bend;
        }
        if self.form.time == Time::Term {
            parameters[n_shape] = scales[self.n_scales()];
        }
        parameters
    }

    fn unsettled(&self) -> Error {
        Error::insufficient(format!(
            "law `{}` needs {} rows that differ; {} do not settle it",
            self.form,
            self.form.n_parameters(),
            self.points.len()
        ))
    }

    /// A place to begin: the best of a coarse search, or the straight line through the logarithms.
    fn beginning(&self, weights: &[f64]) -> Result<Parameters> {
        if self.form.shape == Shape::Power {
            let log = |p: &Point| Point { score: p.score.max(f64::MIN_POSITIVE).ln(), ..*p };
            let logs: Vec<_> = self.points.iter().map(log).collect();
            let time = if self.form.time == Time::Progress { Time::Progress } else { Time::Static };
            let line = Form { shape: Shape::Linear, time };
            let progress = 10.0_f64.powf(self.log10_progress);
            let [a, b, ..] = Fitter::new(line, &logs, progress).fit(weights, None)?.parameters;
            return Ok([a + b * DECADE_ZERO, b, 0.0, 0.0]);
        }
        let mut best = (f64::INFINITY, [0.0; MOST]);
        for steepness in [0.1, 0.25, 0.5, 1.0, 2.0] {
            for middle in (16..32).step_by(2).map(f64::from) {
                let start = if self.form.shape == Shape::Logistic {
                    [self.top(weights, steepness, middle)?, steepness, middle, 0.0]
                } else {
                    [steepness, middle, 0.0, 0.0]
                };
                let left = self.sum_of_squares(&start, weights);
                if left < best.0 {
                    best = (left, start);
                }
            }
        }
        Ok(best.1)
    }

    /// The ceiling of a logistic curve of this steepness and middle, in closed form.
    fn top(&self, weights: &[f64], steepness: f64, middle: f64) -> Result<f64> {
        let shape = self.curve([1.0, steepness, middle, 0.0]);
        let rows = self.points.iter().zip(weights).map(|(p, w)| {
            let x = shape.effective(p.decades, p.year);
            ([sigmoid(steepness * (x - middle)), 0.0, 0.0, 0.0], p.score, *w)
        });
        linear_least_squares(rows, 1).map(|(scales, _)| scales[0]).ok_or_else(|| self.unsettled())
    }

    fn iterate(&self, weights: &[f64], start: Parameters) -> Parameters {
        let residuals = |parameters: &Parameters| -> Vec<f64> {
            let curve = self.curve(*parameters);
            let errors = self.points.iter().zip(weights);
            errors.map(|(p, w)| w.sqrt() * (p.score - curve.value(p.decades, p.year))).collect()
        };
        levenberg_marquardt(start, self.form.n_parameters(), residuals)
    }

    fn sum_of_squares(&self, parameters: &Parameters, weights: &[f64]) -> f64 {
        let curve = self.curve(*parameters);
        let errors = self.points.iter().zip(weights);
        errors.map(|(p, w)| w * (p.score - curve.value(p.decades, p.year)).powi(2)).sum()
    }
}

fn steps((first, step, n_steps): (f64, f64, u16)) -> Vec<f64> {
    (0..n_steps).map(|step_idx| first + step * f64::from(step_idx)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_finds_the_curve_that_made_the_points() {
        for form in Form::all() {
            let mut parameters = match form.shape {
                Shape::Constant => [2.0, 0.0, 0.0, 0.0],
                Shape::LogLiteral => [2.5, 0.0, 0.0, 0.0],
                Shape::Log => [5.0, 15.0, 0.0, 0.0],
                Shape::Linear => [-180.0, 12.0, 0.0, 0.0],
                Shape::Power => [4.6, 0.1, 0.0, 0.0],
                Shape::ErrorPower => [200.0, 90.0, 0.1, 0.0],
                Shape::Logistic => [200.0, 0.25, 23.0, 0.0],
                Shape::ChoiceOfFour => [1.0, 24.0, 0.0, 0.0],
                _ => [300.0, 80.0, 0.0, 0.0],
            };
            if form.time == Time::Term {
                parameters[form.shape.parameter_names().len()] = 5.0;
            }
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
                assert!((found - needed).abs() < 1e-6 * needed.abs().max(1.0), "{form} {found}");
            }
        }
    }

    #[test]
    fn one_column_cannot_settle_two_parameters() {
        let points = [Point { decades: 23.0, year: 2023.0, score: 1.0 }; 5];
        let error = Fitter::new(Form::LINEAR, &points, 2.0).fit(&[1.0; 5], None);
        assert!(error.expect_err("constant column").to_string().contains("`linear`"));
    }
}
