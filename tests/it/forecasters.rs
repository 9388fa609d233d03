//! What every model keeps: periods in order, quantiles in order, the same bits from the same seed, and
//! a clear word where too little is known.

use chipcast::Error;
use chipcast::forecast::backtest::Book;
use chipcast::forecast::skill::RefusalCode;
use chipcast::forecast::{Forecaster, engine};
use chipcast::ingest::bundled;
use chipcast::period::Period;

use crate::leakage::panel;
use crate::support::{archive, day, id, quarter, row};

#[test]
fn every_model_keeps_the_contract() {
    let archive = archive(panel(), "2026-01-01");
    let snapshot = archive.as_of(day("2020-06-01")).expect("known");
    let target = id("msft.capex_cash");
    let mut answered = 0;
    for model in engine::models().iter().copied() {
        let book = Book::new(&snapshot, 4).expect("a horizon");
        let forecast = match book.forecast(model, &target) {
            Ok(forecast) => forecast,
            Err(Error::Insufficient(_)) => continue,
            Err(error) => panic!("{}: {error}", model.name()),
        };
        answered += 1;
        assert_eq!(forecast.origin, day("2020-06-01"));
        for (step, ahead) in forecast.steps.iter().zip(0_u32..) {
            assert_eq!(step.period, quarter(40 + ahead), "{}", model.name());
            assert!(step.median.is_finite() && step.median > 0.0);
            let levels = (1..100_u32).map(|p| step.quantiles.at(f64::from(p) / 100.0));
            let values: Vec<_> = levels.collect();
            assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "{}", model.name());
        }
        assert_eq!(forecast.draws(3, 100), forecast.draws(3, 100));
        assert_ne!(forecast.draws(3, 100), forecast.draws(4, 100), "{}", model.name());
    }
    assert_eq!(answered, engine::models().len() - 3, "all but those that need a guide");
}

#[test]
fn what_is_asked_further_ahead_changes_nothing_nearer() {
    let archive = bundled::archive().expect("the bundled data read");
    let days = ["2019-09-01", "2020-06-01", "2022-03-01", "2024-08-01", "2026-09-24"];
    for day in days.map(day) {
        let known = archive.as_of(day).expect("known");
        for series in ["nvda.revenue.data_center", "nvda.revenue", "msft.capex_cash"].map(id) {
            for model in engine::models() {
                let (Ok(near), Ok(far)) =
                    (model.path(&known, &series, 1), model.path(&known, &series, 39))
                else {
                    continue;
                };
                let n = near.steps.len().min(far.steps.len());
                assert_eq!(near.steps[..n], far.steps[..n], "{} of {series}", model.name());
            }
        }
    }
}

#[test]
fn the_same_world_has_the_same_common_shock_in_every_company() {
    let archive = archive(panel(), "2026-01-01");
    let snapshot = archive.as_of(day("2020-06-01")).expect("known");
    let book = Book::new(&snapshot, 1).expect("a horizon");
    let draws = |series: &str| {
        let model: &'static dyn Forecaster = engine::model("chipcast").expect("a model");
        let forecast = book.forecast(model, &id(series)).expect("an answer");
        (forecast.draws(0, 4_000).remove(0), forecast.dependence.common_share)
    };
    let ((one, share), (other, _)) = (draws("msft.capex_cash"), draws("googl.capex_cash"));
    let ranks = |values: &[f64]| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        let mut ranks = vec![0.0; values.len()];
        for (rank, at) in (0_u32..).zip(order) {
            ranks[at] = f64::from(rank) - 1999.5;
        }
        ranks
    };
    let (one, other) = (ranks(one.values()), ranks(other.values()));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let correlation = dot(&one, &other) / (dot(&one, &one) * dot(&other, &other)).sqrt();
    // A Gaussian copula of correlation c has a rank correlation of 6/π·asin(c/2).
    let expected = 6.0 / std::f64::consts::PI * (share / 2.0).asin();
    assert!(share > 0.1 && (correlation - expected).abs() < 0.05, "{correlation} {expected}");
}

#[test]
fn too_short_a_series_is_told_or_refused() {
    let rows = vec![row("acme.revenue", quarter(0), 1.0, day("2010-05-01"))];
    let archive = archive(rows, "2011-01-01");
    let snapshot = archive.as_of(day("2011-01-01")).expect("known");
    let book = Book::new(&snapshot, 2).expect("a horizon");
    let target = id("acme.revenue");
    for name in ["drift", "seasonal_naive", "ols", "guidance"] {
        let model = engine::model(name).expect("a model");
        let error = book.forecast(model, &target).expect_err("one value is too few");
        assert!(matches!(error, Error::Insufficient(_)), "{name}: {error}");
        assert!(error.to_string().contains("`acme.revenue`"), "{name}: {error}");
    }
    let model = engine::model("chipcast").expect("a model");
    let forecast = book.forecast(model, &target).expect("falls back");
    assert_eq!(forecast.model_used, "naive");
    assert!(forecast.fallback_reason.is_some());
    let refusal = forecast.steps[0].refusal.as_ref().expect("refused");
    assert_eq!(refusal.code, RefusalCode::ShortRecord);
    assert!(Book::new(&snapshot, 0).is_err() && Book::new(&snapshot, 41).is_err());
}

#[test]
fn a_constant_series_and_odd_periods_are_told_for_what_they_are() {
    let constant = (0..40).map(|idx| {
        let period = quarter(idx);
        row("acme.revenue", period, 7.0, period.end() + chrono::Days::new(30))
    });
    let weeks = (0..40_u64).map(|idx| {
        let start = day("2019-01-07") + chrono::Days::new(7 * idx);
        let week = Period::new(start, start + chrono::Days::new(6)).expect("a week");
        row("acme.weekly", week, 1.0, week.end())
    });
    let archive = archive(constant.chain(weeks).collect(), "2021-01-01");
    let snapshot = archive.as_of(day("2021-01-01")).expect("known");
    let book = Book::new(&snapshot, 1).expect("a horizon");
    let model = engine::model("chipcast").expect("a model");
    let forecast = book.forecast(model, &id("acme.revenue")).expect("an answer");
    let refusal = forecast.steps[0].refusal.as_ref().expect("refused");
    assert_eq!(refusal.code, RefusalCode::NoSkill);
    assert!(refusal.measured.contains("never wrong"), "{}", refusal.measured);
    let error = book.forecast(model, &id("acme.weekly")).expect_err("weeks have no calendar");
    assert!(error.to_string().contains("has 7 days"), "{error}");
}
