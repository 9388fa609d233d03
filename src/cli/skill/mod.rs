//! `chipcast skill`: the measured envelope of a series, by horizon, model, number of variables and regime.
//!
//! The rows of the models are the contract with programs; the other tables stand beside them.

mod heat;
mod tables;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Format, Outcome};
use crate::error::Result;
use crate::forecast::backtest::Book;
use crate::forecast::few::envelope::{self, Envelope};
use crate::forecast::few::lab::Lab;
use crate::forecast::specified::selection::Selection;
use crate::forecast::{Forecast, engine};
use crate::rows::skill::{self, n_variables};
use crate::series::SeriesId;
use crate::store;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Series id
    series: String,
    /// Furthest period ahead
    #[arg(long, default_value_t = 8, value_name = "N")]
    horizon: usize,
    /// Models, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = ["chipcast".to_owned(), "pooled".to_owned(), "ols".to_owned(), "drift".to_owned(), "seasonal_naive".to_owned()])]
    models: Vec<String>,
    /// Show this part alone; in csv the models' rows by default
    #[arg(long, value_enum, value_name = "PART")]
    show: Option<Part>,
    /// Write the heat map here, as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// A part of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Skill of each model by horizon.
    Models,
    /// Skill by horizon, number of variables and regime.
    Surface,
    /// The price of each variable at each horizon.
    Prices,
    /// Cap, grade, refusal, interval levels and variables outside what was seen.
    Limits,
}

/// What the command found out.
struct Found<'a> {
    series: &'a SeriesId,
    forecasts: Vec<(&'a str, Forecast)>,
    /// The variables and their measure; none where too little is known.
    few: Option<(Lab<'a>, Envelope)>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let series = SeriesId::new(&arguments.series)?;
    let known = context.snapshot()?;
    let book = Book::new(&known, arguments.horizon)?;
    let mut forecasts = Vec::new();
    for name in &arguments.models {
        match book.forecast(engine::model(name)?, &series) {
            Ok(forecast) => forecasts.push((name.as_str(), forecast)),
            Err(crate::Error::Insufficient(why)) => {
                context.say(format!("no rows of `{name}`: {why}"));
            }
            Err(error) => return Err(error),
        }
    }
    let few = match Lab::of(&known, &series, Selection::bundled()) {
        Ok(lab) => {
            let envelope = envelope::measure(&lab, arguments.horizon);
            Some((lab, envelope))
        }
        Err(crate::Error::Insufficient(why)) => {
            context.say(format!("no variables are priced: {why}"));
            None
        }
        Err(error) => return Err(error),
    };
    let found = Found { series: &series, forecasts, few };
    if let Some(file) = &arguments.svg {
        let run_id = context.run_id(&known);
        store::write_atomic(file, heat::svg(&found, known.as_of(), &run_id)?.as_bytes())?;
    }
    print(context, arguments, &found)?;
    let cap = found.engine().map_or(0, |forecast| forecast.skill.horizon_cap);
    context.say(format!(
        "skill against the last value, lower bound in brackets; {series} is forecast up to horizon {cap} and refused beyond"
    ));
    Ok(if cap == 0 { Outcome::Refused } else { Outcome::Done })
}

impl Found<'_> {
    /// The engine's own forecast.
    fn engine(&self) -> Option<&Forecast> {
        self.forecasts.iter().find(|(name, _)| *name == "chipcast").map(|(_, forecast)| forecast)
    }
}

fn print(context: &Context, arguments: &Arguments, found: &Found<'_>) -> Result<()> {
    let format = context.global.format;
    let people = |part: Part| match part {
        Part::Models => people_models(found, arguments.horizon),
        Part::Surface => heat::people(found),
        Part::Prices => tables::people_prices(found),
        Part::Limits => tables::people_limits(found),
    };
    let parts = match arguments.show {
        Some(part) => vec![part],
        None => vec![Part::Models, Part::Surface, Part::Prices, Part::Limits],
    };
    let everything = || parts.iter().map(|part| people(*part)).collect::<Vec<_>>().join("\n\n");
    if let (Format::Csv, Some(part)) = (format, arguments.show) {
        return rows(part, found).print(format, everything);
    }
    let mut document = rows(Part::Models, found);
    for (key, part) in
        [("surface", Part::Surface), ("prices", Part::Prices), ("limits", Part::Limits)]
    {
        document.beside(key, rows(part, found).objects());
    }
    document.beside("extrapolations", tables::extrapolations(found));
    document.beside("refusal", tables::refusal(found));
    document.print(format, everything)
}

fn rows(part: Part, found: &Found<'_>) -> Rows {
    match part {
        Part::Models => skill::rows(&found.forecasts).into(),
        Part::Surface => tables::surface(found),
        Part::Prices => tables::prices(found),
        Part::Limits => tables::limits(found),
    }
}

fn people_models(found: &Found<'_>, horizon: usize) -> String {
    let mut shown = Vec::new();
    for (name, forecast) in &found.forecasts {
        let mut line = vec![(*name).to_owned(), n_variables(name).to_string()];
        line.extend(forecast.skill.by_horizon.iter().map(|at| match (at.skill, at.lower) {
            (Some(skill), Some(lower)) => format!("{skill:+.2} [{lower:+.2}]"),
            _ => format!("n={}", at.n),
        }));
        line.resize(horizon + 2, "-".to_owned());
        line.push(forecast.skill.horizon_cap.to_string());
        shown.push(line);
    }
    let horizons: Vec<String> = (1..=horizon).map(|h| format!("h={h}")).collect();
    let mut header = vec!["model", "variables"];
    header.extend(horizons.iter().map(String::as_str));
    header.push("cap");
    let numbers: Vec<usize> = (1..header.len()).collect();
    table(&header, &numbers, shown)
}

/// A number, or nothing where there is none.
fn optional(value: Option<f64>) -> Value {
    value.map_or(Value::Null, |value| json!(value))
}
