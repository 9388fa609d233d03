//! Meaning: what a training run and its capability are like, told by models that people know.
//!
//! May use the core files, `assumption`, `inverse` and `law`. Compares; adds no law of its own.

use chrono::NaiveDate;

use super::assumption::Assumptions;
use super::inverse::runs_for;
use super::law::{
    Capability, CapabilityRow, Form, Law, Sampling, Scale, ScalingLaw, rows, side_by_side,
};
use crate::draws::Draws;
use crate::error::{Error, Result};
use crate::units::Flop;

/// The model that people compare with.
pub const REFERENCE: &str = "GPT-4 (Mar 2023)";
/// The first day of the trend of time horizons (METR, Time Horizon 1.1: doubling since 2023).
const HORIZONS_FROM: NaiveDate = match NaiveDate::from_ymd_opt(2023, 1, 1) {
    Some(date) => date,
    None => panic!("the first day of 2023 exists"),
};

/// What a run is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// The model that people compare with: the first GPT-4.
    pub reference: CapabilityRow,
    /// The run's compute over the reference's.
    pub times_reference: Draws<f64>,
    /// Compute for a model as capable as the reference, released when the law speaks.
    pub same_capability: Draws<Flop>,
    /// How many such models the run would train.
    pub copies: Draws<f64>,
    /// The known model whose score is nearest to the run's median capability.
    pub nearest: CapabilityRow,
    /// The run's median capability less the nearest model's score, in the scale's unit.
    pub above_nearest: f64,
}

/// What `run` is like under a law of the index: so many GPT-4s of compute, so many GPT-4-like
/// models, as capable as which known model.
///
/// `C_same` solves `curveᵢ(C) = score of the reference` in every world, so that algorithmic progress
/// until the law's day of release is inside; `copies = run / C_same`.
///
/// # Errors
/// [`Error::NotFound`] if the table lacks the reference or its compute; [`Error::Invalid`] if the
/// samples have different numbers of draws.
pub fn likeness(
    law: &dyn ScalingLaw,
    run: &Draws<Flop>,
    capability: &Capability,
    models: &[CapabilityRow],
) -> Result<Likeness> {
    let missing = || Error::not_found(format!("model `{REFERENCE}` is not in the table of scores"));
    let reference = models.iter().find(|row| row.model == REFERENCE).ok_or_else(missing)?;
    let compute = reference.compute.ok_or_else(missing)?;
    let median = capability.draws.median();
    let away = |row: &&CapabilityRow| (row.score - median).abs();
    let nearest = models.iter().min_by(|a, b| away(a).total_cmp(&away(b))).ok_or_else(missing)?;
    let same_capability = runs_for(law, run.n_draws(), reference.score);
    Ok(Likeness {
        times_reference: run.map(|run| run / compute),
        copies: run.zip(&same_capability, |run, same| run / same)?,
        same_capability,
        above_nearest: median - nearest.score,
        nearest: nearest.clone(),
        reference: reference.clone(),
    })
}

/// The laws that read a run on scales that people know, besides the index.
///
/// - GPQA Diamond and MMLU: the best sigmoid between chance and 1, out of sample.
/// - Time horizon: the trend of models that led since 2023; compute plays no part.
///
/// # Errors
/// As [`Law::fit`].
pub fn other_laws(assumptions: &Assumptions, sampling: Sampling) -> Result<Vec<Law>> {
    [Scale::Gpqa, Scale::Mmlu, Scale::TimeHorizon]
        .into_iter()
        .map(|scale| {
            let mut models = rows(scale)?;
            let form = if scale == Scale::TimeHorizon {
                models.retain(|row| row.released >= HORIZONS_FROM);
                Form::TREND
            } else {
                side_by_side(scale, &models, assumptions)?.best()
            };
            Law::fit(scale, form, &models, assumptions, sampling)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::assumption::Worlds;
    use super::*;

    fn worlds() -> Worlds {
        let origin = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a date");
        Worlds { seed: 5, origin, n_draws: 400 }
    }

    #[test]
    fn gpt_4_by_a_line_that_passes_through_it_is_one_gpt_4() {
        let models = rows(Scale::Eci).expect("bundled");
        let assumptions = Assumptions::bundled().expect("bundled");
        let sampling = Sampling { worlds: worlds(), n_bootstraps: 100 };
        let law =
            Law::fit(Scale::Eci, Form::LINEAR, &models, &assumptions, sampling).expect("80 models");
        let run = Draws::constant(Flop(2.1e26), 400);
        let found = likeness(&law, &run, &law.capability(&run), &models).expect("in the table");
        assert!((found.times_reference.median() - 10.0).abs() < 1e-9);
        let at_same = law.curve(7, found.same_capability.values()[7]);
        assert!((at_same - found.reference.score).abs() < 1e-6, "{at_same}");
        let copies = found.copies.values()[7] * found.same_capability.values()[7].0;
        assert!((copies / 2.1e26 - 1.0).abs() < 1e-12);
        let gap = law.capability(&run).draws.median() - found.nearest.score;
        assert!((gap - found.above_nearest).abs() < 1e-12);
    }

    #[test]
    fn other_scales_answer_in_their_units() {
        let assumptions = Assumptions::bundled().expect("bundled");
        let day = NaiveDate::from_ymd_opt(2025, 9, 1).expect("a date");
        let run = Draws::constant(Flop(3e26), 400);
        let sampling = Sampling { worlds: worlds(), n_bootstraps: 50 };
        let laws = other_laws(&assumptions, sampling).expect("fitted");
        let median = |scale: Scale| {
            let law = laws.iter().find(|law| law.scale() == scale).expect("asked for");
            law.clone().released(day).capability(&run).draws.median()
        };
        assert!((0.6..=1.0).contains(&median(Scale::Gpqa)), "{}", median(Scale::Gpqa));
        assert!((0.8..=1.0).contains(&median(Scale::Mmlu)), "{}", median(Scale::Mmlu));
        // GPT-5 of August 2025: 203 minutes, 114 to 407.
        let horizon = median(Scale::TimeHorizon);
        assert!((60.0..500.0).contains(&horizon), "{horizon}");
    }
}
