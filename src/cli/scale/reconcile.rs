//! `chipcast scale reconcile`: what buyers spend on NVIDIA's chips against what NVIDIA disclosed.

use clap::Args;
use serde_json::json;

use super::{between, say};
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Format, Outcome};
use crate::draws::DEFAULT_N_DRAWS;
use crate::error::Result;
use crate::scaling::assumption::Worlds;
use crate::scaling::chain::ChainTables;
use crate::scaling::reconcile::{Anchor, Book, NOT_COVERED, OtherChips, Reconciliation, reconcile};
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(context: &Context, _: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let origin = known.as_of();
    let worlds = Worlds { seed: context.global.seed, origin, n_draws: DEFAULT_N_DRAWS };
    let found = reconcile(&known, &ChainTables::bundled()?, &worlds)?;
    let mut rows = Rows::new(&[
        "period_start",
        "period_end",
        "nvidia",
        "buyers",
        "nvidia_usd_p05",
        "nvidia_usd_p50",
        "nvidia_usd_p95",
        "buyers_usd_p05",
        "buyers_usd_p50",
        "buyers_usd_p95",
        "gap_usd_p05",
        "gap_usd_p50",
        "gap_usd_p95",
        "gap_ratio_p05",
        "gap_ratio_p50",
        "gap_ratio_p95",
        "direction",
        "missing",
        "other_chips",
        "by_buyer_usd_p50",
        "source",
    ]);
    let mut shown = Vec::new();
    for row in &found {
        rows.push(object(row));
        shown.push(line(row));
    }
    let notes = notes();
    rows.beside("not_covered", json!(NOT_COVERED));
    rows.beside("notes", json!(notes));
    let header = [
        "quarter to",
        "NVIDIA's",
        "G$",
        "buyers' book",
        "G$",
        "5% to 95%",
        "gap",
        "gap %",
        "5% to 95%",
        "note",
    ];
    rows.print(context.global.format, || table(&header, &[2, 4, 5, 6, 7, 8], shown))?;
    if context.global.format == Format::Table {
        for note in notes {
            say(note)?;
        }
        for words in NOT_COVERED {
            say(&format!("not covered: {words}"))?;
        }
    }
    Ok(Outcome::Done)
}

fn anchor(row: &Reconciliation) -> &'static str {
    match row.anchor {
        Anchor::Hyperscale => "hyperscale",
        Anchor::Compute => "compute",
    }
}

fn book(row: &Reconciliation) -> &'static str {
    match (row.book, row.anchor) {
        (Book::Capex, _) => "capex of five",
        (Book::Purchases, Anchor::Hyperscale) => "Epoch, five",
        (Book::Purchases, Anchor::Compute) => "Epoch, all owners",
    }
}

fn direction(median: f64) -> &'static str {
    if median < 0.0 { "buyers below NVIDIA" } else { "buyers above NVIDIA" }
}

fn other_chips(row: &Reconciliation) -> &'static str {
    match row.other_chips {
        OtherChips::Out => "out, by Epoch's medians",
        OtherChips::In => "in: no public estimate splits them",
    }
}

fn object(row: &Reconciliation) -> Vec<serde_json::Value> {
    let levels = [0.05, 0.5, 0.95];
    let gap_ratio = row.gap_ratio.quantiles(&levels);
    let mut cells = vec![
        json!(row.period.start()),
        json!(row.period.end()),
        json!(anchor(row)),
        json!(book(row)),
    ];
    for quantiles in [
        row.nvidia_usd.quantiles(&levels),
        row.buyers_usd.quantiles(&levels),
        row.gap_usd.quantiles(&levels),
        gap_ratio.clone(),
    ] {
        cells.extend(quantiles.into_iter().map(|value| json!(value)));
    }
    let by_buyer: Vec<_> =
        row.buyers.iter().map(|(name, usd)| format!("{name} {:.0}", usd.median())).collect();
    let source = match row.book {
        Book::Capex => {
            "cash capex (filings) x accelerator share (models/assumptions.toml), days split"
        }
        Book::Purchases => "Epoch AI, chip owners (CC BY 4.0), x datasets/chip_prices.csv",
    };
    cells.extend([
        json!(direction(gap_ratio[1])),
        json!(row.missing.join(" ")),
        json!(other_chips(row)),
        json!(by_buyer.join("; ")),
        json!(format!("{source}; NVIDIA filings")),
    ]);
    cells
}

fn line(row: &Reconciliation) -> Vec<String> {
    let billions = |value: f64| format!("{:.1}", value / 1e9);
    let gap = row.gap_ratio.quantiles(&[0.05, 0.5, 0.95]);
    let buyers = row.buyers_usd.quantiles(&[0.05, 0.5, 0.95]);
    let mut note = Vec::new();
    if !row.missing.is_empty() {
        note.push(format!("no {}", row.missing.join(", ")));
    }
    if row.other_chips == OtherChips::In {
        note.push("own chips in".to_owned());
    }
    vec![
        row.period.end().to_string(),
        anchor(row).to_owned(),
        billions(row.nvidia_usd.median()),
        book(row).to_owned(),
        billions(buyers[1]),
        format!("{} to {}", billions(buyers[0]), billions(buyers[2])),
        format!("{:+.1}", row.gap_usd.median() / 1e9).replace('-', "\u{2212}"),
        format!("{:+.0}", 100.0 * gap[1]).replace('-', "\u{2212}"),
        between(gap[0], gap[2], Unit::Ratio),
        note.join("; "),
    ]
}

fn notes() -> [&'static str; 4] {
    [
        "hyperscale: NVIDIA's fiscal quarter, disclosed revenue x compute share. compute: calendar \
         quarter, NVIDIA's fiscal quarters split by days.",
        "gap = buyers less NVIDIA, draw by draw; below zero the buyers' side explains less than \
         NVIDIA sold.",
        "Against compute revenue the five are a part of all buyers: the gap is what others bought, \
         not an error. Epoch's owners add up to it by construction: made from the same revenue and \
         prices.",
        "Shares, mix and prices were estimated in 2026: on an earlier `--as-of` only revenue, capex \
         and Epoch's releases are what was public.",
    ]
}
