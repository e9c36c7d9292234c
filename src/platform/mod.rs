//! Speaks to platforms: one client for all of them.
//!
//! Where it speaks to comes from outside, so that it goes to public addresses only, follows no redirect and asks no proxy
//! that the environment names.

mod client;
mod grade;
mod reach;
mod words;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Client, Url};

use crate::config::OutcomeRules;
pub use client::client;
pub use grade::{Answer, Call, Operation, PlatformError};
pub use reach::OwnPlatform;
use reach::{Resolver, is_public};
pub use words::masked;

/// How long an idle connection is kept. Platforms close theirs after some seconds, and a request on one that is just being closed
/// would be lost.
const IDLE: Duration = Duration::from_secs(4);
/// The most idle connections to one platform.
const MOST_IDLE: usize = 8;

/// The client.
pub struct Platforms {
    client: Client,
    rules: Arc<OutcomeRules>,
    /// The platform of this process, once there is one.
    own: Arc<OnceLock<OwnPlatform>>,
}

impl Platforms {
    /// Without a connection yet. `with_tls` loads the system's certificates (or those of `SSL_CERT_FILE`), by which platforms are
    /// verified.
    ///
    /// # Errors
    /// The system's words where it has no certificates.
    pub fn new(rules: OutcomeRules, with_tls: bool) -> Result<Self, String> {
        let rules = Arc::new(rules);
        let own = Arc::default();
        let resolver = Resolver { rules: Arc::clone(&rules), own: Arc::clone(&own) };
        let client = client(with_tls)?
            .dns_resolver(Arc::new(resolver))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, rules, own })
    }

    /// Lets grades reach a platform in this very process, whatever may be reached otherwise. Only the first call counts.
    pub fn practise(&self, own: OwnPlatform) {
        let _ = self.own.set(own);
    }

    /// Whether an outcome URL, as a launch sent it, is one that grades may be sent to, as far as its text tells.
    pub fn may_reach(&self, outcome_url: &str) -> bool {
        self.address(&self.rules.rewrite(outcome_url)).is_ok()
    }

    /// The host of an outcome URL, as a launch sent it; empty where it has none.
    pub fn host(&self, outcome_url: &str) -> String {
        let url = Url::parse(&self.rules.rewrite(outcome_url)).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The address to send to. A name is judged; its addresses are when they are connected to.
    fn address(&self, url: &str) -> Result<Url, PlatformError> {
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
        // What is an address already is not looked up.
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        if literal.is_some_and(|address| !is_public(address)) && !self.rules.names(host) {
            return Err(PlatformError::NOT_PUBLIC);
        }
        Ok(url)
    }
}
