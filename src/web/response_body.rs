//! The body of a response to a client: complete, or a stream.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::Response;
use hyper::StatusCode;
use hyper::body::{Body, Bytes, Frame};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use rocket::http::Status;
use rocket::tokio::io::AsyncReadExt as _;

use super::shield;

/// The body of a response. If it ends with an error, the client sees a broken connection.
pub(crate) type ResponseBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, io::Error>>;

/// A body that has arrived completely.
pub(crate) fn complete(bytes: impl Into<Bytes>) -> ResponseBody {
    Either::Left(Full::new(bytes.into()))
}

/// A body that arrives piece by piece.
pub(crate) fn streamed<B>(body: B) -> ResponseBody
where
    B: Body<Data = Bytes, Error = io::Error> + Send + 'static,
{
    Either::Right(body.boxed_unsync())
}

/// No body, for a response whose `Content-Length` describes another one: to a `HEAD`, or a 304.
/// hyper would replace that length by 0 if the body had a known length.
pub(crate) fn stripped() -> ResponseBody {
    struct Stripped;

    impl Body for Stripped {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(None)
        }
    }

    Either::Right(Stripped.map_err(|never| match never {}).boxed_unsync())
}

/// The head of one of the gateway's own responses, with the gateway's security headers.
pub(crate) fn own_head(status: Status, headers: &rocket::http::HeaderMap<'_>) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() =
        StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *head.headers_mut() = hyper_headers(headers);
    shield::protect(head.headers_mut());
    head
}

/// Headers of Rocket in hyper's form.
fn hyper_headers(headers: &rocket::http::HeaderMap<'_>) -> HeaderMap {
    let mut converted = HeaderMap::with_capacity(headers.len());
    for header in headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(header.value.as_bytes());
        // Both are valid: the gateway chose the names, and checked the values.
        if let (Ok(name), Ok(value)) = (name, value) {
            converted.append(name, value);
        }
    }
    converted
}

/// One of the gateway's own responses as hyper's.
pub(crate) async fn own_response(
    mut response: rocket::Response<'static>,
) -> Response<ResponseBody> {
    let body = response.body_mut();
    let mut bytes = Vec::with_capacity(body.preset_size().unwrap_or_default());
    // The body is a string in memory, so that reading it cannot fail.
    if body.read_to_end(&mut bytes).await.is_err() {
        bytes.clear();
    }
    own_head(response.status(), response.headers()).map(|()| complete(bytes))
}
