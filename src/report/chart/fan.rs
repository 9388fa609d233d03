//! The fan: actuals, the forecast with its bands, what it stands against, and where it stops.
//!
//! May use `canvas`, `frame` and what `chart` may. Draws no forecast for a refused period: it
//! hatches it.

use chrono::NaiveDate;

use super::canvas::{Area, Canvas, Mark, Role, Side, Stroke, Style, width_of};
use super::frame::{Frame, Key, TimeFrame, day, digits, legend, scale};
use super::{Band, Cells, Data, Dated, Ink};
use crate::report::cell::Cell;
use crate::report::format::{self, Scale};
use crate::units::Unit;

const HEIGHT: f64 = 390.0;
/// Beyond this many actuals, dots would touch.
const MOST_DOTS: usize = 48;

/// A forecast over the actuals that it continues.
#[derive(Debug, Clone, PartialEq)]
pub struct Fan {
    /// What was known at the origin, by period end, oldest first; three to five years read best.
    pub actuals: Vec<Dated>,
    /// The forecast, nearest period first.
    pub steps: Vec<FanStep>,
    /// Points that it stands against: naive, guidance, others' estimates.
    pub references: Vec<Reference>,
    /// The forecast before this one; may be empty.
    pub previous: Vec<Dated>,
    /// The origin.
    pub as_of: NaiveDate,
    /// Ends of the periods that were asked for and lie beyond the horizon cap; hatched.
    pub refused: Vec<NaiveDate>,
}

/// One period of a forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct FanStep {
    /// The period's end.
    pub date: NaiveDate,
    /// The point forecast.
    pub median: f64,
    /// Its intervals, in any order.
    pub bands: Vec<Band>,
}

/// A point that a forecast stands against.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// What it is.
    pub kind: ReferenceKind,
    /// The period's end.
    pub date: NaiveDate,
    /// In base units.
    pub value: f64,
}

/// Kinds of reference points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// The last value, or the one of a season ago.
    Naive,
    /// The middle of the company's own guidance.
    Guide,
    /// Somebody else's estimate.
    Estimate,
}

impl ReferenceKind {
    const ALL: [Self; 3] = [Self::Naive, Self::Guide, Self::Estimate];

    /// The words shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Naive => "Naive",
            Self::Guide => "Company guide",
            Self::Estimate => "Other estimate",
        }
    }

    fn look(self) -> (Mark, Role) {
        match self {
            Self::Naive => (Mark::Diamond, Role::Muted),
            Self::Guide => (Mark::Square, Role::Against),
            Self::Estimate => (Mark::Ring, Role::Fourth),
        }
    }
}

impl Fan {
    pub(super) fn values(&self) -> Vec<f64> {
        let steps = self.steps.iter().flat_map(|step| {
            step.bands.iter().flat_map(|band| [band.low, band.high]).chain([step.median])
        });
        let dated = self.actuals.iter().chain(&self.previous).map(|(_, value)| *value);
        dated.chain(steps).chain(self.references.iter().map(|point| point.value)).collect()
    }

    fn dates(&self) -> Vec<NaiveDate> {
        let dated = self.actuals.iter().chain(&self.previous).map(|(date, _)| *date);
        let steps = self.steps.iter().map(|step| step.date);
        let references = self.references.iter().map(|point| point.date);
        dated.chain(steps).chain(references).chain(self.refused.iter().copied()).collect()
    }

    pub(super) fn draw(&self, unit: Unit, id: &str, ink: Ink) -> Canvas {
        let mut canvas = Canvas::new(HEIGHT, ink);
        let values = self.values();
        let scale = scale(unit, values.iter().copied());
        let top = legend(&mut canvas, id, &self.legend()) + 18.0;
        let right = if self.refused.is_empty() { 64.0 } else { 8.0 };
        let spec =
            TimeFrame { dates: &self.dates(), values: &values, scale, top, height: HEIGHT, right };
        let frame = Frame::over_time(&mut canvas, &spec);
        self.draw_cap(&mut canvas, &frame, id);
        self.draw_bands(&mut canvas, &frame);
        self.draw_origin(&mut canvas, &frame);
        canvas.line(&frame.path(&self.joined(&self.previous)), Stroke::dashed(Role::Forecast, 1.4));
        canvas.line(&frame.path(&self.actuals), Stroke::solid(Role::Text, 2.0));
        let medians: Vec<_> = self.steps.iter().map(|step| (step.date, step.median)).collect();
        canvas.line(&frame.path(&self.joined(&medians)), Stroke::solid(Role::Forecast, 2.4));
        self.draw_points(&mut canvas, &frame, scale, digits(unit));
        self.draw_labels(&mut canvas, &frame, scale, digits(unit));
        canvas
    }

    /// Points that continue the actuals, starting at the last actual before them.
    fn joined(&self, points: &[Dated]) -> Vec<Dated> {
        let before = points.first().and_then(|(first, _)| {
            self.actuals.iter().rev().find(|(date, _)| date < first).copied()
        });
        before.into_iter().chain(points.iter().copied()).collect()
    }

    fn coverages(&self) -> Vec<f64> {
        let mut coverages: Vec<f64> = self
            .steps
            .iter()
            .flat_map(|step| step.bands.iter().map(|band| band.coverage))
            .collect();
        coverages.sort_by(|a, b| b.total_cmp(a));
        coverages.dedup();
        coverages
    }

    /// Widest band first: each lies over the one before.
    fn draw_bands(&self, canvas: &mut Canvas, frame: &Frame) {
        for coverage in self.coverages() {
            let edge = |pick: fn(&Band) -> f64| -> Vec<Dated> {
                let points = self.steps.iter().filter_map(|step| {
                    let band = step.bands.iter().find(|band| same(band.coverage, coverage))?;
                    Some((step.date, pick(band)))
                });
                self.joined(&points.collect::<Vec<_>>())
            };
            let (high, low) = (edge(|band| band.high), edge(|band| band.low));
            canvas.band(&frame.path(&high), &frame.path(&low), Role::Forecast, BAND_OPACITY);
        }
    }

    fn draw_cap(&self, canvas: &mut Canvas, frame: &Frame, id: &str) {
        let Some(first) = self.refused.iter().min() else { return };
        let before =
            self.steps.iter().map(|step| step.date).chain(self.actuals.last().map(|a| a.0));
        let before = before.filter(|date| date < first).max().unwrap_or(*first);
        let left = f64::midpoint(frame.x.at(day(before)), frame.x.at(day(*first)));
        let area = Area { left, ..frame.area };
        canvas.hatch(area, id);
        let words = ["Beyond the", "horizon cap:", "no claim made"];
        let room = area.right - area.left;
        if words.iter().all(|word| width_of(word, Style::LABEL) < room - 4.0) {
            let middle = f64::midpoint(area.left, area.right);
            let lines = (0..).map(|line| area.bottom - 48.0 + 16.0 * f64::from(line));
            for (word, y) in words.iter().zip(lines) {
                canvas.text_over((middle, y), word, Side::Middle, Style::quiet(Role::Text));
            }
        }
    }

    fn draw_origin(&self, canvas: &mut Canvas, frame: &Frame) {
        let x = frame.x.at(day(self.as_of));
        if x < frame.area.left || x > frame.area.right {
            return;
        }
        let stroke = Stroke { role: Role::Axis, width: 1.0, dash: Some("2 3") };
        canvas.line(&[(x, frame.area.top - 12.0), (x, frame.area.bottom)], stroke);
        let words = format!("as of {}", format::date(self.as_of));
        canvas.text((x - 6.0, frame.area.top - 6.0), &words, Side::End, Style::LABEL);
    }

    fn draw_points(&self, canvas: &mut Canvas, frame: &Frame, scale: Scale, digits: usize) {
        let tip = |name: &str, date: NaiveDate, value: f64| {
            format!("{name}, {}: {}", format::date(date), scale.words(value, digits))
        };
        if self.actuals.len() <= MOST_DOTS {
            for (date, value) in &self.actuals {
                let at = frame.at((*date, *value));
                canvas.with_tip(tip("Actual", *date, *value), |canvas| {
                    canvas.mark(at, Mark::Dot, 3.2, Role::Text);
                });
            }
        }
        for point in &self.references {
            let (mark, role) = point.kind.look();
            let (x, y) = frame.at((point.date, point.value));
            let at = (x + DODGE, y);
            canvas.with_tip(tip(point.kind.word(), point.date, point.value), |canvas| {
                canvas.mark(at, mark, 4.5, role);
            });
        }
        for step in &self.steps {
            let at = frame.at((step.date, step.median));
            canvas.with_tip(tip("Forecast median", step.date, step.median), |canvas| {
                canvas.mark(at, Mark::Dot, 4.5, Role::Forecast);
            });
        }
    }

    /// Names the last actual and the nearest forecast: the two numbers that a reader looks for.
    ///
    /// The forecast's stands left of the origin, clear of the bands, with a thin line to its point.
    fn draw_labels(&self, canvas: &mut Canvas, frame: &Frame, scale: Scale, digits: usize) {
        let last = self.actuals.last().map(|last| (frame.at(*last), last.1));
        if let Some(((x, y), value)) = last {
            let words = scale.label(value, digits);
            canvas.text_over((x - 8.0, y - 8.0), &words, Side::End, Style::strong(Role::Text));
        }
        let Some(step) = self.steps.first() else { return };
        let (x, y) = frame.at((step.date, step.median));
        let (x_last, y_last) = last.map_or((x, y), |(at, _)| at);
        let is_near = (y - y_last).abs() < 26.0;
        let base = if is_near { y_last - 34.0 } else { y }.max(frame.area.top + 14.0);
        let at = (x_last.min(x) - 8.0, base);
        let words = scale.label(step.median, digits);
        let leader = Stroke { role: Role::Forecast, width: 1.0, dash: Some("2 3") };
        canvas.line(&[(at.0 + 4.0, base - 4.5), (x, y)], leader);
        canvas.text_over(at, &words, Side::End, Style::strong(Role::Forecast));
        if let (Some(end), [_, .., _]) = (self.steps.last(), self.steps.as_slice())
            && self.refused.is_empty()
        {
            let (x, y) = frame.at((end.date, end.median));
            let words = scale.label(end.median, digits);
            let style = Style::strong(Role::Forecast);
            canvas.text_over((x + 10.0, y + 4.5), &words, Side::Start, style);
        }
    }

    fn legend(&self) -> Vec<(Key, String)> {
        let mut entries = vec![(Key::Line(Stroke::solid(Role::Text, 2.0)), "Actual".to_owned())];
        if !self.steps.is_empty() {
            let median = Key::Line(Stroke::solid(Role::Forecast, 2.4));
            entries.push((median, "Forecast median".to_owned()));
        }
        for (depth, coverage) in self.coverages().into_iter().enumerate().rev() {
            let layers = i32::try_from(depth + 1).unwrap_or(1);
            let opacity = 1.0 - (1.0 - BAND_OPACITY).powi(layers);
            let key = Key::Block(Role::Forecast, opacity);
            entries.push((key, format!("{} interval", format::percent(coverage))));
        }
        for kind in ReferenceKind::ALL {
            if self.references.iter().any(|point| point.kind == kind) {
                let (mark, role) = kind.look();
                entries.push((Key::Mark(mark, role), kind.word().to_owned()));
            }
        }
        if !self.previous.is_empty() {
            let stroke = Stroke::dashed(Role::Forecast, 1.4);
            entries.push((Key::Line(stroke), "Previous forecast".to_owned()));
        }
        if !self.refused.is_empty() {
            entries.push((Key::Hatch, "No claim made".to_owned()));
        }
        entries
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let coverages: Vec<f64> = self.coverages().into_iter().rev().collect();
        let mut headings = vec!["Period to".to_owned(), "Row".to_owned(), "Value".to_owned()];
        headings.extend(coverages.iter().map(|c| format!("{} interval", format::percent(*c))));
        let plain = |date: NaiveDate, name: &str, value: f64| {
            let empty = coverages.iter().map(|_| Cell::text(""));
            let row = [Cell::date(date), Cell::label(name), cells.value(value)];
            row.into_iter().chain(empty).collect::<Vec<_>>()
        };
        let mut rows: Vec<_> =
            self.actuals.iter().map(|(date, value)| plain(*date, "Actual", *value)).collect();
        rows.extend(self.previous.iter().map(|(d, v)| plain(*d, "Previous forecast", *v)));
        for step in &self.steps {
            let mut row = vec![
                Cell::date(step.date),
                Cell::label("Forecast median"),
                cells.value(step.median),
            ];
            row.extend(coverages.iter().map(|coverage| {
                let band = step.bands.iter().find(|band| same(band.coverage, *coverage));
                band.map_or_else(
                    || Cell::missing("not claimed at this coverage"),
                    |band| cells.range(band.low, band.high, band.coverage),
                )
            }));
            rows.push(row);
        }
        rows.extend(self.references.iter().map(|p| plain(p.date, p.kind.word(), p.value)));
        let no_value = || Cell::missing("refused: beyond the horizon cap");
        rows.extend(self.refused.iter().map(|date| {
            let row = [Cell::date(*date), Cell::label("Refused"), no_value()];
            row.into_iter().chain(coverages.iter().map(|_| no_value())).collect()
        }));
        (headings, rows)
    }
}

const BAND_OPACITY: f64 = 0.2;
/// Pixels by which reference points stand aside, so that they do not hide the forecast.
const DODGE: f64 = 9.0;

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}
