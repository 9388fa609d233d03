//! The local web page and JSON API: read-only, over loopback unless another address is asked for.
//!
//! May use all but `cli`. Listens, and never writes a file, runs a forecast of its own kind or opens a
//! connection. Every page is made from an `Edition`, one state of the archive; the clock, the archive and
//! the address come in with the [`Settings`].

mod answer;
mod api;
mod connections;
mod edition;
mod guard;
mod local;
mod metrics;
mod openapi;
mod pages;
mod query;
mod routes;
mod site;
mod sliders;
mod system;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::archive::{Archive, Snapshot};
use crate::error::{Error, Result};

pub use local::Local;
pub use routes::paths;

/// How often at most the archive is looked at for a change.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long requests in flight may take after a stop was asked.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// What is served, and to whom.
pub struct Settings {
    /// The address to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Names beside loopback and the bound address under which the page may be asked for.
    pub allowed_hosts: Vec<String>,
    /// The folder of the archive and the ledger.
    pub data: PathBuf,
    /// The folder of runs.
    pub runs: PathBuf,
    /// Seed of the sample paths.
    pub seed: u64,
    /// Reads the archive, what is known of it on the day that is shown, and the run's name.
    pub open: Box<dyn Fn() -> Result<Opened> + Send + Sync>,
    /// The day: the only clock.
    pub today: fn() -> NaiveDate,
}

/// An archive as it was found.
pub struct Opened {
    /// All that is held.
    pub archive: Archive,
    /// What was known on the day that is shown.
    pub known: Snapshot,
    /// The name of what is computed from it.
    pub run_id: String,
}

/// Serves until SIGINT or SIGTERM, then lets requests in flight finish.
///
/// - `listening`: told the address once it is bound.
///
/// # Errors
/// [`Error::Invalid`] if the address cannot be bound; what `settings.open` says of the archive.
pub fn serve(settings: Settings, listening: impl FnOnce(SocketAddr)) -> Result<()> {
    let broken = |what: &str, e: std::io::Error| Error::store(what.to_owned()).caused_by(e);
    // Signals are caught before the address is told, so that none is missed.
    let mut signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|e| broken("signals cannot be caught", e))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| broken("threads cannot be started", e))?;
    let (stop, stopped) = oneshot::channel();
    std::thread::spawn(move || {
        signals.forever().next();
        // Nobody waits any more if serving failed.
        let _ = stop.send(());
    });
    runtime.block_on(async {
        let bind = settings.bind;
        let listener = TcpListener::bind(bind).await.map_err(|e| {
            Error::invalid(format!("`{bind}` cannot be listened on"))
                .hint("another program may hold the port; `--bind 127.0.0.1:0` takes a free one")
                .caused_by(e)
        })?;
        let address = listener.local_addr().map_err(|e| broken("no address was given", e))?;
        let site = Arc::new(site::Site::open(settings, address)?);
        listening(address);
        let watch = tokio::spawn(site::watch(Arc::clone(&site), LOOK_EVERY));
        connections::serve(listener, routes::router(&site), stopped, STOP_WITHIN).await;
        watch.abort();
        Ok::<_, Error>(())
    })?;
    // What is still made in the background has nobody who waits for it.
    runtime.shutdown_background();
    Ok(())
}
