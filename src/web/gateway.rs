//! The state that all routes share.

use std::sync::Arc;

use lti::v1p1::ConsumerCredentials;

use super::cause_budget::CauseBudget;
use super::dev_process::DevProcess;
use super::development::Development;
use super::log_budget::{LOG_LINES, LogBudget};
use super::proxy::route::ToolRoutes;
use super::proxy::visit::SessionCache;
use super::served::ServedTool;
use crate::clock::Clock;
use crate::config::{Config, Institution, PublicUrl};
use crate::grade::Grades;
use crate::platform::Platforms;
use crate::proxy::assertion::Assertions;
use crate::proxy::client::Upstreams;
use crate::session::{GradeTokens, Receipts, SessionIds};
use crate::state::{Replay, State};
use crate::template::Templates;

/// A configuration, prepared for serving.
pub struct Gateway {
    pub(super) institution: Institution,
    pub(super) public_url: PublicUrl,
    pub(super) behind_heroku: bool,
    /// Only in development mode.
    pub(super) development: Option<Development>,
    /// The part of development that outlives this configuration.
    pub(super) dev_process: Arc<DevProcess>,
    pub(super) routes: ToolRoutes,
    pub(super) templates: Templates,
    pub(super) replay: Box<dyn Replay>,
    pub(super) receipts: Receipts,
    pub(super) ids: SessionIds,
    pub(super) session_cache: SessionCache,
    pub(super) assertions: Assertions,
    pub(super) grade_tokens: GradeTokens,
    pub(super) grades: Arc<Grades>,
    pub(super) upstreams: Upstreams,
    pub(super) log_budget: Arc<LogBudget>,
    /// The searches for causes of rejected launches.
    pub(super) cause_budget: CauseBudget,
    pub(super) clock: Clock,
}

impl Gateway {
    /// Prepares a valid configuration. `state` stores spent nonces and queued grades.
    ///
    /// # Errors
    /// The message of the system, if an upstream or a platform is `https` and the system has no
    /// certificates to verify it.
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
        let grades = Arc::new(Grades::new(platforms, outbox, &config.tools, clock.clone()));
        let tools = config.tools.into_iter().map(|tool| {
            let policy = tool.launch_policy(config.clock_skew, &config.known_secrets);
            ServedTool::new(tool, policy)
        });
        Ok(Self {
            institution: config.institution,
            public_url: config.public_url,
            behind_heroku: config.behind_heroku,
            development: config
                .development
                .then(|| Development::new(config.dev_host, config.placeholder)),
            dev_process: Arc::default(),
            grades,
            routes: ToolRoutes::new(tools.collect()),
            templates,
            replay,
            receipts: Receipts::new(&config.secrets),
            ids: SessionIds::new(&config.secrets),
            session_cache: SessionCache::new(&config.secrets),
            assertions: Assertions::new(&config.secrets),
            grade_tokens: GradeTokens::new(&config.secrets),
            upstreams,
            log_budget: Arc::new(LogBudget::new(clock.clone(), LOG_LINES)),
            cause_budget: CauseBudget::new(clock.now_in_millis()),
            clock,
        })
    }

    /// The same gateway. In development it searches these credentials for the cause of a rejection.
    /// Otherwise it drops them.
    #[must_use]
    pub fn explaining(mut self, credentials: Vec<ConsumerCredentials>) -> Self {
        self.development =
            self.development.map(|development| development.with_credentials(credentials));
        self
    }

    /// The same gateway with the part of development that outlives its configuration.
    #[must_use]
    pub fn developing(self, dev_process: Arc<DevProcess>) -> Self {
        Self { dev_process, ..self }
    }

    /// The same gateway with another number of log lines a second, for each tool and code, that a
    /// client can cause without signing in.
    #[must_use]
    pub fn logging(mut self, lines: u32) -> Self {
        self.log_budget = Arc::new(LogBudget::new(self.clock.clone(), lines));
        self
    }

    /// The budget of log lines that a client can cause without signing in.
    pub(crate) fn log_budget(&self) -> &LogBudget {
        &self.log_budget
    }

    /// The institution that runs the gateway, for refusal pages.
    pub(crate) fn institution(&self) -> &Institution {
        &self.institution
    }

    /// Whether others than this machine may reach a gateway in development: it has `dev_host`, or
    /// started with it. Then `/dev` asks for a token, and no page shows keys.
    pub(super) fn is_exposed(&self) -> bool {
        let has_dev_host = |development: &Development| development.dev_host.is_some();
        self.dev_process.token().is_some() || self.development.as_ref().is_some_and(has_dev_host)
    }

    /// The name and the launch URL of every tool, for a request to this host and port.
    pub(super) fn launch_urls(&self, authority: &str) -> impl Iterator<Item = (&str, String)> {
        self.routes.tools().map(move |tool| {
            (tool.name.as_str(), self.public_url.launch_url(tool, Some(authority)))
        })
    }
}
