//! A few series over time, each named at its end: shares, prices, stocks.
//!
//! May use `canvas`, `frame` and what `chart` may.

use chrono::NaiveDate;

use super::canvas::{Canvas, Mark, Role, Side, Stroke, Style, WIDTH, shortened, width_of};
use super::frame::{Frame, TimeFrame, digits, scale, spread};
use super::{Cells, Data, Dated, Ink};
use crate::report::cell::Cell;
use crate::report::format;
use crate::units::Unit;

const HEIGHT: f64 = 350.0;

/// A few series over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// The series, the most important first; six can be told apart.
    pub lines: Vec<Line>,
}

/// One series.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its name.
    pub label: String,
    /// Its values by period end, oldest first.
    pub points: Vec<Dated>,
}

impl Lines {
    pub(super) fn values(&self) -> Vec<f64> {
        self.lines.iter().flat_map(|line| &line.points).map(|(_, value)| *value).collect()
    }

    pub(super) fn draw(&self, unit: Unit, ink: Ink) -> Canvas {
        let mut canvas = Canvas::new(HEIGHT, ink);
        let values = self.values();
        let scale = scale(unit, values.iter().copied());
        let dates: Vec<_> =
            self.lines.iter().flat_map(|line| &line.points).map(|(date, _)| *date).collect();
        let words: Vec<_> = self.lines.iter().map(|line| end_words(line, scale, unit)).collect();
        let bold = Style::strong(Role::Text);
        let widest = words.iter().map(|word| width_of(word, bold)).fold(0.0, f64::max);
        let right = (widest + 18.0).min(WIDTH / 3.0);
        let spec =
            TimeFrame { dates: &dates, values: &values, scale, top: 12.0, height: HEIGHT, right };
        let frame = Frame::over_time(&mut canvas, &spec);
        let roles = || Role::SERIES.into_iter().cycle();
        let drawn: Vec<_> = self.lines.iter().zip(roles()).collect();
        for (line, role) in drawn.into_iter().rev() {
            canvas.line(&frame.path(&line.points), Stroke::solid(role, 2.2));
            if let Some(last) = line.points.last() {
                canvas.mark(frame.at(*last), Mark::Dot, 4.0, role);
            }
        }
        let ends: Vec<f64> = self
            .lines
            .iter()
            .map(|l| l.points.last().map_or(0.0, |p| frame.at(*p).1 + 4.0))
            .collect();
        let placed = spread(&ends, 16.0, (frame.area.top, frame.area.bottom));
        for ((word, y), role) in words.iter().zip(placed).zip(roles()) {
            let word = shortened(word, bold, right - 10.0);
            canvas.text((frame.area.right + 8.0, y), &word, Side::Start, Style::strong(role));
        }
        canvas
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let mut dates: Vec<NaiveDate> =
            self.lines.iter().flat_map(|line| line.points.iter().map(|(date, _)| *date)).collect();
        dates.sort_unstable();
        dates.dedup();
        let mut headings = vec!["Period to".to_owned()];
        headings.extend(self.lines.iter().map(|line| line.label.clone()));
        let rows = dates.into_iter().map(|date| {
            let values = self.lines.iter().map(|line| {
                let found = line.points.iter().find(|(d, _)| *d == date);
                cells.optional(found.map(|(_, value)| *value))
            });
            std::iter::once(Cell::date(date)).chain(values).collect()
        });
        (headings, rows.collect())
    }
}

fn end_words(line: &Line, scale: format::Scale, unit: Unit) -> String {
    let last = line.points.last().map(|(_, value)| scale.label(*value, digits(unit)));
    format!("{} {}", last.unwrap_or_default(), line.label).trim_start().to_owned()
}
