use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::ConfigBuilderExt as _;
use reqwest::{Client, ClientBuilder, redirect, retry};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// The timeout of establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that follows no redirect, does not retry, and ignores the proxy variables of the
/// environment. `with_tls` loads the system's certificates, or those of `SSL_CERT_FILE`, to verify
/// `https` servers.
///
/// # Errors
/// The system's message if it has no certificates.
pub fn client(with_tls: bool) -> Result<ClientBuilder, String> {
    let message = |error: &dyn std::error::Error| error.to_string();
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| message(&error))?;
    let tls = if with_tls {
        tls.with_native_roots().map_err(|error| message(&error))?
    } else {
        tls.with_root_certificates(RootCertStore::empty())
    };
    Ok(Client::builder()
        .tls_backend_preconfigured(tls.with_no_client_auth())
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("lti-gateway/", env!("CARGO_PKG_VERSION"))))
}
