//! A platform whose certificate is not trusted: the error names what its server does not send.

use std::io::{ErrorKind, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use super::*;

/// A TLS server that sends only its own certificate.
fn config() -> Arc<ServerConfig> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
    let certificate = CertificateDer::from_pem_file(directory.join("platform.pem"));
    let key = PrivateKeyDer::from_pem_file(directory.join("platform-key.pem"));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.expect("a certificate")], key.expect("a key"));
    Arc::new(config.expect("a certificate and its key"))
}

#[test]
fn a_missing_intermediate_certificate_is_named_with_the_command_that_shows_it() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let stage = Stage::new(success());
    let url = format!("https://{address}{OUTCOME}");
    let token = stage.token_of(&launch(&url)).expect("a grade token");
    let server = &stage.server;
    let reply = std::thread::scope(|scope| {
        let caller = scope.spawn(|| call(server, "POST", "/grades", &token, r#"{"score":1}"#));
        let (mut socket, _) = listener.accept().expect("a connection");
        let mut tls = ServerConnection::new(config()).expect("a connection");
        let mut received = [0; 1];
        let read = Stream::new(&mut tls, &mut socket).read(&mut received);
        // The gateway refuses the certificate, and sends no byte of the grade.
        assert!(!matches!(read, Ok(1..)), "{read:?}");
        assert_ne!(read.map_err(|error| error.kind()).err(), Some(ErrorKind::WouldBlock));
        caller.join().expect("a response")
    });
    assert_eq!(
        refused(&reply, 503, "platform-unreachable"),
        json!({
            "message": format!(
                "the platform cannot be reached: its server does not send the intermediate \
                 certificate \"Example intermediate\", or that CA is not trusted \
                 (UnknownIssuer): `openssl s_client -connect {address} -showcerts` shows what it \
                 sends; let it send the whole chain, or name a PEM file with the CA's certificate \
                 with SSL_CERT_FILE"
            ),
        })
    );
    stage.platform.saw_nothing();
}
