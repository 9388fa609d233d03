//! The manifest of a run, `run.json`: what went in, by which rules, and what came out.
//!
//! May use the core and `forecast::run_record`, of which it is an extension: every reader of a record
//! reads a manifest. Holds no clock and no path of the machine: the same run writes the same bytes.
//! What the clock says stands in [`Attempt`], `attempt.json`, beside it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::key::RunKey;
use crate::error::{Error, Result};
use crate::forecast::run_record::RunRecord;

/// Version of the manifest's own form.
pub const SCHEMA_VERSION: u32 = 1;
/// The file of the attempt.
pub const ATTEMPT_FILE: &str = "attempt.json";
/// The file of the lineage.
pub const LINEAGE_FILE: &str = "lineage.jsonl";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything that was asked.
    Ok,
    /// Published, though some data are late or a source was missing.
    Degraded,
    /// Published without some of the series, pages or sources.
    Partial,
    /// Every series was refused.
    Refused,
    /// Nothing published: data are older than the job allows.
    Stale,
    /// Nothing published: it failed.
    Failed,
}

impl Status {
    /// The word written in rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::Failed => "failed",
        }
    }

    /// Whether its outputs were published.
    pub fn is_published(self) -> bool {
        matches!(self, Self::Ok | Self::Degraded | Self::Partial | Self::Refused)
    }

    /// The exit code that stands for it.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok | Self::Degraded => 0,
            Self::Partial => 1,
            Self::Failed => 2,
            Self::Refused => 3,
            Self::Stale => 4,
        }
    }
}

/// What is written as `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the run said; empty if it failed.
    #[serde(flatten)]
    pub record: RunRecord,
    /// Version of the manifest's own form.
    pub manifest_version: u32,
    /// How it ended.
    pub status: Status,
    /// Why it failed, or what is late or missing, in words.
    pub notes: Vec<String>,
    /// Hash of the key.
    pub run_key_hash: String,
    /// Its parts.
    pub run_key: RunKey,
    /// The job as it was run, overrides included.
    pub parameters: Value,
    /// What went in.
    pub inputs: Vec<Input>,
    /// What became of each series.
    pub series: Vec<SeriesStatus>,
    /// What came out, with hashes.
    pub outputs: Vec<OutputFile>,
}

/// Something that went in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Input {
    /// A source of the job.
    Source {
        /// Its place in the job file, and its kind: `0 bundled`.
        name: String,
        /// Hashes of the files that it was read from.
        files: Vec<(String, String)>,
        /// Why it could not be read, if so.
        error: Option<String>,
    },
    /// A series of the archive, as public on the run's day.
    Series {
        /// The series.
        name: String,
        /// Public rows.
        n_rows: usize,
        /// End of its newest period.
        newest_period_end: Option<NaiveDate>,
        /// The day on which its newest value became public.
        newest_vintage: Option<NaiveDate>,
        /// Hash of its public rows.
        blake3: String,
    },
}

/// What became of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesStatus {
    /// The series.
    pub series: String,
    /// `ok`, `fallback`, `refused` or `failed`.
    pub status: String,
    /// The models that answered.
    pub model_used: Option<String>,
    /// Why not the model asked, or why it failed.
    pub reason: Option<String>,
    /// Periods that were refused.
    pub n_refused: usize,
    /// Periods that were forecast.
    pub n_periods: usize,
}

/// A file that came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// Its name in the run's folder.
    pub name: String,
    /// Its length.
    pub n_bytes: usize,
    /// Its hash.
    pub blake3: String,
}

impl OutputFile {
    /// The entry of a file.
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        let blake3 = blake3::hash(bytes).to_hex().to_string();
        Self { name: name.to_owned(), n_bytes: bytes.len(), blake3 }
    }
}

impl Manifest {
    /// The bytes of `run.json`.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be written as JSON.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        pretty(self, "the manifest of a run")
    }

    /// Reads `run.json`.
    ///
    /// # Errors
    /// [`Error::Parse`] on what is no manifest, such as the record of `chipcast run`.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| {
            Error::parse(format!("this is not the manifest of a job's run: {e}")).hint(
                "`chipcast job run FILE` writes one; `chipcast run` writes a record without it",
            )
        })?;
        if manifest.manifest_version != SCHEMA_VERSION {
            return Err(Error::parse(format!(
                "the manifest has manifest_version {}; needed is {SCHEMA_VERSION}",
                manifest.manifest_version
            )));
        }
        Ok(manifest)
    }
}

/// What the clock and the machine say of one attempt: no part of what two equal runs share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Version of this form.
    pub schema_version: u32,
    /// The run.
    pub run_id: String,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub ended: DateTime<Utc>,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// What took how long, in order.
    pub stages: Vec<Stage>,
    /// Ages of data on that day, in words.
    pub ages: Vec<String>,
}

/// A stage of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
}

impl Attempt {
    /// The bytes of `attempt.json`.
    ///
    /// # Errors
    /// [`Error::Store`] if it cannot be written as JSON.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        pretty(self, "the attempt of a run")
    }
}

fn pretty(value: &impl Serialize, what: &str) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|e| Error::store(format!("{what} is no JSON")).caused_by(e))?;
    bytes.push(b'\n');
    Ok(bytes)
}
