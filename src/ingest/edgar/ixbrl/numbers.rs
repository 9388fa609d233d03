//! The number of a tagged fact: its text read by its format, times its scale, with its rounding.
//!
//! May use nothing else. A text that is no number is a reason, never a guess.

/// Characters that a number may take, marks included.
pub(super) const TEXT_MAX: usize = 200;
/// Digits that a number may have.
const DIGITS_MAX: usize = 40;
/// The largest power of ten by which a figure is scaled or rounded.
const POWER_MAX: i32 = 30;

/// What a tag says about its number.
#[derive(Debug, Clone, Default)]
pub(super) struct Heading {
    /// Name of the transformation, without its prefix.
    pub(super) format: Option<String>,
    pub(super) scale: Option<String>,
    pub(super) sign: Option<String>,
    pub(super) decimals: Option<String>,
    pub(super) is_nil: bool,
}

/// A value and how far rounding can have moved it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount {
    pub(super) value: f64,
    /// Half a unit of its last digit.
    pub(super) slack: f64,
}

impl Amount {
    /// Whether rounding alone can explain the difference.
    pub(super) fn agrees(self, other: Self) -> bool {
        let noise = f64::EPSILON * 8.0 * self.value.abs().max(other.value.abs());
        (self.value - other.value).abs() <= self.slack + other.slack + noise
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { value: self.value + other.value, slack: self.slack + other.slack }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self { value: self.value - other.value, slack: self.slack + other.slack }
    }

    pub(super) fn sum(amounts: impl IntoIterator<Item = Self>) -> Self {
        amounts.into_iter().fold(Self { value: 0.0, slack: 0.0 }, Self::plus)
    }
}

/// Reads the text of a fact; `None` where it is nil.
pub(super) fn read(heading: &Heading, text: &str) -> Result<Option<Amount>, String> {
    if heading.is_nil {
        return Ok(None);
    }
    let scale = power(heading.scale.as_deref(), "scale")?.unwrap_or(0);
    let format = heading.format.as_deref().unwrap_or("num-dot-decimal");
    let (is_negative, digits) = digits(text, format)?;
    let is_negative = match heading.sign.as_deref() {
        None | Some("") => is_negative,
        Some("-") => true,
        Some(other) => return Err(format!("`sign` is `{other}`, needed `-`")),
    };
    // One conversion from decimal digits: `26272e6` has no noise of a multiplication.
    let value: f64 =
        format!("{digits}e{scale}").parse().map_err(|_| format!("`{text}` is no number"))?;
    let slack = match heading.decimals.as_deref() {
        Some("INF") => 0.0,
        given => half(power(given, "decimals")?.map_or(scale, |decimals| -decimals)),
    };
    Ok(Some(Amount { value: if is_negative && value != 0.0 { -value } else { value }, slack }))
}

fn half(power: i32) -> f64 {
    10_f64.powi(power) / 2.0
}

fn power(text: Option<&str>, key: &str) -> Result<Option<i32>, String> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let found = text.parse::<i32>().ok().filter(|power| power.abs() <= POWER_MAX);
    found.map(Some).ok_or_else(|| {
        format!("`{key}` is `{}`, needed a whole number to {POWER_MAX}", shown(text))
    })
}

/// Sign and decimal digits of a text, by the name of its format in any version of the registry.
fn digits(text: &str, format: &str) -> Result<(bool, String), String> {
    let name: String = format.chars().filter(|c| *c != '-').collect();
    match name.as_str() {
        "numdotdecimal" | "numcommadot" | "numdotdecimalin" | "numdotdecimalapos" => {
            plain(text, '.')
        }
        "numcommadecimal" | "numdotcomma" | "numcommadecimalapos" => plain(text, ','),
        "numunitdecimal" | "numunitdecimalin" => with_units(text),
        "zerodash" | "fixedzero" | "numdash" => Ok((false, "0".to_owned())),
        "nocontent" | "fixedempty" => Err("has no content".to_owned()),
        "numwordsen" | "numworden" => match text.trim().to_lowercase().as_str() {
            "no" | "none" | "zero" | "nil" => Ok((false, "0".to_owned())),
            other => Err(format!("`{}` in words is not read", shown(other))),
        },
        _ => Err(format!("format `{}` is not known", shown(format))),
    }
}

/// `1,234.5`, `(1 234,5)`, `$ 26,272 (1)`: groups, parentheses, currency sign and footnote marks.
fn plain(text: &str, point: char) -> Result<(bool, String), String> {
    let refused = || format!("`{}` is no number", shown(text));
    let mut body = without_marks(text.trim());
    let mut is_negative = false;
    if let Some(inner) = body.strip_prefix('(') {
        body = inner.strip_suffix(')').ok_or_else(refused)?.trim();
        is_negative = true;
    }
    body = body.strip_prefix('$').unwrap_or(body).trim_start();
    if let Some(rest) = body.strip_prefix(['-', '\u{2212}']) {
        body = rest.trim_start();
        is_negative = true;
    }
    let mut digits = String::new();
    let mut has_point = false;
    for c in body.chars() {
        match c {
            '0'..='9' if digits.len() < DIGITS_MAX => digits.push(c),
            _ if c == point && !has_point => {
                has_point = true;
                digits.push('.');
            }
            ',' | '.' | '\'' | '\u{2019}' if !has_point && c != point && !digits.is_empty() => {}
            _ if c.is_whitespace() && !digits.is_empty() => {}
            _ => return Err(refused()),
        }
    }
    if !digits.bytes().any(|b| b.is_ascii_digit()) {
        return Err(refused());
    }
    Ok((is_negative, digits))
}

/// Without footnote marks behind the number: `*`, `†` and `(1)` or `[a]` set off by a space.
fn without_marks(text: &str) -> &str {
    let mut body = text;
    loop {
        let bare = body.trim_end_matches(['*', '\u{2020}', '\u{2021}']).trim_end();
        let before = bare.rsplit_once(char::is_whitespace).filter(|(before, mark)| {
            is_mark(mark) && before.ends_with(|c| c == ')' || is_digit(c))
        });
        body = match before {
            Some((before, _)) => before.trim_end(),
            None if bare.len() < body.len() => bare,
            None => return body,
        };
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_mark(word: &str) -> bool {
    let inner = word
        .strip_prefix('(')
        .and_then(|w| w.strip_suffix(')'))
        .or_else(|| word.strip_prefix('[').and_then(|w| w.strip_suffix(']')));
    inner
        .is_some_and(|w| (1..=2).contains(&w.len()) && w.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// `1,234 dollars 50 cents`: a whole number and hundredths, each with its unit.
fn with_units(text: &str) -> Result<(bool, String), String> {
    let refused = || format!("`{}` is no number with units", shown(text));
    let is_group = |c: char| c.is_ascii_digit() || matches!(c, ',' | '.') || c.is_whitespace();
    let text_trimmed = text.trim();
    let whole_end = text_trimmed.find(|c: char| !is_group(c)).ok_or_else(refused)?;
    let (whole, rest) = text_trimmed.split_at(whole_end);
    let whole: String = whole.chars().filter(|c| is_digit(*c)).take(DIGITS_MAX).collect();
    let part: String = rest.chars().filter(|c| is_digit(*c)).collect();
    match (whole.is_empty(), part.len()) {
        (false, 1) => Ok((false, format!("{whole}.0{part}"))),
        (false, 2) => Ok((false, format!("{whole}.{part}"))),
        _ => Err(refused()),
    }
}

/// The beginning of a text, for a message.
fn shown(text: &str) -> String {
    text.trim().chars().take(30).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, format: &str, scale: &str, sign: &str) -> Result<f64, String> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (format, scale, sign) = (given(format), given(scale), given(sign));
        let heading = Heading { format, scale, sign, decimals: given("-6"), is_nil: false };
        read(&heading, text).map(|amount| amount.expect("not nil").value)
    }

    #[test]
    fn formats_scales_and_signs() {
        for (text, format, scale, sign, expected) in [
            ("26,272", "num-dot-decimal", "6", "", 26_272e6),
            ("26.272,5", "num-comma-decimal", "6", "", 26_272.5e6),
            ("1 234,5", "numcommadecimal", "", "", 1_234.5),
            ("1\u{a0}234.5", "numdotdecimal", "3", "-", -1_234.5e3),
            ("(1,234)", "num-dot-decimal", "6", "", -1_234e6),
            ("(1,234)", "num-dot-decimal", "6", "-", -1_234e6),
            ("26,272 (1)", "num-dot-decimal", "6", "", 26_272e6),
            ("(26,272) (1)*", "num-dot-decimal", "6", "", -26_272e6),
            ("$ 8", "num-dot-decimal", "6", "", 8e6),
            ("1'024", "num-dot-decimal-apos", "", "", 1_024.0),
            ("\u{2014}", "fixed-zero", "6", "-", 0.0),
            ("-", "zerodash", "6", "", 0.0),
            ("No", "numwordsen", "", "", 0.0),
            ("12 dollars 5 cents", "num-unit-decimal", "", "", 12.05),
            ("0.1", "", "9", "", 1e8),
            ("1.1", "num-dot-decimal", "9", "", 1.1e9),
        ] {
            let found = value(text, format, scale, sign).expect(text);
            assert_eq!(found.to_bits(), f64::to_bits(expected), "{text} {format}: {found}");
        }
    }

    #[test]
    fn what_is_no_number_says_so() {
        for (text, format, scale, found) in [
            ("\u{2014}", "num-dot-decimal", "", "is no number"),
            ("1.2.3", "num-dot-decimal", "", "is no number"),
            ("", "num-dot-decimal", "", "is no number"),
            ("(12", "num-dot-decimal", "", "is no number"),
            ("12 thousand", "num-dot-decimal", "", "is no number"),
            ("x", "date-month-day", "", "format `date-month-day` is not known"),
            ("three", "numwordsen", "", "in words"),
            ("", "nocontent", "", "no content"),
            ("1", "num-dot-decimal", "99", "`scale` is `99`"),
            (&"9".repeat(150), "num-dot-decimal", "", "is no number"),
        ] {
            let reason = value(text, format, scale, "").expect_err(text);
            assert!(reason.contains(found), "{text}: {reason}");
        }
    }

    #[test]
    fn rounding_bounds_what_agrees() {
        let million = |value: f64| Amount { value: value * 1e6, slack: 5e5 };
        assert!(million(10.0).agrees(million(11.0)) && !million(10.0).agrees(million(12.0)));
        let exact = Amount { value: 0.1 + 0.2, slack: 0.0 };
        assert!(exact.agrees(Amount { value: 0.3, slack: 0.0 }));
    }
}
