//! What a value is to a metric in a sentence: its level, a result, a change, or something else.
//!
//! May use `grammar`, `metric`, `tokens`, `values`, `words`. Judges by the words between and around; never
//! by how large a value is.

use super::grammar::Sentence;
use super::metric::{Counts, Mention};
use super::tokens::{Measure, Token};
use super::values::{ABOUT, ONE_SIDED, Value};
use super::words::{
    ASIDES, CAUSES, COMPARES, COMPARES_OUTLOOK, EXPLAINS, LINKS, OPEN_ENDED, OTHERS, PASTS,
    SAYS_AHEAD, SPENDS, Words, is_expecting,
};

/// More words than stand between a metric and its value.
const FAR: usize = 28;

/// What a value is to a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Its level.
    Level,
    /// A result: the period is over.
    Result,
    /// By how much it changes.
    Change,
    /// Something else.
    Other,
}

impl Sentence<'_> {
    /// Words about the outlook, not of it: what it includes, its middle, legal notes.
    pub(super) fn is_comment(&self) -> bool {
        let start: Vec<_> = self.words().take(8).collect();
        let is_outlook =
            |words: &[&str]| words.iter().any(|w| matches!(*w, "outlook" | "guidance"));
        let speaks_of_outlook = match start.as_slice() {
            ["this" | "these" | "that", ..] => true,
            ["the" | "our" | "its", ..] => is_outlook(&start[..start.len().min(4)]),
            _ => false,
        };
        let is_middle = matches!(
            start.as_slice(),
            ["the" | "at", "mid" | "midpoint", ..] | ["at", "the", "mid" | "midpoint", ..]
        );
        let is_legal = ["forward", "looking", "statements"].iter().all(|word| self.has(word));
        (speaks_of_outlook && start.iter().any(|word| EXPLAINS.has(word))) || is_middle || is_legal
    }

    /// Whether the figure is somebody else's: customers' spending, analysts' estimates.
    pub(super) fn is_of_others(&self, mention: &Mention) -> bool {
        let before = &self.tokens[..=mention.last];
        let is_ours = |token: &Token| {
            matches!(token.word(), "we" | "our" | "company" | "management" | "us")
                || self.around.own.iter().any(|name| name == token.word())
        };
        let mut of_others = false;
        for (at, token) in before.iter().enumerate() {
            if OTHERS.has(token.word()) {
                let next = before[at + 1..].iter().take(2).map(Token::word);
                let acts = |word: &str| {
                    is_expecting(word)
                        || matches!(word, "will" | "are" | "plan" | "spend" | "intend")
                };
                of_others = next.into_iter().any(acts) || !before[..at].iter().any(is_ours);
            } else if is_ours(token) {
                of_others = false;
            }
        }
        of_others
    }

    /// Whether the metric is what something else is measured against.
    pub(super) fn is_compared(&self, mention: &Mention) -> bool {
        let before = &self.tokens[mention.first.saturating_sub(4)..mention.first];
        let starts = before.iter().rposition(|token| token.is_mark(',') || token.is_mark(';'));
        before[starts.map_or(0, |at| at + 1)..]
            .iter()
            .any(|token| COMPARES.has(token.word()) || token.word() == "relative")
    }

    /// Whether something before a token looks ahead.
    pub(super) fn is_forward(&self, end: usize) -> bool {
        self.tokens[..end].iter().enumerate().any(|(at, token)| {
            let word = token.word();
            let before = at.checked_sub(1).map_or("", |at| self.tokens[at].word());
            if word.starts_with("expect") || word.starts_with("anticipat") {
                return !matches!(before, "than" | "as" | "previously" | "had" | "was" | "were");
            }
            if matches!(word, "outlook" | "guidance" | "guide") {
                let mut near = self.tokens[at.saturating_sub(4)..at].iter().map(Token::word);
                return !near.any(|word| COMPARES.has(word) || COMPARES_OUTLOOK.has(word));
            }
            SAYS_AHEAD.has(word)
        })
    }

    /// What a value is to the metric before it, by the words between.
    pub(super) fn fit(&self, mention: &Mention, value: &Value, from: usize) -> Fit {
        let gap = self.gap(from, value.first);
        let words: Vec<_> =
            gap.iter().map(|token| token.word()).filter(|word| !word.is_empty()).collect();
        let has = |list: &Words| words.iter().any(|word| list.has(word));
        if has(&PASTS) && !words.iter().any(|word| is_expecting(word)) {
            return Fit::Result;
        }
        let is_open = value.flaw == Some(ONE_SIDED);
        let compares = words.iter().any(|word| COMPARES.has(word) && !(is_open && *word == "than"));
        if compares || self.is_in_aside(from, value.first) || has(&CAUSES) || has(&OPEN_ENDED) {
            return Fit::Other;
        }
        let is_share = value.measure == Measure::Percent;
        let grows = ["grow", "growing", "increase", "decline", "decrease"];
        if is_step(&words, value) || (is_share && words.iter().any(|word| grows.contains(word))) {
            return Fit::Change;
        }
        match mention.counts {
            Counts::Money if self.is_margin(mention, value) => {}
            Counts::Money | Counts::Income if is_share => return Fit::Change,
            Counts::Share if value.measure.is_money() => return Fit::Other,
            _ => {}
        }
        let is_from = words.last() == Some(&"from") && value.first == value.last;
        let is_linked = words.len() <= 3 || has(&LINKS);
        if is_from || !is_linked || words.len() > FAR { Fit::Other } else { Fit::Level }
    }

    /// Whether a profit is given as a share of revenue.
    pub(super) fn is_margin(&self, mention: &Mention, value: &Value) -> bool {
        let after: Vec<_> = self.tokens[value.last + 1..].iter().take(4).map(Token::word).collect();
        mention.name == "adjusted_ebitda"
            && value.measure == Measure::Percent
            && after.first() == Some(&"of")
            && after.iter().any(|word| matches!(*word, "revenue" | "revenues" | "sales"))
    }

    /// The tokens between a metric and a value, without asides between commas or parentheses.
    fn gap(&self, from: usize, to: usize) -> Vec<&Token> {
        let mut kept: Vec<&Token> = Vec::new();
        let mut at = from.min(to);
        while at < to {
            let token = &self.tokens[at];
            let opens_aside = ASIDES.has(token.word())
                || (token.word() == "as"
                    && self.tokens.get(at + 1).is_some_and(|t| t.word() == "defined"));
            let closing = if token.is_mark('(') { ')' } else { ',' };
            if opens_aside || token.is_mark('(') {
                let end = self.tokens[at + 1..to].iter().position(|t| {
                    t.is_mark(closing)
                        || (closing == ',' && matches!(t.word(), "will" | "expected"))
                });
                if let Some(end) = end {
                    at += 1 + end;
                    continue;
                }
            }
            kept.push(token);
            at += 1;
        }
        kept
    }

    /// Whether a value stands in an aside such as `including approximately $100 million of …`.
    fn is_in_aside(&self, from: usize, to: usize) -> bool {
        let between = &self.tokens[from.min(to)..to];
        let Some(opens) =
            between.iter().rposition(|token| ASIDES.has(token.word()) && token.word() != "which")
        else {
            return false;
        };
        between[opens..].iter().all(|token| {
            !token.is_mark(',')
                && !token.is_mark(')')
                && !matches!(token.word(), "be" | "expected" | "will")
        })
    }

    /// `approximately $75 billion in capital expenditures`: the value stands before its metric.
    pub(super) fn value_before(&self, mention: &Mention) -> Option<&Value> {
        let value = self.values.iter().rev().find(|value| value.last < mention.first)?;
        let between = &self.tokens[value.last + 1..mention.first];
        let joins =
            between.first().is_some_and(|token| matches!(token.word(), "in" | "of" | "for" | "on"));
        let is_taken = self.mentions.iter().any(|other| {
            other.last < value.first && self.fit(other, value, other.last + 1) == Fit::Level
        });
        let fits = match mention.counts {
            Counts::Money => value.measure.is_money(),
            Counts::Share => value.measure == Measure::Percent,
            _ => false,
        };
        let starts = &self.tokens[..value.first];
        let is_other = starts.iter().rev().take(6).map(Token::word).any(|word| {
            let adds = matches!(word, "additional" | "another" | "by");
            adds || COMPARES.has(word) || CAUSES.has(word) || ASIDES.has(word)
        });
        let is_past = starts.iter().any(|token| PASTS.has(token.word()));
        let is_ahead = starts
            .iter()
            .rev()
            .take(14)
            .map(Token::word)
            .any(|word| is_expecting(word) || word.starts_with("invest") || SPENDS.has(word));
        (joins && between.len() <= 3 && !is_taken && fits && !is_other && !is_past && is_ahead)
            .then_some(value)
    }
}

/// Whether the words before a value make it a step: `up 5%`, `an increase of $5 billion`.
fn is_step(words: &[&str], value: &Value) -> bool {
    let mut near = words.iter().rev().filter(|word| !ABOUT.contains(word)).copied();
    match near.next().unwrap_or("") {
        // `up to $5 billion` is an open end.
        "up" => value.flaw.is_none(),
        "by" | "down" | "growth" | "increase" | "decline" => true,
        "of" => matches!(
            near.next().unwrap_or(""),
            "growth" | "increase" | "decrease" | "decline" | "rise" | "reduction" | "improvement"
        ),
        _ => false,
    }
}
