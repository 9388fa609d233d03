//! The site: the edition that is shown, the pages that are kept, and the change from one edition to the
//! next.
//!
//! May use `error`, `store`, `report` and the files of `serve`. Heavy work runs on threads of its
//! own, a bounded number at a time.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::StatusCode;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::Settings;
use super::answer::{Failure, Kept};
use super::edition::{Edition, Stamps};
use super::guard::Hosts;
use super::metrics::{Metrics, Now};
use super::query::Query;
use super::routes::{ROUTES, Route};
use crate::error::Result;
use crate::report::desk::PAGES;
use crate::store;

/// Bytes of pages that are kept.
const KEPT_BYTES: u64 = 64 << 20;
/// How many pages of usual size that is; a guess that sizes the cache's tables.
const KEPT_PAGES: usize = 1024;
/// Pages that are made at a time.
const MAX_AT_WORK: usize = 4;

/// A page is weighed by its bytes.
#[derive(Debug, Clone)]
pub(super) struct Bytes;

impl Weighter<String, Kept> for Bytes {
    fn weight(&self, key: &String, page: &Kept) -> u64 {
        (key.len() + page.bytes.len()) as u64 + 128
    }
}

/// What is shown, and what is kept of it.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) edition: Arc<Edition>,
    pub(super) stamps: Stamps,
}

/// Everything that requests share.
pub(super) struct Site {
    pub(super) settings: Settings,
    pub(super) hosts: Hosts,
    pub(super) metrics: Metrics,
    pub(super) kept: Cache<String, Kept, Bytes>,
    shown: RwLock<Shown>,
    room: Arc<Semaphore>,
}

impl Site {
    /// Reads the archive for the first time.
    ///
    /// # Errors
    /// As [`Edition::read`].
    pub(super) fn open(settings: Settings, address: SocketAddr) -> Result<Self> {
        let stamps = Stamps::look(&settings)?;
        let edition = Arc::new(Edition::read(&settings)?);
        let at_work = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            hosts: Hosts::new(address, &settings.allowed_hosts),
            metrics: Metrics::default(),
            kept: Cache::with_weighter(KEPT_PAGES, KEPT_BYTES, Bytes),
            shown: RwLock::new(Shown { edition, stamps }),
            room: Arc::new(Semaphore::new(at_work.min(MAX_AT_WORK))),
            settings,
        })
    }

    /// What is shown now.
    pub(super) fn shown(&self) -> Shown {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, shown: Shown) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    /// The page that a key stands for: the kept one, or one that is made now, once for all who ask.
    pub(super) async fn page(
        &self,
        key: &str,
        route: &'static Route,
        edition: Arc<Edition>,
        query: Query,
    ) -> Result<Kept, Failure> {
        self.kept.get_or_insert_async(key, self.make(route, edition, query)).await
    }

    async fn make(
        &self,
        route: &'static Route,
        edition: Arc<Edition>,
        query: Query,
    ) -> Result<Kept, Failure> {
        let broken = || {
            let message = "this answer could not be made; the server's log says why";
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, message)
        };
        let place = Arc::clone(&self.room).acquire_owned().await.map_err(|_| broken())?;
        let made = tokio::task::spawn_blocking(move || {
            let made = (route.answer)(&edition, &query);
            drop(place);
            made
        });
        // The join fails on a panic alone, which the thread has told on stderr.
        let made = made.await.map_err(|_| broken())?;
        Ok(Arc::new(made?))
    }

    /// Makes the pages that most readers ask for.
    async fn warm(&self, shown: &Shown) {
        for route in ROUTES {
            for query in usual(route) {
                let key = route.key(shown, &query);
                // A page that cannot be made says so when it is asked for.
                let _ = self.page(&key, route, Arc::clone(&shown.edition), query).await;
            }
        }
    }

    /// What the metrics measure when asked.
    pub(super) fn now(&self) -> Now {
        let edition = self.shown().edition;
        Now {
            age_days: ((self.settings.today)() - edition.known().as_of()).num_days(),
            loaded_seconds: edition.read_at.elapsed().as_secs_f64(),
            resident_bytes: store::resident_bytes(),
            n_kept: self.kept.len(),
            kept_bytes: self.kept.weight(),
        }
    }
}

/// What most readers ask of a route.
fn usual(route: &Route) -> Vec<Query> {
    let plain = || Query::read([], None, &[]);
    let asked: Vec<Result<Query>> = match route.path {
        "/" | "/series" | "/announcements" | "/ledger" | "/api/v1/series" => vec![plain()],
        "/company/{company}" => {
            PAGES.iter().map(|(owner, _)| Query::read([("company", *owner)], None, &[])).collect()
        }
        "/series/{series}" => {
            let names = PAGES.iter().map(|(owner, metric)| format!("{owner}.{metric}"));
            names.map(|name| Query::read([("series", name.as_str())], None, &[])).collect()
        }
        "/scaling" => {
            let texts = PAGES.iter().map(|(owner, _)| format!("company={owner}"));
            let each = texts.map(|text| Query::read([], Some(text.as_str()), route.query));
            each.chain([plain()]).collect()
        }
        _ => Vec::new(),
    };
    asked.into_iter().flatten().collect()
}

/// Warms the first edition, then looks for changes; a new edition is shown once its pages are made.
pub(super) async fn watch(site: Arc<Site>, every: Duration) {
    site.warm(&site.shown()).await;
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failed: Option<Stamps> = None;
    loop {
        ticks.tick().await;
        let look = Arc::clone(&site);
        let looked = tokio::task::spawn_blocking(move || Stamps::look(&look.settings)).await;
        let Ok(Ok(stamps)) = looked else { continue };
        let shown = site.shown();
        if stamps == shown.stamps || failed.as_ref() == Some(&stamps) {
            continue;
        }
        if stamps.archive == shown.stamps.archive {
            site.show(Shown { stamps, ..shown });
            continue;
        }
        let reader = Arc::clone(&site);
        let read = tokio::task::spawn_blocking(move || Edition::read(&reader.settings)).await;
        match read {
            Ok(Ok(edition)) => {
                let shown = Shown { edition: Arc::new(edition), stamps };
                site.warm(&shown).await;
                say(&format!(
                    "the archive changed; known through {}",
                    shown.edition.known().as_of()
                ));
                site.show(shown);
                failed = None;
            }
            Ok(Err(error)) => {
                say(&format!(
                    "the archive changed and cannot be read; the old one is shown: {error}"
                ));
                failed = Some(stamps);
            }
            Err(_) => failed = Some(stamps),
        }
    }
}

/// A word for whoever runs the server.
pub(super) fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}
