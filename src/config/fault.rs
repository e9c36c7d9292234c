//! The problems that a configuration can have: one table with a row for each fault. A fault never
//! holds a secret.

use std::fmt;

use super::header::HeaderValueError;
use super::host_name::ToolHostError;
use super::institution::InstitutionError;
use super::key::{PREFIXES, ROLES};
use super::limit::{
    LONGEST_PARAMS, LONGEST_TOOL_NAME, RECOMMENDED_CONSUMER_SECRET, SHORTEST_CONSUMER_SECRET,
    SHORTEST_GATEWAY_SECRET,
};
use super::outcome_host::OutcomeHostError;
use super::public_url::PublicUrlError;
use super::state_location::StateLocationError;
use super::suggestion::{
    did_you_mean, example, listed, of_empty_list, of_empty_text, of_identity, of_missing, of_part,
    of_role, of_short_secret, of_template, of_template_variable, of_unknown_variable, of_variable,
    of_word, variable_of,
};
use super::syntax_kind::SyntaxKind;
use super::tool_path::ToolPathError;
use super::upstream_url::UpstreamUrlError;

/// Whether the gateway starts in spite of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The gateway does not start.
    Error,
    /// The gateway starts.
    Warning,
}

/// Why a template does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// It ends inside a tag or a block.
    Unclosed,
    /// It includes or extends itself, directly or through other templates.
    Circular,
    /// Any other reason.
    Other,
}

/// Declares [`Fault`]: fields, severity, fact and advice of each variant. A fact is a format
/// string, in brackets if it has arguments.
macro_rules! faults {
    ($(
        $(#[$doc:meta])*
        $variant:ident
            $(($($field:ident: $type:ty),+))?
            $({ $($(#[$named_doc:meta])* $named:ident: $named_type:ty,)+ })?
            => $severity:ident,
            fact: $fact:tt,
            advice: $advice:expr;
    )*) => {
        /// One problem of a configuration, with the value that it is about.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fault {
            $(
                $(#[$doc])*
                $variant $(($($type),+))? $({ $($(#[$named_doc])* $named: $named_type,)+ })?,
            )*
        }

        #[allow(unused_variables)]
        impl Fault {
            /// Whether the gateway starts in spite of the fault.
            pub fn severity(&self) -> Severity {
                match self {
                    $(Self::$variant { .. } => Severity::$severity,)*
                }
            }

            /// How to fix it. Starts with an imperative verb, except for "did you mean …?".
            pub(super) fn advice(&self) -> String {
                match self {
                    $(
                        Self::$variant $(($($field),+))? $({ $($named),+ })? => {
                            String::from($advice)
                        }
                    )*
                }
            }
        }

        impl fmt::Display for Fault {
            #[allow(unused_variables)]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(
                        Self::$variant $(($($field),+))? $({ $($named),+ })? => {
                            write_fact!(f, $fact)
                        }
                    )*
                }
            }
        }
    };
}

macro_rules! write_fact {
    ($f:ident, ($($argument:tt)+)) => { write!($f, $($argument)+) };
    ($f:ident, $fact:literal) => { write!($f, $fact) };
}

faults! {
    /// The file is not UTF-8.
    Encoding => Error,
        fact: "the file is not UTF-8 from here on",
        advice: "save the file as UTF-8";

    /// The file is not TOML. Holds the parser's message.
    Syntax(kind: SyntaxKind, message: String) => Error,
        fact: "{message}",
        advice: kind.advice();

    /// A table defines a key or a table twice. Holds its name, and the line of the first definition
    /// if that is another line.
    DuplicateKey(key: String, first: Option<usize>) => Error,
        fact: ("`{key}` is defined twice{}", of_first_line(*first)),
        advice: "keep one of the two";

    /// A key that does not exist in this table.
    UnknownKey {
        /// The key.
        key: String,
        /// The table as the file writes it.
        table: String,
        /// All keys of the table.
        known: Vec<&'static str>,
    } => Error,
        fact: "unknown key `{key}` {table}",
        advice: of_word(key, known);

    /// An environment variable with the gateway's prefix that is no setting. Holds its name, and
    /// the names of all settings.
    UnknownVariable(name: String, known: Vec<String>) => Error,
        fact: "`{name}` is not a setting of the gateway",
        advice: of_unknown_variable(name, known);

    /// A value has the wrong type.
    WrongType {
        /// The key.
        key: String,
        /// The type of the value, such as "an integer".
        found: &'static str,
        /// The type of the key.
        expected: &'static str,
    } => Error,
        fact: "`{key}` is {found}, not {expected}",
        advice: format!("write {expected}, such as {}", example(key));

    /// A value in a list or table has the wrong type.
    WrongItem {
        /// The key of the list or table.
        key: String,
        /// The type of the value.
        found: &'static str,
        /// The type of the list's or table's values.
        expected: &'static str,
    } => Error,
        fact: "a value in `{key}` is {found}, not {expected}",
        advice: format!("write {expected}, such as {}", example(key));

    /// The file defines no tool.
    NoTools => Error,
        fact: "the file defines no tool",
        advice: "add a table for each tool: `[tools.hello]` with `key`, `secret` and `template`";

    /// A tool's name cannot be part of a path.
    ToolName(name: String) => Error,
        fact: "`{name}` is not a valid tool name",
        advice: format!(
            "use at most {LONGEST_TOOL_NAME} letters, digits, `-` and `_`: `[tools.my-quiz]`"
        );

    /// A tool has both a template and an upstream.
    BothTargets => Error,
        fact: "the tool has both `template` and `upstream`",
        advice: "keep `template` for a page of this gateway, or `upstream` for a web app behind it";

    /// A tool has neither a template nor an upstream.
    NoTarget => Error,
        fact: "the tool has neither `template` nor `upstream`",
        advice: "add `template = \"hello\"` for templates/hello.html.tera, or \
            `upstream = \"http://127.0.0.1:9000\"` for a web app";

    /// A tool with a template has a key that only upstreams use. Holds the key.
    WithoutEffect(key: &'static str) => Error,
        fact: "`{key}` has no effect on a tool with `template`",
        advice: format!("remove `{key}`, or replace `template` with `upstream`");

    /// The `params` of an upstream are too long for a header. Holds their length in bytes.
    ParamsLong(length: usize) => Error,
        fact: "`params` is {length} bytes long as JSON",
        advice: format!(
            "shorten it to at most {LONGEST_PARAMS} bytes: each request to the upstream carries it \
                in the assertion"
        );

    /// An invalid URL of an upstream. The URL may hold a password, so the fault holds only the
    /// reason.
    UpstreamUrl(why: UpstreamUrlError) => Error,
        fact: "the upstream {why}",
        advice: match why {
            UpstreamUrlError::HasCredentials => {
                "remove them from the URL, and send them in a header: \
                    `headers = { Authorization = { env = \"…\" } }`"
            }
            UpstreamUrlError::OtherScheme => {
                "write http:// or https://, which also carry WebSockets: \
                    `upstream = \"http://127.0.0.1:9000\"`"
            }
            _ => "write scheme, host, port and path of the app: \
                `upstream = \"http://127.0.0.1:9000/app\"`",
        };

    /// The gateway reaches an upstream in clear text, possibly across a public network.
    UpstreamExposed => Warning,
        fact: "the upstream is neither https nor on a private network: others may read requests to \
            it, or send their own",
        advice: "write https://, and let the app verify `X-LTI-Assertion`, so that it refuses \
            requests that bypass the gateway";

    /// An invalid value of `prefix`. Holds it.
    Prefix(text: String) => Error,
        fact: "\"{text}\" is not a prefix",
        advice: of_word(text, &PREFIXES);

    /// An invalid value in `identity`. Holds it.
    Identity(text: String) => Error,
        fact: "\"{text}\" is not a personal field",
        advice: of_identity(text);

    /// An invalid header name. Holds it.
    HeaderName(name: String) => Error,
        fact: "`{name}` is not a valid header name",
        advice: "use letters, digits and `-`: `headers = { X-Course = \"b101\" }`";

    /// A header by which an upstream learns the user or its own public URL. Holds its name.
    IdentityHeader(name: String) => Error,
        fact: "`{name}` is reserved for the gateway: upstreams trust such headers",
        advice: "remove it, or give it another name";

    /// A header that every request has already. Holds its name.
    GatewayHeader(name: String) => Error,
        fact: "the gateway controls `{name}` for each request",
        advice: "remove it: the gateway sends this header where it is needed";

    /// Two header names that many servers treat as one. Holds both.
    DuplicateHeader(name: String, other: String) => Error,
        fact: "many servers treat `{name}` and `{other}` as the same header",
        advice: "keep one of the two";

    /// An invalid header value, or one that servers change. The value may be a secret, so the fault
    /// holds only the header's name and the reason.
    HeaderValue(name: String, why: HeaderValueError) => Error,
        fact: "the value of `{name}` {why}",
        advice: "write one line of visible ASCII characters without leading and trailing spaces";

    /// An invalid host of a tool. Holds the reason.
    Host(why: ToolHostError) => Error,
        fact: "the host {why}",
        advice: "write only the host name: `host = \"notebook.example.edu\"`";

    /// Two tools have the same host. Holds the host and the other tool's name.
    SameHost(host: String, other: String) => Error,
        fact: "the tool `{other}` already has the host `{host}`",
        advice: "give each tool its own `host`";

    /// A tool has the host of the gateway. Holds the host.
    PublicHost(host: String) => Error,
        fact: "`{host}` is the host of the public URL",
        advice: "choose another `host`, or remove `host` to launch the tool below the public URL";

    /// A tool has neither a key nor consumers. Holds its name.
    NoConsumer(name: String) => Error,
        fact: "no platform can launch `{name}`: it has no key and secret",
        advice: format!(
            "add `key = \"{name}-key\"` and `secret = {{ env = \"{}\" }}`",
            variable_of(name)
        );

    /// A tool has both `consumers` and one of `key`, `secret`, `signature_methods`. Holds the
    /// surplus key.
    KeyAndConsumers(key: &'static str) => Error,
        fact: "the tool has both `{key}` and `consumers`",
        advice: format!("move `{key}` into the list: `consumers = [{{ key = …, secret = … }}]`");

    /// A key without a secret, a secret without a key, or a variable without its name. Holds the
    /// missing key.
    Missing(key: &'static str) => Error,
        fact: "`{key}` is missing",
        advice: of_missing(key);

    /// An empty list where at least one item is required. Holds its key.
    EmptyList(key: &'static str) => Error,
        fact: "`{key}` is an empty list",
        advice: of_empty_list(key);

    /// An empty string where at least one character is required. Holds its key.
    EmptyText(key: &'static str) => Error,
        fact: "`{key}` is empty",
        advice: of_empty_text(key);

    /// Two consumers of one tool have the same key. Holds the key.
    DuplicateConsumer(key: String) => Error,
        fact: "two consumers of this tool have the key `{key}`",
        advice: "give each course its own key, or list several secrets of one key: \
            `secret = [new, old]`";

    /// An environment variable is not set. Holds its name.
    VariableMissing(name: String) => Error,
        fact: "the environment variable {name} is not set",
        advice: of_variable(name);

    /// An environment variable is empty. Holds its name.
    VariableEmpty(name: String) => Error,
        fact: "the environment variable {name} is empty",
        advice: of_variable(name);

    /// An invalid name of a variable. It may be a secret, so the fault does not hold it.
    VariableName => Error,
        fact: "`env` is not the name of an environment variable",
        advice: "write a name in capitals, and set that variable to the value: \
            `{ env = \"HELLO_SECRET\" }`";

    /// The file contains a secret.
    LiteralSecret => Warning,
        fact: "the file contains a secret in plain text",
        advice: "write `secret = { env = \"…\" }` and set that variable, so that you can share the \
            file";

    /// A key or secret has leading or trailing whitespace. Holds "key" or "secret".
    OuterWhitespace(what: &'static str) => Warning,
        fact: "the {what} has leading or trailing whitespace",
        advice: "remove the space or line break, unless the platform has it, too";

    /// A key or secret contains a colon, at which edX splits its passports. Holds "key" or
    /// "secret".
    Colon(what: &'static str) => Warning,
        fact: "the {what} contains a colon, which edX cannot store",
        advice: format!(
            "use a {what} of letters and digits: edX splits its LTI passport id:key:secret at \
                colons"
        );

    /// A consumer's secret is so short that a learner can try all secrets of its length offline.
    /// Holds the name of its variable, if it has one.
    ConsumerSecretTooShort(variable: Option<String>) => Error,
        fact: "the secret has fewer than {SHORTEST_CONSUMER_SECRET} characters: a learner can \
            guess it from one launch",
        advice: of_short_secret(variable.as_deref());

    /// A consumer's secret may be guessed. In development, this includes secrets that are an error
    /// elsewhere. Holds the name of its variable, if it has one.
    ConsumerSecretShort(variable: Option<String>) => Warning,
        fact: "the secret has fewer than {RECOMMENDED_CONSUMER_SECRET} characters: a learner may \
            guess it from one launch",
        advice: of_short_secret(variable.as_deref());

    /// `gateway.secret` is missing.
    GatewaySecretMissing => Error,
        fact: "`gateway.secret` is missing",
        advice: format!(
            "add `secret = {{ env = \"GATEWAY_SECRET\" }}` to [gateway] and set the variable to \
                {SHORTEST_GATEWAY_SECRET} or more random characters (`openssl rand -hex 32`)"
        );

    /// `gateway.secret` is too short. Holds its length in characters.
    GatewaySecretShort(length: usize) => Error,
        fact: "`gateway.secret` has {length} characters; it needs {SHORTEST_GATEWAY_SECRET}",
        advice: format!(
            "use {SHORTEST_GATEWAY_SECRET} or more random characters: `openssl rand -hex 32`"
        );

    /// Development uses a placeholder for a secret. Holds the variable or key, and the placeholder.
    Placeholder(what: String, placeholder: &'static str) => Warning,
        fact: "{what} is not set: development uses \"{placeholder}\"",
        advice: "set it before others can reach the gateway; it is required outside development";

    /// `gateway.public_url` is missing.
    PublicUrlMissing => Error,
        fact: "`gateway.public_url` is missing",
        advice: "add `public_url = \"https://…\"` to [gateway]: platforms launch and sign this \
            origin";

    /// `gateway.public_url` is invalid. Holds the reason.
    PublicUrl(why: PublicUrlError) => Error,
        fact: "the public URL {why}",
        advice: "write scheme, host and, if it is not the default, port: \
            `public_url = \"https://tools.example.edu\"`";

    /// `gateway.state` is invalid. It may hold a password, so the fault holds only the reason.
    State(why: StateLocationError) => Error,
        fact: "the state {why}",
        advice: match why {
            StateLocationError::NearlyMemory => did_you_mean("memory"),
            _ => {
                "write `state = \"memory\"`, or a directory with a slash in its path: `state = \
                    \"./state\"`".to_owned()
            }
        };

    /// State is in a directory, which Heroku deletes.
    StateOnHeroku => Warning,
        fact: "Heroku deletes the state directory at every restart, at least once a day",
        advice: "write `state = \"memory\"`, or run the gateway where it has a persistent disk";

    /// `gateway.name` or `gateway.contact` is invalid. Holds the key and the reason.
    Institution(key: &'static str, why: InstitutionError) => Error,
        fact: "`{key}` {why}",
        advice: match *key {
            "name" => "write the name of the institution in one line",
            _ => {
                "write a text in one line, `\"mailto:help@example.edu\"`, or an https URL: \
                    `\"https://example.edu/help\"`"
            }
        };

    /// An invalid value in `outcome_hosts`. Holds the reason.
    OutcomeHost(why: OutcomeHostError) => Error,
        fact: "the outcome host {why}",
        advice: "write `\"lms.example.edu\"`, `\"*.example.edu\"`, `\"127.0.0.1\"`, or `\"*\"` for \
            every public host";

    /// An invalid side of `outcome_url_rewrite`. It may hold a password, so the fault holds only
    /// the reason.
    OutcomeUrl(why: UpstreamUrlError) => Error,
        fact: "the outcome URL {why}",
        advice: format!("write the beginning of each URL: {}", example("outcome_url_rewrite"));

    /// Two keys of `outcome_url_rewrite` are the same URL. Holds both.
    DuplicateOutcomeUrl(url: String, other: String) => Error,
        fact: "`{url}` and `{other}` are the same URL",
        advice: "keep one of the two";

    /// `outcome_url_rewrite` names a host that `outcome_hosts` does not allow. Holds the host.
    OutcomeHostMissing(host: String) => Error,
        fact: "`outcome_hosts` does not allow grades to `{host}`",
        advice: format!("add `\"{host}\"` to `outcome_hosts`, which is `[\"*\"]` by default");

    /// An invalid duration. Holds it.
    Duration(text: String) => Error,
        fact: "\"{text}\" is not a duration",
        advice: "write a whole number and a unit: `\"90s\"`, `\"5m\"`, `\"8h\"` or `\"2d\"`";

    /// A duration out of range. Holds the range.
    DurationRange(bounds: &'static str) => Error,
        fact: "this duration is out of range",
        advice: format!("write a duration from {bounds}");

    /// An invalid role. Holds it.
    Role(text: String) => Error,
        fact: "\"{text}\" is not a role",
        advice: match of_role(text) {
            Some(role) => did_you_mean(role),
            None => format!("write {}", listed(&ROLES)),
        };

    /// An invalid signature method. Holds it.
    SignatureMethod(text: String) => Error,
        fact: "\"{text}\" is not a signature method",
        advice: "write `HMAC-SHA1` or `HMAC-SHA256`";

    /// An invalid path of a tool. Holds the reason.
    Path(why: ToolPathError) => Error,
        fact: "the path {why}",
        advice: "write the path of the launch URL: `path = \"/quiz\"`";

    /// A path that the gateway uses itself. Holds it.
    ReservedPath(path: String) => Error,
        fact: "`{path}` is reserved for the gateway",
        advice: "choose another path; `/lti/…` is free for tools";

    /// Two tools have the same path. Holds the path and the other tool's name.
    SamePath(path: String, other: String) => Error,
        fact: "the tool `{other}` already has the path `{path}`",
        advice: "give one of the two another `path`";

    /// A tool's path is below another tool's path. Holds the path and the other tool's name.
    NestedPath(path: String, other: String) => Error,
        fact: "`{path}` is below the path of the tool `{other}`",
        advice: "give one of the two another `path`";

    /// An invalid source in `frame_ancestors`. It may hold a password, so the fault does not hold
    /// it.
    FrameAncestor => Error,
        fact: "this is not a site that can frame a page",
        advice: "write an origin such as `\"https://*.example.edu\"`, or `\"'self'\"`, \
            `\"'none'\"`, `\"*\"`";

    /// The icon is neither an https URL nor a path below `/static/`.
    Icon => Error,
        fact: "the icon is neither an https URL nor a path below /static/",
        advice: "write `\"https://…\"` or `\"/static/icon.svg\"`";

    /// A template does not exist. Holds its name, and the names of all templates.
    TemplateMissing(name: String, known: Vec<String>) => Error,
        fact: "templates/{name}.html.tera does not exist",
        advice: of_template(name, known);

    /// The gateway cannot read a template. Holds the system's message.
    TemplateUnreadable(message: String) => Error,
        fact: "the gateway cannot read the template: {message}",
        advice: "allow the gateway to read the file, and save it as UTF-8";

    /// A template does not compile. Holds Tera's message.
    TemplateBroken(fault: TemplateFault, message: String) => Error,
        fact: "{message}",
        advice: match fault {
            TemplateFault::Unclosed => {
                "close every tag and block: `}}`, `%}`, `{% endif %}`, `{% endfor %}`, \
                    `{% endblock %}`"
            }
            TemplateFault::Circular => "remove one of them from the cycle",
            TemplateFault::Other => "fix the template; its syntax is at \
                https://keats.github.io/tera/",
        };

    /// A template includes or extends a file that does not exist. Holds the file's name, and the
    /// names of all files.
    PartMissing(name: String, known: Vec<String>) => Error,
        fact: "templates/{name} does not exist",
        advice: of_part(name, known);

    /// A template uses an unknown variable. Holds its name.
    TemplateVariable(name: String) => Error,
        fact: "the template uses the unknown variable `{name}`",
        advice: of_template_variable(name);
}

fn of_first_line(first: Option<usize>) -> String {
    first.map(|line| format!(", first in line {line}")).unwrap_or_default()
}
