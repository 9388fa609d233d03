//! Scores of whole distributions: CRPS of a normal, a sample, a quantile function; energy and
//! variogram scores of joint samples. Lower is better everywhere.
//!
//! May use `score` alone.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::mean;

/// How the spread of a sample is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Over all pairs: the score of the sample itself as the distribution.
    Sample,
    /// Over pairs of different members: unbiased for the distribution behind the sample.
    Fair,
}

/// What lies between the knots of a quantile function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// A straight line.
    Line,
    /// A straight line of logarithms; the values are positive.
    LogLine,
}

/// CRPS of a normal distribution, in the unit of `actual`: `σ·(z(2Φ(z)−1) + 2φ(z) − 1/√π)`.
///
/// # Source
/// Gneiting and Raftery (2007), doi:10.1198/016214506000001437
pub fn crps_normal(actual: f64, mean: f64, sd: f64) -> f64 {
    let z = (actual - mean) / sd;
    let normal = Normal::standard();
    sd * (z * (2.0 * normal.cdf(z) - 1.0) + 2.0 * normal.pdf(z)
        - std::f64::consts::FRAC_2_SQRT_PI / 2.0)
}

/// Logarithmic score of a normal distribution: minus the log density at `actual`.
pub fn log_score_normal(actual: f64, mean: f64, sd: f64) -> f64 {
    let z = (actual - mean) / sd;
    z * z / 2.0 + sd.ln() + std::f64::consts::TAU.ln() / 2.0
}

/// CRPS of a sample: `mean|x − y| − ½·mean|x − x'|`; `None` of too small a sample.
///
/// # Source
/// Gneiting and Raftery (2007); Ferro (2014), doi:10.1002/qj.2270, for the fair one
pub fn crps_sample(actual: f64, sample: &[f64], spread: Spread) -> Option<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 draws")]
    let n = sorted.len() as f64;
    let pairs = match spread {
        Spread::Sample => n * n,
        Spread::Fair => n * (n - 1.0),
    };
    let errors: Vec<_> = sorted.iter().map(|x| (x - actual).abs()).collect();
    let mut weight = 1.0 - n;
    let mut spread = 0.0;
    for x in &sorted {
        spread += weight * x;
        weight += 2.0;
    }
    Some(mean(&errors)? - spread / pairs).filter(|score| score.is_finite())
}

/// CRPS of a distribution given by knots of its quantile function, in order of level; flat beyond the
/// outermost. `2·∫ pinball(p, y, Q(p)) dp`, exact for lines and to ten digits for lines of logarithms.
///
/// # Source
/// Gneiting and Ranjan (2011), doi:10.1198/jbes.2010.08110
pub fn crps_quantiles(actual: f64, knots: &[(f64, f64)], between: Between) -> Option<f64> {
    let (first, last) = (knots.first()?, knots.last()?);
    let ends = [((0.0, first.1), *first), (*last, (1.0, last.1))];
    let inner = knots.windows(2).map(|pair| (pair[0], pair[1]));
    let pieces = inner.chain(ends);
    Some(pieces.map(|(from, to)| crps_piece(actual, from, to, between)).sum())
}

/// Nodes and weights of Gauss and Legendre's rule on (0, 1), exact for polynomials of degree 9.
const GAUSS: [(f64, f64); 5] = [
    (0.046_910_077_030_668, 0.118_463_442_528_094_54),
    (0.230_765_344_947_158_45, 0.239_314_335_249_683_23),
    (0.5, 0.284_444_444_444_444_44),
    (0.769_234_655_052_841_5, 0.239_314_335_249_683_23),
    (0.953_089_922_969_332, 0.118_463_442_528_094_54),
];

/// `2·∫ pinball` over one piece, cut where the quantile function passes the actual.
fn crps_piece(y: f64, (p0, v0): (f64, f64), (p1, v1): (f64, f64), between: Between) -> f64 {
    let at = |share: f64| match between {
        Between::LogLine if v0 > 0.0 && v1 > 0.0 => v0 * (share * (v1 / v0).ln()).exp(),
        _ => v0 + share * (v1 - v0),
    };
    let cut = match between {
        _ if y <= v0 => 0.0,
        _ if y >= v1 => 1.0,
        Between::LogLine if v0 > 0.0 => (y / v0).ln() / (v1 / v0).ln(),
        _ => (y - v0) / (v1 - v0),
    };
    let width = p1 - p0;
    let part = |from: f64, to: f64| -> f64 {
        let node = |(x, weight): &(f64, f64)| {
            let share = from + x * (to - from);
            weight * 2.0 * super::pinball(p0 + share * width, y, at(share))
        };
        GAUSS.iter().map(node).sum::<f64>() * (to - from) * width
    };
    part(0.0, cut) + part(cut, 1.0)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Energy score of a joint sample: the CRPS with Euclidean distances.
///
/// - `actual`: shape `(d,)`. `sample`: one world a row, shape `(m, d)`.
///
/// # Source
/// Gneiting and Raftery (2007), doi:10.1198/016214506000001437
pub fn energy_score(actual: &[f64], sample: &[Vec<f64>]) -> Option<f64> {
    let to_actual: Vec<_> = sample.iter().map(|world| distance(world, actual)).collect();
    let to_others = sample.iter().map(|a| sample.iter().map(|b| distance(a, b)).sum::<f64>());
    let spread: Vec<f64> = to_others.collect();
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 worlds")]
    let m = sample.len() as f64;
    Some(mean(&to_actual)? - mean(&spread)? / (2.0 * m))
}

/// Variogram score of a joint sample: how well it knows which components move together.
///
/// `Σᵢⱼ (|yᵢ − yⱼ|^p − mean|xᵢ − xⱼ|^p)²` over ordered pairs; shapes as in [`energy_score`].
///
/// # Source
/// Scheuerer and Hamill (2015), doi:10.1175/MWR-D-14-00269.1
pub fn variogram_score(actual: &[f64], sample: &[Vec<f64>], power: f64) -> Option<f64> {
    let mut score = 0.0;
    for i in 0..actual.len() {
        for j in 0..i {
            let of = |values: &[f64]| (values[i] - values[j]).abs().powf(power);
            let expected: Vec<_> = sample.iter().map(|world| of(world)).collect();
            score += 2.0 * (of(actual) - mean(&expected)?).powi(2);
        }
    }
    (!sample.is_empty()).then_some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same integral by a fine sum over levels.
    fn by_sum(y: f64, knots: &[(f64, f64)], between: Between) -> f64 {
        let n = 200_000;
        let level = |i: i32| (f64::from(i) + 0.5) / f64::from(n);
        let at = |p: f64| {
            let above = knots.iter().position(|(q, _)| *q >= p);
            match above {
                Some(0) => knots[0].1,
                None => knots[knots.len() - 1].1,
                Some(k) => {
                    let ((p0, v0), (p1, v1)) = (knots[k - 1], knots[k]);
                    let share = (p - p0) / (p1 - p0);
                    match between {
                        Between::Line => v0 + share * (v1 - v0),
                        Between::LogLine => (v0.ln() + share * (v1.ln() - v0.ln())).exp(),
                    }
                }
            }
        };
        (0..n).map(|i| 2.0 * super::super::pinball(level(i), y, at(level(i)))).sum::<f64>()
            / f64::from(n)
    }

    #[test]
    fn crps_of_a_quantile_function_is_the_integral_of_pinball() {
        let knots = [(0.025, 5.0), (0.1, 8.0), (0.5, 10.0), (0.9, 13.0), (0.975, 30.0)];
        for between in [Between::Line, Between::LogLine] {
            for y in [1.0, 7.0, 10.0, 12.9, 29.0, 60.0] {
                let ours = crps_quantiles(y, &knots, between).expect("knots");
                let sum = by_sum(y, &knots, between);
                assert!((ours - sum).abs() < 1e-7 * sum, "{between:?} {y}: {ours} {sum}");
            }
        }
        assert_eq!(crps_quantiles(1.0, &[], Between::Line), None);
        let point = crps_quantiles(3.0, &[(0.5, 5.0)], Between::Line).expect("a knot");
        assert!((point - 2.0).abs() < 1e-14, "a point's CRPS is its absolute error");
    }

    #[test]
    fn a_sample_of_a_normal_scores_nearly_like_the_normal() {
        let normal = Normal::standard();
        let sample: Vec<f64> =
            (1..4000).map(|i| normal.inverse_cdf(f64::from(i) / 4000.0)).collect();
        let score = crps_sample(0.7, &sample, Spread::Sample).expect("a sample");
        assert!((score - crps_normal(0.7, 0.0, 1.0)).abs() < 1e-3);
        assert_eq!(crps_sample(0.0, &[1.0], Spread::Fair), None);
    }
}
