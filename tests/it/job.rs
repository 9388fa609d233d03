//! Jobs through the binary: what a run writes, when it is done once, and how it ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use chipcast::forecast::backtest::Book;
use chipcast::forecast::engine::Chipcast;
use chipcast::forecast::record::Truth;
use chipcast::ingest::bundled;
use chipcast::store::lock::JobLock;
use serde_json::Value;

use crate::support::{Run, chipcast, day, id};

const WEEKLY: &str = include_str!("../../examples/jobs/weekly.toml");
/// A job that is done soon: two series and no pages.
pub(crate) const SMALL: &str = "schema_version = 1\nname = \"small\"\nseed = 3\n\
    [[sources]]\nkind = \"bundled\"\n\
    [[forecasts]]\nseries = \"nvda.revenue\"\n[[forecasts]]\nseries = \"msft.capex_cash\"\nhorizon = 2\n";

pub(crate) fn with_job(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "job.toml", text);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("writable");
}

pub(crate) fn run_job(folder: &Path, more: &[&str]) -> Run {
    chipcast(folder, &[&["--format", "json", "job", "run", "job.toml"][..], more].concat())
}

pub(crate) fn told(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err))
}

/// Every file of a run but those that the clock writes.
pub(crate) fn files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(run)
        .expect("a run")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name != "attempt.json" && name != "lineage.jsonl")
        .map(|name| (name.clone(), std::fs::read(run.join(&name)).expect("a file")))
        .collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

#[test]
fn the_example_runs_offline_once_and_can_be_replayed() {
    let folder = with_job(WEEKLY);
    let at = |path: &str| folder.path().join(path);
    let run = run_job(folder.path(), &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    let summary = told(&run);
    let run_id = summary["run_id"].as_str().expect("an id").to_owned();
    let published = at("runs/weekly").join(&run_id);
    let manifest = json(&published.join("run.json"));
    assert_eq!(manifest["status"], "ok", "{}", manifest["notes"]);
    assert_eq!(manifest["run_key"]["job"], "weekly");
    assert_eq!(manifest["forecasts"].as_array().map(Vec::len), Some(4 + 4 + 3));
    assert_eq!(manifest["purchases"].as_array().map(Vec::len), Some(2));
    for output in manifest["outputs"].as_array().expect("outputs") {
        let bytes = std::fs::read(published.join(output["name"].as_str().expect("a name")));
        let hash = blake3::hash(&bytes.expect("written")).to_hex().to_string();
        assert_eq!(output["blake3"], hash.as_str());
    }
    let names: Vec<_> = files(&published).into_keys().collect();
    let pages =
        ["industry.html", "industry.json", "msft.html", "msft.json", "nvda.html", "nvda.json"];
    assert_eq!(names, [&["forecasts.csv"][..], &pages, &["run.json"]].concat());
    let table = std::fs::read_to_string(published.join("forecasts.csv")).expect("written");
    let forecast = ["--format", "csv", "--seed", "7", "forecast"];
    let printed = chipcast(
        folder.path(),
        &[
            &forecast[..],
            &["msft.capex_cash", "--horizon", "4", "--coverage", "0.5", "--coverage", "0.8"],
        ]
        .concat(),
    );
    let without_run = |line: &str| line.replacen(&run_id, "", 1);
    let of_msft = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains(",msft.capex_cash,")).map(without_run).collect()
    };
    let same: Vec<_> = of_msft(&table);
    assert!(same.len() > 4 && table.starts_with("model_id,target,origin_date,horizon,"));
    let printed: Vec<_> =
        printed.out.lines().filter(|l| l.contains(",msft.")).map(str::to_owned).collect();
    let values = |line: &String| line.split(',').take(9).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        same.iter().map(values).collect::<Vec<_>>(),
        printed.iter().map(values).collect::<Vec<_>>()
    );
    let latest = std::fs::read_link(at("runs/weekly/latest")).expect("a link");
    assert_eq!(latest.to_str(), Some(run_id.as_str()));
    assert_lineage(&std::fs::read_to_string(published.join("lineage.jsonl")).expect("written"));
    let figures = std::fs::read_to_string(at("chipcast.prom")).expect("written");
    assert!(figures.contains("chipcast_series{job=\"weekly\",status=\"ok\"} 3"), "{figures}");
    assert!(figures.contains("chipcast_last_run_exit_code{job=\"weekly\"} 0"), "{figures}");

    // The same key is done once: nothing is written, not even into the ledger.
    let before = (files(&published), std::fs::read(at("data/ledger/ledger.jsonl")).expect("kept"));
    let again = told(&run_job(folder.path(), &[]));
    assert_eq!((&again["is_earlier"], &again["run_id"]), (&Value::Bool(true), &summary["run_id"]));
    let after = (files(&published), std::fs::read(at("data/ledger/ledger.jsonl")).expect("kept"));
    assert!(before == after, "a run that was done is not done again");

    let replay = ["--format", "json", "replay", &run_id, "--out", "runs/weekly"];
    let replayed = chipcast(folder.path(), &replay);
    assert_eq!(replayed.code, 0, "{}{}", replayed.out, replayed.err);
    assert!(replayed.rows().iter().all(|row| row["verdict"] == "same"));

    // A run in another folder writes the same bytes; another seed is another run; `diff` reads both.
    let other = with_job(WEEKLY);
    let elsewhere = told(&run_job(other.path(), &[]));
    assert_eq!(elsewhere["run_id"], summary["run_id"]);
    assert!(files(&other.path().join("runs/weekly").join(&run_id)) == before.0);
    let seeded = Command::new(env!("CARGO_BIN_EXE_chipcast"))
        .current_dir(folder.path())
        .env("CHIPCAST_JOB__SEED", "8")
        .args(["--format", "json", "job", "run", "job.toml", "--as-of", "2026-08-01"])
        .output()
        .expect("run");
    let seeded: Value = serde_json::from_slice(&seeded.stdout).expect("JSON");
    let other_id = seeded["run_id"].as_str().expect("an id");
    assert_ne!(other_id, run_id);
    assert_eq!(std::fs::read_link(at("runs/weekly/latest")).expect("a link"), latest, "older day");
    let diff = ["--format", "json", "diff", other_id, &run_id, "--out", "runs/weekly"];
    let diff = chipcast(folder.path(), &diff);
    assert_eq!(diff.code, 0, "{}", diff.err);
    let listed = chipcast(folder.path(), &["--format", "json", "job", "list"]).rows();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|row| row["status"] == "ok" && row["attempts"] == 1), "{listed:?}");
}

/// The parts that the specification 2-0-2 requires of a run event.
fn assert_lineage(text: &str) {
    let events: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["eventType"].clone()).collect();
    assert_eq!(kinds, ["START", "COMPLETE"]);
    for event in &events {
        assert_eq!(event["run"]["runId"], events[0]["run"]["runId"]);
        let uuid = event["run"]["runId"].as_str().expect("an id");
        let parts: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{uuid}");
        for key in ["eventTime", "producer", "schemaURL"] {
            assert!(event[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
        }
        assert!(event["schemaURL"].as_str().is_some_and(|url| url.contains("/2-0-2/")));
        assert_eq!(
            (&event["job"]["namespace"], &event["job"]["name"]),
            (&Value::from("chipcast"), &Value::from("weekly"))
        );
        assert_eq!(event["inputs"].as_array().map(Vec::len), Some(3));
    }
    assert!(events[1]["outputs"].as_array().is_some_and(|outputs| outputs.len() == 7));
}

#[test]
fn the_published_schema_is_the_one_of_this_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let printed = chipcast(folder.path(), &["job", "schema"]).out;
    let published = include_str!("../../docs/job.schema.json");
    assert!(printed == published, "write it anew: chipcast job schema > docs/job.schema.json");
    let schema: Value = serde_json::from_str(published).expect("JSON");
    assert_eq!(schema["additionalProperties"], false);
    let table: toml::Table = WEEKLY.parse().expect("TOML");
    for key in table.keys() {
        assert!(schema["properties"].get(key).is_some(), "{key} is in the schema");
    }
}

#[test]
fn a_plan_says_what_a_run_does_and_writes_nothing() {
    let folder = with_job(WEEKLY);
    let plan = chipcast(folder.path(), &["--format", "json", "job", "plan", "job.toml"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    let names: Vec<_> = std::fs::read_dir(folder.path()).expect("there").flatten().collect();
    assert_eq!(names.len(), 1, "only the job file: {names:?}");
    let plan = told(&plan);
    assert_eq!(plan["next_times"].as_array().map(Vec::len), Some(5));
    let run = told(&run_job(folder.path(), &[]));
    assert_eq!(plan["run_id"], run["run_id"], "the plan names the run");
}

#[test]
fn late_data_are_marked_and_old_data_publish_nothing() {
    let rule = |warn: &str, error: &str| {
        format!(
            "{SMALL}[reports]\ncompanies = [\"nvda\"]\n[[alerts]]\nkind = \"stale\"\n\
             [[sinks]]\nkind = \"file\"\npath = \"alerts.jsonl\"\n\
             [[freshness]]\nseries = \"nvda.revenue\"\nwarn_after = \"{warn}\"\n\
             error_after = \"{error}\"\nagainst = \"as_of\"\n"
        )
    };
    let folder = with_job(&rule("5 days", "1000 days"));
    let run = run_job(folder.path(), &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    let first = told(&run);
    assert_eq!(first["status"], "degraded");
    assert!(run.err.contains("late: nvda.revenue: newest of 2026-"), "{}", run.err);
    let page = std::fs::read_to_string(
        folder.path().join("runs").join(first["run_id"].as_str().expect("an id")).join("nvda.html"),
    );
    assert!(page.expect("written").contains("older than this job"), "the page says so");
    write(folder.path(), "job.toml", &rule("5 days", "6 days"));
    let run = run_job(folder.path(), &[]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("nothing was published: nvda.revenue: newest of"), "{}", run.err);
    assert!(run.err.contains("days old, allowed are 6"), "{}", run.err);
    let latest = std::fs::read_link(folder.path().join("runs/latest")).expect("a link");
    assert_eq!(latest.to_str(), first["run_id"].as_str(), "`latest` does not move");
    let failed: Vec<_> =
        std::fs::read_dir(folder.path().join("runs/failed")).expect("kept").flatten().collect();
    assert_eq!(json(&failed[0].path().join("run.json"))["status"], "stale");
    // Late once, too old once: each change is told once.
    assert_eq!(run_job(folder.path(), &[]).code, 4);
    let alerts = std::fs::read_to_string(folder.path().join("alerts.jsonl")).expect("told");
    let states: Vec<Value> = alerts
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["state"].clone())
        .collect();
    assert_eq!(states, ["late", "too_old"]);
}

#[test]
fn a_job_that_is_run_elsewhere_is_waited_for_or_left() {
    let folder = with_job(SMALL);
    let held = JobLock::take(&folder.path().join("data"), "small").expect("free");
    let run = run_job(folder.path(), &["--wait", "1"]);
    assert_eq!(run.code, 5, "{}", run.err);
    let holder = format!("job `small` is run by process {}", std::process::id());
    assert!(run.err.contains(&holder) && run.err.contains("--wait"), "{}", run.err);
    assert!(!folder.path().join("runs").exists());
    drop(held);
    assert_eq!(run_job(folder.path(), &[]).code, 0);
}

#[test]
fn a_mistake_in_a_job_file_reads_like_this() {
    let folder =
        with_job("schema_version = 1\nname = \"a\"\n[[forecasts]]\nserie = \"nvda.revenue\"\n");
    let run = chipcast(folder.path(), &["job", "plan", "job.toml"]);
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.err, @r"
    error: `job.toml`: `forecasts[0]`: unknown field `serie`, expected one of `series`, `horizon`, `coverage`
    hint: `chipcast job schema` prints what a job file may hold; docs/jobs.md explains it
    ");
    let source =
        "schema_version = 1\nname = \"a\"\n[[sources]]\nkind = \"statcounter\"\nmarket = \"vr\"\n";
    write(folder.path(), "job.toml", source);
    let run = chipcast(folder.path(), &["job", "plan", "job.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("'vr' for '--market"), "{}", run.err);
}

#[test]
fn a_replay_says_what_the_backtest_says_of_that_day() {
    let known = bundled::archive().expect("bundled");
    let known = known.as_of(day("2026-09-01")).expect("known");
    let book = Book::new(&known, 2).expect("a book");
    let rows = book
        .backtest(&Chipcast, &id("msft.capex_cash"), Some(day("2025-06-01")), Truth::FirstRelease)
        .expect("rows");
    let origins: Vec<_> = rows.iter().map(|row| row.origin).collect();
    let folder = with_job(SMALL);
    for origin in [origins[0], origins[origins.len() / 2]] {
        let run = run_job(folder.path(), &["--as-of", &origin.to_string()]);
        assert_eq!(run.code, 0, "{}", run.err);
        let run_id = told(&run)["run_id"].as_str().expect("an id").to_owned();
        let manifest = json(&folder.path().join("runs").join(run_id).join("run.json"));
        let said = manifest["forecasts"].as_array().expect("rows").iter();
        let said: Vec<_> = said.filter(|row| row["series"] == "msft.capex_cash").collect();
        let past: Vec<_> = rows.iter().filter(|row| row.origin == origin).collect();
        assert_eq!((said.len(), past.len()), (2, 2), "{origin}");
        for (now, then) in said.iter().zip(&past) {
            assert_eq!(now["period_end"], then.period.end().to_string());
            let median = now["median"].as_f64().or(now["withheld_median"].as_f64());
            assert_eq!(median, Some(then.median), "{origin}");
            if now["refusal"].is_null() {
                let (low, high) = then.quantiles.interval(0.8).expect("claimed");
                assert_eq!(
                    (now["lower_80"].as_f64(), now["upper_80"].as_f64()),
                    (Some(low), Some(high))
                );
            }
        }
    }
}

#[test]
fn a_year_of_weeks_is_replayed_in_one_command_and_scored() {
    let folder = with_job(SMALL);
    let (from, n) = if crate::support::slow() { ("2025-09-01", 53) } else { ("2026-06-29", 10) };
    let run = run_job(folder.path(), &["--from", from, "--to", "2026-08-31", "--every", "week"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let summary = told(&run);
    assert_eq!(run.rows().len(), n);
    assert_eq!(summary["ledger"]["n_forecasts"], n * 6);
    assert!(summary["ledger"]["n_resolved"].as_u64().is_some_and(|n| n > 0), "{summary}");
    assert!(summary["peak_memory_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    eprintln!("{n} weeks: {} ms, {} bytes", summary["milliseconds"], summary["peak_memory_bytes"]);
    // Each week is the run that it is alone, though it was made in an archive that knew more.
    let row = &run.rows()[3];
    let alone = with_job(SMALL);
    let single = run_job(alone.path(), &["--as-of", row["as_of"].as_str().expect("a day")]);
    assert_eq!(told(&single)["run_id"], row["run_id"]);
    let again = run_job(folder.path(), &["--from", from, "--to", "2026-08-31", "--every", "week"]);
    assert!(again.rows().iter().all(|row| row["is_earlier"] == true), "{}", again.out);
    let listed = chipcast(folder.path(), &["--format", "json", "ledger", "show"]).rows();
    assert_eq!(listed.len(), n * 6, "no forecast is lost or kept twice");
}

#[test]
fn missed_times_are_caught_up_and_dealt_with_once() {
    let schedule = "[schedule]\ncron = \"0 7 * * MON\"\ncatch_up = \"all\"\nstart = 2026-08-01\n";
    let folder = with_job(&format!("{SMALL}{schedule}"));
    let run = || {
        let arguments = ["job", "schedule", "job.toml", "--until", "2026-08-31", "--once"];
        chipcast(folder.path(), &arguments)
    };
    let first = run();
    assert_eq!(first.code, 0, "{}", first.err);
    let days = |run: &Run| -> Vec<String> {
        let lines = run.err.lines().filter(|line| line.contains(" as of "));
        lines
            .filter_map(|l| Some(l.split(" as of ").nth(1)?.split(':').next()?.to_owned()))
            .collect()
    };
    let mondays = ["2026-08-03", "2026-08-10", "2026-08-17", "2026-08-24", "2026-08-31"];
    assert_eq!(days(&first), mondays, "{}", first.err);
    assert!(days(&run()).is_empty(), "each time is dealt with once");
}

#[test]
fn old_runs_go_and_what_is_needed_stays() {
    let folder = with_job(&format!("{SMALL}[retention]\nkeep_runs = 2\n"));
    let run = run_job(
        folder.path(),
        &["--from", "2024-01-01", "--to", "2025-01-06", "--every", "quarter"],
    );
    assert_eq!(run.code, 0, "{}", run.err);
    let newest = told(&run_job(folder.path(), &[]))["run_id"].clone();
    let gc = |more: &[&str]| {
        chipcast(
            folder.path(),
            &[&["--format", "json", "job", "gc", "job.toml"][..], more].concat(),
        )
        .rows()
    };
    let planned = gc(&["--dry-run"]);
    let verdicts: Vec<_> = planned.iter().map(|row| row["verdict"].clone()).collect();
    assert_eq!(planned.len(), 6, "{planned:?}");
    assert_eq!(planned[5]["run_id"], newest);
    assert_eq!(planned[5]["reason"], "the latest");
    assert!(verdicts[..4].iter().all(|verdict| verdict == "would be removed"), "{planned:?}");
    let done = gc(&[]);
    assert_eq!(done.iter().filter(|row| row["verdict"] == "removed").count(), 4);
    assert_eq!(gc(&[]).len(), 2);
}
