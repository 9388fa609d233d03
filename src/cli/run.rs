//! `chipcast run` and `chipcast report`: the whole chain, and its pages.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Format, Outcome, ledger};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::forecast::run_record::{self, Bought, RunRecord};
use crate::ingest::bundled;
use crate::report::desk::{Desk, HORIZON, Page};
use crate::report::machines::Machines;
use crate::report::{Html, Json, Markdown, Render, Report, format};
use crate::store;
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Folder for the reports, made if missing; `runs/RUN_ID` by default
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Ticker, or `industry`
    subject: String,
    /// Folder for the report, made if missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Tell what changed since this day; since the eve of the company's latest results by default
    #[arg(long, value_name = "DATE")]
    since: Option<NaiveDate>,
}

/// The renderer of a page's format; html unless asked otherwise.
fn renderer(asked: Format) -> Result<&'static dyn Render> {
    match asked {
        Format::Table | Format::Html => Ok(&Html),
        Format::Json => Ok(&Json),
        Format::Md => Ok(&Markdown),
        Format::Pdf => crate::report::pdf_renderer(),
        Format::Csv => Err(Error::invalid("a page is written as html, pdf, md or json")
            .hint("rows in csv are printed by `forecast`, `scale` and the other commands")),
    }
}

/// A desk for what the archive knows.
fn desk(context: &Context, known: Snapshot) -> Result<Desk> {
    let run_id = context.run_id(&known);
    Desk::new(known, run_id, context.global.seed)
}

/// The main job: forecasts, scaling and reports from what the archive knows.
pub(super) fn run(context: &Context, arguments: &RunArguments) -> Result<Outcome> {
    context.store_bundle()?;
    let known = context.snapshot()?;
    ledger::resolve(context, &known)?;
    let desk = desk(context, known)?;
    let default = || Path::new("runs").join(&desk.run_id);
    let folder = arguments.out.clone().unwrap_or_else(default);
    store::make_folder(&folder)?;
    let written = |page: Result<Page>| {
        let page = page?;
        let path = write(&folder, &page.owner, &page.report, &Html)?;
        Ok((page, path))
    };
    let pages: Vec<Result<(Page, PathBuf)>> = desk.pages()?.into_par_iter().map(written).collect();
    let (mut forecasts, mut fleets, mut paths, mut failed) =
        (Vec::new(), Vec::new(), Vec::new(), 0);
    for page in pages {
        match page {
            Ok((page, path)) => {
                forecasts.push(page.forecast);
                fleets.extend(page.machines);
                paths.push(path);
            }
            Err(error @ (Error::NotFound(_) | Error::Insufficient(_))) => {
                failed += 1;
                Context::fail("a page", &error);
            }
            Err(error) => return Err(error),
        }
    }
    for series in Desk::beside() {
        let series = series?;
        match desk.forecast(&series) {
            Ok(forecast) => forecasts.push(forecast),
            Err(error) => {
                failed += 1;
                Context::fail(series.as_str(), &error);
            }
        }
    }
    let page = desk.industry(&forecasts, &fleets)?;
    paths.push(write(&folder, "industry", &page, &Html)?);
    let bought: Vec<_> = fleets.iter().filter_map(bought).collect();
    let purchases = bought.iter().map(|(_, row)| row.clone()).collect();
    let made_by = (desk.run_id.as_str(), context.global.seed);
    let record = RunRecord::of(&desk.known, made_by, &forecasts, purchases)?;
    store::write_atomic(&folder.join(run_record::FILE_NAME), &record.bytes()?)?;
    ledger::keep(context, &desk.known, &desk.run_id, &forecasts)?;
    print_summary(context, &desk, (&forecasts, &bought), &paths)?;
    Ok(if failed > 0 { Outcome::Partial } else { Outcome::Done })
}

/// What this program says that the spend of each company bought, as of a day.
pub(super) fn bought_as_of(context: &Context, known: Snapshot, seed: u64) -> Result<Vec<Bought>> {
    let desk = Desk::new(known.clone(), context.run_id(&known), seed)?;
    let fleets = desk.companies()?.fleets;
    Ok(fleets.iter().filter_map(bought).map(|(_, row)| row).collect())
}

/// One page in one format.
pub(super) fn report(context: &Context, arguments: &ReportArguments) -> Result<Outcome> {
    let desk = desk(context, context.snapshot()?)?.since(arguments.since);
    let subject = arguments.subject.to_ascii_lowercase();
    let page = desk.report(&subject)?;
    let renderer = renderer(context.global.format)?;
    store::make_folder(&arguments.out)?;
    let path = write(&arguments.out, &subject, &page, renderer)?;
    super::output::print(&path.display().to_string())?;
    Ok(Outcome::Done)
}

fn write(folder: &Path, name: &str, report: &Report, renderer: &dyn Render) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.{}", renderer.extension()));
    store::write_atomic(&path, &renderer.render(report)?)?;
    Ok(path)
}

/// The rows of one series' forecast, and its line for people.
fn summarise(forecast: &Forecast, rows: &mut Rows) -> Vec<String> {
    let unit = forecast.unit;
    let short = |value: f64| format::short(value, unit, 1);
    let mut line = vec![forecast.target.to_string(), unit.to_string(), short(forecast.last_value)];
    for step in &forecast.steps {
        let interval = step.quantiles.interval(0.8).filter(|_| step.refusal.is_none());
        let median = Some(step.median).filter(|_| step.refusal.is_none());
        rows.push(vec![
            json!(forecast.target.as_str()),
            json!(unit.word()),
            json!(forecast.last_value),
            json!(step.horizon),
            json!(step.period.end()),
            json!(median),
            json!(interval.map(|ends| ends.0)),
            json!(interval.map(|ends| ends.1)),
            json!(forecast.skill.grade_at(step.horizon).letter()),
            json!(forecast.skill.horizon_cap),
            json!(step.model_used),
            json!(forecast.fallback_reason),
            json!(step.refusal.as_ref().map(|refusal| refusal.code.word())),
        ]);
        line.push(match (median, interval) {
            (Some(median), Some((low, high))) => {
                format!("{} [{} to {}]", short(median), short(low), short(high))
            }
            (Some(median), None) => short(median),
            _ => "refused".to_owned(),
        });
    }
    line.resize(3 + HORIZON, String::new());
    line.extend([forecast.skill.grade.letter().to_owned(), forecast.model_used.clone()]);
    line
}

/// Headings of what the spend buys.
const BOUGHT: [&str; 7] = [
    "chips bought by",
    "quarter to",
    "h100e",
    "80% interval",
    "fleet on",
    "installed",
    "largest run",
];

/// What a company's next quarter of spend buys and what its fleet then is, as a line and as a row.
fn bought(machines: &Machines) -> Option<(Vec<String>, Bought)> {
    let (period, purchase) = machines.next_purchase()?;
    let chain = &machines.chain;
    let quantiles = purchase.quantiles(&[0.1, 0.5, 0.9]);
    let short = |value: f64| format::short(value, Unit::H100e, 2);
    let fleet = machines.stock.is_some();
    let of_fleet = |text: String| if fleet { text } else { "-".to_owned() };
    let line = vec![
        if fleet { chain.company.clone() } else { format!("all, from {}", chain.company) },
        period.end().to_string(),
        short(quantiles[1]),
        format!("{} to {}", short(quantiles[0]), short(quantiles[2])),
        of_fleet(chain.date.to_string()),
        of_fleet(short(chain.installed.median())),
        of_fleet(format::short(chain.run.median(), Unit::Flop, 1)),
    ];
    Some((line, machines.bought()?))
}

fn print_summary(
    context: &Context,
    desk: &Desk,
    (forecasts, bought): (&[Forecast], &[(Vec<String>, Bought)]),
    paths: &[PathBuf],
) -> Result<()> {
    let mut rows = Rows::new(&[
        "series",
        "unit",
        "last_value",
        "horizon",
        "target_end_date",
        "median",
        "lower_80",
        "upper_80",
        "grade",
        "horizon_cap",
        "model_used",
        "fallback_reason",
        "refusal",
    ]);
    let shown = forecasts.iter().map(|forecast| summarise(forecast, &mut rows)).collect();
    let shown_paths: Vec<Value> =
        paths.iter().map(|path| json!(path.display().to_string())).collect();
    rows.beside("purchases", bought.iter().map(|(_, row)| json!(row)).collect());
    rows.beside("run_id", json!(desk.run_id));
    rows.beside("as_of", json!(desk.known.as_of()));
    rows.beside("reports", Value::Array(shown_paths));
    let header = ["series", "unit", "last", "next", "second", "third", "fourth", "grade", "model"];
    let people = || {
        let mut text = format!(
            "as of {}, run {}; medians with 80% intervals\n\n{}\n\n{}\n\nreports:",
            desk.known.as_of(),
            desk.run_id,
            table(&header, &[2, 3, 4, 5, 6], shown),
            table(&BOUGHT, &[2, 3, 5, 6], bought.iter().map(|(line, _)| line.clone()).collect()),
        );
        for path in paths {
            text.push_str(&format!("\n  {}", path.display()));
        }
        text
    };
    rows.print(context.global.format, people)?;
    context.say(bundled::manifest().attribution.join("; "));
    Ok(())
}
