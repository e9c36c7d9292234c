//! The page for a request head that hyper refuses, or that does not arrive in time.

use std::fmt::Write as _;
use std::time::Duration;

use http_body_util::BodyExt as _;
use rocket::http::Status;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::bridge::Bridge;
use crate::config::Institution;
use crate::web::{Refusal, own_response};

/// The timeout for writing the page.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the rest of the head is read. A client that is still sending would otherwise see a
/// reset in place of the page.
const LINGER: Duration = Duration::from_secs(2);
/// The most bytes of the rest.
const MOST_READ: u64 = 1024 * 1024;

/// The refusal for the status with which hyper answers a malformed head.
pub(super) fn refusal(status: u16) -> Refusal {
    match status {
        414 => Refusal::TargetTooLong,
        431 => Refusal::HeadersTooLarge,
        _ => Refusal::Malformed(Status::BadRequest),
    }
}

/// Sends the page of a refusal, and ends the connection.
pub(super) async fn respond(bridge: &Bridge, stream: &mut TcpStream, refusal: &Refusal) {
    let response = match bridge.gateway() {
        // The method and the path are unknown.
        Some(gateway) => {
            refusal.respond_and_log(gateway.log_budget(), gateway.institution(), "-", "-")
        }
        None => refusal.respond(&Institution::default()),
    };
    let response = own_response(response).await;
    let (head, body) = response.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else { return };
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status);
    for (name, value) in &head.headers {
        let _ = write!(bytes, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let _ = write!(bytes, "connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(&body);
    let written = timeout(WRITE_TIMEOUT, async {
        stream.write_all(&bytes).await?;
        stream.shutdown().await
    });
    if matches!(written.await, Ok(Ok(()))) {
        let mut rest = stream.take(MOST_READ);
        let _ = timeout(LINGER, copy(&mut rest, &mut sink())).await;
    }
}
