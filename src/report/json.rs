//! JSON: the same report as one document, for programs.
//!
//! Values stand in base units beside the words that the page shows; sources are numbers into the
//! list of footnotes. `docs/report.schema.json` is the contract: a new field is added there; renaming,
//! retyping or removing one bumps `schema_version`.

use serde_json::{Value as Tree, json};

use crate::error::{Error, Result};
use crate::report::{
    Block, Cell, Chart, Footnotes, KeyFigure, Prose, Render, Report, SourceRef, Table, Value, lint,
};

/// Version of the document's shape.
pub const SCHEMA_VERSION: u32 = 1;

/// The published schema of the document, JSON Schema 2020-12: `docs/report.schema.json`.
pub const SCHEMA: &str = include_str!("../../docs/report.schema.json");

/// Writes a report as JSON.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Render for Json {
    fn extension(&self) -> &'static str {
        "json"
    }

    fn render(&self, report: &Report) -> Result<Vec<u8>> {
        lint::check(report)?;
        let mut bytes = serde_json::to_vec_pretty(&tree(report))
            .map_err(|cause| Error::invalid("a report is not JSON").caused_by(cause))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

fn tree(report: &Report) -> Tree {
    let notes = &report.footnotes();
    let prose =
        |list: &[Prose]| list.iter().map(|item| prose_tree(item, notes)).collect::<Vec<_>>();
    let sections: Vec<_> = report
        .sections
        .iter()
        .map(|section| {
            let blocks: Vec<_> =
                section.blocks.iter().map(|block| block_tree(block, notes)).collect();
            json!({ "id": section.id, "heading": section.heading, "blocks": blocks })
        })
        .collect();
    let figures: Vec<_> =
        report.key_figures.iter().map(|figure| figure_tree(figure, notes)).collect();
    let sources: Vec<_> = notes
        .notes()
        .iter()
        .enumerate()
        .map(|(idx, source)| source_tree(idx + 1, source))
        .collect();
    json!({
        "schema_version": SCHEMA_VERSION,
        "title": report.title,
        "finding": prose_tree(&report.finding, notes),
        "subtitle": report.subtitle,
        "as_of": report.as_of,
        "run_id": report.run_id,
        "data_hash": report.data_hash,
        "key_figures": figures,
        "bullets": prose(&report.bullets),
        "sections": sections,
        "disclosures": prose(&report.disclosures),
        "sources": sources,
    })
}

fn prose_tree(prose: &Prose, notes: &Footnotes<'_>) -> Tree {
    json!({ "text": prose.text, "sources": notes.numbers_of(prose.sources()) })
}

fn figure_tree(figure: &KeyFigure, notes: &Footnotes<'_>) -> Tree {
    let change = figure
        .change
        .as_ref()
        .map(|(cell, against)| json!({ "value": cell_tree(cell, notes), "against": against }));
    json!({
        "label": figure.label,
        "value": cell_tree(&figure.value, notes),
        "interval": figure.interval.as_ref().map(|cell| cell_tree(cell, notes)),
        "change": change,
        "note": figure.note.as_ref().map(|note| prose_tree(note, notes)),
    })
}

fn block_tree(block: &Block, notes: &Footnotes<'_>) -> Tree {
    let list = |kind: &str, prose: &[Prose]| {
        let items: Vec<_> = prose.iter().map(|item| prose_tree(item, notes)).collect();
        json!({ "kind": kind, "items": items })
    };
    match block {
        Block::Text(prose) => list("text", prose),
        Block::List(prose) => list("list", prose),
        Block::Table(table) => table_tree("table", table, notes),
        Block::Chart(chart) => chart_tree(chart, notes),
        Block::Note(tone, prose) => {
            json!({ "kind": "note", "tone": tone.word(), "items": [prose_tree(prose, notes)] })
        }
    }
}

fn table_tree(kind: &str, table: &Table, notes: &Footnotes<'_>) -> Tree {
    let rows: Vec<Vec<_>> = table
        .rows()
        .iter()
        .map(|row| row.iter().map(|cell| cell_tree(cell, notes)).collect())
        .collect();
    json!({
        "kind": kind,
        "caption": table.caption(),
        "headings": table.headings(),
        "rows": rows,
        "note": table.note().map(|note| prose_tree(note, notes)),
    })
}

fn chart_tree(chart: &Chart, notes: &Footnotes<'_>) -> Tree {
    json!({
        "kind": "chart",
        "title": chart.title,
        "subtitle": chart.measure(),
        "alt": chart.alt,
        "unit": chart.unit.word(),
        "sources": notes.numbers_of(chart.sources.as_slice()),
        "data": table_tree("data", &chart.data(), notes),
    })
}

fn cell_tree(cell: &Cell, notes: &Footnotes<'_>) -> Tree {
    let words = cell.words();
    let sources = notes.numbers_of(cell.sources());
    match cell.value() {
        Value::Text(_) if sources.is_empty() => json!({ "kind": "text", "words": words }),
        Value::Text(_) => json!({ "kind": "text", "words": words, "sources": sources }),
        Value::Label(_) => json!({ "kind": "label", "words": words }),
        Value::Date(day) => json!({ "kind": "date", "date": day, "words": words }),
        Value::Missing(reason) => json!({ "kind": "missing", "reason": reason }),
        Value::Count { n, noun } => {
            json!({ "kind": "count", "value": n, "noun": noun, "words": words, "sources": sources })
        }
        Value::Number { value, unit, digits } | Value::Change { value, unit, digits } => {
            let is_change = matches!(cell.value(), Value::Change { .. });
            json!({
                "kind": if is_change { "change" } else { "number" },
                "value": value, "unit": unit.word(), "digits": digits,
                "words": words, "sources": sources,
            })
        }
        Value::Interval { low, high, coverage, unit, digits } => json!({
            "kind": "interval", "low": low, "high": high, "coverage": coverage,
            "unit": unit.word(), "digits": digits, "words": words, "sources": sources,
        }),
    }
}

fn source_tree(number: usize, source: &SourceRef) -> Tree {
    let links: Vec<_> = source.locator_parts().into_iter().filter_map(|(_, link)| link).collect();
    json!({
        "number": number,
        "kind": source.kind.word(),
        "label": source.label,
        "locator": source.locator,
        "vintage": source.vintage,
        "n": source.n,
        "links": links,
    })
}
