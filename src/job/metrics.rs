//! Figures of a job's last run for Prometheus, as its text format has them.
//!
//! May use `job`. Pure: the file is written by whoever asks, in one step.

use chrono::{DateTime, Utc};

use super::alert::calibration::Coverage;
use super::manifest::{SeriesStatus, Status};

/// What is told of a run.
pub struct Figures<'a> {
    /// The job.
    pub job: &'a str,
    /// How it ended.
    pub status: Status,
    /// When it began and ended.
    pub times: (DateTime<Utc>, DateTime<Utc>),
    /// When a run last published something.
    pub last_success: Option<DateTime<Utc>>,
    /// What became of each series; none if it failed.
    pub series: &'a [SeriesStatus],
    /// Coverage of the ledger, if it has resolved forecasts.
    pub coverage: Option<Coverage>,
    /// The age of each series' newest value in days.
    pub ages: &'a [(String, i64)],
    /// Alerts that are not delivered yet.
    pub n_undelivered: usize,
}

/// The text of the file.
pub fn text(figures: &Figures<'_>) -> String {
    let mut text = String::new();
    let job = label(figures.job);
    let mut gauge = |name: &str, help: &str, values: Vec<(String, f64)>| {
        if values.is_empty() {
            return;
        }
        text.push_str(&format!("# HELP chipcast_{name} {help}\n# TYPE chipcast_{name} gauge\n"));
        for (labels, value) in values {
            text.push_str(&format!("chipcast_{name}{{job=\"{job}\"{labels}}} {value}\n"));
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds and counts are small")]
    let float = |count: i64| count as f64;
    let one = |value: f64| vec![(String::new(), value)];
    let (began, ended) = figures.times;
    gauge("last_run_timestamp_seconds", "When the last run ended.", one(float(ended.timestamp())));
    let success: Vec<_> =
        figures.last_success.iter().map(|at| (String::new(), float(at.timestamp()))).collect();
    gauge("last_success_timestamp_seconds", "When a run last published something.", success);
    gauge("last_run_exit_code", "How the last run ended.", one(figures.status.exit_code().into()));
    let seconds = float((ended - began).num_milliseconds()) / 1000.0;
    gauge("last_run_duration_seconds", "How long the last run took.", one(seconds));
    let series = ["ok", "fallback", "refused", "failed"].map(|word| {
        let n = figures.series.iter().filter(|series| series.status == word).count();
        (format!(",status=\"{word}\""), float(i64::try_from(n).unwrap_or(i64::MAX)))
    });
    gauge("series", "Series of the last run by what became of them.", series.into());
    if let Some(of) = figures.coverage {
        let share = float(i64::try_from(of.n_inside).unwrap_or(0))
            / float(i64::try_from(of.n).unwrap_or(1));
        let labels = format!(",said=\"{}\"", of.coverage);
        gauge("coverage_ratio", "Share of resolved forecasts inside.", vec![(labels, share)]);
    }
    let ages = figures
        .ages
        .iter()
        .map(|(id, age)| (format!(",series=\"{}\"", label(id)), float(*age) * 86_400.0));
    gauge("data_age_seconds", "Age of the newest value of a series.", ages.collect());
    let n = i64::try_from(figures.n_undelivered).unwrap_or(i64::MAX);
    gauge("alerts_undelivered", "Alerts that are not delivered yet.", one(float(n)));
    text
}

fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
