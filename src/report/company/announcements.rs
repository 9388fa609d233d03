//! What the company itself has said.
//!
//! May use the rest of `report`.

use super::Material;
use crate::error::Result;
use crate::report::{Cell, Section, SourceRef, Table, format};

/// What the company said of its sales and its spending in periods to come, newest first; margins, taxes
/// and the like are left to `data announcements`.
pub(super) fn section(material: &Material<'_>) -> Result<Option<Section>> {
    let owner = material.forecast.target.owner();
    let is_told = |metric: &str| ["revenue", "capex"].iter().any(|word| metric.starts_with(word));
    let mut held: Vec<_> = material.known.announcements(owner).collect();
    held.retain(|a| is_told(&a.metric));
    held.reverse();
    if held.is_empty() {
        return Ok(None);
    }
    let rows = held.iter().take(12).map(|a| {
        let source = SourceRef::announced(a);
        vec![
            Cell::date(a.published),
            Cell::label(a.metric.replace('_', " ")),
            Cell::date(a.period.end()),
            Cell::number(a.mid, a.unit, 1, &source),
            Cell::cited(format::range(a.low, a.high, a.unit, 1), &source),
            Cell::label(a.action.word()),
        ]
    });
    let headings = ["Published", "Metric", "Period to", "Middle", "Range", "Kind"];
    let table = Table::new("Announcements, newest first", &headings, rows.collect())?;
    let heading = "What the company itself has said";
    Ok(Some(Section::new("announcements", heading, vec![table.into()])))
}
