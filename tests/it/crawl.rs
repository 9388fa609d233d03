//! From submissions to segments and guidance, over a server that has one company's documents.

use std::collections::BTreeSet;

use crate::server::site;
use crate::support::{Run, chipcast};

const RELEASE: &str = "<html><body><p>Results for the second quarter ended July 28, 2024, of fiscal 2025.</p><h3>Outlook</h3>\
    <p>For the third quarter of fiscal 2025 the company expects:</p><ul><li>Revenue is expected to be \
    $32.5 billion, plus or minus 2%.</li></ul></body></html>";

fn submissions() -> String {
    let list = |values: &[&str]| {
        let quoted: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
        quoted.join(",")
    };
    format!(
        r#"{{"cik":"0001045810","filings":{{"recent":{{"accessionNumber":[{}],"filingDate":[{}],
        "reportDate":[{}],"form":[{}],"items":[{}],"isInlineXBRL":[1,1,1,1],"primaryDocument":[{}]}},
        "files":[]}}}}"#,
        list(&[
            "0001045810-24-000264",
            "0001045810-24-000262",
            "0001045810-24-000124",
            "0001045810-20-000001"
        ]),
        list(&["2024-08-28", "2024-08-28", "2024-05-29", "2020-05-21"]),
        list(&["2024-07-28", "2024-08-28", "2024-04-28", "2020-04-26"]),
        list(&["10-Q", "8-K", "10-Q", "10-Q"]),
        list(&["", "2.02,9.01", "", ""]),
        list(&["report.htm", "form.htm", "gone.htm", "old.htm"]),
    )
}

#[test]
fn a_companys_filings_lead_to_segments_and_guidance() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = "<table><tr><td>2</td><td>words</td><td><a href=\"/x/release.htm\">release.htm</a></td>\
                 <td>EX-99.1</td></tr></table>";
    let data = "/archives/edgar/data/1045810";
    let documents = [
        (
            "/api/xbrl/companyfacts/cik0001045810.json".to_owned(),
            include_str!("../fixtures/edgar/same_end.json"),
        ),
        ("/submissions/cik0001045810.json".to_owned(), &submissions()),
        (format!("{data}/000104581024000262/0001045810-24-000262-index.html"), index),
        (format!("{data}/000104581024000262/release.htm"), RELEASE),
        (
            format!("{data}/000104581024000264/report.htm"),
            include_str!("../fixtures/ixbrl/platforms.htm"),
        ),
    ];
    let documents = documents.map(|(path, text)| (path, text.as_bytes().to_vec())).to_vec();
    let (base, asked) = site(documents);
    let ingest = |since: &str| -> Run {
        chipcast(
            folder.path(),
            &[
                "--empty",
                "--format",
                "json",
                "ingest",
                "edgar",
                "--company",
                "nvda",
                "--since",
                since,
                "--user-agent",
                "Ada Lovelace ada@example.org",
                "--base-url",
                &base,
            ],
        )
    };
    let run = ingest("2024-01-01");
    assert_eq!(run.code, 0, "{}", run.err);
    let first: Vec<String> = asked.try_iter().collect();
    assert_eq!(first.len(), 6, "nothing of 2020: {first:#?}");
    assert!(run.err.contains("not there: ") && run.err.contains("gone.htm"), "{}", run.err);
    let rows = run.rows();
    let series: BTreeSet<_> = rows
        .iter()
        .filter(|row| row["status"] == "added")
        .filter_map(|row| row["series"].as_str())
        .collect();
    for needed in [
        "nvda.revenue",
        "nvda.revenue.data_center",
        "nvda.filings.8k_results",
        "nvda.filings.10q",
        "nvda.guidance.revenue.mid",
    ] {
        assert!(series.contains(needed), "{needed} of {series:?}");
    }
    let announced = chipcast(folder.path(), &["data", "announcements", "nvda", "--format", "json"]);
    let announced = announced.rows();
    assert_eq!(announced.len(), 1, "{announced:?}");
    assert_eq!(announced[0]["published"], "2024-08-28");
    assert_eq!(announced[0]["period_end"], "2024-10-27");
    assert_eq!(announced[0]["low"], 31_850e6);
    let locator = announced[0]["locator"].as_str().expect("a locator");
    assert!(locator.contains("0001045810-24-000262"), "{locator}");
    // Again: documents of filings are not asked for a second time, and nothing is new.
    let again = ingest("2024-01-01");
    assert_eq!(again.code, 0, "{}", again.err);
    let second: Vec<String> = asked.try_iter().collect();
    assert!(second.iter().all(|path| !path.ends_with("report.htm")), "{second:?}");
    assert!(second.iter().all(|path| !path.ends_with("release.htm")), "{second:?}");
    assert!(again.rows().iter().all(|row| row["status"] != "added"), "{}", again.out);
    // From a later day on there is nothing to read but the two listings.
    let later = ingest("2024-09-01");
    assert_eq!((later.code, asked.try_iter().count()), (0, 2), "{}", later.err);
}
