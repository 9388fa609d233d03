//! Reliability: whether what came lay where the forecasts said, and how far off their medians were.
//!
//! May use `backtest`, `ledger` and `score`. One arithmetic for the ledger's forecasts and
//! for those of a backtest, which are never mixed: each group names its basis. A refused forecast
//! claimed nothing; it is counted, not scored.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::backtest::Row;
use super::ledger::{Basis, Entry, LEVELS, Said};
use super::score;

/// The central intervals whose coverage is measured.
pub const COVERAGES: [f64; 3] = [0.5, 0.8, 0.95];
/// Bins of the histogram of probability integral transforms.
pub const N_BINS: usize = 10;
/// Level of the intervals around shares.
const SHARE_LEVEL: f64 = 0.95;

/// A forecast, and what came if it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// How it came about.
    pub basis: Basis,
    /// Which series.
    pub series: String,
    /// The day from which it was made.
    pub origin: NaiveDate,
    /// Last day of its period.
    pub period_end: NaiveDate,
    /// Periods ahead.
    pub horizon: usize,
    /// The median; none where it was refused.
    pub median: Option<f64>,
    /// The quantiles that it claimed.
    pub quantiles: Vec<(f64, f64)>,
    /// The last value known.
    pub naive: f64,
    /// The company's open guide.
    pub guide: Option<f64>,
    /// What came.
    pub actual: Option<f64>,
}

/// A share of hits, with the interval in which the true share lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Hits.
    pub n_hits: usize,
    /// Of how many.
    pub n: usize,
}

/// How reliable a group of forecasts was.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// How its forecasts came about.
    pub basis: Basis,
    /// Periods ahead; none for all horizons together.
    pub horizon: Option<usize>,
    /// Forecasts scored.
    pub n: usize,
    /// Forecasts whose value has not come.
    pub n_open: usize,
    /// Forecasts that were refused.
    pub n_refused: usize,
    /// Hits of each of [`COVERAGES`].
    pub covered: [Share; COVERAGES.len()],
    /// Mean absolute log error of the medians.
    pub mae_log: Option<f64>,
    /// The same of the last value.
    pub mae_log_naive: Option<f64>,
    /// Share of the last value's error that is gone.
    pub skill: Option<f64>,
    /// Forecasts beside which a guide stood.
    pub n_guide: usize,
    /// Mean absolute log error of the medians where a guide stood.
    pub mae_log_at_guide: Option<f64>,
    /// The same of the guide.
    pub mae_log_guide: Option<f64>,
    /// Mean weighted interval score of logarithms, where all its levels were claimed.
    pub wis_log: Option<f64>,
    /// Where in its distribution each actual fell, in ten bins.
    pub pit: [usize; N_BINS],
}

impl Claim {
    /// The forecasts of a ledger. Of several for one target, horizon and model, the first counts:
    /// what is said again later cannot better the record.
    pub fn of_ledger(entries: &[Entry<'_>]) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let mut is_first = |entry: &Entry<'_>| {
            let Said { series, period_start, period_end, horizon, model_id, .. } = entry.said;
            let target = (series.clone(), *period_start, *period_end);
            seen.insert((entry.basis(), target, *horizon, model_id.clone()))
        };
        let first = entries.iter().filter(|entry| is_first(entry));
        let claim = |entry: &Entry<'_>| Self {
            basis: entry.basis(),
            series: entry.said.series.clone(),
            origin: entry.said.origin_date,
            period_end: entry.said.period_end,
            horizon: entry.said.horizon,
            median: entry.said.median,
            quantiles: entry.said.quantiles.clone(),
            naive: entry.said.naive,
            guide: entry.said.guide,
            actual: entry.resolution.map(|resolution| resolution.actual),
        };
        first.map(claim).collect()
    }

    /// The forecasts of a backtest; `guides` are the rows of the model `guide` on the same series.
    pub fn of_backtest(rows: &[Row], guides: &[Row]) -> Vec<Self> {
        let guide_of = |row: &Row| {
            let same =
                |g: &&Row| (&g.series, g.origin, g.period) == (&row.series, row.origin, row.period);
            guides.iter().find(same).map(|guide| guide.median)
        };
        let claim = |row: &Row| {
            let is_refused = row.refusal.is_some();
            Self {
                basis: Basis::Backtest,
                series: row.series.to_string(),
                origin: row.origin,
                period_end: row.period.end(),
                horizon: row.horizon,
                median: Some(row.median).filter(|_| !is_refused),
                quantiles: if is_refused { Vec::new() } else { row.quantiles.claimable(&LEVELS) },
                naive: row.naive,
                guide: guide_of(row),
                actual: row.actual,
            }
        };
        rows.iter().map(claim).collect()
    }

    /// The value at a quantile level, if it was claimed.
    pub fn quantile(&self, level: f64) -> Option<f64> {
        self.quantiles.iter().find(|(held, _)| (held - level).abs() < 1e-9).map(|held| held.1)
    }

    /// The central interval of a coverage, if it was claimed.
    pub fn interval(&self, coverage: f64) -> Option<(f64, f64)> {
        let tail = (1.0 - coverage) / 2.0;
        Some((self.quantile(tail)?, self.quantile(1.0 - tail)?))
    }

    /// Where in the distribution a value lies, between the claimed quantiles on a straight line, and
    /// beyond them in the middle of what is left; `None` without the 80% interval.
    pub fn pit(&self, value: f64) -> Option<f64> {
        self.interval(0.8)?;
        let (first, last) = (self.quantiles.first()?, self.quantiles.last()?);
        if value < first.1 {
            return Some(first.0 / 2.0);
        }
        if value > last.1 {
            return Some(f64::midpoint(last.0, 1.0));
        }
        let (low, high) = self
            .quantiles
            .iter()
            .zip(self.quantiles.iter().skip(1))
            .find(|(_, high)| value <= high.1)?;
        let width = high.1 - low.1;
        let share = if width > 0.0 { (value - low.1) / width } else { 0.5 };
        Some(low.0 + share * (high.0 - low.0))
    }
}

impl Share {
    /// The share; none of nothing.
    pub fn value(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 forecasts")]
        let share = self.n_hits as f64 / self.n as f64;
        (self.n > 0).then_some(share)
    }

    /// The 95% score interval of the share.
    pub fn wilson(self) -> Option<(f64, f64)> {
        score::compare::wilson(self.n_hits, self.n, SHARE_LEVEL)
    }
}

/// Scores claims by basis: each horizon, then all of them together.
pub fn reliability(claims: &[Claim]) -> Vec<Reliability> {
    let mut groups: BTreeMap<(Basis, Option<usize>), Vec<&Claim>> = BTreeMap::new();
    // All horizons sort behind the last one.
    let last = claims.iter().map(|claim| claim.horizon).max().unwrap_or(0) + 1;
    for claim in claims {
        groups.entry((claim.basis, Some(claim.horizon))).or_default().push(claim);
        groups.entry((claim.basis, Some(last))).or_default().push(claim);
    }
    let measured = groups
        .into_iter()
        .map(|((basis, horizon), claims)| of_group(basis, horizon.filter(|h| *h != last), &claims));
    measured.collect()
}

fn of_group(basis: Basis, horizon: Option<usize>, claims: &[&Claim]) -> Reliability {
    let answered: Vec<_> = claims.iter().filter(|claim| claim.median.is_some()).collect();
    let scored: Vec<(&Claim, f64, f64)> =
        answered.iter().filter_map(|c| Some((**c, c.median?, c.actual?))).collect();
    let errors_of = |forecast: &dyn Fn(&Claim, f64) -> Option<f64>, at: &dyn Fn(&Claim) -> bool| {
        let errors = scored.iter().filter(|(claim, ..)| at(claim));
        let errors: Option<Vec<f64>> = errors
            .map(|(c, median, actual)| score::absolute_log_error(*actual, forecast(c, *median)?))
            .collect();
        errors.unwrap_or_default()
    };
    let (always, with_guide) = (|_: &Claim| true, |c: &Claim| c.guide.is_some());
    let (ours, naive) =
        (errors_of(&|_, m| Some(m), &always), errors_of(&|c, _| Some(c.naive), &always));
    let at_guide = errors_of(&|_, m| Some(m), &with_guide);
    let guide = errors_of(&|c, _| c.guide, &with_guide);
    let wis: Vec<_> = scored.iter().filter_map(|(claim, _, y)| wis_log(claim, *y)).collect();
    let mut pit = [0; N_BINS];
    for place in scored.iter().filter_map(|(claim, _, actual)| claim.pit(*actual)) {
        pit[bin(place)] += 1;
    }
    Reliability {
        basis,
        horizon,
        n: scored.len(),
        n_open: answered.len() - scored.len(),
        n_refused: claims.len() - answered.len(),
        covered: COVERAGES.map(|coverage| share(&scored, coverage)),
        mae_log: score::mean(&ours),
        mae_log_naive: score::mean(&naive),
        skill: score::skill(&ours, &naive),
        n_guide: scored.iter().filter(|(claim, ..)| with_guide(claim)).count(),
        mae_log_at_guide: score::mean(&at_guide),
        mae_log_guide: score::mean(&guide),
        wis_log: score::mean(&wis),
        pit,
    }
}

fn share(scored: &[(&Claim, f64, f64)], coverage: f64) -> Share {
    let claimed = scored.iter().filter_map(|(claim, _, y)| Some((claim.interval(coverage)?, *y)));
    let hits: Vec<_> = claimed.map(|((low, high), y)| low <= y && y <= high).collect();
    Share { n_hits: hits.iter().filter(|hit| **hit).count(), n: hits.len() }
}

/// The weighted interval score on the log scale, so that series of all sizes count alike.
fn wis_log(claim: &Claim, actual: f64) -> Option<f64> {
    let log = |value: f64| (value > 0.0).then(|| value.ln());
    let pairs: Option<Vec<_>> =
        score::WIS_LEVELS.iter().map(|q| Some((*q, log(claim.quantile(*q)?)?))).collect();
    Some(score::wis(log(actual)?, &pairs?))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of ten bins"
)]
fn bin(place: f64) -> usize {
    ((place * N_BINS as f64) as usize).min(N_BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(horizon: usize, median: Option<f64>, actual: Option<f64>) -> Claim {
        let day = NaiveDate::from_ymd_opt(2026, 3, 31).expect("a date");
        let around = |m: f64| LEVELS.map(|level| (level, m * (1.0 + 0.4 * (level - 0.5)))).to_vec();
        Claim {
            basis: Basis::Live,
            series: "acme.revenue".to_owned(),
            origin: day,
            period_end: day,
            horizon,
            median,
            quantiles: median.map(around).unwrap_or_default(),
            naive: 90.0,
            guide: (horizon == 1).then_some(105.0),
            actual,
        }
    }

    #[test]
    fn a_wilson_interval_by_hand() {
        // 8 of 10: (0.8 + 3.8415/20 ± 1.96·√(0.016 + 3.8415/400)) / 1.38415
        let (low, high) = Share { n_hits: 8, n: 10 }.wilson().expect("ten");
        assert!(
            (low - 0.490_162_5).abs() < 1e-6 && (high - 0.943_317_8).abs() < 1e-6,
            "{low} {high}"
        );
        assert_eq!(Share { n_hits: 0, n: 0 }.wilson(), None);
        assert!(Share { n_hits: 0, n: 5 }.wilson().expect("five").0 < 1e-12);
    }

    #[test]
    fn groups_count_what_was_scored_open_and_refused() {
        let claims = [
            claim(1, Some(100.0), Some(110.0)),
            claim(1, Some(100.0), Some(130.0)),
            claim(1, Some(100.0), None),
            claim(2, None, Some(100.0)),
        ];
        let groups = reliability(&claims);
        let counts: Vec<_> =
            groups.iter().map(|g| (g.horizon, g.n, g.n_open, g.n_refused)).collect();
        assert_eq!(counts, [(Some(1), 2, 1, 0), (Some(2), 0, 0, 1), (None, 2, 1, 1)]);
        let all = &groups[2];
        assert_eq!(all.covered.map(|share| (share.n_hits, share.n)), [(1, 2), (1, 2), (1, 2)]);
        let ours = f64::midpoint(1.1_f64.ln(), 1.3_f64.ln());
        assert!((all.mae_log.expect("two") - ours).abs() < 1e-12);
        let naive = f64::midpoint((110.0_f64 / 90.0).ln(), (130.0_f64 / 90.0).ln());
        assert!((all.skill.expect("two") - (1.0 - ours / naive)).abs() < 1e-12);
        assert_eq!((all.n_guide, all.pit), (2, [0, 0, 0, 0, 0, 0, 0, 1, 0, 1]));
    }

    #[test]
    fn a_place_in_the_distribution_is_read_between_the_quantiles() {
        let claim = claim(1, Some(100.0), None);
        for place in [0.1, 0.3, 0.5, 0.66, 0.9] {
            let value = 100.0 * (1.0 + 0.4 * (place - 0.5));
            assert!((claim.pit(value).expect("claimed") - place).abs() < 1e-12);
        }
        assert_eq!(claim.pit(1.0), Some(0.0125));
        assert_eq!(claim.pit(1e9), Some(0.9875));
    }
}
