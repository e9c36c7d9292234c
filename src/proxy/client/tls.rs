//! TLS to upstreams.

use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, InvalidMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{BadCertificate, Verifier};
use super::connect::CONNECT_TIMEOUT;
use super::error::{ConnectStep, UpstreamError};
use super::meter::Metered;

/// The TLS side of the client.
pub(super) struct Tls {
    connector: TlsConnector,
}

impl Tls {
    /// Loads the system's root certificates, or those of `SSL_CERT_FILE`.
    pub(super) fn new() -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::with_native_roots(&provider)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Opens TLS on a connection to this host.
    pub(super) async fn connect(
        &self,
        host: &str,
        tcp: TcpStream,
    ) -> Result<TlsStream<Metered<TcpStream>>, UpstreamError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| UpstreamError::Handshake(error.to_string()))?;
        let handshake = self.connector.connect(name, Metered::new(tcp)).into_fallible();
        timeout(CONNECT_TIMEOUT, handshake)
            .await
            .map_err(|_| UpstreamError::ConnectTimeout(ConnectStep::Tls))?
            .map_err(|(error, transport)| failure(host, &error, transport.meter().opening()))
    }
}

/// The cause of a failed handshake. `opening` contains the first bytes that arrived.
fn failure(host: &str, error: &io::Error, opening: [u8; 4]) -> UpstreamError {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType))
            if is_http(opening) =>
        {
            UpstreamError::SpeaksHttp
        }
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
            match other.0.downcast_ref::<BadCertificate>() {
                Some(BadCertificate { subject, fault }) => UpstreamError::Certificate {
                    certificate: subject.clone().unwrap_or_else(|| host.to_owned()),
                    host: host.to_owned(),
                    fault: fault.clone(),
                },
                None => UpstreamError::Handshake(error.to_string()),
            }
        }
        _ => UpstreamError::Handshake(error.to_string()),
    }
}

/// Whether a response begins like HTTP: with a status line, or, from servers that read HTTP/0.9 in
/// a TLS handshake, with an HTML page.
fn is_http(opening: [u8; 4]) -> bool {
    opening == *b"HTTP" || opening.starts_with(b"<")
}
