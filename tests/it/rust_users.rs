//! What a user of the crate leans on: features that are told, one version for crate and wheel, examples that
//! run, and fragments of a page for a notebook.

use std::path::Path;

use chipcast::archive::Snapshot;
use chipcast::forecast::Forecaster;
use chipcast::forecast::backtest::Book;
use chipcast::forecast::engine::Chipcast;
use chipcast::ingest::bundled;
use chipcast::report::desk::Desk;
use chipcast::report::{glance, html, lint};
use toml::Table;

use crate::own_model::{LastYearsGrowth, measured};
use crate::support::{archive, day, id, quarter, row};

fn manifest(path: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(path).expect("a manifest of the project");
    text.parse().expect("TOML")
}

#[test]
fn every_feature_is_told_in_the_documentation() {
    let manifest = manifest("Cargo.toml");
    let features = manifest["features"].as_table().expect("features");
    let told = include_str!("../../src/lib.rs");
    for feature in features.keys() {
        assert!(told.contains(&format!("//! | `{feature}` |")), "no row for `{feature}` in lib.rs");
    }
}

#[test]
fn crate_and_wheel_have_one_version_and_one_oldest_compiler() {
    let (root, python) = (manifest("Cargo.toml"), manifest("python/Cargo.toml"));
    let wheel = manifest("python/pyproject.toml");
    let shared = root["workspace"]["package"].as_table().expect("what both packages share");
    assert_eq!(shared["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(shared["rust-version"].as_str(), Some(env!("CARGO_PKG_RUST_VERSION")));
    for package in [&root["package"], &python["package"]] {
        for key in ["version", "rust-version", "edition"] {
            assert_eq!(package[key]["workspace"].as_bool(), Some(true), "{key} stands twice");
        }
    }
    let project = wheel["project"].as_table().expect("a project");
    assert!(!project.contains_key("version"), "the wheel takes the version of its crate");
    let dynamic = project["dynamic"].as_array().expect("what the build tells");
    assert!(dynamic.iter().any(|key| key.as_str() == Some("version")));
}

#[test]
fn the_example_of_an_own_model_by_hand() {
    let values = [1.0, 2.0, 4.0, 8.0, 16.0];
    let rows = (0_u32..).zip(values).map(|(n, value)| {
        let published = day("2010-05-01") + chrono::Days::new(91 * u64::from(n));
        row("acme.revenue", quarter(n), value, published)
    });
    let known: Snapshot =
        archive(rows.collect(), "2012-12-31").as_of(day("2012-12-31")).expect("known");
    let path = LastYearsGrowth.path(&known, &id("acme.revenue"), 5).expect("five values");
    let medians: Vec<f64> = path.steps.iter().map(|step| step.median).collect();
    // 16 over 1 is a growth of 16 on the year: 2, 4, 8, 16 become 32, 64, 128, 256, and 32 becomes 512.
    assert_eq!(medians, [32.0, 64.0, 128.0, 256.0, 512.0]);
}

#[test]
fn the_example_of_an_own_model_runs_and_the_last_value_has_no_skill_over_itself() {
    let found = measured("msft.capex_cash").expect("a known series");
    assert_eq!(found.len(), 12);
    let of = |name: &str, horizon: usize| {
        let one = found.iter().find(|(model, h, _)| *model == name && *h == horizon);
        &one.expect("measured").2.all
    };
    for horizon in 1..=4 {
        assert_eq!(of("naive", horizon).skill, Some(0.0));
        let (own, engine) = (of("last_years_growth", horizon), of("chipcast", horizon));
        assert!(own.n >= 20 && engine.n >= own.n, "{} and {}", own.n, engine.n);
        assert!(own.mae_log > engine.mae_log, "four quarters tell less than the engine reads");
    }
}

#[test]
fn a_forecast_at_a_glance_passes_the_lint_and_stands_in_a_page_of_others() {
    let archive = bundled::archive().expect("bundled");
    let known = archive.as_of(day("2026-09-01")).expect("known");
    let book = Book::new(&known, 4).expect("a horizon");
    for series in Desk::main_series().expect("named") {
        let forecast = book.forecast(&Chipcast, &series).expect("a forecast");
        let report = glance::report(&known, "run", &forecast).expect("a report");
        assert_eq!(lint::problems(&report), Vec::<String>::new(), "{series}");
        let (front, body) =
            (html::front(&report).expect("clean"), html::body(&report).expect("clean"));
        assert!(front.len() < 20_000 && body.len() < 100_000, "{} {}", front.len(), body.len());
        assert!(body.contains("<svg") && !front.contains("<svg"));
        assert!(!body.contains("<script") && !body.contains("href=\"#source"));
        let fan = glance::fan(&known, "run", &forecast).expect("a fan");
        assert!(fan.starts_with("<svg xmlns") && !fan.contains("var(--"), "stands alone");
    }
}

#[test]
fn a_column_is_of_one_kind_in_every_table() {
    use chipcast::rows::{Kind, backtest, data, news, require, scale};
    let of_kind = |columns: &[&'static str], kind: Kind| -> Vec<&'static str> {
        columns.iter().copied().filter(|column| Kind::of(column) == kind).collect()
    };
    // Every measure of a backtest is a number or a count, and only its key is text.
    assert_eq!(of_kind(&backtest::COLUMNS, Kind::Text), ["series", "model"]);
    assert_eq!(of_kind(&backtest::COLUMNS, Kind::Integer), ["horizon", "n", "n_answered"]);
    let origin = of_kind(&backtest::ORIGIN_COLUMNS, Kind::Text);
    assert_eq!(origin, ["series", "model", "refusal", "model_used"]);
    let words = ["target", "model", "unit", "refusal", "finding"];
    assert_eq!(of_kind(&news::SUMMARY_COLUMNS, Kind::Text), words);
    assert_eq!(of_kind(&require::COLUMNS, Kind::Text), ["law", "quantity", "unit"]);
    assert_eq!(of_kind(&scale::MULTIPLE_COLUMNS, Kind::Text), ["law"]);
    let series = of_kind(&data::SERIES_COLUMNS, Kind::Date);
    assert_eq!(series, ["first", "last", "last_vintage"]);
}
