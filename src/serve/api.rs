//! The JSON API: the rows of the command line, as JSON, CSV or Parquet.
//!
//! May use the core, `ingest`, `forecast`, `report`, `rows` and the files of `serve`. Makes no
//! rows of its own.

use serde_json::json;

use super::answer::Answer;
use super::edition::Edition;
use super::query::Query;
use super::sliders;
use crate::error::{Error, Result};
use crate::forecast::bridge::{Span, bridge};
use crate::forecast::run_record::RunRecord;
use crate::forecast::{Forecast, engine};
use crate::ingest::table::ANNOUNCEMENT_COLUMNS;
use crate::report::desk::HORIZON;
use crate::rows::{data, forecast, ledger, runs, scale, skill};
use crate::series::SeriesId;

/// The interval that rows of a forecast state beside the median, from wide to narrow.
const COVERAGE: [f64; 3] = [0.95, 0.8, 0.5];
/// The models whose skill is shown, as `chipcast skill` does.
pub(super) const MODELS: [&str; 5] = ["chipcast", "pooled", "ols", "drift", "seasonal_naive"];

pub(super) fn series_columns() -> Vec<&'static str> {
    data::SERIES_COLUMNS.to_vec()
}

pub(super) fn vintage_columns() -> Vec<&'static str> {
    data::observation_columns().into_iter().chain(["change"]).collect()
}

pub(super) fn forecast_columns() -> Vec<&'static str> {
    forecast::COLUMNS.to_vec()
}

pub(super) fn skill_columns() -> Vec<&'static str> {
    skill::COLUMNS.to_vec()
}

pub(super) fn announcement_columns() -> Vec<&'static str> {
    ANNOUNCEMENT_COLUMNS.to_vec()
}

pub(super) fn scaling_columns() -> Vec<&'static str> {
    scale::CHANGE_COLUMNS.to_vec()
}

pub(super) fn ledger_columns() -> Vec<&'static str> {
    ledger::COLUMNS.to_vec()
}

pub(super) fn run_columns() -> Vec<&'static str> {
    runs::COLUMNS.to_vec()
}

pub(super) fn span_columns() -> Vec<&'static str> {
    runs::SPAN_COLUMNS.to_vec()
}

pub(super) fn series(edition: &Edition, query: &Query) -> Result<Answer> {
    let rows = data::series(&edition.as_of(query)?)?;
    Answer::rows(&rows, query.get("format"), "series")
}

pub(super) fn observations(edition: &Edition, query: &Query) -> Result<Answer> {
    let series = query.series()?;
    let rows = data::observations(&edition.as_of(query)?, &series)?;
    Answer::rows(&rows, query.get("format"), &format!("{series}.observations"))
}

pub(super) fn vintages(edition: &Edition, query: &Query) -> Result<Answer> {
    let series = query.series()?;
    let rows = data::vintages(&edition.as_of(query)?, &series)?;
    Answer::rows(&rows, query.get("format"), &format!("{series}.vintages"))
}

pub(super) fn forecast(edition: &Edition, query: &Query) -> Result<Answer> {
    let series = query.series()?;
    let known = edition.as_of(query)?;
    let model = engine::model("chipcast")?;
    let mut made = edition.with_book(&known, |book| book.forecast(model, &series))?;
    made.steps.truncate(query.count("horizon", HORIZON));
    let told = [forecast::Told::of(&known, &made)];
    let asked = forecast::Asked {
        coverage: &COVERAGE,
        with_mean: false,
        n_samples: 0,
        run_id: &edition.desk.run_id,
        seed: edition.desk.workshop.worlds.seed,
    };
    let rows = forecast::rows(&told, &asked);
    Answer::rows(&rows, query.get("format"), &format!("{series}.forecast"))
}

pub(super) fn skill(edition: &Edition, query: &Query) -> Result<Answer> {
    let series = query.series()?;
    let known = edition.as_of(query)?;
    let rows = skill::rows(&skills(edition, &known, &series)?);
    Answer::rows(&rows, query.get("format"), &format!("{series}.skill"))
}

/// The forecasts of the shown models; a model that has too little to say is left out.
pub(super) fn skills(
    edition: &Edition,
    known: &crate::archive::Snapshot,
    series: &SeriesId,
) -> Result<Vec<(&'static str, Forecast)>> {
    edition.with_book(known, |book| {
        let mut found = Vec::new();
        for name in MODELS {
            match book.forecast(engine::model(name)?, series) {
                Ok(forecast) => found.push((name, forecast)),
                Err(Error::Insufficient(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    })
}

pub(super) fn announcements(edition: &Edition, query: &Query) -> Result<Answer> {
    let known = edition.as_of(query)?;
    let companies = match query.company() {
        Some(company) => vec![company],
        None => announcers(edition),
    };
    let held = companies.iter().flat_map(|company| known.announcements(company));
    Answer::rows(&data::announcements(held), query.get("format"), "announcements")
}

/// Every company that ever announced something.
pub(super) fn announcers(edition: &Edition) -> Vec<String> {
    let all = edition.archive.all_announcements();
    let mut companies: Vec<_> = all.iter().map(|a| a.company.clone()).collect();
    companies.sort();
    companies.dedup();
    companies
}

pub(super) fn scaling(edition: &Edition, query: &Query) -> Result<Answer> {
    let base = edition.base(&sliders::company(query))?;
    let mut rows = scale::changes("sliders", &base.changes(query)?);
    rows.beside("company", json!(base.company));
    rows.beside("date", json!(base.date));
    rows.beside("n_draws", json!(sliders::N_DRAWS));
    Answer::rows(&rows, None, "scaling")
}

pub(super) fn ledger(edition: &Edition, query: &Query) -> Result<Answer> {
    let ledger = edition.ledger()?;
    Answer::rows(&ledger::rows(&ledger.entries()), query.get("format"), "ledger")
}

pub(super) fn runs(edition: &Edition, query: &Query) -> Result<Answer> {
    Answer::rows(&runs::rows(&edition.runs()), query.get("format"), "runs")
}

pub(super) fn diff(edition: &Edition, query: &Query) -> Result<Answer> {
    let (a, b, spans, failures) = compared(edition, query)?;
    let mut rows = runs::spans(&spans);
    let said = |run: &RunRecord| json!({ "run_id": run.run_id, "as_of": run.as_of });
    rows.beside("run_a", said(&a));
    rows.beside("run_b", said(&b));
    rows.beside("failed", json!(failures));
    Answer::rows(&rows, query.get("format"), &format!("{}-{}", a.run_id, b.run_id))
}

/// Two runs, what changed between their forecasts, and what could not be compared, in words.
pub(super) type Compared = (RunRecord, RunRecord, Vec<Span>, Vec<String>);

/// Compares the two runs that a path names.
///
/// # Errors
/// [`Error::NotFound`] for an unknown run, as [`bridge`], and [`Error::Insufficient`] if they share nothing.
pub(super) fn compared(edition: &Edition, query: &Query) -> Result<Compared> {
    let run = |name: &str| edition.run(query.get(name).unwrap_or_default());
    let (a, b) = (run("a")?, run("b")?);
    let (mut spans, mut failures) = (Vec::new(), Vec::new());
    for (series, found) in bridge(&a, &b, &edition.archive)? {
        match found {
            Ok(found) => spans.extend(found),
            Err(error) => failures.push(format!("{series}: {error}")),
        }
    }
    if spans.is_empty() && failures.is_empty() {
        return Err(Error::insufficient(format!(
            "runs {} as of {} and {} as of {} have no period in common",
            a.run_id, a.as_of, b.run_id, b.as_of
        )));
    }
    Ok((a, b, spans, failures))
}
