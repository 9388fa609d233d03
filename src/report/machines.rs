//! From a company's forecast spend to its machines and what they can train: forecast meets scaling.
//!
//! May use the core, `forecast`, `scaling` and `format`. Counts what was bought since the last
//! estimate of the installed base, adds the quarters that the forecast answers for, and leaves
//! refused quarters out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::NaiveDate;

use crate::archive::Snapshot;
use crate::draws::{DEFAULT_N_DRAWS, Draws};
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::forecast::run_record::Bought;
use crate::observation::Observation;
use crate::period::Period;
use crate::report::format;
use crate::scaling::assumption::{Assumptions, Worlds};
use crate::scaling::chain::{Chain, ChainInput, ChainTables, FleetUse, Purchases, chain};
use crate::scaling::estimates::stock;
use crate::scaling::installed::StockEstimate;
use crate::scaling::law::{
    self, CapabilityRow, Form, Law, Sampling, Scale, ScalingLaw, SideBySide, rows, side_by_side,
};
use crate::scaling::meaning::{Likeness, likeness, other_laws};
use crate::scaling::shipments::{Buyer, Customers};
use crate::series::SeriesId;
use crate::units::{H100e, Usd, UsdPerH100e};

/// Resamples of the capability rows.
pub const N_BOOTSTRAPS: usize = 200;

/// Laws, tables and worlds that every company shares in a run.
#[derive(Clone)]
pub struct Workshop {
    /// Prices, mix and assumptions.
    pub tables: ChainTables,
    /// The law that is used: the best of those side by side.
    pub law: Law,
    /// The seed law `y = c ln(X/X0 + 1)`, always shown.
    pub seed_law: Law,
    /// All forms, out of sample.
    pub laws: SideBySide,
    /// The models to which the laws were fitted.
    pub models: Vec<CapabilityRow>,
    /// The worlds in which everything is drawn.
    pub worlds: Worlds,
    /// The laws of the index that were fitted: the same fit is not made twice.
    pub fitted: Fitted,
    /// The laws that read a run on other scales, once they are asked for.
    pub others: OnceLock<Vec<Law>>,
}

/// Fitted laws by form and by the rate of progress, all that a fit reads of the assumptions; shared by
/// copies of a workshop.
#[derive(Clone, Default)]
pub struct Fitted(Arc<Mutex<BTreeMap<(String, u64), Law>>>);

impl Fitted {
    /// The law of a key, made by `fit` if it is asked for the first time.
    fn law(&self, key: (String, u64), fit: impl FnOnce() -> Result<Law>) -> Result<Law> {
        let held = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(law) = held().get(&key) {
            return Ok(law.clone());
        }
        // Not under the lock: a fit works in several threads, one of which may ask here.
        let law = fit()?;
        held().insert(key, law.clone());
        Ok(law)
    }
}

/// A company's chain and where its purchases came from.
pub struct Machines {
    /// Every step.
    pub chain: Chain,
    /// What its largest run is like.
    pub likeness: Likeness,
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

    /// What the next quarter of spend buys and what the fleet then is, as a row of a run's record.
    pub fn bought(&self) -> Option<Bought> {
        let (period, purchase) = self.next_purchase()?;
        let quantiles = purchase.quantiles(&[0.1, 0.5, 0.9]);
        let (chain, has_fleet) = (&self.chain, self.stock.is_some());
        Some(Bought {
            company: chain.company.clone(),
            target_end_date: period.end(),
            purchases_h100e: quantiles[1],
            lower_80: quantiles[0],
            upper_80: quantiles[2],
            fleet_date: chain.date,
            installed_h100e: Some(chain.installed.median()).filter(|_| has_fleet),
            largest_run_flop: Some(chain.run.median()).filter(|_| has_fleet),
            capability_eci: Some(chain.capability.draws.median()).filter(|_| has_fleet),
        })
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
        let fitted = Fitted::default();
        let fit = |form| fitted_law(&fitted, form, &models, &tables.assumptions, sampling);
        let laws = side_by_side(Scale::Eci, &models, &tables.assumptions)?;
        let (law, seed_law) = (fit(laws.best())?, fit(Form::LOG)?);
        let others = OnceLock::new();
        Ok(Self { tables, law, seed_law, laws, models, worlds, fitted, others })
    }

    /// The laws that read a run on other scales, fitted when they are first asked for.
    ///
    /// # Errors
    /// As [`other_laws`].
    pub fn other_laws(&self) -> Result<&[Law]> {
        if let Some(others) = self.others.get() {
            return Ok(others);
        }
        let sampling = Sampling { worlds: self.worlds, n_bootstraps: N_BOOTSTRAPS };
        let others = other_laws(&self.tables.assumptions, sampling)?;
        Ok(self.others.get_or_init(|| others))
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

    /// Another form, fitted like the law that is used.
    ///
    /// # Errors
    /// As [`Law::fit`].
    pub fn fit(&self, form: Form, assumptions: &Assumptions) -> Result<Law> {
        let sampling = Sampling { worlds: self.worlds, n_bootstraps: N_BOOTSTRAPS };
        fitted_law(&self.fitted, form, &self.models, assumptions, sampling)
    }

    /// The law as it speaks for models released on a day, fitted under other assumptions.
    ///
    /// # Errors
    /// As [`Law::fit`].
    pub fn law_under(&self, assumptions: &Assumptions, date: NaiveDate) -> Result<Law> {
        Ok(self.fit(self.law.best().form(), assumptions)?.released(date))
    }

    /// The law as it speaks for models released on a day.
    pub fn law_on(&self, date: NaiveDate) -> Law {
        self.law.clone().released(date)
    }
}

/// A law of the index, fitted once for each form and rate of progress.
fn fitted_law(
    fitted: &Fitted,
    form: Form,
    models: &[CapabilityRow],
    assumptions: &Assumptions,
    sampling: Sampling,
) -> Result<Law> {
    let key = (form.word(), law::progress(assumptions)?.to_bits());
    fitted.law(key, || Law::fit(Scale::Eci, form, models, assumptions, sampling))
}

/// What a company's chain starts from: what it has, what it spent since, what it is forecast to spend.
pub struct Supply<'a> {
    /// Purchases and stock; the chain ends with the last quarter.
    pub input: ChainInput<'a>,
    /// Actual spend since the estimate of the installed base.
    pub spent: Vec<Observation>,
    /// Forecast quarters that went in.
    pub n_forecast: usize,
    /// Where the purchases come from, in words.
    pub source: String,
}

/// Runs the chain for a company from its forecast spend.
///
/// # Errors
/// [`Error::Insufficient`] if neither an installed base nor a purchase is known.
pub fn machines(known: &Snapshot, forecast: &Forecast, workshop: &Workshop) -> Result<Machines> {
    let supply = supply(known, &forecast.target, Some(forecast), &workshop.worlds)?;
    let law = workshop.law_on(supply.input.date);
    let chain = chain(&supply.input, &workshop.tables, &law as &dyn ScalingLaw, &workshop.worlds)?;
    let Supply { input, spent, n_forecast, source } = supply;
    let likeness = likeness(&law, &chain.run, &chain.capability, &workshop.models)?;
    let mut chain = chain.citing(&source);
    for other in workshop.other_laws()? {
        let other = other.clone().released(chain.date);
        chain = chain.reading(&other);
    }
    Ok(Machines { chain, likeness, spent, n_forecast, stock: input.stock })
}

/// What the chain of a series' owner starts from, with or without a forecast of the series.
///
/// # Errors
/// [`Error::Insufficient`] if neither an installed base nor a purchase is known.
pub fn supply<'a>(
    known: &Snapshot,
    target: &'a SeriesId,
    forecast: Option<&Forecast>,
    worlds: &Worlds,
) -> Result<Supply<'a>> {
    let company = target.owner();
    let stock = stock(known, company, known.as_of())?;
    let since = stock.as_ref().map(|stock| stock.date);
    let spent = spent_since(known, target, since)?;
    let n_draws = worlds.n_draws;
    let mut quarters: Vec<(Period, Draws<Usd>)> =
        spent.iter().map(|row| (row.period, Draws::constant(Usd(row.value), n_draws))).collect();
    if let Some(forecast) = forecast {
        let answered = forecast.steps.iter().take_while(|step| step.refusal.is_none());
        let draws = forecast.draws(worlds.seed, n_draws);
        quarters.extend(answered.zip(&draws).map(|(step, usd)| (step.period, usd.map(Usd))));
    }
    let date = quarters.last().map(|(period, _)| period.end()).or(since).ok_or_else(|| {
        Error::insufficient(format!(
            "the chain of `{company}` needs purchases or an installed base; neither is known"
        ))
    })?;
    let n_forecast = quarters.len() - spent.len();
    let source = sources_of(target, &spent, forecast.filter(|_| n_forecast > 0));
    let purchases = if target.metric().starts_with("capex") {
        Purchases::Capex(quarters, Buyer::of(company))
    } else {
        Purchases::DataCenterRevenue(quarters)
    };
    let input = ChainInput { company, purchases, stock, fleet_use: FleetUse::Owner, date };
    Ok(Supply { input, spent, n_forecast, source })
}

/// Series, filings, model and day behind a company's spend.
fn sources_of(target: &SeriesId, spent: &[Observation], forecast: Option<&Forecast>) -> String {
    let mut words = format!("`{target}`");
    if let (Some(first), Some(last)) = (spent.first(), spent.last()) {
        let quarters = format::count(spent.len(), "quarter");
        let days = format!("{} to {}", first.period.start(), last.period.end());
        let filed = format!("{}, {}, public {}", last.source, last.locator, last.vintage);
        words.push_str(&format!("; reported: {quarters} of {days}, the last from {filed}"));
    }
    if let Some(forecast) = forecast {
        let (model, used) = (&forecast.model, &forecast.model_used);
        let origin = forecast.origin;
        words.push_str(&format!("; then forecast by `{model}` ({used}) as of {origin}"));
    }
    words
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
