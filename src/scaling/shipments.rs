//! Shipments: what a quarter's spend buys, chip by chip, in H100 equivalents.
//!
//! May use the core files, `assumption` and `hardware`. Prices come from
//! `datasets/chip_prices.csv`, the mix of chips from `datasets/chip_mix.csv`; past their last row
//! they are carried forward, and the shipment says so.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::assumption::{Assumption, Assumptions, Shape, Worlds};
use super::hardware::Hardware;
use crate::cells::Cells;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::period::Period;
use crate::units::{H100e, H100ePerUnit, Units, Usd, UsdPerH100e, UsdPerUnit};

const PRICES: &str = include_str!("../../datasets/chip_prices.csv");
const MIX: &str = include_str!("../../datasets/chip_mix.csv");
/// The maker whose mix stands for the merchant market: the only one with prices.
const MERCHANT: &str = "nvda";
/// Chips made for export to China only, which no other buyer takes.
const CHINA_ONLY: [&str; 1] = ["H20"];
/// Days in a year (definition).
const DAYS_PER_YEAR: f64 = 365.25;

/// Who buys: decides which share of capex goes into accelerators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Buyer {
    /// Buys most accelerators from merchants: Microsoft, Meta, Oracle.
    Merchant,
    /// Designs its own TPUs.
    Google,
    /// Designs its own Trainium; capex includes logistics.
    Amazon,
    /// Rents out accelerators in leased buildings: `CoreWeave`.
    Neocloud,
}

impl Buyer {
    /// The kind of a company, by its lower-case ticker; merchants' customers unless known
    /// otherwise.
    pub fn of(company: &str) -> Self {
        match company {
            "googl" | "goog" => Self::Google,
            "amzn" => Self::Amazon,
            "crwv" | "nbis" => Self::Neocloud,
            _ => Self::Merchant,
        }
    }

    /// The assumption that holds its share of capex.
    pub fn assumption(self) -> &'static str {
        match self {
            Self::Merchant => "accelerator_share_of_capex_merchant",
            Self::Google => "accelerator_share_of_capex_google",
            Self::Amazon => "accelerator_share_of_capex_amazon",
            Self::Neocloud => "accelerator_share_of_capex_neocloud",
        }
    }
}

/// Whether the spend comes from one buyer outside China or from all buyers of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Customers {
    /// A buyer that does not take chips made for China.
    OutsideChina,
    /// All customers of the maker.
    World,
}

/// What one period's spend buys.
#[derive(Debug, Clone, PartialEq)]
pub struct Shipment {
    /// When it is bought.
    pub period: Period,
    /// Chip by chip, in the order of their names.
    pub by_chip: Vec<ChipShipment>,
    /// All chips together.
    pub total: Draws<H100e>,
    /// First day of the quarter whose mix was used.
    pub mix_from: NaiveDate,
    /// Last year whose prices were used; an earlier one than the period's means carried forward.
    pub price_year: i32,
}

/// One chip's part of a [`Shipment`].
#[derive(Debug, Clone, PartialEq)]
pub struct ChipShipment {
    /// Short name, as in the table of prices.
    pub chip: String,
    /// Share of spend before spreading.
    pub share: f64,
    /// How many.
    pub units: Draws<Units>,
    /// What they count for.
    pub h100e: Draws<H100e>,
}

/// Prices and mixes as published.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    prices: BTreeMap<(String, i32), (UsdPerUnit, UsdPerUnit)>,
    mix: BTreeMap<NaiveDate, Vec<(String, f64)>>,
    per_unit: BTreeMap<String, H100ePerUnit>,
    last_price_year: i32,
}

/// A [`Market`] with its uncertainty drawn: one price and one mix in every world.
#[derive(Debug, Clone)]
pub struct SampledMarket<'a> {
    market: &'a Market,
    customers: Customers,
    price_normal: BTreeMap<String, Draws<f64>>,
    mix_spread: BTreeMap<String, Draws<f64>>,
    h100e_per_unit: BTreeMap<String, Draws<H100ePerUnit>>,
    change_per_year: Draws<f64>,
}

impl Market {
    /// The tables that come with the program.
    ///
    /// # Errors
    /// [`Error::Parse`] if a bundled table is broken; [`Error::NotFound`] if a chip of the mix is
    /// missing from the table of hardware.
    pub fn bundled() -> Result<Self> {
        let hardware = Hardware::bundled()?;
        let mut prices = BTreeMap::new();
        for row in Cells::csv("datasets/chip_prices.csv", PRICES)?.rows() {
            let key = (row.text("chip")?.to_owned(), whole_year(row.number("year")?));
            let low = UsdPerUnit(row.number("low_usd_per_unit")?);
            prices.insert(key, (low, UsdPerUnit(row.number("high_usd_per_unit")?)));
        }
        let mut mix: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut per_unit = BTreeMap::new();
        for row in Cells::csv("datasets/chip_mix.csv", MIX)?.rows() {
            if row.text("maker")? != MERCHANT {
                continue;
            }
            let chip = row.text("chip")?.to_owned();
            let share = f64::midpoint(row.number("share_low")?, row.number("share_high")?);
            per_unit.insert(chip.clone(), hardware.get(&chip)?.h100e()?);
            mix.entry(row.date("period_start")?).or_default().push((chip, share));
        }
        let years = prices.keys().map(|(_, year): &(String, i32)| *year);
        let last_price_year = years.max().ok_or_else(|| Error::parse("no prices of chips"))?;
        Ok(Self { prices, mix, per_unit, last_price_year })
    }

    /// Draws this market's uncertainty once, for every period of a forecast.
    ///
    /// # Errors
    /// [`Error::NotFound`] if an assumption is missing.
    pub fn sample(
        &self,
        customers: Customers,
        assumptions: &Assumptions,
        worlds: &Worlds,
    ) -> Result<SampledMarket<'_>> {
        let spread = assumptions.get("chip_mix_spread")?;
        let chips = || self.per_unit.keys().filter(|chip| customers.take(chip)).cloned();
        let normals = |what: &'static str| {
            chips().map(move |chip| {
                let normal = worlds.normal(&format!("{what}.{chip}"));
                (chip, normal)
            })
        };
        Ok(SampledMarket {
            market: self,
            customers,
            price_normal: normals("chip_price").collect(),
            mix_spread: normals("chip_mix").map(|(c, z)| (c, spread.through(&z))).collect(),
            h100e_per_unit: chips()
                .map(|c| (c.clone(), self.each(&c, assumptions, worlds)))
                .collect(),
            change_per_year: assumptions.draws("price_per_h100e_change_per_year", worlds)?,
        })
    }

    /// H100 equivalents of a chip: the assumption `h100e_per_CHIP` where estimates differ, else the
    /// data sheet.
    fn each(&self, chip: &str, assumptions: &Assumptions, worlds: &Worlds) -> Draws<H100ePerUnit> {
        match assumptions.draws(&format!("h100e_per_{}", chip.to_lowercase()), worlds) {
            Ok(rivals) => rivals.map(H100ePerUnit),
            Err(_) => Draws::constant(self.per_unit[chip], worlds.n_draws),
        }
    }

    /// The mix of the latest quarter that had begun when `period` began.
    fn mix_at(&self, period: Period, customers: Customers) -> Result<(NaiveDate, Vec<Part<'_>>)> {
        let (from, shares) = self.mix.range(..=period.start()).next_back().ok_or_else(|| {
            let first = self.mix.keys().next().map_or(String::new(), ToString::to_string);
            Error::insufficient(format!(
                "the mix of chips is known from {first}; period {period} begins before"
            ))
        })?;
        let taken: Vec<_> = shares.iter().filter(|(chip, _)| customers.take(chip)).collect();
        let sum: f64 = taken.iter().map(|(_, share)| share).sum();
        let parts = taken.iter().map(|(chip, share)| Part { chip, share: share / sum });
        Ok((*from, parts.collect()))
    }

    /// Low and high price in the period's year, or in the last year known before it.
    fn price(&self, chip: &str, year: i32) -> Result<(i32, Assumption)> {
        let known = self.prices.range((chip.to_owned(), i32::MIN)..=(chip.to_owned(), year));
        let ((_, known_year), (low, high)) = known.last().ok_or_else(|| {
            Error::insufficient(format!("no price of `{chip}` is known up to {year}"))
        })?;
        let estimate = Assumption::estimate(
            &format!("price of `{chip}` in {known_year}"),
            [low.0, (low.0 * high.0).sqrt(), high.0],
            "USD/unit",
            Shape::Positive,
            "Epoch AI, ai-chip-counts, Nvidia annual prices.csv",
            NaiveDate::from_ymd_opt(*known_year, 12, 31).unwrap_or_default(),
        )?;
        Ok((*known_year, estimate))
    }
}

struct Part<'a> {
    chip: &'a str,
    share: f64,
}

impl Customers {
    fn take(self, chip: &str) -> bool {
        self == Self::World || !CHINA_ONLY.contains(&chip)
    }
}

impl SampledMarket<'_> {
    /// Units and H100 equivalents that `spend` buys in `period`.
    ///
    /// In every world `units(chip) = spend · share(chip) / price(chip)`, and
    /// `h100e = Σ units(chip) · h100e per unit`. The price is lognormal through the low and high of
    /// its year (5 % and 95 %, geometric mean between them); past the last year of prices it
    /// changes by `price_per_h100e_change_per_year` a year. Shares are spread by `chip_mix_spread`
    /// and scaled back to 1. A chip's price and the mix are high or low in the same worlds in every
    /// period.
    ///
    /// - `spend`: dollars for accelerators, servers' other parts left out.
    ///
    /// # Errors
    /// [`Error::Insufficient`] before the first mix or price; [`Error::Invalid`] if `spend` has
    /// another number of draws.
    /// # Source
    /// Epoch AI, ai-chip-counts: units = compute revenue x mix / price.
    pub fn shipment(&self, period: Period, spend: &Draws<Usd>) -> Result<Shipment> {
        let (mix_from, parts) = self.market.mix_at(period, self.customers)?;
        let year = period.start().year().max(middle(period).year());
        let total_weight = self.total_weight(&parts)?;
        let years_carried = years_after(middle(period), self.market.last_price_year);
        let carried = self.change_per_year.map(|change| change.powf(years_carried));
        let mut by_chip = Vec::with_capacity(parts.len());
        let mut total = spend.map(|_| H100e(0.0));
        let mut price_year = i32::MAX;
        for part in &parts {
            let (known_year, price) = self.market.price(part.chip, year)?;
            price_year = price_year.min(known_year);
            let price = price.through(&self.price_normal[part.chip]).zip(&carried, |p, c| p * c)?;
            let weight = self.mix_spread[part.chip].zip(&total_weight, |w, sum| w / sum)?;
            let dollars = spend.zip(&weight, |usd, weight| usd * (part.share * weight))?;
            let units = dollars.zip(&price, |usd, price| usd / UsdPerUnit(price))?;
            let each = &self.h100e_per_unit[part.chip];
            let h100e = units.zip(each, |units, each| units * each)?;
            total = total.zip(&h100e, |sum, part| sum + part)?;
            let chip = part.chip.to_owned();
            by_chip.push(ChipShipment { chip, share: part.share, units, h100e });
        }
        Ok(Shipment { period, by_chip, total, mix_from, price_year })
    }

    /// What one H100 equivalent costs in `period`: one dollar over what one dollar buys.
    ///
    /// # Errors
    /// As [`SampledMarket::shipment`].
    pub fn usd_per_h100e(&self, period: Period) -> Result<Draws<UsdPerH100e>> {
        let dollar = self.change_per_year.map(|_| Usd(1.0));
        Ok(self.shipment(period, &dollar)?.total.map(|bought| UsdPerH100e(1.0 / bought.0)))
    }

    /// `Σ share · spread`, by which the spread shares are scaled back to 1.
    fn total_weight(&self, parts: &[Part<'_>]) -> Result<Draws<f64>> {
        let mut sum = self.change_per_year.map(|_| 0.0);
        for part in parts {
            sum = sum.zip(&self.mix_spread[part.chip], |sum, w| sum + part.share * w)?;
        }
        Ok(sum)
    }
}

/// The part of capex that buys accelerators: `capex · share`.
///
/// - `capex`: dollars of the period. `share`: draws of the buyer's assumption, a ratio.
///
/// # Errors
/// [`Error::Invalid`] if the two have different numbers of draws.
pub fn accelerator_spend(capex: &Draws<Usd>, share: &Draws<f64>) -> Result<Draws<Usd>> {
    capex.zip(share, |usd, share| usd * share)
}

fn middle(period: Period) -> NaiveDate {
    period.start() + (period.end() - period.start()) / 2
}

/// Years from the middle of `year` to `date`, 0 if it lies before the end of `year`.
fn years_after(date: NaiveDate, year: i32) -> f64 {
    let Some(middle) = NaiveDate::from_ymd_opt(year, 7, 1).filter(|_| date.year() > year) else {
        return 0.0;
    };
    f64::from(i32::try_from((date - middle).num_days()).unwrap_or(i32::MAX)) / DAYS_PER_YEAR
}

#[expect(clippy::cast_possible_truncation, reason = "a year is small")]
fn whole_year(year: f64) -> i32 {
    year as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(start: &str, end: &str) -> Period {
        let date = |text: &str| text.parse().expect("an ISO date");
        Period::new(date(start), date(end)).expect("start before end")
    }

    fn shipment(period: Period, spend: f64, customers: Customers) -> Result<Shipment> {
        let assumptions = Assumptions::bundled()?;
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let worlds = Worlds { seed: 3, origin, n_draws: 4000 };
        let market = Market::bundled()?;
        let sampled = market.sample(customers, &assumptions, &worlds)?;
        sampled.shipment(period, &Draws::constant(Usd(spend), worlds.n_draws))
    }

    #[test]
    fn nvidias_quarter_to_april_2025_by_hand() {
        // 34.13 G$ at 0.70 GB200 (36,742 $), 0.17 H100 (23,238 $), 0.13 H20 (10,392 $):
        // 650,200 x 2.5265 + 249,700 + 426,900 x 0.1496 = 1.956M h100e.
        let quarter = period("2025-01-27", "2025-04-27");
        let found = shipment(quarter, 34.13e9, Customers::World).expect("known");
        assert!((found.total.median() / 1.956e6 - 1.0).abs() < 0.03, "{}", found.total.median());
        assert_eq!(found.price_year, 2025);
        let gb200 = found.by_chip.iter().find(|part| part.chip == "GB200").expect("in the mix");
        assert!((gb200.units.median() / 650_200.0 - 1.0).abs() < 0.03);
    }

    #[test]
    fn a_buyer_outside_china_takes_no_h20_and_spend_is_kept() {
        let quarter = period("2025-04-28", "2025-07-27");
        let found = shipment(quarter, 1e9, Customers::OutsideChina).expect("known");
        assert!(found.by_chip.iter().all(|part| part.chip != "H20"));
        let shares: f64 = found.by_chip.iter().map(|part| part.share).sum();
        assert!((shares - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rival_counts_of_a_b200_are_drawn_between() {
        let assumptions = Assumptions::bundled().expect("bundled");
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let worlds = Worlds { seed: 3, origin, n_draws: 4000 };
        let market = Market::bundled().expect("bundled");
        let b200 = market.each("B200", &assumptions, &worlds);
        assert!((b200.quantile(0.05) - 2.274).abs() < 0.01);
        assert!((b200.quantile(0.95) - 2.527).abs() < 0.01);
        assert!((market.each("GB200", &assumptions, &worlds).median() - 2.5265).abs() < 1e-4);
    }

    #[test]
    fn prices_are_carried_past_the_table_and_nothing_is_made_up_before_it() {
        let quarter = period("2026-10-01", "2026-12-31");
        let found = shipment(quarter, 1e9, Customers::OutsideChina).expect("carried");
        assert_eq!(found.price_year, 2025);
        assert!(found.total.quantile(0.95) > 1.3 * found.total.quantile(0.05));
        let error = shipment(period("2021-01-01", "2021-03-31"), 1e9, Customers::World);
        assert!(error.expect_err("too early").to_string().contains("2021-01-01..2021-03-31"));
    }
}
