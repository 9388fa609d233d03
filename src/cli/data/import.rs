//! `chipcast data import`: a table of a user's own, checked row by row before it is stored.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::status_word;
use crate::cli::output::{Rows, table};
use crate::cli::{Context, Outcome};
use crate::error::Result;
use crate::ingest::table::{self as tables, ColumnMap};
use crate::ingest::tabular::Kind;
use crate::ingest::{Raw, SetAside, checks};
use crate::period::Period;
use crate::rows::data;
use crate::store;

/// The largest file that an import reads.
const IMPORT_LIMIT: u64 = 2 << 30;
/// The columns of a row of import.
const COLUMNS: [&str; 8] =
    ["series", "period_start", "period_end", "value", "unit", "vintage", "status", "reason"];
/// Reasons shown to people; `--format csv` has them all.
const REASONS_SHOWN: usize = 20;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The file
    file: PathBuf,
    /// Which of the table's columns stands for which of ours
    #[arg(long, value_name = "OURS=THEIRS,...")]
    map: Option<String>,
    /// The sheet of an Excel workbook; the first by default
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let Arguments { file, map, sheet } = arguments;
    let kind = sheet.clone().map_or(Kind::Told, Kind::Sheet);
    let map = map.as_deref().map_or_else(|| Ok(ColumnMap::default()), ColumnMap::parse)?;
    let raw = Raw::new(
        file.display().to_string(),
        store::read_file(file, IMPORT_LIMIT)?,
        Context::today(),
    );
    let mut parsed = tables::observations(&raw, &map, &kind)?;
    let before = context.archive()?;
    let (kept, aside) = checks::admit(std::mem::take(&mut parsed.observations), &before)?;
    parsed.observations = kept;
    let statuses = before.review(&parsed.observations)?;
    let after = context.append(&parsed.batch(before.known_through()))?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = Rows::new(&COLUMNS);
    for (row, status) in parsed.observations.iter().zip(&statuses) {
        let word = status_word(status);
        *counts.entry(word).or_default() += 1;
        let mut cells = data::key_and_value(row).to_vec();
        cells.extend([json!(word), Value::Null]);
        rows.push(cells);
    }
    let mut shown: Vec<_> = counts
        .iter()
        .map(|(word, n)| vec![(*word).to_owned(), n.to_string(), String::new()])
        .collect();
    for aside in &aside {
        rows.push(cells_aside(aside));
    }
    shown.extend(aside.iter().take(REASONS_SHOWN).map(line_aside));
    if aside.len() > REASONS_SHOWN {
        let more = format!("... and {} more", aside.len() - REASONS_SHOWN);
        shown.push(vec!["set_aside".to_owned(), String::new(), more]);
    }
    if !context.is_for_job {
        rows.print(context.global.format, || table(&["status", "rows", "reason"], &[1], shown))?;
    }
    context.say(format!("archive known through {}", after.known_through()));
    Ok(Outcome::Done)
}

fn cells_aside(aside: &SetAside) -> Vec<Value> {
    vec![
        json!(aside.series),
        json!(aside.period.map(Period::start)),
        json!(aside.period.map(Period::end)),
        Value::Null,
        Value::Null,
        Value::Null,
        json!("set_aside"),
        json!(aside.reason),
    ]
}

fn line_aside(aside: &SetAside) -> Vec<String> {
    let period = aside.period.map_or_else(String::new, |period| format!(" {period}"));
    let reason = format!("{}{period}: {} ({})", aside.series, aside.reason, aside.locator);
    vec!["set_aside".to_owned(), "1".to_owned(), reason]
}
