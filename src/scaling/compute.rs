//! Compute in use: the largest training run of a fleet, and what the fleet does in a year.
//!
//! May use the core files, `assumption` and `interconnect`. One run (FLOP) and a fleet's year (FLOP
//! per year) are two types that do not add. Never GPUs x peak.

use super::assumption::{Assumptions, Worlds};
use super::interconnect::utilization;
use crate::draws::Draws;
use crate::error::Result;
use crate::units::{Flop, FlopPerYear, H100e, Seconds};

/// How a fleet is run, drawn.
#[derive(Debug, Clone)]
pub struct Running {
    /// Achieved over peak dense 8-bit rate at the reference cluster.
    pub utilization_8bit: Draws<f64>,
    /// The cluster at which that holds.
    pub reference_cluster: Draws<H100e>,
    /// What is left of the utilisation when a cluster doubles.
    pub efficiency_per_doubling: Draws<f64>,
    /// Share of the fleet in its largest run.
    pub cluster_share: Draws<f64>,
    /// How long a run takes.
    pub duration: Draws<Seconds>,
}

impl Running {
    /// Draws the five assumptions.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if one is missing.
    pub fn sample(assumptions: &Assumptions, worlds: &Worlds) -> Result<Self> {
        Ok(Self {
            utilization_8bit: assumptions.draws("utilization_8bit", worlds)?,
            reference_cluster: assumptions.draws("reference_cluster_h100e", worlds)?.map(H100e),
            efficiency_per_doubling: assumptions.draws("efficiency_per_doubling", worlds)?,
            cluster_share: assumptions.draws("cluster_share", worlds)?,
            duration: assumptions.draws("run_days", worlds)?.map(Seconds::from_days),
        })
    }

    /// Utilisation of each world's own cluster.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the samples have different numbers of draws.
    pub fn utilization_of(&self, cluster: &Draws<H100e>) -> Result<Draws<f64>> {
        let ratio = cluster.zip(&self.reference_cluster, |n, n0| n / n0)?;
        let left =
            ratio.zip(&self.efficiency_per_doubling, |ratio, phi| utilization(1.0, phi, ratio))?;
        self.utilization_8bit.zip(&left, |at_reference, left| (at_reference * left).min(1.0))
    }
}

/// The largest cluster of a fleet: `fleet · cluster share`.
///
/// # Errors
/// [`crate::Error::Invalid`] if the samples have different numbers of draws.
pub fn largest_cluster(fleet: &Draws<H100e>, running: &Running) -> Result<Draws<H100e>> {
    fleet.zip(&running.cluster_share, |fleet, share| fleet * share)
}

/// Training compute of the largest run: `F = n · 1.979e15 · u(n) · seconds`, with `n = fleet ·
/// share` and `u(n) = u₀ · φ^log2(n/n₀)`, at most 1.
///
/// - `fleet`: H100 equivalents that one lab uses.
/// - Returns FLOP of one run.
///
/// # Errors
/// [`crate::Error::Invalid`] if the samples have different numbers of draws.
/// # Source
/// Form and central values: Epoch staff, compute-scaling-simulator (2026); the loss with size is
/// fitted in [`super::interconnect`].
pub fn largest_run(fleet: &Draws<H100e>, running: &Running) -> Result<Draws<Flop>> {
    let cluster = largest_cluster(fleet, running)?;
    let rate = cluster.zip(&running.utilization_of(&cluster)?, |n, u| n.peak_8bit() * u)?;
    rate.zip(&running.duration, |rate, duration| rate * duration)
}

/// What a fleet does in a year: `fleet · 1.979e15 · u₀ · 1 year`, in clusters of the reference
/// size.
///
/// - Returns FLOP per year of the whole fleet, not one run.
///
/// # Errors
/// [`crate::Error::Invalid`] if the samples have different numbers of draws.
pub fn fleet_year(fleet: &Draws<H100e>, running: &Running) -> Result<Draws<FlopPerYear>> {
    fleet.zip(&running.utilization_8bit, |fleet, u| (fleet.peak_8bit() * u).for_a_year())
}

/// How near a run comes to what today's networks can do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetworkCheck {
    /// Share of worlds beyond the knee, where utilisation falls faster than the fit says.
    pub share_beyond_knee: f64,
    /// Share of worlds beyond what is feasible at all.
    pub share_infeasible: f64,
}

/// Compares a run with the knee and the limit of data movement.
///
/// # Errors
/// [`crate::Error::NotFound`] if an assumption is missing, [`crate::Error::Invalid`] if the samples
/// have different numbers of draws.
/// # Source
/// Erdil and Schneider-Joseph (2024), arXiv 2411.01137.
pub fn network_check(
    run: &Draws<Flop>,
    assumptions: &Assumptions,
    worlds: &Worlds,
) -> Result<NetworkCheck> {
    let beyond = |name: &str| -> Result<f64> {
        let limit = assumptions.draws(name, worlds)?;
        Ok(run.zip(&limit, |run, limit| f64::from(u8::from(run.0 > limit)))?.mean())
    };
    Ok(NetworkCheck {
        share_beyond_knee: beyond("network_knee_flop")?,
        share_infeasible: beyond("network_limit_flop")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_medians(cluster: f64) -> Running {
        Running {
            utilization_8bit: Draws::constant(0.15, 1),
            reference_cluster: Draws::constant(H100e(cluster), 1),
            efficiency_per_doubling: Draws::constant(0.955, 1),
            cluster_share: Draws::constant(0.20, 1),
            duration: Draws::constant(Seconds::from_days(100.0), 1),
        }
    }

    #[test]
    fn known_labs_at_the_end_of_2024() {
        // By hand from the lab medians of Epoch AI: 2.0e26, 1.0e26 and 1.1e26 FLOP at u = 0.15, share 0.20, 100 days.
        for (fleet, needed) in [(386_219.0, 2.0e26), (203_366.0, 1.0e26), (208_560.0, 1.1e26)] {
            let running = at_medians(fleet * 0.20);
            let fleet = Draws::constant(H100e(fleet), 1);
            let found = largest_run(&fleet, &running).expect("one draw").median();
            assert!((found / needed - 1.0).abs() < 0.05, "{found} for {needed}");
        }
    }

    #[test]
    fn ten_times_the_fleet_is_less_than_ten_times_the_run() {
        let running = at_medians(77_000.0);
        let run = |fleet: f64| {
            largest_run(&Draws::constant(H100e(fleet), 1), &running).expect("one draw").median()
        };
        let needed = 10.0 * 0.955_f64.powf(10.0_f64.log2());
        assert!((run(3.85e6) / run(3.85e5) - needed).abs() < 1e-9);
    }
}
