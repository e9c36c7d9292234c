//! Where grades may be sent.

use std::borrow::Cow;

use super::key::OUTCOME_HOSTS;
use super::outcome_host::{Host, HostRule};
use crate::url::BaseUrl;

/// Where grades may be sent. Outcome URLs come with launches, and so from outside.
///
/// The default is any host, as far as its name tells, and each URL as the platform writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRules {
    hosts: Vec<HostRule>,
    /// The longest prefix first.
    rewrites: Vec<Rewrite>,
}

/// One of `outcome_url_rewrite`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rewrite {
    /// Scheme, host and port of the prefix, in lower case: `http://lms.example`.
    origin: String,
    /// Its path, without a slash at its end.
    path: String,
    /// What takes their place, without a slash at its end.
    target: String,
}

impl Default for OutcomeRules {
    fn default() -> Self {
        Self::new(default_hosts(), Vec::new())
    }
}

/// The hosts without the key `outcome_hosts`.
pub(super) fn default_hosts() -> Vec<HostRule> {
    OUTCOME_HOSTS.iter().filter_map(|host| HostRule::parse(host).ok()).collect()
}

impl OutcomeRules {
    /// Of these hosts, and prefixes with what takes their place.
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

    /// Whether grades may be sent to this host, as far as its name tells. Unless it is exactly named ([`Self::names`]), the
    /// address behind it has to be a public one, too, which is asked when it is connected to. An IPv6 address stands in
    /// brackets or without; case and a dot at the end do not count.
    pub fn allows(&self, host: &str) -> bool {
        let host = Host::of(host);
        self.hosts.iter().any(|rule| rule.allows(&host))
    }

    /// Whether this very host is named, so that the address behind it may also be a private one. Spellings are as for
    /// [`Self::allows`].
    pub fn names(&self, host: &str) -> bool {
        self.hosts.contains(&HostRule::One(Host::of(host)))
    }

    /// The address by which an outcome URL is really reached: the longest prefix that it begins with is replaced by what
    /// stands beside that in the file, once, and all behind it stays byte for byte; the URL itself where there is none.
    ///
    /// Scheme and host are compared without case. A prefix ends where a segment of the path does, so that
    /// `http://lms.example` is none of `http://lms.example.evil/` and none of `http://lms.example@evil/`.
    pub fn rewrite<'u>(&self, url: &'u str) -> Cow<'u, str> {
        let rewritten = self.rewrites.iter().find_map(|rewrite| rewrite.apply(url));
        rewritten.map_or(Cow::Borrowed(url), Cow::Owned)
    }
}

impl Rewrite {
    /// The URL with its beginning replaced, if it begins so.
    fn apply(&self, url: &str) -> Option<String> {
        let (origin, rest) = url.split_at_checked(self.origin.len())?;
        let rest = rest.strip_prefix(self.path.as_str())?;
        let ends_there = rest.is_empty() || rest.starts_with(['/', '?']);
        (ends_there && origin.eq_ignore_ascii_case(&self.origin))
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
    fn a_prefix_is_replaced_and_what_follows_stays_byte_for_byte() {
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
    fn what_only_looks_like_a_prefix_is_left_alone() {
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
    fn by_default_every_host_is_allowed_and_none_named() {
        let rules = OutcomeRules::default();
        for host in ["lms.example", "localhost", "127.0.0.1", "[::1]"] {
            assert!(rules.allows(host) && !rules.names(host), "{host}");
        }
        assert_eq!(rules.rewrite("http://lms.example/x"), "http://lms.example/x");
    }
}
