//! Whether upstreams accept connections, for a page of development.
//!
//! It only opens TCP connections and closes them. It sends no byte.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use rocket::futures::stream::{self, StreamExt as _};
use tokio::time::sleep;

use super::connect::connect;
use super::error::UpstreamError;
use crate::url::Origin;

/// The time for all attempts together. A page waits for them.
const LIMIT: Duration = Duration::from_millis(300);
/// The most attempts at once.
const MOST_AT_ONCE: usize = 32;

/// The result of a short attempt to connect to an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It accepted the connection.
    Answers,
    /// It did neither accept nor refuse the connection in time.
    Silent,
    /// No connection is possible.
    Failed(UpstreamError),
}

/// A host without brackets, and a port.
type HostAndPort = (String, u16);

impl Presence {
    /// Tries to connect to these origins, for at most 300 milliseconds together. Returns a result
    /// for each, in the same order. Equal origins share an attempt.
    pub async fn of_each(origins: &[&Origin]) -> Vec<Self> {
        let mut found: HashMap<HostAndPort, Self> =
            origins.iter().map(|origin| (host_and_port(origin), Self::Silent)).collect();
        let attempts: Vec<_> = found.keys().cloned().map(attempt).collect();
        let results =
            stream::iter(attempts).buffer_unordered(MOST_AT_ONCE).take_until(sleep(LIMIT));
        let mut results = pin!(results);
        while let Some((peer, presence)) = results.next().await {
            found.insert(peer, presence);
        }
        let of = |origin: &&Origin| found.get(&host_and_port(origin)).cloned();
        origins.iter().map(|origin| of(origin).unwrap_or(Self::Silent)).collect()
    }
}

async fn attempt((host, port): HostAndPort) -> (HostAndPort, Presence) {
    let presence = match connect(&host, port).await {
        Ok(_) => Presence::Answers,
        Err(error) => Presence::Failed(error),
    };
    ((host, port), presence)
}

fn host_and_port(origin: &Origin) -> HostAndPort {
    let host = origin.host().trim_matches(['[', ']']).to_owned();
    // The configuration has only valid ports.
    (host, origin.port_or_default().parse().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::*;
    use crate::url::Scheme;

    fn origin(authority: &str) -> Origin {
        Origin { scheme: Scheme::Http, authority: authority.to_owned() }
    }

    /// A listener whose backlog is full, with the connections in it.
    fn full_listener() -> ((tokio::net::TcpListener, Vec<TcpStream>), SocketAddr) {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
        let waiting: Vec<TcpStream> = std::iter::from_fn(connect).take(64).collect();
        assert!(waiting.len() < 64, "the backlog is full");
        ((listener, waiting), address)
    }

    #[tokio::test]
    async fn each_origin_answers_fails_or_is_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let closed = free.local_addr().expect("an address");
        drop(free);
        // A full backlog: Linux drops further handshakes, so a connection neither succeeds nor
        // fails.
        let (_full, full) = full_listener();
        let origins = [
            origin(&format!("127.0.0.1:{port}")),
            origin(&closed.to_string()),
            origin(&full.to_string()),
            origin(&format!("localhost:{port}")),
            origin(&format!("127.0.0.1:{port}")),
        ];
        let found = Presence::of_each(&origins.each_ref()).await;
        let refused = UpstreamError::Refused { address: closed, listens: None };
        assert_eq!(
            found,
            [
                Presence::Answers,
                Presence::Failed(refused),
                Presence::Silent,
                Presence::Answers,
                Presence::Answers
            ]
        );
        // Equal origins share an attempt, and no attempt sends a byte.
        listener.set_nonblocking(true).expect("nonblocking");
        let mut connections = 0;
        while let Ok((mut stream, _)) = listener.accept() {
            connections += 1;
            stream.set_nonblocking(false).expect("blocking");
            let mut sent = Vec::new();
            std::io::Read::read_to_end(&mut stream, &mut sent).expect("the end");
            assert_eq!(sent, b"");
        }
        assert_eq!(connections, 2);
    }
}
