//! Two estimates of one thing side by side: chips bought, H100 equivalents a chip, prices.
//!
//! May use the core files, `estimates`, `hardware` and `shipments`. Never averages and never picks one.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::estimates::estimates;
use super::hardware::Hardware;
use super::shipments::{Market, TABLES_PUBLISHED};
use crate::archive::{Snapshot, is_public};
use crate::error::Result;
use crate::period::Period;
use crate::series::SeriesId;

/// Epoch's names of a chip in the archive, for a chip of the tables of prices and mixes, or a family
/// that Omdia counts.
const EPOCH_NAMES: [(&str, &str, &[&str]); 12] = [
    ("A100", "nvda", &["a100", "a800"]),
    ("B200", "nvda", &["b200"]),
    ("B300", "nvda", &["b300"]),
    ("GB200", "nvda", &["b200"]),
    ("GB300", "nvda", &["b300"]),
    ("H100", "nvda", &["h100", "h100_h200", "h800"]),
    ("H20", "nvda", &["h20"]),
    ("h100", "nvda", &["h100_h200", "h800"]),
    ("hopper", "nvda", &["h100_h200", "h800", "h20"]),
    ("mi300", "amd", &[]),
    (ALL_NVIDIA, "nvda", &[]),
    ("own", "own", &[]),
];
/// Omdia's Hopper chips against all of NVIDIA's in Epoch's estimate, Blackwell's first quarter included.
const ALL_NVIDIA: &str = "all nvda";

/// Epoch's names of a chip; none for a chip that it does not count.
pub fn epoch_names(chip: &str) -> &'static [&'static str] {
    EPOCH_NAMES.iter().find(|(name, ..)| *name == chip).map_or(&[], |(_, _, names)| names)
}

/// The chip of the table of prices that stands for one of Epoch's.
pub fn priced_as(epoch_name: &str) -> Option<&'static str> {
    let priced = |name: &str| matches!(name, "A100" | "GB200" | "GB300" | "H100" | "H20");
    EPOCH_NAMES
        .iter()
        .find(|(name, _, names)| priced(name) && names.contains(&epoch_name))
        .map(|(name, ..)| *name)
}

/// What two estimates are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Chips that an owner bought in a year.
    Bought,
    /// H100 equivalents of one chip.
    H100ePerUnit,
    /// Price of one chip in a year, the middle of its range.
    Price,
}

impl Quantity {
    /// The words shown to people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bought => "chips bought",
            Self::H100ePerUnit => "h100e a chip",
            Self::Price => "price of a chip",
        }
    }

    /// The unit of both values.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Bought => "unit",
            Self::H100ePerUnit => "h100e/unit",
            Self::Price => "USD/unit",
        }
    }
}

/// One side's value.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The value, in the quantity's unit.
    pub value: f64,
    /// Who says so, and where.
    pub source: String,
    /// The day on which it was public.
    pub dated: NaiveDate,
}

/// Two estimates of one quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// What they are of.
    pub quantity: Quantity,
    /// Owner or chip.
    pub subject: String,
    /// Which chips of an owner; empty otherwise.
    pub chips: String,
    /// The year, where it has one.
    pub year: Option<i32>,
    /// The first.
    pub one: Side,
    /// The other.
    pub other: Side,
}

impl Pair {
    /// The other over the first.
    pub fn ratio(&self) -> f64 {
        self.other.value / self.one.value
    }
}

/// How far two estimates agree on the order of owners in a year.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The chips counted.
    pub chips: String,
    /// The year.
    pub year: i32,
    /// Owners in both.
    pub n_owners: usize,
    /// Spearman's rank correlation, ties at their mean rank.
    pub spearman: f64,
    /// Smallest and largest ratio of the other estimate to the first.
    pub ratios: (f64, f64),
}

/// Every pair of estimates that was public on the snapshot's day.
///
/// Chips bought: Omdia (first) and Epoch. H100 equivalents a chip: the data sheet and Epoch. Prices:
/// the middles of Epoch's two tables.
///
/// # Errors
/// [`crate::Error::Store`] if the archive cannot be read.
pub fn pairs(known: &Snapshot, market: &Market) -> Result<Vec<Pair>> {
    let mut found = bought(known)?;
    found.extend(per_chip(known)?);
    if is_public(TABLES_PUBLISHED, known.as_of()) {
        found.extend(prices(market));
    }
    Ok(found)
}

/// What Omdia and Epoch say of an owner's year.
fn bought(known: &Snapshot) -> Result<Vec<Pair>> {
    let is_rival = |id: &SeriesId| {
        let last = id.as_str().rsplit('.').next();
        last == Some("omdia") && !id.as_str().contains("server_capex")
    };
    let mut found = Vec::new();
    for id in known.matching(is_rival)? {
        let owner = id.owner();
        let chips = match id.as_str().rsplit('.').nth(1) {
            Some("own_accelerators_units") => "own",
            Some(chips) => chips,
            None => continue,
        };
        for omdia in known.current(&id)? {
            let as_counted = if chips == "hopper" { &[chips, ALL_NVIDIA][..] } else { &[chips] };
            for chips in as_counted {
                let Some(other) = epochs_year(known, owner, chips, omdia.period)? else { continue };
                found.push(Pair {
                    quantity: Quantity::Bought,
                    subject: owner.to_owned(),
                    chips: (*chips).to_owned(),
                    year: Some(omdia.period.end().year()),
                    one: Side {
                        value: omdia.value,
                        source: format!("{} ({})", omdia.source, omdia.locator),
                        dated: omdia.vintage,
                    },
                    other,
                });
            }
        }
    }
    Ok(found)
}

/// Epoch's medians of a year's four quarters, added up; nothing if a whole year is not there.
fn epochs_year(known: &Snapshot, owner: &str, chips: &str, year: Period) -> Result<Option<Side>> {
    let Some((_, maker, names)) = EPOCH_NAMES.iter().find(|(name, ..)| *name == chips) else {
        return Ok(None);
    };
    let maker = if *maker == "own" { owner } else { maker };
    let whole = format!("{owner}.gpu_purchases_units.{maker}");
    let all = match names {
        [] => vec![whole.clone()],
        names => names.iter().map(|name| format!("{whole}.{name}")).collect(),
    };
    let inside = |period: Period| period.share_in(year) >= 1.0;
    let quarters = estimates(known, &whole)?;
    if quarters.iter().filter(|quarter| inside(quarter.period)).count() < 4 {
        return Ok(None);
    }
    let mut side: Option<Side> = None;
    for series in all {
        for part in estimates(known, &series)?.into_iter().filter(|part| inside(part.period)) {
            let source = format!("{}; medians of quarters added up", part.source);
            let sum = side.get_or_insert(Side { value: 0.0, source, dated: part.published });
            sum.value += part.median;
            sum.dated = sum.dated.max(part.published);
        }
    }
    Ok(side)
}

/// The data sheet's and Epoch's count of one chip.
fn per_chip(known: &Snapshot) -> Result<Vec<Pair>> {
    let hardware = Hardware::bundled()?;
    let mut found = Vec::new();
    for (name, maker, epoch) in EPOCH_NAMES.iter().filter(|(name, ..)| hardware.get(name).is_ok()) {
        let Some(epoch_name) = epoch.first() else { continue };
        let series = |what: &str| format!("{maker}.gpu_shipments_{what}.{epoch_name}");
        let h100e = estimates(known, &series("h100e"))?;
        let units = estimates(known, &series("units"))?;
        let both = h100e.iter().rev().find_map(|h100e| {
            let units = units.iter().find(|units| units.period == h100e.period)?;
            Some((h100e.median / units.median, h100e))
        });
        let Some((value, epoch)) = both else { continue };
        let chip = hardware.get(name)?;
        found.push(Pair {
            quantity: Quantity::H100ePerUnit,
            subject: (*name).to_owned(),
            chips: String::new(),
            year: None,
            one: Side {
                value: chip.h100e()?.0,
                source: format!("dense 8-bit rate of the data sheet: {}", chip.source),
                dated: chip.released,
            },
            other: Side {
                value,
                source: format!("h100e over units of {}: {}", epoch.period, epoch.source),
                dated: epoch.published,
            },
        });
    }
    Ok(found)
}

/// The middles of two tables' ranges.
fn prices(market: &Market) -> Vec<Pair> {
    let pair = |(chip, year, tables): (&str, i32, &[_])| {
        let [one, other] = tables else { return None };
        let side = |range: &super::shipments::PriceRange| Side {
            value: range.middle().0,
            source: format!("{:.0} to {:.0} USD: {}", range.low.0, range.high.0, range.source),
            dated: TABLES_PUBLISHED,
        };
        Some(Pair {
            quantity: Quantity::Price,
            subject: chip.to_owned(),
            chips: String::new(),
            year: Some(year),
            one: side(one),
            other: side(other),
        })
    };
    market.price_ranges().filter_map(pair).collect()
}

/// Rank agreement by chips and year, where both sides have three owners or more.
pub fn agreements(pairs: &[Pair]) -> Vec<Agreement> {
    let mut groups: BTreeMap<(i32, &str), Vec<&Pair>> = BTreeMap::new();
    for pair in pairs.iter().filter(|pair| pair.quantity == Quantity::Bought) {
        if let Some(year) = pair.year {
            groups.entry((year, &pair.chips)).or_default().push(pair);
        }
    }
    let agreement = |((year, chips), pairs): ((i32, &str), Vec<&Pair>)| {
        let one: Vec<_> = pairs.iter().map(|pair| pair.one.value).collect();
        let other: Vec<_> = pairs.iter().map(|pair| pair.other.value).collect();
        let ratios = pairs.iter().map(|pair| pair.ratio());
        Agreement {
            chips: chips.to_owned(),
            year,
            n_owners: pairs.len(),
            spearman: spearman(&one, &other),
            ratios: ratios.fold((f64::INFINITY, 0.0), |(low, high), r| (low.min(r), high.max(r))),
        }
    };
    groups.into_iter().filter(|(_, pairs)| pairs.len() >= 3).map(agreement).collect()
}

/// Spearman's rank correlation: Pearson's of the ranks, ties at their mean rank; `NaN` where one side
/// is all ties.
pub fn spearman(one: &[f64], other: &[f64]) -> f64 {
    let (one, other) = (ranks(one), ranks(other));
    // Both sides have the same mean rank, (n + 1) / 2.
    let mean = one.iter().sum::<f64>() / one.iter().map(|_| 1.0).sum::<f64>();
    let sum =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    sum(&one, &other) / (sum(&one, &one) * sum(&other, &other)).sqrt()
}

/// Rank of each value, 1 for the largest, ties at their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let above = |value: f64, other: f64| match other.total_cmp(&value) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let rank = |value: &f64| 0.5 + values.iter().map(|other| above(*value, *other)).sum::<f64>();
    values.iter().map(rank).collect()
}
