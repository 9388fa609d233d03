//! Names with a namespace: a prefix counts by the URI that it stands for, never by its letters.
//!
//! May use `text`. Knows the namespaces that matter; all others are one.

use std::fmt;

use quick_xml::events::BytesStart;

use super::text::unescape;

/// Declarations that may be open at once: each look-up walks them.
const DECLARATIONS_MAX: usize = 1024;

/// A namespace that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Space {
    /// Inline XBRL.
    Ix,
    /// Contexts and units.
    Xbrli,
    /// Dimensions.
    Xbrldi,
    /// `xsi:nil`.
    Xsi,
    /// US-GAAP taxonomy of any year.
    UsGaap,
    /// SEC reporting taxonomy of any year.
    Srt,
    /// Document and entity information.
    Dei,
    /// Countries.
    Country,
    /// Currencies.
    Iso4217,
    /// Any other, such as the company's own.
    Other,
}

impl Space {
    fn of(uri: &str) -> Self {
        match uri {
            "http://www.xbrl.org/2013/inlineXBRL" | "http://www.xbrl.org/2008/inlineXBRL" => {
                Self::Ix
            }
            "http://www.xbrl.org/2003/instance" => Self::Xbrli,
            "http://xbrl.org/2006/xbrldi" => Self::Xbrldi,
            "http://www.w3.org/2001/XMLSchema-instance" => Self::Xsi,
            "http://www.xbrl.org/2003/iso4217" => Self::Iso4217,
            _ => {
                let authority = uri.strip_prefix("http://").unwrap_or_default();
                let mut parts = authority.split('/');
                match (parts.next(), parts.next()) {
                    (Some("fasb.org" | "xbrl.us"), Some("us-gaap")) => Self::UsGaap,
                    (Some("fasb.org"), Some("srt")) => Self::Srt,
                    (Some("xbrl.sec.gov" | "xbrl.us"), Some("dei")) => Self::Dei,
                    (Some("xbrl.sec.gov" | "xbrl.us"), Some("country")) => Self::Country,
                    _ => Self::Other,
                }
            }
        }
    }

    /// The prefix that everybody uses for it.
    fn prefix(self) -> Option<&'static str> {
        match self {
            Self::UsGaap => Some("us-gaap"),
            Self::Srt => Some("srt"),
            Self::Country => Some("country"),
            Self::Iso4217 => Some("iso4217"),
            _ => None,
        }
    }
}

/// A name of a taxonomy: an axis, a member, a measure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) space: Space,
    /// With its usual prefix, or the document's where the namespace is not known.
    full: String,
}

impl Name {
    /// The name without its prefix.
    pub(super) fn local(&self) -> &str {
        self.full.rsplit(':').next().unwrap_or(&self.full)
    }

    /// Whether it is of a standard taxonomy. Axes moved between the two over the years.
    pub(super) fn is_standard(&self) -> bool {
        matches!(self.space, Space::UsGaap | Space::Srt)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

/// The declarations that hold at a place of a document.
#[derive(Default)]
pub(super) struct Scope {
    declared: Vec<Declared>,
}

struct Declared {
    depth: usize,
    prefix: String,
    space: Space,
}

impl Scope {
    /// Takes the declarations of a tag; says why where there are too many.
    pub(super) fn open(&mut self, tag: &BytesStart<'_>, depth: usize) -> Result<(), String> {
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let prefix = match attribute.key.0.split_once(':') {
                None if attribute.key.0 == "xmlns" => "",
                Some(("xmlns", prefix)) => prefix,
                _ => continue,
            };
            if self.declared.len() == DECLARATIONS_MAX {
                return Err(format!("more than {DECLARATIONS_MAX} namespaces are declared"));
            }
            let space = Space::of(&unescape(&attribute.value));
            self.declared.push(Declared { depth, prefix: prefix.to_owned(), space });
        }
        Ok(())
    }

    /// Forgets the declarations of a tag that ends.
    pub(super) fn close(&mut self, depth: usize) {
        while self.declared.last().is_some_and(|last| last.depth >= depth) {
            self.declared.pop();
        }
    }

    /// Namespace and local part of a name as it stands in the document.
    pub(super) fn split<'n>(&self, name: &'n str) -> (Space, &'n str) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        (self.space(prefix), local)
    }

    /// A name as it stands in the document.
    pub(super) fn name(&self, text: &str) -> Name {
        let text = text.trim();
        let (space, local) = self.split(text);
        let full = space.prefix().map_or(text.to_owned(), |prefix| format!("{prefix}:{local}"));
        Name { space, full }
    }

    fn space(&self, prefix: &str) -> Space {
        let found = self.declared.iter().rev().find(|declared| declared.prefix == prefix);
        found.map_or(Space::Other, |declared| declared.space)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_stands_for_what_it_is_declared_as() {
        let mut scope = Scope::default();
        let tag = BytesStart::from_content(
            "a xmlns:g='http://fasb.org/us-gaap/2031' xmlns:us-gaap='urn:own' xmlns='urn:x'",
            1,
        );
        scope.open(&tag, 1).expect("three declarations");
        assert_eq!(scope.name("g:Revenues").to_string(), "us-gaap:Revenues");
        assert_eq!(scope.split("us-gaap:Revenues"), (Space::Other, "Revenues"));
        let inner = BytesStart::from_content("b xmlns:g='http://fasb.org/srt/2031'", 1);
        scope.open(&inner, 2).expect("one more");
        assert_eq!(scope.split("g:X").0, Space::Srt);
        scope.close(2);
        assert_eq!(scope.split("g:X").0, Space::UsGaap);
    }
}
