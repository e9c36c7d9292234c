//! A WebSocket: bytes in both directions, until the session ends.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, split};
use tokio::time::timeout;

/// The timeout for the second direction after the first has closed: both directions of a WebSocket
/// close together.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the gateway ends a WebSocket.
pub(super) enum TunnelEnd {
    /// The gateway stops.
    Shutdown,
    /// The session expired, or a launch changed its roles.
    SessionEnded,
}

/// Connects the two sides until both have closed, or until `end`.
pub(super) async fn tunnel<B, U>(
    mut browser: B,
    mut upstream: U,
    end: impl Future<Output = TunnelEnd>,
) where
    B: AsyncRead + AsyncWrite + Unpin,
    U: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        () = copy_both(&mut browser, &mut upstream) => {}
        _ = end => {}
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
    tokio::select! {
        () = &mut forth => {
            let _ = timeout(CLOSE_TIMEOUT, back).await;
        }
        () = &mut back => {
            let _ = timeout(CLOSE_TIMEOUT, forth).await;
        }
    }
}
