//! NVIDIA's filings as published, against the table of platforms. Left out, with a word, where
//! `../shared` is not there; `CHIPCAST_SHARED` names it elsewhere.

use std::collections::BTreeMap;

use chipcast::archive::{Batch, Status};
use chipcast::ingest::edgar::ixbrl::{fourth_quarters, years_beside};
use chipcast::ingest::{Parsed, bundled};
use chipcast::observation::Observation;
use chrono::NaiveDate;

use crate::ixbrl::{filing, read};
use crate::support::{day, id, shared};

/// File, accession and day of filing, from SEC's list of filings.
const FILINGS: [(&str, &str, &str); 8] = [
    ("FY2023Q2_10-Q.htm", "0001045810-22-000147", "2022-08-31"),
    ("FY2023Q3_10-Q.htm", "0001045810-22-000166", "2022-11-18"),
    ("FY2024Q1_10-Q.htm", "0001045810-23-000093", "2023-05-26"),
    ("FY2024Q2_10-Q.htm", "0001045810-23-000175", "2023-08-28"),
    ("FY2024Q4_10-K.htm", "0001045810-24-000029", "2024-02-21"),
    ("FY2025Q2_10-Q.htm", "0001045810-24-000264", "2024-08-28"),
    ("FY2026Q1_10-Q.htm", "0001045810-25-000116", "2025-05-28"),
    ("FY2026Q2_10-Q.htm", "0001045810-25-000209", "2025-08-27"),
];

/// The eight filings, in order of filing, under NVIDIA's own ids.
fn filings() -> Option<Vec<Parsed>> {
    let folder = shared()?.join("data/raw/filings/nvidia");
    let one = |(name, accession, filed): (&str, &str, &str)| {
        let bytes = std::fs::read(folder.join(name)).expect("a filing of ../shared");
        let mut parsed = read(name, &bytes, Some(filing(accession, filed))).expect(name);
        for row in &mut parsed.observations {
            row.series = id(&format!("nvda.{}", row.series.metric()));
        }
        parsed
    };
    Some(FILINGS.into_iter().map(one).collect())
}

/// Series, last day and value of each row of the table, in dollars.
fn table() -> Option<Vec<(String, NaiveDate, f64)>> {
    let path = shared()?.join("data/tables/nvidia_revenue_by_platform.csv");
    let text = std::fs::read_to_string(&path).expect("a table of ../shared");
    let row = |line: &str| {
        // The metric is the only quoted cell before those that are read.
        let plain: String =
            line.split('"').enumerate().filter(|(i, _)| i % 2 == 0).map(|(_, t)| t).collect();
        let cells: Vec<_> = plain.split(',').collect();
        let name = cells[0].strip_prefix("nvda_rev_").expect("a revenue series");
        let (name, annual) = name.strip_prefix("fy_").map_or((name, ""), |n| (n, ".annual"));
        let path = match name {
            "total_revenue" => String::new(),
            "edge_computing" => ".edge".to_owned(),
            _ => match name.strip_prefix("data_center_") {
                Some(part) => format!(".data_center.{part}"),
                None => format!(".{name}"),
            },
        };
        let value = cells[6].parse::<f64>().expect("a number") * 1e6;
        (format!("nvda.revenue{path}{annual}"), day(cells[5]), value)
    };
    Some(text.lines().skip(1).map(row).collect())
}

#[test]
fn every_platform_of_eight_filings_is_what_the_table_says() {
    let (Some(filings), Some(table)) = (filings(), table()) else { return };
    let golden: BTreeMap<(String, NaiveDate), f64> =
        table.into_iter().map(|(series, end, value)| ((series, end), value)).collect();
    let mut n_compared = 0;
    let mut differing = Vec::new();
    for row in filings.iter().flat_map(|parsed| &parsed.observations) {
        let Some(value) = golden.get(&(row.series.to_string(), row.period.end())) else { continue };
        n_compared += 1;
        if row.value != *value {
            differing.push(format!("{} {}: {} for {value}", row.series, row.period, row.value));
        }
    }
    assert_eq!(differing, Vec::<String>::new());
    assert_eq!(n_compared, 96, "each platform, its parts and the total, with comparatives");
}

#[test]
fn platforms_and_segments_add_up_in_every_filing() {
    let Some(filings) = filings() else { return };
    for (parsed, (name, _, filed)) in filings.iter().zip(FILINGS) {
        let value = |metric: &str, like: &Observation| {
            let series = id(&format!("nvda.{metric}"));
            let found = parsed
                .observations
                .iter()
                .find(|row| row.series == series && row.period == like.period);
            found.map(|row| row.value)
        };
        let totals = parsed
            .observations
            .iter()
            .filter(|row| matches!(row.series.metric(), "revenue" | "revenue.annual"));
        for total in totals {
            let end = total.series.metric().strip_prefix("revenue").expect("filtered");
            let sum = |parts: &[&str]| -> f64 {
                let of = |part: &&str| value(&format!("revenue.{part}{end}"), total);
                parts.iter().map(|part| of(part).expect("every part is read")).sum()
            };
            let platforms = [
                "data_center",
                "gaming",
                "professional_visualization",
                "automotive",
                "oem_and_other",
            ];
            assert_eq!(sum(&platforms), total.value, "{name} {}", total.period);
            let segments = ["segment.compute_and_networking", "segment.graphics"];
            assert_eq!(sum(&segments), total.value, "{name} {}", total.period);
            assert_eq!(total.vintage, day(filed));
        }
        let unexpected: Vec<_> = parsed
            .set_aside
            .iter()
            .filter(|aside| {
                // Depreciation of the segments leaves out what is not theirs.
                !aside.series.contains(".depreciation_amortization.segment.")
                    && !aside.reason.contains("which makes no series")
            })
            .collect();
        assert!(unexpected.is_empty(), "{name}: {unexpected:?}");
    }
}

#[test]
fn filings_agree_with_the_bundled_archive_and_give_the_fourth_quarter() {
    let Some(filings) = filings() else { return };
    let mut archive = bundled::archive().expect("bundled");
    let mut fourth = Vec::new();
    for parsed in &filings {
        let mut rows = parsed.observations.clone();
        archive.align(&mut rows).expect("readable");
        let statuses = archive.review(&rows).expect("same units");
        let conflict = statuses.iter().find(|status| matches!(status, Status::Conflict { .. }));
        assert_eq!(conflict, None);
        let known_through = archive.known_through();
        let batch = Batch { observations: rows, announcements: Vec::new(), known_through };
        archive = archive.append(&batch).expect("no conflict").0;
        let known = archive.as_of(known_through).expect("known");
        let years = years_beside(parsed, &known).expect("readable");
        fourth.extend(fourth_quarters(&years, &known).expect("readable").observations);
    }
    let of = |series: &str| {
        let found: Vec<_> = fourth.iter().filter(|row| row.series.as_str() == series).collect();
        let [row] = found.as_slice() else { panic!("{series}: {found:?}") };
        assert_eq!((row.period.end(), row.vintage), (day("2023-01-29"), day("2024-02-21")));
        row.value
    };
    // Segments are not bundled. Of fiscal 2023 all three quarters are among the eight filings, two
    // of them as comparatives; the year came with the next 10-K.
    let segments =
        [of("nvda.revenue.segment.compute_and_networking"), of("nvda.revenue.segment.graphics")];
    assert_eq!(segments, [3_673e6, 2_378e6]);
    assert_eq!(segments.iter().sum::<f64>(), 6_051e6, "the quarter's revenue in the table");
    let is_platform = |row: &&Observation| {
        let metric = row.series.metric();
        metric.starts_with("revenue.")
            && !metric.contains("segment")
            && !metric.contains("geography")
    };
    let platforms: Vec<_> = fourth.iter().filter(is_platform).collect();
    assert!(platforms.is_empty(), "the bundled ones are the same: {platforms:?}");
}
