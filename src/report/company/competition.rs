//! Competition: who spends beside a buyer, and who sells beside a seller, as charts.
//!
//! May use the core, `strategy`'s panel and markets, and the rest of `report`. Sums what is known;
//! estimates nothing.

use chrono::{Datelike, NaiveDate};

use super::Material;
use crate::archive::Snapshot;
use crate::error::Result;
use crate::observation::Observation;
use crate::report::chart::{Dated, Line, Lines};
use crate::report::{Chart, SourceRef, Sources, format};
use crate::series::{SeriesId, company_name};
use crate::strategy::market::{Basis, Market};
use crate::strategy::situation::panel;
use crate::units::Unit;

/// Years that a chart shows.
const SHOWN_YEARS: i32 = 6;

/// One who competes, with what is known of it.
struct Rival {
    name: String,
    rows: Vec<Observation>,
    is_own: bool,
}

/// Quarterly capex of the watched companies.
pub(super) fn of_buyers(material: &Material<'_>) -> Result<Option<Chart>> {
    let target = &material.forecast.target;
    let mut all = Vec::new();
    for series in panel(material.known)? {
        all.push(rival(material.known, &series, company_name(series.owner()), series == *target)?);
    }
    let year = |rival: &Rival| -> Option<f64> {
        let from = rival.rows.len().checked_sub(4)?;
        Some(rival.rows[from..].iter().map(|row| row.value).sum())
    };
    let total: f64 = all.iter().filter_map(year).sum();
    let own = all.iter().find(|rival| rival.is_own).and_then(year);
    let title = own.filter(|_| total > 0.0).map_or_else(
        || "What the watched companies spend".to_owned(),
        |own| {
            format!(
                "{} is {} of the {} that the {} spent over their last four quarters",
                company_name(target.owner()),
                format::words(own / total, Unit::Ratio, 0),
                format::words(total, Unit::Usd, 0),
                all.len()
            )
        },
    );
    let alt = "Quarterly cash capital expenditure of each watched company.";
    Ok(chart(all, title, "Cash capital expenditure by quarter", alt))
}

/// Quarterly amounts in the market in which a seller has a share, if one is known.
pub(super) fn of_sellers(material: &Material<'_>) -> Result<Option<Chart>> {
    let owner = material.forecast.target.owner();
    for market in Market::all().iter().filter(|market| market.basis == Basis::Amounts) {
        let mut all = Vec::new();
        for member in &market.members {
            let series = member.series()?;
            let is_own = series.owner() == owner && series.metric().starts_with("revenue");
            if material.known.holds(&series)? {
                all.push(rival(material.known, &series, company_name(series.owner()), is_own)?);
            }
        }
        if all.len() < 2 || !all.iter().any(|rival| rival.is_own) {
            continue;
        }
        let title = share(&all).map_or_else(
            || market.title.clone(),
            |(share, quarter)| {
                format!(
                    "{} took {} of what all {} sold in {quarter}, the last quarter known of each",
                    company_name(owner),
                    format::words(share, Unit::Ratio, 0),
                    all.len(),
                )
            },
        );
        let alt = format!("{}: a line for each company.", market.title);
        return Ok(chart(all, title, &market.title, &alt));
    }
    Ok(None)
}

fn rival(known: &Snapshot, series: &SeriesId, name: &str, is_own: bool) -> Result<Rival> {
    Ok(Rival { name: name.to_owned(), rows: known.current(series)?, is_own })
}

/// The own share in the last calendar quarter that is known of all.
fn share(all: &[Rival]) -> Option<(f64, String)> {
    let at = |rival: &Rival, quarter: (i32, u32)| {
        let found = rival.rows.iter().find(|row| row.period.calendar_quarter() == quarter);
        found.map(|row| row.value)
    };
    let own = all.iter().find(|rival| rival.is_own)?;
    let quarters = own.rows.iter().rev().map(|row| row.period.calendar_quarter());
    for quarter in quarters {
        let amounts: Option<Vec<f64>> = all.iter().map(|rival| at(rival, quarter)).collect();
        if let Some(amounts) = amounts {
            let total: f64 = amounts.iter().sum();
            let share = at(own, quarter)? / total;
            return (total > 0.0).then(|| (share, format!("Q{} {}", quarter.1, quarter.0)));
        }
    }
    None
}

/// Lines of the last years, the own one first.
fn chart(mut all: Vec<Rival>, title: String, subtitle: &str, alt: &str) -> Option<Chart> {
    all.sort_by_key(|rival| !rival.is_own);
    let last =
        all.iter().filter_map(|rival| rival.rows.last()).map(|row| row.period.end()).max()?;
    let from = NaiveDate::from_ymd_opt(last.year() - SHOWN_YEARS, 1, 1)?;
    let unit = all.iter().find_map(|rival| rival.rows.first())?.unit;
    let mut sources: Option<Sources> = None;
    let mut lines = Vec::new();
    for rival in &all {
        let Some(latest) = rival.rows.last() else { continue };
        let source = SourceRef::observed(latest);
        sources = Some(match sources {
            Some(sources) => sources.and(&source),
            None => Sources::from(&source),
        });
        let shown = rival.rows.iter().filter(|row| row.period.end() >= from);
        let points: Vec<Dated> = shown.map(|row| (row.period.end(), row.value)).collect();
        lines.push(Line { label: rival.name.clone(), points });
    }
    Some(Chart::new(title, subtitle, alt, unit, Lines { lines }, sources?))
}
