use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Client, Url};

use super::client::client;
use super::error::PlatformError;
use super::reach::{DnsResolver, OwnPlatform, is_public};
use crate::config::OutcomeRules;

/// How long an idle connection stays open. Platforms close theirs after some seconds, and a request on a
/// closing connection would be lost.
const IDLE: Duration = Duration::from_secs(4);
/// The most idle connections to one platform.
const MOST_IDLE: usize = 8;

/// The client for platforms. It connects to allowed hosts and public addresses only, and rewrites URLs
/// as configured.
pub struct Platforms {
    pub(super) client: Client,
    rules: Arc<OutcomeRules>,
    /// The practice platform of this process, once there is one.
    own: Arc<OnceLock<OwnPlatform>>,
}

impl Platforms {
    /// A client without a connection yet. `with_tls` loads the system's certificates, or those of
    /// `SSL_CERT_FILE`, which verify platforms.
    ///
    /// # Errors
    /// The system's message if it has no certificates.
    pub fn new(rules: OutcomeRules, with_tls: bool) -> Result<Self, String> {
        let rules = Arc::new(rules);
        let own = Arc::default();
        let resolver = DnsResolver { rules: Arc::clone(&rules), own: Arc::clone(&own) };
        let client = client(with_tls)?
            .dns_resolver(Arc::new(resolver))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, rules, own })
    }

    /// Lets grades reach the practice platform of this process. Only the first call counts.
    pub fn practise(&self, own: OwnPlatform) {
        let _ = self.own.set(own);
    }

    /// Whether grades may go to this grade URL of a launch, as far as its text shows.
    pub fn may_reach(&self, grade_url: &str) -> bool {
        self.url(grade_url).is_ok()
    }

    /// The host that a grade URL of a launch leads to. Empty if there is none.
    pub fn host(&self, grade_url: &str) -> String {
        let url = Url::parse(&self.rules.rewrite(grade_url)).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The URL to call for a grade URL of a launch.
    pub(super) fn url(&self, grade_url: &str) -> Result<Url, PlatformError> {
        self.allowed(&self.rules.rewrite(grade_url))
    }

    /// A URL that the gateway may call. This checks a host's name; the client checks its addresses when it
    /// connects.
    pub(super) fn allowed(&self, url: &str) -> Result<Url, PlatformError> {
        let url = Url::parse(url).map_err(|_| PlatformError::NotAllowed("it is no address"))?;
        if let Some(own) = self.own.get().filter(|own| own.is_named_in(&url)) {
            let not_there = PlatformError::NotAllowed("the practice platform has no service there");
            return if own.has(&url) { Ok(url) } else { Err(not_there) };
        }
        let host = match (url.scheme(), url.host_str()) {
            ("http" | "https", Some(host)) => host,
            _ => return Err(PlatformError::NotAllowed("it is neither http nor https")),
        };
        if !self.rules.allows(host) {
            return Err(PlatformError::NotAllowed("its host is not in `outcome_hosts`"));
        }
        // A literal address is not resolved.
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        if literal.is_some_and(|address| !is_public(address)) && !self.rules.names(host) {
            return Err(PlatformError::NOT_PUBLIC);
        }
        Ok(url)
    }
}
