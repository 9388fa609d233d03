//! The job file: every table and key of it, as a user writes them.
//!
//! May use `source` for its keys; knows neither disk nor clock. An unknown key is an
//! error. The comments of the fields are the descriptions in `docs/job.schema.json`.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::source::Source;

/// Version of the form of job files.
pub const SCHEMA_VERSION: u32 = 1;

/// A job of Chipcast: what is fetched, forecast, reported, checked, announced and kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Version of this form: 1.
    pub schema_version: u32,
    /// Name of the job: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Seed of the sample paths.
    #[serde(default)]
    pub seed: u64,
    /// Folder of its runs, made if missing; give each job a folder of its own.
    #[serde(default = "default_out")]
    pub out: String,
    /// How sources are asked.
    #[serde(default)]
    pub fetch: Fetch,
    /// What is read before each run, in this order.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// What is forecast; the series of `chipcast run` if nothing is named.
    #[serde(default)]
    pub forecasts: Vec<ForecastSpec>,
    /// Which pages are written; none if this table is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<Reports>,
    /// From which age on data are late, and too old to publish anything.
    #[serde(default)]
    pub freshness: Vec<Freshness>,
    /// When it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What is announced, once a change.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// Where it is announced.
    #[serde(default)]
    pub sinks: Vec<Sink>,
    /// Which runs `job gc` keeps.
    #[serde(default)]
    pub retention: Retention,
    /// Figures for Prometheus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
}

fn default_out() -> String {
    "runs".to_owned()
}

/// How sources are asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Tries of a fetch that can pass: one that failed in the network, after the client's own tries.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
    /// Seconds between tries.
    #[serde(default = "default_wait_seconds")]
    pub wait_seconds: u64,
    /// What a source does to the run that could not be read.
    #[serde(default)]
    pub on_error: OnError,
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            attempts: default_attempts(),
            wait_seconds: default_wait_seconds(),
            on_error: OnError::default(),
        }
    }
}

fn default_attempts() -> u32 {
    2
}

fn default_wait_seconds() -> u64 {
    5
}

/// What a source does to the run that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The run fails; nothing is published.
    #[default]
    Fail,
    /// The run goes on with what is known, ends as partial, and says which source is missing.
    GoOn,
}

/// A series to forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForecastSpec {
    /// Series id, such as `nvda.revenue`.
    pub series: String,
    /// Periods ahead, 1 to 40.
    #[serde(default = "default_horizon")]
    pub horizon: usize,
    /// Coverages of the central intervals, each between 0 and 1.
    #[serde(default = "default_coverage")]
    pub coverage: Vec<f64>,
}

fn default_horizon() -> usize {
    4
}

/// The coverages that are written unless a job asks for others.
pub fn default_coverage() -> Vec<f64> {
    vec![0.5, 0.8]
}

/// Pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// Tickers of companies that get a page; `["all"]` stands for each that `chipcast run` reports.
    #[serde(default)]
    pub companies: Vec<String>,
    /// Whether the industry's page is written.
    #[serde(default)]
    pub industry: bool,
    /// Formats of the pages.
    #[serde(default = "default_formats")]
    pub formats: Vec<PageFormat>,
}

fn default_formats() -> Vec<PageFormat> {
    vec![PageFormat::Html]
}

/// A format of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageFormat {
    /// A page for a browser.
    Html,
    /// Markdown.
    Md,
    /// The page as JSON.
    Json,
    /// The page on paper; needs a build with the feature `pdf`, as the released one is.
    Pdf,
}

/// A rule of age. It names a series or a kind of source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// Kind of a source of this job: its age is the time since it last answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Series id: its age is the time since its newest value became public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Age from which on the run is degraded, such as `100 days`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_after: Option<Age>,
    /// Age from which on nothing is published: exit code 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_after: Option<Age>,
    /// The day at which the age is measured.
    #[serde(default)]
    pub against: Against,
}

/// The day at which an age is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Today, or the day that a replay shows.
    #[default]
    Today,
    /// The last day known.
    AsOf,
}

/// A number of days, written `120 days` or `17 weeks`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^[0-9]+ (days?|weeks?)$"))]
pub struct Age(pub u32);

impl TryFrom<String> for Age {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no age; needed is a number of days, such as `120 days`");
        let (number, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let days = match unit.trim() {
            "day" | "days" => Some(number),
            "week" | "weeks" => number.checked_mul(7),
            _ => None,
        };
        days.filter(|days| (1..=36_500).contains(days)).map(Self).ok_or_else(wrong)
    }
}

impl From<Age> for String {
    fn from(age: Age) -> Self {
        format!("{} days", age.0)
    }
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Minute, hour, day of the month, month, day of the week: `0 7 * * MON`.
    pub cron: String,
    /// Name of the time zone, such as `America/New_York`.
    #[serde(default = "default_zone")]
    pub time_zone: String,
    /// What is done about times that were missed.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// The first day; times before it were not missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<NaiveDate>,
}

fn default_zone() -> String {
    "UTC".to_owned()
}

/// What is done about times that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Nothing.
    None,
    /// The last of them is run.
    #[default]
    Latest,
    /// Each of them is run, with what was known on its day.
    All,
}

/// What is announced, once a change of state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Alert {
    /// News of a day moved the forecast of a series by `times` its usual revision or more.
    Impact {
        /// Series ids.
        series: Vec<String>,
        /// Multiple of the usual revision in weeks of that kind: with a release, or without.
        #[serde(default = "default_times")]
        times: f64,
        /// The least share of the forecast that is told.
        #[serde(default = "default_at_least")]
        at_least: f64,
    },
    /// A forecast crossed a value.
    Threshold {
        /// Series id.
        series: String,
        /// Periods ahead.
        #[serde(default = "default_ahead")]
        horizon: usize,
        /// The value, in the series' base unit.
        value: f64,
        /// The probability of exceeding the value from which on it counts as crossed; 0.5 is the median.
        #[serde(default = "default_probability")]
        probability: f64,
    },
    /// The first period ahead of a series began or ceased to be refused.
    Refusal {
        /// Series ids; every forecast series if none is named.
        #[serde(default)]
        series: Vec<String>,
    },
    /// The coverage of the ledger's resolved forecasts left its binomial bounds.
    Calibration {
        /// Coverage of the interval: 0.5, 0.8 or 0.95.
        #[serde(default = "default_alert_coverage")]
        coverage: f64,
        /// Probability of a false alarm, both sides together.
        #[serde(default = "default_significance")]
        significance: f64,
    },
    /// Data became late or too old by the job's rules.
    Stale {},
}

fn default_times() -> f64 {
    4.0
}

fn default_at_least() -> f64 {
    0.05
}

fn default_ahead() -> usize {
    1
}

fn default_probability() -> f64 {
    0.5
}

fn default_alert_coverage() -> f64 {
    0.8
}

fn default_significance() -> f64 {
    0.01
}

/// Where alerts go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Sink {
    /// Lines of JSON at the end of a file.
    File {
        /// The file.
        path: String,
    },
    /// Lines of JSON on stdout.
    Stdout {},
    /// A POST of JSON with `Chipcast-Timestamp: SECONDS` and `Chipcast-Signature: v1=HEX`, the
    /// HMAC-SHA256 of `SECONDS.BODY` with the secret.
    Webhook {
        /// The address.
        url: String,
        /// Name of the environment variable that holds the secret.
        #[serde(default = "default_secret_env")]
        secret_env: String,
        /// Tries.
        #[serde(default = "default_tries")]
        attempts: u32,
    },
    /// A letter by SMTP.
    Email {
        /// Name of the server.
        host: String,
        /// Its port; by default 465, 587 or 25, by `encryption`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// How the connection is encrypted.
        #[serde(default)]
        encryption: Encryption,
        /// The sender.
        from: String,
        /// The receivers.
        to: Vec<String>,
        /// Name of the environment variable that holds the user's name, if the server asks for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_env: Option<String>,
        /// Name of the environment variable that holds the password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password_env: Option<String>,
    },
}

fn default_secret_env() -> String {
    "CHIPCAST_WEBHOOK_SECRET".to_owned()
}

fn default_tries() -> u32 {
    3
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// From the first byte on.
    #[default]
    Tls,
    /// From the command `STARTTLS` on; never without.
    Starttls,
    /// Not at all: for a server on this machine.
    None,
}

/// Which runs `job gc` keeps. A run is kept if either rule keeps it; without a rule all are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The last so many runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_runs: Option<usize>,
    /// Runs of the last so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u32>,
}

/// Figures for Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// The file, as the textfile collector of the node exporter reads it: `chipcast.prom`.
    pub file: String,
}

impl Job {
    /// [`Job::shown`] as one line of JSON with sorted keys: what its hash is taken of, so that a job read
    /// from a manifest has the same.
    pub fn canonical(&self) -> String {
        self.shown().to_string()
    }

    /// The job as it is shown and kept on record: of a receiver's address the host alone, since such
    /// addresses hold tokens, and no name of who asks.
    pub fn shown(&self) -> serde_json::Value {
        let mut shown = self.clone();
        for sink in &mut shown.sinks {
            if let Sink::Webhook { url, .. } = sink {
                *url = host_of(url);
            }
        }
        shown.sources = shown.sources.iter().map(Source::shown).collect();
        serde_json::to_value(shown).unwrap_or_default()
    }

    /// The JSON Schema of a job file.
    pub fn schema() -> String {
        let schema = schemars::schema_for!(Self);
        let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// What stands for what is not shown.
pub(super) const HIDDEN: &str = "***";

/// `https://HOST/***` of an address.
fn host_of(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/{HIDDEN}")
}
