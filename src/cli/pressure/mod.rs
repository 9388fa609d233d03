//! `chipcast pressure`: who is being forced to buy, for one company, over all of the past, and in precedents.

mod backtest;
mod precedents;
mod statement;

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};

use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::forecast::spec::Spec;
use crate::report::format;
use crate::strategy::belief::{Belief, Drawn};
use crate::strategy::pricing::{Priced, may_enter};
use crate::strategy::rate::Rate;
use crate::strategy::rule::Rule;
use crate::strategy::situation::{self, Situation};
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Ticker
    #[arg(conflicts_with_all = ["backtest", "precedents"])]
    company: Option<String>,
    /// Cash capex of the next four quarters over the last four from which it counts as a massive purchase
    #[arg(long, value_name = "RATIO", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Every statement that would have been made, scored against the base rate, and the placebo
    #[arg(long, conflicts_with = "precedents")]
    backtest: bool,
    /// The dated cases, and which of them count
    #[arg(long)]
    precedents: bool,
    /// Made-up panels of each kind that the backtest asks
    #[arg(long, value_name = "N", default_value_t = 20, requires = "backtest")]
    placebos: usize,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let rule = Rule::bundled();
    let rule = match arguments.threshold {
        Some(threshold) => rule.with_threshold(threshold)?,
        None => rule.clone(),
    };
    if arguments.precedents {
        return precedents::run(context, &rule);
    }
    let known = context.snapshot()?;
    if arguments.backtest {
        return backtest::run(context, &known, &rule, arguments.placebos);
    }
    let Some(company) = &arguments.company else {
        let panel = situation::panel(&known)?;
        let names: Vec<_> = panel.iter().map(crate::series::SeriesId::owner).collect();
        let needed = "a company, `--backtest` or `--precedents`";
        return Err(Error::invalid(format!("`pressure` needs {needed}"))
            .hint(format!("companies: {}", names.join(", "))));
    };
    statement::run(context, &known, company, &rule)
}

/// The columns of a statement, of today or of the past.
const COLUMNS: [&str; 23] = [
    "company",
    "origin",
    "known_through",
    "probability",
    "lower",
    "upper",
    "base_rate",
    "base_lower",
    "base_upper",
    "n",
    "n_like",
    "engine",
    "engine_refused",
    "threshold",
    "outcome",
    "ratio",
    "spent_usd",
    "own_growth",
    "rivals_growth",
    "seller_growth",
    "outlook_growth",
    "raises",
    "rival_raises",
];

/// A statement as a row; `outcome` is that of the snapshot's day, if it came by then.
fn row(
    now: &Situation,
    belief: Option<&Belief>,
    drawn: Option<Drawn>,
    rule: &Rule,
    outcome: Option<situation::Outcome>,
) -> Vec<Value> {
    let rate = |pick: fn(&Belief) -> Rate| belief.map(pick);
    let (probability, base) = (rate(|b| b.probability), rate(|b| b.base));
    let n_like = belief.filter(|b| b.state.is_some()).map(|b| b.probability.n);
    vec![
        json!(now.company()),
        json!(now.origin),
        json!(now.last.end()),
        json!(probability.map(|r| r.value)),
        json!(probability.map(|r| r.lower)),
        json!(probability.map(|r| r.upper)),
        json!(base.map(|r| r.value)),
        json!(base.map(|r| r.lower)),
        json!(base.map(|r| r.upper)),
        json!(base.map(|r| r.n)),
        json!(n_like),
        json!(drawn.map(|d| d.probability)),
        json!(drawn.map(|d| d.is_refused)),
        json!(rule.threshold),
        json!(outcome.map(|o| o.is_event(rule.threshold))),
        json!(outcome.map(|o| o.ratio)),
        json!(now.spent),
        json!(now.signals.own),
        json!(now.signals.rivals),
        json!(now.signals.seller),
        json!(now.signals.outlook),
        json!(now.signals.n_raises),
        json!(now.signals.n_rival_raises),
    ]
}

fn usd(value: f64) -> String {
    format::words(value, Unit::Usd, 1)
}

/// A number with two digits, or a dash.
fn two(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// A number with three digits, or a dash.
fn three(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

/// What the capex model may use, in words: the answer is given either way.
fn entry_words(priced: &[Priced]) -> String {
    let accepted: Vec<_> = priced
        .iter()
        .filter(|priced| may_enter(priced))
        .map(|p| {
            format!(
                "{} in {} at {} (price {}, at least {})",
                p.signal,
                p.series,
                p.horizon,
                three(p.price),
                three(p.lower)
            )
        })
        .collect();
    let n_priced = priced.iter().filter(|p| p.price.is_some()).count();
    let choices: BTreeSet<_> =
        priced.iter().filter(|p| p.price.is_some()).map(|p| (&p.series, p.horizon)).collect();
    let looked_at =
        format!("{n_priced} prices in {} choices of series and quarter ahead", choices.len());
    if accepted.is_empty() {
        format!(
            "no signal may enter the capex model: of {looked_at} no lower bound lies above zero"
        )
    } else {
        let level = Spec::bundled().skill.bound_level;
        #[expect(clippy::cast_precision_loss, reason = "choices are few")]
        let by_luck = level * choices.len() as f64;
        format!(
            "signals that may enter the capex model, of {looked_at}, of which noise would pass in up to \
             {by_luck:.0}: {}",
            accepted.join("; ")
        )
    }
}
