//! The forecast of a market: rows by member and horizon, and beside them speed, half-life, thresholds,
//! skill and the bounds of the unknown bucket.
//!
//! May use everything. Numbers of a refused row stay visible, with the reason.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::output::{Rows, table};
use super::super::{Context, Outcome};
use super::{Asked, study};
use crate::error::{Error, Result};
use crate::forecast::history::History;
use crate::forecast::skill::{Refusal, RefusalCode, Skill};
use crate::period::Period;
use crate::report::format::percent;
use crate::series::SeriesId;
use crate::strategy::erosion::{Ahead, Passage, Speed, Study, Verdict, YEARS_AHEAD, withheld};
use crate::strategy::market::{Unknown, share};

const COLUMNS: [&str; 17] = [
    "market",
    "member",
    "period_end",
    "horizon",
    "model",
    "median",
    "lower_80",
    "upper_80",
    "lower_95",
    "upper_95",
    "naive",
    "actual",
    "refusal",
    "model_used",
    "interval_basis",
    "hazard_half",
    "actual_units",
];

/// What is said of one member.
struct Told {
    last: (Period, f64),
    steps: Vec<Ahead>,
    skill: Skill,
    /// Of the models' window and of the whole record.
    speeds: [Speed; 2],
    passages: Vec<Passage>,
    /// The same under each way to count the unknown bucket, where there is one.
    bounds: Vec<(Unknown, f64, Speed, Ahead)>,
}

pub(super) fn print(context: &Context, asked: &Asked<'_>) -> Result<Outcome> {
    let mut bounds = Vec::new();
    if asked.market.has_unknown() {
        for unknown in Unknown::ALL {
            bounds.push((
                unknown,
                study(context, asked.market, asked.archive, asked.horizon, unknown)?,
            ));
        }
    }
    let mut rows = Rows::new(&COLUMNS);
    let (mut beside, mut people, mut n_answered) = (Vec::new(), Vec::new(), 0);
    for (name, id) in &asked.members {
        match tell(asked, id, &bounds) {
            Ok(told) => {
                let units = units(asked, name)?;
                for step in &told.steps {
                    rows.push(row(asked, name, step, &units));
                    n_answered += usize::from(step.refusal.is_none());
                }
                beside.push(member_json(name, &told));
                people.push(words(name, &told, &units));
            }
            Err(Error::Insufficient(why)) => {
                let refusal = too_short(&why.to_string());
                people.push(format!("{name}: refused ({}): {why}", refusal.code.word()));
                beside.push(json!({"member": name, "refusal": refusal_json(&refusal)}));
            }
            Err(other) => return Err(other),
        }
    }
    let dating = asked.market.dating.as_ref();
    rows.beside("as_of", json!(asked.study.known.as_of()));
    rows.beside("members", Value::Array(beside));
    rows.beside("n_values", json!(asked.study.odds.n_values));
    rows.beside("n_dated", json!(asked.study.odds.n_dated));
    rows.beside("dating_days", json!(dating.map(|dating| dating.days)));
    rows.print(context.global.format, || {
        let title = format!("{}, as of {}", asked.market.title, asked.study.known.as_of());
        format!("{title}\n\n{}", people.join("\n\n"))
    })?;
    Ok(if n_answered == 0 { Outcome::Refused } else { Outcome::Done })
}

fn tell(asked: &Asked<'_>, id: &SeriesId, bounds: &[(Unknown, Study)]) -> Result<Told> {
    let study = asked.study;
    if !study.members.contains(id) {
        return Err(Error::insufficient(format!(
            "no share of {id:?} was known as of {}",
            study.known.as_of()
        )));
    }
    let last = |study: &Study| -> Result<(Period, f64)> {
        let history = History::of(&study.known, id, 1)?;
        Ok((history.last_period(), share(history.last_value())))
    };
    let (steps, skill) = study.ahead(id)?;
    let bounds = bounds.iter().map(|(unknown, study)| {
        let furthest = study.ahead(id)?.0.pop().expect("a path has a step");
        let [speed, _] = study.speeds(id)?;
        Ok((*unknown, last(study)?.1, speed, furthest))
    });
    Ok(Told {
        last: last(study)?,
        steps,
        skill,
        speeds: study.speeds(id)?,
        passages: study.passages(id, asked.seed)?,
        bounds: bounds.collect::<Result<_>>()?,
    })
}

/// Units that came, by period, where the market's file names a series.
fn units(asked: &Asked<'_>, name: &str) -> Result<BTreeMap<Period, f64>> {
    let Some(id) = asked.market.member(name)?.units()? else { return Ok(BTreeMap::new()) };
    let known = asked.archive.as_of(asked.archive.known_through())?.series(&id)?;
    Ok(known.points.iter().map(|point| (point.period, point.value)).collect())
}

fn too_short(why: &str) -> Refusal {
    Refusal {
        code: RefusalCode::ShortRecord,
        measured: why.to_owned(),
        would_answer: "more periods without a gap: `chipcast ingest` or `data import`".to_owned(),
    }
}

fn row(asked: &Asked<'_>, name: &str, step: &Ahead, units: &BTreeMap<Period, f64>) -> Vec<Value> {
    vec![
        json!(asked.market.name),
        json!(name),
        json!(step.period.end()),
        json!(step.horizon),
        json!("erosion"),
        json!(step.median),
        json!(step.interval_80.0),
        json!(step.interval_80.1),
        json!(step.interval_95.map(|ends| ends.0)),
        json!(step.interval_95.map(|ends| ends.1)),
        json!(step.naive),
        json!(step.actual),
        json!(step.refusal.as_ref().map(|refusal| refusal.code.word())),
        json!(step.model_used),
        json!(step.basis.word()),
        json!(step.hazard),
        json!(units.get(&step.period)),
    ]
}

fn refusal_json(refusal: &Refusal) -> Value {
    json!({
        "code": refusal.code.word(),
        "measured": refusal.measured,
        "would_answer": refusal.would_answer,
    })
}

fn speed_json(speed: &Speed) -> Value {
    let refusal = match &speed.verdict {
        Verdict::Eroding | Verdict::Growing => None,
        Verdict::Undecided(refusal) => Some(refusal_json(refusal)),
    };
    json!({
        "log_odds_per_year": speed.per_year,
        "lower_95": speed.interval_95.0,
        "upper_95": speed.interval_95.1,
        "n_changes": speed.n_changes,
        "verdict": speed.verdict.word(),
        "half_life_years": speed.half_life[1],
        "half_life_lower_95": speed.half_life[0],
        "half_life_upper_95": speed.half_life[2],
        "refusal": refusal,
    })
}

fn member_json(name: &str, told: &Told) -> Value {
    let skill = told.skill.by_horizon.iter().map(|at| {
        json!({
            "horizon": at.horizon,
            "n": at.n,
            "skill": at.skill,
            "skill_lower": at.lower,
            "grade": told.skill.grade_at(at.horizon).letter(),
            "refusal": withheld(&told.skill, at.horizon).as_ref().map(refusal_json),
        })
    });
    let thresholds = told.passages.iter().map(|passage| {
        json!({
            "share": passage.share,
            "years_10": passage.years[0],
            "years_50": passage.years[1],
            "years_90": passage.years[2],
            "reached": passage.reached,
        })
    });
    let bounds = told.bounds.iter().map(|(unknown, last, speed, furthest)| {
        json!({
            "unknown": unknown.word(),
            "share": last,
            "speed": speed_json(speed),
            "horizon": furthest.horizon,
            "median": furthest.median,
            "lower_80": furthest.interval_80.0,
            "upper_80": furthest.interval_80.1,
        })
    });
    json!({
        "member": name,
        "period_end": told.last.0.end(),
        "share": told.last.1,
        "speed": speed_json(&told.speeds[0]),
        "speed_of_whole_record": speed_json(&told.speeds[1]),
        "thresholds": thresholds.collect::<Vec<_>>(),
        "hazard_half": told.steps.iter().map(|step| step.hazard).collect::<Vec<_>>(),
        "skill": skill.collect::<Vec<_>>(),
        "bounds": bounds.collect::<Vec<_>>(),
    })
}

fn words(name: &str, told: &Told, units: &BTreeMap<Period, f64>) -> String {
    let mut lines = vec![format!("{name}: {} on {}", percent(told.last.1), told.last.0.end())];
    let [window, whole] = &told.speeds;
    lines.push(format!("  last {} periods: {}", window.n_changes + 1, speed_words(window)));
    if whole.n_changes > window.n_changes {
        lines.push(format!("  all {} periods: {}", whole.n_changes + 1, speed_words(whole)));
    }
    for passage in &told.passages {
        lines.push(format!("  {}", passage_words(passage)));
    }
    for (unknown, last, speed, furthest) in &told.bounds {
        lines.push(format!(
            "  {}: {} today, {} ({} to {}) in {} periods; {}",
            unknown.word().replace('_', " "),
            percent(*last),
            percent(furthest.median),
            percent(furthest.interval_80.0),
            percent(furthest.interval_80.1),
            furthest.horizon,
            speed_words(speed)
        ));
    }
    let shown = told.steps.iter().map(|step| {
        let range = |ends: (f64, f64)| format!("{} to {}", percent(ends.0), percent(ends.1));
        vec![
            step.horizon.to_string(),
            step.period.end().to_string(),
            percent(step.median),
            range(step.interval_80),
            step.interval_95.map_or_else(|| "-".to_owned(), range),
            percent(step.naive),
            step.actual.map_or_else(|| "-".to_owned(), percent),
            units.get(&step.period).map_or_else(|| "-".to_owned(), |u| format!("{:.1} M", u / 1e6)),
            format!("{:.2}", step.hazard),
            step.model_used.to_owned(),
            step.refusal.as_ref().map_or("", |refusal| refusal.code.word()).to_owned(),
        ]
    });
    let header = [
        "h",
        "period end",
        "median",
        "80%",
        "95%",
        "last",
        "came",
        "units",
        "half",
        "model",
        "refusal",
    ];
    lines.push(table(&header, &[0, 2, 3, 4, 5, 6, 7, 8], shown.collect()));
    if let Some(refusal) = told.steps.iter().find_map(|step| step.refusal.as_ref()) {
        lines
            .push(format!("  refused: {}; answerable: {}", refusal.measured, refusal.would_answer));
    }
    lines.join("\n")
}

fn speed_words(speed: &Speed) -> String {
    let (low, high) = speed.interval_95;
    let years = |at: Option<f64>| at.map_or_else(|| "never".to_owned(), |at| format!("{at:.1}"));
    let [fastest, middle, slowest] = speed.half_life.map(years);
    let said = format!("log odds {:+.2} a year ({low:+.2} to {high:+.2})", speed.per_year);
    match &speed.verdict {
        Verdict::Eroding => {
            format!("{said}: eroding, odds halve in {middle} years ({fastest} to {slowest})")
        }
        Verdict::Growing => format!("{said}: growing"),
        Verdict::Undecided(refusal) => format!(
            "{said}: undecided, odds halve in {fastest} years or never; answerable: {}",
            refusal.would_answer
        ),
    }
}

fn passage_words(passage: &Passage) -> String {
    let years = |at: Option<f64>| {
        at.map_or_else(|| format!("beyond {YEARS_AHEAD}"), |years| format!("{years:.1}"))
    };
    format!(
        "to {}: {} years (80%: {} to {}), passed in {} of worlds",
        percent(passage.share),
        years(passage.years[1]),
        years(passage.years[0]),
        years(passage.years[2]),
        percent(passage.reached)
    )
}
