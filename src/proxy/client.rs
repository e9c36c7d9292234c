//! Speaks HTTP to upstreams: one client for all, with a pool of connections for each.
//!
//! It sends what it is given. A client made for people's addresses (the URL standard) would tidy paths and queries up,
//! which lets a request leave the path that it was meant for.

use std::time::Duration;

use http_body_util::channel::Channel;
use http_body_util::{Either, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::http::uri::Scheme;
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;

use crate::cause::message_chain;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(60);
/// The most idle connections to one upstream.
const MOST_IDLE: usize = 64;

/// What is sent: nothing, or what a browser sends, while it comes.
pub type RequestBody = Either<Empty<Bytes>, Channel<Bytes, std::io::Error>>;

/// The client.
pub struct Upstreams {
    plain: Client<HttpConnector, RequestBody>,
    tls: Option<Client<HttpsConnector<HttpConnector>, RequestBody>>,
}

/// The upstream could not be reached, or did not answer in HTTP.
#[derive(Debug)]
pub struct UpstreamError {
    /// The library's words, which hold nothing of the request.
    pub words: String,
}

impl Upstreams {
    /// Without a connection yet. `with_tls` loads the system's certificates (or those of `SSL_CERT_FILE`), by which `https`
    /// upstreams are verified.
    ///
    /// # Errors
    /// The system's words where it has no certificates.
    pub fn new(with_tls: bool) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT));
        tcp.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE);
        let plain = builder.build(tcp.clone());
        let tls = with_tls.then(|| {
            tcp.enforce_http(false);
            let connector = HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(ring::default_provider())
                .map_err(|error| error.to_string())?;
            Ok::<_, String>(
                builder.build(connector.https_only().enable_http1().wrap_connector(tcp)),
            )
        });
        Ok(Self { plain, tls: tls.transpose()? })
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// # Errors
    /// An [`UpstreamError`] if no such head came.
    pub async fn send(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let answer = match &self.tls {
            Some(tls) if request.uri().scheme() == Some(&Scheme::HTTPS) => {
                tls.request(request).await
            }
            _ => self.plain.request(request).await,
        };
        answer.map_err(|error| UpstreamError { words: message_chain(&error) })
    }
}
