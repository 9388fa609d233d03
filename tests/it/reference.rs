//! Numbers against implementations that nobody here wrote: `tests/reference/python_packages.json`.

use chipcast::forecast::score;
use serde_json::Value;

fn cases() -> Value {
    serde_json::from_str(include_str!("../reference/python_packages.json")).expect("JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("an array");
    values.iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3), "{ours} beside {theirs}");
}

#[test]
fn pinball_agrees_with_scoringrules() {
    let cases = cases();
    for name in ["pinball_0.05", "pinball_0.5", "pinball_0.9"] {
        let case = &cases[name];
        let level = case["params"]["alpha"].as_f64().expect("a level");
        let (y, f) = (numbers(&case["input"]["y"]), numbers(&case["input"]["f"]));
        for ((y, f), theirs) in y.iter().zip(&f).zip(numbers(&case["output"])) {
            close(score::pinball(level, *y, *f), theirs);
        }
    }
}

#[test]
fn wis_agrees_with_its_published_form() {
    let cases = cases();
    let case = &cases["weighted_interval_score"];
    let alphas = numbers(&case["params"]["alpha"]);
    let (y, median) = (numbers(&case["input"]["y"]), numbers(&case["input"]["median"]));
    for (i, theirs) in numbers(&case["output"]).into_iter().enumerate() {
        let (low, high) =
            (numbers(&case["input"]["lower"][i]), numbers(&case["input"]["upper"][i]));
        let mut quantiles = vec![(0.5, median[i])];
        for (k, alpha) in alphas.iter().enumerate() {
            quantiles.extend([(alpha / 2.0, low[k]), (1.0 - alpha / 2.0, high[k])]);
        }
        close(score::wis(y[i], &quantiles), theirs);
    }
}
