//! `chipcast ledger calibration`: coverage, errors and skill of resolved forecasts, and their page.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::super::output::{Rows, table};
use super::super::{Context, Outcome, series_ids};
use super::{asked, read};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::Forecaster;
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::forecast::naive::Guide;
use crate::forecast::record::Truth;
use crate::forecast::reliability::{Claim, Reliability, Share, reliability};
use crate::report::calibration::{Subject, calibration};
use crate::report::desk::{Desk, HORIZON};
use crate::report::{Html, Render};
use crate::store::{make_folder, write_atomic};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Series ids; all of the ledger by default, those of the main job with `--backtest`
    #[arg(value_name = "SERIES")]
    series: Vec<String>,
    /// Write a page to this file
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// Measure a backtest (pseudo real time) and not the ledger
    #[arg(long)]
    backtest: bool,
    /// First origin
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let known = context.snapshot()?;
    let claims = if arguments.backtest {
        backtested(&known, arguments)?
    } else {
        let ledger = read(context)?;
        let asked = asked(&arguments.series)?;
        let mut claims = Claim::of_ledger(&ledger.entries());
        claims.retain(|claim| asked.is_empty() || asked.contains(&claim.series));
        claims.retain(|claim| arguments.from.is_none_or(|from| claim.origin >= from));
        claims
    };
    let groups = reliability(&claims);
    print_groups(context, &groups)?;
    if groups.is_empty() {
        context.say(
            "the ledger holds no forecast yet; `chipcast run` adds those that it makes, and \
             `--backtest` measures the past in pseudo real time",
        );
    }
    if let Some(path) = &arguments.out {
        let run_id = context.run_id(&known);
        let subject = Subject { known: &known, run_id: &run_id, claims: &claims, groups: &groups };
        let page = Html.render(&calibration(&subject)?)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder)?;
        }
        write_atomic(path, &page)?;
        context.say(format!("the page is in {}", path.display()));
    }
    Ok(Outcome::Done)
}

/// The claims of a backtest of the engine's own choice, with the guide beside them.
fn backtested(known: &Snapshot, arguments: &Arguments) -> Result<Vec<Claim>> {
    let series = match arguments.series.as_slice() {
        [] => Desk::main_series()?,
        asked => series_ids(asked)?,
    };
    let book = Book::new(known, HORIZON)?;
    let mut claims = Vec::new();
    for id in &series {
        let rows_of = |model: &'static dyn Forecaster| match book.backtest(
            model,
            id,
            arguments.from,
            Truth::FirstRelease,
        ) {
            Err(Error::Insufficient(_)) => Ok(Vec::new()),
            other => other,
        };
        claims.extend(Claim::of_backtest(&rows_of(&Chipcast)?, &rows_of(&Guide)?));
    }
    Ok(claims)
}

const GROUP_COLUMNS: [&str; 24] = [
    "basis",
    "horizon",
    "n",
    "n_open",
    "n_refused",
    "coverage_50",
    "coverage_50_lower",
    "coverage_50_upper",
    "coverage_80",
    "coverage_80_lower",
    "coverage_80_upper",
    "coverage_95",
    "coverage_95_lower",
    "coverage_95_upper",
    "n_coverage_95",
    "mae_log",
    "mae_log_naive",
    "skill",
    "n_guide",
    "mae_log_at_guide",
    "mae_log_guide",
    "wis_log",
    "n_pit",
    "pit",
];

fn print_groups(context: &Context, groups: &[Reliability]) -> Result<()> {
    let mut rows = Rows::new(&GROUP_COLUMNS);
    let mut shown = Vec::new();
    for group in groups {
        let horizon = group.horizon.map_or_else(|| "all".to_owned(), |h| h.to_string());
        let ends = |share: Share| share.wilson().unzip();
        let mut row = vec![
            json!(group.basis.word()),
            json!(horizon),
            json!(group.n),
            json!(group.n_open),
            json!(group.n_refused),
        ];
        for share in group.covered {
            let (low, high) = ends(share);
            row.extend([json!(share.value()), json!(low), json!(high)]);
        }
        let pit: Vec<_> = group.pit.iter().map(ToString::to_string).collect();
        row.extend([
            json!(group.covered[2].n),
            json!(group.mae_log),
            json!(group.mae_log_naive),
            json!(group.skill),
            json!(group.n_guide),
            json!(group.mae_log_at_guide),
            json!(group.mae_log_guide),
            json!(group.wis_log),
            json!(group.pit.iter().sum::<usize>()),
            json!(pit.join(" ")),
        ]);
        rows.push(row);
        shown.push(group_line(group, &horizon));
    }
    let header = [
        "basis", "h", "n", "open", "refused", "cover 50", "cover 80", "cover 95", "mae log",
        "naive", "skill", "at guide", "guide", "wis log",
    ];
    let numbers: Vec<_> = (1..header.len()).collect();
    rows.print(context.global.format, || table(&header, &numbers, shown))
}

fn group_line(group: &Reliability, horizon: &str) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
    let share = |share: Share| match (share.value(), share.wilson()) {
        (Some(value), Some((low, high))) => format!("{value:.2} [{low:.2} to {high:.2}]"),
        _ => "-".to_owned(),
    };
    let mut line = vec![
        group.basis.word().to_owned(),
        horizon.to_owned(),
        group.n.to_string(),
        group.n_open.to_string(),
        group.n_refused.to_string(),
    ];
    line.extend(group.covered.map(share));
    line.extend([
        number(group.mae_log),
        number(group.mae_log_naive),
        number(group.skill),
        number(group.mae_log_at_guide),
        number(group.mae_log_guide),
        number(group.wis_log),
    ]);
    line
}
