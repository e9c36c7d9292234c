//! URLs that the platform may have signed instead of the launched one.

use super::context::{DiagnosisContext, KnownUrl};
use super::search::Search;
use crate::oauth1::encode::{decode, encode};
use crate::v1p1::cause::Cause;
use crate::v1p1::launch_request::ReceivedOrigin;

/// Typical ports of apps behind a proxy.
const PORTS: [&str; 3] = ["5000", "8000", "8080"];

/// The parts of a URL. The port is a string, as written.
#[derive(Clone, Copy, PartialEq)]
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<&'a str>,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn new(scheme: &'a str, authority: &'a str, path: &'a str) -> Self {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, Some(port))
            }
            _ => (authority, None),
        };
        let own = match scheme {
            "https" => "443",
            _ => "80",
        };
        Self { scheme, host, port: port.filter(|port| !port.is_empty() && *port != own), path }
    }

    /// The URL without any normalization, as some platforms sign it.
    fn text(&self) -> String {
        format!("{}{}", self.origin(), self.path)
    }

    fn origin(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", self.scheme, self.host)
    }

    /// Whether a launch that arrived at `received` shows that this URL is right, and that the
    /// gateway's own origin is not.
    ///
    /// The signature proves the URL of the platform; the request shows that browsers reach the
    /// gateway there. An `http` URL proves nothing about a gateway that expects `https`: a platform
    /// may have the wrong scheme, and a router accept it.
    fn is_where_it_arrived(&self, received: &ReceivedOrigin<'_>, own: &Self) -> bool {
        let authority = received.authority.to_ascii_lowercase();
        let arrived = Parts::new(self.scheme, &authority, self.path);
        let is_downgrade = (self.scheme, own.scheme) == ("http", "https");
        let arrived_here = if self.host == own.host {
            let is_port_of_request = self.port == arrived.port;
            is_port_of_request && (self.port != own.port || received.scheme == Some(self.scheme))
        } else {
            // A proxy may show its own port instead of the browser's.
            self.host == arrived.host
        };
        arrived_here && !is_downgrade && self.path == own.path
    }

    /// The difference from the expected URL.
    fn difference(&self, own: &Self) -> Cause {
        let bare = |path: &'a str| path.strip_suffix('/').unwrap_or(path);
        let same = (
            self.scheme == own.scheme,
            self.host == own.host,
            self.port == own.port,
            self.path == own.path,
        );
        match same {
            (false, true, true, true) => Cause::Scheme(self.scheme.to_owned()),
            (true, false, true, true) if self.host.eq_ignore_ascii_case(own.host) => {
                Cause::HostCase(self.host.to_owned())
            }
            (true, false, true, true) => Cause::Host(self.host.to_owned()),
            (true, true, false, true) => Cause::Port(self.port.map(str::to_owned)),
            (true, true, true, false) if bare(self.path) == bare(own.path) => {
                Cause::Slash(self.path.ends_with('/'))
            }
            (true, true, true, false) => Cause::Path(self.path.to_owned()),
            _ => Cause::Address(self.text()),
        }
    }
}

impl Search<'_> {
    /// Base string URIs that differ from the expected one, each with its difference.
    pub(super) fn urls(&self, context: Option<&DiagnosisContext>) -> Vec<(Cause, String)> {
        let request = self.trial.request;
        let others = context.map(|context| context.urls.as_slice()).unwrap_or_default();
        let authority = request.authority.to_ascii_lowercase();
        let received = self.received.map(|received| received.authority.to_ascii_lowercase());
        let own = Parts::new(request.scheme, &authority, request.path);
        let of_others: Vec<Parts<'_>> = others
            .iter()
            .map(|KnownUrl { scheme, authority, path, .. }| Parts::new(scheme, authority, path))
            .collect();

        let www = match own.host.strip_prefix("www.") {
            Some(bare) => bare.to_owned(),
            None => format!("www.{}", own.host),
        };
        let capitals = own.host.to_ascii_uppercase();
        let mut hosts = vec![own.host, www.as_str()];
        let mut ports = vec![own.port, None, Some("443"), Some("80")];
        if context.is_some() {
            hosts.extend(["localhost", "127.0.0.1", capitals.as_str()]);
            hosts.extend(of_others.iter().map(|parts| parts.host));
            ports.extend(PORTS.map(Some));
            ports.extend(of_others.iter().map(|parts| parts.port));
        }
        let own_toggled = toggled(own.path);
        let schemes = [own.scheme, if own.scheme == "https" { "http" } else { "https" }];

        let decoded = decode(own.path).unwrap_or_default();
        let encoded = decoded.split('/').map(encode).collect::<Vec<_>>().join("/");
        let lowered = own.path.to_ascii_lowercase();
        let (single, doubled) = (own.path.replace("//", "/"), format!("/{}", own.path));
        let mut tried = Vec::new();
        for scheme in schemes {
            for &host in &unique(hosts.clone()) {
                for &port in &unique(ports.clone()) {
                    for path in [own.path, own_toggled.as_str()] {
                        tried.push(Parts { scheme, host, port, path });
                    }
                }
            }
        }
        if context.is_some() {
            let mut paths = vec!["", "/", &decoded, &encoded, &lowered, &single, &doubled];
            paths.extend(of_others.iter().map(|parts| parts.path));
            for path in unique(paths) {
                tried.extend(schemes.map(|scheme| Parts { scheme, path, ..own }));
            }
            tried.extend(&of_others);
        }
        // The origin of the request itself, for a wrong `public_url`. Its scheme is one of both.
        for scheme in schemes {
            let Some(authority) = &received else { break };
            let parts = Parts::new(scheme, authority, own.path);
            let hosts = [parts.host, parts.host, parts.host, own.host];
            let ports = [parts.port, None, own.port, parts.port];
            tried.extend(hosts.into_iter().zip(ports).map(|(host, port)| Parts {
                host,
                port,
                ..parts
            }));
        }

        let captured = others
            .iter()
            .filter(|url| url.tool.is_none())
            .map(|url| ReceivedOrigin { scheme: Some(&url.scheme), authority: &url.authority });
        let arrivals: Vec<ReceivedOrigin<'_>> = self.received.into_iter().chain(captured).collect();
        let difference = |parts: &Parts<'_>| match parts.difference(&own) {
            Cause::HostCase(host) => Cause::HostCase(host),
            _ if arrivals.iter().any(|received| parts.is_where_it_arrived(received, &own)) => {
                Cause::PublicUrl(parts.origin())
            }
            other => other,
        };

        let expected = self.trial.base_uri();
        let found = unique(tried).into_iter().map(|parts| (difference(&parts), parts.text()));
        found.filter(|(_, uri)| *uri != expected).collect()
    }
}

/// Adds a trailing slash to a path, or removes it.
fn toggled(path: &str) -> String {
    path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned)
}

/// Removes duplicates, except for the first of each.
fn unique<T: PartialEq + Copy>(items: Vec<T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_difference_is_named_and_several_are_an_address() {
        let own = Parts::new("https", "tools.example:443", "/lti/a");
        let check = |scheme: &str, authority: &str, path: &str, expected: Cause| {
            assert_eq!(Parts::new(scheme, authority, path).difference(&own), expected);
        };
        check("http", "tools.example", "/lti/a", Cause::Scheme("http".to_owned()));
        check("https", "www.tools.example", "/lti/a", Cause::Host("www.tools.example".to_owned()));
        check("https", "Tools.example", "/lti/a", Cause::HostCase("Tools.example".to_owned()));
        check("https", "tools.example:8443", "/lti/a", Cause::Port(Some("8443".to_owned())));
        check("https", "tools.example", "/lti/a/", Cause::Slash(true));
        check("https", "tools.example", "/lti/b", Cause::Path("/lti/b".to_owned()));
        let several = Cause::Address("http://tools.example:8080/lti/a".to_owned());
        check("http", "tools.example:8080", "/lti/a", several);
        let beside = Parts::new("https", "tools.example:8443", "/lti/a/");
        assert_eq!(
            own.difference(&beside),
            Cause::Address("https://tools.example/lti/a".to_owned())
        );
        let with_port = Parts { port: Some("8443"), ..own };
        assert_eq!(own.difference(&with_port), Cause::Port(None));
        let with_slash = Parts { path: "/lti/a/", ..own };
        assert_eq!(own.difference(&with_slash), Cause::Slash(false));
    }
}
