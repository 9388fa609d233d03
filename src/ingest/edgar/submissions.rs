//! EDGAR submissions: which filings a company made, when, and where their documents are.
//!
//! May use its sibling files, `ingest` and the core files. Pure: bytes in, filings and follow-up
//! requests out. The day of a filing is `filingDate`: the acceptance time is given in the zone of
//! whoever prepared the filing, whatever its `Z` says, and is kept for people alone.

use chrono::NaiveDate;
use serde::Deserialize;

use super::Sites;
use super::bulk::cik_in;
use crate::error::{Error, Result};
use crate::ingest::{Filing, Lifetime, Parsed, Raw, Request, SetAside};
use crate::observation::{Observation, VintageBasis};
use crate::period::Period;
use crate::series::{Registry, SeriesId};
use crate::units::Unit;

/// The primary source, as observations name it.
const SOURCE: &str = "SEC EDGAR submissions";
/// The item of an 8-K that gives results of operations.
pub(super) const RESULTS: &str = "2.02";

/// A filing as submissions list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The filing.
    pub filing: Filing,
    /// When it was accepted, as written there.
    pub accepted: String,
    /// The name of its main document.
    pub primary_document: String,
    /// Whether its statements are inline XBRL.
    pub is_inline_xbrl: bool,
}

/// The filings that a document of submissions lists, and where the older ones stand.
#[derive(Debug, Clone, Default)]
pub struct Submissions {
    /// SEC's central index key; 0 in a continuation file, which does not say it.
    pub cik: u64,
    /// The filings, in the document's order.
    pub listed: Vec<Listed>,
    /// Continuation files with the last day that each covers.
    pub continued: Vec<(String, NaiveDate)>,
    /// Rows that could not be used.
    pub set_aside: Vec<SetAside>,
}

#[derive(Deserialize)]
struct Document {
    cik: Option<Key>,
    filings: Option<Filings>,
}

/// A central index key, which SEC writes as a number or as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Key {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
struct Filings {
    recent: Columns,
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    name: String,
    filing_to: NaiveDate,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Columns {
    accession_number: Vec<String>,
    filing_date: Vec<String>,
    #[serde(default)]
    report_date: Vec<String>,
    #[serde(default)]
    acceptance_date_time: Vec<String>,
    form: Vec<String>,
    #[serde(default)]
    items: Vec<String>,
    #[serde(default, rename = "isInlineXBRL")]
    is_inline_xbrl: Vec<u8>,
    primary_document: Vec<String>,
}

/// Reads a document of submissions, or one of its continuation files.
///
/// # Errors
/// [`Error::Parse`] naming the file, the line and column, if the bytes are not submissions, or if
/// their columns differ in length.
pub fn read(raw: &Raw) -> Result<Submissions> {
    let not_submissions = |e: serde_json::Error| {
        Error::parse(format!(
            "`{}` line {}, column {}: not a whole document of submissions",
            raw.name,
            e.line(),
            e.column()
        ))
        .hint("needed is the JSON of `https://data.sec.gov/submissions/CIK##########.json`")
        .caused_by(e)
    };
    let document: Document = serde_json::from_slice(&raw.bytes).map_err(not_submissions)?;
    let (columns, files) = if let Some(Filings { recent, files }) = document.filings {
        (recent, files)
    } else {
        (serde_json::from_slice(&raw.bytes).map_err(not_submissions)?, Vec::new())
    };
    let cik = match document.cik {
        Some(Key::Number(cik)) => cik,
        Some(Key::Text(text)) => text.parse().map_err(|_| {
            Error::parse(format!(
                "`{}` key `cik`: found `{text}`, needed a number of up to ten digits",
                raw.name
            ))
        })?,
        None => {
            let filing = raw.filing.as_ref().map(|filing| filing.cik);
            filing.or_else(|| cik_in(&raw.name)).unwrap_or(0)
        }
    };
    columns.check(&raw.name)?;
    let mut submissions = Submissions { cik, ..Submissions::default() };
    for file in files {
        if is_file_name(&file.name) && file.name.starts_with("CIK") {
            submissions.continued.push((file.name, file.filing_to));
        } else {
            let reason = format!("continuation file `{}` has no name of SEC's", file.name);
            submissions.aside(&raw.name, reason);
        }
    }
    for row_idx in 0..columns.accession_number.len() {
        match columns.row(row_idx, cik) {
            Ok(listed) => submissions.listed.push(listed),
            Err(reason) => submissions.aside(&columns.accession_number[row_idx], reason),
        }
    }
    Ok(submissions)
}

impl Submissions {
    fn aside(&mut self, locator: &str, reason: String) {
        self.set_aside.push(SetAside {
            series: "submissions".to_owned(),
            period: None,
            locator: locator.chars().take(60).collect(),
            reason,
        });
    }
}

impl Columns {
    fn check(&self, name: &str) -> Result<()> {
        let n = self.accession_number.len();
        let optional = |len: usize| if len == 0 { n } else { len };
        for (column, len) in [
            ("filingDate", self.filing_date.len()),
            ("form", self.form.len()),
            ("primaryDocument", self.primary_document.len()),
            ("reportDate", optional(self.report_date.len())),
            ("acceptanceDateTime", optional(self.acceptance_date_time.len())),
            ("items", optional(self.items.len())),
            ("isInlineXBRL", optional(self.is_inline_xbrl.len())),
        ] {
            if len != n {
                return Err(Error::parse(format!(
                    "`{name}` column `{column}` has {len} entries; `accessionNumber` has {n}"
                )));
            }
        }
        Ok(())
    }

    fn row(&self, row_idx: usize, cik: u64) -> std::result::Result<Listed, String> {
        let text = |column: &Vec<String>| column.get(row_idx).cloned().unwrap_or_default();
        let accession = text(&self.accession_number);
        if !is_accession(&accession) {
            return Err("its accession number is not ten, two and six digits".to_owned());
        }
        let filed = text(&self.filing_date);
        let filed: NaiveDate =
            filed.parse().map_err(|_| format!("its day of filing `{filed}` is no date"))?;
        let items = text(&self.items);
        let filing = Filing {
            cik,
            accession,
            form: text(&self.form),
            items: items
                .split(',')
                .map(|i| i.trim().to_owned())
                .filter(|i| !i.is_empty())
                .collect(),
            filed,
            report_end: text(&self.report_date).parse().ok(),
        };
        Ok(Listed {
            filing,
            accepted: text(&self.acceptance_date_time),
            primary_document: text(&self.primary_document),
            is_inline_xbrl: self.is_inline_xbrl.get(row_idx) == Some(&1),
        })
    }
}

impl Listed {
    /// Whether it is an 8-K that gives results.
    pub fn is_release(&self) -> bool {
        self.filing.form.starts_with("8-K") && self.filing.items.iter().any(|i| i == RESULTS)
    }

    /// Whether it is a quarterly or annual report, or an amendment of one.
    pub fn is_report(&self) -> bool {
        matches!(self.filing.form.trim_end_matches("/A"), "10-Q" | "10-K")
    }

    /// The part of the series id that counts filings of its kind.
    fn kind(&self) -> Option<&'static str> {
        let form = self.filing.form.trim_end_matches("/A");
        match form {
            "10-Q" => Some("10q"),
            "10-K" => Some("10k"),
            _ if self.is_release() => Some("8k_results"),
            _ => None,
        }
    }

    /// The filing as a dated value, 1, of `OWNER.filings.KIND`: the period is the day to which it
    /// reports, the vintage the day of filing.
    fn observation(&self, owner: &str, retrieved_at: NaiveDate) -> Option<Result<Observation>> {
        let kind = self.kind()?;
        let day = self.filing.report_end.filter(|day| *day <= self.filing.filed)?;
        let Filing { accession, form, items, filed, .. } = &self.filing;
        let observe = || {
            Ok(Observation {
                series: SeriesId::new(&format!("{owner}.filings.{kind}"))?,
                period: Period::new(day, day)?,
                value: 1.0,
                unit: Unit::Count,
                vintage: *filed,
                vintage_basis: VintageBasis::Filing,
                source: format!("{SOURCE}, {form}"),
                locator: format!(
                    "accn {accession}; accepted {}; items {}; {}",
                    self.accepted,
                    items.join(","),
                    self.primary_document
                ),
                retrieved_at,
            })
        };
        Some(observe())
    }
}

/// Submissions as dated values, and the documents to read next.
///
/// Follow-ups, for filings of `since` or later: the index page of each 8-K with results, the main
/// document of each report in inline XBRL, and the continuation files that reach that day.
///
/// # Errors
/// As [`read`].
pub(super) fn parse(raw: &Raw, sites: &Sites, since: NaiveDate) -> Result<Parsed> {
    let submissions = read(raw)?;
    let owner = Registry::bundled().ticker(submissions.cik);
    let mut parsed = Parsed {
        read_through: submissions.listed.iter().map(|listed| listed.filing.filed).max(),
        set_aside: submissions.set_aside,
        ..Parsed::default()
    };
    if submissions.cik > 0 {
        let rows = submissions.listed.iter();
        let rows = rows.filter_map(|listed| listed.observation(&owner, raw.retrieved_at));
        parsed.observations = rows.collect::<Result<_>>()?;
    }
    for listed in submissions.listed.iter().filter(|listed| listed.filing.filed >= since) {
        parsed.follow_up.extend(sites.document_of(listed));
    }
    for (name, filing_to) in &submissions.continued {
        if *filing_to >= since {
            let filing = Filing {
                cik: submissions.cik,
                accession: String::new(),
                form: String::new(),
                items: Vec::new(),
                filed: *filing_to,
                report_end: None,
            };
            let request = Request::named(format!("{}/submissions/{name}", sites.data));
            parsed.follow_up.push(Request { filing: Some(filing), ..request });
        }
    }
    Ok(parsed)
}

impl Sites {
    /// The document to read of a filing: the index page of a release, the report itself.
    fn document_of(&self, listed: &Listed) -> Option<Request> {
        let folder = self.folder(&listed.filing);
        let url = if listed.is_release() {
            format!("{folder}/{}-index.html", listed.filing.accession)
        } else if listed.is_report()
            && listed.is_inline_xbrl
            && is_file_name(&listed.primary_document)
        {
            format!("{folder}/{}", listed.primary_document)
        } else {
            return None;
        };
        let filing = Some(listed.filing.clone());
        Some(Request { lifetime: Lifetime::Immutable, filing, ..Request::named(url) })
    }

    /// Where the documents of a filing are.
    pub(super) fn folder(&self, filing: &Filing) -> String {
        let Self { archives, .. } = self;
        let digits = filing.accession.replace('-', "");
        format!("{archives}/Archives/edgar/data/{}/{digits}", filing.cik)
    }
}

/// Whether a text is an accession number with dashes: `0001045810-26-000123`.
pub fn is_accession(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([10, 2, 6]) && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

/// Whether a text can name a file beside others: no path, no query.
pub(super) fn is_file_name(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= 200 && !text.starts_with('.') && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Raw {
        let day = "2026-11-01".parse().expect("a date");
        Raw::new("submissions.json", text.as_bytes().to_vec(), day)
    }

    const ONE: &str = r#"{"cik":"0001045810","filings":{"recent":{
        "accessionNumber":["0001045810-22-000133","0001045810-22-000136","bad","0001045810-22-000147"],
        "filingDate":["2022-08-08","2022-08-24","2022-08-24","2022-08-31"],
        "reportDate":["2022-08-08","2022-08-24","","2022-07-31"],
        "acceptanceDateTime":["2022-08-08T08:30:00.000Z","","",""],
        "form":["8-K","8-K","8-K","10-Q"],
        "items":["2.02,9.01","2.02","5.02",""],
        "isInlineXBRL":[1,1,1,1],
        "primaryDocument":["a.htm","b.htm","c.htm","nvda-20220731.htm"]},
        "files":[{"name":"CIK0001045810-submissions-001.json","filingCount":1,
                  "filingFrom":"1998-03-06","filingTo":"2020-02-24"},
                 {"name":"../../etc/passwd","filingTo":"2020-02-24"}]}}"#;

    #[test]
    fn releases_and_reports_lead_to_their_documents() {
        let sites = Sites::default();
        let since = "2022-08-10".parse().expect("a date");
        let parsed = parse(&raw(ONE), &sites, since).expect("readable");
        let urls: Vec<_> = parsed.follow_up.iter().map(|request| request.url.as_str()).collect();
        let folder = "https://www.sec.gov/Archives/edgar/data/1045810";
        assert_eq!(
            urls,
            [
                format!("{folder}/000104581022000136/0001045810-22-000136-index.html"),
                format!("{folder}/000104581022000147/nvda-20220731.htm"),
            ]
        );
        assert!(parsed.follow_up.iter().all(|r| r.lifetime == Lifetime::Immutable));
        let ids: Vec<_> = parsed.observations.iter().map(|row| row.series.to_string()).collect();
        assert_eq!(ids, ["nvda.filings.8k_results", "nvda.filings.8k_results", "nvda.filings.10q"]);
        assert_eq!(parsed.set_aside.len(), 2, "{:?}", parsed.set_aside);
    }

    #[test]
    fn older_filings_are_asked_for_in_continuation_files() {
        let since = "2019-01-01".parse().expect("a date");
        let parsed = parse(&raw(ONE), &Sites::default(), since).expect("readable");
        let last = parsed.follow_up.last().expect("follow-ups");
        assert!(last.url.ends_with("/submissions/CIK0001045810-submissions-001.json"));
        assert_eq!(last.filing.as_ref().map(|filing| filing.cik), Some(1_045_810));
        let continued = ONE[ONE.find("{\n        \"acc").expect("columns")..].split("},").next();
        let columns = format!("{}}}", continued.expect("columns").replacen("{\n        ", "{", 1));
        let raw = Raw { filing: last.filing.clone(), ..raw(&columns) };
        let read = read(&raw).expect("a continuation");
        assert_eq!((read.cik, read.listed.len()), (1_045_810, 3));
    }

    #[test]
    fn columns_of_unequal_length_are_an_error_that_names_them() {
        let short = ONE.replace(r#""form":["8-K","8-K","8-K","10-Q"]"#, r#""form":["8-K"]"#);
        let error = read(&raw(&short)).expect_err("unequal");
        assert_eq!(
            error.to_string(),
            "`submissions.json` column `form` has 1 entries; `accessionNumber` has 4"
        );
    }
}
