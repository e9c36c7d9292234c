//! One connection to an upstream, and one exchange on it.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rocket::tokio::io::{AsyncRead, AsyncWrite};
use rocket::tokio::task::spawn;

use super::error::{LARGEST_HEAD, MOST_FIELDS, UpstreamError};
use super::meter::{Meter, Metered, MeteredBody, RequestBody};
use crate::cause::message_chain;

/// An open connection to an upstream, for one request at a time.
pub(super) struct Connection {
    sender: SendRequest<MeteredBody>,
    meter: Arc<Meter>,
}

/// The reason why an exchange failed, and whether its request may be sent again.
pub(super) struct Failure {
    pub(super) error: UpstreamError,
    pub(super) retry: Retry,
}

/// Whether a request may be sent again.
pub(super) enum Retry {
    /// The connection did not begin to send this request.
    Unsent(Request<RequestBody>),
    /// No byte was written; or the method is idempotent, no byte of the body was handed on and no
    /// byte of a response arrived.
    Allowed,
    /// The upstream may have acted on the request.
    Forbidden,
}

impl Connection {
    /// Speaks HTTP/1.1 on this transport.
    pub(super) async fn open<T>(transport: T) -> Result<Self, UpstreamError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let transport = Metered::new(transport);
        let meter = Arc::clone(transport.meter());
        let (sender, connection) = Builder::new()
            .max_buf_size(LARGEST_HEAD)
            .max_headers(MOST_FIELDS)
            .handshake(TokioIo::new(transport))
            .await
            .map_err(|error| UpstreamError::Gone(message_chain(&error)))?;
        // The sender receives the errors.
        spawn(async move { connection.with_upgrades().await.ok() });
        Ok(Self { sender, meter })
    }

    /// Whether the connection is open and has no request.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until the connection has no request. `false` if it closes.
    pub(super) async fn ready(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// Sends a request and waits for the response head.
    pub(super) async fn exchange(
        &mut self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Failure> {
        let is_idempotent = request.method().is_idempotent();
        // HTTP/1.1 sends only path and query (RFC 9112 §3.2.1).
        if let Some(path) = request.uri().path_and_query() {
            *request.uri_mut() = Uri::from(path.clone());
        }
        self.meter.begin();
        let request = request.map(|body| MeteredBody::new(body, Arc::clone(&self.meter)));
        self.sender.try_send_request(request).await.map_err(|mut error| {
            let retry = match error.take_message() {
                Some(request) => Retry::Unsent(request.map(MeteredBody::into_inner)),
                None => self.retry(is_idempotent),
            };
            Failure { error: self.error(&error.into_error()), retry }
        })
    }

    /// Whether a request that the connection began to send may be sent again.
    fn retry(&self, is_idempotent: bool) -> Retry {
        let is_safe = !self.meter.is_written() || is_idempotent && !self.meter.is_handed_on();
        if is_safe && !self.meter.is_answered() { Retry::Allowed } else { Retry::Forbidden }
    }

    /// The cause of an error.
    fn error(&self, error: &hyper::Error) -> UpstreamError {
        if error.is_parse_too_large() {
            UpstreamError::HeadTooLarge
        } else if !error.is_parse() {
            UpstreamError::Gone(message_chain(error))
        } else if is_tls_record(self.meter.opening()) {
            UpstreamError::SpeaksTls
        } else {
            UpstreamError::Protocol(message_chain(error))
        }
    }
}

/// Whether a response begins like a TLS record: an alert or a handshake, version 3 (RFC 8446 §5.1).
fn is_tls_record(opening: [u8; 4]) -> bool {
    matches!(opening, [0x15 | 0x16, 3, ..])
}
