//! What can be wrong, and all wording of it: the fact, and the cure. No text of a secret is ever part of a fault.

use std::fmt;

use super::key::{PREFIXES, ROLES};
use super::suggestion::{
    example, listed, nearest, of_identity, of_part, of_role, of_state, of_syntax, of_template,
    of_tera, of_upstream, of_variable, variable_of,
};

/// Whether the gateway starts in spite of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does not.
    Error,
    /// It does.
    Warning,
}

/// What is wrong, with the thing that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file is not UTF-8.
    Encoding,
    /// The text is not TOML. Holds the parser's words.
    Syntax(String),
    /// A key or table stands in one table twice. Holds it, and the line where it stands first, if that is another.
    DuplicateKey(String, Option<usize>),
    /// A key that no table of this kind has.
    UnknownKey {
        /// The key.
        key: String,
        /// The table, as it is written.
        table: String,
        /// All keys that the table may have.
        known: Vec<&'static str>,
    },
    /// A variable of the environment that sets nothing. Holds its name, and those that do.
    UnknownVariable(String, Vec<String>),
    /// A value of another type than its key has.
    WrongType {
        /// The key.
        key: String,
        /// What is written, such as "an integer".
        found: &'static str,
        /// What to write.
        expected: &'static str,
    },
    /// An item of a list of another type than the list's items have.
    WrongItem {
        /// The list's key.
        key: String,
        /// What is written.
        found: &'static str,
        /// What to write.
        expected: &'static str,
    },
    /// The file registers no tool.
    NoTools,
    /// A tool's name cannot be part of a path.
    ToolName(String),
    /// A tool has both a template and an upstream.
    BothTargets,
    /// A tool has neither.
    NoTarget,
    /// A key that concerns upstreams stands beside a template. Holds it.
    WithoutEffect(&'static str),
    /// `params` of an upstream are too long for a header. Holds their length.
    ParamsLong(usize),
    /// Not the address of an upstream. It may hold a password, so it is not held, but what is wrong with it.
    UpstreamUrl(&'static str),
    /// An upstream that is reached in clear text, and maybe not through a private network.
    UpstreamExposed,
    /// Not what can stand before an upstream's paths. Holds the text.
    Prefix(String),
    /// Not personal data that can reach an upstream. Holds the text.
    Identity(String),
    /// Not the name of a header. Holds it.
    HeaderName(String),
    /// A header that tells an upstream who is there. Holds its name.
    IdentityHeader(String),
    /// A header that a request has anyway. Holds its name.
    GatewayHeader(String),
    /// Two names that many servers take for one. Holds both.
    DuplicateHeader(String, String),
    /// A value that no header can have, or none that arrives as it is written. It may be a secret, so it is not held, but the
    /// header's name, and what is wrong with it.
    HeaderValue(String, &'static str),
    /// Not the name of a host. Holds what is wrong with it.
    Host(&'static str),
    /// Two tools have one host. Holds it and the other's name.
    SameHost(String, String),
    /// A tool has the gateway's own host. Holds it.
    PublicHost(String),
    /// A tool has neither a key nor consumers. Holds its name.
    NoConsumer(String),
    /// A tool has both `key` (or `secret`, `signature_methods`) and `consumers`. Holds the surplus key.
    KeyAndConsumers(&'static str),
    /// A key without a secret, the other way round, or a variable without its name. Holds what is missing.
    Missing(&'static str),
    /// A list that must not be empty is. Holds its key.
    EmptyList(&'static str),
    /// Text that must not be empty is. Holds its key.
    EmptyText(&'static str),
    /// Two consumers of one tool have one key. Holds the key.
    DuplicateConsumer(String),
    /// A variable that is not set. Holds its name.
    VariableMissing(String),
    /// A variable that is set to nothing. Holds its name.
    VariableEmpty(String),
    /// What should name a variable looks like none and may be a secret, so it is not held.
    VariableName,
    /// A secret stands in the file itself.
    LiteralSecret,
    /// A key or secret begins or ends with white space. Holds which of them.
    WhiteSpace(&'static str),
    /// A key or secret holds a colon, at which edX cuts its passports. Holds which of them.
    Colon(&'static str),
    /// `gateway.secret` is missing.
    GatewaySecretMissing,
    /// `gateway.secret` is shorter than 32 characters. Holds its length.
    GatewaySecretShort(usize),
    /// A secret has a stand-in, because this is development. Holds the variable or key, and the stand-in.
    StandIn(String, &'static str),
    /// `gateway.public_url` is missing.
    PublicUrlMissing,
    /// `gateway.public_url` is not one. Holds what is wrong with it.
    PublicUrl(&'static str),
    /// Not where state can be kept. It may hold a password, so it is not held, but what is wrong with it.
    State(&'static str),
    /// State is kept in a directory, which Heroku forgets.
    StateOnHeroku,
    /// Not what `outcome_hosts` can list. Holds what is wrong with it.
    OutcomeHost(&'static str),
    /// Not the beginning of an outcome URL, or not what can take its place. It may hold a password, so it is not held, but
    /// what is wrong with it.
    OutcomeUrl(&'static str),
    /// Two beginnings of outcome URLs are one. Holds both.
    DuplicateOutcomeUrl(String, String),
    /// Outcome URLs are rewritten to a host to which `outcome_hosts` lets no grade go. Holds it.
    OutcomeHostMissing(String),
    /// Not a length of time. Holds the text.
    Duration(String),
    /// A length of time out of bounds. Holds the bounds.
    DurationRange(&'static str),
    /// Not a role. Holds the text.
    Role(String),
    /// Not a signature method. Holds the text.
    SignatureMethod(String),
    /// Not a path of a tool. Holds what is wrong with it.
    Path(&'static str),
    /// A path of the gateway's own. Holds it.
    ReservedPath(String),
    /// Two tools answer at one path. Holds the path and the other's name.
    SamePath(String, String),
    /// A tool's path lies inside another tool's. Holds the path and the other's name.
    NestedPath(String, String),
    /// Not a source that may frame a tool. It may hold a password, so it is not held.
    FrameAncestor,
    /// Neither an https address nor a path below `/static/`.
    Icon,
    /// A template that does not exist. Holds its name and the ones that do.
    TemplateMissing(String, Vec<String>),
    /// A template that cannot be read. Holds the system's words.
    TemplateUnreadable(String),
    /// A template that cannot be compiled. Holds Tera's words.
    TemplateBroken(String),
    /// A template includes or extends one that does not exist. Holds the other's name, and those that do exist.
    PartMissing(String, Vec<String>),
    /// A template uses a variable that it is not given. Holds the variable's name.
    TemplateVariable(String),
}

impl Fault {
    /// Whether the gateway starts in spite of it.
    pub fn severity(&self) -> Severity {
        match self {
            Self::LiteralSecret
            | Self::WhiteSpace(_)
            | Self::Colon(_)
            | Self::StandIn(..)
            | Self::StateOnHeroku
            | Self::UpstreamExposed => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// What to write instead.
    pub(super) fn cure(&self) -> String {
        match self {
            Self::Encoding => "save the file as UTF-8".into(),
            Self::Syntax(words) => of_syntax(words).into(),
            Self::DuplicateKey(..) => "keep one of the two".into(),
            Self::UnknownKey { key, known, .. } => match nearest(key, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write {}", listed(known)),
            },
            Self::UnknownVariable(name, known) => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                match nearest(name, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("unset it, or set {}", listed(&known)),
                }
            }
            Self::WrongType { key, expected, .. } | Self::WrongItem { key, expected, .. } => format!("write {expected}, such as {}", example(key)),
            Self::NoTools => "add a table for each tool: `[tools.hello]` with `key`, `secret` and `template`".into(),
            Self::ToolName(_) => "name it with letters, digits, `-` and `_`, at most 64 of them: `[tools.my-quiz]`".into(),
            Self::BothTargets => "keep `template` for a page of this gateway, or `upstream` for a web app behind it".into(),
            Self::NoTarget => "add `template = \"hello\"` for templates/hello.html.tera, or `upstream = \"http://127.0.0.1:9000\"` for a web app".into(),
            Self::ParamsLong(_) => "write at most 1024 characters: each request to the upstream carries them in its assertion".into(),
            Self::WithoutEffect(key) => format!("take `{key}` out, or write `upstream` in place of `template`"),
            Self::UpstreamUrl(words) => of_upstream(words).into(),
            Self::UpstreamExposed => "write https://, and let the app verify `X-LTI-Assertion`, so that it refuses whoever reaches it past the gateway".into(),
            Self::Prefix(text) => match nearest(text, &PREFIXES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write {}", listed(&PREFIXES)),
            },
            Self::Identity(text) => of_identity(text),
            Self::HeaderName(_) => "write letters, digits and `-`: `headers = { X-Course = \"b101\" }`".into(),
            Self::IdentityHeader(_) => "take it out, or give it another name".into(),
            Self::GatewayHeader(_) => "take it out: the gateway sends what belongs there".into(),
            Self::DuplicateHeader(..) => "keep one of the two".into(),
            Self::HeaderValue(..) => "write one line of visible ASCII characters, without blanks around them".into(),
            Self::Host(_) => "write the name alone: `host = \"notebook.example.edu\"`".into(),
            Self::SameHost(..) => "give each of the two a `host` of its own".into(),
            Self::PublicHost(_) => "give the tool another `host`, or leave `host` out to launch it below the public URL".into(),
            Self::NoConsumer(name) => {
                format!("add `key = \"{name}-key\"` and `secret = {{ env = \"{}\" }}`", variable_of(name))
            }
            Self::KeyAndConsumers(key) => format!("move `{key}` into the list: `consumers = [{{ key = …, secret = … }}]`"),
            Self::Missing("env") => "name the environment variable that holds it: `{ env = \"NAME\" }`".into(),
            Self::Missing("key") => "add `key = \"…\"`, the consumer key that platforms send".into(),
            Self::Missing(_) => "add `secret = { env = \"…\" }`, the secret that goes with the key".into(),
            Self::EmptyList("roles") => "name who may launch, or leave `roles` out for everyone".into(),
            Self::EmptyList("secret") => "write at least one: `secret = [{ env = \"…\" }]`".into(),
            Self::EmptyList("consumers") => format!("write at least one: {}", example("consumers")),
            Self::EmptyList(key) => format!("write at least one, or leave `{key}` out"),
            Self::EmptyText("secret") => "write a secret of 16 or more random characters, best as `{ env = \"…\" }`".into(),
            Self::EmptyText(key) => format!("write {}", example(key)),
            Self::DuplicateConsumer(_) => "give each course its own key; several secrets of one key are a list: `secret = [new, old]`".into(),
            Self::VariableMissing(name) | Self::VariableEmpty(name) => {
                format!("set it: `heroku config:set {name}=…`, or a line `{name}=…` in .env for foreman")
            }
            Self::VariableName => "write the name of an environment variable, in capitals, and put the value there: `{ env = \"HELLO_SECRET\" }`".into(),
            Self::LiteralSecret => "write `secret = { env = \"…\" }` and set that variable, so that the file can be shown to others".into(),
            Self::WhiteSpace(_) => "write it without the space or line break, unless the platform's has it too".into(),
            Self::Colon(what) => {
                format!("use a {what} of letters and digits: edX's LTI passport is id:key:secret and is cut at colons")
            }
            Self::GatewaySecretMissing => {
                "add `secret = { env = \"GATEWAY_SECRET\" }` below [gateway] and set the variable to 32 or more random characters (`openssl rand -hex 32`)".into()
            }
            Self::GatewaySecretShort(_) => "use 32 or more random characters: `openssl rand -hex 32`".into(),
            Self::StandIn(..) => "set it before anybody else can reach the gateway; outside development it is required".into(),
            Self::PublicUrlMissing => "add `public_url = \"https://…\"` below [gateway]: the address that platforms launch, against which signatures are checked".into(),
            Self::PublicUrl(_) => "write scheme, host and, if it is not the scheme's own, port: `public_url = \"https://tools.example.edu\"`".into(),
            Self::State(words) => of_state(words).into(),
            Self::StateOnHeroku => "write `state = \"memory\"`, or run the gateway where a disk stays".into(),
            Self::OutcomeHost(_) => "write `\"lms.example.edu\"`, `\"*.example.edu\"`, `\"127.0.0.1\"`, or `\"*\"` for every public host".into(),
            Self::OutcomeUrl(_) => format!("write how both addresses begin: {}", example("outcome_url_rewrite")),
            Self::DuplicateOutcomeUrl(..) => "keep one of the two".into(),
            Self::OutcomeHostMissing(host) => format!("add `\"{host}\"` to `outcome_hosts`, which is `[\"*\"]` where it is not written"),
            Self::Duration(_) => "write a whole number and a unit: `\"90s\"`, `\"5m\"`, `\"8h\"` or `\"2d\"`".into(),
            Self::DurationRange(bounds) => format!("write one from {bounds}"),
            Self::Role(text) => match of_role(text) {
                Some(role) => format!("did you mean `{role}`?"),
                None => format!("write {}", listed(&ROLES)),
            },
            Self::SignatureMethod(_) => "write `HMAC-SHA1` or `HMAC-SHA256`".into(),
            Self::Path(_) => "write the path as it stands in the launch URL: `path = \"/quiz\"`".into(),
            Self::ReservedPath(_) => "choose another path; `/lti/…` is free for tools".into(),
            Self::SamePath(..) | Self::NestedPath(..) => "give one of the two another `path`".into(),
            Self::FrameAncestor => "write an origin such as `\"https://*.example.edu\"`, or `\"'self'\"`, `\"'none'\"`, `\"*\"`".into(),
            Self::Icon => "write `\"https://…\"` or `\"/static/icon.svg\"`".into(),
            Self::TemplateMissing(name, known) => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                of_template(name, &known)
            }
            Self::TemplateUnreadable(_) => "let the gateway read the file, and save it as UTF-8".into(),
            Self::TemplateBroken(words) => of_tera(words).into(),
            Self::PartMissing(name, known) => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                of_part(name, &known)
            }
            Self::TemplateVariable(name) => of_variable(name),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding => f.write_str("the file is not UTF-8 from here on"),
            Self::Syntax(words) => f.write_str(words),
            Self::DuplicateKey(key, None) => write!(f, "`{key}` is written twice"),
            Self::DuplicateKey(key, Some(line)) => {
                write!(f, "`{key}` is written twice, first in line {line}")
            }
            Self::UnknownKey { key, table, .. } => write!(f, "unknown key `{key}` {table}"),
            Self::UnknownVariable(name, _) => write!(f, "`{name}` sets nothing"),
            Self::WrongType { key, found, expected } => write!(f, "`{key}` is {found}, not {expected}"),
            Self::WrongItem { key, found, expected } => write!(f, "`{key}` lists {found}, not {expected}"),
            Self::NoTools => f.write_str("no tool is registered"),
            Self::ToolName(name) => write!(f, "a tool cannot be named `{name}`"),
            Self::BothTargets => f.write_str("a tool has one target, not both `template` and `upstream`"),
            Self::NoTarget => f.write_str("the tool has no target"),
            Self::ParamsLong(length) => write!(f, "`params` have {length} bytes as JSON"),
            Self::WithoutEffect(key) => write!(f, "`{key}` does nothing beside `template`"),
            Self::UpstreamUrl(why) => write!(f, "the upstream {why}"),
            Self::UpstreamExposed => {
                f.write_str("the upstream is neither https nor on a private network: others may read what is sent to it, or send to it themselves")
            }
            Self::Prefix(text) => write!(f, "\"{text}\" is not a prefix"),
            Self::Identity(text) => write!(f, "\"{text}\" is not a personal field"),
            Self::HeaderName(name) => write!(f, "`{name}` is not the name of a header"),
            Self::IdentityHeader(name) => {
                write!(f, "`{name}` is the gateway's own: from such headers an upstream learns who is there")
            }
            Self::GatewayHeader(name) => write!(f, "`{name}` is decided for each request anew"),
            Self::DuplicateHeader(name, other) => {
                write!(f, "`{name}` and `{other}` are one header to many servers")
            }
            Self::HeaderValue(name, why) => write!(f, "the value of `{name}` {why}"),
            Self::Host(why) => write!(f, "the host {why}"),
            Self::SameHost(host, other) => write!(f, "`{other}` answers at `{host}` already"),
            Self::PublicHost(host) => write!(f, "`{host}` is the host of the public URL"),
            Self::NoConsumer(name) => write!(f, "nobody can launch `{name}`: it has no key and secret"),
            Self::KeyAndConsumers(key) => write!(f, "`{key}` stands beside `consumers`"),
            Self::Missing(missing) => write!(f, "`{missing}` is missing"),
            Self::EmptyList(key) => write!(f, "`{key}` is an empty list"),
            Self::EmptyText(key) => write!(f, "`{key}` is empty"),
            Self::DuplicateConsumer(key) => write!(f, "two consumers of this tool have the key `{key}`"),
            Self::VariableMissing(name) => write!(f, "the environment variable {name} is not set"),
            Self::VariableEmpty(name) => write!(f, "the environment variable {name} is empty"),
            Self::VariableName => f.write_str("`env` does not name a variable that is set"),
            Self::LiteralSecret => f.write_str("a secret is written in the file"),
            Self::WhiteSpace(what) => write!(f, "the {what} begins or ends with white space"),
            Self::Colon(what) => write!(f, "the {what} contains a colon, which edX cannot carry"),
            Self::GatewaySecretMissing => f.write_str("`gateway.secret` is missing"),
            Self::GatewaySecretShort(length) => {
                write!(f, "`gateway.secret` has {length} characters; it needs 32")
            }
            Self::StandIn(what, stand_in) => write!(f, "{what} is not set: development uses \"{stand_in}\""),
            Self::PublicUrlMissing => f.write_str("`gateway.public_url` is missing"),
            Self::PublicUrl(why) => write!(f, "the public URL {why}"),
            Self::State(why) => write!(f, "the state {why}"),
            Self::StateOnHeroku => {
                f.write_str("state is kept in a directory, and Heroku empties its disks at every restart, once a day at least")
            }
            Self::OutcomeHost(why) => write!(f, "the outcome host {why}"),
            Self::OutcomeUrl(why) => write!(f, "the outcome URL {why}"),
            Self::DuplicateOutcomeUrl(url, other) => write!(f, "`{url}` and `{other}` are one address"),
            Self::OutcomeHostMissing(host) => write!(f, "`outcome_hosts` lets no grade go to `{host}`"),
            Self::Duration(text) => write!(f, "\"{text}\" is not a length of time"),
            Self::DurationRange(_) => f.write_str("this length of time is out of bounds"),
            Self::Role(text) => write!(f, "\"{text}\" is not a role"),
            Self::SignatureMethod(text) => write!(f, "\"{text}\" is not a signature method"),
            Self::Path(why) => write!(f, "the path {why}"),
            Self::ReservedPath(path) => write!(f, "`{path}` is the gateway's own"),
            Self::SamePath(path, other) => write!(f, "`{other}` answers at `{path}` already"),
            Self::NestedPath(path, other) => write!(f, "`{path}` lies inside the path of `{other}`"),
            Self::FrameAncestor => f.write_str("this is not a site that can frame a page"),
            Self::Icon => f.write_str("the icon is neither an https address nor a file below /static/"),
            Self::TemplateMissing(name, _) => write!(f, "there is no templates/{name}.html.tera"),
            Self::TemplateBroken(words) => f.write_str(words),
            Self::TemplateUnreadable(words) => write!(f, "the template cannot be read: {words}"),
            Self::PartMissing(name, _) => write!(f, "there is no templates/{name}"),
            Self::TemplateVariable(name) => write!(f, "the template uses `{name}`, which it is not given"),
        }
    }
}
