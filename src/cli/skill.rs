//! `chipcast skill`: how far ahead a series can be forecast, and what measures it.

use clap::Args;
use serde_json::json;

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::error::Result;
use crate::forecast::backtest::Book;
use crate::forecast::skill::Basis;
use crate::forecast::{Forecaster, engine};
use crate::series::SeriesId;

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
}

/// How many variables of the past each model reads, the last value not counted.
fn n_variables(model: &dyn Forecaster) -> usize {
    match model.name() {
        "naive" | "seasonal_naive" => 0,
        "drift" | "guide" | "ets" | "theta" | "univariate" => 1,
        "guidance" | "pooled" => 2,
        _ => 3,
    }
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let series = SeriesId::new(&arguments.series)?;
    let known = context.snapshot()?;
    let book = Book::new(&known, arguments.horizon)?;
    let mut rows = Rows::new(&[
        "series",
        "model",
        "n_variables",
        "horizon",
        "n",
        "skill",
        "skill_lower",
        "basis",
        "grade",
        "horizon_cap",
    ]);
    let mut shown = Vec::new();
    let mut cap = 0;
    for name in &arguments.models {
        let model = engine::model(name)?;
        let forecast = match book.forecast(model, &series) {
            Ok(forecast) => forecast,
            Err(crate::Error::Insufficient(why)) => {
                context.say(format!("no rows of `{name}`: {why}"));
                continue;
            }
            Err(error) => return Err(error),
        };
        if name == "chipcast" {
            cap = forecast.skill.horizon_cap;
        }
        let mut line = vec![name.clone(), n_variables(model).to_string()];
        for at in &forecast.skill.by_horizon {
            let basis = match at.basis {
                Basis::Own => "own",
                Basis::Panel => "panel",
            };
            rows.push(vec![
                json!(series.as_str()),
                json!(name),
                json!(n_variables(model)),
                json!(at.horizon),
                json!(at.n),
                json!(at.skill),
                json!(at.lower),
                json!(basis),
                json!(forecast.skill.grade_at(at.horizon).letter()),
                json!(forecast.skill.horizon_cap),
            ]);
            line.push(match (at.skill, at.lower) {
                (Some(skill), Some(lower)) => format!("{skill:+.2} [{lower:+.2}]"),
                _ => format!("n={}", at.n),
            });
        }
        line.resize(arguments.horizon + 2, "-".to_owned());
        line.push(forecast.skill.horizon_cap.to_string());
        shown.push(line);
    }
    let horizons: Vec<String> = (1..=arguments.horizon).map(|h| format!("h={h}")).collect();
    let mut header = vec!["model", "variables"];
    header.extend(horizons.iter().map(String::as_str));
    header.push("cap");
    let numbers: Vec<usize> = (1..header.len()).collect();
    rows.print(context.global.format, || table(&header, &numbers, shown))?;
    context.say(format!(
        "skill against the last value, lower bound in brackets; {series} is forecast up to horizon {cap} and refused beyond"
    ));
    Ok(if cap == 0 { Outcome::Refused } else { Outcome::Done })
}
