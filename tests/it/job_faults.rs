//! Jobs when things go wrong: killed, out of room, locked out, misled by clock and sources. Each ends with
//! the promised exit code, and with what an undisturbed run leaves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chipcast::ingest::Source as _;
use chipcast::ingest::fred::Fred;
use chipcast::ingest::http::{Client, Hosts, Limits};
use chipcast::job::load::load;
use chipcast::job::run::{Asked, Asking, Extent, Means, run};
use chipcast::units::Unit;
use chrono::Utc;

use crate::job::{SMALL, files, run_job, told, with_job};
use crate::server::{answer, fall_silent, perform, say, serve};
use crate::support::{chipcast, slow};

/// A job with a table of its own, so that there are two writes into the archive.
fn with_table() -> tempfile::TempDir {
    let own = "[[sources]]\nkind = \"import\"\nfile = \"own.csv\"\n";
    let folder = with_job(&SMALL.replacen("[[forecasts]]", &format!("{own}[[forecasts]]"), 1));
    let table = "series,period_start,period_end,value,unit,vintage,source,locator\n\
                 acme.revenue,2020-01-01,2020-03-31,1,USD,2020-05-01,books,page 1\n";
    std::fs::write(folder.path().join("own.csv"), table).expect("writable");
    folder
}

fn start(folder: &Path, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_chipcast"))
        .current_dir(folder)
        .env_remove("CHIPCAST_DATA")
        .args(["--format", "json", "job", "run", "job.toml"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started")
}

/// Everything that a run leaves, but for what the clock writes.
#[derive(Debug, PartialEq)]
struct Left {
    runs: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    latest: Option<PathBuf>,
    ledger: Vec<u8>,
    series: String,
    leftovers: Vec<String>,
}

fn left(folder: &Path) -> Left {
    let mut runs = BTreeMap::new();
    let mut leftovers = Vec::new();
    for entry in std::fs::read_dir(folder.join("runs")).expect("runs").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            leftovers.push(name);
        } else if name != "latest" && name != "failed" {
            runs.insert(name, files(&entry.path()));
        }
    }
    // Reads every segment of the archive, and checks it against its hash.
    let listed = chipcast(folder, &["--format", "csv", "data", "list"]);
    assert_eq!(listed.code, 0, "the archive verifies: {}", listed.err);
    Left {
        runs,
        latest: std::fs::read_link(folder.join("runs/latest")).ok(),
        ledger: std::fs::read(folder.join("data/ledger/ledger.jsonl")).expect("a ledger"),
        series: listed.out,
        leftovers,
    }
}

/// Numbers between 0 and 1 that look random and are the same each time.
fn scattered(n: usize) -> impl Iterator<Item = f64> {
    let golden = 0.618_033_988_749_895_f64;
    (1..=n).map(move |i| (f64::from(u32::try_from(i).expect("small")) * golden).fract())
}

#[test]
fn a_run_that_is_killed_at_any_moment_ends_as_if_it_had_not_been() {
    let whole = with_table();
    let began = Instant::now();
    assert_eq!(run_job(whole.path(), &[]).code, 0);
    let time = began.elapsed();
    let expected = left(whole.path());
    assert_eq!((expected.runs.len(), expected.leftovers.len()), (1, 0));
    let n = if slow() { 200 } else { 8 };
    let mut n_killed = 0;
    for share in scattered(n) {
        let folder = with_table();
        let mut child = start(folder.path(), &[]);
        std::thread::sleep(time.mul_f64(share));
        child.kill().expect("killed, or done before");
        n_killed += usize::from(child.wait().expect("ended").code().is_none());
        let again = run_job(folder.path(), &[]);
        assert_eq!(again.code, 0, "killed after {share} of {time:?}: {}", again.err);
        let found = left(folder.path());
        assert!(found == expected, "killed after {share} of {time:?}");
        let listed = chipcast(folder.path(), &["--format", "json", "job", "list"]).rows();
        assert!(listed.iter().any(|row| row["status"] == "ok"), "{listed:?}");
    }
    assert!(n_killed > n / 3, "only {n_killed} of {n} were killed in time");
    eprintln!("{n_killed} of {n} runs of {time:?} were killed on their way");
}

#[test]
fn a_full_disk_loses_nothing() {
    let folder = with_table();
    let small = folder.path().join("small");
    std::fs::create_dir(&small).expect("writable");
    let mount = |options: &str| {
        let arguments = ["-t", "tmpfs", "-o", options, "tmpfs"];
        Command::new("mount").args(arguments).arg(&small).stderr(Stdio::null()).status()
    };
    if !mount("size=64k").is_ok_and(|status| status.success()) {
        eprintln!("left out: no small file system can be mounted here");
        return;
    }
    let _mounted = Unmount(&small);
    let arguments = ["--data", "small/data", "--format", "json", "job", "run", "job.toml"];
    let out = std::fs::read_to_string(folder.path().join("job.toml")).expect("a job");
    let out = out.replacen("seed = 3", "seed = 3\nout = \"small/runs\"", 1);
    std::fs::write(folder.path().join("job.toml"), out).expect("writable");
    let mut n_full = 0;
    for size in ["96k", "128k", "256k", "384k", "512k", "640k", "768k", "896k", "100m"] {
        assert!(mount(&format!("remount,size={size}")).is_ok_and(|status| status.success()));
        let run = chipcast(folder.path(), &arguments);
        if run.code == 0 {
            break;
        }
        n_full += 1;
        assert_eq!(run.code, 2, "{size}: {}", run.err);
        assert!(run.err.contains("cannot be") && run.err.contains("hint: "), "{}", run.err);
        assert!(!small.join("runs/latest").exists(), "nothing is published by halves");
    }
    assert!(n_full > 0, "a disk was full");
    let whole = with_table();
    let id = told(&run_job(whole.path(), &[]))["run_id"].clone();
    let listed = chipcast(folder.path(), &["--data", "small/data", "data", "list"]);
    assert_eq!(listed.code, 0, "{}", listed.err);
    let ledger = |path: PathBuf| {
        let text = std::fs::read_to_string(path).expect("a ledger");
        text.lines().filter(|line| line.contains("\"kind\":\"forecast\"")).count()
    };
    let rows = ledger(small.join("data/ledger/ledger.jsonl"));
    assert_eq!(rows, ledger(whole.path().join("data/ledger/ledger.jsonl")), "{id}");
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_named_and_nothing_is_lost() {
    let folder = with_job(&SMALL.replacen("seed = 3", "seed = 3\nout = \"/proc/chipcast\"", 1));
    let run = run_job(folder.path(), &[]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.err.contains("`/proc/chipcast") && run.err.contains("hint: "), "{}", run.err);
    let listed = chipcast(folder.path(), &["--format", "json", "job", "list"]).rows();
    assert_eq!(listed[0]["status"], "failed", "{listed:?}");
    // With a folder that can be written the same forecasts are published, and not kept twice.
    std::fs::write(folder.path().join("job.toml"), SMALL).expect("writable");
    assert_eq!(run_job(folder.path(), &[]).code, 0);
    let shown = chipcast(folder.path(), &["--format", "json", "ledger", "show"]).rows();
    assert_eq!(shown.len(), 6, "{shown:?}");
    let run = chipcast(folder.path(), &["--data", "/proc/chipcast", "job", "run", "job.toml"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.err.contains("cannot be written"), "{}", run.err);
}

#[test]
fn a_clock_that_was_set_back_changes_nothing() {
    let schedule =
        "[schedule]\ncron = \"0 7 * * MON\"\ncatch_up = \"all\"\nstart = \"2026-08-01\"\n";
    let folder = with_job(&format!("{SMALL}{schedule}"));
    let first = run_job(folder.path(), &[]);
    assert_eq!(first.code, 0, "{}", first.err);
    // What was written by a clock that is ahead: the run lies in the future now.
    let ledger =
        rusqlite::Connection::open(folder.path().join("data/runs.sqlite")).expect("SQLite");
    ledger
        .execute_batch(
            "UPDATE runs SET started = '2099-01-01T00:00:00Z', ended = '2099-01-01T00:00:09Z';
             INSERT INTO times VALUES ('small', '2098-12-29T07:00:00Z', 'ok');",
        )
        .expect("changed");
    drop(ledger);
    let again = run_job(folder.path(), &[]);
    assert_eq!((again.code, &told(&again)["is_earlier"]), (0, &serde_json::Value::Bool(true)));
    let earlier_day = run_job(folder.path(), &["--as-of", "2026-08-01"]);
    assert_eq!(earlier_day.code, 0, "{}", earlier_day.err);
    let until = ["job", "schedule", "job.toml", "--until", "2026-08-31", "--once"];
    let scheduled = chipcast(folder.path(), &until);
    assert_eq!(scheduled.code, 0, "{}", scheduled.err);
    assert!(!scheduled.err.contains(" as of "), "nothing is run twice: {}", scheduled.err);
}

#[test]
fn two_runs_at_once_are_one() {
    let whole = with_table();
    assert_eq!(run_job(whole.path(), &[]).code, 0);
    let expected = left(whole.path());
    for wait in ["0", "120"] {
        let folder = with_table();
        let both =
            [start(folder.path(), &["--wait", wait]), start(folder.path(), &["--wait", wait])];
        let mut codes: Vec<_> = both
            .map(|child| child.wait_with_output().expect("ended").status.code())
            .into_iter()
            .collect();
        codes.sort();
        let allowed: &[[Option<i32>; 2]] = if wait == "0" {
            &[[Some(0), Some(5)], [Some(0), Some(0)]]
        } else {
            &[[Some(0), Some(0)]]
        };
        assert!(allowed.iter().any(|pair| codes == pair), "{wait}: {codes:?}");
        assert!(left(folder.path()) == expected, "{wait}");
    }
}

#[test]
fn a_source_that_lies_about_its_length_fails_the_run_and_publishes_nothing() {
    let lie =
        "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nConnection: close\r\n\r\nobservation_date,X\n";
    let (base, _questions) = perform((0..40).map(|_| say(lie)).collect());
    let source = format!(
        "[fetch]\nattempts = 1\n[[sources]]\nkind = \"fred\"\nseries = [\"INDPRO\"]\nunit = \"index\"\n\
         base_url = \"{base}\"\n"
    );
    let folder = with_job(&format!("{SMALL}{source}"));
    let run = run_job(folder.path(), &[]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(run.err.contains("source `1 fred`"), "{}", run.err);
    assert!(!folder.path().join("runs/latest").exists());
    let failed: Vec<_> = std::fs::read_dir(folder.path().join("runs/failed"))
        .expect("the failure is on record")
        .flatten()
        .collect();
    let manifest = std::fs::read_to_string(failed[0].path().join("run.json")).expect("a manifest");
    assert!(
        manifest.contains("\"status\": \"failed\"") && manifest.contains("1 fred"),
        "{manifest}"
    );
    let lineage = std::fs::read_to_string(failed[0].path().join("lineage.jsonl")).expect("lineage");
    assert!(lineage.contains("\"FAIL\"") && lineage.contains("errorMessage"), "{lineage}");
    // A job that may go on without it ends as partial, and says what is missing.
    let go_on = source.replace("attempts = 1", "attempts = 1\non_error = \"go_on\"");
    std::fs::write(folder.path().join("job.toml"), format!("{SMALL}{go_on}")).expect("writable");
    let run = run_job(folder.path(), &[]);
    assert_eq!((run.code, &told(&run)["status"]), (1, &"partial".into()), "{}", run.err);
}

#[test]
fn a_hung_source_is_given_up_and_a_failure_that_passes_is_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("runs");
    let text = format!("{SMALL}[fetch]\nattempts = 2\nwait_seconds = 1\n")
        .replacen("seed = 3", &format!("seed = 3\nout = \"{}\"", out.display()), 1)
        .replace("kind = \"bundled\"", "kind = \"fred\"\nseries = [\"X\"]\nunit = \"index\"");
    let job = load("job.toml", &text, []).expect("a job");
    let csv = "observation_date,X\n2026-01-01,1\n";
    let limits = Limits { attempts: 1, stall: Duration::from_millis(200), ..Limits::default() };
    let attempt = |base: &str, folder: &Path| {
        let fetch = |_: &chipcast::job::source::Source| -> chipcast::Result<Extent> {
            let client = Client::with_limits(None, Hosts::known().with_base(base)?, limits)?;
            let source = Fred::new(base, "X", Unit::Index, 0, None)?;
            for request in source.requests("2026-01-01".parse().expect("a day")) {
                client.get(&request)?;
            }
            Ok(Extent::Whole)
        };
        let (waited, said) = (std::cell::Cell::new(0), std::cell::RefCell::new(Vec::new()));
        let ended = run(
            &job,
            &Means {
                data: folder,
                now: &Utc::now,
                pause: &|_| waited.set(waited.get() + 1),
                variable: &|_| None,
                bytes: &|path| Ok(std::fs::read(path).expect("a file")),
                fetch: &fetch,
                archive: &chipcast::ingest::bundled::archive,
                say: &|words: &str| said.borrow_mut().push(words.to_owned()),
                print: &|_| Ok(()),
            },
            Asked { as_of: None, asking: Asking::All, wait: Duration::ZERO },
        );
        (ended, waited.get(), said.into_inner())
    };
    let (base, _questions) = perform(vec![fall_silent(""), fall_silent("")]);
    let began = Instant::now();
    let (ended, waited, said) = attempt(&base, &folder.path().join("hung"));
    let error = ended.expect_err("nobody answers").to_string();
    assert!(error.starts_with("source `0 fred`: ") && error.contains("did not answer"), "{error}");
    assert_eq!((waited, said.len()), (1, 1), "{said:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(!out.join("latest").exists());
    let (base, _questions) =
        serve(vec![answer("503 Service Unavailable", "", ""), answer("200 OK", "", csv)]);
    let (ended, waited, _) = attempt(&base, &folder.path().join("passing"));
    assert!(ended.is_ok(), "{ended:?}");
    assert_eq!(waited, 1);
}
