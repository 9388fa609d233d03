//! The envelope of a series: skill by horizon, number of variables and regime, and the price of each
//! variable.
//!
//! May use `lab`, `bench`, `price`, `score` and `skill`. Every forecast is made in pseudo real time: the
//! variables of an origin are chosen from what was resolved there.

use chrono::{Datelike, NaiveDate};
use rayon::prelude::*;

use super::bench::Bench;
use super::lab::Lab;
use super::price::{self, Choice};
use crate::forecast::score;
use crate::forecast::skill;

/// How many variables a forecast of the past used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// So many, the best by price so far, whether or not they had earned it.
    Forced(usize),
    /// Those accepted within the budget.
    Chosen,
}

/// Skill of one horizon, number of variables and regime.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Periods ahead.
    pub horizon: usize,
    /// How many variables.
    pub count: Count,
    /// The regime: `all`, `to 2019`, `from 2023`.
    pub regime: String,
    /// Resolved forecasts.
    pub n: usize,
    /// Skill against the last value; `None` of no forecast.
    pub skill: Option<f64>,
    /// Its lower bound, by block bootstrap over quarters of origins; `None` with too few blocks of them.
    pub lower: Option<f64>,
    /// Mean number of variables used: fewer than forced where no more could be priced.
    pub mean_variables: f64,
}

/// The envelope of a series.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// By horizon, then number of variables, then regime.
    pub surface: Vec<Cell>,
    /// The choice of each horizon as of today, every candidate priced.
    pub choices: Vec<(usize, Choice)>,
}

/// Forecasts below which a cell states no skill.
const MIN_MEASURED: usize = 8;

/// One forecast of the past: origin, its error, the last value's, and how many variables it used.
type Trial = (NaiveDate, f64, f64, usize);

/// Measures the envelope up to a horizon. Horizons are measured side by side; the answer does not depend
/// on the number of threads.
pub fn measure(lab: &Lab<'_>, horizon: usize) -> Envelope {
    let horizons: Vec<usize> = (1..=horizon.min(lab.max_horizon())).collect();
    let measured: Vec<_> = horizons.par_iter().map(|horizon| at(lab, *horizon)).collect();
    let mut envelope = Envelope { surface: Vec::new(), choices: Vec::new() };
    for (horizon, (cells, choice)) in horizons.into_iter().zip(measured) {
        envelope.surface.extend(cells);
        envelope.choices.push((horizon, choice));
    }
    envelope
}

/// The numbers of variables of the surface.
pub fn counts(lab: &Lab<'_>) -> Vec<Count> {
    let most = lab.spec().max_variables.min(lab.variables().len());
    (0..=most).map(Count::Forced).chain([Count::Chosen]).collect()
}

fn at(lab: &Lab<'_>, horizon: usize) -> (Vec<Cell>, Choice) {
    let mut bench = lab.bench(horizon);
    let counts = counts(lab);
    let mut trials: Vec<Vec<Trial>> = vec![Vec::new(); counts.len()];
    for (at, row) in lab.rows().iter().enumerate() {
        let (Some((growth, _)), Some(_)) = (bench.came(at), bench.said(&[], at)) else { continue };
        let values = row.values(horizon);
        let forced = price::forced(&mut bench, row.day, values, lab.spec().max_variables);
        let chosen = bench.choose(row.day, values).accepted;
        for (count, trials) in counts.iter().zip(&mut trials) {
            let mut used = match count {
                Count::Forced(n) => &forced[..(*n).min(forced.len())],
                Count::Chosen => &chosen,
            };
            // A set that cannot be fitted yet leaves its last member aside.
            let said = loop {
                match bench.said(used, at) {
                    None if !used.is_empty() => used = &used[..used.len() - 1],
                    said => break said,
                }
            };
            let Some(said) = said else { continue };
            trials.push((row.day, (growth - said).abs(), growth.abs(), used.len()));
        }
    }
    let choice = bench.price_now();
    let regimes = regimes(&lab.spec().eras);
    let bench = &bench;
    let cells = counts.iter().zip(&trials).flat_map(|(count, trials)| {
        regimes.iter().map(move |(regime, low, high)| {
            let inside = trials.iter().filter(|trial| (*low..=*high).contains(&trial.0.year()));
            cell(bench, *count, regime, &inside.copied().collect::<Vec<_>>())
        })
    });
    (cells.collect(), choice)
}

fn cell(bench: &Bench<'_>, count: Count, regime: &str, trials: &[Trial]) -> Cell {
    let horizon = bench.horizon();
    let pairs: Vec<_> = trials.iter().map(|trial| (trial.0, trial.1, trial.2)).collect();
    let (errors, naive): (Vec<_>, Vec<_>) = pairs.iter().map(|(_, e, n)| (*e, *n)).unzip();
    let is_measured = pairs.len() >= MIN_MEASURED;
    let skill = score::skill(&errors, &naive).filter(|_| is_measured);
    let key = format!("few.{}.{horizon}", bench.lab().target());
    let is_enough = bench.is_enough(pairs.iter().map(|(origin, ..)| *origin));
    let bounded = skill.filter(|_| is_enough);
    let lower = bounded.and_then(|_| skill::lower_bound(&pairs, &key, horizon));
    #[expect(clippy::cast_precision_loss, reason = "few variables and origins")]
    let mean_variables =
        trials.iter().map(|trial| trial.3 as f64).sum::<f64>() / trials.len().max(1) as f64;
    Cell { horizon, count, regime: regime.to_owned(), n: pairs.len(), skill, lower, mean_variables }
}

/// `all`, and the spans between the first years of the eras.
fn regimes(eras: &[i32]) -> Vec<(String, i32, i32)> {
    let mut regimes = vec![("all".to_owned(), i32::MIN, i32::MAX)];
    let Some(first) = eras.first() else { return regimes };
    regimes.push((format!("to {}", first - 1), i32::MIN, first - 1));
    for (at, from) in eras.iter().enumerate() {
        regimes.push(match eras.get(at + 1) {
            Some(next) => (format!("{from} to {}", next - 1), *from, next - 1),
            None => (format!("from {from}"), *from, i32::MAX),
        });
    }
    regimes
}
