//! The tornado: how far each assumption alone moves the answer, from its low to its high end.
//!
//! May use `canvas`, `frame` and what `chart` may. Bars are changes against the baseline and start
//! at zero; each end carries the value at which the assumption is held.

use super::canvas::{Area, Canvas, Role, Side, Stroke, Style, WIDTH, shortened, width_of};
use super::frame::{Axis, Key, digits, legend, scale, tick_words, value_ticks};
use super::{Cells, Data, Ink};
use crate::report::cell::Cell;
use crate::units::Unit;

const ROW: f64 = 30.0;
const THICKNESS: f64 = 16.0;

/// What assumptions move, the widest swing first.
#[derive(Debug, Clone, PartialEq)]
pub struct Tornado {
    /// The outcome with every assumption drawn.
    pub baseline: f64,
    /// The bars.
    pub swings: Vec<TornadoBar>,
}

/// What one assumption moves.
#[derive(Debug, Clone, PartialEq)]
pub struct TornadoBar {
    /// The assumption.
    pub label: String,
    /// Where it is held, low and high, in words with unit.
    pub held: (String, String),
    /// The outcome with it held at each.
    pub outcome: (f64, f64),
}

impl Tornado {
    fn changes(&self) -> Vec<(f64, f64)> {
        let change =
            |bar: &TornadoBar| (bar.outcome.0 - self.baseline, bar.outcome.1 - self.baseline);
        self.swings.iter().map(change).collect()
    }

    pub(super) fn draw(&self, unit: Unit, ink: Ink) -> Canvas {
        #[expect(clippy::cast_precision_loss, reason = "a chart has few rows")]
        let body = ROW * self.swings.len() as f64;
        let mut canvas = Canvas::new(36.0 + body + 30.0, ink);
        let entries = [
            (Key::Block(Role::Fifth, 1.0), "Held at its low end (5%)".to_owned()),
            (Key::Block(Role::Forecast, 1.0), "Held at its high end (95%)".to_owned()),
        ];
        let top = legend(&mut canvas, "", &entries);
        let changes = self.changes();
        let ends: Vec<f64> = changes.iter().flat_map(|(low, high)| [*low, *high, 0.0]).collect();
        let scale = scale(unit, ends.iter().copied());
        let (bounds, ticks) = value_ticks(&ends, scale);
        let names = self.swings.iter().map(|bar| width_of(&bar.label, Style::quiet(Role::Text)));
        let left = (names.fold(0.0, f64::max) + 14.0).min(WIDTH * 0.36);
        let held = self.swings.iter().flat_map(|bar| [&bar.held.0, &bar.held.1]);
        let room = held.map(|word| width_of(word, Style::LABEL)).fold(0.0, f64::max) + 10.0;
        let x = Axis::linear(bounds, (left + room, WIDTH - room));
        let bottom = top + body;
        for (tick, word) in ticks.iter().zip(tick_words(&ticks, scale)) {
            let at = x.at(*tick);
            let is_base = *tick == 0.0;
            let role = if is_base { Role::Axis } else { Role::Grid };
            canvas.line(&[(at, top), (at, bottom)], Stroke::solid(role, 1.0));
            let word = if *tick > 0.0 { format!("+{word}") } else { word };
            canvas.text((at, bottom + 18.0), &word, Side::Middle, Style::LABEL);
        }
        let mut middle = top + ROW / 2.0;
        for (bar, change) in self.swings.iter().zip(&changes) {
            let style = Style::quiet(Role::Text);
            let name = shortened(&bar.label, style, left - 14.0);
            canvas.text((left - 12.0, middle + 4.5), &name, Side::End, style);
            draw_bar(&mut canvas, bar, *change, x, middle);
            middle += ROW;
        }
        canvas
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let headings =
            ["Assumption", "Held low", "Held high", "Outcome at low", "Outcome at high", "Swing"];
        let rows = self.swings.iter().map(|bar| {
            let swing = (bar.outcome.1 - bar.outcome.0).abs();
            vec![
                Cell::label(&bar.label),
                Cell::label(&bar.held.0),
                Cell::label(&bar.held.1),
                cells.value(bar.outcome.0),
                cells.value(bar.outcome.1),
                Cell::number(swing, cells.unit, digits(cells.unit), cells.sources),
            ]
        });
        (headings.map(str::to_owned).to_vec(), rows.collect())
    }
}

/// The two halves of a bar, and where the assumption is held at each end.
fn draw_bar(canvas: &mut Canvas, bar: &TornadoBar, change: (f64, f64), x: Axis, middle: f64) {
    let zero = x.at(0.0);
    let halves = [(change.0, &bar.held.0, Role::Fifth), (change.1, &bar.held.1, Role::Forecast)];
    for (value, _, role) in &halves {
        let end = x.at(*value);
        let area = Area {
            left: zero.min(end),
            right: zero.max(end),
            top: middle - THICKNESS / 2.0,
            bottom: middle + THICKNESS / 2.0,
        };
        canvas.rect(area, *role, 1.0);
    }
    // Where both ends lie on one side, the further one is named there and the other one across.
    let low_is_left = change.0 <= change.1;
    for ((value, word, _), is_left) in halves.into_iter().zip([low_is_left, !low_is_left]) {
        let end = x.at(value);
        if is_left {
            canvas.text((end.min(zero) - 5.0, middle + 4.0), word, Side::End, Style::LABEL);
        } else {
            canvas.text((end.max(zero) + 5.0, middle + 4.0), word, Side::Start, Style::LABEL);
        }
    }
}
