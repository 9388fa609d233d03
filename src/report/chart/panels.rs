//! Small multiples: the same history and forecast, company by company, side by side.
//!
//! May use `canvas`, `frame` and what `chart` may. Each panel starts at zero and has its own top,
//! because the companies differ in size; the numbers at the last value and at the end of the
//! forecast tell it.

use chrono::NaiveDate;

use super::canvas::{Area, Canvas, Mark, Role, Side, Stroke, Style, WIDTH, shortened, width_of};
use super::frame::{Axis, day, digits, extent, scale};
use super::{Band, Cells, Data, Dated, FanStep, Ink};
use crate::report::cell::Cell;
use crate::report::format::{self, Scale};
use crate::units::Unit;

const COLUMNS: usize = 3;
const GAP: f64 = 26.0;
const HEIGHT: f64 = 168.0;
/// Room above a panel's plot for its name.
const HEAD: f64 = 30.0;
/// Room below it for its years.
const FOOT: f64 = 34.0;
const OPACITY: f64 = 0.28;

/// Small multiples of history and forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Panels {
    /// The panels, in the order in which they are read.
    pub panels: Vec<Panel>,
}

/// One panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Whose.
    pub label: String,
    /// Reported values, oldest first.
    pub actuals: Vec<Dated>,
    /// What is answered, nearest first; the first band of each step is drawn.
    pub steps: Vec<FanStep>,
    /// Ends of the periods of which nothing is claimed; hatched.
    pub refused: Vec<NaiveDate>,
}

impl Panel {
    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let steps = self.steps.iter().flat_map(|step| {
            step.bands.first().map(|band| band.high).into_iter().chain([step.median])
        });
        self.actuals.iter().map(|(_, value)| *value).chain(steps)
    }

    fn dates(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        let steps = self.steps.iter().map(|step| step.date);
        let refused = self.refused.iter().copied();
        self.actuals.iter().map(|(date, _)| *date).chain(steps).chain(refused)
    }
}

impl Panels {
    pub(super) fn values(&self) -> Vec<f64> {
        self.panels.iter().flat_map(Panel::values).collect()
    }

    pub(super) fn draw(&self, unit: Unit, id: &str, ink: Ink) -> Canvas {
        #[expect(clippy::cast_precision_loss, reason = "a chart has few rows")]
        let n_rows = self.panels.len().div_ceil(COLUMNS) as f64;
        let mut canvas = Canvas::new((HEIGHT * n_rows).max(HEIGHT), ink);
        let scale = scale(unit, self.values());
        let dates = extent(self.panels.iter().flat_map(Panel::dates).map(day));
        for (panel_idx, panel) in self.panels.iter().enumerate() {
            let area = area_of(panel_idx);
            let top = panel.values().fold(0.0, f64::max);
            let x = Axis::linear(dates, (area.left, area.right));
            let y = Axis::linear((0.0, top * 1.06), (area.bottom, area.top));
            draw(&mut canvas, panel, (area, x, y), (scale, digits(unit), id));
        }
        canvas
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let mut rows = Vec::new();
        for panel in &self.panels {
            let name = || Cell::label(&panel.label);
            let none = || Cell::label("");
            rows.extend(panel.actuals.iter().map(|(date, value)| {
                vec![name(), Cell::date(*date), Cell::label("Actual"), cells.value(*value), none()]
            }));
            rows.extend(panel.steps.iter().map(|step| {
                let band = step.bands.first();
                let range = band.map_or_else(none, |b| cells.range(b.low, b.high, b.coverage));
                let kind = Cell::label("Forecast median");
                vec![name(), Cell::date(step.date), kind, cells.value(step.median), range]
            }));
            let refused = || Cell::missing("refused: no claim made");
            rows.extend(panel.refused.iter().map(|date| {
                vec![name(), Cell::date(*date), Cell::label("Refused"), refused(), refused()]
            }));
        }
        let headings = ["Panel", "Period to", "Row", "Value", "Interval"];
        (headings.map(str::to_owned).to_vec(), rows)
    }
}

/// The plot area of a panel by its place.
fn area_of(panel_idx: usize) -> Area {
    #[expect(clippy::cast_precision_loss, reason = "a chart has few panels")]
    let (column, row, columns) =
        ((panel_idx % COLUMNS) as f64, (panel_idx / COLUMNS) as f64, COLUMNS as f64);
    let width = (WIDTH - GAP * (columns - 1.0)) / columns;
    let left = column * (width + GAP);
    let top = row * HEIGHT + HEAD;
    Area { left, right: left + width, top, bottom: (row + 1.0) * HEIGHT - FOOT }
}

fn draw(
    canvas: &mut Canvas,
    panel: &Panel,
    (area, x, y): (Area, Axis, Axis),
    (scale, digits, id): (Scale, usize, &str),
) {
    let at = |(date, value): Dated| (x.at(day(date)), y.at(value));
    let name = shortened(&panel.label, Style::strong(Role::Text), area.right - area.left);
    canvas.text((area.left, area.top - 14.0), &name, Side::Start, Style::strong(Role::Text));
    let base = [(area.left, area.bottom), (area.right, area.bottom)];
    if let Some(first) = panel.refused.iter().min() {
        let before = panel.dates().filter(|date| date < first).max().unwrap_or(*first);
        let left = f64::midpoint(x.at(day(before)), x.at(day(*first)));
        canvas.hatch(Area { left, ..area }, id);
    }
    let joined = |pick: &dyn Fn(&FanStep) -> Option<f64>| -> Vec<(f64, f64)> {
        let ahead = panel.steps.iter().filter_map(|step| Some(at((step.date, pick(step)?))));
        panel.actuals.last().map(|last| at(*last)).into_iter().chain(ahead).collect()
    };
    let end = |pick: fn(&Band) -> f64| joined(&|step| step.bands.first().map(pick));
    let (high, low) = (end(|band| band.high), end(|band| band.low));
    canvas.band(&high, &low, Role::Forecast, OPACITY);
    canvas.line(&base, Stroke::solid(Role::Axis, 1.0));
    let past: Vec<_> = panel.actuals.iter().map(|point| at(*point)).collect();
    canvas.line(&past, Stroke::solid(Role::Text, 1.8));
    canvas.line(&joined(&|step| Some(step.median)), Stroke::solid(Role::Forecast, 2.2));
    draw_numbers(canvas, panel, &at, (scale, digits));
    let dates = [panel.dates().min(), panel.dates().max()];
    for (date, (place, side)) in
        dates.iter().zip([(area.left, Side::Start), (area.right, Side::End)])
    {
        let Some(date) = date else { continue };
        let word = format::calendar_quarter(*date);
        canvas.text((place, area.bottom + 16.0), &word, side, Style::LABEL);
    }
}

/// The last value and the last median.
fn draw_numbers(
    canvas: &mut Canvas,
    panel: &Panel,
    at: &dyn Fn(Dated) -> (f64, f64),
    (scale, digits): (Scale, usize),
) {
    let end = panel.steps.last().map(|step| at((step.date, step.median)));
    if let Some(last) = panel.actuals.last() {
        let (x, y) = at(*last);
        let word = scale.label(last.1, digits);
        // Near the forecast's number the last value's stands below its point.
        let is_near = end.is_some_and(|(x_end, y_end)| x_end - x < 40.0 && y - y_end < 30.0);
        let base = if is_near { y + 20.0 } else { y - 6.0 };
        canvas.mark((x, y), Mark::Dot, 2.8, Role::Text);
        canvas.text_over((x - 6.0, base), &word, Side::End, Style::strong(Role::Text));
    }
    if let Some(step) = panel.steps.last() {
        let (x, y) = at((step.date, step.median));
        let word = scale.label(step.median, digits);
        let style = Style::strong(Role::Forecast);
        canvas.mark((x, y), Mark::Dot, 2.8, Role::Forecast);
        let left = x - 6.0 - width_of(&word, style) / 2.0;
        canvas.text_over((left, y - 8.0), &word, Side::Middle, style);
    }
}
