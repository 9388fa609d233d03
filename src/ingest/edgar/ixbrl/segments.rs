//! From checked figures to observations: totals, and parts that add up to them.
//!
//! May use its sibling files and the core files. Parts that do not add up, or have no total to add
//! up to, are set aside together with the sums that were found.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::document::Concept;
use super::facts::{Fact, Sorted, concept_name, family_idx};
use super::filing::Report;
use super::members::{Members, Part, Place};
use super::names::Name;
use super::numbers::Amount;
use super::sums::add_up;
use crate::ingest::edgar::concepts::{Families, Sign};
use crate::ingest::{Parsed, SetAside};
use crate::observation::{Observation, VintageBasis};
use crate::period::{Frequency, Period};
use crate::series::SeriesId;

/// Corporate items and eliminations of which any subset is tried.
const RECONCILING_MAX: usize = 6;

/// Totals and parts of a filing.
pub(super) fn observations(
    sorted: Sorted,
    report: &Report,
    owner: &str,
    retrieved_at: NaiveDate,
) -> Parsed {
    let mut giving = Giving {
        report,
        owner,
        retrieved_at,
        given: BTreeMap::new(),
        parsed: Parsed { set_aside: sorted.set_aside, ..Parsed::default() },
    };
    let book = Book::of(&sorted.facts);
    for ((concept, _), fact) in &book.totals {
        giving.total(*concept, fact);
    }
    for ((concept, period, group), facts) in &book.groups {
        giving.group(&book, *concept, *period, group, facts);
    }
    giving.parsed
}

/// Figures that stand side by side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// Members of an axis.
    Axis(usize),
    /// Parts of a member, on another axis.
    Within((usize, Name), usize),
}

type Key = (Concept, Period);

/// The figures of a filing by what they are.
#[derive(Default)]
struct Book<'f> {
    totals: BTreeMap<Key, &'f Fact>,
    /// By family: the total of its first concept.
    family_totals: BTreeMap<(usize, Period), &'f Fact>,
    parts: BTreeMap<(Concept, Period, usize, &'f Name), Vec<&'f Fact>>,
    operating: BTreeMap<Key, &'f Fact>,
    reconciling: BTreeMap<Key, Vec<Amount>>,
    /// By family.
    adjustments: BTreeMap<(usize, Period), Vec<Amount>>,
    groups: BTreeMap<(Concept, Period, Group), Vec<&'f Fact>>,
}

impl<'f> Book<'f> {
    fn of(facts: &'f [Fact]) -> Self {
        let mut book = Self::default();
        for fact in facts {
            book.take(fact);
        }
        book
    }

    fn take(&mut self, fact: &'f Fact) {
        let key = (fact.concept, fact.period);
        let group = match &fact.place {
            Place::Total => {
                if matches!(fact.concept, Concept::Adjustment(_)) {
                    let key = (family_idx(fact.concept), fact.period);
                    self.adjustments.entry(key).or_default().push(fact.amount);
                } else {
                    self.totals.insert(key, fact);
                    let key = (family_idx(fact.concept), fact.period);
                    let first = self.family_totals.entry(key).or_insert(fact);
                    if fact.concept < first.concept {
                        *first = fact;
                    }
                }
                return;
            }
            Place::Operating => {
                self.operating.insert(key, fact);
                return;
            }
            Place::Reconciling => {
                self.reconciling.entry(key).or_default().push(fact.amount);
                return;
            }
            Place::Part(axis_idx, member) => {
                let key = (fact.concept, fact.period, *axis_idx, member);
                self.parts.entry(key).or_default().push(fact);
                Group::Axis(*axis_idx)
            }
            Place::Nested(outer, (inner_idx, _)) => Group::Within(outer.clone(), *inner_idx),
            Place::Other => return,
        };
        if matches!(fact.concept, Concept::Member(_)) {
            self.groups.entry((key.0, key.1, group)).or_default().push(fact);
        }
    }

    /// What the members of a group have to add up to, the best first.
    fn targets(&self, concept: Concept, period: Period, group: &Group) -> Vec<&'f Fact> {
        match group {
            Group::Axis(axis_idx) => {
                let own = self.totals.get(&(concept, period));
                let of_family = self.family_totals.get(&(family_idx(concept), period));
                let any = own.or(of_family).copied().into_iter();
                let operating = self.operating.get(&(concept, period)).copied();
                any.chain(operating.filter(|_| Members::bundled().is_reconciled(*axis_idx)))
                    .collect()
            }
            Group::Within((axis_idx, member), _) => {
                let wholes = self.parts.get(&(concept, period, *axis_idx, member));
                wholes.into_iter().flatten().copied().collect()
            }
        }
    }

    /// What may stand between the members of a group and their total.
    fn between(&self, concept: Concept, period: Period, group: &Group) -> Vec<Amount> {
        let Group::Axis(axis_idx) = group else { return Vec::new() };
        let adjustments = self.adjustments.get(&(family_idx(concept), period));
        let reconciling = self
            .reconciling
            .get(&(concept, period))
            .filter(|_| Members::bundled().is_reconciled(*axis_idx));
        let both = adjustments.into_iter().chain(reconciling).flatten();
        both.filter(|amount| amount.value != 0.0).copied().collect()
    }
}

/// A member of a group with the series that it belongs to.
struct Figure<'f> {
    fact: &'f Fact,
    part: Part,
    /// Why it is not used, if it is not.
    reason: Option<String>,
}

struct Giving<'a> {
    report: &'a Report,
    owner: &'a str,
    retrieved_at: NaiveDate,
    /// What was given out, so that no series has two values for one period.
    given: BTreeMap<(SeriesId, Period), f64>,
    parsed: Parsed,
}

impl Giving<'_> {
    fn total(&mut self, concept: Concept, fact: &Fact) {
        let family = &Families::bundled().all[family_idx(concept)];
        let value = fact.amount.value;
        if family.sign == Sign::Positive && value < 0.0 {
            let reason = format!("{value} is negative, which it cannot be");
            self.set_aside(fact, "", reason);
        } else {
            self.give(fact, "");
        }
    }

    fn group(
        &mut self,
        book: &Book<'_>,
        concept: Concept,
        period: Period,
        group: &Group,
        facts: &[&Fact],
    ) {
        let mut figures = self.figures(facts);
        let targets = book.targets(concept, period, group);
        judge(&mut figures, &targets, &book.between(concept, period, group), || Label {
            parts: label(group),
            total: format!("{} for {period}", concept_name(concept)),
        });
        for Figure { fact, part, reason } in figures {
            match reason {
                Some(reason) => self.set_aside(fact, &part.path, reason),
                None => self.give(fact, &part.path),
            }
        }
    }

    fn figures<'f>(&self, facts: &[&'f Fact]) -> Vec<Figure<'f>> {
        let (members, cik) = (Members::bundled(), self.report.cik);
        let mut figures: Vec<Figure<'f>> = Vec::new();
        let mut first: BTreeMap<&Place, &Fact> = BTreeMap::new();
        for fact in facts {
            let part = match &fact.place {
                Place::Part(axis_idx, member) => members.part(cik, *axis_idx, member),
                Place::Nested((axis_idx, member), (inner_idx, inner)) => {
                    members.part_within(cik, (*axis_idx, member), (*inner_idx, inner))
                }
                _ => continue,
            };
            // One member, once alone and once with `operating` beside it: the first holds.
            let reason = match first.get(&fact.place) {
                None => None,
                Some(held) if held.amount.agrees(fact.amount) => continue,
                Some(held) => {
                    let (value, other) = (fact.amount.value, held.amount.value);
                    Some(format!("{value} stands beside {other}, given for the same member"))
                }
            };
            first.entry(&fact.place).or_insert(fact);
            figures.push(Figure { fact, part, reason });
        }
        figures
    }

    fn give(&mut self, fact: &Fact, path: &str) {
        let series = match SeriesId::new(&self.id(fact, path)) {
            Ok(series) => series,
            Err(e) => return self.set_aside(fact, path, e.to_string()),
        };
        let value = fact.amount.value;
        let key = (series.clone(), fact.period);
        if let Some(held) = self.given.get(&key) {
            if held.to_bits() != value.to_bits() {
                let reason = format!("{value} stands beside {held} for the same series");
                self.set_aside(fact, path, reason);
            }
            return;
        }
        self.given.insert(key, value);
        self.parsed.observations.push(Observation {
            series,
            period: fact.period,
            value,
            unit: Families::bundled().all[family_idx(fact.concept)].unit,
            vintage: self.report.filed,
            vintage_basis: VintageBasis::Filing,
            source: format!("SEC filing, {}", self.report.form_name),
            locator: fact.locator.clone(),
            retrieved_at: self.retrieved_at,
        });
    }

    fn id(&self, fact: &Fact, path: &str) -> String {
        let metric = &Families::bundled().all[family_idx(fact.concept)].metric;
        let mut id = format!("{}.{metric}", self.owner);
        if !path.is_empty() {
            id.push_str(&format!(".{path}"));
        }
        if fact.period.frequency() == Some(Frequency::Year) {
            id.push_str(".annual");
        }
        id
    }

    fn set_aside(&mut self, fact: &Fact, path: &str, reason: String) {
        self.parsed.set_aside.push(SetAside {
            series: self.id(fact, path),
            period: Some(fact.period),
            locator: fact.locator.clone(),
            reason,
        });
    }
}

/// What a message calls the parts and their total.
struct Label {
    parts: String,
    total: String,
}

fn label(group: &Group) -> String {
    let axis = |axis_idx: usize| format!("`{}`", Members::bundled().axes[axis_idx].name);
    match group {
        Group::Axis(axis_idx) => axis(*axis_idx),
        Group::Within((_, member), inner_idx) => format!("{} within `{member}`", axis(*inner_idx)),
    }
}

/// Marks the figures of a group that are not used.
fn judge(
    figures: &mut [Figure<'_>],
    targets: &[&Fact],
    between: &[Amount],
    label: impl Fn() -> Label,
) {
    let tops: Vec<Amount> = figures
        .iter()
        .filter(|f| f.takes_part() && !has_parent(figures, f))
        .map(|f| f.fact.amount)
        .collect();
    let failure = match targets.first() {
        None => Some(format!("no total of {} to check it against", label().total)),
        Some(_) if targets.iter().any(|t| reaches(&tops, t.amount, between)) => None,
        Some(first) => {
            let Label { parts, total } = label();
            let (sum, found) = (Amount::sum(tops).value, first.amount.value);
            Some(format!("parts of {parts} add up to {sum}, the total of {total} is {found}"))
        }
    };
    if let Some(reason) = failure {
        for figure in figures.iter_mut() {
            figure.reason.get_or_insert_with(|| reason.clone());
        }
        return;
    }
    close(figures);
    judge_children(figures);
}

impl Figure<'_> {
    fn takes_part(&self) -> bool {
        self.reason.is_none() && !self.part.is_of_which
    }
}

/// Whether the figure that it is a part of stands beside it.
fn has_parent(figures: &[Figure<'_>], figure: &Figure<'_>) -> bool {
    let is_beside =
        |parent: &String| figures.iter().any(|f| f.takes_part() && f.part.path == *parent);
    figure.part.parent.as_ref().is_some_and(is_beside)
}

/// Whether figures add up to a total, with any of the items that may stand between.
fn reaches(parts: &[Amount], total: Amount, between: &[Amount]) -> bool {
    let between = &between[..between.len().min(RECONCILING_MAX)];
    // All items first, then none, then some of them.
    let all = (1_usize << between.len()) - 1;
    (0..=all).map(|mask| all - mask).any(|mask| {
        let chosen = between.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1);
        add_up(parts, total.minus(Amount::sum(chosen.map(|(_, amount)| *amount))))
    })
}

/// Parts of a part add up to it, scheme by scheme, or are not used.
fn judge_children(figures: &mut [Figure<'_>]) {
    let mut families: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (idx, figure) in figures.iter().enumerate() {
        if let Some(parent) = figure.part.parent.as_ref().filter(|_| has_parent(figures, figure)) {
            families.entry((parent.clone(), figure.part.scheme.clone())).or_default().push(idx);
        }
    }
    for ((parent, _), children) in families {
        let Some(whole) = figures.iter().find(|f| f.part.path == parent).map(|f| f.fact) else {
            continue;
        };
        let amounts: Vec<Amount> = children.iter().map(|idx| figures[*idx].fact.amount).collect();
        if !add_up(&amounts, whole.amount) {
            let (sum, found) = (Amount::sum(amounts).value, whole.amount.value);
            let reason = format!("parts of `{parent}` add up to {sum}, it is {found}");
            for idx in children {
                figures[idx].reason.get_or_insert_with(|| reason.clone());
            }
        }
    }
}

/// A closed series takes nothing more, whatever is given under its name.
fn close(figures: &mut [Figure<'_>]) {
    for figure in figures {
        let Some((to, becomes)) = &figure.part.closing else { continue };
        if figure.fact.period.end() > *to {
            let heirs: Vec<String> = becomes.iter().map(|path| format!("`{path}`")).collect();
            let reason = format!("its series closed on {to}; {} goes on", heirs.join(" and "));
            figure.reason.get_or_insert(reason);
        }
    }
}
