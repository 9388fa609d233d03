//! StatCounter Global Stats: shares of operating systems by month, as CSV in its two forms.
//!
//! May use the core files and `origin`. A range of months has a row a month, a single month a row
//! a system. Versions are added up to their system. The share of visits whose system is unknown
//! has drifted (desktop: 4.5 % in 2024-09, 21.5 % in 2026-06), which is no erosion of the known
//! ones; so each known system comes three times: as published (all of the unknown is something
//! else), `.known` (renormalised on the known systems) and `.high` (all of the unknown is this
//! system). Months are revised later without a mark: a value counts from the day on which it was
//! read, unless the caller states the day.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::origin::{Origin, aside, slug};
use super::{Parsed, Raw, Request, Source};
use crate::cells::{Cells, short};
use crate::error::{Error, Result};
use crate::period::Period;
use crate::units::{Unit, scaled};

/// Where the shares are served.
pub const BASE_URL: &str = "https://gs.statcounter.com";
/// Names of months as the header of a single month begins them.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// How far the shares of a month may add up to more or less than 100 %.
const SUM_TOLERANCE: f64 = 1.0;
/// Android and iOS on desktops are slips; beyond this share, phones are mixed in.
const PHONES_ON_DESKTOPS_MAX: f64 = 10.0;

/// Which devices are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// Desktops and laptops.
    Desktop,
    /// Phones.
    Mobile,
    /// Tablets.
    Tablet,
    /// All of them together.
    All,
}

impl Market {
    /// The owner part of its series.
    fn owner(self) -> &'static str {
        match self {
            Self::Desktop => "desktop_os",
            Self::Mobile => "mobile_os",
            Self::Tablet => "tablet_os",
            Self::All => "all_os",
        }
    }

    /// Its name on the site: in paths, and as people read it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Desktop => ("desktop", "Desktop"),
            Self::Mobile => ("mobile", "Mobile"),
            Self::Tablet => ("tablet", "Tablet"),
            Self::All => ("desktop+mobile+tablet", "All devices"),
        }
    }
}

/// The worldwide shares of one kind of device.
#[derive(Debug, Clone)]
pub struct StatCounter {
    base_url: String,
    market: Market,
    months: (Period, Period),
    published: Option<NaiveDate>,
}

impl StatCounter {
    /// The source at a base URL, for the months from one to another; `published` is the day on
    /// which the figures were on show, where it is known.
    pub fn new(
        base_url: impl Into<String>,
        market: Market,
        months: (Period, Period),
        published: Option<NaiveDate>,
    ) -> Self {
        Self { base_url: base_url.into(), market, months, published }
    }

    fn month(&self, month: &Month<'_>, origin: &Origin, parsed: &mut Parsed) -> Result<()> {
        let owner = self.market.owner();
        let period = month.period;
        let shares = match month.systems(self.market, origin.vintage) {
            Ok(shares) => shares,
            Err(reason) => {
                let id = format!("{owner}.share");
                parsed.set_aside.push(aside(id, Some(period), &month.locator, reason));
                return Ok(());
            }
        };
        let mut add = |origin: &Origin, system: &str, percent: f64| -> Result<()> {
            let id = format!("{owner}.share.{system}");
            let row = origin.row(&id, period, ratio(percent), month.locator.as_str())?;
            parsed.observations.push(row);
            Ok(())
        };
        let known = origin.noting("renormalised on the known systems");
        let high = origin.noting("all of the unknown added");
        let unknown = shares.get(UNKNOWN).copied();
        for (system, percent) in &shares {
            add(origin, system, *percent)?;
            let Some(unknown) = unknown.filter(|_| ![UNKNOWN, OTHER].contains(&system.as_str()))
            else {
                continue;
            };
            add(&known, &format!("{system}.known"), percent / (100.0 - unknown) * 100.0)?;
            add(&high, &format!("{system}.high"), percent + unknown)?;
        }
        if unknown.is_none() {
            let reason = "no column for unknown systems: nothing to renormalise, no bounds";
            let id = format!("{owner}.share.unknown");
            parsed.set_aside.push(aside(id, Some(period), &month.locator, reason));
        }
        Ok(())
    }
}

impl Source for StatCounter {
    fn id(&self) -> &'static str {
        "statcounter"
    }

    fn requests(&self, _since: NaiveDate) -> Vec<Request> {
        let (path, name) = self.market.names();
        let (from, to) = (self.months.0.start(), self.months.1.start());
        let (dashed, joined) = ("%Y-%m", "%Y%m");
        vec![Request::open(format!(
            "{}/os-market-share/{path}/worldwide/chart.php?device={}&device_hidden={path}\
             &statType_hidden=os_combined&region_hidden=ww&granularity=monthly\
             &statType=Operating%20System&region=Worldwide&fromInt={}&toInt={}\
             &fromMonthYear={}&toMonthYear={}&csv=1",
            self.base_url.trim_end_matches('/'),
            name.replace(' ', "%20"),
            from.format(joined),
            to.format(joined),
            from.format(dashed),
            to.format(dashed),
        ))]
    }

    fn parse(&self, raw: &Raw) -> Result<Parsed> {
        let text = std::str::from_utf8(&raw.bytes)
            .map_err(|e| Error::parse(format!("`{}` is not UTF-8 text", raw.name)).caused_by(e))?;
        let cells = Cells::csv(raw.name.as_str(), text)?;
        let source = format!(
            "StatCounter Global Stats, {}, worldwide; the unknown systems are in other",
            self.market.names().1.to_lowercase()
        );
        let origin = Origin::stated_or_retrieved(source, Unit::Ratio, self.published, raw);
        let mut parsed = Parsed { read_through: Some(origin.vintage), ..Parsed::default() };
        let months = match cells.header() {
            [date, ..] if date == "Date" => range(&cells, &mut parsed)?,
            [_, share] if share.starts_with("Market Share") => vec![single(&cells, share)?],
            header => return Err(neither_form(&cells, header)),
        };
        for month in &months {
            self.month(month, &origin, &mut parsed)?;
        }
        Ok(parsed)
    }
}

/// The bucket of visits whose system is unknown.
const UNKNOWN: &str = "unknown";
/// Everything that is none of the systems named, the unknown among it.
const OTHER: &str = "other";

/// The shares of one month as they stand in the file.
struct Month<'a> {
    period: Period,
    cells: Vec<(&'a str, &'a str)>,
    locator: String,
}

impl Month<'_> {
    /// Percent by system, or why the month cannot be used.
    fn systems(&self, market: Market, vintage: NaiveDate) -> Result<BTreeMap<String, f64>, String> {
        if self.period.end() >= vintage {
            return Err(format!("the month was not over on {vintage}"));
        }
        let mut shares: BTreeMap<String, f64> = BTreeMap::new();
        let (mut sum, mut other) = (0.0, 0.0);
        for (name, text) in &self.cells {
            let share = if text.is_empty() { Some(0.0) } else { scaled(text, 0) };
            let share = share.filter(|share| (0.0..=100.0).contains(share)).ok_or_else(|| {
                format!("`{}` for `{}` is no share in percent", short(text), short(name))
            })?;
            sum += share;
            match system(name) {
                Some(system) => *shares.entry(system.to_owned()).or_default() += share,
                None => other += share,
            }
        }
        if (sum - 100.0).abs() > SUM_TOLERANCE {
            return Err(format!("the shares add up to {sum:.2}, needed 100"));
        }
        let of = |name: &str| shares.get(name).copied().unwrap_or_default();
        let phones = of("android") + of("ios");
        if market == Market::Desktop && phones > PHONES_ON_DESKTOPS_MAX {
            return Err(format!("Android and iOS have {phones:.2} %: no desktops"));
        }
        other += of(UNKNOWN);
        shares.insert(OTHER.to_owned(), other);
        Ok(shares)
    }
}

/// A row a month: `"Date","Win10","OS X",...`.
fn range<'a>(cells: &'a Cells, parsed: &mut Parsed) -> Result<Vec<Month<'a>>> {
    let mut months: Vec<Month<'a>> = Vec::new();
    for row in cells.rows() {
        let text = row.text("Date")?;
        let locator = row.place("Date");
        let Some(period) = year_and_month(text) else {
            return Err(row
                .unusable("Date", "a month such as 2026-08")
                .hint("ask for monthly figures; days, weeks, quarters and years are not read"));
        };
        if months.iter().any(|month| month.period == period) {
            let reason = format!("`{text}` stands twice");
            parsed.set_aside.push(aside("share", Some(period), locator, reason));
            continue;
        }
        let systems = cells.header().iter().skip(1);
        let cells = systems.map(|name| (name.as_str(), row.get(name).unwrap_or_default()));
        months.push(Month { period, cells: cells.collect(), locator });
    }
    Ok(months)
}

/// A row a system: `"OS","Market Share Perc. (Nov 2025)"`.
fn single<'a>(cells: &'a Cells, header: &str) -> Result<Month<'a>> {
    let inside = header.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let stated = inside.map_or("", |(inside, _)| inside.trim());
    let period = stated.split_once(' ').and_then(|(name, year)| {
        let name = name.to_lowercase();
        let month = MONTHS.iter().position(|month| name.starts_with(month))?;
        Period::months(four_digits(year)?, u32::try_from(month).ok()? + 1, 1)
    });
    let period = period.ok_or_else(|| {
        Error::parse(format!(
            "`{}` line 1: found `{}`, needed one month such as `(Nov 2025)`",
            cells.name(),
            short(header)
        ))
        .hint("the mean of several months is no month's share; ask for a range with a row a month")
    })?;
    let name = &cells.header()[0];
    let rows = cells
        .rows()
        .map(|row| (row.get(name).unwrap_or_default(), row.get(header).unwrap_or_default()));
    Ok(Month { period, cells: rows.collect(), locator: format!("`{}`, {stated}", cells.name()) })
}

/// The system that a column or row counts; nothing where it is none of note.
fn system(name: &str) -> Option<&'static str> {
    let slug = slug(name);
    let starts = |words: &[&str]| words.iter().any(|word| slug.starts_with(word));
    let is = |words: &[&str]| words.contains(&slug.as_str());
    if starts(&["windows_phone", "windows_mobile", "winphone", "windows_ce"]) {
        return Some("windows_phone");
    }
    Some(match () {
        () if starts(&["win"]) => "windows",
        () if starts(&["os_x", "macos", "mac_os", "osx"]) => "macos",
        () if starts(&["chrome_os", "chromeos"]) => "chromeos",
        () if starts(&["ios", "ipados"]) => "ios",
        () if starts(&["android"]) => "android",
        () if starts(&["linux", "ubuntu"]) => "linux",
        () if starts(&["playstation"]) => "playstation",
        () if starts(&["xbox"]) => "xbox",
        () if is(&["kaios"]) => "kaios",
        () if is(&["samsung"]) => "samsung",
        () if starts(&["blackberry"]) => "blackberry",
        () if starts(&["symbian"]) => "symbian",
        () if starts(&["series_40", "nokia"]) => "nokia",
        () if is(&["unknown"]) => UNKNOWN,
        () => return None,
    })
}

/// A month written 2026-08.
fn year_and_month(text: &str) -> Option<Period> {
    let (year, month) = text.split_once('-').filter(|(_, month)| month.len() == 2)?;
    Period::months(four_digits(year)?, month.parse().ok()?, 1)
}

fn four_digits(text: &str) -> Option<i32> {
    text.trim().parse().ok().filter(|year| (1990..=2200).contains(year))
}

/// A share as a ratio: the published hundredths of a percent, and what is computed of them to the
/// same number of digits and two more.
fn ratio(percent: f64) -> f64 {
    scaled(&format!("{percent:.4}"), -2).unwrap_or(f64::NAN)
}

fn neither_form(cells: &Cells, header: &[String]) -> Error {
    Error::parse(format!(
        "`{}` line 1: found `{}`, needed `Date` and the systems, or `OS` and `Market Share Perc. \
         (Nov 2025)`",
        cells.name(),
        short(&header.join(","))
    ))
    .hint("in a browser: gs.statcounter.com, Edit Chart Data, Download Data (.csv)")
}

/// The last month that is over on a day.
pub fn last_month_over(day: NaiveDate) -> Option<Period> {
    let (year, month) = (day.year(), day.month());
    if month == 1 { Period::months(year - 1, 12, 1) } else { Period::months(year, month - 1, 1) }
}
