//! Words that the subcommands of `scale` share: values by their unit, intervals, wrapped lines.

pub(in crate::cli) use crate::report::format::{shown_change, shown_value};
pub(in crate::cli) use crate::rows::scale::three;

/// Columns of a wrapped line.
const WIDTH: usize = 100;
/// A text in lines of at most 100 columns, the first behind `lead`, the others indented as far.
pub(in crate::cli) fn wrapped(lead: &str, text: &str) -> String {
    filled(WIDTH, lead, text)
}

/// The same in lines of at most `width` columns.
pub(super) fn filled(width: usize, lead: &str, text: &str) -> String {
    let mut lines = String::new();
    let mut line = lead.to_owned();
    let mut is_fresh = true;
    for word in text.split_whitespace() {
        if !is_fresh && line.chars().count() + 1 + word.chars().count() > width {
            lines.push_str(&line);
            lines.push('\n');
            line = " ".repeat(lead.chars().count());
            is_fresh = true;
        }
        if !is_fresh {
            line.push(' ');
        }
        line.push_str(word);
        is_fresh = false;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sources_keep_to_the_page() {
        let text = "word ".repeat(60);
        let lines = wrapped("    source: ", &text);
        assert!(lines.lines().count() == 4 && lines.lines().all(|line| line.len() <= 100));
        assert!(lines.lines().skip(1).all(|line| line.starts_with("            word")));
    }
}
