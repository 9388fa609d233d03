//! Errors by horizon and number of variables, relative to the base: the surface of the envelope.
//!
//! May use `study` and `score`.

use super::study::{Line, Way};
use crate::forecast::score::compare::{EqualAccuracy, equal_accuracy};
use crate::forecast::score::mean;

/// How one way did on one line.
#[derive(Debug, Clone, Copy)]
pub struct Score {
    /// Origins.
    pub n: usize,
    /// Root mean squared error, in the target's unit.
    pub rmse: f64,
    /// The same over the base's: below 1 is better.
    pub relative: f64,
    /// The test against the base by squared errors; `None` where they never differ or are too few.
    pub against_base: Option<EqualAccuracy>,
}

/// Scores a way on the origins of a line that are kept; `None` where there is none, the way was not
/// asked or the base was never wrong.
///
/// - `keep`: told by the origin's row.
pub fn score(line: &Line, way: Way, keep: impl Fn(usize) -> bool) -> Option<Score> {
    let kept = |errors: Vec<f64>| -> Vec<f64> {
        let numbered = errors.into_iter().zip(line.first_origin..);
        numbered.filter(|(_, origin)| keep(*origin)).map(|(error, _)| error * error).collect()
    };
    let (own, base) = (kept(line.errors(way)?), kept(line.errors(Way::Base)?));
    let differences: Vec<f64> = own.iter().zip(&base).map(|(a, b)| a - b).collect();
    let (own, base) = (mean(&own)?, mean(&base)?);
    (base > 0.0).then(|| Score {
        n: differences.len(),
        rmse: own.sqrt(),
        relative: (own / base).sqrt(),
        against_base: equal_accuracy(&differences, line.horizon),
    })
}

/// The geometric mean of relative errors; `None` of none.
pub fn geometric_mean(relative: impl Iterator<Item = f64>) -> Option<f64> {
    let logs: Vec<f64> = relative.map(f64::ln).collect();
    mean(&logs).map(f64::exp)
}

/// The geometric mean over the lines of a horizon that are kept of a way's error relative to the base.
pub fn at<'a>(
    lines: impl Iterator<Item = &'a Line>,
    (horizon, way): (usize, Way),
    keep: impl Fn(usize) -> bool,
) -> Option<f64> {
    let of_horizon = lines.filter(|line| line.horizon == horizon);
    geometric_mean(of_horizon.filter_map(|line| Some(score(line, way, &keep)?.relative)))
}
