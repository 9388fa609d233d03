//! `guidance`: a company's own guide times its typical surprise, for a company that guides.
//!
//! May use the core files, `history` and `spec`. A guide counts as said: the surprise is measured
//! against the guide that stood the day after the release before, which is the one a forecast
//! would have used.

use chrono::Days;

use super::history::{History, Scale};
use super::spec::Spec;
use super::{Forecaster, Path, Term};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::observation::{Action, Announcement};
use crate::period::Period;
use crate::series::SeriesId;

/// The guidance model: one step, `guide × exp(Σ ln(actual/guide) / (n + prior))`.
#[derive(Debug, Clone, Copy)]
pub struct Guidance;

/// Days by which a guide's period may differ from the calendar's and still be the same quarter.
const SAME_PERIOD_DAYS: u64 = 10;

impl Forecaster for Guidance {
    fn name(&self) -> &'static str {
        "guidance"
    }

    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path> {
        self.path_with(known, known, target, horizon)
    }

    fn path_with(
        &self,
        learned: &Snapshot,
        known: &Snapshot,
        target: &SeriesId,
        _horizon: usize,
    ) -> Result<Path> {
        let history = History::of(known, target, 1)?;
        let period = history.next_periods(1)[0];
        let guide = open_guide(known, target, period).ok_or_else(|| {
            Error::insufficient(format!(
                "`guidance` needs an open guide of {target:?} for {period}; none is known as of {}",
                known.as_of()
            ))
        })?;
        let surprise = expected_surprise(learned, target, guide)?;
        let median = guide.mid * surprise.exp();
        let mut path = Path::new(self, [(period, median)]);
        if history.scale == Scale::Log {
            let level = history.level(guide.mid, period);
            let term = |name: &str, value| Term { name: name.to_owned(), value, weight: 1.0 };
            path.terms = vec![vec![term("guide", level), term("expected_surprise", surprise)]];
        }
        path.announcement = Some(guide.clone());
        Ok(path)
    }
}

/// The company's last word about a period that has no value yet.
pub fn open_guide<'a>(
    known: &'a Snapshot,
    target: &'a SeriesId,
    period: Period,
) -> Option<&'a Announcement> {
    words(known, target).filter(|a| same_period(a.period, period) && a.mid > 0.0).last()
}

/// The mean log surprise to expect of a guide; zero of a revision, which is nearly the actual.
fn expected_surprise(learned: &Snapshot, target: &SeriesId, guide: &Announcement) -> Result<f64> {
    if guide.action.is_later_word() {
        return Ok(0.0);
    }
    let surprises = surprises(learned, target, &History::of(learned, target, 1)?);
    #[expect(clippy::cast_precision_loss, reason = "a company has few guides")]
    let n = surprises.len() as f64;
    Ok(surprises.iter().sum::<f64>() / (n + Spec::bundled().guide.prior_pairs))
}

/// `ln(actual / guide)` of every period whose guide and actual are known, oldest first.
pub fn surprises(known: &Snapshot, target: &SeriesId, history: &History) -> Vec<f64> {
    let pairs = history.periods.iter().zip(&history.values).filter(|(_, value)| **value > 0.0);
    pairs
        .filter_map(|(period, value)| {
            let first = words(known, target).find(|a| {
                a.action == Action::Guide && same_period(a.period, *period) && a.mid > 0.0
            })?;
            Some((value / first.mid).ln())
        })
        .collect()
}

fn words<'a>(known: &'a Snapshot, target: &'a SeriesId) -> impl Iterator<Item = &'a Announcement> {
    known.announcements(target.owner()).filter(move |a| a.metric == target.metric())
}

/// Whether two periods are one under two sets of dates.
pub fn same_period(a: Period, b: Period) -> bool {
    let close = |x: chrono::NaiveDate, y: chrono::NaiveDate| {
        x <= y + Days::new(SAME_PERIOD_DAYS) && y <= x + Days::new(SAME_PERIOD_DAYS)
    };
    close(a.end(), b.end()) && a.frequency() == b.frequency()
}
