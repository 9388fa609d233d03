//! Laws: from training compute to capability, with the uncertainty of the fit.
//!
//! May use the core files and `assumption`. A law outside its data says so and widens its band;
//! none claims to be the true one: [`compare()`] puts them side by side, out of sample.

mod compare;
mod curve;
mod data;
mod fit;
mod form;
pub(super) mod solve;

use std::ops::RangeInclusive;

use chrono::NaiveDate;

pub use self::compare::{Comparison, LawScore, SideBySide, Split, compare, side_by_side};
pub use self::curve::Curve;
pub use self::data::{CapabilityRow, decimal_year, rows};
pub use self::form::{Form, Shape, Time};

use self::fit::{Fitter, Point};
use super::assumption::{Assumptions, Worlds};
use crate::draws::{Draws, Randomness, sorted_quantile};
use crate::error::{Error, Result};
use crate::units::{Flop, count};

/// How often rows are resampled unless asked otherwise.
pub const DEFAULT_N_BOOTSTRAPS: usize = 500;
/// The assumption that gives the rate of algorithmic progress, fixed before any fit.
const PROGRESS: &str = "algorithmic_progress_per_year";

/// The rate of algorithmic progress that fits take for granted: all that they read of the assumptions.
///
/// # Errors
/// [`Error::NotFound`] if it is missing.
pub fn progress(assumptions: &Assumptions) -> Result<f64> {
    Ok(assumptions.get(PROGRESS)?.median)
}

/// What a capability is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scale {
    /// Epoch Capabilities Index; Claude 3.5 Sonnet is 130, GPT-5 is 150.
    Eci,
    /// Share of right answers on MMLU, between 1/4 and 1.
    Mmlu,
    /// Share of right answers on GPQA Diamond, between 1/4 and 1.
    Gpqa,
    /// Length of tasks done in half of the cases, in minutes of a human's time (METR).
    TimeHorizon,
    /// Cross-entropy of a language model, nat a token; lower is better.
    Loss,
}

impl Scale {
    /// The word that names it on the command line and in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eci => "eci",
            Self::Mmlu => "mmlu",
            Self::Gpqa => "gpqa",
            Self::TimeHorizon => "time_horizon_minutes",
            Self::Loss => "loss",
        }
    }

    /// The name that people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eci => "the Epoch Capabilities Index",
            Self::Mmlu => "MMLU",
            Self::Gpqa => "GPQA Diamond",
            Self::TimeHorizon => "the METR time horizon",
            Self::Loss => "loss",
        }
    }

    /// The unit of its values.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Eci => "index",
            Self::Mmlu | Self::Gpqa => "ratio",
            Self::TimeHorizon => "minute",
            Self::Loss => "nat/token",
        }
    }

    /// Whether a shape makes sense on the scale: chance among four answers only on benchmarks.
    fn suits(self, shape: Shape) -> bool {
        shape != Shape::ChoiceOfFour || self.is_share()
    }

    /// Whether scores are shares of right answers.
    fn is_share(self) -> bool {
        matches!(self, Self::Mmlu | Self::Gpqa)
    }

    /// An error with the digits that mean something on the scale.
    pub fn shown(self, error: f64) -> String {
        match self {
            Self::Eci => format!("{error:.1}"),
            Self::Mmlu | Self::Gpqa => format!("{error:.3}"),
            Self::TimeHorizon | Self::Loss => format!("{error:.2}"),
        }
    }

    /// Scores as they are fitted: time horizons are exponential, so their binary logarithm is.
    fn straighten(self, score: f64) -> f64 {
        if self == Self::TimeHorizon { score.log2() } else { score }
    }

    fn bend(self, fitted: f64) -> f64 {
        match self {
            Self::TimeHorizon => fitted.exp2(),
            Self::Mmlu | Self::Gpqa => fitted.clamp(0.0, 1.0),
            Self::Eci | Self::Loss => fitted,
        }
    }
}

impl std::str::FromStr for Scale {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "eci" => Ok(Self::Eci),
            "mmlu" => Ok(Self::Mmlu),
            "gpqa" => Ok(Self::Gpqa),
            "time_horizon" | "time_horizon_minutes" => Ok(Self::TimeHorizon),
            "loss" => Ok(Self::Loss),
            _ => Err(Error::not_found(format!("capability scale `{text}` does not exist"))
                .hint("the scales are eci, mmlu, gpqa, time_horizon and loss")),
        }
    }
}

/// A capability with its uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct Capability {
    /// What it is measured on.
    pub scale: Scale,
    /// One value a world, in the scale's unit.
    pub draws: Draws<f64>,
    /// Whether the law speaks outside the compute or the dates that it was fitted to.
    pub extrapolated: bool,
    /// Share of worlds whose compute lies outside.
    pub share_outside: f64,
}

/// A law that turns training compute into capability.
pub trait ScalingLaw {
    /// The formula.
    fn expression(&self) -> String;
    /// Where the law and its data come from.
    fn citation(&self) -> &str;
    /// Smallest and largest training compute of the data.
    fn domain(&self) -> RangeInclusive<Flop>;
    /// What `compute` buys, world by world.
    fn capability(&self, compute: &Draws<Flop>) -> Capability;
    /// The law's curve in one world, without the scatter of single models; rises or falls with
    /// compute throughout.
    fn curve(&self, draw_idx: usize, compute: Flop) -> f64;
    /// How many curves there are: worlds `i` and `i + n_curves` share one.
    fn n_curves(&self) -> usize;
    /// The scale of its answers.
    fn scale(&self) -> Scale;
}

/// How a law is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// The worlds that the answers are drawn in.
    pub worlds: Worlds,
    /// How often the rows are resampled.
    pub n_bootstraps: usize,
}

/// A law fitted to models' scores.
#[derive(Debug, Clone)]
pub struct Law {
    scale: Scale,
    curve: Curve,
    refits: Vec<Curve>,
    residual_sd: f64,
    decades: (f64, f64),
    years: (f64, f64),
    n_rows: usize,
    year: f64,
    worlds: Worlds,
    citation: String,
}

impl Law {
    /// Fits a form to rows by least squares, and again to `n_bootstraps` resamples of the rows.
    ///
    /// World `i` uses resample `i mod n_bootstraps`, keyed by the law, so that parameters and the
    /// scatter of single models stay with their world. The law speaks for models released on the
    /// last date of the rows until [`Law::released`] says otherwise.
    ///
    /// - `rows`: those without compute are left out by forms that need it; the time horizon uses
    ///   models that led at release, as METR does.
    ///
    /// # Errors
    /// [`Error::Insufficient`] if fewer rows than parameters plus two remain.
    /// # Source
    /// Bootstrap of rows: Efron and Tibshirani (1993), section 9.4.
    pub fn fit(
        scale: Scale,
        form: Form,
        rows: &[CapabilityRow],
        assumptions: &Assumptions,
        sampling: Sampling,
    ) -> Result<Self> {
        let points = points(scale, form, rows);
        let n_parameters = form.n_parameters();
        if points.len() < n_parameters + 2 {
            return Err(Error::insufficient(format!(
                "law `{}` needs {} models with a score on `{}`; {} are known",
                form.word(),
                n_parameters + 2,
                scale.word(),
                points.len()
            )));
        }
        let progress = progress(assumptions)?;
        let fitter = Fitter::new(form, &points, progress);
        let curve = fitter.fit(&vec![1.0; points.len()], None)?;
        let left: f64 =
            points.iter().map(|p| (p.score - curve.value(p.decades, p.year)).powi(2)).sum();
        let years = range(points.iter().map(|point| point.year));
        let source = rows.first().map_or("", |row| row.source.as_str());
        Ok(Self {
            scale,
            refits: bootstrap(&fitter, points.len(), curve, sampling)?,
            curve,
            residual_sd: (left / count(points.len() - n_parameters)).sqrt(),
            decades: range(points.iter().map(|point| point.decades)),
            years,
            n_rows: points.len(),
            year: years.1,
            worlds: sampling.worlds,
            citation: format!("fitted to {} models: {source}", points.len()),
        })
    }

    /// The same law for models released on `date`; static forms give the same answer on every date.
    #[must_use]
    pub fn released(mut self, date: NaiveDate) -> Self {
        self.year = decimal_year(date);
        self
    }

    /// The curve through all rows.
    pub fn best(&self) -> &Curve {
        &self.curve
    }

    /// The curves through the resampled rows.
    pub fn refits(&self) -> &[Curve] {
        &self.refits
    }

    /// Every parameter with its 90 % interval over the resamples, as `c = 5.3 [4.9, 5.8]`.
    pub fn with_intervals(&self) -> String {
        let parts = self.curve.parameters().enumerate().map(|(idx, (name, value))| {
            let mut found: Vec<_> = self.refits.iter().map(|refit| refit.parameters[idx]).collect();
            found.sort_unstable_by(f64::total_cmp);
            let [low, high] = [0.05, 0.95].map(|level| sorted_quantile(&found, level));
            format!("{name} = {value:.4} [{low:.4}, {high:.4}]")
        });
        parts.collect::<Vec<_>>().join("; ")
    }

    /// Standard deviation of models about the curve, in the unit of the fit.
    pub fn residual_sd(&self) -> f64 {
        self.residual_sd
    }

    /// Rows used.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How far a model lies outside the data, in half-widths of the data; 0 inside.
    fn distance_outside(&self, decades: f64) -> f64 {
        let beyond = |value: f64, (low, high): (f64, f64)| {
            let half = ((high - low) / 2.0).max(f64::MIN_POSITIVE);
            (low - value).max(value - high).max(0.0) / half
        };
        let form = self.curve.form();
        let compute = if form.uses_compute() { beyond(decades, self.decades) } else { 0.0 };
        let time = if form.uses_time() { beyond(self.year, self.years) } else { 0.0 };
        compute + time
    }
}

impl ScalingLaw for Law {
    fn expression(&self) -> String {
        let values: Vec<_> =
            self.curve.parameters().map(|(name, value)| format!("{name} = {value:.4}")).collect();
        format!("{} = {}; {}", self.scale.word(), self.curve.form().expression(), values.join(", "))
    }

    fn citation(&self) -> &str {
        &self.citation
    }

    fn domain(&self) -> RangeInclusive<Flop> {
        Flop(10.0_f64.powf(self.decades.0))..=Flop(10.0_f64.powf(self.decades.1))
    }

    /// `curveᵢ(C) + s (1 + d) zᵢ`: the resampled curve, plus the scatter `s` of single models,
    /// widened by `d`, the distance outside the data in half-widths of the data.
    fn capability(&self, compute: &Draws<Flop>) -> Capability {
        let key = format!("law.scatter.{}", self.scale.word());
        let values = compute.values();
        let scatter = Worlds { n_draws: values.len(), ..self.worlds }.normal(&key);
        let draws = Draws::from_fn(values.len(), |i| {
            let decades = values[i].0.log10();
            let widened = self.residual_sd * (1.0 + self.distance_outside(decades));
            let refit = &self.refits[i % self.refits.len()];
            self.scale.bend(refit.value(decades, self.year) + widened * scatter.values()[i])
        });
        let domain = self.domain();
        let uses_compute = self.curve.form().uses_compute();
        let outside = compute.map(|c| f64::from(u8::from(uses_compute && !domain.contains(&c))));
        let share_outside = outside.mean();
        let too_late = self.curve.form().uses_time() && self.year > self.years.1;
        let extrapolated = too_late || share_outside >= 0.5;
        Capability { scale: self.scale, draws, extrapolated, share_outside }
    }

    fn curve(&self, draw_idx: usize, compute: Flop) -> f64 {
        let refit = &self.refits[draw_idx % self.refits.len()];
        self.scale.bend(refit.value(compute.0.log10(), self.year))
    }

    fn n_curves(&self) -> usize {
        self.refits.len()
    }

    fn scale(&self) -> Scale {
        self.scale
    }
}

/// What `factor` times the compute adds, world by world: the scatter of single models cancels while
/// the law stays within its data.
///
/// - `factor`: 1.1 for the next ten percent.
/// - Returns differences in the scale's unit.
///
/// # Errors
/// [`Error::Invalid`] if the factor is not above 0.
pub fn marginal(law: &dyn ScalingLaw, compute: &Draws<Flop>, factor: f64) -> Result<Draws<f64>> {
    if factor.is_nan() || factor <= 0.0 {
        return Err(Error::invalid(format!(
            "compute cannot be multiplied by {factor}; needed a factor above 0"
        )));
    }
    let values = compute.values();
    Ok(Draws::from_fn(values.len(), |i| law.curve(i, values[i] * factor) - law.curve(i, values[i])))
}

fn points(scale: Scale, form: Form, rows: &[CapabilityRow]) -> Vec<Point> {
    let wanted = rows.iter().filter(|row| scale != Scale::TimeHorizon || row.led());
    let known = wanted.filter_map(|row| {
        let decades = match row.compute {
            Some(compute) => compute.0.log10(),
            None if form.uses_compute() => return None,
            None => 0.0,
        };
        let year = decimal_year(row.released);
        Some(Point { decades, year, score: scale.straighten(row.score) })
    });
    known.collect()
}

fn bootstrap(
    fitter: &Fitter<'_>,
    n_rows: usize,
    best: Curve,
    sampling: Sampling,
) -> Result<Vec<Curve>> {
    let key = format!("law.bootstrap.{}", best.form());
    let stream = Randomness::new(sampling.worlds.seed, &key, sampling.worlds.origin);
    let refits = (0..sampling.n_bootstraps).map(|bootstrap_idx| {
        let mut numbers = stream.draw(bootstrap_idx);
        let mut weights = vec![0.0; n_rows];
        for _ in 0..n_rows {
            weights[numbers.index(n_rows)] += 1.0;
        }
        fitter.fit(&weights, Some(best))
    });
    let mut refits: Vec<_> = refits.collect::<Result<_>>()?;
    if refits.is_empty() {
        refits.push(best);
    }
    Ok(refits)
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(scale: Scale, form: Form) -> Law {
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let worlds = Worlds { seed: 11, origin, n_draws: 2000 };
        let rows = rows(scale).expect("bundled");
        let assumptions = Assumptions::bundled().expect("bundled");
        let sampling = Sampling { worlds, n_bootstraps: 200 };
        Law::fit(scale, form, &rows, &assumptions, sampling).expect("enough rows")
    }

    #[test]
    fn outside_its_data_a_law_says_so_and_widens() {
        let law = law(Scale::Eci, Form::LOG);
        let width = |flop: f64| {
            let found = law.capability(&Draws::constant(Flop(flop), 2000));
            (found.draws.quantile(0.95) - found.draws.quantile(0.05), found.extrapolated)
        };
        let (inside, flagged) = width(1e24);
        assert!(!flagged);
        let (outside, flagged) = width(1e30);
        assert!(flagged && outside > 1.5 * inside, "{inside} {outside}");
    }

    #[test]
    fn the_horizon_doubles_every_128_7_days_from_2023() {
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let start = NaiveDate::from_ymd_opt(2023, 1, 1).expect("a date");
        let mut recent = rows(Scale::TimeHorizon).expect("bundled");
        recent.retain(|row| row.released >= start);
        let worlds = Worlds { seed: 11, origin, n_draws: 100 };
        let assumptions = Assumptions::bundled().expect("bundled");
        let sampling = Sampling { worlds, n_bootstraps: 50 };
        let law = Law::fit(Scale::TimeHorizon, Form::TREND, &recent, &assumptions, sampling);
        let law = law.expect("14 models");
        let (_, per_year) = law.best().parameters().nth(1).expect("a slope");
        assert!((365.25 / per_year - 128.7).abs() < 0.05, "{}", 365.25 / per_year);
        assert_eq!(law.n_rows(), 14);
    }

    #[test]
    fn mmlu_saturates() {
        let later = NaiveDate::from_ymd_opt(2028, 1, 1).expect("a date");
        let law = law(Scale::Mmlu, Form::CHOICE_OF_FOUR).released(later);
        let found = law.capability(&Draws::constant(Flop(1e28), 2000));
        assert!(found.draws.median() > 0.9 && found.draws.quantile(0.99) <= 1.0);
        assert!(found.extrapolated);
    }

    #[test]
    fn the_next_ten_percent_adds_c_ln_1_1_where_the_law_is_a_line() {
        let law = law(Scale::Eci, Form::LOG);
        let added = marginal(&law, &Draws::constant(Flop(1e25), 200), 1.1).expect("above 0");
        let (_, c) = law.best().parameters().next().expect("c");
        assert!((added.median() / (c * 1.1_f64.ln()) - 1.0).abs() < 0.1, "{}", added.median());
    }
}
