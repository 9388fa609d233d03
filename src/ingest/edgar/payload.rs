//! Reading companyfacts JSON, or companyconcept's one concept: only the rows of concepts that a
//! family names, borrowed from the bytes.
//!
//! May use `concepts` and `error`. Never builds a tree: what no family names is skipped unread. A
//! row with a wrong type is kept as it is, so that `rows` can set it aside with a reason; JSON of
//! another shape is an error that names the place.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::concepts::Families;
use crate::error::{Error, Result};

/// The taxonomy whose concepts the families name.
const TAXONOMY: &str = "us-gaap";
/// Taxonomies of covers, proxies and fees: no line of a financial statement, so not worth a word.
const NOT_STATEMENTS: [&str; 6] = ["dei", "srt", "ecd", "ffd", "invest", "cyd"];

/// What a companyfacts document says of the concepts in the families.
pub(super) struct Payload<'a> {
    pub(super) cik: u64,
    pub(super) rows: Vec<Row<'a>>,
    /// Taxonomies that were not read, with their number of concepts.
    pub(super) unread: Vec<(String, usize)>,
}

/// One fact as it stands in the payload.
pub(super) struct Row<'a> {
    pub(super) member_idx: u16,
    pub(super) unit_idx: u16,
    pub(super) fields: Fields<'a>,
}

/// The fields that key a fact. `fy`, `fp` and `frame` describe filings, not facts: never read.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) start: Scalar<'a>,
    pub(super) end: Scalar<'a>,
    pub(super) val: Scalar<'a>,
    pub(super) accn: Scalar<'a>,
    pub(super) form: Scalar<'a>,
    pub(super) filed: Scalar<'a>,
}

/// A JSON value of any type, as far as a fact can use it.
#[derive(Default, Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    #[default]
    Missing,
    Text(Cow<'a, str>),
    Number(f64),
    Other,
}

/// Reads a document.
///
/// # Errors
/// [`Error::Parse`] naming the file, the line and column, and the concept, if the bytes are no JSON
/// or JSON of another kind.
pub(super) fn read<'a>(name: &str, bytes: &'a [u8]) -> Result<(Payload<'a>, Vec<String>)> {
    let mut reading = Reading::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let document = Document(&mut reading).deserialize(&mut json).and_then(|()| json.end());
    document.map_err(|cause| {
        let within = reading.place.as_ref().map_or(String::new(), |p| format!(", in `{p}`"));
        Error::parse(format!(
            "`{name}` line {}, column {}{within}: not a whole companyfacts document",
            cause.line(),
            cause.column()
        ))
        .hint(
            "needed is the JSON of `https://data.sec.gov/api/xbrl/companyfacts/CIK##########.json`",
        )
        .caused_by(cause)
    })?;
    let cik = reading.cik(name)?;
    if let Some(tag) = reading.tag.as_ref().filter(|_| reading.member_idx.is_none()) {
        return Err(Error::invalid(format!(
            "`{name}`: concept `{tag}` measures no metric that is kept"
        ))
        .hint("the concepts that are read stand in `datasets/concepts.toml`"));
    }
    if !reading.has_facts {
        return Err(Error::parse(format!(
            "`{name}` has no key `facts`; found `{}`",
            reading.keys.join("`, `")
        ))
        .hint(
            "companyfacts have `cik`, `entityName` and `facts`; other EDGAR JSON holds no values",
        ));
    }
    Ok((Payload { cik, rows: reading.rows, unread: reading.unread }, reading.units))
}

/// What has been read so far, and where reading stands.
#[derive(Default)]
struct Reading<'a> {
    cik: Scalar<'a>,
    keys: Vec<String>,
    has_facts: bool,
    /// The one concept of a companyconcept document, and its member if it is of a family.
    tag: Option<String>,
    member_idx: Option<u16>,
    place: Option<String>,
    units: Vec<String>,
    rows: Vec<Row<'a>>,
    unread: Vec<(String, usize)>,
}

impl Reading<'_> {
    fn cik(&self, name: &str) -> Result<u64> {
        let found = match &self.cik {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            Scalar::Number(cik) if *cik >= 1.0 && *cik < 1e10 && cik.fract() == 0.0 => {
                return Ok(*cik as u64);
            }
            Scalar::Number(other) => other.to_string(),
            Scalar::Text(text) => match text.parse() {
                Ok(cik @ 1..=9_999_999_999) => return Ok(cik),
                _ => text.to_string(),
            },
            Scalar::Missing => "no such key".to_owned(),
            Scalar::Other => "no number".to_owned(),
        };
        let keys = self.keys.join("`, `");
        Err(Error::parse(format!(
            "`{name}` key `cik`: found {found}, needed a number of up to ten digits"
        ))
        .hint(format!("companyfacts have `cik`, `entityName` and `facts`; this has `{keys}`")))
    }

    fn unit_idx(&mut self, unit: &str) -> Option<u16> {
        let known = self.units.iter().position(|known| known == unit);
        u16::try_from(known.unwrap_or_else(|| {
            self.units.push(unit.to_owned());
            self.units.len() - 1
        }))
        .ok()
    }
}

/// Defines a seed that reads a JSON object key by key into `Reading`.
macro_rules! object {
    (
        $name:ident { $($field:ident: $type:ty),* },
        $what:literal,
        |$self:ident, $map:ident| $body:block
    ) => {
        struct $name<'r, 'a>(&'r mut Reading<'a> $(, $type)*);

        impl<'a> DeserializeSeed<'a> for $name<'_, 'a> {
            type Value = ();
            fn deserialize<D: Deserializer<'a>>(self, from: D) -> Result<(), D::Error> {
                from.deserialize_map(self)
            }
        }

        impl<'a> Visitor<'a> for $name<'_, 'a> {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($what)
            }
            fn visit_map<M: MapAccess<'a>>($self, mut $map: M) -> Result<(), M::Error> $body
        }
    };
}

object!(Document {}, "an object with `cik` and `facts`", |self, map| {
    while let Some(Key(key)) = map.next_key()? {
        if self.0.keys.len() < 8 {
            self.0.keys.push(key.chars().take(40).collect());
        }
        match &*key {
            "cik" => self.0.cik = map.next_value()?,
            "facts" => {
                self.0.has_facts = true;
                self.0.place = Some("facts".to_owned());
                map.next_value_seed(Facts(self.0))?;
                self.0.place = None;
            }
            "tag" => {
                let Key(tag) = map.next_value()?;
                self.0.member_idx = Families::bundled().member_idx(&tag);
                self.0.tag = Some(tag.into_owned());
            }
            "units" => match self.0.member_idx {
                Some(member_idx) => {
                    self.0.has_facts = true;
                    self.0.place.clone_from(&self.0.tag);
                    map.next_value_seed(Units(self.0, member_idx))?;
                    self.0.place = None;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            },
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

object!(Facts {}, "an object of taxonomies", |self, map| {
    while let Some(Key(key)) = map.next_key()? {
        if key == TAXONOMY {
            map.next_value_seed(Concepts(self.0))?;
        } else {
            let n_concepts = map.next_value::<Size>()?.0;
            if !NOT_STATEMENTS.contains(&&*key) {
                self.0.unread.push((key.into_owned(), n_concepts));
            }
        }
    }
    Ok(())
});

object!(Concepts {}, "an object of concepts", |self, map| {
    let families = Families::bundled();
    while let Some(Key(key)) = map.next_key()? {
        match families.member_idx(&key) {
            Some(member_idx) => {
                self.0.place = Some(format!("{TAXONOMY}:{key}"));
                map.next_value_seed(Concept(self.0, member_idx))?;
                self.0.place = Some("facts".to_owned());
            }
            None => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

object!(Concept { member_idx: u16 }, "an object with `units`", |self, map| {
    while let Some(Key(key)) = map.next_key()? {
        match &*key {
            "units" => map.next_value_seed(Units(self.0, self.1))?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
    }
    Ok(())
});

object!(Units { member_idx: u16 }, "an object of units", |self, map| {
    while let Some(Key(key)) = map.next_key()? {
        let too_many = || de::Error::custom("more units than there can be");
        let unit_idx = self.0.unit_idx(&key).ok_or_else(too_many)?;
        map.next_value_seed(Rows(self.0, self.1, unit_idx))?;
    }
    Ok(())
});

/// The array of one concept's facts in one unit.
struct Rows<'r, 'a>(&'r mut Reading<'a>, u16, u16);

impl<'a> DeserializeSeed<'a> for Rows<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Rows<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of facts")
    }
    fn visit_seq<S: SeqAccess<'a>>(self, mut seq: S) -> Result<(), S::Error> {
        while let Some(fields) = seq.next_element()? {
            self.0.rows.push(Row { member_idx: self.1, unit_idx: self.2, fields });
        }
        Ok(())
    }
}

/// The field of a fact that a key names.
enum Field {
    Start,
    End,
    Val,
    Accn,
    Form,
    Filed,
    Other,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Names;
        impl Visitor<'_> for Names {
            type Value = Field;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Field, E> {
                Ok(match name {
                    "start" => Field::Start,
                    "end" => Field::End,
                    "val" => Field::Val,
                    "accn" => Field::Accn,
                    "form" => Field::Form,
                    "filed" => Field::Filed,
                    _ => Field::Other,
                })
            }
        }
        from.deserialize_identifier(Names)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a fact with `end`, `val`, `accn`, `form` and `filed`")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                let mut fields = Fields::default();
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Start => fields.start = map.next_value()?,
                        Field::End => fields.end = map.next_value()?,
                        Field::Val => fields.val = map.next_value()?,
                        Field::Accn => fields.accn = map.next_value()?,
                        Field::Form => fields.form = map.next_value()?,
                        Field::Filed => fields.filed = map.next_value()?,
                        Field::Other => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(fields)
            }
        }
        from.deserialize_map(Object)
    }
}

/// An object's key, borrowed unless it has escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(from)? {
            Scalar::Text(text) => Ok(Self(text)),
            _ => Err(de::Error::custom("a key that is no text")),
        }
    }
}

/// The number of entries of an object; 0 for anything else.
struct Size(usize);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Count;
        impl<'de> Visitor<'de> for Count {
            type Value = Size;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of concepts")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Size, M::Error> {
                let mut n = 0;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    n += 1;
                }
                Ok(Size(n))
            }
        }
        from.deserialize_map(Count)
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }
            #[expect(clippy::cast_precision_loss, reason = "dollars beyond 2^53 do not occur")]
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number as f64))
            }
            #[expect(clippy::cast_precision_loss, reason = "dollars beyond 2^53 do not occur")]
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number as f64))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(number))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }
            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }
        from.deserialize_any(Any)
    }
}
