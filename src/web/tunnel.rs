//! A WebSocket: bytes both ways, for as long as its session lasts.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rocket::Shutdown;
use rocket::data::{IoHandler, IoStream};
use rocket::tokio::io::copy_bidirectional;
use rocket::tokio::time::sleep;

use crate::session::Watch;

/// Both ends, and what ends them.
pub(super) struct Tunnel {
    pub(super) upstream: TokioIo<Upgraded>,
    /// Tells when the session has other roles.
    pub(super) watch: Watch,
    /// For how long the session lasts.
    pub(super) rest: Duration,
    pub(super) shutdown: Shutdown,
}

#[rocket::async_trait]
impl IoHandler for Tunnel {
    async fn io(self: Pin<Box<Self>>, mut browser: IoStream) -> io::Result<()> {
        let Self { mut upstream, mut watch, rest, mut shutdown } = *Pin::into_inner(self);
        rocket::tokio::select! {
            // How an end left, the other one notices: there is nobody to tell of an error.
            _ = copy_bidirectional(&mut browser, &mut upstream) => {}
            () = watch.changed() => {}
            () = sleep(rest) => {}
            () = &mut shutdown => {}
        }
        Ok(())
    }
}
