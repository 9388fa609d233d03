//! `chipcast news`: what moved a forecast between two days, event by event.

use chrono::NaiveDate;
use clap::Args;
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::backtest::Book;
use crate::forecast::engine;
use crate::forecast::news::events::{Event, Says};
use crate::forecast::news::{Account, Effect, News, Part, difference, news};
use crate::observation::Action;
use crate::period::Period;
use crate::report::{SourceRef, format};
use crate::series::{Registry, SeriesId};
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Series id
    series: String,
    /// The day from which on is told
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,
    /// The day up to which is told; `--as-of`, or the last day known, by default
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
    /// Periods ahead of the last day
    #[arg(long, default_value_t = 1, value_name = "N")]
    horizon: usize,
    /// The model; the engine's own choice by default
    #[arg(long, default_value = "chipcast", value_name = "NAME")]
    model: String,
}

const COLUMNS: [&str; 25] = [
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

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let archive = context.archive()?;
    let day = arguments.to.or(context.global.as_of).unwrap_or_else(|| archive.known_through());
    let now = archive.as_of(day)?;
    if arguments.from > day {
        return Err(Error::invalid(format!(
            "news from {} to {day} asked; the first day lies after the last",
            arguments.from
        ))
        .hint("`--to` is the last day known by default"));
    }
    if !(1..=40).contains(&arguments.horizon) {
        return Err(Error::invalid(format!(
            "horizon {} asked; needed is 1 to 40",
            arguments.horizon
        )));
    }
    let target = SeriesId::new(&arguments.series)?;
    let model = engine::model(&arguments.model)?;
    let told = news(model, &archive.as_of(arguments.from)?, &now, &target, arguments.horizon)?;
    let refusals = refusals(&now, &told, arguments)?;
    let mut rows = Rows::new(&COLUMNS);
    for account in &told.accounts {
        for effect in &account.effects {
            rows.push(row(&told, account, effect));
        }
    }
    let summary = told.accounts.iter().zip(&refusals);
    let summary = summary.map(|(account, refusal)| summary_row(&told, account, refusal.as_deref()));
    rows.beside("summary", summary.collect());
    rows.print(context.global.format, || people(&told, &refusals, context.global.verbose))?;
    for period in &told.unexplained {
        context.say(format!(
            "no row of the period {period}: `{}` had no forecast of it on one of the days",
            told.model
        ));
    }
    Ok(Outcome::Done)
}

/// The code of the refusal of each account's period on the last day, where it is ahead and refused.
fn refusals(now: &Snapshot, told: &News, arguments: &Arguments) -> Result<Vec<Option<String>>> {
    let book = Book::new(now, arguments.horizon)?;
    let forecast = book.forecast(engine::model(&arguments.model)?, &told.target)?;
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

fn summary_row(told: &News, account: &Account, refusal: Option<&str>) -> Value {
    json!({
        "target": told.target.as_str(),
        "model": told.model,
        "from": told.from,
        "to": told.to,
        "target_period_start": account.period.start(),
        "target_period_end": account.period.end(),
        "horizon": account.horizon,
        "is_reported": account.horizon == 0,
        "unit": told.unit.word(),
        "estimate_prev": account.prev,
        "impact_of_revisions": account.revisions(&told.events),
        "impact_of_news": account.news(&told.events),
        "total_impact": account.total(),
        "estimate_new": account.new,
        "of_which_refit": account.by(Part::Refit),
        "refusal": refusal,
        "finding": finding(told, account),
    })
}

/// What moved the estimate most, in a sentence.
fn finding(told: &News, account: &Account) -> String {
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

fn people(told: &News, refusals: &[Option<String>], verbose: bool) -> String {
    let mut text = format!("{} by `{}`, {} to {}\n", told.target, told.model, told.from, told.to);
    for account in &told.accounts {
        text.push_str(&format!("{}\n", finding(told, account)));
    }
    let amounts = told.accounts.iter().flat_map(|account| [account.prev, account.new]);
    let scale = format::Scale::of(amounts, told.unit, 2);
    let heading = scale.heading();
    let mut header: Vec<_> = FIVE.to_vec();
    header[0] = &heading;
    let summary = told.accounts.iter().zip(refusals).map(|(account, refusal)| {
        let signed = |value: f64| format::signed_number(scale, value, 3);
        let note = match (account.horizon, refusal) {
            (0, _) => "reported".to_owned(),
            (_, Some(code)) => format!("refused: {code}"),
            (horizon, None) => format!("horizon {horizon}"),
        };
        vec![
            account.period.end().to_string(),
            scale.number(account.prev, 3),
            signed(account.revisions(&told.events)),
            signed(account.news(&told.events)),
            signed(account.total()),
            scale.number(account.new, 3),
            signed(account.by(Part::Refit)),
            note,
        ]
    });
    text.push_str(&format!("\n{}\n", table(&header, &[1, 2, 3, 4, 5, 6], summary.collect())));
    for account in &told.accounts {
        text.push_str(&format!(
            "\nto {}\n{}\n",
            account.period.end(),
            detail(told, account, verbose)
        ));
    }
    text.trim_end().to_owned()
}

/// The five columns of the nowcasting literature; the first is replaced by the unit.
const FIVE: [&str; 8] = [
    "period to",
    "estimate (prev)",
    "impact of revisions",
    "impact of news",
    "total impact",
    "estimate (new)",
    "of it refit",
    "",
];

/// Effects below this share of the estimate are shown on request alone.
const SHOWN_SHARE: f64 = 5e-5;

fn detail(told: &News, account: &Account, verbose: bool) -> String {
    let scale = format::Scale::of([account.prev, account.new], told.unit, 2);
    let is_shown = |e: &&Effect| verbose || e.impact().abs() >= SHOWN_SHARE * account.prev.abs();
    let (shown, small): (Vec<_>, Vec<_>) = account.effects.iter().partition(is_shown);
    let mut lines: Vec<_> = shown.into_iter().map(|effect| line(told, effect, scale)).collect();
    let rest: f64 = small.iter().map(|effect| effect.impact()).sum();
    if !small.is_empty() {
        let mut line = vec![String::new(); 10];
        line[1] = format!("{} smaller", small.len());
        line[7] = format::signed_number(scale, rest, 3);
        lines.push(line);
    }
    let header = [
        "date",
        "kind",
        "series",
        "period to",
        "expected",
        "actual",
        "weight",
        "impact",
        "%",
        "source",
    ];
    table(&header, &[4, 5, 6, 7, 8], lines)
}

fn line(told: &News, effect: &Effect, scale: format::Scale) -> Vec<String> {
    let event = &told.events[effect.event_idx];
    let (period, unit) = event.about().unzip();
    let unit = unit.unwrap_or(told.unit);
    let amount =
        |value: Option<f64>| value.map_or_else(String::new, |value| format::short(value, unit, 2));
    let kind = match event.action().filter(|_| effect.part == Part::Announcement) {
        Some(action) => action.word().to_owned(),
        None => effect.part.word().to_owned(),
    };
    vec![
        event.day.to_string(),
        kind,
        event.series.to_string(),
        period.map_or_else(String::new, |period| period.end().to_string()),
        amount(effect.expected),
        amount(effect.actual),
        effect.weight.map_or_else(String::new, |weight| format::plain(weight, 2)),
        format::signed_number(scale, effect.impact(), 3),
        format::signed(effect.impact() / effect.before.abs(), Unit::Ratio, 2),
        SourceRef::of_event(event).map_or_else(String::new, |source| source.locator),
    ]
}
