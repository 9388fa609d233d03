//! Data and method: what went in and since when it was public, the rules in formulae, limits, licences,
//! and the words that a page uses.
//!
//! May use the core, `forecast` and the rest of `report`. The constants are read from the engine's
//! own file.

use super::Material;
use crate::error::Result;
use crate::forecast::spec::Spec;
use crate::report::{Block, Cell, Prose, Section, SourceKind, SourceRef, Table, format};
use crate::units::Unit;

/// Reported values that the table shows.
const SHOWN: usize = 8;

/// Data and method.
pub(super) fn section(material: &Material<'_>) -> Result<Section> {
    let spec = SourceRef::new(
        SourceKind::Assumption,
        "Constants of the engine",
        "models/chipcast.toml",
        material.known.as_of(),
    );
    let blocks = vec![
        Block::text(Prose::plain(DATA)),
        values(material)?.into(),
        Block::text(Prose::plain(
            "The model is a rule stated in advance, the same for every company; it is not chosen on the \
             rows it is judged on. Levels are logarithms of the value, by the week where quarters \
             differ in weeks.",
        )),
        rules(&spec)?.into(),
        Block::text(Prose::plain("What the numbers do not cover:")),
        Block::List(LIMITS.iter().copied().map(Prose::from).collect()),
        words(material)?.into(),
        licences(material)?.into(),
    ];
    Ok(Section::new("method", "Data and method", blocks))
}

const DATA: &str = "Every value carries the first day on which the public could know it: the day of a \
    press release or filing, or, where that is not known, the legal deadline of the filing. A forecast \
    as of a day reads nothing that became public after it, which a test proves by planting absurd later \
    values. Revised values keep both days; records are scored on first releases.";

const LIMITS: [&str; 5] = [
    "The forecast sees public filings, company guides and the market sources listed below; no consensus, \
     no channel checks, no private talk.",
    "It carries on what it has learned. A break that no company has announced shows first as a miss.",
    "Finance leases and spend by partners are not in cash capital expenditure.",
    "Chips bought and installed are estimates made afterwards; they enter what the spend buys, never the \
     forecast of the spend.",
    "Intervals come from past misses of the same rule. They hold as often as they say only while the \
     world misses about as widely as it did.",
];

/// The last reported values with the day since when each was public.
fn values(material: &Material<'_>) -> Result<Table> {
    let reported = material.known.current(&material.forecast.target)?;
    let rows = reported.iter().rev().take(SHOWN).map(|row| {
        let source = SourceRef::observed(row);
        vec![
            Cell::date(row.period.end()),
            Cell::number(row.value, row.unit, 2, &source),
            Cell::date(row.vintage),
            Cell::label(row.vintage_basis.word().replace('_', " ")),
            Cell::label(row.source.clone()),
        ]
    });
    let headings = ["Period to", "Value", "Public from", "Day known by", "Document"];
    let caption = "The last reported values and since when they are public";
    let table = Table::new(caption, &headings, rows.collect())?;
    Ok(table.with_note("Newest first; the numbers on the right lead to the documents."))
}

/// Each rule with its formula and constants.
fn rules(source: &SourceRef) -> Result<Table> {
    let spec = Spec::bundled();
    let level = format::percent(1.0 - spec.skill.bound_level);
    let rule = |name: &str, text: String| vec![Cell::label(name), Cell::cited(text, source)];
    let rows = vec![
        rule(
            "Guided period",
            format!(
                "median = guide × exp(Σ ln(actual/guide) / (n + {})), over the n resolved guides of the \
                 company; a revision is taken as it stands",
                spec.guide.prior_pairs
            ),
        ),
        rule(
            "Other periods",
            "level(t + h) = level(t) + h × growth + season(t + h) − season(t); the season is the mean \
             change into each quarter, shrunk by James and Stein's factor"
                .to_owned(),
        ),
        rule(
            "Growth",
            format!(
                "growth = μ + τ²/(τ² + v) × (own − μ), with the panel's mean μ and spread τ² by \
                 DerSimonian and Laird, the own variance v, and changes weighted with a half-life of {} \
                 years",
                spec.growth.half_life_years
            ),
        ),
        rule(
            "Interval",
            "median × exp(σ × quantile of the panel's past misses, each over its own σ), widened by how \
             often past intervals missed; level 1 − 2/(m + 1) at most, for m misses"
                .to_owned(),
        ),
        rule(
            "Skill",
            format!(
                "1 − Σ|error| / Σ|error of the last value|, on logarithms, over earlier origins; its \
                 lower bound is one-sided at {level}, by a bootstrap of whole quarters"
            ),
        ),
        rule(
            "Refusal",
            format!(
                "no number is given from the first period on whose lower bound is not above zero, nor \
                 beyond {} periods",
                spec.skill.max_horizon
            ),
        ),
    ];
    Table::new("The rules", &["Rule", "Formula"], rows)
}

/// What the words of a page mean.
fn words(material: &Material<'_>) -> Result<Table> {
    let source = SourceRef::new(
        SourceKind::Assumption,
        "Definitions of the engine",
        "src/forecast/skill.rs",
        material.known.as_of(),
    );
    let row = |word: &str, text: String| vec![Cell::label(word), Cell::cited(text, &source)];
    let percent = |share: f64| format::words(share, Unit::Ratio, 0);
    let rows = vec![
        row("Skill", "the share of the last value's error that the model removed".to_owned()),
        row(
            "Grade",
            format!(
                "A: the lower bound of skill is {} or more; B: {} or more; C: above zero, or shown by \
                 the panel alone; D: neither, and refused",
                percent(0.25),
                percent(0.1)
            ),
        ),
        row(
            "Horizon cap",
            "the last period ahead up to which every lower bound of skill lies above zero"
                .to_owned(),
        ),
        row("Median", "the point forecast: half of what comes should lie above it".to_owned()),
        row(
            "H100e",
            "H100 equivalents: chips counted by their dense 8-bit peak over that of one H100"
                .to_owned(),
        ),
        row("Draw", "one world of many; sums and products are made within a world".to_owned()),
    ];
    Table::new("Words", &["Word", "Meaning"], rows)
}

/// Who made the data, and under which licence they are used.
fn licences(material: &Material<'_>) -> Result<Table> {
    let as_of = material.known.as_of();
    let row = |what: &str, who: &str, licence: &str, place: &str| {
        let kind = match who {
            "SEC EDGAR" => SourceKind::Filed,
            "Epoch AI" => SourceKind::Estimate,
            "Chipcast" => SourceKind::Assumption,
            _ => SourceKind::Market,
        };
        let source = SourceRef::new(kind, who, place, as_of);
        vec![Cell::label(what), Cell::label(who), Cell::cited(licence, &source)]
    };
    let rows = vec![
        row(
            "Filings and the dates on which they were public",
            "SEC EDGAR",
            "public domain",
            "https://www.sec.gov/edgar",
        ),
        row(
            "Chips by owner, chip specifications, capability index, training compute",
            "Epoch AI",
            "CC BY 4.0, changed: units, ids, sums",
            "https://epoch.ai/data",
        ),
        row(
            "TSMC's monthly revenue",
            "Taiwan Stock Exchange disclosures",
            "facts from public disclosures",
            "https://mops.twse.com.tw",
        ),
        row(
            "Assumptions, each with its low, median, high and source",
            "Chipcast",
            "MIT or Apache 2.0, as the program",
            "models/assumptions.toml",
        ),
    ];
    Table::new("Data and licences", &["Data", "By", "Licence"], rows)
}
