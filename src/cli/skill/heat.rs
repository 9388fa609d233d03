//! The surface as a heat map: shades on a terminal, and the report's chart as SVG.
//!
//! May use `forecast`, `report`, `units` and `tables`. Neither shade nor colour speaks alone:
//! every cell carries its number and sign. Colour is for a terminal alone, and `NO_COLOR` turns it
//! off.

use std::io::IsTerminal;

use chrono::NaiveDate;

use super::Found;
use super::tables::word;
use crate::error::{Error, Result};
use crate::forecast::few::envelope::{self, Cell, Count, Envelope};
use crate::report::chart::{Chart, Heat, HeatPanel, Ink};
use crate::report::source::SourceRef;
use crate::units::Unit;

/// Skill at which a shade is full.
const FULL: f64 = 0.4;
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
const BLUE: &str = "\u{1b}[34m";
const RED: &str = "\u{1b}[31m";
const RESET: &str = "\u{1b}[0m";

/// One block a regime: a line a number of variables, a column a horizon.
pub(super) fn people(found: &Found<'_>) -> String {
    let Some((lab, envelope)) = &found.few else {
        return "no surface: too little is known".to_owned();
    };
    let is_coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if regimes(envelope).is_empty() {
        return "no surface: too few forecasts are resolved".to_owned();
    }
    let mut text =
        "skill by number of variables, % of the last value's error; * lower bound above zero"
            .to_owned();
    for regime in regimes(envelope) {
        text.push_str(&format!("\n{regime:<14}"));
        text.extend(envelope.choices.iter().map(|(h, _)| format!(" {:>8}", format!("h={h}"))));
        for count in envelope::counts(lab) {
            text.push_str(&format!("\n  {:<12}", name(count)));
            for (horizon, _) in &envelope.choices {
                text.push(' ');
                text.push_str(&shaded(cell(envelope, regime, count, *horizon), is_coloured));
            }
        }
    }
    text
}

fn shaded(cell: Option<&Cell>, is_coloured: bool) -> String {
    let Some((cell, skill)) = cell.and_then(|cell| Some((cell, cell.skill?))) else {
        return format!("{:>8}", "-");
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "kept between 0 and 4"
    )]
    let shade = SHADES[((skill.abs() / FULL).min(1.0) * 4.0).round() as usize];
    let mark = if cell.lower.is_some_and(|lower| lower > 0.0) { '*' } else { ' ' };
    let text = format!("{shade}{shade}{:>+5.0}{mark}", 100.0 * skill);
    match (is_coloured, skill > 0.0) {
        (false, _) => text,
        (true, true) => format!("{BLUE}{text}{RESET}"),
        (true, false) => format!("{RED}{text}{RESET}"),
    }
}

/// The regimes in which anything was measured.
fn regimes(envelope: &Envelope) -> Vec<&str> {
    let mut regimes: Vec<&str> = Vec::new();
    for cell in envelope.surface.iter().filter(|cell| cell.skill.is_some()) {
        if !regimes.contains(&cell.regime.as_str()) {
            regimes.push(&cell.regime);
        }
    }
    regimes
}

fn cell<'a>(
    envelope: &'a Envelope,
    regime: &str,
    count: Count,
    horizon: usize,
) -> Option<&'a Cell> {
    envelope
        .surface
        .iter()
        .find(|cell| cell.regime == regime && cell.count == count && cell.horizon == horizon)
}

fn name(count: Count) -> String {
    match count {
        Count::Forced(1) => "1 variable".to_owned(),
        Count::Forced(n) => format!("{n} variables"),
        Count::Chosen => word(count),
    }
}

/// The heat map that reports draw, with fixed colours.
///
/// # Errors
/// [`Error::Insufficient`] where no surface could be measured.
pub(super) fn svg(found: &Found<'_>, as_of: NaiveDate, run_id: &str) -> Result<String> {
    let measured = found.few.as_ref().filter(|(_, envelope)| !regimes(envelope).is_empty());
    let Some((lab, envelope)) = measured else {
        return Err(Error::insufficient(format!(
            "a heat map needs a surface; too little of {:?} is known as of {as_of}",
            found.series
        )));
    };
    let counts = envelope::counts(lab);
    let panel = |regime: &str| HeatPanel {
        label: regime.to_owned(),
        values: counts
            .iter()
            .map(|count| {
                let skill =
                    |h: usize| cell(envelope, regime, *count, h).and_then(|cell| cell.skill);
                envelope.choices.iter().map(|(h, _)| skill(*h)).collect()
            })
            .collect(),
    };
    let heat = Heat {
        rows: counts.iter().map(|count| name(*count)).collect(),
        columns: envelope.choices.iter().map(|(h, _)| h.to_string()).collect(),
        column_name: "Horizon".to_owned(),
        panels: regimes(envelope).into_iter().map(panel).collect(),
    };
    let source = SourceRef::model("skill by number of variables", run_id, as_of);
    let title = format!("Skill of {} by horizon and number of variables", found.series);
    let alt = format!("{title}, as of {as_of}: a panel a regime, a row a number of variables.");
    let subtitle = "Skill against the last value, share of its error removed";
    let chart = Chart::new(title, subtitle, alt, Unit::Ratio, heat, &source);
    match chart.flaw() {
        Some(flaw) => Err(Error::invalid(flaw)),
        None => Ok(chart.svg("skill", Ink::Fixed)),
    }
}
