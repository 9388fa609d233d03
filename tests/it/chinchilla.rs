//! The Chinchilla fit from the outside: the optimum, its uncertainty, a user's own file, and what
//! is refused. The numbers are those of two independent solvers and of the paper's authors.

use std::path::Path;

use chipcast::cells::Cells;
use chipcast::scaling::chinchilla::{Fit, Resampling, RunColumns, TrainingRun, runs};
use chipcast::units::Flop;
use serde_json::Value;

use crate::support::{Run, chipcast, shared};

const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/datasets/chinchilla.csv");

/// `scale law --fit` on a file, with more arguments.
fn fit(file: &str, more: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    chipcast(folder.path(), &[&["scale", "law", "--fit", file][..], more].concat())
}

fn document(file: &str, more: &[&str]) -> Value {
    let run = fit(file, &[more, &["--format", "json"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The 240 runs that Besiroglu et al. fit.
fn runs_240() -> Vec<TrainingRun> {
    let text = std::fs::read_to_string(BUNDLED).expect("bundled");
    let cells = Cells::csv("chinchilla.csv", &text).expect("bundled");
    let mut runs = runs(&cells, &RunColumns::default()).expect("bundled");
    runs.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    runs.truncate(240);
    runs
}

#[test]
fn the_true_optimum_with_its_standard_errors() {
    let found = document(BUNDLED, &["--law", "chinchilla", "--drop-highest-losses", "5"]);
    assert_eq!(found["n"], 240);
    assert_eq!((&found["bootstraps"], &found["bootstraps_unsettled"]), (&4000.into(), &0.into()));
    assert_eq!(format!("{:.9}", number(&found["objective"])), "0.001018274");
    // The lowest and highest digits of two independent solvers.
    let optima = [
        ("A", 477.825, 477.835),
        ("B", 2143.35, 2143.95),
        ("E", 1.817_215, 1.817_225),
        ("alpha", 0.347_305, 0.347_315),
        ("beta", 0.367_165, 0.367_175),
    ];
    let errors = [123.2, 1280.9, 0.0255, 0.0152, 0.0205];
    let rows = found["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 5);
    for ((row, (name, low, high)), error) in rows.iter().zip(optima).zip(errors) {
        assert_eq!(row["parameter"], name);
        let estimate = number(&row["estimate"]);
        assert!((low..high).contains(&estimate), "{row}");
        assert!((number(&row["standard_error"]) / error - 1.0).abs() < 0.1, "{row}");
        assert!(number(&row["lower_95"]) < estimate && estimate < number(&row["upper_95"]));
    }
}

#[test]
fn what_follows_from_the_fit_and_how_far_the_published_laws_lie() {
    let found = document(BUNDLED, &["--drop-highest-losses", "5"]);
    let exponent = &found["derived"][0];
    assert_eq!(format!("{:.3}", number(&exponent["estimate"])), "0.514");
    // 0.481 to 0.556 by another stream of 1,000 resamples.
    assert!((number(&exponent["lower_95"]) - 0.481).abs() < 0.003, "{exponent}");
    assert!((number(&exponent["upper_95"]) - 0.556).abs() < 0.003, "{exponent}");
    assert_eq!(format!("{:.1}", number(&found["derived"][1]["estimate"])), "17.9");
    let published = found["published"].as_array().expect("laws");
    let law = |name: &str| published.iter().find(|law| law["law"] == name).expect("published");
    assert!(number(&law("besiroglu")["standard_errors"]) < 0.1);
    let words = law("besiroglu")["words"].as_str().expect("words");
    assert!(words.contains("within 0.1 standard error"), "{words}");
    assert!(number(&law("hoffmann")["standard_errors"]) > 3.0, "{published:?}");
    let run = fit(BUNDLED, &["--drop-highest-losses", "5", "--bootstraps", "50"]);
    assert!(run.out.contains("`besiroglu` lies within 0."), "{}", run.out);
}

#[test]
fn another_file_with_other_names_of_columns() {
    let Some(shared) = shared() else { return };
    let file = shared.join("data/raw/scaling/chinchilla_svg_extracted_data.csv");
    let file = file.to_str().expect("a path");
    let more = ["--drop-highest-losses", "5", "--bootstraps", "20"];
    let map = ["--map", "parameters=Model Size,flop=Training FLOP,loss=loss"];
    let mapped = document(file, &[&more[..], &map].concat());
    assert_eq!(mapped["rows"], document(BUNDLED, &more)["rows"], "the same runs");
    assert_eq!(mapped["rows"], document(file, &more)["rows"], "known names need no map");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let runs = runs_240();
    let fit = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads");
        let resampling = Resampling { seed: 5, n_bootstraps: 60 };
        pool.install(|| Fit::new("runs", &runs, resampling)).expect("240 runs")
    };
    let (one, three) = (fit(1), fit(3));
    assert_eq!((&one.refits, one.estimates()), (&three.refits, three.estimates()));
    assert!(one.refits[0] != one.refits[1]);
    assert!(one.tokens_per_parameter(Flop(0.0)).is_err());
}

#[test]
fn rows_as_csv_and_the_seed() {
    let csv =
        |seed: &str| fit(BUNDLED, &["--format", "csv", "--bootstraps", "10", "--seed", seed]).out;
    let first = csv("1");
    let mut lines = first.lines();
    assert_eq!(lines.next(), Some("parameter,estimate,standard_error,lower_95,upper_95"));
    assert_eq!(lines.count(), 5);
    assert_eq!(first, csv("1"));
    assert_ne!(first, csv("2"));
}

/// A file that is refused: exit code 2, what stderr names, and a hint.
fn refused(folder: &Path, text: &str, more: &[&str], named: &str) {
    let file = folder.join("runs.csv");
    std::fs::write(&file, text).expect("written");
    let run = fit(file.to_str().expect("a path"), more);
    assert_eq!(run.code, 2, "{named}: {} {}", run.err, run.out);
    assert!(run.err.contains(named), "`{named}` is not named in {}", run.err);
    assert!(run.err.contains("\nhint: ") && run.out.is_empty(), "{}", run.err);
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |text: &str, more: &[&str], named: &str| {
        refused(folder.path(), text, more, named);
    };
    let rows = |n: u32| {
        let row =
            |i: u32| format!("{}e8,{}e18,{}\n", i + 1, 2 * i * i + 3, 4.0 - 0.1 * f64::from(i));
        let rows: String = (0..n).map(row).collect();
        format!("parameters,training_compute_flop,loss\n{rows}")
    };
    refused(
        "size,flop,loss\n1,2,3\n",
        &[],
        "column `parameters` is missing; found `size,flop,loss`",
    );
    refused(&rows(3).replace("2e8", "two"), &[], "line 3, column `parameters`: found `two`");
    refused(&rows(3).replace("5e18", "-5e18"), &[], "needed a number above 0");
    refused(&rows(9), &[], "a Chinchilla law needs 10 runs; 9 are left");
    refused(&rows(12), &["--drop-highest-losses", "3"], "9 are left");
    refused(&rows(12), &["--drop-highest-losses", "13"], "13 runs are to be dropped");
    refused(&rows(12), &["--law", "kaplan"], "law `kaplan` cannot be fitted");
    refused(&rows(12), &["--map", "loss"], "`loss` in the column map has no `=`");
    refused(&rows(12), &["--map", "size=loss"], "`size` in the column map");
    refused(&rows(12), &["--bootstraps", "1"], "1 bootstraps asked");
    let same = "1e9,1e20,3\n".repeat(12);
    refused(&format!("parameters,flop,loss\n{same}"), &[], "needs 3 different N");
    let run = fit("nothing.csv", &[]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("`nothing.csv` cannot be read"), "{}", run.err);
}
