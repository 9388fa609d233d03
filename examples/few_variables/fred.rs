//! FRED-QD as a table of plain numbers: every series under McCracken and Ng's transformation.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, bail};
use chipcast::forecast::few::table::Table;
use chrono::NaiveDate;
use polars::prelude::{Column, DataType, ParquetReader, SerReader};

/// First quarter of the data.
const START: &str = "1970-01-01";
/// Share of values that a series must have.
const MIN_KNOWN: f64 = 0.98;

/// The series and their quarters.
pub(crate) struct Data {
    pub(crate) table: Table,
    pub(crate) dates: Vec<NaiveDate>,
}

/// Every series transformed, from 1970, the few missing values carried on from the last one known (at
/// the start, back from the first).
pub(crate) fn read(file: &Path, until: NaiveDate) -> anyhow::Result<Data> {
    let frame = ParquetReader::new(File::open(file)?).finish()?;
    let days = |column: &Column| column.cast(&DataType::Date);
    let dates = days(frame.column("date")?)?.cast(&DataType::Int32)?;
    let codes = frame.column("tcode")?.cast(&DataType::Int32)?;
    let cells = dates.i32()?.iter().zip(frame.column("unique_id")?.str()?.iter());
    let mut raw: BTreeMap<&str, (i32, BTreeMap<NaiveDate, f64>)> = BTreeMap::new();
    for ((date, id), (y, code)) in
        cells.zip(frame.column("y")?.f64()?.iter().zip(codes.i32()?.iter()))
    {
        let date = date.and_then(NaiveDate::from_epoch_days).context("a row without a date")?;
        let (id, code) = (id.context("a row without a name")?, code.context("no `tcode`")?);
        if let Some(y) = y.filter(|_| date <= until) {
            raw.entry(id).or_insert((code, BTreeMap::new())).1.insert(date, y);
        }
    }
    let mut dates: Vec<NaiveDate> = raw.values().flat_map(|(_, y)| y.keys().copied()).collect();
    dates.sort_unstable();
    dates.dedup();
    let skipped = dates.partition_point(|date| *date < START.parse().unwrap_or_default());
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for (id, (code, values)) in &raw {
        let levels: Vec<f64> =
            dates.iter().map(|d| values.get(d).copied().unwrap_or(f64::NAN)).collect();
        let changed = transformed(&levels, *code)?.split_off(skipped);
        let n_known = changed.iter().filter(|value| !value.is_nan()).count();
        #[expect(clippy::cast_precision_loss, reason = "few rows")]
        if n_known as f64 / changed.len() as f64 > MIN_KNOWN {
            names.push((*id).to_owned());
            columns.push(filled(changed));
        }
    }
    Ok(Data { table: Table::new(names, columns)?, dates: dates.split_off(skipped) })
}

/// McCracken and Ng's transformations 1 to 7, growth in percent.
fn transformed(x: &[f64], code: i32) -> anyhow::Result<Vec<f64>> {
    let log = || x.iter().map(|value| value.ln()).collect::<Vec<_>>();
    let growth = || -> Vec<f64> {
        let ratio = (1..x.len()).map(|t| x[t] / x[t - 1] - 1.0);
        std::iter::once(f64::NAN).chain(ratio).collect()
    };
    let percent = |values: Vec<f64>| values.into_iter().map(|value| 100.0 * value).collect();
    Ok(match code {
        1 => x.to_vec(),
        2 => differences(x),
        3 => differences(&differences(x)),
        4 => log(),
        5 => percent(differences(&log())),
        6 => percent(differences(&differences(&log()))),
        7 => percent(differences(&growth())),
        other => bail!("no transformation {other}"),
    })
}

fn differences(x: &[f64]) -> Vec<f64> {
    std::iter::once(f64::NAN).chain(x.windows(2).map(|pair| pair[1] - pair[0])).collect()
}

fn filled(mut column: Vec<f64>) -> Vec<f64> {
    let first = column.iter().copied().find(|value| value.is_finite()).unwrap_or(0.0);
    let mut last = first;
    for value in &mut column {
        if value.is_finite() {
            last = *value;
        } else {
            *value = last;
        }
    }
    column
}
