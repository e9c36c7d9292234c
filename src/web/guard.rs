//! The check of the `Host` of every request, and the routes that tools' own hosts do not have.
//!
//! With no or two `Host` headers, two proxies can see two different sites (host header injection).
//! RFC 9112 §3.2 requires a 400. Development answers only loopback names and `dev_host`, so that a
//! web page cannot reach it by a name of its own (DNS rebinding).

use std::convert::Infallible;
use std::net::Ipv6Addr;

use hyper::header::{HOST, HeaderMap};
use rocket::http::Status;
use rocket::request::{self, FromRequest};
use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route};

use super::current::RequestGateway;
use crate::config::PublicUrl;
use crate::url::{Origin, UrlParts, host_and_port, is_loopback};

/// The longest name in the DNS, with its dots.
const LONGEST_NAME: usize = 253;
/// The longest path that a refusal shows. A shorter piece of a path would be another URL.
const LONGEST_SHOWN_PATH: usize = 200;

/// Why the gateway does not answer this `Host`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HostError {
    /// It is missing, empty, repeated or malformed.
    Invalid,
    /// In development, it is neither loopback nor `dev_host`.
    Foreign,
    /// Its name ends with a dot. Browsers treat this as another site, although the DNS does not.
    TrailingDot {
        /// The name without the dot, and the port.
        authority: String,
    },
}

/// The hosts that the gateway answers.
#[derive(Clone, Copy)]
pub(super) enum AnsweredHosts<'g> {
    /// Every host: production.
    All,
    /// Loopback hosts and `dev_host`: development.
    Loopback(Option<&'g Origin>),
}

impl AnsweredHosts<'_> {
    fn contains(self, name: &str, port: Option<&str>) -> bool {
        let Self::Loopback(dev_host) = self else { return true };
        is_loopback(name)
            || dev_host.is_some_and(|origin| {
                let port = port.filter(|port| !port.is_empty());
                let port = port.unwrap_or(origin.scheme.default_port());
                // `080` is a port, too.
                let is_port = port.parse::<u16>().ok() == origin.port_or_default().parse().ok();
                name.eq_ignore_ascii_case(origin.host()) && is_port
            })
    }
}

/// The host of a request, without its port.
///
/// # Errors
/// A [`HostError`].
pub(super) fn host<'h>(
    headers: &'h HeaderMap,
    answered: AnsweredHosts<'_>,
) -> Result<&'h str, HostError> {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(value), None) = (hosts.next(), hosts.next()) else { return Err(HostError::Invalid) };
    let authority = value.to_str().map_err(|_| HostError::Invalid)?;
    let (host, port) = host_and_port(authority);
    if port.is_some_and(|port| port.len() > 5 || port.parse::<u16>().is_err()) {
        return Err(HostError::Invalid);
    }
    let name = host.strip_suffix('.').filter(|name| !name.ends_with(']')).unwrap_or(host);
    if !is_host(name) {
        return Err(HostError::Invalid);
    }
    if !answered.contains(name, port) {
        return Err(HostError::Foreign);
    }
    if name.len() < host.len() {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        return Err(HostError::TrailingDot { authority: format!("{name}{port}") });
    }
    Ok(host)
}

/// Whether a `Host` is the one that browsers send to this origin. The default port of the scheme
/// may be missing.
pub(super) fn is_host_of(authority: &str, origin: &str) -> bool {
    let scheme = origin.split("://").next().unwrap_or_default();
    UrlParts::of_web(&format!("{scheme}://{authority}"))
        .is_some_and(|url| url.rest.is_empty() && url.is_of(origin))
}

/// Whether a text is a name, an IPv4 address, or an IPv6 address in brackets.
///
/// A name has the characters of RFC 3986 §3.2.2, without escapes: browsers decode them.
fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|text| text.parse::<Ipv6Addr>().is_ok());
    }
    let is_name_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
    !text.is_empty()
        && text.len() <= LONGEST_NAME
        && !text.ends_with('.')
        && text.bytes().all(is_name_byte)
}

/// The URL of this host and path, for a person. A long path is left out.
pub(super) fn url(public_url: &PublicUrl, authority: &str, path: &str) -> String {
    let scheme = match public_url {
        PublicUrl::Fixed(origin) => origin.scheme,
        PublicUrl::FromHost(scheme) => *scheme,
    };
    let path = if path.len() <= LONGEST_SHOWN_PATH { path } else { "/" };
    format!("{}://{authority}{path}", scheme.as_str())
}

/// The same routes, except on hosts of single tools: there, these paths belong to the tool.
///
/// With `only_sessions`, hosts of templates keep the routes: their pages need the files of
/// `static/`.
pub(super) fn except_tool_hosts(routes: Vec<Route>, only_sessions: bool) -> Vec<Route> {
    wrap(routes, |handler| ExceptToolHosts { only_sessions, handler })
}

#[derive(Clone)]
struct ExceptToolHosts {
    only_sessions: bool,
    handler: Box<dyn Handler>,
}

#[rocket::async_trait]
impl Handler for ExceptToolHosts {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let gateway = RequestGateway::of(request);
        let served = gateway
            .zip(request.host())
            .and_then(|(gateway, host)| gateway.routes.tool_of_host(host.domain().as_str()));
        if served.is_some_and(|served| !self.only_sessions || served.session_target().is_ok()) {
            return Outcome::forward(data, Status::NotFound);
        }
        self.handler.handle(request, data).await
    }
}

/// The same routes, with wrapped handlers.
pub(super) fn wrap<H: Handler>(
    routes: Vec<Route>,
    guard: impl Fn(Box<dyn Handler>) -> H,
) -> Vec<Route> {
    let guarded = |mut route: Route| {
        route.handler = Box::new(guard(route.handler));
        route
    };
    routes.into_iter().map(guarded).collect()
}

/// The host and port of a checked request.
pub(super) fn authority(request: &Request<'_>) -> String {
    request.host().map(ToString::to_string).unwrap_or_default()
}

/// The host and port of a request. Pages show launch URLs with it.
pub(super) struct Authority(String);

impl Authority {
    /// The host and port, as in a URL.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// This machine's other loopback name, with the same port. For browsers it is another site.
    pub(super) fn other(&self) -> String {
        other_loopback(&self.0)
    }
}

/// The other loopback name for a request to this host and port. See [`Authority::other`].
pub(super) fn other_loopback(authority: &str) -> String {
    let port = host_and_port(authority).1;
    let host = if authority.starts_with("localhost") { "127.0.0.1" } else { "localhost" };
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Authority {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Self::Error> {
        request::Outcome::Success(Self(authority(request)))
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;
    use rocket::http::uri::Host;

    use super::*;
    use crate::url::Scheme;

    const DEVELOPMENT: AnsweredHosts<'_> = AnsweredHosts::Loopback(None);

    fn headers(hosts: &[&[u8]]) -> HeaderMap {
        let value = |host: &&[u8]| HeaderValue::from_bytes(host).expect("a value");
        hosts.iter().map(|host| (HOST, value(host))).collect()
    }

    #[track_caller]
    fn check(value: &str, development: bool, expected: Result<&str, HostError>) {
        let answered = if development { DEVELOPMENT } else { AnsweredHosts::All };
        assert_eq!(host(&headers(&[value.as_bytes()]), answered), expected, "{value}");
    }

    #[test]
    fn a_well_formed_host_is_returned_without_its_port() {
        for (value, expected) in [
            ("tools.example", "tools.example"),
            ("Tools.EXAMPLE:443", "Tools.EXAMPLE"),
            ("tools.example:", "tools.example"),
            ("tools.example:00080", "tools.example"),
            ("tools.example:65535", "tools.example"),
            ("xn--bungen-0ya.example", "xn--bungen-0ya.example"),
            ("my_tools", "my_tools"),
            ("192.0.2.1:8000", "192.0.2.1"),
            ("[::1]", "[::1]"),
            ("[2001:DB8::1]:8443", "[2001:DB8::1]"),
            ("[::ffff:192.0.2.1]:", "[::ffff:192.0.2.1]"),
        ] {
            check(value, false, Ok(expected));
            // Rocket's routes read the same host.
            let rocket = Host::parse_bytes(value.as_bytes()).expect("a host");
            assert_eq!(rocket.domain().as_str(), expected, "{value}");
        }
    }

    #[test]
    fn anything_else_is_invalid() {
        let long = "a".repeat(254);
        for value in [
            "",
            " ",
            ".",
            "..",
            ":443",
            ".:443",
            "tools.example..",
            "tools.example..:443",
            "tools example",
            "tools.example, evil.example",
            "tools.example,evil.example:x",
            "ada@tools.example",
            "ada:pw@tools.example:443",
            "@tools.example",
            "tools.example:443:80",
            "tools.example:http",
            "tools.example:-1",
            "tools.example:+80",
            "tools.example:65536",
            "tools.example:000080",
            "tools.example:443.",
            "tools.example/",
            "tools.example/lti",
            "tools.example?x",
            "tools.example#x",
            "https://tools.example",
            "tools\\example",
            "tools%2eexample",
            "tools.example%2e",
            "\"tools.example\"",
            "<b>",
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[::1].",
            "[::1]x",
            "[::1]:x",
            "[::1%25eth0]",
            "[v1.x]",
            "[tools.example]",
            "[127.0.0.1]",
            "übungen.example",
            "tools．example",
            "tools.example。",
            &long,
        ] {
            check(value, false, Err(HostError::Invalid));
            check(value, true, Err(HostError::Invalid));
        }
        let answered = AnsweredHosts::All;
        assert_eq!(host(&headers(&[b"tools.example\xff"]), answered), Err(HostError::Invalid));
        let one: &[u8] = b"localhost";
        for hosts in [&[][..], &[one, one], &[one, b"evil.example"], &[b"", one]] {
            assert_eq!(host(&headers(hosts), answered), Err(HostError::Invalid), "{hosts:?}");
        }
    }

    #[test]
    fn a_trailing_dot_names_the_host_without_it() {
        for (value, without) in [
            ("tools.example.", "tools.example"),
            ("Tools.Example.:443", "Tools.Example:443"),
            ("tools.example.:", "tools.example"),
            ("192.0.2.1.:80", "192.0.2.1:80"),
        ] {
            let authority = without.to_owned();
            check(value, false, Err(HostError::TrailingDot { authority }));
            check(value, true, Err(HostError::Foreign));
        }
        let authority = "localhost:5000".to_owned();
        check("localhost.:5000", true, Err(HostError::TrailingDot { authority }));
    }

    #[test]
    fn development_answers_only_loopback() {
        for (value, expected) in [
            ("LOCALHOST:5000", "LOCALHOST"),
            ("practice.localhost", "practice.localhost"),
            ("127.0.0.1:5000", "127.0.0.1"),
            ("[::1]:5000", "[::1]"),
        ] {
            check(value, true, Ok(expected));
        }
        for value in ["tools.example", "localhost.evil.example", "192.168.0.1", "[::2]", "evil."] {
            check(value, true, Err(HostError::Foreign));
        }
    }

    #[test]
    fn a_host_of_an_origin_has_its_name_and_its_port() {
        let check = |origin: &str, good: &[&str], bad: &[&str]| {
            for (hosts, expected) in [(good, true), (bad, false)] {
                for host in hosts {
                    assert_eq!(is_host_of(host, origin), expected, "{host} of {origin}");
                }
            }
        };
        check(
            "https://tools.example",
            &["tools.example", "Tools.EXAMPLE", "tools.example:443", "tools.example:"],
            &["", "tools.example:80", "tools.example:8443", "a.tools.example", "127.0.0.1:5000"],
        );
        check(
            "https://tools.example:8443",
            &["tools.example:8443"],
            &["tools.example", "tools.example:443", "tools.example/:8443"],
        );
        check("http://[::1]:5000", &["[::1]:5000"], &["[::1]", "localhost:5000"]);
    }

    #[test]
    fn dev_host_is_exactly_one_further_host() {
        let origin = |scheme, authority: &str| Origin { scheme, authority: authority.to_owned() };
        let forwarded = origin(Scheme::Https, "name-5000.app.github.dev");
        let with_port = origin(Scheme::Https, "dev.example:8443");
        let container = origin(Scheme::Http, "localhost:5000");
        for (origin, value, is_answered) in [
            (&forwarded, "name-5000.app.github.dev", true),
            (&forwarded, "NAME-5000.App.GitHub.dev", true),
            (&forwarded, "name-5000.app.github.dev:443", true),
            (&forwarded, "name-5000.app.github.dev:", true),
            (&forwarded, "localhost:5000", true),
            (&forwarded, "127.0.0.1:5000", true),
            (&forwarded, "name-5000.app.github.dev:80", false),
            (&forwarded, "name-5000.app.github.dev:5000", false),
            (&forwarded, "name-5001.app.github.dev", false),
            (&forwarded, "x.name-5000.app.github.dev", false),
            (&forwarded, "name-5000.app.github.dev.evil.example", false),
            (&forwarded, "app.github.dev", false),
            (&with_port, "dev.example:8443", true),
            (&with_port, "dev.example", false),
            (&with_port, "dev.example:443", false),
            (&container, "localhost:8080", true),
            (&container, "192.168.0.7:5000", false),
        ] {
            let headers = headers(&[value.as_bytes()]);
            let answered = host(&headers, AnsweredHosts::Loopback(Some(origin)));
            assert_eq!(answered.is_ok(), is_answered, "{value} of {origin}");
            if !is_answered {
                assert_eq!(answered, Err(HostError::Foreign), "{value} of {origin}");
            }
        }
    }

    #[test]
    fn a_shown_url_has_no_long_path() {
        let origin = Origin { scheme: Scheme::Https, authority: "tools.example".to_owned() };
        let fixed = PublicUrl::Fixed(origin);
        let shown = |path: &str| url(&fixed, "nb.example:8443", path);
        assert_eq!(shown("/lti/nb"), "https://nb.example:8443/lti/nb");
        assert_eq!(shown(&format!("/{}", "a".repeat(200))), "https://nb.example:8443/");
        assert_eq!(url(&PublicUrl::FromHost(Scheme::Http), "localhost", "/"), "http://localhost/");
    }
}
