//! The data of a note: a report's words, table texts, marks and drawings, as the template reads them.
//!
//! May use the rest of `report`. Decides what is printed, not how it looks. Every word passes
//! [`words`], which replaces what the font cannot draw and lets long words break.

use serde_json::{Value as Tree, json};

use super::world::can_draw;
use crate::report::chart::Ink;
use crate::report::marks::Marks;
use crate::report::{
    Block, Cell, Chart, Footnotes, KeyFigure, Prose, Report, SourceRef, Table, Tone, Value, format,
};

/// What the template reads.
pub(super) struct Page {
    /// The report.
    pub(super) data: Tree,
    /// The drawings by name.
    pub(super) charts: Vec<(String, String)>,
}

impl Page {
    pub(super) fn of(report: &Report) -> Self {
        let mut writer = Writer { notes: &report.footnotes(), charts: Vec::new() };
        let data = writer.report(report);
        Self { data, charts: writer.charts }
    }
}

/// Writes the parts of one report.
struct Writer<'a> {
    notes: &'a Footnotes<'a>,
    charts: Vec<(String, String)>,
}

impl Writer<'_> {
    fn report(&mut self, report: &Report) -> Tree {
        let figures: Vec<_> = report.key_figures.iter().map(|figure| self.figure(figure)).collect();
        let (bullets, disclosures) = (self.list(&report.bullets), self.list(&report.disclosures));
        let finding = self.prose(&report.finding);
        let mut sections = Vec::new();
        for section in &report.sections {
            let blocks: Vec<_> = section.blocks.iter().map(|block| self.block(block)).collect();
            sections.push(json!({ "heading": words(&section.heading), "blocks": blocks }));
        }
        json!({
            "title": words(&report.title),
            "finding": finding,
            "subtitle": words(&report.subtitle),
            "as_of": format::date(report.as_of),
            "run_id": words(&report.run_id),
            "data_hash": words(&report.data_hash),
            "figures": figures,
            "bullets": bullets,
            "sections": sections,
            "disclosures": disclosures,
            "sources": self.notes.notes().iter().map(|source| note(source)).collect::<Vec<_>>(),
        })
    }

    fn marks(&self, sources: &[SourceRef]) -> Vec<usize> {
        self.notes.numbers_of(sources)
    }

    fn prose(&self, prose: &Prose) -> Tree {
        json!({ "text": words(&prose.text), "marks": self.marks(prose.sources()) })
    }

    fn list(&self, prose: &[Prose]) -> Vec<Tree> {
        prose.iter().map(|item| self.prose(item)).collect()
    }

    fn cell(&self, cell: &Cell) -> Tree {
        json!({ "text": words(&cell.words()), "marks": self.marks(cell.sources()) })
    }

    fn figure(&self, figure: &KeyFigure) -> Tree {
        let change = figure.change.as_ref().map(|(change, against)| {
            json!({ "text": words(&change.words()), "against": words(against) })
        });
        json!({
            "label": words(&figure.label),
            "value": self.cell(&figure.value),
            "interval": figure.interval.as_ref().map(|interval| self.cell(interval)),
            "change": change,
            "note": figure.note.as_ref().map(|note| self.prose(note)),
        })
    }

    fn block(&mut self, block: &Block) -> Tree {
        match block {
            Block::Text(items) => json!({ "kind": "text", "items": self.list(items) }),
            Block::List(items) => json!({ "kind": "list", "items": self.list(items) }),
            Block::Table(table) => self.table(table),
            Block::Chart(chart) => self.chart(chart),
            Block::Note(tone, prose) => json!({
                "kind": "note",
                "tone": match tone {
                    Tone::Remark => "remark",
                    Tone::Caution => "caution",
                    Tone::Refusal => "refusal",
                },
                "word": tone.word(),
                "item": self.prose(prose),
            }),
        }
    }

    fn chart(&mut self, chart: &Chart) -> Tree {
        let id = format!("chart-{}", self.charts.len() + 1);
        let svg: String = chart.svg(&id, Ink::Fixed).chars().map(drawable).collect();
        let name = format!("{id}.svg");
        self.charts.push((name.clone(), svg));
        json!({
            "kind": "chart",
            "title": words(&chart.title),
            "measure": words(&chart.measure()),
            "alt": words(&chart.alt),
            "file": name,
            "marks": self.marks(chart.sources.as_slice()),
        })
    }

    fn table(&self, table: &Table) -> Tree {
        let marks = Marks::of(table, self.notes);
        let columns: Vec<_> = table.columns();
        let headings = columns.iter().map(|column| {
            json!({
                "heading": words(&column.heading),
                "unit": column.unit.as_deref().map(words),
                "figure": column.is_figure,
            })
        });
        let rows = table.rows().iter().enumerate().map(|(row_idx, row)| {
            let cells = row.iter().zip(&columns).map(|(cell, column)| {
                let beside = matches!(marks, Marks::Cells);
                let numbers = if beside { self.marks(cell.sources()) } else { Vec::new() };
                json!({ "text": unbroken(cell, words(&column.texts[row_idx])), "marks": numbers })
            });
            let last = match &marks {
                Marks::Rows(rows) => Some(json!({ "text": "", "marks": rows[row_idx] })),
                _ => None,
            };
            cells.chain(last).collect::<Tree>()
        });
        json!({
            "kind": "table",
            "caption": words(table.caption()),
            "columns": headings.collect::<Vec<_>>(),
            "has_sources": matches!(marks, Marks::Rows(_)),
            "rows": rows.collect::<Vec<_>>(),
            "note": table.note().map(|note| self.prose(note)),
            "reasons": words(&table.reasons().join("; ")),
            "marks": if let Marks::Table(numbers) = &marks { numbers.as_slice() } else { &[] },
        })
    }
}

/// A day stays on one line.
fn unbroken(cell: &Cell, text: String) -> String {
    if matches!(cell.value(), Value::Date(_)) { text.replace(' ', "\u{a0}") } else { text }
}

fn note(source: &SourceRef) -> Tree {
    let parts = source.locator_parts().into_iter();
    json!({
        "label": words(&source.label),
        "standing": source.standing(),
        "vintage": format::date(source.vintage),
        "parts": parts
            .map(|(word, link)| json!({ "word": words(word), "link": link }))
            .collect::<Vec<_>>(),
    })
}

/// Characters after which a long word may break at the latest.
const LONGEST_RUN: usize = 24;
/// A place where a word may break, seen by nobody.
const BREAK: char = '\u{200b}';

/// A text that the font can draw, whose long words may break.
fn words(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (idx, word) in text.split(' ').enumerate() {
        if idx > 0 {
            shown.push(' ');
        }
        let is_long = word.chars().nth(LONGEST_RUN).is_some();
        let mut run = 0;
        for c in word.chars() {
            shown.push(drawable(c));
            run += 1;
            if is_long && (run == LONGEST_RUN || run > 3 && "/-_.,;&=?".contains(c)) {
                shown.push(BREAK);
                run = 0;
            }
        }
    }
    shown
}

/// The character, or the replacement character where the font has none.
fn drawable(c: char) -> char {
    if c.is_ascii() || can_draw(c) { c } else { char::REPLACEMENT_CHARACTER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_break_and_strange_letters_are_marked() {
        let address = "https://www.sec.gov/Archives/edgar/data/1045810/000104581026000123/";
        let shown = words(address);
        assert_eq!(shown.replace(BREAK, ""), address);
        assert!(shown.split(BREAK).all(|part| part.chars().count() <= LONGEST_RUN), "{shown}");
        assert_eq!(words("10-Q of Zürich"), "10-Q of Zürich");
        assert_eq!(words("日本 a"), "\u{fffd}\u{fffd} a");
    }
}
