//! From a sentence to the guides it states: which metric, which value, which period, what it changes.
//!
//! May use `action`, `fit`, `label`, `metric`, `tokens`, `values`, `words` and `observation`. A
//! metric takes the first value behind it that is linked as its level; what is a result, a
//! comparison, a change or a part of it is not taken.

use super::action::action;
use super::fit::Fit;
use super::label::{Label, labels};
use super::metric::{Basis, Counts, Mention, mentions};
use super::tokens::{Token, tokens};
use super::values::{ABOUT, Value, values};
use super::words::{ASIDES, CAUSES, COMPARES};
use crate::observation::Action;

/// A guide as a sentence states it, or why it gives none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim {
    pub(super) metric: String,
    pub(super) label: Option<Label>,
    pub(super) value: Result<Value, &'static str>,
    pub(super) action: Action,
}

/// What the text around a sentence says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around<'a> {
    /// Whether the section is the company's outlook.
    pub(super) is_outlook: bool,
    pub(super) basis: Option<Basis>,
    /// Words of the company's name.
    pub(super) own: &'a [String],
}

/// A sentence with all that was found in it.
pub(super) struct Sentence<'a> {
    pub(super) tokens: Vec<Token>,
    pub(super) labels: Vec<Label>,
    pub(super) values: Vec<Value>,
    pub(super) mentions: Vec<Mention>,
    pub(super) around: Around<'a>,
}

const A_CHANGE: &str = "a change, which needs the value that it is measured from";

impl<'a> Sentence<'a> {
    /// Reads a sentence; amounts without a scale are taken times `scale`, if a table says so.
    pub(super) fn read(text: &str, around: Around<'a>, scale: Option<i128>) -> Self {
        let tokens = tokens(text);
        let labels = labels(&tokens);
        let values = values(&tokens, scale);
        let mentions = mentions(&tokens, &labels, around.own);
        Self { tokens, labels, values, mentions, around }
    }

    /// Whether it opens an outlook: `the outlook for … is as follows:`, `In the third quarter, we expect:`.
    pub(super) fn opens_outlook(&self) -> bool {
        let ends_open = self.tokens.last().is_some_and(|token| token.is_mark(':'));
        let follows = self.words().collect::<Vec<_>>().windows(2).any(|pair| {
            matches!(
                pair,
                ["as", "follows"] | ["the", "following"] | ["following", "guidance" | "outlook"]
            )
        });
        let is_legal = self.has("statements") || self.has("factors");
        let goes_on = self.around.is_outlook && ends_open && !self.labels.is_empty();
        let is_ahead = goes_on || self.is_forward(self.tokens.len());
        (ends_open || follows) && is_ahead && !is_legal
    }

    /// The guides that it states.
    pub(super) fn claims(&self) -> Vec<Claim> {
        if self.values.is_empty() || self.mentions.is_empty() || self.is_comment() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (idx, mention) in self.mentions.iter().enumerate() {
            let end = self.mentions.get(idx + 1).map_or(self.tokens.len(), |next| next.first);
            let is_read = mention.counts != Counts::Nothing;
            if is_read && !self.is_of_others(mention) && !self.is_compared(mention) {
                found.extend(self.claims_of(mention, end));
            }
        }
        found
    }

    /// Whether it names something that is guided.
    pub(super) fn names_a_metric(&self) -> bool {
        !self.mentions.is_empty()
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(Token::word).filter(|word| !word.is_empty())
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.words().any(|w| w == word)
    }

    fn claims_of(&self, mention: &Mention, end: usize) -> Vec<Claim> {
        let mut change = None;
        let mut from = mention.last + 1;
        for (idx, value) in self.values.iter().enumerate() {
            if value.first <= mention.last || value.first >= end {
                continue;
            }
            match self.fit(mention, value, from) {
                Fit::Level if self.is_forward(value.first) || self.around.is_outlook => {
                    return self.level(mention, idx, end);
                }
                Fit::Result | Fit::Level => return Vec::new(),
                Fit::Change => change = Some(value),
                Fit::Other => {}
            }
            from = value.last + 1;
        }
        if let Some(value) = self.value_before(mention) {
            return vec![self.claim(mention, None, value, Ok(value.clone()))];
        }
        let is_ahead = |value: &Value| self.is_forward(value.first) || self.around.is_outlook;
        let told = change.filter(|value| is_ahead(value));
        told.map(|value| self.claim(mention, None, value, Err(A_CHANGE))).into_iter().collect()
    }

    /// The claims of a metric whose level is a value: one, or one a basis.
    fn level(&self, mention: &Mention, idx: usize, end: usize) -> Vec<Claim> {
        let value = &self.values[idx];
        if let Counts::Not(reason) = mention.counts {
            return vec![self.claim(mention, None, value, Err(reason))];
        }
        let signed = |value: &Value| {
            let value = if mention.counts == Counts::Income {
                self.signed(mention, value)
            } else {
                value.clone()
            };
            value.flaw.map_or(Ok(value), Err)
        };
        if !mention.has_basis {
            return vec![self.claim(mention, None, value, signed(value))];
        }
        let bases = &mention.bases;
        if let [first, second] = bases.as_slice() {
            let listed = self.values.get(idx + 1).filter(|next| {
                next.first < end
                    && next.measure == value.measure
                    && self.tokens[value.last + 1..next.first].iter().all(|token| {
                        token.is_mark(',') || token.word() == "and" || ABOUT.contains(&token.word())
                    })
            });
            let other = listed.unwrap_or(value);
            return vec![
                self.claim(mention, Some(*first), value, signed(value)),
                self.claim(mention, Some(*second), other, signed(other)),
            ];
        }
        let mut found = Vec::new();
        for value in self.values[idx..].iter().take_while(|value| value.first < end) {
            let basis = bases.first().copied().or_else(|| self.basis_after(value));
            if !found.is_empty() && (basis.is_none() || !bases.is_empty()) {
                break;
            }
            found.push(self.claim(mention, basis.or(self.around.basis), value, signed(value)));
        }
        found
    }

    /// `on a GAAP basis`, `(non-GAAP)` behind a value.
    fn basis_after(&self, value: &Value) -> Option<Basis> {
        for token in self.tokens[value.last + 1..].iter().take(6) {
            match token.word() {
                "gaap" => return Some(Basis::Gaap),
                "non" => return Some(Basis::NonGaap),
                "on" | "a" => {}
                _ if token.is_mark('(') || token.is_mark(',') => {}
                _ => return None,
            }
        }
        None
    }

    /// Income as it is, an expense below zero.
    fn signed(&self, mention: &Mention, value: &Value) -> Value {
        let between = &self.tokens[mention.last + 1..value.first.max(mention.last + 1)];
        let kind = between
            .iter()
            .rev()
            .map(Token::word)
            .find(|word| matches!(*word, "income" | "expense" | "expenses" | "gain" | "loss"));
        let of_name = self.tokens[mention.first..=mention.last].iter().map(Token::word);
        let only_expense = of_name.clone().any(|w| w.starts_with("expense"))
            && !of_name.into_iter().any(|w| w == "income");
        let mut value = value.clone();
        let is_expense =
            kind.map_or(only_expense, |kind| matches!(kind, "expense" | "expenses" | "loss"));
        if is_expense {
            (value.low, value.mid, value.high) =
                (value.high.negative(), value.mid.negative(), value.low.negative());
        }
        value
    }

    fn claim(
        &self,
        mention: &Mention,
        basis: Option<Basis>,
        value: &Value,
        read: Result<Value, &'static str>,
    ) -> Claim {
        let metric = match (basis.filter(|_| mention.has_basis), mention.name.as_str()) {
            (_, "") => {
                let words = &self.tokens[mention.first..=mention.last];
                words
                    .iter()
                    .map(Token::word)
                    .filter(|w| !w.is_empty())
                    .collect::<Vec<_>>()
                    .join("_")
            }
            (Some(basis), name) => basis.of(name),
            (None, name) if self.is_margin(mention, value) => format!("{name}_margin"),
            (None, name) => name.to_owned(),
        };
        let read = match read {
            Ok(value) => value.flaw.map_or(Ok(value), Err),
            Err(reason) => Err(reason),
        };
        Claim {
            metric,
            label: self.label_of(mention, value),
            value: read,
            action: action(&self.words().collect::<Vec<_>>()),
        }
    }

    /// The period that a claim speaks of: the nearest that is not one of a comparison.
    fn label_of(&self, mention: &Mention, value: &Value) -> Option<Label> {
        let (first, last) = (mention.first.min(value.first), mention.last.max(value.last));
        let compares = |label: &Label| {
            let before = &self.tokens[label.first.saturating_sub(4)..label.first];
            let starts =
                before.iter().rposition(|token| token.number().is_some() || token.is_mark(','));
            before[starts.map_or(0, |at| at + 1)..].iter().any(|token| {
                COMPARES.has(token.word())
                    || matches!(
                        token.word(),
                        "over" | "from" | "through" | "until" | "since" | "beyond"
                    )
            })
        };
        let usable: Vec<&Label> = self.labels.iter().filter(|label| !compares(label)).collect();
        let inside = usable.iter().find(|label| label.first >= first && label.last <= last);
        let boundary = |label: &Label| {
            let between = &self.tokens[last + 1..label.first];
            between.len() <= 10
                && !between.iter().any(|t| {
                    COMPARES.has(t.word())
                        || CAUSES.has(t.word())
                        || t.is_mark(';')
                        || matches!(t.word(), "growth" | "from" | "and" | "up" | "down")
                        || ASIDES.has(t.word())
                })
                && !self.values.iter().any(|v| v.first > last && v.first < label.first)
                && !self.mentions.iter().any(|m| m.first > last && m.first < label.first)
        };
        let after = || usable.iter().find(|label| label.first > last && boundary(label));
        let before = || usable.iter().rev().find(|label| label.last < first);
        inside.or_else(after).or_else(before).map(|label| **label)
    }
}
