//! Capability against compute: models, fitted laws with bands, the range that was observed, the
//! forecast.
//!
//! May use `canvas`, `frame` and what `chart` may. The horizontal axis is logarithmic and says so;
//! what lies outside the observed range stands on plain paper and is named extrapolation.

use super::canvas::{Area, Canvas, Mark, Role, Side, Stroke, Style, width_of};
use super::frame::{Axis, Frame, Key, digits, legend, plot_area, scale, tick_words, value_ticks};
use super::{Cells, Data, Ink};
use crate::report::cell::Cell;
use crate::report::format::{self, Scale};
use crate::units::Unit;

const HEIGHT: f64 = 430.0;

/// Capability against compute.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Name of the horizontal axis: `Training compute, FLOP`.
    pub x_name: String,
    /// Unit of the horizontal axis.
    pub x_unit: Unit,
    /// What was observed.
    pub models: Vec<Model>,
    /// What was fitted; the favoured law first.
    pub laws: Vec<Law>,
    /// The compute of the smallest and of the largest model that the laws were fitted to.
    pub observed: (f64, f64),
    /// Where the purchases lead, if it is forecast.
    pub target: Option<Target>,
}

/// One observed model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its name.
    pub label: String,
    /// Its compute.
    pub x: f64,
    /// Its capability.
    pub y: f64,
    /// Whether its name is written beside it.
    pub is_named: bool,
}

/// One fitted law.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// Its name.
    pub label: String,
    /// (compute, lower end, median, upper end), ascending in compute; lower = upper draws no band.
    pub points: Vec<(f64, f64, f64, f64)>,
}

/// The forecast: compute and capability, each with an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// What it is.
    pub label: String,
    /// Lower end, median and upper end of compute.
    pub x: (f64, f64, f64),
    /// Lower end, median and upper end of capability.
    pub y: (f64, f64, f64),
    /// 0.8 of 80% intervals.
    pub coverage: f64,
}

impl Curve {
    fn values(&self) -> Vec<f64> {
        let laws = self.laws.iter().flat_map(|law| &law.points);
        let laws = laws.flat_map(|(_, low, middle, high)| [*low, *middle, *high]);
        let target = self.target.iter().flat_map(|t| [t.y.0, t.y.1, t.y.2]);
        self.models.iter().map(|model| model.y).chain(laws).chain(target).collect()
    }

    /// Whether every compute can stand on a logarithmic axis.
    pub(super) fn is_positive(&self) -> bool {
        let laws = self.laws.iter().flat_map(|law| law.points.iter().map(|point| point.0));
        let target = self.target.iter().flat_map(|target| [target.x.0, target.x.1, target.x.2]);
        let xs = self.models.iter().map(|model| model.x).chain(laws).chain(target);
        xs.chain([self.observed.0, self.observed.1]).all(|x| x > 0.0)
    }

    fn x_bounds(&self) -> (f64, f64) {
        let laws = self.laws.iter().flat_map(|law| law.points.iter().map(|point| point.0));
        let target = self.target.iter().flat_map(|t| [t.x.0, t.x.2]);
        let xs = self.models.iter().map(|model| model.x).chain(laws).chain(target);
        let (low, high) = xs
            .chain([self.observed.0, self.observed.1])
            .filter(|x| x.is_finite() && *x > 0.0)
            .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)));
        if high > 0.0 { (low / 1.6, high * 1.6) } else { (1.0, 10.0) }
    }

    pub(super) fn draw(&self, unit: Unit, id: &str, ink: Ink) -> Canvas {
        let mut canvas = Canvas::new(HEIGHT, ink);
        let values = self.values();
        let scale = scale(unit, values.iter().copied());
        let top = legend(&mut canvas, id, &self.legend()) + 8.0;
        let (bounds, ticks) = value_ticks(&values, scale);
        let words = tick_words(&ticks, scale);
        let area = plot_area(&words, top, HEIGHT - 22.0, 12.0);
        let x_bounds = self.x_bounds();
        let frame = Frame {
            area,
            x: Axis::log(x_bounds, (area.left, area.right)),
            y: Axis::linear(bounds, (area.bottom, area.top)),
        };
        self.draw_observed(&mut canvas, &frame);
        frame.draw_grid(&mut canvas, &ticks, &words);
        frame.draw_log_x(&mut canvas, x_bounds, &format!("{} (logarithmic scale)", self.x_name));
        self.draw_laws(&mut canvas, &frame);
        self.draw_models(&mut canvas, &frame, scale, digits(unit));
        self.draw_target(&mut canvas, &frame, scale, digits(unit));
        canvas
    }

    fn draw_observed(&self, canvas: &mut Canvas, frame: &Frame) {
        let (left, right) = (frame.x.at(self.observed.0), frame.x.at(self.observed.1));
        canvas.rect(Area { left, right, ..frame.area }, Role::Axis, OBSERVED_OPACITY);
        let at = (right + 8.0, frame.area.bottom - 10.0);
        let words = "extrapolation →";
        if at.0 + width_of(words, Style::LABEL) < frame.area.right {
            canvas.text(at, words, Side::Start, Style::LABEL);
        }
    }

    fn draw_laws(&self, canvas: &mut Canvas, frame: &Frame) {
        for (law, role) in self.laws.iter().zip(Role::SERIES).rev() {
            let at = |pick: fn(&(f64, f64, f64, f64)) -> f64| -> Vec<(f64, f64)> {
                law.points.iter().map(|p| (frame.x.at(p.0), frame.y.at(pick(p)))).collect()
            };
            if law.points.iter().any(|point| point.3 > point.1) {
                canvas.band(&at(|p| p.3), &at(|p| p.1), role, 0.14);
            }
            let is_favoured = self.laws.first() == Some(law);
            let stroke = if is_favoured {
                Stroke::solid(role, 2.4)
            } else {
                Stroke { role, width: 1.6, dash: Some("6 4") }
            };
            canvas.line(&at(|p| p.2), stroke);
        }
    }

    fn draw_models(&self, canvas: &mut Canvas, frame: &Frame, scale: Scale, digits: usize) {
        let at = |model: &Model| (frame.x.at(model.x), frame.y.at(model.y));
        for model in &self.models {
            let tip = format!(
                "{}: {} at {}",
                model.label,
                scale.words(model.y, digits),
                format::words(model.x, self.x_unit, 1)
            );
            canvas.with_tip(tip, |canvas| canvas.mark(at(model), Mark::Dot, 3.6, Role::Text));
        }
        let mut taken: Vec<Area> = Vec::new();
        for model in self.models.iter().filter(|model| model.is_named) {
            let ((x, y), width) = (at(model), width_of(&model.label, Style::LABEL));
            let place = |side: Side, left: f64, base: f64| (side, left, base);
            let places = [
                place(Side::End, x - 8.0 - width, y - 5.0),
                place(Side::Start, x + 8.0, y + 14.0),
                place(Side::Start, x + 8.0, y - 5.0),
                place(Side::End, x - 8.0 - width, y + 14.0),
            ];
            let found = places.into_iter().find_map(|(side, left, base)| {
                let box_ = Area { left, right: left + width, top: base - 11.0, bottom: base + 3.0 };
                let is_free = !taken.iter().any(|other| overlaps(*other, box_));
                let is_inside = left > frame.area.left && box_.right < frame.area.right;
                (is_free && is_inside).then_some((side, box_, base))
            });
            let Some((side, box_, base)) = found else { continue };
            let anchor = if matches!(side, Side::End) { box_.right } else { box_.left };
            canvas.text_over((anchor, base), &model.label, side, Style::LABEL);
            taken.push(box_);
        }
    }

    fn draw_target(&self, canvas: &mut Canvas, frame: &Frame, scale: Scale, digits: usize) {
        let Some(target) = &self.target else { return };
        let (x, y) = (frame.x.at(target.x.1), frame.y.at(target.y.1));
        let stroke = Stroke::solid(Role::Against, 2.0);
        canvas.line(&[(frame.x.at(target.x.0), y), (frame.x.at(target.x.2), y)], stroke);
        canvas.line(&[(x, frame.y.at(target.y.0)), (x, frame.y.at(target.y.2))], stroke);
        let tip = format!(
            "{}: {} at {}",
            target.label,
            scale.words(target.y.1, digits),
            format::words(target.x.1, self.x_unit, 1)
        );
        canvas.with_tip(tip, |canvas| canvas.mark((x, y), Mark::Square, 5.0, Role::Against));
        let words = format!("{} {}", target.label, scale.label(target.y.1, digits));
        let style = Style::strong(Role::Against);
        let is_near_edge = x + 10.0 + width_of(&words, style) > frame.area.right;
        let (at, side) = if is_near_edge { (x - 10.0, Side::End) } else { (x + 10.0, Side::Start) };
        canvas.text_over((at, y - 10.0), &words, side, style);
    }

    fn legend(&self) -> Vec<(Key, String)> {
        let mut entries = vec![(Key::Mark(Mark::Dot, Role::Text), "Observed models".to_owned())];
        for (law_idx, (law, role)) in self.laws.iter().zip(Role::SERIES).enumerate() {
            let stroke = if law_idx == 0 {
                Stroke::solid(role, 2.4)
            } else {
                Stroke { role, width: 1.6, dash: Some("6 4") }
            };
            entries.push((Key::Line(stroke), law.label.clone()));
        }
        if let Some(target) = &self.target {
            let words = format!("Forecast with {} intervals", format::percent(target.coverage));
            entries.push((Key::Mark(Mark::Square, Role::Against), words));
        }
        let observed = Key::Block(Role::Axis, OBSERVED_OPACITY);
        entries.push((observed, "Range of the laws' data".to_owned()));
        entries
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let headings = ["Row", "Compute", "Capability", "Lower end", "Upper end"];
        let empty = || Cell::text("");
        let mut rows: Vec<_> = self
            .models
            .iter()
            .map(|model| {
                let (x, y) = (cells.of(model.x, self.x_unit), cells.value(model.y));
                vec![Cell::label(&model.label), x, y, empty(), empty()]
            })
            .collect();
        for law in &self.laws {
            rows.extend(law.points.iter().map(|(x, low, middle, high)| {
                let x = cells.of(*x, self.x_unit);
                let [low, middle, high] = [low, middle, high].map(|value| cells.value(*value));
                vec![Cell::label(&law.label), x, middle, low, high]
            }));
        }
        rows.extend(self.target.iter().map(|target| {
            let x = cells.of(target.x.1, self.x_unit);
            let [low, middle, high] =
                [target.y.0, target.y.1, target.y.2].map(|value| cells.value(value));
            vec![Cell::label(&target.label), x, middle, low, high]
        }));
        (headings.map(str::to_owned).to_vec(), rows)
    }
}

const OBSERVED_OPACITY: f64 = 0.12;

fn overlaps(a: Area, b: Area) -> bool {
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
