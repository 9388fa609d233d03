//! Forecasts of few variables over short horizons, each with the record that says how far to trust it.
//!
//! May use the core files. The order in which to read: `history` (what a model sees), the models
//! (`naive`, `guidance`, `outlook`, `pooled`, `specified` by `regression`, `own_past` over `univariate`),
//! `engine` (the engine's own choice, named `chipcast`), `record` (what a model would have said at
//! earlier origins), `interval` (how wrong it was), `skill` (how far that reaches), `copula` (how worlds
//! hang together), `backtest`, `score`; then what judges them (`calibration`, `contest`,
//! `leave_one_out`, `placebo`), what makes them add up (`reconcile`, `hierarchy`), `news` (what moved a
//! forecast), `few` (what k variables cost or gain), `bridge` (two runs apart in five parts), `releases` (what comes next), `ledger`.
//! `panel` forecasts a user's own table.

pub mod backtest;
pub mod bootstrap;
pub mod bridge;
pub mod calibration;
pub mod conformal;
pub mod contest;
pub mod copula;
pub mod engine;
pub mod few;
pub mod guidance;
pub mod hierarchy;
pub mod history;
pub mod interval;
pub mod intervention;
pub mod leak;
pub mod leave_one_out;
pub mod ledger;
pub mod method;
pub mod naive;
pub mod news;
pub mod outlook;
pub mod own_past;
pub mod panel;
pub mod placebo;
pub mod pooled;
pub mod reconcile;
pub mod record;
pub mod regression;
pub mod releases;
pub mod reliability;
pub mod run_record;
pub mod saved;
pub mod score;
pub mod skill;
pub mod spec;
pub mod specified;
pub mod summary;
pub mod univariate;
pub mod windows;

use chrono::NaiveDate;

use crate::archive::Snapshot;
use crate::draws::{Draws, Randomness};
use crate::error::{Error, Result};
use crate::observation::Announcement;
use crate::period::Period;
use crate::series::SeriesId;
use crate::units::Unit;
use copula::Dependence;
use interval::Quantiles;
use skill::{Refusal, RefusalCode, Skill};

/// A way to say what comes next from what was known. Stateless; everything it knows is the snapshot.
pub trait Forecaster: Send + Sync {
    /// Its name in rows and tables.
    fn name(&self) -> &'static str;

    /// The medians of the next periods, nearest first; at most `horizon` of them, and at least one.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown series; [`Error::Insufficient`] if too little was known.
    fn path(&self, known: &Snapshot, target: &SeriesId, horizon: usize) -> Result<Path>;

    /// The same medians with what is learned (drift, seasons, typical surprise) held as `learned` had
    /// it: how new values alone move the forecast. A model that learns nothing has one answer.
    ///
    /// # Errors
    /// As [`Forecaster::path`].
    fn path_with(
        &self,
        _learned: &Snapshot,
        known: &Snapshot,
        target: &SeriesId,
        horizon: usize,
    ) -> Result<Path> {
        self.path(known, target, horizon)
    }
}

/// The medians of a model, period by period.
#[derive(Debug, Clone)]
pub struct Path {
    /// Why another model than the one asked was used.
    pub fallback_reason: Option<String>,
    /// The steps, nearest first.
    pub steps: Vec<Step>,
    /// The company's own word, where it went in.
    pub announcement: Option<Announcement>,
    /// For each step the terms whose products add up to its level on the model's scale; empty where
    /// the model is no sum.
    pub terms: Vec<Vec<Term>>,
}

/// One term of a forecast: `value · weight` on the model's scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// What it is multiplied by.
    pub weight: f64,
}

impl Term {
    /// The last level that a model carries on.
    pub(crate) fn last_level(history: &history::History) -> Self {
        Self { name: "last_level".to_owned(), value: history.last_level(), weight: 1.0 }
    }

    /// What it adds to the level: `value · weight`.
    pub fn contribution(&self) -> f64 {
        self.value * self.weight
    }
}

/// One period of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The period.
    pub period: Period,
    /// The median, in the target's unit.
    pub median: f64,
    /// The model that made it, which may be a part or a fallback of the one asked.
    pub model_used: &'static str,
}

impl Path {
    /// A path of a model's own: each period with its median.
    pub fn new(model: &impl Forecaster, medians: impl IntoIterator<Item = (Period, f64)>) -> Self {
        let model_used = model.name();
        let step = |(period, median)| Step { period, median, model_used };
        let steps = medians.into_iter().map(step).collect();
        Self { fallback_reason: None, steps, announcement: None, terms: Vec::new() }
    }

    /// The models that made it, nearest step first: `guidance+pooled`.
    pub fn model_used(&self) -> String {
        let mut names: Vec<_> = self.steps.iter().map(|step| step.model_used).collect();
        names.dedup();
        names.join("+")
    }
}

/// A forecast with its uncertainty and the measured reach of its model.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// The model asked.
    pub model: String,
    /// The models that answered, nearest step first.
    pub model_used: String,
    /// Why they differ, if they do.
    pub fallback_reason: Option<String>,
    /// The series forecast.
    pub target: SeriesId,
    /// Its unit.
    pub unit: Unit,
    /// The day from which it is made.
    pub origin: NaiveDate,
    /// The last known value.
    pub last_value: f64,
    /// One entry a horizon, nearest first.
    pub steps: Vec<Outlook>,
    /// How far it can be trusted.
    pub skill: Skill,
    /// How its worlds hang together, as measured by the origin.
    pub dependence: Dependence,
    /// The company's own word, where it went in.
    pub announcement: Option<Announcement>,
    /// For each step the terms that add up to its level on the model's scale; empty where the model is
    /// no sum.
    pub terms: Vec<Vec<Term>>,
    /// The scale on which the terms add up.
    pub scale: history::Scale,
}

/// What a forecast says of one period.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// Periods ahead; 1 is the first without a value at the origin.
    pub horizon: usize,
    /// The period.
    pub period: Period,
    /// The median.
    pub median: f64,
    /// The model that made it.
    pub model_used: &'static str,
    /// The distribution around it.
    pub quantiles: Quantiles,
    /// Why the answer is withheld, if it is. The numbers stay for backtests.
    pub refusal: Option<Refusal>,
}

impl Outlook {
    /// The refusal of a coverage that the sample cannot support.
    pub fn too_high(&self, coverage: f64) -> Option<Refusal> {
        let highest = self.quantiles.highest_coverage();
        (coverage > highest + 1e-12).then(|| Refusal {
            code: RefusalCode::CoverageTooHigh,
            measured: format!(
                "{} residuals support a coverage of at most {highest:.3}",
                self.quantiles.n_residuals()
            ),
            would_answer: format!("a coverage of at most {highest:.2}, or more resolved forecasts"),
        })
    }
}

impl Forecast {
    /// The announcement, if it speaks of the target itself and not of its whole or its year.
    pub fn own_guide(&self) -> Option<&Announcement> {
        self.announcement.as_ref().filter(|a| a.metric == self.target.metric())
    }

    /// The outlook at a horizon.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the forecast does not reach that far.
    pub fn horizon(&self, horizon: usize) -> Result<&Outlook> {
        self.steps.iter().find(|step| step.horizon == horizon).ok_or_else(|| {
            Error::invalid(format!(
                "horizon {horizon} asked of a forecast that reaches {}",
                self.steps.len()
            ))
        })
    }

    /// Sample paths: one [`Draws`] a horizon; the same index is the same world in each.
    ///
    /// Worlds hang together over horizons (a shock lasts) and over series (a share of each shock is
    /// common to all), by a Gaussian copula around the conformal quantiles. Keyed by seed, series,
    /// origin and draw; the common shock by seed, origin and draw alone, so that all series that are
    /// forecast as of one day share it.
    pub fn draws(&self, seed: u64, n_draws: usize) -> Vec<Draws<f64>> {
        let common_share = self.dependence.common_share;
        let own = Randomness::new(seed, self.target.as_str(), self.origin);
        let common = Randomness::new(seed, "common", self.origin);
        let mut worlds = vec![Vec::with_capacity(n_draws); self.steps.len()];
        for draw_idx in 0..n_draws.max(1) {
            let (mut own, mut common) = (own.draw(draw_idx), common.draw(draw_idx));
            let mut shock = 0.0;
            for (ahead, step) in self.steps.iter().enumerate() {
                let fresh = common_share.sqrt() * common.normal()
                    + (1.0 - common_share).sqrt() * own.normal();
                shock = if ahead == 0 {
                    fresh
                } else {
                    let lasting = self.dependence.persistence_into(ahead);
                    lasting * shock + (1.0 - lasting.powi(2)).sqrt() * fresh
                };
                worlds[ahead].push(step.quantiles.at(interval::normal_cdf(shock)));
            }
        }
        let sample = |values| Draws::new(values).expect("at least one world is drawn");
        worlds.into_iter().map(sample).collect()
    }
}
