//! The meaning of a tools file.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use figment::value::Dict;
use lti::oauth1::SigningKey;
use lti::v1p1::{Consumers, LaunchPolicy};
use lti::{ConsumerKey, KnownSecrets, PlatformName, Roles, Secret, Sender};

use super::app_command::AppCommand;
use super::declared_line_item::DeclaredLineItem;
use super::grade_access::GradeAccess;
use super::institution::Institution;
use super::key::{self, OPEN, PREFIX};
use super::link_path::LinkPath;
use super::outcome_rules::OutcomeRules;
use super::platform::Platform;
use super::platform_type::PlatformType;
use super::public_url::PublicUrl;
use super::state_location::StateLocation;
use super::tool_link::ToolLink;
use super::tool_path::ToolPath;
use crate::url::{BaseUrl, Origin, Scheme, host_and_port};

/// A whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether this is development: the gateway uses placeholders for missing secrets. Without
    /// `dev_host` it listens on loopback only.
    pub development: bool,
    /// The one host that development answers beside loopback. `None` outside development.
    pub dev_host: Option<Origin>,
    /// The placeholder for tools' secrets that are not set, in development.
    pub placeholder: Secret,
    /// Whether the gateway runs behind Heroku's router. The router appends the browser's address to
    /// `X-Forwarded-For`.
    pub behind_heroku: bool,
    /// The institution that runs the gateway.
    pub institution: Institution,
    /// The origin that platforms launch.
    pub public_url: PublicUrl,
    /// The secrets from which the gateway derives all its keys. The first seals, every one opens.
    pub secrets: Vec<Secret>,
    /// Where the gateway stores spent launches and queued grades.
    pub state: StateLocation,
    /// Where grades may be sent.
    pub outcomes: OutcomeRules,
    /// The largest accepted difference between a launch's timestamp and our clock, in seconds.
    pub clock_skew: u64,
    /// Every secret of the file. No log repeats text that contains one.
    pub known_secrets: Arc<KnownSecrets>,
    /// The platforms of LTI 1.3, in the order of the file.
    pub platforms: Vec<Arc<Platform>>,
    /// The tools, by name.
    pub tools: Vec<Tool>,
}

impl Config {
    /// Whether the gateway needs the system's certificates to verify upstreams and platforms.
    pub fn needs_certificates(&self) -> bool {
        self.has_https_upstream() || self.calls_platforms() || self.fetches_keys()
    }

    /// Whether the gateway fetches the keys of a platform over https, or its configuration during a
    /// registration.
    fn fetches_keys(&self) -> bool {
        // Its registration may be at any host.
        let may_register = |platform: &Arc<Platform>| {
            let base = platform.written.url.as_deref().unwrap_or_default();
            platform.is_being_set_up() && !base.starts_with("http:")
        };
        if self.platforms.iter().any(may_register) {
            return true;
        }
        let clients = self.platforms.iter().flat_map(|platform| &platform.clients);
        let mut urls = clients.flat_map(|client| [&client.jwks_url, &client.token_url]);
        urls.any(|url| !url.starts_with("http:"))
    }

    fn has_https_upstream(&self) -> bool {
        self.upstreams().any(|upstream| upstream.url.origin.scheme == Scheme::Https)
    }

    /// Whether the gateway sends requests to platforms. Launches contain their URLs, so any of them
    /// may be https.
    fn calls_platforms(&self) -> bool {
        self.upstreams().any(|upstream| upstream.grades.is_on())
    }

    fn upstreams(&self) -> impl Iterator<Item = &Upstream> {
        self.tools.iter().filter_map(Tool::upstream)
    }
}

impl PublicUrl {
    /// The origin of this tool's launch URL, for a request with this `Host`. A tool with its own
    /// host has the scheme and port of the public URL.
    pub fn origin_of(&self, tool: &Tool, request_authority: &str) -> Origin {
        match (self, &tool.host) {
            (Self::Fixed(origin), Some(host)) => {
                Origin { scheme: origin.scheme, authority: with_port(host, origin.port()) }
            }
            _ => self.origin(request_authority),
        }
    }

    /// The launch URL of a tool, for a page or a message. For a tool with its own host, only the
    /// port of the request counts, because the request may name another host. Without a request,
    /// the origin may be unknown. The result is then only the path.
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

    /// The URL at which platforms begin a login. Without a request, the origin may be unknown. The
    /// result is then only the path.
    pub fn login_url(&self, request_authority: Option<&str>) -> String {
        self.own_url("/~login", request_authority)
    }

    /// The URL of the gateway's keyset for a platform. See [`Self::login_url`].
    pub fn keyset_url(&self, platform: &Platform, request_authority: Option<&str>) -> String {
        self.own_url(&format!("/.well-known/jwks/{}.json", platform.name), request_authority)
    }

    /// The URL of the JSON that Canvas imports for a tool. It names the platform only if the tool
    /// has several of this type. See [`Self::login_url`].
    pub fn canvas_url(
        &self,
        tool: &Tool,
        platform: &Platform,
        request_authority: Option<&str>,
    ) -> String {
        let is_canvas = |one: &&Arc<Platform>| one.kind == Some(PlatformType::Canvas);
        let is_only = tool.senders.platforms.iter().filter(is_canvas).count() == 1;
        let name = if is_only { String::new() } else { format!("?platform={}", platform.name) };
        self.own_url(&format!("/tools/{}/config.json{name}", tool.name), request_authority)
    }

    fn own_url(&self, path: &str, request_authority: Option<&str>) -> String {
        match (self, request_authority) {
            (Self::FromHost(_), None) => path.to_owned(),
            (_, authority) => format!("{}{path}", self.origin(authority.unwrap_or_default())),
        }
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
    /// The title that users see.
    pub title: String,
    /// The text below the title; may be empty.
    pub description: String,
    /// The URL of an icon; may be empty.
    pub icon: String,
    /// The tool's own host name, in lower case and without a port. The tool uses its root.
    pub host: Option<String>,
    /// The launch path.
    pub path: ToolPath,
    /// The senders that may launch it.
    pub senders: Senders,
    /// The course roles that may launch it; `None` for every role.
    pub roles: Option<Roles>,
    /// The lifetime of a session.
    pub session: Duration,
    /// The page or app that a launch opens.
    pub target: Target,
    /// Fixed values for the template or the upstream.
    pub params: Dict,
    /// What instructors can pick in deep linking. If it is empty, and an upstream has no
    /// [`picker`](Upstream::picker), the only choice is the tool itself.
    pub links: Vec<ToolLink>,
    /// The sites that may frame it, as the value of the `frame-ancestors` directive.
    pub frame_ancestors: String,
    /// Its number in the order of the file, from 0.
    pub position: usize,
}

impl Tool {
    /// The personal data that it receives. A template has no `identity` key and receives the
    /// default. A site receives nothing.
    pub fn identity(&self) -> Identity {
        match &self.target {
            Target::Template(_) => Identity::default(),
            Target::Upstream(upstream) => upstream.identity,
            Target::Site(_) => Identity { name: false, email: false },
        }
    }

    /// The app behind it. `None` for a template or a site.
    pub fn upstream(&self) -> Option<&Upstream> {
        match &self.target {
            Target::Upstream(upstream) => Some(upstream),
            Target::Template(_) | Target::Site(_) => None,
        }
    }

    /// Whether it declares a gradebook column for links that have none.
    pub fn declares_line_item(&self) -> bool {
        self.upstream().is_some_and(|upstream| upstream.line_item.is_some())
    }

    /// The prefix of its paths in the gateway's URLs. `None` for a template, which has one page.
    pub fn prefix(&self) -> Option<Prefix> {
        match &self.target {
            Target::Template(_) => None,
            Target::Upstream(upstream) => Some(upstream.prefix),
            Target::Site(site) => Some(site.prefix),
        }
    }

    /// The conditions for an LTI 1.1 launch of the tool.
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

/// The senders that may launch a tool.
#[derive(Clone, Debug)]
pub struct Senders {
    /// The consumers of LTI 1.1.
    pub consumers: Consumers,
    /// The platforms of LTI 1.3.
    pub platforms: Vec<Arc<Platform>>,
}

impl Senders {
    /// The platform of this name, if it may launch the tool.
    pub fn platform(&self, name: &PlatformName) -> Option<&Platform> {
        self.platforms.iter().find(|platform| platform.name == *name).map(Arc::as_ref)
    }

    /// Whether a sender may launch the tool.
    pub fn contains(&self, sender: &Sender) -> bool {
        match sender {
            Sender::Consumer(key) => self.consumers.contains(key),
            Sender::Platform { .. } => {
                self.platforms.iter().any(|platform| platform.admits(sender))
            }
        }
    }

    /// Whether a sender's users can be those of this consumer, by a proof or by `formerly`.
    pub fn speaks_for(&self, sender: &Sender, key: &ConsumerKey) -> bool {
        let Sender::Platform { name, .. } = sender else { return false };
        let is_listed = |platform: &Platform| platform.formerly.contains(key);
        self.consumers.contains(key) || self.platform(name).is_some_and(is_listed)
    }

    /// The signing keys of a consumer; `None` for a sender that is not a consumer of the tool.
    pub fn signing_keys(&self, sender: &Sender) -> Option<&[SigningKey]> {
        match sender {
            Sender::Consumer(key) => self.consumers.signing_keys(key),
            Sender::Platform { .. } => None,
        }
    }
}

/// The page or app that a launch opens.
#[derive(Clone, Debug)]
pub enum Target {
    /// A template: `hello` for `templates/hello.html.tera`.
    Template(String),
    /// A web app, which the gateway may start itself.
    Upstream(Box<Upstream>),
    /// A folder of static files.
    Site(Site),
}

/// A web app behind the gateway.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its base URL. With a `command`, the authority is `127.0.0.1:0` and only the path counts: the
    /// runtime chooses the port.
    pub url: BaseUrl,
    /// The program that serves this upstream, if the gateway starts it.
    pub command: Option<AppCommand>,
    /// How long the gateway waits for data from it.
    pub timeout: Duration,
    /// The prefix of its paths in the gateway's URLs.
    pub prefix: Prefix,
    /// Where a launch opens it.
    pub open: Opening,
    /// Whether its downloads and new windows belong to the session, in browsers that allow
    /// third-party cookies.
    pub downloads: bool,
    /// The personal data that it receives.
    pub identity: Identity,
    /// Additional request headers for it. Names are in lower case; values may be secrets.
    pub headers: Vec<(String, Secret)>,
    /// Whose grades it may send.
    pub grades: GradeAccess,
    /// The lifetime of a learner's grade token, in seconds.
    pub grade_lifetime: u64,
    /// The gradebook column that the gateway creates if a platform of LTI 1.3 has none.
    pub line_item: Option<DeclaredLineItem>,
    /// The course roles whose sessions may list the members of the course; empty for nobody.
    pub members: Roles,
    /// The app's own page for picking links in deep linking.
    pub picker: Option<LinkPath>,
    /// Whether it receives the browser's `Host`, `Origin` and `Referer` instead of its own.
    pub pass_host_header: bool,
    /// The admin's comment behind the URL in the file; may be empty. Development shows it while the
    /// app does not run, so it should say how to start the app.
    pub hint: String,
}

/// A folder of static files behind the gateway.
#[derive(Clone, Debug)]
pub struct Site {
    /// The folder. It is absolute in a loaded configuration.
    pub folder: PathBuf,
    /// The prefix of its paths in the gateway's URLs.
    pub prefix: Prefix,
    /// Where a launch opens it.
    pub open: Opening,
    /// Whether its downloads and new windows belong to the session, in browsers that allow
    /// third-party cookies.
    pub downloads: bool,
}

/// The prefix of the paths of an upstream or a site in the gateway's URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// The launch path and the session's id.
    Session,
    /// The launch path alone. If a browser has several sessions, the newest launch counts.
    Tool,
}

impl Prefix {
    /// The prefix with this name, one of [`key::PREFIXES`].
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

/// Where a launch opens an upstream or a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// In the platform's frame.
    Frame,
    /// In a window of its own, after a click on a button in the frame.
    Window,
}

impl Opening {
    /// The opening with this name, one of [`key::OPENINGS`].
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "frame" => Some(Self::Frame),
            "window" => Some(Self::Window),
            _ => None,
        }
    }
}

impl Default for Opening {
    fn default() -> Self {
        Self::named(OPEN).unwrap_or(Self::Frame)
    }
}

/// The personal data that an upstream receives. It always receives the user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name, the user name and the picture.
    pub name: bool,
    /// The e-mail address.
    pub email: bool,
}

impl Identity {
    /// The personal data with these names from [`key::PERSONAL_FIELDS`].
    pub(super) fn named<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut identity = Self { name: false, email: false };
        for name in names {
            identity.name |= name == "name";
            identity.email |= name == "email";
        }
        identity
    }
}

/// The default of the key `identity`.
impl Default for Identity {
    fn default() -> Self {
        Self::named(key::IDENTITY.iter().copied())
    }
}
