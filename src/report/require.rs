//! What a capability takes by a day, and what binds: by each law, and with other spend and assumptions.
//!
//! May use the core, `scaling` and the rest of `report`. The one place that asks: `scale require`
//! and the pages print what is found here. Computes nothing that `scaling/inverse.rs` does not.

use chrono::{Days, NaiveDate};

use super::buyers::buyers;
use super::format;
use super::machines::Workshop;
use crate::archive::Snapshot;
use crate::error::Result;
use crate::period::Period;
use crate::scaling::inverse::{Means, Required, Target, required};
use crate::scaling::law::{Form, Law, ScalingLaw};
use crate::scaling::limits::{Buyers, Pace, Verdict};
use crate::scaling::scenario::Scenario;
use crate::units::Usd;

/// What is asked, whatever the scenario.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The capability and its day.
    pub target: Target,
    /// The buyer; all of them together if absent.
    pub company: Option<&'a str>,
}

/// What was found.
pub struct Answer {
    /// Who buys.
    pub buyers: Buyers,
    /// What it takes, by each law; the law that is used first.
    pub found: Vec<Required>,
}

impl Question<'_> {
    /// The day on which the run starts at the latest, at the median of its length.
    fn start(&self, workshop: &Workshop) -> Result<NaiveDate> {
        let days = workshop.tables.assumptions.get("run_days")?.median;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "above 0")]
        let days = days.round() as u64;
        Ok(self.target.by.checked_sub_days(Days::new(days)).unwrap_or(self.target.by))
    }
}

/// What the capability takes, by the law that is used, the seed law, the line with time and the static
/// line.
///
/// # Errors
/// As [`buyers`] and [`required`].
pub fn answer(known: &Snapshot, workshop: &Workshop, question: Question<'_>) -> Result<Answer> {
    let Question { target, company } = question;
    let buyers = buyers(known, company, workshop, question.start(workshop)?)?;
    let means = Means { tables: &workshop.tables, buyers: &buyers, worlds: &workshop.worlds };
    let laws = laws(workshop, target.by)?;
    let words: Vec<_> = laws.iter().map(|law| law.best().form().word()).collect();
    let named: Vec<_> = words
        .iter()
        .zip(&laws)
        .map(|(word, law)| (word.as_str(), law as &dyn ScalingLaw))
        .collect();
    let found = required(&named, target, &means)?;
    Ok(Answer { buyers, found })
}

/// What it takes by the law that is used, with a scenario or without, in the same worlds.
///
/// # Errors
/// As [`answer`], and [`crate::Error::Invalid`] if the scenario does not fit the assumptions.
pub fn under(
    known: &Snapshot,
    workshop: &Workshop,
    question: Question<'_>,
    scenario: Option<&Scenario>,
) -> Result<Required> {
    let mut tables = workshop.tables.clone();
    if let Some(scenario) = scenario {
        tables.assumptions = scenario.assumptions(&tables.assumptions)?;
    }
    let law = workshop.law_under(&tables.assumptions, question.target.by)?;
    // The run is as long as without the scenario, so that both speak of one day.
    let start = question.start(workshop)?;
    let changed = Workshop { tables, ..workshop.clone() };
    let found = buyers(known, question.company, &changed, start)?;
    let span = Period::new(known.as_of(), question.target.by.max(known.as_of()))?;
    let buyers = spending(found, scenario.map_or(1.0, |scenario| scenario.factor(span)));
    let means = Means { tables: &changed.tables, buyers: &buyers, worlds: &changed.worlds };
    let word = law.best().form().word();
    let mut found = required(&[(word.as_str(), &law as &dyn ScalingLaw)], question.target, &means)?;
    Ok(found.remove(0))
}

/// Buyers who spend so many times as much.
fn spending(buyers: Buyers, factor: f64) -> Buyers {
    let capex = Pace { per_year: buyers.capex.per_year * factor, ..buyers.capex };
    let accelerators_per_quarter =
        buyers.accelerators_per_quarter.map(|Usd(quarter)| Usd(quarter * factor));
    Buyers { capex, accelerators_per_quarter, ..buyers }
}

/// The law that is used, the seed law, the line with time and the static line, each once.
fn laws(workshop: &Workshop, by: NaiveDate) -> Result<Vec<Law>> {
    let mut all = vec![workshop.law.clone(), workshop.seed_law.clone()];
    for form in [Form::LINEAR_TIME, Form::LINEAR] {
        if all.iter().all(|law| law.best().form() != form) {
            all.push(workshop.fit(form, &workshop.tables.assumptions)?);
        }
    }
    Ok(all.into_iter().map(|law| law.released(by)).collect())
}

/// The verdict's word, and the constraint's where one binds.
pub fn verdict(one: &Required) -> (&'static str, Option<&'static str>) {
    match one.verdict {
        Verdict::Feasible => ("feasible", None),
        Verdict::Infeasible(constraint) => ("infeasible", Some(constraint.word())),
        Verdict::BelowFloor => ("below_floor", None),
    }
}

/// The verdict in words, with the share of worlds in which each constraint binds.
pub fn in_words(one: &Required) -> String {
    let bound = one.bindings.shares.iter().filter(|(_, share)| *share >= 0.0005);
    let shares: Vec<_> =
        bound.map(|(c, share)| format!("{} {}", c.word(), format::percent(*share))).collect();
    let binds = if shares.is_empty() { "nothing binds".to_owned() } else { shares.join(", ") };
    let any = format::percent(one.bindings.any);
    match one.verdict {
        Verdict::Feasible => format!("feasible; something binds in {any} of worlds ({binds})"),
        Verdict::Infeasible(constraint) => format!(
            "infeasible in {any} of worlds; {}: {} ({binds})",
            constraint.word(),
            constraint.words()
        ),
        Verdict::BelowFloor => format!(
            "below this law's floor: the smallest model of its data would reach {:.1} by then",
            one.floor
        ),
    }
}

/// What is left of the time, at the medians.
///
/// # Errors
/// [`crate::Error::NotFound`] if an assumption is missing.
pub fn timing(workshop: &Workshop, found: &[Required]) -> Result<String> {
    let assumptions = &workshop.tables.assumptions;
    let run = assumptions.get("run_days")?.median;
    let lag = assumptions.get("deployment_lag_quarters")?.median;
    let left = found.first().map_or(0.0, |one| one.quarters_left.median());
    Ok(format!(
        "The run takes {run:.0} days, and chips run {lag:.1} quarters after they are bought: \
         {left:.1} quarters are left to buy in."
    ))
}
