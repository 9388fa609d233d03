//! What a company's filings say beside its spend: orders not yet delivered, and words on scarce capacity.
//!
//! May use the core files and `signals`. Reads what was public on the snapshot's day; what is not
//! held names the command that fills it.

use chrono::Months;

use super::signals::{Evidence, last_row};
use crate::archive::Snapshot;
use crate::error::Result;
use crate::observation::Observation;
use crate::series::SeriesId;
use crate::units::Unit;

/// Where counts of words on scarce capacity are kept: of quarterly reports, annual reports, releases.
const WORDS: [&str; 3] =
    ["words.capacity_short", "words.capacity_short.year", "words.capacity_short.release"];
/// Days by which two fiscal quarters of the same name may end apart, a year between them.
const DAYS_OFF: i64 = 10;

/// The backlog of a company, how it grew over four quarters, and the last count of words.
///
/// # Errors
/// As [`Snapshot::current`].
pub(super) fn filed(known: &Snapshot, owner: &str) -> Result<Vec<Evidence>> {
    let backlog = SeriesId::new(&format!("{owner}.backlog"))?;
    let rows = rows(known, &backlog)?;
    let before = rows.last().and_then(|last| year_before(&rows, last));
    let growth = rows.last().zip(before).map(|(last, before)| last.value / before.value);
    let ask = format!("`chipcast ingest edgar --company {owner}` reads it if the company files it");
    let source = match rows.last() {
        Some(_) => last_row(known, &backlog)?,
        None => format!("no backlog is held; {ask}"),
    };
    let source_before = match before {
        Some(row) => format!("{source}; over {}: {}", row.period.end(), row.locator),
        None if rows.is_empty() => source.clone(),
        None => format!("{source}; that of four quarters before is not held; {ask}"),
    };
    let (words, words_source) = words(known, owner)?;
    Ok(vec![
        Evidence {
            name: "backlog",
            meaning: "orders not yet delivered, USD",
            value: rows.last().map(|row| row.value),
            unit: Unit::Usd,
            source,
        },
        Evidence {
            name: "backlog_growth",
            meaning: "orders not yet delivered, over four quarters before",
            value: growth,
            unit: Unit::Ratio,
            source: source_before,
        },
        Evidence {
            name: "constrained_words",
            meaning: "sentences of its last filing that capacity is short",
            value: words,
            unit: Unit::Count,
            source: words_source,
        },
    ])
}

fn rows(known: &Snapshot, series: &SeriesId) -> Result<Vec<Observation>> {
    if known.holds(series)? { known.current(series) } else { Ok(Vec::new()) }
}

/// The row of the day a year before, which is never zero.
fn year_before<'a>(rows: &'a [Observation], last: &Observation) -> Option<&'a Observation> {
    let day = last.period.end().checked_sub_months(Months::new(12))?;
    let is_near = |row: &&Observation| (row.period.end() - day).num_days().abs() <= DAYS_OFF;
    rows.iter().find(is_near).filter(|row| row.value > 0.0)
}

/// The count of the document that came out last, with where it stands.
fn words(known: &Snapshot, owner: &str) -> Result<(Option<f64>, String)> {
    let mut last: Option<Observation> = None;
    for metric in WORDS {
        let of_kind = rows(known, &SeriesId::new(&format!("{owner}.{metric}"))?)?.pop();
        if let Some(row) = of_kind {
            let is_later = last.as_ref().is_none_or(|last| row.vintage > last.vintage);
            last = if is_later { Some(row) } else { last };
        }
    }
    if let Some(row) = last {
        return Ok((Some(row.value), last_row(known, &row.series)?));
    }
    let file = format!("FILE --company {owner}");
    let source = format!(
        "not held; `chipcast ingest filing {file} --filed DATE` counts them in a report, \
         `chipcast ingest press {file} --published DATE` in a release or the words of a call"
    );
    Ok((None, source))
}
