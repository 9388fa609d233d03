//! The ledger of runs over SQLite and over a real PostgreSQL server: the same functions over both.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chipcast::job::history::{Announced, Delivery, History, Named};
use chipcast::job::manifest::Status;
use chipcast::store::database::Sqlite;
use chrono::{DateTime, Utc};

use crate::job::{SMALL, run_job, with_job};
use crate::support::{chipcast, day};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn named<'a>(job: &'a str, key: &'a str) -> Named<'a> {
    Named { job, run_key: key, run_id: &key[..3], as_of: day("2026-09-01") }
}

/// A run that fails, is tried again and succeeds is one row with two attempts.
fn attempts_are_counted(open: &dyn Fn() -> History) {
    let mut history = open();
    let run = named("weekly", "key-one");
    assert_eq!(history.run("weekly", "key-one").expect("read"), None);
    history.begin(run, at("2026-09-01T07:00:00Z")).expect("begun");
    let failed = (Status::Failed, Some("no 'answer'; DROP TABLE runs"));
    history.end(run, failed, &Announced::default(), at("2026-09-01T07:01:00Z")).expect("ended");
    let entry = history.run("weekly", "key-one").expect("read").expect("there");
    assert_eq!((entry.status.as_str(), entry.attempts, entry.is_published()), ("failed", 1, false));
    assert_eq!(entry.error.as_deref(), Some("no 'answer'; DROP TABLE runs"));
    history.begin(run, at("2026-09-01T08:00:00Z")).expect("begun again");
    let entry = history.run("weekly", "key-one").expect("read").expect("there");
    assert_eq!((entry.status.as_str(), entry.ended, entry.error), ("running", None, None));
    let mut other = open();
    let ok = (Status::Ok, None);
    other.end(run, ok, &Announced::default(), at("2026-09-01T08:01:00Z")).expect("ended");
    let entry = history.run("weekly", "key-one").expect("read").expect("there");
    assert_eq!((entry.status.as_str(), entry.attempts, entry.is_published()), ("ok", 2, true));
    assert_eq!(entry.ended.as_deref(), Some("2026-09-01T08:01:00Z"));
    other
        .end(named("daily", "key-two"), ok, &Announced::default(), at("2026-09-02T08:01:00Z"))
        .expect("a run that was not begun in here");
    let jobs: Vec<_> = history.runs(None).expect("read").into_iter().map(|e| e.job).collect();
    assert_eq!(jobs, ["daily", "weekly"]);
    assert_eq!(history.runs(Some("weekly")).expect("read").len(), 1);
}

/// States and what is told of them change together, and nothing is told twice.
fn alerts_are_told_once(open: &dyn Fn() -> History) {
    let mut history = open();
    let delivery = |id: &str, sink: &str| Delivery {
        alert_id: id.to_owned(),
        sink: sink.to_owned(),
        body: format!("{{\"id\":\"{id}\"}}"),
    };
    let announced = Announced {
        states: vec![("refusal:a.b".to_owned(), "answered".to_owned())],
        deliveries: vec![delivery("1", "0 file"), delivery("1", "1 webhook")],
    };
    let now = at("2026-09-01T07:00:00Z");
    for _ in 0..2 {
        history.end(named("alerts", "key-1"), (Status::Ok, None), &announced, now).expect("ended");
    }
    assert_eq!(history.pending("alerts").expect("read"), announced.deliveries);
    history.delivered("alerts", &announced.deliveries[0], now).expect("noted");
    history.end(named("alerts", "key-1"), (Status::Ok, None), &announced, now).expect("ended");
    assert_eq!(open().pending("alerts").expect("read"), announced.deliveries[1..]);
    let states = history.alert_states("alerts").expect("read");
    assert_eq!(states.get("refusal:a.b").map(String::as_str), Some("answered"));
    assert!(history.alert_states("other").expect("read").is_empty());
}

fn times_and_answers_are_remembered(open: &dyn Fn() -> History) {
    let mut history = open();
    assert_eq!(history.last_due("timed").expect("read"), None);
    for due in ["2026-09-07T07:00:00Z", "2026-08-31T07:00:00Z", "2026-09-07T07:00:00Z"] {
        history.done("timed", at(due), "ok").expect("noted");
    }
    assert_eq!(history.last_due("timed").expect("read"), Some(at("2026-09-07T07:00:00Z")));
    for answered in ["2026-09-01", "2026-09-03"] {
        history.answered("timed", "twse", day(answered)).expect("noted");
    }
    let answers = history.answers("timed").expect("read");
    assert_eq!(answers.get("twse"), Some(&day("2026-09-03")));
}

fn every_test(open: &dyn Fn() -> History) {
    attempts_are_counted(open);
    alerts_are_told_once(open);
    times_and_answers_are_remembered(open);
}

#[test]
fn sqlite_keeps_the_ledger_of_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("deep/runs.sqlite");
    every_test(&|| {
        History::with(Box::new(Sqlite::open(&file).expect("opened"))).expect("a ledger")
    });
    std::fs::write(
        folder.path().join("broken"),
        "no database, though it is long enough".repeat(99),
    )
    .expect("writable");
    let broken = Sqlite::open(&folder.path().join("broken"))
        .and_then(|sqlite| History::with(Box::new(sqlite)).map(drop));
    let told = broken.expect_err("no database").to_string();
    assert!(told.contains("broken` cannot be used"), "{told}");
}

/// A PostgreSQL server of this test's own; stopped when dropped.
struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

/// The folder of PostgreSQL's programs, if there is one.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let mut found: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    found.extend(["/usr/local/bin", "/usr/bin", "/usr/local/pgsql/bin"].map(PathBuf::from));
    found.into_iter().find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
}

/// A command as a user who may run a server: PostgreSQL refuses root.
fn unprivileged(program: &Path) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
    if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "nobody", "--"]).arg(program);
        return command;
    }
    Command::new(program)
}

impl Server {
    fn start() -> Option<Self> {
        let Some(bin) = programs() else {
            eprintln!("left out: no PostgreSQL server is here; `make postgres-test` installs one");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        drop(listener);
        let _ =
            Command::new("chown").arg("nobody").arg(folder.path()).stderr(Stdio::null()).status();
        let server = Self { folder, bin, port };
        let data = server.data();
        let data = data.to_str().expect("a path");
        server.does("initdb", &["-D", data, "-U", "chipcast", "-A", "trust", "--no-sync"]);
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -c unix_socket_directories={}",
            server.folder.path().display()
        );
        let log = server.folder.path().join("log");
        let log = log.to_str().expect("a path");
        server.does("pg_ctl", &["-D", data, "-o", &options, "-l", log, "-w", "start"]);
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn does(&self, program: &str, arguments: &[&str]) {
        let status = unprivileged(&self.bin.join(program))
            .current_dir("/")
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{program} {arguments:?}");
    }

    fn url(&self) -> String {
        format!("postgres://chipcast:secret@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data();
        let stop = ["-D", data.to_str().unwrap_or_default(), "-m", "immediate", "stop"];
        let _ = unprivileged(&self.bin.join("pg_ctl")).current_dir("/").args(stop).output();
    }
}

#[test]
fn postgresql_keeps_the_ledger_of_runs_by_the_same_tests() {
    let Some(server) = Server::start() else { return };
    let url = server.url();
    let nowhere = Path::new("/proc/none");
    every_test(&|| History::open(nowhere, Some(&url)).expect("a ledger"));
    // A whole run through the binary, with no SQLite file beside it.
    let folder = with_job(SMALL);
    let job = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_chipcast"))
            .current_dir(folder.path())
            .env("CHIPCAST_LEDGER_URL", &url)
            .args(arguments)
            .output()
            .expect("run")
    };
    let run = job(&["job", "run", "job.toml", "--log", "json"]);
    let err = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(0), "{err}");
    assert!(!folder.path().join("data/runs.sqlite").exists());
    let listed = job(&["--format", "json", "job", "list", "small"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("\"status\": \"ok\""), "{listed}");
    assert!(!err.contains("secret") && !listed.contains("secret"), "{err}");
    // A server that is gone: exit code 2, the host is named, the password is not.
    drop(server);
    let run = job(&["job", "run", "job.toml"]);
    let err = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(2), "{err}");
    assert!(err.contains("127.0.0.1") && !err.contains("secret"), "{err}");
}

#[test]
fn logs_are_lines_of_json_where_asked_for() {
    let folder = with_job(SMALL);
    let quiet = run_job(folder.path(), &["--as-of", "2026-08-01"]);
    assert!(!quiet.err.contains("stage"), "{}", quiet.err);
    let run = chipcast(folder.path(), &["-q", "job", "run", "job.toml", "--log", "json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let stages: Vec<_> = run
        .err
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a line of JSON"))
        .filter_map(|line| line["stage"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(stages, ["fetch", "judge", "resolve", "make", "ledger", "publish", "announce"]);
}

#[test]
fn a_failure_is_told_once_and_as_a_line_of_json_where_asked_for() {
    let folder = with_job(SMALL);
    let broken = SMALL.replace("kind = \"bundled\"", "kind = \"import\"\nfile = \"none.csv\"");
    std::fs::write(folder.path().join("broken.toml"), broken).expect("writable");
    for (file, needed) in [("none.toml", "none.toml"), ("broken.toml", "none.csv")] {
        // Without `--quiet`: words for people are lines of the log as well.
        let run = chipcast(folder.path(), &["job", "run", file, "--log", "json"]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
        let lines = run.err.lines().map(serde_json::from_str::<serde_json::Value>);
        let lines: Vec<_> = lines.map(|line| line.expect("a line of JSON")).collect();
        let failed: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
        assert_eq!(failed.len(), 1, "{}", run.err);
        assert!(failed[0].to_string().contains(needed), "{}", run.err);
    }
}
