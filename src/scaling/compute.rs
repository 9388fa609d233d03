//! Compute in use: the largest training run of a fleet, and what the fleet does in a year.
//!
//! May use the core files, `assumption` and `interconnect`. One run (FLOP) and a fleet's year (FLOP
//! per year) are two types that do not add. Never GPUs x peak.

use super::assumption::{Assumptions, Worlds};
use super::interconnect::mfu_at;
use crate::draws::Draws;
use crate::error::Result;
use crate::units::{Flop, FlopPerYear, H100e, Seconds};

/// How a fleet is run, drawn.
#[derive(Debug, Clone)]
pub struct Running {
    /// Achieved over peak dense 8-bit rate while running, at the reference cluster.
    pub mfu_8bit: Draws<f64>,
    /// Share of hours in which the cluster makes progress.
    pub availability: Draws<f64>,
    /// The cluster at which that holds.
    pub reference_cluster: Draws<H100e>,
    /// What is left of the utilisation when a cluster doubles.
    pub efficiency_per_doubling: Draws<f64>,
    /// Share of the fleet in its largest run.
    pub cluster_share: Draws<f64>,
    /// How long a run takes.
    pub duration: Draws<Seconds>,
    /// What data movement allows.
    pub wall: Wall,
}

/// Where utilisation falls because data cannot move fast enough, drawn.
#[derive(Debug, Clone)]
pub struct Wall {
    /// The run beyond which it begins to fall.
    pub knee: Draws<Flop>,
    /// The run that no cluster of today's networks finishes.
    pub limit: Draws<Flop>,
}

impl Running {
    /// Draws the assumptions.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if one is missing.
    pub fn sample(assumptions: &Assumptions, worlds: &Worlds) -> Result<Self> {
        Ok(Self {
            mfu_8bit: assumptions.draws("mfu_8bit", worlds)?,
            availability: assumptions.draws("availability", worlds)?,
            reference_cluster: assumptions.draws("reference_cluster_h100e", worlds)?.map(H100e),
            efficiency_per_doubling: assumptions.draws("efficiency_per_doubling", worlds)?,
            cluster_share: assumptions.draws("cluster_share", worlds)?,
            duration: assumptions.draws("run_days", worlds)?.map(Seconds::from_days),
            wall: Wall::sample(assumptions, worlds)?,
        })
    }

    /// MFU of each world's own cluster, before the wall.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the samples have different numbers of draws.
    pub fn mfu_of(&self, cluster: &Draws<H100e>) -> Result<Draws<f64>> {
        let ratio = cluster.zip(&self.reference_cluster, |n, n0| n / n0)?;
        let left =
            ratio.zip(&self.efficiency_per_doubling, |ratio, phi| mfu_at(1.0, phi, ratio))?;
        self.mfu_8bit.zip(&left, |at_reference, left| (at_reference * left).min(1.0))
    }

    /// Share of the peak that is left over all hours: MFU x availability.
    fn share_of_peak(&self, mfu: &Draws<f64>) -> Result<Draws<f64>> {
        mfu.zip(&self.availability, |mfu, hours| mfu * hours)
    }
}

impl Wall {
    /// Draws knee and limit.
    ///
    /// # Errors
    /// [`crate::Error::NotFound`] if one is missing.
    pub fn sample(assumptions: &Assumptions, worlds: &Worlds) -> Result<Self> {
        Ok(Self {
            knee: assumptions.draws("network_knee_flop", worlds)?.map(Flop),
            limit: assumptions.draws("network_limit_flop", worlds)?.map(Flop),
        })
    }

    /// What is left of a run when data cannot move fast enough.
    ///
    /// Up to the knee all of it. Beyond, the share that is left falls in a straight line over the
    /// logarithm of the run, from 1 at the knee to 0 at the limit:
    /// `F = F₀ (1 − ln(F/knee) / ln(limit/knee))`, so that no cluster reaches the limit.
    ///
    /// - `planned`: F₀, what the cluster would do without the wall. Returns F.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the samples have different numbers of draws.
    /// # Source
    /// Knee and limit: Erdil and Schneider-Joseph (2024), arXiv 2411.01137. The straight line
    /// between them is this module's.
    pub fn after(&self, planned: &Draws<Flop>) -> Result<Draws<Flop>> {
        let span = self.knee.zip(&self.limit, |knee, limit| (knee, limit))?;
        planned.zip(&span, |planned, (knee, limit)| after_wall(planned, knee, limit))
    }

    /// The run that must be planned so that `run` is left; infinite at the limit and beyond.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] if the samples have different numbers of draws.
    pub fn before(&self, run: &Draws<Flop>) -> Result<Draws<Flop>> {
        let span = self.knee.zip(&self.limit, |knee, limit| (knee, limit))?;
        run.zip(&span, |run, (knee, limit)| {
            let left = share_left(run, knee, limit);
            if left > 0.0 { run * (1.0 / left) } else { Flop(f64::INFINITY) }
        })
    }
}

/// `1 − ln(F/knee) / ln(limit/knee)` beyond the knee, never below 0.
fn share_left(run: Flop, knee: Flop, limit: Flop) -> f64 {
    if run <= knee {
        return 1.0;
    }
    (1.0 - (run / knee).ln() / (limit / knee).ln()).max(0.0)
}

/// Halvings of the decades between knee and limit: three decades / 2^45 are left.
const HALVINGS: usize = 45;

/// Solves `F = F₀ · share_left(F)` by halving; the left side rises and the right side falls.
fn after_wall(planned: Flop, knee: Flop, limit: Flop) -> Flop {
    if planned <= knee {
        return planned;
    }
    let (mut low, mut high) = (knee.0.ln(), limit.0.ln());
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        let run = Flop(middle.exp());
        let too_much = run > planned * share_left(run, knee, limit);
        if too_much { high = middle } else { low = middle }
    }
    Flop(low.exp())
}

/// The largest cluster of a fleet: `fleet · cluster share`.
///
/// # Errors
/// [`crate::Error::Invalid`] if the samples have different numbers of draws.
pub fn largest_cluster(fleet: &Draws<H100e>, running: &Running) -> Result<Draws<H100e>> {
    fleet.zip(&running.cluster_share, |fleet, share| fleet * share)
}

/// Training compute of the largest run: `F₀ = n · 1.979e15 · MFU(n) · availability · seconds`, with
/// `n = fleet · share` and `MFU(n) = MFU₀ · φ^log2(n/n₀)`, at most 1; then what the wall of data
/// movement leaves of it ([`Wall::after`]).
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
    run_of(&largest_cluster(fleet, running)?, running)
}

/// Training compute of a run on a cluster of known size, as in [`largest_run`].
///
/// # Errors
/// [`crate::Error::Invalid`] if the samples have different numbers of draws.
pub fn run_of(cluster: &Draws<H100e>, running: &Running) -> Result<Draws<Flop>> {
    let used = running.share_of_peak(&running.mfu_of(cluster)?)?;
    let rate = cluster.zip(&used, |n, used| n.peak_8bit() * used)?;
    let planned = rate.zip(&running.duration, |rate, duration| rate * duration)?;
    running.wall.after(&planned)
}

/// What a fleet does in a year: `fleet · 1.979e15 · MFU₀ · availability · 1 year`, in clusters of
/// the reference size.
///
/// - Returns FLOP per year of the whole fleet, not one run.
///
/// # Errors
/// [`crate::Error::Invalid`] if the samples have different numbers of draws.
pub fn fleet_year(fleet: &Draws<H100e>, running: &Running) -> Result<Draws<FlopPerYear>> {
    let used = running.share_of_peak(&running.mfu_8bit)?;
    fleet.zip(&used, |fleet, used| (fleet.peak_8bit() * used).for_a_year())
}

/// How near a run comes to what today's networks can do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NetworkCheck {
    /// Share of worlds beyond the knee, where utilisation falls faster than the fit says.
    pub share_beyond_knee: f64,
    /// Share of worlds beyond what is feasible at all; 0 for a run that a cluster does.
    pub share_infeasible: f64,
}

/// Compares a run with the knee and the limit of data movement.
///
/// # Errors
/// [`crate::Error::Invalid`] if the samples have different numbers of draws.
/// # Source
/// Erdil and Schneider-Joseph (2024), arXiv 2411.01137.
pub fn network_check(run: &Draws<Flop>, wall: &Wall) -> Result<NetworkCheck> {
    let beyond = |limit: &Draws<Flop>| -> Result<f64> {
        Ok(run.zip(limit, |run, limit| f64::from(u8::from(run > limit)))?.mean())
    };
    Ok(NetworkCheck {
        share_beyond_knee: beyond(&wall.knee)?,
        share_infeasible: beyond(&wall.limit)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_medians(cluster: f64) -> Running {
        Running {
            mfu_8bit: Draws::constant(0.15, 1),
            availability: Draws::constant(1.0, 1),
            reference_cluster: Draws::constant(H100e(cluster), 1),
            efficiency_per_doubling: Draws::constant(0.955, 1),
            cluster_share: Draws::constant(0.20, 1),
            duration: Draws::constant(Seconds::from_days(100.0), 1),
            wall: Wall {
                knee: Draws::constant(Flop(1e28), 1),
                limit: Draws::constant(Flop(1e31), 1),
            },
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
    fn beyond_the_knee_a_run_falls_short_and_never_reaches_the_limit() {
        let wall = at_medians(77_000.0).wall;
        let after = |planned: f64| {
            wall.after(&Draws::constant(Flop(planned), 1)).expect("one draw").median()
        };
        assert_eq!(after(9e27), 9e27);
        // By hand: half is left where ln(F/knee) is half of ln(1000): F = 10^1.5 knees of 2 F planned.
        let half = 10.0_f64.powf(28.0 + 1.5);
        assert!((after(2.0 * half) / half - 1.0).abs() < 1e-9);
        assert!(after(1e31) < after(1e33) && after(1e40) < 1e31);
        let back = wall.before(&Draws::constant(Flop(half), 1)).expect("one draw").median();
        assert!((back / (2.0 * half) - 1.0).abs() < 1e-12);
        assert!(wall.before(&Draws::constant(Flop(2e31), 1)).expect("one").median().is_infinite());
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
