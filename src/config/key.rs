//! Every key of a tools file: its possible values, its default and an example. Each default is
//! written here and nowhere else.
//!
//! These lists are the source of the schema, of docs/tools-toml.md, of the examples that `check`
//! shows, and of what an excerpt may show. The reader (`file.rs`) asks for keys by their names.
//! Tests compare the names that it asks for, and the values that it takes, with these lists.

use super::limit::{
    clock_skew_bounds, longest_params, longest_tool_name, session_bounds, shortest_gateway_secret,
    timeout_bounds,
};
use super::shape::{self, Shape};

/// `session`.
pub(super) const SESSION: &str = "8h";
/// `clock_skew`.
pub(super) const CLOCK_SKEW: &str = "5m";
/// `state`.
pub(super) const STATE: &str = MEMORY;
/// `outcome_hosts`: each course may have a platform of its own.
pub(super) const OUTCOME_HOSTS: &[&str] = &["*"];
/// `timeout`: Heroku's router waits for 30 seconds.
pub(super) const TIMEOUT: &str = "25s";
/// `frame_ancestors`: LTI platforms are everywhere, and only a signed launch shows anything.
pub(super) const FRAME_ANCESTORS: &[&str] = &["*"];
/// `prefix`.
pub(super) const PREFIX: &str = "session";
/// `identity`: no e-mail address, because course authors can set it.
pub(super) const IDENTITY: &[&str] = &["name"];
/// `signature_methods`: all of them.
pub(super) const SIGNATURE_METHODS: &[&str] = &["HMAC-SHA1", "HMAC-SHA256"];

/// The `state` that is no directory.
pub(super) const MEMORY: &str = "memory";

/// The keys that say who may launch a tool.
pub(super) const SENDERS: &[&str] = &["key", "consumers"];

/// The keys of one table.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// The table as it is written: `[gateway]`.
    pub table: &'static str,
    /// What it is, in Markdown without links.
    pub meaning: &'static str,
    /// The keys, in the order of the reference.
    pub all: &'static [Key],
    /// How many of some keys a table has.
    pub choices: &'static [KeyChoice],
}

/// How many of these keys a table has.
#[derive(Clone, Copy, Debug)]
pub enum KeyChoice {
    /// One of them.
    ExactlyOne(&'static [&'static str]),
    /// One of them, or several.
    AtLeastOne(&'static [&'static str]),
    /// One of them, or none.
    AtMostOne(&'static [&'static str]),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key itself.
    pub name: &'static str,
    /// What may be written for it.
    pub kind: Kind,
    /// What counts where it is not written.
    pub unwritten: Unwritten,
    /// Another key, without which this one cannot be written; empty where there is none.
    pub needs: &'static str,
    /// What it means, in Markdown without links: editors show it.
    pub meaning: &'static str,
    /// How it may be written.
    pub example: &'static str,
    /// Whether an excerpt may show its value. Unless a key says so, its value may be a secret.
    pub shown: bool,
    /// The section of docs/tools.md that says more, by its anchor; empty where there is none.
    pub guide: &'static str,
}

/// What may be written for a key.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text(Shape),
    /// One of these texts.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Truth,
    /// A list of at least so many.
    List(&'static Kind, usize),
    /// A list of at least so many, where one text is the same as a list of it.
    Texts(&'static Kind, usize),
    /// The environment variable that holds the text.
    Variable,
    /// A table with these keys.
    Table(&'static Keys),
    /// A table whose keys are names of this shape, at least so many, with values of one kind.
    Named(Shape, &'static Kind, usize),
    /// A table of anything.
    Anything,
    /// One of these kinds.
    Either(&'static [Kind]),
}

/// What counts where a key is not written.
#[derive(Clone, Copy, Debug)]
pub enum Unwritten {
    /// It has to be written.
    Refused,
    /// The same as for this text.
    Text(&'static str),
    /// The same as for this list.
    Texts(&'static [&'static str]),
    /// The same as for `false`.
    No,
    /// What these words say.
    Means(&'static str),
}

impl Keys {
    /// The key with this name.
    pub(super) fn get(&self, name: &str) -> Option<&'static Key> {
        self.all.iter().find(|key| key.name == name)
    }
}

impl Kind {
    /// Whether text may be written.
    pub(super) fn takes_text(&self) -> bool {
        match self {
            Self::Text(_) | Self::Word(_) => true,
            Self::Either(kinds) => kinds.iter().any(Self::takes_text),
            _ => false,
        }
    }

    /// Whether `{ env = "…" }` may be written.
    pub(super) fn takes_variable(&self) -> bool {
        match self {
            Self::Variable => true,
            Self::Either(kinds) => kinds.iter().any(Self::takes_variable),
            _ => false,
        }
    }

    /// The kind of what stands at this key, or at this place of a list.
    pub(super) fn inner(&self, key: Option<&str>) -> Option<&'static Self> {
        match (self, key) {
            (Self::List(item, _) | Self::Texts(item, _), None) => Some(item),
            (Self::Named(_, value, _), Some(_)) => Some(value),
            (Self::Either(kinds), key) => kinds.iter().find_map(|kind| kind.inner(key)),
            _ => None,
        }
    }
}

/// The roles that `roles` may name.
pub(super) const ROLES: [&str; 7] = [
    "learner",
    "instructor",
    "administrator",
    "teaching_assistant",
    "content_developer",
    "mentor",
    "staff",
];

/// What `prefix` may be.
pub(super) const PREFIXES: [&str; 2] = ["session", "tool"];

/// What `identity` may name.
pub(super) const PERSONAL_FIELDS: [&str; 2] = ["name", "email"];

/// The top of the file.
pub const FILE: Keys = Keys {
    table: "tools.toml",
    meaning: "The tools of an LTI gateway, and the gateway's own settings. `lti-gateway check` says everything that is wrong with it.",
    choices: &[],
    all: &[
        Key {
            kind: Kind::Table(&GATEWAY),
            meaning: GATEWAY.meaning,
            example: "[gateway]",
            ..key("gateway")
        },
        Key {
            kind: Kind::Named(shape::TOOL_NAME, &Kind::Table(&TOOL), 1),
            unwritten: Unwritten::Refused,
            meaning: "A table for each tool.",
            example: "[tools.hello]",
            ..key("tools")
        },
    ],
};

/// `[gateway]`.
pub const GATEWAY: Keys = Keys {
    table: "[gateway]",
    meaning: "The gateway's own settings. `LTI_GATEWAY_…` variables win over those that are text.",
    choices: &[],
    all: &[
        Key {
            kind: Kind::Either(&[Kind::Text(shape::ORIGIN), Kind::Variable]),
            unwritten: Unwritten::Means(
                "taken from the request on Heroku and in development; elsewhere required",
            ),
            meaning: "Scheme, host and port that platforms launch. Signatures are checked against it. It is https, or loopback: browsers drop the cookies of a framed page that is neither.",
            example: "public_url = \"https://tools.example.edu\"",
            guide: "the-public-url",
            shown: true,
            ..key("public_url")
        },
        Key {
            kind: Kind::Either(&[
                Kind::Text(shape::LONG_SECRET),
                Kind::Variable,
                Kind::List(&Kind::Either(&[Kind::Text(shape::LONG_SECRET), Kind::Variable]), 1),
            ]),
            unwritten: Unwritten::Means("required, except in development"),
            meaning: concat!(
                shortest_gateway_secret!(),
                " or more random characters, from which the keys of cookies, tickets and assertions are derived. Of a list the first seals, and all of them open."
            ),
            example: "secret = { env = \"GATEWAY_SECRET\" }",
            ..key("secret")
        },
        Key {
            kind: Kind::Text(shape::LENGTH_OF_TIME),
            unwritten: Unwritten::Text(SESSION),
            meaning: concat!(
                "How long a browser may use the app, or reload the page, that it launched: ",
                session_bounds!(),
                "."
            ),
            example: "session = \"8h\"",
            shown: true,
            ..key("session")
        },
        Key {
            kind: Kind::Text(shape::LENGTH_OF_TIME),
            unwritten: Unwritten::Text(CLOCK_SKEW),
            meaning: concat!(
                "How far a launch's timestamp may be from the gateway's clock, both ways: ",
                clock_skew_bounds!(),
                "."
            ),
            example: "clock_skew = \"5m\"",
            shown: true,
            ..key("clock_skew")
        },
        Key {
            kind: Kind::Either(&[Kind::Text(shape::PLACE_OF_STATE), Kind::Variable]),
            unwritten: Unwritten::Text(STATE),
            meaning: "Where what outlives a request is kept: launches that were seen, and grades that a platform cannot take now. `\"memory\"`, or a directory of which one process is the only user.",
            example: "state = \"./state\"",
            guide: "state",
            shown: true,
            ..key("state")
        },
        Key {
            kind: Kind::Texts(&Kind::Text(shape::HOSTS), 1),
            unwritten: Unwritten::Texts(OUTCOME_HOSTS),
            meaning: "To which hosts grades may go: `\"*\"` for every public one, `\"*.example.edu\"` for the public names below one, and a host by its name also where its address is private.",
            example: "outcome_hosts = [\"*\", \"lms.example.edu\"]",
            guide: "where-grades-may-go",
            shown: true,
            ..key("outcome_hosts")
        },
        Key {
            kind: Kind::Named(shape::ADDRESS, &Kind::Text(shape::ADDRESS), 0),
            unwritten: Unwritten::Means("each address as the platform tells it"),
            meaning: "By which other addresses platforms take grades: of an outcome URL that begins like the left side, the beginning is replaced by the right side.",
            example: "outcome_url_rewrite = { \"http://lms.example.edu\" = \"https://lms.example.edu\" }",
            guide: "where-grades-may-go",
            ..key("outcome_url_rewrite")
        },
    ],
};

/// `[tools.<name>]`.
pub const TOOL: Keys = Keys {
    table: "[tools.<name>]",
    meaning: concat!(
        "One tool. Its name is up to ",
        longest_tool_name!(),
        " letters, digits, `-` and `_`; without a `path` or `host` it is launched at `/lti/<name>`."
    ),
    choices: &[
        KeyChoice::ExactlyOne(&["template", "upstream"]),
        KeyChoice::AtLeastOne(SENDERS),
        KeyChoice::AtMostOne(&["key", "consumers"]),
    ],
    all: &[
        Key {
            kind: Kind::Text(shape::TEXT),
            unwritten: Unwritten::Means("the tool's name"),
            meaning: "What people read.",
            example: "title = \"Hello\"",
            shown: true,
            ..key("title")
        },
        Key {
            kind: Kind::Text(shape::TEXT),
            meaning: "A sentence below the title.",
            example: "description = \"Greets everybody.\"",
            shown: true,
            ..key("description")
        },
        Key {
            kind: Kind::Text(shape::ICON),
            meaning: "A picture beside the tool where the gateway lists its tools.",
            example: "icon = \"/static/icon.svg\"",
            shown: true,
            ..key("icon")
        },
        Key {
            unwritten: Unwritten::Means("required, unless there are `consumers`"),
            needs: "secret",
            ..CONSUMER_KEY
        },
        Key {
            unwritten: Unwritten::Means("required, unless there are `consumers`"),
            needs: "key",
            ..CONSUMER_SECRET
        },
        Key { needs: "key", ..CONSUMER_METHODS },
        Key {
            kind: Kind::List(&Kind::Table(&CONSUMER), 1),
            unwritten: Unwritten::Means("required, unless there are `key` and `secret`"),
            meaning: "Several platforms or courses, each with a key and a secret of its own, instead of the tool's own `key`, `secret` and `signature_methods`.",
            example: "consumers = [{ key = \"course-a\", secret = { env = \"COURSE_A_SECRET\" } }]",
            guide: "several-courses-each-with-its-own-secret",
            ..key("consumers")
        },
        Key {
            kind: Kind::Text(shape::SOME_TEXT),
            unwritten: Unwritten::Means("required, unless there is an `upstream`"),
            meaning: "The page to show: `\"hello\"` for templates/hello.html.tera.",
            example: "template = \"hello\"",
            guide: "templates",
            shown: true,
            ..key("template")
        },
        Key {
            kind: Kind::Text(shape::ADDRESS),
            unwritten: Unwritten::Means("required, unless there is a `template`"),
            meaning: "The web app behind the tool: scheme, host, port and the path below which the app lives.",
            example: "upstream = \"http://127.0.0.1:9000\"",
            guide: "upstreams",
            shown: true,
            ..key("upstream")
        },
        Key {
            kind: Kind::Texts(&Kind::Word(&ROLES), 1),
            unwritten: Unwritten::Means("everyone"),
            meaning: "Who may launch, by their roles in the course. `\"staff\"` is whoever is an instructor or an administrator.",
            example: "roles = [\"instructor\", \"learner\"]",
            guide: "who-is-who",
            shown: true,
            ..key("roles")
        },
        Key {
            kind: Kind::Anything,
            meaning: concat!(
                "Fixed values for the tool: `tool.params` in the template, `params` in the upstream's assertion, where they have at most ",
                longest_params!(),
                " bytes."
            ),
            example: "params = { level = \"1\" }",
            ..key("params")
        },
        Key {
            kind: Kind::Text(shape::PATH),
            unwritten: Unwritten::Means("`/lti/<name>`, or `/` on a `host` of its own"),
            meaning: "Another launch path, as it stands in the URL.",
            example: "path = \"/quiz\"",
            guide: "where-a-tool-answers",
            shown: true,
            ..key("path")
        },
        Key {
            kind: Kind::Text(shape::HOST_NAME),
            unwritten: Unwritten::Means("the public URL's"),
            meaning: "A host for this tool alone, at whose root it answers. Teams that do not trust each other need one each.",
            example: "host = \"notebook.example.edu\"",
            guide: "a-host-for-a-tool",
            shown: true,
            ..key("host")
        },
        Key {
            kind: Kind::Text(shape::LENGTH_OF_TIME),
            unwritten: Unwritten::Means("the gateway's"),
            meaning: concat!(
                "How long a browser may use this tool's app, or reload its page: ",
                session_bounds!(),
                "."
            ),
            example: "session = \"8h\"",
            shown: true,
            ..key("session")
        },
        Key {
            kind: Kind::Texts(&Kind::Text(shape::FRAME_SOURCE), 1),
            unwritten: Unwritten::Texts(FRAME_ANCESTORS),
            meaning: "Which sites may show the tool in a frame.",
            example: "frame_ancestors = [\"https://courses.example.edu\"]",
            shown: true,
            ..key("frame_ancestors")
        },
        Key {
            kind: Kind::Word(&PREFIXES),
            unwritten: Unwritten::Text(PREFIX),
            meaning: "What stands before the app's own paths: `\"session\"` for a place of each person and resource link, `\"tool\"` for an app whose base path is fixed in its own settings.",
            example: "prefix = \"tool\"",
            guide: "prefix",
            shown: true,
            ..of_upstream("prefix")
        },
        Key {
            kind: Kind::Texts(&Kind::Word(&PERSONAL_FIELDS), 0),
            unwritten: Unwritten::Texts(IDENTITY),
            meaning: "Which personal fields reach the app; `[]` for none. The user id always does.",
            example: "identity = [\"name\", \"email\"]",
            shown: true,
            ..of_upstream("identity")
        },
        Key {
            kind: Kind::Named(
                shape::HEADER_NAME,
                &Kind::Either(&[Kind::Text(shape::HEADER_VALUE), Kind::Variable]),
                0,
            ),
            meaning: "Further request headers for the app. A value may be a secret.",
            example: "headers = { Authorization = { env = \"NOTEBOOK_AUTHORIZATION\" } }",
            guide: "headers",
            ..of_upstream("headers")
        },
        Key {
            kind: Kind::Text(shape::LENGTH_OF_TIME),
            unwritten: Unwritten::Text(TIMEOUT),
            meaning: concat!(
                "How long the app may be silent while it is waited for: ",
                timeout_bounds!(),
                ". Heroku's router waits for 30 seconds."
            ),
            example: "timeout = \"25s\"",
            shown: true,
            ..of_upstream("timeout")
        },
        Key {
            kind: Kind::Truth,
            unwritten: Unwritten::No,
            meaning: "Whether the app may send grades. With each request it gets a token, by which one learner's grade at one place can be set, read and cleared: leave it out for an app that runs its users' code.",
            example: "grades = true",
            shown: true,
            ..of_upstream("grades")
        },
    ],
};

/// One of `consumers`.
pub const CONSUMER: Keys = Keys {
    table: "consumers",
    meaning: "What one platform or course shares with the tool. A key counts for its own tool only.",
    choices: &[],
    all: &[CONSUMER_KEY, CONSUMER_SECRET, CONSUMER_METHODS],
};

/// What stands for text that the environment holds.
pub const VARIABLE: Keys = Keys {
    table: "{ env = \"NAME\" }",
    meaning: "An environment variable (a Heroku config var) that holds the text.",
    choices: &[],
    all: &[Key {
        kind: Kind::Text(shape::SOME_TEXT),
        unwritten: Unwritten::Refused,
        meaning: "The variable's name, in capitals, digits and `_`. One that is not set, or empty, is an error, except in development.",
        example: "{ env = \"HELLO_SECRET\" }",
        shown: true,
        ..key("env")
    }],
};

const CONSUMER_KEY: Key = Key {
    kind: Kind::Text(shape::SOME_TEXT),
    unwritten: Unwritten::Refused,
    meaning: "The consumer key that the platform sends.",
    example: "key = \"course-a\"",
    shown: true,
    ..key("key")
};

const CONSUMER_SECRET: Key = Key {
    kind: Kind::Either(&[
        Kind::Text(shape::SOME_TEXT),
        Kind::Variable,
        Kind::List(&Kind::Either(&[Kind::Text(shape::SOME_TEXT), Kind::Variable]), 1),
    ]),
    unwritten: Unwritten::Refused,
    meaning: "The secret that goes with the key. Of a list any verifies a launch.",
    example: "secret = { env = \"HELLO_SECRET\" }",
    guide: "rotate-a-secret-without-downtime",
    ..key("secret")
};

const CONSUMER_METHODS: Key = Key {
    kind: Kind::Texts(&Kind::Word(SIGNATURE_METHODS), 1),
    unwritten: Unwritten::Texts(SIGNATURE_METHODS),
    meaning: "What the platform may sign with.",
    example: "signature_methods = [\"HMAC-SHA256\"]",
    shown: true,
    ..key("signature_methods")
};

/// A key of which only the name is known.
const fn key(name: &'static str) -> Key {
    Key {
        name,
        kind: Kind::Anything,
        unwritten: Unwritten::Means("none"),
        needs: "",
        meaning: "",
        example: "",
        shown: false,
        guide: "",
    }
}

/// A key that concerns a web app.
const fn of_upstream(name: &'static str) -> Key {
    Key { needs: "upstream", ..key(name) }
}
