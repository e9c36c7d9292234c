//! Why a platform's certificate is refused.
//!
//! webpki decides. The most common reason is a server that does not send its intermediate
//! certificate: browsers know many of them, other clients none. The [`PlatformVerifier`] names it.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, SignatureScheme};
use thiserror::Error;
use webpki::EndEntityCert;

use crate::cause::causes;
use crate::common_name::common_name;

/// The most intermediate certificates that the search for the missing one considers.
const MOST_INTERMEDIATES: usize = 8;

/// A certificate whose issuer is not trusted, inside the error of the TLS library.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the certificate has an issuer that is not trusted")]
pub(super) enum UntrustedIssuer {
    /// It signed itself.
    SelfSigned,
    /// The server sent no certificate of the issuer with this common name, and no root has it.
    Missing(Option<String>),
}

impl UntrustedIssuer {
    /// The fault and the fix, for the server with this host and port.
    pub(super) fn message(&self, authority: &str) -> String {
        let show = format!("`openssl s_client -connect {authority} -showcerts` shows");
        match self {
            Self::SelfSigned => format!(
                "the certificate of its server is self-signed and not trusted: {show} it; save it \
                 as a PEM file, and name the file with SSL_CERT_FILE"
            ),
            Self::Missing(name) => {
                let name = name.as_ref().map_or_else(String::new, |name| format!(" \"{name}\""));
                format!(
                    "its server does not send the intermediate certificate{name}, or that CA is \
                     not trusted (UnknownIssuer): {show} what it sends; let it send the whole \
                     chain, or name a PEM file with the CA's certificate with SSL_CERT_FILE"
                )
            }
        }
    }
}

/// The untrusted issuer in the error of an HTTP library.
pub(super) fn untrusted_issuer(
    error: &(dyn std::error::Error + 'static),
) -> Option<UntrustedIssuer> {
    causes(error).find_map(|cause| {
        let mut error = cause;
        // An `io::Error` hides the error that it contains from its causes.
        while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            error = inner;
        }
        match error.downcast_ref() {
            Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
                other.0.downcast_ref().cloned()
            }
            _ => None,
        }
    })
}

/// webpki's verifier. Its error for an unknown issuer names the issuer.
#[derive(Debug)]
pub(super) struct PlatformVerifier(pub(super) Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for PlatformVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.0.verify_server_cert(certificate, intermediates, name, ocsp, now).map_err(|error| {
            match error {
                rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                    let untrusted = missing_issuer(certificate, intermediates);
                    CertificateError::Other(OtherError(Arc::new(untrusted))).into()
                }
                error => error,
            }
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// The issuer that ends the chain which the server sent.
fn missing_issuer(
    certificate: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
) -> UntrustedIssuer {
    let names = |certificate: &CertificateDer<'_>| {
        let parsed = EndEntityCert::try_from(certificate).ok()?;
        Some((parsed.subject().to_vec(), parsed.issuer().to_vec()))
    };
    let Some((subject, mut issuer)) = names(certificate) else {
        return UntrustedIssuer::Missing(None);
    };
    if subject == issuer {
        return UntrustedIssuer::SelfSigned;
    }
    let sent: Vec<_> = intermediates.iter().take(MOST_INTERMEDIATES).filter_map(names).collect();
    let mut seen = HashSet::from([subject]);
    while let Some((subject, next)) = sent.iter().find(|(subject, _)| *subject == issuer) {
        if !seen.insert(subject.clone()) {
            break;
        }
        issuer = next.clone();
    }
    UntrustedIssuer::Missing(common_name(&issuer))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    fn certificate(name: &str) -> CertificateDer<'static> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
        CertificateDer::from_pem_file(directory.join(name).with_extension("pem"))
            .expect("a certificate")
    }

    #[test]
    fn the_missing_certificate_is_the_issuer_of_the_last_one_that_was_sent() {
        let check = |sent: &[&str], expected: UntrustedIssuer| {
            let (first, rest) = sent.split_first().expect("a certificate");
            let rest: Vec<_> = rest.iter().copied().map(certificate).collect();
            assert_eq!(missing_issuer(&certificate(first), &rest), expected, "{sent:?}");
        };
        let missing = |name: &str| UntrustedIssuer::Missing(Some(name.to_owned()));
        check(&["ca-marked"], UntrustedIssuer::SelfSigned);
        check(&["signed"], missing("Example authority"));
        check(&["sub-authority", "signed", "ca-marked"], missing("Example authority"));
        // A root is sent too: it ends the chain, and is not trusted.
        check(&["signed", "authority"], missing("Example authority"));
    }
}
