//! Our smoothing, theta and complex smoothing beside statsforecast's, series by series.
//!
//! Left out: what is not offered here. ARIMA, autoregression, MSTL, Holt-Winters, seasonal
//! smoothing, multiplicative errors, and their automatic choices; historic and window averages;
//! intervals, which rest on residuals of the panel here and on a model's variance there.

use std::collections::BTreeMap;

use chipcast::forecast::univariate::smooth::{self, Trend};
use chipcast::forecast::univariate::theta::{self, Theta};
use chipcast::forecast::univariate::{self, ces};
use serde_json::Value;

use crate::edgar_shared::shared;

type Model = fn(&[f64], usize, usize) -> Vec<f64>;

/// Models of ours by the name of theirs. Theta and complex smoothing are compared where there is no
/// season: the season is taken out in another way here.
const MODELS: [(&str, bool, Model); 12] = [
    ("Naive", true, |y, _, h| vec![y[y.len() - 1]; h]),
    ("SeasonalNaive", true, |y, m, h| (0..h).map(|at| y[y.len() - m + at % m]).collect()),
    ("ETS_ANN", true, |y, _, h| smooth::fit(y, 1, Trend::Absent, h).path),
    ("SESOpt", true, |y, _, h| smooth::fit(y, 1, Trend::Absent, h).path),
    ("ETS_AAN", true, |y, _, h| smooth::fit(y, 1, Trend::Linear, h).path),
    ("ETS_AAdN", true, |y, _, h| smooth::fit(y, 1, Trend::Damped, h).path),
    ("ETS_AAA", true, |y, m, h| smooth::fit(y, m, Trend::Linear, h).path),
    ("Theta", false, |y, _, h| theta::path(y, Theta::Standard, h)),
    ("OptimizedTheta", false, |y, _, h| theta::path(y, Theta::Optimised, h)),
    ("DynamicTheta", false, |y, _, h| theta::path(y, Theta::Dynamic, h)),
    ("DynamicOptimizedTheta", false, |y, _, h| theta::path(y, Theta::DynamicOptimised, h)),
    ("CES", false, |y, _, h| ces::path(y, 1, h)),
];

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().filter_map(Value::as_f64).collect()
}

#[test]
fn models_agree_with_statsforecast() {
    let Some(folder) = shared() else { return };
    let text = std::fs::read_to_string(folder.join("golden/statsforecast.json")).expect("there");
    let golden: Value = serde_json::from_str(&text).expect("JSON");
    let cases = golden["cases"].as_array().expect("a list of cases");
    let series: BTreeMap<&str, &Value> =
        cases.iter().map(|case| (case["name"].as_str().unwrap_or_default(), case)).collect();
    let mut worst: Vec<(String, f64, f64)> = Vec::new();
    for (name, seasonal, model) in MODELS {
        for (case_name, case) in &series {
            let Some((id, found)) = case_name.split_once(':') else { continue };
            let data = &series[format!("series_{id}").as_str()]["input"];
            let season = usize::try_from(data["season"].as_u64().unwrap_or(1)).expect("small");
            if found != name || (season > 1 && !seasonal) {
                continue;
            }
            let needed = numbers(&case["output"]["mean"]);
            let path = model(&numbers(&data["y"]), season, needed.len());
            let off = path.iter().zip(&needed).map(|(a, b)| ((a - b) / b.abs().max(1e-12)).abs());
            let tolerance = case["rel_tol"].as_f64().expect("a tolerance");
            worst.push(((*case_name).to_owned(), off.fold(0.0, f64::max), tolerance));
        }
    }
    let n = worst.len();
    worst.retain(|(_, off, tolerance)| off > tolerance);
    for (name, off, tolerance) in &worst {
        eprintln!("{name}: {off:.4} over {tolerance}");
    }
    eprintln!("{} of {n} cases agree", n - worst.len());
    assert!(univariate::MEMBERS.len() == 7);
    assert!(worst.is_empty());
}
