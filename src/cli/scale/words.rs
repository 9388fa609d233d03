//! Words that the subcommands of `scale` share: values by their unit, intervals, wrapped lines.

use crate::draws::Draws;
use crate::report::format;
use crate::units::Unit;

/// Columns of a wrapped line.
const WIDTH: usize = 100;
/// What stands where no finite amount is enough.
const NO_AMOUNT: &str = "no amount";

/// A value by the word of its unit, in short form: work as powers of ten, shares in percent, factors
/// bare.
pub(super) fn shown_value(value: f64, unit: &str) -> String {
    if !value.is_finite() {
        return NO_AMOUNT.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let unit = match unit {
        work if work.starts_with("FLOP") => Unit::Flop,
        other => other.parse().unwrap_or(Unit::Index),
    };
    match unit {
        Unit::Ratio if value.abs() > 1.0 => format::plain(value, 2),
        Unit::Watt => format::short(value, unit, 2),
        _ => format::short(value, unit, if (1e3..1e6).contains(&value.abs()) { 0 } else { 2 }),
    }
}

/// 5 %, 50 % and 95 % quantile.
pub(super) fn three<T: Copy + Into<f64>>(draws: &Draws<T>) -> [f64; 3] {
    let found = draws.quantiles(&[0.05, 0.5, 0.95]);
    [found[0], found[1], found[2]]
}

/// A change with its sign.
pub(super) fn shown_change(value: f64, unit: &str) -> String {
    let text = shown_value(value, unit);
    if value > 0.0 && value.is_finite() { format!("+{text}") } else { text }
}

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
    fn values_read_by_their_unit() {
        assert_eq!(shown_value(1.25, "ratio"), "1.25");
        assert_eq!(shown_value(0.2, "ratio"), "20.00%");
        assert_eq!(shown_value(1450.0, "W"), "1.45 kW");
        assert_eq!(shown_value(76_313.0, "h100e"), "76,313");
        assert_eq!(shown_value(3.89e28, "FLOP/year"), "3.89e28");
        assert_eq!(shown_value(0.0, "FLOP"), "0");
        assert_eq!(shown_value(f64::INFINITY, "USD"), "no amount");
        assert_eq!(shown_change(0.5, "index"), "+0.50");
    }

    #[test]
    fn long_sources_keep_to_the_page() {
        let text = "word ".repeat(60);
        let lines = wrapped("    source: ", &text);
        assert!(lines.lines().count() == 4 && lines.lines().all(|line| line.len() <= 100));
        assert!(lines.lines().skip(1).all(|line| line.starts_with("            word")));
    }
}
