//! Number words: how values, intervals, changes and dates read in reports, tables and on the
//! command line.
//!
//! May use `units`. The only place that rounds a number for people; never changes a stored value.
//! Values come in base units; scaling to billions happens here.

use chrono::{Datelike, NaiveDate};

use crate::units::Unit;

/// What stands where a value is not a finite number.
pub const NOT_A_NUMBER: &str = "n/a";
/// What stands where no finite amount is enough.
const NO_AMOUNT: &str = "no amount";

/// A step of a unit's ladder: `factor` base units, its word and its short form.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    factor: f64,
    word: &'static str,
    letter: &'static str,
}

const ONE: Step = Step { factor: 1.0, word: "", letter: "" };
const COUNTED: [Step; 4] = [
    ONE,
    Step { factor: 1e6, word: "million", letter: "M" },
    Step { factor: 1e9, word: "billion", letter: "B" },
    Step { factor: 1e12, word: "trillion", letter: "T" },
];
const POWER: [Step; 5] = [
    Step { factor: 1.0, word: "W", letter: "W" },
    Step { factor: 1e3, word: "kW", letter: "kW" },
    Step { factor: 1e6, word: "MW", letter: "MW" },
    Step { factor: 1e9, word: "GW", letter: "GW" },
    Step { factor: 1e12, word: "TW", letter: "TW" },
];

/// How one set of values is written: one unit, one step of its ladder.
///
/// A table's column, a chart's axis and an interval each share one scale, so that their numbers
/// compare at a glance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    unit: Unit,
    step: Step,
    /// Thousands that stand unscaled have no decimals.
    is_whole: bool,
}

impl Scale {
    /// The scale at which the largest of `values` reads well once rounded to `digits`.
    pub fn of(values: impl IntoIterator<Item = f64>, unit: Unit, digits: usize) -> Self {
        let largest =
            values.into_iter().filter(|v| v.is_finite()).fold(0.0, |a: f64, v| a.max(v.abs()));
        let ladder: &[Step] = match unit {
            Unit::Usd | Unit::Twd | Unit::Count | Unit::H100e => &COUNTED,
            Unit::Watt => &POWER,
            Unit::Flop | Unit::FlopPerSecond | Unit::Ratio | Unit::Index => &[ONE],
        };
        let is_enough = |pair: &&[Step]| {
            rounded(largest / pair[0].factor, digits) < pair[1].factor / pair[0].factor
        };
        let step =
            ladder.windows(2).find(is_enough).map_or(&ladder[ladder.len() - 1], |pair| &pair[0]);
        let is_whole = ladder.len() > 1 && step.factor <= 1.0 && rounded(largest, digits) >= 1000.0;
        Self { unit, step: *step, is_whole }
    }

    /// Base units in one unit of the scale; percent for ratios.
    pub fn factor(self) -> f64 {
        if self.unit == Unit::Ratio { 0.01 } else { self.step.factor }
    }

    /// The bare number: `96.2`.
    pub fn number(self, value: f64, digits: usize) -> String {
        if !value.is_finite() {
            return NOT_A_NUMBER.to_owned();
        }
        match self.unit {
            Unit::Flop | Unit::FlopPerSecond => scientific(value, digits),
            _ => plain(value / self.factor(), if self.is_whole { 0 } else { digits }),
        }
    }

    /// The number as charts label it: bare, with the sign of a percentage.
    pub fn label(self, value: f64, digits: usize) -> String {
        let number = self.number(value, digits);
        if self.unit == Unit::Ratio && value.is_finite() { format!("{number}%") } else { number }
    }

    /// What a heading or an axis says of its numbers: `USD billion`, `million H100e`, `%`, `FLOP`;
    /// empty for an index.
    pub fn heading(self) -> String {
        let word = self.step.word;
        let parts = match self.unit {
            Unit::Usd => ["USD", word],
            Unit::Twd => ["TWD", word],
            Unit::Count if word.is_empty() => ["", "units"],
            Unit::Count => [word, "units"],
            Unit::H100e => [word, "H100e"],
            Unit::Watt => [word, ""],
            Unit::Flop => ["FLOP", ""],
            Unit::FlopPerSecond => ["FLOP/s", ""],
            Unit::Ratio => ["%", ""],
            Unit::Index => ["", ""],
        };
        parts.join(" ").trim().to_owned()
    }

    /// Number and unit: `$96.2 billion`.
    pub fn words(self, value: f64, digits: usize) -> String {
        if !value.is_finite() {
            return NOT_A_NUMBER.to_owned();
        }
        let number = self.number(value, digits);
        format!("{}{}", self.prefixed(&number), self.suffix())
    }

    /// The number with its unit's sign before it, the minus first: `−$96.2`.
    fn prefixed(self, number: &str) -> String {
        let prefix = match self.unit {
            Unit::Usd => "$",
            Unit::Twd => "NT$",
            _ => return number.to_owned(),
        };
        number.strip_prefix(MINUS).map_or_else(
            || format!("{prefix}{number}"),
            |positive| format!("{MINUS}{prefix}{positive}"),
        )
    }

    fn suffix(self) -> String {
        let word =
            if self.step.word.is_empty() { String::new() } else { format!(" {}", self.step.word) };
        match self.unit {
            Unit::H100e => format!("{word} H100e"),
            Unit::Flop => " FLOP".to_owned(),
            Unit::FlopPerSecond => " FLOP/s".to_owned(),
            Unit::Ratio => "%".to_owned(),
            Unit::Usd | Unit::Twd | Unit::Count | Unit::Watt | Unit::Index => word,
        }
    }
}

const MINUS: char = '−';

/// A value in words: `$96.2 billion`, `1.24 million H100e`, `3.2e26 FLOP`, `12.5%`.
///
/// - `value`: base units of `unit`; `digits`: decimals shown after scaling.
pub fn words(value: f64, unit: Unit, digits: usize) -> String {
    Scale::of([value], unit, digits).words(value, digits)
}

/// The short form without its unit, for tables and terminals: `96.2 B`.
pub fn short(value: f64, unit: Unit, digits: usize) -> String {
    let scale = Scale::of([value], unit, digits);
    let number = scale.number(value, digits);
    match unit {
        Unit::Ratio if value.is_finite() => format!("{number}%"),
        _ if scale.step.letter.is_empty() || !value.is_finite() => number,
        _ => format!("{number} {}", scale.step.letter),
    }
}

/// A change in words, with its sign: `+$3.1 billion`, `−2.4%`; no sign where it rounds to zero.
pub fn signed(value: f64, unit: Unit, digits: usize) -> String {
    let scale = Scale::of([value], unit, digits);
    with_plus(value, scale.words(value, digits))
}

/// A change as a bare number with its sign, on a shared scale: `+3.1`.
pub fn signed_number(scale: Scale, value: f64, digits: usize) -> String {
    with_plus(value, scale.number(value, digits))
}

fn with_plus(value: f64, text: String) -> String {
    let is_zero = !text.chars().any(|c| c.is_ascii_digit() && c != '0');
    if value > 0.0 && value.is_finite() && !is_zero { format!("+{text}") } else { text }
}

/// A range in words, unit once: `$104.1 to $119.8 billion`.
pub fn range(low: f64, high: f64, unit: Unit, digits: usize) -> String {
    let scale = Scale::of([low, high], unit, digits);
    if !low.is_finite() || !high.is_finite() {
        return NOT_A_NUMBER.to_owned();
    }
    let low = scale.prefixed(&scale.number(low, digits));
    let low = if unit == Unit::Ratio { format!("{low}%") } else { low };
    format!("{low} to {}", scale.words(high, digits))
}

/// A central interval in words: `80% interval $104.1 to $119.8 billion`.
pub fn interval(low: f64, high: f64, coverage: f64, unit: Unit, digits: usize) -> String {
    format!("{} interval {}", percent(coverage), range(low, high, unit, digits))
}

/// A coverage or share with as few decimals as it needs, at most one: `80%`, `97.5%`.
pub fn percent(share: f64) -> String {
    let text = plain(share * 100.0, 1);
    format!("{}%", text.strip_suffix(".0").unwrap_or(&text))
}

/// A difference of two ratios: `+1.2 percentage points`.
pub fn points(difference: f64, digits: usize) -> String {
    format!("{} percentage points", with_plus(difference, plain(difference * 100.0, digits)))
}

/// A count with its noun: `1 quarter`, `1,284 models`.
pub fn count(n: usize, noun: &str) -> String {
    let ending = if n == 1 || noun.is_empty() || noun.ends_with('s') { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(&n.to_string())).trim_end().to_owned()
}

/// Words that begin a sentence or a heading: the first letter large.
pub fn capitalised(words: &str) -> String {
    let (first, rest) = words.split_at(words.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

/// A day: `24 Sep 2026`.
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// A calendar quarter: `Q3 2026`.
pub fn calendar_quarter(day: NaiveDate) -> String {
    format!("Q{} {}", day.month0() / 3 + 1, day.year())
}

/// A number with thousands separators and a true minus: `−1,234.5`. Never `−0`.
pub fn plain(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NOT_A_NUMBER.to_owned();
    }
    let fixed = format!("{:.digits$}", value.abs());
    let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
    let is_zero = fixed.chars().all(|c| c == '0' || c == '.');
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped(whole))
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number in scientific form: `3.2e26`.
fn scientific(value: f64, digits: usize) -> String {
    format!("{value:.digits$e}").replace('-', "−").replace("e−", "e-")
}

/// A tick of a logarithmic axis: `10²⁶`, `2×10²⁵`.
pub fn power_of_ten(value: f64) -> String {
    const SUPERSCRIPT: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let text = format!("{value:.0e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let raised: String = exponent
        .chars()
        .map(|c| c.to_digit(10).map_or('⁻', |digit| SUPERSCRIPT[digit as usize]))
        .collect();
    if mantissa == "1" { format!("10{raised}") } else { format!("{mantissa}×10{raised}") }
}

/// `value` as it will read with `digits` decimals, for choosing a step: 999.96 million is a
/// billion.
fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.digits$}").parse().unwrap_or(value)
}

/// A value by the word of its unit, in short form: work as powers of ten, shares in percent, factors
/// bare.
pub fn shown_value(value: f64, unit: &str) -> String {
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
        Unit::Ratio if value.abs() > 1.0 => plain(value, 2),
        Unit::Watt => short(value, unit, 2),
        _ => short(value, unit, if (1e3..1e6).contains(&value.abs()) { 0 } else { 2 }),
    }
}

/// A change with its sign.
pub fn shown_change(value: f64, unit: &str) -> String {
    let text = shown_value(value, unit);
    if value > 0.0 && value.is_finite() { format!("+{text}") } else { text }
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
    fn values_read_as_a_person_would_write_them() {
        assert_eq!(words(96.24e9, Unit::Usd, 1), "$96.2 billion");
        assert_eq!(words(-1.25e12, Unit::Twd, 2), "−NT$1.25 trillion");
        assert_eq!(words(1.24e6, Unit::H100e, 2), "1.24 million H100e");
        assert_eq!(words(450_000.0, Unit::H100e, 2), "450,000 H100e");
        assert_eq!(words(2.5, Unit::Usd, 2), "$2.50");
        assert_eq!(words(3.2e26, Unit::Flop, 1), "3.2e26 FLOP");
        assert_eq!(words(0.125, Unit::Ratio, 1), "12.5%");
        assert_eq!(words(1.4e9, Unit::Watt, 1), "1.4 GW");
        assert_eq!(words(158.44, Unit::Index, 1), "158.4");
        assert_eq!(words(f64::NAN, Unit::Usd, 1), NOT_A_NUMBER);
    }

    #[test]
    fn rounding_carries_into_the_next_step() {
        assert_eq!(words(999.96e6, Unit::Usd, 1), "$1.0 billion");
        assert_eq!(words(999.94e6, Unit::Usd, 1), "$999.9 million");
        assert_eq!(words(960e6, Unit::Usd, 0), "$960 million");
        assert_eq!(short(96.2e9, Unit::Usd, 1), "96.2 B");
        assert_eq!(short(0.031, Unit::Ratio, 1), "3.1%");
    }

    #[test]
    fn intervals_name_the_unit_once() {
        assert_eq!(
            interval(104.1e9, 119.8e9, 0.8, Unit::Usd, 1),
            "80% interval $104.1 to $119.8 billion"
        );
        assert_eq!(range(0.9e9, 1.2e9, Unit::Usd, 1), "$0.9 to $1.2 billion");
        assert_eq!(range(0.02, 0.135, Unit::Ratio, 1), "2.0% to 13.5%");
        assert_eq!(range(1e26, 4.1e26, Unit::Flop, 1), "1.0e26 to 4.1e26 FLOP");
        assert_eq!(percent(0.975), "97.5%");
    }

    #[test]
    fn changes_carry_a_sign_unless_they_round_to_zero() {
        assert_eq!(signed(3.14e9, Unit::Usd, 1), "+$3.1 billion");
        assert_eq!(signed(-0.0241, Unit::Ratio, 1), "−2.4%");
        assert_eq!(signed(0.000_01, Unit::Ratio, 1), "0.0%");
        assert_eq!(signed(-0.000_01, Unit::Ratio, 1), "0.0%");
        assert_eq!(points(0.012, 1), "+1.2 percentage points");
    }

    #[test]
    fn counts_dates_and_powers() {
        let day = NaiveDate::from_ymd_opt(2026, 9, 24).expect("a date");
        assert_eq!((date(day), calendar_quarter(day)), ("24 Sep 2026".into(), "Q3 2026".into()));
        assert_eq!(
            (count(1, "quarter"), count(1284, "model")),
            ("1 quarter".into(), "1,284 models".into())
        );
        assert_eq!((power_of_ten(1e26), power_of_ten(2e-3)), ("10²⁶".into(), "2×10⁻³".into()));
        assert_eq!((plain(-1234.5, 1), plain(-0.04, 1)), ("−1,234.5".into(), "0.0".into()));
    }
}
