//! Values that a sentence names: points, ranges and bands, each with its unit and its two ends.
//!
//! May use `numbers` and `tokens`. Says what is written; what it is a value of is for `grammar`.

use super::numbers::Exact;
use super::tokens::{Measure, Number, Token, What};

/// A value, or why it cannot be one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    /// Index of its first and last token.
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) low: Exact,
    pub(super) mid: Exact,
    pub(super) high: Exact,
    /// Money or percent; percent are shares already.
    pub(super) measure: Measure,
    /// Why it gives no guide, if it does not.
    pub(super) flaw: Option<&'static str>,
    /// Whether `respectively` or a band ties it to the value before.
    pub(super) is_listed: bool,
}

/// The flaw of a value of which one end is named.
pub(super) const ONE_SIDED: &str = "names one end only; the other is not invented";
const VAGUE: &str = "names a range of tens without numbers, such as mid-70%";
const NO_SCALE: &str = "an amount without thousand, million or billion";
const UPSIDE_DOWN: &str = "the lower end lies above the upper end";
const TOO_LONG: &str = "a number with more digits than are kept";

/// Words that may stand before a number without changing it.
pub(super) const ABOUT: [&str; 12] = [
    "approximately",
    "about",
    "around",
    "roughly",
    "approx",
    "circa",
    "nearly",
    "some",
    "a",
    "an",
    "net",
    "total",
];

/// Reads the values of a sentence; amounts without a scale are taken times `scale`, if a table says so.
pub(super) fn values(tokens: &[Token], scale: Option<i128>) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].what == What::PlusMinus {
            at = band(tokens, at, &mut found, scale);
            continue;
        }
        match value(tokens, at, scale) {
            Some(value) => {
                at = value.last + 1;
                found.push(value);
            }
            None => at += 1,
        }
    }
    found
}

/// A value with one or two numbers, that begins at a token.
fn value(tokens: &[Token], at: usize, scale: Option<i128>) -> Option<Value> {
    let (first, after) = atom(tokens, at)?;
    let mut numbers = first;
    let mut last = after - 1;
    if let Some((second, end)) = joined(tokens, at, after) {
        let is_change = second.len() > 1 || numbers.len() > 1 || is_change(tokens, at);
        if is_change {
            numbers = second;
        } else {
            numbers.extend(second);
        }
        last = end - 1;
    }
    if numbers.iter().all(|number| number.measure == Measure::Nothing) {
        return None;
    }
    let (low, high) = (numbers[0], numbers[numbers.len() - 1]);
    let (low, high) = alike(low, high);
    let fixed = |number: Number| resolve(number, scale);
    let mut value = Value {
        first: at,
        last,
        low: Exact::whole(0),
        mid: Exact::whole(0),
        high: Exact::whole(0),
        measure: high.measure,
        flaw: None,
        is_listed: false,
    };
    match (fixed(low), fixed(high)) {
        (Some(low), Some(high)) => {
            (value.low, value.mid, value.high) = (low, low.middle(high), high);
            value.flaw = (low > high).then_some(UPSIDE_DOWN);
        }
        _ => value.flaw = Some(TOO_LONG),
    }
    let has_scale = low.scale.or(scale).is_some() && high.scale.or(scale).is_some();
    let is_written_out = value.low.value().abs() >= 1e5;
    if high.measure.is_money() && !has_scale && !is_written_out {
        value.flaw = Some(NO_SCALE);
    }
    if value.measure == Measure::BasisPoint {
        value.measure = Measure::Percent;
    }
    if is_vague(tokens, at) {
        value.flaw = Some(VAGUE);
    } else if is_one_sided(tokens, &value) {
        value.flaw = Some(ONE_SIDED);
    }
    Some(value)
}

/// One number, or two with a dash between.
fn atom(tokens: &[Token], at: usize) -> Option<(Vec<Number>, usize)> {
    let first = *tokens.get(at)?.number()?;
    if tokens.get(at + 1).is_some_and(|token| token.what == What::To) {
        let to = skip_about(tokens, at + 2);
        if let Some(second) = tokens.get(to).and_then(Token::number).filter(|n| fits(&first, n)) {
            return Some((vec![first, *second], to + 1));
        }
    }
    Some((vec![first], at + 1))
}

/// The second part of `$5 to $6`, `between $5 and $6`, and where it ends.
fn joined(tokens: &[Token], at: usize, after: usize) -> Option<(Vec<Number>, usize)> {
    let link = tokens.get(after)?.word();
    let is_between = before(tokens, at) == "between";
    if !matches!((link, is_between), ("to" | "through", _) | ("and", true)) {
        return None;
    }
    let first = tokens[at].number()?;
    let (second, end) = atom(tokens, skip_about(tokens, after + 1))?;
    let is_year = tokens[at].bare().is_some_and(|number| (1990..2100).contains(&number));
    let brings_sign = first.measure == Measure::Nothing && second[0].measure.is_money();
    (fits(first, &second[0]) && !is_year && !(brings_sign && first.scale.is_some()))
        .then_some((second, end))
}

/// Whether two numbers can be the ends of one range.
fn fits(first: &Number, second: &Number) -> bool {
    use Measure::{BasisPoint, Nothing, Percent};
    match (first.measure, second.measure) {
        (Nothing, Nothing) => first.scale.is_none() && second.scale.is_some(),
        (Nothing, Percent | BasisPoint) => first.scale.is_none(),
        (Nothing, _) | (_, Nothing) => true,
        (a, b) => a == b,
    }
}

/// Gives two numbers of a range what only one of them is written with.
fn alike(mut low: Number, mut high: Number) -> (Number, Number) {
    for measure in [low.measure, high.measure] {
        if measure != Measure::Nothing {
            (low.measure, high.measure) = (measure, measure);
        }
    }
    low.scale = low.scale.or(high.scale);
    high.scale = high.scale.or(low.scale);
    (low, high)
}

/// The number in base units.
fn resolve(number: Number, scale: Option<i128>) -> Option<Exact> {
    match number.measure {
        Measure::Percent => number.value.over(100),
        Measure::BasisPoint => number.value.over(10_000),
        _ => {
            let is_written_out = number.value.value().abs() >= 1e5 && number.scale.is_none();
            let scale = number.scale.or(scale.filter(|_| !is_written_out)).unwrap_or(1);
            number.value.times(scale)
        }
    }
}

/// Reads `plus or minus 2%` and puts it around the value before, or around all that are listed with it.
fn band(tokens: &[Token], at: usize, found: &mut [Value], scale: Option<i128>) -> usize {
    let amount = skip_about(tokens, at + 1);
    let Some(number) = tokens.get(amount).and_then(Token::number) else { return at + 1 };
    let between = |value: &Value| &tokens[value.last + 1..at];
    let linked = found.last().is_some_and(|value| {
        between(value).iter().all(|token| {
            token.is_mark(',')
                || token.is_mark('(')
                || matches!(token.word(), "respectively" | "each" | "both" | "or")
        })
    });
    if !linked {
        return amount + 1;
    }
    let is_list = found.last().is_some_and(|v| between(v).iter().any(|t| !t.word().is_empty()));
    let mut next: Option<usize> = None;
    for value in found.iter_mut().rev() {
        let is_joined = next.is_none_or(|next| {
            is_list
                && tokens[value.last + 1..next].iter().all(|t| t.is_mark(',') || t.word() == "and")
        });
        if !is_joined {
            break;
        }
        next = Some(value.first);
        widen(value, *number, scale);
        value.last = value.last.max(if is_list { value.last } else { amount });
    }
    amount + 1
}

fn widen(value: &mut Value, number: Number, scale: Option<i128>) {
    let is_share = matches!(number.measure, Measure::Percent | Measure::BasisPoint);
    let half = match (value.measure, number.measure) {
        (Measure::Percent, Measure::Nothing) => number.value.over(100),
        (Measure::Percent, _) if is_share => resolve(number, None),
        (Measure::Percent, _) => None,
        (_, Measure::Percent | Measure::BasisPoint) => {
            resolve(number, None).and_then(|share| share.of(value.mid))
        }
        _ => resolve(number, scale),
    };
    let is_point = value.low == value.high;
    match half.filter(|half| is_point && *half >= Exact::whole(0)) {
        Some(half) => (value.low, value.high) = (value.mid.minus(half), value.mid.plus(half)),
        None => value.flaw = value.flaw.or(Some("a band that does not fit its middle")),
    }
    if value.measure.is_money() && number.scale.or(scale).is_none() && !is_share {
        value.flaw = value.flaw.or(Some(NO_SCALE));
    }
}

fn skip_about(tokens: &[Token], mut at: usize) -> usize {
    while tokens.get(at).is_some_and(|token| ABOUT.contains(&token.word())) {
        at += 1;
    }
    at
}

/// The word before a value, past `approximately` and its like.
pub(super) fn before(tokens: &[Token], at: usize) -> &str {
    let earlier = tokens[..at].iter().rev().map(|token| match token.what {
        What::Mark(c) => mark_word(c),
        _ => token.word(),
    });
    earlier.into_iter().find(|word| !ABOUT.contains(word)).unwrap_or("")
}

fn mark_word(mark: char) -> &'static str {
    match mark {
        '>' => ">",
        '<' => "<",
        '~' => "about",
        _ => ",",
    }
}

/// Whether `from A to B` tells of a change to B, not of a range.
fn is_change(tokens: &[Token], at: usize) -> bool {
    const CHANGES: [&str; 10] =
        ["rais", "increas", "lower", "reduc", "updat", "narrow", "revis", "grow", "decreas", "cut"];
    before(tokens, at) == "from"
        && tokens[..at].iter().any(|t| CHANGES.iter().any(|change| t.word().starts_with(change)))
}

fn is_vague(tokens: &[Token], at: usize) -> bool {
    matches!(before(tokens, at), "low" | "mid" | "high" | "upper" | "lower" | "middle")
}

fn is_one_sided(tokens: &[Token], value: &Value) -> bool {
    let start = value.first.saturating_sub(4);
    let words: Vec<_> = tokens[start..value.first]
        .iter()
        .map(|t| if let What::Mark(c) = t.what { mark_word(c) } else { t.word() })
        .filter(|word| !ABOUT.contains(word))
        .collect();
    let ends = |phrase: &[&str]| words.ends_with(phrase);
    let leads = [
        &["at", "least"][..],
        &["at", "most"],
        &["more", "than"],
        &["greater", "than"],
        &["less", "than"],
        &["fewer", "than"],
        &["higher", "than"],
        &["lower", "than"],
        &["over"],
        &["above"],
        &["exceed"],
        &["exceeding"],
        &["exceeds"],
        &["excess", "of"],
        &["up", "to"],
        &["below"],
        &["under"],
        &[">"],
        &["<"],
        &["minimum", "of"],
        &["maximum", "of"],
        &["well", "over"],
        &["north", "of"],
        &["upwards", "of"],
        &["as", "much", "as"],
        &["exceed", "of"],
    ];
    let after: Vec<_> = tokens[value.last + 1..].iter().take(2).map(Token::word).collect();
    let trails = [
        &["or", "more"][..],
        &["or", "higher"],
        &["or", "above"],
        &["or", "less"],
        &["or", "better"],
        &["or", "greater"],
        &["or", "lower"],
    ];
    leads.iter().any(|lead| ends(lead)) || trails.contains(&after.as_slice())
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn read(text: &str) -> Vec<(f64, f64, f64)> {
        let found = values(&tokens(text), None);
        found
            .iter()
            .filter(|value| value.flaw.is_none())
            .map(|value| (value.low.value(), value.mid.value(), value.high.value()))
            .collect()
    }

    #[test]
    fn every_form_of_range_and_band() {
        for (text, low, mid, high) in [
            ("$8.10 billion, plus or minus 2%", 7.938e9, 8.1e9, 8.262e9),
            ("approximately $9.8 billion, plus or minus $300 million", 9.5e9, 9.8e9, 10.1e9),
            ("$10.7 billion ± $300 million", 10.4e9, 10.7e9, 11.0e9),
            ("$2.060 billion +/- 5%", 1.957e9, 2.06e9, 2.163e9),
            ("$64-72 billion", 64e9, 68e9, 72e9),
            ("$64 billion to $72 billion", 64e9, 68e9, 72e9),
            ("between $64 and $72 billion", 64e9, 68e9, 72e9),
            ("between approximately $64 billion and $72 billion", 64e9, 68e9, 72e9),
            ("in the range of $64 to $72 billion", 64e9, 68e9, 72e9),
            ("from $64 billion to $72 billion", 64e9, 68e9, 72e9),
            ("$66 billion – $72 billion", 66e9, 69e9, 72e9),
            ("$900 million to $1.1 billion", 0.9e9, 1.0e9, 1.1e9),
            ("around $11.0B", 11e9, 11e9, 11e9),
            ("increasing from $64-72 billion to $66-72 billion", 66e9, 69e9, 72e9),
            ("raised from $75 billion to approximately $85 billion", 85e9, 85e9, 85e9),
            ("12-15%", 0.12, 0.135, 0.15),
            ("55.5% to 57.5%", 0.555, 0.565, 0.575),
            ("16.5%, plus or minus 1%", 0.155, 0.165, 0.175),
            ("65.1%, plus or minus 50 basis points", 0.646, 0.651, 0.656),
            ("41.0% ± 1.0%", 0.4, 0.41, 0.42),
            ("in 2025 to approximately $85 billion", 85e9, 85e9, 85e9),
            ("US$38 billion", 38e9, 38e9, 38e9),
            ("$26,500,000,000", 26.5e9, 26.5e9, 26.5e9),
        ] {
            assert_eq!(read(text), [(low, mid, high)], "{text}");
        }
    }

    #[test]
    fn a_band_goes_around_all_that_are_listed() {
        let read = read("65.1% and 67.1%, respectively, plus or minus 50 basis points");
        assert_eq!(read, [(0.646, 0.651, 0.656), (0.666, 0.671, 0.676)]);
    }

    #[test]
    fn what_is_no_value_has_a_flaw() {
        for text in [
            "at least $5 billion",
            "more than $5 billion",
            "up to $5 billion",
            "$5 billion or more",
            "in excess of approximately $5 billion",
            "the mid-70% range",
            "low- to mid-40%",
            "$5.10",
            ">$20 billion",
            "$7 billion to $5 billion",
        ] {
            let found = values(&tokens(text), None);
            assert!(found.iter().all(|value| value.flaw.is_some()) && !found.is_empty(), "{text}");
        }
        assert!(values(&tokens("in 2025 and 2026"), None).is_empty());
    }
}
