//! Data and method.
//!
//! May use the rest of `report`.

use super::Material;
use crate::error::Result;
use crate::report::{Block, Cell, Prose, Section, SourceRef, Table};

/// Data and method.
pub(super) fn section(material: &Material<'_>) -> Result<Section> {
    let forecast = material.forecast;
    let known = material.known;
    let reported = known.current(&forecast.target)?;
    let rows = reported.iter().rev().take(8).map(|row| {
        let source = SourceRef::observed(row);
        vec![
            Cell::date(row.period.end()),
            Cell::number(row.value, row.unit, 2, &source),
            Cell::date(row.vintage),
            Cell::label(row.vintage_basis.word().replace('_', " ")),
            Cell::label(row.source.clone()),
        ]
    });
    let headings = ["Quarter to", "Value", "Public from", "Known by", "Source"];
    let table = Table::new(
        "The last reported values and when they became public",
        &headings,
        rows.collect(),
    )?;
    let text = "The next quarter follows the company's open guide times its typical surprise, where \
                one is open. Otherwise, and further ahead, growth goes on at a drift that each company \
                shares in part with the others, with a shrunken season. Intervals are conformal: they \
                come from how wrong the same rule was at earlier origins. Skill is measured against the \
                last value; where its lower bound is not above zero the answer is refused.";
    let blocks = vec![Block::text(Prose::plain(text)), table.into()];
    Ok(Section::new("method", "Data and method", blocks))
}
