//! `chipcast scale`: purchases to capability and back, at the margin and in scenarios, the laws side by
//! side, what twice the parameters cost, and the books of what was sold, bought and installed. One file a
//! subcommand.

use clap::{Args, Subcommand};

use super::output::print;
use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::report::format;
use crate::units::Unit;

mod binding;
mod company;
mod fit;
mod installed;
mod interconnect;
mod law;
mod marginal;
mod multiple;
mod reconcile;
mod require;
mod rivals;
mod runs;
mod scenario;
mod sensitivity;
mod sold;
pub(super) mod words;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Ticker: what this company's forecast spend buys
    #[arg(required = true)]
    company: Option<String>,
    #[command(flatten)]
    chain: company::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The laws side by side, fitted to models up to 2023 and scored on later ones; with `--fit`, a
    /// law of loss fitted to training runs of your own
    Law(law::Arguments),
    /// What the next ten percent of a fleet adds, and where the curve goes flat
    Marginal(marginal::Arguments),
    /// What more parameters cost in compute and GPU-hours, by each published law
    Multiple(multiple::Arguments),
    /// What a capability takes by a day: the run, the fleet, the purchase, and what stands in the way
    Require(require::Arguments),
    /// What the makers sold since 2022, by chip, beside Epoch's estimates
    Sold(sold::Arguments),
    /// Two estimates of one thing side by side: chips bought, h100e a chip, prices
    Rivals(rivals::Arguments),
    /// What buyers spend on NVIDIA's chips against what NVIDIA disclosed, and the gap
    Reconcile(reconcile::Arguments),
    /// Who owns how much, what of it runs, and which labs use it
    Installed(installed::Arguments),
    /// What is left of the utilisation when a cluster doubles, by system, strong and weak scaling
    Interconnect(interconnect::Arguments),
    /// Known training runs beside what the chain makes of them: coverage, bias, misses
    Runs(runs::Arguments),
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    match (&arguments.command, &arguments.company) {
        (Some(Command::Law(arguments)), _) => law::run(context, arguments),
        (Some(Command::Marginal(arguments)), _) => marginal::run(context, arguments),
        (Some(Command::Multiple(arguments)), _) => multiple::run(context, arguments),
        (Some(Command::Require(arguments)), _) => require::run(context, arguments),
        (Some(Command::Sold(arguments)), _) => sold::run(context, arguments),
        (Some(Command::Rivals(arguments)), _) => rivals::run(context, arguments),
        (Some(Command::Reconcile(arguments)), _) => reconcile::run(context, arguments),
        (Some(Command::Installed(arguments)), _) => installed::run(context, arguments),
        (Some(Command::Interconnect(arguments)), _) => interconnect::run(context, arguments),
        (Some(Command::Runs(arguments)), _) => runs::run(context, arguments),
        (None, Some(company)) => company::run(context, company, &arguments.chain),
        (None, None) => {
            let needed = "a company or a subcommand; `scale --help` lists them";
            Err(Error::invalid(format!("`scale` needs {needed}")))
        }
    }
}

/// Prints words under a table, in lines of at most 110 characters.
fn say(text: &str) -> Result<()> {
    print(words::filled(110, "", text).trim_end())
}

/// Low and high in short form: `1.17 M to 1.63 M`; whole percents for a share.
fn between(low: f64, high: f64, unit: Unit) -> String {
    let digits = if unit == Unit::Ratio { 0 } else { 2 };
    let [low, high] = [low, high].map(|value| format::short(value, unit, digits));
    format!("{low} to {high}")
}
