//! The index page of a filing: which of its documents is the earnings release.
//!
//! May use its sibling files and `ingest`. Pure: HTML in, a follow-up request out.

use scraper::{ElementRef, Html, Selector};

use super::Sites;
use super::submissions::is_file_name;
use crate::ingest::{Filing, Lifetime, Parsed, Raw, Request, SetAside};

/// The exhibit that carries a press release.
const RELEASE: &str = "EX-99";

/// A larger page is no index: trees of hostile markup grow faster than their text.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// The request for a filing's press release: its exhibit 99.1, or the first of its exhibits 99.
///
/// A filing without one gives nothing but the reason.
pub(super) fn parse(raw: &Raw, filing: &Filing, sites: &Sites) -> Parsed {
    let mut parsed = Parsed { read_through: Some(filing.filed), ..Parsed::default() };
    let mut set_aside = |reason: String| {
        parsed.set_aside.push(SetAside {
            series: "guidance".to_owned(),
            period: None,
            locator: format!("accn {}", filing.accession),
            reason,
        });
    };
    if raw.bytes.len() > PAGE_BYTES_MAX {
        set_aside(format!("an index page of {} bytes is none", raw.bytes.len()));
        return parsed;
    }
    let html = Html::parse_document(&String::from_utf8_lossy(&raw.bytes));
    let documents = documents(&html);
    let is_release = |kind: &str| kind == RELEASE || kind.starts_with("EX-99.");
    let first = documents.iter().filter(|(kind, _)| is_release(kind)).min_by_key(|(kind, _)| {
        let number = kind.trim_start_matches("EX-99").trim_start_matches('.');
        number.parse::<u32>().unwrap_or(0)
    });
    match first {
        Some((_, name)) => {
            let request = Request::named(format!("{}/{name}", sites.folder(filing)));
            let filing = Some(filing.clone());
            parsed.follow_up.push(Request { lifetime: Lifetime::Immutable, filing, ..request });
        }
        None => set_aside("the filing has no exhibit 99".to_owned()),
    }
    parsed
}

/// Whether a page is the index of a filing and no document of it.
pub(super) fn is_index(name: &str) -> bool {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    path.ends_with("-index.html") || path.ends_with("-index.htm")
}

/// Type and file name of each document of the page's tables.
fn documents(html: &Html) -> Vec<(String, String)> {
    let selector = |text| Selector::parse(text).expect("a selector that is written here");
    let (rows, cells, links) = (selector("tr"), selector("td"), selector("a[href]"));
    let mut documents = Vec::new();
    for row in html.select(&rows) {
        let cells: Vec<ElementRef<'_>> = row.select(&cells).collect();
        let text = |cell: &ElementRef<'_>| cell.text().collect::<String>().trim().to_uppercase();
        let kind = cells.iter().map(text).rfind(|text| text.starts_with("EX-"));
        let link = row.select(&links).find_map(|link| link.value().attr("href"));
        let name = link.and_then(|link| link.rsplit('/').next());
        if let (Some(kind), Some(name)) = (kind, name.filter(|name| is_file_name(name))) {
            documents.push((kind, name.to_owned()));
        }
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filing() -> Filing {
        Filing {
            cik: 1_045_810,
            accession: "0001045810-24-000262".to_owned(),
            form: "8-K".to_owned(),
            items: vec!["2.02".to_owned()],
            filed: "2024-08-28".parse().expect("a date"),
            report_end: None,
        }
    }

    fn page(rows: &str) -> Raw {
        let html = format!("<table class=tableFile><tr><th>Seq</th></tr>{rows}</table>");
        Raw::new("x-index.html", html.into_bytes(), filing().filed)
    }

    fn row(kind: &str, link: &str) -> String {
        format!("<tr><td>1</td><td>words</td><td><a href=\"{link}\">x</a></td><td>{kind}</td></tr>")
    }

    #[test]
    fn the_release_is_the_first_exhibit_99() {
        let rows = row("8-K", "/ix?doc=/Archives/edgar/data/1/2/form.htm")
            + &row("EX-99.2", "/Archives/edgar/data/1/2/commentary.htm")
            + &row("EX-99.1", "/Archives/edgar/data/1/2/release.htm");
        let parsed = parse(&page(&rows), &filing(), &Sites::default());
        assert_eq!(
            parsed.follow_up[0].url,
            "https://www.sec.gov/Archives/edgar/data/1045810/000104581024000262/release.htm"
        );
    }

    #[test]
    fn a_filing_without_a_release_says_so() {
        let parsed = parse(&page(&row("8-K", "/a/b.htm")), &filing(), &Sites::default());
        assert!(parsed.follow_up.is_empty());
        assert_eq!(parsed.set_aside[0].reason, "the filing has no exhibit 99");
        let odd = page(&row("EX-99.1", "/a/..%2f..%2fpasswd"));
        assert!(parse(&odd, &filing(), &Sites::default()).follow_up.is_empty());
    }
}
