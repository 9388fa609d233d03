//! A company on a day: what it had spent, what pressed on it, and what came of it later.
//!
//! May use the core files, `forecast`'s history and record, and `signals`. A situation is read
//! from the snapshot of its own day; what came joins it with the day on which it was public. THE
//! definition of the event lives here.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::signals::Signals;
use crate::archive::{Snapshot, is_public};
use crate::error::{Error, Result};
use crate::forecast::hierarchy::BUYERS;
use crate::forecast::history::History;
use crate::forecast::record;
use crate::period::Period;
use crate::series::SeriesId;

/// Quarters before and after an origin that are compared.
pub const QUARTERS: i64 = 4;
/// What is spent.
const SPEND: &str = "capex_cash";

/// A company as it was known on a day.
#[derive(Debug, Clone)]
pub struct Situation {
    /// Its cash capex.
    pub series: SeriesId,
    /// The day.
    pub origin: NaiveDate,
    /// The last quarter known.
    pub last: Period,
    /// Cash capex of the last quarter, USD.
    pub last_quarter: f64,
    /// Cash capex of the four quarters up to it, USD.
    pub spent: f64,
    /// What pressed on it.
    pub signals: Signals,
    /// What came, if all of it came.
    pub outcome: Option<Outcome>,
}

/// What four quarters came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Cash capex of the four quarters after the origin, first releases, over the four before.
    pub ratio: f64,
    /// The day on which all of it was public.
    pub public: NaiveDate,
}

impl Outcome {
    /// The event: capex of the next four quarters is at least `threshold` times that of the last four.
    pub fn is_event(self, threshold: f64) -> bool {
        self.ratio >= threshold
    }
}

impl Situation {
    /// The company's ticker.
    pub fn company(&self) -> &str {
        self.series.owner()
    }

    /// What came, if it was public on a day.
    pub fn resolved_by(&self, day: NaiveDate) -> Option<Outcome> {
        self.outcome.filter(|outcome| is_public(outcome.public, day))
    }

    /// A company on the snapshot's day; `None` where four quarters in a row are not known. `members`: its
    /// panel.
    ///
    /// # Errors
    /// As [`Snapshot::series`].
    pub fn of(known: &Snapshot, series: &SeriesId, members: &[SeriesId]) -> Result<Option<Self>> {
        let Ok(history) = History::of(known, series, 1) else { return Ok(None) };
        let Some(spent) = year_to(&history, history.last_number()) else { return Ok(None) };
        Ok(Some(Self {
            series: series.clone(),
            origin: known.as_of(),
            last: history.last_period(),
            last_quarter: history.last_value(),
            spent,
            signals: Signals::of(known, series, &history, members)?,
            outcome: None,
        }))
    }
}

/// The capex series of the companies that are watched, as far as they are known.
///
/// # Errors
/// As [`Snapshot::holds`].
pub fn panel(known: &Snapshot) -> Result<Vec<SeriesId>> {
    let mut found = Vec::new();
    for buyer in BUYERS {
        let series = SeriesId::new(&format!("{buyer}.{SPEND}"))?;
        if known.holds(&series)? {
            found.push(series);
        }
    }
    Ok(found)
}

/// The capex series of one watched company.
///
/// # Errors
/// [`Error::NotFound`] for another company, naming those that are watched.
pub fn member(known: &Snapshot, company: &str) -> Result<SeriesId> {
    let wanted = company.to_ascii_lowercase();
    let panel = panel(known)?;
    let names: Vec<_> = panel.iter().map(SeriesId::owner).collect();
    let names = names.join(", ");
    panel.into_iter().find(|series| series.owner() == wanted).ok_or_else(|| {
        Error::not_found(format!("no cash capex of `{company}` is watched for pressure"))
            .hint(format!("companies: {names}"))
    })
}

/// The sum of the four quarters up to one, if all of them are known and it is positive.
pub fn year_to(history: &History, last: i64) -> Option<f64> {
    let value = |number: i64| {
        let at = history.numbers.binary_search(&number).ok()?;
        Some(history.values[at])
    };
    let sum = (last - QUARTERS + 1..=last).map(value).sum::<Option<f64>>()?;
    (sum > 0.0).then_some(sum)
}

/// Every watched company on the day after each of its quarters became public, oldest first, with what
/// came of it as far as it is known.
///
/// # Errors
/// As [`Snapshot::series`].
pub fn situations(known: &Snapshot) -> Result<Vec<Situation>> {
    situations_of(known, &panel(known)?)
}

/// The same of a panel of any quarterly flows: what is said of capex is then said of them.
///
/// # Errors
/// As [`Snapshot::series`].
pub fn situations_of(known: &Snapshot, members: &[SeriesId]) -> Result<Vec<Situation>> {
    let mut found = Vec::new();
    for series in members {
        let first = first_releases(known, series)?;
        let mut last = None;
        for day in record::origins(known, series)? {
            let then = known.rewind(day)?;
            let Some(mut situation) = Situation::of(&then, series, members)? else { continue };
            // A late quarter of long ago is no news of what is spent now.
            if last >= Some(situation.last) {
                continue;
            }
            last = Some(situation.last);
            let at = History::of(&then, series, 1)?.last_number();
            situation.outcome = outcome(&first, at, situation.spent);
            found.push(situation);
        }
    }
    found.sort_by(|a, b| (a.origin, &a.series).cmp(&(b.origin, &b.series)));
    Ok(found)
}

/// First releases by the number of their quarter.
type Releases = BTreeMap<i64, (f64, NaiveDate)>;

fn first_releases(known: &Snapshot, series: &SeriesId) -> Result<Releases> {
    let Ok(history) = History::of(known, series, 1) else { return Ok(Releases::new()) };
    let points = known.first_releases(series)?.points;
    let numbered = history.periods.iter().zip(&history.numbers).filter_map(|(period, number)| {
        let point = points.iter().find(|point| point.period == *period)?;
        Some((*number, (point.value, point.vintage)))
    });
    Ok(numbered.collect())
}

fn outcome(first: &Releases, last: i64, spent: f64) -> Option<Outcome> {
    let (mut sum, mut public) = (0.0, NaiveDate::MIN);
    for number in last + 1..=last + QUARTERS {
        let (value, vintage) = first.get(&number)?;
        sum += value;
        public = public.max(*vintage);
    }
    Some(Outcome { ratio: sum / spent, public })
}
