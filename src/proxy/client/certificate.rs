//! The verification of an upstream's certificate.
//!
//! webpki decides. It refuses a certificate that is marked as a CA as a server's own certificate,
//! even if it is a root. `openssl req -x509` marks its certificates as CAs, so an admin who trusts
//! such a certificate of an app would have no way to use it. The [`Verifier`] accepts it: the
//! server's certificate is then byte-identical to a root, valid now, and has the host's name.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use webpki::EndEntityCert;

use crate::common_name::common_name;

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// It signed itself, and it is no root.
    SelfSigned,
    /// No root signed its issuer.
    UnknownIssuer,
    /// Its validity has ended.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// It is for these DNS names, and not for the host.
    WrongName(Vec<String>),
    /// It is a CA, another certificate than the roots, and no server's certificate.
    Ca,
    /// Another fault. Contains the library's message.
    Other(String),
}

/// A certificate that was refused, inside the error of the TLS library.
#[derive(Debug, Error)]
#[error("a certificate that was refused")]
pub(super) struct BadCertificate {
    /// The common name of its subject.
    pub(super) subject: Option<String>,
    pub(super) fault: CertificateFault,
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SelfSigned => formatter.write_str("is self-signed and not trusted"),
            Self::UnknownIssuer => formatter.write_str("has an issuer that is not trusted"),
            Self::Expired => formatter.write_str("has expired"),
            Self::NotYetValid => formatter.write_str("is not valid yet"),
            Self::WrongName(names) if names.is_empty() => {
                formatter.write_str("has no subjectAltName with the host of `upstream`")
            }
            Self::WrongName(names) => write!(formatter, "is only for {}", names.join(", ")),
            Self::Ca => formatter.write_str("is one of a CA, not of a server"),
            Self::Other(message) => write!(formatter, "is not acceptable: {message}"),
        }
    }
}

impl CertificateFault {
    /// The fix. `host` is the host of the tool's `upstream`.
    pub(super) fn advice(&self, host: &str) -> Cow<'static, str> {
        match self {
            Self::SelfSigned | Self::Ca => {
                "save the app's certificate as a PEM file, and name the file with SSL_CERT_FILE"
                    .into()
            }
            Self::UnknownIssuer => {
                "name a PEM file with the certificate of its issuer (CA) with SSL_CERT_FILE, and \
                 let the app send its intermediate certificates"
                    .into()
            }
            Self::Expired => "renew the certificate; check the clock of the gateway's host".into(),
            Self::NotYetValid => "check the clock of the gateway's host".into(),
            Self::WrongName(_) | Self::Other(_) => {
                let kind = if host.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
                format!(
                    "write a host of the certificate in the tool's `upstream`, or make a \
                     certificate for {host}: openssl req -x509 -newkey rsa:2048 -noenc -days 365 \
                     -subj /CN={host} -addext subjectAltName={kind}:{host} \
                     -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out cert.pem"
                )
                .into()
            }
        }
    }
}

/// Verifies upstreams' certificates with the system's roots.
#[derive(Debug)]
pub(super) struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    /// The SHA-256 digests of all roots.
    roots: Vec<[u8; 32]>,
}

impl Verifier {
    /// Loads the system's root certificates, or those of `SSL_CERT_FILE`.
    pub(super) fn with_native_roots(provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let loaded = rustls_native_certs::load_native_certs();
        Self::new(loaded.certs, provider).map_err(|error| match &*loaded.errors {
            [] => error,
            errors => format!("{error} (errors: {errors:?})"),
        })
    }

    /// A verifier with these roots.
    fn new(
        certificates: Vec<CertificateDer<'_>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let mut store = RootCertStore::empty();
        let mut roots = Vec::new();
        for certificate in certificates {
            let digest = Sha256::digest(&certificate).into();
            // A root that cannot be parsed cannot verify anything.
            if store.add(certificate).is_ok() {
                roots.push(digest);
            }
        }
        if store.is_empty() {
            return Err("no native root CA certificates found".to_owned());
        }
        let webpki =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
                .build()
                .map_err(|error| error.to_string())?;
        Ok(Self { webpki, roots })
    }

    /// Whether a certificate is byte-identical to a root.
    fn is_root(&self, certificate: &CertificateDer<'_>) -> bool {
        self.roots.contains(&Sha256::digest(certificate).into())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.webpki.verify_server_cert(certificate, intermediates, name, ocsp, now);
        let Err(rustls::Error::InvalidCertificate(error)) = verified else { return verified };
        // webpki checks the validity first: this certificate is valid now.
        let error = if is_ca(&error) && self.is_root(certificate) {
            let parsed = ParsedCertificate::try_from(certificate)?;
            match rustls::client::verify_server_name(&parsed, name) {
                Ok(()) => return Ok(ServerCertVerified::assertion()),
                Err(rustls::Error::InvalidCertificate(error)) => error,
                Err(error) => return Err(error),
            }
        } else {
            error
        };
        let bad = bad_certificate(certificate, &error);
        Err(CertificateError::Other(OtherError(Arc::new(bad))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Whether the only reason is that the certificate is marked as a CA.
fn is_ca(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other)
        if other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity))
}

/// Describes a certificate that was refused.
fn bad_certificate(certificate: &CertificateDer<'_>, error: &CertificateError) -> BadCertificate {
    let parsed = EndEntityCert::try_from(certificate).ok();
    let is_self_signed = parsed.as_ref().is_some_and(|parsed| parsed.issuer() == parsed.subject());
    let fault = match error {
        // A bad signature: a root has the issuer's name, and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            if is_self_signed {
                CertificateFault::SelfSigned
            } else {
                CertificateFault::UnknownIssuer
            }
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = parsed.as_ref().map(|parsed| parsed.valid_dns_names().map(str::to_owned));
            CertificateFault::WrongName(names.into_iter().flatten().collect())
        }
        error if is_ca(error) && is_self_signed => CertificateFault::SelfSigned,
        error if is_ca(error) => CertificateFault::Ca,
        error => CertificateFault::Other(error.to_string()),
    };
    BadCertificate { subject: parsed.and_then(|parsed| common_name(parsed.subject())), fault }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use rustls::crypto::ring;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    /// 2030-01-01, while all certificates of the tests are valid.
    const NOW: u64 = 1_893_456_000;

    fn certificate(name: &str) -> CertificateDer<'static> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
        CertificateDer::from_pem_file(directory.join(name).with_extension("pem"))
            .expect("a certificate")
    }

    /// Verifies a certificate of a server with this host at this timestamp, with one root.
    fn verify(root: &str, name: &str, host: &'static str, now: u64) -> Result<(), BadCertificate> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new(vec![certificate(root)], &provider).expect("a root");
        let host = ServerName::try_from(host).expect("a host");
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        match verifier.verify_server_cert(&certificate(name), &[], &host, &[], now) {
            Ok(_) => Ok(()),
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
                let bad: &BadCertificate = other.0.downcast_ref().expect("a description");
                Err(BadCertificate { subject: bad.subject.clone(), fault: bad.fault.clone() })
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_root_may_be_the_servers_own_certificate_whether_or_not_it_is_a_ca() {
        for name in ["ca-marked", "not-ca"] {
            assert!(verify(name, name, "app.internal", NOW).is_ok(), "{name}");
        }
        assert!(verify("authority", "signed", "app.internal", NOW).is_ok());
    }

    #[test]
    fn a_root_as_the_servers_own_certificate_needs_the_name_and_a_valid_date() {
        let check = |name: &str, host: &'static str, now: u64, expected: CertificateFault| {
            let bad = verify(name, name, host, now).expect_err(name);
            assert_eq!(bad.subject.as_deref(), Some("app.internal"));
            assert_eq!(bad.fault, expected, "{name} for {host} at {now}");
        };
        let names = || CertificateFault::WrongName(vec!["app.internal".to_owned()]);
        for name in ["ca-marked", "not-ca"] {
            check(name, "other.internal", NOW, names());
            check(name, "app.internal", 0, CertificateFault::NotYetValid);
            check(name, "app.internal", u64::from(u32::MAX) * 3, CertificateFault::Expired);
        }
        check("no-name", "app.internal", NOW, CertificateFault::WrongName(Vec::new()));
    }

    #[test]
    fn a_certificate_without_its_root_is_refused_with_its_fault() {
        let check = |root: &str, name: &str, subject: &str, expected: CertificateFault| {
            let bad = verify(root, name, "app.internal", NOW).expect_err(name);
            assert_eq!((bad.subject.as_deref(), bad.fault), (Some(subject), expected), "{name}");
        };
        check("authority", "ca-marked", "app.internal", CertificateFault::SelfSigned);
        check("authority", "not-ca", "app.internal", CertificateFault::SelfSigned);
        check("ca-marked", "signed", "app.internal", CertificateFault::UnknownIssuer);
        check("authority", "sub-authority", "Example sub-authority", CertificateFault::Ca);
        // The same subject is not the same certificate.
        check("ca-marked-2", "ca-marked", "app.internal", CertificateFault::SelfSigned);
        check("not-ca-2", "not-ca", "app.internal", CertificateFault::SelfSigned);
        check("authority-2", "signed", "app.internal", CertificateFault::UnknownIssuer);
        check("not-ca", "ca-marked", "app.internal", CertificateFault::SelfSigned);
    }

    #[test]
    fn advice_for_a_new_certificate_names_the_host() {
        let fault = CertificateFault::WrongName(Vec::new());
        assert!(fault.advice("app.internal").contains("subjectAltName=DNS:app.internal"));
        assert!(fault.advice("10.0.0.5").contains("subjectAltName=IP:10.0.0.5"));
    }
}
