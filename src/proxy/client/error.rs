//! The reasons why an upstream sent no response head: code, fact and advice.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use thiserror::Error;

use super::certificate::CertificateFault;

/// The largest head of a response, in bytes.
pub(super) const LARGEST_HEAD: usize = 256 * 1024;
/// The most header fields of a response.
pub(super) const MOST_FIELDS: usize = 256;
/// The timeout of each step of a connection, in seconds.
pub(super) const CONNECT_SECONDS: u64 = 5;

/// The reason why an upstream sent no response head. Nothing in it comes from the request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UpstreamError {
    /// The host has no network address. Contains the resolver's message.
    #[error("the host {host} of `upstream` cannot be resolved: {message}")]
    Name {
        /// The host name.
        host: String,
        /// The resolver's message.
        message: String,
    },
    /// Nothing listens at this address.
    #[error("{address} refuses connections{}", listening(*.listens))]
    Refused {
        /// The refused address.
        address: SocketAddr,
        /// The loopback address of the other IP version, if an app listens there.
        listens: Option<SocketAddr>,
    },
    /// The app's own program does not listen yet, or no longer. Contains what it does.
    #[error("the program of the tool's `command` {0}")]
    NotReady(String),
    /// Another program listens at the port of the app. Nothing was sent to it.
    #[error("at port {port}, the program of the tool's `command` does not listen, but another")]
    Foreign {
        /// The port.
        port: u16,
    },
    /// A step of the connection did not end within 5 seconds.
    #[error("{0} did not end within {CONNECT_SECONDS} seconds")]
    ConnectTimeout(ConnectStep),
    /// The system cannot connect to this address, for another reason.
    #[error("{address} is unreachable: {message}")]
    Unreachable {
        /// The network address.
        address: SocketAddr,
        /// The system's message.
        message: String,
    },
    /// The upstream's certificate is not acceptable.
    #[error("the upstream's certificate ({certificate}) {fault}")]
    Certificate {
        /// The name in the certificate's subject, or the host.
        certificate: String,
        /// The host in the tool's `upstream`.
        host: String,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// The TLS handshake failed for another reason. Contains the library's message.
    #[error("the TLS handshake failed: {0}")]
    Handshake(String),
    /// The URL begins with `http://`, and the upstream responds with TLS.
    #[error("`upstream` begins with http://, but the upstream speaks TLS (https)")]
    SpeaksTls,
    /// The URL begins with `https://`, and the upstream responds to the handshake with HTTP.
    #[error("`upstream` begins with https://, but the upstream speaks http without TLS")]
    SpeaksHttp,
    /// The response head is larger than 256 KiB, or has more than 256 fields.
    #[error("the response head has more than {} KiB or {MOST_FIELDS} fields", LARGEST_HEAD / 1024)]
    HeadTooLarge,
    /// The response is not HTTP/1.1. Contains the parser's message.
    #[error("the response is not valid HTTP/1.1: {0}")]
    Protocol(String),
    /// The upstream switched to another protocol, which the browser did not request.
    #[error("the response switches to another protocol, which was not requested")]
    Switched,
    /// The connection closed or broke. Contains the library's message.
    #[error("the upstream closed the connection: {0}")]
    Gone(String),
}

/// A step of a connection, for which the client waits 5 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectStep {
    /// The lookup of the host's network addresses.
    Lookup,
    /// The TCP handshake.
    Tcp,
    /// The TLS handshake.
    Tls,
}

impl fmt::Display for ConnectStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Lookup => "the lookup of the upstream's host name",
            Self::Tcp => "the connection to the upstream",
            Self::Tls => "the TLS handshake with the upstream",
        })
    }
}

/// The end of a fact: where an app listens instead.
fn listening(listens: Option<SocketAddr>) -> String {
    listens.map(|address| format!(", but an app listens at {address}")).unwrap_or_default()
}

impl UpstreamError {
    /// All codes, in the order of the docs.
    pub const CODES: &'static [&'static str] = &[
        "upstream-name",
        "upstream-refused",
        "upstream-foreign",
        "upstream-timeout",
        "upstream-unreachable",
        "upstream-tls",
        "upstream-scheme",
        "upstream-head-too-large",
        "upstream-protocol",
        "upstream-gone",
    ];

    /// The stable code for logs; a heading of `docs/rejections.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name { .. } => "upstream-name",
            Self::Refused { .. } | Self::NotReady(_) => "upstream-refused",
            Self::Foreign { .. } => "upstream-foreign",
            Self::ConnectTimeout(_) => "upstream-timeout",
            Self::Unreachable { .. } => "upstream-unreachable",
            Self::Certificate { .. } | Self::Handshake(_) => "upstream-tls",
            Self::SpeaksTls | Self::SpeaksHttp => "upstream-scheme",
            Self::HeadTooLarge => "upstream-head-too-large",
            Self::Protocol(_) | Self::Switched => "upstream-protocol",
            Self::Gone(_) => "upstream-gone",
        }
    }

    /// The fix, for the admin who reads the log.
    pub fn advice(&self) -> Cow<'static, str> {
        match self {
            Self::Name { .. } => {
                "correct the host of the tool's `upstream`, or add it to the DNS; \
                 containers see only names of their own network"
                    .into()
            }
            Self::Refused { listens: Some(listens), address } => format!(
                "write {} for the host of the tool's `upstream`, or let the app listen on {}",
                host(*listens),
                address.ip()
            )
            .into(),
            Self::Refused { listens: None, .. } => {
                "start the app, or correct host and port of the tool's `upstream`".into()
            }
            Self::NotReady(_) => {
                "read the lines of this tool with `app` in the log: they say how its program \
                 ended, and what it printed"
                    .into()
            }
            Self::Foreign { port } => format!(
                "find the other program with `ss -ltnp sport = :{port}`; if it is the app's own, \
                 let it stay in the app's group of processes (no setsid, no daemon)"
            )
            .into(),
            Self::ConnectTimeout(ConnectStep::Lookup) => {
                "check the DNS servers of the gateway's host".into()
            }
            Self::ConnectTimeout(_) => {
                "check that the app still accepts connections, and that no firewall drops them; \
                 a TLS handshake waits if `upstream` begins with https:// and the app has no TLS"
                    .into()
            }
            Self::Unreachable { .. } => {
                "check the network between the gateway and the tool's `upstream`, and the limit of \
                 open files"
                    .into()
            }
            Self::Certificate { host, fault, .. } => fault.advice(host),
            Self::Handshake(_) => {
                "check the TLS settings of the app: the gateway supports TLS 1.2 \
                 and 1.3"
                    .into()
            }
            Self::SpeaksTls => "write https:// in the tool's `upstream`".into(),
            Self::SpeaksHttp => {
                "write http:// in the tool's `upstream`, or set up TLS in the app".into()
            }
            Self::HeadTooLarge => "let the app set fewer or smaller headers and cookies".into(),
            Self::Protocol(_) => {
                "check that the port of the tool's `upstream` is the app's HTTP port, and that the \
                 app speaks HTTP/1.1"
                    .into()
            }
            Self::Switched => "let the app answer only a request for a WebSocket with 101".into(),
            Self::Gone(_) => {
                "read the app's own log: it crashed, or closed the connection; if it happens now \
                 and then, raise the app's keep-alive timeout above 60 seconds"
                    .into()
            }
        }
    }
}

/// A network address as the host of a URL.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_loopback_address_names_the_one_that_listens() {
        let check = |address: &str, listens: &str, fact: &str, advice: &str| {
            let error = UpstreamError::Refused {
                address: address.parse().expect("an address"),
                listens: listens.parse().ok(),
            };
            assert_eq!(error.to_string(), fact);
            assert_eq!(error.advice(), advice);
        };
        check(
            "127.0.0.1:9000",
            "[::1]:9000",
            "127.0.0.1:9000 refuses connections, but an app listens at [::1]:9000",
            "write [::1] for the host of the tool's `upstream`, or let the app listen on 127.0.0.1",
        );
        check(
            "[::1]:9000",
            "127.0.0.1:9000",
            "[::1]:9000 refuses connections, but an app listens at 127.0.0.1:9000",
            "write 127.0.0.1 for the host of the tool's `upstream`, or let the app listen on ::1",
        );
        check(
            "127.0.0.1:9000",
            "",
            "127.0.0.1:9000 refuses connections",
            "start the app, or correct host and port of the tool's `upstream`",
        );
    }

    #[test]
    fn a_fact_states_its_limit() {
        assert_eq!(
            UpstreamError::HeadTooLarge.to_string(),
            "the response head has more than 256 KiB or 256 fields"
        );
        assert_eq!(
            UpstreamError::ConnectTimeout(ConnectStep::Tls).to_string(),
            "the TLS handshake with the upstream did not end within 5 seconds"
        );
    }
}
