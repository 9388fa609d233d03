//! Which of EDGAR's JSON documents some bytes are, told by their first keys.
//!
//! Pure; reads no further than it must.

use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

/// The kinds of document that EDGAR serves as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Every fact of a company, or one concept of it.
    Facts,
    /// The filings of a company.
    Submissions,
    /// One concept of every company for one period.
    Frame,
    /// Keys and tickers of every company.
    Tickers,
}

/// The kind of a document; `None` if none of its first keys tells.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    let mut found = None;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    // The reader stops at the key that tells, which serde knows only as an error.
    let _ = json.deserialize_map(FirstKeys(&mut found));
    found
}

struct FirstKeys<'r>(&'r mut Option<Kind>);

impl<'de> Visitor<'de> for FirstKeys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<String>()? {
            *self.0 = match key.as_str() {
                "facts" | "units" => Some(Kind::Facts),
                "filings" | "accessionNumber" => Some(Kind::Submissions),
                "ccp" | "pts" => Some(Kind::Frame),
                "0" => Some(Kind::Tickers),
                _ => None,
            };
            if self.0.is_some() {
                return Err(M::Error::custom("known"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_keys_tell_the_kind() {
        for (text, needed) in [
            (r#"{"cik":1,"entityName":"x","facts":{"#, Some(Kind::Facts)),
            (r#"{"cik":1,"tag":"Revenues","units":{}}"#, Some(Kind::Facts)),
            (r#"{"cik":"1","name":"x","filings":{}}"#, Some(Kind::Submissions)),
            (r#"{ "accessionNumber": [] }"#, Some(Kind::Submissions)),
            (r#"{"taxonomy":"us-gaap","tag":"Revenues","ccp":"CY2026Q2"}"#, Some(Kind::Frame)),
            (r#"{"0":{"cik_str":1}}"#, Some(Kind::Tickers)),
            (r#"{"rows":[]}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(kind(text.as_bytes()), needed, "{text}");
        }
    }
}
