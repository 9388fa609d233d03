//! The page asked in process: the bytes of one connection, and the bytes that it is answered with.
//!
//! May use hyper and axum's router. Opens no socket: for programs that embed the page, and for the fuzzer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::service::TowerToHyperService;
use tokio::runtime::Runtime;

use super::{Settings, connections, routes, site::Site};
use crate::error::{Error, Result};

/// A page that listens nowhere.
pub struct Local {
    router: Router,
    runtime: Runtime,
}

impl Local {
    /// Reads the archive once; a change of it is not looked for.
    ///
    /// # Errors
    /// What `settings.open` says of the archive; [`Error::Store`] if no thread can be started.
    pub fn open(settings: Settings) -> Result<Self> {
        let address: SocketAddr = settings.bind;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::store("threads cannot be started").caused_by(e))?;
        let site = runtime.block_on(async { Site::open(settings, address).map(Arc::new) })?;
        Ok(Self { router: routes::router(&site), runtime })
    }

    /// What a connection that sends these bytes, and then no more, is answered with.
    pub fn ask(&self, bytes: &[u8]) -> Vec<u8> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let wire = Wire { asked: bytes.to_vec(), n_read: 0, told: Arc::clone(&told) };
        let service = TowerToHyperService::new(self.router.clone());
        let served = async {
            // The end of what is asked is no wish to go without an answer.
            let served = connections::http().half_close(true).serve_connection(wire, service).await;
            // A broken request ends its connection; hyper has answered it where it could.
            drop(served);
        };
        self.runtime.block_on(served);
        std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Both directions of a connection, in memory.
struct Wire {
    asked: Vec<u8>,
    n_read: usize,
    told: Arc<Mutex<Vec<u8>>>,
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.asked[self.n_read..];
        let n = rest.len().min(into.remaining());
        into.put_slice(&rest[..n]);
        self.n_read += n;
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
