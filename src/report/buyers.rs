//! What buyers spend and makers sell, from the archive: the means by which a capability is bought.
//!
//! May use the core, `forecast`, `scaling` and `machines`. Reads the latest four quarters that
//! were public; never guesses a pace that is not known.

use chrono::{Days, NaiveDate};

use super::machines::{Workshop, supply};
use crate::archive::Snapshot;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::forecast::hierarchy::BUYERS;
use crate::period::Period;
use crate::scaling::chain::{ChainInput, chain};
use crate::scaling::limits::{Buyers, Pace};
use crate::scaling::shipments::Buyer;
use crate::series::SeriesId;
use crate::units::{H100e, Usd};

/// What a maker sells in a quarter, H100 equivalents.
const SALES: &str = "gpu_shipments_h100e";
/// Quarters of a year, over which a pace is taken.
const QUARTERS: usize = 4;

/// The series whose spend buys a company's machines: cash capex, and of NVIDIA, which sells them, its
/// data-center revenue.
///
/// # Errors
/// [`Error::NotFound`] if the company has none, naming the series needed and the companies that do.
pub fn spend_series(known: &Snapshot, company: &str) -> Result<SeriesId> {
    let company = company.to_ascii_lowercase();
    let metric = if company == "nvda" { "revenue.data_center" } else { "capex_cash" };
    let needed = SeriesId::new(&format!("{company}.{metric}"))?;
    if known.holds(&needed)? {
        return Ok(needed);
    }
    let others = known.matching(|id| id.metric() == "capex_cash" && id.owner() != "nvda")?;
    let others: Vec<_> = others.iter().map(SeriesId::owner).chain(["nvda"]).collect();
    Err(Error::not_found(format!(
        "`{company}` has no series of spend from which chips could be counted; needed is `{needed}`, \
         quarter by quarter"
    ))
    .hint(format!(
        "companies with one: {}; `data import` takes a table of your own",
        others.join(", ")
    )))
}

/// One company as a buyer, or all of the hyperscalers together.
///
/// - `start`: the day on which the run starts; what a company has then, bought by now and not yet
///   retired, counts with the share that one lab uses.
///
/// # Errors
/// [`Error::NotFound`] for a company without a series of spend; [`Error::Insufficient`] if fewer than
/// four quarters of it, or no quarter of sales, were public.
pub fn buyers(
    known: &Snapshot,
    company: Option<&str>,
    workshop: &Workshop,
    start: NaiveDate,
) -> Result<Buyers> {
    let all = company.map_or_else(|| BUYERS.to_vec(), |one| vec![one]);
    let assumptions = &workshop.tables.assumptions;
    let mut paces = Vec::new();
    let mut per_quarter = Draws::constant(Usd(0.0), workshop.worlds.n_draws);
    for company in all {
        let series = spend_series(known, company)?;
        if !series.metric().starts_with("capex") {
            return Err(Error::invalid(format!("`{company}` sells chips; needed is a buyer"))
                .hint(format!(
                    "buyers: {}; without one, all of them together",
                    BUYERS.join(", ")
                )));
        }
        let pace = latest_year(known, &series)?;
        let kind = Buyer::of(series.owner()).assumption();
        let share = assumptions.draws(kind, &workshop.worlds)?;
        let quarter = pace.per_year / 4.0;
        per_quarter = per_quarter.zip(&share, |sum, share| sum + Usd(quarter * share))?;
        paces.push(pace);
    }
    let in_use = company.map(|company| in_use(known, company, workshop, start)).transpose()?;
    Ok(Buyers {
        name: company.map_or_else(|| BUYERS.join(", "), str::to_ascii_lowercase),
        in_use,
        capex: together(&paces),
        accelerators_per_quarter: per_quarter,
        world_sales: world_sales(known)?,
    })
}

/// What one lab may use on a day of what a company had bought by now.
fn in_use(
    known: &Snapshot,
    company: &str,
    workshop: &Workshop,
    start: NaiveDate,
) -> Result<Draws<H100e>> {
    let series = spend_series(known, company)?;
    let supply = supply(known, &series, None, &workshop.worlds)?;
    let date = start.max(supply.input.date);
    let input = ChainInput { date, ..supply.input };
    let found = chain(&input, &workshop.tables, &workshop.law, &workshop.worlds)?;
    let share = workshop.tables.assumptions.draws("lab_share_of_fleet", &workshop.worlds)?;
    found.installed.zip(&share, |installed, share| installed * share)
}

/// The sum of the latest four quarters, and the day in their middle.
fn latest_year(known: &Snapshot, series: &SeriesId) -> Result<Pace> {
    let rows = known.current(series)?;
    let Some(latest) = rows.len().checked_sub(QUARTERS).map(|from| &rows[from..]) else {
        return Err(Error::insufficient(format!(
            "the pace of `{series}` needs {QUARTERS} quarters; {} are known as of {}",
            rows.len(),
            known.as_of()
        )));
    };
    let (first, last) = (latest[0].period, latest[QUARTERS - 1].period);
    Ok(Pace {
        per_year: latest.iter().map(|row| row.value).sum(),
        centre: middle(Period::new(first.start(), last.end())?),
        source: format!("{series}, {} to {}", first.start(), last.end()),
    })
}

/// Paces added up, on the mean of their days.
fn together(paces: &[Pace]) -> Pace {
    let first = paces.iter().map(|pace| pace.centre).min().unwrap_or_default();
    let n_paces = i64::try_from(paces.len().max(1)).unwrap_or(i64::MAX);
    let days: i64 = paces.iter().map(|pace| (pace.centre - first).num_days()).sum();
    let sources: Vec<_> = paces.iter().map(|pace| pace.source.as_str()).collect();
    Pace {
        per_year: paces.iter().map(|pace| pace.per_year).sum(),
        centre: first + Days::new((days / n_paces).unsigned_abs()),
        source: sources.join("; "),
    }
}

/// What all makers sold in the latest quarter for which an estimate was public, as a year's pace.
fn world_sales(known: &Snapshot) -> Result<Pace> {
    let mut sold = Vec::new();
    for series in known.matching(|id| id.metric() == SALES)? {
        sold.extend(known.series(&series)?.points.iter().map(|p| (p.period, p.value)));
    }
    let latest = sold.iter().max_by_key(|(period, _)| period.end());
    let last = latest.map(|(period, _)| *period).ok_or_else(|| {
        Error::insufficient(format!(
            "the world's supply of chips needs a series `MAKER.{SALES}`; none is known as of {}",
            known.as_of()
        ))
        .hint("the estimates were published in April 2026; ask with a later `--as-of`")
    })?;
    let of_last = sold.iter().filter(|(period, _)| *period == last);
    let quarter: f64 = of_last.map(|(_, value)| value).sum();
    Ok(Pace {
        per_year: 4.0 * quarter,
        centre: middle(last),
        source: format!("all makers' {SALES} of {last}"),
    })
}

fn middle(period: Period) -> NaiveDate {
    period.start() + (period.end() - period.start()) / 2
}
