//! The web page and its JSON API over loopback: what each route answers, what is refused, and how it ends.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chipcast::archive::Batch;
use chipcast::ingest::bundled;
use chipcast::observation::{Action, Announcement};
use chipcast::store::Store;
use chipcast::units::Unit;
use serde_json::Value;

use crate::support::{chipcast, day, quarter};

/// What a page must never hold as it is.
const POISON: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&";

/// A server on a free port, stopped when dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Server {
    /// Serves a folder of its own, with an announcement that no browser may run.
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        poison(folder.path());
        let mut child = Command::new(env!("CARGO_BIN_EXE_chipcast"))
            .current_dir(folder.path())
            .env_remove("CHIPCAST_DATA")
            .args(["serve", "--bind", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary is built with the tests");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("an address");
        let host = line.trim().trim_start_matches("http://").trim_end_matches('/');
        let address = host.parse().unwrap_or_else(|_| panic!("no address in `{line}`"));
        Self { child, address, folder }
    }

    fn send(&self, request: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        // A refused request may close the connection while it is still being sent.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::of(&bytes)
    }

    fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
        );
        self.send(request.as_bytes()).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// A document that must be there.
    fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }

    fn code(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    fn of(bytes: &[u8]) -> Option<Self> {
        let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..at].to_vec()).ok()?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head, body: bytes[at + 4..].to_vec() })
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Stores the bundled data, and an announcement whose words are an attack.
fn poison(folder: &Path) {
    let store = Store::at(&folder.join("data")).expect("a folder");
    let locked = store.lock().expect("free");
    locked.commit(&bundled::batch().expect("bundled")).expect("writable");
    let (formula, link) = ("=HYPERLINK(<b>1</b>) javascript:alert(2)", "javascript:alert(3) =1");
    locked.commit(&announced("msft", POISON, formula)).expect("writable");
    locked.commit(&announced("acme", POISON, link)).expect("writable");
}

fn announced(company: &str, quote: &str, locator: &str) -> Batch {
    let announcement = Announcement {
        company: company.to_owned(),
        published: day("2026-09-20"),
        metric: "capex".to_owned(),
        period: quarter(67),
        low: 40e9,
        mid: 41e9,
        high: 42e9,
        unit: Unit::Usd,
        action: Action::Guide,
        quote: quote.to_owned(),
        locator: locator.to_owned(),
    };
    Batch {
        observations: Vec::new(),
        announcements: vec![announcement],
        known_through: day("2026-09-24"),
    }
}

#[test]
fn pages_are_there_escape_what_others_wrote_and_carry_the_headers() {
    let server = Server::start(&[]);
    for path in [
        "/",
        "/company/msft",
        "/company/nvda",
        "/series",
        "/series/msft.capex_cash",
        "/series/aib.share.amd",
        "/announcements",
        "/announcements?company=msft",
        "/announcements?company=acme",
        "/ledger",
        "/scaling",
        "/scaling?company=nvda&mfu=0.2",
        "/runs",
        "/pressure",
    ] {
        let answer = server.get(path);
        let text = answer.text();
        assert_eq!(answer.status, 200, "{path}: {text}");
        assert!(
            text.starts_with("<!DOCTYPE html>") && text.contains("<main id=\"main\">"),
            "{path}"
        );
        assert!(!text.contains("<script>") && !text.contains("onerror=alert(2)>"), "{path}");
        assert!(!text.contains(" style=") && !text.contains("<style"), "{path} has inline style");
        assert!(!text.contains("href=\"javascript:"), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.starts_with("default-src 'none';") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
    }
    let words = server.get("/announcements?company=msft").text();
    assert!(words.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the words are shown as text");
    let csv = server.get("/api/v1/announcements?company=msft&format=csv").text();
    assert!(csv.contains(",'=HYPERLINK("), "a spreadsheet sees no formula: {csv}");
    assert_eq!(
        server.get("/static/style.css").header("content-type"),
        Some("text/css; charset=utf-8")
    );
}

#[test]
fn rows_are_those_of_the_command_line_and_change_with_the_day() {
    let server = Server::start(&[]);
    let folder = server.folder.path();
    for (path, command) in [
        ("/api/v1/series", &["data", "list"][..]),
        ("/api/v1/series/msft.capex_cash/observations", &["data", "show", "msft.capex_cash"]),
        ("/api/v1/series/msft.capex_cash/vintages", &["data", "vintages", "msft.capex_cash"]),
        ("/api/v1/announcements?company=nvda", &["data", "announcements", "nvda"]),
        (
            "/api/v1/series/nvda.revenue/forecast",
            &[
                "forecast",
                "nvda.revenue",
                "--coverage",
                "0.95",
                "--coverage",
                "0.8",
                "--coverage",
                "0.5",
            ],
        ),
    ] {
        let printed = chipcast(folder, &[command, &["--format", "json"]].concat());
        assert_eq!(server.json(path)["rows"], Value::Array(printed.rows()), "{path}");
    }
    let observations = |query: &str| {
        let path = format!("/api/v1/series/msft.capex_cash/observations{query}");
        server.json(&path)["rows"].as_array().expect("rows").len()
    };
    assert!(observations("?as_of=2020-01-01") + 20 < observations(""));
    let parquet = server.get("/api/v1/series/msft.capex_cash/observations?format=parquet");
    assert!(parquet.body.starts_with(b"PAR1") && parquet.body.ends_with(b"PAR1"));
    let disposition = parquet.header("content-disposition").expect("a name");
    assert_eq!(disposition, "attachment; filename=\"msft.capex_cash.observations.parquet\"");
}

#[test]
fn a_tag_saves_the_answer_and_a_changed_archive_changes_it() {
    let server = Server::start(&[]);
    let path = "/api/v1/announcements?company=msft";
    let first = server.get(path);
    let tag = first.header("etag").expect("a tag").to_owned();
    let again = server.ask("GET", path, &format!("If-None-Match: \"other\", {tag}\r\n"));
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    let other = server.get("/api/v1/announcements?company=nvda");
    assert_ne!(other.header("etag"), Some(tag.as_str()));
    let head = server.ask("HEAD", path, "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("etag"), Some(tag.as_str()));
    // The archive grows beside the running server, which notices.
    let store = Store::at(&server.folder.path().join("data")).expect("a folder");
    store
        .lock()
        .expect("free")
        .commit(&announced("msft", "a later word", "accn 1"))
        .expect("writable");
    // Learning the archive anew takes ten seconds of a quiet core; the limit is for a busy one.
    let deadline = Instant::now() + Duration::from_mins(3);
    while !server.get(path).text().contains("a later word") {
        assert!(Instant::now() < deadline, "the change was not noticed");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_ne!(server.get(path).header("etag"), Some(tag.as_str()));
}

#[test]
fn what_is_wrong_is_refused_in_words_and_counted() {
    let server = Server::start(&["--allow-host", "box.lan"]);
    metrics_count_by_route_and_status(&server);
    foreign_names_other_methods_and_broken_requests_are_refused(&server);
    a_wrong_question_is_told_what_is_needed(&server);
    a_slider_changes_what_follows_from_it_and_nothing_before(&server);
}

fn foreign_names_other_methods_and_broken_requests_are_refused(server: &Server) {
    let status = |request: &[u8]| server.send(request).map_or(0, |answer| answer.status);
    let to =
        |host: &str| format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    for host in ["localhost", "127.0.0.1:1", "[::1]:8080", "box.lan:80", "BOX.lan"] {
        assert_eq!(status(to(host).as_bytes()), 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "192.168.1.1", "box.lan.evil"] {
        assert_eq!(status(to(host).as_bytes()), 421, "{host}");
    }
    let absolute = b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(status(absolute), 421);
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        let answer = server.ask(method, "/", "");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    let long = format!("/series?{}", "a".repeat(3000));
    assert_eq!(server.get(&long).status, 414);
    assert_eq!(server.ask("GET", "/", &format!("X: {}\r\n", "a".repeat(40_000))).status, 431);
    assert_eq!(server.ask("GET", "/", &"X: y\r\n".repeat(200)).status, 431);
    assert_eq!(server.ask("GET", "/", "Content-Length: 3\r\n\r\nabc").status, 400);
    assert_eq!(status(b"GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status(b"\x00\xff\x13 nonsense\r\n\r\n"), 400);
    for path in ["/../etc/passwd", "/static/..%2f..%2fCargo.toml", "/runs/..%2f..%2fx/diff/y"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
    assert_eq!(server.json("/healthz")["ok"], true);
}

fn a_wrong_question_is_told_what_is_needed(server: &Server) {
    for (path, code, words) in [
        ("/api/v1/series?asof=2026-01-01", 400, "query key `asof` is unknown"),
        ("/api/v1/series?as_of=2026-13-01", 400, "needed a day"),
        ("/api/v1/series?as_of=2031-01-01", 400, "known through 2026-09-24"),
        ("/api/v1/series?as_of=%zz", 400, "not percent-encoded"),
        ("/api/v1/series?format=xml", 400, "needed one of json, csv, parquet"),
        ("/api/v1/series/MSFT/observations", 400, "MSFT"),
        ("/api/v1/series/nobody.revenue/observations", 404, "nobody.revenue"),
        ("/api/v1/scaling?mfu=0.4", 400, "query key `mfu` is 0.4; needed 0.08 to 0.22 (ratio)"),
        ("/api/v1/scaling?mfu=nan", 400, "needed a number"),
        ("/api/v1/scaling?company=nobody", 404, "nobody"),
        ("/api/v1/runs/x/diff/y", 404, "no run `x`"),
        ("/api/v1/nothing", 404, "nothing at this address"),
    ] {
        let answer = server.get(path);
        let document: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let error = &document["error"];
        assert_eq!((answer.status, error["status"].as_u64()), (code, Some(code.into())), "{path}");
        let message = error["message"].as_str().expect("words");
        assert!(message.contains(words), "{path}: {message}");
        assert!(answer.header("etag").is_none());
    }
    let page = server.get("/company/%3Cb%3E");
    assert_eq!(page.status, 400, "{}", page.text());
    assert!(!page.text().contains("<b>"));
    assert_eq!(server.get("/series/nobody.revenue").status, 404);
}

fn a_slider_changes_what_follows_from_it_and_nothing_before(server: &Server) {
    let run = |query: &str| {
        let document = server.json(&format!("/api/v1/scaling?company=msft{query}"));
        let rows = document["rows"].as_array().expect("rows").clone();
        move |quantity: &str, key: &str| {
            let row = rows.iter().find(|row| row["quantity"] == quantity).expect("a row");
            row[key].as_f64().expect("a number")
        }
    };
    let (free, low, high) = (run(""), run("&mfu=0.1"), run("&mfu=0.2"));
    for quantity in ["purchases", "installed", "power", "run", "capability"] {
        assert_eq!(free(quantity, "delta_p05"), 0.0, "{quantity}");
        assert_eq!(free(quantity, "scenario_p50"), free(quantity, "baseline_p50"));
    }
    assert!(low("run", "scenario_p50") < high("run", "scenario_p50"));
    assert!(low("capability", "scenario_p50") < high("capability", "scenario_p50"));
    assert_eq!(low("installed", "delta_p95"), 0.0, "utilisation buys no chips");
    // Twice the spend ahead buys twice the chips ahead, in every world.
    let twice = run("&spend=2");
    let ratio = twice("purchases", "scenario_p50") / free("purchases", "scenario_p50");
    assert!((ratio - 2.0).abs() < 1e-9, "{ratio}");
}

#[test]
fn every_route_is_in_the_document_and_answers_as_it_says() {
    let server = Server::start(&[]);
    let document = server.json("/api/v1/openapi.json");
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().expect("paths");
    let told: BTreeSet<_> = paths.keys().map(String::as_str).collect();
    assert_eq!(told, chipcast::serve::paths().into_iter().collect());
    let run = chipcast(server.folder.path(), &["-q", "run"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let id = |as_of: &str| {
        let run = chipcast(server.folder.path(), &["--as-of", as_of, "--format", "json", "run"]);
        let document: Value = serde_json::from_str(&run.out).expect("JSON");
        document["run_id"].as_str().expect("a name").to_owned()
    };
    let (a, b) = (id("2026-05-01"), id("2026-09-01"));
    let mut n_rows = 0;
    for (path, item) in paths {
        let real = path
            .replace("{series}", "msft.capex_cash")
            .replace("{company}", "msft")
            .replace("{a}", &a)
            .replace("{b}", &b);
        let answer = server.get(&real);
        assert_eq!(answer.status, 200, "{real}: {}", answer.text());
        let content = item["get"]["responses"]["200"]["content"].as_object().expect("content");
        let kind = answer.header("content-type").expect("a type");
        let kind = kind.split(';').next().expect("a type");
        assert!(content.contains_key(kind), "{path} answers {kind}");
        if kind == "application/json" {
            let found: Value = serde_json::from_slice(&answer.body).expect("JSON");
            let flaws = flaws(&content[kind]["schema"], &found, path);
            assert!(flaws.is_empty(), "{flaws:?}");
            n_rows += found["rows"].as_array().map_or(0, Vec::len);
        }
    }
    assert!(n_rows > 500, "{n_rows} rows were checked");
    // The check can fail.
    let schema = &document["paths"]["/healthz"]["get"]["responses"]["200"]["content"];
    let wrong = serde_json::json!({ "ok": "yes", "known_through": "2026-09-24" });
    assert_eq!(flaws(&schema["application/json"]["schema"], &wrong, "x").len(), 2);
}

/// Where a value breaks a schema: as much of JSON Schema as the document uses.
fn flaws(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(only) = schema.get("const").filter(|only| *only != value) {
        found.push(format!("{at}: {value} for {only}"));
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |kind: &&str| match *kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if !kinds.is_empty() && !kinds.iter().any(is) {
        found.push(format!("{at}: {value} is not {kinds:?}"));
    }
    if schema["format"] == "date"
        && value.as_str().is_some_and(|text| text.parse::<chrono::NaiveDate>().is_err())
    {
        found.push(format!("{at}: {value} is no day"));
    }
    for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(key).is_none() {
            found.push(format!("{at}: `{key}` is missing"));
        }
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(key) {
            Some(schema) => found.extend(flaws(schema, inner, &format!("{at}.{key}"))),
            None if schema["additionalProperties"] == false => {
                found.push(format!("{at}: `{key}` is not foreseen"));
            }
            None => {}
        }
    }
    if schema["items"].is_object() {
        for inner in value.as_array().into_iter().flatten() {
            found.extend(flaws(&schema["items"], inner, &format!("{at}[]")));
        }
    }
    found
}

#[test]
fn a_stop_lets_the_request_in_flight_finish() {
    for name in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        let mut stream = TcpStream::connect(server.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream
            .write_all(
                b"GET /company/meta HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            )
            .expect("sent");
        // Long enough for the request to be read, and far less than the page takes.
        std::thread::sleep(Duration::from_millis(50));
        server.signal(name);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let answer = Answer::of(&bytes).expect("a whole answer");
        assert_eq!(answer.status, 200, "{name}");
        assert!(answer.text().ends_with("</html>"), "{name}: the page is whole");
        assert_eq!(server.code(), Some(0), "{name}");
        assert!(TcpStream::connect(server.address).is_err(), "nobody listens any more");
    }
}

fn metrics_count_by_route_and_status(server: &Server) {
    server.get("/healthz");
    server.get("/series/nobody.revenue");
    server.get("/\"injected\\n");
    let text = server.get("/metrics").text();
    for line in [
        "chipcast_requests_total{route=\"/healthz\",status=\"200\"} 1",
        "chipcast_requests_total{route=\"/series/{series}\",status=\"404\"} 1",
        "chipcast_request_seconds_count{route=\"/healthz\"} 1",
        "chipcast_request_seconds_bucket{route=\"/healthz\",le=\"+Inf\"} 1",
        "chipcast_archive_age_days ",
    ] {
        assert!(text.contains(line), "`{line}` is missing in {text}");
    }
    assert!(!text.contains("injected"), "what a client sent is no label");
}
