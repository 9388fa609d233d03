//! `chipcast scale rivals`: two estimates of one thing side by side.

use clap::Args;
use serde_json::json;

use super::say;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Format, Outcome};
use crate::error::Result;
use crate::report::format;
use crate::scaling::rivals::{Agreement, Pair, Quantity, agreements, pairs};
use crate::scaling::shipments::Market;
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(context: &Context, _: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let pairs = pairs(&known, &Market::bundled()?)?;
    let agreements = agreements(&pairs);
    let mut rows = Rows::new(&[
        "quantity",
        "subject",
        "chips",
        "year",
        "unit",
        "one",
        "one_source",
        "one_dated",
        "other",
        "other_source",
        "other_dated",
        "ratio",
    ]);
    let mut shown = Vec::new();
    for pair in &pairs {
        rows.push(vec![
            json!(pair.quantity.words()),
            json!(pair.subject),
            json!(pair.chips),
            json!(pair.year),
            json!(pair.quantity.unit()),
            json!(pair.one.value),
            json!(pair.one.source),
            json!(pair.one.dated),
            json!(pair.other.value),
            json!(pair.other.source),
            json!(pair.other.dated),
            json!(pair.ratio()),
        ]);
        shown.push(line(pair));
    }
    let said: Vec<_> = agreements.iter().map(words).collect();
    rows.beside("agreements", agreements.iter().map(object).collect());
    let header =
        ["what", "of", "chips", "year", "one", "who, dated", "other", "who, dated", "ratio"];
    rows.print(context.global.format, || table(&header, &[4, 6, 8], shown))?;
    if context.global.format == Format::Table {
        for words in said {
            say(&words)?;
        }
        say(
            "`all nvda`: Omdia's Hopper chips against all of NVIDIA's by Epoch. `own`: Omdia counts \
             chips deployed, Epoch chips bought. Rivals stay apart: nothing here is averaged; where a \
             chip's prices or counts differ, the chain draws between them. Full sources are in \
             `--format json`. Epoch AI, CC BY 4.0.",
        )?;
    }
    Ok(Outcome::Done)
}

fn line(pair: &Pair) -> Vec<String> {
    let value = |value: f64| match pair.quantity {
        Quantity::Bought => format::short(value, Unit::Count, 2),
        Quantity::H100ePerUnit => format!("{value:.4}"),
        Quantity::Price => format::short(value, Unit::Usd, 0),
    };
    let (one, other) = match pair.quantity {
        Quantity::Bought => ("Omdia", "Epoch"),
        Quantity::H100ePerUnit => ("data sheet", "Epoch"),
        Quantity::Price => ("Epoch, file", "Epoch, sheet"),
    };
    vec![
        pair.quantity.words().to_owned(),
        pair.subject.clone(),
        pair.chips.clone(),
        pair.year.map_or(String::new(), |year| year.to_string()),
        value(pair.one.value),
        format!("{one}, {}", pair.one.dated),
        value(pair.other.value),
        format!("{other}, {}", pair.other.dated),
        format!("{:.2}", pair.ratio()),
    ]
}

fn words(agreement: &Agreement) -> String {
    let Agreement { chips, year, n_owners, spearman, ratios } = agreement;
    format!(
        "{year}, {chips}: rank agreement {spearman:.2} (Spearman, {n_owners} owners); Epoch over \
         Omdia {:.2} to {:.2}",
        ratios.0, ratios.1
    )
}

fn object(agreement: &Agreement) -> serde_json::Value {
    json!({
        "chips": agreement.chips,
        "year": agreement.year,
        "n_owners": agreement.n_owners,
        "spearman": agreement.spearman,
        "ratio_min": agreement.ratios.0,
        "ratio_max": agreement.ratios.1,
    })
}
