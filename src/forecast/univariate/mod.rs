//! Forecasts of a series from its own values alone, and of a panel of such series.
//!
//! Numbers in, numbers out: may use nothing else of the crate, never sees a date, and never panics,
//! whatever the numbers are. The forecast is a trimmed mean of eight members; what each is and how it
//! was chosen stands at [`MEMBERS`].

pub mod ces;
pub mod season;
pub mod smooth;
pub mod theta;

mod autoregress;
mod local;
mod normal;
mod simplex;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use autoregress::{Pool, Scaled};
pub use local::{Local, answer_by};
pub(super) use normal::solve;
use season::Adjusted;
use smooth::{BETA_MAX, Trend};
use theta::Theta;

/// The members of the combination, which all count the same.
///
/// `root` stands for square roots, `theta` for the dynamic optimised one, `ets` for additive
/// smoothing picked by Akaike's criterion; the pooled ones are on square roots without season and
/// with it, the same if there is none, and on logarithms without. Positive series alone are
/// transformed. Of the members the lowest and the highest are left out, for each period ahead.
///
/// Chosen on the training parts of 1,586 quarterly, 1,000 monthly and 1,000 yearly series, on yearly
/// sums of the first two, and on earlier origins of all. Weights fitted to a panel's own past were no
/// better than equal ones.
pub const MEMBERS: [&str; 8] = [
    "root_theta",
    "theta",
    "ets",
    "root_damped_ets",
    "ces",
    "pooled_root_ar",
    "pooled_log_ar",
    "pooled_seasonal_ar",
];
/// Values that the combination needs; shorter series are carried on by a simpler model.
pub const LENGTH_NEEDED: usize = 8;
/// The last values that are looked at, or the last [`SEASONS_MAX`] seasons if these are more.
const VALUES_MAX: usize = 1_200;
const SEASONS_MAX: usize = 6;
/// The longest season for which every first state is fitted.
const FITTED_SEASON_MAX: usize = 24;
/// Latest changes that the pooled members see: a season and two, within these bounds.
const N_LAGS: (usize, usize) = (4, 12);
/// How far a member may leave the range of the values, in ranges, before it is left out.
const RANGES_MAX: f64 = 20.0;

/// What is asked of every series of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Periods in a season; 1 for none.
    pub season: usize,
    /// Periods to forecast.
    pub horizon: usize,
}

/// The answer for one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The next values, nearest first.
    pub path: Vec<f64>,
    /// How far the members are apart, as a standard deviation, for each.
    pub spread: Vec<f64>,
    /// The model that made it.
    pub model_used: &'static str,
    /// Mean changes of the values, which say how far they are likely to move.
    pub volatility: Volatility,
}

/// Mean absolute changes in the values up to the origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volatility {
    /// From a period to the next, season taken out.
    pub change: f64,
    /// From a season to the next, or from a period to the next where there is no season.
    pub seasonal: f64,
    /// The same over the last two seasons and two periods.
    pub recent: f64,
    /// `change` over the last two seasons and four periods.
    pub recent_change: f64,
    /// From a change to the next, season taken out.
    pub roughness: f64,
}

/// Answers for every series of a panel, in its order; each has at least one value, and all are finite.
///
/// The answer of a series depends on the others through the three pooled members alone, and not on
/// their order.
pub fn forecast(panel: &[&[f64]], question: Question) -> Vec<Answer> {
    forecast_taught(panel, &(0..panel.len()).collect::<Vec<_>>(), question)
}

/// Like [`forecast`], but the pooled members learn from the `teachers` alone: indexes into the panel.
/// The answer of a series does not depend on any other that teaches nothing.
pub fn forecast_taught(panel: &[&[f64]], teachers: &[usize], question: Question) -> Vec<Answer> {
    let pools = Pools::learn(teachers.iter().map(|idx| panel[*idx]), question);
    panel.par_iter().map(|y| pools.answer(y)).collect()
}

/// What the three pooled members have learned: with it, a series is answered for without the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pools {
    question: Question,
    root: Option<Pool>,
    log: Option<Pool>,
    /// On values with their season; none where that is `root`, or where nothing was learned.
    seasonal: Option<Pool>,
}

impl Pools {
    /// Learns from series, each with at least one value, in their order; short ones teach nothing.
    pub fn learn<'a>(teachers: impl Iterator<Item = &'a [f64]>, question: Question) -> Self {
        let teachers: Vec<&[f64]> = teachers.filter(|y| y.len() >= LENGTH_NEEDED).collect();
        let series: Vec<Series> =
            teachers.par_iter().map(|y| Series::new(y, question.season)).collect();
        let pool = |levels: &(dyn Fn(&Series) -> Vec<f64> + Sync)| {
            let panel: Vec<_> =
                series.par_iter().map(|series| Scaled::new(&levels(series))).collect();
            Pool::learn(&panel, question.n_lags(), question.horizon)
        };
        let own_season = question.is_seasonal_pool();
        Self {
            question,
            root: pool(&|series| series.on(Scale::Root, &series.adjusted.values)),
            log: pool(&|series| series.on(Scale::Log, &series.adjusted.values)),
            seasonal: own_season
                .then(|| pool(&|series| series.on(Scale::Root, &series.values)))
                .flatten(),
        }
    }

    /// Answers for a series, which has at least one value; all are finite.
    pub fn answer(&self, y: &[f64]) -> Answer {
        let question = self.question;
        let series = Series::new(y, question.season);
        let says = |pool: &Option<Pool>, scale: Scale, y: &[f64]| {
            pool.as_ref()?.path(&Scaled::new(&series.on(scale, y)))
        };
        let adjusted = &series.adjusted.values;
        let root = says(&self.root, Scale::Root, adjusted);
        let log = says(&self.log, Scale::Log, adjusted);
        let seasonal = if question.is_seasonal_pool() {
            says(&self.seasonal, Scale::Root, &series.values)
        } else {
            root.clone()
        };
        series.answer([root, log, seasonal], question)
    }
}

impl Question {
    /// Latest changes that the pooled members see.
    fn n_lags(self) -> usize {
        self.season.saturating_add(2).clamp(N_LAGS.0, N_LAGS.1)
    }

    /// Whether a pooled member sees values with their season.
    fn is_seasonal_pool(self) -> bool {
        (2..=self.n_lags()).contains(&self.season)
    }
}

/// A single model of a series: its season is taken out before and put back after; the model is told a
/// season of 1 then, and the last value stands in for what is no number.
///
/// `model` gets values, season and horizon.
pub fn alone(
    y: &[f64],
    Question { season, horizon }: Question,
    model: impl Fn(&[f64], usize, usize) -> Vec<f64>,
) -> Vec<f64> {
    let adjusted = season::adjust(latest(y, season), season);
    let mut path = model(&adjusted.values, 1, horizon);
    adjusted.restore(&mut path);
    let last = y[y.len() - 1];
    path.into_iter().map(|value| if value.is_finite() { value } else { last }).collect()
}

/// The values at the end of a series that are looked at.
fn latest(y: &[f64], season: usize) -> &[f64] {
    let n_values = VALUES_MAX.max(season.saturating_mul(SEASONS_MAX));
    &y[y.len().saturating_sub(n_values)..]
}

/// What the pooled members say of a series, in their order and on their scales.
type Pooled = [Option<Vec<f64>>; 3];

/// A series as the members see it.
struct Series {
    /// Values in `unit`, so that none is large.
    values: Vec<f64>,
    /// A power of two, so that nothing is rounded.
    unit: f64,
    positive: bool,
    adjusted: Adjusted,
}

/// A scale on which a positive series is modelled; others stay as they are.
#[derive(Debug, Clone, Copy)]
enum Scale {
    Log,
    Root,
}

impl Series {
    fn new(y: &[f64], season: usize) -> Self {
        let y = latest(y, season);
        let largest = y.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let unit = if largest > 0.0 { largest.log2().floor().min(1023.0).exp2() } else { 1.0 };
        let values: Vec<f64> = y.iter().map(|value| value / unit).collect();
        let positive = values.iter().all(|value| *value > 0.0);
        let adjusted = season::adjust(&values, season);
        Self { values, unit, positive, adjusted }
    }

    fn answer(&self, [root, log, seasonal]: Pooled, question: Question) -> Answer {
        let (n, horizon) = (self.values.len(), question.horizon);
        let mut members = Vec::with_capacity(MEMBERS.len());
        if n >= LENGTH_NEEDED {
            members.extend(self.own_members(question));
            members.extend(root.map(|path| self.restored(self.back(Scale::Root, path))));
            members.extend(log.map(|path| self.restored(self.back(Scale::Log, path))));
            members.extend(seasonal.map(|path| {
                let path = self.back(Scale::Root, path);
                if question.is_seasonal_pool() { path } else { self.restored(path) }
            }));
        }
        for path in &mut members {
            path.truncate(self.n_sound(path));
        }
        let mut model_used = "univariate";
        if members.iter().all(Vec::is_empty) {
            let (name, path) = self.simple(horizon);
            (model_used, members) = (name, vec![path]);
        }
        let (path, spread) = mean_and_spread(&members, horizon);
        let volatility = self.volatility(question.season);
        Answer { path: self.sized(path), spread: self.sized(spread), model_used, volatility }
    }

    /// Values in the unit of the series.
    fn sized(&self, values: Vec<f64>) -> Vec<f64> {
        values.iter().map(|value| finite(value * self.unit)).collect()
    }

    /// The members that need no other series.
    fn own_members(&self, question: Question) -> [Vec<f64>; 5] {
        let (root, adjusted) = (self.on(Scale::Root, &self.adjusted.values), &self.adjusted.values);
        let [on_root, theta] =
            theta::side_by_side([&root, adjusted], Theta::DynamicOptimised, question.horizon);
        let damped = |y: &[f64], season: usize| {
            let level = self.on(Scale::Root, y);
            let path = smooth::fit(&level, season, Trend::Damped, BETA_MAX, question.horizon).path;
            self.back(Scale::Root, path)
        };
        [
            self.restored(self.back(Scale::Root, on_root)),
            self.restored(theta),
            self.smoothed(question, |y, season| {
                smooth::automatic(y, season, BETA_MAX, question.horizon)
            }),
            self.smoothed(question, damped),
            self.complex(question),
        ]
    }

    /// What smoothing says: `model` gets the values and their season where it is clear and the values are
    /// enough, or values without season; a long season is taken out before.
    fn smoothed(&self, question: Question, model: impl Fn(&[f64], usize) -> Vec<f64>) -> Vec<f64> {
        let (n, season) = (self.values.len(), question.season);
        let clear = season::is_clear(&self.values, season) && n >= 2 * season + 5;
        if clear && season > FITTED_SEASON_MAX {
            return self.restored(model(&self.adjusted.values, 1));
        }
        model(&self.values, if clear { season } else { 1 })
    }

    /// What complex smoothing says.
    fn complex(&self, Question { season, horizon }: Question) -> Vec<f64> {
        let season = if self.values.len() >= 2 * season + 2 { season } else { 1 };
        ces::fit(&self.values, season, horizon).path
    }

    fn on(&self, scale: Scale, y: &[f64]) -> Vec<f64> {
        let level = |value: &f64| match scale {
            _ if !self.positive => *value,
            Scale::Log => value.ln(),
            Scale::Root => value.sqrt(),
        };
        y.iter().map(level).collect()
    }

    fn back(&self, scale: Scale, path: Vec<f64>) -> Vec<f64> {
        let value = |level: f64| match scale {
            _ if !self.positive => level,
            Scale::Log => level.exp(),
            Scale::Root => level.max(0.0).powi(2),
        };
        path.into_iter().map(value).collect()
    }

    fn restored(&self, mut path: Vec<f64>) -> Vec<f64> {
        self.adjusted.restore(&mut path);
        path
    }

    /// How many values a path starts with that are numbers and not far out of all proportion.
    fn n_sound(&self, path: &[f64]) -> usize {
        let (low, high) = self.range();
        let slack = RANGES_MAX * (high - low) + 1e-9 * high.abs().max(low.abs());
        path.iter().take_while(|value| (low - slack..=high + slack).contains(*value)).count()
    }

    fn range(&self) -> (f64, f64) {
        let low = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        (low, self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }

    /// What carries a series on that is too short for the members, or too wild.
    fn simple(&self, horizon: usize) -> (&'static str, Vec<f64>) {
        if self.values.len() > 2 {
            let mut path = theta::path(&self.values, Theta::Standard, horizon);
            path.truncate(self.n_sound(&path));
            if !path.is_empty() {
                return ("theta", path);
            }
        }
        ("naive", vec![self.values[self.values.len() - 1]; horizon])
    }

    fn volatility(&self, season: usize) -> Volatility {
        let change = mean_change(&self.adjusted.values, 1);
        let lag = if self.values.len() > season { season } else { 1 };
        let near = self.values.len().saturating_sub(3 * lag + 2);
        let seasonal = mean_change(&self.values, lag);
        let recent = mean_change(&self.values[near..], lag);
        let adjusted = &self.adjusted.values;
        let last = adjusted.len().saturating_sub(2 * season + 5);
        let changes: Vec<f64> = adjusted.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let scaled = |value: f64| finite(value * self.unit);
        Volatility {
            change: scaled(change),
            seasonal: scaled(seasonal),
            recent: scaled(recent),
            recent_change: scaled(mean_change(&adjusted[last..], 1)),
            roughness: scaled(mean_change(&changes, 1)),
        }
    }
}

fn mean_change(y: &[f64], lag: usize) -> f64 {
    let changes = y.iter().skip(lag).zip(y).map(|(later, value)| (later - value).abs());
    changes.sum::<f64>() / count(y.len().saturating_sub(lag).max(1))
}

/// For each period ahead the mean of the members without the lowest and the highest, so that one that
/// runs away does no harm, and the spread of all around it. A member may end early; where all have, the
/// last period is carried on. What is asked further ahead changes nothing nearer.
fn mean_and_spread(members: &[Vec<f64>], horizon: usize) -> (Vec<f64>, Vec<f64>) {
    let longest = members.iter().map(Vec::len).max().unwrap_or(0);
    let at = |ahead: usize| {
        let ahead = ahead.min(longest.saturating_sub(1));
        let mut values: Vec<f64> =
            members.iter().filter_map(|path| path.get(ahead).copied()).collect();
        values.sort_by(f64::total_cmp);
        let inner = match values.as_slice() {
            [_, inner @ .., _] if !inner.is_empty() => inner,
            few => few,
        };
        let mean = inner.iter().sum::<f64>() / count(inner.len());
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        (mean, (square / count(values.len())).sqrt())
    };
    (0..horizon).map(at).unzip()
}

/// A number that overflowed becomes the largest there is.
fn finite(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts of values are far below 2^53")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEARLY: Question = Question { season: 1, horizon: 4 };

    fn odd_series() -> Vec<Vec<f64>> {
        let wide = (0..40).map(|t| if t % 2 == 0 { f64::MAX } else { f64::MIN }).collect();
        let tiny = (0..40).map(|t| f64::MIN_POSITIVE * count(t % 7 + 1) / 1e10).collect();
        let exploding = (0..300).map(|t| (2.0 * count(t)).exp()).collect();
        let mixed = (0..50).map(|t| if t % 9 == 0 { 1e308 } else { 1e-300 }).collect();
        let jump = (0..30).map(|t| if t == 29 { 1e200 } else { 1.0 }).collect();
        let zeros = (0..30).map(|t| if t % 4 == 0 { count(t) } else { 0.0 }).collect();
        vec![wide, tiny, exploding, mixed, jump, zeros, vec![0.0; 30], vec![-5.0; 30], vec![1e308]]
    }

    #[test]
    fn odd_numbers_give_numbers() {
        for y in odd_series() {
            for season in [1, 4, 12, 30, 400] {
                for n in [1, 2, 3, 5, 8, 9, 13, y.len()] {
                    let question = Question { season, horizon: 5 };
                    let answer = &forecast(&[&y[..n.min(y.len())]], question)[0];
                    let numbers = answer.path.iter().chain(&answer.spread);
                    assert!(numbers.clone().all(|v| v.is_finite()), "{season} {n} {answer:?}");
                    assert_eq!(answer.path.len(), 5);
                }
            }
        }
    }

    #[test]
    fn a_power_of_two_as_unit_changes_no_digit() {
        let y: Vec<f64> = (0..60).map(|t| 100.0 + count(t) + count(t * t % 17)).collect();
        let large: Vec<f64> = y.iter().map(|value| value * 2_f64.powi(40)).collect();
        let (one, other) = (forecast(&[&y], YEARLY), forecast(&[&large], YEARLY));
        for (one, other) in one[0].path.iter().zip(&other[0].path) {
            assert_eq!(one * 2_f64.powi(40), *other);
        }
    }

    #[test]
    fn short_series_are_carried_on_simply() {
        let model = |n: usize| forecast(&[&[1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 9.0, 12.0][..n]], YEARLY);
        assert_eq!(model(2)[0].model_used, "naive");
        assert_eq!(model(7)[0].model_used, "theta");
        assert_eq!(model(8)[0].model_used, "univariate");
        assert_eq!(model(1)[0].path, [1.0; 4]);
    }
}
