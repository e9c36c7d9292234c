//! What a tools file means.

use std::sync::Arc;
use std::time::Duration;

use figment::value::Dict;
use lti::oauth1::SigningKey;
use lti::v1p1::{Consumers, LaunchPolicy};
use lti::{KnownSecrets, Roles, Secret, Sender};

use super::key::{self, PREFIX};
use super::outcome_rules::OutcomeRules;
use super::public_url::PublicUrl;
use super::state_location::StateLocation;
use super::tool_path::ToolPath;
use crate::url::{BaseUrl, Origin, Scheme, host_and_port};

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether this is development: loopback only, with stand-ins for missing secrets.
    pub development: bool,
    /// Whether Heroku's router is in front, which adds the browser's address to `X-Forwarded-For` as the last one.
    pub behind_heroku: bool,
    /// What platforms launch.
    pub public_url: PublicUrl,
    /// From which all keys of the gateway are derived; the first seals, all of them open.
    pub secrets: Vec<Secret>,
    /// Where what has to outlive a request is kept.
    pub state: StateLocation,
    /// Where grades may be sent.
    pub outcomes: OutcomeRules,
    /// The accepted distance of a launch's timestamp from our clock, both ways, in seconds.
    pub clock_skew: u64,
    /// Every secret of the file. No log repeats text that contains one.
    pub known_secrets: Arc<KnownSecrets>,
    /// The tools, by name.
    pub tools: Vec<Tool>,
}

impl Config {
    /// Whether the gateway needs the system's certificates, which verify upstreams and platforms.
    pub fn needs_certificates(&self) -> bool {
        self.has_https_upstream() || self.calls_platforms()
    }

    fn has_https_upstream(&self) -> bool {
        self.upstreams().any(|upstream| upstream.url.origin.scheme == Scheme::Https)
    }

    /// Whether the gateway sends requests to platforms. Their URLs come with launches, so any of them may
    /// be https.
    fn calls_platforms(&self) -> bool {
        self.upstreams().any(|upstream| upstream.grades)
    }

    fn upstreams(&self) -> impl Iterator<Item = &Upstream> {
        self.tools.iter().filter_map(|tool| match &tool.target {
            Target::Upstream(upstream) => Some(upstream),
            Target::Template(_) => None,
        })
    }
}

impl PublicUrl {
    /// The origin that a platform has launched when it launched this tool, for a request with this
    /// `Host`. A tool with its own host has the scheme and port of the public URL.
    pub fn origin_of(&self, tool: &Tool, request_authority: &str) -> Origin {
        match (self, &tool.host) {
            (Self::Fixed(origin), Some(host)) => {
                Origin { scheme: origin.scheme, authority: with_port(host, origin.port()) }
            }
            _ => self.origin(request_authority),
        }
    }

    /// The launch URL of a tool, to show to people. Their request may name another host than the
    /// tool's own, so only its port counts for a tool with its own host. Without a request, the
    /// origin may be unknown; the launch URL then lacks it.
    pub fn launch_url(&self, tool: &Tool, request_authority: Option<&str>) -> String {
        let origin = match (self, &tool.host, request_authority) {
            (Self::FromHost(scheme), Some(host), authority) => {
                let port = authority.and_then(|authority| host_and_port(authority).1);
                format!("{scheme}://{}", with_port(host, port))
            }
            (Self::FromHost(_), None, None) => String::new(),
            (_, _, authority) => self.origin_of(tool, authority.unwrap_or_default()).to_string(),
        };
        format!("{origin}{}", tool.path)
    }
}

fn with_port(host: &str, port: Option<&str>) -> String {
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// One tool.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Its name in the file.
    pub name: String,
    /// What people read.
    pub title: String,
    /// What people read below that; may be empty.
    pub description: String,
    /// The address of a picture; may be empty.
    pub icon: String,
    /// A host name of its own, in lower case and without a port, at whose root it answers.
    pub host: Option<String>,
    /// Where it is launched.
    pub path: ToolPath,
    /// Who may launch it.
    pub senders: Senders,
    /// Which course roles may launch it; `None` for everyone.
    pub roles: Option<Roles>,
    /// How long a browser's session lasts.
    pub session: Duration,
    /// What it launches into.
    pub target: Target,
    /// Fixed values for the template or the upstream.
    pub params: Dict,
    /// Which sites may frame it, as in the `frame-ancestors` directive.
    pub frame_ancestors: String,
}

impl Tool {
    /// Which personal data it is to get. A template, which does not choose, is to get what an upstream gets that does not.
    pub fn identity(&self) -> Identity {
        match &self.target {
            Target::Template(_) => Identity::default(),
            Target::Upstream(upstream) => upstream.identity,
        }
    }

    /// What an LTI 1.1 launch of the tool has to meet.
    pub fn launch_policy(
        &self,
        clock_skew: u64,
        known_secrets: &Arc<KnownSecrets>,
    ) -> LaunchPolicy {
        LaunchPolicy {
            consumers: self.senders.consumers.clone(),
            roles: self.roles,
            clock_skew,
            secrets: Arc::clone(known_secrets),
        }
    }
}

/// Who may launch a tool.
#[derive(Clone, Debug)]
pub struct Senders {
    /// With LTI 1.1.
    pub consumers: Consumers,
}

impl Senders {
    /// Whether a sender may launch the tool.
    pub fn contains(&self, sender: &Sender) -> bool {
        match sender {
            Sender::Consumer(key) => self.consumers.contains(key),
            Sender::Platform { .. } => false,
        }
    }

    /// The keys that sign for a consumer; `None` for a sender that is not a consumer of the tool.
    pub fn signing_keys(&self, sender: &Sender) -> Option<&[SigningKey]> {
        match sender {
            Sender::Consumer(key) => self.consumers.signing_keys(key),
            Sender::Platform { .. } => None,
        }
    }
}

/// What a tool launches into.
#[derive(Clone, Debug)]
pub enum Target {
    /// A template: `hello` for `templates/hello.html.tera`.
    Template(String),
    /// A web app.
    Upstream(Upstream),
}

/// A web app behind the gateway.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Where it answers.
    pub url: BaseUrl,
    /// For how long it may be silent while it is waited for.
    pub timeout: Duration,
    /// What stands before its own paths in the gateway's addresses.
    pub prefix: Prefix,
    /// Which personal data reach it.
    pub identity: Identity,
    /// Further request headers for it. Names are in lower case; values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// Whether it may send grades.
    pub grades: bool,
}

/// What stands before an upstream's own paths in the gateway's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// The launch path and the session's id.
    Session,
    /// The launch path alone: of several sessions in one browser, the newest launch counts.
    Tool,
}

impl Prefix {
    /// The prefix with this name, which is one of [`key::PREFIXES`].
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "session" => Some(Self::Session),
            "tool" => Some(Self::Tool),
            _ => None,
        }
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self::named(PREFIX).unwrap_or(Self::Session)
    }
}

/// Which personal data reach an upstream. The user id always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Names, user names and pictures.
    pub name: bool,
    /// The e-mail address.
    pub email: bool,
}

impl Identity {
    /// The personal data with these names, which are among [`key::PERSONAL_FIELDS`].
    pub(super) fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut identity = Self { name: false, email: false };
        for name in names {
            identity.name |= name == "name";
            identity.email |= name == "email";
        }
        identity
    }
}

/// Without the key: no e-mail address, because course authors can set it.
impl Default for Identity {
    fn default() -> Self {
        Self::named(key::IDENTITY.iter().copied())
    }
}
