//! The whole chain: purchases of a company to the capability they buy, every step on record.
//!
//! May use the core files and the other files of `scaling`. The same index is the same world from
//! the first step to the last. Never rounds and never drops a step from the trace.

use chrono::NaiveDate;

use super::assumption::{Assumptions, Worlds};
use super::compute::{
    NetworkCheck, Running, fleet_year, largest_cluster, largest_run, network_check,
};
use super::count::{Counts, counted};
use super::installed::{Lifetime, StockEstimate, facility_power, installed};
use super::law::{Capability, Law, ScalingLaw};
use super::shipments::{Buyer, Customers, Market, SampledMarket, Shipment, accelerator_spend};
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::period::Period;
use crate::units::{Flop, FlopPerYear, H100e, Usd, Watt};

/// How purchases follow from their quarters.
const SUMMED: &str = "sum of the quarters";
/// Source of a step until its giver names one.
const GIVEN: &str = "given";

/// What is known or forecast about a company's purchases, by quarter.
#[derive(Debug, Clone, PartialEq)]
pub enum Purchases {
    /// H100 equivalents themselves.
    H100e(Vec<(Period, Draws<H100e>)>),
    /// Chips by name, how many of each.
    Units(Vec<(Period, Counts)>),
    /// Dollars for accelerators.
    Accelerators(Vec<(Period, Draws<Usd>)>),
    /// Cash capex, of which the buyer's kind spends a share on accelerators.
    Capex(Vec<(Period, Draws<Usd>)>, Buyer),
    /// A merchant's data-center revenue, of which a share is compute; the buyers are the world.
    DataCenterRevenue(Vec<(Period, Draws<Usd>)>),
}

/// Who uses the installed base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetUse {
    /// It is a lab's own compute in use.
    Lab,
    /// It is an owner's fleet, of which one lab uses a share.
    Owner,
}

/// What the chain starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainInput<'a> {
    /// The company, by the first part of its series' ids.
    pub company: &'a str,
    /// Its purchases.
    pub purchases: Purchases,
    /// What it had installed before, if an estimate is known.
    pub stock: Option<StockEstimate>,
    /// Whether that is owned or used.
    pub fleet_use: FleetUse,
    /// The day on which the fleet is counted and its largest run ends.
    pub date: NaiveDate,
}

/// Tables and assumptions that the chain reads.
#[derive(Debug, Clone)]
pub struct ChainTables {
    /// Assumptions.
    pub assumptions: Assumptions,
    /// Prices and mix of chips.
    pub market: Market,
}

impl ChainTables {
    /// Those that come with the program.
    ///
    /// # Errors
    /// [`Error::Parse`] or [`Error::Invalid`] if a bundled file is broken.
    pub fn bundled() -> Result<Self> {
        Ok(Self { assumptions: Assumptions::bundled()?, market: Market::bundled()? })
    }
}

/// What kind of statement a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// Reported or announced.
    Fact,
    /// Somebody's estimate, or a forecast.
    Estimate,
    /// Taken for granted, from `models/assumptions.toml`.
    Assumption,
    /// Computed from the steps above.
    Model,
}

impl StepKind {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Estimate => "estimate",
            Self::Assumption => "assumption",
            Self::Model => "model",
        }
    }
}

/// One step of the trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it is, in one word or two.
    pub name: String,
    /// What kind of statement.
    pub kind: StepKind,
    /// How it follows from the steps above.
    pub expression: String,
    /// Unit of the three numbers.
    pub unit: String,
    /// 5 % quantile.
    pub p05: f64,
    /// Median.
    pub p50: f64,
    /// 95 % quantile.
    pub p95: f64,
    /// Where it comes from.
    pub source: String,
}

impl Step {
    /// What a law makes of a run.
    fn of_capability(name: &str, law: &dyn ScalingLaw, capability: &Capability) -> Self {
        let quantiles = capability.draws.quantiles(&[0.05, 0.5, 0.95]);
        Self {
            name: name.to_owned(),
            kind: StepKind::Model,
            expression: law.expression(),
            unit: capability.scale.unit().to_owned(),
            p05: quantiles[0],
            p50: quantiles[1],
            p95: quantiles[2],
            source: law.citation().to_owned(),
        }
    }
}

/// From purchases to capability.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The company.
    pub company: String,
    /// The day for which the stock speaks.
    pub date: NaiveDate,
    /// Every step, in order.
    pub steps: Vec<Step>,
    /// Each quarter's purchases by chip; empty if purchases came in units or H100 equivalents.
    pub shipments: Vec<Shipment>,
    /// Each quarter's purchases.
    pub purchases: Vec<(Period, Draws<H100e>)>,
    /// What runs on the day.
    pub installed: Draws<H100e>,
    /// Its power, facility side.
    pub power: Draws<Watt>,
    /// What the fleet does in a year.
    pub fleet_year: Draws<FlopPerYear>,
    /// Its largest training run.
    pub run: Draws<Flop>,
    /// How near the run comes to the limits of networks.
    pub network: NetworkCheck,
    /// What the run buys.
    pub capability: Capability,
    /// What a reader must know: extrapolation, carried prices, limits.
    pub warnings: Vec<String>,
}

impl Chain {
    /// The same chain with what its run would score by another law.
    #[must_use]
    pub fn reading(mut self, law: &Law) -> Self {
        let name = format!("capability on {}", law.scale().name());
        self.steps.push(Step::of_capability(&name, law, &law.capability(&self.run)));
        self
    }

    /// The same chain, its purchases with the source that they were taken from.
    #[must_use]
    pub fn citing(mut self, source: &str) -> Self {
        for step in self.steps.iter_mut().filter(|step| step.source == GIVEN) {
            source.clone_into(&mut step.source);
        }
        self
    }
}

/// Purchases to capability, world by world.
///
/// spend → units by chip → H100 equivalents → installed on the day → one lab's share → largest
/// cluster → training compute → capability by `law`. Samples in `input` must have `worlds.n_draws`
/// draws; every assumption is drawn once and used by all steps.
///
/// # Errors
/// [`Error::Insufficient`] without purchases and stock, or before the first price;
/// [`Error::Invalid`] if a sample has another number of draws or the stock is dated after the day.
///
/// # Examples
/// ```
/// use chipcast::draws::Draws;
/// use chipcast::period::Period;
/// use chipcast::scaling::assumption::Worlds;
/// use chipcast::scaling::chain::{ChainInput, ChainTables, FleetUse, Purchases, chain};
/// use chipcast::scaling::law::{Form, Law, Sampling, Scale, rows};
/// use chipcast::scaling::shipments::Buyer;
/// use chipcast::units::Usd;
///
/// # fn main() -> chipcast::Result<()> {
/// let day = |text: &str| text.parse::<chrono::NaiveDate>().expect("a date");
/// let worlds = Worlds { seed: 1, origin: day("2026-01-31"), n_draws: 1000 };
/// let tables = ChainTables::bundled()?;
/// let sampling = Sampling { worlds, n_bootstraps: 100 };
/// let models = rows(Scale::Eci)?;
/// let law =
///     Law::fit(Scale::Eci, Form::LOG_EFFECTIVE, &models, &tables.assumptions, sampling)?;
/// let quarter = Period::new(day("2026-01-01"), day("2026-03-31"))?;
/// let capex = Draws::constant(Usd(30e9), worlds.n_draws);
/// let input = ChainInput {
///     company: "msft",
///     purchases: Purchases::Capex(vec![(quarter, capex)], Buyer::of("msft")),
///     stock: None,
///     fleet_use: FleetUse::Owner,
///     date: day("2026-12-31"),
/// };
/// let found = chain(&input, &tables, &law.released(input.date), &worlds)?;
/// assert!(found.capability.draws.median() > 100.0);
/// # Ok(())
/// # }
/// ```
pub fn chain(
    input: &ChainInput<'_>,
    tables: &ChainTables,
    law: &dyn ScalingLaw,
    worlds: &Worlds,
) -> Result<Chain> {
    let mut trace = Trace { steps: Vec::new(), assumptions: &tables.assumptions, worlds };
    let bought = buy(input, tables, worlds, &mut trace)?;
    let installed = install(input, &bought, &mut trace)?;
    let power = trace.power(&installed)?;
    let fleet = match input.fleet_use {
        FleetUse::Lab => installed.clone(),
        FleetUse::Owner => {
            let share = trace.assume("lab_share_of_fleet")?;
            let used = installed.zip(&share, |fleet, share| fleet * share)?;
            trace.model("compute in use by one lab", "installed x lab share", "h100e", &used);
            used
        }
    };
    let running = trace.running()?;
    let cluster = largest_cluster(&fleet, &running)?;
    trace.model("largest cluster", "fleet x cluster share", "h100e", &cluster);
    let mfu = running.mfu_of(&cluster)?;
    trace.model("MFU of it", "MFU0 x phi^log2(n / n0), at most 1", "ratio", &mfu);
    let year = fleet_year(&fleet, &running)?;
    let expression = "fleet x 1.979e15 x MFU0 x availability x one year";
    trace.model("fleet's year", expression, "FLOP/year", &year);
    let run = largest_run(&fleet, &running)?;
    let expression = "n x 1.979e15 x MFU(n) x availability x seconds, less the wall of the network";
    trace.model("largest training run", expression, "FLOP", &run);
    let network = network_check(&run, &running.wall)?;
    let capability = law.capability(&run);
    trace.steps.push(Step::of_capability("capability", law, &capability));
    Ok(Chain {
        company: input.company.to_owned(),
        date: input.date,
        warnings: warnings(&bought.shipments, &capability, network, law),
        steps: trace.steps,
        shipments: bought.shipments,
        purchases: bought.purchases,
        installed,
        power,
        fleet_year: year,
        run,
        network,
        capability,
    })
}

struct Bought {
    shipments: Vec<Shipment>,
    purchases: Vec<(Period, Draws<H100e>)>,
}

/// Purchases in whatever form they came, as H100 equivalents.
fn buy(
    input: &ChainInput<'_>,
    tables: &ChainTables,
    worlds: &Worlds,
    trace: &mut Trace<'_>,
) -> Result<Bought> {
    let sample = |customers| tables.market.sample(customers, &tables.assumptions, worlds);
    match &input.purchases {
        Purchases::H100e(quarters) => {
            trace.sum("purchases", SUMMED, "h100e", StepKind::Estimate, quarters)?;
            Ok(Bought { shipments: Vec::new(), purchases: quarters.clone() })
        }
        Purchases::Units(quarters) => count(quarters, tables, worlds, trace),
        Purchases::Accelerators(quarters) => {
            trace.sum("spend on accelerators", SUMMED, "USD", StepKind::Estimate, quarters)?;
            ship(quarters, &sample(Customers::OutsideChina)?, trace)
        }
        Purchases::Capex(quarters, buyer) => {
            trace.sum("cash capex", SUMMED, "USD", StepKind::Estimate, quarters)?;
            let share = trace.assume(buyer.assumption())?;
            let spend = part_of(quarters, &share)?;
            let expression = "cash capex x accelerator share";
            trace.sum("spend on accelerators", expression, "USD", StepKind::Model, &spend)?;
            ship(&spend, &sample(Customers::OutsideChina)?, trace)
        }
        Purchases::DataCenterRevenue(quarters) => {
            trace.sum("data-center revenue", SUMMED, "USD", StepKind::Estimate, quarters)?;
            let share = trace.assume("compute_share_of_data_center_revenue")?;
            let spend = part_of(quarters, &share)?;
            let expression = "data-center revenue x compute share";
            trace.sum("spend on accelerators", expression, "USD", StepKind::Model, &spend)?;
            ship(&spend, &sample(Customers::World)?, trace)
        }
    }
}

/// Counted chips as H100 equivalents.
fn count(
    quarters: &[(Period, Counts)],
    tables: &ChainTables,
    worlds: &Worlds,
    trace: &mut Trace<'_>,
) -> Result<Bought> {
    let (mut chips, mut purchases) = (Vec::new(), Vec::new());
    for (period, units) in quarters {
        let mut total = Draws::constant(H100e(0.0), worlds.n_draws);
        for (_, h100e) in counted(units, &tables.assumptions, worlds)? {
            total = total.zip(&h100e, |sum, part| sum + part)?;
        }
        chips.extend(units.iter().map(|(_, units)| (*period, units.clone())));
        purchases.push((*period, total));
    }
    trace.sum("chips bought", "given by chip", "unit", StepKind::Estimate, &chips)?;
    let expression = "sum over chips of units x h100e a chip";
    trace.sum("purchases", expression, "h100e", StepKind::Model, &purchases)?;
    Ok(Bought { shipments: Vec::new(), purchases })
}

fn part_of(
    quarters: &[(Period, Draws<Usd>)],
    share: &Draws<f64>,
) -> Result<Vec<(Period, Draws<Usd>)>> {
    quarters.iter().map(|(period, usd)| Ok((*period, accelerator_spend(usd, share)?))).collect()
}

fn ship(
    quarters: &[(Period, Draws<Usd>)],
    market: &SampledMarket<'_>,
    trace: &mut Trace<'_>,
) -> Result<Bought> {
    let shipments: Vec<_> = quarters
        .iter()
        .map(|(period, spend)| market.shipment(*period, spend))
        .collect::<Result<_>>()?;
    let purchases: Vec<_> =
        shipments.iter().map(|shipment| (shipment.period, shipment.total.clone())).collect();
    if let Some((last, _)) = quarters.last() {
        let price = market.usd_per_h100e(*last)?;
        let expression = format!("price of the mix of chips in {last}");
        trace.step("price of an h100e", StepKind::Assumption, &expression, "USD/h100e", &price);
        trace.source(
            "Epoch AI, ai-chip-counts (2026-04), prices and mix (datasets/chip_prices.csv, \
             chip_mix.csv); price_per_h100e_change_per_year and chip_mix_spread in \
             models/assumptions.toml",
        );
    }
    let expression = "sum over chips of spend x share / price x h100e a chip";
    trace.sum("purchases", expression, "h100e", StepKind::Model, &purchases)?;
    Ok(Bought { shipments, purchases })
}

/// What runs on the day.
fn install(input: &ChainInput<'_>, bought: &Bought, trace: &mut Trace<'_>) -> Result<Draws<H100e>> {
    let start = match &input.stock {
        Some(stock) if stock.date > input.date => {
            return Err(Error::invalid(format!(
                "installed base of `{}` is dated {}, after the day asked for, {}",
                input.company, stock.date, input.date
            )));
        }
        Some(stock) => {
            let draws = stock.draws(input.company, trace.worlds)?;
            let expression = format!("estimate of {}", stock.date);
            trace.step("installed before", StepKind::Estimate, &expression, "h100e", &draws);
            trace.source(&stock.source);
            Some((stock.date, draws))
        }
        None => None,
    };
    if start.is_none() && bought.purchases.is_empty() {
        return Err(Error::insufficient(format!(
            "the chain of `{}` needs purchases or an installed base; neither is known",
            input.company
        )));
    }
    for name in ["deployment_lag_quarters", "service_life_years"] {
        trace.assume(name)?;
    }
    let lifetime = Lifetime::sample(trace.assumptions, trace.worlds)?;
    let start = start.as_ref().map(|(date, draws)| (*date, draws));
    let stock = installed(input.date, &bought.purchases, start, &lifetime)?;
    let expression = format!("purchases deployed and not retired on {}", input.date);
    trace.step("installed", StepKind::Model, &expression, "h100e", &stock);
    Ok(stock)
}

fn warnings(
    shipments: &[Shipment],
    capability: &Capability,
    network: NetworkCheck,
    law: &dyn ScalingLaw,
) -> Vec<String> {
    let mut found = Vec::new();
    let carried = shipments.iter().find(|s| {
        use chrono::Datelike;
        s.period.end().year() > s.price_year
    });
    if let Some(shipment) = carried {
        found.push(format!(
            "prices of chips are known to {} and the mix from {}; both are carried to {}",
            shipment.price_year, shipment.mix_from, shipment.period
        ));
    }
    if capability.extrapolated {
        let domain = law.domain();
        found.push(format!(
            "the law is extrapolated: its data span {:.1e} to {:.1e} FLOP; {:.0} % of worlds lie \
             outside",
            domain.start().0,
            domain.end().0,
            100.0 * capability.share_outside
        ));
    }
    if network.share_beyond_knee > 0.05 {
        found.push(format!(
            "{:.0} % of worlds lie beyond the knee of data movement, {:.0} % beyond its limit",
            100.0 * network.share_beyond_knee,
            100.0 * network.share_infeasible
        ));
    }
    found
}

/// The steps so far, and what new ones are drawn from.
struct Trace<'a> {
    steps: Vec<Step>,
    assumptions: &'a Assumptions,
    worlds: &'a Worlds,
}

impl Trace<'_> {
    fn step<T: Copy + Into<f64>>(
        &mut self,
        name: &str,
        kind: StepKind,
        expression: &str,
        unit: &str,
        draws: &Draws<T>,
    ) {
        let quantiles = draws.quantiles(&[0.05, 0.5, 0.95]);
        self.steps.push(Step {
            name: name.to_owned(),
            kind,
            expression: expression.to_owned(),
            unit: unit.to_owned(),
            p05: quantiles[0],
            p50: quantiles[1],
            p95: quantiles[2],
            source: match kind {
                StepKind::Model => "computed from the steps above".to_owned(),
                _ => GIVEN.to_owned(),
            },
        });
    }

    /// Names the source of the last step.
    fn source(&mut self, source: &str) {
        if let Some(step) = self.steps.last_mut() {
            source.clone_into(&mut step.source);
        }
    }

    fn model<T: Copy + Into<f64>>(
        &mut self,
        name: &str,
        expression: &str,
        unit: &str,
        draws: &Draws<T>,
    ) {
        self.step(name, StepKind::Model, expression, unit, draws);
    }

    /// Draws an assumption and records it.
    fn assume(&mut self, name: &str) -> Result<Draws<f64>> {
        let assumption = self.assumptions.get(name)?;
        let draws = assumption.draws(name, self.worlds);
        let words = name.replace('_', " ");
        self.step(&words, StepKind::Assumption, name, &assumption.unit, &draws);
        self.source(&format!("{} ({})", assumption.source, assumption.dated));
        Ok(draws)
    }

    /// Records the sum over quarters.
    fn sum<T>(
        &mut self,
        name: &str,
        expression: &str,
        unit: &str,
        kind: StepKind,
        quarters: &[(Period, Draws<T>)],
    ) -> Result<()>
    where
        T: Copy + Into<f64> + std::ops::Add<Output = T>,
    {
        let Some(((first, draws), rest)) = quarters.split_first() else { return Ok(()) };
        let mut total = draws.clone();
        for (_, draws) in rest {
            total = total.zip(draws, |sum, next| sum + next)?;
        }
        let last = rest.last().map_or(first, |(period, _)| period);
        let expression = format!("{expression}; {} to {}", first.start(), last.end());
        self.step(name, kind, &expression, unit, &total);
        Ok(())
    }

    fn power(&mut self, installed: &Draws<H100e>) -> Result<Draws<Watt>> {
        let each = self.assume("power_w_per_h100e")?;
        let pue = self.assume("power_usage_effectiveness")?;
        let power = facility_power(installed, &each, &pue)?;
        self.model("facility power", "installed x W a h100e x PUE", "W", &power);
        Ok(power)
    }

    fn running(&mut self) -> Result<Running> {
        Ok(Running {
            cluster_share: self.assume("cluster_share")?,
            mfu_8bit: self.assume("mfu_8bit")?,
            availability: self.assume("availability")?,
            reference_cluster: self.assume("reference_cluster_h100e")?.map(H100e),
            efficiency_per_doubling: self.assume("efficiency_per_doubling")?,
            duration: self.assume("run_days")?.map(crate::units::Seconds::from_days),
            wall: super::compute::Wall {
                knee: self.assume("network_knee_flop")?.map(Flop),
                limit: self.assume("network_limit_flop")?.map(Flop),
            },
        })
    }
}
