//! The sections from money to machines and from machines to capability.
//!
//! May use `scaling` and the rest of `report`.

use chrono::NaiveDate;

use super::chart::{Curve, Law, Model, Target};
use super::company::Material;
use super::machines::{Machines, Workshop};
use super::{
    Block, Cell, Chart, Prose, Section, SourceKind, SourceRef, Sources, Table, Tone, format,
};
use crate::error::Result;
use crate::scaling::chain::{Chain, Step, StepKind};
use crate::scaling::law::{Form, ScalingLaw, Time};
use crate::scaling::meaning::Likeness;
use crate::units::{Flop, Unit};

/// The chain as two sections; none where it could not be computed.
pub fn machines(material: &Material<'_>) -> Result<Vec<Section>> {
    let Some(machines) = material.machines else { return Ok(Vec::new()) };
    Ok(vec![money(material, machines)?, capability(material, machines)?])
}

/// Step names after which a chain without an installed base says nothing more.
const LAST_STEP_WITHOUT_STOCK: &str = "purchases";

fn money(material: &Material<'_>, machines: &Machines) -> Result<Section> {
    let chain = &machines.chain;
    let own = material.model("scaling chain, draw by draw");
    let upto = chain.steps.iter().position(|step| step.name == LAST_STEP_WITHOUT_STOCK);
    let shown = match (machines.stock.is_some(), upto) {
        (false, Some(at)) => &chain.steps[..=at],
        _ => &chain.steps[..],
    };
    let rows = shown.iter().map(|step| trace_row(step, &own, material));
    let headings = ["Step", "Median", "90% range", "Unit", "Kind", "How"];
    let table = Table::new("Every step, with what it rests on", &headings, rows.collect())?;
    let mut blocks: Vec<Block> = vec![spent(material, machines)?, table.into()];
    for warning in &chain.warnings {
        blocks.push(Block::Note(Tone::Caution, Prose::cited(format!("{warning}."), &own)));
    }
    Ok(Section::new("machines", "From money to machines", blocks))
}

/// What was spent since the last estimate of the installed base, and what is forecast on top.
fn spent(material: &Material<'_>, machines: &Machines) -> Result<Block> {
    let mut sources = material.forecast_sources()?;
    for row in &machines.spent {
        sources = sources.and(&SourceRef::observed(row));
    }
    let text = format!(
        "The chain adds {} of reported spend and {} of forecast spend{}.",
        format::count(machines.spent.len(), "quarter"),
        format::count(machines.n_forecast, "quarter"),
        machines.stock.as_ref().map_or_else(String::new, |stock| format!(
            " to what was installed on {} by estimate",
            format::date(stock.date)
        )),
    );
    Ok(Block::text(Prose::cited(text, sources)))
}

fn trace_row(step: &Step, own: &SourceRef, material: &Material<'_>) -> Vec<Cell> {
    let is_work = step.unit.starts_with("FLOP");
    let unit = if is_work { Unit::Flop } else { step.unit.parse().unwrap_or(Unit::Index) };
    let kind = match step.kind {
        StepKind::Assumption => SourceKind::Assumption,
        StepKind::Estimate | StepKind::Fact => SourceKind::Estimate,
        StepKind::Model => SourceKind::Model,
    };
    let source = match step.kind {
        StepKind::Model => own.clone(),
        _ => SourceRef::new(
            kind,
            format!("{}: {}", step.name, step.source),
            "models/assumptions.toml and datasets/",
            material.known.as_of(),
        ),
    };
    let digits = if step.p50 >= 100.0 && unit == Unit::Index { 0 } else { 2 };
    vec![
        Cell::label(step.name.clone()),
        Cell::number(step.p50, unit, digits, &source),
        Cell::cited(format::range(step.p05, step.p95, unit, digits), &source),
        Cell::label(step.unit.clone()),
        Cell::label(step.kind.word()),
        Cell::label(step.expression.clone()),
    ]
}

fn capability(material: &Material<'_>, machines: &Machines) -> Result<Section> {
    let chain = &machines.chain;
    let own = material.model("laws fitted to Epoch's capability index, 200 resamples of the rows");
    let index = SourceRef::new(
        SourceKind::Estimate,
        "Epoch AI, Epoch Capabilities Index and training compute, CC BY",
        "datasets/capability/eci.csv",
        material.known.as_of(),
    );
    let sources = Sources::from(&index).and(&own);
    let fleet = Some(chain).filter(|_| machines.stock.is_some());
    let chart = Chart::new(
        "More compute buys more capability, by less each time",
        "Epoch Capabilities Index",
        "Released models by training compute, the fitted laws, and where a forecast fleet leads.",
        Unit::Index,
        curve(chain.date, fleet, material.workshop),
        sources.clone(),
    );
    let laws = &material.workshop.laws;
    // A fitted term for time is never used: one of them stands for all, `scale law` shows the rest.
    let is_shown = |form: Form| form.time != Time::Term || form == Form::LINEAR_TIME;
    let scores = laws.in_time.scores.iter().zip(&laws.in_compute.scores);
    let scores = scores.filter(|(later, _)| is_shown(later.form)).map(|(later, larger)| {
        vec![
            Cell::label(later.form.expression()),
            Cell::number(later.rmse_out_of_sample, Unit::Index, 1, &own),
            Cell::number(larger.rmse_out_of_sample, Unit::Index, 1, &own),
            Cell::number(later.rmse_in_sample, Unit::Index, 1, &own),
        ]
    });
    let headings =
        ["Law", "Error on later models", "Error on larger models", "Error on early models"];
    let table = Table::new("The laws side by side, in index points", &headings, scores.collect())?;
    let verdict = format!("{}.", laws.verdict());
    let words = fleet.map_or_else(
        || {
            "What the machines sold can train depends on who runs them: where each buyer's fleet leads \
             is on the buyer's page. The laws are the same."
                .to_owned()
        },
        |chain| format!("{} {}", reach(chain), in_words(&machines.likeness)),
    );
    let blocks = vec![
        Block::text(Prose::cited(words, sources)),
        chart.into(),
        table.into(),
        Block::Note(Tone::Remark, Prose::cited(verdict, &own)),
    ];
    Ok(Section::new("capability", "From machines to capability", blocks))
}

/// What the fleet's largest run reaches, in words.
fn reach(chain: &Chain) -> String {
    let run = chain.run.quantiles(&[0.05, 0.5, 0.95]);
    let capability = chain.capability.draws.quantiles(&[0.05, 0.5, 0.95]);
    let outside = if chain.capability.extrapolated {
        " The law speaks outside its data there, so its band is widened."
    } else {
        ""
    };
    format!(
        "A largest run of {} ({}, a 90% interval) would reach {} on the index ({}, a 90% interval).{outside}",
        format::words(run[1], Unit::Flop, 1),
        format::range(run[0], run[2], Unit::Flop, 1),
        format::words(capability[1], Unit::Index, 0),
        format::range(capability[0], capability[2], Unit::Index, 0),
    )
}

/// What a run is like, in words.
pub(crate) fn in_words(likeness: &Likeness) -> String {
    let levels = [0.05, 0.5, 0.95];
    let times = likeness.times_reference.quantiles(&levels);
    let copies = likeness.copies.quantiles(&levels);
    let same = likeness.same_capability.quantiles(&levels);
    let span = |found: &[f64], unit| {
        format!(
            "{} ({}, a 90% interval)",
            format::words(found[1], unit, 1),
            format::range(found[0], found[2], unit, 1)
        )
    };
    let (above, nearest) = (likeness.above_nearest, &likeness.nearest.model);
    let stands = if above.abs() < 0.5 {
        format!("about as capable as {nearest}")
    } else if above > 0.0 {
        format!("{above:.0} points above {nearest}")
    } else {
        format!("{:.0} points below {nearest}", -above)
    };
    format!(
        "That is {} times the training compute of {}. A model as capable as that one would by then \
         take {}, so the run would train {} of them. By the law it is {stands}, the nearest of the \
         known models.",
        span(&times, Unit::Count),
        likeness.reference.model,
        span(&same, Unit::Flop),
        span(&copies, Unit::Count),
    )
}

fn curve(date: NaiveDate, fleet: Option<&Chain>, workshop: &Workshop) -> Curve {
    let law = workshop.law_on(date);
    let (low, high) = (law.domain().start().0, law.domain().end().0);
    let target = fleet.map(|chain| {
        let run = chain.run.quantiles(&[0.1, 0.5, 0.9]);
        let capability = chain.capability.draws.quantiles(&[0.1, 0.5, 0.9]);
        Target {
            label: "forecast fleet".to_owned(),
            x: (run[0], run[1], run[2]),
            y: (capability[0], capability[1], capability[2]),
            coverage: 0.8,
        }
    });
    let models = workshop.models.iter().filter_map(|row| {
        let x = row.compute?.0;
        Some(Model { label: row.model.clone(), x, y: row.score, is_named: false })
    });
    let furthest = target.as_ref().map_or(high, |target| target.x.2.max(high));
    let decades = (low.log10(), furthest.log10());
    let points = |law: &dyn ScalingLaw, n_refits: usize| {
        (0..=40_u32)
            .map(|step| {
                let decade = decades.0 + (decades.1 - decades.0) * f64::from(step) / 40.0;
                let flop = Flop(10.0_f64.powf(decade));
                let mut values: Vec<f64> = (0..n_refits).map(|i| law.curve(i, flop)).collect();
                values.sort_by(f64::total_cmp);
                let at = |level| crate::draws::sorted_quantile(&values, level);
                (flop.0, at(0.1), at(0.5), at(0.9))
            })
            .collect::<Vec<_>>()
    };
    let n_refits = law.refits().len();
    Curve {
        x_name: "Training compute".to_owned(),
        x_unit: Unit::Flop,
        models: models.collect(),
        laws: vec![
            Law {
                label: format!("{}, {}", law.best().form(), format::date(date)),
                points: points(&law, n_refits),
            },
            Law {
                label: "y = c ln(X/X0 + 1)".to_owned(),
                points: points(&workshop.seed_law, workshop.seed_law.refits().len()),
            },
        ],
        observed: (low, high),
        target,
    }
}
