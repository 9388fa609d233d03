//! `chipcast serve`: a read-only web page and JSON API of what the archive knows.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{Context, Outcome, output};
use crate::error::Result;
use crate::serve::{Opened, Settings, serve};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address to listen on; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// A further name under which browsers may ask for the page; may be given again
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Folder of runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
}

pub(super) fn run(context: &Context, arguments: &Arguments) -> Result<Outcome> {
    let opener = Context { global: context.global.clone(), is_for_job: context.is_for_job };
    let open = move || {
        let archive = opener.archive()?;
        let day = opener.global.as_of.unwrap_or_else(|| archive.known_through());
        let known = archive.as_of(day)?;
        let run_id = opener.run_id(&known);
        Ok(Opened { archive, known, run_id })
    };
    let settings = Settings {
        bind: arguments.bind,
        allowed_hosts: arguments.allow_host.clone(),
        data: context.global.data.clone(),
        runs: arguments.runs.clone(),
        seed: context.global.seed,
        open: Box::new(open),
        today: Context::today,
    };
    if !arguments.bind.ip().is_loopback() {
        context
            .say("caution: this address can be reached from other machines; there is no password");
    }
    serve(settings, |address| {
        // Whoever started it may have gone away with its stdout; serving goes on.
        let _ = output::print(&format!("http://{address}/"));
        context.say("serving; Ctrl-C stops it");
    })?;
    Ok(Outcome::Done)
}
