//! The fourth quarter of a part: an annual report gives the year, and no filing the quarter.
//!
//! May use the core files and `ingest`. Derives from what is held, and never from what is not: a
//! quarter that is missing, or stands on another footing than the year, gives a reason.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};

use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::ingest::{Parsed, SetAside};
use crate::observation::Observation;
use crate::period::{Frequency, Period};
use crate::series::SeriesId;

/// What years are kept under.
const ANNUAL: &str = ".annual";

/// Fourth quarters: each year less the three quarters that tile its first nine months.
///
/// `years` are rows of series that end in `.annual`, in any order; the quarters, and other vintages
/// of the years, are those of `held`. A quarter counts as it was known when the year was filed, or
/// as it first became known after. The vintage is the latest of the four, and the locator names all
/// of them. Where a quarter is missing, of another concept, or older than a restatement of the
/// year, or where `held` has another value already, nothing is derived and the reason is set aside.
///
/// # Errors
/// [`Error::Store`] if a part of the archive cannot be read.
pub fn fourth_quarters(years: &[Observation], held: &Snapshot) -> Result<Parsed> {
    let mut parsed = Parsed::default();
    let mut years: Vec<&Observation> = years.iter().filter(|year| is_year(year)).collect();
    years.sort_by_key(|year| (&year.series, year.period, year.vintage));
    years.dedup();
    for of_series in years.chunk_by(|a, b| a.series == b.series) {
        let Some(id) = of_series[0].series.as_str().strip_suffix(ANNUAL) else { continue };
        let series = SeriesId::new(id)?;
        let mut quarters = rows(held, &series)?;
        let vintages = rows(held, &of_series[0].series)?;
        for year in of_series {
            match derive(&series, year, &vintages, &quarters) {
                Ok(Some(row)) => {
                    quarters.push(row.clone());
                    parsed.observations.push(row);
                }
                Ok(None) => {}
                Err(reason) => parsed.set_aside.push(SetAside {
                    series: id.to_owned(),
                    period: Some(year.period),
                    locator: year.locator.clone(),
                    reason: format!("no fourth quarter: {reason}"),
                }),
            }
        }
    }
    Ok(parsed)
}

/// The held years that a payload speaks of: those of its series in which a period of it lies.
///
/// # Errors
/// [`Error::Store`] if a part of the archive cannot be read.
pub fn years_beside(parsed: &Parsed, held: &Snapshot) -> Result<Vec<Observation>> {
    let mut periods: BTreeMap<SeriesId, Vec<Period>> = BTreeMap::new();
    for row in &parsed.observations {
        let id = row.series.as_str();
        let annual = SeriesId::new(&format!("{}{ANNUAL}", id.strip_suffix(ANNUAL).unwrap_or(id)))?;
        periods.entry(annual).or_default().push(row.period);
    }
    let mut years = Vec::new();
    for (annual, periods) in periods {
        let is_spoken_of = |year: &Observation| {
            let whole = year.period;
            periods.iter().any(|p| whole.start() <= p.start() && p.end() <= whole.end())
        };
        years.extend(rows(held, &annual)?.into_iter().filter(is_spoken_of));
    }
    Ok(years)
}

fn is_year(row: &Observation) -> bool {
    row.series.as_str().ends_with(ANNUAL) && row.period.frequency() == Some(Frequency::Year)
}

/// Every row of a series; none where the archive has no such series.
fn rows(held: &Snapshot, series: &SeriesId) -> Result<Vec<Observation>> {
    match held.vintages(series) {
        Err(Error::NotFound(_)) => Ok(Vec::new()),
        rows => rows,
    }
}

fn derive(
    series: &SeriesId,
    year: &Observation,
    vintages: &[Observation],
    quarters: &[Observation],
) -> Result<Option<Observation>, String> {
    let three = first_three(year, quarters)?;
    let start = three[2].period.end() + Days::new(1);
    let period = Period::new(start, year.period.end())
        .ok()
        .filter(|period| period.frequency() == Some(Frequency::Quarter))
        .ok_or_else(|| format!("{start} to {} is no quarter", year.period.end()))?;
    one_footing(year, vintages, three)?;
    let latest = three.into_iter().fold(
        year,
        |latest, q| {
            if q.vintage > latest.vintage { q } else { latest }
        },
    );
    let value = three.iter().fold(year.value, |rest, quarter| rest - quarter.value);
    let before = quarters
        .iter()
        .filter(|row| row.period.is_nearly(period) && row.vintage <= latest.vintage)
        .max_by_key(|row| row.vintage);
    if let Some(before) = before {
        if before.value.to_bits() == value.to_bits() {
            return Ok(None);
        }
        if three.iter().any(|quarter| quarter.vintage <= before.vintage) {
            return Err(format!(
                "the year less three quarters is {value}; {} is held, from {}",
                before.value, before.source
            ));
        }
    }
    Ok(Some(Observation {
        series: series.clone(),
        period,
        value,
        unit: year.unit,
        vintage: latest.vintage,
        vintage_basis: latest.vintage_basis,
        source: format!("{}, less three quarters", year.source),
        locator: locator(year, three),
        retrieved_at: year.retrieved_at,
    }))
}

/// The quarters that tile the year up to its last one, in order.
fn first_three<'q>(
    year: &Observation,
    quarters: &'q [Observation],
) -> Result<[&'q Observation; 3], String> {
    let mut found = Vec::new();
    let mut next = year.period.start();
    while let Some(quarter) = quarter_from(next, year, quarters) {
        next = quarter.period.end() + Days::new(1);
        found.push(quarter);
        if found.len() == 3 {
            break;
        }
    }
    <[&Observation; 3]>::try_from(found).map_err(|found| {
        let n = found.len();
        format!("no quarter from {next} on is held; {n} of the first three are")
    })
}

/// The quarter that starts on a day: the last vintage that the year's filing could know, or else
/// the first one after.
fn quarter_from<'q>(
    start: NaiveDate,
    year: &Observation,
    quarters: &'q [Observation],
) -> Option<&'q Observation> {
    let of_day = || {
        quarters.iter().filter(move |row| {
            row.period.start() == start
                && row.period.frequency() == Some(Frequency::Quarter)
                && row.period.end() < year.period.end()
        })
    };
    let known = of_day().filter(|row| row.vintage <= year.vintage).max_by_key(|row| row.vintage);
    known.or_else(|| of_day().min_by_key(|row| row.vintage))
}

/// Whether year and quarters measure the same, restated alike.
fn one_footing(
    year: &Observation,
    vintages: &[Observation],
    three: [&Observation; 3],
) -> Result<(), String> {
    let concepts = concepts(year);
    for quarter in three {
        let others = self::concepts(quarter);
        if !concepts.is_empty() && !others.is_empty() && concepts.is_disjoint(&others) {
            let list =
                |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join("`, `");
            return Err(format!(
                "the year is `{}`, the quarter {} is `{}`",
                list(&concepts),
                quarter.period,
                list(&others)
            ));
        }
        if quarter.unit != year.unit {
            return Err(format!("the year is in {}, its quarters in {}", year.unit, quarter.unit));
        }
    }
    let before = vintages
        .iter()
        .filter(|row| row.period == year.period && row.vintage < year.vintage)
        .max_by_key(|row| row.vintage)
        .filter(|row| row.value.to_bits() != year.value.to_bits());
    match before {
        Some(before) if three.iter().any(|quarter| quarter.vintage <= before.vintage) => {
            Err(format!(
                "the year was restated from {} to {}, its quarters were not all",
                before.value, year.value
            ))
        }
        _ => Ok(()),
    }
}

/// The concepts that a locator names.
fn concepts(row: &Observation) -> BTreeSet<&str> {
    let parts = row.locator.split("; ").map(str::trim);
    parts.filter(|part| part.starts_with("us-gaap:") && !part.contains('=')).collect()
}

/// All four places, then what they measure.
fn locator(year: &Observation, three: [&Observation; 3]) -> String {
    let place = |row: &Observation| {
        let mut parts = row.locator.split("; ");
        parts
            .clone()
            .find(|part| part.starts_with("accn "))
            .or_else(|| parts.next())
            .unwrap_or_default()
            .to_owned()
    };
    let mut pieces = vec!["derived: year - Q1 - Q2 - Q3".to_owned(), place(year)];
    for quarter in three {
        let place = place(quarter);
        if !pieces.contains(&place) {
            pieces.push(place);
        }
    }
    pieces.extend(year.locator.split("; ").skip(1).map(str::to_owned));
    pieces.join("; ")
}
