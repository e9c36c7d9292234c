//! A WebSocket: bytes both ways, for as long as its session lasts.

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

/// How long the other end has for its last words when one has closed: a WebSocket closes both ways at once.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Both ends, and what ends them.
pub(super) struct Tunnel {
    pub(super) upstream: TokioIo<Upgraded>,
    /// Tells when the session has other roles.
    pub(super) watch: RoleWatch,
    /// For how long the session lasts.
    pub(super) rest: Duration,
    pub(super) shutdown: Shutdown,
}

#[rocket::async_trait]
impl IoHandler for Tunnel {
    async fn io(self: Pin<Box<Self>>, mut browser: IoStream) -> io::Result<()> {
        let Self { mut upstream, mut watch, rest, mut shutdown } = *Pin::into_inner(self);
        rocket::tokio::select! {
            () = carry(&mut browser, &mut upstream) => {}
            () = watch.changed() => {}
            () = sleep(rest) => {}
            () = &mut shutdown => {}
        }
        Ok(())
    }
}

/// Carries bytes both ways, until one end has closed and the other had time to. How an end left, the other one notices: there
/// is nobody to tell of an error.
async fn carry<A, B>(one: &mut A, other: &mut B)
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
            let _ = timeout(LAST_WORDS, back).await;
        }
        () = &mut back => {
            let _ = timeout(LAST_WORDS, forth).await;
        }
    }
}
