//! Tables of a user's own: each kind of file, what is wrong told by line or row and column, and bytes of
//! any kind without a panic.

use std::io::{Cursor, Write};

use chipcast::ingest::epoch::Epoch;
use chipcast::ingest::fred::Fred;
use chipcast::ingest::statcounter::{Market, StatCounter};
use chipcast::ingest::table::{ColumnMap, announcements, observations};
use chipcast::ingest::tabular::Kind;
use chipcast::ingest::twse::{Companies, Twse};
use chipcast::ingest::{Parsed, Raw, Source};
use chipcast::period::Period;
use chipcast::units::Unit;
use chipcast::{Error, Result};
use polars::prelude::{Column, DataFrame, DataType, ParquetWriter};
use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::market::raw;
use crate::support::{chipcast, day};

const HEADER: &str = "series,period_start,period_end,value,unit,vintage,source,locator";

fn import(name: &str, bytes: impl Into<Vec<u8>>, kind: &Kind) -> Result<Parsed> {
    let raw = Raw::new(name, bytes.into(), day("2026-11-23"));
    observations(&raw, &ColumnMap::default(), kind)
}

fn error(name: &str, bytes: impl Into<Vec<u8>>) -> Error {
    import(name, bytes, &Kind::Told).expect_err("broken")
}

/// A workbook with these sheets; cells are XML, `d` is the style of a date.
fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, text: &str| {
        writer.start_file(name, SimpleFileOptions::default()).expect("a member");
        writer.write_all(text.as_bytes()).expect("written");
    };
    let (mut listed, mut links) = (String::new(), String::new());
    for (idx, (name, rows)) in sheets.iter().enumerate() {
        let n = idx + 1;
        listed += &format!(r#"<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>"#);
        links += &format!(
            r#"<Relationship Id="r{n}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet{n}.xml"/>"#
        );
        add(
            &format!("xl/worksheets/sheet{n}.xml"),
            &format!(
                r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
            ),
        );
    }
    add(
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    );
    add(
        "xl/workbook.xml",
        &format!(
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{listed}</sheets></workbook>"#
        ),
    );
    add(
        "xl/_rels/workbook.xml.rels",
        &format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>"#
        ),
    );
    add(
        "xl/styles.xml",
        r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#,
    );
    writer.finish().expect("a zip file").into_inner()
}

fn words(row: u32, words: &[&str]) -> String {
    let cell = |(idx, word): (usize, &&str)| {
        let column = char::from(b'A' + u8::try_from(idx).expect("few columns"));
        format!(r#"<c r="{column}{row}" t="inlineStr"><is><t>{word}</t></is></c>"#)
    };
    words.iter().enumerate().map(cell).collect()
}

fn sheet(value: &str) -> String {
    let header: Vec<_> = HEADER.split(',').collect();
    format!(
        r#"<row r="1">{}</row><row r="3">{}<c r="B3" s="1"><v>45658</v></c><c r="C3" s="1"><v>45747</v></c>{value}{}</row>"#,
        words(1, &header),
        words(3, &["acme.spend"]),
        r#"<c r="E3" t="inlineStr"><is><t>USD</t></is></c><c r="F3" s="1"><v>45778.5</v></c><c r="G3" t="inlineStr"><is><t>=1+1</t></is></c><c r="H3" t="inlineStr"><is><t>p. 1</t></is></c>"#
    )
}

const AMOUNT: &str = r#"<c r="D3"><f>SUM(1)</f><v>1234567.1</v></c>"#;

#[test]
fn the_same_row_is_read_from_every_kind_of_file() {
    let csv = format!(
        "\u{feff}{HEADER}\r\nacme.spend,2025-01-01,2025-03-31,1234567.1,USD,2025-05-01,=1+1,p. 1\r\n"
    );
    let keys: Vec<_> = HEADER.split(',').collect();
    let cells = ["acme.spend", "2025-01-01", "2025-03-31", "", "USD", "2025-05-01", "=1+1", "p. 1"];
    let pair = |(key, cell): (&&str, &&str)| match *key {
        "value" => "\"value\": 1234567.1".to_owned(),
        key => format!("\"{key}\": \"{cell}\""),
    };
    let object: Vec<_> = keys.iter().zip(&cells).map(pair).collect();
    let object = format!("{{{}}}", object.join(", "));
    let day_of = |text: &str| Column::new("day".into(), [text]).cast(&DataType::Date);
    let columns = keys.iter().zip(&cells).map(|(key, cell)| match *key {
        "value" => Column::new("value".into(), [1_234_567.1]),
        "period_start" | "period_end" | "vintage" => {
            day_of(cell).expect("a date").with_name((*key).into())
        }
        key => Column::new(key.into(), [*cell]),
    });
    let mut frame = DataFrame::new(1, columns.collect()).expect("a frame");
    let mut parquet = Vec::new();
    ParquetWriter::new(&mut parquet).finish(&mut frame).expect("written");
    let files: [(&str, Vec<u8>); 7] = [
        ("a.parquet", parquet),
        ("a.csv", csv.clone().into()),
        ("a.tsv", csv.replace(',', "\t").into()),
        ("list.json", format!("[{object}]").into()),
        ("rows.json", format!("{{\"schema_version\": 1, \"rows\": [{object}]}}").into()),
        ("lines.json", format!("{object}\n").into()),
        ("a.xlsx", workbook(&[("Data", &sheet(AMOUNT))])),
    ];
    for (name, bytes) in files {
        let rows = import(name, bytes, &Kind::Told).expect(name).observations;
        assert_eq!(rows.len(), 1, "{name}");
        let row = &rows[0];
        assert_eq!(
            (row.series.as_str(), row.value, row.unit),
            ("acme.spend", 1_234_567.1, Unit::Usd)
        );
        assert_eq!(row.period, Period::months(2025, 1, 3).expect("a quarter"), "{name}");
        assert_eq!((row.vintage, row.source.as_str()), (day("2025-05-01"), "=1+1"), "{name}");
    }
}

#[test]
fn a_sheet_is_asked_for_by_name() {
    let bytes = workbook(&[("Cover", &words(1, &["nothing"])), ("Data", &sheet(AMOUNT))]);
    let sheet = |name: &str| import("a.xlsx", bytes.clone(), &Kind::Sheet(name.to_owned()));
    assert_eq!(sheet("Data").expect("a sheet").observations.len(), 1);
    let error = sheet("Date").expect_err("no such sheet");
    assert!(error.to_string().contains("`a.xlsx` has no sheet `Date`"), "{error}");
    assert_eq!(error.advice(), Some("its sheets are Cover, Data"));
}

#[test]
fn what_is_wrong_is_told_by_place() {
    let shown = |name: &str, bytes: Vec<u8>| error(name, bytes).to_string();
    let csv = |rows: &str| format!("{HEADER}\n{rows}").into_bytes();
    let good = "a.b,2025-01-01,2025-03-31,1,USD,2025-05-01,\"s\nt\",l\n";
    let found = shown("a.csv", csv(&format!("{good}a.b,2025-01-01,2025-03-31,1;5,USD\n")));
    assert_eq!(found, "`a.csv` line 4: found 5 cells, needed 8 as in the header");
    let found = shown("a.csv", csv("a.b,2025-01-01,2025-03-31,1e999,USD,2025-05-01,s,l\n"));
    assert_eq!(found, "`a.csv` line 2, column `value`: found `1e999`, needed a finite number");
    let long = "9".repeat(100_000) + "x";
    let found =
        shown("a.csv", csv(&format!("a.b,2025-01-01,2025-03-31,{long},USD,2025-05-01,s,l\n")));
    assert!(found.len() < 200 && found.contains("9..."), "{found}");
    let found = shown("a.json", b"[{\"series\": \"a.b\"}, 5]".to_vec());
    assert!(found.starts_with("`a.json` row 2: found no object"), "{found}");
    let found = shown("a.json", b"[{\"series\": [1]}]".to_vec());
    assert!(found.starts_with("`a.json` row 1, column `series`: found a list"), "{found}");
    let found = shown("a.json", b"[{\"series\": \"a.b\",\n]".to_vec());
    assert!(found.starts_with("`a.json` line 2: not JSON"), "{found}");
    let found =
        shown("a.xlsx", workbook(&[("Data", &sheet(r#"<c r="D3" t="e"><v>#DIV/0!</v></c>"#))]));
    assert!(found.contains("`a.xlsx` row 3, column 4: the cell is an error"), "{found}");
    let found = shown("a.xlsx", workbook(&[("Data", &sheet(r#"<c r="Z3"><v>1</v></c>"#))]));
    assert!(found.contains("row 3: a cell in column 26, but the header has 8"), "{found}");
    let found = shown("a.xlsx", workbook(&[("Data", &sheet(""))]));
    assert!(
        found.contains("sheet Data` row 3, column `value`: found ``, needed a finite"),
        "{found}"
    );
    let old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest".to_vec();
    assert!(shown("a.xls", old).contains("a workbook of Excel before 2007"));
    assert!(shown("a.bin", vec![0xff, 0x00]).contains("neither Parquet, Excel, JSON nor UTF-8"));
    assert!(shown("a.xlsx", b"PK\x03\x04rest".to_vec()).contains("is not a whole zip file"));
}

#[test]
fn a_range_upside_down_is_no_announcement() {
    let read = |range: &str| {
        let header = "company,published,metric,period_start,period_end,low,mid,high,unit,action,quote,locator";
        let row = format!("amd,2024-07-30,revenue,2024-06-30,2024-09-28,{range},USD,guide,,l");
        announcements(&Raw::new("a.csv", format!("{header}\n{row}\n").into(), day("2026-11-23")))
    };
    assert_eq!(read("6,7,8").expect("a range").len(), 1);
    for range in ["7.5,7,8", "6,8.5,8", "8,7,6"] {
        let found = read(range).expect_err("no range").to_string();
        assert!(
            found.starts_with("`a.csv` line 2, column `mid`: `amd.revenue` 2024-06-30"),
            "{found}"
        );
        assert!(found.ends_with("needed is low <= mid <= high"), "{found}");
    }
}

/// A cell in the last corner of a sheet claims 17 billion cells; only those that are there are read.
#[test]
fn a_sheet_that_claims_to_be_huge_fills_no_memory() {
    let corner = words(1, &["series"]) + r#"<c r="XFD1048576"><v>1</v></c>"#;
    let found = error("a.xlsx", workbook(&[("Data", &corner)])).to_string();
    assert!(found.contains("row 1048576: a cell in column 16384, but the header has 1"), "{found}");
}

#[test]
fn json_that_a_command_printed_is_imported_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let shown = chipcast(folder.path(), &["--format", "json", "data", "show", "nvda.revenue"]);
    std::fs::write(folder.path().join("t.json"), &shown.out).expect("writable");
    let run = chipcast(folder.path(), &["--format", "json", "data", "import", "t.json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    assert!(rows.len() > 80 && rows.iter().all(|row| row["status"] == "repeat"));
    let run = chipcast(folder.path(), &["data", "import", "t.json", "--sheet", "One"]);
    assert!(run.err.contains("`t.json` is not a whole zip file"), "{}", run.err);
}

/// A reader of somebody else's that panics: one error of ours, and none of its own words, whichever thread it
/// panicked on.
#[test]
fn a_panic_of_a_reader_is_one_error() {
    let cells = ["a.b", "2025-01-01", "2025-03-31", "1", "USD", "2025-05-01", "s", "l"];
    let column = |(name, cell): (&str, &str)| Column::new(name.into(), vec![cell; 40]);
    let columns = HEADER.split(',').zip(cells).map(column).collect();
    let mut frame = DataFrame::new(40, columns).expect("a frame");
    let mut whole = Vec::new();
    ParquetWriter::new(&mut whole).finish(&mut frame).expect("written");
    let damaged = (0..whole.len()).filter_map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        let found = import("t.parquet", bytes.clone(), &Kind::Told).err()?.to_string();
        found.contains("its reader gave up").then_some(bytes)
    });
    let folder = tempfile::tempdir().expect("a folder");
    let mut n_files = 0;
    for bytes in damaged.step_by(2) {
        std::fs::write(folder.path().join("t.parquet"), bytes).expect("writable");
        let run = chipcast(folder.path(), &["data", "import", "t.parquet"]);
        assert_eq!(run.code, 2, "{}", run.err);
        assert_eq!(run.err.matches("gave up").count(), 1, "{}", run.err);
        assert!(!run.err.contains("panicked"), "{}", run.err);
        n_files += 1;
    }
    assert!(n_files > 5, "{n_files} files make it panic");
}

/// A payload with bytes changed, cut off, or put in.
fn broken(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let n = bytes.len();
    let change = (0..n, any::<u8>());
    (prop::collection::vec(change, 0..8), 0..=n, any::<bool>()).prop_map(
        move |(changes, cut, is_cut)| {
            let mut bytes = bytes.clone();
            for (idx, byte) in changes {
                bytes[idx] = byte;
            }
            if is_cut {
                bytes.truncate(cut);
            }
            bytes
        },
    )
}

fn read_all(bytes: Vec<u8>) {
    let raw = Raw::new("x", bytes, day("2026-11-23"));
    let month = Period::months(2026, 5, 1).expect("a month");
    let sources: [&dyn Source; 4] = [
        &Fred::new("https://x.org", "INDX", Unit::Usd, 0, None).expect("a name"),
        &Twse::new("https://x.org", None, Companies::All),
        &StatCounter::new("https://x.org", Market::Desktop, (month, month), None),
        &Epoch::new("https://x.org", None),
    ];
    for source in sources {
        drop(source.parse(&raw));
    }
    drop(observations(&raw, &ColumnMap::default(), &Kind::Told));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if crate::support::slow() { 4_000 } else { 60 }))]

    #[test]
    fn no_bytes_make_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(bytes);
    }

    #[test]
    fn no_broken_payload_makes_a_panic(
        which in 0..8_usize,
        seed in broken(vec![0; 4_000]),
    ) {
        let names = [
            "fred_vintages.json", "fredgraph.csv", "twse_openapi.json", "t21sc03_115_5_0.html",
            "statcounter_range.csv", "statcounter_month.csv", "epoch_owners_quarters.csv",
        ];
        let bytes = match names.get(which) {
            Some(name) => raw(name, "2026-11-23").bytes,
            None => workbook(&[("Data", &sheet(AMOUNT))]),
        };
        // The places of the seed, wrapped to the payload.
        let mut changed = bytes.clone();
        let n = changed.len();
        for (idx, byte) in seed.iter().enumerate().filter(|(_, byte)| **byte != 0) {
            changed[idx % n] = *byte;
        }
        if seed.len() < 4_000 {
            changed.truncate(seed.len() % n);
        }
        read_all(changed);
    }
}
