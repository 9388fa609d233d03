//! Names of periods in words: `second quarter of fiscal 2025`, `Q3 FY26`, `full year 2025`, `next quarter`.
//!
//! May use `tokens`. Says which period is named; on which days it lies is for `dates`.

use chrono::NaiveDate;

use super::tokens::Token;

/// A named period, and the tokens that name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) span: Span,
    pub(super) year: Option<i32>,
    /// Whether the year is said to be the company's, or the calendar's.
    pub(super) kind: YearKind,
    /// The last day, where it is said.
    pub(super) end: Option<NaiveDate>,
}

/// What kind of period is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// 1 to 4.
    Quarter(u32),
    Half,
    Year,
    /// `the quarter`, `the current quarter`: the one that is spoken of.
    ThisQuarter,
    NextQuarter,
    ThisYear,
    NextYear,
}

impl Span {
    pub(super) fn is_year(self) -> bool {
        matches!(self, Self::Year | Self::ThisYear | Self::NextYear)
    }
}

/// Whose year a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum YearKind {
    Unsaid,
    Fiscal,
    Calendar,
}

/// A day that is named with its year, and whether a period is said to end on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) date: NaiveDate,
    pub(super) is_end: bool,
    /// `as of` it: the day of a balance sheet.
    pub(super) is_state: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The months and days that a sentence names, with their year.
pub(super) fn days(tokens: &[Token]) -> Vec<Day> {
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let Some(month) = month(tokens[at].word()) else { continue };
        let Some(day) = tokens.get(at + 1).and_then(Token::bare) else { continue };
        let comma = usize::from(tokens.get(at + 2).is_some_and(|token| token.is_mark(',')));
        let Some(year) = tokens.get(at + 2 + comma).and_then(Token::bare) else { continue };
        let year = i32::try_from(year).unwrap_or(0);
        if let Some(date) = NaiveDate::from_ymd_opt(year, month, day).filter(|_| year > 1990) {
            let before = tokens[..at].iter().rev().map(Token::word).find(|word| *word != "on");
            let is_end = matches!(before, Some("ended" | "ending" | "ends"));
            let is_state = at > 1 && tokens[at - 2].word() == "as" && tokens[at - 1].word() == "of";
            found.push(Day { first: at, last: at + 2 + comma, date, is_end, is_state });
        }
    }
    found
}

/// The number of a month by its name or short name.
pub(super) fn month(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.');
    let is_name = word.len() >= 3 && word.chars().all(|c| c.is_ascii_lowercase());
    let full = [
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "sept",
        "october",
        "november",
        "december",
    ];
    let known = is_name && (word.len() == 3 || full.contains(&word));
    let at = MONTHS.iter().position(|month| known && word.starts_with(month))?;
    u32::try_from(at + 1).ok()
}

/// The periods that a sentence names, in order, without overlap.
pub(super) fn labels(tokens: &[Token]) -> Vec<Label> {
    let days = days(tokens);
    let mut found: Vec<Label> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(day) = days.iter().find(|day| day.first == at) {
            if let Some(label) = found.last_mut().filter(|_| day.is_end) {
                label.end.get_or_insert(day.date);
            }
            at = day.last + 1;
            continue;
        }
        let read = Reader { tokens, at, year: None, kind: YearKind::Unsaid }.read();
        let Some((span, year, kind, next)) = read else {
            at += 1;
            continue;
        };
        found.push(Label { first: at, last: next - 1, span, year, kind, end: None });
        at = next;
    }
    complete(tokens, &mut found);
    found
}

/// In `third quarter and full year 2025` the year holds for both.
fn complete(tokens: &[Token], found: &mut [Label]) {
    for idx in (1..found.len()).rev() {
        let (before, after) = found.split_at_mut(idx);
        let (Some(first), second) = (before.last_mut(), &after[0]) else { continue };
        let between = &tokens[first.last + 1..second.first];
        let is_pair = between.len() <= 2
            && between.iter().all(|t| t.is_mark(',') || matches!(t.word(), "and" | "the" | "for"));
        if is_pair && first.year.is_none() && !between.is_empty() {
            (first.year, first.kind) = (second.year, second.kind);
        }
    }
}

const YEAR_WORDS: [&str; 6] = ["full", "year", "fiscal", "calendar", "of", "entire"];

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    year: Option<i32>,
    kind: YearKind,
}

type Read = (Span, Option<i32>, YearKind, usize);

impl Reader<'_> {
    fn read(mut self) -> Option<Read> {
        if self.at > 0 && self.tokens[self.at - 1].word() == "by" {
            return None;
        }
        if let ("three" | "twelve", "months", "ending") = (self.word(0), self.word(1), self.word(2))
        {
            let is_year = self.word(0) == "twelve";
            let span = if is_year { Span::ThisYear } else { Span::ThisQuarter };
            return Some((span, None, YearKind::Unsaid, self.at + 2));
        }
        if let Some(relative) = self.relative() {
            return Some(relative);
        }
        let starts_with_year = self.year_part();
        let after_year = self.at;
        if let Some(span) = self.span() {
            if self.year.is_none() {
                self.tail();
            }
            return Some((span, self.year, self.kind, self.at));
        }
        self.at = after_year;
        starts_with_year
            .then_some((Span::Year, self.year, self.kind, self.at))
            .filter(|(_, year, ..)| year.is_some())
    }

    fn word(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", Token::word)
    }

    fn is_number(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| plain_year(token).is_some())
    }

    /// `the current quarter`, `next quarter`, `the full year`, `this fiscal year`.
    fn relative(&self) -> Option<Read> {
        let mut ahead = 0;
        let mut which = "";
        let mut is_fiscal = YearKind::Unsaid;
        while matches!(
            self.word(ahead),
            "the"
                | "this"
                | "current"
                | "next"
                | "coming"
                | "upcoming"
                | "following"
                | "its"
                | "our"
                | "fiscal"
                | "full"
                | "entire"
                | "same"
        ) {
            match self.word(ahead) {
                "fiscal" => is_fiscal = YearKind::Fiscal,
                word @ ("this" | "current" | "next" | "coming" | "upcoming" | "following"
                | "full" | "entire") => {
                    which = if which.is_empty() { word_class(word) } else { which }
                }
                "same" => return None,
                _ => {}
            }
            ahead += 1;
        }
        let is_plain = ahead == 0;
        let span = match (self.word(ahead), which) {
            ("quarter", "next") => Span::NextQuarter,
            ("quarter", _) if !is_plain => Span::ThisQuarter,
            ("year", "next") => Span::NextYear,
            ("year", _) if !is_plain && !self.year_is_near(ahead) => Span::ThisYear,
            _ => return None,
        };
        let next = self.at + ahead + 1;
        let after = self.tokens.get(next).map_or("", Token::word);
        let is_past = matches!(after, "ago" | "over" | "earlier" | "before" | "ended");
        // `the year ended` looks back; `year over year` compares.
        if is_past || (span == Span::ThisQuarter && after == "of") {
            return None;
        }
        Some((span, None, is_fiscal, next))
    }

    /// `fiscal year 2025`, `fiscal 2025`, `FY25`, `calendar 2025`, `full year 2025`, `2025`.
    fn year_part(&mut self) -> bool {
        let start = self.at;
        let mut kind = YearKind::Unsaid;
        loop {
            match self.word(0) {
                "fiscal" | "fy" => kind = YearKind::Fiscal,
                "calendar" | "cy" => kind = YearKind::Calendar,
                "full" | "year" | "entire" | "of" if self.leads_to_year() => {}
                _ => break,
            }
            self.at += 1;
        }
        let attached = short_year(self.word(0));
        if let Some((year, attached_kind)) = attached {
            (self.year, self.kind) = (Some(year), attached_kind);
            self.at += 1;
            return true;
        }
        if let Some(year) = self.tokens.get(self.at).and_then(plain_year) {
            (self.year, self.kind) = (Some(year), kind);
            self.at += 1;
            return true;
        }
        let short = self.tokens.get(self.at).and_then(Token::bare).filter(|n| (15..60).contains(n));
        if let Some(short) = short.filter(|_| kind != YearKind::Unsaid) {
            (self.year, self.kind) = (i32::try_from(short + 2000).ok(), kind);
            self.at += 1;
            return true;
        }
        if kind == YearKind::Unsaid {
            self.at = start;
        }
        self.kind = kind;
        false
    }

    fn leads_to_year(&self) -> bool {
        self.word(0) != "of" && self.year_is_near(0)
            || self.word(0) == "of" && self.at > 0 && self.year_is_near(1)
    }

    /// Whether nothing but the words of a year lies between here and its number.
    fn year_is_near(&self, from: usize) -> bool {
        (from + 1..from + 5).any(|ahead| {
            let is_year = self.is_number(ahead) || short_year(self.word(ahead)).is_some();
            is_year && (from..ahead).all(|i| YEAR_WORDS.contains(&self.word(i)))
        })
    }

    /// `third quarter`, `Q3`, `3Q25`, `FQ4`, `second half`, `full year`.
    fn span(&mut self) -> Option<Span> {
        let word = self.word(0).to_owned();
        if let Some((quarter, year)) = compact(&word) {
            self.at += 1;
            self.year = self.year.or(year.map(|(year, _)| year));
            if let Some((_, kind)) = year.filter(|(_, kind)| *kind != YearKind::Unsaid) {
                self.kind = kind;
            }
            return Some(Span::Quarter(quarter));
        }
        let idx = ordinal(&word)?;
        let mut ahead = 1;
        if self.word(ahead) == "fiscal" {
            self.kind = YearKind::Fiscal;
            ahead += 1;
        }
        let span = match self.word(ahead) {
            "quarter" | "quarter's" => Span::Quarter(idx),
            "half" => Span::Half,
            _ => return None,
        };
        self.at += ahead + 1;
        Some(span)
    }

    /// The year behind a quarter: `of fiscal year 2025`, `fiscal 2025`, `2025`, `FY25`.
    fn tail(&mut self) {
        let start = self.at;
        let had_kind = self.kind;
        if self.tokens.get(self.at).is_some_and(|token| token.is_mark(',')) {
            self.at += 1;
        }
        while matches!(self.word(0), "of" | "for" | "in" | "its" | "our" | "the" | "company") {
            self.at += 1;
        }
        if !self.year_part() {
            self.at = start;
            if self.kind == YearKind::Unsaid {
                self.kind = had_kind;
            }
            let short = self.tokens.get(start).and_then(Token::bare);
            if let Some(short) = short.filter(|n| (20..60).contains(n)) {
                // `FQ4-25` stands for `FQ4 2025`.
                self.year = i32::try_from(short + 2000).ok();
                self.at += 1;
            }
        } else if self.kind == YearKind::Unsaid {
            self.kind = had_kind;
        }
    }
}

fn word_class(word: &str) -> &'static str {
    match word {
        "next" | "coming" | "upcoming" | "following" => "next",
        _ => "this",
    }
}

fn ordinal(word: &str) -> Option<u32> {
    let at = ["first", "second", "third", "fourth"].iter().position(|known| *known == word);
    let at = at.or_else(|| ["1st", "2nd", "3rd", "4th"].iter().position(|known| *known == word))?;
    u32::try_from(at + 1).ok()
}

fn plain_year(token: &Token) -> Option<i32> {
    token
        .bare()
        .filter(|year| (1990..2100).contains(year))
        .and_then(|year| i32::try_from(year).ok())
}

/// `fy25`, `fy2025`, `cy25`.
fn short_year(word: &str) -> Option<(i32, YearKind)> {
    let (digits, kind) = match word.get(..2)? {
        "fy" => (&word[2..], YearKind::Fiscal),
        "cy" => (&word[2..], YearKind::Calendar),
        _ => return None,
    };
    year_digits(digits.trim_start_matches('\'')).map(|year| (year, kind))
}

fn year_digits(digits: &str) -> Option<i32> {
    let number: i32 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
    match digits.len() {
        2 => Some(2000 + number),
        4 => Some(number).filter(|year| (1990..2100).contains(year)),
        _ => None,
    }
}

type ShortYear = (i32, YearKind);

/// `q3`, `fq3`, `q3fy26`, `q3'25`, `3q25`, `3q`.
fn compact(word: &str) -> Option<(u32, Option<ShortYear>)> {
    let (is_fiscal, rest) = match word.strip_prefix("fq") {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix('q').unwrap_or(word)),
    };
    let begins_with_q = is_fiscal || rest.len() < word.len();
    let quarter = rest.chars().next()?.to_digit(10).filter(|q| (1..=4).contains(q))?;
    let rest = &rest[1..];
    let rest = if begins_with_q { rest } else { rest.strip_prefix('q')? };
    if rest.is_empty() {
        let kind = is_fiscal.then_some((0, YearKind::Fiscal));
        return Some((quarter, kind.filter(|(year, _)| *year > 0)));
    }
    let rest = rest.trim_start_matches(['\'', '.']);
    let year = short_year(rest).or_else(|| {
        let kind = if is_fiscal { YearKind::Fiscal } else { YearKind::Unsaid };
        year_digits(rest).map(|year| (year, kind))
    })?;
    Some((quarter, Some(year)))
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn read(text: &str) -> Vec<(Span, Option<i32>, YearKind)> {
        labels(&tokens(text)).into_iter().map(|l| (l.span, l.year, l.kind)).collect()
    }

    #[test]
    fn periods_in_every_spelling() {
        use Span::{NextQuarter, Quarter, ThisQuarter, ThisYear, Year};
        use YearKind::{Calendar, Fiscal, Unsaid};
        for (text, span, year, kind) in [
            ("the second quarter of fiscal 2023", Quarter(2), Some(2023), Fiscal),
            ("the fourth quarter of fiscal year 2025", Quarter(4), Some(2025), Fiscal),
            ("Q2 FY2023", Quarter(2), Some(2023), Fiscal),
            ("Q2 FY'23", Quarter(2), Some(2023), Fiscal),
            ("Q3'25", Quarter(3), Some(2025), Unsaid),
            ("3Q25", Quarter(3), Some(2025), Unsaid),
            ("FQ4-25", Quarter(4), Some(2025), Unsaid),
            ("FY25 Q4", Quarter(4), Some(2025), Fiscal),
            ("third quarter 2025", Quarter(3), Some(2025), Unsaid),
            ("third-quarter 2025", Quarter(3), Some(2025), Unsaid),
            ("the first quarter of 2026", Quarter(1), Some(2026), Unsaid),
            ("its fiscal 2019 first quarter", Quarter(1), Some(2019), Fiscal),
            ("fiscal year 2025 third quarter", Quarter(3), Some(2025), Fiscal),
            ("fiscal third quarter", Quarter(3), None, Fiscal),
            ("the third fiscal quarter of 2025", Quarter(3), Some(2025), Fiscal),
            ("third quarter", Quarter(3), None, Unsaid),
            ("full year 2025", Year, Some(2025), Unsaid),
            ("full-year fiscal 2026", Year, Some(2026), Fiscal),
            ("fiscal year 2026", Year, Some(2026), Fiscal),
            ("the full year of 2025", Year, Some(2025), Unsaid),
            ("full year of fiscal 2025", Year, Some(2025), Fiscal),
            ("calendar 2025", Year, Some(2025), Calendar),
            ("FY26", Year, Some(2026), Fiscal),
            ("in 2025", Year, Some(2025), Unsaid),
            ("for the quarter", ThisQuarter, None, Unsaid),
            ("next quarter", NextQuarter, None, Unsaid),
            ("for the full year", ThisYear, None, Unsaid),
            ("this fiscal year", ThisYear, None, Fiscal),
        ] {
            assert_eq!(read(text), [(span, year, kind)], "{text}");
        }
    }

    #[test]
    fn what_names_no_period_to_come() {
        for text in ["year over year", "a year ago", "by 2028", "April 28, 2024", "quarterly"] {
            assert_eq!(read(text), [], "{text}");
        }
        let pair = read("third quarter and full year 2025 outlook");
        assert_eq!(pair[0], (Span::Quarter(3), Some(2025), YearKind::Unsaid));
        assert_eq!(pair.len(), 2);
        let found = labels(&tokens("fourth quarter of fiscal year 2025, ending November 2, 2025,"));
        assert_eq!(found[0].end, NaiveDate::from_ymd_opt(2025, 11, 2));
    }
}
