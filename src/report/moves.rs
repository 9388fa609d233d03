//! What moved a forecast since the last report, and what will move it next.
//!
//! May use the core, `forecast` and the rest of `report`. Pure: the last report is not read from a
//! disk but made again from what was public on its day, so the same data give the same account.

use chrono::{Datelike, Days, NaiveDate};

use super::{SourceRef, format};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::engine::Chipcast;
use crate::forecast::history::History;
use crate::forecast::news::events::{Event, Says};
use crate::forecast::news::{Account, News, is_same, news};
use crate::forecast::releases::{Brings, Release, Supposed, releases, suppose};
use crate::forecast::{Forecast, Outlook};
use crate::period::Period;
use crate::series::{SeriesId, company_name};

/// What moved a forecast, and what will.
#[derive(Debug, Clone)]
pub struct Moves {
    /// The last report and the account since then; `None` where there was no forecast to speak of.
    pub since: Option<Since>,
    /// The series' own releases that come next: the value, and the guide if one is given with it.
    pub next: Vec<Release>,
    /// What those would do to the forecast.
    pub tests: Option<Test>,
}

/// The last report, and the account from there to today.
#[derive(Debug, Clone)]
pub struct Since {
    /// The day whose forecast is the last report.
    pub day: NaiveDate,
    /// The day of the results before which it was; `None` where the reader named the day.
    pub results: Option<NaiveDate>,
    /// What happened in between, for the reported period and those ahead.
    pub told: News,
}

/// What the next value would do to the forecast of the period after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The period of the value.
    pub period: Period,
    /// The period whose forecast it moves.
    pub moves: Period,
    /// That forecast as it stands.
    pub stands: f64,
    /// A value at the lower end of its 80% interval, and what the forecast would then be.
    pub low: (f64, f64),
    /// The same at the upper end.
    pub high: (f64, f64),
    /// The middle of a guide that would leave the forecast where it is, where the company guides.
    pub guide: Option<f64>,
}

impl Moves {
    /// The account since the day named, or since the eve of the company's latest results; and what the
    /// next release would do.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the day named lies after the snapshot's; as [`news`] and [`releases`].
    pub fn of(known: &Snapshot, forecast: &Forecast, asked: Option<NaiveDate>) -> Result<Self> {
        let target = &forecast.target;
        let next = releases(&Chipcast, known, target, std::slice::from_ref(target));
        let next = told(next)?.unwrap_or_default();
        let tests = told(Test::of(known, forecast, &next))?.flatten();
        Ok(Self { since: Since::of(known, forecast, asked)?, next, tests })
    }
}

impl Since {
    fn of(known: &Snapshot, forecast: &Forecast, asked: Option<NaiveDate>) -> Result<Option<Self>> {
        if let Some(day) = asked.filter(|day| *day > known.as_of()) {
            let as_of = known.as_of();
            return Err(Error::invalid(format!(
                "changes since {day} asked of a report as of {as_of}; an earlier day is needed"
            )));
        }
        let target = &forecast.target;
        let results = match asked {
            Some(_) => None,
            None => known.first_releases(target)?.points.last().map(|point| point.vintage),
        };
        let Some(day) = asked.or(results.map(|day| day - Days::new(1))) else { return Ok(None) };
        let then = known.rewind(day)?;
        let news = told(news(&Chipcast, &then, known, target, forecast.steps.len()))?;
        Ok(news.map(|told| Self { day, results, told }))
    }

    /// The account of a period.
    pub fn account(&self, period: Period) -> Option<&Account> {
        self.told.accounts.iter().find(|account| is_same(account.period, period))
    }

    /// What each event did to a period, the largest first, by its index into the events; what moved
    /// nothing is left out.
    pub fn moved(&self, account: &Account) -> Vec<(usize, f64)> {
        let mut moved = account.impacts();
        moved.retain(|(_, impact)| *impact != 0.0);
        moved.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        moved
    }
}

impl Test {
    fn of(known: &Snapshot, forecast: &Forecast, next: &[Release]) -> Result<Option<Self>> {
        let [first, second, ..] = &forecast.steps[..] else { return Ok(None) };
        let Some((low, high)) = first.quantiles.interval(0.8) else { return Ok(None) };
        let due = next.first().map_or(known.as_of(), |release| release.due.median);
        let guides = next.iter().any(|release| release.brings == Brings::Guide);
        let ask = |value: f64, guide: Option<f64>| -> Result<f64> {
            let supposed = Supposed { day: due, value, guide };
            Ok(suppose(&Chipcast, known, &forecast.target, supposed)?.median)
        };
        let guide = match forecast.own_guide().filter(|_| guides) {
            Some(_) => Some(second.median.powi(2) / ask(first.median, Some(second.median))?),
            None => None,
        };
        Ok(Some(Self {
            period: first.period,
            moves: second.period,
            stands: second.median,
            low: (low, ask(low, None)?),
            high: (high, ask(high, None)?),
            guide,
        }))
    }
}

/// An answer, or nothing where too little was public, or the account does not close.
fn told<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Insufficient(_) | Error::NotFound(_) | Error::Invalid(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl SourceRef {
    /// Where an event is said; of several values the last period's.
    pub(crate) fn of_event(event: &Event) -> Option<Self> {
        match &event.says {
            Says::Announced(a) => Some(Self::announced(a)),
            Says::Revisions(rows) | Says::Values(rows) => rows.last().map(Self::observed),
        }
    }
}

/// An event in a few words, as a chart labels it; `own` is the series that the page is about.
pub(crate) fn label(event: &Event, own: &SeriesId) -> String {
    let to = event.about().map_or(String::new(), |(p, _)| format::date(p.end()));
    let name = company_name(event.series.owner());
    let metric = metric_words(&event.series);
    let whose = if event.series == *own {
        "Own value".to_owned()
    } else if event.series.metric() == own.metric() {
        name.to_owned()
    } else {
        format!("{name}, {metric}")
    };
    match (&event.says, event.action()) {
        (Says::Announced(_), Some(action)) if event.series == *own => {
            format!("Own {}, to {to}", action.word())
        }
        (Says::Announced(_), Some(action)) => {
            format!("{name}, {} of {metric}, to {to}", action.word())
        }
        (Says::Revisions(rows), _) => {
            format!("{whose}, {} revised", format::count(rows.len(), "value"))
        }
        _ => format!("{whose}, to {to}"),
    }
}

/// Two days in as few words as tell them: `24 to 29 Oct 2026`.
pub(crate) fn span(low: NaiveDate, high: NaiveDate) -> String {
    let is_one_month = (low.year(), low.month()) == (high.year(), high.month());
    let first = if is_one_month { low.day().to_string() } else { format::date(low) };
    format!("{first} to {}", format::date(high))
}

/// A metric in the words of a sentence.
pub(crate) fn metric_words(series: &SeriesId) -> String {
    match series.metric() {
        "capex_cash" => "cash capital expenditure".to_owned(),
        "revenue.data_center" => "data center revenue".to_owned(),
        "revenue_monthly" => "monthly revenue".to_owned(),
        other => other.replace(['_', '.'], " "),
    }
}

/// What a forecast's periods are called: `quarter`, `month`.
pub(crate) fn noun(forecast: &Forecast) -> &'static str {
    let frequency = forecast.steps.first().and_then(|step| step.period.frequency());
    frequency.map_or("period", |frequency| frequency.word())
}

/// The first step, if it is answered.
pub(crate) fn first(forecast: &Forecast) -> Option<&Outlook> {
    forecast.steps.first().filter(|step| step.refusal.is_none())
}

/// The history that a forecast continues.
///
/// # Errors
/// As [`History::of`].
pub(crate) fn history(known: &Snapshot, forecast: &Forecast) -> Result<History> {
    History::of(known, &forecast.target, 1)
}
