//! Addresses that may have been signed in place of the one that is launched.

use super::context::{DiagnosisContext, KnownUrl};
use super::search::Search;
use crate::oauth1::base_string::base_uri;
use crate::oauth1::encode::{decode, encode};
use crate::v1p1::cause::Cause;

/// Ports that apps listen on behind a proxy.
const PORTS: [&str; 3] = ["5000", "8000", "8080"];

/// The parts of an address. The port is text, as it is written.
#[derive(Clone, Copy)]
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

    /// As a platform writes it that neither lowers the case nor takes the scheme's own port away.
    fn text(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.scheme, self.host, self.path)
    }

    /// What is another in it than in the address that is compared.
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
    /// Base string URIs that are others than the one that is compared, with what is other in them.
    pub(super) fn addresses(&self, context: Option<&DiagnosisContext>) -> Vec<(Cause, String)> {
        let request = self.trial.request;
        let others = context.map(|context| context.urls.as_slice()).unwrap_or_default();
        let authority = request.authority.to_ascii_lowercase();
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
        let decoded = decode(own.path).unwrap_or_default();
        let encoded = decoded.split('/').map(encode).collect::<Vec<_>>().join("/");
        let lowered = own.path.to_ascii_lowercase();
        let (single, doubled) = (own.path.replace("//", "/"), format!("/{}", own.path));
        if context.is_some() {
            let mut paths = vec!["", "/", &decoded, &encoded, &lowered, &single, &doubled];
            paths.extend(of_others.iter().map(|parts| parts.path));
            for path in unique(paths) {
                tried.extend(schemes.map(|scheme| Parts { scheme, path, ..own }));
            }
            tried.extend(&of_others);
        }

        let compared = self.trial.base_uri();
        let of_tools = others.iter().filter_map(|other| {
            let tool = other.tool.as_ref()?;
            let uri = |path: &str| base_uri(&other.scheme, &other.authority, path);
            let uris = [uri(&other.path), uri(&toggled(&other.path))];
            Some(uris.map(|uri| (Cause::AddressOfTool(tool.clone()), uri)))
        });
        let found = of_tools
            .flatten()
            .chain(tried.iter().map(|parts| (parts.difference(&own), parts.text())));
        found.filter(|(_, uri)| *uri != compared).collect()
    }
}

/// The path with a slash at its end, or without the one that is there.
fn toggled(path: &str) -> String {
    path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned)
}

/// Each once, where it stood first.
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
    fn one_part_that_is_another_is_named_and_several_as_an_address() {
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
