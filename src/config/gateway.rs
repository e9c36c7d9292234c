//! What a tools file means.

use std::sync::Arc;
use std::time::Duration;

use figment::value::Dict;
use lti::oauth1::SigningKey;
use lti::v1p1::{Consumers, Terms};
use lti::{KnownSecrets, Roles, Secret, Sender};

use super::{OutcomeRules, PublicUrl, StateLocation, ToolPath, UpstreamUrl};

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
    /// Whether certificates are needed, to verify an upstream or a platform by.
    pub fn needs_certificates(&self) -> bool {
        self.tools.iter().any(|tool| match &tool.target {
            Target::Upstream(upstream) => upstream.grades || upstream.url.scheme == "https",
            Target::Template(_) => false,
        })
    }
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
    pub fn terms(&self, clock_skew: u64, known_secrets: &Arc<KnownSecrets>) -> Terms {
        Terms {
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
    pub url: UpstreamUrl,
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

/// Which personal data reach an upstream. The user id always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Names, user names and pictures.
    pub name: bool,
    /// The e-mail address.
    pub email: bool,
}

/// What is meant where nothing is written: no e-mail address, since course authors can set it.
impl Default for Identity {
    fn default() -> Self {
        Self { name: true, email: false }
    }
}
