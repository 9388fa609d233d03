//! `chipcast scale law`: the laws side by side, out of sample, or one fitted to a user's runs.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::fit;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::report::machines::N_BOOTSTRAPS;
use crate::scaling::assumption::{Assumptions, Worlds};
use crate::scaling::law::{
    Curve, Form, Law, LawScore, Sampling, Scale, ScalingLaw, SideBySide, rows, side_by_side,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What capability is measured on: eci, mmlu, gpqa or time_horizon
    #[arg(long, default_value = "eci", value_name = "SCALE")]
    scale: String,
    /// Fit a law of loss to the training runs in this file: parameters, FLOP or tokens, loss
    #[arg(long, value_name = "FILE")]
    fit: Option<PathBuf>,
    #[command(flatten)]
    how: fit::Arguments,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    match &arguments.fit {
        Some(file) => fit::run(context, file, &arguments.how),
        None => compared(context, arguments.scale.parse()?),
    }
}

fn compared(context: &Context, scale: Scale) -> Result<Outcome> {
    let assumptions = Assumptions::bundled()?;
    let models = rows(scale)?;
    let laws = side_by_side(scale, &models, &assumptions)?;
    let worlds =
        Worlds { seed: context.global.seed, origin: context.snapshot()?.as_of(), n_draws: 1 };
    let sampling = Sampling { worlds, n_bootstraps: N_BOOTSTRAPS };
    let refit = |form| Law::fit(scale, form, &models, &assumptions, sampling);
    let mut printed = Rows::new(&[
        "law",
        "formula",
        "rmse_out_of_sample",
        "rmse_in_sample",
        "parameters",
        "rmse_larger_models",
        "used",
        "citation",
    ]);
    let mut shown = Vec::new();
    let used = laws.best();
    for (later, larger) in laws.in_time.scores.iter().zip(&laws.in_compute.scores) {
        let is_used = later.form == used;
        printed.push(vec![
            json!(later.form.word()),
            json!(later.form.expression()),
            json!(later.rmse_out_of_sample),
            json!(later.rmse_in_sample),
            json!(parameters(&later.curve)),
            json!(larger.rmse_out_of_sample),
            json!(is_used),
            json!(later.form.shape.citation()),
        ]);
        shown.push(line(scale, later, larger, if is_used { "used" } else { "" }));
    }
    beside(&mut printed, &laws);
    let fitted = [refit(used)?, refit(Form::LOG)?];
    let domain = fitted[0].domain();
    printed.beside("domain_flop", json!([domain.start().0, domain.end().0]));
    let header =
        ["law", "", "later models", "larger models", "early models", "parameters (early models)"];
    printed.print(context.global.format, || table(&header, &[2, 3, 4], shown))?;
    for law in &fitted {
        let form = law.best().form();
        context.say(format!("{form}, all {} models: {}", law.n_rows(), law.with_intervals()));
        context.say(format!(
            "  {}; training compute from {:.1e} to {:.1e} FLOP; {}",
            form.shape.citation(),
            law.domain().start().0,
            law.domain().end().0,
            law.citation()
        ));
    }
    context.say(format!("{}.", laws.verdict()));
    Ok(Outcome::Done)
}

fn beside(printed: &mut Rows, laws: &SideBySide) {
    printed.beside("scale", json!(laws.scale.word()));
    printed.beside("n_train", json!(laws.in_time.n_train));
    printed.beside("n_test", json!(laws.in_time.n_test));
    printed.beside("n_train_smaller", json!(laws.in_compute.n_train));
    printed.beside("n_test_larger", json!(laws.in_compute.n_test));
    printed.beside("verdict", json!(laws.verdict()));
}

fn line(scale: Scale, later: &LawScore, larger: &LawScore, mark: &str) -> Vec<String> {
    vec![
        later.form.expression(),
        mark.to_owned(),
        scale.shown(later.rmse_out_of_sample),
        scale.shown(larger.rmse_out_of_sample),
        scale.shown(later.rmse_in_sample),
        parameters(&later.curve),
    ]
}

fn parameters(curve: &Curve) -> String {
    let values: Vec<_> =
        curve.parameters().map(|(name, value)| format!("{name} = {value:.4}")).collect();
    values.join("; ")
}
