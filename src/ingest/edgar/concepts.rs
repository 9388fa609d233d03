//! Concept families: which XBRL concepts measure which metric, read from `datasets/concepts.toml`.
//!
//! May use `error` and `units`. Holds no concept's name itself; a new concept is a line in the data
//! file.

use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::NaiveDate;
use serde::Deserialize;

use crate::error::{Error, Result};
use crate::units::Unit;

/// The families of the bundled data file.
#[derive(Debug)]
pub(super) struct Families {
    pub(super) all: Vec<Family>,
    members: Vec<Member>,
    by_name: HashMap<String, u16>,
}

/// The concepts that measure one metric.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) metric: String,
    pub(super) kind: Kind,
    pub(super) unit: Unit,
    pub(super) sign: Sign,
}

/// One concept of a family. Members of a family have rising indexes; the lower one wins.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) family_idx: usize,
    pub(super) name: String,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Over a period, or at a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Flow,
    Stock,
}

/// Which signs a value may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sign {
    Positive,
    Any,
}

#[derive(Deserialize)]
struct File {
    family: Vec<FamilyRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FamilyRow {
    metric: String,
    kind: Kind,
    unit: String,
    sign: Sign,
    #[serde(rename = "definition")]
    _definition: String,
    concepts: Vec<ConceptRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConceptRow {
    name: String,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Whether a metric, or its years, cannot be below zero.
pub(in crate::ingest) fn cannot_be_negative(metric: &str) -> bool {
    let metric = metric.strip_suffix(".annual").unwrap_or(metric);
    let family = Families::bundled().all.iter().find(|family| family.metric == metric);
    family.is_some_and(|family| family.sign == Sign::Positive)
}

impl Families {
    /// The families compiled into the library.
    pub(super) fn bundled() -> &'static Self {
        static FAMILIES: OnceLock<Families> = OnceLock::new();
        FAMILIES.get_or_init(|| {
            Self::read(include_str!("../../../datasets/concepts.toml"))
                .expect("the bundled concepts are checked by a test")
        })
    }

    /// The member that a us-gaap concept is, if it is one.
    pub(super) fn member_idx(&self, concept: &str) -> Option<u16> {
        self.by_name.get(concept).copied()
    }

    /// A member by its index.
    pub(super) fn member(&self, member_idx: u16) -> &Member {
        &self.members[usize::from(member_idx)]
    }

    /// The family of a member.
    pub(super) fn family_of(&self, member_idx: u16) -> &Family {
        &self.all[self.member(member_idx).family_idx]
    }

    fn read(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)
            .map_err(|e| Error::parse("`concepts.toml` cannot be read").caused_by(e))?;
        let mut families = Self { all: Vec::new(), members: Vec::new(), by_name: HashMap::new() };
        for (family_idx, row) in file.family.into_iter().enumerate() {
            let FamilyRow { metric, kind, unit, sign, concepts, .. } = row;
            families.all.push(Family { metric, kind, unit: unit.parse()?, sign });
            for ConceptRow { name, from, to } in concepts {
                let member_idx = u16::try_from(families.members.len())
                    .map_err(|e| Error::invalid("too many concepts").caused_by(e))?;
                if families.by_name.insert(name.clone(), member_idx).is_some() {
                    return Err(Error::invalid(format!("concept `{name}` is in two families")));
                }
                families.members.push(Member { family_idx, name, from, to });
            }
        }
        Ok(families)
    }
}

impl Member {
    /// Whether the concept was in use for periods that end on a day.
    pub(super) fn is_valid(&self, end: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= end) && self.to.is_none_or(|to| end <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_concepts_are_readable_and_each_is_in_one_family() {
        let families = Families::bundled();
        let total = families.member_idx("Revenues").expect("listed");
        let narrower = families
            .member_idx("RevenueFromContractWithCustomerExcludingAssessedTax")
            .expect("listed");
        assert!(total < narrower, "the total comes before the contract revenue");
        assert_eq!(families.family_of(total).metric, "revenue");
        assert!(families.member_idx("EntityCommonStockSharesOutstanding").is_none());
    }

    #[test]
    fn a_concept_counts_only_within_its_dates() {
        let families = Families::bundled();
        let old = families.member(families.member_idx("SalesRevenueNet").expect("listed"));
        let day = |text: &str| text.parse().expect("a date");
        assert!(old.is_valid(day("2017-12-31")) && !old.is_valid(day("2021-12-31")));
    }

    #[test]
    fn a_concept_in_two_families_is_refused() {
        let twice = "[[family]]\nmetric='a'\nkind='flow'\nunit='USD'\nsign='any'\ndefinition=''\n\
                     concepts=[{name='X'},{name='X'}]";
        let error = Families::read(twice).expect_err("X is there twice");
        assert!(error.to_string().contains("`X`"), "{error}");
    }
}
