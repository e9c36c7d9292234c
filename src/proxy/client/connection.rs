//! One connection to an upstream, and one exchange on it.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn;

use super::error::{LARGEST_HEAD, MOST_FIELDS, UpstreamError};
use super::meter::{Meter, Metered, MeteredBody, UpstreamBody};
use super::probe::is_tls_record;
use crate::cause::message_chain;

/// An open connection to an upstream, for one request at a time.
pub(super) struct Connection {
    sender: SendRequest<MeteredBody>,
    meter: Arc<Meter>,
    run: Option<u64>,
}

/// The reason why an exchange failed, and whether its request may be sent again.
pub(super) struct FailedExchange {
    pub(super) error: UpstreamError,
    pub(super) retry: Retry,
    /// Whether no byte of a response arrived.
    pub(super) is_silent: bool,
}

/// Whether a request may be sent again.
pub(super) enum Retry {
    /// The connection did not begin to send this request.
    Unsent(Box<Request<UpstreamBody>>),
    /// No byte was written; or the method is idempotent, no byte of the body was handed on and no
    /// byte of a response arrived.
    Allowed,
    /// The upstream may have acted on the request.
    Forbidden,
}

impl Connection {
    /// Speaks HTTP/1.1 on this transport, which leads to this run of the upstream's program.
    pub(super) async fn open<T>(transport: T, run: Option<u64>) -> Result<Self, UpstreamError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let transport = Metered::new(transport);
        let meter = Arc::clone(transport.meter());
        let (sender, connection) = Builder::new()
            .max_buf_size(LARGEST_HEAD)
            .max_header_size(LARGEST_HEAD)
            .max_headers(MOST_FIELDS)
            .handshake(TokioIo::new(transport))
            .await
            .map_err(|error| UpstreamError::Gone(message_chain(&error)))?;
        // The sender receives the errors.
        spawn(async move { connection.with_upgrades().await.ok() });
        Ok(Self { sender, meter, run })
    }

    /// Whether it leads to this run of the upstream's program.
    pub(super) fn leads_to(&self, run: Option<u64>) -> bool {
        self.run == run
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
        mut request: Request<UpstreamBody>,
    ) -> Result<Response<Incoming>, FailedExchange> {
        let is_idempotent = request.method().is_idempotent();
        // HTTP/1.1 sends only path and query (RFC 9112 §3.2.1).
        if let Some(path) = request.uri().path_and_query() {
            *request.uri_mut() = Uri::from(path.clone());
        }
        self.meter.begin();
        let request = request.map(|body| MeteredBody::new(body, Arc::clone(&self.meter)));
        self.sender.try_send_request(request).await.map_err(|mut error| {
            let retry = match error.take_message() {
                Some(request) => Retry::Unsent(Box::new(request.map(MeteredBody::into_inner))),
                None => self.retry(is_idempotent),
            };
            FailedExchange {
                error: self.error(&error.into_error()),
                retry,
                is_silent: !self.meter.is_answered(),
            }
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

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    use http_body_util::{BodyExt as _, Empty};
    use hyper::body::{Body, Bytes, Frame, Incoming};
    use hyper::{Method, Request, Response};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::runtime::Builder;
    use tokio::task::{spawn, yield_now};

    use super::{Connection, FailedExchange, Retry, UpstreamBody};

    /// The bytes that fit into the transport of these tests, in each direction.
    const TRANSPORT: usize = 4096;
    const KEPT_ALIVE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    fn run(test: impl Future<Output = ()>) {
        let runtime = Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(test);
    }

    async fn opened() -> (Connection, DuplexStream) {
        let (near, far) = duplex(TRANSPORT);
        (Connection::open(near, None).await.expect("a connection"), far)
    }

    fn request(method: Method, body: UpstreamBody) -> Request<UpstreamBody> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        request
    }

    fn empty() -> UpstreamBody {
        Empty::new().map_err(|never| match never {}).boxed_unsync()
    }

    /// An exchange with this response.
    async fn answered(
        connection: &mut Connection,
        far: &mut DuplexStream,
        response: &[u8],
    ) -> Response<Incoming> {
        let answer = async {
            far.read_exact(&mut [0; 4]).await.expect("the request");
            far.write_all(response).await.expect("space");
        };
        let exchange = connection.exchange(request(Method::GET, empty()));
        let (result, ()) = tokio::join!(exchange, answer);
        result.ok().expect("a response")
    }

    /// Lets the connection's task run until it waits for its transport.
    async fn settle() {
        for _ in 0..1000 {
            yield_now().await;
        }
    }

    /// A body without an end, which counts the bytes that it hands on.
    struct Endless(Arc<AtomicUsize>);

    impl Body for Endless {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
            self.0.fetch_add(1000, Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1000])))))
        }
    }

    /// The retry of a request after another one on the same connection. `fail` receives the far end
    /// when the request has arrived.
    fn retry_of(
        method: Method,
        body: UpstreamBody,
        fail: impl AsyncFnOnce(DuplexStream),
    ) -> &'static str {
        let mut retry = "sent";
        run(async {
            let (mut connection, mut far) = opened().await;
            answered(&mut connection, &mut far, KEPT_ALIVE).await;
            assert!(connection.ready().await);
            let exchange = connection.exchange(request(method, body));
            let fail = async {
                settle().await;
                far.read_exact(&mut [0; 4]).await.expect("the second request");
                fail(far).await;
            };
            let (result, ()) = tokio::join!(exchange, fail);
            retry = match result.map_err(|failure| failure.retry) {
                Ok(_) => "answered",
                Err(Retry::Unsent(_)) => "unsent",
                Err(Retry::Allowed) => "allowed",
                Err(Retry::Forbidden) => "forbidden",
            };
        });
        retry
    }

    #[test]
    fn only_an_idempotent_request_without_a_body_is_sent_again_after_it_was_written() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            let method: Method = method.parse().expect("a method");
            assert_eq!(retry_of(method.clone(), empty(), async |_| ()), "allowed", "{method}");
        }
        for method in ["POST", "PATCH", "PROPFIND", "LOCK"] {
            let method: Method = method.parse().expect("a method");
            assert_eq!(retry_of(method.clone(), empty(), async |_| ()), "forbidden", "{method}");
        }
        let body = Endless(Arc::default()).boxed_unsync();
        assert_eq!(retry_of(Method::PUT, body, async |_| ()), "forbidden");
    }

    #[test]
    fn a_request_is_not_sent_again_after_a_byte_of_a_response() {
        for byte in ["H", "HTTP/1.1 100 Continue\r\n\r\n", "x"] {
            let fail = async |mut far: DuplexStream| {
                far.write_all(byte.as_bytes()).await.expect("space");
            };
            assert_eq!(retry_of(Method::GET, empty(), fail), "forbidden", "{byte}");
        }
    }

    #[test]
    fn a_request_that_the_connection_did_not_begin_may_be_sent_again() {
        run(async {
            let (mut connection, far) = opened().await;
            drop(far);
            let body = Endless(Arc::default()).boxed_unsync();
            let result = connection.exchange(request(Method::POST, body)).await;
            let Err(FailedExchange { retry: Retry::Unsent(request), .. }) = result else {
                panic!("the request was begun");
            };
            assert_eq!(request.method(), Method::POST);
        });
    }

    #[test]
    fn an_upload_waits_for_its_upstream() {
        run(async {
            let (mut connection, mut far) = opened().await;
            let handed_on = Arc::new(AtomicUsize::new(0));
            let body = Endless(Arc::clone(&handed_on)).boxed_unsync();
            let mut exchange = Box::pin(connection.exchange(request(Method::POST, body)));
            let mut read = 0;
            let reader = async {
                for _ in 0..100 {
                    settle().await;
                    let waiting = handed_on.load(Ordering::Relaxed).saturating_sub(read);
                    assert!(waiting < 64 * 1024, "{waiting} bytes wait");
                    read += far.read(&mut [0; TRANSPORT]).await.expect("the upload");
                }
            };
            tokio::select! {
                _ = &mut exchange => panic!("there is no response"),
                () = reader => {}
            }
            assert!(read > 100_000, "the upload continues: {read}");
        });
    }

    #[test]
    fn a_fast_response_waits_for_its_reader() {
        const TRANSPORT: usize = 1024 * 1024;
        run(async {
            let (near, mut far) = duplex(TRANSPORT);
            let mut connection = Connection::open(near, None).await.expect("a connection");
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
            let mut body = answered(&mut connection, &mut far, head).await.into_body();
            let written = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&written);
            spawn(async move {
                while let Ok(more) = far.write(&[b'x'; 1000]).await {
                    count.fetch_add(more, Ordering::Relaxed);
                }
            });
            let mut read = 0;
            for _ in 0..100 {
                settle().await;
                let waiting = written.load(Ordering::Relaxed) - read;
                assert!(waiting <= TRANSPORT + 64 * 1024, "{waiting} bytes wait");
                let frame = body.frame().await.expect("a frame").expect("data");
                let data = frame.into_data().expect("data");
                assert!(data.len() < 32 * 1024, "{} bytes at once", data.len());
                read += data.len();
            }
            assert!(read > 1_000_000, "{read}");
        });
    }
}
