//! Inline XBRL to observations: one small filing for each trap, powers of two so that a sum names
//! what went into it, broken and hostile documents, and what the command says.

use std::fmt::Write as _;

use chipcast::archive::Snapshot;
use chipcast::ingest::edgar::ixbrl::{self, fourth_quarters};
use chipcast::ingest::{Filing, Parsed, Raw};
use chipcast::observation::{Observation, VintageBasis};
use chipcast::{Error, Result};
use proptest::prelude::*;

use crate::support::{archive, chipcast, day, id, row, slow};

const MILLION: f64 = 1e6;

pub(crate) fn filing(accession: &str, filed: &str) -> Filing {
    Filing {
        cik: 0,
        accession: accession.to_owned(),
        form: String::new(),
        items: Vec::new(),
        filed: day(filed),
        report_end: None,
    }
}

pub(crate) fn read(name: &str, bytes: &[u8], filing: Option<Filing>) -> Result<Parsed> {
    let raw = Raw { filing, ..Raw::new(name, bytes.to_vec(), day("2026-11-23")) };
    ixbrl::parse(&raw, "own")
}

macro_rules! fixture {
    ($name:literal, $filed:literal) => {
        read(
            $name,
            include_bytes!(concat!("../fixtures/ixbrl/", $name)),
            Some(filing("0000000001-26-000001", $filed)),
        )
        .expect($name)
    };
}

/// `METRIC PERIOD_END VALUE` of each row, values in millions, in order of series.
fn shown(parsed: &Parsed) -> Vec<String> {
    let line = |row: &Observation| {
        format!("{} {} {}", row.series.metric(), row.period.end(), row.value / MILLION)
    };
    let mut lines: Vec<_> = parsed.observations.iter().map(line).collect();
    lines.sort();
    lines
}

/// `SERIES REASON` of what was set aside.
fn aside(parsed: &Parsed) -> Vec<String> {
    parsed.set_aside.iter().map(|aside| format!("{} {}", aside.series, aside.reason)).collect()
}

#[test]
fn traps_1_to_3_quarters_and_comparatives_stay_in_their_own_periods() {
    let parsed = fixture!("same_end.htm", "2026-08-28");
    assert_eq!(shown(&parsed), ["revenue 2023-07-30 512", "revenue 2024-07-28 1024"]);
    assert_eq!(
        aside(&parsed),
        ["own.revenue twelve months in a quarterly report trail: no fiscal year"],
        "years to date and balances are no series, and no mistakes either"
    );
    let row = &parsed.observations[1];
    assert_eq!((row.vintage, row.vintage_basis), (day("2026-08-28"), VintageBasis::Filing));
    assert_eq!(row.source, "SEC filing, 10-Q");
    assert_eq!(row.locator, "accn 0000000001-26-000001; us-gaap:Revenues");
    assert_eq!(row.retrieved_at, day("2026-11-23"));
    assert_eq!(parsed.read_through, Some(day("2026-08-28")));
}

const PLATFORMS: [&str; 16] = [
    "operating_income 2024-07-28 256",
    "operating_income.segment.compute_and_networking 2024-07-28 448",
    "operating_income.segment.graphics 2024-07-28 64",
    "revenue 2024-07-28 1024",
    "revenue.automotive 2024-07-28 16",
    "revenue.data_center 2024-07-28 896",
    "revenue.data_center.compute 2024-07-28 640",
    "revenue.data_center.networking 2024-07-28 256",
    "revenue.gaming 2024-07-28 64",
    "revenue.geography.ai_and_other 2024-07-28 256",
    "revenue.geography.china_including_hong_kong 2024-07-28 256",
    "revenue.geography.us 2024-07-28 512",
    "revenue.oem_and_other 2024-07-28 16",
    "revenue.professional_visualization 2024-07-28 32",
    "revenue.segment.compute_and_networking 2024-07-28 1024",
    "revenue.segment.graphics 2024-07-28 128",
];

#[test]
fn trap_10_platforms_segments_and_geography_add_up() {
    let parsed = fixture!("platforms.htm", "2026-08-28");
    assert_eq!(shown(&parsed), PLATFORMS);
    let [customer] = parsed.set_aside.as_slice() else { panic!("{:?}", aside(&parsed)) };
    assert!(customer.reason.contains("srt:MajorCustomersAxis"), "a share is no revenue");
    let is_center = |row: &&Observation| row.series.metric() == "revenue.data_center";
    let center = parsed.observations.iter().find(is_center).expect("read");
    assert_eq!(
        center.locator,
        "accn 0000000001-26-000001; us-gaap:Revenues; \
         srt:ProductOrServiceAxis=nvda:DataCenterMember"
    );
}

#[test]
fn prefixes_count_by_what_they_stand_for() {
    let parsed = fixture!("prefixes.htm", "2026-08-28");
    assert_eq!(shown(&parsed), PLATFORMS);
}

#[test]
fn trap_9_old_platforms_close_and_do_not_go_to_zero() {
    let parsed = fixture!("platforms_2027.htm", "2026-05-20");
    assert_eq!(
        shown(&parsed),
        [
            "revenue 2025-04-27 512",
            "revenue 2026-04-26 1024",
            "revenue.data_center 2025-04-27 448",
            "revenue.data_center 2026-04-26 896",
            "revenue.data_center.acie 2025-04-27 192",
            "revenue.data_center.acie 2026-04-26 384",
            "revenue.data_center.hyperscale 2025-04-27 256",
            "revenue.data_center.hyperscale 2026-04-26 512",
            "revenue.edge 2025-04-27 64",
            "revenue.edge 2026-04-26 128",
        ]
    );
    assert_eq!(
        aside(&parsed),
        ["own.revenue.gaming its series closed on 2026-01-25; `edge` goes on"]
    );
}

#[test]
fn parts_that_do_not_add_up_are_set_aside_with_both_sums() {
    let parsed = fixture!("not_adding_up.htm", "2026-08-28");
    assert_eq!(
        shown(&parsed),
        [
            "revenue 2023-07-30 512",
            "revenue 2024-07-28 1024",
            "revenue.automotive 2023-07-30 8",
            "revenue.data_center 2023-07-30 448",
            "revenue.gaming 2023-07-30 32",
            "revenue.oem_and_other 2023-07-30 8",
            "revenue.professional_visualization 2023-07-30 16",
        ],
        "the comparative's platforms add up, its parts of data center do not"
    );
    let reasons = aside(&parsed);
    let n = |found: &str| reasons.iter().filter(|line| line.contains(found)).count();
    assert_eq!(n("add up to 1040000000, the total of us-gaap:Revenues for 2024-04-29"), 7);
    assert_eq!(n("parts of `data_center` add up to 512000000, it is 448000000"), 2);
    assert_eq!(n("own.revenue.geography.us no total of us-gaap:Revenues"), 1);
    assert_eq!(reasons.len(), 10);
}

#[test]
fn numbers_are_read_as_written() {
    let parsed = fixture!("numbers.htm", "2026-08-28");
    assert_eq!(
        shown(&parsed),
        [
            "cost_of_revenue 2023-07-30 256",
            "cost_of_revenue 2024-07-28 0",
            "depreciation_amortization 2024-07-28 32",
            "net_income 2024-07-28 -128",
            "operating_income 2024-07-28 -256",
            "revenue 2023-07-30 256",
            "revenue 2024-07-28 1024",
            "rnd 2024-07-28 2.097152",
        ],
        "1.0 billion is 1,024 million, rounded; the most precise holds"
    );
    assert_eq!(
        aside(&parsed),
        [
            "own.operating_cash_flow `64 & more &unknown; R&D` is no number",
            "own.depreciation is nil: the filing gives no value",
            "own.capex_cash is in `EUR`; needed `USD`",
            "own.capex_finance_leases is in `USD/xbrli:shares`; needed `USD`",
            "own.finance_lease_additions unit `gone` is not in the document",
            "own.gross_profit is given as 512000000 and as 516000000 in one filing",
        ]
    );
}

#[test]
fn products_within_a_segment_add_up_to_it() {
    let parsed = fixture!("products_of_a_segment.htm", "2026-08-05");
    assert_eq!(
        shown(&parsed),
        [
            "revenue 2025-06-28 1024",
            "revenue.client 2025-06-28 256",
            "revenue.client_and_gaming 2025-06-28 384",
            "revenue.data_center 2025-06-28 512",
            "revenue.embedded 2025-06-28 128",
            "revenue.gaming 2025-06-28 128",
        ]
    );
    assert!(parsed.set_aside.is_empty(), "{:?}", aside(&parsed));
}

#[test]
fn what_stands_between_contracts_and_the_total_takes_part() {
    let parsed = fixture!("within_a_segment.htm", "2026-02-05");
    let lines = shown(&parsed);
    for line in [
        "revenue.annual 2024-12-31 1024",
        "revenue.segment.google_cloud.annual 2024-12-31 256",
        "revenue.segment.google_services.annual 2024-12-31 768",
        "revenue.segment.google_services.google_advertising.annual 2024-12-31 704",
        "revenue.segment.google_services.google_search_other.annual 2024-12-31 512",
        "revenue.segment.other_bets.annual 2024-12-31 8",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line} of {lines:?}");
    }
    assert_eq!(lines.len(), 9);
    assert_eq!(
        aside(&parsed),
        ["own.revenue a year that ends on 2024-06-30 is no fiscal year of a report to 2024-12-31"]
    );
}

#[test]
fn an_unknown_filers_parts_are_checked_by_arithmetic_alone() {
    let parsed = fixture!("unknown_filer.htm", "2026-08-05");
    assert_eq!(
        shown(&parsed),
        [
            "revenue 2024-06-30 1024",
            "revenue.ai_and_other 2024-06-30 256",
            "revenue.chips 2024-06-30 640",
            "revenue.cpu 2024-06-30 128",
            "revenue.gpu 2024-06-30 512",
            "revenue.oem_and_other 2024-06-30 128",
            "revenue.product 2024-06-30 768",
            "revenue.service 2024-06-30 256",
        ]
    );
}

// --- Whose filing it is --------------------------------------------------------------------------

const SAME_END: &[u8] = include_bytes!("../fixtures/ixbrl/same_end.htm");

#[test]
fn particulars_that_are_missing_or_contradict_the_document_are_errors() {
    let given = filing("0001045810-24-000264", "2024-08-28");
    let with = |change: fn(&mut Filing)| {
        let mut filing = given.clone();
        change(&mut filing);
        Some(filing)
    };
    for (filing, found) in [
        (None, "does not say on which day it was filed"),
        (with(|f| f.cik = 2488), "is a filing of CIK 1045810; CIK 2488 was given"),
        (with(|f| "10-K".clone_into(&mut f.form)), "is a `10-Q`; form `10-K` was given"),
        (with(|f| f.report_end = Some(day("2024-04-28"))), "reports to 2024-07-28"),
        (with(|f| f.filed = day("2024-07-27")), "a day of filing from then on is needed"),
        (with(|f| "24-000264".clone_into(&mut f.accession)), "`24-000264` is not of the form"),
        (with(|f| f.filed = day("2026-08-28")), "the accession is of the year 24"),
    ] {
        let error = read("f.htm", SAME_END, filing).expect_err(found);
        assert!(matches!(error, Error::Invalid(_)) && error.to_string().contains(found), "{error}");
    }
    let named = String::from_utf8_lossy(SAME_END);
    for (old, new, found) in [
        (">10-Q<", ">424B5<", "form `424B5` is no quarterly or annual report"),
        (">10-Q<", "><", "has no `dei:DocumentType`, and no form was given"),
        ("dei:EntityCentralIndexKey", "dei:Other", "and no CIK was given"),
    ] {
        let changed = named.replace(old, new);
        let error = read("f.htm", changed.as_bytes(), with(|_| ())).expect_err(found);
        assert!(error.to_string().contains(found), "{error}");
    }
    let own = filing("", "2024-08-28");
    let parsed = read("some/where/q2.htm", SAME_END, Some(own)).expect("the file's name will do");
    assert_eq!(parsed.observations[0].locator, "file q2.htm; us-gaap:Revenues");
}

#[test]
fn facts_of_another_entity_are_set_aside() {
    let text = String::from_utf8_lossy(SAME_END);
    let other = text.replacen(
        "<xbrli:identifier scheme=\"http://www.sec.gov/CIK\">0001045810",
        "<xbrli:identifier scheme=\"http://www.sec.gov/CIK\">0000002488",
        1,
    );
    let parsed =
        read("f.htm", other.as_bytes(), Some(filing("", "2024-08-28"))).expect("a document");
    assert_eq!(shown(&parsed), ["revenue 2023-07-30 512"]);
    assert!(aside(&parsed)[0].contains("belongs to entity `0000002488`"), "{:?}", aside(&parsed));
}

// --- Broken and hostile documents ----------------------------------------------------------------

const HEAD: &str = r#"<?xml version="1.0"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"
 xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:us-gaap="http://fasb.org/us-gaap/2025"
 xmlns:xbrldi="http://xbrl.org/2006/xbrldi" xmlns:srt="http://fasb.org/srt/2025"
 xmlns:iso4217="http://www.xbrl.org/2003/iso4217" xmlns:own="urn:own"><body>
<xbrli:unit id="u"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>
"#;

fn context(id: &str, dimension: &str) -> String {
    format!(
        "<xbrli:context id=\"{id}\"><xbrli:entity><xbrli:identifier>1</xbrli:identifier>\
         <xbrli:segment>{dimension}</xbrli:segment></xbrli:entity><xbrli:period>\
         <xbrli:startDate>2024-01-01</xbrli:startDate><xbrli:endDate>2024-03-31</xbrli:endDate>\
         </xbrli:period></xbrli:context>\n"
    )
}

fn fact(context: &str, inner: &str) -> String {
    format!(
        "<ix:nonFraction name=\"us-gaap:Revenues\" contextRef=\"{context}\" unitRef=\"u\" \
         decimals=\"-6\" scale=\"6\">{inner}</ix:nonFraction>\n"
    )
}

/// Reads a document of one company.
fn hostile(body: &str) -> Result<Parsed> {
    let given = Filing { cik: 1, form: "10-Q".to_owned(), ..filing("", "2024-05-01") };
    let text = format!("{HEAD}{body}</body></html>");
    read("hostile.htm", text.as_bytes(), Some(given))
}

#[test]
fn a_cut_document_is_an_error_with_its_place() {
    for cut in [SAME_END.len() / 3, SAME_END.len() / 2, SAME_END.len() - 10] {
        let error = read("f.htm", &SAME_END[..cut], Some(filing("", "2024-08-28")))
            .expect_err("the end is missing");
        let text = error.to_string();
        assert!(matches!(error, Error::Parse(_)), "{text}");
        assert!(text.contains("`f.htm` breaks at line ") && text.contains("byte "), "{text}");
    }
    let wrong = String::from_utf8_lossy(SAME_END).replacen("</p>", "</q>", 1);
    let error = read("f.htm", wrong.as_bytes(), Some(filing("", "2024-08-28")))
        .expect_err("a tag closes another");
    assert!(error.to_string().contains("breaks at line "), "{error}");
}

#[test]
fn a_page_without_inline_xbrl_says_what_is_needed() {
    for bytes in [&b"<html><body>hello</body></html>"[..], b"", b"plain words"] {
        let error =
            read("f.htm", bytes, Some(filing("", "2024-08-28"))).expect_err("nothing in it");
        assert!(error.to_string().contains("holds no inline XBRL"), "{error}");
        assert!(error.advice().expect("advice").contains("10-Q or 10-K"));
    }
}

#[test]
fn depth_breadth_and_entities_cost_no_more_than_their_bytes() {
    const N: usize = 100_000;
    let whole = context("c", "");
    let spans = format!("{}1{}", "<span>".repeat(N), "</span>".repeat(N));
    let parsed = hostile(&format!("{whole}{}", fact("c", &spans))).expect("deep, but closed");
    assert_eq!(shown(&parsed), ["revenue 2024-03-31 1"]);

    let open = "<ix:nonFraction name=\"us-gaap:Revenues\" contextRef=\"c\" unitRef=\"u\">";
    let nested = format!("{whole}{}8{}", open.repeat(N), "</ix:nonFraction>".repeat(N));
    assert_eq!(shown(&hostile(&nested).expect("facts in facts")), ["revenue 2024-03-31 0.000008"]);

    let mut many = whole.clone();
    for i in 0..N {
        let member = format!("own:P{i}Member");
        let dimension = format!(
            "<xbrldi:explicitMember dimension=\"srt:ProductOrServiceAxis\">{member}\
             </xbrldi:explicitMember>"
        );
        write!(many, "{}{}", context(&format!("c{i}"), &dimension), fact(&format!("c{i}"), "2"))
            .expect("a string grows");
    }
    let parsed = hostile(&format!("{many}{}", fact("c", "1"))).expect("broad");
    assert_eq!(shown(&parsed), ["revenue 2024-03-31 1"]);
    assert_eq!(parsed.set_aside.len(), N);

    let laughs =
        "<!DOCTYPE html [<!ENTITY a \"1111111111\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;\">]>";
    let text = format!("{HEAD}{whole}{}</body></html>", fact("c", "&b;")).replacen(
        "<html",
        &format!("{laughs}<html"),
        1,
    );
    let given = Filing { cik: 1, form: "10-Q".to_owned(), ..filing("", "2024-05-01") };
    let parsed = read("laughs.htm", text.as_bytes(), Some(given)).expect("nothing is expanded");
    assert_eq!(aside(&parsed), ["own.revenue `&b;` is no number"]);

    let declared = format!("{}{}", "<a xmlns:x=\"urn:x\">".repeat(N), "</a>".repeat(N));
    let error = hostile(&declared).expect_err("each look-up would walk them all");
    assert!(error.to_string().contains("more than 1024 namespaces"), "{error}");
}

#[test]
fn breaking_any_byte_gives_data_or_an_error() {
    let files: [&[u8]; 4] = [
        include_bytes!("../fixtures/ixbrl/platforms.htm"),
        include_bytes!("../fixtures/ixbrl/numbers.htm"),
        include_bytes!("../fixtures/ixbrl/within_a_segment.htm"),
        include_bytes!("../fixtures/ixbrl/prefixes.htm"),
    ];
    let n_cases = if slow() { 4096 } else { 256 };
    let config = ProptestConfig { cases: n_cases, failure_persistence: None, ..Default::default() };
    let place = any::<prop::sample::Index>;
    let changes = prop::collection::vec((place(), any::<u8>()), 1..8);
    let strategy = (0..files.len(), changes, place());
    proptest!(config, |((which, changes, cut) in strategy)| {
        let mut bytes = files[which].to_vec();
        for (place, byte) in &changes {
            // Half of them stay within what markup is made of, so that most still parse.
            let plain = b"0123456789<>&;\"/-.,("[usize::from(byte % 20)];
            let at = place.index(bytes.len());
            bytes[at] = if byte % 2 == 0 { *byte } else { plain };
        }
        if changes.len() > 6 {
            bytes.truncate(cut.index(bytes.len()));
        }
        let given = filing("", "2026-08-28");
        if let Ok(parsed) = read("changed.htm", &bytes, Some(given)) {
            prop_assert!(parsed.observations.iter().all(|row| row.value.is_finite()));
        }
    });
}

// --- Fourth quarters -----------------------------------------------------------------------------

fn period(start: &str, end: &str) -> chipcast::period::Period {
    chipcast::period::Period::new(day(start), day(end)).expect("start before end")
}

/// Quarters of fiscal 2025 held for NVIDIA's data center: 64, 128 and 256.
fn held(more: Vec<Observation>) -> Snapshot {
    let quarter = |start: &str, end: &str, value: f64, vintage: &str| {
        row("own.revenue.data_center", period(start, end), value * MILLION, day(vintage))
    };
    let mut rows = vec![
        quarter("2024-01-29", "2024-04-28", 64.0, "2024-05-29"),
        quarter("2024-04-29", "2024-07-28", 128.0, "2024-08-28"),
        quarter("2024-07-29", "2024-10-27", 256.0, "2024-11-20"),
    ];
    rows.extend(more);
    let archive = archive(rows, "2026-09-24");
    archive.as_of(day("2026-09-24")).expect("known")
}

fn years() -> Vec<Observation> {
    let bytes = include_bytes!("../fixtures/ixbrl/year.htm");
    let given = filing("0001045810-25-000023", "2025-02-26");
    read("year.htm", bytes, Some(given)).expect("a year").observations
}

#[test]
fn a_fourth_quarter_is_the_year_less_three_quarters() {
    let parsed = fourth_quarters(&years(), &held(vec![])).expect("readable");
    let [fourth] = parsed.observations.as_slice() else { panic!("{:?}", parsed.observations) };
    assert_eq!(fourth.series, id("own.revenue.data_center"));
    assert_eq!(fourth.period, period("2024-10-28", "2025-01-26"));
    assert_eq!(fourth.value, (2048.0 - 64.0 - 128.0 - 256.0) * MILLION);
    assert_eq!(fourth.vintage, day("2025-02-26"), "no earlier than any of the four");
    assert!(
        fourth
            .locator
            .starts_with("derived: year - Q1 - Q2 - Q3; accn 0001045810-25-000023; accn 0")
            && fourth.locator.ends_with("srt:ProductOrServiceAxis=nvda:DataCenterMember"),
        "{}",
        fourth.locator
    );
    let reasons = aside(&parsed);
    assert_eq!(reasons.len(), 2, "gaming and the whole company have no quarters: {reasons:?}");
    assert!(reasons[0].contains("no fourth quarter: no quarter from 2024-01-29 on is held; 0 of"));
}

#[test]
fn a_fourth_quarter_is_never_known_before_its_quarters() {
    let late = vec![row(
        "own.revenue.data_center",
        period("2024-07-29", "2024-10-27"),
        512.0 * MILLION,
        day("2025-11-19"),
    )];
    let of = |snapshot: Snapshot| fourth_quarters(&years(), &snapshot).expect("readable");
    let known = of(held(late.clone()));
    assert_eq!(
        known.observations[0].value,
        1600.0 * MILLION,
        "a later restatement is not looked at"
    );
    let first_two =
        held(vec![]).vintages(&id("own.revenue.data_center")).expect("three rows")[..2].to_vec();
    let alone = archive([first_two, late].concat(), "2026-09-24");
    let known = of(alone.as_of(day("2026-09-24")).expect("known"));
    assert_eq!(known.observations[0].value, (2048.0 - 64.0 - 128.0 - 512.0) * MILLION);
    assert_eq!(known.observations[0].vintage, day("2025-11-19"), "the quarter came last");
}

#[test]
fn quarters_on_another_footing_give_no_fourth() {
    let year = period("2024-01-29", "2025-01-26");
    let fourth = period("2024-10-28", "2025-01-26");
    let center = |suffix: &str, period, value: f64, vintage: &str| {
        row(&format!("own.revenue.data_center{suffix}"), period, value * MILLION, day(vintage))
    };
    for (more, found) in [
        (
            vec![center(".annual", year, 1024.0, "2025-02-20")],
            "the year was restated from 1024000000 to 2048000000, its quarters were not all",
        ),
        (
            vec![center("", fourth, 1024.0, "2025-02-20")],
            "the year less three quarters is 1600000000; 1024000000 is held, from 10-Q",
        ),
    ] {
        let parsed = fourth_quarters(&years(), &held(more)).expect("readable");
        assert!(parsed.observations.is_empty(), "{:?}", parsed.observations);
        let reasons = aside(&parsed);
        assert!(reasons.iter().any(|reason| reason.contains(found)), "{reasons:?}");
    }
    let repeat = vec![center("", fourth, 1600.0, "2025-02-20")];
    let parsed = fourth_quarters(&years(), &held(repeat)).expect("readable");
    assert!(parsed.observations.is_empty(), "known already");
    let mut other = years();
    for row in &mut other {
        row.locator = row.locator.replace("Revenues", "SalesRevenueNet");
    }
    let mut quarters = held(vec![]).vintages(&id("own.revenue.data_center")).expect("three rows");
    for row in &mut quarters {
        row.locator = "accn 0; us-gaap:Revenues".to_owned();
    }
    let snapshot = archive(quarters, "2026-09-24").as_of(day("2026-09-24")).expect("known");
    let parsed = fourth_quarters(&other, &snapshot).expect("readable");
    assert!(parsed.observations.is_empty());
    assert!(aside(&parsed).iter().any(|r| r.contains("the year is `us-gaap:SalesRevenueNet`")));
}

// --- The command ---------------------------------------------------------------------------------

#[test]
fn the_command_reads_a_filing_and_refuses_a_wrong_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ixbrl/platforms_2027.htm");
    let base = ["--data", "archive", "ingest", "filing", file];
    let with = |more: &[&str]| chipcast(folder.path(), &[&base, more].concat());
    let run = with(&["--company", "nvda", "--filed", "2026-06-01", "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = run.rows();
    let of = |series: &str| rows.iter().filter(|row| row["series"] == series).collect::<Vec<_>>();
    let edge = of("nvda.revenue.edge");
    assert_eq!(edge.len(), 2);
    assert_eq!(
        edge[0]["locator"],
        "file platforms_2027.htm; us-gaap:Revenues; \
         srt:ProductOrServiceAxis=nvda:EdgeComputingMember"
    );
    assert_eq!(of("nvda.revenue.gaming")[0]["status"], "set_aside");
    for (more, found) in [
        (["--company", "amd", "--filed", "2026-06-01"], "is a filing of CIK 1045810"),
        (["--company", "nvda", "--filed", "2026-04-01"], "reports to 2026-04-26"),
        (["--company", "nvda", "--filed", "2999-01-01"], "still to come"),
    ] {
        let run = with(&more);
        assert_ne!(run.code, 0);
        assert!(run.err.contains(found), "{}", run.err);
    }
}
