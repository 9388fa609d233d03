//! The sections of a company's page: outlook, trust, announcements, method.
//!
//! May use `forecast` and the rest of `report`. Text is made from the same rows as the tables.

use chrono::NaiveDate;

use super::chart::{Backtest, Band, Fan, FanStep, Hair, Hairs, Reference, ReferenceKind, Scored};
use super::company::Material;
use super::{Block, Cell, Chart, Prose, Section, SourceRef, Sources, Table, format};
use crate::error::{Error, Result};
use crate::forecast::backtest::{Book, Row};
use crate::forecast::record::Truth;
use crate::forecast::summary::summarise;
use crate::forecast::{Forecaster, engine};
use crate::series::{Registry, SeriesId};
use crate::units::Unit;

pub use super::curves::machines;

/// Quarters of history that charts show.
const SHOWN_PERIODS: usize = 16;
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

    fn of_model(&self, model: &str, horizon: usize) -> Vec<&Row> {
        let rows = self.rows.iter();
        rows.filter(|r| r.model == model && r.horizon == horizon && r.actual.is_some()).collect()
    }
}

/// The forecast, as a fan and as a table.
pub(super) fn outlook(material: &Material<'_>) -> Result<Section> {
    let forecast = material.forecast;
    let sources = material.forecast_sources()?;
    let known = material.known.series(&forecast.target)?;
    let shown = known.points.len().saturating_sub(SHOWN_PERIODS);
    let actuals: Vec<_> = known.points[shown..].iter().map(|p| (p.period.end(), p.value)).collect();
    let answered = || forecast.steps.iter().filter(|step| step.refusal.is_none());
    let bands = |step: &crate::forecast::Outlook| {
        let claimable = |c: &f64| *c <= step.quantiles.highest_coverage() + 1e-12;
        let band = |coverage: f64| {
            let (low, high) = step.quantiles.interval(coverage)?;
            Some(Band { coverage, low, high })
        };
        [0.5, 0.8, 0.95].into_iter().filter(claimable).filter_map(band).collect::<Vec<_>>()
    };
    let mut references = Vec::new();
    if let Some(guide) = forecast.own_guide() {
        let date = guide.period.end();
        references.push(Reference { kind: ReferenceKind::Guide, date, value: guide.mid });
    }
    if let (Some(step), Some(last)) = (forecast.steps.first(), known.points.last()) {
        let date = step.period.end();
        references.push(Reference { kind: ReferenceKind::Naive, date, value: last.value });
    }
    let fan = Fan {
        actuals,
        steps: answered()
            .map(|s| FanStep { date: s.period.end(), median: s.median, bands: bands(s) })
            .collect(),
        references,
        previous: Vec::new(),
        as_of: material.known.as_of(),
        refused: forecast
            .steps
            .iter()
            .filter(|step| step.refusal.is_some())
            .map(|step| step.period.end())
            .collect(),
    };
    let title = Registry::bundled().title(&forecast.target);
    let alt = format!("{title}: reported values, then the forecast median with its intervals.");
    let heading = match answered().count() {
        0 => "No quarter ahead is answerable today",
        n if n == forecast.steps.len() => "Every quarter asked lies inside the measured reach",
        _ => "The nearer quarters are answered, the further ones refused",
    };
    let finding = answered().next_back().map_or_else(
        || "The last value is the last word".to_owned(),
        |step| {
            let median = format::words(step.median, forecast.unit, 1);
            format!("Heading for {median} in the quarter to {}", format::date(step.period.end()))
        },
    );
    let chart = Chart::new(finding, title, alt, forecast.unit, fan, sources.clone());
    let mut blocks: Vec<Block> = vec![chart.into(), steps_table(material, &sources)?.into()];
    if let Some(step) = forecast.steps.iter().find(|step| step.refusal.is_some())
        && let Some(refusal) = &step.refusal
    {
        let text = format!(
            "From the quarter to {} on the answer is withheld ({}): {}. It would take {}.",
            format::date(step.period.end()),
            refusal.code.word().replace('_', " "),
            refusal.measured,
            refusal.would_answer
        );
        let source = material.model("skill against the last value, by rolling origin");
        blocks.push(Block::Note(super::Tone::Refusal, Prose::cited(text, &source)));
    }
    Ok(Section::new("outlook", heading, blocks))
}

fn steps_table(material: &Material<'_>, sources: &Sources) -> Result<Table> {
    let forecast = material.forecast;
    let skill_source = material.model("skill against the last value, by rolling origin");
    let rows = forecast.steps.iter().map(|step| {
        let refused = |what: &str| Cell::missing(format!("refused: {what}"));
        let interval = |coverage: f64| match step.quantiles.interval(coverage) {
            _ if step.refusal.is_some() => refused("no skill"),
            Some(ends) if coverage <= step.quantiles.highest_coverage() + 1e-12 => {
                Cell::interval(ends, coverage, forecast.unit, 1, sources.clone())
            }
            _ => refused("more scored forecasts are needed for this coverage"),
        };
        let at = forecast.skill.by_horizon.get(step.horizon - 1);
        let ratio = |value: Option<f64>| {
            value.map_or_else(
                || Cell::missing("too few scored forecasts"),
                |value| Cell::change(value, Unit::Ratio, 0, &skill_source),
            )
        };
        vec![
            Cell::date(step.period.end()),
            match step.refusal {
                Some(_) => refused("no skill"),
                None => Cell::number(step.median, forecast.unit, 1, sources.clone()),
            },
            interval(0.8),
            interval(0.95),
            ratio(at.and_then(|at| at.skill)),
            ratio(at.and_then(|at| at.lower)),
            Cell::count(at.map_or(0, |at| at.n), "", &skill_source),
            Cell::label(forecast.skill.grade_at(step.horizon).letter()),
            Cell::label(step.model_used),
        ]
    });
    let headings = [
        "Quarter to",
        "Median",
        "80% interval",
        "95% interval",
        "Skill",
        "At least",
        "Scored",
        "Grade",
        "Model",
    ];
    Table::new("The forecast, quarter by quarter", &headings, rows.collect())
}

/// Every earlier forecast over what came, and the metrics beside the rivals.
pub(super) fn trust(material: &Material<'_>) -> Result<Section> {
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
        blocks.push(Block::Note(super::Tone::Caution, Prose::plain(text)));
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

/// What the company said of its sales and its spending in periods to come, newest first; margins, taxes
/// and the like are left to `data announcements`.
pub(super) fn announcements(material: &Material<'_>) -> Result<Option<Section>> {
    let owner = material.forecast.target.owner();
    let is_told = |metric: &str| ["revenue", "capex"].iter().any(|word| metric.starts_with(word));
    let mut held: Vec<_> = material.known.announcements(owner).collect();
    held.retain(|a| is_told(&a.metric));
    held.reverse();
    if held.is_empty() {
        return Ok(None);
    }
    let rows = held.iter().take(12).map(|a| {
        let source = SourceRef::announced(a);
        vec![
            Cell::date(a.published),
            Cell::label(a.metric.replace('_', " ")),
            Cell::date(a.period.end()),
            Cell::number(a.mid, a.unit, 1, &source),
            Cell::cited(format::range(a.low, a.high, a.unit, 1), &source),
            Cell::label(a.action.word()),
        ]
    });
    let headings = ["Published", "Metric", "Period to", "Middle", "Range", "Kind"];
    let table = Table::new("Announcements, newest first", &headings, rows.collect())?;
    let heading = "What the company itself has said";
    Ok(Some(Section::new("announcements", heading, vec![table.into()])))
}

/// Data and method.
pub(super) fn method(material: &Material<'_>) -> Result<Section> {
    let forecast = material.forecast;
    let known = material.known;
    let reported = known.current(&forecast.target)?;
    let rows = reported.iter().rev().take(8).map(|row| {
        let source = SourceRef::observed(row);
        vec![
            Cell::date(row.period.end()),
            Cell::number(row.value, row.unit, 2, &source),
            Cell::date(row.vintage),
            Cell::label(row.vintage_basis.word().replace('_', " ")),
            Cell::label(row.source.clone()),
        ]
    });
    let headings = ["Quarter to", "Value", "Public from", "Known by", "Source"];
    let table = Table::new(
        "The last reported values and when they became public",
        &headings,
        rows.collect(),
    )?;
    let text = "The next quarter follows the company's open guide times its typical surprise, where \
                one is open. Otherwise, and further ahead, growth goes on at a drift that each company \
                shares in part with the others, with a shrunken season. Intervals are conformal: they \
                come from how wrong the same rule was at earlier origins. Skill is measured against the \
                last value; where its lower bound is not above zero the answer is refused.";
    let blocks = vec![Block::text(Prose::plain(text)), table.into()];
    Ok(Section::new("method", "Data and method", blocks))
}
