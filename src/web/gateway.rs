//! What the routes share: the tools by their addresses, and what remembers.

use std::sync::{Arc, Mutex};

use lti::KnownSecrets;
use lti::v1p1::{Passport, Suspects};

use super::dev::Refusals;
use super::proxy::place::Addresses;
use super::proxy::visit::Visits;
use super::served::ServedTool;
use crate::clock::Clock;
use crate::config::{Config, PublicUrl, Tool};
use crate::grade::Grades;
use crate::platform::Platforms;
use crate::practice::Gradebook;
use crate::proxy::assertion::Assertions;
use crate::proxy::client::Upstreams;
use crate::session::{GradeTokens, Ids, Receipts};
use crate::state::{Replay, State};
use crate::template::Templates;

/// A configuration made ready to serve.
pub struct Gateway {
    pub(super) public_url: PublicUrl,
    pub(super) behind_heroku: bool,
    development: bool,
    pub(super) clock_skew: u64,
    pub(super) known_secrets: Arc<KnownSecrets>,
    pub(super) addresses: Addresses,
    pub(super) templates: Templates,
    pub(super) replay: Box<dyn Replay>,
    pub(super) receipts: Receipts,
    pub(super) ids: Ids,
    pub(super) visits: Visits,
    pub(super) assertions: Assertions,
    pub(super) grade_tokens: GradeTokens,
    pub(super) grades: Arc<Grades>,
    pub(super) upstreams: Upstreams,
    /// Every consumer's key and secrets, by which development finds out what was mixed up; outside of it there are none.
    passports: Vec<Passport>,
    /// The newest refusals, in development.
    pub(super) refusals: Option<Refusals>,
    /// The grades of the practice platform, which only development has.
    pub(super) gradebook: Mutex<Gradebook>,
    pub(super) clock: Clock,
}

impl Gateway {
    /// Prepares a configuration without problems. What must not be forgotten is kept in `state`.
    ///
    /// # Errors
    /// The system's words where an upstream or a platform is `https` and there are no certificates to verify it by.
    pub fn new(
        config: Config,
        templates: Templates,
        clock: Clock,
        state: State,
    ) -> Result<Self, String> {
        let needs_certificates = config.needs_certificates();
        let upstreams = Upstreams::new(needs_certificates)?;
        let platforms = Platforms::new(config.outcomes, needs_certificates)?;
        let State { replay, outbox } = state;
        Ok(Self {
            public_url: config.public_url,
            behind_heroku: config.behind_heroku,
            development: config.development,
            clock_skew: config.clock_skew,
            known_secrets: config.known_secrets,
            grades: Arc::new(Grades::new(platforms, outbox, &config.tools, clock.clone())),
            addresses: Addresses::new(config.tools.into_iter().map(ServedTool::new).collect()),
            templates,
            replay,
            receipts: Receipts::new(&config.secrets),
            ids: Ids::new(&config.secrets),
            visits: Visits::new(&config.secrets),
            assertions: Assertions::new(&config.secrets),
            grade_tokens: GradeTokens::new(&config.secrets),
            upstreams,
            passports: Vec::new(),
            refusals: config.development.then(Refusals::default),
            gradebook: Mutex::default(),
            clock,
        })
    }

    /// The same, which in development looks among all of these for the reason of a refusal. Outside development nothing of
    /// them is kept.
    #[must_use]
    pub fn explaining(mut self, passports: Vec<Passport>) -> Self {
        if self.development {
            self.passports = passports;
        }
        self
    }

    /// What a platform may have mixed up with what is a tool's own, for a launch that came to this host.
    pub(super) fn suspects(&self, tool: &Tool, authority: &str) -> Suspects {
        let launch_urls = self
            .addresses
            .tools()
            .map(|other| (other.name.as_str(), self.public_url.launch_url(other, Some(authority))));
        Suspects::new(&tool.name, launch_urls, self.passports.clone())
    }

    /// Whether this is development.
    pub(super) fn development(&self) -> bool {
        self.development
    }
}
