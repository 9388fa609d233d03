//! What makes two runs the same.
//!
//! May use `forecast::method`. Two runs with one key write the same bytes, but for what the clock says.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::file::Job;
use crate::forecast::method;
use crate::forecast::run_record::Method;

/// Digits of a run's id.
const ID_LEN: usize = 12;

/// The parts of a run's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunKey {
    /// Name of the job.
    pub job: String,
    /// The day whose end the run sees.
    pub as_of: NaiveDate,
    /// Hash of the job file, overrides included.
    pub config: String,
    /// Version of the method, and hash of the assumptions of the chain.
    pub code: String,
    /// Hash of the archive.
    pub data: String,
    /// Names of the rules and sources that made it degraded; none if it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
}

impl RunKey {
    /// The key of a run of a job on what an archive says.
    pub fn new(job: &Job, as_of: NaiveDate, data: String, degraded: Vec<String>) -> Self {
        let code = format!("{}/{}", method::version(), Method::current().assumptions_digest);
        let config = short_hash(&job.canonical(), 32);
        Self { job: job.name.clone(), as_of, config, code, data, degraded }
    }

    /// Hash of all parts.
    pub fn hash(&self) -> String {
        short_hash(&serde_json::to_string(self).unwrap_or_default(), 64)
    }

    /// The name of the run: the first digits of the hash.
    pub fn run_id(&self) -> String {
        self.hash()[..ID_LEN].to_owned()
    }
}

fn short_hash(text: &str, n_digits: usize) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..n_digits].to_owned()
}
