//! Epoch AI's releases: small tables in every form they had, the checks, a zip file of them; and the
//! whole files, where they are at hand.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use chipcast::ingest::epoch::Epoch;
use chipcast::ingest::unpack::{self, Limits};
use chipcast::ingest::{Parsed, Raw, Source};
use chipcast::observation::{Observation, VintageBasis};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::market::raw;
use crate::server::serve;
use crate::support::{chipcast, day, shared};

const SALES: &str = "epoch_sales_quarters.csv";
const OWNERS: &str = "epoch_owners_quarters.csv";
const NEW: &str = "epoch_owners_cumulative_new_names.csv";

fn read(names: &[&str]) -> Parsed {
    let raws: Vec<_> = names.iter().map(|name| raw(name, "2026-11-23")).collect();
    Epoch::new("https://epoch.ai", None).read_together(&raws).expect("a release")
}

fn value(parsed: &Parsed, series: &str, end: &str) -> Option<f64> {
    let is = |row: &&Observation| row.series.as_str() == series && row.period.end() == day(end);
    parsed.observations.iter().find(is).map(|row| row.value)
}

fn aside<'a>(parsed: &'a Parsed, series: &str, end: &str) -> Vec<&'a str> {
    let at = |period: Option<chipcast::period::Period>| period.is_some_and(|p| p.end() == day(end));
    let found = parsed.set_aside.iter().filter(|a| a.series == series && at(a.period));
    found.map(|aside| aside.reason.as_str()).collect()
}

fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).expect("a member");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("a zip file").into_inner()
}

#[test]
fn series_continue_the_bundled_ones() {
    let parsed = read(&[SALES, NEW]);
    let q1 = |series: &str| value(&parsed, series, "2024-03-31");
    assert_eq!(q1("nvda.gpu_shipments_units.b200"), Some(400.0));
    assert_eq!(q1("nvda.gpu_shipments_h100e.b200.p05"), Some(512.0));
    assert_eq!(q1("nvda.gpu_shipments_h100e.b200.p95"), Some(2048.0));
    assert_eq!(q1("nvda.gpu_shipments_h100e"), Some(1024.0 + 64.0), "the sum over chips");
    let stock = |series: &str| value(&parsed, series, "2024-06-30");
    assert_eq!(stock("googl.installed_h100e.googl"), Some(256.0));
    assert_eq!(stock("googl.installed_power.googl"), Some(1_250_000.0));
    assert_eq!(stock("china_smuggled.installed_units.nvda"), Some(8.0));
    assert_eq!(stock("china_smuggled.installed_units.nvda.p05"), None);
    assert_eq!(stock("googl.installed_h100e"), Some(256.0), "the sum over makers");
}

/// Trap: a figure of a release counts from the day of that release or of reading, never from the day
/// on which the estimate was made; the file is named by its hash.
#[test]
fn a_release_is_a_vintage() {
    let parsed = read(&[SALES]);
    let row = &parsed.observations[0];
    assert_eq!((row.vintage, row.vintage_basis), (day("2026-11-23"), VintageBasis::Retrieved));
    let hash = blake3::hash(&raw(SALES, "2026-11-23").bytes).to_hex();
    let said = format!("file blake3 {}; generated 2026-04-03", &hash.as_str()[..12]);
    assert!(row.source.starts_with("Epoch AI (CC BY 4.0)") && row.source.ends_with(&said));
    let released = |day| Epoch::new("https://epoch.ai", Some(day));
    let parsed = released(day("2026-05-01")).parse(&raw(SALES, "2026-11-23")).expect("a release");
    let row = &parsed.observations[0];
    assert_eq!((row.vintage, row.vintage_basis), (day("2026-05-01"), VintageBasis::Publication));
    assert_eq!(parsed.read_through, Some(day("2026-05-01")));
    let error = released(day("2026-04-02")).parse(&raw(SALES, "2026-11-23")).expect_err("early");
    assert!(error.to_string().contains("was generated on 2026-04-03, after"), "{error}");
}

/// Trap: estimates are revised violently. What changed is a revision, what did not a repeat.
#[test]
fn a_later_release_revises_and_repeats() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = String::from_utf8(raw(SALES, "2026-11-23").bytes).expect("text");
    let ingest = |text: &str, released: &str| {
        std::fs::write(folder.path().join("sales.csv"), text).expect("writable");
        let arguments = ["--empty", "--format", "json", "ingest", "epoch", "--from-file"];
        let run = chipcast(
            folder.path(),
            &[&arguments[..], &["sales.csv", "--released", released]].concat(),
        );
        assert_eq!(run.code, 0, "{}", run.err);
        let mut counts = BTreeMap::new();
        for row in run.rows() {
            let status = row["status"].as_str().expect("a word").to_owned();
            *counts.entry(status).or_insert(0) += 1;
        }
        counts
    };
    let first = ingest(&text, "2026-05-01");
    assert_eq!((first.get("added"), first.get("repeat")), (Some(&20), None), "{first:?}");
    let later = text.replace(",1024,512,2048,400,", ",1024,512,2048,224,");
    let second = ingest(&later, "2026-10-01");
    // The chip's units and the maker's sum.
    assert_eq!((second.get("revision"), second.get("repeat")), (Some(&2), Some(&18)), "{second:?}");
}

/// Trap: rows that contradict themselves are set aside with what was found.
#[test]
fn broken_rows_are_set_aside_with_their_reason() {
    let parsed = read(&[SALES, OWNERS]);
    let b200 = aside(&parsed, "nvda.gpu_shipments_h100e.b200", "2024-06-30");
    assert_eq!(
        b200,
        ["H100 equivalents out of order: 5th percentile 4096, median 2048, 95th percentile 8192"]
    );
    let h100 = "nvda.gpu_shipments_h100e.h100";
    assert!(aside(&parsed, h100, "2024-09-30")[0].starts_with("Epoch AI marks it incomplete"));
    let projection = "a projection: its period was not over on 2026-11-23";
    assert_eq!(aside(&parsed, h100, "2026-12-31"), [projection]);
    let zero = aside(&parsed, "meta.gpu_purchases_h100e.nvda.b200", "2024-03-31");
    assert_eq!(zero, ["8 units without power"]);
    let checked = aside(&parsed, "meta.gpu_purchases_h100e.nvda.h100_h200", "2024-06-30");
    assert!(checked[0].starts_with("Epoch AI marks it incomplete"));
    // A maker with a chip set aside has no sum.
    assert_eq!(value(&parsed, "nvda.gpu_shipments_units", "2024-06-30"), None);
    assert_eq!(value(&parsed, "nvda.gpu_shipments_units", "2024-03-31"), Some(464.0));
}

/// Trap: owners add up to what was sold.
#[test]
fn owners_are_compared_with_sales() {
    let parsed = read(&[SALES, OWNERS]);
    let found = aside(&parsed, "nvda.gpu_shipments_units.h100", "2024-03-31");
    let figures = "1 owners add up to 128, 64 were sold";
    assert_eq!(found, [format!("{figures}: the owners' rows are set aside")]);
    let owner = aside(&parsed, "msft.gpu_purchases_units.nvda.h100_h200", "2024-03-31");
    assert_eq!(owner, [format!("more than was sold: {figures}")]);
    assert_eq!(value(&parsed, "msft.gpu_purchases_units.nvda.h100_h200", "2024-03-31"), None);
    assert!(aside(&parsed, "nvda.gpu_shipments_units.b200", "2024-03-31").is_empty());
    assert_eq!(value(&parsed, "msft.gpu_purchases_units.nvda.b200", "2024-03-31"), Some(200.0));
    // Fewer owners than sales is a finding; the rows stay.
    let text = String::from_utf8(raw(SALES, "2026-11-23").bytes).expect("text");
    let more =
        Raw::new("s.csv", text.replace(",400,200,800,", ",500,200,800,").into(), day("2026-11-23"));
    let source = Epoch::new("https://epoch.ai", None);
    let parsed = source.read_together(&[more, raw(OWNERS, "2026-11-23")]).expect("a release");
    let found = aside(&parsed, "nvda.gpu_shipments_units.b200", "2024-03-31");
    assert!(found[0].starts_with("finding: 2 owners add up to 400, 500 were sold"), "{found:?}");
    assert_eq!(value(&parsed, "msft.gpu_purchases_units.nvda.b200", "2024-03-31"), Some(200.0));
}

#[test]
fn a_zip_file_is_read_within_limits() {
    let files = [SALES, OWNERS].map(|name| (format!("data/{name}"), raw(name, "2026-11-23").bytes));
    let bytes = zipped(&files);
    let source = Epoch::new("https://epoch.ai", None);
    let zip =
        source.parse(&Raw::new("chips.zip", bytes.clone(), day("2026-11-23"))).expect("a zip");
    let plain = read(&[SALES, OWNERS]);
    let values = |parsed: &Parsed| {
        let rows = parsed.observations.iter();
        rows.map(|r| (r.series.to_string(), r.period, r.value)).collect::<Vec<_>>()
    };
    assert_eq!(values(&zip), values(&plain));
    let bomb = zipped(&[("a.csv".to_owned(), vec![b'0'; 3 << 20])]);
    let error = |bytes: Vec<u8>, limits: Limits| {
        let raw = Raw::new("b.zip", bytes, day("2026-11-23"));
        unpack::members(&raw, ".csv", &limits).expect_err("refused").to_string()
    };
    let found = error(bomb, Limits::default());
    assert!(
        found.contains("`b.zip` holds `a.csv`, which unpacks to more than 1048576 bytes"),
        "{found}"
    );
    let found = error(bytes.clone(), Limits { members: 1, ..Limits::default() });
    assert!(found.contains("holds 2 files; at most 1 are read"), "{found}");
    let found = error(bytes.clone(), Limits { all_bytes: 900, ..Limits::default() });
    assert!(found.contains("unpacks to more than"), "{found}");
    assert!(error(bytes[..200].to_vec(), Limits::default()).contains("not a whole zip file"));
}

#[test]
fn what_is_no_release_is_told() {
    let source = Epoch::new("https://epoch.ai", None);
    let parse = |bytes: &[u8]| source.parse(&Raw::new("a.csv", bytes.to_vec(), day("2026-11-23")));
    let error = parse(b"a,b\n1,2\n").expect_err("no chips");
    assert!(error.to_string().contains("`a.csv` holds no table of chips sold or owned"));
    let ragged = b"Chip manufacturer,Start date,End date,H100e (median)\nNvidia,1/1/2024\n";
    let error = parse(ragged).expect_err("ragged").to_string();
    assert_eq!(error, "`a.csv` line 2: found 2 cells, needed 4 as in the header");
    let words = b"Chip manufacturer,Start date,End date,H100e (median)\nNvidia,1/1/2024,soon,5\n";
    let parsed = parse(words).expect("a table");
    assert_eq!(parsed.set_aside[0].reason, "`soon` in `End date` is no date");
}

#[test]
fn both_releases_are_asked_for_and_read_together() {
    let body = |name: &str| {
        let bytes = zipped(&[(name.to_owned(), raw(name, "2026-11-23").bytes)]);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            bytes.len()
        );
        [head.into_bytes(), bytes].concat()
    };
    let (base, questions) = serve(vec![body(SALES), body(OWNERS)]);
    let folder = tempfile::tempdir().expect("a folder");
    let run = chipcast(folder.path(), &["--empty", "ingest", "epoch", "--base-url", &base]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("owners add up to 128, 64 were sold"), "{}", run.out);
    let asked: Vec<_> = questions.iter().collect();
    assert!(asked[0].starts_with("get /data/ai_chip_sales.zip "));
    assert!(asked[1].starts_with("get /data/ai_chip_owners.zip "));
}

fn csv_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            csv_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "csv") {
            found.push(path);
        }
    }
}

#[test]
fn the_whole_release_agrees_with_the_bundled_data() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("data/raw/epoch");
    let mut files = Vec::new();
    csv_files(&folder.join("csv_export"), &mut files);
    csv_files(&folder.join("owners_csv_export"), &mut files);
    files.push(folder.join("data_inputs/nvidia_other_quarters_by_chip.csv"));
    files.push(folder.join("data_inputs/named_other_owners_cumulative_totals.csv"));
    files.sort();
    let bytes = |path: &PathBuf| std::fs::read(path).expect("readable");
    let raws: Vec<_> = files
        .iter()
        .map(|path| Raw::new(path.display().to_string(), bytes(path), day("2026-09-24")))
        .collect();
    let source = Epoch::new("https://epoch.ai", None);
    let parsed = source.read_together(&raws).expect("a release");
    let key = |row: &Observation| (row.series.to_string(), row.period);
    let read: BTreeMap<_, f64> = parsed.observations.iter().map(|r| (key(r), r.value)).collect();
    let bundled = chipcast::ingest::bundled::batch().expect("bundled").observations;
    let of_epoch = |row: &&Observation| {
        row.source.starts_with("Epoch AI (CC BY 4.0)")
            && !row.source.contains("2026-09-24")
            && ["gpu_", "installed"].iter().any(|start| row.series.metric().starts_with(start))
    };
    let (mut same, mut missing) = (0, Vec::new());
    for row in bundled.iter().filter(of_epoch) {
        match read.get(&key(row)) {
            Some(value) => {
                assert_eq!(*value, row.value, "{:?} {}", row.series, row.period);
                same += 1;
            }
            // What Epoch AI marks incomplete is in the bundle with a mark, and set aside here.
            None if row.source.contains("incomplete") => {}
            None => missing.push(row.series.to_string()),
        }
    }
    assert!(same > 2_700 && missing.is_empty(), "{same} {missing:?}");
    let zip: Vec<_> = files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&folder).expect("inside").display().to_string();
            (name, bytes(path))
        })
        .collect();
    let zip = Raw::new("release.zip", zipped(&zip), day("2026-09-24"));
    let zipped = source.parse(&zip).expect("a zip file");
    assert_eq!(zipped.observations.len(), parsed.observations.len());
    assert!(
        zipped
            .observations
            .iter()
            .zip(&parsed.observations)
            .all(|(a, b)| { key(a) == key(b) && a.value.to_bits() == b.value.to_bits() })
    );
    purchases_table(&shared, &read);
}

/// The table of purchases by owner, quarter and chip: every row that is not incomplete was read.
fn purchases_table(shared: &Path, read: &BTreeMap<(String, chipcast::period::Period), f64>) {
    let path = shared.join("data/tables/purchases_by_owner_quarter_chip.csv");
    let text = std::fs::read_to_string(path).expect("readable");
    let cells = chipcast::cells::Cells::csv("purchases", &text).expect("a table");
    let values: Vec<f64> = read
        .iter()
        .filter(|((series, _), _)| series.contains(".gpu_purchases_h100e."))
        .map(|(_, value)| *value)
        .collect();
    let (mut n, mut absent) = (0, 0);
    for row in cells.rows() {
        let get = |column: &str| row.get(column).unwrap_or_default();
        let has_mark = get("Notes").contains("Incomplete") || !get("Incomplete").is_empty();
        if has_mark {
            continue;
        }
        n += 1;
        let wanted = row.number("Compute estimate in H100e (median)").expect("a number");
        absent += usize::from(!values.contains(&wanted));
    }
    assert!(n > 300 && absent == 0, "{absent} of {n}");
}
