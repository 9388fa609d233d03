//! From the rows of a table to series: grouped by their names, one after another put in order.
//!
//! Pure. Points of one series at a time stand in memory as points; the table itself is not copied.

use std::collections::HashMap;

use chipcast::error::{Error, Result};
use chipcast::forecast::panel::{Cell, Ds, Point, Series};
use polars::prelude::{DataFrame, DataType, Float64Chunked, IdxSize, StringChunked};
use rayon::prelude::*;

use super::ds::Points;
use super::{End, Held};
use crate::call::Watch;

/// What a missing value may be written as, where values are texts.
const MISSING: [&str; 6] = ["", "nan", "na", "n/a", "null", "none"];

/// Groups a table of three columns (name, `ds`, value) into series.
pub(super) fn held(mut table: DataFrame, watch: &Watch) -> Result<Held> {
    table.rechunk_mut();
    let [ids, ds, y] = table.columns() else {
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
    let mut order: Vec<usize> = (0..groups.len()).collect();
    if let Some(numbers) = numbers {
        let numbers = numbers.i64()?;
        order.sort_by_key(|idx| numbers.get(groups[*idx].first()));
    }
    let firsts = order.iter().map(|idx| index(groups[*idx].first())).collect::<Result<Vec<_>>>()?;
    Ok(Held {
        series,
        ends,
        order,
        ids: ids.take_slice(&firsts)?,
        kind,
        time_col: ds.name().to_string(),
        target_col: y.name().to_string(),
    })
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
            Self::Texts(held) => {
                let text = held.get(row).unwrap_or_default().trim();
                match text.parse() {
                    Ok(value) => Cell::Value(value),
                    Err(_) if MISSING.contains(&text.to_ascii_lowercase().as_str()) => {
                        Cell::Missing
                    }
                    Err(_) => Cell::Unreadable,
                }
            }
        }
    }
}

/// An index as polars counts them.
pub(super) fn index(idx: usize) -> Result<IdxSize> {
    IdxSize::try_from(idx).map_err(|_| Error::invalid("a table has at most 4 billion rows"))
}
