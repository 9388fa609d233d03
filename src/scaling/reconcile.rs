//! Two books that must agree: what buyers spend on NVIDIA's chips, and what NVIDIA says it sold.
//!
//! May use the core files, `assumption`, `chain`'s tables, `estimates`, `rivals`, `shipments` and
//! `sold`. Compute revenue is split by days onto calendar quarters, once, as Epoch splits it.
//! Hyperscale revenue has single quarters, so there the buyers' quarters are split onto NVIDIA's.
//! Never closes a gap: it is shown, with what neither side covers.

use std::collections::{BTreeMap, BTreeSet};

use super::assumption::Worlds;
use super::chain::ChainTables;
use super::estimates::{Estimate, estimates, parts};
use super::rivals::priced_as;
use super::shipments::{Buyer, Customers, SampledMarket, accelerator_spend};
use super::sold::compute_revenues;
use crate::archive::{Snapshot, over};
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::period::{Frequency, Period};
use crate::series::SeriesId;
use crate::units::{Units, Usd};

/// The buyers whose capital expenditure is known.
pub const BUYERS: [&str; 5] = ["msft", "googl", "amzn", "meta", "orcl"];
/// With the buyers, all owners of NVIDIA's chips in Epoch's estimates, each counted once:
/// `other_incl_named` holds `CoreWeave` and xAI.
const OTHER_OWNERS: [&str; 2] = ["china", "other_incl_named"];

/// What neither side of any comparison covers, for the reader.
pub const NOT_COVERED: [&str; 5] = [
    "buyers outside the five: neoclouds, sovereigns, enterprises, China, and what Microsoft rents from them",
    "finance leases: cash capex leaves them out",
    "the accelerator share of capex is that of 2024 and 2025: too high for the years before",
    "time between NVIDIA's delivery and the buyer's payment, about a quarter",
    "NVIDIA names no customer of Hyperscale; the five need not be all of it nor wholly in it",
];

/// The buyers' side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Book {
    /// Cash capex times an assumed share of accelerators, less chips that are not NVIDIA's.
    Capex,
    /// Epoch's purchases by chip times the price of each chip.
    Purchases,
}

/// NVIDIA's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anchor {
    /// Disclosed Hyperscale revenue times the share of compute.
    Hyperscale,
    /// Data-center compute revenue.
    Compute,
}

/// Whether chips that are not NVIDIA's are out of the buyers' side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherChips {
    /// Left out by Epoch's medians, the latest quarter known carried forward.
    Out,
    /// Still in: no estimate was public.
    In,
}

/// One quarter, both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciliation {
    /// A calendar quarter; NVIDIA's fiscal quarter against Hyperscale revenue.
    pub period: Period,
    /// Which book of the buyers.
    pub book: Book,
    /// Against which revenue.
    pub anchor: Anchor,
    /// Each buyer's part.
    pub buyers: Vec<(String, Draws<Usd>)>,
    /// Buyers of the list that have no value for the whole quarter.
    pub missing: Vec<&'static str>,
    /// Whether TPUs, Trainium and AMD's chips are out.
    pub other_chips: OtherChips,
    /// The buyers' sum.
    pub buyers_usd: Draws<Usd>,
    /// What NVIDIA sold.
    pub nvidia_usd: Draws<Usd>,
    /// Buyers less NVIDIA.
    pub gap_usd: Draws<Usd>,
    /// The gap over NVIDIA's side.
    pub gap_ratio: Draws<f64>,
}

/// Both books against both revenues, in each quarter that both sides cover.
///
/// In every world, over the days of the quarter:
/// `capex book = Σ buyers capex · accelerator share · NVIDIA's share of the owner's h100e`,
/// `purchases book = Σ owners Σ chips units · price`, and `gap = buyers − NVIDIA`. Against compute
/// revenue the purchases book takes all owners, elsewhere the five buyers are taken.
///
/// Epoch's purchases were themselves made from NVIDIA's revenue, its mix and prices: that their sum
/// agrees is no independent proof. Prices are drawn here again, so the interval is too wide.
///
/// - Sorted by anchor, book and period.
///
/// # Errors
/// [`Error::Insufficient`] if no quarter is covered by both sides.
/// # Source
/// NVIDIA 8-K of 2026-05-20, Hyperscale revenue, first disclosed that day.
pub fn reconcile(
    known: &Snapshot,
    tables: &ChainTables,
    worlds: &Worlds,
) -> Result<Vec<Reconciliation>> {
    let anchors = anchors(known, tables, worlds)?;
    let capex = CapexBook::read(known, tables, worlds)?;
    let purchases = PurchasesBook::read(known, tables, worlds)?;
    let mut found = Vec::new();
    for (anchor, period, nvidia_usd) in anchors {
        for book in [Book::Capex, Book::Purchases] {
            let (names, spends, other_chips) = match (book, anchor) {
                (Book::Capex, _) => {
                    (BUYERS.to_vec(), capex.over(period)?, capex.other_chips(period))
                }
                (Book::Purchases, Anchor::Hyperscale) => {
                    (BUYERS.to_vec(), purchases.over(period, &BUYERS)?, OtherChips::Out)
                }
                (Book::Purchases, Anchor::Compute) => {
                    let all: Vec<_> = BUYERS.into_iter().chain(OTHER_OWNERS).collect();
                    let spends = purchases.over(period, &all)?;
                    (all, spends, OtherChips::Out)
                }
            };
            let side = Side { book, anchor, names, spends, other_chips };
            found.extend(side.against(period, &nvidia_usd)?);
        }
    }
    if found.is_empty() {
        return Err(Error::insufficient(format!(
            "no quarter is covered by NVIDIA's revenue and by its buyers as of {}",
            known.as_of()
        ))
        .hint(
            "NVIDIA's data-center revenue and the buyers' capital expenditure must both be public",
        ));
    }
    found.sort_by_key(|row| (row.anchor, row.book, row.period));
    Ok(found)
}

/// The buyers' side of one comparison.
struct Side {
    book: Book,
    anchor: Anchor,
    names: Vec<&'static str>,
    spends: Vec<(&'static str, Draws<Usd>)>,
    other_chips: OtherChips,
}

impl Side {
    fn against(self, period: Period, nvidia_usd: &Draws<Usd>) -> Result<Option<Reconciliation>> {
        let Some((_, first)) = self.spends.first() else { return Ok(None) };
        let mut buyers_usd = first.map(|_| Usd(0.0));
        for (_, spend) in &self.spends {
            buyers_usd = buyers_usd.zip(spend, |sum, part| sum + part)?;
        }
        let is_there = |name: &&str| self.spends.iter().any(|(there, _)| there == name);
        let missing = self.names.iter().copied().filter(|name| !is_there(name)).collect();
        let gap_usd = buyers_usd.zip(nvidia_usd, |buyers, nvidia| buyers - nvidia)?;
        let gap_ratio = gap_usd.zip(nvidia_usd, |gap, nvidia| gap / nvidia)?;
        let buyers = self.spends.into_iter().map(|(name, usd)| (name.to_owned(), usd)).collect();
        let (book, anchor, other_chips) = (self.book, self.anchor, self.other_chips);
        let nvidia_usd = nvidia_usd.clone();
        Ok(Some(Reconciliation {
            period,
            book,
            anchor,
            buyers,
            missing,
            other_chips,
            buyers_usd,
            nvidia_usd,
            gap_usd,
            gap_ratio,
        }))
    }
}

/// NVIDIA's side by quarter: compute revenue, and compute's share of Hyperscale revenue.
fn anchors(
    known: &Snapshot,
    tables: &ChainTables,
    worlds: &Worlds,
) -> Result<Vec<(Anchor, Period, Draws<Usd>)>> {
    let mut found = Vec::new();
    let hyperscale = SeriesId::new("nvda.revenue.data_center.hyperscale")?;
    if known.holds(&hyperscale)? {
        let share = tables.assumptions.draws("compute_share_of_data_center_revenue", worlds)?;
        for row in known.current(&hyperscale)? {
            found.push((Anchor::Hyperscale, row.period, share.map(|part| Usd(row.value * part))));
        }
    }
    let fiscal = compute_revenues(known, tables, worlds)?;
    let periods: Vec<_> = fiscal.iter().map(|(period, ..)| *period).collect();
    let quarters: BTreeSet<_> =
        periods.iter().map(|fiscal| Period::quarter_of(fiscal.end())).collect();
    for quarter in quarters {
        let Some(made) = quarter.made_of(&periods) else { continue };
        let parts = made.into_iter().map(|(i, share)| (&fiscal[i].2, share));
        found.extend(sum_of(parts)?.map(|usd| (Anchor::Compute, quarter, usd)));
    }
    Ok(found)
}

/// Shares of samples, added up draw by draw; nothing of no sample.
fn sum_of<'a>(parts: impl Iterator<Item = (&'a Draws<Usd>, f64)>) -> Result<Option<Draws<Usd>>> {
    let mut sum: Option<Draws<Usd>> = None;
    for (part, share) in parts {
        let part = part.map(|usd| usd * share);
        sum = Some(match sum {
            Some(sum) => sum.zip(&part, |a, b| a + b)?,
            None => part,
        });
    }
    Ok(sum)
}

/// Each buyer's capex, accelerator share, and NVIDIA's share of what it bought.
struct CapexBook<'a> {
    known: &'a Snapshot,
    shares: BTreeMap<&'static str, Draws<f64>>,
    nvidia: BTreeMap<&'static str, Vec<(Period, f64)>>,
}

impl<'a> CapexBook<'a> {
    fn read(known: &'a Snapshot, tables: &ChainTables, worlds: &Worlds) -> Result<Self> {
        let (mut shares, mut nvidia) = (BTreeMap::new(), BTreeMap::new());
        for buyer in BUYERS {
            let share = Buyer::of(buyer).assumption();
            shares.insert(buyer, tables.assumptions.draws(share, worlds)?);
            nvidia.insert(buyer, nvidias_share(known, buyer)?);
        }
        Ok(Self { known, shares, nvidia })
    }

    /// What each buyer spent over a period on NVIDIA's chips; no entry where its capex has a gap.
    fn over(&self, period: Period) -> Result<Vec<(&'static str, Draws<Usd>)>> {
        let mut found = Vec::new();
        for buyer in BUYERS {
            let id = SeriesId::new(&format!("{buyer}.capex_cash"))?;
            if !self.known.holds(&id)? {
                continue;
            }
            let mut rows = self.known.current(&id)?;
            rows.retain(|row| row.period.frequency() == Some(Frequency::Quarter));
            let Some(capex) = over(period, &rows) else { continue };
            let part = self.nvidias_part(buyer, period).unwrap_or(1.0);
            let share = &self.shares[buyer];
            let capex = Draws::constant(Usd(capex.value * part), share.n_draws());
            found.push((buyer, accelerator_spend(&capex, share)?));
        }
        Ok(found)
    }

    /// NVIDIA's share in the latest quarter that had begun when `period` ended.
    fn nvidias_part(&self, buyer: &str, period: Period) -> Option<f64> {
        let known = self.nvidia[buyer].iter().rev();
        known.clone().find(|(quarter, _)| quarter.start() <= period.end()).map(|(_, part)| *part)
    }

    fn other_chips(&self, period: Period) -> OtherChips {
        let is_known = |buyer: &&str| self.nvidias_part(buyer, period).is_some();
        if BUYERS.iter().all(is_known) { OtherChips::Out } else { OtherChips::In }
    }
}

/// NVIDIA's share of the h100e that an owner bought, by whole quarter, from medians.
fn nvidias_share(known: &Snapshot, owner: &str) -> Result<Vec<(Period, f64)>> {
    let whole = format!("{owner}.gpu_purchases_h100e");
    let nvidia = estimates(known, &format!("{whole}.nvda"))?;
    let share = |all: Estimate| {
        let part = nvidia.iter().find(|part| part.period == all.period)?;
        (all.median > 0.0).then(|| (all.period, part.median / all.median))
    };
    Ok(estimates(known, &whole)?.into_iter().filter_map(share).collect())
}

/// Epoch's purchases from NVIDIA in dollars, by owner and calendar quarter.
struct PurchasesBook(BTreeMap<&'static str, Vec<(Period, Draws<Usd>)>>);

impl PurchasesBook {
    fn read(known: &Snapshot, tables: &ChainTables, worlds: &Worlds) -> Result<Self> {
        let market = tables.market.sample(Customers::World, &tables.assumptions, worlds)?;
        let mut book = BTreeMap::new();
        for owner in BUYERS.into_iter().chain(OTHER_OWNERS) {
            book.insert(owner, owners_dollars(known, owner, &market, worlds)?);
        }
        Ok(Self(book))
    }

    fn over(
        &self,
        period: Period,
        owners: &[&'static str],
    ) -> Result<Vec<(&'static str, Draws<Usd>)>> {
        let mut found = Vec::new();
        for owner in owners {
            let quarters = &self.0[owner];
            let periods: Vec<_> = quarters.iter().map(|(period, _)| *period).collect();
            let Some(made) = period.made_of(&periods) else { continue };
            let parts = made.into_iter().map(|(i, share)| (&quarters[i].1, share));
            found.extend(sum_of(parts)?.map(|sum| (*owner, sum)));
        }
        Ok(found)
    }
}

/// `Σ chips units · price` by whole quarter; the owner's interval moves all its chips together.
fn owners_dollars(
    known: &Snapshot,
    owner: &str,
    market: &SampledMarket<'_>,
    worlds: &Worlds,
) -> Result<Vec<(Period, Draws<Usd>)>> {
    let h100e = format!("{owner}.gpu_purchases_h100e");
    let units = format!("{owner}.gpu_purchases_units.nvda");
    let whole = estimates(known, &h100e)?;
    let nvidia = estimates(known, &format!("{h100e}.nvda"))?;
    // The last quarter of a maker may not be over; the total has whole quarters alone.
    let last = whole.last().map(|all| all.period.end());
    let is_over = |period: Period| last.is_none_or(|last| period.end() <= last);
    let normal = worlds.normal(&format!("purchases.{owner}.nvda"));
    let mut chips = Vec::new();
    for chip in parts(known, &units)? {
        let priced = priced_as(&chip)
            .ok_or_else(|| Error::not_found(format!("chip `{chip}` of `{units}` has no price")))?;
        chips.push((priced, estimates(known, &format!("{units}.{chip}"))?));
    }
    let mut found = Vec::new();
    for quarter in nvidia.iter().filter(|quarter| is_over(quarter.period)) {
        let period = quarter.period;
        let times = quarter.through(&normal)?.map(|drawn| drawn / quarter.median);
        let mut dollars = times.map(|_| Usd(0.0));
        for (priced, all) in &chips {
            let Some(bought) = all.iter().find(|bought| bought.period == period) else { continue };
            let (_, price) = market.price(priced, period)?;
            let part = times.zip(&price, |times, price| Units(bought.median * times) * price)?;
            dollars = dollars.zip(&part, |sum, part| sum + part)?;
        }
        found.push((period, dollars));
    }
    Ok(found)
}
