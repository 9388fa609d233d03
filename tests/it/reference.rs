//! Numbers against implementations that nobody here wrote: `tests/reference/python_packages.json`.

use chipcast::forecast::linear::least_squares;
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

#[test]
fn least_squares_agrees_with_scikit_learn() {
    let cases = cases();
    for name in ["LinearRegression_small_", "LinearRegression_few_"] {
        let case = &cases[name];
        let x: Vec<Vec<f64>> =
            case["input"]["X"].as_array().expect("rows").iter().map(numbers).collect();
        let rows: Vec<_> = x.into_iter().zip(numbers(&case["input"]["y"])).collect();
        let tests = case["input"]["X_test"].as_array().expect("rows");
        for (at, theirs) in tests.iter().zip(numbers(&case["output"]["predict"])) {
            let ours = least_squares(&rows, &numbers(at)).expect("enough rows");
            assert!((ours - theirs).abs() <= 1e-8 * theirs.abs().max(1.0), "{ours} {theirs}");
        }
    }
}
