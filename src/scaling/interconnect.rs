//! Interconnect loss: how much utilisation is left when a cluster grows.
//!
//! May use the core files, `hardware` and linfa. Fits phi of `MFU(n) = MFU0 · phi^log2(n/n0)` to
//! `datasets/mfu_vs_cluster.csv`; draws of phi come from the spread between systems, in
//! `models/assumptions.toml`.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2};

use super::hardware::Hardware;
use crate::cells::Cells;
use crate::error::{Error, Result};
use crate::units::count;

const TABLE: &str = include_str!("../../datasets/mfu_vs_cluster.csv");
/// The chip of the rows that give a rate instead of an MFU.
const RATE_CHIP: &str = "A100";
/// Strong scaling exactly, one model on more GPUs; not `strong (long context)`.
const STRONG: &str = "strong";
/// Weak scaling exactly, a bigger model or batch on more GPUs.
const WEAK: &str = "weak";
/// Runs without model parallelism, whose loss says nothing about a modern run.
const LEFT_OUT: &str = "ZeRO-3";
/// Standard normal quantile at 0.975.
const Z_975: f64 = 1.959_963_984_540_054;
/// Two points of a README's text, 96 and 4,608 GPUs, which carry more than half of the slope's
/// weight.
const END_POINTS: &str = "Megatron-Core README";

/// MFU of a cluster `ratio` times the reference: `at_reference · phi^log2(ratio)`.
///
/// - `at_reference`: a ratio. `efficiency_per_doubling`: phi, a ratio. `ratio`: n / n0, above 0.
/// - Returns a ratio.
/// # Source
/// Fitted form; see [`fit`].
pub fn mfu_at(at_reference: f64, efficiency_per_doubling: f64, ratio: f64) -> f64 {
    at_reference * efficiency_per_doubling.powf(ratio.log2())
}

/// One measured run: a model on a number of GPUs.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Who trained it with what software.
    pub system: String,
    /// Parameters of the model, where known.
    pub parameters: Option<f64>,
    /// GPUs.
    pub n_gpus: f64,
    /// Achieved over peak rate, MFU or HFU as the source gives it.
    pub mfu: Option<f64>,
    /// How runs of one system differ: `strong`, `weak`, `run`.
    pub scaling: String,
    /// Paper and table.
    pub source: String,
}

/// Which rows a fit uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All strong-scaling rows but ZeRO-3.
    Pooled,
    /// The same without the two end points of Megatron-Core.
    WithoutEndPoints,
    /// All weak-scaling rows. What rises with the cluster there is the model too, so a figure above
    /// 1 is no gain of the network.
    Weak,
}

/// The runs of one system, with one model in strong scaling.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemFit {
    /// Who trained it with what software.
    pub system: String,
    /// Parameters of the model; absent where it grows with the cluster.
    pub parameters: Option<f64>,
    /// `strong` or `weak`.
    pub scaling: &'static str,
    /// Smallest and largest cluster, GPUs.
    pub n_gpus: (f64, f64),
    /// What is left when a cluster doubles.
    pub efficiency: Efficiency,
}

/// A fitted efficiency per doubling.
#[derive(Debug, Clone, PartialEq)]
pub struct Efficiency {
    /// `exp` of the slope of ln MFU on log2 GPUs: what is left when the cluster doubles.
    pub per_doubling: f64,
    /// Lower end of the 95 % interval (normal, errors independent); absent for two rows.
    pub lower_95: Option<f64>,
    /// Upper end.
    pub upper_95: Option<f64>,
    /// The interval when errors are shared within a system (sandwich); absent for one system.
    pub clustered_95: Option<(f64, f64)>,
    /// Rows used.
    pub n_rows: usize,
}

/// The bundled table of measurements.
///
/// # Errors
/// [`Error::Parse`] if the bundled table is broken.
pub fn measurements() -> Result<Vec<Measurement>> {
    let peak = Hardware::bundled()?.get(RATE_CHIP)?.peak_bf16;
    let table = Cells::csv("datasets/mfu_vs_cluster.csv", TABLE)?;
    let rows = table.rows().map(|row| {
        let rate = row.number_if_any("flop_per_s_per_gpu")?;
        let from_rate = rate.zip(peak).map(|(rate, peak)| rate / peak.0);
        Ok(Measurement {
            system: row.text("system")?.to_owned(),
            parameters: row.number_if_any("params")?,
            n_gpus: row.number("n_gpus")?,
            mfu: row.number_if_any("mfu")?.or(from_rate),
            scaling: row.text("scaling")?.to_owned(),
            source: row.text("source")?.to_owned(),
        })
    });
    rows.collect()
}

/// Efficiency per doubling, pooled over systems.
///
/// Least squares (linfa) of ln MFU on log2 GPUs, both centred within groups of one system and, in
/// strong scaling, one model size; `phi = exp(slope)`. The interval is `slope ± 1.96 se` with `n - groups - 1` degrees of
/// freedom in the residual variance; Student's t would widen it by 0.001.
///
/// - Returns a ratio; 0.963 means that doubling a cluster loses 3.7 % of its utilisation.
///
/// # Errors
/// [`Error::Insufficient`] if no group has two cluster sizes.
/// # Source
/// `datasets/mfu_vs_cluster.csv`, which names papers and tables row by row.
pub fn fit(measurements: &[Measurement], rows: Rows) -> Result<Efficiency> {
    let scaling = if rows == Rows::Weak { WEAK } else { STRONG };
    let points = points(measurements, scaling, |row| {
        !row.system.starts_with(LEFT_OUT)
            && (rows != Rows::WithoutEndPoints || row.system != END_POINTS)
    });
    regress(&points, &format!("{scaling} scaling"))
}

/// Efficiency per doubling of each system: in strong scaling each model size apart, ZeRO-3 included;
/// in weak scaling the system as a whole.
///
/// # Errors
/// [`Error::Insufficient`] if a system has only one cluster size.
pub fn by_system(measurements: &[Measurement]) -> Result<Vec<SystemFit>> {
    let mut fits = Vec::new();
    for scaling in [STRONG, WEAK] {
        let mut groups: BTreeMap<Group, Vec<Point>> = BTreeMap::new();
        for point in points(measurements, scaling, |_| true) {
            groups.entry(point.group.clone()).or_default().push(point);
        }
        for ((system, billions), own) in groups {
            let (low, high) = own.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), point| {
                let n_gpus = point.doublings.exp2().round();
                (low.min(n_gpus), high.max(n_gpus))
            });
            fits.push(SystemFit {
                efficiency: regress(&own, &system)?,
                system,
                parameters: billions.parse::<f64>().ok().map(|billions| billions * 1e9),
                scaling,
                n_gpus: (low, high),
            });
        }
    }
    Ok(fits)
}

/// System, and model size in billions of parameters as text, so that groups can be compared.
type Group = (String, String);

#[derive(Clone)]
struct Point {
    group: Group,
    doublings: f64,
    ln_mfu: f64,
}

fn points(
    measurements: &[Measurement],
    scaling: &str,
    wanted: impl Fn(&Measurement) -> bool,
) -> Vec<Point> {
    let used = measurements.iter().filter(|row| row.scaling == scaling && wanted(row));
    used.filter_map(|row| {
        let billions = row.parameters.filter(|_| scaling == STRONG);
        Some(Point {
            group: (row.system.clone(), billions.map_or(String::new(), |n| format!("{}", n / 1e9))),
            doublings: row.n_gpus.log2(),
            ln_mfu: row.mfu?.ln(),
        })
    })
    .collect()
}

fn regress(points: &[Point], name: &str) -> Result<Efficiency> {
    let (n_groups, x, y) = centred(points);
    let sum_xx: f64 = x.iter().map(|x| x * x).sum();
    if points.len() < 2 || sum_xx <= 0.0 {
        return Err(Error::insufficient(format!(
            "efficiency per doubling of `{name}` needs two cluster sizes of one system; {} rows \
             have none",
            points.len()
        )));
    }
    let records = Array2::from_shape_fn((x.len(), 1), |(row_idx, _)| x[row_idx]);
    let data = DatasetBase::new(records, Array1::from(y.clone()));
    let fitted = LinearRegression::new()
        .with_intercept(false)
        .fit(&data)
        .map_err(|e| Error::invalid(format!("least squares of `{name}` failed")).caused_by(e))?;
    let slope = fitted.params()[0];
    let errors: Vec<f64> = x.iter().zip(&y).map(|(x, y)| y - slope * x).collect();
    let freedom = x.len().saturating_sub(n_groups + 1);
    let plain = (freedom > 0).then(|| {
        let sum: f64 = errors.iter().map(|e| e * e).sum();
        Z_975 * (sum / count(freedom) / sum_xx).sqrt()
    });
    Ok(Efficiency {
        per_doubling: slope.exp(),
        lower_95: plain.map(|half| (slope - half).exp()),
        upper_95: plain.map(|half| (slope + half).exp()),
        clustered_95: clustered(points, &x, &errors, sum_xx, slope),
        n_rows: points.len(),
    })
}

/// Centres both variables within each group; returns the number of groups, then x and y in the
/// rows' order.
fn centred(points: &[Point]) -> (usize, Vec<f64>, Vec<f64>) {
    let mut groups: BTreeMap<&Group, (f64, f64, f64)> = BTreeMap::new();
    for point in points {
        let sums = groups.entry(&point.group).or_default();
        *sums = (sums.0 + 1.0, sums.1 + point.doublings, sums.2 + point.ln_mfu);
    }
    let x = points.iter().map(|p| p.doublings - groups[&p.group].1 / groups[&p.group].0).collect();
    let y = points.iter().map(|p| p.ln_mfu - groups[&p.group].2 / groups[&p.group].0).collect();
    (groups.len(), x, y)
}

/// Cluster-robust interval (sandwich without small-sample factor) over systems.
fn clustered(
    points: &[Point],
    x: &[f64],
    errors: &[f64],
    sum_xx: f64,
    slope: f64,
) -> Option<(f64, f64)> {
    let mut scores: BTreeMap<&str, f64> = BTreeMap::new();
    for ((point, x), error) in points.iter().zip(x).zip(errors) {
        *scores.entry(point.group.0.as_str()).or_default() += x * error;
    }
    if scores.len() < 2 {
        return None;
    }
    let meat: f64 = scores.values().map(|score| score * score).sum();
    let half = Z_975 * meat.sqrt() / sum_xx;
    Some(((slope - half).exp(), (slope + half).exp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pooled_figure_and_its_variant_to_the_printed_digits() {
        let rows = measurements().expect("bundled");
        assert_eq!(rows.len(), 62);
        let pooled = fit(&rows, Rows::Pooled).expect("29 rows");
        assert_eq!(pooled.n_rows, 29);
        let close = |found: f64, needed: f64| (found - needed).abs() < 5e-4;
        assert!(close(pooled.per_doubling, 0.963));
        assert!(close(pooled.lower_95.expect("27 degrees of freedom"), 0.951));
        assert!(close(pooled.upper_95.expect("27 degrees of freedom"), 0.976));
        let (low, high) = pooled.clustered_95.expect("eight systems");
        assert!(close(low, 0.943) && close(high, 0.984), "{low} {high}");
        let without = fit(&rows, Rows::WithoutEndPoints).expect("27 rows");
        assert!(close(without.per_doubling, 0.944));
        assert!(close(without.lower_95.expect("freedom"), 0.930));
        assert!(close(without.upper_95.expect("freedom"), 0.958));
    }

    #[test]
    fn weak_scaling_shows_bigger_models_and_no_loss() {
        let weak = fit(&measurements().expect("bundled"), Rows::Weak).expect("13 rows");
        assert_eq!(weak.n_rows, 13);
        assert!((weak.per_doubling - 1.036).abs() < 5e-4, "{}", weak.per_doubling);
    }

    #[test]
    fn systems_one_by_one() {
        let systems = by_system(&measurements().expect("bundled")).expect("two sizes each");
        let of = |system: &str, scaling: &str, billions: Option<f64>| {
            let found = systems.iter().find(|fit| {
                fit.system.starts_with(system)
                    && fit.scaling == scaling
                    && billions.is_none_or(|billions| fit.parameters == Some(billions * 1e9))
            });
            found.expect("in the table").efficiency.per_doubling
        };
        for (system, billions, needed) in [
            ("MegaScale", None, 0.952),
            ("MegaScale b6144", None, 0.963),
            ("Megatron-LM (MegaScale baseline)", None, 0.918),
            ("Megatron-LM (MegaScale baseline) b6144", None, 0.917),
            ("Megatron-LM 2021", Some(174.6), 0.960),
            ("Megatron-LM 2021", Some(529.6), 0.964),
            ("Meta", None, 0.953),
            ("Megatron-DeepSpeed", None, 0.831),
            ("ZeRO-3", None, 0.553),
        ] {
            let found = of(system, STRONG, billions);
            assert!((found - needed).abs() < 6e-4, "{system}: {found}");
        }
        for (system, needed) in [("MegaScale 530B", 1.000), ("Megatron-LM 530B", 0.991)] {
            let found = of(system, WEAK, None);
            assert!((found - needed).abs() < 6e-4, "{system}: {found}");
        }
    }
}
