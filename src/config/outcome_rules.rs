//! The hosts and URLs that may receive grades.

use std::borrow::Cow;

use super::key::OUTCOME_HOSTS;
use super::outcome_host::{Host, HostRule};
use crate::url::{BaseUrl, UrlParts, is_loopback};

/// The hosts and URLs that may receive grades. Outcome URLs come from launches, so they are
/// untrusted.
///
/// The default allows every host with a public address, and changes no URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRules {
    hosts: Vec<HostRule>,
    /// In descending order of the prefix's length.
    rewrites: Vec<Rewrite>,
}

/// One entry of `outcome_url_rewrite`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rewrite {
    /// Scheme, host and port of the prefix, in lower case: `http://lms.example`.
    origin: String,
    /// The path of the prefix, without a trailing slash.
    path: String,
    /// The replacement of origin and path, without a trailing slash.
    target: String,
}

impl Default for OutcomeRules {
    fn default() -> Self {
        Self::new(default_hosts(), Vec::new())
    }
}

/// The default of `outcome_hosts`.
pub(super) fn default_hosts() -> Vec<HostRule> {
    OUTCOME_HOSTS.iter().filter_map(|host| HostRule::parse(host).ok()).collect()
}

impl OutcomeRules {
    /// Rules for these hosts, and for these pairs of a prefix and its replacement.
    pub(super) fn new(hosts: Vec<HostRule>, rewrites: Vec<(BaseUrl, BaseUrl)>) -> Self {
        let mut rewrites: Vec<_> = rewrites
            .into_iter()
            .map(|(prefix, target)| Rewrite {
                origin: prefix.origin.to_string(),
                path: prefix.path,
                target: target.to_string(),
            })
            .collect();
        rewrites
            .sort_by_key(|rewrite| std::cmp::Reverse(rewrite.origin.len() + rewrite.path.len()));
        Self { hosts, rewrites }
    }

    /// The same rules, which also list these hosts by name.
    pub(super) fn naming(mut self, hosts: Vec<String>) -> Self {
        for host in hosts {
            let rule = HostRule::One(Host::of(&host));
            if !self.hosts.contains(&rule) {
                self.hosts.push(rule);
            }
        }
        self
    }

    /// Whether the rules allow grades to this host name or address. An allowed host must also have
    /// a public address, unless the rules list it by name ([`Self::names`]). The client checks the
    /// address when it connects. Case and a trailing dot do not count. An IPv6 address may have
    /// brackets.
    pub fn allows(&self, host: &str) -> bool {
        let host = Host::of(host);
        self.hosts.iter().any(|rule| rule.allows(&host))
    }

    /// Whether the rules list this host by name, so that it may have a private address. Accepts the
    /// same spellings as [`Self::allows`].
    pub fn names(&self, host: &str) -> bool {
        self.hosts.contains(&HostRule::One(Host::of(host)))
    }

    /// Whether picked links may go to this URL at a platform. It must be https. A host that the
    /// rules list by name may have http and, in development, a loopback host.
    pub fn accepts_links_at(&self, url: &str, development: bool) -> bool {
        let Some(parts) = UrlParts::of_web(url) else { return false };
        let host = parts.host();
        parts.scheme.eq_ignore_ascii_case("https")
            || (development && is_loopback(host))
            || self.names(host)
    }

    /// Rewrites an outcome URL to the URL that the gateway calls: replaces its longest configured
    /// prefix once, and copies the rest byte for byte. Without a matching prefix, returns the URL
    /// itself.
    ///
    /// The comparison ignores the case of scheme and host. A prefix ends at the end of a path
    /// segment, so `http://lms.example` is a prefix of neither `http://lms.example.evil/` nor
    /// `http://lms.example@evil/`.
    pub fn rewrite<'u>(&self, url: &'u str) -> Cow<'u, str> {
        let rewritten = self.rewrites.iter().find_map(|rewrite| rewrite.apply(url));
        rewritten.map_or(Cow::Borrowed(url), Cow::Owned)
    }
}

impl Rewrite {
    /// The URL with its prefix replaced; `None` if it has another prefix.
    fn apply(&self, url: &str) -> Option<String> {
        let (origin, rest) = url.split_at_checked(self.origin.len())?;
        let rest = rest.strip_prefix(self.path.as_str())?;
        let is_whole_segment = rest.is_empty() || rest.starts_with(['/', '?']);
        (is_whole_segment && origin.eq_ignore_ascii_case(&self.origin))
            .then(|| format!("{}{rest}", self.target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::upstream_url;

    fn rules(rewrites: &[(&str, &str)]) -> OutcomeRules {
        let url = |text: &str| upstream_url::parse(text).expect("an address");
        let rewrites = rewrites.iter().map(|(prefix, target)| (url(prefix), url(target))).collect();
        OutcomeRules::new(vec![HostRule::Any], rewrites)
    }

    #[test]
    fn a_prefix_is_replaced_and_the_rest_is_copied_byte_for_byte() {
        let rules = rules(&[
            ("http://lms.example", "https://lms.example/"),
            ("http://LMS.example:8000/", "https://lms.example"),
            ("http://lms.example/courses/", "http://127.0.0.1:18000/edx"),
            ("http://[::1]", "https://lms.example"),
        ]);
        for (url, expected) in [
            ("http://lms.example", "https://lms.example"),
            ("http://lms.example/", "https://lms.example/"),
            ("http://lms.example?a=b", "https://lms.example?a=b"),
            ("HTTP://Lms.Example/A%2fb//c/?d=%20&e", "https://lms.example/A%2fb//c/?d=%20&e"),
            ("http://lms.example/ü", "https://lms.example/ü"),
            ("http://lms.example:8000/a", "https://lms.example/a"),
            ("http://lms.example/courses", "http://127.0.0.1:18000/edx"),
            ("http://lms.example/courses/x", "http://127.0.0.1:18000/edx/x"),
            ("http://lms.example/courses?x", "http://127.0.0.1:18000/edx?x"),
            ("http://lms.example/coursesx", "https://lms.example/coursesx"),
            ("http://lms.example/Courses/x", "https://lms.example/Courses/x"),
            ("http://[::1]/x", "https://lms.example/x"),
        ] {
            assert_eq!(rules.rewrite(url), expected, "{url}");
        }
    }

    #[test]
    fn a_url_with_a_similar_prefix_is_not_rewritten() {
        let rules =
            rules(&[("http://lms.example", "https://lms.example"), ("http://a/b", "https://c")]);
        for url in [
            "",
            "http://",
            "http://lms.exampl",
            "http://lms.exampleü",
            "http://lms.exampl\u{e9}",
            "http://lms.example.evil/",
            "http://lms.example@evil/",
            "http://lms.example:pw@evil/",
            "http://lms.example:80/",
            "http://lms.example./",
            "http://lms.example\\@evil/",
            "http://lms.example#/",
            "http://lms.example%2fevil/",
            "http://evil/http://lms.example/",
            " http://lms.example/",
            "https://lms.example/",
            "http://a",
            "http://a/bc",
            "http://a/B",
            "http://a//b",
        ] {
            assert!(matches!(rules.rewrite(url), Cow::Borrowed(same) if same == url), "{url}");
        }
    }

    #[test]
    fn a_url_is_rewritten_once() {
        let rules = rules(&[("http://a", "http://b"), ("http://b", "http://a")]);
        assert_eq!(rules.rewrite("http://a/x"), "http://b/x");
        assert_eq!(rules.rewrite("http://b/x"), "http://a/x");
    }

    #[test]
    fn the_default_allows_every_host_and_lists_none_by_name() {
        let rules = OutcomeRules::default();
        for host in ["lms.example", "localhost", "127.0.0.1", "[::1]"] {
            assert!(rules.allows(host) && !rules.names(host), "{host}");
        }
        assert_eq!(rules.rewrite("http://lms.example/x"), "http://lms.example/x");
    }
}
