//! The HTTP client for upstreams, with a pool of keep-alive connections to each.
//!
//! It sends the URL byte for byte. A client that follows the WHATWG URL standard would resolve dot
//! segments and encode characters anew, so a request could leave the path that was checked.

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

/// The timeout for connecting to an upstream.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The keep-alive timeout of an idle connection.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(60);
/// The most idle keep-alive connections to one upstream.
const MOST_IDLE: usize = 64;

/// The body of a request: none, or a browser's upload, streamed.
pub type RequestBody = Either<Empty<Bytes>, Channel<Bytes, std::io::Error>>;

/// The client for all upstreams.
pub struct Upstreams {
    plain: Client<HttpConnector, RequestBody>,
    tls: Option<Client<HttpsConnector<HttpConnector>, RequestBody>>,
}

/// The upstream is unreachable, or its response is not HTTP.
#[derive(Debug)]
pub struct UpstreamError {
    /// The library's message. It contains nothing of the request.
    pub message: String,
}

impl Upstreams {
    /// A client without connections. `with_tls` loads the system's root certificates, or those of
    /// `SSL_CERT_FILE`, to verify `https` upstreams.
    ///
    /// # Errors
    /// The system's message, if it has no certificates.
    pub fn new(with_tls: bool) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_ALIVE_TIMEOUT)
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

    /// Sends a request and waits for the response head, without a timeout of its own.
    ///
    /// # Errors
    /// An [`UpstreamError`] if no response head arrives.
    pub async fn send(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let response = match &self.tls {
            Some(tls) if request.uri().scheme() == Some(&Scheme::HTTPS) => {
                tls.request(request).await
            }
            _ => self.plain.request(request).await,
        };
        response.map_err(|error| UpstreamError { message: message_chain(&error) })
    }
}
