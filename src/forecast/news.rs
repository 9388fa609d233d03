//! News: what moved a forecast between two days, event by event; the effects add up to the whole.
//!
//! May use the core files, `history` and any model through [`Forecaster`]. The archive is taken as it
//! was on the first day, the events are let happen one after the other, and each time the forecast is
//! made again: first with what was learned before held, then learned anew. The former is what the
//! event says (`impact / surprise` is its weight, exact for a model that is linear on its scale), the
//! difference to the latter is the refit. Which of two events of one day came first is a convention.

pub mod events;

use chrono::NaiveDate;
use rayon::prelude::*;

use super::history::{History, Scale};
use super::{Forecaster, Path, Step};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::observation::Announcement;
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::Unit;
use events::{Event, Says, Scope, State};

/// What moved the forecasts of a series between two days.
#[derive(Debug, Clone)]
pub struct News {
    /// The series forecast.
    pub target: SeriesId,
    /// Its unit.
    pub unit: Unit,
    /// The scale on which surprises are measured.
    pub scale: Scale,
    /// The model.
    pub model: &'static str,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// What became public in between, in order.
    pub events: Vec<Event>,
    /// One a period: those reported in between, then those still ahead.
    pub accounts: Vec<Account>,
    /// Periods of which the model had no estimate on the first day.
    pub unexplained: Vec<Period>,
}

/// How the estimate of one period came from one value to another.
#[derive(Debug, Clone)]
pub struct Account {
    /// The period.
    pub period: Period,
    /// Periods ahead on the last day; 0 if its value was public by then.
    pub horizon: usize,
    /// The estimate on the first day.
    pub prev: f64,
    /// The estimate on the last day: the value itself, if it was public.
    pub new: f64,
    /// What happened in between; the impacts add up to `new - prev`.
    pub effects: Vec<Effect>,
}

/// What one event did to the estimate of one period.
#[derive(Debug, Clone)]
pub struct Effect {
    /// Index into [`News::events`].
    pub event_idx: usize,
    /// Which part of its effect this is.
    pub part: Part,
    /// Periods ahead after the event; 0 if it brought the value itself.
    pub horizon: usize,
    /// What the event was expected to say. Of a value: its forecast. Of a revision: the value held. Of
    /// an announcement: what would have left the forecast of its own period where it was.
    pub expected: Option<f64>,
    /// What it said; of several values the last period's.
    pub actual: Option<f64>,
    /// `ln(actual / expected)`, or the difference for a series that is not positive.
    pub surprise: Option<f64>,
    /// Change of the estimate a unit of surprise, on the same scale; `None` where several values came
    /// at once, or none was expected.
    pub weight: Option<f64>,
    /// The estimate before.
    pub before: f64,
    /// The estimate after.
    pub after: f64,
}

/// A part of what an event did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A changed value, with what was learned held.
    Revision,
    /// A new value, with what was learned held.
    News,
    /// The company's own word, with what was learned held.
    Announcement,
    /// What the model learned of the event.
    Refit,
}

impl Part {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Revision => "revision",
            Self::News => "news",
            Self::Announcement => "announcement",
            Self::Refit => "refit",
        }
    }
}

impl Effect {
    /// Change of the estimate, in the target's unit.
    pub fn impact(&self) -> f64 {
        self.after - self.before
    }
}

impl Account {
    /// Change of the estimate over all events.
    pub fn total(&self) -> f64 {
        self.new - self.prev
    }

    /// Change by revisions, what was learned of them included.
    pub fn revisions(&self, events: &[Event]) -> f64 {
        let is_revision = |e: &&Effect| matches!(events[e.event_idx].says, Says::Revisions(_));
        self.effects.iter().filter(is_revision).map(Effect::impact).sum()
    }

    /// Change by new values and announcements, what was learned of them included.
    pub fn news(&self, events: &[Event]) -> f64 {
        let is_news = |e: &&Effect| !matches!(events[e.event_idx].says, Says::Revisions(_));
        self.effects.iter().filter(is_news).map(Effect::impact).sum()
    }

    /// What each event did, all its parts together: index into [`News::events`] and change, in order.
    pub fn impacts(&self) -> Vec<(usize, f64)> {
        let by_event = self.effects.chunk_by(|a, b| a.event_idx == b.event_idx);
        by_event.map(|parts| (parts[0].event_idx, parts.iter().map(Effect::impact).sum())).collect()
    }

    /// Change by one part of what the events did.
    pub fn by(&self, part: Part) -> f64 {
        self.effects.iter().filter(|e| e.part == part).map(Effect::impact).sum()
    }
}

/// Accounts for every period that was reported between two snapshots of one archive or lies up to
/// `horizon` periods ahead of the later one.
///
/// ```
/// # use chipcast::forecast::{engine::Chipcast, news::news};
/// # fn main() -> chipcast::Result<()> {
/// let archive = chipcast::ingest::bundled::archive()?;
/// let day = |text: &str| archive.as_of(text.parse().expect("a date"));
/// let told = news(&Chipcast, &day("2022-08-05")?, &day("2022-08-09")?, &"nvda.revenue".parse()?, 1)?;
/// // The pre-announcement of 2022-08-08 (accession 0001045810-22-000133).
/// assert_eq!(told.accounts[0].new, 6.70e9);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Invalid`] if `then` is later than `now`; [`Error::Insufficient`] if the model had no
/// estimate on either day; as [`Forecaster::path`].
pub fn news(
    model: &dyn Forecaster,
    then: &Snapshot,
    now: &Snapshot,
    target: &SeriesId,
    horizon: usize,
) -> Result<News> {
    if then.as_of() > now.as_of() {
        let (then, now) = (then.as_of(), now.as_of());
        return Err(Error::invalid(format!("news from {then} to {now} asked; the first is later")));
    }
    let asked = Asked::new(model, (then, now), target, horizon)?;
    for scope in [Scope::panel(now, target)?, Scope::everything(now)?] {
        if let Some(news) = asked.told(&scope)? {
            return if news.accounts.is_empty() { Err(asked.unknown()) } else { Ok(news) };
        }
    }
    Err(Error::invalid(format!(
        "the forecasts of {target:?} by `{}` do not follow from public rows alone",
        model.name()
    )))
}

/// What is to be accounted for.
struct Asked<'a> {
    model: &'a dyn Forecaster,
    then: &'a Snapshot,
    now: &'a Snapshot,
    target: &'a SeriesId,
    periods: Vec<Period>,
    reach: usize,
    history: History,
}

/// What a model makes of a state.
#[derive(Debug, Clone)]
struct View {
    known: Vec<(Period, f64)>,
    steps: Vec<Step>,
    announcement: Option<Announcement>,
}

impl<'a> Asked<'a> {
    fn new(
        model: &'a dyn Forecaster,
        (then, now): (&'a Snapshot, &'a Snapshot),
        target: &'a SeriesId,
        horizon: usize,
    ) -> Result<Self> {
        let last = History::of(then, target, 1)?.last_period();
        let history = History::of(now, target, 1)?;
        let reported = history.periods.iter().filter(|period| period.end() > last.end());
        let mut periods: Vec<_> = reported.copied().collect();
        let reach = periods.len() + horizon.max(1);
        periods.extend(history.next_periods(horizon));
        Ok(Self { model, then, now, target, periods, reach, history })
    }

    fn unknown(&self) -> Error {
        Error::insufficient(format!(
            "`{}` had no forecast of {:?} as of {} for any period asked",
            self.model.name(),
            self.target,
            self.then.as_of()
        ))
    }

    /// The account by the events of a scope; `None` if the model reads more than the scope holds.
    fn told(&self, scope: &Scope) -> Result<Option<News>> {
        let events = events::events(self.then, self.now, scope, self.target)?;
        let mut state = State::at(self.then, scope, self.now.as_of())?;
        let mut states = vec![state.snapshot()?];
        for event in &events {
            state.insert(event)?;
            states.push(state.snapshot()?);
        }
        let first = self.view(&states[0], &states[0])?;
        let views = states
            .par_windows(2)
            .map(|pair| Ok((self.view(&pair[0], &pair[1])?, self.view(&pair[1], &pair[1])?)));
        let views: Vec<(View, View)> = views.collect::<Result<_>>()?;
        let last = views.last().map_or(&first, |(_, full)| full);
        let is_whole = first.steps == self.view(self.then, self.then)?.steps
            && last.steps == self.view(self.now, self.now)?.steps;
        if !is_whole {
            return Ok(None);
        }
        let (mut accounts, mut unexplained) = (Vec::new(), Vec::new());
        for period in &self.periods {
            match first.value(*period) {
                Some(prev) if last.value(*period).is_some() => {
                    accounts.push(Account::open(*period, first.horizon(*period), prev));
                }
                _ => unexplained.push(*period),
            }
        }
        let mut before = &first;
        for (event_idx, event) in events.iter().enumerate() {
            let (held, full) = &views[event_idx];
            let expected = self.expected(event, &states[event_idx], (before, held))?;
            for account in &mut accounts {
                account.enter(event_idx, event, expected, (held, full), self.history.scale);
            }
            before = full;
        }
        Ok(Some(News {
            target: self.target.clone(),
            unit: self.history.unit,
            scale: self.history.scale,
            model: self.model.name(),
            from: self.then.as_of(),
            to: self.now.as_of(),
            events,
            accounts,
            unexplained,
        }))
    }

    /// As far ahead as the model has an answer; a state may lack a series that it reads.
    fn view(&self, learned: &Snapshot, known: &Snapshot) -> Result<View> {
        let history = History::of(known, self.target, 1)?;
        let held = history.periods.into_iter().zip(history.values).collect();
        for reach in (1..=self.reach).rev() {
            match self.model.path_with(learned, known, self.target, reach) {
                Ok(Path { steps, announcement, .. }) => {
                    return Ok(View { known: held, steps, announcement });
                }
                Err(Error::Insufficient(_) | Error::NotFound(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(View { known: held, steps: Vec::new(), announcement: None })
    }

    /// What an event was expected to say in the state before it.
    fn expected(
        &self,
        event: &Event,
        state: &Snapshot,
        (before, held): (&View, &View),
    ) -> Result<Option<f64>> {
        Ok(match &event.says {
            Says::Revisions(rows) => {
                let known = state.series(&event.series)?;
                let last = rows.last().map(|row| row.period);
                known.points.iter().find(|p| Some(p.period) == last).map(|point| point.value)
            }
            Says::Values(rows) => rows.last().and_then(|row| {
                if event.series == *self.target {
                    return before.value(row.period);
                }
                let path = self.model.path(state, &event.series, self.reach).ok()?;
                path.steps.iter().find(|s| is_same(s.period, row.period)).map(|s| s.median)
            }),
            Says::Announced(a) => {
                let went_in = held.announcement.as_ref().is_some_and(|held| held == a);
                let is_own = event.series == *self.target;
                let of_period = before.value(a.period).filter(|_| is_own);
                let earlier = state.announcements(&a.company).filter(|held| {
                    held.metric == a.metric && is_same(held.period, a.period) && **held != *a
                });
                match (of_period, held.value(a.period)) {
                    (Some(estimate), Some(after)) if went_in => Some(a.mid * estimate / after),
                    (estimate, _) => earlier.last().map(|held| held.mid).or(estimate),
                }
            }
        })
    }
}

impl View {
    fn value(&self, period: Period) -> Option<f64> {
        let known = self.known.iter().rev().find(|(held, _)| is_same(*held, period));
        let ahead = || self.steps.iter().find(|step| is_same(step.period, period));
        known.map(|(_, value)| *value).or_else(|| ahead().map(|step| step.median))
    }

    /// Periods ahead; 0 if the value is known.
    fn horizon(&self, period: Period) -> usize {
        if self.known.iter().any(|(held, _)| is_same(*held, period)) {
            return 0;
        }
        self.steps.iter().position(|step| is_same(step.period, period)).map_or(0, |at| at + 1)
    }
}

impl Account {
    fn open(period: Period, horizon: usize, prev: f64) -> Self {
        Self { period, horizon, prev, new: prev, effects: Vec::new() }
    }

    /// Enters what an event did: with what was learned held, then by learning anew.
    fn enter(
        &mut self,
        event_idx: usize,
        event: &Event,
        expected: Option<f64>,
        (held, full): (&View, &View),
        scale: Scale,
    ) {
        let was_reported = self.horizon == 0;
        let before = self.new;
        let with_held = held.value(self.period).unwrap_or(before);
        let after = full.value(self.period).unwrap_or(with_held);
        self.horizon = full.horizon(self.period);
        self.new = after;
        if was_reported && differ(before, after).is_none() {
            return;
        }
        let (part, actual) = match &event.says {
            Says::Revisions(rows) => (Part::Revision, rows.last().map(|row| row.value)),
            Says::Values(rows) => (Part::News, rows.last().map(|row| row.value)),
            Says::Announced(a) => (Part::Announcement, Some(a.mid)),
        };
        let surprise = actual.zip(expected).map(|(a, e)| difference(scale, a, e));
        let is_one = event.rows().len() <= 1;
        let moved = difference(scale, with_held, before);
        let weight = surprise.filter(|s| is_one && s.abs() > NO_SURPRISE).map(|s| moved / s);
        let horizon = self.horizon;
        self.effects.push(Effect {
            event_idx,
            part,
            horizon,
            expected,
            actual,
            surprise,
            weight,
            before,
            after: with_held,
        });
        if let Some((before, after)) = differ(with_held, after) {
            self.effects.push(Effect {
                event_idx,
                part: Part::Refit,
                horizon,
                expected: None,
                actual: None,
                surprise: None,
                weight: None,
                before,
                after,
            });
        }
    }
}

/// A surprise below which no weight is stated: rounding alone.
const NO_SURPRISE: f64 = 1e-12;

/// Two values that are not the same.
fn differ(before: f64, after: f64) -> Option<(f64, f64)> {
    (before.to_bits() != after.to_bits()).then_some((before, after))
}

/// A change on the scale of a series; as it is where a value is not positive.
pub fn difference(scale: Scale, after: f64, before: f64) -> f64 {
    match scale {
        Scale::Log if after > 0.0 && before > 0.0 => (after / before).ln(),
        _ => after - before,
    }
}

/// Whether two periods are one, however a calendar was guessed before it was reported.
pub fn is_same(a: Period, b: Period) -> bool {
    a == b || a.is_nearly(b)
}
