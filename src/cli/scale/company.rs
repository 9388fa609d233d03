//! `chipcast scale COMPANY`: what a company's forecast spend buys, step by step.

use std::path::PathBuf;

use clap::Args;

use super::words::{shown_value, wrapped};
use super::{scenario, sensitivity};
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::forecast::Forecast;
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::report::buyers::spend_series;
use crate::report::company::in_words;
use crate::report::machines::{Machines, Workshop, machines};
use crate::rows::scale;
use crate::scaling::chain::{Chain, Step, StepKind};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Quarters of forecast spend that go in
    #[arg(long, default_value_t = 4, value_name = "N")]
    horizon: usize,
    /// Print every step with its kind, expression, value and source
    #[arg(long)]
    trace: bool,
    /// Compare with the scenario of a file (docs/scenarios.md), world by world; may be given again
    #[arg(long, value_name = "FILE", conflicts_with_all = ["trace", "sensitivity"])]
    scenario: Vec<PathBuf>,
    /// Show how far each assumption alone moves the capability
    #[arg(long, conflicts_with = "trace")]
    sensitivity: bool,
}

pub(super) fn run(context: &Context, company: &str, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let book = Book::new(&known, arguments.horizon)?;
    let forecast: Forecast = book.forecast(&Chipcast, &spend_series(&known, company)?)?;
    let workshop = Workshop::new(context.global.seed, known.as_of())?;
    if !arguments.scenario.is_empty() {
        return scenario::run(context, &known, &forecast, &workshop, &arguments.scenario);
    }
    if arguments.sensitivity {
        return sensitivity::run(context, &known, &forecast, &workshop);
    }
    let machines = machines(&known, &forecast, &workshop)?;
    print(context, &machines, arguments)?;
    Ok(if machines.n_forecast == 0 { Outcome::Refused } else { Outcome::Done })
}

fn print(context: &Context, machines: &Machines, arguments: &Arguments) -> Result<()> {
    let chain = &machines.chain;
    let rows = Rows::from(scale::machines(machines));
    rows.print(context.global.format, || {
        if arguments.trace { blocks(chain) } else { overview(chain) }
    })?;
    context.say(in_words(&machines.likeness));
    for warning in &chain.warnings {
        context.say(format!("caution: {warning}"));
    }
    Ok(())
}

fn overview(chain: &Chain) -> String {
    let line = |step: &Step| {
        let mut line = vec![step.name.clone()];
        line.extend([step.p50, step.p05, step.p95].map(|value| shown_value(value, &step.unit)));
        line.extend([step.unit.clone(), step.kind.word().to_owned()]);
        line
    };
    let header = ["step", "median", "5%", "95%", "unit", "kind"];
    table(&header, &[1, 2, 3], chain.steps.iter().map(line).collect())
}

/// One block a step: its value, how it follows, and beneath that its source.
fn blocks(chain: &Chain) -> String {
    let mut text = format!("{}, fleet of {}; medians, 5% to 95%\n", chain.company, chain.date);
    for (idx, step) in chain.steps.iter().enumerate() {
        let [median, low, high] =
            [step.p50, step.p05, step.p95].map(|v| shown_value(v, &step.unit));
        let how = match step.kind {
            StepKind::Assumption if !step.expression.contains(' ') => {
                format!("`{}` of models/assumptions.toml", step.expression)
            }
            _ => step.expression.clone(),
        };
        text.push_str(&format!("\n{:>2}. {} ({})\n", idx + 1, step.name, step.kind.word()));
        text.push_str(&format!("    {median} [{low} to {high}] {}\n", step.unit));
        text.push_str(&wrapped("    = ", &how));
        text.push_str(&wrapped("    source: ", &step.source));
    }
    text.trim_end().to_owned()
}
