//! The list of series, and the page of one: its forecast, its skill, and every value that it ever had.
//!
//! May use the core, `report`, `forecast`, `rows` and the files of `serve`.

use maud::{Markup, html};

use super::{Frame, around_report, downloads, head, locator, source_of};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::observation::Observation;
use crate::report::chart::{Heat, HeatPanel};
use crate::report::company::{Material, Track, outlook};
use crate::report::{Block, Cell, Chart, Prose, Report, Section, SourceRef, Table, Tone, format};
use crate::rows::{data, plain};
use crate::series::{Registry, SeriesId};
use crate::serve::answer::Answer;
use crate::serve::api;
use crate::serve::edition::Edition;
use crate::serve::query::Query;
use crate::units::Unit;

pub(in crate::serve) fn list(edition: &Edition, _query: &Query) -> Result<Answer> {
    let rows = data::series(edition.known())?;
    let lines: Vec<Vec<String>> =
        rows.rows().iter().map(|row| row.iter().map(plain).collect()).collect();
    let subtitle = html! { (format::count(lines.len(), "series")) " with a public value" };
    let main = html! {
        (head("Series", "Everything that is held", subtitle))
        ul { (downloads("This list", "/api/v1/series")) }
        div.scroll tabindex="0" role="group" aria-label="Table: series" {
            table.list {
                thead { tr {
                    @for name in ["Series", "Title", "Unit", "Kind"] { th scope="col" { (name) } }
                    th.num scope="col" { "Values" }
                    @for name in ["To", "Last public"] { th scope="col" { (name) } }
                } }
                tbody {
                    @for line in &lines { tr {
                        th scope="row" { a href={ "/series/" (line[0]) } { (line[0]) } }
                        td { (line[1]) }
                        td { (line[2]) }
                        td { (line[4]) }
                        td.num { (line[5]) }
                        td { (line[7]) }
                        td { (line[8]) }
                    } }
                }
            }
        }
    };
    Ok(Answer::html(Frame::of(edition, "Series", "/series").around(main, html! {})))
}

pub(in crate::serve) fn one(edition: &Edition, query: &Query) -> Result<Answer> {
    let series = query.series()?;
    let known = edition.known();
    let vintages = known.vintages(&series)?;
    let report = report(edition, &series)?;
    let api = format!("/api/v1/series/{series}");
    let more = html! {
        (vintages_section(&vintages))
        section id="downloads" {
            h2 { "Downloads" }
            ul {
                (downloads("Values", &format!("{api}/observations")))
                (downloads("All vintages", &format!("{api}/vintages")))
                (downloads("Forecast", &format!("{api}/forecast")))
                (downloads("Skill", &format!("{api}/skill")))
            }
        }
    };
    Ok(around_report(&Frame::of(edition, &report.title, "/series"), &report, more))
}

/// What is said of the series: its last value, its forecast, its skill.
fn report(edition: &Edition, series: &SeriesId) -> Result<Report> {
    let known = edition.known();
    let held = known.series(series)?;
    let registry = Registry::bundled();
    let (Some(last), Some(source)) = (held.points.last(), SourceRef::last_of(known, series)?)
    else {
        return Err(Error::not_found(format!("no value of {series:?} was public")));
    };
    let finding = format!(
        "{} in the period to {}, public since {}.",
        format::words(last.value, held.unit, 1),
        format::date(last.period.end()),
        format::date(last.vintage)
    );
    let frequency = held.frequency().map_or("irregular", |f| f.word());
    let kind = registry.definition(series).map_or("imported", |d| d.kind.word());
    let sections = match edition.desk.forecast(series) {
        Ok(forecast) => forecast_sections(edition, &forecast)?,
        Err(Error::Insufficient(why)) => {
            let note = Block::Note(Tone::Refusal, Prose::plain(why.to_string()));
            vec![Section::new("outlook", "It is too short for a forecast", vec![note])]
        }
        Err(error) => return Err(error),
    };
    Ok(Report {
        title: registry.title(series),
        finding: Prose::cited(finding, &source),
        subtitle: format!("{series}, in {}; {frequency}, {kind}", held.unit),
        as_of: known.as_of(),
        run_id: edition.desk.run_id.clone(),
        data_hash: known.digest()[..16].to_owned(),
        key_figures: Vec::new(),
        bullets: Vec::new(),
        sections,
        disclosures: Vec::new(),
    })
}

fn forecast_sections(edition: &Edition, forecast: &Forecast) -> Result<Vec<Section>> {
    let track = Track { rows: Vec::new() };
    let moves = edition.desk.moves(forecast)?;
    let material = Material {
        known: edition.known(),
        run_id: &edition.desk.run_id,
        forecast,
        track: &track,
        moves: &moves,
        machines: None,
        workshop: &edition.desk.workshop,
        past: &[],
    };
    let skill = skill(edition, edition.known(), &forecast.target)?;
    Ok([Some(outlook::section(&material)?), skill].into_iter().flatten().collect())
}

/// Skill by model and horizon, as a heat map and as a table.
fn skill(edition: &Edition, known: &Snapshot, series: &SeriesId) -> Result<Option<Section>> {
    let found = api::skills(edition, known, series)?;
    let n_horizons = found.iter().map(|(_, f)| f.skill.by_horizon.len()).max().unwrap_or(0);
    if n_horizons == 0 {
        return Ok(None);
    }
    let run_id = &edition.desk.run_id;
    let n_scored = found.iter().filter_map(|(_, f)| Some(f.skill.by_horizon.first()?.n)).max();
    let source =
        SourceRef::model("skill against the last value, by rolling origin", run_id, known.as_of())
            .of(n_scored.unwrap_or(0));
    let at = |forecast: &Forecast, idx: usize| {
        forecast.skill.by_horizon.get(idx).and_then(|at| at.skill)
    };
    let values =
        found.iter().map(|(_, forecast)| (0..n_horizons).map(|i| at(forecast, i)).collect());
    let heat = Heat {
        rows: found.iter().map(|(name, _)| (*name).replace('_', " ")).collect(),
        columns: (1..=n_horizons).map(|horizon| horizon.to_string()).collect(),
        column_name: "Periods ahead".to_owned(),
        panels: vec![HeatPanel { label: "Skill".to_owned(), values: values.collect() }],
    };
    let title = Registry::bundled().title(series);
    let alt = format!("{title}: skill of each model by horizon against the last value.");
    let chart = Chart::new(
        "What beats the last value, and how far ahead",
        title,
        alt,
        Unit::Ratio,
        heat,
        &source,
    );
    let Some((_, chosen)) = found.first() else { return Ok(None) };
    let ratio = |value: Option<f64>| {
        value.map_or_else(
            || Cell::missing("too few scored forecasts"),
            |value| Cell::change(value, Unit::Ratio, 0, &source),
        )
    };
    let rows = chosen.skill.by_horizon.iter().map(|at| {
        vec![
            Cell::count(at.horizon, "period", &source),
            Cell::count(at.n, "forecast", &source),
            ratio(at.skill),
            ratio(at.lower),
            Cell::label(chosen.skill.grade_at(at.horizon).letter()),
        ]
    });
    let headings = ["Ahead", "Scored", "Skill", "At least", "Grade"];
    let table =
        Table::new("The engine's own choice against the last value", &headings, rows.collect())?;
    let heading = match chosen.skill.horizon_cap {
        0 => "No horizon has measured skill".to_owned(),
        cap => format!("Skill is measured up to {} ahead", format::count(cap, "period")),
    };
    Ok(Some(Section::new("skill", heading, vec![chart.into(), table.into()])))
}

/// Every vintage, the latest period first.
fn vintages_section(rows: &[Observation]) -> Markup {
    let mut lines: Vec<_> = rows.iter().zip(data::changes(rows)).collect();
    lines.sort_by_key(|(row, _)| std::cmp::Reverse((row.period, row.vintage)));
    html! {
        section id="values" {
            h2 { "Every value, with all its vintages" }
            div.scroll.tall tabindex="0" role="group" aria-label="Table: values by vintage" {
                table {
                    thead { tr {
                        @for name in ["Period to", "Public since"] { th scope="col" { (name) } }
                        @for name in ["Value", "Revised by"] { th.num scope="col" { (name) } }
                        th scope="col" { "Source" }
                    } }
                    tbody { @for (row, change) in &lines { (vintage_line(row, *change)) } }
                }
            }
        }
    }
}

fn vintage_line(row: &Observation, change: Option<f64>) -> Markup {
    let change = change.map_or_else(String::new, |change| format::signed(change, Unit::Ratio, 1));
    html! { tr {
        th scope="row" { time datetime=(row.period.end()) { (format::date(row.period.end())) } }
        td { time datetime=(row.vintage) { (format::date(row.vintage)) } }
        td.num { (format::short(row.value, row.unit, 3)) }
        td.num { (change) }
        td.words {
            (row.source) ", " (locator(&source_of(row)))
            "; day known by " (row.vintage_basis.word().replace('_', " "))
        }
    } }
}
