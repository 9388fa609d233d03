//! The inverse question: which run, fleet and purchase a capability needs.
//!
//! May use the core files, `compute`, `installed`, `law` and `assumption`. Says "infeasible" where
//! today's networks cannot do the run; never answers with the number alone.

use super::assumption::{Assumptions, Worlds};
use super::compute::{NetworkCheck, Running, Wall, network_check};
use super::installed::facility_power;
use super::law::{Scale, ScalingLaw};
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::units::{Flop, H100e, Usd, UsdPerH100e};

/// Decades of FLOP between which a run is searched; above the last nothing is searched.
const SEARCHED: (f64, f64) = (10.0, 45.0);
/// Halvings of the searched decades: 35 / 2^50 decades are left.
const HALVINGS: usize = 50;

/// Whether a requirement can be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feasibility {
    /// In most worlds today's networks can do the run.
    Feasible,
    /// In most worlds the run lies beyond what today's networks can do.
    Infeasible,
    /// In most worlds no amount of compute is enough by this law.
    Unreachable,
}

/// What a capability needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Required {
    /// The scale of the target.
    pub scale: Scale,
    /// The target, in the scale's unit.
    pub target: f64,
    /// Training compute of the run; 1e45 where no amount is enough.
    pub run: Draws<Flop>,
    /// Fleet whose largest run it is.
    pub fleet: Draws<H100e>,
    /// H100 equivalents still to be bought.
    pub to_buy: Draws<H100e>,
    /// What they cost.
    pub spend: Draws<Usd>,
    /// What they cost with buildings, power and network: facility power x `capex_usd_per_w`.
    pub capex: Draws<Usd>,
    /// Run, fleet and spend with every assumption at its median.
    pub at_medians: (Flop, H100e, Usd),
    /// How near the run comes to the limits of networks.
    pub network: NetworkCheck,
    /// Share of worlds in which no amount of compute is enough.
    pub share_unreachable: f64,
    /// The verdict.
    pub feasibility: Feasibility,
    /// Whether the law speaks outside its data at the median requirement.
    pub extrapolated: bool,
}

/// What is taken for granted about fleet and market.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// All assumptions.
    pub assumptions: &'a Assumptions,
    /// How fleets are run, drawn.
    pub running: &'a Running,
    /// Price of an H100 equivalent, drawn.
    pub price: &'a Draws<UsdPerH100e>,
    /// What is installed already; nothing if absent.
    pub installed: Option<&'a Draws<H100e>>,
    /// The worlds.
    pub worlds: &'a Worlds,
}

/// The run, fleet and purchase that a capability needs.
///
/// In every world the law's curve is solved for compute by halving; the fleet follows from
/// `F = n · 1.979e15 · MFU₀ φ^log2(n/n₀) · availability · seconds` with `n = fleet · share` and F
/// the run that must be planned before the wall of data movement:
/// `n = n₀ (F / (n₀ · 1.979e15 · MFU₀ · availability · seconds))^(1/(1 + log2 φ))`.
///
/// - `target`: in the law's scale. The scatter of single models is left out: the answer is for a
///   typical model.
///
/// # Errors
/// [`Error::Invalid`] if the law does not depend on compute or the target is not finite.
pub fn required(law: &dyn ScalingLaw, target: f64, means: &Means<'_>) -> Result<Required> {
    let (low, high) = (Flop(10.0_f64.powf(SEARCHED.0)), Flop(10.0_f64.powf(SEARCHED.1)));
    let rises = law.curve(0, high) - law.curve(0, low);
    if !target.is_finite() || rises == 0.0 {
        return Err(Error::invalid(format!(
            "no compute can be found for {} = {target} by `{}`",
            law.scale().word(),
            law.expression()
        ))
        .hint("ask for a finite target, and a law in which compute plays a part"));
    }
    let run = Draws::from_fn(means.worlds.n_draws, |i| solve(law, i, target, rises.signum()));
    let unreachable = run.map(|run| f64::from(u8::from(run.0 >= high.0))).mean();
    let fleet = fleet_for(&run, means.running)?;
    let to_buy = match means.installed {
        Some(installed) => fleet.zip(installed, |need, have| H100e((need - have).0.max(0.0)))?,
        None => fleet.clone(),
    };
    let spend = to_buy.zip(means.price, |to_buy, price| to_buy * price)?;
    let draws = |name: &str| means.assumptions.draws(name, means.worlds);
    let (each, pue) = (draws("power_w_per_h100e")?, draws("power_usage_effectiveness")?);
    let power = facility_power(&to_buy, &each, &pue)?;
    let capex = power.zip(&draws("capex_usd_per_w")?, |watt, usd| Usd(watt.0 * usd))?;
    let network = network_check(&run, means.assumptions, means.worlds)?;
    let feasibility = match (unreachable, network.share_infeasible) {
        (unreachable, _) if unreachable >= 0.5 => Feasibility::Unreachable,
        (_, infeasible) if infeasible >= 0.5 => Feasibility::Infeasible,
        _ => Feasibility::Feasible,
    };
    let median_run = Flop(run.median());
    Ok(Required {
        scale: law.scale(),
        target,
        at_medians: at_medians(median_run, means)?,
        extrapolated: law.capability(&Draws::constant(median_run, 1)).extrapolated,
        run,
        fleet,
        to_buy,
        spend,
        capex,
        network,
        share_unreachable: unreachable,
        feasibility,
    })
}

/// The fleet whose largest run is `run`, world by world.
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

fn at_medians(run: Flop, means: &Means<'_>) -> Result<(Flop, H100e, Usd)> {
    let one = |draws: &Draws<f64>| Draws::constant(draws.median(), 1);
    let running = Running {
        mfu_8bit: one(&means.running.mfu_8bit),
        availability: one(&means.running.availability),
        reference_cluster: Draws::constant(H100e(means.running.reference_cluster.median()), 1),
        efficiency_per_doubling: one(&means.running.efficiency_per_doubling),
        cluster_share: one(&means.running.cluster_share),
        duration: Draws::constant(means.running.duration.median().into(), 1),
        wall: Wall {
            knee: Draws::constant(Flop(means.running.wall.knee.median()), 1),
            limit: Draws::constant(Flop(means.running.wall.limit.median()), 1),
        },
    };
    let fleet = H100e(fleet_for(&Draws::constant(run, 1), &running)?.median());
    let installed = means.installed.map_or(0.0, Draws::median);
    let to_buy = H100e((fleet.0 - installed).max(0.0));
    Ok((run, fleet, to_buy * UsdPerH100e(means.price.median())))
}

/// The run by which the law's curve meets a score in one world; the largest that is searched if it
/// never does.
pub(super) fn run_for(law: &dyn ScalingLaw, draw_idx: usize, score: f64) -> Flop {
    let at = |decades: f64| law.curve(draw_idx, Flop(10.0_f64.powf(decades)));
    solve(law, draw_idx, score, (at(SEARCHED.1) - at(SEARCHED.0)).signum())
}

/// Halves the searched decades until the curve meets the target.
fn solve(law: &dyn ScalingLaw, draw_idx: usize, target: f64, direction: f64) -> Flop {
    let (mut low, mut high) = SEARCHED;
    let enough = |decades: f64| {
        direction * (law.curve(draw_idx, Flop(10.0_f64.powf(decades))) - target) >= 0.0
    };
    if !enough(high) {
        return Flop(10.0_f64.powf(high));
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
    use super::super::published::PublishedLaws;
    use super::*;

    fn worlds() -> Worlds {
        let origin = chrono::NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        Worlds { seed: 5, origin, n_draws: 500 }
    }

    fn ask(law: &dyn ScalingLaw, target: f64) -> Result<Required> {
        let assumptions = Assumptions::bundled()?;
        let running = Running::sample(&assumptions, &worlds())?;
        let price = Draws::constant(UsdPerH100e(15_000.0), 500);
        let (worlds, installed) = (&worlds(), None);
        let means = Means {
            assumptions: &assumptions,
            running: &running,
            price: &price,
            installed,
            worlds,
        };
        required(law, target, &means)
    }

    #[test]
    fn the_fleet_found_does_the_run() {
        let assumptions = Assumptions::bundled().expect("bundled");
        let running = Running::sample(&assumptions, &worlds()).expect("known");
        let run = Draws::constant(Flop(2e26), 500);
        let back = largest_run(&fleet_for(&run, &running).expect("500"), &running).expect("500");
        // Utilisation is capped at 1 in `largest_run` alone; small clusters do not come near it.
        assert!(back.values().iter().all(|found| (found.0 / 2e26 - 1.0).abs() < 1e-9));
    }

    #[test]
    fn eci_160_by_the_line_with_time_and_a_height_that_is_infeasible() {
        let rows = rows(Scale::Eci).expect("bundled");
        let assumptions = Assumptions::bundled().expect("bundled");
        let sampling = Sampling { worlds: worlds(), n_bootstraps: 100 };
        let law = Law::fit(Scale::Eci, Form::LOG_EFFECTIVE, &rows, &assumptions, sampling)
            .expect("80 models");
        let found = ask(&law, 160.0).expect("finite");
        assert_eq!(found.feasibility, Feasibility::Feasible);
        let [low, median, high] = [0.05, 0.5, 0.95].map(|level| found.run.quantile(level));
        assert!(
            1e25 < low && low < median && median < high && high < 1e30,
            "{low} {median} {high}"
        );
        let (run, fleet, spend) = found.at_medians;
        assert!((spend.0 / fleet.0 - 15_000.0).abs() < 1e-6 && (run.0 - median).abs() < 1.0);
        let far = ask(&law, 250.0).expect("finite");
        assert_eq!(far.feasibility, Feasibility::Infeasible);
        assert!(far.extrapolated);
    }

    #[test]
    fn a_loss_below_the_floor_is_unreachable() {
        let laws = PublishedLaws::bundled().expect("bundled");
        let law = laws.chinchilla("besiroglu").expect("published");
        let found = ask(law, 1.8).expect("finite");
        assert_eq!(found.feasibility, Feasibility::Unreachable);
        let found = ask(law, 2.2).expect("finite");
        assert_eq!(found.feasibility, Feasibility::Feasible);
        let error = ask(law, f64::NAN).expect_err("no target");
        assert!(error.to_string().contains("loss = NaN"), "{error}");
    }
}
