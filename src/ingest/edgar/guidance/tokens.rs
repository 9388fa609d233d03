//! A sentence as words, amounts and marks.
//!
//! May use `numbers`. Typographic dashes and quotes read as plain ones; case does not matter. Each token
//! knows where it stands, so that what is quoted are the words of the text.

use std::ops::Range;

use super::numbers::Exact;

/// More tokens than any sentence that is read.
const TOKEN_LIMIT: usize = 400;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) what: What,
    /// The bytes of the sentence that it stands for.
    pub(super) place: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// A word in lower case, without a possessive ending.
    Word(String),
    Number(Number),
    /// `plus or minus`, `+/-`, `±`.
    PlusMinus,
    /// A dash between two numbers.
    To,
    Mark(char),
}

/// A number with what stands at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number {
    /// As written, without its scale.
    pub(super) value: Exact,
    /// Thousand, million, billion, trillion.
    pub(super) scale: Option<i128>,
    pub(super) measure: Measure,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Nothing,
    Dollar,
    TaiwanDollar,
    /// A currency that the archive has no unit for.
    OtherMoney,
    Percent,
    BasisPoint,
}

impl Measure {
    pub(super) fn is_money(self) -> bool {
        matches!(self, Self::Dollar | Self::TaiwanDollar | Self::OtherMoney)
    }
}

impl Token {
    pub(super) fn word(&self) -> &str {
        if let What::Word(word) = &self.what { word } else { "" }
    }

    pub(super) fn number(&self) -> Option<&Number> {
        if let What::Number(number) = &self.what { Some(number) } else { None }
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.what == What::Mark(mark)
    }

    /// A whole number without a measure, such as a year or a day.
    pub(super) fn bare(&self) -> Option<u32> {
        let number = self.number()?;
        let is_bare = number.measure == Measure::Nothing && number.scale.is_none();
        let value = number.value.value();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be a small whole number"
        )]
        (is_bare && value.fract() == 0.0 && (0.0..1e6).contains(&value)).then_some(value as u32)
    }
}

const CURRENCIES: [(&str, Measure); 20] = [
    ("us$", Measure::Dollar),
    ("u.s.$", Measure::Dollar),
    ("usd", Measure::Dollar),
    ("nt$", Measure::TaiwanDollar),
    ("ntd", Measure::TaiwanDollar),
    ("twd", Measure::TaiwanDollar),
    ("hk$", Measure::OtherMoney),
    ("c$", Measure::OtherMoney),
    ("a$", Measure::OtherMoney),
    ("s$", Measure::OtherMoney),
    ("r$", Measure::OtherMoney),
    ("rmb", Measure::OtherMoney),
    ("eur", Measure::OtherMoney),
    ("krw", Measure::OtherMoney),
    ("€", Measure::OtherMoney),
    ("£", Measure::OtherMoney),
    ("¥", Measure::OtherMoney),
    ("₩", Measure::OtherMoney),
    ("₹", Measure::OtherMoney),
    ("$", Measure::Dollar),
];

const SCALES: [(&str, i128); 14] = [
    ("thousand", 1_000),
    ("k", 1_000),
    ("million", 1_000_000),
    ("millions", 1_000_000),
    ("mn", 1_000_000),
    ("mm", 1_000_000),
    ("mil", 1_000_000),
    ("m", 1_000_000),
    ("billion", 1_000_000_000),
    ("billions", 1_000_000_000),
    ("bn", 1_000_000_000),
    ("b", 1_000_000_000),
    ("trillion", 1_000_000_000_000),
    ("t", 1_000_000_000_000),
];

/// Reads a sentence.
pub(super) fn tokens(sentence: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < sentence.len() && found.len() < TOKEN_LIMIT {
        let rest = &sentence[at..];
        let Some(c) = rest.chars().next() else { break };
        let after_number = found.last().is_some_and(|token| token.number().is_some());
        let is_glued = sentence[..at].ends_with(char::is_alphanumeric);
        let (what, length) = if let Some(length) = plus_minus(rest) {
            (Some(What::PlusMinus), length)
        } else if let Some((number, length)) =
            number(rest, after_number || is_glued).or_else(|| in_words(rest, is_glued))
        {
            (Some(What::Number(number)), length)
        } else if is_footnote(rest) {
            (None, rest.find(')').unwrap_or(0) + 1)
        } else if c.is_alphanumeric() {
            let length = word_length(rest);
            // The last full stop of `U.S.` is part of it.
            let is_short = rest[..length].contains('.') && rest[length..].starts_with('.');
            let length = length + usize::from(is_short);
            (Some(What::Word(word(&rest[..length]))), length)
        } else {
            (mark(c, rest, after_number, found.is_empty()), c.len_utf8())
        };
        if let Some(what) = what {
            found.push(Token { what, place: at..at + length });
        }
        at += length.max(1);
    }
    found
}

fn mark(c: char, rest: &str, after_number: bool, is_first: bool) -> Option<What> {
    let next = rest[c.len_utf8()..].trim_start();
    match c {
        ',' | ';' | ':' | '(' | ')' | '.' | '>' | '<' | '~' => Some(What::Mark(c)),
        '"' | '“' | '”' => Some(What::Mark('"')),
        _ if is_dash(c) && after_number && amount_follows(next) => Some(What::To),
        _ if is_dash(c) && !is_first && (c == '—' || rest[c.len_utf8()..].starts_with(' ')) => {
            Some(What::Mark(','))
        }
        _ => None,
    }
}

fn amount_follows(text: &str) -> bool {
    let start = text.trim_start_matches("approximately ");
    start.starts_with(|c: char| c.is_ascii_digit()) || currency(start).is_some()
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−')
}

/// A number of a note in parentheses, such as `(1)`.
fn is_footnote(text: &str) -> bool {
    let Some((inside, after)) = text.strip_prefix('(').and_then(|rest| rest.split_once(')')) else {
        return false;
    };
    (1..=2).contains(&inside.len())
        && inside.bytes().all(|b| b.is_ascii_digit())
        && !after.trim_start().starts_with('%')
}

fn plus_minus(text: &str) -> Option<usize> {
    if text.starts_with('±') {
        return Some('±'.len_utf8());
    }
    let mut at = 0;
    for (idx, part) in text.split_inclusive([' ', '/']).take(3).enumerate() {
        let plain = part.trim_end_matches([' ', '/']).to_ascii_lowercase();
        let ends = part.ends_with([' ', '/']);
        at += part.len();
        match (idx, plain.as_str()) {
            (0, "plus" | "+") | (1, "or" | "and" | "") if ends => {}
            (1 | 2, "minus") => return Some(at - usize::from(ends)),
            (1 | 2, sign) if sign.starts_with(is_dash) => {
                let dash = sign.chars().next().map_or(0, char::len_utf8);
                return Some(at - part.len() + dash);
            }
            _ => return None,
        }
    }
    None
}

fn currency(text: &str) -> Option<(Measure, usize)> {
    let starts =
        |sign: &str| text.get(..sign.len()).is_some_and(|start| start.to_lowercase() == *sign);
    let (sign, measure) = CURRENCIES.iter().find(|(sign, _)| starts(sign))?;
    let blanks = text[sign.len()..].len() - text[sign.len()..].trim_start().len();
    let is_symbol = sign.ends_with(|c: char| !c.is_alphanumeric());
    let next = text[sign.len() + blanks..].trim_start_matches(['(', '-']);
    let ok = next.starts_with(|c: char| c.is_ascii_digit())
        || (is_symbol
            && next.starts_with('.')
            && next[1..].starts_with(|c: char| c.is_ascii_digit()));
    ok.then_some((*measure, sign.len() + blanks))
}

/// Reads an amount at the start of `text`, and its length; a dash behind a word is no sign.
fn number(text: &str, is_behind: bool) -> Option<(Number, usize)> {
    let mut at = 0;
    let mut negative = false;
    let sign = |at: &mut usize, negative: &mut bool| {
        let c = text[*at..].chars().next();
        if c == Some('(') || c.is_some_and(|c| is_dash(c) && c != '—' && !is_behind) {
            *at += c.map_or(0, char::len_utf8);
            *negative = true;
            return c == Some('(');
        }
        false
    };
    let mut in_parentheses = sign(&mut at, &mut negative);
    let money = currency(&text[at..]);
    at += money.map_or(0, |(_, length)| length);
    if money.is_some() && !in_parentheses {
        in_parentheses = sign(&mut at, &mut negative);
    }
    let digits = digits(&text[at..])?;
    let value = Exact::read(&text[at..at + digits])?;
    at += digits;
    let mut number =
        Number { value, scale: None, measure: money.map_or(Measure::Nothing, |(m, _)| m) };
    let had_sign = in_parentheses && text[at..].starts_with(')');
    at += usize::from(had_sign);
    let tail = tail(&text[at..], &mut number)?;
    at += tail;
    let closes = in_parentheses && !had_sign && text[at..].starts_with(')');
    at += usize::from(closes);
    if in_parentheses {
        // What else stands in parentheses is an aside, not a negative amount.
        let is_amount = (had_sign || closes) && (money.is_some() || tail > 0);
        if !is_amount {
            return None;
        }
    }
    if negative {
        number.value = number.value.negative();
    }
    Some((number, at))
}

/// Reads `two percent`.
fn in_words(text: &str, is_glued: bool) -> Option<(Number, usize)> {
    const ONES: [&str; 10] =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = text[..word_length(text)].to_ascii_lowercase();
    let at = ONES.iter().position(|known| *known == word).filter(|_| !is_glued)?;
    let value = Exact::whole(i64::try_from(at + 1).ok()?);
    let mut number = Number { value, scale: None, measure: Measure::Nothing };
    let length = measure(&text[word.len()..], &mut number);
    (length > 0).then_some((number, word.len() + length))
}

fn digits(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let begins = digit(0) || (bytes.first() == Some(&b'.') && digit(1));
    if !begins {
        return None;
    }
    let mut at = 0;
    while digit(at) || (matches!(bytes.get(at), Some(b'.' | b',')) && digit(at + 1)) {
        // In `April 28, 2024` and `1,2` a comma parts two numbers.
        let is_group = digit(at + 1) && digit(at + 2) && digit(at + 3) && !digit(at + 4);
        if bytes[at] == b',' && !is_group {
            break;
        }
        at += 1;
    }
    Some(at)
}

/// Reads scale and measure behind the digits; `None` if they belong to a word such as `1st` or `3D`.
fn tail(text: &str, number: &mut Number) -> Option<usize> {
    let mut at = 0;
    let attached = word_length(text);
    if attached > 0 {
        number.scale = Some(scale(&text[..attached].to_ascii_lowercase())?);
        at = attached;
    } else {
        let (gap, word) = next_word(text);
        // Standing alone, a scale is a word, or `B` and `M` in capitals.
        let is_scale = word.len() > 1 || matches!(word, "B" | "M");
        number.scale = scale(&word.to_ascii_lowercase()).filter(|_| is_scale);
        at += number.scale.map_or(0, |_| gap + word.len());
    }
    at += measure(&text[at..], number);
    Some(at)
}

/// Reads `%`, `percent`, `basis points`, `dollars` behind a number, and gives the length read.
fn measure(text: &str, number: &mut Number) -> usize {
    if let Some(sign) = text.strip_prefix(' ').unwrap_or(text).strip_prefix('%') {
        number.measure = Measure::Percent;
        return text.len() - sign.len();
    }
    let (gap, word) = next_word(text);
    let is_scaled = number.scale.is_some();
    number.measure = match word.to_ascii_lowercase().as_str() {
        "percent" | "pct" | "percentage" => Measure::Percent,
        "bps" | "bp" | "basis" => Measure::BasisPoint,
        "dollars" | "usd" if is_scaled => Measure::Dollar,
        "ntd" | "twd" if is_scaled => Measure::TaiwanDollar,
        "euros" | "eur" | "yen" | "yuan" | "won" if is_scaled => Measure::OtherMoney,
        _ => return 0,
    };
    let length = gap + word.len();
    match next_word(&text[length..]) {
        (gap, points @ ("point" | "points")) => length + gap + points.len(),
        _ => length,
    }
}

/// The word behind a blank or hyphen, and how far it is; empty if none stands so near.
fn next_word(text: &str) -> (usize, &str) {
    let rest = text.strip_prefix([' ', '-']).unwrap_or(text);
    (text.len() - rest.len(), &rest[..word_length(rest)])
}

fn scale(word: &str) -> Option<i128> {
    SCALES.iter().find(|(known, _)| *known == word).map(|(_, scale)| *scale)
}

fn word_length(text: &str) -> usize {
    let inner = |c: char, next: Option<char>| {
        matches!(c, '\'' | '’' | '.' | '&') && next.is_some_and(char::is_alphanumeric)
    };
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        if !(c.is_alphanumeric() || (at > 0 && inner(c, next))) {
            return at;
        }
    }
    text.len()
}

fn word(text: &str) -> String {
    let lower = text.trim_end_matches('.').to_lowercase().replace('’', "'");
    lower.strip_suffix("'s").map_or(lower.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(text: &str) -> Vec<(f64, Option<i128>, Measure)> {
        let found = tokens(text);
        found
            .iter()
            .filter_map(Token::number)
            .map(|n| (n.value.value(), n.scale, n.measure))
            .collect()
    }

    #[test]
    fn amounts_in_every_spelling() {
        const B: Option<i128> = Some(1_000_000_000);
        const M: Option<i128> = Some(1_000_000);
        use Measure::*;
        for (text, value, scale, measure) in [
            ("$8.10 billion", 8.1, B, Dollar),
            ("$11.0B", 11.0, B, Dollar),
            ("US$31.8 billion", 31.8, B, Dollar),
            ("NT$ 900bn", 900.0, B, TaiwanDollar),
            ("€7.4 billion", 7.4, B, OtherMoney),
            ("$300M", 300.0, M, Dollar),
            ("$ 5 mm", 5.0, M, Dollar),
            ("9.8-billion-dollar", 9.8, B, Nothing),
            ("40 billion dollars", 40.0, B, Dollar),
            ("$1.2 trillion", 1.2, Some(1_000_000_000_000), Dollar),
            ("$(40) million", -40.0, M, Dollar),
            ("($40 million)", -40.0, M, Dollar),
            ("(80)%", -80.0, None, Percent),
            ("-5%", -5.0, None, Percent),
            ("12.5 percent", 12.5, None, Percent),
            ("two percent", 2.0, None, Percent),
            ("50 basis points", 50.0, None, BasisPoint),
            ("2 percentage points", 2.0, None, Percent),
            ("$5,900", 5900.0, None, Dollar),
        ] {
            assert_eq!(amounts(text), [(value, scale, measure)], "{text}");
        }
        assert_eq!(amounts("$64–72 billion").len(), 2);
        assert_eq!(amounts("April 28, 2024").len(), 2);
        assert!(amounts("gross margin(1) H20 1st 3D Q3").is_empty());
    }

    #[test]
    fn plus_or_minus_in_every_spelling() {
        for text in ["plus or minus 2%", "+/- 2%", "+/−2%", "± 2%", "plus/minus 2%"] {
            let found = tokens(text);
            assert_eq!((found.len(), &found[0].what), (2, &What::PlusMinus), "{text}: {found:?}");
        }
    }

    #[test]
    fn words_keep_no_hyphen_and_no_possessive() {
        let found = tokens("NVIDIA’s non-GAAP mid-point, U.S.");
        let words: Vec<_> = found.iter().map(Token::word).filter(|word| !word.is_empty()).collect();
        assert_eq!(words, ["nvidia", "non", "gaap", "mid", "point", "u.s"]);
    }
}
