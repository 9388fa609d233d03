//! `chipcast news`: what moved a forecast between two days, event by event.

use chrono::NaiveDate;
use clap::Args;

use super::output::{Rows, table};
use super::{Context, Outcome};
use crate::error::{Error, Result};
use crate::forecast::engine;
use crate::forecast::news::{Account, Effect, News, Part, news};
use crate::report::{SourceRef, format};
use crate::rows::news::{finding, refusals, rows};
use crate::series::SeriesId;
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
    let refusals = refusals(&now, &told, arguments.horizon)?;
    let rows = Rows::from(rows(&told, &refusals));
    rows.print(context.global.format, || people(&told, &refusals, context.global.verbose))?;
    for period in &told.unexplained {
        context.say(format!(
            "no row of the period {period}: `{}` had no forecast of it on one of the days",
            told.model
        ));
    }
    Ok(Outcome::Done)
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
