//! Epoch AI's estimates of AI chips sold and owned: `epoch.ai/data/ai_chip_sales.zip` and
//! `ai_chip_owners.zip`, or their CSV files.
//!
//! May use the core files and `ingest`'s own. Each release is a vintage of its own: the files are
//! overwritten on the web, so a value carries the hash of the file that it came from. Its vintage
//! is the day of the release if the caller states it, else the day on which it was read; the day on
//! which the estimate was made stands in the source, for nobody but Epoch AI had it then.
//!
//! `columns` finds what is where, `rows` reads and checks, `sums` adds up chips and makers and
//! compares owners with sales.

mod columns;
mod rows;
mod sums;

use chrono::NaiveDate;

use self::rows::Table;
use super::origin::Origin;
use super::unpack::{self, Limits};
use super::{Parsed, Raw, Request, Source};
use crate::cells::Cells;
use crate::error::{Error, Result};
use crate::units::Unit;

/// Where the releases are.
pub const BASE_URL: &str = "https://epoch.ai";
/// The releases that are asked for.
const RELEASES: [&str; 2] = ["data/ai_chip_sales.zip", "data/ai_chip_owners.zip"];

/// The releases of AI chips sold and owned.
#[derive(Debug, Clone)]
pub struct Epoch {
    base_url: String,
    released: Option<NaiveDate>,
}

impl Epoch {
    /// The source at a base URL; `released` is the day on which the release became public, where it
    /// is known.
    pub fn new(base_url: impl Into<String>, released: Option<NaiveDate>) -> Self {
        Self { base_url: base_url.into(), released }
    }

    /// Reads files of one release together: totals need all makers, and owners are compared with
    /// sales.
    ///
    /// # Errors
    /// [`Error::Parse`] if a file is neither a zip file nor a CSV table, or none holds estimates of
    /// chips; [`Error::Invalid`] if the stated day lies before the estimates were made.
    pub fn read_together(&self, raws: &[Raw]) -> Result<Parsed> {
        let mut parsed = Parsed::default();
        let mut tables = Vec::new();
        for raw in raws {
            let before = tables.len();
            for (name, text) in texts(raw)? {
                let cells = Cells::csv(name, &text)?;
                if let Some(table) = Table::of(&cells, &self.origin(raw)) {
                    tables.push(table);
                }
            }
            if tables.len() == before {
                return Err(no_estimates(raw));
            }
        }
        for table in &mut tables {
            self.check_release(table)?;
            parsed.set_aside.append(&mut table.set_aside);
        }
        for table in &tables {
            for row in &table.rows {
                parsed.observations.extend(row.observations()?);
            }
        }
        sums::add(&tables, &mut parsed)?;
        sums::compare(&tables, &mut parsed);
        let read_through = raws.iter().map(|raw| self.released.unwrap_or(raw.retrieved_at));
        parsed.read_through = read_through.max();
        Ok(parsed)
    }

    fn origin(&self, raw: &Raw) -> Origin {
        let hash = blake3::hash(&raw.bytes).to_hex();
        let source = format!(
            "Epoch AI (CC BY 4.0), estimate made afterwards; file blake3 {}",
            &hash.as_str()[..12]
        );
        Origin::stated_or_retrieved(source, Unit::Count, self.released, raw)
    }

    /// A release cannot be older than the estimates in it.
    fn check_release(&self, table: &Table) -> Result<()> {
        let newest = table.rows.iter().filter_map(|row| row.generated).max();
        match (self.released, newest) {
            (Some(released), Some(newest)) if released < newest => Err(Error::invalid(format!(
                "`{}` was generated on {newest}, after the stated release on {released}",
                table.name
            ))
            .hint("`--released` is the day on which the file became public")),
            _ => Ok(()),
        }
    }
}

impl Source for Epoch {
    fn id(&self) -> &'static str {
        "epoch"
    }

    fn requests(&self, _since: NaiveDate) -> Vec<Request> {
        let base = self.base_url.trim_end_matches('/');
        RELEASES.map(|path| Request::open(format!("{base}/{path}"))).to_vec()
    }

    fn parse(&self, raw: &Raw) -> Result<Parsed> {
        self.read_together(std::slice::from_ref(raw))
    }
}

/// The CSV texts of a payload with their names.
fn texts(raw: &Raw) -> Result<Vec<(String, String)>> {
    let utf8 = |name: String, bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).map_err(|e| {
            Error::parse(format!("`{name}` is neither a zip file nor UTF-8 text")).caused_by(e)
        })?;
        Ok((name, text))
    };
    if unpack::is_zip(&raw.bytes) {
        let members = unpack::members(raw, ".csv", &Limits::default())?;
        return members
            .into_iter()
            .filter(|member| !member.name.contains("__MACOSX"))
            .map(|member| utf8(format!("{}/{}", raw.name, member.name), member.bytes))
            .collect();
    }
    Ok(vec![utf8(raw.name.clone(), raw.bytes.clone())?])
}

fn no_estimates(raw: &Raw) -> Error {
    Error::parse(format!(
        "`{}` holds no table of chips sold or owned; needed are columns for maker, start, end and \
         H100 equivalents",
        raw.name
    ))
    .hint("give a file of `ai_chip_sales.zip` or `ai_chip_owners.zip` of epoch.ai/data")
}
