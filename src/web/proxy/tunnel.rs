//! A WebSocket: bytes in both directions, until the session ends.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rocket::Shutdown;
use rocket::data::{IoHandler, IoStream};
use rocket::tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, split};
use rocket::tokio::time::{sleep, timeout};

use crate::session::RoleWatch;

/// The timeout for the second direction after the first has closed: both directions of a WebSocket
/// close together.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// The upstream's side of a WebSocket, and the events that close it.
pub(super) struct Tunnel {
    pub(super) upstream: TokioIo<Upgraded>,
    /// Reports that a launch changed the session's roles.
    pub(super) watch: RoleWatch,
    /// The remaining lifetime of the session.
    pub(super) lifetime: Duration,
    pub(super) shutdown: Shutdown,
}

#[rocket::async_trait]
impl IoHandler for Tunnel {
    async fn io(self: Pin<Box<Self>>, mut browser: IoStream) -> io::Result<()> {
        let Self { mut upstream, mut watch, lifetime, mut shutdown } = *Pin::into_inner(self);
        rocket::tokio::select! {
            () = copy_both(&mut browser, &mut upstream) => {}
            () = watch.changed() => {}
            () = sleep(lifetime) => {}
            () = &mut shutdown => {}
        }
        Ok(())
    }
}

/// Copies bytes in both directions until both are closed, or until [`CLOSE_TIMEOUT`] after the
/// first. Errors are not reported: each side notices that the other has left.
async fn copy_both<A, B>(one: &mut A, other: &mut B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (mut from_one, mut to_one) = split(one);
    let (mut from_other, mut to_other) = split(other);
    let forth = async {
        let _ = copy(&mut from_one, &mut to_other).await;
        let _ = to_other.shutdown().await;
    };
    let back = async {
        let _ = copy(&mut from_other, &mut to_one).await;
        let _ = to_one.shutdown().await;
    };
    let (mut forth, mut back) = (std::pin::pin!(forth), std::pin::pin!(back));
    rocket::tokio::select! {
        () = &mut forth => {
            let _ = timeout(CLOSE_TIMEOUT, back).await;
        }
        () = &mut back => {
            let _ = timeout(CLOSE_TIMEOUT, forth).await;
        }
    }
}
