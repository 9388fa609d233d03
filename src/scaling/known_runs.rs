//! Known runs: what the chain says of training runs that happened, beside what is known of them.
//!
//! May use the core files and the other files of `scaling`. Two ways lead to a run: from its own
//! cluster, which tests MFU, availability and the loss of the network, and from the fleet of its
//! lab, which tests the share of a fleet that one run takes. Never tests a run with a share that was
//! calibrated on it.

use chrono::NaiveDate;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::assumption::{Assumption, Assumptions, Shape, Worlds};
use super::compute::{Running, largest_run, run_of};
use super::estimates::stock_on;
use super::hardware::Hardware;
use crate::archive::Snapshot;
use crate::cells::{Cells, Row};
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::series::SeriesId;
use crate::units::{Flop, H100e, SECONDS_PER_HOUR, Seconds, count};

const NAME: &str = "datasets/known_runs.csv";
const TABLE: &str = include_str!("../../datasets/known_runs.csv");
/// The assumption that is calibrated here.
pub const CLUSTER_SHARE: &str = "cluster_share";
/// The upper end of a 90 % interval.
const UPPER_LEVEL: f64 = 0.95;
/// Runs without which a share is not calibrated.
const LEAST_RUNS: usize = 5;

/// A training run with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRun {
    /// The model.
    pub model: String,
    /// Who trained it.
    pub organization: String,
    /// Day of release.
    pub released: NaiveDate,
    /// Training compute.
    pub compute: Flop,
    /// Its cluster, where chip, number and hours are known.
    pub cluster: Option<KnownCluster>,
    /// The fleet it came from, where it was its lab's largest language model at release and the
    /// fleet is known.
    pub fleet: Option<SeriesId>,
    /// How sure the source is of the compute.
    pub confidence: String,
    /// Where the row comes from.
    pub source: String,
}

/// The cluster of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownCluster {
    /// The chip, by its full name.
    pub chip: String,
    /// How many.
    pub n_chips: f64,
    /// Wall clock of the run.
    pub duration: Seconds,
}

/// The way by which a run was computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// From its own cluster and hours.
    Cluster,
    /// From the fleet of its lab.
    Fleet,
}

impl Route {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Fleet => "fleet",
        }
    }
}

/// A computed run beside the known one.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCheck {
    /// The model.
    pub model: String,
    /// Who trained it.
    pub organization: String,
    /// Day of release.
    pub released: NaiveDate,
    /// How it was computed.
    pub route: Route,
    /// What is known.
    pub known: Flop,
    /// 5 %, 50 % and 95 % quantiles of what was computed.
    pub computed: [Flop; 3],
    /// How sure the source is of what is known.
    pub confidence: String,
}

impl RunCheck {
    /// Whether the known run lies inside the 90 % interval.
    pub fn is_inside(&self) -> bool {
        (self.computed[0]..=self.computed[2]).contains(&self.known)
    }

    /// Computed median over known: above 1 is too much.
    pub fn ratio(&self) -> f64 {
        self.computed[1] / self.known
    }
}

/// Checks of one route in one line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunSummary {
    /// The route.
    pub route: Route,
    /// Runs.
    pub n: usize,
    /// Share of runs inside their 90 % interval.
    pub coverage_90: f64,
    /// Median of computed over known.
    pub median_ratio: f64,
}

/// The bundled runs, in the order of release.
///
/// # Errors
/// [`Error::Parse`] if the bundled table is broken.
pub fn known_runs() -> Result<Vec<KnownRun>> {
    Cells::csv(NAME, TABLE)?.rows().map(known_run).collect()
}

fn known_run(row: Row<'_>) -> Result<KnownRun> {
    let chip = Some(row.text("chip")?).filter(|chip| !chip.is_empty());
    let cluster = match chip {
        Some(chip) => Some(KnownCluster {
            chip: chip.to_owned(),
            n_chips: row.number("n_chips")?,
            duration: Seconds(row.number("hours")? * SECONDS_PER_HOUR),
        }),
        None => None,
    };
    let fleet = Some(row.text("fleet")?).filter(|fleet| !fleet.is_empty());
    Ok(KnownRun {
        model: row.text("model")?.to_owned(),
        organization: row.text("organization")?.to_owned(),
        released: row.date("date")?,
        compute: Flop(row.number("training_compute_flop")?),
        cluster,
        fleet: fleet.map(SeriesId::new).transpose()?,
        confidence: row.text("confidence")?.to_owned(),
        source: row.text("source")?.to_owned(),
    })
}

/// Every known run by every way that leads to it.
///
/// From a fleet, the share of the fleet that one run takes is calibrated on the other runs.
///
/// - `implied`: what [`implied_shares`] finds.
///
/// # Errors
/// [`Error::NotFound`] if a chip or an assumption is missing; [`Error::Insufficient`] if fewer than
/// six runs have a fleet.
pub fn check_runs(
    implied: &[ImpliedShare],
    assumptions: &Assumptions,
    worlds: &Worlds,
) -> Result<Vec<RunCheck>> {
    let (runs, hardware) = (known_runs()?, Hardware::bundled()?);
    let h100 = hardware.get("H100")?.peak_bf16;
    let running = Running::sample(assumptions, worlds)?;
    let mut checks = Vec::new();
    for run in &runs {
        if let Some(cluster) = &run.cluster {
            // These runs were trained in 16 bit: a chip counts by its bf16 rate.
            let Some((own, h100)) = hardware.get(&cluster.chip)?.peak_bf16.zip(h100) else {
                continue;
            };
            let size = Draws::constant(H100e(cluster.n_chips * (own / h100)), worlds.n_draws);
            let duration = Draws::constant(cluster.duration, worlds.n_draws);
            let running = Running { duration, ..running.clone() };
            checks.push(check(run, Route::Cluster, &run_of(&size, &running)?));
        }
    }
    for own in implied {
        let others: Vec<_> =
            implied.iter().filter(|other| other.run.model != own.run.model).cloned().collect();
        let share = calibrate(&others)?;
        let cluster_share = share.draws(CLUSTER_SHARE, worlds);
        let running = Running { cluster_share, ..running.clone() };
        checks.push(check(&own.run, Route::Fleet, &largest_run(&own.fleet, &running)?));
    }
    Ok(checks)
}

fn check(run: &KnownRun, route: Route, computed: &Draws<Flop>) -> RunCheck {
    let quantiles = computed.quantiles(&[0.05, 0.5, 0.95]);
    RunCheck {
        model: run.model.clone(),
        organization: run.organization.clone(),
        released: run.released,
        route,
        known: run.compute,
        computed: [Flop(quantiles[0]), Flop(quantiles[1]), Flop(quantiles[2])],
        confidence: run.confidence.clone(),
    }
}

/// Coverage and bias of the checks of one route; nothing if there are none.
pub fn summarize(checks: &[RunCheck], route: Route) -> Option<RunSummary> {
    let own: Vec<_> = checks.iter().filter(|check| check.route == route).collect();
    let ratios = Draws::new(own.iter().map(|check| check.ratio()).collect()).ok()?;
    let inside = own.iter().filter(|check| check.is_inside()).count();
    Some(RunSummary {
        route,
        n: own.len(),
        coverage_90: count(inside) / count(own.len()),
        median_ratio: ratios.median(),
    })
}

/// The share of a fleet that a known run took.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpliedShare {
    /// The run.
    pub run: KnownRun,
    /// The lab's fleet at release.
    pub fleet: Draws<H100e>,
    /// The logarithm of the share, at the medians of everything else.
    pub ln_share: f64,
    /// The variance of that logarithm over what everything else may be.
    pub variance_of_the_rest: f64,
}

/// The share that each known run took of its fleet, where the fleet was public at the snapshot's day.
///
/// With `F₁` the run of a cluster as large as the fleet, `F = s^(1 + log2 φ) F₁` below the wall, so
/// `ln s = ln(F/F₁) / (1 + log2 φ)`.
///
/// # Errors
/// [`Error::NotFound`] if an assumption is missing.
pub fn implied_shares(
    known: &Snapshot,
    assumptions: &Assumptions,
    worlds: &Worlds,
) -> Result<Vec<ImpliedShare>> {
    let running = Running::sample(assumptions, worlds)?;
    let lab_share = assumptions.draws("lab_share_of_fleet", worlds)?;
    let mut shares = Vec::new();
    for run in known_runs()? {
        let Some(series) = &run.fleet else { continue };
        let held = match stock_on(known, series, run.released, worlds) {
            Ok(held) => held,
            Err(Error::NotFound { .. } | Error::Insufficient { .. }) => continue,
            Err(error) => return Err(error),
        };
        let is_owner = series.metric().starts_with("installed");
        let fleet = if is_owner { held.zip(&lab_share, |h, s| h * s)? } else { held };
        let whole = run_of(&fleet, &running)?;
        let slope = running.efficiency_per_doubling.map(|phi| 1.0 + phi.log2());
        let ln = whole.zip(&slope, |whole, slope| (run.compute / whole).ln() / slope)?;
        let mean = ln.mean();
        let variance = ln.map(|value| (value - mean).powi(2)).mean();
        let ln_share = ln.median();
        shares.push(ImpliedShare { run, fleet, ln_share, variance_of_the_rest: variance });
    }
    Ok(shares)
}

/// The share of a fleet in its largest run, as known runs tell it.
///
/// The mean of `ln s` over runs, and the spread that is left when the mean variance of the rest is
/// taken off: `sd² = max(var(ln s) − mean variance, var(ln s)/4)`; the fourth is a floor, because
/// the rest is assumed and not measured. Low and high are the mean ∓ t sd √(1 + 1/n), t Student's
/// with n − 1 degrees of freedom, for a run that is not among them; both end below 1.
///
/// # Errors
/// [`Error::Insufficient`] with fewer than five runs.
pub fn calibrate(shares: &[ImpliedShare]) -> Result<Assumption> {
    if shares.len() < LEAST_RUNS {
        return Err(Error::insufficient(format!(
            "calibrating the share of a fleet in its largest run needs {LEAST_RUNS} runs; {} have a \
             known fleet",
            shares.len()
        )));
    }
    let n = count(shares.len());
    let mean = shares.iter().map(|share| share.ln_share).sum::<f64>() / n;
    let total = shares.iter().map(|share| (share.ln_share - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let rest = shares.iter().map(|share| share.variance_of_the_rest).sum::<f64>() / n;
    let sd = (total - rest).max(total / 4.0).sqrt();
    let student = StudentsT::new(0.0, 1.0, n - 1.0)
        .map_err(|e| Error::invalid("no t distribution of the known runs").caused_by(e))?;
    let half = student.inverse_cdf(UPPER_LEVEL) * sd * (1.0 + 1.0 / n).sqrt();
    let bounded = |ln_share: f64| ln_share.exp().min(0.95);
    Assumption::estimate(
        CLUSTER_SHARE,
        [bounded(mean - half), bounded(mean), bounded(mean + half)],
        "ratio",
        Shape::Share,
        &format!("{} known runs and the fleets of their labs", shares.len()),
        shares.iter().map(|share| share.run.released).max().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole() {
        let runs = known_runs().expect("bundled");
        let llama = runs.iter().find(|run| run.model == "Llama 3.1-405B").expect("in the table");
        let cluster = llama.cluster.as_ref().expect("16,384 GPUs");
        // 16,384 x 989.4e12 x 0.4042 x 2,142 h: the identity of the table, by hand.
        let by_hand = cluster.n_chips * 989.4e12 * 0.4042 * cluster.duration.0;
        assert!((llama.compute.0 / by_hand - 1.0).abs() < 0.35, "{by_hand:e}");
        assert_eq!(llama.fleet.as_ref().map(SeriesId::as_str), Some("meta.installed_h100e"));
        assert!(runs.iter().filter(|run| run.fleet.is_some()).count() >= 12);
    }

    #[test]
    fn shares_that_scatter_no_more_than_the_rest_keep_a_fourth_of_their_variance() {
        let run = known_runs().expect("bundled").remove(0);
        let share = |ln_share: f64| ImpliedShare {
            run: run.clone(),
            fleet: Draws::constant(H100e(1.0), 1),
            ln_share,
            variance_of_the_rest: 9.0,
        };
        let shares: Vec<_> = [-3.0, -2.0, -1.0, -2.0, -2.0].map(share).to_vec();
        let found = calibrate(&shares).expect("five");
        assert!((found.median - (-2.0_f64).exp()).abs() < 1e-12);
        // var = 2/4, a fourth of it is 0.125; t(0.95, 4) = 2.1318: 2.1318 sqrt(0.125 x 1.2) = 0.8257
        assert!(((found.high / found.median).ln() - 0.8257).abs() < 1e-4);
        assert!(calibrate(&shares[..4]).is_err());
    }
}
