//! Which of several forecasts is better, and whether the difference could be chance.
//!
//! May use `bootstrap`, `draws` and `score`. Losses come in order of their origins.

use statrs::distribution::{ChiSquared, ContinuousCDF, StudentsT};

use super::super::bootstrap::visit_stationary;
use super::mean;
use crate::draws::Randomness;
use crate::units::count;

/// The test of equal accuracy of two forecasts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EqualAccuracy {
    /// Diebold and Mariano's statistic; negative where the first is better.
    pub dm: f64,
    /// The same with Harvey, Leybourne and Newbold's correction for few forecasts.
    pub dm_hln: f64,
    /// Two-sided p-value of `dm_hln`, Student's t with `n − 1` degrees of freedom.
    pub p: f64,
    /// One-sided p-value: small where the first is better.
    pub p_less: f64,
}

/// Diebold and Mariano's test with Harvey, Leybourne and Newbold's correction.
///
/// - `differences`: loss of the first less loss of the second, in order of origin.
/// - `horizon`: forecasts overlap by `horizon − 1` periods; autocovariances up to there, all of
///   weight one, make the variance. `None` where it is not positive (negative, or zero
///   but for rounding) or `n ≤ horizon`.
///
/// # Source
/// Diebold and Mariano (1995), doi:10.1080/07350015.1995.10524599; Harvey, Leybourne and Newbold
/// (1997), doi:10.1016/S0169-2070(96)00719-4
pub fn equal_accuracy(differences: &[f64], horizon: usize) -> Option<EqualAccuracy> {
    if differences.len() <= horizon.max(1) {
        return None;
    }
    let d_bar = mean(differences)?;
    let n = count(differences.len());
    let h = count(horizon.max(1));
    let gamma = autocovariances(differences, horizon.max(1) - 1);
    let variance = (gamma[0] + 2.0 * gamma[1..].iter().sum::<f64>()) / n;
    if variance.is_nan() || variance <= f64::EPSILON * d_bar * d_bar {
        return None;
    }
    let dm = d_bar / variance.sqrt();
    let dm_hln = dm * ((n + 1.0 - 2.0 * h + h * (h - 1.0) / n) / n).max(0.0).sqrt();
    let t = StudentsT::new(0.0, 1.0, n - 1.0).ok()?;
    let tail = t.cdf(-dm_hln.abs());
    let p_less = if dm_hln > 0.0 { 1.0 - tail } else { tail };
    Some(EqualAccuracy { dm, dm_hln, p: 2.0 * tail, p_less })
}

/// Autocovariances at lags `0..=n_lags`, each divided by `n`.
fn autocovariances(values: &[f64], n_lags: usize) -> Vec<f64> {
    let centre = mean(values).unwrap_or(0.0);
    let product = |pair: (&f64, &f64)| (pair.0 - centre) * (pair.1 - centre);
    (0..=n_lags)
        .map(|lag| {
            let later = values.get(lag..).unwrap_or_default();
            values.iter().zip(later).map(product).sum::<f64>() / count(values.len())
        })
        .collect()
}

/// Autocorrelations at lags `0..=n_lags`; `None` of constant values.
pub fn autocorrelations(values: &[f64], n_lags: usize) -> Option<Vec<f64>> {
    let gamma = autocovariances(values, n_lags);
    (gamma[0] > 0.0).then(|| gamma.iter().map(|g| g / gamma[0]).collect())
}

/// Ljung and Box's test that residuals are free of autocorrelation up to a lag: statistic and p-value.
///
/// # Source
/// Ljung and Box (1978), doi:10.1093/biomet/65.2.297
pub fn ljung_box(values: &[f64], n_lags: usize) -> Option<(f64, f64)> {
    if n_lags == 0 || values.len() <= n_lags {
        return None;
    }
    let n = count(values.len());
    let rho = autocorrelations(values, n_lags)?;
    let sum: f64 = (1..=n_lags).map(|lag| rho[lag].powi(2) / (n - count(lag))).sum();
    let q = n * (n + 2.0) * sum;
    Some((q, ChiSquared::new(count(n_lags)).ok()?.sf(q)))
}

/// The statistic by which a model confidence set is whittled down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The largest difference between two models.
    Range,
    /// The largest difference from the mean of all.
    Max,
}

/// How a model confidence set resamples.
#[derive(Debug, Clone)]
pub struct Resampling {
    /// Mean length of a block.
    pub mean_block: f64,
    /// Resamples.
    pub n_bootstraps: usize,
    /// Where the random numbers come from.
    pub stream: Randomness,
}

/// The model confidence set: of each model the p-value of belonging to the best.
///
/// A set of confidence `1 − α` keeps the models whose p-value is above `α`.
/// - `losses`: one origin a row, one model a column, shape `(n, k)`.
/// - `None` of no origin, of no model, or of rows of different length.
///
/// # Source
/// Hansen, Lunde and Nason (2011), doi:10.3982/ECTA5771
pub fn model_confidence_set(
    losses: &[Vec<f64>],
    statistic: Statistic,
    resampling: &Resampling,
) -> Option<Vec<f64>> {
    let k = losses.first().map(Vec::len).filter(|k| *k > 0)?;
    if losses.iter().any(|row| row.len() != k) {
        return None;
    }
    let means = column_means(losses, k);
    let shifts = resampled_means(losses, &means, resampling);
    let mut included: Vec<usize> = (0..k).collect();
    let mut p_values = vec![1.0; k];
    let mut p_so_far = 0.0_f64;
    while included.len() > 1 {
        let (worst, p) = match statistic {
            Statistic::Range => by_range(&means, &shifts, &included),
            Statistic::Max => by_max(&means, &shifts, &included),
        };
        p_so_far = p_so_far.max(p);
        p_values[worst] = p_so_far;
        included.retain(|model| *model != worst);
    }
    Some(p_values)
}

fn column_means(losses: &[Vec<f64>], k: usize) -> Vec<f64> {
    (0..k).map(|j| losses.iter().map(|row| row[j]).sum::<f64>() / count(losses.len())).collect()
}

/// Means of each resample less the means of the sample.
fn resampled_means(losses: &[Vec<f64>], means: &[f64], resampling: &Resampling) -> Vec<Vec<f64>> {
    let n = losses.len();
    let resampled = (0..resampling.n_bootstraps).map(|resample| {
        let mut sums = vec![0.0; means.len()];
        let mut random = resampling.stream.draw(resample);
        visit_stationary(n, resampling.mean_block, &mut random, |at| {
            sums.iter_mut().zip(&losses[at]).for_each(|(sum, loss)| *sum += loss);
        });
        sums.iter().zip(means).map(|(sum, mean)| sum / count(n) - mean).collect()
    });
    resampled.collect()
}

/// Statistic below which models are alike but for rounding: then none of them is the worse.
const ALIKE: f64 = 1e-6;

/// Standard deviation over resamples, with a floor far below any loss: models that are alike differ by
/// nothing.
fn deviation(shifts: impl Iterator<Item = f64>, n: usize, means: &[f64]) -> f64 {
    let size = means.iter().map(|mean| mean.abs()).fold(f64::MIN_POSITIVE, f64::max);
    (shifts.map(|shift| shift * shift).sum::<f64>() / count(n)).sqrt().max(1e-9 * size)
}

fn by_range(means: &[f64], shifts: &[Vec<f64>], included: &[usize]) -> (usize, f64) {
    let mut worst = (included[0], f64::NEG_INFINITY);
    let mut largest = vec![0.0_f64; shifts.len()];
    for &i in included {
        for &j in included.iter().filter(|j| **j != i) {
            let deviation = deviation(shifts.iter().map(|s| s[i] - s[j]), shifts.len(), means);
            let statistic = (means[i] - means[j]) / deviation;
            if statistic > worst.1 {
                worst = (i, statistic);
            }
            for (largest, shift) in largest.iter_mut().zip(shifts) {
                *largest = largest.max((shift[i] - shift[j]) / deviation);
            }
        }
    }
    (worst.0, if worst.1 < ALIKE { 1.0 } else { share_above(&largest, worst.1) })
}

fn by_max(means: &[f64], shifts: &[Vec<f64>], included: &[usize]) -> (usize, f64) {
    let centre = |values: &[f64]| {
        included.iter().map(|model| values[*model]).sum::<f64>() / count(included.len())
    };
    let centres: Vec<f64> = shifts.iter().map(|shift| centre(shift)).collect();
    let mut worst = (included[0], f64::NEG_INFINITY);
    let mut largest = vec![f64::NEG_INFINITY; shifts.len()];
    for &i in included {
        let centred = || shifts.iter().zip(&centres).map(|(shift, centre)| shift[i] - centre);
        let deviation = deviation(centred(), shifts.len(), means);
        let statistic = (means[i] - centre(means)) / deviation;
        if statistic > worst.1 {
            worst = (i, statistic);
        }
        for (largest, shift) in largest.iter_mut().zip(centred()) {
            *largest = largest.max(shift / deviation);
        }
    }
    (worst.0, if worst.1 < ALIKE { 1.0 } else { share_above(&largest, worst.1) })
}

fn share_above(values: &[f64], bound: f64) -> f64 {
    count(values.iter().filter(|value| **value > bound).count()) / count(values.len().max(1))
}

/// The score interval of a share `p` of `n`, `(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)` with the
/// normal quantile `z` of the coverage; `None` of nothing.
///
/// # Source
/// Wilson (1927), doi:10.1080/01621459.1927.10502953
pub fn wilson(n_hits: usize, n: usize, coverage: f64) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let z = statrs::distribution::Normal::standard().inverse_cdf(f64::midpoint(1.0, coverage));
    let (n, share) = (count(n), count(n_hits) / count(n));
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampling() -> Resampling {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date");
        Resampling { mean_block: 4.0, n_bootstraps: 400, stream: Randomness::new(0, "mcs", day) }
    }

    #[test]
    fn a_model_that_is_always_worse_leaves_the_set() {
        let noise = |i: u32, j: u32| f64::from((i * 37 + j * 11) % 17) / 17.0;
        let row = |i| vec![noise(i, 0), noise(i, 1), noise(i, 2) + 1.0];
        let losses: Vec<_> = (0..60).map(row).collect();
        for statistic in [Statistic::Range, Statistic::Max] {
            let p = model_confidence_set(&losses, statistic, &resampling()).expect("losses");
            assert!(p[2] < 0.01 && p[0].max(p[1]) == 1.0, "{p:?}");
        }
        let same: Vec<_> = (0..20).map(|i| vec![noise(i, 0); 2]).collect();
        let p = model_confidence_set(&same, Statistic::Range, &resampling()).expect("losses");
        assert_eq!(p, vec![1.0, 1.0], "models that are alike stay together");
    }

    #[test]
    fn equal_accuracy_needs_a_difference_that_varies() {
        assert_eq!(equal_accuracy(&[0.1; 20], 1), None);
        assert_eq!(equal_accuracy(&[0.1, 0.2], 4), None);
        let better: Vec<f64> = (0..30).map(|i| -1.0 + 0.1 * f64::from(i % 5)).collect();
        let test = equal_accuracy(&better, 1).expect("a difference");
        assert!(test.dm_hln < -5.0 && test.p < 1e-6 && test.p_less < test.p);
    }

    #[test]
    fn wilson_of_nothing_in_twenty() {
        let (low, high) = wilson(0, 20, 0.9).expect("twenty");
        assert!(low.abs() < 1e-15 && (high - 0.1191).abs() < 1e-3, "{high}");
        assert_eq!(wilson(0, 0, 0.9), None);
    }
}
