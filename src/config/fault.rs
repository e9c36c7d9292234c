//! What can be wrong with a configuration: one table, a row per fault. A fault never holds the text
//! of a secret.

use std::fmt;

use super::header::HeaderValueError;
use super::host_name::ToolHostError;
use super::key::{PREFIXES, ROLES};
use super::limit::{LONGEST_PARAMS, LONGEST_TOOL_NAME, SHORTEST_GATEWAY_SECRET};
use super::outcome_host::OutcomeHostError;
use super::public_url::PublicUrlError;
use super::state_location::StateLocationError;
use super::suggestion::{
    did_you_mean, example, listed, of_empty_list, of_empty_text, of_identity, of_missing, of_part,
    of_role, of_template, of_template_variable, of_unknown_variable, of_variable, of_word,
    variable_of,
};
use super::syntax_kind::SyntaxKind;
use super::tool_path::ToolPathError;
use super::upstream_url::UpstreamUrlError;

/// Whether the gateway starts in spite of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does not.
    Error,
    /// It does.
    Warning,
}

/// What is wrong with a template that does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// It ends in the middle of a tag or a block.
    Unclosed,
    /// It includes or extends itself.
    Circular,
    /// Something else.
    Other,
}

/// Declares [`Fault`]: per variant its fields, severity, fact and advice. A fact is a format
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
        /// What is wrong, with the value that it is about.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fault {
            $(
                $(#[$doc])*
                $variant $(($($type),+))? $({ $($(#[$named_doc])* $named: $named_type,)+ })?,
            )*
        }

        #[allow(unused_variables)]
        impl Fault {
            /// Whether the gateway starts in spite of it.
            pub fn severity(&self) -> Severity {
                match self {
                    $(Self::$variant { .. } => Severity::$severity,)*
                }
            }

            /// What to write instead.
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

    /// The text is not TOML. Holds the parser's message.
    Syntax(kind: SyntaxKind, message: String) => Error,
        fact: "{message}",
        advice: kind.advice();

    /// A table has a key or table twice. Holds it, and the line of the first one if that is another
    /// line.
    DuplicateKey(key: String, first: Option<usize>) => Error,
        fact: ("`{key}` is written twice{}", of_first_line(*first)),
        advice: "keep one of the two";

    /// A key that no table of this kind has.
    UnknownKey {
        /// The key.
        key: String,
        /// The table, as it is written.
        table: String,
        /// All keys that the table may have.
        known: Vec<&'static str>,
    } => Error,
        fact: "unknown key `{key}` {table}",
        advice: of_word(key, known);

    /// A variable of the environment that sets nothing. Holds its name, and those that do.
    UnknownVariable(name: String, known: Vec<String>) => Error,
        fact: "`{name}` sets nothing",
        advice: of_unknown_variable(name, known);

    /// A value of another type than its key has.
    WrongType {
        /// The key.
        key: String,
        /// The type of the value, such as "an integer".
        found: &'static str,
        /// What to write.
        expected: &'static str,
    } => Error,
        fact: "`{key}` is {found}, not {expected}",
        advice: format!("write {expected}, such as {}", example(key));

    /// An item of a list of another type than the list's items have.
    WrongItem {
        /// The list's key.
        key: String,
        /// The type of the item.
        found: &'static str,
        /// What to write.
        expected: &'static str,
    } => Error,
        fact: "`{key}` lists {found}, not {expected}",
        advice: format!("write {expected}, such as {}", example(key));

    /// The file registers no tool.
    NoTools => Error,
        fact: "no tool is registered",
        advice: "add a table for each tool: `[tools.hello]` with `key`, `secret` and `template`";

    /// A tool's name cannot be part of a path.
    ToolName(name: String) => Error,
        fact: "a tool cannot be named `{name}`",
        advice: format!(
            "name it with letters, digits, `-` and `_`, at most {LONGEST_TOOL_NAME} of them: \
                `[tools.my-quiz]`"
        );

    /// A tool has both a template and an upstream.
    BothTargets => Error,
        fact: "a tool has one target, not both `template` and `upstream`",
        advice: "keep `template` for a page of this gateway, or `upstream` for a web app behind it";

    /// A tool has neither.
    NoTarget => Error,
        fact: "the tool has no target",
        advice: "add `template = \"hello\"` for templates/hello.html.tera, or \
            `upstream = \"http://127.0.0.1:9000\"` for a web app";

    /// A tool with a template has a key that only upstreams use. Holds it.
    WithoutEffect(key: &'static str) => Error,
        fact: "`{key}` does nothing beside `template`",
        advice: format!("take `{key}` out, or write `upstream` in place of `template`");

    /// `params` of an upstream are too long for a header. Holds their length.
    ParamsLong(length: usize) => Error,
        fact: "`params` have {length} bytes as JSON",
        advice: format!(
            "write at most {LONGEST_PARAMS} characters: each request to the upstream carries them \
                in its assertion"
        );

    /// Not the URL of an upstream. It may hold a password, so only the reason is held.
    UpstreamUrl(why: UpstreamUrlError) => Error,
        fact: "the upstream {why}",
        advice: match why {
            UpstreamUrlError::HasCredentials => {
                "write it without, and send them in a header: `headers = { Authorization = { env = \
                    \"…\" } }`"
            }
            UpstreamUrlError::OtherScheme => {
                "write http:// or https://, by which WebSockets pass, too: `upstream = \
                    \"http://127.0.0.1:9000\"`"
            }
            _ => "write scheme, host, port and path of the app: `upstream = \
                \"http://127.0.0.1:9000/app\"`",
        };

    /// An upstream that the gateway reaches in clear text, and maybe not through a private network.
    UpstreamExposed => Warning,
        fact: "the upstream is neither https nor on a private network: others may read what is \
            sent to it, \
            or send to it themselves",
        advice: "write https://, and let the app verify `X-LTI-Assertion`, so that it refuses \
            whoever \
            reaches it past the gateway";

    /// Not a value of `prefix`. Holds the text.
    Prefix(text: String) => Error,
        fact: "\"{text}\" is not a prefix",
        advice: of_word(text, &PREFIXES);

    /// Not a personal field that can reach an upstream. Holds the text.
    Identity(text: String) => Error,
        fact: "\"{text}\" is not a personal field",
        advice: of_identity(text);

    /// Not the name of a header. Holds it.
    HeaderName(name: String) => Error,
        fact: "`{name}` is not the name of a header",
        advice: "write letters, digits and `-`: `headers = { X-Course = \"b101\" }`";

    /// A header that tells an upstream who is there. Holds its name.
    IdentityHeader(name: String) => Error,
        fact: "`{name}` is the gateway's own: from such headers an upstream learns who is there",
        advice: "take it out, or give it another name";

    /// A header that a request has anyway. Holds its name.
    GatewayHeader(name: String) => Error,
        fact: "`{name}` is decided for each request anew",
        advice: "take it out: the gateway sends what belongs there";

    /// Two names that many servers take for one. Holds both.
    DuplicateHeader(name: String, other: String) => Error,
        fact: "`{name}` and `{other}` are one header to many servers",
        advice: "keep one of the two";

    /// A value that no header can have, or that does not arrive as it is written. It may be a
    /// secret, so only the header's name and the reason are held.
    HeaderValue(name: String, why: HeaderValueError) => Error,
        fact: "the value of `{name}` {why}",
        advice: "write one line of visible ASCII characters, without blanks around them";

    /// Not the name of a host. Holds the reason.
    Host(why: ToolHostError) => Error,
        fact: "the host {why}",
        advice: "write the name alone: `host = \"notebook.example.edu\"`";

    /// Two tools have one host. Holds it and the other's name.
    SameHost(host: String, other: String) => Error,
        fact: "`{other}` answers at `{host}` already",
        advice: "give each of the two a `host` of its own";

    /// A tool has the gateway's own host. Holds it.
    PublicHost(host: String) => Error,
        fact: "`{host}` is the host of the public URL",
        advice: "give the tool another `host`, or leave `host` out to launch it below the public \
            URL";

    /// A tool has neither a key nor consumers. Holds its name.
    NoConsumer(name: String) => Error,
        fact: "nobody can launch `{name}`: it has no key and secret",
        advice: format!(
            "add `key = \"{name}-key\"` and `secret = {{ env = \"{}\" }}`",
            variable_of(name)
        );

    /// A tool has both `key` (or `secret`, `signature_methods`) and `consumers`. Holds the surplus key.
    KeyAndConsumers(key: &'static str) => Error,
        fact: "`{key}` stands beside `consumers`",
        advice: format!("move `{key}` into the list: `consumers = [{{ key = …, secret = … }}]`");

    /// A key without a secret, a secret without a key, or a variable without its name. Holds the
    /// missing key.
    Missing(key: &'static str) => Error,
        fact: "`{key}` is missing",
        advice: of_missing(key);

    /// A list that must not be empty is empty. Holds its key.
    EmptyList(key: &'static str) => Error,
        fact: "`{key}` is an empty list",
        advice: of_empty_list(key);

    /// Text that must not be empty is empty. Holds its key.
    EmptyText(key: &'static str) => Error,
        fact: "`{key}` is empty",
        advice: of_empty_text(key);

    /// Two consumers of one tool have one key. Holds the key.
    DuplicateConsumer(key: String) => Error,
        fact: "two consumers of this tool have the key `{key}`",
        advice: "give each course its own key; several secrets of one key are a list: `secret = \
            [new, old]`";

    /// A variable that is not set. Holds its name.
    VariableMissing(name: String) => Error,
        fact: "the environment variable {name} is not set",
        advice: of_variable(name);

    /// A variable that is set to nothing. Holds its name.
    VariableEmpty(name: String) => Error,
        fact: "the environment variable {name} is empty",
        advice: of_variable(name);

    /// The name of a variable does not look like one. It may be a secret, so it is not held.
    VariableName => Error,
        fact: "`env` does not name a variable that is set",
        advice: "write the name of an environment variable, in capitals, and put the value there: \
            `{ env = \"HELLO_SECRET\" }`";

    /// The file itself holds a secret.
    LiteralSecret => Warning,
        fact: "a secret is written in the file",
        advice: "write `secret = { env = \"…\" }` and set that variable, so that the file can be \
            shown to others";

    /// A key or secret has leading or trailing whitespace. Holds which of the two it is.
    WhiteSpace(what: &'static str) => Warning,
        fact: "the {what} begins or ends with white space",
        advice: "write it without the space or line break, unless the platform's has it too";

    /// A key or secret holds a colon, at which edX cuts its passports. Holds which of the two it
    /// is.
    Colon(what: &'static str) => Warning,
        fact: "the {what} contains a colon, which edX cannot carry",
        advice: format!(
            "use a {what} of letters and digits: edX's LTI passport is id:key:secret and is cut at \
                colons"
        );

    /// `gateway.secret` is missing.
    GatewaySecretMissing => Error,
        fact: "`gateway.secret` is missing",
        advice: format!(
            "add `secret = {{ env = \"GATEWAY_SECRET\" }}` below [gateway] and set the variable to \
            {SHORTEST_GATEWAY_SECRET} or more random characters (`openssl rand -hex 32`)"
        );

    /// `gateway.secret` is too short. Holds its length.
    GatewaySecretShort(length: usize) => Error,
        fact: "`gateway.secret` has {length} characters; it needs {SHORTEST_GATEWAY_SECRET}",
        advice: format!(
            "use {SHORTEST_GATEWAY_SECRET} or more random characters: `openssl rand -hex 32`"
        );

    /// Development uses a placeholder for a secret. Holds the variable or key, and the placeholder.
    Placeholder(what: String, placeholder: &'static str) => Warning,
        fact: "{what} is not set: development uses \"{placeholder}\"",
        advice: "set it before anybody else can reach the gateway; outside development it is \
            required";

    /// `gateway.public_url` is missing.
    PublicUrlMissing => Error,
        fact: "`gateway.public_url` is missing",
        advice: "add `public_url = \"https://…\"` below [gateway]: the address that platforms \
            launch, \
            against which signatures are checked";

    /// `gateway.public_url` is invalid. Holds the reason.
    PublicUrl(why: PublicUrlError) => Error,
        fact: "the public URL {why}",
        advice: "write scheme, host and, if it is not the scheme's own, port: \
            `public_url = \"https://tools.example.edu\"`";

    /// Not a place for state. It may hold a password, so only the reason is held.
    State(why: StateLocationError) => Error,
        fact: "the state {why}",
        advice: match why {
            StateLocationError::NearlyMemory => did_you_mean("memory"),
            _ => {
                "write `state = \"memory\"`, or a directory with a slash in its path: `state = \
                    \"./state\"`".to_owned()
            }
        };

    /// State is kept in a directory, which Heroku forgets.
    StateOnHeroku => Warning,
        fact: "state is kept in a directory, and Heroku empties its disks at every restart, once a \
            day at least",
        advice: "write `state = \"memory\"`, or run the gateway where a disk stays";

    /// Not a host that `outcome_hosts` can list. Holds the reason.
    OutcomeHost(why: OutcomeHostError) => Error,
        fact: "the outcome host {why}",
        advice: "write `\"lms.example.edu\"`, `\"*.example.edu\"`, `\"127.0.0.1\"`, or `\"*\"` for \
            every public host";

    /// Not one side of `outcome_url_rewrite`. It may hold a password, so only the reason is held.
    OutcomeUrl(why: UpstreamUrlError) => Error,
        fact: "the outcome URL {why}",
        advice: format!("write how both addresses begin: {}", example("outcome_url_rewrite"));

    /// Two keys of `outcome_url_rewrite` are one URL. Holds both.
    DuplicateOutcomeUrl(url: String, other: String) => Error,
        fact: "`{url}` and `{other}` are one address",
        advice: "keep one of the two";

    /// `outcome_url_rewrite` names a host that `outcome_hosts` does not allow. Holds it.
    OutcomeHostMissing(host: String) => Error,
        fact: "`outcome_hosts` lets no grade go to `{host}`",
        advice: format!(
            "add `\"{host}\"` to `outcome_hosts`, which is `[\"*\"]` where it is not written"
        );

    /// Not a duration. Holds the text.
    Duration(text: String) => Error,
        fact: "\"{text}\" is not a length of time",
        advice: "write a whole number and a unit: `\"90s\"`, `\"5m\"`, `\"8h\"` or `\"2d\"`";

    /// A duration out of bounds. Holds the bounds.
    DurationRange(bounds: &'static str) => Error,
        fact: "this length of time is out of bounds",
        advice: format!("write one from {bounds}");

    /// Not a role. Holds the text.
    Role(text: String) => Error,
        fact: "\"{text}\" is not a role",
        advice: match of_role(text) {
            Some(role) => did_you_mean(role),
            None => format!("write {}", listed(&ROLES)),
        };

    /// Not a signature method. Holds the text.
    SignatureMethod(text: String) => Error,
        fact: "\"{text}\" is not a signature method",
        advice: "write `HMAC-SHA1` or `HMAC-SHA256`";

    /// Not a path of a tool. Holds the reason.
    Path(why: ToolPathError) => Error,
        fact: "the path {why}",
        advice: "write the path as it stands in the launch URL: `path = \"/quiz\"`";

    /// A path of the gateway's own. Holds it.
    ReservedPath(path: String) => Error,
        fact: "`{path}` is the gateway's own",
        advice: "choose another path; `/lti/…` is free for tools";

    /// Two tools answer at one path. Holds the path and the other's name.
    SamePath(path: String, other: String) => Error,
        fact: "`{other}` answers at `{path}` already",
        advice: "give one of the two another `path`";

    /// A tool's path lies inside another tool's. Holds the path and the other's name.
    NestedPath(path: String, other: String) => Error,
        fact: "`{path}` lies inside the path of `{other}`",
        advice: "give one of the two another `path`";

    /// Not a source that may frame a tool. It may hold a password, so it is not held.
    FrameAncestor => Error,
        fact: "this is not a site that can frame a page",
        advice: "write an origin such as `\"https://*.example.edu\"`, or `\"'self'\"`, \
            `\"'none'\"`, `\"*\"`";

    /// Neither an https URL nor a path below `/static/`.
    Icon => Error,
        fact: "the icon is neither an https address nor a file below /static/",
        advice: "write `\"https://…\"` or `\"/static/icon.svg\"`";

    /// A template that does not exist. Holds its name and the ones that do.
    TemplateMissing(name: String, known: Vec<String>) => Error,
        fact: "there is no templates/{name}.html.tera",
        advice: of_template(name, known);

    /// A template that the gateway cannot read. Holds the system's message.
    TemplateUnreadable(message: String) => Error,
        fact: "the template cannot be read: {message}",
        advice: "let the gateway read the file, and save it as UTF-8";

    /// A template that does not compile. Holds Tera's message.
    TemplateBroken(fault: TemplateFault, message: String) => Error,
        fact: "{message}",
        advice: match fault {
            TemplateFault::Unclosed => {
                "close what is open: `}}`, `%}`, `{% endif %}`, `{% endfor %}`, `{% endblock %}`"
            }
            TemplateFault::Circular => "take one of them out of the circle",
            TemplateFault::Other => "mend the template; its language is at \
                https://keats.github.io/tera/",
        };

    /// A template includes or extends one that does not exist. Holds the other's name, and those
    /// that do exist.
    PartMissing(name: String, known: Vec<String>) => Error,
        fact: "there is no templates/{name}",
        advice: of_part(name, known);

    /// A template uses a variable that the gateway does not give it. Holds the variable's name.
    TemplateVariable(name: String) => Error,
        fact: "the template uses `{name}`, which it is not given",
        advice: of_template_variable(name);
}

fn of_first_line(first: Option<usize>) -> String {
    first.map(|line| format!(", first in line {line}")).unwrap_or_default()
}
