//! The industry page: all companies side by side, their total draw by draw, what moved since the last
//! reports, what NVIDIA's sales say of the buyers' spending, and what comes next.
//!
//! May use the core, `forecast`, `scaling` and the rest of `report`.

mod agreement;
mod coming;
mod league;
mod total;

use std::sync::Arc;

use super::disclosures::disclosures;
use super::machines::Machines;
use super::moves::Moves;
use super::{Cell, KeyFigure, Prose, Report, Section, SourceRef, Sources, Table, format};
use crate::archive::Snapshot;
use crate::draws::DEFAULT_N_DRAWS;
use crate::error::Result;
use crate::forecast::Forecast;
use crate::forecast::hierarchy::Hierarchy;
use crate::scaling::reconcile::Reconciliation;
use crate::series::company_name;
use crate::units::Unit;

/// What the page is made of.
pub struct Industry<'a> {
    /// What was known.
    pub known: &'a Snapshot,
    /// The run that makes it.
    pub run_id: &'a str,
    /// The forecasts, in the order in which they are read.
    pub forecasts: &'a [Forecast],
    /// What moved each of them, and what will.
    pub moves: &'a [Arc<Moves>],
    /// What the spend of each buyer buys.
    pub machines: &'a [Machines],
    /// The buyers' spending beside NVIDIA's sales, if both sides are known.
    pub hierarchy: Option<&'a Hierarchy>,
    /// The buyers' books beside what NVIDIA sold, quarter by quarter.
    pub books: &'a [Reconciliation],
    /// The seed of the worlds.
    pub seed: u64,
}

impl Industry<'_> {
    /// The source of a number that this run forecast or measured; its n is that of the scored forecasts
    /// one period ahead, of all series.
    fn model(&self, step: &str) -> SourceRef {
        let scored = self.forecasts.iter().filter_map(|forecast| forecast.skill.by_horizon.first());
        SourceRef::model(step, self.run_id, self.known.as_of()).of(scored.map(|at| at.n).sum())
    }

    /// The source of a number that this run drew; its n is that of the worlds.
    fn drawn(&self, step: &str) -> SourceRef {
        self.model(step).of(DEFAULT_N_DRAWS)
    }

    fn with_moves(&self) -> impl Iterator<Item = (&Forecast, &Moves)> {
        self.forecasts.iter().zip(self.moves.iter().map(AsRef::as_ref))
    }
}

/// The report on all companies.
///
/// # Errors
/// [`crate::Error::Insufficient`] if none of the calendar-quarter buyers has a forecast.
pub fn industry(material: &Industry<'_>) -> Result<Report> {
    let known = material.known;
    let total = total::Total::of(material)?;
    let sections = [
        Some(total.section(material)?),
        league::companies(material)?,
        league::changes(material)?,
        agreement::section(material)?,
        fleets(material)?,
        coming::section(material)?,
    ];
    Ok(Report {
        title: "The industry: who buys the machines".to_owned(),
        finding: total.finding(),
        subtitle: "All companies on one page; sums are made draw by draw".to_owned(),
        as_of: known.as_of(),
        run_id: material.run_id.to_owned(),
        data_hash: known.digest()[..16].to_owned(),
        key_figures: key_figures(material, &total),
        bullets: bullets(material, &total),
        sections: sections.into_iter().flatten().collect(),
        disclosures: disclosures(),
    })
}

fn key_figures(material: &Industry<'_>, total: &total::Total) -> Vec<KeyFigure> {
    let mut figures = vec![total.figure()];
    let (low, high) = (league::extreme(material, f64::min), league::extreme(material, f64::max));
    let model = material.model("account of news: the forecast made again after each event");
    for (label, found) in [("Largest rise", high), ("Largest fall", low)] {
        let Some((name, share)) = found else { continue };
        let is_so = if label == "Largest rise" { share > 0.0 } else { share < 0.0 };
        if is_so {
            let cell = Cell::change(share, Unit::Ratio, 1, &model);
            figures.push(KeyFigure::fact(label, cell, name.as_str()));
        }
    }
    let answered = material.forecasts.iter().filter(|f| super::moves::first(f).is_some()).count();
    let skill = material.model("skill against the last value, by rolling origin");
    figures.push(KeyFigure::fact(
        "Answered",
        Cell::count(answered, "forecast", &skill),
        Prose::cited(format!("of {} asked, next period", material.forecasts.len()), &skill),
    ));
    figures
}

fn bullets(material: &Industry<'_>, total: &total::Total) -> Vec<Prose> {
    let mut bullets = vec![total.moved(material)];
    bullets.extend(agreement::bullet(material));
    bullets.extend(coming::bullet(material));
    bullets
}

/// From purchases to fleets and runs.
fn fleets(material: &Industry<'_>) -> Result<Option<Section>> {
    let own = material.drawn("scaling chain, draw by draw");
    let held = material.machines.iter().filter(|machines| machines.stock.is_some());
    let mut held: Vec<&Machines> = held.collect();
    held.sort_by(|a, b| b.chain.installed.median().total_cmp(&a.chain.installed.median()));
    let Some(largest) = held.first() else { return Ok(None) };
    let heading = format!(
        "{} will run the largest fleet: {} by {}",
        company_name(&largest.chain.company),
        format::words(largest.chain.installed.median(), Unit::H100e, 1),
        format::date(largest.chain.date),
    );
    let rows = held.iter().map(|machines| {
        let chain = &machines.chain;
        let installed = chain.installed.quantiles(&[0.05, 0.5, 0.95]);
        let run = chain.run.median();
        let bought = machines.next_purchase().map(|(_, h100e)| h100e.quantiles(&[0.1, 0.5, 0.9]));
        let missing = || Cell::missing("no quarter ahead is answered");
        vec![
            Cell::label(company_name(&chain.company)),
            bought.as_ref().map_or_else(missing, |q| Cell::number(q[1], Unit::H100e, 2, &own)),
            bought
                .as_ref()
                .map_or_else(missing, |q| Cell::interval((q[0], q[2]), 0.8, Unit::H100e, 2, &own)),
            Cell::date(chain.date),
            Cell::number(installed[1], Unit::H100e, 2, &own),
            Cell::interval((installed[0], installed[2]), 0.9, Unit::H100e, 2, &own),
            Cell::number(run, Unit::Flop, 1, &own),
            Cell::number(chain.capability.draws.median(), Unit::Index, 0, &own),
        ]
    });
    let headings = [
        "Company",
        "Bought next quarter",
        "80% interval",
        "Fleet on",
        "Installed",
        "90% interval",
        "Largest run",
        "Capability index",
    ];
    let table = Table::new("What the purchases add up to", &headings, rows.collect())?;
    let note =
        "Estimates made afterwards and stated assumptions; each company's page has every step.";
    let blocks = vec![table.with_note(note).into()];
    Ok(Some(Section::new("fleets", heading, blocks)))
}

/// Sources of a sum: the model and every part's last value.
fn sources_of<'a>(
    material: &Industry<'_>,
    step: &str,
    parts: impl Iterator<Item = &'a Forecast>,
) -> Result<Sources> {
    let mut sources = Sources::from(&material.model(step));
    for part in parts {
        if let Some(last) = SourceRef::last_of(material.known, &part.target)? {
            sources = sources.and(&last);
        }
    }
    Ok(sources)
}
