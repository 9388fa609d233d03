//! Rows of news: what moved a forecast between two days, event by event, and period by period.
//!
//! May use the core, `forecast`, `report` for words and sources, and `rows`. Impacts of a period
//! add up to the change of its estimate.

use serde_json::{Value, json};

use super::Rows;
use crate::archive::Snapshot;
use crate::error::Result;
use crate::forecast::backtest::Book;
use crate::forecast::engine;
use crate::forecast::news::events::{Event, Says};
use crate::forecast::news::{Account, Effect, News, Part, difference};
use crate::observation::Action;
use crate::period::Period;
use crate::report::{SourceRef, format};
use crate::series::Registry;
use crate::units::Unit;

/// Columns of the effects.
pub const COLUMNS: [&str; 25] = [
    "target",
    "target_period_start",
    "target_period_end",
    "horizon",
    "event_date",
    "kind",
    "action",
    "series",
    "period_start",
    "period_end",
    "n_values",
    "expected",
    "actual",
    "event_unit",
    "surprise",
    "weight",
    "estimate_before",
    "impact",
    "impact_percent",
    "impact_on_scale",
    "estimate_after",
    "unit",
    "model",
    "locator",
    "url",
];

/// Columns of the periods as a whole.
pub const SUMMARY_COLUMNS: [&str; 17] = [
    "target",
    "model",
    "from",
    "to",
    "target_period_start",
    "target_period_end",
    "horizon",
    "is_reported",
    "unit",
    "estimate_prev",
    "impact_of_revisions",
    "impact_of_news",
    "total_impact",
    "estimate_new",
    "of_which_refit",
    "refusal",
    "finding",
];

/// One row an effect; the periods as a whole stand beside them as `summary`.
///
/// - `refusals`: one entry an account, as of [`refusals`].
pub fn rows(told: &News, refusals: &[Option<String>]) -> Rows {
    let mut rows = Rows::new(&COLUMNS);
    for account in &told.accounts {
        for effect in &account.effects {
            rows.push(row(told, account, effect));
        }
    }
    rows.beside("summary", summary(told, refusals).objects());
    rows
}

/// One row a period: what was expected, what moved it, what is expected now, and the most of it in words.
///
/// - `refusals`: one entry an account, as of [`refusals`].
pub fn summary(told: &News, refusals: &[Option<String>]) -> Rows {
    let mut rows = Rows::new(&SUMMARY_COLUMNS);
    for (account, refusal) in told.accounts.iter().zip(refusals) {
        rows.push(summary_row(told, account, refusal.as_deref()));
    }
    rows
}

/// The code of the refusal of each account's period on the last day, where it is ahead and refused.
///
/// # Errors
/// As [`Book::forecast`].
pub fn refusals(now: &Snapshot, told: &News, horizon: usize) -> Result<Vec<Option<String>>> {
    let forecast = Book::new(now, horizon)?.forecast(engine::model(told.model)?, &told.target)?;
    let refusal = |account: &Account| {
        let step = forecast.steps.iter().find(|step| step.horizon == account.horizon)?;
        Some(step.refusal.as_ref()?.code.word().to_owned())
    };
    Ok(told.accounts.iter().map(refusal).collect())
}

fn row(told: &News, account: &Account, effect: &Effect) -> Vec<Value> {
    let event = &told.events[effect.event_idx];
    let source = SourceRef::of_event(event);
    let url = source
        .as_ref()
        .and_then(|source| source.locator_parts().into_iter().find_map(|(_, address)| address));
    let (period, event_unit) = event.about().unzip();
    vec![
        json!(told.target.as_str()),
        json!(account.period.start()),
        json!(account.period.end()),
        json!(effect.horizon),
        json!(event.day),
        json!(effect.part.word()),
        json!(event.action().map(Action::word)),
        json!(event.series.as_str()),
        json!(period.map(Period::start)),
        json!(period.map(Period::end)),
        json!(event.rows().len().max(1)),
        json!(effect.expected),
        json!(effect.actual),
        json!(event_unit.map(Unit::word)),
        json!(effect.surprise),
        json!(effect.weight),
        json!(effect.before),
        json!(effect.impact()),
        json!(100.0 * effect.impact() / effect.before.abs()),
        json!(difference(told.scale, effect.after, effect.before)),
        json!(effect.after),
        json!(told.unit.word()),
        json!(told.model),
        json!(source.map(|source| source.locator)),
        json!(url),
    ]
}

fn summary_row(told: &News, account: &Account, refusal: Option<&str>) -> Vec<Value> {
    vec![
        json!(told.target.as_str()),
        json!(told.model),
        json!(told.from),
        json!(told.to),
        json!(account.period.start()),
        json!(account.period.end()),
        json!(account.horizon),
        json!(account.horizon == 0),
        json!(told.unit.word()),
        json!(account.prev),
        json!(account.revisions(&told.events)),
        json!(account.news(&told.events)),
        json!(account.total()),
        json!(account.new),
        json!(account.by(Part::Refit)),
        json!(refusal),
        json!(finding(told, account)),
    ]
}

/// What moved the estimate most, in a sentence.
pub fn finding(told: &News, account: &Account) -> String {
    let registry = Registry::bundled();
    let word = account.period.frequency().map_or("period", |frequency| frequency.word());
    let number = |value: f64| format::words(value, told.unit, 2);
    let share = format::signed(account.total() / account.prev.abs(), Unit::Ratio, 1);
    let mut text = format!(
        "{}, {word} to {}: {} {} ({share})",
        registry.title(&told.target),
        account.period.end(),
        number(account.prev),
        if account.horizon == 0 {
            format!("was expected, {} was reported", number(account.new))
        } else {
            format!("became {}", number(account.new))
        },
    );
    let most = account.impacts().into_iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    match most.filter(|(_, impact)| *impact != 0.0) {
        None => text.push_str("; nothing moved it"),
        Some((event_idx, impact)) => {
            let event = &told.events[event_idx];
            let said = account.effects.iter().find(|effect| effect.event_idx == event_idx);
            text.push_str(&format!(
                "; most by {} of {}{}: {}",
                what(event),
                event.day,
                said.map_or_else(String::new, |effect| surprise(event, effect)),
                format::signed(impact, told.unit, 2)
            ));
        }
    }
    text
}

/// What it said and what it was expected to say, in words.
fn surprise(event: &Event, effect: &Effect) -> String {
    let (Some(expected), Some(actual), Some((_, unit))) =
        (effect.expected, effect.actual, event.about())
    else {
        return String::new();
    };
    let words = |value: f64| format::words(value, unit, 2);
    format!(" ({} where {} was expected)", words(actual), words(expected))
}

/// An event in words.
fn what(event: &Event) -> String {
    let title = Registry::bundled().title(&event.series);
    match (&event.says, event.rows()) {
        (Says::Announced(a), _) => {
            format!("the company's word ({} to {})", a.action.word(), a.period.end())
        }
        (Says::Revisions(_), rows) => {
            format!("the revision of {} of {title}", format::count(rows.len(), "value"))
        }
        (Says::Values(_), [.., row]) => format!("the value of {title} to {}", row.period.end()),
        (Says::Values(_), []) => title,
    }
}
