//! `chipcast run` and `chipcast report`: the whole chain, and its pages.

use std::path::{Path, PathBuf};

use chrono::{Months, NaiveDate};
use clap::Args;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::{Context, Format, Outcome, ledger};
use crate::archive::Snapshot;
use crate::error::{Error, Result};
use crate::forecast::Forecast;
use crate::forecast::backtest::Book;
use crate::forecast::engine::Chipcast;
use crate::forecast::run_record::{self, Bought, Method, RunRecord, RunRow};
use crate::ingest::bundled;
use crate::report::company::{Material, company};
use crate::report::industry::industry;
use crate::report::machines::{Machines, Workshop, machines};
use crate::report::pressure::is_asked_of;
use crate::report::sections::Track;
use crate::report::{Html, Json, Markdown, Render, Report, format};
use crate::series::SeriesId;
use crate::store;
use crate::strategy::rule::Rule;
use crate::strategy::trial::{Engine, Trial, trials};
use crate::units::Unit;

/// The companies that have a page, with the series that it is about.
const PAGES: [(&str, &str); 6] = [
    ("msft", "capex_cash"),
    ("googl", "capex_cash"),
    ("amzn", "capex_cash"),
    ("meta", "capex_cash"),
    ("orcl", "capex_cash"),
    ("nvda", "revenue"),
];
/// Series that are forecast beside those of the pages.
const BESIDE: [&str; 4] =
    ["nvda.revenue.data_center", "nvda.capex_cash", "amd.revenue", "tsmc.revenue_monthly"];
/// Quarters ahead that a run asks for.
pub(super) const HORIZON: usize = 4;
/// Years of earlier origins that a page shows.
const SHOWN_MONTHS: u32 = 66;

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
}

/// The renderer of a page's format; html unless asked otherwise.
fn renderer(asked: Format) -> Result<&'static dyn Render> {
    match asked {
        Format::Table | Format::Html => Ok(&Html),
        Format::Json => Ok(&Json),
        Format::Md => Ok(&Markdown),
        Format::Csv | Format::Pdf => {
            Err(Error::invalid("a page is written as html, md or json in this version")
                .hint("print the html page to PDF with a browser; it has a print style"))
        }
    }
}

/// Everything that the pages of one run share.
struct Shared {
    known: Snapshot,
    book: Book,
    workshop: Workshop,
    run_id: String,
    from: NaiveDate,
}

impl Shared {
    fn new(context: &Context, known: Snapshot) -> Result<Self> {
        Self::seeded(context.global.seed, context.run_id(&known), known)
    }

    fn seeded(seed: u64, run_id: String, known: Snapshot) -> Result<Self> {
        let from = known.as_of() - Months::new(SHOWN_MONTHS);
        Ok(Self {
            book: Book::new(&known, HORIZON)?,
            workshop: Workshop::new(seed, known.as_of())?,
            run_id,
            known,
            from,
        })
    }

    /// What would have been said of pressure up to the day; every page of a buyer shares it.
    fn past(&self) -> Result<Vec<Trial>> {
        trials(&self.known, Rule::bundled(), Engine::Drawn(self.workshop.worlds.seed))
    }

    fn page(
        &self,
        series: &SeriesId,
        past: &[Trial],
    ) -> Result<(Forecast, Option<Machines>, Report)> {
        let forecast = self.book.forecast(&Chipcast, series)?;
        let track = Track::of(&self.book, series, self.from)?;
        let machines = self.machines(&forecast)?;
        let report = company(&Material {
            known: &self.known,
            run_id: &self.run_id,
            forecast: &forecast,
            track: &track,
            machines: machines.as_ref(),
            workshop: &self.workshop,
            past,
        })?;
        Ok((forecast, machines, report))
    }

    /// What the spend buys; `None` for a company whose spend buys no machines of its own.
    fn machines(&self, forecast: &Forecast) -> Result<Option<Machines>> {
        let spend = match forecast.target.as_str() {
            "nvda.revenue" => {
                let data_center = SeriesId::new("nvda.revenue.data_center")?;
                self.book.forecast(&Chipcast, &data_center)
            }
            _ if forecast.target.metric() == "capex_cash" => Ok(forecast.clone()),
            _ => return Ok(None),
        };
        match spend.and_then(|spend| machines(&self.known, &spend, &self.workshop)) {
            Ok(machines) => Ok(Some(machines)),
            Err(Error::Insufficient(_) | Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Every series that the main job forecasts.
pub(super) fn main_series() -> Result<Vec<SeriesId>> {
    let pages = PAGES.iter().map(|(owner, metric)| SeriesId::new(&format!("{owner}.{metric}")));
    pages.chain(BESIDE.iter().map(|series| SeriesId::new(series))).collect()
}

/// The main job: forecasts, scaling and reports from what the archive knows.
pub(super) fn run(context: &Context, arguments: &RunArguments) -> Result<Outcome> {
    context.store_bundle()?;
    let known = context.snapshot()?;
    ledger::resolve(context, &known)?;
    let shared = Shared::new(context, known)?;
    let default = || Path::new("runs").join(&shared.run_id);
    let folder = arguments.out.clone().unwrap_or_else(default);
    store::make_folder(&folder)?;
    let past = shared.past()?;
    let pages: Vec<Result<_>> = PAGES
        .par_iter()
        .map(|(owner, metric)| {
            let series = SeriesId::new(&format!("{owner}.{metric}"))?;
            let (forecast, machines, report) = shared.page(&series, &past)?;
            let path = write(&folder, owner, &report, &Html)?;
            Ok((forecast, machines, path))
        })
        .collect();
    let (mut forecasts, mut fleets, mut paths, mut failed) =
        (Vec::new(), Vec::new(), Vec::new(), 0);
    for page in pages {
        match page {
            Ok((forecast, machines, path)) => {
                forecasts.push(forecast);
                fleets.extend(machines);
                paths.push(path);
            }
            Err(error @ (Error::NotFound(_) | Error::Insufficient(_))) => {
                failed += 1;
                Context::fail("a page", &error);
            }
            Err(error) => return Err(error),
        }
    }
    for series in BESIDE {
        match shared.book.forecast(&Chipcast, &SeriesId::new(series)?) {
            Ok(forecast) => forecasts.push(forecast),
            Err(error) => {
                failed += 1;
                Context::fail(series, &error);
            }
        }
    }
    let page = industry(&shared.known, &shared.run_id, &forecasts, &fleets, context.global.seed)?;
    paths.push(write(&folder, "industry", &page, &Html)?);
    let bought: Vec<_> = fleets.iter().filter_map(bought).collect();
    let record = record(context, &shared, &forecasts, &bought)?;
    store::write_atomic(&folder.join(run_record::FILE_NAME), &record.bytes()?)?;
    ledger::keep(context, &shared.known, &shared.run_id, &forecasts)?;
    print_summary(context, &shared, (&forecasts, &bought), &paths)?;
    Ok(if failed > 0 { Outcome::Partial } else { Outcome::Done })
}

/// The record of a run.
fn record(
    context: &Context,
    shared: &Shared,
    forecasts: &[Forecast],
    bought: &[(Vec<String>, Bought)],
) -> Result<RunRecord> {
    let rows: Vec<_> =
        forecasts.iter().map(|f| RunRow::of(f, &shared.known)).collect::<Result<_>>()?;
    Ok(RunRecord {
        schema_version: run_record::SCHEMA_VERSION,
        run_id: shared.run_id.clone(),
        as_of: shared.known.as_of(),
        seed: context.global.seed,
        method: Method::current(),
        data_digest: shared.known.digest(),
        forecasts: rows.into_iter().flatten().collect(),
        purchases: bought.iter().map(|(_, row)| row.clone()).collect(),
    })
}

/// What this program says that the spend of each company bought, as of a day.
pub(super) fn bought_as_of(context: &Context, known: Snapshot, seed: u64) -> Result<Vec<Bought>> {
    let shared = Shared::seeded(seed, context.run_id(&known), known)?;
    let of_page = |(owner, metric): &(&str, &str)| -> Result<Option<Bought>> {
        let series = SeriesId::new(&format!("{owner}.{metric}"))?;
        let machines = match shared.book.forecast(&Chipcast, &series) {
            Ok(forecast) => shared.machines(&forecast)?,
            Err(Error::NotFound(_) | Error::Insufficient(_)) => None,
            Err(error) => return Err(error),
        };
        Ok(machines.as_ref().and_then(bought).map(|(_, row)| row))
    };
    let rows: Vec<_> = PAGES.par_iter().map(of_page).collect::<Result<_>>()?;
    Ok(rows.into_iter().flatten().collect())
}

/// One page in one format.
pub(super) fn report(context: &Context, arguments: &ReportArguments) -> Result<Outcome> {
    let shared = Shared::new(context, context.snapshot()?)?;
    let subject = arguments.subject.to_ascii_lowercase();
    let page = if subject == "industry" {
        let (mut forecasts, mut fleets) = (Vec::new(), Vec::new());
        for (owner, metric) in PAGES {
            let series = SeriesId::new(&format!("{owner}.{metric}"))?;
            let forecast = shared.book.forecast(&Chipcast, &series)?;
            fleets.extend(shared.machines(&forecast)?);
            forecasts.push(forecast);
        }
        industry(&shared.known, &shared.run_id, &forecasts, &fleets, context.global.seed)?
    } else {
        let series = page_series(&shared.known, &subject)?;
        let past = if is_asked_of(&series) { shared.past()? } else { Vec::new() };
        shared.page(&series, &past)?.2
    };
    let renderer = renderer(context.global.format)?;
    store::make_folder(&arguments.out)?;
    let path = write(&arguments.out, &subject, &page, renderer)?;
    super::output::print(&path.display().to_string())?;
    Ok(Outcome::Done)
}

/// The series that a company's page is about: the page's own, or capex, or revenue.
fn page_series(known: &Snapshot, company: &str) -> Result<SeriesId> {
    let listed = PAGES.iter().find(|(owner, _)| *owner == company).map(|(_, metric)| *metric);
    for metric in listed.into_iter().chain(["capex_cash", "revenue"]) {
        let series = SeriesId::new(&format!("{company}.{metric}"))?;
        if known.series(&series).is_ok() {
            return Ok(series);
        }
    }
    Err(Error::not_found(format!("no capital expenditure or revenue of `{company}` is known"))
        .hint("`chipcast data list` shows every series; `industry` is the page on all companies"))
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
    let row = Bought {
        company: chain.company.clone(),
        target_end_date: period.end(),
        purchases_h100e: quantiles[1],
        lower_80: quantiles[0],
        upper_80: quantiles[2],
        fleet_date: chain.date,
        installed_h100e: Some(chain.installed.median()).filter(|_| fleet),
        largest_run_flop: Some(chain.run.median()).filter(|_| fleet),
        capability_eci: Some(chain.capability.draws.median()).filter(|_| fleet),
    };
    Some((line, row))
}

fn print_summary(
    context: &Context,
    shared: &Shared,
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
    rows.beside("run_id", json!(shared.run_id));
    rows.beside("as_of", json!(shared.known.as_of()));
    rows.beside("reports", Value::Array(shown_paths));
    let header = ["series", "unit", "last", "next", "second", "third", "fourth", "grade", "model"];
    let people = || {
        let mut text = format!(
            "as of {}, run {}; medians with 80% intervals\n\n{}\n\n{}\n\nreports:",
            shared.known.as_of(),
            shared.run_id,
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
