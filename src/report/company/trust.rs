//! Can you trust it: every earlier forecast beside what came, coverage, skill, and the worst misses.
//!
//! May use the core, `forecast` and the rest of `report`. Coverage is counted by
//! `forecast/reliability.rs`, errors by `forecast/summary.rs`; nothing is measured here.

use chrono::NaiveDate;

use super::{Material, misses};
use crate::error::{Error, Result};
use crate::forecast::backtest::{Book, Row};
use crate::forecast::news::is_same;
use crate::forecast::record::Truth;
use crate::forecast::reliability::{COVERAGES, Claim, Reliability, Share, reliability};
use crate::forecast::skill::Refusal;
use crate::forecast::summary::{Metrics, summarise};
use crate::forecast::{Forecaster, engine};
use crate::period::Period;
use crate::report::chart::{
    Backtest, Coverage, CoverageDot, CoverageGroup, Hair, Hairs, Heat, HeatPanel, Scored,
};
use crate::report::{Block, Cell, Chart, Prose, Section, SourceRef, Sources, Table, Tone, format};
use crate::series::{Registry, SeriesId};
use crate::units::Unit;

/// The model of the page.
const ENGINE: &str = "chipcast";
/// The rivals on a page, the engine's own choice last.
const SHOWN_MODELS: [&str; 6] = ["naive", "seasonal_naive", "drift", "guide", "ols", ENGINE];

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

    pub(super) fn of_model(&self, model: &str, horizon: usize) -> Vec<&Row> {
        let rows = self.rows.iter();
        rows.filter(|r| r.model == model && r.horizon == horizon && r.actual.is_some()).collect()
    }

    /// How reliable the engine was: each horizon, then all of them together.
    pub fn reliability(&self) -> Vec<Reliability> {
        let of = |model: &str| -> Vec<Row> {
            self.rows.iter().filter(|row| row.model == model).cloned().collect()
        };
        reliability(&Claim::of_backtest(&of(ENGINE), &of("guide")))
    }
}

/// What the section is made of.
struct Measured<'a> {
    material: &'a Material<'a>,
    /// The source of every measure.
    source: SourceRef,
    /// The series' name for people.
    title: String,
    /// Coverage by horizon, then of all.
    groups: Vec<Reliability>,
    /// The engine's forecasts of one quarter ahead that were scored.
    one_ahead: Vec<&'a Row>,
    /// Their metrics.
    first: Metrics,
}

/// Every earlier forecast over what came, and how good they were beside the rivals.
pub(super) fn section(material: &Material<'_>) -> Result<Section> {
    let one_ahead = material.track.of_model(ENGINE, 1);
    if one_ahead.is_empty() {
        let text = "No forecast of this series has been scored yet. The first score comes with the \
                    next value that is released after a forecast of it.";
        let blocks = vec![Block::Note(Tone::Caution, Prose::plain(text))];
        return Ok(Section::new("trust", "There is no record to trust yet", blocks));
    }
    let measured = Measured {
        material,
        source: material.model("rolling-origin backtest in pseudo real time"),
        title: Registry::bundled().title(&material.forecast.target),
        groups: material.track.reliability(),
        first: summarise(&one_ahead),
        one_ahead,
    };
    let mut blocks = vec![measured.lead(), measured.hairs()?.into(), measured.backtest()?.into()];
    blocks.extend(measured.coverage().map(Block::from));
    blocks.extend(measured.heat().map(Block::from));
    blocks.push(misses::table(material, &measured.one_ahead, &measured.source)?.into());
    blocks.push(measured.metrics()?.into());
    blocks.push(measured.errors()?.into());
    Ok(Section::new("trust", measured.heading(), blocks))
}

/// `one quarter ahead`, `3 quarters ahead`; of a monthly series months.
fn ahead(material: &Material<'_>, horizon: usize) -> String {
    let period = material.forecast.steps.first().and_then(|step| step.period.frequency());
    let word = period.map_or("period", |frequency| frequency.word());
    format!("{} ahead", format::count(horizon, word))
}

impl Measured<'_> {
    fn heading(&self) -> String {
        match self.first.all.skill {
            Some(skill) if skill > 0.0 => format!(
                "The next figure: {} of the last value's error removed, {} forecasts checked",
                format::percent((skill * 100.0).round() / 100.0),
                self.first.all.n
            ),
            _ => "The next figure is forecast no better than by the last value".to_owned(),
        }
    }

    /// The claims of one horizon that came, for the interval of `coverage`.
    fn share(&self, horizon: usize, coverage: f64) -> Option<Share> {
        let at = COVERAGES.iter().position(|level| (level - coverage).abs() < 1e-9)?;
        let group = self.groups.iter().find(|group| group.horizon == Some(horizon))?;
        Some(group.covered[at]).filter(|share| share.n > 0)
    }

    fn lead(&self) -> Block {
        let n = format::count(self.first.all.n, "forecast");
        let mut text = format!(
            "Each of {n} of the next figure was made with what was public on its day, and is scored \
             against the first release."
        );
        if let Some(error) = self.first.all.mae_log {
            let typical = format::words(error.exp_m1(), Unit::Ratio, 0);
            text.push_str(&format!(" The typical miss is {typical}."));
        }
        if let Some(share) = self.share(1, 0.8) {
            text.push_str(&format!(" The 80% interval held {} of {}.", share.n_hits, share.n));
        }
        if let Some(lower) = self.first.skill_lower {
            let sure = if lower > 0.0 { "beats" } else { "is not sure to beat" };
            text.push_str(&format!(
                " It {sure} the last value: skill is at least {}, by resampling quarters.",
                format::words(lower, Unit::Ratio, 0)
            ));
        }
        Block::text(Prose::cited(text, &self.source))
    }

    fn sources(&self) -> Result<Sources> {
        let sources = Sources::from(&self.source);
        Ok(match self.material.last_value()? {
            Some(last) => sources.and(&last),
            None => sources,
        })
    }

    fn hairs(&self) -> Result<Chart> {
        let known = self.material.known.first_releases(&self.material.forecast.target)?;
        let from = self.one_ahead.first().map(|row| row.period.end());
        let actuals =
            known.points.iter().filter(|p| from.is_some_and(|from| p.period.end() >= from));
        let actuals: Vec<_> = actuals.map(|p| (p.period.end(), p.value)).collect();
        let hairs = hairs(self.material);
        let below = self.one_ahead.iter().filter(|row| row.actual > Some(row.median)).count();
        let title = match (2 * below).cmp(&self.one_ahead.len()) {
            std::cmp::Ordering::Greater => format!(
                "Forecasts ran low more often than high: {below} of {} next figures came in above",
                self.one_ahead.len()
            ),
            std::cmp::Ordering::Less => format!(
                "Forecasts ran high more often than low: {} of {} next figures came in below",
                self.one_ahead.len() - below,
                self.one_ahead.len()
            ),
            std::cmp::Ordering::Equal => "Forecasts ran low as often as high".to_owned(),
        };
        Ok(Chart::new(
            title,
            format!("{}, every path that was forecast", self.title),
            format!("{}: a path for each earlier origin, over the first releases.", self.title),
            self.material.forecast.unit,
            Hairs { actuals, hairs },
            self.sources()?,
        ))
    }

    fn backtest(&self) -> Result<Chart> {
        let scored: Vec<Scored> = self
            .one_ahead
            .iter()
            .filter_map(|row| {
                let (low, high) = row.quantiles.interval(0.8)?;
                let date = row.period.end();
                Some(Scored { date, median: row.median, low, high, actual: row.actual })
            })
            .collect();
        let inside =
            |s: &&Scored| s.actual.is_some_and(|actual| s.low <= actual && actual <= s.high);
        let title = format!(
            "{} ahead, the 80% interval held {} of {}, refused forecasts included",
            format::capitalised(ahead(self.material, 1).trim_end_matches(" ahead")),
            scored.iter().filter(inside).count(),
            scored.len()
        );
        Ok(Chart::new(
            title,
            self.title.clone(),
            format!("{}: one step ahead with intervals, and what came.", self.title),
            self.material.forecast.unit,
            Backtest { coverage: 0.8, scored },
            self.sources()?,
        ))
    }

    fn coverage(&self) -> Option<Chart> {
        let horizons = || self.groups.iter().filter_map(|group| group.horizon);
        let groups: Vec<CoverageGroup> = COVERAGES
            .into_iter()
            .map(|nominal| {
                let dot = |horizon: usize| {
                    let share = self.share(horizon, nominal)?;
                    Some(CoverageDot {
                        label: ahead(self.material, horizon),
                        n_hits: share.n_hits,
                        n: share.n,
                        share: share.value()?,
                        bounds: share.wilson()?,
                    })
                };
                CoverageGroup { nominal, dots: horizons().filter_map(dot).collect() }
            })
            .filter(|group| !group.dots.is_empty())
            .collect();
        let dots = || groups.iter().flat_map(|g| g.dots.iter().map(move |dot| (g.nominal, dot)));
        let n_all = dots().count();
        let n_kept =
            dots().filter(|(nominal, dot)| (dot.bounds.0..=dot.bounds.1).contains(nominal)).count();
        if n_all == 0 {
            return None;
        }
        let title = if n_kept == n_all {
            "What was said to be likely came about as often as said".to_owned()
        } else {
            format!("{n_kept} of {n_all} shares lie within error of what the interval promises")
        };
        Some(Chart::new(
            title,
            "Share of values inside the interval, by horizon; claimed forecasts only, bars: 95% Wilson",
            "Dots: the share of values inside each interval by horizon, with Wilson bars; dashed: the \
             share that the interval promises.",
            Unit::Ratio,
            Coverage { groups },
            &self.source,
        ))
    }

    fn horizons(&self) -> Vec<usize> {
        let all = 1..=self.material.forecast.steps.len();
        all.filter(|h| !self.material.track.of_model(ENGINE, *h).is_empty()).collect()
    }

    fn metrics_of(&self, model: &str, horizon: usize) -> Option<Metrics> {
        let scored = self.material.track.of_model(model, horizon);
        (!scored.is_empty()).then(|| summarise(&scored))
    }

    fn heat(&self) -> Option<Chart> {
        let horizons = self.horizons();
        let skill = |model: &str, horizon: &usize| self.metrics_of(model, *horizon)?.all.skill;
        let mut rows = Vec::new();
        let mut values = Vec::new();
        for model in SHOWN_MODELS.iter().rev().filter(|model| **model != "naive") {
            let of_model: Vec<_> = horizons.iter().map(|h| skill(model, h)).collect();
            if of_model.iter().any(Option::is_some) {
                rows.push(model.replace('_', " "));
                values.push(of_model);
            }
        }
        let best = values.first()?;
        let n_best = (0..horizons.len())
            .filter(|at| best[*at].is_some_and(|own| values.iter().all(|v| v[*at] <= Some(own))))
            .count();
        let title = match n_best {
            n if n == horizons.len() => {
                "At every horizon chipcast removes the most error".to_owned()
            }
            0 => "A simple rival removes more error at every horizon".to_owned(),
            n => format!("Chipcast removes the most error at {n} of {} horizons", horizons.len()),
        };
        Some(Chart::new(
            title,
            "Skill: share of the last value's error that is gone, each model on the origins at which it answers",
            "Skill against the last value, a row a model, a column a horizon.",
            Unit::Ratio,
            Heat {
                rows,
                columns: horizons.iter().map(ToString::to_string).collect(),
                column_name: "Horizon".to_owned(),
                panels: vec![HeatPanel { label: "By horizon".to_owned(), values }],
            },
            &self.source,
        ))
    }

    /// The engine's metrics, a row a horizon.
    fn metrics(&self) -> Result<Table> {
        let number = |value: Option<f64>, unit: Unit, digits: usize| {
            value.map_or_else(
                || Cell::missing("not measurable"),
                |value| Cell::number(value, unit, digits, &self.source),
            )
        };
        let rows = self.horizons().into_iter().filter_map(|horizon| {
            let m = self.metrics_of(ENGINE, horizon)?;
            Some(vec![
                Cell::label(ahead(self.material, horizon)),
                Cell::count(m.all.n, "", &self.source),
                Cell::count(m.answered.n, "", &self.source),
                number(m.all.mae_log, Unit::Index, 3),
                number(m.all.mase, Unit::Index, 2),
                number(m.all.coverage_80, Unit::Ratio, 0),
                number(m.all.coverage_95, Unit::Ratio, 0),
                number(m.all.skill, Unit::Ratio, 0),
                number(m.skill_lower, Unit::Ratio, 0),
            ])
        });
        let headings = [
            "Horizon",
            "Scored",
            "Not refused",
            "Log error",
            "MASE",
            "In 80%",
            "In 95%",
            "Skill",
            "At least",
        ];
        let table = Table::new("Chipcast by horizon", &headings, rows.collect())?;
        Ok(table.with_note(Prose::cited(
            "Over all forecasts, refused ones included, so that coverage may differ from the chart of \
             claimed ones. Log error: mean of |log(actual / median)|, 0.05 is about 5%. MASE: 1 is as \
             good as the seasonal naive forecast on the training window.",
            &self.source,
        )))
    }

    /// Errors of every model on the same origins, a column a horizon.
    fn errors(&self) -> Result<Table> {
        let horizons = self.horizons();
        let mut rows = Vec::new();
        for model in SHOWN_MODELS.iter().rev() {
            let metrics: Vec<_> = horizons.iter().map(|h| self.metrics_of(model, *h)).collect();
            if metrics.iter().all(Option::is_none) {
                continue;
            }
            let cell = |found: &Option<Metrics>| {
                let error = found.as_ref().and_then(|m| m.all.mae_log);
                error.map_or_else(
                    || Cell::missing("the model does not answer there"),
                    |error| Cell::number(error, Unit::Index, 3, &self.source),
                )
            };
            let name =
                if *model == "naive" { "last value".to_owned() } else { model.replace('_', " ") };
            let mut row = vec![Cell::label(name)];
            row.extend(metrics.iter().map(cell));
            rows.push(row);
        }
        let mut headings = vec!["Model".to_owned()];
        headings.extend(horizons.iter().map(|h| ahead(self.material, *h)));
        let headings: Vec<_> = headings.iter().map(String::as_str).collect();
        Table::new("Mean absolute log error of every model", &headings, rows)
    }
}

fn hairs(material: &Material<'_>) -> Vec<Hair> {
    let mut hairs: Vec<Hair> = Vec::new();
    for row in material.track.rows.iter().filter(|row| row.model == ENGINE) {
        let point = (row.period.end(), row.median);
        match hairs.last_mut().filter(|hair| hair.origin == row.origin) {
            Some(hair) => hair.points.push(point),
            None => hairs.push(Hair { origin: row.origin, points: vec![point] }),
        }
    }
    hairs
}
