//! Compares the schema with the reader.
//!
//! The schema accepts every file that the gateway accepts. It rejects every file that is invalid by
//! itself: with wrong keys, types, words, or combinations of keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use boon::{Compiler, SchemaIndex, Schemas};
use lti_gateway::config::key::{
    CLIENT, CONSUMER, FILE, GATEWAY, Key, KeyDefault, Keys, Kind, LINE_ITEM, LINK, PLATFORM, TOOL,
    VARIABLE,
};
use lti_gateway::config::{Config, Environment, Fault, Problem, Severity, read, schema};
use serde_json::{Value, json};

use super::fixtures::{fixtures, load_fixture};
use super::program::{folder, run};
use super::properties::GOOD;

const SHIPPED: &str = include_str!("../../../docs/tools.schema.json");

const TABLES: [Keys; 9] =
    [FILE, GATEWAY, TOOL, CONSUMER, LINK, LINE_ITEM, PLATFORM, CLIENT, VARIABLE];

/// A private key for a platform.
const PEM: &str = include_str!("../../../crates/lti/tests/keys/rsa_2048.pem");

/// The compiled schema.
struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new() -> Self {
        let schema: Value = serde_json::from_str(&schema()).expect("JSON");
        let mut compiler = Compiler::new();
        compiler.add_resource("tools.schema.json", schema).expect("a name");
        let mut schemas = Schemas::new();
        let index =
            compiler.compile("tools.schema.json", &mut schemas).expect("a schema of draft 7");
        Self { schemas, index }
    }

    /// Whether the schema accepts a file; `None` for a file that is not TOML.
    fn accepts(&self, bytes: &[u8]) -> Option<bool> {
        let text = std::str::from_utf8(bytes).ok()?;
        let table: toml::Table = text.strip_prefix('\u{feff}').unwrap_or(text).parse().ok()?;
        Some(self.schemas.validate(&json(toml::Value::Table(table)), self.index).is_ok())
    }
}

/// The JSON form of a TOML value.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(truth) => json!(truth),
        toml::Value::Datetime(time) => json!(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => {
            table.into_iter().map(|(key, value)| (key, json(value))).collect()
        }
    }
}

fn environment() -> Environment {
    let long = "hunter2 hunter2 hunter2 hunter2 hunter2";
    [("GATEWAY_SECRET", long), ("HELLO_SECRET", "hunter2 hunter2 hunter2"), ("MOODLE_PEM", PEM)]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

/// The configuration and the errors of a file.
fn reading(text: &str) -> (Config, Vec<Problem>) {
    let mut reading = read("tools.toml", text, &environment(), false);
    reading.problems.retain(|problem| problem.severity() == Severity::Error);
    (reading.config, reading.problems)
}

/// Keys and their values, as TOML.
type Settings = BTreeMap<&'static str, String>;

fn settings(settings: &[(&'static str, &str)]) -> Settings {
    settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect()
}

fn inline(settings: &Settings) -> String {
    let settings: Vec<_> = settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", settings.join(", "))
}

/// An otherwise valid file whose `table` has `key` with this value, or lacks it.
fn file_with(table: &Keys, key: &'static str, value: Option<&str>) -> String {
    let set = |mut settings: Settings| {
        match value {
            Some(value) => settings.insert(key, value.to_owned()),
            None => settings.remove(key),
        };
        settings
    };
    let consumer = settings(&[("key", "\"hello-key\""), ("secret", "{ env = \"HELLO_SECRET\" }")]);
    let upstream = settings(&[("upstream", "\"http://127.0.0.1:9000\"")]);
    let mut gateway = settings(&[
        ("public_url", "\"https://tools.example\""),
        ("secret", "{ env = \"GATEWAY_SECRET\" }"),
    ]);
    let mut tool = upstream.clone();
    tool.extend(consumer.clone());
    let client = settings(&[("client_id", "\"7Yb2eQJm1kVw0sA\"")]);
    let mut platform =
        settings(&[("type", "\"moodle\""), ("url", "\"https://moodle.example.edu\"")]);
    let command = settings(&[("command", "[\"true\", \"{port}\"]")]);
    match (table.table, key) {
        ("[gateway]", _) => gateway = set(gateway),
        ("[tools.<name>]", "template" | "command" | "site") => tool = set(consumer),
        ("[tools.<name>]", "directory" | "environment" | "idle") => {
            tool = consumer;
            tool.extend(command);
            tool = set(tool);
        }
        ("[tools.<name>]", "grade_lifetime" | "line_item") => {
            tool.insert("grades", "true".to_owned());
            tool = set(tool);
        }
        ("links", _) => {
            tool.insert("grades", "true".to_owned());
            let link = set(settings(&[("title", "\"Week 1\"")]));
            tool.insert("links", format!("[{}]", inline(&link)));
        }
        ("line_item", _) => {
            tool.insert("grades", "true".to_owned());
            let line_item = set(settings(&[("label", "\"Notebook\""), ("points", "10")]));
            tool.insert("line_item", inline(&line_item));
        }
        ("[tools.<name>]", "consumers") => tool = set(upstream),
        ("[tools.<name>]", _) => tool = set(tool),
        ("consumers", _) => {
            tool = upstream;
            tool.insert("consumers", format!("[{}]", inline(&set(consumer))));
        }
        ("[platforms.<name>]", "clients") => platform = set(platform),
        ("[platforms.<name>]", _) => {
            platform.extend(client);
            platform = set(platform);
        }
        ("clients", _) => drop(platform.insert("clients", format!("[{}]", inline(&set(client))))),
        ("{ env = \"NAME\" }", _) => drop(tool.insert("secret", inline(&set(Settings::new())))),
        _ => {}
    }
    let tools = format!("{{ hello = {} }}", inline(&tool));
    let platforms = format!("{{ moodle = {} }}", inline(&platform));
    let top =
        settings(&[("gateway", &inline(&gateway)), ("platforms", &platforms), ("tools", &tools)]);
    let top = if table.table == FILE.table { set(top) } else { top };
    top.iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
}

/// Every key of every table.
fn keys() -> Vec<(Keys, Key)> {
    TABLES.into_iter().flat_map(|table| table.all.iter().map(move |key| (table, *key))).collect()
}

#[test]
fn the_shipped_schema_is_the_output_of_the_schema_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = run(folder.path(), &["schema"], &[]);
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "the command needs no tools file");
    assert!(run.out == SHIPPED, "rewrite it: cargo run -- schema > docs/tools.schema.json");
}

#[test]
fn the_shipped_tools_file_names_the_schema_in_its_first_comment() {
    let shipped = include_str!("../../../tools.toml");
    let (comment, _) = shipped.split_once("\n\n").expect("an empty line after the comment");
    assert!(comment.starts_with("#:schema ./docs/tools.schema.json\n"), "{comment}");
    assert!(comment.lines().all(|line| line.starts_with('#')), "{comment}");
    assert_eq!(Validator::new().accepts(shipped.as_bytes()), Some(true));
    assert_eq!(Validator::new().accepts(GOOD.as_bytes()), Some(true));
}

#[test]
fn a_tool_that_new_adds_fits_the_schema_and_keeps_the_first_comment() {
    let shipped = include_str!("../../../tools.toml");
    let folder = folder(shipped);
    for arguments in [&["new", "quiz"][..], &["new", "app", "--upstream", "http://127.0.0.1:9000"]]
    {
        let run = run(folder.path(), arguments, &[]);
        assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{}", run.out);
    }
    let text = fs::read_to_string(folder.path().join("tools.toml")).expect("the file");
    assert!(
        text.starts_with(shipped) && text.contains("[tools.quiz]") && text.contains("[tools.app]"),
        "{text}"
    );
    assert_eq!(Validator::new().accepts(text.as_bytes()), Some(true), "{text}");
}

/// Invalid fixtures that are not TOML.
const NO_TOML: [&str; 27] = [
    "byte-order-mark-and-syntax",
    "carriage-returns",
    "duplicate-beside-syntax",
    "duplicate-table",
    "duplicate-toml-key",
    "everything-wrong",
    "full-width-syntax",
    "gateway-keys-below-a-tool",
    "header-syntax",
    "heading-missing-below-gateway",
    "heading-missing-between-tools",
    "heading-missing-between-tools-of-one-kind",
    "not-utf-8",
    "odd-characters-as-syntax",
    "syntax-above-a-table-of-its-tool",
    "syntax-below-a-text-with-a-heading",
    "syntax-contradiction",
    "syntax-heading",
    "syntax-in-several-tables",
    "syntax-in-the-gateway",
    "syntax-unclosed-array",
    "syntax-unclosed-string",
    "syntax-with-secrets",
    "tabs-umlauts-and-hidden-values",
    "utf-16",
    "variable-without-quotes",
    // It contains an integer of more than 64 bits.
    "wrong-type",
];

/// Invalid fixtures that a schema cannot reject, and why.
const UNSEEN: [(&str, &[&str]); 11] = [
    (
        "a schema does not know whether the file is for development",
        &["consumer-secret-short", "platforms-in-development"],
    ),
    (
        "a schema does not see the environment",
        &[
            "environment-empty",
            "environment-unknown",
            "environment-wrong",
            "gateway-secret-short",
            "comment-in-a-variable",
            "dev-host-on-heroku",
            "gateway-variables",
            "odd-characters-in-variables",
            "quotes-around-a-variable",
            "state-by-a-secret",
            "state-in-redis-by-a-variable",
            "upstream-is-the-gateway-in-development",
            "variable-not-utf-8",
            "variable-not-utf-8-in-development",
            "variable-not-utf-8-of-the-gateway",
            "variable-not-expanded",
            "variable-of-the-gateway",
        ],
    ),
    (
        "the key is optional in development, on Heroku or with a variable",
        &["gateway-missing", "gateway-secret-missing", "public-url-missing"],
    ),
    (
        "a schema does not see templates",
        &[
            "template-broken",
            "template-constructs",
            "template-fields",
            "template-folder-missing",
            "template-missing",
            "template-unreadable",
            "template-variable",
        ],
    ),
    ("a pattern does not compare numbers", &["duration-range", "public-url-port"]),
    (
        "a schema does not compare two values",
        &[
            "duplicate-consumer",
            "host-taken",
            "grades-off",
            "outcome-url-rewrite-to-a-host-that-is-not-named",
            "outcome-url-rewrite-to-an-address-that-is-not-public",
            "path-around-the-others",
            "upstream-is-the-gateway",
        ],
    ),
    ("a secret may be any string", &["variable-as-a-secret"]),
    ("a schema does not compare a tool with platforms", &["platforms-and-consumers"]),
    ("a schema does not compare platforms", &["platforms-formerly"]),
    ("a schema does not see folders", &["site-with-state"]),
    ("a schema does not limit the length of a table", &["params-long"]),
];

#[test]
fn the_schema_rejects_every_invalid_fixture_except_the_listed_ones() {
    let validator = Validator::new();
    let mut unseen: BTreeSet<&str> =
        UNSEEN.iter().flat_map(|(_, fixtures)| *fixtures).copied().collect();
    let mut no_toml = BTreeSet::from(NO_TOML);
    let mut wrong = Vec::new();
    for folder in fixtures() {
        let name = folder.file_name().expect("a name").to_string_lossy();
        let is_good =
            load_fixture(&folder).0.iter().all(|problem| problem.severity() == Severity::Warning);
        let expected = match (no_toml.remove(name.as_ref()), unseen.remove(name.as_ref())) {
            (false, false) => Some(is_good),
            (true, false) if !is_good => None,
            (false, true) if !is_good => Some(true),
            _ => panic!("{name} is listed twice, or is valid"),
        };
        let accepted = validator.accepts(&fs::read(folder.join("tools.toml")).expect("a file"));
        if accepted != expected {
            wrong.push(format!("{name}: accepted {accepted:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unseen.is_empty() && no_toml.is_empty(), "no fixtures: {unseen:?} {no_toml:?}");
}

#[test]
fn the_reader_asks_for_exactly_the_listed_keys() {
    for table in TABLES {
        let (_, problems) = reading(&file_with(&table, "stranger", Some("5")));
        let known: Vec<_> = problems
            .iter()
            .filter_map(|problem| match &problem.fault {
                Fault::UnknownKey { key, known, .. } if key == "stranger" => {
                    Some(known.iter().copied().collect::<BTreeSet<_>>())
                }
                _ => None,
            })
            .collect();
        let listed: BTreeSet<&str> = table.all.iter().map(|key| key.name).collect();
        assert_eq!(known, [listed], "{}", table.table);
    }
}

#[test]
fn every_example_is_valid() {
    let validator = Validator::new();
    for (table, key) in keys() {
        let Some((_, value)) = key.example.split_once(" = ") else { continue };
        let value = if table.table == VARIABLE.table { "\"HELLO_SECRET\"" } else { value };
        let text = file_with(&table, key.name, Some(value))
            .replace("COURSE_A_SECRET", "HELLO_SECRET")
            .replace("NOTEBOOK_AUTHORIZATION", "HELLO_SECRET")
            .replace("PLOTS_TOKEN", "HELLO_SECRET");
        let (_, problems) = reading(&text);
        assert!(problems.is_empty(), "{text}\n{problems:?}");
        assert_eq!(validator.accepts(text.as_bytes()), Some(true), "{text}");
    }
}

#[test]
fn writing_a_default_changes_nothing() {
    let mut seen = 0;
    for (table, key) in keys() {
        let default = match key.default {
            KeyDefault::String(text) => json!(text),
            KeyDefault::List(texts) => json!(texts),
            KeyDefault::False => json!(false),
            KeyDefault::Required | KeyDefault::Described(_) => continue,
        };
        let with = file_with(&table, key.name, Some(&default.to_string()));
        let without = file_with(&table, key.name, None);
        assert_ne!(with, without, "{}", key.name);
        let (with, without) = (reading(&with), reading(&without));
        assert_eq!(format!("{with:?}"), format!("{without:?}"), "{}", key.name);
        assert!(with.1.is_empty(), "{:?}", with.1);
        seen += 1;
    }
    assert!(seen > 8, "{seen} defaults");
}

#[test]
fn descriptions_and_problems_show_the_same_range_of_a_duration() {
    let mut seen = 0;
    for (table, key) in keys() {
        let (_, problems) = reading(&file_with(&table, key.name, Some("\"99999d\"")));
        for problem in problems {
            let Fault::DurationRange(bounds) = problem.fault else { continue };
            assert!(key.description.contains(bounds), "{}: {bounds}", key.description);
            seen += 1;
        }
    }
    assert_eq!(seen, 6, "durations");
}

/// Strings for every key, valid or not.
const TEXTS: [&str; 99] = [
    "course",
    "/week/1?x=2",
    "/week/1#x",
    "$User.id",
    "",
    " ",
    "\n",
    "a",
    "hello",
    "a b",
    " a",
    "ü",
    "hello\n",
    "a\tb",
    "@",
    "me:hunter2@lms.example",
    "HELLO_SECRET",
    "a gateway secret of 32 characters",
    "übung übung übung übung übung ü",
    "5",
    "8h",
    "1m",
    "90s",
    "2d",
    "0s",
    "8 hours",
    "+5m",
    "5M",
    "1.5h",
    "005m",
    "https://tools.example",
    "HTTPS://Our-Tools.Example/",
    "https://tools.example:8443",
    "https://tools.example:",
    "https://tools.example/lti",
    "https://tools.example?a",
    "https://tools.example#a",
    "https://me@tools.example",
    "https://tools_1.example",
    "https://",
    "http://tools.example",
    "HTTP://LocalHost:5000",
    "http://a.localhost/",
    "http://127.0.0.2:80",
    "http://[::1]:5000",
    "http://[::1]",
    "http://127.0.0.1.example",
    "ftp://tools.example",
    "http://127.0.0.1:9000/app/",
    "http://note_book:9000/a%2Fb;c=d/~e",
    "http://app/a\"b",
    "http://app//",
    "http://app/../a",
    "memory",
    "Memory",
    "./state",
    "state/",
    "/",
    "/var/lib/lti gateway",
    "./a:b/c",
    "C:/state",
    "~/state",
    "./state ",
    "redis://a.example",
    "://",
    "state",
    "*",
    "*.example",
    "*.example.",
    "**",
    "lms.*",
    "[::1]",
    "::1",
    "FD00:0::1",
    "127.0.0.1",
    "127.1",
    "lms.example:8443",
    "10.0.0.0/8",
    "edx_lms",
    "LMS.Example.edu.",
    "a..b",
    "-a",
    "notebook.example",
    "xn--bung-zra.example",
    "/quiz",
    "/a%2Fb/C%20d",
    "/a:b@c",
    "/x.y/..z",
    "/quiz/",
    "//quiz",
    "/a/~x",
    "/a;b",
    "/static/icon.svg",
    "https://*.lms.example:*",
    "'self'",
    "https:",
    "localhost:+80",
    "learner",
    "HMAC-SHA1",
];

/// Values for a key, valid or not.
fn values(kind: &Kind) -> Vec<String> {
    let mut values: Vec<String> = [
        "5",
        "-1.5",
        "2.5",
        "0",
        "1000001",
        "inf",
        "true",
        "false",
        "2026-07-31",
        "12:00:00",
        "[]",
        "{}",
        "[5]",
        "[[]]",
        "[{}]",
        "[true, \"learner\"]",
        r#"{ env = "HELLO_SECRET" }"#,
        r#"{ env = "GATEWAY_SECRET" }"#,
        r#"{ env = "MOODLE_PEM" }"#,
        r#"[{ env = "MOODLE_PEM" }, { env = "MOODLE_PEM" }]"#,
        r#"[{ client_id = "a" }, { client_id = "b", deployments = "1" }]"#,
        r#"[{ client_id = "a", url = "https://lms.example" }]"#,
        r#"[{ jwks_url = "https://lms.example/jwks" }]"#,
        r#"["moodle"]"#,
        r#"["moodle", "moodle"]"#,
        r#"["RS256", "ES384"]"#,
        r#"["RS256", "HS256"]"#,
        r#""moodle""#,
        r#"[{ env = "GATEWAY_SECRET" }, { env = "GATEWAY_SECRET" }]"#,
        r#"{ env = "GATEWAY_SECRET", default = "a" }"#,
        r#"{ evn = "A" }"#,
        r#"{ env = 5 }"#,
        r#"{ env = ["A"] }"#,
        r#"[[{ env = "HELLO_SECRET" }]]"#,
        r#"{ label = "Notebook", points = 10 }"#,
        r#"{ label = "Notebook", points = 10, title = "a" }"#,
        r#"{ label = "Notebook" }"#,
        r#"{ label = "", points = 1 }"#,
        r#"{ points = "10", label = "Notebook" }"#,
        r#"[{ title = "Week 1" }, { title = "Week 1", path = "/a?b", custom = { a = "b" } }]"#,
        r#"[{ title = "Week 1", points = 0 }]"#,
        r#"[{ title = "Week 1", custom = { a = 5 } }]"#,
        r#"[{ title = "Week 1", custom = { a-b = "c" } }]"#,
        r#"[{ title = "Week 1", custom = { a = "b\nc" } }]"#,
        r#"[{ title = "" }]"#,
        r#"[{ path = "/a" }]"#,
        r#"{ unit = "w1", u_2 = "$User.id" }"#,
        r#"{ a = 5 }"#,
        r#"{ a = { b = [2026-07-31] } }"#,
        r#"{ X-A = { env = "HELLO_SECRET" }, X-B = "b" }"#,
        r#"{ X-A = { evn = "A" } }"#,
        r#"[{ key = "a", secret = { env = "HELLO_SECRET" } }]"#,
        r#"[{ key = "a", secret = { env = "HELLO_SECRET" }, title = "a" }]"#,
        r#"[{ key = "a" }]"#,
        r#"[{ secret = "a" }]"#,
        r#"{ key = "a", secret = "a" }"#,
        r#"["name", "name", "email"]"#,
        r#"["learner", "staff", "learner"]"#,
        r#"["session"]"#,
        r#""tool""#,
        r#""session""#,
        r#""window""#,
        r#"["HMAC-SHA1", "HMAC-SHA256"]"#,
        r#"["PLAINTEXT"]"#,
        "{ hello = {} }",
        r#"{ public_url = "https://a.example", secret = { env = "GATEWAY_SECRET" } }"#,
        r#"{ sesion = "8h" }"#,
        r#"{ hello = { key = "a", secret = { env = "HELLO_SECRET" }, template = "a" } }"#,
        r#"{ "a b" = { key = "a", secret = { env = "HELLO_SECRET" }, template = "a" } }"#,
        r#"{ a = { key = "a", secret = { env = "HELLO_SECRET" }, template = "a", colour = "b" } }"#,
    ]
    .map(str::to_owned)
    .into();
    for text in TEXTS {
        let text = json!(text);
        values.push(text.to_string());
        match kind {
            Kind::List(..) | Kind::OneOrList(..) | Kind::AnyOf(_) => {
                values.push(format!("[{text}]"))
            }
            Kind::Map(..) => values.extend([
                format!("{{ X-A = {text} }}"),
                format!("{{ A_B = {text} }}"),
                format!("{{ {text} = \"http://a.example\" }}"),
                format!("{{ \"http://a.example\" = {text} }}"),
            ]),
            _ => {}
        }
    }
    values
}

/// Whether a schema must detect this fault.
fn is_detectable(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::UnknownKey { .. }
            | Fault::WrongType { .. }
            | Fault::WrongItem { .. }
            | Fault::NoTools
            | Fault::ToolName(_)
            | Fault::BothTargets(..)
            | Fault::NoTarget
            | Fault::WithoutEffect(..)
            | Fault::CommandString
            | Fault::EnvironmentName(_)
            | Fault::Prefix(_)
            | Fault::Open(_)
            | Fault::Identity(_)
            | Fault::HeaderName(_)
            | Fault::HeaderValue(..)
            | Fault::NoConsumer(_)
            | Fault::KeyAndConsumers(_)
            | Fault::Missing(_)
            | Fault::EmptyList(_)
            | Fault::EmptyText(_)
            | Fault::Duration(_)
            | Fault::Role(_)
            | Fault::SignatureMethod(_)
            | Fault::Icon
            | Fault::PlatformName(_)
            | Fault::PlatformKind(_)
            | Fault::ClientIdAndClients
            | Fault::UrlWithoutType
            | Fault::Algorithm(_)
            | Fault::GradesWord(_)
            | Fault::Points
            | Fault::LinksAndPicker
            | Fault::CustomName(_)
            | Fault::CustomValue(_)
    )
}

#[test]
fn the_schema_accepts_all_valid_values_and_no_detectably_invalid_ones() {
    let validator = Validator::new();
    let (mut accepted, mut rejected) = (0, 0);
    for (table, key) in keys() {
        let mut accepted_of_key = 0;
        for value in values(&key.kind) {
            let text = file_with(&table, key.name, Some(&value));
            let (_, problems) = reading(&text);
            match validator.accepts(text.as_bytes()) {
                Some(true) => {
                    let seen = problems.iter().find(|problem| is_detectable(&problem.fault));
                    assert!(seen.is_none(), "accepted by the schema:\n{text}\n{seen:?}");
                    accepted_of_key += usize::from(problems.is_empty());
                }
                Some(false) => {
                    assert!(!problems.is_empty(), "rejected by the schema:\n{text}");
                    rejected += 1;
                }
                None => panic!("no TOML: {text}"),
            }
        }
        assert!(accepted_of_key > 0, "no value is valid for `{}` of {}", key.name, table.table);
        accepted += accepted_of_key;
    }
    assert!(accepted > 1000 && rejected > 5000, "{accepted} {rejected}");
}

/// Compares schema and reader for each choice of these lines. Returns how many are valid.
fn sound_combinations(lines: &[&str]) -> usize {
    let validator = Validator::new();
    let mut sound = 0;
    for chosen in 0..1_usize << lines.len() {
        let chosen =
            lines.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, line)| *line);
        let chosen: Vec<_> = chosen.collect();
        let gateway = "[gateway]\npublic_url = \"https://tools.example\"\nsecret = { env = \"GATEWAY_SECRET\" }\n";
        let text = format!("{gateway}[tools.hello]\n{}\n", chosen.join("\n"));
        let is_sound = reading(&text).1.is_empty();
        assert_eq!(validator.accepts(text.as_bytes()), Some(is_sound), "{text}");
        sound += usize::from(is_sound);
    }
    sound
}

#[test]
fn the_schema_and_the_reader_accept_the_same_combinations_of_keys() {
    let sound = sound_combinations(&[
        "key = \"a\"",
        "secret = { env = \"HELLO_SECRET\" }",
        "signature_methods = [\"HMAC-SHA1\"]",
        "consumers = [{ key = \"b\", secret = { env = \"HELLO_SECRET\" } }]",
        "template = \"hello\"",
        "upstream = \"http://127.0.0.1:9000\"",
        "prefix = \"tool\"",
        "identity = []",
        "headers = { X-A = \"b\" }",
        "timeout = \"5s\"",
        "grades = false",
    ]);
    assert_eq!(
        sound,
        3 + 3 * 32,
        "a key or consumers, and a template or an upstream with its keys"
    );
}

#[test]
fn the_schema_and_the_reader_accept_the_same_combinations_of_services() {
    let sound = sound_combinations(&[
        "key = \"a\"\nsecret = { env = \"HELLO_SECRET\" }",
        "template = \"hello\"",
        "command = [\"true\"]",
        "grades = \"course\"",
        "grade_lifetime = \"120d\"",
        "line_item = { label = \"Notebook\", points = 2.5 }",
        "members = \"staff\"",
        "picker = \"/choose\"",
        "links = [{ title = \"Week 1\" }]",
    ]);
    // Grades with their two keys or none of them, `members`, and links, a picker or neither.
    assert_eq!(sound, 2 + 5 * 2 * 3, "a template with or without links, or a command");
}

#[test]
fn the_schema_and_the_reader_accept_the_same_combinations_of_targets() {
    let sound = sound_combinations(&[
        "key = \"a\"\nsecret = { env = \"HELLO_SECRET\" }",
        "template = \"hello\"",
        "command = [\"true\"]",
        "site = \"book\"",
        "directory = \"apps\"",
        "environment = { A = \"b\" }",
        "idle = \"30m\"",
        "downloads = true",
        "pass_host_header = true",
        "params = { a = \"b\" }",
    ]);
    assert_eq!(sound, 2 + 64 + 2, "a template, a command or a site, each with its keys");
}
