//! False alarms: what the machinery says where nothing falls, made up or real.
//!
//! May use the core files, `forecast` and the other files of `strategy`. A made-up share wanders without
//! a direction; a real quiet row is a forecast of the past whose share did not do what was called.

use rayon::prelude::*;

use super::erosion::{Ahead, Study, withheld};
use super::substitution::{Chosen, window_length};
use crate::draws::Randomness;
use crate::error::Result;
use crate::forecast::backtest::Book;
use crate::forecast::history::History;
use crate::forecast::placebo::{Kind, made_up_beside};
use crate::forecast::score;
use crate::series::SeriesId;

/// Hazard from which on a halving is called.
pub const CALLED: f64 = 0.5;

/// How often made-up shares were answered at one horizon, and called to halve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeUp {
    /// Periods ahead.
    pub horizon: usize,
    /// Made-up shares asked.
    pub n: usize,
    /// Of these, answered instead of refused.
    pub n_answered: usize,
}

/// Calls of a halving on real rows at one horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Calls {
    /// Periods ahead.
    pub horizon: usize,
    /// Rows on which the share did not halve.
    pub n_quiet: usize,
    /// Of these, called: false alarms.
    pub n_false: usize,
    /// Rows on which it did halve.
    pub n_halved: usize,
    /// Of these, called.
    pub n_caught: usize,
    /// Mean squared error of the hazard; `None` of no row.
    pub brier: Option<f64>,
}

/// Asks for `n` made-up copies of a market's member, all its members made up too.
///
/// # Errors
/// As [`Book::forecast`].
pub fn made_up(
    study: &Study,
    member: &SeriesId,
    kind: Kind,
    (horizon, n): (usize, usize),
    seed: u64,
) -> Result<Vec<MadeUp>> {
    let one = |number: usize| -> Result<Vec<bool>> {
        let known = made_up_beside(&study.known, (&study.members, &[]), kind, number, seed)?;
        let book = Book::new(&known, horizon)?.among(study.members.clone());
        let forecast = book.forecast(&Chosen, member)?;
        Ok((1..=horizon).map(|ahead| withheld(&forecast.skill, ahead).is_none()).collect())
    };
    let asked: Vec<_> = (0..n).into_par_iter().map(one).collect::<Result<_>>()?;
    let answered = |at: usize| asked.iter().filter(|answers| answers[at]).count();
    Ok((0..horizon).map(|at| MadeUp { horizon: at + 1, n, n_answered: answered(at) }).collect())
}

/// Calls of a halving on forecasts of the past of one horizon.
pub fn calls(rows: &[&Ahead], horizon: usize) -> Calls {
    let known: Vec<(f64, bool)> = rows
        .iter()
        .filter(|row| row.horizon == horizon)
        .filter_map(|row| Some((row.hazard, row.actual? <= row.naive / 2.0)))
        .collect();
    let count = |halved: bool, called: bool| {
        let is_such =
            |(hazard, came): &&(f64, bool)| *came == halved && (!called || *hazard >= CALLED);
        known.iter().filter(is_such).count()
    };
    let squares: Vec<f64> =
        known.iter().map(|(hazard, came)| (hazard - f64::from(u8::from(*came))).powi(2)).collect();
    Calls {
        horizon,
        n_quiet: count(false, false),
        n_false: count(false, true),
        n_halved: count(true, false),
        n_caught: count(true, true),
        brier: score::mean(&squares),
    }
}

/// How often a random walk of log odds without a direction is called eroding: `n` walks as long as a
/// member's window, with its unrest.
///
/// # Errors
/// [`crate::Error::Insufficient`] if the member has too few shares.
pub fn eroding_walks(study: &Study, member: &SeriesId, n: usize, seed: u64) -> Result<usize> {
    let history = History::of(&study.known, member, 1)?;
    let unrest = super::substitution::line(&study.known, member)?.change_sd;
    let length = history.unbroken().len().min(window_length(history.frequency));
    let stream = Randomness::new(seed, &format!("walk.{member}"), study.known.as_of());
    let mut n_called = 0;
    for walk in 0..n {
        let mut random = stream.draw(walk);
        let mut at = 0.0;
        let levels: Vec<f64> = (0..length)
            .map(|_| {
                at += unrest * random.normal();
                at
            })
            .collect();
        n_called += usize::from(super::erosion::is_eroding(&levels)?);
    }
    Ok(n_called)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::Period;
    use crate::strategy::erosion::Spread;
    use chrono::NaiveDate;

    fn row(hazard: f64, actual: Option<f64>) -> Ahead {
        let day = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a date");
        Ahead {
            origin: day,
            horizon: 2,
            period: Period::day(day),
            model_used: "naive",
            median: 0.4,
            interval_80: (0.3, 0.5),
            interval_95: None,
            basis: Spread::Wander,
            naive: 0.4,
            hazard,
            actual,
            refusal: None,
        }
    }

    #[test]
    fn calls_are_counted_by_hand() {
        let rows = [row(0.6, Some(0.2)), row(0.7, Some(0.3)), row(0.1, Some(0.4)), row(0.9, None)];
        let found = calls(&rows.iter().collect::<Vec<_>>(), 2);
        assert_eq!((found.n_quiet, found.n_false, found.n_halved, found.n_caught), (2, 1, 1, 1));
        assert!((found.brier.expect("rows") - (0.16 + 0.49 + 0.01) / 3.0).abs() < 1e-12);
        assert_eq!(calls(&[], 2).brier, None);
    }
}
