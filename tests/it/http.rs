//! The client against a server on this machine: who it says it is, when it asks again, when it stops.

use std::time::Duration;

use chipcast::ingest::edgar::Edgar;
use chipcast::ingest::http::{Client, Hosts, Limits};
use chipcast::ingest::{Request, Source};
use chipcast::{Error, Result};
use chrono::NaiveDate;

use crate::server::{answer, serve};

const NAME: &str = "Ada Lovelace ada@example.org";

fn limits() -> Limits {
    let backoff = Duration::ZERO;
    Limits { attempts: 3, backoff, bytes_max: 1000, per_second: 1000, ..Limits::default() }
}

fn client(base: &str, user_agent: Option<&str>) -> Client {
    let hosts = Hosts::known().with_base(base).expect("on this machine");
    Client::with_limits(user_agent, hosts, limits()).expect("a client")
}

fn get(base: &str, user_agent: Option<&str>) -> Result<Vec<u8>> {
    let since = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
    let request = Edgar::new(1_045_810, base).requests(since).remove(0);
    client(base, user_agent).get(&request)
}

#[test]
fn the_caller_says_who_it_is_and_gets_the_payload() {
    let payload = include_str!("../fixtures/edgar/same_end.json");
    let (base, questions) = serve(vec![answer("200 OK", "", payload)]);
    assert_eq!(get(&base, Some(NAME)).expect("served"), payload.as_bytes());
    let question = questions.recv().expect("asked once");
    assert!(question.starts_with("get /api/xbrl/companyfacts/cik0001045810.json "), "{question}");
    assert!(question.contains("user-agent: ada lovelace ada@example.org\r\n"), "{question}");
    assert!(question.contains("accept-encoding: gzip"), "{question}");
}

#[test]
fn without_a_name_nothing_is_asked() {
    let error = get("http://127.0.0.1:9", None).expect_err("no name");
    assert!(matches!(error, Error::Fetch(_)));
    assert!(error.to_string().contains("answers only callers who say who they are"), "{error}");
    let hint = error.advice().expect("a hint");
    assert!(hint.contains("--user-agent") && hint.contains("CHIPCAST_USER_AGENT"), "{hint}");
}

#[test]
fn a_name_is_not_given_to_those_who_do_not_ask() {
    let (base, questions) = serve(vec![answer("200 OK", "", "x")]);
    let request = Request::open(format!("{base}/csv"));
    assert_eq!(client(&base, Some(NAME)).get(&request).expect("served"), b"x");
    assert!(!questions.recv().expect("asked once").contains("ada"));
}

#[test]
fn a_refusal_is_explained_and_not_repeated() {
    let (base, questions) =
        serve(vec![answer("403 Forbidden", "", "no"), answer("200 OK", "", "never")]);
    let error = get(&base, Some(NAME)).expect_err("refused");
    assert!(error.to_string().contains("answered 403: refused for want of a name"), "{error}");
    assert!(error.advice().is_some_and(|hint| hint.contains("wait ten minutes")));
    assert!(questions.recv().is_ok());
    assert!(questions.try_recv().is_err(), "asked once");
}

#[test]
fn too_many_requests_wait_as_long_as_asked() {
    let busy = || answer("429 Too Many Requests", "Retry-After: 0\r\n", "");
    let (base, questions) = serve(vec![busy(), answer("200 OK", "", "{}")]);
    assert_eq!(get(&base, Some(NAME)).expect("served at last"), b"{}");
    assert_eq!(questions.iter().count(), 2);
    let (base, questions) =
        serve(vec![answer("429 Too Many Requests", "Retry-After: 900\r\n", ""), busy()]);
    let error = get(&base, Some(NAME)).expect_err("too long a wait");
    assert!(error.advice().is_some_and(|hint| hint.contains("wait 900 s")), "{error:?}");
    assert!(questions.recv().is_ok() && questions.try_recv().is_err());
}

#[test]
fn errors_of_the_server_are_tried_again_up_to_a_limit() {
    let broken = || answer("500 Internal Server Error", "", "");
    let (base, _questions) = serve(vec![broken(), broken(), answer("200 OK", "", "{}")]);
    assert_eq!(get(&base, Some(NAME)).expect("served at last"), b"{}");
    let (base, questions) = serve(vec![broken(), broken(), broken()]);
    let error = get(&base, Some(NAME)).expect_err("never served");
    assert!(error.to_string().contains("answered 500 Internal Server Error; needed 200"));
    assert!(error.advice().is_some_and(|hint| hint.contains("tried 3 times")));
    assert_eq!(questions.iter().count(), 3);
}

#[test]
fn a_body_that_breaks_off_is_tried_again_and_told() {
    let cut = || b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"cik\":1".to_vec();
    let (base, questions) = serve(vec![cut(), cut(), cut()]);
    let error = get(&base, Some(NAME)).expect_err("broken off");
    assert!(error.to_string().contains("broke off after 8 bytes of 50"), "{error}");
    assert_eq!(questions.iter().count(), 3);
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    let large = "x".repeat(2000);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n7d0\r\n{large}\r\n0\r\n\r\n"
    );
    for answer in [answer("200 OK", "", &large), chunked.into_bytes()] {
        let (base, _questions) = serve(vec![answer]);
        let error = get(&base, Some(NAME)).expect_err("too large");
        assert!(error.to_string().contains("sends more than 1000 bytes"), "{error}");
    }
}

#[test]
fn a_missing_company_and_a_link_elsewhere_are_told() {
    let (base, _questions) = serve(vec![answer("404 Not Found", "", "")]);
    assert!(matches!(get(&base, Some(NAME)), Err(Error::NotFound(_))));
    let link = "Location: https://evil.example.org/\r\n";
    let (base, _questions) = serve(vec![answer("302 Found", link, "")]);
    let error = get(&base, Some(NAME)).expect_err("not followed");
    assert!(error.to_string().contains("links on to `https://evil.example.org/`"), "{error}");
}

#[test]
fn hosts_that_are_not_listed_are_never_asked() {
    let client = Client::new(Some(NAME), Hosts::known()).expect("a client");
    for url in ["http://127.0.0.1:9/", "https://evil.example.org/", "http://data.sec.gov/"] {
        let request = Request::named(url);
        let error = client.get(&request).expect_err(url);
        assert!(error.to_string().contains("is not on the list of sources"), "{error}");
    }
}
