//! What the routes share: the tools by their paths, and what remembers.

use std::collections::HashMap;

use lti::MemoryReplay;

use super::Clock;
use crate::config::{Config, PublicUrl, Target, Tool};
use crate::session::Receipts;
use crate::target::template::{Page, Templates};

/// The most launches remembered against replay, in all: about 50 MB.
const MOST_NONCES: usize = 500_000;
/// The most of one consumer: some 160 launches a second for ten minutes.
const MOST_NONCES_PER_CONSUMER: usize = 100_000;

/// A configuration made ready to serve.
pub struct Gateway {
    pub(super) public_url: PublicUrl,
    development: bool,
    tools: Vec<ServedTool>,
    by_path: HashMap<String, usize>,
    pub(super) templates: Templates,
    pub(super) replay: MemoryReplay,
    pub(super) receipts: Receipts,
    pub(super) clock: Clock,
}

/// What a tool launches into, ready.
pub(super) enum ServedTarget {
    Template(Page),
    Upstream,
}

/// One tool, ready.
pub(super) struct ServedTool {
    pub(super) tool: Tool,
    pub(super) target: ServedTarget,
}

impl ServedTool {
    fn new(tool: Tool) -> Self {
        let target = match &tool.target {
            Target::Template(name) => ServedTarget::Template(Page::new(name, &tool)),
            Target::Upstream(_) => ServedTarget::Upstream,
        };
        Self { tool, target }
    }
}

impl Gateway {
    /// Prepares a configuration without problems.
    pub fn new(config: Config, templates: Templates, clock: Clock) -> Self {
        Self::with_replay(config, templates, clock, MemoryReplay::new(MOST_NONCES, MOST_NONCES_PER_CONSUMER))
    }

    /// The same with a replay memory of another size.
    pub fn with_replay(config: Config, templates: Templates, clock: Clock, replay: MemoryReplay) -> Self {
        let receipts = Receipts::new(&config.secrets);
        let tools: Vec<_> = config.tools.into_iter().map(ServedTool::new).collect();
        let by_path =
            tools.iter().enumerate().map(|(index, served)| (served.tool.path.to_string(), index)).collect();
        Self {
            public_url: config.public_url,
            development: config.development,
            tools,
            by_path,
            templates,
            replay,
            receipts,
            clock,
        }
    }

    /// Whether this is development.
    pub(super) fn development(&self) -> bool {
        self.development
    }

    /// All tools.
    pub(super) fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter().map(|served| &served.tool)
    }

    /// The tool that is launched at this path, with or without a slash at its end.
    pub(super) fn tool_at(&self, path: &str) -> Option<&ServedTool> {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.tools.get(*self.by_path.get(path)?)
    }
}
