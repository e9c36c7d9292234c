//! Every key of a tools file: its possible values, its default and an example. Each default is
//! written here and nowhere else.
//!
//! These lists are the source of the schema, of docs/tools-toml.md, of the examples that `check`
//! shows, and of the values that an excerpt may show. The reader (`file.rs`) asks for keys by name.
//! Tests compare the names that it asks for, and the values that it accepts, with these lists.

use super::limit::{
    clock_skew_bounds, grade_lifetime_bounds, idle_bounds, largest_points, longest_custom_name,
    longest_line, longest_params, longest_tool_name, recommended_consumer_secret, session_bounds,
    shortest_consumer_secret, shortest_gateway_secret, timeout_bounds,
};
use super::shape::{self, Shape};

/// Default of `session`.
pub(super) const SESSION: &str = "8h";
/// Default of `clock_skew`.
pub(super) const CLOCK_SKEW: &str = "5m";
/// Default of `state`.
pub(super) const STATE: &str = MEMORY;
/// Default of `outcome_hosts`: any host, because each course may have its own platform.
pub(super) const OUTCOME_HOSTS: &[&str] = &["*"];
/// Default of `timeout`: shorter than the 30 seconds of Heroku's router.
pub(super) const TIMEOUT: &str = "25s";
/// Default of `frame_ancestors`: any site, because only a signed launch shows anything.
pub(super) const FRAME_ANCESTORS: &[&str] = &["*"];
/// Default of `prefix`.
pub(super) const PREFIX: &str = "session";
/// Default of `open`.
pub(super) const OPEN: &str = "frame";
/// Default of `identity`: no e-mail address, because course authors can set it.
pub(super) const IDENTITY: &[&str] = &["name"];
/// Default of `signature_methods`: all of them.
pub(super) const SIGNATURE_METHODS: &[&str] = &["HMAC-SHA1", "HMAC-SHA256"];

/// Default of `grade_lifetime`.
pub(super) const GRADE_LIFETIME: &str = "7d";

/// Default of `algorithms`: the algorithm of LTI 1.3.
pub(super) const ALGORITHMS: &[&str] = &["RS256"];

/// The value of `state` that is not a directory.
pub(super) const MEMORY: &str = "memory";

/// The keys that decide who may launch a tool.
pub(super) const SENDERS: &[&str] = &["key", "consumers", "platforms"];

/// The keys that decide what a launch opens.
const TARGETS: &[&str] = &["template", "upstream", "command", "site"];

/// The targets with an app.
const APPS: &[&str] = &["upstream", "command"];

/// The targets whose paths are below a prefix.
const PREFIXED: &[&str] = &["upstream", "command", "site"];

/// The keys of one table.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// The table as a file writes it: `[gateway]`.
    pub table: &'static str,
    /// A description of the table, in Markdown without links.
    pub description: &'static str,
    /// The keys, in the order of the reference.
    pub all: &'static [Key],
    /// Rules about keys that exclude or require each other.
    pub choices: &'static [KeyChoice],
}

/// How many of these keys a table may have.
#[derive(Clone, Copy, Debug)]
pub enum KeyChoice {
    /// Exactly one of them.
    ExactlyOne(&'static [&'static str]),
    /// One or more of them.
    AtLeastOne(&'static [&'static str]),
    /// One or none of them.
    AtMostOne(&'static [&'static str]),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The name of the key.
    pub name: &'static str,
    /// Its possible values.
    pub kind: Kind,
    /// Its default.
    pub default: KeyDefault,
    /// The keys of which this key requires one; empty if it requires none.
    pub requires: &'static [&'static str],
    /// A description of the key, in Markdown without links. Editors show it.
    pub description: &'static str,
    /// A valid line.
    pub example: &'static str,
    /// Whether an excerpt may show the value. A value that is not public may be a secret.
    pub public: bool,
    /// The anchor of the section in docs/tools.md about this key; empty if there is no section.
    pub guide: &'static str,
}

/// The possible values of a key.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A string of this shape.
    String(Shape),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    /// The maximum of a grade: a number above 0.
    Points,
    /// A list of values of this kind, with at least this many items.
    List(&'static Kind, usize),
    /// Like [`Self::List`]. A single value means the same as a list of that one value.
    OneOrList(&'static Kind, usize),
    /// The name of an environment variable that holds the value: `{ env = "NAME" }`.
    Variable,
    /// A table with these keys.
    Table(&'static Keys),
    /// A table with names of this shape as keys, values of this kind, and at least this many
    /// entries.
    Map(Shape, &'static Kind, usize),
    /// A table with any keys and values.
    AnyTable,
    /// A value of any of these kinds.
    AnyOf(&'static [Kind]),
}

/// The default of a key.
#[derive(Clone, Copy, Debug)]
pub enum KeyDefault {
    /// The key has no default: the file has to set it.
    Required,
    /// This string.
    String(&'static str),
    /// A list of these strings.
    List(&'static [&'static str]),
    /// `false`.
    False,
    /// A default that these words describe.
    Described(&'static str),
}

impl Keys {
    /// The key with this name.
    pub(super) fn get(&self, name: &str) -> Option<&'static Key> {
        self.all.iter().find(|key| key.name == name)
    }
}

impl Kind {
    /// Whether the value may be a string.
    pub(super) fn takes_string(&self) -> bool {
        match self {
            Self::String(_) | Self::OneOf(_) => true,
            Self::AnyOf(kinds) => kinds.iter().any(Self::takes_string),
            _ => false,
        }
    }

    /// Whether the value may be an environment variable.
    pub(super) fn takes_variable(&self) -> bool {
        match self {
            Self::Variable => true,
            Self::AnyOf(kinds) => kinds.iter().any(Self::takes_variable),
            _ => false,
        }
    }

    /// The kind of a value inside this one: with this key of a table, or any item of a list if
    /// `key` is `None`.
    pub(super) fn inner(&self, key: Option<&str>) -> Option<&'static Self> {
        match (self, key) {
            (Self::List(item, _) | Self::OneOrList(item, _), None) => Some(item),
            (Self::Map(_, value, _), Some(_)) => Some(value),
            (Self::AnyOf(kinds), key) => kinds.iter().find_map(|kind| kind.inner(key)),
            _ => None,
        }
    }
}

/// The values in `roles`.
pub(super) const ROLES: [&str; 7] = [
    "learner",
    "instructor",
    "administrator",
    "teaching_assistant",
    "content_developer",
    "mentor",
    "staff",
];

/// The values of `prefix`.
pub(super) const PREFIXES: [&str; 2] = ["session", "tool"];

/// The values of `open`.
pub(super) const OPENINGS: [&str; 2] = ["frame", "window"];

/// The values of `type`.
pub(super) const PLATFORM_TYPES: [&str; 6] =
    ["edx", "moodle", "canvas", "blackboard", "brightspace", "schoology"];

/// The values in `algorithms`.
pub(super) const SIGNATURE_ALGORITHMS: [&str; 5] = ["RS256", "RS384", "RS512", "ES256", "ES384"];

/// The word that `grades` accepts beside `true` and `false`.
pub(super) const COURSE: &str = "course";

/// The values in `identity`.
pub(super) const PERSONAL_FIELDS: [&str; 2] = ["name", "email"];

/// The top level of the file.
pub const FILE: Keys = Keys {
    table: "tools.toml",
    description: concat!(
        "The tools of an LTI gateway, and the settings of the gateway itself. `lti-gateway ",
        "check` reports every problem in this file.",
    ),
    choices: &[],
    all: &[
        Key {
            kind: Kind::Table(&GATEWAY),
            description: GATEWAY.description,
            example: "[gateway]",
            ..key("gateway")
        },
        Key {
            kind: Kind::Map(shape::TOOL_NAME, &Kind::Table(&PLATFORM), 0),
            description: "One table for each platform that launches with LTI 1.3.",
            example: "[platforms.moodle]",
            ..key("platforms")
        },
        Key {
            kind: Kind::Map(shape::TOOL_NAME, &Kind::Table(&TOOL), 1),
            default: KeyDefault::Required,
            description: "One table for each tool.",
            example: "[tools.hello]",
            ..key("tools")
        },
    ],
};

/// `[gateway]`.
pub const GATEWAY: Keys = Keys {
    table: "[gateway]",
    description: concat!(
        "The settings of the gateway itself. Environment variables `LTI_GATEWAY_…` override all ",
        "keys except `outcome_hosts` and `outcome_url_rewrite`.",
    ),
    choices: &[],
    all: &[
        Key {
            kind: Kind::AnyOf(&[Kind::String(shape::ORIGIN), Kind::Variable]),
            default: KeyDefault::Described(
                "the host of the request on Heroku and in development; required elsewhere",
            ),
            description: concat!(
                "Scheme, host and port that platforms launch. The gateway verifies signatures ",
                "for this origin. It must be https or loopback: browsers drop the cookies of any ",
                "other page in a frame.",
            ),
            example: "public_url = \"https://tools.example.edu\"",
            guide: "the-public-url",
            public: true,
            ..key("public_url")
        },
        Key {
            kind: Kind::AnyOf(&[
                Kind::String(shape::LONG_SECRET),
                Kind::Variable,
                Kind::List(&Kind::AnyOf(&[Kind::String(shape::LONG_SECRET), Kind::Variable]), 1),
            ]),
            default: KeyDefault::Described("required, except in development"),
            description: concat!(
                shortest_gateway_secret!(),
                " or more random characters. The gateway derives the keys for cookies, tickets and \
                assertions from it. With a list, the first secret seals and all of them open."
            ),
            example: "secret = { env = \"GATEWAY_SECRET\" }",
            ..key("secret")
        },
        Key {
            kind: Kind::String(shape::DURATION),
            default: KeyDefault::String(SESSION),
            description: concat!(
                "How long a browser may use the launched app, or reload the launched page: ",
                session_bounds!(),
                "."
            ),
            example: "session = \"8h\"",
            public: true,
            ..key("session")
        },
        Key {
            kind: Kind::String(shape::DURATION),
            default: KeyDefault::String(CLOCK_SKEW),
            description: concat!(
                "The largest difference between a launch's timestamp and the gateway's clock: ",
                clock_skew_bounds!(),
                ". Tickets, which carry a launch to its session, are valid that much longer.",
            ),
            example: "clock_skew = \"5m\"",
            public: true,
            ..key("clock_skew")
        },
        Key {
            kind: Kind::AnyOf(&[Kind::String(shape::STATE_LOCATION), Kind::Variable]),
            default: KeyDefault::String(STATE),
            description: concat!(
                "Where the gateway stores spent launches, and grades that a platform cannot ",
                "accept yet: `\"memory\"`, or a directory that only one process uses.",
            ),
            example: "state = \"./state\"",
            guide: "state",
            public: true,
            ..key("state")
        },
        Key {
            kind: Kind::OneOrList(&Kind::String(shape::HOSTS), 1),
            default: KeyDefault::List(OUTCOME_HOSTS),
            description: concat!(
                "The hosts that may receive grades: `\"*\"` for every public host, ",
                "`\"*.example.edu\"` for the public hosts below a name, or the name of one host. ",
                "A host that is listed by name may have a private address.",
            ),
            example: "outcome_hosts = [\"*\", \"lms.example.edu\"]",
            guide: "where-grades-may-go",
            public: true,
            ..key("outcome_hosts")
        },
        Key {
            kind: Kind::Map(shape::HTTP_URL, &Kind::String(shape::HTTP_URL), 0),
            default: KeyDefault::Described("each URL as the platform sends it"),
            description: concat!(
                "Other URLs by which platforms receive grades: if an outcome URL begins with the ",
                "left side, the gateway replaces this beginning with the right side.",
            ),
            example: concat!(
                "outcome_url_rewrite = { \"http://lms.example.edu\" = ",
                "\"https://lms.example.edu\" }",
            ),
            guide: "where-grades-may-go",
            ..key("outcome_url_rewrite")
        },
        Key {
            kind: Kind::String(shape::LINE),
            default: KeyDefault::Described("no name"),
            description: concat!(
                "The name of the institution that runs the gateway, at most ",
                longest_line!(),
                " characters. Refusal pages and the tool list show it."
            ),
            example: "name = \"Example University\"",
            guide: "name-and-contact",
            public: true,
            ..key("name")
        },
        Key {
            kind: Kind::String(shape::CONTACT),
            default: KeyDefault::Described("the course staff"),
            description: concat!(
                "Whom users ask for help: a text, a `mailto:` URL or an https URL, at most ",
                longest_line!(),
                " characters. Refusal pages and the tool list show it, and link a URL."
            ),
            example: "contact = \"mailto:help@example.edu\"",
            guide: "name-and-contact",
            public: true,
            ..key("contact")
        },
        Key {
            kind: Kind::String(shape::ORIGIN),
            default: KeyDefault::Described("loopback hosts only"),
            description: concat!(
                "In development only: the one further origin at which browsers reach the gateway, ",
                "such as that of a forwarded port. It replaces `public_url`. `/dev` then asks for ",
                "a token.",
            ),
            example: "dev_host = \"https://name-5000.app.github.dev\"",
            guide: "another-host-in-development",
            public: true,
            ..key("dev_host")
        },
    ],
};

/// `[tools.<name>]`.
pub const TOOL: Keys = Keys {
    table: "[tools.<name>]",
    description: concat!(
        "One tool. Its name is up to ",
        longest_tool_name!(),
        " letters, digits, `-` and `_`. Without `path` and `host`, its launch path is \
            `/lti/<name>`."
    ),
    choices: &[
        KeyChoice::AtLeastOne(TARGETS),
        KeyChoice::AtMostOne(&["template", "upstream", "site"]),
        KeyChoice::AtMostOne(&["template", "command", "site"]),
        KeyChoice::AtLeastOne(SENDERS),
        KeyChoice::AtMostOne(&["key", "consumers"]),
        KeyChoice::AtMostOne(&["links", "picker"]),
    ],
    all: &[
        Key {
            kind: Kind::String(shape::STRING),
            default: KeyDefault::Described("the tool's name"),
            description: "The title that users see.",
            example: "title = \"Hello\"",
            public: true,
            ..key("title")
        },
        Key {
            kind: Kind::String(shape::STRING),
            description: "The text below the title.",
            example: "description = \"Greets everybody.\"",
            public: true,
            ..key("description")
        },
        Key {
            kind: Kind::String(shape::ICON),
            description: "The tool's icon in the gateway's list of tools.",
            example: "icon = \"/static/icon.svg\"",
            public: true,
            ..key("icon")
        },
        Key {
            kind: Kind::OneOrList(&Kind::String(shape::TOOL_NAME), 1),
            default: KeyDefault::Described("required without `key` and `consumers`"),
            description: concat!(
                "The platforms that may launch the tool with LTI 1.3: names of tables ",
                "`[platforms.<name>]`.",
            ),
            example: "platforms = \"moodle\"",
            guide: "the-platforms",
            public: true,
            ..key("platforms")
        },
        Key {
            default: KeyDefault::Described("required without `consumers` and `platforms`"),
            requires: &["secret"],
            ..CONSUMER_KEY
        },
        Key {
            default: KeyDefault::Described("required with `key`"),
            requires: &["key"],
            ..CONSUMER_SECRET
        },
        Key { requires: &["key"], ..CONSUMER_METHODS },
        Key {
            kind: Kind::List(&Kind::Table(&CONSUMER), 1),
            default: KeyDefault::Described("required without `key` and `platforms`"),
            description: concat!(
                "Several platforms or courses, each with its own key and secret. Replaces the ",
                "tool's `key`, `secret` and `signature_methods`.",
            ),
            example: "consumers = [{ key = \"course-a\", secret = { env = \"COURSE_A_SECRET\" } }]",
            guide: "several-courses-each-with-its-own-secret",
            ..key("consumers")
        },
        Key {
            kind: Kind::String(shape::NON_EMPTY),
            default: KeyDefault::Described("required without another target"),
            description: "The page that the tool shows: `\"hello\"` for templates/hello.html.tera.",
            example: "template = \"hello\"",
            guide: "templates",
            public: true,
            ..key("template")
        },
        Key {
            kind: Kind::AnyOf(&[Kind::String(shape::HTTP_URL), Kind::String(shape::BASE_PATH)]),
            default: KeyDefault::Described("required without another target"),
            description: concat!(
                "The URL of the web app behind the tool: scheme, host, port and the app's base ",
                "path. Beside `command`, only the base path.",
            ),
            example: "upstream = \"http://127.0.0.1:9000\"",
            guide: "upstreams",
            public: true,
            ..key("upstream")
        },
        Key {
            kind: Kind::List(&Kind::String(shape::STRING), 1),
            default: KeyDefault::Described("required without another target"),
            description: concat!(
                "The program that serves the web app behind the tool, and its arguments. The ",
                "gateway starts it and keeps it running. `{port}` stands for the port on which ",
                "the app must listen, at 127.0.0.1; the app also receives it as PORT.",
            ),
            example: "command = [\"python3\", \"app.py\", \"{port}\"]",
            guide: "command",
            ..key("command")
        },
        Key {
            kind: Kind::String(shape::NON_EMPTY),
            default: KeyDefault::Described("the directory of the tools file"),
            requires: &["command"],
            description: "The working directory of the app, relative to the tools file.",
            example: "directory = \"apps/plots\"",
            guide: "command",
            public: true,
            ..key("directory")
        },
        Key {
            kind: Kind::Map(
                shape::VARIABLE_NAME,
                &Kind::AnyOf(&[Kind::String(shape::STRING), Kind::Variable]),
                0,
            ),
            requires: &["command"],
            description: concat!(
                "Environment variables of the app, which may contain `{port}`. A value may be a ",
                "secret. The app receives no other variables of the gateway, except for PATH, ",
                "HOME and a few more.",
            ),
            example: "environment = { APP_MODE = \"exam\", TOKEN = { env = \"PLOTS_TOKEN\" } }",
            guide: "command",
            ..key("environment")
        },
        Key {
            kind: Kind::String(shape::DURATION),
            default: KeyDefault::Described("the app never stops"),
            requires: &["command"],
            description: concat!(
                "The gateway stops an app that nobody used for this long, and starts it for the ",
                "next request: ",
                idle_bounds!(),
                "."
            ),
            example: "idle = \"30m\"",
            guide: "command",
            public: true,
            ..key("idle")
        },
        Key {
            kind: Kind::String(shape::NON_EMPTY),
            default: KeyDefault::Described("required without another target"),
            description: concat!(
                "A folder of static files, such as a book, relative to the tools file. People ",
                "who launched the tool may read every file in it.",
            ),
            example: "site = \"book\"",
            guide: "sites",
            public: true,
            ..key("site")
        },
        Key {
            kind: Kind::OneOrList(&Kind::OneOf(&ROLES), 1),
            default: KeyDefault::Described("everyone"),
            description: concat!(
                "The course roles that may launch the tool. `\"staff\"` means instructors and ",
                "administrators.",
            ),
            example: "roles = [\"instructor\", \"learner\"]",
            guide: "who-is-who",
            public: true,
            ..key("roles")
        },
        Key {
            kind: Kind::AnyTable,
            requires: &["template", "upstream", "command"],
            description: concat!(
                "Fixed values for the tool: `tool.params` in the template, `params` in the \
                assertion for the upstream. For an upstream, they have at most ",
                longest_params!(),
                " bytes as JSON."
            ),
            example: "params = { level = \"1\" }",
            ..key("params")
        },
        Key {
            kind: Kind::String(shape::PATH),
            default: KeyDefault::Described("`/lti/<name>`, or `/` if the tool has a `host`"),
            description: "The launch path, exactly as in the launch URL.",
            example: "path = \"/quiz\"",
            guide: "where-a-tool-answers",
            public: true,
            ..key("path")
        },
        Key {
            kind: Kind::String(shape::HOST_NAME),
            default: KeyDefault::Described("the host of the public URL"),
            description: concat!(
                "A host for this tool alone. The tool then uses the root of this host. Teams ",
                "that do not trust each other need separate hosts.",
            ),
            example: "host = \"notebook.example.edu\"",
            guide: "a-host-for-a-tool",
            public: true,
            ..key("host")
        },
        Key {
            kind: Kind::String(shape::DURATION),
            default: KeyDefault::Described("`session` of the gateway"),
            description: concat!(
                "How long a browser may use the app of this tool, or reload its page: ",
                session_bounds!(),
                "."
            ),
            example: "session = \"8h\"",
            public: true,
            ..key("session")
        },
        Key {
            kind: Kind::OneOrList(&Kind::String(shape::FRAME_SOURCE), 1),
            default: KeyDefault::List(FRAME_ANCESTORS),
            description: "The sites that may show the tool in a frame.",
            example: "frame_ancestors = [\"https://courses.example.edu\"]",
            public: true,
            ..key("frame_ancestors")
        },
        Key {
            kind: Kind::OneOf(&PREFIXES),
            default: KeyDefault::String(PREFIX),
            description: concat!(
                "The prefix of the app's paths: `\"session\"` for a separate path for each user ",
                "and resource link, `\"tool\"` for an app with a fixed base path.",
            ),
            example: "prefix = \"tool\"",
            guide: "prefix",
            public: true,
            ..of_pages("prefix")
        },
        Key {
            kind: Kind::OneOf(&OPENINGS),
            default: KeyDefault::String(OPEN),
            description: concat!(
                "Where a launch opens the app: `\"frame\"` for the platform's frame, `\"window\"` ",
                "for a window of its own, after a click on a button in the frame.",
            ),
            example: "open = \"window\"",
            guide: "downloads-and-new-windows",
            public: true,
            ..of_pages("open")
        },
        Key {
            kind: Kind::Boolean,
            default: KeyDefault::Described("`true` with `prefix = \"session\"`, otherwise `false`"),
            description: concat!(
                "Whether downloads and new windows of the app belong to the session, in browsers ",
                "that allow third-party cookies.",
            ),
            example: "downloads = true",
            guide: "downloads-and-new-windows",
            public: true,
            ..of_pages("downloads")
        },
        Key {
            kind: Kind::OneOrList(&Kind::OneOf(&PERSONAL_FIELDS), 0),
            default: KeyDefault::List(IDENTITY),
            description: concat!(
                "The personal fields that the app receives; `[]` for none. The app always ",
                "receives the user id.",
            ),
            example: "identity = [\"name\", \"email\"]",
            public: true,
            ..of_app("identity")
        },
        Key {
            kind: Kind::Map(
                shape::HEADER_NAME,
                &Kind::AnyOf(&[Kind::String(shape::HEADER_VALUE), Kind::Variable]),
                0,
            ),
            description: "Additional request headers for the app. A value may be a secret.",
            example: "headers = { Authorization = { env = \"NOTEBOOK_AUTHORIZATION\" } }",
            guide: "headers",
            ..of_app("headers")
        },
        Key {
            kind: Kind::String(shape::DURATION),
            default: KeyDefault::String(TIMEOUT),
            description: concat!(
                "How long the gateway waits for data from the app: ",
                timeout_bounds!(),
                ". The timeout of Heroku's router is 30 seconds."
            ),
            example: "timeout = \"25s\"",
            public: true,
            ..of_app("timeout")
        },
        Key {
            kind: Kind::AnyOf(&[Kind::Boolean, Kind::OneOf(&[COURSE])]),
            default: KeyDefault::False,
            description: concat!(
                "Whether the app may send grades. The app receives a token with each request. ",
                "The token can set, read and clear the grade of one user for one resource link: ",
                "do not set this key for an app that runs code of its users. With `\"course\"`, ",
                "requests of course staff carry a second token, for the grades of all learners at ",
                "the same resource link.",
            ),
            example: "grades = true",
            public: true,
            ..of_app("grades")
        },
        Key {
            kind: Kind::String(shape::DURATION),
            default: KeyDefault::String(GRADE_LIFETIME),
            requires: &["grades"],
            description: concat!(
                "How long a learner's grade token is valid: ",
                grade_lifetime_bounds!(),
                ". A leaked token is valid as long. Keep the old `gateway.secret` in its list \
                    until the longest of them has expired."
            ),
            example: "grade_lifetime = \"120d\"",
            public: true,
            ..key("grade_lifetime")
        },
        Key {
            kind: Kind::Table(&LINE_ITEM),
            requires: &["grades"],
            description: concat!(
                "The gradebook column that the gateway creates at a platform of LTI 1.3 which has ",
                "none for the link. Without it, the gateway creates no column.",
            ),
            example: "line_item = { label = \"Notebook\", points = 10 }",
            public: true,
            ..key("line_item")
        },
        Key {
            kind: Kind::OneOrList(&Kind::OneOf(&ROLES), 1),
            description: concat!(
                "The course roles whose sessions may list the members of the course, at platforms ",
                "of LTI 1.3. Do not set this key for an app that runs code of its users.",
            ),
            example: "members = [\"staff\"]",
            public: true,
            ..of_app("members")
        },
        Key {
            kind: Kind::List(&Kind::Table(&LINK), 1),
            default: KeyDefault::Described("the tool itself"),
            description: "What instructors can pick when they add the tool to a course.",
            example: "links = [{ title = \"Week 1\" }]",
            ..key("links")
        },
        Key {
            kind: Kind::String(shape::BASE_PATH_AND_QUERY),
            default: KeyDefault::Described("a page of the gateway with the `links`"),
            description: concat!(
                "The path of the app's own page on which instructors pick links. Replaces ",
                "`links`.",
            ),
            example: "picker = \"/choose\"",
            public: true,
            ..of_app("picker")
        },
        Key {
            kind: Kind::Boolean,
            default: KeyDefault::False,
            description: concat!(
                "Whether the app receives the browser's `Host`, `Origin` and `Referer` instead of ",
                "its own: for an app that builds absolute URLs, or that compares them with its ",
                "public URL. Some apps refuse hosts that they do not know.",
            ),
            example: "pass_host_header = true",
            guide: "pass_host_header",
            public: true,
            ..of_app("pass_host_header")
        },
    ],
};

/// One table in `consumers`.
pub const CONSUMER: Keys = Keys {
    table: "consumers",
    description: concat!(
        "A key and secrets that one platform or course shares with the tool. A key is valid only ",
        "for its own tool.",
    ),
    choices: &[],
    all: &[CONSUMER_KEY, CONSUMER_SECRET, CONSUMER_METHODS],
};

/// One table in `links`.
pub const LINK: Keys = Keys {
    table: "links",
    description: concat!(
        "One link that instructors can pick when they add the tool to a course. A file writes it ",
        "as `[[tools.<name>.links]]`, or in a list.",
    ),
    choices: &[],
    all: &[
        Key {
            kind: Kind::String(shape::NON_EMPTY),
            default: KeyDefault::Required,
            description: "The title of the link.",
            example: "title = \"Week 1\"",
            public: true,
            ..key("title")
        },
        Key {
            kind: Kind::String(shape::STRING),
            description: "The text below the title.",
            example: "description = \"Sums up to ten\"",
            public: true,
            ..key("description")
        },
        Key {
            kind: Kind::String(shape::BASE_PATH_AND_QUERY),
            default: KeyDefault::Described("the tool's first page"),
            description: concat!(
                "The place in the app or site that the link opens, with a query if needed. Not ",
                "for a template.",
            ),
            example: "path = \"/week/1\"",
            public: true,
            ..key("path")
        },
        Key {
            kind: Kind::Map(shape::CUSTOM_NAME, &Kind::String(shape::CUSTOM_VALUE), 0),
            description: concat!(
                "Values that each launch of the link sends back as `custom_…`. A name is up to ",
                longest_custom_name!(),
                " letters, digits and `_`.",
            ),
            example: "custom = { unit = \"w1\" }",
            ..key("custom")
        },
        Key {
            default: KeyDefault::Described("no gradebook column"),
            description: concat!(
                "The maximum of the grades in the gradebook column of the link: a number up to ",
                largest_points!(),
                ". Needs `grades`.",
            ),
            ..POINTS
        },
    ],
};

/// `line_item`.
pub const LINE_ITEM: Keys = Keys {
    table: "line_item",
    description: "A gradebook column.",
    choices: &[],
    all: &[
        Key {
            kind: Kind::String(shape::NON_EMPTY),
            default: KeyDefault::Required,
            description: "The title of the column.",
            example: "label = \"Notebook\"",
            public: true,
            ..key("label")
        },
        POINTS,
    ],
};

const POINTS: Key = Key {
    kind: Kind::Points,
    default: KeyDefault::Required,
    description: concat!(
        "The maximum of the grades in the column: a number up to ",
        largest_points!(),
        "."
    ),
    example: "points = 10",
    public: true,
    ..key("points")
};

/// `[platforms.<name>]`.
pub const PLATFORM: Keys = Keys {
    table: "[platforms.<name>]",
    description: concat!(
        "One platform that launches with LTI 1.3. Its name, up to ",
        longest_tool_name!(),
        " letters, digits, `-` and `_`, is part of every user id of the platform and of the \
            gateway's key: a renamed table has new users and another keyset. Without a client, \
            the platform is being set up: its keyset works, logins do not."
    ),
    choices: &[KeyChoice::AtMostOne(&["client_id", "clients"])],
    all: &[
        Key {
            kind: Kind::OneOf(&PLATFORM_TYPES),
            description: "The product, which fills in URLs that the gateway knows.",
            example: "type = \"moodle\"",
            guide: "types-of-platforms",
            public: true,
            ..key("type")
        },
        Key {
            kind: Kind::String(shape::HTTP_URL),
            requires: &["type"],
            description: concat!(
                "The platform's base URL, for the types `moodle`, `canvas` and `brightspace`. ",
                "Moodle's is its wwwroot, character for character.",
            ),
            example: "url = \"https://moodle.example.edu\"",
            guide: "types-of-platforms",
            public: true,
            ..key("url")
        },
        Key {
            kind: Kind::OneOrList(&Kind::String(shape::NON_EMPTY), 1),
            default: KeyDefault::Described("the platform is being set up"),
            description: concat!(
                "The id that the platform shows after the registration of the gateway, or ",
                "several ids.",
            ),
            guide: "set-up-a-platform",
            ..CLIENT_ID
        },
        Key {
            kind: Kind::List(&Kind::Table(&CLIENT), 1),
            description: "Several registrations with different URLs. Replaces `client_id`.",
            example: "clients = [{ client_id = \"7Yb2eQJm1kVw0sA\" }]",
            guide: "several-registrations",
            ..key("clients")
        },
        Key {
            kind: Kind::String(shape::HTTP_URL),
            default: KeyDefault::Described("from `type`; required without one"),
            description: concat!(
                "The `iss` of the platform, character for character. It may begin with `http://`: ",
                "the gateway compares it, and never fetches it.",
            ),
            example: "issuer = \"https://lms.example.edu\"",
            public: true,
            ..key("issuer")
        },
        Key {
            kind: Kind::String(shape::SERVICE_URL),
            default: KeyDefault::Described("from `type`; required without one"),
            description: "The URL to which a login sends the browser.",
            example: "auth_url = \"https://lms.example.edu/lti/auth\"",
            public: true,
            ..key("auth_url")
        },
        PLATFORM_TOKEN_URL,
        PLATFORM_JWKS_URL,
        PLATFORM_DEPLOYMENTS,
        Key {
            kind: Kind::OneOrList(&Kind::OneOf(&SIGNATURE_ALGORITHMS), 1),
            default: KeyDefault::List(ALGORITHMS),
            description: "The algorithms with which the platform may sign.",
            example: "algorithms = [\"RS256\", \"ES256\"]",
            public: true,
            ..key("algorithms")
        },
        Key {
            kind: Kind::String(shape::NON_EMPTY),
            default: KeyDefault::Described("`token_url`, or from `type`"),
            description: "The audience of the gateway's requests for access tokens.",
            example: "token_audience = \"https://lms.example.edu/lti/token\"",
            public: true,
            ..key("token_audience")
        },
        Key {
            kind: Kind::AnyOf(&[Kind::Variable, Kind::List(&Kind::AnyOf(&[Kind::Variable]), 1)]),
            default: KeyDefault::Described("a key derived from `gateway.secret`"),
            description: concat!(
                "The gateway's own key for the platform: a variable with an RSA private key of ",
                "2048 to 4096 bits as PEM. `\\n` counts as a line break. With a list, the first ",
                "key signs, and the keyset has all of them.",
            ),
            example: "private_key = { env = \"MOODLE_PEM\" }",
            guide: "the-gateways-keys",
            ..key("private_key")
        },
        Key {
            kind: Kind::OneOrList(&Kind::String(shape::NON_EMPTY), 1),
            description: concat!(
                "Consumer keys of LTI 1.1 whose users are the same people as the platform's. ",
                "Only with it may a tool have a consumer key that is the name of a Moodle.",
            ),
            example: "formerly = \"course-a\"",
            guide: "the-platforms",
            public: true,
            ..key("formerly")
        },
        Key {
            kind: Kind::Boolean,
            default: KeyDefault::False,
            description: "Whether the platform may launch without a user id.",
            example: "anonymous = true",
            public: true,
            ..key("anonymous")
        },
    ],
};

/// One table in `clients`.
pub const CLIENT: Keys = Keys {
    table: "clients",
    description: "One registration of the gateway at a platform.",
    choices: &[],
    all: &[
        CLIENT_ID,
        Key { default: KeyDefault::Described("`jwks_url` of the platform"), ..PLATFORM_JWKS_URL },
        Key { default: KeyDefault::Described("`token_url` of the platform"), ..PLATFORM_TOKEN_URL },
        Key {
            default: KeyDefault::Described("`deployments` of the platform"),
            ..PLATFORM_DEPLOYMENTS
        },
    ],
};

const CLIENT_ID: Key = Key {
    kind: Kind::String(shape::NON_EMPTY),
    default: KeyDefault::Required,
    description: "The id that the platform shows after the registration of the gateway.",
    example: "client_id = \"7Yb2eQJm1kVw0sA\"",
    public: true,
    ..key("client_id")
};

const PLATFORM_TOKEN_URL: Key = Key {
    kind: Kind::String(shape::SERVICE_URL),
    default: KeyDefault::Described("from `type`; required without one"),
    description: "The URL at which the platform issues access tokens.",
    example: "token_url = \"https://lms.example.edu/lti/token\"",
    public: true,
    ..key("token_url")
};

const PLATFORM_JWKS_URL: Key = Key {
    kind: Kind::String(shape::SERVICE_URL),
    default: KeyDefault::Described("from `type`; required for `edx`, and without a type"),
    description: "The URL of the platform's keyset.",
    example: "jwks_url = \"https://lms.example.edu/lti/jwks\"",
    public: true,
    ..key("jwks_url")
};

const PLATFORM_DEPLOYMENTS: Key = Key {
    kind: Kind::OneOrList(&Kind::String(shape::NON_EMPTY), 1),
    default: KeyDefault::Described("any; required for `blackboard`"),
    description: "The ids of the deployments that may launch.",
    example: "deployments = [\"1\", \"7\"]",
    public: true,
    ..key("deployments")
};

/// A reference to an environment variable, in place of a string.
pub const VARIABLE: Keys = Keys {
    table: "{ env = \"NAME\" }",
    description: "An environment variable (a Heroku config var) that holds the value.",
    choices: &[],
    all: &[Key {
        kind: Kind::String(shape::NON_EMPTY),
        default: KeyDefault::Required,
        description: concat!(
            "The name of the variable: capitals, digits and `_`. A variable that is empty or not ",
            "set is an error, except in development.",
        ),
        example: "{ env = \"HELLO_SECRET\" }",
        public: true,
        ..key("env")
    }],
};

const CONSUMER_KEY: Key = Key {
    kind: Kind::String(shape::NON_EMPTY),
    default: KeyDefault::Required,
    description: "The consumer key that the platform sends.",
    example: "key = \"course-a\"",
    public: true,
    ..key("key")
};

const CONSUMER_SECRET: Key = Key {
    kind: Kind::AnyOf(&[
        Kind::String(shape::NON_EMPTY),
        Kind::Variable,
        Kind::List(&Kind::AnyOf(&[Kind::String(shape::NON_EMPTY), Kind::Variable]), 1),
    ]),
    default: KeyDefault::Required,
    description: concat!(
        "The secret of the key: ",
        recommended_consumer_secret!(),
        " or more random characters. Fewer are a warning, and fewer than ",
        shortest_consumer_secret!(),
        " an error outside development. With a list, any of the secrets verifies a launch.",
    ),
    example: "secret = { env = \"HELLO_SECRET\" }",
    guide: "rotate-a-secret-without-downtime",
    ..key("secret")
};

const CONSUMER_METHODS: Key = Key {
    kind: Kind::OneOrList(&Kind::OneOf(SIGNATURE_METHODS), 1),
    default: KeyDefault::List(SIGNATURE_METHODS),
    description: "The signature methods that the platform may use.",
    example: "signature_methods = [\"HMAC-SHA256\"]",
    public: true,
    ..key("signature_methods")
};

/// A key with this name and no other properties.
const fn key(name: &'static str) -> Key {
    Key {
        name,
        kind: Kind::AnyTable,
        default: KeyDefault::Described("none"),
        requires: &[],
        description: "",
        example: "",
        public: false,
        guide: "",
    }
}

/// A key of an app.
const fn of_app(name: &'static str) -> Key {
    Key { requires: APPS, ..key(name) }
}

/// A key of an app or a site.
const fn of_pages(name: &'static str) -> Key {
    Key { requires: PREFIXED, ..key(name) }
}
