//! One series as every check reads it: current rows, history, and runs without a gap.
//!
//! May use the core files and its sibling files.

use crate::archive::{Snapshot, last_vintages};
use crate::error::Result;
use crate::observation::Observation;
use crate::period::{Frequency, Period};
use crate::series::{Kind, Registry, SeriesId};
use crate::units::Unit;

/// What is known of one series.
pub(super) struct Held {
    pub(super) id: SeriesId,
    /// One row a period, the last public vintage.
    pub(super) rows: Vec<Observation>,
    /// Every public row.
    pub(super) history: Vec<Observation>,
}

impl Held {
    pub(super) fn read(known: &Snapshot, id: &SeriesId) -> Result<Self> {
        let history = known.vintages(id)?;
        Ok(Self { id: id.clone(), rows: last_vintages(&history), history })
    }

    pub(super) fn unit(&self) -> Unit {
        self.rows.first().map_or(Unit::Index, |row| row.unit)
    }

    /// Whether values add up over time: neither shares nor stocks.
    pub(super) fn is_flow(&self) -> bool {
        !matches!(self.unit(), Unit::Ratio | Unit::Index | Unit::Watt)
            && self.rows.last().is_some_and(|row| row.period.n_days() > 1)
    }

    /// Stretches of rows that follow each other at one frequency without a gap.
    pub(super) fn runs(&self) -> impl Iterator<Item = &[Observation]> {
        self.rows.chunk_by(|a, b| step(a.period, b.period) == Step::Next)
    }
}

/// How a period follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// As the next of the same kind.
    Next,
    /// As a later one of the same kind, with this many left out.
    Gap(i64),
    /// It is of another kind, or overlaps.
    Other,
}

/// How `b` follows `a`; a week of slip in the dates is forgiven.
pub(super) fn step(a: Period, b: Period) -> Step {
    let days = (b.end() - a.end()).num_days();
    let (Some(frequency), true) = (a.frequency(), a.frequency() == b.frequency()) else {
        return Step::Other;
    };
    let length = match frequency {
        Frequency::Day if (85..=100).contains(&days) || (26..=33).contains(&days) => {
            return Step::Next;
        }
        Frequency::Day => return Step::Other,
        Frequency::Month => 30.44,
        Frequency::Quarter => 91.3,
        Frequency::Year => 365.25,
    };
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "few periods")]
    let n_periods = (days as f64 / length).round() as i64;
    match n_periods {
        1 if (b.start() - a.end()).num_days() >= -7 => Step::Next,
        2.. => Step::Gap(n_periods - 1),
        _ => Step::Other,
    }
}

/// Whether a series holds somebody's estimates, which may be spread or modelled.
pub(super) fn is_estimate(id: &SeriesId) -> bool {
    Registry::bundled().definition(id).is_some_and(|found| found.kind == Kind::Estimate)
}

/// The power of ten to which a value is rounded, a million at most.
pub(super) fn rounding(value: f64) -> f64 {
    let powers = [1e6, 1e5, 1e4, 1e3, 1e2, 1e1];
    powers.into_iter().find(|power| value != 0.0 && value % power == 0.0).unwrap_or(1.0)
}

/// The median of some numbers; `None` of none.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        return values.get(middle).copied();
    }
    Some(f64::midpoint(*values.get(middle.checked_sub(1)?)?, *values.get(middle)?))
}

/// Significant digits of a number as it is written shortest.
pub(super) fn n_digits(value: f64) -> usize {
    let text = format!("{:e}", value.abs());
    text.split('e').next().map_or(0, |mantissa| mantissa.bytes().filter(u8::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(start: &str, end: &str) -> Period {
        let date = |text: &str| text.parse().expect("an ISO date");
        Period::new(date(start), date(end)).expect("start before end")
    }

    #[test]
    fn quarters_follow_across_a_slip_and_a_gap() {
        let first = period("2010-05-03", "2010-07-31");
        assert_eq!(step(first, period("2010-08-02", "2010-10-31")), Step::Next);
        assert_eq!(step(first, period("2011-02-01", "2011-04-30")), Step::Gap(2));
        assert_eq!(step(first, period("2010-05-03", "2010-08-01")), Step::Other);
        assert_eq!(step(first, period("2010-08-01", "2011-07-31")), Step::Other);
    }

    #[test]
    fn digits_and_medians() {
        assert_eq!((n_digits(35_082e6), n_digits(-0.25), n_digits(0.0)), (5, 2, 1));
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!((median(vec![4.0, 1.0]), median(vec![])), (Some(2.5), None));
    }
}
