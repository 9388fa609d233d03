//! The sliders: assumptions held at a value, other spend, and what that changes, world by world.
//!
//! May use `scaling`, `report::machines` the core, and the files of `serve`. What does not depend
//! on a slider (the forecast, the stock, the law, the chain without them) is made once a company.

use std::fmt::Write;

use chrono::NaiveDate;

use super::query::{Kind, Parameter, Query};
use crate::error::{Error, Result};
use crate::report::buyers::spend_series;
use crate::report::desk::Desk;
use crate::report::machines::{Workshop, supply};
use crate::scaling::assumption::{Assumption, Assumptions};
use crate::scaling::chain::{Chain, ChainInput, FleetUse, Purchases, chain};
use crate::scaling::installed::StockEstimate;
use crate::scaling::law::Law;
use crate::scaling::scenario::{Baseline, Change, Scenario};
use crate::scaling::shipments::Buyer;

/// Worlds of a recompute: fewer than a page of `report` draws, so that a slider answers at once.
pub(super) const N_DRAWS: usize = 2_000;
/// The company shown unless another is asked for.
pub(super) const FIRST_COMPANY: &str = "msft";
/// Least and most of the factor on forecast spend.
const SPEND: (f64, f64) = (0.25, 3.0);

/// One slider.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slider {
    /// Its key in a query.
    pub(super) key: &'static str,
    /// What it is, for people.
    pub(super) label: &'static str,
    /// The assumption that it holds; none for the factor on spend.
    assumption: Option<&'static str>,
}

const fn slider(key: &'static str, label: &'static str, assumption: &'static str) -> Slider {
    Slider { key, label, assumption: Some(assumption) }
}

/// The share of spend that buys chips; which assumption that is depends on the company.
const ACCELERATOR_SHARE: &str = "accelerator_share";

/// The sliders in the order of the chain.
pub(super) const SLIDERS: [Slider; 11] = [
    Slider { key: "spend", label: "Forecast spend, times", assumption: None },
    slider(ACCELERATOR_SHARE, "Share of the spend that buys chips", ""),
    slider("price_change", "Price of a chip, yearly factor", "price_per_h100e_change_per_year"),
    slider("lag", "From sale to use", "deployment_lag_quarters"),
    slider("life", "Service life", "service_life_years"),
    slider("lab_share", "Share of the fleet that one lab uses", "lab_share_of_fleet"),
    slider("cluster_share", "Share of that in the largest run", "cluster_share"),
    slider("mfu", "Utilisation of the peak, 8-bit", "mfu_8bit"),
    slider("efficiency", "What is left when a cluster doubles", "efficiency_per_doubling"),
    slider("availability", "Share of hours that make progress", "availability"),
    slider("run_days", "Length of the run", "run_days"),
];

/// The keys of a query for sliders.
pub(super) static PARAMETERS: [Parameter; SLIDERS.len() + 1] = parameters();

const fn parameters() -> [Parameter; SLIDERS.len() + 1] {
    let about = "Ticker, such as `msft`";
    let company = Parameter { name: "company", kind: Kind::Company, about };
    let mut all = [company; SLIDERS.len() + 1];
    let mut idx = 0;
    while idx < SLIDERS.len() {
        let Slider { key, label, .. } = SLIDERS[idx];
        all[idx + 1] = Parameter { name: key, kind: Kind::Number, about: label };
        idx += 1;
    }
    all
}

/// A slider with its range and where it comes from.
pub(super) struct Range<'a> {
    pub(super) slider: Slider,
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
    pub(super) unit: &'a str,
    /// Name, source and date of the assumption.
    pub(super) assumption: Option<(&'static str, &'a Assumption)>,
}

/// What a company's sliders start from.
pub(super) struct Base {
    pub(super) company: String,
    pub(super) date: NaiveDate,
    pub(super) n_forecast: usize,
    purchases: Purchases,
    stock: Option<StockEstimate>,
    n_known: usize,
    share: &'static str,
    workshop: Workshop,
    law: Law,
    before: Chain,
}

impl Base {
    /// The base of a company that has a forecast of its spend.
    ///
    /// # Errors
    /// [`Error::NotFound`] if its spend is not known; as [`chain`].
    pub(super) fn of(desk: &Desk, company: &str) -> Result<Self> {
        let series = spend_series(&desk.known, company)?;
        let forecast = desk.forecast(&series)?;
        let mut workshop = desk.workshop.clone();
        workshop.worlds.n_draws = N_DRAWS;
        let supply = supply(&desk.known, &series, Some(&forecast), &workshop.worlds)?;
        let (n_known, n_forecast) = (supply.spent.len(), supply.n_forecast);
        let law = workshop.law_on(supply.input.date);
        let before = chain(&supply.input, &workshop.tables, &law, &workshop.worlds)?;
        let ChainInput { purchases, stock, date, .. } = supply.input;
        let share = match &purchases {
            Purchases::DataCenterRevenue(_) => "compute_share_of_data_center_revenue",
            _ => Buyer::of(company).assumption(),
        };
        let company = company.to_owned();
        Ok(Self {
            company,
            date,
            n_forecast,
            purchases,
            stock,
            n_known,
            share,
            workshop,
            law,
            before,
        })
    }

    /// Every slider with its range.
    ///
    /// # Errors
    /// [`Error::NotFound`] if an assumption was renamed, which a test would find.
    pub(super) fn ranges(&self) -> Result<Vec<Range<'_>>> {
        SLIDERS.iter().map(|slider| self.range(*slider)).collect()
    }

    fn range(&self, slider: Slider) -> Result<Range<'_>> {
        let name = match slider.assumption {
            None => {
                let (low, high) = SPEND;
                let unit = "ratio";
                return Ok(Range { slider, low, median: 1.0, high, unit, assumption: None });
            }
            Some(_) if slider.key == ACCELERATOR_SHARE => self.share,
            Some(name) => name,
        };
        let held = self.workshop.tables.assumptions.get(name)?;
        let Assumption { low, median, high, .. } = *held;
        let unit = held.unit.as_str();
        Ok(Range { slider, low, median, high, unit, assumption: Some((name, held)) })
    }

    /// The scenario that a query asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a value outside its range.
    fn scenario(&self, query: &Query) -> Result<Scenario> {
        let mut text = String::from("title = \"sliders\"\n");
        let mut held = String::from("[set]\n");
        let mut spend = 1.0;
        for Range { slider, low, high, unit, assumption, .. } in self.ranges()? {
            let key = slider.key;
            let Some(value) = query.number(key)? else { continue };
            if !(low..=high).contains(&value) {
                return Err(Error::invalid(format!(
                    "query key `{key}` is {value}; needed {low} to {high} ({unit})"
                )));
            }
            match assumption {
                None => spend = value,
                Some((name, _)) => {
                    let _ = writeln!(held, "{name} = {value:?}");
                }
            }
        }
        let _ = write!(text, "spend_factor = {spend:?}\n{held}");
        Scenario::read(&text)
    }

    /// What the sliders of a query change, quantity by quantity.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a value outside its range; as [`Scenario::run`].
    pub(super) fn changes(&self, query: &Query) -> Result<Vec<Change>> {
        let Workshop { tables, worlds, .. } = &self.workshop;
        let input = ChainInput {
            company: &self.company,
            purchases: self.purchases.clone(),
            stock: self.stock.clone(),
            fleet_use: FleetUse::Owner,
            date: self.date,
        };
        let baseline = Baseline { input: &input, n_known: self.n_known, tables, worlds };
        // No slider moves an assumption of the law, so its fit stays what it was.
        let law_of = |_: &Assumptions| Ok(self.law.clone());
        self.scenario(query)?.run(&baseline, &self.before, law_of)
    }
}

/// The company that a query asks for, or the first.
pub(super) fn company(query: &Query) -> String {
    query.company().unwrap_or_else(|| FIRST_COMPANY.to_owned())
}
