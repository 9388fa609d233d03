//! `chipcast panel`: broken series among good ones, files, dates, and the rows that other programs read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chipcast::forecast::panel::{
    self, Asked, Cell, Ds, Lesson, Model, Outcome, Point, Refit, Series, Shard, Status, Windows,
};
use polars::prelude::{
    Column, DataFrame, Int32Chunked, Int64Chunked, IntoColumn, NewChunkedArray, ParquetWriter,
    TimeUnit, TimeZone,
};
use serde_json::Value;

use crate::support::{Run, chipcast};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn asked(horizon: usize, season: usize) -> Asked {
    Asked::new(Model::Chipcast, horizon, Some(season), vec![0.8, 0.95]).expect("in bounds")
}

/// A panel's series, and the forecasts of all of them.
fn series(panel: BTreeMap<String, Vec<Point>>) -> Vec<Series> {
    panel.into_iter().map(|(id, points)| Series::new(id, points)).collect()
}

fn forecast(panel: BTreeMap<String, Vec<Point>>, asked: &Asked) -> Vec<Outcome> {
    panel::forecast(&series(panel), asked, Shard::WHOLE)
}

/// A series with trend, season and odd noise, the same for the same number.
fn values(idx: u32, n: u32) -> Vec<f64> {
    let value = |t: u32| {
        let noise = f64::from((t * 73 + idx * 31 + t * t * (idx % 7)) % 29) - 14.0;
        let season = f64::from(t % 4) * f64::from(idx % 3);
        100.0 + f64::from(idx % 50) + 1.5 * f64::from(t) + season + 0.4 * noise
    };
    (0..n).map(value).collect()
}

fn points(values: &[f64]) -> Vec<Point> {
    let point = |(at, y): (i64, &f64)| Point { ds: Ok(Ds::Number(at)), y: Cell::Value(*y) };
    (1..).zip(values).map(point).collect()
}

/// Every way to be odd; the first half fails, the rest gets numbers.
fn odd(kind: u32) -> Vec<Point> {
    let mut odd = points(&values(kind, 30));
    match kind % 12 {
        0 => odd[3].y = Cell::Value(f64::INFINITY),
        1 => odd[3].y = Cell::Unreadable,
        2 => odd.extend_from_within(4..5),
        3 => odd[3].ds = Err("soon".to_owned()),
        4 => odd.iter_mut().for_each(|point| point.y = Cell::Missing),
        5 => odd.iter_mut().for_each(|point| point.y = Cell::Value(f64::NAN)),
        6 => odd.iter_mut().for_each(|point| point.y = Cell::Value(0.0)),
        7 => odd = points(&(0_u32..300).map(|t| (2.2 * f64::from(t)).exp()).collect::<Vec<_>>()),
        8 => odd = points(&[1e308, -1e308, 1e-300, 0.0].repeat(9)),
        9 => odd.truncate(1),
        10 => odd[20].y = Cell::Missing,
        _ => odd = points(&[f64::MAX; 20]),
    }
    odd
}

fn panel(n_good: u32, n_odd: u32) -> BTreeMap<String, Vec<Point>> {
    let good =
        (0..n_good).map(|idx| (format!("good {idx:05}"), points(&values(idx, 20 + idx % 5))));
    let odd = (0..n_odd).map(|idx| (format!("odd {idx:03}"), odd(idx)));
    good.chain(odd).collect()
}

fn good(outcomes: &[Outcome]) -> Vec<&Outcome> {
    outcomes.iter().filter(|outcome| outcome.unique_id.starts_with("good")).collect()
}

#[test]
fn a_hundred_broken_series_of_ten_thousand_change_no_bit_of_the_others() {
    let broken = |idx: u32| (format!("odd {idx:03}"), odd(idx % 6));
    let alone = panel(9_900, 0);
    let mut both = alone.clone();
    both.extend((0..100).map(broken));
    let (alone, both) = (forecast(alone, &asked(2, 1)), forecast(both, &asked(2, 1)));
    assert_eq!(both.len(), 10_000);
    assert_eq!(good(&both), alone.iter().collect::<Vec<_>>());
    let failed = both.iter().filter(|outcome| outcome.status == Status::Failed);
    assert_eq!(failed.filter(|outcome| outcome.reason.is_some()).count(), 100);
}

/// Series that get numbers and a word of warning, or explode.
fn doubtful(kind: u32) -> Vec<Point> {
    let mut doubtful = points(&values(kind, 40));
    match kind % 4 {
        0 => drop(doubtful.drain(4..9)),
        1 => doubtful[20].y = Cell::Value(f64::NAN),
        2 => (0_i32..).zip(&mut doubtful).for_each(|(t, point)| {
            point.y = Cell::Value(10_f64.powi(7 * t).min(1e300));
        }),
        _ => doubtful.truncate(5),
    }
    doubtful
}

#[test]
fn gappy_short_and_exploding_series_change_no_bit_of_the_others() {
    let alone = panel(300, 0);
    let mut both = alone.clone();
    both.extend((0..60).map(|idx| (format!("odd {idx:03}"), doubtful(idx))));
    let (alone, both) = (forecast(alone, &asked(4, 4)), forecast(both, &asked(4, 4)));
    assert_eq!(good(&both), alone.iter().collect::<Vec<_>>());
    assert!(both.iter().all(|outcome| outcome.status != Status::Failed));
    // A good series beside one that explodes keeps an interval of its own size.
    let mut two = panel(1, 0);
    two.insert("odd".to_owned(), doubtful(2));
    let last = &forecast(two, &asked(4, 4))[0].steps[3];
    assert!(last.intervals[1].1 < 1_000.0, "{last:?}");
}

#[test]
fn one_value_says_little_however_well_the_others_go() {
    let line = |idx: u32| (format!("line {idx}"), points(&values(7 * idx, 24)));
    let mut panel: BTreeMap<_, _> = (0..40).map(line).collect();
    panel.insert("one".to_owned(), points(&[100.0]));
    let outcomes = forecast(panel, &asked(2, 1));
    let one = outcomes.iter().find(|outcome| outcome.unique_id == "one").expect("there");
    let (low, high) = one.steps[0].intervals[1];
    assert!(low < 90.0 && high > 110.0, "{one:?}");
}

#[test]
fn rows_without_a_series_fail_alone() {
    let folder = folder();
    let text = table(false) + ",2021-01-31,5\n,2021-02-28,x\n";
    std::fs::write(folder.path().join("t.csv"), text).expect("writable");
    let run = chipcast(folder.path(), &["--format", "json", "panel", "t.csv", "--horizon", "1"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let rows = run.rows();
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[0]["unique_id"], &rows[0]["status"]), (&"".into(), &"failed".into()));
    assert_eq!(rows[0]["fallback_reason"], "2 rows have no `unique_id`");
}

#[test]
fn numbers_with_a_point_are_steps_too() {
    let folder = folder();
    let rows: Vec<String> = (0..20).map(|t| format!("a,{t}.0,{}\n", t * t % 7)).collect();
    let rows = rows.concat();
    std::fs::write(folder.path().join("t.csv"), format!("unique_id,ds,y\n{rows}"))
        .expect("writable");
    let run = chipcast(folder.path(), &["--format", "json", "panel", "t.csv", "--horizon", "1"]);
    assert_eq!((run.code, &run.rows()[0]["ds"]), (0, &"20".into()), "{}", run.err);
}

#[test]
fn timestamps_of_a_parquet_file_may_be_in_utc_and_in_no_other_zone() {
    let folder = folder();
    let panel = |zone: &str| {
        let day = 86_400_000_000;
        let zone = TimeZone::opt_try_new(Some(zone)).expect("a zone");
        let at = Int64Chunked::from_iter_values("ds".into(), (0_i64..20).map(|t| t * day));
        let at = at.into_datetime(TimeUnit::Microseconds, zone).into_column();
        let id = Column::new("unique_id".into(), vec!["a"; 20]);
        let y = Column::new("y".into(), (0..20).map(f64::from).collect::<Vec<_>>());
        let mut frame = DataFrame::new(20, vec![id, at, y]).expect("columns of one length");
        let file = std::fs::File::create(folder.path().join("t.parquet")).expect("writable");
        ParquetWriter::new(file).finish(&mut frame).expect("written");
        chipcast(folder.path(), &["--format", "json", "panel", "t.parquet", "--horizon", "1"])
    };
    let run = panel("UTC");
    assert_eq!((run.code, &run.rows()[0]["ds"]), (0, &"1970-01-21T00:00:00".into()), "{}", run.err);
    let run = panel("America/New_York");
    assert_eq!(run.code, 2);
    assert!(run.err.contains("`ds` has the time zone `America/New_York`"), "{}", run.err);
}

#[test]
fn a_day_beyond_every_calendar_is_an_error_that_names_the_file() {
    let folder = folder();
    let day = Int32Chunked::from_slice("ds".into(), &[i32::MAX; 20]).into_date().into_column();
    let id = Column::new("unique_id".into(), vec!["a"; 20]);
    let y = Column::new("y".into(), vec![1.0; 20]);
    let mut frame = DataFrame::new(20, vec![id, day, y]).expect("columns of one length");
    let file = std::fs::File::create(folder.path().join("t.parquet")).expect("writable");
    ParquetWriter::new(file).finish(&mut frame).expect("written");
    let run = chipcast(folder.path(), &["panel", "t.parquet", "--horizon", "1"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("`t.parquet` is damaged"), "{}", run.err);
}

#[test]
fn every_series_has_a_status_and_numbers_unless_it_failed() {
    for season in [1, 4, 12] {
        for outcome in forecast(panel(20, 48), &asked(7, season)) {
            let id = &outcome.unique_id;
            assert_eq!(outcome.steps.is_empty(), outcome.status == Status::Failed, "{id}");
            assert_eq!(outcome.steps.is_empty(), outcome.model_used.is_empty(), "{id}");
            for step in &outcome.steps {
                let (narrow, wide) = (step.intervals[0], step.intervals[1]);
                for end in [narrow.0, narrow.1, wide.0, wide.1, step.yhat] {
                    assert!(end.is_finite(), "{id} {step:?}");
                }
                assert!(wide.0 <= narrow.0 && narrow.0 <= step.yhat, "{id} {step:?}");
                assert!(step.yhat <= narrow.1 && narrow.1 <= wide.1, "{id} {step:?}");
            }
        }
    }
}

#[test]
fn neither_the_order_of_rows_nor_the_number_of_threads_matters() {
    let sorted = panel(60, 0);
    let turned: BTreeMap<_, _> = sorted
        .iter()
        .map(|(id, points)| (id.clone(), points.iter().rev().cloned().collect::<Vec<_>>()))
        .collect();
    let in_pool = |n_threads: usize, panel: BTreeMap<String, Vec<Point>>| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads");
        pool.install(|| forecast(panel, &asked(5, 4)))
    };
    let one = in_pool(1, sorted);
    assert_eq!(one, in_pool(3, turned));
}

#[test]
fn a_panel_of_one_series_has_an_interval_that_grows() {
    let one = BTreeMap::from([("only".to_owned(), points(&values(3, 48)))]);
    let outcome = forecast(one, &asked(8, 4)).remove(0);
    assert_ne!(outcome.status, Status::Failed);
    let width = |idx: usize| outcome.steps[idx].intervals[1].1 - outcome.steps[idx].intervals[1].0;
    assert!(width(0) > 0.0 && width(7) > width(0), "{outcome:?}");
    let single = BTreeMap::from([("one".to_owned(), points(&[5.0]))]);
    let outcome = forecast(single, &asked(1, 1)).remove(0);
    assert_eq!((outcome.status, outcome.steps[0].yhat), (Status::Fallback, 5.0));
    assert!(outcome.steps[0].intervals[1].1 > 5.5, "one value says little: {outcome:?}");
}

/// Three good months-end series, and one that has a letter for a number.
fn table(broken: bool) -> String {
    let mut text = "unique_id,ds,y\n".to_owned();
    let ends = ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30"];
    let ends: Vec<_> = ends.iter().chain(&["10-31", "11-30", "12-31"]).collect();
    for id in ["a", "b", "=c()"] {
        for (at, y) in values(7, 36).iter().enumerate() {
            let year = [2021, 2022, 2023][at / 12];
            writeln!(text, "{id},{year}-{},{y}", ends[at % 12]).expect("text grows");
        }
    }
    text + if broken { "d,2021-01-31,x\n" } else { "" }
}

#[test]
fn rows_of_the_command_are_the_contract() {
    let folder = folder();
    std::fs::write(folder.path().join("t.csv"), table(true)).expect("writable");
    let run = chipcast(folder.path(), &["--format", "json", "panel", "t.csv", "--horizon", "2"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("4 series: 1 failed"), "{}", run.err);
    let rows = run.rows();
    assert_eq!(rows.len(), 8);
    let keys: Vec<_> = rows[0].as_object().expect("an object").keys().cloned().collect();
    let mut needed = vec!["unique_id", "ds", "step", "yhat", "lo", "hi", "coverage", "model_used"];
    needed.extend(["fallback_reason", "status"]);
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), needed.len());
    assert!(needed.iter().all(|key| keys.iter().any(|found| found == key)), "{keys:?}");
    let of = |id: &str| rows.iter().filter(|row| row["unique_id"] == id).collect::<Vec<_>>();
    assert_eq!(
        (&of("a")[0]["ds"], &of("a")[1]["ds"]),
        (&"2024-01-31".into(), &"2024-02-29".into())
    );
    assert_eq!((&of("a")[0]["coverage"], &of("a")[0]["step"]), (&0.95.into(), &1.into()));
    assert_eq!(of("d")[0]["status"], "failed");
    assert_eq!(of("d")[0]["fallback_reason"], "`y` at `2021-01-31` is not a number");
    assert_eq!((&of("d")[0]["yhat"], &of("d")[0]["lo"]), (&Value::Null, &Value::Null));
}

#[test]
fn csv_and_parquet_hold_the_same() {
    let folder = folder();
    std::fs::write(folder.path().join("t.csv"), table(false)).expect("writable");
    let panel = |file: &str, out: &str| {
        let coverages = ["--coverage", "0.8", "--coverage", "0.95"];
        let arguments = ["panel", file, "--horizon", "3", "--season", "12", "--out", out];
        let run = chipcast(folder.path(), &[&arguments[..], &coverages].concat());
        assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
        std::fs::read(folder.path().join(out)).expect("written")
    };
    let csv = panel("t.csv", "one.csv");
    let text = String::from_utf8(csv.clone()).expect("text");
    assert_eq!(text.lines().count(), 1 + 3 * 3 * 2);
    assert!(panel("t.csv", "one.parquet").starts_with(b"PAR1"));
    // What was written is a table that can be read again, as a panel of forecasts.
    let again = text.replacen("ds,step,yhat", "ds,step,y", 1);
    std::fs::write(folder.path().join("again.csv"), again).expect("writable");
    let run = chipcast(folder.path(), &["panel", "again.csv", "--horizon", "1"]);
    assert_eq!(run.code, 1, "two coverages make each day stand twice: {}", run.err);
    assert_eq!(csv, panel("t.csv", "two.csv"));
}

#[test]
fn what_cannot_be_read_or_asked_is_an_error() {
    let folder = folder();
    std::fs::write(folder.path().join("t.csv"), "id,ds,y\na,1,2\n").expect("writable");
    std::fs::write(folder.path().join("empty.csv"), "unique_id,ds,y\n").expect("writable");
    let error = |arguments: &[&str], named: &str| {
        let run = chipcast(folder.path(), &[&["panel"], arguments].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
        assert!(run.err.contains(named), "`{named}` is not in {}", run.err);
    };
    error(&["t.csv", "--horizon", "2"], "column `unique_id` is missing");
    error(&["empty.csv", "--horizon", "2"], "`empty.csv` has no rows");
    error(&["none.csv", "--horizon", "2"], "none.csv");
    error(&["t.csv", "--horizon", "0"], "horizon 0");
    error(&["t.csv", "--horizon", "1", "--season", "0"], "season 0");
    error(&["t.csv", "--horizon", "1", "--coverage", "95"], "0.95");
    error(&["t.csv", "--horizon", "1", "--out", "x.txt"], "`x.txt`");
}

/// The rows of the command over a file, in a format, or what `--out` wrote.
fn written(folder: &tempfile::TempDir, arguments: &[&str], out: &str) -> Vec<u8> {
    let out = folder.path().join(out);
    let mut all = vec!["panel", "panel.csv", "--horizon", "3"];
    let text = out.display().to_string();
    all.extend(arguments);
    all.extend(["--out", &text]);
    let output = chipcast(folder.path(), &all);
    assert_eq!(output.code, 0, "{}", output.err);
    std::fs::read(out).expect("written")
}

fn merged(folder: &tempfile::TempDir, files: &[&str], out: &str) -> Run {
    let mut all = vec!["merge"];
    all.extend(files);
    all.extend(["--out", out]);
    chipcast(folder.path(), &all)
}

#[test]
fn shards_put_together_are_the_bytes_of_one_run() {
    let folder = folder();
    let mut text = "unique_id,ds,y\n".to_owned();
    for idx in 0..24 {
        for (at, y) in values(idx, 30).iter().enumerate() {
            writeln!(text, "\"s, {idx}\",{at},{y}").expect("text grows");
        }
    }
    std::fs::write(folder.path().join("panel.csv"), text).expect("written");
    for (ending, more) in [("csv", vec![]), ("parquet", vec!["--windows", "2"])] {
        let whole = written(&folder, &more, &format!("whole.{ending}"));
        let mut files = Vec::new();
        for nth in ["3/3", "1/3", "2/3"] {
            let name = format!("shard{}.{ending}", &nth[..1]);
            let mut arguments = more.clone();
            arguments.extend(["--shard", nth]);
            assert!(written(&folder, &arguments, &name).len() < whole.len());
            files.push(name);
        }
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let out = format!("merged.{ending}");
        assert_eq!(merged(&folder, &files, &out).code, 0);
        assert!(std::fs::read(folder.path().join(&out)).expect("written") == whole, "{ending}");

        let missing = merged(&folder, &files[..2], &out);
        let words = missing.err;
        assert!(words.contains("is not one of 2 shards: it holds series of several"), "{words}");
        let twice = merged(&folder, &[files[0], files[1], files[1]], &out);
        let words = twice.err;
        assert!(words.contains("are the same shard"), "{words}");
    }
}

#[test]
fn a_lesson_answers_for_a_series_alone_as_the_panel_does() {
    let panel = series(panel(60, 24));
    for model in [Model::Chipcast, Model::read("AutoETS").expect("offered")] {
        let asked = Asked { model, ..asked(3, 4) };
        let whole = panel::forecast(&panel, &asked, Shard::WHOLE);
        let mut turned = panel.clone();
        turned.reverse();
        let text = panel::learn(&turned, &asked).to_json();
        let lesson = Lesson::from_json(&text).expect("as written");
        for (series, outcome) in panel.iter().zip(&whole) {
            assert_eq!(&lesson.answer(series), outcome);
        }
    }
    let error = Lesson::from_json("{}").expect_err("nothing in it");
    assert!(error.to_string().starts_with("not what a panel has taught"));
}

#[test]
fn every_model_has_a_past_and_intervals_that_hold() {
    let panel: Vec<_> =
        (0..80).map(|idx| Series::new(format!("{idx:02}"), points(&values(idx, 48)))).collect();
    let windows = Windows { n_windows: 4, step_size: 2, refit: Refit::Every(2) };
    // A mean of all values is further below a rising series at each origin than at any before.
    let trusted = Model::all().filter(|model| model.name() != "HistoricAverage");
    for model in trusted {
        let asked = Asked { model, ..asked(4, 4) };
        let found = panel::cross_validate(&panel, &asked, &windows, Shard::WHOLE).expect("valid");
        assert_eq!(found.len(), 80 * 4);
        let (mut inside, mut n) = (0_u32, 0_u32);
        for window in &found {
            assert_eq!(window.outcome.status, Status::Good, "{:?}", window.outcome);
            for (step, actual) in window.outcome.steps.iter().zip(&window.actual) {
                let (low, high) = step.intervals[0];
                inside += u32::from((low..=high).contains(actual));
                n += 1;
            }
        }
        let share = f64::from(inside) / f64::from(n);
        assert!((0.7..0.95).contains(&share), "{}: {share}", model.name());
    }
}

#[test]
fn a_nearly_exact_fit_has_no_interval_out_of_all_proportion() {
    // The values span 26. Without a bound on the scale an 80% interval was 2,375 wide; with it the widest is 106,
    // still more than it should be.
    let y: Vec<f64> = (0_u32..24).map(|t| f64::from(t % 4 + t + 24)).collect();
    for model in ["AutoETS", "Theta", "Chipcast"] {
        let model = Model::read(model).expect("offered");
        let panel = vec![Series::new("a", points(&y))];
        let outcome =
            panel::forecast(&panel, &Asked { model, ..asked(4, 4) }, Shard::WHOLE).remove(0);
        for step in &outcome.steps {
            let (low, high) = step.intervals[0];
            assert!(high - low < 237.5, "{}: {step:?}", model.name());
        }
    }
}
