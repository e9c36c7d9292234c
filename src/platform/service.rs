use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Client, Url};

use super::client::client;
use super::error::PlatformError;
use super::line_item_cache::LineItems;
use super::members::MemberTurns;
use super::reach::{DnsResolver, PracticePlatform};
use super::token_cache::ServiceTokens;
use crate::address::is_public;
use crate::config::OutcomeRules;

/// The keep-alive timeout of an idle connection. Platforms close theirs after some seconds, and a
/// request on a closing connection would be lost.
const KEEP_ALIVE: Duration = Duration::from_secs(4);
/// The most idle connections to one platform.
const MAX_IDLE: usize = 8;

/// The client for platforms. It connects only to allowed hosts and public network addresses (SSRF),
/// and applies `outcome_url_rewrite`.
#[derive(Clone)]
pub struct Platforms {
    pub(super) client: Client,
    rules: Arc<OutcomeRules>,
    /// The practice platform of this process. Set after the server listens.
    practice: Arc<OnceLock<PracticePlatform>>,
    pub(super) kept: KeptParts,
}

/// The parts of the client that outlive a configuration.
#[derive(Clone, Default)]
pub(super) struct KeptParts {
    /// The access tokens of all services.
    pub(super) tokens: ServiceTokens,
    /// The line items that the gateway found or created.
    pub(super) line_items: LineItems,
    /// The turns of requests for members.
    pub(super) member_turns: MemberTurns,
}

impl Platforms {
    /// Creates the client. `with_tls` loads the system's certificates, or those of `SSL_CERT_FILE`,
    /// to verify platforms.
    ///
    /// # Errors
    /// The system's message if it has no certificates.
    pub fn new(rules: OutcomeRules, with_tls: bool) -> Result<Self, String> {
        Self::with_parts(rules, with_tls, Arc::default(), KeptParts::default())
    }

    /// The client for another configuration. It reaches the same practice platform, and keeps the
    /// access tokens.
    ///
    /// # Errors
    /// The system's message if it has no certificates.
    pub fn reconfigured(&self, rules: OutcomeRules, with_tls: bool) -> Result<Self, String> {
        let kept = self.kept.clone();
        Self::with_parts(rules, with_tls, Arc::clone(&self.practice), kept)
    }

    fn with_parts(
        rules: OutcomeRules,
        with_tls: bool,
        practice: Arc<OnceLock<PracticePlatform>>,
        kept: KeptParts,
    ) -> Result<Self, String> {
        let rules = Arc::new(rules);
        let resolver = DnsResolver { rules: Arc::clone(&rules), practice: Arc::clone(&practice) };
        let client = client(with_tls)?
            .dns_resolver(Arc::new(resolver))
            .pool_idle_timeout(KEEP_ALIVE)
            .pool_max_idle_per_host(MAX_IDLE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, rules, practice, kept })
    }

    /// Makes the practice platform of this process reachable. Later calls have no effect.
    pub fn set_practice_platform(&self, practice: PracticePlatform) {
        let _ = self.practice.set(practice);
    }

    /// Why the gateway does not send grades to this grade URL of a launch, without a subject. Does
    /// not resolve its host.
    pub fn unreachable(&self, grade_url: &str) -> Option<&'static str> {
        self.url(grade_url).err().map(PlatformError::reason)
    }

    /// Whether picked links may go to this URL ([`OutcomeRules::accepts_links_at`]).
    pub fn accepts_links_at(&self, url: &str, development: bool) -> bool {
        self.rules.accepts_links_at(url, development)
    }

    /// The host of a grade URL of a launch, after the rewrite, with any port except that of https:
    /// a course author who names a port where nothing listens must not make the platform's own
    /// service look broken. Empty if the URL is invalid.
    pub fn host(&self, grade_url: &str) -> String {
        let host = |url: Url| {
            let (host, port) = (url.host_str()?, url.port_or_known_default()?);
            Some(if port == 443 { host.to_owned() } else { format!("{host}:{port}") })
        };
        Url::parse(&self.rules.rewrite(grade_url)).ok().and_then(host).unwrap_or_default()
    }

    /// Whether the file names this host, or it is that of the practice platform.
    pub(super) fn names(&self, host: &str) -> bool {
        let is_practice = self.practice.get().is_some_and(|practice| practice.host == host);
        is_practice || self.rules.names(host)
    }

    /// The request URL for a grade URL of a launch.
    pub(super) fn url(&self, grade_url: &str) -> Result<Url, PlatformError> {
        self.allowed(&self.rules.rewrite(grade_url))
    }

    /// Parses a URL and checks that the gateway may call it. This checks the host name; the
    /// resolver checks its network addresses when the client connects.
    pub(super) fn allowed(&self, url: &str) -> Result<Url, PlatformError> {
        let url = Url::parse(url).map_err(|_| PlatformError::NOT_A_URL)?;
        if let Some(practice) = self.practice.get().filter(|practice| practice.is_host_of(&url)) {
            let no_service =
                PlatformError::NotAllowed("the practice platform has no service at this URL");
            return if practice.serves(&url) { Ok(url) } else { Err(no_service) };
        }
        allowed_by(&self.rules, url)
    }
}

/// Why these rules do not allow a grade URL of a launch, without a subject. Does not resolve its
/// host.
pub fn unreachable_by(rules: &OutcomeRules, grade_url: &str) -> Option<&'static str> {
    let url = Url::parse(&rules.rewrite(grade_url)).map_err(|_| PlatformError::NOT_A_URL);
    url.and_then(|url| allowed_by(rules, url)).err().map(PlatformError::reason)
}

/// Checks that these rules allow a URL.
fn allowed_by(rules: &OutcomeRules, url: Url) -> Result<Url, PlatformError> {
    let host = match (url.scheme(), url.host_str()) {
        ("http" | "https", Some(host)) => host,
        _ => return Err(PlatformError::NotAllowed("it is neither http nor https")),
    };
    if !rules.allows(host) {
        return Err(PlatformError::NotAllowed("its host is not in `outcome_hosts`"));
    }
    // The resolver does not see a literal address.
    let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    if literal.is_some_and(|address| !is_public(address)) && !rules.names(host) {
        return Err(PlatformError::NOT_PUBLIC);
    }
    Ok(url)
}
