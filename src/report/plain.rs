//! Plain text: what words from outside become before any page, table or terminal shows them.
//!
//! Pure, and the one place of the rule. Formats escape their own markup on top; nothing here knows one.

/// Characters that a text may have; an announcement's words are far below.
pub const MAX_CHARS: usize = 4_000;

/// What stands at the end of a text that was cut.
pub const CUT: &str = " … [cut]";

/// `text` as one line that says only what it shows.
///
/// Line breaks and tabs become spaces. Control characters, terminal escape sequences, marks that
/// change the direction of text, and characters that no reader sees are left out. What is longer
/// than [`MAX_CHARS`] is cut and says so.
///
/// ```
/// use chipcast::report::plain;
/// assert_eq!(plain::text("\u{1b}[31mred\u{1b}[0m, \u{202e}turned"), "red, turned");
/// ```
pub fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(4 * MAX_CHARS));
    let mut rest = text.chars();
    let mut n_chars = 0;
    while let Some(c) = rest.next() {
        let c = match c {
            '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
            '\u{1b}' => {
                rest = after_escape(rest);
                continue;
            }
            '\u{9b}' => {
                rest = after_parameters(rest);
                continue;
            }
            c if is_hidden(c) => continue,
            c => c,
        };
        if n_chars == MAX_CHARS {
            shown.push_str(CUT);
            break;
        }
        n_chars += 1;
        shown.push(c);
    }
    shown
}

/// Several lines, each as [`text`] makes it; an empty line stays.
pub fn lines(text: &str) -> String {
    text.split('\n').map(self::text).collect::<Vec<_>>().join("\n")
}

/// Whether `text` is as [`text`] would leave it.
pub fn is_plain(text: &str) -> bool {
    let most = MAX_CHARS + CUT.chars().count();
    !text.chars().any(|c| is_hidden(c) || matches!(c, '\u{2028}' | '\u{2029}'))
        && text.chars().nth(most).is_none()
}

/// Controls, marks of direction, and what is not seen or is no character.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// What follows an escape character's sequence: colours, titles, links, single letters.
fn after_escape(mut rest: std::str::Chars<'_>) -> std::str::Chars<'_> {
    let begun = rest.clone();
    match rest.next() {
        Some('[') => after_parameters(rest),
        Some(']' | 'P' | 'X' | '^' | '_') => after_string(rest),
        Some(c) if c.is_ascii_graphic() => rest,
        _ => begun,
    }
}

/// After `parameters final`, the form of colours and of the cursor's moves.
fn after_parameters(mut rest: std::str::Chars<'_>) -> std::str::Chars<'_> {
    loop {
        let before = rest.clone();
        match rest.next() {
            Some(' '..='?') => {}
            Some('@'..='~') => return rest,
            _ => return before,
        }
    }
}

/// After a string that a bell or a string terminator ends; one without an end hides nothing.
fn after_string(rest: std::str::Chars<'_>) -> std::str::Chars<'_> {
    let text = rest.as_str();
    let ends = [("\u{7}", 1), ("\u{1b}\\", 2), ("\u{9c}", 2)];
    let end = ends.iter().filter_map(|(end, len)| text.find(end).map(|at| at + len)).min();
    end.map_or(rest, |end| text[end..].chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_go_and_their_words_stay() {
        let cases = [
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{9b}2Jgone", "gone"),
            ("\u{1b}]0;a title\u{7}words", "words"),
            ("\u{1b}]8;;https://x.y\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]never ended", "never ended"),
            ("\u{1b}c reset", " reset"),
            ("a\u{1b}", "a"),
            ("a\u{1b}[", "a"),
            ("a\u{0}b\u{8}c\u{7f}", "abc"),
        ];
        for (given, shown) in cases {
            assert_eq!(text(given), shown, "{given:?}");
            assert!(is_plain(&text(given)));
        }
    }

    #[test]
    fn direction_and_lines_are_not_the_writers_to_set() {
        for c in "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".chars()
        {
            assert_eq!(text(&format!("a{c}b")), "ab", "{c:?}");
            assert!(!is_plain(&format!("a{c}b")));
        }
        assert_eq!(text("a\r\nb\tc"), "a  b c");
        assert_eq!(lines("a\tb\n\n\u{1b}[1mc"), "a b\n\nc");
        assert_eq!(text("Zürich, ⁰¹²³, 日本, שלום"), "Zürich, ⁰¹²³, 日本, שלום");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let shown = text(&"x".repeat(1 << 20));
        assert_eq!(shown, "x".repeat(MAX_CHARS) + CUT);
        assert!(is_plain(&shown));
        assert_eq!(text(&shown), shown, "cut once");
        let whole = "é".repeat(MAX_CHARS);
        assert_eq!(text(&whole), whole);
    }
}
