//! `chipcast scale require`: the run, the fleet and the purchase that a capability takes by a day, and
//! what stands in the way.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;

use super::binding;
use super::words::shown_value;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::report::machines::Workshop;
use crate::report::require::{Answer, Question, answer, in_words, timing};
use crate::rows::require::{quantities, rows, target};
use crate::scaling::inverse::Required;
use crate::scaling::limits::Verdict;

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

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let target = target(&known, &arguments.capability, arguments.by)?;
    let by = target.by;
    let workshop = Workshop::new(context.global.seed, known.as_of())?;
    let question = Question { target, company: arguments.company.as_deref() };
    if !arguments.scenario.is_empty() {
        return binding::run(context, &known, &workshop, question, &arguments.scenario);
    }
    let answer = answer(&known, &workshop, question)?;
    let rows = Rows::from(rows(&known, target, &answer));
    let Answer { buyers, found } = answer;
    let asked = format!("{} by {by}, bought by {}", arguments.capability, buyers.name);
    let timing = timing(&workshop, &found)?;
    rows.print(context.global.format, || people(&format!("{asked}\n{timing}\n"), &found))?;
    for one in &found {
        context.say(format!("{}: {}", one.law, in_words(one)));
    }
    let is_feasible = found.first().is_some_and(|used| used.verdict == Verdict::Feasible);
    Ok(if is_feasible { Outcome::Done } else { Outcome::Refused })
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
