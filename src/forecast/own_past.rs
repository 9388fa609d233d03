//! Models that know a series' own past and nothing else: `ets`, `theta` and their combination.
//!
//! May use the core files, `history` and `univariate`. Reads the values after the last gap.

use super::history::{History, Scale};
use super::univariate::smooth::{self, BETA_MAX};
use super::univariate::theta::{self, Theta as Kind};
use super::univariate::{self, Question};
use super::{Forecaster, Path};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::series::SeriesId;

/// Values that a model needs.
const N_NEEDED: usize = univariate::LENGTH_NEEDED;

/// Exponential smoothing; Akaike's criterion picks its trend.
#[derive(Debug, Clone, Copy)]
pub struct Ets;

/// The dynamic optimised theta model.
#[derive(Debug, Clone, Copy)]
pub struct Theta;

/// The combination that forecasts a user's own panel.
#[derive(Debug, Clone, Copy)]
pub struct OwnPast;

impl Forecaster for Ets {
    fn name(&self) -> &'static str {
        "ets"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let past = Past::of(self, known, target)?;
        let levels =
            univariate::alone(&past.levels, past.question(horizon), |y, season, horizon| {
                smooth::automatic(y, season, BETA_MAX, horizon)
            });
        Ok(past.path(self, levels))
    }
}

impl Forecaster for Theta {
    fn name(&self) -> &'static str {
        "theta"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let past = Past::of(self, known, target)?;
        let theta = |y: &[f64], _, horizon| theta::path(y, Kind::DynamicOptimised, horizon);
        let levels = univariate::alone(&past.levels, past.question(horizon), theta);
        Ok(past.path(self, levels))
    }
}

impl Forecaster for OwnPast {
    fn name(&self) -> &'static str {
        "univariate"
    }

    /// The combination takes logarithms itself, so that it sees values and not levels.
    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let past = Past::of(self, known, target)?;
        let log = past.history.scale == Scale::Log;
        let value = |level: &f64| if log { level.exp() } else { *level };
        let values: Vec<f64> = past.levels.iter().map(value).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let answer = univariate::forecast(&[&values], past.question(horizon)).remove(0);
        // A mean of members may fall below zero where no value ever did: half the least one is kept.
        let level = |value: f64| if log { value.max(0.5 * least).ln() } else { value };
        let levels = answer.path.into_iter().map(level).collect();
        Ok(past.path(self, levels))
    }
}

/// The levels after the last gap.
struct Past {
    history: History,
    levels: Vec<f64>,
}

impl Past {
    fn of(model: &impl Forecaster, known: &Snapshot, target: &SeriesId) -> Result<Self> {
        let history = History::of(known, target, N_NEEDED)?;
        let levels = history.unbroken().to_vec();
        if levels.len() < N_NEEDED {
            return Err(Error::insufficient(format!(
                "`{}` needs {N_NEEDED} values of {target:?} without a gap; {} are known as of {}",
                model.name(),
                levels.len(),
                known.as_of()
            )));
        }
        Ok(Self { history, levels })
    }

    fn question(&self, horizon: usize) -> Question {
        Question { season: self.history.frequency.season(), horizon }
    }

    fn path(&self, model: &impl Forecaster, levels: Vec<f64>) -> Path {
        let periods = self.history.next_periods(levels.len()).into_iter();
        let values = periods.zip(levels).map(|(at, level)| (at, self.history.value(level, at)));
        Path::new(model, values)
    }
}
