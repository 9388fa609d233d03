//! `--backtest` and `--placebo`: how well shares were said from earlier origins, and how often a fall
//! is called where there is none.
//!
//! May use everything. Hides no number: the last value stands beside every model.

use serde_json::json;

use super::super::output::{Rows, table};
use super::super::{Context, Outcome};
use super::Asked;
use crate::error::{Error, Result};
use crate::forecast::Forecaster;
use crate::forecast::placebo::Kind;
use crate::forecast::score::compare::wilson;
use crate::strategy::erosion::{Ahead, Scored, scored};
use crate::strategy::placebo::{calls, eroding_walks, made_up};
use crate::strategy::substitution::{Chosen, Model};

/// The models that are replayed: the choice first, then what it chooses from.
const MODELS: [&dyn Forecaster; 6] =
    [&Chosen, &Model::LastValue, &Model::FisherPry, &Model::Break, &Model::Damped, &Model::Rival];

const SCORED_COLUMNS: [&str; 11] = [
    "market",
    "member",
    "model",
    "horizon",
    "n",
    "skill",
    "skill_lower",
    "mae",
    "mae_naive",
    "coverage_80",
    "coverage_95",
];

pub(super) fn backtest(context: &Context, asked: &Asked<'_>) -> Result<Outcome> {
    let mut rows = Rows::new(&SCORED_COLUMNS);
    let mut shown = Vec::new();
    for model in MODELS {
        let said = said(asked, model)?;
        let names: Vec<_> = said.iter().map(|(name, _)| *name).collect();
        let several = names.len() > 1;
        for name in names.into_iter().map(Some).chain(several.then_some(None)) {
            for horizon in 1..=asked.horizon {
                let of_member = said.iter().filter(|(own, _)| name.is_none_or(|n| n == *own));
                let steps = of_member.flat_map(|(_, steps)| steps);
                let steps: Vec<_> = steps.filter(|step| step.horizon == horizon).collect();
                let name = name.unwrap_or("all");
                let key = format!("{}.{name}.{}", asked.market.name, model.name());
                let found = scored(&steps, &key);
                rows.push(scored_row(asked, name, model.name(), horizon, &found));
                shown.push(scored_words(name, model.name(), horizon, &found));
            }
        }
    }
    if shown.is_empty() {
        return Err(Error::insufficient(format!(
            "no member of `{}` has a forecast to score",
            asked.market.name
        ))
        .hint("a record needs four shares without a gap and one that came after"));
    }
    let header =
        ["member", "model", "h", "n", "skill", "at least", "error", "last", "cover 80", "cover 95"];
    rows.print(context.global.format, || table(&header, &[2, 3, 4, 5, 6, 7, 8, 9], shown))?;
    context.say("skill: error of log odds against the last share; error: mean, in points of share");
    Ok(Outcome::Done)
}

/// What a model said of each member from every earlier origin; members too short for it are left out.
fn said<'a>(
    asked: &Asked<'a>,
    model: &'static dyn Forecaster,
) -> Result<Vec<(&'a str, Vec<Ahead>)>> {
    let mut all = Vec::new();
    for (name, id) in asked.members.iter().filter(|(_, id)| asked.study.members.contains(id)) {
        match asked.study.backtest(model, id) {
            Ok(steps) => all.push((*name, steps)),
            Err(Error::Insufficient(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(all)
}

fn scored_row(
    asked: &Asked<'_>,
    name: &str,
    model: &str,
    horizon: usize,
    found: &Scored,
) -> Vec<serde_json::Value> {
    vec![
        json!(asked.market.name),
        json!(name),
        json!(model),
        json!(horizon),
        json!(found.n),
        json!(found.skill),
        json!(found.skill_lower),
        json!(found.mae),
        json!(found.mae_naive),
        json!(found.coverage_80),
        json!(found.coverage_95),
    ]
}

fn scored_words(name: &str, model: &str, horizon: usize, found: &Scored) -> Vec<String> {
    let word = |value: Option<f64>, scale: f64, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{:.digits$}", value * scale))
    };
    vec![
        name.to_owned(),
        model.to_owned(),
        horizon.to_string(),
        found.n.to_string(),
        word(found.skill, 1.0, 2),
        word(found.skill_lower, 1.0, 2),
        word(found.mae, 100.0, 2),
        word(found.mae_naive, 100.0, 2),
        word(found.coverage_80, 1.0, 2),
        word(found.coverage_95, 1.0, 2),
    ]
}

const PLACEBO_COLUMNS: [&str; 10] = [
    "market", "member", "placebo", "horizon", "n", "n_alarms", "rate", "lower_90", "upper_90",
    "brier",
];

pub(super) fn placebo(context: &Context, asked: &Asked<'_>, n: usize) -> Result<Outcome> {
    let mut rows = Rows::new(&PLACEBO_COLUMNS);
    let mut shown = Vec::new();
    let mut add = |member: &str,
                   kind: &str,
                   horizon: usize,
                   (n, n_alarms): (usize, usize),
                   brier: Option<f64>| {
        let ends = wilson(n_alarms, n, 0.9);
        let rate = (n > 0).then(|| fraction(n_alarms, n));
        rows.push(vec![
            json!(asked.market.name),
            json!(member),
            json!(kind),
            json!(horizon),
            json!(n),
            json!(n_alarms),
            json!(rate),
            json!(ends.map(|ends| ends.0)),
            json!(ends.map(|ends| ends.1)),
            json!(brier),
        ]);
        shown.push(vec![
            member.to_owned(),
            kind.to_owned(),
            horizon.to_string(),
            n.to_string(),
            n_alarms.to_string(),
            rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.3}")),
            ends.map_or_else(|| "-".to_owned(), |(a, b)| format!("{a:.3}-{b:.3}")),
        ]);
    };
    for (name, steps) in said(asked, &Chosen)? {
        let steps: Vec<_> = steps.iter().collect();
        for horizon in 1..=asked.horizon {
            let found = calls(&steps, horizon);
            add(
                name,
                "quiet_called_to_halve",
                horizon,
                (found.n_quiet, found.n_false),
                found.brier,
            );
            add(name, "halved_and_called", horizon, (found.n_halved, found.n_caught), found.brier);
        }
    }
    for (name, id) in &asked.members {
        if asked.study.ahead(id).is_err() {
            continue;
        }
        let n_called = eroding_walks(asked.study, id, n, asked.seed)?;
        add(name, "walk_called_eroding", 1, (n, n_called), None);
        for kind in Kind::ALL {
            for found in made_up(asked.study, id, kind, (asked.horizon, n), asked.seed)? {
                let word = format!("{}_answered", kind.word());
                add(name, &word, found.horizon, (found.n, found.n_answered), None);
            }
        }
    }
    let header = ["member", "placebo", "h", "n", "alarms", "rate", "(90%, Wilson)"];
    rows.print(context.global.format, || table(&header, &[2, 3, 4, 5, 6], shown))?;
    context.say(
        "quiet: the share did not halve; called: a hazard of one half or more; answered: not refused \
         though the made-up share goes nowhere",
    );
    Ok(Outcome::Done)
}

#[expect(clippy::cast_precision_loss, reason = "placebos and rows are few")]
fn fraction(hits: usize, n: usize) -> f64 {
    hits as f64 / n as f64
}
