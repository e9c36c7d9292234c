//! The values in `outcome_hosts`.

use std::net::{IpAddr, Ipv6Addr};

use thiserror::Error;

use super::host_name::{self, HostNameError};

/// One value in `outcome_hosts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostRule {
    /// `*`: every host.
    Any,
    /// `*.example.edu`: every host name below this one.
    Below(String),
    /// Only this host.
    One(Host),
}

/// A host in normalized spelling, so that two can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A host name in lower case, without a trailing dot.
    Name(String),
    /// An IP address.
    Address(IpAddr),
}

/// Why a value in `outcome_hosts` is invalid. Each message is the end of a sentence that starts with
/// "the outcome host".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OutcomeHostError {
    #[error("is empty")]
    Empty,
    #[error("has a scheme; an outcome host covers http and https")]
    Scheme,
    #[error("has a path; an outcome host covers all paths")]
    Path,
    #[error("is not a valid IP address")]
    Address,
    #[error("has a port; an outcome host covers all ports")]
    Port,
    #[error("has a * that is not the whole first part")]
    Wildcard,
    #[error("ends in a number but is not an IP address, which has four numbers: 127.0.0.1")]
    Number,
    #[error(transparent)]
    Name(#[from] HostNameError),
}

impl HostRule {
    /// Parses a value in `outcome_hosts`.
    pub(super) fn parse(text: &str) -> Result<Self, OutcomeHostError> {
        if text.is_empty() {
            return Err(OutcomeHostError::Empty);
        }
        if text == "*" {
            return Ok(Self::Any);
        }
        if text.contains("://") {
            return Err(OutcomeHostError::Scheme);
        }
        if text.contains('/') {
            return Err(OutcomeHostError::Path);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::One(Host::Address(address)));
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']').ok_or(OutcomeHostError::Address)?;
            if rest.starts_with(':') {
                return Err(OutcomeHostError::Port);
            }
            let address: Option<Ipv6Addr> = address.parse().ok().filter(|_| rest.is_empty());
            let address = address.ok_or(OutcomeHostError::Address)?;
            return Ok(Self::One(Host::Address(address.into())));
        }
        if text.contains(':') {
            let has_port = text.matches(':').count() == 1;
            return Err(if has_port { OutcomeHostError::Port } else { OutcomeHostError::Address });
        }
        match text.strip_prefix("*.") {
            Some(parent) => Ok(Self::Below(name(parent)?)),
            None => Ok(Self::One(Host::Name(name(text)?))),
        }
    }

    /// Whether the rule allows this host.
    pub(super) fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Below(parent), Host::Name(name)) => is_below(name, parent),
            (Self::Below(_), Host::Address(_)) => false,
            (Self::One(one), host) => one == host,
        }
    }
}

impl Host {
    /// The host of a URL, in any case. An IPv6 address may have brackets.
    pub(super) fn of(text: &str) -> Self {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        match bare.parse() {
            Ok(address) => Self::Address(address),
            Err(_) => Self::Name(without_trailing_dot(text).to_ascii_lowercase()),
        }
    }
}

/// Parses a host name. Names of containers and private networks may contain `_`.
fn name(text: &str) -> Result<String, OutcomeHostError> {
    let text = without_trailing_dot(text);
    if text.contains('*') {
        return Err(OutcomeHostError::Wildcard);
    }
    host_name::check(text, true)?;
    if host_name::ends_in_number(text) {
        return Err(OutcomeHostError::Number);
    }
    Ok(text.to_ascii_lowercase())
}

/// The name without a trailing dot, which only marks it as absolute.
fn without_trailing_dot(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}

/// Whether a name is below another one. A name is not below itself.
fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent)
        .and_then(|rest| rest.strip_suffix('.'))
        .is_some_and(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_host_is_any_host_one_host_or_all_names_below_one() {
        let named = |name: &str| HostRule::One(Host::Name(name.to_owned()));
        let address =
            |address: &str| HostRule::One(Host::Address(address.parse().expect("an address")));
        for (good, expected) in [
            ("*", HostRule::Any),
            ("lms.example.edu", named("lms.example.edu")),
            ("LMS.Example.edu.", named("lms.example.edu")),
            ("localhost", named("localhost")),
            ("edx_lms", named("edx_lms")),
            ("xn--bung-zra.example", named("xn--bung-zra.example")),
            ("1.example", named("1.example")),
            ("*.example.edu", HostRule::Below("example.edu".to_owned())),
            ("*.Example.edu.", HostRule::Below("example.edu".to_owned())),
            ("127.0.0.1", address("127.0.0.1")),
            ("::1", address("::1")),
            ("[::1]", address("::1")),
            ("[FD00:0::1]", address("fd00::1")),
        ] {
            assert_eq!(HostRule::parse(good), Ok(expected), "{good}");
        }
        const ADDRESS: &str = "is not a valid IP address";
        const PORT: &str = "has a port; an outcome host covers all ports";
        const PATH: &str = "has a path; an outcome host covers all paths";
        const STAR: &str = "has a * that is not the whole first part";
        const CHARACTERS: &str = "contains characters that a host name cannot have";
        const NUMBER: &str =
            "ends in a number but is not an IP address, which has four numbers: 127.0.0.1";
        let long = format!("{}.example", "a".repeat(64));
        let longest = ["a"; 128].join(".");
        for (bad, why) in [
            ("", "is empty"),
            ("https://lms.example", "has a scheme; an outcome host covers http and https"),
            ("https://*", "has a scheme; an outcome host covers http and https"),
            ("lms.example/", PATH),
            ("lms.example/courses", PATH),
            ("10.0.0.0/8", PATH),
            ("lms.example:8443", PORT),
            ("127.0.0.1:8000", PORT),
            ("[::1]:8000", PORT),
            ("*:8000", PORT),
            ("[::1", ADDRESS),
            ("[127.0.0.1]", ADDRESS),
            ("[::1]x", ADDRESS),
            ("fe80::1%eth0", ADDRESS),
            ("1:2:3", ADDRESS),
            ("**", STAR),
            ("*lms.example", STAR),
            ("lms.*", STAR),
            ("*.*.example", STAR),
            ("*.", "has one dot too many"),
            (".", "has one dot too many"),
            (".example", "has one dot too many"),
            ("*..example", "has one dot too many"),
            ("lms.example..", "has one dot too many"),
            ("übung.example", "contains non-ASCII characters: write such a name as xn--…"),
            ("lms example", CHARACTERS),
            ("me@lms.example", CHARACTERS),
            ("lms.example\n", CHARACTERS),
            ("*.[::1]", ADDRESS),
            ("127.1", NUMBER),
            ("0x7F", NUMBER),
            ("*.0.0.1", NUMBER),
            (&long, "has a part of more than 63 characters"),
            (&longest, "is longer than 253 characters"),
        ] {
            assert_eq!(HostRule::parse(bad).expect_err(bad).to_string(), why, "{bad}");
        }
    }

    #[test]
    fn a_rule_allows_its_host_in_any_spelling_and_no_other() {
        let allows = |rule: &str, host: &str| {
            HostRule::parse(rule).expect("an outcome host").allows(&Host::of(host))
        };
        for (rule, host) in [
            ("*", "lms.example"),
            ("*", "[::1]"),
            ("*", ""),
            ("lms.example", "LMS.example."),
            ("lms.example.", "lms.example"),
            ("*.example", "lms.example"),
            ("*.example", "a.b.example."),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "::1"),
            ("::1", "[::1]"),
            ("fd00::1", "[fd00:0:0::1]"),
        ] {
            assert!(allows(rule, host), "{rule} {host}");
        }
        for (rule, host) in [
            ("lms.example", "example"),
            ("lms.example", "a.lms.example"),
            ("lms.example", "lms.example.evil"),
            ("lms.example", "evil-lms.example"),
            ("lms.example", "lms.example.."),
            ("*.example", "example"),
            ("*.example", ".example"),
            ("*.example", "evilexample"),
            ("*.example", "lms.example.evil"),
            ("*.example", "127.0.0.1"),
            ("127.0.0.1", "127.0.0.2"),
            ("127.0.0.1", "[::ffff:127.0.0.1]"),
            ("::1", "::2"),
        ] {
            assert!(!allows(rule, host), "{rule} {host}");
        }
    }
}
