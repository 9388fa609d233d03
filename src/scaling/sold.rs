//! What the makers sold: cumulative H100 equivalents by chip and calendar quarter since 2022.
//!
//! May use the core files, `assumption`, `chain`'s tables, `estimates` and `shipments`. NVIDIA's
//! are computed from its revenue, the mix and the prices; other makers have no table of prices, so
//! Epoch's estimates stand for them, marked. Sums are made draw by draw; percentiles are never
//! added.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use super::assumption::Worlds;
use super::chain::ChainTables;
use super::estimates::{estimates, parts};
use super::shipments::{Customers, SampledMarket, Shipment, TABLES_PUBLISHED};
use crate::archive::{Snapshot, is_public};
use crate::cells::Cells;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::observation::Observation;
use crate::period::{Frequency, Period};
use crate::series::SeriesId;
use crate::units::{H100e, Units, Usd};

const RIVALS: &str = include_str!("../../datasets/chips_sold.csv");
/// The maker whose sales are computed.
pub const COMPUTED: &str = "nvda";
/// The makers whose sales are known, the computed one first.
pub const MAKERS: [&str; 4] = [COMPUTED, "googl", "amd", "amzn"];
/// The name of all chips together.
pub const ALL_CHIPS: &str = "all";
/// Sales are counted from this day on, as Epoch counts them.
const SINCE: NaiveDate = NaiveDate::from_ymd_opt(2022, 1, 1).expect("a day of the calendar");

/// Where a quarter's compute revenue comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RevenueBasis {
    /// The split that NVIDIA disclosed, public on the snapshot's day.
    Disclosed,
    /// Epoch's table, made afterwards: no split was disclosed.
    Compiled,
    /// Data-center revenue times an assumed share of compute.
    Share,
    /// None: Epoch's estimate of the chips themselves.
    Estimate,
}

impl RevenueBasis {
    /// The words shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Disclosed => "compute revenue as disclosed",
            Self::Compiled => "compute revenue by Epoch's table",
            Self::Share => "data-center revenue x compute share",
            Self::Estimate => "Epoch's estimate of chips",
        }
    }
}

/// One fiscal quarter's compute revenue and the chips it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct FiscalSale {
    /// The maker's own quarter.
    pub period: Period,
    /// Compute revenue.
    pub revenue: Draws<Usd>,
    /// Where it comes from.
    pub basis: RevenueBasis,
    /// Units and H100 equivalents by chip.
    pub shipment: Shipment,
    /// Whether the mix of another quarter stands for this one's.
    pub is_mix_carried: bool,
}

/// What was sold in a calendar quarter or year.
#[derive(Debug, Clone, PartialEq)]
pub struct Sale {
    /// The quarter or year; a year that has begun ends with its last known quarter.
    pub period: Period,
    /// By chip, [`ALL_CHIPS`] last.
    pub chips: Vec<ChipSale>,
    /// What the revenue rests on.
    pub bases: BTreeSet<RevenueBasis>,
    /// Whether the mix of another quarter was used for a part of it.
    pub is_mix_carried: bool,
}

/// One chip's part of a [`Sale`].
#[derive(Debug, Clone, PartialEq)]
pub struct ChipSale {
    /// Name, or [`ALL_CHIPS`].
    pub chip: String,
    /// How many, in the period.
    pub units: Draws<Units>,
    /// What they count for.
    pub h100e: Draws<H100e>,
    /// What was sold up to the end of the period.
    pub cumulative: Draws<H100e>,
}

impl Sale {
    /// All chips together.
    pub fn total(&self) -> Option<&ChipSale> {
        self.chips.iter().find(|chip| chip.chip == ALL_CHIPS)
    }
}

/// Somebody's published total since a day, with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedTotal {
    /// Who sold.
    pub maker: String,
    /// First and last day that it covers.
    pub period: Period,
    /// 5 %, 50 % and 95 % quantile.
    pub quantiles: [H100e; 3],
    /// The day on which it was published.
    pub published: NaiveDate,
    /// Who says so.
    pub source: String,
}

/// Epoch's cumulative totals that were public on a day: the rival of what is computed here.
///
/// # Errors
/// [`Error::Parse`] if the bundled table is broken.
pub fn published_totals(as_of: NaiveDate) -> Result<Vec<PublishedTotal>> {
    let table = Cells::csv("datasets/chips_sold.csv", RIVALS)?;
    let read = table.rows().map(|row| {
        let number = |column| row.number(column).map(H100e);
        Ok(PublishedTotal {
            maker: row.text("maker")?.to_owned(),
            period: Period::new(row.date("since")?, row.date("through")?)?,
            quantiles: [number("h100e_p05")?, number("h100e_p50")?, number("h100e_p95")?],
            published: row.date("published")?,
            source: row.text("source")?.to_owned(),
        })
    });
    let all: Vec<_> = read.collect::<Result<_>>()?;
    Ok(all.into_iter().filter(|total| is_public(total.published, as_of)).collect())
}

/// NVIDIA's sales by calendar quarter, as far as its revenue was public on the snapshot's day.
///
/// In every world `units(quarter, chip) = Σ compute revenue · share / price · days shared / days` over
/// the fiscal quarters. Compute revenue is the disclosed one; else Epoch's, once its table was
/// published; else data-center revenue times `compute_share_of_data_center_revenue`. Before the
/// first known mix (January 2022 is 30 of the 91 days of fiscal 2022Q4) and after the last, the
/// nearest mix stands in. Prices and mix are estimates of [`TABLES_PUBLISHED`], whatever the day.
///
/// # Errors
/// [`Error::Insufficient`] if no calendar quarter is covered; [`Error::NotFound`] if the archive has
/// no data-center revenue of NVIDIA.
/// # Source
/// Epoch AI, ai-chip-counts, method; NVIDIA filings, revenue.
///
/// # Examples
/// ```
/// use chipcast::ingest::bundled;
/// use chipcast::scaling::assumption::Worlds;
/// use chipcast::scaling::chain::ChainTables;
/// use chipcast::scaling::sold::sold;
///
/// # fn main() -> chipcast::Result<()> {
/// let archive = bundled::archive()?;
/// let known = archive.as_of(archive.known_through())?;
/// let worlds = Worlds { seed: 0, origin: known.as_of(), n_draws: 1000 };
/// let quarters = sold(&known, &ChainTables::bundled()?, &worlds)?;
/// assert_eq!(quarters[0].period.to_string(), "2022-01-01..2022-03-31");
/// # Ok(())
/// # }
/// ```
pub fn sold(known: &Snapshot, tables: &ChainTables, worlds: &Worlds) -> Result<Vec<Sale>> {
    let fiscal = fiscal_sales(known, tables, worlds)?;
    let periods: Vec<_> = fiscal.iter().map(|sale| sale.period).collect();
    let mut found = Vec::new();
    let mut quarter = Period::quarter_of(SINCE);
    while let Some(made) = quarter.made_of(&periods) {
        let mut sums = Sums::new(quarter, worlds.n_draws);
        for (i, share) in made {
            let sale = &fiscal[i];
            sums.bases.insert(sale.basis);
            sums.is_mix_carried |= sale.is_mix_carried;
            for part in &sale.shipment.by_chip {
                let units = part.units.map(|units| units * share);
                sums.add(&part.chip, &units, &part.h100e.map(|h100e| h100e * share))?;
            }
        }
        found.push(sums);
        quarter = Period::quarter_of(quarter.end() + Days::new(1));
    }
    if found.is_empty() {
        return Err(Error::insufficient(format!(
            "sales of `{COMPUTED}` need data-center revenue from {SINCE} on; none was public on {}",
            known.as_of()
        )));
    }
    accumulated(found)
}

/// NVIDIA's compute revenue by fiscal quarter and what it bought.
///
/// # Errors
/// As [`sold`].
pub fn fiscal_sales(
    known: &Snapshot,
    tables: &ChainTables,
    worlds: &Worlds,
) -> Result<Vec<FiscalSale>> {
    let market = tables.market.sample(Customers::World, &tables.assumptions, worlds)?;
    let revenues = compute_revenues(known, tables, worlds)?;
    let sale = |(period, basis, revenue): (Period, RevenueBasis, Draws<Usd>)| {
        let (shipment, is_mix_carried) = shipped(&market, tables, period, &revenue)?;
        Ok(FiscalSale { period, revenue, basis, shipment, is_mix_carried })
    };
    revenues.into_iter().map(sale).collect()
}

/// NVIDIA's compute revenue by fiscal quarter from 2022 on, with what it rests on; as in [`sold`].
///
/// # Errors
/// [`Error::NotFound`] if the archive has no data-center revenue of NVIDIA.
pub fn compute_revenues(
    known: &Snapshot,
    tables: &ChainTables,
    worlds: &Worlds,
) -> Result<Vec<(Period, RevenueBasis, Draws<Usd>)>> {
    let share = tables.assumptions.draws("compute_share_of_data_center_revenue", worlds)?;
    let whole = SeriesId::new("nvda.revenue.data_center")?;
    let split = SeriesId::new("nvda.revenue.data_center.compute")?;
    let disclosed = if known.holds(&split)? { known.current(&split)? } else { Vec::new() };
    let are_tables_public = is_public(TABLES_PUBLISHED, known.as_of());
    let compiled = tables.market.compute_revenue();
    let revenue = |row: Observation| {
        let period = row.period;
        let constant = |usd: f64| Draws::constant(Usd(usd), worlds.n_draws);
        if let Some(row) = disclosed.iter().find(|row| row.period == period) {
            (period, RevenueBasis::Disclosed, constant(row.value))
        } else if let Some(usd) = compiled.get(&period).filter(|_| are_tables_public) {
            (period, RevenueBasis::Compiled, constant(usd.0))
        } else {
            (period, RevenueBasis::Share, share.map(|share| Usd(row.value * share)))
        }
    };
    let mut rows = known.current(&whole)?;
    rows.retain(|row| {
        row.period.frequency() == Some(Frequency::Quarter) && row.period.end() >= SINCE
    });
    Ok(rows.into_iter().map(revenue).collect())
}

/// What a fiscal quarter's revenue bought, and whether another quarter's mix was used.
fn shipped(
    market: &SampledMarket<'_>,
    tables: &ChainTables,
    period: Period,
    revenue: &Draws<Usd>,
) -> Result<(Shipment, bool)> {
    let mixes = tables.market.compute_revenue();
    let first = mixes.keys().next().copied().filter(|first| period.start() < first.start());
    let shipment = market.shipment(first.unwrap_or(period), revenue)?;
    Ok((shipment, !mixes.contains_key(&period)))
}

/// Epoch's estimate of another maker's sales: no table of prices is at hand to compute them from.
///
/// A chip's quarters are high or low together, chips apart from each other. Empty before its
/// publication.
///
/// # Errors
/// [`Error::NotFound`] for a maker without estimates.
pub fn estimated(known: &Snapshot, maker: &str, worlds: &Worlds) -> Result<Vec<Sale>> {
    if !MAKERS.contains(&maker) {
        return Err(Error::not_found(format!("no sales of maker `{maker}` are known"))
            .hint(format!("makers are {}", MAKERS.join(", "))));
    }
    let whole = format!("{maker}.gpu_shipments_h100e");
    let mut quarters: BTreeMap<Period, Sums> = estimates(known, &whole)?
        .into_iter()
        .map(|total| (total.period, Sums::new(total.period, worlds.n_draws)))
        .collect();
    for chip in parts(known, &whole)? {
        let normal = worlds.normal(&format!("sold.{maker}.{chip}"));
        let units = estimates(known, &format!("{maker}.gpu_shipments_units.{chip}"))?;
        for estimate in estimates(known, &format!("{whole}.{chip}"))? {
            let Some(sums) = quarters.get_mut(&estimate.period) else { continue };
            let counted = units.iter().find(|units| units.period == estimate.period);
            let each = counted.map_or(f64::NAN, |units| units.median / estimate.median);
            let h100e = estimate.through(&normal)?.map(H100e);
            sums.add(&chip, &h100e.map(|h100e| Units(h100e.0 * each)), &h100e)?;
            sums.bases.insert(RevenueBasis::Estimate);
        }
    }
    accumulated(quarters.into_values().collect())
}

/// Quarters added up to calendar years, draw by draw; the last may not be over.
///
/// # Errors
/// [`Error::Invalid`] if the quarters have different numbers of draws.
pub fn by_year(quarters: &[Sale]) -> Result<Vec<Sale>> {
    use chrono::Datelike;
    let same_year = |a: &Sale, b: &Sale| a.period.end().year() == b.period.end().year();
    let year = |quarters: &[Sale]| {
        let (first, last) = (&quarters[0], &quarters[quarters.len() - 1]);
        let n_draws = first.chips.first().map_or(1, |chip| chip.units.n_draws());
        let mut sums = Sums::new(Period::new(first.period.start(), last.period.end())?, n_draws);
        for quarter in quarters {
            sums.bases.extend(&quarter.bases);
            sums.is_mix_carried |= quarter.is_mix_carried;
            for part in quarter.chips.iter().filter(|part| part.chip != ALL_CHIPS) {
                sums.add(&part.chip, &part.units, &part.h100e)?;
            }
        }
        Ok(sums)
    };
    accumulated(quarters.chunk_by(same_year).map(year).collect::<Result<_>>()?)
}

/// A period's units and H100 equivalents while they are added up.
struct Sums {
    period: Period,
    by_chip: BTreeMap<String, (Draws<Units>, Draws<H100e>)>,
    bases: BTreeSet<RevenueBasis>,
    is_mix_carried: bool,
    n_draws: usize,
}

impl Sums {
    fn new(period: Period, n_draws: usize) -> Self {
        let (by_chip, bases) = (BTreeMap::new(), BTreeSet::new());
        Self { period, by_chip, bases, is_mix_carried: false, n_draws }
    }

    fn add(&mut self, chip: &str, units: &Draws<Units>, h100e: &Draws<H100e>) -> Result<()> {
        let nothing = || nothing(self.n_draws);
        let (all_units, all_h100e) = self.by_chip.entry(chip.to_owned()).or_insert_with(nothing);
        *all_units = all_units.zip(units, |a, b| a + b)?;
        *all_h100e = all_h100e.zip(h100e, |a, b| a + b)?;
        Ok(())
    }
}

fn nothing(n_draws: usize) -> (Draws<Units>, Draws<H100e>) {
    (Draws::constant(Units(0.0), n_draws), Draws::constant(H100e(0.0), n_draws))
}

/// Periods in order, with all chips together and what was sold up to each end.
fn accumulated(periods: Vec<Sums>) -> Result<Vec<Sale>> {
    let mut sold: BTreeMap<String, Draws<H100e>> = BTreeMap::new();
    let mut found = Vec::with_capacity(periods.len());
    for mut sums in periods {
        let (mut units, mut h100e) = nothing(sums.n_draws);
        for (part_units, part_h100e) in sums.by_chip.values() {
            units = units.zip(part_units, |a, b| a + b)?;
            h100e = h100e.zip(part_h100e, |a, b| a + b)?;
        }
        let by_chip = std::mem::take(&mut sums.by_chip);
        let mut chips = Vec::with_capacity(by_chip.len() + 1);
        for (chip, (units, h100e)) in
            by_chip.into_iter().chain([(ALL_CHIPS.to_owned(), (units, h100e))])
        {
            let cumulative = match sold.get(&chip) {
                Some(before) => before.zip(&h100e, |a, b| a + b)?,
                None => h100e.clone(),
            };
            sold.insert(chip.clone(), cumulative.clone());
            chips.push(ChipSale { chip, units, h100e, cumulative });
        }
        let Sums { period, bases, is_mix_carried, .. } = sums;
        found.push(Sale { period, chips, bases, is_mix_carried });
    }
    Ok(found)
}
