//! Structured logs on stderr: none unless asked for, so that people read sentences and machines lines.

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use super::Context;

#[derive(Debug, Args)]
pub(in crate::cli) struct LogArguments {
    /// Log stages, deliveries and failures on stderr
    #[arg(long, value_enum, value_name = "FORM")]
    log: Option<LogForm>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogForm {
    /// One JSON object a line.
    Json,
    /// One line of text.
    Text,
}

impl LogArguments {
    /// Begins to log, once a process.
    pub(super) fn begin(&self, context: &Context) {
        let level = if context.global.verbose { LevelFilter::DEBUG } else { LevelFilter::INFO };
        // Only what the program itself says: clients of other crates may log headers.
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(std::io::stderr)
            .with_ansi(false);
        let _ = match self.log {
            Some(LogForm::Json) => subscriber.json().flatten_event(true).try_init(),
            Some(LogForm::Text) => subscriber.try_init(),
            None => Ok(()),
        };
    }
}
