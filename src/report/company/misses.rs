//! The worst misses, and what the company said about them before the figure came.
//!
//! May use the core, `forecast` and the rest of `report`. An announcement explains a miss only
//! where it was published after the forecast, speaks of the same figure, and points the same way;
//! otherwise nothing is claimed.

use chrono::NaiveDate;

use super::Material;
use super::announcements::{is_of, turn};
use crate::error::Result;
use crate::forecast::backtest::Row;
use crate::observation::Announcement;
use crate::report::chart::Turn;
use crate::report::{Cell, SourceRef, Table, format};
use crate::units::Unit;

/// Misses that a page shows.
const SHOWN: usize = 3;

/// A forecast that was far off.
struct Miss<'a> {
    row: &'a Row,
    actual: f64,
    /// `actual / median − 1`.
    error: f64,
}

/// The three worst of some forecasts, with what was said afterwards if that explains them.
pub(super) fn table(material: &Material<'_>, rows: &[&Row], source: &SourceRef) -> Result<Table> {
    let unit = material.forecast.unit;
    let mut missed: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let actual = row.actual?;
            Some(Miss { row, actual, error: actual / row.median - 1.0 })
        })
        .collect();
    missed.sort_by(|a, b| b.error.abs().total_cmp(&a.error.abs()));
    let known = material.known.first_releases(&material.forecast.target)?;
    let rows = missed.into_iter().take(SHOWN).map(|miss| {
        let released = known.points.iter().find(|point| point.period == miss.row.period);
        let released = released.map_or(material.known.as_of(), |point| point.vintage);
        vec![
            Cell::date(miss.row.period.end()),
            Cell::date(miss.row.origin),
            Cell::number(miss.row.median, unit, 1, source),
            Cell::number(miss.actual, unit, 1, source),
            Cell::change(miss.error, Unit::Ratio, 1, source),
            said_since(material, &miss, released),
        ]
    });
    let headings =
        ["Period to", "Forecast on", "Median", "What came", "Miss", "Said after the forecast"];
    Table::new("The three worst misses of the next figure", &headings, rows.collect())
}

/// The last word between the forecast and the figure that points the way in which it missed.
fn said_since(material: &Material<'_>, miss: &Miss<'_>, released: NaiveDate) -> Cell {
    let target = &material.forecast.target;
    let all: Vec<&Announcement> =
        material.known.announcements(target.owner()).filter(|a| is_of(a, target)).collect();
    let explains = |at: &usize| {
        let said = all[*at];
        let inside = said.published > miss.row.origin && said.published <= released;
        let covers = said.period.start() <= miss.row.period.end()
            && miss.row.period.start() <= said.period.end();
        let same_way = match turn(&all[..*at], said) {
            Turn::Raise => miss.error > 0.0,
            Turn::Cut => miss.error < 0.0,
            Turn::Repeat => false,
            Turn::First | Turn::Change => {
                said.period.is_nearly(miss.row.period)
                    && (said.mid - miss.row.median).signum() * miss.error.signum() > 0.0
            }
        };
        inside && covers && same_way
    };
    let found = (0..all.len()).rev().find(explains);
    found.map_or_else(
        || Cell::missing("no announcement between the forecast and the figure explains it"),
        |at| {
            let said = all[at];
            let words = format!(
                "{}: {} to {} for the period to {}",
                format::date(said.published),
                turn(&all[..at], said).word().to_lowercase(),
                format::words(said.mid, said.unit, 1),
                format::date(said.period.end())
            );
            Cell::cited(words, SourceRef::announced(said))
        },
    )
}
