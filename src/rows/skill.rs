//! Rows of measured skill: model by model, horizon by horizon.
//!
//! May use `forecast` and `rows`.

use serde_json::json;

use super::Rows;
use crate::forecast::Forecast;
use crate::forecast::skill::Basis;

/// How many variables of the past each model reads, the last value not counted.
pub fn n_variables(model: &str) -> usize {
    match model {
        "naive" | "seasonal_naive" => 0,
        "drift" | "guide" | "ets" | "theta" | "univariate" => 1,
        "guidance" | "pooled" => 2,
        _ => 3,
    }
}

/// Columns of the skill of models by horizon.
pub const COLUMNS: [&str; 10] = [
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
];

/// The skill of models on one series; each with the name that was asked for.
pub fn rows(forecasts: &[(&str, Forecast)]) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for (name, forecast) in forecasts {
        for at in &forecast.skill.by_horizon {
            let basis = match at.basis {
                Basis::Own => "own",
                Basis::Panel => "panel",
            };
            rows.push(vec![
                json!(forecast.target.as_str()),
                json!(name),
                json!(n_variables(name)),
                json!(at.horizon),
                json!(at.n),
                json!(at.skill),
                json!(at.lower),
                json!(basis),
                json!(forecast.skill.grade_at(at.horizon).letter()),
                json!(forecast.skill.horizon_cap),
            ]);
        }
    }
    rows
}
