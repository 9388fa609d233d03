//! What comes next: each release by its expected day, with how far such a one usually moves a forecast.
//!
//! May use the core, `forecast` and the rest of `report`.

use super::Industry;
use crate::error::Result;
use crate::forecast::releases::{Brings, Release};
use crate::report::moves::{metric_words, span};
use crate::report::{Cell, Prose, Section, Table, format};
use crate::series::company_name;
use crate::units::Unit;

/// Days after its expected day beyond which a release is not expected any more.
const GIVEN_UP_DAYS: i64 = 120;

fn sorted<'a>(material: &'a Industry<'_>) -> Vec<&'a Release> {
    let as_of = material.known.as_of();
    let all = material.moves.iter().flat_map(|moves| &moves.next);
    let mut next: Vec<&Release> =
        all.filter(|release| (as_of - release.due.high).num_days() <= GIVEN_UP_DAYS).collect();
    next.sort_by(|a, b| {
        let key = |r: &Release| (r.due.median, r.series.clone(), r.brings);
        key(a).cmp(&key(b))
    });
    next
}

fn name(release: &Release) -> String {
    format!("{}, {}", company_name(release.series.owner()), metric_words(&release.series))
}

/// The release that is expected to move a forecast most.
fn largest<'a>(next: &[&'a Release]) -> Option<&'a Release> {
    let sized = next.iter().filter(|release| release.effect.is_some());
    sized.max_by(|a, b| a.effect.unwrap_or(0.0).total_cmp(&b.effect.unwrap_or(0.0))).copied()
}

/// What would change our mind, in a sentence.
pub(super) fn bullet(material: &Industry<'_>) -> Option<Prose> {
    let next = sorted(material);
    let as_of = material.known.as_of();
    let ahead: Vec<&Release> = next.into_iter().filter(|r| r.due.high >= as_of).collect();
    let first = ahead.first()?;
    let most = largest(&ahead)?;
    let text = format!(
        "What would change our mind: the first release expected is {} on {}; the one that usually moves a \
         forecast most is {} on {}, by {} at the median.",
        name(first),
        format::date(first.due.median),
        name(most),
        format::date(most.due.median),
        format::words(most.effect.unwrap_or(0.0), Unit::Ratio, 1),
    );
    Some(Prose::cited(text, material.model("calendar of past releases")))
}

/// The calendar with the expected effect of each release.
pub(super) fn section(material: &Industry<'_>) -> Result<Option<Section>> {
    let next = sorted(material);
    if next.is_empty() {
        return Ok(None);
    }
    let source =
        material.model("calendar: lags of past releases, and what they did to the forecast");
    let as_of = material.known.as_of();
    let rows = next.iter().map(|release| {
        let due = release.due;
        let between = if due.high < as_of {
            "overdue".to_owned()
        } else if due.low == due.high {
            "that day".to_owned()
        } else {
            span(due.low, due.high)
        };
        let size = |share: Option<f64>| {
            share.map_or_else(
                || Cell::missing("no like release yet"),
                |share| Cell::number(share, Unit::Ratio, 1, &source),
            )
        };
        vec![
            Cell::label(name(release)),
            Cell::date(due.median),
            Cell::label(between),
            Cell::label(match release.brings {
                Brings::Value => "value",
                Brings::Guide => "guide",
            }),
            Cell::date(release.period.end()),
            Cell::date(release.target_period.end()),
            size(release.effect),
            size(release.effect_80),
            Cell::count(release.n, "", &source),
        ]
    });
    let headings = [
        "Release",
        "Expected",
        "Between",
        "Brings",
        "For period to",
        "Moves period to",
        "Usually by",
        "Rarely beyond",
        "Past ones",
    ];
    let table =
        Table::new("What comes next, and how far it usually moves", &headings, rows.collect())?;
    let note = Prose::plain(
        "Usually: the median size of what like releases did; rarely beyond: the size that four in five did \
         not exceed. Days follow from the lags of past releases, not from announcements of dates.",
    );
    let ahead: Vec<&Release> = next.iter().copied().filter(|r| r.due.high >= as_of).collect();
    let heading = largest(&ahead).map_or_else(
        || "What comes next".to_owned(),
        |most| {
            format!(
                "{} is the release that usually moves a forecast most, by {}",
                name(most),
                format::words(most.effect.unwrap_or(0.0), Unit::Ratio, 1)
            )
        },
    );
    Ok(Some(Section::new("calendar", heading, vec![table.with_note(note).into()])))
}
