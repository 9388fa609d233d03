//! The season of a series: is there one, how large is it of late, and the series without it.
//!
//! Pure: numbers in, numbers out. A season of `m` periods is counted from the first value.

use super::count;

/// Weight of a year's deviation from trend in the figure of the year before or after.
const YEAR_WEIGHT: f64 = 0.8;
/// Weight of years in which the trend is extended and not observed.
const EDGE_WEIGHT: f64 = 0.3;

/// How the season joins the trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Absent,
    Times,
    Plus,
}

/// A series without its season, and the season of the periods to come.
#[derive(Debug, Clone)]
pub(super) struct Adjusted {
    /// The series without its season.
    pub(super) values: Vec<f64>,
    kind: Kind,
    factors: Vec<f64>,
}

impl Adjusted {
    fn absent(y: &[f64]) -> Self {
        Self { values: y.to_vec(), kind: Kind::Absent, factors: vec![1.0] }
    }

    /// Puts the season back on a path that follows the series.
    pub(super) fn restore(&self, path: &mut [f64]) {
        let season = self.factors.iter().cycle().skip(self.values.len() % self.factors.len());
        for (value, factor) in path.iter_mut().zip(season) {
            match self.kind {
                Kind::Absent => {}
                Kind::Times => *value *= factor,
                Kind::Plus => *value += factor,
            }
        }
    }
}

/// Whether the autocorrelation at lag `m` is clear of noise at the 90% level, as in the M4 benchmarks.
///
/// # Source
/// Makridakis, Spiliotis and Assimakopoulos (2020), doi:10.1016/j.ijforecast.2019.04.014
pub(super) fn is_clear(y: &[f64], m: usize) -> bool {
    let n = y.len();
    if m < 2 || n < 3 * m {
        return false;
    }
    let mean = y.iter().sum::<f64>() / count(n);
    let variance: f64 = y.iter().map(|value| (value - mean).powi(2)).sum();
    let at = |lag: usize| {
        let pairs = y[lag..].iter().zip(y);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / variance
    };
    let noise = 1.0 + 2.0 * (1..m).map(|lag| at(lag).powi(2)).sum::<f64>();
    at(m).abs() > 1.645 * (noise / count(n)).sqrt()
}

/// The additive figure of a season: mean deviation of each phase from the centred average, summing to 0.
///
/// - `y`: two seasons or more; `m`: 2 or more. Returns one value a phase, the first that of `y[0]`.
pub fn figure(y: &[f64], m: usize) -> Vec<f64> {
    let trend = centred(y, m);
    let deviation: Vec<f64> = y.iter().zip(&trend).map(|(value, level)| value - level).collect();
    let mut factors = phase_means(&deviation, m);
    let mean = factors.iter().sum::<f64>() / count(m);
    for factor in &mut factors {
        *factor -= mean;
    }
    factors
}

/// Takes a season out that may change over the years, shrunk by how far it stands out of the noise.
///
/// The figure of a year is a mean of all years' deviations from the centred average, with weights
/// that fall by a fifth a year of distance. It is shrunk by `1 − within/between`, where the variances
/// are those of the deviations within a phase and between phases: no test, no jump between a season
/// and none. Positive series have a multiplicative season.
///
/// # Source
/// Shrinkage of seasonal factors: Miller and Williams (2003), doi:10.1016/S0169-2070(02)00077-8
pub(super) fn adjust(y: &[f64], m: usize) -> Adjusted {
    if m < 2 || y.len() < 2 * m + 2 {
        return Adjusted::absent(y);
    }
    let kind = if y.iter().all(|value| *value > 0.0) { Kind::Times } else { Kind::Plus };
    let none = if kind == Kind::Times { 1.0 } else { 0.0 };
    let trend = centred(y, m);
    let off = |(value, level): (&f64, &f64)| match kind {
        Kind::Times => value / level,
        _ => value - level,
    };
    let share = reliability(&y.iter().zip(&trend).map(off).collect::<Vec<_>>(), m, none);
    if !(share > 0.0 && share.is_finite()) {
        return Adjusted::absent(y);
    }
    let full = extended(&trend, m);
    let near = |(value, level): (&f64, &f64)| match kind {
        Kind::Times => (value / level.max(1e-9 * value)).clamp(0.05, 20.0),
        _ => value - level,
    };
    let deviation: Vec<f64> = y.iter().zip(&full).map(near).collect();
    let (moving, mut factors) = moving_figure(&deviation, &trend, m);
    let mean = factors.iter().sum::<f64>() / count(m);
    let shrink = |figure: f64| match kind {
        Kind::Times => 1.0 + share * (figure / mean - 1.0),
        _ => share * (figure - mean),
    };
    for factor in &mut factors {
        *factor = shrink(*factor);
    }
    let without = |(value, figure): (&f64, &f64)| match kind {
        Kind::Times => value / shrink(*figure),
        _ => value - shrink(*figure),
    };
    Adjusted { values: y.iter().zip(&moving).map(without).collect(), kind, factors }
}

/// The centred moving average over one season; NaN where it does not reach.
///
/// - `y`: any number of values; `m`: 2 or more.
pub fn centred(y: &[f64], m: usize) -> Vec<f64> {
    let (n, half) = (y.len(), m / 2);
    let mut trend = vec![f64::NAN; n];
    for at in half..n.saturating_sub(half) {
        let window = &y[at - half..=at + half];
        let sum: f64 = window.iter().sum();
        let ends = if m.is_multiple_of(2) { 0.5 * (window[0] + window[2 * half]) } else { 0.0 };
        trend[at] = (sum - ends) / count(m);
    }
    trend
}

/// The mean of each phase, over what is a number.
fn phase_means(values: &[f64], m: usize) -> Vec<f64> {
    let phase = |first: usize| {
        let of_phase = values.iter().skip(first).step_by(m).filter(|value| value.is_finite());
        let (sum, n) = of_phase.fold((0.0, 0), |(sum, n), value| (sum + value, n + 1));
        sum / count(n)
    };
    (0..m).map(phase).collect()
}

/// The share of a season's variance that is no noise: `1 − within/between`, at least 0.
fn reliability(deviation: &[f64], m: usize, none: f64) -> f64 {
    let mut figure = phase_means(deviation, m);
    let mean = figure.iter().sum::<f64>() / count(m);
    for factor in &mut figure {
        *factor = if none > 0.0 { *factor / mean } else { *factor - mean };
    }
    let known = deviation.iter().zip(figure.iter().cycle()).filter(|(value, _)| value.is_finite());
    let (within, n) = known.fold((0.0, 0), |(sum, n), (v, f)| (sum + (v - f).powi(2), n + 1));
    let between = figure.iter().map(|factor| (factor - none).powi(2)).sum::<f64>();
    let between = between / count(m - 1) * count(n) / count(m);
    let within = within / count(n.saturating_sub(m).max(1));
    (1.0 - within / between).max(0.0)
}

/// The centred average carried on to both ends, by half its slope over the nearest season.
fn extended(trend: &[f64], m: usize) -> Vec<f64> {
    let (n, half) = (trend.len(), m / 2);
    let (first, last) = (half, n - 1 - half);
    let reach = m.min(last - first).max(1);
    let slope_before = (trend[first + reach] - trend[first]) / count(reach);
    let slope_after = (trend[last] - trend[last - reach]) / count(reach);
    let mut full = trend.to_vec();
    for ahead in 1..=half {
        full[first - ahead] = trend[first] - 0.5 * slope_before * count(ahead);
        full[last + ahead] = trend[last] + 0.5 * slope_after * count(ahead);
    }
    full
}

/// The figure of each period, and that of the last year by phase.
///
/// Of a phase, each year's deviation goes into the sums of all years at once.
fn moving_figure(deviation: &[f64], trend: &[f64], m: usize) -> (Vec<f64>, Vec<f64>) {
    let (n, n_years) = (deviation.len(), deviation.len().div_ceil(m));
    let fading: Vec<f64> =
        std::iter::successors(Some(1.0), |w| Some(w * YEAR_WEIGHT)).take(n_years).collect();
    // The weights around a year: of those before it, its own, of those after it.
    let around: Vec<f64> = fading.iter().rev().chain(&fading[1..]).copied().collect();
    let (mut moving, mut last) = (vec![0.0; n], vec![0.0; m]);
    let (mut sums, mut totals) = (vec![0.0; n_years], vec![0.0; n_years]);
    for (phase, last) in last.iter_mut().enumerate() {
        sums.fill(0.0);
        totals.fill(0.0);
        for (year, other) in (phase..n).step_by(m).enumerate() {
            let seen = if trend[other].is_finite() { 1.0 } else { EDGE_WEIGHT };
            let years = sums.iter_mut().zip(&mut totals).zip(&around[n_years - 1 - year..]);
            for ((sum, total), near) in years {
                let weight = seen * near;
                *sum += weight * deviation[other];
                *total += weight;
            }
        }
        for (at, (sum, total)) in (phase..n).step_by(m).zip(sums.iter().zip(&totals)) {
            moving[at] = sum / total;
            *last = moving[at];
        }
    }
    (moving, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize, noise: f64) -> Vec<f64> {
        let swing = [1.2, 0.9, 0.8, 1.1];
        let value = |t: usize| {
            let odd = if (t * 7 + t / 3) % 5 < 2 { noise } else { -noise };
            (100.0 + 2.0 * count(t)) * swing[t % 4] * (1.0 + odd)
        };
        (0..n).map(value).collect()
    }

    #[test]
    fn a_clear_season_is_taken_out_and_put_back() {
        let y = wave(41, 0.0);
        assert!(is_clear(&y, 4));
        let adjusted = adjust(&y, 4);
        let changes = adjusted.values.windows(2).map(|w| (w[1] - w[0] - 2.0).abs());
        assert!(changes.fold(0.0, f64::max) < 4.0, "{:?}", adjusted.values);
        let mut path = vec![182.0, 184.0, 186.0, 188.0];
        adjusted.restore(&mut path);
        for (found, swing) in path.iter().zip([0.9, 0.8, 1.1, 1.2]) {
            assert!((found / 185.0 / swing - 1.0).abs() < 0.03, "{path:?}");
        }
    }

    #[test]
    fn the_figure_of_a_period_is_the_weighted_mean_of_its_phase() {
        let (n, m) = (23, 4);
        let deviation: Vec<f64> = (0..n).map(|t| 1.0 + count(t * t % 7) / 10.0).collect();
        let trend: Vec<f64> =
            (0..n).map(|t| if (2..n - 2).contains(&t) { 1.0 } else { f64::NAN }).collect();
        let (moving, last) = moving_figure(&deviation, &trend, m);
        for (at, found) in moving.iter().enumerate() {
            let (mut sum, mut total) = (0.0, 0.0);
            for other in (at % m..n).step_by(m) {
                let seen = if trend[other].is_finite() { 1.0 } else { EDGE_WEIGHT };
                let years = u32::try_from(at.abs_diff(other) / m).expect("few");
                let weight = seen * YEAR_WEIGHT.powf(f64::from(years));
                (sum, total) = (sum + weight * deviation[other], total + weight);
            }
            assert!((found - sum / total).abs() < 1e-12, "{at}");
        }
        assert_eq!(moving.len(), n);
        assert_eq!(last, [20, 21, 22, 19].map(|at| moving[at]));
    }

    #[test]
    fn without_a_season_nothing_changes() {
        let line: Vec<f64> = (0_u32..30).map(|t| f64::from(t) - 10.0).collect();
        assert_eq!(adjust(&line, 1).values, line);
        assert_eq!(adjust(&line[..9], 4).values, line[..9]);
        assert_eq!(adjust(&[3.0; 20], 4).values, [3.0; 20]);
        assert!(!is_clear(&[3.0; 20], 4) && !is_clear(&wave(11, 0.0), 4));
    }

    #[test]
    fn the_figure_sums_to_nothing() {
        let figure = figure(&wave(24, 0.05), 4);
        assert!(figure.iter().sum::<f64>().abs() < 1e-9 && figure[0] > 10.0 && figure[2] < -10.0);
    }
}
