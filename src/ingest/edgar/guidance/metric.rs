//! What a guide is of: the metrics that are kept, and the words that name them.
//!
//! May use `label`, `tokens`, `words`. Names are those of the archive: `revenue`, `revenue.data_center`,
//! `capex_guided`, `gross_margin_non_gaap`. What is told apart in words is never one metric here.

use super::label::Label;
use super::tokens::{Token, What};
use super::words::{OTHER_REVENUE, STOPS, TAILS, WHOLE};

/// A metric that a sentence names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mention {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) name: String,
    pub(super) counts: Counts,
    /// GAAP, non-GAAP, both, or neither said.
    pub(super) bases: Vec<Basis>,
    /// Whether the metric is kept apart by basis.
    pub(super) has_basis: bool,
}

/// What the values of a metric are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    Money,
    Share,
    /// Income less expense: `an expense of` turns the sign.
    Income,
    /// Read over, with a reason worth telling.
    Not(&'static str),
    /// Read over without a word.
    Nothing,
}

/// By which accounting rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Gaap,
    NonGaap,
}

impl Basis {
    /// The name of a metric by this basis.
    pub(super) fn of(self, name: &str) -> String {
        match self {
            Self::Gaap => format!("{name}_gaap"),
            Self::NonGaap => format!("{name}_non_gaap"),
        }
    }
}

const PER_SHARE: Counts = Counts::Not("a per-share figure, which splits change");

/// Words in the singular, the metric's name, what it counts, and whether GAAP and non-GAAP differ.
const METRICS: [(&str, &str, Counts, bool); 63] = [
    ("operating income margin", "operating_margin", Counts::Share, true),
    ("revenue", "revenue", Counts::Money, false),
    ("net sale", "revenue", Counts::Money, false),
    ("sale", "revenue", Counts::Money, false),
    ("gross profit margin", "gross_margin", Counts::Share, true),
    ("gross margin", "gross_margin", Counts::Share, true),
    ("gross profit", "gross_profit", Counts::Money, true),
    ("operating profit margin", "operating_margin", Counts::Share, true),
    ("operating margin", "operating_margin", Counts::Share, true),
    ("operating expense", "operating_expenses", Counts::Money, true),
    ("operating cost", "operating_expenses", Counts::Money, true),
    ("opex", "operating_expenses", Counts::Money, true),
    ("operating income", "operating_income", Counts::Money, true),
    ("income from operation", "operating_income", Counts::Money, true),
    ("operating profit", "operating_income", Counts::Money, true),
    ("total cost and expense", "total_expenses", Counts::Money, false),
    ("total expense", "total_expenses", Counts::Money, false),
    ("cost of revenue", "cost_of_revenue", Counts::Money, true),
    ("cost of sale", "cost_of_revenue", Counts::Money, true),
    ("cost of good sold", "cost_of_revenue", Counts::Money, true),
    ("other income", "other_income", Counts::Income, true),
    ("other expense", "other_income", Counts::Income, true),
    ("oi&e", "other_income", Counts::Income, true),
    ("effective tax rate", "tax_rate", Counts::Share, true),
    ("income tax rate", "tax_rate", Counts::Share, true),
    ("tax rate", "tax_rate", Counts::Share, true),
    ("capital expenditure", "capex_guided", Counts::Money, false),
    ("capital spending", "capex_guided", Counts::Money, false),
    ("capital investment", "capex_guided", Counts::Money, false),
    ("capital budget", "capex_guided", Counts::Money, false),
    ("capital spend", "capex_guided", Counts::Money, false),
    ("capex", "capex_guided", Counts::Money, false),
    ("purchase of property and equipment", "capex_guided", Counts::Money, false),
    ("net income per share", "", PER_SHARE, false),
    ("net income per diluted share", "", PER_SHARE, false),
    ("net loss per share", "", PER_SHARE, false),
    ("earning per share", "", PER_SHARE, false),
    ("earning per diluted share", "", PER_SHARE, false),
    ("income per share", "", PER_SHARE, false),
    ("income per diluted share", "", PER_SHARE, false),
    ("loss per share", "", PER_SHARE, false),
    ("ep", "", PER_SHARE, false),
    ("net income", "net_income", Counts::Money, true),
    ("free cash flow", "free_cash_flow", Counts::Money, false),
    ("adjusted ebitda margin", "adjusted_ebitda_margin", Counts::Share, false),
    ("adjusted ebitda", "adjusted_ebitda", Counts::Money, false),
    ("share repurchase", "", Counts::Nothing, false),
    ("stock repurchase", "", Counts::Nothing, false),
    ("repurchase", "", Counts::Nothing, false),
    ("dividend", "", Counts::Nothing, false),
    ("stock based compensation", "", Counts::Nothing, false),
    ("share based compensation", "", Counts::Nothing, false),
    ("share count", "", Counts::Nothing, false),
    ("diluted share", "", Counts::Nothing, false),
    ("depreciation", "", Counts::Nothing, false),
    ("amortization", "", Counts::Nothing, false),
    ("interest expense", "", Counts::Nothing, false),
    ("interest income", "", Counts::Nothing, false),
    ("cash flow from operation", "", Counts::Nothing, false),
    ("operating cash flow", "", Counts::Nothing, false),
    ("backlog", "", Counts::Nothing, false),
    ("remaining performance obligation", "", Counts::Nothing, false),
    ("booking", "", Counts::Nothing, false),
];

/// Whether a name is that of a metric which GAAP and non-GAAP tell apart, without saying which.
pub(super) fn lacks_basis(name: &str) -> bool {
    METRICS.iter().any(|(_, known, _, has_basis)| *known == name && *has_basis)
}

/// The metrics that a sentence names, in order; `own` are words of the company's own name.
pub(super) fn mentions(tokens: &[Token], labels: &[Label], own: &[String]) -> Vec<Mention> {
    let words: Vec<String> = tokens.iter().map(|token| singular(token.word())).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let longest = METRICS
            .iter()
            .filter(|(name, ..)| matches(&words[at..], name))
            .max_by_key(|(name, ..)| name.len());
        let Some((phrase, name, counts, has_basis)) = longest else {
            at += 1;
            continue;
        };
        let mut last = at + phrase.split(' ').count() - 1;
        if *counts == Counts::Income {
            last = income_tail(tokens, last);
        }
        let before = Before::read(tokens, labels, own, at);
        let mut mention = Mention {
            first: before.first,
            last,
            name: (*name).to_owned(),
            counts: *counts,
            bases: before.bases.clone(),
            has_basis: *has_basis,
        };
        if let Some(kept) = judge(&mut mention, &before, tokens, phrase) {
            found.push(kept);
        }
        at = last + 1;
    }
    found
}

/// Names the part that a mention is of, or drops it.
fn judge(
    mention: &mut Mention,
    before: &Before,
    tokens: &[Token],
    phrase: &str,
) -> Option<Mention> {
    let next = tokens.get(mention.last + 1).map_or("", Token::word);
    let of_what = before.first >= 2 && tokens[before.first - 1].word() == "of";
    let shared = of_what && {
        let owner = &tokens[before.first - 2];
        owner.number().is_some()
            || matches!(
                owner.word(),
                "percentage"
                    | "percent"
                    | "portion"
                    | "majority"
                    | "loss"
                    | "share"
                    | "half"
                    | "cost"
                    | "reduction"
                    | "source"
                    | "end"
            )
    };
    if shared || TAILS.has(next) {
        // A share of revenue names no revenue; the growth of it is another figure.
        return (next == "growth").then(|| Mention {
            counts: Counts::Not("a change, which needs the value that it is measured from"),
            ..mention.clone()
        });
    }
    if mention.name == "revenue" && !phrase.contains("cost") {
        return part_of_revenue(mention, before, tokens, phrase);
    }
    if mention.name == "capex_guided" && !before.part.is_empty() && !before.is_neutral_capex() {
        return Some(Mention { counts: Counts::Nothing, ..mention.clone() });
    } else if !before.part.is_empty() && !before.is_known_modifier() {
        mention.counts = match mention.counts {
            told @ (Counts::Nothing | Counts::Not(_)) => told,
            _ => Counts::Not("a part's figure, which is not the company's"),
        };
    }
    Some(mention.clone())
}

/// Names the part of revenue that a mention is of, or drops it.
fn part_of_revenue(
    mention: &Mention,
    before: &Before,
    tokens: &[Token],
    phrase: &str,
) -> Option<Mention> {
    let next = tokens.get(mention.last + 1).map_or("", Token::word);
    if phrase == "sale" && !(before.is_whole && before.part.is_empty()) {
        return None;
    }
    if before.part.iter().any(|word| OTHER_REVENUE.has(word.as_str())) || before.part.len() > 5 {
        return Some(Mention { counts: Counts::Nothing, ..mention.clone() });
    }
    let after = tokens.get(mention.last + 2);
    let names_source = after
        .is_some_and(|token| !STOPS.has(token.word()) && !token.word().is_empty())
        && after.is_some_and(|token| !matches!(token.word(), "approximately" | "about" | "around"));
    if matches!(next, "relating" | "related" | "attributable") || (next == "from" && names_source) {
        return Some(Mention {
            counts: Counts::Not("a part of revenue without a plain name"),
            ..mention.clone()
        });
    }
    let part = slug(&before.part);
    let name = if part.is_empty() { "revenue".to_owned() } else { format!("revenue.{part}") };
    Some(Mention { name, ..mention.clone() })
}

/// What stands before a metric.
struct Before {
    first: usize,
    part: Vec<String>,
    bases: Vec<Basis>,
    is_whole: bool,
}

impl Before {
    fn read(tokens: &[Token], labels: &[Label], own: &[String], at: usize) -> Self {
        let mut before = Self { first: at, part: Vec::new(), bases: Vec::new(), is_whole: false };
        let mut here = at;
        while here > 0 {
            if let Some(label) = labels.iter().find(|label| label.last == here - 1) {
                here = label.first;
                before.first = here;
                continue;
            }
            let token = &tokens[here - 1];
            let word = token.word();
            if !matches!(token.what, What::Word(_)) || before.part.len() > 5 {
                break;
            }
            if word == "gaap" {
                let is_non = here > 1 && tokens[here - 2].word() == "non";
                before.bases.insert(0, if is_non { Basis::NonGaap } else { Basis::Gaap });
                here -= 1 + usize::from(is_non);
            } else if word == "adjusted" {
                before.bases.insert(0, Basis::NonGaap);
                here -= 1;
            } else if matches!(word, "and" | "both") {
                // `GAAP and non-GAAP margins`; otherwise `and` begins another matter.
                if before.bases.is_empty() || !before.part.is_empty() {
                    break;
                }
                here -= 1;
            } else if WHOLE.has(word) || own.iter().any(|name| name == word) {
                before.is_whole |= matches!(word, "total" | "net" | "consolidated" | "our");
                here -= 1;
                if matches!(word, "our" | "its" | "the") {
                    before.first = here;
                    break;
                }
            } else if STOPS.has(word) || word.is_empty() {
                break;
            } else {
                before.part.insert(0, word.to_owned());
                here -= 1;
            }
            before.first = here;
        }
        before
    }

    fn is_neutral_capex(&self) -> bool {
        self.part.iter().all(|word| {
            matches!(
                word.as_str(),
                "gross" | "cash" | "annual" | "technical" | "new" | "planned" | "accrued"
            )
        })
    }

    fn is_known_modifier(&self) -> bool {
        self.part.iter().all(|word| {
            matches!(
                word.as_str(),
                "effective"
                    | "income"
                    | "gross"
                    | "provision"
                    | "blended"
                    | "normalized"
                    | "global"
                    | "worldwide"
                    | "first"
                    | "cash"
                    | "estimated"
                    | "interest"
            )
        })
    }
}

fn slug(words: &[String]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let joined: String = words.join("_").chars().map(plain).collect();
    joined.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// `and expense`, `(expense), net` behind `other income`.
fn income_tail(tokens: &[Token], mut last: usize) -> usize {
    while let Some(token) = tokens.get(last + 1) {
        let is_tail =
            matches!(token.word(), "and" | "or" | "expense" | "expenses" | "income" | "net")
                || token.is_mark('(')
                || token.is_mark(')')
                || (token.is_mark(',') && tokens.get(last + 2).is_some_and(|t| t.word() == "net"));
        if !is_tail {
            break;
        }
        last += 1;
    }
    last
}

fn matches(words: &[String], phrase: &str) -> bool {
    phrase.split(' ').enumerate().all(|(idx, part)| words.get(idx).is_some_and(|w| w == part))
}

fn singular(word: &str) -> String {
    let word = word.strip_suffix('\'').unwrap_or(word);
    word.strip_suffix('s').filter(|_| !word.ends_with("ss")).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::label::labels;
    use super::super::tokens::tokens;
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let tokens = tokens(text);
        let own = ["acme".to_owned()];
        mentions(&tokens, &labels(&tokens), &own)
            .into_iter()
            .filter(|m| !matches!(m.counts, Counts::Not(_) | Counts::Nothing))
            .flat_map(|m| {
                let name = m.name.clone();
                let based: Vec<_> = m.bases.iter().map(|basis| basis.of(&name)).collect();
                if based.is_empty() || !m.has_basis { vec![m.name] } else { based }
            })
            .collect()
    }

    #[test]
    fn words_name_metrics() {
        for (text, names) in [
            ("Revenue is expected", &["revenue"][..]),
            ("third quarter 2025 total revenue", &["revenue"]),
            ("Acme's net sales", &["revenue"]),
            ("we expect Data Center revenue", &["revenue.data_center"]),
            ("growth in AI semiconductor revenue", &["revenue.ai_semiconductor"]),
            ("expects Q4 software revenues", &["revenue.software"]),
            ("GAAP and non-GAAP gross margins", &["gross_margin_gaap", "gross_margin_non_gaap"]),
            ("Non-GAAP gross profit margin", &["gross_margin_non_gaap"]),
            ("operating expenses", &["operating_expenses"]),
            ("adjusted operating income", &["operating_income_non_gaap"]),
            (
                "GAAP and non-GAAP other income and expense",
                &["other_income_gaap", "other_income_non_gaap"],
            ),
            ("other income/(expense), net", &["other_income"]),
            ("2025 capital expenditures, including leases", &["capex_guided"]),
            ("our CapEx", &["capex_guided"]),
            ("total expenses", &["total_expenses"]),
            ("effective tax rate", &["tax_rate"]),
            ("cost of revenue", &["cost_of_revenue"]),
            ("customers' capital expenditures", &[]),
            ("percent of projected revenue", &[]),
            ("deferred revenue and lost revenue", &[]),
            ("diluted earnings per share and EPS", &[]),
            ("revenue mix", &[]),
        ] {
            assert_eq!(read(text), names, "{text}");
        }
    }
}
