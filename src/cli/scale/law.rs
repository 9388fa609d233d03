//! `chipcast scale law`: the laws side by side, out of sample.

use clap::Args;
use serde_json::json;

use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::report::machines::Workshop;

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(context: &Context, _arguments: &Arguments) -> Result<Outcome> {
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
