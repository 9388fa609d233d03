//! From the rows of a table to series: grouped by their names, one after another put in order.
//!
//! Pure. Points of one series at a time stand in memory as points; the table itself is not copied.

use std::collections::HashMap;

use chipcast::error::{Error, Result};
use chipcast::forecast::panel::{Cell, Ds, Point, Series};
use polars::prelude::{Column, DataFrame, DataType, Float64Chunked, IdxSize, StringChunked};
use rayon::prelude::*;

use super::ds::Points;
use super::{Drivers, End, Held};
use crate::call::Watch;

/// Groups a table of three columns (name, `ds`, value) into series; further columns are drivers.
pub(super) fn held(mut table: DataFrame, watch: &Watch) -> Result<Held> {
    table.rechunk_mut();
    let [ids, ds, y, drivers @ ..] = table.columns() else {
        return Err(Error::invalid("three columns are needed"));
    };
    let (ids, ds, y) =
        (ids.as_materialized_series(), ds.as_materialized_series(), y.as_materialized_series());
    if ids.is_empty() {
        return Err(Error::insufficient("the table has no rows")
            .hint("a stream can be read once: keep a table of it"));
    }
    let (points, kind) = Points::new(ds)?;
    let values = Values::new(y)?;
    let columns = numbers_of(drivers)?;
    let is_number = ids.dtype().is_primitive_numeric();
    let numbers = is_number.then(|| ids.cast(&DataType::Int64)).transpose()?;
    let texts = ids.cast(&DataType::String)?;
    let mut groups = grouped(texts.str()?);
    groups.sort_unstable_by(|one, other| one.name.cmp(other.name));
    let series = groups.par_iter().map(|group| {
        let rows = || group.runs.iter().flat_map(|(start, end)| *start..*end);
        let point = |row: usize| Point { ds: points.at(row), y: values.at(row) };
        let all: Vec<Point> = rows().map(point).collect();
        let known = all.iter().filter(|point| matches!(point.y, Cell::Value(y) if !y.is_nan()));
        let last: Option<Ds> = known.clone().filter_map(|point| point.ds.clone().ok()).max();
        let end = End { last, n_known: known.count() };
        watch.goes_on().then(|| (Series::new(group.name, all), end))
    });
    let series: Option<Vec<(Series, End)>> = series.collect();
    let (series, ends) = series.ok_or_else(super::stopped)?.into_iter().unzip();
    let beside = |group: &Group<'_>| {
        let rows = group.runs.iter().flat_map(|(start, end)| *start..*end);
        rows.filter_map(|row| Some((points.at(row).ok()?, numbers_at(&columns, row)))).collect()
    };
    let drivers =
        if columns.is_empty() { Vec::new() } else { groups.par_iter().map(beside).collect() };
    let mut order: Vec<usize> = (0..groups.len()).collect();
    if let Some(numbers) = numbers {
        let numbers = numbers.i64()?;
        order.sort_by_key(|idx| numbers.get(groups[*idx].first()));
    }
    let firsts = order.iter().map(|idx| index(groups[*idx].first())).collect::<Result<Vec<_>>>()?;
    Ok(Held {
        series,
        ends,
        drivers,
        order,
        ids: ids.take_slice(&firsts)?,
        kind,
        time_col: ds.name().to_string(),
        target_col: y.name().to_string(),
    })
}

/// The drivers at points to come, of each series: a table of names, points and drivers. Series that are not
/// known are left out.
pub(super) fn drivers_ahead(held: &Held, mut table: DataFrame) -> Result<Vec<Drivers>> {
    table.rechunk_mut();
    let [ids, ds, drivers @ ..] = table.columns() else {
        return Err(Error::invalid("two columns are needed"));
    };
    let (points, _) = Points::new(ds.as_materialized_series())?;
    let columns = numbers_of(drivers)?;
    let texts = ids.as_materialized_series().cast(&DataType::String)?;
    let mut found = vec![Drivers::new(); held.series.len()];
    for (row, name) in texts.str()?.iter().enumerate() {
        let name = name.unwrap_or_default();
        let at = held.series.binary_search_by(|series| series.unique_id().cmp(name));
        if let (Ok(idx), Ok(point)) = (at, points.at(row)) {
            found[idx].insert(point, numbers_at(&columns, row));
        }
    }
    Ok(found)
}

fn numbers_of(columns: &[Column]) -> Result<Vec<Values>> {
    columns.iter().map(|column| Values::new(column.as_materialized_series())).collect()
}

/// The numbers of a row; what is missing is no number, and its series is not forecast by them.
fn numbers_at(columns: &[Values], row: usize) -> Vec<f64> {
    let number = |column: &Values| match column.at(row) {
        Cell::Value(value) => value,
        _ => f64::NAN,
    };
    columns.iter().map(number).collect()
}

/// The rows of a series, as runs from a row up to another.
struct Group<'a> {
    name: &'a str,
    runs: Vec<(usize, usize)>,
}

impl Group<'_> {
    fn first(&self) -> usize {
        self.runs[0].0
    }
}

/// The series of a column of names. A name that is missing is empty.
fn grouped(names: &StringChunked) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut found: HashMap<&str, usize> = HashMap::new();
    let mut last: Option<usize> = None;
    for (row, name) in names.iter().enumerate() {
        let name = name.unwrap_or_default();
        let idx = match last {
            Some(idx) if groups[idx].name == name => idx,
            _ => *found.entry(name).or_insert_with(|| {
                groups.push(Group { name, runs: Vec::new() });
                groups.len() - 1
            }),
        };
        match groups[idx].runs.last_mut() {
            Some((_, end)) if *end == row => *end += 1,
            _ => groups[idx].runs.push((row, row + 1)),
        }
        last = Some(idx);
    }
    groups
}

/// The values of a column, read one by one.
enum Values {
    Numbers(Float64Chunked),
    Texts(StringChunked),
}

impl Values {
    fn new(column: &polars::prelude::Series) -> Result<Self> {
        match column.dtype() {
            dtype if dtype.is_primitive_numeric() || *dtype == DataType::Null => {
                Ok(Self::Numbers(column.cast(&DataType::Float64)?.f64()?.clone()))
            }
            DataType::String => Ok(Self::Texts(column.str()?.clone())),
            other => {
                let name = column.name();
                let told = format!("`{name}` is of the type {other}; needed are numbers");
                Err(Error::invalid(told))
            }
        }
    }

    fn at(&self, row: usize) -> Cell {
        match self {
            Self::Numbers(held) => held.get(row).map_or(Cell::Missing, Cell::Value),
            Self::Texts(held) => Cell::read(held.get(row).unwrap_or_default().trim()),
        }
    }
}

/// An index as polars counts them.
pub(super) fn index(idx: usize) -> Result<IdxSize> {
    IdxSize::try_from(idx).map_err(|_| Error::invalid("a table has at most 4 billion rows"))
}
