//! The ledger: a simulated life, what a crash leaves, damage, two runs at once, a change of method.

use std::path::Path;

use chipcast::forecast::backtest::Book;
use chipcast::forecast::engine::Chipcast;
use chipcast::forecast::ledger::{Basis, Entry, Ledger, Row, Said};
use chipcast::forecast::{method, score};
use chipcast::ingest::bundled;
use chipcast::store::Store;
use chipcast::store::ledger::LedgerFile;
use serde_json::Value;

use crate::support::{archive, chipcast, day, id, quarter, row};

/// What `run` forecasts: ten series, four horizons.
const N_OF_A_RUN: usize = 40;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn run_as_of(folder: &Path, day: &str) -> crate::support::Run {
    let run = chipcast(folder, &["--as-of", day, "run", "--out", "reports"]);
    assert_eq!(run.code, 0, "{}", run.err);
    run
}

fn rows(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let run = chipcast(folder, &[&["--format", "json"], arguments].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    run.rows()
}

fn lines(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("data/ledger/ledger.jsonl")).expect("a ledger")
}

#[test]
fn a_life_of_four_runs_is_scored_as_by_hand() {
    let folder = folder();
    let days = ["2025-11-01", "2026-02-01", "2026-05-01", "2026-08-01"];
    for day in days {
        run_as_of(folder.path(), day);
    }
    let before = rows(folder.path(), &["ledger", "show", "--open"]).len();
    let resolved = rows(folder.path(), &["ledger", "resolve"]);
    assert!(!resolved.is_empty() && rows(folder.path(), &["ledger", "resolve"]).is_empty());
    assert!(rows(folder.path(), &["ledger", "show", "--open"]).len() < before);
    // By hand: the forecasts from the same days, and the first releases, straight from the data.
    let held = bundled::archive().expect("bundled data");
    let now = held.as_of(held.known_through()).expect("known");
    let (mut errors, mut naive_errors, mut inside) = (Vec::new(), Vec::new(), Vec::new());
    let target = id("nvda.revenue");
    let released = now.first_releases(&target).expect("a series");
    let shown = rows(folder.path(), &["ledger", "show", "nvda.revenue", "--resolved"]);
    for origin in days {
        let known = held.as_of(day(origin)).expect("known");
        let book = Book::new(&known, 4).expect("a horizon");
        let forecast = book.forecast(&Chipcast, &target).expect("a forecast");
        for step in forecast.steps.iter().filter(|step| step.refusal.is_none()) {
            let came = released.points.iter().find(|p| p.period == step.period);
            let Some(came) = came else { continue };
            errors.push((step.median / came.value).ln().abs());
            naive_errors.push((forecast.last_value / came.value).ln().abs());
            let (low, high) = step.quantiles.interval(0.8).expect("residuals are known");
            inside.push(f64::from(u8::from(low <= came.value && came.value <= high)));
            let same = |row: &&Value| {
                row["origin_date"] == origin && row["horizon"] == step.horizon as u64
            };
            let row = shown.iter().find(same).expect("in the ledger");
            assert_eq!(row["median"].as_f64(), Some(step.median));
            assert_eq!(row["actual"].as_f64(), Some(came.value));
            assert_eq!(row["error"].as_f64(), Some(came.value / step.median - 1.0));
        }
    }
    assert_eq!(shown.len(), errors.len());
    let measured = rows(folder.path(), &["ledger", "calibration", "nvda.revenue"]);
    let all = measured.iter().find(|row| row["horizon"] == "all").expect("all horizons");
    let mean = |values: &[f64]| score::mean(values).expect("some were scored");
    let near = |key: &str, value: f64| {
        let found = all[key].as_f64().expect("a number");
        assert!((found - value).abs() < 1e-12, "{key}: {found}, by hand {value}");
    };
    assert_eq!(all["n"].as_u64(), Some(errors.len() as u64));
    near("mae_log", mean(&errors));
    near("mae_log_naive", mean(&naive_errors));
    near("skill", 1.0 - mean(&errors) / mean(&naive_errors));
    near("coverage_80", mean(&inside));
    assert_eq!(all["basis"], "replayed", "the archive knew more than those days");
    assert!(errors.len() >= 10, "{} were scored", errors.len());
}

#[test]
fn the_same_run_again_adds_nothing_and_the_last_day_is_live() {
    let folder = folder();
    let run = chipcast(folder.path(), &["run", "--out", "reports"]);
    assert!(run.err.contains("40 forecasts were added to the ledger"), "{}", run.err);
    let first = lines(folder.path());
    for seed in ["0", "1"] {
        let again = chipcast(folder.path(), &["--seed", seed, "run", "--out", "reports"]);
        assert!(!again.err.contains("ledger"), "{}", again.err);
        assert_eq!(lines(folder.path()), first);
    }
    let shown = rows(folder.path(), &["ledger", "show"]);
    assert_eq!(shown.len(), N_OF_A_RUN);
    let refused: Vec<_> = shown.iter().filter(|row| !row["refusal"].is_null()).collect();
    assert!(!refused.is_empty());
    for row in refused {
        assert!(row["median"].is_null() && row["lower_80"].is_null() && row["error"].is_null());
        assert!(row["withheld"].as_f64().is_some_and(|value| value > 0.0), "kept for audit");
    }
    assert!(shown.iter().all(|row| row["basis"] == "live" && row["actual"].is_null()));
    let guided = shown.iter().find(|r| r["series"] == "nvda.revenue" && r["horizon"] == 1);
    assert_eq!(guided.expect("a row")["guide"].as_f64(), Some(108e9));
}

#[test]
fn reading_an_absent_ledger_says_so_and_writes_nothing() {
    let folder = folder();
    for arguments in [&["ledger", "show"][..], &["ledger", "resolve"], &["ledger", "calibration"]] {
        let run = chipcast(folder.path(), arguments);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(!run.err.is_empty(), "{arguments:?} says why there is nothing");
    }
    let run = chipcast(folder.path(), &["ledger", "show"]);
    assert!(run.err.contains("`chipcast run` adds"), "{}", run.err);
    assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 0);
}

#[test]
fn a_write_cut_short_is_told_and_removed_and_any_flipped_byte_is_named() {
    let folder = folder();
    run_as_of(folder.path(), "2026-05-01");
    let path = folder.path().join("data/ledger/ledger.jsonl");
    let whole = lines(folder.path());
    let mut torn = whole.clone();
    torn.extend_from_slice(&whole[whole.len() - 300..whole.len() - 20]);
    std::fs::write(&path, &torn).expect("writable");
    let show = chipcast(folder.path(), &["ledger", "show"]);
    assert_eq!(show.code, 0, "{}", show.err);
    assert!(show.err.contains("280 bytes of a write that was cut short"), "{}", show.err);
    assert_eq!(lines(folder.path()), torn, "a reading command mends nothing");
    run_as_of(folder.path(), "2026-08-01");
    let whole = lines(folder.path());
    assert!(!chipcast(folder.path(), &["ledger", "show"]).err.contains("cut short"));
    let file = LedgerFile::at(&folder.path().join("data"));
    let n_rows = file.read().expect("whole").rows.len();
    for at in (0..whole.len()).step_by(97) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        std::fs::write(&path, &flipped).expect("writable");
        let error = file.read().expect_err("a flipped byte").to_string();
        let line = whole[..at].split(|byte| *byte == b'\n').count();
        assert!(error.contains(&format!("line {line} is damaged: {n_rows} rows")), "{at}: {error}");
    }
    for command in [&["ledger", "show"][..], &["ledger", "calibration"], &["run"]] {
        let run = chipcast(folder.path(), command);
        assert_eq!(run.code, 2, "{command:?}");
        assert!(
            run.err.contains("ledger.jsonl` line ") && run.err.contains("hint: "),
            "{}",
            run.err
        );
    }
}

#[test]
fn two_runs_at_once_leave_each_forecast_once() {
    let folder = folder();
    run_as_of(folder.path(), "2026-05-01");
    let data = folder.path().join("data");
    {
        let store = Store::at(&data).expect("a folder");
        let _held = store.lock().expect("free");
        assert_eq!(chipcast(folder.path(), &["run"]).code, 5);
        let resolve = chipcast(folder.path(), &["ledger", "resolve"]);
        assert_eq!(resolve.code, 5, "{}", resolve.err);
        assert_eq!(chipcast(folder.path(), &["ledger", "show"]).code, 0, "reading needs no lock");
    }
    let codes: Vec<_> = std::thread::scope(|scope| {
        let start = |out: &'static str| {
            let folder = folder.path();
            scope.spawn(move || chipcast(folder, &["run", "--out", out]).code)
        };
        let runs = [start("one"), start("two"), start("three")];
        runs.map(|run| run.join().expect("no panic")).to_vec()
    });
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 5].contains(code)), "{codes:?}");
    let shown = rows(folder.path(), &["ledger", "show"]);
    assert_eq!(shown.len(), 2 * N_OF_A_RUN);
}

/// What was said of a made-up series as of a day.
fn said(origin: &str) -> Vec<Said> {
    let rows = (0..30).map(|idx| {
        let value = 1e9 * (0.03 * f64::from(idx) + 0.05 * f64::from(idx * 7 % 5)).exp();
        row("msft.capex_cash", quarter(idx), value, quarter(idx).end() + chrono::Days::new(30))
    });
    let held = archive(rows.collect(), "2020-01-01");
    let known = held.as_of(day(origin)).expect("known");
    let book = Book::new(&known, 2).expect("a horizon");
    let forecast = book.forecast(&Chipcast, &id("msft.capex_cash")).expect("a forecast");
    Said::of(&forecast, &known, "run", (Basis::Live, day(origin)))
}

#[test]
fn a_change_of_method_while_a_target_is_open_is_a_row_of_its_own() {
    let ledger = Ledger::default();
    let first = ledger.additions(said("2014-06-01"));
    assert!(matches!(first[..], [Row::Genesis { .. }, Row::Forecast(_), Row::Forecast(_)]));
    let ledger = ledger.with(first);
    assert!(ledger.additions(said("2014-06-01")).is_empty(), "held already");
    let under = |version: &str| -> Vec<Said> {
        let renamed = said("2014-06-02").into_iter();
        renamed.map(|s| Said { method_version: version.to_owned(), ..s }).collect()
    };
    let same = ledger.additions(under(method::version()));
    assert!(matches!(same[..], [Row::Forecast(_), Row::Forecast(_)]), "frozen, so no word of it");
    let other = "9.9.9/1/000000000000";
    let rows = ledger.additions(under(other));
    let [Row::MethodChange(change), Row::MethodChange(_), Row::Forecast(_), Row::Forecast(_)] =
        &rows[..]
    else {
        panic!("{rows:?}")
    };
    assert_eq!((change.from.as_str(), change.to.as_str()), (method::version(), other));
    assert!(change.reason.starts_with("the release (0.1.0 to 9.9.9)"), "{}", change.reason);
    let ledger = ledger.with(rows);
    let again = ledger
        .additions(under(other).into_iter().map(|s| Said { data: "x".into(), ..s }).collect());
    assert!(matches!(again[..], [Row::Forecast(_), Row::Forecast(_)]), "logged once");
    let changed: Vec<_> = ledger.entries().iter().map(|entry| entry.is_method_changed).collect();
    assert_eq!(changed, [false, false, true, true]);
}

#[test]
fn a_forecast_made_after_its_value_was_public_is_not_called_live() {
    let made_on = |made_on: &str| {
        let said = said("2014-06-01").into_iter().map(|s| Said { made_on: day(made_on), ..s });
        let ledger = Ledger::default();
        let rows = ledger.additions(said.collect());
        let ledger = ledger.with(rows);
        let later = archive(
            vec![row("msft.capex_cash", quarter(17), 1e9, day("2014-07-30"))],
            "2020-01-01",
        );
        let known = later.as_of(day("2015-01-01")).expect("known");
        let rows = ledger.resolutions(&known).expect("readable");
        assert!(matches!(&rows[..], [Row::Resolution(r)] if r.actual == 1e9), "{rows:?}");
        let ledger = ledger.with(rows);
        assert!(ledger.resolutions(&known).expect("readable").is_empty(), "once");
        let basis: Vec<_> = ledger.entries().iter().map(Entry::basis).collect();
        basis
    };
    assert_eq!(made_on("2014-07-29"), [Basis::Live, Basis::Live]);
    assert_eq!(made_on("2014-07-30"), [Basis::Replayed, Basis::Live], "the second is still open");
}

#[test]
fn a_run_says_that_the_method_changed() {
    let folder = folder();
    run_as_of(folder.path(), "2026-08-01");
    // The same ledger as an earlier version would have written it.
    let data = folder.path().join("data");
    let file = LedgerFile::at(&data);
    let old = file.read().expect("whole").rows;
    let old: Vec<_> =
        old.iter().map(|row| row.replace(method::version(), "0.0.9/1/000000000000")).collect();
    std::fs::remove_dir_all(data.join("ledger")).expect("there");
    let store = Store::at(&data).expect("a folder");
    file.append(&store.lock().expect("free"), &old).expect("written");
    let run = run_as_of(folder.path(), "2026-08-02");
    let is_told = run.err.contains("the method changed while ")
        && run.err.contains("were open: the release (0.0.9 to 0.1.0)");
    assert!(is_told, "{}", run.err);
    let show = chipcast(folder.path(), &["ledger", "show", "nvda.revenue"]);
    assert_eq!(show.out.matches("(changed)").count(), 4, "{}", show.out);
}

#[test]
fn the_page_keeps_forecasts_and_backtests_apart() {
    let folder = folder();
    let page = |arguments: &[&str]| {
        let run = chipcast(folder.path(), &[arguments, &["--out", "pages/p.html"]].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        std::fs::read_to_string(folder.path().join("pages/p.html")).expect("a page")
    };
    assert!(page(&["ledger", "calibration"]).contains("Nothing has been forecast yet"));
    let backtest = ["ledger", "calibration", "--backtest", "nvda.revenue", "--from", "2021-01-01"];
    let first = page(&backtest);
    assert!(first.contains("Pseudo real time: backtest") && first.contains("<svg"));
    assert!(!first.contains("Made before the value was known"));
    assert_eq!(page(&backtest), first, "byte by byte");
    run_as_of(folder.path(), "2026-02-01");
    run_as_of(folder.path(), "2026-09-24");
    let both = page(&["ledger", "calibration"]);
    assert!(both.contains("Made before the value was known"));
    assert!(both.contains("Pseudo real time: replayed from an earlier day"));
    let bases: std::collections::BTreeSet<_> = rows(folder.path(), &["ledger", "calibration"])
        .iter()
        .map(|row| row["basis"].as_str().expect("a word").to_owned())
        .collect();
    assert_eq!(bases.into_iter().collect::<Vec<_>>(), ["live", "replayed"]);
}

#[test]
fn every_file_of_constants_counts_as_method_or_belongs_to_another_part() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let of_others = [
        "assumptions.toml",
        "published_laws.toml",
        "scenarios",
        "pressure.toml",
        "precedents.toml",
        "capacity_words.toml",
    ];
    for entry in std::fs::read_dir(models).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_method = method::SPECS.iter().any(|(held, _)| *held == name);
        assert!(is_method || of_others.contains(&name.as_str()), "`{name}` is missing in SPECS");
    }
}
