//! Shipments: what a quarter's spend buys, chip by chip, in H100 equivalents.
//!
//! May use the core files, `assumption`, `count` and `hardware`. Prices come from
//! `datasets/chip_prices.csv`, the mix of chips from `datasets/chip_mix.csv`; past their last row
//! they are carried forward, and the shipment says so. Never reads a date of publication: who uses
//! these tables for a day before [`TABLES_PUBLISHED`] must say that they were made afterwards.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::assumption::{Assumption, Assumptions, Shape, Worlds};
use super::count::{h100e_per_unit, not_negative};
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
/// The day on which prices and mix were published by Epoch AI, as estimates of years gone by.
pub const TABLES_PUBLISHED: NaiveDate =
    NaiveDate::from_ymd_opt(2026, 4, 3).expect("a day of the calendar");

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
    prices: BTreeMap<(String, i32), Vec<PriceRange>>,
    mix: BTreeMap<NaiveDate, Vec<(String, f64)>>,
    compute_revenue: BTreeMap<Period, Usd>,
    per_unit: BTreeMap<String, H100ePerUnit>,
    last_price_year: i32,
}

/// One table's prices of a chip in a year.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceRange {
    /// The lowest.
    pub low: UsdPerUnit,
    /// The highest.
    pub high: UsdPerUnit,
    /// Which table says so.
    pub source: String,
}

impl PriceRange {
    /// The geometric mean of the two.
    pub fn middle(&self) -> UsdPerUnit {
        UsdPerUnit((self.low.0 * self.high.0).sqrt())
    }
}

/// A [`Market`] with its uncertainty drawn: in every world one price a chip and year, and one mix.
#[derive(Debug, Clone)]
pub struct SampledMarket<'a> {
    market: &'a Market,
    customers: Customers,
    price_normal: BTreeMap<(String, i32), Draws<f64>>,
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
        let mut prices: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in Cells::csv("datasets/chip_prices.csv", PRICES)?.rows() {
            let key = (row.text("chip")?.to_owned(), whole_year(row.number("year")?));
            prices.entry(key).or_default().push(PriceRange {
                low: UsdPerUnit(row.number("low_usd_per_unit")?),
                high: UsdPerUnit(row.number("high_usd_per_unit")?),
                source: row.text("source")?.to_owned(),
            });
        }
        let mut mix: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut compute_revenue = BTreeMap::new();
        let mut per_unit = BTreeMap::new();
        for row in Cells::csv("datasets/chip_mix.csv", MIX)?.rows() {
            if row.text("maker")? != MERCHANT {
                continue;
            }
            let chip = row.text("chip")?.to_owned();
            let share = f64::midpoint(row.number("share_low")?, row.number("share_high")?);
            per_unit.insert(chip.clone(), hardware.get(&chip)?.h100e()?);
            let period = Period::new(row.date("period_start")?, row.date("period_end")?)?;
            compute_revenue.insert(period, Usd(row.number("compute_revenue_usd")?));
            mix.entry(period.start()).or_default().push((chip, share));
        }
        let years = prices.keys().map(|(_, year): &(String, i32)| *year);
        let last_price_year = years.max().ok_or_else(|| Error::parse("no prices of chips"))?;
        Ok(Self { prices, mix, compute_revenue, per_unit, last_price_year })
    }

    /// The merchant's compute revenue by fiscal quarter as the table of mixes has it: an estimate
    /// made afterwards where the filing gives no split.
    pub fn compute_revenue(&self) -> &BTreeMap<Period, Usd> {
        &self.compute_revenue
    }

    /// What each table says of each chip's price in each year: rival estimates side by side.
    pub fn price_ranges(&self) -> impl Iterator<Item = (&str, i32, &[PriceRange])> {
        self.prices.iter().map(|((chip, year), all)| (chip.as_str(), *year, all.as_slice()))
    }

    /// The chips that have a mix and a price, by the names of those tables.
    pub fn chips(&self) -> impl Iterator<Item = (&str, H100ePerUnit)> {
        self.per_unit.iter().map(|(chip, each)| (chip.as_str(), *each))
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
        let priced = self.prices.keys().filter(|(chip, _)| customers.take(chip));
        let prices = priced.map(|(chip, year)| {
            ((chip.clone(), *year), worlds.normal(&format!("chip_price.{chip}.{year}")))
        });
        Ok(SampledMarket {
            market: self,
            customers,
            price_normal: prices.collect(),
            mix_spread: chips()
                .map(|chip| {
                    let normal = worlds.normal(&format!("chip_mix.{chip}"));
                    (chip, spread.through(&normal))
                })
                .collect(),
            h100e_per_unit: chips()
                .map(|chip| {
                    let each = h100e_per_unit(&chip, self.per_unit[&chip], assumptions, worlds);
                    (chip, each)
                })
                .collect(),
            change_per_year: assumptions.draws("price_per_h100e_change_per_year", worlds)?,
        })
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

    /// Price in the period's year, or in the last year known before it: between the lowest and the
    /// highest of all tables (5 % and 95 %), the geometric mean of their middles as median.
    fn price(&self, chip: &str, year: i32) -> Result<(i32, Assumption)> {
        let known = self.prices.range((chip.to_owned(), i32::MIN)..=(chip.to_owned(), year));
        let ((_, known_year), tables) = known.last().ok_or_else(|| {
            Error::insufficient(format!("no price of `{chip}` is known up to {year}"))
        })?;
        #[expect(clippy::cast_precision_loss, reason = "a handful of tables")]
        let n = tables.len() as f64;
        let log_middle = tables.iter().map(|table| table.middle().0.ln()).sum::<f64>() / n;
        let low = tables.iter().map(|table| table.low.0).fold(f64::INFINITY, f64::min);
        let high = tables.iter().map(|table| table.high.0).fold(0.0, f64::max);
        let sources: Vec<_> = tables.iter().map(|table| table.source.as_str()).collect();
        let estimate = Assumption::estimate(
            &format!("price of `{chip}` in {known_year}"),
            [low, log_middle.exp(), high],
            "USD/unit",
            Shape::Positive,
            &sources.join("; "),
            TABLES_PUBLISHED,
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
    /// `h100e = Σ units(chip) · h100e per unit`. The price is as [`SampledMarket::price`]. Shares are
    /// spread by `chip_mix_spread`, in the same worlds in every period, and scaled back to 1.
    ///
    /// - `spend`: dollars for accelerators, servers' other parts left out.
    ///
    /// # Errors
    /// [`Error::Insufficient`] before the first mix or price; [`Error::Invalid`] if `spend` is
    /// negative or not finite in a world, or has another number of draws.
    /// # Source
    /// Epoch AI, ai-chip-counts: units = compute revenue x mix / price.
    pub fn shipment(&self, period: Period, spend: &Draws<Usd>) -> Result<Shipment> {
        not_negative(spend, &format!("spend in {period}"), "USD")?;
        let (mix_from, parts) = self.market.mix_at(period, self.customers)?;
        let total_weight = self.total_weight(&parts)?;
        let mut by_chip = Vec::with_capacity(parts.len());
        let mut total = spend.map(|_| H100e(0.0));
        let mut price_year = i32::MAX;
        for part in &parts {
            let (known_year, price) = self.price(part.chip, period)?;
            price_year = price_year.min(known_year);
            let weight = self.mix_spread[part.chip].zip(&total_weight, |w, sum| w / sum)?;
            let dollars = spend.zip(&weight, |usd, weight| usd * (part.share * weight))?;
            let units = dollars.zip(&price, |usd, price| usd / price)?;
            let each = &self.h100e_per_unit[part.chip];
            let h100e = units.zip(each, |units, each| units * each)?;
            total = total.zip(&h100e, |sum, part| sum + part)?;
            let chip = part.chip.to_owned();
            by_chip.push(ChipShipment { chip, share: part.share, units, h100e });
        }
        Ok(Shipment { period, by_chip, total, mix_from, price_year })
    }

    /// What one chip costs in `period`, and the year whose price is used.
    ///
    /// Lognormal through the lowest and highest price of that year in any table (5 % and 95 %), one
    /// draw a chip and year, shared by the year's quarters. Past the last year of prices that
    /// year's draw changes by `price_per_h100e_change_per_year` a year.
    ///
    /// # Errors
    /// [`Error::Insufficient`] if no price of the chip is known up to the period;
    /// [`Error::NotFound`] for a chip that these customers do not buy.
    pub fn price(&self, chip: &str, period: Period) -> Result<(i32, Draws<UsdPerUnit>)> {
        let year = period.start().year().max(middle(period).year());
        let (known_year, price) = self.market.price(chip, year)?;
        let normal = self.price_normal.get(&(chip.to_owned(), known_year)).ok_or_else(|| {
            Error::not_found(format!("chip `{chip}` is not sold to these customers"))
        })?;
        let years_carried = years_after(middle(period), self.market.last_price_year);
        let price = price.through(normal).zip(&self.change_per_year, |price, change| {
            UsdPerUnit(price * change.powf(years_carried))
        })?;
        Ok((known_year, price))
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
        // 34.13 G$ at 0.70 GB200, 0.17 H100, 0.13 H20, at the geometric means of both tables'
        // prices: (30 x 45 x 33 x 42)^(1/4) = 36.985 k$, 24.434 k$, (9 x 12 x 10 x 13)^(1/4) =
        // 10.885 k$: 645,960 x 2.5265 + 237,460 + 407,610 x 0.1496 = 1.930M h100e.
        let quarter = period("2025-01-27", "2025-04-27");
        let found = shipment(quarter, 34.13e9, Customers::World).expect("known");
        assert!((found.total.median() / 1.930e6 - 1.0).abs() < 0.02, "{}", found.total.median());
        assert_eq!(found.price_year, 2025);
        let gb200 = found.by_chip.iter().find(|part| part.chip == "GB200").expect("in the mix");
        assert!((gb200.units.median() / 645_960.0 - 1.0).abs() < 0.02);
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
    fn a_year_of_a_chip_has_one_price_and_years_differ() {
        let assumptions = Assumptions::bundled().expect("bundled");
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        let worlds = Worlds { seed: 3, origin, n_draws: 4000 };
        let market = Market::bundled().expect("bundled");
        let sampled = market.sample(Customers::World, &assumptions, &worlds).expect("known");
        let price = |chip: &str, start: &str, end: &str| {
            let (year, price) = sampled.price(chip, period(start, end)).expect("known");
            (year, price.map(|price| price.0.ln()))
        };
        let (_, spring) = price("H100", "2025-04-28", "2025-07-27");
        assert_eq!(spring, price("H100", "2025-07-28", "2025-10-26").1, "one price in a year");
        let (year, before) = price("H100", "2024-07-29", "2024-10-27");
        assert_eq!(year, 2024);
        let (mean, mean_before) = (spring.mean(), before.mean());
        let shared = spring.zip(&before, |a, b| (a - mean) * (b - mean_before)).expect("alike");
        let spread = |x: &Draws<f64>, mean: f64| x.map(|x| (x - mean).powi(2)).mean().sqrt();
        let correlation = shared.mean() / spread(&spring, mean) / spread(&before, mean_before);
        assert!(correlation.abs() < 0.05, "each year is drawn for itself: {correlation}");
        // Carried: 2025's draw times the change since, which is the same for every chip.
        let carried = |chip: &str| {
            let (year, after) = price(chip, "2026-10-26", "2027-01-31");
            assert_eq!(year, 2025);
            let (_, in_2025) = price(chip, "2025-04-28", "2025-07-27");
            after.zip(&in_2025, |after, before| after - before).expect("alike")
        };
        let both = carried("H100").zip(&carried("GB200"), |a, b| (a - b).abs()).expect("alike");
        assert!(both.quantile(1.0) < 1e-12);
        assert!(carried("H100").median() < 0.0, "prices fall");
        // 20-27 k$ in one table, 22-30 k$ in the other: (20 x 27 x 22 x 30)^(1/4) = 24.434 k$.
        assert!((spring.median().exp() / 24_434.0 - 1.0).abs() < 0.01);
    }

    #[test]
    fn spend_below_nothing_is_refused() {
        let error = shipment(period("2025-01-27", "2025-04-27"), -1e9, Customers::World);
        assert_eq!(
            error.expect_err("less than nothing").to_string(),
            "spend in 2025-01-27..2025-04-27: found -1000000000 USD in draw 0, needed a finite \
             number not below 0"
        );
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
