//! The statement on pressure in words, the same on the terminal and on the page.
//!
//! May use `series`, `units`, `strategy` and `format`. Computes nothing: every number comes from
//! [`Pressure`]. An answer that has not beaten the base rate says so in the same breath.

use super::format;
use crate::series::company_name;
use crate::strategy::belief::Level;
use crate::strategy::options::Way;
use crate::strategy::pressure::Pressure;
use crate::strategy::rate::Rate;
use crate::strategy::rule::Rule;
use crate::strategy::trial::Score;
use crate::units::{Unit, count};

/// What is said first: the probability with its base rate, how many cases are behind it, and how such
/// statements did.
pub fn statement(found: &Pressure, rule: &Rule) -> String {
    let now = &found.situation;
    let subject = format!(
        "As of {}, with spend known through {}, the probability that {}'s cash capex of the next four \
         quarters comes to {} times that of the last four ({}) or more",
        format::date(now.origin),
        format::date(now.last.end()),
        company_name(now.company()),
        rule.threshold,
        format::words(now.spent, Unit::Usd, 1)
    );
    let Some(belief) = found.belief else {
        return format!(
            "{subject} is not stated: fewer than {} company-quarters are resolved.",
            rule.min_rows
        );
    };
    let independent = count(belief.base.n) / rule.overlap;
    format!(
        "{subject} is {}. The base rate is {}, by {} company-quarters that are worth {independent:.0} \
         independent ones. {}",
        rate(belief.probability),
        rate(belief.base),
        belief.base.n,
        record(found)
    )
}

/// How such statements did, in a sentence or two.
pub fn record(found: &Pressure) -> String {
    let verdict = if found.record.beats_base_rate() {
        "the signals have beaten the base rate"
    } else {
        "the signals have not beaten the base rate, so read that"
    };
    format!("Grade {}: {verdict} ({}).", found.record.grade().letter(), score(&found.record))
}

/// The state, the engine's worlds and the precedents, a sentence each.
pub fn beside(found: &Pressure) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(belief) = found.belief {
        lines.push(match (belief.state, belief.rivals_median) {
            (Some(state), Some(median)) => {
                let rivals = if state.rivals == Level::Up { "above" } else { "not above" };
                let outlook = if state.outlook == Level::Up { "an" } else { "no" };
                format!(
                    "Like states: the others' growth {rivals} its past median of {median:.2}, {outlook} own \
                     outlook at the threshold; {} of {} company-quarters in such a state bought massively.",
                    belief.probability.n_hits, belief.probability.n
                )
            }
            _ => "The others' growth is not known: the base rate stands alone.".to_owned(),
        });
    }
    let did = if found.drawn_record.beats_base_rate() { "have" } else { "have not" };
    let did = format!("such numbers {did} beaten the base rate ({})", score(&found.drawn_record));
    lines.push(match found.drawn {
        Some(drawn) => {
            let claim = if drawn.is_refused { ", a quarter of the four withheld" } else { "" };
            let share = format::words(drawn.probability, Unit::Ratio, 0);
            format!("The engine's worlds: {share}{claim}; {did}.")
        }
        None => "The engine has no forecast of four quarters.".to_owned(),
    });
    lines.push(format!(
        "Precedents that bought massively within four quarters: {} of {}, {} ({}).",
        found.precedents.n_hits,
        found.precedents.n,
        rate(found.precedents),
        found.like.words()
    ));
    lines
}

/// A rate with its interval: `43% (24% to 63%)`.
pub fn rate(rate: Rate) -> String {
    let whole = |share: f64| format::words(share, Unit::Ratio, 0);
    format!("{} ({} to {})", whole(rate.value), whole(rate.lower), whole(rate.upper))
}

/// A score beside the base rate's: `Brier 0.288 against 0.273, lower is better, n 96`.
pub fn score(score: &Score) -> String {
    match (score.brier, score.brier_base) {
        (Some(own), Some(base)) => {
            format!("Brier {own:.3} against {base:.3}, lower is better, n {}", score.n)
        }
        _ => "no statement of the past is resolved".to_owned(),
    }
}

/// What a way out costs, in words; none where nothing held tells it.
pub fn cost(way: &Way) -> Option<String> {
    let (unit, digits) = if way.unit == "ratio" { (Unit::Ratio, 0) } else { (Unit::Usd, 1) };
    way.cost.map(|(low, high)| {
        if low == high {
            format::words(low, unit, digits)
        } else {
            format::range(low, high, unit, digits)
        }
    })
}
