//! Earlier origins of a panel: where they lie, and whether forecasts from them beat simple ones.
//!
//! May use `univariate` alone. Pure, and the same for any number of threads.

use std::collections::BTreeSet;

use crate::forecast::univariate::{Answer, LENGTH_NEEDED};

/// Forecasts of the past that intervals rest on: about so many, from 10 to 40 origins a series. A
/// shock hits all series at once, so that even of a large panel few origins say little.
const ATTEMPTS: usize = 1_000;
const ORIGINS: (usize, usize) = (10, 40);
/// Horizons that the origins span, from the last but one value back: the fewest and more than those.
const SPAN: (usize, usize) = (2, 4);

/// What was known of a series `back` values before its end, and what came; none if that is too little.
pub(super) fn cut(y: &[f64], back: usize, season: usize) -> Option<(&[f64], &[f64])> {
    let shortest = LENGTH_NEEDED.max(2 * season + 2);
    (y.len() >= shortest + back).then(|| y.split_at(y.len() - back))
}

/// How many periods before the end each origin lies, none twice, evenly from 1 on; of one nearer than
/// the horizon only the first periods have come true.
pub(super) fn origins(n_series: usize, horizon: usize) -> Vec<usize> {
    let n_origins = ATTEMPTS.div_ceil(n_series.max(1)).clamp(ORIGINS.0, ORIGINS.1);
    let span = if n_origins == ORIGINS.0 { SPAN.0 } else { SPAN.1 } * horizon - 1;
    let back = |nth| 1 + (nth * span + (n_origins - 1) / 2) / (n_origins - 1);
    let backs: BTreeSet<usize> = (0..n_origins).map(back).collect();
    backs.into_iter().collect()
}

/// Sums of absolute errors of a series, in halves so that none overflows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Errors {
    n: usize,
    own: f64,
    rivals: [f64; 2],
}

impl Errors {
    /// Adds the errors of an answer to what was `known`, as far as values came.
    pub(super) fn add_all(&mut self, known: &[f64], came: &[f64], answer: &Answer, season: usize) {
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

    /// The error that was saved against the better of the last value and the last season; none without a
    /// past.
    pub(super) fn gain(&self) -> Option<f64> {
        let best = self.rivals[0].min(self.rivals[1]);
        (self.n > 0).then_some(best - self.own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_lie_evenly_and_few_series_have_more() {
        assert_eq!(origins(5_000, 6), [1, 2, 3, 5, 6, 7, 8, 10, 11, 12]);
        assert_eq!(origins(1, 8).len(), 32);
        assert_eq!(origins(0, 1), [1, 2, 3, 4]);
        assert!(origins(1_000, 400).into_iter().all(|back| (1..=800).contains(&back)));
    }
}
