//! Scenarios and tornado: what other spend and other assumptions change, in the same worlds.
//!
//! May use the core, `scaling` and the rest of `report`. Prints what `scale COMPANY --scenario`
//! and `--sensitivity` print; a change is taken world by world, never as a difference of
//! quantiles.

use super::{Material, inverse};
use crate::error::{Error, Result};
use crate::report::chart::{Tornado as Picture, TornadoBar};
use crate::report::format::Scale;
use crate::report::machines::Machines;
use crate::report::require::{Question, under, verdict};
use crate::report::stress::{Bench, Bundled, N_DRAWS, bundled};
use crate::report::{
    Block, Cell, Chart, Prose, Section, SourceKind, SourceRef, Sources, Table, format,
};
use crate::scaling::scenario::Change;
use crate::scaling::sensitivity::{Swing, Tornado};
use crate::units::Unit;

/// Bars of the tornado; those that move less stand in the command's table.
const SHOWN_SWINGS: usize = 12;
/// Points of the index below which a swing is not drawn.
const SMALLEST: f64 = 0.05;

/// What one scenario changes, and what binds in it.
struct Told {
    title: &'static str,
    file: &'static str,
    words: String,
    changes: Vec<Change>,
    binds: Option<String>,
}

/// The fleet of a company that buys with its own forecast spend; none of others.
pub(super) fn fleet<'a>(material: &Material<'a>) -> Option<&'a Machines> {
    let is_buyer = material.forecast.target.metric() == "capex_cash";
    material.machines.filter(|machines| is_buyer && machines.stock.is_some())
}

/// What scenarios and assumptions change; none of a company without a fleet or a forecast.
pub(super) fn section(material: &Material<'_>) -> Result<Option<Section>> {
    let Some(machines) = fleet(material).filter(|machines| machines.n_forecast > 0) else {
        return Ok(None);
    };
    let told = told(material, machines)?;
    let bench = Bench::within(material.known, material.forecast, material.workshop, N_DRAWS)?;
    let found = bench.tornado()?;
    let own = material.drawn("scenarios in the same worlds, change by change");
    let swings = material.drawn("each assumption held at its ends, the others drawn");
    let blocks = vec![
        Block::text(Prose::cited(lead(&told, machines), &own)),
        deltas(&told, material, &own)?.into(),
        assumed(&told, material, &own)?.into(),
        picture(&found, &swings).into(),
        Block::text(Prose::cited(rest(&found), &swings)),
    ];
    let heading = found.swings.first().map_or_else(
        || "No assumption moves the answer".to_owned(),
        |widest| format!("Most depends on the {}", named(widest)),
    );
    Ok(Some(Section::new("scenarios", heading, blocks)))
}

/// Runs every bundled scenario, in the worlds of the chain.
fn told(material: &Material<'_>, machines: &Machines) -> Result<Vec<Told>> {
    let bench = Bench::new(material.known, material.forecast, material.workshop)?;
    let fewer = inverse::fewer(material.workshop);
    let target = inverse::target(material, machines);
    let company = Some(material.forecast.target.owner());
    let mut told = Vec::new();
    for Bundled { file, scenario } in bundled() {
        let changes = match bench.changes(scenario, &machines.chain) {
            Ok(changes) => changes,
            // Its dates touch no forecast quarter: nothing to say of it.
            Err(Error::Invalid(_)) => continue,
            Err(error) => return Err(error),
        };
        let asked = target.map(|target| {
            under(material.known, &fewer, Question { target, company }, Some(scenario))
        });
        let binds = match asked {
            Some(Ok(required)) => {
                let (word, constraint) = verdict(&required);
                let any = format::words(required.bindings.any, Unit::Ratio, 0);
                let word = word.replace('_', " ");
                Some(constraint.map_or_else(
                    || format!("{word} ({any} bound)"),
                    |constraint| format!("{word}: {constraint} ({any} bound)"),
                ))
            }
            Some(Err(Error::Invalid(_) | Error::Insufficient(_))) | None => None,
            Some(Err(error)) => return Err(error),
        };
        let words = scenario.words();
        let words = if words.is_empty() { "as forecast".to_owned() } else { words.join("; ") };
        told.push(Told { title: &scenario.title, file, words, changes, binds });
    }
    Ok(told)
}

fn change<'a>(told: &'a Told, quantity: &str) -> Option<&'a Change> {
    told.changes.iter().find(|change| change.quantity == quantity)
}

/// The scenarios that move the capability most, up and down.
fn lead(told: &[Told], machines: &Machines) -> String {
    let moved = |told: &Told| change(told, "capability").map_or(0.0, |c| c.delta.median());
    let most = told.iter().max_by(|a, b| moved(a).total_cmp(&moved(b)));
    let least = told.iter().min_by(|a, b| moved(a).total_cmp(&moved(b)));
    let words = |told: &Told| {
        format!("“{}” ({} points)", told.title, format::signed(moved(told), Unit::Index, 1))
    };
    let date = format::date(machines.chain.date);
    match (most, least) {
        (Some(most), Some(least)) => format!(
            "Of the scenarios, {} adds most to the capability of the largest run by {date}, and {} takes most \
             away. Each runs in the same {} as the forecast, and the change is taken world by world.",
            words(most),
            words(least),
            format::count(machines.chain.run.n_draws(), "world")
        ),
        _ => "No scenario touches the forecast.".to_owned(),
    }
}

impl Told {
    /// The scenario's file, and the run.
    fn sources(&self, material: &Material<'_>, own: &SourceRef) -> Sources {
        let file = SourceRef::new(
            SourceKind::Assumption,
            format!("Scenario “{}”", self.title),
            format!("models/scenarios/{}.toml", self.file),
            material.known.as_of(),
        );
        Sources::from(&file).and(own)
    }
}

/// What each scenario changes.
fn deltas(told: &[Told], material: &Material<'_>, own: &SourceRef) -> Result<Table> {
    let rows = told.iter().map(|told| {
        let sources = told.sources(material, own);
        let moved = |quantity: &str, unit: Unit, digits: usize| {
            change(told, quantity).map_or_else(
                || Cell::missing("not computed"),
                |change| delta(change, unit, digits, &sources),
            )
        };
        vec![
            Cell::label(told.title),
            moved("purchases", Unit::H100e, 2),
            moved("installed", Unit::H100e, 2),
            moved("power", Unit::Watt, 1),
            moved("run", Unit::Flop, 1),
            moved("capability", Unit::Index, 1),
        ]
    });
    let headings = ["Scenario", "Purchases", "Installed", "Power", "Largest run", "Capability"];
    let table = Table::new("What each scenario changes", &headings, rows.collect())?;
    Ok(table.with_note(Prose::cited("Median change in each world, with its 90% range.", own)))
}

/// What each scenario takes for granted, and what binds in it.
fn assumed(told: &[Told], material: &Material<'_>, own: &SourceRef) -> Result<Table> {
    let rows = told.iter().map(|told| {
        let sources = told.sources(material, own);
        vec![
            Cell::label(told.title),
            Cell::cited(told.words.clone(), &sources),
            told.binds.clone().map_or_else(
                || Cell::missing("the question of the section before has no answer there"),
                |binds| Cell::cited(binds, &sources),
            ),
        ]
    });
    let headings = ["Scenario", "What is different", "The step above"];
    let caption = "What each scenario takes for granted, and what binds in it";
    let table = Table::new(caption, &headings, rows.collect())?;
    Ok(table.with_note(Prose::plain(
        "The step above is the question of the section before, asked again with other spend and \
         assumptions: its verdict, what binds, and in which share of worlds something does.",
    )))
}

/// The median change with its range; nothing where nothing changes.
fn delta(change: &Change, unit: Unit, digits: usize, sources: &Sources) -> Cell {
    let found = change.delta.quantiles(&[0.05, 0.5, 0.95]);
    if found.iter().all(|value| *value == 0.0) {
        return Cell::label("no change");
    }
    let scale = Scale::of(found.iter().copied(), unit, digits);
    let [low, median, high] =
        [found[0], found[1], found[2]].map(|value| format::signed_number(scale, value, digits));
    let text = format!("{median} ({low} to {high}) {}", scale.heading());
    let text = text.trim_end();
    Cell::cited(text, sources)
}

/// An assumption's name for people.
fn named(swing: &Swing) -> String {
    swing.assumption.replace('_', " ").replace("h100e", "H100e").replace("mfu", "MFU")
}

/// Where an assumption is held, with its unit.
fn held(swing: &Swing, value: f64) -> String {
    match swing.unit.as_str() {
        // A factor that may lie above one is no share: both of its ends stand bare.
        "ratio" if swing.held.1 >= 1.0 => format::plain(value, 2),
        "ratio" if value < 0.01 => format::words(value, Unit::Ratio, 1),
        "ratio" => format::words(value, Unit::Ratio, 0),
        "day" | "quarter" | "year" => {
            let digits = usize::from(value.fract() != 0.0);
            format!("{} {}s", format::plain(value, digits), swing.unit)
        }
        other => {
            let unit = other.parse().unwrap_or(Unit::Index);
            format::words(value, unit, if value >= 100.0 { 0 } else { 2 })
        }
    }
}

fn picture(found: &Tornado, source: &SourceRef) -> Chart {
    let shown = found.swings.iter().take(SHOWN_SWINGS).filter(|swing| swing.size() > SMALLEST);
    let swings = shown.map(|swing| TornadoBar {
        label: named(swing),
        held: (held(swing, swing.held.0), held(swing, swing.held.1)),
        outcome: swing.capability,
    });
    let title = found.swings.first().map_or_else(
        || "No assumption moves the answer".to_owned(),
        |widest| {
            format!(
                "The {} alone moves the score by {} points",
                named(widest),
                format::plain(widest.size(), 0)
            )
        },
    );
    Chart::new(
        title,
        "Change of the median capability of a typical model, index points, against everything drawn",
        "Bars: the change of capability with each assumption alone at its low and its high end.",
        Unit::Index,
        Picture { baseline: found.capability, swings: swings.collect() },
        source,
    )
}

/// What the tornado leaves out.
fn rest(found: &Tornado) -> String {
    let is_drawn = |(at, swing): &(usize, &Swing)| *at < SHOWN_SWINGS && swing.size() > SMALLEST;
    let drawn = found.swings.iter().enumerate().filter(is_drawn).count();
    let small = found.swings.len() - drawn;
    format!(
        "Each assumption is held at its 5% and at its 95% quantile in {} worlds while the others are drawn as \
         before; the score with everything drawn is {}. Not drawn: {} that move it by less, and {} that move \
         nothing.",
        found.n_draws,
        format::words(found.capability, Unit::Index, 1),
        format::count(small, "assumption"),
        found.n_unmoved
    )
}
