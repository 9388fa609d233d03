//! What the series of a panel teach each other: season, pooled weights, and how far intervals reach.
//!
//! May use its neighbours. Pure, and the same for any order of the series and any number of threads.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::drivers::Seen;
use super::interval::{self, Attempt, Intervals};
use super::past::{self, Errors};
use super::tidy::Tidy;
use super::{Asked, GoesOn, Outcome, SEASON_MAX, Series, Stage, Values, failed, outcome};
use crate::error::{Error, Result};
use crate::forecast::univariate::{Answer, LENGTH_NEEDED, Pools, Question};

/// Series from which the others learn, at most; of more, so many evenly by their names.
const TEACHERS_MAX: usize = 2_000;

/// What a panel has taught. With it a series is answered for alone, on any machine.
///
/// Where no interval is asked, the past is not looked at, and a `status` says nothing of skill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lesson {
    asked: Asked,
    question: Question,
    pools: Pools,
    /// The same from earlier origins, nearest first: how many values before the end, and what was learned
    /// from those before.
    past: Vec<(usize, Pools)>,
    intervals: Intervals,
}

/// Learns from a panel.
///
/// The cost does not grow with the panel beyond two thousand series.
pub fn learn(panel: &[Series], asked: &Asked) -> Lesson {
    learn_while(panel, asked, &|_| true).expect("nobody stops it")
}

/// The same, as long as `goes_on`; none once it said no.
pub fn learn_while(panel: &[Series], asked: &Asked, goes_on: &GoesOn) -> Option<Lesson> {
    let mut sorted: Vec<&Series> = panel.iter().collect();
    sorted.par_sort_by_key(|series| series.unique_id());
    let good: Vec<&Tidy> = sorted.iter().filter_map(|series| series.tidy.as_ref().ok()).collect();
    Some(learn_from(&good, asked, goes_on)?.0)
}

/// Learns from a panel in order, and says what was found of each series' own past on the way.
pub(super) fn learn_with_errors(
    panel: &[&Series],
    asked: &Asked,
    goes_on: &GoesOn,
) -> Option<(Lesson, Vec<Option<Errors>>)> {
    let good: Vec<&Tidy> = panel.iter().filter_map(|series| series.tidy.as_ref().ok()).collect();
    let (lesson, mut found) = learn_from(&good, asked, goes_on)?;
    let mut idx = 0;
    let mut of = |series: &Series| {
        let errors = series.tidy.is_ok().then(|| found.remove(&idx)).flatten();
        idx += usize::from(series.tidy.is_ok());
        errors
    };
    let errors = panel.iter().copied().map(&mut of).collect();
    Some((lesson, errors))
}

/// Learns from good series, in order of their names; the errors are those of the teachers' past.
pub(super) fn learn_from(
    good: &[&Tidy],
    asked: &Asked,
    goes_on: &GoesOn,
) -> Option<(Lesson, BTreeMap<usize, Errors>)> {
    let season = asked.season.unwrap_or_else(|| usual_season(good));
    let question = Question { season: season.clamp(1, SEASON_MAX), horizon: asked.horizon };
    let teachers = teachers(good);
    let pools = asked.model.learn(teachers.iter().map(|idx| good[*idx].y.as_slice()), question);
    let backs = if asked.coverages.is_empty() {
        Vec::new()
    } else {
        past::origins(teachers.len(), question.horizon)
    };
    let learned = |back: usize| {
        let cut = |idx: &usize| Some(past::cut(&good[*idx].y, back, question.season)?.0);
        let learn = || asked.model.learn(teachers.iter().filter_map(cut), question);
        Some((back, goes_on(Stage::Learn).then(learn)?))
    };
    let past: Vec<(usize, Pools)> = backs.into_iter().map(learned).collect::<Option<_>>()?;
    let tries =
        |idx: &usize| goes_on(Stage::Learn).then(|| tries(asked, &past, good[*idx], question));
    let tried: Vec<Vec<Tried>> = teachers.par_iter().map(tries).collect::<Option<_>>()?;
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut errors: BTreeMap<usize, Errors> = BTreeMap::new();
    for nth in 0..past.len() {
        for (idx, tried) in teachers.iter().zip(&tried) {
            if let Some(Tried { known, came, answer }) = tried.get(nth) {
                errors.entry(*idx).or_default().add_all(known, came, answer, question.season);
                attempts.extend(interval::attempts(came, answer));
            }
        }
    }
    let intervals = Intervals::new(&attempts, question.horizon, &asked.coverages);
    for idx in teachers {
        errors.entry(idx).or_default();
    }
    Some((Lesson { asked: asked.clone(), question, pools, past, intervals }, errors))
}

impl Lesson {
    /// The forecast of a series: the same bytes on any machine, whatever else is answered for.
    pub fn answer(&self, series: &Series) -> Outcome {
        self.answer_with(series, None)
    }

    /// The same, where the errors of its past may be known already.
    pub(super) fn answer_with(&self, series: &Series, errors: Option<Errors>) -> Outcome {
        match &series.tidy {
            Err(reason) => failed(series.unique_id.clone(), reason.clone()),
            Ok(tidy) => {
                let errors = errors.unwrap_or_else(|| self.errors(tidy));
                self.outcome(&series.unique_id, tidy, errors.gain(), &mut Seen::default())
            }
        }
    }

    /// The forecast of a series of which the skill is told, or not asked for, and the start may
    /// have been `seen`.
    pub(super) fn outcome(
        &self,
        unique_id: &str,
        tidy: &Tidy,
        gain: Option<f64>,
        seen: &mut Seen,
    ) -> Outcome {
        let answer = self.asked.answer_after(seen, &self.pools, tidy.values(), self.question);
        let n_needed = self.asked.n_needed(self.question.season);
        let usual = (self.asked.model.name_in_rows(), n_needed);
        outcome(unique_id.to_owned(), tidy, &answer, usual, gain, &self.intervals)
    }

    /// The errors of the forecasts that would have been made of a series at earlier origins.
    fn errors(&self, tidy: &Tidy) -> Errors {
        let mut errors = Errors::default();
        for Tried { known, came, answer } in tries(&self.asked, &self.past, tidy, self.question) {
            errors.add_all(known, came, &answer, self.question.season);
        }
        errors
    }

    /// What was asked.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// As a JSON text, exact to the last bit.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and words are JSON")
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// [`Error::Parse`] says what is not as it is written.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|cause| {
            Error::parse("not what a panel has taught, as this version writes it").caused_by(cause)
        })
    }
}

/// What was known of a series at an earlier origin, what came, and what would have been said.
struct Tried<'a> {
    known: &'a [f64],
    came: &'a [f64],
    answer: Answer,
}

/// Forecasts of a series from earlier origins, nearest first, as far back as enough was known.
fn tries<'a>(
    asked: &Asked,
    past: &[(usize, Pools)],
    tidy: &'a Tidy,
    question: Question,
) -> Vec<Tried<'a>> {
    let cut = |(back, _): &(usize, Pools)| past::cut(&tidy.y, *back, question.season);
    let cuts: Vec<_> = past.iter().map_while(cut).collect();
    let values = cuts.iter().map(|(known, _)| Values { y: known, x: &tidy.x });
    let origins: Vec<_> = past.iter().map(|(_, pools)| pools).zip(values).collect();
    let answers = asked.answers(&origins, question);
    let tried = |((known, came), answer)| Tried { known, came, answer };
    cuts.into_iter().zip(answers).map(tried).collect()
}

/// The series from which the others learn: whole ones that are long enough, change and do not explode, so
/// that an odd one changes no other; all of them if those are less than half.
fn teachers(panel: &[&Tidy]) -> Vec<usize> {
    let teaches = |idx: &usize| {
        let tidy = panel[*idx];
        tidy.left_out.is_none() && tidy.y.len() >= LENGTH_NEEDED && tidy.is_tame()
    };
    let whole: Vec<usize> = (0..panel.len()).filter(teaches).collect();
    let all = if 2 * whole.len() < panel.len() { (0..panel.len()).collect() } else { whole };
    if all.len() <= TEACHERS_MAX {
        return all;
    }
    (0..TEACHERS_MAX).map(|nth| all[nth * all.len() / TEACHERS_MAX]).collect()
}

/// The season that most series have by their steps.
fn usual_season(panel: &[&Tidy]) -> usize {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for tidy in panel {
        *counts.entry(tidy.step.season()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, n)| *n).map_or(1, |(season, _)| season)
}
