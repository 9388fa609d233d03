//! Very large files: streamed to disk, resumed where they broke off, never joined from two states.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chipcast::Error;
use chipcast::ingest::http::{Client, Hosts, Limits};
use chipcast::ingest::{Lifetime, Request};
use chipcast::store::raw::RawStore;

use crate::server::{answer, fall_silent, perform, say, serve};

const WHOLE: &[u8] = b"0123456789abcdef";

fn limits(attempts: u32) -> Limits {
    Limits {
        attempts,
        backoff: Duration::ZERO,
        per_second: 10_000,
        stall: Duration::from_millis(500),
        download_max: 1000,
        ..Limits::default()
    }
}

fn client(base: &str, folder: &Path, attempts: u32) -> Client {
    let hosts = Hosts::known().with_base(base).expect("on this machine");
    Client::with_limits(None, hosts, limits(attempts))
        .expect("a client")
        .with_cache(RawStore::at(folder))
}

fn request(base: &str) -> Request {
    Request::open(format!("{base}/bulk.zip"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// An answer of the bytes from `first` on, of which `n_said` are said.
fn part(tag: &str, first: usize, n_said: usize) -> Vec<u8> {
    let rest = &WHOLE[first..];
    let (status, range) = if first == 0 {
        ("200 OK", String::new())
    } else {
        ("206 Partial Content", format!("Content-Range: bytes {first}-15/16\r\n"))
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"{tag}\"\r\n{range}\r\n",
        rest.len()
    );
    [head.as_bytes(), &rest[..n_said]].concat()
}

/// What was downloaded, and the `Range` that each question asked for.
fn downloaded(answers: Vec<Vec<u8>>, attempts: u32) -> (chipcast::Result<Vec<u8>>, Vec<String>) {
    let folder = folder();
    let (base, questions) = serve(answers);
    let path = client(&base, folder.path(), attempts).download(&request(&base));
    let bytes = path.map(|path| std::fs::read(path).expect("the file"));
    (bytes, questions.try_iter().map(|question| range(&question)).collect())
}

fn range(question: &str) -> String {
    let line = question.lines().find(|line| line.starts_with("range: "));
    line.unwrap_or_default().replace("range: ", "")
}

#[test]
fn a_file_arrives_whole_and_unpacked() {
    let folder = folder();
    let (base, questions) = serve(vec![part("a", 0, 16)]);
    let path = client(&base, folder.path(), 1).download(&request(&base)).expect("whole");
    assert_eq!(std::fs::read(&path).expect("the file"), WHOLE);
    let hash = blake3::hash(WHOLE).to_hex().to_string();
    assert!(path.ends_with(Path::new("raw").join(&hash[..2]).join(&hash)), "{}", path.display());
    let question = questions.recv().expect("asked");
    assert!(question.contains("accept-encoding: identity\r\n"), "{question}");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("raw/part"))
        .expect("a folder")
        .flatten()
        .map(|file| file.path().extension().map(|e| e.to_string_lossy().into_owned()))
        .collect();
    assert_eq!(left, [Some("lock".to_owned())], "nothing but the lock is left");
}

#[test]
fn a_cut_is_mended_in_the_same_call() {
    let answers = vec![part("a", 0, 5), part("a", 5, 4), part("a", 9, 7)];
    let (bytes, ranges) = downloaded(answers, 3);
    assert_eq!(bytes.expect("whole"), WHOLE);
    assert_eq!(ranges, ["", "bytes=5-", "bytes=9-"]);
}

#[test]
fn a_cut_is_mended_by_a_later_run_which_names_the_state() {
    let folder = folder();
    let (base, questions) = perform(vec![fall_silent(part("a", 0, 5)), say(part("a", 5, 11))]);
    let error = client(&base, folder.path(), 1).download(&request(&base)).expect_err("cut");
    assert!(error.to_string().contains("broke off after 5 bytes of 16"), "{error}");
    let path = client(&base, folder.path(), 1).download(&request(&base)).expect("mended");
    assert_eq!(std::fs::read(path).expect("the file"), WHOLE);
    let second = questions.iter().nth(1).expect("asked twice");
    assert!(second.contains("range: bytes=5-\r\n") && second.contains("if-range: \"a\"\r\n"));
}

#[test]
fn a_server_that_begins_anew_is_followed() {
    // It knows no ranges; or the file is another by now.
    for tag in ["a", "b"] {
        let (bytes, ranges) = downloaded(vec![part("a", 0, 5), part(tag, 0, 16)], 2);
        assert_eq!(bytes.expect("whole"), WHOLE);
        assert_eq!(ranges, ["", "bytes=5-"]);
    }
}

#[test]
fn pieces_that_do_not_fit_are_thrown_away() {
    let wrong_place = part("a", 7, 9);
    let of_other_size = String::from_utf8(part("a", 5, 11)).expect("text").replace("/16", "/99");
    let unsatisfiable = answer("416 Range Not Satisfiable", "Content-Range: bytes */3\r\n", "");
    for unfit in [wrong_place, of_other_size.into_bytes(), unsatisfiable] {
        let (bytes, ranges) = downloaded(vec![part("a", 0, 5), unfit, part("b", 0, 16)], 3);
        assert_eq!(bytes.expect("whole"), WHOLE);
        assert_eq!(ranges, ["", "bytes=5-", ""]);
    }
    let (bytes, _) = downloaded(vec![part("a", 5, 11)], 1);
    assert!(bytes.expect_err("not asked for").to_string().contains("206 Partial Content; needed"));
}

#[test]
fn without_a_state_to_name_a_cut_file_begins_anew() {
    for tag in ["W/\"a", "\"a"] {
        let weak = |n| {
            String::from_utf8(part("a", 0, n))
                .expect("text")
                .replace("ETag: \"a", &format!("X: {tag}"))
        };
        let (bytes, ranges) = downloaded(vec![weak(5).into_bytes(), weak(16).into_bytes()], 2);
        assert_eq!(bytes.expect("whole"), WHOLE);
        assert_eq!(ranges, ["", ""]);
    }
}

#[test]
fn a_file_that_was_whole_when_the_run_died_is_taken() {
    let folder = folder();
    let (base, questions) = serve(vec![
        part("a", 0, 16),
        answer("416 Range Not Satisfiable", "Content-Range: bytes */16\r\n", ""),
    ]);
    let path = client(&base, folder.path(), 1).download(&request(&base)).expect("whole");
    let key = blake3::hash(format!("{base}/bulk.zip").as_bytes()).to_hex().to_string();
    let parts = folder.path().join("raw/part");
    std::fs::rename(&path, parts.join(format!("{key}.part"))).expect("as before the end");
    let note = r#"{"schema_version":1,"validator":"\"a\"","total":16,"n_bytes":16}"#;
    std::fs::write(parts.join(format!("{key}.json")), note).expect("writable");
    let again = client(&base, folder.path(), 1).download(&request(&base)).expect("taken");
    assert_eq!((std::fs::read(&again).expect("the file"), again), (WHOLE.to_vec(), path));
    assert_eq!(range(&questions.iter().nth(1).expect("asked twice")), "bytes=16-");
}

#[test]
fn a_file_at_hand_is_confirmed_or_not_asked_for() {
    let folder = folder();
    let (base, questions) =
        serve(vec![part("a", 0, 16), answer("304 Not Modified", "ETag: \"a\"\r\n", "")]);
    let client = client(&base, folder.path(), 1);
    let first = client.download(&request(&base)).expect("whole");
    assert_eq!(client.download(&request(&base)).expect("confirmed"), first);
    let immutable = Request { lifetime: Lifetime::Immutable, ..request(&base) };
    assert_eq!(client.download(&immutable).expect("held"), first);
    assert_eq!(client.get(&immutable).expect("held"), WHOLE, "what is downloaded can be got");
    assert!(questions.iter().nth(1).expect("asked twice").contains("if-none-match: \"a\"\r\n"));
}

#[test]
fn what_cannot_be_downloaded_is_told() {
    let cannot = |answer: Vec<u8>, said: &str| {
        let (bytes, _) = downloaded(vec![answer], 1);
        let error = bytes.expect_err(said);
        assert!(error.to_string().contains(said), "{error}");
    };
    cannot(answer("200 OK", "", &"x".repeat(1001)), "sends more than 1000 bytes");
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(2000));
    cannot(endless.into_bytes(), "sends more than 1000 bytes");
    cannot(answer("200 OK", "Content-Encoding: gzip\r\n", "x"), "comes packed by `gzip`");
    let page = "<title>Gone fishing</title>";
    cannot(answer("200 OK", "Content-Type: text/html\r\n", page), "titled `Gone fishing`");
    cannot(answer("404 Not Found", "", ""), "does not exist");
    cannot(answer("200 OK", "", ""), "ended after 0 bytes; needed 0");
    let hosts = Hosts::known().with_base("http://127.0.0.1:9").expect("listed");
    let homeless = Client::new(None, hosts).expect("a client");
    let error = homeless.download(&request("http://127.0.0.1:9")).expect_err("no folder");
    assert!(matches!(error, Error::Invalid(_)), "{error}");
}

#[test]
fn the_next_nights_file_takes_the_place_of_the_last() {
    let folder = folder();
    let (base, _questions) = serve(vec![
        answer("200 OK", "ETag: \"a\"\r\n", "the first night"),
        answer("200 OK", "ETag: \"b\"\r\n", "the second night"),
    ]);
    let client = client(&base, folder.path(), 1);
    let first = client.download(&request(&base)).expect("the first");
    let second = client.download(&request(&base)).expect("the second");
    assert_eq!(std::fs::read(second).expect("kept"), b"the second night");
    assert!(!first.exists(), "a gigabyte a night would fill the disk");
}

#[test]
fn one_process_at_a_time_downloads_a_file() {
    let folder = folder();
    let held = Arc::new(Mutex::new(None));
    let (result, place) = (Arc::clone(&held), folder.path().to_owned());
    let (base, _questions) = perform(vec![Box::new(move |stream, question| {
        let host = question.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
        let base = format!("http://{host}");
        let second = client(&base, &place, 1).download(&request(&base));
        *result.lock().expect("one thread at a time") = Some(second);
        drop(stream.write_all(&part("a", 0, 16)));
    })]);
    assert!(client(&base, folder.path(), 1).download(&request(&base)).is_ok());
    let second = held.lock().expect("one thread at a time").take().expect("tried");
    let error = second.expect_err("held by the first");
    assert!(error.to_string().contains("is locked by another download"), "{error}");
}

#[test]
fn progress_is_told_to_the_end() {
    let folder = folder();
    let (base, _questions) =
        serve(vec![part("a", 0, 5), part("a", 5, 11), answer("200 OK", "", "{}")]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let client = client(&base, folder.path(), 2).with_progress(move |p| {
        heard.lock().expect("one thread").push((p.done, p.total, p.over));
    });
    client.download(&request(&base)).expect("whole");
    client.get(&Request::open(format!("{base}/a.json"))).expect("served");
    let told = told.lock().expect("one thread");
    let ends: Vec<_> = told.iter().filter(|(_, _, over)| *over).collect();
    assert_eq!(ends, [&(5, Some(16), true), &(16, Some(16), true), &(2, Some(2), true)]);
    assert_eq!(told[0], (0, Some(16), false));
}
