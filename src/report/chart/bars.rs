//! Bars from zero, and the waterfall from one figure to another.
//!
//! May use `canvas`, `frame` and what `chart` may. A bar of a level always starts at zero; where
//! the axis is cut, as in the waterfall, levels are dots and only changes have length.

use super::canvas::{
    Area, Canvas, Mark, Role, Side, Stroke, Style, TEXT, WIDTH, shortened, width_of,
};
use super::frame::{Axis, digits, extent, scale};
use super::{Cells, Data, Ink};
use crate::report::cell::Cell;
use crate::report::format::{self, Scale};
use crate::units::Unit;

const ROW: f64 = 30.0;
const THICKNESS: f64 = 18.0;

/// Horizontal bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// The bars, in the order in which they are read.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it measures.
    pub label: String,
    /// In base units.
    pub value: f64,
    /// Ends of its interval, if it has one.
    pub interval: Option<(f64, f64)>,
    /// Whether it is what the report is about.
    pub is_emphasised: bool,
}

/// What moved a value from one figure to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Waterfall {
    /// The figure before, with its name.
    pub start: (String, f64),
    /// The changes in order: news, revisions, refit.
    pub changes: Vec<(String, f64)>,
    /// The name of the figure after; its value is the sum.
    pub end: String,
}

impl Bars {
    pub(super) fn values(&self) -> Vec<f64> {
        let ends = self.bars.iter().filter_map(|bar| bar.interval);
        let ends = ends.flat_map(|(low, high)| [low, high]);
        self.bars.iter().map(|bar| bar.value).chain(ends).collect()
    }

    pub(super) fn draw(&self, unit: Unit, ink: Ink) -> Canvas {
        let values = self.values();
        let scale = scale(unit, values.iter().copied());
        let labels: Vec<_> = self.bars.iter().map(|bar| bar.label.as_str()).collect();
        let words: Vec<_> =
            self.bars.iter().map(|bar| scale.label(bar.value, digits(unit))).collect();
        let rows = Rows::new(&labels, &words, &values);
        let mut canvas = Canvas::new(rows.height(), ink);
        for (row_idx, (bar, word)) in self.bars.iter().zip(&words).enumerate() {
            let middle = middle_of(row_idx);
            let role = if bar.is_emphasised { Role::Forecast } else { Role::Axis };
            rows.label(&mut canvas, row_idx, &bar.label, bar.is_emphasised);
            let (from, to) = (rows.x.at(0.0), rows.x.at(bar.value));
            canvas.rect(bar_area(from, to, middle), role, 1.0);
            let mut end = from.max(to);
            if let Some((low, high)) = bar.interval {
                let (low, high) = (rows.x.at(low), rows.x.at(high));
                draw_whisker(&mut canvas, (low, high), middle);
                end = end.max(high);
            }
            let style = Style { role: Role::Text, size: TEXT, is_bold: bar.is_emphasised };
            canvas.text((end + 8.0, middle + 4.5), word, Side::Start, style);
        }
        rows.base_line(&mut canvas);
        canvas
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let rows = self.bars.iter().map(|bar| {
            let end = |pick: fn((f64, f64)) -> f64| {
                bar.interval.map_or_else(
                    || Cell::missing("no interval"),
                    |interval| cells.value(pick(interval)),
                )
            };
            vec![Cell::label(&bar.label), cells.value(bar.value), end(|i| i.0), end(|i| i.1)]
        });
        let headings = ["Bar", "Value", "Lower end", "Upper end"].map(str::to_owned).to_vec();
        (headings, rows.collect())
    }
}

impl Waterfall {
    /// The level before each change, and after the last.
    fn levels(&self) -> Vec<f64> {
        let mut level = self.start.1;
        let after = self.changes.iter().map(|(_, change)| {
            level += change;
            level
        });
        std::iter::once(self.start.1).chain(after).collect()
    }

    pub(super) fn values(&self) -> Vec<f64> {
        self.levels()
    }

    pub(super) fn draw(&self, unit: Unit, ink: Ink) -> Canvas {
        let levels = self.levels();
        let end = levels.last().copied().unwrap_or(self.start.1);
        let scale = scale(unit, levels.iter().copied());
        let names = self.changes.iter().map(|(label, _)| label.as_str());
        let labels: Vec<_> = std::iter::once(self.start.0.as_str())
            .chain(names)
            .chain([self.end.as_str()])
            .collect();
        let words = self.words(scale, digits(unit), end);
        let rows = Rows::cut(&labels, &words, &levels);
        let mut canvas = Canvas::new(rows.height(), ink);
        for (row_idx, (label, word)) in labels.iter().zip(&words).enumerate() {
            let middle = middle_of(row_idx);
            let is_total = row_idx == 0 || row_idx + 1 == labels.len();
            rows.label(&mut canvas, row_idx, label, is_total);
            let (from, to) = if is_total {
                let level = rows.x.at(if row_idx == 0 { self.start.1 } else { end });
                canvas.mark((level, middle), Mark::Dot, 7.0, Role::Forecast);
                (level, level + 7.0)
            } else {
                let role =
                    if self.changes[row_idx - 1].1 < 0.0 { Role::Against } else { Role::Third };
                let (from, to) = (rows.x.at(levels[row_idx - 1]), rows.x.at(levels[row_idx]));
                canvas.rect(bar_area(from, to, middle), role, 1.0);
                (from, to)
            };
            if row_idx + 1 < labels.len() {
                let x = if is_total { from } else { to };
                let ends =
                    [(x, middle + THICKNESS / 2.0), (x, middle_of(row_idx + 1) - THICKNESS / 2.0)];
                canvas.line(&ends, Stroke::solid(Role::Axis, 1.0));
            }
            let style = Style { role: Role::Text, size: TEXT, is_bold: is_total };
            canvas.text((from.max(to) + 8.0, middle + 4.5), word, Side::Start, style);
        }
        canvas
    }

    /// Levels and changes; changes with one more decimal where one of them would read as zero.
    fn words(&self, scale: Scale, digits: usize, end: f64) -> Vec<String> {
        let half = 0.5 * scale.factor() / 10_f64.powi(i32::try_from(digits).unwrap_or(1));
        let vanishes = |change: f64| change != 0.0 && change.abs() < half;
        let finer = digits + usize::from(self.changes.iter().any(|(_, c)| vanishes(*c)));
        let changes =
            self.changes.iter().map(|(_, change)| format::signed_number(scale, *change, finer));
        std::iter::once(scale.label(self.start.1, digits))
            .chain(changes)
            .chain([scale.label(end, digits)])
            .collect()
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let digits = digits(cells.unit);
        let levels = self.levels();
        let end = levels.last().copied().unwrap_or(self.start.1);
        let mut rows =
            vec![vec![Cell::label(&self.start.0), Cell::text(""), cells.value(self.start.1)]];
        rows.extend(self.changes.iter().zip(levels.iter().skip(1)).map(
            |((name, change), level)| {
                let change = Cell::change(*change, cells.unit, digits, cells.sources);
                vec![Cell::label(name), change, cells.value(*level)]
            },
        ));
        rows.push(vec![Cell::label(&self.end), Cell::text(""), cells.value(end)]);
        (["Step", "Change", "Level"].map(str::to_owned).to_vec(), rows)
    }
}

/// Rows of bars: labels to the left, numbers to the right.
struct Rows {
    left: f64,
    x: Axis,
    count: usize,
}

impl Rows {
    /// Rows whose axis starts at zero.
    fn new(labels: &[&str], words: &[String], values: &[f64]) -> Self {
        let (low, high) = extent(values.iter().copied());
        Self::between(labels, words, (low.min(0.0), high.max(0.0)))
    }

    /// Rows whose axis is cut below the smallest level, for changes that are small beside it.
    fn cut(labels: &[&str], words: &[String], levels: &[f64]) -> Self {
        let (low, high) = extent(levels.iter().copied());
        let span = (high - low).max(high.abs() * 0.02);
        let from = low - span * 0.12;
        Self::between(labels, words, (from, high))
    }

    fn between(labels: &[&str], words: &[String], bounds: (f64, f64)) -> Self {
        let widest = |texts: &mut dyn Iterator<Item = &str>| {
            let style = Style::strong(Role::Text);
            texts.map(|text| width_of(text, style)).fold(0.0, f64::max)
        };
        let left = (widest(&mut labels.iter().copied()) + 14.0).min(WIDTH * 0.45);
        let right = WIDTH - widest(&mut words.iter().map(String::as_str)) - 20.0;
        Self { left, x: Axis::linear(bounds, (left, right)), count: labels.len() }
    }

    fn height(&self) -> f64 {
        middle_of(self.count) - ROW / 2.0 + 4.0
    }

    fn label(&self, canvas: &mut Canvas, row_idx: usize, label: &str, is_bold: bool) {
        let style = Style { role: Role::Text, size: TEXT, is_bold };
        let text = shortened(label, style, self.left - 14.0);
        canvas.text((self.left - 12.0, middle_of(row_idx) + 4.5), &text, Side::End, style);
    }

    fn base_line(&self, canvas: &mut Canvas) {
        let x = self.x.at(0.0);
        canvas.line(&[(x, 2.0), (x, self.height() - 4.0)], Stroke::solid(Role::Axis, 1.0));
    }
}

/// The middle of a row, in pixels from the top.
fn middle_of(row_idx: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a chart has few rows")]
    let row = row_idx as f64;
    4.0 + ROW * (row + 0.5)
}

fn bar_area(from: f64, to: f64, middle: f64) -> Area {
    Area {
        left: from.min(to),
        right: from.max(to),
        top: middle - THICKNESS / 2.0,
        bottom: middle + THICKNESS / 2.0,
    }
}

fn draw_whisker(canvas: &mut Canvas, (low, high): (f64, f64), y: f64) {
    let stroke = Stroke::solid(Role::Text, 1.4);
    canvas.line(&[(low, y), (high, y)], stroke);
    for x in [low, high] {
        canvas.line(&[(x, y - 4.0), (x, y + 4.0)], stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waterfall_adds_up() {
        let waterfall = Waterfall {
            start: ("Before".into(), 100.0),
            changes: vec![("News".into(), 8.0), ("Revision".into(), -2.0)],
            end: "After".into(),
        };
        assert_eq!(waterfall.levels(), [100.0, 108.0, 106.0]);
    }
}
