//! `chipcast scale law --fit`: a law of loss fitted to training runs of a user's own.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::output::{Rows, print, table};
use crate::cli::{Context, Format, Outcome};
use crate::error::{Error, Result};
use crate::ingest::Raw;
use crate::ingest::tabular::{self, Kind};
use crate::scaling::chinchilla::{
    Chinchilla, Distance, Estimate, Fit, Resampling, RunColumns, TrainingRun, runs,
};
use crate::scaling::published::PublishedLaws;
use crate::store;

/// The largest file that is read.
const FILE_LIMIT: u64 = 256 << 20;
/// The most refits: a day's work.
const BOOTSTRAPS_MAX: usize = 10_000_000;
/// Numbers from here on are shown to people with an exponent.
const SHOWN_MAX: f64 = 1e7;
/// The columns of a row.
const COLUMNS: [&str; 5] = ["parameter", "estimate", "standard_error", "lower_95", "upper_95"];

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The law to fit: `chinchilla`
    #[arg(long, requires = "fit", default_value = "chinchilla", value_name = "LAW")]
    law: String,
    /// Leave out so many runs, those with the highest losses
    #[arg(long, requires = "fit", default_value_t = 0, value_name = "N")]
    drop_highest_losses: usize,
    /// Which of the table's columns stands for `parameters`, `flop` or `tokens`, and `loss`
    #[arg(long, requires = "fit", value_name = "OURS=THEIRS,...")]
    map: Option<String>,
    /// How often the runs are drawn anew and refitted
    #[arg(long, requires = "fit", default_value_t = 4000, value_name = "N")]
    bootstraps: usize,
}

pub(super) fn run(context: &Context, file: &Path, arguments: &Arguments) -> Result<Outcome> {
    let laws = PublishedLaws::bundled()?;
    let fit = fit(context, file, arguments)?;
    let estimates = fit.estimates();
    let derived = [fit.exponent(), fit.tokens_per_parameter(laws.reference_run.compute())?];
    let mut rows = Rows::new(&COLUMNS);
    for estimate in &estimates {
        rows.push(cells(estimate));
    }
    rows.beside("objective", json!(fit.objective));
    rows.beside("n", json!(fit.n_runs));
    rows.beside("bootstraps", json!(fit.refits.len()));
    rows.beside("bootstraps_unsettled", json!(fit.n_unsettled));
    rows.beside("formula", json!("L = E + A / N^alpha + B / D^beta, D = FLOP / (6 N)"));
    rows.beside("compute_flop", json!(laws.reference_run.compute().0));
    let objects: Vec<_> = derived.iter().map(object).collect();
    rows.beside("derived", json!(objects));
    let verdicts = verdicts(&fit, &laws);
    rows.beside("published", verdicts.iter().map(Verdict::object).collect());
    let shown = estimates.iter().chain(&derived).map(line).collect();
    let header = ["parameter", "estimate", "standard error", "lower 95%", "upper 95%"];
    rows.print(context.global.format, || table(&header, &[1, 2, 3, 4], shown))?;
    if context.global.format == Format::Table {
        print(&format!(
            "\nobjective {:.9} over {} runs; N ~ C^exponent, tokens per parameter at {:e} FLOP",
            fit.objective,
            fit.n_runs,
            laws.reference_run.compute().0
        ))?;
        for verdict in &verdicts {
            print(&verdict.words)?;
        }
    }
    if fit.n_unsettled > 0 {
        let (n, of) = (fit.n_unsettled, fit.refits.len());
        context.say(format!("{n} of {of} refits did not settle; their last place is counted"));
    }
    Ok(Outcome::Done)
}

fn fit(context: &Context, file: &Path, arguments: &Arguments) -> Result<Fit> {
    if arguments.law != "chinchilla" {
        return Err(Error::not_found(format!(
            "law `{}` cannot be fitted to a user's runs",
            arguments.law
        ))
        .hint("the laws that can be fitted are: chinchilla"));
    }
    if arguments.bootstraps > BOOTSTRAPS_MAX {
        return Err(Error::invalid(format!(
            "{} bootstraps asked; at most {BOOTSTRAPS_MAX} are made",
            arguments.bootstraps
        ))
        .hint("4000 are usual"));
    }
    let columns =
        arguments.map.as_deref().map_or_else(|| Ok(RunColumns::default()), RunColumns::parse)?;
    let name = file.display().to_string();
    let raw = Raw::new(name.clone(), store::read_file(file, FILE_LIMIT)?, Context::today());
    let runs = runs(&tabular::read(&raw, &Kind::Told)?, &columns)?;
    let kept = without_highest(runs, arguments.drop_highest_losses)
        .map_err(|e| e.within(format!("`{name}`")))?;
    let resampling = Resampling { seed: context.global.seed, n_bootstraps: arguments.bootstraps };
    Fit::new(&name, &kept, resampling).map_err(|e| e.within(format!("`{name}`")))
}

/// The runs without the `n` of highest loss, in the order of their losses.
fn without_highest(mut runs: Vec<TrainingRun>, n: usize) -> Result<Vec<TrainingRun>> {
    let left = runs.len().checked_sub(n).ok_or_else(|| {
        Error::insufficient(format!("{n} runs are to be dropped, and there are {}", runs.len()))
            .hint("`--drop-highest-losses` counts runs")
    })?;
    runs.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    runs.truncate(left);
    Ok(runs)
}

/// How far a published law lies from the optimum, in numbers and in words.
struct Verdict {
    law: String,
    distance: Distance,
    words: String,
}

fn verdicts(fit: &Fit, laws: &PublishedLaws) -> Vec<Verdict> {
    let verdict = |law: &Chinchilla| {
        let distance = fit.distance(law);
        // Rounded up, so that "within" holds.
        let within = (distance.standard_errors * 10.0).ceil() / 10.0;
        let errors = if within > 1.0 { "errors" } else { "error" };
        let words = format!(
            "published law `{}` lies within {within:.1} standard {errors} of this optimum \
             (furthest: {})",
            law.name, distance.constant
        );
        Verdict { law: law.name.clone(), distance, words }
    };
    laws.chinchilla.iter().map(verdict).collect()
}

impl Verdict {
    fn object(&self) -> Value {
        json!({
            "law": self.law,
            "standard_errors": self.distance.standard_errors,
            "furthest": self.distance.constant,
            "words": self.words,
        })
    }
}

fn cells(estimate: &Estimate) -> Vec<Value> {
    vec![
        json!(estimate.name),
        json!(estimate.estimate),
        json!(estimate.standard_error),
        json!(estimate.lower_95),
        json!(estimate.upper_95),
    ]
}

fn object(estimate: &Estimate) -> Value {
    COLUMNS.iter().map(|column| (*column).to_owned()).zip(cells(estimate)).collect()
}

fn line(estimate: &Estimate) -> Vec<String> {
    let numbers =
        [estimate.estimate, estimate.standard_error, estimate.lower_95, estimate.upper_95];
    let digits = if estimate.estimate.abs() >= 10.0 { 2 } else { 5 };
    let shown = |number: f64| {
        if number.abs() < SHOWN_MAX {
            format!("{number:.digits$}")
        } else {
            format!("{number:.3e}")
        }
    };
    let mut cells = vec![estimate.name.to_owned()];
    cells.extend(numbers.map(shown));
    cells
}
