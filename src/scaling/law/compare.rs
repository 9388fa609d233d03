//! The laws side by side, out of sample: fitted to early models, judged on later ones.
//!
//! May use the core files and `assumption`. Chooses nothing by looking at the test rows.

use chrono::NaiveDate;

use super::curve::{Curve, Fitter, Form, Point};
use super::data::CapabilityRow;
use super::{PROGRESS, Scale, count, points};
use crate::error::{Error, Result};
use crate::scaling::assumption::Assumptions;

/// Units of X tried for the literal law, as powers of ten of FLOP.
const UNITS: std::ops::RangeInclusive<i32> = 18..=22;

/// How one form did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LawScore {
    /// The form.
    pub form: Form,
    /// Root mean square error on the later models, in the scale's unit.
    pub rmse_out_of_sample: f64,
    /// The same on the models it was fitted to.
    pub rmse_in_sample: f64,
    /// The curve through the early models.
    pub curve: Curve,
}

/// All forms on the same rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// One score a form, in the order of [`Form::COMPARED`].
    pub scores: Vec<LawScore>,
    /// Models up to the split.
    pub n_train: usize,
    /// Models after it.
    pub n_test: usize,
    /// The last day of the early models.
    pub trained_through: NaiveDate,
    /// Out-of-sample error of the literal `c ln(X + 1)` with X in units of 1e18 to 1e22 FLOP.
    pub literal_by_unit: Vec<(f64, f64)>,
}

impl Comparison {
    /// The last day of the early models in the published comparison.
    pub fn default_split() -> NaiveDate {
        const LAST_OF_2023: NaiveDate = match NaiveDate::from_ymd_opt(2023, 12, 31) {
            Some(date) => date,
            None => panic!("the last day of 2023 exists"),
        };
        LAST_OF_2023
    }

    /// What the comparison says about `y = c ln(X + 1)`, in words with its numbers.
    pub fn verdict(&self) -> String {
        let is_static =
            |form: Form| form.uses_compute() && !form.uses_time() && form != Form::LogLiteral;
        let (shapes, dated): (Vec<LawScore>, Vec<LawScore>) = self
            .scores
            .iter()
            .filter(|score| is_static(score.form) || score.form.uses_time())
            .copied()
            .partition(|score| is_static(score.form));
        let (low, high) = bounds(shapes.iter().map(|score| score.rmse_out_of_sample));
        let (best_dated, worst_dated) = bounds(dated.iter().map(|score| score.rmse_out_of_sample));
        let (least, most) = bounds(self.literal_by_unit.iter().map(|(_, rmse)| *rmse));
        let x0 = self.scores.iter().find(|score| score.form == Form::Log);
        let x0 = x0.and_then(|score| score.curve.parameters().nth(1)).map_or(0.0, |(_, x0)| x0);
        format!(
            "static shapes cannot be told apart: out of sample their errors are {low:.1} to \
             {high:.1} ({} models after {}). y = c ln(X/X0 + 1) fits as well as a line in log C, \
             because its X0 of 1e{x0:.2} FLOP lies decades below the data. The one-parameter \
             y = c ln(X + 1) depends on the unit of X (errors of {least:.0} to {most:.0} for units \
             of 1e18 to 1e22 FLOP) and cannot be judged on an index whose zero is arbitrary. What \
             is missing is time: with a time term the errors are {best_dated:.1} to \
             {worst_dated:.1}",
            self.n_test, self.trained_through
        )
    }
}

/// Fits every compared form to models released up to a day, and scores it on later ones.
///
/// Least squares on the score; `RMSE = sqrt(mean (y − ŷ)²)`. The rate of algorithmic progress is
/// the assumption's median, not fitted.
///
/// # Errors
/// [`Error::Insufficient`] if either side of the split has fewer than five models with compute.
/// # Source
/// Rows: Epoch AI, Epoch Capabilities Index and training compute, CC BY.
pub fn compare(
    scale: Scale,
    rows: &[CapabilityRow],
    trained_through: NaiveDate,
    assumptions: &Assumptions,
) -> Result<Comparison> {
    let (early, late): (Vec<_>, Vec<_>) =
        rows.iter().cloned().partition(|row| row.released <= trained_through);
    let train = points(scale, Form::Linear, &early);
    let test = points(scale, Form::Linear, &late);
    if train.len() < 5 || test.len() < 5 {
        return Err(Error::insufficient(format!(
            "comparing laws needs 5 models on each side of {trained_through}; {} and {} are known",
            train.len(),
            test.len()
        )));
    }
    let progress = assumptions.get(PROGRESS)?.median;
    let weights = vec![1.0; train.len()];
    let score = |form: Form| -> Result<LawScore> {
        let curve = Fitter::new(form, &train, progress).fit(&weights, None)?;
        let (inside, outside) = (rmse(&curve, &train), rmse(&curve, &test));
        Ok(LawScore { form, rmse_out_of_sample: outside, rmse_in_sample: inside, curve })
    };
    let literal = |decade: i32| -> Result<(f64, f64)> {
        let unit = f64::from(decade);
        let (train, test) = (in_unit(&train, unit), in_unit(&test, unit));
        let curve = Fitter::new(Form::LogLiteral, &train, progress).fit(&weights, None)?;
        Ok((10.0_f64.powi(decade), rmse(&curve, &test)))
    };
    Ok(Comparison {
        scores: Form::COMPARED.into_iter().map(score).collect::<Result<_>>()?,
        n_train: train.len(),
        n_test: test.len(),
        trained_through,
        literal_by_unit: UNITS.map(literal).collect::<Result<_>>()?,
    })
}

/// The points with compute counted in units of `10^decade` FLOP.
fn in_unit(points: &[Point], decade: f64) -> Vec<Point> {
    points.iter().map(|p| Point { decades: p.decades - decade, ..*p }).collect()
}

fn rmse(curve: &Curve, points: &[Point]) -> f64 {
    let errors = points.iter().map(|p| (p.score - curve.value(p.decades, p.year)).powi(2));
    (errors.sum::<f64>() / count(points.len())).sqrt()
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    super::range(values)
}

#[cfg(test)]
mod tests {
    use super::super::data::rows;
    use super::*;

    fn published() -> Comparison {
        let rows = rows(Scale::Eci).expect("bundled");
        let assumptions = Assumptions::bundled().expect("bundled");
        compare(Scale::Eci, &rows, Comparison::default_split(), &assumptions).expect("80 models")
    }

    #[test]
    fn the_published_table_to_the_printed_digits() {
        let found = published();
        assert_eq!((found.n_train, found.n_test), (31, 49));
        let printed: Vec<_> =
            found.scores.iter().map(|s| format!("{:.1}", s.rmse_out_of_sample)).collect();
        let needed = ["29.1", "23.2", "15.2", "15.2", "15.2", "15.1", "9.7", "9.1"];
        assert_eq!(printed, needed);
        let log = found.scores.iter().find(|s| s.form == Form::Log).expect("compared");
        let (_, x0) = log.curve.parameters().nth(1).expect("X0");
        assert!((x0 - 14.85).abs() < 1e-9, "{x0}");
    }

    #[test]
    fn the_literal_law_depends_on_its_unit_and_the_verdict_says_so() {
        let found = published();
        let (least, most) = bounds(found.literal_by_unit.iter().map(|(_, rmse)| *rmse));
        assert_eq!((least.round(), most.round()), (13.0, 50.0));
        let words = found.verdict();
        for needed in
            ["static shapes cannot be told apart", "15.1 to 15.2", "9.1 to 9.7", "1e14.85"]
        {
            assert!(words.contains(needed), "{words}");
        }
    }
}
