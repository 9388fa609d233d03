//! The one integration binary. Inputs are small fixtures; nothing here reads the clock or an outside
//! network.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests keep files of their own"
)]

mod accuracy;
mod architecture;
mod archive;
mod blocks;
mod books;
mod bundled;
mod calendar;
mod capacity;
mod checks;
mod chinchilla;
mod cloud;
mod command_line;
mod corruption;
mod crawl;
mod desk;
mod edgar;
mod edgar_properties;
mod edgar_shared;
mod few;
mod forecasters;
#[path = "../../examples/few_variables/fred.rs"]
mod fred;
mod golden_scores;
mod guidance;
mod http;
mod http_cache;
mod http_download;
mod http_faults;
mod ingest;
mod ixbrl;
mod ixbrl_shared;
mod job;
mod job_alerts;
mod job_faults;
mod job_history;
mod jobs;
mod joint;
mod leakage;
mod ledger;
mod market;
mod market_epoch;
mod models;
mod mutated;
mod news;
#[path = "../../examples/backtest_own_model.rs"]
#[expect(dead_code, reason = "its main is for people")]
mod own_model;
mod panel;
mod plain_text;
mod pressure;
mod reference;
mod regression;
mod releases;
mod report;
mod report_charts;
mod report_sample;
mod report_schema;
mod revisions;
mod rust_users;
mod scale_answers;
mod scaling;
mod secrets;
#[cfg(feature = "serve")]
mod serve;
mod server;
mod share;
mod support;
mod tables;
mod trials;
mod univariate_golden;
