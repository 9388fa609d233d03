//! Damage: any byte of any kept file that changes is seen and its file is named, and what can be restored
//! is restored to the byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chipcast::archive::Batch;
use chipcast::ingest::bundled;
use chipcast::store::Store;
use chipcast::store::ledger::LedgerFile;
use chipcast::store::raw::RawStore;
use chipcast::store::repair::{End, Unrestorable, repair, survey};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{chipcast, day, quarter, row, slow};

/// Seed of every damage done here.
const SEED: u64 = 20_261_128;

/// A folder of data with three writes, announcements, answers, a note and a ledger.
fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::at(folder.path()).expect("a folder");
    let held = store.lock().expect("free");
    let announcements = bundled::batch().expect("bundled").announcements;
    for (idx, series) in ["acme.revenue", "beta.revenue", "gamma.capex"].into_iter().enumerate() {
        let rows = (0..60).map(|n| {
            let period = quarter(n);
            row(series, period, f64::from(n) + 0.5, period.end() + chrono::Days::new(30))
        });
        let batch = Batch {
            observations: rows.collect(),
            announcements: announcements[15 * idx..15 * (idx + 1)].to_vec(),
            known_through: day("2026-01-01"),
        };
        held.commit(&batch).expect("writable");
    }
    store.write_note("bulk.json", br#"{"schema_version":1,"members":{}}"#).expect("writable");
    let rows: Vec<_> = (0..20).map(|n| format!("{{\"n\":{n}}}")).collect();
    LedgerFile::at(folder.path()).append(&held, &rows).expect("writable");
    let raw = RawStore::at(folder.path());
    for n in 0..3_u32 {
        let hash = raw.put(format!("what a source answered, {n}").as_bytes()).expect("writable");
        let entry = format!("{{\"url\":\"https://example.org/{n}\",\"blake3\":\"{hash}\"}}\n");
        raw.write_entry(&format!("key{n}"), entry.as_bytes()).expect("writable");
    }
    folder
}

/// Every kept file that says something, with its bytes.
fn kept(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "lock") {
                let bytes = std::fs::read(&path).expect("readable");
                found.insert(path, bytes);
            }
        }
    }
    found
}

/// A bit flipped, bytes cut off the end, bytes put in, or a run of bytes wiped.
fn damaged(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut other = bytes.to_vec();
    let at = random.random_range(0..bytes.len());
    match random.random_range(0..8_u8) {
        0..=4 => other[at] ^= 1 << random.random_range(0..8_u8),
        5 => other.truncate(at),
        6 => other.insert(at, random.random()),
        _ => {
            let end = (at + 16).min(other.len());
            other[at..end].fill(0);
        }
    }
    other
}

/// What reading everything says: the archive with every series, the note, the ledger.
fn read_all(folder: &Path) -> chipcast::Result<()> {
    let store = Store::at(folder)?;
    let archive = store.read()?;
    for series in archive.series_ids()? {
        archive.vintages(series)?;
    }
    store.note("bulk.json")?;
    LedgerFile::at(folder).read()?;
    Ok(())
}

#[test]
fn any_changed_byte_of_any_kept_file_is_seen_and_its_file_named() {
    let folder = data();
    let files = kept(folder.path());
    // Manifest, copy, note, three segments; three copies of them, three answers, three entries; two of the
    // ledger.
    assert_eq!(files.len(), 17, "{:?}", files.keys());
    read_all(folder.path()).expect("whole");
    assert_eq!(survey(folder.path()).expect("read"), []);
    let paths: Vec<_> = files.keys().collect();
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let n_damages = if slow() { 10_000 } else { 400 };
    let mut n_done = 0;
    while n_done < n_damages {
        let path = paths[random.random_range(0..paths.len())];
        let whole = &files[path];
        let other = damaged(whole, &mut random);
        if other == *whole {
            continue;
        }
        n_done += 1;
        std::fs::write(path, &other).expect("writable");
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let inside = path.strip_prefix(folder.path()).expect("inside");
        let is_seen_by_reading = !inside.starts_with("raw") && name != "manifest.copy.json";
        let is_torn_line = inside.ends_with("ledger.jsonl") && other.starts_with(whole);
        if is_seen_by_reading && !is_torn_line {
            let error = read_all(folder.path()).expect_err("a changed byte").to_string();
            let names = error.contains(name) || (name == "head.json" && error.contains("ledger"));
            assert!(names, "{name}: {error}");
        }
        if name != "bulk.json" && !is_torn_line {
            let found = survey(folder.path()).expect("read");
            let names = |what: &str| what.contains(name) || what.contains("ledger.jsonl");
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert!(names(&found[0].to_string()), "{name}: {found:?}");
        }
        std::fs::write(path, whole).expect("writable");
    }
    eprintln!("{n_done} damages, seed {SEED}: every one was seen");
    read_all(folder.path()).expect("whole again");
}

#[test]
fn a_repair_restores_the_bytes_that_were_and_touches_nothing_sound() {
    let folder = data();
    let files = kept(folder.path());
    let none = Batch::empty(day("2026-01-01"));
    let archive: Vec<_> =
        files.keys().filter(|path| path.starts_with(folder.path().join("archive"))).collect();
    let archive: Vec<_> = archive.into_iter().filter(|path| !path.ends_with("bulk.json")).collect();
    let mut random = ChaCha8Rng::seed_from_u64(SEED + 1);
    for _ in 0..if slow() { 1_000 } else { 60 } {
        // One or two segments and one of the two manifests, never a segment's copy as well.
        for path in &archive {
            let is_copy = path.ends_with("manifest.copy.json");
            if !is_copy && random.random_range(0..3_u8) == 0 {
                let other = damaged(&files[*path], &mut random);
                std::fs::write(path, other).expect("writable");
            }
        }
        let n_damaged = survey(folder.path()).expect("read").len();
        let done = repair(folder.path(), &none, Unrestorable::Stays).expect("repaired");
        assert_eq!(done.len(), n_damaged, "{done:?}");
        assert!(done.iter().all(|mended| mended.end == End::Restored), "{done:?}");
        assert_eq!(survey(folder.path()).expect("read"), []);
        let aside = folder.path().join("archive/damaged");
        let after: BTreeMap<_, _> =
            kept(folder.path()).into_iter().filter(|(path, _)| !path.starts_with(&aside)).collect();
        assert!(after == files, "every file is as it was");
    }
}

#[test]
fn a_manifest_without_a_copy_is_made_of_the_segments_and_a_copy_of_the_manifest() {
    let folder = data();
    let store = Store::at(folder.path()).expect("a folder");
    let before = store.read().expect("whole");
    let none = Batch::empty(day("2026-01-01"));
    let at = |name: &str| folder.path().join("archive").join(name);
    let copy = std::fs::read(at("manifest.copy.json")).expect("there");
    std::fs::write(at("manifest.copy.json"), b"{}").expect("writable");
    let done = repair(folder.path(), &none, Unrestorable::Stays).expect("repaired");
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(std::fs::read(at("manifest.copy.json")).expect("there"), copy);
    for name in ["manifest.json", "manifest.copy.json"] {
        std::fs::write(at(name), b"{}").expect("writable");
    }
    // A file that is not what its name says is no segment.
    std::fs::write(at(&format!("segments/{}.parquet", "0".repeat(32))), b"PAR1").expect("writable");
    let done = repair(folder.path(), &none, Unrestorable::Stays).expect("repaired");
    assert!(done[0].note.contains("3 segments of 180 rows"), "{done:?}");
    assert!(done[0].note.contains("announcements"), "it says what is lost: {done:?}");
    let after = store.read().expect("readable");
    assert_eq!(after.series_ids().expect("read"), before.series_ids().expect("read"));
    for series in before.series_ids().expect("read") {
        assert_eq!(after.vintages(series).expect("held"), before.vintages(series).expect("held"));
    }
    assert_eq!(std::fs::read(at("damaged/manifest.json")).expect("kept"), b"{}");
}

#[test]
fn the_ledgers_head_is_made_of_whole_rows_and_lost_rows_are_told() {
    let folder = data();
    let none = Batch::empty(day("2026-01-01"));
    let path = |name: &str| folder.path().join("ledger").join(name);
    let head = std::fs::read(path("head.json")).expect("there");
    std::fs::remove_file(path("head.json")).expect("there");
    let done = repair(folder.path(), &none, Unrestorable::Stays).expect("repaired");
    assert!(done[0].note.contains("20 whole rows"), "{done:?}");
    assert_eq!(std::fs::read(path("head.json")).expect("there"), head);
    let mut lines = std::fs::read(path("ledger.jsonl")).expect("there");
    let middle = lines.len() / 2;
    lines[middle] ^= 1;
    std::fs::write(path("ledger.jsonl"), &lines).expect("writable");
    let done = repair(folder.path(), &none, Unrestorable::SetAside).expect("told");
    assert_eq!((done.len(), done[0].end), (1, End::Lost), "{done:?}");
    assert!(done[0].note.contains("ledger.jsonl` line "), "{done:?}");
    assert_eq!(std::fs::read(path("ledger.jsonl")).expect("there"), lines, "nothing is touched");
}

/// The segments of the archive in `data`, largest last.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder.join("data/archive/segments"))
        .expect("there")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort_by_key(|path| std::fs::metadata(path).expect("there").len());
    paths
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(path, &bytes).expect("writable");
}

#[test]
fn the_commands_name_damage_restore_it_and_say_what_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = "series,period_start,period_end,value,unit,vintage,source,locator\n";
    let table = format!("{header}acme.revenue,2020-01-01,2020-03-31,1,USD,2020-05-01,s,l\n");
    std::fs::write(folder.path().join("t.csv"), table).expect("writable");
    let run = |arguments: &[&str]| chipcast(folder.path(), arguments);
    let json = |arguments: &[&str]| run(&[&["--format", "json"], arguments].concat());
    assert_eq!(run(&["data", "import", "t.csv"]).code, 0);
    let sound = run(&["data", "check"]);
    let segments = segments(folder.path());
    let [small, .., large] = segments.as_slice() else { panic!("{segments:?}") };
    let (name, whole) = (large.display().to_string(), std::fs::read(large).expect("there"));
    let name = name.rsplit('/').next().expect("a name");

    // The bundled segment without its copy is made anew of what the program carries.
    flip(large);
    let copies = folder.path().join("data/raw");
    std::fs::remove_dir_all(&copies).expect("there");
    let listed = run(&["data", "list"]);
    assert_eq!(listed.code, 2, "{}", listed.out);
    assert!(listed.err.contains(name) && listed.err.contains("`chipcast data repair`"));
    let found = json(&["data", "check"]);
    assert_eq!((found.code, found.rows().len()), (1, 1), "{}", found.out);
    assert!(found.rows()[0]["found"].as_str().is_some_and(|text| text.contains(name)));
    let done = json(&["data", "repair"]);
    assert_eq!((done.code, done.rows().len()), (0, 1), "{}{}", done.out, done.err);
    assert!(done.rows()[0]["note"].as_str().is_some_and(|text| text.contains("bundled")));
    assert_eq!(std::fs::read(large).expect("there"), whole);
    assert!(copies.exists(), "copies that were missing are made");
    let again = run(&["data", "check"]);
    assert_eq!((again.code, again.out), (sound.code, sound.out), "as before the damage");
    let nothing = json(&["data", "repair"]);
    assert_eq!((nothing.code, nothing.rows().len()), (0, 0), "{}", nothing.out);

    // An import without its copy is lost: told first, and set aside only when that is asked for.
    flip(small);
    std::fs::remove_dir_all(&copies).expect("there");
    let lost = json(&["data", "repair"]);
    assert_eq!((lost.code, &lost.rows()[0]["status"]), (1, &"lost".into()), "{}", lost.out);
    let note = lost.rows()[0]["note"].as_str().expect("words").to_owned();
    assert!(note.starts_with("1 rows of acme;") && note.contains("--set-aside"), "{note}");
    assert_eq!(run(&["data", "show", "acme.revenue"]).code, 2);
    let aside = json(&["data", "repair", "--set-aside"]);
    assert_eq!((aside.code, &aside.rows()[0]["status"]), (1, &"set_aside".into()));
    assert_eq!(json(&["data", "show", "nvda.revenue"]).code, 0);
    let name = small.file_name().expect("a name");
    assert!(folder.path().join("data/archive/damaged").join(name).exists());
    assert_eq!(run(&["data", "import", "t.csv"]).code, 0);
    assert_eq!(json(&["data", "show", "acme.revenue"]).rows()[0]["value"], 1.0);
}

#[test]
fn a_repair_waits_for_nobody_and_needs_something_to_repair() {
    let folder = data();
    let store = Store::at(folder.path()).expect("a folder");
    let held = store.lock().expect("free");
    let none = Batch::empty(day("2026-01-01"));
    let error = repair(folder.path(), &none, Unrestorable::Stays).expect_err("locked");
    assert!(error.to_string().contains("locked by another run"), "{error}");
    drop(held);
    let empty = tempfile::tempdir().expect("a folder");
    let run = chipcast(empty.path(), &["data", "repair"]);
    assert_eq!(run.code, 2, "{}", run.out);
    assert!(run.err.contains("holds no archive") && run.err.contains("hint: "), "{}", run.err);
}
