//! What the routes share: the tools by their addresses, and what remembers.

use lti::MemoryReplay;

use super::Clock;
use super::place::Addresses;
use super::served::ServedTool;
use super::visit::Visits;
use crate::config::{Config, PublicUrl};
use crate::session::{Ids, Receipts};
use crate::target::assertion::Assertions;
use crate::target::template::Templates;
use crate::target::upstream::Upstreams;

/// The most launches remembered against replay, in all: about 50 MB.
const MOST_NONCES: usize = 500_000;
/// The most of one consumer: some 160 launches a second for ten minutes.
const MOST_NONCES_PER_CONSUMER: usize = 100_000;

/// A configuration made ready to serve.
pub struct Gateway {
    pub(super) public_url: PublicUrl,
    pub(super) behind_heroku: bool,
    development: bool,
    pub(super) addresses: Addresses,
    pub(super) templates: Templates,
    pub(super) replay: MemoryReplay,
    pub(super) receipts: Receipts,
    pub(super) ids: Ids,
    pub(super) visits: Visits,
    pub(super) assertions: Assertions,
    pub(super) upstreams: Upstreams,
    pub(super) clock: Clock,
}

impl Gateway {
    /// Prepares a configuration without problems.
    ///
    /// # Errors
    /// The system's words where an upstream is `https` and there are no certificates to verify it by.
    pub fn new(config: Config, templates: Templates, clock: Clock) -> Result<Self, String> {
        Self::with_replay(config, templates, clock, MemoryReplay::new(MOST_NONCES, MOST_NONCES_PER_CONSUMER))
    }

    /// The same with a replay memory of another size.
    ///
    /// # Errors
    /// As [`Gateway::new`].
    pub fn with_replay(
        config: Config,
        templates: Templates,
        clock: Clock,
        replay: MemoryReplay,
    ) -> Result<Self, String> {
        let upstreams = Upstreams::new(config.needs_certificates())?;
        Ok(Self {
            public_url: config.public_url,
            behind_heroku: config.behind_heroku,
            development: config.development,
            addresses: Addresses::new(config.tools.into_iter().map(ServedTool::new).collect()),
            templates,
            replay,
            receipts: Receipts::new(&config.secrets),
            ids: Ids::new(&config.secrets),
            visits: Visits::new(&config.secrets),
            assertions: Assertions::new(&config.secrets),
            upstreams,
            clock,
        })
    }

    /// Whether this is development.
    pub(super) fn development(&self) -> bool {
        self.development
    }
}
