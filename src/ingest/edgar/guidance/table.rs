//! Tables of guidance: rows of metrics, columns of periods or of GAAP and non-GAAP.
//!
//! May use `grammar`, `label`, `metric`, `tokens`. A cell is read as the sentence `row head, cell`; tables
//! of results and those that lead from GAAP to non-GAAP are left alone.

use super::grammar::{Around, Claim, Sentence};
use super::label::{Label, labels};
use super::metric::{Basis, lacks_basis};
use super::tokens::tokens;

/// What a table's heads say.
#[derive(Debug, Default)]
struct Heads {
    scope: Option<Label>,
    columns: Vec<Column>,
    scale: Option<i128>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Column {
    label: Option<Label>,
    basis: Option<Basis>,
    /// The way from one basis to the other.
    is_step: bool,
}

const UNTOLD: &str = "stands under one of several heads; which one cannot be told";
/// Columns that are read.
const MOST: usize = 12;
/// Rows at the top that say what a table is.
const TOP: usize = 4;

/// The guides of a table with the row that each stands in; `None` of a period if the table names none.
pub(super) fn claims(rows: &[&[String]], around: Around) -> Vec<(usize, Option<Label>, Claim)> {
    let top =
        rows.iter().take(TOP).flat_map(|row| row.iter()).fold(String::new(), |mut all, cell| {
            all.push_str(&cell.to_lowercase());
            all.push(' ');
            all
        });
    let has = |words: &[&str]| words.iter().any(|word| top.contains(word));
    let is_outlook = around.is_outlook || has(&["outlook", "guidance"]);
    if !is_outlook || has(&["reconciliation", "reconcile", "months ended", "year ended", "actual"])
    {
        return Vec::new();
    }
    let around = Around { is_outlook: true, ..around };
    let mut heads = Heads { scale: scale(&top), ..Heads::default() };
    let mut found = Vec::new();
    for (idx, row) in rows.iter().enumerate() {
        let cells = merged(row);
        if heads.take(&cells) {
            continue;
        }
        let Some((head, values)) = cells.split_first() else { continue };
        let is_told = heads.columns.is_empty() || heads.columns.len() == values.len();
        for (column, value) in values.iter().enumerate().take(if is_told { MOST } else { 1 }) {
            let known = heads.columns.get(column).filter(|_| is_told).copied().unwrap_or_default();
            if known.is_step || (column > 0 && heads.columns.is_empty()) {
                continue;
            }
            let around = Around { basis: known.basis.or(around.basis), ..around };
            let text = format!("{head}: {value}");
            for mut claim in Sentence::read(&text, around, heads.scale).claims() {
                if !is_told && heads.tells_apart(&claim) {
                    claim.value = Err(UNTOLD);
                }
                found.push((idx, known.label.or(heads.only_label()).or(heads.scope), claim));
            }
        }
    }
    found
}

impl Heads {
    /// Whether it matters under which head a claim stands.
    fn tells_apart(&self, claim: &Claim) -> bool {
        let has_label = self.columns.iter().any(|column| column.label.is_some());
        lacks_basis(&claim.metric) || (has_label && self.only_label().is_none())
    }

    /// The label that every column carries.
    fn only_label(&self) -> Option<Label> {
        let first = self.columns.first()?.label?;
        let same = |label: Label| (label.span, label.year) == (first.span, first.year);
        self.columns.iter().all(|column| column.label.is_some_and(same)).then_some(first)
    }

    /// Takes a row of heads; `false` if it is a row of values.
    fn take(&mut self, cells: &[String]) -> bool {
        let has_value = |cell: &String| cell.contains(['$', '%', '€']) || cell.contains("illion");
        let read: Vec<_> = cells.iter().map(|cell| head(cell)).collect();
        let is_head = read.iter().any(|column| column.label.is_some() || column.basis.is_some());
        if cells.iter().skip(1).any(has_value) || !is_head || is_metric(cells) {
            return false;
        }
        let based: Vec<_> = read.iter().filter(|column| column.basis.is_some()).copied().collect();
        let labelled: Vec<_> =
            read.iter().filter(|column| column.label.is_some()).copied().collect();
        if based.len() > 1 || (based.len() == 1 && labelled.len() < 2) {
            let first = read.iter().position(|column| column.basis.is_some()).unwrap_or(0);
            self.columns = read[first..].to_vec();
            for column in &mut self.columns {
                column.is_step = column.basis.is_none();
            }
            let alone = read.iter().find(|column| column.basis.is_none());
            self.scope = alone.and_then(|column| column.label).or(self.scope);
        } else if labelled.len() > 1 {
            if self.columns.len() == labelled.len() {
                for (column, labelled) in self.columns.iter_mut().zip(&labelled) {
                    column.label = labelled.label;
                }
            } else {
                self.columns = labelled;
            }
        } else {
            self.scope = labelled.first().and_then(|column| column.label).or(self.scope);
        }
        true
    }
}

/// Whether a row without currency signs is one of values.
fn is_metric(cells: &[String]) -> bool {
    let Some(value) = cells.get(1).map(|cell| cell.to_lowercase()) else { return false };
    value.starts_with(|c: char| c.is_ascii_digit())
        && !value.contains('q')
        && labels(&tokens(&value)).is_empty()
}

fn head(cell: &str) -> Column {
    Column { label: labels(&tokens(cell)).first().copied(), basis: basis(cell), is_step: false }
}

/// GAAP or non-GAAP, where a text names one of them alone.
pub(super) fn basis(text: &str) -> Option<Basis> {
    let plain = text.to_lowercase().replace(['‑', '–', '-'], " ");
    let n_non = plain.matches("non gaap").count() + plain.matches("adjusted").count();
    let n_all = plain.matches("gaap").count() + plain.matches("adjusted").count();
    match (n_non, n_all - n_non) {
        (0, 1..) => Some(Basis::Gaap),
        (1.., 0) => Some(Basis::NonGaap),
        _ => None,
    }
}

fn scale(top: &str) -> Option<i128> {
    [("in thousands", 1_000), ("in millions", 1_000_000), ("in billions", 1_000_000_000)]
        .into_iter()
        .find(|(words, _)| top.contains(words))
        .map(|(_, scale)| scale)
}

/// Cells with their currency signs, per cent signs and range dashes put back to their numbers.
fn merged(row: &[String]) -> Vec<String> {
    let mut cells: Vec<String> = Vec::new();
    for cell in row {
        let opens = cells.len() > 1
            && cells.last().is_some_and(|last| last.ends_with(['$', '-', '–', '±', '(', '€']));
        let closes = cells.len() > 1
            && cell != "—"
            && (cell.starts_with(['%', ')', '-', '–', '—', '±', '+'])
                || matches!(cell.as_str(), "to" | "million" | "billion"))
            || cells.last().is_some_and(|last| last.ends_with(" to") && cells.len() > 1);
        match cells.last_mut().filter(|_| opens || closes) {
            Some(last) => {
                last.push(' ');
                last.push_str(cell);
            }
            None => cells.push(cell.clone()),
        }
    }
    cells
}
