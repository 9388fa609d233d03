//! `chipcast job run --from --to`: a job replayed as of many days, each seeing only its own past.

use std::time::Duration;

use chrono::{Days, Months, NaiveDate};
use serde_json::json;

use super::run::Every;
use super::{Context, Outcome, now, summarise, with_means};
use crate::cli::output::{Rows, table};
use crate::error::{Error, Result};
use crate::forecast::ledger::Entry;
use crate::job::file::Job;
use crate::job::forecasts;
use crate::job::run::{self as runs, Asked, Asking, Ended};
use crate::store::{is_busy, peak_memory_bytes};

const COLUMNS: [&str; 6] = ["as_of", "run_id", "status", "is_earlier", "n_alerts", "seconds"];

/// The days of a replay, first to last.
fn days((from, to, every): (NaiveDate, NaiveDate, Every)) -> Vec<NaiveDate> {
    let at = |idx: u32| match every {
        Every::Day => from.checked_add_days(Days::new(u64::from(idx))),
        Every::Week => from.checked_add_days(Days::new(7 * u64::from(idx))),
        Every::Month => from.checked_add_months(Months::new(idx)),
        Every::Quarter => from.checked_add_months(Months::new(3 * idx)),
    };
    (0..).map_while(at).take_while(|day| *day <= to).collect()
}

pub(super) fn run(
    context: &Context,
    job: &Job,
    span: (NaiveDate, NaiveDate, Every),
    wait: Duration,
) -> Result<Outcome> {
    let began = now();
    let mut ended: Vec<Ended> = Vec::new();
    let (mut n_failed, mut asking) = (0, Asking::Local);
    for day in days(span) {
        let asked = Asked { as_of: Some(day), asking, wait };
        asking = Asking::None;
        match with_means(context, |means| runs::run(job, means, asked)) {
            Ok(run) => ended.push(run),
            Err(error) if is_busy(&error) => return Err(error),
            Err(error) => {
                n_failed += 1;
                Context::fail(format!("{} as of {day}", job.name), &error);
            }
        }
    }
    if ended.is_empty() {
        return Err(Error::insufficient(format!("no run of job `{}` succeeded", job.name)));
    }
    let archive = context.archive()?;
    forecasts::resolve(&context.global.data, &archive.as_of(archive.known_through())?)?;
    let milliseconds = (now() - began).num_milliseconds();
    summarise(context, job, || print(context, job, &ended, milliseconds))?;
    let is_whole = n_failed == 0 && ended.iter().all(|run| run.exit_code() == 0);
    Ok(if is_whole { Outcome::Done } else { Outcome::Partial })
}

/// What the ledger says of the runs' forecasts.
#[derive(Debug, Default, Clone, Copy)]
struct Score {
    n: usize,
    n_resolved: usize,
    n_claimed: usize,
    n_inside: usize,
    errors: f64,
    naive_errors: f64,
}

impl Score {
    fn add(&mut self, entry: &Entry<'_>) {
        self.n += 1;
        let (Some(came), Some(median)) = (entry.resolution, entry.said.median) else { return };
        if came.actual == 0.0 {
            return;
        }
        self.n_resolved += 1;
        self.errors += (median / came.actual - 1.0).abs();
        self.naive_errors += (entry.said.naive / came.actual - 1.0).abs();
        if let (Some(low), Some(high)) = (entry.said.quantile(0.1), entry.said.quantile(0.9)) {
            self.n_claimed += 1;
            self.n_inside += usize::from(low <= came.actual && came.actual <= high);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a ledger has few rows")]
    fn share(sum: f64, n: usize) -> Option<f64> {
        (n > 0).then(|| sum / n as f64)
    }
}

fn print(context: &Context, job: &Job, ended: &[Ended], milliseconds: i64) -> Result<()> {
    let mut rows = Rows::new(&COLUMNS);
    let mut shown = Vec::new();
    for run in ended {
        let record = &run.manifest.record;
        rows.push(vec![
            json!(record.as_of),
            json!(record.run_id),
            json!(run.manifest.status),
            json!(run.is_earlier),
            json!(run.n_told),
            json!(run.seconds),
        ]);
        shown.push(vec![
            record.as_of.to_string(),
            record.run_id.clone(),
            run.manifest.status.word().to_owned(),
            run.n_told.to_string(),
            format!("{:.1}", run.seconds),
        ]);
    }
    let ledger = forecasts::read(&context.global.data)?;
    let mut score = Score::default();
    let is_ours = |id: &str| ended.iter().any(|run| run.manifest.record.run_id == id);
    ledger.entries().iter().filter(|e| is_ours(&e.said.run_id)).for_each(|e| score.add(e));
    let error = Score::share(score.errors, score.n_resolved);
    let naive = Score::share(score.naive_errors, score.n_resolved);
    let peak = peak_memory_bytes();
    rows.beside("job", json!(job.name));
    rows.beside(
        "ledger",
        json!({
            "n_forecasts": score.n,
            "n_resolved": score.n_resolved,
            "mean_abs_relative_error": error,
            "mean_abs_relative_error_naive": naive,
            "n_with_interval": score.n_claimed,
            "n_inside_80": score.n_inside,
        }),
    );
    rows.beside("milliseconds", json!(milliseconds));
    rows.beside("peak_memory_bytes", json!(peak));
    rows.print(context.global.format, || {
        let percent = |share: Option<f64>| {
            share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", 100.0 * share))
        };
        format!(
            "{}\n\n{} runs in {:.1} s; at most {} MB of memory\nledger: {} forecasts of these runs, {} \
             resolved; mean size of the error {} (last value carried on: {}); {} of {} inside the 80% \
             interval",
            table(&["as of", "run", "status", "alerts", "s"], &[3, 4], shown),
            ended.len(),
            std::time::Duration::from_millis(milliseconds.unsigned_abs()).as_secs_f64(),
            peak.map_or_else(|| "-".to_owned(), |bytes| (bytes >> 20).to_string()),
            score.n,
            score.n_resolved,
            percent(error),
            percent(naive),
            score.n_inside,
            score.n_claimed,
        )
    })
}
