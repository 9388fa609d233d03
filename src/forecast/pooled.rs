//! `pooled`: own drift and seasons, each pulled toward what the panel shares.
//!
//! May use the core files, `history`, `naive` and `spec`. Closed forms only. The panel of a series
//! is every covered company's series of the same metric.

use super::history::History;
use super::naive::Naive;
use super::spec::{Growth as Constants, Spec};
use super::{Forecaster, Path, Term};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::series::{Registry, SeriesId};

/// The pooled growth model.
#[derive(Debug, Clone, Copy)]
pub struct Pooled;

/// Growth of one series after its season is taken out.
#[derive(Debug, Clone)]
pub struct Growth {
    /// Mean change a period.
    pub drift: f64,
    /// Variance of that mean.
    pub drift_variance: f64,
    /// Variance of a single change.
    pub change_variance: f64,
    /// The level that belongs to each season, from the first on.
    pub seasonal: Vec<f64>,
}

/// A fitted growth, ready to be carried forward.
#[derive(Debug, Clone)]
pub struct Outgrowth {
    history: History,
    seasonal: Vec<f64>,
    /// The drift after shrinkage.
    pub drift: f64,
    /// Standard deviation of a change: the series' own volatility.
    pub volatility: f64,
    /// Why the pool could not be used, if it could not.
    pub fallback_reason: Option<String>,
}

impl Forecaster for Pooled {
    fn name(&self) -> &'static str {
        "pooled"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        path_in(known, known, target, horizon, Pool::WithOwn)
    }

    fn path_with(
        &self,
        learned: &Snapshot,
        known: &Snapshot,
        target: &SeriesId,
        horizon: usize,
    ) -> Result<Path> {
        path_in(learned, known, target, horizon, Pool::WithOwn)
    }
}

/// The model's path with a say in what it learns from, and in who makes the pool.
///
/// # Errors
/// As [`fit`].
pub fn path_in(
    learned: &Snapshot,
    known: &Snapshot,
    target: &SeriesId,
    horizon: usize,
    pool: Pool,
) -> Result<Path> {
    let fitted = fit_with(learned, known, target, pool)?;
    let steps = fitted.history.next_periods(horizon).into_iter().zip(1_i64..);
    let steps = steps.map(|(period, ahead)| {
        let level = fitted.level_from(0, fitted.history.last_level(), ahead);
        (period, fitted.history.value(level, period))
    });
    let mut path = match fitted.fallback_reason {
        Some(_) => Path::new(&Naive, steps),
        None => Path::new(&Pooled, steps),
    };
    path.fallback_reason.clone_from(&fitted.fallback_reason);
    let last = Term::last_level(&fitted.history);
    let terms = (1_i64..)
        .take(path.steps.len())
        .map(|ahead| std::iter::once(last.clone()).chain(fitted.terms_from(0, ahead)).collect());
    path.terms = terms.collect();
    Ok(path)
}

/// Whether a series' own growth counts in the panel that its drift is pulled to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// It does.
    WithOwn,
    /// It does not: what the panel says comes from the others alone.
    Others,
}

/// Fits growth to a series and pulls its drift toward the panel's.
///
/// The drift is an empirical-Bayes mean: with own drift `d`, its variance `v`, the panel's mean `mu`
/// and between-company variance `tau2` (DerSimonian and Laird), `mu + tau2/(tau2+v)·(d−mu)`, moved at
/// most a limit of own standard errors away from `d`.
///
/// # Errors
/// As [`History::of`].
/// # Source
/// DerSimonian and Laird (1986), doi:10.1016/0197-2456(86)90046-2; Efron and Morris (1972),
/// doi:10.1080/01621459.1972.10481215
pub fn fit(known: &Snapshot, target: &SeriesId) -> Result<Outgrowth> {
    fit_in(known, target, Pool::WithOwn)
}

/// [`fit`] with a say in who makes the pool.
///
/// # Errors
/// As [`fit`].
pub fn fit_in(known: &Snapshot, target: &SeriesId, pool: Pool) -> Result<Outgrowth> {
    let constants = &Spec::bundled().growth;
    let history = History::of(known, target, 1)?;
    let unpooled = |history: History, reason: String| Outgrowth {
        seasonal: vec![0.0; history.frequency.season()],
        drift: 0.0,
        volatility: f64::NAN,
        fallback_reason: Some(reason),
        history,
    };
    if history.values.len() < 3 {
        let reason = format!("{} values are known; growth needs 3", history.values.len());
        return Ok(unpooled(history, reason));
    }
    let Some(mut own) = Growth::of(&history, constants) else {
        return Ok(unpooled(history, "no two values are known".to_owned()));
    };
    let mut members = Vec::new();
    for peer in panel(known, target)?.iter().filter(|peer| *peer != target) {
        members.extend(member(known, peer, &history)?);
    }
    if history.values.len() < constants.min_member {
        own.borrow_variance(&members);
    } else if pool == Pool::WithOwn {
        members.push(own.clone());
    }
    let drift = shrunk_drift(&own, &members, constants);
    Ok(Outgrowth {
        drift,
        volatility: own.change_variance.sqrt(),
        seasonal: own.seasonal,
        fallback_reason: None,
        history,
    })
}

/// The drift of a series beside that of everyone in its panel.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The drift that is carried on: the own one, pulled toward the panel's.
    pub used: f64,
    /// The series' own.
    pub own: Growth,
    /// The panel's mean; `None` where it has fewer members than it takes to share.
    pub mean: Option<f64>,
    /// The other members with their own growth.
    pub others: Vec<(SeriesId, Growth)>,
}

/// What [`fit`] pulled, and toward what; `None` of a series too short to have a growth.
///
/// # Errors
/// As [`fit`].
pub fn shared(known: &Snapshot, target: &SeriesId) -> Result<Option<Shared>> {
    let constants = &Spec::bundled().growth;
    let fitted = fit(known, target)?;
    let grown = Growth::of(&fitted.history, constants);
    let Some(own) = grown.filter(|_| fitted.fallback_reason.is_none()) else { return Ok(None) };
    let mut others = Vec::new();
    for peer in panel(known, target)?.into_iter().filter(|peer| peer != target) {
        others.extend(member(known, &peer, &fitted.history)?.map(|growth| (peer, growth)));
    }
    let mut members: Vec<Growth> = others.iter().map(|(_, growth)| growth.clone()).collect();
    if fitted.history.values.len() >= constants.min_member {
        members.push(own.clone());
    }
    let mean = (members.len() >= MIN_PANEL).then(|| pool(&members).0);
    Ok(Some(Shared { used: fitted.drift, own, mean, others }))
}

/// The growth learned in one snapshot, to be carried on from the last value of another; learned anew
/// where the series is no longer on the same scale.
///
/// # Errors
/// As [`History::of`].
pub fn fit_with(
    learned: &Snapshot,
    known: &Snapshot,
    target: &SeriesId,
    pool: Pool,
) -> Result<Outgrowth> {
    let history = History::of(known, target, 1)?;
    let fitted = fit_in(learned, target, pool)?;
    let is_alike =
        |held: &History| (held.scale, held.frequency) == (history.scale, history.frequency);
    if is_alike(&fitted.history) {
        Ok(Outgrowth { history, ..fitted })
    } else {
        fit_in(known, target, pool)
    }
}

/// Growth of another company, if it has values enough and is modelled on the same scale.
fn member(known: &Snapshot, peer: &SeriesId, like: &History) -> Result<Option<Growth>> {
    let constants = &Spec::bundled().growth;
    let grown = known.derived(peer, |_| {
        let history = History::of(known, peer, constants.min_member).ok()?;
        Some((history.scale, Growth::of(&history, constants)?))
    })?;
    let alike = grown.as_ref().as_ref().filter(|(scale, _)| *scale == like.scale);
    Ok(alike.map(|(_, growth)| growth.clone()))
}

/// Members below which a metric's panel is too small to share anything.
const MIN_PANEL: usize = 3;

/// The series that share their growth: the covered companies' of the target's metric and frequency,
/// and the target. A part that fewer than three report, such as data center revenue, shares with the
/// companies' whole.
///
/// # Errors
/// As [`Snapshot::peers`].
pub fn panel(known: &Snapshot, target: &SeriesId) -> Result<Vec<SeriesId>> {
    let frequency = History::of(known, target, 1).map(|history| history.frequency).ok();
    let alike = |id: &SeriesId| {
        let covered = Registry::bundled().company(id.owner()).is_some();
        covered && History::of(known, id, 1).is_ok_and(|h| Some(h.frequency) == frequency)
    };
    let members_of = |series: &SeriesId| -> Result<Vec<SeriesId>> {
        let mut members = known.peers(series)?;
        members.retain(|id| id != target && alike(id));
        members.push(target.clone());
        Ok(members)
    };
    let members = members_of(target)?;
    match target.parent() {
        Some(whole) if members.len() < MIN_PANEL => members_of(&whole),
        _ => Ok(members),
    }
}

fn shrunk_drift(own: &Growth, members: &[Growth], constants: &Constants) -> f64 {
    let estimate = if members.len() < MIN_PANEL {
        let prior = constants.prior_drift_sd.powi(2);
        own.drift * prior / (prior + own.drift_variance)
    } else {
        let (mean, spread) = pool(members);
        mean + spread / (spread + own.drift_variance) * (own.drift - mean)
    };
    let limit = constants.translation_limit * own.drift_variance.sqrt();
    own.drift + (estimate - own.drift).clamp(-limit, limit)
}

/// Mean and between-member variance of drifts, by DerSimonian and Laird's moments.
fn pool(members: &[Growth]) -> (f64, f64) {
    let weighted = |spread: f64| {
        let weights: Vec<_> = members.iter().map(|m| 1.0 / (m.drift_variance + spread)).collect();
        let total: f64 = weights.iter().sum();
        let mean = members.iter().zip(&weights).map(|(m, w)| m.drift * w).sum::<f64>() / total;
        (weights, total, mean)
    };
    let (weights, total, mean) = weighted(0.0);
    let q: f64 = members.iter().zip(&weights).map(|(m, w)| w * (m.drift - mean).powi(2)).sum();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    #[expect(clippy::cast_precision_loss, reason = "a panel is small")]
    let degrees = (members.len() - 1) as f64;
    let spread = ((q - degrees) / (total - squares / total)).max(0.0);
    (weighted(spread).2, spread)
}

impl Growth {
    /// Weighted drift and seasons of a history; `None` with fewer than two values.
    fn of(history: &History, constants: &Constants) -> Option<Self> {
        let seasonal = seasonal(history, constants);
        let last = history.last_number();
        let level = |at: usize| history.levels[at] - season_of(&seasonal, history.numbers[at]);
        let steps: Vec<(f64, f64, f64)> = (1..history.levels.len())
            .map(|at| {
                #[expect(clippy::cast_precision_loss, reason = "a count of periods is small")]
                let gap = (history.numbers[at] - history.numbers[at - 1]) as f64;
                (
                    weight(history, last - history.numbers[at], constants),
                    gap,
                    level(at) - level(at - 1),
                )
            })
            .collect();
        let total: f64 = steps.iter().map(|(w, _, _)| w).sum();
        let length: f64 = steps.iter().map(|(w, gap, _)| w * gap).sum();
        if steps.is_empty() {
            return None;
        }
        let drift = steps.iter().map(|(w, _, change)| w * change).sum::<f64>() / length;
        let squares =
            steps.iter().map(|(w, gap, c)| w * (c - gap * drift).powi(2) / gap).sum::<f64>();
        #[expect(clippy::cast_precision_loss, reason = "a count of periods is small")]
        let n = steps.len() as f64;
        let change_variance =
            (squares / total * n / (n - 1.0).max(1.0)).max(constants.variance_floor);
        let drift_variance = change_variance
            * steps.iter().map(|(w, gap, _)| w * w * gap).sum::<f64>()
            / length.powi(2);
        Some(Self { drift, drift_variance, change_variance, seasonal })
    }

    /// A series too short to know its own variance takes the panel's median.
    fn borrow_variance(&mut self, members: &[Self]) {
        let mut variances: Vec<_> = members.iter().map(|m| m.change_variance).collect();
        if variances.is_empty() {
            return;
        }
        variances.sort_by(f64::total_cmp);
        let median = crate::draws::sorted_quantile(&variances, 0.5);
        self.drift_variance *= median / self.change_variance;
        self.change_variance = median;
    }
}

impl Outgrowth {
    /// The history it was fitted to.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The level `ahead` periods after the last, from a level that stands `from` periods after it.
    pub fn level_from(&self, from: i64, level: f64, ahead: i64) -> f64 {
        level + self.drift * steps(from, ahead) + self.season_between(from, ahead)
    }

    /// What [`Outgrowth::level_from`] adds, term by term.
    pub fn terms_from(&self, from: i64, ahead: i64) -> [Term; 2] {
        let (drift, season) = (self.drift, self.season_between(from, ahead));
        [
            Term { name: "drift".to_owned(), value: drift, weight: steps(from, ahead) },
            Term { name: "season".to_owned(), value: season, weight: 1.0 },
        ]
    }

    fn season_between(&self, from: i64, ahead: i64) -> f64 {
        let last = self.history.last_number();
        season_of(&self.seasonal, last + ahead) - season_of(&self.seasonal, last + from)
    }
}

fn steps(from: i64, ahead: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a horizon is small")]
    let steps = (ahead - from) as f64;
    steps
}

fn weight(history: &History, age: i64, constants: &Constants) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of periods is small")]
    let years = age as f64 / history.frequency.season() as f64;
    0.5_f64.powf(years / constants.half_life_years)
}

/// The seasonal level that belongs to a period's number.
fn season_of(seasonal: &[f64], number: i64) -> f64 {
    let season = i64::try_from(seasonal.len()).unwrap_or(1).max(1);
    let at = usize::try_from(number.rem_euclid(season)).unwrap_or(0);
    seasonal.get(at).copied().unwrap_or(0.0)
}

/// Seasonal levels: weighted mean changes into each season, shrunk by James and Stein's positive-part
/// factor, summed up. All zero where any season has too few changes.
///
/// # Source
/// James and Stein (1961); Efron and Morris (1973), doi:10.1080/01621459.1973.10481350
fn seasonal(history: &History, constants: &Constants) -> Vec<f64> {
    let n_seasons = history.frequency.season();
    let season = i64::try_from(n_seasons).unwrap_or(1);
    let none = vec![0.0; n_seasons];
    let last = history.last_number();
    let mut sums = vec![(0.0, 0.0, 0.0, 0_usize); n_seasons];
    let changes: Vec<(usize, f64, f64)> = history
        .changes()
        .map(|(number, change)| {
            let at = usize::try_from(number.rem_euclid(season)).unwrap_or(0);
            (at, weight(history, last - number, constants), change)
        })
        .collect();
    for (at, w, change) in &changes {
        let sum = &mut sums[*at];
        *sum = (sum.0 + w, sum.1 + w * change, sum.2 + w * w, sum.3 + 1);
    }
    if n_seasons < 2 || sums.iter().any(|sum| sum.3 < constants.min_per_season) {
        return none;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of seasons is small")]
    let (n, m) = (changes.len() as f64, n_seasons as f64);
    let means: Vec<_> = sums.iter().map(|(w, wc, _, _)| wc / w).collect();
    let total: f64 = sums.iter().map(|sum| sum.0).sum();
    let squares: f64 = changes.iter().map(|(at, w, c)| w * (c - means[*at]).powi(2)).sum();
    let variance = squares / total * n / (n - m).max(1.0);
    let mean_inverse_n = sums.iter().map(|(w, _, ww, _)| ww / (w * w)).sum::<f64>() / m;
    let grand = means.iter().sum::<f64>() / m;
    let spread = means.iter().map(|mean| (mean - grand).powi(2)).sum::<f64>() / (m - 1.0);
    if spread <= 0.0 {
        return none;
    }
    let factor = (1.0 - variance * mean_inverse_n / spread).max(0.0);
    means
        .iter()
        .scan(0.0, |level, mean| {
            *level += factor * (mean - grand);
            Some(*level)
        })
        .collect()
}
