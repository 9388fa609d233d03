//! Whose filing it is, and to which day it reports: what is given must be what the document says.
//!
//! May use `document` and the core files.

use chrono::NaiveDate;

use super::document::Document;
use crate::error::{Error, Result};
use crate::ingest::edgar::rows::{Form, form, year_agrees};
use crate::ingest::{Filing, Raw};

/// A filing whose particulars are known.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) cik: u64,
    pub(super) form_name: String,
    pub(super) form: Form,
    pub(super) filed: NaiveDate,
    /// The end of the period that it reports on, where the document or the caller says so.
    pub(super) end: Option<NaiveDate>,
    /// `accn 0001045810-24-000264`, or `file NAME`.
    pub(super) locator: String,
}

impl Report {
    /// Joins what is given with what the document says of itself.
    ///
    /// # Errors
    /// [`Error::Invalid`] where something is missing, or the two contradict each other.
    pub(super) fn of(raw: &Raw, document: &Document) -> Result<Self> {
        let name = &raw.name;
        let given = raw.filing.as_ref().ok_or_else(|| {
            Error::invalid(format!("`{name}` does not say on which day it was filed"))
                .hint("give the day of filing, as SEC's index of the filing shows it")
        })?;
        let form_name = form_name(name, given, said(document, "DocumentType"))?;
        let form = form(&form_name).ok_or_else(|| {
            Error::invalid(format!("`{name}`: form `{form_name}` is no quarterly or annual report"))
        })?;
        let end = report_end(name, given, said(document, "DocumentPeriodEndDate"))?;
        if let Some(end) = end.filter(|end| given.filed < *end) {
            return Err(Error::invalid(format!(
                "`{name}` reports to {end}; a day of filing from then on is needed, found {}",
                given.filed
            )));
        }
        Ok(Self {
            cik: cik(name, given, said(document, "EntityCentralIndexKey"))?,
            form_name,
            form,
            filed: given.filed,
            end,
            locator: locator(name, given)?,
        })
    }
}

/// What the document says of itself, outside of any dimension.
fn said<'d>(document: &'d Document, name: &str) -> Option<&'d str> {
    let plain = |context: &str| {
        document.contexts.get(context).is_none_or(|context| context.dimensions.is_empty())
    };
    let found = document.about.iter().find(|about| about.name == name && plain(&about.context));
    found.map(|about| about.text.as_str()).filter(|text| !text.is_empty())
}

fn cik(name: &str, given: &Filing, said: Option<&str>) -> Result<u64> {
    let said = said.map(str::parse::<u64>).transpose().map_err(|e| {
        Error::parse(format!("`{name}`: `dei:EntityCentralIndexKey` is no number")).caused_by(e)
    })?;
    match (said, given.cik) {
        (Some(said), given) if given != 0 && given != said => Err(Error::invalid(format!(
            "`{name}` is a filing of CIK {said}; CIK {given} was given"
        ))
        .hint("name the company that filed it")),
        (Some(said), _) => Ok(said),
        (None, 0) => Err(Error::invalid(format!(
            "`{name}` has no `dei:EntityCentralIndexKey`, and no CIK was given"
        ))),
        (None, given) => Ok(given),
    }
}

fn form_name(name: &str, given: &Filing, said: Option<&str>) -> Result<String> {
    match (said, given.form.as_str()) {
        (Some(said), given) if !given.is_empty() && given != said => {
            Err(Error::invalid(format!("`{name}` is a `{said}`; form `{given}` was given")))
        }
        (Some(said), _) => Ok(said.to_owned()),
        (None, "") => Err(Error::invalid(format!(
            "`{name}` has no `dei:DocumentType`, and no form was given"
        ))),
        (None, given) => Ok(given.to_owned()),
    }
}

fn report_end(name: &str, given: &Filing, said: Option<&str>) -> Result<Option<NaiveDate>> {
    let said = said.and_then(day_in_words);
    match (said, given.report_end) {
        (Some(said), Some(given)) if said != given => Err(Error::invalid(format!(
            "`{name}` reports to {said}; a report to {given} was given"
        ))),
        (said, given) => Ok(said.or(given)),
    }
}

/// `July 28, 2024`, `7/28/2024` or `2024-07-28`; `None` for any other way to write it.
fn day_in_words(text: &str) -> Option<NaiveDate> {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    ["%B %d, %Y", "%B %d %Y", "%b %d, %Y", "%d %B %Y", "%m/%d/%Y", "%Y-%m-%d"]
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(&plain, format).ok())
}

/// Where its facts stand: the accession, or the file's own name.
fn locator(name: &str, given: &Filing) -> Result<String> {
    let accession = given.accession.as_str();
    if accession.is_empty() {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        return Ok(format!("file {file}"));
    }
    let digits: Vec<usize> = accession
        .split('-')
        .map(|part| if part.bytes().all(|b| b.is_ascii_digit()) { part.len() } else { 0 })
        .collect();
    if digits != [10, 2, 6] {
        return Err(Error::invalid(format!(
            "accession `{accession}` is not of the form 0001045810-24-000264"
        )));
    }
    year_agrees(accession, given.filed)
        .map_err(|reason| Error::invalid(format!("accession `{accession}`: {reason}")))?;
    Ok(format!("accn {accession}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_filers_write_them() {
        let expected = NaiveDate::from_ymd_opt(2024, 7, 28);
        for text in ["July 28, 2024", "July\u{a0}28,\n 2024", "7/28/2024", "2024-07-28"] {
            assert_eq!(day_in_words(text), expected, "{text}");
        }
        assert_eq!(day_in_words("--07-28"), None);
    }
}
