//! From machines to capability: the curve, its laws, and where the fleet leads.
//!
//! May use the core, `scaling` and the rest of `report`.

use chrono::NaiveDate;

use super::Material;
use crate::error::Result;
use crate::report::chart::{Curve, Law, Model, Target};
use crate::report::machines::Workshop;
use crate::report::{
    Block, Cell, Chart, Prose, Section, SourceKind, SourceRef, Sources, Table, Tone, format,
};
use crate::scaling::chain::Chain;
use crate::scaling::law::{CapabilityRow, Form, ScalingLaw, SideBySide, Time};
use crate::scaling::meaning::{Likeness, REFERENCE};
use crate::scaling::multiple::{MultipleRow, claims, multiple};
use crate::scaling::published::PublishedLaws;
use crate::units::{Flop, Unit};

/// What the fleet can train; none where the chain could not be computed.
pub(super) fn section(material: &Material<'_>) -> Result<Option<Section>> {
    let Some(machines) = material.machines else { return Ok(None) };
    let chain = &machines.chain;
    let own = material
        .model("laws fitted to Epoch's capability index, 200 resamples of the rows")
        .of(material.workshop.models.len());
    let index = SourceRef::new(
        SourceKind::Estimate,
        "Epoch AI, Epoch Capabilities Index and training compute, CC BY",
        "datasets/capability/eci.csv",
        material.known.as_of(),
    );
    let sources = Sources::from(&index).and(&own);
    let fleet = Some(chain).filter(|_| machines.stock.is_some());
    let chart = Chart::new(
        fleet.map_or_else(
            || "More compute buys more capability, by less each time".to_owned(),
            finding,
        ),
        "Epoch Capabilities Index against training compute; bands: 80% of the resampled laws",
        "Released models by training compute, the fitted laws, and where a forecast fleet leads.",
        Unit::Index,
        curve(chain.date, fleet, material.workshop),
        sources.clone(),
    );
    let verdict = format!("{}.", material.workshop.laws.verdict());
    let words = fleet.map_or_else(
        || {
            "What the machines sold can train depends on who runs them: where each buyer's fleet leads \
             is on the buyer's page. The laws are the same."
                .to_owned()
        },
        |chain| format!("{} {}", reach(chain), in_words(&machines.likeness)),
    );
    let mut blocks = vec![Block::text(Prose::cited(words, sources)), chart.into()];
    blocks.push(scores(&material.workshop.laws, &own)?.into());
    blocks.push(Block::Note(Tone::Remark, Prose::cited(verdict, &own)));
    blocks.extend(twice(material)?);
    let heading = fleet.map_or_else(
        || "What machines can train, by the laws side by side".to_owned(),
        |chain| {
            let capability = chain.capability.draws.median();
            format!("Its largest run would score about {capability:.0} on the capability index")
        },
    );
    Ok(Some(Section::new("capability", heading, blocks)))
}

/// What the fleet's run does to the frontier of the laws' data.
fn finding(chain: &Chain) -> String {
    let run = chain.run.median();
    let word = if chain.capability.extrapolated {
        "lies at the edge of what the laws have seen or beyond"
    } else {
        "lies inside what the laws have seen"
    };
    format!("A run of {} {word}", format::words(run, Unit::Flop, 1))
}

fn scores(laws: &SideBySide, own: &SourceRef) -> Result<Table> {
    // A fitted term for time is never used: one of them stands for all, `scale law` shows the rest.
    let is_shown = |form: Form| form.time != Time::Term || form == Form::LINEAR_TIME;
    let scores = laws.in_time.scores.iter().zip(&laws.in_compute.scores);
    let scores = scores.filter(|(later, _)| is_shown(later.form)).map(|(later, larger)| {
        let mark = if later.form == laws.best() { " (used)" } else { "" };
        vec![
            Cell::label(format!("{}{mark}", later.form.expression())),
            Cell::number(later.rmse_out_of_sample, Unit::Index, 1, own),
            Cell::number(larger.rmse_out_of_sample, Unit::Index, 1, own),
            Cell::number(later.rmse_in_sample, Unit::Index, 1, own),
        ]
    });
    let headings =
        ["Law", "Error on later models", "Error on larger models", "Error on early models"];
    Table::new("The laws side by side, in index points", &headings, scores.collect())
}

/// What twice the parameters cost, by each published law, with the loss of larger clusters.
fn twice(material: &Material<'_>) -> Result<Vec<Block>> {
    let laws = PublishedLaws::bundled()?;
    let source = SourceRef::new(
        SourceKind::Estimate,
        "Published laws of parameters and efficiencies of clusters, as their authors give them",
        "models/published_laws.toml",
        material.known.as_of(),
    );
    let all = multiple(2.0, &laws)?;
    let times = |value: f64| format!("{value:.1}x");
    let mut rows = Vec::new();
    for law in &laws.allocation {
        let of_law: Vec<_> = all.iter().filter(|row| row.law == law.name).collect();
        let hours = || of_law.iter().map(|row| row.gpu_hours_multiple);
        let (least, most) = (hours().fold(f64::INFINITY, f64::min), hours().fold(0.0, f64::max));
        let Some(first) = of_law.first() else { continue };
        rows.push(vec![
            Cell::label(law.name.replace('_', " ")),
            Cell::cited(format!("N ~ C^{}", law.exponent), &source),
            Cell::cited(times(first.compute_multiple), &source),
            Cell::cited(format!("{} to {}", times(least), times(most)), &source),
            Cell::cited(law.source.clone(), &source),
        ]);
    }
    let ends = |of: fn(&MultipleRow) -> f64| {
        let (low, high) = all.iter().map(of).fold((f64::INFINITY, 0.0), |(low, high), value| {
            (f64::min(low, value), f64::max(high, value))
        });
        format!("{low:.1} to {high:.1}")
    };
    let text = format!(
        "Twice the parameters take {} times the compute by the published laws, and {} times the GPU-hours \
         once what larger clusters lose between machines is counted.",
        ends(|row| row.compute_multiple),
        ends(|row| row.gpu_hours_multiple)
    );
    let headings = ["Law", "Parameters by compute", "Compute", "GPU-hours", "Who found it"];
    let table = Table::new("What twice the parameters cost", &headings, rows)?;
    let claims = claims(&laws)?.into_iter().map(|claim| {
        Block::Note(
            Tone::Remark,
            Prose::cited(format!("{}.", format::capitalised(&claim.words)), &source),
        )
    });
    let first = [Block::text(Prose::cited(text, &source)), table.into()];
    Ok(first.into_iter().chain(claims).collect())
}

/// What the fleet's largest run reaches, in words.
fn reach(chain: &Chain) -> String {
    let run = chain.run.quantiles(&[0.05, 0.5, 0.95]);
    let capability = chain.capability.draws.quantiles(&[0.05, 0.5, 0.95]);
    format!(
        "A largest run of {} ({}, a 90% interval) would reach {} on the index ({}, a 90% interval).",
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

/// Whether a model's name helps a reader: the best score, and the model that people compare with.
fn is_known(row: &CapabilityRow, workshop: &Workshop) -> bool {
    let with_compute = workshop.models.iter().filter(|row| row.compute.is_some());
    let best = with_compute.max_by(|a, b| a.score.total_cmp(&b.score));
    row.model == REFERENCE || best.is_some_and(|best| best.model == row.model)
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
        Some(Model { label: row.model.clone(), x, y: row.score, is_named: is_known(row, workshop) })
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
