//! How worlds hang together: over companies by a common shock, over horizons by a shock that lasts.
//!
//! May use the core files, `bootstrap`, `record` and `spec`. Fitted to what was resolved by a day, and
//! pulled to the stated values where little is.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use statrs::distribution::{ContinuousCDF, Normal};

use super::bootstrap::quarter;
use super::record::{Footing, Record};
use super::spec::Spec;
use crate::series::SeriesId;

/// The dependence of a Gaussian copula around the quantiles of each company and horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// Share of a shock's variance that is common to all companies: the correlation of two of them.
    pub common_share: f64,
    /// Correlation of each horizon with the next one, nearest first; the last entry holds beyond.
    pub persistence: Vec<f64>,
    /// Quarters of origins in which two companies or more were resolved.
    pub n_quarters: usize,
}

/// Bound of what is measured: no two things move as one.
const MOST: f64 = 0.95;

/// Normal scores of residuals by origin's quarter, company and horizon.
type Scores = BTreeMap<((i32, u32), SeriesId, usize), f64>;

impl Dependence {
    /// The stated values, taken where nothing is measured.
    pub fn stated() -> Self {
        let stated = &Spec::bundled().copula;
        Self {
            common_share: stated.common_share,
            persistence: vec![stated.persistence],
            n_quarters: 0,
        }
    }

    /// No dependence at all: what sums are compared with.
    pub fn none() -> Self {
        Self { common_share: 0.0, persistence: vec![0.0], n_quarters: 0 }
    }

    /// Correlation of a horizon with the one before it; `ahead` counts from 0 and is 1 or more.
    pub fn persistence_into(&self, ahead: usize) -> f64 {
        let at = self.persistence.get(ahead.saturating_sub(1)).or(self.persistence.last());
        at.copied().unwrap_or(0.0)
    }

    /// Measures both on the residuals of a panel that were resolved by a day.
    ///
    /// Residuals over their series' volatility become normal scores within each horizon. The common
    /// share is the mean product of two companies' scores from origins of one quarter, over the mean
    /// square; persistence is the correlation of scores at neighbouring horizons from one origin. With
    /// `n` quarters, each counts `n` and the stated value `prior_quarters`. Guided steps are left out.
    pub fn fit(records: &[&Record], horizon: usize, as_of: NaiveDate) -> Self {
        let stated = &Spec::bundled().copula;
        let scores = normal_scores(records, horizon, as_of);
        let pull = |measured: Option<(f64, usize)>, stated_value: f64| match measured {
            Some((value, n)) => {
                #[expect(clippy::cast_precision_loss, reason = "quarters are few")]
                let n = n as f64;
                let prior = stated.prior_quarters;
                ((n * value + prior * stated_value) / (n + prior)).clamp(0.0, MOST)
            }
            None => stated_value,
        };
        let share = common_share(&scores);
        let persistence = (1..horizon.max(2))
            .map(|ahead| pull(correlation_of_neighbours(&scores, ahead), stated.persistence));
        Self {
            common_share: pull(share, stated.common_share),
            persistence: persistence.collect(),
            n_quarters: share.map_or(0, |(_, n)| n),
        }
    }
}

fn normal_scores(records: &[&Record], horizon: usize, as_of: NaiveDate) -> Scores {
    let mut scores = Scores::new();
    let normal = Normal::standard();
    for ahead in 1..=horizon {
        let mut residuals = Vec::new();
        for record in records {
            let attempts = record.attempts.iter().filter(|a| a.horizon == ahead);
            for attempt in attempts.filter(|a| a.footing == Footing::Grown && a.origin < as_of) {
                let resolved = attempt.resolved_by(as_of).zip(attempt.volatility);
                residuals.extend(resolved.map(|(actual, volatility)| {
                    let key = (quarter(attempt.origin), record.series.clone(), ahead);
                    (attempt.residual(actual) / volatility, key)
                }));
            }
        }
        residuals.sort_by(|a, b| a.0.total_cmp(&b.0));
        #[expect(clippy::cast_precision_loss, reason = "residuals are few")]
        let level = |rank: usize| (rank as f64 + 0.5) / residuals.len() as f64;
        let levels: Vec<f64> = (0..residuals.len()).map(level).collect();
        let ranked = residuals.into_iter().zip(levels);
        scores.extend(ranked.map(|((_, key), level)| (key, normal.inverse_cdf(level))));
    }
    scores
}

/// The mean product of two companies' scores over the mean square, and the quarters with a pair.
fn common_share(scores: &Scores) -> Option<(f64, usize)> {
    let mut groups: BTreeMap<((i32, u32), usize), Vec<f64>> = BTreeMap::new();
    for ((quarter, _, ahead), score) in scores {
        groups.entry((*quarter, *ahead)).or_default().push(*score);
    }
    groups.retain(|_, group| group.len() > 1);
    let (mut products, mut n_pairs, mut squares, mut n) = (0.0, 0.0, 0.0, 0.0);
    for group in groups.values() {
        let (sum, square): (f64, f64) = (group.iter().sum(), group.iter().map(|z| z * z).sum());
        #[expect(clippy::cast_precision_loss, reason = "companies are few")]
        let size = group.len() as f64;
        products += (sum * sum - square) / 2.0;
        n_pairs += size * (size - 1.0) / 2.0;
        squares += square;
        n += size;
    }
    let mut quarters: Vec<_> = groups.keys().map(|(quarter, _)| *quarter).collect();
    quarters.dedup();
    let share = (products / n_pairs) / (squares / n);
    share.is_finite().then_some((share, quarters.len()))
}

/// The correlation of scores at horizons `ahead` and `ahead + 1`, and the quarters with such a pair.
fn correlation_of_neighbours(scores: &Scores, ahead: usize) -> Option<(f64, usize)> {
    let (mut products, mut nearer, mut further) = (0.0, 0.0, 0.0);
    let mut quarters = Vec::new();
    for ((quarter, series, at), near) in scores.iter().filter(|((_, _, at), _)| *at == ahead) {
        if let Some(far) = scores.get(&(*quarter, series.clone(), at + 1)) {
            products += near * far;
            nearer += near * near;
            further += far * far;
            quarters.push(*quarter);
        }
    }
    quarters.dedup();
    let correlation = products / (nearer * further).sqrt();
    correlation.is_finite().then_some((correlation, quarters.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Point;
    use crate::draws::Randomness;
    use crate::forecast::history::Scale;
    use crate::forecast::record::Attempt;
    use crate::period::Period;
    use chrono::{Days, Months};

    /// Companies whose residuals have a known common share and persistence.
    fn records(share: f64, persistence: f64, n_quarters: u32) -> Vec<Record> {
        let start = NaiveDate::from_ymd_opt(1990, 1, 1).expect("a date");
        let common = Randomness::new(0, "all", start);
        let owners = ["a", "b", "c", "d", "e"];
        let of = |owner: &str| {
            let own = Randomness::new(0, owner, start);
            let attempts = (0..n_quarters).flat_map(|i| {
                let origin = start + Months::new(3 * i) + Days::new(20);
                let (mut own, mut common) = (own.draw(i as usize), common.draw(i as usize));
                let mut shock = 0.0;
                (1..=3).map(move |ahead| {
                    let fresh =
                        share.sqrt() * common.normal() + (1.0 - share).sqrt() * own.normal();
                    shock = if ahead == 1 {
                        fresh
                    } else {
                        persistence * shock + (1.0 - persistence * persistence).sqrt() * fresh
                    };
                    attempt(origin, ahead, shock)
                })
            });
            let series = SeriesId::new(&format!("{owner}.x")).expect("an id");
            Record { series, attempts: attempts.collect(), failures: Vec::new() }
        };
        owners.map(of).into()
    }

    fn attempt(origin: NaiveDate, horizon: usize, shock: f64) -> Attempt {
        let period = Period::new(origin, origin + Days::new(90)).expect("in order");
        let vintage = origin + Days::new(100);
        Attempt {
            origin,
            horizon,
            period,
            median: 0.0,
            naive: 0.0,
            model_used: "pooled",
            footing: Footing::Grown,
            volatility: Some(2.0),
            mase_scale: None,
            actual: Some(Point { period, value: shock, vintage }),
            scale: Scale::Linear,
            interval_scale: Scale::Linear,
        }
    }

    #[test]
    fn what_made_the_residuals_is_found_again() {
        let records = records(0.4, 0.7, 400);
        let records: Vec<_> = records.iter().collect();
        let day = NaiveDate::from_ymd_opt(2200, 1, 1).expect("a date");
        let fitted = Dependence::fit(&records, 3, day);
        assert_eq!(fitted.n_quarters, 400);
        assert!((fitted.common_share - 0.4).abs() < 0.05, "{fitted:?}");
        assert!(fitted.persistence.iter().all(|p| (p - 0.7).abs() < 0.05), "{fitted:?}");
    }

    #[test]
    fn nothing_resolved_leaves_the_stated_values_and_little_moves_them_little() {
        let made = records(0.0, 0.0, 12);
        let records: Vec<_> = made.iter().collect();
        let early = NaiveDate::from_ymd_opt(1990, 2, 1).expect("a date");
        let stated = Dependence::fit(&records, 3, early);
        assert_eq!(stated.common_share, Dependence::stated().common_share);
        assert_eq!(stated.persistence_into(2), Dependence::stated().persistence[0]);
        let late = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");
        let some = Dependence::fit(&records, 3, late);
        assert!((0.1..0.4).contains(&some.common_share), "{some:?}");
    }
}
