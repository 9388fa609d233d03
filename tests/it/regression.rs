//! Estimators against scikit-learn and statsmodels: two cases kept beside the tests, and the whole set
//! where `../shared` is there.

use chipcast::forecast::regression::inference::{Correction, Covariance, least_squares};
use chipcast::forecast::regression::{Design, Estimator, Linear, fit};
use serde_json::Value;

use crate::support;

fn numbers(value: &Value) -> Vec<f64> {
    let values = value.as_array().expect("an array");
    values.iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("rows").iter().map(numbers).collect()
}

fn design(rows: &[Vec<f64>]) -> Design {
    let names = (0..rows[0].len()).map(|j| format!("x{j}")).collect();
    Design::new(names, rows).expect("a design")
}

/// The shared cases of a file; `None`, with a word, where the folder is not there.
fn shared(file: &str) -> Option<Vec<Value>> {
    Some(support::golden(file)?["cases"].as_array().expect("cases").clone())
}

/// Largest relative deviation, 1e-12 at least in the denominator.
fn deviation<'a>(pairs: impl Iterator<Item = (&'a f64, f64)>) -> f64 {
    pairs.map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs().max(1e-12)).fold(0.0, f64::max)
}

#[test]
fn least_squares_agrees_with_scikit_learn() {
    let cases: Value =
        serde_json::from_str(include_str!("../reference/python_packages.json")).expect("JSON");
    for name in ["LinearRegression_small_", "LinearRegression_few_"] {
        let case = &cases[name];
        let design = design(&matrix(&case["input"]["X"]));
        let y = numbers(&case["input"]["y"]);
        let line = fit(&Estimator::LeastSquares {}, &design, &y).expect("enough rows");
        let ours: Vec<f64> = matrix(&case["input"]["X_test"])
            .iter()
            .map(|row| line.predict(row).expect("as wide"))
            .collect();
        let worst = deviation(ours.iter().zip(numbers(&case["output"]["predict"])));
        assert!(worst < 1e-9, "{name}: {worst:e}");
        let all = Estimator::PartialLeastSquares { n_components: design.n_columns() };
        let pls = fit(&all, &design, &y).expect("fits");
        let worst = deviation(pls.coefficients.iter().zip(line.coefficients));
        assert!(worst < 1e-9, "partial least squares on all directions: {worst:e}");
    }
}

fn estimator(case: &Value) -> Estimator {
    let number = |key: &str| case["params"][key].as_f64().expect("a parameter");
    let name = case["name"].as_str().expect("a name");
    match name.split('_').next().expect("a word") {
        "LinearRegression" => Estimator::LeastSquares {},
        "Ridge" => Estimator::Ridge { penalty: number("alpha") },
        "BayesianRidge" => Estimator::BayesianRidge {},
        "Lasso" => Estimator::Lasso { penalty: number("alpha") },
        "ElasticNet" => {
            Estimator::ElasticNet { penalty: number("alpha"), l1_ratio: number("l1_ratio") }
        }
        "HuberRegressor" => {
            Estimator::Huber { epsilon: number("epsilon"), penalty: number("alpha") }
        }
        "QuantileRegressor" => {
            Estimator::Quantile { level: number("quantile"), penalty: number("alpha") }
        }
        other => panic!("`{other}` is not offered"),
    }
}

/// Closed forms to 1e-9, iterations to 1e-6. Huber's reference stops early (its own tolerance is 1e-4):
/// there our loss must not be above theirs.
#[test]
fn every_estimator_agrees_with_scikit_learn() {
    let Some(cases) = shared("linear_models.json") else { return };
    assert_eq!(cases.len(), 54);
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        let same = &case["input"]["same_input_as"];
        let input = cases.iter().find(|other| other["name"] == *same).unwrap_or(case);
        let (x, y) = (matrix(&input["input"]["X"]), numbers(&input["input"]["y"]));
        let estimator = estimator(case);
        let line = fit(&estimator, &design(&x), &y).expect("fits");
        let output = &case["output"];
        let theirs = Linear {
            intercept: output["intercept"].as_f64().expect("a number"),
            coefficients: numbers(&output["coef"]),
            scale: output["scale_"].as_f64(),
            ..line.clone()
        };
        // A coefficient that is zero there is zero here.
        let pairs = line.coefficients.iter().zip(theirs.coefficients.clone());
        let zeros = pairs.clone().filter(|(_, theirs)| theirs.abs() < 1e-10);
        assert!(zeros.into_iter().all(|(ours, _)| ours.abs() < 1e-9), "{name}");
        let mut worst = deviation(pairs.filter(|(_, theirs)| theirs.abs() >= 1e-10));
        worst = worst.max(deviation([(&line.intercept, theirs.intercept)].into_iter()));
        for (row, theirs) in
            matrix(&input["input"]["X_test"]).iter().zip(numbers(&output["predict"]))
        {
            let ours = line.predict(row).expect("as wide");
            worst = worst.max(deviation([(&ours, theirs)].into_iter()));
        }
        let tolerance = match estimator {
            Estimator::LeastSquares {} | Estimator::Ridge { .. } => 1e-9,
            Estimator::Huber { .. } => 2e-4,
            _ => 1e-6,
        };
        assert!(worst <= tolerance, "{name}: {worst:e}");
        if let Estimator::Huber { epsilon, penalty } = estimator {
            let loss = |line: &Linear| huber_loss(line, &x, &y, epsilon, penalty);
            assert!(loss(&line) <= loss(&theirs) * (1.0 + 1e-12), "{name}");
        }
    }
}

fn huber_loss(line: &Linear, x: &[Vec<f64>], y: &[f64], epsilon: f64, penalty: f64) -> f64 {
    let sigma = line.scale.expect("Huber has a scale");
    let losses = x.iter().zip(y).map(|(row, y)| {
        let size = (y - line.predict(row).expect("as wide")).abs();
        if size <= epsilon * sigma {
            sigma + size * size / sigma
        } else {
            sigma + 2.0 * epsilon * size - sigma * epsilon * epsilon
        }
    });
    losses.sum::<f64>() + penalty * line.coefficients.iter().map(|w| w * w).sum::<f64>()
}

fn covariance(case: &Value) -> Covariance {
    match case["name"].as_str().expect("a name") {
        "HC0" => Covariance::Hc0,
        "HC1" => Covariance::Hc1,
        "HC2" => Covariance::Hc2,
        "HC3" => Covariance::Hc3,
        name if name.starts_with("hac") => {
            let max_lag = case["params"]["maxlags"].as_u64().expect("a lag");
            let small = case["params"]["use_correction"].as_bool().expect("a choice");
            Covariance::NeweyWest {
                max_lag: usize::try_from(max_lag).expect("small"),
                correction: if small { Correction::SmallSample } else { Correction::None },
            }
        }
        _ => Covariance::Classic,
    }
}

#[test]
fn standard_errors_agree_with_statsmodels() {
    let Some(cases) = shared("ols_hac.json") else { return };
    assert_eq!(cases.len(), 13);
    let input = &cases[0]["input"];
    let (x, y) = (matrix(&input["X_with_const"]), numbers(&input["y"]));
    let shape = (x.len(), x[0].len());
    let array = ndarray::Array2::from_shape_fn(shape, |(i, j)| x[i][j]);
    for case in cases.iter().filter(|case| case["name"] != "quantreg_.5") {
        let weights = case["input"].get("weights").map(numbers);
        let ours = least_squares(array.view(), &y, weights.as_deref(), covariance(case))
            .expect("enough rows");
        let fit = ours.fit;
        let flat = |pairs: Vec<(f64, f64)>| pairs.into_iter().flat_map(|(a, b)| [a, b]).collect();
        let said: [(&str, Vec<f64>); 14] = [
            ("params", ours.coefficients.clone()),
            ("bse", ours.standard_errors.clone()),
            ("tvalues", ours.t_values.clone()),
            ("cov", ours.covariance.iter().copied().collect()),
            ("conf_int", flat(ours.intervals(0.95))),
            ("rsquared", vec![fit.r_squared]),
            ("rsquared_adj", vec![fit.r_squared_adjusted]),
            ("aic", vec![fit.aic]),
            ("bic", vec![fit.bic]),
            ("llf", vec![fit.log_likelihood]),
            ("fvalue", vec![fit.f_value]),
            ("f_pvalue", vec![fit.f_p_value]),
            ("mse_resid", vec![fit.residual_variance]),
            ("dw", vec![fit.durbin_watson]),
        ];
        let name = &case["name"];
        let theirs = |key: &str| match &case["output"][key] {
            Value::Null => Vec::new(),
            Value::Number(one) => vec![one.as_f64().expect("a number")],
            many if many[0].is_array() => matrix(many).concat(),
            many => numbers(many),
        };
        for (key, values) in &said {
            let worst = deviation(values.iter().zip(theirs(key)));
            assert!(worst <= 1e-9, "{name} {key}: {worst:e}");
        }
        for (ours, theirs) in ours.p_values.iter().zip(theirs("pvalues")) {
            assert!((ours - theirs).abs() <= 1e-9, "{name}: {ours} {theirs}");
        }
    }
}

/// The reference stops iterating early (1e-4); at the exact vertex the loss is not above its own.
#[test]
fn the_median_regression_is_at_least_as_good_as_that_of_statsmodels() {
    let Some(cases) = shared("ols_hac.json") else { return };
    let input = &cases[0]["input"];
    let (x, y) = (matrix(&input["X_with_const"]), numbers(&input["y"]));
    let rows: Vec<Vec<f64>> = x.iter().map(|row| row[1..].to_vec()).collect();
    let median = Estimator::Quantile { level: 0.5, penalty: 0.0 };
    let line = fit(&median, &design(&rows), &y).expect("fits");
    let case = cases.iter().find(|case| case["name"] == "quantreg_.5").expect("the case");
    let theirs = numbers(&case["output"]["params"]);
    let ours: Vec<f64> = std::iter::once(line.intercept).chain(line.coefficients).collect();
    let loss = |w: &[f64]| -> f64 {
        let fitted = |row: &[f64]| row.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
        x.iter().zip(&y).map(|(row, y)| (y - fitted(row)).abs()).sum()
    };
    assert!(loss(&ours) <= loss(&theirs));
    let worst = deviation(ours.iter().zip(theirs));
    assert!(worst < 2e-4, "{worst:e}");
}

#[test]
fn useless_columns_are_left_out_by_name_and_bad_input_is_told() {
    let rows: Vec<Vec<f64>> =
        (0..20).map(f64::from).map(|x| vec![x, 7.0, 2.0 * x + 1.0, x.sin(), x + x.sin()]).collect();
    let y: Vec<f64> = (0..20).map(|x| 3.0 + 2.0 * f64::from(x)).collect();
    let names = ["trend", "constant", "twice", "wave", "sum"].map(str::to_owned).to_vec();
    let design = Design::new(names.clone(), &rows).expect("a design");
    for estimator in [
        Estimator::LeastSquares {},
        Estimator::Ridge { penalty: 1e-9 },
        Estimator::BayesianRidge {},
        Estimator::Lasso { penalty: 1e-9 },
        Estimator::ElasticNet { penalty: 1e-9, l1_ratio: 0.5 },
        Estimator::PartialLeastSquares { n_components: 2 },
        Estimator::Huber { epsilon: 1.35, penalty: 0.0 },
        Estimator::Quantile { level: 0.5, penalty: 0.0 },
    ] {
        let line = fit(&estimator, &design, &y).expect("fits");
        let told: Vec<_> =
            line.left_out.iter().map(|l| format!("{}: {}", l.name, l.reason)).collect();
        let needed = [
            "constant: it is constant",
            "twice: it repeats `trend`",
            "sum: it follows from the columns before it",
        ];
        assert_eq!(told, needed, "{}", estimator.word());
        let at = line.predict(&[100.0, 7.0, 201.0, 0.0, 100.0]).expect("five columns");
        assert!((at - 203.0).abs() < 1e-3, "{}: {at}", estimator.word());
        assert!(line.predict(&[1.0]).is_err());
        assert!(fit(&estimator, &design, &y[1..]).is_err(), "lengths differ");
        let mut bad = y.clone();
        bad[3] = f64::NAN;
        assert!(fit(&estimator, &design, &bad).is_err());
        let constant = fit(&estimator, &design, &[5.0; 20]).expect("a constant target");
        assert!((constant.predict(&rows[4]).expect("as wide") - 5.0).abs() < 1e-6);
        let flat = Design::new(vec!["flat".to_owned()], &vec![vec![1.0]; 20]).expect("a design");
        let line = fit(&estimator, &flat, &y).expect("the mean alone");
        assert_eq!(line.coefficients, [0.0]);
        assert!(line.intercept >= 21.0 && line.intercept <= 23.0, "{}", line.intercept);
    }
    let error = Design::new(names, &[vec![1.0, 2.0, f64::INFINITY, 0.0, 0.0]]).expect_err("inf");
    assert!(error.to_string().contains("`twice` is inf in row 0"), "{error}");
    let few = Design::new(vec!["x".to_owned()], &[vec![1.0]]).expect("a design");
    let error = fit(&Estimator::LeastSquares {}, &few, &[1.0]).expect("the mean of one");
    assert_eq!(error.intercept, 1.0);
    let error = fit(&Estimator::Lasso { penalty: 0.0 }, &design, &y).expect_err("no penalty");
    assert!(error.to_string().contains("`penalty` of `lasso` is 0"), "{error}");
}
