//! Models chosen by specs: exact terms, no look-ahead at the ragged edge, weights, saved files, and the
//! commands that use them.

use chipcast::archive::{Archive, Snapshot};
use chipcast::forecast::engine;
use chipcast::forecast::history::History;
use chipcast::forecast::saved::Saved;
use chipcast::forecast::specified::spec::ModelSpec;
use chipcast::forecast::specified::{self, Specified};
use chipcast::forecast::{Forecaster, Path};
use chipcast::observation::Observation;
use chipcast::period::Period;
use chrono::{Days, NaiveDate};
use serde_json::Value;

use crate::leakage::panel;
use crate::support::{archive, chipcast, day, id, quarter, row};

const TARGET: &str = "msft.capex_cash";

fn known() -> Snapshot {
    archive(panel(), "2026-01-01").as_of(day("2020-06-01")).expect("known")
}

fn path(known: &Snapshot, model: &dyn Forecaster) -> Path {
    model.path(known, &id(TARGET), 4).expect("an answer")
}

#[test]
fn the_terms_of_every_linear_model_add_up_to_its_level() {
    let known = known();
    let history = History::of(&known, &id(TARGET), 1).expect("a history");
    let mut explained = 0;
    for model in engine::models() {
        let Ok(path) = model.path(&known, &id(TARGET), 4) else { continue };
        if path.terms.is_empty() {
            let not_linear = ["naive", "seasonal_naive", "ets", "theta", "univariate"];
            assert!(not_linear.contains(&model.name()), "{}", model.name());
            continue;
        }
        explained += 1;
        assert_eq!(path.terms.len(), path.steps.len(), "{}", model.name());
        for (step, terms) in path.steps.iter().zip(&path.terms) {
            let level = history.level(step.median, step.period);
            let sum: f64 = terms.iter().map(|term| term.value * term.weight).sum();
            assert!((level - sum).abs() < 1e-9, "{}: {level} {sum}", model.name());
        }
    }
    assert_eq!(
        explained,
        engine::models().len() - 8,
        "the linear ones but and three that need a guide"
    );
}

#[test]
fn terms_of_a_guided_path_add_up_on_the_bundled_data() {
    let archive = chipcast::ingest::bundled::archive().expect("the bundled data read");
    let known = archive.as_of(day("2026-09-01")).expect("known");
    let target = id("nvda.revenue");
    let history = History::of(&known, &target, 1).expect("a history");
    for name in ["guidance", "chipcast", "bridge", "ridge", "stacking"] {
        let model = engine::model(name).expect("a model");
        let path = model.path(&known, &target, 4).expect("an answer");
        for (step, terms) in path.steps.iter().zip(&path.terms) {
            let sum: f64 = terms.iter().map(|term| term.value * term.weight).sum();
            assert!((history.level(step.median, step.period) - sum).abs() < 1e-9, "{name}");
        }
        assert_eq!(path.terms.len(), path.steps.len(), "{name}");
    }
}

fn spec(text: &str) -> &'static Specified {
    Specified::kept(ModelSpec::read("t.toml", text).expect("a spec"))
}

/// A target whose quarterly growth is half its driver's growth in the same quarter, and a driver that
/// grows with a wave; months are public ten days after their end, quarters after thirty.
fn bridged(changed_after: Option<NaiveDate>) -> Archive {
    let month = |idx: u32| {
        let year = 2010 + i32::try_from(idx / 12).expect("small");
        Period::months(year, idx % 12 + 1, 1).expect("a month")
    };
    let level = |idx: u32| 10.0 + 0.01 * f64::from(idx) + 0.2 * (f64::from(idx) / 9.0).sin();
    let mut rows: Vec<Observation> = (0..123)
        .map(|idx| {
            let period = month(idx);
            row("acme.sales_monthly", period, level(idx).exp(), period.end() + Days::new(10))
        })
        .collect();
    rows.extend((0..40).map(|q| {
        let sum: f64 = (3 * q..3 * q + 3).map(|idx| level(idx).exp()).sum();
        let period = quarter(q);
        row("acme.revenue", period, sum.sqrt(), period.end() + Days::new(30))
    }));
    if let Some(cut) = changed_after {
        rows.iter_mut().filter(|row| row.vintage > cut).for_each(|row| row.value *= 1000.0);
    }
    archive(rows, "2026-01-01")
}

const BRIDGE: &str = "schema_version = 1\nname = \"own_bridge\"\nkind = \"bridge\"\n\
    driver = \"acme.sales_monthly\"\ndriver_lags = [0]\nestimator = \"least_squares\"\n\
    rows_per_coefficient = 5\n";

#[test]
fn a_bridge_learns_from_the_months_that_are_public_and_no_other() {
    let bridge = spec(BRIDGE);
    let (archive, target) = (bridged(None), id("acme.revenue"));
    let error = |as_of: NaiveDate| {
        let known = archive.as_of(as_of).expect("known");
        let path = bridge.path(&known, &target, 2).expect("an answer");
        assert_eq!(path.steps[0].model_used, "own_bridge");
        assert_eq!(path.steps[1].model_used, "pooled");
        let actual = archive.as_of(day("2026-01-01")).expect("known");
        let actual = History::of(&actual, &target, 1).expect("a history");
        let at = actual.periods.iter().position(|p| *p == path.steps[0].period).expect("came");
        (path.steps[0].median / actual.values[at]).ln().abs()
    };
    // The quarter of 2019-10 to 2019-12 while none and while all of its months are public.
    let last = quarter(39);
    let early = error(last.start() + Days::new(40 - 10));
    let late = error(last.end() + Days::new(15));
    assert!(late < 1e-3, "all three months: {late}");
    assert!(late < early && early < 0.1, "{early} {late}");
    for cut in [last.start() + Days::new(35), last.start() + Days::new(45), last.end()] {
        let said = |archive: &Archive| {
            let known = archive.as_of(cut).expect("known");
            let path = bridge.path(&known, &target, 4).expect("an answer");
            path.steps.iter().map(|step| step.median.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(said(&archive), said(&bridged(Some(cut))), "{cut}");
    }
    let known = archive.as_of(day("2015-01-01")).expect("known");
    let missing = spec(&BRIDGE.replace("acme.sales", "acme.nothing").replace("own_", "other_"));
    let told = missing.path(&known, &target, 1).expect_err("no driver").to_string();
    assert!(told.contains("`acme.nothing_monthly`: it is not in the archive"), "{told}");
}

#[test]
fn weights_of_combinations_are_shares_and_the_median_lies_between_its_members() {
    let known = known();
    for name in ["median", "inverse_error", "stacking"] {
        let model = engine::model(name).expect("a model");
        let path = path(&known, model);
        assert!(name == "stacking" || path.fallback_reason.is_none(), "{name}");
        for (step, terms) in path.terms.iter().enumerate() {
            let total: f64 = terms.iter().map(|term| term.weight).sum();
            assert!((total - 1.0).abs() < 1e-9, "{name}: {total}");
            assert!(terms.iter().all(|term| term.weight >= 0.0), "{name}");
            for term in terms {
                let member = engine::model(&term.name).expect("a member");
                let alone = &self::path(&known, member).steps[step];
                let history = History::of(&known, &id(TARGET), 1).expect("a history");
                let level = history.level(alone.median, alone.period);
                assert!((level - term.value).abs() < 1e-12, "{name} {}", term.name);
            }
        }
    }
    let early = archive(panel(), "2026-01-01").as_of(day("2011-06-01")).expect("known");
    let stacking = engine::model("stacking").expect("a model");
    let path = self::path(&early, stacking);
    let reason = path.fallback_reason.expect("too few origins to weigh by");
    assert!(reason.contains("fewer than 12 resolved origins"), "{reason}");
}

#[test]
fn a_saved_model_says_what_the_model_said_and_takes_new_rows() {
    let known = known();
    let target = id(TARGET);
    for model in specified::bundled() {
        let Ok(saved) = Saved::fit(model, &known, &target, 4) else {
            assert!(
                ["bridge", "few", "median", "inverse_error", "stacking"].contains(&model.name()),
                "{}",
                model.name()
            );
            continue;
        };
        let again = Saved::read(&saved.write().expect("writable")).expect("readable");
        assert_eq!(again, saved, "{}", model.name());
        let bits = |path: &Path| -> Vec<u64> {
            path.steps.iter().map(|step| step.median.to_bits()).collect()
        };
        let (one, other) = (path(&known, *model), again.path(&known, &target).expect("applies"));
        assert_eq!(bits(&one), bits(&other), "{}", model.name());
        let refitted = again.refit(&known, &target).expect("refits");
        assert_eq!(bits(&one), bits(&refitted), "{}", model.name());
    }
    let earlier = known.rewind(day("2019-06-01")).expect("earlier");
    let ridge = specified::bundled().iter().find(|m| m.name() == "ridge").expect("a model");
    let saved = Saved::fit(ridge, &earlier, &target, 2).expect("fits");
    let since = saved.since(&known, &target).expect("newer rows");
    assert_eq!(since.n_periods, 3, "2019Q2 to 2019Q4");
    assert!(since.mae.is_some_and(|mae| mae > 0.0 && mae < 1.0));
    let newer = saved.path(&known, &target).expect("applies");
    assert_eq!(newer.steps[0].period, quarter(40));
    let error = saved.path(&known, &id("tsmc.revenue_monthly")).expect_err("months have no panel");
    assert!(error.to_string().contains("was fitted on"), "{error}");
}

#[test]
fn a_spec_of_ones_own_runs_and_a_wrong_one_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |text: &str| std::fs::write(folder.path().join("mine.toml"), text).expect("written");
    let good = "schema_version = 1\nname = \"mine\"\nkind = \"regression\"\nestimator = \"ridge\"\n\
        grid = [3.0]\nlags = [1]\nfeatures = [\"season\"]\nrows_per_coefficient = 5\n";
    write(good);
    let run = |arguments: &[&str]| chipcast(folder.path(), arguments);
    let forecast = run(&["--format", "json", "forecast", "msft.capex_cash", "--spec", "mine.toml"]);
    assert!(forecast.code == 0 || forecast.code == 3, "{}", forecast.err);
    assert!(forecast.rows().iter().all(|row| row["model_id"] == "mine"), "{}", forecast.out);
    let arguments = ["backtest", "msft.capex_cash", "--spec", "mine.toml", "--models", "naive"];
    let backtest = run(&[&["--format", "json"], &arguments[..]].concat());
    let models: Vec<Value> = backtest.rows().iter().map(|row| row["model"].clone()).collect();
    assert!(models.contains(&"mine".into()) && models.contains(&"naive".into()), "{models:?}");
    for (text, named) in [
        (good.replace("season", "seasn"), "line 7"),
        (good.replace("\"mine\"", "\"ridge\""), "`name` is `ridge`, which is a built-in model"),
        (good.replace("grid = [3.0]\n", ""), "`grid` has 0 values"),
    ] {
        write(&text);
        let run = run(&["forecast", "msft.capex_cash", "--spec", "mine.toml"]);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(named) && run.err.contains("mine.toml"), "{named}: {}", run.err);
    }
}

#[test]
fn terms_means_and_saved_models_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| chipcast(folder.path(), arguments);
    let asked = ["--format", "json", "forecast", "nvda.revenue", "--horizon", "2"];
    let explained = run(&[&asked[..], &["--explain"]].concat()).rows();
    assert!(explained.iter().any(|row| row["term"] == "expected_surprise"));
    let keys: Vec<&String> = explained[0].as_object().expect("a row").keys().collect();
    assert_eq!(
        keys,
        ["contribution", "horizon", "origin_date", "series", "term", "value", "weight"]
    );
    let rows = run(&[&asked[..], &["--mean"]].concat()).rows();
    let value = |kind: &str| -> f64 {
        let row = rows.iter().find(|row| row["output_type"] == kind).expect("a row");
        row["value"].as_f64().expect("a number")
    };
    assert!((value("mean") / value("median") - 1.0).abs() < 0.1);
    let naive = run(&["forecast", "msft.capex_cash", "--model", "naive", "--explain"]);
    assert_eq!(naive.code, 2, "{}", naive.out);
    assert!(naive.err.contains("`naive` is no sum of terms"), "{}", naive.err);

    let saved = run(&["model", "save", "ridge", "nvda.revenue", "m.json", "--horizon", "2"]);
    assert_eq!((saved.code, saved.out.as_str()), (0, ""), "{}", saved.err);
    let shown = run(&["--format", "json", "model", "show", "m.json"]).rows();
    assert_eq!(shown[0]["term"], "intercept");
    let now = run(&["--format", "json", "model", "forecast", "m.json"]).rows();
    assert_eq!((now.len(), &now[0]["model_id"]), (2, &"ridge".into()));
    let file = folder.path().join("m.json");
    let text = std::fs::read_to_string(&file).expect("written");
    std::fs::write(&file, text.replace("\"horizon\": 2", "\"horizon\": 1")).expect("writable");
    let changed = run(&["model", "forecast", "m.json"]);
    assert_eq!(changed.code, 2);
    assert!(changed.err.contains("`m.json`: `digest` is"), "{}", changed.err);
    let kind = run(&["model", "save", "chipcast", "nvda.revenue", "n.json"]);
    assert_eq!(kind.code, 2);
    assert!(kind.err.contains("`chipcast` cannot be saved"), "{}", kind.err);
}
