//! `chipcast scale require`: the run, the fleet and the purchase that a capability takes by a day, and
//! what stands in the way.

use std::path::PathBuf;

use chrono::{Months, NaiveDate};
use clap::Args;
use serde_json::{Value, json};

use super::binding;
use super::words::{shown_value, three};
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::{Error, Result};
use crate::report::machines::Workshop;
use crate::report::require::{Answer, Question, answer, in_words, timing, verdict};
use crate::scaling::inverse::{Required, Target};
use crate::scaling::law::Scale;
use crate::scaling::limits::Verdict;

/// Months from the day as of which is asked to the release, where no day is given.
const DEFAULT_MONTHS: Months = Months::new(24);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The target, such as `eci=160`
    #[arg(long, value_name = "SCALE=VALUE")]
    capability: String,
    /// The day by which the model is to be released; two years ahead by default
    #[arg(long, value_name = "DATE")]
    by: Option<NaiveDate>,
    /// Ticker of the buyer, whose fleet counts; all hyperscalers together by default
    #[arg(long, value_name = "TICKER")]
    company: Option<String>,
    /// Name what binds with the scenario of a file (docs/scenarios.md) and without it, in the same
    /// worlds; may be given again
    #[arg(long, value_name = "FILE")]
    scenario: Vec<PathBuf>,
}

const COLUMNS: [&str; 6] = ["law", "quantity", "unit", "p05", "p50", "p95"];

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let (scale, value) = asked(&arguments.capability)?;
    let known = context.snapshot()?;
    let by = arguments.by.unwrap_or(known.as_of() + DEFAULT_MONTHS);
    let workshop = Workshop::new(context.global.seed, known.as_of())?;
    let question =
        Question { target: Target { scale, value, by }, company: arguments.company.as_deref() };
    if !arguments.scenario.is_empty() {
        return binding::run(context, &known, &workshop, question, &arguments.scenario);
    }
    let Answer { buyers, found } = answer(&known, &workshop, question)?;
    let mut rows = Rows::new(&COLUMNS);
    for one in &found {
        for (quantity, unit, quantiles) in quantities(one) {
            let [low, median, high] = quantiles;
            let quantity = json!(quantity);
            rows.push(vec![
                json!(one.law),
                quantity,
                json!(unit),
                json!(low),
                json!(median),
                json!(high),
            ]);
        }
    }
    rows.beside("verdicts", found.iter().map(verdict_of).collect());
    rows.beside("buyers", json!(buyers.name));
    rows.beside("by", json!(by));
    rows.beside("as_of", json!(known.as_of()));
    let asked = format!("{} by {by}, bought by {}", arguments.capability, buyers.name);
    let timing = timing(&workshop, &found)?;
    rows.print(context.global.format, || people(&format!("{asked}\n{timing}\n"), &found))?;
    for one in &found {
        context.say(format!("{}: {}", one.law, in_words(one)));
    }
    let is_feasible = found.first().is_some_and(|used| used.verdict == Verdict::Feasible);
    Ok(if is_feasible { Outcome::Done } else { Outcome::Refused })
}

/// Scale and value of `eci=160`.
fn asked(capability: &str) -> Result<(Scale, f64)> {
    let wrong = || {
        Error::invalid(format!("`{capability}` is no capability"))
            .hint("write the scale and the value, such as `--capability eci=160`")
    };
    let (scale, value) = capability.split_once('=').ok_or_else(wrong)?;
    let scale: Scale = scale.trim().parse()?;
    let value: f64 = value.trim().parse().map_err(|_| wrong())?;
    if scale != Scale::Eci {
        return Err(Error::invalid(format!(
            "no law of scale `{}` is fitted to compute",
            scale.word()
        ))
        .hint("the scale that can be asked for is eci"));
    }
    Ok((scale, value))
}

fn quantities(one: &Required) -> Vec<(String, &'static str, [f64; 3])> {
    let mut all = vec![
        ("training run".to_owned(), "FLOP", three(&one.run)),
        ("fleet of one lab".to_owned(), "h100e", three(&one.fleet)),
        ("still to buy".to_owned(), "h100e", three(&one.to_buy)),
    ];
    for (chip, units) in &one.by_chip {
        all.push((format!("of that, {chip}"), "unit", three(units)));
    }
    all.extend([
        ("dollars for chips".to_owned(), "USD", three(&one.spend)),
        ("capex with buildings and power".to_owned(), "USD", three(&one.capex)),
        ("the same by power and USD a watt".to_owned(), "USD", three(&one.capex_by_power)),
        ("facility power of what is bought".to_owned(), "W", three(&one.power)),
        ("facility power of the run's cluster".to_owned(), "W", three(&one.run_power)),
        (
            "quarters of buying at today's pace".to_owned(),
            "quarter",
            three(&one.quarters_of_buying),
        ),
        ("quarters left to buy in".to_owned(), "quarter", three(&one.quarters_left)),
    ]);
    all
}

fn verdict_of(one: &Required) -> Value {
    let (word, binding) = verdict(one);
    let shares = one.bindings.shares.iter().map(|(c, share)| (c.word().to_owned(), json!(share)));
    json!({
        "law": one.law,
        "expression": one.expression,
        "verdict": word,
        "binding": binding,
        "share_infeasible": one.bindings.any,
        "shares": Value::Object(shares.collect()),
        "floor": one.floor,
        "ceiling": one.ceiling,
        "extrapolated": one.extrapolated,
    })
}

fn people(asked: &str, found: &[Required]) -> String {
    let mut text = asked.to_owned();
    for one in found {
        text.push_str(&format!("\n{}: {}\n", one.law, one.expression));
        let line = |(quantity, unit, [low, median, high]): (String, &str, [f64; 3])| {
            let mut line = vec![quantity];
            line.extend([median, low, high].map(|value| shown_value(value, unit)));
            line.push(unit.to_owned());
            line
        };
        let header = ["what it takes", "median", "5%", "95%", "unit"];
        text.push_str(&table(&header, &[1, 2, 3], quantities(one).into_iter().map(line).collect()));
        text.push('\n');
    }
    text.trim_end().to_owned()
}
