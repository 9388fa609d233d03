//! The tables beside the models' rows: surface, prices, limits.
//!
//! May use `forecast` and `output`. The words of verdicts are the contract; the table is for the eye.

use serde_json::{Value, json};

use super::{Found, optional};
use crate::cli::output::{Rows, table};
use crate::forecast::few::envelope::Count;
use crate::forecast::few::price::{Offer, Verdict};

/// The word of a number of variables.
pub(super) fn word(count: Count) -> String {
    match count {
        Count::Forced(n) => n.to_string(),
        Count::Chosen => "chosen".to_owned(),
    }
}

pub(super) fn surface(found: &Found<'_>) -> Rows {
    let mut rows = Rows::new(&[
        "series",
        "horizon",
        "variables",
        "regime",
        "n",
        "skill",
        "skill_lower",
        "mean_variables",
    ]);
    for cell in found.few.iter().flat_map(|(_, envelope)| &envelope.surface) {
        rows.push(vec![
            json!(found.series.as_str()),
            json!(cell.horizon),
            json!(word(cell.count)),
            json!(cell.regime),
            json!(cell.n),
            optional(cell.skill),
            optional(cell.lower),
            json!(cell.mean_variables),
        ]);
    }
    rows
}

pub(super) fn prices(found: &Found<'_>) -> Rows {
    let mut rows = Rows::new(&[
        "series",
        "horizon",
        "variable",
        "price",
        "price_lower",
        "n",
        "beside",
        "verdict",
        "budget",
        "n_rows",
    ]);
    let Some((lab, envelope)) = &found.few else { return rows };
    for (horizon, choice) in &envelope.choices {
        for offer in &choice.offers {
            let beside: Vec<&str> =
                offer.given.iter().map(|at| lab.names()[*at].as_str()).collect();
            rows.push(vec![
                json!(found.series.as_str()),
                json!(horizon),
                json!(lab.names()[offer.variable]),
                optional(offer.price),
                optional(offer.lower),
                json!(offer.n),
                json!(beside.join("+")),
                json!(offer.verdict.word()),
                json!(choice.budget),
                json!(choice.n_rows),
            ]);
        }
    }
    rows
}

pub(super) fn limits(found: &Found<'_>) -> Rows {
    let mut rows = Rows::new(&[
        "series",
        "horizon",
        "grade",
        "horizon_cap",
        "n_residuals",
        "highest_coverage",
        "refusal",
        "measured",
        "would_answer",
    ]);
    let Some(forecast) = found.engine() else { return rows };
    for step in &forecast.steps {
        let refusal = step.refusal.as_ref();
        rows.push(vec![
            json!(found.series.as_str()),
            json!(step.horizon),
            json!(forecast.skill.grade_at(step.horizon).letter()),
            json!(forecast.skill.horizon_cap),
            json!(step.quantiles.n_residuals()),
            json!(step.quantiles.highest_coverage()),
            json!(refusal.map(|refusal| refusal.code.word())),
            json!(refusal.map(|refusal| &refusal.measured)),
            json!(refusal.map(|refusal| &refusal.would_answer)),
        ]);
    }
    rows
}

/// Why the first horizon beyond the cap is refused; null where none is.
pub(super) fn refusal(found: &Found<'_>) -> Value {
    let refused = found.engine().and_then(|forecast| {
        let refused = |step: &&crate::forecast::Outlook| step.refusal.is_some();
        let step = forecast.steps.iter().find(refused)?;
        let refusal = step.refusal.as_ref()?;
        Some(json!({
            "horizon": step.horizon,
            "code": refusal.code.word(),
            "measured": refusal.measured,
            "would_answer": refusal.would_answer,
        }))
    });
    refused.unwrap_or(Value::Null)
}

/// Variables that lie outside what was seen.
pub(super) fn extrapolations(found: &Found<'_>) -> Value {
    let Some((lab, _)) = &found.few else { return json!([]) };
    let of = |outside: &crate::forecast::few::lab::Extrapolation| {
        json!({
            "variable": lab.names()[outside.variable],
            "value": outside.value,
            "low": outside.low,
            "high": outside.high,
            "n": outside.n,
        })
    };
    lab.extrapolations().iter().map(of).collect()
}

/// A line a variable, a column a horizon: price, lower bound, and `in` where it is accepted.
pub(super) fn people_prices(found: &Found<'_>) -> String {
    let Some((lab, envelope)) = &found.few else { return "no variable is priced".to_owned() };
    let offer = |variable: usize, horizon: usize| {
        let (_, choice) = &envelope.choices[horizon];
        choice.offers.iter().find(|offer| offer.variable == variable)
    };
    let lines = lab.names().iter().enumerate().map(|(variable, name)| {
        let cells = (0..envelope.choices.len())
            .map(|h| offer(variable, h).map_or_else(|| "-".to_owned(), cell));
        std::iter::once(name.clone()).chain(cells).collect()
    });
    let horizons: Vec<String> = envelope.choices.iter().map(|(h, _)| format!("h={h}")).collect();
    let mut header = vec!["price of a variable"];
    header.extend(horizons.iter().map(String::as_str));
    let numbers: Vec<usize> = (1..header.len()).collect();
    let budgets: Vec<String> =
        envelope.choices.iter().map(|(_, choice)| choice.budget.to_string()).collect();
    format!(
        "{}\nprice: skill added out of sample beside the accepted ones, lower bound in brackets; `in`: \
         accepted, the\nbound lies above zero; `n=`: so few resolved forecasts have no price; `unknown`: not \
         known today;\nbudget of variables by horizon {}",
        table(&header, &numbers, lines.collect()),
        budgets.join(", ")
    )
}

fn cell(offer: &Offer) -> String {
    let mark = if offer.verdict == Verdict::Accepted { " in" } else { "" };
    match (offer.price, offer.lower) {
        (Some(price), Some(lower)) => format!("{price:+.2} [{lower:+.2}]{mark}"),
        _ if offer.verdict == Verdict::NotKnown => "unknown".to_owned(),
        _ => format!("n={}", offer.n),
    }
}

/// Cap, grade, what is refused and why, interval levels, and variables outside what was seen.
pub(super) fn people_limits(found: &Found<'_>) -> String {
    let mut lines = Vec::new();
    if let Some(forecast) = found.engine() {
        let levels: Vec<String> = forecast
            .steps
            .iter()
            .map(|step| format!("{:.3}", step.quantiles.highest_coverage()))
            .collect();
        lines.push(format!(
            "horizon cap {}, grade {}; the residuals carry interval levels up to 1 - 2/(m+1) = {} by horizon",
            forecast.skill.horizon_cap,
            forecast.skill.grade.letter(),
            levels.join(", ")
        ));
        let refused = |step: &&crate::forecast::Outlook| step.refusal.is_some();
        if let Some((step, refusal)) = forecast
            .steps
            .iter()
            .find(refused)
            .and_then(|step| Some((step, step.refusal.as_ref()?)))
        {
            lines.push(format!(
                "refused from horizon {} on ({}): {}; what would answer: {}",
                step.horizon,
                refusal.code.word(),
                refusal.measured,
                refusal.would_answer
            ));
        }
    }
    if let Some((lab, _)) = &found.few {
        lines.extend(lab.extrapolations().iter().map(|outside| {
            format!(
                "extrapolation: {} is {:+.3}, outside {:+.3} to {:+.3} of {} earlier origins",
                lab.names()[outside.variable],
                outside.value,
                outside.low,
                outside.high,
                outside.n
            )
        }));
    }
    lines.join("\n")
}
