//! The client against servers that fail in every way: each ends in data or in an error that says what
//! happened, soon, and without asking more often than is polite.

use std::sync::mpsc::channel;
use std::time::Duration;

use chipcast::ingest::Request;
use chipcast::ingest::http::{Client, Hosts, Limits};
use chipcast::store::raw::RawStore;
use chipcast::{Error, Result};
use proptest::prelude::*;

use crate::server::{
    answer, bytes_answer, dribble, fall_silent, flood, gzip, gzip_bomb, perform, reset, say, serve,
};

const NAME: &str = "Ada Lovelace ada@example.org";
const OK: &str = "200 OK";

fn limits() -> Limits {
    Limits {
        attempts: 3,
        backoff: Duration::ZERO,
        bytes_max: 1000,
        per_second: 10_000,
        stall: Duration::from_millis(300),
        ..Limits::default()
    }
}

fn client_with(base: &str, limits: Limits) -> Client {
    let hosts = Hosts::known().with_base(base).expect("on this machine");
    Client::with_limits(Some(NAME), hosts, limits).expect("a client")
}

fn get(base: &str) -> Result<Vec<u8>> {
    client_with(base, limits()).get(&Request::named(format!("{base}/a.json")))
}

/// The message and the hint of a request that had to fail.
fn refused(base: &str) -> (String, String) {
    let error = get(base).expect_err("not served");
    (error.to_string(), error.advice().unwrap_or_default().to_owned())
}

fn page(title: &str, heading: &str) -> String {
    format!("<html><head><title>SEC.gov | {title}</title></head><h1>{heading}</h1></html>")
}

const TOO_OFTEN: &str = "Request Rate Threshold Exceeded";
const UNDECLARED: &str = "Your Request Originates from an Undeclared Automated Tool";

#[test]
fn a_throttled_source_is_asked_once_and_then_left_alone() {
    let body = page(TOO_OFTEN, "limits apply to undeclared automated tools");
    let (base, questions) = serve(vec![answer("403 Forbidden", "", &body); 3]);
    let client = client_with(&base, limits());
    let request = Request::named(format!("{base}/a.json"));
    let error = client.get(&request).expect_err("throttled");
    assert!(error.to_string().contains("answered 403: refused for too many requests"), "{error}");
    assert!(error.advice().is_some_and(|hint| hint.contains("wait ten minutes")), "{error:?}");
    let error = client.get(&request).expect_err("left alone");
    assert!(error.to_string().contains("was not asked"), "{error}");
    assert!(questions.recv().is_ok() && questions.try_recv().is_err(), "asked once");
}

#[test]
fn a_throttled_source_that_names_a_short_wait_is_asked_once_more() {
    let busy = |wait: &str| {
        answer("403 Forbidden", &format!("Retry-After: {wait}\r\n"), &page(TOO_OFTEN, TOO_OFTEN))
    };
    let (base, questions) = serve(vec![busy("0"), answer(OK, "", "{}")]);
    assert_eq!(get(&base).expect("served at last"), b"{}");
    assert_eq!(questions.iter().count(), 2);
    let (base, questions) = serve(vec![busy("0"), busy("0"), answer(OK, "", "{}")]);
    assert!(refused(&base).0.contains("too many requests"));
    assert_eq!(questions.try_iter().count(), 2);
    let (base, questions) = serve(vec![busy("600"), answer(OK, "", "{}")]);
    assert!(refused(&base).1.contains("asks to wait 600 s, and at most 60 s are waited here"));
    assert_eq!(questions.try_iter().count(), 1);
}

#[test]
fn an_undeclared_caller_is_told_so_whatever_the_title() {
    let body = page(TOO_OFTEN, UNDECLARED);
    let (base, questions) = serve(vec![answer("403 Forbidden", "Retry-After: 0\r\n", &body); 2]);
    let (message, hint) = refused(&base);
    assert!(message.contains("does not know who asks"), "{message}");
    assert!(hint.contains("--user-agent"), "{hint}");
    assert_eq!(questions.try_iter().count(), 1);
}

#[test]
fn the_explanation_of_a_refusal_is_not_waited_for() {
    let head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 100000000\r\n\r\n";
    let (base, _questions) = perform(vec![dribble(head, b'x')]);
    assert!(refused(&base).0.contains("answered 403"));
    let (told, n_said) = channel();
    let (base, _questions) = perform(vec![flood(head, vec![b'x'; 1 << 20], told)]);
    assert!(refused(&base).0.contains("answered 403"));
    assert!(n_said.recv().expect("hung up on") < 64 << 20);
}

#[test]
fn busy_sources_are_asked_again_after_the_date_or_the_usual_wait() {
    let date = "Date: Tue, 24 Nov 2026 10:00:00 GMT\r\n";
    for headers in ["", &format!("{date}Retry-After: Tue, 24 Nov 2026 10:00:00 GMT\r\n"), date] {
        for status in ["429 Too Many Requests", "503 Service Unavailable"] {
            let (base, questions) = serve(vec![answer(status, headers, ""), answer(OK, "", "{}")]);
            assert_eq!(get(&base).expect("served at last"), b"{}");
            assert_eq!(questions.iter().count(), 2);
        }
    }
    let later = format!("{date}Retry-After: Tue, 24 Nov 2026 10:20:00 GMT\r\n");
    let (base, questions) = serve(vec![answer("503 Service Unavailable", &later, ""); 2]);
    assert!(refused(&base).1.contains("wait 1200 s"));
    assert_eq!(questions.try_iter().count(), 1);
}

#[test]
fn a_page_for_people_is_no_data() {
    let html = "Content-Type: text/html; charset=utf-8\r\n";
    let (base, questions) =
        serve(vec![answer(OK, html, &page("Scheduled  maintenance", "Back soon")); 2]);
    let (message, hint) = refused(&base);
    assert!(message.contains("a page titled `SEC.gov | Scheduled maintenance`; needed data"));
    assert!(hint.contains("browser"), "{hint}");
    assert_eq!(questions.try_iter().count(), 1);
    let (base, _questions) = serve(vec![answer(OK, html, &page(TOO_OFTEN, TOO_OFTEN))]);
    assert!(refused(&base).0.contains("answered 200: refused for too many requests"));
    let (base, _questions) = serve(vec![answer(OK, html, &page(TOO_OFTEN, UNDECLARED))]);
    assert!(refused(&base).0.contains("answered 200: refused, for the source does not know"));
    let filing = page("10-Q", "Revenue");
    let (base, _questions) = serve(vec![answer(OK, html, &filing)]);
    let request = Request::named(format!("{base}/a.htm"));
    let bytes = client_with(&base, limits()).get(&request).expect("a filing is a page");
    assert_eq!(bytes, filing.as_bytes());
}

#[test]
fn a_connection_that_is_reset_is_tried_again() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"a\"";
    let base = reset(cut, vec![answer(OK, "", "{}")]);
    assert_eq!(get(&base).expect("served at last"), b"{}");
    let base = reset(b"", vec![answer(OK, "", "{}")]);
    assert_eq!(get(&base).expect("served at last"), b"{}");
}

#[test]
fn packed_answers_are_whole_or_tried_again() {
    let text = br#"{"cik":1045810}"#;
    let packed = gzip(text);
    let with = |bytes: &[u8]| bytes_answer(OK, "Content-Encoding: gzip\r\n", bytes);
    let (base, _questions) = serve(vec![with(&packed)]);
    assert_eq!(get(&base).expect("unpacked"), text);
    let mut damaged = packed.clone();
    damaged[18] ^= 1;
    for broken in [&packed[..20], &packed[..packed.len() - 1], &packed[..5], &damaged, b"no gzip"] {
        let (base, questions) = serve(vec![with(broken), with(&packed)]);
        assert_eq!(get(&base).expect("served at last"), text);
        assert_eq!(questions.iter().count(), 2);
        let (base, _questions) = serve(vec![with(broken); 3]);
        let (message, hint) = refused(&base);
        assert!(message.contains("broke off after"), "{message}");
        assert!(hint.contains("tried 3 times"), "{hint}");
    }
}

#[test]
fn a_bomb_is_refused_at_the_limit() {
    let (first, cycle) = gzip_bomb();
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n";
    let start = [head.as_bytes(), &first].concat();
    let (told, n_said) = channel();
    let (base, questions) = perform(vec![Box::new(move |stream, question| {
        use std::io::Write;
        drop(stream.write_all(&start));
        flood("", cycle.repeat(1000), told)(stream, question);
    })]);
    let limits = Limits { bytes_max: 20_000_000, ..limits() };
    let error = client_with(&base, limits)
        .get(&Request::named(format!("{base}/a.json")))
        .expect_err("endless");
    assert!(error.to_string().contains("sends more than 20000000 bytes"), "{error}");
    let n_said = n_said.recv().expect("hung up on");
    assert!(n_said < 20_000_000, "{n_said} packed bytes for twenty million");
    assert_eq!(questions.iter().count(), 1, "no use trying again");
}

#[test]
fn links_are_followed_within_the_list_and_not_for_ever() {
    let (other, elsewhere) = serve(vec![answer(OK, "", "there")]);
    let link = format!("Location: {}/b\r\n", other.replace("127.0.0.1", "localhost"));
    let (base, _questions) = serve(vec![answer("302 Found", &link, "")]);
    let hosts = Hosts::known().with_base(&base).expect("listed").with_base("http://localhost");
    let client = Client::with_limits(Some(NAME), hosts.expect("listed"), limits());
    let request = Request::open(format!("{base}/a"));
    assert_eq!(client.expect("a client").get(&request).expect("followed"), b"there");
    assert!(elsewhere.recv().expect("asked").starts_with("get /b "));
    // The same host by a name that is not listed.
    let (base, _questions) = serve(vec![answer("302 Found", &link, "")]);
    assert!(refused(&base).0.contains("links on to `http://localhost:"));
    let round = answer("302 Found", "Location: /a.json\r\n", "");
    let (base, questions) = serve(vec![round; 8]);
    assert!(refused(&base).0.contains("links on more than 5 times"));
    assert_eq!(questions.try_iter().count(), 6);
    for link in ["", "Location: http://[\r\n"] {
        let (base, _questions) = serve(vec![answer("301 Moved", link, "")]);
        assert!(refused(&base).0.contains("; needed a URL"));
    }
}

#[test]
fn servers_that_dawdle_are_given_up() {
    let in_body = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{";
    let in_head = "HTTP/1.1 200 OK\r\nX-Slow: ";
    let once = Limits { attempts: 1, ..limits() };
    for (play, said) in [
        (fall_silent(""), "did not answer within 0.3 s"),
        (dribble(in_head, b'x'), "did not answer within 0.3 s"),
        (fall_silent(in_body), "broke off after 1 bytes of 500"),
        (dribble(in_body, b'x'), "bytes a second; needed 1000"),
    ] {
        let (base, _questions) = perform(vec![play]);
        let request = Request::named(format!("{base}/a.json"));
        let error = client_with(&base, once).get(&request).expect_err(said);
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn lengths_that_lie_and_ends_that_are_missing() {
    let length = |n: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n{{\"a\":1}}");
    let (base, _questions) = serve(vec![length(3).into_bytes()]);
    assert_eq!(get(&base).expect("as promised"), b"{\"a");
    let (base, _questions) = serve(vec![b"HTTP/1.0 200 OK\r\n\r\n{}".to_vec()]);
    assert_eq!(get(&base).expect("to the end"), b"{}");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for broken in ["zz\r\n", "5\r\nab", "2\r\nabXX", "fffffffffffffffff\r\n", "5\r\nhello\r\n"] {
        let (base, _questions) = serve(vec![format!("{chunked}{broken}").into_bytes(); 3]);
        assert!(refused(&base).0.contains("broke off after"), "{broken}");
    }
    for body in ["", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}", "<html>", "HTTP/1.1 2"] {
        let (base, _questions) = serve(vec![body.as_bytes().to_vec(); 3]);
        assert!(refused(&base).0.contains("cannot be reached"), "{body}");
    }
    let (base, questions) = serve(vec![answer(OK, "", ""), answer(OK, "", "{}")]);
    assert_eq!(get(&base).expect("the second has bytes"), b"{}");
    assert_eq!(questions.iter().count(), 2);
    let (base, _questions) = serve(vec![answer(OK, "", ""); 3]);
    assert!(refused(&base).0.contains("sent no bytes"));
    let (base, _questions) = serve(vec![answer("206 Partial Content", "", "{}")]);
    assert!(refused(&base).0.contains("answered 206 Partial Content; needed 200"));
    let (base, _questions) = serve(vec![answer("304 Not Modified", "", "")]);
    assert!(refused(&base).0.contains("answered 304 Not Modified; needed 200"));
}

#[test]
fn a_head_without_end_is_refused() {
    let (told, n_said) = channel();
    let line = format!("X-A: {}\r\n", "a".repeat(8000)).into_bytes();
    let (base, _questions) = perform(vec![flood("HTTP/1.1 200 OK\r\n", line, told)]);
    let once = Limits { attempts: 1, stall: Duration::from_secs(10), ..limits() };
    let request = Request::named(format!("{base}/a.json"));
    assert!(client_with(&base, once).get(&request).is_err());
    assert!(n_said.recv().expect("hung up on") < 64 << 20);
}

#[test]
fn threads_share_a_client() {
    let (base, questions) = serve(vec![answer(OK, "", "{}"); 24]);
    let client = client_with(&base, limits());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (client, base) = (&client, &base);
            scope.spawn(move || {
                for n in 0..6 {
                    let request = Request::named(format!("{base}/{thread}-{n}.json"));
                    assert_eq!(client.get(&request).expect("served"), b"{}");
                }
            });
        }
    });
    let mut asked: Vec<_> = questions.iter().map(|q| q[..14].to_owned()).collect();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), 24);
}

/// The other half of the test below, in a process with proxies in its environment.
#[test]
fn proxied_child() {
    let Ok(base) = std::env::var("CHIPCAST_TEST_BASE") else { return };
    let once = Limits { attempts: 1, stall: Duration::from_secs(20), ..limits() };
    let client = client_with(&base, once);
    let near = client.get(&Request::open(format!("{base}/near")));
    assert_eq!(near.expect("past the proxy"), b"near");
    let far = client.get(&Request::named("https://data.sec.gov/far"));
    assert!(far.is_err_and(|error| error.to_string().contains("cannot be reached")));
}

#[test]
fn a_proxy_of_the_environment_is_used_save_for_this_machine() {
    let (proxy, at_proxy) = serve(vec![answer("502 Bad Gateway", "", ""); 3]);
    let (base, at_base) = serve(vec![answer(OK, "", "near")]);
    let mut child = std::process::Command::new(std::env::current_exe().expect("this binary"));
    for name in ["NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy", "http_proxy"] {
        child.env_remove(name);
    }
    let output = child
        .args(["--exact", "http_faults::proxied_child"])
        .env("CHIPCAST_TEST_BASE", base)
        .env("HTTPS_PROXY", &proxy)
        .env("HTTP_PROXY", &proxy)
        .output()
        .expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(at_proxy.recv().expect("asked").starts_with("connect data.sec.gov:443 "));
    assert!(at_proxy.try_recv().is_err(), "for nothing else");
    assert!(at_base.recv().expect("asked").starts_with("get /near "));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end_in_data_or_an_error(
        status in prop::sample::select(vec!["200", "206", "301", "304", "403", "416", "429", "999"]),
        header in prop::sample::select(vec![
            "Content-Length: 5", "Content-Length: -1", "Transfer-Encoding: chunked",
            "Content-Encoding: gzip", "Content-Encoding: br", "Location: //", "Location: /b",
            "Retry-After: 0", "ETag: \u{e9}", "Content-Type: text/html", "Vary: *",
            "Cache-Control: max-age=99999999999999999999, max-age=1", "Date: never", "X",
        ]),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [format!("HTTP/1.1 {status} ?\r\n{header}\r\n\r\n").as_bytes(), &body].concat();
        let (base, _questions) = perform((0..12).map(|_| say(bytes.clone())).collect());
        let folder = tempfile::tempdir().expect("a folder");
        let client = client_with(&base, limits()).with_cache(RawStore::at(folder.path()));
        let request = Request::named(format!("{base}/a.json"));
        let ends = |outcome: Result<()>| match outcome {
            Ok(()) | Err(Error::Fetch(_) | Error::NotFound(_)) => Ok(()),
            Err(other) => Err(TestCaseError::fail(format!("{other:?}"))),
        };
        ends(client.get(&request).map(drop))?;
        ends(client.get(&request).map(drop))?;
        ends(client.download(&request).map(drop))?;
    }
}
