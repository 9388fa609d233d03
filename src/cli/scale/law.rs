//! `chipcast scale law`: the laws side by side, out of sample, or one fitted to a user's runs.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::fit;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::report::machines::Workshop;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Fit a law of loss to the training runs in this file: parameters, FLOP or tokens, loss
    #[arg(long, value_name = "FILE")]
    fit: Option<PathBuf>,
    #[command(flatten)]
    how: fit::Arguments,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    match &arguments.fit {
        Some(file) => fit::run(context, file, &arguments.how),
        None => side_by_side(context),
    }
}

fn side_by_side(context: &Context) -> Result<Outcome> {
    let known = context.snapshot()?;
    let comparison = Workshop::new(context.global.seed, known.as_of())?.comparison;
    let mut rows =
        Rows::new(&["law", "formula", "rmse_out_of_sample", "rmse_in_sample", "parameters"]);
    let mut shown = Vec::new();
    for score in &comparison.scores {
        let parameters: Vec<_> =
            score.curve.parameters().map(|(name, value)| format!("{name} = {value:.4}")).collect();
        rows.push(vec![
            json!(score.form.word()),
            json!(score.form.expression()),
            json!(score.rmse_out_of_sample),
            json!(score.rmse_in_sample),
            json!(parameters.join("; ")),
        ]);
        shown.push(vec![
            score.form.expression().to_owned(),
            format!("{:.1}", score.rmse_out_of_sample),
            format!("{:.1}", score.rmse_in_sample),
            parameters.join("; "),
        ]);
    }
    rows.beside("n_train", json!(comparison.n_train));
    rows.beside("n_test", json!(comparison.n_test));
    rows.beside("verdict", json!(comparison.verdict()));
    let header = ["law", "error out of sample", "error in sample", "parameters"];
    rows.print(context.global.format, || table(&header, &[1, 2], shown))?;
    context.say(format!("{}.", comparison.verdict()));
    Ok(Outcome::Done)
}
