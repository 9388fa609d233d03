//! Jobs: what is to be run, when, by which rules, and what is kept of each run.
//!
//! May use the core, `ingest`, `forecast`, `scaling`, `strategy` and `report`. The order in which to
//! read: `file` (the job file) and `load` (reading it), `key` and `manifest` (what a run is), `make`
//! (its forecasts and pages), `freshness`, `run` (one run from start to end), `history` (the ledger of
//! runs), `schedule`, `alert` and `deliver`, `metrics`. The command line hands in the clock and the
//! fetches; only `deliver` opens connections of its own.

pub mod alert;
pub mod deliver;
pub mod file;
pub mod forecasts;
pub mod freshness;
pub mod gc;
pub mod history;
pub mod key;
pub mod lineage;
pub mod load;
pub mod make;
pub mod manifest;
pub mod metrics;
pub mod run;
pub mod schedule;
pub mod source;
