//! Bytes of a filing as text: its encoding, and the entities that HTML names.
//!
//! May use `error`. Never replaces a byte that it cannot read: that is an error with its place.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use crate::error::{Error, Result};

/// The XML declaration stands within the first bytes, if there is one.
const DECLARATION_MAX: usize = 256;
/// No entity that is known has a longer name.
const ENTITY_MAX: usize = 12;

/// Reads bytes as UTF-8, or in the encoding that their XML declaration names.
pub(super) fn decode<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>> {
    if let Some((encoding, n_mark)) = Encoding::for_bom(bytes) {
        return whole(name, encoding, &bytes[n_mark..]);
    }
    let failure = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(failure) => failure,
    };
    let place = failure.valid_up_to();
    let label = declared(bytes).ok_or_else(|| {
        Error::parse(format!("`{name}` is not UTF-8 at byte {place}, and declares no encoding"))
    })?;
    let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(|| {
        Error::parse(format!("`{name}` declares the encoding `{label}`, which is not known"))
    })?;
    if encoding == UTF_8 {
        return Err(Error::parse(format!("`{name}` declares UTF-8, but is not at byte {place}"))
            .caused_by(failure));
    }
    whole(name, encoding, bytes)
}

fn whole<'a>(name: &str, encoding: &'static Encoding, bytes: &'a [u8]) -> Result<Cow<'a, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| {
        Error::parse(format!("`{name}` is not what its encoding {} allows", encoding.name()))
    })
}

/// The value of `encoding="..."` in the XML declaration.
fn declared(bytes: &[u8]) -> Option<&str> {
    let head = &bytes[..bytes.len().min(DECLARATION_MAX)];
    let end = memchr::memmem::find(head, b"?>")?;
    let declaration = std::str::from_utf8(&head[..end]).ok()?.strip_prefix("<?xml")?;
    let (_, value) = declaration.split_once("encoding")?;
    value.trim_start_matches([' ', '=']).split(['"', '\'']).nth(1)
}

/// The character of an entity such as `nbsp` or `#160`; none for names that a number does not need.
pub(super) fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "ensp" => '\u{2002}',
        "emsp" => '\u{2003}',
        "thinsp" => '\u{2009}',
        "ndash" => '\u{2013}',
        "mdash" => '\u{2014}',
        "lsquo" => '\u{2018}',
        "rsquo" => '\u{2019}',
        "minus" => '\u{2212}',
        _ => return None,
    })
}

/// An attribute's value with its entities replaced; an unknown one stays as it stands.
pub(super) fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return Cow::Borrowed(value);
    }
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let end = after.bytes().take(ENTITY_MAX).position(|b| b == b';');
        let found = end.and_then(|end| Some((entity(&after[..end])?, &after[end + 1..])));
        let (character, after) = found.unwrap_or(('&', after));
        plain.push(character);
        rest = after;
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_encoding_is_believed_where_bytes_are_not_utf_8() {
        let latin = b"<?xml version='1.0' encoding='ASCII'?><p>\x97</p>";
        assert!(decode("f", latin).expect("windows-1252").contains('\u{2014}'));
        assert_eq!(decode("f", b"\xef\xbb\xbf<p/>").expect("a mark"), "<p/>");
        for (bytes, found) in [
            (&b"<p>\x97</p>"[..], "at byte 3, and declares no encoding"),
            (b"<?xml encoding='klingon'?>\x97", "`klingon`"),
            (b"<?xml encoding=\"UTF-8\"?>\x97", "declares UTF-8, but is not at byte 24"),
        ] {
            let error = decode("f", bytes).expect_err(found).to_string();
            assert!(error.contains(found), "{error}");
        }
    }

    #[test]
    fn entities_of_html_are_characters() {
        assert_eq!(entity("#8212"), entity("mdash"));
        assert_eq!(entity("#xA0"), Some('\u{a0}'));
        assert_eq!((entity("lol9"), entity("#x110000"), entity("#")), (None, None, None));
        assert_eq!(unescape("a&amp;b &lol; & c"), "a&b &lol; & c");
    }
}
