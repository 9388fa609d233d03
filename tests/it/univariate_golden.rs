//! Our models of a single series beside statsforecast's and statsmodels'. A case is compared, or left
//! out with the reason; a case in neither list fails. Left out, with a word, where `../shared` is not
//! there.
//!
//! Intervals are not compared: they rest on the residuals of a panel here, on a model's variance there.

use std::collections::{BTreeMap, BTreeSet};

use chipcast::forecast::Forecaster;
use chipcast::forecast::naive::{Naive, SeasonalNaive};
use chipcast::forecast::univariate::smooth::{self, Trend};
use chipcast::forecast::univariate::theta::{self, Theta};
use chipcast::forecast::univariate::{Local, Question, ces, season};
use chipcast::period::Period;
use chrono::{Days, Months};
use serde_json::Value;

use crate::golden_scores::{count, golden, number, numbers};
use crate::support::{archive, day, id, row};

/// What one of our models says, and the squared errors that it minimises, where theirs tells its own.
struct Ours {
    path: Vec<f64>,
    squares: Option<f64>,
}

impl Ours {
    fn path(path: Vec<f64>) -> Self {
        Self { path, squares: None }
    }

    fn fitted(path: Vec<f64>, squares: f64) -> Self {
        Self { path, squares: Some(squares) }
    }
}

/// The model of a name on a series, if it is offered.
fn ours(model: &str, y: &[f64], m: usize, h: usize) -> Option<Ours> {
    let smoothing = |m: usize, trend: Trend| {
        let fit = smooth::fit(y, m, trend, smooth::BETA_MAX, h);
        Ours::fitted(fit.path, fit.squares)
    };
    let theta = |kind: Theta| Ours::path(theta::path(y, kind, h));
    Some(match model {
        "ETS_ANN" => smoothing(1, Trend::Absent),
        "ETS_AAN" => smoothing(1, Trend::Linear),
        "ETS_AAdN" => smoothing(1, Trend::Damped),
        "ETS_AAA" => smoothing(m, Trend::Linear),
        "Naive" => agreed(known(&Naive, y, m, h), Local::Naive, y, m, h),
        "SeasonalNaive" => agreed(known(&SeasonalNaive, y, m, h), Local::SeasonalNaive, y, m, h),
        "HistoricAverage" => Ours::path(alone(Local::HistoricAverage, y, m, h)),
        "RWD" => Ours::path(alone(Local::RandomWalkWithDrift, y, m, h)),
        _ if m > 1 => return None,
        "Theta" => theta(Theta::Standard),
        "OptimizedTheta" => theta(Theta::Optimised),
        "DynamicTheta" => theta(Theta::Dynamic),
        "DynamicOptimizedTheta" => theta(Theta::DynamicOptimised),
        "CES" => {
            let fit = ces::fit(y, 1, h);
            Ours::fitted(fit.path, fit.squares)
        }
        _ => return None,
    })
}

/// What a model of a panel's series says.
fn alone(model: Local, y: &[f64], season: usize, horizon: usize) -> Vec<f64> {
    model.answer(y, Question { season, horizon }, "it").path
}

/// What a model says that stands twice, on an archive and on a panel.
fn agreed(path: Vec<f64>, model: Local, y: &[f64], season: usize, horizon: usize) -> Ours {
    assert!(deviation(&alone(model, y, season, horizon), &path) < 1e-12, "{model:?}");
    Ours::path(path)
}

/// What a model that reads an archive says of values, one a month, a quarter or a year.
fn known(model: &impl Forecaster, y: &[f64], m: usize, h: usize) -> Vec<f64> {
    let n_months = 12 / u32::try_from(m).expect("small");
    let at = |idx: u32| {
        let start = day("1900-01-01") + Months::new(n_months * idx);
        Period::new(start, start + Months::new(n_months) - Days::new(1)).expect("in order")
    };
    let rows = (0..).zip(y).map(|(idx, y)| row("x.y", at(idx), *y, at(idx).end())).collect();
    let (archive, today) = (archive(rows, "2026-01-01"), day("2026-01-01"));
    let snapshot = archive.as_of(today).expect("known");
    let path = model.path(&snapshot, &id("x.y"), h).expect("long enough");
    path.steps.iter().map(|step| step.median).collect()
}

/// The squared errors that their log-likelihood tells: statsforecast leaves the constant out.
fn theirs(case: &Value, n: usize) -> Option<f64> {
    let (n_values, output) = (f64::from(u32::try_from(n).expect("small")), &case["output"]);
    if let Some(llf) = output["llf"].as_f64() {
        let constant = (2.0 * std::f64::consts::PI * std::f64::consts::E / n_values).ln();
        return Some((-2.0 * llf / n_values - constant).exp());
    }
    output["fit_loglik"].as_f64().map(|loglik| (-2.0 * loglik / n_values).exp())
}

/// The largest relative deviation of a path.
fn deviation(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let off = |(a, b): (&f64, &f64)| ((a - b) / b.abs().max(1e-12)).abs();
    ours.iter().zip(theirs).map(off).fold(0.0, f64::max)
}

/// How the cases of a model came out.
#[derive(Default)]
struct Tally {
    worst: f64,
    n_agree: u32,
    n_better: u32,
    n_apart: u32,
    n_left_out: u32,
}

/// Models that are not offered, and why.
const NOT_OFFERED: [(&str, &str); 14] = [
    ("ARIMA_011_011", "no ARIMA: on the panels the combination is better without"),
    ("ARIMA_110", "no ARIMA: on the panels the combination is better without"),
    ("AutoARIMA", "no ARIMA: on the panels the combination is better without"),
    ("AutoETS", "ours chooses among additive models alone"),
    ("AutoRegressive", "ours is fitted to a panel, by least absolute errors"),
    ("AutoTheta", "no choice among theta models: the combination holds two"),
    ("ETS_MAdM", "no multiplicative errors: square roots stand for them"),
    ("Holt", "starts at the first values; ours fits where it starts"),
    ("HoltWinters", "starts at the first values; ours fits where it starts"),
    ("MSTL", "one season a series"),
    ("SES", "a weight that is given and not fitted"),
    ("SESOpt", "starts at the first value; ours fits where it starts"),
    ("SeasonalES", "a weight that is given and not fitted"),
    ("WindowAverage", "not offered"),
];
/// Models that take a season out in another way than theirs: compared where there is none.
const WITHOUT_SEASON: [&str; 5] =
    ["Theta", "OptimizedTheta", "DynamicTheta", "DynamicOptimizedTheta", "CES"];
/// Cases that do not agree, and why. Their squared errors were found by a search over a grid.
const APART: [(&str, &str); 3] = [
    ("M3_N0200:OptimizedTheta", "theirs ends at alpha 0.1, with 0.7% more squared error"),
    ("M3_N0200:Theta", "theirs ends at alpha 0.1, with 1.0% more squared error"),
    ("M3_N1600:ETS_AAN", "theirs lets the slope learn faster (0.055) than the level (0.0001)"),
];

#[test]
fn models_agree_with_statsforecast_or_fit_better() {
    let Some(cases) = golden("statsforecast.json") else { return };
    let by_name: BTreeMap<&str, &Value> =
        cases.iter().map(|(name, case)| (name.as_str(), case)).collect();
    let (mut tallies, mut wrong) = (BTreeMap::<&str, Tally>::new(), Vec::new());
    for (name, case) in cases.iter().filter(|(name, _)| !name.starts_with("series_")) {
        let (series, model) = name.split_once(':').expect("a series and a model");
        let data = &by_name[format!("series_{series}").as_str()]["input"];
        let (y, m) = (numbers(&data["y"]), count(&data["season"]));
        let tally = tallies.entry(model).or_default();
        let mean = numbers(&case["output"]["mean"]);
        let Some(ours) = ours(model, &y, m, mean.len()) else {
            let seasonal = m > 1 && WITHOUT_SEASON.contains(&model);
            let reason = NOT_OFFERED.iter().find(|(known, _)| *known == model);
            assert!(seasonal || reason.is_some(), "`{name}` is neither compared nor left out");
            tally.n_left_out += 1;
            continue;
        };
        let off = deviation(&ours.path, &mean);
        if off <= number(&case["rel_tol"]) {
            tally.worst = tally.worst.max(off);
            tally.n_agree += 1;
        } else if ours.squares.zip(theirs(case, y.len())).is_some_and(|(a, b)| a < b) {
            tally.n_better += 1;
        } else if APART.iter().any(|(apart, _)| apart == name) {
            tally.n_apart += 1;
        } else {
            wrong.push(format!("{name}: {off:.4}, {:?}", ours.squares));
        }
    }
    for (model, Tally { worst, n_agree, n_better, n_apart, n_left_out }) in &tallies {
        eprintln!(
            "{model}: {n_agree} agree within {worst:.1e}, {n_better} have less squared error, \
             {n_apart} apart, {n_left_out} left out"
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let sum = |of: &dyn Fn(&Tally) -> u32| tallies.values().map(of).sum::<u32>();
    assert_eq!(sum(&|tally| tally.n_apart), 3, "a case that agrees is no longer apart");
    let listed: BTreeSet<&str> = NOT_OFFERED.iter().map(|(model, _)| *model).collect();
    assert!(listed.iter().all(|model| tallies[model].n_agree == 0), "offered and listed");
    let n_agree = sum(&|tally| tally.n_agree) + sum(&|tally| tally.n_better);
    assert_eq!((n_agree, sum(&|tally| tally.n_left_out)), (121, 235));
}

/// Cases of statsmodels that are not offered, by the start of their names, and why.
const STATSMODELS_LEFT_OUT: [(&str, &str); 9] = [
    ("AirPassengers", "the values of the other cases"),
    ("sarimax_", "no ARIMA: on the panels the combination is better without"),
    ("arx_", "no ARIMA errors"),
    ("autoreg_", "ours is fitted to a panel, by least absolute errors"),
    ("var_", "no vector autoregression: few variables are the point"),
    ("ses_fixed", "a weight that is given and not fitted"),
    ("hw_fixed", "weights that are given and not fitted"),
    ("ets_mul_", "no multiplicative errors: square roots stand for them"),
    ("stl_", "the season is a centred average's"),
];
/// The factors of a multiplicative season are shrunk here and change over the years.
const DECOMPOSED_LEFT_OUT: &str = "decompose_multiplicative";

#[test]
fn smoothing_and_seasons_agree_with_statsmodels_or_fit_better() {
    let Some(cases) = golden("statsmodels_ts.json") else { return };
    let air = cases.iter().find(|(name, _)| name == "AirPassengers").expect("there");
    let y = numbers(&air.1["input"]["y"]);
    let (mut n_compared, mut left_out) = (0, BTreeMap::<&str, u32>::new());
    for (name, case) in &cases {
        let (output, tolerance) = (&case["output"], case["rel_tol"].as_f64());
        let tolerance = tolerance.expect("a tolerance");
        let model = match name.as_str() {
            "ets_add_None_None_False" => "ETS_ANN",
            "ets_add_add_None_False" => "ETS_AAN",
            "ets_add_add_None_True" => "ETS_AAdN",
            "ets_add_add_add_False" => "ETS_AAA",
            "decompose_additive" => {
                let figure = numbers(&output["seasonal_first12"]);
                assert!(deviation(&season::figure(&y, 12), &figure) <= tolerance, "{name}");
                for (ours, theirs) in season::centred(&y, 12).iter().zip(numbers(&output["trend"]))
                {
                    assert_eq!(ours.is_nan(), theirs.is_nan(), "{name}");
                    assert!(ours.is_nan() || (ours / theirs - 1.0).abs() <= tolerance, "{name}");
                }
                n_compared += 1;
                continue;
            }
            _ => {
                let listed = STATSMODELS_LEFT_OUT.iter().map(|(start, _)| *start);
                let mut listed = listed.chain([DECOMPOSED_LEFT_OUT]);
                let reason = listed.find(|start| name.starts_with(start));
                let reason = reason.unwrap_or_else(|| panic!("`{name}` is in neither list"));
                *left_out.entry(reason).or_default() += 1;
                continue;
            }
        };
        assert_eq!(case["input"]["y"], "AirPassengers", "{name}");
        let needed = numbers(&output["forecast"]);
        let ours = ours(model, &y, 12, needed.len()).expect("offered");
        let off = deviation(&ours.path, &needed);
        let (a, b) = (ours.squares.expect("fitted"), theirs(case, y.len()).expect("fitted"));
        eprintln!("{name}: off by {off:.1e}, {:.6} of their squared error", a / b);
        assert!(off <= tolerance || a < b, "{name}: {off:.4}, {a} and not {b}");
        n_compared += 1;
    }
    assert_eq!((n_compared, left_out.values().sum::<u32>()), (5, 24));
    assert_eq!(left_out.len(), STATSMODELS_LEFT_OUT.len() + 1, "a reason without a case");
}
