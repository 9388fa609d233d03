//! `chipcast job plan`: what a run would do now. Writes nothing and asks nobody.

use chrono::DateTime;
use serde_json::json;

use super::{Context, Outcome, now};
use crate::cli::output::{Rows, table};
use crate::cli::parsed;
use crate::error::Result;
use crate::job::file::Job;
use crate::job::freshness::{self, Level};
use crate::job::key::RunKey;
use crate::job::schedule::Times;
use crate::job::{deliver, make};
use crate::series::SeriesId;

/// Times that are shown.
const N_TIMES: usize = 5;

const COLUMNS: [&str; 3] = ["step", "what", "detail"];

pub(super) fn run(context: &Context, job: &Job) -> Result<Outcome> {
    let archive = context.archive()?;
    let known = archive.as_of(context.global.as_of.unwrap_or(archive.known_through()))?;
    let mut lines: Vec<[String; 3]> = Vec::new();
    let mut line = |step: &str, what: String, detail: String| {
        lines.push([step.to_owned(), what, detail]);
    };
    for source in &job.sources {
        let command = source.command();
        if !command.is_empty() {
            parsed(&command)?;
        }
        let how = if source.is_remote() { "over the network" } else { "from this machine" };
        let shown = source.shown().command().join(" ");
        let words = if shown.is_empty() { "the bundled data".to_owned() } else { shown };
        line("fetch", words, how.to_owned());
    }
    let mut late = Vec::new();
    for judged in freshness::judge(job, &known, now().date_naive(), None)? {
        if judged.level != Level::Fresh {
            late.push(judged.subject.clone());
        }
        line("judge", judged.words(), format!("{:?}", judged.level).to_lowercase());
    }
    for spec in make::asked(job)? {
        let is_known = known.holds(&SeriesId::new(&spec.series)?)?;
        let detail = if is_known { "model chipcast" } else { "not known before the fetches" };
        line("forecast", spec.series, format!("{} periods, {detail}", spec.horizon));
    }
    for name in make::file_names(job)? {
        line("write", name, String::new());
    }
    for (idx, alert) in job.alerts.iter().enumerate() {
        line("alert", format!("{idx}"), json!(alert).to_string());
    }
    for idx in 0..job.sinks.len() {
        line("tell", deliver::sink_name(job, idx), String::new());
    }
    let key = RunKey::new(job, known.as_of(), known.digest(), late);
    let times: Vec<String> = match &job.schedule {
        Some(schedule) => {
            Times::new(schedule)?.next(now(), N_TIMES).iter().map(DateTime::to_rfc3339).collect()
        }
        None => Vec::new(),
    };
    for at in &times {
        line("run", at.clone(), String::new());
    }
    let mut rows = Rows::new(&COLUMNS);
    for [step, what, detail] in &lines {
        rows.push(vec![json!(step), json!(what), json!(detail)]);
    }
    rows.beside("job", json!(job.name));
    rows.beside("run_id", json!(key.run_id()));
    rows.beside("run_key", json!(key));
    rows.beside("next_times", json!(times));
    rows.beside("parameters", job.shown());
    rows.print(context.global.format, || {
        let shown = lines.iter().map(|line| line.to_vec()).collect();
        format!(
            "job {}: run {} as of {}, if the fetches bring nothing new\nkey {}\ninto {}\n\n{}",
            job.name,
            key.run_id(),
            key.as_of,
            key.hash(),
            job.out,
            table(&["step", "what", ""], &[], shown)
        )
    })?;
    Ok(Outcome::Done)
}
