//! Coverage dots: how often each interval held what came, with the interval in which the true share lies.
//!
//! May use `canvas`, `frame` and what `chart` may. The shape of a dot says whether the nominal
//! level lies in its bar: colour never speaks alone.

use super::canvas::{Canvas, Mark, Role, Side, Stroke, Style, WIDTH, width_of};
use super::frame::{Axis, Key, legend};
use super::{Cells, Data, Ink};
use crate::report::cell::Cell;
use crate::report::format;

const ROW: f64 = 24.0;
const HEAD: f64 = 30.0;

/// Measured coverage against the nominal level.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// One group an interval.
    pub groups: Vec<CoverageGroup>,
}

/// The dots of one interval.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageGroup {
    /// What the interval promises: 0.8 of an 80% interval.
    pub nominal: f64,
    /// One dot a horizon.
    pub dots: Vec<CoverageDot>,
}

/// How often one interval held what came.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageDot {
    /// The horizon: `2 quarters ahead`.
    pub label: String,
    /// Values inside.
    pub n_hits: usize,
    /// Of how many.
    pub n: usize,
    /// Share of values inside.
    pub share: f64,
    /// The interval in which the true share lies.
    pub bounds: (f64, f64),
}

impl CoverageDot {
    /// Whether the nominal level lies inside the bar.
    fn is_kept(&self, nominal: f64) -> bool {
        (self.bounds.0..=self.bounds.1).contains(&nominal)
    }

    fn counted(&self) -> String {
        format!("{} of {}", self.n_hits, self.n)
    }
}

impl Coverage {
    fn dots(&self) -> impl Iterator<Item = &CoverageDot> {
        self.groups.iter().flat_map(|group| &group.dots)
    }

    pub(super) fn draw(&self, ink: Ink) -> Canvas {
        let n_rows = self.dots().count();
        #[expect(clippy::cast_precision_loss, reason = "a chart has few rows")]
        let body = ROW * n_rows as f64 + HEAD * self.groups.len() as f64;
        let height = 36.0 + body + 34.0;
        let mut canvas = Canvas::new(height, ink);
        let entries = [
            (Key::Mark(Mark::Dot, Role::Forecast), "Measured, with its 95% bar".to_owned()),
            (Key::Mark(Mark::Ring, Role::Against), "Bar misses the nominal level".to_owned()),
            (Key::Line(Stroke::dashed(Role::Text, 1.6)), "Nominal level".to_owned()),
        ];
        let top = legend(&mut canvas, "", &entries);
        let widest = |texts: &mut dyn Iterator<Item = String>| {
            texts.map(|text| width_of(&text, Style::LABEL)).fold(0.0, f64::max)
        };
        let left = widest(&mut self.dots().map(|dot| dot.label.clone())).max(90.0) + 36.0;
        let right = WIDTH - widest(&mut self.dots().map(CoverageDot::counted)) - 24.0;
        let x = Axis::linear((0.0, 1.0), (left, right));
        let bottom = top + body;
        draw_scale(&mut canvas, x, (top, bottom));
        let mut y = top;
        for group in &self.groups {
            draw_group(&mut canvas, group, x, (right, y));
            #[expect(clippy::cast_precision_loss, reason = "a chart has few rows")]
            let rows = group.dots.len() as f64;
            y += HEAD + ROW * rows;
        }
        canvas
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let headings =
            ["Interval", "Horizon", "Inside", "Scored", "Share inside", "Lower end", "Upper end"];
        let rows = self.groups.iter().flat_map(|group| {
            group.dots.iter().map(|dot| {
                vec![
                    Cell::label(format::percent(group.nominal)),
                    Cell::label(&dot.label),
                    Cell::count(dot.n_hits, "", cells.sources),
                    Cell::count(dot.n, "", cells.sources),
                    cells.value(dot.share),
                    cells.value(dot.bounds.0),
                    cells.value(dot.bounds.1),
                ]
            })
        });
        (headings.map(str::to_owned).to_vec(), rows.collect())
    }
}

fn draw_group(canvas: &mut Canvas, group: &CoverageGroup, x: Axis, (right, top): (f64, f64)) {
    let name = format!("{} interval", format::percent(group.nominal));
    canvas.text((0.0, top + 20.0), &name, Side::Start, Style::strong(Role::Text));
    let mut y = top + HEAD + ROW / 2.0;
    let first = y - ROW / 2.0;
    for dot in &group.dots {
        let kept = dot.is_kept(group.nominal);
        let role = if kept { Role::Forecast } else { Role::Against };
        canvas.text((16.0, y + 4.0), &dot.label, Side::Start, Style::LABEL);
        let words = dot.counted();
        let (low, high) = (x.at(dot.bounds.0), x.at(dot.bounds.1));
        let tip = format!(
            "{name}, {}: {words}, {}",
            dot.label,
            format::range(dot.bounds.0, dot.bounds.1, crate::units::Unit::Ratio, 0)
        );
        canvas.with_tip(tip, |canvas| {
            canvas.line(&[(low, y), (high, y)], Stroke::solid(role, 2.0));
            for end in [low, high] {
                canvas.line(&[(end, y - 4.0), (end, y + 4.0)], Stroke::solid(role, 2.0));
            }
            let mark = if kept { Mark::Dot } else { Mark::Ring };
            canvas.mark((x.at(dot.share), y), mark, 5.0, role);
        });
        canvas.text((right + 12.0, y + 4.0), &words, Side::Start, Style::LABEL);
        y += ROW;
    }
    let at = x.at(group.nominal);
    let last = y - ROW / 2.0;
    canvas.line(&[(at, first), (at, last)], Stroke::dashed(Role::Text, 1.6));
}

fn draw_scale(canvas: &mut Canvas, x: Axis, (top, bottom): (f64, f64)) {
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = x.at(tick);
        let role = if tick == 0.0 { Role::Axis } else { Role::Grid };
        canvas.line(&[(at, top + 6.0), (at, bottom)], Stroke::solid(role, 1.0));
        let words = format::percent(tick);
        canvas.text((at, bottom + 18.0), &words, Side::Middle, Style::LABEL);
    }
}
