//! A page of the observation post (MOPS): the revenue of all listed companies in one month, in
//! tables by industry, encoded in Big5.
//!
//! May use the core files. Columns are told by their headings; where there are none, by their usual
//! order, which the check of growth rates then has to confirm. Never runs a script and follows no
//! link.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use encoding_rs::{BIG5, UTF_8};
use regex::Regex;
use scraper::{ElementRef, Html, Selector};

use super::{COLUMNS, Entry, bare, roc_day, roc_month};
use crate::cells::short;
use crate::error::{Error, Result};
use crate::ingest::Raw;

/// Cells before the figures: code and name.
const CELLS_BEFORE: usize = 2;

/// The companies of a page.
pub(super) fn entries(raw: &Raw) -> Result<Vec<Entry>> {
    let text = decoded(&raw.bytes);
    let page = Html::parse_document(&text);
    let words: String = page.root_element().text().collect::<Vec<_>>().join(" ");
    let month = month(raw, &words)?;
    if let Some(unit) = found(&UNIT, &words).filter(|unit| unit[0] != "千元") {
        return Err(Error::parse(format!(
            "`{}` is in `{}`, needed `千元` (thousand dollars)",
            raw.name,
            short(&unit[0])
        )));
    }
    let table_day = found(&TABLE_DAY, &words).map(|day| day[0].replace(' ', ""));
    let table_day = match table_day {
        None => Ok(None),
        Some(text) => roc_day(&text).map(Some).ok_or(format!("`{}` is no day", short(&text))),
    };
    let selector = Selector::parse("tr").expect("a checked selector");
    let (mut order, mut is_named) = (COLUMNS.to_vec(), false);
    let mut entries = Vec::new();
    for row in page.select(&selector) {
        let is_cell = |cell: &ElementRef<'_>| ["td", "th"].contains(&cell.value().name());
        let cells: Vec<ElementRef<'_>> = row.child_elements().filter(is_cell).collect();
        let texts: Vec<String> = cells.iter().map(|cell| words_of(*cell)).collect();
        let headings: Vec<_> = texts.iter().filter_map(|text| column(text)).collect();
        if headings.len() > 2 {
            (order, is_named) = (headings, true);
            continue;
        }
        let is_company = cells.first().is_some_and(|cell| cell.value().name() == "td")
            && CODE.is_match(&texts[0]);
        if !is_company {
            continue;
        }
        let figures = texts.iter().skip(CELLS_BEFORE);
        let cells: BTreeMap<_, _> = order.iter().copied().zip(figures.cloned()).collect();
        entries.push(Entry {
            code: texts[0].clone(),
            month: Ok(month),
            table_day: table_day.clone(),
            cells,
            is_named,
            locator: format!("{} company {}", raw.name, texts[0]),
        });
    }
    Ok(entries)
}

/// The month that the title states; the name of the file must not contradict it.
fn month(raw: &Raw, words: &str) -> Result<crate::period::Period> {
    let read = |pattern: &LazyLock<Regex>, text: &str| {
        let parts = found(pattern, text)?;
        roc_month(&format!("{}/{}", parts[0], parts[1]))
    };
    let (stated, named) = (read(&TITLE, words), read(&FILE, &raw.name));
    match (stated, named) {
        (Some(stated), Some(named)) if stated != named => Err(Error::parse(format!(
            "`{}` is named for {named}, its title says {stated}",
            raw.name
        ))),
        (Some(month), _) | (None, Some(month)) => Ok(month),
        (None, None) => Err(Error::parse(format!(
            "`{}` states no month; needed is a title such as 115年8月份",
            raw.name
        ))
        .hint("keep the name of the page, such as t21sc03_115_8_0.html")),
    }
}

static TITLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d{2,3})\s*年\s*(\d{1,2})\s*月份"));
static FILE: LazyLock<Regex> = LazyLock::new(|| pattern(r"t21sc03_(\d{2,3})_(\d{1,2})(?:\D|$)"));
static UNIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"單位\s*[：:]\s*(\S+)"));
static TABLE_DAY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"出表日期\s*[：:]\s*(\d{2,3}\s*/\s*\d{1,2}\s*/\s*\d{1,2})"));
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d{4,6}[A-Z]?$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a checked pattern")
}

/// The groups of the first match.
fn found(pattern: &Regex, text: &str) -> Option<Vec<String>> {
    let found = pattern.captures(text)?;
    Some(found.iter().skip(1).flatten().map(|group| group.as_str().to_owned()).collect())
}

/// The column that a heading names.
fn column(heading: &str) -> Option<&'static str> {
    let bare = bare(heading);
    COLUMNS.iter().copied().find(|column| *column == bare)
}

fn words_of(cell: ElementRef<'_>) -> String {
    cell.text().collect::<String>().replace('\u{a0}', " ").trim().to_owned()
}

/// The text of a page: Big5 as declared, or UTF-8 where it was saved as that.
fn decoded(bytes: &[u8]) -> String {
    let (text, _, is_broken) = UTF_8.decode(bytes);
    if is_broken { BIG5.decode(bytes).0.into_owned() } else { text.into_owned() }
}
