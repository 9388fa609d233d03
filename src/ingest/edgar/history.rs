//! What each filing said of each period, in order of filing: the memory from which values are made.
//!
//! May use `rows`, `concepts` and the core files. Everything is judged by what was filed up to that
//! day, so that a later payload repeats every decision of an earlier one.
//!
//! Two rules live here. Periods whose ends lie within [`NEAR_DAYS`] of each other are one period,
//! kept under the dates first filed. Concepts of one family are one measure until a filing gives
//! both for one period and they differ: from then on the one listed later counts only where the
//! nearest period that both report, within [`EVIDENCE_DAYS`], shows them equal.

use std::collections::{BTreeMap, HashMap};

use chrono::{Duration, NaiveDate};

use super::rows::{Fact, Filing};
use crate::period::Period;

/// Starts or ends this close are the same, named by the month's end or by the week's.
pub(super) const NEAR_DAYS: i64 = 7;
/// How far, in days, the proof that two concepts agree or differ reaches.
const EVIDENCE_DAYS: i64 = 731;
/// A year in days, and by how many a fiscal year may differ from it.
const YEAR_DAYS: f64 = 365.25;
const YEAR_SLACK_DAYS: i64 = 10;

/// Everything that filings said of one family up to a day.
pub(super) struct History<'a> {
    pub(super) filings: &'a [Filing<'a>],
    pub(super) spans: Vec<Span>,
    by_period: HashMap<Period, usize>,
    by_start: BTreeMap<NaiveDate, Vec<usize>>,
    evidence: Vec<Evidence>,
    pub(super) asides: Vec<Aside>,
}

/// One period and what was said of it.
pub(super) struct Span {
    pub(super) period: Period,
    /// In order of filing.
    pub(super) said: Vec<Said>,
}

/// What one filing said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) filing_idx: usize,
    pub(super) member_idx: u16,
    pub(super) value: f64,
    /// How many fiscal years after the period's own the filing reports on: 0 for the original, 1
    /// for the comparative of the next year.
    pub(super) generation: i64,
}

/// Something not used.
pub(super) struct Aside {
    pub(super) period: Period,
    pub(super) accn: String,
    pub(super) member_idx: u16,
    pub(super) reason: String,
}

/// Two members reported for one period: did they agree?
struct Evidence {
    members: (u16, u16),
    end: NaiveDate,
    agree: bool,
}

impl<'a> History<'a> {
    pub(super) fn new(filings: &'a [Filing<'a>]) -> Self {
        Self {
            filings,
            spans: Vec::new(),
            by_period: HashMap::new(),
            by_start: BTreeMap::new(),
            evidence: Vec::new(),
            asides: Vec::new(),
        }
    }

    /// Takes in the facts of one filing; returns the spans of which it said something.
    ///
    /// `facts` are sorted by period and member.
    pub(super) fn take(&mut self, facts: &[Fact]) -> Vec<usize> {
        let mut touched = Vec::new();
        let exact: Vec<Period> = facts.iter().map(|fact| fact.period).collect();
        for same in facts.chunk_by(|a, b| a.period == b.period) {
            let Some(first) = same.first() else { continue };
            let span_idx = self.span(first.period);
            let kept = self.spans[span_idx].period;
            if kept != first.period && self.is_only_other_dates(span_idx, first, &exact) {
                self.aside(first, format!("is the period {kept}, first filed under those dates"));
                continue;
            }
            self.compare(same);
            if let Some(said) = self.admit(span_idx, first) {
                self.spans[span_idx].said.push(said);
                touched.push(span_idx);
            }
        }
        touched
    }

    /// Whether a fact under other dates adds nothing to the period that it is near.
    fn is_only_other_dates(&self, span_idx: usize, fact: &Fact, exact: &[Period]) -> bool {
        let span = &self.spans[span_idx];
        let held = span.said.last().map(|said| said.value.to_bits());
        let is_stock = fact.period.n_days() == 1;
        exact.contains(&span.period) || is_stock || held == Some(fact.value.to_bits())
    }

    /// The span of a period: its own, one with near dates, or a new one.
    pub(super) fn span(&mut self, period: Period) -> usize {
        if let Some(span_idx) = self.find(period) {
            self.by_period.insert(period, span_idx);
            return span_idx;
        }
        let span_idx = self.spans.len();
        self.spans.push(Span { period, said: Vec::new() });
        self.by_period.insert(period, span_idx);
        self.by_start.entry(period.start()).or_default().push(span_idx);
        span_idx
    }

    /// The span of a period or of one with near dates, if there is one.
    pub(super) fn find(&self, period: Period) -> Option<usize> {
        self.by_period.get(&period).copied().or_else(|| {
            let apart =
                |idx: &usize| (self.spans[*idx].period.end() - period.end()).num_days().abs();
            let near = self.starting_near(period.start(), NEAR_DAYS);
            near.filter(|idx| apart(idx) <= NEAR_DAYS).min_by_key(apart)
        })
    }

    /// Spans that start within some days of a day.
    pub(super) fn starting_near(&self, day: NaiveDate, days: i64) -> impl Iterator<Item = usize> {
        let slack = Duration::days(days);
        self.by_start.range(day - slack..=day + slack).flat_map(|(_, spans)| spans.iter().copied())
    }

    /// Learns from a filing that gives one period under two concepts; facts are sorted by member.
    fn compare(&mut self, same: &[Fact]) {
        let [winner, others @ ..] = same else { return };
        for other in others {
            let end = winner.period.end();
            let agree = winner.value.to_bits() == other.value.to_bits();
            if winner.member_idx == other.member_idx {
                if !agree {
                    self.aside(other, format!("the same filing also says {}", winner.value));
                }
                continue;
            }
            if !agree {
                let name = member_name(winner.member_idx);
                self.aside(
                    other,
                    format!(
                        "{} differs from {} of `{name}`, which comes first",
                        other.value, winner.value
                    ),
                );
            }
            self.evidence.push(Evidence {
                members: (winner.member_idx, other.member_idx),
                end,
                agree,
            });
        }
    }

    /// What a filing says of a span, unless its concept is another measure than the series'.
    fn admit(&mut self, span_idx: usize, fact: &Fact) -> Option<Said> {
        let end = fact.period.end();
        let earlier = self.spans[span_idx].said.last().copied();
        if let Some(earlier) = earlier.filter(|earlier| {
            earlier.member_idx != fact.member_idx && earlier.value.to_bits() == fact.value.to_bits()
        }) {
            let (a, b) = (earlier.member_idx, fact.member_idx);
            self.evidence.push(Evidence { members: (a.min(b), a.max(b)), end, agree: true });
        }
        let first_idx = self.evidence.iter().map(|e| e.members.0).filter(|m| *m < fact.member_idx);
        for higher in first_idx.collect::<std::collections::BTreeSet<_>>() {
            if self.agree((higher, fact.member_idx), end) == Some(false) {
                let name = member_name(higher);
                self.aside(
                    fact,
                    format!(
                        "its concept is another measure than `{name}`: both are given, and differ"
                    ),
                );
                return None;
            }
        }
        Some(Said {
            filing_idx: fact.filing_idx,
            member_idx: fact.member_idx,
            value: fact.value,
            generation: generation(self.filings[fact.filing_idx].report_end, fact.period.start()),
        })
    }

    /// Whether two concepts agree, by the nearest period that both report; `None` if none is near.
    pub(super) fn agree(&self, members: (u16, u16), end: NaiveDate) -> Option<bool> {
        let members = (members.0.min(members.1), members.0.max(members.1));
        if members.0 == members.1 {
            return Some(true);
        }
        let about = self.evidence.iter().filter(|e| e.members == members);
        about
            .map(|e| ((e.end - end).num_days().abs(), e.agree))
            .filter(|(days, _)| *days <= EVIDENCE_DAYS)
            .min()
            .map(|(_, agree)| agree)
    }

    /// By how much a statement differs from what was said before, beyond rounding; `None` if
    /// nothing was said before.
    ///
    /// Before is the year before's filings, or, in an amendment, the filing amended.
    fn own_shift(&self, span_idx: usize, said_idx: usize) -> Option<f64> {
        let (past, now) = self.spans[span_idx].said.split_at(said_idx);
        let now = now.first()?;
        let older = past.iter().rev().find(|said| said.generation < now.generation);
        let before = older.or(past.last())?;
        Some(self.beyond_rounding(now, before))
    }

    /// As `own_shift`, for the same period a year before in the same filing.
    fn comparative_shift(&self, span_idx: usize, said_idx: usize) -> Option<f64> {
        let span = &self.spans[span_idx];
        let filing_idx = span.said.get(said_idx)?.filing_idx;
        let year = Duration::days(365);
        let (start, end) = (span.period.start() - year, span.period.end() - year);
        let year_before = self.starting_near(start, YEAR_SLACK_DAYS).find(|idx| {
            (self.spans[*idx].period.end() - end).num_days().abs() <= YEAR_SLACK_DAYS
        })?;
        let said = &self.spans[year_before].said;
        let comparative_idx = said.iter().position(|said| said.filing_idx == filing_idx)?;
        self.own_shift(year_before, comparative_idx)
    }

    /// The change of accounting basis that a filing shows in a period, or in its comparative.
    pub(super) fn basis_shift(&self, span_idx: usize, said_idx: usize) -> f64 {
        let own = self.own_shift(span_idx, said_idx);
        own.or_else(|| self.comparative_shift(span_idx, said_idx)).unwrap_or(0.0)
    }

    /// Whether anything of the fiscal year that starts on a day was restated after a filing.
    pub(super) fn was_restated_since(&self, start: NaiveDate, filing_idx: usize) -> bool {
        self.starting_near(start, NEAR_DAYS).any(|span_idx| {
            self.spans[span_idx].said.windows(2).any(|pair| {
                pair[1].filing_idx > filing_idx && self.beyond_rounding(&pair[1], &pair[0]) != 0.0
            })
        })
    }

    /// The difference of two statements; 0 where the rounding of the filings explains it.
    pub(super) fn beyond_rounding(&self, now: &Said, before: &Said) -> f64 {
        let rounding =
            self.filings[now.filing_idx].rounding.max(self.filings[before.filing_idx].rounding);
        let change = now.value - before.value;
        if change.abs() <= rounding && rounding > 1.0 { 0.0 } else { change }
    }

    fn aside(&mut self, fact: &Fact, reason: String) {
        let accn = self.filings[fact.filing_idx].accn.to_owned();
        let (period, member_idx) = (fact.period, fact.member_idx);
        self.asides.push(Aside { period, accn, member_idx, reason });
    }
}

fn member_name(member_idx: u16) -> &'static str {
    &super::concepts::Families::bundled().member(member_idx).name
}

/// Whole fiscal years between a period's start and the end of what the filing reports on.
fn generation(report_end: NaiveDate, start: NaiveDate) -> i64 {
    let days = (report_end - start).num_days() + 1 - YEAR_SLACK_DAYS;
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "few years")]
    let years = (days as f64 / YEAR_DAYS).floor() as i64;
    years
}

/// Whether a period ends on a fiscal year's end, by the end of the annual report that gives it.
pub(super) fn is_fiscal_year_end(report_end: NaiveDate, end: NaiveDate) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "few days")]
    let years = (report_end - end).num_days() as f64 / YEAR_DAYS;
    #[expect(clippy::cast_precision_loss, reason = "few days")]
    let slack = YEAR_SLACK_DAYS as f64 / YEAR_DAYS;
    years > -slack && (years - years.round()).abs() <= slack
}
