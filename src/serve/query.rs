//! What is asked: the parts of the path and the keys of the query, checked against what a route takes.
//!
//! May use `error` and `series`. Strict: an unknown key, a key given twice and bad percent-encoding are
//! errors, so that a typing error never gives another answer than the one that was meant.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::NaiveDate;
use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};
use crate::series::SeriesId;

/// A key of a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) about: &'static str,
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A ticker.
    Company,
    /// A whole number between two.
    Count(usize, usize),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A number; its range is checked where it is used.
    Number,
}

/// Path and query of one request, in the form that the cache knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads the query of a route that takes `parameters`; `path` are the named parts of its path.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the key that is wrong and what is needed.
    pub(super) fn read<'a>(
        path: impl IntoIterator<Item = (&'a str, &'a str)>,
        text: Option<&str>,
        parameters: &[Parameter],
    ) -> Result<Self> {
        let mut found = BTreeMap::new();
        for pair in text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (decoded(key)?, decoded(value)?);
            let known = parameters.iter().find(|parameter| parameter.name == key);
            let known = known.ok_or_else(|| unknown(&key, parameters))?;
            if value.is_empty() {
                continue;
            }
            known.check(&value)?;
            if found.insert(key.clone(), value).is_some() {
                return Err(Error::invalid(format!("query key `{key}` is given twice")));
            }
        }
        let parts = path.into_iter().map(|(name, part)| (name.to_owned(), part.to_owned()));
        found.extend(parts);
        Ok(Self(found))
    }

    /// The same query always gives the same text.
    pub(super) fn canonical(&self) -> String {
        let mut text = String::new();
        for (key, value) in &self.0 {
            let _ = write!(text, "{key}={value}&");
        }
        text
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A day; none where it is not given.
    pub(super) fn date(&self, name: &str) -> Result<Option<NaiveDate>> {
        self.get(name).map(|text| day(name, text)).transpose()
    }

    /// A number; none where it is not given.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>> {
        self.get(name).map(|text| number(name, text)).transpose()
    }

    /// A whole number, or `otherwise`.
    pub(super) fn count(&self, name: &str, otherwise: usize) -> usize {
        self.get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }

    /// The series that the path names.
    pub(super) fn series(&self) -> Result<SeriesId> {
        SeriesId::new(self.get("series").unwrap_or_default())
    }

    /// The company that path or query names, in lower case.
    pub(super) fn company(&self) -> Option<String> {
        self.get("company").map(str::to_ascii_lowercase)
    }
}

impl Parameter {
    fn check(&self, value: &str) -> Result<()> {
        let name = self.name;
        let refused = |needed: String| {
            Err(Error::invalid(format!(
                "query key `{name}` is `{}`; needed {needed}",
                short(value)
            )))
        };
        match self.kind {
            Kind::Date => day(name, value).map(drop),
            Kind::Number => number(name, value).map(drop),
            Kind::Company if is_ticker(value) => Ok(()),
            Kind::Company => refused("a ticker, such as `msft`".to_owned()),
            Kind::Count(low, high) => match value.parse::<usize>() {
                Ok(n) if (low..=high).contains(&n) => Ok(()),
                _ => refused(format!("a whole number from {low} to {high}")),
            },
            Kind::Choice(words) if words.contains(&value) => Ok(()),
            Kind::Choice(words) => refused(format!("one of {}", words.join(", "))),
        }
    }
}

/// Whether a text may name a company.
pub(super) fn is_ticker(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn unknown(key: &str, parameters: &[Parameter]) -> Error {
    let names: Vec<_> = parameters.iter().map(|parameter| parameter.name).collect();
    let hint = match names.as_slice() {
        [] => "this address takes no query".to_owned(),
        names => format!("this address takes {}", names.join(", ")),
    };
    Error::invalid(format!("query key `{}` is unknown", short(key))).hint(hint)
}

fn day(name: &str, text: &str) -> Result<NaiveDate> {
    let is_iso = text.len() == 10;
    text.parse().ok().filter(|_| is_iso).ok_or_else(|| {
        Error::invalid(format!("query key `{name}` is `{}`; needed a day", short(text)))
            .hint("a day is written YYYY-MM-DD, such as 2026-09-01")
    })
}

fn number(name: &str, text: &str) -> Result<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(|| {
        Error::invalid(format!("query key `{name}` is `{}`; needed a number", short(text)))
            .hint("a number is written 0.4 or 1e27")
    })
}

/// At most forty characters of what was given.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A part of a query with `+` and `%XX` resolved.
fn decoded(text: &str) -> Result<String> {
    let bad = || {
        Error::invalid(format!("`{}` is not percent-encoded UTF-8", short(text)))
            .hint("write `%` as %25, and other letters as the bytes of their UTF-8")
    };
    let bytes = text.as_bytes();
    let mut escapes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    if !escapes.all(|(at, _)| is_hex(at + 1) && is_hex(at + 2)) {
        return Err(bad());
    }
    let spaced = text.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().map_err(|_| bad())?;
    if text.chars().any(char::is_control) {
        return Err(bad());
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKES: [Parameter; 2] = [
        Parameter { name: "as_of", kind: Kind::Date, about: "" },
        Parameter { name: "horizon", kind: Kind::Count(1, 4), about: "" },
    ];

    fn said(text: &str) -> String {
        Query::read([], Some(text), &TAKES).expect_err("wrong").to_string()
    }

    #[test]
    fn what_is_not_meant_is_refused_in_words() {
        assert_eq!(said("asof=2026-01-01"), "query key `asof` is unknown");
        assert_eq!(said("as_of=2026-1-1"), "query key `as_of` is `2026-1-1`; needed a day");
        assert_eq!(said("as_of=2026-02-30"), "query key `as_of` is `2026-02-30`; needed a day");
        assert_eq!(
            said("horizon=9"),
            "query key `horizon` is `9`; needed a whole number from 1 to 4"
        );
        assert_eq!(said("horizon=1&horizon=2"), "query key `horizon` is given twice");
        assert_eq!(said("as_of=%zz"), "`%zz` is not percent-encoded UTF-8");
        assert_eq!(said("as_of=%ff"), "`%ff` is not percent-encoded UTF-8");
        assert_eq!(said("as_of=%00"), "`%00` is not percent-encoded UTF-8");
    }

    #[test]
    fn the_order_of_keys_does_not_matter_and_empty_ones_are_not_given() {
        let read = |text| Query::read([("series", "a.b")], Some(text), &TAKES).expect("sound");
        let (one, two) = (read("horizon=2&as_of=2026-01-01"), read("as_of=2026%2D01-01&horizon=2"));
        assert_eq!(one.canonical(), two.canonical());
        assert_eq!(read("as_of=&horizon=").canonical(), "series=a.b&");
    }
}
