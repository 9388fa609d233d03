//! Secrets: a canary for each, and a search of everything that a job writes and says for any of them, on the
//! ways that end well and on those that fail.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::server::{Play, answer, perform, say};

/// Environment variables and their canaries: no two share a part, and none is a word of the program.
const CANARIES: [(&str, &str); 5] = [
    ("FRED_API_KEY", "cafef00dcafef00dcafef00dcafef00d"),
    ("CHIPCAST_USER_AGENT", "quetzal umbrella quetzal@example.org"),
    ("HOOK_SECRET", "hook-canary-wombat-7731"),
    ("SMTP_USER", "smtp-user-canary-okapi"),
    ("SMTP_PASSWORD", "smtp-word-canary-axolotl"),
];
/// The part of a receiver's address that is a token, as chat services give them.
const TOKEN: &str = "token-canary-pangolin";
/// The password in the address of a database that nobody serves.
const DATABASE: &str = "postgres://keeper:db-canary-narwhal@127.0.0.1:1/runs";

fn words() -> Vec<&'static str> {
    let values = CANARIES.iter().map(|(_, value)| *value);
    values.chain(["quetzal", TOKEN, "db-canary-narwhal"]).collect()
}

/// The first canary in some bytes, encoded for an address or not.
fn found_in(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    words().into_iter().find(|word| text.contains(*word))
}

/// Every file below a folder but the job file itself.
fn assert_clean(folder: &Path, what: &str) -> usize {
    let mut n_files = 0;
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            n_files += assert_clean(&path, what);
        } else if path.file_name().is_some_and(|name| name != "job.toml") {
            let found = found_in(&std::fs::read(&path).expect("readable"));
            assert_eq!(found, None, "{what}: {}", path.display());
            n_files += 1;
        }
    }
    n_files
}

fn run(folder: &Path, arguments: &[&str], database: Option<&str>) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chipcast"));
    command.current_dir(folder).args(arguments).env_remove("CHIPCAST_DATA");
    command.envs(CANARIES).env_remove("CHIPCAST_LEDGER_URL");
    if let Some(url) = database {
        command.env("CHIPCAST_LEDGER_URL", url);
    }
    let output = command.output().expect("the binary is built with the tests");
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(found_in(&said), None, "{arguments:?}: {}", String::from_utf8_lossy(&said));
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}

/// Answers by what it was asked, key and all, as a careless source would.
fn echo() -> Play {
    Box::new(|stream, question| {
        let asked = question.lines().next().unwrap_or_default();
        let body = format!("{{\"error_code\":400,\"error_message\":\"no such key: {asked}\"}}");
        let headers = "Content-Type: application/json\r\nCache-Control: no-store\r\n";
        let _ = stream.write_all(&answer("200 OK", headers, &body));
    })
}

/// A job with every kind of secret: `fred` is where FRED is, `hook` where the webhook goes.
fn job(fred: &str, hook: &str, on_error: &str) -> String {
    format!(
        "schema_version = 1\nname = \"canary\"\n[fetch]\nattempts = 1\non_error = \"{on_error}\"\n\
         [[sources]]\nkind = \"bundled\"\n\
         [[sources]]\nkind = \"fred\"\nseries = [\"INDPRO\"]\nunit = \"index\"\nbase_url = \"{fred}\"\n\
         [[sources]]\nkind = \"edgar\"\ncompany = [\"nvda\"]\nonly = \"facts\"\nbase_url = \"{fred}\"\n\
         user_agent = \"quetzal umbrella quetzal@example.org\"\n\
         [[forecasts]]\nseries = \"nvda.revenue\"\n[metrics]\nfile = \"chipcast.prom\"\n\
         [[alerts]]\nkind = \"stale\"\n[[freshness]]\nseries = \"nvda.revenue\"\n\
         warn_after = \"1 day\"\nagainst = \"as_of\"\n\
         [[sinks]]\nkind = \"file\"\npath = \"alerts.jsonl\"\n\
         [[sinks]]\nkind = \"webhook\"\nurl = \"{hook}/{TOKEN}?key={TOKEN}\"\n\
         secret_env = \"HOOK_SECRET\"\nattempts = 1\n\
         [[sinks]]\nkind = \"email\"\nhost = \"127.0.0.1\"\nport = 1\nencryption = \"none\"\n\
         from = \"a@example.org\"\nto = [\"b@example.org\"]\nuser_env = \"SMTP_USER\"\n\
         password_env = \"SMTP_PASSWORD\"\n"
    )
}

#[test]
fn no_secret_is_in_anything_that_a_job_writes_or_says() {
    let loud: &[&str] = &["job", "run", "job.toml", "--log", "json", "--verbose"];
    for (on_error, code) in [("go_on", 1), ("fail", 2)] {
        let folder = tempfile::tempdir().expect("a folder");
        let (fred, asked) = perform((0..80).map(|_| echo()).collect());
        let (hook, posted) = perform((0..20).map(|_| say(answer("500 Broken", "", ""))).collect());
        let text = job(&fred, &hook, on_error);
        std::fs::write(folder.path().join("job.toml"), text).expect("writable");
        let (ended, said) = run(folder.path(), loud, None);
        assert_eq!(ended, code, "{said}");
        let n_files = assert_clean(folder.path(), on_error);
        assert!(n_files >= 8, "{n_files} files were searched");
        let question = asked.try_iter().next().expect("the source was asked");
        assert!(question.contains(CANARIES[0].1), "the key was sent: {question}");
        if on_error == "go_on" {
            let question = posted.try_iter().next().expect("the receiver was told");
            assert!(question.contains(TOKEN), "the address is the whole one: {question}");
            let run_id = std::fs::read_link(folder.path().join("runs/latest")).expect("a link");
            let shown = run_id.to_str().expect("text").to_owned();
            run(folder.path(), &["replay", &shown, "--verbose"], None);
        }
        for more in [&["job", "plan", "job.toml"][..], &["job", "list"], loud] {
            run(folder.path(), more, None);
        }
        assert_clean(folder.path(), "after more commands");
    }
}

#[test]
#[cfg(feature = "postgres")]
fn an_address_of_a_database_with_its_password_is_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = job("http://127.0.0.1:1", "http://127.0.0.1:1", "go_on");
    std::fs::write(folder.path().join("job.toml"), text).expect("writable");
    let loud: &[&str] = &["job", "run", "job.toml", "--log", "json", "--verbose"];
    for url in [DATABASE, "postgres//keeper:db-canary-narwhal@nowhere", "mysql://db-canary-narwhal"]
    {
        let (code, said) = run(folder.path(), loud, Some(url));
        assert_eq!(code, 2, "{said}");
        assert_clean(folder.path(), url);
    }
}

#[test]
fn a_canary_that_is_there_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(assert_clean(folder.path(), "empty"), 0);
    assert_eq!(found_in(b"...Hook-Canary-Wombat-7731..."), Some("hook-canary-wombat-7731"));
    let mut file = std::fs::File::create(folder.path().join("run.json")).expect("writable");
    file.write_all(TOKEN.as_bytes()).expect("writable");
    let found = std::panic::catch_unwind(|| assert_clean(folder.path(), "full"));
    assert!(found.is_err(), "the search sees it");
}
