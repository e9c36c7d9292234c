//! Finds out whether an upstream that closes connections in silence expects TLS.
//!
//! Most servers with TLS close a connection on which a request arrives in clear text, without a
//! word. Only a TLS handshake proves it.

use std::time::Duration;

use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::time::timeout;

use super::connect::connect;
use super::peer::Peer;

/// The timeout of a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// A ClientHello without extensions (RFC 5246 §7.4.1.2). A server with TLS answers with its own
/// hello or with an alert; both are TLS records.
const CLIENT_HELLO: [u8; 58] = [
    // A handshake record of 53 bytes, with a ClientHello of 49 bytes for TLS 1.2.
    22, 3, 1, 0, 53, 1, 0, 0, 49, 3, 3, //
    // The random bytes need not be random: the handshake never completes.
    b'l', b't', b'i', b'-', b'g', b'a', b't', b'e', b'w', b'a', b'y', b' ', b'l', b'o', b'o', b'k',
    b's', b' ', b'f', b'o', b'r', b' ', b'a', b' ', b's', b'e', b'r', b'v', b'e', b'r', b'.', b'.',
    // No session; five cipher suites with AES; no compression.
    0, 0, 10, 0x13, 0x01, 0xc0, 0x2b, 0xc0, 0x2f, 0x00, 0x9c, 0x00, 0x2f, 1, 0,
];

/// Whether this peer answers a TLS handshake with TLS.
pub(super) async fn speaks_tls(peer: &Peer) -> bool {
    let opening = async {
        let mut stream = connect(peer.host(), peer.port()).await.ok()?;
        stream.write_all(&CLIENT_HELLO).await.ok()?;
        let mut opening = [0; 4];
        stream.read_exact(&mut opening).await.ok()?;
        Some(opening)
    };
    matches!(timeout(PROBE_TIMEOUT, opening).await, Ok(Some(opening)) if is_tls_record(opening))
}

/// Whether a response begins like a TLS record: an alert or a handshake, version 3 (RFC 8446 §5.1).
pub(super) fn is_tls_record(opening: [u8; 4]) -> bool {
    matches!(opening, [0x15 | 0x16, 3, ..])
}

#[cfg(test)]
mod tests {
    use super::CLIENT_HELLO;

    #[test]
    fn the_lengths_of_the_hello_are_right() {
        assert_eq!(usize::from(CLIENT_HELLO[4]), CLIENT_HELLO.len() - 5);
        assert_eq!(usize::from(CLIENT_HELLO[8]), CLIENT_HELLO.len() - 9);
    }
}
