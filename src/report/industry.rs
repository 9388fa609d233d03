//! The industry page: all companies side by side, and their total, draw by draw.
//!
//! May use `forecast`, `scaling` and the rest of `report`.

use super::chart::{Bar, Bars};
use super::disclosures::disclosures;
use super::machines::Machines;
use super::{Cell, Chart, KeyFigure, Prose, Report, Section, SourceRef, Sources, Table, format};
use crate::archive::Snapshot;
use crate::draws::{DEFAULT_N_DRAWS, Draws};
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::series::Registry;
use crate::units::Unit;

/// Buyers whose quarters end on the same day, so that their spend adds up.
const CALENDAR_BUYERS: [&str; 4] = ["msft", "googl", "amzn", "meta"];

/// The report on all companies.
///
/// # Errors
/// [`Error::Insufficient`] if none of the calendar-quarter buyers has a forecast.
pub fn industry(
    known: &Snapshot,
    run_id: &str,
    forecasts: &[Forecast],
    machines: &[Machines],
    seed: u64,
) -> Result<Report> {
    let scored = forecasts.iter().filter_map(|forecast| forecast.skill.by_horizon.first());
    let model = SourceRef::model("forecasts with conformal intervals", run_id, known.as_of())
        .of(scored.map(|at| at.n).sum());
    let total = total(forecasts, seed)?;
    let quantiles = total.draws.quantiles(&[0.1, 0.5, 0.9]);
    let (low, median, high) = (quantiles[0], quantiles[1], quantiles[2]);
    let end = format::date(total.end);
    let mut sources = Sources::from(&model);
    for forecast in forecasts.iter().filter(|forecast| is_calendar_buyer(forecast)) {
        if let Some(last) = SourceRef::last_of(known, &forecast.target)? {
            sources = sources.and(&last);
        }
    }
    let finding = format!(
        "Microsoft, Alphabet, Amazon and Meta are heading for {} of cash capital expenditure in the \
         quarter to {end}, {} on the quarter before.",
        format::words(median, Unit::Usd, 0),
        format::signed(median / total.last - 1.0, Unit::Ratio, 0),
    );
    let mut sections = vec![league(known, forecasts, &model)?];
    sections.extend(fleets(known, machines, run_id)?);
    Ok(Report {
        title: "The industry: who buys the machines".to_owned(),
        finding: Prose::cited(finding, sources.clone()),
        subtitle: "All companies on one page; sums are made draw by draw".to_owned(),
        as_of: known.as_of(),
        run_id: run_id.to_owned(),
        data_hash: known.digest()[..16].to_owned(),
        key_figures: vec![KeyFigure::forecast(
            "Cash capital expenditure of the four, next quarter",
            Cell::number(median, Unit::Usd, 0, sources.clone()),
            Cell::interval((low, high), 0.8, Unit::Usd, 0, sources.clone()),
            (
                Cell::change(median - total.last, Unit::Usd, 0, sources.clone()),
                "on the last quarter",
            ),
        )],
        bullets: vec![Prose::cited(
            "Half of each company's shock is taken to be common to all, so the total is less certain \
             than independent companies would make it.",
            SourceRef::model("copula of models/chipcast.toml", run_id, known.as_of()),
        )],
        sections,
        disclosures: disclosures(),
    })
}

struct Total {
    draws: Draws<f64>,
    last: f64,
    end: chrono::NaiveDate,
}

fn is_calendar_buyer(forecast: &Forecast) -> bool {
    let target = &forecast.target;
    CALENDAR_BUYERS.contains(&target.owner()) && target.metric() == "capex_cash"
}

/// Next quarter's spend of the buyers that share a calendar, added world by world.
fn total(forecasts: &[Forecast], seed: u64) -> Result<Total> {
    let mut sum: Option<Total> = None;
    for forecast in forecasts.iter().filter(|forecast| is_calendar_buyer(forecast)) {
        let (Some(step), Some(draws)) =
            (forecast.steps.first(), forecast.draws(seed, DEFAULT_N_DRAWS).into_iter().next())
        else {
            continue;
        };
        let end = step.period.end();
        sum = Some(match sum {
            None => Total { draws, last: forecast.last_value, end },
            Some(so_far) if so_far.end == end => Total {
                draws: so_far.draws.zip(&draws, |a, b| a + b)?,
                last: so_far.last + forecast.last_value,
                end,
            },
            Some(so_far) => so_far,
        });
    }
    sum.ok_or_else(|| Error::insufficient("the industry page needs a forecast of a buyer's capex"))
}

fn league(known: &Snapshot, forecasts: &[Forecast], model: &SourceRef) -> Result<Section> {
    let registry = Registry::bundled();
    let mut rows = Vec::new();
    let mut bars = Vec::new();
    for forecast in forecasts {
        let Some(step) = forecast.steps.first() else { continue };
        let source = SourceRef::last_of(known, &forecast.target)?.unwrap_or_else(|| model.clone());
        let refused = || Cell::missing("refused: no skill");
        let interval = step.quantiles.interval(0.8).filter(|_| step.refusal.is_none());
        rows.push(vec![
            Cell::label(registry.title(&forecast.target)),
            Cell::number(forecast.last_value, forecast.unit, 1, &source),
            Cell::date(step.period.end()),
            match step.refusal {
                Some(_) => refused(),
                None => Cell::number(step.median, forecast.unit, 1, model),
            },
            interval.map_or_else(refused, |ends| {
                Cell::cited(format::range(ends.0, ends.1, forecast.unit, 1), model)
            }),
            Cell::label(forecast.skill.grade.letter()),
            Cell::count(forecast.skill.horizon_cap, "quarter", model),
            Cell::label(forecast.model_used.clone()),
        ]);
        if forecast.unit == Unit::Usd && step.refusal.is_none() {
            bars.push(Bar {
                label: registry.title(&forecast.target),
                value: step.median,
                interval,
                is_emphasised: forecast.target.metric() == "capex_cash",
            });
        }
    }
    let headings =
        ["Series", "Last", "Quarter to", "Median", "80% interval", "Grade", "Cap", "Model"];
    let table = Table::new("Every series, next quarter", &headings, rows)?;
    bars.sort_by(|a, b| b.value.total_cmp(&a.value));
    let chart = Chart::new(
        "Who will spend and who will earn next quarter",
        "Median of the next quarter with its interval",
        "Bars of the next quarter's median by company and series, largest first.",
        Unit::Usd,
        Bars { bars },
        model,
    );
    Ok(Section::new(
        "league",
        "The next quarter, company by company",
        vec![chart.into(), table.into()],
    ))
}

fn fleets(known: &Snapshot, machines: &[Machines], run_id: &str) -> Result<Option<Section>> {
    let own =
        SourceRef::model("scaling chain, draw by draw", run_id, known.as_of()).of(DEFAULT_N_DRAWS);
    let registry = Registry::bundled();
    let rows: Vec<_> = machines
        .iter()
        .filter(|machines| machines.stock.is_some())
        .map(|machines| {
            let chain = &machines.chain;
            let name = registry.company(&chain.company).map_or(chain.company.as_str(), |c| &c.name);
            let installed = chain.installed.quantiles(&[0.05, 0.5, 0.95]);
            let run = chain.run.quantiles(&[0.05, 0.5, 0.95]);
            let bought =
                machines.next_purchase().map(|(_, h100e)| h100e.quantiles(&[0.1, 0.5, 0.9]));
            let missing = || Cell::missing("no quarter ahead is answered");
            vec![
                Cell::label(name),
                bought.as_ref().map_or_else(missing, |q| Cell::number(q[1], Unit::H100e, 2, &own)),
                bought.as_ref().map_or_else(missing, |q| {
                    Cell::interval((q[0], q[2]), 0.8, Unit::H100e, 2, &own)
                }),
                Cell::date(chain.date),
                Cell::number(installed[1], Unit::H100e, 2, &own),
                Cell::interval((installed[0], installed[2]), 0.9, Unit::H100e, 2, &own),
                Cell::number(run[1], Unit::Flop, 1, &own),
                Cell::number(chain.capability.draws.median(), Unit::Index, 0, &own),
            ]
        })
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let headings = [
        "Company",
        "Bought next quarter",
        "80% interval",
        "On",
        "Installed",
        "90% interval",
        "Largest run",
        "Capability index",
    ];
    let table = Table::new("What the purchases add up to", &headings, rows)?;
    Ok(Some(Section::new("fleets", "From purchases to fleets and runs", vec![table.into()])))
}
