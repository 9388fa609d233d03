//! The laws side by side, out of sample: fitted to early or small models, judged on later or
//! larger ones.
//!
//! May use the core files, `assumption` and its sibling files. The rule that names the best law is
//! fixed here; its errors are those of the rows on which it was chosen, and the verdict says so.

use std::fmt;

use chrono::NaiveDate;

use super::curve::Curve;
use super::data::CapabilityRow;
use super::fit::{Fitter, Point};
use super::form::{Form, Shape, Time};
use super::{PROGRESS, Scale, points};
use crate::error::{Error, Result};
use crate::scaling::assumption::Assumptions;
use crate::units::{Flop, count};

/// Units of X tried for the literal law, as powers of ten of FLOP.
const UNITS: std::ops::RangeInclusive<i32> = 18..=22;
/// Models that each side of a split needs.
const LEAST_ROWS: usize = 5;

/// Where the models that a law is fitted to end, and those it is judged on begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Split {
    /// Fitted to models released up to this day, judged on later ones.
    Released(NaiveDate),
    /// Fitted to models trained with up to this compute, judged on larger ones.
    Compute(Flop),
}

impl Split {
    /// The last day of the early models in the published comparison.
    pub fn published() -> Self {
        const LAST_OF_2023: NaiveDate = match NaiveDate::from_ymd_opt(2023, 12, 31) {
            Some(date) => date,
            None => panic!("the last day of 2023 exists"),
        };
        Self::Released(LAST_OF_2023)
    }

    fn holds(self, row: &CapabilityRow) -> bool {
        match self {
            Self::Released(last) => row.released <= last,
            Self::Compute(most) => row.compute.is_some_and(|compute| compute <= most),
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Released(last) => write!(f, "after {last}"),
            Self::Compute(most) => write!(f, "above {:.1e} FLOP", most.0),
        }
    }
}

/// How one form did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LawScore {
    /// The form.
    pub form: Form,
    /// Root mean square error on the other side of the split, in the scale's unit.
    pub rmse_out_of_sample: f64,
    /// The same on the models it was fitted to.
    pub rmse_in_sample: f64,
    /// The curve through those.
    pub curve: Curve,
}

/// All forms on the same rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// One score a form, in the order asked for.
    pub scores: Vec<LawScore>,
    /// Models fitted to.
    pub n_train: usize,
    /// Models judged on.
    pub n_test: usize,
    /// What divides them.
    pub split: Split,
    /// The smallest of the models fitted to.
    pub smallest: Flop,
    /// Out-of-sample error of the literal `c ln(X + 1)` with X in units of 1e18 to 1e22 FLOP.
    pub literal_by_unit: Vec<(f64, f64)>,
}

impl Comparison {
    /// The score of one form.
    pub fn of(&self, form: Form) -> Option<&LawScore> {
        self.scores.iter().find(|score| score.form == form)
    }

    /// Smallest and largest error of the shapes that scores are fitted with directly.
    fn bounds(&self, wanted: impl Fn(Time) -> bool) -> (f64, f64) {
        let shapes = [Shape::Log, Shape::Linear, Shape::Power, Shape::ErrorPower, Shape::Logistic];
        let own = self.scores.iter().filter(|score| shapes.contains(&score.form.shape));
        let own = own.filter(|score| wanted(score.form.time));
        super::range(own.map(|score| score.rmse_out_of_sample))
    }
}

/// The laws judged on later models, and on larger ones.
#[derive(Debug, Clone, PartialEq)]
pub struct SideBySide {
    /// The scale of the scores.
    pub scale: Scale,
    /// Fitted to early models, judged on later ones.
    pub in_time: Comparison,
    /// Fitted to small models, judged on larger ones.
    pub in_compute: Comparison,
    /// The rate of a fitted term for time beside a line in log C, a year: of the early models, and of
    /// all. Where the two differ much, the term is no law to carry forward.
    pub time_rates: (f64, f64),
}

impl SideBySide {
    /// The law that is used: the smallest geometric mean of the two errors, because a forecast looks
    /// at later and larger models at once.
    ///
    /// Left out are forms without compute; a fitted term for time, whose rate is that of the models
    /// that happened to be released and would be carried for years ([`SideBySide::time_rates`]); fits
    /// whose bend lies at the end of its grid; and on a benchmark shapes that leave chance to 1.
    pub fn best(&self) -> Form {
        let errors = self.in_time.scores.iter().zip(&self.in_compute.scores);
        let is_rival = |(later, larger): &(&LawScore, &LawScore)| {
            later.form.uses_compute()
                && later.form.time != Time::Term
                && later.curve.is_settled()
                && larger.curve.is_settled()
                && (!self.scale.is_share() || later.form.shape == Shape::ChoiceOfFour)
        };
        let rivals = errors.filter(is_rival);
        let product = |(a, b): &(&LawScore, &LawScore)| a.rmse_out_of_sample * b.rmse_out_of_sample;
        let best = rivals.min_by(|a, b| product(a).total_cmp(&product(b)));
        best.map_or(Form::LOG, |(score, _)| score.form)
    }

    /// What the comparison says about `y = c ln(X + 1)`, in words with its numbers.
    pub fn verdict(&self) -> String {
        let (low, high) = self.in_time.bounds(|time| time == Time::Static);
        let (best_dated, worst_dated) = self.in_time.bounds(|time| time != Time::Static);
        let (least, most) = super::range(self.in_time.literal_by_unit.iter().map(|(_, e)| *e));
        let x0 = self.in_time.of(Form::LOG).and_then(|score| score.curve.parameters().nth(1));
        let x0 = x0.map_or(0.0, |(_, x0)| x0);
        let best = self.best();
        let error = |comparison: &Comparison, form: Form| {
            comparison.of(form).map_or(f64::NAN, |score| score.rmse_out_of_sample)
        };
        let shown = |error: f64| self.scale.shown(error);
        format!(
            "static shapes cannot be told apart: out of sample their errors are {} to {} ({} models \
             {}). y = c ln(X/X0 + 1) has an X0 of 1e{x0:.2} FLOP, {:.1} decades below the smallest \
             model: the further below, the nearer to a line in log C. The one-parameter \
             y = c ln(X + 1) depends on the unit of X (errors of {} to {} for units of 1e18 to 1e22 \
             FLOP) and cannot be judged on a scale whose zero is arbitrary. What is missing is time: \
             with it the errors are {} to {}. Used is `{best}`, with the smallest geometric mean of \
             its errors on later and on larger models ({} and {}; the seed law {} and {}): chosen on \
             these same rows, so its error flatters it. A fitted term for time is shown and not used: \
             its rate is {} a year on the early models and {} on all of them",
            shown(low),
            shown(high),
            self.in_time.n_test,
            self.in_time.split,
            self.in_time.smallest.0.log10() - x0,
            shown(least),
            shown(most),
            shown(best_dated),
            shown(worst_dated),
            shown(error(&self.in_time, best)),
            shown(error(&self.in_compute, best)),
            shown(error(&self.in_time, Form::LOG)),
            shown(error(&self.in_compute, Form::LOG)),
            shown(self.time_rates.0),
            shown(self.time_rates.1),
        )
    }
}

/// Every form of a scale, judged on later and on larger models.
///
/// The index is split where the published comparison splits it, other scales at the median day; the
/// compute at its median.
///
/// # Errors
/// As [`compare`].
pub fn side_by_side(
    scale: Scale,
    rows: &[CapabilityRow],
    assumptions: &Assumptions,
) -> Result<SideBySide> {
    let known: Vec<_> = rows.iter().filter(|row| row.compute.is_some()).cloned().collect();
    let middle = known.len() / 2;
    let mut days: Vec<_> = known.iter().map(|row| row.released).collect();
    days.sort_unstable();
    let mut computes: Vec<_> =
        known.iter().filter_map(|row| row.compute).map(|compute| compute.0).collect();
    computes.sort_unstable_by(f64::total_cmp);
    let (Some(day), Some(compute)) = (days.get(middle), computes.get(middle)) else {
        return Err(Error::insufficient(format!(
            "no model with a score on `{}` has known compute",
            scale.word()
        )));
    };
    let in_time = if scale == Scale::Eci { Split::published() } else { Split::Released(*day) };
    let forms: Vec<_> = Form::all().filter(|form| scale.suits(form.shape)).collect();
    let judge = |split| compare(scale, &known, split, &forms, assumptions);
    let in_time = judge(in_time)?;
    let all = points(scale, Form::LINEAR_TIME, &known);
    let progress = assumptions.get(PROGRESS)?.median;
    let on_all = Fitter::new(Form::LINEAR_TIME, &all, progress).fit(&vec![1.0; all.len()], None)?;
    let rate = |curve: &Curve| curve.parameters().last().map_or(0.0, |(_, rate)| rate);
    let on_early = in_time.of(Form::LINEAR_TIME).map_or(0.0, |score| rate(&score.curve));
    Ok(SideBySide {
        scale,
        in_compute: judge(Split::Compute(Flop(*compute)))?,
        in_time,
        time_rates: (on_early, rate(&on_all)),
    })
}

/// Fits forms to the models on one side of a split, and scores them on the other.
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
    split: Split,
    forms: &[Form],
    assumptions: &Assumptions,
) -> Result<Comparison> {
    let (train, test): (Vec<_>, Vec<_>) = rows.iter().cloned().partition(|row| split.holds(row));
    let train = points(scale, Form::LINEAR, &train);
    let test = points(scale, Form::LINEAR, &test);
    if train.len() < LEAST_ROWS || test.len() < LEAST_ROWS {
        return Err(Error::insufficient(format!(
            "comparing laws needs {LEAST_ROWS} models on each side; on `{}`, {} lie {split} and \
             {} do not",
            scale.word(),
            test.len(),
            train.len()
        ))
        .hint("time horizons are known of few models with known compute; their trend needs none"));
    }
    let progress = assumptions.get(PROGRESS)?.median;
    let weights = vec![1.0; train.len()];
    let score = |form: &Form| -> Result<LawScore> {
        let curve = Fitter::new(*form, &train, progress).fit(&weights, None)?;
        let (inside, outside) = (rmse(&curve, &train), rmse(&curve, &test));
        Ok(LawScore { form: *form, rmse_out_of_sample: outside, rmse_in_sample: inside, curve })
    };
    let literal = |decade: i32| -> Result<(f64, f64)> {
        let unit = f64::from(decade);
        let (train, test) = (in_unit(&train, unit), in_unit(&test, unit));
        let curve = Fitter::new(Form::LOG_LITERAL, &train, progress).fit(&weights, None)?;
        Ok((10.0_f64.powi(decade), rmse(&curve, &test)))
    };
    Ok(Comparison {
        scores: forms.iter().map(score).collect::<Result<_>>()?,
        n_train: train.len(),
        n_test: test.len(),
        split,
        smallest: Flop(10.0_f64.powf(super::range(train.iter().map(|p| p.decades)).0)),
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

#[cfg(test)]
mod tests {
    use super::super::data::rows;
    use super::*;

    fn eci() -> SideBySide {
        let rows = rows(Scale::Eci).expect("bundled");
        side_by_side(Scale::Eci, &rows, &Assumptions::bundled().expect("bundled"))
            .expect("80 models")
    }

    /// The form that a word names.
    fn form(word: &str) -> Form {
        word.parse().expect("known")
    }

    #[test]
    fn the_published_table_to_the_printed_digits() {
        let found = eci().in_time;
        assert_eq!((found.n_train, found.n_test), (31, 49));
        let needed = [
            ("constant", "29.1"),
            ("log_literal", "23.2"),
            ("log", "15.2"),
            ("linear", "15.2"),
            ("power", "15.2"),
            ("logistic", "15.1"),
            ("linear_time", "9.7"),
            ("log_effective", "9.1"),
        ];
        for (word, needed) in needed {
            let found = found.of(form(word)).expect("compared").rmse_out_of_sample;
            assert_eq!(format!("{found:.1}"), needed, "{word}");
        }
        let log = found.of(Form::LOG).expect("compared");
        let (_, x0) = log.curve.parameters().nth(1).expect("X0");
        assert!((x0 - 14.85).abs() < 1e-9, "{x0}");
    }

    /// Against scipy's `least_squares` on the same table and splits, started six times; the error
    /// power law against numpy's `lstsq` on the grid of exponents.
    #[test]
    fn further_forms_and_the_other_split_agree_with_another_solver() {
        let rows = rows(Scale::Eci).expect("bundled");
        let assumptions = Assumptions::bundled().expect("bundled");
        let needed = [
            ("power_effective", 9.83, 19.38),
            ("power_time", 10.23, 17.02),
            ("error_power", 15.20, 12.18),
            ("linear_effective", 9.13, 9.79),
            ("chinchilla", 18.47, 17.49),
            ("chinchilla_time", 12.82, 8.39),
            ("kaplan", 15.67, 12.24),
            ("kaplan_effective", 10.03, 7.80),
            ("kaplan_time", 9.96, 6.62),
        ];
        let forms: Vec<_> = needed.iter().map(|(word, ..)| form(word)).collect();
        let judge = |split| {
            compare(Scale::Eci, &rows, split, &forms, &assumptions).expect("80 models").scores
        };
        let (later, larger) = (judge(Split::published()), judge(Split::Compute(Flop(1e24))));
        for ((word, in_time, in_compute), (later, larger)) in
            needed.iter().zip(later.iter().zip(&larger))
        {
            let found = (later.rmse_out_of_sample, larger.rmse_out_of_sample);
            assert!((found.0 - in_time).abs() < 0.0051, "{word}: {found:?}");
            assert!((found.1 - in_compute).abs() < 0.0051, "{word}: {found:?}");
        }
    }

    #[test]
    fn the_literal_law_depends_on_its_unit_and_the_verdict_says_so() {
        let found = eci();
        let units = found.in_time.literal_by_unit.iter().map(|(_, rmse)| *rmse);
        let (least, most) = super::super::range(units);
        assert_eq!((least.round(), most.round()), (13.0, 50.0));
        let words = found.verdict();
        for needed in ["static shapes cannot be told apart", "15.1 to 15.2", "1e14.85"] {
            assert!(words.contains(needed), "{words}");
        }
        assert!(words.contains(&format!("Used is `{}`", found.best())), "{words}");
        assert!(found.best().uses_compute());
    }

    #[test]
    fn benchmarks_are_compared_with_a_sigmoid_among_the_forms() {
        let rows = rows(Scale::Gpqa).expect("bundled");
        let assumptions = Assumptions::bundled().expect("bundled");
        let found = side_by_side(Scale::Gpqa, &rows, &assumptions).expect("40 models");
        assert!(found.in_time.of(Form::CHOICE_OF_FOUR).is_some());
        let horizons = super::super::data::rows(Scale::TimeHorizon).expect("bundled");
        let few: Vec<_> = horizons.into_iter().take(6).collect();
        let error = side_by_side(Scale::TimeHorizon, &few, &assumptions).expect_err("too few");
        assert!(error.to_string().contains("comparing laws needs 5 models on each side"));
    }
}
