//! Copies of answers: what never changes is asked for once, all else is confirmed each time, and a
//! damaged copy is as good as none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chipcast::ingest::http::{Client, Hosts, Limits};
use chipcast::ingest::{Lifetime, Request};
use chipcast::store::raw::RawStore;

use crate::server::{answer, serve};

const NAME: &str = "Ada Lovelace ada@example.org";
const OK: &str = "200 OK";
const UNCHANGED: &str = "304 Not Modified";

fn client(base: &str, folder: &Path) -> Client {
    let limits =
        Limits { attempts: 3, backoff: Duration::ZERO, per_second: 10_000, ..Limits::default() };
    let hosts = Hosts::known().with_base(base).expect("on this machine");
    Client::with_limits(Some(NAME), hosts, limits)
        .expect("a client")
        .with_cache(RawStore::at(folder))
}

fn changing(base: &str) -> Request {
    Request::named(format!("{base}/a.json"))
}

fn immutable(base: &str) -> Request {
    Request { lifetime: Lifetime::Immutable, ..changing(base) }
}

/// The files below `raw/`: entries apart from bodies.
fn files(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let of = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    of(folder.join("raw"))
        .flat_map(|inner| of(inner.path()))
        .map(|file| file.path())
        .partition(|path| path.parent().is_some_and(|folder| folder.ends_with("http")))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_copy_is_confirmed_by_its_tag_whatever_age_is_allowed() {
    let folder = folder();
    let headers = "ETag: \"one\"\r\nCache-Control: max-age=86400\r\n";
    let (base, questions) = serve(vec![
        answer(OK, headers, "{\"v\":1}"),
        answer(UNCHANGED, "ETag: \"one\"\r\n", ""),
        answer(UNCHANGED, "", ""),
        answer(OK, "ETag: \"two\"\r\n", "{\"v\":2}"),
        answer(UNCHANGED, "ETag: \"two\"\r\n", ""),
    ]);
    let client = client(&base, folder.path());
    let got: Vec<_> =
        (0..5).map(|_| client.get(&changing(&base)).expect("served or confirmed")).collect();
    assert_eq!(got, [&b"{\"v\":1}"[..], b"{\"v\":1}", b"{\"v\":1}", b"{\"v\":2}", b"{\"v\":2}"]);
    let asked: Vec<_> = questions.iter().collect();
    assert!(!asked[0].contains("if-none-match"), "{}", asked[0]);
    for (question, tag) in asked[1..].iter().zip(["one", "one", "one", "two"]) {
        assert!(question.contains(&format!("if-none-match: \"{tag}\"\r\n")), "{question}");
        assert!(question.contains("user-agent: ada lovelace"), "{question}");
    }
    let (entries, bodies) = files(folder.path());
    assert_eq!((entries.len(), bodies.len()), (1, 2), "the old body stays");
}

#[test]
fn a_copy_without_a_tag_is_confirmed_by_its_date() {
    let folder = folder();
    let date = "Last-Modified: Tue, 24 Nov 2026 10:00:00 GMT\r\n";
    let (base, questions) = serve(vec![answer(OK, date, "{}"), answer(UNCHANGED, date, "")]);
    for _ in 0..2 {
        assert_eq!(client(&base, folder.path()).get(&changing(&base)).expect("served"), b"{}");
    }
    let second = questions.iter().nth(1).expect("asked twice");
    assert!(second.contains("if-modified-since: tue, 24 nov 2026 10:00:00 gmt\r\n"), "{second}");
}

#[test]
fn what_never_changes_is_asked_for_once() {
    let folder = folder();
    let headers = "Cache-Control: no-store\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\n";
    let (base, questions) = serve(vec![answer(OK, headers, "filed"), answer(OK, "", "never")]);
    for _ in 0..3 {
        assert_eq!(client(&base, folder.path()).get(&immutable(&base)).expect("held"), b"filed");
    }
    let nameless = Client::new(None, Hosts::known().with_base(&base).expect("listed"));
    let nameless = nameless.expect("a client").with_cache(RawStore::at(folder.path()));
    assert_eq!(nameless.get(&immutable(&base)).expect("no one is asked"), b"filed");
    assert_eq!(questions.try_iter().count(), 1);
    let (entries, _) = files(folder.path());
    let text = std::fs::read_to_string(&entries[0]).expect("an entry");
    let sealed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let entry = &sealed["of"];
    assert_eq!(entry["schema_version"], 1);
    assert_eq!(entry["retrieved"], "2026-11-24");
    assert_eq!(entry["n_bytes"], 5);
    assert!(!text.to_lowercase().contains("ada"), "the caller's name is not kept: {text}");
}

#[test]
fn nothing_is_kept_of_failures_of_cut_answers_and_where_it_is_forbidden() {
    let folder = folder();
    let (base, _questions) = serve(vec![
        answer("404 Not Found", "", "no"),
        answer("403 Forbidden", "", "no"),
        answer(OK, "Content-Type: text/html\r\n", "<title>Down</title>"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}".to_vec(),
        b"HTTP/1.0 200 OK\r\n\r\n{\"perhaps\":\"cut".to_vec(),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"perhaps\":\"cut".to_vec(),
    ]);
    let client = client(&base, folder.path());
    for _ in 0..3 {
        assert!(client.get(&immutable(&base)).is_err());
    }
    for _ in 0..2 {
        assert_eq!(client.get(&immutable(&base)).expect("served"), b"{\"perhaps\":\"cut");
    }
    assert_eq!(files(folder.path()), (vec![], vec![]));
    let headers = "Cache-Control: no-store\r\nETag: \"x\"\r\n";
    let (base, questions) = serve(vec![answer(OK, headers, "{}"); 2]);
    for _ in 0..2 {
        assert_eq!(client_get(&base, folder.path()), b"{}");
    }
    assert!(questions.iter().all(|question| !question.contains("if-none-match")));
    assert_eq!(files(folder.path()), (vec![], vec![]));
}

fn client_get(base: &str, folder: &Path) -> Vec<u8> {
    client(base, folder).get(&changing(base)).expect("served")
}

#[test]
fn a_damaged_copy_is_fetched_again() {
    let folder = folder();
    let (base, questions) = serve(vec![answer(OK, "ETag: \"1\"\r\n", "{\"v\":1}"); 4]);
    let get = || client(&base, folder.path()).get(&immutable(&base)).expect("served");
    assert_eq!(get(), b"{\"v\":1}");
    let (entries, bodies) = files(folder.path());
    std::fs::write(&bodies[0], "{\"v\":7}").expect("writable");
    assert_eq!(get(), b"{\"v\":1}", "not the damaged body");
    std::fs::remove_file(&bodies[0]).expect("writable");
    assert_eq!(get(), b"{\"v\":1}");
    let text = std::fs::read_to_string(&entries[0]).expect("an entry");
    std::fs::write(&entries[0], text.replace("\"schema_version\": 1", "\"schema_version\": 2"))
        .expect("writable");
    assert_eq!(get(), b"{\"v\":1}");
    assert!(questions.try_iter().all(|question| !question.contains("if-none-match")));
}

#[test]
fn an_entry_damaged_anywhere_gives_the_copy_or_nothing() {
    let folder = folder();
    let (base, _questions) = serve(vec![answer(OK, "ETag: \"1\"\r\n", "{\"v\":1}")]);
    assert_eq!(client_get(&base, folder.path()), b"{\"v\":1}");
    let (entries, _) = files(folder.path());
    let whole = std::fs::read(&entries[0]).expect("an entry");
    let offline = client(&base, folder.path()).offline();
    let mut n_held = 0;
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x11;
        for damaged in [&flipped[..], &whole[..at]] {
            std::fs::write(&entries[0], damaged).expect("writable");
            match offline.get(&changing(&base)) {
                Ok(bytes) => {
                    assert_eq!(bytes, b"{\"v\":1}");
                    n_held += 1;
                }
                Err(error) => assert!(error.to_string().contains("no copy of"), "{error}"),
            }
        }
    }
    assert!(n_held < whole.len(), "most damage is seen");
}

#[test]
fn word_of_another_state_is_not_trusted() {
    let folder = folder();
    let (base, questions) = serve(vec![
        answer(OK, "ETag: \"1\"\r\n", "{\"v\":1}"),
        answer(UNCHANGED, "ETag: \"9\"\r\n", ""),
        answer(OK, "ETag: \"9\"\r\n", "{\"v\":9}"),
    ]);
    assert_eq!(client_get(&base, folder.path()), b"{\"v\":1}");
    assert_eq!(client_get(&base, folder.path()), b"{\"v\":9}");
    let asked: Vec<_> = questions.iter().collect();
    assert!(asked[1].contains("if-none-match") && !asked[2].contains("if-none-match"));
}

#[test]
fn offline_there_are_copies_alone() {
    let folder = folder();
    let (base, questions) = serve(vec![answer(OK, "", "{}"), answer(OK, "", "never")]);
    let offline = || client(&base, folder.path()).offline();
    let error = offline().get(&changing(&base)).expect_err("nothing yet");
    assert!(error.to_string().contains("no copy of") && error.advice().is_some(), "{error}");
    assert_eq!(client_get(&base, folder.path()), b"{}");
    assert_eq!(offline().get(&changing(&base)).expect("held"), b"{}");
    assert_eq!(questions.try_iter().count(), 1);
}

#[test]
fn several_share_a_folder() {
    let folder = folder();
    let n = 6;
    let (base, _questions) = serve(vec![answer(OK, "ETag: \"1\"\r\n", "{\"v\":1}"); 4 * n]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let client = client(&base, folder.path());
                for n in 0..n {
                    let request = Request::named(format!("{base}/{n}.json"));
                    assert_eq!(client.get(&request).expect("served"), b"{\"v\":1}");
                }
            });
        }
    });
    let (entries, bodies) = files(folder.path());
    assert_eq!((entries.len(), bodies.len()), (n, 1), "no part of a file is left");
}
