//! Skill by horizon, one panel a model: blue where it beats the naive forecast, vermillion where
//! not.
//!
//! May use `canvas` and what `chart` may. Colour never speaks alone: every cell carries its
//! number.

use super::canvas::{Area, Canvas, Role, Side, Style, WIDTH};
use super::{Cells, Data, Ink};
use crate::report::cell::Cell;
use crate::report::format;
use crate::units::Unit;

const ROW: f64 = 30.0;
const TOP: f64 = 46.0;
const GAP: f64 = 24.0;

/// Skill against the naive forecast, by horizon (columns) and another dimension (rows).
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Names of the rows: `1 variable`, `2 variables`.
    pub rows: Vec<String>,
    /// Names of the columns: `1`, `2`, `3`, `4`.
    pub columns: Vec<String>,
    /// What the columns are, in a word or two: `Horizon`.
    pub column_name: String,
    /// One panel a model or regime.
    pub panels: Vec<HeatPanel>,
}

/// One panel.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatPanel {
    /// Its name.
    pub label: String,
    /// A ratio by row and column; `None` where the sample does not support one.
    pub values: Vec<Vec<Option<f64>>>,
}

impl Heat {
    /// Whether every panel has a value, or none on purpose, for every row and column.
    pub(super) fn is_even(&self) -> bool {
        self.panels.iter().all(|panel| {
            panel.values.len() == self.rows.len()
                && panel.values.iter().all(|values| values.len() == self.columns.len())
        })
    }

    fn size(&self) -> (f64, f64, usize) {
        let per_row = self.panels.len().clamp(1, 3);
        #[expect(clippy::cast_precision_loss, reason = "a chart has few rows and panels")]
        let (n, rows) = (per_row as f64, self.rows.len() as f64);
        let width = (WIDTH - LABELS - GAP * (n - 1.0)) / n;
        let widest = if self.panels.len() > 1 { 360.0 } else { WIDTH };
        (width.min(widest), TOP + ROW * rows + 20.0, per_row)
    }

    pub(super) fn draw(&self, id: &str, ink: Ink) -> Canvas {
        let (width, height, per_row) = self.size();
        #[expect(clippy::cast_precision_loss, reason = "a chart has few panels")]
        let total = height * self.panels.len().div_ceil(per_row).max(1) as f64;
        let mut canvas = Canvas::new(total, ink);
        for (panel_idx, panel) in self.panels.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a chart has few panels")]
            let (column, row) = ((panel_idx % per_row) as f64, (panel_idx / per_row) as f64);
            let left = LABELS + column * (width + GAP);
            let origin = (left, row * height);
            if panel_idx % per_row == 0 {
                self.draw_names(&mut canvas, origin.1);
            }
            self.draw_panel(&mut canvas, panel, origin, width, id);
        }
        canvas
    }

    fn draw_names(&self, canvas: &mut Canvas, top: f64) {
        let at = (LABELS - 10.0, top + 38.0);
        canvas.text(at, &self.column_name, Side::End, Style::LABEL);
        for (row_idx, name) in self.rows.iter().enumerate() {
            let y = top + TOP + ROW * (index(row_idx) + 0.5) + 4.5;
            canvas.text((LABELS - 10.0, y), name, Side::End, Style::quiet(Role::Text));
        }
    }

    fn draw_panel(
        &self,
        canvas: &mut Canvas,
        panel: &HeatPanel,
        (left, top): (f64, f64),
        width: f64,
        id: &str,
    ) {
        let cell = width / index(self.columns.len().max(1));
        canvas.text((left, top + 16.0), &panel.label, Side::Start, Style::strong(Role::Text));
        for (column_idx, name) in self.columns.iter().enumerate() {
            let x = left + cell * (index(column_idx) + 0.5);
            canvas.text((x, top + 38.0), name, Side::Middle, Style::LABEL);
        }
        for (row_idx, values) in panel.values.iter().enumerate() {
            for (column_idx, value) in values.iter().enumerate() {
                let x = left + cell * index(column_idx);
                let y = top + TOP + ROW * index(row_idx);
                let area = Area {
                    left: x + 1.0,
                    top: y + 1.0,
                    right: x + cell - 1.0,
                    bottom: y + ROW - 1.0,
                };
                draw_cell(canvas, area, *value, id);
            }
        }
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let mut headings = vec!["Panel".to_owned(), "Row".to_owned()];
        let is_number = |name: &str| name.chars().all(|c| c.is_ascii_digit());
        headings.extend(self.columns.iter().map(|name| {
            if is_number(name) { format!("{} {name}", self.column_name) } else { name.clone() }
        }));
        let rows = self.panels.iter().flat_map(|panel| {
            panel.values.iter().zip(&self.rows).map(|(values, name)| {
                let values = (0..self.columns.len()).map(|column_idx| {
                    let value = values.get(column_idx).copied().flatten();
                    value.map_or_else(
                        || Cell::missing("too few forecasts to measure"),
                        |value| cells.of(value, Unit::Ratio),
                    )
                });
                let names = [Cell::label(&panel.label), Cell::label(name)];
                names.into_iter().chain(values).collect()
            })
        });
        (headings, rows.collect())
    }
}

/// Room for the names of the rows.
const LABELS: f64 = 110.0;
/// The skill at which the colour is full.
const FULL: f64 = 0.5;

fn draw_cell(canvas: &mut Canvas, area: Area, value: Option<f64>, id: &str) {
    let middle = (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom) + 4.5);
    let Some(value) = value.filter(|value| value.is_finite()) else {
        canvas.hatch(area, id);
        canvas.text_over(middle, "–", Side::Middle, Style::LABEL);
        return;
    };
    let role = if value > 0.0 { Role::Forecast } else { Role::Against };
    canvas.rect(area, role, 0.08 + 0.42 * (value.abs() / FULL).min(1.0));
    let words = format!("{}%", format::plain(value * 100.0, 0));
    canvas.text(middle, &words, Side::Middle, Style::quiet(Role::Text));
}

#[expect(clippy::cast_precision_loss, reason = "a chart has few rows and columns")]
fn index(idx: usize) -> f64 {
    idx as f64
}
