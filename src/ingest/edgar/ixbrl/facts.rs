//! From tagged facts to one checked figure for each concept, period and place.
//!
//! May use its sibling files and the core files. A fact that cannot be used is set aside with its
//! reason; it never stops the others.

use std::collections::BTreeMap;

use super::contexts::{Context, Dimension};
use super::document::{Concept, Document, Tagged};
use super::filing::Report;
use super::members::{Members, Place};
use super::numbers::Amount;
use crate::ingest::SetAside;
use crate::ingest::edgar::concepts::{Families, Family};
use crate::ingest::edgar::history::is_fiscal_year_end;
use crate::ingest::edgar::rows::{Form, VALUE_MAX};
use crate::period::{Frequency, Period};

/// One figure of a filing.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) concept: Concept,
    pub(super) period: Period,
    pub(super) place: Place,
    pub(super) amount: Amount,
    /// Where it stands.
    pub(super) locator: String,
}

/// The usable figures, in order of the document, and what was set aside.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) facts: Vec<Fact>,
    pub(super) set_aside: Vec<SetAside>,
}

type Key = (Concept, Period, Vec<Dimension>);

/// What one key was said to be.
struct Said {
    first_idx: usize,
    best: Amount,
    other: Option<Amount>,
}

/// Checks every tagged fact, and joins those that say the same.
pub(super) fn sort(document: &Document, report: &Report, owner: &str) -> Sorted {
    let mut sorting = Sorting { document, report, owner, sorted: Sorted::default() };
    let mut said: BTreeMap<Key, Said> = BTreeMap::new();
    let mut unread: BTreeMap<(usize, String), usize> = BTreeMap::new();
    for (first_idx, tagged) in document.facts.iter().enumerate() {
        let Some((context, period)) = sorting.when(tagged) else { continue };
        if Members::bundled().place(report.cik, &context.dimensions) == Place::Other {
            let axes: Vec<String> = context.dimensions.iter().map(|d| d.axis.to_string()).collect();
            *unread.entry((family_idx(tagged.concept), axes.join(" with "))).or_default() += 1;
            continue;
        }
        let Some(amount) = sorting.amount(tagged, context, period) else { continue };
        let key = (tagged.concept, period, context.dimensions.clone());
        said.entry(key).or_insert(Said { first_idx, best: amount, other: None }).take(amount);
    }
    sorting.count_unread(unread);
    sorting.settle(said);
    sorting.sorted
}

impl Said {
    /// The most precise of those that agree; the first that does not.
    fn take(&mut self, amount: Amount) {
        if !self.best.agrees(amount) {
            self.other.get_or_insert(amount);
        } else if amount.slack < self.best.slack {
            self.best = amount;
        }
    }
}

struct Sorting<'a> {
    document: &'a Document,
    report: &'a Report,
    owner: &'a str,
    sorted: Sorted,
}

impl<'a> Sorting<'a> {
    /// Context and period of a fact that is a quarter or a fiscal year.
    fn when(&mut self, tagged: &Tagged) -> Option<(&'a Context, Period)> {
        let Some(context) = self.document.contexts.get(&tagged.context) else {
            let reason = format!("context `{}` is not in the document", tagged.context);
            self.set_aside(tagged, None, None, reason);
            return None;
        };
        let period = match &context.period {
            Ok(period) => (*period)?,
            Err(reason) => {
                self.set_aside(tagged, Some(context), None, reason.clone());
                return None;
            }
        };
        // Years to date are no series: quarters stand beside them.
        if !matches!(period.frequency(), Some(Frequency::Quarter | Frequency::Year)) {
            return None;
        }
        match self.objection(tagged, context, period) {
            None => Some((context, period)),
            Some(reason) => {
                self.set_aside(tagged, Some(context), Some(period), reason);
                None
            }
        }
    }

    /// Why a fact of this context is not the company's own quarter or year.
    fn objection(&self, tagged: &Tagged, context: &Context, period: Period) -> Option<String> {
        let Report { cik, filed, form, .. } = *self.report;
        let end = period.end();
        if context.entity.parse() != Ok(cik) {
            return Some(format!("belongs to entity `{}`, not to CIK {cik}", context.entity));
        }
        if filed < end {
            return Some(format!("filed on {filed}, before its period ended on {end}"));
        }
        if let Concept::Member(member_idx) = tagged.concept {
            let member = Families::bundled().member(member_idx);
            if !member.is_valid(end) {
                let name = &member.name;
                return Some(format!(
                    "concept `{name}` was not in use for a period that ends on {end}"
                ));
            }
        }
        match (period.frequency(), form, self.report.end) {
            (Some(Frequency::Year), Form::Quarterly, _) => {
                Some("twelve months in a quarterly report trail: no fiscal year".to_owned())
            }
            (Some(Frequency::Year), Form::Annual, Some(to)) if !is_fiscal_year_end(to, end) => {
                Some(format!("a year that ends on {end} is no fiscal year of a report to {to}"))
            }
            _ => None,
        }
    }

    /// The amount in the family's unit.
    fn amount(&mut self, tagged: &Tagged, context: &Context, period: Period) -> Option<Amount> {
        let family = family(tagged.concept);
        let unit = self.document.units.get(&tagged.unit);
        let reason = match (&tagged.amount, unit) {
            (_, None) => format!("unit `{}` is not in the document", tagged.unit),
            (_, Some(unit)) if unit != family.unit.word() => {
                format!("is in `{unit}`; needed `{}`", family.unit)
            }
            (Err(reason), _) => reason.clone(),
            (Ok(None), _) => "is nil: the filing gives no value".to_owned(),
            (Ok(Some(amount)), _) if amount.value.abs() > VALUE_MAX => {
                format!("{} is beyond any company's statements", amount.value)
            }
            (Ok(Some(amount)), _) => return Some(*amount),
        };
        self.set_aside(tagged, Some(context), Some(period), reason);
        None
    }

    fn count_unread(&mut self, unread: BTreeMap<(usize, String), usize>) {
        for ((family_idx, axes), n_facts) in unread {
            let family = &Families::bundled().all[family_idx];
            let values = if n_facts == 1 { "value" } else { "values" };
            self.sorted.set_aside.push(SetAside {
                series: format!("{}.{}", self.owner, family.metric),
                period: None,
                locator: format!("{}; {axes}", self.report.locator),
                reason: format!("{n_facts} {values} by {axes}, which makes no series"),
            });
        }
    }

    fn settle(&mut self, said: BTreeMap<Key, Said>) {
        let mut in_order: Vec<_> = said.into_iter().collect();
        in_order.sort_by_key(|(_, said)| said.first_idx);
        for ((concept, period, dimensions), Said { first_idx, best, other }) in in_order {
            let tagged = &self.document.facts[first_idx];
            if let Some(other) = other {
                let context = &self.document.contexts[&tagged.context];
                let reason =
                    format!("is given as {} and as {} in one filing", best.value, other.value);
                self.set_aside(tagged, Some(context), Some(period), reason);
                continue;
            }
            let place = Members::bundled().place(self.report.cik, &dimensions);
            let locator = locator(self.report, concept, &dimensions);
            self.sorted.facts.push(Fact { concept, period, place, amount: best, locator });
        }
    }

    fn set_aside(
        &mut self,
        tagged: &Tagged,
        context: Option<&Context>,
        period: Option<Period>,
        reason: String,
    ) {
        let dimensions = context.map_or(&[][..], |context| &context.dimensions);
        self.sorted.set_aside.push(SetAside {
            series: format!("{}.{}", self.owner, family(tagged.concept).metric),
            period,
            locator: locator(self.report, tagged.concept, dimensions),
            reason,
        });
    }
}

/// The family of a concept, by its index.
pub(super) fn family_idx(concept: Concept) -> usize {
    match concept {
        Concept::Member(member_idx) => Families::bundled().member(member_idx).family_idx,
        Concept::Adjustment(idx) => Members::bundled().adjustment(idx).0,
    }
}

fn family(concept: Concept) -> &'static Family {
    &Families::bundled().all[family_idx(concept)]
}

/// The name of a concept.
pub(super) fn concept_name(concept: Concept) -> String {
    let name = match concept {
        Concept::Member(member_idx) => &Families::bundled().member(member_idx).name,
        Concept::Adjustment(idx) => Members::bundled().adjustment(idx).1,
    };
    format!("us-gaap:{name}")
}

/// Where a fact stands: filing, concept and dimensions.
fn locator(report: &Report, concept: Concept, dimensions: &[Dimension]) -> String {
    let mut locator = format!("{}; {}", report.locator, concept_name(concept));
    for dimension in dimensions {
        locator.push_str(&format!("; {dimension}"));
    }
    locator
}
