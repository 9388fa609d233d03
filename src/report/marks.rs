//! Marks: where a table shows the numbers of its sources.
//!
//! May use `cell` and `source`. One decision for every format that prints tables.

use crate::report::{Cell, Footnotes, Table};

/// Where a table shows its sources, so that marks do not drown the figures.
pub(super) enum Marks {
    /// One set for the whole table: in a line under it.
    Table(Vec<usize>),
    /// One set a row: in a last column.
    Rows(Vec<Vec<usize>>),
    /// Beside each cell.
    Cells,
}

impl Marks {
    /// The place that suits a table.
    pub(super) fn of(table: &Table, notes: &Footnotes<'_>) -> Self {
        let sourced = |row: &[Cell]| -> Vec<Vec<usize>> {
            let cells = row.iter().filter(|cell| !cell.sources().is_empty());
            let mut sets: Vec<_> = cells.map(|cell| notes.numbers_of(cell.sources())).collect();
            sets.sort_unstable();
            sets.dedup();
            sets
        };
        let rows: Vec<_> = table.rows().iter().map(|row| sourced(row)).collect();
        if rows.iter().any(|sets| sets.len() > 1) {
            return Self::Cells;
        }
        let rows: Vec<Vec<usize>> = rows.into_iter().map(|sets| sets.concat()).collect();
        let mut distinct: Vec<_> = rows.iter().filter(|set| !set.is_empty()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        match distinct.as_slice() {
            [] => Self::Table(Vec::new()),
            [one] => Self::Table((*one).clone()),
            _ => Self::Rows(rows),
        }
    }
}
