//! All companies side by side, and what moved each since its last report.
//!
//! May use the core, `forecast` and the rest of `report`.

use super::Industry;
use crate::error::Result;
use crate::forecast::Forecast;
use crate::report::chart::{Band, Bar, Bars, FanStep, Panel, Panels};
use crate::report::moves::{Moves, first, history, label, metric_words};
use crate::report::{Cell, Chart, Prose, Section, SourceRef, Sources, Table, format};
use crate::series::{Registry, company_name};
use crate::units::Unit;

/// Periods of history that a panel shows.
const SHOWN_PERIODS: usize = 12;

/// Every series, next period, and a panel for each that is in dollars.
pub(super) fn companies(material: &Industry<'_>) -> Result<Option<Section>> {
    let model = material.model("forecasts with conformal intervals");
    let registry = Registry::bundled();
    let (mut rows, mut panels) = (Vec::new(), Vec::new());
    let mut sources = Sources::from(&model);
    for (forecast, moves) in material.with_moves() {
        let Some(step) = forecast.steps.first() else { continue };
        let last = SourceRef::last_of(material.known, &forecast.target)?;
        let own = last.iter().fold(Sources::from(&model), Sources::and);
        let refused = || Cell::missing("refused: no skill is measured");
        let interval = step.quantiles.interval(0.8).filter(|_| step.refusal.is_none());
        let change = change(forecast, moves).filter(|_| step.refusal.is_none());
        rows.push((
            forecast.unit,
            vec![
                Cell::label(registry.title(&forecast.target)),
                Cell::number(forecast.last_value, forecast.unit, 1, &own),
                Cell::date(step.period.end()),
                first(forecast)
                    .map_or_else(refused, |step| Cell::number(step.median, forecast.unit, 1, &own)),
                interval
                    .map_or_else(refused, |ends| Cell::interval(ends, 0.8, forecast.unit, 1, &own)),
                change.map_or_else(
                    || Cell::missing("no earlier report to compare with"),
                    |share| Cell::change(share, Unit::Ratio, 1, &own),
                ),
                Cell::label(forecast.skill.grade.letter()),
                Cell::count(forecast.skill.horizon_cap, "", &own),
            ],
        ));
        if forecast.unit == Unit::Usd {
            panels.push(panel(material, forecast)?);
            sources = last.iter().fold(sources, Sources::and);
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let n_answered = material.forecasts.iter().filter(|f| first(f).is_some()).count();
    let heading = format!("{n_answered} of {} series can be answered one period ahead", rows.len());
    let headings = [
        "Series",
        "Last",
        "Period to",
        "Median",
        "80% interval",
        "Since last report",
        "Grade",
        "Cap",
    ];
    let note = "Cap: periods ahead up to which skill is measured above zero, as far as was asked.";
    let mut blocks = Vec::new();
    if !panels.is_empty() {
        let chart = Chart::new(
            "Each company's past and what is forecast, each on its own axis from zero",
            "Quarterly values, then medians with 80% intervals",
            "Small multiples: reported values in black, the forecast median in blue with its interval.",
            Unit::Usd,
            Panels { panels },
            sources,
        );
        blocks.push(chart.into());
    }
    for (unit, caption) in
        [(Unit::Usd, "Every series in dollars, next period"), (Unit::Twd, "In New Taiwan dollars")]
    {
        let of_unit = rows.iter().filter(|(of, _)| *of == unit).map(|(_, row)| row.clone());
        let of_unit: Vec<_> = of_unit.collect();
        if !of_unit.is_empty() {
            blocks.push(Table::new(caption, &headings, of_unit)?.with_note(note).into());
        }
    }
    Ok(Some(Section::new("companies", heading, blocks)))
}

fn panel(material: &Industry<'_>, forecast: &Forecast) -> Result<Panel> {
    let history = history(material.known, forecast)?;
    let past = history.periods.iter().map(|p| p.end()).zip(history.values.iter().copied());
    let actuals: Vec<_> = past.skip(history.values.len().saturating_sub(SHOWN_PERIODS)).collect();
    let answered = forecast.steps.iter().filter(|step| step.refusal.is_none());
    let steps = answered.map(|step| {
        let band =
            step.quantiles.interval(0.8).map(|(low, high)| Band { coverage: 0.8, low, high });
        FanStep { date: step.period.end(), median: step.median, bands: band.into_iter().collect() }
    });
    let refused = forecast.steps.iter().filter(|step| step.refusal.is_some());
    let metric = match forecast.target.metric() {
        "capex_cash" => "cash capex".to_owned(),
        _ => metric_words(&forecast.target),
    };
    Ok(Panel {
        label: format!("{}, {metric}", company_name(forecast.target.owner())),
        actuals,
        steps: steps.collect(),
        refused: refused.map(|step| step.period.end()).collect(),
    })
}

/// How far the next period's forecast moved since the last report, as a share.
fn change(forecast: &Forecast, moves: &Moves) -> Option<f64> {
    let account = moves.since.as_ref()?.account(forecast.steps.first()?.period)?;
    Some(account.total() / account.prev.abs()).filter(|share| share.is_finite())
}

/// The series that moved furthest in one direction.
pub(super) fn extreme(material: &Industry<'_>, pick: fn(f64, f64) -> f64) -> Option<(String, f64)> {
    let answered = material.with_moves().filter(|(forecast, _)| first(forecast).is_some());
    let moved = answered.filter_map(|(forecast, moves)| {
        Some((Registry::bundled().title(&forecast.target), change(forecast, moves)?))
    });
    moved.reduce(|a, b| if pick(a.1, b.1).to_bits() == b.1.to_bits() { b } else { a })
}

/// The league of changes since the last reports, the largest rise first.
pub(super) fn changes(material: &Industry<'_>) -> Result<Option<Section>> {
    let model = material.model("account of news: the forecast made again after each event");
    let mut found = Vec::new();
    for (forecast, moves) in material.with_moves().filter(|(f, _)| first(f).is_some()) {
        let (Some(share), Some(since)) = (change(forecast, moves), &moves.since) else { continue };
        let step = forecast.steps.first();
        let Some(account) = step.and_then(|step| since.account(step.period)) else { continue };
        found.push((share, forecast, since, account));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let Some(largest) = found.iter().max_by(|a, b| a.0.abs().total_cmp(&b.0.abs())) else {
        return Ok(None);
    };
    let title = |forecast: &Forecast| Registry::bundled().title(&forecast.target);
    let heading = format!(
        "{} moved most since its last report: {}",
        title(largest.1),
        format::signed(largest.0, Unit::Ratio, 1)
    );
    let bars = found.iter().map(|(share, forecast, ..)| Bar {
        label: title(forecast),
        value: *share,
        interval: None,
        is_emphasised: forecast.target.metric() == "capex_cash",
    });
    let chart = Chart::new(
        "What each company's own results and its rivals' did to the next period",
        "Change of the forecast of the next period since the last report",
        "Bars of the change of each forecast, the largest rise first.",
        Unit::Ratio,
        Bars { bars: bars.collect() },
        &model,
    );
    let rows = found.iter().map(|(share, forecast, since, account)| {
        let moved = since.moved(account);
        let event = moved.first().map(|(idx, _)| &since.told.events[*idx]);
        let source = event.and_then(SourceRef::of_event).unwrap_or_else(|| model.clone());
        let blank = || Cell::label("nothing moved it");
        vec![
            Cell::label(title(forecast)),
            Cell::date(since.day),
            Cell::number(account.prev, forecast.unit, 1, &source),
            Cell::number(account.new, forecast.unit, 1, &source),
            Cell::change(*share, Unit::Ratio, 1, &source),
            event.map_or_else(blank, |event| Cell::label(label(event, &forecast.target))),
        ]
    });
    let headings = ["Series", "Last report", "It said", "Today", "Change", "Most of it by"];
    let table = Table::new("The changes, the largest rise first", &headings, rows.collect())?;
    let note = Prose::plain(
        "The last report is the forecast on the eve of the company's latest results, made again from \
         what was public then.",
    );
    let blocks = vec![chart.into(), table.with_note(note).into()];
    Ok(Some(Section::new("changes", heading, blocks)))
}
