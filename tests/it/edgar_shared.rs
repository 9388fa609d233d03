//! companyfacts as published, against tables compiled from the same filings. Left out, with a word,
//! where `../shared` is not there; `CHIPCAST_SHARED` names it elsewhere.

use std::collections::BTreeMap;

use chipcast::archive::{Archive, Status};
use chipcast::ingest::{Parsed, bundled, checks};
use chipcast::observation::Observation;
use chrono::NaiveDate;

use crate::edgar::{assert_blind_to_the_future, date, read, rows};
use crate::support::shared;

const NVIDIA: &str = "companyfacts/CIK0001045810.json";
const NVIDIA_APRIL: &str = "companyfacts_2026-04/CIK0001045810.json";
const ALPHABET: &str = "companyfacts/CIK0001652044.json";
const META: &str = "companyfacts_trimmed/meta_companyfacts_trimmed.json";
const MICROSOFT: &str = "companyfacts_trimmed/msft_companyfacts_trimmed.json";
const ALPHABET_TRIMMED: &str = "companyfacts_trimmed/googl_companyfacts_trimmed.json";

fn payload(name: &str) -> Option<Parsed> {
    let path = shared()?.join("data/raw/edgar").join(name);
    let bytes = std::fs::read(&path).expect("a payload of ../shared");
    Some(read(name, &bytes).expect("a whole document"))
}

/// One row of a table: period, value in millions, and the day it was published.
struct Row {
    start: NaiveDate,
    end: NaiveDate,
    millions: f64,
    published: Option<NaiveDate>,
}

fn table(name: &str, series: &str) -> Option<Vec<Row>> {
    let path = shared()?.join("data/tables").join(name);
    let text = std::fs::read_to_string(&path).expect("a table of ../shared");
    let lines = text.lines().skip(1).filter(|line| line.starts_with(&format!("{series},")));
    let row = |line: &str| {
        // The metric is the only quoted cell before those that are read.
        let plain: String =
            line.split('"').enumerate().filter(|(i, _)| i % 2 == 0).map(|(_, t)| t).collect();
        let cells: Vec<_> = plain.split(',').collect();
        let scale = if cells[3] == "USD_billion" { 1e3 } else { 1.0 };
        Row {
            start: date(cells[4]),
            end: date(cells[5]),
            millions: cells[6].parse::<f64>().expect("a number") * scale,
            published: cells[7].parse().ok(),
        }
    };
    Some(lines.map(row).collect())
}

/// Each row of a table that differs from the first vintage read for its period.
fn differences(table: &[Row], rows: &[Observation]) -> Vec<String> {
    let mut first: BTreeMap<_, &Observation> = BTreeMap::new();
    for row in rows {
        first.entry(row.period.end()).or_insert(row);
    }
    let mut found = Vec::new();
    for row in table {
        let Some(published) = row.published else { continue };
        let line = match first.get(&row.end) {
            None => "not read".to_owned(),
            Some(read)
                if (read.value / 1e6 - row.millions).abs() > 5e-4 * row.millions.abs().max(1.0) =>
            {
                format!("read {}, table {}", read.value / 1e6, row.millions)
            }
            Some(read) if read.vintage != published => {
                format!("vintage {}, table {published}", read.vintage)
            }
            Some(read) if read.period.start() != row.start => format!("period {}", read.period),
            Some(_) => continue,
        };
        found.push(format!("{}: {line}", row.end));
    }
    found
}

#[test]
fn nvidia_revenue_of_25_guides_is_read() {
    let (Some(parsed), Some(table)) =
        (payload(NVIDIA), table("nvidia_guidance.csv", "nvda_rev_actual"))
    else {
        return;
    };
    let revenue = rows(&parsed, "revenue");
    assert_eq!(table.len(), 25);
    let wrong: Vec<_> = table
        .iter()
        .filter(|row| {
            let read = revenue.iter().find(|read| read.period.end() == row.end);
            // The payload was taken in July 2026; the table goes on.
            row.end < date("2026-05-01")
                && read.is_none_or(|read| (read.value / 1e6 - row.millions).abs() > 0.51)
        })
        .map(|row| row.end)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let quarter = revenue.iter().find(|row| row.period.end() == date("2024-10-27")).expect("read");
    assert_eq!((quarter.value, quarter.vintage), (35_082_000_000.0, date("2024-11-20")));
}

/// Ends and millions of a table; vendors round fiscal ends to the month's.
fn totals(name: &str, series: &str) -> Option<Vec<(NaiveDate, f64)>> {
    let path = shared()?.join("data/tables").join(name);
    let text = std::fs::read_to_string(&path).expect("a table of ../shared");
    let lines = text.lines().filter(|line| line.starts_with(&format!("{series},")));
    let row = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        (date(cells[5]), cells[6].parse().expect("a number"))
    };
    Some(lines.map(row).collect())
}

#[test]
fn revenue_agrees_with_every_quarter_of_the_tables() {
    for (name, file, series, needed) in [
        (NVIDIA, "vendor_and_buyer_revenue.csv", "nvda_total_revenue_q", 72),
        (NVIDIA, "nvidia_revenue_by_platform.csv", "nvda_rev_total_revenue", 31),
        (ALPHABET, "vendor_and_buyer_revenue.csv", "googl_total_revenue_q", 47),
    ] {
        let (Some(parsed), Some(table)) = (payload(name), totals(file, series)) else { return };
        let read = rows(&parsed, "revenue");
        let mut n = 0;
        for (end, millions) in table {
            let near = |row: &&Observation| (row.period.end() - end).num_days().abs() <= 10;
            // The last vintage: the tables hold what was last filed.
            let Some(row) = read.iter().rfind(near) else { continue };
            assert!((row.value / 1e6 - millions).abs() <= 0.51, "{series} {end}: {}", row.value);
            n += 1;
        }
        assert_eq!(n, needed, "{series}: quarters of the payload's years");
    }
}

#[test]
fn capex_and_finance_leases_agree_with_the_table() {
    // The table dates three quarters by the longer operand; the shorter one was filed later.
    for (name, series, metric, known) in [
        (
            NVIDIA,
            "nvda_capex_ppe",
            "capex_cash",
            vec![
                "2012-01-29: vintage 2012-11-19, table 2012-03-13",
                "2023-10-29: vintage 2024-08-28, table 2023-11-21",
            ],
        ),
        // Nine months of 2015 less six as first filed a year later; the quarter itself came then.
        (ALPHABET, "googl_capex_ppe", "capex_cash", vec!["2015-09-30: read 2373, table 2383"]),
        (META, "meta_capex_ppe", "capex_cash", vec![]),
        (MICROSOFT, "msft_capex_ppe", "capex_cash", vec![]),
        (META, "meta_finance_lease_principal", "capex_finance_leases", vec![]),
        (MICROSOFT, "msft_finance_lease_principal", "capex_finance_leases", vec![]),
        (
            ALPHABET_TRIMMED,
            "googl_finance_lease_principal",
            "capex_finance_leases",
            vec!["2024-12-31: vintage 2025-10-30, table 2025-02-05"],
        ),
    ] {
        let (Some(parsed), Some(table)) = (payload(name), table("hyperscaler_capex.csv", series))
        else {
            return;
        };
        let read_through = parsed.read_through.expect("filings");
        let table: Vec<_> =
            table.into_iter().filter(|row| row.published <= Some(read_through)).collect();
        assert_eq!(differences(&table, &rows(&parsed, metric)), known, "{series}");
    }
}

#[test]
fn a_later_capture_adds_and_revises_but_never_contradicts() {
    let (Some(april), Some(july)) = (payload(NVIDIA_APRIL), payload(NVIDIA)) else { return };
    assert_eq!(july.read_through, Some(date("2026-06-17")));
    let archive = Archive::empty(date("2026-01-01"));
    let (archive, first) = archive.append(&april.batch(date("2026-04-30"))).expect("April");
    assert_eq!(first.observations.len(), april.observations.len(), "each row says something new");
    let statuses = archive.review(&july.observations).expect("same units");
    assert!(!statuses.iter().any(|status| matches!(status, Status::Conflict { .. })));
    let (_, fresh) = archive.append(&july.batch(date("2026-07-31"))).expect("July");
    assert!(!fresh.observations.is_empty());
    assert!(
        fresh.observations.iter().all(|row| row.vintage > date("2026-04-01")),
        "nothing that April could know is new in July"
    );
}

#[test]
fn no_published_value_depends_on_a_later_filing() {
    let days: Vec<_> = (2010..=2026)
        .flat_map(|year| [format!("{year}-03-01"), format!("{year}-08-25")])
        .map(|day| date(&day))
        .collect();
    for name in [NVIDIA, ALPHABET, META, MICROSOFT] {
        let Some(folder) = shared() else { return };
        let bytes = std::fs::read(folder.join("data/raw/edgar").join(name)).expect("a payload");
        assert_blind_to_the_future(name, &bytes, &days);
    }
}

#[test]
fn no_filed_value_is_refused_on_its_way_in() {
    for name in [NVIDIA, NVIDIA_APRIL, ALPHABET, META, MICROSOFT, ALPHABET_TRIMMED] {
        let Some(parsed) = payload(name) else { return };
        let empty = Archive::empty(date("2026-09-24"));
        let (kept, aside) = checks::admit(parsed.observations.clone(), &empty).expect("readable");
        assert!(aside.is_empty() && kept == parsed.observations, "{name}: {aside:#?}");
        let bundled = bundled::archive().expect("the bundled data read");
        let (_, aside) = checks::admit(kept, &bundled).expect("readable");
        assert!(aside.is_empty(), "{name} beside the bundled data: {aside:#?}");
        let (filed, _) = empty.append(&parsed.batch(date("2026-09-24"))).expect("consistent");
        for year in 2010..=2026 {
            let then = filed.as_of(date(&format!("{year}-06-15"))).expect("known");
            let findings = checks::run(&then).expect("readable");
            let error = findings.iter().find(|f| f.severity == checks::Severity::Error);
            assert!(error.is_none(), "{name} in {year}: {error:#?}");
        }
    }
}

#[test]
fn no_two_periods_of_a_series_overlap() {
    for name in [NVIDIA, NVIDIA_APRIL, ALPHABET, META, MICROSOFT, ALPHABET_TRIMMED] {
        let Some(parsed) = payload(name) else { return };
        let mut periods: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in &parsed.observations {
            periods.entry(&row.series).or_default().push(row.period);
        }
        for (series, mut periods) in periods {
            periods.sort();
            periods.dedup();
            let overlap = periods.windows(2).find(|pair| pair[0].end() >= pair[1].start());
            assert!(overlap.is_none(), "{name} {series:?}: {overlap:?}");
        }
    }
}

#[test]
fn quarters_add_up_to_years_in_every_snapshot() {
    for name in [NVIDIA, ALPHABET, META, MICROSOFT] {
        let Some(parsed) = payload(name) else { return };
        let empty = Archive::empty(date("2000-01-01"));
        let (archive, _) = empty.append(&parsed.batch(date("2026-09-24"))).expect("consistent");
        let snapshot = archive.as_of(archive.known_through()).expect("known");
        let owner = parsed.observations[0].series.owner();
        let known = |metric: &str| {
            let series = format!("{owner}.{metric}").parse().expect("an id");
            snapshot.series(&series).map_or(Vec::new(), |known| known.points)
        };
        let (quarters, years) = (known("capex_cash"), known("capex_cash.annual"));
        let n_whole = years
            .iter()
            .filter(|year| {
                let parts: Vec<_> = quarters
                    .iter()
                    .filter(|q| {
                        year.period.start() <= q.period.start()
                            && q.period.end() <= year.period.end()
                    })
                    .collect();
                let sum: f64 = parts.iter().map(|q| q.value).sum();
                // 0.5 %: comparatives of single quarters, restated a year before the year was.
                assert!(
                    parts.len() < 4 || (sum / year.value - 1.0).abs() < 5e-3,
                    "{name} {}: {sum} against {}",
                    year.period,
                    year.value
                );
                parts.len() == 4
            })
            .count();
        assert!(n_whole >= 2, "{name}: {n_whole} whole years of {}", years.len());
    }
}
