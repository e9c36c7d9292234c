//! Properties of every input: the reader does not panic, and no output contains a secret.

use lti_gateway::config::{Environment, print, read};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A valid file with every key, some of them in several spellings.
pub(super) const GOOD: &str = r#"# Tools of the course
[gateway]
public_url = "https://tools.example"     # what platforms launch
secret     = [{ env = "GATEWAY_SECRET" }, "a gateway secret of 32 characters"]
session    = "8h"
clock_skew = '5m'
state      = "./state"
outcome_hosts = ["*", "edx.internal"]
outcome_url_rewrite = { "http://lms.example" = "https://lms.example", "https://edx.example" = "http://edx.internal:8000" }

[platforms.moodle]
type        = "moodle"
url         = "https://moodle.example"
client_id   = ["7Yb2eQJm1kVw0sA", "second"]
algorithms  = "RS256"
deployments = ["1", "7"]

[platforms.acme]
issuer         = "https://lms.acme.example"
auth_url       = "https://lms.acme.example/auth?school=7"
token_url      = 'https://lms.acme.example/token'
jwks_url       = "https://lms.acme.example/jwks"
token_audience = "acme"
anonymous      = true
formerly       = "acme-key"

[[platforms.acme.clients]]
client_id = "tool-1"
token_url = "https://lms.acme.example/other"

[tools.acme]
key       = "acme-key"
secret    = { env = "HELLO_SECRET" }
platforms = ["acme", "moodle"]
template  = "hello"

[tools.hello]
title = "Übung \u00e4 👩‍🏫"
description = """
Two lines, and
[tools.none]"""
icon     = "/static/hello.svg"
key      = "hello-key"
secret   = { env = "HELLO_SECRET" }
template = "hello"
params   = { level = 3, day = 2026-07-31, weight = 1.5, on = true, nested = { a = ["b"] } }

[tools."quiz"]
path            = "/week-1/quiz"
template        = 'hello'
roles           = ["learner", "staff"]
session         = "2d"
frame_ancestors = [
  "https://lms.example",
  "'self'",
]
consumers = [
  { key = "course-a", secret = "hunter2 hunter2 hunter2", signature_methods = ["HMAC-SHA1"] },
  { key = "course-b", secret = [{ env = "HELLO_SECRET" }, '''hunter2 hunter2 hunter2'''] },
]

[tools.tables]
template = "hello"
secret.env = "HELLO_SECRET"
key = "tables-key"

[tools.notebook]
key      = "notebook-key"
secret   = { env = "HELLO_SECRET" }
host     = "notebook.example"
upstream = "http://127.0.0.1:9000/app"
prefix   = "tool"
identity = ["name", "email"]
headers  = { Authorization = { env = "HELLO_SECRET" }, X-Course = "hunter2" }
timeout  = "10s"
grades   = "course"
grade_lifetime = "120d"
line_item = { label = "Übung $1", points = 2.5 }
members  = ["staff", "teaching_assistant"]

[[tools.notebook.links]]
title  = "Woche 1"
description = "Sums, up to $10"
path   = "/week/1?x=2"
custom = { unit = "w1", person = "$Person.sourcedId" }
points = 10

[[tools.notebook.links]]
title = "Week 2"

[tools.lab]
key      = "lab-key"
secret   = { env = "HELLO_SECRET" }
upstream = "https://lab.example"
picker   = "/choose"

[tools.lab.headers]
Accept = "hunter2"
X-Lab.env = "HELLO_SECRET"

[tools.plots]
key         = "plots-key"
secret      = { env = "HELLO_SECRET" }
command     = ["sh", "plots.sh", "--token", "hunter2", "{port}"]
directory   = "apps"
environment = { MODE = "hunter2", TOKEN = { env = "HELLO_SECRET" } }
idle        = "30m"
upstream    = "/lti/plots"

[tools.plots-with-a-table]
key     = "table-key"
secret  = { env = "HELLO_SECRET" }
command = [
  "sh",
  "hunter2",
  "{port}",
]

[tools.plots-with-a-table.environment]
MODE = "hunter2"
TOKEN.env = "HELLO_SECRET"

[tools.book]
key    = "book-key"
secret = { env = "HELLO_SECRET" }
site   = "book"

[tools.several]
template = "hello"

[[tools.several.consumers]]
key = "several-key"
secret = "hunter2 hunter2 hunter2"
"#;

fn environment() -> Environment {
    [
        ("GATEWAY_SECRET", "hunter2 hunter2 hunter2 hunter2 hunter2"),
        ("HELLO_SECRET", "hunter2 hunter2 hunter2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The output for a file, in production and in development.
fn printed(bytes: &[u8]) -> String {
    let mut text = String::new();
    for development in [false, true] {
        let reading = read("tools.toml", bytes, &environment(), development);
        text += &print("tools.toml", &reading.problems);
    }
    text
}

/// One way to damage a text.
#[derive(Clone, Debug)]
enum Mutation {
    DeleteLine(Index),
    DoubleLine(Index),
    SwapLines(Index, Index),
    DeleteByte(Index),
    SwapBytes(Index, Index),
    SetByte(Index, u8),
    Insert(Index, String),
    CutAt(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Mutation::DeleteLine),
        at().prop_map(Mutation::DoubleLine),
        (at(), at()).prop_map(|(a, b)| Mutation::SwapLines(a, b)),
        at().prop_map(Mutation::DeleteByte),
        (at(), at()).prop_map(|(a, b)| Mutation::SwapBytes(a, b)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::SetByte(at, byte)),
        (at(), "[\\[\\]{}=\",'.#\\\\\n\r\t\u{feff} aé]{1,4}")
            .prop_map(|(at, text)| Mutation::Insert(at, text)),
        at().prop_map(Mutation::CutAt),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let mut lines: Vec<Vec<u8>> =
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    match mutation {
        Mutation::DeleteLine(at) => {
            lines.remove(at.index(lines.len()));
            *bytes = lines.concat();
        }
        Mutation::DoubleLine(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at].clone());
            *bytes = lines.concat();
        }
        Mutation::SwapLines(a, b) => {
            let length = lines.len();
            lines.swap(a.index(length), b.index(length));
            *bytes = lines.concat();
        }
        Mutation::DeleteByte(at) => {
            bytes.remove(at.index(bytes.len()));
        }
        Mutation::SwapBytes(a, b) => {
            let length = bytes.len();
            bytes.swap(a.index(length), b.index(length));
        }
        Mutation::SetByte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Mutation::Insert(at, text) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, text.bytes());
        }
        Mutation::CutAt(at) => bytes.truncate(at.index(bytes.len())),
    }
}

/// A recognizable secret of arbitrary characters.
fn secret() -> impl Strategy<Value = String> {
    "[A-Za-z0-9+/=:@#,.{}\\[\\] ü'\"\\\\-]{0,6}Zq7xvKw9[A-Za-z0-9+/=:@#,.{}\\[\\] ü'\"\\\\-]{0,6}"
}

/// The part of the secret that no output may contain.
const CORE: &str = "Zq7xvKw9";

/// Lines of a tool's table. `§` marks a place for a secret, be it the right place or not.
const LINES: [&str; 68] = [
    "links = [{ title = \"a\", custom = { token = \"§\" } }]",
    "links = [{ title = \"a\", secret = \"§\", custom = { \"b c\" = \"§\\n\" } }]",
    "line_item = { label = \"a\", secret = \"§\", points = 5 }",
    "grades = { key = \"§\" }",
    "[[tools.a.links]]\ncustom.token = \"§\"\npoints = §",
    "secret = \"§\"",
    "private_key = \"§\"",
    "private_key = { env = \"§\" }",
    "private_key = [{ env = \"HELLO_SECRET\" }, \"§\"]",
    "private_key = { evn = \"§\" }",
    "type = \"moodle\"\nurl = \"https://me:§@moodle.example\"",
    "issuer = \"https://me:§@lms.example\"",
    "auth_url = \"https://lms.example/auth?token=§\"",
    "token_url = \"https://me:§@lms.example/token\"",
    "jwks_url = \"http://me:§@lms.example/jwks\"",
    "clients = [{ client_id = \"a\", jwks_url = \"https://me:§@lms.example\", secret = \"§\" }]",
    "secret = '§'",
    "secret = \"\"\"§\"\"\"",
    "secret = \"\"\"\n§\n§\"\"\"",
    "secret = '''\n§'''",
    "secret = [\"§\", \"§\"]",
    "secret = [\n  \"§\", # §\n]",
    "secret = { env = \"HELLO_SECRET\", default = \"§\" }",
    "secret = { evn = \"§\" }",
    "secret = { env = \"§\" }",
    "secret = { env = [\"§\"] }",
    "secret = { value = { of = \"§\" } }",
    "secret = §",
    "secret = \"§",
    "secret = §\"",
    "secret = [§]",
    "secret =\n  §",
    "secret: \"§\"",
    "secret \"§\"",
    "secret",
    "secert = \"§\"",
    "PASSWORD = [{ key = \"§\" }]",
    "password = { key = \"§\", title = \"§\" }",
    "consumers = [{ key = \"a\", secret = \"§\" }, { key = \"b\", secret = § }]",
    "consumers = [{ key = \"a\", secret = \"§\", secret = \"§\" }, \
        { secert = \"§\" }, \"§\", [\"§\"]]",
    "consumers = [{ key = \"a\" secret = \"§\" }",
    "consumers = \"§\"",
    "params = { key = \"§\", env = \"§\", secret = \"§\" }",
    "params = \"§\"",
    "headers = { Authorization = \"Bearer §\" }",
    "headers = { Host = \"§\", title = \"§\\n\", X = { env = \"§\" } }",
    "headers = { X = { evn = \"§\" }, Y = [\"§\"] }",
    "headers = {\n  title = \"§,\n}",
    "headers = {\n  path = \"§\",\n  key = \"§\"\n",
    "headers = [\"§\"]",
    "headers = \"§\"",
    "headers.title = \"§\"",
    "[tools.a.headers]\ntitle = \"§\"\npath = \"§",
    "upstream = \"http://me:§@app.example\"",
    "upstream = \"http://app.example/?§\"",
    "header = { title = \"§\" }",
    "state = \"redis://:§@redis.example\"",
    "state = { env = \"§\" }",
    "state = { evn = \"§\" }",
    "outcome_hosts = [\"me:§@lms.example\"]",
    "\"http://lms.example\" = \"§\"",
    "outcome_url_rewrite = { \"http://lms.example\" = \"http://me:§@lms.example\" }",
    "outcome_url_rewrite = { \"http://me:§@lms.example\" = \"http://lms.example/?§\" }",
    "outcome_url_rewrite = { \"http://lms.example/?§\" = 5 }",
    "key = \"a\", secret = \"§\"",
    "template = \"absent\" # §",
    "its secret is §",
    "roles = 5 # §",
];

/// Invalid lines, so that problems show their surroundings.
const WRONG: [&str; 10] = [
    "roles = []",
    "colour = \"blue\"",
    "title = \"unclosed",
    "path = \"\"",
    "icon = \"x\"",
    "[tools.other]",
    "[tools.unclosed",
    "key = \"twice\"",
    "params = { a = 1",
    "description = \"\"\"",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_the_reader(text in any::<String>()) {
        printed(text.as_bytes());
    }

    #[test]
    fn no_bytes_panic_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        printed(&bytes);
    }

    #[test]
    fn no_toml_like_text_panics_the_reader(
        text in "([\\[\\]{}=\",'.# \n]|tools|gateway|platforms|type|url|clients|\
                 key|secret|env|ü|[0-9]){0,60}",
    ) {
        printed(text.as_bytes());
    }

    #[test]
    fn no_damaged_file_panics_the_reader_or_shows_a_secret(
        mutations in proptest::collection::vec(mutation(), 1..6),
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        for mutation in &mutations {
            mutate(&mut bytes, mutation);
        }
        let printed = printed(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(!printed.contains("hunter2"), "{}\n{}", text, printed);
    }

    #[test]
    fn no_secret_is_printed_wherever_the_file_contains_it(
        secret in secret(),
        lines in proptest::collection::vec(
            prop_oneof![2 => select(&LINES[..]), 1 => select(&WRONG[..])],
            1..8,
        ),
        top in select(vec![
            "[tools.a]",
            "[gateway]",
            "[tools.a.params]",
            "[gateway.outcome_url_rewrite]",
            "[[tools.a.consumers]]",
            "[[tools.a.links]]",
            "[platforms.a]",
            "[[platforms.a.clients]]",
            "[platform.a]",
            "[tool.a]",
            "",
        ]),
    ) {
        let text = format!("{top}\n{}\n", lines.join("\n")).replace('§', &secret);
        let printed = printed(text.as_bytes());
        prop_assert!(!printed.contains(CORE), "{}\n{}", text, printed);
    }
}

#[test]
fn the_undamaged_file_has_only_warnings_about_literal_and_shared_secrets() {
    let reading = read("tools.toml", GOOD.as_bytes(), &environment(), false);
    let printed = print("tools.toml", &reading.problems);
    assert_eq!(printed.lines().last(), Some("tools.toml: 6 warnings"), "{printed}");
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    for (open, close) in [("[", "]"), ("{ a = ", "}"), ("a.", "a"), ("[[", "]]"), ("\"", "\"")] {
        for depth in [100, 100_000] {
            printed(format!("a = {}{}", open.repeat(depth), close.repeat(depth)).as_bytes());
            printed(format!("{}a = 1", open.repeat(depth)).as_bytes());
            printed(format!("[{}a{}]\nb = 1", open.repeat(depth), close.repeat(depth)).as_bytes());
        }
    }
}
