//! A market: named members, the whole that they share, and what may be anybody's.
//!
//! May use the core files. The only reader of `datasets/markets.toml`, which is compiled in. Every share
//! has the latest vintage of its inputs; never lets a value be seen before its day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use chrono::{Days, NaiveDate};
use serde::Deserialize;

use crate::archive::{Archive, Batch, Snapshot};
use crate::error::{Error, Result};
use crate::observation::{Observation, VintageBasis};
use crate::period::{Frequency, Period};
use crate::series::SeriesId;
use crate::units::Unit;

const BUNDLED: &str = include_str!("../../datasets/markets.toml");
/// Months in a quarter (definition).
const MONTHS_PER_QUARTER: u32 = 3;
/// What the shares of one period may exceed the whole by: sources round, and restate one by one.
const ROUNDING: f64 = 0.02;

/// A market as its file describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Market {
    /// Its name on the command line.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What the members' series hold.
    pub basis: Basis,
    /// Who shares it.
    pub members: Vec<Member>,
    /// Parts of the whole that may be anybody's.
    #[serde(default)]
    unknown: Vec<String>,
    /// Whether losing it presses the companies that own the members' series to buy machines.
    #[serde(default)]
    presses: bool,
    /// From which day values of unknown day count as public.
    pub dating: Option<Dating>,
    /// What a reader must know.
    pub note: String,
}

/// What the members' series hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Shares of the whole, as published.
    Shares,
    /// Amounts that add up to the whole.
    Amounts,
}

/// One who shares a market.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its name.
    pub name: String,
    series: String,
    units: Option<String>,
}

/// From which day a value whose day is unknown counts as public.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dating {
    /// Days after the end of its period.
    pub days: u64,
    /// Why so many.
    pub source: String,
}

/// What becomes of the unknown part of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Left out: shares are of what is known.
    LeftOut,
    /// None of it is the member's: the lower bound.
    NotTheirs,
    /// All of it is the member's: the upper bound.
    Theirs,
}

impl Unknown {
    /// All three.
    pub const ALL: [Self; 3] = [Self::LeftOut, Self::NotTheirs, Self::Theirs];

    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::LeftOut => "unknown_left_out",
            Self::NotTheirs => "unknown_not_theirs",
            Self::Theirs => "unknown_all_theirs",
        }
    }
}

/// A market's odds as an archive of their own.
#[derive(Clone)]
pub struct Odds {
    /// One series a member, named by [`Member::odds`]: `share / (1 - share)`.
    pub archive: Archive,
    /// Values of inputs.
    pub n_values: usize,
    /// Of these, values whose day was taken from [`Dating`].
    pub n_dated: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "schema_version")]
    _schema_version: u32,
    market: Vec<Market>,
}

/// The share that odds stand for: `odds / (1 + odds)`.
pub fn share(odds: f64) -> f64 {
    odds / (1.0 + odds)
}

/// The odds of a share: `share / (1 - share)`; `None` unless it lies between 0 and 1.
pub fn odds(share: f64) -> Option<f64> {
    (share > 0.0 && share < 1.0).then(|| share / (1.0 - share))
}

impl Member {
    /// The series that holds its share or amount.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the file names no series id.
    pub fn series(&self) -> Result<SeriesId> {
        SeriesId::new(&self.series)
    }

    /// The id of its odds, in the archive that [`Market::odds`] makes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if its name is no part of an id.
    pub fn odds(&self) -> Result<SeriesId> {
        SeriesId::new(&format!("{}.odds", self.name))
    }

    /// Units sold, where a series holds them.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the file names no series id.
    pub fn units(&self) -> Result<Option<SeriesId>> {
        self.units.as_deref().map(SeriesId::new).transpose()
    }
}

impl Market {
    /// Every market of the file.
    pub fn all() -> &'static [Self] {
        static MARKETS: OnceLock<Vec<Market>> = OnceLock::new();
        MARKETS.get_or_init(|| {
            let file: File =
                toml::from_str(BUNDLED).expect("the bundled file is checked by a test");
            file.market
        })
    }

    /// A market by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the names that there are.
    pub fn named(name: &str) -> Result<&'static Self> {
        Self::all().iter().find(|market| market.name == name).ok_or_else(|| {
            let known: Vec<_> = Self::all().iter().map(|market| market.name.as_str()).collect();
            Error::not_found(format!("no market `{name}`"))
                .hint(format!("the markets are {}", known.join(", ")))
        })
    }

    /// The market whose loss presses a company to buy machines, and the company's place in it.
    pub fn pressing(company: &str) -> Option<(&'static Self, &'static Member)> {
        let pressing = Self::all().iter().filter(|market| market.presses);
        let mut places =
            pressing.flat_map(|market| market.members.iter().map(move |member| (market, member)));
        places.find(|(_, member)| member.series().is_ok_and(|series| series.owner() == company))
    }

    /// A member by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`] with the names that there are.
    pub fn member(&self, name: &str) -> Result<&Member> {
        self.members.iter().find(|member| member.name == name).ok_or_else(|| {
            let known: Vec<_> = self.members.iter().map(|member| member.name.as_str()).collect();
            Error::not_found(format!("no member `{name}` in the market `{}`", self.name))
                .hint(format!("its members are {}", known.join(", ")))
        })
    }

    /// Whether a part of the market may be anybody's.
    pub fn has_unknown(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// The odds of every member, each with every vintage that its inputs make.
    ///
    /// With shares `sᵢ` and unknown parts `u` as published, the share is `sᵢ/(1−u)`, `sᵢ` or `sᵢ+u`; of
    /// amounts it is `aᵢ/Σa`, where every member is known. Fiscal quarters count as the calendar quarter
    /// that holds their middle. A share of 0 or 1 has no odds, and no row.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the archive lacks a series; [`Error::Invalid`] if shares add up to more
    /// than the whole; [`Error::Insufficient`] if no period has a share.
    pub fn odds(&self, known: &Archive, unknown: Unknown) -> Result<Odds> {
        self.odds_from(|id| known.vintages(id), known.known_through(), unknown)
    }

    /// [`Market::odds`] of what was public on the snapshot's day.
    ///
    /// # Errors
    /// As [`Market::odds`].
    pub fn odds_known(&self, known: &Snapshot, unknown: Unknown) -> Result<Odds> {
        self.odds_from(|id| known.vintages(id), known.as_of(), unknown)
    }

    fn odds_from(
        &self,
        vintages: impl Fn(&SeriesId) -> Result<Vec<Observation>>,
        known_through: NaiveDate,
        unknown: Unknown,
    ) -> Result<Odds> {
        let mut inputs = Vec::new();
        let (mut n_values, mut n_dated) = (0, 0);
        let ids = self.inputs()?;
        for id in &ids {
            let rows = vintages(id).map_err(|e| {
                let needed: Vec<_> = ids.iter().map(SeriesId::as_str).collect();
                e.within(format!("market `{}`", self.name)).hint(format!(
                    "needed are {}: `chipcast data import FILE`, or `chipcast ingest filing FILE \
                     --company TICKER --filed DATE` where filings hold them",
                    needed.join(", ")
                ))
            })?;
            n_values += rows.len();
            let kept: Vec<_> = rows.iter().map(|row| self.dated(row, &rows)).collect();
            n_dated += kept.iter().zip(&rows).filter(|(a, b)| a.vintage != b.vintage).count();
            inputs.extend(kept);
        }
        let no_share = || {
            let what = "has a share of every member";
            Error::insufficient(format!("no period of the market `{}` {what}", self.name))
        };
        if inputs.is_empty() {
            return Err(no_share());
        }
        let mut touched: BTreeMap<NaiveDate, BTreeSet<Period>> = BTreeMap::new();
        for row in &inputs {
            touched.entry(row.vintage).or_default().insert(row.period);
        }
        let batch = Batch { observations: inputs, announcements: Vec::new(), known_through };
        let dated = Archive::of(batch)?;
        let mut rows: Vec<Observation> = Vec::new();
        for (day, periods) in touched.range(..=known_through) {
            let table = self.table(&dated.as_of(*day)?)?;
            for period in periods {
                rows.extend(self.odds_of(&table, *period, *day, unknown)?);
            }
        }
        if rows.is_empty() {
            return Err(no_share());
        }
        let batch = Batch { observations: rows, announcements: Vec::new(), known_through };
        Ok(Odds { archive: Archive::of(batch)?, n_values, n_dated })
    }

    fn inputs(&self) -> Result<Vec<SeriesId>> {
        let members = self.members.iter().map(|member| member.series.as_str());
        members.chain(self.unknown.iter().map(String::as_str)).map(SeriesId::new).collect()
    }

    /// A row on the calendar's period; one of unknown day takes the market's dating, unless an
    /// earlier print of the same period has a day of its own.
    fn dated(&self, row: &Observation, rows: &[Observation]) -> Observation {
        let mut row = row.clone();
        let is_unknown = |row: &Observation| row.vintage_basis == VintageBasis::Retrieved;
        let is_printed = rows.iter().any(|other| other.period == row.period && !is_unknown(other));
        if let Some(dating) = self.dating.as_ref().filter(|_| is_unknown(&row) && !is_printed) {
            row.vintage = row.vintage.min(row.period.end() + Days::new(dating.days));
        }
        if row.period.frequency() == Some(Frequency::Quarter) {
            let (year, quarter) = row.period.calendar_quarter();
            let first = (quarter - 1) * MONTHS_PER_QUARTER + 1;
            let calendar = Period::months(year, first, MONTHS_PER_QUARTER);
            row.period = calendar.unwrap_or(row.period);
        }
        row
    }

    /// What is known on a day: by period, one value an input.
    fn table(&self, known: &Snapshot) -> Result<BTreeMap<Period, Vec<Option<f64>>>> {
        let inputs = self.inputs()?;
        let mut table: BTreeMap<Period, Vec<Option<f64>>> = BTreeMap::new();
        for (at, id) in inputs.iter().enumerate() {
            for point in known.series(id)?.points {
                let values = table.entry(point.period).or_insert_with(|| vec![None; inputs.len()]);
                values[at] = Some(point.value);
            }
        }
        Ok(table)
    }

    fn odds_of(
        &self,
        table: &BTreeMap<Period, Vec<Option<f64>>>,
        period: Period,
        vintage: NaiveDate,
        unknown: Unknown,
    ) -> Result<Vec<Observation>> {
        let values = table.get(&period).map(Vec::as_slice).unwrap_or_default();
        let mut rows = Vec::new();
        for (member, share) in self.members.iter().zip(self.shares(values, period, unknown)?) {
            let Some(odds) = share.and_then(odds) else { continue };
            rows.push(Observation {
                series: member.odds()?,
                period,
                value: odds,
                unit: Unit::Ratio,
                vintage: vintage.max(period.start()),
                vintage_basis: VintageBasis::Stated,
                source: format!("odds of the share, from {}", member.series),
                locator: format!("market {}", self.name),
                retrieved_at: vintage,
            });
        }
        Ok(rows)
    }

    /// The share of every member in one period; none where an input is missing.
    fn shares(
        &self,
        values: &[Option<f64>],
        period: Period,
        unknown: Unknown,
    ) -> Result<Vec<Option<f64>>> {
        let (own, rest) = values.split_at(self.members.len().min(values.len()));
        let sum = |values: &[Option<f64>]| values.iter().flatten().sum::<f64>();
        let none = || Ok(vec![None; self.members.len()]);
        if self.basis == Basis::Amounts {
            let is_whole = own.iter().all(|value| value.is_some_and(|v| v >= 0.0));
            let whole = sum(own);
            let shares = own.iter().map(|value| value.map(|v| v / whole)).collect();
            return if is_whole && whole > 0.0 { Ok(shares) } else { none() };
        }
        let total = sum(values);
        if total > 1.0 + ROUNDING {
            return Err(Error::invalid(format!(
                "shares of `{}` add up to {total:.4} in {period}; needed is 1 at most",
                self.name
            )));
        }
        if rest.iter().any(Option::is_none) {
            return none();
        }
        let (u, is_ratio) = (sum(rest), |s: f64| (0.0..=1.0).contains(&s));
        let share = |s: f64| match unknown {
            Unknown::LeftOut => s / (1.0 - u),
            Unknown::NotTheirs => s,
            Unknown::Theirs => s + u,
        };
        Ok(own.iter().map(|value| value.map(share).filter(|s| is_ratio(*s))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_markets_name_series_and_members() {
        for market in Market::all() {
            assert!(market.members.len() > 1, "{}", market.name);
            for member in &market.members {
                member.odds().expect("a name");
                member.units().expect("an id");
            }
            market.inputs().expect("ids");
        }
    }

    #[test]
    fn the_unknown_bucket_is_bounded_by_hand() {
        let market = Market::named("desktop_os").expect("a market");
        let period = Period::months(2026, 6, 1).expect("a month");
        // StatCounter's June 2026, in hundredths: Windows, macOS, Linux, ChromeOS, unknown.
        let values = [0.5654, 0.164, 0.0439, 0.0121, 0.2147].map(Some);
        let windows = |unknown| market.shares(&values, period, unknown).expect("shares")[0];
        let close = |found: Option<f64>, by_hand: f64| {
            assert!((found.expect("a share") - by_hand).abs() < 1e-4, "{found:?} {by_hand}");
        };
        close(windows(Unknown::LeftOut), 0.7200);
        close(windows(Unknown::NotTheirs), 0.5654);
        close(windows(Unknown::Theirs), 0.7801);
        let too_much = [0.9, 0.1, 0.1, 0.0, 0.0].map(Some);
        assert!(market.shares(&too_much, period, Unknown::LeftOut).is_err());
        let missing = [Some(0.5), None, None, None, None];
        assert_eq!(market.shares(&missing, period, Unknown::Theirs).expect("none")[0], None);
    }

    #[test]
    fn amounts_need_every_member() {
        let market = Market::named("data_center_filed").expect("a market");
        let period = Period::months(2025, 1, 3).expect("a quarter");
        let shares = |values: [Option<f64>; 3]| {
            market.shares(&values, period, Unknown::LeftOut).expect("shares")
        };
        assert_eq!(shares([Some(6.0), Some(1.0), Some(1.0)])[0], Some(0.75));
        assert_eq!(shares([Some(6.0), None, Some(1.0)])[0], None);
    }
}
