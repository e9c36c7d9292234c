//! The request that an upstream receives: its method, URL and headers.
//!
//! [`ProxiedRequest`] reads what a browser sent and refuses what two servers could understand in two
//! ways. Everything that the upstream gets is chosen here, from values alone: nothing in this file
//! does I/O.

use std::net::IpAddr;

use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, UPGRADE,
};
use hyper::{Method, Request, Uri};

use super::headers::{HeaderPolicy, is_foreign, is_websocket, values};
use super::path;
use crate::url::BaseUrl;

/// The most bytes of a browser's headers, in all.
pub const MOST_HEADER_BYTES: usize = 64 * 1024;

/// What a browser sent, as far as the upstream's request depends on it.
pub struct BrowserRequest<'r> {
    /// The method, as the browser spelled it.
    pub method: &'r str,
    /// The path behind the session's prefix: empty, or beginning with a slash.
    pub rest: &'r str,
    /// The query without its `?`.
    pub query: Option<&'r str>,
    /// All headers, in order.
    pub headers: Vec<(&'r str, &'r str)>,
    /// The other end of the connection.
    pub peer: Option<IpAddr>,
    /// Whether that is Heroku's router, which names the browser last in `X-Forwarded-For`.
    pub behind_heroku: bool,
}

/// Why a browser's request cannot become an upstream's.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The gateway does not pass on this method.
    Method,
    /// The path leads out of the prefix, or is malformed.
    Path,
    /// The body has two lengths, or one that is not a number.
    Length,
    /// The headers have more than [`MOST_HEADER_BYTES`].
    Headers,
}

/// How a request's body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// The request has no body.
    None,
    /// The body has this many bytes.
    Known(u64),
    /// The body ends with its last chunk.
    Chunked,
}

/// A browser's request that can be passed on.
pub struct ProxiedRequest<'r> {
    method: Method,
    uri: Uri,
    headers: Vec<(&'r str, &'r str)>,
    length: BodyLength,
    is_websocket: bool,
    browser: Option<IpAddr>,
}

impl<'r> ProxiedRequest<'r> {
    /// Reads a request for this upstream.
    ///
    /// # Errors
    /// A [`RequestError`] if the request cannot be passed on.
    pub fn read(request: BrowserRequest<'r>, upstream: &BaseUrl) -> Result<Self, RequestError> {
        let BrowserRequest { method, rest, query, headers, peer, behind_heroku } = request;
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| RequestError::Method)?;
        if method == Method::CONNECT {
            return Err(RequestError::Method);
        }
        let uri = path::address(upstream, rest, query).map_err(|_| RequestError::Path)?;
        let length = body_length(&method, &headers)?;
        let bytes = headers.iter().map(|(name, value)| name.len() + value.len());
        if bytes.sum::<usize>() > MOST_HEADER_BYTES {
            return Err(RequestError::Headers);
        }
        let is_websocket = method == Method::GET && is_websocket(headers.iter().copied());
        let browser = if behind_heroku { named_by_heroku(&headers) } else { peer };
        Ok(Self { method, uri, headers, length, is_websocket, browser })
    }

    /// Whether another site's page sent a request that only the app's own pages may send.
    pub fn is_foreign(&self, origin: &str) -> bool {
        is_foreign(origin, self.method.as_str(), self.headers.iter().copied())
    }

    /// How the body is framed.
    pub fn length(&self) -> BodyLength {
        self.length
    }

    /// Whether the request opens a WebSocket.
    pub fn is_websocket(&self) -> bool {
        self.is_websocket
    }

    /// The upstream's request with this body. `session` are the headers of the session that the
    /// request belongs to ([`super::session_headers`]).
    pub fn upstream_request<B>(
        &self,
        policy: &HeaderPolicy<'_>,
        session: &[(HeaderName, HeaderValue)],
        body: B,
    ) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.upstream_headers(policy, session);
        request
    }

    fn upstream_headers(
        &self,
        policy: &HeaderPolicy<'_>,
        session: &[(HeaderName, HeaderValue)],
    ) -> HeaderMap {
        let mut headers = policy.request_headers(self.headers.iter().copied());
        // The answer to a TRACE is the request. It must hold nothing that the browser may not see
        // (RFC 9110 §9.3.8).
        if self.method == Method::TRACE {
            headers.remove(COOKIE);
            headers.remove(AUTHORIZATION);
            for (name, _) in policy.own {
                headers.remove(name);
            }
            return headers;
        }
        headers.extend(session.iter().cloned());
        if let Some(address) = self.browser {
            // Every character of an address may stand in a header.
            if let Ok(address) = HeaderValue::try_from(address.to_string()) {
                headers.insert(HeaderName::from_static("x-forwarded-for"), address);
            }
        }
        match self.length {
            BodyLength::None => {}
            BodyLength::Known(length) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            // The client would send a GET with a body of unknown length without its body.
            BodyLength::Chunked => {
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            }
        }
        if self.is_websocket {
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        }
        headers
    }
}

impl BodyLength {
    /// The number of bytes, if it is known.
    pub fn known(self) -> Option<u64> {
        match self {
            Self::Known(length) => Some(length),
            Self::None | Self::Chunked => None,
        }
    }
}

/// The framing of a body. Two servers must not understand it in two ways (RFC 9112 §6.3).
fn body_length(method: &Method, headers: &[(&str, &str)]) -> Result<BodyLength, RequestError> {
    let headers = headers.iter().copied();
    let is_chunked = values(headers.clone(), "transfer-encoding").next().is_some();
    let mut lengths = values(headers, "content-length");
    match (is_chunked, lengths.next(), lengths.next()) {
        (true, None, None) => Ok(BodyLength::Chunked),
        (false, None, None) => Ok(BodyLength::None),
        (false, Some(length), None) => match length.parse() {
            Ok(0) if matches!(*method, Method::GET | Method::HEAD) => Ok(BodyLength::None),
            Ok(length) => Ok(BodyLength::Known(length)),
            Err(_) => Err(RequestError::Length),
        },
        _ => Err(RequestError::Length),
    }
}

/// The address that Heroku's router appended to `X-Forwarded-For`.
fn named_by_heroku(headers: &[(&str, &str)]) -> Option<IpAddr> {
    let named = values(headers.iter().copied(), "x-forwarded-for").flat_map(|line| line.split(','));
    named.last().and_then(|one| one.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::{Origin, Scheme};

    fn upstream() -> BaseUrl {
        BaseUrl {
            origin: Origin { scheme: Scheme::Http, authority: "app.test:9000".to_owned() },
            path: "/app".to_owned(),
        }
    }

    fn browser<'r>(method: &'r str, headers: &[(&'r str, &'r str)]) -> BrowserRequest<'r> {
        BrowserRequest {
            method,
            rest: "/a",
            query: Some("b=c"),
            headers: headers.to_vec(),
            peer: Some(IpAddr::from([192, 0, 2, 1])),
            behind_heroku: false,
        }
    }

    /// What the upstream gets of a browser's request in a session whose only header is
    /// `X-Forwarded-User: ada`, for a tool that sends `X-Token: secret`.
    #[track_caller]
    fn sent(request: BrowserRequest<'_>) -> Request<()> {
        let upstream = upstream();
        let own = [(HeaderName::from_static("x-token"), HeaderValue::from_static("secret"))];
        let policy = HeaderPolicy {
            upstream: &upstream,
            origin: "https://tools.example",
            prefix: "/lti/nb/~abc",
            own: &own,
        };
        let session =
            [(HeaderName::from_static("x-forwarded-user"), HeaderValue::from_static("ada"))];
        let request = ProxiedRequest::read(request, &upstream).expect("a request to pass on");
        request.upstream_request(&policy, &session, ())
    }

    #[track_caller]
    fn check(method: &str, browser_headers: &[(&str, &str)], expected: &[(&str, &str)]) {
        check_request(browser(method, browser_headers), expected);
    }

    #[track_caller]
    fn check_request(request: BrowserRequest<'_>, expected: &[(&str, &str)]) {
        let request = sent(request);
        let headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
            .collect();
        assert_eq!(headers, expected);
    }

    const HOST: (&str, &str) = ("host", "app.test:9000");
    const TOKEN: (&str, &str) = ("x-token", "secret");
    const USER: (&str, &str) = ("x-forwarded-user", "ada");
    const PEER: (&str, &str) = ("x-forwarded-for", "192.0.2.1");

    #[test]
    fn method_and_url_are_the_browsers_below_the_upstreams_path() {
        let request = sent(browser("PATCH", &[]));
        assert_eq!(request.method(), "PATCH");
        assert_eq!(request.uri(), "http://app.test:9000/app/a?b=c");
    }

    #[test]
    fn the_session_and_the_browsers_address_come_last() {
        check("GET", &[("Accept", "*/*")], &[("accept", "*/*"), HOST, TOKEN, USER, PEER]);
        check("GET", &[("X-Forwarded-For", "203.0.113.9")], &[HOST, TOKEN, USER, PEER]);
        check_request(BrowserRequest { peer: None, ..browser("GET", &[]) }, &[HOST, TOKEN, USER]);
    }

    #[test]
    fn on_heroku_the_router_names_the_browser_last() {
        let check = |headers: &[(&str, &str)], expected: &[(&str, &str)]| {
            check_request(
                BrowserRequest { behind_heroku: true, ..browser("GET", headers) },
                expected,
            );
        };
        let named = ("x-forwarded-for", "203.0.113.9");
        check(&[("X-Forwarded-For", "10.0.0.1, 203.0.113.9")], &[HOST, TOKEN, USER, named]);
        check(
            &[("X-Forwarded-For", "10.0.0.1"), ("x-forwarded-for", "203.0.113.9 ")],
            &[HOST, TOKEN, USER, named],
        );
        check(&[], &[HOST, TOKEN, USER]);
        check(&[("X-Forwarded-For", "203.0.113.9, x")], &[HOST, TOKEN, USER]);
    }

    #[test]
    fn a_trace_carries_no_secret_and_no_person() {
        check(
            "TRACE",
            &[("Accept", "*/*"), ("Cookie", "a=1"), ("Authorization", "Basic x"), ("X-Token", "1")],
            &[("accept", "*/*"), HOST],
        );
    }

    #[test]
    fn the_gateway_frames_the_body_itself() {
        let framed = |name, value| [HOST, TOKEN, USER, PEER, (name, value)];
        check("POST", &[("Content-Length", "5")], &framed("content-length", "5"));
        check("POST", &[("Content-Length", "0")], &framed("content-length", "0"));
        check("GET", &[("Content-Length", "5")], &framed("content-length", "5"));
        check("GET", &[("Content-Length", "0")], &[HOST, TOKEN, USER, PEER]);
        check("GET", &[("Transfer-Encoding", "gzip")], &framed("transfer-encoding", "chunked"));
    }

    #[test]
    fn only_a_get_opens_a_websocket() {
        let asks = [("Connection", "upgrade"), ("Upgrade", "WebSocket")];
        let upgrade = [("connection", "Upgrade"), ("upgrade", "websocket")];
        check("GET", &asks, &[HOST, TOKEN, USER, PEER, upgrade[0], upgrade[1]]);
        check("POST", &asks, &[HOST, TOKEN, USER, PEER]);
    }

    #[test]
    fn a_request_that_two_servers_could_understand_in_two_ways_is_refused() {
        let check = |request: BrowserRequest<'_>, expected: RequestError| {
            assert_eq!(ProxiedRequest::read(request, &upstream()).err(), Some(expected));
        };
        check(browser("CONNECT", &[]), RequestError::Method);
        check(browser("", &[]), RequestError::Method);
        check(BrowserRequest { rest: "/../x", ..browser("GET", &[]) }, RequestError::Path);
        for headers in [
            [("Content-Length", "1"), ("Content-Length", "1")],
            [("Content-Length", "1"), ("Transfer-Encoding", "chunked")],
            [("Content-Length", "x"), ("Accept", "*/*")],
        ] {
            check(browser("POST", &headers), RequestError::Length);
        }
        let long = "x".repeat(MOST_HEADER_BYTES);
        check(browser("GET", &[("a", &long)]), RequestError::Headers);
        assert!(ProxiedRequest::read(browser("GET", &[("a", &long[1..])]), &upstream()).is_ok());
    }
}
