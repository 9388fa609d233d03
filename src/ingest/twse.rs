//! Monthly revenue of companies listed in Taiwan: the newest month as JSON or CSV from the open
//! data of the exchange (TWSE), any month as a page of the observation post (MOPS).
//!
//! May use the core files and `origin`. Figures are in thousand Taiwan dollars, dates count from
//! the founding of the Republic (115 is 2026). The vintage is the day of the table where it is
//! stated. Without one, or where the page was compiled anew long after, it is the legal deadline,
//! the 10th of the next month. A row whose growth rates do not follow from its amounts is set
//! aside: its columns are shifted.
//!
//! `mops` reads the page.

mod mops;

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use serde_json::Value;

use super::origin::{Origin, aside, slug};
use super::{Parsed, Raw, Request, Source};
use crate::cells::{Cells, short};
use crate::error::{Error, Result};
use crate::observation::{Observation, VintageBasis};
use crate::period::Period;
use crate::units::{Unit, scaled};

/// Where the newest month is served.
pub const BASE_URL: &str = "https://openapi.twse.com.tw";
/// Where the pages of past months are served.
pub const HISTORY_URL: &str = "https://mopsov.twse.com.tw";
/// Codes of companies that have a name among the series.
const NAMED: [(&str, &str); 1] = [("2330", "tsmc")];
/// The first year in which pages of foreign companies stand apart, and the name of the page says
/// so.
const FIRST_SPLIT_YEAR: i32 = 2010;
/// How far a growth rate may lie from the amounts, in percentage points: rates have two decimals.
const GROWTH_TOLERANCE: f64 = 0.06;
/// From here on a rate stands for anything larger.
const GROWTH_CAP: f64 = 99_999.0;

/// A table of a later day than this after the deadline is a page of the past, compiled anew.
const COMPILED_ANEW: Days = Days::new(31);

/// Which companies are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Companies {
    /// Every company of the table.
    All,
    /// Those with these codes, such as `2330`.
    Codes(Vec<String>),
}

/// Monthly revenue at a base URL.
#[derive(Debug, Clone)]
pub struct Twse {
    base_url: String,
    month: Option<Period>,
    companies: Companies,
}

impl Twse {
    /// The newest month, or the page of one.
    pub fn new(base_url: impl Into<String>, month: Option<Period>, companies: Companies) -> Self {
        Self { base_url: base_url.into(), month, companies }
    }

    /// Turns entries into observations.
    fn read(&self, raw: &Raw, entries: &[Entry]) -> Parsed {
        let mut parsed = Parsed::default();
        let mut n_others = 0;
        for entry in entries {
            if !self.wants(&entry.code) {
                n_others += 1;
                continue;
            }
            match entry.observation(raw) {
                Ok(row) => {
                    parsed.read_through = parsed.read_through.max(Some(row.vintage));
                    parsed.observations.push(row);
                }
                Err(reason) => {
                    let period = entry.month.as_ref().ok().copied();
                    parsed.set_aside.push(aside(entry.series(), period, &entry.locator, reason));
                }
            }
        }
        if n_others > 0 {
            let reason =
                format!("{n_others} other companies are in the table, and were not asked for");
            parsed.set_aside.push(aside("twse", None, raw.name.as_str(), reason));
        }
        if let Companies::Codes(codes) = &self.companies {
            for code in codes.iter().filter(|code| !entries.iter().any(|e| e.code == **code)) {
                let reason = format!("company `{code}` is not in the table");
                parsed.set_aside.push(aside(series(code), None, raw.name.as_str(), reason));
            }
        }
        parsed
    }

    fn wants(&self, code: &str) -> bool {
        match &self.companies {
            Companies::All => true,
            Companies::Codes(codes) => codes.iter().any(|wanted| wanted == code),
        }
    }
}

impl Source for Twse {
    fn id(&self) -> &'static str {
        "twse"
    }

    fn requests(&self, _since: NaiveDate) -> Vec<Request> {
        let base = self.base_url.trim_end_matches('/');
        let Some(month) = self.month else {
            return vec![Request::open(format!("{base}/v1/opendata/t187ap05_L"))];
        };
        let (year, month) = (month.start().year(), month.start().month());
        let page = if year >= FIRST_SPLIT_YEAR { "_0" } else { "" };
        let path = format!("nas/t21/sii/t21sc03_{}_{month}{page}.html", year - 1911);
        vec![Request::open(format!("{base}/{path}"))]
    }

    fn parse(&self, raw: &Raw) -> Result<Parsed> {
        let start = raw.bytes.iter().copied().find(|b| !b.is_ascii_whitespace() && b.is_ascii());
        let entries = match start {
            Some(b'[' | b'{') => json(raw)?,
            Some(b'<') => mops::entries(raw)?,
            _ => csv(raw)?,
        };
        if entries.is_empty() {
            return Err(Error::parse(format!("`{}` holds no company", raw.name))
                .hint("a month is published up to the 10th of the next one"));
        }
        if let Some(wanted) = self.month {
            let other =
                entries.iter().find_map(|e| e.month.as_ref().ok().filter(|m| **m != wanted));
            if let Some(found) = other {
                return Err(Error::parse(format!(
                    "`{}` is of the month {found}, asked was {wanted}",
                    raw.name
                )));
            }
        }
        Ok(self.read(raw, &entries))
    }
}

/// One company's month as it stands in a table; amounts in thousand dollars.
struct Entry {
    code: String,
    month: Result<Period, String>,
    table_day: Result<Option<NaiveDate>, String>,
    /// By the name of the column, without its group: `當月營收`.
    cells: BTreeMap<&'static str, String>,
    /// Whether the table names its columns.
    is_named: bool,
    locator: String,
}

/// The columns that are read; in a page they stand in this order.
const COLUMNS: [&str; 8] = [
    THIS_MONTH,
    LAST_MONTH,
    LAST_YEAR,
    ON_MONTH,
    ON_YEAR,
    TO_DATE,
    TO_DATE_LAST_YEAR,
    ON_YEAR_TO_DATE,
];
/// Revenue of the month.
const THIS_MONTH: &str = "當月營收";
/// Revenue of the month before.
const LAST_MONTH: &str = "上月營收";
/// Revenue of the month a year before.
const LAST_YEAR: &str = "去年當月營收";
/// Growth on the month before, in percent.
const ON_MONTH: &str = "上月比較增減(%)";
/// Growth on the year before, in percent.
const ON_YEAR: &str = "去年同月增減(%)";
/// Revenue of the year to date.
const TO_DATE: &str = "當月累計營收";
/// Revenue of the year before, to the same month.
const TO_DATE_LAST_YEAR: &str = "去年累計營收";
/// Growth of the year to date, in percent.
const ON_YEAR_TO_DATE: &str = "前期比較增減(%)";

impl Entry {
    fn series(&self) -> String {
        series(&self.code)
    }

    fn amount(&self, column: &str) -> Result<Option<f64>, String> {
        let text = self.cells.get(column).map_or("", |text| text.trim());
        if ["", "-", "--", "N/A", "不適用"].contains(&text) {
            return Ok(None);
        }
        let number = scaled(&text.replace(',', ""), 0);
        number.map(Some).ok_or_else(|| format!("`{}` in `{column}` is no number", short(text)))
    }

    /// The value, or the reason why there is none.
    fn observation(&self, raw: &Raw) -> Result<Observation, String> {
        let month = self.month.clone()?;
        let table_day = self.table_day.clone()?;
        self.check()?;
        let text = self.cells.get(THIS_MONTH).map_or("", |text| text.trim()).replace(',', "");
        let value = scaled(&text, 3).ok_or_else(|| format!("`{THIS_MONTH}` is blank"))?;
        let read = raw.retrieved_at;
        let deadline = month.end() + Days::new(10);
        let (vintage, basis) = match table_day {
            Some(day) if day > read => {
                return Err(format!("the day of the table, {day}, is to come"));
            }
            Some(day) if day <= deadline + COMPILED_ANEW => (day, VintageBasis::Publication),
            _ if deadline > read => (read, VintageBasis::Retrieved),
            _ => (deadline, VintageBasis::Deadline),
        };
        let source = "Consolidated net revenue, monthly report to the Taiwan Stock Exchange \
                      (due by the 10th of the next month)";
        let origin = Origin {
            source: source.to_owned(),
            unit: Unit::Twd,
            vintage,
            basis,
            retrieved_at: read,
        };
        if origin.vintage <= month.end() {
            return Err(format!("the day of the table, {}, lies in the month", origin.vintage));
        }
        origin.row(&self.series(), month, value, self.locator.as_str()).map_err(|e| e.to_string())
    }

    /// Whether growth rates follow from amounts, and the year to date holds the month.
    fn check(&self) -> Result<(), String> {
        let this_month = self.amount(THIS_MONTH)?.ok_or(format!("`{THIS_MONTH}` is blank"))?;
        let to_date = self.amount(TO_DATE)?;
        let rates = [
            (ON_MONTH, Some(this_month), self.amount(LAST_MONTH)?),
            (ON_YEAR, Some(this_month), self.amount(LAST_YEAR)?),
            (ON_YEAR_TO_DATE, to_date, self.amount(TO_DATE_LAST_YEAR)?),
        ];
        let mut n_confirmed = 0;
        for (column, amount, before) in rates {
            let (Some(rate), Some(amount), Some(before)) = (self.amount(column)?, amount, before)
            else {
                continue;
            };
            if before <= 0.0 || rate.abs() >= GROWTH_CAP {
                continue;
            }
            let found = (amount / before - 1.0) * 100.0;
            // Amounts are rounded to the thousand: that blurs the rates of small companies.
            let blur = GROWTH_TOLERANCE + 100.0 * (amount.abs() / before + 1.0) / before;
            if (found - rate).abs() > blur {
                return Err(format!(
                    "`{column}` says {rate}, {amount} against {before} is {found:.2}: columns are \
                     shifted or broken"
                ));
            }
            n_confirmed += 1;
        }
        if n_confirmed == 0 && !self.is_named {
            return Err("no heading names the columns, and no growth rate confirms them".to_owned());
        }
        let is_january = self.month.as_ref().is_ok_and(|month| month.start().month() == 1);
        match to_date {
            Some(to_date) if is_january && to_date != this_month => {
                Err(format!("`{TO_DATE}` of January is {to_date}, the month {this_month}"))
            }
            // Finance companies can have months below zero: a sum is then less than its part.
            Some(to_date) if to_date < this_month && to_date >= 0.0 && self.is_steady() => {
                Err(format!("`{TO_DATE}` is {to_date}, less than the month's {this_month}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the month before was not below zero.
    fn is_steady(&self) -> bool {
        matches!(self.amount(LAST_MONTH), Ok(Some(amount)) if amount >= 0.0)
    }
}

/// The id of a company's series.
fn series(code: &str) -> String {
    let named = NAMED.iter().find(|(known, _)| *known == code);
    let owner = named.map_or_else(|| format!("twse_{}", slug(code)), |(_, id)| (*id).to_owned());
    format!("{owner}.revenue_monthly")
}

/// The entries of the open data: an array of objects with Chinese keys.
fn json(raw: &Raw) -> Result<Vec<Entry>> {
    let document: Value = serde_json::from_slice(&raw.bytes)
        .map_err(|e| Error::parse(format!("`{}` is not JSON", raw.name)).caused_by(e))?;
    let rows = document.as_array().or_else(|| document.get("data")?.as_array());
    let rows = rows.ok_or_else(|| {
        Error::parse(format!("`{}` is no array of companies", raw.name))
            .hint("give the answer of /v1/opendata/t187ap05_L")
    })?;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    rows.iter()
        .enumerate()
        .map(|(idx, row)| {
            let place = format!("{} entry {}", raw.name, idx + 1);
            let row = row.as_object().ok_or_else(|| {
                Error::parse(format!("`{place}` is no object with the figures of a company"))
            })?;
            entry(row.iter().map(|(key, value)| (key.as_str(), text(value))), place)
        })
        .collect()
}

/// The same table as CSV.
fn csv(raw: &Raw) -> Result<Vec<Entry>> {
    let text = std::str::from_utf8(&raw.bytes).map_err(|e| {
        Error::parse(format!("`{}` is neither JSON, nor a page, nor UTF-8 text", raw.name))
            .caused_by(e)
    })?;
    let cells = Cells::csv(raw.name.as_str(), text)?;
    cells
        .rows()
        .map(|row| {
            let named = cells
                .header()
                .iter()
                .map(|column| (column.as_str(), row.get(column).unwrap_or_default().to_owned()));
            entry(named, format!("{} line {}", raw.name, row.line()))
        })
        .collect()
}

/// An entry of named cells, under whichever spelling of the names.
fn entry<'a>(named: impl Iterator<Item = (&'a str, String)>, locator: String) -> Result<Entry> {
    let named: BTreeMap<String, String> = named.map(|(key, v)| (bare(key), v)).collect();
    let find = |names: &[&str]| names.iter().find_map(|name| named.get(*name)).map(|v| v.trim());
    let needed = |what: &str| {
        let found: Vec<_> = named.keys().map(String::as_str).collect();
        Error::parse(format!("`{locator}` has no `{what}`; found `{}`", short(&found.join(","))))
    };
    let code = find(&["公司代號", "公司代碼"]).ok_or_else(|| needed("公司代號"))?.to_owned();
    let month = find(&["資料年月"]).ok_or_else(|| needed("資料年月"))?;
    let day = find(&["出表日期"]).unwrap_or_default();
    if !named.contains_key(THIS_MONTH) {
        return Err(needed(THIS_MONTH));
    }
    Ok(Entry {
        code,
        month: roc_month(month).ok_or_else(|| format!("`{}` is no month", short(month))),
        table_day: match day {
            "" => Ok(None),
            day => roc_day(day).map(Some).ok_or_else(|| format!("`{}` is no day", short(day))),
        },
        cells: COLUMNS
            .iter()
            .filter_map(|column| Some((*column, named.get(*column)?.clone())))
            .collect(),
        is_named: true,
        locator,
    })
}

/// The name of a column without its group, its spaces and its wide forms: `營業收入-當月營收` and
/// `當月營收` are one.
fn bare(name: &str) -> String {
    let plain: String = name
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '\u{feff}')
        .map(|c| match c {
            '（' => '(',
            '）' => ')',
            '％' => '%',
            '－' | '—' | '–' | '_' => '-',
            c => c,
        })
        .collect();
    let last = plain.rsplit('-').next().unwrap_or(&plain);
    let with_unit = format!("{}(%)", last.trim_end_matches('%'));
    if COLUMNS.contains(&with_unit.as_str()) { with_unit } else { last.to_owned() }
}

/// A month counted from the founding of the Republic: `11508`, `115/8`, `115/08`.
fn roc_month(text: &str) -> Option<Period> {
    let (year, month) = match text.split_once(['/', '-']) {
        Some(parts) => parts,
        None => text.split_at_checked(text.len().checked_sub(2)?)?,
    };
    Period::months(roc_year(year)?, month.parse().ok()?, 1)
}

/// A day counted from the founding of the Republic: `1150910`, `115/09/10`.
fn roc_day(text: &str) -> Option<NaiveDate> {
    let parts: Vec<&str> = text.split(['/', '-']).collect();
    let (year, month, day) = match parts[..] {
        [year, month, day] => (year, month, day),
        [joined] => {
            let (rest, day) = joined.split_at_checked(joined.len().checked_sub(2)?)?;
            let (year, month) = rest.split_at_checked(rest.len().checked_sub(2)?)?;
            (year, month, day)
        }
        _ => return None,
    };
    NaiveDate::from_ymd_opt(roc_year(year)?, month.parse().ok()?, day.parse().ok()?)
}

/// The common year of a year of the Republic.
fn roc_year(text: &str) -> Option<i32> {
    let year: i32 = text.trim().parse().ok()?;
    (1..=289).contains(&year).then_some(year + 1911)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_of_the_republic_are_read() {
        let month = |year, month| Period::months(year, month, 1);
        assert_eq!(["11510", "115/10"].map(roc_month), [month(2026, 10); 2]);
        assert_eq!(roc_month("9912"), month(2010, 12));
        assert_eq!(["11513", "202610", "", "1"].map(roc_month), [None; 4]);
        let day = NaiveDate::from_ymd_opt(2026, 11, 10);
        assert_eq!(["1151110", "115/11/10"].map(roc_day), [day; 2]);
        assert_eq!(["1151131", "20261110", "", "1151"].map(roc_day), [None; 4]);
    }

    #[test]
    fn one_column_has_many_spellings() {
        assert_eq!(bare("營業收入-當月營收"), THIS_MONTH);
        assert_eq!(bare("營業收入－去年同月增減（％）"), ON_YEAR);
        assert_eq!(bare("去年同月增減％"), ON_YEAR);
        assert_eq!(bare("累計營業收入-當月累計營收"), TO_DATE);
    }
}
