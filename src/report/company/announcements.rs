//! What the company itself has said: a timeline, and every word with its link.
//!
//! May use the core, `forecast` and the rest of `report`. Whether a word raises or cuts is read
//! off the word before about the same period; where that is not at hand, it is not guessed.

use super::Material;
use crate::error::Result;
use crate::forecast::guidance::same_period;
use crate::forecast::hierarchy::BUYERS;
use crate::observation::{Action, Announcement};
use crate::period::Frequency;
use crate::report::chart::{Announced, Lane, Timeline, Turn};
use crate::report::{Block, Cell, Chart, Prose, Section, SourceRef, Sources, Table, Tone, format};
use crate::series::{SeriesId, company_name};

/// Words that the table shows.
const SHOWN: usize = 12;

/// Whether a word is about the money of a series: its metric under any definition.
pub(super) fn is_of(said: &Announcement, target: &SeriesId) -> bool {
    let family = |metric: &str| metric.split(['_', '.']).next().unwrap_or_default().to_owned();
    family(&said.metric) == family(target.metric())
}

/// Whether a word is about sales or spending; margins, taxes and the like are left to
/// `data announcements`.
fn is_told(said: &Announcement) -> bool {
    ["revenue", "capex", "purchase"].iter().any(|word| said.metric.starts_with(word))
}

/// What a word does to the one before about the same figure and period, `earlier` being all before it.
pub(super) fn turn(earlier: &[&Announcement], said: &Announcement) -> Turn {
    let before = earlier.iter().rev().find(|b| {
        b.metric == said.metric && same_period(b.period, said.period) && b.unit == said.unit
    });
    let is_open = matches!(said.action, Action::Guide | Action::Revise);
    let action = match before.filter(|_| is_open) {
        Some(before) => Action::between(before.mid, said.mid),
        None => said.action,
    };
    match action {
        Action::Guide => Turn::First,
        Action::Raise => Turn::Raise,
        Action::Lower => Turn::Cut,
        Action::Reiterate => Turn::Repeat,
        Action::Revise => Turn::Change,
    }
}

/// The timeline and the words of the company; of its rivals, and what would fill it, where it has none.
pub(super) fn section(material: &Material<'_>) -> Result<Option<Section>> {
    let owner = material.forecast.target.owner();
    let held: Vec<_> = material.known.announcements(owner).filter(|a| is_told(a)).collect();
    if held.is_empty() {
        return silent(material);
    }
    let words: Vec<_> = (0..held.len()).map(|at| (held[at], turn(&held[..at], held[at]))).collect();
    let lanes = lanes(&words, lane_name);
    let chart = timeline(&words, finding(company_name(owner), &words), lanes);
    let mut blocks: Vec<Block> = chart.into_iter().map(Block::from).collect();
    blocks.push(table(&words)?.into());
    let heading = format!("What {} itself has said", company_name(owner));
    Ok(Some(Section::new("announcements", heading, blocks)))
}

/// `Revenue, by quarter`, `Capital expenditure, by year`.
fn lane_name(said: &Announcement) -> String {
    let metric = match said.metric.as_str() {
        metric if metric.starts_with("capex") => "Capital expenditure".to_owned(),
        "revenue" => "Revenue".to_owned(),
        metric => format::capitalised(&metric.replace(['_', '.'], " ")),
    };
    match said.period.frequency() {
        Some(Frequency::Year) => format!("{metric}: outlook for the year"),
        Some(Frequency::Quarter) => format!("{metric}: guide for the quarter"),
        _ => metric,
    }
}

/// A lane for each name, in the order in which they are first spoken of.
fn lanes(words: &[(&Announcement, Turn)], name: impl Fn(&Announcement) -> String) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for (said, turn) in words {
        let label = name(said);
        let one = Announced {
            date: said.published,
            value: said.mid,
            period_end: said.period.end(),
            turn: *turn,
        };
        match lanes.iter_mut().find(|lane| lane.label == label) {
            Some(lane) => lane.said.push(one),
            None => lanes.push(Lane { label, said: vec![one] }),
        }
    }
    lanes
}

/// The chart of words in one unit; none of no word.
fn timeline(words: &[(&Announcement, Turn)], title: String, lanes: Vec<Lane>) -> Option<Chart> {
    let (first, _) = words.first()?;
    if words.iter().any(|(said, _)| said.unit != first.unit) {
        return None;
    }
    let mut sources = Sources::from(&SourceRef::announced(first));
    for (said, _) in words.iter().rev().take(2) {
        sources = sources.and(&SourceRef::announced(said));
    }
    Some(Chart::new(
        title,
        "Middle of what was announced, on the day on which it was public",
        "A mark for each announcement on its day; its shape says whether it raised, cut or repeated.",
        first.unit,
        Timeline { lanes },
        sources,
    ))
}

/// What the words come to.
fn finding(name: &str, words: &[(&Announcement, Turn)]) -> String {
    let count = |wanted: Turn| words.iter().filter(|(_, turn)| *turn == wanted).count();
    let last = words.last().map(|(said, _)| {
        format!(
            "{} for the period to {}",
            format::words(said.mid, said.unit, 1),
            format::date(said.period.end())
        )
    });
    let (raised, cut) = (count(Turn::Raise), count(Turn::Cut));
    let turns = match (raised, cut) {
        (0, 0) => String::new(),
        (raised, 0) => format!(", after {}", format::count(raised, "raise")),
        (0, cut) => format!(", after {}", format::count(cut, "cut")),
        (raised, cut) => {
            format!(", after {} and {}", format::count(raised, "raise"), format::count(cut, "cut"))
        }
    };
    format!("{name}'s last word: {}{turns}", last.unwrap_or_default())
}

fn table(words: &[(&Announcement, Turn)]) -> Result<Table> {
    let is_mixed = words.iter().any(|(said, _)| said.company != words[0].0.company);
    let rows = words.iter().rev().take(SHOWN).map(|(said, turn)| {
        let metric = said.metric.replace(['_', '.'], " ");
        let of_what =
            if is_mixed { format!("{}: {metric}", company_name(&said.company)) } else { metric };
        let source = SourceRef::announced(said);
        let quote = match said.quote.trim() {
            "" => Cell::missing("the quoted words are not at hand; the link leads to them"),
            quote => Cell::cited(shown(quote), &source),
        };
        vec![
            Cell::date(said.published),
            Cell::label(of_what),
            Cell::date(said.period.end()),
            Cell::cited(amount(said), &source),
            Cell::label(turn.word()),
            quote,
        ]
    });
    let headings = ["Published", "Of what", "Period to", "Middle and range", "Turn", "Quote"];
    let caption =
        if words.len() > SHOWN { "The latest announcements" } else { "Every announcement" };
    let table = Table::new(format!("{caption}, newest first"), &headings, rows.collect())?;
    if words.len() <= SHOWN {
        return Ok(table);
    }
    let (first, _) = words[0];
    let text = format!(
        "{SHOWN} of {}; the chart's data have all since {}.",
        words.len(),
        format::date(first.published)
    );
    Ok(table.with_note(Prose::cited(text, SourceRef::announced(first))))
}

/// The middle, and the range where there is one.
fn amount(said: &Announcement) -> String {
    let middle = format::words(said.mid, said.unit, 1);
    if said.low == said.high {
        return middle;
    }
    format!("{middle} ({})", format::range(said.low, said.high, said.unit, 1))
}

/// A quote in one line of readable length.
fn shown(quote: &str) -> String {
    const LONGEST: usize = 220;
    let words = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= LONGEST {
        return format!("“{words}”");
    }
    let cut: String = words.chars().take(LONGEST).collect();
    format!("“{}…”", cut.trim_end())
}

/// A company without a word in the archive: what its rivals say, and what would fill the gap.
fn silent(material: &Material<'_>) -> Result<Option<Section>> {
    let target = &material.forecast.target;
    let name = company_name(target.owner());
    let text = format!(
        "The archive holds no announcement of {name} about its sales or spending. `ingest edgar --company {}` reads \
         the guidance that it files with its results; `data import` takes a table of what it says in \
         calls, with the day on which that was public.",
        target.owner()
    );
    let mut blocks = vec![Block::Note(Tone::Remark, Prose::plain(text))];
    let mut words: Vec<(&Announcement, Turn)> = Vec::new();
    for rival in BUYERS.iter().filter(|rival| **rival != target.owner()) {
        let held: Vec<_> =
            material.known.announcements(rival).filter(|said| is_of(said, target)).collect();
        words.extend((0..held.len()).map(|at| (held[at], turn(&held[..at], held[at]))));
    }
    let has_rivals = target.metric().starts_with("capex") && !words.is_empty();
    if has_rivals {
        words.sort_by_key(|(said, _)| said.published);
        let raised = words.iter().filter(|(_, turn)| *turn == Turn::Raise).count();
        let cut = words.iter().filter(|(_, turn)| *turn == Turn::Cut).count();
        let title = format!(
            "Its rivals have: {} and {} of their outlooks on capital expenditure",
            format::count(raised, "raise"),
            format::count(cut, "cut")
        );
        let lanes =
            lanes(&words, |said| format!("{}: capital expenditure", company_name(&said.company)));
        blocks.extend(timeline(&words, title, lanes).map(Block::from));
        blocks.push(table(&words)?.into());
    }
    let heading = format!("{name} has given no number that the archive holds");
    Ok(Some(Section::new("announcements", heading, blocks)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::Period;
    use crate::units::Unit;

    fn said(published: &str, mid: f64, action: Action) -> Announcement {
        let day = |text: &str| text.parse().expect("an ISO date");
        Announcement {
            company: "acme".to_owned(),
            published: day(published),
            metric: "capex_guided".to_owned(),
            period: Period::new(day("2026-01-01"), day("2026-12-31")).expect("ordered"),
            low: mid,
            mid,
            high: mid,
            unit: Unit::Usd,
            action,
            quote: String::new(),
            locator: "accn 0".to_owned(),
        }
    }

    #[test]
    fn a_revision_is_a_raise_or_a_cut_by_the_word_before() {
        let first = said("2026-01-28", 40e9, Action::Guide);
        let more = said("2026-04-28", 44e9, Action::Revise);
        let less = said("2026-07-28", 41e9, Action::Revise);
        let same = said("2026-10-28", 41e9, Action::Guide);
        let all = [&first, &more, &less, &same];
        let turns: Vec<_> = (0..4).map(|at| turn(&all[..at], all[at])).collect();
        assert_eq!(turns, [Turn::First, Turn::Raise, Turn::Cut, Turn::Repeat]);
        assert_eq!(turn(&[], &more), Turn::Change, "what was said before is not at hand");
        let other = Announcement { metric: "revenue".to_owned(), ..more.clone() };
        assert_eq!(turn(&[&first], &other), Turn::Change, "of another figure");
    }
}
