//! The request that an upstream receives: its method, URL and headers.
//!
//! [`ProxiedRequest`] reads a browser's request and refuses one that two servers could read in two
//! ways, which prevents request smuggling. This file chooses everything that the upstream receives,
//! from values alone: nothing here does I/O.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderName, HeaderValue, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{Method, Request, Uri};

use super::headers::{HeaderPolicy, accepts_trailers, is_websocket, may_be_csrf, values};
use super::path;
use super::person_cookie::PersonCookies;
use crate::url::BaseUrl;

/// The parts of a browser's request on which the upstream's request depends.
pub struct BrowserRequest<'r> {
    /// The method.
    pub method: &'r Method,
    /// The path after the session's prefix: empty, or beginning with a slash.
    pub rest: &'r str,
    /// The query without its `?`.
    pub query: Option<&'r str>,
    /// All headers.
    pub headers: &'r HeaderMap,
    /// The IP address of the connection's other end.
    pub peer: Option<IpAddr>,
    /// Whether the peer is Heroku's router. It appends the browser's IP address to
    /// `X-Forwarded-For`.
    pub behind_heroku: bool,
}

/// The reason why the gateway refuses to proxy a request.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The gateway does not proxy this method.
    Method,
    /// The path has a dot segment, or is malformed.
    Path,
    /// The body has two lengths, or one that is not a number.
    Length,
    /// The script of a service worker at the prefix itself. Its scope would be the directory above,
    /// which contains other tools and their launches.
    WorkerScope,
}

/// The framing of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// The request has no body.
    None,
    /// The body has this many bytes.
    Known(u64),
    /// The body ends with its last chunk.
    Chunked,
}

/// A browser's request that the gateway may proxy.
pub struct ProxiedRequest<'r> {
    method: Method,
    uri: Uri,
    headers: &'r HeaderMap,
    length: BodyLength,
    is_websocket: bool,
    browser: Option<IpAddr>,
    /// The person to whom the app's cookies belong, if people share the app's URLs.
    person: Option<PersonCookies>,
}

impl<'r> ProxiedRequest<'r> {
    /// Reads a request for this upstream.
    ///
    /// # Errors
    /// A [`RequestError`] for the first problem: method, path, body length, service worker.
    pub fn read(request: BrowserRequest<'r>, upstream: &BaseUrl) -> Result<Self, RequestError> {
        let BrowserRequest { method, rest, query, headers, peer, behind_heroku } = request;
        if *method == Method::CONNECT {
            return Err(RequestError::Method);
        }
        let uri = path::upstream_url(upstream, rest, query).map_err(|_| RequestError::Path)?;
        let length = body_length(method, headers)?;
        if rest.is_empty() && is_worker_script(headers) {
            return Err(RequestError::WorkerScope);
        }
        let is_websocket = *method == Method::GET && is_websocket(headers);
        let browser = if behind_heroku { named_by_heroku(headers) } else { peer };
        let method = method.clone();
        Ok(Self { method, uri, headers, length, is_websocket, browser, person: None })
    }

    /// Sends the request to this host and port, in place of those of the upstream's URL.
    pub fn send_to(&mut self, address: SocketAddr) {
        let mut parts = self.uri.clone().into_parts();
        parts.authority = address.to_string().parse().ok();
        // An address is a valid authority.
        if let Ok(uri) = Uri::from_parts(parts) {
            self.uri = uri;
        }
    }

    /// Limits the app's cookies to those of the person with this tag.
    pub fn limit_cookies_to(&mut self, tag: String) {
        let cookies = self.headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        self.person = Some(PersonCookies::read(tag, cookies));
    }

    /// The person's cookies in the request, after [`limit_cookies_to`](Self::limit_cookies_to).
    pub(crate) fn into_person_cookies(self) -> Option<PersonCookies> {
        self.person
    }

    /// Whether the request may be cross-site request forgery (CSRF); `origin` is the tool's origin,
    /// as browsers see it.
    pub fn may_be_csrf(&self, origin: &str) -> bool {
        may_be_csrf(origin, &self.method, self.headers)
    }

    /// The framing of the body.
    pub fn length(&self) -> BodyLength {
        self.length
    }

    /// Whether the request opens a WebSocket.
    pub fn is_websocket(&self) -> bool {
        self.is_websocket
    }

    /// The upstream's request with this body. `session` contains the headers of the request's
    /// session ([`super::session_headers`]).
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
        let mut headers = match &self.person {
            Some(person) => policy.request_headers(&person.for_app(self.headers)),
            None => policy.request_headers(self.headers),
        };
        if self.method == Method::TRACE {
            remove_secrets(&mut headers, policy);
            return headers;
        }
        headers.extend(session.iter().cloned());
        if let Some(ip) = self.browser {
            // A header can carry every character of an IP address.
            if let Ok(ip) = HeaderValue::try_from(ip.to_string()) {
                headers.insert(HeaderName::from_static("x-forwarded-for"), ip);
            }
        }
        self.add_framing(&mut headers, policy);
        headers
    }

    /// Adds the hop-by-hop headers of the connection to the upstream.
    fn add_framing(&self, headers: &mut HeaderMap, policy: &HeaderPolicy<'_>) {
        match self.length {
            BodyLength::None => {}
            BodyLength::Known(length) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            // Without this header, hyper's client sends a GET with a body of unknown length without
            // the body.
            BodyLength::Chunked => {
                headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                if let Some(names) = policy.announced_trailers(self.headers) {
                    headers.insert(TRAILER, names);
                }
            }
        }
        if self.is_websocket {
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        } else if accepts_trailers(self.headers) {
            // `TE` is hop-by-hop, so `Connection` names it (RFC 9110 §10.1.4).
            headers.insert(CONNECTION, HeaderValue::from_static("TE"));
            headers.insert(TE, HeaderValue::from_static("trailers"));
        }
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

/// The framing of a body. Two servers must not read it in two ways: a second length is the start of
/// request smuggling (RFC 9112 §6.3, §11.2).
fn body_length(method: &Method, headers: &HeaderMap) -> Result<BodyLength, RequestError> {
    let is_chunked = values(headers, "transfer-encoding").next().is_some();
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

/// Whether a browser requests the script of a service worker (Service Workers, "Update").
fn is_worker_script(headers: &HeaderMap) -> bool {
    values(headers, "service-worker").any(|value| value.eq_ignore_ascii_case("script"))
}

/// The IP address that Heroku's router appended to `X-Forwarded-For`.
fn named_by_heroku(headers: &HeaderMap) -> Option<IpAddr> {
    let named = values(headers, "x-forwarded-for").flat_map(|line| line.split(','));
    named.last().and_then(|one| one.trim().parse().ok())
}

/// Removes credentials from the headers of a TRACE. Its response echoes the request, so it must
/// contain no secret that the browser may not see (RFC 9110 §9.3.8).
fn remove_secrets(headers: &mut HeaderMap, policy: &HeaderPolicy<'_>) {
    headers.remove(COOKIE);
    headers.remove(AUTHORIZATION);
    for (name, _) in policy.configured {
        headers.remove(name);
    }
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

    /// A browser's method and headers.
    fn parts(method: &str, headers: &[(&str, &str)]) -> (Method, HeaderMap) {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
        });
        (Method::from_bytes(method.as_bytes()).expect("a method"), headers.collect())
    }

    fn browser((method, headers): &(Method, HeaderMap)) -> BrowserRequest<'_> {
        BrowserRequest {
            method,
            rest: "/a",
            query: Some("b=c"),
            headers,
            peer: Some(IpAddr::from([192, 0, 2, 1])),
            behind_heroku: false,
        }
    }

    /// The upstream's request for a browser's request. The only header of the session is
    /// `X-Forwarded-User: ada`; the only configured header is `X-Token: secret`.
    #[track_caller]
    fn sent(request: BrowserRequest<'_>) -> Request<()> {
        let upstream = upstream();
        let configured = [(HeaderName::from_static("x-token"), HeaderValue::from_static("secret"))];
        let policy = HeaderPolicy {
            upstream: &upstream,
            origin: "https://tools.example",
            prefix: "/lti/nb/~abc",
            configured: &configured,
            pass_host_header: false,
        };
        let session =
            [(HeaderName::from_static("x-forwarded-user"), HeaderValue::from_static("ada"))];
        let request = ProxiedRequest::read(request, &upstream).expect("a valid request");
        request.upstream_request(&policy, &session, ())
    }

    #[track_caller]
    fn check(method: &str, browser_headers: &[(&str, &str)], expected: &[(&str, &str)]) {
        check_request(browser(&parts(method, browser_headers)), expected);
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
    fn the_upstream_receives_the_method_and_the_url_below_its_own_path() {
        let request = sent(browser(&parts("PATCH", &[])));
        assert_eq!(request.method(), "PATCH");
        assert_eq!(request.uri(), "http://app.test:9000/app/a?b=c");
    }

    #[test]
    fn the_headers_of_the_session_and_the_ip_address_come_last() {
        check("GET", &[("Accept", "*/*")], &[("accept", "*/*"), HOST, TOKEN, USER, PEER]);
        check("GET", &[("X-Forwarded-For", "203.0.113.9")], &[HOST, TOKEN, USER, PEER]);
        check_request(
            BrowserRequest { peer: None, ..browser(&parts("GET", &[])) },
            &[HOST, TOKEN, USER],
        );
    }

    #[test]
    fn on_heroku_the_last_ip_address_is_the_browsers() {
        let check = |headers: &[(&str, &str)], expected: &[(&str, &str)]| {
            check_request(
                BrowserRequest { behind_heroku: true, ..browser(&parts("GET", headers)) },
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
    fn a_trace_contains_no_secret_and_no_identity() {
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
        let request = [("Connection", "upgrade"), ("Upgrade", "WebSocket")];
        let upgrade = [("connection", "Upgrade"), ("upgrade", "websocket")];
        check("GET", &request, &[HOST, TOKEN, USER, PEER, upgrade[0], upgrade[1]]);
        check("POST", &request, &[HOST, TOKEN, USER, PEER]);
    }

    #[test]
    fn request_smuggling_and_invalid_requests_are_refused() {
        let check = |request: BrowserRequest<'_>, expected: RequestError| {
            assert_eq!(ProxiedRequest::read(request, &upstream()).err(), Some(expected));
        };
        check(browser(&parts("CONNECT", &[])), RequestError::Method);
        check(BrowserRequest { rest: "/../x", ..browser(&parts("GET", &[])) }, RequestError::Path);
        for headers in [
            [("Content-Length", "1"), ("Content-Length", "1")],
            [("Content-Length", "1"), ("Transfer-Encoding", "chunked")],
            [("Content-Length", "x"), ("Accept", "*/*")],
        ] {
            check(browser(&parts("POST", &headers)), RequestError::Length);
        }
    }

    #[test]
    fn a_service_workers_script_at_the_prefix_itself_is_refused() {
        let read = |rest: &str, header: (&str, &str)| {
            let parts = parts("GET", &[header]);
            ProxiedRequest::read(BrowserRequest { rest, ..browser(&parts) }, &upstream()).err()
        };
        for value in ["script", "Script", " script "] {
            let header = ("Service-Worker", value);
            assert_eq!(read("", header), Some(RequestError::WorkerScope));
            assert_eq!(read("/", header), None);
            assert_eq!(read("/sw.js", header), None);
        }
        assert_eq!(read("", ("Service-Worker", "")), None);
        assert_eq!(read("", ("Sec-Fetch-Dest", "script")), None);
    }

    #[test]
    fn trailers_are_announced_and_accepted_as_the_browser_does() {
        let chunked = ("Transfer-Encoding", "chunked");
        let framed = [HOST, TOKEN, USER, PEER, ("transfer-encoding", "chunked")];
        let announced = |names, kept| {
            check(
                "POST",
                &[chunked, ("Trailer", names), ("Connection", "x-named")],
                &[&framed[..], &[("trailer", kept)]].concat(),
            );
        };
        announced("X-Digest", "X-Digest");
        announced("X-A,x-token, X_Token,Cookie , x-b, X-Forwarded-User,X-Named", "X-A, x-b");
        check("POST", &[chunked, ("Trailer", "X_Forwarded_User, host, b@d")], &framed);
        check("POST", &[("Trailer", "X-A")], &[HOST, TOKEN, USER, PEER]);

        let accepted = [HOST, TOKEN, USER, PEER, ("connection", "TE"), ("te", "trailers")];
        check("GET", &[("TE", "gzip;q=0.5, Trailers")], &accepted);
        check("GET", &[("TE", "gzip"), ("TE", "trailers")], &accepted);
        check("GET", &[("TE", "trailers;q=0, gzip")], &[HOST, TOKEN, USER, PEER]);
    }
}
