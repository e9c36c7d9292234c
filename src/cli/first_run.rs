//! What `serve` prints in development after the start: the URLs, and the secrets that are
//! placeholders.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::dev_access::DevAccess;
use crate::config::{Fault, Problem, PublicUrl};

/// The most names that a list shows.
const SHOWN_NAMES: usize = 6;
/// Up to this number, `check` reports each placeholder with its line.
const DETAILED: usize = 3;

/// The secrets that are not set, so that development uses placeholders: variables and keys, each
/// once, in the order of the tools file.
pub(super) struct Placeholders(Vec<String>);

impl Placeholders {
    /// Moves the warnings about placeholders out of the problems.
    pub(super) fn take(problems: &mut Vec<Problem>) -> Self {
        let mut names: Vec<String> = Vec::new();
        problems.retain(|problem| {
            let (Fault::Placeholder(name, _) | Fault::RandomPlaceholder(name)) = &problem.fault
            else {
                return true;
            };
            if !names.contains(name) {
                names.push(name.clone());
            }
            false
        });
        Self(names)
    }

    /// The same if there are so many that nobody would see the other problems.
    pub(super) fn take_many(problems: &mut Vec<Problem>) -> Option<Self> {
        let is_placeholder = |one: &&Problem| {
            matches!(one.fault, Fault::Placeholder(..) | Fault::RandomPlaceholder(_))
        };
        let are_many = problems.iter().filter(is_placeholder).count() > DETAILED;
        are_many.then(|| Self::take(problems))
    }
}

impl fmt::Display for Placeholders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, others) = self.0.split_at(self.0.len().min(SHOWN_NAMES));
        match (shown, others.len()) {
            ([], _) => Ok(()),
            ([only], 0) => f.write_str(only),
            ([first @ .., last], 0) => write!(f, "{} and {last}", first.join(", ")),
            (_, 1) => write!(f, "{} and 1 other", shown.join(", ")),
            (_, others) => write!(f, "{} and {others} others", shown.join(", ")),
        }
    }
}

/// The facts of the block.
pub(super) struct FirstRun {
    /// The number of tools.
    pub(super) tools: usize,
    /// The origin of launches.
    pub(super) public_url: PublicUrl,
    pub(super) placeholders: Placeholders,
    /// The access to a gateway with `dev_host`.
    pub(super) access: Option<DevAccess>,
}

impl FirstRun {
    /// The block, for a gateway that listens at this address.
    pub(super) fn text(&self, address: SocketAddr) -> String {
        let url = match &self.access {
            Some(access) => access.origin().to_string(),
            None => local_url(address),
        };
        let noun = if self.tools == 1 { "tool" } else { "tools" };
        let mut lines = vec![("practice", format!("{url}/dev"))];
        if let Some(access) = &self.access {
            lines.extend(access.lines(address));
        } else if let PublicUrl::Fixed(origin) = &self.public_url
            && origin.to_string() != url
        {
            lines.push(("launches", format!("signatures are verified for {origin}")));
        }
        if !self.placeholders.0.is_empty() {
            let names = &self.placeholders;
            let text = if self.access.is_some() {
                format!("random until the gateway stops for {names}; `/dev` signs with no other")
            } else {
                format!("public placeholders for {names}; fine on this machine")
            };
            lines.push(("secrets", text));
        }
        lines.push((
            "production",
            "`lti-gateway check --production` lists what is missing".to_owned(),
        ));
        let head = format!("lti-gateway in development: {} {noun} on {url}\n", self.tools);
        let width = lines.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
        lines
            .iter()
            .fold(head, |block, (label, text)| format!("{block}  {label:<width$}  {text}\n"))
    }
}

/// The URL for a browser on this machine.
fn local_url(address: SocketAddr) -> String {
    let ip = address.ip();
    let is_local = ip == IpAddr::from([127, 0, 0, 1]) || ip.is_unspecified();
    if is_local {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Location;
    use crate::url::{Origin, Scheme};

    const PUBLIC: &str = "development-secret";

    fn problem(fault: Fault) -> Problem {
        Problem { fault, location: Location::Whole("tools.toml".to_owned()) }
    }

    fn placeholder(name: &str) -> Problem {
        problem(Fault::Placeholder(name.to_owned(), PUBLIC))
    }

    fn first_run(names: &[String]) -> FirstRun {
        let mut problems: Vec<Problem> = names.iter().map(|name| placeholder(name)).collect();
        FirstRun {
            tools: names.len(),
            public_url: PublicUrl::FromHost(Scheme::Http),
            placeholders: Placeholders::take(&mut problems),
            access: None,
        }
    }

    fn secrets(block: &str) -> Option<&str> {
        block.lines().find_map(|line| line.strip_prefix("  secrets     "))
    }

    #[test]
    fn the_block_stays_short_for_any_number_of_tools() {
        let address = SocketAddr::from(([127, 0, 0, 1], 5000));
        for (count, expected) in [
            (0, None),
            (1, Some("public placeholders for S0; fine on this machine")),
            (2, Some("public placeholders for S0 and S1; fine on this machine")),
            (6, Some("public placeholders for S0, S1, S2, S3, S4 and S5; fine on this machine")),
            (
                7,
                Some(
                    "public placeholders for S0, S1, S2, S3, S4, S5 and 1 other; fine on this \
                     machine",
                ),
            ),
            (
                50,
                Some(
                    "public placeholders for S0, S1, S2, S3, S4, S5 and 44 others; fine on this \
                     machine",
                ),
            ),
        ] {
            let names: Vec<String> = (0..count).map(|number| format!("S{number}")).collect();
            let block = first_run(&names).text(address);
            assert_eq!(secrets(&block), expected, "{block}");
            assert_eq!(block.lines().count(), 3 + usize::from(count > 0), "{block}");
        }
    }

    #[test]
    fn the_block_names_the_urls_for_this_machine() {
        let local = |address: &str| local_url(address.parse().expect("an address"));
        assert_eq!(local("127.0.0.1:5000"), "http://localhost:5000");
        assert_eq!(local("0.0.0.0:80"), "http://localhost:80");
        assert_eq!(local("[::1]:5000"), "http://[::1]:5000");
        let mut run = first_run(&[]);
        let address = SocketAddr::from(([127, 0, 0, 1], 5000));
        let fixed = |scheme, authority: &str| {
            PublicUrl::Fixed(Origin { scheme, authority: authority.to_owned() })
        };
        run.public_url = fixed(Scheme::Http, "localhost:5000");
        assert!(!run.text(address).contains("launches"));
        run.public_url = fixed(Scheme::Https, "tools.example");
        let block = run.text(address);
        assert!(
            block.contains("  launches    signatures are verified for https://tools.example\n"),
            "{block}"
        );
    }

    #[test]
    fn other_problems_stay_and_a_variable_is_named_once() {
        let other = || problem(Fault::PublicUrlMissing);
        let mut problems =
            vec![placeholder("A"), other(), placeholder("B"), placeholder("A"), other()];
        assert_eq!(Placeholders::take(&mut problems.clone()).to_string(), "A and B");
        assert!(Placeholders::take_many(&mut problems).is_none(), "three are shown in detail");
        assert_eq!(problems.len(), 5);
        problems.push(placeholder("C"));
        let many = Placeholders::take_many(&mut problems).map(|many| many.to_string());
        assert_eq!(many.as_deref(), Some("A, B and C"));
        let faults: Vec<Fault> = problems.into_iter().map(|problem| problem.fault).collect();
        assert_eq!(faults, [Fault::PublicUrlMissing, Fault::PublicUrlMissing]);
    }
}
