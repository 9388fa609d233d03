//! A panel's forecasts from earlier origins: how wrong they were, and whether they beat simple ones.
//!
//! May use `univariate` alone. Pure, and the same for any number of threads.

use std::collections::BTreeSet;

use super::interval::{self, Attempt};
use crate::forecast::univariate::{self, Answer, LENGTH_NEEDED, Question};

/// Forecasts of the past that intervals rest on: about so many, from 10 to 40 origins a series. A
/// shock hits all series at once, so that even of a large panel few origins say little.
const ATTEMPTS: usize = 1_000;
const ORIGINS: (usize, usize) = (10, 40);
/// Horizons that the origins span, from the last but one value back: the fewest and more than those.
const SPAN: (usize, usize) = (2, 4);

/// What the panel's forecasts would have been at earlier origins, and how wrong.
pub(super) struct Past {
    /// The errors of the series that teach.
    pub(super) attempts: Vec<Attempt>,
    /// For each series, the error that it saved against the better of the last value and the last
    /// season; none where it has no past.
    pub(super) gains: Vec<Option<f64>>,
}

impl Past {
    /// Forecasts again from earlier origins; the `teachers`, in order, are those that others learn from.
    pub(super) fn of(panel: &[&[f64]], teachers: &[usize], question: Question) -> Self {
        let shortest = LENGTH_NEEDED.max(2 * question.season + 2);
        let mut past = Self { attempts: Vec::new(), gains: Vec::new() };
        let mut errors = vec![Errors::default(); panel.len()];
        for back in origins(teachers.len(), question.horizon) {
            let is_long = |idx: &usize| panel[*idx].len() >= shortest + back;
            let idxs: Vec<usize> = (0..panel.len()).filter(is_long).collect();
            let parts: Vec<_> =
                idxs.iter().map(|idx| panel[*idx].split_at(panel[*idx].len() - back)).collect();
            let known: Vec<&[f64]> = parts.iter().map(|(known, _)| *known).collect();
            let teaches = |idx: &usize| teachers.binary_search(idx).is_ok();
            let taught_by: Vec<usize> =
                (0..idxs.len()).filter(|nth| teaches(&idxs[*nth])).collect();
            let answers = univariate::forecast_taught(&known, &taught_by, question);
            for ((idx, (known, came)), answer) in idxs.iter().zip(parts).zip(&answers) {
                errors[*idx].add_all(known, came, answer, question.season);
                if teaches(idx) {
                    past.attempts.extend(attempts(came, answer));
                }
            }
        }
        past.gains = errors.iter().map(Errors::gain).collect();
        past
    }
}

/// The errors of an answer, as far as values came and ever changed.
fn attempts(came: &[f64], answer: &Answer) -> impl Iterator<Item = Attempt> {
    let parts = interval::parts(answer).into_iter().enumerate();
    came.iter().zip(parts).filter_map(|(actual, (ahead, parts))| {
        let error = actual - answer.path[ahead];
        parts.map(|parts| Attempt { ahead, error, parts })
    })
}

/// How many periods before the end each origin lies, none twice, evenly from 1 on; of one nearer than
/// the horizon only the first periods have come true.
fn origins(n_series: usize, horizon: usize) -> BTreeSet<usize> {
    let n_origins = ATTEMPTS.div_ceil(n_series.max(1)).clamp(ORIGINS.0, ORIGINS.1);
    let span = if n_origins == ORIGINS.0 { SPAN.0 } else { SPAN.1 } * horizon - 1;
    (0..n_origins).map(|nth| 1 + (nth * span + (n_origins - 1) / 2) / (n_origins - 1)).collect()
}

/// Sums of absolute errors of a series, in halves so that none overflows.
#[derive(Debug, Clone, Copy, Default)]
struct Errors {
    n: usize,
    own: f64,
    rivals: [f64; 2],
}

impl Errors {
    /// Adds the errors of an answer to what was `known`, as far as values came.
    fn add_all(&mut self, known: &[f64], came: &[f64], answer: &Answer, season: usize) {
        for (ahead, (actual, own)) in came.iter().zip(&answer.path).enumerate() {
            let lag = if season > 1 { season - ahead % season } else { 1 };
            self.add(*actual, *own, [known[known.len() - 1], known[known.len() - lag]]);
        }
    }

    fn add(&mut self, actual: f64, own: f64, rivals: [f64; 2]) {
        let error = |said: f64| (actual / 1024.0 - said / 1024.0).abs();
        self.n += 1;
        self.own += error(own);
        self.rivals[0] += error(rivals[0]);
        self.rivals[1] += error(rivals[1]);
    }

    fn gain(&self) -> Option<f64> {
        let best = self.rivals[0].min(self.rivals[1]);
        (self.n > 0).then_some(best - self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_lie_evenly_and_few_series_have_more() {
        let large: Vec<usize> = origins(5_000, 6).into_iter().collect();
        assert_eq!(large, [1, 2, 3, 5, 6, 7, 8, 10, 11, 12]);
        assert_eq!(origins(1, 8).len(), 32);
        assert_eq!(origins(0, 1), BTreeSet::from([1, 2, 3, 4]));
        assert!(origins(1_000, 400).into_iter().all(|back| (1..=800).contains(&back)));
    }
}
