//! The state that all routes share.

use std::path::PathBuf;
use std::sync::Arc;

use lti::v1p1::ConsumerCredentials;
use lti::v1p3::TrustedPlatform;

use super::cause_budget::CauseBudget;
use super::dev_process::DevProcess;
use super::development::Development;
use super::log_budget::{LOG_LINES, LogBudget};
use super::proxy::route::ToolRoutes;
use super::proxy::visit::SessionCache;
use super::served::ServedTool;
use crate::app::{App, AppTiming, Apps};
use crate::clock::Clock;
use crate::config::{Config, Institution, Platform, PublicUrl, StateLocation};
use crate::grade::Grades;
use crate::platform::{KeysetCache, KnownMembers, OwnKeys, Platforms, ServiceClients};
use crate::practice::v1p3::practice_platform;
use crate::proxy::assertion::Assertions;
use crate::proxy::client::Upstreams;
use crate::session::{
    CourseGradeTokens, GradeTokens, LinkRequests, Logins, MembersTokens, Receipts,
    RegistrationLinks, SessionIds,
};
use crate::state::{Replay, State};
use crate::template::Templates;

/// A configuration, prepared for serving. It never changes; another one takes its place
/// ([`Gateway::reconfigured`]).
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
    state: StateLocation,
    pub(super) replay: Arc<dyn Replay>,
    pub(super) receipts: Receipts,
    pub(super) logins: Logins,
    pub(super) registrations: RegistrationLinks,
    /// The platforms of LTI 1.3, in the order of the file.
    pub(super) trusted_platforms: Vec<TrustedPlatform>,
    pub(super) keysets: KeysetCache,
    pub(super) ids: SessionIds,
    pub(super) session_cache: SessionCache,
    pub(super) assertions: Assertions,
    /// The gateway's own keys for platforms.
    pub(super) own_keys: OwnKeys,
    /// The registrations whose services the gateway calls.
    pub(super) service_clients: Arc<ServiceClients>,
    pub(super) grade_tokens: GradeTokens,
    pub(super) course_grade_tokens: CourseGradeTokens,
    pub(super) members_tokens: MembersTokens,
    pub(super) link_requests: LinkRequests,
    /// Who is a member of which course. Each configuration asks anew.
    pub(super) known_members: Arc<KnownMembers>,
    pub(super) grades: Arc<Grades>,
    pub(super) upstreams: Upstreams,
    /// What the apps share that the gateway starts. It outlives this configuration.
    pub(super) apps: Arc<Apps>,
    pub(super) log_budget: Arc<LogBudget>,
    /// The searches for causes of rejected launches.
    pub(super) cause_budget: Arc<CauseBudget>,
    pub(super) clock: Clock,
}

/// The parts of a gateway that outlive its configuration, or contain some that do.
struct Parts {
    development: Option<Development>,
    dev_process: Arc<DevProcess>,
    replay: Arc<dyn Replay>,
    session_cache: SessionCache,
    own_keys: OwnKeys,
    service_clients: Arc<ServiceClients>,
    grades: Grades,
    keysets: KeysetCache,
    upstreams: Upstreams,
    apps: Arc<Apps>,
    log_budget: Arc<LogBudget>,
    cause_budget: Arc<CauseBudget>,
    clock: Clock,
}

/// Why only a restart can apply a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It has another `state`: a process cannot move its spent nonces and queued grades.
    #[error("`state` has changed, and a running gateway keeps its state where it is")]
    State,
    /// It has another `dev_host`: the process keeps its address, its token and its random secrets.
    #[error("`dev_host` has changed, and a running gateway keeps its address and its token")]
    DevHost,
    /// It needs the system's certificates, and the system has none. Holds the system's message.
    #[error("{0}")]
    Certificates(String),
}

impl Gateway {
    /// Prepares a valid configuration. `state` stores spent nonces and queued grades.
    ///
    /// # Errors
    /// The message of the system, if an upstream or a platform is `https` and the system has no
    /// certificates to verify it.
    pub fn new(
        mut config: Config,
        templates: Templates,
        clock: Clock,
        state: State,
    ) -> Result<Self, String> {
        add_practice_platform(&mut config);
        let needs_certificates = config.needs_certificates();
        let upstreams = Upstreams::new(needs_certificates)?;
        let platforms = Platforms::new(config.outcomes.clone(), needs_certificates)?;
        let State { replay, outbox } = state;
        let own_keys = OwnKeys::new(&config);
        let service_clients = service_clients(&config, &own_keys);
        let parts = Parts {
            development: config
                .development
                .then(|| Development::new(config.dev_host.clone(), config.placeholder.clone())),
            dev_process: Arc::default(),
            replay: replay.into(),
            session_cache: SessionCache::new(&config.secrets),
            keysets: KeysetCache::new(platforms.clone(), clock.clone()),
            own_keys,
            grades: Grades::new(
                platforms,
                Arc::clone(&service_clients),
                outbox,
                &config.tools,
                clock.clone(),
            ),
            service_clients,
            upstreams,
            apps: Apps::new(PathBuf::new(), [], AppTiming::default()),
            log_budget: Arc::new(LogBudget::new(clock.clone(), LOG_LINES)),
            cause_budget: Arc::new(CauseBudget::new(clock.now_in_millis())),
            clock,
        };
        Ok(Self::of(config, templates, parts, None))
    }

    /// Prepares another valid configuration, to take the place of this one. In development it
    /// searches these credentials for the cause of a rejection.
    ///
    /// It takes over everything that outlives a configuration: spent nonces, queued grades, running
    /// apps, connections to upstreams, outages of apps, the latest launches, and budgets. This
    /// gateway stays as it is, and can go on to serve its own requests.
    ///
    /// # Errors
    /// A [`ReloadError`] if only a restart can apply the configuration.
    pub fn reconfigured(
        &self,
        mut config: Config,
        templates: Templates,
        credentials: Vec<ConsumerCredentials>,
    ) -> Result<Self, ReloadError> {
        add_practice_platform(&mut config);
        if config.state != self.state {
            return Err(ReloadError::State);
        }
        let dev_host = self.development.as_ref().and_then(|old| old.dev_host.as_ref());
        if config.dev_host.as_ref() != dev_host {
            return Err(ReloadError::DevHost);
        }
        let with_tls = config.needs_certificates();
        let upstreams = self.upstreams.reconfigured(with_tls).map_err(ReloadError::Certificates)?;
        let own_keys = self.own_keys.reconfigured(&config);
        let service_clients = service_clients(&config, &own_keys);
        let grades = self.grades.reconfigured(
            config.outcomes.clone(),
            with_tls,
            Arc::clone(&service_clients),
            &config.tools,
        );
        let grades = grades.map_err(ReloadError::Certificates)?;
        let parts = Parts {
            development: self
                .development
                .as_ref()
                .map(|old| old.reconfigured(config.placeholder.clone(), credentials)),
            dev_process: Arc::clone(&self.dev_process),
            replay: Arc::clone(&self.replay),
            session_cache: self.session_cache.reconfigured(&config.secrets),
            own_keys,
            service_clients,
            keysets: self.keysets.reconfigured(grades.platforms().clone()),
            grades,
            upstreams,
            apps: Arc::clone(&self.apps),
            log_budget: Arc::clone(&self.log_budget),
            cause_budget: Arc::clone(&self.cause_budget),
            clock: self.clock.clone(),
        };
        Ok(Self::of(config, templates, parts, Some(&self.routes)))
    }

    fn of(config: Config, templates: Templates, parts: Parts, former: Option<&ToolRoutes>) -> Self {
        let tools = config.tools.into_iter().map(|tool| {
            let policy = tool.launch_policy(config.clock_skew, &config.known_secrets);
            let former = former.and_then(|former| former.tool(&tool.name));
            ServedTool::new(tool, policy, former)
        });
        Self {
            institution: config.institution,
            public_url: config.public_url,
            behind_heroku: config.behind_heroku,
            development: parts.development,
            dev_process: parts.dev_process,
            routes: ToolRoutes::new(tools.collect()),
            templates,
            state: config.state,
            replay: parts.replay,
            receipts: Receipts::new(&config.secrets),
            logins: Logins::new(&config.secrets),
            registrations: RegistrationLinks::new(&config.secrets),
            trusted_platforms: config
                .platforms
                .iter()
                .filter_map(|platform| platform.trusted())
                .collect(),
            keysets: parts.keysets,
            ids: SessionIds::new(&config.secrets),
            session_cache: parts.session_cache,
            assertions: Assertions::new(&config.secrets),
            own_keys: parts.own_keys,
            service_clients: parts.service_clients,
            grade_tokens: GradeTokens::new(&config.secrets),
            course_grade_tokens: CourseGradeTokens::new(&config.secrets),
            members_tokens: MembersTokens::new(&config.secrets),
            link_requests: LinkRequests::new(&config.secrets),
            known_members: Arc::default(),
            grades: Arc::new(parts.grades),
            upstreams: parts.upstreams,
            apps: parts.apps,
            log_budget: parts.log_budget,
            cause_budget: parts.cause_budget,
            clock: parts.clock,
        }
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

    /// The same gateway, whose apps start and run as `apps` says. Without it, they cannot start.
    #[must_use]
    pub fn hosting(self, apps: Arc<Apps>) -> Self {
        Self { apps, ..self }
    }

    /// The programs that the gateway starts.
    pub(super) fn own_apps(&self) -> Vec<Arc<App>> {
        self.routes.served().filter_map(|served| served.app.clone()).collect()
    }

    /// What the programs share that the gateway starts.
    pub(crate) fn apps(&self) -> &Apps {
        &self.apps
    }

    /// The budget of log lines that a client can cause without signing in.
    pub(crate) fn log_budget(&self) -> &LogBudget {
        &self.log_budget
    }

    /// The institution that runs the gateway, for refusal pages.
    pub(crate) fn institution(&self) -> &Institution {
        &self.institution
    }

    /// In development, why the newest files are not in use. Empty if they are.
    pub(super) fn notice(&self) -> String {
        self.development.as_ref().map(Development::notice).unwrap_or_default()
    }

    /// Whether others than this machine may reach a gateway in development: it has `dev_host`, or
    /// its process has a token. Then `/dev` asks for the token, and no page shows keys.
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

/// In development, adds the practice platform, from which all tools may be launched.
fn add_practice_platform(config: &mut Config) {
    if !config.development {
        return;
    }
    let tools = config.tools.iter().map(|tool| tool.name.as_str());
    let practice: Arc<Platform> = Arc::new(practice_platform(tools));
    for tool in &mut config.tools {
        tool.senders.platforms.push(Arc::clone(&practice));
    }
    config.platforms.push(practice);
}

fn service_clients(config: &Config, keys: &OwnKeys) -> Arc<ServiceClients> {
    Arc::new(ServiceClients::new(&config.platforms, keys, &config.public_url))
}
