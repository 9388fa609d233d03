//! Intervals: how wrong the model was, turned into quantiles of what comes (conformal prediction).
//!
//! May use the core files, `conformal`, `history`, `record` and `spec`. Residuals are standardised
//! by each series' own volatility and pooled over the panel by horizon; the allowance adapts to
//! past misses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::NaiveDate;
use statrs::distribution::{ContinuousCDF, Normal};

use super::conformal::Method;
use super::history::Scale;
use super::record::{Attempt, Footing, Record};
use super::spec::Spec;
use crate::series::SeriesId;

/// The central intervals whose ends anchor the distribution; anything between is interpolated.
pub const ANCHOR_COVERAGES: [f64; 5] = [0.2, 0.5, 0.8, 0.9, 0.95];

/// A distribution by its quantiles, in the target's unit.
#[derive(Debug, Clone)]
pub struct Quantiles {
    median: f64,
    scale: Scale,
    anchors: Vec<(f64, f64)>,
    n_residuals: usize,
}

/// Standardised residuals at the anchors, as known at one day.
#[derive(Debug, Clone, Default)]
pub struct Offsets {
    anchors: Vec<(f64, f64)>,
    n_residuals: usize,
}

/// Offsets for each day asked, by horizon and footing.
#[derive(Debug, Clone)]
pub struct Calibration {
    grown: Vec<Vec<Offsets>>,
    guided: Vec<Offsets>,
}

impl Quantiles {
    /// The value at a quantile level; the median where no residual is known. Beyond the outermost
    /// residuals the distribution ends.
    pub fn at(&self, quantile_level: f64) -> f64 {
        let offset = interpolate(&self.anchors, quantile_level);
        match self.scale {
            Scale::Log => self.median * offset.exp(),
            Scale::Linear => self.median + offset,
        }
    }

    /// The central interval of a coverage; `None` where no residual is known.
    pub fn interval(&self, coverage: f64) -> Option<(f64, f64)> {
        let tail = (1.0 - coverage) / 2.0;
        (self.n_residuals > 0).then(|| (self.at(tail), self.at(1.0 - tail)))
    }

    /// The values at those of `levels` that the residuals support: each tail no thinner than
    /// `1/(m+1)` of `m` of them.
    pub fn claimable(&self, levels: &[f64]) -> Vec<(f64, f64)> {
        let supports = |level: &f64| (2.0 * level - 1.0).abs() <= self.highest_coverage() + 1e-12;
        let pairs =
            levels.iter().filter(|level| supports(level)).map(|level| (*level, self.at(*level)));
        pairs.filter(|(_, value)| value.is_finite()).collect()
    }

    /// The mean of the distribution: the median times `∫ exp(offset)` over quantile levels on the log
    /// scale (smearing), plus `∫ offset` else; the median where no residual is known.
    ///
    /// Offsets are straight between the anchors and flat beyond them, so that the integral is exact.
    ///
    /// # Source
    /// Duan (1983), doi:10.1080/01621459.1983.10478017
    pub fn mean(&self) -> f64 {
        let ([(first, low), ..], [.., (last, high)]) =
            (self.anchors.as_slice(), self.anchors.as_slice())
        else {
            return self.median;
        };
        let over = |value: f64| match self.scale {
            Scale::Log => value.exp(),
            Scale::Linear => value,
        };
        let inner = self.anchors.windows(2).map(|pair| {
            let ((p0, v0), (p1, v1)) = (pair[0], pair[1]);
            let is_flat = self.scale == Scale::Linear || (v1 - v0).abs() < 1e-6;
            let mean = if is_flat {
                f64::midpoint(over(v0), over(v1))
            } else {
                (over(v1) - over(v0)) / (v1 - v0)
            };
            mean * (p1 - p0)
        });
        let integral = first * over(*low) + inner.sum::<f64>() + (1.0 - last) * over(*high);
        match self.scale {
            Scale::Log => self.median * integral,
            Scale::Linear => self.median + integral,
        }
    }

    /// The highest coverage that can be claimed of `m` signed residuals: `1 − 2/(m+1)`.
    pub fn highest_coverage(&self) -> f64 {
        highest_coverage(self.n_residuals)
    }

    /// How many residuals stand behind it.
    pub fn n_residuals(&self) -> usize {
        self.n_residuals
    }

    /// The knots of the quantile function, in order: level and value. Between two it is a straight line
    /// on the distribution's scale, beyond the outermost it is flat.
    pub fn knots(&self) -> Vec<(f64, f64)> {
        self.anchors.iter().map(|(level, _)| (*level, self.at(*level))).collect()
    }

    /// The scale on which it is made.
    pub fn scale(&self) -> Scale {
        self.scale
    }
}

/// `1 − 2/(m+1)` of `m` signed residuals.
pub fn highest_coverage(n_residuals: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 residuals")]
    let m = n_residuals as f64;
    (1.0 - 2.0 / (m + 1.0)).max(0.0)
}

/// The standard normal distribution function.
pub fn normal_cdf(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// The inverse of [`normal_cdf`].
pub fn normal_quantile(quantile_level: f64) -> f64 {
    Normal::standard().inverse_cdf(quantile_level)
}

fn interpolate(anchors: &[(f64, f64)], level: f64) -> f64 {
    let above = anchors.iter().position(|(p, _)| *p >= level);
    match (above, anchors) {
        (_, []) => 0.0,
        (Some(0), [first, ..]) => first.1,
        (None, [.., last]) => last.1,
        (Some(at), _) => {
            let ((p0, v0), (p1, v1)) = (anchors[at - 1], anchors[at]);
            v0 + (v1 - v0) * (level - p0) / (p1 - p0)
        }
    }
}

impl Offsets {
    /// The distribution around a median of a series with a volatility.
    pub fn around(&self, median: f64, scale: Scale, volatility: f64) -> Quantiles {
        let anchors = self.anchors.iter().map(|(p, u)| (*p, u * volatility)).collect();
        Quantiles { median, scale, anchors, n_residuals: self.n_residuals }
    }
}

impl Calibration {
    /// Replays a panel's records and reads off the offsets at each of `days`.
    pub fn of(
        records: &[&Record],
        target: &SeriesId,
        horizon: usize,
        days: &[NaiveDate],
        method: Method,
    ) -> Self {
        let standardised = |attempt: &Attempt| {
            let point = attempt.actual?;
            Some((attempt.residual(point.value) / attempt.volatility?, point.vintage))
        };
        let all =
            || records.iter().enumerate().flat_map(|(i, r)| r.attempts.iter().map(move |a| (i, a)));
        let grown = (1..=horizon).map(|ahead| {
            let of_step = |a: &Attempt| a.horizon == ahead && a.footing == Footing::Grown;
            let attempts = all().filter(|(_, a)| of_step(a));
            let attempts = attempts.map(|(series_idx, a)| (series_idx, a.origin, standardised(a)));
            replay(attempts, days, method)
        });
        let guided = all().filter(|(series_idx, a)| {
            records[*series_idx].series == *target && a.footing == Footing::Guided
        });
        let raw = |a: &Attempt| a.actual.map(|point| (a.residual(point.value), point.vintage));
        let guided = guided.map(|(series_idx, a)| (series_idx, a.origin, raw(a)));
        Self { grown: grown.collect(), guided: replay(guided, days, method) }
    }

    /// The distribution of one step at the day with index `day_idx`.
    ///
    /// A guided step takes the company's own guided errors once there are enough of them, and the
    /// panel's errors at the same horizon before.
    pub fn quantiles(
        &self,
        day_idx: usize,
        ahead: usize,
        footing: Footing,
        (median, scale): (f64, Scale),
        volatility: Option<f64>,
    ) -> Quantiles {
        let needed = Spec::bundled().interval.min_own_residuals;
        let guided = &self.guided[day_idx];
        if footing == Footing::Guided && guided.n_residuals >= needed {
            return guided.around(median, scale, 1.0);
        }
        match volatility {
            Some(volatility) => self.grown[ahead - 1][day_idx].around(median, scale, volatility),
            None => Offsets::default().around(median, scale, 1.0),
        }
    }
}

/// The ends of a central interval; `None` where it could not be claimed.
type Ends = Option<(f64, f64)>;

/// Sorted residuals and the running misses of each anchor's interval.
struct Replay {
    method: Method,
    residuals: Vec<f64>,
    by_age: VecDeque<f64>,
    misses: [f64; ANCHOR_COVERAGES.len()],
}

/// Walks through attempts `(series, origin, residual and the day it became known)` in time and gives
/// the offsets at each of `days`.
///
/// At each origin the interval of coverage `L` leaves out an allowance
/// `a = (1−L) + γ·Σ((1−L) − miss)/C`, the sum over the resolved intervals so far of the `C` series that
/// have been forecast by then: one that joins later must not be felt before.
///
/// # Source
/// Vovk, Gammerman and Shafer (2005); Gibbs and Candès (2021), arXiv 2106.00170
fn replay(
    attempts: impl Iterator<Item = (usize, NaiveDate, Option<(f64, NaiveDate)>)>,
    days: &[NaiveDate],
    method: Method,
) -> Vec<Offsets> {
    enum Event {
        Resolved(usize),
        Made(usize),
        Asked(usize),
    }
    let attempts: Vec<_> = attempts.collect();
    let mut events: BTreeMap<(NaiveDate, u8), Vec<Event>> = BTreeMap::new();
    for (i, (_, origin, outcome)) in attempts.iter().enumerate() {
        events.entry((*origin, 1)).or_default().push(Event::Made(i));
        if let Some((_, known_on)) = outcome {
            events.entry((*known_on, 0)).or_default().push(Event::Resolved(i));
        }
    }
    for (i, day) in days.iter().enumerate() {
        events.entry((*day, 2)).or_default().push(Event::Asked(i));
    }
    let mut state = Replay::new(method);
    let mut made: Vec<Option<Vec<Ends>>> = vec![None; attempts.len()];
    let mut offsets = vec![Offsets::default(); days.len()];
    let mut forecast = BTreeSet::new();
    for of_a_day in events.into_values() {
        forecast.extend(of_a_day.iter().filter_map(|event| match event {
            Event::Made(i) => Some(attempts[*i].0),
            Event::Resolved(_) | Event::Asked(_) => None,
        }));
        let n_series = forecast.len().max(1);
        for event in of_a_day {
            match event {
                Event::Made(i) => made[i] = Some(state.intervals(n_series)),
                Event::Asked(i) => offsets[i] = state.offsets(n_series),
                Event::Resolved(i) => {
                    if let Some((residual, _)) = attempts[i].2 {
                        state.resolve(residual, made[i].as_deref(), method.window(n_series));
                    }
                }
            }
        }
    }
    offsets
}

impl Replay {
    fn new(method: Method) -> Self {
        let misses = [0.0; ANCHOR_COVERAGES.len()];
        Self { method, residuals: Vec::new(), by_age: VecDeque::new(), misses }
    }

    /// The central interval of each anchor coverage; `None` where it cannot be claimed.
    fn intervals(&self, n_series: usize) -> Vec<Ends> {
        let claimable = highest_coverage(self.residuals.len());
        let ends =
            |(k, coverage): (usize, &f64)| (*coverage <= claimable).then(|| self.ends(k, n_series));
        ANCHOR_COVERAGES.iter().enumerate().map(ends).collect()
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks of residuals are small and positive"
    )]
    fn ends(&self, k: usize, n_series: usize) -> (f64, f64) {
        let nominal = 1.0 - ANCHOR_COVERAGES[k];
        let m = self.residuals.len() as f64;
        let adapted = nominal + self.method.gamma() * self.misses[k] / n_series as f64;
        let allowance =
            adapted.clamp(2.0 / (m + 1.0), (2.5 * nominal).min(0.99).max(2.0 / (m + 1.0)));
        let rank = |at: f64| (at as usize).clamp(1, self.residuals.len()) - 1;
        let low = self.residuals[rank(((m + 1.0) * allowance / 2.0).floor())];
        let high = self.residuals[rank(((m + 1.0) * (1.0 - allowance / 2.0)).ceil())];
        (low, high)
    }

    /// All anchors in order, each interval inside the next wider one and around the median.
    fn offsets(&self, n_series: usize) -> Offsets {
        if self.residuals.is_empty() {
            return Offsets::default();
        }
        let (mut inner_low, mut inner_high) = (0.0_f64, 0.0_f64);
        let mut lows = Vec::new();
        let mut highs = Vec::new();
        for (k, coverage) in ANCHOR_COVERAGES.iter().enumerate() {
            let (low, high) = self.ends(k, n_series);
            (inner_low, inner_high) = (inner_low.min(low), inner_high.max(high));
            lows.push(((1.0 - coverage) / 2.0, inner_low));
            highs.push((f64::midpoint(1.0, *coverage), inner_high));
        }
        lows.reverse();
        lows.push((0.5, 0.0));
        lows.extend(highs);
        Offsets { anchors: lows, n_residuals: self.residuals.len() }
    }

    fn resolve(&mut self, residual: f64, intervals: Option<&[Ends]>, window: usize) {
        for (k, interval) in intervals.unwrap_or_default().iter().enumerate() {
            if let Some((low, high)) = interval {
                let miss = f64::from(u8::from(residual < *low || residual > *high));
                self.misses[k] += (1.0 - ANCHOR_COVERAGES[k]) - miss;
            }
        }
        let at = self.residuals.partition_point(|held| *held < residual);
        self.residuals.insert(at, residual);
        self.by_age.push_back(residual);
        if self.by_age.len() > window
            && let Some(oldest) = self.by_age.pop_front()
        {
            let at = self.residuals.partition_point(|held| *held < oldest);
            self.residuals.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2020, 1, 1).expect("a date") + chrono::Days::new(n)
    }

    #[test]
    fn an_interval_uses_only_residuals_known_on_its_day() {
        let attempts = (0..40).map(|i| {
            let residual = f64::from(u32::try_from(i).expect("small")) - 19.5;
            (0, day(i), Some((residual, day(100 + i))))
        });
        let offsets = replay(attempts, &[day(99), day(108), day(200)], Method::bundled());
        assert_eq!(offsets[0].n_residuals, 0);
        assert_eq!(offsets[1].n_residuals, 9);
        assert_eq!(offsets[2].n_residuals, 40);
        let quantiles = offsets[2].around(100.0, Scale::Linear, 1.0);
        assert!((quantiles.at(0.5) - 100.0).abs() < 1e-12);
        let (low, high) = quantiles.interval(0.95).expect("residuals are known");
        assert!(low < 82.0 && high > 118.0);
        assert!((quantiles.highest_coverage() - (1.0 - 2.0 / 41.0)).abs() < 1e-12);
    }

    #[test]
    fn the_mean_is_the_mean_of_its_quantiles() {
        let anchors = vec![(0.05, -0.4), (0.25, -0.1), (0.5, 0.0), (0.75, 0.2), (0.95, 0.7)];
        for scale in [Scale::Log, Scale::Linear] {
            let quantiles =
                Quantiles { median: 8.0, scale, anchors: anchors.clone(), n_residuals: 40 };
            let levels = (0..100_000).map(|i| (f64::from(i) + 0.5) / 1e5);
            let sampled = levels.map(|p| quantiles.at(p)).sum::<f64>() / 1e5;
            assert!((quantiles.mean() / sampled - 1.0).abs() < 1e-8, "{scale:?}");
        }
        assert_eq!(Offsets::default().around(8.0, Scale::Log, 1.0).mean(), 8.0);
    }

    #[test]
    fn quantiles_are_in_order() {
        let outcome = |i: u32| Some((f64::from(i).sin(), day(u64::from(i) + 1)));
        let attempts = (0_u32..60).map(|i| (i as usize % 3, day(i.into()), outcome(i)));
        let offsets = replay(attempts, &[day(90)], Method::bundled());
        let quantiles = offsets[0].around(5.0, Scale::Log, 0.1);
        let values: Vec<_> = (1..100).map(|p| quantiles.at(f64::from(p) / 100.0)).collect();
        assert!(values.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn a_rolling_window_forgets_what_is_old() {
        let attempts = (0..40).map(|i| {
            let residual = if i < 20 { 100.0 } else { f64::from(u32::try_from(i).expect("small")) };
            (0, day(i), Some((residual, day(i + 1))))
        });
        let offsets = replay(attempts, &[day(90)], Method::Rolling { window: 20 });
        assert_eq!(offsets[0].n_residuals, 20);
        let (_, high) = offsets[0].around(0.0, Scale::Linear, 1.0).interval(0.9).expect("known");
        assert!(high < 40.0, "{high}");
    }
}
