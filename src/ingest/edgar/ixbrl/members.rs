//! Which series a member of a dimension belongs to, read from `datasets/members.toml`.
//!
//! May use `names`, `contexts`, `concepts` and the core files. Holds no member's name itself:
//! another one is an entry in the data file, and a member that is not in it keeps its own name.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use chrono::NaiveDate;
use serde::Deserialize;

use super::contexts::{Dimension, Member};
use super::names::{Name, Space};
use crate::error::{Error, Result};
use crate::ingest::edgar::concepts::Families;

/// The bundled data file.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) axes: Vec<AxisRow>,
    adjustments: Vec<Adjustment>,
    reconciliation: ReconciliationRow,
    nested: HashSet<(u64, String, String)>,
    parts: HashMap<(u64, String, String), Part>,
}

/// Where the figures of a member go.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Path below the metric.
    pub(super) path: String,
    /// Path of the member that it is a part of.
    pub(super) parent: Option<String>,
    /// Parts of one parent add up scheme by scheme.
    pub(super) scheme: String,
    /// The last period end of the series, and what goes on after it.
    pub(super) closing: Option<(NaiveDate, Vec<String>)>,
    /// Whether it overlaps others, and takes no part in sums.
    pub(super) is_of_which: bool,
}

/// Where a fact stands by its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// No dimension: the whole company.
    Total,
    /// All operating segments together.
    Operating,
    /// Corporate items and eliminations.
    Reconciling,
    /// A member of an axis, by the axis' index.
    Part(usize, Name),
    /// A part of a member: axis and member, then axis and member within it.
    Nested((usize, Name), (usize, Name)),
    /// Dimensions that are not read.
    Other,
}

#[derive(Debug)]
struct Adjustment {
    family_idx: usize,
    concept: String,
}

/// One axis that is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AxisRow {
    pub(super) name: String,
    path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconciliationRow {
    axis: String,
    operating: String,
    of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    axis: Vec<AxisRow>,
    reconciliation: ReconciliationRow,
    adjustment: Vec<AdjustmentRow>,
    nested: Vec<NestedRow>,
    member: Vec<MemberRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdjustmentRow {
    metric: String,
    concept: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NestedRow {
    cik: u64,
    outer: String,
    inner: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberRow {
    cik: u64,
    axis: String,
    names: Vec<String>,
    path: String,
    parent: Option<String>,
    #[serde(default)]
    scheme: String,
    to: Option<NaiveDate>,
    #[serde(default)]
    becomes: Vec<String>,
    #[serde(default)]
    of_which: bool,
}

impl Members {
    /// The file compiled into the library.
    pub(super) fn bundled() -> &'static Self {
        static MEMBERS: OnceLock<Members> = OnceLock::new();
        MEMBERS.get_or_init(|| {
            Self::read(include_str!("../../../../datasets/members.toml"))
                .expect("the bundled members are checked by a test")
        })
    }

    /// The adjusting concept that a us-gaap concept is, if it is one.
    pub(super) fn adjustment_idx(&self, concept: &str) -> Option<u16> {
        let found = self.adjustments.iter().position(|row| row.concept == concept)?;
        u16::try_from(found).ok()
    }

    /// Family and name of an adjusting concept.
    pub(super) fn adjustment(&self, adjustment_idx: u16) -> (usize, &str) {
        let row = &self.adjustments[usize::from(adjustment_idx)];
        (row.family_idx, &row.concept)
    }

    /// Where the dimensions of a context stand.
    pub(super) fn place(&self, cik: u64, dimensions: &[Dimension]) -> Place {
        let (consolidation, parts): (Vec<_>, Vec<_>) =
            dimensions.iter().partition(|d| is_axis(&d.axis, &self.reconciliation.axis));
        let parts: Option<Vec<(usize, Name)>> = parts.iter().map(|d| self.member(d)).collect();
        let Some(parts) = parts else { return Place::Other };
        let is_of = |axis_idx: usize| self.axes[axis_idx].name == self.reconciliation.of;
        let is_segment = parts.iter().any(|(axis_idx, _)| is_of(*axis_idx));
        let is_operating = match consolidation.as_slice() {
            [] => None,
            [only] => match &only.member {
                Member::Explicit(member) => {
                    Some(member.is_standard() && member.local() == self.reconciliation.operating)
                }
                Member::Typed(_) => return Place::Other,
            },
            _ => return Place::Other,
        };
        match (parts.as_slice(), is_operating) {
            ([], None) => Place::Total,
            ([], Some(true)) => Place::Operating,
            ([], Some(false)) => Place::Reconciling,
            ([_], Some(false)) if is_segment => Place::Reconciling,
            ([(axis_idx, member)], None) => Place::Part(*axis_idx, member.clone()),
            ([(axis_idx, member)], Some(true)) if is_segment => {
                Place::Part(*axis_idx, member.clone())
            }
            ([a, b], None | Some(true)) => self.nesting(cik, a, b),
            _ => Place::Other,
        }
    }

    fn nesting(&self, cik: u64, a: &(usize, Name), b: &(usize, Name)) -> Place {
        let name = |part: &(usize, Name)| self.axes[part.0].name.clone();
        for (outer, inner) in [(a, b), (b, a)] {
            if self.nested.contains(&(cik, name(outer), name(inner))) {
                return Place::Nested(outer.clone(), inner.clone());
            }
        }
        Place::Other
    }

    fn member(&self, dimension: &Dimension) -> Option<(usize, Name)> {
        let axis_idx = self.axes.iter().position(|row| is_axis(&dimension.axis, &row.name))?;
        match &dimension.member {
            Member::Explicit(member) => Some((axis_idx, member.clone())),
            Member::Typed(_) => None,
        }
    }

    /// Whether corporate items and eliminations stand beside the members of an axis.
    pub(super) fn is_reconciled(&self, axis_idx: usize) -> bool {
        self.axes[axis_idx].name == self.reconciliation.of
    }

    /// Where the figures of a member of an axis go.
    pub(super) fn part(&self, cik: u64, axis_idx: usize, member: &Name) -> Part {
        let axis = &self.axes[axis_idx];
        self.listed(cik, axis_idx, member).unwrap_or_else(|| Part::unlisted(&axis.path, member))
    }

    /// Where the figures of a member within another go.
    pub(super) fn part_within(
        &self,
        cik: u64,
        outer: (usize, &Name),
        inner: (usize, &Name),
    ) -> Part {
        self.listed(cik, inner.0, inner.1)
            .unwrap_or_else(|| Part::unlisted(&self.part(cik, outer.0, outer.1).path, inner.1))
    }

    fn listed(&self, cik: u64, axis_idx: usize, member: &Name) -> Option<Part> {
        let axis = self.axes[axis_idx].name.clone();
        self.parts.get(&(cik, axis, member.local().to_owned())).cloned()
    }

    fn read(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)
            .map_err(|e| Error::parse("`members.toml` cannot be read").caused_by(e))?;
        let families = Families::bundled();
        let adjustments = file.adjustment.into_iter().map(|AdjustmentRow { metric, concept }| {
            let found = families.all.iter().position(|family| family.metric == metric);
            let family_idx = found.ok_or_else(|| {
                Error::invalid(format!("`members.toml` adjusts `{metric}`, which is no metric"))
            })?;
            Ok(Adjustment { family_idx, concept })
        });
        let mut members = Self {
            adjustments: adjustments.collect::<Result<_>>()?,
            axes: file.axis,
            reconciliation: file.reconciliation,
            nested: file.nested.into_iter().map(|row| (row.cik, row.outer, row.inner)).collect(),
            parts: HashMap::new(),
        };
        for row in file.member {
            members.add(row)?;
        }
        Ok(members)
    }

    fn add(&mut self, row: MemberRow) -> Result<()> {
        let MemberRow { cik, axis, names, path, parent, scheme, to, becomes, of_which } = row;
        if !self.axes.iter().any(|known| known.name == axis) {
            return Err(Error::invalid(format!("`members.toml` puts `{path}` on axis `{axis}`"))
                .hint("list the axis under [[axis]]"));
        }
        let closing = to.map(|to| (to, becomes));
        let part = Part { path, parent, scheme, closing, is_of_which: of_which };
        for name in names {
            if self.parts.insert((cik, axis.clone(), name.clone()), part.clone()).is_some() {
                return Err(Error::invalid(format!(
                    "`members.toml` lists `{name}` of {cik} twice"
                )));
            }
        }
        Ok(())
    }
}

impl Part {
    /// A member that no entry knows: its own name below a path.
    fn unlisted(path: &str, member: &Name) -> Self {
        let own = match member.space {
            Space::Country => member.local().to_ascii_lowercase(),
            _ => snake_case(member.local().strip_suffix("Member").unwrap_or(member.local())),
        };
        let path = if path.is_empty() { own } else { format!("{path}.{own}") };
        Self { path, parent: None, scheme: String::new(), closing: None, is_of_which: false }
    }
}

fn is_axis(axis: &Name, name: &str) -> bool {
    axis.is_standard() && axis.local() == name
}

/// `AIAndOther` is `ai_and_other`: a word starts at a capital after a small letter or a digit, and
/// at the last capital of a run that a small letter follows.
fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 8);
    for (i, c) in letters.iter().enumerate() {
        let before = i.checked_sub(1).map(|i| letters[i]);
        let follows_word = before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit());
        let ends_run = before.is_some_and(char::is_uppercase)
            && letters.get(i + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (follows_word || ends_run) {
            snake.push('_');
        }
        let plain = c.is_ascii_alphanumeric();
        snake.push(if plain { c.to_ascii_lowercase() } else { '_' });
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::edgar::ixbrl::names::Scope;
    use quick_xml::events::BytesStart;

    #[test]
    fn names_become_parts_of_ids() {
        for (name, expected) in [
            ("ACIE", "acie"),
            ("AIAndOther", "ai_and_other"),
            ("OEMAndOther", "oem_and_other"),
            ("GPU", "gpu"),
            ("DataCenter", "data_center"),
            ("H20Products", "h20_products"),
            ("OfficeM365", "office_m365"),
            ("Edge-Computing", "edge_computing"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
    }

    #[test]
    fn bundled_members_are_readable_and_close_into_listed_ones() {
        let members = Members::bundled();
        let paths: HashSet<&str> = members.parts.values().map(|part| part.path.as_str()).collect();
        for part in members.parts.values() {
            let heirs = part.closing.iter().flat_map(|(_, becomes)| becomes);
            for path in heirs.chain(&part.parent) {
                assert!(paths.contains(path.as_str()), "{path} is no path of a member");
            }
        }
        let twice = "[[axis]]\nname='A'\npath=''\n\
                     [reconciliation]\naxis='C'\noperating='O'\nof='A'\n\
                     [[adjustment]]\nmetric='revenue'\nconcept='X'\n\
                     [[nested]]\ncik=1\nouter='A'\ninner='A'\n\
                     [[member]]\ncik=1\naxis='A'\nnames=['M','M']\npath='m'";
        let error = Members::read(twice).expect_err("M is there twice").to_string();
        assert!(error.contains("`M` of 1 twice"), "{error}");
    }

    #[test]
    fn dimensions_have_a_place() {
        let mut scope = Scope::default();
        let tag = BytesStart::from_content(
            "a xmlns:g='http://fasb.org/us-gaap/2025' xmlns:s='http://fasb.org/srt/2025' \
             xmlns:nvda='http://www.nvidia.com/20250727'",
            1,
        );
        scope.open(&tag, 1).expect("three declarations");
        let dimension = |axis: &str, member: &str| Dimension {
            axis: scope.name(axis),
            member: Member::Explicit(scope.name(member)),
        };
        let segment = dimension("g:StatementBusinessSegmentsAxis", "nvda:GraphicsSegmentMember");
        let operating = dimension("s:ConsolidationItemsAxis", "g:OperatingSegmentsMember");
        let corporate = dimension("g:ConsolidationItemsAxis", "g:CorporateNonSegmentMember");
        let product = dimension("s:ProductOrServiceAxis", "nvda:GamingMember");
        let customer = dimension("s:MajorCustomersAxis", "nvda:CustomerAMember");
        let place = |cik: u64, dimensions: &[&Dimension]| {
            let owned: Vec<Dimension> = dimensions.iter().map(|d| (*d).clone()).collect();
            Members::bundled().place(cik, &owned)
        };
        let alone = place(1, &[&segment]);
        assert!(matches!(alone, Place::Part(1, _)));
        assert_eq!(place(1, &[&operating, &segment]), alone);
        assert_eq!(place(1, &[&operating]), Place::Operating);
        assert_eq!(place(1, &[&corporate]), Place::Reconciling);
        assert_eq!(place(1, &[&corporate, &segment]), Place::Reconciling);
        assert_eq!(place(1, &[]), Place::Total);
        assert_eq!(place(1, &[&product, &customer]), Place::Other);
        assert_eq!(place(1, &[&product, &segment]), Place::Other, "no entry says so");
        assert!(matches!(place(2488, &[&product, &segment]), Place::Nested((1, _), (0, _))));
    }
}
