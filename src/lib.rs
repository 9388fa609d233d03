//! Chipcast forecasts which companies will buy how many GPUs, says how far that forecast can be
//! trusted, and turns the purchases into the AI capability they buy.

pub mod archive;
pub mod cli;
pub mod draws;
pub mod error;
pub mod forecast;
pub mod ingest;
pub mod observation;
pub mod period;
pub mod report;
pub mod scaling;
pub mod series;
pub mod store;
pub mod units;

pub use error::{Error, Result};
