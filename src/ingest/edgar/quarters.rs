//! Flows: quarters and fiscal years out of what filings said, day by day.
//!
//! May use `concepts`, `history`, `rows` and the core files. Holds the rule for derived values;
//! every decision rests on what was filed up to its day.
//!
//! A quarter that a filing gives itself is preferred. Otherwise it is the difference of two
//! year-to-date values that start on one day, the shorter ending on the day before the quarter
//! starts. The two are compatible if they
//! 1. are of one generation: both from filings that report on the same fiscal year (the originals,
//!    or the comparatives a year later). An operand first reported in a later generation may join
//!    the other's last value, as long as nothing of that fiscal year was restated between the two
//!    filings;
//! 2. stand on one basis: where the longer one's filing restates the longer one, or its comparative
//!    of the year before, the shorter one's filing must do so too. In originals a restatement
//!    counts from [`MATERIAL`] of the quarter on, in later generations always; rounding never
//!    counts;
//! 3. are of one concept, or of two that are shown equal nearby.
//!
//! Otherwise the value known before stays, and the recomputation is set aside with its reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Duration, NaiveDate};

use super::concepts::{Families, Sign};
use super::history::{Aside, History, NEAR_DAYS, Said, is_fiscal_year_end};
use super::rows::{Fact, Filing, Form};
use crate::period::{Frequency, Period};

/// The share of a quarter that a restated comparative must move to speak against a difference.
const MATERIAL: f64 = 0.01;
/// The longest period that can be a year to date.
const YEAR_TO_DATE_MAX_DAYS: i64 = 380;
/// Days in a month, on average.
const MONTH_DAYS: f64 = 365.25 / 12.0;

/// One value of one vintage.
pub(super) struct Value {
    pub(super) period: Period,
    pub(super) amount: f64,
    pub(super) is_year: bool,
    pub(super) origin: Origin,
}

/// Where a value comes from.
pub(super) enum Origin {
    /// It stands in a filing.
    Reported(Said),
    /// `longer - shorter`.
    Difference { longer: Operand, shorter: Operand },
}

/// A year-to-date value of a difference.
#[derive(Clone, Copy)]
pub(super) struct Operand {
    pub(super) said: Said,
    pub(super) n_days: i64,
}

/// All vintages of a family's quarters and years, and what was not used.
pub(super) fn flows(
    facts: &[Fact],
    filings: &[Filing<'_>],
    sign: Sign,
) -> (Vec<Value>, Vec<Aside>) {
    let history = History::new(filings);
    let mut making =
        Making { history, sign, shown: HashMap::new(), ends: BTreeMap::new(), values: Vec::new() };
    let day = |fact: &Fact| filings[fact.filing_idx].filed;
    for of_day in facts.chunk_by(|a, b| day(a) == day(b)) {
        let mut touched = BTreeSet::new();
        for of_filing in of_day.chunk_by(|a, b| a.filing_idx == b.filing_idx) {
            let usable: Vec<Fact> =
                of_filing.iter().filter(|f| making.is_usable(f)).copied().collect();
            touched.extend(making.history.take(&usable));
        }
        making.settle(&touched);
    }
    making.close();
    (making.values, making.history.asides)
}

/// The last value given out for a span.
struct Shown {
    value: f64,
    filed: NaiveDate,
    /// The spans and statements of a difference.
    operands: Option<[(usize, Said); 2]>,
}

struct Making<'a> {
    history: History<'a>,
    sign: Sign,
    shown: HashMap<usize, Shown>,
    /// By end, the spans given out: quarters and years apart.
    ends: BTreeMap<(bool, NaiveDate), usize>,
    values: Vec<Value>,
}

impl Making<'_> {
    /// Twelve months count only as a fiscal year of an annual report: elsewhere they trail.
    fn is_usable(&mut self, fact: &Fact) -> bool {
        let filing = &self.history.filings[fact.filing_idx];
        if fact.period.frequency() != Some(Frequency::Year) {
            return true;
        }
        let end = fact.period.end();
        let is_fiscal = filing.form == Form::Annual && is_fiscal_year_end(filing.report_end, end);
        if !is_fiscal {
            let reason = match filing.form {
                Form::Annual => format!(
                    "a year that ends on {end} is no fiscal year of a report to {}",
                    filing.report_end
                ),
                Form::Quarterly => {
                    "twelve months in a quarterly report trail: no fiscal year".to_owned()
                }
            };
            let (period, member_idx) = (fact.period, fact.member_idx);
            let accn = filing.accn.to_owned();
            self.history.asides.push(Aside { period, accn, member_idx, reason });
        }
        is_fiscal
    }

    /// Gives out what the filings of one day changed.
    fn settle(&mut self, touched: &BTreeSet<usize>) {
        for span_idx in touched {
            let span = &self.history.spans[*span_idx];
            let frequency = span.period.frequency();
            if let (Some(said), Some(Frequency::Quarter | Frequency::Year)) =
                (span.said.last().copied(), frequency)
            {
                self.give(*span_idx, said.value, Origin::Reported(said), None);
            }
        }
        for span_idx in touched {
            let start = self.history.spans[*span_idx].period.start();
            let partners: Vec<usize> = self.history.starting_near(start, NEAR_DAYS).collect();
            for other in partners {
                if is_longer(&self.history, *span_idx, other) {
                    self.derive(*span_idx, other, touched);
                } else if is_longer(&self.history, other, *span_idx) && !touched.contains(&other) {
                    self.derive(other, *span_idx, touched);
                }
            }
        }
    }

    /// Gives out `longer - shorter` if it is a quarter and the two are compatible.
    fn derive(&mut self, longer: usize, shorter: usize, touched: &BTreeSet<usize>) {
        let Some(quarter) = difference(&self.history, longer, shorter) else { return };
        let Some((long_idx, short_idx)) = self.pair(longer, shorter, touched) else { return };
        let long = self.history.spans[longer].said[long_idx];
        let short = self.history.spans[shorter].said[short_idx];
        let span_idx = self.history.span(quarter);
        if self.is_reported(span_idx, &long, long.value - short.value) {
            return;
        }
        let operand = |span: usize, said: Said| Operand {
            said,
            n_days: self.history.spans[span].period.n_days(),
        };
        let origin =
            Origin::Difference { longer: operand(longer, long), shorter: operand(shorter, short) };
        if let Some(why) = self.objection([(longer, long_idx), (shorter, short_idx)], quarter) {
            let (accn, member_idx) = origin.place(self.history.filings);
            let reason = format!("not derivable as {} - {}: {why}", long.value, short.value);
            self.history.asides.push(Aside { period: quarter, accn, member_idx, reason });
            return;
        }
        let operands = Some([(longer, long), (shorter, short)]);
        self.give(span_idx, long.value - short.value, origin, operands);
    }

    /// The statements of two spans that a day's filings call to subtract.
    fn pair(
        &self,
        longer: usize,
        shorter: usize,
        touched: &BTreeSet<usize>,
    ) -> Option<(usize, usize)> {
        let (long, short) = (&self.history.spans[longer].said, &self.history.spans[shorter].said);
        let (last_long, last_short) = (long.len().checked_sub(1)?, short.len().checked_sub(1)?);
        if !touched.contains(&longer) {
            return (last_short == 0).then_some((last_long, last_short));
        }
        let generation = long[last_long].generation;
        let same = short.iter().rposition(|said| said.generation == generation);
        same.or((last_long == 0).then_some(last_short)).map(|short_idx| (last_long, short_idx))
    }

    /// Whether a filing of this generation gives the quarter itself, or an older one gives the same
    /// within rounding.
    fn is_reported(&self, span_idx: usize, long: &Said, value: f64) -> bool {
        let span = &self.history.spans[span_idx];
        span.said.last().is_some_and(|reported| {
            let rounding = 2.0 * self.history.filings[long.filing_idx].rounding
                + self.history.filings[reported.filing_idx].rounding;
            reported.generation >= long.generation || (reported.value - value).abs() <= rounding
        })
    }

    /// Why two operands are not compatible.
    fn objection(&self, operands: [(usize, usize); 2], quarter: Period) -> Option<String> {
        let [(longer, long_idx), (shorter, short_idx)] = operands;
        let long = &self.history.spans[longer].said[long_idx];
        let short = &self.history.spans[shorter].said[short_idx];
        let members = (long.member_idx, short.member_idx);
        if self.history.agree(members, quarter.end()) != Some(true) {
            return Some("its operands are of two concepts that are not shown equal".to_owned());
        }
        let older = long.filing_idx.min(short.filing_idx);
        let start = self.history.spans[longer].period.start();
        if long.generation != short.generation && self.history.was_restated_since(start, older) {
            return Some(format!(
                "the year from {start} was restated between the filings of its operands"
            ));
        }
        let shift = self.history.basis_shift(longer, long_idx);
        let weight = if long.generation == 0 { MATERIAL } else { 0.0 };
        let counts = shift.abs() > weight * (long.value - short.value).abs();
        if counts && shift != 0.0 && self.history.basis_shift(shorter, short_idx) == 0.0 {
            return Some(format!(
                "its longer operand is restated (by {shift}, or its comparative is), the \
                 shorter one is not"
            ));
        }
        None
    }

    /// Adds a vintage if it says something new and the period has room.
    fn give(
        &mut self,
        span_idx: usize,
        value: f64,
        origin: Origin,
        operands: Option<[(usize, Said); 2]>,
    ) {
        let period = self.history.spans[span_idx].period;
        let is_year = period.frequency() == Some(Frequency::Year);
        let filed = self.history.filings[origin.filing_idx()].filed;
        let aside = |reason: String| {
            let (accn, member_idx) = origin.place(self.history.filings);
            Aside { period, accn, member_idx, reason }
        };
        if let Some(shown) = self.shown.get_mut(&span_idx) {
            if shown.filed == filed && operands.is_some() {
                return;
            }
            if shown.value.to_bits() == value.to_bits() {
                shown.operands = operands;
                return;
            }
        } else if let Some(other) = self.overlapped(period, is_year) {
            let aside = aside(format!("overlaps {other}, which was filed before"));
            self.history.asides.push(aside);
            return;
        }
        if self.sign == Sign::Positive && value < 0.0 {
            let aside = aside(format!("{value} is negative, which it cannot be"));
            self.history.asides.push(aside);
            return;
        }
        self.ends.insert((is_year, period.end()), span_idx);
        self.shown.insert(span_idx, Shown { value, filed, operands });
        self.values.push(Value { period, amount: value, is_year, origin });
    }

    /// A period given out before that shares a day with this one.
    fn overlapped(&self, period: Period, is_year: bool) -> Option<Period> {
        let ending_within = self.ends.range((is_year, period.start())..);
        ending_within.map(|(_, span_idx)| self.history.spans[*span_idx].period).take(2).find(
            |other| {
                (other.frequency() == Some(Frequency::Year)) == is_year
                    && other.start() <= period.end()
            },
        )
    }

    /// Says which quarters could not be made, and which restatements one operand made alone.
    fn close(&mut self) {
        for longer in 0..self.history.spans.len() {
            let period = self.history.spans[longer].period;
            let is_cumulative = period.frequency() != Some(Frequency::Quarter)
                && (100..=YEAR_TO_DATE_MAX_DAYS).contains(&period.n_days());
            let Some(last) = self.history.spans[longer].said.last().copied() else { continue };
            if is_cumulative {
                self.restated_alone(longer, &last);
                self.missing(longer, &last);
            }
        }
    }

    fn restated_alone(&mut self, longer: usize, last: &Said) {
        let mut asides = Vec::new();
        for span_idx in self.shorter_than(longer) {
            let Some(shown) = difference(&self.history, longer, span_idx)
                .and_then(|quarter| self.history.find(quarter))
                .and_then(|quarter_idx| self.shown.get(&quarter_idx).map(|s| (quarter_idx, s)))
            else {
                continue;
            };
            let (quarter_idx, Shown { operands: Some(used), .. }) = shown else { continue };
            let quarter = self.history.spans[quarter_idx].period;
            let short = self.history.spans[span_idx].said.last();
            for (used, now) in used.iter().zip([Some(last), short]) {
                let Some(now) = now else { continue };
                if self.history.beyond_rounding(now, &used.1) != 0.0 {
                    let accn = self.history.filings[now.filing_idx].accn.to_owned();
                    let reason = format!(
                        "not recomputed: {} was restated from {} to {}, the other not since",
                        self.history.spans[used.0].period, used.1.value, now.value
                    );
                    asides.push(Aside {
                        period: quarter,
                        accn,
                        member_idx: now.member_idx,
                        reason,
                    });
                }
            }
        }
        self.history.asides.append(&mut asides);
    }

    fn missing(&mut self, longer: usize, last: &Said) {
        let period = self.history.spans[longer].period;
        let slack = Duration::days(NEAR_DAYS);
        let near = (false, period.end() - slack)..=(false, period.end() + slack);
        if self.ends.range(near).next().is_some() {
            return;
        }
        let known: Vec<String> = self
            .shorter_than(longer)
            .map(|idx| self.history.spans[idx].period.to_string())
            .collect();
        let found = if known.is_empty() { "nothing shorter".to_owned() } else { known.join(", ") };
        let start = period.start();
        let reason = format!(
            "no quarter that ends on {}: needed is a compatible year to date from {start} to the \
             quarter before; found {found}",
            period.end()
        );
        let accn = self.history.filings[last.filing_idx].accn.to_owned();
        self.history.asides.push(Aside { period, accn, member_idx: last.member_idx, reason });
    }

    fn shorter_than(&self, longer: usize) -> impl Iterator<Item = usize> {
        let start = self.history.spans[longer].period.start();
        let near = self.history.starting_near(start, NEAR_DAYS);
        near.filter(move |idx| {
            is_longer(&self.history, longer, *idx) && !self.history.spans[*idx].said.is_empty()
        })
    }
}

fn is_longer(history: &History<'_>, longer: usize, shorter: usize) -> bool {
    history.spans[longer].period.end() - history.spans[shorter].period.end()
        > Duration::days(NEAR_DAYS)
}

/// The quarter between the ends of two periods that start together; `None` if it is no quarter.
fn difference(history: &History<'_>, longer: usize, shorter: usize) -> Option<Period> {
    let (long, short) = (history.spans[longer].period, history.spans[shorter].period);
    let quarter = Period::new(short.end() + Duration::days(1), long.end()).ok()?;
    let is_year_to_date = long.n_days() <= YEAR_TO_DATE_MAX_DAYS;
    (is_year_to_date && quarter.frequency() == Some(Frequency::Quarter)).then_some(quarter)
}

impl Operand {
    /// `FY`, `9M`, `6M` or `3M`.
    fn word(self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "few days")]
        let months = (self.n_days as f64 / MONTH_DAYS).round();
        if months >= 12.0 { "FY".to_owned() } else { format!("{months}M") }
    }
}

impl Origin {
    /// The filing that made the value known: the later one of a difference.
    pub(super) fn filing_idx(&self) -> usize {
        match self {
            Self::Reported(said) => said.filing_idx,
            Self::Difference { longer, shorter } => {
                longer.said.filing_idx.max(shorter.said.filing_idx)
            }
        }
    }

    /// The accessions, and the concept of the first.
    fn place(&self, filings: &[Filing<'_>]) -> (String, u16) {
        let accn = |said: &Said| filings[said.filing_idx].accn;
        match self {
            Self::Reported(said) => (accn(said).to_owned(), said.member_idx),
            Self::Difference { longer, shorter } => {
                let both = format!("{}; accn {}", accn(&longer.said), accn(&shorter.said));
                (both, longer.said.member_idx)
            }
        }
    }

    /// What finds the value: one accession, or the difference with both.
    pub(super) fn locator(&self, filings: &[Filing<'_>]) -> String {
        let families = Families::bundled();
        let accn = |said: &Said| filings[said.filing_idx].accn;
        let name = |said: &Said| families.member(said.member_idx).name.as_str();
        match self {
            Self::Reported(said) => super::rows::locator(accn(said), name(said)),
            Self::Difference { longer: a, shorter: b } => {
                let words = format!("derived: {} - {}", a.word(), b.word());
                let (accn_a, accn_b) = (accn(&a.said), accn(&b.said));
                let (name_a, name_b) = (name(&a.said), name(&b.said));
                let second =
                    if name_a == name_b { String::new() } else { format!("; us-gaap:{name_b}") };
                format!("{words}; accn {accn_a}; accn {accn_b}; us-gaap:{name_a}{second}")
            }
        }
    }
}
