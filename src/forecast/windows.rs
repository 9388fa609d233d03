//! Windows of a plain rolling-origin backtest: which positions train, which are held out.
//!
//! May use `error`. Positions alone; `record` has the pseudo real time of vintages.

use std::ops::Range;

use crate::error::{Error, Result};

/// One window: positions to train on, and those after them to forecast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Known positions.
    pub train: Range<usize>,
    /// Held-out positions.
    pub valid: Range<usize>,
}

/// How a series is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// How many windows.
    pub n_windows: usize,
    /// Positions held out in each.
    pub horizon: usize,
    /// Positions between the starts of two windows.
    pub step: usize,
    /// Positions to train on; all before the window if `None`.
    pub input_size: Option<usize>,
}

/// The windows of a series of `n` positions, oldest first; the last one ends with the series.
///
/// # Errors
/// [`Error::Invalid`] of a cut with a zero; [`Error::Insufficient`] if the first window has nothing to
/// train on.
pub fn windows(n: usize, cut: Cut) -> Result<Vec<Window>> {
    let Cut { n_windows, horizon, step, input_size } = cut;
    if n_windows == 0 || horizon == 0 || step == 0 || input_size == Some(0) {
        return Err(Error::invalid(format!(
            "{n_windows} windows of {horizon} periods, {step} apart, are no backtest; each must be 1 or more"
        )));
    }
    let needed = (n_windows - 1).saturating_mul(step).saturating_add(horizon);
    if needed >= n {
        return Err(Error::insufficient(format!(
            "{} values are needed for {n_windows} windows of {horizon}, {step} apart; {n} are known",
            needed.saturating_add(1)
        )));
    }
    let of = |back: usize| {
        let start = n - horizon - back * step;
        let first = input_size.map_or(0, |size| start.saturating_sub(size));
        Window { train: first..start, valid: start..start + horizon }
    };
    Ok((0..n_windows).rev().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_window_ends_with_the_series() {
        let cut = Cut { n_windows: 2, horizon: 3, step: 2, input_size: Some(4) };
        let cuts = windows(12, cut).expect("long enough");
        assert_eq!(cuts[0], Window { train: 3..7, valid: 7..10 });
        assert_eq!(cuts[1], Window { train: 5..9, valid: 9..12 });
        assert!(windows(5, cut).is_err());
        assert!(windows(12, Cut { step: 0, ..cut }).is_err());
        assert!(windows(12, Cut { n_windows: usize::MAX, ..cut }).is_err());
    }
}
