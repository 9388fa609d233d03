//! Connections: how many, how long they may take to ask, and how they end.
//!
//! May use hyper and axum's router. Knows nothing of pages.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Connections at a time; more are closed at once.
const MAX_CONNECTIONS: usize = 256;
/// Bytes of a request's first line and headers.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Headers of a request.
const MAX_HEADERS: usize = 64;
/// How long a client may take to send a request's headers, or to begin the next request.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection lives, whatever its client does.
const LIVES_AT_MOST: Duration = Duration::from_mins(10);
/// Pause after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers connections until `stopped`, then waits for requests in flight, at most `within`.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    stopped: oneshot::Receiver<()>,
    within: Duration,
) {
    let open = Arc::new(GracefulShutdown::new());
    let accepting = tokio::spawn(accept(listener, router, Arc::clone(&open)));
    // An error means that the thread of signals is gone, which ends serving too.
    let _ = stopped.await;
    accepting.abort();
    let _ = accepting.await;
    if let Some(open) = Arc::into_inner(open) {
        let _ = tokio::time::timeout(within, open.shutdown()).await;
    }
}

async fn accept(listener: TcpListener, router: Router, open: Arc<GracefulShutdown>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Ok(place) = Arc::clone(&room).try_acquire_owned() {
                    tokio::spawn(connection(stream, router.clone(), open.watcher(), place));
                }
            }
            // Too many open files, or a client that went away: neither ends serving.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    open: Watcher,
    _place: OwnedSemaphorePermit,
) {
    let _ = stream.set_nodelay(true);
    let served = http().serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A broken request ends its connection; hyper has answered it where it could.
    let _ = tokio::time::timeout(LIVES_AT_MOST, open.watch(served)).await;
}

/// HTTP/1 within the limits above.
pub(super) fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    http
}
