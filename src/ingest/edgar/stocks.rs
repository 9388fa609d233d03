//! Stocks: values at a date, such as inventory, out of what filings said, day by day.
//!
//! May use `concepts`, `history`, `quarters`, `rows` and the core files. A balance counts on a day
//! on which a reported period ends, or the day before one starts. A day a little off counts where
//! its filing gives no balance of the right one; else it is an opening balance restated for a new
//! accounting rule, and set aside like any other day.

use std::collections::{BTreeSet, HashMap};

use chrono::{Duration, NaiveDate};

use super::concepts::Kind;
use super::history::{Aside, History, NEAR_DAYS};
use super::quarters::{Origin, Value};
use super::rows::{Fact, Sorted};

/// Days on which reported periods end, with the first filing that shows so.
pub(super) struct Closings(HashMap<NaiveDate, usize>);

impl Closings {
    /// The days between periods, over every flow of a payload.
    pub(super) fn of(sorted: &Sorted<'_>, kinds: impl Iterator<Item = Kind>) -> Self {
        let mut days = HashMap::new();
        let flows = sorted.facts.iter().zip(kinds).filter(|(_, kind)| *kind == Kind::Flow);
        for fact in flows.flat_map(|(facts, _)| facts) {
            for day in [fact.period.end(), fact.period.start() - Duration::days(1)] {
                let first = days.entry(day).or_insert(fact.filing_idx);
                *first = fact.filing_idx.min(*first);
            }
        }
        Self(days)
    }

    fn is_near(&self, day: NaiveDate, filing_idx: usize) -> bool {
        (-NEAR_DAYS..=NEAR_DAYS).any(|days| self.is_closing(day + Duration::days(days), filing_idx))
    }

    fn is_closing(&self, day: NaiveDate, filing_idx: usize) -> bool {
        self.0.get(&day).is_some_and(|first| *first <= filing_idx)
    }
}

/// Whether no balance of another day near this one stands beside it.
fn is_alone(of_filing: &[Fact], day: NaiveDate) -> bool {
    let apart = |fact: &Fact| (fact.period.end() - day).num_days().abs();
    !of_filing.iter().any(|fact| (1..=NEAR_DAYS).contains(&apart(fact)))
}

/// All vintages of a family's balances, and what was not used.
pub(super) fn stocks(
    facts: &[Fact],
    sorted: &Sorted<'_>,
    closings: &Closings,
) -> (Vec<Value>, Vec<Aside>) {
    let filings = &sorted.filings;
    let mut history = History::new(filings);
    let mut shown: HashMap<usize, f64> = HashMap::new();
    let mut values = Vec::new();
    let day = |fact: &Fact| filings[fact.filing_idx].filed;
    for of_day in facts.chunk_by(|a, b| day(a) == day(b)) {
        let mut touched = BTreeSet::new();
        for of_filing in of_day.chunk_by(|a, b| a.filing_idx == b.filing_idx) {
            let (usable, other): (Vec<Fact>, Vec<Fact>) = of_filing.iter().partition(|fact| {
                let end = fact.period.end();
                end == filings[fact.filing_idx].report_end
                    || closings.is_closing(end, fact.filing_idx)
                    || (is_alone(of_filing, end) && closings.is_near(end, fact.filing_idx))
            });
            history.asides.extend(other.into_iter().map(|fact| Aside {
                period: fact.period,
                accn: filings[fact.filing_idx].accn.to_owned(),
                member_idx: fact.member_idx,
                reason: "no reported period ends on that day".to_owned(),
            }));
            touched.extend(history.take(&usable));
        }
        for span_idx in touched {
            let span = &history.spans[span_idx];
            let Some(said) = span.said.last().copied() else { continue };
            if shown.insert(span_idx, said.value).map(f64::to_bits) != Some(said.value.to_bits()) {
                let (period, amount) = (span.period, said.value);
                let origin = Origin::Reported(said);
                values.push(Value { period, amount, is_year: false, origin });
            }
        }
    }
    (values, history.asides)
}
