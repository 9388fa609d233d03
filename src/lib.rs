//! Chipcast forecasts which companies will buy how many GPUs, says how far that forecast can be
//! trusted, and turns the purchases into the AI capability they buy.
//!
//! # The chain
//!
//! ```text
//! sources -> ingest -> Archive (every value with its vintage) -> as_of(day) -> Snapshot
//! Snapshot -> forecast (medians, conformal intervals, measured skill, or a refusal)
//! Forecast of spend -> scaling: chips -> installed base -> training run -> capability
//! all of it -> report (HTML, PDF, Markdown, JSON) and the command line
//! ```
//!
//! # In five lines
//!
//! ```
//! use chipcast::forecast::{backtest::Book, engine::Chipcast};
//! # fn main() -> chipcast::Result<()> {
//! let archive = chipcast::ingest::bundled::archive()?;
//! let snapshot = archive.as_of("2026-09-01".parse().expect("a date"))?;
//! let forecast = Book::new(&snapshot, 1)?.forecast(&Chipcast, &"nvda.revenue".parse()?)?;
//! let next = forecast.horizon(1)?;
//! println!("{:.1} billion USD by {}", next.median / 1e9, next.period.end());
//! # assert!((1.1e11..1.2e11).contains(&next.median));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! All are on by default; `default-features = false` builds the library and the command line without them.
//!
//! | feature | what it adds |
//! |---|---|
//! | `default` | `pdf`, `postgres` and `serve` |
//! | `pdf` | reports as PDF ([`report::Pdf`]): typst and the font that it sets them in |
//! | `postgres` | the ledger of runs in PostgreSQL, named by `CHIPCAST_LEDGER_URL` |
//! | `serve` | the local web page and JSON API (`chipcast serve`) |
//!
//! # One example a main job
//!
//! | example | job |
//! |---|---|
//! | `forecast_one` | one series: median, interval and grade, or the refusal |
//! | `panel` | a table of your own: learn over it, answer series by series |
//! | `purchases_to_capability` | dollars to chips, fleet, training run and capability |
//! | `backtest_own_model` | your own [`forecast::Forecaster`] against the engine and its rivals |
//!
//! The oldest compiler is the `rust-version` of `Cargo.toml`. Python users: the package `chipcast`.
//!
//! # Modules in reading order
//!
//! The core, each file using only those before it: [`error`], [`cells`], [`units`], [`period`],
//! [`series`], [`draws`], [`observation`], [`parquet`], [`archive`] (the point-in-time rule), [`store`] (the
//! disk). Then [`ingest`], [`forecast`], [`scaling`], [`strategy`], [`report`], [`rows`], [`job`], `serve`
//! and [`cli`].

#![forbid(unsafe_code)]

pub mod archive;
pub mod cells;
pub mod cli;
pub mod draws;
pub mod error;
pub mod forecast;
pub mod ingest;
pub mod job;
pub mod observation;
pub mod parquet;
pub mod period;
pub mod report;
pub mod rows;
pub mod scaling;
pub mod series;
#[cfg(feature = "serve")]
pub mod serve;
pub mod store;
pub mod strategy;
pub mod units;

pub use error::{Error, Result};
