//! The columns of a release's tables: headers have changed, and so have the names of the files.
//!
//! May use the core files and `rows`. What a table holds is told by its columns and periods:
//! `Owner` makes purchases of sales, and a row over more than one quarter makes stocks of flows.

use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate};
use regex::Regex;

use super::rows::{Grain, Key, Triple, chip_id, owner_id};
use crate::cells::{Cells, Row as CellsRow, iso_date, short};
use crate::error::Result;
use crate::period::{Frequency, Period};
use crate::units::scaled;

/// Longest period of a single quarter, in days.
const QUARTER_DAYS: i64 = 100;

/// Which columns of a table hold what.
pub(super) struct Columns {
    maker: String,
    owner: Option<String>,
    chip: Option<String>,
    start: String,
    end: String,
    h100e: Named,
    units: Named,
    power_mw: Named,
    power_w: Named,
    states_series_start: bool,
}

/// The columns of a median and its percentiles.
struct Named([Option<String>; 3]);

impl Columns {
    pub(super) fn of(cells: &Cells) -> Option<Self> {
        let find = |names: &[&str]| {
            let is = |column: &&String| names.contains(&column.to_lowercase().as_str());
            cells.header().iter().find(is).cloned()
        };
        let named = |medians: &[&str], stems: &[&str]| {
            let with = |ending: &str| -> Option<String> {
                stems.iter().find_map(|stem| find(&[&format!("{stem} ({ending})")]))
            };
            let median = with("median").or_else(|| find(medians));
            Named([median, with("5th percentile"), with("95th percentile")])
        };
        let h100e =
            ["compute estimate in h100e", "h100e compute power", "h100e", "h100 equivalents"];
        Some(Self {
            maker: find(&["chip manufacturer", "designer", "manufacturer"])?,
            owner: find(&["owner"]),
            chip: find(&["chip type"]),
            start: find(&["start date", "series start date"])?,
            end: find(&["end date"])?,
            h100e: named(&["compute estimate in h100e"], &h100e).or_nothing()?,
            units: named(&["number of units"], &["number of units"]),
            power_mw: named(&["power in mw", "power (mw)"], &["power in mw", "power (mw)"]),
            power_w: named(&["total tdp (w)"], &["total tdp (w)"]),
            states_series_start: find(&["series start date"]).is_some(),
        })
    }

    /// Whether rows count all chips up to a day: one that covers more than a quarter says so for
    /// all, and so does a column or a name.
    pub(super) fn hold_stocks(&self, cells: &Cells) -> bool {
        let says = |row: CellsRow<'_>| {
            let is_long = self.period(row).is_ok_and(|period| period.n_days() > QUARTER_DAYS);
            is_long || row.get("Name").is_some_and(|name| name.contains("cumulative"))
        };
        self.states_series_start
            || file_name(cells.name()).contains("cumulative")
            || cells.rows().any(says)
    }

    pub(super) fn period(&self, row: CellsRow<'_>) -> Result<Period, String> {
        let date = |column: &str| {
            let text = row.get(column).unwrap_or_default();
            day(text).ok_or_else(|| format!("`{}` in `{column}` is no date", short(text)))
        };
        Period::new(date(&self.start)?, date(&self.end)?).map_err(|e| e.to_string())
    }

    /// Whose chips a row counts.
    pub(super) fn key(
        &self,
        row: CellsRow<'_>,
        period: Period,
        holds_stocks: bool,
    ) -> Result<Key, String> {
        let text = |column: &str| row.get(column).unwrap_or_default();
        let is_baseline = row.get("Notes").is_some_and(|notes| notes.starts_with("Other = Total"));
        let owner = self.owner.as_deref().map(|column| match owner_id(text(column)) {
            // From the baseline the named owners are not yet taken out.
            owner if owner == "other" && is_baseline => "other_incl_named".to_owned(),
            owner => owner,
        });
        let maker = owner_id(text(&self.maker));
        let chip = self.chip.as_deref().map(|column| chip_id(text(column)));
        if maker.is_empty() || [&owner, &chip].iter().any(|id| id.as_deref() == Some("")) {
            return Err("maker, owner or chip is blank".to_owned());
        }
        let grain = match (holds_stocks, period.frequency()) {
            (true, _) => Grain::Stock,
            (false, Some(Frequency::Quarter)) if is_calendar_quarter(period) => Grain::Quarter,
            (false, Some(Frequency::Quarter)) => Grain::FiscalQuarter,
            (false, _) => return Err(format!("{period} is no quarter")),
        };
        Ok(Key { owner, maker, chip, grain })
    }

    /// H100 equivalents, units and power of a row.
    pub(super) fn measures(&self, row: CellsRow<'_>) -> Result<[Triple; 3], String> {
        let h100e = self.h100e.read(row, 0)?;
        let units = self.units.read(row, 0)?;
        let power_mw = self.power_mw.read(row, 6)?;
        let power_w = self.power_w.read(row, 0)?;
        let power = if power_mw.median.is_some() { power_mw } else { power_w };
        Ok([h100e, units, power])
    }
}

impl Named {
    fn or_nothing(self) -> Option<Self> {
        self.0[0].is_some().then_some(self)
    }

    /// The three numbers of a row, their points moved by `places`; blank cells are nothing.
    fn read(&self, row: CellsRow<'_>, places: i32) -> Result<Triple, String> {
        let number = |column: &Option<String>| {
            let Some(column) = column else { return Ok(None) };
            let text = row.get(column).unwrap_or_default();
            if text.is_empty() {
                return Ok(None);
            }
            let number = scaled(text, places);
            number.map(Some).ok_or_else(|| format!("`{}` in `{column}` is no number", short(text)))
        };
        let [median, p05, p95] = &self.0;
        Ok(Triple { median: number(median)?, p05: number(p05)?, p95: number(p95)? })
    }
}

/// The day on which an estimate was made, as its notes say: month first, or ISO.
pub(super) fn generated(notes: &str) -> Option<NaiveDate> {
    static STAMP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[Gg]enerated on:? +(?:(\d{1,2})-(\d{1,2})-(\d{4})|(\d{4})-(\d{2})-(\d{2}))")
            .expect("a checked pattern")
    });
    let found = STAMP.captures(notes)?;
    let number = |idx: usize| found.get(idx).and_then(|text| text.as_str().parse::<u32>().ok());
    let [year, month, day] = if found.get(1).is_some() { [3, 1, 2] } else { [4, 5, 6] }.map(number);
    NaiveDate::from_ymd_opt(i32::try_from(year?).ok()?, month?, day?)
}

/// A day as ISO, or month first as in the United States: `3/31/2024`, `3/31/24`.
fn day(text: &str) -> Option<NaiveDate> {
    if let Some(day) = iso_date(text) {
        return Some(day);
    }
    let parts: Vec<u32> = text.split('/').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [month, day, year] = parts[..] else { return None };
    let year = if year < 100 { year + 2000 } else { year };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn is_calendar_quarter(period: Period) -> bool {
    let after = period.end() + Days::new(1);
    let begins = |day: NaiveDate| day.day() == 1 && day.month0().is_multiple_of(3);
    begins(period.start()) && begins(after)
}

/// The last part of a name, which is a path, a URL or a place in a zip file.
pub(super) fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_iso_or_month_first() {
        let date = |text: &str| text.parse::<NaiveDate>().ok();
        assert_eq!(day("3/31/2024"), date("2024-03-31"));
        assert_eq!((day("1/1/24"), day("2024-01-01")), (date("2024-01-01"), date("2024-01-01")));
        assert_eq!((day("31/3/2024"), day("2024"), day("")), (None, None, None));
        let stamps = ["Estimates generated on: 04-03-2026 14:15", "Generated on 2026-04-03 14:15"];
        assert_eq!(stamps.map(generated), [date("2026-04-03"); 2]);
    }
}
