//! Contexts and units: whose, when, in which dimensions and in what a fact is given.
//!
//! May use `names` and the core files. Holds no rule about which dimensions matter.

use std::fmt;

use chrono::NaiveDate;

use super::names::{Name, Space};
use crate::period::Period;

/// Dimensions of one context that are read: more than any filer gives.
const DIMENSIONS_MAX: usize = 16;

/// Whose, when, and of which part.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// SEC's key, or whatever the document gives as the entity.
    pub(super) entity: String,
    /// `None` for a day, which no flow has; a reason where it cannot be read.
    pub(super) period: Result<Option<Period>, String>,
    /// In order of axis, then member.
    pub(super) dimensions: Vec<Dimension>,
}

/// One dimension of a context.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Dimension {
    pub(super) axis: Name,
    pub(super) member: Member,
}

/// What a dimension is set to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Member {
    /// A member of a taxonomy.
    Explicit(Name),
    /// A text of the filer's own.
    Typed(String),
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.member {
            Member::Explicit(member) => write!(f, "{}={member}", self.axis),
            Member::Typed(text) => write!(f, "{}={text}", self.axis),
        }
    }
}

/// A context while it is read.
#[derive(Debug, Default)]
pub(super) struct ContextParts {
    pub(super) id: String,
    pub(super) entity: String,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    pub(super) instant: Option<String>,
    pub(super) dimensions: Vec<Dimension>,
}

impl ContextParts {
    /// Adds a dimension, unless there are more than anyone gives.
    pub(super) fn add(&mut self, axis: Name, member: Member) {
        if self.dimensions.len() <= DIMENSIONS_MAX {
            self.dimensions.push(Dimension { axis, member });
        }
    }

    /// The whole context, with its id.
    pub(super) fn finish(mut self) -> (String, Context) {
        let period = match (&self.start, &self.end, &self.instant) {
            _ if self.dimensions.len() > DIMENSIONS_MAX => {
                Err(format!("context `{}` has more than {DIMENSIONS_MAX} dimensions", self.id))
            }
            (Some(start), Some(end), None) => span(start, end),
            (None, None, Some(_)) => Ok(None),
            _ => Err(format!("context `{}` has neither start and end nor a day", self.id)),
        };
        self.dimensions.sort();
        let Self { id, entity, dimensions, .. } = self;
        (id, Context { entity, period, dimensions })
    }
}

fn span(start: &str, end: &str) -> Result<Option<Period>, String> {
    let date = |text: &str| {
        text.trim().parse::<NaiveDate>().map_err(|_| {
            let shown: String = text.chars().take(20).collect();
            format!("a context's date is `{shown}`, needed YYYY-MM-DD")
        })
    };
    Period::new(date(start)?, date(end)?).map(Some).map_err(|e| e.to_string())
}

/// A unit while it is read.
#[derive(Debug, Default)]
pub(super) struct UnitParts {
    pub(super) id: String,
    pub(super) measures: Vec<Name>,
    pub(super) is_quotient: bool,
}

impl UnitParts {
    /// Id and word: `USD` for a currency, `USD/shares` for a quotient, the measure's name
    /// otherwise.
    pub(super) fn finish(self) -> (String, String) {
        let word = |measure: &Name| match measure.space {
            Space::Iso4217 => measure.local().to_owned(),
            _ => measure.to_string(),
        };
        let words: Vec<String> = self.measures.iter().map(word).collect();
        (self.id, words.join(if self.is_quotient { "/" } else { " " }))
    }
}
