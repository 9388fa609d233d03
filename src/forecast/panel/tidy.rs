//! What a user's rows are made into: regular values, or the reason why a series cannot be forecast.
//!
//! Pure. Never fills a gap: of a series with gaps the part after the last one is used, and said so.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dates::{Ds, Step};

/// A value as it came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// A number, which may be infinite.
    Value(f64),
    /// Nothing, or not a number.
    Missing,
    /// A text that is no number.
    Unreadable,
}

/// What a missing value may be written as, beside nothing.
const MISSING: [&str; 5] = ["nan", "na", "n/a", "null", "none"];

impl Cell {
    /// Reads a text without white space around it.
    pub fn read(text: &str) -> Self {
        match text.parse() {
            Ok(value) => Self::Value(value),
            Err(_) if text.is_empty() || MISSING.contains(&text.to_ascii_lowercase().as_str()) => {
                Self::Missing
            }
            Err(_) => Self::Unreadable,
        }
    }
}

/// A point as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Where it stands, or what stood there instead.
    pub ds: Result<Ds, String>,
    /// Its value.
    pub y: Cell,
}

/// A series that can be forecast.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tidy {
    /// Its values, without gaps, in order.
    pub(super) y: Vec<f64>,
    /// Where the first one stands.
    pub(super) first: Ds,
    /// Where the last one stands.
    pub(super) last: Ds,
    /// The step from each to the next.
    pub(super) step: Step,
    /// What was left out, if anything was.
    pub(super) left_out: Option<String>,
    /// Columns that are known beside the values, and ahead of them; shared by earlier origins.
    pub(super) x: Arc<[Vec<f64>]>,
}

/// What a model sees of a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    /// Its values.
    pub(super) y: &'a [f64],
    /// Columns from the first value on, as far as they are known.
    pub(super) x: &'a [Vec<f64>],
}

/// How far the largest value of a tame series may be above its middle one.
const WILD: f64 = 1e6;

impl Tidy {
    /// All that is known.
    pub(super) fn values(&self) -> Values<'_> {
        Values { y: &self.y, x: &self.x }
    }

    /// The same with columns, by where their rows stand; they end before the first row that is missing or
    /// has something else than a number.
    pub(super) fn beside(mut self, rows: &BTreeMap<Ds, Vec<f64>>) -> Self {
        let is_known = |row: &&Vec<f64>| row.iter().all(|value| value.is_finite());
        let known = (0..).map_while(|idx| rows.get(&self.at(idx)?).filter(is_known));
        let known: Vec<&Vec<f64>> = known.collect();
        let n_columns = rows.values().next().map_or(0, Vec::len);
        self.x = (0..n_columns).map(|k| known.iter().map(|row| row[k]).collect()).collect();
        self
    }

    /// Where the value of an index stands.
    pub(super) fn at(&self, idx: usize) -> Option<Ds> {
        self.first.after(self.step, u32::try_from(idx).ok()?)
    }

    /// How many values stand at `ds` or before.
    pub(super) fn n_until(&self, ds: Ds) -> usize {
        let (mut low, mut high) = (0, self.y.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.at(middle).is_some_and(|at| at <= ds) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The first `n` values, at least one, as if no more had come.
    pub(super) fn up_to(&self, n: usize) -> Option<Self> {
        let y = self.y.get(..n).filter(|y| !y.is_empty())?.to_vec();
        let (first, last, step) = (self.first, self.at(n - 1)?, self.step);
        let (left_out, x) = (self.left_out.clone(), self.x.clone());
        Some(Self { y, first, last, step, left_out, x })
    }

    /// Whether the values ever change, and are of comparable size, zeros aside.
    pub(super) fn is_tame(&self) -> bool {
        if self.y.iter().all(|y| *y == self.y[0]) {
            return false;
        }
        let mut sizes: Vec<f64> = self.y.iter().map(|y| y.abs()).filter(|y| *y > 0.0).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.last().is_none_or(|largest| largest / WILD <= sizes[sizes.len() / 2])
    }
}

/// Puts points in order and keeps those after the last gap.
///
/// # Errors
/// Why the series cannot be forecast: a broken `ds` or `y`, two points at the same `ds`, no value.
pub(super) fn tidy(mut points: Vec<Point>) -> Result<Tidy, String> {
    let mut at = Vec::with_capacity(points.len());
    for point in &points {
        let ds = point.ds.clone().map_err(|found| {
            format!("`ds` `{found}` is not a date, a timestamp or a whole number")
        })?;
        at.push(ds);
        match point.y {
            Cell::Unreadable => return Err(format!("`y` at `{ds}` is not a number")),
            Cell::Value(y) if y.is_infinite() => return Err(format!("`y` at `{ds}` is infinite")),
            _ => {}
        }
    }
    if at.windows(2).any(|pair| !pair[0].is_kin(pair[1])) {
        return Err("`ds` mixes dates, timestamps and whole numbers".to_owned());
    }
    at.sort_unstable();
    let mut pairs = at.iter().zip(at.iter().skip(1));
    if let Some((_, again)) = pairs.find(|(one, other)| one == other) {
        return Err(format!("`ds` `{again}` stands twice"));
    }
    points.sort_by(|a, b| a.ds.cmp(&b.ds));
    let step = Step::of(&at);
    let number = |point: &Point| match point.y {
        Cell::Value(y) if !y.is_nan() => Some(y),
        _ => None,
    };
    let end =
        points.iter().rposition(|point| number(point).is_some()).ok_or("no `y` is a number")?;
    let mut start = end;
    while start > 0
        && number(&points[start - 1]).is_some()
        && follows(at[start - 1], at[start], step)
    {
        start -= 1;
    }
    let y: Vec<f64> = points[start..=end].iter().filter_map(number).collect();
    let before = points[..start].iter().filter(|point| number(point).is_some()).count();
    let after = points.len() - 1 - end;
    let left_out = match (before, after) {
        (0, 0) => None,
        (0, _) => Some(format!("the last {after} values are missing")),
        _ => Some(format!("gap before `{}`: {before} earlier values are left out", at[start])),
    };
    Ok(Tidy { y, first: at[start], last: at[end], step, left_out, x: Arc::default() })
}

/// Whether one point is a step after another.
fn follows(one: Ds, other: Ds, step: Step) -> bool {
    one.after(step, 1) == Some(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(cells: &[(i64, f64)]) -> Vec<Point> {
        let point = |(at, y): &(i64, f64)| Point { ds: Ok(Ds::Number(*at)), y: Cell::Value(*y) };
        cells.iter().map(point).collect()
    }

    #[test]
    fn rows_are_sorted_and_the_part_after_the_last_gap_is_kept() {
        let found = tidy(points(&[(3, 30.0), (1, 10.0), (2, 20.0)])).expect("regular");
        assert_eq!(
            (found.y, found.last, found.left_out),
            (vec![10.0, 20.0, 30.0], Ds::Number(3), None)
        );
        let gap =
            tidy(points(&[(1, 1.0), (2, 2.0), (5, 5.0), (6, 6.0), (7, 7.0)])).expect("a part");
        assert_eq!(gap.y, [5.0, 6.0, 7.0]);
        assert_eq!(gap.left_out.as_deref(), Some("gap before `5`: 2 earlier values are left out"));
        let missing = tidy(points(&[(1, 1.0), (2, f64::NAN), (3, 3.0), (4, f64::NAN)])).expect("3");
        assert_eq!((missing.y, missing.last), (vec![3.0], Ds::Number(3)));
    }

    #[test]
    fn what_cannot_be_forecast_is_told() {
        let error = |points| tidy(points).expect_err("broken");
        assert_eq!(error(points(&[(1, 1.0), (1, 1.0)])), "`ds` `1` stands twice");
        assert_eq!(error(points(&[(1, f64::INFINITY)])), "`y` at `1` is infinite");
        assert_eq!(error(points(&[(1, f64::NAN)])), "no `y` is a number");
        assert_eq!(error(Vec::new()), "no `y` is a number");
        let odd = Point { ds: Err("soon".to_owned()), y: Cell::Missing };
        assert!(error(vec![odd]).starts_with("`ds` `soon` is not"));
    }
}
