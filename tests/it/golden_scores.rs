//! Scores, tests and conformal methods against tables of values from other people's packages. Each
//! test names the cases that are not offered, with the reason; a case in neither list fails it. Left
//! out, with a word, where `../shared` is not there.

use std::collections::BTreeMap;

use chipcast::draws::Randomness;
use chipcast::forecast::conformal;
use chipcast::forecast::reconcile::{Reconciliation, Trust};
use chipcast::forecast::score::compare::{self, Resampling, Statistic};
use chipcast::forecast::score::distribution::{self, Spread};
use chipcast::forecast::score::{self, point};
use chipcast::forecast::windows::{Cut, windows};
use ndarray::Array2;
use serde_json::Value;

use crate::support;

/// The cases of a file by name, inputs that are "the same as" another's filled in.
pub(crate) fn golden(file: &str) -> Option<Vec<(String, Value)>> {
    let document = support::golden(file)?;
    let cases = document["cases"].as_array().expect("cases").clone();
    let name = |case: &Value| case["name"].as_str().expect("a name").to_owned();
    let inputs: BTreeMap<String, Value> =
        cases.iter().map(|case| (name(case), case["input"].clone())).collect();
    let filled = cases.into_iter().map(|mut case| {
        if let Some(same) = case["input"]["same_input_as"].as_str() {
            case["input"] = inputs[same].clone();
        }
        (name(&case), case)
    });
    Some(filled.collect())
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("an array");
    values.iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

pub(crate) fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a count")).expect("small")
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("rows").iter().map(numbers).collect()
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows = rows(value);
    let shape = (rows.len(), rows[0].len());
    Array2::from_shape_vec(shape, rows.concat()).expect("rows of one length")
}

fn close(name: &str, ours: f64, theirs: f64, tolerance: f64) {
    let within = (ours - theirs).abs() <= tolerance * theirs.abs().max(1e-12);
    assert!(within, "{name}: {ours} beside {theirs}");
}

/// One series of a case: its training window and the columns of its test window.
struct Series {
    train: Vec<f64>,
    test: BTreeMap<String, Vec<f64>>,
}

fn series(case: &Value) -> BTreeMap<String, Series> {
    let (train, test) = (&case["input"]["train"], &case["input"]["test"]);
    let ids = |frame: &Value| -> Vec<String> {
        let ids = frame["unique_id"].as_array().expect("ids");
        ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect()
    };
    let of = |frame: &Value, column: &str, id: &str| -> Vec<f64> {
        let rows = ids(frame).into_iter().zip(numbers(&frame[column]));
        rows.filter(|(row, _)| row == id).map(|(_, value)| value).collect()
    };
    let columns: Vec<String> = test.as_object().expect("a frame").keys().cloned().collect();
    let mut names = ids(test);
    names.dedup();
    let one = |id: String| {
        let columns = columns.iter().filter(|c| !["unique_id", "ds"].contains(&c.as_str()));
        let test = columns.map(|c| (c.clone(), of(test, c, &id))).collect();
        (id.clone(), Series { train: of(train, "y", &id), test })
    };
    names.into_iter().map(one).collect()
}

/// Our value of a metric of the table; `None` if it is not offered.
fn metric(kind: &str, case: &Value, s: &Series) -> Option<f64> {
    let (y, m) = (&s.test["y"], &s.test["m"]);
    let season = case["params"].get("seasonality").map_or(1, count);
    let n: f64 = y.iter().map(|_| 1.0).sum();
    let at = |level: f64| &s.test[&format!("m-q{level}")];
    let pinball = |level: f64| {
        let losses = y.iter().zip(at(level)).map(|(y, f)| score::pinball(level, *y, *f));
        score::mean(&losses.collect::<Vec<_>>())
    };
    let wis = || {
        let levels = numbers(&case["params"]["quantiles"]);
        let scores = (0..y.len()).map(|i| {
            let quantiles: Vec<_> = levels.iter().map(|level| (*level, at(*level)[i])).collect();
            score::wis(y[i], &quantiles)
        });
        score::mean(&scores.collect::<Vec<_>>())
    };
    let ends = |coverage: u64| -> Vec<(f64, f64)> {
        let end = |side: &str| s.test[&format!("m-{side}-{coverage}")].clone();
        end("lo").into_iter().zip(end("hi")).collect()
    };
    let scale = || score::seasonal_naive_scale(&s.train, season).ok();
    let level = case["params"]["q"].as_f64().unwrap_or(f64::NAN);
    match kind {
        "mae" => point::mae(y, m),
        "mse" => point::mse(y, m),
        "rmse" => point::rmse(y, m),
        "bias" => point::bias(y, m),
        "cfe" => point::bias(y, m).map(|bias| bias * n),
        "mape" => point::mape(y, m),
        "smape" => point::smape(y, m),
        "nd" => point::normalised_deviation(y, m),
        "mase" => score::mase(y, m, &s.train, season).ok(),
        "msse" => point::msse(y, m, &s.train, season),
        "rmsse" => point::rmsse(y, m, &s.train, season),
        "rmae" => point::relative_mae(y, m, &s.test["b"]),
        "quantile_loss" => pinball(level),
        "scaled_quantile_loss" => Some(pinball(level)? / scale()?),
        "calibration" => {
            let below: Vec<_> =
                at(level).iter().map(|quantile| (f64::NEG_INFINITY, *quantile)).collect();
            score::coverage(&below, y)
        }
        // The mean over levels of pinball, of which `wis` takes the double.
        "mqloss" => Some(wis()? / 2.0),
        "scaled_mqloss" => Some(wis()? / 2.0 / scale()?),
        "scaled_crps" => Some(wis()? * n / y.iter().map(|y| y.abs()).sum::<f64>()),
        "coverage" => score::coverage(&ends(case["params"]["level"].as_u64()?), y),
        "smape_m4" => Some(200.0 * point::smape(y, m)?),
        "mase_m4_s4" => score::mase(y, m, &s.train, 4).ok(),
        "msis_m4_s4_95" => point::msis(y, &ends(95), 0.95, &s.train, 4),
        _ => None,
    }
}

/// Periods in stock and the linear-exponential loss: nobody decides by them here.
const METRICS_LEFT_OUT: [&str; 6] = ["pis_0", "linex_0", "pis_1", "linex_1", "pis_2", "linex_2"];

#[test]
fn metrics_agree_with_utilsforecast_and_the_m4_competition() {
    let Some(cases) = golden("metrics.json") else { return };
    let (mut matched, mut left_out) = (0, Vec::new());
    for (name, case) in &cases {
        let all = series(case);
        let kind = name.split("__").next().expect("a part").rsplit_once('_').expect("a number").0;
        let expected: Vec<(String, String, f64)> = if kind == "m4" {
            let by_series = case["output"].as_object().expect("series");
            let values = by_series.iter().flat_map(|(id, values)| {
                let values = values.as_object().expect("values").iter();
                values.map(move |(kind, v)| (kind.clone(), id.clone(), number(v)))
            });
            values.collect()
        } else {
            let ids = case["output"]["unique_id"].as_array().expect("ids").iter();
            let ids = ids.map(|id| id.as_str().expect("an id").to_owned());
            let values = numbers(&case["output"]["m"]);
            ids.zip(values).map(|(id, v)| (kind.to_owned(), id, v)).collect()
        };
        let ours = expected.iter().map(|(kind, id, _)| metric(kind, case, &all[id]));
        let Some(ours) = ours.collect::<Option<Vec<_>>>() else {
            left_out.push(name.as_str());
            continue;
        };
        for (ours, (_, id, theirs)) in ours.iter().zip(&expected) {
            close(&format!("{name} {id}"), *ours, *theirs, 1e-9);
        }
        matched += 1;
    }
    assert_eq!((matched, left_out), (90, METRICS_LEFT_OUT.to_vec()));
}

/// Distributions that no model here gives.
const SCORES_LEFT_OUT: [&str; 3] = ["crps_t_df5", "crps_logistic", "crps_laplace"];

#[test]
fn scores_of_distributions_agree_with_scoringrules_and_properscoring() {
    let Some(cases) = golden("scoring.json") else { return };
    let (mut matched, mut left_out) = (0, Vec::new());
    for (name, case) in &cases {
        let input = &case["input"];
        let theirs = numbers(&case["output"]);
        let column = |key: &str, i: usize| numbers(&input[key])[i];
        let ours = |i: usize| -> Option<f64> {
            Some(match name.as_str() {
                "crps_normal" | "crps_gaussian_ps" => {
                    distribution::crps_normal(column("y", i), column("mu", i), column("sigma", i))
                }
                "logs_normal" => distribution::log_score_normal(
                    column("y", i),
                    column("mu", i),
                    column("sigma", i),
                ),
                "crps_ensemble_nrg" | "crps_ensemble_qd" | "crps_ensemble_ps" => {
                    let sample = numbers(&input["ens"][i]);
                    distribution::crps_sample(column("y", i), &sample, Spread::Sample)?
                }
                "crps_ensemble_fair" | "crps_ensemble_pwm" => {
                    let sample = numbers(&input["ens"][i]);
                    distribution::crps_sample(column("y", i), &sample, Spread::Fair)?
                }
                "interval_score" => {
                    let ends = (column("lo", i), column("hi", i));
                    let coverage = 1.0 - number(&case["params"]["alpha"]);
                    point::interval_score(column("y", i), ends, coverage)
                }
                "weighted_interval_score" => {
                    let (low, high) = (numbers(&input["lower"][i]), numbers(&input["upper"][i]));
                    let alphas = numbers(&case["params"]["alpha"]);
                    let mut quantiles = vec![(0.5, column("median", i))];
                    for ((alpha, low), high) in alphas.iter().zip(low).zip(high) {
                        quantiles.extend([(alpha / 2.0, low), (1.0 - alpha / 2.0, high)]);
                    }
                    score::wis(column("y", i), &quantiles)
                }
                "energy_score" => {
                    let y = numbers(&input["y"][i]);
                    distribution::energy_score(&y, &rows(&input["ens"][i]))?
                }
                "variogram_score" => {
                    let y = numbers(&input["y"][i]);
                    let power = number(&case["params"]["p"]);
                    distribution::variogram_score(&y, &rows(&input["ens"][i]), power)?
                }
                pinball if pinball.starts_with("pinball_") => {
                    let level = number(&case["params"]["alpha"]);
                    score::pinball(level, column("y", i), column("f", i))
                }
                _ => return None,
            })
        };
        let Some(all) = (0..theirs.len()).map(ours).collect::<Option<Vec<_>>>() else {
            left_out.push(name.as_str());
            continue;
        };
        all.iter().zip(&theirs).for_each(|(ours, theirs)| close(name, *ours, *theirs, 1e-9));
        matched += 1;
    }
    assert_eq!((matched, left_out), (15, SCORES_LEFT_OUT.to_vec()));
}

/// Of the table of tests, offered are Diebold and Mariano's with its correction, Ljung and Box's, and
/// autocorrelations. Left out: unit roots (adf, kpss), since no model here decides by them; normality
/// and changing variance (jarque_bera, arch_lm), since intervals assume neither; wilcoxon and friedman,
/// since the model confidence set ranks; boxcox and yeojohnson, since the scale is log or none; the
/// table of `quantiles`, which checks a package that is used as published.
const TESTS_LEFT_OUT: [&str; 9] = [
    "adf",
    "kpss",
    "jarque_bera",
    "arch_lm",
    "wilcoxon",
    "friedman",
    "quantiles",
    "boxcox",
    "yeojohnson",
];

#[test]
fn tests_of_accuracy_and_residuals_agree_with_statsmodels() {
    let Some(cases) = golden("stat_tests.json") else { return };
    let inputs = cases[0].1["input"].clone();
    let (mut matched, mut left_out) = (0, 0);
    for (name, case) in &cases[1..] {
        let (input, output) = (&case["input"], &case["output"]);
        let values = || numbers(&inputs[input["series"].as_str().expect("a name")]);
        if name.starts_with("dm_") {
            let power = i32::try_from(count(&case["params"]["power"])).expect("small");
            let losses = numbers(&input["e1"]).into_iter().zip(numbers(&input["e2"]));
            let d: Vec<_> =
                losses.map(|(a, b)| a.abs().powi(power) - b.abs().powi(power)).collect();
            let ours = compare::equal_accuracy(&d, count(&case["params"]["h"])).expect("varies");
            close(name, ours.dm, number(&output["dm"]), 1e-9);
            close(name, ours.dm_hln, number(&output["dm_hln"]), 1e-9);
            assert!((ours.p - number(&output["p_two_sided_t"])).abs() < 1e-9, "{name}");
            assert!((ours.p_less - number(&output["p_less_t"])).abs() < 1e-9, "{name}");
        } else if name.starts_with("ljungbox_") {
            for (i, lag) in case["params"]["lags"].as_array().expect("lags").iter().enumerate() {
                let (q, p) = compare::ljung_box(&values(), count(lag)).expect("long enough");
                close(name, q, numbers(&output["lb_stat"])[i], 1e-9);
                assert!((p - numbers(&output["lb_pvalue"])[i]).abs() < 1e-9, "{name} {p}");
            }
        } else if name.starts_with("acf_") {
            // Partial autocorrelations of the same case are not offered.
            let theirs = numbers(&output["acf"]);
            let ours = compare::autocorrelations(&values(), theirs.len() - 1).expect("varies");
            ours.iter().zip(&theirs).for_each(|(ours, theirs)| close(name, *ours, *theirs, 1e-9));
        } else {
            assert!(TESTS_LEFT_OUT.iter().any(|kind| name.starts_with(kind)), "{name}");
            left_out += 1;
            continue;
        }
        matched += 1;
    }
    assert_eq!((matched, left_out), (18, 61));
}

/// The test of one benchmark against all (`spa`) is left out: the model confidence set answers the
/// question without choosing a benchmark.
#[test]
fn the_model_confidence_set_agrees_with_arch() {
    let Some(cases) = golden("mcs.json") else { return };
    let mut matched = 0;
    for (name, case) in cases.iter().filter(|(name, _)| name != "spa") {
        let losses = rows(&case["input"]["losses"]);
        let statistic = if name == "mcs_R" { Statistic::Range } else { Statistic::Max };
        let day = "2026-01-01".parse().expect("a date");
        let resampling = Resampling {
            mean_block: number(&case["params"]["block_size"]),
            n_bootstraps: count(&case["params"]["reps"]),
            stream: Randomness::new(0, "golden", day),
        };
        let ours = compare::model_confidence_set(&losses, statistic, &resampling).expect("losses");
        let size = number(&case["params"]["size"]);
        let included = case["output"]["included"].as_array().expect("names").clone();
        for (name_of, ours) in ["a", "b", "c", "d", "e"].iter().zip(&ours) {
            let theirs = number(&case["output"]["pvalues"][name_of]);
            assert!((ours - theirs).abs() < 0.03, "{name} {name_of}: {ours} beside {theirs}");
            assert_eq!(*ours > size, included.contains(&Value::from(*name_of)), "{name}");
        }
        matched += 1;
    }
    assert_eq!(matched, 2);
}

/// The forecasts of the three models in the conformal cases, by hand: they are not what is tested.
fn forecast(model: &str, train: &[f64], horizon: usize) -> Vec<f64> {
    let last = train[train.len() - 1];
    match model {
        "Naive" => vec![last; horizon],
        "SeasonalNaive" => (0..horizon).map(|h| train[train.len() - 12 + h % 12]).collect(),
        _ => {
            let level = train[1..].iter().fold(train[0], |level, y| 0.3 * y + 0.7 * level);
            vec![level; horizon]
        }
    }
}

/// Left out: `mapie_enbpi`, intervals of an ensemble of random refits to a quarter of their width.
#[test]
fn conformal_methods_agree_with_statsforecast_and_their_papers() {
    let Some(cases) = golden("conformal.json") else { return };
    let mut matched = 0;
    for (name, case) in cases.iter().filter(|(name, _)| name != "mapie_enbpi") {
        let (params, output) = (&case["params"], &case["output"]);
        if name.starts_with("split_") {
            let (scores, miss) = (numbers(&case["input"]["scores"]), number(&params["alpha"]));
            assert_eq!(conformal::split_rank(scores.len(), miss), Some(count(&output["rank"])));
            let bound = conformal::split_bound(&scores, miss).expect("enough scores");
            close(name, bound, number(&output["q"]), 1e-9);
        } else if name == "aci_alpha_path" {
            let (miss, gamma) = (number(&params["alpha"]), number(&params["gamma"]));
            let theirs = numbers(&output["alpha_t"]);
            let ours = conformal::adaptive_path(miss, gamma, &numbers(&case["input"]["err"]));
            ours.iter().zip(&theirs).for_each(|(ours, theirs)| {
                assert!((ours - theirs).abs() < 1e-12, "{ours} {theirs}");
            });
        } else {
            let model = name.rsplit('_').next().expect("a model");
            let (horizon, y) = (count(&params["h"]), numbers(&case["input"]["y"]));
            let n_windows = count(&params["n_windows"]);
            let cut = Cut { n_windows, horizon, step: horizon, input_size: None };
            let windows = windows(y.len(), cut).expect("long enough");
            for (h, forecast_h) in forecast(model, &y, horizon).into_iter().enumerate() {
                let error = |w: &chipcast::forecast::windows::Window| {
                    (y[w.valid.start + h] - forecast(model, &y[w.train.clone()], horizon)[h]).abs()
                };
                let errors: Vec<_> = windows.iter().map(error).collect();
                let levels = [0.025, 0.1, 0.9, 0.975];
                let ours = conformal::symmetric_quantiles(forecast_h, &errors, &levels);
                for (key, ours) in ["lo-95", "lo-80", "hi-80", "hi-95"].iter().zip(ours) {
                    close(name, ours, numbers(&output[*key])[h], 1e-9);
                }
            }
        }
        matched += 1;
    }
    assert_eq!(matched, 10);
}

#[test]
fn windows_agree_with_utilsforecast() {
    let Some(cases) = golden("backtest_splits.json") else { return };
    let at = |value: &Value, i: usize| count(&value[i]);
    for (name, case) in &cases {
        let params = &case["params"];
        let horizon = count(&params["h"]);
        let cut = Cut {
            n_windows: count(&params["n_windows"]),
            horizon,
            step: Some(&params["step_size"]).filter(|v| !v.is_null()).map_or(horizon, count),
            input_size: Some(&params["input_size"]).filter(|v| !v.is_null()).map(count),
        };
        for (id, n) in case["input"]["lengths"].as_object().expect("lengths") {
            let ours = windows(count(n), cut).expect("long enough");
            for (ours, theirs) in ours.iter().zip(case["output"].as_array().expect("windows")) {
                let (train, valid) = (&theirs["train"][id], &theirs["valid"][id]);
                assert_eq!((ours.train.start + 1, ours.train.end), (at(train, 0), at(train, 1)));
                assert_eq!((ours.valid.start + 1, ours.valid.end), (at(valid, 0), at(valid, 1)));
                assert_eq!(ours.train.end, count(&theirs["cutoff"][id]), "{name}");
            }
            assert_eq!(ours.len(), case["output"].as_array().expect("windows").len());
        }
    }
    assert_eq!(cases.len(), 4);
}

#[test]
fn reconciled_forecasts_agree_with_hierarchicalforecast() {
    let Some(cases) = golden("reconciliation.json") else { return };
    for (name, case) in &cases {
        let input = &case["input"];
        let summing = matrix(&input["S"]);
        let errors = matrix(&input["y_insample"]) - matrix(&input["y_hat_insample"]);
        let trust = match name.as_str() {
            "BottomUp" => Trust::BottomUp,
            "MinTrace_ols" => Trust::Alike,
            "MinTrace_wls_struct" => Trust::Structure,
            "MinTrace_wls_var" => Trust::Squares(&errors),
            "MinTrace_mint_cov" => Trust::Covariance(&errors),
            _ => Trust::Shrunk(&errors),
        };
        let ours = Reconciliation::new(summing, trust).expect("a hierarchy");
        let (base, theirs) = (matrix(&input["y_hat"]), matrix(&case["output"]));
        for (base, theirs) in base.columns().into_iter().zip(theirs.columns()) {
            for (ours, theirs) in ours.apply(base).iter().zip(theirs) {
                close(name, *ours, *theirs, number(&case["rel_tol"]));
            }
        }
    }
    assert_eq!(cases.len(), 6);
}
