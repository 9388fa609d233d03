//! `chipcast forecast --explain`: the terms that add up to each median.
//!
//! May use `forecast` and `output`. Shows a withheld step's terms no more than its number.

use serde_json::json;

use super::Context;
use super::output::{Rows, table};
use crate::error::{Error, Result};
use crate::forecast::history::Scale;
use crate::forecast::{Forecast, Term};

const COLUMNS: [&str; 7] =
    ["series", "origin_date", "horizon", "term", "value", "weight", "contribution"];

/// Prints a row a term; the contributions of a horizon add up to its level on the model's scale.
pub(super) fn print(context: &Context, forecasts: &[Forecast]) -> Result<()> {
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for forecast in forecasts {
        if forecast.terms.is_empty() {
            return Err(Error::invalid(format!(
                "`{}` is no sum of terms; there is nothing to explain of {:?}",
                forecast.model, forecast.target
            ))
            .hint("models of kind regression, `drift`, `pooled`, `guidance` and `chipcast` are"));
        }
        for (step, terms) in forecast.steps.iter().zip(&forecast.terms) {
            if let Some(refusal) = &step.refusal {
                context.say(format!(
                    "{} at horizon {} is refused: {}",
                    forecast.target, step.horizon, refusal.measured
                ));
                continue;
            }
            for term in terms {
                rows.push(vec![
                    json!(forecast.target.as_str()),
                    json!(forecast.origin),
                    json!(step.horizon),
                    json!(term.name),
                    json!(term.value),
                    json!(term.weight),
                    json!(term.contribution()),
                ]);
                let mut line = vec![forecast.target.to_string(), step.horizon.to_string()];
                line.extend(cells(term, forecast.scale));
                shown.push(line);
            }
        }
    }
    let header = ["series", "h", "term", "value", "weight", "contribution", "percent"];
    rows.print(context.global.format, || table(&header, &[1, 3, 4, 5, 6], shown))
}

/// Name, value, weight, contribution, and what that is in percent of the value where it is a change of
/// a logarithm.
fn cells(term: &Term, scale: Scale) -> [String; 5] {
    let contribution = term.contribution();
    let is_change = scale == Scale::Log && contribution.abs() < 3.0;
    let percent = is_change.then(|| format!("{:+.1}%", contribution.exp_m1() * 100.0));
    [
        term.name.clone(),
        format!("{:.4}", term.value),
        format!("{:.4}", term.weight),
        format!("{contribution:+.4}"),
        percent.unwrap_or_default(),
    ]
}
