//! A forecast at a glance: one small report of any series' forecast, its fan alone, and a report's front
//! page, as fragments that a notebook can show.
//!
//! May use the core, the rest of `report` and `forecast`. Draws and words nothing that the pages
//! do not.

use super::chart::Ink;
use super::company::basis::Basis;
use super::company::{front, outlook};
use super::disclosures::disclosures;
use super::{Block, Report};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::series::{Registry, company_name};

/// The forecast of a series as a report of one section: the fan, the table, and the refusal if there is one.
///
/// - `known`: what it was made from. `run_id`: the run that made it.
///
/// # Errors
/// As [`Snapshot::series`].
pub fn report(known: &Snapshot, run_id: &str, forecast: &Forecast) -> Result<Report> {
    let basis = Basis { known, run_id, forecast };
    Ok(Report {
        title: Registry::bundled().title(&forecast.target),
        finding: front::finding(basis, company_name(forecast.target.owner()))?,
        subtitle: "Forecast in pseudo real time, with its measured reach".to_owned(),
        as_of: known.as_of(),
        run_id: run_id.to_owned(),
        data_hash: known.digest()[..16].to_owned(),
        key_figures: Vec::new(),
        bullets: Vec::new(),
        sections: vec![outlook::of(basis, Vec::new())?],
        disclosures: disclosures(),
    })
}

/// The fan of a forecast as an SVG file that stands alone.
///
/// # Errors
/// As [`report`].
pub fn fan(known: &Snapshot, run_id: &str, forecast: &Forecast) -> Result<String> {
    let report = report(known, run_id, forecast)?;
    let mut blocks = report.sections.iter().flat_map(|section| &section.blocks);
    let chart = blocks.find_map(|block| match block {
        Block::Chart(chart) => Some(chart),
        _ => None,
    });
    chart
        .map(|chart| chart.svg(&chart.id(), Ink::Fixed))
        .ok_or_else(|| Error::invalid("the outlook of a forecast has no fan, which is a bug"))
}
