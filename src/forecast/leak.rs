//! The leak test: no forecast may change, by a single bit, when the future does.
//!
//! May use the core files, `backtest`, `interval`, `ledger` and `record`. From one archive it
//! makes three with the same past and another future: absurd values at other days, random ones,
//! and none at all. What each model says from them must be equal: medians, quantiles, draws,
//! skill, refusals, announcements. Pure.

use chrono::{Days, NaiveDate};
use rayon::prelude::*;

use super::backtest::{Book, Row};
use super::interval::Quantiles;
use super::ledger::LEVELS;
use super::record::{self, Truth};
use super::{Forecast, Forecaster};
use crate::archive::{Archive, Batch, Snapshot, is_public};
use crate::draws::Randomness;
use crate::error::{Error, Result};
use crate::observation::{Announcement, Observation};
use crate::period::{FiscalCalendar, Period};
use crate::series::SeriesId;

/// Periods ahead that are compared.
const HORIZON: usize = 4;
/// Draws that are compared, and their seed.
const DRAWS: (u64, usize) = (7, 32);
/// Days by which a later vintage moves at most.
const MAX_SHIFT_DAYS: usize = 400;
/// How many times as large the future becomes.
const ABSURD: f64 = 1000.0;

/// A model that is asked.
type Model = &'static dyn Forecaster;

/// A model under test. It is made anew from each archive, so that what it takes from there by another
/// way than the snapshot shows.
pub struct Suspect {
    make: Box<dyn Fn(&Archive) -> Model + Send + Sync>,
}

/// What became of one model at one origin.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The model.
    pub model: &'static str,
    /// The series.
    pub series: SeriesId,
    /// The day from which it forecast.
    pub origin: NaiveDate,
    /// How it was asked.
    pub way: Way,
    /// What changed with the future; none where nothing did.
    pub leak: Option<Leak>,
}

/// How a model is asked for what it says from a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As a forecast of that day.
    Forecast,
    /// As the rows of a backtest, from a later day, whose origins lie no later than that day.
    Backtest,
}

/// The first thing that changed with the future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Which future changed it.
    pub future: Future,
    /// Where: the horizon, and in a backtest the origin.
    pub place: String,
    /// What: `median`, `quantile 0.1`, `refusal`.
    pub field: String,
    /// What was said with the future as it is.
    pub truth: String,
    /// What was said with the other future.
    pub other: String,
}

/// A future put in the place of the real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Future {
    /// Every later value a thousand times as large and public on another later day; more planted.
    Absurd,
    /// Every later value a random number of either sign; more planted.
    Random,
    /// No later value at all.
    Absent,
}

/// One thing that was said.
#[derive(PartialEq, Eq)]
struct Word {
    place: String,
    field: String,
    value: String,
}

impl From<Model> for Suspect {
    fn from(model: Model) -> Self {
        Self::made(move |_| model)
    }
}

impl Suspect {
    /// A model that is made from an archive.
    pub fn made(make: impl Fn(&Archive) -> Model + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make) }
    }
}

impl Way {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forecast => "forecast",
            Self::Backtest => "backtest",
        }
    }
}

impl Future {
    const ALL: [Self; 3] = [Self::Absurd, Self::Random, Self::Absent];

    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absurd => "absurd values on other days",
            Self::Random => "random values",
            Self::Absent => "no later value",
        }
    }

    /// The archive with this future after the end of `origin`.
    ///
    /// # Errors
    /// [`Error::Store`] if a part cannot be read; [`Error::Insufficient`] if nothing was public.
    pub fn of(self, archive: &Archive, origin: NaiveDate) -> Result<Archive> {
        let mut observations = Vec::new();
        for id in archive.series_ids()? {
            let mut random = Randomness::new(0, id.as_str(), origin);
            let (past, later): (Vec<_>, Vec<_>) =
                archive.vintages(id)?.into_iter().partition(|row| is_public(row.vintage, origin));
            if self != Self::Absent {
                observations.extend(planted(&past, origin).into_iter().chain(later).map(
                    |mut row| {
                        self.change(&mut row.value, &mut row.vintage, &mut random);
                        row
                    },
                ));
            }
            observations.extend(past);
        }
        if !observations.iter().any(|row| is_public(row.vintage, origin)) {
            return Err(Error::insufficient(format!("nothing was public as of {origin}")));
        }
        let last = observations.iter().map(|row| row.vintage).max().unwrap_or(origin);
        let known_through = match self {
            Self::Absent => origin,
            Self::Absurd | Self::Random => last.max(archive.known_through()),
        };
        let announcements = self.announcements(archive.all_announcements(), origin);
        Archive::of(Batch { observations, announcements, known_through })
    }

    fn announcements(self, all: &[Announcement], origin: NaiveDate) -> Vec<Announcement> {
        let (past, later): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|a| is_public(a.published, origin));
        if self == Self::Absent {
            return past;
        }
        // The last word about each period is contradicted the day after.
        let planted = past.iter().cloned().map(|mut word| {
            word.published = origin + Days::new(1);
            word
        });
        let mut random = Randomness::new(0, "announcements", origin);
        let changed: Vec<_> = planted
            .chain(later)
            .map(|mut word| {
                self.change(&mut word.mid, &mut word.published, &mut random);
                (word.low, word.high) = (word.mid, word.mid);
                word
            })
            .collect();
        past.into_iter().chain(changed).collect()
    }

    /// Another value, public on another day that is later still.
    fn change(self, value: &mut f64, vintage: &mut NaiveDate, random: &mut Randomness) {
        let later = Days::new(1 + random.index(MAX_SHIFT_DAYS) as u64);
        match self {
            Self::Absurd => (*value, *vintage) = (*value * ABSURD, *vintage + later),
            Self::Random => {
                *value = (random.uniform() - 0.5) * ABSURD * ABSURD * (1.0 + value.abs());
            }
            Self::Absent => {}
        }
    }
}

/// Rows that were never there: the last known value revised, and the next two periods, all public
/// after the origin.
fn planted(past: &[Observation], origin: NaiveDate) -> Vec<Observation> {
    let Some(last) = past.last() else { return Vec::new() };
    let periods: Vec<_> = past.iter().map(|row| row.period).collect();
    let next = FiscalCalendar::infer(&periods)
        .map_or_else(|_| Vec::new(), |calendar| calendar.following(last.period, 2));
    let on_the_day_after = |period: Period| {
        origin.max(period.start()).checked_add_days(Days::new(1)).unwrap_or(origin)
    };
    let row = |period| Observation { period, vintage: on_the_day_after(period), ..last.clone() };
    std::iter::once(last.period).chain(next).map(row).collect()
}

/// Asks every model for every series from every origin, and up to the middle one for its backtest, and
/// says what changed with the future. A series without a value at an origin is not asked for there.
///
/// # Errors
/// [`Error::NotFound`] for an unknown series; [`Error::Store`] if the archive cannot be read.
pub fn check(
    archive: &Archive,
    suspects: &[Suspect],
    series: &[SeriesId],
    origins: &[NaiveDate],
) -> Result<Vec<Verdict>> {
    for id in series {
        archive.vintages(id)?;
    }
    let mut verdicts = Vec::new();
    for origin in origins {
        verdicts.extend(compare(archive, suspects, series, (*origin, Way::Forecast))?);
    }
    if let Some(cut) = origins.get(origins.len() / 2) {
        verdicts.extend(compare(archive, suspects, series, (*cut, Way::Backtest))?);
    }
    Ok(verdicts)
}

/// Days spread evenly over the origins of some series, and the last day of the snapshot.
///
/// # Errors
/// As [`record::origins`].
pub fn spread_origins(known: &Snapshot, series: &[SeriesId], n: usize) -> Result<Vec<NaiveDate>> {
    let mut days = Vec::new();
    for id in series {
        days.extend(record::origins(known, id)?);
    }
    days.sort_unstable();
    days.dedup();
    let n = n.min(days.len());
    let mut chosen: Vec<_> = (1..=n).map(|i| days[(days.len() - 1) * i / n]).collect();
    chosen.push(known.as_of());
    chosen.dedup();
    Ok(chosen)
}

fn compare(
    archive: &Archive,
    suspects: &[Suspect],
    series: &[SeriesId],
    (origin, way): (NaiveDate, Way),
) -> Result<Vec<Verdict>> {
    let known = archive.as_of(origin)?;
    let begun = |id: &&SeriesId| known.holds(id).unwrap_or(true);
    let series: Vec<_> = series.iter().filter(begun).collect();
    let told = |archive: &Archive| told(archive, suspects, &series, (origin, way));
    let truth = told(archive)?;
    let others: Vec<_> = Future::ALL
        .par_iter()
        .map(|future| Ok((*future, told(&future.of(archive, origin)?)?)))
        .collect::<Result<_>>()?;
    let mut verdicts = Vec::new();
    for (i, (model, series, words)) in truth.iter().enumerate() {
        let leak =
            others.iter().find_map(|(future, other)| first_difference(words, &other[i].2, *future));
        verdicts.push(Verdict { model, series: series.clone(), origin, way, leak });
    }
    Ok(verdicts)
}

type Told = (&'static str, SeriesId, Vec<Word>);

/// What every model says of every series from one archive.
fn told(
    archive: &Archive,
    suspects: &[Suspect],
    series: &[&SeriesId],
    (origin, way): (NaiveDate, Way),
) -> Result<Vec<Told>> {
    let day = match way {
        Way::Forecast => origin,
        Way::Backtest => archive.known_through(),
    };
    let book = Book::new(&archive.as_of(day)?, HORIZON)?;
    let models: Vec<_> = suspects.iter().map(|suspect| (suspect.make)(archive)).collect();
    let pairs: Vec<_> =
        models.iter().flat_map(|model| series.iter().map(move |id| (*model, *id))).collect();
    let said = |(model, id): &(Model, &SeriesId)| {
        let words = match way {
            Way::Forecast => book.forecast(*model, id).map(|forecast| words_of(&forecast)),
            Way::Backtest => book.backtest(*model, id, None, Truth::FirstRelease).map(|rows| {
                rows.iter().filter(|r| r.origin <= origin).flat_map(words_of_row).collect()
            }),
        };
        let words = words.or_else(|error| match error {
            Error::Store(_) => Err(error),
            // An answer too: there is none. A backtest says why by its last origin, which lies later.
            _ if way == Way::Backtest => Ok(Vec::new()),
            _ => Ok(vec![Word::new(String::new(), "error", error.to_string())]),
        });
        Ok((model.name(), (*id).clone(), words?))
    };
    pairs.par_iter().map(said).collect()
}

fn first_difference(truth: &[Word], other: &[Word], future: Future) -> Option<Leak> {
    let none = || Word::new(String::new(), "nothing", String::new());
    let at = (0..truth.len().max(other.len())).find(|i| truth.get(*i) != other.get(*i))?;
    let empty = none();
    let (truth, other) = (truth.get(at).unwrap_or(&empty), other.get(at).unwrap_or(&empty));
    let named = if truth.place.is_empty() { other } else { truth };
    let told = |word: &Word| match (word.field == named.field, word.place == named.place) {
        (true, true) => word.value.clone(),
        _ => format!("{} {} {}", word.place, word.field, word.value).trim().to_owned(),
    };
    Some(Leak {
        future,
        place: named.place.clone(),
        field: named.field.clone(),
        truth: told(truth),
        other: told(other),
    })
}

impl Word {
    fn new(place: String, field: &str, value: String) -> Self {
        Self { place, field: field.to_owned(), value }
    }
}

/// Everything that a forecast says; numbers to the last bit.
fn words_of(forecast: &Forecast) -> Vec<Word> {
    let mut words = Vec::new();
    let draws = forecast.draws(DRAWS.0, DRAWS.1);
    for (step, draws) in forecast.steps.iter().zip(&draws) {
        let place = format!("horizon {}", step.horizon);
        let mut push = |field: &str, value| words.push(Word::new(place.clone(), field, value));
        push("period", step.period.to_string());
        push("median", format!("{:?}", step.median));
        push("model", step.model_used.to_owned());
        push("refusal", format!("{:?}", step.refusal));
        push("draws", format!("{:?}", draws.values()));
        words.extend(words_of_quantiles(&place, &step.quantiles));
    }
    for at in &forecast.skill.by_horizon {
        let value = format!("{:?} {:?} {} {:?}", at.skill, at.lower, at.n, at.basis);
        words.push(Word::new(format!("horizon {}", at.horizon), "skill", value));
    }
    let overall = |field, value| Word::new(String::new(), field, value);
    words.extend([
        overall("horizon cap", forecast.skill.horizon_cap.to_string()),
        overall("grade", forecast.skill.grade.letter().to_owned()),
        overall("last value", format!("{:?}", forecast.last_value)),
        overall("announcement", format!("{:?}", forecast.announcement)),
        overall("fallback reason", format!("{:?}", forecast.fallback_reason)),
    ]);
    words
}

/// What a row of a backtest said on its day; what came and the scale of its error came later.
fn words_of_row(row: &Row) -> Vec<Word> {
    let place = format!("{} horizon {}", row.origin, row.horizon);
    let word = |field, value| Word::new(place.clone(), field, value);
    let mut words = vec![
        word("period", row.period.to_string()),
        word("median", format!("{:?}", row.median)),
        word("model", row.model_used.to_owned()),
        word("naive", format!("{:?}", row.naive)),
        word("scale of MASE", format!("{:?}", row.mase_scale)),
        word("refusal", format!("{:?}", row.refusal)),
    ];
    words.extend(words_of_quantiles(&place, &row.quantiles));
    words
}

fn words_of_quantiles(place: &str, quantiles: &Quantiles) -> Vec<Word> {
    let n_residuals = Word::new(place.to_owned(), "residuals", quantiles.n_residuals().to_string());
    let at = |level: f64| {
        Word::new(
            place.to_owned(),
            &format!("quantile {level}"),
            format!("{:?}", quantiles.at(level)),
        )
    };
    std::iter::once(n_residuals).chain(LEVELS.map(at)).collect()
}
