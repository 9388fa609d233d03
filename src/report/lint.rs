//! The lint: what a report must not contain, checked before it is rendered.
//!
//! Pure. Refuses a number without a source, without the day on which it became public, or, if a model
//! made it, without the n behind it; an empty heading, a chart without words for those who cannot see
//! it, a value that is not finite, and words that are not plain text. Links need no rule here: a locator
//! that is neither http nor https never becomes one (`source`).

use std::collections::HashSet;

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::report::{
    Block, Cell, Chart, Prose, Report, Section, SourceKind, SourceRef, Table, Value, format, plain,
};

/// Passes a report that may be rendered.
///
/// # Errors
/// [`Error::Invalid`] with every problem found.
pub fn check(report: &Report) -> Result<()> {
    let problems = problems(report);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "report `{}` has {} problems: {}",
        report.title,
        problems.len(),
        problems.join("; ")
    ))
    .hint(
        "a number goes into a cell or prose with its sources; a model's source says its n by `of`",
    ))
}

/// Everything that is wrong with a report, in reading order.
pub fn problems(report: &Report) -> Vec<String> {
    let mut found = Problems::default();
    for (place, text) in [
        ("title", &report.title),
        ("subtitle", &report.subtitle),
        ("run id", &report.run_id),
        ("data hash", &report.data_hash),
    ] {
        found.filled(place, text);
    }
    found.number_free("title", &report.title);
    found.number_free("subtitle", &report.subtitle);
    found.filled("finding", &report.finding.text);
    found.prose("finding", &report.finding);
    for figure in &report.key_figures {
        let place = format!("key figure `{}`", figure.label);
        found.filled("label of a key figure", &figure.label);
        found.number_free(&place, &figure.label);
        figure.cells().for_each(|cell| found.cell(&place, cell));
        figure.note.iter().for_each(|note| found.prose(&place, note));
        if let Some((_, against)) = &figure.change {
            found.filled(&format!("{place}: change"), against);
            found.number_free(&place, against);
        }
    }
    report.bullets.iter().for_each(|bullet| found.prose("front page", bullet));
    let mut ids = HashSet::new();
    for section in &report.sections {
        found.section(section);
        if !ids.insert(&section.id) {
            found.add(format!("two sections have the id `{}`", section.id));
        }
    }
    report.disclosures.iter().for_each(|prose| found.prose("disclosures", prose));
    report.footnotes().notes().iter().for_each(|source| found.source(source));
    found.0
}

/// Days before this one stand for a day that nobody knows: the zero of clocks and calendars.
const FIRST_VINTAGE: NaiveDate = NaiveDate::from_ymd_opt(1980, 1, 1).expect("a date");

/// Prefixes of ids that the page itself uses.
const RESERVED_IDS: [&str; 6] = ["source-", "chart-", "main", "contents", "sources", "disclosures"];

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, problem: String) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    fn filled(&mut self, place: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(format!("{place} is empty"));
        }
        if !plain::is_plain(text) {
            self.add(format!("{place} is not plain text"));
        }
    }

    fn number_free(&mut self, place: &str, text: &str) {
        if let Some(number) = first_number(text) {
            self.add(format!("{place}: number `{number}` has no source"));
        }
    }

    fn prose(&mut self, place: &str, prose: &Prose) {
        self.filled(&format!("text in {place}"), &prose.text);
        if prose.sources().is_empty() {
            self.number_free(place, &prose.text);
        }
    }

    fn cell(&mut self, place: &str, cell: &Cell) {
        let is_finite = match cell.value() {
            Value::Text(text) => {
                if cell.sources().is_empty() {
                    self.number_free(place, text);
                }
                true
            }
            Value::Label(_) | Value::Date(_) | Value::Count { .. } => true,
            Value::Number { value, .. } | Value::Change { value, .. } => value.is_finite(),
            Value::Interval { low, high, coverage, .. } => {
                if low > high {
                    self.add(format!("{place}: interval from {low} to {high} is upside down"));
                }
                if !(*coverage > 0.0 && *coverage < 1.0) {
                    self.add(format!("{place}: coverage {coverage} is not between 0 and 1"));
                }
                low.is_finite() && high.is_finite()
            }
            Value::Missing(reason) => {
                self.filled(&format!("{place}: reason of a missing value"), reason);
                true
            }
        };
        if !is_finite {
            self.add(format!("{place}: a value is not a finite number"));
        }
        self.standing(place, cell);
    }

    /// A number leads to a source, and one that a model made to the n behind it.
    fn standing(&mut self, place: &str, cell: &Cell) {
        let is_number = matches!(
            cell.value(),
            Value::Number { .. } | Value::Change { .. } | Value::Interval { .. }
        );
        if !is_number {
            return;
        }
        if cell.sources().is_empty() {
            self.add(format!("{place}: number `{}` has no source", cell.words()));
        }
        for source in cell.sources() {
            if source.kind == SourceKind::Model && source.n.is_none() {
                self.add(format!("{place}: numbers of `{}` have no n", source.label));
            }
        }
    }

    fn section(&mut self, section: &Section) {
        let place = format!("section `{}`", section.id);
        let is_plain = section.id.starts_with(|c: char| c.is_ascii_lowercase())
            && section
                .id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !is_plain || RESERVED_IDS.iter().any(|reserved| section.id.starts_with(reserved)) {
            self.add(format!("{place}: the id must be a free lower-case word"));
        }
        self.filled(&format!("heading of {place}"), &section.heading);
        if section.blocks.is_empty() {
            self.add(format!("{place} has no content"));
        }
        if section.blocks.iter().all(|block| block.sources().is_empty()) {
            self.number_free(&place, &section.heading);
        }
        for block in &section.blocks {
            match block {
                Block::Text(prose) | Block::List(prose) => {
                    for item in prose {
                        self.prose(&place, item);
                    }
                }
                Block::Note(_, prose) => self.prose(&place, prose),
                Block::Table(table) => self.table(table),
                Block::Chart(chart) => self.chart(chart),
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let place = format!("table `{}`", table.caption());
        self.filled("caption of a table", table.caption());
        if table.sources().next().is_none() {
            self.number_free(&place, table.caption());
        }
        for (idx, heading) in table.headings().iter().enumerate() {
            self.filled(&format!("{place}: heading {}", idx + 1), heading);
        }
        table.note().iter().for_each(|note| self.prose(&place, note));
        table.rows().iter().flatten().for_each(|cell| self.cell(&place, cell));
    }

    fn chart(&mut self, chart: &Chart) {
        let place = format!("chart `{}`", chart.title);
        self.filled("title of a chart", &chart.title);
        self.filled(&format!("{place}: subtitle"), &chart.subtitle);
        self.filled(&format!("{place}: alternative text"), &chart.alt);
        if let Some(flaw) = chart.flaw() {
            self.add(format!("{place}: {flaw}"));
        }
        let data = chart.data();
        if data.rows().is_empty() {
            self.add(format!("{place} has no data"));
        }
        data.rows().iter().flatten().for_each(|cell| self.cell(&place, cell));
    }

    fn source(&mut self, source: &SourceRef) {
        let place = format!("source `{}`", source.label);
        self.filled("label of a source", &source.label);
        self.filled(&format!("{place}: locator"), &source.locator);
        if source.vintage < FIRST_VINTAGE {
            let day = format::date(source.vintage);
            self.add(format!("{place} has no vintage: `{day}` stands where one is missing"));
        }
    }
}

/// The first word of `text` that states a number.
///
/// Dates, years, forms (`10-Q`) and names that begin with a letter (`H100`, `Q3`, `FY2027`) do not.
pub fn first_number(text: &str) -> Option<&str> {
    let words: Vec<&str> = text.split_whitespace().map(bare).collect();
    let is_number = |idx: &usize| {
        let word = words[*idx];
        let month = |other: Option<&&str>| other.is_some_and(|other| is_month(other));
        let is_day = word.len() <= 2
            && (month(words.get(idx + 1))
                || idx.checked_sub(1).is_some_and(|before| month(words.get(before))));
        let digits = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        digits.starts_with(|c: char| c.is_numeric()) && !is_day && !is_name(word)
    };
    (0..words.len()).find(is_number).map(|idx| words[idx])
}

/// A word without the punctuation around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| "()[]{}“”\"'‘’.,;:!?".contains(c))
        .trim_start_matches("NT$")
        .trim_end_matches("’s")
        .trim_end_matches("'s")
}

fn is_month(word: &str) -> bool {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    MONTHS.iter().any(|month| word.starts_with(month)) && word.chars().all(char::is_alphabetic)
}

/// Years, ISO dates and months, SEC forms and accessions.
fn is_name(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let is_digits = |part: &&str| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty();
    let is_year =
        |part: &&str| part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    match parts.as_slice() {
        [year] => is_digits(year) && is_year(year),
        [number, form] if is_digits(number) && number.len() <= 2 => {
            matches!(*form, "K" | "Q" | "F" | "K/A" | "Q/A" | "F/A")
        }
        [year, rest @ ..] => {
            let is_date =
                is_year(year) && rest.len() <= 2 && rest.iter().all(|part| part.len() <= 4);
            parts.iter().all(is_digits) && (is_date || year.len() == 10 && rest.len() == 2)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_names_and_dates() {
        for number in ["grew 12%", "about $96.2 billion", "(80% interval)", "2x more", "NT$3", "−4"]
        {
            assert!(first_number(number).is_some(), "{number}");
        }
        for name in [
            "H100 and GB200 in Q3 FY2027",
            "the 10-Q of 27 Aug 2026",
            "on 2026-08-27, in 2026.",
            "August 27, 2026",
            "accession 0001045810-26-000123",
            "from 2025-2026",
            "one more quarter",
        ] {
            assert_eq!(first_number(name), None, "{name}");
        }
    }
}
