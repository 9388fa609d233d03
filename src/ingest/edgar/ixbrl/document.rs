//! One pass over a document: its contexts, units, the facts of concepts that are read, and what it
//! says about itself.
//!
//! May use its sibling files and `error`. Pulls one piece of markup after the other, never recurses
//! and never builds a tree: open elements cost a few bytes, entities are never expanded.

use std::collections::HashMap;

use memchr::memmem::Finder;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::contexts::{Context, ContextParts, Member, UnitParts};
use super::members::Members;
use super::names::{Name, Scope, Space};
use super::numbers::{self, Amount, Heading, TEXT_MAX};
use super::text;
use crate::error::{Error, Result};
use crate::ingest::edgar::concepts::{Families, Kind};

/// Measures of one unit that are read.
const MEASURES_MAX: usize = 8;

/// What one document holds.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) contexts: HashMap<String, Context>,
    pub(super) units: HashMap<String, String>,
    /// In order of the document.
    pub(super) facts: Vec<Tagged>,
    /// Facts of the document about itself.
    pub(super) about: Vec<About>,
}

/// A numeric fact as it stands.
#[derive(Debug)]
pub(super) struct Tagged {
    pub(super) concept: Concept,
    pub(super) context: String,
    pub(super) unit: String,
    /// `None` where it is nil; a reason where it is no number.
    pub(super) amount: Result<Option<Amount>, String>,
}

/// What a fact measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Concept {
    /// A concept of a family, by its index.
    Member(u16),
    /// A concept that stands between the parts and the total of a family, by its index.
    Adjustment(u16),
}

/// A fact of the document about itself.
#[derive(Debug)]
pub(super) struct About {
    pub(super) name: &'static str,
    pub(super) context: String,
    pub(super) text: String,
}

/// The facts of a document about itself that are read.
const ABOUT: [&str; 3] = ["EntityCentralIndexKey", "DocumentType", "DocumentPeriodEndDate"];

/// Reads a whole document.
///
/// # Errors
/// [`Error::Parse`] with line and byte where the markup breaks, or without inline XBRL in it.
pub(super) fn read(name: &str, text: &str) -> Result<Document> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut pass = Pass::new();
    loop {
        let event = reader.read_event().map_err(|cause| {
            broken(name, text, reader.error_position(), &cause.to_string()).caused_by(cause)
        })?;
        let done = match event {
            Event::Start(tag) => pass.open(&tag),
            Event::Empty(tag) => pass.open(&tag).map(|()| pass.close()),
            Event::End(_) => {
                pass.close();
                Ok(())
            }
            Event::Text(piece) if pass.n_capturing > 0 => {
                pass.take(&piece);
                Ok(())
            }
            Event::CData(piece) if pass.n_capturing > 0 => {
                pass.take(&piece);
                Ok(())
            }
            Event::GeneralRef(entity) if pass.n_capturing > 0 => {
                pass.take_entity(&entity);
                Ok(())
            }
            Event::Eof => break,
            _ => Ok(()),
        };
        done.map_err(|reason| broken(name, text, reader.buffer_position(), &reason))?;
    }
    if pass.depth > 0 {
        let n = pass.depth;
        return Err(broken(name, text, text.len() as u64, &format!("{n} elements are not closed"))
            .hint("the file may have been cut: download it anew"));
    }
    if !pass.has_ix {
        return Err(Error::parse(format!("`{name}` holds no inline XBRL"))
            .hint("give the main document of a 10-Q or 10-K of 2019 or later, as SEC serves it"));
    }
    Ok(pass.document)
}

fn broken(name: &str, text: &str, byte: u64, reason: &str) -> Error {
    let byte = usize::try_from(byte).map_or(text.len(), |byte| byte.min(text.len()));
    let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..byte]).count() + 1;
    Error::parse(format!("`{name}` breaks at line {line}, byte {byte}: {reason}"))
}

/// An open element that something depends on.
struct Open {
    depth: usize,
    /// Where its text starts.
    from: usize,
    kind: Opened,
}

enum Opened {
    Fact(Box<Fact>),
    About(&'static str, String),
    /// Its text belongs to no fact: `ix:exclude`, footnote marks.
    Muted,
    Context,
    Identifier,
    Explicit(Name),
    Typed(Name),
    Start,
    End,
    Instant,
    Unit,
    Measure,
}

struct Fact {
    concept: Concept,
    context: String,
    unit: String,
    heading: Heading,
}

struct Pass {
    scope: Scope,
    depth: usize,
    opens: Vec<Open>,
    /// Text of the outermost capturing element, and of all in it.
    text: String,
    n_capturing: usize,
    n_muted: usize,
    has_ix: bool,
    context: Option<ContextParts>,
    unit: Option<UnitParts>,
    document: Document,
    declares: Finder<'static>,
    families: &'static Families,
    members: &'static Members,
}

impl Pass {
    fn new() -> Self {
        Self {
            scope: Scope::default(),
            depth: 0,
            opens: Vec::new(),
            text: String::new(),
            n_capturing: 0,
            n_muted: 0,
            has_ix: false,
            context: None,
            unit: None,
            document: Document::default(),
            declares: Finder::new("xmlns"),
            families: Families::bundled(),
            members: Members::bundled(),
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        self.depth += 1;
        if self.declares.find(tag.attributes_raw().as_bytes()).is_some() {
            self.scope.open(tag, self.depth)?;
        }
        let name = tag.name();
        let (space, local) = self.scope.split(name.0);
        match space {
            Space::Ix => self.open_ix(local, tag),
            Space::Xbrli => self.open_xbrli(local, tag),
            Space::Xbrldi => self.open_dimension(local, tag),
            _ => {
                if self.n_capturing > 0 && local == "sup" {
                    self.push(Opened::Muted);
                }
                Ok(())
            }
        }
    }

    fn open_ix(&mut self, local: &str, tag: &BytesStart<'_>) -> Result<(), String> {
        self.has_ix = true;
        match local {
            "nonFraction" => {
                if let Some(fact) = self.fact(tag)? {
                    self.push(Opened::Fact(Box::new(fact)));
                }
            }
            "nonNumeric" => {
                let name = attribute(tag, "name")?.unwrap_or_default();
                let (space, local) = self.scope.split(&name);
                let known = ABOUT.into_iter().find(|known| *known == local);
                if let Some(known) = known.filter(|_| space == Space::Dei) {
                    let context = attribute(tag, "contextRef")?.unwrap_or_default();
                    self.push(Opened::About(known, context));
                }
            }
            "exclude" if self.n_capturing > 0 => self.push(Opened::Muted),
            _ => {}
        }
        Ok(())
    }

    /// A numeric fact, if its concept is read.
    fn fact(&self, tag: &BytesStart<'_>) -> Result<Option<Fact>, String> {
        let mut concept = None;
        let (mut context, mut unit) = (String::new(), String::new());
        let mut heading = Heading::default();
        let mut is_elsewhere = false;
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let value = text::unescape(&attribute.value);
            match attribute.key.0 {
                "name" => concept = self.concept(&value),
                "contextRef" => context = value.into_owned(),
                "unitRef" => unit = value.into_owned(),
                "format" => heading.format = Some(self.scope.split(&value).1.to_owned()),
                "scale" => heading.scale = Some(value.into_owned()),
                "sign" => heading.sign = Some(value.into_owned()),
                "decimals" => heading.decimals = Some(value.into_owned()),
                "target" => is_elsewhere = !value.is_empty(),
                key if self.scope.split(key) == (Space::Xsi, "nil") => {
                    heading.is_nil = matches!(value.as_ref(), "true" | "1");
                }
                _ => {}
            }
        }
        let concept = concept.filter(|_| !is_elsewhere);
        Ok(concept.map(|concept| Fact { concept, context, unit, heading }))
    }

    fn concept(&self, name: &str) -> Option<Concept> {
        let (space, local) = self.scope.split(name);
        if space != Space::UsGaap {
            return None;
        }
        let flow = self
            .families
            .member_idx(local)
            .filter(|member_idx| self.families.family_of(*member_idx).kind == Kind::Flow);
        flow.map(Concept::Member)
            .or_else(|| self.members.adjustment_idx(local).map(Concept::Adjustment))
    }

    fn open_xbrli(&mut self, local: &str, tag: &BytesStart<'_>) -> Result<(), String> {
        match (local, &mut self.context, &mut self.unit) {
            ("context", None, None) => {
                let id = attribute(tag, "id")?.unwrap_or_default();
                self.context = Some(ContextParts { id, ..ContextParts::default() });
                self.push(Opened::Context);
            }
            ("unit", None, None) => {
                let id = attribute(tag, "id")?.unwrap_or_default();
                self.unit = Some(UnitParts { id, ..UnitParts::default() });
                self.push(Opened::Unit);
            }
            ("identifier", Some(_), _) => self.push(Opened::Identifier),
            ("startDate", Some(_), _) => self.push(Opened::Start),
            ("endDate", Some(_), _) => self.push(Opened::End),
            ("instant", Some(_), _) => self.push(Opened::Instant),
            ("measure", _, Some(_)) => self.push(Opened::Measure),
            ("divide", _, Some(unit)) => unit.is_quotient = true,
            _ => {}
        }
        Ok(())
    }

    fn open_dimension(&mut self, local: &str, tag: &BytesStart<'_>) -> Result<(), String> {
        if self.context.is_none() {
            return Ok(());
        }
        let axis = self.scope.name(&attribute(tag, "dimension")?.unwrap_or_default());
        match local {
            "explicitMember" => self.push(Opened::Explicit(axis)),
            "typedMember" => self.push(Opened::Typed(axis)),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, kind: Opened) {
        match kind {
            Opened::Muted => self.n_muted += 1,
            Opened::Context | Opened::Unit => {}
            _ => self.n_capturing += 1,
        }
        self.opens.push(Open { depth: self.depth, from: self.text.len(), kind });
    }

    fn take(&mut self, piece: &str) {
        if self.n_muted == 0 {
            self.text.push_str(piece);
        }
    }

    /// An entity that is not known stands as it is, so that no number can be read around it.
    fn take_entity(&mut self, name: &str) {
        if self.n_muted == 0 {
            match text::entity(name) {
                Some(character) => self.text.push(character),
                None => self.text.extend(["&", name, ";"]),
            }
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.opens.pop_if(|open| open.depth == self.depth) {
            match open.kind {
                Opened::Muted => self.n_muted -= 1,
                Opened::Context | Opened::Unit => {}
                _ => self.n_capturing -= 1,
            }
            self.finish(open);
            if self.n_capturing == 0 {
                self.text.clear();
            }
        }
        self.scope.close(self.depth);
        self.depth -= 1;
    }

    fn finish(&mut self, open: Open) {
        // No copy of a long text: elements may be nested by the thousand.
        let whole = self.text.get(open.from..).unwrap_or_default();
        let text = if whole.len() <= TEXT_MAX { whole } else { "" };
        match open.kind {
            Opened::Fact(fact) => {
                let amount = if text.len() == whole.len() {
                    numbers::read(&fact.heading, text)
                } else {
                    Err(format!("a text of {} bytes is no number", whole.len()))
                };
                let Fact { concept, context, unit, .. } = *fact;
                self.document.facts.push(Tagged { concept, context, unit, amount });
            }
            Opened::About(name, context) => {
                let text = text.trim().to_owned();
                self.document.about.push(About { name, context, text });
            }
            Opened::Context => {
                let context = self.context.take().unwrap_or_default();
                self.document.contexts.extend([context.finish()]);
            }
            Opened::Unit => {
                let unit = self.unit.take().unwrap_or_default();
                self.document.units.extend([unit.finish()]);
            }
            Opened::Measure => {
                let measure = self.scope.name(text);
                if let Some(unit) = self.unit.as_mut().filter(|u| u.measures.len() < MEASURES_MAX) {
                    unit.measures.push(measure);
                }
            }
            Opened::Muted => {}
            kind => {
                let text = text.trim().to_owned();
                if let Some(context) = &mut self.context {
                    part_of(context, kind, text, &self.scope);
                }
            }
        }
    }
}

fn part_of(context: &mut ContextParts, kind: Opened, text: String, scope: &Scope) {
    match kind {
        Opened::Identifier => context.entity = text,
        Opened::Start => context.start = Some(text),
        Opened::End => context.end = Some(text),
        Opened::Instant => context.instant = Some(text),
        Opened::Explicit(axis) => context.add(axis, Member::Explicit(scope.name(&text))),
        Opened::Typed(axis) => context.add(axis, Member::Typed(text)),
        _ => {}
    }
}

/// One attribute of a tag.
fn attribute(tag: &BytesStart<'_>, key: &str) -> Result<Option<String>, String> {
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|e| e.to_string())?;
        if attribute.key.0 == key {
            return Ok(Some(text::unescape(&attribute.value).into_owned()));
        }
    }
    Ok(None)
}
