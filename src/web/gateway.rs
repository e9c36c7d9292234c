//! What the routes share: the tools by their addresses, and what remembers.

use std::collections::HashMap;
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use lti::MemoryReplay;
use quick_cache::sync::Cache;

use super::Clock;
use super::visit::Visit;
use crate::config::{Config, PublicUrl, Target, Tool, Upstream};
use crate::session::{Ids, Newest, Receipts, Sessions};
use crate::target::assertion::Assertions;
use crate::target::template::{Page, Templates};
use crate::target::upstream::Upstreams;

/// The most launches remembered against replay, in all: about 50 MB.
const MOST_NONCES: usize = 500_000;
/// The most of one consumer: some 160 launches a second for ten minutes.
const MOST_NONCES_PER_CONSUMER: usize = 100_000;
/// The most sessions that are kept open: about 3 KB each. More are opened again when they are needed.
const MOST_VISITS: usize = 10_000;

/// A configuration made ready to serve.
pub struct Gateway {
    pub(super) public_url: PublicUrl,
    pub(super) behind_heroku: bool,
    development: bool,
    tools: Vec<ServedTool>,
    by_path: HashMap<String, usize>,
    by_host: HashMap<String, usize>,
    /// The most segments of a tool's path.
    deepest: usize,
    pub(super) templates: Templates,
    pub(super) replay: MemoryReplay,
    pub(super) receipts: Receipts,
    pub(super) ids: Ids,
    pub(super) sessions: Sessions,
    pub(super) newest: Newest,
    /// Opened sessions, by their cookies.
    pub(super) visits: Cache<String, Arc<Visit>>,
    pub(super) assertions: Assertions,
    pub(super) upstreams: Upstreams,
    pub(super) clock: Clock,
}

/// What a tool launches into, ready.
pub(super) enum ServedTarget {
    Template(Page),
    Upstream(Upstream),
}

/// One tool, ready.
pub(super) struct ServedTool {
    pub(super) tool: Tool,
    pub(super) target: ServedTarget,
    /// Its `params`, if there are any, as an assertion tells them.
    pub(super) params: Option<serde_json::Value>,
    /// Its `headers`, ready to be sent.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl ServedTool {
    fn new(tool: Tool) -> Self {
        let mut headers = Vec::new();
        let target = match &tool.target {
            Target::Template(name) => ServedTarget::Template(Page::new(name, &tool)),
            Target::Upstream(upstream) => {
                headers.extend(upstream.headers.iter().filter_map(|(name, value)| {
                    // What is no header was refused when the file was read.
                    let mut value = HeaderValue::from_str(value.expose()).ok()?;
                    value.set_sensitive(true);
                    Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
                }));
                ServedTarget::Upstream(upstream.clone())
            }
        };
        let params = (!tool.params.is_empty()).then(|| serde_json::to_value(&tool.params).ok()).flatten();
        Self { tool, target, params, headers }
    }
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
        let tools: Vec<_> = config.tools.into_iter().map(ServedTool::new).collect();
        let mut by_path = HashMap::new();
        let mut by_host = HashMap::new();
        for (index, ServedTool { tool, .. }) in tools.iter().enumerate() {
            match &tool.host {
                Some(host) => by_host.insert(host.clone(), index),
                None => by_path.insert(tool.path.as_str().to_owned(), index),
            };
        }
        Ok(Self {
            public_url: config.public_url,
            behind_heroku: config.behind_heroku,
            development: config.development,
            deepest: by_path.keys().map(|path| path.matches('/').count()).max().unwrap_or_default(),
            tools,
            by_path,
            by_host,
            templates,
            replay,
            receipts: Receipts::new(&config.secrets),
            ids: Ids::new(&config.secrets),
            sessions: Sessions::new(&config.secrets),
            newest: Newest::default(),
            visits: Cache::new(MOST_VISITS),
            assertions: Assertions::new(&config.secrets),
            upstreams,
            clock,
        })
    }

    /// Whether this is development.
    pub(super) fn development(&self) -> bool {
        self.development
    }

    /// All tools.
    pub(super) fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.iter().map(|served| &served.tool)
    }

    /// The tool that answers at the root of this host, given without its port.
    pub(super) fn tool_of_host(&self, host: &str) -> Option<&ServedTool> {
        if self.by_host.is_empty() {
            return None;
        }
        self.tools.get(*self.by_host.get(&host.to_ascii_lowercase())?)
    }

    /// The tool at whose path, or below it, a path lies. No tool lies inside another.
    pub(super) fn tool_above(&self, path: &str) -> Option<&ServedTool> {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        let index = ends.take(self.deepest).find_map(|end| self.by_path.get(path.get(..end)?))?;
        self.tools.get(*index)
    }
}
