//! From bytes to what was known on a day: parse a table, parse companyfacts, `as_of`, a design matrix.

use std::fmt::Write as _;
use std::hint::black_box;

use chipcast::cells::Cells;
use chipcast::forecast::regression::Design;
use chipcast::ingest::{Raw, bundled, edgar};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

fn main() {
    divan::main();
}

/// A table as for `chipcast panel`, with so many rows.
fn table(n_rows: usize) -> String {
    let mut text = "unique_id,ds,y\n".to_owned();
    for row in 0..n_rows {
        let _ = writeln!(text, "s{:05},{},{}.25", row / 40, row % 40, row * 7919 % 10_007);
    }
    text
}

#[divan::bench(args = [1_000, 10_000, 100_000])]
fn parse_csv(bencher: Bencher, n_rows: usize) {
    let text = table(n_rows);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| Cells::csv("table.csv", black_box(&text)).expect("it is a table"));
}

/// Concepts of a made-up company's payload.
const CONCEPTS: [&str; 6] = [
    "Revenues",
    "CostOfRevenue",
    "GrossProfit",
    "NetIncomeLoss",
    "ResearchAndDevelopmentExpense",
    "PaymentsToAcquirePropertyPlantAndEquipment",
];
/// Its quarters, from 2011 on.
const N_QUARTERS: usize = 60;

/// The first of the concepts, each with a value a quarter, filed a month after its end.
fn companyfacts(n_concepts: usize) -> Vec<u8> {
    let row = |quarter: usize| {
        let year = 2011 + quarter / 4;
        let (start, end, filed) = [
            ("01-01", "03-31", "05-05"),
            ("04-01", "06-30", "08-05"),
            ("07-01", "09-30", "11-05"),
            ("10-01", "12-31", "12-31"),
        ][quarter % 4];
        let (value, filer) = (1_000 + quarter * 37 % 911, year - 2000);
        let dated = format!(r#""start":"{year}-{start}","end":"{year}-{end}","val":{value}000000"#);
        let filing = format!(r#""accn":"9000000000-{filer:02}-{quarter:06}","form":"10-Q""#);
        format!(r#"{{{dated},{filing},"fy":{year},"fp":"Q1","filed":"{year}-{filed}"}}"#)
    };
    let rows = (0..N_QUARTERS).map(row).collect::<Vec<_>>().join(",");
    let concept = |name: &&str| {
        format!(
            r#""{name}":{{"label":"{name}","description":"made up","units":{{"USD":[{rows}]}}}}"#
        )
    };
    let concepts = CONCEPTS[..n_concepts].iter().map(concept).collect::<Vec<_>>().join(",");
    let head = r#"{"cik":9000000000,"entityName":"Made up","facts":{"us-gaap":"#;
    format!("{head}{{{concepts}}}}}}}").into_bytes()
}

#[divan::bench(args = [1, 6])]
fn parse_companyfacts(bencher: Bencher, n_concepts: usize) {
    let read_on = "2026-09-24".parse().expect("a day");
    let raw = Raw::new("made-up.json", companyfacts(n_concepts), read_on);
    let n_found = edgar::parse(&raw).expect("it is a payload").observations.len();
    assert!(n_found >= N_QUARTERS * n_concepts, "{n_found} values of {n_concepts} concepts");
    bencher
        .counter(BytesCount::new(raw.bytes.len()))
        .bench(|| edgar::parse(black_box(&raw)).expect("it is a payload"));
}

/// One series of the bundled archive, as it was known on a day.
#[divan::bench(args = ["nvda.revenue", "msft.capex_cash", "tsmc.revenue_monthly"])]
fn as_of(bencher: Bencher, series: &str) {
    let archive = bundled::archive().expect("the bundled data are sound");
    let (series, day) = (series.parse().expect("an id"), "2024-06-30".parse().expect("a day"));
    let n_rows = archive.rows_of(&series).expect("it is bundled").len();
    bencher.counter(ItemsCount::new(n_rows)).bench(|| {
        let known = archive.as_of(day).expect("the day is known");
        known.series(black_box(&series)).expect("it is bundled")
    });
}

#[divan::bench(args = [(40, 5), (160, 5), (160, 20)])]
fn design_matrix(bencher: Bencher, (n_rows, n_columns): (usize, usize)) {
    let cell = |row: usize, column: usize| f64::from(u16::try_from(row * 31 + column).unwrap_or(0));
    let rows: Vec<Vec<f64>> =
        (0..n_rows).map(|row| (0..n_columns).map(|column| cell(row, column)).collect()).collect();
    let names: Vec<String> = (0..n_columns).map(|column| column.to_string()).collect();
    bencher
        .counter(BytesCount::of_many::<f64>(n_rows * n_columns))
        .with_inputs(|| names.clone())
        .bench_values(|names| Design::new(names, black_box(&rows)).expect("rows fit the names"));
}
