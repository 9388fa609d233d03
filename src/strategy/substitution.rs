//! Models of substitution on log odds: a straight line and its competitors, and the choice among them.
//!
//! May use the core files, `forecast` and `market`. Sees a history of odds alone; linear fits are
//! linfa's. The choice is made by errors inside the window that is known, never by what came
//! later.

use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::history::History;
use crate::forecast::regression::{Design, Estimator, Linear, fit};
use crate::forecast::{Forecaster, Path, score};
use crate::period::Frequency;
use crate::series::SeriesId;
use crate::units::count;

use super::market::{odds, share};

/// Values without a gap that a line needs.
pub const N_NEEDED: usize = 4;
/// Share of the trend that is left after each period of the damped line.
const DAMPING: f64 = 0.8;
/// Periods on either side of a break.
const LEAST_SIDE: usize = 3;
/// Horizons over which past errors are compared.
const CHOICE_HORIZON: usize = 4;
/// Past errors without which the damped line is taken.
const LEAST_ERRORS: usize = 6;
/// Shares beyond which a rival's path does not go.
const EDGE: f64 = 1e-6;

/// One model of substitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// The last value.
    LastValue,
    /// A straight line in log odds.
    FisherPry,
    /// A line with a break of its slope, where that pays.
    Break,
    /// A line that flattens.
    Damped,
    /// The rivals' share as a diffusion.
    Rival,
}

/// The model whose own past errors are the smallest.
#[derive(Debug, Clone, Copy)]
pub struct Chosen;

/// A straight line in log odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Change of log odds a period.
    pub speed: f64,
    /// Standard deviation of a single change.
    pub change_sd: f64,
    /// Changes behind it.
    pub n_changes: usize,
}

impl Model {
    /// Every model.
    pub const ALL: [Self; 5] =
        [Self::LastValue, Self::FisherPry, Self::Break, Self::Damped, Self::Rival];

    /// Log odds of the next periods.
    ///
    /// With `z` the log odds, `s` the share and `b` the slope of a line through the window:
    /// `FisherPry` is `z + b·h`; `Break` has `b` after a break, if Schwarz's criterion wants one;
    /// `Damped` is `z + b·(φ + … + φʰ)`; `Rival` is Bass's model of what the rivals have,
    /// `Δs = −s·(p + q·(1−s))`, fitted to `Δs/s`. All start at the last value.
    ///
    /// - `levels`: log odds without a gap, [`N_NEEDED`] or more.
    ///
    /// # Errors
    /// [`Error::Insufficient`] of fewer.
    /// # Source
    /// Fisher and Pry (1971), doi:10.1016/S0040-1625(71)80005-7; Bass (1969),
    /// doi:10.1287/mnsc.15.5.215; Gardner and McKenzie (1985), doi:10.1287/mnsc.31.10.1237
    pub fn path(self, levels: &[f64], horizon: usize) -> Result<Vec<f64>> {
        let last = *levels.last().filter(|_| levels.len() >= N_NEEDED).ok_or_else(|| {
            Error::insufficient(format!(
                "{N_NEEDED} shares without a gap are needed; {} are known",
                levels.len()
            ))
        })?;
        let ahead = (1..=horizon).map(count);
        Ok(match self {
            Self::LastValue => vec![last; horizon],
            Self::FisherPry => {
                let speed = slope(levels)?;
                ahead.map(|h| last + speed * h).collect()
            }
            Self::Break => {
                let speed = slope_after_break(levels)?;
                ahead.map(|h| last + speed * h).collect()
            }
            Self::Damped => {
                let speed = slope(levels)?;
                let left = |h: f64| DAMPING * (1.0 - DAMPING.powf(h)) / (1.0 - DAMPING);
                ahead.map(|h| last + speed * left(h)).collect()
            }
            Self::Rival => rival(levels, horizon)?,
        })
    }
}

impl Forecaster for Model {
    fn name(&self) -> &'static str {
        match self {
            Self::LastValue => "naive",
            Self::FisherPry => "fisher_pry",
            Self::Break => "break",
            Self::Damped => "damped",
            Self::Rival => "rival",
        }
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let (history, window) = window(known, target)?;
        let levels = Self::path(*self, &window, horizon)?;
        Ok(path(*self, &history, levels))
    }
}

impl Forecaster for Chosen {
    fn name(&self) -> &'static str {
        "erosion"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let history = History::of(known, target, N_NEEDED)?;
        let model = choose(history.unbroken(), window_length(history.frequency));
        Forecaster::path(&model, known, target, horizon)
    }
}

/// The model with the smallest mean absolute error, one to four periods ahead, from the origins of the
/// window; the damped line where fewer than six errors are known.
pub fn choose(levels: &[f64], window: usize) -> Model {
    let origins = levels.len().saturating_sub(window).max(N_NEEDED)..levels.len();
    let error = |model: Model| -> Option<f64> {
        let mut errors = Vec::new();
        for origin in origins.clone() {
            let horizon = CHOICE_HORIZON.min(levels.len() - origin);
            let seen = &levels[origin.saturating_sub(window)..origin];
            let path = model.path(seen, horizon).ok()?;
            errors.extend(path.iter().zip(&levels[origin..]).map(|(f, y)| (f - y).abs()));
        }
        score::mean(&errors).filter(|_| errors.len() >= LEAST_ERRORS)
    };
    let errors = Model::ALL.iter().filter_map(|model| Some((*model, error(*model)?)));
    errors.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(Model::Damped, |(model, _)| model)
}

/// The Fisher-Pry line through the last window of a history.
///
/// # Errors
/// [`Error::Insufficient`] with fewer than [`N_NEEDED`] shares without a gap.
pub fn line(known: &Snapshot, target: &SeriesId) -> Result<Line> {
    line_of(&window(known, target)?.1)
}

/// The line through log odds without a gap.
pub(super) fn line_of(window: &[f64]) -> Result<Line> {
    let changes: Vec<f64> = window.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = score::mean(&changes).unwrap_or(0.0);
    let squares: f64 = changes.iter().map(|change| (change - mean).powi(2)).sum();
    let change_sd = (squares / count(changes.len() - 1)).sqrt();
    Ok(Line { speed: slope(window)?, change_sd, n_changes: changes.len() })
}

/// Periods that a model looks back on: two years of months, three of quarters.
pub fn window_length(frequency: Frequency) -> usize {
    match frequency {
        Frequency::Month => 24,
        Frequency::Day | Frequency::Quarter | Frequency::Year => 12,
    }
}

/// The history and its last levels without a gap, a window of them at most.
fn window(known: &Snapshot, target: &SeriesId) -> Result<(History, Vec<f64>)> {
    let history = History::of(known, target, N_NEEDED)?;
    let levels = history.unbroken();
    if levels.len() < N_NEEDED {
        return Err(Error::insufficient(format!(
            "{N_NEEDED} shares of {target:?} without a gap are needed; {} are known as of {}",
            levels.len(),
            known.as_of()
        )));
    }
    let first = levels.len().saturating_sub(window_length(history.frequency));
    let levels = levels[first..].to_vec();
    Ok((history, levels))
}

fn path(model: Model, history: &History, levels: Vec<f64>) -> Path {
    let periods = history.next_periods(levels.len()).into_iter();
    let values = periods.zip(levels).map(|(at, level)| (at, history.value(level, at)));
    Path::new(&model, values)
}

fn slope(levels: &[f64]) -> Result<f64> {
    let rows: Vec<Vec<f64>> = (0..levels.len()).map(|t| vec![count(t)]).collect();
    Ok(least_squares(&["t"], &rows, levels)?.coefficients[0])
}

/// The slope after the break that Schwarz's criterion likes best, or of one line if it likes none.
fn slope_after_break(levels: &[f64]) -> Result<f64> {
    let n = levels.len();
    let rows_with = |at: usize| -> Vec<Vec<f64>> {
        (0..n).map(|t| vec![count(t), count(t.saturating_sub(at))]).collect()
    };
    let straight: Vec<Vec<f64>> = (0..n).map(|t| vec![count(t)]).collect();
    let one = least_squares(&["t"], &straight, levels)?;
    let mut best = (one.coefficients[0], criterion(&one, &straight, levels, 2.0)?);
    for at in LEAST_SIDE..n.saturating_sub(LEAST_SIDE) {
        let rows = rows_with(at);
        let fitted = least_squares(&["t", "after"], &rows, levels)?;
        let value = criterion(&fitted, &rows, levels, 4.0)?;
        if value < best.1 {
            best = (fitted.coefficients.iter().sum(), value);
        }
    }
    Ok(best.0)
}

/// Schwarz's criterion, `n·ln(SSE/n) + k·ln n`; the place of a break counts as a parameter.
fn criterion(fitted: &Linear, rows: &[Vec<f64>], levels: &[f64], k: f64) -> Result<f64> {
    let mut squares = 0.0;
    for (row, level) in rows.iter().zip(levels) {
        squares += (level - fitted.predict(row)?).powi(2);
    }
    let n = count(levels.len());
    Ok(n * (squares / n).max(f64::MIN_POSITIVE).ln() + k * n.ln())
}

fn rival(levels: &[f64], horizon: usize) -> Result<Vec<f64>> {
    let shares: Vec<f64> = levels.iter().map(|level| share(level.exp())).collect();
    let rows: Vec<Vec<f64>> = shares.iter().map(|s| vec![1.0 - s]).collect();
    let relative: Vec<f64> = shares.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    let fitted = least_squares(&["rivals"], &rows[..relative.len()], &relative)?;
    let mut at = shares[shares.len() - 1];
    let mut path = Vec::with_capacity(horizon);
    for _ in 0..horizon {
        at = (at * (1.0 + fitted.predict(&[1.0 - at])?)).clamp(EDGE, 1.0 - EDGE);
        path.push(odds(at).map_or(0.0, f64::ln));
    }
    Ok(path)
}

fn least_squares(names: &[&str], rows: &[Vec<f64>], y: &[f64]) -> Result<Linear> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    fit(&Estimator::LeastSquares {}, &Design::new(names, rows)?, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logistic(speed: f64, n: u32) -> Vec<f64> {
        (0..n).map(|t| 0.4 + speed * f64::from(t)).collect()
    }

    #[test]
    fn a_logistic_fall_is_recovered() {
        let levels = logistic(-0.23, 12);
        assert!((slope(&levels).expect("a slope") + 0.23).abs() < 1e-9);
        let path = Model::FisherPry.path(&levels, 3).expect("a path");
        assert!((path[2] - (0.4 - 0.23 * 14.0)).abs() < 1e-9);
        let one = Model::Damped.path(&levels, 2).expect("a path");
        let by_hand = levels[11] - 0.23 * (0.8 + 0.64);
        assert!((one[1] - by_hand).abs() < 1e-9);
        assert_eq!(Model::LastValue.path(&levels, 2).expect("a path"), vec![levels[11]; 2]);
        assert!(Model::FisherPry.path(&levels[..3], 1).is_err());
    }

    #[test]
    fn a_break_is_found_where_it_pays() {
        let noise = |t: u32| 0.01 * f64::from(t * 7 % 5) - 0.02;
        let mut levels: Vec<f64> = (0..12).map(|t| 0.5 + noise(t)).collect();
        let straight = slope_after_break(&levels).expect("a slope");
        assert!(straight.abs() < 0.01, "{straight}");
        levels.extend((1..=6).map(|t| 0.5 - 0.3 * f64::from(t) + noise(t)));
        let fallen = slope_after_break(&levels).expect("a slope");
        assert!((fallen + 0.3).abs() < 0.03, "{fallen}");
    }

    #[test]
    fn a_bass_diffusion_of_the_rival_is_carried_on() {
        let (p, q) = (0.03, 0.38);
        let mut shares = vec![0.95];
        for t in 0..12 {
            let s: f64 = shares[t];
            shares.push(s * (1.0 - (p + q * (1.0 - s))));
        }
        let levels: Vec<f64> = shares.iter().map(|s| (s / (1.0 - s)).ln()).collect();
        let path = Model::Rival.path(&levels[..8], 4).expect("a path");
        assert!((path[3] - levels[11]).abs() < 1e-6, "{path:?} {levels:?}");
    }

    #[test]
    fn the_choice_follows_past_errors() {
        let levels = logistic(-0.2, 14);
        assert!(matches!(choose(&levels, 12), Model::FisherPry | Model::Break));
        let wobble: Vec<f64> = (0..20).map(|t| if t % 2 == 0 { 0.3 } else { -0.3 }).collect();
        assert!(!matches!(choose(&wobble, 12), Model::FisherPry | Model::Break));
        assert_eq!(choose(&levels[..5], 12), Model::Damped);
    }
}
