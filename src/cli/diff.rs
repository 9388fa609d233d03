//! `chipcast diff`: how what one run said became what another said, in five parts that add up.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::output::{Rows, table};
use super::run::bought_as_of;
use super::{Context, Outcome};
use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::forecast::bridge::{Gap, Said, Span, bridge};
use crate::forecast::run_record::{Bought, FILE_NAME, Method, RunRecord};
use crate::period::Period;
use crate::report::format;
use crate::rows::runs;
use crate::store;
use crate::units::Unit;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The earlier run: its id, its folder, or its `run.json`
    run_a: String,
    /// The later run
    run_b: String,
    /// The folder in which a run is looked for by its id
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
}

/// Bytes of a record that are read.
const RECORD_BYTES: u64 = 64 << 20;

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let read = |run: &str| record(run, &arguments.out);
    let (a, b) = (read(&arguments.run_a)?, read(&arguments.run_b)?);
    let archive = context.archive()?;
    let (mut spans, mut failures) = (Vec::new(), Vec::new());
    for (series, found) in bridge(&a, &b, &archive)? {
        match found {
            Ok(found) => spans.extend(found),
            Err(error) => failures.push((series, error)),
        }
    }
    if spans.is_empty()
        && let Some((_, error)) = failures.pop()
    {
        return Err(error);
    }
    spans.extend(purchases(context, &a, &b, &archive)?);
    if spans.is_empty() {
        return Err(Error::insufficient(format!(
            "runs {} as of {} and {} as of {} have no period in common",
            a.run_id, a.as_of, b.run_id, b.as_of
        )));
    }
    print(context, (&a, &b), &spans)?;
    for (series, error) in &failures {
        Context::fail(series, error);
    }
    Ok(if failures.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// The record of a run that is named by its file, its folder, or its id.
fn record(run: &str, runs: &Path) -> Result<RunRecord> {
    let named = Path::new(run);
    let places = [named.to_owned(), named.join(FILE_NAME), runs.join(run).join(FILE_NAME)];
    let found = places.iter().find(|place| store::is_file(place)).ok_or_else(|| {
        Error::not_found(format!("no run `{run}`: there is no `{}`", places[2].display()))
            .hint("name a run by its id, its folder or its `run.json`; `chipcast run` writes one")
    })?;
    let bytes = store::read_file(found, RECORD_BYTES)?;
    RunRecord::read(&bytes).map_err(|e| e.within(format!("`{}`", found.display())))
}

/// What the spend buys in both runs: the chain's inputs are not told apart, its assumptions are.
fn purchases(
    context: &Context,
    a: &RunRecord,
    b: &RunRecord,
    archive: &Archive,
) -> Result<Vec<Span>> {
    let (now_a, now_b) = (again(context, a, archive)?, again(context, b, archive)?);
    let mut spans = Vec::new();
    for (said_b, today_b) in b.purchases.iter().zip(&now_b) {
        let both = a.purchases.iter().zip(&now_a).find(|(said, _)| {
            said.company == said_b.company && said.target_end_date == said_b.target_end_date
        });
        let Some((said_a, today_a)) = both else { continue };
        let metrics: [Metric; 2] = [
            ("purchases_h100e", Unit::H100e, |bought| Some(bought.purchases_h100e)),
            ("capability_eci", Unit::Index, |bought| bought.capability_eci),
        ];
        for metric in metrics {
            spans.extend(chain_span(metric, (a, said_a, today_a), (b, said_b, today_b)));
        }
    }
    Ok(spans)
}

/// A number of the chain: its name, its unit and where it stands.
type Metric = (&'static str, Unit, fn(&Bought) -> Option<f64>);
/// A run, what it said, and what this program says of the same day.
type Side<'a> = (&'a RunRecord, &'a Bought, &'a Bought);

fn chain_span((name, unit, of): Metric, a: Side<'_>, b: Side<'_>) -> Option<Span> {
    let said = |bought: &Bought| {
        let estimate = of(bought).filter(|value| value.is_finite())?;
        Some(Said { horizon: 1, estimate, refusal: None })
    };
    let today = |bought: &Bought| of(bought).filter(|value| value.is_finite());
    let (first, last) = (today(a.2)?, today(b.2)?);
    let note = (first.to_bits() != last.to_bits())
        .then(|| "news, revision and refit of the chain are not told apart".to_owned());
    let mut span = Span {
        series: format!("{}.{name}", b.1.company),
        period: Period::day(b.1.target_end_date),
        unit,
        a: said(a.1)?,
        b: said(b.1)?,
        news: last - first,
        revision: 0.0,
        refit: 0.0,
        code: 0.0,
        assumption: 0.0,
        note,
    };
    let gap = |run: &RunRecord| Gap::of(&run.method, |method| &method.assumptions_digest);
    span.method(gap(a.0), &a.0.run_id, first - span.a.estimate);
    span.method(gap(b.0), &b.0.run_id, span.b.estimate - last);
    Some(span)
}

/// What this program says of a run's purchases: the same, if the run was made by the same method.
fn again(context: &Context, run: &RunRecord, archive: &Archive) -> Result<Vec<Bought>> {
    if run.method == Method::current() {
        return Ok(run.purchases.clone());
    }
    let today = bought_as_of(context, archive.as_of(run.as_of)?, run.seed)?;
    let same = |said: &Bought| today.iter().find(|row| row.company == said.company).cloned();
    Ok(run.purchases.iter().map(|said| same(said).unwrap_or_else(|| said.clone())).collect())
}

fn print(context: &Context, (a, b): (&RunRecord, &RunRecord), spans: &[Span]) -> Result<()> {
    let mut rows = Rows::from(runs::spans(spans));
    let shown = spans.iter().map(line).collect();
    let said = |run: &RunRecord| -> Value {
        json!({ "run_id": run.run_id, "as_of": run.as_of, "seed": run.seed, "method": run.method })
    };
    rows.beside("run_a", said(a));
    rows.beside("run_b", said(b));
    let header = [
        "series",
        "period to",
        "in",
        "run A",
        "news",
        "revision",
        "refit",
        "code",
        "assumption",
        "run B",
        "change",
        "note",
    ];
    rows.print(context.global.format, || {
        format!(
            "run A {} as of {}, run B {} as of {}\n\n{}",
            a.run_id,
            a.as_of,
            b.run_id,
            b.as_of,
            table(&header, &[3, 4, 5, 6, 7, 8, 9, 10], shown)
        )
    })
}

fn line(span: &Span) -> Vec<String> {
    let scale = format::Scale::of([span.a.estimate, span.b.estimate], span.unit, 2);
    let signed = |value: f64| format::signed_number(scale, value, 3);
    let refused = |run: &str, said: &Said| {
        said.refusal.as_ref().map(|code| format!("refused in {run}: {code}"))
    };
    let notes = [refused("A", &span.a), refused("B", &span.b), span.note.clone()];
    let notes: Vec<_> = notes.into_iter().flatten().collect();
    vec![
        span.series.clone(),
        span.period.end().to_string(),
        scale.heading(),
        scale.number(span.a.estimate, 3),
        signed(span.news),
        signed(span.revision),
        signed(span.refit),
        signed(span.code),
        signed(span.assumption),
        scale.number(span.b.estimate, 3),
        format::signed(span.total() / span.a.estimate.abs(), Unit::Ratio, 1),
        notes.join("; "),
    ]
}
