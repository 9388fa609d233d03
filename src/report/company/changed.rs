//! What changed: from the last report's forecast to today's, event by event.
//!
//! May use the core, `forecast` and the rest of `report`. The bars and the rows are the same
//! effects, and they add up to the change.

use super::Material;
use crate::error::Result;
use crate::forecast::news::{Account, Effect, Part};
use crate::report::chart::Waterfall;
use crate::report::moves::{Since, label, noun};
use crate::report::{Block, Cell, Chart, Prose, Section, SourceRef, Sources, Table, Tone, format};
use crate::units::Unit;

/// Events that have a bar of their own.
const SHOWN_BARS: usize = 7;
/// Share of the largest bar below which an event is grouped with other small ones.
const SMALL: f64 = 0.02;

/// The account of the next period, as a chart and as a table, and the accounts of all periods.
pub(super) fn section(material: &Material<'_>) -> Result<Section> {
    let forecast = material.forecast;
    let model = material.model("account of news: the forecast made again after each event");
    let noun = noun(forecast);
    let step = forecast.steps.first();
    let since = material.moves.since.as_ref();
    let found = since.and_then(|since| Some((since, since.account(step?.period)?)));
    let Some((since, account)) = found else {
        let text = format!(
            "No earlier report speaks of this {noun}: too little was public before the latest \
             results, so there is no change to account for."
        );
        let blocks = vec![Block::Note(Tone::Remark, Prose::cited(text, &model))];
        return Ok(Section::new("changed", "There is no earlier report to compare with", blocks));
    };
    let moved = since.moved(account);
    let mut sources = Sources::from(&model);
    for source in moved.iter().filter_map(|(idx, _)| SourceRef::of_event(&since.told.events[*idx]))
    {
        sources = sources.and(&source);
    }
    let mut blocks = vec![Block::text(Prose::cited(told(material, since, account), &model))];
    if !moved.is_empty() {
        let chart = Chart::new(
            chart_title(material, since, account),
            format!("Forecast of the {noun} to {}", format::date(account.period.end())),
            "The last report's forecast, what each event added or took, and today's forecast.",
            forecast.unit,
            waterfall(material, since, account),
            sources,
        );
        blocks.push(chart.into());
        blocks.push(effects(material, since, account, &model)?.into());
    }
    blocks.push(by_period(material, since, &model)?.into());
    Ok(Section::new("changed", heading(material, since, account), blocks))
}

fn heading(material: &Material<'_>, since: &Since, account: &Account) -> String {
    let noun = noun(material.forecast);
    let day = format::date(since.day);
    let share = account.total() / account.prev.abs();
    if since.moved(account).is_empty() {
        return format!("Nothing public since {day} moves the next {noun}");
    }
    if share.abs() < 0.0005 {
        return format!("The next {noun} stands where it stood on {day}");
    }
    let change = format::signed(share, Unit::Ratio, 1);
    format!("The next {noun} moved by {change} since the report of {day}")
}

/// Which report is the last one, and what came of it, in words.
fn told(material: &Material<'_>, since: &Since, account: &Account) -> String {
    let forecast = material.forecast;
    let words = |value: f64| format::words(value, forecast.unit, 1);
    let noun = noun(forecast);
    let why = since.results.map_or_else(
        || "as asked".to_owned(),
        |day| format!("the eve of the latest results, public on {}", format::date(day)),
    );
    let mut text = format!(
        "The last report is the forecast as of {} ({why}), made again from what was public then. ",
        format::date(since.day)
    );
    let mut reported = since.told.accounts.iter().filter(|account| account.horizon == 0);
    if let Some(reported) = reported.next_back() {
        let miss = reported.new / reported.prev - 1.0;
        text.push_str(&format!(
            "The {noun} to {} then came in at {} where {} was expected ({}). ",
            format::date(reported.period.end()),
            words(reported.new),
            words(reported.prev),
            format::signed(miss, Unit::Ratio, 1),
        ));
    }
    let n = since.told.events.len();
    let n_moved = since.moved(account).len();
    text.push_str(&format!(
        "For the {noun} to {} it said {}; today it is {}. Of {} that became public in between, {} \
         moved it; the effects add up to the change exactly.",
        format::date(account.period.end()),
        words(account.prev),
        words(account.new),
        format::count(n, "event"),
        if n_moved == 0 { "none".to_owned() } else { n_moved.to_string() },
    ));
    if material.track.refusal_then(since.day, account.period).is_some() {
        text.push_str(
            " On that day the answer would have been withheld: the number then was no claim.",
        );
    }
    text
}

fn chart_title(material: &Material<'_>, since: &Since, account: &Account) -> String {
    let moved = since.moved(account);
    let target = &material.forecast.target;
    let unit = material.forecast.unit;
    let one = |(idx, impact): &(usize, f64)| {
        let name = label(&since.told.events[*idx], target);
        format!("{name} ({})", format::signed(*impact, unit, 1))
    };
    match &moved[..] {
        [] => "Nothing moved the forecast".to_owned(),
        [only] => format!("One event moved it: {}", one(only)),
        [first, ..] => format!("The largest effect: {}", one(first)),
    }
}

/// A bar an event in the order of days, small ones grouped last; the bars add up to the change.
pub(super) fn waterfall(material: &Material<'_>, since: &Since, account: &Account) -> Waterfall {
    let target = &material.forecast.target;
    let moved = since.moved(account);
    let largest = moved.first().map_or(0.0, |(_, impact)| impact.abs());
    let is_large = |impact: f64| impact.abs() >= SMALL * largest;
    let shown: Vec<_> =
        moved.iter().take(SHOWN_BARS).filter(|(_, impact)| is_large(*impact)).collect();
    let is_shown = |idx: usize| shown.iter().any(|(held, _)| *held == idx);
    let (mut changes, mut rest, mut n_rest) = (Vec::new(), 0.0, 0);
    for (idx, impact) in account.impacts() {
        if is_shown(idx) {
            changes.push((label(&since.told.events[idx], target), impact));
        } else if impact != 0.0 {
            (rest, n_rest) = (rest + impact, n_rest + 1);
        }
    }
    if n_rest > 0 {
        changes.push((format::count(n_rest, "smaller event"), rest));
    }
    Waterfall {
        start: (format!("Report of {}", format::date(since.day)), account.prev),
        changes,
        end: format!("As of {}", format::date(material.known.as_of())),
    }
}

/// The five columns of the nowcasting literature, an effect a row, and their sum.
fn effects(
    material: &Material<'_>,
    since: &Since,
    account: &Account,
    model: &SourceRef,
) -> Result<Table> {
    let forecast = material.forecast;
    let moved: Vec<&Effect> = account.effects.iter().filter(|e| e.impact() != 0.0).collect();
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for effect in moved {
        let event = &since.told.events[effect.event_idx];
        let sources = SourceRef::of_event(event).map_or(Sources::from(model), Sources::from);
        let unit = event.about().map_or(forecast.unit, |(_, unit)| unit);
        let amount = |value: Option<f64>| {
            value.map_or_else(|| Cell::label(""), |v| Cell::number(v, unit, 1, &sources))
        };
        let what = match effect.part {
            Part::Refit => format!("{}: what the model learned", label(event, &forecast.target)),
            _ => label(event, &forecast.target),
        };
        let surprise = effect.actual.zip(effect.expected).map(|(a, e)| a / e - 1.0);
        rows.push(vec![
            Cell::label(what),
            Cell::date(event.day),
            amount(effect.expected),
            amount(effect.actual),
            surprise.filter(|s| s.is_finite()).map_or_else(
                || Cell::label(""),
                |share| Cell::change(share, Unit::Ratio, 1, &sources),
            ),
            effect.weight.map_or_else(
                || Cell::label(""),
                |weight| Cell::number(weight, Unit::Index, 2, &sources),
            ),
            Cell::change(effect.impact(), forecast.unit, 2, &sources),
        ]);
    }
    let blank = || Cell::label("");
    rows.push(vec![
        Cell::label("Sum of the effects"),
        blank(),
        blank(),
        blank(),
        blank(),
        blank(),
        Cell::change(account.total(), forecast.unit, 2, model),
    ]);
    let headings = ["Event", "Public", "Expected", "Actual", "Surprise", "Weight", "Impact"];
    let table = Table::new("Expected, actual, surprise, weight, impact", &headings, rows)?;
    Ok(table.with_note(Prose::plain(
        "Impact is weight times surprise, both on the logarithmic scale; a row of what the model \
         learned is the refit of its constants on the new value. What is expected of a guide is the \
         guide that would have left the forecast where it was.",
    )))
}

fn by_period(material: &Material<'_>, since: &Since, model: &SourceRef) -> Result<Table> {
    let unit = material.forecast.unit;
    let is_told = |account: &&Account| {
        let step = material.forecast.steps.iter().find(|step| step.horizon == account.horizon);
        step.is_none_or(|step| step.refusal.is_none())
    };
    let rows = since.told.accounts.iter().filter(is_told).map(|account| {
        let change = |value: f64| Cell::change(value, unit, 2, model);
        vec![
            Cell::date(account.period.end()),
            Cell::number(account.prev, unit, 1, model),
            change(account.revisions(&since.told.events)),
            change(account.news(&since.told.events)),
            change(account.total()),
            Cell::number(account.new, unit, 1, model),
            Cell::label(if account.horizon == 0 { "reported" } else { "forecast" }),
        ]
    });
    let noun = noun(material.forecast);
    let first = format!("{} to", format::capitalised(noun));
    let headings = [&first, "Last report", "By revisions", "By news", "Change", "Today", "Now"];
    let caption = format!("Every {noun} since the report of {}", format::date(since.day));
    Table::new(caption, &headings, rows.collect())
}
