//! Can you trust it: every earlier forecast beside what came, and the metrics beside the rivals.
//!
//! May use `forecast` and the rest of `report`.

use chrono::NaiveDate;

use super::Material;
use crate::error::{Error, Result};
use crate::forecast::backtest::{Book, Row};
use crate::forecast::news::is_same;
use crate::forecast::record::Truth;
use crate::forecast::skill::Refusal;
use crate::forecast::summary::summarise;
use crate::forecast::{Forecaster, engine};
use crate::period::Period;
use crate::report::chart::{Backtest, Hair, Hairs, Scored};
use crate::report::{Block, Cell, Chart, Prose, Section, SourceRef, Sources, Table, Tone, format};
use crate::series::{Registry, SeriesId};
use crate::units::Unit;

/// The rivals on a page, the engine's own choice last.
const SHOWN_MODELS: [&str; 6] = ["naive", "seasonal_naive", "drift", "guide", "ols", "chipcast"];

/// What the engine and its rivals said of a series at earlier origins.
pub struct Track {
    /// Every forecast, by model, origin and horizon.
    pub rows: Vec<Row>,
}

impl Track {
    /// Backtests the shown models from a day on; a rival without an answer is left out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown series.
    pub fn of(book: &Book, target: &SeriesId, from: NaiveDate) -> Result<Self> {
        let mut rows = Vec::new();
        for name in SHOWN_MODELS {
            let model: &'static dyn Forecaster = engine::model(name)?;
            match book.backtest(model, target, Some(from), Truth::FirstRelease) {
                Ok(more) => rows.extend(more),
                Err(Error::Insufficient(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { rows })
    }

    /// The refusal that stood on a day, by the last origin before it, for a period.
    pub(super) fn refusal_then(&self, day: NaiveDate, period: Period) -> Option<&Refusal> {
        let mut own = self.rows.iter().filter(|r| r.model == "chipcast" && r.origin <= day);
        own.rfind(|row| is_same(row.period, period))?.refusal.as_ref()
    }

    fn of_model(&self, model: &str, horizon: usize) -> Vec<&Row> {
        let rows = self.rows.iter();
        rows.filter(|r| r.model == model && r.horizon == horizon && r.actual.is_some()).collect()
    }
}

/// Every earlier forecast over what came, and the metrics beside the rivals.
pub(super) fn section(material: &Material<'_>) -> Result<Section> {
    let forecast = material.forecast;
    let source = material.model("rolling-origin backtest in pseudo real time");
    let mut sources = Sources::from(&source);
    if let Some(last) = material.last_value()? {
        sources = sources.and(&last);
    }
    let one_ahead = material.track.of_model("chipcast", 1);
    let known = material.known.first_releases(&forecast.target)?;
    let from = one_ahead.first().map(|row| row.period.end());
    let actuals = known.points.iter().filter(|p| from.is_some_and(|from| p.period.end() >= from));
    let actuals: Vec<_> = actuals.map(|p| (p.period.end(), p.value)).collect();
    let mut blocks: Vec<Block> = Vec::new();
    if one_ahead.is_empty() {
        let text = "No forecast of this series has been scored yet.";
        blocks.push(Block::Note(Tone::Caution, Prose::plain(text)));
        return Ok(Section::new("trust", "There is no record to trust yet", blocks));
    }
    let scored = one_ahead.iter().filter_map(|row| {
        let (low, high) = row.quantiles.interval(0.8)?;
        let date = row.period.end();
        Some(Scored { date, median: row.median, low, high, actual: row.actual })
    });
    let title = Registry::bundled().title(&forecast.target);
    let measured = summarise(&one_ahead);
    let covered = measured.all.coverage_80.map_or_else(String::new, format::percent);
    let first = Chart::new(
        format!("The interval of one quarter ahead held {covered} of what came"),
        title.clone(),
        format!("{title}: forecasts of one quarter ahead with their intervals, and what came."),
        forecast.unit,
        Backtest { coverage: 0.8, scored: scored.collect() },
        sources.clone(),
    );
    let second = Chart::new(
        "Where earlier forecasts went wrong, they show here",
        title.clone(),
        format!("{title}: the path that each earlier origin forecast, over the first releases."),
        forecast.unit,
        Hairs { actuals, hairs: hairs(material) },
        sources,
    );
    blocks.extend([first.into(), second.into(), metrics(material, &source)?.into()]);
    blocks.push(misses(&one_ahead, material, &source)?.into());
    let heading = match measured.all.skill {
        Some(skill) if skill > 0.0 => format!(
            "One quarter ahead it removes {} of the last value's error",
            format::percent((skill * 100.0).round() / 100.0)
        ),
        _ => "One quarter ahead it is no better than the last value".to_owned(),
    };
    Ok(Section::new("trust", heading, blocks))
}

fn hairs(material: &Material<'_>) -> Vec<Hair> {
    let mut hairs: Vec<Hair> = Vec::new();
    for row in material.track.rows.iter().filter(|row| row.model == "chipcast") {
        let point = (row.period.end(), row.median);
        match hairs.last_mut().filter(|hair| hair.origin == row.origin) {
            Some(hair) => hair.points.push(point),
            None => hairs.push(Hair { origin: row.origin, points: vec![point] }),
        }
    }
    hairs
}

fn metrics(material: &Material<'_>, source: &SourceRef) -> Result<Table> {
    let mut rows = Vec::new();
    let n_horizons = material.forecast.steps.len();
    for horizon in 1..=n_horizons {
        for model in SHOWN_MODELS {
            let scored = material.track.of_model(model, horizon);
            if scored.is_empty() {
                continue;
            }
            let metrics = summarise(&scored);
            let number = |value: Option<f64>, unit: Unit, digits: usize| {
                value.map_or_else(
                    || Cell::missing("not measurable"),
                    |value| Cell::number(value, unit, digits, source),
                )
            };
            rows.push(vec![
                Cell::label(format!("{horizon} ahead, {}", model.replace('_', " "))),
                Cell::count(metrics.all.n, "", source),
                number(metrics.all.mae_log, Unit::Index, 3),
                number(metrics.all.mase, Unit::Index, 2),
                number(metrics.all.coverage_80, Unit::Ratio, 0),
                number(metrics.all.coverage_95, Unit::Ratio, 0),
                number(metrics.all.skill, Unit::Ratio, 0),
                number(metrics.skill_lower, Unit::Ratio, 0),
                Cell::count(metrics.answered.n, "", source),
            ]);
        }
    }
    let headings = [
        "Horizon and model",
        "Scored",
        "Mean absolute log error",
        "MASE",
        "80% interval covered",
        "95% interval covered",
        "Skill",
        "At least",
        "Of these answered",
    ];
    Table::new("Every model on the same origins, refused forecasts included", &headings, rows)
}

fn misses(rows: &[&Row], material: &Material<'_>, source: &SourceRef) -> Result<Table> {
    let unit = material.forecast.unit;
    let mut missed: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let actual = row.actual?;
            Some((actual / row.median - 1.0, *row, actual))
        })
        .collect();
    missed.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let rows = missed.into_iter().take(3).map(|(error, row, actual)| {
        vec![
            Cell::date(row.period.end()),
            Cell::date(row.origin),
            Cell::number(row.median, unit, 1, source),
            Cell::number(actual, unit, 1, source),
            Cell::change(error, Unit::Ratio, 1, source),
        ]
    });
    let headings = ["Quarter to", "Forecast on", "Median", "What came", "Miss"];
    Table::new("The three worst misses", &headings, rows.collect())
}
