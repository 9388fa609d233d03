//! The rivals that always run: last value, seasonal naive, drift, and the guide's midpoint.
//!
//! May use the core files and `forecast`'s own. Every engine claim is measured against these.

use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::series::SeriesId;

use super::guidance;
use super::history::History;
use super::{Forecaster, Path, Term};

/// The last value, for every horizon.
#[derive(Debug, Clone, Copy)]
pub struct Naive;

/// The value of the same period a year before.
#[derive(Debug, Clone, Copy)]
pub struct SeasonalNaive;

/// The last value, carried on by the mean change of the whole history.
#[derive(Debug, Clone, Copy)]
pub struct Drift;

/// The midpoint of the company's open guide: one step, whatever horizon is asked.
#[derive(Debug, Clone, Copy)]
pub struct Guide;

impl Forecaster for Naive {
    fn name(&self) -> &'static str {
        "naive"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let history = History::of(known, target, 1)?;
        let last = history.last_value();
        let steps = history.next_periods(horizon).into_iter();
        Ok(Path::new(self, steps.map(|period| (period, last))))
    }
}

impl Forecaster for SeasonalNaive {
    fn name(&self) -> &'static str {
        "seasonal_naive"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let history = History::of(known, target, 1)?;
        let season = i64::try_from(history.frequency.season()).unwrap_or(1);
        let steps = history.next_periods(horizon).into_iter().zip(1_i64..).map(|(period, ahead)| {
            let back = (ahead - 1) % season + 1 - season;
            let level = history.level_at(history.last_number() + back).ok_or_else(|| {
                Error::insufficient(format!(
                    "`seasonal_naive` needs {target:?} {season} periods back; it is not known as of {}",
                    known.as_of()
                ))
            })?;
            Ok((period, history.value(level, period)))
        });
        Ok(Path::new(self, steps.collect::<Result<Vec<_>>>()?))
    }
}

impl Forecaster for Drift {
    fn name(&self) -> &'static str {
        "drift"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        self.path_with(known, known, target, horizon)
    }

    fn path_with(
        &self,
        learned: &Snapshot,
        known: &Snapshot,
        target: &SeriesId,
        horizon: usize,
    ) -> Result<Path> {
        let (history, past) = (History::of(known, target, 2)?, History::of(learned, target, 2)?);
        let slope = mean_change(if past.scale == history.scale { &past } else { &history });
        let steps =
            history.next_periods(horizon).into_iter().zip(1_u32..).map(|(period, ahead)| {
                let level = history.last_level() + slope * f64::from(ahead);
                (period, history.value(level, period))
            });
        let mut path = Path::new(self, steps);
        let drift = |weight| Term { name: "drift".to_owned(), value: slope, weight };
        let last = Term::last_level(&history);
        let terms = (1_u32..).take(horizon).map(|h| vec![last.clone(), drift(f64::from(h))]);
        path.terms = terms.collect();
        Ok(path)
    }
}

impl Forecaster for Guide {
    fn name(&self) -> &'static str {
        "guide"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        let history = History::of(known, target, 1)?;
        let period = history.next_periods(1)[0];
        let open = guidance::open_guide(known, target, period);
        let guide = open.filter(|_| horizon > 0).ok_or_else(|| {
            Error::insufficient(format!(
                "`guide` needs an open guide of {target:?} for {period}; none is known as of {}",
                known.as_of()
            ))
        })?;
        let mut path = Path::new(self, [(period, guide.mid)]);
        path.announcement = Some(guide.clone());
        Ok(path)
    }
}

/// The mean change a period from the first to the last level, gaps counted.
pub fn mean_change(history: &History) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of periods is small")]
    let n_steps = (history.last_number() - history.numbers[0]).max(1) as f64;
    (history.last_level() - history.levels[0]) / n_steps
}
