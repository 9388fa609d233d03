//! From a company's forecast spend to its machines and what they can train: forecast meets scaling.
//!
//! May use `forecast` and `scaling`. Counts what was bought since the last estimate of the installed
//! base, adds the quarters that the forecast answers for, and leaves refused quarters out.

use chrono::NaiveDate;

use crate::archive::Snapshot;
use crate::draws::{DEFAULT_N_DRAWS, Draws};
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::observation::Observation;
use crate::period::Period;
use crate::scaling::assumption::Worlds;
use crate::scaling::chain::{Chain, ChainInput, ChainTables, FleetUse, Purchases, chain};
use crate::scaling::estimates::stock;
use crate::scaling::installed::StockEstimate;
use crate::scaling::law::{
    CapabilityRow, Comparison, Form, Law, Sampling, Scale, ScalingLaw, compare, rows,
};
use crate::scaling::shipments::{Buyer, Customers};
use crate::series::SeriesId;
use crate::units::{H100e, Usd, UsdPerH100e};

/// Resamples of the capability rows.
const N_BOOTSTRAPS: usize = 200;

/// Laws, tables and worlds that every company shares in a run.
pub struct Workshop {
    /// Prices, mix and assumptions.
    pub tables: ChainTables,
    /// The law that is used: compute with algorithmic progress.
    pub law: Law,
    /// The seed law `y = c ln(X/X0 + 1)`, always shown.
    pub seed_law: Law,
    /// All forms, out of sample.
    pub comparison: Comparison,
    /// The models to which the laws were fitted.
    pub models: Vec<CapabilityRow>,
    /// The worlds in which everything is drawn.
    pub worlds: Worlds,
}

/// A company's chain and where its purchases came from.
pub struct Machines {
    /// Every step.
    pub chain: Chain,
    /// Actual spend since the estimate of the installed base.
    pub spent: Vec<Observation>,
    /// Forecast quarters that went in.
    pub n_forecast: usize,
    /// The estimate of the installed base, if there is one.
    pub stock: Option<StockEstimate>,
}

impl Machines {
    /// The first forecast quarter and what is bought in it, if one is answered.
    pub fn next_purchase(&self) -> Option<&(Period, Draws<H100e>)> {
        self.chain.purchases.get(self.spent.len()).filter(|_| self.n_forecast > 0)
    }
}

impl Workshop {
    /// Fits the laws on the bundled models.
    ///
    /// # Errors
    /// [`Error::Parse`] or [`Error::Invalid`] if a bundled file is broken.
    pub fn new(seed: u64, origin: NaiveDate) -> Result<Self> {
        let worlds = Worlds { seed, origin, n_draws: DEFAULT_N_DRAWS };
        let tables = ChainTables::bundled()?;
        let models = rows(Scale::Eci)?;
        let sampling = Sampling { worlds, n_bootstraps: N_BOOTSTRAPS };
        let fit = |form| Law::fit(Scale::Eci, form, &models, &tables.assumptions, sampling);
        let (law, seed_law) = (fit(Form::LogEffective)?, fit(Form::Log)?);
        let split = Comparison::default_split();
        let comparison = compare(Scale::Eci, &models, split, &tables.assumptions)?;
        Ok(Self { tables, law, seed_law, comparison, models, worlds })
    }

    /// The price of an H100 equivalent in the mix of chips sold on a day, drawn.
    ///
    /// # Errors
    /// [`Error::Insufficient`] before the first known price.
    pub fn price_per_h100e(&self, date: NaiveDate) -> Result<Draws<UsdPerH100e>> {
        let ChainTables { assumptions, market } = &self.tables;
        let sampled = market.sample(Customers::OutsideChina, assumptions, &self.worlds)?;
        sampled.usd_per_h100e(Period::new(date, date)?)
    }

    /// The law as it speaks for models released on a day.
    pub fn law_on(&self, date: NaiveDate) -> Law {
        self.law.clone().released(date)
    }
}

/// Runs the chain for a company from its forecast spend.
///
/// # Errors
/// [`Error::Insufficient`] if neither an installed base nor a purchase is known.
pub fn machines(known: &Snapshot, forecast: &Forecast, workshop: &Workshop) -> Result<Machines> {
    let company = forecast.target.owner();
    let stock = stock(known, company, known.as_of())?;
    let since = stock.as_ref().map(|stock| stock.date);
    let spent = spent_since(known, &forecast.target, since)?;
    let n_draws = workshop.worlds.n_draws;
    let mut quarters: Vec<(Period, Draws<Usd>)> =
        spent.iter().map(|row| (row.period, Draws::constant(Usd(row.value), n_draws))).collect();
    let answered = forecast.steps.iter().take_while(|step| step.refusal.is_none()).count();
    let draws = forecast.draws(workshop.worlds.seed, n_draws);
    for (step, draws) in forecast.steps.iter().zip(&draws).take(answered) {
        quarters.push((step.period, draws.map(Usd)));
    }
    let date = quarters.last().map(|(period, _)| period.end()).or(since).ok_or_else(|| {
        Error::insufficient(format!(
            "the chain of `{company}` needs purchases or an installed base; neither is known"
        ))
    })?;
    let purchases = if forecast.target.metric().starts_with("capex") {
        Purchases::Capex(quarters, Buyer::of(company))
    } else {
        Purchases::DataCenterRevenue(quarters)
    };
    let input =
        ChainInput { company, purchases, stock: stock.clone(), fleet_use: FleetUse::Owner, date };
    let law = workshop.law_on(date);
    let chain = chain(&input, &workshop.tables, &law as &dyn ScalingLaw, &workshop.worlds)?;
    Ok(Machines { chain, spent, n_forecast: answered, stock })
}

/// Actual spend in periods that began after a day; of the last year if there is no such day.
fn spent_since(
    known: &Snapshot,
    series: &SeriesId,
    since: Option<NaiveDate>,
) -> Result<Vec<Observation>> {
    let mut rows = known.current(series)?;
    rows.retain(|row| since.is_none_or(|day| row.period.start() > day));
    let last_year = rows.len().saturating_sub(4);
    Ok(if since.is_none() { rows.split_off(last_year) } else { rows })
}
