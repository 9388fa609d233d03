//! Intervals of a panel: how wrong its forecasts of the recent past were, pooled by horizon.
//!
//! Pure. A residual is divided by the scale of its series, so that those of all series can stand
//! together; quantiles are conformal, and a small panel leans on what larger ones showed.

use serde::{Deserialize, Serialize};

use crate::forecast::univariate::{self, Answer, Volatility};
use crate::units::count;

/// Parts of a scale, which is their geometric mean: seasonal change, change, spread of the members,
/// recent seasonal change, recent change, roughness.
const N_PARTS: usize = 6;
/// Usual weights of the parts, which add up to 1; chosen on the training parts of three public panels.
const USUAL_WEIGHTS: [f64; N_PARTS] = [0.3, 0.2, 0.3, 0.2, 0.0, 0.0];
/// Errors that the usual weights count as, against those of a panel.
const USUAL_COUNT: f64 = 200.0;
/// The least that a part may be of the largest one, so that a zero does not hide the others.
const PART_LEAST: f64 = 1e-3;
/// The least that an error counts as, in usual scales: a hit by chance says little.
const ERROR_LEAST: f64 = 1e-2;
/// How far a scale may lie from the usual one, in logarithms: ten times as large, or as small.
const SHIFT_MAX: f64 = std::f64::consts::LN_10;
/// Values from which on a series' changes tell its scale.
const N_KNOWN: usize = 3;
/// Scale of a series with fewer, in shares of its level, at least.
const UNKNOWN_SHARE: f64 = 0.1;
/// Residuals of a horizon from which on the panel's own quantiles are all that counts.
const N_ENOUGH: f64 = 100.0;
/// Horizons to each side over which a quantile is averaged.
const REACH: usize = 2;
/// What the residuals of public panels were, in scales: a Student t with four degrees of freedom,
/// `USUAL_SPREAD` wide one period ahead and growing with the horizon to the power `USUAL_GROWTH`.
const USUAL_SPREAD: f64 = 1.2;
const USUAL_GROWTH: f64 = 0.35;

/// How far intervals reach, for a whole panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Intervals {
    weights: Weights,
    /// Ends in scales, for each coverage by periods ahead.
    ends: Vec<Vec<(f64, f64)>>,
    /// The same for a series of which too little is known: at least as far as is usual.
    unknown: Vec<Vec<(f64, f64)>>,
}

impl Intervals {
    /// Learns from attempts.
    pub(super) fn new(attempts: &[Attempt], horizon: usize, coverages: &[f64]) -> Self {
        let weights = Weights::fit(attempts, horizon);
        let own = Residuals::new(horizon, attempts, &weights);
        let usual = Residuals::new(horizon, &[], &weights);
        let ends: Vec<_> = coverages.iter().map(|coverage| own.ends(*coverage)).collect();
        let wider = |((low, high), (least, most)): (&(f64, f64), (f64, f64))| {
            (low.min(least), high.max(most))
        };
        let unknown = coverages
            .iter()
            .zip(&ends)
            .map(|(coverage, ends)| ends.iter().zip(usual.ends(*coverage)).map(wider).collect());
        let unknown = unknown.collect();
        Self { weights, ends, unknown }
    }

    /// Lower and upper end around an answer to values `y`, for each period ahead by coverage.
    pub(super) fn around(&self, y: &[f64], answer: &Answer) -> Vec<Vec<(f64, f64)>> {
        let ends = if y.len() < N_KNOWN { &self.unknown } else { &self.ends };
        if ends.is_empty() {
            return vec![Vec::new(); answer.path.len()];
        }
        let at = |(idx, (yhat, scale)): (usize, (&f64, f64))| {
            let end = |shift: f64| (yhat + shift * scale).clamp(f64::MIN, f64::MAX);
            ends.iter().map(|ends| (end(ends[idx].0), end(ends[idx].1))).collect()
        };
        answer.path.iter().zip(self.weights.scales(y, answer)).enumerate().map(at).collect()
    }
}

/// The errors of an answer, as far as values came and ever changed.
pub(super) fn attempts(came: &[f64], answer: &Answer) -> impl Iterator<Item = Attempt> {
    let parts = parts(answer).into_iter().enumerate();
    came.iter().zip(parts).filter_map(|(actual, (ahead, parts))| {
        let error = actual - answer.path[ahead];
        parts.map(|parts| Attempt { ahead, error, parts })
    })
}

/// The error of a forecast that has come true.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    /// Periods ahead, less one.
    pub(super) ahead: usize,
    /// Actual less forecast.
    pub(super) error: f64,
    /// Logarithms of the parts of its scale.
    pub(super) parts: [f64; N_PARTS],
}

/// Logarithms of the parts of a scale, for each period ahead; none if nothing ever changed.
fn parts(answer: &Answer) -> Vec<Option<[f64; N_PARTS]>> {
    let Volatility { change, seasonal, recent, recent_change, roughness } = answer.volatility;
    let logs = |spread: &f64| {
        let parts = [seasonal, change, *spread, recent, recent_change, roughness];
        let largest = parts.iter().copied().fold(0.0, f64::max);
        (largest > 0.0).then(|| parts.map(|part| part.max(PART_LEAST * largest).ln()))
    };
    // A spread that is the same for all periods, as that of a single model, is looked at once.
    let mut parts: Vec<Option<[f64; N_PARTS]>> = Vec::with_capacity(answer.spread.len());
    for (idx, spread) in answer.spread.iter().enumerate() {
        let again = idx > 0 && *spread == answer.spread[idx - 1];
        parts.push(if again { parts[idx - 1] } else { logs(spread) });
    }
    parts
}

/// How much each part of a scale counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Weights([f64; N_PARTS]);

impl Weights {
    /// Least squares of the logarithms of errors on those of the parts, drawn to the usual weights
    /// and adding up to 1 as these do; horizons have levels of their own.
    fn fit(attempts: &[Attempt], horizon: usize) -> Self {
        const K: usize = N_PARTS - 1;
        let usual = Self(USUAL_WEIGHTS);
        let mut means = vec![([0.0; N_PARTS], 0.0); horizon];
        let row = |attempt: &Attempt| {
            let scale = usual.log_scale(&attempt.parts);
            let error = attempt.error.abs().ln().max(scale + ERROR_LEAST.ln()) - scale;
            let mut row = attempt.parts.map(|part| part - attempt.parts[0]);
            row[0] = error;
            row
        };
        let rows = attempts.iter().map(|attempt| (attempt.ahead, row(attempt)));
        let is_number = |(_, row): &(usize, [f64; N_PARTS])| row.iter().all(|v| v.is_finite());
        let usable: Vec<_> = rows.filter(is_number).collect();
        for (ahead, row) in &usable {
            let (sums, n) = &mut means[*ahead];
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            *n += 1.0;
        }
        let (mut gram, mut product) = ([0.0; K * K], [0.0; K]);
        for (ahead, row) in &usable {
            let (sums, n) = &means[*ahead];
            let mut off = *row;
            off.iter_mut().zip(sums).for_each(|(value, sum)| *value -= sum / n);
            for i in 0..K {
                product[i] += off[i + 1] * off[0];
                for j in 0..K {
                    gram[i * K + j] += off[i + 1] * off[j + 1];
                }
            }
        }
        let pull = 1.0 + USUAL_COUNT / count(usable.len().max(1));
        for i in 0..K {
            gram[i * K + i] *= pull;
        }
        univariate::solve(&mut gram, &mut product);
        let mut weights = USUAL_WEIGHTS;
        for (weight, shift) in weights[1..].iter_mut().zip(product) {
            *weight += shift;
        }
        weights[0] -= product.iter().sum::<f64>();
        Self(weights)
    }

    /// Within [`SHIFT_MAX`] of that of the usual weights, whatever few or nearly exact errors taught.
    fn log_scale(&self, parts: &[f64; N_PARTS]) -> f64 {
        let sum = |weights: &[f64; N_PARTS]| -> f64 {
            parts.iter().zip(weights).map(|(part, weight)| part * weight).sum()
        };
        let (usual, own) = (sum(&USUAL_WEIGHTS), sum(&self.0));
        own.max(usual - SHIFT_MAX).min(usual + SHIFT_MAX)
    }

    /// The scale of an error.
    fn scale(&self, parts: &[f64; N_PARTS]) -> f64 {
        self.log_scale(parts).exp().min(f64::MAX)
    }

    /// The scale of a series' errors, for each period ahead.
    fn scales(&self, y: &[f64], answer: &Answer) -> Vec<f64> {
        let level = y.iter().fold(0.0_f64, |level, value| level.max(value.abs()));
        let scale = |parts: &Option<[f64; N_PARTS]>| {
            let known = parts.map_or(0.0, |parts| self.scale(&parts));
            if y.len() < N_KNOWN { known.max(UNKNOWN_SHARE * level) } else { known }
        };
        parts(answer).iter().map(scale).collect()
    }
}

/// Residuals of a panel in scales, by periods ahead.
#[derive(Debug, Clone)]
struct Residuals {
    by_horizon: Vec<Vec<f64>>,
}

impl Residuals {
    /// Sorts residuals by periods ahead.
    fn new(horizon: usize, attempts: &[Attempt], weights: &Weights) -> Self {
        let mut by_horizon: Vec<Vec<f64>> = vec![Vec::new(); horizon];
        for attempt in attempts {
            let residual = attempt.error / weights.scale(&attempt.parts);
            if residual.is_finite() {
                by_horizon[attempt.ahead].push(residual);
            }
        }
        for values in &mut by_horizon {
            values.sort_by(f64::total_cmp);
        }
        Self { by_horizon }
    }

    /// Lower and upper end of an interval in scales, for each period ahead: at most 0 and at least 0.
    fn ends(&self, coverage: f64) -> Vec<(f64, f64)> {
        let side = 0.5 * (1.0 - coverage);
        let lower = smooth(&self.quantiles(side));
        let upper = smooth(&self.quantiles(1.0 - side));
        lower.into_iter().zip(upper).map(|(low, high)| (low.min(0.0), high.max(0.0))).collect()
    }

    fn quantiles(&self, level: f64) -> Vec<f64> {
        let at = |(values, ahead): (&Vec<f64>, u32)| {
            let n = count(values.len());
            let usual = USUAL_SPREAD * f64::from(ahead).powf(USUAL_GROWTH) * student_4(level);
            let own = conformal(values, level).unwrap_or(usual);
            let trust = (n / N_ENOUGH).min(1.0);
            trust * own + (1.0 - trust) * usual
        };
        self.by_horizon.iter().zip(1..).map(at).collect()
    }
}

/// The value whose rank among `n` and one to come has the level: the `⌈(n+1)·q⌉`-th above the middle,
/// the `⌊(n+1)·q⌋`-th below, the outermost where there are too few.
fn conformal(sorted: &[f64], level: f64) -> Option<f64> {
    let rank = (count(sorted.len()) + 1.0) * level;
    // A rank a rounding error off a whole number is that number.
    let rank = if level < 0.5 { (rank + 1e-9).floor() } else { (rank - 1e-9).ceil() };
    let counted = sorted.iter().zip(1_u32..);
    let up_to = counted.take_while(|(_, idx)| f64::from(*idx) <= rank).last();
    up_to.map(|(value, _)| *value).or_else(|| sorted.first().copied())
}

/// The quantile of Student's t with four degrees of freedom, in closed form.
///
/// # Source
/// Shaw (2006), Sampling Student's T distribution, doi:10.21314/JCF.2006.150
fn student_4(level: f64) -> f64 {
    let a = 4.0 * level * (1.0 - level);
    let root = a.sqrt();
    let q = (root.acos() / 3.0).cos() / root;
    2.0 * (q - 1.0).max(0.0).sqrt() * (level - 0.5).signum()
}

/// The mean over the horizons beside, as many to each side.
fn smooth(values: &[f64]) -> Vec<f64> {
    let at = |idx: usize| {
        let reach = REACH.min(idx).min(values.len() - 1 - idx);
        let window = &values[idx - reach..=idx + reach];
        window.iter().sum::<f64>() / count(window.len())
    };
    (0..values.len()).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conformal_ranks_are_those_of_one_to_come() {
        let values: Vec<f64> = (1_u32..=39).map(f64::from).collect();
        assert_eq!(conformal(&values, 0.975), Some(39.0));
        assert_eq!(conformal(&values, 0.025), Some(1.0));
        assert_eq!(conformal(&values, 0.9), Some(36.0));
        assert_eq!(conformal(&values[..5], 0.99), Some(5.0));
        assert_eq!(conformal(&values[..5], 0.01), Some(1.0));
        assert_eq!(conformal(&[], 0.5), None);
    }

    #[test]
    fn the_usual_quantile_is_that_of_student() {
        // R: qt(c(0.975, 0.9), 4) = 2.776445 1.533206
        assert!((student_4(0.975) - 2.776_445_1).abs() < 1e-6, "{}", student_4(0.975));
        assert!((student_4(0.1) + 1.533_206_3).abs() < 1e-6, "{}", student_4(0.1));
    }

    #[test]
    fn wider_coverage_is_never_narrower() {
        let attempt = |idx: u32| Attempt {
            ahead: (idx % 3) as usize,
            error: f64::from(idx * 37 % 101) - 40.0,
            parts: [0.0; N_PARTS],
        };
        let attempts: Vec<_> = (0..60).map(attempt).collect();
        let residuals = Residuals::new(3, &attempts, &Weights(USUAL_WEIGHTS));
        let mut last = residuals.ends(0.01);
        for coverage in 2_u32..100 {
            let ends = residuals.ends(f64::from(coverage) / 100.0);
            for (wide, narrow) in ends.iter().zip(&last) {
                assert!(wide.0 <= narrow.0 + 1e-12 && wide.1 >= narrow.1 - 1e-12);
            }
            last = ends;
        }
        assert!(Residuals::new(2, &[], &Weights(USUAL_WEIGHTS)).ends(0.95)[0].1 > 3.0);
    }

    #[test]
    fn weights_are_the_usual_ones_until_errors_say_otherwise() {
        assert_eq!(Weights::fit(&[], 2), Weights(USUAL_WEIGHTS));
        // Errors that are as large as the change, whatever the other parts are.
        let attempt = |idx: u32| {
            let part = |prime: u32| f64::from(idx * prime % 17) / 4.0;
            let parts = [part(3), part(5), part(7), part(11), part(13), part(2)];
            Attempt { ahead: 0, error: parts[1].exp(), parts }
        };
        let Weights(fitted) = Weights::fit(&(0..20_000).map(attempt).collect::<Vec<_>>(), 1);
        assert!((fitted[1] - 1.0).abs() < 0.05 && fitted[0].abs() < 0.05, "{fitted:?}");
        assert!((fitted.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
