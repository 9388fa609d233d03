//! Do both sides agree: what the buyers will spend beside what NVIDIA will sell them. The gap is shown,
//! never closed.
//!
//! May use the core, `forecast`, `scaling` and the rest of `report`.

use super::Industry;
use crate::draws::Draws;
use crate::error::Result;
use crate::forecast::hierarchy::{Link, Quarter};
use crate::report::{Block, Cell, Prose, Section, SourceRef, Sources, Table, Tone, format};
use crate::scaling::reconcile::{Anchor, Book, NOT_COVERED, Reconciliation};
use crate::units::Unit;

/// Past quarters of the books that the table shows.
const SHOWN_BOOKS: usize = 5;

/// The gap of the next quarter in words, and whether zero lies in its interval.
fn gap(quarter: &Quarter) -> (String, &'static str) {
    let found = quarter.gap.base.quantiles(&[0.1, 0.5, 0.9]);
    let size = format::words(found[1].abs(), Unit::Usd, 1);
    let side = if found[1] >= 0.0 { "more" } else { "less" };
    let verdict = if found[0] <= 0.0 && found[2] >= 0.0 {
        "which its 80% interval does not tell from none"
    } else {
        "which its 80% interval tells from none"
    };
    (format!("{size} {side}"), verdict)
}

pub(super) fn bullet(material: &Industry<'_>) -> Option<Prose> {
    let quarter = material.hierarchy?.quarters.first()?;
    let (size, verdict) = gap(quarter);
    let text = format!(
        "Do both sides agree: the forecast of NVIDIA's sales to hyperscalers is {size} than its known share \
         of what five buyers are forecast to spend, {verdict}."
    );
    Some(Prose::cited(text, source(material)))
}

fn source(material: &Industry<'_>) -> SourceRef {
    material.drawn("hierarchy: the buyers' sum beside NVIDIA's Hyperscale revenue, draw by draw")
}

/// The gap quarter by quarter, what the sides were in the past, and the books of the past.
pub(super) fn section(material: &Industry<'_>) -> Result<Option<Section>> {
    let mut blocks: Vec<Block> = Vec::new();
    let source = source(material);
    let mut heading = "What the buyers' books explain of NVIDIA's revenue".to_owned();
    if let Some(hierarchy) = material.hierarchy {
        if let Some(quarter) = hierarchy.quarters.first() {
            let (size, _) = gap(quarter);
            heading =
                format!("NVIDIA's forecast asks for {size} than its share of the buyers' spend");
            blocks.push(ahead(&hierarchy.quarters, &source)?.into());
        }
        blocks.push(past(&hierarchy.links, &source)?.into());
        if let Some(why) = &hierarchy.refusal {
            let text = format!("Further ahead a side is refused: {why}.");
            blocks.push(Block::Note(Tone::Refusal, Prose::cited(text, &source)));
        }
    }
    if let Some(table) = books(material)? {
        blocks.push(table.into());
        let text = format!("Neither side covers: {}.", NOT_COVERED.join("; "));
        blocks.push(Block::Note(Tone::Caution, Prose::cited(text, &source)));
    }
    if blocks.is_empty() {
        return Ok(None);
    }
    Ok(Some(Section::new("agreement", heading, blocks)))
}

fn median_and_interval(draws: &Draws<f64>, source: &SourceRef) -> [Cell; 2] {
    let found = draws.quantiles(&[0.1, 0.5, 0.9]);
    [
        Cell::number(found[1], Unit::Usd, 1, source),
        Cell::interval((found[0], found[2]), 0.8, Unit::Usd, 1, source),
    ]
}

fn ahead(quarters: &[Quarter], source: &SourceRef) -> Result<Table> {
    let rows = quarters.iter().map(|quarter| {
        let [total, _] = median_and_interval(&quarter.total.base, source);
        let [hyperscale, _] = median_and_interval(&quarter.hyperscale.base, source);
        let [gap, interval] = median_and_interval(&quarter.gap.base, source);
        let [agreed, agreed_interval] = median_and_interval(&quarter.total.reconciled, source);
        vec![Cell::date(quarter.end), total, hyperscale, gap, interval, agreed, agreed_interval]
    });
    let headings = [
        "Quarter to",
        "Five buyers spend",
        "NVIDIA Hyperscale",
        "Gap",
        "80% interval",
        "Agreed spend",
        "80% interval of it",
    ];
    let table = Table::new("Both sides, and the gap between them", &headings, rows.collect())?;
    Ok(table.with_note(Prose::plain(
        "The five are the four above and Oracle, by the nearest quarter. Gap: Hyperscale revenue less its \
         known share of the buyers' capital expenditure. Agreed: both sides moved until they add up, each \
         the less the surer it is.",
    )))
}

fn past(links: &[Link], source: &SourceRef) -> Result<Table> {
    let rows = links.iter().map(|link| {
        vec![
            Cell::date(link.end),
            Cell::number(link.hyperscale_usd, Unit::Usd, 1, source),
            Cell::number(link.capex_usd, Unit::Usd, 1, source),
            Cell::number(link.share_of_capex(), Unit::Ratio, 0, source),
            Cell::number(link.share_of_sales, Unit::Ratio, 0, source),
        ]
    });
    let headings = [
        "Quarter to",
        "NVIDIA Hyperscale",
        "Five buyers spent",
        "Share of the spend",
        "Share of data center",
    ];
    Table::new("How the sides hung together where both are public", &headings, rows.collect())
}

/// The buyers' books beside what NVIDIA sold in the last quarters.
fn books(material: &Industry<'_>) -> Result<Option<Table>> {
    let source = Sources::from(&material.drawn("the buyers' books, draw by draw"));
    let is_shown = |row: &&Reconciliation| row.anchor == Anchor::Compute && row.book == Book::Capex;
    let shown: Vec<_> = material.books.iter().filter(is_shown).collect();
    let rows = shown[shown.len().saturating_sub(SHOWN_BOOKS)..].iter().map(|row| {
        let gap = row.gap_ratio.quantiles(&[0.1, 0.5, 0.9]);
        vec![
            Cell::date(row.period.end()),
            Cell::number(row.nvidia_usd.median(), Unit::Usd, 1, &source),
            Cell::number(row.buyers_usd.median(), Unit::Usd, 1, &source),
            Cell::change(gap[1], Unit::Ratio, 0, &source),
            Cell::interval((gap[0], gap[2]), 0.8, Unit::Ratio, 0, &source),
            Cell::label(if row.missing.is_empty() { "" } else { "a buyer has not reported" }),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let headings =
        ["Quarter to", "NVIDIA compute", "Five buyers' chips", "Gap", "80% interval", "Remark"];
    let caption = "What five buyers' books explain of NVIDIA's compute revenue";
    let table = Table::new(caption, &headings, rows)?;
    Ok(Some(table.with_note(Prose::plain(
        "The books are cash capital expenditure times an assumed share of accelerators, less chips that are \
         not NVIDIA's. The gap is what others bought and what the books miss. The command chipcast scale \
         reconcile shows every quarter and the other books.",
    ))))
}
