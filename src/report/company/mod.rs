//! The page of one company: what it will spend, how far that can be trusted, and what it buys.
//!
//! May use the core, `forecast`, `scaling`, `strategy` and the rest of `report`. Composes;
//! computes nothing of its own.

mod announcements;
pub(crate) mod basis;
mod capability;
mod changed;
mod competition;
mod drivers;
pub(crate) mod front;
mod inverse;
mod machines;
mod method;
mod misses;
pub(crate) mod outlook;
mod pressure;
mod scenarios;
mod trust;

use super::disclosures::disclosures;
use super::machines::{Machines, Workshop};
use super::moves::Moves;
use super::{Report, SourceRef, Sources};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::Forecast;
use crate::series::{Registry, company_name};
use crate::strategy::trial::Trial;
use basis::Basis;

pub(crate) use capability::in_words;
pub use trust::Track;

/// What a page is made of.
pub struct Material<'a> {
    /// What was known.
    pub known: &'a Snapshot,
    /// The run that makes it.
    pub run_id: &'a str,
    /// The forecast that the page is about.
    pub forecast: &'a Forecast,
    /// What the model and its rivals said at earlier origins.
    pub track: &'a Track,
    /// What moved the forecast since the last report, and what will move it next.
    pub moves: &'a Moves,
    /// What the spend buys, if it could be computed.
    pub machines: Option<&'a Machines>,
    /// The laws.
    pub workshop: &'a Workshop,
    /// What would have been said of pressure up to the day.
    pub past: &'a [Trial],
}

impl Material<'_> {
    /// The forecast and what it stands on.
    pub(super) fn basis(&self) -> Basis<'_> {
        Basis { known: self.known, run_id: self.run_id, forecast: self.forecast }
    }

    /// As [`Basis::model`].
    pub(super) fn model(&self, step: &str) -> SourceRef {
        self.basis().model(step)
    }

    /// The source of a number that this run drew; its n is that of the worlds.
    pub(super) fn drawn(&self, step: &str) -> SourceRef {
        self.basis().computed(step, self.workshop.worlds.n_draws)
    }

    /// As [`Basis::last_value`].
    pub(super) fn last_value(&self) -> Result<Option<SourceRef>> {
        self.basis().last_value()
    }

    /// As [`Basis::forecast_sources`].
    pub(super) fn forecast_sources(&self) -> Result<Sources> {
        self.basis().forecast_sources()
    }
}

/// The report on a company.
///
/// # Errors
/// [`crate::Error::Store`] if the archive cannot be read.
pub fn company(material: &Material<'_>) -> Result<Report> {
    let forecast = material.forecast;
    let registry = Registry::bundled();
    let name = company_name(forecast.target.owner());
    let title = registry.title(&forecast.target);
    let sections = [
        Some(changed::section(material)?),
        Some(outlook::section(material)?),
        Some(drivers::section(material)?),
        Some(trust::section(material)?),
        announcements::section(material)?,
        pressure::section(material)?,
        machines::section(material)?,
        capability::section(material)?,
        inverse::section(material)?,
        scenarios::section(material)?,
        Some(method::section(material)?),
    ];
    Ok(Report {
        title: if title.contains(name) { title.clone() } else { format!("{name}: {title}") },
        finding: front::finding(material.basis(), name)?,
        subtitle: "Forecast in pseudo real time from public filings, with its measured reach"
            .to_owned(),
        as_of: material.known.as_of(),
        run_id: material.run_id.to_owned(),
        data_hash: material.known.digest()[..16].to_owned(),
        key_figures: front::key_figures(material)?,
        bullets: front::bullets(material)?,
        sections: sections.into_iter().flatten().collect(),
        disclosures: disclosures(),
    })
}
