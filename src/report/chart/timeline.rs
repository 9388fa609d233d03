//! The timeline: what was announced when, a lane for each thing that is spoken of.
//!
//! May use `canvas`, `frame` and what `chart` may. Raise, cut and repeat differ by shape as well
//! as by colour; values are written where there is room, the latest first, and all stand in the
//! data table.

use chrono::NaiveDate;

use super::canvas::{Canvas, Mark, Role, Side, Stroke, Style, WIDTH, width_of};
use super::frame::{Axis, Key, date_axis, day, digits, extent, legend, scale};
use super::{Cells, Data, Ink};
use crate::report::cell::Cell;
use crate::report::format;
use crate::units::Unit;

const LANE: f64 = 74.0;

/// Announcements over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// The lanes, the most important first.
    pub lanes: Vec<Lane>,
}

/// Announcements of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// What they speak of.
    pub label: String,
    /// The announcements, oldest first.
    pub said: Vec<Announced>,
}

/// One announcement.
#[derive(Debug, Clone, PartialEq)]
pub struct Announced {
    /// The day on which the public could know it.
    pub date: NaiveDate,
    /// Its middle, in base units.
    pub value: f64,
    /// The end of the period that it speaks of.
    pub period_end: NaiveDate,
    /// What it does to the word before.
    pub turn: Turn,
}

/// What an announcement does to the word before about the same period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is the first word.
    First,
    /// It says more.
    Raise,
    /// It says less.
    Cut,
    /// It says the same.
    Repeat,
    /// It changes a word that is not at hand.
    Change,
}

impl Turn {
    const ALL: [Self; 5] = [Self::First, Self::Raise, Self::Cut, Self::Repeat, Self::Change];

    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Self::First => "First word",
            Self::Raise => "Raise",
            Self::Cut => "Cut",
            Self::Repeat => "Repeat",
            Self::Change => "Change of a word not at hand",
        }
    }

    fn look(self) -> (Mark, Role) {
        match self {
            Self::First => (Mark::Dot, Role::Forecast),
            Self::Raise => (Mark::Up, Role::Third),
            Self::Cut => (Mark::Down, Role::Against),
            Self::Repeat => (Mark::Ring, Role::Muted),
            Self::Change => (Mark::Diamond, Role::Fourth),
        }
    }
}

impl Timeline {
    fn said(&self) -> impl Iterator<Item = &Announced> {
        self.lanes.iter().flat_map(|lane| &lane.said)
    }

    pub(super) fn values(&self) -> Vec<f64> {
        self.said().map(|said| said.value).collect()
    }

    pub(super) fn draw(&self, unit: Unit, ink: Ink) -> Canvas {
        #[expect(clippy::cast_precision_loss, reason = "a chart has few lanes")]
        let body = LANE * self.lanes.len() as f64;
        let mut canvas = Canvas::new(34.0 + body + 30.0, ink);
        let is_used = |turn: &Turn| self.said().any(|said| said.turn == *turn);
        let entries: Vec<_> = Turn::ALL
            .into_iter()
            .filter(is_used)
            .map(|turn| {
                let (mark, role) = turn.look();
                (Key::Mark(mark, role), turn.word().to_owned())
            })
            .collect();
        let top = legend(&mut canvas, "", &entries);
        let scale = scale(unit, self.values());
        let (first, last) = extent(self.said().map(|said| day(said.date)));
        let pad = (last - first).max(200.0) * 0.04;
        let bounds = (first - pad, last + pad);
        let x = Axis::linear(bounds, (8.0, WIDTH - 8.0));
        let bottom = top + body;
        date_axis(&mut canvas, x, bounds, (top, bottom));
        let mut y = top;
        for lane in &self.lanes {
            let line = y + LANE - 20.0;
            canvas.line(&[(8.0, line), (WIDTH - 8.0, line)], Stroke::solid(Role::Axis, 1.0));
            draw_lane(&mut canvas, lane, x, line, |value| scale.number(value, digits(unit)));
            canvas.text_over((8.0, y + 18.0), &lane.label, Side::Start, Style::strong(Role::Text));
            y += LANE;
        }
        canvas
    }

    pub(super) fn data(&self, cells: &Cells<'_>) -> Data {
        let rows = self.lanes.iter().flat_map(|lane| {
            lane.said.iter().map(|said| {
                vec![
                    Cell::date(said.date),
                    Cell::label(&lane.label),
                    Cell::date(said.period_end),
                    cells.value(said.value),
                    Cell::label(said.turn.word()),
                ]
            })
        });
        let headings = ["Published", "Of what", "Period to", "Middle", "Turn"];
        (headings.map(str::to_owned).to_vec(), rows.collect())
    }
}

/// The marks of a lane, and their values from the latest on as far as they do not touch.
fn draw_lane(canvas: &mut Canvas, lane: &Lane, x: Axis, line: f64, words: impl Fn(f64) -> String) {
    let mut free_to = f64::INFINITY;
    for said in lane.said.iter().rev() {
        let at = x.at(day(said.date));
        let word = words(said.value);
        let half = width_of(&word, Style::LABEL) / 2.0;
        let centre = at.clamp(half, WIDTH - half);
        if centre + half + 6.0 <= free_to {
            let place = (centre, line - 14.0);
            canvas.text_over(place, &word, Side::Middle, Style::quiet(Role::Text));
            free_to = centre - half;
        }
        let (mark, role) = said.turn.look();
        let tip = format!(
            "{}: {word} for the period to {}. {}.",
            format::date(said.date),
            format::date(said.period_end),
            said.turn.word()
        );
        canvas.with_tip(tip, |canvas| canvas.mark((at, line), mark, 5.0, role));
    }
}
