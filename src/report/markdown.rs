//! Markdown: the report as text, charts as their titles, words and data.
//!
//! Every text from outside is escaped, so that it can neither mark up nor embed HTML.

use std::fmt::Write;

use crate::error::Result;
use crate::report::{
    Block, Chart, Footnotes, Prose, Render, Report, SourceRef, Table, Value, format, lint,
};

/// Writes a report as Markdown (`CommonMark` with tables).
#[derive(Debug, Clone, Copy, Default)]
pub struct Markdown;

impl Render for Markdown {
    fn extension(&self) -> &'static str {
        "md"
    }

    fn render(&self, report: &Report) -> Result<Vec<u8>> {
        lint::check(report)?;
        let notes = &report.footnotes();
        let mut parts = vec![
            format!("# {}", prose(&report.finding, notes)),
            format!("**{}** {}", escape(&report.title), escape(&report.subtitle)),
            figures(report, notes),
            format!(
                "As of {}. Run `{}`, data `{}`.",
                format::date(report.as_of),
                code(&report.run_id),
                code(&report.data_hash)
            ),
            list(&report.bullets, notes),
        ];
        for section in &report.sections {
            parts.push(format!("## {}", escape(&section.heading)));
            parts.extend(section.blocks.iter().map(|item| block(item, notes)));
        }
        parts.push(format!("## Sources\n\n{}", sources(notes)));
        parts.push(format!("## Disclosures\n\n{}", list(&report.disclosures, notes)));
        parts.retain(|part| !part.trim().is_empty());
        Ok((parts.join("\n\n") + "\n").into_bytes())
    }
}

fn figures(report: &Report, notes: &Footnotes<'_>) -> String {
    let line = |figure: &crate::report::KeyFigure| {
        let mut text = format!(
            "- {}: **{}**{}",
            escape(&figure.label),
            escape(&figure.value.words()),
            marks(figure.value.sources(), notes)
        );
        if let Some(interval) = &figure.interval {
            let _ = write!(text, ", {}", escape(&interval.words()));
        }
        if let Some((change, against)) = &figure.change {
            let _ = write!(text, "; {} {}", escape(&change.words()), escape(against));
        }
        if let Some(note) = &figure.note {
            let _ = write!(text, " ({})", prose(note, notes));
        }
        text
    };
    report.key_figures.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn block(block: &Block, notes: &Footnotes<'_>) -> String {
    match block {
        Block::Text(items) => {
            items.iter().map(|item| prose(item, notes)).collect::<Vec<_>>().join(" ")
        }
        Block::List(items) => list(items, notes),
        Block::Table(item) => table(item, notes),
        Block::Chart(item) => chart(item, notes),
        Block::Note(tone, item) => format!("> **{}.** {}", tone.word(), prose(item, notes)),
    }
}

fn chart(chart: &Chart, notes: &Footnotes<'_>) -> String {
    format!(
        "**{}** ({}) {}{}\n\n{}",
        escape(&chart.title),
        escape(&chart.measure()),
        escape(&chart.alt),
        marks(chart.sources.as_slice(), notes),
        table(&chart.data(), notes)
    )
}

fn table(table: &Table, notes: &Footnotes<'_>) -> String {
    let columns = table.columns();
    let mut text = format!("**{}**\n\n|", escape(table.caption()));
    for column in &columns {
        let unit = column.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
        let _ = write!(text, " {}{unit} |", escape(&column.heading));
    }
    text.push_str(" Sources |\n|");
    for column in &columns {
        text.push_str(if column.is_figure { " ---: |" } else { " --- |" });
    }
    text.push_str(" --- |\n");
    for (row_idx, row) in table.rows().iter().enumerate() {
        text.push('|');
        for (cell, column) in row.iter().zip(&columns) {
            let _ = match cell.value() {
                Value::Missing(reason) => write!(text, " – ({}) |", escape(reason)),
                _ => write!(text, " {} |", escape(&column.texts[row_idx])),
            };
        }
        let used: Vec<SourceRef> = row.iter().flat_map(|cell| cell.sources().to_vec()).collect();
        let _ = writeln!(text, " {} |", marks(&used, notes).trim());
    }
    if let Some(note) = table.note() {
        let _ = write!(text, "\n{}", prose(note, notes));
    }
    text.trim_end().to_owned()
}

fn sources(notes: &Footnotes<'_>) -> String {
    let line = |(idx, source): (usize, &&SourceRef)| {
        let locator: Vec<_> = source
            .locator_parts()
            .into_iter()
            .map(|(word, link)| {
                link.map_or_else(|| escape(word), |link| format!("[{}](<{link}>)", escape(word)))
            })
            .collect();
        format!(
            "{}. {} ({}, public {}): {}",
            idx + 1,
            escape(&source.label),
            source.standing(),
            format::date(source.vintage),
            locator.join(" ")
        )
    };
    notes.notes().iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

fn list(items: &[Prose], notes: &Footnotes<'_>) -> String {
    items.iter().map(|item| format!("- {}", prose(item, notes))).collect::<Vec<_>>().join("\n")
}

fn prose(prose: &Prose, notes: &Footnotes<'_>) -> String {
    format!("{}{}", escape(&prose.text), marks(prose.sources(), notes))
}

fn marks(sources: &[SourceRef], notes: &Footnotes<'_>) -> String {
    notes.numbers_of(sources).iter().fold(String::new(), |mut text, number| {
        let _ = write!(text, " \\[{number}\\]");
        text
    })
}

/// Text that Markdown shows as it stands, at the start of a line too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    for (idx, c) in text.char_indices() {
        match c {
            '-' | '+' | '=' if idx == 0 => {
                escaped.push('\\');
                escaped.push(c);
            }
            '.' | ')' if idx > 0 && idx == n_digits && text[idx + 1..].starts_with(' ') => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Text inside a code span, where nothing can be escaped: what no id holds becomes a question mark.
fn code(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_:. /".contains(c);
    text.chars().map(|c| if is_plain(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_a_list_or_a_heading() {
        let cases = [
            ("- item", "\\- item"),
            ("+1", "\\+1"),
            ("===", "\\==="),
            ("1. first", "1\\. first"),
            ("12) twelfth", "12\\) twelfth"),
            ("1.5 times", "1.5 times"),
            ("# a", "\\# a"),
            ("a-b, 1. c", "a-b, 1. c"),
        ];
        for (given, shown) in cases {
            assert_eq!(escape(given), shown);
        }
    }
}
