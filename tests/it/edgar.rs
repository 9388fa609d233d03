//! companyfacts to observations: one small payload for each trap of the data, real rows where there
//! are such, powers of two where there are none, so that a sum names what went into it.

use chipcast::archive::{Archive, Status};
use chipcast::ingest::edgar::{BASE_URL, Edgar};
use chipcast::ingest::{Identity, Parsed, Raw, Source};
use chipcast::observation::{Observation, VintageBasis};
use chipcast::series::Registry;
use chipcast::{Error, Result};
use chrono::NaiveDate;

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Parsed> {
    let retrieved_at = date("2026-09-24");
    let raw = Raw::new(name, bytes.to_vec(), retrieved_at);
    Edgar::new(1, BASE_URL).parse(&raw)
}

/// Rows of one metric, in order of period and vintage.
pub(crate) fn rows(parsed: &Parsed, metric: &str) -> Vec<Observation> {
    let mut rows: Vec<_> =
        parsed.observations.iter().filter(|row| row.series.metric() == metric).cloned().collect();
    rows.sort_by_key(|row| (row.period, row.vintage));
    rows
}

/// `START..END VALUE VINTAGE` of each row of a metric; values in millions where `millions` is 1e6.
fn shown(parsed: &Parsed, metric: &str, unit: f64) -> Vec<String> {
    let line = |row: &Observation| format!("{} {} {}", row.period, row.value / unit, row.vintage);
    rows(parsed, metric).iter().map(line).collect()
}

fn reasons(parsed: &Parsed) -> String {
    let line = |aside: &chipcast::ingest::SetAside| format!("{} {}\n", aside.series, aside.reason);
    parsed.set_aside.iter().map(line).collect()
}

macro_rules! fixture {
    ($name:literal) => {
        read($name, include_bytes!(concat!("../fixtures/edgar/", $name))).expect($name)
    };
}

const MILLION: f64 = 1e6;

#[test]
fn trap_1_fiscal_year_of_the_filing_is_no_key() {
    let parsed = fixture!("filing_year.json");
    assert_eq!(
        shown(&parsed, "revenue", MILLION),
        [
            "2008-07-28..2008-10-26 897.655 2009-11-19",
            "2009-07-27..2009-10-25 903.206 2009-11-19",
            "2010-08-02..2010-10-31 843.912 2010-12-07",
        ],
        "comparatives carry the filing's `fy`, and stay in their own periods"
    );
}

#[test]
fn trap_2_quarter_and_year_to_date_share_an_end() {
    let parsed = fixture!("same_end.json");
    assert_eq!(
        shown(&parsed, "revenue", MILLION),
        ["2024-07-29..2024-10-27 35082 2024-11-20"],
        "accession 0001045810-24-000316"
    );
    let row = &rows(&parsed, "revenue")[0];
    assert_eq!(row.locator, "accn 0001045810-24-000316; us-gaap:Revenues");
    assert_eq!(row.source, "SEC EDGAR companyfacts, 10-Q");
    assert_eq!(row.vintage_basis, VintageBasis::Filing);
    assert_eq!(row.retrieved_at, date("2026-09-24"));
}

#[test]
fn trap_3_cash_flow_quarters_are_differences_and_the_year_is_no_quarter() {
    let parsed = fixture!("year_to_date.json");
    assert_eq!(
        shown(&parsed, "capex_cash", MILLION),
        [
            "2024-01-29..2024-04-28 369 2024-05-29",
            "2024-04-29..2024-07-28 977 2024-08-28",
            "2024-07-29..2024-10-27 813 2024-11-20",
            "2024-10-28..2025-01-26 1077 2025-02-26",
        ]
    );
    assert_eq!(
        shown(&parsed, "capex_cash.annual", MILLION),
        ["2024-01-29..2025-01-26 3236 2025-02-26"]
    );
    assert_eq!(
        rows(&parsed, "capex_cash")[3].locator,
        "derived: FY - 9M; accn 0001045810-25-000023; accn 0001045810-24-000316; \
         us-gaap:PaymentsToAcquireProductiveAssets"
    );
}

#[test]
fn trap_3_a_quarter_without_operands_is_set_aside_with_what_is_missing() {
    let whole = include_str!("../fixtures/edgar/year_to_date.json");
    let without_nine_months: String = whole
        .lines()
        .filter(|line| !line.contains("2024-10-27"))
        .map(|l| l.to_owned() + "\n")
        .collect();
    let parsed = read("no nine months", without_nine_months.as_bytes()).expect("still JSON");
    assert_eq!(rows(&parsed, "capex_cash").len(), 2);
    assert!(
        reasons(&parsed).contains(
            "capex_cash.annual no quarter that ends on 2025-01-26: needed is a compatible year to \
             date from 2024-01-29 to the quarter before; found"
        ),
        "{}",
        reasons(&parsed)
    );
}

#[test]
fn trap_4_proxies_and_prospectuses_are_set_aside() {
    let parsed = fixture!("forms.json");
    assert_eq!(
        shown(&parsed, "net_income.annual", MILLION),
        ["2021-02-01..2022-01-30 9752 2022-03-18", "2022-01-31..2023-01-29 4368 2023-02-24"],
        "net income of the year to 2024-01-28 stands only in a proxy, a thousandth of itself"
    );
    assert!(reasons(&parsed).contains("form `DEF 14A` is no quarterly or annual report"));
    assert!(reasons(&parsed).contains("form `424B5` is no quarterly or annual report"));
}

#[test]
fn trap_5_concepts_migrate_and_the_vintage_is_the_earliest() {
    let parsed = fixture!("concepts_migrate.json");
    let revenue = shown(&parsed, "revenue", MILLION);
    assert!(revenue.contains(&"2019-10-28..2020-01-26 3105 2020-02-20".to_owned()), "{revenue:?}");
    let last = rows(&parsed, "revenue").pop().expect("rows");
    assert_eq!((last.value, last.vintage), (5.003e9, date("2021-02-26")));
    assert!(
        last.locator
            .contains("RevenueFromContractWithCustomerExcludingAssessedTax; us-gaap:Revenues")
    );
    assert_eq!(
        shown(&parsed, "capex_cash", MILLION),
        [
            "2020-01-27..2020-04-26 155 2020-05-21",
            "2020-04-27..2020-07-26 217 2020-08-19",
            "2020-07-27..2020-10-25 473 2020-11-18",
        ],
        "nine months are of another concept than six, and both give nine months of 2019"
    );
}

#[test]
fn trap_5_a_narrower_concept_neither_replaces_nor_continues_the_total() {
    let parsed = fixture!("narrower_concept.json");
    let rows = rows(&parsed, "revenue");
    assert_eq!(rows.iter().map(|row| row.value).collect::<Vec<_>>(), [4096.0]);
    assert!(reasons(&parsed).contains("1024 differs from 4096 of `Revenues`, which comes first"));
    assert!(reasons(&parsed).contains("its concept is another measure than `Revenues`"));
}

#[test]
fn trap_6_frames_move_and_nothing_changes() {
    let (april, july) = (fixture!("frames_april.json"), fixture!("frames_july.json"));
    assert_eq!(april.read_through, Some(date("2026-02-25")));
    assert_eq!(july.read_through, Some(date("2026-05-20")));
    let archive = Archive::empty(date("2026-01-01"));
    let (archive, _) = archive.append(&april.batch(date("2026-04-30"))).expect("first");
    let statuses = archive.review(&july.observations).expect("same units");
    let n_added = statuses.iter().filter(|status| **status == Status::Added).count();
    assert!(statuses.iter().all(|s| matches!(s, Status::Added | Status::Repeat)), "{statuses:?}");
    assert_eq!(n_added, 1, "the quarter to 2026-04-26");
}

#[test]
fn trap_7_every_restatement_is_a_vintage_and_generations_do_not_mix() {
    let parsed = fixture!("restatements_meta.json");
    let of_2023: Vec<_> = shown(&parsed, "capex_cash", MILLION)
        .into_iter()
        .filter(|line| line.starts_with("2023"))
        .collect();
    assert_eq!(
        of_2023,
        [
            "2023-01-01..2023-03-31 6842 2023-04-27",
            "2023-01-01..2023-03-31 6823 2024-04-25",
            "2023-04-01..2023-06-30 6216 2023-07-27",
            "2023-04-01..2023-06-30 6134 2024-08-01",
            "2023-07-01..2023-09-30 6543 2023-10-26",
            "2023-07-01..2023-09-30 6496 2024-10-31",
            "2023-10-01..2023-12-31 7665 2024-02-02",
            "2023-10-01..2023-12-31 7592 2025-01-30",
        ],
        "no 6235 = 13058 - 6823 from 2024-04-25 to 2024-08-01"
    );
}

#[test]
fn trap_7_alphabet_restates_the_first_half_of_2016() {
    let parsed = fixture!("restatements_alphabet.json");
    let capex = shown(&parsed, "capex_cash", MILLION);
    for line in [
        "2016-01-01..2016-03-31 2428 2016-05-03",
        "2016-01-01..2016-03-31 2444 2017-05-02",
        "2016-04-01..2016-06-30 2123 2016-08-04",
        "2016-04-01..2016-06-30 2136 2017-07-25",
        "2016-07-01..2016-09-30 2554 2016-11-03",
        "2016-10-01..2016-12-31 3078 2017-02-03",
        "2015-10-01..2015-12-31 2100 2016-02-11",
        "2015-10-01..2015-12-31 2102 2017-02-03",
    ] {
        assert!(capex.contains(&line.to_owned()), "{line} in {capex:#?}");
    }
}

#[test]
fn trap_7_one_restated_operand_keeps_the_old_value() {
    let parsed = fixture!("discontinued.json");
    let power = |n: i32| 2_f64.powi(n);
    let rows: Vec<_> =
        rows(&parsed, "revenue").iter().map(|row| (row.value, row.vintage)).collect();
    assert_eq!(
        rows,
        [
            (power(28), date("2022-02-15")),
            (power(26) + power(25), date("2024-02-15")),
            (power(22), date("2024-02-15")),
        ],
        "the last quarter of 2022 waits for nine months without the business that was sold"
    );
    assert!(reasons(&parsed).contains("its longer operand is restated"), "{}", reasons(&parsed));
    assert!(reasons(&parsed).contains("not recomputed: 2021-01-01..2021-12-31 was restated"));
}

#[test]
fn trap_8_quarters_of_14_weeks_and_duplicate_ends() {
    let parsed = fixture!("duplicate_ends.json");
    let rows = rows(&parsed, "revenue");
    let periods: Vec<_> = rows.iter().map(|row| row.period).collect();
    assert!(periods.windows(2).all(|pair| pair[0].end() < pair[1].start()), "{periods:?}");
    assert_eq!(periods[0].n_days(), 98, "a quarter of 14 weeks");
    assert!(periods.iter().any(|period| period.end() == date("2010-08-01")));
    assert!(reasons(&parsed).contains("is the period 2010-05-03..2010-08-01, first filed"));
}

#[test]
fn trap_10_companyfacts_have_no_segments() {
    let parsed = fixture!("same_end.json");
    let owner = Registry::bundled().ticker(1_045_810);
    let ids: Vec<_> = parsed.observations.iter().map(|row| row.series.to_string()).collect();
    assert_eq!(ids, [format!("{owner}.revenue")]);
}

#[test]
fn trailing_twelve_months_are_no_fiscal_year() {
    let parsed = fixture!("trailing_twelve_months.json");
    let power = |n: i32| 2_f64.powi(n);
    let quarters: Vec<_> = rows(&parsed, "capex_cash").iter().map(|row| row.value).collect();
    assert_eq!(quarters, [power(20), power(21), power(22), power(23), power(24)]);
    let years: Vec<_> = rows(&parsed, "capex_cash.annual").iter().map(|row| row.value).collect();
    assert_eq!(years, [power(33), power(24) - power(20)]);
    assert!(reasons(&parsed).contains("twelve months in a quarterly report trail"));
}

#[test]
fn other_taxonomies_and_currencies_are_set_aside() {
    let parsed = fixture!("foreign.json");
    assert!(parsed.observations.is_empty(), "{:?}", parsed.observations);
    assert!(reasons(&parsed).contains("USD is a translation for convenience"));
    assert!(reasons(&parsed).contains("1 concepts of taxonomy `ifrs-full` are not read"));
    assert!(reasons(&parsed).contains("1 values are in `TWD`; needed `USD`"));
}

#[test]
fn a_broken_row_is_set_aside_and_the_others_are_read() {
    let parsed = fixture!("broken_rows.json");
    let quarters: Vec<_> = rows(&parsed, "revenue").iter().map(|row| row.value).collect();
    assert_eq!(quarters, [1024.0]);
    let reasons = reasons(&parsed);
    for reason in [
        "`end` is `2023-06-31`, needed a date",
        "period ends on 2023-06-30, before its start on 2023-07-01",
        "`val` is no number",
        "beyond any company's statements",
        "-1 is negative, which it cannot be",
        "filed 2023-05-31, but other rows say",
        "`filed` is 2083-08-01, but the accession is of the year 23",
        "`start` is missing",
        "`accn` is missing",
    ] {
        assert!(reasons.contains(reason), "{reason}\nin\n{reasons}");
    }
    assert_eq!(parsed.read_through, Some(date("2023-08-01")));
    let stocks = rows(&parsed, "inventory");
    assert_eq!(
        stocks.iter().map(|row| row.value).collect::<Vec<_>>(),
        [2_f64.powi(20), 2_f64.powi(22)]
    );
    assert!(stocks.iter().all(|row| row.period.start() == row.period.end()));
}

/// A payload as it was before anything was filed after a day.
pub(crate) fn known_by(bytes: &[u8], day: NaiveDate) -> Vec<u8> {
    let mut json: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
    let last = day.to_string();
    for concept in json["facts"]["us-gaap"].as_object_mut().expect("facts").values_mut() {
        for rows in concept["units"].as_object_mut().expect("units").values_mut() {
            let known = |row: &serde_json::Value| row["filed"].as_str() <= Some(last.as_str());
            rows.as_array_mut().expect("rows").retain(known);
        }
    }
    serde_json::to_vec(&json).expect("JSON")
}

/// What was said by a day must not depend on what was filed later.
pub(crate) fn assert_blind_to_the_future(name: &str, bytes: &[u8], days: &[NaiveDate]) {
    let line = |row: &Observation| {
        format!("{} {} {} {} {}", row.series, row.period, row.vintage, row.value, row.locator)
    };
    let whole = read(name, bytes).expect("whole");
    for day in days {
        let known = read(name, &known_by(bytes, *day)).expect("known by then");
        let then: Vec<_> = known.observations.iter().map(line).collect();
        let now = whole.observations.iter().filter(|row| row.vintage <= *day);
        assert_eq!(then, now.map(line).collect::<Vec<_>>(), "{name} by {day}");
    }
}

#[test]
fn no_value_depends_on_a_later_filing() {
    macro_rules! check {
        ($($name:literal),*) => {$(
            let bytes = include_bytes!(concat!("../fixtures/edgar/", $name));
            let filed = read($name, bytes).expect($name).observations;
            let days: Vec<_> = filed.iter().map(|row| row.vintage).collect();
            assert_blind_to_the_future($name, bytes, &days);
        )*};
    }
    check!(
        "filing_year.json",
        "concepts_migrate.json",
        "restatements_meta.json",
        "restatements_alphabet.json",
        "discontinued.json",
        "duplicate_ends.json",
        "narrower_concept.json",
        "trailing_twelve_months.json"
    );
}

#[test]
fn an_amended_year_waits_for_amended_months() {
    let row = |start: &str, end: &str, val: u64, accn: &str, form: &str, filed: &str| {
        format!(
            r#"{{"start":"{start}","end":"{end}","val":{val},"accn":"{accn}","form":"{form}","filed":"{filed}"}}"#
        )
    };
    let (year, months) = (("2008-09-28", "2009-09-26"), ("2008-09-28", "2009-06-27"));
    let rows = [
        row(months.0, months.1, 1 << 20, "0000320193-09-000001", "10-Q", "2009-07-22"),
        row(year.0, year.1, (1 << 20) + (1 << 10), "0000320193-09-000002", "10-K", "2009-10-27"),
        row(year.0, year.1, 1 << 21, "0000320193-10-000001", "10-K/A", "2010-01-25"),
        row(
            months.0,
            months.1,
            (1 << 20) + (1 << 19),
            "0000320193-10-000002",
            "10-Q",
            "2010-07-21",
        ),
        row(year.0, year.1, 1 << 21, "0000320193-10-000003", "10-K", "2010-10-27"),
        // A month told as a subsequent event moves no fiscal year.
        row("2010-09-26", "2010-10-20", 1 << 3, "0000320193-10-000003", "10-K", "2010-10-27"),
        row("2009-09-27", "2010-09-25", 1 << 22, "0000320193-10-000003", "10-K", "2010-10-27"),
        row("2009-09-27", "2010-06-26", 1 << 4, "0000320193-10-000002", "10-Q", "2010-07-21"),
    ]
    .join(",");
    let json = format!(
        r#"{{"cik":320193,"facts":{{"us-gaap":{{"SalesRevenueNet":{{"units":{{"USD":[{rows}]}}}}}}}}}}"#
    );
    let parsed = read("amended", json.as_bytes()).expect("JSON");
    assert_eq!(
        shown(&parsed, "revenue", 1.0)[..2],
        [
            "2009-06-28..2009-09-26 1024 2009-10-27".to_owned(),
            "2009-06-28..2009-09-26 524288 2010-10-27".to_owned()
        ]
    );
    assert_eq!(
        shown(&parsed, "revenue.annual", 1.0),
        [
            "2008-09-28..2009-09-26 1049600 2009-10-27",
            "2008-09-28..2009-09-26 2097152 2010-01-25",
            "2009-09-27..2010-09-25 4194304 2010-10-27"
        ]
    );
}

#[test]
fn documents_of_another_kind_are_named_with_the_place() {
    let whole = include_bytes!("../fixtures/edgar/year_to_date.json");
    let cases: [(&[u8], &str); 9] = [
        (b"", "line 1, column 0"),
        (b"<html>403</html>", "line 1, column 1"),
        (b"[]", "line 1, column 0"),
        (b"{\"cik\":\"0000789019\",\"filings\":{}}", "not a whole document of submissions"),
        (b"{\"facts\":{}}", "key `cik`: found no such key"),
        (b"{\"cik\":-3,\"facts\":{}}", "key `cik`: found -3"),
        (b"{\"cik\":1,\"facts\":[]}", "in `facts`"),
        (
            b"{\"cik\":1,\"facts\":{\"us-gaap\":{\"Revenues\":{\"units\":3}}}}",
            "in `us-gaap:Revenues`",
        ),
        (&whole[..whole.len() / 2], "in `us-gaap:PaymentsToAcquireProductiveAssets`"),
    ];
    for (bytes, place) in cases {
        let error = read("facts.json", bytes).expect_err(place);
        assert!(matches!(error, Error::Parse(_)), "{error:?}");
        let message = error.to_string();
        assert!(message.starts_with("`facts.json`") && message.contains(place), "{message}");
        assert!(error.advice().is_some());
    }
}

#[test]
fn no_truncation_and_no_flipped_byte_panics() {
    let whole = include_bytes!("../fixtures/edgar/concepts_migrate.json");
    for length in (0..whole.len()).step_by(7) {
        assert!(read("cut", &whole[..length]).is_err());
    }
    for at in (0..whole.len()).step_by(3) {
        let mut bytes = whole.to_vec();
        bytes[at] = b'9';
        drop(read("flipped", &bytes));
    }
}

#[test]
fn the_address_asks_for_identity() {
    let source = Edgar::new(320_193, "http://127.0.0.1:9/");
    let requests = source.requests(date("2026-01-01"));
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].url, "http://127.0.0.1:9/api/xbrl/companyfacts/CIK0000320193.json");
    assert_eq!((requests[0].identity, source.id()), (Identity::Required, "edgar"));
}
