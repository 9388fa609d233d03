//! Every source parser on real payloads that were damaged: none panics, and what was cut or cannot be true
//! is not taken for a value.
//!
//! What no parser can see: a digit that became another digit in a document without a check sum. Such
//! values are counted and told, not refused; `checks` compares them with identities and held values later.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use chipcast::ingest::edgar::{self, Edgar, Filings, Sites};
use chipcast::ingest::epoch::Epoch;
use chipcast::ingest::fred::Fred;
use chipcast::ingest::statcounter::{Market, StatCounter};
use chipcast::ingest::table::{ColumnMap, observations};
use chipcast::ingest::tabular::Kind;
use chipcast::ingest::twse::{Companies, Twse};
use chipcast::ingest::{Filing, Parsed, Raw, Source};
use chipcast::period::Period;
use chipcast::units::Unit;
use chipcast::{Error, Result};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{day, slow};

const SEED: u64 = 20_261_129;
const READ: &str = "2026-11-23";

type Parse = fn(&Raw) -> Result<Parsed>;

/// A payload, what reads it, and whether its form has an end that a cut would miss.
struct Case {
    name: String,
    bytes: Vec<u8>,
    parse: Parse,
    has_end: bool,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = std::fs::read_dir(folder(name))
        .expect("a folder of the project")
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).expect("readable"))
        })
        .collect();
    found.sort();
    found
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

fn month() -> Period {
    Period::months(2026, 8, 1).expect("a month")
}

fn facts(raw: &Raw) -> Result<Parsed> {
    Edgar::default().parse(raw)
}

fn filing(raw: &Raw) -> Result<Parsed> {
    let filing = Filing {
        cik: 1_045_810,
        accession: "0001045810-26-000001".to_owned(),
        form: String::new(),
        items: Vec::new(),
        filed: day("2030-01-01"),
        report_end: None,
    };
    edgar::report(&Raw { filing: Some(filing), ..raw.clone() }, "nvda")
}

fn submissions(raw: &Raw) -> Result<Parsed> {
    Filings::new(1_045_810, Sites::default(), chrono::NaiveDate::MIN, Vec::new()).parse(raw)
}

fn release(raw: &Raw) -> Result<Parsed> {
    edgar::release(raw, "nvda", day("2025-08-01"), &[])
}

fn fred(raw: &Raw) -> Result<Parsed> {
    Fred::new("https://api.stlouisfed.org", "INDX", Unit::Usd, 9, None)?.parse(raw)
}

fn twse(raw: &Raw) -> Result<Parsed> {
    Twse::new("https://example.org", Some(month()), Companies::All).parse(raw)
}

fn statcounter(raw: &Raw) -> Result<Parsed> {
    StatCounter::new("https://example.org", Market::Desktop, (month(), month()), None).parse(raw)
}

fn epoch(raw: &Raw) -> Result<Parsed> {
    Epoch::new("https://epoch.ai", None).parse(raw)
}

fn table(raw: &Raw) -> Result<Parsed> {
    observations(raw, &ColumnMap::default(), &Kind::Told)
}

fn announcements(raw: &Raw) -> Result<Parsed> {
    let announcements = chipcast::ingest::table::announcements(raw)?;
    Ok(Parsed { announcements, ..Parsed::default() })
}

/// The first lines of a text.
fn head(bytes: Vec<u8>, n_lines: usize) -> Vec<u8> {
    bytes.split_inclusive(|byte| *byte == b'\n').take(n_lines).flatten().copied().collect()
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |(name, bytes): (String, Vec<u8>), parse: Parse, has_end: bool| {
        cases.push(Case { name, bytes, parse, has_end });
    };
    for file in files("tests/fixtures/edgar") {
        add(file, facts, true);
    }
    for file in files("tests/fixtures/ixbrl") {
        add(file, filing, false);
    }
    for file in files("tests/fixtures/guidance") {
        if has_ending(&file.0, "txt") || has_ending(&file.0, "html") {
            add(file, release, false);
        }
    }
    for (name, bytes) in files("tests/fixtures/market") {
        let (parse, has_end): (Parse, _) = match name.split(['_', '.']).next() {
            Some("epoch") => (epoch, false),
            Some("fred") => (fred, true),
            Some("fredgraph") => (fred, false),
            Some("statcounter") => (statcounter, false),
            _ => (twse, has_ending(&name, "json")),
        };
        add((name, bytes), parse, has_end);
    }
    for (name, bytes) in files("datasets/observations") {
        add((name, head(bytes, 40)), table, false);
    }
    let file = std::fs::read(folder("datasets/announcements.csv")).expect("bundled");
    add(("announcements.csv".to_owned(), head(file, 40)), announcements, false);
    let text = r#"{"cik":"0001045810","filings":{"recent":{"accessionNumber":["0001045810-24-000262"],
        "filingDate":["2024-08-28"],"reportDate":["2024-08-28"],"form":["8-K"],"items":["2.02,9.01"],
        "isInlineXBRL":[1],"primaryDocument":["form.htm"]},"files":[]}}"#;
    add(("submissions.json".to_owned(), text.into()), submissions, true);
    cases
}

/// How a payload was changed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Cut,
    Other,
}

fn mutated(bytes: &[u8], random: &mut ChaCha8Rng) -> (Vec<u8>, Change) {
    let mut other = bytes.to_vec();
    let at = random.random_range(0..bytes.len());
    let end = (at + random.random_range(1..64_usize)).min(bytes.len());
    match random.random_range(0..10_u8) {
        0 | 1 => {
            other.truncate(at);
            return (other, Change::Cut);
        }
        2 | 3 => other[at] ^= 1 << random.random_range(0..8_u8),
        4 => drop(other.drain(at..end)),
        5 => drop(other.splice(at..at, bytes[at..end].iter().copied())),
        6 => other[at..end].iter_mut().for_each(|byte| *byte = random.random()),
        7 => drop(other.splice(at..at, "9".repeat(40).into_bytes())),
        8 => drop(other.splice(at..end, "[{\"<td>,;-\u{221e}".bytes())),
        _ => {
            let digits: Vec<_> =
                (0..other.len()).filter(|idx| other[*idx].is_ascii_digit()).collect();
            if let Some(idx) = digits.get(random.random_range(0..digits.len().max(1))) {
                other[*idx] = b'0' + random.random_range(0..10_u8);
            }
        }
    }
    (other, Change::Other)
}

fn keys(parsed: &Parsed) -> BTreeSet<String> {
    let row = |row: &chipcast::observation::Observation| {
        format!("{} {} {} {}", row.series, row.period, row.vintage, row.value)
    };
    parsed.observations.iter().map(row).collect()
}

#[test]
fn no_damaged_payload_panics_or_is_taken_for_more_than_it_says() {
    let cases = cases();
    assert!(cases.len() > 80, "{} payloads", cases.len());
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let whole: Vec<_> = cases
        .iter()
        .map(|case| (case.parse)(&Raw::new(case.name.as_str(), case.bytes.clone(), day(READ))))
        .map(|parsed| parsed.map(|parsed| keys(&parsed)).unwrap_or_default())
        .collect();
    let (mut n_refused, mut n_same, mut n_fewer, mut n_other) = (0, 0, 0, 0);
    let n_payloads = if slow() { 10_000 } else { 400 };
    for idx in 0..n_payloads {
        let case = &cases[idx % cases.len()];
        let (bytes, change) = mutated(&case.bytes, &mut random);
        let raw = Raw::new(case.name.as_str(), bytes, day(READ));
        let parsed = catch_unwind(AssertUnwindSafe(|| (case.parse)(&raw)));
        let at = format!("payload {idx} of {}, {change:?}", case.name);
        let parsed = match parsed.unwrap_or_else(|_| panic!("{at}: panicked")) {
            Err(Error::Parse(_) | Error::Invalid(_) | Error::NotFound(_)) => {
                n_refused += 1;
                continue;
            }
            Err(error) => panic!("{at}: {error:?} is no word about a payload"),
            Ok(parsed) => parsed,
        };
        for row in &parsed.observations {
            row.check().unwrap_or_else(|e| panic!("{at}: {e}"));
        }
        for a in &parsed.announcements {
            assert!(a.low <= a.mid && a.mid <= a.high, "{at}: {a:?}");
        }
        let (found, before) = (keys(&parsed), &whole[idx % cases.len()]);
        let n_new = found.difference(before).count();
        if change == Change::Cut {
            assert!(
                !case.has_end || raw.bytes.trim_ascii_end() == case.bytes.trim_ascii_end(),
                "{at}"
            );
        }
        match n_new {
            0 if found.len() == before.len() => n_same += 1,
            0 => n_fewer += 1,
            _ => n_other += 1,
        }
    }
    eprintln!(
        "{n_payloads} payloads of {} documents, seed {SEED}: {n_refused} refused, {n_same} say the same, \
         {n_fewer} say less, {n_other} say another thing that can be true",
        cases.len()
    );
    assert!(n_refused > n_payloads / 20, "the damage is real");
}

/// Parquet and Excel have readers of other people's: their panics are errors here.
#[test]
fn damaged_parquet_files_are_refused_or_read_and_nothing_panics() {
    use polars::prelude::{ParquetWriter, SerReader};
    let text = files("datasets/observations").remove(0).1;
    let mut frame = polars::prelude::CsvReader::new(std::io::Cursor::new(head(text, 60)))
        .finish()
        .expect("a table");
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).expect("written");
    let mut random = ChaCha8Rng::seed_from_u64(SEED + 1);
    let mut n_refused = 0;
    let n_files = if slow() { 3_000 } else { 200 };
    for idx in 0..n_files {
        let mut other = bytes.clone();
        let at = random.random_range(0..other.len());
        other[at] ^= 1 << random.random_range(0..8_u8);
        let raw = Raw::new("t.parquet", other, day(READ));
        let parsed = catch_unwind(|| table(&raw)).unwrap_or_else(|_| panic!("{idx}: panicked"));
        n_refused += usize::from(parsed.is_err());
    }
    eprintln!("{n_files} Parquet files, seed {}: {n_refused} refused", SEED + 1);
}
