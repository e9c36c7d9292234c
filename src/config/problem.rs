//! What is wrong with a configuration, for the admin who wrote it: the place, the line, the fact, the cure.
//!
//! All wording is here. No text of a secret is ever part of a fault, and the lines that are shown hide every
//! value that might be one.

use std::fmt::{self, Write as _};
use std::ops::Range;

/// Whether the gateway starts in spite of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It does not.
    Error,
    /// It does.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What.
    pub fault: Fault,
    /// Where.
    pub location: Location,
}

/// Where a problem is.
#[derive(Clone, Debug)]
pub enum Location {
    /// In a file.
    File {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The line, with everything hidden that might be a secret.
        shown: String,
        /// Which characters of `shown` are meant.
        marked: Range<usize>,
    },
    /// In an environment variable, by its name.
    Environment(String),
    /// In no line in particular of this file.
    Whole(String),
}

/// What is wrong, with the thing that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The text is not TOML. Holds the parser's words.
    Syntax(String),
    /// A key or table stands in one table twice.
    DuplicateKey(String),
    /// A key that no table of this kind has.
    UnknownKey {
        /// The key.
        key: String,
        /// The table, as it is written.
        table: String,
        /// All keys that the table may have.
        known: Vec<&'static str>,
    },
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
    /// A tool has an upstream, which this version does not serve.
    UpstreamUnsupported,
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
    /// A secret stands in the file itself.
    LiteralSecret,
    /// A secret begins or ends with white space.
    SecretWhiteSpace,
    /// A secret holds a colon, at which edX cuts its passports.
    SecretColon,
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
    /// Two tools answer at one path. Holds the other's name.
    SamePath(String),
    /// A tool's path lies inside another tool's. Holds the other's name.
    NestedPath(String),
    /// Not a source that may frame a tool. Holds the text.
    FrameAncestor(String),
    /// Neither an https address nor a path below `/static/`.
    Icon,
    /// A template that does not exist. Holds its name and the ones that do.
    TemplateMissing(String, Vec<String>),
    /// A template that cannot be read or compiled. Holds Tera's words.
    TemplateBroken(String),
    /// A template uses a variable that it is not given. Holds the template's name and the variable's.
    TemplateVariable(String, String),
}

impl Fault {
    /// Whether the gateway starts in spite of it.
    pub fn severity(&self) -> Severity {
        match self {
            Self::LiteralSecret | Self::SecretWhiteSpace | Self::SecretColon | Self::StandIn(..) => {
                Severity::Warning
            }
            _ => Severity::Error,
        }
    }

    /// What to write instead.
    fn cure(&self) -> String {
        match self {
            Self::Syntax(_) => "write TOML: `key = \"value\"`, text in quotes, one value per line".into(),
            Self::DuplicateKey(_) => "keep one of the two".into(),
            Self::UnknownKey { key, known, .. } => match nearest(key, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", listed(known)),
            },
            Self::WrongType { key, expected, .. } | Self::WrongItem { key, expected, .. } => format!("write {expected}, such as {}", example(key)),
            Self::NoTools => "add a table for each tool: `[tools.hello]` with `key`, `secret` and `template`".into(),
            Self::ToolName(_) => "name it with letters, digits, `-` and `_`, at most 64 of them: `[tools.my-quiz]`".into(),
            Self::BothTargets => "keep `template` for a page of this gateway, or `upstream` for a web app behind it".into(),
            Self::NoTarget => "add `template = \"hello\"` for templates/hello.html.tera".into(),
            Self::UpstreamUnsupported => "this version serves templates only: write `template = \"…\"`".into(),
            Self::NoConsumer(name) => format!(
                "add `key = \"{name}-key\"` and `secret = {{ env = \"{}_SECRET\" }}`",
                name.to_uppercase().replace('-', "_")
            ),
            Self::KeyAndConsumers(key) => format!("move `{key}` into the list: `consumers = [{{ key = …, secret = … }}]`"),
            Self::Missing("env") => "name the variable that holds it: `{ env = \"HELLO_SECRET\" }`".into(),
            Self::Missing("key") => "add `key = \"…\"`, the consumer key that platforms send".into(),
            Self::Missing(_) => "add `secret = { env = \"…\" }`, the secret that goes with the key".into(),
            Self::EmptyList("roles") => "name who may launch, or leave `roles` out for everyone".into(),
            Self::EmptyList(key) => format!("write at least one, or leave `{key}` out"),
            Self::EmptyText("secret") => "write a secret of 16 or more random characters, best as `{ env = \"…\" }`".into(),
            Self::EmptyText(key) => format!("write {}", example(key)),
            Self::DuplicateConsumer(_) => "give each course its own key; several secrets of one key are a list: `secret = [new, old]`".into(),
            Self::VariableMissing(name) | Self::VariableEmpty(name) => {
                format!("set it: `heroku config:set {name}=…`, or a line `{name}=…` in .env for foreman")
            }
            Self::LiteralSecret => "write `secret = { env = \"…\" }` and set that variable, so that the file can be shown to others".into(),
            Self::SecretWhiteSpace => "set it again without the space or line break, unless the platform's has it too".into(),
            Self::SecretColon => "use a secret of letters and digits: edX's LTI passport is id:key:secret and is cut at colons".into(),
            Self::GatewaySecretMissing => {
                "add `secret = { env = \"GATEWAY_SECRET\" }` below [gateway] and set the variable to 32 or more random characters (`openssl rand -hex 32`)".into()
            }
            Self::GatewaySecretShort(_) => "use 32 or more random characters: `openssl rand -hex 32`".into(),
            Self::StandIn(..) => "set it before anybody else can reach the gateway; outside development it is required".into(),
            Self::PublicUrlMissing => "add `public_url = \"https://…\"` below [gateway]: the address that platforms launch, against which signatures are checked".into(),
            Self::PublicUrl(_) => "write scheme, host and, if it is not the scheme's own, port: `public_url = \"https://tools.example.edu\"`".into(),
            Self::Duration(_) => "write a whole number and a unit: `\"90s\"`, `\"5m\"`, `\"8h\"` or `\"2d\"`".into(),
            Self::DurationRange(bounds) => format!("write {bounds}"),
            Self::Role(text) => match nearest(text, &ROLE_NAMES) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", listed(&ROLE_NAMES)),
            },
            Self::SignatureMethod(_) => "write `HMAC-SHA1` or `HMAC-SHA256`".into(),
            Self::Path(_) => "write the path as it stands in the launch URL: `path = \"/quiz\"`".into(),
            Self::ReservedPath(_) => "choose another path; `/lti/…` is free for tools".into(),
            Self::SamePath(_) | Self::NestedPath(_) => "give one of the two another `path`".into(),
            Self::FrameAncestor(_) => "write an origin such as `\"https://*.example.edu\"`, or `\"'self'\"`, `\"'none'\"`, `\"*\"`".into(),
            Self::Icon => "write `\"https://…\"` or `\"/static/icon.svg\"`".into(),
            Self::TemplateMissing(name, known) => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                match nearest(name, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("create templates/{name}.html.tera"),
                }
            }
            Self::TemplateBroken(_) => "mend the template; its language is at https://keats.github.io/tera/docs/".into(),
            Self::TemplateVariable(..) => "use `launch.…` and `tool.…`, or set the variable in the template first".into(),
        }
    }
}

const ROLE_NAMES: [&str; 7] =
    ["learner", "instructor", "administrator", "teaching_assistant", "content_developer", "mentor", "staff"];

/// A value that fits a key.
fn example(key: &str) -> &'static str {
    match key {
        "key" => "`key = \"course-a\"`",
        "secret" => "`secret = { env = \"HELLO_SECRET\" }`",
        "env" => "`{ env = \"HELLO_SECRET\" }`",
        "public_url" => "`public_url = \"https://tools.example.edu\"`",
        "session" => "`session = \"8h\"`",
        "clock_skew" => "`clock_skew = \"5m\"`",
        "template" => "`template = \"hello\"`",
        "upstream" => "`upstream = \"http://127.0.0.1:9000\"`",
        "path" => "`path = \"/quiz\"`",
        "icon" => "`icon = \"/static/icon.svg\"`",
        "roles" => "`roles = [\"instructor\", \"learner\"]`",
        "signature_methods" => "`signature_methods = [\"HMAC-SHA256\"]`",
        "frame_ancestors" => "`frame_ancestors = [\"https://courses.example.edu\"]`",
        "consumers" => "`consumers = [{ key = \"course-a\", secret = { env = \"COURSE_A_SECRET\" } }]`",
        "params" => "`params = { level = \"1\" }`",
        "gateway" => "`[gateway]`",
        "tools" => "`[tools.hello]`",
        "title" | "description" => "`title = \"Hello\"`",
        _ => "`[tools.hello]` with `key`, `secret` and `template`",
    }
}

/// The known name that somebody meant who wrote `text`.
pub(super) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let text = text.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&text, name), *name))
        .filter(|(distance, name)| *distance <= name.chars().count().div_ceil(3))
        .min()
        .map(|(_, name)| name)
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(words) => f.write_str(words),
            Self::DuplicateKey(key) => write!(f, "`{key}` is written twice"),
            Self::UnknownKey { key, table, .. } => write!(f, "unknown key `{key}` {table}"),
            Self::WrongType { key, found, expected } => write!(f, "`{key}` is {found}, not {expected}"),
            Self::WrongItem { key, found, expected } => write!(f, "`{key}` lists {found}, not {expected}"),
            Self::NoTools => f.write_str("no tool is registered"),
            Self::ToolName(name) => write!(f, "a tool cannot be named `{name}`"),
            Self::BothTargets => f.write_str("a tool has one target, not both `template` and `upstream`"),
            Self::NoTarget => f.write_str("the tool has no target"),
            Self::UpstreamUnsupported => f.write_str("`upstream` is not served yet"),
            Self::NoConsumer(name) => write!(f, "nobody can launch `{name}`: it has no key and secret"),
            Self::KeyAndConsumers(key) => write!(f, "`{key}` stands beside `consumers`"),
            Self::Missing(missing) => write!(f, "`{missing}` is missing"),
            Self::EmptyList(key) => write!(f, "`{key}` is an empty list"),
            Self::EmptyText(key) => write!(f, "`{key}` is empty"),
            Self::DuplicateConsumer(key) => write!(f, "two consumers of this tool have the key `{key}`"),
            Self::VariableMissing(name) => write!(f, "the environment variable {name} is not set"),
            Self::VariableEmpty(name) => write!(f, "the environment variable {name} is empty"),
            Self::LiteralSecret => f.write_str("a secret is written in the file"),
            Self::SecretWhiteSpace => f.write_str("the secret begins or ends with white space"),
            Self::SecretColon => f.write_str("the secret contains a colon, which edX cannot carry"),
            Self::GatewaySecretMissing => f.write_str("`gateway.secret` is missing"),
            Self::GatewaySecretShort(length) => {
                write!(f, "`gateway.secret` has {length} characters; it needs 32")
            }
            Self::StandIn(what, stand_in) => write!(f, "{what} is not set: development uses \"{stand_in}\""),
            Self::PublicUrlMissing => f.write_str("`gateway.public_url` is missing"),
            Self::PublicUrl(why) => write!(f, "the public URL {why}"),
            Self::Duration(text) => write!(f, "\"{text}\" is not a length of time"),
            Self::DurationRange(_) => f.write_str("this length of time is out of bounds"),
            Self::Role(text) => write!(f, "\"{text}\" is not a role"),
            Self::SignatureMethod(text) => write!(f, "\"{text}\" is not a signature method"),
            Self::Path(why) => write!(f, "the path {why}"),
            Self::ReservedPath(path) => write!(f, "`{path}` is the gateway's own"),
            Self::SamePath(other) => write!(f, "`{other}` answers at this path already"),
            Self::NestedPath(other) => write!(f, "this path lies inside that of `{other}`"),
            Self::FrameAncestor(text) => write!(f, "\"{text}\" is not a site that can frame a page"),
            Self::Icon => f.write_str("the icon is neither an https address nor a file below /static/"),
            Self::TemplateMissing(name, _) => write!(f, "there is no templates/{name}.html.tera"),
            Self::TemplateBroken(words) => f.write_str(words),
            Self::TemplateVariable(template, name) => {
                write!(f, "templates/{template}.html.tera uses `{name}`, which it is not given")
            }
        }
    }
}

impl Problem {
    /// The severity of its fault.
    pub fn severity(&self) -> Severity {
        self.fault.severity()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}: {}", self.fault)?;
        match &self.location {
            Location::File { file, line, column, shown, marked } => {
                let number = line.to_string();
                let gutter = " ".repeat(number.len());
                let indent = " ".repeat(marked.start);
                let marks = "^".repeat(marked.len().max(1));
                writeln!(f, "{gutter}--> {file}:{line}:{column}")?;
                writeln!(f, "{gutter} |")?;
                writeln!(f, "{number} | {shown}")?;
                writeln!(f, "{gutter} | {indent}{marks}")?;
                writeln!(f, "{gutter} = help: {}", self.fault.cure())
            }
            Location::Environment(name) => {
                writeln!(f, " --> environment variable {name}\n  = help: {}", self.fault.cure())
            }
            Location::Whole(file) => writeln!(f, " --> {file}\n  = help: {}", self.fault.cure()),
        }
    }
}

/// All problems as an admin reads them, with a count at the end. Nothing where there are none.
pub fn print(file: &str, problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "{problem}");
    }
    let count = |severity, one: &str| {
        let count = problems.iter().filter(|problem| problem.severity() == severity).count();
        match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            more => Some(format!("{more} {one}s")),
        }
    };
    let counts: Vec<_> = [count(Severity::Error, "error"), count(Severity::Warning, "warning")]
        .into_iter()
        .flatten()
        .collect();
    if !counts.is_empty() {
        let _ = writeln!(text, "{file}: {}", counts.join(", "));
    }
    text
}
