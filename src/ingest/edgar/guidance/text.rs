//! A release as blocks of text, and blocks as sentences.
//!
//! May use `html` and the errors. Keeps the words as they stand, save for white space; knows nothing of
//! what they mean.

use super::html::{self, BULLETS};
use crate::error::{Error, Result};

/// Larger documents are no earnings release.
const SIZE_LIMIT: usize = 16 << 20;
/// Longer sentences are legal text.
const SENTENCE_LIMIT: usize = 2000;

/// A line, heading, item of a list, or row of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) text: String,
    /// The number of the table that it stands in; 0 in none.
    pub(super) table: usize,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Heading,
    Line,
    Item,
    Row(Vec<String>),
}

/// Reads HTML or plain text in UTF-8, UTF-16 with a mark, or windows-1252.
pub(super) fn blocks(name: &str, bytes: &[u8]) -> Result<Vec<Block>> {
    if bytes.len() > SIZE_LIMIT {
        let (found, most) = (bytes.len() >> 20, SIZE_LIMIT >> 20);
        return Err(Error::parse(format!(
            "`{name}` has {found} MiB; a release of at most {most} MiB is read"
        )));
    }
    let encoding = encoding_rs::Encoding::for_bom(bytes).map_or_else(
        || match std::str::from_utf8(bytes) {
            Ok(_) => encoding_rs::UTF_8,
            Err(_) => encoding_rs::WINDOWS_1252,
        },
        |(encoding, _)| encoding,
    );
    let (text, _, _) = encoding.decode(bytes);
    if bytes.starts_with(b"%PDF") || bytes.starts_with(b"PK\x03\x04") || text.contains('\0') {
        return Err(Error::parse(format!("`{name}` is neither HTML nor plain text"))
            .hint("give the exhibit as HTML or text, as SEC serves it"));
    }
    Ok(if is_html(&text) { html::blocks(&text) } else { plain(&text) })
}

fn is_html(text: &str) -> bool {
    let start = text.char_indices().nth(20_000).map_or(text, |(at, _)| &text[..at]);
    let start = start.to_ascii_lowercase();
    ["<html", "</p>", "<p>", "<p ", "</div>", "<table", "<br", "<td", "<li", "<body", "</b>"]
        .iter()
        .any(|tag| start.contains(tag))
}

/// Lines of plain text: wrapped lines are joined, wide gaps part the cells of a row.
fn plain(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut paragraph = String::new();
    let (mut table, mut was_row) = (0, false);
    let end = |paragraph: &mut String, blocks: &mut Vec<Block>| {
        let text = tidy(&std::mem::take(paragraph));
        let stripped = text.trim_start_matches(BULLETS).trim_start();
        let stripped = stripped.strip_prefix("- ").or(stripped.strip_prefix("* "));
        let stripped = stripped.unwrap_or(text.trim_start_matches(BULLETS).trim_start()).to_owned();
        let kind = if stripped.len() < text.len() {
            Kind::Item
        } else if is_title(&text, false) {
            Kind::Heading
        } else {
            Kind::Line
        };
        if !stripped.is_empty() {
            blocks.push(Block { kind, text: stripped, table: 0 });
        }
    };
    for line in text.lines() {
        let cells = columns(line);
        let is_row = cells.len() > 1;
        let begins = line.trim().is_empty()
            || is_row
            || line.trim_start().starts_with(BULLETS)
            || line.trim_start().starts_with("- ")
            || line.trim_start().starts_with("* ")
            || is_title(&tidy(&paragraph), false);
        if begins {
            end(&mut paragraph, &mut blocks);
        }
        if is_row {
            table += usize::from(!was_row);
            blocks.push(Block { text: cells.join(" "), kind: Kind::Row(cells), table });
        } else {
            paragraph.push_str(line);
            paragraph.push(' ');
        }
        was_row = is_row || (was_row && line.trim().is_empty());
    }
    end(&mut paragraph, &mut blocks);
    blocks
}

/// The cells of a line: parted by tabs or three blanks.
fn columns(line: &str) -> Vec<String> {
    line.split('\t')
        .flat_map(|part| part.split("   "))
        .map(tidy)
        .filter(|cell| !cell.is_empty())
        .collect()
}

/// One blank between words; nothing that does not print.
pub(super) fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            c if c.is_whitespace() || c.is_control() => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Whether a line reads like a heading: short, no full stop, no amount.
pub(super) fn is_title(text: &str, is_bold: bool) -> bool {
    let words = text.split(' ').filter(|word| word.len() > 3);
    let (mut n_words, mut n_capital) = (0, 0);
    for word in words {
        n_words += 1;
        n_capital += usize::from(!word.starts_with(|c: char| c.is_lowercase()));
    }
    let is_short = n_words > 0 && n_words <= if is_bold { 20 } else { 12 };
    let has_amount = text.contains(['$', '%', '€', '£']) || text.contains("illion");
    let ends_open = text.ends_with(['.', ';', ',', '!', '?']);
    is_short
        && !has_amount
        && !ends_open
        && text.starts_with(|c: char| c.is_uppercase() || c.is_numeric())
        && (is_bold || n_capital * 3 >= n_words * 2)
}

/// The sentences of a block; those too long to be plain words are left out.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, '.' | '!' | '?') && ends_sentence(text, at) {
            let quoted = text[at + 1..].chars().take_while(|c| matches!(c, '"' | '”' | '’' | ')'));
            let end = at + 1 + quoted.map(char::len_utf8).sum::<usize>();
            found.push(text[start..end].trim());
            start = end;
        }
    }
    found.push(text[start..].trim());
    found.retain(|sentence| !sentence.is_empty() && sentence.len() <= SENTENCE_LIMIT);
    found
}

/// Words that end in a full stop within a sentence.
const SHORT: [&str; 20] = [
    "inc", "corp", "co", "ltd", "llc", "mr", "ms", "mrs", "dr", "vs", "approx", "e.g", "i.e", "st",
    "jr", "sr", "est", "cf", "incl", "u.s",
];

fn ends_sentence(text: &str, at: usize) -> bool {
    let after = text[at + 1..].trim_start_matches(['"', '”', '’', ')']);
    if !after.is_empty() && !after.starts_with(' ') {
        return false;
    }
    let next = after.trim_start().chars().next();
    let opens = next.is_none_or(|c| !c.is_lowercase());
    let before = text[..at].rsplit([' ', '(', '“', '"']).next().unwrap_or("");
    let lower = before.to_ascii_lowercase();
    let is_number = lower == "no" && next.is_some_and(|c| c.is_ascii_digit());
    let is_initial = before.chars().count() == 1 && before.starts_with(|c: char| c.is_uppercase());
    let is_short = SHORT.contains(&lower.as_str()) && next.is_some();
    opens && !is_number && !is_initial && !is_short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_survive_amounts_and_short_words() {
        let text = "Revenue was $8.10 billion in Q1. U.S. sales of Acme Inc. rose. See No. 1. \
                    “So it is.” The end";
        let found = sentences(text);
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!(found[1], "U.S. sales of Acme Inc. rose.");
        assert_eq!(found[3], "“So it is.”");
    }

    #[test]
    fn plain_text_is_unwrapped_and_its_columns_are_cells() {
        let text = "Business Outlook\n\nWe expect revenue\nof $5 billion.\n- An item\n\n\
                    Revenue     $5     $6\n";
        let read = blocks("a.txt", text.as_bytes()).expect("text");
        let kinds: Vec<_> = read.iter().map(|b| b.text.as_str()).collect();
        assert_eq!(
            kinds,
            ["Business Outlook", "We expect revenue of $5 billion.", "An item", "Revenue $5 $6"]
        );
        assert_eq!(read[0].kind, Kind::Heading);
        assert!(matches!(&read[3].kind, Kind::Row(cells) if cells.len() == 3));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let error = blocks("a.pdf", b"%PDF-1.7").expect_err("no text");
        assert!(error.to_string().contains("`a.pdf` is neither"), "{error}");
        assert!(blocks("a", &[0xff, 0xfe, b'a', 0]).is_ok(), "UTF-16 with its mark");
        assert_eq!(blocks("a", b"plus \x96 minus").expect("windows-1252")[0].text, "plus – minus");
    }
}
