//! The inverse question: which run, fleet and purchase a capability needs by a day, and what stands
//! in the way.
//!
//! May use the core files and other files of `scaling`. Says "infeasible" with the constraint that
//! binds; never answers with the number alone.

use chrono::{Days, NaiveDate};

use super::assumption::Worlds;
use super::chain::ChainTables;
use super::compute::{Running, largest_cluster};
use super::installed::facility_power;
use super::law::{Scale, ScalingLaw};
use super::limits::{Bindings, Buyers, DAYS_PER_QUARTER, Verdict, World};
use super::shipments::Customers;
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::period::Period;
use crate::units::{Flop, H100e, Units, Usd, Watt};

/// Decades of FLOP between which a run is searched; above the last nothing is searched.
const RUNS: (f64, f64) = (10.0, 45.0);
/// Halvings of the searched decades: 35 / 2^50 decades are left.
const HALVINGS: usize = 50;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// The scale.
    pub scale: Scale,
    /// The value, in the scale's unit.
    pub value: f64,
    /// The day by which a model of that capability is to be released.
    pub by: NaiveDate,
}

/// What is taken for granted about fleets, market and buyers.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// Assumptions, prices and mix.
    pub tables: &'a ChainTables,
    /// Who buys.
    pub buyers: &'a Buyers,
    /// The worlds; their origin is the day from which buying begins.
    pub worlds: &'a Worlds,
}

/// What a capability needs by one law. Draws are infinite in worlds where nothing is enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Required {
    /// The law's short name.
    pub law: String,
    /// Its formula.
    pub expression: String,
    /// Training compute of the run.
    pub run: Draws<Flop>,
    /// Fleet whose largest run it is.
    pub fleet: Draws<H100e>,
    /// H100 equivalents still to be bought.
    pub to_buy: Draws<H100e>,
    /// The same in chips of the mix that is sold.
    pub by_chip: Vec<(String, Draws<Units>)>,
    /// What they cost.
    pub spend: Draws<Usd>,
    /// Capex that goes with them: `spend / share`, the share of capex that the buyers spend on
    /// accelerators, as the chain takes it on the way forward.
    pub capex: Draws<Usd>,
    /// Another estimate of the same: facility power x `capex_usd_per_w`.
    pub capex_by_power: Draws<Usd>,
    /// Facility power of what is bought.
    pub power: Draws<Watt>,
    /// Facility power of the run's cluster.
    pub run_power: Draws<Watt>,
    /// Quarters of buying at the pace of the buyers' latest four.
    pub quarters_of_buying: Draws<f64>,
    /// Quarters from the origin to the last day on which chips can be bought in time.
    pub quarters_left: Draws<f64>,
    /// In which share of worlds each constraint binds.
    pub bindings: Bindings,
    /// The verdict.
    pub verdict: Verdict,
    /// What the smallest model of the law's data would reach on the day, at the median.
    pub floor: f64,
    /// The most that the law gives on the day, at the median.
    pub ceiling: f64,
    /// Whether the law speaks outside its data at the median requirement.
    pub extrapolated: bool,
}

/// The run, fleet and purchase that a capability needs, by each law.
///
/// In every world the law's curve is solved for compute by halving; the fleet follows from
/// `F = n · 1.979e15 · MFU₀ φ^log2(n/n₀) · availability · seconds` with `n = fleet · share` and F
/// the run that must be planned before the wall of data movement:
/// `n = n₀ (F / (n₀ · 1.979e15 · MFU₀ · availability · seconds))^(1/(1 + log2 φ))`.
/// The run takes `run_days`, and chips run `deployment_lag_quarters` after they are bought: what is
/// left to buy in is `by − run_days − lag − origin`. What is bought goes to the lab whole.
///
/// - `laws`: short name and law, speaking for models released on `target.by`. The scatter of single
///   models is left out: the answer is for a typical model.
///
/// # Errors
/// [`Error::Invalid`] on a target that is not above 0, a day that is not after the origin, a law of
/// another scale or without compute, or where every law puts the target below its floor or above
/// its ceiling.
pub fn required(
    laws: &[(&str, &dyn ScalingLaw)],
    target: Target,
    means: &Means<'_>,
) -> Result<Vec<Required>> {
    check(target, means.worlds.origin)?;
    let running = Running::sample(&means.tables.assumptions, means.worlds)?;
    let found: Vec<_> = laws
        .iter()
        .map(|(name, law)| by_law(name, *law, target, means, &running))
        .collect::<Result<_>>()?;
    let asked = format!("{} = {}", target.scale.word(), target.value);
    let extremes = |of: fn(&Required) -> f64| {
        let each = found.iter().map(|row| format!("{} {:.1}", row.law, of(row)));
        each.collect::<Vec<_>>().join(", ")
    };
    if found.iter().all(|row| row.verdict == Verdict::BelowFloor) {
        return Err(Error::invalid(format!(
            "{asked} would need no compute worth the name: the smallest model of the data is above it \
             by every law"
        ))
        .hint(format!("ask for more than {}", extremes(|row| row.floor))));
    }
    if found.iter().all(Required::is_unreachable) {
        return Err(Error::invalid(format!(
            "{asked} lies above the ceiling of every law: no amount of compute is enough"
        ))
        .hint(format!(
            "the most at 1e{:.0} FLOP: {}",
            RUNS.1,
            extremes(|row| row.ceiling)
        )));
    }
    Ok(found)
}

impl Required {
    fn is_unreachable(&self) -> bool {
        use super::limits::Constraint::Unreachable;
        self.verdict == Verdict::Infeasible(Unreachable)
    }
}

fn check(target: Target, origin: NaiveDate) -> Result<()> {
    let Target { scale, value, by } = target;
    if !(value.is_finite() && value > 0.0) {
        return Err(Error::invalid(format!(
            "the capability asked for is {} = {value}; needed a number above 0, in {}",
            scale.word(),
            scale.unit()
        )));
    }
    if by <= origin {
        return Err(Error::invalid(format!(
            "a capability by {by} is asked for, which is not after {origin}, the day as of which \
             everything is known"
        ))
        .hint("ask for a later day, or for what was known earlier with `--as-of`"));
    }
    Ok(())
}

fn by_law(
    name: &str,
    law: &dyn ScalingLaw,
    target: Target,
    means: &Means<'_>,
    running: &Running,
) -> Result<Required> {
    let top = Flop(10.0_f64.powf(RUNS.1));
    let rises = law.curve(0, top) - law.curve(0, Flop(10.0_f64.powf(RUNS.0)));
    if rises == 0.0 || law.scale() != target.scale {
        return Err(Error::invalid(format!(
            "no compute can be found for {} = {} by `{}`",
            target.scale.word(),
            target.value,
            law.expression()
        ))
        .hint("ask a law of that scale in which compute plays a part"));
    }
    let n_draws = means.worlds.n_draws;
    let at = |compute: Flop| Draws::from_fn(n_draws, |i| law.curve(i, compute)).median();
    let (floor, ceiling) = (at(*law.domain().start()), at(top));
    let run = runs_for(law, n_draws, target.value);
    let fleet = fleet_for(&run, running)?;
    let bought = purchase(&fleet, target, means)?;
    let timing = Timing::of(target.by, means)?;
    let draws = |name: &str| means.tables.assumptions.draws(name, means.worlds);
    let (each, pue) = (draws("power_w_per_h100e")?, draws("power_usage_effectiveness")?);
    let power = facility_power(&bought.to_buy, &each, &pue)?;
    let run_power = facility_power(&largest_cluster(&fleet, running)?, &each, &pue)?;
    let capex_by_power = power.zip(&draws("capex_usd_per_w")?, |watt, usd| Usd(watt.0 * usd))?;
    let per_quarter = &means.buyers.accelerators_per_quarter;
    let quarters = bought.spend.zip(per_quarter, |needed, pace| needed / pace)?;
    let capex_of_quarter = means.buyers.capex.per_year / 4.0;
    let mut required = Required {
        law: name.to_owned(),
        expression: law.expression(),
        capex: quarters.map(|quarters| Usd(quarters * capex_of_quarter)),
        quarters_of_buying: quarters,
        quarters_left: timing.days_left.map(|days| days / DAYS_PER_QUARTER),
        extrapolated: law.capability(&Draws::constant(Flop(run.median()), 1)).extrapolated,
        run,
        fleet,
        to_buy: bought.to_buy,
        by_chip: bought.by_chip,
        spend: bought.spend,
        capex_by_power,
        power,
        run_power,
        bindings: Bindings::count(std::iter::empty()),
        verdict: Verdict::BelowFloor,
        floor,
        ceiling,
    };
    required.bindings = bindings(&required, &timing, means)?;
    if rises.signum() * (floor - target.value) < 0.0 {
        required.verdict = required.bindings.verdict();
    }
    Ok(required)
}

/// The fleet whose largest run is `run`, world by world; infinite at the limit of data movement and
/// beyond.
///
/// # Errors
/// [`Error::Invalid`] if the samples have different numbers of draws.
pub fn fleet_for(run: &Draws<Flop>, running: &Running) -> Result<Draws<H100e>> {
    let at_reference = running
        .reference_cluster
        .zip(&running.mfu_8bit, |n0, mfu| n0.peak_8bit() * mfu)?
        .zip(&running.availability, |rate, hours| rate * hours)?
        .zip(&running.duration, |rate, duration| rate * duration)?;
    let planned = running.wall.before(run)?;
    let ratio = planned.zip(&at_reference, |run, reference| run / reference)?;
    let growth = ratio
        .zip(&running.efficiency_per_doubling, |ratio, phi| ratio.powf(1.0 / (1.0 + phi.log2())))?;
    let cluster = running.reference_cluster.zip(&growth, |n0, growth| n0 * growth)?;
    cluster.zip(&running.cluster_share, |cluster, share| cluster * (1.0 / share))
}

struct Purchase {
    to_buy: Draws<H100e>,
    by_chip: Vec<(String, Draws<Units>)>,
    spend: Draws<Usd>,
}

/// What is missing of a fleet, at the prices of the middle of the time that is left to buy in.
fn purchase(fleet: &Draws<H100e>, target: Target, means: &Means<'_>) -> Result<Purchase> {
    let to_buy = match &means.buyers.in_use {
        Some(in_use) => fleet.zip(in_use, |need, have| H100e((need - have).0.max(0.0)))?,
        None => fleet.clone(),
    };
    let middle = middle(target.by, means)?;
    let ChainTables { assumptions, market } = means.tables;
    let market = market.sample(Customers::OutsideChina, assumptions, means.worlds)?;
    let price = market.usd_per_h100e(middle)?;
    let spend = to_buy.zip(&price, |to_buy, price| to_buy * price)?;
    // What one dollar buys, times the dollars: no amount may be enough, and then none is shipped.
    let dollar = market.shipment(middle, &spend.map(|_| Usd(1.0)))?;
    let by_chip = dollar
        .by_chip
        .into_iter()
        .map(|part| Ok((part.chip, part.units.zip(&spend, |units, usd| units * usd.0)?)));
    let by_chip = by_chip.collect::<Result<_>>()?;
    Ok(Purchase { to_buy, by_chip, spend })
}

/// The day in the middle of the time that is left to buy in, with lag and run at their medians.
fn middle(by: NaiveDate, means: &Means<'_>) -> Result<Period> {
    let (origin, days) = (means.worlds.origin, Timing::of(by, means)?.days_left.median());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not below 0")]
    let half = Days::new((days.max(0.0) / 2.0) as u64);
    let day = origin.checked_add_days(half).unwrap_or(origin);
    Period::new(day, day)
}

/// How long is left, world by world.
struct Timing {
    days_to_start: Draws<f64>,
    days_left: Draws<f64>,
}

impl Timing {
    fn of(by: NaiveDate, means: &Means<'_>) -> Result<Self> {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 days")]
        let days = (by - means.worlds.origin).num_days() as f64;
        let draws = |name: &str| means.tables.assumptions.draws(name, means.worlds);
        let days_to_start = draws("run_days")?.map(|run| days - run);
        let lag = draws("deployment_lag_quarters")?;
        let days_left = days_to_start.zip(&lag, |days, lag| days - lag * DAYS_PER_QUARTER)?;
        Ok(Self { days_to_start, days_left })
    }
}

/// Counts what binds, world by world.
fn bindings(required: &Required, timing: &Timing, means: &Means<'_>) -> Result<Bindings> {
    let draws = |name: &str| means.tables.assumptions.draws(name, means.worlds);
    let (network, power) = (draws("network_limit_flop")?, draws("training_power_limit_w")?);
    let (sales, spending) =
        (draws("world_supply_growth_per_year")?, draws("capex_growth_per_year")?);
    let (buyers, origin) = (means.buyers, means.worlds.origin);
    let world = |i: usize| {
        let (run, fleet) = (required.run.values()[i].0, required.fleet.values()[i].0);
        let days_left = timing.days_left.values()[i];
        let sold = buyers.world_sales.within(origin, days_left, sales.values()[i]);
        let spent = buyers.capex.within(origin, days_left, spending.values()[i]);
        World {
            reachable: run.is_finite(),
            days_left,
            days_to_start: timing.days_to_start.values()[i],
            carried: fleet.is_finite() && run <= network.values()[i],
            chips: (required.to_buy.values()[i].0, sold),
            power: (required.run_power.values()[i].0, power.values()[i]),
            cash: (required.capex.values()[i].0, spent),
        }
    };
    Ok(Bindings::count((0..means.worlds.n_draws).map(world)))
}

/// The run by which the law's curve meets a score, world by world; infinite where it never does. Each
/// curve is solved once, whatever the number of worlds.
pub(super) fn runs_for(law: &dyn ScalingLaw, n_draws: usize, score: f64) -> Draws<Flop> {
    let curves = law.n_curves().min(n_draws);
    let runs: Vec<_> = (0..curves).map(|draw_idx| solve(law, draw_idx, score)).collect();
    Draws::from_fn(n_draws, |i| runs[i % curves])
}

/// Halves the searched decades until the curve meets the score.
fn solve(law: &dyn ScalingLaw, draw_idx: usize, score: f64) -> Flop {
    let (mut low, mut high) = RUNS;
    let at = |decades: f64| law.curve(draw_idx, Flop(10.0_f64.powf(decades)));
    let direction = (at(high) - at(low)).signum();
    let enough = |decades: f64| direction * (at(decades) - score) >= 0.0;
    if !enough(high) {
        return Flop(f64::INFINITY);
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if enough(middle) { high = middle } else { low = middle }
    }
    Flop(10.0_f64.powf(high))
}

#[cfg(test)]
mod tests {
    use super::super::compute::largest_run;
    use super::super::law::{Form, Law, Sampling, rows};
    use super::super::limits::{Constraint, Pace};
    use super::super::published::PublishedLaws;
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("an ISO date")
    }

    fn worlds() -> Worlds {
        Worlds { seed: 5, origin: day("2026-09-24"), n_draws: 400 }
    }

    /// Buyers rich enough that nothing binds but what a test makes bind.
    fn rich() -> Buyers {
        let pace =
            |per_year| Pace { per_year, centre: day("2026-06-30"), source: "a test".to_owned() };
        Buyers {
            name: "a test".to_owned(),
            in_use: None,
            capex: pace(1e15),
            accelerators_per_quarter: Draws::constant(Usd(1e14), 400),
            world_sales: pace(1e12),
        }
    }

    fn law(form: Form, by: NaiveDate) -> Law {
        let assumptions = ChainTables::bundled().expect("bundled").assumptions;
        let sampling = Sampling { worlds: worlds(), n_bootstraps: 50 };
        let rows = rows(Scale::Eci).expect("bundled");
        Law::fit(Scale::Eci, form, &rows, &assumptions, sampling).expect("80 models").released(by)
    }

    /// Pins assumptions, and asks the used law for `eci` by a day.
    fn ask(eci: f64, by: &str, buyers: &Buyers, pins: &[(&str, f64)]) -> Result<Required> {
        let mut tables = ChainTables::bundled()?;
        for (name, value) in pins {
            tables.assumptions = tables.assumptions.pinned(name, *value)?;
        }
        let by = day(by);
        let law = law(Form::LOG_EFFECTIVE, by);
        let means = Means { tables: &tables, buyers, worlds: &worlds() };
        let target = Target { scale: Scale::Eci, value: eci, by };
        Ok(required(&[("used", &law)], target, &means)?.remove(0))
    }

    const EASY: (&str, f64) = ("training_power_limit_w", 1e15);

    #[test]
    fn what_is_found_does_the_run_and_reaches_the_target_in_every_world() {
        let found = ask(165.0, "2027-12-31", &rich(), &[EASY]).expect("feasible");
        assert_eq!(found.verdict, Verdict::Feasible);
        let tables = ChainTables::bundled().expect("bundled");
        let running = Running::sample(&tables.assumptions, &worlds()).expect("known");
        let forward = largest_run(&found.fleet, &running).expect("400");
        let law = law(Form::LOG_EFFECTIVE, day("2027-12-31"));
        for (i, (run, needed)) in forward.values().iter().zip(found.run.values()).enumerate() {
            assert!((run.0 / needed.0 - 1.0).abs() < 1e-9, "world {i}");
            assert!((law.curve(i, *run) - 165.0).abs() < 1e-6, "world {i}");
        }
        // Chips of the mix count for what is bought, and cost what is spent on them.
        let spend = found.spend.median() / found.to_buy.median();
        assert!((2e3..3e4).contains(&spend), "{spend} dollars an H100 equivalent");
        let ratio = found.quarters_of_buying.median() * 1e14 / found.spend.median();
        assert!((ratio - 1.0).abs() < 1e-9);
        // Four tenths of this buyer's capex go into chips: 1e14 of 1e15 / 4 dollars a quarter.
        assert!((found.capex.median() / found.spend.median() - 2.5).abs() < 1e-9);
    }

    #[test]
    fn what_a_buyer_has_need_not_be_bought() {
        let without = ask(165.0, "2027-12-31", &rich(), &[EASY]).expect("feasible");
        let have = 0.25 * without.fleet.median();
        let owner = Buyers { in_use: Some(Draws::constant(H100e(have), 400)), ..rich() };
        let with = ask(165.0, "2027-12-31", &owner, &[EASY]).expect("feasible");
        let pairs = without.to_buy.values().iter().zip(with.to_buy.values());
        assert!(
            pairs.into_iter().all(|(all, rest)| (rest.0 - (all.0 - have).max(0.0)).abs() < 1.0)
        );
        assert_eq!(with.fleet, without.fleet);
    }

    #[test]
    fn each_constraint_is_named_when_it_is_the_one_that_binds() {
        let binds = |eci, by, buyers: &Buyers, pins: &[(&str, f64)]| {
            let found = ask(eci, by, buyers, pins).expect("some law answers");
            (found.verdict, found.bindings)
        };
        let poor = |capex: f64, sales: f64| {
            let mut buyers = rich();
            (buyers.capex.per_year, buyers.world_sales.per_year) = (capex, sales);
            buyers.accelerators_per_quarter = Draws::constant(Usd(0.4 * capex / 4.0), 400);
            buyers
        };
        let by = "2027-12-31";
        let cases = [
            // A hundred days of training do not fit into sixty.
            (Constraint::Time, 165.0, "2026-11-23", rich(), vec![EASY]),
            (Constraint::Network, 165.0, by, rich(), vec![EASY, ("network_limit_flop", 1e22)]),
            (Constraint::Chips, 165.0, by, poor(1e15, 10.0), vec![EASY]),
            (Constraint::Power, 165.0, by, rich(), vec![("training_power_limit_w", 1e3)]),
            (Constraint::Cash, 165.0, by, poor(10.0, 1e12), vec![EASY]),
        ];
        for (needed, eci, by, buyers, pins) in cases {
            let (verdict, bindings) = binds(eci, by, &buyers, &pins);
            assert_eq!(verdict, Verdict::Infeasible(needed), "{bindings:?}");
            let others = bindings.shares.iter().filter(|(c, _)| *c != needed);
            assert!(others.into_iter().all(|(_, share)| *share < 0.05), "{bindings:?}");
        }
    }

    #[test]
    fn chips_that_come_a_quarter_late_leave_a_quarter_less() {
        let left = |lag| {
            let pins = [EASY, ("run_days", 100.0), ("deployment_lag_quarters", lag)];
            ask(165.0, "2027-12-31", &rich(), &pins).expect("feasible").quarters_left.median()
        };
        // 2026-09-24 to 2027-12-31 are 463 days; 363 are left before the run, 3.976 quarters.
        assert!((left(1.0) - 2.976).abs() < 1e-3 && (left(2.0) - 1.976).abs() < 1e-3);
    }

    #[test]
    fn a_loss_below_the_floor_of_the_law_is_above_every_amount_of_compute() {
        let laws = PublishedLaws::bundled().expect("bundled");
        let law = laws.chinchilla("besiroglu").expect("published");
        let tables = ChainTables::bundled().expect("bundled");
        let means = Means { tables: &tables, buyers: &rich(), worlds: &worlds() };
        let ask = |value| {
            let target = Target { scale: Scale::Loss, value, by: day("2027-12-31") };
            required(&[("chinchilla", law as &dyn ScalingLaw)], target, &means)
        };
        let error = ask(1.8).expect_err("entropy of text is higher");
        assert_eq!(
            error.to_string(),
            "loss = 1.8 lies above the ceiling of every law: no amount of compute is enough"
        );
        let static_line = super::tests::law(Form::LINEAR, day("2027-12-31"));
        let both: [(&str, &dyn ScalingLaw); 1] = [("linear", &static_line)];
        let target = Target { scale: Scale::Loss, value: 2.0, by: day("2027-12-31") };
        assert!(required(&both, target, &means).is_err(), "a law of another scale");
        assert!(ask(2.0).is_ok());
    }

    #[test]
    fn impossible_questions_are_refused_in_words() {
        let said = |eci, by| ask(eci, by, &rich(), &[]).expect_err("impossible").to_string();
        assert_eq!(
            said(-5.0, "2027-12-31"),
            "the capability asked for is eci = -5; needed a number above 0, in index"
        );
        assert!(said(f64::NAN, "2027-12-31").contains("eci = NaN"));
        assert_eq!(
            said(160.0, "2026-09-24"),
            "a capability by 2026-09-24 is asked for, which is not after 2026-09-24, the day as of \
             which everything is known"
        );
        assert!(said(1.0, "2027-12-31").starts_with("eci = 1 would need no compute"));
        assert!(said(1e6, "2027-12-31").contains("above the ceiling of every law"));
    }
}
