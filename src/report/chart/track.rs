//! The track record: hairs (what each origin said) and the backtest (each forecast against what
//! came).
//!
//! May use `canvas`, `frame` and what `chart` may. Hides no miss: every scored forecast is drawn.

use chrono::NaiveDate;

use super::canvas::{Canvas, Mark, Role, Stroke};
use super::frame::{Frame, Key, TimeFrame, digits, legend, scale};
use super::{Cells, Data, Dated, Ink};
use crate::report::cell::Cell;
use crate::report::format::{self, Scale};
use crate::units::Unit;

const HEIGHT: f64 = 370.0;

/// What each origin forecast, as hairs over what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Hairs {
    /// The actuals by period end, oldest first.
    pub actuals: Vec<Dated>,
    /// One path an origin.
    pub hairs: Vec<Hair>,
}

/// The path that one origin forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Hair {
    /// The day from which it was made.
    pub origin: NaiveDate,
    /// Medians by period end, nearest first.
    pub points: Vec<Dated>,
}

/// Forecasts of one horizon with their intervals against what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// How much the intervals are meant to cover.
    pub coverage: f64,
    /// The forecasts by period end, oldest first.
    pub scored: Vec<Scored>,
}

/// One forecast and what came.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// The period's end.
    pub date: NaiveDate,
    /// The point forecast.
    pub median: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// What came, if it has.
    pub actual: Option<f64>,
}

impl Hairs {
    pub(super) fn values(&self) -> Vec<f64> {
        let hairs = self.hairs.iter().flat_map(|hair| &hair.points);
        self.actuals.iter().chain(hairs).map(|(_, value)| *value).collect()
    }

    pub(super) fn draw(&self, unit: Unit, ink: Ink) -> Canvas {
        let mut canvas = Canvas::new(HEIGHT, ink);
        let values = self.values();
        let hairs = self.hairs.iter().flat_map(|hair| &hair.points);
        let dates: Vec<_> = self.actuals.iter().chain(hairs).map(|(date, _)| *date).collect();
        let scale = scale(unit, values.iter().copied());
        let entries = [
            (Key::Line(Stroke::solid(Role::Text, 2.2)), "Actual".to_owned()),
            (Key::Line(Stroke::solid(Role::Forecast, 1.6)), "Forecast path by origin".to_owned()),
        ];
        let top = legend(&mut canvas, "", &entries);
        let spec =
            TimeFrame { dates: &dates, values: &values, scale, top, height: HEIGHT, right: 12.0 };
        let frame = Frame::over_time(&mut canvas, &spec);
        canvas.line(&frame.path(&self.actuals), Stroke::solid(Role::Text, 2.2));
        for hair in &self.hairs {
            let Some(last) = hair.points.last() else { continue };
            let tip = format!(
                "Forecast of {}: {} for the period to {}",
                format::date(hair.origin),
                scale.words(last.1, digits(unit)),
                format::date(last.0)
            );
            let path = frame.path(&self.rooted(hair));
            canvas.with_tip(tip, |canvas| {
                canvas.line(&path, Stroke::solid(Role::Forecast, 1.6));
                canvas.mark(frame.at(*last), Mark::Dot, 2.6, Role::Forecast);
            });
        }
        canvas
    }

    /// A hair from the last actual before it.
    fn rooted(&self, hair: &Hair) -> Vec<Dated> {
        let root = hair.points.first().and_then(|(first, _)| {
            self.actuals.iter().rev().find(|(date, _)| date < first).copied()
        });
        root.into_iter().chain(hair.points.iter().copied()).collect()
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let actual = |date: &NaiveDate| self.actuals.iter().find(|(d, _)| d == date).map(|a| a.1);
        let rows = self.hairs.iter().flat_map(|hair| {
            hair.points.iter().map(|(date, value)| {
                let came = cells.optional(actual(date));
                vec![Cell::date(hair.origin), Cell::date(*date), cells.value(*value), came]
            })
        });
        let headings = ["Origin", "Period to", "Forecast median", "Actual"];
        (headings.map(str::to_owned).to_vec(), rows.collect())
    }
}

impl Scored {
    /// Whether what came lies in the interval; `None` while nothing has come.
    fn is_hit(&self) -> Option<bool> {
        self.actual.map(|actual| (self.low..=self.high).contains(&actual))
    }
}

impl Backtest {
    pub(super) fn values(&self) -> Vec<f64> {
        let ends = self.scored.iter().flat_map(|s| [s.low, s.median, s.high]);
        ends.chain(self.scored.iter().filter_map(|s| s.actual)).collect()
    }

    pub(super) fn draw(&self, unit: Unit, ink: Ink) -> Canvas {
        let mut canvas = Canvas::new(HEIGHT, ink);
        let values = self.values();
        let dates: Vec<_> = self.scored.iter().map(|scored| scored.date).collect();
        let scale = scale(unit, values.iter().copied());
        let interval = format!("Forecast median and {} interval", format::percent(self.coverage));
        let entries = [
            (Key::Block(Role::Forecast, BAR_OPACITY), interval),
            (Key::Mark(Mark::Dot, Role::Text), "Actual, inside".to_owned()),
            (Key::Mark(Mark::Ring, Role::Against), "Actual, outside".to_owned()),
        ];
        let top = legend(&mut canvas, "", &entries);
        let spec =
            TimeFrame { dates: &dates, values: &values, scale, top, height: HEIGHT, right: 12.0 };
        let frame = Frame::over_time(&mut canvas, &spec);
        for scored in &self.scored {
            draw_scored(&mut canvas, &frame, scored, self.bar_width(&frame), scale, digits(unit));
        }
        canvas
    }

    /// Half the width of a bar, so that neighbours do not touch.
    fn bar_width(&self, frame: &Frame) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a chart has few points")]
        let n = self.scored.len().max(1) as f64;
        ((frame.area.right - frame.area.left) / n * 0.28).clamp(1.0, 6.0)
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let interval = format!("{} interval", format::percent(self.coverage));
        let headings = ["Period to", "Forecast median", &interval, "Actual", "Inside"];
        let rows = self.scored.iter().map(|scored| {
            let inside = match scored.is_hit() {
                Some(true) => Cell::text("yes"),
                Some(false) => Cell::text("no"),
                None => Cell::missing("not known yet"),
            };
            vec![
                Cell::date(scored.date),
                cells.value(scored.median),
                cells.range(scored.low, scored.high, self.coverage),
                cells.optional(scored.actual),
                inside,
            ]
        });
        (headings.map(str::to_owned).to_vec(), rows.collect())
    }
}

const BAR_OPACITY: f64 = 0.3;

fn draw_scored(
    canvas: &mut Canvas,
    frame: &Frame,
    scored: &Scored,
    half: f64,
    scale: Scale,
    digits: usize,
) {
    let (x, low) = frame.at((scored.date, scored.low));
    let (_, high) = frame.at((scored.date, scored.high));
    let (_, median) = frame.at((scored.date, scored.median));
    let came = scored.actual.map_or_else(
        || "not known yet".to_owned(),
        |actual| format!("actual {}", scale.words(actual, digits)),
    );
    let tip = format!(
        "{}: median {}, {} to {}, {came}",
        format::date(scored.date),
        scale.words(scored.median, digits),
        scale.label(scored.low, digits),
        scale.label(scored.high, digits)
    );
    canvas.with_tip(tip, |canvas| {
        let corners = [(x - half, high), (x + half, high), (x + half, low), (x - half, low)];
        canvas.fill(&corners, Role::Forecast, BAR_OPACITY);
        let stroke = Stroke::solid(Role::Forecast, 2.0);
        canvas.line(&[(x - half, median), (x + half, median)], stroke);
        if let (Some(actual), Some(is_hit)) = (scored.actual, scored.is_hit()) {
            let at = frame.at((scored.date, actual));
            if is_hit {
                canvas.mark(at, Mark::Dot, 3.6, Role::Text);
            } else {
                canvas.mark(at, Mark::Ring, 4.6, Role::Against);
            }
        }
    });
}
