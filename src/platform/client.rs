use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect, retry};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use super::certificate::PlatformVerifier;

/// The timeout of establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that follows no redirect, does not retry, and ignores the proxy variables of the
/// environment. `with_tls` loads the system's certificates, or those of `SSL_CERT_FILE`, to verify
/// `https` servers.
///
/// # Errors
/// The system's message if it has no certificates.
pub fn client(with_tls: bool) -> Result<ClientBuilder, String> {
    let provider = Arc::new(ring::default_provider());
    let tls = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let tls = if with_tls {
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(native_roots()?), provider)
                .build()
                .map_err(|error| error.to_string())?;
        tls.dangerous().with_custom_certificate_verifier(Arc::new(PlatformVerifier(verifier)))
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

/// The system's root certificates, or those of `SSL_CERT_FILE`.
fn native_roots() -> Result<RootCertStore, String> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(loaded.certs);
    match &*loaded.errors {
        _ if !roots.is_empty() => Ok(roots),
        [] => Err("no native root CA certificates found".to_owned()),
        errors => Err(format!("no native root CA certificates found (errors: {errors:?})")),
    }
}
