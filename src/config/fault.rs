//! The problems that a configuration can have: one table with a row for each fault. A fault never
//! holds a secret.

use std::fmt;

use lti::jose::{PrivateKeyError, RsaKey};

use super::header::HeaderValueError;
use super::host_name::ToolHostError;
use super::institution::InstitutionError;
use super::key::{OPENINGS, PLATFORM_TYPES, PREFIXES, ROLES, SIGNATURE_ALGORITHMS};
use super::limit::{
    LARGEST_POINTS, LONGEST_CUSTOM_NAME, LONGEST_PARAMS, LONGEST_TOOL_NAME,
    RECOMMENDED_CONSUMER_SECRET, SHORTEST_CONSUMER_SECRET, SHORTEST_GATEWAY_SECRET,
};
use super::link_path::LinkPathError;
use super::odd_character::OddCharacter;
use super::outcome_host::OutcomeHostError;
use super::platform_type::PlatformType;
use super::public_url::PublicUrlError;
use super::state_location::StateLocationError;
use super::string_mistake::StringMistake;
use super::suggestion::{
    did_you_mean, example, listed, nearest, of_empty_list, of_empty_text, of_field, of_identity,
    of_missing, of_part, of_role, of_short_secret, of_template, of_template_variable,
    of_unknown_variable, of_variable, of_variable_in_place, of_word, variable_of,
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

/// The part of the gateway that a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayPart {
    /// The port on which it listens.
    Port(u16),
    /// The host of its public URL.
    PublicHost(String),
    /// The host of a tool: host and tool.
    ToolHost(String, String),
}

impl fmt::Display for GatewayPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "listens on port {port}"),
            Self::PublicHost(host) => write!(f, "has the public host `{host}`"),
            Self::ToolHost(host, tool) => {
                write!(f, "serves the host `{host}` of the tool `{tool}`")
            }
        }
    }
}

/// The table in which a key has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHome {
    /// `[gateway]`.
    Gateway,
    /// The table of a tool.
    Tool,
    /// Both.
    Either,
}

/// The consequence of a secret in two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedRisk {
    /// One of them is the gateway's own.
    Session,
    /// One of them is a header for an upstream.
    Upstream,
    /// All of them sign launches.
    Launch,
}

/// Why a template does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFault {
    /// It ends inside a tag or a block.
    Unclosed,
    /// It includes or extends itself, directly or through other templates.
    Circular,
    /// A construct that Tera does not have. Holds the advice.
    Construct(String),
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

    /// The file is UTF-16.
    Utf16 => Error,
        fact: "the file is UTF-16, which some editors call Unicode",
        advice: "save the file as UTF-8; PowerShell: `Set-Content -Encoding utf8`";

    /// The file is not TOML. Holds the parser's message.
    Syntax(kind: SyntaxKind, message: String) => Error,
        fact: "{message}",
        advice: kind.advice();

    /// A character that looks like another is in the place of TOML's syntax. Holds the other lines
    /// of the table with such characters.
    OddSyntax(odd: OddCharacter, lines: Vec<usize>) => Error,
        fact: ("{odd} is not TOML{}", of_more_lines(lines)),
        advice: odd.advice();

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

    /// Keys in a table where they have no meaning, although another table has them.
    Misplaced {
        /// The keys.
        keys: Vec<String>,
        /// The table as the file writes it.
        table: String,
        /// The table in which they have a meaning.
        home: KeyHome,
    } => Error,
        fact: ("{}", of_misplaced(keys, table, *home)),
        advice: match (home, if keys.len() == 1 { "it" } else { "them" }) {
            (KeyHome::Gateway, them) => format!(
                "move {them} below the heading `[gateway]`: a key belongs to the last heading above"
            ),
            (KeyHome::Tool, them) => format!(
                "write the tool's heading above {them}, such as `[tools.hello]`: a key belongs to \
                    the last heading above"
            ),
            (KeyHome::Either, them) => {
                format!("move {them} below `[gateway]`, or below the heading of the tool")
            }
        };

    /// A table of a tool with a wrong heading. Holds the heading, and the right one.
    Heading(found: String, right: String) => Error,
        fact: "the gateway reads no table `{found}`",
        advice: format!("write the heading of each tool like `{right}`");

    /// A table of a tool defines several keys twice. Holds the keys.
    DuplicateKeys(keys: Vec<String>) => Error,
        fact: ("this tool defines {} twice", quoted(keys)),
        advice: "if they belong to another tool, write its heading above this line, such as \
            `[tools.quiz]`; if not, keep one of each";

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

    /// A tool has two targets. Holds the keys of both.
    BothTargets(first: &'static str, second: &'static str) => Error,
        fact: "the tool has both `{first}` and `{second}`",
        advice: of_both_targets(first, second);

    /// A tool has no target.
    NoTarget => Error,
        fact: "the tool has none of `template`, `upstream`, `command` and `site`",
        advice: "add `template = \"hello\"` for templates/hello.html.tera, \
            `upstream = \"http://127.0.0.1:9000\"` for a web app, `command = […]` for one that the \
            gateway starts, or `site = \"book\"` for a folder of pages";

    /// A tool has a key that its target does not use. Holds the key, the key of the target, and
    /// the key of a target that would use it.
    WithoutEffect(key: &'static str, target: &'static str, home: &'static str) => Error,
        fact: "`{key}` has no effect on a tool with `{target}`",
        advice: format!("remove `{key}`, or replace `{target}` with `{home}`");

    /// `command` is a string.
    CommandString => Error,
        fact: "`command` is a string, and no shell splits it into program and arguments",
        advice: format!("write each argument as a string of a list: {}", example("command"));

    /// The program of a command is an empty string.
    CommandEmpty => Error,
        fact: "the program of `command` is empty",
        advice: format!("write the program as the first string: {}", example("command"));

    /// A string for a program contains a NUL character. Holds the role of the string.
    Nul(what: String) => Error,
        fact: "{what} contains a NUL character",
        advice: "remove `\\u0000`: no argument, variable or path of a program can contain it";

    /// A tool has both a command and the URL of an app that another program starts.
    UrlWithCommand => Error,
        fact: "the tool has both `command` and the URL of an app",
        advice: "remove `upstream`: the gateway chooses the port of an app that it starts; write \
            only a path for an app with a base path, such as `upstream = \"/app\"`";

    /// A command has another program's placeholder for the port. Holds the placeholder.
    PortPlaceholder(text: String) => Warning,
        fact: "nothing replaces `{text}`",
        advice: "write `{port}` for the port of the app: no shell reads this value";

    /// A command has a variable in the syntax of a shell. Holds the variable.
    NoShell(text: String) => Warning,
        fact: "nothing replaces `{text}`: no shell reads this value",
        advice: "write the value itself, or start a shell: \
            `command = [\"sh\", \"-c\", \"exec …\"]`; ignore this warning if the app replaces it";

    /// A command has an operator of a shell as an argument. Holds the operator.
    ShellOperator(text: String) => Warning,
        fact: "the program receives `{text}` as an argument: no shell reads `command`",
        advice: "remove it, or start a shell: `command = [\"sh\", \"-c\", \"… && exec …\"]`; \
            `directory` sets the working directory, `environment` sets variables";

    /// An invalid name of an app's variable. Holds the name.
    EnvironmentName(name: String) => Error,
        fact: "`{name}` is not a valid name of an environment variable",
        advice: "use letters, digits and `_`: `environment = { APP_MODE = \"exam\" }`";

    /// A variable that the gateway sets for each app, or a setting of the gateway. Holds its name.
    EnvironmentReserved(name: String) => Error,
        fact: ("{}", of_reserved_variable(name)),
        advice: if name == "PORT" {
            "remove it: the app receives its own port as PORT, and `{port}` stands for it in \
                `command` and in other variables"
        } else {
            "remove it, or give it another name: apps do not receive the gateway's own settings"
        };

    /// An app would receive the port on which the gateway listens.
    GatewayPortInApp => Error,
        fact: "the variable PORT has the gateway's own port",
        advice: "write `\"{port}\"` for the port of the app";

    /// In development, an app starts without a variable. Holds its name, and the variable that is
    /// not set.
    EnvironmentUnset(name: String, variable: String) => Warning,
        fact: "{variable} is not set: in development, the app starts without {name}",
        advice: format!("set {variable} if the app needs it; it is required outside development");

    /// A program does not exist. Holds the program, and the place where the gateway looked.
    ProgramMissing(program: String, place: String) => Warning,
        fact: "there is no program `{program}`{place}: the app cannot start",
        advice: "install it where the gateway runs, or write its path, such as \
            `command = [\".venv/bin/python\", \"app.py\", \"{port}\"]`";

    /// The gateway cannot start a program. Holds the program, and the reason.
    ProgramUnusable(program: String, why: String) => Warning,
        fact: "the program `{program}` {why}: the app cannot start",
        advice: "write a program that the gateway's user may execute; for a script, its \
            interpreter: `command = [\"python3\", \"app.py\", \"{port}\"]`";

    /// Neither the arguments nor the variables of a command contain `{port}`.
    PortUnused => Warning,
        fact: "neither `command` nor `environment` has `{{port}}`",
        advice: "add `{port}` where the app expects its port; ignore this warning if the app reads \
            the variable PORT";

    /// The working directory of an app is missing, or is not a directory. Holds the reason.
    AppDirectory(why: String) => Error,
        fact: "the directory {why}",
        advice: "write the directory in which the app starts, relative to the tools file: \
            `directory = \"apps/plots\"`";

    /// The folder of a site is missing, or is not a folder. Holds the reason.
    SiteFolder(why: String) => Error,
        fact: "the site {why}",
        advice: "write a folder with an index.html, relative to the tools file: `site = \"book\"`";

    /// The folder of a site has no index.html.
    SiteIndex => Warning,
        fact: "the site has no index.html, which a launch opens",
        advice: "write the folder with the rendered pages, such as `site = \"book/_build/html\"`";

    /// The folder of a site contains files of the gateway, which the site would show. Holds the
    /// files.
    SiteExposes(what: String) => Error,
        fact: "the site would show {what} to everyone who launches it",
        advice: "move the pages into a folder of their own: `site = \"book\"`";

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
            UpstreamUrlError::OnlyPath => {
                "write scheme, host and port, too: `upstream = \"http://127.0.0.1:9000/app\"`; or \
                    let the gateway start the app, with `command`"
            }
            _ => "write scheme, host, port and path of the app: \
                `upstream = \"http://127.0.0.1:9000/app\"`",
        };

    /// An invalid base path of an app that the gateway starts. Holds the reason.
    BasePath(why: UpstreamUrlError) => Error,
        fact: "the base path {why}",
        advice: "write only the path of the app: `upstream = \"/app\"`";

    /// The gateway reaches an upstream in clear text, possibly across a public network.
    UpstreamExposed => Warning,
        fact: "the upstream is neither https nor on a private network: others may read requests to \
            it, or send their own",
        advice: "write https://, and let the app verify `X-LTI-Assertion`, so that it refuses \
            requests that bypass the gateway";

    /// An upstream at the address `0.0.0.0` or `[::]`. Holds the address, and the URL of the same
    /// port on loopback.
    UpstreamUnspecified(address: String, loopback: String) => Warning,
        fact: "{address} is an address to listen on, not to connect to",
        advice: format!("write the address of the app: `upstream = \"{loopback}\"`");

    /// On Heroku, an upstream at a loopback address.
    UpstreamOnHeroku => Warning,
        fact: "on Heroku, this address is in the gateway's own dyno: no other dyno answers there",
        advice: "let the gateway start the app: `command = [\"python3\", \"app.py\", \"{port}\"]` \
            in place of `upstream`; or write the URL of another app, such as \
            `https://my-app.herokuapp.com`";

    /// An upstream that is the gateway itself. Holds the reason.
    UpstreamIsGateway(why: GatewayPart) => Error,
        fact: "the upstream is this gateway itself, which {why}",
        advice: "write the URL of the app: `upstream = \"http://127.0.0.1:9000\"`; an app on the \
            same machine needs another port than the gateway";

    /// An invalid value of `prefix`. Holds it.
    Prefix(text: String) => Error,
        fact: "\"{text}\" is not a prefix",
        advice: of_word(text, &PREFIXES);

    /// An invalid value of `open`. Holds it.
    Open(text: String) => Error,
        fact: "\"{text}\" is not a place where a launch can open an app",
        advice: of_word(text, &OPENINGS);

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
        fact: "no platform can launch `{name}`: it has neither `key` and `secret` nor `platforms`",
        advice: format!(
            "add `key = \"{name}-key\"` and `secret = {{ env = \"{}\" }}` for LTI 1.1, or \
                `platforms = \"moodle\"` for LTI 1.3",
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

    /// Two tools have the same consumer key. Holds the key, the other tool's name, and whether the
    /// two have a common secret.
    SharedKey(key: String, other: String, has_same_secret: bool) => Warning,
        fact: ("{}", of_shared_key(key, other, *has_same_secret)),
        advice: if *has_same_secret {
            "give each tool its own key and secret, unless all courses with this key may use both \
                tools"
        } else {
            "give each tool its own key: a platform that stores one secret for a key, such as edX, \
                can launch only one of the two"
        };

    /// Several places have the same secret. Holds the other places, such as "the tool `quiz`", and
    /// the consequence.
    SharedSecret(places: Vec<String>, risk: SharedRisk) => Warning,
        fact: (
            "this secret is also that of {}: {}",
            places_of(places),
            match risk {
                SharedRisk::Session => "a platform that has it can forge the session of any user",
                SharedRisk::Upstream => "an app that receives it can sign launches",
                SharedRisk::Launch => "a course that has one of them can sign for the others",
            }
        ),
        advice: "use a separate random secret for each of them (`openssl rand -hex 32`)";

    /// A list contains the same secret twice.
    DuplicateSecret => Warning,
        fact: "this list contains the same secret twice",
        advice: "remove one of them; for a rotation, list the new and the old secret";

    /// An environment variable is not set. Holds its name.
    VariableMissing(name: String) => Error,
        fact: "the environment variable {name} is not set",
        advice: of_variable(name);

    /// An environment variable is empty. Holds its name.
    VariableEmpty(name: String) => Error,
        fact: "the environment variable {name} is empty",
        advice: of_variable(name);

    /// A string names a variable in the syntax of another program.
    Unexpanded {
        /// The name of the key or header.
        key: String,
        /// The key, or the key of the table of headers.
        of: &'static str,
        /// The variable with its syntax, and its name. `None` if it may be a secret.
        variable: Option<(String, String)>,
    } => Error,
        fact: ("{}", of_unexpanded(key, variable.as_ref())),
        advice: of_variable_in_place(of, variable.as_ref().map(|(_, name)| name.as_str()));

    /// A mistake that changes the meaning of a string. Holds the name of the string.
    StringMistake(what: String, mistake: StringMistake) => Error,
        fact: "{what} {mistake}",
        advice: mistake.advice();

    /// A string that is valid, but probably not the author's. Holds the name of the string.
    SuspiciousString(what: String, mistake: StringMistake) => Warning,
        fact: "{what} {mistake}",
        advice: format!("{}; ignore this warning if it belongs to the value", mistake.advice());

    /// The value of an environment variable is not UTF-8. Holds its name.
    VariableEncoding(name: String) => Error,
        fact: "the value of the environment variable {name} is not UTF-8",
        advice: "set it to ASCII characters, or save the file that sets it as UTF-8";

    /// Variables that name a proxy, which the gateway does not use. Their values may contain a
    /// password, so the fault holds only their names.
    ProxyVariable(names: Vec<&'static str>) => Warning,
        fact: ("the gateway uses no proxy, and ignores {}", names.join(", ")),
        advice: "allow the gateway to connect directly to platforms and upstreams: a proxy would \
            connect for it, without its check of network addresses (SSRF)";

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

    /// A consumer's secret is its key, which is public.
    SecretIsKey => Warning,
        fact: "the secret is the same text as the key, which every learner sees in a launch",
        advice: "use a random secret (`openssl rand -hex 16`), and enter it at the platform";

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

    /// Development with `dev_host` uses a random placeholder. Holds the variable or key.
    RandomPlaceholder(what: String) => Warning,
        fact: "{what} is not set: with `dev_host`, development uses a random secret until it stops",
        advice: "set it to launch the tool from another platform than `/dev`, or to keep sessions \
            after a restart";

    /// `gateway.dev_host` is invalid. Holds the reason.
    DevHost(why: PublicUrlError) => Error,
        fact: "the development host {why}",
        advice: "write scheme, host and, if it is not the default, port, as browsers show them: \
            `dev_host = \"https://name-5000.app.github.dev\"`";

    /// `gateway.dev_host` is set on Heroku.
    DevHostOnHeroku => Error,
        fact: "`dev_host` is for development, and DYNO is set: this is Heroku",
        advice: "remove `dev_host` from the file that you deploy, or unset LTI_GATEWAY_DEV_HOST";

    /// `gateway.dev_host` is set outside development.
    DevHostIgnored => Warning,
        fact: "`dev_host` has no effect outside development",
        advice: "remove it, or set LTI_GATEWAY_DEV_HOST where you develop";

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

    /// A platform's name cannot be part of a path.
    PlatformName(name: String) => Error,
        fact: "`{name}` is not a valid platform name",
        advice: format!(
            "use at most {LONGEST_TOOL_NAME} letters, digits, `-` and `_`: `[platforms.my-moodle]`"
        );

    /// A platform has the name of the practice platform.
    PlatformPractice => Error,
        fact: "`practice` is the name of the practice platform, which development adds",
        advice: "choose another name for the table, such as `[platforms.moodle]`";

    /// An invalid type of a platform. Holds it.
    PlatformKind(text: String) => Error,
        fact: "\"{text}\" is not a type of platform",
        advice: match nearest(text, &PLATFORM_TYPES) {
            Some(near) => did_you_mean(near),
            None => format!(
                "write {}; for another platform, remove `type` and write its URLs",
                listed(&PLATFORM_TYPES)
            ),
        };

    /// A tool names a platform that the file does not have. Holds it, and the names of all
    /// platforms.
    UnknownPlatform(name: String, known: Vec<String>) => Error,
        fact: "the file has no platform `{name}`",
        advice: of_unknown_platform(name, known);

    /// A platform has both `client_id` and `clients`.
    ClientIdAndClients => Error,
        fact: "the platform has both `client_id` and `clients`",
        advice: "move `client_id` into the list: `clients = [{ client_id = … }]`";

    /// Two clients have the same issuer and id. Holds the id, and the name of the other table if it
    /// is not the same.
    DuplicateClient(id: String, other: Option<String>) => Error,
        fact: ("{}", of_duplicate_client(id, other.as_deref())),
        advice: "keep one of the two: several tools can list the same platform in `platforms`";

    /// A URL is missing beside a client. Holds the keys, and the platform's type.
    ClientIncomplete(keys: Vec<&'static str>, kind: Option<PlatformType>) => Error,
        fact: ("{} missing beside a client", of_missing_keys(keys)),
        advice: of_incomplete_client(keys, *kind);

    /// A client of edX has no keyset.
    EdxKeyset => Error,
        fact: "`jwks_url` is missing beside a client of edX",
        advice: "add the Keyset URL that Studio shows below the block, next to the client id: \
            each block or configuration of edX has its own key, so no other URL is right";

    /// The keyset of a client of edX has the URL of another product.
    EdxKeysetUrl => Error,
        fact: "`jwks_url` is not a keyset URL of edX, so that `token_url` is unknown",
        advice: "copy the Keyset URL that Studio shows below the block: \
            `jwks_url = \"https://courses.example.edu/api/lti_consumer/v1/public_keysets/…\"`";

    /// A platform of Blackboard has no deployments.
    BlackboardDeployments => Error,
        fact: "`deployments` is missing beside a client of Blackboard",
        advice: "add the deployment id that Blackboard shows to admins below LTI Tool Providers: \
            `deployments = \"…\"`; every school can deploy this client id, so the gateway has to \
            know which deployment is yours";

    /// The clients of one platform have different issuers.
    SeveralIssuers => Error,
        fact: "this client is at another host than the platform's first client",
        advice: "write one table for each platform, such as `[platforms.edx]` and \
            `[platforms.edx-2]`";

    /// An invalid URL of a platform. It may hold a password, so the fault holds only the key and
    /// the reason. For `url`, it also holds the platform's type.
    PlatformUrl(key: &'static str, why: UpstreamUrlError, kind: Option<PlatformType>) => Error,
        fact: "`{key}` {why}",
        advice: match kind.and_then(PlatformType::base_example) {
            Some(example) => format!("write the platform's base URL: `url = \"{example}\"`"),
            None => format!("write the URL that the platform shows: {}", example(key)),
        };

    /// An http URL of a platform. Holds its key.
    PlatformHttp(key: &'static str) => Error,
        fact: "`{key}` is http: others could replace the platform's responses",
        advice: "write https://; http is allowed for hosts that `outcome_hosts` lists by name, and \
            for loopback in development";

    /// `url` without a type.
    UrlWithoutType => Error,
        fact: "`url` has no effect without `type`",
        advice: "add `type`, or write `issuer`, `auth_url`, `token_url` and `jwks_url` in place of \
            `url`";

    /// `url` beside a type that needs no base URL. Holds the type.
    UrlOfType(kind: PlatformType) => Error,
        fact: ("`url` has no effect on a platform of the type `{}`", kind.name()),
        advice: match kind {
            PlatformType::Edx => "remove it: the gateway takes the host from `jwks_url`",
            _ => "remove it: all schools share the same URLs",
        };

    /// A `url` that is not the base URL of the product. Holds the type.
    PlatformBaseUrl(kind: PlatformType) => Error,
        fact: "`url` is not the base URL of {kind}",
        advice: format!(
            "write it without the path of a page: `url = \"{}\"`",
            kind.base_example().unwrap_or_default()
        );

    /// An invalid signature algorithm. Holds it.
    Algorithm(text: String) => Error,
        fact: "\"{text}\" is not an algorithm that the gateway accepts",
        advice: of_algorithm(text);

    /// A private key of the gateway is not usable. Holds the reason.
    PrivateKey(why: PrivateKeyError) => Error,
        fact: "the value of `private_key` is not usable: {why}",
        advice: format!("set the variable to the output of `{}`", RsaKey::COMMAND);

    /// In development, a private key is not set. Holds its variable.
    PrivateKeyUnset(variable: String) => Warning,
        fact: "{variable} is not set: development derives the key from `gateway.secret`",
        advice: format!("set {variable} to use that key; it is required outside development");

    /// A tool has a consumer key that is the name of one of its platforms. Holds the name and the
    /// type.
    PlatformIsConsumer(name: String, kind: Option<PlatformType>) => Error,
        fact: "the platform `{name}` has the name of a consumer key of this tool: the tool would \
            confuse their users",
        advice: match kind {
            Some(kind) if kind.keeps_ids() => format!(
                "rename the table, such as `[platforms.{name}-13]`; only if both have the same \
                    users, add `formerly = \"{name}\"` to it"
            ),
            _ => format!("rename the table, such as `[platforms.{name}-13]`"),
        };

    /// `formerly` has the name of its own platform, which does not keep ids. Holds the name.
    FormerlyOwnName(name: String) => Error,
        fact: "`formerly` has the name of its own platform, whose ids differ by the version of \
            LTI: an id of one user may be the old id of another",
        advice: format!("rename the table, such as `[platforms.{name}-13]`, and keep `formerly`");

    /// `formerly` has the name of another platform. Holds it.
    FormerlyOfPlatform(name: String) => Error,
        fact: "`formerly` has the name of the platform `{name}`: users of this platform could pass \
            for its users",
        advice: format!(
            "remove it; if `{name}` is a consumer key of LTI 1.1, rename the table of the other \
                platform, such as `[platforms.{name}-13]`"
        );

    /// `formerly` has a key that no tool of the platform has. Holds the platform and the key.
    FormerlyUnknown(name: String, key: String) => Warning,
        fact: "no tool of the platform `{name}` has the consumer key `{key}` of `formerly`",
        advice: "correct the key, or remove it: the platform alone vouches for the users of this \
            key";

    /// `formerly` on a platform of edX. Holds the platform's name.
    FormerlyOfEdx(name: String) => Warning,
        fact: "`formerly` of the platform `{name}` links no users: edX sends other ids in LTI 1.3",
        advice: "remove it, unless a plugin of your edX sends the old ids";

    /// No tool names a platform. Holds its name.
    PlatformUnused(name: String) => Warning,
        fact: "no tool names the platform `{name}`, so that it launches nothing",
        advice: format!("add `platforms = \"{name}\"` to a tool");

    /// A platform has no client. Holds its name.
    PlatformSetUp(name: String) => Warning,
        fact: "the platform `{name}` has no client yet, so that nobody can log in",
        advice: "register the gateway there, and add the `client_id` that the platform shows";

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

    /// An invalid value of `grades`. Holds it.
    GradesWord(text: String) => Error,
        fact: "`grades` is \"{text}\", not `true`, `false` or \"course\"",
        advice: match text.as_str() {
            "true" | "false" => "remove the quotes",
            _ => "write `true` for the grades of the learners who launch the app, or `\"course\"` \
                so that course staff can also grade other learners",
        };

    /// A key that has no effect without `grades`. Holds it.
    WithoutGrades(key: &'static str) => Error,
        fact: "`{key}` has no effect on a tool without `grades`",
        advice: format!("add `grades = true`, or remove `{key}`");

    /// Points out of range.
    Points => Error,
        fact: "the points are not a number above 0 and up to {LARGEST_POINTS}",
        advice: "write the maximum of the grades: `points = 10`";

    /// A tool has both links and its own picker.
    LinksAndPicker => Error,
        fact: "the tool has both `links` and `picker`",
        advice: "keep `links` for a page of the gateway, or `picker` for a page of the app";

    /// An invalid path of a link. Holds the reason.
    LinkPath(why: LinkPathError) => Error,
        fact: "the path {why}",
        advice: "write a place in the app, below the launch path: `path = \"/week/1\"`";

    /// An invalid path of a picker. Holds the reason.
    PickerPath(why: LinkPathError) => Error,
        fact: "the path {why}",
        advice: "write a page of the app, below the launch path: `picker = \"/choose\"`";

    /// A link of a template has a path.
    LinkPathOfTemplate => Error,
        fact: "`path` has no effect on a link of a tool with `template`, which is one page",
        advice: "remove `path`; the template can read `custom` of the launched link";

    /// An invalid name of a custom parameter. Holds it.
    CustomName(name: String) => Error,
        fact: "`{name}` is not a name that platforms keep",
        advice: format!("use at most {LONGEST_CUSTOM_NAME} letters, digits and `_`");

    /// A value of a custom parameter has a line break or another control character. Holds the
    /// parameter's name.
    CustomValue(name: String) => Error,
        fact: "the value of `{name}` has a line break or another control character",
        advice: "write it in one line: platforms store one parameter in each line";

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
            TemplateFault::Construct(advice) => advice.as_str(),
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

    /// A template uses an unknown field of `launch` or `tool`.
    TemplateField {
        /// The variable or field that does not have it.
        of: String,
        /// The name of the field.
        name: String,
        /// The fields that exist.
        known: Vec<&'static str>,
    } => Error,
        fact: "`{of}` has no field `{name}`",
        advice: of_field(of, name, known);

    /// A template uses a misspelled name of the tool's `params`.
    TemplateParam {
        /// The name.
        name: String,
        /// The similar name of a parameter.
        near: String,
    } => Error,
        fact: "the tool's `params` have no `{name}`",
        advice: did_you_mean(&format!("tool.params.{near}"));

    /// A template uses an unknown variable. Holds its name.
    TemplateVariable(name: String) => Error,
        fact: "the template uses the unknown variable `{name}`",
        advice: of_template_variable(name);
}

fn of_first_line(first: Option<usize>) -> String {
    first.map(|line| format!(", first in line {line}")).unwrap_or_default()
}

/// Advice for two targets.
fn of_both_targets(first: &str, second: &str) -> String {
    let purpose = |key: &str| match key {
        "template" => "for a page of this gateway",
        "upstream" => "for a web app behind it",
        "command" => "for a web app that it starts",
        _ => "for a folder of pages",
    };
    format!("keep `{first}` {}, or `{second}` {}", purpose(first), purpose(second))
}

fn of_reserved_variable(name: &str) -> String {
    match name {
        "PORT" => "the gateway sets `PORT` for each app".to_owned(),
        _ => format!("`{name}` is a setting of the gateway"),
    }
}

fn of_more_lines(lines: &[usize]) -> String {
    match lines {
        [] => String::new(),
        [line] => format!("; line {line} has one, too"),
        lines => {
            let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
            format!("; the lines {} have some, too", lines.join(", "))
        }
    }
}

fn of_unexpanded(key: &str, variable: Option<&(String, String)>) -> String {
    match variable {
        Some((text, name)) if text == name => {
            format!("`{key}` is the name of the variable {name}, not its value")
        }
        Some((text, _)) => {
            format!("`{key}` contains `{text}`, but the gateway expands no variables in strings")
        }
        None => format!("`{key}` names a variable, but the gateway expands none in strings"),
    }
}

fn of_misplaced(keys: &[String], table: &str, home: KeyHome) -> String {
    let verb = if keys.len() == 1 { "belongs" } else { "belong" };
    let home = match home {
        KeyHome::Gateway => "in [gateway]",
        KeyHome::Tool => "to a tool",
        KeyHome::Either => "in [gateway] or to a tool",
    };
    let table = if table == "at the top level" { "above the first heading" } else { table };
    format!("{} {verb} {home}, but {} {table}", quoted(keys), of_number(keys))
}

fn of_unknown_platform(name: &str, known: &[String]) -> String {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    match nearest(name, &known) {
        Some(near) => did_you_mean(near),
        None if known.is_empty() => format!("add a table `[platforms.{name}]`"),
        None => format!("add a table `[platforms.{name}]`, or write {}", listed(&known)),
    }
}

fn of_duplicate_client(id: &str, other: Option<&str>) -> String {
    match other {
        Some(other) => {
            format!("the platform `{other}` already has the client `{id}` of the same issuer")
        }
        None => format!("the platform has the client `{id}` twice"),
    }
}

fn of_missing_keys(keys: &[&str]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| (*key).to_owned()).collect();
    format!("{} {}", quoted(&keys), of_number(&keys))
}

fn of_incomplete_client(keys: &[&str], kind: Option<PlatformType>) -> String {
    let examples: Vec<_> = keys.iter().map(|key| example(key)).collect();
    let examples = examples.join(", ");
    match (kind, keys) {
        (Some(kind), ["url"]) => format!(
            "add the base URL of your {kind}: `url = \"{}\"`",
            kind.base_example().unwrap_or_default()
        ),
        (Some(kind), _) => format!("add the values that your {kind} shows: {examples}"),
        (None, _) => format!(
            "add the values that the platform shows: {examples}; or add `type`, if it is {}",
            listed(&PLATFORM_TYPES)
        ),
    }
}

fn of_algorithm(text: &str) -> String {
    match text.to_ascii_uppercase().as_str() {
        "NONE" => "remove it: a token without a signature proves nothing".to_owned(),
        "HS256" | "HS384" | "HS512" => {
            "remove it: its key would be public, so that everyone could sign tokens".to_owned()
        }
        _ => of_word(text, &SIGNATURE_ALGORITHMS),
    }
}

fn of_number(keys: &[String]) -> &'static str {
    if keys.len() == 1 { "is" } else { "are" }
}

/// Names as a list in a sentence.
fn quoted(names: &[String]) -> String {
    let mut names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

fn of_shared_key(key: &str, other: &str, has_same_secret: bool) -> String {
    if has_same_secret {
        format!(
            "the tool `{other}` has the same key `{key}` and secret: a course that may launch one \
                may launch both"
        )
    } else {
        format!("the tool `{other}` has the same key `{key}` with another secret")
    }
}

/// At most three places.
fn places_of(places: &[String]) -> String {
    match places {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        places => places.join(", "),
    }
}
