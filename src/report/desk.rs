//! The desk: what the pages of one run share, and how each page is made from it.
//!
//! May use the core, `forecast`, `scaling`, `strategy` and the rest of `report`. The one place
//! that says which companies have a page; knows neither the clock nor the disk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{Months, NaiveDate};
use rayon::prelude::*;

use super::Report;
use super::company::{Material, Track, company};
use super::industry::{Industry, industry};
use super::machines::{Machines, Workshop, machines};
use super::moves::Moves;
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::forecast::hierarchy::hierarchy_in;
use crate::scaling::reconcile::reconcile;
use crate::series::SeriesId;
use crate::strategy::rule::Rule;
use crate::strategy::trial::{Engine, Trial, trials};

/// The companies that have a page, with the metric that it is about.
pub const PAGES: [(&str, &str); 6] = [
    ("msft", "capex_cash"),
    ("googl", "capex_cash"),
    ("amzn", "capex_cash"),
    ("meta", "capex_cash"),
    ("orcl", "capex_cash"),
    ("nvda", "revenue"),
];
/// Series that are forecast beside those of the pages.
const BESIDE: [&str; 4] =
    ["nvda.revenue.data_center", "nvda.capex_cash", "amd.revenue", "tsmc.revenue_monthly"];
/// What the page on all companies is asked for by.
pub const INDUSTRY: &str = "industry";
/// Quarters ahead that a page asks for.
pub const HORIZON: usize = 4;
/// Months of earlier origins that a page shows.
const SHOWN_MONTHS: u32 = 66;

/// Everything that the pages of one run share.
pub struct Desk {
    /// What is known.
    pub known: Snapshot,
    /// The run.
    pub run_id: String,
    /// Its forecasts of the past and of today.
    pub book: Book,
    /// The laws, tables and worlds.
    pub workshop: Workshop,
    since: Option<NaiveDate>,
    past: OnceLock<Vec<Trial>>,
    moves: Mutex<BTreeMap<SeriesId, Arc<Moves>>>,
}

/// A company's page and what it was made from.
pub struct Page {
    /// The company.
    pub owner: String,
    /// The forecast that it is about.
    pub forecast: Forecast,
    /// What the spend buys, if it could be computed.
    pub machines: Option<Machines>,
    /// The page.
    pub report: Report,
}

/// The companies that have a page, side by side.
#[derive(Default)]
pub struct Companies {
    /// Their forecasts.
    pub forecasts: Vec<Forecast>,
    /// What the spend of those that buy machines buys.
    pub fleets: Vec<Machines>,
    /// Those without a forecast, and why.
    pub failures: Vec<(&'static str, Error)>,
}

impl Desk {
    /// A desk for what is known on the snapshot's day.
    ///
    /// # Errors
    /// As [`Workshop::new`].
    pub fn new(known: Snapshot, run_id: String, seed: u64) -> Result<Self> {
        let workshop = Workshop::new(seed, known.as_of())?;
        // Before pages that are made side by side ask for them.
        workshop.other_laws()?;
        Ok(Self {
            book: Book::new(&known, HORIZON)?,
            workshop,
            run_id,
            known,
            since: None,
            past: OnceLock::new(),
            moves: Mutex::default(),
        })
    }

    /// The same desk with changes told since this day, instead of since the eve of each company's latest
    /// results.
    #[must_use]
    pub fn since(self, day: Option<NaiveDate>) -> Self {
        Self { since: day, moves: Mutex::default(), ..self }
    }

    /// Every series that the main job forecasts.
    ///
    /// # Errors
    /// Never: the names are checked by a test.
    pub fn main_series() -> Result<Vec<SeriesId>> {
        let pages = PAGES.iter().map(|(owner, metric)| SeriesId::new(&format!("{owner}.{metric}")));
        pages.chain(Self::beside()).collect()
    }

    /// The series that are forecast beside those of the pages.
    pub fn beside() -> impl Iterator<Item = Result<SeriesId>> {
        BESIDE.iter().map(|series| SeriesId::new(series))
    }

    /// The series that a company's page is about: the page's own, or capex, or revenue, by the quarter or
    /// by the month.
    ///
    /// # Errors
    /// [`Error::NotFound`] if neither its capex nor its revenue is known.
    pub fn series_of(&self, company: &str) -> Result<SeriesId> {
        let listed = PAGES.iter().find(|(owner, _)| *owner == company).map(|(_, metric)| *metric);
        for metric in listed.into_iter().chain(["capex_cash", "revenue", "revenue_monthly"]) {
            let series = SeriesId::new(&format!("{company}.{metric}"))?;
            if self.known.series(&series).is_ok() {
                return Ok(series);
            }
        }
        Err(Error::not_found(format!("no capital expenditure or revenue of `{company}` is known"))
            .hint(
                "`chipcast data list` shows every series; `industry` is the page on all companies",
            ))
    }

    /// What would have been said of pressure up to the day; made once, shared by every buyer's page.
    ///
    /// # Errors
    /// As [`trials`].
    pub fn past(&self) -> Result<&[Trial]> {
        if let Some(past) = self.past.get() {
            return Ok(past);
        }
        let seed = self.workshop.worlds.seed;
        let past = trials(&self.known, Rule::bundled(), Engine::Drawn(seed))?;
        Ok(self.past.get_or_init(|| past))
    }

    /// What moved a forecast since the last report and what will; made once a series.
    ///
    /// # Errors
    /// As [`Moves::of`].
    pub fn moves(&self, forecast: &Forecast) -> Result<Arc<Moves>> {
        let held = || self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(moves) = held().get(&forecast.target) {
            return Ok(Arc::clone(moves));
        }
        let moves = Arc::new(Moves::of(&self.known, forecast, self.since)?);
        Ok(held().entry(forecast.target.clone()).or_insert(moves).clone())
    }

    /// The page about a series.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Insufficient`] if there is no forecast of it.
    pub fn page(&self, series: &SeriesId) -> Result<Page> {
        let forecast = self.book.forecast(&Chipcast, series)?;
        let from: NaiveDate = self.known.as_of() - Months::new(SHOWN_MONTHS);
        let track = Track::of(&self.book, series, from)?;
        let machines = self.machines(&forecast)?;
        let moves = self.moves(&forecast)?;
        let is_buyer = series.metric().starts_with("capex");
        let report = company(&Material {
            known: &self.known,
            run_id: &self.run_id,
            forecast: &forecast,
            track: &track,
            moves: &moves,
            machines: machines.as_ref(),
            workshop: &self.workshop,
            past: if is_buyer { self.past()? } else { &[] },
        })?;
        Ok(Page { owner: series.owner().to_owned(), forecast, machines, report })
    }

    /// The report on a company, or on `industry`.
    ///
    /// # Errors
    /// As [`Desk::series_of`] and [`Desk::page`]; of the industry, as soon as one company has no forecast.
    pub fn report(&self, subject: &str) -> Result<Report> {
        if subject != INDUSTRY {
            return Ok(self.page(&self.series_of(subject)?)?.report);
        }
        let Companies { mut forecasts, fleets, failures } = self.companies()?;
        if let Some((_, error)) = failures.into_iter().next() {
            return Err(error);
        }
        forecasts.extend(self.forecasts_beside()?);
        self.industry(&forecasts, &fleets)
    }

    /// Every page, in the order of [`PAGES`]; one that cannot be made is an error in its place.
    ///
    /// # Errors
    /// As [`trials`].
    pub fn pages(&self) -> Result<Vec<Result<Page>>> {
        self.past()?;
        let page = |(owner, metric): &(&str, &str)| {
            self.page(&SeriesId::new(&format!("{owner}.{metric}"))?)
        };
        Ok(PAGES.par_iter().map(page).collect())
    }

    /// The forecasts and fleets of the companies that have a page, in the order of [`PAGES`].
    ///
    /// # Errors
    /// As [`Book::forecast`] and [`machines`], where it is no one company's own lack of data.
    pub fn companies(&self) -> Result<Companies> {
        let one = |(owner, metric): &(&str, &str)| -> Result<(Forecast, Option<Machines>)> {
            let forecast = self.forecast(&SeriesId::new(&format!("{owner}.{metric}"))?)?;
            let machines = self.machines(&forecast)?;
            Ok((forecast, machines))
        };
        let told: Vec<_> = PAGES.par_iter().map(one).collect();
        let mut companies = Companies::default();
        for ((owner, _), told) in PAGES.iter().zip(told) {
            match told {
                Ok((forecast, machines)) => {
                    companies.forecasts.push(forecast);
                    companies.fleets.extend(machines);
                }
                Err(error @ (Error::NotFound(_) | Error::Insufficient(_))) => {
                    companies.failures.push((owner, error));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(companies)
    }

    /// The forecasts beside those of the companies, where they are known.
    ///
    /// # Errors
    /// As [`Book::forecast`], where it is no lack of data.
    pub fn forecasts_beside(&self) -> Result<Vec<Forecast>> {
        let one = |series: Result<SeriesId>| if_known(self.forecast(&series?));
        Ok(Self::beside().map(one).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// The forecast of a series on the snapshot's day.
    ///
    /// # Errors
    /// As [`Book::forecast`].
    pub fn forecast(&self, series: &SeriesId) -> Result<Forecast> {
        self.book.forecast(&Chipcast, series)
    }

    /// What the spend buys; `None` for a company whose spend buys no machines of its own.
    ///
    /// # Errors
    /// As [`machines`].
    pub fn machines(&self, forecast: &Forecast) -> Result<Option<Machines>> {
        let spend = match forecast.target.as_str() {
            "nvda.revenue" => self.forecast(&SeriesId::new("nvda.revenue.data_center")?),
            _ if forecast.target.metric() == "capex_cash" => Ok(forecast.clone()),
            _ => return Ok(None),
        };
        if_known(spend.and_then(|spend| machines(&self.known, &spend, &self.workshop)))
    }

    /// The industry's page from the forecasts and fleets of the companies.
    ///
    /// # Errors
    /// As [`industry`].
    pub fn industry(&self, forecasts: &[Forecast], fleets: &[Machines]) -> Result<Report> {
        let worlds = &self.workshop.worlds;
        let moves = forecasts.par_iter().map(|forecast| self.moves(forecast));
        let moves: Vec<Arc<Moves>> = moves.collect::<Result<_>>()?;
        let answer = hierarchy_in(&self.book, &self.known, HORIZON, worlds.seed, worlds.n_draws);
        let hierarchy = if_known(answer)?;
        let books = if_known(reconcile(&self.known, &self.workshop.tables, worlds))?;
        industry(&Industry {
            known: &self.known,
            run_id: &self.run_id,
            forecasts,
            moves: &moves,
            machines: fleets,
            hierarchy: hierarchy.as_ref(),
            books: books.as_deref().unwrap_or_default(),
            seed: worlds.seed,
        })
    }
}

/// An answer, or nothing where too little was known.
fn if_known<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Insufficient(_) | Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
