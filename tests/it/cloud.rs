//! The cloud market: the bundled quarters against the years of the 10-Ks, the share as it was known on a
//! day, and a table of one's own.

use std::fmt::Write as _;

use chipcast::archive::{Archive, Snapshot};
use chipcast::ingest::bundled;
use chipcast::strategy::market::Market;
use chipcast::strategy::standing::share_signal;
use chrono::Days;
use serde_json::Value;

use crate::support::{archive, chipcast, day, id, quarter, row};

const AWS: &str = "amzn.revenue.segment.aws";
const GOOGLE: &str = "googl.revenue.segment.google_cloud";
const MICROSOFT: &str = "msft.revenue.segment.intelligent_cloud";

fn bundle() -> Archive {
    bundled::archive().expect("the bundled data read")
}

fn change(known: &Snapshot, company: &str) -> Option<f64> {
    share_signal(known, company).expect("readable").map(|signal| signal.change)
}

#[test]
fn quarters_add_up_to_the_years_of_the_annual_reports() {
    let archive = bundle();
    let year = |series: &str, as_of: &str, from: &str| {
        let known = archive.as_of(day(as_of)).expect("known").series(&id(series)).expect("held");
        let from = day(from);
        let to = from + chrono::Months::new(12);
        let points =
            known.points.iter().filter(|p| p.period.start() >= from && p.period.end() < to);
        let values: Vec<_> = points.map(|p| p.value / 1e6).collect();
        assert_eq!(values.len(), 4, "{series} {from}");
        values.iter().sum::<f64>()
    };
    // Segment notes of the 10-Ks, in millions: Amazon 2021, 2022; Alphabet 2021 to 2023; Microsoft's
    // fiscal 2023 and 2024 first and recast, and fiscal 2025.
    for (series, as_of, from, filed) in [
        (AWS, "2026-09-24", "2021-01-01", 62_202.0),
        (AWS, "2026-09-24", "2022-01-01", 80_096.0),
        (GOOGLE, "2026-09-24", "2021-01-01", 19_206.0),
        (GOOGLE, "2026-09-24", "2022-01-01", 26_280.0),
        (GOOGLE, "2026-09-24", "2023-01-01", 33_088.0),
        (MICROSOFT, "2024-08-01", "2022-07-01", 87_907.0),
        (MICROSOFT, "2024-08-01", "2023-07-01", 105_362.0),
        (MICROSOFT, "2026-09-24", "2022-07-01", 72_944.0),
        (MICROSOFT, "2025-07-30", "2023-07-01", 87_464.0),
        (MICROSOFT, "2026-09-24", "2024-07-01", 106_265.0),
    ] {
        let found = year(series, as_of, from);
        assert!((found - filed).abs() < 0.5, "{series} {from}: {found} {filed}");
    }
}

#[test]
fn a_segment_is_never_larger_than_its_company() {
    let known = bundle().as_of(day("2026-09-24")).expect("known");
    for (series, whole) in
        [(AWS, "amzn.revenue"), (GOOGLE, "googl.revenue"), (MICROSOFT, "msft.revenue")]
    {
        let whole = known.series(&id(whole)).expect("held").points;
        let points = known.series(&id(series)).expect("held").points;
        assert_eq!(points.len(), 27);
        for point in points {
            let all = whole.iter().find(|p| p.period == point.period).expect("the same quarter");
            assert!(point.value < all.value, "{series} {}", point.period);
        }
    }
}

#[test]
fn the_change_of_a_share_is_that_of_the_day() {
    let archive = bundle();
    let by_hand = |now: [f64; 3], before: [f64; 3], member: usize| {
        now[member] / now.iter().sum::<f64>() - before[member] / before.iter().sum::<f64>()
    };
    // Amazon, Microsoft, Alphabet, in millions. Amazon reported last.
    let (q2_26, q2_25) = ([42_232.0, 39_306.0, 24_768.0], [30_873.0, 29_878.0, 13_624.0]);
    let (q1_26, q1_25) = ([37_587.0, 34_681.0, 20_028.0], [29_267.0, 26_751.0, 12_260.0]);
    // The recast of a year before was public with the quarter: 20,013, first 24,259.
    let (q3_24, q3_23) = ([27_452.0, 24_092.0, 11_353.0], [23_059.0, 20_013.0, 8_411.0]);
    let (q2_24, q2_23) = ([26_281.0, 28_515.0, 10_347.0], [22_140.0, 23_993.0, 8_031.0]);
    for (as_of, now, before) in [
        ("2026-09-24", q2_26, q2_25),
        ("2026-07-30", q2_26, q2_25),
        ("2026-07-29", q1_26, q1_25),
        ("2024-10-31", q3_24, q3_23),
        ("2024-10-30", q2_24, q2_23),
    ] {
        let known = archive.as_of(day(as_of)).expect("known");
        for (member, company) in ["amzn", "msft", "googl"].into_iter().enumerate() {
            let (found, hand) = (change(&known, company), by_hand(now, before, member));
            assert!(
                found.is_some_and(|f| (f - hand).abs() < 1e-12),
                "{as_of} {company} {found:?} {hand}"
            );
        }
        assert_eq!(change(&known, "meta"), None, "Meta is in no such market");
    }
    let early = archive.as_of(day("2020-12-31")).expect("known");
    assert_eq!(change(&early, "msft"), None, "four quarters before 2020Q3 are not held");
}

/// Twenty-four quarters of three clouds; the largest halves in the last four.
fn made_up() -> Vec<chipcast::observation::Observation> {
    let mut rows = Vec::new();
    for idx in 0..24 {
        let public = quarter(idx).end() + Days::new(30);
        let wobble = if idx < 16 { 1e7 * f64::from(idx * 3 % 7) } else { 0.0 };
        let microsoft = if idx < 20 { 2e9 + wobble } else { 1e9 };
        for (series, value) in [(AWS, 1e9), (GOOGLE, 1e9), (MICROSOFT, microsoft)] {
            rows.push(row(series, quarter(idx), value, public));
        }
        for owner in ["msft", "googl", "amzn"] {
            let wave = 1.0 + 0.1 * f64::from(idx * 5 % 7);
            rows.push(row(&format!("{owner}.capex_cash"), quarter(idx), 1e9 * wave, public));
        }
    }
    rows
}

#[test]
fn a_table_of_ones_own_brings_the_share_and_the_signal() {
    let folder = tempfile::tempdir().expect("a folder");
    let ask = |arguments: &[&str]| chipcast(folder.path(), &[&["--empty"], arguments].concat());
    let capex = made_up().into_iter().filter(|row| row.series.metric() == "capex_cash");
    import(folder.path(), "capex.csv", capex);
    let without = ask(&["share", "cloud"]);
    assert_eq!(without.code, 2, "{}", without.err);
    for said in [AWS, GOOGLE, MICROSOFT, "chipcast data import FILE"] {
        assert!(without.err.contains(said), "`{said}` is not said in {}", without.err);
    }
    assert_eq!(signal(&ask(&["pressure", "msft", "--format", "json"]).out)["value"], Value::Null);

    let cloud = made_up().into_iter().filter(|row| row.series.metric() != "capex_cash");
    import(folder.path(), "cloud.csv", cloud);
    let with = ask(&["share", "cloud", "--company", "microsoft", "--format", "json"]);
    let document: Value =
        serde_json::from_str(&with.out).unwrap_or_else(|e| panic!("{e}: {}", with.err));
    let share = document["members"][0]["share"].as_f64().expect("a share");
    assert!((share - 1.0 / 3.0).abs() < 1e-12, "{share}");
    let found = signal(&ask(&["pressure", "msft", "--format", "json"]).out);
    let change = found["value"].as_f64().expect("a change");
    assert!((change - (1.0 / 3.0 - 0.5)).abs() < 1e-12, "{change}");
    assert!(found["source"].as_str().is_some_and(|s| s.contains(MICROSOFT) && s.contains("33.3%")));
}

/// The evidence of the share.
fn signal(out: &str) -> Value {
    let document: Value = serde_json::from_str(out).unwrap_or_else(|e| panic!("{e}: {out}"));
    let evidence = document["evidence"].as_array().expect("evidence");
    evidence.iter().find(|e| e["name"] == "share_change").expect("the signal").clone()
}

fn import(
    folder: &std::path::Path,
    file: &str,
    rows: impl Iterator<Item = chipcast::observation::Observation>,
) {
    let mut text =
        "series,period_start,period_end,value,unit,vintage,vintage_basis,source,locator\n"
            .to_owned();
    for row in rows {
        let (start, end) = (row.period.start(), row.period.end());
        writeln!(
            text,
            "{},{start},{end},{},USD,{},filing,made up,row",
            row.series, row.value, row.vintage
        )
        .expect("text");
    }
    std::fs::write(folder.join(file), text).expect("writable");
    let run = chipcast(folder, &["--empty", "data", "import", file]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn what_was_not_public_changes_no_signal() {
    let as_of = day("2015-06-30");
    let said = |rows| {
        let known = archive(rows, "2016-12-31").as_of(as_of).expect("known");
        share_signal(&known, "msft").expect("readable").expect("a signal")
    };
    let mut later = made_up();
    let mut n_changed = 0;
    for row in later.iter_mut().filter(|row| row.vintage > as_of) {
        row.value *= 7.0;
        n_changed += 1;
    }
    assert!(n_changed > 6, "{n_changed}");
    assert_eq!(said(made_up()), said(later));
    let mut missing = made_up();
    missing.retain(|row| row.series.as_str() != GOOGLE);
    let known = archive(missing, "2016-12-31").as_of(as_of).expect("known");
    assert_eq!(change(&known, "msft"), None, "a share needs every member");
    assert!(Market::pressing("msft").is_some() && Market::pressing("nvda").is_none());
}
