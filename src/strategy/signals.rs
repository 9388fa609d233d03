//! What presses on a company, as it was known on a day.
//!
//! May use the core files, `forecast`'s history and outlook, `filed` and `situation`'s sums. Every
//! signal is read from one snapshot; what is not known is missing, never filled.

use chrono::{Days, NaiveDate};

use super::filed::filed;
use super::situation::{panel, year_to};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::guidance::same_period;
use crate::forecast::history::{History, Scale};
use crate::forecast::outlook::{open_outlook, outlooks, spent};
use crate::observation::Announcement;
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::{Unit, count};

/// The seller's revenue that shows whether everybody buys.
const SELLER: &str = "nvda.revenue.data_center";
/// Days over which raised guidance counts: four quarters.
const RAISE_DAYS: u64 = 365;

/// The signals of a company on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Its own capex of four quarters over that of the four before.
    pub own: Option<f64>,
    /// The same of the other companies together.
    pub rivals: Option<f64>,
    /// NVIDIA's data center revenue of the last quarter over that of a year before.
    pub seller: Option<f64>,
    /// Its own open outlook for a year over what it spent in the year before.
    pub outlook: Option<f64>,
    /// How often it raised its outlook within a year.
    pub n_raises: usize,
    /// The same of the other companies together.
    pub n_rival_raises: usize,
}

/// A share of its market lost or won, from whoever measures shares.
#[derive(Debug, Clone, PartialEq)]
pub struct ShareSignal {
    /// Change of the company's share over four quarters; negative where it erodes.
    pub change: f64,
    /// Where it comes from.
    pub source: String,
}

/// A signal with its source, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Its name in tables.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Its value; `None` where it is not known or not held.
    pub value: Option<f64>,
    /// Unit of the value.
    pub unit: Unit,
    /// Where it comes from, or why it is missing.
    pub source: String,
}

impl Signals {
    /// The signals of a company on the snapshot's day; `members`: its panel, itself among them.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn of(
        known: &Snapshot,
        series: &SeriesId,
        history: &History,
        members: &[SeriesId],
    ) -> Result<Self> {
        let (mut now, mut before, mut n_rival_raises) = (0.0, 0.0, 0);
        for rival in members.iter().filter(|rival| *rival != series) {
            if !known.holds(rival)? {
                continue;
            }
            n_rival_raises += raises(known, rival).count();
            if let Some((latest, earlier)) = two_years(known, rival) {
                now += latest;
                before += earlier;
            }
        }
        let last = history.last_number();
        let own = year_to(history, last).zip(year_to(history, last - 4));
        Ok(Self {
            own: own.map(|(latest, earlier)| latest / earlier),
            rivals: (before > 0.0).then_some(now / before),
            seller: seller_growth(known)?,
            outlook: outlook_growth(known, series, history),
            n_raises: raises(known, series).count(),
            n_rival_raises,
        })
    }
}

/// Capex of the last four quarters and of the four before; `None` unless all are known.
fn two_years(known: &Snapshot, series: &SeriesId) -> Option<(f64, f64)> {
    let history = History::of(known, series, 1).ok()?;
    let last = history.last_number();
    year_to(&history, last).zip(year_to(&history, last - 4))
}

/// The seller's last quarter over that of a year before, by week.
fn seller_growth(known: &Snapshot) -> Result<Option<f64>> {
    let series = SeriesId::new(SELLER)?;
    if !known.holds(&series)? {
        return Ok(None);
    }
    let Ok(history) = History::of(known, &series, 1) else { return Ok(None) };
    let before = history.level_at(history.last_number() - 4);
    let growth = before.filter(|_| history.scale == Scale::Log);
    Ok(growth.map(|before| (history.last_level() - before).exp()))
}

/// The open outlook for the year of the next quarter, over what was spent in the year before; the outlook
/// is in the company's own definition, the spend is cash.
fn outlook_growth(known: &Snapshot, series: &SeriesId, history: &History) -> Option<f64> {
    let next = *history.next_periods(1).first()?;
    let open = open_outlook(known, series, next)?;
    let (year_before, n) = spent(history, year_earlier(open.period)?)?;
    (n == 4 && year_before > 0.0).then_some(open.mid / year_before)
}

fn year_earlier(year: Period) -> Option<Period> {
    let earlier = |day: NaiveDate| day.checked_sub_months(chrono::Months::new(12));
    Period::new(earlier(year.start())?, earlier(year.end())?).ok()
}

/// Words of the last four quarters that promise more than the word before about the same year.
fn raises<'a>(
    known: &'a Snapshot,
    series: &'a SeriesId,
) -> impl Iterator<Item = &'a Announcement> + 'a {
    let since = known.as_of() - Days::new(RAISE_DAYS);
    let words: Vec<&Announcement> = outlooks(known, series).collect();
    let raised = words.clone().into_iter().enumerate().filter(move |(at, word)| {
        let before = words[..*at].iter().rev().find(|b| same_period(b.period, word.period));
        word.published > since && before.is_some_and(|before| word.mid > before.mid)
    });
    raised.map(|(_, word)| word)
}

/// The signals of a company with their sources, those that nobody holds named as missing.
///
/// # Errors
/// As [`Snapshot::series`].
pub fn evidence(
    known: &Snapshot,
    series: &SeriesId,
    share: Option<&ShareSignal>,
) -> Result<Vec<Evidence>> {
    let history = History::of(known, series, 1)?;
    let members = panel(known)?;
    let signals = Signals::of(known, series, &history, &members)?;
    let rivals: Vec<_> = members.into_iter().filter(|rival| rival != series).collect();
    let known_rivals: Vec<_> =
        rivals.iter().filter(|rival| two_years(known, rival).is_some()).collect();
    let mut of_rivals = Vec::new();
    for rival in known_rivals {
        of_rivals.push(last_row(known, rival)?);
    }
    let next = history.next_periods(1);
    let open = next.first().and_then(|next| open_outlook(known, series, *next));
    let words = |word: &Announcement| format!("{} of {}", word.locator, word.published);
    let raised: Vec<_> = raises(known, series).map(words).collect();
    let rival_raises: Vec<_> =
        rivals.iter().flat_map(|rival| raises(known, rival).map(words)).collect();
    let or_none = |found: String, none: &str| {
        if found.is_empty() { none.to_owned() } else { found }
    };
    let evidence =
        |name, meaning, value, source| Evidence { name, meaning, value, unit: Unit::Ratio, source };
    let counted = |name, meaning, n, source| {
        let unit = Unit::Count;
        Evidence { name, meaning, value: Some(count(n)), unit, source }
    };
    let mut found = vec![
        evidence(
            "own_growth",
            "own capex, four quarters over the four before",
            signals.own,
            last_row(known, series)?,
        ),
        evidence(
            "rivals_growth",
            "the others' capex, four quarters over the four before",
            signals.rivals,
            or_none(of_rivals.join("; "), "eight quarters in a row of no other company are known"),
        ),
        evidence(
            "seller_growth",
            "NVIDIA's data center revenue over a year before",
            signals.seller,
            last_row(known, &SeriesId::new(SELLER)?)?,
        ),
        evidence(
            "outlook_growth",
            "own outlook for the year over the year before",
            signals.outlook,
            open.map_or_else(|| "no outlook for the year is open in the archive".to_owned(), words),
        ),
        counted(
            "raises",
            "own outlook raised within four quarters",
            signals.n_raises,
            or_none(raised.join("; "), "none in the archive"),
        ),
        counted(
            "rival_raises",
            "others' outlooks raised within four quarters",
            signals.n_rival_raises,
            or_none(rival_raises.join("; "), "none in the archive"),
        ),
        evidence(
            "share_change",
            "own share of its market over four quarters",
            share.map(|share| share.change),
            share.map_or_else(
                || "no market with its share of four quarters is held".to_owned(),
                |s| s.source.clone(),
            ),
        ),
    ];
    found.extend(filed(known, series.owner())?);
    Ok(found)
}

/// The last row of a series: its period's end, its day and its locator.
pub(super) fn last_row(known: &Snapshot, series: &SeriesId) -> Result<String> {
    if !known.holds(series)? {
        return Ok(format!("{series} is not known"));
    }
    let row = known.current(series)?.pop();
    Ok(row.map_or_else(String::new, |row| {
        format!("{series} to {}, public {}: {}", row.period.end(), row.vintage, row.locator)
    }))
}
