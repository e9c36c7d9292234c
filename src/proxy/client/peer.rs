//! The other end of a connection: scheme, host and port.

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};

/// The other end of a connection. Requests to the same peer share connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Peer {
    pub(super) is_tls: bool,
    authority: Authority,
}

impl Peer {
    /// The peer of an absolute URL.
    pub(super) fn of(url: &Uri) -> Option<Self> {
        let is_tls = url.scheme() == Some(&Scheme::HTTPS);
        url.authority().map(|authority| Self { is_tls, authority: authority.clone() })
    }

    /// The host name, or the IP address without brackets.
    pub(super) fn host(&self) -> &str {
        let host = self.authority.host();
        host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
    }

    /// The port, or the default port of the scheme.
    pub(super) fn port(&self) -> u16 {
        self.authority.port_u16().unwrap_or(if self.is_tls { 443 } else { 80 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_a_host_and_a_port() {
        let check = |url: &str, expected: (bool, &str, u16)| {
            let peer = Peer::of(&url.parse().expect("a URL")).expect("a peer");
            assert_eq!((peer.is_tls, peer.host(), peer.port()), expected, "{url}");
        };
        check("http://app.example/a", (false, "app.example", 80));
        check("https://app.example", (true, "app.example", 443));
        check("http://127.0.0.1:9000/", (false, "127.0.0.1", 9000));
        check("https://[::1]:9000/", (true, "::1", 9000));
        assert_eq!(Peer::of(&Uri::from_static("/a")), None);
    }
}
