//! Segments of several blocks: a series is read from the blocks that hold it, and from no other.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chipcast::archive::{Archive, Batch, Part};
use chipcast::observation::{Observation, Observations};
use chipcast::store::Store;
use chrono::Days;

use crate::support::{archive, day, id, quarter, row};

/// Rows of `n_series` series of forty quarters each, as a bulk load of one company brings them.
fn rows(n_series: u32) -> Vec<Observation> {
    let of = |series: u32, n: u32| {
        let vintage = quarter(n).end() + Days::new(30);
        row(&name(series), quarter(n), f64::from(series * 64 + n), vintage)
    };
    (0..40).flat_map(|n| (0..n_series).rev().map(move |series| of(series, n))).collect()
}

fn name(series: u32) -> String {
    format!("acme.concept_{series:04}")
}

fn stored(folder: &Path, n_series: u32) -> Store {
    let store = Store::at(folder).expect("a folder");
    let known_through = day("2030-01-01");
    let batch = Batch { observations: rows(n_series), ..Batch::empty(known_through) };
    store.lock().expect("free").commit(&batch).expect("writable");
    store
}

#[test]
fn what_is_read_block_by_block_is_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = stored(folder.path(), 500).read().expect("whole");
    let held = archive(rows(500), "2030-01-01");
    assert_eq!(read.digest(), held.digest());
    let early = day("2012-06-30");
    let known = |archive: &Archive, series: u32| {
        let id = id(&name(series));
        let points = archive.as_of(early).expect("known").series(&id).expect("held").points;
        (archive.vintages(&id).expect("held"), points)
    };
    // The last before the first: no block was read by chance. Some series lie in two blocks.
    for series in (0..500).rev() {
        assert_eq!(known(&read, series), known(&held, series), "{series}");
    }
    assert!(read.rows_of(&id("acme.concept_0204_b")).expect("read").is_empty());
    assert_eq!(read.series_ids().expect("read"), held.series_ids().expect("held"));
}

#[test]
fn a_byte_changed_in_any_block_is_seen_by_who_asks_for_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = stored(folder.path(), 500);
    let segments = folder.path().join("archive/segments");
    let segment = std::fs::read_dir(segments).expect("there").next().expect("one").expect("ok");
    let whole = std::fs::read(segment.path()).expect("there");
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        let mut other = whole.clone();
        other[at] ^= 16;
        std::fs::write(segment.path(), other).expect("writable");
        for series in [0, 204, 250, 499] {
            let archive = store.read().expect("the manifest is whole");
            let error = archive.vintages(&id(&name(series))).expect_err("damaged").to_string();
            assert!(error.contains(&*segment.file_name().to_string_lossy()), "{error}");
        }
    }
    std::fs::write(segment.path(), whole).expect("writable");
    assert_eq!(store.read().expect("whole").vintages(&id(&name(250))).expect("held").len(), 40);
}

#[test]
fn only_blocks_that_may_hold_a_series_are_read_and_each_once() {
    let table = |names: &[&str]| {
        let row = |name: &&str| row(name, quarter(0), 1.0, day("2020-01-01"));
        Observations::from_rows(names.iter().map(row).collect()).expect("sound")
    };
    let blocks = [table(&["a.x", "b.x"]), table(&["b.x", "b.y"]), table(&["c.x", "d.x"])];
    let range = |first, last| id(first)..=id(last);
    let ranges = vec![range("a.x", "b.x"), range("b.x", "c.x"), range("c.x", "d.x")];
    let n_reads = Arc::new(AtomicUsize::new(0));
    let counter = n_reads.clone();
    let load = move |block_idx: usize| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(blocks[block_idx].clone())
    };
    let owners = ["a", "b", "c"].map(str::to_owned);
    let part =
        Part::lazy(ranges, "digest".to_owned(), Box::new(load)).of_owners(owners.into_iter());
    let archive = Archive::from_parts(vec![Arc::new(part)], Vec::new(), day("2020-01-01"));
    let asked = |name: &str| {
        let n_rows = archive.rows_of(&id(name)).expect("read").len();
        (n_rows, n_reads.load(Ordering::Relaxed))
    };
    // Rows, and reads so far.
    assert_eq!(asked("d.x"), (0, 0), "no owner of its");
    assert_eq!(asked("a.w"), (0, 0), "before the first");
    assert_eq!(asked("a.x"), (1, 1));
    assert_eq!(asked("b.x"), (2, 2), "it goes on in the next block");
    assert_eq!(asked("b.y"), (1, 2));
    assert_eq!(asked("c.x"), (1, 3));
    assert_eq!(asked("a.x"), (1, 3));
}
