//! What a run makes: its forecasts, its pages, and what became of each series.
//!
//! May use the core, `forecast`, `report`, `rows` and `job::file`. Knows neither clock nor disk: the same job on
//! the same snapshot makes the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::file::{ForecastSpec, Job, PageFormat, Reports, default_coverage};
use super::manifest::{Input, SeriesStatus};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::forecast::run_record::Bought;
use crate::report::desk::{Companies, Desk, HORIZON, PAGES};
use crate::report::machines::Machines;
use crate::report::{Block, Html, Json, Markdown, Prose, Render, Report, Tone, pdf_renderer};
use crate::rows::forecast::{Asked, Told};
use crate::rows::{self, Rows};
use crate::series::SeriesId;
use crate::store::runs::OutFile;

/// The file of the forecasts.
pub const FORECASTS_FILE: &str = "forecasts.csv";

/// What a run makes.
#[derive(Debug, Default)]
pub struct Made {
    /// Forecasts, in the job's order.
    pub forecasts: Vec<Forecast>,
    /// What the spend of companies with a page buys.
    pub purchases: Vec<Bought>,
    /// What became of each series.
    pub series: Vec<SeriesStatus>,
    /// Pages and tables.
    pub files: Vec<OutFile>,
    /// What could not be made, in words.
    pub failures: Vec<String>,
}

/// The series that a job forecasts, with horizons and coverages.
///
/// # Errors
/// Never: a job is checked when it is read.
pub fn asked(job: &Job) -> Result<Vec<ForecastSpec>> {
    if !job.forecasts.is_empty() {
        return Ok(job.forecasts.clone());
    }
    let spec = |series: SeriesId| ForecastSpec {
        series: series.to_string(),
        horizon: HORIZON,
        coverage: default_coverage(),
    };
    Ok(Desk::main_series()?.into_iter().map(spec).collect())
}

/// The companies that get a page.
pub fn companies(reports: &Reports) -> Vec<String> {
    if reports.companies.iter().any(|company| company == "all") {
        return PAGES.iter().map(|(owner, _)| (*owner).to_owned()).collect();
    }
    reports.companies.iter().map(|company| company.to_ascii_lowercase()).collect()
}

fn renderer(format: PageFormat) -> Result<&'static dyn Render> {
    Ok(match format {
        PageFormat::Html => &Html,
        PageFormat::Md => &Markdown,
        PageFormat::Json => &Json,
        PageFormat::Pdf => pdf_renderer()?,
    })
}

/// The names of the files that a job writes, but for the manifest and what lies beside it.
///
/// # Errors
/// [`Error::Invalid`] for a format that this build does not have.
pub fn file_names(job: &Job) -> Result<Vec<String>> {
    let mut names = vec![FORECASTS_FILE.to_owned()];
    if let Some(reports) = &job.reports {
        let mut subjects = companies(reports);
        subjects.extend(reports.industry.then(|| "industry".to_owned()));
        for subject in subjects {
            for format in &reports.formats {
                names.push(format!("{subject}.{}", renderer(*format)?.extension()));
            }
        }
    }
    Ok(names)
}

/// Makes everything that a job asks for, from what a snapshot knows.
///
/// - `late`: what is late, in words that stand on every page.
///
/// # Errors
/// [`Error::Insufficient`] or [`Error::NotFound`] if not one series could be forecast; any error that
/// does not concern one series alone.
pub fn make(job: &Job, known: &Snapshot, run_id: &str, late: &[String]) -> Result<Made> {
    let asked = asked(job)?;
    let new_desk = |_: &Reports| Desk::new(known.clone(), run_id.to_owned(), job.seed);
    let desk = job.reports.as_ref().map(new_desk).transpose()?;
    let mut made = forecasts(&asked, known, desk.as_ref())?;
    let table = table(&asked, known, &made.forecasts, (run_id, job.seed));
    made.files.push((FORECASTS_FILE.to_owned(), table.csv_bytes()?));
    if let Some((reports, desk)) = job.reports.as_ref().zip(desk.as_ref()) {
        pages(&mut made, reports, desk, late)?;
    }
    Ok(made)
}

/// Forecasts of what is asked; those as far as a page's come from the desk's book, so that nothing is
/// learned twice.
fn forecasts(asked: &[ForecastSpec], known: &Snapshot, desk: Option<&Desk>) -> Result<Made> {
    let of_desk = |horizon: usize| desk.filter(|_| horizon == HORIZON).map(|desk| &desk.book);
    let horizons: BTreeSet<usize> =
        asked.iter().map(|spec| spec.horizon).filter(|h| of_desk(*h).is_none()).collect();
    let book = |horizon: usize| -> Result<_> { Ok((horizon, Book::new(known, horizon)?)) };
    let books: BTreeMap<usize, Book> = horizons.into_iter().map(book).collect::<Result<_>>()?;
    let told: Vec<Result<Forecast>> = asked
        .par_iter()
        .map(|spec| {
            let book = of_desk(spec.horizon).unwrap_or_else(|| &books[&spec.horizon]);
            book.forecast(&Chipcast, &SeriesId::new(&spec.series)?)
        })
        .collect();
    let (mut made, mut first) = (Made::default(), None);
    for (spec, told) in asked.iter().zip(told) {
        match told {
            Ok(forecast) => {
                made.series.push(status(&forecast));
                made.forecasts.push(forecast);
            }
            Err(error @ (Error::NotFound(_) | Error::Insufficient(_))) => {
                made.failures.push(format!("{}: {error}", spec.series));
                made.series.push(SeriesStatus {
                    series: spec.series.clone(),
                    status: "failed".to_owned(),
                    model_used: None,
                    reason: Some(error.to_string()),
                    n_refused: 0,
                    n_periods: 0,
                });
                first = first.or(Some(error));
            }
            Err(error) => return Err(error),
        }
    }
    match first {
        Some(error) if made.forecasts.is_empty() => Err(error),
        _ => Ok(made),
    }
}

fn status(forecast: &Forecast) -> SeriesStatus {
    let n_refused = forecast.steps.iter().filter(|step| step.refusal.is_some()).count();
    let word = match &forecast.fallback_reason {
        _ if n_refused == forecast.steps.len() => "refused",
        Some(_) => "fallback",
        None => "ok",
    };
    let refusal = forecast.steps.iter().find_map(|step| step.refusal.as_ref());
    let reason = forecast.fallback_reason.clone();
    SeriesStatus {
        series: forecast.target.to_string(),
        status: word.to_owned(),
        model_used: Some(forecast.model_used.clone()),
        reason: reason.or_else(|| refusal.map(|refusal| refusal.code.word().to_owned())),
        n_refused,
        n_periods: forecast.steps.len(),
    }
}

/// The rows that `chipcast forecast` prints, each series with the coverages asked for it.
fn table(
    asked: &[ForecastSpec],
    known: &Snapshot,
    forecasts: &[Forecast],
    (run_id, seed): (&str, u64),
) -> Rows {
    let told: Vec<Told<'_>> =
        forecasts.par_iter().map(|forecast| Told::of(known, forecast)).collect();
    let mut rows = Rows::new(&rows::forecast::COLUMNS);
    for told in told {
        let spec = asked.iter().find(|spec| spec.series == told.forecast.target.as_str());
        let coverage = spec.map_or_else(default_coverage, |spec| spec.coverage.clone());
        let asked = Asked { coverage: &coverage, with_mean: false, n_samples: 0, run_id, seed };
        rows.extend(rows::forecast::rows(&[told], &asked));
    }
    rows
}

fn pages(made: &mut Made, reports: &Reports, desk: &Desk, late: &[String]) -> Result<()> {
    let page = |company: &String| desk.page(&desk.series_of(company)?);
    let told: Vec<_> = companies(reports).par_iter().map(|c| (c.clone(), page(c))).collect();
    for (company, told) in told {
        match told {
            Ok(page) => {
                made.purchases.extend(page.machines.as_ref().and_then(Machines::bought));
                write(made, &company, page.report, (reports, late))?;
            }
            Err(error @ (Error::NotFound(_) | Error::Insufficient(_))) => {
                made.failures.push(format!("page of {company}: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    if reports.industry {
        let Companies { forecasts, fleets, failures } = desk.companies()?;
        let failed = |(owner, error)| format!("{owner} on the industry's page: {error}");
        made.failures.extend(failures.into_iter().map(failed));
        let page = desk.industry(&forecasts, &fleets)?;
        write(made, "industry", page, (reports, late))?;
    }
    Ok(())
}

/// A page in every format asked, with what is late at its head.
fn write(
    made: &mut Made,
    subject: &str,
    mut page: Report,
    (reports, late): (&Reports, &[String]),
) -> Result<()> {
    if let Some(first) = page.sections.first_mut().filter(|_| !late.is_empty()) {
        let notes = late.iter().map(|text| Block::Note(Tone::Caution, Prose::from(text.as_str())));
        first.blocks.splice(0..0, notes);
    }
    for format in &reports.formats {
        let renderer = renderer(*format)?;
        let name = format!("{subject}.{}", renderer.extension());
        made.files.push((name, renderer.render(&page)?));
    }
    Ok(())
}

/// What is known of a series on the snapshot's day; `None` if nothing is.
///
/// # Errors
/// [`Error::Store`] if the archive cannot be read.
pub fn input(known: &Snapshot, series: &SeriesId) -> Result<Option<Input>> {
    if !known.holds(series)? {
        return Ok(None);
    }
    let rows = known.vintages(series)?;
    Ok(Some(Input::Series {
        name: series.to_string(),
        n_rows: rows.len(),
        newest_period_end: rows.iter().map(|row| row.period.end()).max(),
        newest_vintage: rows.iter().map(|row| row.vintage).max(),
        blake3: known.digest_of(&std::iter::once(series.clone()).collect())?,
    }))
}
