//! The frame of a chart: scales from values to pixels, ticks, grid, legend and labels that give
//! way.
//!
//! May use kuva for ticks, `units`, `format` for their words, `canvas` to draw them. Holds no
//! chart's own marks.

use chrono::{Datelike, NaiveDate};
use kuva::render::render_utils::{compute_tick_step, generate_ticks_log, generate_ticks_with_step};

use super::canvas::{Area, Canvas, Mark, Role, Side, Stroke, Style, WIDTH, width_of};
use crate::report::format::{self, Scale};
use crate::units::Unit;

/// Decimals with which a unit's values are labelled.
pub(super) fn digits(unit: Unit) -> usize {
    match unit {
        Unit::H100e => 2,
        Unit::Count => 0,
        _ => 1,
    }
}

/// The scale of a chart's values.
pub(super) fn scale(unit: Unit, values: impl IntoIterator<Item = f64>) -> Scale {
    Scale::of(values, unit, digits(unit))
}

/// A map from values to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    kind: AxisKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AxisKind {
    Linear,
    Log,
}

impl Axis {
    pub(super) fn linear((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to, kind: AxisKind::Linear }
    }

    pub(super) fn log((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let low = low.max(f64::MIN_POSITIVE).log10();
        let high = high.max(f64::MIN_POSITIVE).log10();
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to, kind: AxisKind::Log }
    }

    /// The pixel of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = match self.kind {
            AxisKind::Linear => value,
            AxisKind::Log => value.max(f64::MIN_POSITIVE).log10(),
        };
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }
}

/// Round bounds and ticks for values on `scale`; zero is included where it is near.
pub(super) fn value_ticks(values: &[f64], scale: Scale) -> ((f64, f64), Vec<f64>) {
    let factor = scale.factor();
    let (mut low, mut high) = extent(values.iter().map(|value| value / factor));
    if low > 0.0 && low < 0.5 * high {
        low = 0.0;
    }
    if high < 0.0 && high > 0.5 * low {
        high = 0.0;
    }
    if high <= low {
        (low, high) = (low - 1.0, high + 1.0);
    }
    let step = compute_tick_step(low, high, 5);
    let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
    let ticks = generate_ticks_with_step(low, high, step);
    ((low * factor, high * factor), ticks.into_iter().map(|tick| tick * factor).collect())
}

/// The least and the greatest of some values; (0, 1) of none.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high { (0.0, 1.0) } else { (low, high) }
}

/// The words of ticks, with as many decimals as tell them apart.
pub(super) fn tick_words(ticks: &[f64], scale: Scale) -> Vec<String> {
    let needed = |digits: &usize| {
        let shown = ticks.iter().map(|tick| {
            let scaled = tick / scale.factor();
            (scaled * 10f64.powi(i32::try_from(*digits).unwrap_or(3))).fract().abs()
        });
        shown.into_iter().all(|rest| !(1e-6..=1.0 - 1e-6).contains(&rest))
    };
    let digits = (0..3).find(needed).unwrap_or(3);
    ticks.iter().map(|tick| scale.label(*tick, digits)).collect()
}

/// A day as a number that axes can map: days of the common era.
pub(super) fn day(date: NaiveDate) -> f64 {
    f64::from(date.num_days_from_ce())
}

/// A plot area with its two axes.
pub(super) struct Frame {
    pub(super) area: Area,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

/// What a time chart needs for its frame.
pub(super) struct TimeFrame<'a> {
    pub(super) dates: &'a [NaiveDate],
    pub(super) values: &'a [f64],
    pub(super) scale: Scale,
    /// Top of the plot area, under the legend.
    pub(super) top: f64,
    pub(super) height: f64,
    /// Room for labels to the right of the last date.
    pub(super) right: f64,
}

impl Frame {
    /// A frame over dates, with grid, value labels and dates drawn.
    pub(super) fn over_time(canvas: &mut Canvas, spec: &TimeFrame<'_>) -> Self {
        let (bounds, ticks) = value_ticks(spec.values, spec.scale);
        let words = tick_words(&ticks, spec.scale);
        let area = plot_area(&words, spec.top, spec.height, spec.right);
        let (first, last) = extent(spec.dates.iter().map(|date| day(*date)));
        let pad = (last - first).max(30.0) * 0.015;
        let frame = Self {
            area,
            x: Axis::linear((first - pad, last + pad), (area.left, area.right)),
            y: Axis::linear(bounds, (area.bottom, area.top)),
        };
        frame.draw_grid(canvas, &ticks, &words);
        frame.draw_dates(canvas, (first - pad, last + pad));
        frame
    }

    /// Horizontal grid lines with their values to the left; the base line is stronger.
    pub(super) fn draw_grid(&self, canvas: &mut Canvas, ticks: &[f64], words: &[String]) {
        for (tick, word) in ticks.iter().zip(words) {
            let y = self.y.at(*tick);
            let is_base = (y - self.area.bottom).abs() < 0.5;
            let role = if is_base || *tick == 0.0 { Role::Axis } else { Role::Grid };
            canvas.line(&[(self.area.left, y), (self.area.right, y)], Stroke::solid(role, 1.0));
            canvas.text((self.area.left - 8.0, y + 4.0), word, Side::End, Style::LABEL);
        }
    }

    fn draw_dates(&self, canvas: &mut Canvas, bounds: (f64, f64)) {
        dates_below(canvas, self.x, bounds, self.area.bottom);
    }

    /// A logarithmic axis below the plot, in powers of ten, with its name.
    pub(super) fn draw_log_x(&self, canvas: &mut Canvas, bounds: (f64, f64), name: &str) {
        let ticks = generate_ticks_log(bounds.0, bounds.1);
        let mut right_of_last = f64::NEG_INFINITY;
        for tick in ticks {
            let (x, word) = (self.x.at(tick), format::power_of_ten(tick));
            let half = width_of(&word, Style::LABEL) / 2.0;
            let bottom = self.area.bottom;
            canvas.line(&[(x, bottom), (x, bottom + 5.0)], Stroke::solid(Role::Axis, 1.0));
            if x - half > right_of_last + 8.0 {
                canvas.text((x, bottom + 20.0), &word, Side::Middle, Style::LABEL);
                right_of_last = x + half;
            }
        }
        let middle = f64::midpoint(self.area.left, self.area.right);
        canvas.text((middle, self.area.bottom + 40.0), name, Side::Middle, Style::LABEL);
    }

    /// The pixel of a dated value.
    pub(super) fn at(&self, (date, value): super::Dated) -> (f64, f64) {
        (self.x.at(day(date)), self.y.at(value))
    }

    /// The pixels of dated values.
    pub(super) fn path(&self, points: &[super::Dated]) -> Vec<(f64, f64)> {
        points.iter().map(|point| self.at(*point)).collect()
    }
}

/// The plot area that leaves room for value labels on the left.
pub(super) fn plot_area(words: &[String], top: f64, height: f64, right: f64) -> Area {
    let widest = words.iter().map(|word| width_of(word, Style::LABEL)).fold(0.0, f64::max);
    Area { left: widest + 12.0, top, right: WIDTH - right, bottom: height - 28.0 }
}

/// Ticks of a time axis: years, half-years or quarters, as the span allows.
fn date_ticks(first: f64, last: f64) -> Vec<(NaiveDate, String)> {
    const DAYS_PER_YEAR: f64 = 365.25;
    let years = (last - first) / DAYS_PER_YEAR;
    let months: u32 = match years {
        y if y > 24.0 => 60,
        y if y > 9.0 => 24,
        y if y > 3.5 => 12,
        y if y > 1.8 => 6,
        y if y > 0.6 => 3,
        _ => 1,
    };
    let year = |days: f64| date_of(days).map_or(2000, |date| date.year());
    let dates =
        (year(first)..=year(last)).flat_map(|year| (1..=12).map(move |month| (year, month)));
    dates
        .filter(|(year, month)| (year.unsigned_abs() * 12 + month - 1).is_multiple_of(months))
        .filter_map(|(year, month)| NaiveDate::from_ymd_opt(year, month, 1))
        .filter(|date| (first..=last).contains(&day(*date)))
        .map(|date| {
            let is_year = months >= 12;
            let word = if is_year { date.format("%Y") } else { date.format("%b %Y") };
            (date, word.to_string())
        })
        .collect()
}

fn date_of(days: f64) -> Option<NaiveDate> {
    #[expect(clippy::cast_possible_truncation, reason = "days of dates that fit in i32")]
    NaiveDate::from_num_days_from_ce_opt(days.round() as i32)
}

/// Ticks and dates below a chart that has no value axis, with faint lines up to its top.
pub(super) fn date_axis(
    canvas: &mut Canvas,
    x: Axis,
    bounds: (f64, f64),
    (top, bottom): (f64, f64),
) {
    for (date, _) in date_ticks(bounds.0, bounds.1) {
        let at = x.at(day(date));
        canvas.line(&[(at, top), (at, bottom)], Stroke::solid(Role::Grid, 1.0));
    }
    dates_below(canvas, x, bounds, bottom);
}

fn dates_below(canvas: &mut Canvas, axis: Axis, (first, last): (f64, f64), bottom: f64) {
    let mut right_of_last = f64::NEG_INFINITY;
    for (date, word) in date_ticks(first, last) {
        let x = axis.at(day(date));
        let half = width_of(&word, Style::LABEL) / 2.0;
        canvas.line(&[(x, bottom), (x, bottom + 5.0)], Stroke::solid(Role::Axis, 1.0));
        if x - half > right_of_last + 8.0 && x - half > 0.0 && x + half < WIDTH {
            canvas.text((x, bottom + 20.0), &word, Side::Middle, Style::LABEL);
            right_of_last = x + half;
        }
    }
}

/// What stands before a word in the legend.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// A line.
    Line(Stroke),
    /// A block of colour.
    Block(Role, f64),
    /// A mark.
    Mark(Mark, Role),
    /// Hatching.
    Hatch,
}

/// Draws a legend from the top left, in as many rows as it needs; returns the top of what follows.
pub(super) fn legend(canvas: &mut Canvas, id: &str, entries: &[(Key, String)]) -> f64 {
    const ROW: f64 = 20.0;
    let (mut x, mut y) = (0.0, 12.0);
    for (key, word) in entries {
        let needed = 26.0 + width_of(word, Style::LABEL);
        if x > 0.0 && x + needed > WIDTH {
            (x, y) = (0.0, y + ROW);
        }
        draw_key(canvas, id, *key, (x, y - 4.0));
        canvas.text((x + 24.0, y), word, Side::Start, Style::LABEL);
        x += needed + 14.0;
    }
    if entries.is_empty() { 8.0 } else { y + 20.0 }
}

fn draw_key(canvas: &mut Canvas, id: &str, key: Key, (x, y): (f64, f64)) {
    let block = Area { left: x, top: y - 6.0, right: x + 18.0, bottom: y + 6.0 };
    match key {
        Key::Line(stroke) => canvas.line(&[(x, y), (x + 18.0, y)], stroke),
        Key::Block(role, opacity) => canvas.rect(block, role, opacity),
        Key::Mark(mark, role) => canvas.mark((x + 9.0, y), mark, 4.5, role),
        Key::Hatch => canvas.hatch(block, id),
    }
}

/// Moves labels apart so that none overlaps: `ys` are wished base lines, in any order.
///
/// Keeps their order and stays within `low..=high` as far as there is room.
pub(super) fn spread(ys: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ys.len()).collect();
    order.sort_by(|a, b| ys[*a].total_cmp(&ys[*b]));
    let mut placed = ys.to_vec();
    let mut floor = low;
    for idx in &order {
        placed[*idx] = placed[*idx].max(floor);
        floor = placed[*idx] + gap;
    }
    let mut ceiling = high;
    for idx in order.iter().rev() {
        placed[*idx] = placed[*idx].min(ceiling);
        ceiling = placed[*idx] - gap;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_give_way_and_keep_their_order() {
        assert_eq!(spread(&[10.0, 12.0, 50.0], 15.0, (0.0, 100.0)), [10.0, 25.0, 50.0]);
        assert_eq!(spread(&[99.0, 98.0], 15.0, (0.0, 100.0)), [100.0, 85.0]);
    }

    #[test]
    fn ticks_are_round_and_start_at_zero_where_it_is_near() {
        let scale = scale(Unit::Usd, [96.2e9]);
        let (bounds, ticks) = value_ticks(&[20e9, 96.2e9], scale);
        assert_eq!(bounds, (0.0, 100e9));
        assert_eq!(tick_words(&ticks, scale), ["0", "20", "40", "60", "80", "100"]);
    }

    #[test]
    fn a_long_axis_is_ticked_by_years() {
        let date = |y| NaiveDate::from_ymd_opt(y, 6, 30).expect("a date");
        let words: Vec<_> = date_ticks(day(date(2019)), day(date(2026)))
            .into_iter()
            .map(|(_, word)| word)
            .collect();
        assert_eq!(words, ["2020", "2021", "2022", "2023", "2024", "2025", "2026"]);
    }
}
