//! `chipcast model`: saves a fitted model, shows it, and applies it to what is known now.

use std::path::{Path as FilePath, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::forecast::engine;
use crate::forecast::saved::{self, MAX_BYTES, Saved};
use crate::forecast::specified::spec::{MAX_SPEC_BYTES, ModelSpec};
use crate::forecast::specified::{self, Specified};
use crate::report::format;
use crate::rows::forecast::{COLUMNS, N_HUB_COLUMNS};
use crate::series::SeriesId;
use crate::store;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Fit a model of kind `regression` to a series and write it to a file
    Save(SaveArguments),
    /// Show the coefficients of a saved model
    Show {
        /// The file
        file: PathBuf,
    },
    /// Apply a saved model to what is known now, nothing refitted
    Forecast(ForecastArguments),
}

#[derive(Debug, Args)]
pub(super) struct SaveArguments {
    /// The model's name, such as `ridge`; or the spec file given by `--spec`
    name: String,
    /// Series id
    series: String,
    /// The file to write
    file: PathBuf,
    /// Periods ahead
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=40))]
    horizon: u8,
    /// A spec file of your own that describes the model
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ForecastArguments {
    /// The file
    file: PathBuf,
    /// Series id; the one that it was fitted to by default
    series: Option<String>,
    /// Fit the same spec anew to what is known now
    #[arg(long)]
    refit: bool,
}

pub(super) fn run(context: &Context, command: &Command) -> Result<Outcome> {
    match command {
        Command::Save(arguments) => save(context, arguments),
        Command::Show { file } => show(context, file),
        Command::Forecast(arguments) => forecast(context, arguments),
    }
}

/// A model from a spec file of the user's own.
///
/// # Errors
/// [`Error::Parse`] or [`Error::Invalid`] naming file, line and key; a built-in model's name is taken.
pub(super) fn from_spec(file: &FilePath) -> Result<&'static Specified> {
    let shown = file.display().to_string();
    let bytes = store::read_file(file, MAX_SPEC_BYTES)?;
    let text = String::from_utf8(bytes)
        .map_err(|e| Error::parse(format!("`{shown}` is no UTF-8 text")).caused_by(e))?;
    let spec = ModelSpec::read(&shown, &text)?;
    if engine::model(&spec.name).is_ok() {
        return Err(Error::invalid(format!(
            "`{shown}`: `name` is `{}`, which is a built-in model; needed is a name of its own",
            spec.name
        )));
    }
    if let specified::spec::Rule::Combination(combination) = &spec.rule {
        for member in &combination.members {
            engine::model(member)
                .map_err(|error| error.within(format_args!("`{shown}`: `members`")))?;
        }
    }
    Ok(Specified::kept(spec))
}

fn save(context: &Context, arguments: &SaveArguments) -> Result<Outcome> {
    let model = if let Some(file) = &arguments.spec {
        from_spec(file)?
    } else {
        let name = engine::model(&arguments.name)?.name();
        let found = specified::bundled().iter().find(|model| model.name() == name);
        *found.ok_or_else(|| saved::cannot_save(name))?
    };
    if model.name() != arguments.name {
        return Err(Error::invalid(format!(
            "model `{}` asked, but the spec describes `{}`",
            arguments.name,
            model.name()
        )));
    }
    let series = SeriesId::new(&arguments.series)?;
    let known = context.snapshot()?;
    let saved = Saved::fit(model, &known, &series, usize::from(arguments.horizon))?;
    store::write_atomic(&arguments.file, &saved.write()?)?;
    context.say(format!(
        "`{}` of {series} as of {} is in `{}`",
        model.name(),
        known.as_of(),
        arguments.file.display()
    ));
    Ok(Outcome::Done)
}

fn read(file: &FilePath) -> Result<Saved> {
    let bytes = store::read_file(file, MAX_BYTES)?;
    Saved::read(&bytes).map_err(|error| error.within(format_args!("`{}`", file.display())))
}

fn show(context: &Context, file: &FilePath) -> Result<Outcome> {
    let saved = read(file)?;
    let columns =
        ["model", "series", "origin_date", "horizon", "estimator", "n_rows", "term", "weight"];
    let mut rows = Rows::new(&columns);
    let mut shown = Vec::new();
    let target = saved.target()?;
    for c in saved.coefficients() {
        rows.push(vec![
            json!(saved.model()),
            json!(target.as_str()),
            json!(saved.origin()),
            json!(c.horizon),
            json!(c.estimator),
            json!(c.n_rows),
            json!(c.term),
            json!(c.weight),
        ]);
        shown.push(vec![
            c.horizon.to_string(),
            c.estimator.to_owned(),
            c.n_rows.to_string(),
            c.term.to_owned(),
            format!("{:.6}", c.weight),
        ]);
    }
    let header = ["h", "estimator", "rows", "term", "weight"];
    rows.print(context.global.format, || {
        let heading = format!("{} of {target}, fitted as of {}", saved.model(), saved.origin());
        format!("{heading}\n{}", table(&header, &[0, 2, 4], shown))
    })?;
    Ok(Outcome::Done)
}

fn forecast(context: &Context, arguments: &ForecastArguments) -> Result<Outcome> {
    let saved = read(&arguments.file)?;
    let series = match &arguments.series {
        Some(series) => SeriesId::new(series)?,
        None => saved.target()?,
    };
    let known = context.snapshot()?;
    let path =
        if arguments.refit { saved.refit(&known, &series) } else { saved.path(&known, &series) }?;
    let since = saved.since(&known, &series)?;
    let unit = known.series(&series)?.unit;
    let mut rows = Rows::new(&[&COLUMNS[..N_HUB_COLUMNS], &["fitted_date"]].concat());
    let mut shown = Vec::new();
    let fitted = if arguments.refit { known.as_of() } else { saved.origin() };
    for (step, horizon) in path.steps.iter().zip(1..) {
        rows.push(vec![
            json!(saved.model()),
            json!(series.as_str()),
            json!(known.as_of()),
            json!(horizon),
            json!(step.period.end()),
            json!("median"),
            Value::Null,
            json!(step.median),
            json!(unit.word()),
            json!(fitted),
        ]);
        shown.push(vec![step.period.end().to_string(), format::short(step.median, unit, 1)]);
    }
    rows.print(context.global.format, || table(&["period end", "median"], &[1], shown))?;
    let same = if saved.archive() == known.digest() { "the same" } else { "another" };
    let error = match (since.mae, since.mae_naive) {
        (Some(mae), Some(naive)) => {
            format!("; on them its error is {mae:.4} a period, no growth's {naive:.4}")
        }
        _ => String::new(),
    };
    context.say(format!(
        "saved as of {} from {same} archive; {} periods are newer{error}",
        saved.origin(),
        since.n_periods
    ));
    Ok(Outcome::Done)
}
