//! Where grades may be sent. Outcome URLs come with launches, and so from outside.

use std::borrow::Cow;
use std::net::IpAddr;

/// To which hosts grades may be sent, and by which other addresses platforms are really reached.
///
/// The default is any host by its name, and no other address than the platform's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRules {
    pub(super) hosts: Vec<HostRule>,
    /// The longest first.
    pub(super) rewrites: Vec<Rewrite>,
}

/// One of `outcome_hosts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostRule {
    /// `*`: every host.
    Any,
    /// `*.example.edu`: every name below this one.
    Below(String),
    /// This host alone.
    One(Host),
}

/// A host, in the one spelling in which two are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A name, in lower case and without a dot at its end.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// One of `outcome_url_rewrite`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rewrite {
    /// Scheme and authority of what is replaced, in lower case: `http://lms.example`.
    pub(super) origin: String,
    /// The path behind it, without a slash at its end.
    pub(super) path: String,
    /// What takes their place, without a slash at its end.
    pub(super) target: String,
}

impl Default for OutcomeRules {
    fn default() -> Self {
        Self { hosts: vec![HostRule::Any], rewrites: Vec::new() }
    }
}

impl OutcomeRules {
    /// Whether grades may be sent to this host, as far as its name tells; unless it is exactly named ([`Self::names`]), the
    /// address behind it has to be a public one, too. An IPv6 address stands in brackets or without.
    pub fn allows(&self, host: &str) -> bool {
        let host = Host::of(host);
        self.hosts.iter().any(|rule| match (rule, &host) {
            (HostRule::Any, _) => true,
            (HostRule::Below(parent), Host::Name(name)) => is_below(name, parent),
            (HostRule::Below(_), Host::Address(_)) => false,
            (HostRule::One(one), host) => one == host,
        })
    }

    /// Whether this very host is named, so that its address may also be a private one. An IPv6 address stands in brackets
    /// or without.
    pub fn names(&self, host: &str) -> bool {
        self.hosts.contains(&HostRule::One(Host::of(host)))
    }

    /// The address by which an outcome URL is really reached: the longest prefix that is written for it replaced by what
    /// stands beside that, and everything behind it byte for byte as it is; the URL itself where there is none.
    ///
    /// Scheme and host are compared without case. A prefix is one only where a segment of the path ends, so that
    /// `http://lms.example` is none of `http://lms.example.evil/` or `http://lms.example@evil/`.
    pub fn rewrite<'u>(&self, url: &'u str) -> Cow<'u, str> {
        let rewritten = self.rewrites.iter().find_map(|rewrite| rewrite.apply(url));
        rewritten.map_or(Cow::Borrowed(url), Cow::Owned)
    }
}

impl Host {
    /// The host that is spelt so, which may be in any case.
    pub(super) fn of(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match bare.parse() {
            Ok(address) => Self::Address(address),
            Err(_) => Self::Name(text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()),
        }
    }
}

impl Rewrite {
    /// The URL with its beginning replaced, if it begins so.
    fn apply(&self, url: &str) -> Option<String> {
        let (origin, rest) = url.split_at_checked(self.origin.len())?;
        let rest = rest.strip_prefix(self.path.as_str())?;
        let ends_here = rest.is_empty() || rest.starts_with(['/', '?']);
        (origin.eq_ignore_ascii_case(&self.origin) && ends_here).then(|| format!("{}{rest}", self.target))
    }
}

/// Whether a name is one below another, and not that itself.
fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).and_then(|rest| rest.strip_suffix('.')).is_some_and(|label| !label.is_empty())
}
